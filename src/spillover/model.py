"""The Mesa front door: the kernel as a `mesa.Model` whose agents are views on its arrays.

`SpilloverModel` steps the same kernel that `spillover run` uses, for one replicate, so the same
seed and replicate give the same numbers to the bit. Agents own nothing: an attribute of an agent
is a look into the state of the current week. Use it to explore, to plot, or with
`mesa.batch_run`; use `spillover sweep` for thousands of replicates.

    model = SpilloverModel(scenario="malign_escalation", replicate=3)
    while model.running:
        model.step()
    model.datacollector.get_model_vars_dataframe()
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import mesa
import numpy as np

from spillover import clock, kernel
from spillover.agents import (
    CellAgent,
    CorridorAgent,
    FactionAgent,
    GroupAgent,
    NetworkAgent,
    OrganisationAgent,
    PowerAgent,
    StateAgent,
)
from spillover.axes import CORRIDORS, FACTIONS, GROUPS, POWERS, STATES
from spillover.batch.backend import model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import Plan, make_plan
from spillover.first_state import first_state
from spillover.observe import HEADLINES, Observed, Recorder
from spillover.streams import Streams

DEFAULT_SEED = 20210815


def _follow(model: SpilloverModel, agents: dict[int, Any], kind: Any, place: Any) -> None:
    """Agents of one kind by slot; a slot is in use where its place is not -1."""
    used = set(np.flatnonzero(place >= 0).tolist())
    for slot in agents.keys() - used:
        agents.pop(slot).remove()
    for slot in sorted(used - agents.keys()):
        agents[slot] = kind(model, slot)


class SpilloverModel(mesa.Model):
    """One replicate of the simulation as a Mesa model.

    Args:
        scenario: name of a file in configs/scenario.
        policy: name of a file in configs/policy; `a+b` composes two.
        stressor: name of a file in configs/stressor.
        structure: name of a file in configs/structure; it holds from the first week.
        horizon: `hindcast` or `projection`.
        start: first day of scenario, stressor and policy (a Sunday).
        replicate: index of the random world.
        seed: root seed of the experiment.
        rng: the same, under the name that newer Mesa uses; a whole number.
        overrides: parameter path -> value, in force in every week.

    Raises:
        UserError: an unknown name or path, a value out of bounds, a date inside a week.
    """

    def __init__(
        self,
        scenario: str = "status_quo",
        policy: str = "status_quo",
        stressor: str = "none",
        horizon: str = "projection",
        start: str | date = clock.BRANCH_DATE,
        replicate: int = 0,
        seed: int | None = None,
        rng: int | None = None,
        overrides: Mapping[str, Any] | None = None,
        structure: str = "documented",
    ) -> None:
        given = seed if seed is not None else rng
        self.root_seed = DEFAULT_SEED if given is None else int(given)
        super().__init__(rng=self.root_seed)
        names = {"scenario": scenario, "policy": policy, "stressor": stressor}
        names["structure"] = structure
        self.plan = _plan(names, horizon, start, self.root_seed, overrides or {})
        self.replicate = int(replicate)
        self.n_weeks = self.plan.frame.n_weeks
        backend = model_backend()
        tree = backend.tree.with_changes(self.plan.cells[0].changes)
        self.parameters = backend.compile(tree, self.n_weeks)
        self.streams = Streams(self.root_seed, [self.replicate])
        self.state = first_state(self.parameters.at(0), self.streams)
        self.week = 0
        world = self.parameters.world
        self.recorder = Recorder(world, 1, self.n_weeks, self.plan.frame.branch_week)
        self._populate()
        self.datacollector = mesa.DataCollector(model_reporters=self._reporters())

    def _populate(self) -> None:
        for code in STATES:
            StateAgent(self, code)
        for name in FACTIONS:
            FactionAgent(self, name)
        for name in GROUPS:
            GroupAgent(self, name)
        for name in ("CSTO", "SCO", "CIS"):
            OrganisationAgent(self, name)
        for name in POWERS:
            PowerAgent(self, name)
        for name in CORRIDORS:
            CorridorAgent(self, name)
        self.cells: dict[int, CellAgent] = {}
        self.networks: dict[int, NetworkAgent] = {}
        self._follow_slots()

    def _follow_slots(self) -> None:
        """Give every slot in use an agent and take it from slots that fell empty."""
        _follow(self, self.cells, CellAgent, self.state.cell_place[0])
        _follow(self, self.networks, NetworkAgent, self.state.network_home[0])

    def _reporters(self) -> dict[str, Any]:
        """Headline outcomes of the week just stepped, by country."""

        def reader(name: str, member: int) -> Any:
            path = self.recorder.path(name)
            return lambda model: float(path[model.week - 1, 0, member])

        return {
            f"{outcome.name}_{code}": reader(outcome.name, member)
            for outcome in HEADLINES
            for member, code in enumerate(("AFG",) if outcome.scope == "AFG" else STATES)
        } | {"week": lambda model: model.week - 1}

    def step(self) -> None:
        """Advance one week; `running` turns false after the last one."""
        self.state, info = kernel.step(self.state, self.week, self.parameters, self.streams)
        self.recorder.watch(self.week, self.state, info)
        self.week += 1
        self._follow_slots()
        self.datacollector.collect(self)
        self.running = self.week < self.n_weeks

    def observed(self) -> Observed:
        """Tables of outcomes of this replicate, as `spillover run` writes them."""
        return self.recorder.tables(range(self.replicate, self.replicate + 1))


def _plan(
    names: Mapping[str, str],
    horizon: str,
    start: str | date,
    seed: int,
    overrides: Mapping[str, Any],
) -> Plan:
    words = [f"{group}={name}" for group, name in names.items()]
    words += [f"horizon={horizon}", f"start.date={start}", f"seed={seed}"]
    words += [f"set.{path}={value}" for path, value in overrides.items()]
    return make_plan(compose_config(words), model_backend(), is_sweep=False)
