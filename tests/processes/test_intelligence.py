"""Intelligence: capacity, links between services, the hazard of finding a plot, files."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.axes import BUDGETS, CSTO_OPTIONS, STATE_PAIRS
from spillover.processes import intelligence
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
    BASE_DIASPORA,
    BASE_HOME,
    EMPTY,
    PLANNED,
)
from spillover.streams import Streams

KAZ, KGZ, TJK, TKM, UZB = range(5)
PLAIN = {
    "intelligence.capacity_loss_from_shock": 0.0,
    "intelligence.touch_neighbour": 0.0,
    "intelligence.leak": 0.0,
}
MONEY = BUDGETS.index("intelligence")


@pytest.fixture
def view(view_of):
    """With pieces and leaks left to tests of their own."""
    return view_of(PLAIN)


@pytest.fixture
def start(start):
    """Without shocks at home."""
    return start.replace(shock=np.zeros_like(start.shock))


def test_capacity_is_one_in_2021_and_grows_with_money_training_and_the_cis(
    view, view_of, start, ordered
):
    np.testing.assert_allclose(intelligence.capacity(start, view), 1.0)
    budget = start.budget_share.copy()
    budget[:, TJK, MONEY] = 0.36  # of 0.25
    state = ordered(start.replace(budget_share=budget), joint_exercises=2.0)
    programme = view_of(PLAIN | {"drivers.cis_programme": 1.0})
    got = intelligence.capacity(state, programme)[0]
    assert got[TJK] == pytest.approx(np.sqrt(0.36 / 0.25) * 1.2 * 1.1)
    assert got[KAZ] == pytest.approx(1.2 * 1.1)
    assert got[TKM] == pytest.approx(1.2 * 1.05)  # takes half of the programme


def test_threat_and_the_csto_add_capacity_and_shocks_tie_it_up(view_of, start):
    """The alarm of August 2021 (0.05, sensitivity 2.5 and 3) is part of the capacity of 2021."""
    view = view_of({})
    csto = np.zeros((3, 4))
    csto[:, CSTO_OPTIONS.index("assistance")] = 0.4
    csto[:, CSTO_OPTIONS.index("reinforcement")] = 0.2
    state = start.replace(
        csto_delivered=csto, threat=np.full((3, 5), 0.42), shock=np.full((3, 5), 0.5)
    )
    got = intelligence.capacity(state, view)[0]

    def common(sensitivity):
        more = (1 + 0.5 * 0.42) / (1 + 0.5 * (1 - np.exp(-sensitivity * 0.05)))
        return np.sqrt(more) * (1 - 0.3 * 0.5)

    assert got[KGZ] == pytest.approx(common(2.5) * (1 + 0.1 * 0.6))
    assert got[UZB] == pytest.approx(common(3.0))  # no member


def test_links_need_both_sides(view, start, ordered):
    state = start.replace(pair_trust=np.ones((3, 10)))
    levels = np.array([0.0, 1.0, 2.0, 3.0, 3.0])
    link = intelligence.link_strength(ordered(state, intelligence_sharing=levels), view)[0]
    assert link[STATE_PAIRS.index((KAZ, UZB))] == pytest.approx(0.1)
    assert link[STATE_PAIRS.index((KGZ, UZB))] == pytest.approx(0.1 + 0.15)
    assert link[STATE_PAIRS.index((TKM, UZB))] == pytest.approx(0.1 + 0.45)
    link = intelligence.link_strength(ordered(state, fusion_centre=levels), view)[0]
    assert link[STATE_PAIRS.index((KAZ, UZB))] == pytest.approx(0.1)
    assert link[STATE_PAIRS.index((TKM, UZB))] == pytest.approx(0.1 + 0.6)  # a member or not


def test_trust_caps_a_link(view, start, ordered):
    some = start.replace(pair_trust=np.full((3, 10), 0.45))
    link = intelligence.link_strength(ordered(some, fusion_centre=1.0), view)
    np.testing.assert_allclose(link, 0.45)
    wary = start.replace(pair_trust=np.full((3, 10), 0.05))
    np.testing.assert_allclose(intelligence.link_strength(wary, view), 0.05)


def test_the_sco_links_its_members_once_it_coordinates(view_of, start):
    talks = view_of({"diplomacy.sco_integration": 1.0})
    np.testing.assert_allclose(intelligence.link_strength(start, talks), 0.1)
    view = view_of({"diplomacy.sco_coordination": 1.0})
    link = intelligence.link_strength(start, view)[0]
    assert link[STATE_PAIRS.index((KAZ, UZB))] == pytest.approx(0.2)
    assert link[STATE_PAIRS.index((TKM, UZB))] == pytest.approx(0.1)  # Turkmenistan is outside


def test_members_raise_what_the_sco_does_together(view_of, start, ordered):
    view = view_of({"intelligence.link_from_sco": 0.1})
    state = start.replace(pair_trust=np.ones((3, 10)))
    link = intelligence.link_strength(ordered(state, sco_coordination=[2, 2, 0, 3, 3]), view)[0]
    assert link[STATE_PAIRS.index((KAZ, UZB))] == pytest.approx(0.1 + 0.2)
    assert link[STATE_PAIRS.index((KAZ, TJK))] == pytest.approx(0.1)
    assert link[STATE_PAIRS.index((TKM, UZB))] == pytest.approx(0.1)
    both = view_of({"intelligence.link_from_sco": 0.1, "diplomacy.sco_coordination": 2.0})
    link = intelligence.link_strength(ordered(state, sco_coordination=3.0), both)[0]
    assert link[STATE_PAIRS.index((KAZ, UZB))] == pytest.approx(0.1 + 0.3)  # level 3 at most


def test_emigrants_are_found_abroad_where_their_state_works_with_the_host(view_of, start, ordered):
    view = view_of({"intelligence.hazard_abroad": 0.02, "intelligence.abroad_from_watch": 0.5})
    state = ordered(start, diaspora_watch=[0, 0, 2, 0, 0])
    row, origin = np.array([0, 0, 1]), np.array([TJK, UZB, -1])
    got = intelligence.hazard_abroad(state, row, origin, view)
    np.testing.assert_allclose(got, [0.04, 0.02, 0.02])


def test_capacity_of_bases_programmes_and_those_who_lean_on_moscow(view_of, start, ordered):
    view = view_of(
        {
            "intelligence.capacity_from_base": 0.03, "intelligence.capacity_from_cis": 0.2,
            "intelligence.capacity_from_csto": 0.1, "alliances.cis_per_level": 0.2,
            "drivers.cis_programme": 0.5,
        }
    )  # fmt: skip
    plain = intelligence.capacity(start, view)[0]
    base = intelligence.capacity(ordered(start, second_base=3.0), view)[0]
    np.testing.assert_allclose(base / plain, [1, 1.09, 1, 1, 1])
    own = intelligence.capacity(ordered(start, cis_programme=[0, 0, 1, 1, 3]), view)[0]
    np.testing.assert_allclose(own / plain, [1, 1, 1.14 / 1.1, 1.07 / 1.05, 1.2 / 1.1])
    given = start.replace(csto_delivered=np.tile([1.0, 0, 0, 0], (3, 1)))
    near = given.replace(moscow_lean=given.moscow_lean + np.array([0, 0, 0, 0, 0.5]))
    got = intelligence.capacity(near, view)[0] / plain
    np.testing.assert_allclose(got, [1.1, 1.1, 1.1, 1.0, 1.05])


def test_fused_hazard_by_hand():
    """0.04 and 0.09 with a link of 0.5 and weight 0.8: 0.13 + 0.8 * 0.5 * 0.2 * 0.3."""
    hazard, link = np.zeros(5), np.zeros(10)
    hazard[KGZ], hazard[TJK] = 0.04, 0.09
    link[STATE_PAIRS.index((KGZ, TJK))] = 0.5
    assert intelligence.fused_hazard(hazard, hazard, link, 0.8) == pytest.approx(0.154)
    piece = hazard.copy()
    piece[KGZ] = 0.16  # holds more than it can find alone
    expected = 0.13 + 0.8 * 0.5 * 0.4 * 0.3
    assert intelligence.fused_hazard(hazard, piece, link, 0.8) == pytest.approx(expected)


hazards = st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5)
links = st.lists(st.floats(0.0, 1.0), min_size=10, max_size=10)


@settings(max_examples=100, deadline=None)
@given(hazard=hazards, piece=hazards, link=links, weight=st.floats(0.0, 1.0))
def test_fusion_never_sees_less_than_the_sum_and_equals_the_loop(hazard, piece, link, weight):
    own, held, shared = (np.array(values) for values in (hazard, piece, link))
    got = float(intelligence.fused_hazard(own, held, shared, weight))
    assert got >= sum(hazard) - 1e-12
    pairs = enumerate(combinations(range(5), 2))
    joint = sum(link[s] * (piece[i] * piece[j]) ** 0.5 for s, (i, j) in pairs)
    assert got == pytest.approx(sum(hazard) + weight * joint)
    alone = float(intelligence.fused_hazard(own, held, shared, 0.0))
    assert alone == pytest.approx(sum(hazard))


def test_what_each_state_sees_of_a_plot(view):
    """Home in full; from Afghanistan the target 0.3 and border states 0.15; abroad 0.3 and 0.15.

    Emigrants who prepare in their host country are as far away as operatives.
    """
    base = np.array(
        [BASE_HOME, BASE_AFGHANISTAN, BASE_AFGHANISTAN, BASE_ABROAD, BASE_ABROAD, BASE_ABROAD,
         BASE_DIASPORA, BASE_DIASPORA]
    )  # fmt: skip
    target = np.array([KGZ, UZB, 5, TJK, 5, KAZ, TJK, 5])  # 5: Russia
    origin = np.array([KGZ, -1, -1, TJK, UZB, -1, TJK, UZB])
    expected = [
        [0, 1, 0, 0, 0],
        [0, 0, 0.15, 0.15, 0.45],
        [0, 0, 0.15, 0.15, 0.15],
        [0, 0, 0.3, 0, 0],
        [0, 0, 0, 0, 0.15],
        [0.3, 0, 0, 0, 0],
        [0, 0, 0.3, 0, 0],
        [0, 0, 0, 0, 0.15],
    ]
    got = intelligence.touch(base, target, origin, view)
    np.testing.assert_allclose(got, np.array(expected, dtype=float))


def test_neighbours_are_those_of_the_map(world):
    got = world.state_neighbours
    borders = {
        KAZ: {KGZ, TKM, UZB},
        KGZ: {KAZ, TJK, UZB},
        TJK: {KGZ, UZB},
        TKM: {KAZ, UZB},
        UZB: {KAZ, KGZ, TJK, TKM},
    }
    assert {c: set(np.flatnonzero(got[c]).tolist()) for c in range(5)} == borders
    assert (got == got.T).all()


def test_neighbours_of_where_it_happens_hold_a_piece(view_of):
    view = view_of({"intelligence.touch_neighbour": 0.2})
    seen = np.zeros((3, 5))
    seen[0, TKM] = 1.0
    got = intelligence.pieces(seen, np.array([TKM, 5, 5]), np.array([TKM, TJK, -1]), view)
    expected = [[0.2, 0, 0, 1.0, 0.2], [0, 0.2, 0, 0, 0.2], [0, 0, 0, 0, 0]]
    np.testing.assert_allclose(got, expected)


@pytest.fixture
def plotted(start):
    """`plotted(n, base, target, cohort)`: n replicates with every plot slot in use alike."""

    def build(n, base, target, cohort, **changes):
        rows = np.zeros(n, dtype=np.int64)
        shape = (n, start.plot_stage.shape[1])
        names = (*intelligence.READS, "control", "susceptible")
        fields = {name: getattr(start, name)[rows] for name in names}
        fields |= {
            "busy": np.zeros((n, 5), dtype=np.int64),
            "plot_stage": np.full(shape, PLANNED, dtype=np.int8),
            "plot_base": np.full(shape, base, dtype=np.int8),
            "plot_target": np.full(shape, target, dtype=np.int8),
            "plot_cohort": np.full(shape, cohort, dtype=np.int64),
            "plot_region": np.full(shape, max(cohort, -1), dtype=np.int64),
            "plot_people": np.full(shape, 3, dtype=np.int64),
        }
        return start.replace(**(fields | changes))

    return build


def found_share(state, view, week=3):
    after, _ = intelligence.step(state, week, view, Streams(4, range(len(state.busy))))
    return (after.plot_stage == EMPTY).mean(), (after.plot_stage == EMPTY).size


def assert_hazard(got, expected):
    share, n = got
    probability = 1 - np.exp(-expected)
    assert abs(share - probability) < 4 * np.sqrt(probability * (1 - probability) / n)


def test_plots_at_home_are_found_with_their_hazard(view, plotted):
    assert_hazard(found_share(plotted(60, BASE_HOME, KAZ, 0), view), 0.03 + 0.09)


def test_open_files_halve_free_capacity(view, plotted):
    busy = np.tile(np.array([30, 10, 15, 10, 30]), (60, 1))  # as many files as desks
    state = plotted(60, BASE_HOME, KAZ, 0, busy=busy)
    assert_hazard(found_share(state, view), 0.03 + 0.045)


@pytest.mark.parametrize("base", [BASE_ABROAD, BASE_DIASPORA])
def test_plots_abroad_are_found_by_hosts_target_and_origin(view, plotted, base):
    target_only = 0.3 * 0.12 + 0.02
    assert_hazard(found_share(plotted(60, base, TJK, 48 + TJK), view), target_only)
    russia = 0.15 * 0.12 + 0.02
    assert_hazard(found_share(plotted(60, base, 5, 48 + UZB), view), russia)


def test_plots_from_afghanistan_are_found_by_neighbours_and_the_authorities(view, plotted):
    own = np.array([0.15, 0.15, 0.45]) * 0.12  # TJK, TKM, UZB
    pairs = 0.1 * sum((own[i] * own[j]) ** 0.5 for i, j in ((0, 1), (0, 2), (1, 2)))
    hazard = own.sum() + 0.5 * pairs
    state = plotted(60, BASE_AFGHANISTAN, UZB, -1)
    assert_hazard(found_share(state, view), hazard)
    known = state.replace(counter_terror_knowledge=np.full(60, 1.0))
    assert_hazard(found_share(known, view), hazard + 0.06)


def test_linked_neighbours_add_their_pieces_and_leaks_take_some(view_of, plotted, ordered):
    """Turkmenistan sees 0.12, two neighbours who border each other hold 0.024 each."""
    state = ordered(plotted(300, BASE_HOME, TKM, 20), fusion_centre=1.0)
    state = state.replace(pair_trust=np.ones((300, 10)))
    link = 0.1 + 0.6
    joint = link * (2 * (0.12 * 0.024) ** 0.5 + 0.024)
    pieces = {"intelligence.touch_neighbour": 0.2}
    assert_hazard(found_share(state, view_of(PLAIN | pieces)), 0.12 + 0.5 * joint)
    leaky = view_of(PLAIN | pieces | {"intelligence.leak": 1.0})
    corruption = np.mean([0.25, 0.4, 0.4, 0.35, 0.25])
    assert_hazard(found_share(state, leaky), (0.12 + 0.5 * joint) * (1 - link * corruption))


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6, 1.0])
def test_what_is_said_in_closed_channels_is_half_lost(view, plotted, share):
    state = plotted(300, BASE_HOME, KAZ, 0)
    state = state.replace(closed_share=np.full_like(state.closed_share, share))
    assert_hazard(found_share(state, view), 0.12 * (1 - 0.5 * share))


@pytest.mark.parametrize(
    ("base", "target", "cohort", "stock"),
    [
        (BASE_HOME, KAZ, 0, "radicalised"),
        (BASE_ABROAD, 5, 48 + UZB, "operatives"),
        (BASE_DIASPORA, 5, 48 + UZB, "radicalised"),
        (BASE_AFGHANISTAN, UZB, -1, "unassigned"),
    ],
)
def test_members_of_found_plots_are_arrested_or_go_home(view, plotted, base, target, cohort, stock):
    state = plotted(20, base, target, cohort)
    after, info = intelligence.step(state, 3, view, Streams(4, range(20)))
    found = after.plot_stage == EMPTY
    men = 3 * found.sum()
    assert (after.plot_people == np.where(found, 0, 3)).all()
    jailed = (after.detained - state.detained).sum()
    free = (getattr(after, stock) - getattr(state, stock)).sum()
    captured = info.fighters_captured.sum()
    assert jailed + free + captured == men
    is_afghan = base == BASE_AFGHANISTAN
    assert (captured > 0) == is_afghan and (jailed > 0) != is_afghan
    # Each account in full, by cohort where there is one.
    assert (info.citizens_arrested == after.detained - state.detained).all()
    others = np.arange(53) != cohort
    assert (info.citizens_arrested[:, others] == 0).all()
    assert (info.citizens_escaped[:, others] == 0).all()
    accounts = {
        "radicalised": info.citizens_escaped,
        "operatives": info.operatives_escaped,
        "unassigned": info.fighters_escaped,
    }
    for name, account in accounts.items():
        assert account.sum() == (free if name == stock else 0)
    escaped = info.citizens_escaped.sum(axis=1) + info.operatives_escaped.sum(axis=1)
    people = info.citizens_arrested.sum(axis=1) + escaped
    people = people + info.fighters_captured + info.fighters_escaped
    assert (people == 3 * found.sum(axis=1)).all()
    assert abs(free / men - 0.1) < 4 * np.sqrt(0.09 / men)
    by_state = info.disrupted.sum(axis=0)
    if target < 5:
        assert by_state[target] == found.sum()
        assert info.disrupted_elsewhere.sum() == 0
    else:
        assert by_state.sum() == 0
        assert info.disrupted_elsewhere.sum() == found.sum()


def test_files_open_and_close_at_their_means(view, plotted):
    n = 3000
    busy = np.tile(np.array([26, 0, 0, 0, 0]), (n, 1))
    state = plotted(n, BASE_HOME, KAZ, 0, busy=busy)
    state = state.replace(plot_stage=np.full_like(state.plot_stage, EMPTY))
    after, info = intelligence.step(state, 3, view, Streams(6, range(n)))
    expected = np.array([60, 30, 50, 15, 80]) * 7 / 365.25 * (1 + 0.5 * 0.1)
    error = np.sqrt(expected / n)
    assert (np.abs(info.false_leads.mean(axis=0) - expected) < 4 * error).all()
    probability = 1 - np.exp(-1 / 13)
    error = np.sqrt(probability * (1 - probability) / (26 * n))
    assert abs(info.files_closed[:, 0].mean() / 26 - probability) < 4 * error
    np.testing.assert_array_equal(after.busy, busy + info.false_leads - info.files_closed)


def test_more_links_bring_more_false_leads(view, plotted, ordered):
    n = 500
    state = plotted(n, BASE_HOME, KAZ, 0, pair_trust=np.ones((n, 10)))
    few, _ = intelligence.step(state, 3, view, Streams(6, range(n)))
    many, _ = intelligence.step(
        ordered(state, intelligence_sharing=3.0), 3, view, Streams(6, range(n))
    )
    assert (many.busy >= few.busy).all()
    assert many.busy.sum() > few.busy.sum()


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"levers.intelligence_sharing.target": 2.0}, "link", +1),
        ({"levers.intelligence_sharing.target": 2.0}, "files", +1),
        ({"levers.fusion_centre.target": 2.0}, "link", +1),
        ({"levers.joint_exercises.target": 2.0}, "service_capacity", +1),
        ({"drivers.cis_programme": 1.0}, "service_capacity", +1),
        ({"levers.contingency_planning.target": 2.0}, "attacks_home", -1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"levers.fusion_centre.target": 2.0}, +1),
        ({"levers.joint_exercises.target": 3.0}, +1),
        ({"levers.online_monitoring.target": 2.0}, -1),
        ({"intelligence.false_leads": 2000.0}, -1),
    ],
)
def test_direction_of_what_is_found_per_open_plot(lively, moves, values, sign):
    before, after = lively(), lively(values)
    moves(
        before.read("found") / before.read("open_plots"),
        after.read("found") / after.read("open_plots"),
        sign,
    )
