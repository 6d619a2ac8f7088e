"""Six pillars of spillover by state, and a composite index that is never shown without them.

Each outcome x of a pillar, as a yearly figure, is mapped to (x + s) / (x + s + b): b is its mean
under the reference in the calendar years 2022 and 2023 (those of them that lie before the branch;
the months of 2021 are no whole year), plus s; s is one event a year for things that are counted in
events, else 1% of the mean of all five. So a state that stays as it was scores 0.5, worse is
higher, and nothing can exceed 1. A pillar is the mean of its outcomes; the index is the weighted
geometric mean of the pillars. The median of attacks at home is zero in most states, which is what
s is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from spillover.analysis.summary import is_summed
from spillover.axes import STATES
from spillover.clock import WEEKS_PER_YEAR, year_of_week

PILLARS: Mapping[str, tuple[str, ...]] = {
    "violence": (
        "attacks_home", "deaths_home", "frontier_attacks", "frontier_deaths", "plots_started",
    ),
    "extremism": ("recruits", "exposed", "radicalised"),
    "drugs and crime": ("opiates_through", "trafficking_profit", "corruption", "arms_through"),
    "migration": ("refugees", "arrivals", "refused"),
    "water and economy": ("water_deficit", "farm_loss", "exports_to_afghanistan", "transit_income"),
    "regional strain": ("threat", "cohesion", "unrest_weeks", "clashes"),
}  # fmt: skip
"""Outcomes behind each pillar, equal weights inside a pillar. Migration is counted as a load on the
state that receives or refuses, whatever one thinks of it."""
EVENTS = frozenset({"attacks", "deaths", "plots", "events", "clashes"})
"""Units of which one a year is the smallest thing worth counting."""
SMALL_SHARE = 0.01  # of the mean of all five, the s of everything else
LAST_BASE_YEAR = 2023  # of the base: the last year with data that the model is compared with
N_WEIGHTS = 1000
WEIGHT_SEED = 20210815
LEAST = 1e-3  # guards the logarithm of a pillar that is zero
_KEYS = ["cell_id", "scenario", "policy", "draw", "replicate", "state"]


def yearly(outcomes: pd.DataFrame, n_weeks: int, registry: Mapping[str, Any]) -> pd.DataFrame:
    """Outcomes of one period as yearly figures: flows per year, stocks as they are."""
    out = outcomes.copy()
    for name, outcome in registry.items():
        if name in out and outcome["kind"] == "flow":
            out[name] = out[name] * (WEEKS_PER_YEAR / n_weeks)
    return out


def years_before(branch_week: int) -> dict[str, int]:
    """Whole calendar years before the branch, 2023 the last, with their number of weeks."""
    years = [year_of_week(week) for week in range(branch_week + 1)]
    before = min(years[-1], LAST_BASE_YEAR + 1)
    whole = [year for year in dict.fromkeys(years) if years[0] < year < before]
    return {str(year): years.count(year) for year in whole}


def history(
    outcomes: pd.DataFrame, branch_week: int, registry: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scales of the mapping: b [state x outcome] and s [state x outcome], yearly figures.

    Args:
        outcomes: rows of the reference cell with a column ``period``.
        branch_week: first week after the common history.
        registry: outcome -> mapping with ``kind`` and ``unit``.
    """
    parts = [
        yearly(outcomes[outcomes["period"] == period], n_weeks, registry)
        for period, n_weeks in years_before(branch_week).items()
    ]
    names = [name for pillar in PILLARS.values() for name in pillar if name in registry]
    rows = pd.concat(parts, ignore_index=True)
    means = rows[rows["state"].isin(STATES)].groupby("state", observed=True)[names].mean()
    small = means.copy()
    for name in names:
        unit, kind = registry[name]["unit"], registry[name]["kind"]
        together = means[name].sum() if is_summed(kind, unit) else means[name].mean()
        small[name] = 1.0 if unit in EVENTS else SMALL_SHARE * abs(together)
    return means + small, small


def mapped(values: Any, base: Any, small: Any, better: str | None) -> Any:
    """(x + s) / (x + s + b), turned round where more is better."""
    score = (values + small) / (values + small + base)
    return 1.0 - score if better == "higher" else score


def pillar_scores(
    outcomes: pd.DataFrame,
    scales: tuple[pd.DataFrame, pd.DataFrame],
    registry: Mapping[str, Any],
) -> pd.DataFrame:
    """One row per cell, replicate and state, one column per pillar, from yearly figures.

    An outcome without meaning for a state, or without a scale there, is left out of its pillar.
    """
    base, small = scales
    rows = outcomes[outcomes["state"].isin(STATES)].reset_index(drop=True)
    states = rows["state"].astype(str)
    out = rows[_KEYS].copy()
    for pillar, members in PILLARS.items():
        parts = []
        for name in members:
            if name not in rows or name not in base:
                continue
            b = states.map(base[name]).to_numpy(dtype=float)
            s = states.map(small[name]).to_numpy(dtype=float)
            with np.errstate(invalid="ignore", divide="ignore"):
                score = mapped(rows[name].to_numpy(float), b, s, registry[name]["better"])
            parts.append(np.where(b > 0, score, np.nan))
        if parts:
            stacked = np.stack(parts)
            n = np.isfinite(stacked).sum(axis=0)
            out[pillar] = np.where(n > 0, np.nansum(stacked, axis=0) / np.maximum(n, 1), np.nan)
    return out


def mean_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Mean of each pillar over draws and replicates, by scenario, policy and state."""
    pillars = [name for name in PILLARS if name in scores]
    groups = scores.groupby(["scenario", "policy", "state"], sort=False, observed=True)
    return groups[pillars].mean().reset_index()


def composite(scores: np.ndarray, weights: np.ndarray, how: str = "geometric") -> np.ndarray:
    """Index from pillars [..., pillar] and weights [pillar] or [draw, pillar] that sum to 1.

    Args:
        scores: pillars, 0 to 1.
        weights: one set, or one row per draw of weights.
        how: ``geometric`` (a bad pillar is not made good by another) or ``arithmetic``.
    """
    if how == "arithmetic":
        return scores @ weights.T
    return np.exp(np.log(np.maximum(scores, LEAST)) @ weights.T)


def weight_draws(n_pillars: int, n_draws: int = N_WEIGHTS, seed: int = WEIGHT_SEED) -> np.ndarray:
    """Weights [draw, pillar] spread evenly over all sets that sum to 1 (Dirichlet of ones)."""
    return np.random.default_rng(seed).dirichlet(np.ones(n_pillars), n_draws)


def pillar_table(scores: pd.DataFrame, weights: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Mean of each pillar by scenario, policy and state, with the index and how firm it is.

    Columns: scenario, policy, state (``all5`` is the mean of the states), the pillars, `index`
    (geometric, with the weights given), `index_low` and `index_high` (5 and 95% over 1,000 draws
    of weights), `index_arithmetic`.

    Args:
        scores: as `pillar_scores` or `mean_scores` returns.
        weights: pillar -> weight; a pillar that is not named weighs 1. Only their ratios count.
    """
    pillars = [name for name in PILLARS if name in scores]
    table = mean_scores(scores)
    every = table.groupby(["scenario", "policy"], sort=False)[pillars].mean().reset_index()
    table = pd.concat([table, every.assign(state="all5")], ignore_index=True)
    given = np.array([(weights or {}).get(name, 1.0) for name in pillars])
    own, drawn = given / given.sum(), weight_draws(len(pillars))
    values = table[pillars].to_numpy(float)
    spread = composite(values, drawn)
    table["index"] = composite(values, own)
    table["index_low"], table["index_high"] = np.quantile(spread, [0.05, 0.95], axis=1)
    table["index_arithmetic"] = composite(values, own, "arithmetic")
    return table
