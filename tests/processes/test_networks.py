"""Networks: beliefs, the choice of a way, routes, founding and closing, and every parameter."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import GOODS
from spillover.northern_route import (
    first_loss,
    first_risk,
    first_way_shares,
    home_weight,
    way_appeal,
)
from spillover.processes import networks
from spillover.processes.interdiction import hazard, reference_margin
from spillover.state import (
    CONSOLIDATE,
    DECISION_WEEKS,
    EXPAND,
    N_NETWORK_SLOTS,
    SHIFT,
    due_slots,
)
from spillover.streams import Streams
from spillover.world.routes import AFGHAN_BORDER, INTO_RUSSIA, routes

KAZ, KGZ, TJK, TKM, UZB = range(5)


@pytest.fixture(scope="module")
def ways(world):
    return routes(world)


@pytest.fixture(scope="module")
def first(view, world):
    """Believed risk of each edge in August 2021 [e]."""
    return first_risk(world, view.interdiction, view.networks)


def one_week(state, view, week=1):
    return networks.step(state, week, view, Streams(7, range(state.n_replicates)))


STILL = {
    "interdiction.learning": 0.0, "interdiction.effort_growth": 0.0,
    "interdiction.corruption_from_profit": 0.0,
}  # fmt: skip


def entries(run, world):
    """Share of opiates that enter through Tajikistan [r]."""
    entered = run.trafficking.entered[:, :, GOODS.index("opiates")]
    return entered[:, TJK] / entered.sum(axis=1)


def test_the_first_networks(view, start, world, first):
    used = start.network_home >= 0
    assert (used.sum(axis=1) == 50).all()
    assert (start.network_capital_usd[used] == 500_000).all()
    assert (start.network_capital_usd[~used] == 0).all()
    assert world.border_province[start.network_home[used]].all()
    assert (start.network_risk == first).all()
    assert (start.network_mode == SHIFT).all()


def test_networks_in_business_know_what_is_lost(view, view_of, start, ways, world, first):
    """Belief is the chance of a seizure of August 2021 by edge, times the common factor."""
    now = hazard(start, 0, ways, view, start.corruption)[0]
    np.testing.assert_allclose(first, -np.expm1(-now))
    assert (first[ways.edge_kind == INTO_RUSSIA] == 0).all()
    share = first_way_shares(world, view.networks)
    lost = first_loss(world, view.interdiction, view.networks)
    assert (share * lost).sum() == pytest.approx(0.035, rel=0.02)
    twice = view_of({"networks.start_belief": 2.0})
    np.testing.assert_allclose(first_risk(world, twice.interdiction, twice.networks), 2 * first)
    most = view_of({"networks.start_belief": 20.0, "interdiction.interception": 0.5})
    assert first_risk(world, most.interdiction, most.networks).max() < 1
    later = view_of({"interdiction.posture": 9.0})
    np.testing.assert_array_equal(first_risk(world, later.interdiction, later.networks), first)


def test_homes_follow_their_weights(view, world):
    weight = home_weight(world, view.networks)
    assert (weight[~world.border_province] == 0).all()
    assert weight.sum() == pytest.approx(1.0)
    assert weight[world.province_zone == 0].sum() == pytest.approx(0.55)  # north-east


def test_appeal_by_hand(view, ways, world):
    """-1.5 (km + 1.5 km x difficulty) + 2 for Tajik entry - 0.6 away from home."""
    got = way_appeal(ways, view.networks)
    w = int(np.flatnonzero(ways.way_entry == TJK)[0])
    home, other = int(ways.way_start[w]), world.province_index("AF-HER")
    far = ways.way_km[w] + 1.5 * ways.way_hard_km[w]
    assert got[home, w] == pytest.approx(2 - 1.5 * far)
    assert got[other, w] == pytest.approx(2 - 1.5 * far - 0.6)
    w = int(np.flatnonzero(ways.way_entry == TKM)[0])
    far = ways.way_km[w] + 1.5 * ways.way_hard_km[w]
    assert got[ways.way_start[w], w] == pytest.approx(-1.5 * far)


def test_fear_by_hand(view, ways, first, world):
    """25 x (loss believed now - loss believed at the start), by way."""
    risk = np.tile(first, (1, 2, 1))
    edge = ways.way_edges[0, 0]
    risk[0, 1, edge] = 0.5
    got = networks.fear(risk, ways, view)[0]
    np.testing.assert_allclose(got[0], 0.0, atol=1e-12)
    through = 1 - first_loss(world, view.interdiction, view.networks)
    more = through * (1 - 0.5 / (1 - first[edge]))
    uses = ways.incidence[edge] > 0
    np.testing.assert_allclose(got[1], np.where(uses, 25 * more, 0.0), atol=1e-12)


def test_a_certain_loss_is_a_number(view, ways, first, world):
    risk = np.tile(first, (1, 1, 1))
    edge = int(ways.way_edges[0, 0])
    risk[0, 0, edge] = 1.0
    got = networks.fear(risk, ways, view)[0, 0]
    uses = ways.incidence[edge] > 0
    before = first_loss(world, view.interdiction, view.networks)
    np.testing.assert_allclose(got[uses], 25 * (1 - before[uses]))
    np.testing.assert_allclose(got[~uses], 0.0, atol=1e-12)


def test_ways_are_drawn_with_their_shares(view, ways):
    """Many networks of one home against the softmax of the page."""
    n = 20_000
    home = np.full(n, int(ways.way_start[0]))
    u = (np.arange(n) + 0.5) / n
    appeal = way_appeal(ways, view.networks)[home[0]]
    feared = np.where(ways.incidence[ways.way_edges[0, 0]] > 0, 1.5, 0.0)
    for fear in (np.zeros(ways.n_ways), feared):
        drawn = networks.draw_way(u, home, fear, ways, view)
        share = np.exp(appeal - fear) / np.exp(appeal - fear).sum()
        got = np.bincount(drawn, minlength=ways.n_ways) / n
        np.testing.assert_allclose(got, share, atol=2e-4)


@pytest.mark.parametrize("values", [
    {"networks.risk_weight": 0.0}, {"networks.risk_weight": 90.0}, {"networks.start_belief": 9.0},
    {"structure.coupling.border_displacement": 0},
])  # fmt: skip
def test_what_is_believed_at_the_start_decides_nothing(view_of, ways, world, values):
    """Nobody fears anything then, and the first ways are the same."""
    view = view_of(values)
    risk = np.tile(first_risk(world, view.interdiction, view.networks), (1, 3, 1))
    np.testing.assert_allclose(networks.fear(risk, ways, view), 0.0, atol=1e-9)
    usual = first_way_shares(world, view_of({}).networks)
    np.testing.assert_array_equal(first_way_shares(world, view.networks), usual)


def test_a_feared_edge_is_left(view, ways, first):
    home = np.full(400, int(ways.way_start[0]))
    u = (np.arange(400) + 0.5) / 400
    calm = networks.draw_way(u, home, np.zeros(ways.n_ways), ways, view)
    edge = ways.way_edges[np.bincount(calm).argmax(), 0]
    risk = np.tile(first, (1, 1, 1))
    risk[:, :, edge] = 0.6
    scared = networks.draw_way(u, home, networks.fear(risk, ways, view)[0, 0], ways, view)
    uses = ways.incidence[edge] > 0
    assert uses[scared].sum() < 0.05 * uses[calm].sum()


def test_common_belief_by_hand(view):
    hits, arrivals = np.array([[0.0, 3.0]]), np.array([[0.0, 80.0]])
    got = networks.pooled_risk(hits, arrivals, np.array([0.02, 0.01]), view.networks)
    np.testing.assert_allclose(got, [[0.02, 3.2 / 100]])


def test_a_loss_teaches_at_once_and_news_by_turns(view, start, first):
    loss = np.zeros_like(start.week_loss)
    loss[:, 3] = 1 + 7
    hits = start.edge_hits.copy()
    hits[:, 9] = 10.0
    week = 2  # slots 2, 6, 10, ... decide
    state = start.replace(week_loss=loss, edge_hits=hits)
    risk = one_week(state, view, week)[0].network_risk
    assert risk[0, 3, 7] == pytest.approx(first[7] + 0.356 * (1 - first[7]))
    assert (np.delete(risk[0, 3], 7) == np.delete(first, 7)).all(), "not its turn"
    due = due_slots(week, N_NETWORK_SLOTS)
    pace = 1 - 0.95**DECISION_WEEKS
    np.testing.assert_allclose(risk[:, due, 9][state.network_home[:, due] >= 0],
                               first[9] + pace * 0.5)  # fmt: skip


def test_what_comes_through_makes_confident(view, start, ways, first):
    """Two consignments on the way: a share 0.356 of the believed risk of its way goes twice."""
    owner = start.consignment_network.copy()
    owner[:, :2] = 8  # slot 8 decides in week 0
    after = one_week(start.replace(consignment_network=owner), view, 0)[0].network_risk
    for row in range(3):
        own = np.isin(np.arange(ways.n_edges), ways.way_edges[start.network_path[row, 8]])
        left = np.where(own, 0.644**2, 1.0)
        want = first * (left + (1 - 0.95**DECISION_WEEKS) * (1 - left))
        np.testing.assert_allclose(after[row, 8], want)
    np.testing.assert_allclose(after[:, 9], np.tile(first, (3, 1)))


def test_pooling_is_the_pace_of_news(view_of, start, first):
    seen = start.replace(edge_hits=start.edge_hits + 50.0, edge_arrivals=start.edge_hits + 90.0)
    slow = one_week(seen, view_of({"networks.pooling": 0.01}), 0)[0]
    fast = one_week(seen, view_of({"networks.pooling": 0.5}), 0)[0]
    assert fast.network_risk[0, 0, 0] > slow.network_risk[0, 0, 0] > first[0]


# ---- expand, shift or consolidate --------------------------------------------------------------


def test_odds_of_a_decision_by_hand(view):
    """Half of the networks keep their size at gain 0; a gain of ln 2 makes 1/4 : 1 : 1."""
    n = 20_000
    u = (np.arange(n) + 0.5) / n

    def shares(gain, fear):
        drawn = networks.decide(u, np.full(n, gain), np.full(n, fear), view.networks)
        return np.bincount(drawn, minlength=3) / n

    np.testing.assert_allclose(shares(0.0, 0.0), [0.25, 0.5, 0.25], atol=1e-4)
    np.testing.assert_allclose(shares(np.log(2), 0.0), np.array([0.5, 2, 2]) / 4.5, atol=1e-4)
    np.testing.assert_allclose(shares(0.0, np.log(3)), np.array([1, 6, 1]) / 8, atol=1e-4)
    np.testing.assert_allclose(shares(-900.0, 0.0), [1, 0, 0], atol=1e-4)
    np.testing.assert_allclose(shares(0.0, 900.0), [0, 1, 0], atol=1e-4)


def test_gain_by_hand(view, start):
    """Money over its geometric mean, and profit per network over that of 2021."""
    due = due_slots(0, N_NETWORK_SLOTS)
    assert np.abs(networks.gain(start, due, view.networks)[start.network_home[:, due] >= 0]
                  ).max() < 1e-12  # fmt: skip
    money = start.network_capital_usd.copy()
    money[:, 8] *= 10
    money[:, 4] = 7  # counts as the 40,000 below which it closes
    changed = start.replace(network_capital_usd=money, route_profit=start.route_profit * 3)
    got = networks.gain(changed, due, view.networks)
    mean = (49 - 1) / 50 * np.log(5e5) + np.log(5e6) / 50 + np.log(4e4) / 50
    np.testing.assert_allclose(got[:, 2], np.log(5e6) - mean + np.log(3))
    np.testing.assert_allclose(got[:, 1], np.log(4e4) - mean + np.log(3))


def test_who_expands_or_consolidates_keeps_its_way(view_of, start):
    view = view_of({"networks.weighing": 1.0})
    after, _ = one_week(start, view, 0)
    due = due_slots(0, N_NETWORK_SLOTS)
    old = (start.network_home >= 0) & (after.network_home >= 0)
    np.testing.assert_array_equal(after.network_path[old], start.network_path[old])
    mode = after.network_mode[:, due][old[:, due]]
    assert set(mode.tolist()) == {CONSOLIDATE, EXPAND}
    others = np.ones(N_NETWORK_SLOTS, dtype=bool)
    others[due] = False
    assert (after.network_mode[:, others] == SHIFT).all()


def test_without_weighing_everybody_draws_anew(view_of, start):
    view = view_of({"networks.weighing": 0.0, "networks.size_response": 9.0})
    rich = start.replace(route_profit=start.route_profit * 50)
    after, _ = one_week(rich, view, 0)
    assert (after.network_mode == SHIFT).all()
    assert (after.network_path != start.network_path).any()


def test_new_networks_and_free_slots_have_decided_nothing(northern):
    last = northern(weeks=60).last
    assert (last.network_mode[last.network_home < 0] == SHIFT).all()
    assert {CONSOLIDATE, SHIFT, EXPAND} == set(last.network_mode.ravel().tolist())


def test_while_nothing_changes_networks_grow_and_shrink_alike(northern, ways, world, view):
    """Services as in August 2021 for 100 weeks: ways keep their shares, sizes balance."""
    last = northern(STILL, weeks=100).last
    used = last.network_home >= 0
    share = np.bincount(last.network_path[used], minlength=ways.n_ways) / used.sum()
    tajik = ways.way_entry == TJK
    usual = first_way_shares(world, view.networks)
    assert share[tajik].sum() == pytest.approx(usual[tajik].sum(), abs=0.05)
    assert np.abs(share - usual).sum() / 2 < 0.1
    grows, shrinks = ((last.network_mode == mode).sum() for mode in (EXPAND, CONSOLIDATE))
    assert 0.8 < grows / shrinks < 1.25


def decided(mode):
    def share(run):
        used = run.last.network_home >= 0
        return ((run.last.network_mode == mode) & used).sum(axis=1) / used.sum(axis=1)

    return share


@pytest.mark.parametrize(
    ("values", "fields", "mode", "sign"),
    [
        ({}, {"week_opium_sold_kg": 10_000, "week_hashish_kg": 100}, CONSOLIDATE, +1),
        ({}, {"week_opium_sold_kg": 600_000}, EXPAND, +1),
        ({"interdiction.posture": 8.0}, {}, SHIFT, +1),
        ({"networks.weighing": 0.1}, {}, SHIFT, +1),
    ],
)
def test_direction_of_decisions(northern, moves, values, fields, mode, sign):
    """Poor trade makes consolidate, rich trade expand, losses shift."""
    share = decided(mode)
    moves(share(northern()), share(northern(values, **fields)), sign)


def test_the_response_to_gain_is_what_makes_them_consolidate(northern, moves):
    poor, share = {"week_opium_sold_kg": 10_000, "week_hashish_kg": 100}, decided(CONSOLIDATE)
    moves(share(northern({"networks.size_response": 0.1}, **poor)), share(northern(**poor)), +1)


def test_growth_concentrates_the_trade(northern, moves):
    """Who has more takes on more: money gathers in fewer hands the larger the step."""

    def concentration(run):
        held = run.last.network_capital_usd.astype(float)
        return (held**2).sum(axis=1) / held.sum(axis=1) ** 2

    moves(concentration(northern({"networks.size_step": 0.0}, weeks=60)),
          concentration(northern({"networks.size_step": 3.0}, weeks=60)), +1)  # fmt: skip


def test_static_routes_learn_nothing_and_never_move(view_of, start, first):
    view = view_of({"structure.rival.routes": 1})
    state = start.replace(
        week_loss=np.where(start.network_home >= 0, 1, 0),
        edge_hits=start.edge_hits + 30.0,
        edge_arrivals=start.edge_arrivals + 60.0,
    )
    ways_before = state.network_path
    for week in range(8):
        state, info = one_week(state, view, week)
        stays = (start.network_home >= 0) & (state.network_home == start.network_home)
        assert (state.network_path[stays] == ways_before[stays]).all() or info.founded.any()
    assert (state.network_risk == first).all()


def test_without_reaction_risk_does_not_count(view_of, start, ways):
    view = view_of({"structure.coupling.border_displacement": 0})
    risk = np.random.default_rng(1).uniform(0, 0.9, (1, 50, ways.n_edges))
    assert (networks.fear(risk, ways, view) == 0).all()
    hits = np.full((1, ways.n_edges), 50.0)
    share = networks.split_routes(hits, hits, ways, view)
    np.testing.assert_allclose(share[0, 0], 0.04)


def test_route_split_by_hand(view, ways):
    """North falls by exp(-3 x (lost - 0.035)); west and south keep their ratio."""
    hits = np.zeros((2, ways.n_edges))
    arrivals = np.zeros((2, ways.n_edges))
    arrivals[1, ways.edge_kind == AFGHAN_BORDER] = 100 / 13 * 4
    hits[1, 0] = 100.0
    got = networks.split_routes(hits, arrivals, ways, view)
    np.testing.assert_allclose(got[0], [0.04, 0.96 * 0.6, 0.96 * 0.4])
    lost = (100 + 3.5) / 500
    north = 0.04 * np.exp(-3 * (lost - 0.035))
    assert got[1, 0] == pytest.approx(north / (north + 0.96))
    np.testing.assert_allclose(got.sum(axis=1), 1.0)
    assert got[1, 1] / got[1, 2] == pytest.approx(1.5)


def test_founding_by_hand(view, start):
    """20 a year x profit per network x free share."""
    got = networks.founding_mean(start, view.networks)
    np.testing.assert_allclose(got, 20 / (365.25 / 7) * (1 - 50 / 80))
    twice = start.replace(route_profit=2 * start.route_profit)
    np.testing.assert_allclose(networks.founding_mean(twice, view.networks), 2 * got)
    full = start.replace(network_home=np.zeros_like(start.network_home))
    assert (networks.founding_mean(full, view.networks) == 0).all()
    assert start.route_profit[0].sum() == pytest.approx(reference_margin(view))


def test_the_poor_close_when_nothing_is_on_the_way(view, start):
    week = 0
    due = due_slots(week, N_NETWORK_SLOTS)
    money = np.where(start.network_home >= 0, 1_000, 0)
    table = start.consignment_network.copy()
    table[:, 0] = 4  # slot 4 carries something
    poor = start.replace(network_capital_usd=money, consignment_network=table)
    after, info = one_week(poor, view, week)
    closed = (poor.network_home >= 0) & (after.network_home < 0)
    assert not closed[:, 4].any()
    idle = np.setdiff1d(np.arange(N_NETWORK_SLOTS)[due], [4])
    still = (poor.network_home[:, idle] >= 0).sum(axis=1)
    assert (info.closed == still).all()
    assert (info.closed_usd == 1_000 * still).all()
    others = np.ones(N_NETWORK_SLOTS, dtype=bool)
    others[due] = False
    assert (after.network_home[:, others] == poor.network_home[:, others]).all()


def test_money_and_number_of_networks_are_accounted_for(northern):
    run = northern(weeks=60)
    last = run.last
    number = (last.network_home >= 0).sum(axis=1)
    assert (number == 50 + run.networks.founded - run.networks.closed).all()
    flows, turns = run.trafficking, run.networks
    held = 50 * 500_000 + turns.founding_usd - turns.closed_usd + flows.revenue_usd
    held = held - flows.purchase_usd - flows.bribes_usd - flows.frozen_usd - flows.running_usd
    held = held - flows.payout_usd - flows.flow_tax_usd.sum(axis=1) - flows.tax_frozen_usd
    assert (last.network_capital_usd.sum(axis=1) == held).all()
    assert (last.network_capital_usd >= 0).all()
    assert (last.network_capital_usd[last.network_home < 0] == 0).all()
    assert turns.slots_refused.sum() == 0


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"networks.tajik_preference": 4.0}, +1),
        ({"networks.distance_weight": 4.0}, -1),
        ({"networks.terrain_weight": 6.0}, -1),
        ({"networks.start_belief": 0.0}, -1),
    ],
)
def test_direction_of_entries_through_tajikistan(northern, moves, world, values, sign):
    """Distance and terrain speak for the steppe, kin for Tajikistan.

    Who believes that nothing is lost anywhere learns to fear where most is, the Tajik river.
    """
    moves(entries(northern(), world), entries(northern(values), world), sign)


def test_home_holds_networks(northern, moves, ways):
    def at_home(run):
        used = run.last.network_home >= 0
        same = (ways.way_start[run.last.network_path] == run.last.network_home) & used
        return same.sum(axis=1) / used.sum(axis=1)

    moves(at_home(northern()), at_home(northern({"networks.home_preference": 4.0})), +1)


def test_homes_decide_entries(northern, moves, world):
    """With as many homes in the north and west as in the north-east fewer enter Tajikistan."""
    loyal = {"networks.home_preference": 4.0}
    even = northern({**loyal, "networks.home_weight": 1.0})
    moves(entries(northern(loyal), world), entries(even, world), -1)


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"networks.founding": 200.0}, +1),
        ({"networks.closing_hazard": 3.0}, -1),
        ({"networks.networks_start": 20}, -1),
        ({"networks.least_capital": 5e6}, -1),
        ({"networks.running_cost": 900_000.0}, -1),
    ],
)
def test_direction_of_their_number(northern, moves, values, sign):
    def number(run):
        return (run.last.network_home >= 0).sum(axis=1)

    moves(number(northern()), number(northern(values)), sign)


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"networks.working_capital": 2e6}, +1),
        ({"networks.payout": 0.5}, -1),
        ({"networks.founding_capital": 5e6, "networks.founding": 200.0}, +1),
    ],
)
def test_direction_of_their_money(northern, moves, values, sign):
    def money(run):
        return run.last.network_capital_usd.sum(axis=1)

    base = {"networks.founding": 200.0} if "networks.founding" in values else None
    moves(money(northern(base)), money(northern(values)), sign)


def test_pressure_on_one_border_moves_the_flow(northern, moves, world):
    """Ten times the effort at home sends opiates to other borders, less so without reaction."""
    hard = {"interdiction.posture": 10.0}
    learnt = northern(hard, weeks=80, members=("TJK",))
    numb = northern({**hard, "networks.risk_weight": 0.0}, weeks=80, members=("TJK",))
    moves(entries(northern(weeks=80), world), entries(learnt, world), -1)
    moves(entries(numb, world), entries(learnt, world), -1)


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"networks.pooled_passages": 900.0}, -1),
        ({"networks.own_learning": 1.0}, +1),
    ],
)
def test_direction_of_learning(northern, moves, values, sign):
    """Belief of losses on the edges where most is lost, under high effort."""
    hard = {"interdiction.interception": 0.3}

    def feared(run):
        top = np.argsort(run.last.edge_hits.sum(axis=0))[-5:]
        return run.last.network_risk[:, :, top].mean(axis=(1, 2))

    moves(feared(northern(hard)), feared(northern({**hard, **values})), sign)


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"networks.route_response": 40.0}, -1),
        ({"trafficking.north_share": 0.2}, +1),
    ],
)
def test_direction_of_the_northern_share(northern, moves, values, sign):
    hard = {"interdiction.effort_growth": 0.9}

    def north(run):
        return run.last.route_share[:, 0]

    moves(north(northern(hard)), north(northern({**hard, **values})), sign)


def test_a_long_record_dampens(northern):
    hard = {"interdiction.effort_growth": 0.9, "networks.route_response": 40.0}
    short = northern(hard).last.route_share[:, 0].mean()
    long = northern({**hard, "networks.record_weight": 9000.0}).last.route_share[:, 0].mean()
    assert short < long < 0.04


def test_rest_is_split_between_west_and_south(view_of):
    assert networks.first_routes(view_of({"networks.west_of_rest": 0.9}))[1] == pytest.approx(
        0.9 * 0.96
    )


def test_first_shares_are_shares(view, world):
    share = first_way_shares(world, view.networks)
    assert share.sum() == pytest.approx(1.0) and (share > 0).all()
