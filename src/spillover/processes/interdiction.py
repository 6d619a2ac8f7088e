"""Interdiction: what the drug services of the five states do, and what bribes undo.

Idea: services catch a few per cent of what passes (calibration:interception_rate), most of it at
the Afghan border, and put their people where they last found something (paper:magliocca2019).
Trafficking corrupts the services that should stop it (M-NORTHERN-ROUTE-CORRUPTION,
M-DRUGS-STATE-CAPACITY). Level and effect are separate: the share seized in August 2021 is a
parameter, everything else moves it.

Equations (docs/odd.md, "interdiction"):
    J1  every 4 weeks patrols of a state move toward remembered seizures, between a floor and a
        cap, their sum constant
    J2  corruption += speed (sigma(logit start + a ln(profit / that of 2021) - b integrity) -
        corruption)
    J3  hazard of an edge = eta x weight x effort x (patrols x border patrols)^a x (1 + sensors +
        joint patrols + exchange) x ease x (1 - corruption)
    J4  eta = -ln(1 - share seized in August 2021) / mean over ways of what J3 gives without it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import STATES
from spillover.clock import BRANCH_DATE, WEEKS_PER_YEAR, week_index
from spillover.northern_route import edge_strength, eta, first_way_shares
from spillover.state import Floats, State, rows
from spillover.streams import Streams
from spillover.world.routes import INTO_RUSSIA, Routes, routes

NAME = "interdiction"
READS = (
    "edge_patrol", "edge_hits", "corruption", "route_profit", "route_profit_usual", "delivered",
    "link_patrols",
)  # fmt: skip
WRITES = ("edge_patrol", "edge_hazard", "corruption", "route_profit_usual")

REALLOCATION_WEEKS = 4  # as for border posts
SEASON = 13.0  # weeks over which the share of `learning` is moved
BRANCH_WEEK = week_index(BRANCH_DATE)  # what services do from here on is a scenario


@dataclass(frozen=True, slots=True)
class Info:
    """Mean hazard of a seizure on the edges that each state guards [r, c]."""

    edge_hazard_mean: Floats


def hazard(state: State, week: int, ways: Routes, view: Any, corruption: Floats) -> Floats:
    """J3: hazard that a consignment is seized on each edge [r, e]."""
    par, owner = view.interdiction, ways.edge_state
    growth = (1.0 + par.effort_growth) ** (min(week, BRANCH_WEEK) / WEEKS_PER_YEAR)
    growth *= (1.0 + par.effort_growth_later) ** (max(week - BRANCH_WEEK, 0) / WEEKS_PER_YEAR)
    unit = eta(view.world, par, view.networks)
    base = unit * growth * par.posture[owner] * edge_strength(ways, par)
    patrol = state.edge_patrol.copy()
    gain = 1.0 + par.gain_from_exchange * state.lever("intelligence_sharing")[:, owner]
    link, world = ways.link_edge, view.world
    patrol[:, link] *= state.link_patrols / view.border.patrol_density[world.link_state]
    plain = 1.0 - world.link_difficulty
    sensors = state.lever("surveillance_technology")[:, world.link_state]
    partner = state.lever("joint_patrols")[:, world.link_state]
    gain[:, link] += par.gain_from_sensors * sensors * plain + par.gain_from_partner * partner
    return base * patrol**par.patrol_exponent * gain * (1.0 - corruption[:, owner])


def fit(patrol: Floats, floor: float, cap: float) -> Floats:
    """J1: patrols [r, e] between floor and cap with the same sum, which the cap must leave room."""
    inside = np.clip(patrol, floor, cap)
    missing = patrol.sum(axis=1, keepdims=True) - inside.sum(axis=1, keepdims=True)
    room = np.where(missing > 0.0, cap - inside, inside - floor)
    return inside + missing * room / np.maximum(room.sum(axis=1, keepdims=True), 1e-12)


def reallocate(patrol: Floats, hits: Floats, ways: Routes, par: Any) -> Floats:
    """J1: patrols of each state moved toward where it found something, mean 1 [r, e]."""
    out = patrol.copy()
    step = 1.0 - (1.0 - par.learning) ** (REALLOCATION_WEEKS / SEASON)
    for c in range(len(STATES)):
        mine = np.flatnonzero((ways.edge_state == c) & (ways.edge_kind != INTO_RUSSIA))
        seen = np.take(hits, mine, axis=1) + par.hits_prior  # take keeps rows whole, as sums need
        wish = seen * (len(mine) / np.maximum(seen.sum(axis=1, keepdims=True), 1e-12))
        held = np.take(patrol, mine, axis=1)
        moved = held + step * (wish - held)
        out[:, mine] = fit(moved, par.patrol_floor, par.patrol_cap)
    return out


def reference_margin(view: Any) -> float:
    """What all networks earned on the northern route in a week of August 2021, USD; drugs only."""
    trade, source = view.trafficking, view.opium
    opiates = source.demand * trade.north_share / trade.refining
    tonnes = np.array([opiates, source.meth_start * trade.meth_north_share, source.hashish_north])
    return float((tonnes * trade.margin[: len(tonnes)]).sum() * 1000.0 / WEEKS_PER_YEAR)


def reference_profit(ways: Routes, view: Any) -> Floats:
    """J2: what networks earned in each state in a week of August 2021 [c], USD."""
    first = first_way_shares(view.world, view.networks)
    share = (first[:, None] * ways.way_state_share).sum(axis=0)
    return share * reference_margin(view)


def corruption_target(profit: Floats, integrity: Floats, usual: Floats, par: Any) -> Floats:
    """J2: level that corruption tends to [r, c]."""
    floor = par.profit_floor * usual
    more = np.log(np.maximum(profit + floor, 1e-12) / np.maximum(usual + floor, 1e-12))
    return rates.logistic(
        rates.log_odds(par.corruption_start)
        + par.corruption_from_profit * more
        - par.corruption_loss_from_integrity * integrity
    )


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """Even patrols, and the corruption and profit of August 2021."""
    ways = routes(view.world)
    usual = reference_profit(ways, view)
    return {
        "edge_patrol": rows(streams, np.ones(ways.n_edges)),
        "edge_hazard": rows(streams, np.zeros(ways.n_edges)),
        "corruption": rows(streams, view.interdiction.corruption_start),
        "route_profit": rows(streams, usual),
        "route_profit_usual": rows(streams, usual),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance patrols, corruption and hazards by one week."""
    par, ways = view.interdiction, routes(view.world)
    if week % REALLOCATION_WEEKS == 0:
        moved = reallocate(state.edge_patrol, state.edge_hits, ways, par)
        state = state.replace(edge_patrol=moved)
    usual = state.route_profit_usual  # handed on, so that later prices are measured by it
    goal = corruption_target(state.route_profit, state.lever("anti_corruption"), usual, par)
    corruption = state.corruption + par.corruption_speed * (goal - state.corruption)
    found = hazard(state, week, ways, view, corruption)
    own = (ways.edge_state == np.arange(len(STATES))[:, None]) & (ways.edge_kind != INTO_RUSSIA)
    mean = (found[:, None, :] * own).sum(axis=2) / np.maximum(own.sum(axis=1), 1)
    changed = state.replace(edge_hazard=found, corruption=corruption, route_profit_usual=usual)
    return changed, Info(edge_hazard_mean=mean)
