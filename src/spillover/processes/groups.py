"""Armed groups other than ISIS-K: stocks of fighters by province.

Idea: Al-Qaida, IMU, Jamaat Ansarullah, ETIM/TIP, TTP, BLA, LeT/JeM and the resistance (NRF/AFF)
live on tolerance. The authorities could act against allied groups and mostly do not
(A-TAL-DUAL-POLICY, M-TOLERANCE-BARGAIN); they use IMU and Jamaat Ansarullah against ISIS-K, which
strengthens groups aimed at Uzbekistan and Tajikistan (M-FOREIGN-AUXILIARIES); pressure by a
neighbour moves a group rather than removing it (M-ETIM-RELOCATION); fighters may arrive from Syria
(M-SYRIA-INFLOW), and schools train more young men than find work, a reserve for groups that look
north (M-MADRASSA-POOL).

Equations (docs/odd.md, "groups"):
    G1  haven reverts to sigma(logit h0 + k_u use - k_w (will - will0) - k_p pressure + shift)
    G2  operations: hazard c effort (1 - haven) C_p; losses split into killed and captured
    G3  recruits ~ Poisson(rho N exp(slope (G - G0)) room), room = upkeep paid (1 - N / capacity);
        from schools ~ Poisson(students unplaced hazard share unemployment / reference room); exits
    G4  a pressed group moves one province away from the state that presses, with a hazard; a
        share of those who would move is removed for good
    G5  funds += donations + share of drug income + auxiliary pay + last week's tax on drug flows -
        upkeep, never below zero
    G6  attacks: NRF on the authorities, TTP and BLA on Pakistan ~ Poisson(rate N), LeT/JeM on India
        ~ Poisson(rate N (1 - calm dialogue))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GROUPS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    Counts,
    Floats,
    State,
    grievance_mood,
    isisk_fighters,
    recognised,
    school_recruits,
)
from spillover.streams import Streams, purpose
from spillover.world.moves import MoveTable, away_from_province, away_from_state, toward_north

NAME = "groups"
READS = (
    "fighters", "haven", "group_funds_usd", "effort", "control", "faction_will",
    "afghan_grievance", "engagement", "delivered", "csto_delivered", "cell_fighters", "unassigned",
    "farm_income_usd", "chinese_pressure", "week_flow_tax_usd",
)  # fmt: skip
WRITES = (
    "fighters", "haven", "group_funds_usd", "week_armed_attacks", "week_pakistan_attacks",
)  # fmt: skip

LOSSES = purpose("groups/losses")
CAPTURES = purpose("groups/captures")
EXITS = purpose("groups/exits")
RECRUITS = purpose("groups/recruits")
SCHOOLS = purpose("groups/schools")
ARRIVALS = purpose("groups/arrivals")
RELOCATION = purpose("groups/relocation")
ATTACKS = purpose("groups/attacks")

NRF, TTP, BLA, ETIM, LETJEM = (
    GROUPS.index(name) for name in ("NRF", "TTP", "BLA", "ETIM", "LETJEM")
)
STAYING = [NRF, TTP, BLA, LETJEM]
PRESSED_BY = {"IMU": "UZB", "JA": "TJK"}
"""Which state presses for the removal of which group (A-IMU, A-JA)."""
TO_CHINA = "AF-BDS"
"""The province that borders China, which presses on ETIM/TIP; a part of the map may lack it."""


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of fighters [r, g, a] and money [r, g] of the week, attacks on Pakistan, India [r]."""

    recruited: Counts
    schooled: Counts
    arrived: Counts
    killed: Counts
    captured: Counts
    left: Counts
    removed: Counts
    relocated: Counts
    donations_usd: Counts
    opium_income_usd: Counts
    auxiliary_pay_usd: Counts
    flow_tax_usd: Counts
    upkeep_usd: Counts
    attacks_on_pakistan: Counts
    attacks_on_india: Counts


def pressure(state: State, view: Any) -> Floats:
    """Outside pressure on each group [r, g], 0 to 1.

    A neighbour presses with its engagement, more when it sets conditions
    (M-CONDITIONALITY-RESTRAINS); China presses on ETIM/TIP (ST-CHN-ETIM-PRESSURE); joint pressure
    with outside powers and targeted sanctions are felt by all tolerated groups.
    """
    groups = view.groups
    strength = groups.pressure_base + groups.pressure_from_conditions * state.lever(
        "conditionality"
    )
    felt = np.zeros((state.n_replicates, len(GROUPS)))
    for group, presser in PRESSED_BY.items():
        c = STATES.index(presser)
        felt[:, GROUPS.index(group)] = state.engagement[:, c] * strength[:, c]
    felt[:, ETIM] = state.chinese_pressure
    shared = groups.pressure_from_joint * state.lever("joint_pressure")
    shared = shared + groups.pressure_from_sanctions * state.lever("targeted_sanctions")
    felt += shared.mean(axis=1)[:, None] * (groups.haven_start > groups.haven_hostile)
    return np.minimum(felt, 1.0)


def auxiliary_use(state: State, view: Any) -> Floats:
    """How much the authorities lean on each group against ISIS-K [r, g]."""
    need = np.minimum(isisk_fighters(state) / view.groups.isisk_reference, 1.0)
    return view.groups.auxiliary_use * need[:, None] * view.structure.coupling.auxiliaries


def haven_target(state: State, view: Any, use: Floats, felt: Floats) -> Floats:
    """G1, the level that tolerance reverts to [r, g]."""
    groups = view.groups
    allied = groups.haven_start > groups.haven_hostile
    will = state.faction_will.mean(axis=1)[:, None] - groups.will_reference
    standing = recognised(state.lever("recognition")).mean(axis=1)
    shift = (
        groups.haven_from_use * use
        - groups.haven_loss_from_will * will
        - groups.haven_loss_from_pressure * felt
        + groups.tolerance_shift
        + groups.haven_from_recognition * standing[:, None]
    )
    return rates.logistic(rates.log_odds(groups.haven_start) + shift * allied)


def funds(state: State, view: Any, use: Floats) -> tuple[Counts, ...]:
    """G5: donations, drug income, auxiliary pay and upkeep [r, g] in whole USD of the week."""
    groups = view.groups
    n = state.fighters.sum(axis=2)
    donations = groups.donations * n + groups.stipend * (n > 0)
    farms = state.farm_income_usd.sum(axis=1) / WEEKS_PER_YEAR
    drugs = view.structure.coupling.narcotics_finance * groups.opium_income_share * farms[:, None]
    aid = groups.auxiliary_pay * use * n
    incomes = [np.rint(part).astype(np.int64) for part in (donations, drugs, aid)]
    need = np.rint(groups.upkeep * n).astype(np.int64)
    held = state.group_funds_usd + state.week_flow_tax_usd[:, 1:]
    return *incomes, np.minimum(held + sum(incomes), need)


def operations(state: State, view: Any) -> Floats:
    """G2, weekly hazard of being killed or captured [r, g, a].

    CSTO troops that entered northern Afghanistan add a hazard in border provinces.
    """
    groups = view.groups
    exposure = state.effort[:, None, None] * (1.0 - state.haven)[:, :, None]
    ours = groups.operations_hazard[:, None] * exposure * state.control[:, None, :]
    border = view.world.border_province
    entry = groups.operations_from_entry * state.csto("entry")[:, None] * border
    return (ours + entry[:, None, :]) / WEEKS_PER_YEAR


def _relocate(state: State, view: Any, fighters: Counts, felt: Floats, u: Floats) -> tuple:
    """G4: whole provincial bodies step away; returns fighters, removed, relocated [r, g, a]."""
    groups, world = view.groups, view.world
    n_r, n_g, n_a = fighters.shape
    u = u.reshape(n_r, n_g, 3, n_a)
    told = groups.relocation_hazard * felt * view.structure.coupling.relocation
    hazard = np.broadcast_to(told[:, :, None], fighters.shape)
    north = groups.northward_displacement
    pushed = (u[:, :, 0] < rates.probability(hazard / WEEKS_PER_YEAR)) & (fighters > 0)
    pulled = (u[:, :, 1] < rates.probability(north)) & (fighters > 0) & ~pushed
    pulled[:, STAYING] = False  # aimed at Pakistan or India, or at home with its people
    places = np.arange(n_a)
    tables = _move_tables(world)
    for g in range(n_g):  # joint pressure is felt by all, but only these have a way to go
        pushed[:, g] &= tables[g].n_choices > 0 if g in tables else False
    pulled &= toward_north(world).n_choices > 0
    removed = np.where(pushed, np.rint(groups.removed_share * fighters).astype(np.int64), 0)
    staying = fighters - removed
    moving = np.where(pushed | pulled, staying, 0)
    destination = np.broadcast_to(np.arange(n_a), fighters.shape).copy()
    for g, table in tables.items():
        away = table.destination(places, u[:, g, 2])
        destination[:, g] = np.where(pushed[:, g], away, destination[:, g])
    toward = toward_north(world).destination(places, u[:, :, 2])
    destination = np.where(pulled, toward, destination)
    row = np.arange(n_r * n_g).reshape(n_r, n_g, 1) * n_a
    landed = np.bincount(
        (row + destination).ravel(), weights=moving.ravel(), minlength=n_r * n_g * n_a
    )
    settled = staying - moving + landed.reshape(fighters.shape).astype(np.int64)
    return settled, removed, moving


def _move_tables(world: Any) -> dict[int, MoveTable]:
    """Way out of reach of the state that presses, by group."""
    tables = {
        GROUPS.index(group): away_from_state(world, STATES.index(presser))
        for group, presser in PRESSED_BY.items()
    }
    if TO_CHINA in world.province_ids:
        tables[ETIM] = away_from_province(world, world.province_index(TO_CHINA))
    return tables


def _schooled(state: State, week: int, view: Any, streams: Streams, room: Floats) -> Counts:
    """G3: recruits from the schools [r, g, a]; those of a week join one body of their group."""
    n_r, n_g, n_a = state.fighters.shape
    joined = np.zeros((n_r, n_g, n_a), dtype=np.int64)
    offered = school_recruits(view) * view.groups.madrassa_share
    if offered.max() > 0.0:
        u = streams.uniform(SCHOOLS, week, 2 * n_g)
        count = rates.poisson(u[:, :n_g], offered * room)
        where = rates.choose(u[:, n_g:], state.fighters.astype(np.float64))
        np.put_along_axis(joined, where[:, :, None], count[:, :, None], axis=2)
    return joined


def _attacks(
    state: State, week: int, view: Any, streams: Streams, fighters: Counts
) -> tuple[Counts, Counts, Counts]:
    """G6: attacks on the authorities [r, a], on Pakistan and on India [r]."""
    groups, n_a = view.groups, fighters.shape[2]
    abroad = [TTP, BLA, LETJEM]
    u = streams.uniform(ATTACKS, week, n_a + len(abroad))
    nrf = rates.poisson(u[:, :n_a], groups.attack_hazard[NRF] * fighters[:, NRF])
    mean = groups.attack_hazard[abroad] * fighters[:, abroad].sum(axis=2)
    dialogue = state.lever("south_asia_dialogue").mean(axis=1)
    mean[:, -1] *= np.maximum(1.0 - groups.calm_from_dialogue * dialogue, 0.0)
    struck = rates.poisson(u[:, n_a:], mean)
    return nrf, struck[:, :-1].sum(axis=1), struck[:, -1]


def _arrivals(view: Any, week: int, streams: Streams, shape: tuple[int, ...]) -> Counts:
    """Fighters from Syria [r, g, a], each week's group arriving in one northern province."""
    groups, zone = view.groups, view.world.province_zone
    n_r, n_g, n_a = shape
    arrived = np.zeros(shape, dtype=np.int64)
    mean = view.drivers.syria_arrivals * groups.syria_share
    if mean.max() > 0.0:
        u = streams.uniform(ARRIVALS, week, 2 * n_g)
        count = rates.poisson(u[:, :n_g], mean)
        weight = groups.arrival_zone_weight[zone]
        where = rates.choose(u[:, n_g:], np.broadcast_to(weight, (n_r, n_g, n_a)))
        np.put_along_axis(arrived, where[:, :, None], count[:, :, None], axis=2)
    return arrived


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the stocks of the eight groups by one week."""
    groups = view.groups
    n_r, n_g, n_a = state.fighters.shape
    slots = n_g * n_a

    def draw(which: int) -> Floats:
        return streams.uniform(which, week, slots).reshape(n_r, n_g, n_a)

    felt, use = pressure(state, view), auxiliary_use(state, view)
    haven = state.haven + groups.haven_reversion * (
        haven_target(state, view, use, felt) - state.haven
    )
    donations, drugs, aid, upkeep = funds(state, view, use)
    levied = state.week_flow_tax_usd[:, 1:]
    need = np.maximum(np.rint(groups.upkeep * state.fighters.sum(axis=2)), 1.0)

    lost = rates.binomial(draw(LOSSES), state.fighters, rates.probability(operations(state, view)))
    captured = rates.binomial(draw(CAPTURES), lost, groups.captured_share)
    left = rates.binomial(
        draw(EXITS),
        state.fighters - lost,
        rates.probability(groups.disengagement_hazard / WEEKS_PER_YEAR)[:, None],
    )
    mood = grievance_mood(state.afghan_grievance, groups)
    room = np.maximum(1.0 - state.fighters.sum(axis=2) / groups.capacity, 0.0) * (upkeep / need)
    mean = (groups.recruitment[:, None] / 1000.0) * state.fighters * mood[:, None, :]
    recruited = rates.poisson(draw(RECRUITS), mean * room[:, :, None])
    schooled = _schooled(state, week, view, streams, room)
    arrived = _arrivals(view, week, streams, state.fighters.shape)

    present = state.fighters - lost - left + recruited + schooled + arrived
    u = streams.uniform(RELOCATION, week, 3 * slots)
    settled, removed, relocated = _relocate(state, view, present, felt, u)

    nrf, on_pakistan, on_india = _attacks(state, week, view, streams, settled)
    info = Info(
        recruited=recruited, schooled=schooled, arrived=arrived, killed=lost - captured,
        captured=captured,
        left=left, removed=removed, relocated=relocated, donations_usd=donations,
        opium_income_usd=drugs, auxiliary_pay_usd=aid, flow_tax_usd=levied, upkeep_usd=upkeep,
        attacks_on_pakistan=on_pakistan, attacks_on_india=on_india,
    )  # fmt: skip
    changed = state.replace(
        fighters=settled,
        haven=haven,
        group_funds_usd=state.group_funds_usd + donations + drugs + aid + levied - upkeep,
        week_armed_attacks=nrf,
        week_pakistan_attacks=on_pakistan,
    )
    return changed, info
