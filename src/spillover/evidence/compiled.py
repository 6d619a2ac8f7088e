"""Parameters as the kernel reads them: plain numbers and arrays, one view per week."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from spillover.errors import UserError, nearest
from spillover.evidence.changes import FILE_LAYERS, Change, is_lever_target

if TYPE_CHECKING:
    from spillover.evidence.entries import Entry
    from spillover.evidence.tree import ParameterTree


class Group:
    """A frozen node of the tree in one week; children are attributes.

    A parameter without an axis is a float, one with an axis a read-only float64 array.
    """

    def __init__(self, children: Mapping[str, Any]) -> None:
        """Make a node of these children."""
        self.__dict__.update(children)

    def __getattr__(self, name: str) -> Any:
        """Only called for a name that does not exist."""
        if name.startswith("__"):  # protocols such as copy and pickle probe for these
            raise AttributeError(name)
        raise AttributeError(f"no parameter or group '{name}' here; {nearest(name, self.__dict__)}")

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: parameters do not change during a run."""
        raise AttributeError(f"parameters are frozen; cannot set '{name}'")

    def __repr__(self) -> str:
        """The names of the children."""
        return f"Group({', '.join(self.__dict__)})"


@dataclass(frozen=True, eq=False)
class Parameters:
    """All parameters of one run, week by week; immutable and picklable.

    Groups without weekly numbers are shared by all weeks.
    """

    constant: Mapping[str, float | np.ndarray] = field(repr=False)
    """By path: a float, or [member] in axis order."""
    weekly: Mapping[str, np.ndarray] = field(repr=False)
    """By path: [week], or [week, member]."""
    n_weeks: int
    digest: str
    """Digest of the tree with its changes; the same numbers have the same digest."""
    world: Any = field(repr=False)
    _template: _Template = field(init=False, repr=False)
    _rows: list[tuple[Any, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Lay the weekly numbers out as one row per week."""
        paths = list(self.weekly)
        slots: dict[str, Any] = {path: _Slot(slot) for slot, path in enumerate(paths)}
        template = _Template({**_nest({**self.constant, **slots}), "world": self.world})
        columns = [_cells(self.weekly[path]) for path in paths]
        rows = list(zip(*columns, strict=True)) if columns else [()] * self.n_weeks
        object.__setattr__(self, "_template", template)
        object.__setattr__(self, "_rows", rows)

    def at(self, week: int) -> Any:
        """View of one week: ``view.border.detection_per_patrol``; ``view.world`` is the world.

        Raises:
            IndexError: the week lies outside 0 to n_weeks - 1.
        """
        if not 0 <= week < self.n_weeks:
            raise IndexError(f"week {week} is outside 0 to {self.n_weeks - 1}")
        return self._template.fill(self._rows[week])

    def shared_weeks(self, other: Parameters) -> int:
        """How many weeks from the first on have the same numbers in both, bit by bit.

        A run over these weeks is the same run; the two may be simulated once up to there.
        """
        paths = self.constant.keys() | self.weekly.keys()
        if self.world is not other.world or paths != other.constant.keys() | other.weekly.keys():
            return 0
        weeks = min(self.n_weeks, other.n_weeks)
        for path in paths:
            differs = (self._bits(path, weeks) != other._bits(path, weeks)).any(axis=1)
            if differs.any():
                weeks = int(differs.argmax())
            if weeks == 0:
                break
        return weeks

    def _bits(self, path: str, weeks: int) -> np.ndarray:
        """Numbers of a path as bits [week, member], or [1, member] if they never change."""
        is_dated = path in self.weekly
        numbers = self.weekly[path][:weeks] if is_dated else self.constant[path]
        rows = np.asarray(numbers, dtype=np.float64).reshape(weeks if is_dated else 1, -1)
        return rows.view(np.int64)

    def __reduce__(self) -> tuple[Any, ...]:
        """Send the compact form only; rows are laid out again on arrival."""
        compact = dict(self.constant), dict(self.weekly)
        return _restore, (*compact, self.n_weeks, self.digest, self.world)


def _restore(
    constant: Mapping[str, float | np.ndarray],
    weekly: Mapping[str, np.ndarray],
    n_weeks: int,
    digest: str,
    world: Any,
) -> Parameters:
    for array in [*constant.values(), *weekly.values()]:
        if isinstance(array, np.ndarray):
            array.flags.writeable = False  # pickle does not keep this flag
    return Parameters(constant, weekly, n_weeks, digest, world)


class _Slot(int):
    """Position of a weekly number in a row."""


class _Template:
    """A group with holes: constants are shared, slots and inner templates are filled."""

    is_dated: bool

    def __init__(self, children: Mapping[str, Any]) -> None:
        self.slots = [(name, int(c)) for name, c in children.items() if isinstance(c, _Slot)]
        inner = {name: _Template(c) for name, c in children.items() if isinstance(c, dict)}
        self.constant = {n: c for n, c in children.items() if not isinstance(c, _Slot | dict)}
        self.constant.update({n: t.fill(()) for n, t in inner.items() if not t.is_dated})
        self.inner = [(name, template) for name, template in inner.items() if template.is_dated]
        self.is_dated = bool(self.slots or self.inner)

    def fill(self, row: tuple[Any, ...]) -> Group:
        group = Group(self.constant)
        children = group.__dict__
        for name, slot in self.slots:
            children[name] = row[slot]
        for name, template in self.inner:
            children[name] = template.fill(row)
        return group


def _nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, name = path.split(".")
        node = nested
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
    return nested


def _cells(weekly: np.ndarray) -> list[Any]:
    return weekly.tolist() if weekly.ndim == 1 else list(weekly)


def compile_tree(tree: ParameterTree, n_weeks: int, world: Any) -> Parameters:
    """Apply all changes and lay the numbers out by week; see `ParameterTree.compile`."""
    constant: dict[str, float | np.ndarray] = {}
    weekly: dict[str, np.ndarray] = {}
    changes: dict[str, list[Change]] = {}
    for change in tree.changes:
        changes.setdefault(change.path, []).append(change)
    for path, entry in tree.entries.items():
        numbers = weekly_values(entry, tree.series.get(path), changes.get(path, ()), n_weeks)
        numbers.flags.writeable = False
        if (numbers == numbers[0]).all():
            first = np.array(numbers[0])
            first.flags.writeable = False
            constant[path] = first if entry.axis else float(numbers[0, 0])
        else:
            weekly[path] = numbers if entry.axis else numbers[:, 0]
    return Parameters(constant, weekly, n_weeks, tree.digest(), world)


def weekly_values(
    entry: Entry, series: np.ndarray | None, changes: Iterable[Change], n_weeks: int
) -> np.ndarray:
    """Numbers [week, member] of one entry after its changes (one column without an axis).

    Raises:
        UserError: the series is shorter than the run.
    """
    values = _baseline(entry, series, n_weeks)
    ordered = sorted(changes, key=Change.order)
    combined: list[Change] = []
    if is_lever_target(entry.path):
        combined = [c for c in ordered if c.op == "set" and c.layer in FILE_LAYERS]
        values = _combine_sets(values, entry, combined)
    for change in ordered:
        if change not in combined:
            values = _apply(values, entry, change)
    if any(change.op != "set" for change in ordered):
        values = np.clip(values, *entry.bounds)
    return values


def _baseline(entry: Entry, series: np.ndarray | None, n_weeks: int) -> np.ndarray:
    if series is not None:
        if len(series) < n_weeks:
            raise UserError(
                f"The series of {entry.path} is shorter than the run.",
                where=f"series {entry.series}",
                got=f"{len(series)} weeks",
                allowed=f"at least {n_weeks} weeks",
                next="Shorten the horizon or extend the drivers table.",
            )
        return series[:n_weeks].reshape(n_weeks, -1).copy()
    values = np.empty((n_weeks, max(len(entry.members), 1)))
    for dated in entry.values:
        values[dated.start_week :] = dated.members
    return values


def strength(change: Change, n_weeks: int) -> np.ndarray:
    """Share [week] of a change that is in force: 0 before, linear in the ramp, 0 after the end."""
    since = np.arange(n_weeks) - change.start_week
    grown = np.clip(since / change.ramp_weeks, 0, 1) if change.ramp_weeks else np.ones(n_weeks)
    on = since >= 0
    if change.end_week is not None:
        on = on & (np.arange(n_weeks) < change.end_week)
    return np.where(on, grown, 0.0)


def _columns(entry: Entry, change: Change) -> list[int]:
    if change.members is None:
        return list(range(max(len(entry.members), 1)))
    return [entry.members.index(member) for member in change.members]


def _apply(values: np.ndarray, entry: Entry, change: Change) -> np.ndarray:
    share = strength(change, len(values))[:, None]
    columns = _columns(entry, change)
    before = values[:, columns]
    if change.op == "set":
        # Written as a mean so that full strength gives exactly the new value.
        after = (1 - share) * before + share * change.value
    elif change.op == "scale":
        after = before * (1 + share * (change.value - 1))
    else:
        after = before + share * change.value
    result = values.copy()
    result[:, columns] = after
    return result


def _combine_sets(values: np.ndarray, entry: Entry, sets: list[Change]) -> np.ndarray:
    """Each file's sets give its own course of a lever target; the highest one counts."""
    highest = np.full_like(values, -np.inf)
    for origin in dict.fromkeys(change.origin for change in sets):
        own = [change for change in sets if change.origin == origin]
        course = values
        for change in own:
            course = _apply(course, entry, change)
        columns = sorted({column for change in own for column in _columns(entry, change)})
        highest[:, columns] = np.maximum(highest[:, columns], course[:, columns])
    return np.where(np.isfinite(highest), highest, values)
