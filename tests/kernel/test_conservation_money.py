"""Money, goods and water to the unit, cells, plots and files too, and arrays within bounds.

As with people, the accounts are the infos of the processes. The worlds are the documented one,
one in which everything happens, two whose tables are full, and draws from the priors.
"""

from __future__ import annotations

import typing

import numpy as np
import pytest
from any_world import over_any_world

from spillover import kernel
from spillover.axes import GOODS, STATES
from spillover.clock import HORIZONS
from spillover.evidence import draw
from spillover.first_state import first_state
from spillover.processes.opium import PRICE_RANGE
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
    BASE_DIASPORA,
    BASE_HOME,
    EMPTY,
    EXTERNAL,
    FIELDS,
    NETWORK_MODES,
    NORTH,
    SHIFT,
    Codes,
    Counts,
    Flags,
    Floats,
    State,
)
from spillover.streams import Streams
from spillover.world.routes import INTO_RUSSIA, routes

N_STATES = len(STATES)
HORIZON = max(HORIZONS.values())
ARMS = GOODS.index("arms")
KINDS = {Counts: np.int64, Codes: np.int8, Flags: np.bool_, Floats: np.float64}
WORLDS = ("documented", "busy", "alone", "crowded_cells", "lasting_plots", "crowded_roads")
SWITCHES = tuple(process.NAME for process in kernel.SCHEDULE)


def gain(week, name):
    """Change of a stock over the whole week."""
    return getattr(week.after, name) - getattr(week.before, name)


def check_money(week):
    rule, groups, cells = week.infos.rule, week.infos.groups, week.infos.cells
    earned = rule.customs_usd + rule.taxes_usd + rule.opium_levy_usd + rule.mines_usd
    paid = rule.security_usd + rule.civil_usd + rule.diverted_usd
    assert (gain(week, "treasury_usd") == earned - paid).all()
    income = groups.donations_usd + groups.opium_income_usd + groups.auxiliary_pay_usd
    income = income + groups.flow_tax_usd
    assert (gain(week, "group_funds_usd") == income - groups.upkeep_usd).all()
    used = cells.upkeep_usd + cells.lost_funds_usd
    used = used + week.infos.plots.operations_usd + week.infos.attacks.operations_usd
    earned = cells.income_usd + cells.flow_tax_usd
    assert (gain(week, "cell_funds_usd").sum(axis=1) == earned - used).all()
    turns, trade = week.infos.networks, week.infos.trafficking
    earned = trade.revenue_usd + turns.founding_usd
    used = trade.purchase_usd + trade.bribes_usd + trade.frozen_usd + trade.running_usd
    used = used + trade.payout_usd + trade.tax_frozen_usd + trade.flow_tax_usd.sum(axis=1)
    used = used + turns.closed_usd
    assert (gain(week, "network_capital_usd").sum(axis=1) == earned - used).all()
    levied = week.before.week_flow_tax_usd  # of last week, when the networks paid it
    assert (groups.flow_tax_usd == levied[:, 1:] * week.switch("groups")).all()
    has_men = week.leaving["cells"].cell_fighters.any(axis=1)
    assert (cells.flow_tax_usd == levied[:, 0] * has_men * week.switch("cells")).all()
    assert (week.after.week_flow_tax_usd == trade.flow_tax_usd).all()


def check_kinds(week):
    """Every account has the kind of number that it declares, and no count falls below zero."""
    for process, info in vars(week.infos).items():
        hints = typing.get_type_hints(type(info))
        for name in info.__slots__:
            values = np.asarray(getattr(info, name))
            assert values.dtype == KINDS[hints[name]], f"{process}.{name} is {values.dtype}"
            if values.dtype.kind == "i":
                assert values.min() >= 0, f"{process}.{name}"


def check_goods(week):
    """Kilograms and pieces on the northern route."""

    def carried(state):
        """On the way by good [r, good]."""
        goods = np.arange(len(GOODS))
        mine = state.consignment_good[:, :, None] == goods
        return (state.consignment_amount[:, :, None] * mine).sum(axis=1)

    flow = week.infos.trafficking
    gone = flow.delivered + flow.seized.sum(axis=1)
    assert (carried(week.after) - carried(week.before) == flow.shipped - gone).all()
    assert (flow.offered == flow.shipped + flow.refused).all()
    assert (flow.offered[:, ARMS] == week.after.week_arms_north * week.switch("trafficking")).all()
    assert (flow.opium_north_kg <= week.after.week_opium_sold_kg).all()
    networks = (week.after.network_home >= 0).sum(axis=1)
    networks = networks - (week.before.network_home >= 0).sum(axis=1)
    assert (networks == week.infos.networks.founded - week.infos.networks.closed).all()


def check_opium(week):
    """Opium at farms and traders, and what this harvest has earned."""
    flow, before, after = week.infos.opium, week.before, week.after
    assert (gain(week, "farm_stock_kg") == flow.harvest_kg - flow.to_traders_kg).all()
    bought = flow.to_traders_kg.sum(axis=1)
    assert (gain(week, "trader_stock_kg") == bought - flow.sold_kg).all()
    assert (flow.harvested_ha <= before.poppy_ha).all()
    assert ((flow.sown_ha == 0) | (flow.sown_ha == after.poppy_ha)).all()
    season = before.season_income_usd + flow.harvest_usd
    is_under_way = (after.season_income_usd == season) & (gain(week, "farm_income_usd") == 0)
    is_over = (after.season_income_usd == 0) & (after.farm_income_usd == season)
    assert (is_under_way | is_over).all()
    assert (after.week_opium_sold_kg == flow.sold_kg).all()
    assert (after.week_meth_kg == flow.meth_kg).all()
    assert (after.week_hashish_kg == flow.hashish_kg).all()


def check_arms(week):
    """Pieces in depots, on the market and in the five states."""
    flow = week.infos.arms
    assert (gain(week, "arms_depots") == -flow.leaked).all()
    sold = flow.bought_back + flow.sold_elsewhere + flow.offered + flow.tried.sum(axis=1)
    assert (gain(week, "arms_market") == flow.leaked.sum(axis=1) - sold).all()
    arrived = flow.tried - flow.stopped - flow.passed_on + flow.received
    assert (gain(week, "arms_circulating") == arrived + flow.own_supply - flow.withdrawn).all()
    assert (flow.passed_on.sum(axis=1) == flow.received.sum(axis=1)).all()
    assert (flow.stopped + flow.passed_on <= flow.tried).all()
    assert (week.after.week_arms_north == flow.offered).all()


def check_water(week):
    """Cubic metres of the river, from the mountains to the delta."""
    flow = week.infos.water
    used = flow.afghan_use_m3 + flow.canal_withdrawal_m3 + flow.delivered_m3.sum(axis=1)
    assert (gain(week, "reservoir_m3") == flow.inflow_m3 - used - flow.outflow_m3).all()
    assert (flow.canal_withdrawal_m3 == flow.canal_irrigation_m3 + flow.canal_lost_m3).all()
    assert (flow.delivered_m3 <= flow.demanded_m3).all()


def check_corridors(week):
    """Progress of works; shares, so up to the rounding of a sum."""
    flow = week.infos.trade
    if week.switch("trade"):
        booked = flow.works + flow.opening - flow.damage
        np.testing.assert_allclose(gain(week, "corridor_progress"), booked, rtol=0, atol=1e-12)
    else:
        assert (gain(week, "corridor_progress") == 0).all()


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
    hints = typing.get_type_hints(State)
    for name in FIELDS:
        values = getattr(state, name)
        assert values.dtype == KINDS[hints[name]], f"{name} is {values.dtype}"
        assert len(values) == state.n_replicates, name
        if values.dtype == np.float64:
            assert np.isfinite(values).all(), f"{name} is not finite"
    signed = {
        "cell_place", "cell_target", "plot_cohort", "plot_region", "network_home",
        "consignment_network", "river_anomaly", "price_memory",
    }  # fmt: skip
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
        "repression", "state_legitimacy", "patrol_share", "budget_share", "corruption",
        "route_share", "network_risk", "water_deficit", "ban_enforcement", "ban_wear", "ban_belief",
        "corridor_progress", "openness", "mobilisation", "unrest", "clash", "shock", "closed_share",
        "pakistan_open", "chinese_pressure", "moscow_lean",
    )  # fmt: skip
    for name in shares:
        values = getattr(state, name)
        assert values.min() >= 0 and values.max() <= 1, f"{name} leaves 0 to 1"
    assert (state.effort <= 2).all() and (state.delivered <= 3).all()
    assert np.allclose(state.budget_share.sum(axis=2), 1, atol=1e-12)
    for c in set(world.link_state.tolist()):
        mine = state.patrol_share[:, world.link_state == c]
        assert np.allclose(mine.sum(axis=1), 1, atol=1e-12)


def check_new_bounds(state: State, view, world):
    """Ranges of the channels beyond security, and that tables of slots point at things that are."""
    assert np.allclose(state.route_share.sum(axis=1), 1, atol=1e-12)
    least, most = PRICE_RANGE
    assert (state.opium_price >= least).all() and (state.opium_price <= most).all()
    assert (state.tension <= view.fragility.tension_cap * (1 + 1e-12)).all()
    assert ((state.unrest > 0) <= (state.unrest_weeks > 0)).all()
    assert ((state.clash > 0) <= (state.clash_weeks > 0)).all()
    ways = routes(world)
    assert (state.edge_hits <= state.edge_arrivals + 1e-9).all(), "more seized than passed"
    for c in range(N_STATES):
        mine = state.edge_patrol[:, (ways.edge_state == c) & (ways.edge_kind != INTO_RUSSIA)]
        assert np.allclose(mine.mean(axis=1), 1, atol=1e-9)
        assert (mine >= view.interdiction.patrol_floor - 1e-9).all()
        assert (mine <= view.interdiction.patrol_cap + 1e-9).all()
    free = state.network_home < 0
    assert (state.network_capital_usd[free] == 0).all()
    assert (state.network_path < len(ways.way_legs)).all()
    assert (state.network_mode[free] == SHIFT).all()
    assert np.isin(state.network_mode, range(len(NETWORK_MODES))).all()
    row, slot = np.nonzero(state.consignment_network >= 0)
    assert not free[row, state.consignment_network[row, slot]].any(), "goods of a closed network"
    assert (state.consignment_amount[row, slot] > 0).all()
    assert (state.consignment_amount[state.consignment_network < 0] == 0).all()
    way = state.consignment_path[row, slot]
    assert (state.consignment_leg[row, slot] < ways.way_legs[way]).all(), "beyond the end"
    assert (state.week_loss <= ways.n_edges).all()


def check_week(week, world):
    check_money(week)
    check_kinds(week)
    check_goods(week)
    check_opium(week)
    check_arms(week)
    check_water(week)
    check_corridors(week)
    check_numbers_of_things(week)
    check_types(week.after)
    check_slots(week.after, world)
    check_bounds(week.after, week.view, world)
    check_new_bounds(week.after, week.view, world)


def test_first_state_is_whole(compiled, world):
    view = compiled().at(0)
    state = first_state(view, Streams(3, range(5)))
    check_types(state)
    check_slots(state, world)
    check_bounds(state, view, world)
    check_new_bounds(state, view, world)
    assert (state.cell_fighters.sum(axis=1) + state.unassigned
            == int(view.initial.isisk_fighters)).all()  # fmt: skip
    assert (state.fighters.sum(axis=2) == np.rint(view.initial.group_fighters)).all()


@pytest.mark.parametrize("name", WORLDS)
def test_world_keeps_its_money_and_its_shape(world_of, world, name):
    for week in world_of(name):
        check_week(week, world)


@pytest.mark.parametrize("name", SWITCHES)
def test_world_without_a_process_keeps_its_money(compiled, busy_world, weeks, set_to, world, name):
    """What the others book does not lean on the one that is switched off."""
    parameters = compiled([*busy_world, set_to(f"structure.process.{name}", 0)], 26)
    for week in weeks(parameters, 5, range(2), 26):
        check_week(week, world)


def test_every_account_is_at_work_in_the_busy_world(world_of, silent_flows):
    names = (
        "customs_usd", "taxes_usd", "opium_levy_usd", "mines_usd", "security_usd", "civil_usd",
        "diverted_usd", "donations_usd", "opium_income_usd", "auxiliary_pay_usd", "upkeep_usd",
        "income_usd", "lost_funds_usd", "operations_usd", "flow_tax_usd", "revenue_usd",
        "purchase_usd", "bribes_usd", "running_usd", "payout_usd", "founding_usd",
        "frozen_usd", "tax_frozen_usd", "closed_usd",
        "cells_dissolved", "cells_formed",
        "started", "carried_out", "failed", "disrupted", "disrupted_elsewhere", "false_leads",
        "files_closed", "frontier_done", "frontier_stopped",
    )  # fmt: skip
    assert not silent_flows(world_of("busy"), names)


def test_every_flow_of_goods_is_at_work_in_the_busy_world(world_of, silent_flows):
    names = (
        "sown_ha", "harvested_ha", "harvest_kg", "harvest_usd", "to_traders_kg", "sold_kg",
        "sales_usd", "meth_kg", "hashish_kg", "leaked", "bought_back", "sold_elsewhere", "offered",
        "tried", "passed_on", "received", "own_supply", "withdrawn", "inflow_m3", "afghan_use_m3",
        "canal_withdrawal_m3", "canal_irrigation_m3", "canal_lost_m3", "delivered_m3",
        "demanded_m3", "outflow_m3", "opium_north_kg", "shipped", "delivered", "seized", "entered",
        "seized_raw_kg", "seized_region_kg", "sent", "firefights", "firefight_deaths", "founded",
        "closed", "works", "opening", "damage", "clashes",
    )  # fmt: skip
    assert not silent_flows(world_of("busy"), names)


@pytest.mark.parametrize("kind", [BASE_AFGHANISTAN, BASE_HOME, BASE_ABROAD, BASE_DIASPORA])
def test_every_kind_of_plot_is_open_in_the_busy_world(world_of, kind):
    """Otherwise the conditions on slots would be checked of nothing."""
    after = [week.after for week in world_of("busy")]
    assert any(((s.plot_base == kind) & (s.plot_stage != EMPTY)).any() for s in after)


@over_any_world
def test_any_world_keeps_its_money_and_its_shape(drawn_world, world, seed, index, levels, is_busy):
    for week in drawn_world(seed, index, levels, is_busy):
        check_week(week, world)


@pytest.mark.slow
@pytest.mark.parametrize("index", [1, 2, 3])
def test_draws_of_the_priors_stay_whole_until_the_last_week(compiled, tree, weeks, world, index):
    """Nine years under draws of the priors: every account, every range, week by week."""
    parameters = compiled(draw(tree, 7, index), HORIZON)
    for week in weeks(parameters, 7, range(1), HORIZON):
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


def test_a_full_table_of_consignments_sends_no_more(world_of):
    """What finds no slot is refused, and counted in its own unit."""
    weeks = world_of("crowded_roads")
    assert sum(week.infos.trafficking.refused.sum() for week in weeks) > 0
    assert (weeks[-1].after.consignment_network >= 0).all(axis=1).any()


def test_a_full_table_of_networks_founds_no_more(world_of):
    weeks = world_of("crowded_roads")
    assert sum(week.infos.networks.slots_refused.sum() for week in weeks) > 0


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
