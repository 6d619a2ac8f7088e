"""The generated blocks of docs/scenarios.md: what each scenario and policy file says, as tables.

A block stands between `<!-- generated: NAME -->` and `<!-- end -->`; the prose around it is
written by hand. NAME is one of `summary of`, `changes of` or `pending of` followed by
`scenario/<name>`, or `stressors`, `changes of stressors`, `pending of stressors`, `policies`,
`pending of policies`, `levers`, `structures`. The references `stressor/none` and
`structure/documented` have no row.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from spillover.axes import LEVERS
from spillover.errors import UserError, nearest
from spillover.evidence.entries import Entry
from spillover.evidence.tables import markdown_table
from spillover.evidence.tree import ParameterTree
from spillover.evidence.usage import ConfigFile
from spillover.evidence.wording import plain

PAGE = "scenarios.md"
_BLOCK = re.compile(r"(<!-- generated: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_MINUS, _TIMES = "\u2212", "\u00d7"
_NONE = "none"
_CHANGE_HEADER = ["What", "Change", "When", "Members", "Note", "Sources"]
_LEVER_PATH = re.compile(r"levers\.(\w+)\.target")


def fill(page: str, tree: ParameterTree, configs: Iterable[ConfigFile]) -> str:
    """The page with the content of every generated block exchanged.

    Raises:
        UserError: a block has an unknown name, or a scenario, the policies or the levers have no
            block.
    """
    contents = blocks(tree, tuple(configs))
    named = [match.group(2) for match in _BLOCK.finditer(page)]
    for name in named:
        if name not in contents:
            raise UserError(
                "A generated block has a name that nothing fills.",
                where=f"docs/{PAGE}",
                got=name,
                allowed=nearest(name, contents),
            )
    missing = [name for name in contents if name not in named]
    if missing:
        raise UserError(
            "The page lacks generated blocks.",
            where=f"docs/{PAGE}",
            allowed=", ".join(missing),
            next=f"Add the lines `<!-- generated: {missing[0]} -->` and `<!-- end -->`.",
        )
    return _BLOCK.sub(lambda m: f"{m[1]}\n{contents[m[2]]}\n\n{m[4]}", page)


def blocks(tree: ParameterTree, configs: tuple[ConfigFile, ...]) -> dict[str, str]:
    """Content of every block by its name."""
    policies = [config for config in configs if config.kind == "policy"]
    # The reference comes first.
    policies.sort(key=lambda config: config.name != "status_quo")
    found = {}
    for config in configs:
        if config.kind == "scenario":
            found[f"summary of {config.label}"] = _summary(config)
            found[f"changes of {config.label}"] = _lines(_changes(config, tree))
            found[f"pending of {config.label}"] = _lines(_pending([config]))
    stressors = [c for c in configs if c.kind == "stressor" and c.name != _NONE]
    if stressors:
        found["stressors"] = _lines(_stressors(stressors))
        found["changes of stressors"] = _lines(_stressor_changes(stressors, tree))
        found["pending of stressors"] = _lines(_pending(stressors, users="Stressors"))
    structures = [c for c in configs if c.kind == "structure" and c.changes()]
    if structures:
        found["structures"] = _lines(_structures(structures))
    found["policies"] = _lines(_policies(policies))
    found["pending of policies"] = _lines(_pending(policies, users="Policies"))
    found["levers"] = _lines(_levers(tree))
    return found


def _lines(lines: list[str]) -> str:
    return "\n".join(lines)


def _summary(config: ConfigFile) -> str:
    description = " ".join(str(config.content.get("description", "")).split())
    parts = (description, f"Sources: {_ids(config.content)}.")
    return "\n\n".join(textwrap.fill(p, 100, break_on_hyphens=False) for p in parts)


def _ids(line: Mapping[str, Any], key: str = "sources") -> str:
    return ", ".join(line.get(key) or ()) or _NONE


def _changes(config: ConfigFile, tree: ParameterTree) -> list[str]:
    rows = [_change(line, tree.entry(line["path"])) for line in config.changes()]
    if not rows:
        return ["No line changes anything."]
    return markdown_table(_CHANGE_HEADER, rows)


def _stressors(stressors: Iterable[ConfigFile]) -> list[str]:
    rows = [
        [
            f"{stressor.content.get('title', stressor.name)} `{stressor.name}`",
            " ".join(str(stressor.content.get("description", "")).split()),
            _ids(stressor.content),
        ]
        for stressor in stressors
    ]
    return markdown_table(["Stressor", "What happens", "Sources"], rows)


def _structures(structures: Iterable[ConfigFile]) -> list[str]:
    rows = [
        [
            f"{structure.content.get('title', structure.name)} `{structure.name}`",
            " ".join(str(structure.content.get("description", "")).split()),
            "; ".join(
                f"`{line['path']}` {plain(float(line['set']))}" for line in structure.changes()
            ),
            _ids(structure.content),
        ]
        for structure in structures
    ]
    return markdown_table(["Structure", "What it says", "Sets", "Sources"], rows)


def _stressor_changes(stressors: Iterable[ConfigFile], tree: ParameterTree) -> list[str]:
    rows = [
        [f"`{stressor.name}`", *_change(line, tree.entry(line["path"]))]
        for stressor in stressors
        for line in stressor.changes()
    ]
    return markdown_table(["Stressor", *_CHANGE_HEADER], rows)


def _change(line: Mapping[str, Any], entry: Entry) -> list[str]:
    what = entry.description.rstrip(".").replace("; scenario handle)", ")")
    what = what.replace(" (scenario handle)", "")
    members = " ".join(line.get("members") or ()) or ("all" if entry.axis else "")
    note = " ".join(str(line.get("note") or "").split())
    cells = [f"{what}: `{entry.path}`", _amount(line, entry.unit), _when(line)]
    return [*cells, members, note, _ids(line)]


def _amount(line: Mapping[str, Any], unit: str) -> str:
    operation = next(op for op in ("set", "scale", "add") if line.get(op) is not None)
    value = float(line[operation])
    words = plain(abs(value))
    unit = "" if unit in ("1", "level") else f" {unit}"
    if operation == "scale":
        return f"{_TIMES}{words}"
    if operation == "add":
        return f"{_MINUS if value < 0 else '+'}{words}{unit}"
    return f"set to {_MINUS if value < 0 else ''}{words}{unit}"


def _when(line: Mapping[str, Any]) -> str:
    start = int(line.get("from_week") or 0)
    words = f"w{start}"
    if ramp := int(line.get("ramp_weeks") or 0):
        words += f", in full by w{start + ramp}"
    if line.get("until_week") is not None:
        words += f", to w{line['until_week']}"
    return words


def _pending(configs: Iterable[ConfigFile], users: str | None = None) -> list[str]:
    """Rows of pending lines; ``users`` heads a further column with the names of their files."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for config in configs:
        for line in config.content.get("pending") or ():
            effect = " ".join(str(line["effect"]).split())
            rows.setdefault((line["line"], line["needs"], effect, _ids(line)), []).append(
                config.name
            )
    if not rows:
        return ["Nothing is pending."]
    header = ["Line", "Waits for", "What is missing until then", "Sources"]
    if users is None:
        return markdown_table(header, [list(row) for row in rows])
    table = [[*row, ", ".join(f"`{name}`" for name in names)] for row, names in rows.items()]
    return markdown_table([*header, users], table)


def _policies(policies: Iterable[ConfigFile]) -> list[str]:
    rows = [
        [
            f"{policy.content.get('title', policy.name)} `{policy.name}`",
            "; ".join(_order(line) for line in policy.changes()) or _no_order(policy),
            _ids(policy.content, "recommendations"),
        ]
        for policy in policies
    ]
    return markdown_table(["Policy", "Orders", "Recommendations"], rows)


def _no_order(policy: ConfigFile) -> str:
    return "none; all of it waits" if policy.content.get("pending") else _NONE


def _order(line: Mapping[str, Any]) -> str:
    lever = _LEVER_PATH.fullmatch(str(line["path"]))
    what = f"{lever.group(1)} {plain(float(line['set']))}" if lever else str(line["path"])
    members = " ".join(line.get("members") or ())
    return f"{what} ({_when(line)}{', ' if members else ''}{members})"


def _levers(tree: ParameterTree) -> list[str]:
    known = set(tree.paths())
    rows = []
    for name in (name for name in LEVERS if f"levers.{name}.target" in known):
        levels = tree.entry(f"levers.{name}.target").description.removeprefix("Ordered level of ")
        needs = [
            f"{label} {_range(entry)}"
            for label, key in (
                ("engagement with Kabul", "precondition_engagement"),
                ("mean trust among the five", "precondition_trust"),
            )
            if (entry := tree.entry(f"levers.{name}.{key}")).at(0).members[0] > 0
        ]
        cost, delay = (_range(tree.entry(f"levers.{name}.{key}")) for key in ("cost", "delay"))
        text = levels[0].upper() + levels[1:].rstrip(".")
        rows.append([f"`{name}`", text, cost, delay, "; ".join(needs) or _NONE])
    return markdown_table(["Lever", "Levels", "Cost", "Delay (weeks)", "Needs at least"], rows)


def _range(entry: Entry) -> str:
    dated = entry.at(0)
    words = plain(dated.members[0])
    if dated.prior is None or dated.prior.is_fixed:
        return words
    low, high = dated.prior.support()
    return f"{words} ({plain(low)} to {plain(high)})"
