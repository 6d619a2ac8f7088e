"""The state of the world: one immutable record of arrays, replicate-major.

Axes: [r] replicate, [a] Afghan province (34), [q] Central Asian region (48), [m] cohort (48 regions
followed by 5 diasporas), [c] state (5), [g] armed group (7), [k] ISIS-K cell slot, [j] plot slot,
[l] northern link (13), [f] Taliban faction (2), [s] pair of states (10), [o] CSTO option (4),
[b] budget line (4), [v] lever (14). Counts are int64, shares and levels float64, money int64 USD.

`State` carries only what a later process or the next week needs; what is worth watching goes into
each process's `Info`. A process never writes into these arrays: it builds new ones and calls
`replace`, so a fork of the world at any week is the record itself.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.axes import BUDGETS, CSTO_OPTIONS, LEVERS
from spillover.rates import probability

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Codes = NDArray[np.int8]
Flags = NDArray[np.bool_]

N_CELL_SLOTS = 512
"""Slots for ISIS-K cells: 512 cells of 12 are 6,144 fighters, the largest published strength
(calibration:group_strength, mid-2023, which even counts families); beyond that cells grow."""
N_PLOT_SLOTS = 96
"""Slots for open plots: some 20 starts a year that live 39 weeks keep about 15 open."""

# Modes of an ISIS-K cell.
HIDE, LOCAL, RECRUIT, NORTH, EXTERNAL = range(5)
MODES = ("hide", "local", "recruit", "north", "external")
DECISION_WEEKS = 4
"""A cell reconsiders what it does every fourth week; slots take turns."""
# Stages of a plot; two equal geometric stages make a preparation time like Gamma(2).
EMPTY, PLANNED, READY = range(3)
# Where a plot is prepared.
BASE_AFGHANISTAN, BASE_HOME, BASE_ABROAD, BASE_DIASPORA = range(4)
# Targets of a plot: the five states by index, then:
TARGET_RUSSIA, TARGET_ELSEWHERE = 5, 6


@dataclass(frozen=True, slots=True)
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
    # Cohorts at home [48 regions] and in the diaspora [5]
    susceptible: Counts  # [r, m]
    exposed: Counts  # [r, m]
    radicalised: Counts  # [r, m] members of home or diaspora cells
    detained: Counts  # [r, m]
    treated: Counts  # [r, m] in rehabilitation
    travellers: Counts  # [r, m] on the way to Afghanistan
    operatives: Counts  # [r, c] external operatives from this state, abroad
    propaganda: Floats  # [r] output, 1 = as in 2021
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
    # Diplomacy and alliances
    engagement: Floats  # [r, c]
    trust_kept: Floats  # [r, c] Beta count of kept promises
    trust_broken: Floats  # [r, c]
    reciprocity: Floats  # [r, f] what engagement buys, by faction
    pair_trust: Floats  # [r, s]
    csto_pledged: Flags  # [r, o]
    csto_delivered: Floats  # [r, o]
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
        """A new record with some arrays exchanged."""
        return replace(self, **changes)


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


def opportunity(control: Floats, start: Floats, floor: float) -> Floats:
    """How much more gets through where control is weak; 1 at the control of August 2021."""
    return (floor + 1.0 - control) / (floor + 1.0 - start)


def due_slots(week: int, n_slots: int) -> slice:
    """Cell slots whose turn it is to decide in this week: every fourth one."""
    return slice((-week) % DECISION_WEEKS, n_slots, DECISION_WEEKS)


def by_province(values: NDArray[Any], place: Counts, n_provinces: int) -> NDArray[Any]:
    """Sum values of slots [r, k] by the province in place [r, k]; -1 is left out; [r, a]."""
    n_rows = place.shape[0]
    keep = place >= 0
    rows = np.broadcast_to(np.arange(n_rows)[:, None], place.shape)
    flat = rows[keep] * n_provinces + place[keep]
    total = np.bincount(flat, weights=values[keep], minlength=n_rows * n_provinces)
    total = total.reshape(n_rows, n_provinces)
    return total.astype(np.int64) if values.dtype.kind in "iub" else total


def at_province(field: NDArray[Any], place: Counts) -> NDArray[Any]:
    """Value of a province field [r, a] at each slot's place [r, k]; free slots read province 0."""
    return np.take_along_axis(field, np.maximum(place, 0), axis=1)
