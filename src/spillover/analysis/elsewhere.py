"""What a policy moves elsewhere, beside what it saves.

Pressure displaces: in space (a guarded state sends trouble to its neighbour), in kind (opiates to
methamphetamine), in tactic (plots at home to plots abroad). For every pair of worlds the change of
an outcome is split over states into what was saved (falls) and what was moved (rises of the same
outcome in another state, or of the outcome that takes its place). The share moved is the mean of
what was moved over the mean of what was saved; it is reported with both, since a share of little
is little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from spillover.analysis.summary import mean_interval
from spillover.axes import STATES

AFGHANISTAN = "AFG"


@dataclass(frozen=True)
class Move:
    """An outcome that a policy may lower, and where it may turn up again.

    `elsewhere` names outcomes and where they are read: ``states`` or ``AFG``.
    """

    outcome: str
    elsewhere: Mapping[str, str]
    how: str


MOVES = (
    Move("infiltrations_through", {}, "militants cross into another state"),
    Move("frontier_attacks", {}, "fire falls on another state"),
    Move("attacks_home", {"external_attacks": AFGHANISTAN}, "attacks happen abroad"),
    Move("plots_started", {}, "plots aim at another state"),
    Move("recruits_home_cells", {"recruits_travelling": "states"}, "recruits travel"),
    Move("opiates_entered", {}, "opiates enter another state"),
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
        of the sum of all places), share_moved (empty where nothing was saved); units of the
        outcome over the period.
    """
    rows = []
    for move in moves:
        change = _changes(treated, baseline, move)
        if change is None:
            continue
        mean = change.mean(axis=0)
        saved, shifted = -mean[mean < 0].sum(), mean[mean > 0].sum()
        low, high = mean_interval(change.sum(axis=1))
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
            }
        )
    return pd.DataFrame(rows)


def _changes(treated: pd.DataFrame, baseline: pd.DataFrame, move: Move) -> np.ndarray | None:
    """Change of every place [pair of worlds, place]: the five states, then what takes its place."""
    columns = [(move.outcome, state) for state in STATES]
    for name, where in move.elsewhere.items():
        columns += [(name, state) for state in (STATES if where == "states" else (where,))]
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
    return (tables[0].loc[both] - tables[1].loc[both]).to_numpy(float)
