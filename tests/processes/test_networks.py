"""Networks: beliefs, the choice of a way, routes, founding and closing, and every parameter."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import GOODS
from spillover.processes import networks
from spillover.processes.interdiction import reference_margin
from spillover.state import (
    DECISION_WEEKS,
    N_NETWORK_SLOTS,
    due_slots,
    first_way_shares,
    home_weight,
    way_appeal,
)
from spillover.streams import Streams
from spillover.world.routes import AFGHAN_BORDER, routes

KAZ, KGZ, TJK, TKM, UZB = range(5)


@pytest.fixture(scope="module")
def ways(world):
    return routes(world)


def one_week(state, view, week=1):
    return networks.step(state, week, view, Streams(7, range(state.n_replicates)))


def entries(run, world):
    """Share of opiates that enter through Tajikistan [r]."""
    entered = run.trafficking.entered[:, :, GOODS.index("opiates")]
    return entered[:, TJK] / entered.sum(axis=1)


def test_the_first_networks(view, start, world):
    used = start.network_home >= 0
    assert (used.sum(axis=1) == 50).all()
    assert (start.network_capital_usd[used] == 500_000).all()
    assert (start.network_capital_usd[~used] == 0).all()
    assert world.border_province[start.network_home[used]].all()
    assert (start.network_risk == 0.02).all()


def test_homes_follow_their_weights(view, world):
    weight = home_weight(view)
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


def test_believed_loss_of_a_way_by_hand(ways):
    risk = np.full((1, 2, ways.n_edges), 0.02)
    risk[0, 1, ways.way_edges[0, 0]] = 0.5
    got = networks.way_loss(risk, ways)
    np.testing.assert_allclose(got[0, 0], 1 - 0.98**ways.way_legs)
    assert got[0, 1, 0] == pytest.approx(1 - 0.5 * 0.98 ** (ways.way_legs[0] - 1))


def test_a_certain_loss_is_a_number(ways):
    risk = np.full((1, 1, ways.n_edges), 0.02)
    edge = int(ways.way_edges[0, 0])
    risk[0, 0, edge] = 1.0
    got = networks.way_loss(risk, ways)[0, 0]
    uses = ways.incidence[edge] > 0
    np.testing.assert_allclose(got[uses], 1.0)
    np.testing.assert_allclose(got[~uses], 1 - 0.98 ** ways.way_legs[~uses])


def test_ways_are_drawn_with_their_shares(view, ways):
    """Mean over many networks of one home against the softmax of the page."""
    n = 20_000
    home = np.full((1, n), int(ways.way_start[0]))
    u = (np.arange(n)[None] + 0.5) / n
    risk = np.full((1, n, ways.n_edges), 0.02)
    drawn = networks.draw_way(u, home, risk, ways, view)
    appeal = way_appeal(ways, view.networks)[home[0, 0]]
    share = np.exp(appeal) / np.exp(appeal).sum()
    np.testing.assert_allclose(np.bincount(drawn[0], minlength=ways.n_ways) / n, share, atol=2e-4)
    risk[:, :, ways.way_edges[0, 0]] = 0.05
    drawn = networks.draw_way(u, home, risk, ways, view)
    lost = 1 - 0.98 ** (ways.way_legs - ways.incidence[ways.way_edges[0, 0]])
    lost = 1 - (1 - lost) * 0.95 ** ways.incidence[ways.way_edges[0, 0]]
    wish = appeal - 25 * (lost - (1 - 0.98**ways.way_legs))
    share = np.exp(wish) / np.exp(wish).sum()
    np.testing.assert_allclose(np.bincount(drawn[0], minlength=ways.n_ways) / n, share, atol=2e-4)


@pytest.mark.parametrize("values", [
    {"networks.risk_weight": 0.0}, {"networks.risk_weight": 90.0}, {"networks.start_risk": 0.15},
    {"structure.coupling.border_displacement": 0},
])  # fmt: skip
def test_what_nothing_is_known_of_decides_nothing(view_of, ways, values):
    """Beliefs of the start draw the same ways whatever they are and however they count."""
    homes = np.flatnonzero(home_weight(view_of({})))
    home = np.broadcast_to(homes[:, None], (len(homes), 300))
    u = np.broadcast_to((np.arange(300) + 0.5) / 300, home.shape)

    def drawn(view):
        risk = np.full((*home.shape, ways.n_edges), view.networks.start_risk)
        return networks.draw_way(u, home, risk, ways, view)

    np.testing.assert_array_equal(drawn(view_of({})), drawn(view_of(values)))
    assert first_way_shares(ways, view_of(values)) == pytest.approx(
        first_way_shares(ways, view_of({}))
    )


def test_a_feared_edge_is_left(view, ways):
    home = np.full((1, 400), int(ways.way_start[0]))
    u = (np.arange(400)[None] + 0.5) / 400
    risk = np.full((1, 400, ways.n_edges), 0.02)
    calm = networks.draw_way(u, home, risk, ways, view)
    edge = ways.way_edges[np.bincount(calm[0]).argmax(), 0]
    risk[:, :, edge] = 0.6
    scared = networks.draw_way(u, home, risk, ways, view)
    uses = ways.incidence[edge] > 0
    assert uses[scared].sum() < 0.05 * uses[calm].sum()


def test_common_belief_by_hand(view):
    hits, arrivals = np.array([[0.0, 3.0]]), np.array([[0.0, 80.0]])
    got = networks.pooled_risk(hits, arrivals, view.networks)
    np.testing.assert_allclose(got, [[0.4 / 20, 3.4 / 100]])


def test_a_loss_teaches_at_once_and_news_by_turns(view, start):
    loss = np.zeros_like(start.week_loss)
    loss[:, 3] = 1 + 7
    hits = start.edge_hits.copy()
    hits[:, 9] = 9.6
    week = 2  # slots 2, 6, 10, ... decide
    state = start.replace(week_loss=loss, edge_hits=hits)
    risk = one_week(state, view, week)[0].network_risk
    assert risk[0, 3, 7] == pytest.approx(0.02 + 0.356 * 0.98)
    assert (np.delete(risk[0, 3], 7) == 0.02).all(), "not its turn"
    due = due_slots(week, N_NETWORK_SLOTS)
    pace = 1 - 0.95**DECISION_WEEKS
    np.testing.assert_allclose(risk[:, due, 9][state.network_home[:, due] >= 0],
                               0.02 + pace * (0.5 - 0.02))  # fmt: skip


def test_pooling_is_the_pace_of_news(view_of, start):
    seen = start.replace(edge_hits=start.edge_hits + 50.0, edge_arrivals=start.edge_hits + 90.0)
    slow = one_week(seen, view_of({"networks.pooling": 0.01}), 0)[0]
    fast = one_week(seen, view_of({"networks.pooling": 0.5}), 0)[0]
    assert fast.network_risk[0, 0, 0] > slow.network_risk[0, 0, 0] > 0.02


def test_static_routes_learn_nothing_and_never_move(view_of, start):
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
    assert (state.network_risk == 0.02).all()


def test_without_reaction_risk_does_not_count(view_of, start, ways):
    view = view_of({"structure.coupling.border_displacement": 0})
    home = np.full((1, 50), int(ways.way_start[0]))
    u = (np.arange(50)[None] + 0.5) / 50
    low = networks.draw_way(u, home, np.full((1, 50, ways.n_edges), 0.02), ways, view)
    risk = np.random.default_rng(1).uniform(0, 0.9, (1, 50, ways.n_edges))
    np.testing.assert_array_equal(networks.draw_way(u, home, risk, ways, view), low)
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
    got = networks.founding_mean(start, view)
    np.testing.assert_allclose(got, 20 / (365.25 / 7) * (1 - 50 / 80))
    twice = networks.founding_mean(start.replace(route_profit=2 * start.route_profit), view)
    np.testing.assert_allclose(twice, 2 * got)
    full = start.replace(network_home=np.zeros_like(start.network_home))
    assert (networks.founding_mean(full, view) == 0).all()
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
        ({"networks.risk_weight": 0.0}, -1),
        ({"networks.start_risk": 0.1}, +1),
    ],
)
def test_direction_of_entries_through_tajikistan(northern, moves, world, values, sign):
    """Distance and terrain speak for the steppe, kin for Tajikistan.

    Who fears what he does not know more than what he knows stays on the ways in use, most of
    them Tajik.
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
        ({"networks.pooled_hits": 10.0}, -1),
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


def test_first_shares_are_shares(view, ways):
    share = first_way_shares(ways, view)
    assert share.sum() == pytest.approx(1.0) and (share > 0).all()
