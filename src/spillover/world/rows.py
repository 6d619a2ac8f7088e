"""Looks up single numbers of the data tables by variable, entity and date."""

from __future__ import annotations

from functools import cache

from spillover.errors import UserError, nearest
from spillover.evidence.facts import load_facts
from spillover.evidence.reading import DATA, read_csv

CALIBRATION_TABLES = ("calibration_drivers.csv", "targets.csv")
_COLUMNS = ("variable", "entity", "date_or_year", "value", "low", "high")


@cache
def _calibration() -> dict[tuple[str, str, str], list[dict[str, str]]]:
    found: dict[tuple[str, str, str], list[dict[str, str]]] = {}
    for table in CALIBRATION_TABLES:
        for row in read_csv(DATA / table, _COLUMNS):
            key = (row["variable"], row["entity"], row["date_or_year"])
            found.setdefault(key, []).append(row)
    return found


def calibration_value(variable: str, entity: str, when: str, column: str = "value") -> float:
    """Number of the one calibration row with this variable, entity and ``date_or_year``.

    Args:
        variable: name in the column ``variable``, for example ``external_grants``.
        entity: name in the column ``entity``, for example ``Afghanistan``.
        when: text of the column ``date_or_year``, for example ``2024``.
        column: ``value``, ``low`` or ``high``.

    Raises:
        UserError: no row, several rows, or a row without this number.
    """
    rows = _calibration().get((variable, entity, when), [])
    where = f"{' or '.join(CALIBRATION_TABLES)}: {variable}, {entity}, {when}"
    if len(rows) != 1:
        known = {name for name, _, _ in _calibration()}
        near = [f"{e}, {d}" for name, e, d in _calibration() if name == variable]
        raise UserError(
            "A calibration value must come from exactly one row.",
            where=where,
            got=f"{len(rows)} rows",
            allowed="; ".join(near) or "a variable of the two tables",
            next="Correct entity or date." if near else nearest(variable, known),
        )
    if not rows[0][column]:
        raise UserError(
            f"The calibration row has no number in the column '{column}'.",
            where=where,
            allowed=", ".join(name for name in ("value", "low", "high") if rows[0][name]),
            next="Choose another column with `column:`.",
        )
    return float(rows[0][column])


def fact_value(fact_id: str) -> float:
    """Number that a fact of ``facts.csv`` states.

    Raises:
        UserError: the fact is unknown or states no number.
    """
    facts = load_facts()
    if fact_id not in facts:
        raise UserError(
            f"There is no fact '{fact_id}'.",
            where="data/facts.csv",
            got=fact_id,
            allowed="an id of the first column",
            next=nearest(fact_id, facts),
        )
    value = facts[fact_id].value
    if value is None:
        raise UserError(
            f"The fact '{fact_id}' states no number.",
            where="data/facts.csv, column value",
            got=fact_id,
            allowed="a fact with a value",
            next="Write the number as `plus:` with basis assumed and a note.",
        )
    return value
