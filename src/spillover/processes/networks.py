"""Networks: who carries drugs and arms north, where they believe they lose, which way they take.

Idea: a network buys in its border province and sees under one loss a year of its own, so it also
learns from what others say. Every four weeks it weighs up whether to take on more, to look for
another way or to pull back and save: who holds more than others while trade goes well grows, who
has reason to fear for his way shifts, the rest shrinks (paper:magliocca2019, A-TRAFFICKERS). Profit
draws new networks; poor ones close. Ways are places in order and never an outcome.

Equations (docs/odd.md, "networks"):
    V1  a network without goods on the way closes when poor or by hazard; new ones ~
        Poisson(founding x profit per network relative to August 2021 x share of free slots)
    V2  belief: a loss moves the risk of its edge a step to 1; every 4 weeks all risks move a step
        to what all networks saw, (hits + a x start) / (passages + a)
    V3  fear = weight x (believed loss - loss believed at the start); who shifts draws a way with
        weight exp(appeal - fear)
    V4  opiates go north, west or south with shares s ~ s0 exp(-response x (lost - lost at start))
    V5  every 4 weeks: expand : shift : consolidate ~ w/2 exp(s gain) : (1 - w) exp(fear of its way)
        : w/2 exp(-s gain), gain = ln(money / its geometric mean) + ln(profit / that of 2021)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.clock import WEEKS_PER_YEAR
from spillover.northern_route import (
    NEAR_CERTAIN,
    first_loss,
    first_risk,
    home_weight,
    uses_edge,
    way_appeal,
)
from spillover.state import (
    DECISION_WEEKS,
    N_NETWORK_SLOTS,
    SHIFT,
    Codes,
    Counts,
    Flags,
    Floats,
    State,
    due_slots,
    rows,
    tally,
)
from spillover.streams import Streams, purpose
from spillover.world.routes import Routes, routes

NAME = "networks"
READS = (
    "network_home", "network_capital_usd", "network_path", "network_mode", "network_risk",
    "consignment_network", "edge_hits", "edge_arrivals", "route_profit", "route_profit_usual",
    "week_loss",
)  # fmt: skip
WRITES = (
    "network_home", "network_capital_usd", "network_path", "network_mode", "network_risk",
    "route_share",
)  # fmt: skip

HOMES = purpose("networks/homes")
FIRST_WAYS = purpose("networks/first_ways")
FOUNDED = purpose("networks/founded")
TURNS = purpose("networks/turns")


@dataclass(frozen=True, slots=True)
class Info:
    """Networks founded, closed and refused for want of a slot, and their money [r]."""

    founded: Counts
    closed: Counts
    slots_refused: Counts
    founding_usd: Counts
    closed_usd: Counts


def pooled_risk(hits: Floats, arrivals: Floats, start: Floats, par: Any) -> Floats:
    """V2: what all networks together have seen of each edge [r, e]."""
    return (hits + par.pooled_passages * start) / (arrivals + par.pooled_passages)


def on_the_way(state: State) -> Counts:
    """Consignments of each network that are on the way [r, n]."""
    row, slot = np.nonzero(state.consignment_network >= 0)
    owner = state.consignment_network[row, slot]
    return tally(row, owner, None, *state.network_home.shape)


def learn(state: State, due: slice, new: Flags, carried: Counts, view: Any) -> Floats:
    """V2: beliefs after last week's own losses and, in its turn, what came through [r, n, e].

    Args:
        state: the world.
        due: slots whose turn it is; a new network takes over the common belief.
        new: which of them are new [r, d].
        carried: consignments of them that are on the way [r, d].
        view: parameters; where routes are fixed nobody learns.
    """
    par, is_fixed = view.networks, view.structure.rival.routes == 1
    first = first_risk(view.world, view.interdiction, par)
    risk = state.network_risk.copy()
    mine = risk[:, due]  # a view: what follows changes `risk`
    if is_fixed:
        mine[new] = first
        return risk
    pooled = pooled_risk(state.edge_hits, state.edge_arrivals, first, par)
    row, network = np.nonzero(state.week_loss)
    where = (row, network, state.week_loss[row, network] - 1)
    risk[where] += par.own_learning * (1.0 - risk[where])
    kept = (1.0 - par.pooling) ** DECISION_WEEKS  # of what a network believed itself
    confident = kept * (1.0 - par.own_learning) ** carried
    own = uses_edge(routes(view.world))[state.network_path[:, due]]
    mine *= np.where(own, confident[:, :, None], kept)
    mine += (1.0 - kept) * pooled[:, None, :]
    row, slot = np.nonzero(new)
    mine[row, slot] = pooled[row]
    return risk


def fear(risk: Floats, ways: Routes, view: Any) -> Floats:
    """V3: appeal that each way has lost by what is believed of it now [r, n, w]."""
    weight = view.networks.risk_weight * view.structure.coupling.border_displacement
    through = np.log(1.0 - np.minimum(risk, NEAR_CERTAIN))
    lost = -np.expm1(np.matmul(through, ways.incidence))
    return weight * (lost - first_loss(view.world, view.interdiction, view.networks))


def draw_way(u: Floats, home: Counts, feared: Floats, ways: Routes, view: Any) -> Counts:
    """V3: the way that each network of a home [...] draws, fearing ways [..., w]."""
    wish = way_appeal(ways, view.networks)[home] - feared
    return rates.choose(u, np.exp(wish - wish.max(axis=-1, keepdims=True, initial=-np.inf)))


def pull(state: State, par: Any) -> Floats:
    """Profit per network relative to August 2021 [r]: draws new ones, and old ones to grow."""
    n = (state.network_home >= 0).sum(axis=1)
    earned = state.route_profit.sum(axis=1) / np.maximum(n, 1)
    usual = state.route_profit_usual.sum(axis=1) / par.networks_start
    return earned / np.maximum(usual, 1e-12)


def gain(state: State, due: slice, par: Any) -> Floats:
    """V5: log of money over its geometric mean, plus that of the pull of trade [r, d].

    Money below which an idle network closes counts as that much.
    """
    held = np.log(np.maximum(state.network_capital_usd, max(par.least_capital, 1.0)))
    used = state.network_home >= 0
    mean = (held * used).sum(axis=1) / np.maximum(used.sum(axis=1), 1)
    better: Floats = held[:, due] - mean[:, None]
    return better + np.log(np.maximum(pull(state, par), 1e-12))[:, None]


def decide(u: Floats, better: Floats, feared: Floats, par: Any) -> Codes:
    """V5: consolidate, shift or expand [...], given gain and fear of the own way."""
    weighs = np.array([0.5 * par.weighing, 1.0 - par.weighing, 0.5 * par.weighing])
    push = par.size_response * better
    wish = np.stack([-push, feared, push], axis=-1)
    odds = weighs * np.exp(wish - wish.max(axis=-1, keepdims=True))
    return rates.choose(u, odds).astype(np.int8)


def founding_mean(state: State, par: Any) -> Floats:
    """V1: expected new networks of the week [r]."""
    room = np.maximum(1.0 - (state.network_home >= 0).sum(axis=1) / N_NETWORK_SLOTS, 0.0)
    return par.founding / WEEKS_PER_YEAR * pull(state, par) * room


def ending(state: State, u: Floats, due: slice, carried: Counts, par: Any) -> Flags:
    """V1: which networks of the turn close [r, d]; none while it has goods on the way."""
    hazard = rates.probability(par.closing_hazard * DECISION_WEEKS / WEEKS_PER_YEAR)
    poor = state.network_capital_usd[:, due] < par.least_capital
    idle = (state.network_home[:, due] >= 0) & (carried == 0)
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
    weight = home_weight(view.world, par)
    u = streams.uniform(HOMES, 0, N_NETWORK_SLOTS)
    home = np.where(used, rates.choose(u, np.broadcast_to(weight, (*u.shape, len(weight)))), -1)
    u, way = streams.uniform(FIRST_WAYS, 0, N_NETWORK_SLOTS), np.zeros_like(home)
    way[:, used] = draw_way(u[:, used], home[:, used], np.zeros(ways.n_ways), ways, view)
    risk = first_risk(view.world, view.interdiction, par)
    return {
        "network_home": home,
        "network_capital_usd": rows(streams, np.where(used, int(par.working_capital), 0)),
        "network_path": way,
        "network_mode": rows(streams, np.full(N_NETWORK_SLOTS, SHIFT, dtype=np.int8)),
        "network_risk": rows(streams, np.broadcast_to(risk, (N_NETWORK_SLOTS, len(risk)))),
        "route_share": rows(streams, first_routes(view)),
    }


def turn(
    state: State, due: slice, home: Counts, new: Flags, risk: Floats, u: tuple[Floats, Floats],
    view: Any,
) -> tuple[Codes, Counts]:  # fmt: skip
    """V5, V3: what the slots of the turn decide, and the ways they are on after it [r, d].

    Args:
        state: the world before the turn.
        due: slots whose turn it is.
        home: their homes [r, d], -1 = free.
        new: which of them are new [r, d].
        risk: their beliefs [r, d, e].
        u: uniform numbers of the decision and of the way [r, d].
        view: parameters.
    """
    ways, is_fixed = routes(view.world), view.structure.rival.routes == 1
    way = state.network_path[:, due].copy()
    mode = np.full(home.shape, SHIFT, dtype=np.int8)
    feared, old = fear(risk, ways, view), (home >= 0) & ~new
    row, slot = np.nonzero(old)
    better = gain(state, due, view.networks)[row, slot]
    mode[old] = decide(u[0][old], better, feared[row, slot, way[row, slot]], view.networks)
    draws = new | (old & (mode == SHIFT) & (not is_fixed))
    way[draws] = draw_way(u[1][draws], home[draws], feared[draws], ways, view)
    return mode, way


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the quarter of the slots whose turn it is."""
    par, ways, due = view.networks, routes(view.world), due_slots(week, N_NETWORK_SLOTS)
    home, money = state.network_home.copy(), state.network_capital_usd.copy()
    n_due = home[:, due].shape[1]
    u_first, u_way, u_end = np.split(streams.uniform(TURNS, week, 3 * n_due), 3, axis=1)
    carried = on_the_way(state)[:, due]
    ends = ending(state, u_end, due, carried, par)
    lost = np.where(ends, money[:, due], 0)

    wanted = rates.poisson(streams.uniform(FOUNDED, week, 1)[:, 0], founding_mean(state, par))
    free = (home[:, due] < 0) | ends
    new = free & (np.cumsum(free, axis=1) <= wanted[:, None])
    founded, capital = new.sum(axis=1), int(par.founding_capital)
    place = np.where(ends, -1, home[:, due])
    weight = home_weight(view.world, par)
    place[new] = rates.choose(u_first[new], np.broadcast_to(weight, (int(new.sum()), len(weight))))
    home[:, due] = place
    money[:, due] = np.where(new, capital, money[:, due] - lost)

    risk, path, mode = (
        learn(state, due, new, carried, view),
        state.network_path.copy(),
        state.network_mode,
    )
    mode = mode.copy()
    mode[:, due], path[:, due] = turn(state, due, place, new, risk[:, due], (u_first, u_way), view)
    info = Info(
        founded=founded, closed=ends.sum(axis=1), slots_refused=wanted - founded,
        founding_usd=founded * capital, closed_usd=lost.sum(axis=1),
    )  # fmt: skip
    changed = state.replace(
        network_home=home,
        network_capital_usd=money,
        network_path=path,
        network_mode=mode,
        network_risk=risk,
        route_share=split_routes(state.edge_hits, state.edge_arrivals, ways, view),
    )
    return changed, info
