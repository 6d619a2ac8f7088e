"""Domestic fragility: tension, unrest at home, and clashes between Kyrgyzstan and Tajikistan.

Idea: weak government, lost income and neglect at home meet threats from outside and make them worse
(M-DOMESTIC-VULNERABILITY-AMPLIFIES, A-CA5-FRAGILITY). Unrest breaks out with a small hazard that
grows with tension, as in Kazakhstan and Karakalpakstan in 2022 and in the coups of Kyrgyzstan
(E-2022-01-KAZ-UNREST, E-KARAKALPAK, M-KGZ-FRAGILITY); Hizb ut-Tahrir and Tablighi Jamaat are
movements without arms that add to it (A-HUT-TJ, M-HUT-TENSION). Kyrgyz and Tajik troops fight over
water and borders (M-WATER-KGZ-TJK), not over terrorism: no attack enters that hazard. What happened
until the branch date is dated, what happens after it is chance.

Equations (docs/odd.md, "fragility"):
    U1  mobilisation M += rate (sigma(logit M0 + growth + lost legitimacy + repression - prevention)
        - M)
    U2  tension T += rate (exp(sum of effect x deviation from 2021 - resilience) - T), at most a cap
    U3  unrest starts with hazard base x state x T while none is under way
    U4  strength is drawn, fades in a straight line over 13 to 52 weeks
    U5  a clash starts with hazard base x exp(water) x (1 - treaty) x (1 - settlement)
    U6  shock = max(dated shock, unrest), for the pair also of a dated and a new clash
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Flags, Floats, State, river_index, rows
from spillover.streams import Streams, purpose
from spillover.world.cohorts import state_population
from spillover.world.river import load_river

NAME = "fragility"
READS = (
    "mobilisation", "tension", "unrest", "unrest_weeks", "clash", "clash_weeks",
    "state_legitimacy", "repression", "corruption", "refugees", "water_deficit", "river_anomaly",
    "delivered",
)  # fmt: skip
WRITES = (
    "mobilisation", "tension", "unrest", "unrest_weeks", "clash", "clash_weeks", "shock",
)  # fmt: skip

UNREST = purpose("fragility/unrest")
CLASH = purpose("fragility/clash")
N_STATES = len(STATES)
PAIR = tuple(STATES.index(s) for s in ("KGZ", "TJK"))
N_DRAWS = 3  # of each state: whether unrest starts, how strong it is, how long it lasts
PER_CENT = 100.0  # refugees are counted in per cent of the people
LEAST_FLOW = 0.05  # of the mean; guards the quotient of need and flow
LOG_RANGE = (-2.0, 2.0)  # water changes the hazard of a clash at most sevenfold


@dataclass(frozen=True, slots=True)
class Info:
    """Unrest that broke out [r, c] with its strength and length; clashes [r]; weeks with a shock.

    A clash counts once for the pair.
    """

    started: Flags
    strength: Floats
    weeks: Counts
    clashes: Flags
    clash_hazard: Floats
    unrest_hazard: Floats


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """Levels of 2021, dated shocks, nothing of the model's own."""
    none, weeks = np.zeros(N_STATES), np.zeros(N_STATES, dtype=np.int64)
    dated = combined_shock(none[None, :], np.zeros(1), view)[0]
    return {
        "mobilisation": rows(streams, view.fragility.mobilisation_start),
        "tension": rows(streams, np.ones(N_STATES)),
        "unrest": rows(streams, none),
        "unrest_weeks": rows(streams, weeks),
        "clash": rows(streams, 0.0),
        "clash_weeks": rows(streams, np.int64(0)),
        "shock": rows(streams, dated),
    }


def mobilisation_target(state: State, view: Any) -> Floats:
    """U1: level that unarmed radical movements move to [r, c]."""
    par, craft = view.fragility, view.statecraft
    score = (
        rates.log_odds(par.mobilisation_start)
        + par.mobilisation_growth
        + par.mobilisation_from_legitimacy * (craft.legitimacy_start - state.state_legitimacy)
        + par.mobilisation_from_repression * (state.repression - craft.repression_start)
        - par.mobilisation_loss_from_prevention * state.lever("prevention")
    )
    return rates.logistic(score)


def tension_target(state: State, view: Any) -> Floats:
    """U2: tension that conditions support [r, c], 1 at those of August 2021."""
    par, drivers, craft = view.fragility, view.drivers, view.statecraft
    missing = rates.weighted_sums(state.water_deficit, load_river(view.world).state_weight)
    stress = drivers.diaspora_stress - view.recruitment.diaspora_stress_reference
    guests = state.refugees - view.displacement.refugees_start
    guests = guests * (PER_CENT / state_population(view.world))
    log_tension = (
        par.tension_from_legitimacy * (craft.legitimacy_start - state.state_legitimacy)
        + par.tension_from_repression * (state.repression - craft.repression_start)
        + par.tension_from_corruption * (state.corruption - view.interdiction.corruption_start)
        + par.tension_from_remittances * drivers.remittance_dependence * stress
        + par.tension_from_water * view.structure.coupling.water_tension * missing
        + par.tension_from_refugees * guests
        + par.tension_from_mobilisation * (state.mobilisation - par.mobilisation_start)
        - par.resilience_per_level * state.lever("resilience")
    )
    return np.exp(np.minimum(log_tension, np.log(par.tension_cap)))


def clash_hazard(state: State, view: Any) -> Floats:
    """U5: yearly hazard of a clash between Kyrgyzstan and Tajikistan [r].

    The dispute is over water when fields need more than rivers carry; the Amu Darya stands for all
    rivers fed by the same snow and ice. No attack and no threat enters, and trust between the two
    does not either, since attacks move stances and stances move trust.
    """
    par, drivers = view.fragility, view.drivers
    flow = river_index(drivers.amu_darya_flow, state.river_anomaly, view)
    need = drivers.irrigation_season / np.maximum(flow, LEAST_FLOW)
    dispute = par.clash_from_water * view.structure.coupling.water_tension * (need - 1.0)
    lever = state.lever("dispute_settlement")
    settled = np.minimum(lever[:, PAIR[0]], lever[:, PAIR[1]]) * par.settlement_per_level
    kept = (1.0 - par.treaty_effect * drivers.kgz_tjk_treaty) * np.maximum(1.0 - settled, 0.0)
    return par.clash_base * np.exp(np.clip(dispute, *LOG_RANGE)) * kept


def fade(strength: Floats, weeks: Counts) -> tuple[Floats, Counts]:
    """U4: a straight line to nothing over the weeks left."""
    left = np.maximum(weeks - 1, 0)
    return strength * (left / np.maximum(weeks, 1)), left


def combined_shock(unrest: Floats, clash: Floats, view: Any) -> Floats:
    """U6: the strongest of what is dated and what broke out in the model [r, c]."""
    shock = np.maximum(unrest, view.drivers.domestic_shock)
    fighting = np.maximum(clash, view.drivers.kgz_tjk_clash)
    for c in PAIR:
        shock[:, c] = np.maximum(shock[:, c], fighting)
    return shock


def _length(u: Floats, par: Any) -> Counts:
    """U4: weeks that a shock lasts, each of the allowed numbers equally likely."""
    shortest, longest = int(par.shock_shortest), int(par.shock_longest)
    span = max(longest - shortest, 0) + 1
    return shortest + np.minimum((u * span).astype(np.int64), span - 1)


def rest(state: State, view: Any) -> dict[str, Any]:
    """Where nothing breaks out: the dated shocks of the week; mobilisation and tension stay."""
    none, weeks = np.zeros_like(state.unrest), np.zeros_like(state.unrest_weeks)
    return {
        "unrest": none,
        "unrest_weeks": weeks,
        "clash": np.zeros_like(state.clash),
        "clash_weeks": np.zeros_like(state.clash_weeks),
        "shock": combined_shock(none, np.zeros_like(state.clash), view),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance tension, unrest and clashes by one week."""
    par = view.fragility
    mobilisation = state.mobilisation + par.mobilisation_reversion * (
        mobilisation_target(state, view) - state.mobilisation
    )
    tension = state.tension + par.tension_reversion * (tension_target(state, view) - state.tension)
    u = streams.uniform(UNREST, week, N_DRAWS * N_STATES).reshape(-1, N_DRAWS, N_STATES)
    unrest, weeks = fade(state.unrest, state.unrest_weeks)
    yearly = par.hazard_open * par.unrest_base * par.unrest_weight * tension
    started = (u[:, 0] < rates.probability(yearly / WEEKS_PER_YEAR)) & (weeks == 0)
    drawn = par.unrest_least + (1.0 - par.unrest_least) * u[:, 1]
    lasts = np.where(started, _length(u[:, 2], par), 0)
    strength = np.where(started, drawn, 0.0)

    u = streams.uniform(CLASH, week, 2)
    clash, clash_weeks = fade(state.clash, state.clash_weeks)
    hazard = par.hazard_open * clash_hazard(state, view)
    clashes = (u[:, 0] < rates.probability(hazard / WEEKS_PER_YEAR)) & (clash_weeks == 0)
    clash = np.where(clashes, par.clash_strength, clash)
    clash_weeks = np.where(clashes, _length(u[:, 1], par), clash_weeks)
    unrest, weeks = np.where(started, strength, unrest), np.where(started, lasts, weeks)
    changed = state.replace(
        mobilisation=mobilisation,
        tension=tension,
        unrest=unrest,
        unrest_weeks=weeks,
        clash=clash,
        clash_weeks=clash_weeks,
        shock=combined_shock(unrest, clash, view),
    )
    return changed, Info(started, strength, lasts, clashes, hazard, yearly)
