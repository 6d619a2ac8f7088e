"""Terms that the processes of the northern route share; docs/odd.md, "interdiction", "networks"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from spillover.axes import GOODS
from spillover.twin.agents_route import HASHISH, METH, OPIATES
from spillover.twin.arithmetic import Y, p, softmax

if TYPE_CHECKING:
    from spillover.twin.agents import Province, State
    from spillover.twin.agents_route import Edge, Way
    from spillover.twin.model import TwinModel

LEAST = 1e-12  # below which nothing is divided by
EFFORT = {
    "KAZ": "effort_kazakhstan",
    "KGZ": "effort_kyrgyzstan",
    "TJK": "effort_tajikistan",
    "TKM": "effort_turkmenistan",
    "UZB": "effort_uzbekistan",
}


def effort(model: TwinModel, state: State) -> float:
    """effort_c of J3: that of the drug services, the Tajik ones being the unit."""
    return float(getattr(model.view.interdiction, EFFORT[state.code]))


def margin_of(model: TwinModel, good: str) -> float:
    """What a kg or piece sells for in Russia above its price at the border."""
    return float(model.view.trafficking.margin[GOODS.index(good)])


def reference_margin(model: TwinModel) -> float:
    """margin of J2: what the flow of August 2021 earned in a week."""
    view = model.view
    north = view.trafficking
    heroin = view.opium.demand * north.north_share / north.refining
    tonnes = heroin * margin_of(model, OPIATES)
    tonnes += view.opium.meth_start * north.meth_north_share * margin_of(model, METH)
    tonnes += view.opium.hashish_north * margin_of(model, HASHISH)
    return float(1000 / Y * tonnes)


def home_weight(model: TwinModel, province: Province) -> float:
    """How many networks buy in a province, relative to others."""
    if not province.is_at_border:
        return 0.0
    rivals = [p for p in model.provinces if p.is_at_border and p.zone == province.zone]
    return float(model.view.networks.home_weight[province.zone]) / len(rivals)


def appeal(model: TwinModel, way: Way, home: Province) -> float:
    """appeal_w: what a way offers to those who buy in a province, risk left aside."""
    par = model.view.networks
    flat = way.km + par.terrain_weight * way.hard_km
    first = par.tajik_preference if way.entry.code == "TJK" else 0.0
    return float(first - par.distance_weight * flat - par.home_preference * (way.start is not home))


def loss_probability(way: Way, risk: Sequence[float]) -> float:
    """Believed probability that a consignment does not reach Russia."""
    through = 1.0
    for edge in way.edges:
        through *= 1.0 - risk[edge.index]
    return 1.0 - through


def first_way_shares(model: TwinModel) -> list[float]:
    """s_w: how the networks of August 2021 spread over ways, on average."""
    route = model.route
    shares = [0.0] * len(route.ways)
    if not shares:  # a part of the map may have no way
        return shares
    whole = sum(home_weight(model, home) for home in model.provinces)
    for home in model.provinces:
        weight = home_weight(model, home)
        if weight == 0:
            continue
        scores = [appeal(model, way, home) for way in route.ways]
        for w, share in enumerate(softmax(scores)):
            shares[w] += weight / whole * share
    return shares


def strength(model: TwinModel, edge: Edge) -> float:
    """strength_e of J3."""
    par = model.view.interdiction
    if edge.kind_weight is None:
        return 0.0
    ease = par.ease_flat - par.ease_loss * edge.difficulty
    return float(getattr(par, edge.kind_weight) * effort(model, edge.state) * ease)


def honest_strength(model: TwinModel, edge: Edge) -> float:
    """strength_e (1 - start_c) of J4: what bribes leave of it in August 2021."""
    kept = 1.0 - float(model.view.interdiction.corruption_start[edge.state.index])
    return strength(model, edge) * kept


def unit_of_effort(model: TwinModel) -> float:
    """eta of J4."""
    par = model.view.interdiction
    if not model.route.ways:  # nothing passes that could be seized
        return 0.0
    met = 0.0
    for way, share in zip(model.route.ways, first_way_shares(model), strict=True):
        met += share * sum(honest_strength(model, edge) for edge in way.edges)
    return -math.log(1.0 - par.interception) / max(met, LEAST)


def first_risk(model: TwinModel) -> list[float]:
    """start_e of V2: what everybody believes of each edge in August 2021."""
    unit = unit_of_effort(model)
    belief = model.view.networks.start_belief
    return [
        min(belief * p(unit * honest_strength(model, edge)), 1.0 - LEAST)
        for edge in model.route.edges
    ]


def usual_profit(model: TwinModel, state: State) -> float:
    """usual_c of J2: profit on the length of ways in a state in August 2021, per week."""
    ways = zip(model.route.ways, first_way_shares(model), strict=True)
    here = sum(share * way.state_share[state.index] for way, share in ways)
    return reference_margin(model) * here
