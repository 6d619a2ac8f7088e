"""What becomes of every fact: used, context only, or not modelled; and what turns each mechanism.

Users of a fact are found by themselves (usage.py). The file data/coverage.yaml holds what cannot be
found: why a fact is left out, which paths span a disagreement, and for every mechanism the
parameter that turns it together with the outcome that must then move (tests/cases).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from spillover.errors import UserError
from spillover.evidence.changes import Change
from spillover.evidence.facts import Fact, load_facts
from spillover.evidence.reading import DATA, check_mapping, read_yaml
from spillover.evidence.tree import ParameterTree
from spillover.evidence.usage import ConfigFile, fact_users

USED, CONTEXT, NOT_MODELLED, OPEN = "used", "context only", "not modelled", "open"
DIRECTIONS: Mapping[str, int] = {"up": 1, "down": -1, "change": 0}
_LEFT_OUT = ("background only", "context only")
"""What `suggested_use` says of a row that the register itself sets aside."""
_MEMBERS = re.compile(r"(?P<path>[a-z_.]+)(?:\[(?P<members>[^\]]+)\])?")


@dataclass(frozen=True)
class Setting:
    """A parameter held at a value from the first week on."""

    path: str
    value: float
    members: tuple[str, ...] | None
    """Of its axis; None means all."""

    def change(self) -> Change:
        """As a change of the tree."""
        return Change(self.path, "set", self.value, 0, members=self.members)

    def words(self) -> str:
        """Path, members and value."""
        members = f" of {', '.join(self.members)}" if self.members else ""
        return f"{self.path}{members} = {self.value:g}"


@dataclass(frozen=True)
class Shown:
    """The outcome in which a mechanism must show."""

    outcome: str
    state: str | None
    direction: str
    """One of DIRECTIONS."""

    def words(self) -> str:
        """Outcome, state and direction."""
        where = f" of {self.state}" if self.state else ""
        moves = "changes" if self.direction == "change" else f"goes {self.direction}"
        return f"`{self.outcome}`{where} {moves}"


@dataclass(frozen=True)
class Ablation:
    """One pair of runs: what is moved, what holds in both, and what must show by mechanism."""

    move: Setting
    given: tuple[Setting, ...]
    shows: Mapping[str, Shown]


@dataclass(frozen=True)
class Register:
    """Content of data/coverage.yaml."""

    context_only: Mapping[str, str]
    not_modelled: Mapping[str, str]
    uncertainties: Mapping[str, tuple[tuple[str, ...], str]]
    """Paths that span the disagreement, and a sentence."""
    ablations: tuple[Ablation, ...]

    def ablation(self, fact: str) -> Ablation | None:
        """The pair of runs of a mechanism."""
        return next((pair for pair in self.ablations if fact in pair.shows), None)


@dataclass(frozen=True)
class Row:
    """What becomes of one fact."""

    fact: Fact
    status: str
    """USED, CONTEXT, NOT_MODELLED or OPEN."""
    users: tuple[str, ...]
    """Parameter paths, config labels, process and data files, `outcome/<name>`."""
    note: str
    """Why it is left out, or what spans it."""


@cache
def load_register(path: Path = DATA / "coverage.yaml") -> Register:
    """Read the register.

    Raises:
        UserError: an entry is not as it should be, or a fact is unknown or given twice.
    """
    content = check_mapping(read_yaml(path), where=str(path))
    where = str(path)
    texts = {
        key: {str(k): str(v) for k, v in check_mapping(content[key], where=where).items()}
        for key in ("context_only", "not_modelled")
    }
    spans = {
        str(fact): (tuple(entry["paths"]), str(entry["note"]))
        for fact, entry in check_mapping(content["uncertainties"], where=where).items()
    }
    pairs = tuple(_ablation(entry, where) for entry in content["mechanisms"])
    register = Register(texts["context_only"], texts["not_modelled"], spans, pairs)
    _check(register, where)
    return register


def _ablation(entry: Mapping[str, Any], where: str) -> Ablation:
    moved = _settings(entry.get("move", {}), where)
    if len(moved) != 1:
        raise UserError("One parameter is moved at a time.", where=where, got=repr(entry))
    shows = {str(fact): _shown(str(text), where) for fact, text in entry["shows"].items()}
    return Ablation(moved[0], _settings(entry.get("given", {}), where), shows)


def _settings(values: Mapping[str, Any], where: str) -> tuple[Setting, ...]:
    settings = []
    for text, value in values.items():
        match = _MEMBERS.fullmatch(str(text))
        if match is None:
            raise UserError("A path, or path[members], is expected.", where=where, got=str(text))
        members = match["members"]
        settings.append(
            Setting(match["path"], float(value), tuple(members.split()) if members else None)
        )
    return tuple(settings)


def _shown(text: str, where: str) -> Shown:
    words = text.split()
    if len(words) not in (2, 3) or words[-1] not in DIRECTIONS:
        raise UserError(
            "An outcome, if need be a state, and a direction are expected.",
            where=where,
            got=text,
            allowed=", ".join(DIRECTIONS),
        )
    return Shown(words[0], words[1] if words[2:] else None, words[-1])


def _check(register: Register, where: str) -> None:
    named = [
        *register.context_only,
        *register.not_modelled,
        *register.uncertainties,
        *(fact for pair in register.ablations for fact in pair.shows),
    ]
    known = load_facts()
    for fact in named:
        if fact not in known:
            raise UserError("The fact is not known.", where=where, got=fact)
        if named.count(fact) > 1:
            raise UserError("A fact has one place in the file.", where=where, got=fact)


def coverage(
    tree: ParameterTree,
    configs: Iterable[ConfigFile],
    outcomes: Mapping[str, Iterable[str]],
    register: Register | None = None,
) -> tuple[Row, ...]:
    """What becomes of every fact, in the order of the facts.

    Args:
        tree: the parameters.
        configs: structure, scenario, stressor and policy files.
        outcomes: sources of every outcome by its name.
        register: content of data/coverage.yaml (default: the package's own).
    """
    register = register or load_register()
    users = fact_users(tree, configs)
    for name, sources in outcomes.items():
        for fact in sources:
            if fact in users:
                users[fact].append(f"outcome/{name}")
    return tuple(
        _row(fact, tuple(dict.fromkeys(users[fact.id])), register) for fact in load_facts().values()
    )


def _row(fact: Fact, users: tuple[str, ...], register: Register) -> Row:
    if fact.id in register.not_modelled:
        return Row(fact, NOT_MODELLED, users, register.not_modelled[fact.id])
    if fact.id in register.context_only:
        return Row(fact, CONTEXT, users, register.context_only[fact.id])
    if fact.id in register.uncertainties:
        paths, note = register.uncertainties[fact.id]
        return Row(fact, USED, tuple(dict.fromkeys((*users, *paths))), note)
    pair = register.ablation(fact.id)
    if pair is not None:
        users = tuple(dict.fromkeys((pair.move.path, *users)))
    if users:
        return Row(fact, USED, users, "")
    if any(text in fact.suggested_use for text in _LEFT_OUT):
        return Row(fact, CONTEXT, (), "The register of facts sets it aside as background.")
    return Row(fact, OPEN, (), "")
