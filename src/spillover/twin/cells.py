"""ISIS-K, cell by cell; docs/odd.md, "cells" (K1 to K6)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.agents import (
    ELSEWHERE,
    EXTERNAL,
    HIDE,
    LOCAL,
    MODES,
    NORTH,
    RECRUIT,
    RUSSIA,
    Cell,
    State,
)
from spillover.twin.arithmetic import Y, mean, p, rint, sigma, softmax, split
from spillover.twin.signs import (
    DECISION_WEEKS,
    due_slots,
    local_share_unknown,
    mood,
    recognition_mean,
    school_recruits,
)

if TYPE_CHECKING:
    from spillover.twin.draws import Stream
    from spillover.twin.model import TwinModel

NAME = "cells"
WAYS_IN = ("recruited", "defected", "returned", "schooled")
MONEY = ("income_usd", "flow_tax_usd", "upkeep_usd", "lost_funds_usd")


def start(model: TwinModel) -> None:
    """Cells of August 2021 in the lowest slots."""
    view, isisk = model.view, model.isisk
    size, strength = int(view.cells.cell_size), int(view.initial.isisk_fighters)
    n_slots = len(isisk.cells)
    n_cells = min(strength // size, n_slots)
    places = model.stream("first_state/cell_places", n_slots)
    modes = model.stream("first_state/cell_modes", n_slots)
    weights = placement(model)
    shares = _home_shares(model, knowledge=0.0)
    for slot in range(n_cells):
        cell = Cell(model, slot, model.provinces[places.choose(slot, weights)], size)
        cell.mode = (HIDE, LOCAL, RECRUIT)[modes.choose(slot, shares)]
        cell.funds_usd = int(view.initial.cell_funds)
        isisk.cells[slot] = cell
    isisk.unassigned = strength - n_cells * size
    isisk.release_pool = int(view.initial.release_pool)
    isisk.activity = local_share_unknown(model)


def placement(model: TwinModel) -> list[float]:
    """Weight of each province as a place for a cell."""
    cells = model.view.cells
    weights = [float(cells.placement_weight[province.zone]) for province in model.provinces]
    for province in model.provinces:
        if province.id == "AF-KAB":
            weights[province.index] *= cells.kabul_weight
    return weights


def step(model: TwinModel) -> None:
    """One week, in the order of the page."""
    isisk = model.isisk
    model.flows |= dict.fromkeys(MONEY, 0)
    joining = _intake(model)
    captured, waiting = _losses(model)
    waiting += sum(joining.values()) + _dissolve(model)
    isisk.unassigned = _seat(model, waiting)
    _levy(model)
    for cell in isisk.living():
        _feed(model, cell)
    model.flows |= {name: joining[name] for name in WAYS_IN}
    model.flows["released"] = joining["freed"] + joining["opened"]
    model.flows["slots_refused"] = isisk.unassigned // int(model.view.cells.cell_size)
    _move_north(model)
    _learn(model)
    _choose(model)
    local = 0
    for cell in isisk.living():
        if cell.mode == LOCAL:
            cell.skill += model.view.cells.skill_gain
            local += cell.fighters
    share = local / max(isisk.in_cells(), 1)
    isisk.activity += (share - isisk.activity) / DECISION_WEEKS
    isisk.release_pool -= joining["freed"]
    isisk.prisoners += captured - joining["opened"]
    model.flows["fighters_by_province"] = [
        sum(cell.fighters for cell in isisk.living() if cell.province is province)
        for province in model.provinces
    ]


def _intake(model: TwinModel) -> dict[str, int]:
    """K3: men who come this week, by way."""
    par, drivers, isisk = model.view.cells, model.view.drivers, model.isisk
    in_cells, men = isisk.in_cells(), isisk.men()
    anger = sum(cell.fighters * cell.province.grievance for cell in isisk.living())
    anger = anger / in_cells if in_cells else 0.0
    callers = sum(cell.fighters for cell in isisk.living() if cell.mode == RECRUIT)
    reach = 1.0 + par.recruiting_bonus * callers / max(men, 1)
    room = max(1.0 - men / par.capacity, 0.0)
    draws = model.stream("cells/intake", 6)
    returning = sum(province.week_returnees for province in model.provinces)
    joining = par.returnee_recruitment * model.view.structure.coupling.aid_and_returnees
    expected = par.recruitment / 1000 * men * mood(anger, par) * reach * room
    rest = max(1.0 - sum(model.view.groups.madrassa_share), 0.0)
    return {
        "recruited": draws.poisson(0, expected),
        "freed": draws.binomial(1, isisk.release_pool, p(1.0 / par.release_lag)),
        "opened": min(draws.poisson(2, drivers.prison_releases), isisk.prisoners),
        "defected": draws.poisson(3, model.view.groups.commander_defections),
        "returned": draws.poisson(4, joining * returning),
        "schooled": draws.poisson(5, school_recruits(model) * rest * room),
    }


def _visibility(model: TwinModel, mode: str) -> float:
    par = model.view.cells
    if mode in (LOCAL, NORTH):
        return 1.0
    return float(par.visibility_recruiting if mode == RECRUIT else par.visibility_hiding)


def _raids(model: TwinModel) -> list[float]:
    """K2: raid_a of each province."""
    par = model.view.cells
    used = model.view.structure.coupling.auxiliaries
    imu, ja = model.group("IMU"), model.group("JA")
    raids = []
    for province in model.provinces:
        strength = (
            model.authorities.effort
            + used * par.auxiliary_effect[imu.index] * imu.fighters[province.index]
            + used * par.auxiliary_effect[ja.index] * ja.fighters[province.index]
        )
        raid = par.operations_hazard * model.authorities.knowledge * province.control * strength
        if province.is_at_border:
            raid += par.operations_from_entry * model.csto.delivered["entry"]
        raids.append(float(raid))
    return raids


def _losses(model: TwinModel) -> tuple[int, int]:
    """K2: men captured, and men who still wait for a cell."""
    par, isisk = model.view.cells, model.isisk
    n = len(isisk.cells)
    losses = model.stream("cells/losses", n)
    leaving = model.stream("cells/exits", n)
    captures = model.stream("cells/captures", n)
    strays = model.stream("cells/strays", 3)
    quit_hazard = par.disengagement_hazard

    def lose(draws: list[tuple[Stream, int]], men: int, raid: float) -> tuple[int, int]:
        (lost, i), (leaves, j), (caught_by, k) = draws
        gone = lost.binomial(i, men, p((raid + quit_hazard) / Y))
        share = quit_hazard / (raid + quit_hazard) if raid + quit_hazard > 0 else 0.0
        left = leaves.binomial(j, gone, share)
        caught = caught_by.binomial(k, gone - left, par.captured_share)
        model.flows["left"] += left
        model.flows["killed"] += gone - left - caught
        return gone, caught

    raids = _raids(model)
    captured = 0
    model.flows |= {"killed": 0, "left": 0}
    for cell in isisk.living():
        raid = raids[cell.province.index] * _visibility(model, cell.mode)
        own = [(draws, cell.index) for draws in (losses, leaving, captures)]
        gone, caught = lose(own, cell.fighters, raid)
        cell.fighters -= gone
        captured += caught
    own = [(strays, 0), (strays, 1), (strays, 2)]
    gone, caught = lose(own, isisk.unassigned, mean(raids) * par.visibility_hiding)
    model.flows["captured"] = captured + caught
    return captured + caught, isisk.unassigned - gone


def _dissolve(model: TwinModel) -> int:
    """Cells that became too small end; returns their men."""
    men = 0
    model.flows["cells_dissolved"] = 0
    for cell in model.isisk.living():
        if cell.fighters < model.view.cells.cell_minimum:
            men += cell.fighters
            model.flows["cells_dissolved"] += 1
            model.flows["lost_funds_usd"] += cell.funds_usd
            model.isisk.cells[cell.index] = None
            cell.remove()
    return men


def _top_up(model: TwinModel, waiting: int, largest: int) -> int:
    """Men join cells up to this size, from slot week mod 512 on; returns who is left."""
    slots = model.isisk.cells
    first = model.week % len(slots)
    for cell in slots[first:] + slots[:first]:
        if cell is not None:
            joining = min(max(largest - cell.fighters, 0), waiting)
            cell.fighters += joining
            waiting -= joining
    return waiting


def _seat(model: TwinModel, waiting: int) -> int:
    """K3: fill cells, form new ones, swell cells when no slot is free."""
    par, slots = model.view.cells, model.isisk.cells
    size = int(par.cell_size)
    waiting = _top_up(model, waiting, size)
    free = [slot for slot, cell in enumerate(slots) if cell is None]
    new = free[: waiting // size]
    model.flows["cells_formed"] = len(new)
    if new:
        places = model.stream("cells/place", len(slots))
        angry = [mood(province.grievance, par) for province in model.provinces]
        weights = [w * m for w, m in zip(placement(model), angry, strict=True)]
        for slot in new:
            province = model.provinces[places.choose(slot, weights)]
            slots[slot] = Cell(model, slot, province, size)
        waiting -= size * len(new)
    if waiting >= size:
        waiting = _top_up(model, waiting, int(par.cell_largest))
    return waiting


def _levy(model: TwinModel) -> None:
    """K6: last week's tax on drug flows, split over the cells in slot order by their men."""
    isisk = model.isisk
    parts = split(isisk.week_flow_tax_usd, [cell.fighters for cell in isisk.living()])
    for cell, part in zip(isisk.living(), parts, strict=True):
        cell.funds_usd += part
        model.flows["flow_tax_usd"] += part


def _feed(model: TwinModel, cell: Cell) -> None:
    """K6: income and upkeep."""
    par = model.view.cells
    income = rint(par.income * cell.fighters)
    upkeep = min(rint(par.upkeep * cell.fighters), cell.funds_usd + income)
    cell.funds_usd += income - upkeep
    model.flows["income_usd"] += income
    model.flows["upkeep_usd"] += upkeep


def _move_north(model: TwinModel) -> None:
    """K5."""
    hazard = model.view.groups.northward_displacement
    if hazard <= 0:
        return
    n = len(model.isisk.cells)
    draws = model.stream("cells/move", 2 * n)
    for cell in model.isisk.living():
        here = cell.province
        nearer = [other for other in here.neighbours if min(other.hops) < min(here.hops)]
        if draws.is_hit(cell.index, p(hazard)) and nearer:
            cell.province = draws.pick(n + cell.index, nearer)


def _learn(model: TwinModel) -> None:
    """K1: what the authorities know."""
    par, authorities = model.view.cells, model.authorities
    known = authorities.knowledge
    warm = min(1.0, model.week / par.knowledge_warm_up)
    attacks = sum(province.week_attacks for province in model.provinces)
    work = authorities.effort
    work *= 1.0 + par.cooperation_from_recognition * recognition_mean(model)
    learning = par.knowledge_gain * warm * work + par.knowledge_per_attack * attacks
    authorities.knowledge = known + learning * (1.0 - known) - par.knowledge_decay / Y * known


def _home_shares(model: TwinModel, knowledge: float) -> list[float]:
    par = model.view.cells
    values = (par.value_hide_knowledge * knowledge, 1.0, par.value_recruit)
    return softmax([par.choice_sharpness * value for value in values])


def _choose(model: TwinModel) -> None:
    """K4 for the cells whose turn it is."""
    par, known = model.view.cells, model.authorities.knowledge
    due = due_slots(model.week, len(model.isisk.cells))
    home, north, abroad, far = (
        model.stream(f"cells/{name}", len(due))
        for name in ("choice", "northern", "abroad", "target")
    )
    shares = _home_shares(model, known)
    external = sigma(par.external_base + par.external_from_knowledge * known)
    targets, weights = _external_targets(model)
    for turn, slot in enumerate(due):
        cell = model.isisk.cells[slot]
        if cell is None:
            continue
        can_plot = cell.fighters > par.cell_minimum
        can_plot = can_plot and cell.funds_usd >= model.view.plots.external_cost
        struck = _northern_target(model, cell, north.uniform(turn))
        fallback = (HIDE, LOCAL, RECRUIT)[home.choose(turn, shares)]
        if abroad.is_hit(turn, external) and can_plot:
            cell.mode, cell.target = EXTERNAL, targets[far.choose(turn, weights)]
        elif struck is not None and cell.funds_usd >= model.view.attacks.frontier_cost:
            cell.mode, cell.target = NORTH, struck
        else:
            cell.mode, cell.target = fallback, None


def _northern_target(model: TwinModel, cell: Cell, u: float) -> State | None:
    """K4: which state at one hop the cell strikes, if any."""
    par = model.view.cells
    reached = 0.0
    for state in model.states:
        if cell.province.hops[state.index] == 1:
            close = _closeness(model, state)
            reached += sigma(par.northern_base + par.northern_from_guarantee * close)
            if u < reached:
                return state
    return None


def _closeness(model: TwinModel, state: State) -> float:
    """e_c guarantee_c, as far as the coupling acts."""
    guarantee = float(model.view.drivers.guarantee[state.index])
    return float(state.engagement * guarantee * model.view.structure.coupling.engagement_target)


def _external_targets(model: TwinModel) -> tuple[list[State | str], list[float]]:
    par = model.view.cells
    weights = []
    for state in model.states:
        lift = math.exp(par.external_weight_guarantee * _closeness(model, state))
        weights.append(float(par.external_weight[state.index]) * lift)
    weights += [par.external_weight_russia, par.external_weight_elsewhere]
    return [*model.states, RUSSIA, ELSEWHERE], weights


def target_code(target: State | str | None) -> int:
    """Code of a target under the names of section 2."""
    if target is None:
        return -1
    return target.index if isinstance(target, State) else {RUSSIA: 5, ELSEWHERE: 6}[target]


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2; free slots are blank."""
    isisk = model.isisk
    return {
        "cell_place": [-1 if c is None else c.province.index for c in isisk.cells],
        "cell_fighters": [0 if c is None else c.fighters for c in isisk.cells],
        "cell_mode": [0 if c is None else MODES.index(c.mode) for c in isisk.cells],
        "cell_target": [0 if c is None else target_code(c.target) for c in isisk.cells],
        "cell_skill": [0.0 if c is None else c.skill for c in isisk.cells],
        "cell_funds_usd": [0 if c is None else c.funds_usd for c in isisk.cells],
        "unassigned": isisk.unassigned,
        "release_pool": isisk.release_pool,
        "isisk_prisoners": isisk.prisoners,
        "activity": isisk.activity,
        "counter_terror_knowledge": model.authorities.knowledge,
    }
