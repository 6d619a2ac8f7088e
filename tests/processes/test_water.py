"""Water: river, canal, store, sharing downstream, deficits, the treaty, and what deficits touch."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import STATES
from spillover.processes import diplomacy, recruitment, water
from spillover.state import river_index, water_agreement
from spillover.streams import Streams
from spillover.world.river import load_river

KAZ, KGZ, TJK, TKM, UZB = range(5)
YEAR = 365.25 / 7
FULL = {"drivers.qosh_tepa_completion": 1.0}
JULY = {"drivers.irrigation_season": 2.1, "drivers.amu_darya_flow": 2.0}


def stepped(start, view, week=0, seed=1):
    return water.step(start, week, view, Streams(seed, range(start.n_replicates)))


@pytest.fixture
def toy():
    """Round numbers of a canal."""
    return SimpleNamespace(
        flow_memory=0.6, flow_log_sd=0.5, phase_one=0.4, developed=0.5, canal_demand=YEAR,
        canal_capacity=1000.0, canal_loss=0.5, treaty_repair=0.5, treaty_share=0.1,
    )  # fmt: skip


# ---- the table of the river --------------------------------------------------------------------


def test_the_river_runs_from_the_mountains_to_karakalpakstan(world):
    river = load_river(world)
    names = [world.region_ids[q] for q in river.region]
    assert names[0] == "TJ-GB" and names[-1] == "UZ-QR"
    assert names.index("UZ-SU") < names.index("UZ-BU") < names.index("UZ-XO") < names.index("TM-D")
    below = np.flatnonzero(~river.is_above_canal)
    assert (np.diff(river.is_above_canal.astype(int)) <= 0).all()  # those above come first
    assert {STATES[c] for c in world.region_state[river.region[below]]} == {"TKM", "UZB"}
    assert 45.0 < river.demand_km3.sum() < 63.0  # inside the scheme of 1987
    np.testing.assert_allclose(river.state_weight.sum(axis=0), [0, 0, 1, 1, 1])
    np.testing.assert_allclose(river.state_share.sum(), 1.0)
    assert river.state_share[TKM] + river.state_share[UZB] == pytest.approx(1.0)


# ---- equations ---------------------------------------------------------------------------------


def test_anomaly_by_hand(toy):
    got = water.next_anomaly(np.array([0.5, 0.5]), toy, np.array([0.5, 0.8413447460685429]))
    np.testing.assert_allclose(got, [0.3, 0.3 + 0.5 * 0.8])  # sqrt(1 - 0.36) = 0.8, z = 0 and 1


def test_anomaly_keeps_its_spread(toy):
    rng = (np.arange(20_000) + 0.5) / 20_000
    x = 0.5 * water.rates.normal(rng)
    got = water.next_anomaly(x, toy, np.random.default_rng(1).permutation(rng))
    assert got.std() == pytest.approx(0.5, rel=0.02)


def test_river_index_has_the_mean_of_its_driver(view):
    sd = view.water.flow_log_sd
    x = sd * water.rates.normal((np.arange(50_000) + 0.5) / 50_000)
    assert river_index(1.7, x, view).mean() == pytest.approx(1.7, rel=1e-3)


@pytest.mark.parametrize(("completion", "share"), [(0.0, 0.5), (0.4, 0.5), (0.7, 0.75), (1.0, 1.0)])
def test_fields_follow_the_canal(toy, completion, share):
    assert water.developed(completion, toy) == pytest.approx(share)


def test_withdrawal_by_hand(toy):
    """A km3 a week at full canal and mean season; half of it is lost."""
    wide = np.array([100e9])
    no = np.zeros(1)
    toy.canal_capacity = 1e6
    head, loss = water.head_withdrawal(wide, no, 1.0, 1.0, toy)
    np.testing.assert_allclose(head, 1e9)
    np.testing.assert_allclose(loss, 0.5)
    np.testing.assert_allclose(water.head_withdrawal(wide, no, 0.4, 0.5, toy)[0], 0.4 * 0.5 * 0.5e9)
    toy.canal_capacity = 1000.0  # 1,000 m3/s are 0.6048 km3 a week, and division by the loss
    np.testing.assert_allclose(water.head_withdrawal(wide, no, 1.0, 2.0, toy)[0], 604.8e6)
    np.testing.assert_array_equal(water.head_withdrawal(wide, no, 0.0, 2.0, toy)[0], 0.0)


def test_design_capacity_is_0_393_km3_a_week(view):
    got = view.water.canal_capacity * water.SECONDS_PER_WEEK
    assert got == pytest.approx(0.393e9, rel=1e-3)


def test_treaty_repairs_losses_and_caps_to_a_share_of_the_river(toy):
    toy.canal_capacity = 1e6
    full, none = np.ones(1), np.zeros(1)
    head, loss = water.head_withdrawal(np.array([100e9]), full, 1.0, 1.0, toy)
    np.testing.assert_allclose(loss, 0.25)
    np.testing.assert_allclose(head * (1 - loss), 0.5e9)  # the same fields get their water
    dry = np.array([2e9])
    capped, _ = water.head_withdrawal(dry, full, 1.0, 1.0, toy)
    np.testing.assert_allclose(capped, 0.2e9)
    half, _ = water.head_withdrawal(dry, 0.5 * full, 1.0, 1.0, toy)
    free, _ = water.head_withdrawal(dry, none, 1.0, 1.0, toy)
    assert capped < half < free


def test_half_by_position_half_by_demand():
    """60 of 100: by position 40, 20, 0; in proportion 24, 18, 18."""
    got = water.share_supply(np.array([60, 100, 0]), np.array([40, 30, 30]), 0.5)
    np.testing.assert_array_equal(got, [[32, 19, 9], [40, 30, 30], [0, 0, 0]])
    np.testing.assert_array_equal(
        water.share_supply(np.array([60]), np.array([40, 30, 30]), 1.0), [[40, 20, 0]]
    )
    np.testing.assert_array_equal(
        water.share_supply(np.array([60]), np.array([40, 30, 30]), 0.0), [[24, 18, 18]]
    )


def test_shares_sum_to_the_supply_to_the_cubic_metre():
    demand = np.array([28_747_433, 76_659_822, 95_824_777, 143_737_166], dtype=np.int64)
    supply = np.arange(0, demand.sum(), 7_654_321)
    got = water.share_supply(supply, demand, 0.37)
    np.testing.assert_array_equal(got.sum(axis=1), supply)
    assert (got >= 0).all() and (got <= demand + 1).all()


def test_deficit_counts_a_week_by_its_irrigation():
    got = water.next_deficit(np.array([0.1]), np.array([0.5]), 1.5, 12.0)
    np.testing.assert_allclose(got, 0.1 + 1.5 / 12 * 0.4)
    np.testing.assert_array_equal(water.next_deficit(np.array([0.1]), np.ones(1), 0.0, 12.0), 0.1)


# ---- the treaty --------------------------------------------------------------------------------


def test_treaty_binds_as_far_as_kabul_keeps_promises_and_states_agree(view_of, start, ordered):
    view = view_of({"water.treaty_per_level": 0.25})
    kept = start.replace(promise_kept=np.full_like(start.promise_kept, 0.4))
    np.testing.assert_array_equal(water.treaty_in_force(kept, view), 0.0)
    signed = ordered(kept, water_treaty=np.array([3.0, 3.0, 3.0, 0.0, 2.0]))
    share = load_river(view.world).state_share[UZB]  # only who lies below the canal counts
    np.testing.assert_allclose(water.treaty_in_force(signed, view), 0.4 * 0.5 * share)
    handle = view_of({"water.treaty": 0.7})
    np.testing.assert_allclose(water.treaty_in_force(kept, handle), 0.7)
    everyone = ordered(kept.replace(promise_kept=np.ones_like(kept.promise_kept)), water_treaty=3.0)
    assert (water.treaty_in_force(everyone, handle) <= 1.0).all()
    assert water_agreement(everyone.lever("water_treaty"), handle).max() == 1.0


# ---- the week ----------------------------------------------------------------------------------


def balance(before, after, info):
    used = info.afghan_use_m3 + info.canal_withdrawal_m3 + info.delivered_m3.sum(axis=1)
    change = after.reservoir_m3 - before.reservoir_m3
    return info.inflow_m3 - used - change - info.outflow_m3


@pytest.mark.parametrize(
    "values",
    [
        {},
        FULL | JULY,
        FULL | {"drivers.amu_darya_flow": 0.05},  # the river all but dry
        {"drivers.amu_darya_flow": 0.0},
        FULL | {"water.storage_capacity": 0.0},
        {"water.canal_demand": 0.0, "drivers.amu_darya_flow": 8.0},  # a flood spills
        FULL | JULY | {"water.treaty": 1.0},
    ],
)
def test_water_is_conserved_to_the_cubic_metre(view_of, start, values):
    view = view_of(values)
    state = start
    for week in range(30):
        after, info = stepped(state, view, week)
        assert not balance(state, after, info).any()
        parts = info.canal_irrigation_m3 + info.canal_lost_m3
        np.testing.assert_array_equal(parts, info.canal_withdrawal_m3)
        for volume in (
            after.reservoir_m3, info.outflow_m3, info.canal_withdrawal_m3, info.delivered_m3,
            info.afghan_use_m3, info.canal_lost_m3, info.canal_irrigation_m3,
        ):  # fmt: skip
            assert volume.dtype == np.int64 and (volume >= 0).all()
        assert (info.delivered_m3 <= info.demanded_m3 + 1).all()
        assert (after.reservoir_m3 <= np.rint(view.water.storage_capacity * 1e9)).all()
        assert (after.water_deficit >= 0).all() and (after.water_deficit <= 1).all()
        state = after


def test_no_canal_no_withdrawal_and_nobody_off_the_river(view, start):
    after, info = stepped(start, view)
    assert not info.canal_withdrawal_m3.any()
    river = load_river(view.world)
    off = np.ones(view.world.n_regions, dtype=bool)
    off[river.region] = False
    dry, dry_info = stepped(start.replace(reservoir_m3=np.zeros(3, dtype=np.int64)), view)
    assert not dry.water_deficit[:, off].any() and not dry_info.delivered_m3[:, off].any()
    assert not dry_info.demanded_m3[off].any()
    assert after.water_deficit[:, off].shape == (3, view.world.n_regions - len(river.region))


def test_whoever_sits_below_goes_short_and_whoever_sits_above_does_not(view_of, start):
    view = view_of(FULL | {"drivers.amu_darya_flow": 0.9, "drivers.irrigation_season": 2.1})
    empty = start.replace(reservoir_m3=np.zeros(3, dtype=np.int64))
    after, info = stepped(empty, view)
    river = load_river(view.world)
    lack = after.water_deficit[:, river.region]
    assert not lack[:, river.is_above_canal].any()
    below = lack[:, ~river.is_above_canal]
    assert (np.diff(below, axis=1) >= -1e-6).all()
    assert (below[:, -1] > 1.2 * below[:, 0]).all() and (below[:, 0] > 0).all()
    np.testing.assert_allclose(info.farm_loss, 0.55 * after.water_deficit)


def test_the_store_carries_winter_into_summer(view_of, start):
    """Water in the store meets the demand that the river leaves open."""
    view = view_of({"drivers.amu_darya_flow": 0.6, "drivers.irrigation_season": 2.1})
    full = start.replace(reservoir_m3=np.full(3, 10**10))
    empty = start.replace(reservoir_m3=np.zeros(3, dtype=np.int64))
    with_store, info = stepped(full, view)
    without, _ = stepped(empty, view)
    assert not with_store.water_deficit.any() and (without.water_deficit.max(axis=1) > 0).all()
    assert (with_store.reservoir_m3 < 10**10).all() and not info.outflow_m3.any()


def year_of(view_at, state, seed=3, first=250):
    """Mean deficit by region [q] and water taken by the canal over two years."""
    lack, taken = 0.0, 0.0
    for week in range(first, first + 104):
        state, info = stepped(state, view_at(week), week, seed)
        lack, taken = lack + state.water_deficit / 104, taken + info.canal_withdrawal_m3 / 2e9
    return lack, taken


@pytest.fixture(scope="module")
def two_years(changed, world, tree):
    """`two_years(start, values)`: deficit [r, q] and canal km3 a year [r] with some paths set."""

    def run(state, values):
        parameters = changed(values).compile(354, world)
        return year_of(parameters.at, state)

    return run


@pytest.fixture(scope="module")
def many(world, tree):
    from spillover.first_state import first_state

    return first_state(tree.compile(1, world).at(0), Streams(4, range(240)))


def test_the_full_canal_takes_what_the_sources_fear_at_most(two_years, many):
    _, taken = two_years(many, FULL)
    assert 7.5 < taken.mean() < 8.5  # 8 km3 of 70
    assert 0.1 < taken.mean() / 70.0 < 0.15


@pytest.mark.parametrize(
    ("values", "sign"),
    [
        ({"drivers.qosh_tepa_completion": 0.0}, -1),
        ({"water.flow": 75.0}, -1),
        ({"water.flow": 58.0}, +1),
        ({"water.flow_log_sd": 0.25}, +1),
        ({"water.flow_memory": 0.5}, -1),
        ({"water.afghan_use": 10.0}, +1),
        ({"water.demand_factor": 1.1}, +1),
        ({"water.canal_capacity": 50.0}, -1),
        ({"water.canal_demand": 10.0}, +1),
        ({"water.storage_capacity": 4.0}, +1),
        ({"water.treaty": 1.0}, -1),
        ({"water.treaty": 1.0, "water.treaty_share": 0.02}, -1),
        ({"water.smoothing": 30.0}, -1),
    ],
)
def test_direction_of_deficits(two_years, many, moves, values, sign):
    before, _ = two_years(many, FULL)
    after, _ = two_years(many, FULL | values)
    moves(before.sum(axis=1), after.sum(axis=1), sign)


@pytest.mark.parametrize(
    ("base", "values", "sign"),
    [
        ({"drivers.qosh_tepa_completion": 0.6}, {"water.developed": 0.7}, +1),
        ({"drivers.qosh_tepa_completion": 0.6}, {"water.phase_one": 0.55}, -1),
        (FULL | {"water.treaty": 1.0}, {"water.treaty_share": 0.02}, -1),
        (FULL | {"water.treaty": 1.0}, {"water.treaty_repair": 0.0}, +1),
        (FULL | {"water.treaty": 1.0}, {"water.canal_loss": 0.5}, -1),  # more to repair
    ],
)
def test_direction_of_the_withdrawal(two_years, many, moves, base, values, sign):
    _, before = two_years(many, base | {"water.treaty_share": 0.5})
    _, after = two_years(many, base | {"water.treaty_share": 0.5} | values)
    moves(before, after, sign)


def test_priority_moves_the_deficit_down_the_river(two_years, many, world):
    even, _ = two_years(many, FULL | {"water.priority": 0.0})
    first, _ = two_years(many, FULL | {"water.priority": 1.0})
    assert (
        first[:, world.region_index("UZ-QR")].mean() > even[:, world.region_index("UZ-QR")].mean()
    )
    assert (
        first[:, world.region_index("UZ-SU")].mean() < even[:, world.region_index("UZ-SU")].mean()
    )


def test_a_dry_river_is_a_deficit_and_the_lever_lowers_it(two_years, many, ordered, moves):
    dry = FULL | {"water.treaty_share": 0.05, "water.flow": 58.0}
    before, taken = two_years(many, dry)
    signed = ordered(many, water_treaty=3.0)
    after, less = two_years(signed, dry)
    moves(taken, less, -1)
    moves(before.sum(axis=1), after.sum(axis=1), -1)


# ---- what deficits touch -----------------------------------------------------------------------


def short(start, share):
    """The state with the same deficit in all regions on the river."""
    lack = np.zeros_like(start.water_deficit)
    lack[:, load_river_regions()] = share
    return start.replace(water_deficit=lack)


def load_river_regions():
    from spillover.world import load_world

    return load_river(load_world()).region


def test_hardship_grows_with_lost_farm_income_where_water_is_missing(view_of, start):
    view = view_of({})
    base, dry = recruitment.cohort_hardship(start, view), recruitment.cohort_hardship(
        short(start, 0.2), view
    )  # fmt: skip
    gain = (dry - base)[0]
    regions = load_river_regions()
    np.testing.assert_allclose(gain[regions], 0.2 * 0.55 * 0.2)
    assert np.delete(gain, regions).max() == 0.0  # nobody else, and no diaspora
    off = view_of({"structure.coupling.water_tension": 0.0})
    np.testing.assert_array_equal(
        recruitment.cohort_hardship(short(start, 0.2), off), recruitment.cohort_hardship(start, off)
    )
    stiff = view_of({"water.farm_elasticity": 0.3})
    assert recruitment.farm_loss(short(start, 0.2), stiff).max() == pytest.approx(0.2 * 0.3 * 0.2)


def test_missing_water_cools_relations_with_kabul_as_far_as_the_canal_is_built(
    view_of, start, ordered
):
    dry, full = short(start, 0.1), view_of(FULL)
    got = diplomacy.water_quarrel(dry, full)
    np.testing.assert_allclose(got, np.tile([0, 0, 0.2, 0.2, 0.2], (3, 1)))
    np.testing.assert_array_equal(diplomacy.water_quarrel(dry, view_of({})), 0.0)  # August 2021
    silent = view_of(FULL | {"structure.coupling.water_tension": 0.0})
    np.testing.assert_array_equal(diplomacy.water_quarrel(dry, silent), 0.0)
    agreed = ordered(dry, water_treaty=np.array([0.0, 0.0, 0.0, 0.0, 3.0]))
    eased = diplomacy.water_quarrel(agreed, full)
    assert eased[0, UZB] == pytest.approx(0.2 * (1 - 3 * 0.217), abs=1e-9)
    assert eased[0, TKM] == pytest.approx(0.2)
    cooler = diplomacy.engagement_target(dry, full)
    assert (cooler[:, UZB] < diplomacy.engagement_target(start, full)[:, UZB]).all()
    assert diplomacy.water_quarrel(
        dry, view_of(FULL | {"diplomacy.engagement_loss_from_water": 4.0})
    )[0, UZB] == pytest.approx(0.4)
