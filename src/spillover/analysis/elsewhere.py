"""What a policy moves elsewhere, beside what it saves.

Pressure displaces: in space (a guarded state sends trouble to its neighbour, drugs take another
way, groups move south), in tactic (plots at home or fire across the border to plots abroad). The
mean change of an outcome over pairs of worlds is split over places into what was saved (falls) and
what was moved (rises of the same outcome in another state, or of the outcome that takes its place).
The share moved is what was moved over what was saved; it is reported with both, since a share of
little is little.

Its interval is a percentile bootstrap over pairs of worlds: both parts come from the same pairs and
each is a sum of the changes of one sign, which no formula for a ratio of two means covers. Of a
resample in which nothing is saved the share is taken to be unknown, from nothing to infinite.
Chance alone moves something somewhere, so a share is biased upwards where changes are as small as
their errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spillover.analysis.summary import CONFIDENCE, mean_interval
from spillover.axes import STATES

AFGHANISTAN = "AFG"
RESAMPLES = 2000  # half a per cent of error in the position of an end of the interval
SEED = 1  # of the bootstrap: the same table every time


@dataclass(frozen=True)
class Move:
    """An outcome that a policy may lower, and where it may turn up again.

    `elsewhere` names outcomes and where they are read, `where` says where the outcome itself is:
    ``states`` or ``AFG``.
    """

    outcome: str
    elsewhere: Mapping[str, str]
    how: str
    where: str = "states"


MOVES = (
    Move("infiltrations_through", {}, "militants cross into another state"),
    Move(
        "frontier_attacks",
        {"plots_abroad": AFGHANISTAN},
        "fire falls on another state or gives way to plots abroad",
    ),
    Move("attacks_home", {"external_attacks": AFGHANISTAN}, "attacks happen abroad"),
    Move(
        "plots_started",
        {"plots_abroad": AFGHANISTAN},
        "plots aim at another state or at others abroad",
    ),
    Move("recruits_home_cells", {"recruits_travelling": "states"}, "recruits travel"),
    Move("opiates_entered", {}, "opiates enter another state"),
    Move(
        "opium_north",
        {"opium_west": AFGHANISTAN, "opium_south": AFGHANISTAN},
        "opium goes west or south",
        AFGHANISTAN,
    ),
    Move(
        "northern_fighters",
        {"southern_fighters": AFGHANISTAN},
        "groups move within Afghanistan",
        AFGHANISTAN,
    ),
    Move("arrivals", {"refused": "states"}, "people are turned back"),
)


def moved(
    treated: pd.DataFrame, baseline: pd.DataFrame, moves: tuple[Move, ...] = MOVES
) -> pd.DataFrame:
    """Saved and moved amounts of one policy against a baseline in the same worlds.

    Args:
        treated: rows replicate, draw, state and outcomes of one period under the policy.
        baseline: the same worlds under the baseline.
        moves: what may move where.

    Returns:
        Columns outcome, how, saved, moved, net, net_low, net_high (95% interval of the mean change
        of the sum of all places), share_moved, share_low, share_high (95% interval; all three empty
        where nothing was saved); units of the outcome over the period. With several draws of the
        parameters a draw counts as one pair.
    """
    rows = []
    for move in moves:
        change = _changes(treated, baseline, move)
        if change is None:
            continue
        mean = change.mean(axis=0)
        saved, shifted = _parts(mean)
        low, high = mean_interval(change.sum(axis=1))
        share_low, share_high = share_interval(change) if saved > 0 else (np.nan, np.nan)
        rows.append(
            {
                "outcome": move.outcome,
                "how": move.how,
                "saved": saved,
                "moved": shifted,
                "net": mean.sum(),
                "net_low": low,
                "net_high": high,
                "share_moved": shifted / saved if saved > 0 else np.nan,
                "share_low": share_low,
                "share_high": share_high,
            }
        )
    return pd.DataFrame(rows)


def _parts(mean: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Saved and moved from mean changes [..., place]."""
    return np.maximum(-mean, 0.0).sum(axis=-1), np.maximum(mean, 0.0).sum(axis=-1)


def share_interval(change: np.ndarray) -> tuple[float, float]:
    """95% interval of the share moved from changes [pair of worlds, place], 0 to inf at most."""
    n = len(change)
    if n < 2:
        return 0.0, np.inf
    rng = np.random.default_rng(SEED)
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES) / n
    saved, shifted = _parts(weights @ change)
    is_known = saved > 0
    share = shifted / np.where(is_known, saved, 1.0)
    tail = (1.0 - CONFIDENCE) / 2.0
    low = np.quantile(np.where(is_known, share, 0.0), tail, method="lower")
    high = np.quantile(np.where(is_known, share, np.inf), 1.0 - tail, method="higher")
    return float(low), float(high)


def _changes(treated: pd.DataFrame, baseline: pd.DataFrame, move: Move) -> np.ndarray | None:
    """Change of every place [pair of worlds, place], of the outcome and of what takes its place."""
    columns = [
        (name, state)
        for name, where in {move.outcome: move.where, **move.elsewhere}.items()
        for state in (STATES if where == "states" else (where,))
    ]
    if any(name not in treated for name, _ in columns):
        return None
    tables = []
    for frame in (treated, baseline):
        wide = {
            (name, state): frame[frame["state"] == state].set_index(["draw", "replicate"])[name]
            for name, state in columns
        }
        tables.append(pd.DataFrame(wide).fillna(0.0))
    both = tables[0].index.intersection(tables[1].index)
    change = tables[0].loc[both] - tables[1].loc[both]
    if change.index.get_level_values("draw").nunique() > 1:
        change = change.groupby(level="draw", sort=True).mean()
    return change.to_numpy(float)
