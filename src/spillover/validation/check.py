"""One number of a pattern: what was observed, what a hindcast gave, and the verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
PASS, MISS, NOT_COVERED = "pass", "miss", "not covered"
INTERVAL = (0.05, 0.95)
"""Quantiles over the worlds that must span an observed value: 90% of the worlds."""


class NotCovered(Exception):
    """A run folder lacks what a pattern needs; the text says what."""


@dataclass(frozen=True)
class Spec:
    """What a number should be.

    Args:
        title: what it is, with its window.
        unit: unit of target, band and values.
        target: observed value that 90% of the worlds must span; None where there is only a band.
        band: lowest and highest value the median may have; None where only the span counts.
        least: for a yes or no per world, the share of worlds that must say yes.
        source: rows behind it, or whose judgement the band is.
    """

    title: str
    unit: str
    target: float | None = None
    band: tuple[float, float] | None = None
    least: float | None = None
    source: str = ""


@dataclass(frozen=True)
class Check:
    """A spec with one value per world; without values `reason` says why."""

    pattern: str
    spec: Spec
    values: Values = field(repr=False)
    draws: NDArray[np.int64] = field(repr=False)
    reason: str = ""

    @property
    def median(self) -> float:
        """Median over the worlds, for a yes or no the share of yes."""
        if not len(self.values):
            return float("nan")
        middle = np.median if self.spec.least is None else np.mean
        return float(middle(self.values))

    @property
    def span(self) -> tuple[float, float]:
        """5% and 95% quantile over the worlds."""
        if not len(self.values):
            return float("nan"), float("nan")
        low, high = np.quantile(self.values, INTERVAL)
        return float(low), float(high)

    @property
    def status(self) -> str:
        """Pass, miss or not covered."""
        if not len(self.values):
            return NOT_COVERED
        return PASS if self.is_spanned and self.is_inside(self.median) else MISS

    @property
    def is_spanned(self) -> bool:
        """Whether 90% of the worlds span what was observed."""
        return self.spec.target is None or self.span[0] <= self.spec.target <= self.span[1]

    @property
    def why(self) -> str:
        """Why the number is missed or not covered, in words."""
        if self.status != MISS:
            return self.reason
        side = "low" if self.median < self._middle else "high"
        if self.is_inside(self.median):
            return f"median in the band, but the worlds do not span the observed value (too {side})"
        if self.spec.least is not None:
            return "too few worlds agree"
        return f"median too {side}"

    @property
    def _middle(self) -> float:
        """Observed value, or the middle of the band."""
        if self.spec.target is not None:
            return self.spec.target
        return float(np.mean(self.spec.band or (0.0, 0.0)))

    def is_inside(self, middle: float) -> bool:
        """Whether a median (or a share of yes) lies inside the band."""
        if self.spec.least is not None:
            return middle >= self.spec.least
        low, high = self.spec.band or (-np.inf, np.inf)
        return bool(low <= middle <= high)

    @property
    def share_of_draws(self) -> float:
        """Share of draws of the parameters whose own median lies inside the band.

        NaN for a single draw, and for a number without a band.
        """
        found = np.unique(self.draws)
        has_band = self.spec.band is not None or self.spec.least is not None
        if len(found) < 2 or not len(self.values) or not has_band:
            return float("nan")
        middle = np.median if self.spec.least is None else np.mean
        inside = [self.is_inside(float(middle(self.values[self.draws == d]))) for d in found]
        return float(np.mean(inside))


def status_of(checks: list[Check]) -> str:
    """Verdict on a pattern: missed if one number is, passed if all are there and pass."""
    found = {check.status for check in checks}
    if MISS in found:
        return MISS
    return PASS if found == {PASS} else NOT_COVERED


def around(value: float, relative: float) -> tuple[float, float]:
    """Band of a value plus and minus a share of it."""
    return value * (1.0 - relative), value * (1.0 + relative)


def measure(
    pattern: str, spec: Spec, read: Callable[[], Values], draws: NDArray[np.int64]
) -> Check:
    """The check of a spec; what cannot be read is not covered.

    Args:
        pattern: id of the pattern.
        spec: what the number should be.
        read: gives one value per world; NaN where a world has none.
        draws: parameter draw of each world.
    """
    empty = np.zeros(0)
    try:
        values = np.asarray(read(), dtype=np.float64)
    except NotCovered as problem:
        return Check(pattern, spec, empty, draws[:0], str(problem))
    is_known = np.isfinite(values)
    if not is_known.any():
        return Check(pattern, spec, empty, draws[:0], "no world has a value")
    return Check(pattern, spec, values[is_known], draws[is_known])
