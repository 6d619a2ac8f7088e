"""ISIS-K as cells: individual agents in fixed slots that choose, every four weeks, what to do.

Idea: fighters barely changed while attacks fell by 95% (calibration:group_strength,
calibration:isisk_attacks_un), so what changed is what the cells do. The authorities learn about
the network (knowledge I); knowledge makes hiding attractive and raises losses; a cell that hides
still exists, recruits and may plan abroad (M-TAL-OPS-ISK-LOCAL, M-ISK-REACH-PERSISTS). Closeness
of a state to the Taliban raises the value of striking it (M-COOPERATION-MAKES-TARGET). Only this
group has cells of its own and plots abroad, being the most ideological and the strongest branch of
IS (A-ISK-IDEOLOGY, A-ISK-LARGEST-UNIT).

Equations (docs/odd.md, "cells"):
    K1  knowledge I += (g min(1, t / warm-up) effort + k attacks)(1 - I) - d I
    K2  losses: hazard c I C_p effort_p visibility(mode); effort_p adds auxiliaries (IMU, JA);
        men leave with a hazard of their own; men without a cell count as hiding
    K3  intake ~ recruits (fewer near capacity) + releases + defections + returnees + its share of
        recruits from schools; new men first fill cells up to the usual size, then form new ones,
        then swell them
    K4  choice: an external plot with probability sigma(w0 + w1 I), else a strike at a bordering
        state c with sigma(v0 + v1 e_c guarantee_c), else P(mode) ~ exp(lambda V) over local
        (V = 1), recruit (v_r) and hide (w2 I)
    K5  cells may move one province north; cells below the minimum dissolve
    K6  funds += income + tax on drug flows - upkeep; skill grows with weeks in local mode
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GROUPS
from spillover.clock import WEEKS_PER_YEAR
from spillover.slots import BLANK, all_slots, by_row, first_slots, slots_in_play, top_up
from spillover.state import (
    DECISION_WEEKS,
    EXTERNAL,
    HIDE,
    LOCAL,
    N_CELL_SLOTS,
    NORTH,
    RECRUIT,
    TARGET_ELSEWHERE,
    Counts,
    Floats,
    State,
    at_province,
    by_province,
    due_slots,
    grievance_mood,
    isisk_fighters,
    recognised,
    school_recruits,
)
from spillover.streams import Streams, purpose
from spillover.world.moves import toward_north

NAME = "cells"
READS = (
    "cell_place", "cell_fighters", "cell_mode", "cell_target", "cell_skill", "cell_funds_usd",
    "unassigned", "release_pool", "isisk_prisoners", "activity", "counter_terror_knowledge",
    "effort", "control", "fighters", "afghan_grievance", "engagement", "week_attacks",
    "csto_delivered", "week_returnees", "delivered", "week_flow_tax_usd",
)  # fmt: skip
WRITES = (
    "cell_place", "cell_fighters", "cell_mode", "cell_target", "cell_skill", "cell_funds_usd",
    "unassigned", "release_pool", "isisk_prisoners", "activity", "counter_terror_knowledge",
)  # fmt: skip

INTAKE = purpose("cells/intake")
LOSSES = purpose("cells/losses")
EXITS = purpose("cells/exits")
CAPTURES = purpose("cells/captures")
STRAYS = purpose("cells/strays")
CHOICE = purpose("cells/choice")
NORTHERN = purpose("cells/northern")
ABROAD = purpose("cells/abroad")
TARGET = purpose("cells/target")
PLACE = purpose("cells/place")
MOVE = purpose("cells/move")

IMU, JA = GROUPS.index("IMU"), GROUPS.index("JA")
_HOME_MODES = np.array([HIDE, LOCAL, RECRUIT], dtype=np.int8)


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of men [r], money [r], and where fighters are [r, a]."""

    recruited: Counts
    released: Counts
    defected: Counts
    returned: Counts
    schooled: Counts
    killed: Counts
    captured: Counts
    left: Counts
    cells_formed: Counts
    cells_dissolved: Counts
    slots_refused: Counts
    income_usd: Counts
    flow_tax_usd: Counts
    upkeep_usd: Counts
    lost_funds_usd: Counts
    fighters_by_province: Counts


def knowledge_change(
    knowledge: Floats, week: int, effort: Floats, attacks: Counts, cells: Any
) -> Floats:
    """K1: the authorities learn with effort and from attacks, and forget."""
    warm = min(1.0, week / cells.knowledge_warm_up)
    learning = cells.knowledge_gain * warm * effort + cells.knowledge_per_attack * attacks
    return learning * (1.0 - knowledge) - cells.knowledge_decay / WEEKS_PER_YEAR * knowledge


def _learn(state: State, week: int, cells: Any) -> Floats:
    """K1: knowledge after this week [r]; those who recognise Kabul work with it."""
    standing = recognised(state.lever("recognition")).mean(axis=1)
    work = state.effort * (1.0 + cells.cooperation_from_recognition * standing)
    known, attacks = state.counter_terror_knowledge, state.week_attacks.sum(axis=1)
    return known + knowledge_change(known, week, work, attacks, cells)


def placement(view: Any) -> Floats:
    """Relative weight of each province as a place for a cell [a]; the capital stands out."""
    weight = view.cells.placement_weight[view.world.province_zone].copy()
    weight[np.array(view.world.province_ids) == "AF-KAB"] *= view.cells.kabul_weight
    return weight


def visibility(cells: Any) -> Floats:
    """How exposed a cell is to raids by mode: full when it attacks, little when it hides."""
    hide, recruit = cells.visibility_hiding, cells.visibility_recruiting
    return np.array([hide, 1.0, recruit, 1.0, hide])


def home_shares(knowledge: Floats, cells: Any) -> Floats:
    """K4: shares of hiding, attacking at home and recruiting [r, 3] of cells that stay home."""
    hide = cells.value_hide_knowledge * knowledge
    values = [hide, np.ones_like(hide), np.full_like(hide, cells.value_recruit)]
    return rates.softmax(cells.choice_sharpness * np.stack(values, axis=-1))


def external_probability(knowledge: Floats, cells: Any) -> Floats:
    """K4: probability that a deciding cell turns to an external plot [r]."""
    return rates.logistic(cells.external_base + cells.external_from_knowledge * knowledge)


def northern_probability(engagement: Floats, guarantee: Floats, cells: Any) -> Floats:
    """K4: probability that a deciding cell at the border of a state strikes it [r, c]."""
    drawn = cells.northern_from_guarantee * engagement * guarantee
    return rates.logistic(cells.northern_base + drawn)


def _intake(state: State, week: int, view: Any, streams: Streams) -> dict[str, Counts]:
    """K3: men who join this week by way [r]; the freed and the opened come out of prison."""
    cells, drivers = view.cells, view.drivers
    men = isisk_fighters(state)
    spread = by_province(state.cell_fighters, state.cell_place, state.control.shape[1])
    weight = spread / np.maximum(spread.sum(axis=1, keepdims=True), 1)
    anger = (weight * state.afghan_grievance).sum(axis=1)
    callers = (state.cell_fighters * (state.cell_mode == RECRUIT)).sum(axis=1)
    reach = 1.0 + cells.recruiting_bonus * callers / np.maximum(men, 1)
    u = streams.uniform(INTAKE, week, 6)
    room = np.maximum(1.0 - men / cells.capacity, 0.0)
    recruits = rates.poisson(
        u[:, 0], cells.recruitment / 1000.0 * men * grievance_mood(anger, cells) * reach * room
    )
    freed = rates.binomial(u[:, 1], state.release_pool, rates.probability(1.0 / cells.release_lag))
    opened = np.minimum(rates.poisson(u[:, 2], drivers.prison_releases), state.isisk_prisoners)
    defected = rates.poisson(u[:, 3], view.groups.commander_defections)
    joining = cells.returnee_recruitment * view.structure.coupling.aid_and_returnees
    returned = rates.poisson(u[:, 4], joining * state.week_returnees.sum(axis=1))
    rest = max(1.0 - float(view.groups.madrassa_share.sum()), 0.0)
    schooled = rates.poisson(u[:, 5], school_recruits(view) * rest * room)
    return {
        "recruited": recruits, "freed": freed, "opened": opened, "defected": defected,
        "returned": returned, "schooled": schooled,
    }  # fmt: skip


def raids(state: State, view: Any) -> Floats:
    """K2: yearly hazard of a raid on a cell that everyone sees, by province [r, a]."""
    cells = view.cells
    used = cells.auxiliary_effect * view.structure.coupling.auxiliaries
    men = state.fighters
    helped = state.effort[:, None] + used[IMU] * men[:, IMU] + used[JA] * men[:, JA]
    pressure = state.counter_terror_knowledge[:, None] * state.control * helped
    entry = cells.operations_from_entry * state.csto("entry")[:, None] * view.world.border_province
    return cells.operations_hazard * pressure + entry


def fates(u: Floats, v: Floats, gone: Counts, raid: Floats, cells: Any) -> tuple[Counts, Counts]:
    """K2: of those who are gone, how many left and how many were captured; the rest is killed."""
    leave = cells.disengagement_hazard
    left = rates.binomial(u, gone, leave / np.maximum(raid + leave, 1e-12))
    return left, rates.binomial(v, gone - left, cells.captured_share)


def _losses(state: State, week: int, view: Any, streams: Streams) -> dict[str, Counts]:
    """K2: men who are gone from cells [r, k], strays without a cell who are; both by fate [r]."""
    cells = view.cells

    def chance(raid: Floats) -> Floats:
        return rates.probability((raid + cells.disengagement_hazard) / WEEKS_PER_YEAR)

    yearly = raids(state, view)
    raid = yearly[:, :, None] * visibility(cells)
    n_r, n_a, n_modes = raid.shape
    # a free slot reads the chance of another place, but nobody is in it
    at = state.cell_place * n_modes + state.cell_mode + np.arange(n_r)[:, None] * (n_a * n_modes)
    n, found = at.shape[1], np.take(chance(raid), at)
    gone = rates.binomial(streams.uniform(LOSSES, week, n), state.cell_fighters, found)
    row, slot = np.nonzero(gone)
    lost, hazard = gone[row, slot], np.take(raid, at[row, slot])
    u_left, u_captured = (streams.at(w, week, row, slot) for w in (EXITS, CAPTURES))
    theirs = fates(u_left, u_captured, lost, hazard, cells)
    by_fate = [by_row(row, part, n_r) for part in (lost, *theirs)]

    astray = yearly.mean(axis=1) * cells.visibility_hiding
    u = streams.uniform(STRAYS, week, 3)
    strays = rates.binomial(u[:, 0], state.unassigned, chance(astray))
    alone = strays, *fates(u[:, 1], u[:, 2], strays, astray, cells)
    total, left, captured = (a + b for a, b in zip(by_fate, alone, strict=True))
    return {"gone": gone, "strays": strays, "total": total, "left": left, "captured": captured}


def _form(
    state: State, week: int, view: Any, streams: Streams, place: Counts, formed: Counts
) -> tuple[Counts, Counts, Counts]:
    """K3: the lowest free slots [r, k] for new cells [r]; rows, slots and provinces of these."""
    some = np.flatnonzero(formed)
    free = place[some] < 0
    n, slot = np.nonzero(free & (np.cumsum(free, axis=1) <= formed[some, None]))
    row = some[n]
    if not row.size:
        return row, slot, row
    pull = placement(view) * grievance_mood(state.afghan_grievance, view.cells)
    u = streams.uniform(PLACE, week, place.shape[1])
    return row, slot, rates.choose(u[row, slot], pull[row])


def _seat(
    state: State, week: int, view: Any, streams: Streams, slots: dict[str, Any], waiting: Counts
) -> tuple[Counts, Counts, Counts, Counts]:
    """K3: men without a cell fill cells, form new ones, then swell cells when no slot is free.

    Returns cells formed [r], and place, fighters [r, k], men left over [r].
    """
    size, largest = int(view.cells.cell_size), int(view.cells.cell_largest)
    place, fighters = slots["cell_place"], slots["cell_fighters"]
    first, used = week % N_CELL_SLOTS, place >= 0
    joining = top_up(fighters, used, size, waiting, first)
    fighters, waiting = fighters + joining, waiting - joining.sum(axis=1)
    formed = np.minimum(waiting // size, N_CELL_SLOTS - used.sum(axis=1))
    row, slot, where = _form(state, week, view, streams, place, formed)
    place = place.copy()
    place[row, slot], fighters[row, slot] = where, size
    waiting = waiting - formed * size
    crowd = np.where(waiting >= size, waiting, 0)
    if crowd.any():
        swelling = top_up(fighters, place >= 0, largest, crowd, first)
        fighters, waiting = fighters + swelling, waiting - swelling.sum(axis=1)
    return formed, place, fighters, waiting


def northern_reach(state: State, view: Any) -> Floats:
    """K4: running sum over states of the chance that a cell in a province strikes [r, a, c]."""
    drawn = view.drivers.guarantee * view.structure.coupling.engagement_target
    north = northern_probability(state.engagement, drawn, view.cells)
    return np.cumsum((view.world.hops_to_state == 1) * north[:, None, :], axis=2)


def _choose(
    state: State, week: int, view: Any, streams: Streams, place: Counts, knowledge: Floats,
    money: Counts, fighters: Counts,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """K4 for the slots whose turn it is: mode and target [r, due]."""
    cells = view.cells
    due = due_slots(week, place.shape[1])
    place, money, spare = place[:, due], money[:, due], fighters[:, due] > cells.cell_minimum
    n_due, share = place.shape[1], home_shares(knowledge, cells)[:, None, :]
    mode = _HOME_MODES[rates.choose(streams.uniform(CHOICE, week, n_due), share)]
    target = np.full(place.shape, -1, dtype=np.int8)

    abroad = streams.uniform(ABROAD, week, n_due) < external_probability(knowledge, cells)[:, None]
    abroad &= spare & (money >= view.plots.external_cost) & (place >= 0)
    row, turn = np.nonzero(abroad)
    u = streams.at(TARGET, week, row, turn)
    mode[row, turn] = EXTERNAL
    target[row, turn] = rates.choose(u, _external_shares(state, view)[row])

    reach, u = northern_reach(state, view), streams.uniform(NORTHERN, week, n_due)
    strikes = u < at_province(reach[:, :, -1], place)
    strikes &= (money >= view.attacks.frontier_cost) & (place >= 0) & ~abroad
    row, turn = np.nonzero(strikes)
    mode[row, turn] = NORTH
    target[row, turn] = (u[row, turn, None] >= reach[row, place[row, turn]]).sum(axis=1)
    return np.where(place >= 0, mode, LOCAL).astype(np.int8), target


def _external_shares(state: State, view: Any) -> Floats:
    """Weight of each target of an external plot [r, 7]: five states, Russia, elsewhere."""
    cells = view.cells
    drawn = view.structure.coupling.engagement_target
    closeness = state.engagement * view.drivers.guarantee * drawn
    states = cells.external_weight * np.exp(cells.external_weight_guarantee * closeness)
    others = [cells.external_weight_russia, cells.external_weight_elsewhere]
    assert states.shape[1] + len(others) == TARGET_ELSEWHERE + 1
    return np.concatenate([states, np.tile(others, (len(states), 1))], axis=1)


def flow_tax(levied: Counts, fighters: Counts) -> Counts:
    """K6: last week's tax on drug flows, split over cells by men [r, k]; lost without them."""
    some = (fighters.sum(axis=1) > 0)[:, None]
    return rates.split_in_order(levied * some[:, 0], np.where(some, fighters, 1))


def _funds(held_usd: Counts, view: Any, fighters: Counts) -> tuple[Counts, Counts]:
    """K6: income and upkeep of each cell [r, k] in whole USD of the week."""
    men, usd = np.arange(fighters.max(initial=0) + 1), (view.cells.income, view.cells.upkeep)
    income, need = (np.rint(each * men).astype(np.int64)[fighters] for each in usd)
    return income, np.minimum(need, held_usd + income)


def _dissolve(state: State, fighters: Counts, view: Any) -> tuple[Any, Counts, Counts, Counts]:
    """K3: slots after cells below the minimum are gone, by name; cells, their men and USD [r]."""
    slots = {name: getattr(state, name) for name in BLANK} | {"cell_fighters": fighters}
    broken = (state.cell_place >= 0) & (fighters < view.cells.cell_minimum)
    row, slot = np.nonzero(broken)
    parts = None, fighters[row, slot], state.cell_funds_usd[row, slot]
    ended, men, usd = (by_row(row, part, len(fighters)) for part in parts)
    if row.size:
        for name, values in slots.items():
            slots[name] = values.copy()
            slots[name][row, slot] = BLANK[name]
    return slots, ended, men, usd


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance ISIS-K by one week: intake, losses, formation, movement, choice, money."""
    cells = view.cells
    inside = first_slots(state, slots_in_play(state.cell_place, 0))
    joining = _intake(inside, week, view, streams)
    freed, opened = joining.pop("freed"), joining.pop("opened")
    waiting = state.unassigned + freed + opened + sum(joining.values())
    # men of cells that dissolve fill no more slots than those leave
    n_slots = slots_in_play(state.cell_place, int(waiting.max()) // int(cells.cell_size))
    inside = first_slots(state, n_slots)
    loss = _losses(inside, week, view, streams)
    slots, ended, men, lost_usd = _dissolve(inside, inside.cell_fighters - loss["gone"], view)
    waiting = waiting - loss["strays"] + men
    formed, place, fighters, waiting = _seat(state, week, view, streams, slots, waiting)
    levied = flow_tax(state.week_flow_tax_usd[:, 0], fighters)
    held = slots["cell_funds_usd"] + levied
    income, upkeep = _funds(held, view, fighters)
    money = held + income - upkeep
    place = _move(view, week, streams, place)
    knowledge = _learn(state, week, cells)
    due = due_slots(week, n_slots)
    mode, target = slots["cell_mode"].copy(), slots["cell_target"].copy()
    chosen = _choose(state, week, view, streams, place, knowledge, money, fighters)
    mode[:, due], target[:, due] = chosen
    attacking = (mode == LOCAL) & (place >= 0)
    share = (fighters * attacking).sum(axis=1) / np.maximum(fighters.sum(axis=1), 1)
    info = Info(
        **joining, released=freed + opened,
        killed=loss["total"] - loss["captured"] - loss["left"], captured=loss["captured"],
        left=loss["left"], cells_formed=formed, cells_dissolved=ended,
        slots_refused=waiting // int(cells.cell_size), income_usd=income.sum(axis=1),
        flow_tax_usd=levied.sum(axis=1), upkeep_usd=upkeep.sum(axis=1), lost_funds_usd=lost_usd,
        fighters_by_province=by_province(fighters, place, state.control.shape[1]),
    )  # fmt: skip
    slots = {
        "cell_place": place, "cell_fighters": fighters, "cell_mode": mode, "cell_target": target,
        "cell_skill": slots["cell_skill"] + cells.skill_gain * attacking, "cell_funds_usd": money,
    }  # fmt: skip
    changed = state.replace(
        **all_slots(slots),
        unassigned=waiting,
        release_pool=state.release_pool - freed,
        isisk_prisoners=state.isisk_prisoners + loss["captured"] - opened,
        activity=state.activity + (share - state.activity) / DECISION_WEEKS,
        counter_terror_knowledge=knowledge,
    )
    return changed, info


def _move(view: Any, week: int, streams: Streams, place: Counts) -> Counts:
    """K5: under a displacement hazard a cell goes one province toward the northern border."""
    hazard = view.groups.northward_displacement
    if hazard <= 0.0:
        return place
    u = streams.uniform(MOVE, week, 2 * N_CELL_SLOTS).reshape(len(place), 2, -1)
    u = u[:, :, : place.shape[1]]
    moving = (u[:, 0] < rates.probability(hazard)) & (place >= 0)
    there = toward_north(view.world).destination(np.maximum(place, 0), u[:, 1])
    return np.where(moving, there, place)
