"""Regions of failure: a known box is found, and noise is not taken for one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.analysis.discovery import boxes_table, discover, failures, inside, split
from spillover.errors import UserError


@pytest.fixture(scope="module")
def draws() -> pd.DataFrame:
    values = np.random.default_rng(5).random((300, 25))
    return pd.DataFrame(values, columns=[f"input{i}" for i in range(25)])


@pytest.mark.slow
def test_a_known_box_is_found_and_confirmed(draws):
    is_failure = ((draws["input3"] > 0.6) & (draws["input7"] < 0.5)).to_numpy()
    regions = discover(draws, is_failure)
    assert [region.method for region in regions] == ["PRIM", "tree"]
    for region in regions:
        limits = region.limits.set_index("input")
        assert set(limits.index) == {"input3", "input7"}
        assert limits.loc["input3", "low"] == pytest.approx(0.6, abs=0.05)
        assert limits.loc["input7", "high"] == pytest.approx(0.5, abs=0.05)
        assert region.is_confirmed and region.density > 0.85 and region.coverage > 0.85


@pytest.mark.slow
def test_noise_is_not_confirmed(draws):
    is_failure = np.random.default_rng(6).random(len(draws)) < 0.3
    assert not any(region.is_confirmed for region in discover(draws, is_failure))


def test_a_region_is_told_limit_by_limit(draws):
    is_failure = (draws["input1"] > 0.5).to_numpy()
    regions = discover(draws, is_failure)
    table = boxes_table(regions)
    assert len(table) == sum(len(region.limits) for region in regions)
    for region in regions:
        searched, _ = split(len(draws))
        held = inside(draws, region.limits)[searched]
        assert region.mass == pytest.approx(held.mean())
        assert region.density == pytest.approx(is_failure[searched][held].mean())


def test_the_draws_kept_for_the_check_are_not_searched():
    searched, kept = split(10)
    assert sorted([*searched, *kept]) == list(range(10))
    assert list(kept) == [2, 5, 8]


def test_a_regret_within_the_tolerance_is_no_failure():
    assert list(failures(np.array([0.0, 1.0, 1.1]), 1.0)) == [False, False, True]


def test_too_few_failures_are_refused(draws):
    is_failure = np.zeros(len(draws), dtype=bool)
    is_failure[:4] = True
    with pytest.raises(UserError, match="too few failures"):
        discover(draws, is_failure)
