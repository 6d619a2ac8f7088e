"""Mobilisation, tension, unrest and clashes among the five; docs/odd.md, "fragility"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.arithmetic import Y, clip, logit, p, sigma
from spillover.twin.signs import missing_water

if TYPE_CHECKING:
    from spillover.twin.agents import State
    from spillover.twin.draws import Stream
    from spillover.twin.model import TwinModel

NAME = "fragility"
PAIR = ("KGZ", "TJK")
MOST_LOG_DISPUTE = 2.0
LEAST_FLOW = 0.05


def start(model: TwinModel) -> None:
    """Levels of 2021, dated shocks, nothing of the model's own."""
    for state in model.states:
        state.mobilisation = float(model.view.fragility.mobilisation_start[state.index])
        state.tension = 1.0
        state.unrest, state.unrest_weeks = 0.0, 0
    model.outside.clash, model.outside.clash_weeks = 0.0, 0
    _combine(model)


def step(model: TwinModel) -> None:
    """One week."""
    par = model.view.fragility
    for state in model.states:
        mobilised, tense = _mobilisation_goal(model, state), _tension_goal(model, state)
        state.mobilisation += par.mobilisation_reversion * (mobilised - state.mobilisation)
        state.tension += par.tension_reversion * (tense - state.tension)
    _unrest(model)
    _clash(model)
    _combine(model)


def _mobilisation_goal(model: TwinModel, state: State) -> float:
    """U1."""
    par, craft, c = model.view.fragility, model.view.statecraft, state.index
    lost = float(craft.legitimacy_start[c]) - state.legitimacy
    return sigma(
        logit(float(par.mobilisation_start[c]))
        + float(par.mobilisation_growth[c])
        + par.mobilisation_from_legitimacy * lost
        + par.mobilisation_from_repression * (state.repression - float(craft.repression_start[c]))
        - par.mobilisation_loss_from_prevention * state.delivered["prevention"]
    )


def _tension_goal(model: TwinModel, state: State) -> float:
    """U2, with mobilisation as it entered."""
    view, c = model.view, state.index
    par, craft, drivers = view.fragility, view.statecraft, view.drivers
    people = sum(region.population for region in state.regions) or math.inf
    guests = state.refugees - float(view.displacement.refugees_start[c])
    stress = drivers.diaspora_stress - view.recruitment.diaspora_stress_reference
    score = (
        par.tension_from_legitimacy * (float(craft.legitimacy_start[c]) - state.legitimacy)
        + par.tension_from_repression * (state.repression - float(craft.repression_start[c]))
        + par.tension_from_corruption
        * (state.corruption - float(view.interdiction.corruption_start[c]))
        + par.tension_from_remittances * float(drivers.remittance_dependence[c]) * stress
        + par.tension_from_water
        * view.structure.coupling.water_tension
        * missing_water(model, state)
        + par.tension_from_refugees * 100 * guests / people
        + par.tension_from_mobilisation * (state.mobilisation - float(par.mobilisation_start[c]))
        - par.resilience_per_level * state.delivered["resilience"]
    )
    return float(min(math.exp(min(score, 700.0)), par.tension_cap))


def _fade(strength: float, weeks: int) -> tuple[float, int]:
    """U3: in a straight line to nothing."""
    return (strength * (weeks - 1) / weeks, weeks - 1) if weeks else (strength * 0.0, 0)


def _length(model: TwinModel, draws: Stream, slot: int) -> int:
    """U4."""
    par = model.view.fragility
    shortest, longest = int(par.shock_shortest), int(par.shock_longest)
    return draws.pick(slot, range(shortest, max(longest, shortest) + 1))


def _unrest(model: TwinModel) -> None:
    """U3 and U4 for each state."""
    par, n_c = model.view.fragility, len(model.states)
    draws = model.stream("fragility/unrest", 3 * n_c)
    accounts: dict[str, list[Any]] = {
        "unrest_hazard": [], "started": [], "strength": [], "weeks": [],
    }  # fmt: skip
    for state in model.states:
        c = state.index
        state.unrest, state.unrest_weeks = _fade(state.unrest, state.unrest_weeks)
        hazard = par.hazard_open * par.unrest_base * float(par.unrest_weight[c]) * state.tension
        breaks_out = draws.is_hit(c, p(hazard / Y)) and state.unrest_weeks == 0
        strength, weeks = 0.0, 0
        if breaks_out:
            least = par.unrest_least
            strength = float(least + (1.0 - least) * draws.uniform(n_c + c))
            weeks = _length(model, draws, 2 * n_c + c)
            state.unrest, state.unrest_weeks = strength, weeks
        for name, value in zip(accounts, (hazard, breaks_out, strength, weeks), strict=True):
            accounts[name].append(value)
    model.flows |= accounts


def _clash(model: TwinModel) -> None:
    """U5."""
    par, outside = model.view.fragility, model.outside
    draws = model.stream("fragility/clash", 2)
    outside.clash, outside.clash_weeks = _fade(outside.clash, outside.clash_weeks)
    hazard = par.hazard_open * _clash_hazard(model)
    breaks_out = draws.is_hit(0, p(hazard / Y)) and outside.clash_weeks == 0
    if breaks_out:
        outside.clash = float(par.clash_strength)
        outside.clash_weeks = _length(model, draws, 1)
    model.flows["clash_hazard"], model.flows["clashes"] = hazard, breaks_out


def _clash_hazard(model: TwinModel) -> float:
    view = model.view
    par, drivers = view.fragility, view.drivers
    chance = math.exp(model.river.anomaly - view.water.flow_log_sd**2 / 2)
    need = drivers.irrigation_season / max(drivers.amu_darya_flow * chance, LEAST_FLOW)
    dispute = view.structure.coupling.water_tension * par.clash_from_water * (need - 1.0)
    settled = min(model.state(code).delivered["dispute_settlement"] for code in PAIR)
    return float(
        par.clash_base
        * math.exp(clip(dispute, -MOST_LOG_DISPUTE, MOST_LOG_DISPUTE))
        * (1.0 - par.treaty_effect * drivers.kgz_tjk_treaty)
        * max(1.0 - par.settlement_per_level * settled, 0.0)
    )


def _combine(model: TwinModel) -> None:
    """U6."""
    drivers = model.view.drivers
    for state in model.states:
        state.shock = max(state.unrest, float(drivers.domestic_shock[state.index]))
        if state.code in PAIR:
            state.shock = max(state.shock, float(drivers.kgz_tjk_clash), model.outside.clash)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    states, outside = model.states, model.outside
    return {
        "mobilisation": [state.mobilisation for state in states],
        "tension": [state.tension for state in states],
        "unrest": [state.unrest for state in states],
        "unrest_weeks": [state.unrest_weeks for state in states],
        "clash": outside.clash,
        "clash_weeks": outside.clash_weeks,
        "shock": [state.shock for state in states],
    }
