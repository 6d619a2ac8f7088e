"""Summary statistics of a sweep: spread over replicates and paired differences.

The spread says how different one world may be from another; the interval of a mean difference
says how well the effect of a policy is known. They answer different questions and are never
mixed. Everything here takes tables or arrays and returns tables or records.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from spillover.axes import STATES

REGIONS = ("all5", "AFG")
"""The five Central Asian states together, and Afghanistan."""
CONFIDENCE = 0.95
BAND = (0.05, 0.95)
_INTENSIVE = frozenset({"1", "index", "level", "log units", "logit", "probability", "share"})
_KEYS = ["cell_id", "scenario", "policy", "draw", "replicate"]


@dataclass(frozen=True)
class Spread:
    """Distribution of an outcome over replicates, in the unit of the outcome."""

    n: int
    mean: float
    q05: float
    q50: float
    q95: float
    share_zero: float


@dataclass(frozen=True)
class PairedDifference:
    """Mean of paired differences with its confidence interval, and how well pairing worked.

    ``n`` is the number of independent pairs, ``correlation`` that of the two runs, and
    ``variance_reduction`` how many times fewer replicates are needed than without pairing.
    """

    n: int
    mean: float
    low: float
    high: float
    correlation: float
    variance_reduction: float


def is_summed(kind: str, unit: str) -> bool:
    """Whether states are added up (flows, numbers of things) or averaged (shares, indices)."""
    return kind == "flow" or not (unit in _INTENSIVE or "/" in unit)


def by_region(outcomes: pd.DataFrame, registry: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """One row per cell, replicate, region and outcome from rows per state of one period.

    Args:
        outcomes: columns cell_id, scenario, policy, draw, replicate, state and the outcomes;
            NaN where an outcome has no meaning for a state.
        registry: outcome -> mapping with ``kind`` and ``unit``.

    Returns:
        Columns cell_id, scenario, policy, draw, replicate, region, outcome, value; regions for
        which the outcome has no value are left out.
    """
    parts = []
    for region in REGIONS:
        members = STATES if region == "all5" else (region,)
        rows = outcomes[outcomes["state"].isin(members)]
        groups = rows.groupby(_KEYS, sort=True, observed=True)
        for name, outcome in registry.items():
            if name not in outcomes:
                continue
            if is_summed(outcome["kind"], outcome["unit"]):
                values = groups[name].sum(min_count=1)
            else:
                values = groups[name].mean()
            part = values.dropna().rename("value").reset_index()
            parts.append(part.assign(region=region, outcome=name))
    columns = [*_KEYS, "region", "outcome", "value"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)


def spread(values: np.ndarray) -> Spread:
    """Mean, median and 5 to 95% range (linear interpolation) of one value per replicate."""
    low, middle, high = np.quantile(values, [BAND[0], 0.5, BAND[1]])
    return Spread(
        n=len(values),
        mean=float(np.mean(values)),
        q05=float(low),
        q50=float(middle),
        q95=float(high),
        share_zero=float(np.mean(values == 0)),
    )


def mean_interval(values: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Student interval of a mean; infinitely wide for fewer than two values."""
    n = len(values)
    if n < 2:
        return -math.inf, math.inf
    half = stdtrit(n - 1, (1 + confidence) / 2) * np.std(values, ddof=1) / math.sqrt(n)
    mean = float(np.mean(values))
    return mean - float(half), mean + float(half)


def paired_difference(treated: np.ndarray, baseline: np.ndarray) -> PairedDifference:
    """Difference treated minus baseline; element i of both arrays is the same world."""
    difference = treated - baseline
    low, high = mean_interval(difference)
    apart = float(np.var(treated) + np.var(baseline))
    paired = float(np.var(difference))
    both_vary = np.std(treated) > 0 and np.std(baseline) > 0
    return PairedDifference(
        n=len(difference),
        mean=float(np.mean(difference)),
        low=low,
        high=high,
        correlation=float(np.corrcoef(treated, baseline)[0, 1]) if both_vary else math.nan,
        variance_reduction=apart / paired if paired > 0 else math.nan,
    )


def pair(treated: pd.DataFrame, baseline: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Values of two cells matched by draw and replicate.

    With several draws of the parameters, replicates of one draw are not independent of each
    other; then each draw counts as one pair, with the mean over its replicates.
    """
    keys = ["draw", "replicate"]
    both = treated[[*keys, "value"]].merge(baseline[[*keys, "value"]], on=keys)
    if both["draw"].nunique() > 1:
        both = both.groupby("draw", sort=True)[["value_x", "value_y"]].mean()
    return both["value_x"].to_numpy(), both["value_y"].to_numpy()


def summarise(
    values: pd.DataFrame,
    registry: Mapping[str, Mapping[str, Any]],
    reference: tuple[str, str] = ("status_quo", "status_quo"),
    of: tuple[str, str] | None = None,
) -> pd.DataFrame:
    """Tidy summary: one row per scenario, policy, region and outcome.

    ``difference`` is against the reference; ``policy_difference`` is against the reference
    policy in the same scenario, that is what the policy changes there.

    Args:
        values: as `by_region` returns.
        registry: outcome -> mapping with ``label``, ``unit`` and ``kind``.
        reference: scenario and policy; differences are empty in their own rows, and wherever
            the cell to compare with was not run.
        of: the scenario and policy whose rows are wanted; None for all.
    """
    keys = ["scenario", "policy", "region", "outcome"]
    cells: dict[Any, pd.DataFrame] = dict(list(values.groupby(keys, sort=False)))
    rows = []
    for (scenario, policy, region, name), group in cells.items():
        if of not in (None, (scenario, policy)):
            continue
        row = _summary_row(scenario, policy, region, name, group, registry[name])
        if (scenario, policy) != reference:
            row["reference"] = " / ".join(reference)
            baseline = cells.get((*reference, region, name))
            row.update(_difference_columns(group, baseline, "difference"))
        if policy != reference[1]:
            baseline = cells.get((scenario, reference[1], region, name))
            row.update(_difference_columns(group, baseline, "policy_difference"))
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS)


COLUMNS = [
    *("scenario", "policy", "region", "outcome", "label", "unit", "aggregation"),
    *("n", "mean", "q05", "q50", "q95", "share_zero"),
    *("reference", "difference", "difference_low", "difference_high", "difference_n"),
    *("difference_correlation", "difference_variance_reduction"),
    *("policy_difference", "policy_difference_low", "policy_difference_high"),
    *("policy_difference_n", "policy_difference_correlation"),
    "policy_difference_variance_reduction",
]


def _summary_row(
    scenario: str,
    policy: str,
    region: str,
    name: str,
    group: pd.DataFrame,
    outcome: Mapping[str, Any],
) -> dict[str, Any]:
    summed = "sum" if is_summed(outcome["kind"], outcome["unit"]) else "mean"
    found = spread(group["value"].to_numpy())
    return {
        "scenario": scenario,
        "policy": policy,
        "region": region,
        "outcome": name,
        "label": outcome["label"],
        "unit": outcome["unit"],
        "aggregation": f"{summed} of states" if region == "all5" else "",
        **vars(found),
    }


def _difference_columns(
    group: pd.DataFrame, baseline: pd.DataFrame | None, prefix: str
) -> dict[str, Any]:
    if baseline is None:
        return {}
    treated, control = pair(group, baseline)
    if not len(treated):
        return {}
    found = paired_difference(treated, control)
    return {
        prefix: found.mean,
        f"{prefix}_low": found.low,
        f"{prefix}_high": found.high,
        f"{prefix}_n": found.n,
        f"{prefix}_correlation": found.correlation,
        f"{prefix}_variance_reduction": found.variance_reduction,
    }
