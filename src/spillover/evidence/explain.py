"""Answers to "what is this?" for everything that has a name.

Parameters, levers, structures, scenarios, stressors, policies, outcomes and facts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spillover.clock import BRANCH_DATE, week_index, week_start
from spillover.errors import UserError, nearest
from spillover.evidence.code_use import code_users
from spillover.evidence.coverage import load_register
from spillover.evidence.facts import load_facts
from spillover.evidence.tree import ParameterTree, load_tree, unknown_path
from spillover.evidence.units import in_unit, unit_words
from spillover.evidence.usage import (
    ConfigFile,
    changes_to,
    config_folder,
    fact_users,
    read_configs,
)
from spillover.evidence.wording import (
    bounds_words,
    change_words,
    dated_lines,
    fact_lines,
    facts_section,
    labelled,
    paragraph,
    plain,
    section,
    title,
    value_in_week,
)


@dataclass(frozen=True)
class _Library:
    """All that can be explained."""

    tree: ParameterTree
    configs: tuple[ConfigFile, ...]
    outcomes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def levers(self) -> tuple[str, ...]:
        paths = (path.split(".") for path in self.tree.paths())
        return tuple(dict.fromkeys(p[1] for p in paths if p[0] == "levers" and len(p) > 2))


def explain(
    subject: Any,
    *,
    tree: ParameterTree | None = None,
    configs: Path | None = None,
    outcomes: Mapping[str, Any] | None = None,
) -> str:
    """Text for a terminal of 100 columns about one thing of the model.

    Args:
        subject: a parameter path, a group of parameters, the name of a lever, structure, scenario,
            stressor, policy or outcome (``policy/<name>`` picks one kind), a fact id, a parsed
            scenario or policy file, or an object with the attributes of an outcome.
        tree: parameters (default: the package's own).
        configs: folder of scenario, stressor and policy files (default: the package's own).
        outcomes: outcomes by name, if outcomes are to be found by name.

    Raises:
        UserError: nothing has this name; the nearest names are given.
    """
    folder = configs if configs is not None else config_folder()
    library = _Library(tree or load_tree(), read_configs(folder), outcomes or {})
    if isinstance(subject, Mapping):
        kind = "Policy" if "recommendations" in subject else "Scenario"
        kind = "Structure" if _is_structure(subject) else kind
        return _join(_config(kind, subject, library))
    if not isinstance(subject, str):
        return _join(_outcome(subject))
    found = _find(subject, library)
    if not found:
        raise _unknown(subject, library)
    return "\n\n".join(_join(lines) for lines in found)


def _is_structure(content: Mapping[str, Any]) -> bool:
    """Whether a file changes which mechanisms hold, and so holds from the first week."""
    changes = content.get("changes") or ()
    return any(str(line.get("path")).startswith("structure.") for line in changes)


def _join(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _find(name: str, library: _Library) -> list[list[str]]:
    found = []
    if name in library.tree.entries:
        found.append(_parameter(name, library))
    kind, _, bare = name.rpartition("/")
    if bare.removeprefix("levers.") in library.levers and kind in ("", "lever"):
        bare = bare.removeprefix("levers.")
        found.append(_lever(bare, library))
    for config in library.configs:
        if bare == config.name and kind in ("", config.kind):
            found.append(_config(config.kind.capitalize(), config.content, library))
    if bare in library.outcomes and kind in ("", "outcome"):
        found.append(_outcome(library.outcomes[bare]))
    if name in load_facts():
        found.append(_fact(name, library))
    if not found and any(path.startswith(f"{name}.") for path in library.tree.paths()):
        found.append(_group(name, library))
    return found


def _unknown(name: str, library: _Library) -> UserError:
    bare = name.rpartition("/")[2]
    names = [*library.levers, *(c.name for c in library.configs), *library.outcomes]
    known = {*library.tree.paths(), *names}
    if bare == bare.upper():  # fact ids are written in capitals
        known = set(load_facts())
    return UserError(
        f"Nothing is called '{name}'.",
        where="explain",
        got=name,
        allowed=nearest(bare, known),
        next="Give a parameter path, the name of a lever, structure, scenario, stressor, policy or "
        "outcome, or a fact id; see `spillover explain --help`.",
    )


def _parameter(path: str, library: _Library) -> list[str]:
    entry = library.tree.entry(path)
    lines = [title(path), paragraph(entry.description), ""]
    lines.append(labelled("Unit", unit_words(entry.unit)))
    lines.append(labelled("Bounds", bounds_words(entry)))
    if entry.series is not None:
        lines.extend(_series_lines(path, library))
    for dated in entry.values:
        lines.extend(dated_lines(entry, dated))
    lines.extend(_read_by(path, library))
    lines.extend(_used_by([path], library))
    return [*lines, *facts_section(entry.all_sources())]


def _read_by(path: str, library: _Library) -> list[str]:
    groups = {known.split(".")[0] for known in library.tree.paths()}
    users = code_users(path, groups)
    lines = [paragraph(f"{file}: {', '.join(names)}", 2) for file, names in users.items()]
    return [section("Used by"), *(lines or ["  no function of the model"])]


def _series_lines(path: str, library: _Library) -> list[str]:
    entry, weekly = library.tree.entry(path), library.tree.series[path]
    low, high = plain(weekly.min()), plain(weekly.max())
    weeks = sorted({0, min(_branch_week(), len(weekly) - 1), len(weekly) - 1})
    lines = [
        labelled("Value", f"weekly series '{entry.series}' of data/drivers.csv, {low} to {high}")
    ]
    lines += [
        labelled("", f"{week_start(week)}: {value_in_week(library.tree, path, week)}")
        for week in weeks
    ]
    lines.append(labelled("Basis", entry.basis))
    if entry.derivation:
        lines.append(labelled("Derivation", entry.derivation))
    return lines


def _branch_week() -> int:
    return week_index(BRANCH_DATE)


def _used_by(paths: Iterable[str], library: _Library) -> list[str]:
    lines = []
    for path in paths:
        unit = library.tree.entry(path).unit
        for label, changes in changes_to(path, library.configs).items():
            words = "; ".join(change_words(change, unit) for change in changes)
            lines.append(paragraph(f"{label}: {words}", 2))
    if not lines:
        lines = ["  no file of configs/"]
    return [section("Changed by"), *lines]


def _group(name: str, library: _Library) -> list[str]:
    lines = [title(name), "A group of parameters:", ""]
    for path in library.tree.paths():
        if path.startswith(f"{name}."):
            lines += [f"  {path}", paragraph(library.tree.entry(path).description, 4)]
    return lines


def _lever(name: str, library: _Library) -> list[str]:
    tree = library.tree
    own = [path for path in tree.paths() if path.startswith(f"levers.{name}.")]
    target = f"levers.{name}.target"
    lines = [title(f"Lever: {name}")]
    if target in own:
        lines.append(paragraph(tree.entry(target).description))
    lines.append("")
    sources: list[str] = []
    for path in own:
        entry = tree.entry(path)
        sources.extend(entry.all_sources())
        value = value_in_week(tree, path, _branch_week())
        lines.append(f"  {path.rpartition('.')[2]}: {value}")
        if path != target:
            lines.append(paragraph(entry.description, 4))
        lines += [
            paragraph(f"{dated.basis}: {dated.derivation}", 4)
            for dated in entry.values
            if dated.derivation
        ]
    return [*lines, *_used_by([target] if target in own else own, library), *facts_section(sources)]


def _config(kind: str, content: Mapping[str, Any], library: _Library) -> list[str]:
    name = content.get("name", "")
    lines = [title(f"{kind} {name}: {content.get('title', '')}")]
    lines.append(paragraph(str(content.get("description", ""))))
    changes = content.get("changes") or ()
    first, since = _branch_week(), "the start date"
    if kind == "Structure":
        first, since = 0, f"{week_start(0)}, the first week of the model"
    lines.append(section(f"Changes ({len(changes)}); weeks count from {since}"))
    for line in changes:
        lines.extend(_change_lines(line, library.tree, f"{kind.lower()}/{name}", first))
    if not changes:
        lines.append("  none")
    recommendations = content.get("recommendations") or ()
    lines.extend(facts_section(recommendations, "Recommendations taken up"))
    pending = content.get("pending") or ()
    if pending:
        lines.append(section("Not in the model yet"))
    for line in pending:
        lines.append(paragraph(f"{line.get('line', '')} (needs {line.get('needs', '')})", 2))
        lines.append(paragraph(str(line.get("effect", "")), 4))
    cited = [*(content.get("sources") or ())]
    for line in (*changes, *pending):
        cited.extend(line.get("sources") or ())
    return [*lines, *facts_section(s for s in cited if s not in recommendations)]


def _change_lines(
    line: Mapping[str, Any], tree: ParameterTree, origin: str, week: int
) -> list[str]:
    """One change; ``week`` is that of the value it would have otherwise."""
    path = str(line.get("path"))
    if path not in tree.entries:
        raise unknown_path(path, tree.entries, origin=origin)
    entry = tree.entries[path]
    lines = [f"  {path}", paragraph(change_words(line, entry.unit), 4)]
    if entry.series is not None:
        week = min(week, len(tree.series[path]) - 1)
    now = value_in_week(tree, path, week)
    lines.append(paragraph(f"without it: {now} (baseline, {week_start(week)})", 4))
    lever = path.removesuffix(".target")
    if lever != path:
        lines.extend(_lever_terms(lever, tree))
    if line.get("note"):
        lines.append(paragraph(str(line["note"]), 4))
    return lines


def _lever_terms(lever: str, tree: ParameterTree) -> list[str]:
    words = [
        f"{what} {value_in_week(tree, f'{lever}.{what}', _branch_week())}"
        for what in ("cost", "delay")
        if f"{lever}.{what}" in tree.entries
    ]
    return [paragraph("; ".join(words), 4)] if words else []


def _outcome(outcome: Any) -> list[str]:
    lines = [title(f"Outcome {outcome.name}: {outcome.label}")]
    lines += [paragraph(outcome.description), ""]
    kinds = {
        "stock": "stock (an amount at the end of the period)",
        "flow": "flow (a sum over the period)",
    }
    lines.append(labelled("Unit", unit_words("1") if outcome.unit == "1" else outcome.unit))
    lines.append(labelled("Kind", kinds.get(outcome.kind, str(outcome.kind))))
    lines.append(labelled("Better", outcome.better or "neither direction is better in itself"))
    lines.append(labelled("Headline", "yes" if outcome.headline else "no"))
    lines.append(labelled("Resolution", plain(outcome.resolution)))
    return [*lines, *facts_section(outcome.sources)]


def _fact(name: str, library: _Library) -> list[str]:
    fact = load_facts()[name]
    lines = [title(f"Fact {name} ({fact.kind})"), *fact_lines(fact)[1:], ""]
    facts: Mapping[str, Callable[[], str] | str] = {
        "Subject": fact.subject,
        "Object": fact.object,
        "Period": fact.period,
        "Place": fact.place,
    }
    lines += [labelled(label, str(text)) for label, text in facts.items() if text]
    numbers = (fact.value, fact.value_low, fact.value_high)
    if any(number is not None for number in numbers):
        shown = (f"{plain(n)}" if n is not None else "-" for n in numbers)
        text = in_unit(" / ".join(shown), fact.unit)
        lines.append(labelled("Value", f"{text} (value / low / high)"))
    users = fact_users(library.tree, library.configs)[name]
    lines.append(section("Used by"))
    return [*lines, *([f"  {user}" for user in users] or [paragraph(_fate(name), 2)])]


def _fate(name: str) -> str:
    """Why nothing cites a fact."""
    register = load_register()
    spanned = {fact: note for fact, (_, note) in register.uncertainties.items()}
    known = {
        "Context only. ": register.context_only,
        "Not modelled. ": register.not_modelled,
        "": spanned,
    }
    for head, notes in known.items():
        if name in notes:
            return f"{head}{notes[name]}"
    return "No parameter, file or process cites it; docs/coverage.md says more."
