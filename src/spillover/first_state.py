"""The first state: the world in the week that began on 15 August 2021.

Stocks that have a stationary level start there (exposed people, members, open plots, files, the
memory of recent attacks), else the first year would be a transient that looks like a surge. The
surge itself is in the data: ISIS-K enters the model at the attack rate of August 2021 with its
prisoners just freed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import CSTO_OPTIONS, GROUPS, LEVERS, STATE_PAIRS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.processes import (
    arms,
    attacks,
    border,
    cells,
    displacement,
    fragility,
    information,
    interdiction,
    networks,
    opium,
    plots,
    powers,
    recruitment,
    rule,
    trade,
    trafficking,
    water,
)
from spillover.processes.alliances import KGZ_TJK
from spillover.state import (
    BASE_HOME,
    EMPTY,
    LOCAL,
    N_CELL_SLOTS,
    N_PLOT_SLOTS,
    PLANNED,
    READY,
    Counts,
    State,
    by_province,
    rows,
)
from spillover.streams import Streams, purpose
from spillover.world.cohorts import by_state, cohort_state

CELL_PLACES = purpose("first_state/cell_places")
CELL_MODES = purpose("first_state/cell_modes")
COHORTS = purpose("first_state/cohorts")
PLOTS = purpose("first_state/plots")
FILES = purpose("first_state/files")
N_STATES = len(STATES)
OWN_START = (
    powers, water, opium, arms, interdiction, networks, trafficking, displacement, trade,
    information, fragility,
)  # fmt: skip
"""Processes that say themselves where their levels start."""


def first_state(view: Any, streams: Streams) -> State:
    """State of all replicates before week 0.

    Args:
        view: parameters of week 0 (`Parameters.at(0)`).
        streams: keyed streams; the rows of every array follow its replicates.
    """
    parts = (
        _afghan_rule(view, streams),
        _groups(view, streams),
        _cells(view, streams),
        _cohorts(view, streams),
        _border(view, streams),
        _diplomacy(view, streams),
        _statecraft(view, streams),
        *(process.start(view, streams) for process in OWN_START),
    )
    fields: dict[str, Any] = {}
    for part in parts:
        fields |= part
    fields |= _plots(view, streams)
    fields |= _quiet_week(view, streams, fields)
    return State(**fields)


def _afghan_rule(view: Any, streams: Streams) -> dict[str, Any]:
    par, drivers, world = view.rule, view.drivers, view.world
    zone = world.province_zone
    control, legitimacy = par.control_start[zone], par.legitimacy_start[zone]
    weekly = rule.PER_WEEK * (
        par.customs_tariff * trade.afghan_trade_at_start(view)
        + par.domestic_revenue
        + par.mine_revenue
    )
    treasury = round(view.initial.treasury_weeks * weekly * par.collection_efficiency)
    will = view.diplomacy.reciprocity_start
    need = rule.hardship(drivers.unemployment, drivers.food_need, par.hardship_from_unemployment)
    kept = rule.promise_kept(
        will[None, :], par.kabul_faction_share[zone], np.ones(1), control[None, :]
    )
    return {
        "control": rows(streams, control),
        "legitimacy": rows(streams, legitimacy),
        "loyalty": rows(streams, par.loyalty_start[zone]),
        "treasury_usd": rows(streams, np.int64(treasury)),
        "effort": rows(streams, 1.0),
        "counter_terror_knowledge": rows(streams, 0.0),
        "faction_will": rows(streams, will),
        "promise_kept": rows(streams, kept[0]),
        "afghan_grievance": rows(streams, need * (1.0 - legitimacy)),
    }


def group_places(view: Any) -> Counts:
    """Fighters of each group by province [g, a], to the unit."""
    zone, weights = view.world.province_zone, view.initial.zone_weight
    weight = np.stack([getattr(weights, group.lower())[zone] for group in GROUPS])
    strength = np.rint(view.initial.group_fighters).astype(np.int64)
    is_here = weight.sum(axis=1) > 0.0  # a part of the map may lack all zones of a group
    weight = np.where(is_here[:, None], weight, 1.0)
    return rates.spread_evenly(np.where(is_here, strength, 0), weight)


def _groups(view: Any, streams: Streams) -> dict[str, Any]:
    fighters = group_places(view)
    funds = np.rint(view.initial.group_funds * fighters.sum(axis=1)).astype(np.int64)
    return {
        "fighters": rows(streams, fighters),
        "haven": rows(streams, view.groups.haven_start),
        "group_funds_usd": rows(streams, funds),
    }


def _cells(view: Any, streams: Streams) -> dict[str, Any]:
    n_r, size = streams.n_replicates, int(view.cells.cell_size)
    strength = int(view.initial.isisk_fighters)
    n_cells = min(strength // size, N_CELL_SLOTS)
    slot = np.arange(N_CELL_SLOTS)
    used = slot < n_cells
    weight = cells.placement(view)
    u = streams.uniform(CELL_PLACES, 0, N_CELL_SLOTS)
    place = np.where(used, rates.choose(u, np.broadcast_to(weight, (*u.shape, len(weight)))), -1)
    share = cells.home_shares(np.zeros(n_r), view.cells)
    u = streams.uniform(CELL_MODES, 0, N_CELL_SLOTS)
    mode = rates.choose(u, np.broadcast_to(share[:, None, :], (*u.shape, 3)))
    fighters = rows(streams, np.where(used, size, 0))
    return {
        "cell_place": place,
        "cell_fighters": fighters,
        "cell_mode": np.where(used, mode, LOCAL).astype(np.int8),
        "cell_target": np.full(place.shape, -1, dtype=np.int8),
        "cell_skill": np.zeros(place.shape),
        "cell_funds_usd": rows(streams, np.where(used, int(view.initial.cell_funds), 0)),
        "unassigned": rows(streams, np.int64(strength - n_cells * size)),
        "release_pool": rows(streams, np.int64(view.initial.release_pool)),
        "isisk_prisoners": rows(streams, np.int64(0)),
        "activity": rows(streams, attacks.local_share_at_takeover(view.cells)),
    }


def _cohorts(view: Any, streams: Streams) -> dict[str, Any]:
    """Exposed people, members and prisoners at their stationary means, drawn per replicate."""
    rec = view.recruitment
    people = recruitment.start_susceptible(view.world, rec)
    hazard = recruitment.exposure_hazard(view.world, rec) * WEEKS_PER_YEAR
    exits = rec.join_hazard + rec.exposed_disengagement_hazard + rec.arrest_hazard
    exposed = people * hazard / exits
    members = recruitment.reference_members(view.world, rec)
    detained = rec.arrest_hazard * (exposed + members) * rec.sentence_weeks / WEEKS_PER_YEAR
    freed = detained / rec.sentence_weeks
    treated = rec.rehabilitation_base * freed * rec.rehabilitation_weeks
    within = people * hazard / (people * hazard).sum()
    joining = rec.inflow * within[:, None] * recruitment.reference_paths(view.world, rec)
    travellers = joining[:, 0] * view.border.travel_delay / WEEKS_PER_YEAR
    abroad = by_state(joining[None, :, 2], view.world)[0]
    operatives = abroad / rec.member_disengagement_hazard
    stocks = (exposed, members, detained, treated, travellers, operatives)
    means = np.concatenate(stocks)
    drawn = rates.poisson(streams.uniform(COHORTS, 0, len(means)), means)
    parts = np.split(drawn, np.cumsum([len(s) for s in stocks])[:-1], axis=1)
    names = ("exposed", "radicalised", "detained", "treated", "travellers", "operatives")
    return {
        "susceptible": rows(streams, people),
        **dict(zip(names, parts, strict=True)),
    }


def _border(view: Any, streams: Streams) -> dict[str, Any]:
    owner = view.world.link_state
    n_links = np.bincount(owner, minlength=N_STATES)[owner]
    density = view.border.patrol_density[owner]
    level = np.zeros_like(density)
    bribed = view.interdiction.corruption_start
    hazard = border.detection_hazard(density, level, level, bribed, view)
    detection = rates.probability(hazard)
    return {
        "patrol_share": rows(streams, 1.0 / n_links),
        "trouble_memory": rows(streams, np.zeros(len(owner))),
        "perceived_detection": rows(streams, detection),
        "link_detection": rows(streams, detection),
        "link_patrols": rows(streams, density),
    }


def _diplomacy(view: Any, streams: Streams) -> dict[str, Any]:
    dip, alliances = view.diplomacy, view.alliances
    months = 1.0 / (1.0 - dip.trust_memory)  # length of the record that memory can hold
    kept = float(dip.reciprocity_start.mean())
    n_states = len(STATES)
    pair_trust = np.full(len(STATE_PAIRS), alliances.trust_start)
    pair_trust[KGZ_TJK] -= alliances.trust_quarrel
    return {
        "engagement": rows(streams, dip.engagement_start),
        "trust_kept": rows(streams, np.full(n_states, kept * months)),
        "trust_broken": rows(streams, np.full(n_states, (1.0 - kept) * months)),
        "reciprocity": rows(streams, dip.reciprocity_start),
        "pair_trust": rows(streams, np.clip(pair_trust, 0.0, 1.0)),
        "csto_pledged": rows(streams, np.zeros(len(CSTO_OPTIONS), dtype=bool)),
        "csto_delivered": rows(streams, np.zeros(len(CSTO_OPTIONS))),
        "moscow_lean": rows(streams, alliances.lean_start),
    }


def _statecraft(view: Any, streams: Streams) -> dict[str, Any]:
    craft, intel = view.statecraft, view.intelligence
    alarm = view.initial.alarm
    leads = intel.false_leads / WEEKS_PER_YEAR * intel.file_weeks
    busy = rates.poisson(streams.uniform(FILES, 0, N_STATES), leads)
    return {
        "threat": rows(streams, rates.probability(craft.sensitivity * alarm)),
        "alarm": rows(streams, np.full(N_STATES, alarm)),
        "budget_share": rows(streams, np.tile(craft.budget_start, (N_STATES, 1))),
        "delivered": rows(streams, np.zeros((N_STATES, len(LEVERS)))),
        "repression": rows(streams, craft.repression_start),
        "arrests_per_week": rows(streams, craft.arrest_reference / WEEKS_PER_YEAR),
        "state_legitimacy": rows(streams, craft.legitimacy_start),
        "busy": busy,
        "service_capacity": rows(streams, np.ones(N_STATES)),
    }


def plot_means(view: Any) -> tuple[Any, Any]:
    """Expected open plots of home cells in each stage, by cohort [m], at equilibrium.

    Starts of lambda a week, found with hazard h and moving on with hazard 2 / m, leave lambda /
    (h + 2/m) in the first stage and that times (2/m) / (h + 2/m) in the second.
    """
    intel = view.intelligence
    members = recruitment.reference_members(view.world, view.recruitment)[: view.world.n_regions]
    starts = view.plots.start_hazard_home / WEEKS_PER_YEAR * members
    owner = cohort_state(view.world)[: view.world.n_regions]
    busy = intel.false_leads / WEEKS_PER_YEAR * intel.file_weeks
    found = intel.hazard_base + intel.hazard_capacity / (1.0 + busy / intel.desks)
    onward = float(plots.stage_probability(np.array(BASE_HOME), view.plots))
    leave = found[owner] + onward
    planned = starts / leave
    return planned, planned * onward / leave


def _plots(view: Any, streams: Streams) -> dict[str, Any]:
    """Open plots of home cells; plots abroad and from Afghanistan build up within months."""
    means = np.concatenate(plot_means(view))
    n_r, n_q = streams.n_replicates, view.world.n_regions
    count = rates.poisson(streams.uniform(PLOTS, 0, len(means)), means)
    shape = (n_r, N_PLOT_SLOTS)
    fields: dict[str, Any] = {
        "plot_stage": np.full(shape, EMPTY, dtype=np.int8),
        "plot_target": np.zeros(shape, dtype=np.int8),
        "plot_base": np.zeros(shape, dtype=np.int8),
        "plot_cohort": np.full(shape, -1, dtype=np.int64),
        "plot_region": np.full(shape, -1, dtype=np.int64),
        "plot_people": np.zeros(shape, dtype=np.int64),
        "plot_skill": np.zeros(shape),
    }
    for row in range(n_r):  # once per run, over a handful of plots
        cohorts = np.repeat(np.tile(np.arange(n_q), 2), count[row])[:N_PLOT_SLOTS]
        stages = np.repeat(np.repeat([PLANNED, READY], n_q), count[row])[:N_PLOT_SLOTS]
        at = (row, slice(0, len(cohorts)))
        fields["plot_stage"][at] = stages
        fields["plot_target"][at] = view.world.region_state[cohorts]
        fields["plot_base"][at] = BASE_HOME
        fields["plot_cohort"][at] = cohorts
        fields["plot_region"][at] = cohorts
        fields["plot_people"][at] = int(view.plots.people_per_plot)
    return fields


def _quiet_week(view: Any, streams: Streams, fields: dict[str, Any]) -> dict[str, Any]:
    """No events yet; self-excitation at its stationary mean, attacks times 1."""
    n_r = streams.n_replicates
    n_a, n_l = view.world.n_provinces, view.world.n_links
    active = fields["cell_fighters"] * (fields["cell_mode"] == LOCAL)
    men = by_province(active, fields["cell_place"], n_a)
    settled = 1.0 - view.attacks.branching_ratio
    provinces = ("week_attacks", "week_deadly", "week_armed_attacks")
    states = ("week_home_attacks", "week_disrupted", "week_arrests", "week_broken_promises")
    isisk = fields["cell_fighters"].sum(axis=1) + fields["unassigned"]
    return {
        "surveyed": np.concatenate([isisk[:, None], fields["fighters"].sum(axis=2)], axis=1),
        "excitation": attacks.attacks_per_fighter(view) * men / settled,
        **{name: np.zeros((n_r, n_a), dtype=np.int64) for name in provinces},
        **{name: np.zeros((n_r, N_STATES), dtype=np.int64) for name in states},
        "week_frontier": np.zeros((n_r, n_l), dtype=np.int64),
        "week_foreign_attacks": np.zeros(n_r, dtype=np.int64),
        "week_russian_attacks": np.zeros(n_r, dtype=np.int64),
        "week_pakistan_attacks": np.zeros(n_r, dtype=np.int64),
    }
