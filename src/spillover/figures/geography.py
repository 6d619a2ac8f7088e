"""Projection, outlines and labels for the maps of the region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

import numpy as np
from matplotlib.path import Path as Outline

from spillover.world.outlines import Polygon

EARTH_RADIUS_KM = 6371.0
# Albers equal-area cone that suits 29 to 56 degrees north, 46 to 88 degrees east.
_PARALLELS = np.deg2rad([33.0, 51.0])
_CENTRE_LONGITUDE, _CENTRE_LATITUDE = 67.0, 43.0

COUNTRY_LABELS = {
    "KAZ": ("KAZAKHSTAN", 67.5, 48.3),
    "UZB": ("UZBEKISTAN", 63.0, 42.2),
    "TKM": ("TURKMENISTAN", 58.9, 39.35),
    "KGZ": ("KYRGYZSTAN", 75.6, 41.55),
    "TJK": ("TAJIKISTAN", 71.2, 38.75),
    "AFG": ("AFGHANISTAN", 65.7, 33.9),
}
CONTEXT_LABELS = {
    "Russia": (60.5, 54.6),
    "China": (83.5, 41.5),
    "Iran": (57.0, 33.5),
    "Pakistan": (68.2, 28.9),
    "India": (77.0, 30.4),
    "Caspian\nSea": (50.9, 41.6),
}
# Longitudes and latitudes to which context.geojson is cut.
CONTEXT_WINDOW = (44.5, 90.0, 26.0, 57.0)
# Longitude and latitude of the window that a map shows.
WINDOW = (46.0, 88.0, 28.6, 55.8)


def project(longitude: np.ndarray, latitude: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Albers equal-area coordinates (km east and north of the centre) on a sphere.

    Source: Snyder 1987, Map projections: a working manual, equations 14-1 to 14-6.
    """
    sine = np.sin(_PARALLELS)
    n = sine.sum() / 2
    constant = np.cos(_PARALLELS[0]) ** 2 + 2 * n * sine[0]

    def radius(degrees: np.ndarray | float) -> np.ndarray:
        return EARTH_RADIUS_KM * np.sqrt(constant - 2 * n * np.sin(np.deg2rad(degrees))) / n

    angle = n * np.deg2rad(np.asarray(longitude) - _CENTRE_LONGITUDE)
    rho = radius(np.asarray(latitude))
    return rho * np.sin(angle), radius(_CENTRE_LATITUDE) - rho * np.cos(angle)


def frame_of_context() -> Outline:
    """Edge of the window to which the context countries are cut, as a path in km."""
    west, east, south, north = CONTEXT_WINDOW
    steps = np.linspace(0, 1, 60)
    across, up = west + (east - west) * steps, south + (north - south) * steps
    longitude = np.concatenate([across, np.full(60, east), across[::-1], np.full(60, west)])
    latitude = np.concatenate([np.full(60, south), up, np.full(60, north), up[::-1]])
    return Outline(np.column_stack(project(longitude, latitude)), closed=True)


def country_borders(
    places: Mapping[str, Iterable[Polygon]], country: Mapping[str, str]
) -> list[np.ndarray]:
    """Segments [2, 2] in km that bound a country: no second place of the same country has them.

    Neighbouring outlines share their points exactly, so equal coordinates mean a common border.
    """
    owners: dict[tuple[tuple[float, float], ...], list[str]] = {}
    for place_id, polygons in places.items():
        for ring in (ring for polygon in polygons for ring in polygon):
            points = [(float(x), float(y)) for x, y in ring]
            for ends in pairwise(points):
                owners.setdefault(tuple(sorted(ends)), []).append(country[place_id])
    bounds = [ends for ends, names in owners.items() if len(names) == 1 or len(set(names)) > 1]
    x, y = project(*np.moveaxis(np.array(bounds), 2, 0))
    return list(np.stack([x, y], axis=2))


def outline_of(polygons: Iterable[Polygon]) -> Outline:
    """One closed path of several polygons in km; holes run against their outer ring."""
    parts = []
    for polygon in polygons:
        for index, ring in enumerate(polygon):
            x, y = project(ring[:, 0], ring[:, 1])
            points = np.column_stack([x, y])
            is_counter_clockwise = _signed_area(points) > 0
            wants_counter_clockwise = index == 0
            if is_counter_clockwise != wants_counter_clockwise:
                points = points[::-1]
            parts.append(Outline(points, closed=True))
    return Outline.make_compound_path(*parts)


def _signed_area(points: np.ndarray) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def point_km(longitude: float, latitude: float) -> tuple[float, float]:
    """One projected point."""
    x, y = project(np.array([longitude]), np.array([latitude]))
    return float(x[0]), float(y[0])


def window_km() -> tuple[float, float, float, float]:
    """Left, right, bottom and top (km) of the box that the map window fills."""
    west, east, south, north = WINDOW
    longitude = np.linspace(west, east, 50)
    x, _ = project(longitude, np.full_like(longitude, 44.0))
    _, y_south = project(np.array([_CENTRE_LONGITUDE]), np.array([south]))
    _, y_north = project(np.array([_CENTRE_LONGITUDE]), np.array([north]))
    return float(x.min()), float(x.max()), float(y_south[0]), float(y_north[0])
