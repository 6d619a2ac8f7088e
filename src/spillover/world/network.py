"""The fixed map of the model: 87 places, the links between them and the border points.

Places come from ``data/places.csv`` in a fixed order (34 Afghan provinces, 48 Central Asian
regions, 5 external nodes); every array of the model that has a place axis uses that order.
Kazakhstan and Kyrgyzstan have no link to Afghanistan: the map holds none, and none is added.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.axes import STATES, ZONES
from spillover.errors import UserError, nearest
from spillover.evidence.reading import DATA, read_csv
from spillover.world.border_points import BorderPoint, load_border_points
from spillover.world.corridors import Corridor, load_corridors
from spillover.world.population import population_2021

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

N_PROVINCES = 34
N_REGIONS = 48


@dataclass(frozen=True, eq=False)
class World:
    """Places, links and start population. Arrays are read-only.

    Axes: [p] 87 places, [v] 34 Afghan provinces, [a] 48 Central Asian regions, [c] 5 states,
    [l] 13 northern links (Afghan province to Central Asian region).
    """

    place_ids: tuple[str, ...]  # [p] ISO 3166-2
    place_names: tuple[str, ...]  # [p]
    place_country: NDArray[np.str_]  # [p] AFG, KAZ, ... and RUS, CHN, PAK, IRN, AZE
    is_external: NDArray[np.bool_]  # [p]
    longitude: Floats  # [p] degrees east of the capital or largest city
    latitude: Floats  # [p] degrees north of the same
    population: Ints  # [p] persons, August 2021 (external nodes: rounded totals of 2023)
    urban_index: Floats  # [p] 0-1, from density; external nodes 0
    terrain_index: Floats  # [p] 0-1, ruggedness
    region_state: Ints  # [a] index into STATES
    province_zone: Ints  # [v] index into ZONES
    non_pashtun_share: Floats  # [v] 0-1, judged; only processes/rule.py may read it
    link_ids: tuple[str, ...]  # [l] "AF-BDS/TJ-GB"
    link_province: Ints  # [l] 0..33
    link_region: Ints  # [l] 0..47
    link_state: Ints  # [l] 0..4
    link_length_km: Floats  # [l] border length scaled to the published national totals
    link_difficulty: Floats  # [l] 0-1, physical only: no guarding, no policy
    link_terrain: tuple[str, ...]  # [l] river or desert
    province_edges: Ints  # [m, 2] pairs of provinces, both directions
    region_edges: Ints  # [n, 2] pairs of regions, both directions, national and international
    pakistan_provinces: NDArray[np.bool_]  # [v] shares a border with Pakistan
    iran_provinces: NDArray[np.bool_]  # [v] shares a border with Iran
    hops_to_state: Ints  # [v, c] least number of links from a province into a state
    border_province: NDArray[np.bool_]  # [v] has a link into some state
    state_neighbours: NDArray[np.bool_]  # [c, c] states that share a border
    border_points: tuple[BorderPoint, ...]
    corridors: tuple[Corridor, ...]

    @property
    def n_provinces(self) -> int:
        """Number of Afghan provinces (34)."""
        return len(self.province_zone)

    @property
    def n_regions(self) -> int:
        """Number of Central Asian regions (48)."""
        return len(self.region_state)

    @property
    def n_links(self) -> int:
        """Number of northern links (13)."""
        return len(self.link_ids)

    @property
    def province_people(self) -> Ints:
        """People of the Afghan provinces [a]."""
        return self.population[: self.n_provinces]

    @property
    def province_ids(self) -> tuple[str, ...]:
        """Ids of the Afghan provinces, [v]."""
        return self.place_ids[: self.n_provinces]

    @property
    def region_ids(self) -> tuple[str, ...]:
        """Ids of the Central Asian regions, [a]."""
        return self.place_ids[self.n_provinces : self.n_provinces + self.n_regions]

    def province_index(self, place_id: str) -> int:
        """Index of an Afghan province on the axis [v].

        Raises:
            UserError: no Afghan province has this id.
        """
        return _index(place_id, self.province_ids, "an Afghan province")

    def region_index(self, place_id: str) -> int:
        """Index of a Central Asian region on the axis [a].

        Raises:
            UserError: no Central Asian region has this id.
        """
        return _index(place_id, self.region_ids, "a Central Asian region")

    def place_index(self, place_id: str) -> int:
        """Index of any place on the axis [p].

        Raises:
            UserError: no place has this id.
        """
        return _index(place_id, self.place_ids, "a place")


def _index(place_id: str, known: tuple[str, ...], kind: str) -> int:
    if place_id not in known:
        raise UserError(
            f"'{place_id}' is not the id of {kind}.",
            where="data/places.csv, column place_id",
            got=place_id,
            allowed=f"one of {len(known)} ids such as {known[0]}",
            next=nearest(place_id, known),
        )
    return known.index(place_id)


@cache
def load_world() -> World:
    """Read the map and the start population once and share the result.

    Sources of each table: ``data/README.md``.

    Raises:
        UserError: a table is missing, out of order or contradicts itself.
    """
    places = read_csv(DATA / "places.csv", ("place_id", "country", "zone"))
    links = read_csv(DATA / "links.csv", ("place_a", "place_b", "border_km_scaled", "difficulty"))
    _check_order(places)
    ids = tuple(row["place_id"] for row in places)
    pairs = [(ids.index(row["place_a"]), ids.index(row["place_b"])) for row in links]
    region_state = np.array([STATES.index(row["country"]) for row in places[N_PROVINCES:-5]])
    world = World(
        **_place_fields(places),
        **_northern_fields(links, pairs, region_state),
        region_state=region_state,
        province_edges=_edges(pairs, 0, N_PROVINCES),
        region_edges=_edges(pairs, N_PROVINCES, N_PROVINCES + N_REGIONS),
        pakistan_provinces=_touches(pairs, ids.index("PK")),
        iran_provinces=_touches(pairs, ids.index("IR")),
        hops_to_state=(hops := hops_to_state(pairs, N_PROVINCES, region_state)),
        border_province=hops.min(axis=1) == 1,
        state_neighbours=state_neighbours(
            _edges(pairs, N_PROVINCES, N_PROVINCES + N_REGIONS), region_state
        ),
        border_points=load_border_points(ids),
        corridors=load_corridors(ids),
    )
    for value in vars(world).values():
        if isinstance(value, np.ndarray):
            value.setflags(write=False)
    return world


def _place_fields(places: list[dict[str, str]]) -> dict[str, Any]:
    provinces = places[:N_PROVINCES]
    return {
        "place_ids": tuple(row["place_id"] for row in places),
        "place_names": tuple(row["name"] for row in places),
        "place_country": np.array([row["country"] for row in places]),
        "is_external": np.array([row["kind"] == "external" for row in places]),
        "longitude": _numbers(places, "lon"),
        "latitude": _numbers(places, "lat"),
        "population": population_2021(places),
        "urban_index": _numbers(places, "urban_index"),
        "terrain_index": _numbers(places, "terrain_index"),
        "province_zone": np.array([ZONES.index(row["zone"]) for row in provinces]),
        "non_pashtun_share": 1.0 - _numbers(provinces, "share_pashtun"),
    }


def _northern_fields(
    links: list[dict[str, str]], pairs: list[tuple[int, int]], region_state: Ints
) -> dict[str, Any]:
    """Fields of the Afghan-Central Asian links, ordered by province and then region."""
    last_region = N_PROVINCES + N_REGIONS
    northern = sorted(
        (a, b, i) for i, (a, b) in enumerate(pairs) if a < N_PROVINCES <= b < last_region
    )
    rows = [links[i] for _, _, i in northern]
    link_region = np.array([b - N_PROVINCES for _, b, _ in northern])
    return {
        "link_ids": tuple(f"{row['place_a']}/{row['place_b']}" for row in rows),
        "link_province": np.array([a for a, _, _ in northern]),
        "link_region": link_region,
        "link_state": region_state[link_region],
        "link_length_km": _numbers(rows, "border_km_scaled"),
        "link_difficulty": _numbers(rows, "difficulty"),
        "link_terrain": tuple(row["terrain"] for row in rows),
    }


def _check_order(places: list[dict[str, str]]) -> None:
    kinds = [row["country"] for row in places]
    n_core = N_PROVINCES + N_REGIONS
    in_order = (
        len(places) == n_core + 5
        and all(country == "AFG" for country in kinds[:N_PROVINCES])
        and all(country in STATES for country in kinds[N_PROVINCES:n_core])
        and all(row["kind"] == "external" for row in places[n_core:])
    )
    if not in_order:
        raise UserError(
            "The places are not in the order that every array of the model relies on.",
            where="data/places.csv",
            allowed="34 Afghan provinces, then 48 Central Asian regions, then 5 external nodes",
            next="Restore the file from the package; the order is part of the model.",
        )


def _numbers(rows: list[dict[str, str]], column: str) -> Floats:
    return np.array([float(row[column] or 0.0) for row in rows])


def _edges(pairs: list[tuple[int, int]], first: int, stop: int) -> Ints:
    """Pairs with both ends in [first, stop), both directions, counted from ``first``."""
    inside = [(a - first, b - first) for a, b in pairs if first <= min(a, b) and max(a, b) < stop]
    return np.array(sorted(inside + [(b, a) for a, b in inside]))


def _touches(pairs: list[tuple[int, int]], external: int) -> NDArray[np.bool_]:
    touching = {a for a, b in pairs if b == external} | {b for a, b in pairs if a == external}
    return np.array([province in touching for province in range(N_PROVINCES)])


def state_neighbours(region_edges: Ints, region_state: Ints) -> NDArray[np.bool_]:
    """Which states share a border [c, c]."""
    touching = np.zeros((len(STATES), len(STATES)), dtype=bool)
    for a, b in region_edges:
        touching[region_state[a], region_state[b]] = True
    return touching & ~np.eye(len(STATES), dtype=bool)


def hops_to_state(pairs: list[tuple[int, int]], n_provinces: int, region_state: Ints) -> Ints:
    """Least number of links from each province into each state [v, c].

    Breadth first from all regions of a state; routes through external nodes do not count. A
    state that cannot be reached, as in a part of the map, is as many links away as there are
    provinces and regions, which is more than any route has.
    """
    n_core = n_provinces + len(region_state)
    neighbours: list[list[int]] = [[] for _ in range(n_core)]
    for a, b in pairs:
        if max(a, b) < n_core:
            neighbours[a].append(b)
            neighbours[b].append(a)
    hops = np.empty((n_provinces, len(STATES)), dtype=np.int64)
    for state in range(len(STATES)):
        starts = n_provinces + np.flatnonzero(region_state == state)
        distance = dict.fromkeys(starts.tolist(), 0)
        queue = deque(distance)
        while queue:
            here = queue.popleft()
            for there in neighbours[here]:
                if there not in distance:
                    distance[there] = distance[here] + 1
                    queue.append(there)
        hops[:, state] = [distance.get(province, n_core) for province in range(n_provinces)]
    return hops
