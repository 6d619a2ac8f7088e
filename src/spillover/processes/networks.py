"""Networks: who carries drugs and arms north, where they believe they lose, which way they take.

Idea: a network buys in its border province and keeps to one way until what it knows of losses
makes another one better (paper:magliocca2019, A-TRAFFICKERS). It sees under one loss a year of its
own, so it also learns from what others say. Profit draws new networks; poor ones close. Ways are
places in order and never an outcome.

Equations (docs/odd.md, "networks"):
    V1  a network without goods on the way closes when poor or by hazard; new ones ~
        Poisson(founding x profit per network relative to August 2021 x share of free slots)
    V2  belief: a loss moves the risk of its edge a step to 1; every 4 weeks all risks move a step
        to what all networks saw, (hits + a) / (passages + b)
    V3  every 4 weeks a network draws its way with weight exp(appeal - weight x (believed loss -
        loss believed at the start))
    V4  opiates go north, west or south with shares s ~ s0 exp(-response x (lost - lost at start))
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    DECISION_WEEKS,
    N_NETWORK_SLOTS,
    Counts,
    Flags,
    Floats,
    State,
    due_slots,
    home_weight,
    rows,
    way_appeal,
)
from spillover.streams import Streams, purpose
from spillover.world.routes import Routes, routes

NAME = "networks"
READS = (
    "network_home", "network_capital_usd", "network_path", "network_risk", "consignment_network",
    "edge_hits", "edge_arrivals", "route_profit", "route_profit_usual", "week_loss",
)  # fmt: skip
WRITES = (
    "network_home", "network_capital_usd", "network_path", "network_risk", "route_share",
)  # fmt: skip

HOMES = purpose("networks/homes")
FIRST_WAYS = purpose("networks/first_ways")
FOUNDED = purpose("networks/founded")
TURNS = purpose("networks/turns")

NEAR_CERTAIN = 1.0 - 1e-12  # a believed risk of 1 would have an infinite hazard


@dataclass(frozen=True, slots=True)
class Info:
    """Networks founded, closed and refused for want of a slot, and their money [r]."""

    founded: Counts
    closed: Counts
    slots_refused: Counts
    founding_usd: Counts
    closed_usd: Counts


def pooled_risk(hits: Floats, arrivals: Floats, par: Any) -> Floats:
    """V2: what all networks together have seen of each edge [r, e]."""
    passages = par.pooled_hits / par.start_risk
    return (hits + par.pooled_hits) / (arrivals + passages)


def learn(state: State, due: slice, new: Flags, pace: float, par: Any) -> Floats:
    """V2: beliefs after last week's own losses and, in its turn, the news [r, n, e].

    Args:
        state: the world.
        due: slots whose turn it is; a new network takes over the common belief.
        new: which of them are new [r, d].
        pace: 1, or 0 where nobody learns.
        par: parameters of this process.
    """
    pooled = pooled_risk(state.edge_hits, state.edge_arrivals, par)
    if pace == 0.0:
        pooled = np.full_like(pooled, par.start_risk)
    risk = state.network_risk.copy()
    row, network = np.nonzero(state.week_loss)
    where = (row, network, state.week_loss[row, network] - 1)
    risk[where] += pace * par.own_learning * (1.0 - risk[where])
    mine = risk[:, due]  # a view: what follows changes `risk`
    mine += pace * (1.0 - (1.0 - par.pooling) ** DECISION_WEEKS) * (pooled[:, None, :] - mine)
    row, slot = np.nonzero(new)
    mine[row, slot] = pooled[row]
    return risk


def way_loss(risk: Floats, ways: Routes) -> Floats:
    """V3: believed probability of losing a consignment on each way [r, n, w]."""
    believed = np.minimum(risk, NEAR_CERTAIN)
    return rates.probability(np.matmul(-np.log1p(-believed), ways.incidence))


def draw_way(u: Floats, home: Counts, risk: Floats, ways: Routes, view: Any) -> Counts:
    """V3: the way of each network [r, n] of a home, given what it believes; 0 for free slots."""
    weight = view.networks.risk_weight * view.structure.coupling.border_displacement
    used = home >= 0
    at_start = 1.0 - (1.0 - view.networks.start_risk) ** ways.way_legs  # what appeal includes
    fear = way_loss(risk, ways)[used] - at_start
    wish = way_appeal(ways, view.networks)[home[used]] - weight * fear
    way = np.zeros(home.shape, dtype=np.int64)
    if not used.any():
        return way
    way[used] = rates.choose(u[used], np.exp(wish - wish.max(axis=1, keepdims=True)))
    return way


def founding_mean(state: State, view: Any) -> Floats:
    """V1: expected new networks of the week [r]."""
    par = view.networks
    n = (state.network_home >= 0).sum(axis=1)
    earned = state.route_profit.sum(axis=1) / np.maximum(n, 1)
    usual = state.route_profit_usual.sum(axis=1) / par.networks_start
    pull = earned / np.maximum(usual, 1e-12)
    return par.founding / WEEKS_PER_YEAR * pull * np.maximum(1.0 - n / N_NETWORK_SLOTS, 0.0)


def ending(state: State, u: Floats, due: slice, par: Any) -> Flags:
    """V1: which networks of the turn close [r, d]; none while it has goods on the way."""
    carries = np.zeros(state.network_home.shape, dtype=bool)
    row, slot = np.nonzero(state.consignment_network >= 0)
    carries[row, state.consignment_network[row, slot]] = True
    hazard = rates.probability(par.closing_hazard * DECISION_WEEKS / WEEKS_PER_YEAR)
    poor = state.network_capital_usd[:, due] < par.least_capital
    idle = (state.network_home[:, due] >= 0) & ~carries[:, due]
    return idle & (poor | (u < hazard))


def first_routes(view: Any) -> Floats:
    """V4: shares of north, west and south in August 2021."""
    north, west = view.trafficking.north_share, view.networks.west_of_rest
    return np.array([north, (1.0 - north) * west, (1.0 - north) * (1.0 - west)])


def split_routes(hits: Floats, arrivals: Floats, ways: Routes, view: Any) -> Floats:
    """V4: shares of the three routes [r, t] after what was lost on the northern one."""
    par, usual = view.networks, view.interdiction.interception
    entries = np.take(arrivals, ways.link_edge, axis=1).sum(axis=1)
    lost = (hits.sum(axis=1) + par.record_weight * usual) / (entries + par.record_weight)
    response = par.route_response * view.structure.coupling.border_displacement
    weight = first_routes(view) * np.ones((len(hits), 1))
    weight[:, 0] *= np.exp(-response * (lost - usual))
    return weight / weight.sum(axis=1, keepdims=True)


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """The networks of August 2021: homes and ways drawn by weight, even capital and beliefs."""
    par, ways = view.networks, routes(view.world)
    slot = np.arange(N_NETWORK_SLOTS)
    used = slot < int(par.networks_start) * (ways.n_ways > 0)  # nobody without a way
    u = streams.uniform(HOMES, 0, N_NETWORK_SLOTS)
    weight = home_weight(view)
    home = np.where(used, rates.choose(u, np.broadcast_to(weight, (*u.shape, len(weight)))), -1)
    risk = rows(streams, np.full((N_NETWORK_SLOTS, ways.n_edges), par.start_risk))
    u = streams.uniform(FIRST_WAYS, 0, N_NETWORK_SLOTS)
    return {
        "network_home": home,
        "network_capital_usd": rows(streams, np.where(used, int(par.working_capital), 0)),
        "network_path": draw_way(u, home, risk, ways, view),
        "network_risk": risk,
        "route_share": rows(streams, first_routes(view)),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the quarter of the slots whose turn it is."""
    par, ways, due = view.networks, routes(view.world), due_slots(week, N_NETWORK_SLOTS)
    home, money = state.network_home.copy(), state.network_capital_usd.copy()
    n_due = home[:, due].shape[1]
    u_home, u_way, u_end = np.split(streams.uniform(TURNS, week, 3 * n_due), 3, axis=1)
    ends = ending(state, u_end, due, par)
    lost = np.where(ends, money[:, due], 0)

    wanted = rates.poisson(streams.uniform(FOUNDED, week, 1)[:, 0], founding_mean(state, view))
    free = (home[:, due] < 0) | ends
    new = free & (np.cumsum(free, axis=1) <= wanted[:, None])
    founded, capital = new.sum(axis=1), int(par.founding_capital)
    place = np.where(ends, -1, home[:, due])
    weight = home_weight(view)
    place[new] = rates.choose(u_home[new], np.broadcast_to(weight, (int(new.sum()), len(weight))))
    home[:, due] = place
    money[:, due] = np.where(new, capital, money[:, due] - lost)

    is_fixed = view.structure.rival.routes == 1
    risk = learn(state, due, new, 1.0 - is_fixed, par)
    path = state.network_path.copy()
    drawn = draw_way(u_way, place, risk[:, due], ways, view)
    path[:, due] = np.where(new | (not is_fixed), drawn, path[:, due])
    info = Info(
        founded=founded, closed=ends.sum(axis=1), slots_refused=wanted - founded,
        founding_usd=founded * capital, closed_usd=lost.sum(axis=1),
    )  # fmt: skip
    changed = state.replace(
        network_home=home,
        network_capital_usd=money,
        network_path=path,
        network_risk=risk,
        route_share=split_routes(state.edge_hits, state.edge_arrivals, ways, view),
    )
    return changed, info
