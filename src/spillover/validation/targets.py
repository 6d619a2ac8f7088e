"""Observed values: rows of data/targets.csv, looked up by variable, entity and window."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from spillover.errors import UserError
from spillover.evidence.reading import DATA


@dataclass(frozen=True)
class Observed:
    """One row: a value or an interval for an entity in a window of days."""

    variable: str
    entity: str
    start: date
    end: date
    value: float | None
    low: float | None
    high: float | None
    unit: str
    source: str
    quality: str

    @property
    def number(self) -> float:
        """The value.

        Raises:
            UserError: the row gives an interval only.
        """
        if self.value is None:
            raise UserError("The row gives no single value.", where="targets.csv", got=self.label)
        return self.value

    @property
    def label(self) -> str:
        """Variable, entity and window, as tables cite the row."""
        window = str(self.start) if self.start == self.end else f"{self.start} to {self.end}"
        return f"{self.variable}, {self.entity}, {window} ({self.quality})"


@cache
def rows() -> tuple[Observed, ...]:
    """All rows with a window."""
    with open(DATA / "targets.csv", encoding="utf-8", newline="") as file:
        return tuple(_row(line) for line in csv.DictReader(file) if line["start"] and line["end"])


def _row(line: dict[str, str]) -> Observed:
    low, value, high = (float(line[k]) if line[k] else None for k in ("low", "value", "high"))
    start, end = date.fromisoformat(line["start"]), date.fromisoformat(line["end"])
    place = line["variable"], line["entity"]
    return Observed(*place, start, end, value, low, high, *(line[k] for k in _TEXTS))


_TEXTS = ("unit", "source", "quality")


def observed(variable: str, entity: str, start: str, end: str) -> Observed:
    """The one row of a variable, entity and window.

    Raises:
        UserError: there is no such row, or more than one.
    """
    window = date.fromisoformat(start), date.fromisoformat(end)
    found = [
        row
        for row in rows()
        if (row.variable, row.entity) == (variable, entity) and (row.start, row.end) == window
    ]
    if len(found) != 1:
        raise UserError(
            "A pattern needs exactly one row of the table of targets.",
            where="data/targets.csv",
            got=f"{len(found)} rows of {variable}, {entity}, {start} to {end}",
        )
    return found[0]


def added(parts: Iterable[Observed]) -> tuple[float, str]:
    """Sum of the values of several rows, and their labels."""
    parts = tuple(parts)
    return sum(part.number for part in parts), "; ".join(part.label for part in parts)
