"""Cost beside benefit: who is on the front, and what policies of equal cost differ in."""

from __future__ import annotations

import numpy as np
from scipy import stats

from spillover.analysis.summary import CONFIDENCE


def pareto_front(costs: np.ndarray, benefits: np.ndarray) -> np.ndarray:
    """Which policies [policy] no other beats: cheaper or equal, and better or equal, one strictly.

    Args:
        costs: [policy], lower is better.
        benefits: [policy], higher is better; NaN is on no front.
    """
    cheaper = costs[:, None] <= costs[None, :]
    as_good = benefits[:, None] >= benefits[None, :]
    strictly = (costs[:, None] < costs[None, :]) | (benefits[:, None] > benefits[None, :])
    is_beaten = (cheaper & as_good & strictly).any(axis=0)
    return ~is_beaten & np.isfinite(benefits)


def ratio_interval(effects: np.ndarray, costs: np.ndarray) -> tuple[float, float]:
    """95% interval of the mean effect over the mean cost of the same worlds (Fieller 1954).

    Args:
        effects: [world].
        costs: [world], of the same worlds.

    Returns:
        NaN for both ends where the cost cannot be told from none: the ratio has no bounds then.
    """
    n = len(effects)
    if n < 2:
        return np.nan, np.nan
    effect, cost = float(effects.mean()), float(costs.mean())
    covariance = np.cov(effects, costs) / n
    square = float(stats.t.ppf(0.5 + CONFIDENCE / 2.0, n - 1)) ** 2
    # ends are the roots of  a r^2 - 2 b r + c = 0
    a = cost**2 - square * covariance[1, 1]
    b = effect * cost - square * covariance[0, 1]
    c = effect**2 - square * covariance[0, 0]
    if a <= 0:
        return np.nan, np.nan
    root = np.sqrt(max(b**2 - a * c, 0.0))
    return float((b - root) / a), float((b + root) / a)


def equal_cost_pairs(costs: np.ndarray, share: float = 0.1) -> list[tuple[int, int]]:
    """Pairs of policies whose costs differ by at most a share of the dearer one.

    Policies are not divisible, so none is scaled down to the cost of another: only those that
    happen to cost about the same are compared at equal cost.
    """
    return [
        (first, second)
        for first in range(len(costs))
        for second in range(first + 1, len(costs))
        if abs(costs[first] - costs[second]) <= share * max(costs[first], costs[second])
    ]
