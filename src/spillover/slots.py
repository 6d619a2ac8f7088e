"""Slots of ISIS-K cells: the used ones lie in front, a free one is blank.

A slot is the address of draws, so a cell never changes it; new cells take the lowest free ones. So
the week can be worked out on the first slots only, up to the last that is used in the batch: those
behind it stay blank whatever happens, and the bits of a replicate do not depend on the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.state import LOCAL, N_CELL_SLOTS, Counts, Flags, State

BLANK: Mapping[str, Any] = {
    "cell_place": -1, "cell_fighters": 0, "cell_mode": LOCAL, "cell_target": -1,
    "cell_skill": 0.0, "cell_funds_usd": 0,
}  # fmt: skip
"""What a free slot holds, by field of the state."""
BLOCK = 64
"""Slots come into play in blocks, so that one cell more does not read random numbers anew."""


def slots_in_play(place: Counts, more: int) -> int:
    """Number of slots up to the last used one of the batch, and more, in whole blocks.

    Args:
        place: province of each slot [r, k], -1 where it is free.
        more: at most so many new cells find no free slot before that one.
    """
    used = np.flatnonzero((place >= 0).any(axis=0))
    n = more + (int(used[-1]) + 1 if used.size else 0)
    return min(-(-n // BLOCK) * BLOCK, N_CELL_SLOTS)


def first_slots(state: State, n: int) -> State:
    """The same state with the first n slots of cells."""
    return state.replace(**{name: getattr(state, name)[:, :n] for name in BLANK})


def all_slots(first: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Fields [r, k] of all slots by name: the first ones as given [r, n], blank ones behind."""
    whole = {}
    for name, values in first.items():
        n_rows, n = values.shape
        whole[name] = np.empty((n_rows, N_CELL_SLOTS), dtype=values.dtype)
        whole[name][:, :n], whole[name][:, n:] = values, BLANK[name]
    return whole


def top_up(fighters: Counts, used: Flags, largest: int, men: Counts, first: int = 0) -> Counts:
    """Men who join existing cells [r, k] (K3), none above the largest size.

    Cells are served in slot order from slot `first`, which moves on every week.
    """
    room = np.maximum(largest - fighters, 0) * used
    ahead = np.cumsum(room, axis=1) - room
    if first < room.shape[1]:
        skipped = ahead[:, first, None].copy()
        everyone = ahead[:, -1:] + room[:, -1:]
        ahead[:, first:] -= skipped
        ahead[:, :first] += everyone - skipped
    return np.minimum(np.maximum(men[:, None] - ahead, 0), room)


def by_row(row: Counts, weight: Any, n_rows: int) -> Counts:
    """Sum whole weights by row [r]; without weights the number of times it is named."""
    return np.bincount(row, weights=weight, minlength=n_rows).astype(np.int64)
