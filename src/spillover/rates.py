"""Arithmetic of hazards and distributions as pure functions of arrays.

Every random variable of the model is the inverse of its distribution function at a keyed uniform
number (`spillover.streams`). Inversion takes one uniform per draw and is monotone in it, so two
policies that share the uniform get coupled outcomes. No generator of numpy is used for a
distribution: the same uniforms give the same counts in every batch.

All functions broadcast; ``u`` is uniform on (0, 1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import bdtr, expit, logit, ndtri, pdtr

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

HALF_YEAR = 26.0
"""Weeks over which alarm, arrests and profits are smoothed."""
_NEARLY_ONE = 1.0 - 1e-12
"""A little less than one, so that rounding cannot hide a draw that may be more than zero."""
_DIRECT_MEAN = 30.0
"""Above this mean the search starts at the normal approximation instead of at zero."""


def logistic(x: ArrayLike) -> Floats:
    """1 / (1 + exp(-x))."""
    return expit(np.asarray(x, dtype=np.float64))


def log_odds(p: ArrayLike) -> Floats:
    """ln(p / (1 - p)), the inverse of `logistic`."""
    return logit(np.asarray(p, dtype=np.float64))


def probability(hazard: ArrayLike) -> Floats:
    """Probability of at least one event in a unit of time: 1 - exp(-hazard)."""
    return -np.expm1(-np.asarray(hazard, dtype=np.float64))


def softmax(values: Floats, axis: int = -1) -> Floats:
    """Shares proportional to exp(values) along an axis; they sum to 1."""
    shifted = np.exp(values - values.max(axis=axis, keepdims=True))
    return shifted / shifted.sum(axis=axis, keepdims=True)


def choose(u: ArrayLike, shares: Floats) -> Counts:
    """Index drawn from shares along the last axis [..., option]; u has the other axes."""
    cumulative = np.cumsum(shares, axis=-1)
    target = np.asarray(u)[..., None] * cumulative[..., -1:]
    return np.minimum((target > cumulative).sum(axis=-1), shares.shape[-1] - 1).astype(np.int64)


def smoothed(before: ArrayLike, now: ArrayLike) -> Floats:
    """Running mean that forgets over half a year, in the units of what is smoothed."""
    before = np.asarray(before, np.float64)
    return before + (np.asarray(now) - before) / HALF_YEAR


def lognormal(u: ArrayLike, log_sd: ArrayLike) -> Floats:
    """Multiplicative noise with mean 1: exp(sd z - sd^2 / 2)."""
    sd = np.asarray(log_sd, dtype=np.float64)
    return np.exp(sd * ndtri(u) - 0.5 * sd * sd)


def normal(u: ArrayLike) -> Floats:
    """Standard normal quantile."""
    return ndtri(np.asarray(u, dtype=np.float64))


def _climb(u: Floats, first: Floats, ratio: Callable[..., Floats], *of: NDArray[Any]) -> Counts:
    """Smallest k with F(k) >= u, by adding terms; ratio(k, *of) is f(k+1)/f(k)."""
    count = np.zeros(u.shape, dtype=np.int64)
    active = np.flatnonzero(u > first)
    u, term = u[active], first[active]
    of = tuple(values[active] for values in of)
    cdf, k = term.copy(), 0
    while active.size:
        term *= ratio(k, *of)
        before, cdf = cdf, cdf + term
        k += 1
        # A term below the rounding of the sum can no longer move it: the tail is exhausted.
        moving = (u > cdf) & (cdf > before)
        if not moving.all():
            count[active[~moving]] = k
            active, u, term, cdf = active[moving], u[moving], term[moving], cdf[moving]
            of = tuple(values[moving] for values in of)
    return count


def _settle(u: Floats, start: Floats, cdf: Callable[[Floats, NDArray[np.intp]], Floats]) -> Counts:
    """Smallest k with F(k) >= u, walking from a good guess with the exact F."""
    k = np.maximum(np.floor(start), 0.0)
    every = np.arange(u.size)
    down = every
    while down.size:
        lower = (k[down] > 0) & (cdf(k[down] - 1, down) >= u[down])
        down = down[lower]
        k[down] -= 1
    up = every
    while up.size:
        up = up[cdf(k[up], up) < u[up]]
        k[up] += 1
    return k.astype(np.int64)


def poisson(u: ArrayLike, mean: ArrayLike) -> Counts:
    """Poisson count with the given mean."""
    u, mean = np.broadcast_arrays(np.asarray(u, np.float64), np.asarray(mean, np.float64))
    count = np.zeros(u.shape, dtype=np.int64)
    p_none = np.exp(-mean)
    hit = np.flatnonzero(u > p_none)
    if not hit.size:
        return count
    uh, mh, ph = u.ravel()[hit], mean.ravel()[hit], p_none.ravel()[hit]
    small = mh <= _DIRECT_MEAN
    drawn = np.zeros(hit.size, dtype=np.int64)
    if small.any():
        m = mh[small]
        drawn[small] = _climb(uh[small], ph[small], lambda k, m: m / (k + 1), m)
    if not small.all():
        m, ub = mh[~small], uh[~small]
        z = ndtri(ub)
        guess = m + np.sqrt(m) * z + (z * z - 1) / 6
        drawn[~small] = _settle(ub, guess, lambda k, i: pdtr(k, m[i]))
    count.ravel()[hit] = drawn
    return count


def negative_binomial(u: ArrayLike, mean: ArrayLike, shape: float) -> Counts:
    """Negative binomial count with the given mean and variance mean + mean^2 / shape."""
    u, mean = np.broadcast_arrays(np.asarray(u, np.float64), np.asarray(mean, np.float64))
    count = np.zeros(u.shape, dtype=np.int64)
    p_none = np.exp(-shape * np.log1p(mean / shape))
    hit = np.flatnonzero(u > p_none)
    if hit.size:
        m = mean.ravel()[hit]
        odds = m / (m + shape)
        first = p_none.ravel()[hit]
        count.ravel()[hit] = _climb(
            u.ravel()[hit], first, lambda k, odds: odds * ((shape + k) / (k + 1)), odds
        )
    return count


def binomial(u: ArrayLike, n: ArrayLike, p: ArrayLike) -> Counts:
    """Number of successes of n trials with probability p; n is a whole number."""
    u, n, p = np.broadcast_arrays(
        np.asarray(u, np.float64), np.asarray(n, np.int64), np.asarray(p, np.float64)
    )
    count = np.zeros(u.shape, dtype=np.int64)
    # (1 - p)^n >= 1 - n p: most draws are known to be zero without the power
    maybe = np.flatnonzero(n * p > _NEARLY_ONE - u)
    if maybe.size:
        u, n, p = u.ravel()[maybe], n.ravel()[maybe], p.ravel()[maybe]
        with np.errstate(divide="ignore", invalid="ignore"):
            p_none = np.exp(n * np.log1p(-np.minimum(p, 1.0)))
        hit = np.flatnonzero((u > p_none) & (n > 0) & (p > 0))
        if hit.size:
            count.ravel()[maybe[hit]] = _binomial_hit(u[hit], n[hit], p[hit])
    return count


def _binomial_hit(u: Floats, n: Counts, p: Floats) -> Counts:
    """Binomial quantile where at least one success is likely to be needed."""
    flip = p > 0.5  # count failures instead, so that the first term cannot underflow
    u, p = np.where(flip, 1.0 - u, u), np.where(flip, 1.0 - p, p)
    drawn = np.zeros(u.size, dtype=np.int64)
    small = n * p <= _DIRECT_MEAN
    if small.any():
        ns, ps = n[small], p[small]
        odds = ps / (1.0 - ps)
        first = np.exp(ns * np.log1p(-ps))
        drawn[small] = _climb(
            u[small], first, lambda k, n, odds: np.maximum(n - k, 0) / (k + 1) * odds, ns, odds
        )
    if not small.all():
        nb, pb, ub = n[~small], p[~small], u[~small]
        guess = nb * pb + np.sqrt(nb * pb * (1.0 - pb)) * ndtri(ub)
        drawn[~small] = _settle(ub, np.minimum(guess, nb), lambda k, i: bdtr(k, nb[i], pb[i]))
    drawn = np.minimum(drawn, n)  # rounding in the far tail must not count past the last trial
    return np.where(flip, n - drawn, drawn)


def multinomial(u: ArrayLike, n: ArrayLike, shares: Floats) -> Counts:
    """Split whole numbers n by shares [..., option] with one uniform per option but the last.

    Args:
        u: uniforms [..., option - 1].
        n: whole numbers [...].
        shares: non-negative weights [..., option]; scaled to sum to 1.
    """
    u = np.asarray(u, np.float64)
    left = np.asarray(n, np.int64)
    remaining = np.cumsum(shares[..., ::-1], axis=-1)[..., ::-1]
    parts = []
    for option in range(shares.shape[-1] - 1):
        total = remaining[..., option]
        part = binomial(u[..., option], left, shares[..., option] / np.where(total > 0, total, 1.0))
        parts.append(part)
        left = left - part
    parts.append(left)
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


@lru_cache(maxsize=256)
def _power_law_cdf(exponent: float, shift: float, cutoff: int) -> Floats:
    k = np.arange(1, cutoff + 1, dtype=np.float64)
    weight = (k + shift) ** -exponent
    return np.cumsum(weight) / weight.sum()


def shifted_power_law(u: ArrayLike, exponent: float, shift: float, cutoff: int) -> Counts:
    """Whole number k in 1..cutoff with probability proportional to (k + shift)^-exponent.

    The tail of attack severity (paper:clauset2007); the shift lifts its mean, which
    without it is several times below the deaths per attack on record.
    """
    table = _power_law_cdf(float(exponent), float(shift), int(cutoff))
    return np.minimum(np.searchsorted(table, np.asarray(u)), cutoff - 1).astype(np.int64) + 1


def rounded(u: ArrayLike, mean: ArrayLike) -> Counts:
    """Whole number just below or above a mean that it has: floor(mean + u).

    Stands for a count of many where chance around the mean is small beside what is not known.
    """
    return np.floor(np.asarray(mean, np.float64) + np.asarray(u, np.float64)).astype(np.int64)


def split_in_order(whole: Counts, weights: Floats) -> Counts:
    """Split whole numbers [...] over the last axis of weights [..., option], to the unit.

    Each option gets the difference of rounded running shares, so it is off by less than one and
    the parts sum to the whole; quicker than `spread_evenly`, and not its equal.
    """
    running = np.cumsum(weights, axis=-1)
    share = running / running[..., -1:]
    parts = np.rint(np.asarray(whole)[..., None] * share).astype(np.int64)
    parts[..., 1:] -= parts[..., :-1].copy()
    return parts


def weighted_sums(values: NDArray[Any], weights: NDArray[Any]) -> Floats:
    """Sums over the second axis of values [r, n] times weights [n, m], as [r, m].

    Added up in a fixed order: a matrix product would round a row by how many rows stand with it.
    """
    weights = np.ascontiguousarray(weights, dtype=np.float64)
    table = _sparse(weights.tobytes(), weights.shape)
    return np.ascontiguousarray((table @ values.T.astype(np.float64, order="C")).T)


@lru_cache(maxsize=256)
def _sparse(weights: bytes, shape: tuple[int, int]) -> csr_array:
    """Weights [n, m] as a sparse table [m, n], whose rows are added up in the order of n."""
    return csr_array(np.frombuffer(weights).reshape(shape).T)


def spread_evenly(whole: Counts, weights: Floats) -> Counts:
    """Split whole numbers over the last axis in proportion to weights, to the unit.

    Largest remainder with ties to the first; parts sum to whole [...] exactly. Remainders are
    compared to six digits, so that the rounding of a division cannot break a tie.
    """
    exact = whole[..., None] * weights / weights.sum(axis=-1, keepdims=True)
    parts = np.floor(exact).astype(np.int64)
    missing = whole - parts.sum(axis=-1)
    order = np.argsort(-np.round(exact - parts, 6), axis=-1, kind="stable")
    rank = np.argsort(order, axis=-1, kind="stable")
    return parts + (rank < missing[..., None])
