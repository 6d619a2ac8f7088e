"""Tables across scenarios: robustness and regret of policies, and how far criteria agree."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from spillover.analysis.best import oriented
from spillover.analysis.comparison import Comparison
from spillover.analysis.factorial import factorial_effects
from spillover.analysis.robustness import METRICS, rank_agreement, ranks, regret, starr

METRIC_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "maximin": "the worst scenario (maximin)",
        "minimax_regret": "minimax regret",
        "regret_p90": "90th percentile regret",
        "laplace": "the mean of the scenarios (Laplace)",
        "hurwicz": "Hurwicz",
        "mean_variance": "mean less spread",
        "starr": "Starr's domain criterion",
        "cvar": "the worse half of the scenarios (CVaR)",
    }
)
GROUPS = (
    "intelligence_sharing",
    "border_security",
    "diplomatic_engagement",
    "counter_radicalisation",
)
"""The four groups of recommendations, which the factorial study crosses."""


def robustness_table(comparison: Comparison) -> pd.DataFrame:
    """Eight metrics for each outcome and policy, with ranks; empty for a single scenario.

    Starr's domain criterion asks in which share of the scenarios a policy is better than the
    baseline by the tolerance or more.

    Returns:
        Columns outcome, policy, metric, value (in the unit of the outcome, larger is better but for
        regrets; a share for Starr), rank.
    """
    parts = []
    baseline = comparison.settings.baseline
    for outcome, table in comparison.means.items():
        better = comparison.better(outcome)
        if not better or table.shape[1] < 2:
            continue
        values = oriented(table.to_numpy(float), better)
        control = table.loc[[baseline]].to_numpy(float)[0]
        tolerance = comparison.settings.tolerances[outcome]
        threshold = oriented(control, better) + [tolerance.around(mean) for mean in control]
        found = {name: (metric(values), more) for name, (metric, more) in METRICS.items()}
        found["starr"] = (starr(values, threshold), True)
        for name in METRIC_WORDS:
            value, is_more_better = found[name]
            parts.append(
                pd.DataFrame(
                    {
                        "outcome": outcome,
                        "policy": list(table.index),
                        "metric": name,
                        "value": value,
                        "rank": ranks(value, is_more_better).astype(int),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def regret_table(comparison: Comparison) -> pd.DataFrame:
    """Regret of each policy in each scenario, in the unit of the outcome."""
    rows = []
    for outcome, table in comparison.means.items():
        better = comparison.better(outcome)
        if not better:
            continue
        values = table.to_numpy(float)
        lost = regret(oriented(values, better))
        rows += [
            {
                "outcome": outcome,
                "policy": policy,
                "scenario": scenario,
                "value": values[i, j],
                "regret": lost[i, j],
            }
            for i, policy in enumerate(table.index)
            for j, scenario in enumerate(table.columns)
        ]
    return pd.DataFrame(rows)


def agreement_table(robustness: pd.DataFrame) -> pd.DataFrame:
    """Kendall's tau-b between the ranks of each pair of metrics, by outcome."""
    rows = []
    if robustness.empty:
        return robustness
    for outcome, of in robustness.groupby("outcome", sort=False):
        table = of.pivot(index="metric", columns="policy", values="rank").loc[list(METRIC_WORDS)]
        tau = rank_agreement(table.to_numpy(float))
        rows += [
            {"outcome": outcome, "metric_a": first, "metric_b": second, "tau": tau[i, j]}
            for i, first in enumerate(table.index)
            for j, second in enumerate(table.index)
        ]
    return pd.DataFrame(rows)


def factorial_table(comparison: Comparison) -> pd.DataFrame:
    """Main effects and synergies of the groups; empty unless all sixteen combinations were run."""
    parts = []
    for panel in comparison.key_panels:
        present = {name: _groups_of(name) for name in panel.policies}
        chosen = [name for name, groups in present.items() if groups is not None]
        is_on = np.array([[g in (present[name] or ()) for g in GROUPS] for name in chosen])
        if len(chosen) != 2 ** len(GROUPS):
            continue
        values = np.array([panel.of(name) for name in chosen])
        found = factorial_effects(values, is_on, GROUPS)
        parts.append(
            found.assign(
                scenario=panel.scenario,
                outcome=panel.outcome,
                unit=comparison.registry[panel.outcome]["unit"],
                n=values.shape[1],
            )
        )
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _groups_of(policy: str) -> frozenset[str] | None:
    """Groups that a policy consists of; None if it has others."""
    if policy == "status_quo":
        return frozenset()
    if policy == "full_package":
        return frozenset(GROUPS)
    parts = frozenset(policy.split("+"))
    return parts if parts <= set(GROUPS) else None
