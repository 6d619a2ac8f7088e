"""Drug services of the five and what corrupts them; docs/odd.md, "interdiction" (J1 to J4)."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

from spillover.twin.agents import State
from spillover.twin.agents_route import Edge
from spillover.twin.arithmetic import Y, clip, logit, sigma
from spillover.twin.route_signs import strength, unit_of_effort, usual_profit

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "interdiction"
REALLOCATION_WEEKS = 4
SEASON_WEEKS = 13
BRANCH_WEEK = (date(2026, 1, 4) - date(2021, 8, 15)).days // 7
LEAST = 1e-12  # below which nothing is divided by


def start(model: TwinModel) -> None:
    """Patrols spread evenly, guards as corrupt as in August 2021, no hazard yet."""
    for edge in model.route.edges:
        edge.patrol, edge.hazard = 1.0, 0.0
    for state in model.states:
        state.corruption = float(model.view.interdiction.corruption_start[state.index])
        state.usual_profit = usual_profit(model, state)


def step(model: TwinModel) -> None:
    """One week."""
    if model.week % REALLOCATION_WEEKS == 0:
        for state in model.states:
            _reallocate(model, state)
    for state in model.states:
        state.corruption = _corruption(model, state)
    unit = unit_of_effort(model)
    for edge in model.route.edges:
        edge.hazard = _hazard(model, edge, unit)
    model.flows["edge_hazard_mean"] = [_mean_hazard(model, state) for state in model.states]


def _reallocate(model: TwinModel, state: State) -> None:
    """J1."""
    par = model.view.interdiction
    edges = [edge for edge in model.route.edges if edge.is_guarded and edge.state is state]
    whole = sum(edge.hits + par.hits_prior for edge in edges)
    pace = 1.0 - (1.0 - par.learning) ** (REALLOCATION_WEEKS / SEASON_WEEKS)
    wanted = []
    for edge in edges:
        wish = len(edges) * (edge.hits + par.hits_prior) / whole
        wanted.append(edge.patrol + pace * (wish - edge.patrol))
    inside = [clip(x, par.patrol_floor, par.patrol_cap) for x in wanted]
    rest = sum(wanted) - sum(inside)
    room = [par.patrol_cap - y if rest > 0 else y - par.patrol_floor for y in inside]
    for edge, y, free in zip(edges, inside, room, strict=True):
        edge.patrol = y + rest * free / max(sum(room), LEAST)


def _corruption(model: TwinModel, state: State) -> float:
    """J2."""
    par, c = model.view.interdiction, state.index
    floor = par.profit_floor * state.usual_profit
    more = max(state.route_profit + floor, LEAST) / max(state.usual_profit + floor, LEAST)
    goal = sigma(
        logit(float(par.corruption_start[c]))
        + par.corruption_from_profit * math.log(more)
        - par.corruption_loss_from_integrity * state.delivered["anti_corruption"]
    )
    return float(state.corruption + par.corruption_speed * (goal - state.corruption))


def _hazard(model: TwinModel, edge: Edge, unit: float) -> float:
    """J3."""
    view, state = model.view, edge.state
    par, levers = view.interdiction, edge.state.delivered
    patrols = edge.patrol
    gain = 1.0 + par.gain_from_exchange * levers["intelligence_sharing"]
    if edge.link is not None:
        patrols *= edge.link.patrols / float(view.border.patrol_density[state.index])
        gain += par.gain_from_sensors * levers["surveillance_technology"] * (1.0 - edge.difficulty)
        gain += par.gain_from_partner * levers["joint_patrols"]
    grown = (1.0 + par.effort_growth) ** (min(model.week, BRANCH_WEEK) / Y)
    grown *= (1.0 + par.effort_growth_later) ** (max(model.week - BRANCH_WEEK, 0) / Y)
    return float(
        unit
        * grown
        * float(par.posture[state.index])
        * strength(model, edge)
        * patrols**par.patrol_exponent
        * gain
        * (1.0 - state.corruption)
    )


def _mean_hazard(model: TwinModel, state: State) -> float:
    """Over the edges that the state guards, for the accounts."""
    guarded = [edge for edge in model.route.edges if edge.is_guarded and edge.state is state]
    return sum(edge.hazard for edge in guarded) / max(len(guarded), 1)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    edges = model.route.edges
    return {
        "edge_patrol": [edge.patrol for edge in edges],
        "edge_hazard": [edge.hazard for edge in edges],
        "corruption": [state.corruption for state in model.states],
        "route_profit_usual": [state.usual_profit for state in model.states],
    }
