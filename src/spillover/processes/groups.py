"""Armed groups other than ISIS-K: stocks of fighters by province.

Idea: Al-Qaida, IMU, Jamaat Ansarullah, ETIM/TIP, TTP, BLA and the resistance (NRF/AFF) live on
tolerance. The authorities could act against allied groups and mostly do not (A-TAL-DUAL-POLICY,
M-TOLERANCE-BARGAIN); they use IMU and Jamaat Ansarullah against ISIS-K, which strengthens groups
aimed at Uzbekistan and Tajikistan (M-FOREIGN-AUXILIARIES); pressure by a neighbour moves a group
rather than removing it (M-ETIM-RELOCATION); fighters may arrive from Syria (M-SYRIA-INFLOW).

Equations (docs/odd.md, "groups"):
    G1  haven reverts to sigma(logit h0 + k_u use - k_w (will - will0) - k_p pressure + shift)
    G2  operations: hazard c effort (1 - haven) C_p; losses split into killed and captured
    G3  recruits ~ Poisson(rho N exp(slope (G - G0)) upkeep paid (1 - N / capacity)); exits
    G4  a pressed group moves one province away from the state that presses, with a hazard; a
        share of those who would move is removed for good
    G5  funds += donations + share of drug income + auxiliary pay - upkeep, never below zero
    G6  attacks: NRF on the authorities, TTP and BLA on Pakistan ~ Poisson(rate N)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GROUPS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Floats, State, isisk_fighters
from spillover.streams import Streams, purpose
from spillover.world.moves import MoveTable, away_from_province, away_from_state, toward_north

NAME = "groups"
READS = (
    "fighters", "haven", "group_funds_usd", "effort", "control", "faction_will",
    "afghan_grievance", "engagement", "delivered", "csto_delivered", "cell_fighters", "unassigned",
)  # fmt: skip
WRITES = ("fighters", "haven", "group_funds_usd", "week_armed_attacks")

LOSSES = purpose("groups/losses")
CAPTURES = purpose("groups/captures")
EXITS = purpose("groups/exits")
RECRUITS = purpose("groups/recruits")
ARRIVALS = purpose("groups/arrivals")
RELOCATION = purpose("groups/relocation")
ATTACKS = purpose("groups/attacks")

NRF, TTP, BLA, ETIM = (GROUPS.index(name) for name in ("NRF", "TTP", "BLA", "ETIM"))
STAYING = [GROUPS.index(name) for name in ("NRF", "TTP", "BLA")]
PRESSED_BY = {"IMU": "UZB", "JA": "TJK"}
"""Which state presses for the removal of which group (A-IMU, A-JA)."""


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of fighters [r, g, a] and money [r, g] of the week, and attacks on Pakistan [r]."""

    recruited: Counts
    arrived: Counts
    killed: Counts
    captured: Counts
    left: Counts
    removed: Counts
    relocated: Counts
    donations_usd: Counts
    opium_income_usd: Counts
    auxiliary_pay_usd: Counts
    upkeep_usd: Counts
    attacks_on_pakistan: Counts


def pressure(state: State, view: Any) -> Floats:
    """Outside pressure on each group [r, g], 0 to 1.

    A neighbour presses with its engagement, more when it sets conditions
    (M-CONDITIONALITY-RESTRAINS); China presses on ETIM/TIP (ST-CHN-ETIM-PRESSURE).
    """
    groups = view.groups
    strength = groups.pressure_base + groups.pressure_from_conditions * state.lever(
        "conditionality"
    )
    felt = np.zeros((state.n_replicates, len(GROUPS)))
    for group, presser in PRESSED_BY.items():
        c = STATES.index(presser)
        felt[:, GROUPS.index(group)] = state.engagement[:, c] * strength[:, c]
    felt[:, ETIM] = view.drivers.chinese_pressure
    return np.minimum(felt, 1.0)


def auxiliary_use(state: State, view: Any) -> Floats:
    """How much the authorities lean on each group against ISIS-K [r, g]."""
    need = np.minimum(isisk_fighters(state) / view.groups.isisk_reference, 1.0)
    return view.groups.auxiliary_use * need[:, None]


def haven_target(state: State, view: Any, use: Floats, felt: Floats) -> Floats:
    """G1, the level that tolerance reverts to [r, g]."""
    groups = view.groups
    allied = groups.haven_start > groups.haven_hostile
    will = state.faction_will.mean(axis=1)[:, None] - groups.will_reference
    shift = (
        groups.haven_from_use * use
        - groups.haven_loss_from_will * will
        - groups.haven_loss_from_pressure * felt
        + groups.tolerance_shift
    )
    return rates.logistic(rates.log_odds(groups.haven_start) + shift * allied)


def funds(state: State, view: Any, use: Floats) -> tuple[Counts, ...]:
    """G5: donations, drug income, auxiliary pay and upkeep [r, g] in whole USD of the week."""
    groups = view.groups
    n = state.fighters.sum(axis=2)
    donations = groups.donations * n + groups.stipend * (n > 0)
    drugs = (
        groups.opium_income_share * view.drivers.opium_value * 1e6 / WEEKS_PER_YEAR
    ) * np.ones_like(donations)
    aid = groups.auxiliary_pay * use * n
    incomes = [np.rint(part).astype(np.int64) for part in (donations, drugs, aid)]
    need = np.rint(groups.upkeep * n).astype(np.int64)
    return *incomes, np.minimum(state.group_funds_usd + sum(incomes), need)


def operations(state: State, view: Any) -> Floats:
    """G2, weekly hazard of being killed or captured [r, g, a].

    CSTO troops that entered northern Afghanistan add a hazard in border provinces.
    """
    groups = view.groups
    exposure = state.effort[:, None, None] * (1.0 - state.haven)[:, :, None]
    ours = groups.operations_hazard[:, None] * exposure * state.control[:, None, :]
    border = view.world.hops_to_state.min(axis=1) == 1
    entry = groups.operations_from_entry * state.csto("entry")[:, None] * border
    return (ours + entry[:, None, :]) / WEEKS_PER_YEAR


def _relocate(state: State, view: Any, fighters: Counts, felt: Floats, u: Floats) -> tuple:
    """G4: whole provincial bodies step away; returns fighters, removed, relocated [r, g, a]."""
    groups, world = view.groups, view.world
    n_r, n_g, n_a = fighters.shape
    u = u.reshape(n_r, n_g, 3, n_a)
    hazard = np.broadcast_to((groups.relocation_hazard * felt)[:, :, None], fighters.shape)
    north = groups.northward_displacement
    pushed = (u[:, :, 0] < rates.probability(hazard / WEEKS_PER_YEAR)) & (fighters > 0)
    pulled = (u[:, :, 1] < rates.probability(north)) & (fighters > 0) & ~pushed
    pulled[:, STAYING] = False  # aimed at Pakistan, or at home with its people
    places = np.arange(n_a)
    tables = _move_tables(world)
    for g, table in tables.items():
        pushed[:, g] &= table.n_choices > 0
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
    tables[ETIM] = away_from_province(world, world.province_index("AF-BDS"))
    return tables


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
    """Advance the stocks of the seven groups by one week."""
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
    need = np.maximum(np.rint(groups.upkeep * state.fighters.sum(axis=2)), 1.0)

    lost = rates.binomial(draw(LOSSES), state.fighters, rates.probability(operations(state, view)))
    captured = rates.binomial(draw(CAPTURES), lost, groups.captured_share)
    left = rates.binomial(
        draw(EXITS),
        state.fighters - lost,
        rates.probability(groups.disengagement_hazard / WEEKS_PER_YEAR)[:, None],
    )
    anger = state.afghan_grievance - groups.grievance_reference
    mood = np.minimum(np.exp(groups.grievance_slope * anger), groups.grievance_cap)
    room = np.maximum(1.0 - state.fighters.sum(axis=2) / groups.capacity, 0.0) * (upkeep / need)
    mean = (groups.recruitment[:, None] / 1000.0) * state.fighters * mood[:, None, :]
    recruited = rates.poisson(draw(RECRUITS), mean * room[:, :, None])
    arrived = _arrivals(view, week, streams, state.fighters.shape)

    present = state.fighters - lost - left + recruited + arrived
    u = streams.uniform(RELOCATION, week, 3 * slots)
    settled, removed, relocated = _relocate(state, view, present, felt, u)

    u = streams.uniform(ATTACKS, week, n_a + 2)
    nrf = rates.poisson(u[:, :n_a], groups.attack_hazard[NRF] * settled[:, NRF])
    abroad = np.stack([settled[:, TTP].sum(axis=1), settled[:, BLA].sum(axis=1)], axis=1)
    on_pakistan = rates.poisson(u[:, n_a:], groups.attack_hazard[[TTP, BLA]] * abroad)
    info = Info(
        recruited=recruited, arrived=arrived, killed=lost - captured, captured=captured,
        left=left, removed=removed, relocated=relocated, donations_usd=donations,
        opium_income_usd=drugs, auxiliary_pay_usd=aid, upkeep_usd=upkeep,
        attacks_on_pakistan=on_pakistan.sum(axis=1),
    )  # fmt: skip
    changed = state.replace(
        fighters=settled,
        haven=haven,
        group_funds_usd=state.group_funds_usd + donations + drugs + aid - upkeep,
        week_armed_attacks=nrf,
    )
    return changed, info
