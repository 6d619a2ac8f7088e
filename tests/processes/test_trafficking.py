"""Trafficking: supply, parcels, losses on the way, money, tax, fights, and every parameter."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import GOODS, GROUPS
from spillover.processes import trafficking
from spillover.state import (
    CONSOLIDATE,
    EXPAND,
    FIELDS,
    N_CONSIGNMENT_SLOTS,
    N_NETWORK_SLOTS,
    SHIFT,
)
from spillover.streams import Streams
from spillover.world.routes import AFGHAN_BORDER, routes

KAZ, KGZ, TJK, TKM, UZB = range(5)
OPIATES, METH, HASHISH, ARMS = range(len(GOODS))


@pytest.fixture(scope="module")
def ways(world):
    return routes(world)


def one_week(state, view, week=1):
    return trafficking.step(state, week, view, Streams(7, range(state.n_replicates)))


def carrying(state, way, leg=0, network=0, good=OPIATES, amount=20):
    """The state with one consignment in slot 0 of every replicate."""

    def put(field, value):
        values = getattr(state, field).copy()
        values[:, 0] = value
        return values

    return state.replace(
        consignment_network=put("consignment_network", network),
        consignment_good=put("consignment_good", good),
        consignment_amount=put("consignment_amount", amount),
        consignment_path=put("consignment_path", way),
        consignment_leg=put("consignment_leg", leg),
    )


def quiet(state):
    """Nothing is offered."""
    none = np.zeros(state.n_replicates, dtype=np.int64)
    return state.replace(
        week_opium_sold_kg=none, week_meth_kg=none, week_hashish_kg=none, week_arms_north=none
    )


def supplied(state, opium=110_000, meth=7_700, hashish=1_400, arms=20):
    def fill(value):
        return np.full(state.n_replicates, value, dtype=np.int64)

    return state.replace(
        week_opium_sold_kg=fill(opium), week_meth_kg=fill(meth), week_hashish_kg=fill(hashish),
        week_arms_north=fill(arms),
    )  # fmt: skip


# ---- supply and parcels ----------------------------------------------------------------------


def test_supply_by_hand(view, start):
    opium, offered = trafficking.supply(supplied(start), view)
    assert (opium == 4_400).all()  # 4% of 110 t
    np.testing.assert_array_equal(offered[0], [440, 23, 1_400, 20])  # / 10; 0.3% of 7,700


def test_pressure_on_the_route_turns_carriers_to_meth(view, view_of, start):
    """A quarter of the opiates left in the north: meth grows by 4 to the power of a half."""
    state = supplied(start)
    pressed = state.replace(route_share=state.route_share / np.array([4.0, 1.0, 1.0]))
    _, offered = trafficking.supply(pressed, view)
    np.testing.assert_array_equal(offered[0, :2], [110, 46])
    silent = view_of({"structure.coupling.border_displacement": 0.0})
    assert (trafficking.supply(pressed, silent)[1][:, 1] == 23).all()


def test_parcels_sum_to_the_unit():
    weight = np.zeros((2, 64))
    weight[:, :3] = [1.0, 2.0, 1.0]
    weight[1, 40:42] = [1.0, 3.0]
    offered = np.array([[9, 0, 0, 0], [440, 0, 1_401, 0]])
    got = trafficking.parcels(offered, weight)
    np.testing.assert_array_equal(got[0, :3], [2, 5, 2])
    np.testing.assert_array_equal(got[1, :3], [110, 220, 110])
    np.testing.assert_array_equal(got[1, 40:42], [350, 1_051])
    assert got.sum() == 9 + 440 + 1_401


def test_number_and_sum_of_consignments(view, start):
    offered = np.array([[440, 23, 1_400, 20]] * 3)
    sent = trafficking.consignments(
        start, 3, offered, start.network_capital_usd, view, Streams(7, range(3))
    )
    first = sent["row"] == 0
    for good, size in ((OPIATES, 20), (METH, 15), (HASHISH, 100), (ARMS, 10)):
        mine = first & (sent["good"] == good)
        assert sent["amount"][mine].sum() == offered[0, good]
        assert 0 < mine.sum() <= np.ceil(offered[0, good] / size)
    assert (sent["way"] == start.network_path[sent["row"], sent["network"]]).all()
    assert (start.network_home[sent["row"], sent["network"]] >= 0).all()


def test_more_goods_make_larger_consignments(view, start):
    offered = np.array([[10_000, 0, 0, 0]] * 3)
    sent = trafficking.consignments(
        start, 3, offered, start.network_capital_usd, view, Streams(7, range(3))
    )
    assert np.bincount(sent["row"]).max() <= 32
    assert sent["amount"].sum() == 30_000


def test_goods_go_to_networks_by_capital(view, start):
    capital = np.where(start.network_home >= 0, 0, start.network_capital_usd)
    capital[:, 7] = 10**9
    offered = np.array([[640, 0, 0, 0]] * 3)
    sent = trafficking.consignments(start, 3, offered, capital, view, Streams(7, range(3)))
    assert (sent["network"] == 7).all()


def deciding(state, slot, mode):
    """The state with one slot that decided so in every replicate."""
    modes = state.network_mode.copy()
    modes[:, slot] = mode
    return state.replace(network_mode=modes)


def test_reach_by_hand(view, start):
    """Half more for the money of who expands, two thirds of it for who consolidates."""
    capital = np.full_like(start.network_capital_usd, 299)
    modes = deciding(deciding(start, 3, EXPAND), 4, CONSOLIDATE)
    got = trafficking.reach(modes, capital, view.networks)
    np.testing.assert_array_equal(got[0, 2:5], [300, 450, 200])
    assert (got[start.network_home < 0] == 0).all()


def test_decisions_move_goods_between_networks_and_not_their_sum(view_of, start):
    """The same consignments set out; who carries them follows from the sizes of all fifty."""
    offered = np.array([[440, 0, 0, 0]] * 3)
    view, sent = view_of({"networks.size_step": 4.0}), {}
    for mode in (SHIFT, CONSOLIDATE, EXPAND):
        state = deciding(start, 7, mode)
        weeks = [
            trafficking.consignments(
                state, week, offered, state.network_capital_usd, view, Streams(7, range(3))
            )
            for week in range(60)
        ]
        sent[mode] = [np.concatenate([w[name] for w in weeks]) for name in ("amount", "network")]
        np.testing.assert_array_equal(sent[mode][0], sent[SHIFT][0])
    share = {mode: (network == 7).mean() for mode, (_, network) in sent.items()}
    n = len(sent[SHIFT][0])
    for mode, size in ((CONSOLIDATE, 0.2), (SHIFT, 1.0), (EXPAND, 5.0)):
        p = size / (49 + size)
        assert share[mode] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / n))


def test_who_consolidates_pays_nothing_out(view, start):
    rich = start.replace(network_capital_usd=start.network_capital_usd + 100_000)
    saving = quiet(deciding(rich, 7, CONSOLIDATE))
    after, info = one_week(saving, view)
    assert (after.network_capital_usd[:, 7] == 590_000).all()  # running costs
    assert (after.network_capital_usd[:, 8] == 581_000).all()
    assert (info.payout_usd == 49 * 9_000).all()


def test_goods_without_networks_are_refused(view, start):
    nobody = supplied(start.replace(network_home=np.full_like(start.network_home, -1)))
    _, info = one_week(nobody, view)
    np.testing.assert_array_equal(info.refused, info.offered)
    assert info.shipped.sum() == 0 and info.offered.sum() > 0


def test_a_full_table_refuses_the_rest(view, start, ways):
    far = ways.way_edges.shape[1]
    full = np.zeros_like(start.consignment_network)
    state = supplied(start.replace(
        consignment_network=full, consignment_amount=full + 5,
        edge_hazard=np.zeros_like(start.edge_hazard),
    ))  # fmt: skip
    assert far > 3
    after, info = one_week(state, view)
    assert (info.refused == info.offered).all() and info.sent.sum() == 0
    assert (after.consignment_leg == 3).all()


def test_seat_by_hand():
    is_free = np.array([[False, True, True], [True, False, False]])
    sent = {"row": np.array([0, 1, 1]), "amount": np.array([5, 6, 7])}
    kept, slot = trafficking.seat(is_free, sent)
    np.testing.assert_array_equal(kept["row"], [0, 1])
    np.testing.assert_array_equal(kept["amount"], [5, 6])
    np.testing.assert_array_equal(slot, [1, 0])


# ---- on the way ------------------------------------------------------------------------------


def test_without_hazard_it_arrives_in_time(view, start, ways):
    way = int(np.argmax(ways.way_legs))
    state = quiet(carrying(start, way).replace(edge_hazard=np.zeros_like(start.edge_hazard)))
    weeks = int(np.ceil(ways.way_legs[way] / 3))
    for week in range(weeks):
        assert (state.consignment_network[:, 0] == 0).all()
        state, info = one_week(state, view, week)
    assert (state.consignment_network[:, 0] == -1).all()
    np.testing.assert_array_equal(info.delivered[:, OPIATES], 20)
    passed = np.where(ways.way_passes[way], 20, 0)
    np.testing.assert_array_equal(info.through[0, :, OPIATES], passed)


def test_sure_hazard_on_the_third_edge(view, start, ways):
    way = int(np.argmax(ways.way_legs))
    edge = ways.way_edges[way, 2]
    hazard = np.zeros_like(start.edge_hazard)
    hazard[:, edge] = 1e6
    after, info = one_week(quiet(carrying(start, way).replace(edge_hazard=hazard)), view)
    assert (info.seized[:, ways.edge_state[edge], OPIATES] == 20).all()
    assert info.seized.sum() == 60
    assert (info.seized_region_kg[:, ways.edge_region[edge]] > 20).all()  # some of it is opium
    assert (after.week_seizures[:, ways.edge_state[edge]] == 1).all()
    assert (after.week_loss[:, 0] == 1 + edge).all() and (after.week_loss[:, 1:] == 0).all()
    assert (after.edge_hits[:, edge] == 1).all() and after.edge_hits.sum() == 3
    seen = ways.way_edges[way, :3]
    np.testing.assert_array_equal(after.edge_arrivals[:, seen], 1)
    assert after.edge_arrivals.sum() == 9
    assert (after.consignment_network[:, 0] == -1).all()
    entered = info.entered[:, ways.way_entry[way], OPIATES]
    assert (entered == 20).all()


def test_seized_at_the_river_has_not_entered(view, start, ways):
    hazard = np.zeros_like(start.edge_hazard)
    hazard[:, ways.edge_kind == AFGHAN_BORDER] = 1e6
    _, info = one_week(quiet(carrying(start, 0).replace(edge_hazard=hazard)), view)
    assert info.entered.sum() == 0 and info.seized.sum() == 60


def test_losses_follow_the_hazard(view, start, ways):
    """Share lost over three edges of hazard 0.2 is 1 - exp(-0.6)."""
    state = start.replace(
        consignment_network=np.zeros_like(start.consignment_network),
        consignment_amount=np.ones_like(start.consignment_amount),
        edge_hazard=np.full_like(start.edge_hazard, 0.2),
        consignment_path=np.full_like(start.consignment_path, int(np.argmax(ways.way_legs))),
    )
    lost = sum(one_week(quiet(state), view, week)[1].seized.sum() for week in range(10))
    n = 10 * 3 * N_CONSIGNMENT_SLOTS
    p = 1 - np.exp(-0.6)
    assert lost / n == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / n))


def test_raw_kilograms(view, start, ways):
    """0.15 of the opiates weighs ten times as much as opium."""
    hazard = np.full_like(start.edge_hazard, 1e6)
    _, info = one_week(quiet(carrying(start, 0).replace(edge_hazard=hazard)), view)
    assert info.seized_raw_kg[0].sum() == pytest.approx(20 * (0.85 + 0.15 * 10))
    _, info = one_week(quiet(carrying(start, 0, good=ARMS).replace(edge_hazard=hazard)), view)
    assert info.seized[0].sum() == 20 and info.seized_raw_kg.sum() == 0


# ---- money -----------------------------------------------------------------------------------


def test_a_sale_by_hand(view, start, ways):
    """20 kg bought at 10 x 68 + 1,500 and sold for 12,000 more; bribes by state."""
    way = int(np.argmin(ways.way_legs))
    price = np.full_like(start.opium_price, 68.0)
    state = quiet(carrying(start, way, leg=int(ways.way_legs[way]) - 1).replace(
        edge_hazard=np.zeros_like(start.edge_hazard), opium_price=price,
    ))  # fmt: skip
    after, info = one_week(state, view)
    cost, sales = 20 * 2_180, 20 * (2_180 + 12_000)
    bribe = 0.05 * (view.interdiction.corruption_start * ways.way_passes[way]).sum()
    assert (info.revenue_usd == sales).all() and (info.purchase_usd == cost).all()
    assert (info.bribes_usd == np.rint(bribe * sales)).all()
    assert (info.running_usd == 50 * 10_000).all()
    spare = sales - cost - np.rint(bribe * sales) - 10_000
    assert (info.payout_usd == np.rint(0.1 * spare)).all()
    held = 500_000 + spare - np.rint(0.1 * spare)
    assert (after.network_capital_usd[:, 0] == held).all()
    earned = 240_000 * ways.way_state_share[way] / 26 + 25 / 26 * start.route_profit[0]
    np.testing.assert_allclose(after.route_profit[0], earned)


def test_a_loss_is_paid_from_capital_as_far_as_it_reaches(view, start):
    hazard = np.full_like(start.edge_hazard, 1e6)
    price = np.full_like(start.opium_price, 68.0)
    state = quiet(carrying(start, 0).replace(edge_hazard=hazard, opium_price=price))
    _, info = one_week(state, view)
    assert (info.purchase_usd == 20 * 2_180).all() and (info.revenue_usd == 0).all()
    poor = state.network_capital_usd.copy()
    poor[:, 0] = 1_000
    after, info = one_week(state.replace(network_capital_usd=poor), view)
    assert (info.purchase_usd == 1_000).all()
    assert (after.network_capital_usd[:, 0] == 0).all()


def test_finance_tracking_freezes_sales(view, start, ordered, ways):
    way = int(np.argmin(ways.way_legs))
    state = quiet(carrying(start, way, leg=int(ways.way_legs[way]) - 1))
    state = state.replace(edge_hazard=np.zeros_like(start.edge_hazard))
    _, info = one_week(ordered(state, finance_tracking=2.0), view)
    share = 0.02 * 2 * ways.way_passes[way].sum()
    assert (info.frozen_usd == np.rint(share * info.revenue_usd)).all()


def test_tax_by_hand(view, start, ways):
    """Half of 5% where the men of one group are as many as the half-point; none elsewhere.

    A group that takes no tax leaves the levy of others as it was with its men in the way.
    """
    prices = trafficking.purchase_price(np.full(3, 50.0), view.trafficking)
    way = 0
    home = int(ways.way_start[way])
    homes = start.network_home.copy()
    homes[:, 0] = home
    fighters = np.zeros_like(start.fighters)
    fighters[:, GROUPS.index("JA"), home] = 200
    state = start.replace(
        network_home=homes, fighters=fighters, cell_place=np.full_like(start.cell_place, -1)
    )
    sent = {
        "row": np.arange(3), "network": np.zeros(3, int), "way": np.full(3, way),
        "good": np.zeros(3, int), "amount": np.array([0, 100, 1_000]),
    }  # fmt: skip
    capital, paid, frozen = trafficking.tax(
        state, sent, state.network_capital_usd, prices, ways, view
    )
    want = np.rint(np.array([0, 100, 1_000]) * 2_000 * 0.05 / 2)
    np.testing.assert_array_equal(paid[:, 1 + GROUPS.index("JA")], want)
    assert paid.sum() == want.sum() and (frozen == 0).all()
    np.testing.assert_array_equal(state.network_capital_usd[:, 0] - capital[:, 0], want)
    fighters[:, GROUPS.index("NRF"), home] = 600
    state = state.replace(fighters=fighters)
    _, paid, _ = trafficking.tax(state, sent, state.network_capital_usd, prices, ways, view)
    want = np.array([0, 100, 1_000]) * 2_000 * 0.05 * 200 / 1_000
    np.testing.assert_array_equal(paid[:, 1 + GROUPS.index("JA")], want)
    np.testing.assert_array_equal(paid.sum(axis=1), want)


def test_who_taxes_is_a_parameter(view_of, start):
    """By default every group but the NRF; with nobody else left ISIS-K still does."""
    nrf = 1 + GROUPS.index("NRF")
    state = supplied(start)
    usual = one_week(state, view_of({}))[1].flow_tax_usd
    assert (usual[:, nrf] == 0).all() and (usual[:, 1 + GROUPS.index("IMU")] > 0).all()
    everybody = one_week(state, view_of({"trafficking.taxes_flows": 1.0}))[1].flow_tax_usd
    assert (everybody[:, nrf] > 0).all()
    np.testing.assert_allclose(everybody[:, 0], usual[:, 0], rtol=2e-3)
    alone = one_week(state, view_of({"trafficking.taxes_flows": 0.0}))[1].flow_tax_usd
    assert (alone[:, 1:] == 0).all()
    np.testing.assert_allclose(alone[:, 0], usual[:, 0], rtol=2e-3)  # whole USD


def test_tax_of_isisk_and_what_is_frozen_of_it(view, start, ordered, ways):
    state = supplied(start)
    _, plain = one_week(state, view)
    _, tracked = one_week(ordered(state, finance_tracking=3.0), view)
    assert (plain.flow_tax_usd[:, 0] > 0).all() and (plain.tax_frozen_usd == 0).all()
    whole = plain.flow_tax_usd.sum(axis=1)
    assert (tracked.tax_frozen_usd == np.rint(0.15 * whole)).all()
    assert (tracked.flow_tax_usd.sum(axis=1) + tracked.tax_frozen_usd == whole).all()


def test_without_the_coupling_nobody_taxes(view_of, start):
    view = view_of({"structure.coupling.narcotics_finance": 0})
    after, info = one_week(supplied(start), view)
    assert info.flow_tax_usd.sum() == 0 and after.week_flow_tax_usd.sum() == 0
    assert info.shipped.sum() > 0


# ---- fights ----------------------------------------------------------------------------------


def test_fights_by_hand(view_of, start, ways):
    """Patrols times effort count up to three times the usual: 0.002 + 0.05 x 0.1 x 3.

    Ten times the patrols at an effort of 1, 0.45 and 0.14 are 10, 4.5 and 1.4.
    """
    view = view_of({"trafficking.lethality": 2.0, "arms.deadliness_elasticity": 1.0})
    n_weeks, n = 60, 400
    state = start.replace(
        link_patrols=10 * start.link_patrols, arms_circulating=2 * start.arms_circulating + 1
    )  # fmt: skip
    passages = np.full_like(start.edge_hits, n, dtype=np.int64)
    fought = killed = 0
    for week in range(n_weeks):
        f, k = trafficking.fights(state, week, passages, ways, view, Streams(7, range(3)))
        fought, killed = fought + f.sum(), killed + k.sum()
    p = np.array([0, 0, 0.017, 0.002 + 0.005 * 1.4, 0.017])[view.world.link_state]
    mean = n_weeks * 3 * n * p.sum()
    assert fought == pytest.approx(mean, abs=4 * np.sqrt(mean))
    assert killed == pytest.approx(4.0 * fought, abs=8 * np.sqrt(mean))
    assert f[:, [KAZ, KGZ]].sum() == 0


def test_services_that_stay_away_meet_nobody(view_of, start, ways):
    """Without effort only the base is left, and twice the posture doubles what patrols add."""
    passages = np.full_like(start.edge_hits, 4_000, dtype=np.int64)

    def fought(values):
        view = view_of({"trafficking.firefight_per_patrol": 0.9, **values})
        many = Streams(7, range(3))
        return sum(trafficking.fights(start, w, passages, ways, view, many)[0] for w in range(40))

    base = fought({"trafficking.escort": 0.0})
    np.testing.assert_array_equal(fought({"interdiction.posture": 0.0}), base)
    once, twice = fought({}) - base, fought({"interdiction.posture": 2.0}) - base
    assert twice[:, TJK].sum() / once[:, TJK].sum() == pytest.approx(2.0, rel=0.02)
    lazy = fought({"interdiction.effort_tajikistan": 0.5}) - base
    assert lazy[:, TJK].sum() / once[:, TJK].sum() == pytest.approx(0.5, rel=0.02)
    np.testing.assert_array_equal(lazy[:, UZB], once[:, UZB])


# ---- the whole -------------------------------------------------------------------------------


def test_goods_are_conserved(northern):
    run = northern(weeks=60)
    flows, last = run.trafficking, run.last
    on_the_way = np.stack([
        (last.consignment_amount * ((last.consignment_good == good)
                                    & (last.consignment_network >= 0))).sum(axis=1)
        for good in range(len(GOODS))
    ], axis=1)  # fmt: skip
    shipped = flows.delivered + flows.seized.sum(axis=1) + on_the_way
    np.testing.assert_array_equal(flows.shipped, shipped)
    np.testing.assert_array_equal(flows.offered, flows.shipped + flows.refused)
    assert flows.refused.sum() == 0
    for good in range(len(GOODS)):
        assert flows.delivered[:, good].min() > 0 and on_the_way[:, good].max() > 0
    raw = flows.seized_raw_kg.sum(axis=(1, 2))
    np.testing.assert_allclose(flows.seized_region_kg.sum(axis=1), raw)
    assert (flows.through[:, KAZ] == flows.delivered).all()


def test_free_slots_are_empty(northern):
    last = northern(weeks=60).last
    free = last.consignment_network < 0
    assert (last.consignment_amount[free] == 0).all()
    assert (last.consignment_amount[~free] > 0).all()
    assert last.consignment_network.max() < N_NETWORK_SLOTS


def test_nothing_shipped_nothing_seized(northern):
    run = northern(week_opium_sold_kg=0, week_meth_kg=0, week_hashish_kg=0, week_arms_north=0)
    flows = run.trafficking
    for name in ("shipped", "seized", "delivered", "firefights", "flow_tax_usd", "revenue_usd"):
        assert getattr(flows, name).sum() == 0, name


def test_closed_services_seize_nothing(northern):
    run = northern({"interdiction.posture": 0.0})
    assert run.trafficking.seized.sum() == 0 and run.seizures.sum() == 0
    assert run.trafficking.delivered.sum() > 0


def test_a_replicate_does_not_know_its_batch(northern, view, start):
    state = supplied(northern(weeks=20).last)
    row = slice(5, 6)
    alone = type(state)(**{name: getattr(state, name)[row] for name in FIELDS})
    many, _ = trafficking.step(state, 21, view, Streams(3, range(40)))
    one, _ = trafficking.step(alone, 21, view, Streams(3, [5]))
    for name in trafficking.WRITES:
        np.testing.assert_array_equal(getattr(many, name)[row], getattr(one, name), err_msg=name)


READ = {
    "opiates": lambda i: i.shipped[:, OPIATES],
    "meth": lambda i: i.shipped[:, METH],
    "raw": lambda i: i.seized_raw_kg[:, :, OPIATES].sum(axis=1),
    "delivered": lambda i: i.delivered.sum(axis=1),
    "sent": lambda i: i.sent,
    "bribes": lambda i: i.bribes_usd,
    "purchase": lambda i: i.purchase_usd,
    "revenue": lambda i: i.revenue_usd,
    "tax": lambda i: i.flow_tax_usd.sum(axis=1),
    "fights": lambda i: i.firefights.sum(axis=1),
    "deaths": lambda i: i.firefight_deaths.sum(axis=1),
}


@pytest.mark.parametrize(
    ("values", "name", "sign"),
    [
        ({"trafficking.north_share": 0.1}, "opiates", +1),
        ({"trafficking.refining": 12.0}, "opiates", -1),
        ({"trafficking.opium_share": 0.5}, "raw", +1),
        ({"trafficking.meth_north_share": 0.05}, "meth", +1),
        ({"trafficking.consignment_size": 200}, "sent", -1),
        ({"trafficking.legs_per_week": 8}, "delivered", +1),
        ({"trafficking.bribe_share": 0.15}, "bribes", +1),
        ({"trafficking.processing_cost": 5_000.0}, "purchase", +1),
        ({"trafficking.margin": 90_000.0}, "revenue", +1),
        ({"trafficking.flow_tax": 0.5}, "tax", +1),
        ({"trafficking.tax_half": 10_000}, "tax", -1),
        ({"trafficking.firefight_base": 0.2}, "fights", +1),
        ({"trafficking.firefight_per_patrol": 0.5}, "fights", +1),
        ({"trafficking.escort": 1.0}, "fights", +1),
        ({"trafficking.lethality": 9.0}, "deaths", +1),
    ],
)
def test_direction(northern, moves, values, name, sign):
    moves(READ[name](northern().trafficking), READ[name](northern(values).trafficking), sign)


def test_sizes_and_memory_matter(view_of, start, ways):
    """Even consignments without spread; a short memory forgets."""
    offered = np.array([[400, 0, 0, 0]] * 3)
    even = trafficking.consignments(
        start, 3, offered, start.network_capital_usd,
        view_of({"trafficking.consignment_log_sd": 0.0}), Streams(7, range(3)),
    )  # fmt: skip
    assert (even["amount"] == 20).all()
    seen = quiet(start.replace(edge_hits=start.edge_hits + 8.0))
    for memory in (0.5, 0.93):
        after, _ = one_week(seen, view_of({"trafficking.memory": memory}))
        np.testing.assert_allclose(after.edge_hits, 8.0 * memory)


def test_frozen_shares_are_per_level(northern, moves):
    levers = {"finance_tracking": 3.0}
    for name, path in (
        ("frozen_usd", "frozen_per_level"),
        ("tax_frozen_usd", "tax_frozen_per_level"),
    ):
        some = northern(levers=levers).trafficking
        more = northern({f"trafficking.{path}": 0.2}, levers=levers).trafficking
        moves(getattr(some, name), getattr(more, name), +1)
