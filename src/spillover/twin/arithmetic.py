"""The signs of docs/odd.md, section 7, for plain Python numbers."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import lru_cache

from spillover import rates
from spillover.clock import WEEKS_PER_YEAR

Y = WEEKS_PER_YEAR
"""Weeks of a year."""
MANY = 30.0
"""Expected counts above this are left to `rates`; adding terms from zero would lose digits."""


def p(hazard: float) -> float:
    """Weekly probability that belongs to a weekly hazard."""
    return -math.expm1(-hazard)


def sigma(x: float) -> float:
    """The logistic function."""
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0 else math.exp(x) / (1.0 + math.exp(x))


def logit(share: float) -> float:
    """The inverse of `sigma`."""
    return math.log(share / (1.0 - share))


def softmax(scores: Sequence[float]) -> list[float]:
    """Shares proportional to exp of the scores."""
    highest = max(scores)
    weights = [math.exp(score - highest) for score in scores]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def rint(x: float) -> int:
    """The nearest whole number, halves to even."""
    return round(float(x))


def clip(x: float, low: float, high: float) -> float:
    """The number, or the limit that it passed."""
    return min(max(x, low), high)


def mean(values: Sequence[float]) -> float:
    """The plain mean."""
    return sum(values) / len(values)


def split(n: int, weights: Sequence[float]) -> list[int]:
    """Whole parts of n by weight: differences of rounded running shares; none without weight."""
    whole = sum(weights)
    running, given, parts = 0.0, 0, []
    for weight in weights:
        running += weight
        end = rint(n * (running / whole)) if whole else 0
        parts.append(end - given)
        given = end
    return parts


def spread(n: int, weights: Sequence[float]) -> list[int]:
    """Whole parts of n by weight: largest remainder, to six digits, with ties to the first."""
    whole = sum(weights)
    exact = [n * weight / whole for weight in weights]
    parts = [math.floor(part) for part in exact]
    remainder = [round(one - part, 6) for one, part in zip(exact, parts, strict=True)]
    order = sorted(range(len(parts)), key=lambda option: -remainder[option])
    for option in order[: n - sum(parts)]:
        parts[option] += 1
    return parts


def poisson_quantile(u: float, expected: float) -> int:
    """Smallest k with F(k) >= u of a Poisson distribution."""
    if expected > MANY:
        return int(rates.poisson([u], [expected])[0])
    term = reached = math.exp(-expected)
    k = 0
    while u > reached:
        k += 1
        term *= expected / k
        if reached + term == reached:
            break
        reached += term
    return k


def binomial_quantile(u: float, n: int, share: float) -> int:
    """Smallest k with F(k) >= u; above one half the failures are counted, at 1 - u."""
    if n <= 0 or share <= 0:
        return 0
    if share >= 1:
        return n
    if share > 0.5:
        return n - binomial_quantile(1.0 - u, n, 1.0 - share)
    if n * share > MANY:
        return int(rates.binomial([u], [n], [share])[0])
    term = reached = math.exp(n * math.log1p(-share))
    k = 0
    while u > reached and k < n:
        term *= (n - k) / (k + 1) * share / (1.0 - share)
        k += 1
        if reached + term == reached:
            break
        reached += term
    return k


def negative_binomial_quantile(u: float, expected: float, shape: float) -> int:
    """Smallest k with F(k) >= u; the variance is mean + mean^2 / shape."""
    term = reached = math.exp(-shape * math.log1p(expected / shape))
    k = 0
    while u > reached:
        term *= expected / (expected + shape) * (shape + k) / (k + 1)
        k += 1
        if reached + term == reached:
            break
        reached += term
    return k


def first_reached(u: float, weights: Sequence[float]) -> int:
    """The first option whose cumulative weight reaches u times the sum."""
    target = u * sum(weights)
    reached = 0.0
    for option, weight in enumerate(weights):
        reached += weight
        if reached >= target:
            return option
    return len(weights) - 1


@lru_cache(maxsize=64)
def _severities(exponent: float, shift: float, most: int) -> list[float]:
    weights = [(k + shift) ** -exponent for k in range(1, most + 1)]
    whole = sum(weights)
    reached, out = 0.0, []
    for weight in weights:
        reached += weight
        out.append(reached / whole)
    return out


def severity_quantile(u: float, exponent: float, shift: float, most: float) -> int:
    """PL(a, s, K): a whole number k of 1 to K with weight (k + s)^-a."""
    table = _severities(float(exponent), float(shift), int(most))
    return min(bisect_left(table, u), len(table) - 1) + 1
