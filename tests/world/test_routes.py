"""The candidate ways of the northern route."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import STATES
from spillover.world import load_world
from spillover.world.routes import (
    AFGHAN_BORDER,
    INTERNAL,
    INTERNATIONAL,
    INTO_RUSSIA,
    routes,
)
from spillover.world.subset import (
    SIX_PLACES,
    SIX_PLACES_WITHOUT_RUSSIA,
    SMALL_MAP,
    small_world,
)

KAZ, KGZ, TJK, TKM, UZB = range(5)


@pytest.fixture(scope="module")
def world():
    return load_world()


@pytest.fixture(scope="module")
def ways(world):
    return routes(world)


def test_every_link_has_two_ways_at_least_and_the_set_stays_small(ways, world):
    assert np.bincount(ways.way_link, minlength=world.n_links).min() >= 2
    assert 40 <= ways.n_ways <= 60
    assert len(np.unique(ways.way_edges, axis=0)) == ways.n_ways


def test_a_way_starts_at_the_border_and_ends_in_russia(ways, world):
    first = ways.way_edges[:, 0]
    assert (ways.edge_kind[first] == AFGHAN_BORDER).all()
    assert (ways.edge_link[first] == ways.way_link).all()
    last = ways.way_edges[np.arange(ways.n_ways), ways.way_legs - 1]
    assert (ways.edge_kind[last] == INTO_RUSSIA).all()
    inside = ways.way_edges[:, 1:]
    assert (ways.edge_kind[inside] != AFGHAN_BORDER).all()
    assert (ways.way_start == world.link_province[ways.way_link]).all()
    assert (ways.way_entry == world.link_state[ways.way_link]).all()


def test_edges_know_who_guards_them(ways, world):
    assert (world.region_state[ways.edge_region] == ways.edge_state).all()
    link = ways.edge_link >= 0
    assert (ways.edge_kind[link] == AFGHAN_BORDER).all() and link.sum() == world.n_links
    assert (ways.edge_state[link] == world.link_state[ways.edge_link[link]]).all()
    assert (ways.edge_link[ways.link_edge] == np.arange(world.n_links)).all()
    russian = ways.edge_kind == INTO_RUSSIA
    assert set(ways.edge_state[russian]) == {KAZ}
    for kind in (INTERNATIONAL, INTERNAL):
        assert (ways.edge_kind == kind).any()


def test_no_way_starts_in_states_without_an_afghan_border(ways):
    assert set(ways.way_entry) == {TJK, TKM, UZB}
    assert ways.way_passes[:, KAZ].all()


def test_pieces_of_a_way_sum_to_it(ways):
    np.testing.assert_allclose(ways.way_state_share.sum(axis=1), 1.0)
    np.testing.assert_array_equal(ways.incidence.sum(axis=0), ways.way_legs)
    assert (ways.way_hard_km < ways.way_km).all() and (ways.way_km > 1.5).all()
    assert ((ways.way_state_share > 0) == ways.way_passes).all()
    assert ways.way_passes.shape == (ways.n_ways, len(STATES))


def test_provinces_between_home_and_border(ways, world):
    share = ways.province_share
    np.testing.assert_allclose(share.sum(axis=2), 1.0)
    kunduz, balkh = world.province_index("AF-KDZ"), world.province_index("AF-BAL")
    link = int(np.flatnonzero(world.link_province == kunduz)[0])
    assert share[kunduz, link, kunduz] == 1.0
    assert (
        share[balkh, link, balkh]
        == share[balkh, link, kunduz]
        == pytest.approx(share[balkh, link].max())
    )


def test_built_once_and_read_only(ways, world):
    assert routes(world) is ways
    with pytest.raises(ValueError, match="read-only"):
        ways.way_km[0] = 0.0


def test_border_regions(ways, world):
    names = {world.region_ids[q] for q in np.flatnonzero(ways.is_border_region)}
    assert names == {"TJ-GB", "TJ-KT", "UZ-SU", "TM-L", "TM-M", "TM-A"}


def test_a_link_without_a_way_is_an_edge_on_a_part_of_the_map(world):
    places = [place for place in SMALL_MAP if place != "UZ-SU"]
    part = small_world(world, places)
    found = routes(part)
    used = set(found.way_link.tolist())
    assert used < set(range(part.n_links))
    np.testing.assert_array_equal(found.edge_link[found.link_edge], np.arange(part.n_links))


def test_a_map_without_a_way_to_russia_has_edges_and_no_way(world):
    part = small_world(world, SIX_PLACES_WITHOUT_RUSSIA)
    found = routes(part)
    assert found.n_ways == 0
    assert found.n_edges == part.n_links
    assert found.way_edges.shape[0] == found.way_link.size == 0
    assert found.incidence.shape == (part.n_links, 0)
    np.testing.assert_array_equal(found.link_edge, np.arange(part.n_links))


def test_six_places_with_one_way_behind_each_link(world):
    part = small_world(world, SIX_PLACES)
    found = routes(part)
    assert (part.n_provinces, part.n_regions, found.n_ways) == (2, 4, 2)
    assert found.way_link.tolist() == [0, 1]
    assert found.way_legs.tolist() == [5, 5]
