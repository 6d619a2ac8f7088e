"""Equations G1 to G6 of the other armed groups against numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spillover.axes import CSTO_OPTIONS, GROUPS, STATES
from spillover.processes import groups
from spillover.state import school_recruits
from spillover.streams import Streams

G = {name: index for index, name in enumerate(GROUPS)}
N = len(GROUPS)
C = {name: index for index, name in enumerate(STATES)}
WEEKS_PER_YEAR = 365.25 / 7
QUIET = {
    "groups.operations_hazard": 0.0, "groups.disengagement_hazard": 0.0,
    "groups.recruitment": 0.0, "groups.relocation_hazard": 0.0, "groups.attack_hazard": 0.0,
    "groups.madrassa_hazard": 0.0, "drivers.syria_arrivals": 0.0,
}  # fmt: skip


def only_in(start, group: str, province: int, men: int):
    """The first state with one group in one province and nobody else."""
    fighters = np.zeros_like(start.fighters)
    fighters[:, G[group], province] = men
    return start.replace(fighters=fighters)


def test_neighbours_press_their_own_group(view_of, start, ordered):
    view = view_of(
        {
            "groups.pressure_base": 0.3, "groups.pressure_from_conditions": 0.35,
            "groups.pressure_from_joint": 0.1, "groups.pressure_from_sanctions": 0.05,
        }
    )  # fmt: skip
    engagement = np.zeros_like(start.engagement)
    engagement[:, C["UZB"]], engagement[:, C["TJK"]] = 0.6, 0.1
    begin = start.replace(engagement=engagement, chinese_pressure=np.full(3, 0.25))
    state = ordered(begin, conditionality=[0, 0, 3, 0, 2])
    felt = groups.pressure(state, view)[0]
    expected = np.zeros(len(GROUPS))
    expected[G["IMU"]] = 0.6 * (0.3 + 0.35 * 2)
    expected[G["JA"]] = 0.1 * (0.3 + 0.35 * 3)
    expected[G["ETIM"]] = 0.25
    assert felt == pytest.approx(expected)
    everything = ordered(start.replace(engagement=np.ones_like(engagement)), conditionality=3.0)
    assert groups.pressure(everything, view).max() == 1.0


def test_joint_pressure_and_sanctions_are_felt_by_tolerated_groups(view_of, start, ordered):
    view = view_of({"groups.pressure_from_joint": 0.1, "groups.pressure_from_sanctions": 0.05})
    quiet = start.replace(engagement=np.zeros_like(start.engagement), chinese_pressure=np.zeros(3))
    state = ordered(quiet, joint_pressure=[3, 0, 0, 0, 2], targeted_sanctions=1.0)
    felt = groups.pressure(state, view)[0]
    assert felt[G["NRF"]] == 0.0
    assert np.delete(felt, G["NRF"]) == pytest.approx(0.1 * 1 + 0.05 * 1)


def test_only_a_pressed_group_with_a_way_out_moves_or_loses_men(view_of, start, ordered, world):
    view = view_of(QUIET | {"groups.relocation_hazard": 10.0, "groups.pressure_from_joint": 1.0})
    settled = ordered(only_in(start, "AQ", world.province_index("AF-BDS"), 100), joint_pressure=3.0)
    _, info = groups.step(settled, 0, view, Streams(1, range(3)))
    assert info.removed.sum() == info.relocated.sum() == 0


def test_recognition_beyond_delisting_gives_haven(view_of, start, ordered):
    view = view_of({"groups.haven_from_recognition": 0.2})
    none = np.zeros((3, N))
    plain = groups.haven_target(ordered(start, recognition=1.0), view, none, none)
    given = groups.haven_target(ordered(start, recognition=3.0), view, none, none)
    odds = np.log(given / (1 - given)) - np.log(plain / (1 - plain))
    assert odds[0, G["IMU"]] == pytest.approx(0.4)
    assert odds[0, G["NRF"]] == pytest.approx(0.0)


@pytest.mark.parametrize("coupling", ["auxiliaries", "relocation"])
def test_couplings_can_be_switched_off(view_of, start, coupling):
    view = view_of({f"structure.coupling.{coupling}": 0.0, "groups.relocation_hazard": 10.0})
    if coupling == "auxiliaries":
        assert groups.auxiliary_use(start, view).sum() == 0
    else:
        _, info = groups.step(start, 0, view, Streams(1, range(3)))
        assert info.relocated.sum() == info.removed.sum() == 0


def test_auxiliaries_are_used_as_long_as_the_enemy_is_strong(view_of, start):
    view = view_of({"groups.isisk_reference": 2000.0})
    men = np.zeros_like(start.cell_fighters)
    men[:, 0] = [500, 1000, 9000]
    state = start.replace(cell_fighters=men, unassigned=np.array([0, 500, 0]))
    use = groups.auxiliary_use(state, view)
    assert use[:, G["IMU"]] == pytest.approx([0.125, 0.375, 0.5])
    assert (use[:, G["TTP"]] == 0).all()


def test_haven_target_by_hand(view, start):
    state = start.replace(faction_will=np.array([[0.4, 0.8]] * 3))  # mean 0.2 above its reference
    use, felt = np.full((3, N), 0.5), np.full((3, N), 1.0)
    target = groups.haven_target(state, view, use, felt)
    shift = 1.0 * 0.5 - 1.5 * 0.2 - 0.5 * 1.0
    odds = {name: math.log(h / (1 - h)) for name, h in {"AQ": 0.9, "IMU": 0.85, "BLA": 0.6}.items()}
    for name, start_odds in odds.items():
        assert target[0, G[name]] == pytest.approx(1 / (1 + math.exp(-start_odds - shift)))
    # The resistance is an enemy: neither pressure nor use changes that.
    assert target[:, G["NRF"]] == pytest.approx(0.03)


def test_haven_reverts_by_its_weekly_share(view_of, start):
    view = view_of({**QUIET, "groups.haven_reversion": 0.1})
    use, felt = groups.auxiliary_use(start, view), groups.pressure(start, view)
    target = groups.haven_target(start, view, use, felt)
    after, _ = groups.step(start, 0, view, Streams(1, range(3)))
    assert after.haven == pytest.approx(0.9 * start.haven + 0.1 * target)


def test_money_of_a_week(view_of, start):
    view = view_of({})
    state = only_in(start, "IMU", 3, 100)
    crops = np.zeros((3, 34), dtype=np.int64)
    crops[:, 1], crops[:, 30] = 300_000_000, 100_000_000
    state = state.replace(farm_income_usd=crops)
    state = state.replace(group_funds_usd=np.full((3, N), 300))
    use = np.full((3, N), 0.4)
    donations, drugs, aid, upkeep = (part[0] for part in groups.funds(state, view, use))
    assert donations[G["IMU"]] == 40 * 100
    assert drugs[G["IMU"]] == round(0.003 * 400e6 / WEEKS_PER_YEAR)
    assert aid[G["IMU"]] == 15 * 0.4 * 100
    assert upkeep[G["IMU"]] == 5000
    # Nobody to pay, nothing spent; and a group never spends what it does not have.
    assert upkeep[G["TTP"]] == donations[G["TTP"]] == 0
    poor = view_of({"groups.auxiliary_pay": 0.0})
    without = state.replace(farm_income_usd=np.zeros_like(crops))
    donations, drugs, aid, upkeep = (part[0] for part in groups.funds(without, poor, use))
    assert drugs.sum() == aid.sum() == 0
    assert upkeep[G["IMU"]] == 300 + 4000


def test_money_of_poppy_can_be_cut_off(view_of, start):
    use = np.zeros((3, N))
    income = [
        groups.funds(start, view_of({"structure.coupling.narcotics_finance": switch}), use)[1]
        for switch in (0.0, 1.0)
    ]
    assert income[0].sum() == 0 and (income[1][:, G["IMU"]] > 0).all()


def test_hazard_of_operations(view, start, world):
    state = start.replace(
        effort=np.full(3, 0.5), haven=np.full((3, N), 0.8), control=np.full((3, 34), 0.6)
    )
    hazard = groups.operations(state, view)
    assert hazard[:, G["AQ"]] == pytest.approx(0.3 * 0.5 * 0.2 * 0.6 / WEEKS_PER_YEAR)
    assert hazard[:, G["NRF"]] == pytest.approx(0.4 * 0.5 * 0.2 * 0.6 / WEEKS_PER_YEAR)
    assert groups.operations(state.replace(haven=np.ones((3, N))), view).max() == 0.0
    entered = np.zeros_like(start.csto_delivered)
    entered[:, CSTO_OPTIONS.index("entry")] = 0.5
    more = groups.operations(state.replace(csto_delivered=entered), view) - hazard
    at_border = world.hops_to_state.min(axis=1) == 1
    expected = view.groups.operations_from_entry * 0.5 * at_border / WEEKS_PER_YEAR
    assert more == pytest.approx(np.broadcast_to(expected, more.shape))


def test_nothing_happens_without_hazards(view_of, start):
    after, info = groups.step(start, 0, view_of(QUIET), Streams(1, range(3)))
    assert (after.fighters == start.fighters).all()
    assert after.week_armed_attacks.sum() == info.attacks_on_pakistan.sum() == 0
    assert info.attacks_on_india.sum() == info.schooled.sum() == 0


def test_losses_have_the_share_of_their_hazard(view_of, start):
    view = view_of(QUIET | {"groups.operations_hazard": 5.0, "groups.captured_share": 0.25})
    men = np.full_like(start.fighters, 400)
    state = start.replace(
        fighters=men, haven=np.zeros((3, N)), effort=np.full(3, 2.0), control=np.ones((3, 34))
    )
    _, info = groups.step(state, 0, view, Streams(1, range(3)))
    n, p = men.sum(), 1 - math.exp(-5.0 * 2.0 / WEEKS_PER_YEAR)
    lost = info.killed.sum() + info.captured.sum()
    assert abs(lost - n * p) < 4 * math.sqrt(n * p * (1 - p))
    assert abs(info.captured.sum() - lost / 4) < 4 * math.sqrt(lost * 3 / 16)


def test_exits_have_the_share_of_their_hazard(view_of, start):
    view = view_of(QUIET | {"groups.disengagement_hazard": 2.0})
    state = start.replace(fighters=np.full_like(start.fighters, 400))
    _, info = groups.step(state, 0, view, Streams(1, range(3)))
    n, p = state.fighters.sum(), 1 - math.exp(-2.0 / WEEKS_PER_YEAR)
    assert abs(info.left.sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))


def test_recruits_by_room_mood_and_pay(view_of, start):
    changes = {
        "groups.recruitment": 20.0, "groups.capacity": 20_000.0, "groups.grievance_slope": 4.0,
        "groups.grievance_reference": 0.2,
    }  # fmt: skip
    view = view_of(QUIET | changes)
    fighters = np.full_like(start.fighters, 200)
    state = start.replace(fighters=fighters, group_funds_usd=np.full((3, N), 10**9))
    state = state.replace(afghan_grievance=np.full((3, 34), 0.3))
    _, info = groups.step(state, 0, view, Streams(1, range(3)))
    mean = 0.02 * fighters.sum() * math.exp(0.4) * (1 - 6800 / 20_000)
    assert abs(info.recruited.sum() - mean) < 4 * math.sqrt(mean)
    full = view_of(QUIET | changes | {"groups.capacity": 6800.0})
    assert groups.step(state, 0, full, Streams(1, range(3)))[1].recruited.sum() == 0
    broke = state.replace(group_funds_usd=np.zeros((3, N), dtype=np.int64))
    unpaid = view_of(
        QUIET | changes | {
            "groups.donations": 0.0, "groups.stipend": 0.0, "groups.auxiliary_pay": 0.0,
        }
    )  # fmt: skip
    broke = broke.replace(farm_income_usd=np.zeros_like(broke.farm_income_usd))
    assert groups.step(broke, 0, unpaid, Streams(1, range(3)))[1].recruited.sum() == 0


def test_a_pressed_group_goes_farther_from_the_state_that_presses(view_of, start, world):
    view = view_of(QUIET | {"groups.relocation_hazard": 10.0, "groups.removed_share": 0.25})
    province = int(np.flatnonzero(world.hops_to_state[:, C["UZB"]] == 1)[0])
    state = only_in(start, "IMU", province, 100)
    state = state.replace(engagement=np.ones_like(state.engagement))
    streams = Streams(1, range(3))
    moved = False
    for week in range(60):
        after, info = groups.step(state, week, view, streams)
        total = after.fighters.sum(axis=(1, 2))
        assert (total == state.fighters.sum(axis=(1, 2)) - info.removed.sum(axis=(1, 2))).all()
        for row in np.flatnonzero(info.relocated.sum(axis=(1, 2))):
            assert info.removed[row].sum() == 25
            there = np.flatnonzero(after.fighters[row, G["IMU"]])
            assert after.fighters[row, G["IMU"], there].tolist() == [75]
            assert world.hops_to_state[there, C["UZB"]] > 1
            assert [province, there[0]] in world.province_edges.tolist()
            moved = True
    assert moved


def test_a_body_with_nowhere_to_go_is_not_counted_as_relocated(view_of, start, world):
    view = view_of(QUIET | {"groups.northward_displacement": 0.2})
    province = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 1)[0])
    state, streams = only_in(start, "AQ", province, 100), Streams(1, range(3))
    for week in range(30):
        after, info = groups.step(state, week, view, streams)
        assert (after.fighters == state.fighters).all()
        assert info.relocated.sum() == 0


def test_only_those_who_look_north_drift_north(view_of, start, world):
    view = view_of(QUIET | {"groups.northward_displacement": 0.2})
    hops = world.hops_to_state.min(axis=1)
    province = int(np.flatnonzero(hops == 3)[0])
    streams = Streams(1, range(3))
    drifted = 0
    for week in range(60):
        for group in ("NRF", "TTP", "BLA", "LETJEM"):
            stays, _ = groups.step(only_in(start, group, province, 50), week, view, streams)
            assert (stays.fighters[:, G[group], province] == 50).all()
        goes, info = groups.step(only_in(start, "AQ", province, 50), week, view, streams)
        _, there = np.nonzero(goes.fighters[:, G["AQ"]])
        assert (hops[there[there != province]] == 2).all()
        assert info.relocated.sum() == 50 * (there != province).sum()
        drifted += int((there != province).sum())
    n, p = 180, 1 - math.exp(-0.2)
    assert abs(drifted - n * p) < 4 * math.sqrt(n * p * (1 - p))


def test_arrivals_from_syria(view_of, start, world):
    view = view_of(QUIET | {"drivers.syria_arrivals": 200.0})
    arrived = np.zeros(N)
    streams = Streams(1, range(3))
    for week in range(20):
        after, info = groups.step(start, week, view, streams)
        assert (after.fighters - start.fighters == info.arrived).all()
        assert info.arrived[:, :, world.province_zone > 1].sum() == 0
        arrived += info.arrived.sum(axis=(0, 2))
    for name, share in {"ETIM": 0.5, "IMU": 0.3, "JA": 0.2}.items():
        mean = 60 * 200 * share
        assert abs(arrived[G[name]] - mean) < 4 * math.sqrt(mean)
    assert arrived.sum() == sum(arrived[G[name]] for name in ("ETIM", "IMU", "JA"))


def test_attacks_on_rulers_and_on_pakistan(view_of, start):
    view = view_of(QUIET | {"groups.attack_hazard": 0.05})
    streams = Streams(1, range(3))
    state = start.replace(fighters=np.full_like(start.fighters, 10))
    at_home = abroad = india = 0
    for week in range(20):
        after, info = groups.step(state, week, view, streams)
        at_home += after.week_armed_attacks.sum()
        abroad += info.attacks_on_pakistan.sum()
        india += info.attacks_on_india.sum()
        assert (after.week_pakistan_attacks == info.attacks_on_pakistan).all()
    mean = 60 * 340 * 0.05  # resistance; TTP and BLA together are twice as many
    assert abs(at_home - mean) < 4 * math.sqrt(mean)
    assert abs(abroad - 2 * mean) < 4 * math.sqrt(2 * mean)
    assert abs(india - mean) < 4 * math.sqrt(mean)


def test_only_let_and_jem_strike_india(view_of, start):
    view = view_of(QUIET | {"groups.attack_hazard": 0.1})
    for group in GROUPS:
        _, info = groups.step(only_in(start, group, 3, 1000), 0, view, Streams(1, range(3)))
        assert (info.attacks_on_india.sum() > 0) == (group == "LETJEM")
        assert (info.attacks_on_pakistan.sum() > 0) == (group in ("TTP", "BLA"))


def test_dialogue_calms_attacks_on_india_only(view_of, start, ordered):
    state = start.replace(fighters=np.full_like(start.fighters, 10))
    talks = ordered(state, south_asia_dialogue=[3, 3, 1, 2, 1])
    counts = np.zeros((4, 2))
    for row, (calm, begin) in enumerate([(0.25, state), (0.0, talks), (0.25, talks), (1.0, talks)]):
        changes = {"groups.attack_hazard": 0.05, "groups.calm_from_dialogue": calm}
        view = view_of(QUIET | changes)
        for week in range(20):
            _, info = groups.step(begin, week, view, Streams(1, range(3)))
            counts[row] += info.attacks_on_india.sum(), info.attacks_on_pakistan.sum()
    assert (counts[:, 1] == counts[0, 1]).all()
    assert counts[0, 0] == counts[1, 0] > 0 == counts[3, 0]
    mean = 60 * 340 * 0.05 * (1 - 0.25 * 2)  # level 2 on average takes half away
    assert abs(counts[2, 0] - mean) < 4 * math.sqrt(mean)


def schools(**changes: float) -> dict[str, float]:
    """Forty recruits a week at the reference, half of them for IMU and none for others."""
    usual = {
        "madrassa_students": 100_000.0, "madrassa_unplaced": 0.4,
        "madrassa_hazard": 0.001 * WEEKS_PER_YEAR, "unemployment_reference": 0.2,
        "capacity": 10_000.0,
    }  # fmt: skip
    values = {f"groups.{name}": value for name, value in (usual | changes).items()}
    return QUIET | {"drivers.unemployment": 0.2} | values


def from_schools(state, view, weeks: int = 40):
    """Recruits from schools by group, over all replicates and provinces."""
    joined = np.zeros(N)
    for week in range(weeks):
        after, info = groups.step(state, week, view, Streams(1, range(3)))
        assert (after.fighters - state.fighters == info.schooled).all()
        joined += info.schooled.sum(axis=(0, 2))
    return joined


def test_schools_give_recruits_by_share_unemployment_and_room(view_of, start):
    assert school_recruits(view_of(schools())) == pytest.approx(40.0)
    jobless = view_of(schools() | {"drivers.unemployment": 0.3})
    assert school_recruits(jobless) == pytest.approx(60.0)
    state = start.replace(
        fighters=np.zeros_like(start.fighters), group_funds_usd=np.full((3, N), 10**9)
    )
    men = state.fighters.copy()
    men[:, G["IMU"], [2, 7]], men[:, G["AQ"], 2], men[:, G["JA"], 2] = 1000, 1000, 10_000
    state = state.replace(fighters=men)
    view = view_of(schools())
    joined = from_schools(state, view)
    mean = 120 * 40 * 0.3 * (1 - 2000 / 10_000)
    assert abs(joined[G["IMU"]] - mean) < 4 * math.sqrt(mean)
    # No share, no room, nobody there to join.
    assert joined[G["AQ"]] == joined[G["JA"]] == joined[G["ETIM"]] == 0
    _, info = groups.step(state, 0, view, Streams(1, range(3)))
    assert set(np.unique(np.nonzero(info.schooled)[2])) <= {2, 7}


@pytest.mark.parametrize(
    ("name", "low", "high", "sign"),
    [
        ("madrassa_students", 10_000.0, 100_000.0, 1),
        ("madrassa_unplaced", 0.1, 0.4, 1),
        ("madrassa_hazard", 0.005, 0.05, 1),
        ("madrassa_share", 0.1, 0.5, 1),
        ("unemployment_reference", 0.1, 0.4, -1),
    ],
)
def test_direction_of_what_schools_give(view_of, start, name, low, high, sign):
    few, many = (
        from_schools(start, view_of(schools(**{name: value})), 5).sum() for value in (low, high)
    )
    assert sign * (many - few) > 0


def test_without_work_for_recruiters_schools_give_nobody(view_of, start):
    for name in ("madrassa_students", "madrassa_unplaced", "madrassa_hazard", "madrassa_share"):
        assert from_schools(start, view_of(schools(**{name: 0.0})), 3).sum() == 0


def test_tax_on_drug_flows_is_booked_a_week_later(view, start):
    """What networks paid last week enters the funds of the groups, and ISIS-K's part does not."""
    paid = np.zeros_like(start.week_flow_tax_usd)
    paid[:, 0], paid[:, 1 + G["NRF"]] = 700, 12_345
    before, without = groups.step(start, 1, view, Streams(1, range(3)))
    after, info = groups.step(start.replace(week_flow_tax_usd=paid), 1, view, Streams(1, range(3)))
    assert (info.flow_tax_usd == paid[:, 1:]).all() and without.flow_tax_usd.sum() == 0
    spent = info.upkeep_usd - without.upkeep_usd
    gained = after.group_funds_usd - before.group_funds_usd
    np.testing.assert_array_equal(gained, paid[:, 1:] - spent)
