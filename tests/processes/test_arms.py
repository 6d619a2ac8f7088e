"""Arms: depots, market, the way north, stocks in the five states, and how deadly they make them."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.clock import WEEKS_PER_YEAR
from spillover.first_state import first_state
from spillover.processes import arms, attacks, plots
from spillover.state import arms_lethality
from spillover.streams import Streams

KAZ, KGZ, TJK, TKM, UZB = range(5)
N_WORLDS = 24


@pytest.fixture
def half_year(view_of, ordered):
    """Weekly means of arms alone: `half_year({path: value}, lever=level)`."""

    def run(values=None, weeks=26, change=None, **levels):
        view = view_of(values or {})
        streams = Streams(7, range(N_WORLDS))
        state = ordered(first_state(view, streams), **levels)
        state = change(state) if change else state
        sums = {}
        for week in range(weeks):
            state, info = arms.step(state, week, view, streams)
            for name in (*info.__slots__, "through"):
                sums[name] = sums.get(name, 0) + getattr(info, name)
        return state, {name: value / weeks for name, value in sums.items()}

    return run


def whole(values):
    return values if values.ndim == 1 else values.sum(axis=1)


# ---- first state -----------------------------------------------------------------------------


def test_depots_hold_what_was_captured_and_the_market_is_level(view, start):
    assert (start.arms_depots.sum(axis=1) == 750_000).all()
    assert (start.arms_market == 750_000 * 0.03).all()
    np.testing.assert_array_equal(start.arms_circulating[0], [6000, 4000, 6000, 1500, 4000])


# ---- equations -------------------------------------------------------------------------------


def test_leak_by_hand(view_of, start, ordered):
    view = view_of({"rule.faction_split": 0.5})
    attacks = np.zeros((3, 34), dtype=np.int64)
    attacks[:, 7] = 2
    state = start.replace(
        loyalty=start.loyalty - 0.1, week_attacks=attacks, week_armed_attacks=attacks
    )
    got = arms.leak_hazard(ordered(state, arms_control=2.0), view)
    level = 2 * 4 / 5  # without Tajikistan, which Kabul does not work with
    yearly = 0.03 * np.exp(2 * 0.1) * (1 + 2 * 0.5) * (1 - 0.1 * level)
    expected = np.full(34, yearly / WEEKS_PER_YEAR)
    expected[7] += 0.0001 * 4
    np.testing.assert_allclose(got[0], expected)


def test_leak_of_august_2021_is_the_parameter(view, start):
    np.testing.assert_allclose(arms.leak_hazard(start, view), 0.03 / WEEKS_PER_YEAR)


def test_weak_control_opens_depots(view, start):
    weaker = start.replace(control=start.control - 0.2)
    assert (arms.leak_hazard(weaker, view) > arms.leak_hazard(start, view)).all()
    assert (arms.north_share(weaker, view) > arms.north_share(start, view)).all()
    np.testing.assert_allclose(arms.north_share(start, view), 0.05)


def test_full_custody_stops_leaks(view_of, start, ordered):
    view = view_of({"arms.custody_per_level": 1.0, "arms.loss_per_attack": 0.0})
    guarded = ordered(start, arms_control=1.25)
    _, info = arms.step(guarded, 0, view, Streams(1, range(3)))
    assert info.leaked.sum() == 0


def test_arms_control_on_afghan_soil_needs_a_partner_and_at_home_none(view, start, ordered):
    """Tajikistan alone at level 2: nothing abroad, half as many again twice over at home."""
    level = np.array([0.0, 0.0, 2.0, 0.0, 0.0])
    alone = ordered(start, arms_control=level)
    np.testing.assert_array_equal(arms.level_with_kabul(alone, view), 0.0)
    warm = alone.engagement.copy()
    warm[:, TJK] = 0.2
    np.testing.assert_allclose(arms.level_with_kabul(alone.replace(engagement=warm), view), 0.4)
    _, before = arms.step(start, 0, view, Streams(1, range(3)))
    _, after = arms.step(alone, 0, view, Streams(1, range(3)))
    np.testing.assert_array_equal(after.leaked, before.leaked)
    np.testing.assert_array_equal(after.bought_back, 0)
    assert (after.withdrawn[:, TJK] > 1.5 * before.withdrawn[:, TJK]).all()
    np.testing.assert_array_equal(after.withdrawn[:, UZB], before.withdrawn[:, UZB])


def test_links_share_by_buyers_and_belief(view, start, world):
    even = arms.link_shares(np.zeros((3, 13)), view)
    np.testing.assert_allclose(even.sum(axis=1), 1.0)
    by_region = np.array([even[0, world.link_region == q].sum() for q in world.link_region])
    people = world.population[world.n_provinces + world.link_region]
    np.testing.assert_allclose(by_region / people, by_region[0] / people[0])
    belief = np.zeros((3, 13))
    belief[:, 0] = 0.5
    wary = arms.link_shares(belief, view)
    odds = wary[0, 0] / wary[0, 1] / (even[0, 0] / even[0, 1])
    assert odds == pytest.approx(np.exp(-view.border.avoidance * 0.5))


def test_those_who_carry_do_not_react_without_the_coupling(view_of, start):
    view = view_of({"structure.coupling.border_displacement": 0.0})
    belief = np.zeros((3, 13))
    belief[:, 0] = 0.9
    np.testing.assert_array_equal(
        arms.link_shares(belief, view), arms.link_shares(np.zeros((3, 13)), view)
    )


def test_parts_are_cut_in_order():
    got = arms.at_most(np.array([[3, 2, 4], [0, 0, 1], [5, 0, 0]]), np.array([6, 5, 2]))
    assert got.tolist() == [[3, 2, 1], [0, 0, 1], [2, 0, 0]]


def test_lethality_by_hand(view, start):
    np.testing.assert_array_equal(arms_lethality(start, view), 1.0)
    more = start.replace(arms_circulating=2 * start.arms_circulating + 1)
    np.testing.assert_allclose(arms_lethality(more, view), 2**0.2)
    none = start.replace(arms_circulating=np.zeros((3, 5), dtype=np.int64))
    assert (arms_lethality(none, view) < 1).all()


# ---- a week ----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.0, 3.0])
def test_every_piece_is_booked_once(view_of, start, ordered, level):
    view = view_of({"arms.north_share": 0.9, "arms.sale_hazard": 20.0})
    before = ordered(start, arms_control=level)
    for week in range(4):
        after, i = arms.step(before, week, view, Streams(2, range(3)))
        np.testing.assert_array_equal(after.arms_depots, before.arms_depots - i.leaked)
        out = i.bought_back + i.sold_elsewhere + i.offered + i.tried.sum(axis=1)
        np.testing.assert_array_equal(
            after.arms_market - before.arms_market, i.leaked.sum(axis=1) - out
        )
        np.testing.assert_array_equal(
            after.arms_circulating - before.arms_circulating,
            i.tried - i.stopped - i.passed_on + i.received + i.own_supply - i.withdrawn,
        )
        np.testing.assert_array_equal(i.passed_on.sum(axis=1), i.received.sum(axis=1))
        np.testing.assert_array_equal(after.week_arms_north, i.offered)
        for name in i.__slots__:
            assert (getattr(i, name) >= 0).all(), name
        for name in arms.WRITES:
            assert (getattr(after, name) >= 0).all(), name
        before = after


def test_states_without_an_afghan_border_get_arms_from_neighbours_only(half_year):
    _, flows = half_year({"arms.north_share": 0.9})
    assert flows["tried"][:, [KAZ, KGZ]].sum() == 0
    assert (flows["received"][:, [KAZ, KGZ]].sum(axis=0) > 0).all()
    _, alone = half_year({"arms.north_share": 0.9, "arms.onward_share": 0.0})
    assert alone["through"][:, [KAZ, KGZ]].sum() == 0


def test_stocks_stand_still_without_arms_from_afghanistan(half_year):
    state, flows = half_year({"arms.depots_start": 0.0}, weeks=52)
    assert flows["through"].sum() == 0
    np.testing.assert_allclose(
        state.arms_circulating.mean(axis=0), [6000, 4000, 6000, 1500, 4000], rtol=0.005
    )


def test_a_closed_border_lets_nothing_through(half_year):
    def shut(state):
        return state.replace(link_detection=np.ones_like(state.link_detection))

    _, flows = half_year({"arms.north_share": 0.5}, change=shut)
    assert flows["stopped"].sum() > 0
    assert flows["through"].sum() == 0


def test_arms_going_north_have_the_mean_of_their_equation(view, start):
    n = 400
    many = type(start)(
        **{f: np.repeat(getattr(start, f)[:1], n, axis=0) for f in start.__dataclass_fields__}
    )
    _, info = arms.step(many, 0, view, Streams(5, range(n)))
    sold = 22_500 * (1 - np.exp(-1 / WEEKS_PER_YEAR))
    for flow in (info.offered, info.tried.sum(axis=1)):
        mean = sold * 0.05 * 0.5
        assert abs(flow.mean() - mean) < 4 * np.sqrt(mean / n)


# ---- directions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "levels", "flow", "sign"),
    [
        ({"arms.depots_start": 1_000_000.0}, {}, "leaked", +1),
        ({"arms.leak_hazard": 0.2}, {}, "leaked", +1),
        ({"arms.leak_hazard": 0.2}, {}, "through", +1),
        ({"rule.faction_split": 0.8}, {}, "leaked", +1),
        ({"rule.faction_split": 0.8, "arms.leak_from_split": 8.0}, {}, "leaked", +1),
        ({"arms.north_share": 0.3}, {}, "through", +1),
        ({"arms.north_share": 0.3}, {}, "offered", +1),
        ({"arms.local_share": 0.9}, {}, "through", +1),
        ({"arms.local_share": 0.9}, {}, "offered", -1),
        ({"arms.onward_share": 0.8}, {}, "received", +1),
        ({"arms.circulating_start": 20_000.0}, {}, "withdrawn", +1),
        ({"arms.withdrawal_hazard": 0.3}, {}, "withdrawn", +1),
        ({}, {"arms_control": 2.0}, "leaked", -1),
        ({}, {"arms_control": 2.0}, "bought_back", +1),
        ({}, {"arms_control": 2.0}, "withdrawn", +1),
        ({"arms.custody_per_level": 0.4}, {"arms_control": 2.0}, "leaked", -1),
        ({"arms.buyback_per_level": 0.3}, {"arms_control": 2.0}, "through", -1),
        ({"arms.withdrawal_per_level": 3.0}, {"arms_control": 2.0}, "withdrawn", +1),
    ],
)
def test_direction(half_year, moves, values, levels, flow, sign):
    moves(whole(half_year()[1][flow]), whole(half_year(values, **levels)[1][flow]), sign)


def test_a_quick_market_passes_on_a_wave_of_leaks_sooner(half_year, moves):
    split = {"rule.faction_split": 1.0}
    slow = half_year(split)[1]["sold_elsewhere"]
    moves(slow, half_year({**split, "arms.sale_hazard": 10.0})[1]["sold_elsewhere"], +1)


def test_the_more_contact_custody_needs_the_less_it_keeps(half_year, moves):
    easy = half_year({"arms.custody_engagement": 0.0}, arms_control=2.0)[1]
    usual = half_year(arms_control=2.0)[1]
    hard = half_year({"arms.custody_engagement": 1.0}, arms_control=2.0)[1]
    none = half_year()[1]
    moves(whole(easy["leaked"]), whole(usual["leaked"]), +1)
    moves(whole(usual["leaked"]), whole(hard["leaked"]), +1)
    moves(whole(usual["bought_back"]), whole(hard["bought_back"]), -1)
    np.testing.assert_array_equal(hard["leaked"], none["leaked"])


def test_arms_control_lowers_what_circulates(half_year, moves):
    before, after = half_year()[0], half_year(arms_control=2.0)[0]
    moves(before.arms_circulating.sum(axis=1), after.arms_circulating.sum(axis=1), -1)


@pytest.mark.parametrize("field", ["week_attacks", "week_armed_attacks"])
def test_attacks_loot_depots(half_year, moves, field):
    def hit(state):
        return state.replace(**{field: getattr(state, field) + 3})

    usual = whole(half_year()[1]["leaked"])
    looted = whole(half_year(change=hit)[1]["leaked"])
    moves(usual, looted, +1)
    more = whole(half_year({"arms.loss_per_attack": 0.001}, change=hit)[1]["leaked"])
    moves(looted, more, +1)


def test_commanders_without_loyalty_sell(half_year, moves):
    def bitter(state):
        return state.replace(loyalty=state.loyalty - 0.2)

    usual, angry = half_year()[1], half_year(change=bitter)[1]
    moves(whole(usual["leaked"]), whole(angry["leaked"]), +1)
    more = half_year({"arms.leak_from_disloyalty": 6.0}, change=bitter)[1]
    moves(whole(angry["leaked"]), whole(more["leaked"]), +1)


def test_deadliness_follows_its_elasticity(view_of, start):
    more = start.replace(arms_circulating=2 * start.arms_circulating)
    flat = arms_lethality(more, view_of({"arms.deadliness_elasticity": 0.0}))
    steep = arms_lethality(more, view_of({"arms.deadliness_elasticity": 1.0}))
    np.testing.assert_array_equal(flat, 1.0)
    np.testing.assert_allclose(steep, 2.0, rtol=0.001)


# ---- what reads it ---------------------------------------------------------------------------


def test_frontier_attacks_kill_more_where_arms_abound(view_of, start, moves):
    view = view_of(
        {"attacks.frontier_hazard_allied": 0.5, "attacks.frontier_deadly_share": 0.3,
         "arms.deadliness_elasticity": 1.0}
    )  # fmt: skip

    def deaths(state):
        weeks = (attacks.step(state, w, view, Streams(4, range(3)))[1] for w in range(30))
        return sum(info.frontier_deaths.sum() for info in weeks)

    armed = start.replace(arms_circulating=3 * start.arms_circulating)
    assert deaths(armed) > 1.5 * deaths(start) > 0


def test_plots_at_home_kill_more_where_arms_abound(view_of, start):
    view = view_of({"plots.deadly_share": 0.3, "arms.deadliness_elasticity": 1.0})
    n_j = start.plot_stage.shape[1]
    done = np.ones((3, n_j), dtype=bool)
    targets = np.tile(np.arange(n_j) % 7, (3, 1)).astype(np.int8)
    armed = start.replace(plot_target=targets, arms_circulating=3 * start.arms_circulating)
    usual = start.replace(plot_target=targets)

    def deaths(state):
        return sum(
            plots._outcomes(state, w, view, Streams(4, range(3)), done)[1] for w in range(30)
        )

    more, less = deaths(armed), deaths(usual)
    at_home = targets < 5
    assert more[at_home].sum() > 1.5 * less[at_home].sum() > 0
    np.testing.assert_array_equal(more[~at_home], less[~at_home])  # Russia and elsewhere
