"""What the twin with dice of its own is compared in: a busy world, and thirteen named outcomes.

Every channel has an outcome. All are flows of a year, read from the accounts of the week, which
twin and kernel keep under the same names. The world is busy because five per cent of a mean can
only be resolved where much happens; the factors were set in a pilot of the kernel alone, so that
three hundred runs resolve it, before any run of the twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.axes import GOODS
from spillover.evidence import Change, Parameters, ParameterTree
from spillover.world import World
from spillover.world.subset import scaled

WEEKS, PEOPLE = 52, 50_000
BUSY: Mapping[str, float] = {
    "attacks.frontier_hazard_allied": 0.05,
    "attacks.recorded_at_takeover": 20.0,
    "attacks.severity_cutoff": 40.0,
    "border.infiltration": 0.5,
    "cells.external_base": -1.0,
    "cells.northern_base": -1.0,
    "cells.operations_hazard": 3.0,
    "diplomacy.csto_response_shift": 3.0,
    "drivers.prison_releases": 5.0,
    "drivers.syria_arrivals": 6.0,
    "fragility.hazard_open": 1.0,
    "fragility.shock_longest": 3.0,
    "fragility.shock_shortest": 2.0,
    "fragility.unrest_base": 5.0,
    "groups.commander_defections": 3.0,
    "groups.disengagement_hazard": 0.2,
    "groups.northward_displacement": 0.02,
    "groups.relocation_hazard": 2.0,
    "interdiction.interception": 0.25,
    "plots.preparation_afghanistan": 6.0,
    "plots.preparation_elsewhere": 6.0,
    "plots.start_hazard_abroad": 1.0,
    "plots.start_hazard_home": 0.5,
    "rule.pay_factor": 0.8,
}
"""Numbers that are set from the first week."""
MANY: Mapping[str, float] = {"displacement.arrivals_base": 10.0, "fragility.unrest_weight": 4.0}
"""Numbers that are multiplied, after the people were scaled."""


@dataclass(frozen=True)
class Account:
    """Where an outcome is booked: a process, the name of an account, perhaps one good of it."""

    process: str
    name: str
    good: str | None = None

    def of_week(self, values: Any, n_runs: int) -> NDArray[np.float64]:
        """Sum of one week's account over places, for each run [n]."""
        booked = np.asarray(values, dtype=np.float64)
        if self.good is not None:
            booked = booked[..., GOODS.index(self.good)]
        return booked.reshape(n_runs, -1).sum(axis=1)


OUTCOMES: Mapping[str, Account] = {
    "attacks": Account("attacks", "attacks"),
    "deaths": Account("attacks", "deaths"),
    "frontier_attacks": Account("attacks", "frontier_done"),
    "people_exposed": Account("recruitment", "newly_exposed"),
    "recruits": Account("recruitment", "recruits"),
    "arrests": Account("recruitment", "arrests"),
    "plots_carried_out": Account("plots", "carried_out"),
    "plots_disrupted": Account("intelligence", "disrupted"),
    "infiltrations": Account("border", "through"),
    "opiates_seized": Account("trafficking", "seized", "opiates"),
    "arms_through": Account("trafficking", "through", "arms"),
    "refugee_arrivals": Account("displacement", "arrivals"),
    "unrest": Account("fragility", "started"),
}


def busy(
    tree: ParameterTree,
    world: World,
    n_weeks: int = WEEKS,
    people: int = PEOPLE,
    errors: Mapping[str, float] | None = None,
) -> Parameters:
    """Parameters of the busy world on a map, for so many people.

    Args:
        tree: documented parameters.
        world: full or part of the map.
        n_weeks: for how many weeks.
        people: people in all cohorts.
        errors: by what factor some numbers are wrong on purpose.
    """
    smaller, changes = scaled(world, tree.compile(1, world), people)
    wrong = dict(errors or {})
    for path, value in BUSY.items():
        changes.append(_change(path, "set", value * wrong.pop(path, 1.0)))
    for path, factor in MANY.items():
        changes.append(_change(path, "scale", factor * wrong.pop(path, 1.0)))
    changes += [_change(path, "scale", factor) for path, factor in wrong.items()]
    return tree.with_changes(changes).compile(n_weeks, smaller)


def _change(path: str, op: str, value: float) -> Change:
    return Change(path, op, value, start_week=0, layer="user", origin="study of the twin")


def sums(
    weeks: Iterable[Mapping[str, Any]], n_runs: int, names: Iterable[str] = tuple(OUTCOMES)
) -> dict[str, NDArray[np.float64]]:
    """Outcomes of runs [n] by name, from the accounts of their weeks.

    Args:
        weeks: by process the accounts of a week, as a mapping or as a record of the kernel.
        n_runs: length of the first axis of the accounts; 1 for a run of the twin.
        names: which outcomes.
    """
    out = {name: np.zeros(n_runs) for name in names}
    for accounts in weeks:
        for name, amounts in out.items():
            account = OUTCOMES[name]
            book = accounts[account.process]
            is_mapping = isinstance(book, Mapping)
            values = book[account.name] if is_mapping else getattr(book, account.name)
            amounts += account.of_week(values, n_runs)
    return out
