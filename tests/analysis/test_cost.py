"""The front of cost against benefit."""

from __future__ import annotations

import numpy as np

from spillover.analysis.cost import equal_cost_pairs, pareto_front


def test_front():
    costs = np.array([0.0, 1.0, 2.0, 2.0, 3.0])
    benefits = np.array([0.0, 5.0, 5.0, 7.0, 6.0])
    assert pareto_front(costs, benefits).tolist() == [True, True, False, True, False]


def test_equals_stay_on_the_front_and_unknown_benefits_do_not():
    assert pareto_front(np.array([1.0, 1.0]), np.array([2.0, 2.0])).tolist() == [True, True]
    assert pareto_front(np.array([1.0, 2.0]), np.array([np.nan, 2.0])).tolist() == [False, True]


def test_pairs_of_about_equal_cost():
    assert equal_cost_pairs(np.array([100.0, 91.0, 50.0, 0.0])) == [(0, 1)]
