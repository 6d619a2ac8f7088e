"""Averted and induced events: the same worlds with and without a policy, counted beside each other.

World i is the same random world under every policy, so its events can be set side by side. In each
place and year of each world, events beyond those under the policy are averted, events beyond those
under the baseline are induced: averted = max(baseline - policy, 0), induced = max(policy -
baseline, 0), and their difference is the paired effect. An event that moves to another week of the
same place and year counts as kept, so both are lower bounds.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

STATE_EVENTS = (
    "attacks_home",
    "frontier_attacks",
    "plots_started",
    "infiltrations_through",
    "seizures",
    "firefights",
    "unrest_started",
    "arrivals",
    "refused",
)
"""Outcomes by state that count things which happen."""
PLACE_EVENTS = ("attacks_home", "frontier_attacks", "infiltrations_through", "isisk_attacks")
"""The same by Afghan province and Central Asian region, as far as there are any."""
WORLD = ["draw", "replicate"]
COLUMNS = [
    *("outcome", "place", "period", "baseline", "policy_count", "averted", "induced"),
    *("share_averting", "share_inducing", "n"),
]


def paired_events(
    control: pd.DataFrame, treated: pd.DataFrame, names: Collection[str], where: str = "state"
) -> pd.DataFrame:
    """Averted and induced events by outcome, place and period.

    Args:
        control: rows draw, replicate, `where`, period and counts under the baseline.
        treated: the same worlds under the policy; worlds that only one of them has are left out.
        names: outcomes to count; those that a table lacks are left out.
        where: column of the place.

    Returns:
        Columns outcome, place, period, baseline, policy_count (mean count per world), averted,
        induced (mean per world), share_averting, share_inducing (share of worlds with any) and n
        (worlds); rows of which no world has an event are left out.
    """
    if control.empty or treated.empty:
        return pd.DataFrame(columns=COLUMNS)
    keys = [*WORLD, where, "period"]
    both = control.merge(treated, on=keys, suffixes=("_control", "_treated"))
    parts = []
    for name in names:
        if name not in control or name not in treated:
            continue
        before = both[f"{name}_control"].to_numpy(float)
        after = both[f"{name}_treated"].to_numpy(float)
        is_known = ~(np.isnan(before) | np.isnan(after))
        change = (after - before)[is_known]
        counted = pd.DataFrame(
            {
                "place": both.loc[is_known, where].to_numpy(),
                "period": both.loc[is_known, "period"].to_numpy(),
                "baseline": before[is_known],
                "policy_count": after[is_known],
                "averted": np.maximum(-change, 0.0),
                "induced": np.maximum(change, 0.0),
                "share_averting": change < 0,
                "share_inducing": change > 0,
            }
        )
        groups = counted.groupby(["place", "period"], sort=True)
        table = groups.mean().assign(n=groups.size()).reset_index()
        happens = (table["baseline"] > 0) | (table["policy_count"] > 0)
        parts.append(table[happens].assign(outcome=name))
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)
