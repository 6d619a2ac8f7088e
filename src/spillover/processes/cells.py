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
from spillover.state import (
    DECISION_WEEKS,
    EXTERNAL,
    HIDE,
    LOCAL,
    NORTH,
    RECRUIT,
    TARGET_ELSEWHERE,
    Counts,
    Flags,
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


def placement(view: Any) -> Floats:
    """Relative weight of each province as a place for a cell [a]; the capital stands out."""
    weight = view.cells.placement_weight[view.world.province_zone].copy()
    weight[np.array(view.world.province_ids) == "AF-KAB"] *= view.cells.kabul_weight
    return weight


def visibility(mode: np.ndarray, cells: Any) -> Floats:
    """How exposed a cell is to raids by mode: full when it attacks, little when it hides."""
    table = np.array(
        [cells.visibility_hiding, 1.0, cells.visibility_recruiting, 1.0, cells.visibility_hiding]
    )
    return table[mode]


def home_shares(knowledge: Floats, cells: Any) -> Floats:
    """K4: shares of hiding, attacking at home and recruiting [r, 3] of cells that stay home."""
    values = np.stack(
        [
            cells.value_hide_knowledge * knowledge,
            np.ones_like(knowledge),
            np.full_like(knowledge, cells.value_recruit),
        ],
        axis=-1,
    )
    return rates.softmax(cells.choice_sharpness * values)


def external_probability(knowledge: Floats, cells: Any) -> Floats:
    """K4: probability that a deciding cell turns to an external plot [r]."""
    return rates.logistic(cells.external_base + cells.external_from_knowledge * knowledge)


def northern_probability(engagement: Floats, guarantee: Floats, cells: Any) -> Floats:
    """K4: probability that a deciding cell at the border of a state strikes it [r, c]."""
    return rates.logistic(
        cells.northern_base + cells.northern_from_guarantee * engagement * guarantee
    )


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
    home = state.week_returnees.sum(axis=1)
    joining = cells.returnee_recruitment * view.structure.coupling.aid_and_returnees
    returned = rates.poisson(u[:, 4], joining * home)
    rest = max(1.0 - float(view.groups.madrassa_share.sum()), 0.0)
    schooled = rates.poisson(u[:, 5], school_recruits(view) * rest * room)
    return {
        "recruited": recruits, "freed": freed, "opened": opened, "defected": defected,
        "returned": returned, "schooled": schooled,
    }  # fmt: skip


def _losses(state: State, week: int, view: Any, streams: Streams) -> dict[str, Counts]:
    """K2: men who are gone, and of them those who left and those captured [r, k + 1].

    The last column is the men without a cell.
    """
    cells = view.cells
    used = cells.auxiliary_effect * view.structure.coupling.auxiliaries
    helped = (
        state.effort[:, None]
        + used[IMU] * state.fighters[:, IMU]
        + used[JA] * state.fighters[:, JA]
    )
    pressure = state.counter_terror_knowledge[:, None] * state.control * helped
    border = view.world.border_province
    entry = cells.operations_from_entry * state.csto("entry")[:, None] * border
    yearly = cells.operations_hazard * pressure + entry
    raid = at_province(yearly, state.cell_place) * visibility(state.cell_mode, cells)
    astray = yearly.mean(axis=1, keepdims=True) * cells.visibility_hiding
    raid = np.concatenate([raid, astray], axis=1)
    men = np.concatenate([state.cell_fighters, state.unassigned[:, None]], axis=1)
    leave = cells.disengagement_hazard
    n = men.shape[1]
    gone = rates.binomial(
        streams.uniform(LOSSES, week, n), men, rates.probability((raid + leave) / WEEKS_PER_YEAR)
    )
    share = leave / np.maximum(raid + leave, 1e-12)
    left = rates.binomial(streams.uniform(EXITS, week, n), gone, share)
    captured = rates.binomial(streams.uniform(CAPTURES, week, n), gone - left, cells.captured_share)
    return {"gone": gone, "left": left, "captured": captured}


def _form(
    state: State, week: int, view: Any, streams: Streams, place: Counts, waiting: Counts
) -> tuple[Flags, Counts, Counts]:
    """K3: fill free slots with new cells; returns slots [r, k], provinces, cells formed [r]."""
    cells = view.cells
    free = place < 0
    formed = np.minimum(waiting // int(cells.cell_size), free.sum(axis=1))
    new = free & (np.cumsum(free, axis=1) <= formed[:, None])
    row, slot = np.nonzero(new)
    where = np.zeros(row.size, dtype=np.int64)
    if row.size:
        pull = placement(view) * grievance_mood(state.afghan_grievance, cells)
        u = streams.uniform(PLACE, week, place.shape[1])
        where = rates.choose(u[row, slot], pull[row])
    return new, where, formed


def top_up(fighters: Counts, used: Flags, largest: int, men: Counts, first: int = 0) -> Counts:
    """K3: men who join existing cells [r, k], none above the largest size.

    Cells are served in slot order from slot `first`, which moves on every week.
    """
    room = np.roll(np.where(used, np.maximum(largest - fighters, 0), 0), -first, axis=1)
    ahead = np.cumsum(room, axis=1) - room
    return np.roll(np.clip(men[:, None] - ahead, 0, room), first, axis=1)


def _seat(
    state: State, week: int, view: Any, streams: Streams, place: Counts, fighters: Counts,
    waiting: Counts,
) -> tuple[Flags, Counts, Counts, Counts, Counts]:  # fmt: skip
    """K3: men without a cell fill cells, form new ones, then swell cells when no slot is free.

    Returns new slots [r, k], cells formed [r], and place, fighters [r, k], men left over [r].
    """
    size, largest = int(view.cells.cell_size), int(view.cells.cell_largest)
    first = week % place.shape[1]
    joining = top_up(fighters, place >= 0, size, waiting, first)
    fighters, waiting = fighters + joining, waiting - joining.sum(axis=1)
    new, where, formed = _form(state, week, view, streams, place, waiting)
    place = place.copy()
    place[new] = where
    fighters = np.where(new, size, fighters)
    waiting = waiting - formed * size
    crowd = np.where(waiting >= size, waiting, 0)
    swelling = top_up(fighters, place >= 0, largest, crowd, first)
    return new, formed, place, fighters + swelling, waiting - swelling.sum(axis=1)


def _choose(
    state: State, week: int, view: Any, streams: Streams, place: Counts, knowledge: Floats,
    money: Counts, fighters: Counts,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """K4 for the slots whose turn it is: mode and target [r, due]."""
    cells = view.cells
    due = due_slots(week, place.shape[1])
    n_due = place[:, due].shape[1]
    share = home_shares(knowledge, cells)[:, None, :]
    mode = _HOME_MODES[rates.choose(streams.uniform(CHOICE, week, n_due), share)]

    drawn = view.drivers.guarantee * view.structure.coupling.engagement_target
    north = northern_probability(state.engagement, drawn, cells)
    near = (view.world.hops_to_state == 1)[np.maximum(place[:, due], 0)]
    reached = np.cumsum(near * north[:, None, :], axis=2)
    u = streams.uniform(NORTHERN, week, n_due)
    strikes = u < reached[:, :, -1]
    state_hit = (u[:, :, None] >= reached).sum(axis=2)

    abroad = streams.uniform(ABROAD, week, n_due) < external_probability(knowledge, cells)[:, None]
    spare = fighters[:, due] > cells.cell_minimum
    abroad &= spare & (money[:, due] >= view.plots.external_cost)
    strikes &= money[:, due] >= view.attacks.frontier_cost
    far = rates.choose(streams.uniform(TARGET, week, n_due), _external_shares(state, view)[:, None])
    mode = np.where(abroad, EXTERNAL, np.where(strikes, NORTH, mode)).astype(np.int8)
    target = np.where(abroad, far, np.where(strikes, state_hit, -1)).astype(np.int8)
    return mode, target


def _external_shares(state: State, view: Any) -> Floats:
    """Weight of each target of an external plot [r, 7]: five states, Russia, elsewhere."""
    cells = view.cells
    drawn = view.structure.coupling.engagement_target
    closeness = state.engagement * view.drivers.guarantee * drawn
    states = cells.external_weight * np.exp(cells.external_weight_guarantee * closeness)
    others = np.broadcast_to(
        [cells.external_weight_russia, cells.external_weight_elsewhere], (state.n_replicates, 2)
    )
    assert states.shape[1] + others.shape[1] == TARGET_ELSEWHERE + 1
    return np.concatenate([states, others], axis=1)


def flow_tax(levied: Counts, fighters: Counts) -> Counts:
    """K6: last week's tax on drug flows, split over cells by men [r, k]; lost without them."""
    some = (fighters.sum(axis=1) > 0)[:, None]
    return rates.split_in_order(levied * some[:, 0], np.where(some, fighters, 1))


def _funds(held_usd: Counts, view: Any, fighters: Counts) -> tuple[Counts, Counts]:
    """K6: income and upkeep of each cell [r, k] in whole USD of the week."""
    cells = view.cells
    income = np.rint(cells.income * fighters).astype(np.int64)
    need = np.rint(cells.upkeep * fighters).astype(np.int64)
    return income, np.minimum(need, held_usd + income)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance ISIS-K by one week: intake, losses, formation, movement, choice, money."""
    cells = view.cells
    joining = _intake(state, week, view, streams)
    freed, opened = joining.pop("freed"), joining.pop("opened")
    loss = _losses(state, week, view, streams)
    fighters = state.cell_fighters - loss["gone"][:, :-1]
    broken = (state.cell_place >= 0) & (fighters < cells.cell_minimum)
    waiting = state.unassigned - loss["gone"][:, -1] + (fighters * broken).sum(axis=1)
    waiting = waiting + freed + opened + sum(joining.values())
    fighters = np.where(broken, 0, fighters)
    place = np.where(broken, -1, state.cell_place)

    seated = _seat(state, week, view, streams, place, fighters, waiting)
    new, formed, place, fighters, waiting = seated
    mode = np.where(new, LOCAL, state.cell_mode).astype(np.int8)
    kept_funds = np.where(broken | new, 0, state.cell_funds_usd)
    levied = flow_tax(state.week_flow_tax_usd[:, 0], fighters)
    income, upkeep = _funds(kept_funds + levied, view, fighters)
    money = kept_funds + levied + income - upkeep
    place = _move(view, week, streams, place)
    standing = recognised(state.lever("recognition")).mean(axis=1)
    work = state.effort * (1.0 + cells.cooperation_from_recognition * standing)
    knowledge = state.counter_terror_knowledge + knowledge_change(
        state.counter_terror_knowledge, week, work, state.week_attacks.sum(axis=1), cells
    )
    due = due_slots(week, place.shape[1])
    target = np.where(new | (place < 0), -1, state.cell_target).astype(np.int8)
    mode[:, due], target[:, due] = _choose(
        state, week, view, streams, place, knowledge, money, fighters
    )
    occupied = place >= 0
    attacking = (mode == LOCAL) & occupied
    share = (fighters * attacking).sum(axis=1) / np.maximum(fighters.sum(axis=1), 1)
    captured = loss["captured"].sum(axis=1)
    left = loss["left"].sum(axis=1)
    info = Info(
        **joining, released=freed + opened,
        killed=loss["gone"].sum(axis=1) - captured - left, captured=captured, left=left,
        cells_formed=formed, cells_dissolved=broken.sum(axis=1),
        slots_refused=waiting // int(cells.cell_size), income_usd=income.sum(axis=1),
        flow_tax_usd=levied.sum(axis=1), upkeep_usd=upkeep.sum(axis=1),
        lost_funds_usd=(state.cell_funds_usd - kept_funds).sum(axis=1),
        fighters_by_province=by_province(fighters, place, state.control.shape[1]),
    )  # fmt: skip
    skill = np.where(new, 0.0, state.cell_skill) + cells.skill_gain * attacking
    changed = state.replace(
        cell_place=place,
        cell_fighters=fighters,
        cell_mode=mode,
        cell_target=np.where(occupied, target, -1).astype(np.int8),
        cell_skill=skill,
        cell_funds_usd=money,
        unassigned=waiting,
        release_pool=state.release_pool - freed,
        isisk_prisoners=state.isisk_prisoners + captured - opened,
        activity=state.activity + (share - state.activity) / DECISION_WEEKS,
        counter_terror_knowledge=knowledge,
    )
    return changed, info


def _move(view: Any, week: int, streams: Streams, place: Counts) -> Counts:
    """K5: under a displacement hazard a cell goes one province toward the northern border."""
    hazard = view.groups.northward_displacement
    if hazard <= 0.0:
        return place
    u = streams.uniform(MOVE, week, 2 * place.shape[1]).reshape(len(place), 2, -1)
    moving = (u[:, 0] < rates.probability(hazard)) & (place >= 0)
    there = toward_north(view.world).destination(np.maximum(place, 0), u[:, 1])
    return np.where(moving, there, place)
