"""Interdiction: strength, level, patrols, corruption, and the sign of every parameter."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import STATES
from spillover.northern_route import edge_strength, first_way_shares
from spillover.processes import interdiction
from spillover.streams import Streams
from spillover.world.routes import AFGHAN_BORDER, INTO_RUSSIA, routes

KAZ, KGZ, TJK, TKM, UZB = range(5)


@pytest.fixture(scope="module")
def ways(world):
    return routes(world)


def one_week(state, view, week=1):
    return interdiction.step(state, week, view, Streams(7, range(state.n_replicates)))[0]


def test_strength_by_hand(view, ways):
    """Weight x effort x (1.2 - 0.6 difficulty); nobody looks on the way into Russia."""
    got = edge_strength(ways, view.interdiction)
    tajik = int(np.flatnonzero((ways.edge_state == TJK) & (ways.edge_kind == AFGHAN_BORDER))[0])
    uzbek = int(np.flatnonzero((ways.edge_state == UZB) & (ways.edge_kind == AFGHAN_BORDER))[0])
    assert got[tajik] == pytest.approx(0.9 * (1.2 - 0.6 * ways.edge_difficulty[tajik]))
    assert got[uzbek] == pytest.approx(0.9 * 0.45 * (1.2 - 0.6 * ways.edge_difficulty[uzbek]))
    assert (got[ways.edge_kind == INTO_RUSSIA] == 0).all()
    assert (got[ways.edge_kind != INTO_RUSSIA] > 0).all()


def test_the_share_seized_in_august_2021_is_the_parameter(view, start, ways):
    """-ln(1 - I) is the mean hazard over the ways that networks take at first."""
    now = one_week(start, view, week=0).edge_hazard[0]
    by_way = (now[:, None] * ways.incidence).sum(axis=0)
    mean = (by_way * first_way_shares(view.world, view.networks)).sum()
    assert 1 - np.exp(-mean) == pytest.approx(0.035, rel=1e-6)


def test_nothing_moves_at_the_reference(view, start):
    after = one_week(start, view)
    np.testing.assert_allclose(after.corruption, start.corruption, rtol=1e-12)
    np.testing.assert_array_equal(after.edge_patrol, start.edge_patrol)


def test_effort_grows(view, start):
    week = 104
    later = one_week(start, view, week).edge_hazard
    early = one_week(start, view, 0).edge_hazard
    np.testing.assert_allclose(later, early * 1.1 ** (week * 7 / 365.25))


def test_effort_grows_until_the_branch_and_then_as_a_scenario_says(view, view_of, start):
    """Week 229 begins on 4 January 2026; two years later nothing has changed by itself."""
    at_branch = one_week(start, view, 229).edge_hazard
    early = one_week(start, view, 0).edge_hazard
    np.testing.assert_allclose(at_branch, early * 1.1 ** (229 * 7 / 365.25))
    np.testing.assert_array_equal(one_week(start, view, 333).edge_hazard, at_branch)
    more = view_of({"interdiction.effort_growth_later": 0.2})
    np.testing.assert_array_equal(one_week(start, more, 229).edge_hazard, at_branch)
    later = one_week(start, more, 333).edge_hazard
    np.testing.assert_allclose(later, at_branch * 1.2 ** (104 * 7 / 365.25))


def test_closed_effort_finds_nothing(view_of, start):
    view = view_of({"interdiction.posture": 0.0})
    assert (one_week(start, view).edge_hazard == 0).all()


def test_hazard_takes_the_root_of_patrols(view, start, ways):
    link = ways.link_edge
    more = start.replace(link_patrols=4 * start.link_patrols)
    before, after = one_week(start, view).edge_hazard, one_week(more, view).edge_hazard
    np.testing.assert_allclose(after[:, link], 2 * before[:, link])
    others = np.setdiff1d(np.arange(ways.n_edges), link)
    np.testing.assert_array_equal(after[:, others], before[:, others])
    moved = start.replace(edge_patrol=0.25 * start.edge_patrol)
    np.testing.assert_allclose(one_week(moved, view).edge_hazard, before / 2)


def test_levers_by_hand(view, start, ordered, ways):
    """Sensors 0.2 on flat ground, partner 0.15 at the border; exchange 0.05 everywhere."""
    before = one_week(start, view).edge_hazard[0]
    levers = {"surveillance_technology": 2.0, "joint_patrols": 1.0, "intelligence_sharing": 3.0}
    after = one_week(ordered(start, **levers), view).edge_hazard[0]
    is_link = ways.edge_kind == AFGHAN_BORDER
    gain = 1 + 0.05 * 3 + is_link * (0.2 * 2 * (1 - ways.edge_difficulty) + 0.15)
    np.testing.assert_allclose(after, before * gain)


def test_bribes_by_hand(view, start):
    bribed = start.replace(corruption=np.full((3, 5), 0.9))
    honest = start.replace(corruption=np.full((3, 5), 0.2))
    ways = routes(view.world)
    one = interdiction.hazard(bribed, 0, ways, view, bribed.corruption)
    other = interdiction.hazard(honest, 0, ways, view, honest.corruption)
    np.testing.assert_allclose(one * 8, other)


def test_corruption_by_hand(view):
    par = view.interdiction
    usual = np.full(5, 1000.0)
    same = interdiction.corruption_target(usual[None], np.zeros((1, 5)), usual, par)
    np.testing.assert_allclose(same[0], par.corruption_start)
    odds = np.log(par.corruption_start / (1 - par.corruption_start))
    rich = interdiction.corruption_target(2.1 * usual[None], np.ones((1, 5)), usual, par)
    want = odds + 0.4 * np.log(2.2 / 1.1) - 0.4
    np.testing.assert_allclose(rich[0], 1 / (1 + np.exp(-want)))
    poor = interdiction.corruption_target(0 * usual[None], np.zeros((1, 5)), usual, par)
    assert (poor > 0).all() and (poor < same).all()


@pytest.mark.parametrize("values", [
    {"trafficking.margin": 50_000.0}, {"opium.demand": 9_000.0}, {"trafficking.north_share": 0.2},
    {"networks.tajik_preference": 0.0},
])  # fmt: skip
def test_profit_is_measured_by_august_2021_whatever_changes_later(view, view_of, start, values):
    """A later change of prices or of the route moves profit and not what it is measured by."""
    later = view_of(values)
    rich = start.replace(route_profit=5 * start.route_profit)
    same, other = one_week(rich, view), one_week(rich, later)
    np.testing.assert_array_equal(same.corruption, other.corruption)
    assert (other.corruption > rich.corruption)[:, TJK].all()
    np.testing.assert_array_equal(other.route_profit_usual, start.route_profit_usual)
    ways = routes(view.world)
    assert (interdiction.reference_profit(ways, later) != start.route_profit_usual[0]).any()


def test_corruption_moves_slowly_and_stays_a_share(view, start, ordered):
    rich = start.replace(route_profit=100 * start.route_profit)
    goal = interdiction.corruption_target(
        rich.route_profit, np.zeros((3, 5)), start.route_profit[0], view.interdiction
    )
    got = one_week(rich, view).corruption
    np.testing.assert_allclose(got, start.corruption + 0.02 * (goal - start.corruption))
    state = ordered(rich, anti_corruption=3.0)
    for week in range(400):
        state = one_week(state, view, week)
    assert (state.corruption > 0).all() and (state.corruption < 1).all()


def test_fit_keeps_the_sum_and_the_bounds():
    wild = np.array([[0.01, 0.01, 0.01, 0.01, 0.01, 5.95], [1.0, 1, 1, 1, 1, 1]])
    got = interdiction.fit(wild, 1 / 6, 4.0)
    np.testing.assert_allclose(got.sum(axis=1), 6.0)
    assert got.min() >= 1 / 6 - 1e-12 and got.max() <= 4.0 + 1e-12
    np.testing.assert_array_equal(got[1], wild[1])
    assert got[0, 5] == 4.0


def test_patrols_follow_seizures_and_keep_their_sum(view, start, ways):
    hits = np.zeros_like(start.edge_hits)
    busy = int(ways.link_edge[np.flatnonzero(view.world.link_state == TJK)[0]])
    hits[:, busy] = 20.0
    state = start.replace(edge_hits=hits)
    for week in range(0, 80, 4):
        state = one_week(state, view, week)
    guarded = ways.edge_kind != INTO_RUSSIA
    for c in range(len(STATES)):
        mine = guarded & (ways.edge_state == c)
        np.testing.assert_allclose(state.edge_patrol[:, mine].mean(axis=1), 1.0)
    assert state.edge_patrol[0, busy] > 3.0
    assert state.edge_patrol.min() >= 0.167 - 1e-9 and state.edge_patrol.max() <= 4.0 + 1e-9
    others = ways.edge_state != TJK
    np.testing.assert_allclose(state.edge_patrol[:, others], 1.0)


def test_patrols_move_by_the_month(view, start):
    hits = start.edge_hits + np.arange(start.edge_hits.shape[1])
    state = start.replace(edge_hits=hits)
    assert (one_week(state, view, 3).edge_patrol == state.edge_patrol).all()
    assert (one_week(state, view, 4).edge_patrol != state.edge_patrol).any()


@pytest.mark.parametrize(
    ("values", "state", "sign"),
    [
        ({"interdiction.interception": 0.1}, None, +1),
        ({"interdiction.effort_growth": 0.9}, None, +1),
        ({"interdiction.posture": 3.0}, None, +1),
        ({"interdiction.effort_uzbekistan": 5.0}, "UZB", +1),
        ({"interdiction.effort_kyrgyzstan": 5.0}, "KGZ", +1),
        ({"interdiction.effort_turkmenistan": 2.0}, "TKM", +1),
        ({"interdiction.effort_kazakhstan": 1.0}, "KAZ", +1),
        ({"interdiction.effort_tajikistan": 0.1}, "TJK", -1),
        ({"interdiction.weight_border": 0.1}, "TJK", -1),
        ({"interdiction.weight_international": 5.0}, "KGZ", +1),
        ({"interdiction.corruption_start": 0.01}, None, 0),
    ],
)
def test_direction(northern, moves, values, state, sign):
    """Corruption at the start does not change the level, which is a parameter of its own."""
    before, after = northern().seizures, northern(values).seizures
    if state:
        column = STATES.index(state)
        moves(before[:, column], after[:, column], sign)
    elif sign:
        moves(before.sum(axis=1), after.sum(axis=1), sign)
    else:
        assert after.sum() == pytest.approx(before.sum(), rel=0.2)


def test_weight_inside_states_moves_seizures_away_from_the_border(northern, moves, world, ways):
    def near(run):
        kg = run.trafficking.seized_region_kg[:, world.region_state == TJK]
        return kg[:, ways.is_border_region[world.region_state == TJK]].sum(axis=1) / kg.sum(axis=1)

    moves(near(northern()), near(northern({"interdiction.weight_internal": 2.0})), -1)


@pytest.mark.parametrize(
    ("values", "levers", "sign"),
    [
        ({"interdiction.gain_from_sensors": 3.0}, {"surveillance_technology": 3.0}, +1),
        ({"interdiction.gain_from_partner": 3.0}, {"joint_patrols": 3.0}, +1),
        ({"interdiction.gain_from_exchange": 1.0}, {"intelligence_sharing": 3.0}, +1),
        ({"interdiction.corruption_loss_from_integrity": 3.0,
          "interdiction.corruption_speed": 0.5}, {"anti_corruption": 3.0}, +1),
    ],
)  # fmt: skip
def test_levers_raise_seizures(northern, moves, values, levers, sign):
    moves(
        northern(values).seizures.sum(axis=1), northern(values, levers=levers).seizures.sum(axis=1),
        sign,
    )  # fmt: skip


def test_ease_patrol_exponent_and_learning_matter(view_of, start, ways):
    """The rest of the parameters, one week at a time."""
    base = one_week(start, view_of({})).edge_hazard[0]
    hard = np.argmax(ways.edge_difficulty * (ways.edge_kind == AFGHAN_BORDER))
    steep = one_week(start, view_of({"interdiction.ease_loss": 1.1})).edge_hazard[0]
    assert steep[hard] < base[hard]
    flat = one_week(start, view_of({"interdiction.ease_flat": 4.0})).edge_hazard[0]
    assert flat[hard] > base[hard]
    more = start.replace(link_patrols=4 * start.link_patrols)
    link = ways.link_edge[0]
    linear = one_week(more, view_of({"interdiction.patrol_exponent": 1.0})).edge_hazard[0]
    assert linear[link] == pytest.approx(4 * base[link])

    hits = start.edge_hits.copy()
    hits[:, link] = 50.0
    seen = start.replace(edge_hits=hits)

    def patrols(values):
        return one_week(seen, view_of(values), 4).edge_patrol[0]

    usual = patrols({})
    assert patrols({"interdiction.learning": 0.9})[link] > usual[link]
    assert patrols({"interdiction.hits_prior": 50.0})[link] < usual[link]
    quick = {"interdiction.learning": 1.0}
    assert patrols({**quick, "interdiction.patrol_cap": 2.0})[link] == pytest.approx(2.0)
    quick["interdiction.patrol_cap"] = 20.0
    assert patrols({**quick, "interdiction.patrol_floor": 0.5}).min() == pytest.approx(0.5)
    assert patrols(quick).min() == pytest.approx(0.167)

    poor = start.replace(route_profit=0 * start.route_profit)

    def bribed(values):
        return one_week(poor, view_of(values)).corruption.sum()

    assert bribed({"interdiction.profit_floor": 0.9}) > bribed({})
    assert bribed({"interdiction.corruption_from_profit": 2.0}) < bribed({})
    assert bribed({"interdiction.corruption_speed": 0.5}) < bribed({})
