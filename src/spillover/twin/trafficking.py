"""Consignments, money and fights on the northern route; docs/odd.md, "trafficking" (T1 to T6)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from spillover.axes import GOODS
from spillover.twin.agents import Province, State
from spillover.twin.agents_route import (
    ARMS,
    CONSOLIDATE,
    EXPAND,
    HASHISH,
    METH,
    N_CONSIGNMENT_SLOTS,
    OPIATES,
    Consignment,
    Edge,
    TraffickingNetwork,
)
from spillover.twin.arithmetic import clip, rint, split
from spillover.twin.route_signs import effort, margin_of, usual_profit
from spillover.twin.signs import lethality, lever_mean

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "trafficking"
SMOOTHING_WEEKS = 26
MOST_PATROLS = 3.0
MOST_SENT = {OPIATES: 32, METH: 8, HASHISH: 16, ARMS: 8}
N_PLACES = sum(MOST_SENT.values())
MONEY = (
    "revenue_usd", "purchase_usd", "bribes_usd", "frozen_usd", "running_usd", "payout_usd",
)  # fmt: skip


@dataclass
class Road:
    """What happened on the way this week."""

    begun: list[Consignment] = field(default_factory=list)  # on their first edge
    sold: list[Consignment] = field(default_factory=list)
    seized: dict[Consignment, Edge] = field(default_factory=dict)
    passages: dict[Edge, int] = field(default_factory=dict)
    seizures: dict[Edge, int] = field(default_factory=dict)


def start(model: TwinModel) -> None:
    """Empty roads; profit as usual."""
    for state in model.states:
        state.week_seizures = 0
        state.route_profit = usual_profit(model, state)
    model.isisk.week_flow_tax_usd = 0
    for group in model.groups:
        group.week_flow_tax_usd = 0


def step(model: TwinModel) -> None:
    """One week."""
    road = _travel(model)
    _fight(model, road)
    _settle_accounts(model, road)
    _smooth_profit(model, road)
    _count(model, road)
    sent = _send(model)
    _tax(model, sent)
    memory = model.view.trafficking.memory
    for edge in model.route.edges:
        edge.hits = memory * edge.hits + road.seizures.get(edge, 0)
        edge.arrivals = memory * edge.arrivals + road.passages.get(edge, 0)


def _travel(model: TwinModel) -> Road:
    """T3."""
    route, road = model.route, Road()
    draws = model.stream("trafficking/losses", N_CONSIGNMENT_SLOTS)
    legs = rint(model.view.trafficking.legs_per_week)
    for state in model.states:
        state.week_seizures = 0
    route.losses = [None] * len(route.losses)
    for load in route.on_the_way():
        luck = -math.log1p(-draws.uniform(load.index))
        ahead, met = load.way.edges[load.leg : load.leg + legs], 0.0
        if load.leg == 0:
            road.begun.append(load)
        load.leg += len(ahead)
        for edge in ahead:
            road.passages[edge] = road.passages.get(edge, 0) + 1
            met += edge.hazard
            if met >= luck:
                road.seized[load] = edge
                road.seizures[edge] = road.seizures.get(edge, 0) + 1
                edge.state.week_seizures += 1
                route.losses[load.network.index] = edge
                break
        else:
            if load.leg == len(load.way.edges):
                road.sold.append(load)
    for load in [*road.sold, *road.seized]:
        route.consignments[load.index] = None
        load.remove()
    return road


def _fight(model: TwinModel, road: Road) -> None:
    """T4; nobody of the model dies, so this is for the accounts only."""
    view = model.view
    par, n_l = view.trafficking, len(model.links)
    draws = model.stream("trafficking/firefights", 2 * n_l)
    fights, deaths = [0] * len(model.states), [0] * len(model.states)
    for edge in model.route.edges:
        if edge.link is None:
            continue
        state, l_ = edge.state, edge.link.index
        patrols = edge.patrol * edge.link.patrols / float(view.border.patrol_density[state.index])
        patrols *= effort(model, state) * float(view.interdiction.posture[state.index])
        chance = par.firefight_per_patrol * par.escort * min(patrols, MOST_PATROLS)
        here = draws.binomial(l_, road.passages.get(edge, 0), min(par.firefight_base + chance, 1.0))
        deadly = par.lethality * lethality(model, state)
        fights[state.index] += here
        deaths[state.index] += draws.poisson(n_l + l_, here * deadly)
    model.flows["firefights"], model.flows["firefight_deaths"] = fights, deaths


def _price(model: TwinModel, good: str) -> float:
    """price_g of T5."""
    par = model.view.trafficking
    price = float(par.processing_cost[GOODS.index(good)])
    if good == OPIATES:
        price += par.refining * model.opium_traders.price
    return price


def _settle_accounts(model: TwinModel, road: Road) -> None:
    """T5: what has ended is paid."""
    par, own = model.view.trafficking, model.view.networks
    booked = dict.fromkeys(MONEY, 0)
    for network in model.route.at_work():
        revenue = purchase = bribes = frozen = 0
        for load in [*road.sold, *road.seized]:
            if load.network is not network:
                continue
            cost = rint(load.amount * _price(model, load.good))
            purchase += cost
            if load not in road.sold:
                continue
            sales = cost + rint(load.amount * margin_of(model, load.good))
            states = load.way.states
            asked = sum(par.bribe_share * state.corruption for state in states)
            traced = sum(
                par.frozen_per_level * state.delivered["finance_tracking"] for state in states
            )
            revenue += sales
            bribes += rint(sales * asked)
            frozen += rint(sales * min(traced, 1.0))
        left = network.capital_usd + revenue
        booked["revenue_usd"] += revenue
        dues = (purchase, bribes, frozen, int(own.running_cost))
        for name, due in zip(MONEY[1:], dues, strict=False):
            paid = min(due, left)
            left -= paid
            booked[name] += paid
        spare = max(left - int(own.working_capital), 0)
        payout = 0 if network.mode == CONSOLIDATE else rint(own.payout * spare)
        network.capital_usd = left - payout
        booked["payout_usd"] += payout
    model.flows |= booked


def _smooth_profit(model: TwinModel, road: Road) -> None:
    """T5: margins earned in a state."""
    for state in model.states:
        earned = sum(
            load.amount * margin_of(model, load.good) * load.way.state_share[state.index]
            for load in road.sold
        )
        state.route_profit += (earned - state.route_profit) / SMOOTHING_WEEKS


def _count(model: TwinModel, road: Road) -> None:
    """Goods by state, good and region, for the accounts."""
    par, states = model.view.trafficking, model.states
    raw = dict.fromkeys(GOODS, 1.0) | {ARMS: 0.0}
    raw[OPIATES] = 1.0 - par.opium_share + par.opium_share * par.refining

    def table(loads: dict[Consignment, list[State]]) -> list[list[int]]:
        """Amounts [c, good] of consignments, each in the states where it counts."""
        return [
            [
                sum(load.amount for load in loads if load.good == good and state in loads[load])
                for good in GOODS
            ]
            for state in states
        ]

    seized = table({load: [edge.state] for load, edge in road.seized.items()})
    entered = [load for load in road.begun if road.seized.get(load) is not load.way.edges[0]]
    by_region = [0.0] * len(model.regions)
    for load, edge in road.seized.items():
        by_region[edge.region.index] += load.amount * raw[load.good]
    model.flows |= {
        "seized": seized,
        "seized_raw_kg": [
            [kg * raw[good] for kg, good in zip(row, GOODS, strict=True)] for row in seized
        ],
        "seized_region_kg": by_region,
        "entered": table({load: [load.way.entry] for load in entered}),
        "through": table({load: load.way.states for load in road.sold}),
        "delivered": [sum(x.amount for x in road.sold if x.good == good) for good in GOODS],
    }


def _offered(model: TwinModel) -> dict[str, int]:
    """T1."""
    par, makers = model.view.trafficking, model.laboratories
    shift = par.goods_shift * model.view.structure.coupling.border_displacement
    pressed = par.north_share / max(model.route.share["north"], 1e-12)
    north = par.meth_north_share * pressed**shift
    opium = rint(model.route.share["north"] * model.opium_traders.week_sold_kg)
    model.flows["opium_north_kg"] = opium
    return {
        OPIATES: rint(opium / par.refining),
        METH: rint(min(north, 1.0) * makers.week_meth_kg),
        HASHISH: makers.week_hashish_kg,
        ARMS: model.arms_market.week_north,
    }


def _send(model: TwinModel) -> list[Consignment]:
    """T2: what sets out this week."""
    par, route = model.view.trafficking, model.route
    draws = model.stream("trafficking/dispatch", 2 * N_PLACES)
    free = [slot for slot, load in enumerate(route.consignments) if load is None]
    sent: list[Consignment] = []
    offers, first = _offered(model), 0
    for good, offered in offers.items():
        size = float(par.consignment_size[GOODS.index(good)])
        number = min(math.ceil(offered / size), MOST_SENT[good])
        sd = par.consignment_log_sd
        weights = [math.exp(sd * draws.normal(first + i) - sd * sd / 2) for i in range(number)]
        for i, amount in enumerate(split(offered, weights)):
            owner = _owner(model, draws.uniform(N_PLACES + first + i))
            if amount and owner is not None and free:
                load = Consignment(model, free.pop(0), owner, good, amount)
                route.consignments[load.index] = load
                sent.append(load)
        first += MOST_SENT[good]
    shipped = [sum(load.amount for load in sent if load.good == good) for good in GOODS]
    model.flows |= {
        "offered": list(offers.values()),
        "shipped": shipped,
        "refused": [wish - out for wish, out in zip(offers.values(), shipped, strict=True)],
        "sent": len(sent),
    }
    return sent


def _owner(model: TwinModel, u: float) -> TraffickingNetwork | None:
    """The network that gets a consignment, by reach."""
    networks = model.route.at_work()
    aim = math.floor(u * sum(_reach(model, network) for network in networks))
    reached = 0
    for network in networks:
        reached += _reach(model, network)
        if aim < reached:
            return network
    return None


def _reach(model: TwinModel, network: TraffickingNetwork) -> int:
    """reach_n of T2."""
    more = 1.0 + model.view.networks.size_step
    size = {CONSOLIDATE: 1.0 / more, EXPAND: more}.get(network.mode, 1.0)
    return rint((network.capital_usd + 1) * size)


def _tax(model: TwinModel, sent: list[Consignment]) -> None:
    """T6."""
    view, networks = model.view, model.route.at_work()
    par = view.trafficking
    value = dict.fromkeys(networks, 0)
    passed: dict[Province, float] = dict.fromkeys(model.provinces, 0.0)
    for load in sent:
        worth = load.amount * _price(model, load.good)
        value[load.network] += rint(worth)
        crossed = load.way.provinces_from[load.network.home]
        for province in crossed:
            passed[province] += worth / len(crossed)
    taxed = par.flow_tax * view.structure.coupling.narcotics_finance
    takes = [1.0, *map(float, par.taxes_flows)]  # ISIS-K first
    levy = [0.0] * (1 + len(model.groups))
    for province, worth in passed.items():
        men = _armed_men(model, province)
        for i, own in enumerate(men):
            levy[i] += takes[i] * taxed * worth * own / (sum(men) + par.tax_half)
    share, paid = sum(levy) / max(sum(value.values()), 1), 0
    for network in networks:
        tax = min(rint(value[network] * share), network.capital_usd)
        network.capital_usd -= tax
        paid += tax
    frozen = clip(par.tax_frozen_per_level * lever_mean(model, "finance_tracking"), 0.0, 1.0)
    lost = rint(paid * frozen)
    received = split(paid - lost, levy)
    model.flows |= {"flow_tax_usd": received, "tax_frozen_usd": lost}
    model.isisk.week_flow_tax_usd = received[0]
    for group, tax in zip(model.groups, received[1:], strict=True):
        group.week_flow_tax_usd = tax


def _armed_men(model: TwinModel, province: Province) -> list[int]:
    """men_ia: ISIS-K in cells, then the groups."""
    cells = [cell.fighters for cell in model.isisk.living() if cell.province is province]
    return [sum(cells), *(group.fighters[province.index] for group in model.groups)]


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    route = model.route
    slots, states = route.consignments, model.states
    return {
        "consignment_network": [x.network.index if x else -1 for x in slots],
        "consignment_good": [GOODS.index(x.good) if x else 0 for x in slots],
        "consignment_amount": [x.amount if x else 0 for x in slots],
        "consignment_path": [x.way.index if x else 0 for x in slots],
        "consignment_leg": [x.leg if x else 0 for x in slots],
        "edge_hits": [edge.hits for edge in route.edges],
        "edge_arrivals": [edge.arrivals for edge in route.edges],
        "route_profit": [state.route_profit for state in states],
        "week_seizures": [state.week_seizures for state in states],
        "week_loss": [edge.index + 1 if edge else 0 for edge in route.losses],
        "week_flow_tax_usd": [
            model.isisk.week_flow_tax_usd,
            *(group.week_flow_tax_usd for group in model.groups),
        ],
    }
