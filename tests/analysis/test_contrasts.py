"""Simultaneous intervals and verdicts against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t, ttest_1samp

from spillover.analysis import contrasts
from spillover.analysis.contrasts import simultaneous_intervals, student, verdicts


def noise(*shape, seed=3):
    return np.random.default_rng(seed).normal(size=shape)


def test_one_contrast_of_few_worlds_is_students_interval():
    values = noise(1, 40) + 2.0
    found = simultaneous_intervals(values)
    known = ttest_1samp(values[0], 0.0).confidence_interval(0.95)
    assert (found.low[0], found.high[0]) == pytest.approx((known.low, known.high))
    assert found.method == "Bonferroni-t"


def test_below_two_hundred_worlds_the_level_is_shared():
    found = simultaneous_intervals(noise(8, 199))
    assert found.critical[0] == pytest.approx(t.ppf(1 - 0.05 / 16, 198))


def test_the_bootstrap_meets_the_exact_value_of_independent_contrasts():
    found = simultaneous_intervals(noise(10, 4000))
    sidak = t.ppf(0.5 + 0.95**0.1 / 2, 3999)
    assert found.method == "bootstrap max-t"
    assert found.critical[0] == pytest.approx(sidak, rel=0.03)


def test_equal_contrasts_cost_nothing_in_the_bootstrap():
    one = noise(1, 1000)
    repeated = simultaneous_intervals(np.repeat(one, 30, axis=0))
    assert repeated.critical[0] == pytest.approx(student(1000, 1), rel=0.04)
    assert repeated.critical[0] < student(1000, 30) - 0.8


def test_a_contrast_that_never_varies_has_no_width_and_disturbs_nothing():
    values = noise(3, 300)
    alone = simultaneous_intervals(values)
    beside = simultaneous_intervals(np.vstack([values, np.full(300, 7.0)]))
    assert (beside.low[3], beside.high[3]) == (7.0, 7.0)
    assert beside.critical[:3].tolist() == alone.critical.tolist()


def test_a_rare_change_has_bonferronis_interval_and_leaves_the_others_theirs():
    values = noise(3, 300)
    rare = np.zeros(300)
    rare[:4] = 1.0  # a resample misses all four worlds in 2 of 100 cases
    alone, beside = (
        simultaneous_intervals(values),
        simultaneous_intervals(np.vstack([values, rare])),
    )
    assert beside.critical[3] == pytest.approx(student(300, 4))
    assert beside.critical[:3].max() < 1.1 * alone.critical.max() < 3.0


def test_the_same_table_gives_the_same_interval():
    values = noise(3, 250)
    first, second = simultaneous_intervals(values), simultaneous_intervals(values.copy())
    assert np.array_equal(first.low, second.low)


def test_one_world_is_refused():
    with pytest.raises(ValueError, match="two worlds"):
        simultaneous_intervals(np.ones((2, 1)))


@pytest.mark.parametrize(
    ("low", "high", "better", "word"),
    [
        (-3.0, -2.0, "lower", "better"),
        (-3.0, -0.1, "lower", "better"),
        (0.1, 3.0, "lower", "harmful"),
        (0.1, 3.0, "higher", "better"),
        (-3.0, -0.1, "higher", "harmful"),
        (-0.4, -0.1, "lower", "no difference that matters"),
        (-0.5, 0.5, "lower", "no difference that matters"),
        (-0.4, 2.0, "lower", "not known well enough"),
        (1.0, 2.0, "", "higher"),
        (-2.0, -1.0, "", "lower"),
    ],
)
def test_verdicts_at_a_tolerance_of_a_half(low, high, better, word):
    assert verdicts(np.array([low]), np.array([high]), 0.5, better) == [word]


def test_many_worlds_are_resampled_in_parts_with_the_same_answer(monkeypatch):
    values = np.random.default_rng(7).normal(size=(3, 40))
    whole = contrasts.resampled_means(values)
    monkeypatch.setattr(contrasts, "MOST_WEIGHTS", 40 * 7)  # seven resamples at a time
    parts = contrasts.resampled_means(values)
    assert parts.shape == (contrasts.RESAMPLES, 3) and np.allclose(parts, whole, atol=1e-14)
