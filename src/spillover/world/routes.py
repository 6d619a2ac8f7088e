"""Candidate ways of the northern route: from an Afghan border province through the republics.

A way starts with one of the 13 northern links and ends in Russia. Candidates are the cheapest way
of every link for every order of states, and the onward parts of the routes in
``data/corridors.csv`` behind every link that leads into their first region (C-NORTHERN-DRUG-ROUTE,
paper:magliocca2019). Places are provinces and regions; nothing finer exists here, and no way is an
outcome of the model.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spillover.axes import STATES
from spillover.evidence.reading import DATA, read_csv
from spillover.world.network import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Way = tuple[int, ...]  # places in order, on the axis [p]

AFGHAN_BORDER, INTERNATIONAL, INTERNAL, INTO_RUSSIA = range(4)
"""Kinds of edge."""
MOST_STATES = 3  # a way through more republics than this is never the cheaper one
TERRAIN = 1.5  # a kilometre over the hardest ground counts as two and a half when ways are searched
KM = 1000.0  # distances enter the choice of a way in thousands of kilometres


@dataclass(frozen=True, eq=False)
class Routes:
    """Edges and candidate ways. Arrays are read-only.

    Axes: [e] edge, one pair of places in one direction; [w] way; [h] leg of a way; [a] province,
    [q] region, [c] state, [l] northern link.
    """

    edge_state: Ints  # [e] state that guards it
    edge_region: Ints  # [e] region in which a seizure counts
    edge_kind: Ints  # [e]
    edge_link: Ints  # [e] northern link, -1 = none
    edge_difficulty: Floats  # [e] 0-1
    link_edge: Ints  # [l] the edge of each northern link
    way_edges: Ints  # [w, h] edges in order, padded with the last one, which leads into Russia
    way_legs: Ints  # [w] number of legs
    way_link: Ints  # [w]
    way_start: Ints  # [w] Afghan province it starts from
    way_entry: Ints  # [w] state it enters first
    way_km: Floats  # [w] thousand km from hub to hub
    way_hard_km: Floats  # [w] the same, each leg times its difficulty
    way_passes: Bools  # [w, c] whether it passes a state
    way_state_share: Floats  # [w, c] share of its length in each state; sums to 1
    incidence: Floats  # [e, w] how often a way uses an edge
    province_share: Floats  # [a, l, a] part of the way from a home to a link in each province
    is_border_region: Bools  # [q] touches Afghanistan

    @property
    def n_edges(self) -> int:
        """Length of axis [e]."""
        return len(self.edge_state)

    @property
    def n_ways(self) -> int:
        """Length of axis [w]."""
        return len(self.way_legs)


@dataclass(frozen=True, slots=True)
class _Leg:
    km: float
    difficulty: float


def _legs(world: World) -> dict[tuple[int, int], _Leg]:
    """Hub distance and difficulty between linked places, both directions."""
    found = {}
    rows = read_csv(DATA / "links.csv", ("place_a", "place_b", "hub_distance_km", "difficulty"))
    for row in rows:
        if not {row["place_a"], row["place_b"]} <= set(world.place_ids):
            continue  # the map is a part of the whole
        a, b = world.place_index(row["place_a"]), world.place_index(row["place_b"])
        leg = _Leg(float(row["hub_distance_km"]) / KM, float(row["difficulty"] or 0.0))
        found[a, b] = found[b, a] = leg
    return found


def _cheapest(world: World, legs: dict[tuple[int, int], _Leg], start: int) -> Iterable[Way]:
    """The cheapest way from a region to Russia for each order of states passed."""
    russia = world.place_index("RU")
    onward: dict[int, list[tuple[int, float]]] = {}
    for (a, b), leg in legs.items():
        inside = world.n_provinces <= b < world.n_provinces + world.n_regions
        if inside or b == russia:
            onward.setdefault(a, []).append((b, leg.km * (1.0 + TERRAIN * leg.difficulty)))
    country = [str(name) for name in world.place_country]
    queue: list[tuple[float, Way, tuple[str, ...]]] = [(0.0, (start,), (country[start],))]
    done: set[tuple[int, tuple[str, ...]]] = set()
    while queue:
        cost, way, states = heapq.heappop(queue)
        here = way[-1]
        if (here, states) in done:
            continue
        done.add((here, states))
        if here == russia:
            yield way
            continue
        for there, more in onward.get(here, ()):
            is_new = country[there] != states[-1]
            after = (*states, country[there]) if is_new else states
            too_far = there != russia and len(after) > MOST_STATES
            if there in way or too_far or (is_new and country[there] in states):
                continue
            heapq.heappush(queue, (cost + more, (*way, there), after))


def _candidates(world: World, legs: dict[tuple[int, int], _Leg]) -> list[Way]:
    """All ways, link by link, each once."""
    russia = world.place_index("RU")
    tails = [
        c.places[1:]
        for c in world.corridors
        if c.category == "narcotics" and c.places[-1] == russia
    ]
    found: dict[Way, None] = {}
    for link in range(world.n_links):
        start = (int(world.link_province[link]),)
        region = world.n_provinces + int(world.link_region[link])
        for way in _cheapest(world, legs, region):
            found[(*start, *way)] = None
        for tail in tails:
            if tail[0] == region:
                found[(*start, *tail)] = None
    return list(found)


def _edge_fields(world: World, edges: list[tuple[int, int]]) -> dict[str, Ints]:
    russia = world.place_index("RU")
    link_of = {
        (int(a), world.n_provinces + int(b)): link
        for link, (a, b) in enumerate(zip(world.link_province, world.link_region, strict=True))
    }
    guarded = np.array([a if b == russia else b for a, b in edges]) - world.n_provinces
    kinds = []
    for a, b in edges:
        if b == russia:
            kinds.append(INTO_RUSSIA)
        elif a < world.n_provinces:
            kinds.append(AFGHAN_BORDER)
        else:
            is_home = world.place_country[a] == world.place_country[b]
            kinds.append(INTERNAL if is_home else INTERNATIONAL)
    edge_link = np.array([link_of.get(edge, -1) for edge in edges])
    order = [int(np.flatnonzero(edge_link == link)[0]) for link in range(world.n_links)]
    return {
        "edge_state": world.region_state[guarded],
        "edge_region": guarded,
        "edge_kind": np.array(kinds),
        "edge_link": edge_link,
        "link_edge": np.array(order),
    }


def _province_share(world: World, legs: dict[tuple[int, int], _Leg]) -> Floats:
    """Which provinces lie between a home and the start of a link, in equal parts."""
    n = world.n_provinces
    share = np.zeros((n, world.n_links, n))
    for home in range(n):
        before = {home: home}
        queue = [(0.0, home, home)]
        done: set[int] = set()
        while queue:
            cost, here, last = heapq.heappop(queue)
            if here in done:
                continue
            done.add(here)
            before[here] = last
            for (a, b), leg in legs.items():
                if a == here and b < n and b not in done:
                    heapq.heappush(queue, (cost + leg.km * (1 + TERRAIN * leg.difficulty), b, a))
        for link, end in enumerate(world.link_province):
            passed = [int(end)]
            while passed[-1] != home:
                passed.append(before.get(passed[-1], home))  # no land way on a part of the map
            share[home, link, passed] = 1.0 / len(passed)
    return share


@cache
def routes(world: World) -> Routes:
    """The candidate ways of a map, built once; a part of the map may have none."""
    legs = _legs(world)
    ways = _candidates(world, legs)
    links = zip(world.link_province, world.link_region + world.n_provinces, strict=True)
    edges = sorted({edge for way in [*ways, *links] for edge in pairwise(map(int, way))})
    place = {edge: e for e, edge in enumerate(edges)}
    by_way = [[place[edge] for edge in pairwise(way)] for way in ways]
    longest = max(map(len, by_way), default=1)
    fields = _edge_fields(world, edges)
    km = np.array([legs[edge].km for edge in edges])
    difficulty = np.array([legs[edge].difficulty for edge in edges])
    incidence = np.zeros((len(edges), len(ways)))
    length = np.zeros((len(ways), len(STATES)))
    for w, used in enumerate(by_way):
        np.add.at(incidence[:, w], used, 1.0)
        np.add.at(length[w], fields["edge_state"][used], km[used])
    link = fields["edge_link"][np.array([used[0] for used in by_way], dtype=np.int64)]
    is_border = np.zeros(world.n_regions, dtype=bool)
    is_border[world.link_region] = True
    built = Routes(
        **fields,
        edge_difficulty=difficulty,
        way_edges=np.array(
            [used + [used[-1]] * (longest - len(used)) for used in by_way], dtype=np.int64
        ).reshape(-1, longest),
        way_legs=np.array([len(used) for used in by_way], dtype=np.int64),
        way_link=link,
        way_start=world.link_province[link],
        way_entry=world.link_state[link],
        way_km=(km[:, None] * incidence).sum(axis=0),
        way_hard_km=((km * difficulty)[:, None] * incidence).sum(axis=0),
        way_passes=length > 0.0,
        way_state_share=length / length.sum(axis=1, keepdims=True),
        incidence=incidence,
        province_share=_province_share(world, legs),
        is_border_region=is_border,
    )
    for value in vars(built).values():
        value.setflags(write=False)
    return built
