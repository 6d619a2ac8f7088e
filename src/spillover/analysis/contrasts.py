"""Intervals of many paired differences that hold together, and the verdicts that rest on them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtrit

from spillover.analysis.summary import CONFIDENCE

RESAMPLES = 2000
MOST_WEIGHTS = 8_000_000
"""Weights of the bootstrap that are held at once, 64 MB."""
SEED = 1  # of the bootstrap: the same table every time
FEWEST_FOR_BOOTSTRAP = 200
"""Worlds from which on the bootstrap replaces Bonferroni's bound, which is too wide."""


FEWEST_CHANGED = 30
"""Worlds in which a contrast must differ from its usual value to be resampled."""


@dataclass(frozen=True)
class Intervals:
    """Means [contrast] with limits ``mean -+ critical * standard error`` of each contrast."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    critical: np.ndarray
    method: str


def simultaneous_intervals(differences: np.ndarray, confidence: float = CONFIDENCE) -> Intervals:
    """Intervals of the means of all contrasts that hold together with the given confidence.

    From 200 worlds on the critical value is that quantile of the largest absolute studentised
    deviation over the contrasts in 2,000 resamples of whole worlds (bootstrap max-t, Westfall and
    Young 1993), so that correlation between contrasts is used. Below, it is Student's quantile at
    Bonferroni's level; and likewise for contrasts that differ from their usual value in fewer than
    30 worlds, because a resample may miss those worlds and then says nothing. Both parts share the
    error of the family by their numbers of contrasts. A contrast that is the same in every world
    has an interval of width zero.

    Args:
        differences: [contrast, world], in the unit of each outcome.
        confidence: of the whole family.

    Raises:
        ValueError: fewer than two worlds.
    """
    n = differences.shape[1]
    if n < 2:
        raise ValueError(f"intervals need two worlds, got {n}")
    mean = differences.mean(axis=1)
    error = np.where(np.ptp(differences, axis=1) > 0, differences.std(axis=1, ddof=1), 0.0)
    error /= math.sqrt(n)
    n_varying = max(1, int((error > 0.0).sum()))
    critical = np.full(len(differences), student(n, n_varying, confidence))
    often = np.array([_n_changed(row) >= FEWEST_CHANGED for row in differences], dtype=bool)
    method = "Bonferroni-t"
    if n >= FEWEST_FOR_BOOTSTRAP and often.any():
        share = often.sum() / n_varying
        largest = _largest_deviations(differences[often])
        level = 1.0 - (1.0 - confidence) * share
        critical[often] = np.quantile(largest, level, method="higher")
        method = "bootstrap max-t"
    return Intervals(mean, mean - critical * error, mean + critical * error, critical, method)


def _n_changed(row: np.ndarray) -> int:
    """Worlds in which a contrast differs from its most frequent value."""
    return len(row) - int(np.unique(row, return_counts=True)[1].max())


def student(n: int, n_contrasts: int, confidence: float = CONFIDENCE) -> float:
    """Student's quantile for one of ``n_contrasts`` two-sided intervals from ``n`` worlds."""
    return float(stdtrit(n - 1, 1.0 - (1.0 - confidence) / (2.0 * n_contrasts)))


def resampled_means(values: np.ndarray) -> np.ndarray:
    """Mean of each row of ``values`` [row, world] in every bootstrap resample [resample, row].

    The same worlds are drawn for every row and call. Memory does not grow with the worlds beyond
    some 64 MB: weights of many worlds are drawn a few resamples at a time.
    """
    n = values.shape[1]
    size = max(MOST_WEIGHTS // n, 1)
    if size >= RESAMPLES:
        return np.asarray(_weights(n) @ values.T)
    rng, share = np.random.default_rng(SEED), np.full(n, 1.0 / n)
    sizes = [min(size, RESAMPLES - done) for done in range(0, RESAMPLES, size)]
    return np.concatenate([rng.multinomial(n, share, size=m) / n @ values.T for m in sizes])


@lru_cache(maxsize=1)
def _weights(n: int) -> np.ndarray:
    """How often a world is drawn, over ``n`` [resample, world]."""
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES) / n
    weights.flags.writeable = False  # it is shared
    return weights


def _largest_deviations(differences: np.ndarray) -> np.ndarray:
    """Largest absolute studentised deviation over the contrasts, per resample."""
    n = differences.shape[1]
    centred = differences - differences.mean(axis=1, keepdims=True)
    mean = resampled_means(centred)
    square = resampled_means(np.square(centred))
    error = np.sqrt(np.maximum(square - np.square(mean), 0.0) / (n - 1))
    return np.abs(mean / error).max(axis=1)


def verdicts(low: np.ndarray, high: np.ndarray, tolerance: float, better: str) -> list[str]:
    """What an interval says at a tolerance.

    ``no difference that matters``: wholly inside the indifference zone. ``better`` or ``harmful``:
    wholly on one side of zero, and beyond the zone at least in part. ``not known well enough``:
    otherwise. Without a better direction the sides are called ``higher`` and ``lower``.

    Args:
        low: lower ends [contrast].
        high: upper ends [contrast].
        tolerance: half-width of the zone, in the unit of the outcome.
        better: ``lower``, ``higher`` or empty.
    """
    above = {"lower": "harmful", "higher": "better"}.get(better, "higher")
    below = {"lower": "better", "higher": "harmful"}.get(better, "lower")
    words = []
    for start, end in zip(low, high, strict=True):
        if -tolerance <= start and end <= tolerance:
            words.append("no difference that matters")
        elif start > 0.0:
            words.append(above)
        elif end < 0.0:
            words.append(below)
        else:
            words.append("not known well enough")
    return words
