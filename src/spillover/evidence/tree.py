"""The parameter tree: all entries by path, the changes made to them, and its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from spillover.errors import UserError, nearest
from spillover.evidence.changes import Change, check_change, check_conflicts
from spillover.evidence.drivers import read_drivers, series_of
from spillover.evidence.entries import Entry, check_name, parse_entry
from spillover.evidence.reading import DATA, PARAMETERS, check_mapping, read_yaml
from spillover.evidence.units import in_unit

if TYPE_CHECKING:
    from spillover.evidence.compiled import Parameters


@dataclass(frozen=True, eq=False)
class ParameterTree:
    """All parameters, and the changes on top of them. Never changes; changes give a new tree."""

    entries: Mapping[str, Entry]
    """By path, sorted."""
    series: Mapping[str, np.ndarray] = field(repr=False)
    """Read-only weekly numbers of every entry that has a series: [week] or [week, member]."""
    changes: tuple[Change, ...] = ()
    """In the order in which they were added."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Read-only mappings cannot be pickled; send plain ones."""
        return _restore, (dict(self.entries), dict(self.series), self.changes)

    def paths(self) -> tuple[str, ...]:
        """Every path, sorted."""
        return tuple(self.entries)

    def entry(self, path: str) -> Entry:
        """The entry of a path.

        Raises:
            UserError: the path is unknown; names the nearest.
        """
        if path not in self.entries:
            raise unknown_path(path, self.entries)
        return self.entries[path]

    def with_changes(self, changes: Iterable[Change]) -> ParameterTree:
        """A new tree with further changes.

        Raises:
            UserError: unknown path or axis member, a value outside the bounds, or a conflict
                between two sets.
        """
        added = tuple(changes)
        for change in added:
            if change.path not in self.entries:
                raise unknown_path(change.path, self.entries, origin=change.origin)
            check_change(change, self.entries[change.path])
        combined = (*self.changes, *added)
        check_conflicts(combined)
        return replace(self, changes=combined)

    def uncertain(self) -> tuple[str, ...]:
        """Paths whose values have a prior that is not fixed, sorted."""
        return tuple(
            path
            for path, entry in self.entries.items()
            if any(d.prior is not None and not d.prior.is_fixed for d in entry.values)
        )

    def digest(self) -> str:
        """Hash (64 hexadecimal digits) of all that can alter a result; texts and sources do not."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        digest = hashlib.sha256(self._baseline_digest.encode())
        for change in sorted(self.changes, key=Change.order):
            digest.update(change.semantic().encode())
        return digest.hexdigest()

    @cached_property
    def _baseline_digest(self) -> str:
        digest = hashlib.sha256()
        for path, entry in self.entries.items():
            dated = [
                (d.start_week, [v.hex() for v in d.members], d.reference.hex(), repr(d.prior))
                for d in entry.values
            ]
            digest.update(repr((path, entry.unit, entry.bounds, entry.axis, dated)).encode())
            if entry.series is not None:
                digest.update(np.ascontiguousarray(self.series[path], dtype="<f8").tobytes())
        return digest.hexdigest()

    def compile(self, n_weeks: int, world: Any) -> Parameters:
        """Weekly numbers for a run of ``n_weeks`` weeks.

        Raises:
            UserError: a series is shorter than the run.
        """
        from spillover.evidence.compiled import compile_tree  # it needs this module

        return compile_tree(self, n_weeks, world)


def _restore(
    entries: dict[str, Entry], series: dict[str, np.ndarray], changes: tuple[Change, ...]
) -> ParameterTree:
    for weekly in series.values():
        weekly.flags.writeable = False  # pickle does not keep this flag
    return ParameterTree(MappingProxyType(entries), MappingProxyType(series), changes)


def unknown_path(path: str, known: Iterable[str], *, origin: str = "") -> UserError:
    """The error for a path that is not in the tree."""
    return UserError(
        f"There is no parameter '{path}'.",
        where=origin,
        got=path,
        allowed=nearest(path, known),
        next="Correct the path; `spillover explain <path>` shows a parameter.",
    )


def load_tree(root: Path | str | None = None, drivers: Path | str | None = None) -> ParameterTree:
    """Read and check every parameter file; the same folder is read once per process.

    Args:
        root: folder of YAML files (default: the package's own); a file's stem is the first
            part of its paths, sub-folders are further parts before it.
        drivers: table of weekly series (default: the package's own); read if a series needs it.

    Raises:
        UserError: a file or entry is not as it should be; says which and what to do.
    """
    return _load(
        Path(root) if root is not None else PARAMETERS,
        Path(drivers) if drivers is not None else DATA / "drivers.csv",
    )


@lru_cache(maxsize=8)
def _load(root: Path, drivers: Path) -> ParameterTree:
    entries: dict[str, Entry] = {}
    for file in sorted(root.rglob("*.yaml")):
        parts = file.relative_to(root).with_suffix("").parts
        prefix = [check_name(part, where=str(file)) for part in parts]
        content = check_mapping(read_yaml(file), where=str(file))
        for entry in _walk(content, prefix, str(file)):
            if entry.path in entries:
                raise UserError(f"{entry.path} is defined in two files.", where=str(file))
            entries[entry.path] = entry
    if not entries:
        raise UserError(
            "No parameter files were found.",
            where=str(root),
            allowed="a folder with at least one .yaml file",
            next="Check the folder, or reinstall the package.",
        )
    ordered = {path: entries[path] for path in sorted(entries)}
    series = _series(ordered.values(), drivers)
    return ParameterTree(MappingProxyType(ordered), MappingProxyType(series))


def _walk(content: Mapping[Any, Any], prefix: list[str], file: str) -> Iterable[Entry]:
    path = ".".join(prefix)
    if "unit" in content:
        yield parse_entry(path, content, where=f"{file}: {path}")
        return
    for name, inner in content.items():
        where = f"{file}: {path}.{name}"
        if not isinstance(inner, Mapping):
            raise UserError(
                "A group or a parameter is expected here.",
                where=where,
                got=repr(inner),
                allowed="a mapping; a parameter is a mapping that has the key `unit`",
                next="If this belongs to a parameter, that parameter lacks its `unit`.",
            )
        parts = [*prefix, check_name(name, where=where)]
        yield from _walk(check_mapping(inner, where=where), parts, file)


def _series(entries: Iterable[Entry], drivers: Path) -> dict[str, np.ndarray]:
    using = [entry for entry in entries if entry.series is not None]
    if not using:
        return {}
    table = read_drivers(drivers)
    result = {}
    for entry in using:
        weekly = series_of(entry, table, str(drivers))
        low, high = entry.bounds
        outside = (weekly < low) | (weekly > high)
        if outside.any():
            week = int(np.argwhere(outside)[0][0])
            raise UserError(
                f"The series '{entry.series}' of {entry.path} leaves its bounds.",
                where=f"{drivers}, week {week}",
                got=f"{weekly[outside][0]:g}",
                allowed=in_unit(f"{low:g} to {high:g}", entry.unit),
                next="Correct the driver rule, or widen the bounds of the parameter.",
            )
        result[entry.path] = weekly
    return result
