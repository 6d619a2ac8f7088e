"""Displacement: flight inside Afghanistan and to the north, returns from hosts, refuge.

Idea: fear and want make people leave (M-REPRISAL-FLIGHT, M-HUMANITARIAN-BORDER-RISK,
M-INSTABILITY-MIGRATION); most stay inside Afghanistan and go where it is near, populous and calm
(the attraction of paper:suleimenova2017, inside the country only). Dated are the people
who go to Iran and Pakistan and the hazard of those there to be sent back. The five states admit
few of those who try (ST-CA5-NO-REFUGEES, M-REFUSAL-INFLOW): openness, not attraction, decides how
many enter, and falls with threat and load (M-LIMITED-RESOURCE-REFUSAL). Of those whom a state at
the border turns back a part stays displaced next to it, without a home or work (rule, R9).

Equations (docs/odd.md, "displacement"):
    E1  flight hazard = factor x ((base + need above reference + split in contested provinces) / Y
        + attacks)
    E2  those in flight spread by people / (distance + offset), own distance = radius, and then
        toward the calm
    E3  displaced people and returnees settle, each with a yearly hazard
    E4  departures to hosts are dated, from provinces near them and pushed; those abroad return
        with a dated hazard x expulsion, to provinces near the host
    E5  tries to enter ~ Poisson((base x push^a / openness at start + onward moves of returnees)
        x (1 - restraint on conditions))
    E6  invited by quota, admitted ~ Bin(the rest, openness), fled in the weeks of the takeover;
        of the others Bin(rest, irregular_entry) enter all the same, the rest is refused; of
        these Bin(refused, stranded_share) are displaced in the provinces at the border
    E7  refugees move on or are deported with yearly hazards
    E8  openness moves to start x admission x places x exp(engagement - threat - load)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import HOSTS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Floats, State, food_need, rows
from spillover.streams import Streams, purpose
from spillover.world.cohorts import state_population
from spillover.world.distances import province_distance_km

NAME = "displacement"
READS = (
    "residents", "displaced", "returnees", "afghans_abroad", "afghans_elsewhere", "refugees",
    "openness", "expulsion", "week_attacks", "week_armed_attacks", "delivered", "engagement",
    "threat",
)  # fmt: skip
WRITES = (
    "residents", "displaced", "returnees", "afghans_abroad", "afghans_elsewhere", "refugees",
    "openness", "week_returnees", "week_arrivals",
)  # fmt: skip

FLIGHT = purpose("displacement/flight")
HOST_FLOWS = purpose("displacement/host_flows")
REFUGE = purpose("displacement/refuge")
STRANDED = purpose("displacement/stranded")
N_STATES, N_HOSTS = len(STATES), len(HOSTS)
N_FLIGHT = 3  # draws by province: fled, settled, settled returnees
N_REFUGE = 7  # draws by state: tries, takeover, invited, admitted, irregular, leaving, deported
MOST_LEAVING = 4
"""At most one in four residents of a province goes to one host, or to the north, in a week."""
NORTHERN_ZONES = 2
"""axes.ZONES starts with north_east and north."""


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of people: by province [r, a], by host [r, h], by state [r, c]."""

    fled: Counts  # [r, a] residents -> displaced, by where they leave
    sheltered: Counts  # [r, a] the same, by where they arrive
    settled: Counts  # [r, a] displaced -> residents
    returnees_settled: Counts  # [r, a] returnees -> residents
    departures: Counts  # [r, h] residents -> hosts
    departures_by_province: Counts  # [r, a] the same, by where they leave
    returns: Counts  # [r, h] hosts -> returnees
    returns_by_province: Counts  # [r, a] the same, by where they arrive
    families: Counts  # [r, a] of foreign fighters, into displaced, from outside
    tries: Counts  # [r, c] people who want to enter a state
    arrivals: Counts  # [r, c] residents -> refugees
    arrivals_by_province: Counts  # [r, a] the same, by where they leave
    irregular: Counts  # [r, c] the part of them that was turned away before
    refused: Counts  # [r, c] turned away; but for the stranded they stay residents
    stranded: Counts  # [r, c] the part of them that stays at the border, residents -> displaced
    stranded_by_province: Counts  # [r, a] the same, by where they leave
    stranded_at_border: Counts  # [r, a] the same, by where they stay
    moved_on: Counts  # [r, c] refugees -> elsewhere
    deported: Counts  # [r, c] refugees -> returnees
    deported_by_province: Counts  # [r, a] the same, by where they arrive
    push: Floats  # [r, c] flight toward a state, 1 = want and peace of August 2021


def host_weights(view: Any) -> Floats:
    """E4: weight of each province for flows to and from each host [h, a]."""
    world = view.world
    people = world.province_people.astype(np.float64)
    near = np.stack([world.pakistan_provinces, world.iran_provinces])
    return people * (1.0 + view.displacement.near_host * near)


def catchment(view: Any) -> Floats:
    """E5: share of each province in flight toward each state [c, a]; rows sum to 1."""
    world = view.world
    people = world.province_people.astype(np.float64)
    further = world.hops_to_state.T - world.hops_to_state.min(axis=0)[:, None]
    weight = people * view.displacement.catchment_decay**further
    return weight / weight.sum(axis=1, keepdims=True)


def at_border(view: Any) -> Floats:
    """E6: that catchment, only the provinces that touch the state [c, a]; it may touch none."""
    return catchment(view) * (view.world.hops_to_state.T == 1)


def returning(view: Any) -> Floats:
    """E4: weekly hazard of those abroad to come back, before expulsion [h]."""
    return np.array([view.drivers.return_hazard_pakistan, view.drivers.return_hazard_iran])


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """First levels: returnees at their stationary stock, displaced people by population."""
    par, world = view.displacement, view.world
    people = world.province_people
    abroad = np.rint(par.abroad_start)
    weekly = np.rint(abroad * rates.probability(returning(view)))
    back = rates.split_in_order(weekly.astype(np.int64), host_weights(view)).sum(axis=0)
    waiting = rates.probability(par.returnee_settling / WEEKS_PER_YEAR)
    returnees = np.minimum(np.rint(back / waiting).astype(np.int64), people // 2)
    displaced = np.rint(par.displaced_start * people).astype(np.int64)
    return {
        "residents": rows(streams, np.maximum(people - displaced - returnees, 0)),
        "displaced": rows(streams, displaced),
        "returnees": rows(streams, returnees),
        "afghans_abroad": rows(streams, abroad.astype(np.int64)),
        "afghans_elsewhere": rows(streams, np.int64(0)),
        "refugees": rows(streams, np.rint(par.refugees_start).astype(np.int64)),
        "openness": rows(streams, par.openness_start),
        "week_returnees": rows(streams, back),
        "week_arrivals": rows(streams, np.zeros(N_STATES, dtype=np.int64)),
    }


def flight_hazard(state: State, view: Any) -> Floats:
    """E1: weekly hazard of leaving home by province [r, a]."""
    par, rule = view.displacement, view.rule
    kabul = rule.kabul_faction_share[view.world.province_zone]
    contested = (2.0 * kabul) * (2.0 * (1.0 - kabul))  # 1 where both factions are as strong
    hunger = np.maximum(food_need(view.drivers.food_need, state, view) - par.need_reference, 0.0)
    yearly = par.flight_base + par.flight_from_need * hunger[:, None]
    yearly = yearly + par.flight_from_split * rule.faction_split * contested
    attacks = state.week_attacks + state.week_armed_attacks
    return par.flight_factor * (yearly / WEEKS_PER_YEAR + par.flight_per_attack * attacks)


def destinations(fled: Counts, attacks: Counts, view: Any) -> Floats:
    """E2: people in flight by where they go [r, a], before rounding."""
    par, world = view.displacement, view.world
    people = world.province_people.astype(np.float64)
    pull = people / (province_distance_km(world) + par.destination_offset)
    pull /= pull.sum(axis=1, keepdims=True)
    return np.exp(-par.attack_avoidance * attacks) * (fled[:, :, None] * pull).sum(axis=1)


def push_north(hazard: Floats, view: Any) -> Floats:
    """E5: flight toward each state [r, c] relative to the want and peace of August 2021."""
    par = view.displacement
    mean = (hazard[:, None, :] * catchment(view)).sum(axis=2)
    return (mean / (par.flight_base / WEEKS_PER_YEAR)) ** par.push_exponent


def tries_mean(state: State, push: Floats, view: Any) -> Floats:
    """E5: expected people who try to enter each state in a week [r, c]."""
    par = view.displacement
    demand = par.arrivals_base / par.openness_start
    moving = par.onward_hazard * state.returnees.sum(axis=1)
    share = demand / np.maximum(demand.sum(), 1e-12)
    asked = state.engagement * state.lever("conditionality")
    held_back = np.minimum(par.restraint_from_conditions * asked, 1.0)
    return (demand * push + moving[:, None] * share) * (1.0 - held_back) / WEEKS_PER_YEAR


def openness_target(state: State, view: Any) -> Floats:
    """E8: openness toward which a state moves [r, c], 0 to 1."""
    par, craft = view.displacement, view.statecraft
    calm = rates.probability(craft.sensitivity * view.initial.alarm)
    load = np.maximum(state.refugees - par.refugees_start, 0.0) / state_population(view.world)
    mood = (
        par.openness_from_engagement * (state.engagement - view.diplomacy.engagement_start)
        - par.openness_loss_from_threat * (state.threat - calm)
        - par.openness_loss_from_load * load
    )
    places = 1.0 + par.reception_per_level * state.lever("refugee_reception")
    places = places + par.places_per_plan * state.lever("contingency_planning")
    return np.clip(par.openness_start * par.admission * places * np.exp(mood), 0.0, 1.0)


def _inside(state: State, week: int, view: Any, streams: Streams, hazard: Floats) -> tuple:
    """E1 to E3: fled, sheltered, settled, returnees settled [r, a]."""
    par, n_a = view.displacement, view.world.n_provinces
    u = streams.uniform(FLIGHT, week, N_FLIGHT * n_a).reshape(len(hazard), N_FLIGHT, n_a)
    fled = rates.rounded(u[:, 0], state.residents * rates.probability(hazard))
    fled = np.minimum(fled, state.residents)
    attacks = state.week_attacks + state.week_armed_attacks
    sheltered = rates.split_in_order(fled.sum(axis=1), destinations(fled, attacks, view) + 1e-12)
    settling = rates.probability(par.displaced_settling / WEEKS_PER_YEAR)
    settled = np.minimum(rates.rounded(u[:, 1], state.displaced * settling), state.displaced)
    settling = rates.probability(par.returnee_settling / WEEKS_PER_YEAR)
    home = np.minimum(rates.rounded(u[:, 2], state.returnees * settling), state.returnees)
    return fled, sheltered, settled, home


def _hosts(
    state: State, week: int, view: Any, streams: Streams, hazard: Floats, left: Counts
) -> tuple[Counts, Counts, Counts]:
    """E4: departures [r, h, a], returns [r, h, a], families of foreign fighters [r, a]."""
    par, drivers, world = view.displacement, view.drivers, view.world
    u = streams.uniform(HOST_FLOWS, week, 2 * N_HOSTS + 1)
    near = host_weights(view)
    going = rates.rounded(
        u[:, :N_HOSTS], np.array([drivers.departures_pakistan, drivers.departures_iran])
    )
    gone = rates.split_in_order(going, np.maximum(hazard, 1e-12)[:, None, :] * near)
    gone = np.minimum(gone, (left // MOST_LEAVING)[:, None, :])
    leaving = rates.probability(returning(view) * state.expulsion)
    back = rates.rounded(u[:, N_HOSTS:-1], state.afghans_abroad * leaving)
    came = rates.split_in_order(back, np.broadcast_to(near, gone.shape).astype(np.float64))
    north = (world.province_zone < NORTHERN_ZONES) * world.province_people
    kin = rates.rounded(u[:, -1], par.families_per_fighter * drivers.syria_arrivals)
    return gone, came, rates.split_in_order(kin, np.maximum(north, 1e-12))


def _enter(
    state: State, view: Any, u: Floats, push: Floats, left: Counts
) -> tuple[Counts, Counts, Counts]:
    """E5, E6: tries, arrivals, irregular ones among them [r, c] from uniforms [r, 5, c]."""
    par = view.displacement
    u_tries, u_taken, u_invited, u_admitted, u_around = np.moveaxis(u, 1, 0)
    tries = rates.poisson(u_tries, tries_mean(state, push, view))
    taken = rates.poisson(u_taken, np.broadcast_to(par.takeover_flight, tries.shape))
    invited = np.minimum(rates.rounded(u_invited, par.visa_quota / WEEKS_PER_YEAR), tries)
    admitted = rates.binomial(u_admitted, tries - invited, state.openness)
    around = rates.binomial(u_around, tries - invited - admitted, par.irregular_entry)
    most = left.min(axis=1, keepdims=True) // (MOST_LEAVING * N_STATES)
    arrivals = np.minimum(invited + admitted + taken + around, most)
    return tries + taken, arrivals, np.minimum(around, arrivals)


def _strand(refused: Counts, week: int, view: Any, streams: Streams, left: Counts) -> Counts:
    """E6: refused people who stay at the border [r, c]; none before a state without one."""
    share = view.displacement.stranded_share * at_border(view).any(axis=1)
    staying = rates.binomial(streams.uniform(STRANDED, week, N_STATES), refused, share)
    return np.minimum(staying, left.min(axis=1, keepdims=True) // (MOST_LEAVING * N_STATES))


def _leave(state: State, view: Any, u: Floats) -> tuple[Counts, Counts]:
    """E7: refugees who move on and who are deported [r, c] from uniforms [r, 2, c]."""
    par = view.displacement
    hazard = par.onward_refugees + par.deportation
    leaving = rates.probability(hazard / WEEKS_PER_YEAR)
    gone = rates.binomial(u[:, 0], state.refugees, leaving)
    deported = rates.binomial(u[:, 1], gone, par.deportation / np.maximum(hazard, 1e-12))
    return gone - deported, deported


def _flows(state: State, week: int, view: Any, streams: Streams) -> Info:
    """E1 to E7: who moves this week."""
    hazard = flight_hazard(state, view)
    fled, sheltered, settled, home = _inside(state, week, view, streams, hazard)
    left = state.residents - fled
    gone, came, families = _hosts(state, week, view, streams, hazard, left)
    push = push_north(hazard, view)
    u = streams.uniform(REFUGE, week, N_REFUGE * N_STATES).reshape(-1, N_REFUGE, N_STATES)
    tries, arrivals, irregular = _enter(state, view, u[:, :-2], push, left)
    moved_on, deported = _leave(state, view, u[:, -2:])
    stranded = _strand(tries - arrivals, week, view, streams, left)
    areas, gate = catchment(view), np.maximum(at_border(view), 1e-12)
    return Info(
        fled=fled, sheltered=sheltered, settled=settled, returnees_settled=home,
        departures=gone.sum(axis=2), departures_by_province=gone.sum(axis=1),
        returns=came.sum(axis=2), returns_by_province=came.sum(axis=1), families=families,
        tries=tries, arrivals=arrivals,
        arrivals_by_province=rates.split_in_order(arrivals, areas).sum(axis=1),
        irregular=irregular,
        refused=tries - arrivals, stranded=stranded,
        stranded_by_province=rates.split_in_order(stranded, areas).sum(axis=1),
        stranded_at_border=rates.split_in_order(stranded, gate).sum(axis=1),
        moved_on=moved_on, deported=deported,
        deported_by_province=rates.split_in_order(deported, areas).sum(axis=1), push=push,
    )  # fmt: skip


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance people in flight by one week and book every flow once."""
    par = view.displacement
    i = _flows(state, week, view, streams)
    change = par.openness_reversion * (openness_target(state, view) - state.openness)
    changed = state.replace(
        residents=state.residents - i.fled + i.settled + i.returnees_settled
        - i.departures_by_province - i.arrivals_by_province - i.stranded_by_province,
        displaced=state.displaced + i.sheltered + i.families + i.stranded_at_border - i.settled,
        returnees=state.returnees + i.returns_by_province + i.deported_by_province
        - i.returnees_settled,
        afghans_abroad=state.afghans_abroad + i.departures - i.returns,
        afghans_elsewhere=state.afghans_elsewhere + i.moved_on.sum(axis=1),
        refugees=state.refugees + i.arrivals - i.moved_on - i.deported,
        openness=state.openness + change,
        week_returnees=i.returns_by_province,
        week_arrivals=i.arrivals,
    )  # fmt: skip
    return changed, i
