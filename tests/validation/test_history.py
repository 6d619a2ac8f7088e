"""Windows of days, units, and the tables of a hindcast."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from spillover.outcomes import COMPARED, OUTCOMES
from spillover.validation.check import NotCovered
from spillover.validation.history import WEEKLY, week_shares


def test_a_week_counts_by_its_days_in_the_window():
    shares = week_shares(date(2021, 8, 19), date(2021, 8, 29), 229)
    assert shares[:4] == pytest.approx([3 / 7, 1, 1 / 7, 0])  # Thursday to the Sunday after next
    assert week_shares(date(2021, 8, 15), date(2021, 8, 21), 229).sum() == 1
    year = week_shares(date(2022, 1, 1), date(2022, 12, 31), 229)
    assert year.sum() == pytest.approx(365 / 7)


def test_days_before_the_model_do_not_count_and_windows_outside_are_refused():
    assert week_shares(date(2021, 8, 1), date(2021, 8, 15), 229).sum() == pytest.approx(1 / 7)
    with pytest.raises(NotCovered, match="does not reach"):
        week_shares(date(2026, 2, 1), date(2026, 3, 1), 229)


def test_flows_are_summed_and_stocks_averaged(made):
    ramp = np.arange(229.0)
    history = made(
        {("seen", "AFG"): ramp, ("level", "AFG"): ramp},
        spread=np.array([1.0, 2.0]),
        units={"seen": ("attacks", "flow"), "level": ("persons", "stock")},
    )
    window = ("2021-08-15", "2021-08-28")  # weeks 0 and 1
    assert history.value("seen", "attacks", ("AFG",), *window).tolist() == [1, 2]
    assert history.value("level", "persons", ("AFG",), *window).tolist() == [0.5, 1]


def test_states_are_added_up(made):
    history = made({("level", "UZB"): 3.0, ("level", "TJK"): 4.0}, spread=np.ones(2),
                   units={"level": ("persons", "stock")})  # fmt: skip
    both = history.value("level", "persons", ("UZB", "TJK"), "2022-01-02", "2022-03-05")
    assert both == pytest.approx([7, 7])


def test_units_are_converted_or_refused(made):
    history = made({("money", "AFG"): 2e6}, spread=np.ones(2), units={"money": ("USD", "flow")})
    week = ("AFG",), "2021-08-15", "2021-08-21"
    assert history.value("money", "USD million", *week) == pytest.approx([2, 2])
    with pytest.raises(NotCovered, match="given in USD, not in kg"):
        history.value("money", "kg", *week)


def test_what_is_not_there_is_named(made):
    history = made({("seen", "AFG"): np.nan}, spread=np.ones(2))
    with pytest.raises(NotCovered, match="no weekly values of other"):
        history.value("other", "1", ("AFG",), "2022-01-01", "2022-12-31")
    with pytest.raises(NotCovered, match="seen is not modelled"):
        history.value("seen", "1", ("AFG",), "2022-01-01", "2022-12-31")
    with pytest.raises(NotCovered, match="no outcome deaths"):
        history.year("deaths", 2022)
    with pytest.raises(NotCovered, match="by place"):
        history.at_places("deaths", 2022)


def test_calendar_years_come_by_world_and_state(made):
    yearly = {("engagement", "UZB", 2023): 0.5, ("engagement", "TJK", 2023): 0.1}
    values = made({("x", "AFG"): 0}, yearly, spread=np.array([1.0, 2.0])).year("engagement", 2023)
    assert values[:, 4].tolist() == [0.5, 1.0] and values[:, 2].tolist() == [0.1, 0.2]
    assert np.isnan(values[:, 0]).all()  # Kazakhstan has none


def test_what_patterns_read_by_the_week_is_kept_by_the_week():
    """A pattern would silently be not covered if its outcome named no data series."""
    known = set(WEEKLY) & set(OUTCOMES)
    assert known <= set(COMPARED), sorted(known - set(COMPARED))
    assert set(WEEKLY) <= set(OUTCOMES), sorted(set(WEEKLY) - set(OUTCOMES))
