"""Equations K1 to K6 of ISIS-K cells against numbers worked out by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import CSTO_OPTIONS, GROUPS
from spillover.processes import cells
from spillover.state import EXTERNAL, HIDE, LOCAL, NORTH, RECRUIT, due_slots, isisk_fighters
from spillover.streams import Streams

WEEKS_PER_YEAR = 365.25 / 7
QUIET = {
    "cells.recruitment": 0.0, "cells.operations_hazard": 0.0, "cells.returnee_recruitment": 0.0,
    "cells.knowledge_gain": 0.0, "cells.knowledge_per_attack": 0.0,
    "drivers.prison_releases": 0.0, "groups.commander_defections": 0.0,
}  # fmt: skip


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
    assert cells.visibility(modes, par).tolist() == [0.15, 1.0, 0.5, 1.0, 0.15]


def test_values_of_what_a_cell_may_do():
    par = SimpleNamespace(
        value_hide_knowledge=2.0, value_recruit=0.3, value_external=-1.1,
        value_external_knowledge=0.5, value_north=-0.9, value_north_guarantee=0.5,
    )  # fmt: skip
    plain, north = cells.mode_values(
        np.array([0.0, 0.8]), np.array([[0.5], [1.0]]), np.array([0.6]), par
    )
    assert plain == pytest.approx(np.array([[0.0, 1.0, 0.3, -1.1], [1.6, 1.0, 0.3, -0.7]]))
    assert north == pytest.approx(np.array([[-0.75], [-0.6]]))


def test_targets_abroad_are_drawn_to_states_close_to_kabul(view_of, start):
    view = view_of({"drivers.guarantee": 0.5, "cells.external_weight_guarantee": 2.0})
    state = start.replace(engagement=np.array([[0.0, 1.0, 0.0, 0.0, 0.4]] * 3))
    shares = cells._external_shares(state, view)[0]
    expected = [0.1, 0.1 * math.e, 0.25, 0.03, 0.25 * math.exp(0.4), 0.8, 1.5]
    assert shares == pytest.approx(expected)


def test_losses_by_hazard_and_visibility(view_of, start):
    view = view_of({"cells.operations_hazard": 8.0, "cells.captured_share": 0.3})
    mode = np.tile(np.array([HIDE, LOCAL], dtype=np.int8), 256)
    n_slots, ones = mode.size, np.ones((3, 34))
    state = start.replace(
        cell_mode=np.tile(mode, (3, 1)), cell_place=np.zeros((3, n_slots), dtype=np.int64),
        cell_fighters=np.full((3, n_slots), 12), counter_terror_knowledge=np.full(3, 0.5),
        control=0.8 * ones, effort=np.full(3, 1.5), fighters=np.zeros_like(start.fighters),
    )  # fmt: skip
    lost, captured = cells._losses(state, 3, view, Streams(1, range(3)))
    for visible, modes in ((0.15, HIDE), (1.0, LOCAL)):
        p = 1 - math.exp(-8.0 * 0.5 * 0.8 * 1.5 * visible / WEEKS_PER_YEAR)
        n = 3 * 256 * 12
        assert abs(lost[:, mode == modes].sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))
    total = lost.sum()
    assert abs(captured.sum() - 0.3 * total) < 4 * math.sqrt(0.21 * total)
    # Auxiliaries add to effort; what nobody knows about nobody can raid.
    helped = np.zeros_like(start.fighters)
    helped[:, GROUPS.index("IMU"), 0] = 3000
    more, _ = cells._losses(state.replace(fighters=helped), 3, view, Streams(1, range(3)))
    p = 1 - math.exp(-8.0 * 0.5 * 0.8 * 3.0 / WEEKS_PER_YEAR)
    assert abs(more[:, mode == LOCAL].sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))
    unknown = state.replace(counter_terror_knowledge=np.zeros(3))
    assert cells._losses(unknown, 3, view, Streams(1, range(3)))[0].sum() == 0


def test_foreign_troops_raid_cells_near_the_border_only(view_of, start, world):
    view = view_of({"cells.operations_from_entry": 10.0})
    inland = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 2)[0])
    frontier = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 1)[0])
    entered = np.zeros_like(start.csto_delivered)
    entered[:, CSTO_OPTIONS.index("entry")] = 1.0
    place = np.tile(np.array([inland, frontier]), 256)
    state = start.replace(
        csto_delivered=entered, cell_place=np.tile(place, (3, 1)),
        cell_fighters=np.full((3, 512), 12),
    )  # fmt: skip
    lost, _ = cells._losses(state, 3, view, Streams(1, range(3)))
    assert lost[:, place == inland].sum() == 0
    assert lost[:, place == frontier].sum() > 0


def test_nobody_joins_or_leaves_without_hazards(view_of, start):
    after, info = a_week(sealed(start), view_of(QUIET))
    assert (isisk_fighters(after) == isisk_fighters(start)).all()
    assert info.killed.sum() == info.captured.sum() == info.cells_dissolved.sum() == 0


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
        total += cells._intake(state, week, view, Streams(1, range(3)))[0].sum()
    share = state.cell_fighters.sum(axis=1) / men
    mean = 40 * (0.02 * men * math.exp(0.4) * (1 + 0.5 * share) * (1 - men / 4000)).sum()
    assert abs(total - mean) < 4 * math.sqrt(mean)
    crowded = state.replace(unassigned=np.full(3, 4000))
    assert cells._intake(crowded, 0, view, Streams(1, range(3)))[0].sum() == 0


def test_other_ways_in(view_of, start):
    view = view_of(
        QUIET | {
            "drivers.prison_releases": 30.0, "groups.commander_defections": 7.0,
            "cells.returnee_recruitment": 0.001, "drivers.returnees_pakistan": 3000.0,
            "drivers.returnees_iran": 1000.0, "cells.release_lag": 4.0,
        }
    )  # fmt: skip
    state = start.replace(isisk_prisoners=np.array([0, 5, 5000]), release_pool=np.full(3, 4000))
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


def test_top_up_by_hand():
    fighters = np.array([[12, 3, 9, 20, 25]] * 4)
    used = np.array([[True, False, True, True, True]] * 4)
    joined = cells.top_up(fighters, used, 20, np.array([0, 5, 10, 500]))
    # Eight places in the first cell, eleven in the third; none in a free slot or a full cell.
    assert joined.tolist() == [
        [0, 0, 0, 0, 0], [5, 0, 0, 0, 0], [8, 0, 2, 0, 0], [8, 0, 11, 0, 0],
    ]  # fmt: skip


def test_waiting_men_fill_whole_cells_while_slots_last(view_of, start):
    view = view_of(QUIET | {"cells.cell_largest": 20.0})
    state = sealed(start).replace(unassigned=np.array([11, 12, 10**5]))
    free = int((start.cell_place[2] < 0).sum())
    after, info = a_week(state, view)
    assert info.cells_formed.tolist() == [0, 1, free]
    assert after.unassigned[:2].tolist() == [11, 0]
    joined = 512 * 20 - int(state.cell_fighters[2].sum()) - 12 * free
    assert info.slots_refused[2] == 10**5 // 12 - free - joined // 12
    assert (isisk_fighters(after) == isisk_fighters(state)).all()
    new = (state.cell_place < 0) & (after.cell_place >= 0)
    assert (after.cell_fighters[:2][new[:2]] == 12).all()
    # Where no slot is left, cells grow to their largest size and the rest goes on waiting.
    assert (after.cell_fighters[2] == 20).all()
    assert after.unassigned[2] == 10**5 - 12 * free - joined


def test_a_broken_cell_dissolves_and_its_men_wait(view_of, start):
    fighters = start.cell_fighters.copy()
    fighters[:, 0] = 3  # below the minimum of four
    fighters[:, 1] = 4
    funds = start.cell_funds_usd.copy()
    state = sealed(start).replace(cell_fighters=fighters, unassigned=np.zeros(3, dtype=np.int64))
    after, info = a_week(state, view_of(QUIET))
    assert info.cells_dissolved.tolist() == [1, 1, 1]
    assert (after.cell_place[:, 0] == -1).all()
    assert (after.cell_place[:, 1] >= 0).all()
    assert after.unassigned.tolist() == [3, 3, 3]
    assert info.lost_funds_usd.tolist() == funds[:, 0].tolist()


def test_cells_decide_by_turns_with_the_shares_of_their_values(view_of, start, world):
    # Without forgetting, what the authorities know stays at 0.4 within the week.
    view = view_of(
        QUIET
        | {"drivers.guarantee": 0.5, "plots.external_cost": 1000.0, "cells.knowledge_decay": 0.0}
    )
    place = int(np.flatnonzero((world.hops_to_state == 1).sum(axis=1) == 1)[0])
    state = sealed(start).replace(
        cell_place=np.full((3, 512), place), cell_fighters=np.full((3, 512), 12),
        cell_funds_usd=np.full((3, 512), 9000), engagement=np.full((3, 5), 0.6),
        counter_terror_knowledge=np.full(3, 0.4),
        cell_mode=np.full((3, 512), LOCAL, dtype=np.int8),
        cell_target=np.full((3, 512), -1, dtype=np.int8),
    )  # fmt: skip
    values = {
        HIDE: 2.1 * 0.4, LOCAL: 1.0, RECRUIT: 0.3, EXTERNAL: -1.1 + 0.5 * 0.4,
        NORTH: -0.95 + 0.5 * 0.6 * 0.5,
    }  # fmt: skip
    total = sum(math.exp(3 * v) for v in values.values())
    counts = dict.fromkeys(values, 0)
    n_draws = 0
    for week in range(1, 13):
        after, _ = a_week(state, view, week)
        due = due_slots(week, 512)
        waits = np.ones(512, dtype=bool)
        waits[due] = False
        assert (after.cell_mode[:, waits] == LOCAL).all()
        for mode in counts:
            counts[mode] += int((after.cell_mode[:, due] == mode).sum())
        n_draws += 3 * 128
        aimed = after.cell_target[:, due][after.cell_mode[:, due] == NORTH]
        assert (aimed == np.flatnonzero(world.hops_to_state[place] == 1)).all()
    for mode, value in values.items():
        p = math.exp(3 * value) / total
        assert abs(counts[mode] - n_draws * p) < 4 * math.sqrt(n_draws * p * (1 - p)), mode
    # Whoever cannot pay for an operation abroad does not choose one.
    poor = state.replace(cell_funds_usd=np.zeros((3, 512), dtype=np.int64))
    assert not any((a_week(poor, view, w)[0].cell_mode == EXTERNAL).any() for w in range(1, 13))


def test_no_cell_strikes_north_from_inland(view_of, start, world):
    view = view_of(QUIET | {"cells.value_north": 2.0})
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
        cell_skill=np.full_like(start.cell_skill, 0.5),
    )  # fmt: skip
    after, info = a_week(state, view)
    # Twelve men earn 120 and need 300: the first cell can pay 220 only.
    assert after.cell_funds_usd[:, :2].tolist() == [[0, 820]] * 3
    change = after.cell_funds_usd.sum(axis=1) - funds.sum(axis=1)
    assert (change == info.income_usd - info.upkeep_usd - info.lost_funds_usd).all()
    fights = (after.cell_mode == LOCAL) & (after.cell_place >= 0)
    assert after.cell_skill == pytest.approx(0.5 + 0.1 * fights)


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
