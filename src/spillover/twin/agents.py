"""The agents of the twin: everyone and everything of docs/odd.md, section 2, one object each.

Attributes have the names of the state variables there without the name of their owner
(`cell_fighters` is `cell.fighters`). An agent holds only what other processes or the next week
need. Attributes that a channel of its own will move are set to their start value by the channel
that owns them; until it is written they keep the value given here, which is neutral.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import mesa

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

# Conditions of a person at home or in a diaspora.
SUSCEPTIBLE, EXPOSED, MEMBER, DETAINED, TREATED, TRAVELLER = (
    "susceptible", "exposed", "member", "detained", "treated", "traveller",
)  # fmt: skip
CONDITIONS = (SUSCEPTIBLE, EXPOSED, MEMBER, DETAINED, TREATED, TRAVELLER)
# Modes of a cell of ISIS-K.
HIDE, LOCAL, RECRUIT, NORTH, EXTERNAL = MODES = ("hide", "local", "recruit", "north", "external")
# Stages and bases of a plot.
PLANNED, READY = "planned", "ready"
AFGHANISTAN, HOME, ABROAD, DIASPORA = BASES = ("afghanistan", "home", "abroad", "diaspora")
RUSSIA, ELSEWHERE = "russia", "elsewhere"
"""Targets outside the five states."""


class Agent(mesa.Agent):
    """Any agent of the twin."""

    model: TwinModel

    def __init__(self, model: TwinModel, index: int) -> None:
        super().__init__(model)
        self.index = index


class Province(Agent):
    """An Afghan province."""

    def __init__(self, model: TwinModel, index: int) -> None:
        super().__init__(model, index)
        world = model.world
        self.id = world.province_ids[index]
        self.zone = int(world.province_zone[index])
        self.population = int(world.population[index])
        self.hops = [int(h) for h in world.hops_to_state[index]]
        self.is_at_border = min(self.hops) == 1
        self.neighbours: list[Province] = []  # in the order of the places
        self.links: list[Link] = []
        self.kilometres: list[float] = []  # to every province
        self.control = self.legitimacy = self.loyalty = 0.0
        self.promise_kept = self.grievance = 0.0
        self.excitation = 0.0
        self.week_attacks = self.week_deadly = self.week_armed_attacks = 0
        self.poppy_ha = self.farm_stock_kg = 0
        self.farm_income_usd = self.season_income_usd = 0
        self.arms_depots = 0
        self.residents = self.displaced = self.returnees = self.week_returnees = 0


class Region(Agent):
    """A region of Central Asia."""

    def __init__(self, model: TwinModel, index: int, state: State) -> None:
        super().__init__(model, index)
        world = model.world
        place = world.n_provinces + index
        self.id, self.state = world.region_ids[index], state
        self.population = int(world.population[place])
        self.urban_index = float(world.urban_index[place])
        self.attacks = self.deaths = 0  # of plots, this week
        self.water_deficit = 0.0


class State(Agent):
    """One of the five states with its government."""

    def __init__(self, model: TwinModel, index: int, code: str) -> None:
        super().__init__(model, index)
        self.code = code
        self.regions: list[Region] = []
        self.links: list[Link] = []
        self.cohorts: list[Cohort] = []  # regions in order, then the diaspora
        self.neighbours: list[State] = []
        self.operatives: list[Person] = []  # of this state, abroad
        self.engagement = self.trust_kept = self.trust_broken = 0.0
        self.threat = self.alarm = 0.0
        self.budget_share: dict[str, float] = {}
        self.delivered: dict[str, float] = {}
        self.repression = self.arrests_per_week = self.legitimacy = 0.0
        self.busy = 0
        self.service_capacity = 1.0
        self.week_home_attacks = self.week_disrupted = self.week_arrests = 0
        self.week_broken_promises = 0
        self.moscow_lean = 0.0
        self.closed_share = self.shock = self.corruption = self.route_profit = 0.0
        self.usual_profit = 0.0  # of August 2021
        self.trade_index = 1.0
        self.trade_usd_m = self.transit_usd_m = self.trade_noise = 0.0
        self.mobilisation = self.unrest = 0.0
        self.tension = 1.0
        self.unrest_weeks = 0
        self.arms_circulating = self.refugees = self.week_arrivals = self.week_seizures = 0
        self.openness = 0.0  # share of those who try to enter whom it lets in

    @property
    def diaspora(self) -> Cohort:
        """The cohort of its emigrants."""
        return self.cohorts[-1]


class Cohort(Agent):
    """People of 15 to 39 years of one region, or of the diaspora of one state."""

    def __init__(self, model: TwinModel, index: int, state: State, region: Region | None) -> None:
        super().__init__(model, index)
        self.state, self.region = state, region
        self.people: dict[str, list[Person]] = {condition: [] for condition in CONDITIONS}
        self.online_reach = 1.0  # what reaches the cohort online, 1 = 2021

    def admit(self, person: Person, condition: str) -> None:
        """Take a person in, in this condition."""
        person.cohort, person.condition = self, condition
        self.people[condition].append(person)

    def count(self, condition: str) -> int:
        """How many are in this condition."""
        return len(self.people[condition])


class Person(Agent):
    """Somebody in a cohort, abroad as an operative, or in a plot."""

    def __init__(self, model: TwinModel, index: int, cohort: Cohort, condition: str) -> None:
        super().__init__(model, index)
        self.cohort, self.condition = cohort, condition


class Authorities(Agent):
    """Those who rule Afghanistan, as one."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.treasury_usd = 0
        self.effort = 1.0
        self.knowledge = 0.0  # of ISIS-K, I
        self.factions: list[Faction] = []
        self.ban_enforcement = self.ban_wear = 0.0  # of the poppy ban


class Faction(Agent):
    """One of the two factions of the authorities."""

    def __init__(self, model: TwinModel, index: int, name: str) -> None:
        super().__init__(model, index)
        self.name = name
        self.will = self.reciprocity = 0.0


class ArmedGroup(Agent):
    """An armed group other than ISIS-K."""

    def __init__(self, model: TwinModel, index: int, name: str) -> None:
        super().__init__(model, index)
        self.name = name
        self.fighters = [0] * model.world.n_provinces
        self.haven = 0.0
        self.funds_usd = self.week_flow_tax_usd = 0
        self.surveyed = 0

    @property
    def strength(self) -> int:
        """All its fighters."""
        return sum(self.fighters)


class IsisK(Agent):
    """What the cells of ISIS-K have in common: men without a cell, prisoners, habits."""

    def __init__(self, model: TwinModel, n_slots: int) -> None:
        super().__init__(model, 0)
        self.cells: list[Cell | None] = [None] * n_slots
        self.unassigned = self.release_pool = self.prisoners = self.surveyed = 0
        self.activity = 0.0
        self.week_flow_tax_usd = 0

    def in_cells(self) -> int:
        """Men of all cells."""
        return sum(cell.fighters for cell in self.living())

    def men(self) -> int:
        """Men of all cells and men without one."""
        return self.in_cells() + self.unassigned

    def living(self) -> list[Cell]:
        """Cells that exist, in the order of their slots."""
        return [cell for cell in self.cells if cell is not None]


class Cell(Agent):
    """A cell of ISIS-K; its index is its slot."""

    def __init__(self, model: TwinModel, slot: int, province: Province, fighters: int) -> None:
        super().__init__(model, slot)
        self.province, self.fighters = province, fighters
        self.mode = LOCAL
        self.target: State | str | None = None
        self.skill = 0.0
        self.funds_usd = 0


class Plot(Agent):
    """A plot; its index is its slot. Its people are persons, or men of ISIS-K without a name."""

    def __init__(self, model: TwinModel, slot: int, base: str, target: State | str) -> None:
        super().__init__(model, slot)
        self.base, self.target = base, target
        self.stage = PLANNED
        self.cohort: Cohort | None = None
        self.region: Region | None = None
        self.persons: list[Person] = []
        self.men = 0
        self.skill = 0.0

    @property
    def size(self) -> int:
        """How many people it has."""
        return len(self.persons) + self.men


class Link(Agent):
    """A northern link: an Afghan province and the region across the border."""

    def __init__(self, model: TwinModel, index: int, province: Province, region: Region) -> None:
        super().__init__(model, index)
        self.province, self.region, self.state = province, region, region.state
        self.difficulty = float(model.world.link_difficulty[index])
        self.patrol_share = self.trouble_memory = 0.0
        self.perceived_detection = self.detection = self.patrols = 0.0
        self.week_frontier = 0


class Pair(Agent):
    """Two of the five states."""

    def __init__(self, model: TwinModel, index: int, one: State, other: State) -> None:
        super().__init__(model, index)
        self.one, self.other = one, other
        self.trust = 0.0


class Csto(Agent):
    """The CSTO: which options it has pledged, and what share of each it delivers."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.pledged: dict[str, bool] = {}
        self.delivered: dict[str, float] = {}


class Outside(Agent):
    """What happens outside Afghanistan and the five states, or to all of them together."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.week_foreign_attacks = self.week_russian_attacks = self.week_pakistan_attacks = 0
        self.russian_attention = self.pakistan_open = 1.0
        self.russian_alarm = self.pakistani_alarm = self.distant_alarm = 0.0
        self.chinese_pressure = 0.0
        self.clash = 0.0  # of Kyrgyz and Tajik troops
        self.clash_weeks = 0
        self.afghans_elsewhere = 0  # refugees who moved on from the five
        self.afghan_trade_usd_m = self.transit_usd_m = 0.0  # of Afghanistan, all partners
