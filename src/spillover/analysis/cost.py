"""Cost beside benefit: who is on the front, and what policies of equal cost differ in."""

from __future__ import annotations

import numpy as np


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
