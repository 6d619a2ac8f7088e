"""Terms that several processes use; docs/odd.md, "Signs used below"."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.axes import BUDGETS
from spillover.twin.arithmetic import Y, clip, mean, p
from spillover.world.river import load_river

if TYPE_CHECKING:
    from spillover.twin.agents import Province, State
    from spillover.twin.model import TwinModel

DECISION_WEEKS = 4
"""A cell decides in weeks in which slot + week is divisible by this."""


def money(model: TwinModel, state: State, line: str) -> float:
    """money_c(b): what a state spends on a budget line, relative to 2021."""
    craft = model.view.statecraft
    share = state.budget_share[line] / float(craft.budget_start[BUDGETS.index(line)])
    at_start = p(float(craft.sensitivity[state.index]) * model.view.initial.alarm)
    more = craft.spending_from_threat
    return share * (1.0 + more * state.threat) / (1.0 + more * at_start)


def weak(model: TwinModel, province: Province) -> float:
    """weak_a: how much more gets through where control is weak; 1 as in August 2021."""
    floor = model.view.attacks.opportunity_floor
    start = float(model.view.rule.control_start[province.zone])
    return (floor + 1.0 - province.control) / (floor + 1.0 - start)


def guard(model: TwinModel, state: State) -> float:
    """guard_c: mean detection on the state's links, or on all links for a state without one."""
    return mean([link.detection for link in state.links or model.links])


def mood(grievance: float, par: Any) -> float:
    """mood_a: 1 at the reference grievance, at most the cap."""
    lift = math.exp(par.grievance_slope * (grievance - par.grievance_reference))
    return min(lift, par.grievance_cap)


def school_recruits(model: TwinModel) -> float:
    """school: men whom the schools would give to all groups in a week, if these had room."""
    par, drivers = model.view.groups, model.view.drivers
    yearly = par.madrassa_students * par.madrassa_unplaced * par.madrassa_hazard
    return float(yearly / Y * drivers.unemployment / par.unemployment_reference)


def food_need(model: TwinModel) -> float:
    """need: share of Afghans in need of food, after the help of the five."""
    relief = model.view.rule.need_relief_per_level
    relief *= sum(state.delivered["humanitarian_aid"] for state in model.states)
    return clip(model.view.drivers.food_need - relief, 0.0, 1.0)


def lever_mean(model: TwinModel, name: str) -> float:
    """mean_c of a lever over the five states."""
    return mean([state.delivered[name] for state in model.states])


def recognised(state: State) -> float:
    """Levels of the lever recognition beyond delisting."""
    return max(state.delivered["recognition"] - 1.0, 0.0)


def recognition_mean(model: TwinModel) -> float:
    """mean_c of what is recognised beyond delisting."""
    return mean([recognised(state) for state in model.states])


def csto_weight(model: TwinModel, state: State) -> float:
    """W_c: part of the help of the CSTO that reaches a state, with the lean that entered."""
    member = float(model.view.border.csto_member[state.index])
    start = float(model.view.alliances.lean_start[state.index])
    return member + (1.0 - member) * clip(state.moscow_lean - start, 0.0, 1.0)


def cis_share(model: TwinModel, state: State) -> float:
    """cis_share_c: part of the CIS programmes that is in force in a state."""
    view = model.view
    own = view.alliances.cis_per_level * state.delivered["cis_programme"]
    share = min(view.drivers.cis_programme + own, 1.0)
    return share * float(view.intelligence.cis_member[state.index])


def lethality(model: TwinModel, state: State) -> float:
    """How much deadlier attacks are through smuggled arms; 1 at the start."""
    arms = model.view.arms
    start = float(arms.circulating_start[state.index])
    ratio = (state.arms_circulating + 1.0) / (start + 1.0)
    return float(ratio**arms.deadliness_elasticity)


def missing_water(model: TwinModel, state: State) -> float:
    """Water deficit of a state: the mean of its regions on the river, by what they draw."""
    weight = load_river(model.world).state_weight
    return sum(
        region.water_deficit * float(weight[region.index, state.index]) for region in state.regions
    )


def due_slots(week: int, n_slots: int) -> list[int]:
    """Slots of cells whose turn it is to decide in this week."""
    return [k for k in range(n_slots) if (k + week) % DECISION_WEEKS == 0]


def local_share_unknown(model: TwinModel) -> float:
    """active_0: share of mode local under K4 at I = 0 among hide, local, recruit."""
    cells = model.view.cells
    weights = [
        math.exp(cells.choice_sharpness * value) for value in (0.0, 1.0, cells.value_recruit)
    ]
    return weights[1] / sum(weights)
