"""Returns from Iran and Pakistan: totals of the sources, no gap, no double count."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import pytest

from spillover.clock import BRANCH_DATE, START, week_start
from spillover.evidence.reading import DATA, read_csv
from spillover.world import returns
from spillover.world.returns import (
    BRANCH_WEEK,
    ORIGINS,
    dated_stock,
    departures_windows,
    reconcile_returns,
    weekly_departures,
    weekly_hazards,
    weekly_returns,
)

WINDOWS = reconcile_returns()
WEEKLY = weekly_returns(490)
SERIES = [f"{kind}_{o.lower()}" for kind in ("return_hazard", "departures") for o in ORIGINS]


def persons(origin: str, first: date, last: date) -> float:
    """Persons of the windows inside two days, both included."""
    total = 0.0
    for window in WINDOWS:
        overlap = (min(last, window.last) - max(first, window.first)).days + 1
        if window.origin == origin and overlap > 0:
            total += window.per_day * overlap
    return total


def from_table(first: date, last: date) -> float:
    """Persons between two days by the hazards of drivers.csv, weeks cut at the day.

    Every week takes its share of the stock that the weeks before left.
    """
    table = {name: {} for name in SERIES}
    for row in read_csv(DATA / "drivers.csv", ("series", "week", "value")):
        if row["series"] in table:
            table[row["series"]][int(row["week"])] = float(row["value"])
    total = 0.0
    for origin in ORIGINS:
        stock = dated_stock(origin)[0]
        for week in range(490):
            back = stock * (1 - np.exp(-table[f"return_hazard_{origin.lower()}"][week]))
            stock += table[f"departures_{origin.lower()}"][week] - back
            day = week_start(week)
            overlap = (min(last, day + timedelta(6)) - max(first, day)).days + 1
            total += back * max(0, overlap) / 7
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
def test_a_hazard_sends_home_the_counted_out_of_those_who_live_there(origin: str) -> None:
    hazards = weekly_hazards(490)[origin]
    share = WEEKLY[origin][:BRANCH_WEEK] / dated_stock(origin)[:-1]
    np.testing.assert_allclose(1 - np.exp(-hazards[:BRANCH_WEEK]), share)
    later = hazards[BRANCH_WEEK:]
    np.testing.assert_array_equal(later[:52], hazards[BRANCH_WEEK - 52 : BRANCH_WEEK])
    np.testing.assert_array_equal(later[52:], later[:-52])


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_account_of_those_abroad_is_never_empty(origin: str) -> None:
    """People before the branch and after it; the last level is a third of the first or more."""
    out = weekly_departures(490)[origin]
    stock = dated_stock(origin)[0] + np.cumsum(out - WEEKLY[origin])
    assert (WEEKLY[origin] > 0).all()
    assert stock.min() > dated_stock(origin)[0] / 3
    assert dated_stock(origin)[-1] == pytest.approx(returns._stock(origin, "2025"), rel=0.01)


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


def weeks_to(day: date) -> int:
    """Number of weeks from the start that end on or before a day."""
    return (day - START).days // 7


@pytest.mark.parametrize(
    ("origin", "stock", "years"),
    [
        ("Pakistan", 1_482_000, ("2021", "2022", "2023", "2024", "2025")),
        ("Iran", 2_746_000, ("2022", "2023", "2024")),
    ],
)
def test_departures_close_the_account_of_those_abroad(origin, stock, years) -> None:
    """Stock at the takeover + departures - returns meets every yearly count, to a week's flow."""
    net = weekly_departures(490)[origin] - WEEKLY[origin]
    for year in years:
        n_weeks = min(weeks_to(date(int(year) + 1, 1, 1)), BRANCH_WEEK)
        after = stock + net[:n_weeks].sum()
        assert after == pytest.approx(returns._stock(origin, year), rel=0.02), year


@pytest.mark.parametrize("origin", ORIGINS)
def test_departures_have_no_gap_and_are_never_negative(origin) -> None:
    own = [window for window in departures_windows() if window.origin == origin]
    assert own[0].first == START
    assert own[-1].last == BRANCH_DATE - timedelta(days=1)
    assert all(b.first - a.last == timedelta(days=1) for a, b in pairwise(own))
    assert all(window.persons >= 0 for window in own)
    late = weekly_departures(490)[origin][BRANCH_WEEK:]
    assert (late == late[0]).all()


@pytest.mark.parametrize(("origin", "persons"), [("Iran", 2_504_324), ("Pakistan", 1_613_283)])
def test_departures_go_on_at_the_pace_of_three_years_in_the_same_definition(origin, persons):
    """Closing flows of 2023, 2024 and 2025 to the branch over 1099 days, per week."""
    late = weekly_departures(490)[origin][BRANCH_WEEK]
    days = (BRANCH_DATE - date(2023, 1, 1)).days
    assert days == 1099
    assert late == pytest.approx(7 * persons / days, rel=1e-3)
    before = weekly_departures(490)[origin][week_of(date(2023, 1, 1)) : BRANCH_WEEK]
    assert late == pytest.approx(before.mean())


def test_iran_is_not_emptied_by_the_wave_of_2025() -> None:
    """Returns of 2025 exceed the fall of the stock, so nobody is counted as leaving for Iran."""
    windows = [w for w in departures_windows() if w.origin == "Iran"]
    assert windows[-1].persons == 0
