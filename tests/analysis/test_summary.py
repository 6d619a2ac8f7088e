"""Summary statistics against numbers computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from spillover.analysis.summary import (
    by_region,
    is_summed,
    mean_interval,
    pair,
    paired_difference,
    spread,
    summarise,
)

REGISTRY = {
    "attacks": {"label": "Attacks", "unit": "attacks", "kind": "flow"},
    "trust": {"label": "Trust", "unit": "index", "kind": "stock"},
    "fighters": {"label": "Fighters", "unit": "fighters", "kind": "stock"},
}


def test_spread_by_hand():
    found = spread(np.array([0.0, 0.0, 1.0, 2.0, 7.0]))
    assert (found.n, found.mean, found.q50, found.share_zero) == (5, 2.0, 1.0, 0.4)
    assert found.q05 == 0.0 and found.q95 == pytest.approx(6.0)


def test_mean_interval_by_hand():
    # mean 2, sd 1, n 3, t(0.975; 2) = 4.302653
    low, high = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert high - 2 == pytest.approx(4.302653 / math.sqrt(3), rel=1e-6)
    assert 2 - low == pytest.approx(high - 2)
    assert mean_interval(np.array([5.0])) == (-math.inf, math.inf)


def test_paired_difference_by_hand():
    found = paired_difference(np.array([3.0, 5.0, 10.0]), np.array([1.0, 3.0, 5.0]))
    # differences 2, 2, 5: mean 3, sd sqrt(3), so the half-width is t * sqrt(3) / sqrt(3)
    assert found.mean == 3 and found.n == 3
    assert (found.low, found.high) == pytest.approx((3 - 4.302653, 3 + 4.302653), rel=1e-6)
    # population variances 26/3 and 8/3 against 2
    assert found.variance_reduction == pytest.approx((26 / 3 + 8 / 3) / 2)
    assert found.correlation == pytest.approx(14 / 3 / math.sqrt(26 / 3 * 8 / 3))


def test_pairing_is_by_world_not_by_row():
    one = pd.DataFrame({"draw": 0, "replicate": [2, 0, 1], "value": [30.0, 10.0, 20.0]})
    other = pd.DataFrame({"draw": 0, "replicate": [0, 1, 3], "value": [1.0, 2.0, 4.0]})
    treated, control = pair(one, other)
    assert list(treated - control) == [9.0, 18.0]


def test_with_draws_each_draw_is_one_pair():
    frame = pd.DataFrame({"draw": [1, 1, 2, 2], "replicate": [0, 1, 0, 1]})
    treated, control = pair(
        frame.assign(value=[1.0, 3.0, 5.0, 7.0]), frame.assign(value=[0.0, 0.0, 1.0, 1.0])
    )
    assert list(treated) == [2.0, 6.0] and list(control) == [0.0, 1.0]


def outcomes(policy: str, shift: float) -> pd.DataFrame:
    rows = []
    for replicate in (0, 1):
        for position, state in enumerate(("AFG", "KAZ", "KGZ", "TJK", "TKM", "UZB")):
            is_afghan = state == "AFG"
            rows.append(
                {
                    "cell_id": policy,
                    "scenario": "status_quo",
                    "policy": policy,
                    "draw": 0,
                    "replicate": replicate,
                    "state": state,
                    "attacks": math.nan if is_afghan else position + replicate + shift,
                    "trust": math.nan if is_afghan else position / 10,
                    "fighters": 1000.0 + replicate if is_afghan else math.nan,
                }
            )
    return pd.DataFrame(rows)


def test_regions_sum_flows_and_average_indices():
    values = by_region(outcomes("status_quo", 0), REGISTRY)
    found = values[values["replicate"] == 1].set_index(["region", "outcome"])["value"]
    assert found["all5", "attacks"] == 1 + 2 + 3 + 4 + 5 + 5
    assert found["all5", "trust"] == pytest.approx(0.3)
    assert found["AFG", "fighters"] == 1001
    assert set(found.index) == {("all5", "attacks"), ("all5", "trust"), ("AFG", "fighters")}


def test_summarise_pairs_with_the_reference():
    frame = pd.concat([outcomes("status_quo", 0), outcomes("full_package", -1)])
    summary = summarise(by_region(frame, REGISTRY), REGISTRY)
    rows = summary.set_index(["policy", "outcome"])
    package = rows.loc["full_package", "attacks"]
    assert package["difference"] == -5 and package["policy_difference"] == -5
    assert package["difference_low"] == package["difference_high"] == -5
    assert package["aggregation"] == "sum of states" and package["n"] == 2
    assert math.isnan(rows.loc[("status_quo", "attacks"), "difference"])
    assert rows.loc["full_package", "trust"]["aggregation"] == "mean of states"


def test_without_reference_no_difference_is_invented():
    summary = summarise(by_region(outcomes("full_package", 0), REGISTRY), REGISTRY)
    assert summary["difference"].isna().all() and summary["policy_difference"].isna().all()
    assert (summary["n"] == 2).all()


@pytest.mark.parametrize(
    ("kind", "unit", "expected"),
    [
        ("flow", "attacks", True),
        ("flow", "index", True),
        ("stock", "fighters", True),
        ("stock", "share", False),
        ("stock", "index", False),
        ("stock", "USD million/yr", False),
    ],
)
def test_what_is_added_over_states(kind, unit, expected):
    assert is_summed(kind, unit) is expected
