"""Trafficking networks and their choices; docs/odd.md, "networks" (V1 to V5)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spillover.axes import ROUTES
from spillover.twin.agents import Province
from spillover.twin.agents_route import (
    N_NETWORK_SLOTS,
    NETWORK_MODES,
    SHIFT,
    TraffickingNetwork,
    Way,
)
from spillover.twin.arithmetic import Y, p, softmax
from spillover.twin.route_signs import LEAST, appeal, first_risk, home_weight, loss_probability

if TYPE_CHECKING:
    from spillover.twin.draws import Stream
    from spillover.twin.model import TwinModel

NAME = "networks"
TURN_WEEKS = 4
PER_TURN = N_NETWORK_SLOTS // TURN_WEEKS
NOBODY_LEARNS = 1  # structure.rival.routes


def start(model: TwinModel) -> None:
    """Networks of August 2021, each with a home and a way; nothing learnt yet."""
    par, route = model.view.networks, model.route
    homes = model.stream("networks/homes", N_NETWORK_SLOTS)
    ways = model.stream("networks/first_ways", N_NETWORK_SLOTS)
    first, money = first_risk(model), int(par.working_capital)
    for slot in range(int(par.networks_start) if route.ways else 0):
        home = _choose_home(model, homes, slot)
        way = _choose_way(model, ways, slot, home, [0.0] * len(route.ways))
        route.networks[slot] = TraffickingNetwork(model, slot, home, way, money, first)
    _split_routes(model)


def step(model: TwinModel) -> None:
    """One week."""
    turn = [n for n in range(N_NETWORK_SLOTS) if (n + model.week) % TURN_WEEKS == 0]
    draws = model.stream("networks/turns", 3 * PER_TURN)  # home or decision, way, end
    first = first_risk(model)
    n_before, trade, usual_money = len(model.route.at_work()), _pull(model), _usual_money(model)
    _close(model, draws, turn)
    room = max(1.0 - n_before / N_NETWORK_SLOTS, 0.0)
    founded = _found(model, draws, turn, first, trade * room)
    is_fixed = model.view.structure.rival.routes == NOBODY_LEARNS
    if not is_fixed:
        _learn(model, turn, founded, first)
    for network in model.route.at_work():
        if network.index not in turn:
            continue
        position = turn.index(network.index)
        fears = _fears(model, network, first)
        if network not in founded:
            gain = _log_money(model, network) - usual_money + math.log(max(trade, LEAST))
            network.mode = _decide(model, draws, position, gain, fears[network.way.index])
        if network in founded or (network.mode == SHIFT and not is_fixed):
            network.way = _choose_way(model, draws, PER_TURN + position, network.home, fears)
    _split_routes(model)


def _pull(model: TwinModel) -> float:
    """pull of V1: profit per network relative to August 2021."""
    n = max(len(model.route.at_work()), 1)
    each = sum(state.route_profit for state in model.states) / n
    usual = sum(state.usual_profit for state in model.states) / model.view.networks.networks_start
    return each / max(usual, LEAST)


def _log_money(model: TwinModel, network: TraffickingNetwork) -> float:
    """Log of what a network holds, or of what it closes at if that is more."""
    return math.log(max(network.capital_usd, model.view.networks.least_capital, 1.0))


def _usual_money(model: TwinModel) -> float:
    """Mean log of what networks hold."""
    networks = model.route.at_work()
    return sum(_log_money(model, one) for one in networks) / max(len(networks), 1)


def _decide(model: TwinModel, draws: Stream, slot: int, gain: float, fear: float) -> str:
    """V5."""
    par = model.view.networks
    push = par.size_response * gain
    wishes = [-push, fear, push]
    weights = [par.weighing / 2, 1.0 - par.weighing, par.weighing / 2]
    odds = [w * math.exp(x - max(wishes)) for w, x in zip(weights, wishes, strict=True)]
    return NETWORK_MODES[draws.choose(slot, odds)]


def _close(model: TwinModel, draws: Stream, turn: list[int]) -> None:
    """V1: poor networks and some others give up, when nothing of theirs is on the way."""
    par, route = model.view.networks, model.route
    tired = p(par.closing_hazard * TURN_WEEKS / Y)
    closed = gone = 0
    for position, slot in enumerate(turn):
        network = route.networks[slot]
        if network is None or network.carried():
            continue
        is_poor = network.capital_usd < par.least_capital
        if is_poor or draws.is_hit(2 * PER_TURN + position, tired):
            closed, gone = closed + 1, gone + network.capital_usd
            network.remove()
            route.networks[slot] = None
    model.flows |= {"closed": closed, "closed_usd": gone}


def _found(
    model: TwinModel, draws: Stream, turn: list[int], first: list[float], pull: float
) -> list[TraffickingNetwork]:
    """V1: profit draws new networks into the free slots of the turn."""
    par, route = model.view.networks, model.route
    wanted = model.stream("networks/founded", 1).poisson(0, par.founding / Y * pull)
    founded: list[TraffickingNetwork] = []
    for position, slot in enumerate(turn):
        if len(founded) < wanted and route.networks[slot] is None:
            home = _choose_home(model, draws, position)
            money = int(par.founding_capital)
            network = TraffickingNetwork(model, slot, home, route.ways[0], money, first)
            route.networks[slot] = network  # it draws its way in V3
            founded.append(network)
    model.flows |= {
        "founded": len(founded),
        "slots_refused": wanted - len(founded),
        "founding_usd": sum(network.capital_usd for network in founded),
    }
    return founded


def _learn(
    model: TwinModel, turn: list[int], founded: list[TraffickingNetwork], first: list[float]
) -> None:
    """V2."""
    par, route = model.view.networks, model.route
    many = par.pooled_passages
    pooled = [
        (edge.hits + many * start) / (edge.arrivals + many)
        for edge, start in zip(route.edges, first, strict=True)
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
        if network.index not in turn:
            continue
        for edge in set(network.way.edges):
            network.risk[edge.index] *= (1.0 - par.own_learning) ** network.carried()
        network.risk = [
            own + pace * (common - own) for own, common in zip(network.risk, pooled, strict=True)
        ]


def _fears(model: TwinModel, network: TraffickingNetwork, first: list[float]) -> list[float]:
    """fear_w of V3."""
    view = model.view
    care = view.structure.coupling.border_displacement * view.networks.risk_weight
    return [
        care * (loss_probability(way, network.risk) - loss_probability(way, first))
        for way in model.route.ways
    ]


def _choose_home(model: TwinModel, draws: Stream, slot: int) -> Province:
    weights = [home_weight(model, province) for province in model.provinces]
    return model.provinces[draws.choose(slot, weights)]


def _choose_way(
    model: TwinModel, draws: Stream, slot: int, home: Province, fears: Sequence[float]
) -> Way:
    """V3."""
    ways = model.route.ways
    scores = [appeal(model, way, home) - fear for way, fear in zip(ways, fears, strict=True)]
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
        "network_mode": [NETWORK_MODES.index(n.mode if n else SHIFT) for n in slots],
        "network_risk": [n.risk if n else nothing for n in slots],
        "route_share": list(route.share.values()),
    }
