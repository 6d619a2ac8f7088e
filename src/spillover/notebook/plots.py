"""Figures of a results folder in a notebook; each returns its Axes and takes ``ax=``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from matplotlib.axes import Axes

from spillover.errors import UserError, nearest
from spillover.figures.distribution import distribution
from spillover.figures.fan_page import fan_panel
from spillover.figures.maps import map_panel
from spillover.figures.style import scenarios_of
from spillover.figures.tables import (
    BRANCH_PERIOD,
    FIVE_STATES,
    Results,
    add_five_states,
    read_results,
)


@dataclass(frozen=True)
class Plots:
    """Figures of the chosen (scenario, policy) pairs of a folder."""

    folder: Path
    pairs: frozenset[tuple[str, str]]

    @cached_property
    def _results(self) -> Results:
        results = read_results(self.folder)
        rows = zip(results.outcomes["scenario"], results.outcomes["policy"], strict=True)
        return replace(results, outcomes=results.outcomes[[pair in self.pairs for pair in rows]])

    def distribution(self, outcome: str, state: str = FIVE_STATES, ax: Axes | None = None) -> Axes:
        """Spread of one outcome over the worlds since the branch, a row per cell.

        Raises:
            UserError: there is no such outcome.
        """
        results = self._results
        self._require("outcome", outcome, list(results.measures), "plot.distribution")
        table = add_five_states(results.outcomes, results.measures)
        return distribution(table, results.measures[outcome], state, BRANCH_PERIOD, ax=ax)

    def fan(
        self,
        outcome: str,
        state: str = FIVE_STATES,
        scenario: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """One outcome over time: median and bands over the worlds, a second policy dashed.

        Rare events are shown by year, or as the share of worlds with any.

        Args:
            outcome: its name.
            state: ``all5``, ``AFG`` or one of the five.
            scenario: by default the first one that is chosen.
            ax: where to draw; by default on a new figure.

        Raises:
            UserError: an unknown name, or the state has no such outcome. The five states together
                are shown by year, since weekly quantiles cannot be added up.
        """
        results = self._results
        self._require("outcome", outcome, list(results.measures), "plot.fan")
        axes = fan_panel(results, outcome, state, self._scenario(scenario, "plot.fan"), ax)
        if axes is None:
            raise UserError(
                f"'{state}' has no values of '{outcome}'.",
                where="plot.fan",
                got=state,
                allowed="all5, AFG, KAZ, KGZ, TJK, TKM, UZB, as far as the outcome is about them",
                next="docs/outcomes.md says what each outcome is about.",
            )
        return axes

    def map(self, scenario: str | None = None, ax: Axes | None = None) -> Axes:
        """The region in one scenario: attacks in Afghan provinces, recruits in the regions.

        Raises:
            UserError: an unknown scenario, or the folder has no values by place.
        """
        axes = map_panel(self._results, self._scenario(scenario, "plot.map"), ax)
        if axes is None:
            raise UserError(
                "The folder has no values by place.",
                where="plot.map",
                allowed="a folder with places/",
                next="Repeat its command.",
            )
        return axes

    def _scenario(self, name: str | None, where: str) -> str:
        known = list(dict.fromkeys(scenario for scenario, _ in sorted(self.pairs)))
        chosen = name or scenarios_of(known)[0]
        self._require("scenario", chosen, known, where)
        return chosen

    @staticmethod
    def _require(what: str, name: str, known: list[str], where: str) -> None:
        if name not in known:
            raise UserError(
                f"There is no {what} '{name}'.",
                where=where,
                got=name,
                allowed=nearest(name, known),
                next=f"`.{what}s` lists them.",
            )
