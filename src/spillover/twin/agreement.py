"""Whether two samples of runs agree: ranks, with all outcomes judged together, and ratios of means.

Both questions are asked, because each is easy to pass alone: few runs never differ in ranks, and
means agree where shapes do not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import mannwhitneyu

LEVEL = 0.01
"""Probability of refusing two models that are the same, over all outcomes together (Holm)."""
BAND = (0.95, 1.05)
"""Where the 95% interval of the ratio of two means has to lie."""
NORMAL_95 = 1.959963984540054  # two-sided 95% quantile of the normal distribution


@dataclass(frozen=True)
class Agreement:
    """One outcome of two samples."""

    outcome: str
    p_value: float
    """Of the two-sided Mann-Whitney test."""
    is_refused: bool
    """Whether Holm's procedure finds a difference at `LEVEL`."""
    ratio: float
    low: float
    high: float
    """Ratio of the means, ours over theirs, with its 95% interval."""

    @property
    def is_inside(self) -> bool:
        """Whether the interval of the ratio lies inside `BAND`."""
        return BAND[0] <= self.low and self.high <= BAND[1]

    def __str__(self) -> str:
        """One line for a reader."""
        verdict = "differs" if self.is_refused else "agrees"
        ratio = f"{self.ratio:.3f} ({self.low:.3f} to {self.high:.3f})"
        return f"{self.outcome}: {verdict}, p = {self.p_value:.3g}, ratio of means {ratio}"


def compare_samples(
    ours: Mapping[str, Sequence[float]], theirs: Mapping[str, Sequence[float]]
) -> list[Agreement]:
    """Every outcome of two samples of runs, in the order of ours.

    Args:
        ours: by outcome, one number per run.
        theirs: the same outcomes; the number of runs may differ.
    """
    values = {name: _p_value(ours[name], theirs[name]) for name in ours}
    refused = holm(values, LEVEL)
    return [
        Agreement(name, values[name], name in refused, *ratio_of_means(ours[name], theirs[name]))
        for name in ours
    ]


def _p_value(ours: Sequence[float], theirs: Sequence[float]) -> float:
    pooled = [*ours, *theirs]
    if min(pooled) == max(pooled):
        return 1.0  # the same number everywhere
    return float(mannwhitneyu(ours, theirs, alternative="two-sided").pvalue)


def holm(p_values: Mapping[str, float], level: float) -> set[str]:
    """Names that Holm's step-down procedure refuses at a level for the whole family."""
    refused: set[str] = set()
    for rank, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        if p_values[name] > level / (len(p_values) - rank):
            break
        refused.add(name)
    return refused


def ratio_of_means(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Ratio of two means with its 95% interval (delta method on the log ratio)."""
    a, b = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if a.mean() <= 0 or b.mean() <= 0:
        is_same = a.mean() == b.mean() == 0
        return (1.0, 1.0, 1.0) if is_same else (float("nan"), 0.0, float("inf"))
    ratio = float(a.mean() / b.mean())
    spread = a.var(ddof=1) / len(a) / a.mean() ** 2 + b.var(ddof=1) / len(b) / b.mean() ** 2
    half = NORMAL_95 * float(np.sqrt(spread))
    return ratio, ratio * float(np.exp(-half)), ratio * float(np.exp(half))
