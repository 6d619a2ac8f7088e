"""Tolerated groups cross the border less where Kabul promised restraint and keeps its word."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import GROUPS, STATES
from spillover.evidence import Change
from spillover.first_state import first_state
from spillover.processes import border
from spillover.state import EMPTY
from spillover.streams import Streams

N = 1500
MEN = 600  # of each group in every province
IN_ORDER = tuple(GROUPS.index(g) for g in ("IMU", "JA", "ETIM"))


@pytest.fixture(scope="module")
def tries_of(changed, world):
    """`tries_of(kept, guarantee, unpromised=())`: allied tries of a week [r, g', l].

    States in `unpromised` have no guarantee. Cover from traffic and avoidance are off, and there
    are no cells, so that each man of a province sets out with the bare hazard, to any of its links
    alike.
    """

    def tries(kept, guarantee, unpromised=()):
        tree = changed(
            {
                "border.infiltration": 0.5,
                "border.cover_from_traffic": 0.0,
                "border.avoidance": 0.0,
                "drivers.guarantee": guarantee,
            }
        )
        if unpromised:
            none = Change("drivers.guarantee", "scale", 0.0, 0, members=unpromised)
            tree = tree.with_changes([none])
        view = tree.compile(1, world).at(0)
        streams = Streams(11, range(N))
        start = first_state(view, streams)
        fighters = start.fighters.copy()
        fighters[:, list(IN_ORDER)] = MEN
        state = start.replace(
            fighters=fighters,
            promise_kept=np.broadcast_to(np.asarray(kept, dtype=float), start.promise_kept.shape),
            cell_place=np.full_like(start.cell_place, EMPTY),
        )
        return border._tries(state, 0, view, streams)[1]

    return tries


def bare_mean(world):
    """Tries of a group on each link [l] without any promise: men x 0.5 a year x one week."""
    links = np.bincount(world.link_province, minlength=world.n_provinces)[world.link_province]
    return MEN * 0.5 * 7 / 365.25 / links


def assert_means(got, expected):
    """Every group has Poisson means `expected` [l] within five standard errors."""
    for i in range(len(IN_ORDER)):
        error = np.sqrt(np.maximum(expected, 1e-9) / N)
        assert (np.abs(got[:, i].mean(axis=0) - expected) < 5 * error).all()


@pytest.mark.parametrize(
    ("kept", "guarantee", "left"),
    [
        (0.0, 0.0, 1.0),
        (0.8, 0.0, 1.0),  # nothing was promised
        (0.0, 0.9, 1.0),  # nothing is kept
        (0.4, 0.5, 0.80),
        (0.8, 0.5, 0.60),
        (0.4, 1.0, 0.60),
        (0.8, 0.9, 0.28),
        (1.0, 1.0, 0.0),
    ],
)
def test_tries_fall_with_the_promise_and_its_keeping(tries_of, world, kept, guarantee, left):
    """What is left of the tries is 1 - kept x guarantee, worked out by hand."""
    got = tries_of(kept, guarantee)
    assert_means(got, bare_mean(world) * left)


def test_the_province_that_keeps_its_promise_is_the_one_that_counts(tries_of, world):
    """Kept in Badakhshan alone: its links lose 72 of 100 tries, all others none."""
    kept = np.zeros(world.n_provinces)
    keeper = world.province_index("AF-BDS")
    kept[keeper] = 0.8
    got = tries_of(kept, 0.9)
    own = world.link_province == keeper
    assert own.any() and not own.all()
    assert_means(got, bare_mean(world) * np.where(own, 0.28, 1.0))


def test_a_guarantee_protects_the_state_that_has_it(tries_of, world):
    """None for Uzbekistan: no try is lost at its links, 72 of 100 at all others."""
    got = tries_of(0.8, 0.9, unpromised=("UZB",))
    uzbek = world.link_state == STATES.index("UZB")
    assert uzbek.any() and not uzbek.all()
    assert_means(got, bare_mean(world) * np.where(uzbek, 1.0, 0.28))


def test_with_the_same_random_numbers_no_try_is_added_by_keeping_a_promise(tries_of):
    broken, kept = tries_of(0.2, 1.0), tries_of(0.9, 1.0)
    assert (kept <= broken).all()
    assert kept.sum() < broken.sum() / 4  # 0.1 of all tries against 0.8
