"""What the three processes of the northern route have in common in August 2021.

Which ways networks like, where they buy, how strongly services search and what was lost before
anybody learnt anything. Nothing here depends on the state of the world, so the answers are
kept as long as the parameters stay the same (`Group` is compared by identity).

Axes: [a] Afghan province, [w] way, [e] edge, [c] state.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from spillover.axes import STATES
from spillover.rates import probability, softmax
from spillover.state import Counts, Flags, Floats, fixed
from spillover.world.network import World
from spillover.world.routes import AFGHAN_BORDER, INTERNAL, INTERNATIONAL, Routes, routes

_KEPT = 8  # answers kept at a time; the weeks of a run need one, a dated parameter a new one
NEAR_CERTAIN = 1.0 - 1e-12  # a believed risk of 1 would have an infinite hazard


@lru_cache(_KEPT)
def way_appeal(ways: Routes, networks: Any) -> Floats:
    """How much a network of each home likes each way of the northern route, losses apart [a, w]."""
    far = ways.way_km + networks.terrain_weight * ways.way_hard_km
    tajik = ways.way_entry == STATES.index("TJK")
    away = np.arange(len(ways.province_share))[:, None] != ways.way_start
    appeal = networks.tajik_preference * tajik - networks.distance_weight * far
    return fixed(appeal - networks.home_preference * away)


@lru_cache(_KEPT)
def uses_edge(ways: Routes) -> Flags:
    """Whether a way uses an edge [w, e]; one row of nothing where there is no way."""
    uses: Flags = np.zeros((max(ways.n_ways, 1), ways.n_edges), dtype=bool)
    uses[: ways.n_ways] = ways.incidence.T > 0.0
    return fixed(uses)


@lru_cache(_KEPT)
def legs_ahead(ways: Routes, legs: int) -> Counts:
    """Edges of each way [w, h], and behind its end as many more that do not exist, `n_edges`."""
    longest = ways.way_edges.shape[1]
    ahead = np.full((max(ways.n_ways, 1), longest + legs), ways.n_edges, dtype=np.int64)
    is_real = np.arange(longest) < ways.way_legs[:, None]
    ahead[: ways.n_ways, :longest] = np.where(is_real, ways.way_edges, ways.n_edges)
    return fixed(ahead)


@lru_cache(_KEPT)
def provinces_passed(ways: Routes) -> tuple[Counts, Floats]:
    """Provinces from a home to a link [a, l, i], and the part of the way in each; rest 0."""
    on_way = ways.province_share > 0.0
    most = int(on_way.sum(axis=2).max(initial=1))
    place = np.argsort(~on_way, axis=2, kind="stable")[:, :, :most]
    part = np.take_along_axis(ways.province_share, place, axis=2)
    return fixed(place), fixed(part)


@lru_cache(_KEPT)
def home_weight(world: World, networks: Any) -> Floats:
    """Weight of each province as the home of a network [a]: border provinces share their zone's."""
    mine = world.border_province[:, None] & (
        world.province_zone[:, None] == np.arange(len(networks.home_weight))
    )
    return fixed((mine / np.maximum(mine.sum(axis=0), 1) * networks.home_weight).sum(axis=1))


@lru_cache(_KEPT)
def first_way_shares(world: World, networks: Any) -> Floats:
    """Share of networks on each way before anyone has learnt anything [w]."""
    ways = routes(world)
    if not ways.n_ways:  # a part of the map may have none
        return fixed(np.zeros(0))
    by_home = softmax(way_appeal(ways, networks))
    weight = home_weight(world, networks)
    return fixed((by_home * weight[:, None]).sum(axis=0) / weight.sum())


@lru_cache(_KEPT)
def service_effort(interdiction: Any) -> Floats:
    """Effort of the drug services of each state in August 2021 [c]; the Tajik one is the unit."""
    return fixed(np.array([
        interdiction.effort_kazakhstan, interdiction.effort_kyrgyzstan,
        interdiction.effort_tajikistan, interdiction.effort_turkmenistan,
        interdiction.effort_uzbekistan,
    ]))  # fmt: skip


@lru_cache(_KEPT)
def edge_strength(ways: Routes, interdiction: Any) -> Floats:
    """J3: weight, effort of August 2021 and ease of each edge [e]; zero on the way into Russia."""
    weight = np.zeros(ways.n_edges)
    weight[ways.edge_kind == AFGHAN_BORDER] = interdiction.weight_border
    weight[ways.edge_kind == INTERNATIONAL] = interdiction.weight_international
    weight[ways.edge_kind == INTERNAL] = interdiction.weight_internal
    ease = interdiction.ease_flat - interdiction.ease_loss * ways.edge_difficulty
    return fixed(weight * service_effort(interdiction)[ways.edge_state] * ease)


@lru_cache(_KEPT)
def eta(world: World, interdiction: Any, networks: Any) -> float:
    """J4: hazard per unit of strength that gives the share seized in August 2021."""
    ways = routes(world)
    if not ways.n_ways:  # nothing passes that could be seized
        return 0.0
    by_way = (_honest(ways, interdiction)[:, None] * ways.incidence).sum(axis=0)
    mean = float((by_way * first_way_shares(world, networks)).sum())
    return float(-np.log1p(-interdiction.interception) / max(mean, 1e-12))


def _honest(ways: Routes, interdiction: Any) -> Floats:
    """Strength of an edge [e] less what bribes undo of it in August 2021."""
    kept: Floats = 1.0 - interdiction.corruption_start[ways.edge_state]
    return edge_strength(ways, interdiction) * kept


@lru_cache(_KEPT)
def first_risk(world: World, interdiction: Any, networks: Any) -> Floats:
    """V2: what networks believe in August 2021 of a loss on each edge [e]."""
    unit = eta(world, interdiction, networks)
    lost = probability(unit * _honest(routes(world), interdiction))
    return fixed(np.minimum(networks.start_belief * lost, NEAR_CERTAIN))


@lru_cache(_KEPT)
def first_loss(world: World, interdiction: Any, networks: Any) -> Floats:
    """V3: what networks believe in August 2021 of a loss on each way [w]."""
    met = -np.log1p(-first_risk(world, interdiction, networks))
    return fixed(probability((met[:, None] * routes(world).incidence).sum(axis=0)))
