"""Who uses what: config files by parameter, and users of each fact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spillover.evidence.facts import load_facts
from spillover.evidence.reading import PACKAGE, check_mapping, read_yaml
from spillover.evidence.tree import ParameterTree

CONFIG_KINDS = ("structure", "scenario", "stressor", "policy")
_FACT_ID = re.compile(r"\b(?:A|REL|I|ST|Q|E|C|M|S|R|U)-[A-Z0-9]+(?:-[A-Z0-9]+)*\b")
_NOT_USERS = ("facts.csv", "drivers.csv", "coverage.yaml")
"""The register itself, a table made from the rules, and the list of what nothing else cites."""


@dataclass(frozen=True)
class ConfigFile:
    """One structure, scenario, stressor or policy file."""

    kind: str
    """One of CONFIG_KINDS."""
    name: str
    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Kind and name, as the documentation cites it."""
        return f"{self.kind}/{self.name}"

    def changes(self) -> list[Mapping[str, Any]]:
        """The lines that change a parameter."""
        return list(self.content.get("changes") or ())

    def cited(self) -> tuple[str, ...]:
        """Every id cited anywhere in the file, in order, once each."""
        ids = [*(self.content.get("sources") or ()), *(self.content.get("recommendations") or ())]
        for key in ("changes", "pending"):
            for line in self.content.get(key) or ():
                ids.extend(line.get("sources") or ())
        return tuple(dict.fromkeys(ids))


def config_folder() -> Path | None:
    """The packaged configs: inside the package or at the top of a checkout; None if neither."""
    for folder in (PACKAGE / "configs", PACKAGE.parents[1] / "configs"):
        if folder.is_dir():
            return folder
    return None


def read_configs(folder: Path | None) -> tuple[ConfigFile, ...]:
    """All structure, scenario, stressor and policy files of a folder, by kind and name.

    Raises:
        UserError: a file is not valid YAML or holds no mapping.
    """
    if folder is None:
        return ()
    return tuple(
        ConfigFile(kind, file.stem, check_mapping(read_yaml(file), where=str(file)))
        for kind in CONFIG_KINDS
        for file in sorted((folder / kind).glob("*.yaml"))
    )


def changes_to(path: str, configs: Iterable[ConfigFile]) -> dict[str, list[Mapping[str, Any]]]:
    """Lines that change a path, by label of their file."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for config in configs:
        for line in config.changes():
            if line.get("path") == path:
                found.setdefault(config.label, []).append(line)
    return found


def fact_users(tree: ParameterTree, configs: Iterable[ConfigFile]) -> dict[str, list[str]]:
    """Users of every fact: parameter paths, config labels, and files of the package by name."""
    users: dict[str, list[str]] = {fact: [] for fact in load_facts()}
    for path in tree.paths():
        _note(users, tree.entry(path).all_sources(), path)
    for config in configs:
        _note(users, config.cited(), config.label)
    for file in _citing_files():
        cited = dict.fromkeys(_FACT_ID.findall(file.read_text(encoding="utf-8")))
        _note(users, cited, f"{file.parent.name}/{file.name}")
    return users


def _note(users: dict[str, list[str]], ids: Iterable[str], user: str) -> None:
    for cited in ids:
        if cited in users:
            users[cited].append(user)


def _citing_files() -> list[Path]:
    data = [
        file
        for pattern in ("*.csv", "*.yaml")
        for file in (PACKAGE / "data").glob(pattern)
        if file.name not in _NOT_USERS
    ]
    code = [file for folder in ("processes", "world") for file in (PACKAGE / folder).glob("*.py")]
    return sorted([*data, *code])
