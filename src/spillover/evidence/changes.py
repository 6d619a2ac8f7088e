"""Dated changes to parameters: what config files and users do to the tree."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from spillover.errors import UserError, nearest
from spillover.evidence.units import in_unit

if TYPE_CHECKING:
    from spillover.evidence.entries import Entry

LAYERS = ("draw", "structure", "scenario", "stressor", "policy", "user")
"""Order of application. The layer ``draw`` (sampled priors) belongs to the baseline."""
FILE_LAYERS = ("structure", "scenario", "stressor", "policy")
OPERATIONS = ("set", "scale", "add")
"""Order of application inside a layer, whatever the order in a file."""
BASES = ("measured", "estimated", "elicited", "assumed")
_LEVER_TARGET = re.compile(r"levers\.\w+\.target")


@dataclass(frozen=True, slots=True)
class Change:
    """One dated change of one parameter.

    From ``start_week`` the change grows linearly from nothing to full effect at
    ``start_week + ramp_weeks``; it ends at ``end_week`` (not included; None: never).
    """

    path: str
    op: str
    """One of OPERATIONS."""
    value: float
    """New value, factor, or summand in the unit of the parameter."""
    start_week: int
    ramp_weeks: int = 0
    end_week: int | None = None
    members: tuple[str, ...] | None = None
    """Members of the axis that change; None for all."""
    layer: str = "scenario"
    """One of LAYERS."""
    origin: str = ""
    """File or option the change comes from."""
    sources: tuple[str, ...] = ()
    basis: str = "assumed"
    note: str = ""

    @property
    def where(self) -> str:
        """Origin and path, for messages."""
        return f"{self.origin or self.layer}: {self.path}"

    def semantic(self) -> str:
        """Text of all that decides the effect of the change, for digests."""
        origin = self.origin if is_lever_target(self.path) else ""  # sets combine by origin
        members = None if self.members is None else sorted(self.members)
        parts = (self.path, LAYERS.index(self.layer), self.op, float(self.value).hex())
        return repr((*parts, self.start_week, self.ramp_weeks, self.end_week, members, origin))

    def order(self) -> tuple[int, int, int, str]:
        """Sort key of application: layer, operation, start, and then anything that is fixed."""
        layer, operation = LAYERS.index(self.layer), OPERATIONS.index(self.op)
        return layer, operation, self.start_week, self.semantic()


def is_lever_target(path: str) -> bool:
    """True for ``levers.<lever>.target``: sets of several policies combine by their maximum."""
    return _LEVER_TARGET.fullmatch(path) is not None


def check_change(change: Change, entry: Entry) -> None:
    """Refuse a change that the entry cannot take.

    Raises:
        UserError: unknown operation, layer, basis or axis member, weeks out of order, or a
            value that leaves the bounds (ramps, drivers and draws built by scale or add are clipped
            later instead).
    """
    for name, allowed in (("op", OPERATIONS), ("layer", LAYERS), ("basis", BASES)):
        given = getattr(change, name)
        if given not in allowed:
            raise UserError(
                f"The {name} '{given}' is not known.",
                where=change.where,
                got=given,
                allowed=", ".join(allowed),
                next=nearest(str(given), allowed),
            )
    _check_weeks(change)
    _check_members(change, entry)
    _check_value(change, entry)


def _check_weeks(change: Change) -> None:
    end = math.inf if change.end_week is None else change.end_week
    if change.start_week < 0 or change.ramp_weeks < 0 or end <= change.start_week:
        raise UserError(
            "The weeks of the change are out of order.",
            where=change.where,
            got=f"start {change.start_week}, ramp {change.ramp_weeks}, end {change.end_week}",
            allowed="start >= 0, ramp >= 0, end after start (or none)",
            next="Correct the weeks.",
        )


def _check_members(change: Change, entry: Entry) -> None:
    if change.members is None:
        return
    if entry.axis is None:
        raise UserError(
            f"The parameter {entry.path} has no axis, so the change cannot name members.",
            where=change.where,
            got=", ".join(change.members),
            next="Remove `members`.",
        )
    for member in change.members:
        if member not in entry.members:
            raise UserError(
                f"'{member}' is no member of the axis {entry.axis}.",
                where=change.where,
                got=member,
                allowed=", ".join(entry.members),
                next=nearest(member, entry.members),
            )
    if not change.members or len(set(change.members)) < len(change.members):
        raise UserError(
            "The members of a change must be named once each, and at least one of them.",
            where=change.where,
            got=", ".join(change.members) or "an empty list",
            next="Leave `members` out (or null) to change all.",
        )


def _check_value(change: Change, entry: Entry) -> None:
    if not math.isfinite(change.value):
        raise UserError(
            "The value of a change must be finite.", where=change.where, got=change.value
        )
    low, high = entry.bounds
    results = [change.value]
    if change.op != "set":
        # These run into their bounds by design and are clipped there when compiled.
        is_driver = entry.series is not None or entry.path.startswith("drivers.")
        if is_driver or change.ramp_weeks or change.layer == "draw":
            return
        before = entry.before(change)
        results = [v * change.value if change.op == "scale" else v + change.value for v in before]
    for result in results:
        if not low <= result <= high:
            raise UserError(
                f"The change puts {entry.path} outside its bounds.",
                where=change.where,
                got=f"{change.op} {change.value:g}, which gives "
                + in_unit(f"{result:g}", entry.unit),
                allowed=in_unit(f"{low:g} to {high:g}", entry.unit),
                next="Choose a value inside the bounds.",
            )


def check_conflicts(changes: Iterable[Change]) -> None:
    """Refuse two different sets of one path, member and start week.

    Lever targets of different origins are exempt (they combine by maximum). Draws lie below
    every file and a user's own setting above it; both are meant to be replaced or to replace.

    Raises:
        UserError: names both origins.
    """
    seen: dict[tuple[str, int, str], list[Change]] = {}
    for change in changes:
        if change.op != "set":
            continue
        group = "file" if change.layer in FILE_LAYERS else change.layer
        if is_lever_target(change.path):
            group += change.origin
        earlier = seen.setdefault((change.path, change.start_week, group), [])
        for other in earlier:
            if other.semantic() != change.semantic() and _overlap(other, change):
                raise UserError(
                    f"{change.path} is set twice from the same week {change.start_week}.",
                    where=f"{other.origin} and {change.origin}",
                    got=f"{other.value:g} and {change.value:g}",
                    allowed="one set per parameter, member and start week",
                    next="Choose one of the two, move one in time, or use scale or add.",
                )
        earlier.append(change)


def _overlap(one: Change, other: Change) -> bool:
    if one.members is None or other.members is None:
        return True
    return not set(one.members).isdisjoint(other.members)
