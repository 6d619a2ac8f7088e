"""Where a policy fails: the region of the uncertain parameters in which its regret matters.

PRIM and a classification tree, both of the EMA Workbench, look for simple regions; what they find
is checked on draws that they have not seen (Bryant and Lempert 2010 call this the danger of
overfitting: with hundreds of inputs some box always looks good).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from spillover.analysis.tails import wilson
from spillover.errors import UserError

HELD_OUT = 3
"""Every third draw is kept for the check."""
LEAST_CASES = 8
"""Draws in which the policy fails, and in which it does not, among those that are searched."""
DENSITY = 0.8
"""Density that PRIM's peeling aims at."""
MASS = 0.1
"""Smallest share of the draws that a box or a leaf may hold."""
QUASI_P = 0.05
"""Largest quasi-p value of a limit that is kept (Bryant and Lempert 2010)."""
MOST_LIMITS = 4
"""Inputs that a box may restrict; more cannot be told to anybody."""


@dataclass(frozen=True)
class Region:
    """One region in which a policy fails, and how well it does on draws that were kept back.

    ``limits`` has a row per restricted input: input, low, high (in the unit of the draw), quasi_p,
    the chance of such a density if this limit were not there, and lowest and highest, between
    which the input was drawn. ``coverage`` is the share of all failures that lie in the region,
    ``density`` the share of its draws that are failures.
    """

    method: str
    limits: pd.DataFrame
    coverage: float
    density: float
    mass: float
    n: int
    share_failing: float
    checked: int
    checked_density: float
    checked_low: float
    checked_high: float
    checked_share_failing: float

    @property
    def is_confirmed(self) -> bool:
        """Whether failures are denser in the region than outside, on the draws kept back."""
        return self.checked > 0 and self.checked_low > self.checked_share_failing


def failures(regret: np.ndarray, tolerance: float) -> np.ndarray:
    """Draws [draw] in which a policy is worse than the best one by more than the tolerance."""
    return np.asarray(regret > tolerance)


def split(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the draws that are searched, and of those that are kept for the check."""
    is_held_out = np.arange(n) % HELD_OUT == HELD_OUT - 1
    return np.flatnonzero(~is_held_out), np.flatnonzero(is_held_out)


def discover(experiments: pd.DataFrame, is_failure: np.ndarray) -> list[Region]:
    """The best box of PRIM and the best leaf of a shallow tree.

    Args:
        experiments: a row per draw, a column per uncertain input.
        is_failure: whether the policy fails in a draw.

    Raises:
        UserError: there are too few failures, or too few draws without one, to look for a region.
    """
    searched, kept = split(len(is_failure))
    _require_cases(is_failure[searched])
    # a constant column cannot be restricted
    inputs = experiments.loc[:, experiments.nunique() > 1].reset_index(drop=True)
    train = inputs.iloc[searched].reset_index(drop=True)
    found = [
        ("PRIM", _prim_limits(train, is_failure[searched])),
        ("tree", _tree_limits(train, is_failure[searched])),
    ]
    return [_judge(name, limits, inputs, is_failure, searched, kept) for name, limits in found]


def _require_cases(is_failure: np.ndarray) -> None:
    count, n = int(is_failure.sum()), len(is_failure)
    if min(count, n - count) < LEAST_CASES:
        kind = "failures" if count < n - count else "draws without a failure"
        raise UserError(
            f"There are too few {kind} to look for the region in which the policy fails.",
            where="the draws of the folder",
            got=f"{count} failures in {n} searched draws",
            allowed=f"{LEAST_CASES} or more of either kind",
            next="Use more draws (uncertainty.draws=200), another outcome, or another tolerance.",
        )


def _prim_limits(inputs: pd.DataFrame, is_failure: np.ndarray) -> pd.DataFrame:
    """Limits of the box on PRIM's peeling path with the best product of coverage and density.

    Peeling along hundreds of inputs also trims some that do nothing; a limit stays only if its
    quasi-p value says that the density needs it.
    """
    from ema_workbench.analysis import prim

    search = prim.Prim(inputs, is_failure, threshold=DENSITY, peel_alpha=0.05, mass_min=MASS)
    box = search.find_box()
    if box is None:
        return _as_table([])
    path = box.peeling_trajectory
    best = int((path["coverage"] * path["density"]).idxmax())
    limits = box.box_lims[best]
    rows = [
        _limit(name, limits, float(max(values)))
        for name, values in box.qp[best].items()
        if max(values) <= QUASI_P
    ]
    return _as_table(rows).sort_values("quasi_p", kind="stable").head(MOST_LIMITS)


def _tree_limits(inputs: pd.DataFrame, is_failure: np.ndarray) -> pd.DataFrame:
    """Limits of the leaf with the best product of coverage and density."""
    from ema_workbench.analysis import cart

    tree = cart.CART(inputs, is_failure, mass_min=MASS)
    tree.build_tree()
    lowest, highest = inputs.min(), inputs.max()
    best, limits = 0.0, _as_table([])
    for box, stats in zip(tree.boxes, tree.stats, strict=True):
        is_limited = (box.iloc[0] > lowest) | (box.iloc[1] < highest)
        names = [name for name in inputs if is_limited[name]]
        score = float(stats["coverage"]) * float(stats["density"])
        if 1 <= len(names) <= MOST_LIMITS and score > best:
            best, limits = score, _as_table([_limit(name, box, np.nan) for name in names])
    return limits


def _limit(name: Hashable, box: pd.DataFrame, quasi_p: float) -> dict[str, Any]:
    """The range [low, high] that a box leaves of an input."""
    low, high = box[name]
    return {"input": str(name), "low": float(low), "high": float(high), "quasi_p": quasi_p}


def _as_table(limits: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(limits, columns=["input", "low", "high", "quasi_p"])


def inside(experiments: pd.DataFrame, limits: pd.DataFrame) -> np.ndarray:
    """Whether each draw lies within all limits."""
    held = np.ones(len(experiments), dtype=bool)
    for limit in limits.to_dict("records"):
        held &= experiments[limit["input"]].between(limit["low"], limit["high"]).to_numpy()
    return held


def _judge(
    method: str,
    limits: pd.DataFrame,
    inputs: pd.DataFrame,
    is_failure: np.ndarray,
    searched: np.ndarray,
    kept: np.ndarray,
) -> Region:
    drawn = inputs[list(limits["input"])]
    limits = limits.assign(lowest=drawn.min().to_numpy(), highest=drawn.max().to_numpy())
    held = inside(inputs, limits)
    hits = held & is_failure
    n_checked = int(held[kept].sum())
    low, high = wilson(int(hits[kept].sum()), n_checked) if n_checked else (np.nan, np.nan)
    return Region(
        method=method,
        limits=limits,
        coverage=_share(hits[searched].sum(), is_failure[searched].sum()),
        density=_share(hits[searched].sum(), held[searched].sum()),
        mass=float(held[searched].mean()),
        n=len(searched),
        share_failing=float(is_failure[searched].mean()),
        checked=n_checked,
        checked_density=_share(hits[kept].sum(), n_checked),
        checked_low=low,
        checked_high=high,
        checked_share_failing=float(is_failure[kept].mean()) if len(kept) else np.nan,
    )


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _facts(region: Region) -> dict[str, Any]:
    """Columns that all limits of a region share."""
    return {name: value for name, value in vars(region).items() if name not in ("method", "limits")}


def boxes_table(regions: Sequence[Region]) -> pd.DataFrame:
    """Regions as rows: one per limit, with what the region covers beside it."""
    rows = [
        {"method": region.method, **limit, **_facts(region), "is_confirmed": region.is_confirmed}
        for region in regions
        for limit in region.limits.to_dict("records")
    ]
    return pd.DataFrame(rows)
