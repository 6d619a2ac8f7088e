"""Returns of Afghans from Iran and Pakistan: one reconciled series out of several counts.

The sources count different things (everybody who crosses, UNHCR's total of forced and other
returns, undocumented people only, registered refugees only, assisted people only), and their
windows overlap. They are never added up: in each window one definition wins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from spillover.clock import BRANCH_DATE, START, week_start
from spillover.errors import UserError
from spillover.world.rows import calibration_value

ORIGINS = ("Iran", "Pakistan")
BRANCH_WEEK = (BRANCH_DATE - START).days // 7
WEEKS_REPEATED = 52
_EXPULSIONS = date(2023, 10, 1)  # UNHCR's totals count from this month
_TOTAL_UNTIL = date(2026, 2, 13)  # last day of UNHCR's cumulative total
_WAVE_2025 = date(2025, 4, 1)
_PACE_SINCE = date(2023, 1, 1)  # three years before the branch
_YEARS_COUNTED = ("2021", "2022", "2023", "2024", "2025")
_BRANCH_EVE = BRANCH_DATE - timedelta(days=1)


@dataclass(frozen=True)
class ReturnWindow:
    """People who came back from one country within a span of days, spread evenly."""

    origin: str  # a member of ORIGINS
    first: date
    last: date  # included
    persons: float
    definition: str  # which count wins here, and why
    basis: str
    variables: tuple[str, ...]  # rows of calibration_drivers.csv behind the number

    @property
    def per_day(self) -> float:
        """Persons per day."""
        return self.persons / ((self.last - self.first).days + 1)


def reconcile_returns() -> tuple[ReturnWindow, ...]:
    """Windows without gap or overlap, per origin, from the first week to the branch date.

    Which definition wins:

    * 15 August 2021 to 30 September 2023: no UNHCR total exists. Iran keeps the daily number
      of undocumented returns counted by IOM in the first half of 2021, the last such row;
      Pakistan keeps the registered returns of 2022.
    * October 2023 to December 2024: UNHCR's total since October 2023 (5.4 million to
      13 February 2026) less its 2025 total and the days of 2026. Of this, Pakistan gets the
      assisted returns of September to December 2023 in the last quarter of that year, because
      the expulsions began in October; Iran keeps its daily number; Pakistan in 2024 is the rest.
    * 2025: UNHCR's total of 2.9 million. Its partial rows (Iran from April to 12 August,
      Pakistan from April to 13 December) are taken as they are; what is left is spread over the
      other days of both countries alike.

    Not used, with the reason: ``returns_to_afghanistan_gross`` and ``returns_gross_ifrc`` (gross
    border crossings, most people leave again), ``returns_undocumented_cumulative`` (a subset of
    the UNHCR total), ``returns_cumulative`` (another window and definition, 4.0 million),
    ``afghan_refugees_returned_from`` of 2023-25 (registered refugees only) and the fact
    Q-PAK-RETURNEES (more than a million from Pakistan in 2023, out of line with all counts).

    Raises:
        UserError: the rows contradict each other (a remainder is negative).
    """
    year_2025 = _windows_2025()
    windows = _windows_before_expulsions() + _windows_expulsions(year_2025) + year_2025
    for window in windows:
        if window.persons < 0:
            raise UserError(
                f"The counts of returns from {window.origin} leave a negative remainder.",
                where=f"data/calibration_drivers.csv: {', '.join(window.variables)}",
                got=f"{window.persons:.0f} persons from {window.first} to {window.last}",
                allowed="0 or more",
                next="Check the totals against the partial counts.",
            )
    return windows


def weekly_returns(n_weeks: int) -> dict[str, NDArray[np.float64]]:
    """Persons per week [w] who come back by origin: counted, then the status quo.

    From the branch on they are the hazard of return applied to those who live there, and so the
    course of the model where nothing but the dated series acts.
    """
    hazards, departures, found = weekly_hazards(n_weeks), weekly_departures(n_weeks), {}
    for origin in ORIGINS:
        values = np.zeros(max(n_weeks, BRANCH_WEEK))
        values[:BRANCH_WEEK] = _spread([w for w in reconcile_returns() if w.origin == origin])
        stock = dated_stock(origin)[-1]
        for week in range(BRANCH_WEEK, n_weeks):
            values[week] = stock * -np.expm1(-hazards[origin][week])
            stock += departures[origin][week] - values[week]
        found[origin] = values[:n_weeks]
    return found


def weekly_hazards(n_weeks: int) -> dict[str, NDArray[np.float64]]:
    """Hazard per week [w] of those who live in a country to come back; then the last 52 weeks.

    The hazard of a week sends home just the counted returns out of the people who live there in
    the same series: more are there, more come back; nobody is there, nobody does.
    """
    found = {}
    for origin in ORIGINS:
        returns = _spread([w for w in reconcile_returns() if w.origin == origin])
        values = np.zeros(max(n_weeks, BRANCH_WEEK))
        values[:BRANCH_WEEK] = _hazard(returns, dated_stock(origin)[:-1])
        for week in range(BRANCH_WEEK, n_weeks):
            values[week] = values[week - WEEKS_REPEATED]
        found[origin] = values[:n_weeks]
    return found


def dated_stock(origin: str) -> NDArray[np.float64]:
    """Persons who live in a country at the start of each week up to the branch week [w + 1]."""
    left = _spread([w for w in departures_windows() if w.origin == origin])
    came_back = _spread([w for w in reconcile_returns() if w.origin == origin])
    return _running_stock(_start_stock(origin), left, came_back)


def departures_windows() -> tuple[ReturnWindow, ...]:
    """People who left for one country, by the years between counts of those who live there.

    Nobody counts departures in the terms in which returns are counted, so they are what closes
    the account: returns of the same days plus the change of the stock, and never negative. Iran
    counted people without papers only from 2022 on; its stock at the takeover is the count of
    that year less the new arrivals in between.
    """
    windows = []
    for origin in ORIGINS:
        returns = _spread_days([w for w in reconcile_returns() if w.origin == origin])
        years = ("2022", "2023", "2024", "2025") if origin == "Iran" else _YEARS_COUNTED
        first, before = START, _start_stock(origin)
        for year in years:
            last = min(date(int(year), 12, 31), _BRANCH_EVE)
            came_back = returns[(first - START).days : (last - START).days + 1].sum()
            after = _stock(origin, year)
            variables = ("afghan_refugees", "afghan_asylum_seekers", "returns_total")
            persons = max(after - before + came_back, 0.0)
            text = "returns plus the change of the stock"
            windows.append(ReturnWindow(origin, first, last, persons, text, "estimated", variables))
            first, before = last + timedelta(days=1), after
        if first < BRANCH_DATE:  # the last days before the branch
            windows[-1] = replace(
                windows[-1],
                last=_BRANCH_EVE,
                persons=windows[-1].per_day * (_days(windows[-1].first, _BRANCH_EVE)),
            )
    return tuple(windows)


def weekly_departures(n_weeks: int) -> dict[str, NDArray[np.float64]]:
    """Persons per week [w] who leave for each country; from the branch on the mean pace.

    The pace is that of the last three years before the branch in the same definition: what closes
    the account of all who live there. New arrivals that are registered are a small part of it
    (Iran: below a thousand in 2024) and would empty both countries.
    """
    found = {}
    for origin in ORIGINS:
        own = [window for window in departures_windows() if window.origin == origin]
        values = np.full(max(n_weeks, BRANCH_WEEK), _mean_pace(own))
        values[:BRANCH_WEEK] = _spread(own)
        found[origin] = values[:n_weeks]
    return found


def _mean_pace(windows: list[ReturnWindow]) -> float:
    """Persons per week over the years since the first of January of _PACE_SINCE."""
    late = [window for window in windows if window.first >= _PACE_SINCE]
    return 7.0 * sum(w.persons for w in late) / sum(_days(w.first, w.last) for w in late)


def _running_stock(
    first: float, left: NDArray[np.float64], came_back: NDArray[np.float64]
) -> NDArray[np.float64]:
    return first + np.concatenate([[0.0], np.cumsum(left - came_back)])


def _hazard(returns: NDArray[np.float64], stock: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(-np.log1p(-returns / stock))


def _start_stock(origin: str) -> float:
    """Afghans of all categories in a country on 15 August 2021."""
    share = (START - date(2020, 12, 31)).days / 365
    if origin == "Pakistan":
        return (1.0 - share) * _stock(origin, "2020") + share * _stock(origin, "2021")
    new = [_total(origin, year, "afghan_new_arrivals_flow") for year in ("2021", "2022")]
    return _stock(origin, "2022") - (1.0 - share) * new[0] - new[1]


def _total(entity: str, when: str, variable: str = "returns_total") -> float:
    return calibration_value(variable, entity, when)


def _iran_per_day() -> float:
    days = (date(2021, 6, 24) - date(2021, 1, 1)).days + 1
    return _total("Iran", "2021-01/2021-06-24", "returns_undocumented") / days


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def _windows_before_expulsions() -> tuple[ReturnWindow, ...]:
    last = _EXPULSIONS - timedelta(days=1)
    days = _days(START, last)
    registered = _total("Pakistan", "2022", "afghan_refugees_returned_from")
    iran = "IOM undocumented returns, daily number of January to June 2021 carried on"
    pakistan = "UNHCR registered returns, number of 2022 carried on"
    return (
        ReturnWindow(
            "Iran", START, last, days * _iran_per_day(), iran, "assumed", ("returns_undocumented",)
        ),
        ReturnWindow(
            "Pakistan",
            START,
            last,
            days * registered / 365,
            pakistan,
            "assumed",
            ("afghan_refugees_returned_from",),
        ),
    )


def _windows_expulsions(year_2025: tuple[ReturnWindow, ...]) -> tuple[ReturnWindow, ...]:
    """October 2023 to December 2024, closed by UNHCR's cumulative total."""
    until, year_end = date(2024, 12, 31), date(2023, 12, 31)
    everything = _total("Iran+Pakistan", "2023-10/2026-02-13", "returns_total_cumulative")
    iran = _days(_EXPULSIONS, until) * _iran_per_day()
    assisted = _total("Pakistan", "2023-09/2023-12", "returns_undocumented_assisted")
    rest = everything - _total("Iran+Pakistan", "2025") - _days_of_2026(year_2025)
    total = ("returns_total_cumulative", "returns_total")
    return (
        ReturnWindow(
            "Iran",
            _EXPULSIONS,
            until,
            iran,
            "UNHCR total; daily number of 2021 carried on, the balance goes to Pakistan",
            "assumed",
            ("returns_undocumented",),
        ),
        ReturnWindow(
            "Pakistan",
            _EXPULSIONS,
            year_end,
            assisted,
            "assisted returns of September to December 2023, put after the expulsions began",
            "estimated",
            ("returns_undocumented_assisted",),
        ),
        ReturnWindow(
            "Pakistan",
            date(2024, 1, 1),
            until,
            rest - iran - assisted,
            "UNHCR total since October 2023 less all other windows",
            "estimated",
            (*total, "returns_undocumented_assisted"),
        ),
    )


def _windows_2025() -> tuple[ReturnWindow, ...]:
    """2025, and the three days to the branch date at the pace of late December."""
    new_year, year_end = date(2025, 1, 1), date(2025, 12, 31)
    before_wave = _WAVE_2025 - timedelta(days=1)
    rows = {
        "Iran": (date(2025, 8, 12), _total("Iran", "2025-04-01/2025-08-12")),
        "Pakistan": (date(2025, 12, 13), _total("Pakistan", "2025-04-01/2025-12-13")),
    }
    left = _total("Iran+Pakistan", "2025") - sum(persons for _, persons in rows.values())
    open_days = {
        origin: _days(new_year, before_wave) + _days(counted, year_end) - 1
        for origin, (counted, _) in rows.items()
    }
    per_day = left / sum(open_days.values())
    counted_text = "UNHCR total of the country for this window"
    rest_text = "UNHCR total of 2025 less the windows counted by country, spread evenly"
    windows = []
    for origin, (counted, persons) in rows.items():
        after = counted + timedelta(days=1)
        spans = ((new_year, before_wave), (after, _BRANCH_EVE))
        early, late = (
            ReturnWindow(
                origin, a, b, per_day * _days(a, b), rest_text, "estimated", ("returns_total",)
            )
            for a, b in spans
        )
        wave = ReturnWindow(
            origin, _WAVE_2025, counted, persons, counted_text, "measured", ("returns_total",)
        )
        windows += [early, wave, late]
    return tuple(windows)


def _days_of_2026(year_2025: tuple[ReturnWindow, ...]) -> float:
    """Persons from 1 January to the last day of UNHCR's cumulative total, both origins.

    Hazards of the weeks of early 2025 out of those who live there, whom departures at the pace
    of 2025 refill: the pace of three years rests on this very number.
    """
    weeks = -(-((_TOTAL_UNTIL - BRANCH_DATE).days + 1) // 7)
    spare_days = 7 * weeks - _days(BRANCH_DATE, _TOTAL_UNTIL)
    persons = 0.0
    for origin in ORIGINS:
        own = [window for window in year_2025 if window.origin == origin]
        returns = _spread(own)[-WEEKS_REPEATED:]
        counted = sum(w.persons for w in own)
        closing = max(_stock(origin, "2025") - _stock(origin, "2024") + counted, 0.0)
        pace = 7.0 * closing / _days(own[0].first, own[-1].last)
        stock = _running_stock(_stock(origin, "2024"), np.full(WEEKS_REPEATED, pace), returns)
        hazard, left = _hazard(returns, stock[:-1]), stock[-1]
        weekly = np.zeros(weeks)
        for week in range(weeks):
            weekly[week] = left * -np.expm1(-hazard[week])
            left += pace - weekly[week]
        persons += own[-1].per_day * _days(date(2026, 1, 1), _BRANCH_EVE)
        persons += weekly.sum() - weekly[-1] * spare_days / 7
    return float(persons)


def _spread_days(windows: list[ReturnWindow]) -> NDArray[np.float64]:
    """Persons per day up to the branch week."""
    per_day = np.zeros(7 * BRANCH_WEEK)
    for window in windows:
        first, last = ((day - START).days for day in (window.first, window.last))
        per_day[first : last + 1] = window.per_day
    return per_day


def _spread(windows: list[ReturnWindow]) -> NDArray[np.float64]:
    """Persons per week [w] up to the branch week."""
    return _spread_days(windows).reshape(-1, 7).sum(axis=1)


def _stock(origin: str, year: str) -> float:
    """Afghans of all UNHCR categories in a country at the end of a year."""
    kinds = ["afghan_refugees", "afghan_asylum_seekers"]
    if year == "2025":  # the category starts with the re-registration of that year
        kinds.append("afghan_others_in_need_of_protection")
    return sum(calibration_value(kind, origin, year) for kind in kinds)


def window_of_week(windows: tuple[ReturnWindow, ...], origin: str, week: int) -> ReturnWindow:
    """Window that a week starts in; the last one after the branch date."""
    own = [window for window in windows if window.origin == origin]
    day = week_start(week)
    return next((window for window in own if window.first <= day <= window.last), own[-1])
