"""One outcome: its name, unit, kind, where it is defined and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from spillover.axes import STATES
from spillover.state import State
from spillover.world import World

Read = Callable[[State, SimpleNamespace, World], Any]
N_STATES = len(STATES)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One named number that the model reports.

    Args:
        name: column name.
        label: what a figure or table calls it.
        unit: unit of one value; a flow is per period of the table.
        kind: `stock` (mean over the weeks of a period) or `flow` (sum over them).
        scope: `AFG`, `states`, `provinces` or `regions`.
        description: one sentence.
        better: `lower`, `higher` or None where it is not a matter of better or worse.
        resolution: step to which weekly values are rounded when they are counted.
        read: how to read it from a week.
        sources: fact ids or data series behind it.
        headline: whether summaries and figures show it first.
    """

    name: str
    label: str
    unit: str
    kind: str
    scope: str
    description: str
    better: str | None
    resolution: float
    read: Read
    sources: tuple[str, ...] = ()
    headline: bool = False


def links_by_region(values: Any, world: World) -> Any:
    """Sum a link array [r, l] by its Central Asian region [r, q]."""
    out = np.zeros((len(values), world.n_regions), dtype=values.dtype)
    for link, region in enumerate(world.link_region):
        out[:, region] += values[:, link]
    return out


def regions_by_state(values: Any, world: World) -> Any:
    """Sum a region array [r, q] by state [r, c]."""
    own = world.region_state
    return np.stack([values[:, own == c].sum(axis=1) for c in range(N_STATES)], axis=1)


def every_state(values: Any) -> Any:
    """A regional number [r] as the same value in each state [r, c]."""
    return np.broadcast_to(values[:, None], (len(values), N_STATES))
