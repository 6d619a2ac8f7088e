"""Tails: the mean of the worst worlds, and how often a threshold is passed."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binomtest

from spillover.analysis.summary import CONFIDENCE


def cvar(values: np.ndarray, level: float, worst: str) -> float:
    """Mean of the worst ``1 - level`` of the worlds (Rockafellar and Uryasev 2000).

    The world on the border counts with the part of its weight that belongs to the tail.

    Args:
        values: [world], in the unit of the outcome.
        level: between 0 (mean of all worlds) and 1 (excluded).
        worst: ``high`` or ``low``, where the bad worlds are.

    Raises:
        ValueError: the level is outside its range, or there is no world.
    """
    if not 0.0 <= level < 1.0 or not len(values):
        raise ValueError(f"no tail at level {level} of {len(values)} worlds")
    ordered = np.sort(values if worst == "low" else -values)
    size = (1.0 - level) * len(values)
    weights = np.clip(size - np.arange(len(values)), 0.0, 1.0)
    mean = float((weights * ordered).sum() / size)
    return mean if worst == "low" else -mean


def beyond(values: np.ndarray, threshold: float, worst: str) -> np.ndarray:
    """Which worlds [world] are worse than a threshold."""
    return values > threshold if worst == "high" else values < threshold


def wilson(successes: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's interval of a share (1927); unknown from no world."""
    if n == 0:
        return math.nan, math.nan
    found = binomtest(int(successes), int(n)).proportion_ci(confidence, method="wilson")
    return float(found.low), float(found.high)
