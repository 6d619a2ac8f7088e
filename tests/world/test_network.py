"""The map: ids, order, northern links, hops, populations, border points, outlines."""

from __future__ import annotations

import pickle
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest

from spillover.axes import STATES, ZONES
from spillover.errors import UserError
from spillover.evidence.reading import DATA, read_csv
from spillover.world import load_world
from spillover.world.border_points import STATUSES, week_from
from spillover.world.outlines import context_outlines, outlines
from spillover.world.population import national_population

WORLD = load_world()
LINKS = read_csv(DATA / "links.csv", ("place_a", "place_b", "border_km_scaled", "difficulty"))

NORTHERN_LINKS = {
    "AF-BDS/TJ-GB", "AF-BDS/TJ-KT", "AF-TAK/TJ-KT", "AF-KDZ/TJ-KT", "AF-BAL/TJ-KT",
    "AF-BAL/UZ-SU", "AF-BAL/TM-L", "AF-JOW/TM-L", "AF-FYB/TM-L", "AF-FYB/TM-M",
    "AF-BDG/TM-M", "AF-HER/TM-M", "AF-HER/TM-A",
}  # fmt: skip

UN_REGIONS = {
    "north_east": "BDS TAK KDZ BGL",
    "north": "BAL SAM JOW SAR FYB",
    "east": "NAN LAG KNR NUR",
    "central": "KAB PAR KAP PAN LOG WAR",
    "central_highlands": "BAM DAY",
    "south_east": "GHA PKA PIA KHO",
    "south": "KAN HEL URU ZAB NIM",
    "west": "HER BDG GHO FRA",
}


def core_graph() -> nx.Graph:
    """The 82 core places, joined by the rows of links.csv and nothing else."""
    graph = nx.Graph((row["place_a"], row["place_b"]) for row in LINKS)
    graph.remove_nodes_from([WORLD.place_ids[i] for i in np.flatnonzero(WORLD.is_external)])
    return graph


def test_places_are_complete_unique_and_in_order() -> None:
    assert len(set(WORLD.place_ids)) == 87
    assert (WORLD.n_provinces, WORLD.n_regions, WORLD.n_links) == (34, 48, 13)
    assert set(WORLD.place_country[:34]) == {"AFG"}
    assert set(WORLD.place_country[34:82]) == set(STATES)
    assert WORLD.place_ids[82:] == ("RU", "CN-XJ", "PK", "IR", "AZ")
    assert list(np.flatnonzero(WORLD.is_external)) == [82, 83, 84, 85, 86]
    prefixes = {"KAZ": "KZ-", "KGZ": "KG-", "TJK": "TJ-", "TKM": "TM-", "UZB": "UZ-"}
    for region, place_id in enumerate(WORLD.region_ids):
        assert place_id.startswith(prefixes[STATES[WORLD.region_state[region]]])


def test_regions_per_state() -> None:
    counts = np.bincount(WORLD.region_state, minlength=5)
    assert dict(zip(STATES, counts.tolist(), strict=True)) == {
        "KAZ": 16, "KGZ": 8, "TJK": 5, "TKM": 5, "UZB": 14,
    }  # fmt: skip


def test_every_province_is_in_its_un_region() -> None:
    expected = {f"AF-{code}": zone for zone, codes in UN_REGIONS.items() for code in codes.split()}
    found = {
        place_id: ZONES[zone]
        for place_id, zone in zip(WORLD.province_ids, WORLD.province_zone, strict=True)
    }
    assert found == expected


def test_northern_links_are_the_thirteen() -> None:
    assert set(WORLD.link_ids) == NORTHERN_LINKS
    assert len(WORLD.link_ids) == 13
    for i, link_id in enumerate(WORLD.link_ids):
        province, region = link_id.split("/")
        assert WORLD.province_ids[WORLD.link_province[i]] == province
        assert WORLD.region_ids[WORLD.link_region[i]] == region
        assert WORLD.link_state[i] == WORLD.region_state[WORLD.link_region[i]]


def test_kazakhstan_and_kyrgyzstan_have_no_afghan_link() -> None:
    assert {STATES[state] for state in WORLD.link_state} == {"TJK", "TKM", "UZB"}
    for row in LINKS:
        prefixes = {row["place_a"][:3], row["place_b"][:3]}
        assert not ("AF-" in prefixes and prefixes & {"KZ-", "KG-"})
    assert WORLD.hops_to_state[:, [STATES.index("KAZ"), STATES.index("KGZ")]].min() > 1


def test_border_lengths_add_up_to_the_published_totals() -> None:
    total = np.bincount(WORLD.link_state, weights=WORLD.link_length_km, minlength=5)
    published = {"TJK": 1357, "UZB": 144, "TKM": 804}  # CIA World Factbook, km
    for state, length in published.items():
        assert total[STATES.index(state)] == pytest.approx(length, abs=1.0)


def test_hops_equal_shortest_paths_of_another_library() -> None:
    graph = core_graph()
    for c, _ in enumerate(STATES):
        goals = [WORLD.region_ids[a] for a in np.flatnonzero(WORLD.region_state == c)]
        lengths = nx.multi_source_dijkstra_path_length(graph, goals, weight=lambda *_: 1)
        expected = [lengths[province] for province in WORLD.province_ids]
        assert WORLD.hops_to_state[:, c].tolist() == expected


def test_hops_are_one_exactly_at_northern_links() -> None:
    near = {(int(p), int(c)) for p, c in np.argwhere(WORLD.hops_to_state == 1)}
    assert near == set(zip(WORLD.link_province.tolist(), WORLD.link_state.tolist(), strict=True))


@pytest.mark.parametrize(("edges", "ids"), [("province_edges", 0), ("region_edges", 34)])
def test_edges_go_both_ways_and_equal_the_table(edges: str, ids: int) -> None:
    array = getattr(WORLD, edges)
    names = WORLD.province_ids if ids == 0 else WORLD.region_ids
    pairs = {(names[a], names[b]) for a, b in array}
    expected = {
        (row["place_a"], row["place_b"])
        for row in LINKS
        if row["place_a"] in names and row["place_b"] in names
    }
    assert pairs == expected | {(b, a) for a, b in expected}
    assert len(array) == len(pairs)


def test_provinces_at_pakistan_and_iran() -> None:
    def names(mask: np.ndarray) -> set[str]:
        return {WORLD.province_ids[i][3:] for i in np.flatnonzero(mask)}

    assert names(WORLD.iran_provinces) == {"HER", "FRA", "NIM"}
    assert names(WORLD.pakistan_provinces) == {
        "BDS", "NUR", "KNR", "NAN", "PIA", "KHO", "PKA", "ZAB", "KAN", "HEL", "NIM",
    }  # fmt: skip


def test_national_populations_are_exact() -> None:
    totals = national_population(2021)
    assert totals["AFG"] == 40_000_412
    for code, total in totals.items():
        assert WORLD.population[WORLD.place_country == code].sum() == total


def test_population_keeps_the_shares_of_the_table() -> None:
    rows = read_csv(DATA / "places.csv", ("country", "pop_2024_harmonised"))
    weights = np.array([float(row["pop_2024_harmonised"]) for row in rows])
    for code, total in national_population(2021).items():
        own = WORLD.place_country == code
        ideal = weights[own] * total / weights[own].sum()
        assert np.abs(WORLD.population[own] - ideal).max() < 1.0


def test_shares_and_indices_lie_in_the_unit_interval() -> None:
    for name in ("urban_index", "terrain_index", "non_pashtun_share", "link_difficulty"):
        values = getattr(WORLD, name)
        assert values.min() >= 0.0
        assert values.max() <= 1.0
    assert WORLD.non_pashtun_share[WORLD.province_index("AF-PAN")] > 0.9
    assert WORLD.non_pashtun_share[WORLD.province_index("AF-KAN")] < 0.2


def test_arrays_are_read_only_and_the_world_is_shared_and_picklable() -> None:
    with pytest.raises(ValueError, match="read-only"):
        WORLD.population[0] = 1
    assert load_world() is WORLD
    copy = pickle.loads(pickle.dumps(WORLD))
    assert np.array_equal(copy.hops_to_state, WORLD.hops_to_state)


def test_unknown_place_suggests_the_nearest() -> None:
    assert WORLD.province_ids[WORLD.province_index("AF-BDS")] == "AF-BDS"
    assert WORLD.region_ids[WORLD.region_index("UZ-SU")] == "UZ-SU"
    assert WORLD.place_ids[WORLD.place_index("RU")] == "RU"
    with pytest.raises(UserError, match="AF-BDS"):
        WORLD.province_index("AF-BDX")
    with pytest.raises(UserError):
        WORLD.province_index("UZ-SU")


def test_every_crossing_has_a_linked_pair_and_states_from_week_zero() -> None:
    linked = {frozenset((row["place_a"], row["place_b"])) for row in LINKS}
    assert len(WORLD.border_points) == 92
    rows = read_csv(DATA / "crossing_status.csv", ("crossing_id", "status", "basis"))
    assert {row["crossing_id"] for row in rows} == {point.id for point in WORLD.border_points}
    for point in WORLD.border_points:
        ends = frozenset((WORLD.place_ids[point.place_a], WORLD.place_ids[point.place_b]))
        assert ends in linked
        assert point.from_weeks[0] == 0
        assert list(point.from_weeks) == sorted(set(point.from_weeks))
        assert set(point.states) <= set(STATUSES)


def test_dated_states_of_known_crossings() -> None:
    points = {point.id: point for point in WORLD.border_points}
    assert points["AFUZ-01"].status(0) == "closed"
    assert points["AFUZ-01"].status(3) == "open"
    treaty = week_from("2025-03-13")
    assert points["KGTJ-04"].status(treaty - 1) == "closed"
    assert points["KGTJ-04"].status(treaty) == "open"
    assert points["AFPK-01"].status(week_from("2025-10-12")) == "closed"
    assert points["AFPK-01"].status(week_from("2025-10-12") - 1) == "open"


def test_week_from_rounds_up_to_the_next_week_start() -> None:
    assert week_from("2021-08-15") == 0
    assert week_from("2021-08-16") == 1
    assert week_from("2021-08-22") == 1
    assert week_from("2020-01-01") == 0


def test_corridors_follow_links_and_name_existing_crossings() -> None:
    linked = {frozenset((row["place_a"], row["place_b"])) for row in LINKS}
    known = {point.id for point in WORLD.border_points}
    assert len(WORLD.corridors) == 36
    for corridor in WORLD.corridors:
        path = [WORLD.place_ids[place] for place in corridor.places]
        assert all(frozenset(step) in linked for step in pairwise(path))
        assert set(corridor.border_point_ids) <= known


def test_outlines_cover_the_82_places_and_lie_around_their_label() -> None:
    shapes = outlines()
    assert set(shapes) == set(WORLD.place_ids[:82])
    labels = {row["place_id"]: row for row in read_csv(DATA / "places.csv", ("label_lon",))}
    for place_id, polygons in shapes.items():
        rings = [ring for polygon in polygons for ring in polygon]
        assert all(np.array_equal(ring[0], ring[-1]) for ring in rings)
        low = np.min([ring.min(axis=0) for ring in rings], axis=0)
        high = np.max([ring.max(axis=0) for ring in rings], axis=0)
        label = [float(labels[place_id]["label_lon"]), float(labels[place_id]["label_lat"])]
        assert (low < label).all()
        assert (label < high).all()
    assert len(context_outlines()) == 16
