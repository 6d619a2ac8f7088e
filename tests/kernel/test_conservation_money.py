"""Money to the dollar, cells, plots and files to the unit, and arrays that stay within bounds.

As with people, the accounts are the infos of the processes. The worlds are the documented one,
one in which everything happens, two whose tables are full, and draws from the priors.
"""

from __future__ import annotations

import typing

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.axes import LEVERS, STATES
from spillover.first_state import first_state
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
    BASE_DIASPORA,
    BASE_HOME,
    EMPTY,
    EXTERNAL,
    FIELDS,
    NORTH,
    Codes,
    Counts,
    Flags,
    Floats,
    State,
)
from spillover.streams import Streams

N_STATES = len(STATES)
WORLDS = ("documented", "busy", "alone", "crowded_cells", "lasting_plots")


def gain(week, name):
    """Change of a stock over the whole week."""
    return getattr(week.after, name) - getattr(week.before, name)


def check_money(week):
    rule, groups, cells = week.infos.rule, week.infos.groups, week.infos.cells
    earned = rule.customs_usd + rule.taxes_usd + rule.opium_levy_usd + rule.mines_usd
    paid = rule.security_usd + rule.civil_usd + rule.diverted_usd
    assert (gain(week, "treasury_usd") == earned - paid).all()
    income = groups.donations_usd + groups.opium_income_usd + groups.auxiliary_pay_usd
    assert (gain(week, "group_funds_usd") == income - groups.upkeep_usd).all()
    used = cells.upkeep_usd + cells.lost_funds_usd
    used = used + week.infos.plots.operations_usd + week.infos.attacks.operations_usd
    assert (gain(week, "cell_funds_usd").sum(axis=1) == cells.income_usd - used).all()
    for process in ("rule", "groups", "cells", "plots", "attacks"):
        info = getattr(week.infos, process)
        for name in info.__slots__:
            if name.endswith("_usd"):
                values = getattr(info, name)
                assert values.dtype == np.int64 and values.min() >= 0, f"{process}.{name}"


def check_numbers_of_things(week):
    """Cells, plots and files are counted too."""
    before, after, infos = week.before, week.after, week.infos
    cells = (after.cell_place >= 0).sum(axis=1) - (before.cell_place >= 0).sum(axis=1)
    assert (cells == infos.cells.cells_formed - infos.cells.cells_dissolved).all()
    plots = (after.plot_stage != EMPTY).sum(axis=1) - (before.plot_stage != EMPTY).sum(axis=1)
    found = infos.intelligence.disrupted.sum(axis=1) + infos.intelligence.disrupted_elsewhere
    over = infos.plots.carried_out.sum(axis=1) + infos.plots.failed.sum(axis=1)
    assert (plots == infos.plots.started.sum(axis=1) - over - found).all()
    files = infos.intelligence.false_leads + infos.intelligence.disrupted
    assert (after.busy - before.busy == files - infos.intelligence.files_closed).all()
    border, attacks = infos.border, infos.attacks
    assert (border.tried == border.isisk_tried + border.allied_tried.sum(axis=1)).all()
    assert (border.tried == border.stopped + border.through).all()
    assert (attacks.frontier_tried == attacks.frontier_done + attacks.frontier_stopped).all()


def check_types(state: State):
    kinds = {Counts: np.int64, Codes: np.int8, Flags: np.bool_, Floats: np.float64}
    hints = typing.get_type_hints(State)
    for name in FIELDS:
        values = getattr(state, name)
        assert values.dtype == kinds[hints[name]], f"{name} is {values.dtype}"
        assert len(values) == state.n_replicates, name
        if values.dtype == np.float64:
            assert np.isfinite(values).all(), f"{name} is not finite"
    signed = {"cell_place", "cell_target", "plot_cohort", "plot_region"}
    for name in FIELDS:
        values = getattr(state, name)
        least = -1 if name in signed else 0
        assert values.min() >= least, f"{name} falls to {values.min()}"


def check_slots(state: State, world):
    """A man is in one place: free slots are empty, open ones consistent."""
    free = state.cell_place < 0
    assert (free == (state.cell_fighters == 0)).all(), "a free slot with men, or the reverse"
    assert (state.cell_place < world.n_provinces).all()
    assert (state.cell_funds_usd[free] == 0).all()
    aims = np.isin(state.cell_mode, (NORTH, EXTERNAL)) & ~free
    assert ((state.cell_target >= 0) == aims).all()
    closed = state.plot_stage == EMPTY
    assert (closed == (state.plot_people == 0)).all(), "an empty plot with people, or the reverse"
    base, cohort, target = (x[~closed] for x in (state.plot_base, state.plot_cohort,
                                                 state.plot_target))  # fmt: skip
    region = state.plot_region[~closed]
    assert ((base == BASE_AFGHANISTAN) == (cohort == -1)).all()
    assert ((base == BASE_HOME) == ((cohort >= 0) & (cohort < world.n_regions))).all()
    is_away = (base == BASE_ABROAD) | (base == BASE_DIASPORA)
    assert (is_away == (cohort >= world.n_regions)).all()
    inside = target < N_STATES
    assert ((region >= 0) == inside).all()
    assert (world.region_state[region[inside]] == target[inside]).all()


def check_bounds(state: State, view, world):
    ceiling = view.rule.control_ceiling[world.province_zone]
    top = np.maximum(ceiling, view.rule.control_start[world.province_zone])
    assert (state.control <= top + 1e-12).all()
    shares = (
        "control", "legitimacy", "loyalty", "counter_terror_knowledge", "faction_will",
        "promise_kept", "afghan_grievance", "haven", "activity", "perceived_detection",
        "link_detection", "engagement", "reciprocity", "pair_trust", "csto_delivered", "threat",
        "repression", "state_legitimacy", "patrol_share", "budget_share",
    )  # fmt: skip
    for name in shares:
        values = getattr(state, name)
        assert values.min() >= 0 and values.max() <= 1, f"{name} leaves 0 to 1"
    assert (state.effort <= 2).all() and (state.delivered <= 3).all()
    assert np.allclose(state.budget_share.sum(axis=2), 1, atol=1e-12)
    for c in set(world.link_state.tolist()):
        mine = state.patrol_share[:, world.link_state == c]
        assert np.allclose(mine.sum(axis=1), 1, atol=1e-12)


def check_week(week, world):
    check_money(week)
    check_numbers_of_things(week)
    check_types(week.after)
    check_slots(week.after, world)
    check_bounds(week.after, week.view, world)


def test_first_state_is_whole(compiled, world):
    view = compiled().at(0)
    state = first_state(view, Streams(3, range(5)))
    check_types(state)
    check_slots(state, world)
    check_bounds(state, view, world)
    assert (state.cell_fighters.sum(axis=1) + state.unassigned
            == int(view.initial.isisk_fighters)).all()  # fmt: skip
    assert (state.fighters.sum(axis=2) == np.rint(view.initial.group_fighters)).all()


@pytest.mark.parametrize("name", WORLDS)
def test_world_keeps_its_money_and_its_shape(world_of, world, name):
    for week in world_of(name):
        check_week(week, world)


def test_every_account_is_at_work_in_the_busy_world(world_of, silent_flows):
    names = (
        "customs_usd", "taxes_usd", "opium_levy_usd", "mines_usd", "security_usd", "civil_usd",
        "diverted_usd", "donations_usd", "opium_income_usd", "auxiliary_pay_usd", "upkeep_usd",
        "income_usd", "lost_funds_usd", "operations_usd", "cells_dissolved", "cells_formed",
        "started", "carried_out", "failed", "disrupted", "disrupted_elsewhere", "false_leads",
        "files_closed", "frontier_done", "frontier_stopped",
    )  # fmt: skip
    assert not silent_flows(world_of("busy"), names)


@pytest.mark.parametrize("kind", [BASE_AFGHANISTAN, BASE_HOME, BASE_ABROAD, BASE_DIASPORA])
def test_every_kind_of_plot_is_open_in_the_busy_world(world_of, kind):
    """Otherwise the conditions on slots would be checked of nothing."""
    after = [week.after for week in world_of("busy")]
    assert any(((s.plot_base == kind) & (s.plot_stage != EMPTY)).any() for s in after)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**40),
    index=st.integers(1, 10**6),
    levels=st.lists(st.integers(0, 3), min_size=len(LEVERS), max_size=len(LEVERS)),
    is_busy=st.booleans(),
)
def test_any_world_keeps_its_money_and_its_shape(drawn_world, world, seed, index, levels, is_busy):
    for week in drawn_world(seed, index, levels, is_busy):
        check_week(week, world)


def test_a_full_table_of_cells_lets_men_wait(world_of):
    """Every slot is taken at last: men wait, and the refusal is counted."""
    weeks = world_of("crowded_cells")
    assert sum(week.infos.cells.slots_refused.sum() for week in weeks) > 0
    last = weeks[-1]
    full = (last.after.cell_place >= 0).all(axis=1)
    assert full.any() and (last.after.unassigned[full] > 0).all()


def test_a_full_table_of_plots_starts_no_more(world_of):
    """A plot that finds no slot leaves its people and its money where they were."""
    weeks = world_of("lasting_plots")
    assert sum(week.infos.plots.starts_refused.sum() for week in weeks) > 0
    assert (weeks[-1].after.plot_stage != EMPTY).all(axis=1).any()


def test_clips_are_rare(compiled, weeks):
    """A level on its bound hides an equation that wants to leave it (security check, section 7)."""
    bounds = {
        "loyalty": (0.01, 0.99),
        "engagement": (0.01, 0.99),
        "repression": (0.0, 1.0),
        "effort": (0.0, 2.0),
    }
    on_bound, n = dict.fromkeys(bounds, 0), dict.fromkeys(bounds, 0)
    for week in weeks(compiled(n_weeks=229), 4, range(2), 229):
        for name, (low, high) in bounds.items():
            values = getattr(week.after, name)
            on_bound[name] += int(((values <= low) | (values >= high)).sum())
            n[name] += values.size
    shares = {name: on_bound[name] / n[name] for name in bounds}
    assert max(shares.values()) < 0.01, shares
