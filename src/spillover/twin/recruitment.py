"""Recruitment, person by person; docs/odd.md, "recruitment" (C1 to C7)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.axes import BUDGETS
from spillover.twin.agents import (
    CONDITIONS,
    DETAINED,
    EXPOSED,
    MEMBER,
    SUSCEPTIBLE,
    TRAVELLER,
    TREATED,
    Cohort,
    Person,
    State,
)
from spillover.twin.arithmetic import Y, clip, p, rint, softmax
from spillover.twin.signs import guard

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "recruitment"
N_MOVES = 10
(
    ARREST_EXPOSED, JOIN, CALM, ARREST_MEMBER, DISENGAGE, FREE, HELP, RELAPSE, END, FAIL,
) = range(N_MOVES)  # fmt: skip
"""Order of the draws of the purpose recruitment/moves."""
SELF_RADICALISATION, BIFURCATION = 1, 2
"""Rival accounts of joining."""
STATE_NAMES = {SUSCEPTIBLE: "susceptible", EXPOSED: "exposed", MEMBER: "radicalised",
    DETAINED: "detained", TREATED: "treated", TRAVELLER: "travellers"}  # fmt: skip
"""Names of section 2 by condition."""
BY_COHORT = (
    "newly_exposed", "calmed", "recruits", "disengaged", "arrested_exposed", "arrested_members",
    "freed", "freed_to_treatment", "freed_to_exposed", "treatment_ended", "treatment_failed",
)  # fmt: skip
BY_STATE = ("retired", "arrests", "false_arrests")


class Reference:
    """What does not change in a run: people, base hazards and members at the reference of 2021."""

    def __init__(self, model: TwinModel) -> None:
        """Compute it from the parameters of this week."""
        par = model.view.recruitment
        leaving = par.join_hazard + par.exposed_disengagement_hazard + par.arrest_hazard
        self.people = [start_people(model, cohort) for cohort in model.cohorts]
        weights = []
        for cohort, people in zip(model.cohorts, self.people, strict=True):
            weight = people * float(par.state_propensity[cohort.state.index])
            weights.append(weight if cohort.region else weight * par.diaspora_multiplier)
        exposures = par.inflow * leaving / par.join_hazard
        self.hazards = [
            exposures * weight / sum(weights) / max(people, 1) / Y
            for weight, people in zip(weights, self.people, strict=True)
        ]
        joined = [n * hazard for n, hazard in zip(self.people, self.hazards, strict=True)]
        self.shares = [one / sum(joined) for one in joined]
        self.paths = [_reference_paths(model, cohort) for cohort in model.cohorts]
        lasting = par.member_disengagement_hazard + par.arrest_hazard
        self.members = [
            max(par.inflow * split[1] / lasting * share, 1e-6)
            for share, split in zip(self.shares, self.paths, strict=True)
        ]


def start_people(model: TwinModel, cohort: Cohort) -> int:
    """People of 15 to 39 years in August 2021."""
    par, c = model.view.recruitment, cohort.state.index
    if cohort.region is None:
        return int(par.diaspora_people[c])
    return rint(cohort.region.population * float(par.young_share[c]))


def _reference_paths(model: TwinModel, cohort: Cohort) -> list[float]:
    """f_m of C5: travel, home cell, external cell."""
    par = model.view.recruitment
    scores = [math.log(share) for share in par.path_share]
    if cohort.region is None:
        scores[2] += par.path_external_diaspora
    return softmax(scores)


def start(model: TwinModel) -> None:
    """People, and those who are already exposed, members, held or on their way."""
    view, reference = model.view, Reference(model)
    par, n_m = view.recruitment, len(model.cohorts)
    leaving = par.join_hazard + par.exposed_disengagement_hazard + par.arrest_hazard
    draws = model.stream("first_state/cohorts", 5 * n_m + len(model.states))
    abroad = dict.fromkeys(model.states, 0.0)
    for cohort in model.cohorts:
        m = cohort.index
        people = reference.people[m]
        exposed = people * reference.hazards[m] * Y / leaving
        held = par.arrest_hazard * (exposed + reference.members[m]) * par.sentence_weeks / Y
        helped = par.rehabilitation_base * held / par.sentence_weeks * par.rehabilitation_weeks
        joining = [par.inflow * reference.shares[m] * share for share in reference.paths[m]]
        abroad[cohort.state] += joining[2]
        expected = {
            EXPOSED: exposed,
            MEMBER: reference.members[m],
            DETAINED: held,
            TREATED: helped,
            TRAVELLER: joining[0] * view.border.travel_delay / Y,
        }
        for _ in range(people):
            model.newcomer(cohort, SUSCEPTIBLE)
        for row, (condition, number) in enumerate(expected.items()):
            for _ in range(draws.poisson(row * n_m + m, number)):
                model.newcomer(cohort, condition)
    for state in model.states:
        expected_here = abroad[state] / par.member_disengagement_hazard
        for _ in range(draws.poisson(5 * n_m + state.index, expected_here)):
            state.operatives.append(Person(model, 0, state.diaspora, "operative"))


def step(model: TwinModel) -> None:
    """One week: everyone who moves leaves a crowd first, and all are seated at the end."""
    model.open_accounts(BY_COHORT, len(model.cohorts))
    model.open_accounts(BY_STATE, len(model.states))
    model.flows["recruits_by_path"] = []
    reference = Reference(model)
    hazards = [_exposure(model, cohort, reference) for cohort in model.cohorts]
    keys = [_key(model, cohort, reference) for cohort in model.cohorts]
    moving: list[tuple[Person, Cohort, str]] = []
    arrested = dict.fromkeys(model.states, 0)
    departing: dict[State, list[Person]] = {state: [] for state in model.states}
    for cohort, hazard, key in zip(model.cohorts, hazards, keys, strict=True):
        arrested[cohort.state] += _expose_and_arrest(model, cohort, hazard, moving)
        departing[cohort.state] += _join(model, cohort, key, reference, moving)
        _after_prison(model, cohort, moving)
    _retire(model, moving)
    for person, cohort, condition in moving:
        cohort.admit(person, condition)
    for state, persons in departing.items():
        state.operatives += persons
    _count_arrests(model, arrested)


def _hardship(model: TwinModel, cohort: Cohort) -> float:
    """C1."""
    view, state = model.view, cohort.state
    par, drivers, c = view.recruitment, view.drivers, state.index
    stress = drivers.diaspora_stress if cohort.region else par.diaspora_stress_reference
    national = (
        par.hardship_from_unemployment * float(par.unemployment[c])
        + par.hardship_from_remittances * float(drivers.remittance_dependence[c]) * stress
        + par.hardship_from_poverty * (1.0 - float(par.income[c]))
    )
    if cohort.region is None:
        return national
    people = sum(region.population for region in state.regions)
    urban = sum(region.population * region.urban_index for region in state.regions) / people
    water = view.structure.coupling.water_tension * par.hardship_from_water
    water *= view.water.farm_elasticity * cohort.region.water_deficit
    earned = par.hardship_relief_from_trade * (state.trade_index - 1.0)
    relief = min(par.relief_per_level * state.delivered["resilience"], 1.0)
    rural = 1.0 + par.rural_hardship * (urban - cohort.region.urban_index)
    return float(((national - earned) * rural + water) * (1.0 - relief))


def _saturating(model: TwinModel, contact: float) -> float:
    """s(k) of C2 under the account of joining that holds."""
    par, rival = model.view.recruitment, model.view.structure.rival.recruitment
    if rival == SELF_RADICALISATION:
        return 1.0
    k = contact**par.bifurcation_steepness if rival == BIFURCATION else contact
    return float(par.contact_cap * k / (k + par.contact_cap - 1.0))


def _exposure(model: TwinModel, cohort: Cohort, reference: Reference) -> float:
    """C1 to C3: weekly hazard of being exposed."""
    view, state = model.view, cohort.state
    par, craft, c = view.recruitment, view.statecraft, cohort.state.index
    grievance = _hardship(model, cohort) * (1.0 - state.legitimacy)
    lift = math.exp(par.grievance_slope * (grievance - par.grievance_reference))
    members = sum(other.count(MEMBER) for other in model.cohorts) / sum(reference.members)
    met = _saturating(model, members)
    reach = (1.0 - par.contact_share) * cohort.online_reach + par.contact_share * met

    def backlash(repression: float) -> float:
        return float(1.0 + par.backlash * max(repression - par.backlash_threshold, 0.0))

    worse = backlash(state.repression) / backlash(float(craft.repression_start[c]))
    start_share = float(craft.budget_start[BUDGETS.index("prevention")])
    reached = clip(
        par.prevention_base * (state.budget_share["prevention"] / start_share - 1.0)
        + par.prevention_coverage * state.delivered["prevention"],
        -1.0,
        1.0,
    )
    stress = 1.0
    if cohort.region is None:
        change = view.drivers.diaspora_stress - par.diaspora_stress_reference
        stress += par.diaspora_stress_effect * change
    return (
        reference.hazards[cohort.index]
        * stress
        * reach
        * min(lift, par.openness_cap)
        * worse
        * (1.0 - par.prevention_efficacy * reached)
    )


def _key(model: TwinModel, cohort: Cohort, reference: Reference) -> float:
    """C4: the second key, meeting members."""
    par = model.view.recruitment
    own = cohort.count(MEMBER) / reference.members[cohort.index]
    kin = cohort.state.cohorts
    near = sum(other.count(MEMBER) for other in kin)
    near_reference = sum(reference.members[other.index] for other in kin)
    everyone = sum(other.count(MEMBER) for other in model.cohorts)
    contact = (
        par.contact_region * own
        + par.contact_state * near / near_reference
        + par.contact_everywhere * everyone / sum(reference.members)
    )
    floor = par.contact_floor
    return float(floor + (1.0 - floor) * _saturating(model, contact))


def _slot(model: TwinModel, move: int, cohort: Cohort) -> int:
    return move * len(model.cohorts) + cohort.index


def _expose_and_arrest(
    model: TwinModel, cohort: Cohort, hazard: float, moving: list[tuple[Person, Cohort, str]]
) -> int:
    """C3 and C6; returns how many are arrested."""
    par, n_m = model.view.recruitment, len(model.cohorts)
    exposing = model.stream("recruitment/expose", n_m)
    moves = model.stream("recruitment/moves", N_MOVES * n_m)
    seized = p(par.arrest_hazard / Y * cohort.state.service_capacity)
    exposed = exposing.leavers(cohort.index, cohort.people[SUSCEPTIBLE], p(hazard))
    moving += [(person, cohort, EXPOSED) for person in exposed]
    held = moves.leavers(_slot(model, ARREST_EXPOSED, cohort), cohort.people[EXPOSED], seized)
    members = moves.leavers(_slot(model, ARREST_MEMBER, cohort), cohort.people[MEMBER], seized)
    _book(model, cohort, arrested_exposed=held, arrested_members=members)
    held += members
    quitting = p(par.member_disengagement_hazard / Y)
    quitters = moves.leavers(_slot(model, DISENGAGE, cohort), cohort.people[MEMBER], quitting)
    moving += [(person, cohort, DETAINED) for person in held]
    moving += [(person, cohort, SUSCEPTIBLE) for person in quitters]
    _book(model, cohort, newly_exposed=exposed, disengaged=quitters)
    return len(held)


def _book(model: TwinModel, cohort: Cohort, **movers: list[Person]) -> None:
    """Count those who moved, for the accounts."""
    for name, persons in movers.items():
        model.flows[name][cohort.index] = len(persons)


def _join(
    model: TwinModel, cohort: Cohort, key: float, reference: Reference,
    moving: list[tuple[Person, Cohort, str]],
) -> list[Person]:  # fmt: skip
    """C4 and C5 for those exposed and not arrested; returns those who go abroad as operatives."""
    par, n_m = model.view.recruitment, len(model.cohorts)
    moves = model.stream("recruitment/moves", N_MOVES * n_m)
    crowd = cohort.people[EXPOSED]
    recruits = moves.leavers(_slot(model, JOIN, cohort), crowd, p(par.join_hazard / Y * key))
    calming = p(par.exposed_disengagement_hazard / Y)
    calmed = moves.leavers(_slot(model, CALM, cohort), crowd, calming)
    moving += [(person, cohort, SUSCEPTIBLE) for person in calmed]
    scores = [math.log(share) for share in reference.paths[cohort.index]]
    if cohort.region is not None:
        land = 1.0 - model.view.border.air_share
        closed = guard(model, cohort.state) - par.path_detection_reference
        scores[0] -= par.path_from_border * land * closed
    paths = model.stream("recruitment/paths", 2 * n_m)
    slots = (cohort.index, n_m + cohort.index)
    _book(model, cohort, recruits=recruits, calmed=calmed)
    travellers, members, operatives = paths.sort(slots, recruits, softmax(scores))
    sizes = [len(travellers), len(members), len(operatives)]
    model.flows["recruits_by_path"].append(sizes)
    moving += [(person, cohort, TRAVELLER) for person in travellers]
    moving += [(person, cohort, MEMBER) for person in members]
    for person in operatives:
        person.condition = "operative"
    return operatives


def _after_prison(
    model: TwinModel, cohort: Cohort, moving: list[tuple[Person, Cohort, str]]
) -> None:
    """C7."""
    par, n_m = model.view.recruitment, len(model.cohorts)
    moves = model.stream("recruitment/moves", N_MOVES * n_m)

    def leave(move: int, crowd: list[Person], probability: float) -> list[Person]:
        return moves.leavers(_slot(model, move, cohort), crowd, probability)

    ended = leave(END, cohort.people[TREATED], p(1.0 / par.rehabilitation_weeks))
    _book(model, cohort, treatment_ended=ended)
    failed = leave(FAIL, ended, par.relapse_after_rehabilitation)
    freed = leave(FREE, cohort.people[DETAINED], p(1.0 / par.sentence_weeks))
    _book(model, cohort, freed=freed)
    per_level = par.rehabilitation_per_level * cohort.state.delivered["rehabilitation"]
    share = min(par.rehabilitation_base + min(per_level, 1.0), 1.0)
    helped = leave(HELP, freed, share)
    relapsed = leave(RELAPSE, freed, par.relapse_after_prison)
    _book(model, cohort, freed_to_treatment=helped, freed_to_exposed=relapsed)
    _book(model, cohort, treatment_failed=failed)
    moving += [(person, cohort, TREATED) for person in helped]
    moving += [(person, cohort, EXPOSED) for person in relapsed + failed]
    moving += [(person, cohort, SUSCEPTIBLE) for person in freed + ended]


def _retire(model: TwinModel, moving: list[tuple[Person, Cohort, str]]) -> None:
    """C4: operatives who give up live in the diaspora."""
    draws = model.stream("recruitment/operatives", len(model.states))
    quitting = p(model.view.recruitment.member_disengagement_hazard / Y)
    for state in model.states:
        leaving = draws.leavers(state.index, state.operatives, quitting)
        model.flows["retired"][state.index] = len(leaving)
        for person in leaving:
            moving.append((person, state.diaspora, SUSCEPTIBLE))


def _count_arrests(model: TwinModel, arrested: dict[State, int]) -> None:
    """C6: arrests, false ones included."""
    draws = model.stream("recruitment/false_arrests", len(model.states))
    wrong = 1.0 / model.view.recruitment.arrest_precision - 1.0
    for state, n in arrested.items():
        false = draws.poisson(state.index, n * wrong)
        state.week_arrests = n + false
        model.flows["arrests"][state.index] = n + false
        model.flows["false_arrests"][state.index] = false


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        **{STATE_NAMES[x]: [cohort.count(x) for cohort in model.cohorts] for x in CONDITIONS},
        "operatives": [len(state.operatives) for state in model.states],
        "week_arrests": [state.week_arrests for state in model.states],
    }
