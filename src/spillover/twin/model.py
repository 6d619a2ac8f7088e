"""The twin as a Mesa model: agents, a week of processes, and the two ways to draw.

    model = TwinModel(parameters, seed=7, replicate=0, flows="shared")
    for _ in range(52):
        model.step()

`parameters` are those of the kernel, compiled for a world of any size; no other part of the model
is shared with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any

import mesa

from spillover.axes import (
    CORRIDORS,
    FACTIONS,
    GROUPS,
    HOSTS,
    LANGUAGES,
    POWERS,
    STATE_PAIRS,
    STATES,
)
from spillover.evidence import Parameters
from spillover.twin import (
    alliances,
    arms,
    attacks,
    border,
    cells,
    diplomacy,
    displacement,
    fragility,
    groups,
    information,
    intelligence,
    interdiction,
    networks,
    opium,
    plots,
    powers,
    recruitment,
    reporting,
    rule,
    statecraft,
    trade,
    trafficking,
    water,
)
from spillover.twin.agents import (
    ArmedGroup,
    Authorities,
    Cohort,
    Csto,
    Faction,
    IsisK,
    Link,
    Outside,
    Pair,
    Person,
    Plot,
    Province,
    Region,
    State,
)
from spillover.twin.agents_more import ArmsMarket, Host, Laboratories, OpiumTraders
from spillover.twin.agents_route import NorthernRoute
from spillover.twin.draws import OwnDraws, SharedDraws, Stream
from spillover.twin.surroundings import AmuDarya, Medium, Power, corridors

SCHEDULE: tuple[ModuleType, ...] = (
    powers,
    water,
    rule,
    opium,
    arms,
    groups,
    cells,
    information,
    recruitment,
    intelligence,
    plots,
    attacks,
    border,
    interdiction,
    networks,
    trafficking,
    displacement,
    trade,
    diplomacy,
    alliances,
    statecraft,
    fragility,
    reporting,
)
"""Processes of the twin in the order of docs/odd.md. Each is a module with NAME, `start(model)` for
section 5, `step(model)` for its part of section 7, and `fields(model)`, which gives its state under
the names of section 2 for comparison."""
EARLY = {"trade", "interdiction"}
"""Processes that start first, since the treasury and the border start from their levels."""
N_CELL_SLOTS, N_PLOT_SLOTS = 512, 96
FLOWS = ("shared", "own")


class TwinModel(mesa.Model):
    """The model of docs/odd.md, agent by agent.

    Args:
        parameters: of the run; `parameters.world` is the map.
        seed: root seed of the streams.
        replicate: which world.
        flows: "shared" counts with the kernel's uniforms, "own" lets everyone draw for itself.
        processes: names of the processes that run; None runs all. One that does not run keeps the
            state it starts with.
    """

    def __init__(
        self,
        parameters: Parameters,
        seed: int,
        replicate: int = 0,
        flows: str = "shared",
        processes: Iterable[str] | None = None,
    ) -> None:
        if flows not in FLOWS:
            raise ValueError(f"flows is one of {', '.join(FLOWS)}, not '{flows}'")
        super().__init__(seed=seed * 1_000_003 + replicate)
        self.parameters, self.world = parameters, parameters.world
        names = {process.NAME for process in SCHEDULE} if processes is None else set(processes)
        self.processes = [process for process in SCHEDULE if process.NAME in names]
        self.draws: SharedDraws | OwnDraws = (
            SharedDraws(seed, replicate, self.random)
            if flows == "shared"
            else OwnDraws(self.random)
        )
        self.week = 0
        self.view: Any = parameters.at(0)
        self.flows: dict[str, Any] = {}
        """What happened this week in the process that acts, by name; no process reads it."""
        self.accounts: dict[str, dict[str, Any]] = {}
        """The flows of each process in its latest week, for those who watch."""
        self._settle()
        self._border()
        for process in sorted(SCHEDULE, key=lambda process: process.NAME not in EARLY):
            process.start(self)

    def _settle(self) -> None:
        """Afghanistan, the five states and their people, still without any level."""
        world = self.world
        self.provinces = [Province(self, a) for a in range(world.n_provinces)]
        for a, b in world.province_edges:
            self.provinces[a].neighbours.append(self.provinces[b])
        for province in self.provinces:
            province.neighbours.sort(key=lambda other: other.index)
        self.authorities = Authorities(self)
        self.authorities.factions = [Faction(self, f, name) for f, name in enumerate(FACTIONS)]
        self.groups = [ArmedGroup(self, g, name) for g, name in enumerate(GROUPS)]
        self.isisk = IsisK(self, N_CELL_SLOTS)
        self.plots: list[Plot | None] = [None] * N_PLOT_SLOTS
        self.states = [State(self, c, code) for c, code in enumerate(STATES)]
        self.regions = [
            Region(self, q, self.states[world.region_state[q]]) for q in range(world.n_regions)
        ]
        self.cohorts = [Cohort(self, region.index, region.state, region) for region in self.regions]
        for state in self.states:
            self.cohorts.append(Cohort(self, world.n_regions + state.index, state, None))
        for region in self.regions:
            region.state.regions.append(region)
        for cohort in self.cohorts:
            cohort.state.cohorts.append(cohort)
        self.pairs = [
            Pair(self, s, self.states[i], self.states[j]) for s, (i, j) in enumerate(STATE_PAIRS)
        ]
        self.csto, self.outside = Csto(self), Outside(self)
        self.powers = [Power(self, p, name) for p, name in enumerate(POWERS)]
        self.opium_traders, self.laboratories = OpiumTraders(self), Laboratories(self)
        self.arms_market = ArmsMarket(self)
        self.hosts = [Host(self, h, name) for h, name in enumerate(HOSTS)]
        self.river = AmuDarya(self)
        self.media = [Medium(self, i, language) for i, language in enumerate(LANGUAGES)]
        self.corridors = corridors(self, CORRIDORS)

    def _border(self) -> None:
        """Who lies beside whom."""
        world = self.world
        self.links = [
            Link(self, n, self.provinces[a], self.regions[q])
            for n, (a, q) in enumerate(zip(world.link_province, world.link_region, strict=True))
        ]
        for link in self.links:
            link.province.links.append(link)
            link.state.links.append(link)
        for a, b in world.region_edges:
            one, other = self.regions[a].state, self.regions[b].state
            if one is not other and other not in one.neighbours:
                one.neighbours.append(other)
        self.route = NorthernRoute(self)

    def stream(self, name: str, n_slots: int, at: int | None = None) -> Stream:
        """The random numbers of a purpose in this week, or at another address."""
        return self.draws.stream(name, self.week if at is None else at, n_slots)

    def state(self, code: str) -> State:
        """A state by its code."""
        return self.states[STATES.index(code)]

    def group(self, name: str) -> ArmedGroup:
        """An armed group by its name."""
        return self.groups[GROUPS.index(name)]

    def open_accounts(self, names: Iterable[str], n_places: int) -> None:
        """Accounts of this week with a place for each of n agents, all at zero."""
        self.flows |= {name: [0] * n_places for name in names}

    def newcomer(self, cohort: Cohort, condition: str) -> Person:
        """A person who was not in the model before."""
        person = Person(self, 0, cohort, condition)
        cohort.people[condition].append(person)
        return person

    def begin_week(self) -> None:
        """Look up the numbers of the week; nothing has happened yet."""
        self.view = self.parameters.at(self.week)
        self.flows = {}

    def end_week(self) -> None:
        """The week is over."""
        self.week += 1

    def close(self) -> None:
        """Let all agents go; Mesa 3.3 would keep every model that ever had an agent."""
        self.remove_all_agents()
        getattr(mesa.Agent, "_ids", {}).pop(self, None)

    def act(self, process: ModuleType) -> None:
        """Let one process act, with accounts of its own."""
        self.flows = self.accounts[process.NAME] = {}
        process.step(self)

    def step(self) -> None:
        """Advance one week."""
        self.begin_week()
        for process in self.processes:
            self.act(process)
        self.end_week()
