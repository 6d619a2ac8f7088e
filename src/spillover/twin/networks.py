"""Trafficking networks and their choices; docs/odd.md, "networks" (V1 to V4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spillover.axes import ROUTES
from spillover.twin.agents import Province
from spillover.twin.agents_route import N_NETWORK_SLOTS, TraffickingNetwork, Way
from spillover.twin.arithmetic import Y, p, softmax
from spillover.twin.route_signs import appeal, home_weight, loss_probability

if TYPE_CHECKING:
    from spillover.twin.draws import Stream
    from spillover.twin.model import TwinModel

NAME = "networks"
TURN_WEEKS = 4
PER_TURN = N_NETWORK_SLOTS // TURN_WEEKS
NOBODY_LEARNS = 1  # structure.rival.routes


def start(model: TwinModel) -> None:
    """Networks of August 2021, each with a home and a way; nothing known of losses."""
    par, route = model.view.networks, model.route
    homes = model.stream("networks/homes", N_NETWORK_SLOTS)
    ways = model.stream("networks/first_ways", N_NETWORK_SLOTS)
    for slot in range(int(par.networks_start) if route.ways else 0):
        home = _choose_home(model, homes, slot)
        unknown = [par.start_risk] * len(route.edges)
        way = _choose_way(model, ways, slot, home, unknown)
        money = int(par.working_capital)
        route.networks[slot] = TraffickingNetwork(model, slot, home, way, money, par.start_risk)
    _split_routes(model)


def step(model: TwinModel) -> None:
    """One week."""
    turn = [n for n in range(N_NETWORK_SLOTS) if (n + model.week) % TURN_WEEKS == 0]
    draws = model.stream("networks/turns", 3 * PER_TURN)  # home, way, end
    n_before = len(model.route.at_work())
    _close(model, draws, turn)
    founded = _found(model, draws, turn, n_before)
    if model.view.structure.rival.routes == NOBODY_LEARNS:
        movers = founded
    else:
        _learn(model, turn, founded)
        movers = [n for n in model.route.at_work() if n.index in turn]
    for network in movers:
        slot = PER_TURN + turn.index(network.index)
        network.way = _choose_way(model, draws, slot, network.home, network.risk)
    _split_routes(model)


def _close(model: TwinModel, draws: Stream, turn: list[int]) -> None:
    """V1: poor networks and some others give up, when nothing of theirs is on the way."""
    par, route = model.view.networks, model.route
    tired = p(par.closing_hazard * TURN_WEEKS / Y)
    closed = gone = 0
    for position, slot in enumerate(turn):
        network = route.networks[slot]
        if network is None or network.is_waiting():
            continue
        is_poor = network.capital_usd < par.least_capital
        if is_poor or draws.is_hit(2 * PER_TURN + position, tired):
            closed, gone = closed + 1, gone + network.capital_usd
            network.remove()
            route.networks[slot] = None
    model.flows |= {"closed": closed, "closed_usd": gone}


def _found(
    model: TwinModel, draws: Stream, turn: list[int], n_before: int
) -> list[TraffickingNetwork]:
    """V1: profit draws new networks into the free slots of the turn."""
    par, route = model.view.networks, model.route
    each = sum(state.route_profit for state in model.states) / max(n_before, 1)
    usual = sum(state.usual_profit for state in model.states) / par.networks_start
    room = max(1.0 - n_before / N_NETWORK_SLOTS, 0.0)
    wish = model.stream("networks/founded", 1)
    wanted = wish.poisson(0, par.founding / Y * each / max(usual, 1e-12) * room)
    founded: list[TraffickingNetwork] = []
    for position, slot in enumerate(turn):
        if len(founded) < wanted and route.networks[slot] is None:
            home = _choose_home(model, draws, position)
            money = int(par.founding_capital)
            network = TraffickingNetwork(
                model, slot, home, route.ways[0], money, par.start_risk
            )  # it draws its way in V3
            route.networks[slot] = network
            founded.append(network)
    model.flows |= {
        "founded": len(founded),
        "slots_refused": wanted - len(founded),
        "founding_usd": sum(network.capital_usd for network in founded),
    }
    return founded


def _learn(model: TwinModel, turn: list[int], founded: list[TraffickingNetwork]) -> None:
    """V2."""
    par, route = model.view.networks, model.route
    pooled = [
        (edge.hits + par.pooled_hits) / (edge.arrivals + par.pooled_hits / par.start_risk)
        for edge in route.edges
    ]
    pace = 1.0 - (1.0 - par.pooling) ** TURN_WEEKS
    for network in route.at_work():
        if network in founded:
            network.risk = list(pooled)
            continue
        lost_on = route.losses[network.index]
        if lost_on is not None:
            e = lost_on.index
            network.risk[e] += par.own_learning * (1.0 - network.risk[e])
        if network.index in turn:
            network.risk = [
                own + pace * (common - own)
                for own, common in zip(network.risk, pooled, strict=True)
            ]


def _choose_home(model: TwinModel, draws: Stream, slot: int) -> Province:
    weights = [home_weight(model, province) for province in model.provinces]
    return model.provinces[draws.choose(slot, weights)]


def _choose_way(
    model: TwinModel, draws: Stream, slot: int, home: Province, risk: Sequence[float]
) -> Way:
    """V3."""
    view, ways = model.view, model.route.ways
    care = view.structure.coupling.border_displacement * view.networks.risk_weight
    unknown = [view.networks.start_risk] * len(risk)
    scores = []
    for way in ways:
        fear = loss_probability(way, risk) - loss_probability(way, unknown)
        scores.append(appeal(model, way, home) - care * fear)
    return ways[draws.choose(slot, softmax(scores))]


def _split_routes(model: TwinModel) -> None:
    """V4."""
    view, edges = model.view, model.route.edges
    par, usual = view.networks, view.interdiction.interception
    hits = sum(edge.hits for edge in edges) + par.record_weight * usual
    entered = sum(edge.arrivals for edge in edges if edge.link is not None)
    lost = hits / (entered + par.record_weight)
    north = view.trafficking.north_share
    yields = par.route_response * view.structure.coupling.border_displacement * (lost - usual)
    weights = [
        north * math.exp(-yields),
        (1.0 - north) * par.west_of_rest,
        (1.0 - north) * (1.0 - par.west_of_rest),
    ]
    for name, weight in zip(ROUTES, weights, strict=True):
        model.route.share[name] = weight / sum(weights)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    route = model.route
    slots, nothing = route.networks, [0.0] * len(route.edges)
    return {
        "network_home": [n.home.index if n else -1 for n in slots],
        "network_capital_usd": [n.capital_usd if n else 0 for n in slots],
        "network_path": [n.way.index if n else 0 for n in slots],
        "network_risk": [n.risk if n else nothing for n in slots],
        "route_share": list(route.share.values()),
    }
