"""Who draws from the Amu Darya, in the order in which the water reaches them.

The table ``data/river.csv`` names the regions on the river, whether they lie above the head of the
Qosh Tepa canal, and how much they draw in a mean year, less what runs back. The order is read from
the map; the amounts are judged so that their sum stays inside the basin scheme of 1987
(calibration:amu_darya_planned_withdrawal_1987_scheme). Regions that are not in it draw nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from spillover.axes import STATES
from spillover.evidence.reading import DATA, read_csv
from spillover.world.network import World

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class River:
    """Regions on the river [n] in the order of the water; arrays are read-only.

    `state_weight` [q, c] is the share of a region in what its state draws; a state off the river
    has zeros. `state_share` [c] is the share of a state in what is drawn below the canal.
    """

    region: Ints
    is_above_canal: NDArray[np.bool_]
    demand_km3: Floats
    state_weight: Floats
    state_share: Floats


@cache
def load_river(world: World) -> River:
    """Read the table once for a map; a map with some of the places keeps those.

    Raises:
        UserError: the table is missing or lacks a column.
    """
    table = read_csv(DATA / "river.csv", ("place_id", "order", "is_above_canal", "demand_km3"))
    known = sorted(
        (row for row in table if row["place_id"] in world.region_ids),
        key=lambda row: int(row["order"]),
    )
    region = np.array([world.region_index(row["place_id"]) for row in known], dtype=np.int64)
    above = np.array([row["is_above_canal"] == "1" for row in known], dtype=bool)
    demand = np.array([float(row["demand_km3"]) for row in known])
    owner = world.region_state[region]
    by_state = np.bincount(owner, weights=demand, minlength=len(STATES))
    weight = np.zeros((world.n_regions, len(STATES)))
    weight[region, owner] = demand / np.maximum(by_state[owner], 1e-9)
    below = np.bincount(owner[~above], weights=demand[~above], minlength=len(STATES))
    share = below / max(float(below.sum()), 1e-9)
    river = River(region, above, demand, weight, share)
    for value in vars(river).values():
        value.setflags(write=False)
    return river
