"""Radicalisation and recruitment at home, in the diaspora and online.

Idea: residents of one region, and emigrants of one state, who are in the same condition are
exchangeable, so they are counted. Exposure comes through propaganda and contact
(M-PROPAGANDA-RECRUIT, M-YOUTH-ONLINE); joining needs two keys, being exposed and meeting someone
(PROTON, paper:proton); hardship without legitimacy opens people (M-ECON-GRIEVANCE-RECRUIT);
repression beyond a point backfires (paper:keohane2003); prevention and messaging immunise
(M-COUNTERNARRATIVE, M-EDUCATION-IMMUNISES). Cohorts [m]: 48 regions, then 5 diasporas.

Equations (docs/odd.md, "recruitment"):
    C1  hardship H = weights of unemployment, remittance dependence x stress, (1 - income) and farm
        income lost to water, less gains from trade and less resilience; G = H (1 - L); openness
        g = min(cap, exp(slope (G - G0)))
    C2  exposure X = (1 - chi) online + chi s(R / R_0), online = 1 in 2021; s saturates, is 1
        (self-radicalisation), or tips at the reference (bifurcation)
    C3  S -> E with hazard h_m X g B (1 - prevention), B = (1 + b max(0, k - k*)) relative to
        2021, h_m normalised so that recruits in 2021 equal the prior inflow
    C4  E -> R with hazard q x s(contact), E -> S with hazard delta, R leaves with hazard delta_R
    C5  recruits split into travel, home cell, external cell
    C6  arrests: hazard x service capacity on E and R; false arrests ~ Poisson(arrests (1/pi - 1))
    C7  prison -> rehabilitation for a share, else back to S or E; relapse
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import BUDGETS, RECRUIT_PATHS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Floats, State, fixed
from spillover.streams import Streams, purpose
from spillover.world.cohorts import by_state, cohort_state, detection_by_state
from spillover.world.network import World

NAME = "recruitment"
READS = (
    "susceptible", "exposed", "radicalised", "detained", "treated", "travellers", "operatives",
    "online_reach", "delivered", "repression", "state_legitimacy", "service_capacity",
    "budget_share", "link_detection", "water_deficit", "trade_index",
)  # fmt: skip
WRITES = (
    "susceptible", "exposed", "radicalised", "detained", "treated", "travellers", "operatives",
    "week_arrests",
)  # fmt: skip

EXPOSE = purpose("recruitment/expose")
MOVES = purpose("recruitment/moves")
PATHS = purpose("recruitment/paths")
OPERATIVES = purpose("recruitment/operatives")
FALSE_ARRESTS = purpose("recruitment/false_arrests")
N_STATES = len(STATES)
_KEPT = 8  # answers kept at a time; the weeks of a run need one, a dated parameter a new one
PREVENTION = BUDGETS.index("prevention")
SELF_RADICALISATION, BIFURCATION = 1, 2  # codes of structure.rival.recruitment
HOME_PATH, EXTERNAL_PATH = RECRUIT_PATHS.index("home_cell"), RECRUIT_PATHS.index("external_cell")


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of the week: by cohort [r, m], by cohort and path [r, m, path], by state [r, c]."""

    newly_exposed: Counts  # [r, m] S -> E
    calmed: Counts  # [r, m] E -> S
    recruits: Counts  # [r, m] out of E
    recruits_by_path: Counts  # [r, m, path] of them to travellers, home cells, operatives
    disengaged: Counts  # [r, m] members -> S
    retired: Counts  # [r, c] operatives -> S of the diaspora
    arrested_exposed: Counts  # [r, m] E -> prison
    arrested_members: Counts  # [r, m] members -> prison
    arrests: Counts  # [r, c] with false ones
    false_arrests: Counts  # [r, c] soon released, no change of condition
    freed: Counts  # [r, m] out of prison
    freed_to_treatment: Counts  # [r, m] of them into rehabilitation
    freed_to_exposed: Counts  # [r, m] of them relapse
    treatment_ended: Counts  # [r, m] out of rehabilitation
    treatment_failed: Counts  # [r, m] of them relapse


def cohort_hardship(state: State, view: Any) -> Floats:
    """C1, H of each cohort [r, m].

    There are no admin-1 data for income or work: the national value is spread by one rule, more
    hardship where a region is less urban than the state's mean (assumed); the diaspora has the
    national value, its own stress acts on exposure (C3). Water is missed by region.
    """
    rec, drivers, owner = view.recruitment, view.drivers, view.world.region_state
    fixed = rec.hardship_from_unemployment * rec.unemployment + rec.hardship_from_poverty * (
        1.0 - rec.income
    )
    families = rec.hardship_from_remittances * drivers.remittance_dependence
    national = fixed + families * drivers.diaspora_stress
    abroad = fixed + families * rec.diaspora_stress_reference
    earned = rec.hardship_relief_from_trade * (state.trade_index - 1.0)
    at_home = (national - earned)[:, owner] * rural_weight(view.world, rec) + farm_loss(state, view)
    relief = np.minimum(rec.relief_per_level * state.lever("resilience"), 1.0)
    at_home = at_home * (1.0 - relief[:, owner])
    return np.concatenate([at_home, np.broadcast_to(abroad, relief.shape)], axis=1)


@lru_cache(_KEPT)
def rural_weight(world: World, par: Any) -> Floats:
    """C1: hardship of a region over the mean of its state [q]."""
    owner = world.region_state
    regions = slice(world.n_provinces, world.n_provinces + world.n_regions)
    urban, people = world.urban_index[regions], world.population[regions]
    weight = np.maximum(np.bincount(owner, weights=people, minlength=N_STATES), 1.0)
    mean = np.bincount(owner, weights=people * urban, minlength=N_STATES) / weight
    return fixed(1.0 + par.rural_hardship * (mean[owner] - urban))


def farm_loss(state: State, view: Any) -> Floats:
    """C1: hardship through farm income lost to missing water [r, q]."""
    weight = view.structure.coupling.water_tension * view.recruitment.hardship_from_water
    return weight * view.water.farm_elasticity * state.water_deficit


def openness(grievance: Floats, slope: float, reference: float, cap: float) -> Floats:
    """C1: multiplier of exposure, 1 at the reference grievance, at most `cap`."""
    return np.minimum(np.exp(slope * (grievance - reference)), cap)


@lru_cache(_KEPT)
def exposure_hazard(world: World, par: Any) -> Floats:
    """C3, weekly hazard of S -> E of each cohort [m] at reference conditions.

    Solved so that expected recruits per year equal `inflow`: in equilibrium E (q + delta +
    arrests) = S h and recruits = q E. Cohorts share the inflow by people, the state's past share
    of fighters who left for Syria and Iraq, and the multiplier of the diaspora.
    """
    susceptible = start_susceptible(world, par).astype(np.float64)
    weight = susceptible * par.state_propensity[cohort_state(world)]
    weight[-N_STATES:] *= par.diaspora_multiplier
    exits = par.join_hazard + par.exposed_disengagement_hazard + par.arrest_hazard
    total = par.inflow * exits / par.join_hazard
    hazard = total * weight / weight.sum() / np.maximum(susceptible, 1.0) / WEEKS_PER_YEAR
    return fixed(hazard)


def saturating(contact: Floats, cap: float, steepness: float = 1.0) -> Floats:
    """Effect of contact: 0 without, 1 at the reference, at most `cap`.

    Linear contact here, on top of contact in C2, would make recruitment feed on itself twice and
    run away (docs/decisions/0004-recruitment-contact.md). A steepness above cap / (cap - 1) makes
    the reference a tipping point.
    """
    met = contact**steepness
    return cap * met / (met + cap - 1.0)


def contact_effect(contact: Floats, view: Any) -> Floats:
    """C2 and C4: effect of contact under the account of joining that holds, 1 at the reference."""
    rival, rec = view.structure.rival.recruitment, view.recruitment
    if rival == SELF_RADICALISATION:
        return np.ones_like(contact)
    is_tipping = rival == BIFURCATION
    return saturating(contact, rec.contact_cap, rec.bifurcation_steepness if is_tipping else 1.0)


def contact_key(radicalised: Counts, reference: Floats, view: Any) -> Floats:
    """C4, second key: contact pooled over region, state and everyone, with a floor [r, m].

    Each part is the number of members per reference member; the sum is 1 at the reference.
    """
    rec, world = view.recruitment, view.world
    near, state, everyone, floor = (
        rec.contact_region, rec.contact_state, rec.contact_everywhere, rec.contact_floor,
    )  # fmt: skip
    own = radicalised / reference
    per_state = by_state(radicalised, world) / np.maximum(by_state(reference[None, :], world), 1e-9)
    pooled = radicalised.sum(axis=1, keepdims=True) / reference.sum()
    key = near * own + state * per_state[:, cohort_state(world)] + everyone * pooled
    return floor + (1.0 - floor) * contact_effect(key, view)


@lru_cache(_KEPT)
def reference_members(world: World, par: Any) -> Floats:
    """R_0: expected members of home and diaspora cells by cohort [m] at the prior inflow."""
    weight = start_susceptible(world, par) * exposure_hazard(world, par)
    exits = par.member_disengagement_hazard + par.arrest_hazard
    joining = par.inflow * weight / weight.sum() * reference_paths(world, par)[:, HOME_PATH]
    return fixed(np.maximum(joining / exits, 1e-6))


@lru_cache(_KEPT)
def start_susceptible(world: World, par: Any) -> Counts:
    """People of 15 to 39 years by cohort [m] in August 2021."""
    first, last = world.n_provinces, world.n_provinces + world.n_regions
    home = world.population[first:last] * par.young_share[world.region_state]
    people: Counts = np.concatenate([np.rint(home), par.diaspora_people]).astype(np.int64)
    return fixed(people)


@lru_cache(_KEPT)
def reference_paths(world: World, par: Any) -> Floats:
    """C5: split of recruits in 2021 [m, path]; emigrants lean to operations abroad."""
    score = np.tile(np.log(par.path_share), (world.n_regions + N_STATES, 1))
    score[-N_STATES:, EXTERNAL_PATH] += par.path_external_diaspora
    return fixed(rates.softmax(score))


def path_shares(detection: Floats, cohort: Counts, view: Any) -> Floats:
    """C5: travel, home cell, external cell [n, path]; a guarded border keeps people home.

    Emigrants travel from Russia, so the Afghan border of their state does not hold them.

    Args:
        detection: on the Afghan border of the state of each recruit or cohort [n].
        cohort: of each of them [n].
    """
    rec = view.recruitment
    closed = (1.0 - view.border.air_share) * (detection - rec.path_detection_reference)
    score = np.log(reference_paths(view.world, rec))[cohort]
    score[:, 0] -= np.where(cohort < view.world.n_regions, rec.path_from_border * closed, 0.0)
    return rates.softmax(score)


def _paths(state: State, week: int, view: Any, streams: Streams, recruits: Counts) -> Counts:
    """C5: recruits by path [r, m, path]."""
    n_r, n_m = recruits.shape
    taken = np.zeros((n_r, n_m, len(RECRUIT_PATHS)), dtype=np.int64)
    row, cohort = np.nonzero(recruits)
    guarded = detection_by_state(state.link_detection, view.world)
    shares = path_shares(guarded[row, cohort_state(view.world)[cohort]], cohort, view)
    u = streams.uniform(PATHS, week, 2 * n_m).reshape(n_r, 2, n_m)[row, :, cohort]
    taken[row, cohort] = rates.multinomial(u, recruits[row, cohort], shares)
    return taken


def _exposure(state: State, view: Any) -> Floats:
    """C2 and C3: weekly hazard S -> E [r, m]."""
    rec, owner = view.recruitment, cohort_state(view.world)
    base = exposure_hazard(view.world, rec)
    grievance = cohort_hardship(state, view) * (1.0 - state.state_legitimacy[:, owner])
    members = state.radicalised.sum(axis=1) / reference_members(view.world, rec).sum()
    contact = rec.contact_share
    met = contact_effect(members, view)[:, None]
    reach = (1.0 - contact) * state.online_reach + contact * met
    beyond = np.maximum(state.repression - rec.backlash_threshold, 0.0)
    beyond_at_start = np.maximum(view.statecraft.repression_start - rec.backlash_threshold, 0.0)
    backlash = (1.0 + rec.backlash * beyond) / (1.0 + rec.backlash * beyond_at_start)
    funding = state.budget_share[:, :, PREVENTION] / view.statecraft.budget_start[PREVENTION]
    base_reach = rec.prevention_base * (funding - 1.0)  # 2021 is part of the normalised hazard
    reached = base_reach + state.lever("prevention") * rec.prevention_coverage
    reached = np.minimum(np.maximum(reached, -1.0), 1.0)
    immune = 1.0 - reached * rec.prevention_efficacy
    stress = np.ones(len(owner))
    change = view.drivers.diaspora_stress - rec.diaspora_stress_reference
    stress[-N_STATES:] += rec.diaspora_stress_effect * change
    open_ = openness(grievance, rec.grievance_slope, rec.grievance_reference, rec.openness_cap)
    return base * stress * reach * open_ * (backlash * immune)[:, owner]


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance every cohort by one week."""
    flows = _flows(state, week, view, streams)
    return _move(state, view, flows), flows


def _flows(state: State, week: int, view: Any, streams: Streams) -> Info:
    """C3 to C7: who moves this week; nobody moves twice."""
    rec, owner = view.recruitment, cohort_state(view.world)
    n_r, n_m = state.susceptible.shape
    u = streams.uniform(MOVES, week, 10 * n_m).reshape(n_r, 10, n_m)

    def leave(row: int, people: Counts, hazard: Any) -> Counts:
        return rates.binomial(u[:, row], people, rates.probability(hazard))

    exposed = rates.binomial(
        streams.uniform(EXPOSE, week, n_m),
        state.susceptible,
        rates.probability(_exposure(state, view)),
    )
    seized = rec.arrest_hazard / WEEKS_PER_YEAR * state.service_capacity[:, owner]
    quit_hazard = rec.member_disengagement_hazard / WEEKS_PER_YEAR
    key = contact_key(state.radicalised, reference_members(view.world, rec), view)
    arrested_exposed = leave(0, state.exposed, seized)
    left = state.exposed - arrested_exposed
    recruits = leave(1, left, rec.join_hazard / WEEKS_PER_YEAR * key)
    calmed = leave(2, left - recruits, rec.exposed_disengagement_hazard / WEEKS_PER_YEAR)
    arrested_members = leave(3, state.radicalised, seized)
    disengaged = leave(4, state.radicalised - arrested_members, quit_hazard)
    paths = _paths(state, week, view, streams, recruits)
    freed = leave(5, state.detained, 1.0 / rec.sentence_weeks)
    helped, relapsed = _after_prison(state, view, u, freed)
    done = leave(8, state.treated, 1.0 / rec.rehabilitation_weeks)
    again = _of_few(u[:, 9], done, np.full(done.shape, rec.relapse_after_rehabilitation))
    retired = rates.binomial(
        streams.uniform(OPERATIVES, week, N_STATES),
        state.operatives,
        rates.probability(quit_hazard),
    )
    true_arrests = by_state(arrested_exposed + arrested_members, view.world)
    wrong = rates.poisson(
        streams.uniform(FALSE_ARRESTS, week, N_STATES),
        true_arrests * (1.0 / rec.arrest_precision - 1.0),
    )
    return Info(
        newly_exposed=exposed, calmed=calmed, recruits=recruits, recruits_by_path=paths,
        disengaged=disengaged, retired=retired, arrested_exposed=arrested_exposed,
        arrested_members=arrested_members, arrests=true_arrests + wrong, false_arrests=wrong,
        freed=freed, freed_to_treatment=helped, freed_to_exposed=relapsed, treatment_ended=done,
        treatment_failed=again,
    )  # fmt: skip


def _move(state: State, view: Any, flows: Info) -> State:
    """Book every flow once out of one stock and once into another."""
    world = view.world
    homeward = np.zeros_like(flows.freed)
    homeward[:, -N_STATES:] = flows.retired  # operatives who give up live in the diaspora
    arrested = flows.arrested_exposed + flows.arrested_members
    freed_home = flows.freed - flows.freed_to_treatment - flows.freed_to_exposed
    cured = flows.treatment_ended - flows.treatment_failed
    by_path = flows.recruits_by_path
    return state.replace(
        susceptible=state.susceptible - flows.newly_exposed
        + flows.calmed + flows.disengaged + homeward + freed_home + cured,
        exposed=state.exposed + flows.newly_exposed + flows.freed_to_exposed
        + flows.treatment_failed - flows.arrested_exposed - flows.recruits - flows.calmed,
        radicalised=state.radicalised + by_path[:, :, 1]
        - flows.arrested_members - flows.disengaged,
        detained=state.detained + arrested - flows.freed,
        treated=state.treated + flows.freed_to_treatment - flows.treatment_ended,
        travellers=state.travellers + by_path[:, :, 0],
        operatives=state.operatives + by_state(by_path[:, :, 2], world) - flows.retired,
        week_arrests=flows.arrests,
    )  # fmt: skip


def _after_prison(state: State, view: Any, u: Floats, freed: Counts) -> tuple[Counts, Counts]:
    """C7: who enters rehabilitation and who relapses into exposure [r, m]."""
    rec, owner = view.recruitment, cohort_state(view.world)
    places = np.minimum(state.lever("rehabilitation") * rec.rehabilitation_per_level, 1.0)
    share = np.minimum(rec.rehabilitation_base + places, 1.0)
    helped = _of_few(u[:, 6], freed, share[:, owner])
    relapse = np.full(freed.shape, rec.relapse_after_prison)
    return helped, _of_few(u[:, 7], freed - helped, relapse)


def _of_few(u: Floats, people: Counts, chance: Floats) -> Counts:
    """Successes among people of whom most cohorts have none [r, m]."""
    taken = np.zeros_like(people)
    some = np.nonzero(people)
    taken[some] = rates.binomial(u[some], people[some], chance[some])
    return taken
