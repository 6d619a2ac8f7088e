"""The front of cost against benefit."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spillover.analysis.cost import equal_cost_pairs, pareto_front, ratio_interval


def test_front():
    costs = np.array([0.0, 1.0, 2.0, 2.0, 3.0])
    benefits = np.array([0.0, 5.0, 5.0, 7.0, 6.0])
    assert pareto_front(costs, benefits).tolist() == [True, True, False, True, False]


def test_equals_stay_on_the_front_and_unknown_benefits_do_not():
    assert pareto_front(np.array([1.0, 1.0]), np.array([2.0, 2.0])).tolist() == [True, True]
    assert pareto_front(np.array([1.0, 2.0]), np.array([np.nan, 2.0])).tolist() == [False, True]


def test_pairs_of_about_equal_cost():
    assert equal_cost_pairs(np.array([100.0, 91.0, 50.0, 0.0])) == [(0, 1)]


def test_the_interval_of_effect_per_cost_holds_at_its_rate():
    luck = np.random.default_rng(12)
    n, trials, held = 60, 1500, 0
    for _ in range(trials):
        shared = luck.normal(0.0, 1.0, n)
        effects = -3.0 + shared + luck.normal(0.0, 2.0, n)
        costs = 4.0 + 0.8 * shared + luck.normal(0.0, 1.5, n)
        low, high = ratio_interval(effects, costs)
        held += low <= -0.75 <= high
    assert held / trials == pytest.approx(0.95, abs=0.02)  # three standard errors


def test_a_certain_cost_only_scales_the_effect():
    effects = np.array([1.0, 2.0, 4.0, 5.0])
    low, high = ratio_interval(effects, np.full(4, 2.0))
    half = stats.t.ppf(0.975, 3) * effects.std(ddof=1) / 2.0
    assert (low, high) == pytest.approx(((3.0 - half) / 2.0, (3.0 + half) / 2.0))


def test_a_cost_that_may_be_nothing_has_no_ratio():
    assert np.isnan(ratio_interval(np.array([1.0, 2.0, 3.0]), np.array([-1.0, 1.0, 0.2]))).all()
    assert np.isnan(ratio_interval(np.array([1.0]), np.array([1.0]))).all()
