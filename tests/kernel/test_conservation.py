"""What goes in, less what comes out: every stock, every week, every replicate, to the unit.

The accounts are the infos of the processes, so a flow that is booked but not reported, or the
reverse, fails here. The worlds are the documented one, one in which everything happens, and draws
from the priors.
"""

from __future__ import annotations

import typing

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.axes import GROUPS, LEVERS, STATES
from spillover.evidence import draw
from spillover.first_state import first_state
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
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
INFILTRATING = [GROUPS.index(name) for name in ("IMU", "JA", "ETIM")]
OTHERS = [g for g in range(len(GROUPS)) if g not in INFILTRATING]
COHORT_STOCKS = ("susceptible", "exposed", "radicalised", "detained", "treated")


def owner(world):
    return np.concatenate([world.region_state, np.arange(N_STATES)])


def per_state(values, world):
    """Sum of cohorts [r, 53] by state, by a matrix of zeros and ones."""
    return values @ (owner(world)[:, None] == np.arange(N_STATES)).astype(np.int64)


def to_states(values, world):
    """A flow or stock by state [r, c], whether it is kept by state or by cohort."""
    return values if values.shape[1] == N_STATES else per_state(values, world)


def in_plots(state, which):
    return (state.plot_people * which).sum(axis=1)


def plot_people_by_state(state, world):
    """People in plots that came from a cohort or from operatives [r, c]."""
    origin = np.concatenate([owner(world), [-1]])[state.plot_cohort]
    return np.stack([in_plots(state, origin == c) for c in range(N_STATES)], axis=1)


def citizens(state, world):
    """People of the five states in every condition [r, c]."""
    at_home = sum(per_state(getattr(state, name), world) for name in COHORT_STOCKS)
    on_the_way = to_states(state.travellers, world)
    return at_home + on_the_way + state.operatives + plot_people_by_state(state, world)


def isisk_men(state):
    """Men of ISIS-K wherever they are [r]: under command, freed, in prison, on an operation."""
    return (
        state.cell_fighters.sum(axis=1)
        + state.unassigned
        + state.release_pool
        + state.isisk_prisoners
        + in_plots(state, state.plot_cohort < 0)
    )


def spent(week, world):
    """People lost with plots: citizens [r, c] and ISIS-K men [r], from the stocks they left."""
    before, after = week.entering["plots"], week.leaving["plots"]
    return (
        citizens(before, world) - citizens(after, world),
        isisk_men(before) - isisk_men(after),
    )


def arrived_in_afghanistan(week):
    return week.infos.border.journeys - week.infos.border.journeys_stopped


def check_groups(week):
    flows, border = week.infos.groups, week.infos.border
    change = week.after.fighters - week.before.fighters
    booked = flows.recruited + flows.arrived - flows.killed - flows.captured
    booked = booked - flows.left - flows.removed
    by_group, expected = change.sum(axis=2), booked.sum(axis=2)
    assert (by_group[:, OTHERS] == expected[:, OTHERS]).all()
    pooled = expected[:, INFILTRATING].sum(axis=1) - border.allied_tried.sum(axis=1)
    assert (by_group[:, INFILTRATING].sum(axis=1) == pooled).all()
    step = week.leaving["groups"].fighters - week.entering["groups"].fighters
    assert (step.sum(axis=2) == expected).all()


def check_isisk(week, world):
    flows, border = week.infos.cells, week.infos.border
    inflow = flows.recruited + flows.defected + flows.returned
    inflow = inflow + arrived_in_afghanistan(week).sum(axis=1)
    outflow = flows.killed + flows.left + border.isisk_tried.sum(axis=1)
    outflow = outflow + week.infos.intelligence.fighters_captured + spent(week, world)[1]
    assert (isisk_men(week.after) - isisk_men(week.before) == inflow - outflow).all()

    pools = week.leaving["cells"].release_pool + week.leaving["cells"].isisk_prisoners
    were = week.before.release_pool + week.before.isisk_prisoners
    assert (pools - were == flows.captured - flows.released).all()


def check_people(week, world):
    through = week.infos.border.through
    into = np.stack(
        [
            through[:, world.region_state[world.link_region] == c].sum(axis=1)
            for c in range(N_STATES)
        ],
        axis=1,
    )
    change = citizens(week.after, world) - citizens(week.before, world)
    gone = to_states(arrived_in_afghanistan(week), world) + spent(week, world)[0]
    assert (change == into - gone).all()
    lost_at_home, lost_afghan = spent(week, world)
    assert (lost_at_home >= 0).all() and (lost_afghan >= 0).all()
    assert (lost_at_home.sum(axis=1) + lost_afghan == week.infos.plots.members_spent).all()
    for name in ("recruitment", "intelligence"):  # nobody leaves, nobody changes citizenship
        start, end = week.entering[name], week.leaving[name]
        assert (citizens(start, world) == citizens(end, world)).all(), name


def check_cohorts(week, world):
    """Each condition of a cohort, through recruitment, from the flows it reports."""
    flows = week.infos.recruitment
    start, end = week.entering["recruitment"], week.leaving["recruitment"]
    home = np.zeros_like(flows.freed)
    home[:, 48:] = flows.retired
    travel, cell, abroad = np.moveaxis(flows.recruits_by_path, 2, 0)
    assert (travel + cell + abroad == flows.recruits).all()
    back = flows.freed - flows.freed_to_treatment - flows.freed_to_exposed
    assert (back >= 0).all()
    booked = {
        "susceptible": flows.calmed + flows.disengaged + home + back
        + flows.treatment_ended - flows.treatment_failed - flows.newly_exposed,
        "exposed": flows.newly_exposed + flows.freed_to_exposed + flows.treatment_failed
        - flows.calmed - flows.recruits - flows.arrested_exposed,
        "radicalised": cell - flows.arrested_members - flows.disengaged,
        "detained": flows.arrested_exposed + flows.arrested_members - flows.freed,
        "treated": flows.freed_to_treatment - flows.treatment_ended,
    }  # fmt: skip
    for name, flow in booked.items():
        assert (getattr(end, name) - getattr(start, name) == flow).all(), name
    assert (end.travellers - start.travellers == travel).all()
    assert (end.operatives - start.operatives == per_state(abroad, world) - flows.retired).all()
    left = week.after.travellers - week.leaving["recruitment"].travellers
    assert (left == -week.infos.border.journeys).all()
    seized = per_state(flows.arrested_exposed + flows.arrested_members, world)
    assert (flows.arrests == seized + flows.false_arrests).all()


def check_money(week):
    before, after, infos = week.before, week.after, week.infos
    rule, groups, cells = infos.rule, infos.groups, infos.cells
    earned = rule.customs_usd + rule.taxes_usd + rule.opium_levy_usd + rule.mines_usd
    paid = rule.security_usd + rule.civil_usd + rule.diverted_usd
    assert (after.treasury_usd - before.treasury_usd == earned - paid).all()
    income = groups.donations_usd + groups.opium_income_usd + groups.auxiliary_pay_usd
    assert (after.group_funds_usd - before.group_funds_usd == income - groups.upkeep_usd).all()
    change = (after.cell_funds_usd - before.cell_funds_usd).sum(axis=1)
    used = cells.upkeep_usd + cells.lost_funds_usd
    used = used + infos.plots.operations_usd + infos.attacks.operations_usd
    assert (change == cells.income_usd - used).all()


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
    assert (infos.border.tried == infos.border.isisk_tried + infos.border.allied_tried).all()
    assert (infos.border.tried == infos.border.stopped + infos.border.through).all()
    frontier = infos.attacks.frontier_done + infos.attacks.frontier_stopped
    assert (infos.attacks.frontier_tried == frontier).all()


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
    assert ((base == BASE_ABROAD) == (cohort >= world.n_regions)).all()
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
    check_groups(week)
    check_isisk(week, world)
    check_people(week, world)
    check_cohorts(week, world)
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


def test_documented_world_keeps_its_accounts(compiled, weeks, world):
    for week in weeks(compiled(), 11, range(4), 52):
        check_week(week, world)


def test_busy_world_keeps_its_accounts(compiled, weeks, world, busy_world):
    """Every flow is at work here, so a flow that is not booked cannot hide."""
    seen = dict.fromkeys(
        ("arrived", "removed", "relocated", "left", "killed", "captured", "defected", "returned",
         "released", "cells_dissolved", "cells_formed", "lost_funds_usd", "retired",
         "treatment_failed", "freed_to_treatment", "members_spent", "failed", "carried_out",
         "members_arrested", "fighters_captured", "disrupted_elsewhere", "isisk_tried",
         "allied_tried", "journeys", "journeys_stopped", "frontier_done", "frontier_stopped",
         "diverted_usd", "through", "false_arrests"),
        0,
    )  # fmt: skip
    lost = np.zeros(2)
    for week in weeks(compiled(busy_world), 5, range(6), 60):
        check_week(week, world)
        lost += [part.sum() for part in spent(week, world)]
        for info in vars(week.infos).values():
            for name in seen.keys() & set(info.__slots__):
                seen[name] += int(getattr(info, name).sum())
    silent = [name for name, flow in seen.items() if flow == 0]
    assert not silent, f"never happened, so never checked: {silent}"
    assert (lost > 0).all(), "plots must spend people of both kinds"


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**40),
    index=st.integers(1, 10**6),
    levels=st.lists(st.integers(0, 3), min_size=len(LEVERS), max_size=len(LEVERS)),
    is_busy=st.booleans(),
)
def test_any_world_keeps_its_accounts(
    tree, compiled, weeks, world, busy_world, set_to, seed, index, levels, is_busy
):
    orders = [
        set_to(f"levers.{name}.target", level) for name, level in zip(LEVERS, levels, strict=True)
    ]
    changes = [*draw(tree, seed, index), *orders, *(busy_world if is_busy else ())]
    for week in weeks(compiled(changes, 20), seed, range(2), 20):
        check_week(week, world)


def test_a_world_of_one_replicate(compiled, weeks, world, busy_world):
    for week in weeks(compiled(busy_world, 20), 8, range(1), 20):
        check_week(week, world)


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


def test_zero_hazards_mean_nothing_happens(compiled, weeks, set_to):
    """Without a single hazard stocks of men stand still; what moves is opinion and money."""
    zeros = (
        "cells.operations_hazard",
        "cells.disengagement_hazard", "cells.recruitment", "cells.returnee_recruitment",
        "cells.operations_from_entry", "groups.operations_hazard", "groups.recruitment",
        "groups.disengagement_hazard", "groups.relocation_hazard", "groups.attack_hazard",
        "groups.operations_from_entry", "drivers.syria_arrivals", "drivers.prison_releases",
        "recruitment.propaganda_factor", "recruitment.contact_share",
        "recruitment.arrest_hazard", "border.infiltration",
        "plots.start_hazard_home", "plots.start_hazard_abroad", "attacks.frontier_hazard_allied",
        "initial.release_pool",
    )  # fmt: skip
    never = [set_to("initial.cell_funds", 0), set_to("cells.income", 0)]  # no money, no strike
    p = compiled([*(set_to(path, 0) for path in zeros), *never], 30)
    for week in weeks(p, 2, range(3), 30):
        before, after, infos = week.before, week.after, week.infos
        for name in (
            "fighters",
            "release_pool",
            "isisk_prisoners",
            "week_frontier",
            "week_arrests",
            "week_armed_attacks",
        ):
            assert (getattr(after, name) == getattr(before, name)).all(), name  # fmt: skip
        arrived = arrived_in_afghanistan(week).sum(axis=1)  # on the way since before week 0
        assert (isisk_men(after) - isisk_men(before) == arrived).all()
        kept = before.cell_place >= 0
        for name in ("cell_place", "cell_fighters"):
            assert (getattr(after, name)[kept] == getattr(before, name)[kept]).all(), name
        assert infos.recruitment.newly_exposed.sum() == 0
        assert infos.recruitment.arrests.sum() == 0
        assert infos.plots.started.sum() == 0
        assert infos.border.tried.sum() == 0
        assert infos.groups.attacks_on_pakistan.sum() == 0
        assert infos.attacks.frontier_tried.sum() == 0


def test_isisk_without_cells_does_nothing(compiled, weeks, set_to):
    """Men who are too few for a cell wait: no cell, no attack, no money."""
    changes = [
        set_to("initial.isisk_fighters", 12), set_to("initial.release_pool", 0),
        set_to("cells.returnee_recruitment", 0), set_to("cells.recruitment", 0),
        set_to("cells.cell_size", 40), set_to("attacks.branching_ratio", 0),
        set_to("recruitment.inflow", 1), set_to("attacks.frontier_hazard_allied", 0),
    ]  # fmt: skip
    for week in weeks(compiled(changes, 12), 2, range(3), 12):
        assert (week.after.cell_place == -1).all()
        assert week.infos.attacks.attacks.sum() == 0
        assert week.infos.attacks.frontier_tried.sum() == 0
        assert week.infos.cells.income_usd.sum() == 0


def test_a_full_table_of_cells_lets_men_wait(compiled, weeks, set_to, world):
    """No man is lost when every slot is taken: he waits, and the refusal is counted."""
    changes = [
        set_to("initial.isisk_fighters", 6000),
        set_to("cells.cell_size", 4),
        set_to("cells.cell_largest", 4),
        set_to("groups.commander_defections", 100),
    ]
    refused = 0
    for week in weeks(compiled(changes, 12), 2, range(2), 12):
        check_week(week, world)
        refused += week.infos.cells.slots_refused.sum()
    assert refused > 0


def test_a_full_table_of_plots_starts_no_more(compiled, weeks, set_to, world, busy_world):
    """A plot that finds no slot leaves its people and its money where they were."""
    changes = [*busy_world, set_to("plots.preparation_elsewhere", 500),
               set_to("plots.preparation_afghanistan", 500), set_to("cells.external_base", 0),
               set_to("intelligence.hazard_base", 0),
               set_to("intelligence.hazard_capacity", 0)]  # fmt: skip
    changes = {c.path: c for c in changes}.values()
    refused = 0
    for week in weeks(compiled(changes, 40), 2, range(2), 40):
        check_week(week, world)
        refused += week.infos.plots.starts_refused.sum()
    assert refused > 0
