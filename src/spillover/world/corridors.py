"""Trafficking routes, railways, pipelines and power lines as ordered lists of places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spillover.evidence.reading import DATA, read_csv


@dataclass(frozen=True)
class Corridor:
    """One route over the map; consecutive places are always linked."""

    id: str
    name: str
    category: str  # narcotics, rail, energy, multimodal, road, water
    variant: str
    status: str  # free text, about 2025
    places: tuple[int, ...]  # indices on the axis [p]
    path_km: float  # straight lines from hub to hub
    border_point_ids: tuple[str, ...]


def load_corridors(place_ids: Sequence[str]) -> tuple[Corridor, ...]:
    """All rows of ``data/corridors.csv`` in file order."""
    return tuple(
        Corridor(
            id=row["corridor_id"],
            name=row["corridor"],
            category=row["category"],
            variant=row["variant"],
            status=row["status"],
            places=tuple(place_ids.index(place) for place in row["place_ids"].split()),
            path_km=float(row["hub_path_km"]),
            border_point_ids=tuple(row["main_crossing_ids"].split()),
        )
        for row in read_csv(DATA / "corridors.csv", ("corridor_id", "place_ids"))
    )
