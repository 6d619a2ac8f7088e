"""The stopping rule: earliest stop, cap, last contrast, and no looking ahead."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from spillover.analysis.precision import Rule, earliest, half_widths, stopping

RULE = Rule(block=50, floor=100, successive=3)


def worlds(n, *scales, seed=4):
    return np.random.default_rng(seed).normal(size=(len(scales), n)) * np.array(scales)[:, None]


def test_half_width_is_bonferronis():
    values = worlds(60, 1.0, 2.0)
    known = t.ppf(1 - 0.05 / 4, 59) * values.std(axis=1, ddof=1) / np.sqrt(60)
    assert half_widths(values) == pytest.approx(known)


def test_easy_contrasts_stop_at_the_first_chance():
    found = stopping(worlds(1000, 1.0, 1.0), np.array([9.0, 9.0]), RULE)
    assert found.is_met and found.n == earliest(RULE) == 200


def test_three_looks_in_a_row_are_needed():
    values = worlds(2000, 1.0, 5.0)
    targets = np.array([1.0, 0.6])
    found = stopping(values, targets, RULE)
    good = [bool((half_widths(values[:, :n]) <= targets).all()) for n in range(100, 2001, 50)]
    first = next(i for i in range(2, len(good)) if all(good[i - 2 : i + 1]))
    assert found.is_met and found.n == 100 + 50 * first > 200
    assert found.last_contrast == 1


def test_a_cap_is_reported_as_not_met():
    found = stopping(worlds(250, 1.0, 50.0), np.array([0.5, 0.5]), RULE)
    assert not found.is_met and found.n == 250 and found.last_contrast == 1
    # the width falls with the root of the number of worlds
    known = 250 * (half_widths(worlds(250, 1.0, 50.0))[1] / 0.5) ** 2
    assert found.n_needed[1] == pytest.approx(known, abs=1)


def test_more_worlds_never_change_an_earlier_stop():
    values = worlds(3000, 1.0, 5.0)
    targets = np.array([1.0, 0.6])
    full = stopping(values, targets, RULE)
    short = stopping(values[:, : full.n], targets, RULE)
    assert (full.n, full.is_met, full.last_contrast) == (short.n, short.is_met, short.last_contrast)
    assert not stopping(values[:, : full.n - 50], targets, RULE).is_met


def test_contrasts_without_spread_need_two_worlds():
    found = stopping(np.zeros((1, 300)), np.array([0.1]), RULE)
    assert found.is_met and found.n_needed.tolist() == [2]
