"""Parts of the map are maps, and smaller populations keep their proportions."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from spillover import kernel
from spillover.axes import GROUPS, STATES
from spillover.errors import UserError
from spillover.evidence import Change, load_tree
from spillover.first_state import first_state
from spillover.state import FIELDS
from spillover.streams import Streams
from spillover.world import World, load_world
from spillover.world.cohorts import region_shares, state_population
from spillover.world.routes import routes
from spillover.world.subset import (
    SIX_PLACES,
    SIX_PLACES_WITHOUT_RUSSIA,
    SMALL_MAP,
    scaled,
    small_world,
)

WORLD = load_world()
SMALL = small_world(WORLD)


def test_all_places_give_the_same_world():
    whole = small_world(WORLD, WORLD.place_ids)
    for field in fields(World):
        ours, theirs = getattr(whole, field.name), getattr(WORLD, field.name)
        same = np.array_equal(ours, theirs) if isinstance(ours, np.ndarray) else ours == theirs
        assert same, field.name


def test_every_array_has_the_length_of_its_axis():
    lengths = {
        34: SMALL.n_provinces,
        48: SMALL.n_regions,
        13: SMALL.n_links,
        87: len(SMALL.place_ids),
    }
    for field in fields(World):
        ours, theirs = getattr(SMALL, field.name), getattr(WORLD, field.name)
        if isinstance(theirs, np.ndarray) and theirs.shape[0] in lengths:
            assert ours.shape[0] == lengths[theirs.shape[0]], field.name
        if isinstance(ours, np.ndarray):
            assert not ours.flags.writeable, field.name


def test_small_map_holds_what_the_processes_need():
    assert set(SMALL_MAP) == set(SMALL.place_ids) - {"RU", "CN-XJ", "PK", "IR", "AZ"}
    assert set(SMALL.region_state.tolist()) == set(range(len(STATES)))
    assert SMALL.border_province.tolist() == [True, True, True, True, False]
    assert len(np.unique(SMALL.link_province)) < SMALL.n_links


def test_links_edges_and_hops_name_the_same_places_as_before():
    for link, name in enumerate(SMALL.link_ids):
        province = SMALL.province_ids[SMALL.link_province[link]]
        region = SMALL.region_ids[SMALL.link_region[link]]
        assert name == f"{province}/{region}"
        old = WORLD.link_ids.index(name)
        assert SMALL.link_difficulty[link] == WORLD.link_difficulty[old]
    for a, b in SMALL.province_edges:
        pair = [WORLD.province_index(SMALL.province_ids[end]) for end in (a, b)]
        assert pair in WORLD.province_edges.tolist()
    # From Panjshir over Badakhshan to Tajikistan; the way to Uzbekistan is longer on the small map.
    panjshir = SMALL.province_index("AF-PAN")
    assert SMALL.hops_to_state[panjshir, STATES.index("TJK")] == 2
    assert (SMALL.hops_to_state >= 1).all()


def test_a_state_that_is_not_on_the_map_is_out_of_reach():
    part = small_world(WORLD, ("AF-BDS", "AF-TAK", "TJ-KT"))
    far = part.n_provinces + part.n_regions
    assert (part.hops_to_state[:, STATES.index("KAZ")] == far).all()
    assert region_shares(part)[STATES.index("KAZ")].sum() == 0
    assert region_shares(part)[STATES.index("TJK")].sum() == pytest.approx(1)
    assert not part.state_neighbours.any()


def test_nothing_weighs_on_a_state_that_is_not_on_the_map():
    part = small_world(WORLD, SIX_PLACES_WITHOUT_RUSSIA)
    people = state_population(part)
    is_here = np.isin(np.arange(len(STATES)), part.region_state)
    assert is_here.sum() == 2
    np.testing.assert_array_equal(1000 / people[~is_here], 0.0)
    assert np.isfinite(people[is_here]).all()


@pytest.mark.parametrize("places", [SIX_PLACES, SIX_PLACES_WITHOUT_RUSSIA])
def test_the_kernel_runs_on_six_places(places):
    """No number becomes infinite or unknown, and without a way nobody carries anything."""
    part, tree = small_world(WORLD, places), load_tree()
    assert part.n_provinces + part.n_regions == 6
    small, changes = scaled(part, tree.compile(1, part), 5000)
    parameters = tree.with_changes(changes).compile(12, small)
    with np.errstate(divide="raise", invalid="raise", over="raise"):
        state = kernel.run(parameters, Streams(3, range(4)), 0, 12)
    for name in FIELDS:
        assert np.isfinite(getattr(state, name).astype(float)).all(), name
    has_way = routes(small).n_ways > 0
    assert has_way == (places == SIX_PLACES)
    assert (state.network_home >= 0).any() == has_way
    assert (state.consignment_amount.sum() > 0) == has_way
    assert (state.edge_hits.sum() > 0) == has_way
    assert (state.edge_hazard.sum() > 0) == has_way


def test_etim_is_not_pushed_where_the_province_to_china_is_not_on_the_map():
    part, tree = small_world(WORLD, SIX_PLACES), load_tree()
    pressed = Change("groups.relocation_hazard", "set", 10.0, start_week=0, layer="user")
    men = Change("initial.zone_weight.etim", "set", 1.0, start_week=0, layer="user")
    parameters = tree.with_changes([pressed, men]).compile(2, part)
    streams = Streams(3, range(20))
    state = first_state(parameters.at(0), streams)
    _, info = kernel.step(state, 0, parameters, streams)
    etim = GROUPS.index("ETIM")
    assert state.fighters[:, etim].sum() > 0
    assert info["groups"].relocated[:, etim].sum() == 0


@pytest.mark.parametrize(
    "places", [("AF-BDS", "nowhere"), ("TJ-KT",), ("AF-PAN", "TJ-KT"), ("AF-BDS",)]
)
def test_a_map_without_a_link_is_refused(places):
    with pytest.raises(UserError):
        small_world(WORLD, places)


@pytest.mark.parametrize("people", [1000, 50_000])
def test_scaled_world_has_so_many_people_and_the_same_shares(people):
    tree = load_tree()
    world, changes = scaled(WORLD, tree.compile(1, WORLD), people)
    view = tree.with_changes(changes).compile(1, world).at(0)
    first, last = world.n_provinces, world.n_provinces + world.n_regions
    young = world.population[first:last] * view.recruitment.young_share[world.region_state]
    assert young.sum() + view.recruitment.diaspora_people.sum() == pytest.approx(people, rel=0.01)
    factor = world.population[:last].sum() / WORLD.population[:last].sum()
    assert np.abs(world.population[:last] - factor * WORLD.population[:last]).max() <= 1
    exits = (
        view.recruitment.join_hazard
        + view.recruitment.exposed_disengagement_hazard
        + view.recruitment.arrest_hazard
    )
    exposed_a_year = view.recruitment.inflow * exits / view.recruitment.join_hazard
    assert exposed_a_year == pytest.approx(people / 10)
