"""What goes in, less what comes out: people and fighters, every week, every world, to the unit.

The accounts are the infos of the processes and nothing else, so a flow that is booked but not
reported, or the reverse, fails here. The worlds are the documented one, one in which everything
happens, two whose tables are full, and draws from the priors.
"""

from __future__ import annotations

import numpy as np
import pytest
from any_world import over_any_world

from spillover import kernel
from spillover.axes import GROUPS, STATES

N_STATES = len(STATES)
INFILTRATING = [GROUPS.index(name) for name in ("IMU", "JA", "ETIM")]
COHORT_STOCKS = ("susceptible", "exposed", "radicalised", "detained", "treated", "travellers")
WORLDS = ("documented", "busy", "alone", "crowded_cells", "lasting_plots", "crowded_roads")
SWITCHES = tuple(process.NAME for process in kernel.SCHEDULE)


def owner(world):
    return np.concatenate([world.region_state, np.arange(N_STATES)])


def per_state(values, world):
    """Sum of cohorts [r, 53] by state [r, c], by a matrix of zeros and ones."""
    return values @ (owner(world)[:, None] == np.arange(N_STATES)).astype(np.int64)


def citizens_in_plots(state):
    """People in plots by the cohort that they came from [r, m]."""
    is_of = state.plot_cohort[:, :, None] == np.arange(state.susceptible.shape[1])
    return (state.plot_people[:, :, None] * is_of).sum(axis=1)


def fighters_in_plots(state):
    """Men of ISIS-K on an operation [r]."""
    return (state.plot_people * (state.plot_cohort < 0)).sum(axis=1)


def under_command(state):
    """Men of ISIS-K in cells or waiting for one [r]."""
    return state.cell_fighters.sum(axis=1) + state.unassigned


def arrived_in_afghanistan(infos):
    return infos.border.journeys - infos.border.journeys_stopped


def through_by_region(infos, world):
    """Infiltrators who came through, by the region they came to [r, q]."""
    to = world.link_region[:, None] == np.arange(world.n_regions)
    return infos.border.through @ to.astype(np.int64)


def gain(week, name):
    """Change of a stock over the whole week."""
    return getattr(week.after, name) - getattr(week.before, name)


def check_groups(week):
    """Each armed group by itself: recruits, losses, moves and those who set out for the north."""
    flows = week.infos.groups
    booked = flows.recruited + flows.schooled + flows.arrived - flows.killed - flows.captured
    booked = (booked - flows.left - flows.removed).sum(axis=2)
    tries = week.infos.border.allied_tried.sum(axis=2)
    for i, g in enumerate(INFILTRATING):
        booked[:, g] -= tries[:, i]
    assert (gain(week, "fighters").sum(axis=2) == booked).all()


def check_isisk(week):
    """Men under command, on operations, and in the pools of the freed and the imprisoned."""
    cells, plots, found = week.infos.cells, week.infos.plots, week.infos.intelligence
    inflow = cells.recruited + cells.released + cells.defected + cells.returned + cells.schooled
    inflow = inflow + arrived_in_afghanistan(week.infos).sum(axis=1) + found.fighters_escaped
    outflow = cells.killed + cells.captured + cells.left + plots.fighters_started
    outflow = outflow + week.infos.border.isisk_tried.sum(axis=1)
    assert (under_command(week.after) - under_command(week.before) == inflow - outflow).all()
    on_operations = fighters_in_plots(week.after) - fighters_in_plots(week.before)
    ended = plots.fighters_spent + found.fighters_captured + found.fighters_escaped
    assert (on_operations == plots.fighters_started - ended).all()
    pools = gain(week, "release_pool") + gain(week, "isisk_prisoners")
    assert (pools == cells.captured - cells.released).all()


def check_cohorts(week, world):
    """Each condition of each cohort over the whole week."""
    flows, plots, found = week.infos.recruitment, week.infos.plots, week.infos.intelligence
    n_q = world.n_regions
    retired, through = np.zeros_like(flows.freed), np.zeros_like(flows.freed)
    retired[:, n_q:] = flows.retired
    through[:, :n_q] = through_by_region(week.infos, world)
    travel, cell, abroad = np.moveaxis(flows.recruits_by_path, 2, 0)
    assert (travel + cell + abroad == flows.recruits).all()
    back = flows.freed - flows.freed_to_treatment - flows.freed_to_exposed
    assert (back >= 0).all()
    booked = {
        "susceptible": flows.calmed + flows.disengaged + retired + back
        + flows.treatment_ended - flows.treatment_failed - flows.newly_exposed,
        "exposed": flows.newly_exposed + flows.freed_to_exposed + flows.treatment_failed
        - flows.calmed - flows.recruits - flows.arrested_exposed,
        "detained": flows.arrested_exposed + flows.arrested_members - flows.freed
        + week.infos.border.journeys_stopped + found.citizens_arrested + plots.citizens_jailed,
        "treated": flows.freed_to_treatment - flows.treatment_ended,
        "travellers": travel - week.infos.border.journeys,
    }  # fmt: skip
    for name, flow in booked.items():
        assert (gain(week, name) == flow).all(), name
    members_in = cell + through + found.citizens_escaped
    members_out = flows.arrested_members + flows.disengaged + plots.citizens_started
    assert (gain(week, "radicalised") == members_in - members_out).all()
    operatives_in = per_state(abroad, world) + found.operatives_escaped
    operatives_out = flows.retired + plots.operatives_started
    assert (gain(week, "operatives") == operatives_in - operatives_out).all()
    seized = per_state(flows.arrested_exposed + flows.arrested_members, world)
    assert (flows.arrests == seized + flows.false_arrests).all()


def check_operatives(week, world):
    """Operatives apart from the cells of their diaspora, while recruitment has its turn."""
    flows = week.infos.recruitment
    start, end = week.entering["recruitment"], week.leaving["recruitment"]
    abroad = per_state(flows.recruits_by_path[:, :, 2], world)
    assert (end.operatives - start.operatives == abroad - flows.retired).all()
    joined = flows.recruits_by_path[:, :, 1] - flows.arrested_members - flows.disengaged
    assert (end.radicalised - start.radicalised == joined).all()


def check_citizens_in_plots(week):
    plots, found = week.infos.plots, week.infos.intelligence
    change = citizens_in_plots(week.after) - citizens_in_plots(week.before)
    ended = plots.citizens_jailed + plots.citizens_spent
    ended = ended + found.citizens_arrested + found.citizens_escaped
    started = plots.citizens_started.copy()
    n_q = started.shape[1] - plots.operatives_started.shape[1]
    started[:, n_q:] += plots.operatives_started  # both plot under the name of their diaspora
    ended[:, n_q:] += found.operatives_escaped
    assert (change == started - ended).all()


def citizens(state, world):
    """People of the five states in every condition [r, c]."""
    cohorts = sum(getattr(state, name) for name in COHORT_STOCKS) + citizens_in_plots(state)
    return per_state(cohorts, world) + state.operatives


def check_states(week, world):
    """Nobody changes citizenship: who is new infiltrated, who is gone travelled or died."""
    through = np.zeros_like(week.infos.recruitment.freed)
    through[:, : world.n_regions] = through_by_region(week.infos, world)
    lost = arrived_in_afghanistan(week.infos) + week.infos.plots.citizens_spent
    change = citizens(week.after, world) - citizens(week.before, world)
    assert (change == per_state(through - lost, world)).all()
    for name in ("recruitment", "intelligence"):  # nobody leaves here, each state by itself
        start, end = week.entering[name], week.leaving[name]
        assert (citizens(start, world) == citizens(end, world)).all(), name


def check_flight(week):
    """Afghans in each condition, and all of them: only families of foreign fighters are new."""
    flow = week.infos.displacement
    booked = {
        "residents": flow.settled + flow.returnees_settled - flow.fled
        - flow.departures_by_province - flow.arrivals_by_province - flow.stranded_by_province,
        "displaced": flow.sheltered + flow.families + flow.stranded_at_border - flow.settled,
        "returnees": flow.returns_by_province + flow.deported_by_province
        - flow.returnees_settled,
        "afghans_abroad": flow.departures - flow.returns,
        "afghans_elsewhere": flow.moved_on.sum(axis=1),
        "refugees": flow.arrivals - flow.moved_on - flow.deported,
    }  # fmt: skip
    for name, change in booked.items():
        assert (gain(week, name) == change).all(), name
    everybody = sum(gain(week, name).reshape(len(flow.fled), -1).sum(axis=1) for name in booked)
    assert (everybody == flow.families.sum(axis=1)).all()
    assert (flow.tries == flow.arrivals + flow.refused).all()
    assert (flow.irregular <= flow.arrivals).all()
    assert (flow.stranded <= flow.refused).all()
    assert (week.after.week_arrivals == flow.arrivals).all()
    assert (week.after.week_returnees == flow.returns_by_province).all()
    for whole, parts in (("fled", "sheltered"), ("departures", "departures_by_province"),
                         ("returns", "returns_by_province"), ("arrivals", "arrivals_by_province"),
                         ("deported", "deported_by_province"), ("stranded", "stranded_by_province"),
                         ("stranded", "stranded_at_border")):  # fmt: skip
        assert (getattr(flow, whole).sum(axis=1) == getattr(flow, parts).sum(axis=1)).all(), whole


def check_flows(week):
    """No flow of people is negative or broken."""
    moving = ("groups", "cells", "recruitment", "intelligence", "plots", "border", "displacement")
    for process in moving:
        info = getattr(week.infos, process)
        for name in info.__slots__:
            values = getattr(info, name)
            if values.dtype.kind == "i":
                assert values.min() >= 0, f"{process}.{name}"
            else:
                assert values.dtype == np.float64, f"{process}.{name} is {values.dtype}"


def check_people(week, world):
    check_groups(week)
    check_isisk(week)
    check_cohorts(week, world)
    check_operatives(week, world)
    check_citizens_in_plots(week)
    check_states(week, world)
    check_flight(week)
    check_flows(week)


@pytest.mark.parametrize("name", WORLDS)
def test_world_keeps_its_people(world_of, world, name):
    for week in world_of(name):
        check_people(week, world)


@pytest.mark.parametrize("name", SWITCHES)
def test_world_without_a_process_keeps_its_people(compiled, busy_world, weeks, set_to, world, name):
    """What the others book does not lean on the one that is switched off."""
    parameters = compiled([*busy_world, set_to(f"structure.process.{name}", 0)], 26)
    for week in weeks(parameters, 5, range(2), 26):
        check_people(week, world)


def test_every_flow_of_people_is_at_work_in_the_busy_world(world_of, silent_flows):
    """A flow that never happens is never checked, so one that is not booked could hide."""
    names = (
        "arrived", "schooled", "removed", "relocated", "left", "killed", "captured", "defected",
        "returned", "released", "newly_exposed", "calmed", "recruits_by_path", "disengaged",
        "retired", "arrested_exposed", "arrested_members", "false_arrests", "freed",
        "treatment_ended", "treatment_failed", "freed_to_treatment", "freed_to_exposed",
        "citizens_started", "fighters_started", "citizens_jailed", "citizens_spent",
        "fighters_spent", "operatives_started", "operatives_escaped",
        "citizens_arrested", "citizens_escaped", "fighters_captured", "fighters_escaped",
        "isisk_tried", "allied_tried", "journeys", "journeys_stopped", "through", "stopped",
        "fled", "sheltered", "settled", "returnees_settled", "departures", "returns", "families",
        "tries", "arrivals", "irregular", "displacement.refused", "stranded", "moved_on",
        "deported",
    )  # fmt: skip
    assert not silent_flows(world_of("busy"), names)


@over_any_world
def test_any_world_keeps_its_people(drawn_world, world, seed, index, levels, is_busy):
    for week in drawn_world(seed, index, levels, is_busy):
        check_people(week, world)


def test_zero_hazards_mean_nothing_happens(compiled, weeks, set_to):
    """Without a single hazard stocks of men stand still; what moves is opinion and money."""
    zeros = (
        "cells.operations_hazard",
        "cells.disengagement_hazard", "cells.recruitment", "cells.returnee_recruitment",
        "cells.operations_from_entry", "groups.operations_hazard", "groups.recruitment",
        "groups.disengagement_hazard", "groups.relocation_hazard", "groups.attack_hazard",
        "groups.operations_from_entry", "groups.madrassa_hazard", "drivers.syria_arrivals",
        "drivers.prison_releases",
        "information.propaganda_factor", "recruitment.contact_share",
        "recruitment.arrest_hazard", "border.infiltration",
        "plots.start_hazard_home", "plots.start_hazard_abroad", "attacks.frontier_hazard_allied",
        "initial.release_pool",
    )  # fmt: skip
    never = [set_to("initial.cell_funds", 0), set_to("cells.income", 0)]  # no money, no strike
    still = ("fighters", "release_pool", "isisk_prisoners", "week_frontier", "week_arrests",
             "week_armed_attacks")  # fmt: skip
    p = compiled([*(set_to(path, 0) for path in zeros), *never], 30)
    for week in weeks(p, 2, range(3), 30):
        before, after, infos = week.before, week.after, week.infos
        for name in still:
            assert (gain(week, name) == 0).all(), name
        arrived = arrived_in_afghanistan(infos).sum(axis=1)  # on the way since before week 0
        assert (under_command(after) - under_command(before) == arrived).all()
        assert (fighters_in_plots(after) == 0).all()
        kept = before.cell_place >= 0
        for name in ("cell_place", "cell_fighters"):
            assert (getattr(after, name)[kept] == getattr(before, name)[kept]).all(), name
        assert infos.recruitment.newly_exposed.sum() == 0
        assert infos.recruitment.arrests.sum() == 0
        assert infos.plots.started.sum() == 0
        assert infos.border.tried.sum() == 0
        assert infos.groups.attacks_on_pakistan.sum() == 0
        assert infos.groups.attacks_on_india.sum() == 0
        assert infos.attacks.frontier_tried.sum() == 0


def test_isisk_without_cells_does_nothing(compiled, weeks, set_to):
    """Men who are too few for a cell wait: no cell, no attack, no money."""
    changes = [
        set_to("initial.isisk_fighters", 12), set_to("initial.release_pool", 0),
        set_to("cells.returnee_recruitment", 0), set_to("cells.recruitment", 0),
        set_to("groups.madrassa_hazard", 0),
        set_to("cells.cell_size", 40), set_to("cells.cell_largest", 40),
        set_to("attacks.branching_ratio", 0), set_to("recruitment.inflow", 1),
        set_to("attacks.frontier_hazard_allied", 0),
    ]  # fmt: skip
    for week in weeks(compiled(changes, 12), 2, range(3), 12):
        assert (week.after.cell_place == -1).all()
        assert week.infos.attacks.attacks.sum() == 0
        assert week.infos.attacks.frontier_tried.sum() == 0
        assert week.infos.cells.income_usd.sum() == 0
