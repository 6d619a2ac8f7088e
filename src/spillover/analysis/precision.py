"""How many worlds are enough: sequential looks at the widths of the intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from spillover.analysis.contrasts import student


@dataclass(frozen=True)
class Rule:
    """Looks every ``block`` worlds from ``floor`` on; ``successive`` of them must be good."""

    block: int = 50
    floor: int = 100
    successive: int = 3


@dataclass(frozen=True)
class Stopping:
    """Result of a stopping rule.

    ``n`` worlds were needed, or all there are if the precision ``is_met`` is False. Per contrast:
    ``half_widths`` at ``n`` and ``n_needed`` worlds for its target at that spread. The
    ``last_contrast`` is the one that came last within its target, or is farthest from it.
    """

    n: int
    is_met: bool
    last_contrast: int
    half_widths: np.ndarray
    n_needed: np.ndarray


def earliest(rule: Rule) -> int:
    """Fewest worlds after which a rule can be met."""
    return rule.floor + rule.block * (rule.successive - 1)


def half_widths(differences: np.ndarray) -> np.ndarray:
    """Half-widths [contrast] of simultaneous 95% intervals (Bonferroni-t) from [contrast, world].

    Bonferroni's bound needs no resampling, and only the worlds so far; it is never too narrow.
    """
    n_contrasts, n = differences.shape
    return student(n, n_contrasts) * differences.std(axis=1, ddof=1) / math.sqrt(n)


def stopping(differences: np.ndarray, targets: np.ndarray, rule: Rule) -> Stopping:
    """Apply a rule to worlds in their order; more worlds never change an earlier stop.

    Args:
        differences: paired differences [contrast, world].
        targets: half-width wanted of each contrast [contrast], in its unit.
        rule: when to look.
    """
    n_worlds = differences.shape[1]
    good = 0
    ratios = half_widths(differences) / targets
    last = int(np.argmax(ratios))
    for n in range(rule.floor, n_worlds + 1, rule.block):
        ratios = half_widths(differences[:, :n]) / targets
        good = good + 1 if ratios.max() <= 1.0 else 0
        if ratios.max() > 1.0 or n == rule.floor:
            last = int(np.argmax(ratios))
        if good == rule.successive:
            return _stopping(differences, targets, n, True, last)
    widest = int(np.argmax(half_widths(differences) / targets))
    return _stopping(differences, targets, n_worlds, False, widest)


def _stopping(
    differences: np.ndarray, targets: np.ndarray, n: int, is_met: bool, last: int
) -> Stopping:
    half = half_widths(differences[:, :n])
    needed = np.ceil(np.maximum(n * np.square(half / targets), 2.0)).astype(int)
    return Stopping(n, is_met, last, half, needed)
