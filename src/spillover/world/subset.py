"""Parts of the map and smaller populations, for the twin and for tests that must be small.

A part of the map is a map like any other: every array follows the places that are kept, the
outside nodes stay, and a state of which no region is kept has its diaspora, its government and
nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from spillover.errors import UserError
from spillover.evidence import Change, Parameters
from spillover.rates import spread_evenly
from spillover.world.network import Ints, World, hops_to_state, state_neighbours

SIX_PLACES = ("AF-BAL", "AF-JOW", "TM-L", "UZ-BU", "UZ-QR", "KZ-15")
"""The smallest map with two provinces and a way to Russia behind both of their links."""
SIX_PLACES_WITHOUT_RUSSIA = ("AF-BDS", "AF-KDZ", "AF-PAN", "TJ-GB", "TJ-KT", "KG-O")
"""A map that lacks much: no way to Russia, no canal, three states without a region; but Tajikistan
and Kyrgyzstan share a border, links share a province, and one province lies behind the border."""
SMALL_MAP = (
    "AF-BDS", "AF-TAK", "AF-KDZ", "AF-BAL", "AF-PAN",
    "TJ-GB", "TJ-KT", "UZ-SU", "UZ-QA", "UZ-BU", "UZ-QR", "TM-L", "KZ-15", "KG-O",
)  # fmt: skip
"""A map on which every channel works: four provinces in a row at the border and one behind them,
all five states, links that share a province or a region, and a way to Russia."""
EXPOSED_A_YEAR = 0.1
"""Share of people that a scaled world exposes a year, so that few people still show every flow."""
AFGHANS_ON_THE_MOVE = (
    "drivers.departures_pakistan", "drivers.departures_iran", "displacement.abroad_start",
    "displacement.refugees_start", "displacement.arrivals_base", "displacement.takeover_flight",
)  # fmt: skip
"""Counts of people that are set against the population and shrink with it."""
GROUP_ARRAYS = ("province_zone", "non_pashtun_share", "pakistan_provinces", "iran_provinces")
LINK_ARRAYS = ("link_province", "link_region", "link_state", "link_length_km", "link_difficulty")
PLACE_ARRAYS = (
    "place_country", "is_external", "longitude", "latitude", "population", "urban_index",
    "terrain_index",
)  # fmt: skip


def small_world(world: World, place_ids: Sequence[str] = SMALL_MAP) -> World:
    """The part of a world that holds these provinces and regions, in the order of the world.

    Raises:
        UserError: a place is unknown, or there is no province or no northern link left.
    """
    for place in place_ids:
        world.place_index(place)
    kept = [p for p, name in enumerate(world.place_ids) if name in place_ids]
    kept += [p for p in np.flatnonzero(world.is_external).tolist() if p not in kept]
    provinces = [p for p in kept if p < world.n_provinces]
    first, last = world.n_provinces, world.n_provinces + world.n_regions
    regions = [p - first for p in kept if first <= p < last]
    links = [
        link
        for link in range(world.n_links)
        if world.link_province[link] in provinces and world.link_region[link] in regions
    ]
    if not provinces or not links:
        raise UserError(
            "A part of the map needs at least one Afghan province with a link to the north.",
            where="small_world",
            got=", ".join(place_ids),
            next="Add a province and a region that share a link of data/links.csv.",
        )
    return _part(world, kept, provinces, regions, links)


def _part(
    world: World, kept: list[int], provinces: list[int], regions: list[int], links: list[int]
) -> World:
    """The world of these places, with every index counted anew."""
    new_place = {old: new for new, old in enumerate(kept)}
    province_edges = _kept_edges(world.province_edges, provinces)
    region_edges = _kept_edges(world.region_edges, regions)
    link_province = np.array([provinces.index(world.link_province[link]) for link in links])
    link_region = np.array([regions.index(world.link_region[link]) for link in links])
    region_state = world.region_state[regions]
    n_a = len(provinces)
    pairs = [(int(a), int(b)) for a, b in province_edges]
    pairs += [(n_a + int(a), n_a + int(b)) for a, b in region_edges]
    pairs += [(int(a), n_a + int(b)) for a, b in zip(link_province, link_region, strict=True)]
    hops = hops_to_state(pairs, n_a, region_state)
    fields: dict[str, Any] = {
        "place_ids": tuple(world.place_ids[p] for p in kept),
        "place_names": tuple(world.place_names[p] for p in kept),
        **{name: getattr(world, name)[kept] for name in PLACE_ARRAYS},
        **{name: getattr(world, name)[provinces] for name in GROUP_ARRAYS},
        **{name: getattr(world, name)[links] for name in LINK_ARRAYS},
        "link_ids": tuple(world.link_ids[link] for link in links),
        "link_terrain": tuple(world.link_terrain[link] for link in links),
        "region_state": region_state,
        "link_province": link_province,
        "link_region": link_region,
        "province_edges": province_edges,
        "region_edges": region_edges,
        "hops_to_state": hops,
        "border_province": hops.min(axis=1) == 1,
        "state_neighbours": state_neighbours(region_edges, region_state),
        "border_points": tuple(
            replace(point, place_a=new_place[point.place_a], place_b=new_place[point.place_b])
            for point in world.border_points
            if point.place_a in new_place and point.place_b in new_place
        ),
        "corridors": tuple(
            replace(corridor, places=tuple(new_place[p] for p in corridor.places))
            for corridor in world.corridors
            if all(p in new_place for p in corridor.places)
        ),
    }
    return _frozen(replace(world, **fields))


def _kept_edges(edges: Ints, kept: list[int]) -> Ints:
    """Edges with both ends kept, counted anew [n, 2]."""
    new = {old: position for position, old in enumerate(kept)}
    inside = sorted((new[a], new[b]) for a, b in edges.tolist() if a in new and b in new)
    return np.array(inside, dtype=np.int64).reshape(-1, 2)


def _frozen(world: World) -> World:
    for value in vars(world).values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return world


def scaled(world: World, parameters: Parameters, people: int) -> tuple[World, list[Change]]:
    """A world with about this many people in its cohorts, and the changes that go with it.

    Places and diasporas shrink by one factor. The inflow of recruits does not: it is set so that
    a tenth of the people is exposed a year, or a small world would see nobody move. Flows of
    returnees, which are set against the population, shrink with it.

    Args:
        world: full or part of the map.
        parameters: compiled for this world; those of week 0 are read.
        people: people in all cohorts together, before rounding by place.
    """
    view = parameters.at(0)
    recruitment = view.recruitment
    first, last = world.n_provinces, world.n_provinces + world.n_regions
    young = (world.population[first:last] * recruitment.young_share[world.region_state]).sum()
    factor = people / float(young + recruitment.diaspora_people.sum())
    core = world.population[:last].astype(np.float64)
    population = world.population.copy()
    population[:last] = spread_evenly(np.array(round(core.sum() * factor)), core)
    exits = (
        recruitment.join_hazard
        + recruitment.exposed_disengagement_hazard
        + recruitment.arrest_hazard
    )
    inflow = people * EXPOSED_A_YEAR * recruitment.join_hazard / exits
    changes = [
        _user("recruitment.diaspora_people", "scale", factor),
        _user("recruitment.inflow", "set", inflow),
        *(_user(path, "scale", factor) for path in AFGHANS_ON_THE_MOVE),
    ]
    return _frozen(replace(world, population=population)), changes


def _user(path: str, op: str, value: float) -> Change:
    return Change(path=path, op=op, value=value, start_week=0, layer="user", origin="scaled world")
