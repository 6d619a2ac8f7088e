"""Where a group or a cell can go next: provinces nearer to, or farther from, a border."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from spillover.world.network import World

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MoveTable:
    """Allowed next provinces [a, d], padded, with their number [a]; 0 means stay."""

    neighbours: Ints
    n_choices: Ints

    def destination(self, place: Ints, u: NDArray[np.float64]) -> Ints:
        """Next province of each mover: one of the allowed ones at random, or the same place."""
        n = self.n_choices[place]
        pick = np.minimum((u * n).astype(np.int64), np.maximum(n - 1, 0))
        return np.where(n > 0, self.neighbours[place, pick], place)


REACH = 2
"""Links within which a neighbour feels a group and presses it away; farther out it is left."""


def _table(world: World, distance: Ints, sign: int, reach: int | None = None) -> MoveTable:
    chosen: list[list[int]] = [[] for _ in range(world.n_provinces)]
    for start, end in world.province_edges:
        near = reach is None or distance[start] <= reach
        if near and sign * (distance[end] - distance[start]) > 0:
            chosen[start].append(int(end))
    width = max(1, max(map(len, chosen)))
    padded = np.array([sorted(c) + [0] * (width - len(c)) for c in chosen], dtype=np.int64)
    return MoveTable(padded, np.array([len(c) for c in chosen], dtype=np.int64))


@cache
def toward_north(world: World) -> MoveTable:
    """Moves that shorten the way to the nearest Central Asian state."""
    return _table(world, world.hops_to_state.min(axis=1), -1)


@cache
def away_from_state(world: World, state: int) -> MoveTable:
    """Moves that lengthen the way to one state (axis position in STATES)."""
    return _table(world, world.hops_to_state[:, state], +1, REACH)


@cache
def away_from_province(world: World, province: int) -> MoveTable:
    """Moves that lengthen the way to one province, such as the one that borders China."""
    distance = np.full(world.n_provinces, -1, dtype=np.int64)
    distance[province] = 0
    frontier = [province]
    while frontier:
        reached = [int(b) for a, b in world.province_edges if a in frontier and distance[b] == -1]
        for b in reached:
            distance[b] = distance[frontier[0]] + 1
        frontier = list(dict.fromkeys(reached))
    return _table(world, distance, +1, REACH)
