"""Equations P1 to P4 of plots against numbers worked out by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import STATES
from spillover.processes import plots
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
    BASE_DIASPORA,
    BASE_HOME,
    EMPTY,
    EXTERNAL,
    HIDE,
    N_PLOT_SLOTS,
    PLANNED,
    READY,
    TARGET_ELSEWHERE,
    TARGET_RUSSIA,
    due_slots,
)
from spillover.streams import Streams

C = {name: index for index, name in enumerate(STATES)}
WEEKS_PER_YEAR = 365.25 / 7
NOW = 1e-9  # weeks of preparation: a stage ends in the first week


def a_week(state, view, week: int = 1, seed: int = 1):
    return plots.step(state, week, view, Streams(seed, range(state.n_replicates)))


def idle(start):
    """The first state without open plots and without anyone who could start one."""
    return start.replace(
        plot_stage=np.full_like(start.plot_stage, EMPTY),
        plot_people=np.zeros_like(start.plot_people),
        cell_mode=np.full_like(start.cell_mode, HIDE),
        radicalised=np.zeros_like(start.radicalised),
        operatives=np.zeros_like(start.operatives),
    )


def open_plots(start, stage: int = READY, base: int = BASE_HOME, target: int = 0, **more):
    """All slots hold the same plot of four people of cohort and region 0."""
    shape = start.plot_stage.shape
    return idle(start).replace(
        plot_stage=np.full(shape, stage, dtype=np.int8),
        plot_base=np.full(shape, base, dtype=np.int8),
        plot_target=np.full(shape, target, dtype=np.int8),
        plot_cohort=np.zeros(shape, dtype=np.int64), plot_region=np.zeros(shape, dtype=np.int64),
        plot_people=np.full(shape, 4), plot_skill=np.zeros(shape), **more,
    )  # fmt: skip


@pytest.fixture
def at_once(view):
    """The shipped numbers with preparation times of next to nothing."""
    own = dict(vars(view.plots)) | {"preparation_elsewhere": NOW, "preparation_afghanistan": NOW}
    return lambda **changes: SimpleNamespace(
        **{**vars(view), "plots": SimpleNamespace(**{**own, **changes})}
    )


def test_stage_probability_by_base():
    par = SimpleNamespace(preparation_afghanistan=10.0, preparation_elsewhere=40.0)
    bases = np.array([BASE_AFGHANISTAN, BASE_HOME, BASE_ABROAD, BASE_DIASPORA])
    assert plots.stage_probability(bases, par) == pytest.approx([0.2, 0.05, 0.05, 0.05])
    par.preparation_elsewhere = 1.5  # shorter than two stages of a week each
    assert plots.stage_probability(bases, par) == pytest.approx([0.2, 1.0, 1.0, 1.0])


def test_a_quiet_week_changes_nothing(view, start):
    after, info = a_week(idle(start), view)
    assert (after.plot_stage == EMPTY).all()
    assert info.started.sum() == info.carried_out.sum() == info.failed.sum() == 0
    assert info.deaths_by_region.sum() == after.week_home_attacks.sum() == 0


def test_a_plot_takes_one_stage_at_a_time(at_once, start):
    after, info = a_week(open_plots(start, PLANNED), at_once())
    assert (after.plot_stage == READY).all()
    assert info.carried_out.sum() == info.failed.sum() == 0
    ended, info = a_week(after, at_once(), 2)
    assert (ended.plot_stage == EMPTY).all()
    done = info.carried_out + info.failed
    assert (done[:, 0] == N_PLOT_SLOTS).all()
    assert done[:, 1:].sum() == 0


@pytest.mark.parametrize(("base", "mean"), [(BASE_AFGHANISTAN, 10), (BASE_HOME, 39)])
def test_stages_end_with_their_weekly_probability(view, start, base, mean):
    ready = sum(
        (a_week(open_plots(start, PLANNED, base), view, week)[0].plot_stage == READY).sum()
        for week in range(20)
    )
    n, p = 20 * 3 * N_PLOT_SLOTS, 2 / mean
    assert abs(ready - n * p) < 4 * math.sqrt(n * p * (1 - p))


def test_success_needs_luck_skill_and_an_unprepared_target(at_once, start, ordered):
    view = at_once(success=0.2, success_from_skill=0.1, contingency_per_level=0.1)
    plain = open_plots(start)
    skilled = plain.replace(plot_skill=np.full_like(plain.plot_skill, 5.0))
    prepared = ordered(skilled, contingency_planning=[2.0, 0, 0, 0, 0])
    abroad = open_plots(start, target=TARGET_RUSSIA)
    abroad = ordered(
        abroad.replace(plot_region=np.full_like(plain.plot_region, -1)), contingency_planning=3.0
    )
    n = 20 * 3 * N_PLOT_SLOTS
    for state, p in ((plain, 0.2), (skilled, 0.3), (prepared, 0.24), (abroad, 0.2)):
        infos = [a_week(state, view, week)[1] for week in range(20)]
        hits = sum(info.carried_out.sum() for info in infos)
        assert abs(hits - n * p) < 4 * math.sqrt(n * p * (1 - p))
        assert hits + sum(info.failed.sum() for info in infos) == n


def test_deaths_are_none_or_follow_the_tail(at_once, start, ordered):
    view = at_once(success=1.0, deadly_share=0.6, severity_shift=0.0, contingency_per_level=0.25)
    view.attacks = SimpleNamespace(severity_exponent=2.0, severity_cutoff=2)
    n = 20 * 3 * N_PLOT_SLOTS
    for state, deadly in (
        (open_plots(start), 0.6),
        (ordered(open_plots(start), contingency_planning=1.0), 0.6 * 0.75),
    ):
        infos = [a_week(state, view, week)[1] for week in range(20)]
        deaths = sum(info.deaths_by_region[:, 0].sum() for info in infos)
        hits = sum(info.carried_out.sum() for info in infos)
        # One death with 0.8, two with 0.2: mean 1.2, mean square 1.6.
        mean, square = deadly * 1.2, deadly * 1.6
        assert abs(deaths - hits * mean) < 4 * math.sqrt(hits * (square - mean**2))
    assert hits < n  # contingency plans also lower the share that succeeds
    assert all(info.deaths_abroad.sum() == 0 for info in infos)


def test_people_of_ended_plots_are_booked_once(at_once, start):
    state = open_plots(start)
    afghan = np.zeros(N_PLOT_SLOTS, dtype=bool)
    afghan[:40] = True
    state = state.replace(plot_cohort=np.where(afghan, -1, state.plot_cohort))
    after, info = a_week(state, at_once(success=0.5))
    jailed = after.detained - start.detained
    assert (info.citizens_jailed == jailed).all()
    assert (jailed[:, 1:] == 0).all()
    assert (jailed[:, 0] > 0).all()
    # Men from Afghanistan are gone either way; citizens are if the plot was carried out.
    assert (info.fighters_spent == 4 * 40).all()
    assert (info.citizens_spent[:, 1:] == 0).all()
    assert (info.citizens_spent[:, 0] > 0).all()
    assert (jailed[:, 0] + info.citizens_spent[:, 0] == 4 * (N_PLOT_SLOTS - 40)).all()
    assert info.citizens_started.sum() == info.fighters_started.sum() == 0
    assert (after.plot_people == 0).all()
    none, info = a_week(state, at_once(success=1.0))
    assert (none.detained == start.detained).all()
    assert (info.citizens_spent[:, 0] == 4 * (N_PLOT_SLOTS - 40)).all()


def test_attacks_are_booked_where_they_happen(at_once, start):
    target = np.zeros_like(start.plot_target)
    target[:, ::2] = TARGET_ELSEWHERE
    region = np.where(target < 5, 7, -1)
    state = open_plots(start).replace(plot_target=target, plot_region=region)
    after, info = a_week(state, at_once(success=1.0, deadly_share=1.0))
    half = N_PLOT_SLOTS // 2
    assert (after.week_home_attacks[:, 0] == half).all()
    assert (after.week_foreign_attacks == half).all()
    assert (info.attacks_by_region[:, 7] == half).all()
    assert info.attacks_by_region.sum() == 3 * half
    assert (info.deaths_by_region[:, 7] >= half).all()
    assert (info.deaths_abroad >= half).all()


def test_due_external_cells_start_plots_and_pay(view_of, start):
    view = view_of({"plots.external_cost": 6000.0, "plots.people_per_plot": 4.0})
    due = due_slots(1, 512)
    mode, funds = np.full((3, 512), HIDE, dtype=np.int8), np.full((3, 512), 6000)
    fighters, place = np.full((3, 512), 12), np.zeros((3, 512), dtype=np.int64)
    first, second, third, late = due.start, due.start + 4, due.start + 8, due.start + 1
    mode[:, [first, second, third, late]] = EXTERNAL
    funds[:, second], fighters[:, third] = 5999, 4
    target = np.full((3, 512), TARGET_RUSSIA, dtype=np.int8)
    state = idle(start).replace(
        cell_mode=mode, cell_funds_usd=funds, cell_fighters=fighters, cell_place=place,
        cell_target=target, cell_skill=np.full((3, 512), 0.7),
    )  # fmt: skip
    after, info = a_week(state, view)
    # The second is poor, the third would fall below the minimum of a cell, the last must wait.
    assert info.started[:, TARGET_RUSSIA].tolist() == [1, 1, 1]
    assert info.started.sum() == 3
    assert (state.cell_fighters - after.cell_fighters)[:, first].tolist() == [4, 4, 4]
    assert info.fighters_started.tolist() == [4, 4, 4]
    assert info.citizens_started.sum() == 0
    assert (after.cell_funds_usd - funds).sum() == -3 * 6000
    assert info.operations_usd.tolist() == [6000] * 3
    row, slot = np.nonzero(after.plot_stage != EMPTY)
    assert (after.plot_people[row, slot] == 4).all()
    assert (after.plot_skill[row, slot] == 0.7).all()
    assert (after.plot_base[row, slot] == BASE_AFGHANISTAN).all()
    assert (after.plot_cohort[row, slot] == after.plot_region[row, slot]).all()


def starters(start, **pools):
    state = idle(start)
    arrays = {}
    for name, (index, people) in pools.items():
        values = getattr(state, name).copy()
        values[:, index] = people
        arrays[name] = values
    return state.replace(**arrays)


def test_home_cells_start_at_home(view_of, start, world):
    view = view_of({"plots.start_hazard_home": 2.0})
    region = int(np.flatnonzero(world.region_state == C["TJK"])[1])
    started = 0
    for week in range(60):
        state = starters(start, radicalised=(region, 5))
        after, info = a_week(state, view, week)
        row, slot = np.nonzero(after.plot_stage != EMPTY)
        assert (after.plot_target[row, slot] == C["TJK"]).all()
        assert (after.plot_region[row, slot] == region).all()
        assert (after.plot_base[row, slot] == BASE_HOME).all()
        gone = state.radicalised - after.radicalised
        assert (gone.sum(axis=1) == 4 * info.started.sum(axis=1)).all()
        assert (info.citizens_started == gone).all()
        assert info.fighters_started.sum() == 0
        started += row.size
    p = 1 - math.exp(-2.0 * 5 / WEEKS_PER_YEAR)
    assert abs(started - 180 * p) < 4 * math.sqrt(180 * p * (1 - p))
    # Fewer people than a plot wants: all of them go.
    alone = [a_week(starters(start, radicalised=(region, 1)), view, w)[0] for w in range(60)]
    assert {int(s.plot_people.max()) for s in alone} == {0, 1}


@pytest.mark.parametrize(
    ("pool", "base"), [("radicalised", BASE_DIASPORA), ("operatives", BASE_ABROAD)]
)
def test_the_diaspora_strikes_home_russia_or_elsewhere(view_of, start, world, pool, base):
    view = view_of(
        {
            "plots.start_hazard_home": 5.0, "plots.start_hazard_abroad": 5.0,
            "plots.diaspora_target_home": 0.2, "plots.diaspora_target_russia": 0.7,
        }
    )  # fmt: skip
    index = C["UZB"] + (world.n_regions if pool == "radicalised" else 0)
    counts = np.zeros(7)
    for week in range(60):
        state = starters(start, **{pool: (index, 100)})
        after, info = a_week(state, view, week)
        row, slot = np.nonzero(after.plot_stage != EMPTY)
        assert (after.plot_base[row, slot] == base).all()
        gone = (getattr(state, pool) - getattr(after, pool)).sum(axis=1)
        if pool == "radicalised":
            account, place = info.citizens_started, world.n_regions + C["UZB"]
        else:
            account, place = info.operatives_started, C["UZB"]
        assert (account[:, place] == gone).all()
        both = info.citizens_started.sum(axis=1) + info.operatives_started.sum(axis=1)
        assert (both == gone).all()
        assert (after.plot_cohort[row, slot] == world.n_regions + C["UZB"]).all()
        home, region = after.plot_target[row, slot] == C["UZB"], after.plot_region[row, slot]
        assert (world.region_state[region[home]] == C["UZB"]).all()
        assert (region[~home] == -1).all()
        counts += info.started.sum(axis=0)
    n = counts.sum()
    assert n > 170
    for target, p in ((C["UZB"], 0.2), (TARGET_RUSSIA, 0.7), (TARGET_ELSEWHERE, 0.1)):
        assert abs(counts[target] - n * p) < 4 * math.sqrt(n * p * (1 - p))


def test_starts_without_a_slot_are_refused_and_cost_nothing(view_of, start):
    view = view_of({"plots.start_hazard_home": 5.0, "plots.preparation_elsewhere": 500.0})
    state = open_plots(start, PLANNED, radicalised=np.full_like(start.radicalised, 100))
    stage = state.plot_stage.copy()
    stage[:, [5, 60]] = EMPTY
    after, info = a_week(state.replace(plot_stage=stage), view)
    assert (info.started.sum(axis=1) == 2).all()
    assert (info.starts_refused > 20).all()
    assert ((state.radicalised - after.radicalised).sum(axis=1) == 8).all()
    assert (after.plot_stage[:, [5, 60]] == PLANNED).all()
