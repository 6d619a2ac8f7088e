"""Cohorts: the 48 regions in order, then the diasporas of the five states; axis [m] = 53."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.axes import STATES
from spillover.world.network import World


def cohort_state(world: World) -> NDArray[np.int64]:
    """State index of each cohort [m]."""
    return np.concatenate([world.region_state, np.arange(len(STATES))])


def by_state(values: NDArray[Any], world: World) -> NDArray[Any]:
    """Sum a cohort array [r, m] over each state's regions and diaspora [r, c]."""
    owner = cohort_state(world)
    return np.stack([values[:, owner == c].sum(axis=1) for c in range(len(STATES))], axis=1)


def links_by_state(values: NDArray[Any], world: World) -> NDArray[Any]:
    """Sum a link array [r, l] by the state it leads into [r, c]."""
    owner = world.link_state
    return np.stack([values[:, owner == c].sum(axis=1) for c in range(len(STATES))], axis=1)


def sum_by_cohort(
    people: NDArray[np.int64], cohort: NDArray[np.int64], n_cohorts: int
) -> NDArray[np.int64]:
    """Sum people of slots [r, j] by the cohort they belong to [r, m]; zeros are skipped."""
    out = np.zeros((len(people), n_cohorts), dtype=np.int64)
    row, slot = np.nonzero(people)
    np.add.at(out, (row, cohort[row, slot]), people[row, slot])
    return out


def region_shares(world: World) -> NDArray[np.float64]:
    """Share of each region in the population of each state [c, q]; rows sum to 1.

    The row of a state without regions, as in a part of the map, is 0.
    """
    first = world.n_provinces
    people = world.population[first : first + world.n_regions].astype(np.float64)
    own = world.region_state[None, :] == np.arange(len(STATES))[:, None]
    return own * people / np.maximum((own * people).sum(axis=1, keepdims=True), 1.0)


@cache
def state_population(world: World) -> NDArray[np.float64]:
    """People of each state in August 2021 [c], by which a load on the state is divided.

    Infinite for a state without regions, as in a part of the map: nothing weighs on it.
    """
    first = world.n_provinces
    people = world.population[first : first + world.n_regions].astype(np.float64)
    found = np.bincount(world.region_state, people, minlength=len(STATES))
    return np.where(found > 0.0, found, np.inf)


def detection_by_state(link_detection: NDArray[np.float64], world: World) -> NDArray[np.float64]:
    """Mean detection on each state's Afghan border [r, c] from links [r, l].

    States without such a border get the mean of all links: their people cross a neighbour's.
    """
    everywhere = link_detection.mean(axis=1)
    return np.stack(
        [
            link_detection[:, world.link_state == c].mean(axis=1)
            if (world.link_state == c).any()
            else everywhere
            for c in range(len(STATES))
        ],
        axis=1,
    )
