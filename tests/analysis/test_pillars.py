"""Pillars and the index against numbers computed by hand."""

from __future__ import annotations

import dataclasses
from datetime import date

import numpy as np
import pandas as pd
import pytest

from spillover.analysis import pillars
from spillover.axes import STATES
from spillover.batch.schema import PillarWeightsConfig
from spillover.clock import week_index
from spillover.outcomes import OUTCOMES

REGISTRY = {
    "attacks_home": {"kind": "flow", "unit": "attacks", "better": "lower"},
    "threat": {"kind": "stock", "unit": "index", "better": "lower"},
    "cohesion": {"kind": "stock", "unit": "index", "better": "higher"},
}


def rows(period, values, policy="status_quo", replicates=1):
    """Rows of all five states with the same values."""
    return pd.DataFrame(
        [
            {"cell_id": policy, "scenario": "s", "policy": policy, "draw": 0, "replicate": r,
             "state": state, "period": period, **values}
            for r in range(replicates)
            for state in STATES
        ]
    )  # fmt: skip


@pytest.fixture
def scales():
    calm = {"attacks_home": 2.0, "threat": 0.2, "cohesion": 0.5}
    later = {"attacks_home": 50.0, "threat": 0.9, "cohesion": 0.1}  # not part of the base
    years = {"2022": calm, "2023": calm, "2024": later, "2025": later}
    before = pd.concat([rows(year, values) for year, values in years.items()])
    return pillars.history(before, 229, REGISTRY)


def test_every_outcome_of_a_pillar_exists_and_says_what_is_better():
    names = [name for members in pillars.PILLARS.values() for name in members]
    assert len(names) == len(set(names))
    undecided = {name for name in names if OUTCOMES[name].better is None}
    assert undecided == {"refugees", "arrivals"}  # a load, not a matter of better or worse
    assert {OUTCOMES[name].scope for name in names} == {"states"}


def test_every_pillar_has_a_weight_among_the_keys():
    names = [f.name.replace("_", " ") for f in dataclasses.fields(PillarWeightsConfig)]
    assert names == list(pillars.PILLARS)


def test_whole_years_before_the_branch():
    assert pillars.years_before(229) == {"2022": 52, "2023": 53}
    assert pillars.years_before(week_index(date(2023, 6, 4))) == {"2022": 52}
    assert pillars.years_before(week_index(date(2022, 6, 5))) == {}


def test_scales_are_yearly_means_and_one_event_or_a_hundredth(scales):
    base, small = scales
    per_year = np.mean([2.0 * (365.25 / 7) / n for n in (52, 53)])
    assert small.loc["TJK", "attacks_home"] == 1.0
    assert base.loc["TJK", "attacks_home"] == pytest.approx(per_year + 1.0)
    assert small.loc["TJK", "threat"] == pytest.approx(0.01 * 0.2)


def test_a_state_that_stays_as_it_was_scores_a_half(scales):
    base, _ = scales
    same = {"attacks_home": base.loc["KAZ", "attacks_home"] - 1, "threat": 0.2, "cohesion": 0.5}
    scores = pillars.pillar_scores(rows("since_branch", same), scales, REGISTRY)
    np.testing.assert_allclose(scores["violence"], 0.5)
    np.testing.assert_allclose(scores["regional strain"], 0.5)


def test_worse_is_higher_also_where_more_is_better(scales):
    def strain(**values):
        frame = rows("since_branch", {"attacks_home": 1.0, "threat": 0.2, "cohesion": 0.5} | values)
        return pillars.pillar_scores(frame, scales, REGISTRY)["regional strain"].iloc[0]

    assert strain(threat=0.6) > strain() > strain(cohesion=0.9)
    # (0.6 + 0.002) / (0.602 + 0.202) and one half for cohesion
    assert strain(threat=0.6) == pytest.approx((0.602 / 0.804 + 0.5) / 2)


def test_index_by_hand():
    scores = np.array([[0.25, 1.0]])
    assert pillars.composite(scores, np.array([0.5, 0.5]))[0] == pytest.approx(0.5)
    assert pillars.composite(scores, np.array([0.5, 0.5]), "arithmetic")[0] == 0.625
    assert pillars.composite(scores, np.array([1.0, 0.0]))[0] == 0.25


def test_weights_are_spread_evenly_and_always_the_same():
    drawn = pillars.weight_draws(6)
    assert drawn.shape == (1000, 6)
    np.testing.assert_allclose(drawn.sum(axis=1), 1.0)
    np.testing.assert_allclose(drawn.mean(axis=0), 1 / 6, atol=0.02)
    np.testing.assert_array_equal(drawn, pillars.weight_draws(6))


def test_the_index_never_comes_without_its_pillars(scales):
    calm = {"attacks_home": 1.0, "threat": 0.2, "cohesion": 0.5}
    table = pillars.pillar_table(
        pillars.pillar_scores(rows("since_branch", calm), scales, REGISTRY)
    )
    assert {"violence", "regional strain", "index", "index_low", "index_high"} <= set(table)
    assert set(table["state"]) == {*STATES, "all5"}
    assert (table["index_low"] <= table["index"]).all()
    assert (table["index"] <= table["index_high"]).all()


def test_weights_count_by_their_ratios_and_one_is_the_weight_of_the_others(scales):
    rough = {"attacks_home": 9.0, "threat": 0.2, "cohesion": 0.5}
    scores = pillars.pillar_scores(rows("since_branch", rough), scales, REGISTRY)
    only = pillars.pillar_table(scores, {"regional strain": 0.0})
    np.testing.assert_allclose(only["index"], only["violence"])
    double = pillars.pillar_table(scores, {"violence": 2.0})
    expected = (double["violence"] ** 2 * double["regional strain"]) ** (1 / 3)
    np.testing.assert_allclose(double["index"], expected)
    same = pillars.pillar_table(scores, {"violence": 6.0, "regional strain": 3.0})
    np.testing.assert_allclose(same["index"], double["index"])
    assert (double["index"] > pillars.pillar_table(scores)["index"]).all()
    np.testing.assert_array_equal(double["index_low"], pillars.pillar_table(scores)["index_low"])
