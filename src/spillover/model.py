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
from spillover.axes import COUNTRIES, CSTO_OPTIONS, FACTIONS, GROUPS, LEVERS, STATES
from spillover.batch.backend import model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import Plan, make_plan
from spillover.first_state import first_state
from spillover.observe import HEADLINES, Observed, Recorder
from spillover.outcomes import OUTCOMES
from spillover.state import MODES
from spillover.streams import Streams

DEFAULT_SEED = 20210815


class _View(mesa.Agent):
    """An agent that reads its attributes from one place of the model's arrays."""

    model: SpilloverModel

    def _at(self, name: str, *place: int) -> Any:
        return getattr(self.model.state, name)[(0, *place)]

    def step(self) -> None:
        """Do nothing: the kernel moves all agents at once."""


class StateAgent(_View):
    """One of the five states."""

    def __init__(self, model: SpilloverModel, code: str) -> None:
        super().__init__(model)
        self.code, self.index = code, STATES.index(code)

    @property
    def engagement(self) -> float:
        """Engagement with Kabul, 0 to 1."""
        return float(self._at("engagement", self.index))

    @property
    def threat(self) -> float:
        """Threat perceived, 0 to 1."""
        return float(self._at("threat", self.index))

    @property
    def repression(self) -> float:
        """Repression, 0 to 1."""
        return float(self._at("repression", self.index))

    @property
    def levers(self) -> dict[str, float]:
        """Delivered level of every lever."""
        return dict(zip(LEVERS, self._at("delivered", self.index).tolist(), strict=True))


class FactionAgent(_View):
    """The Kandahar or the Kabul faction of the Taliban."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name, self.index = name, FACTIONS.index(name)

    @property
    def will(self) -> float:
        """Will to keep promises given to neighbours, 0 to 1."""
        return float(self._at("faction_will", self.index))

    @property
    def reciprocity(self) -> float:
        """What engagement earns from this faction, 0 to 1."""
        return float(self._at("reciprocity", self.index))


class GroupAgent(_View):
    """An armed group other than ISIS-K."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name, self.index = name, GROUPS.index(name)

    @property
    def fighters(self) -> int:
        """Fighters in Afghanistan."""
        return int(self._at("fighters", self.index).sum())

    @property
    def haven(self) -> float:
        """Tolerance by the authorities, 0 to 1."""
        return float(self._at("haven", self.index))

    @property
    def funds_usd(self) -> int:
        """Money of the group in USD."""
        return int(self._at("group_funds_usd", self.index))


class CellAgent(_View):
    """A cell of ISIS-K in its slot; it exists while the slot is in use."""

    def __init__(self, model: SpilloverModel, slot: int) -> None:
        super().__init__(model)
        self.slot = slot

    @property
    def province(self) -> str:
        """Province id."""
        return self.model.parameters.world.place_ids[int(self._at("cell_place", self.slot))]

    @property
    def fighters(self) -> int:
        """Men in the cell."""
        return int(self._at("cell_fighters", self.slot))

    @property
    def mode(self) -> str:
        """What the cell does: hide, local, recruit, north or external."""
        return MODES[int(self._at("cell_mode", self.slot))]

    @property
    def funds_usd(self) -> int:
        """Money of the cell in USD."""
        return int(self._at("cell_funds_usd", self.slot))


class OrganisationAgent(_View):
    """The CSTO, the SCO or the CIS."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name = name

    @property
    def delivered(self) -> dict[str, float]:
        """What the organisation delivers: CSTO options, or the share of a programme."""
        if self.name == "CSTO":
            return dict(zip(CSTO_OPTIONS, self._at("csto_delivered").tolist(), strict=True))
        view = self.model.parameters.at(min(self.model.week, self.model.n_weeks - 1))
        if self.name == "SCO":
            return {"mode": float(view.diplomacy.sco_mode)}
        return {"programme": float(view.drivers.cis_programme)}


class SpilloverModel(mesa.Model):
    """One replicate of the simulation as a Mesa model.

    Args:
        scenario: name of a file in configs/scenario.
        policy: name of a file in configs/policy; `a+b` composes two.
        stressor: name of a file in configs/stressor.
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
    ) -> None:
        given = seed if seed is not None else rng
        self.root_seed = DEFAULT_SEED if given is None else int(given)
        super().__init__(rng=self.root_seed)
        names = {"scenario": scenario, "policy": policy, "stressor": stressor}
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
        self.cells: dict[int, CellAgent] = {}
        self._follow_cells()

    def _follow_cells(self) -> None:
        """Give every slot in use an agent and take it from slots that fell empty."""
        used = set(np.flatnonzero(self.state.cell_place[0] >= 0).tolist())
        for slot in self.cells.keys() - used:
            self.cells.pop(slot).remove()
        for slot in sorted(used - self.cells.keys()):
            self.cells[slot] = CellAgent(self, slot)

    def _reporters(self) -> dict[str, Any]:
        """Headline outcomes of the week just stepped, by country."""

        def reader(name: str, country: int) -> Any:
            path = self.recorder.paths[[o.name for o in HEADLINES].index(name)]
            return lambda model: float(path[0, country, model.week - 1])

        return {
            f"{outcome.name}_{code}": reader(outcome.name, COUNTRIES.index(code))
            for outcome in HEADLINES
            for code in (("AFG",) if OUTCOMES[outcome.name].scope == "AFG" else STATES)
        } | {"week": lambda model: model.week - 1}

    def step(self) -> None:
        """Advance one week; `running` turns false after the last one."""
        self.state, info = kernel.step(self.state, self.week, self.parameters, self.streams)
        self.recorder.watch(self.week, self.state, info)
        self.week += 1
        self._follow_cells()
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
