"""Which policy is best: symmetric and extreme cases with known answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from spillover.analysis.best import not_worse_than_best, oriented, probability_best, share_best


def test_direction():
    values = np.array([[1.0, 2.0]])
    assert np.array_equal(oriented(values, "lower"), -values)
    assert np.array_equal(oriented(values, "higher"), values)
    with pytest.raises(ValueError, match="direction"):
        oriented(values, "")


def test_equal_policies_share_the_first_place():
    values = np.tile(np.random.default_rng(1).normal(size=100), (4, 1))
    assert probability_best(values, "lower") == pytest.approx([0.25] * 4)
    assert share_best(values, "lower") == pytest.approx([0.25] * 4)


def test_probability_of_two_policies_is_the_normal_one():
    rng = np.random.default_rng(5)
    base = rng.normal(size=400)
    difference = rng.normal(size=400)
    difference += 0.05 - difference.mean()  # better by 0.05 with the error of the mean below
    found = probability_best(np.array([base, base - difference]), "lower")
    known = norm.cdf(0.05 / (difference.std() / 20))
    assert found[1] == pytest.approx(known, abs=0.03)
    assert found.sum() == pytest.approx(1.0)


def test_share_of_worlds_is_counted():
    values = np.array([[1.0, 5.0, 2.0, 2.0], [3.0, 4.0, 3.0, 2.0]])
    assert share_best(values, "lower") == pytest.approx([2.5 / 4, 1.5 / 4])


def test_only_policies_within_the_tolerance_stay_in_the_set():
    worlds = np.random.default_rng(2).normal(size=200)
    values = np.array([worlds, worlds + 0.1, worlds + 3.0])
    found = not_worse_than_best(values, 0.5, "lower")
    assert found.is_in_set.tolist() == [True, True, False]
    assert found.gap == pytest.approx([0.0, 0.1, 3.0])
    assert found.gap_high == pytest.approx([0.0, 0.1, 3.0])


def test_an_unknown_difference_leaves_both_in_the_set():
    rng = np.random.default_rng(8)
    found = not_worse_than_best(rng.normal(size=(2, 20)) * 10, 0.01, "higher")
    assert found.is_in_set.all() and found.gap_high.max() > 1.0
