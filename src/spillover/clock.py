"""Weeks and dates: week 0 starts on Sunday 2021-08-15, the day Kabul fell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType

from spillover.errors import UserError

START = date(2021, 8, 15)
BRANCH_DATE = date(2026, 1, 4)
WEEKS_PER_YEAR = 365.25 / 7
HORIZONS: Mapping[str, int] = MappingProxyType({"hindcast": 229, "projection": 490})
"""Number of weekly steps by horizon: to 2025-12-31 and to 2030-12-31."""


def week_start(week: int) -> date:
    """First day (a Sunday) of a week index."""
    return START + timedelta(weeks=week)


def week_index(day: date, *, where: str = "") -> int:
    """Week index of a date that starts a week.

    Raises:
        UserError: the date lies before the model's first week or inside a week.
    """
    offset = (day - START).days
    if offset < 0:
        raise UserError(
            f"The date {day} lies before the first week of the model.",
            where=where,
            got=day,
            allowed=f"{START} or later",
            next=f"Use {START} to replay the view of autumn 2021.",
        )
    week, days_in = divmod(offset, 7)
    if days_in:
        raise UserError(
            f"The date {day} lies inside a week; weeks start on Sundays.",
            where=where,
            got=f"{day} ({day:%A})",
            allowed="a week start",
            next=f"The nearest week starts are {week_start(week)} and {week_start(week + 1)}.",
        )
    return week


def year_of_week(week: int) -> int:
    """Calendar year to which a week counts: the year of its first day."""
    return week_start(week).year


def horizon_weeks(name: str) -> int:
    """Number of weekly steps of a named horizon.

    Raises:
        UserError: the name is unknown.
    """
    if name not in HORIZONS:
        raise UserError(
            f"There is no horizon '{name}'.",
            where="horizon",
            got=name,
            allowed=", ".join(HORIZONS),
            next="Choose one of these, for example horizon=projection.",
        )
    return HORIZONS[name]
