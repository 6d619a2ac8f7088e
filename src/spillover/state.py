"""The state of the world: one immutable record of arrays, replicate-major.

Axes: [r] replicate, [a] Afghan province (34), [q] Central Asian region (48), [m] cohort (48 regions
followed by 5 diasporas), [c] state (5), [g] armed group (7), [k] ISIS-K cell slot, [j] plot slot,
[l] northern link (13), [f] Taliban faction (2), [s] pair of states (10), [o] CSTO option (4),
[b] budget line (4), [v] lever (41), [p] outside power (8), [h] host of Afghans abroad (2), [n]
trafficking network slot, [x] consignment slot, [e] edge of the drug routes, [t] way out of
Afghanistan (3), [y] corridor (29), [i] language (3). Counts are int64, shares and levels float64,
money int64 USD.

`State` carries only what a later process or the next week needs; what is worth watching goes into
each process's `Info`. A process never writes into these arrays: it builds new ones and calls
`replace`, so a fork of the world at any week is the record itself.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.axes import BUDGETS, CSTO_OPTIONS, LEVERS, STATE_PAIRS
from spillover.clock import WEEKS_PER_YEAR
from spillover.rates import probability
from spillover.streams import Streams

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

PAIR_FIRST, PAIR_SECOND = np.transpose(STATE_PAIRS)
"""The two states of each pair [s]."""
N_CELL_SLOTS = 512
"""Slots for ISIS-K cells: 512 cells of 12 are 6,144 fighters, the largest published strength
(calibration:group_strength, mid-2023, which even counts families); beyond that cells grow."""
N_PLOT_SLOTS = 96
"""Slots for open plots: some 20 starts a year that live 39 weeks keep about 15 open."""
N_NETWORK_SLOTS = 80
"""Slots for trafficking networks, of which 40 to 80 are at work; judged here, no count exists."""
N_CONSIGNMENT_SLOTS = 256
"""Slots for consignments on the way: some 30 start a week and travel about three weeks."""

# Modes of an ISIS-K cell.
HIDE, LOCAL, RECRUIT, NORTH, EXTERNAL = range(5)
MODES = ("hide", "local", "recruit", "north", "external")
DECISION_WEEKS = 4
"""A cell reconsiders what it does every fourth week; slots take turns."""
# What a trafficking network decided at its last turn; the middle one is where it starts.
CONSOLIDATE, SHIFT, EXPAND = range(3)
NETWORK_MODES = ("consolidate", "shift", "expand")
# Stages of a plot; two equal geometric stages make a preparation time like Gamma(2).
EMPTY, PLANNED, READY = range(3)
# Where a plot is prepared.
BASE_AFGHANISTAN, BASE_HOME, BASE_ABROAD, BASE_DIASPORA = range(4)
# Targets of a plot: the five states by index, then:
TARGET_RUSSIA, TARGET_ELSEWHERE = 5, 6


@dataclass(frozen=True)
class State:
    """Everything that the next week needs; see the module docstring for axes and units."""

    # Afghanistan: rule
    control: Floats  # [r, a] share of the province the authorities hold
    legitimacy: Floats  # [r, a]
    loyalty: Floats  # [r, a] of local commanders
    treasury_usd: Counts  # [r]
    effort: Floats  # [r] counter-terror effort, 1 = fully paid and as loyal as in 2021
    counter_terror_knowledge: Floats  # [r] what the authorities know about ISIS-K
    faction_will: Floats  # [r, f] to keep promises given to neighbours
    promise_kept: Floats  # [r, a] probability that a promise to a neighbour is kept
    afghan_grievance: Floats  # [r, a]
    # Armed groups other than ISIS-K
    fighters: Counts  # [r, g, a]
    haven: Floats  # [r, g] tolerance by the authorities
    group_funds_usd: Counts  # [r, g]
    # ISIS-K
    cell_place: Counts  # [r, k] province index, -1 = free slot
    cell_fighters: Counts  # [r, k]
    cell_mode: Codes  # [r, k]
    cell_target: Codes  # [r, k] state index of a northern or external mode, else -1
    cell_skill: Floats  # [r, k]
    cell_funds_usd: Counts  # [r, k]
    unassigned: Counts  # [r] men waiting for a cell
    release_pool: Counts  # [r] freed prisoners who have not rejoined yet
    isisk_prisoners: Counts  # [r] held by the authorities
    activity: Floats  # [r] share of fighters in local mode, smoothed over 4 weeks
    # Outside powers
    russian_attention: Floats  # [r] 1 = before February 2022
    chinese_pressure: Floats  # [r] on ETIM/TIP, 0 to 1
    pakistan_open: Floats  # [r] share of Pakistan's Afghan crossings open to goods
    expulsion: Floats  # [r, h] multiplier of the dated returns from each host
    power_support: Floats  # [r, p] money for corridors and aid, 1 = 2021
    russian_alarm: Floats  # [r] attacks on Russia a week, smoothed over half a year
    pakistani_alarm: Floats  # [r] attacks on Pakistan a week, smoothed over half a year
    distant_alarm: Floats  # [r] attacks beyond the five and Russia a week, smoothed likewise
    # Water
    river_anomaly: Floats  # [r] log units, flow of the Amu Darya around its season
    reservoir_m3: Counts  # [r] water stored along the river
    water_deficit: Floats  # [r, q] share of demand not met, smoothed over 12 weeks
    # Opium and other drugs
    poppy_ha: Counts  # [r, a] sown for the coming harvest
    farm_stock_kg: Counts  # [r, a] opium at farms
    trader_stock_kg: Counts  # [r] opium at traders
    opium_price: Floats  # [r] USD per kg of dry opium at the farm gate
    price_memory: Floats  # [r] log of price over that of the start, as it is remembered
    ban_enforcement: Floats  # [r] 0 none, 1 as in 2023
    ban_wear: Floats  # [r] share of the ordered ban that has worn out
    ban_belief: Floats  # [r] belief of traders in a lasting ban
    crop_seen: Floats  # [r] area of the latest crop that came to harvest, 1 = 2021
    meth_capacity: Floats  # [r] tonnes a year
    farm_income_usd: Counts  # [r, a] value of the last harvest year at harvest prices
    season_income_usd: Counts  # [r, a] value of the harvest under way
    week_opium_sold_kg: Counts  # [r] leaves the stocks for all routes this week
    week_meth_kg: Counts  # [r] produced this week
    week_hashish_kg: Counts  # [r] produced for the north this week
    # Arms
    arms_depots: Counts  # [r, a] pieces in depots
    arms_market: Counts  # [r] pieces on the Afghan market
    arms_circulating: Counts  # [r, c] smuggled pieces in each state
    week_arms_north: Counts  # [r] pieces offered to networks this week
    # Trafficking
    network_home: Counts  # [r, n] province, -1 = free slot
    network_capital_usd: Counts  # [r, n]
    network_path: Counts  # [r, n] index of the path in use
    network_mode: Codes  # [r, n] decided at its last turn
    network_risk: Floats  # [r, n, e] believed chance of loss on each edge
    consignment_network: Counts  # [r, x] -1 = free slot
    consignment_good: Codes  # [r, x]
    consignment_amount: Counts  # [r, x] kg, or pieces of arms
    consignment_path: Counts  # [r, x]
    consignment_leg: Counts  # [r, x] position on the path
    edge_hits: Floats  # [r, e] seizures remembered
    edge_arrivals: Floats  # [r, e] passages remembered
    edge_patrol: Floats  # [r, e] patrols of the drug services, mean 1 in each state
    route_share: Floats  # [r, t] of opiates
    corruption: Floats  # [r, c] of border and drug services, 0 to 1
    edge_hazard: Floats  # [r, e] hazard that a consignment is seized on an edge
    route_profit: Floats  # [r, c] USD a week that networks earn in a state, smoothed
    route_profit_usual: Floats  # [r, c] the same in August 2021; never changes
    week_flow_tax_usd: Counts  # [r, 1 + g] paid by networks to ISIS-K and the groups this week
    week_seizures: Counts  # [r, c]
    week_loss: Counts  # [r, n] 1 + edge where the network lost a consignment this week, 0 = none
    # Displacement
    residents: Counts  # [r, a] people of Afghan provinces, without displaced ones
    displaced: Counts  # [r, a] people displaced within Afghanistan, by where they are
    returnees: Counts  # [r, a] people who came back from a host and are not settled yet
    afghans_abroad: Counts  # [r, h] in Pakistan and Iran
    afghans_elsewhere: Counts  # [r] who left for other countries, by way of the five states or not
    refugees: Counts  # [r, c] Afghans given refuge or waiting for it
    openness: Floats  # [r, c] to people in flight, 1 = a place for everyone who comes
    week_returnees: Counts  # [r, a] who came back from a host this week
    week_arrivals: Counts  # [r, c] people in flight who entered this week
    # Trade
    trade_usd_m: Floats  # [r, c] USD million a year with Afghanistan
    afghan_trade_usd_m: Floats  # [r] USD million a year, all partners
    corridor_progress: Floats  # [r, y] share of works done, 1 = open
    transit_usd_m: Floats  # [r, 1 + c] USD million a year earned by Afghanistan and the five
    trade_index: Floats  # [r, c] trade with Afghanistan, 1 = 2022
    # Information
    propaganda: Floats  # [r, i] output by language, 1 = as in 2021
    online_reach: Floats  # [r, m] what reaches a cohort, 1 = 2021
    closed_share: Floats  # [r, c] of recruiters' talk that monitoring drove into closed channels
    # Domestic fragility
    mobilisation: Floats  # [r, c] of radical but unarmed movements, 0 to 1
    tension: Floats  # [r, c] social tension, 1 = 2021
    unrest: Floats  # [r, c] strength of unrest that broke out in the model, 0 to 1
    unrest_weeks: Counts  # [r, c] weeks that it still lasts
    clash: Floats  # [r] strength of a Kyrgyz-Tajik clash that broke out in the model, 0 to 1
    clash_weeks: Counts  # [r] weeks that it still lasts
    shock: Floats  # [r, c] domestic shock under way, dated or of the model, 0 to 1
    # Cohorts at home [48 regions] and in the diaspora [5]
    susceptible: Counts  # [r, m]
    exposed: Counts  # [r, m]
    radicalised: Counts  # [r, m] members of home or diaspora cells
    detained: Counts  # [r, m]
    treated: Counts  # [r, m] in rehabilitation
    travellers: Counts  # [r, m] on the way to Afghanistan
    operatives: Counts  # [r, c] external operatives from this state, abroad
    # Plots
    plot_stage: Codes  # [r, j]
    plot_target: Codes  # [r, j]
    plot_base: Codes  # [r, j]
    plot_cohort: Counts  # [r, j] cohort m that its people come from, -1 = ISIS-K in Afghanistan
    plot_region: Counts  # [r, j] region q under threat, -1 = outside the five states
    plot_people: Counts  # [r, j]
    plot_skill: Floats  # [r, j]
    # Border
    patrol_share: Floats  # [r, l] split of each state's patrols over its links
    trouble_memory: Floats  # [r, l]
    perceived_detection: Floats  # [r, l] by those who cross
    link_detection: Floats  # [r, l] probability that one attempt is stopped
    link_patrols: Floats  # [r, l] patrol density, 1 = an average link in August 2021
    # Diplomacy and alliances
    engagement: Floats  # [r, c]
    trust_kept: Floats  # [r, c] Beta count of kept promises
    trust_broken: Floats  # [r, c]
    reciprocity: Floats  # [r, f] what engagement buys, by faction
    pair_trust: Floats  # [r, s]
    csto_pledged: Flags  # [r, o]
    csto_delivered: Floats  # [r, o]
    moscow_lean: Floats  # [r, c] reliance on Moscow for security, 0 to 1
    surveyed: Counts  # [r, 1 + g] strengths that the published estimates of this half-year describe
    # Statecraft
    threat: Floats  # [r, c] perceived, 0 to 1
    budget_share: Floats  # [r, c, b]
    delivered: Floats  # [r, c, v] lever levels in force
    alarm: Floats  # [r, c] weighted events per week, smoothed over half a year
    repression: Floats  # [r, c]
    arrests_per_week: Floats  # [r, c] arrests per week, smoothed over half a year
    state_legitimacy: Floats  # [r, c]
    busy: Counts  # [r, c] intelligence files open
    service_capacity: Floats  # [r, c] of police and intelligence, 1 = 2021
    # This week's events, for processes later in the week and early in the next
    excitation: Floats  # [r, a] memory of local attacks
    week_attacks: Counts  # [r, a] ISIS-K attacks in Afghanistan
    week_deadly: Counts  # [r, a] of them, deadly ones
    week_armed_attacks: Counts  # [r, a] attacks on the authorities by other groups
    week_frontier: Counts  # [r, l] frontier attacks carried out
    week_home_attacks: Counts  # [r, c]
    week_disrupted: Counts  # [r, c] plots disrupted in or against a state
    week_arrests: Counts  # [r, c]
    week_foreign_attacks: Counts  # [r] plots carried out outside the five states
    week_russian_attacks: Counts  # [r] of them, in Russia
    week_pakistan_attacks: Counts  # [r] of groups in Afghanistan on Pakistan
    week_broken_promises: Counts  # [r, c]

    @property
    def n_replicates(self) -> int:
        """Length of axis [r]."""
        return self.control.shape[0]

    def lever(self, name: str) -> Floats:
        """Delivered level of a lever by state [r, c]."""
        return self.delivered[:, :, LEVERS.index(name)]

    def csto(self, option: str) -> Floats:
        """Delivered share of one of the four options of the CSTO [r]."""
        return self.csto_delivered[:, CSTO_OPTIONS.index(option)]

    def replace(self, **changes: Any) -> State:
        """A new record with some arrays exchanged.

        Does what `dataclasses.replace` does for a record of plain fields, in a tenth of its time.

        Raises:
            TypeError: a name is not a field.
        """
        if not changes.keys() <= self.__dict__.keys():
            raise TypeError(f"State has no fields {sorted(changes.keys() - self.__dict__.keys())}")
        record = object.__new__(type(self))
        record.__dict__.update(self.__dict__, **changes)
        return record


def fixed(values: NDArray[Any]) -> Any:
    """The same array, not to be written to: all who ask for a kept answer share it."""
    values.setflags(write=False)
    return values


def rows(streams: Streams, values: Any) -> NDArray[Any]:
    """The same values for every replicate, as an array of its own [r, ...]."""
    values = np.asarray(values)
    return np.broadcast_to(values, (streams.n_replicates, *values.shape)).copy()


FIELDS = tuple(f.name for f in fields(State))


def isisk_fighters(state: State) -> Counts:
    """Men under ISIS-K command in Afghanistan [r]: in cells or waiting for one."""
    return state.cell_fighters.sum(axis=1) + state.unassigned


def spending(state: State, view: Any, line: str) -> Floats:
    """Money for one budget line relative to 2021 [r, c]: its share, and more under threat."""
    b = BUDGETS.index(line)
    craft = view.statecraft
    share = state.budget_share[:, :, b] / craft.budget_start[b]
    at_start = probability(craft.sensitivity * view.initial.alarm)
    more = 1.0 + craft.spending_from_threat * state.threat
    return share * more / (1.0 + craft.spending_from_threat * at_start)


def csto_weight(state: State, view: Any) -> Floats:
    """Part of the help of the CSTO that reaches a state [r, c]: members in full.

    Others by how far they have come to lean on Moscow since 2021.
    """
    member = view.border.csto_member
    closer = np.clip(state.moscow_lean - view.alliances.lean_start, 0.0, 1.0)
    return member + (1.0 - member) * closer


def cis_share(programme: float, own: Floats, view: Any) -> Floats:
    """Share of the CIS programmes in force in each state [r, c]: of the plan, and by own effort.

    Args:
        programme: delivered share of the plan.
        own: delivered level of own effort [r, c].
    """
    share = np.minimum(programme + view.alliances.cis_per_level * own, 1.0)
    return share * view.intelligence.cis_member


def recognised(level: Floats) -> Floats:
    """Levels of the lever recognition beyond delisting: embassies 1, recognition 2."""
    return np.maximum(level - 1.0, 0.0)


def grievance_mood(grievance: Floats, par: Any) -> Floats:
    """Multiplier of recruitment through grievance, 1 at the reference, at most the cap."""
    lift = np.exp(par.grievance_slope * (grievance - par.grievance_reference))
    return np.minimum(lift, par.grievance_cap)


def school_recruits(view: Any) -> float:
    """Men whom the schools would give to all armed groups in a week, if these had room."""
    groups = view.groups
    idle = groups.madrassa_students * groups.madrassa_unplaced / WEEKS_PER_YEAR
    jobless = view.drivers.unemployment / groups.unemployment_reference
    return float(idle * groups.madrassa_hazard * jobless)


def opportunity(control: Floats, start: Floats, floor: float) -> Floats:
    """How much more gets through where control is weak; 1 at the control of August 2021."""
    return (floor + 1.0 - control) / (floor + 1.0 - start)


def food_need(dated: float, state: State, view: Any) -> Floats:
    """Share of Afghans in need of food [r]: the dated one, less where the five states help."""
    relief = view.rule.need_relief_per_level * state.lever("humanitarian_aid").sum(axis=1)
    return np.clip(dated - relief, 0.0, 1.0)


def arms_lethality(state: State, view: Any) -> Floats:
    """Multiplier of the deadliness of attacks through smuggled arms [r, c]; 1 at the start."""
    arms = view.arms
    ratio = (state.arms_circulating + 1.0) / (arms.circulating_start + 1.0)
    return ratio**arms.deadliness_elasticity


def river_index(level: float, anomaly: Floats, view: Any) -> Floats:
    """Flow of the Amu Darya over its long-run mean [r]: dated level with its season, and chance."""
    noise: Floats = np.exp(anomaly - 0.5 * view.water.flow_log_sd**2)
    return level * noise


def water_agreement(level: Floats, view: Any) -> Floats:
    """Share of a full treaty on withdrawals that states agreed on by a lever level [r, c]."""
    return np.minimum(view.water.treaty + view.water.treaty_per_level * level, 1.0)


def due_slots(week: int, n_slots: int) -> slice:
    """Cell slots whose turn it is to decide in this week: every fourth one."""
    return slice((-week) % DECISION_WEEKS, n_slots, DECISION_WEEKS)


def by_province(values: NDArray[Any], place: Counts, n_provinces: int) -> NDArray[Any]:
    """Sum values of slots [r, k] by the province in place [r, k]; -1 is left out; [r, a]."""
    n_rows, width = place.shape[0], n_provinces + 1  # free slots add to a column of their own
    flat = place + (np.arange(n_rows) * width + 1)[:, None]
    total = np.bincount(flat.ravel(), weights=values.ravel(), minlength=n_rows * width)
    total = total.reshape(n_rows, width)[:, 1:]
    return total.astype(np.int64) if values.dtype.kind in "iub" else total


def lesser(level: Floats) -> Floats:
    """The lower of the two levels [r, c] of each pair of states [r, s]."""
    return np.minimum(level[:, PAIR_FIRST], level[:, PAIR_SECOND])


def tally(row: Counts, key: NDArray[Any], weight: Any, n_rows: int, n_keys: int) -> Counts:
    """Sum whole weights by row and key [r, key]."""
    flat = np.bincount(row * n_keys + key, weights=weight, minlength=n_rows * n_keys)
    return flat.reshape(n_rows, n_keys).astype(np.int64)


def at_province(field: NDArray[Any], place: Counts) -> NDArray[Any]:
    """Value of a province field [r, a] at each slot's place [r, k]; free slots read province 0."""
    return np.take_along_axis(field, np.maximum(place, 0), axis=1)
