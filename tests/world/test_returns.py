"""Returns from Iran and Pakistan: totals of the sources, no gap, no double count."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from spillover.clock import BRANCH_DATE, START, week_start
from spillover.evidence.reading import DATA, read_csv
from spillover.world import returns
from spillover.world.returns import BRANCH_WEEK, ORIGINS, reconcile_returns, weekly_returns

WINDOWS = reconcile_returns()
WEEKLY = weekly_returns(490)


def persons(origin: str, first: date, last: date) -> float:
    """Persons of the windows inside two days, both included."""
    total = 0.0
    for window in WINDOWS:
        overlap = (min(last, window.last) - max(first, window.first)).days + 1
        if window.origin == origin and overlap > 0:
            total += window.per_day * overlap
    return total


def from_table(first: date, last: date) -> float:
    """Persons of drivers.csv between two days, weeks cut at the day."""
    total = 0.0
    for row in read_csv(DATA / "drivers.csv", ("series", "week_start", "value")):
        if row["series"].startswith("returnees_"):
            day = date.fromisoformat(row["week_start"])
            overlap = (min(last, day + timedelta(6)) - max(first, day)).days + 1
            total += float(row["value"]) * max(0, overlap) / 7
    return total


@pytest.mark.parametrize("origin", ORIGINS)
def test_windows_join_without_gap_or_overlap(origin: str) -> None:
    own = [window for window in WINDOWS if window.origin == origin]
    assert own[0].first == START
    assert own[-1].last == BRANCH_DATE - timedelta(days=1)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(own))
    assert all(window.persons > 0 for window in own)


def test_2025_equals_the_total_of_unhcr() -> None:
    year = date(2025, 1, 1), date(2025, 12, 31)
    assert sum(persons(origin, *year) for origin in ORIGINS) == pytest.approx(2_900_000)
    assert from_table(*year) == pytest.approx(2_900_000, rel=0.002)  # weeks straddle New Year


def test_partial_counts_of_2025_are_kept() -> None:
    iran = persons("Iran", date(2025, 4, 1), date(2025, 8, 12))
    pakistan = persons("Pakistan", date(2025, 4, 1), date(2025, 12, 13))
    assert iran == pytest.approx(1_540_000)
    assert pakistan == pytest.approx(931_700)


def test_total_since_october_2023_equals_5_4_million() -> None:
    total = from_table(date(2023, 10, 1), date(2026, 2, 13))
    assert total == pytest.approx(5_400_000, rel=1e-4)


def test_expulsions_from_pakistan_start_in_october_2023() -> None:
    quarter = persons("Pakistan", date(2023, 10, 1), date(2023, 12, 31))
    assert quarter == pytest.approx(407_745)
    before = persons("Pakistan", date(2023, 7, 1), date(2023, 9, 30))
    assert before < 0.02 * quarter


def test_gross_crossings_and_subsets_are_bounds_not_parts() -> None:
    """2024 lies between net and gross crossings; the undocumented are a part of the whole."""
    year = sum(persons(origin, date(2024, 1, 1), date(2024, 12, 31)) for origin in ORIGINS)
    assert 3_386_461 - 2_469_299 < year < 3_386_461
    span = date(2023, 9, 1), date(2025, 4, 30)
    assert sum(persons(origin, *span) for origin in ORIGINS) > 2_430_000


@pytest.mark.parametrize("origin", ORIGINS)
def test_weeks_carry_every_person_of_the_windows(origin: str) -> None:
    total = sum(window.persons for window in WINDOWS if window.origin == origin)
    assert WEEKLY[origin][:BRANCH_WEEK].sum() == pytest.approx(total)


@pytest.mark.parametrize("origin", ORIGINS)
def test_status_quo_never_returns_more_people_than_there_are(origin: str) -> None:
    future = WEEKLY[origin][BRANCH_WEEK:]
    assert (future > 0).all()
    arrivals = returns._arrivals_per_week(origin) * np.arange(1, len(future) + 1)
    assert (np.cumsum(future) < returns._stock(origin, "2025") + arrivals).all()


def test_status_quo_keeps_the_season_of_2025() -> None:
    iran = WEEKLY["Iran"]
    summer, spring = week_of(date(2026, 5, 3)), week_of(date(2026, 3, 1))
    assert iran[summer] / iran[spring] > 5
    assert iran[week_of(date(2027, 5, 2))] < iran[summer]


def week_of(day: date) -> int:
    """Week index of a Sunday."""
    week = (day - START).days // 7
    assert week_start(week) == day
    return week
