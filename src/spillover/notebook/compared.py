"""A comparison in a notebook: its tables, its card and its figures."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from spillover.analysis.across_scenarios import agreement_table, regret_table, robustness_table
from spillover.analysis.card import Card, make_card
from spillover.analysis.comparison import Comparison
from spillover.errors import UserError, nearest
from spillover.figures.contrasts import contrast_forest, regret_map


@dataclass(frozen=True)
class Compared:
    """Policies side by side; tables as docs/statistics.md describes them."""

    comparison: Comparison
    folder: Path
    manifest: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """Key effects with simultaneous intervals and verdicts, a row per contrast."""
        effects = self.comparison.effects
        return effects[effects["is_key"]].reset_index(drop=True)

    @property
    def best(self) -> pd.DataFrame:
        """P(best), and which policies are as good as the best at the tolerance."""
        return self.comparison.best

    @property
    def tails(self) -> pd.DataFrame:
        """CVaR and shares of worlds beyond a threshold."""
        return self.comparison.tails

    @property
    def precision(self) -> pd.DataFrame:
        """Half-width of each key contrast beside its target."""
        return self.comparison.precision

    @property
    def costs(self) -> pd.DataFrame:
        """Additional cost beside each key effect, and the Pareto front."""
        return self.comparison.costs

    @cached_property
    def card(self) -> Card:
        """The decision card; ``print(c.card.markdown)`` shows it."""
        labels = {name: str(o["label"]) for name, o in self.manifest["outcomes"].items()}
        file = self.folder / "elsewhere.csv"
        elsewhere = pd.read_csv(file) if file.is_file() else pd.DataFrame()
        if len(elsewhere):
            elsewhere = elsewhere[elsewhere["policy"].isin(self.table["policy"])]
        robustness = robustness_table(self.comparison)
        name, question = self.manifest["name"], self.manifest["question"]
        return make_card(self.comparison, robustness, elsewhere, labels, name, question)

    @property
    def plot(self) -> ComparedPlots:
        """Figures: ``plot.forest("attacks_home")``."""
        return ComparedPlots(self)

    def _repr_html_(self) -> str:
        columns = ["scenario", "policy", "label", "unit", "mean", "low", "high", "verdict"]
        return self.table[columns].to_html(index=False, float_format="{:.3g}".format)


@dataclass(frozen=True)
class ComparedPlots:
    """Figures of a comparison; each returns its Axes and takes ``ax=``."""

    compared: Compared

    def forest(self, outcome: str | None = None, ax: Axes | None = None) -> Axes:
        """Effects on one key outcome with simultaneous intervals and the indifference zone.

        Raises:
            UserError: the outcome is not a key outcome of the comparison.
        """
        table = self.compared.table
        chosen = require_key(outcome or str(table["outcome"].iloc[0]), table)
        return contrast_forest(chosen, ax=ax)


@dataclass(frozen=True)
class Robustness:
    """Criteria across scenarios that carry no probability."""

    compared: Compared

    @property
    def table(self) -> pd.DataFrame:
        """Value and rank by outcome, policy and metric; empty for a single scenario."""
        return robustness_table(self.compared.comparison)

    @property
    def regret(self) -> pd.DataFrame:
        """Regret by outcome, policy and scenario, in the unit of the outcome."""
        return regret_table(self.compared.comparison)

    @property
    def agreement(self) -> pd.DataFrame:
        """Kendall's tau-b between the ranks of two metrics, by outcome."""
        return agreement_table(self.table)

    @property
    def plot(self) -> RobustnessPlots:
        """Figures: ``plot.regret("attacks_home")``."""
        return RobustnessPlots(self)

    def _repr_html_(self) -> str:
        wide = self.table.pivot(index=["outcome", "policy"], columns="metric", values="rank")
        return wide.to_html()


@dataclass(frozen=True)
class RobustnessPlots:
    """Figures of robustness; each returns its Axes and takes ``ax=``."""

    robustness: Robustness

    def regret(self, outcome: str | None = None, ax: Axes | None = None) -> Axes:
        """Regret in one key outcome by policy and scenario.

        Raises:
            UserError: the outcome is not a key outcome of the comparison.
        """
        table = self.robustness.regret
        return regret_map(require_key(outcome or str(table["outcome"].iloc[0]), table), ax=ax)


def require_key(outcome: str, table: pd.DataFrame) -> pd.DataFrame:
    """Rows of one outcome.

    Raises:
        UserError: the table has none.
    """
    known = list(dict.fromkeys(table["outcome"]))
    if outcome not in known:
        raise UserError(
            f"'{outcome}' is not a key outcome of this comparison.",
            where="plot",
            got=outcome,
            allowed=nearest(outcome, known),
            next=f"Compare it first: .compare(outcomes=['{outcome}'], tolerance={{...}}).",
        )
    return table[table["outcome"] == outcome]
