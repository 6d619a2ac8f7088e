"""Tails against their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from spillover.analysis.tails import beyond, cvar, wilson


def test_mean_of_the_worst_worlds():
    values = np.arange(1.0, 11.0)
    assert cvar(values, 0.8, "high") == pytest.approx(9.5)
    assert cvar(values, 0.8, "low") == pytest.approx(1.5)
    assert cvar(values, 0.0, "high") == pytest.approx(values.mean())


def test_the_world_on_the_border_counts_in_part():
    # a quarter of ten worlds: the two highest and half of the third (10 + 9 + 8 / 2) / 2.5
    assert cvar(np.arange(1.0, 11.0), 0.75, "high") == pytest.approx(23.0 / 2.5)


def test_cvar_of_the_normal_distribution():
    values = norm.ppf((np.arange(100_000) + 0.5) / 100_000)
    assert cvar(values, 0.95, "high") == pytest.approx(norm.pdf(norm.ppf(0.95)) / 0.05, rel=1e-3)


@pytest.mark.parametrize(("level", "n"), [(1.0, 5), (-0.1, 5), (0.5, 0)])
def test_no_tail(level, n):
    with pytest.raises(ValueError, match="no tail"):
        cvar(np.ones(n), level, "high")


def test_beyond_a_threshold_is_strict():
    values = np.array([1.0, 2.0, 3.0])
    assert beyond(values, 2.0, "high").tolist() == [False, False, True]
    assert beyond(values, 2.0, "low").tolist() == [True, False, False]


def test_wilson_by_its_formula():
    z, n, p = norm.ppf(0.975), 50, 0.1
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    assert wilson(5, 50) == pytest.approx((centre - half, centre + half))
    assert wilson(0, 10)[0] == 0.0 and all(map(math.isnan, wilson(0, 0)))
