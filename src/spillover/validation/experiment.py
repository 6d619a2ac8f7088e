"""K16, an experiment: the worlds of the hindcast again, with doubled patrols on the Tajik border.

Patrols are handled by state, so the stretch that is patrolled more is the whole Tajik border, not
a part of it. The bands of the flow that moves away were set for one stretch of border before the
model ran; a whole border has fewer ways round it, so a miss there is expected and is left a miss.
Learning is noise in single worlds; pairing the same worlds takes most of it away.
"""

from __future__ import annotations

import numpy as np

from spillover.axes import STATES
from spillover.validation.check import Check, NotCovered, Spec, Values, measure
from spillover.validation.history import History

PATROLS = "border.posture"
"""Multiplier of patrols by state, 1 as documented."""
FACTOR = 2.0
MORE = f"set.{PATROLS}.TJK={FACTOR:g}"
"""The change of the experiment, as an override of the command line."""
MEASURED = (2022, 2023)
"""Years in which flows are compared, once networks have had months to learn."""
ARRIVED, ENTERED = "opiates_sold_north", "opiates_entered"
"""Opiates that reach the end of the northern route; opiates that cross a state's Afghan border."""
ELSEWHERE = tuple(state for state in STATES if state != "TJK")


def displacement(history: History, patrolled: History | None) -> list[Check]:
    """K16: the flow moves to other borders, and what arrives falls less than in proportion."""
    pairs = _Pairs(history, patrolled)
    source = "paper:magliocca2019; bands judged here"
    specs = (
        (
            Spec("Elasticity of what arrives in the north to Tajik patrols", "1",
                 band=(-0.5, 0.0), source=source),
            lambda: _elasticity(*pairs(ARRIVED, ("AFG",))),
        ),
        (
            Spec("Elasticity of the flow over the Tajik border", "1", band=(-1.0, -0.3),
                 source=source),
            lambda: _elasticity(*pairs(ENTERED, ("TJK",))),
        ),
        (
            Spec("Part of the flow lost there that turns up on other borders", "share",
                 band=(0.7, 1.1), source=source),
            lambda: displaced_share(pairs(ENTERED, ("TJK",)), pairs(ENTERED, ELSEWHERE)),
        ),
    )  # fmt: skip
    return [measure("K16", spec, read, _one_draw_each(history)) for spec, read in specs]


class _Pairs:
    """The same worlds without and with more patrols, averaged over the worlds of a draw."""

    def __init__(self, history: History, patrolled: History | None) -> None:
        self.history, self.patrolled = history, patrolled

    def __call__(self, name: str, states: tuple[str, ...]) -> tuple[Values, Values]:
        if self.patrolled is None:
            raise NotCovered(
                "no runs of this model with doubled patrols (run `spillover validate`)"
            )
        both = [_by_draw(h, _flow(h, name, states)) for h in self._histories()]
        if both[0].shape != both[1].shape:
            raise NotCovered("the runs with doubled patrols are of other worlds")
        return both[0], both[1]

    def _histories(self) -> tuple[History, History]:
        assert self.patrolled is not None
        return self.history, self.patrolled


def _flow(history: History, name: str, states: tuple[str, ...]) -> Values:
    years = [history.year(name, year, states).sum(axis=1) for year in MEASURED]
    return np.sum(years, axis=0)


def _by_draw(history: History, values: Values) -> Values:
    """Mean over the worlds of each draw [draw]: displacement is a matter of expectation."""
    return np.array([values[history.draws == draw].mean() for draw in np.unique(history.draws)])


def _one_draw_each(history: History) -> np.ndarray:
    return np.unique(history.draws)


def _elasticity(before: Values, after: Values) -> Values:
    """Change of the logarithm of a flow over that of patrols; NaN where a flow is zero."""
    known = (before > 0) & (after > 0)
    safe = np.where(known, after, 1.0) / np.where(known, before, 1.0)
    return np.where(known, np.log(safe) / np.log(FACTOR), np.nan)


def displaced_share(here: tuple[Values, Values], elsewhere: tuple[Values, Values]) -> Values:
    """Gain of other borders over the loss of this one; NaN where nothing was lost."""
    lost, gained = here[0] - here[1], elsewhere[1] - elsewhere[0]
    return np.divide(gained, lost, out=np.full_like(lost, np.nan), where=lost > 0)
