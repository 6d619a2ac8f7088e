"""The table of weekly driver series."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from spillover.errors import UserError, nearest
from spillover.evidence.reading import read_csv

if TYPE_CHECKING:
    from spillover.evidence.entries import Entry


@lru_cache(maxsize=8)
def read_drivers(path: Path) -> Mapping[str, np.ndarray]:
    """Weekly numbers by column name (`series` or `series:member`), read-only, index = week.

    Raises:
        UserError: the table is missing, or a series skips, repeats or lacks weeks, or a value
            is no finite number.
    """
    weeks: dict[str, dict[int, float]] = {}
    for row in read_csv(path, ("week", "series", "value")):
        try:
            week, value = int(row["week"]), float(row["value"])
        except ValueError as error:
            raise UserError(
                "A week or value is not a number.",
                where=f"{path}, series {row['series']}",
                got=f"week {row['week']}, value {row['value']}",
                next="Build the table anew with `python -m spillover.world.build_drivers`.",
            ) from error
        column = weeks.setdefault(row["series"], {})
        if week in column or not np.isfinite(value):
            raise UserError(
                "A series gives a week twice or a value that is not finite.",
                where=f"{path}, series {row['series']}, week {week}",
                got=row["value"],
            )
        column[week] = value
    return MappingProxyType({name: _column(name, col, path) for name, col in weeks.items()})


def _column(name: str, column: Mapping[int, float], path: Path) -> np.ndarray:
    n_weeks = len(column)
    if min(column) != 0 or max(column) != n_weeks - 1:
        raise UserError(
            f"The series '{name}' does not cover every week.",
            where=str(path),
            got=f"{n_weeks} weeks between {min(column)} and {max(column)}",
            allowed="every week from 0 on, once",
            next="Build the table anew with `python -m spillover.world.build_drivers`.",
        )
    values = np.array([column[week] for week in range(n_weeks)], dtype=np.float64)
    values.flags.writeable = False
    return values


def series_of(entry: Entry, table: Mapping[str, np.ndarray], where: str) -> np.ndarray:
    """Weekly numbers of an entry: [week], or [week, member] with an axis; read-only.

    Raises:
        UserError: a column is missing; names the nearest. Or the members differ in length.
    """
    for name in entry.columns:
        if name not in table:
            raise UserError(
                f"The drivers table has no series '{name}', which {entry.path} reads.",
                where=where,
                got=name,
                allowed=nearest(name, table),
                next="Correct `series`, or add a rule to data/driver_rules.yaml.",
            )
    columns = [table[name] for name in entry.columns]
    if entry.axis is None:
        return columns[0]
    if len({len(column) for column in columns}) > 1:
        raise UserError(f"The members of '{entry.series}' differ in length.", where=where)
    weekly = np.stack(columns, axis=1)
    weekly.flags.writeable = False
    return weekly
