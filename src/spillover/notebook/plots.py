"""Figures of a results folder in a notebook; each returns its Axes and takes ``ax=``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from matplotlib.axes import Axes

from spillover.errors import UserError, nearest
from spillover.figures.distribution import distribution
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
        if outcome not in results.measures:
            raise UserError(
                f"There is no outcome '{outcome}'.",
                where="plot.distribution",
                got=outcome,
                allowed=nearest(outcome, list(results.measures)),
                next="`.outcomes` lists them.",
            )
        table = add_five_states(results.outcomes, results.measures)
        return distribution(table, results.measures[outcome], state, BRANCH_PERIOD, ax=ax)
