"""Distances between Afghan provinces: great circles between their capitals."""

from __future__ import annotations

from functools import cache

import numpy as np

from spillover.evidence.reading import DATA, read_csv
from spillover.world.network import Floats, World

EARTH_RADIUS_KM = 6371.0


@cache
def province_distance_km(world: World) -> Floats:
    """Kilometres between provinces [a, a]; to itself the radius of a circle of its area.

    Without the own radius nobody in flight would leave a province, because nothing is nearer.
    """
    n = world.n_provinces
    longitude, latitude = np.radians(world.longitude[:n]), np.radians(world.latitude[:n])
    half_across = np.sin((longitude[:, None] - longitude) / 2.0)
    half_along = np.sin((latitude[:, None] - latitude) / 2.0)
    chord = half_along**2 + np.cos(latitude)[:, None] * np.cos(latitude) * half_across**2
    km = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(chord))
    area = {row["place_id"]: row["area_km2"] for row in read_csv(DATA / "places.csv", ())}
    own = np.sqrt([float(area[place]) / np.pi for place in world.province_ids])
    km[np.arange(n), np.arange(n)] = own
    km.setflags(write=False)
    return km
