"""Policies set side by side: every table of `compare` from the outcomes of paired worlds.

Three kinds of uncertainty are never mixed. Chance inside a scenario gives intervals; differences
between scenarios give robustness, without intervals; uncertain parameters give sensitivity. The
methods stand in the modules beside this one (`contrasts`, `best`, `tails`, `precision`,
`robustness`, `cost`, `factorial`); docs/statistics.md has their sources and error rates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from spillover.analysis.best import not_worse_than_best, probability_best, share_best
from spillover.analysis.contrasts import simultaneous_intervals, verdicts
from spillover.analysis.cost import pareto_front, ratio_interval
from spillover.analysis.precision import Rule, Stopping, stopping
from spillover.analysis.summary import REGIONS, mean_interval, paired_difference
from spillover.analysis.tails import beyond, cvar, wilson
from spillover.analysis.tolerance import Tolerance
from spillover.errors import UserError, nearest

COST = "policy_cost"
"""The outcome that carries what levers cost."""
TAIL = 0.95
"""Level of CVaR: the mean of the worst twentieth of the worlds."""


@dataclass(frozen=True)
class Settings:
    """What is compared: ``tolerances`` names the key outcomes, each with what matters."""

    baseline: str
    tolerances: Mapping[str, Tolerance]
    rule: Rule = field(default_factory=Rule)


@dataclass(frozen=True)
class Worlds:
    """Values [policy, world] of one outcome in one scenario and region, in its unit."""

    scenario: str
    region: str
    outcome: str
    policies: tuple[str, ...]
    values: np.ndarray

    def of(self, policy: str) -> np.ndarray:
        """Values [world] under a policy."""
        return self.values[self.policies.index(policy)]


@dataclass(frozen=True)
class Comparison:
    """Tables of a comparison, as docs/statistics.md describes their columns."""

    settings: Settings
    registry: Mapping[str, Mapping[str, Any]]
    panels: tuple[Worlds, ...]

    @cached_property
    def key_panels(self) -> tuple[Worlds, ...]:
        """Panels of the key outcomes, each in the first region in which it has values."""
        found: dict[tuple[str, str], Worlds] = {}
        for panel in self.panels:
            if panel.outcome in self.settings.tolerances:
                found.setdefault((panel.scenario, panel.outcome), panel)
        return tuple(found.values())

    def better(self, outcome: str) -> str:
        """Which direction is better: ``lower``, ``higher`` or empty."""
        return str(self.registry[outcome].get("better") or "")

    def tolerance(self, panel: Worlds) -> float:
        """Half-width of the indifference zone of a panel; 0 for outcomes that are not key."""
        known = self.settings.tolerances.get(panel.outcome, Tolerance())
        return known.around(float(panel.of(self.settings.baseline).mean()))

    @cached_property
    def effects(self) -> pd.DataFrame:
        """Paired differences to the baseline, with simultaneous intervals and verdicts.

        The key outcomes over all scenarios and policies are one family, all others another.
        """
        key = set(map(id, self.key_panels))
        others = tuple(panel for panel in self.panels if id(panel) not in key)
        parts = [self._family(self.key_panels, True), self._family(others, False)]
        return pd.concat([part for part in parts if len(part)], ignore_index=True)

    def _family(self, panels: tuple[Worlds, ...], is_key: bool) -> pd.DataFrame:
        rows, differences = [], []
        for panel in panels:
            for policy in self._treatments(panel):
                rows.append(self._effect_row(panel, policy, is_key))
                differences.append(panel.of(policy) - panel.of(self.settings.baseline))
        if not rows:
            return pd.DataFrame()
        n = min(map(len, differences))
        found = simultaneous_intervals(np.array([one[:n] for one in differences]))
        table = pd.DataFrame(rows).assign(
            low=found.low, high=found.high, critical=found.critical, method=found.method
        )
        table["verdict"] = [
            verdicts(np.array([r["low"]]), np.array([r["high"]]), r["tolerance"], r["better"])[0]
            for r in table.to_dict("records")
        ]
        return table

    def _treatments(self, panel: Worlds) -> tuple[str, ...]:
        return tuple(name for name in panel.policies if name != self.settings.baseline)

    def _effect_row(self, panel: Worlds, policy: str, is_key: bool) -> dict[str, Any]:
        control = panel.of(self.settings.baseline)
        found = paired_difference(panel.of(policy), control)
        return {
            "scenario": panel.scenario,
            "policy": policy,
            "baseline": self.settings.baseline,
            **self._what(panel),
            "n": found.n,
            "baseline_mean": float(control.mean()),
            "mean": found.mean,
            "single_low": found.low,
            "single_high": found.high,
            "tolerance": self.tolerance(panel),
            "is_key": is_key,
            "correlation": found.correlation,
            "variance_reduction": found.variance_reduction,
        }

    def _what(self, panel: Worlds) -> dict[str, Any]:
        outcome = self.registry[panel.outcome]
        return {
            "region": panel.region,
            "outcome": panel.outcome,
            "label": outcome["label"],
            "unit": outcome["unit"],
            "better": self.better(panel.outcome),
        }

    @cached_property
    def best(self) -> pd.DataFrame:
        """How probable each policy is the best, and which are not worse than the best."""
        parts = []
        for panel in self.key_panels:
            better, tolerance = self.better(panel.outcome), self.tolerance(panel)
            if not better:
                continue
            known = not_worse_than_best(panel.values, tolerance, better)
            parts.append(
                pd.DataFrame(
                    {
                        "scenario": panel.scenario,
                        **self._what(panel),
                        "policy": panel.policies,
                        "p_best": probability_best(panel.values, better),
                        "share_best": share_best(panel.values, better),
                        "gap": known.gap,
                        "gap_high": known.gap_high,
                        "is_in_set": known.is_in_set,
                        "tolerance": tolerance,
                        "n": panel.values.shape[1],
                    }
                )
            )
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()

    @cached_property
    def tails(self) -> pd.DataFrame:
        """Mean of the worst worlds, and how often the outcome is beyond the baseline's 95%."""
        rows = []
        for panel in self.key_panels:
            better = self.better(panel.outcome)
            if not better:
                continue
            worst = "high" if better == "lower" else "low"
            control = panel.of(self.settings.baseline)
            threshold = float(np.quantile(control, TAIL if worst == "high" else 1.0 - TAIL))
            for policy in panel.policies:
                values = panel.of(policy)
                count = int(beyond(values, threshold, worst).sum())
                low, high = wilson(count, len(values))
                rows.append(
                    {
                        "scenario": panel.scenario,
                        "policy": policy,
                        **self._what(panel),
                        "n": len(values),
                        "level": TAIL,
                        "cvar": cvar(values, TAIL, worst),
                        "cvar_baseline": cvar(control, TAIL, worst),
                        "threshold": threshold,
                        "p_beyond": count / len(values),
                        "p_low": low,
                        "p_high": high,
                        "p_beyond_baseline": float(beyond(control, threshold, worst).mean()),
                    }
                )
        return pd.DataFrame(rows)

    @cached_property
    def stop(self) -> Stopping:
        """Whether, when and by which contrast last the wanted precision was reached."""
        differences, targets = [], []
        for panel in self.key_panels:
            for policy in self._treatments(panel):
                differences.append(panel.of(policy) - panel.of(self.settings.baseline))
                targets.append(self.tolerance(panel))
        n = min(map(len, differences))
        matrix = np.array([one[:n] for one in differences])
        return stopping(matrix, np.array(targets), self.settings.rule)

    @cached_property
    def precision(self) -> pd.DataFrame:
        """Half-width of every key contrast beside its target, and the worlds that it needs."""
        rows = [
            {
                "scenario": panel.scenario,
                "policy": policy,
                "outcome": panel.outcome,
                "unit": self.registry[panel.outcome]["unit"],
                "target": self.tolerance(panel),
            }
            for panel in self.key_panels
            for policy in self._treatments(panel)
        ]
        half = np.asarray(self.stop.half_widths, dtype=float)
        table = pd.DataFrame(rows).assign(n=self.stop.n, half_width=half)
        table["is_met"] = table["half_width"] <= table["target"]
        table["n_needed"] = self.stop.n_needed
        table["is_last"] = np.arange(len(table)) == self.stop.last_contrast
        return table

    @cached_property
    def costs(self) -> pd.DataFrame:
        """Additional cost of each policy beside each key effect, and who is on the front."""
        panel_of = {(p.scenario, p.outcome): p for p in self.key_panels}
        cost_of = {p.scenario: p for p in self.panels if p.outcome == COST}
        rows = []
        for (scenario, outcome), group in self.effects[self.effects["is_key"]].groupby(
            ["scenario", "outcome"], sort=False
        ):
            panel = cost_of.get(str(scenario))
            if panel is not None:
                rows += self._cost_rows(panel, panel_of[str(scenario), str(outcome)], group)
        return pd.DataFrame(rows)

    def _cost_rows(
        self, panel: Worlds, outcome: Worlds, effects: pd.DataFrame
    ) -> list[dict[str, Any]]:
        control = panel.of(self.settings.baseline)
        usual = outcome.of(self.settings.baseline)
        records = effects.to_dict("records")
        costs = np.array([(panel.of(r["policy"]) - control).mean() for r in records])
        sign = {"lower": -1.0, "higher": 1.0}.get(str(records[0]["better"]), np.nan)
        benefits = sign * effects["mean"].to_numpy(float)
        # the baseline costs nothing more and brings nothing more
        front = pareto_front(np.append(costs, 0.0), np.append(benefits, 0.0))
        rows = []
        for record, cost, on_front in zip(records, costs, front, strict=False):
            paid = panel.of(record["policy"]) - control
            low, high = mean_interval(paid)
            per_low, per_high = ratio_interval(outcome.of(record["policy"]) - usual, paid)
            rows.append(
                {
                    "scenario": record["scenario"],
                    "policy": record["policy"],
                    "cost": float(cost),
                    "cost_low": low,
                    "cost_high": high,
                    "outcome": record["outcome"],
                    "unit": record["unit"],
                    "effect": record["mean"],
                    "low": record["low"],
                    "high": record["high"],
                    "per_cost": record["mean"] / cost if cost > 0 else np.nan,
                    "per_cost_low": per_low if cost > 0 else np.nan,
                    "per_cost_high": per_high if cost > 0 else np.nan,
                    "is_on_front": bool(on_front),
                }
            )
        return rows

    @cached_property
    def means(self) -> dict[str, pd.DataFrame]:
        """Mean of each key outcome as a table policy x scenario, in the unit of the outcome."""
        parts: dict[str, dict[str, pd.Series]] = {}
        for panel in self.key_panels:
            mean = pd.Series(panel.values.mean(axis=1), index=list(panel.policies))
            parts.setdefault(panel.outcome, {})[panel.scenario] = mean
        return {name: pd.DataFrame(columns).dropna() for name, columns in parts.items()}


def compare(
    values: pd.DataFrame, registry: Mapping[str, Mapping[str, Any]], settings: Settings
) -> Comparison:
    """Set the policies of a folder side by side.

    Args:
        values: rows of paired worlds, as `summary.by_region` returns them.
        registry: outcome -> mapping with ``label``, ``unit``, ``kind`` and ``better``.
        settings: the baseline, the key outcomes and what matters of each.

    Raises:
        UserError: the baseline is not among the policies, there is nothing to compare with it, or
            fewer than two worlds are common to all policies of a scenario.
    """
    policies = list(dict.fromkeys(values["policy"]))
    require_baseline(settings.baseline, policies)
    scenarios = list(dict.fromkeys(values["scenario"]))
    outcomes: list[object] = list(registry)
    panels = []
    groups = values.groupby(["scenario", "outcome", "region"], sort=False)
    for (scenario, outcome, region), rows in sorted(
        groups,
        key=lambda g: (
            outcomes.index(g[0][1]),
            REGIONS.index(g[0][2]),
            scenarios.index(g[0][0]),
        ),
    ):
        wide = rows.pivot_table(
            index=["draw", "replicate"], columns="policy", values="value", observed=True
        )
        wide = wide[[name for name in policies if name in wide]].dropna()
        if wide.index.get_level_values("draw").nunique() > 1:
            wide = wide.groupby(level="draw", sort=True).mean()
        if settings.baseline not in wide or wide.shape[1] < 2:
            continue
        _require_worlds(len(wide), str(scenario))
        panels.append(
            Worlds(
                str(scenario),
                str(region),
                str(outcome),
                tuple(map(str, wide.columns)),
                wide.to_numpy(float).T.copy(),
            )
        )
    return Comparison(settings, registry, tuple(panels))


def require_baseline(baseline: str, policies: list[str]) -> None:
    """Refuse a comparison without its baseline, or with nothing beside it.

    Raises:
        UserError: see above.
    """
    if baseline not in policies:
        raise UserError(
            "The baseline is not among the policies that are compared.",
            where="compare.baseline",
            got=baseline,
            allowed=nearest(baseline, policies),
            next=f"Add it to the policies, or use compare.baseline={policies[0]}.",
        )
    if len(policies) < 2:
        raise UserError(
            "There is only one policy, and nothing to compare it with.",
            where="design.policies",
            got=baseline,
            allowed="the baseline and one policy or more",
            next=f"For example policy={baseline},full_package.",
        )


def _require_worlds(n: int, scenario: str) -> None:
    if n < 2:
        raise UserError(
            "Intervals need at least two worlds that all policies share.",
            where=f"scenario {scenario}",
            got=f"{n} worlds",
            allowed="2 or more; 100 or more for a verdict",
            next="Repeat the command with replicates=100; failed chunks are tried again.",
        )
