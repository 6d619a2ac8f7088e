"""Map outlines, read only when a figure needs them."""

from __future__ import annotations

import json
from functools import cache
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spillover.evidence.reading import DATA

Ring: TypeAlias = NDArray[np.float64]  # [points, 2] longitude, latitude; first = last point
Polygon: TypeAlias = tuple[Ring, ...]  # outer ring, then holes


@cache
def outlines() -> MappingProxyType[str, tuple[Polygon, ...]]:
    """Polygons of the 82 Afghan and Central Asian places by place id.

    Source: Natural Earth 1:10m, public domain, simplified (boundaries of about 2013).
    """
    return _polygons("region.geojson", "place_id")


@cache
def context_outlines() -> MappingProxyType[str, tuple[Polygon, ...]]:
    """Polygons of the surrounding countries by country name, cut to the map window."""
    return _polygons("context.geojson", "name")


def _polygons(name: str, key: str) -> MappingProxyType[str, tuple[Polygon, ...]]:
    features = json.loads((DATA / name).read_text(encoding="utf-8"))["features"]
    return MappingProxyType(
        {feature["properties"][key]: _rings(feature["geometry"]) for feature in features}
    )


def _rings(geometry: dict[str, object]) -> tuple[Polygon, ...]:
    coordinates = geometry["coordinates"]
    parts = [coordinates] if geometry["type"] == "Polygon" else coordinates
    return tuple(
        tuple(np.array(ring, dtype=np.float64) for ring in polygon)
        for polygon in parts  # type: ignore[attr-defined]
    )
