"""Distributions by inversion against their definitions, and the small arithmetic of hazards."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from spillover import rates

ROUNDING = 1e-12  # of a distribution function summed term by term
ALMOST_ONE = 1.0 - 2.0**-53
LEVELS = st.floats(1e-9, 1 - 1e-9)


def uniforms() -> np.ndarray:
    """A fine grid on (0, 1) with both tails."""
    tail = np.logspace(-9, -2, 60)
    return np.concatenate([tail, np.linspace(0.011, 0.989, 400), 1 - tail])


def assert_quantile(count, u, law):
    """The count is the smallest whole number whose distribution function reaches u."""
    assert count.dtype == np.int64
    assert (count >= 0).all()
    assert (law.cdf(count) >= u - ROUNDING).all()
    below = np.where(count > 0, law.cdf(count - 1), 0.0)
    assert (below < u + ROUNDING).all()


def test_hand_computed_arithmetic():
    assert rates.logistic(math.log(3)) == pytest.approx(0.75)
    assert rates.log_odds(0.75) == pytest.approx(math.log(3))
    assert rates.probability(math.log(2)) == pytest.approx(0.5)
    assert rates.probability(0.0) == 0.0
    # A small hazard keeps its digits: 1 - exp(-1e-12) computed by subtraction would not.
    assert rates.probability(1e-12) == pytest.approx(1e-12, rel=1e-9, abs=0.0)
    assert rates.normal(0.975) == pytest.approx(1.959964, abs=1e-6)
    assert rates.lognormal(0.5, 0.4) == pytest.approx(math.exp(-0.08))
    assert rates.lognormal(0.123, 0.0) == 1.0


def test_lognormal_noise_has_mean_one():
    # Midpoint rule over the quantiles; what is cut off beyond 1e-6 weighs far less than 1e-3.
    u = (np.arange(500_000) + 0.5) / 500_000
    assert rates.lognormal(u, 0.35).mean() == pytest.approx(1.0, abs=1e-3)


def test_softmax_shares():
    share = rates.softmax(np.log(np.array([[1.0, 2.0, 5.0], [4.0, 4.0, 8.0]])))
    assert share == pytest.approx(np.array([[0.125, 0.25, 0.625], [0.25, 0.25, 0.5]]))
    # A forbidden option has value minus infinity; large values must not overflow.
    assert rates.softmax(np.array([1000.0, 1000.0, -np.inf])) == pytest.approx([0.5, 0.5, 0.0])
    columns = rates.softmax(np.array([[0.0, 1.0], [0.0, 1.0]]), axis=0)
    assert columns == pytest.approx(np.full((2, 2), 0.5))


def test_choose_follows_cumulative_shares():
    shares = np.array([2.0, 0.0, 6.0, 0.0])  # weights need not sum to 1
    u = np.array([1e-12, 0.2499, 0.2501, ALMOST_ONE])
    assert rates.choose(u, np.broadcast_to(shares, (4, 4))).tolist() == [0, 0, 2, 2]
    assert rates.choose(np.array([[1e-12, 0.5]]), np.array([0.0, 1.0])).tolist() == [[1, 1]]


@pytest.mark.parametrize("mean", [1e-9, 0.02, 0.7, 5.0, 29.9, 30.1, 1234.5, 1e6])
def test_poisson_inverts_its_distribution_function(mean):
    u = uniforms()
    assert_quantile(rates.poisson(u, mean), u, stats.poisson(mean))


@pytest.mark.parametrize("shape", [0.1, 1.5, 40.0])
@pytest.mark.parametrize("mean", [1e-6, 0.3, 7.0, 300.0])
def test_negative_binomial_inverts_its_distribution_function(mean, shape):
    u = uniforms()
    law = stats.nbinom(shape, shape / (shape + mean))
    assert law.var() == pytest.approx(mean + mean**2 / shape)
    assert_quantile(rates.negative_binomial(u, mean, shape), u, law)


@pytest.mark.parametrize("n", [1, 2, 12, 200, 90_000])
@pytest.mark.parametrize("p", [1e-6, 0.03, 0.4999, 0.5001, 0.9, 0.99999])
def test_binomial_inverts_its_distribution_function(n, p):
    u = uniforms()
    count = rates.binomial(u, n, p)
    assert_quantile(count, u, stats.binom(n, p))
    assert (count <= n).all()


def test_nothing_comes_of_nothing():
    u = np.array([1e-12, 0.5, ALMOST_ONE])
    assert rates.poisson(u, 0.0).tolist() == [0, 0, 0]
    assert rates.negative_binomial(u, 0.0, 1.5).tolist() == [0, 0, 0]
    assert rates.binomial(u, 0, 0.4).tolist() == [0, 0, 0]
    assert rates.binomial(u, 9, 0.0).tolist() == [0, 0, 0]
    assert rates.binomial(u, 9, 1.0).tolist() == [9, 9, 9]


@pytest.mark.parametrize("n", [1, 3, 5, 12, 40, 100, 300])
@pytest.mark.parametrize("p", [0.001, 0.02, 0.1, 0.3, 0.7, 0.9, 0.98])
def test_no_draw_exceeds_its_trials_in_the_last_digit_of_u(n, p):
    """Where the rounded sum of all terms stays below u there is still no trial left."""
    ulp = 2.0**-53
    u = np.concatenate([1 - np.arange(1, 60) * ulp, np.arange(1, 60) * ulp])
    count = rates.binomial(u, n, p)
    assert (count >= 0).all()
    assert (count <= n).all()


def test_arrays_broadcast_elementwise():
    u = np.array([[0.3], [0.9]])
    mean = np.array([0.0, 1.0, 100.0])
    expected = [[int(stats.poisson.ppf(a, m)) if m else 0 for m in mean] for a in (0.3, 0.9)]
    assert rates.poisson(u, mean).tolist() == expected
    n, p = np.array([5, 0, 50]), np.array([0.2, 0.9, 0.9])
    expected = [
        [int(stats.binom.ppf(a, k, q)) if k else 0 for k, q in zip(n, p, strict=True)]
        for a in (0.3, 0.9)
    ]
    assert rates.binomial(u, n, p).tolist() == expected


@given(
    u=LEVELS, n=st.integers(0, 400), p=st.floats(0, 1), q=st.floats(0, 1), more=st.integers(0, 9)
)
def test_coupled_binomials_never_cross(u, n, p, q, more):
    """A higher probability or more trials never lower a count that shares its uniform."""
    low, high = min(p, q), max(p, q)
    assert rates.binomial(u, n, low) <= rates.binomial(u, n, high)
    assert rates.binomial(u, n, p) <= rates.binomial(u, n + more, p)


@given(u=LEVELS, v=LEVELS, a=st.floats(0, 90), b=st.floats(0, 90))
def test_coupled_counts_never_cross(u, v, a, b):
    for law in (rates.poisson, lambda x, m: rates.negative_binomial(x, m, 1.5)):
        assert law(u, min(a, b)) <= law(u, max(a, b))
        assert law(min(u, v), a) <= law(max(u, v), a)


def test_multinomial_has_the_probabilities_of_its_definition():
    """All splits of 3 over three options, weighed by a fine grid of both uniforms."""
    n_grid, shares = 400, np.array([0.2, 0.5, 0.3])
    grid = (np.arange(n_grid) + 0.5) / n_grid
    u = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1)
    parts = rates.multinomial(u, np.full(u.shape[:2], 3), 7.0 * shares)
    assert (parts.sum(axis=-1) == 3).all()
    law = stats.multinomial(3, shares)
    for split in [(0, 0, 3), (0, 3, 0), (3, 0, 0), (1, 1, 1), (0, 2, 1), (2, 0, 1)]:
        share = (parts == split).all(axis=-1).mean()
        assert share == pytest.approx(law.pmf(split), abs=2 / n_grid)


@given(
    u=st.lists(LEVELS, min_size=3, max_size=3),
    n=st.integers(0, 500),
    weights=st.lists(st.sampled_from([0.0, 0.1, 0.3, 1.0, 7.0]), min_size=4, max_size=4),
)
def test_multinomial_splits_to_the_unit(u, n, weights):
    shares = np.array(weights)
    parts = rates.multinomial(np.array(u), np.int64(n), shares)
    assert parts.sum() == n
    assert (parts >= 0).all()
    if shares.sum() > 0:
        assert (parts[shares == 0] == 0).all()


def power_law(exponent: float, shift: float, cutoff: int) -> list[float]:
    """Probabilities of 1..cutoff by the plain sum."""
    weights = [(k + shift) ** -exponent for k in range(1, cutoff + 1)]
    return [w / math.fsum(weights) for w in weights]


@pytest.mark.parametrize(("exponent", "shift", "cutoff"), [(2.45, 3.0, 250), (1.5, 0.0, 10)])
def test_shifted_power_law_against_a_table(exponent, shift, cutoff):
    table = power_law(exponent, shift, cutoff)
    u = np.linspace(5e-7, 1 - 5e-7, 20_000)
    reached, expected = 0.0, []
    k = 0
    for level in u:
        while reached < level - 1e-15:
            reached += table[k]
            k += 1
        expected.append(max(k, 1))
    assert rates.shifted_power_law(u, exponent, shift, cutoff).tolist() == expected
    ends = rates.shifted_power_law(np.array([0.0, 1.0]), exponent, shift, cutoff)
    assert ends.tolist() == [1, cutoff]


def test_a_larger_shift_makes_deaths_heavier():
    u = (np.arange(100_000) + 0.5) / 100_000
    means = [rates.shifted_power_law(u, 2.45, s, 250).mean() for s in (0.0, 1.0, 3.0, 5.0)]
    assert means == sorted(means)
    # Published in the model check: about 1.9 without a shift, 6.7 with 3, 9.7 with 5.
    assert means[0] == pytest.approx(1.94, abs=0.02)
    assert means[2] == pytest.approx(6.7, abs=0.1)
    assert means[3] == pytest.approx(9.7, abs=0.1)


def test_spread_evenly_by_hand():
    # Exact parts 1.4, 2.1, 3.5: floors 1, 2, 3, the missing unit goes to the largest remainder.
    assert rates.spread_evenly(np.array(7), np.array([0.2, 0.3, 0.5])).tolist() == [1, 2, 4]
    # Ties go to the first.
    assert rates.spread_evenly(np.array(2), np.ones(4)).tolist() == [1, 1, 0, 0]
    # Remainders 4/7 and 4/7 of parts of other size: rounding of the division must not choose.
    tied = rates.spread_evenly(np.array(177_000), np.array([5 / 7, 5 / 21, 1 / 21]))
    assert tied.tolist() == [126_429, 42_143, 8428]
    rows = rates.spread_evenly(np.array([3, 0]), np.array([[1.0, 0.0, 2.0], [1.0, 1.0, 1.0]]))
    assert rows.tolist() == [[1, 0, 2], [0, 0, 0]]


@given(
    whole=st.integers(0, 100_000),
    weights=st.lists(st.floats(0, 50), min_size=1, max_size=40).filter(lambda w: sum(w) > 1e-3),
)
def test_spread_evenly_keeps_the_sum_and_stays_within_a_unit(whole, weights):
    w = np.array(weights)
    parts = rates.spread_evenly(np.array(whole), w)
    assert parts.sum() == whole
    assert (np.abs(parts - whole * w / w.sum()) < 1 + 1e-6).all()


def test_rounding_by_hand_and_in_the_mean():
    u = (np.arange(1000) + 0.5) / 1000
    assert rates.rounded(np.array([0.2, 0.8]), 3.3).tolist() == [3, 4]
    assert rates.rounded(u, 7.25).mean() == pytest.approx(7.25)
    assert rates.rounded(u, 0.0).max() == 0
    assert rates.rounded(u, 4.0).tolist() == [4] * 1000


def test_splitting_in_order_keeps_the_whole():
    weights = np.array([[1.0, 2.0, 1.0], [0.0, 5.0, 0.0]])
    got = rates.split_in_order(np.array([10, 7]), weights)
    assert got.tolist() == [[2, 6, 2], [0, 7, 0]]
    many = rates.split_in_order(np.arange(500), np.array([0.3, 0.3, 0.1, 0.0, 0.9]))
    assert (many.sum(axis=-1) == np.arange(500)).all()
    exact = np.arange(500)[:, None] * np.array([0.3, 0.3, 0.1, 0.0, 0.9]) / 1.6
    assert np.abs(many - exact).max() <= 1.0
