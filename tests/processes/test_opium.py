"""Equations N1 to N9 of opium against numbers worked out by hand, its accounts and directions."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import LEVERS, ZONES
from spillover.evidence import Change, load_tree
from spillover.first_state import first_state
from spillover.processes import opium
from spillover.streams import Streams

WEEKS_PER_YEAR = 365.25 / 7
SEED, REPLICATES, WEEKS = 20210815, 3, 124  # to the end of 2023
SOWING, HARVEST = 13, 35  # first weeks of the sowing of 2021 and of the harvest of 2022
FREE = {"opium.ban_enforcement_target": 0.0}


def one(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


@pytest.fixture(scope="module")
def road(tree, world):
    """Weeks of opium alone, control held: `road({path: value}, n, from_week=0, levers={})`."""
    known = {}
    others = first_state(tree.compile(1, world).at(0), Streams(SEED, range(REPLICATES)))

    def run(values=None, n_weeks=WEEKS, from_week=0, levers=None):
        key = repr((values, n_weeks, from_week, levers))
        if key not in known:
            changes = [Change(p, "set", v, from_week) for p, v in (values or {}).items()]
            changed = tree.with_changes(changes)
            known[key] = _march(others, changed, world, n_weeks, levers or {})
        return known[key]

    return run


def _march(others, tree, world, n_weeks, levers):
    parameters, streams = tree.compile(n_weeks, world), Streams(SEED, range(REPLICATES))
    state = others.replace(**opium.start(parameters.at(0), streams))
    delivered = state.delivered.copy()
    for name, level in levers.items():
        delivered[:, :, LEVERS.index(name)] = level
    state = state.replace(delivered=delivered)
    weeks = []
    for week in range(n_weeks):
        before = state
        state, info = opium.step(state, week, parameters.at(week), streams)
        weeks.append(SimpleNamespace(before=before, after=state, info=info))
    return weeks


def year(weeks, name, first, last):
    """Sum of an account over weeks first to last - 1, by replicate."""
    values = [np.asarray(getattr(week.info, name)) for week in weeks[first:last]]
    return sum(v.sum(axis=1) if v.ndim == 2 else v for v in values)


# ---- the calendar ----------------------------------------------------------------------------


def test_weeks_of_the_year():
    """15 August is day 227, so week 32; 2 January 2022 is week 20 of the model."""
    assert opium.week_of_year(0) == (0, 32)
    assert opium.week_of_year(20) == (1, 0)
    assert opium.week_of_year(SOWING) == (0, 45)
    assert opium.week_of_year(HARVEST) == (1, 15)


def test_the_harvest_comes_in_equal_parts():
    par = SimpleNamespace(harvest_first_week=15.0, harvest_weeks=4.0)
    parts = [opium.harvest_window(week, par) for week in (0, 14, 15, 16, 18, 19, 52)]
    assert parts == [(0, 0), (0, 0), (0, 0.25), (0.25, 0.5), (0.75, 1), (1, 1), (1, 1)]


# ---- equations -------------------------------------------------------------------------------


def test_a_ban_wears_out_slower_with_aid_and_pay():
    par = SimpleNamespace(
        ban_erosion=0.5, erosion_from_aid=1.0, livelihoods_relief=0.6, ban_wear_limit=1.0
    )
    worn, whole_ban = one(0.2, 0.2, 0.2, 1.0), one(1.0, 1.0, 0.0, 1.0)
    after = opium.wear(worn, whole_ban, one(0.0, 0.5, 0.0, 0.0), 1.0, par)
    first = 0.2 + 0.8 * (1 - math.exp(-0.5 / WEEKS_PER_YEAR))
    second = 0.2 + 0.8 * (1 - math.exp(-0.35 / WEEKS_PER_YEAR))
    assert after == pytest.approx([first, second, 0.2, 1.0])
    poor = opium.wear(worn[:1], whole_ban[:1], one(0.0), 0.5, par)
    assert poor[0] == pytest.approx(
        0.2 + 0.8 * (1 - math.exp(-0.5 * math.exp(0.5) / WEEKS_PER_YEAR))
    )


def test_only_a_part_of_a_ban_wears_out():
    par = SimpleNamespace(
        ban_erosion=0.5, erosion_from_aid=1.0, livelihoods_relief=0.6, ban_wear_limit=0.4
    )
    worn, whole_ban, unpaid = one(0.2, 0.4, 0.7), np.ones(3), np.zeros(3)
    after = opium.wear(worn, whole_ban, unpaid, 1.0, par)
    # Half of the limit is left to wear; at the limit nothing; and what is gone does not come back.
    assert after == pytest.approx([0.2 + 0.2 * (1 - math.exp(-0.5 / WEEKS_PER_YEAR)), 0.4, 0.7])


def test_farmers_draw_the_price_to_the_one_they_remember():
    def of(kept, price=200.0, memory=0.0):
        par = SimpleNamespace(price_start=50.0, price_persistence=kept)
        return float(opium.expected_price(one(price), one(memory), par)[0])

    assert of(1.0) == pytest.approx(200.0)  # today's price for tomorrow's
    assert of(0.0) == pytest.approx(50.0) and of(0.0, memory=math.log(2)) == pytest.approx(100.0)
    assert of(0.5) == pytest.approx(100.0)  # the geometric mean of 50 and 200
    assert of(0.5, memory=math.log(4)) == pytest.approx(200.0)  # a price that one is used to


def test_sowing_share_by_hand():
    par = SimpleNamespace(
        land_ceiling=2.0, sowing_from_price=1.0, price_reference=60.0, sowing_from_ban=6.0,
        livelihoods_sowing=0.5,
    )  # fmt: skip
    none = np.zeros((3, 1))
    # Even odds at the reference price; the ratio of prices multiplies the odds.
    share = opium.sowing_share(one(60.0, 120.0, 20.0), none, np.zeros(3), par)
    assert share[:, 0] == pytest.approx([1 / 2, 2 / 3, 1 / 4])
    banned = opium.sowing_share(one(60.0), np.array([[1.0, 0.5]]), one(0.0), par)
    assert banned[0] == pytest.approx([1 / (1 + math.exp(6)), 1 / (1 + math.exp(3))])
    # Half of the paid farmers leave.
    paid = opium.sowing_share(one(60.0), none[:1], one(0.4), par)
    assert paid[0, 0] == pytest.approx(0.5 * 0.8)


def test_the_reference_area_is_sown_at_the_reference_price(view, start):
    reference = view.opium.price_reference
    used_to = np.log(reference / view.opium.price_start)
    state = start.replace(opium_price=np.full(3, reference), price_memory=np.full(3, used_to))
    area = opium._sowing(state, view, np.zeros(3), np.zeros(3))
    assert area.sum(axis=1) == pytest.approx(177_000, abs=17)  # 34 roundings


def test_land_follows_the_zones(view, world):
    weights = opium.land_weights(view)
    assert weights.sum() == pytest.approx(1.0)
    zones = np.bincount(world.province_zone, weights=weights)
    assert zones == pytest.approx(view.rule.poppy_zone_share / view.rule.poppy_zone_share.sum())
    assert weights[world.province_index("AF-HEL")] > weights[world.province_index("AF-NIM")]


def test_demand_by_hand():
    par = SimpleNamespace(
        demand=WEEKS_PER_YEAR, price_start=50.0, demand_elasticity=0.5, demand_elasticity_late=1.5
    )
    wanted = opium.wanted_kg(one(50.0, 200.0, 200.0, 50.0), one(0.0, 0.0, math.log(4), 1.0), par)
    # 1,000 kg a week; at four times the price half, and an eighth once buyers have got used to it.
    assert wanted == pytest.approx([1000.0, 500.0, 125.0, 1000.0 / math.e])


def test_belief_by_hand():
    par = SimpleNamespace(belief_takeover=0.4, belief_decree=0.8, belief_failed=1.0)
    target = opium.belief_target(one(0.0, 1.0, 1.0, 1.0, 0.5), one(0.0, 2.0, 0.5, 0.0, 1.0), par)
    assert target == pytest.approx([0.4, 0.8, 0.9, 1.0, 0.6])


def test_price_by_hand():
    par = SimpleNamespace(
        cover_years=3.0, normal_crop=6.0, stock_2022=10.0, crop_2022=5.0, demand=0.0,
        price_from_cover=2.0, price_start=50.0, price_speed=0.5, price_noise=0.1,
        demand_elasticity=0.5, demand_elasticity_late=1.5,
    )  # fmt: skip
    # Stock 5 t and 18 t of crops are normal: 23 t. With half of it the price wants four times.
    # Where buyers have fallen to a fifth, 1 t of stock is wanted: 19 t.
    stock, belief = one(5000.0, 2500.0, 5000.0), one(0.0, 0.5, 0.0)
    wanted = opium.wanted_price(stock, belief, one(0.0, 0.0, math.log(5)), par)
    assert wanted == pytest.approx([50.0, 200.0, 50.0 * (19 / 23) ** 2])
    # Half of the way in logarithms, and noise.
    price = opium.next_price(one(50.0, 50.0), one(200.0, 50.0), one(0.0, 1.0), par)
    assert price == pytest.approx([100.0, 50.0 * math.exp(0.1)])
    # Nothing left and nothing to come: finite all the same.
    assert np.isfinite(opium.wanted_price(one(0.0), one(1.0), one(0.0), par)).all()


def test_stock_at_the_start_is_worked_out_backwards(view, start):
    par = SimpleNamespace(stock_2022=13_000.0, crop_2022=6_000.0, demand=WEEKS_PER_YEAR)
    assert opium.start_stock_kg(par) == pytest.approx((13_000 - 6_000 + 72) * 1000)
    stock = start.farm_stock_kg.sum(axis=1) + start.trader_stock_kg
    assert stock == pytest.approx(opium.start_stock_kg(view.opium), abs=1)
    share = start.farm_stock_kg.sum(axis=1) / stock
    assert share == pytest.approx(view.opium.farm_share_start, abs=1e-6)


def test_meth_grows_to_a_limit_and_shrinks_by_closures():
    par = SimpleNamespace(meth_limit=4.0, meth_start=100.0, meth_growth=0.4, lab_closure=0.1)
    capacity, ban = one(100.0, 400.0, 100.0), one(0.0, 0.0, 1.0)
    change = opium.meth_change(capacity, ban, par) * WEEKS_PER_YEAR
    assert change == pytest.approx([30.0, 0.0, 20.0])


def test_yield_is_one_deviate_a_year(tree, world):
    parameters = tree.compile(200, world)
    streams = Streams(1, range(4))

    def of(week):
        return opium.crop_yield(week, parameters.at(week), streams)

    assert of(36) == pytest.approx(26.7) and of(88) == pytest.approx(333e3 / 10800)
    assert (of(140) == of(150)).all() and len(set(of(140))) == 4  # both in 2024
    assert (of(140) != of(190)).all()


# ---- the week --------------------------------------------------------------------------------


def test_every_kilogram_and_dollar_is_booked(road):
    for week in road():
        b, a, i = week.before, week.after, week.info
        assert (a.farm_stock_kg == b.farm_stock_kg + i.harvest_kg - i.to_traders_kg).all()
        traders = b.trader_stock_kg + i.to_traders_kg.sum(axis=1) - i.sold_kg
        assert (a.trader_stock_kg == traders).all()
        owed = a.season_income_usd + a.farm_income_usd
        was = b.season_income_usd + i.harvest_usd
        over = (a.season_income_usd.sum() == 0) and was.sum() > 0
        assert (owed == (was if over else was + b.farm_income_usd)).all()
        for values in (a.farm_stock_kg, a.trader_stock_kg, i.sold_kg, i.to_traders_kg, a.poppy_ha):
            assert values.dtype == np.int64 and (values >= 0).all()


def test_a_season_harvests_what_was_sown(road):
    weeks = road()
    season = weeks[HARVEST : HARVEST + 12]
    sown = weeks[SOWING].info.sown_ha
    assert (sum(w.info.harvested_ha for w in season) == sown).all()
    assert np.abs(sum(w.info.harvest_kg for w in season) - sown * 26.7).max() <= 1
    value = sum(w.info.harvest_usd for w in season)
    assert (season[-1].after.farm_income_usd == value).all()
    assert (season[-2].after.farm_income_usd == weeks[0].before.farm_income_usd).all()
    outside = weeks[:HARVEST] + weeks[HARVEST + 12 : HARVEST + 52]
    assert sum(w.info.harvest_kg.sum() for w in outside) == 0


def test_land_changes_at_sowing_only(road):
    weeks = road()
    turns = [n for n, w in enumerate(weeks) if (w.after.poppy_ha != w.before.poppy_ha).any()]
    assert turns == [SOWING, SOWING + 52, SOWING + 104]


def test_without_land_price_or_stock_nothing_moves(view, start):
    empty = start.replace(
        farm_stock_kg=np.zeros_like(start.farm_stock_kg),
        trader_stock_kg=np.zeros_like(start.trader_stock_kg),
        poppy_ha=np.zeros_like(start.poppy_ha),
        meth_capacity=np.zeros(3),
    )
    after, info = opium.step(empty, HARVEST, view, Streams(1, range(3)))
    assert info.sold_kg.sum() == info.harvest_kg.sum() == info.meth_kg.sum() == 0
    assert after.farm_stock_kg.sum() == after.trader_stock_kg.sum() == 0


def test_sales_never_empty_the_stock_faster_than_the_cap(view_of, start):
    view = view_of({"opium.release_cap": 0.001})
    _, info = opium.step(start, 0, view, Streams(1, range(3)))
    stock = start.farm_stock_kg.sum(axis=1) + start.trader_stock_kg
    assert info.sold_kg == pytest.approx(0.001 * stock, abs=1)


def test_price_is_held_at_its_bounds_and_says_so(view, start):
    high = start.replace(opium_price=np.full(3, 1999.9), ban_belief=np.ones(3),
                         trader_stock_kg=np.zeros(3, dtype=np.int64),
                         farm_stock_kg=np.zeros_like(start.farm_stock_kg))  # fmt: skip
    after, info = opium.step(high, 60, view, Streams(1, range(3)))
    assert info.at_bound.all() and (after.opium_price == 2000.0).all()
    low = start.replace(opium_price=np.full(3, 20.0), trader_stock_kg=np.full(3, 10**12))
    after, info = opium.step(low, 60, view, Streams(1, range(3)))
    assert info.at_bound.all() and (after.opium_price == 20.0).all()


def test_the_harvest_of_2022_is_exempt_and_that_of_2023_fails(road):
    """The decree of April 2022 meets a crop in the ground."""
    weeks, free = road(), road(FREE, from_week=33)
    area = {w: weeks[w].info.sown_ha.sum(axis=1) for w in (SOWING, SOWING + 52)}
    assert (weeks[SOWING].info.sown_ha == free[SOWING].info.sown_ha).all()
    assert (area[SOWING + 52] < 0.15 * area[SOWING]).all()
    assert (free[SOWING + 52].info.sown_ha.sum(axis=1) > 177_000).all()


def test_with_no_ban_at_all_prices_and_stocks_stay_level(road):
    """Nobody believes in a ban: poor crops lift the price by less than half, the ban fivefold."""
    calm = road(FREE | {"opium.belief_takeover": 0.0, "opium.price_noise": 0.0}, 229)
    price = np.array([w.after.opium_price for w in calm])
    assert price.min() > 0.7 * 67.5 and price.max() < 1.5 * 67.5
    assert max(w.after.opium_price.min() for w in road()) > 5 * 67.5
    stock = [w.after.farm_stock_kg.sum(axis=1) + w.after.trader_stock_kg for w in calm]
    assert (stock[-1] / stock[0]).min() > 0.7 and (stock[-1] / stock[0]).max() < 1.3


def test_resistance_shields_its_zone(view, start, world):
    ban, paid = np.ones(3), np.zeros(3)
    bare = np.zeros_like(view.opium.ban_resistance)
    par = SimpleNamespace(
        **{n: getattr(view.opium, n) for n in (
            "land_ceiling", "sowing_from_price", "price_reference", "sowing_from_ban",
            "livelihoods_sowing", "area_reference", "price_start", "price_persistence",
        )}, ban_resistance=bare,
    )  # fmt: skip
    plain = opium._sowing(start, SimpleNamespace(opium=par, world=world, rule=view.rule), ban, paid)
    shielded = opium._sowing(start, view, ban, paid)
    inside = world.province_zone == ZONES.index("north_east")
    assert (shielded[:, inside] > plain[:, inside]).all()
    assert (shielded[:, ~inside] == plain[:, ~inside]).all()


def test_weak_control_lets_poppy_through(view, start):
    strong = start.replace(control=np.full((3, 34), 0.9))
    weak = start.replace(control=np.full((3, 34), 0.5))
    ban, paid = np.ones(3), np.zeros(3)
    gap = opium._sowing(weak, view, ban, paid).sum() - opium._sowing(strong, view, ban, paid).sum()
    assert gap > 0


# ---- directions ------------------------------------------------------------------------------

AREA_2023 = ("harvested_ha", HARVEST + 52, HARVEST + 64)
SOLD = ("sold_kg", 0, WEEKS)
METH = ("meth_kg", 0, WEEKS)


@pytest.mark.parametrize(
    ("path", "low", "high", "measure", "sign"),
    [
        ("opium.ban_enforcement_target", 0.3, 0.9, AREA_2023, -1),
        ("opium.enforcement_speed", 0.02, 0.3, AREA_2023, -1),
        ("opium.ban_erosion", 0.0, 1.0, AREA_2023, +1),
        ("opium.ban_wear_limit", 0.0, 1.0, AREA_2023, +1),
        ("opium.price_persistence", 0.0, 1.0, AREA_2023, +1),
        ("opium.area_reference", 1e5, 2e5, AREA_2023, +1),
        ("opium.land_ceiling", 1.5, 2.0, AREA_2023, -1),
        ("opium.sowing_from_price", 0.4, 1.2, AREA_2023, +1),
        ("opium.sowing_from_ban", 5.0, 7.0, AREA_2023, -1),
        ("opium.price_reference", 50.0, 100.0, AREA_2023, -1),
        ("opium.ban_resistance", 0.0, 0.5, AREA_2023, +1),
        ("opium.demand", 4500.0, 7000.0, SOLD, +1),
        ("opium.demand_elasticity", 0.05, 0.2, SOLD, -1),
        ("opium.demand_elasticity_late", 0.3, 0.8, SOLD, -1),
        ("opium.demand_lag", 50.0, 200.0, SOLD, +1),
        ("opium.farm_sales", 0.01, 0.09, ("to_traders_kg", 0, WEEKS), +1),
        ("opium.meth_start", 200.0, 600.0, METH, +1),
        ("opium.meth_growth", 0.0, 0.6, METH, +1),
        ("opium.meth_limit", 2.0, 6.0, METH, +1),
        ("opium.lab_closure", 0.0, 0.3, METH, -1),
        ("opium.hashish_north", 30.0, 180.0, ("hashish_kg", 0, WEEKS), +1),
        ("drivers.opium_yield", 20.0, 40.0, ("harvest_kg", 0, WEEKS), +1),
    ],
)
def test_direction_of_accounts(road, path, low, high, measure, sign):
    less, more = (year(road({path: value}, from_week=0), *measure) for value in (low, high))
    assert (sign * (more - less) > 0).all(), (less, more)


@pytest.mark.parametrize(
    ("path", "low", "high", "sign"),
    [
        ("opium.belief_takeover", 0.3, 0.6, +1),
        ("opium.belief_decree", 0.65, 0.9, +1),
        ("opium.belief_lag", 4.0, 30.0, -1),
        ("opium.price_from_cover", 1.5, 2.5, +1),
        ("opium.price_speed", 0.05, 0.3, +1),
        ("opium.price_start", 60.0, 75.0, +1),
        ("opium.cover_years", 1.0, 4.0, +1),
        ("opium.normal_crop", 5000.0, 8000.0, +1),
        ("opium.stock_2022", 9000.0, 17400.0, -1),
        ("opium.crop_2022", 5000.0, 7000.0, +1),
    ],
)
def test_direction_of_the_price_at_the_first_harvest_under_a_decree(road, path, low, high, sign):
    less, more = (road({path: value}, HARVEST + 8)[-1].after.opium_price for value in (low, high))
    assert (sign * (more - less) > 0).all(), (less, more)


def test_a_failed_crop_convinces_traders(road):
    less, more = (road({"opium.belief_failed": v})[-1].after.ban_belief for v in (0.8, 1.0))
    assert (more > less).all()


def test_noise_parts_the_replicates(road):
    still = road({"opium.price_noise": 0.0}, 20)[-1].after.opium_price
    loud = road({"opium.price_noise": 0.05}, 20)[-1].after.opium_price
    assert np.ptp(still) == 0.0 and np.ptp(loud) > 1.0


def test_paid_livelihoods_slow_the_wear_and_lower_sowing(road):
    plain, paid = road(), road(levers={"livelihoods": 3.0})
    assert paid[0].info.paid == pytest.approx(0.99)
    assert (paid[-1].after.ban_wear < plain[-1].after.ban_wear).all()
    assert (year(paid, *AREA_2023) < year(plain, *AREA_2023)).all()
    weaker = {"opium.livelihoods_relief": 0.2, "opium.livelihoods_sowing": 0.1}
    less = road(weaker, levers={"livelihoods": 3.0})
    assert (less[-1].after.ban_wear > paid[-1].after.ban_wear).all()
    assert (year(less, *AREA_2023) > year(paid, *AREA_2023)).all()
    thin = {"opium.livelihoods_per_level": 0.1, "opium.livelihoods_given": 0.4}
    assert road(thin, 2, levers={"livelihoods": 3.0})[0].info.paid == pytest.approx(0.7)


def test_lost_aid_wears_the_ban_out_faster(road):
    poor, rich = (road({"drivers.external_grants": g}, from_week=33) for g in (1000.0, 8000.0))
    assert (poor[-1].after.ban_wear > rich[-1].after.ban_wear).all()
    poor, rich = (
        road({"drivers.external_grants": g, "opium.erosion_from_aid": 0.0}, from_week=33)
        for g in (1000.0, 8000.0)
    )
    assert (poor[-1].after.ban_wear == rich[-1].after.ban_wear).all()


def test_when_the_ban_falls_fields_and_belief_come_back(road):
    lifted = road({"opium.ban_enforcement_target": 0.0}, 190, from_week=125)
    kept = road(None, 190)
    assert (lifted[-1].after.poppy_ha.sum(axis=1) > 3 * kept[-1].after.poppy_ha.sum(axis=1)).all()
    assert (lifted[-1].after.ban_belief < 0.6).all() and (kept[-1].after.ban_belief > 0.7).all()
    assert (lifted[-1].after.opium_price < kept[-1].after.opium_price).all()


def test_calendar_entries_move_the_season(road):
    early = road({"opium.sowing_week": 43.0, "opium.harvest_first_week": 12.0,
                  "opium.harvest_weeks": 6.0}, 60)  # fmt: skip
    sown = [n for n, w in enumerate(early) if w.info.sown_ha.sum() > 0]
    cut = [n for n, w in enumerate(early) if w.info.harvest_kg.sum() > 0]
    assert sown == [SOWING - 2] and cut == list(range(HARVEST - 3, HARVEST + 3))


def test_yields_scatter_from_2024_on_only(world):
    tree = load_tree()
    flat = tree.with_changes([Change("opium.yield_sd", "set", 0.0, 126)]).compile(150, world)
    plain, streams = tree.compile(150, world), Streams(1, range(3))
    assert (opium.crop_yield(140, flat.at(140), streams) == 32.0).all()
    assert np.ptp(opium.crop_yield(140, plain.at(140), streams)) > 0.0
    assert np.ptp(opium.crop_yield(100, plain.at(100), streams)) == 0.0


def test_start_levels_move_with_their_entries(view_of):
    streams = Streams(1, range(2))
    richer = opium.start(view_of({"opium.farm_income_start": 500.0}), streams)
    assert (richer["farm_income_usd"].sum(axis=1) == 500_000_000).all()
    kept = opium.start(view_of({"opium.farm_share_start": 1.0}), streams)
    assert (kept["trader_stock_kg"] == 0).all()
