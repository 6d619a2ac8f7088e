"""Eight robustness metrics over scenarios that carry no probability (McPhail and others 2018).

Every metric takes values [policy, scenario] turned so that larger is better and returns one value
per policy; of regret and spread less is better, of all others more. Metrics disagree by
construction: they stand for different attitudes to risk, and `rank_agreement` says how much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from scipy.stats import kendalltau, rankdata

from spillover.analysis.tails import cvar

OPTIMISM = 0.5
"""Weight of the best scenario in Hurwicz' criterion; the worst one has the rest."""
TAIL = 0.5
"""Level of CVaR over scenarios: the mean of the worse half of them."""


def regret(values: np.ndarray) -> np.ndarray:
    """How much worse than the best policy of the same scenario [policy, scenario]."""
    return values.max(axis=0, keepdims=True) - values


def maximin(values: np.ndarray) -> np.ndarray:
    """Value in the worst scenario (Wald 1950)."""
    return values.min(axis=1)


def minimax_regret(values: np.ndarray) -> np.ndarray:
    """Largest regret (Savage 1954)."""
    return regret(values).max(axis=1)


def regret_p90(values: np.ndarray) -> np.ndarray:
    """90th percentile of regret (Kasprzyk and others 2013)."""
    return np.quantile(regret(values), 0.9, axis=1)


def laplace(values: np.ndarray) -> np.ndarray:
    """Mean over the scenarios, all weighed alike (insufficient reason)."""
    return values.mean(axis=1)


def hurwicz(values: np.ndarray) -> np.ndarray:
    """Weighted mean of the best and the worst scenario (Hurwicz 1951)."""
    return OPTIMISM * values.max(axis=1) + (1.0 - OPTIMISM) * values.min(axis=1)


def mean_variance(values: np.ndarray) -> np.ndarray:
    """Mean less the standard deviation over the scenarios (after Hamarat and others 2014)."""
    return values.mean(axis=1) - values.std(axis=1)


def starr(values: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Share of scenarios in which a policy reaches a threshold [scenario] (Starr 1963)."""
    return (values >= threshold).mean(axis=1)


def worst_half(values: np.ndarray) -> np.ndarray:
    """CVaR: mean of the worse half of the scenarios."""
    return np.array([cvar(row, TAIL, "low") for row in values])


METRICS: Mapping[str, tuple[Callable[[np.ndarray], np.ndarray], bool]] = MappingProxyType(
    {
        "maximin": (maximin, True),
        "minimax_regret": (minimax_regret, False),
        "regret_p90": (regret_p90, False),
        "laplace": (laplace, True),
        "hurwicz": (hurwicz, True),
        "mean_variance": (mean_variance, True),
        "cvar": (worst_half, True),
    }
)
"""Metrics that need values alone -> function, and whether more is better. `starr` is the eighth."""


def ranks(metric: np.ndarray, is_more_better: bool = True) -> np.ndarray:
    """Ranks [policy] from 1 for the best; equal values share the better rank."""
    turned = -metric if is_more_better else metric
    return rankdata(np.round(turned, 12), method="min")


def rank_agreement(metrics: np.ndarray) -> np.ndarray:
    """Kendall's tau-b between the ranks of metrics [metric, policy], as [metric, metric].

    NaN where a metric has the same rank for every policy and so orders nothing.
    """
    n = len(metrics)
    table = np.full((n, n), np.nan)
    for first in range(n):
        for second in range(n):
            is_flat = np.ptp(metrics[first]) == 0 or np.ptp(metrics[second]) == 0
            if not is_flat:
                table[first, second] = kendalltau(metrics[first], metrics[second]).statistic
    return table
