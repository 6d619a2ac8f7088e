"""Which policy is best, how surely, and which are not worse than it by more than a tolerance."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spillover.analysis.contrasts import resampled_means, student
from spillover.analysis.summary import CONFIDENCE


@dataclass(frozen=True)
class BestSet:
    """Distance of each policy [policy] from the best, and who may be called as good as it.

    ``gap`` is how much worse than the best of the others (0 for the best), ``gap_high`` its upper
    confidence limit, both in the unit of the outcome.
    """

    gap: np.ndarray
    gap_high: np.ndarray
    is_in_set: np.ndarray


def oriented(values: np.ndarray, better: str) -> np.ndarray:
    """Values turned so that larger is better.

    Raises:
        ValueError: ``better`` is neither ``lower`` nor ``higher``.
    """
    if better not in ("lower", "higher"):
        raise ValueError(f"no direction is better: {better!r}")
    return -values if better == "lower" else values


def probability_best(values: np.ndarray, better: str) -> np.ndarray:
    """Share of resamples of whole worlds in which a policy [policy] has the best mean.

    Ties are shared. It says how sure the order of the means is, not how often a policy wins.

    Args:
        values: [policy, world].
        better: ``lower`` or ``higher``.
    """
    means = resampled_means(oriented(values, better))
    return _shares_of_best(means)


def share_best(values: np.ndarray, better: str) -> np.ndarray:
    """Share of worlds in which a policy [policy] is the best of all, ties shared."""
    return _shares_of_best(oriented(values, better).T)


def _shares_of_best(rows: np.ndarray) -> np.ndarray:
    """Share of rows [row, policy] that a policy leads; tied leaders share a row."""
    top = rows.max(axis=1, keepdims=True)
    # means of equal columns differ in their last digits
    leads = rows >= top - 1e-12 * np.maximum(1.0, np.abs(top))
    return (leads / leads.sum(axis=1, keepdims=True)).mean(axis=0)


def not_worse_than_best(
    values: np.ndarray, tolerance: float, better: str, confidence: float = CONFIDENCE
) -> BestSet:
    """Policies that are better than the sample best less a tolerance, or may be.

    A policy leaves the set when it is worse than some other policy by more than the tolerance,
    with simultaneous one-sided paired intervals over all pairs (Bonferroni); so the set holds every
    policy whose true distance from the best is within the tolerance, with the given confidence
    (subset selection; Nelson, Swann, Goldsman and Song 2001).

    Args:
        values: [policy, world].
        tolerance: the indifference zone, in the unit of the outcome.
        better: ``lower`` or ``higher``.
        confidence: of the whole set.
    """
    turned = oriented(values, better)
    n_policies, n = turned.shape
    # one-sided over ordered pairs: two-sided over unordered ones
    critical = student(n, max(1, n_policies * (n_policies - 1) // 2), confidence)
    gap, gap_high = np.zeros(n_policies), np.zeros(n_policies)
    is_in_set = np.ones(n_policies, dtype=bool)
    best = int(turned.mean(axis=1).argmax())
    for policy in range(n_policies):
        behind = turned - turned[policy]  # positive where another policy is better
        mean = behind.mean(axis=1)
        half = critical * behind.std(axis=1, ddof=1) / math.sqrt(n)
        gap[policy] = max(0.0, mean[best])
        gap_high[policy] = max(0.0, mean[best] + half[best])
        is_in_set[policy] = not np.any(mean - half > tolerance)
    return BestSet(gap, gap_high, is_in_set)
