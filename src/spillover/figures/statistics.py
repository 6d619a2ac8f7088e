"""The small statistics behind the figures: quantiles by year, paired differences, chances."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy import stats

from spillover.analysis.summary import mean_interval
from spillover.clock import START

QUANTILES: Mapping[str, float] = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
STATUS_QUO = "status_quo"
SAMPLE_WORLDS = 3
"""Single worlds that a fan chart shows."""


def first_week_of_year(year: int) -> int:
    """Index of the first week that counts to a calendar year (week 0 for 2021)."""
    days = (date(year, 1, 1) - START) // timedelta(days=1)
    return max(0, -(-days // 7))


def yearly_quantiles(outcomes: pd.DataFrame, outcome: str, state: str) -> pd.DataFrame:
    """Quantiles over replicates of one outcome by calendar year.

    Columns ``scenario, policy, week`` (first week of the year), ``q05 .. q95, mean`` in the unit of
    the outcome and ``any_share``, the share of replicates with a value above zero.
    """
    is_year = outcomes["period"].str.isdigit()
    rows = outcomes[is_year & (outcomes["state"] == state)].dropna(subset=[outcome])
    columns = ["scenario", "policy", "week", *QUANTILES, "mean", "any_share"]
    if rows.empty:
        return pd.DataFrame(columns=columns)
    groups = rows.groupby(["scenario", "policy", "period"], sort=True)[outcome]
    table = groups.quantile(np.array(list(QUANTILES.values()))).unstack()
    table.columns = list(QUANTILES)
    table["mean"] = groups.mean()
    table["any_share"] = groups.agg(lambda values: float((values > 0).mean()))
    table = table.reset_index()
    table["week"] = [first_week_of_year(int(year)) for year in table["period"]]
    return table[columns]


def sample_worlds(outcomes: pd.DataFrame, outcome: str, state: str) -> pd.DataFrame:
    """Yearly values of the first few worlds, to show single courses beside quantiles.

    Columns ``scenario, policy, replicate, week`` (first week of the year), ``value`` in the unit of
    the outcome; of the first draw where there are several.
    """
    is_shown = outcomes["period"].str.isdigit() & (outcomes["state"] == state)
    is_shown &= (outcomes["replicate"] < SAMPLE_WORLDS) & (outcomes["draw"] <= 1)
    rows = outcomes[is_shown].dropna(subset=[outcome])
    table = rows[["scenario", "policy", "replicate"]].assign(value=rows[outcome].to_numpy(float))
    table["week"] = [first_week_of_year(int(year)) for year in rows["period"]]
    return table.sort_values(["replicate", "week"])


def is_zero_heavy(median: pd.Series | np.ndarray) -> bool:
    """Whether more than half of the given medians are zero, so that a median line says nothing."""
    values = np.asarray(median, dtype=float)
    values = values[np.isfinite(values)]
    return bool(values.size) and float(np.mean(values == 0)) > 0.5


def wilson_interval(hits: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson score interval of a share."""
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    centre = (hits + z**2 / 2) / (n + z**2)
    half = z * np.sqrt(hits * (n - hits) / n + z**2 / 4) / (n + z**2)
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_differences(
    outcomes: pd.DataFrame,
    outcome: str,
    state: str,
    period: str,
    *,
    contrast: str,
) -> pd.DataFrame:
    """Mean paired difference of each cell against its reference, with a 95% t interval.

    ``contrast`` "scenario": each scenario under the status quo policy minus the status quo
    scenario. "policy": each policy minus the status quo policy of the same scenario. Pairs share
    draw and replicate; with several draws the replicates of a draw are averaged first, because
    the draws are the independent units.

    Columns ``scenario, policy, mean, low, high, n`` (pairs or draws) and ``reference`` (mean of the
    reference), all in the unit of the outcome. Empty when there is no reference.
    """
    chosen = outcomes[(outcomes["state"] == state) & (outcomes["period"] == period)]
    cells = {
        (str(scenario), str(policy)): rows.set_index(["draw", "replicate"])[outcome].dropna()
        for (scenario, policy), rows in chosen.groupby(["scenario", "policy"], sort=True)
    }
    records = []
    for (scenario, policy), values in cells.items():
        reference_key = _reference(scenario, policy, contrast)
        if reference_key not in cells:
            continue
        reference = cells[reference_key]
        difference = (values - reference).dropna()
        if difference.empty:
            continue
        if difference.index.get_level_values("draw").nunique() > 1:
            difference = difference.groupby(level="draw").mean()
        low, high = mean_interval(difference.to_numpy())
        mean, level = float(difference.mean()), float(reference.mean())
        records.append((scenario, policy, mean, low, high, len(difference), level))
    columns = ["scenario", "policy", "mean", "low", "high", "n", "reference"]
    return pd.DataFrame(records, columns=columns)


def _reference(scenario: str, policy: str, contrast: str) -> tuple[str, str] | None:
    if contrast == "scenario":
        return (STATUS_QUO, policy) if policy == STATUS_QUO and scenario != STATUS_QUO else None
    if contrast == "policy":
        return (scenario, STATUS_QUO) if policy != STATUS_QUO else None
    raise ValueError(f"contrast must be 'scenario' or 'policy', got {contrast!r}")


def n_text(outcomes: pd.DataFrame) -> str:
    """How many replicates stand behind each cell: ``n = 100 replicates``, ``n = 60 to 100 ...``."""
    per_cell = (
        outcomes.drop_duplicates(["scenario", "policy", "draw", "replicate"])
        .groupby(["scenario", "policy"])
        .size()
    )
    low, high = int(per_cell.min()), int(per_cell.max())
    text = f"n = {low} replicates" if low == high else f"n = {low} to {high} replicates"
    n_draws = outcomes["draw"].nunique()
    return text + (f" ({n_draws} draws of the uncertain parameters)" if n_draws > 1 else "")
