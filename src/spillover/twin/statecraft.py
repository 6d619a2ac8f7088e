"""The five governments; docs/odd.md, "statecraft" (S1 to S5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.axes import BUDGETS, LEVERS
from spillover.twin.agents import State
from spillover.twin.arithmetic import Y, clip, logit, mean, p, sigma, softmax

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "statecraft"
SMOOTHING_WEEKS = 26
BUDGET_WEEKS = 13


def start(model: TwinModel) -> None:
    """Governments of August 2021."""
    view = model.view
    craft = view.statecraft
    for state in model.states:
        c = state.index
        state.alarm = float(view.initial.alarm)
        state.threat = p(float(craft.sensitivity[c]) * state.alarm)
        state.budget_share = dict(zip(BUDGETS, craft.budget_start.tolist(), strict=True))
        state.delivered = dict.fromkeys(LEVERS, 0.0)
        state.repression = float(craft.repression_start[c])
        state.legitimacy = float(craft.legitimacy_start[c])
        state.arrests_per_week = float(craft.arrest_reference[c]) / Y


def step(model: TwinModel) -> None:
    """One week."""
    model.flows |= {"cost": [], "blocked_by_precondition": [], "blocked_by_budget": []}
    own = {state: _own_events(model, state) for state in model.states}
    craft = model.view.statecraft
    abroad = craft.alarm_foreign_attack * model.outside.week_foreign_attacks
    for state in model.states:
        others = mean([events for other, events in own.items() if other is not state])
        events = own[state] + craft.near_weight * (others + abroad)
        state.alarm = max(state.alarm + (events - state.alarm) / SMOOTHING_WEEKS, 0.0)
        state.threat = p(float(craft.sensitivity[state.index]) * state.alarm)
        if model.week % BUDGET_WEEKS == 0:
            _split_budget(model, state)
        _deliver(model, state)
        _repress(model, state)


def _own_events(model: TwinModel, state: State) -> float:
    """own_c of S1."""
    craft = model.view.statecraft
    next_door = [province for province in model.provinces if province.hops[state.index] == 1]
    return float(
        craft.alarm_frontier * sum(link.week_frontier for link in state.links)
        + craft.alarm_home_attack * state.week_home_attacks
        + craft.alarm_disrupted * state.week_disrupted
        + craft.alarm_seizure * (state.week_seizures - _at(craft.usual_seizures, state))
        + craft.alarm_next_door * sum(province.week_attacks for province in next_door)
    )


def _split_budget(model: TwinModel, state: State) -> None:
    """S2."""
    craft = model.view.statecraft
    scores = [
        math.log(float(craft.budget_start[b]))
        + float(craft.budget_response[b]) * state.threat
        + float(craft.budget_from_shock[b]) * state.shock
        for b in range(len(BUDGETS))
    ]
    for line, wish in zip(BUDGETS, softmax(scores), strict=True):
        old = state.budget_share[line]
        state.budget_share[line] = craft.budget_inertia * old + (1.0 - craft.budget_inertia) * wish


def _deliver(model: TwinModel, state: State) -> None:
    """S3."""
    levers, c = model.view.levers, state.index
    trust = mean([pair.trust for pair in model.pairs])
    kept, growth, goal, cost, blocked = {}, {}, {}, {}, {}
    for name in LEVERS:
        lever = getattr(levers, name)
        is_allowed = state.engagement >= lever.precondition_engagement
        is_allowed = is_allowed and trust >= lever.precondition_trust
        goal[name] = float(lever.target[c]) if is_allowed else 0.0
        blocked[name] = bool(lever.target[c] > 0 and not is_allowed)
        cost[name] = float(lever.cost)
    craft = model.view.statecraft
    budget = float(craft.programme_budget[c])
    bill = sum(goal[name] * cost[name] for name in LEVERS)
    funded = min(budget / max(bill, 1e-12), 1.0)
    for name in LEVERS:
        level, pace = state.delivered[name], 1.0 / getattr(levers, name).delay
        wish = level + clip(goal[name] * funded - level, -pace, pace)
        kept[name], growth[name] = min(wish, level), max(wish - level, 0.0)
    room = budget * (1.0 - craft.programme_loss_from_shock * state.shock)
    room -= sum(kept[name] * cost[name] for name in LEVERS)
    price = sum(growth[name] * cost[name] for name in LEVERS)
    share = clip(room / max(price, 1e-12), 0.0, 1.0)
    for name in LEVERS:
        state.delivered[name] = kept[name] + growth[name] * share
    model.flows["cost"].append(sum(state.delivered[name] * cost[name] for name in LEVERS) / Y)
    model.flows["blocked_by_precondition"].append(list(blocked.values()))
    short = [
        (goal[name] > 0 and funded < 1.0) or (growth[name] > 0 and share < 1.0) for name in LEVERS
    ]
    model.flows["blocked_by_budget"].append(short)


def _repress(model: TwinModel, state: State) -> None:
    """S4 and S5."""
    view, c = model.view, state.index
    craft, shock = view.statecraft, state.shock
    start_ = float(craft.repression_start[c])
    state.arrests_per_week += (state.week_arrests - state.arrests_per_week) / SMOOTHING_WEEKS
    usual = float(craft.arrest_reference[c]) / Y
    excess = math.log((state.arrests_per_week + 0.1) / (usual + 0.1))
    pull = (
        start_
        + float(craft.repression_reference_shift[c])
        + craft.repression_from_shock * shock
        + craft.repression_from_arrests * excess
        - state.repression
    )
    state.repression = clip(state.repression + craft.repression_reversion * pull, 0.0, 1.0)
    goal = sigma(
        logit(float(craft.legitimacy_start[c]))
        - craft.legitimacy_loss_from_shock * shock
        - craft.legitimacy_loss_from_repression * (state.repression - start_)
        - craft.legitimacy_loss_from_refugees * _refugee_load(model, state)
    )
    state.legitimacy += craft.legitimacy_reversion * (goal - state.legitimacy)


def _refugee_load(model: TwinModel, state: State) -> float:
    """Refugees beyond those of August 2021 as a share of the people of the state."""
    more = state.refugees - float(model.view.displacement.refugees_start[state.index])
    people = sum(region.population for region in state.regions)
    return max(more, 0.0) / people if people else 0.0


def _at(values: Any, state: State) -> float:
    """A number by state, or the one number for all of them."""
    return float(values[state.index]) if hasattr(values, "__len__") else float(values)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    states = model.states
    return {
        "alarm": [state.alarm for state in states],
        "threat": [state.threat for state in states],
        "budget_share": [list(state.budget_share.values()) for state in states],
        "delivered": [list(state.delivered.values()) for state in states],
        "repression": [state.repression for state in states],
        "arrests_per_week": [state.arrests_per_week for state in states],
        "state_legitimacy": [state.legitimacy for state in states],
    }
