"""Statistics behind the figures against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.clock import year_of_week
from spillover.figures.map_layers import nice_breaks
from spillover.figures.statistics import (
    first_week_of_year,
    is_zero_heavy,
    n_text,
    paired_differences,
    wilson_interval,
    yearly_quantiles,
)


def table(values: dict[tuple[str, str], list[float]], draws: int = 1) -> pd.DataFrame:
    rows = [
        (scenario, policy, i % draws, i // draws, "AFG", "2027", value)
        for (scenario, policy), cell in values.items()
        for i, value in enumerate(cell)
    ]
    columns = ["scenario", "policy", "draw", "replicate", "state", "period", "attacks"]
    return pd.DataFrame(rows, columns=columns)


def test_first_week_of_a_year_is_the_first_that_counts_to_it() -> None:
    assert first_week_of_year(2021) == 0
    for year in range(2022, 2031):
        week = first_week_of_year(year)
        assert (year_of_week(week - 1), year_of_week(week)) == (year - 1, year)


def test_paired_difference_by_hand() -> None:
    outcomes = table({("benign", "status_quo"): [5, 7, 9], ("benign", "border"): [4, 5, 6]})
    found = paired_differences(outcomes, "attacks", "AFG", "2027", contrast="policy")
    assert list(found["policy"]) == ["border"]
    row = found.iloc[0]
    # Differences -1, -2, -3: mean -2, s.d. 1, t(2; 0.975) = 4.302653, half width 2.484138.
    assert row["mean"] == pytest.approx(-2)
    assert (row["low"], row["high"]) == pytest.approx((-4.484138, 0.484138), abs=1e-5)
    assert (row["n"], row["reference"]) == (3, 7)


def test_scenario_contrast_takes_the_status_quo_policy_only() -> None:
    outcomes = table(
        {
            ("status_quo", "status_quo"): [1, 1],
            ("status_quo", "border"): [0, 0],
            ("malign", "status_quo"): [4, 6],
            ("malign", "border"): [9, 9],
        }
    )
    found = paired_differences(outcomes, "attacks", "AFG", "2027", contrast="scenario")
    assert list(zip(found["scenario"], found["policy"], strict=True)) == [("malign", "status_quo")]
    assert found["mean"].iloc[0] == 4


def test_pairs_are_matched_by_replicate_not_by_position() -> None:
    outcomes = table({("benign", "status_quo"): [1, 2, 3], ("benign", "border"): [2, 3, 4]})
    shuffled = outcomes.iloc[[3, 5, 4, 2, 0, 1]]
    found = paired_differences(shuffled, "attacks", "AFG", "2027", contrast="policy")
    assert (found["low"].iloc[0], found["high"].iloc[0]) == (1, 1)


def test_draws_are_the_independent_units() -> None:
    values = {("b", "status_quo"): [0.0] * 6, ("b", "border"): [1.0, 5.0, 1.0, 5.0, 1.0, 5.0]}
    found = paired_differences(table(values, 2), "attacks", "AFG", "2027", contrast="policy")
    assert (found["n"].iloc[0], found["mean"].iloc[0]) == (2, 3)


def test_unknown_contrast_is_refused() -> None:
    outcomes = table({("b", "status_quo"): [1.0]})
    with pytest.raises(ValueError, match="contrast"):
        paired_differences(outcomes, "attacks", "AFG", "2027", contrast="both")


def test_yearly_quantiles_by_hand() -> None:
    outcomes = table({("b", "status_quo"): [0, 0, 2, 4, 4]})
    row = yearly_quantiles(outcomes, "attacks", "AFG").iloc[0]
    assert (row["q05"], row["q50"], row["q95"]) == pytest.approx((0, 2, 4))
    assert (row["mean"], row["any_share"], row["week"]) == (2, 0.6, first_week_of_year(2027))
    assert yearly_quantiles(outcomes, "attacks", "KAZ").empty


def test_wilson_interval_of_no_hit_does_not_vanish() -> None:
    # Textbook value for 0 of 10 at 95%.
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.27753), abs=1e-4)


def test_zero_heavy_needs_more_than_half_zeros() -> None:
    assert is_zero_heavy(np.array([0, 0, 1]))
    assert not is_zero_heavy(np.array([0, 1]))
    assert not is_zero_heavy(np.array([np.nan]))


def test_n_text_tells_unequal_cells() -> None:
    outcomes = table({("a", "status_quo"): [1, 2, 3], ("b", "status_quo"): [1, 2]})
    assert n_text(outcomes) == "n = 2 to 3 replicates"


def test_map_breaks_rise_from_zero_and_hold_every_value() -> None:
    values = np.array([0.0, 0.3, 1.1, 2.2, 7.7, 43.0, np.nan])
    breaks = nice_breaks(values)
    assert breaks[0] == 0
    assert np.all(np.diff(breaks) > 0)
    assert breaks[-1] == 50
    assert nice_breaks(np.zeros(3)) == (0.0, 1.0)
