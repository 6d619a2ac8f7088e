"""Corridors of trade and power as arrays: what they cross, how long they are, who stands behind.

Routes come from ``data/corridors.csv`` and ``data/corridors_documents.csv``, roles from
``data/corridor_roles.csv``. A leg between two places counts half for each of them. Places that a
smaller world does not have are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spillover.axes import CARGO_MARKETS, CORRIDORS, COUNTRIES, POWERS, STATES
from spillover.errors import UserError
from spillover.evidence.reading import DATA, read_csv
from spillover.world.network import World

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
EARTH_RADIUS_KM = 6371.0  # mean radius
LINE_MARKETS = ("power", "gas")
"""Lines and pipes: they compete for no cargo."""


@dataclass(frozen=True, eq=False)
class Transport:
    """Axes: [y] corridor, [k] cargo market, [a] Afghan province, [c] state, [p] outside power."""

    length_km: Floats  # [y] whole route, straight lines between hubs
    country_km: Floats  # [y, 1 + c] part of it in Afghanistan and in each state
    province_share: Floats  # [y, a] weights of the Afghan provinces on the route, sum 1 or 0
    on_route: Floats  # [y, a] 1 where the province lies on the route, else 0
    is_afghan: Flags  # [y] touches Afghanistan
    is_pakistani: Flags  # [y] touches Pakistan
    is_through_russia: Flags  # [y]
    touches_state: Flags  # [y, c]
    market: Flags  # [y, k] the cargo market it competes in; none for lines and pipes
    is_line: Flags  # [y] power line
    backers: Floats  # [y, p] shares of the outside powers that pay, sum 1 or 0
    promoters: Flags  # [y, c] states that promote it
    needs: Flags  # [y, y] corridors of which one must be open first
    is_kabul: Flags  # [y] the two variants of the Kabul Corridor


@cache
def transport(world: World) -> Transport:
    """Read the corridors once for a world and share the result.

    Raises:
        UserError: a corridor has no route, or no role.
    """
    routes = _routes(world)
    roles = {row["corridor_id"]: row for row in read_csv(DATA / "corridor_roles.csv", _COLUMNS)}
    rows = [_role(name, roles) for name in CORRIDORS]
    country = [[world.place_country[p] for p in routes[name]] for name in CORRIDORS]
    country_km, length = _kilometres(world, [routes[name] for name in CORRIDORS])
    on_route = _on_route(world, [routes[name] for name in CORRIDORS])
    backers = np.array([[p in row["backers"].split() for p in POWERS] for row in rows], float)
    found = Transport(
        length_km=length,
        country_km=country_km,
        province_share=on_route / np.maximum(on_route.sum(axis=1, keepdims=True), 1.0),
        on_route=on_route,
        is_afghan=np.array(["AFG" in names for names in country]),
        is_pakistani=np.array(["PAK" in names for names in country]),
        is_through_russia=np.array([row["through_russia"] == "1" for row in rows]),
        touches_state=np.array([[c in names for c in STATES] for names in country]),
        market=np.array([[row["market"] == k for k in CARGO_MARKETS] for row in rows]),
        is_line=np.array([row["market"] == LINE_MARKETS[0] for row in rows]),
        backers=backers / np.maximum(backers.sum(axis=1, keepdims=True), 1.0),
        promoters=np.array([[c in row["promoters"].split() for c in STATES] for row in rows]),
        needs=np.array([[y in row["needs"].split() for y in CORRIDORS] for row in rows]),
        is_kabul=np.array([name.startswith("KABUL-") for name in CORRIDORS]),
    )
    for value in vars(found).values():
        value.setflags(write=False)
    return found


_COLUMNS = ("corridor_id", "market", "through_russia", "backers", "promoters", "needs")


def _routes(world: World) -> dict[str, list[int]]:
    """Places of each corridor that the world has, by corridor id."""
    routes = {c.id: [p for p in c.places if p < len(world.place_ids)] for c in world.corridors}
    for row in read_csv(DATA / "corridors_documents.csv", ("corridor_id", "place_ids")):
        places = [p for p in row["place_ids"].split() if p in world.place_ids]
        routes[row["corridor_id"]] = [world.place_ids.index(p) for p in places]
    return {name: routes.get(name, []) for name in CORRIDORS}


def _role(name: str, roles: dict[str, dict[str, str]]) -> dict[str, str]:
    if name not in roles:
        raise UserError(
            f"The corridor '{name}' has no role.",
            where="data/corridor_roles.csv",
            allowed=f"a row with market {', '.join((*CARGO_MARKETS, *LINE_MARKETS))}",
            next="Add a row.",
        )
    return roles[name]


def _on_route(world: World, routes: list[list[int]]) -> Floats:
    """Whether each Afghan province lies on each route, as numbers [y, a]."""
    found = np.zeros((len(routes), world.n_provinces))
    for y, places in enumerate(routes):
        found[y, [p for p in places if p < world.n_provinces]] = 1.0
    return found


def _kilometres(world: World, routes: list[list[int]]) -> tuple[Floats, Floats]:
    """Kilometres in each country [y, 1 + c] and in all [y]; a leg counts half for each end."""
    by_country, whole = np.zeros((len(routes), len(COUNTRIES))), np.zeros(len(routes))
    for y, places in enumerate(routes):
        for here, there in pairwise(places):
            leg = great_circle_km(
                world.longitude[here], world.latitude[here],
                world.longitude[there], world.latitude[there],
            )  # fmt: skip
            whole[y] += leg
            for end in (here, there):
                name = str(world.place_country[end])
                if name in COUNTRIES:
                    by_country[y, COUNTRIES.index(name)] += 0.5 * leg
    return by_country, whole


def great_circle_km(lon_a: float, lat_a: float, lon_b: float, lat_b: float) -> float:
    """Shortest distance over the globe between two points in degrees."""
    a, b = np.radians(lat_a), np.radians(lat_b)
    half_lat, half_lon = (b - a) / 2, np.radians(lon_b - lon_a) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(a) * np.cos(b) * np.sin(half_lon) ** 2
    return float(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord)))
