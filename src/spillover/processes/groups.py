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
TOLD = purpose("groups/told")
PULLED = purpose("groups/pulled")
DESTINATION = purpose("groups/destination")
ATTACKS = purpose("groups/attacks")

NRF, TTP, BLA, ETIM, LETJEM = (
    GROUPS.index(name) for name in ("NRF", "TTP", "BLA", "ETIM", "LETJEM")
)
STAYING = [NRF, TTP, BLA, LETJEM]  # aimed at Pakistan or India, or at home with its people
MOBILE = [g for g in range(len(GROUPS)) if g not in STAYING]
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


def _turnover(
    state: State, week: int, view: Any, streams: Streams, room: Floats
) -> dict[str, Counts]:
    """G2, G3: men who are killed, captured, leave and are recruited, and who is left [r, g, a].

    Only bodies of men are looked at: the men of one group in one province, where it has any.
    """
    groups, (_, n_g, n_a) = view.groups, state.fighters.shape
    body = np.flatnonzero(state.fighters)
    its_group = body // n_a
    its_row = its_group // n_g
    its_kind = its_group - its_row * n_g
    its_place = body + (its_row - its_group) * n_a
    men = np.take(state.fighters, body)

    def draw(which: int, of: Counts) -> Floats:
        return np.take(streams.uniform(which, week, n_g * n_a), of)

    hazard = np.take(operations(state, view), body)
    lost = rates.binomial(draw(LOSSES, body), men, rates.probability(hazard))
    captured = np.zeros_like(lost)
    hit = np.flatnonzero(lost)
    captured[hit] = rates.binomial(draw(CAPTURES, body[hit]), lost[hit], groups.captured_share)
    leave = rates.probability(groups.disengagement_hazard / WEEKS_PER_YEAR)
    left = rates.binomial(draw(EXITS, body), men - lost, leave[its_kind])
    mood = grievance_mood(state.afghan_grievance, groups)
    mean = (groups.recruitment / 1000.0)[its_kind] * men * np.take(mood, its_place)
    recruited = rates.poisson(draw(RECRUITS, body), mean * np.take(room, its_group))
    flows = {
        "killed": lost - captured, "captured": captured, "left": left, "recruited": recruited,
        "staying": men - lost - left + recruited,
    }  # fmt: skip
    return {name: _at_bodies(body, part, state.fighters) for name, part in flows.items()}


def _at_bodies(body: Counts, part: Counts, like: Counts) -> Counts:
    """Numbers of bodies as an array like another one [r, g, a], 0 elsewhere."""
    whole = np.zeros(like.size, dtype=np.int64)
    whole[body] = part
    return whole.reshape(like.shape)


def _relocate(
    state: State, week: int, view: Any, streams: Streams, fighters: Counts, felt: Floats
) -> tuple[Counts, Counts, Counts]:
    """G4: whole bodies step away; returns fighters, removed, relocated [r, g, a]."""
    groups, world = view.groups, view.world
    men, shape = fighters[:, MOBILE], (len(fighters), len(MOBILE), fighters.shape[2])
    settled = fighters.copy()
    removed, relocated = np.zeros_like(fighters), np.zeros_like(fighters)

    def draw(which: int) -> Floats:
        return streams.uniform(which, week, shape[1] * shape[2]).reshape(shape)

    def move(who: tuple[Counts, ...], table: MoveTable, removed_share: float) -> None:
        row, m, place = who
        g, body = np.take(MOBILE, m), men[row, m, place]
        gone = np.rint(removed_share * body).astype(np.int64)
        there = table.destination(place, draw(DESTINATION)[row, m, place])
        removed[row, g, place], relocated[row, g, place] = gone, body - gone
        settled[row, g, place] -= body
        np.add.at(settled, (row, g, there), body - gone)

    hazard = groups.relocation_hazard * felt[:, MOBILE] * view.structure.coupling.relocation
    told = draw(TOLD) < rates.probability(hazard / WEEKS_PER_YEAR)[:, :, None]
    told &= men > 0
    for g, table in _move_tables(world).items():  # joint pressure is felt by more, but these can go
        own = told & (np.array(MOBILE) == g)[:, None] & (table.n_choices > 0)
        move(np.nonzero(own), table, groups.removed_share)
    if groups.northward_displacement > 0.0:
        north = toward_north(world)
        pulled = draw(PULLED) < rates.probability(groups.northward_displacement)
        move(np.nonzero(pulled & (men > 0) & ~told & (north.n_choices > 0)), north, 0.0)
    return settled, removed, relocated


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
        row, g = np.nonzero(count)
        where = rates.choose(u[row, n_g + g], state.fighters[row, g].astype(np.float64))
        joined[row, g, where] = count[row, g]
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
    n_g = shape[1]
    arrived = np.zeros(shape, dtype=np.int64)
    mean = view.drivers.syria_arrivals * groups.syria_share
    if mean.max() > 0.0:
        u = streams.uniform(ARRIVALS, week, 2 * n_g)
        count = rates.poisson(u[:, :n_g], mean)
        row, g = np.nonzero(count)
        where = rates.choose(u[row, n_g + g], groups.arrival_zone_weight[zone])
        arrived[row, g, where] = count[row, g]
    return arrived


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the stocks of the eight groups by one week."""
    groups = view.groups
    felt, use = pressure(state, view), auxiliary_use(state, view)
    haven = state.haven + groups.haven_reversion * (
        haven_target(state, view, use, felt) - state.haven
    )
    donations, drugs, aid, upkeep = funds(state, view, use)
    levied = state.week_flow_tax_usd[:, 1:]
    men = state.fighters.sum(axis=2)
    paid = upkeep / np.maximum(np.rint(groups.upkeep * men), 1.0)
    room = np.maximum(1.0 - men / groups.capacity, 0.0) * paid
    flows = _turnover(state, week, view, streams, room)
    schooled = _schooled(state, week, view, streams, room)
    arrived = _arrivals(view, week, streams, state.fighters.shape)
    present = flows.pop("staying") + schooled + arrived
    settled, removed, relocated = _relocate(state, week, view, streams, present, felt)

    nrf, on_pakistan, on_india = _attacks(state, week, view, streams, settled)
    info = Info(
        **flows, schooled=schooled, arrived=arrived, removed=removed, relocated=relocated,
        donations_usd=donations,
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
