"""Equations K1 to K6 of ISIS-K cells against numbers worked out by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import CSTO_OPTIONS, GROUPS
from spillover.processes import cells
from spillover.slots import BLANK, slots_in_play, top_up
from spillover.state import EXTERNAL, HIDE, LOCAL, NORTH, RECRUIT, due_slots, isisk_fighters
from spillover.streams import Streams

WEEKS_PER_YEAR = 365.25 / 7
QUIET = {
    "cells.recruitment": 0.0, "cells.operations_hazard": 0.0, "cells.returnee_recruitment": 0.0,
    "cells.knowledge_gain": 0.0, "cells.knowledge_per_attack": 0.0,
    "cells.disengagement_hazard": 0.0,
    "drivers.prison_releases": 0.0, "groups.commander_defections": 0.0,
    "groups.madrassa_hazard": 0.0,
}  # fmt: skip
STAY = {"cells.disengagement_hazard": 0.0}


def a_week(state, view, week: int = 1, seed: int = 1):
    return cells.step(state, week, view, Streams(seed, range(3)))


def sealed(start):
    """The first state without freed prisoners who might still join."""
    return start.replace(release_pool=np.zeros(3, dtype=np.int64))


def test_knowledge_by_hand():
    par = SimpleNamespace(
        knowledge_gain=0.02, knowledge_warm_up=10.0, knowledge_per_attack=0.001,
        knowledge_decay=WEEKS_PER_YEAR / 100,
    )  # fmt: skip
    known, effort, attacks = np.array([0.0, 0.5, 1.0]), np.ones(3), np.array([0, 5, 5])
    # Half way through the warm-up the authorities learn at half speed; 1 per cent is forgotten.
    assert cells.knowledge_change(known, 5, effort, attacks, par) == pytest.approx(
        [0.01, 0.015 * 0.5 - 0.005, -0.01]
    )
    assert cells.knowledge_change(known, 0, effort, 0 * attacks, par)[0] == 0.0
    late = [cells.knowledge_change(known[:1], t, effort[:1], attacks[:1], par) for t in (10, 99)]
    assert late[0] == late[1] == pytest.approx([0.02])
    idle = cells.knowledge_change(known, 99, 0 * effort, 0 * attacks, par)
    assert idle == pytest.approx([0.0, -0.005, -0.01])


def test_placement_favours_the_capital(view, world):
    weight = cells.placement(view)
    kabul = world.province_index("AF-KAB")
    assert weight[kabul] == pytest.approx(0.5 * 8)
    assert weight[world.province_index("AF-NAN")] == pytest.approx(4.0)
    # The shared table of zones must not have been multiplied in place.
    assert cells.placement(view)[kabul] == pytest.approx(0.5 * 8)


def test_visibility_by_mode():
    par = SimpleNamespace(visibility_hiding=0.15, visibility_recruiting=0.5)
    modes = np.array([HIDE, LOCAL, RECRUIT, NORTH, EXTERNAL])
    assert cells.visibility(par)[modes].tolist() == [0.15, 1.0, 0.5, 1.0, 0.15]


def test_what_a_cell_may_do():
    par = SimpleNamespace(
        choice_sharpness=2.0, value_hide_knowledge=2.0, value_recruit=0.5, external_base=-4.0,
        external_from_knowledge=5.0, northern_base=-3.0, northern_from_guarantee=2.0,
    )  # fmt: skip
    known = np.array([0.0, 0.8])
    for share, values in zip(cells.home_shares(known, par), ((0, 2, 1), (3.2, 2, 1)), strict=True):
        weight = np.exp(values)
        assert share == pytest.approx(weight / weight.sum())
    assert cells.external_probability(known, par) == pytest.approx([1 / (1 + math.exp(4)), 0.5])
    north = cells.northern_probability(np.array([[0.0], [1.0]]), np.array([0.5]), par)
    assert north[:, 0] == pytest.approx([1 / (1 + math.exp(3)), 1 / (1 + math.exp(2))])


def test_targets_abroad_are_drawn_to_states_close_to_kabul(view_of, start):
    view = view_of({"drivers.guarantee": 0.5, "cells.external_weight_guarantee": 2.0})
    state = start.replace(engagement=np.array([[0.0, 1.0, 0.0, 0.0, 0.4]] * 3))
    shares = cells._external_shares(state, view)[0]
    expected = [0.1, 0.1 * math.e, 0.25, 0.03, 0.25 * math.exp(0.4), 0.8, 1.5]
    assert shares == pytest.approx(expected)


def test_closeness_to_kabul_can_be_switched_off_as_a_reason_to_strike(view_of, start):
    view = view_of({"drivers.guarantee": 1.0, "structure.coupling.engagement_target": 0.0})
    close, far = (
        start.replace(engagement=np.full_like(start.engagement, value)) for value in (1.0, 0.0)
    )
    shares = [cells._external_shares(state, view) for state in (close, far)]
    np.testing.assert_array_equal(*shares)
    rest = (0, view, Streams(1, range(3)), start.cell_place, np.zeros(3), start.cell_funds_usd,
            start.cell_fighters)  # fmt: skip
    chosen = [cells._choose(state, *rest)[0] for state in (close, far)]
    np.testing.assert_array_equal(*chosen)


def test_joint_work_of_those_who_recognise_helps_to_learn(view_of, start, ordered):
    view = view_of({"cells.cooperation_from_recognition": 0.2, "cells.knowledge_warm_up": 1.0})
    plain, _ = cells.step(start, 40, view, Streams(1, range(3)))
    delisted, _ = cells.step(ordered(start, recognition=1.0), 40, view, Streams(1, range(3)))
    given, _ = cells.step(ordered(start, recognition=3.0), 40, view, Streams(1, range(3)))
    knowledge = [s.counter_terror_knowledge for s in (plain, delisted, given)]
    np.testing.assert_array_equal(knowledge[0], knowledge[1])
    gain = view.cells.knowledge_gain
    np.testing.assert_allclose(knowledge[2] - knowledge[0], 0.4 * gain * start.effort)


def exposed(start, **changes):
    """Half of all cells hide, half attack; all in one half-known and well-held province."""
    shape = start.cell_place.shape
    return start.replace(
        **{
            "cell_mode": np.tile(np.array([HIDE, LOCAL], dtype=np.int8), (3, 256)),
            "cell_place": np.zeros(shape, dtype=np.int64), "cell_fighters": np.full(shape, 12),
            "counter_terror_knowledge": np.full(3, 0.5), "control": np.full((3, 34), 0.8),
            "effort": np.full(3, 1.5), "fighters": np.zeros_like(start.fighters), **changes,
        }
    )  # fmt: skip


def assert_share(count, n, p):
    assert abs(count - n * p) <= 4 * math.sqrt(n * p * (1 - p))


def test_losses_by_hazard_and_visibility(view_of, start):
    view = view_of({"cells.operations_hazard": 8.0, "cells.captured_share": 0.3} | STAY)
    state, n = exposed(start, unassigned=np.full(3, 5000)), 3 * 256 * 12
    loss = cells._losses(state, 3, view, Streams(1, range(3)))
    weekly = 8.0 * 0.5 * 0.8 * 1.5 / WEEKS_PER_YEAR
    local = weekly * 0.15
    assert_share(loss["gone"][:, 0::2].sum(), n, 1 - math.exp(-local))
    assert_share(loss["gone"][:, 1::2].sum(), n, 1 - math.exp(-weekly))
    # Men without a cell are as hard to find as a cell that hides.
    assert_share(loss["strays"].sum(), 15_000, 1 - math.exp(-local))
    assert (loss["total"] == loss["gone"].sum(axis=1) + loss["strays"]).all()
    assert_share(loss["captured"].sum(), loss["total"].sum(), 0.3)
    assert loss["left"].sum() == 0
    # Auxiliaries add to effort; what nobody knows about nobody can raid.
    helped = np.zeros_like(start.fighters)
    helped[:, GROUPS.index("IMU"), 0] = 3000
    loss = cells._losses(exposed(start, fighters=helped), 3, view, Streams(1, range(3)))
    assert_share(loss["gone"][:, 1::2].sum(), n, 1 - math.exp(-2 * weekly))
    alone = view_of({"structure.coupling.auxiliaries": 0.0})
    with_, without = (
        cells._losses(exposed(start, fighters=men), 3, alone, Streams(1, range(3)))["gone"]
        for men in (helped, np.zeros_like(start.fighters))
    )
    np.testing.assert_array_equal(with_, without)
    unknown = exposed(start, counter_terror_knowledge=np.zeros(3))
    assert cells._losses(unknown, 3, view, Streams(1, range(3)))["gone"].sum() == 0


def test_men_leave_with_their_own_hazard(view_of, start):
    view = view_of({"cells.operations_hazard": 1.0, "cells.disengagement_hazard": 2.0})
    state = exposed(
        start, control=np.full((3, 34), 1.0), effort=np.full(3, 8.0), unassigned=np.zeros(3, int),
        cell_mode=np.full(start.cell_mode.shape, LOCAL, dtype=np.int8),
    )  # fmt: skip
    loss = cells._losses(state, 3, view, Streams(1, range(3)))
    assert_share(loss["gone"].sum(), 3 * 512 * 12, 1 - math.exp(-(4.0 + 2.0) / WEEKS_PER_YEAR))
    assert_share(loss["left"].sum(), loss["total"].sum(), 2.0 / 6.0)
    assert (loss["left"] + loss["captured"] <= loss["total"]).all()


def test_foreign_troops_raid_cells_near_the_border_only(view_of, start, world):
    view = view_of({"cells.operations_from_entry": 10.0} | STAY)
    inland = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 2)[0])
    frontier = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 1)[0])
    entered = np.zeros_like(start.csto_delivered)
    entered[:, CSTO_OPTIONS.index("entry")] = 1.0
    place = np.tile(np.array([inland, frontier]), 256)
    state = start.replace(
        csto_delivered=entered, cell_place=np.tile(place, (3, 1)),
        cell_fighters=np.full((3, 512), 12),
    )  # fmt: skip
    lost = cells._losses(state, 3, view, Streams(1, range(3)))["gone"]
    assert lost[:, place == inland].sum() == 0
    assert lost[:, place == frontier].sum() > 0


def test_nobody_joins_or_leaves_without_hazards(view_of, start):
    after, info = a_week(sealed(start), view_of(QUIET))
    assert (isisk_fighters(after) == isisk_fighters(start)).all()
    assert info.killed.sum() == info.captured.sum() == info.left.sum() == 0
    assert info.cells_dissolved.sum() == 0


def test_every_man_has_one_account(view_of, start):
    view = view_of(
        {
            "cells.operations_hazard": 9.0, "cells.disengagement_hazard": 1.0,
            "groups.madrassa_hazard": 0.1, "cells.capacity": 20_000.0,
        }
    )  # fmt: skip
    state = start.replace(
        counter_terror_knowledge=np.ones(3), unassigned=np.full(3, 9000), effort=np.full(3, 2.0)
    )
    after, info = a_week(state, view)
    gain = info.recruited + info.released + info.defected + info.returned + info.schooled
    loss = info.killed + info.captured + info.left
    assert (isisk_fighters(after) - isisk_fighters(state) == gain - loss).all()
    assert (after.isisk_prisoners - state.isisk_prisoners == info.captured).all()
    assert min(info.killed.min(), info.captured.min(), info.left.min()) > 0


def test_recruits_by_stock_mood_and_recruiters(view_of, start):
    view = view_of(
        QUIET | {
            "cells.recruitment": 20.0, "cells.recruiting_bonus": 0.5, "cells.grievance_slope": 4.0,
            "cells.grievance_reference": 0.2, "cells.capacity": 4000.0,
        }
    )  # fmt: skip
    state = sealed(start).replace(afghan_grievance=np.full((3, 34), 0.3))
    recruiters = np.full_like(start.cell_mode, RECRUIT)
    state = state.replace(cell_mode=recruiters)
    total, men = 0, isisk_fighters(state)
    for week in range(40):
        total += cells._intake(state, week, view, Streams(1, range(3)))["recruited"].sum()
    share = state.cell_fighters.sum(axis=1) / men
    mean = 40 * (0.02 * men * math.exp(0.4) * (1 + 0.5 * share) * (1 - men / 4000)).sum()
    assert abs(total - mean) < 4 * math.sqrt(mean)
    crowded = state.replace(unassigned=np.full(3, 4000))
    assert cells._intake(crowded, 0, view, Streams(1, range(3)))["recruited"].sum() == 0


def test_other_ways_in(view_of, start):
    view = view_of(
        QUIET | {
            "drivers.prison_releases": 30.0, "groups.commander_defections": 7.0,
            "cells.returnee_recruitment": 0.001, "cells.release_lag": 4.0,
        }
    )  # fmt: skip
    state = start.replace(isisk_prisoners=np.array([0, 5, 5000]), release_pool=np.full(3, 4000))
    home = np.zeros((3, 34), dtype=np.int64)
    home[:, 4], home[:, 9] = 3000, 1000
    state = state.replace(week_returnees=home)
    after, info = a_week(state, view)
    p = 1 - math.exp(-1 / 4)
    freed = state.release_pool - after.release_pool
    assert (np.abs(freed - 4000 * p) < 4 * math.sqrt(4000 * p * (1 - p))).all()
    opened = info.released - freed
    assert opened[0] == 0
    assert opened[1] == 5
    assert abs(opened[2] - 30) < 4 * math.sqrt(30)
    for name, mean in (("defected", 7.0), ("returned", 4.0)):
        drawn = sum(getattr(a_week(state, view, week)[1], name).sum() for week in range(20))
        assert abs(drawn - 60 * mean) < 4 * math.sqrt(60 * mean)
    off = view_of(
        {"cells.returnee_recruitment": 0.001, "structure.coupling.aid_and_returnees": 0.0}
    )
    assert not a_week(state, off)[1].returned.any()


def test_isisk_gets_from_the_schools_what_the_groups_leave(view_of, start):
    changes = {
        "groups.madrassa_students": 100_000.0, "groups.madrassa_unplaced": 0.4,
        "groups.madrassa_hazard": 0.001 * WEEKS_PER_YEAR, "groups.unemployment_reference": 0.2,
        "drivers.unemployment": 0.2, "cells.capacity": 10_000.0,
    }  # fmt: skip
    state, view = sealed(start), view_of(QUIET | changes)
    drawn = sum(a_week(state, view, week)[1].schooled.sum() for week in range(20))
    mean = 20 * (40 * 0.3 * (1 - isisk_fighters(state) / 10_000)).sum()  # 40 a week, 0.7 for others
    assert abs(drawn - mean) < 4 * math.sqrt(mean)
    for nothing in ({"groups.madrassa_share": 0.5}, {"cells.capacity": 500.0}):
        assert a_week(state, view_of(QUIET | changes | nothing))[1].schooled.sum() == 0


def test_top_up_by_hand():
    fighters = np.array([[12, 3, 9, 20, 25]] * 4)
    used = np.array([[True, False, True, True, True]] * 4)
    men = np.array([0, 5, 10, 500])
    joined = top_up(fighters, used, 20, men)
    # Eight places in the first cell, eleven in the third; none in a free slot or a full cell.
    assert joined.tolist() == [
        [0, 0, 0, 0, 0], [5, 0, 0, 0, 0], [8, 0, 2, 0, 0], [8, 0, 11, 0, 0],
    ]  # fmt: skip
    # From the second slot on, the third cell comes first and the first one last.
    assert top_up(fighters, used, 20, men, 1).tolist() == [
        [0, 0, 0, 0, 0], [0, 0, 5, 0, 0], [0, 0, 10, 0, 0], [8, 0, 11, 0, 0],
    ]  # fmt: skip


def test_free_slots_are_blank(view_of, start):
    """Cells that dissolve leave nothing behind, and those that never were change nothing."""
    fighters = start.cell_fighters.copy()
    fighters[:, 5:40] = 2  # below the minimum
    state = sealed(start).replace(cell_fighters=fighters, cell_skill=1.0 * (start.cell_place >= 0))
    after, info = a_week(state, view_of(QUIET))
    free = after.cell_place < 0
    assert (info.cells_dissolved == 35).all() and free[:, 20:40].all()
    for name, value in BLANK.items():
        values = getattr(after, name)
        assert (values[free] == value).all(), name
        assert values.dtype == getattr(start, name).dtype and values.shape == (3, 512)


def test_slots_in_play_cover_those_in_use_and_those_to_come(start):
    place = np.full((2, 512), -1)
    assert slots_in_play(place, 0) == 0 and slots_in_play(place, 1) == 64
    place[1, 63] = 3
    assert slots_in_play(place, 0) == 64 and slots_in_play(place, 1) == 128
    assert slots_in_play(place, 10**6) == 512


def test_a_fuller_neighbour_in_the_batch_changes_nothing(view_of, start):
    """More slots are worked on for its sake; the bits of the others stay."""
    view = view_of({"cells.operations_hazard": 2.0, "cells.recruitment": 20.0})
    crowd = start.replace(unassigned=np.array([5, 30, 4000]))
    alone = crowd.replace(**{
        name: getattr(crowd, name)[:2] for name in vars(crowd)
    })  # fmt: skip
    for week in range(4):
        crowd, _ = cells.step(crowd, week, view, Streams(1, range(3)))
        alone, _ = cells.step(alone, week, view, Streams(1, range(2)))
    assert (crowd.cell_place[2] >= 0).sum() > 400 > (crowd.cell_place[:2] >= 0).sum(axis=1).max()
    for name in cells.WRITES:
        np.testing.assert_array_equal(getattr(crowd, name)[:2], getattr(alone, name), name)


def test_every_cell_has_its_turn_to_be_filled_first(view_of, start):
    """Two men for two cells that miss two each: the slot that is first moves on every week."""
    fighters = start.cell_fighters.copy()
    fighters[:, [4, 9]] = 10
    state = sealed(start).replace(cell_fighters=fighters, unassigned=np.full(3, 2))
    view = view_of(QUIET)
    for week, filled in ((4, [12, 10]), (5, [10, 12]), (9, [10, 12]), (10, [12, 10])):
        after, _ = a_week(state, view, week)
        assert after.cell_fighters[:, [4, 9]].tolist() == [filled] * 3


def test_waiting_men_fill_cells_then_form_them_then_swell_them(view_of, start):
    view = view_of(QUIET | {"cells.cell_largest": 20.0})
    fighters = start.cell_fighters.copy()
    fighters[:, 0] = 10
    state = sealed(start).replace(
        cell_fighters=fighters, unassigned=np.array([13, 14, 10**5], dtype=np.int64)
    )
    free = int((start.cell_place[2] < 0).sum())
    after, info = a_week(state, view)
    # Two men complete the first cell; only then do twelve make a new one.
    assert info.cells_formed.tolist() == [0, 1, free]
    assert after.unassigned[:2].tolist() == [11, 0]
    assert (isisk_fighters(after) == isisk_fighters(state)).all()
    new = (state.cell_place < 0) & (after.cell_place >= 0)
    assert (after.cell_fighters[:2][new[:2]] == 12).all()
    assert (after.cell_fighters[:2, 0] == 12).all()
    # Where no slot is left, cells grow to their largest size and the rest goes on waiting.
    assert (after.cell_fighters[2] == 20).all()
    assert after.unassigned[2] == 10**5 + fighters[2].sum() - 512 * 20
    assert info.slots_refused.tolist() == [0, 0, after.unassigned[2] // 12]


def test_the_men_of_a_broken_cell_join_another(view_of, start):
    fighters = start.cell_fighters.copy()
    fighters[:, 0], fighters[:, 1] = 3, 4  # the minimum is four
    state = sealed(start).replace(cell_fighters=fighters, unassigned=np.array([0, 5, 6]))
    after, info = a_week(state, view_of(QUIET))
    assert info.cells_dissolved.tolist() == [1, 1, 1]
    assert (after.cell_place[:, 0] == -1).all()
    assert (after.cell_place[:, 1] >= 0).all()
    assert after.cell_fighters[:, :2].tolist() == [[0, 7], [0, 12], [0, 12]]
    assert after.unassigned.tolist() == [0, 0, 1]
    assert info.lost_funds_usd.tolist() == start.cell_funds_usd[:, 0].tolist()


def test_cells_decide_by_turns_with_the_probabilities_of_k4(view_of, start, world):
    base = {"cells.external_base": -2.0, "cells.northern_base": -1.0}
    # Without forgetting, what the authorities know stays at 0.4 within the week.
    view = view_of(QUIET | base | {"drivers.guarantee": 0.5, "cells.knowledge_decay": 0.0})
    place = int((world.hops_to_state == 1).sum(axis=1).argmax())
    reach = np.flatnonzero(world.hops_to_state[place] == 1)
    shape = start.cell_place.shape
    state = sealed(start).replace(
        cell_place=np.full(shape, place), cell_fighters=np.full(shape, 12),
        cell_funds_usd=np.full(shape, 9000), engagement=np.full((3, 5), 0.6),
        counter_terror_knowledge=np.full(3, 0.4), cell_mode=np.full(shape, LOCAL, dtype=np.int8),
        cell_target=np.full(shape, -1, dtype=np.int8),
    )  # fmt: skip
    counts, hits, n = np.zeros(5), np.zeros(5), 0
    for week in range(1, 25):
        after, _ = a_week(state, view, week)
        turn = np.zeros(512, dtype=bool)
        turn[due_slots(week, 512)] = True
        assert (after.cell_mode[:, ~turn] == LOCAL).all()
        mode, target = after.cell_mode[:, turn], after.cell_target[:, turn]
        counts += np.bincount(mode.ravel(), minlength=5)
        hits += np.bincount(target[mode == NORTH], minlength=5)
        n += mode.size
        assert ((target >= 0) == ((mode == NORTH) | (mode == EXTERNAL))).all()
    abroad = 1 / (1 + math.exp(2.0 - 0.5 * 0.4))
    strike = (1 - abroad) / (1 + math.exp(1.0 - 0.6 * 0.5))
    stay = 1 - abroad - strike * reach.size
    home = np.exp([3 * 2.1 * 0.4, 3.0, 0.9])
    home = stay * home / home.sum()
    expected = dict(zip((HIDE, LOCAL, RECRUIT), home, strict=True))
    for mode, p in {**expected, NORTH: strike * reach.size, EXTERNAL: abroad}.items():
        assert_share(counts[mode], n, p)
    for target in range(5):
        assert_share(hits[target], n, strike * (target in reach))
    # Whoever cannot pay for an operation does not choose one: a frontier attack costs 1,000 USD,
    # one abroad 6,000, and a week brings each of twelve men 6 USD more than he needs.
    for funds, done in ((0, set()), (1000, {NORTH}), (6000, {NORTH, EXTERNAL})):
        held = state.replace(cell_funds_usd=np.full(shape, funds))
        modes = np.concatenate([a_week(held, view, w)[0].cell_mode for w in range(1, 9)])
        assert set(np.unique(modes)) & {NORTH, EXTERNAL} == done
    # Nor does a cell plan abroad that has no man to spare.
    few = state.replace(cell_fighters=np.full(shape, 4), unassigned=np.zeros(3, dtype=np.int64))
    modes = np.concatenate([a_week(few, view, w)[0].cell_mode for w in range(1, 9)])
    assert NORTH in modes
    assert EXTERNAL not in modes


def test_no_cell_strikes_north_from_inland(view_of, start, world):
    view = view_of(QUIET | {"cells.northern_base": 0.0})
    inland = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 2)[0])
    place = np.where(start.cell_place >= 0, inland, -1)
    for week in range(1, 5):
        after, _ = a_week(sealed(start).replace(cell_place=place), view, week)
        assert not ((after.cell_mode == NORTH) & (after.cell_place >= 0)).any()


def test_money_and_skill_of_a_week(view_of, start):
    view = view_of(QUIET | {"cells.income": 10.0, "cells.upkeep": 25.0, "cells.skill_gain": 0.1})
    funds = start.cell_funds_usd.copy()
    funds[:, 0], funds[:, 1] = 100, 1000
    state = sealed(start).replace(
        cell_funds_usd=funds, unassigned=np.zeros(3, dtype=np.int64),
        cell_skill=np.where(start.cell_place >= 0, 0.5, 0.0),
    )  # fmt: skip
    after, info = a_week(state, view)
    # Twelve men earn 120 and need 300: the first cell can pay 220 only.
    assert after.cell_funds_usd[:, :2].tolist() == [[0, 820]] * 3
    change = after.cell_funds_usd.sum(axis=1) - funds.sum(axis=1)
    assert (change == info.income_usd - info.upkeep_usd - info.lost_funds_usd).all()
    is_cell = after.cell_place >= 0
    fights = (after.cell_mode == LOCAL) & is_cell
    assert after.cell_skill == pytest.approx(0.5 * is_cell + 0.1 * fights)


def test_activity_is_the_smoothed_share_of_local_men(view_of, start):
    state = sealed(start).replace(activity=np.array([0.0, 0.5, 1.0]))
    after, _ = a_week(state, view_of(QUIET))
    local = (after.cell_fighters * (after.cell_mode == LOCAL)).sum(axis=1)
    share = local / after.cell_fighters.sum(axis=1)
    assert after.activity == pytest.approx(0.75 * state.activity + 0.25 * share)


def test_displaced_cells_step_toward_the_border(view_of, start, world):
    view = view_of(QUIET | {"groups.northward_displacement": 0.2})
    hops = world.hops_to_state.min(axis=1)
    inland = int(np.flatnonzero(hops == 3)[0])
    state = sealed(start).replace(cell_place=np.where(start.cell_place >= 0, inland, -1))
    after, _ = a_week(state, view)
    used = state.cell_place >= 0
    moved = used & (after.cell_place != inland)
    assert (hops[after.cell_place[moved]] == 2).all()
    n, p = used.sum(), 1 - math.exp(-0.2)
    assert abs(moved.sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))


def test_tax_on_drug_flows_is_split_by_men():
    fighters = np.array([[12, 0, 36], [0, 0, 0]])
    got = cells.flow_tax(np.array([1_001, 500]), fighters)
    np.testing.assert_array_equal(got, [[250, 0, 751], [0, 0, 0]])
