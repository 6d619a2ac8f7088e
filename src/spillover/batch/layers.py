"""From the lines of structure, scenario, stressor and policy files to dated changes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from spillover.errors import UserError, nearest
from spillover.evidence.changes import Change

OPERATIONS = ("set", "scale", "add")
STRUCTURE_PATHS = "structure."
_LINE_KEYS = frozenset(
    {"path", *OPERATIONS, "from_week", "ramp_weeks", "until_week", "members"}
    | {"basis", "sources", "note"}
)
_FILE_KEYS = frozenset(
    {"name", "title", "description", "sources", "changes", "pending", "recommendations", "origin"}
)
_NUMBER_AND_UNIT = re.compile(r"\s*([-+]?[0-9.][0-9.eE+-]*)\s+(\S.*?)\s*")


def layer_changes(
    contents: Sequence[Mapping[str, Any]], layer: str, start_week: int
) -> tuple[Change, ...]:
    """Changes of one layer, weeks counted from ``start_week``.

    Args:
        contents: parsed files, each with its ``origin``.
        layer: structure, scenario, stressor or policy.
        start_week: week index to which ``from_week: 0`` refers.

    Raises:
        UserError: a line has an unknown key, no path, not exactly one operation, or a value
            that is not a number.
    """
    changes = []
    for content in contents:
        origin = str(content["origin"])
        _refuse_unknown(content, _FILE_KEYS, origin)
        for position, line in enumerate(_lines(content, origin), start=1):
            where = f"{origin}, change {position}"
            changes.append(_change(line, layer, start_week, origin, where))
    return tuple(changes)


def _lines(content: Mapping[str, Any], origin: str) -> list[Mapping[str, Any]]:
    lines = content.get("changes") or []
    if not isinstance(lines, list) or not all(isinstance(line, Mapping) for line in lines):
        raise UserError(
            "'changes' is a list of changes, each with its path and operation.",
            where=origin,
            got=lines,
            allowed="- {path: border.posture, set: 2}",
        )
    return lines


def _change(
    line: Mapping[str, Any], layer: str, start_week: int, origin: str, where: str
) -> Change:
    _refuse_unknown(line, _LINE_KEYS, where)
    _refuse_foreign(line, layer, where)
    operations = [op for op in OPERATIONS if line.get(op) is not None]
    if len(operations) != 1 or not line.get("path"):
        raise UserError(
            "A change needs one path and one operation.",
            where=where,
            got=", ".join(f"{key}: {value}" for key, value in line.items()),
            allowed="path and exactly one of set, scale, add",
        )
    (operation,) = operations
    until = line.get("until_week")
    return Change(
        path=str(line["path"]),
        op=operation,
        value=number(
            line[operation],
            where=f"{where}, {operation}",
            next_step=f"Write a number after {operation}:, for example {operation}: 2.",
        ),
        start_week=start_week + _weeks(line, "from_week", where),
        ramp_weeks=_weeks(line, "ramp_weeks", where),
        end_week=None if until is None else start_week + _weeks(line, "until_week", where),
        members=_members(line.get("members"), where),
        layer=layer,
        origin=origin,
        sources=tuple(line.get("sources") or ()),
        basis=str(line.get("basis") or "assumed"),
        note=str(line.get("note") or ""),
    )


def _refuse_foreign(line: Mapping[str, Any], layer: str, where: str) -> None:
    """A structure changes which mechanisms hold, and only a structure (or a user) does."""
    path = str(line.get("path") or "")
    if not path or path.startswith(STRUCTURE_PATHS) == (layer == "structure"):
        return
    is_structure = layer == "structure"
    raise UserError(
        f"A {layer} file cannot change this parameter.",
        where=where,
        got=path,
        allowed=f"paths that {'' if is_structure else 'do not '}begin with {STRUCTURE_PATHS}",
        next="Put it into a file of configs/scenario, stressor or policy."
        if is_structure
        else "Put it into a file of configs/structure, or give set.PATH=VALUE.",
    )


def _members(members: Any, where: str) -> tuple[str, ...] | None:
    if members is None:
        return None
    if not isinstance(members, list):
        raise UserError(
            "'members' is a list.",
            where=where,
            got=members,
            allowed=f"[{members}], or null for all",
        )
    return tuple(str(member) for member in members)


def user_changes(values: Mapping[str, Any], tree: Any) -> tuple[Change, ...]:
    """Changes from ``set.<path>=<value>``: in force in every week, after all other layers.

    The last part of a path may be a member of the parameter's axis. A value may carry its unit
    ('0.1 1/week'), which must then be the unit of the parameter.

    Raises:
        UserError: unknown path, a value that is not a number, or another unit.
    """
    known = frozenset(tree.paths())
    changes = []
    for key in sorted(values):
        where = f"set.{key}"
        path, members = _split_member(key, known)
        if path not in known:
            raise UserError(
                f"There is no parameter '{key}'.",
                where=where,
                got=key,
                allowed=nearest(key, known),
                next="`spillover explain PATH` shows a parameter; docs/parameters.md lists all.",
            )
        value = _value_in_unit(values[key], tree.entry(path), where)
        changes.append(Change(path, "set", value, 0, members=members, layer="user", origin=where))
    return tuple(changes)


def _split_member(key: str, known: frozenset[str]) -> tuple[str, tuple[str, ...] | None]:
    if key in known:
        return key, None
    path, _, member = key.rpartition(".")
    return (path, (member,)) if path in known else (key, None)


def _value_in_unit(value: Any, entry: Any, where: str) -> float:
    unit = entry.unit
    match = _NUMBER_AND_UNIT.fullmatch(value) if isinstance(value, str) else None
    allowed = f"a number {_range(entry.bounds)}" + ("" if unit == "1" else f" [{unit}]")
    help_text = f"Write {where}=NUMBER; `spillover explain {entry.path}` tells what it means."
    if match is None:
        return number(value, where=where, allowed=allowed, next_step=help_text)
    if match[2] != unit:
        raise UserError(
            f"The unit '{match[2]}' is not the unit of this parameter.",
            where=where,
            got=value,
            allowed=unit,
            next=f"Convert the number to {unit}, or leave the unit out.",
        )
    return number(match[1], where=where, allowed=allowed, next_step=help_text)


def _range(bounds: tuple[float, float]) -> str:
    """Bounds in words; an infinite one is an open end."""
    low, high = bounds
    if math.isinf(low):
        return "of any size" if math.isinf(high) else f"up to {high:g}"
    return f"from {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"


def number(
    value: Any, *, where: str, next_step: str, allowed: str = "a number such as 0.1 or 2e-3"
) -> float:
    """A finite number.

    Raises:
        UserError: the value is text, true or false, empty or not finite.
    """
    try:
        result = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        result = float("nan")
    if result - result != 0:  # neither infinite nor undefined
        raise UserError(
            "A number is needed here.",
            where=where,
            got=value,
            allowed=allowed,
            next=next_step,
        )
    return result


def _weeks(line: Mapping[str, Any], key: str, where: str) -> int:
    value = line.get(key) or 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise UserError(
            f"'{key}' is a whole number of weeks.", where=where, got=value, allowed="0, 1, 2, ..."
        )
    return value


def _refuse_unknown(line: Mapping[str, Any], known: frozenset[str], where: str) -> None:
    for key in line:
        if key not in known:
            raise UserError(
                f"There is no key '{key}' here.",
                where=where,
                got=key,
                allowed=nearest(str(key), known),
            )
