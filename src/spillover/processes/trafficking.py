"""Trafficking: networks and their consignments on the northern route.

Idea: networks buy what Afghanistan sells north, choose a way through the republics to Russia, lose
some of it, learn where, and shift (paper:magliocca2019); so pressure on one stretch moves the flow
more than it stops it (C-NORTHERN-DRUG-ROUTE, A-TRAFFICKERS). Armed groups tax what passes
(M-OPIUM-FINANCES-MILITANTS, M-DRUG-EXTREMIST-FINANCE), and guards are paid
(M-NORTHERN-ROUTE-CORRUPTION). Goods are counted in kg (opiates: of heroin equivalent) and pieces.

Equations (docs/odd.md, "trafficking"):
    T1  supply north = share of the route x opium sold / opium per heroin, share of
        methamphetamine, hashish, arms
    T2  consignments of lognormal size go onto the ways of networks, drawn by capital, times or
        over 1 + step for those that expand or consolidate
    T3  each week a consignment moves some legs; lost where its exponential draw is used up by the
        hazards of the edges passed; at the end it is sold
    T4  firefights ~ Binomial(crossings, base + gain x min(patrols x effort, 3) x escort), deaths
    T5  money of a network: + sales - purchases - bribes - frozen - costs - tax - paid out
    T6  ISIS-K and groups that tax do so by their share of men in the provinces on the way
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GOODS, GROUPS, STATES
from spillover.northern_route import legs_ahead, provinces_passed, service_effort
from spillover.state import (
    CONSOLIDATE,
    N_CONSIGNMENT_SLOTS,
    N_NETWORK_SLOTS,
    Counts,
    Flags,
    Floats,
    State,
    arms_lethality,
    by_province,
    rows,
    tally,
)
from spillover.streams import Streams, purpose
from spillover.world.cohorts import links_by_state
from spillover.world.routes import AFGHAN_BORDER, Routes, routes

NAME = "trafficking"
READS = (
    "network_home", "network_capital_usd", "network_path", "network_mode", "consignment_network",
    "consignment_good", "consignment_amount", "consignment_path", "consignment_leg", "edge_hits",
    "edge_arrivals", "edge_hazard", "edge_patrol", "route_share", "corruption", "route_profit",
    "delivered", "link_patrols", "opium_price", "week_opium_sold_kg", "week_meth_kg", "fighters",
    "week_hashish_kg", "week_arms_north", "cell_fighters", "cell_place", "arms_circulating",
)  # fmt: skip
WRITES = (
    "network_capital_usd", "consignment_network", "consignment_good", "consignment_amount",
    "consignment_path", "consignment_leg", "edge_hits", "edge_arrivals",
    "route_profit", "week_flow_tax_usd", "week_seizures", "week_loss",
)  # fmt: skip

LOSSES = purpose("trafficking/losses")
DISPATCH = purpose("trafficking/dispatch")
FIREFIGHTS = purpose("trafficking/firefights")

N_STATES, N_GOODS, OPIATES = len(STATES), len(GOODS), GOODS.index("opiates")
MOST_SENT = (32, 8, 16, 8)  # consignments of each good a week; more goods make larger ones
GOOD_OF = np.repeat(np.arange(N_GOODS), MOST_SENT)
FIRST_SENT = np.cumsum((0, *MOST_SENT[:-1]))
PATROL_LIMIT = 3.0  # patrols beyond it make no more fights: traffickers see them and turn back


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of the week: goods by good, state and region, networks, firefights and money.

    Goods [r, good] in kg (opiates: heroin equivalent) or pieces; [r, c, good] by state. Raw kg
    count the opium in the opiates as opium.
    """

    opium_north_kg: Counts
    offered: Counts
    shipped: Counts
    refused: Counts
    delivered: Counts
    seized: Counts
    entered: Counts
    through: Counts
    seized_raw_kg: Floats
    seized_region_kg: Floats
    sent: Counts
    firefights: Counts
    firefight_deaths: Counts
    revenue_usd: Counts
    purchase_usd: Counts
    bribes_usd: Counts
    frozen_usd: Counts
    running_usd: Counts
    payout_usd: Counts
    flow_tax_usd: Counts
    tax_frozen_usd: Counts


@dataclass(frozen=True, slots=True)
class _Moved:
    """Consignments on the way [i], with their row, and what became of them this week."""

    row: Counts
    slot: Counts
    network: Counts
    good: Counts
    amount: Counts
    way: Counts
    lost: Flags
    sold: Flags
    edge: Counts  # where it was lost, if it was
    passages: Counts  # [r, e]
    legs: int  # moved in a week
    is_first: Flags  # it crossed the Afghan border this week, or tried to


def supply(state: State, view: Any) -> tuple[Counts, Counts]:
    """T1: opium that goes north [r] in kg, and goods offered to networks [r, good]."""
    par, share = view.trafficking, state.route_share[:, 0]
    opium = np.rint(share * state.week_opium_sold_kg).astype(np.int64)
    shift = par.goods_shift * view.structure.coupling.border_displacement
    pressed = (par.north_share / np.maximum(share, 1e-12)) ** shift
    meth = np.rint(np.minimum(par.meth_north_share * pressed, 1.0) * state.week_meth_kg)
    parts = [np.rint(opium / par.refining), meth, state.week_hashish_kg, state.week_arms_north]
    return opium, np.stack(parts, axis=1).astype(np.int64)


def purchase_price(price: Floats, par: Any) -> Floats:
    """T5: USD per kg or piece paid at the northern border [r, good]; opium enters opiates."""
    paid = np.ones((len(price), 1)) * par.processing_cost
    paid[:, OPIATES] += par.refining * price
    return paid


def move(state: State, week: int, ways: Routes, view: Any, streams: Streams) -> _Moved:
    """T3: advance every consignment on the way by a week."""
    row, slot = np.nonzero(state.consignment_network >= 0)
    way, leg = state.consignment_path[row, slot], state.consignment_leg[row, slot]
    luck = -np.log1p(-streams.at(LOSSES, week, row, slot))
    n_rows, n_edges = state.edge_hazard.shape
    legs, width = int(np.rint(view.trafficking.legs_per_week)), n_edges + 1
    ahead = legs_ahead(ways, legs)
    here, at = way * ahead.shape[1] + leg, row * width
    hazard = np.concatenate([state.edge_hazard, np.zeros((n_rows, 1))], axis=1)
    met, edge, is_safe = np.zeros(len(row)), np.zeros_like(way), np.ones(len(row), dtype=bool)
    passed = []
    for step in range(legs):
        before, next_edge = is_safe, np.take(ahead, here + step)
        passed.append((at + next_edge)[before])
        met += np.take(hazard, at + next_edge)
        is_safe = met < luck
        edge = np.where(before & ~is_safe, next_edge, edge)
    passages = np.bincount(np.concatenate(passed), minlength=n_rows * width)
    return _Moved(
        row, slot, state.consignment_network[row, slot],
        state.consignment_good[row, slot].astype(np.int64), state.consignment_amount[row, slot],
        way, ~is_safe, is_safe & (leg + legs >= ways.way_legs[way]), edge,
        passages.reshape(n_rows, width)[:, :n_edges], legs, leg == 0,
    )  # fmt: skip


def fights(state: State, week: int, passages: Counts, ways: Routes, view: Any, streams: Streams
           ) -> tuple[Counts, Counts]:  # fmt: skip
    """T4: firefights and deaths [r, c] where consignments cross the northern links."""
    par, owner = view.trafficking, view.world.link_state
    patrol = state.edge_patrol[:, ways.link_edge] * state.link_patrols
    effort = (service_effort(view.interdiction) * view.interdiction.posture)[owner]
    patrol = np.minimum(effort * patrol / view.border.patrol_density[owner], PATROL_LIMIT)
    p = par.firefight_base + par.firefight_per_patrol * par.escort * patrol
    u = streams.uniform(FIREFIGHTS, week, 2 * len(owner))
    fought = rates.binomial(u[:, : len(owner)], passages[:, ways.link_edge], np.minimum(p, 1.0))
    deadly = par.lethality * arms_lethality(state, view)
    killed = rates.poisson(u[:, len(owner) :], fought * deadly[:, owner])
    return links_by_state(fought, view.world), links_by_state(killed, view.world)


def settle(
    state: State, moved: _Moved, prices: Floats, ways: Routes, view: Any
) -> tuple[Counts, dict[str, Any]]:
    """T5: capital after the week's sales and dues [r, n], and the accounts [r].

    Suppliers are paid when a consignment ends, from sales or, if it was lost, from capital. Dues
    are met in the order purchase, bribes, frozen, running costs, as far as the money reaches.
    """
    par, n_rows = view.trafficking, state.n_replicates
    ended = moved.lost | moved.sold
    row, way, good, net = (x[ended] for x in (moved.row, moved.way, moved.good, moved.network))
    amount, sold = moved.amount[ended], moved.sold[ended]
    cost = np.rint(amount * prices[row, good])
    sales = (cost + np.rint(amount * par.margin[good])) * sold
    passes = ways.way_passes[way]
    bribe = (par.bribe_share * state.corruption[row] * passes).sum(axis=1)
    freeze = (par.frozen_per_level * state.lever("finance_tracking")[row] * passes).sum(axis=1)

    def by_network(values: Floats) -> Counts:
        return tally(row, net, np.rint(values), n_rows, N_NETWORK_SLOTS)

    revenue = by_network(sales)
    left = state.network_capital_usd + revenue
    accounts: dict[str, Any] = {"revenue_usd": revenue.sum(axis=1)}
    dues = (
        ("purchase_usd", by_network(cost)),
        ("bribes_usd", by_network(sales * bribe)),
        ("frozen_usd", by_network(sales * np.minimum(freeze, 1.0))),
        ("running_usd", np.int64(view.networks.running_cost) * (state.network_home >= 0)),
    )
    for name, due in dues:
        paid = np.minimum(due, left)
        left = left - paid
        accounts[name] = paid.sum(axis=1)
    spare = np.maximum(left - np.int64(view.networks.working_capital), 0)
    spare *= state.network_mode != CONSOLIDATE  # who consolidates saves
    taken = np.rint(view.networks.payout * spare).astype(np.int64)
    accounts["payout_usd"] = taken.sum(axis=1)
    return left - taken, accounts


def tax(
    state: State, sent: dict[str, Any], capital: Counts, prices: Floats, ways: Routes, view: Any
) -> tuple[Counts, Counts, Counts]:
    """T6: capital after tax [r, n], tax received [r, 1 + g], tax frozen on the way [r]."""
    par, n_a = view.trafficking, view.world.n_provinces
    row, net, way = sent["row"], sent["network"], sent["way"]
    value, home = sent["amount"] * prices[row, sent["good"]], state.network_home[row, net]
    place, part = (table[home, ways.way_link[way]] for table in provinces_passed(ways))
    where, worth = row[:, None] * n_a + place, value[:, None] * part
    passing = np.bincount(where.ravel(), worth.ravel(), len(capital) * n_a).reshape(-1, 1, n_a)
    isisk = by_province(state.cell_fighters, state.cell_place, n_a)
    men = np.concatenate([isisk[:, None], state.fighters], axis=1)
    held = men / (men.sum(axis=1, keepdims=True) + par.tax_half)
    asked = par.flow_tax * np.concatenate([[1.0], par.taxes_flows])  # ISIS-K does
    levy = asked * view.structure.coupling.narcotics_finance * (passing * held).sum(axis=2)
    shipped = tally(row, net, np.rint(value), *capital.shape)
    share = levy.sum(axis=1) / np.maximum(shipped.sum(axis=1), 1)
    paid = np.minimum(np.rint(share[:, None] * shipped).astype(np.int64), capital)
    collected = paid.sum(axis=1)
    tracked = par.tax_frozen_per_level * state.lever("finance_tracking").mean(axis=1)
    frozen = np.rint(collected * np.minimum(tracked, 1.0)).astype(np.int64)
    weight = np.where(levy.sum(axis=1, keepdims=True) > 0.0, levy, 1.0)
    return capital - paid, rates.split_in_order(collected - frozen, weight), frozen


def parcels(offered: Counts, weight: Floats) -> Counts:
    """T2: goods [r, good] split over their places [r, i] by weight, to the unit."""
    parts = []
    for g, mine in enumerate(np.split(weight, FIRST_SENT[1:], axis=1)):
        some = np.where(mine.sum(axis=1, keepdims=True) > 0.0, mine, 1.0)
        parts.append(rates.split_in_order(offered[:, g], some))
    return np.concatenate(parts, axis=1)


def reach(state: State, capital: Counts, networks: Any) -> Counts:
    """T2: what draws consignments to a network [r, n]: its money, by decision; poor ones a bit."""
    more = 1.0 + networks.size_step
    size = np.array([1.0 / more, 1.0, more])[state.network_mode]
    return np.rint((capital + 1) * size).astype(np.int64) * (state.network_home >= 0)


def consignments(
    state: State, week: int, offered: Counts, capital: Counts, view: Any, streams: Streams
) -> dict[str, Counts]:
    """T2: what sets out this week: row, network, good, amount and way of each [i].

    A good is split over as many consignments as its usual size asks for, at most MOST_SENT, in
    proportion to lognormal draws; a network is drawn by its reach.
    """
    par, n_send = view.trafficking, len(GOOD_OF)
    u = streams.uniform(DISPATCH, week, 2 * n_send)
    number = np.minimum(np.ceil(offered / par.consignment_size), MOST_SENT)
    weight = rates.lognormal(u[:, :n_send], par.consignment_log_sd)
    weight *= np.arange(n_send) - FIRST_SENT[GOOD_OF] < number[:, GOOD_OF]
    amount = parcels(offered, weight)
    held = np.cumsum(reach(state, capital, view.networks))
    before = np.concatenate([[0], held[N_NETWORK_SLOTS - 1 :: N_NETWORK_SLOTS]])
    all_held = np.diff(before)
    row, send = np.nonzero((amount > 0) & (all_held > 0)[:, None])
    pick = before[row] + np.floor(u[row, n_send + send] * all_held[row]).astype(np.int64)
    network = np.searchsorted(held, pick, side="right") - row * N_NETWORK_SLOTS
    return {
        "row": row, "network": network, "good": GOOD_OF[send], "amount": amount[row, send],
        "way": state.network_path[row, network],
    }  # fmt: skip


def seat(is_free: Flags, sent: dict[str, Counts]) -> tuple[dict[str, Counts], Counts]:
    """T2: consignments that find a slot, with that slot; the later ones of a row are refused."""
    n_free = is_free.sum(axis=1)
    _, free_slot = np.nonzero(is_free)
    row = sent["row"]
    number = np.bincount(row, minlength=len(n_free))
    order = np.arange(len(row)) - (np.cumsum(number) - number)[row]
    fits = order < n_free[row]
    kept = {name: values[fits] for name, values in sent.items()}
    start_of = np.cumsum(n_free) - n_free
    return kept, free_slot[start_of[kept["row"]] + order[fits]]


def load(state: State, moved: _Moved, kept: dict[str, Counts], slot: Counts) -> dict[str, Any]:
    """The table of consignments after those that ended have left and others set out [r, x]."""
    ended = moved.lost | moved.sold
    leave, stay = ((moved.row[these], moved.slot[these]) for these in (ended, ~ended))
    network = state.consignment_network.copy()
    good, amount = state.consignment_good.copy(), state.consignment_amount.copy()
    way, leg = state.consignment_path.copy(), state.consignment_leg.copy()
    network[leave], amount[leave] = -1, 0
    leg[stay] += moved.legs
    here = (kept["row"], slot)
    network[here], good[here], amount[here] = kept["network"], kept["good"], kept["amount"]
    way[here], leg[here] = kept["way"], 0
    return {
        "consignment_network": network, "consignment_good": good, "consignment_amount": amount,
        "consignment_path": way, "consignment_leg": leg,
    }  # fmt: skip


def goods(moved: _Moved, ways: Routes, par: Any, n_rows: int) -> dict[str, Any]:
    """Accounts of goods: seized, delivered and passed through, by good, state and region."""
    lost, sold = moved.lost, moved.sold
    row, good, amount, edge = (x[lost] for x in (moved.row, moved.good, moved.amount, moved.edge))
    owner, region = ways.edge_state[edge], ways.edge_region[edge]
    raw = np.array([1.0 - par.opium_share + par.opium_share * par.refining, 1.0, 1.0, 0.0])
    seized = tally(row, owner * N_GOODS + good, amount, n_rows, N_STATES * N_GOODS)
    n_q, drugs = len(ways.is_border_region), seized.reshape(n_rows, N_STATES, N_GOODS)
    by_region = np.bincount(row * n_q + region, amount * raw[good], n_rows * n_q)
    over = moved.is_first & ~(lost & (ways.edge_kind[moved.edge] == AFGHAN_BORDER))
    crossing = ways.way_entry[moved.way[over]] * N_GOODS + moved.good[over]
    entered = tally(moved.row[over], crossing, moved.amount[over], n_rows, N_STATES * N_GOODS)
    at, what, much, way = (x[sold] for x in (moved.row, moved.good, moved.amount, moved.way))
    gain, states = much * par.margin[what], range(N_STATES)
    through = [tally(at, what, much * ways.way_passes[way, c], n_rows, N_GOODS) for c in states]
    earned = [np.bincount(at, gain * ways.way_state_share[way, c], n_rows) for c in states]
    return {
        "seized": drugs,
        "entered": entered.reshape(n_rows, N_STATES, N_GOODS),
        "seized_raw_kg": drugs * raw,
        "seized_region_kg": by_region.reshape(n_rows, n_q).astype(np.float64),  # also of none
        "through": np.stack(through, axis=1),
        "delivered": tally(at, what, much, n_rows, N_GOODS),
        "seizures": tally(row, owner, None, n_rows, N_STATES),
        "earned": np.stack(earned, axis=1),
    }  # fmt: skip


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """Empty roads: the first consignments are on the way within a month."""
    slots, ways = np.zeros(N_CONSIGNMENT_SLOTS, dtype=np.int64), routes(view.world)
    return {
        "consignment_network": rows(streams, slots - 1),
        "consignment_good": rows(streams, slots.astype(np.int8)),
        **{f"consignment_{name}": rows(streams, slots) for name in ("amount", "path", "leg")},
        **{f"edge_{name}": rows(streams, np.zeros(ways.n_edges)) for name in ("hits", "arrivals")},
        "week_flow_tax_usd": rows(streams, np.zeros(1 + len(GROUPS), dtype=np.int64)),
        "week_seizures": rows(streams, np.zeros(N_STATES, dtype=np.int64)),
        "week_loss": rows(streams, np.zeros(N_NETWORK_SLOTS, dtype=np.int64)),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance consignments, money, beliefs and routes by one week."""
    par, ways, n_rows = view.trafficking, routes(view.world), state.n_replicates
    prices = purchase_price(state.opium_price, par)
    moved = move(state, week, ways, view, streams)
    flow = goods(moved, ways, par, n_rows)
    seizures, earned = flow.pop("seizures"), flow.pop("earned")
    fought, killed = fights(state, week, moved.passages, ways, view, streams)
    capital, accounts = settle(state, moved, prices, ways, view)

    opium, offered = supply(state, view)
    sent = consignments(state, week, offered, capital, view, streams)
    table = state.consignment_network < 0
    table[moved.row, moved.slot] = moved.lost | moved.sold
    kept, slot = seat(table, sent)
    shipped = tally(kept["row"], kept["good"], kept["amount"], n_rows, N_GOODS)
    capital, taxed, tax_frozen = tax(state, kept, capital, prices, ways, view)

    hits = tally(moved.row[moved.lost], moved.edge[moved.lost], None, n_rows, ways.n_edges)
    loss = np.zeros(capital.shape, dtype=np.int64)
    loss[moved.row[moved.lost], moved.network[moved.lost]] = 1 + moved.edge[moved.lost]
    info = Info(
        opium_north_kg=opium, offered=offered, shipped=shipped, refused=offered - shipped,
        sent=np.bincount(kept["row"], minlength=n_rows), firefights=fought, firefight_deaths=killed,
        flow_tax_usd=taxed, tax_frozen_usd=tax_frozen, **accounts, **flow,
    )  # fmt: skip
    changed = state.replace(
        **load(state, moved, kept, slot),
        network_capital_usd=capital,
        edge_hits=par.memory * state.edge_hits + hits,
        edge_arrivals=par.memory * state.edge_arrivals + moved.passages,
        route_profit=rates.smoothed(state.route_profit, earned),
        week_flow_tax_usd=taxed,
        week_seizures=seizures,
        week_loss=loss,
    )
    return changed, info
