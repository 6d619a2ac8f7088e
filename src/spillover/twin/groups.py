"""Armed groups other than ISIS-K, body by body; docs/odd.md, "groups" (G1 to G6)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from spillover.twin.arithmetic import Y, logit, mean, p, rint, sigma, spread
from spillover.twin.signs import lever_mean, mood, recognition_mean, school_recruits

if TYPE_CHECKING:
    from spillover.twin.agents import ArmedGroup, Province
    from spillover.twin.model import TwinModel

NAME = "groups"
PRESSER = {"IMU": "UZB", "JA": "TJK"}
"""Which state leans on the authorities because of which group."""
TO_CHINA = "AF-BDS"
STAYING = ("NRF", "TTP", "BLA", "LETJEM")
MONEY = (
    "donations_usd", "opium_income_usd", "auxiliary_pay_usd", "flow_tax_usd", "upkeep_usd",
)  # fmt: skip
MEN = (
    "recruited", "schooled", "arrived", "killed", "captured", "left", "removed", "relocated",
)  # fmt: skip
REACH = 2
"""Hops within which the presser feels a body."""


def start(model: TwinModel) -> None:
    """Strengths of August 2021, whole men by province, by largest remainder."""
    initial = model.view.initial
    for group in model.groups:
        group.haven = float(model.view.groups.haven_start[group.index])
        weights = getattr(initial.zone_weight, group.name.lower())
        strength = rint(initial.group_fighters[group.index])
        wanted = [float(weights[province.zone]) for province in model.provinces]
        if not any(wanted):  # a part of the map may lack all zones of a group
            continue
        group.fighters = spread(strength, wanted)
        group.funds_usd = rint(initial.group_funds * group.strength)


def step(model: TwinModel) -> None:
    """One week."""
    par = model.view.groups
    model.flows |= {name: [] for name in MONEY}
    model.flows |= {name: [[0] * len(model.provinces) for _ in model.groups] for name in MEN}
    pressures = [_pressure(model, group) for group in model.groups]
    uses = [_use(model, group) for group in model.groups]
    shares = [_pay_upkeep(model, g, use) for g, use in zip(model.groups, uses, strict=True)]
    for group, paid in zip(model.groups, shares, strict=True):
        _change_strength(model, group, paid)
    for group, pressure, use in zip(model.groups, pressures, uses, strict=True):
        score = logit(float(par.haven_start[group.index]))
        if _is_tolerated(model, group):
            will = mean([faction.will for faction in model.authorities.factions])
            score += (
                par.haven_from_use * use
                - par.haven_loss_from_will * (will - par.will_reference)
                - par.haven_loss_from_pressure * pressure
                + par.tolerance_shift
                + par.haven_from_recognition * recognition_mean(model)
            )
        group.haven += par.haven_reversion * (sigma(score) - group.haven)
        _relocate(model, group, pressure)
    _attack(model)


def _pressure(model: TwinModel, group: ArmedGroup) -> float:
    par, own = model.view.groups, 0.0
    if group.name == "ETIM":
        own = model.outside.chinese_pressure
    elif group.name in PRESSER:
        state = model.state(PRESSER[group.name])
        conditions = par.pressure_from_conditions * state.delivered["conditionality"]
        own = state.engagement * (par.pressure_base + conditions)
    if _is_tolerated(model, group):
        own += par.pressure_from_joint * lever_mean(model, "joint_pressure")
        own += par.pressure_from_sanctions * lever_mean(model, "targeted_sanctions")
    return float(min(own, 1.0))


def _is_tolerated(model: TwinModel, group: ArmedGroup) -> bool:
    """A_g."""
    par = model.view.groups
    return bool(par.haven_start[group.index] > par.haven_hostile)


def _use(model: TwinModel, group: ArmedGroup) -> float:
    par = model.view.groups
    share = min(model.isisk.men() / par.isisk_reference, 1.0)
    used = float(par.auxiliary_use[group.index]) * share
    return float(used * model.view.structure.coupling.auxiliaries)


def _pay_upkeep(model: TwinModel, group: ArmedGroup, use: float) -> float:
    """G5; returns the share of the upkeep that could be paid."""
    par, g, men = model.view.groups, group.index, group.strength
    gifts = rint(par.donations * men + (float(par.stipend[g]) if men > 0 else 0.0))
    farms = sum(province.farm_income_usd for province in model.provinces) / Y
    coupling = model.view.structure.coupling
    opium = rint(coupling.narcotics_finance * float(par.opium_income_share[g]) * farms)
    held = group.funds_usd + group.week_flow_tax_usd
    aid = rint(par.auxiliary_pay * use * men)
    need = rint(par.upkeep * men)
    upkeep = min(held + gifts + opium + aid, need)
    group.funds_usd = held + gifts + opium + aid - upkeep
    for name, usd in zip(MONEY, (gifts, opium, aid, group.week_flow_tax_usd, upkeep), strict=True):
        model.flows[name].append(usd)
    return upkeep / max(need, 1)


def _change_strength(model: TwinModel, group: ArmedGroup, paid: float) -> None:
    """G2 and G3: who is lost, who leaves, who joins, who arrives."""
    par, g, n_a = model.view.groups, group.index, len(model.provinces)
    slots = len(model.groups) * n_a
    losses = model.stream("groups/losses", slots)
    captures = model.stream("groups/captures", slots)
    leaving = model.stream("groups/exits", slots)
    joining = model.stream("groups/recruits", slots)
    room = max(1.0 - group.strength / float(par.capacity[g]), 0.0)
    schooled = _school(model, group, room * paid)
    after = []
    for province in model.provinces:
        slot, men = g * n_a + province.index, group.fighters[province.index]
        hunted = float(par.operations_hazard[g]) * model.authorities.effort * (1.0 - group.haven)
        hazard = hunted * province.control
        if province.is_at_border:
            hazard += par.operations_from_entry * model.csto.delivered["entry"]
        lost = losses.binomial(slot, men, p(hazard / Y))
        left = leaving.binomial(slot, men - lost, p(float(par.disengagement_hazard[g]) / Y))
        expected = (
            float(par.recruitment[g]) / 1000 * men * mood(province.grievance, par) * room * paid
        )
        recruits = joining.poisson(slot, expected)
        after.append(men - lost - left + recruits)
        caught = captures.binomial(slot, lost, par.captured_share)
        _book(model, group, province, recruited=recruits, left=left)
        _book(model, group, province, captured=caught, killed=lost - caught)
    if schooled:
        where, count = schooled
        after[where] += count
        _book(model, group, model.provinces[where], schooled=count)
    group.fighters = after
    _arrive(model, group)


def _book(model: TwinModel, group: ArmedGroup, province: Province, **men: int) -> None:
    """Count men of a body, for the accounts."""
    for name, n in men.items():
        model.flows[name][group.index][province.index] += n


def _school(model: TwinModel, group: ArmedGroup, room: float) -> tuple[int, int] | None:
    """G3: the body that recruits from the schools join, and how many they are."""
    share = float(model.view.groups.madrassa_share[group.index])
    expected = school_recruits(model) * share * room
    if expected <= 0:
        return None
    draws = model.stream("groups/schools", 2 * len(model.groups))
    where = draws.choose(len(model.groups) + group.index, [float(n) for n in group.fighters])
    return where, draws.poisson(group.index, expected)


def _arrive(model: TwinModel, group: ArmedGroup) -> None:
    """G3: men from Syria, who come to one province together."""
    par, expected = model.view.groups, model.view.drivers.syria_arrivals
    if expected <= 0:
        return
    arrivals = model.stream("groups/arrivals", 2 * len(model.groups))
    men = arrivals.poisson(group.index, expected * float(par.syria_share[group.index]))
    weights = [float(par.arrival_zone_weight[province.zone]) for province in model.provinces]
    where = arrivals.choose(len(model.groups) + group.index, weights)
    group.fighters[where] += men
    _book(model, group, model.provinces[where], arrived=men)


def _hops_to_presser(model: TwinModel, group: ArmedGroup) -> list[int] | None:
    """Hops of each province to what presses the group; None if nothing does."""
    if group.name in PRESSER:
        c = model.state(PRESSER[group.name]).index
        return [province.hops[c] for province in model.provinces]
    if group.name != "ETIM":
        return None
    hops = [len(model.provinces)] * len(model.provinces)
    queue = deque(province for province in model.provinces if province.id == TO_CHINA)
    for province in queue:
        hops[province.index] = 0
    while queue:
        here = queue.popleft()
        for there in here.neighbours:
            if hops[there.index] > hops[here.index] + 1:
                hops[there.index] = hops[here.index] + 1
                queue.append(there)
    return hops


def _relocate(model: TwinModel, group: ArmedGroup, pressure: float) -> None:
    """G4: bodies are pushed away from what presses, or pulled to the north."""
    par, n_a = model.view.groups, len(model.provinces)
    mobile = [other.name for other in model.groups if other.name not in STAYING]
    if group.name not in mobile:
        return
    first = mobile.index(group.name) * n_a
    order, pull, where = (
        model.stream(f"groups/{name}", len(mobile) * n_a)
        for name in ("told", "pulled", "destination")
    )
    told = par.relocation_hazard * model.view.structure.coupling.relocation
    hops = _hops_to_presser(model, group)
    after = [0] * n_a
    for province in model.provinces:
        a, men = province.index, group.fighters[province.index]
        place = province
        if not men:
            continue
        if order.is_hit(first + a, p(told * pressure / Y)):
            farther = _farther(province, hops)
            if farther:
                gone = rint(par.removed_share * men)
                men -= gone
                place = where.pick(first + a, farther)
                _book(model, group, province, removed=gone, relocated=men)
        elif pull.is_hit(first + a, p(par.northward_displacement)):
            nearer = [
                other for other in province.neighbours if min(other.hops) < min(province.hops)
            ]
            place = where.pick(first + a, nearer) if nearer else province
            _book(model, group, province, relocated=men if nearer else 0)
        after[place.index] += men
    group.fighters = after


def _farther(province: Province, hops: list[int] | None) -> list[Province]:
    if hops is None or hops[province.index] > REACH:
        return []
    return [other for other in province.neighbours if hops[other.index] > hops[province.index]]


def _attack(model: TwinModel) -> None:
    """G6."""
    par, n_a = model.view.groups, len(model.provinces)
    draws = model.stream("groups/attacks", n_a + 3)
    nrf, ttp, bla, letjem = (model.group(name) for name in ("NRF", "TTP", "BLA", "LETJEM"))
    for province in model.provinces:
        men = nrf.fighters[province.index]
        expected = float(par.attack_hazard[nrf.index]) * men
        province.week_armed_attacks = draws.poisson(province.index, expected)
    model.outside.week_pakistan_attacks = draws.poisson(
        n_a, float(par.attack_hazard[ttp.index]) * ttp.strength
    ) + draws.poisson(n_a + 1, float(par.attack_hazard[bla.index]) * bla.strength)
    calm = max(1.0 - par.calm_from_dialogue * lever_mean(model, "south_asia_dialogue"), 0.0)
    expected = float(par.attack_hazard[letjem.index]) * letjem.strength * calm
    model.flows["attacks_on_pakistan"] = model.outside.week_pakistan_attacks
    model.flows["attacks_on_india"] = draws.poisson(n_a + 2, expected)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "fighters": [list(group.fighters) for group in model.groups],
        "haven": [group.haven for group in model.groups],
        "group_funds_usd": [group.funds_usd for group in model.groups],
        "week_armed_attacks": [province.week_armed_attacks for province in model.provinces],
        "week_pakistan_attacks": model.outside.week_pakistan_attacks,
    }
