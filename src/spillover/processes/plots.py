"""Plots: individual agents that are planned, supplied, ready, and then carried out.

Idea: a plot lives for months, so it is an individual with stages and never redrawn weekly
(paper:kaplan2010). Two equal geometric stages give a preparation time like Gamma(2): mean 39
weeks (95% between 5 and 109) outside Afghanistan, shorter inside. Plots start from
ISIS-K cells that chose an external operation, from home or diaspora cells, and from operatives
abroad. Most fail or are found (processes/intelligence.py).

Equations (docs/odd.md, "plots"):
    P1  starts: one per external cell and decision; hazard rho per member at home, another per
        emigrant member and operative
    P2  planned -> ready and ready -> carried out, each week with probability 2 / mean
        preparation time
    P3  success with probability s0 (1 + k skill) (1 - contingency)
    P4  deaths: none with probability 1 - d, else shifted power law, less with contingency plans,
        d more where smuggled arms abound
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    BASE_ABROAD,
    BASE_AFGHANISTAN,
    BASE_DIASPORA,
    BASE_HOME,
    EMPTY,
    EXTERNAL,
    PLANNED,
    READY,
    TARGET_RUSSIA,
    Counts,
    Flags,
    Floats,
    State,
    arms_lethality,
    due_slots,
    tally,
)
from spillover.streams import Streams, purpose
from spillover.world.cohorts import cohort_state, region_shares, sum_by_cohort

NAME = "plots"
READS = (
    "plot_stage", "plot_target", "plot_base", "plot_cohort", "plot_region", "plot_people",
    "plot_skill", "cell_place", "cell_mode", "cell_target", "cell_fighters", "cell_skill",
    "cell_funds_usd", "radicalised", "operatives", "detained", "delivered", "arms_circulating",
)  # fmt: skip
WRITES = (
    "plot_stage", "plot_target", "plot_base", "plot_cohort", "plot_region", "plot_people",
    "plot_skill", "cell_fighters", "cell_funds_usd", "radicalised", "operatives", "detained",
    "week_home_attacks", "week_foreign_attacks",
    "week_russian_attacks",
)  # fmt: skip

STAGES = purpose("plots/stages")
SUCCESS = purpose("plots/success")
SEVERITY = purpose("plots/severity")
STARTS = purpose("plots/starts")
TARGETS = purpose("plots/targets")
REGIONS = purpose("plots/regions")
N_STATES = len(STATES)


@dataclass(frozen=True, slots=True)
class Info:
    """Plots by target [r, 7]: five states, Russia, elsewhere; attacks and deaths [r, q]."""

    started: Counts
    carried_out: Counts
    failed: Counts
    starts_refused: Counts
    attacks_by_region: Counts
    deaths_by_region: Counts
    deaths_abroad: Counts
    operations_usd: Counts
    citizens_started: Counts  # [r, m] members who leave their cell for a plot
    operatives_started: Counts  # [r, c] operatives who turn to a plot
    fighters_started: Counts  # [r] men who leave their cell for a plot
    citizens_jailed: Counts  # [r, m] after a plot failed
    citizens_spent: Counts  # [r, m] dead or gone after a plot was carried out
    fighters_spent: Counts  # [r] the same of ISIS-K, carried out or failed


@dataclass(frozen=True, slots=True)
class _Starts:
    """Candidate plots in address order: due cells, cohorts, states; arrays [n]."""

    row: Counts
    address: Counts
    base: Counts
    target: Counts
    cohort: Counts
    region: Counts
    people: Counts
    skill: Floats


def _candidates(state: State, week: int, view: Any, streams: Streams) -> tuple[Flags, Counts]:
    """P1: who starts a plot this week [r, address] and with how many people."""
    plots = view.plots
    due = due_slots(week, state.cell_place.shape[1])
    spare = state.cell_fighters[:, due] - int(view.cells.cell_minimum)
    ready_cells = (
        (state.cell_mode[:, due] == EXTERNAL)
        & (state.cell_place[:, due] >= 0)
        & (spare > 0)
        & (state.cell_funds_usd[:, due] >= plots.external_cost)
    )
    pools = np.concatenate([state.radicalised, state.operatives], axis=1)
    hazard = np.full(pools.shape[1], plots.start_hazard_abroad)
    hazard[: view.world.n_regions] = plots.start_hazard_home
    u = streams.uniform(STARTS, week, pools.shape[1])
    pool_starts = u < rates.probability(hazard / WEEKS_PER_YEAR * pools)
    flag = np.concatenate([ready_cells, pool_starts], axis=1)
    size = np.minimum(np.concatenate([spare, pools], axis=1), int(plots.people_per_plot))
    return flag & (size > 0), size


def _describe(
    state: State, week: int, view: Any, streams: Streams, flag: Flags, size: Counts
) -> _Starts:
    """Target, region and skill of each start."""
    plots, world = view.plots, view.world
    due = due_slots(week, state.cell_place.shape[1])
    n_due = state.cell_place[:, due].shape[1]
    owner = cohort_state(world)
    n_m = len(owner)
    row, address = np.nonzero(flag)
    is_cell, is_cohort = address < n_due, (address >= n_due) & (address < n_due + n_m)
    cohort = np.where(is_cell, -1, address - n_due)
    cohort = np.where(address >= n_due + n_m, world.n_regions + address - n_due - n_m, cohort)
    home = is_cohort & (cohort < world.n_regions)
    base = np.where(is_cell, BASE_AFGHANISTAN, np.where(is_cohort, BASE_HOME, BASE_ABROAD))

    u = streams.at(TARGETS, week, row, address)
    away = np.array([plots.diaspora_target_home, plots.diaspora_target_russia, 0.0])
    away[2] = 1.0 - away.sum()
    kind = rates.choose(u, np.broadcast_to(away, (row.size, 3)))
    own = owner[np.maximum(cohort, 0)]
    chosen = np.where(home | (kind == 0), own, kind + N_STATES - 1)
    slot = np.minimum(address, n_due - 1)
    target = np.where(is_cell, state.cell_target[:, due][row, slot], chosen)

    u = streams.at(REGIONS, week, row, address)
    shares = region_shares(world)[np.minimum(target, N_STATES - 1)]
    region = np.where(home, cohort, rates.choose(u, shares))
    inside = shares.sum(axis=-1) > 0.0  # a part of the map may lack all regions of a state
    region = np.where((target < N_STATES) & inside, region, -1)
    skill = np.where(is_cell, state.cell_skill[:, due][row, slot], 0.0)
    # A diaspora cell prepares in the host country, seen by host services, not by its own state.
    base = np.where(is_cohort & ~home, BASE_DIASPORA, base)
    return _Starts(row, address, base, target, cohort, region, size[row, address], skill)


def _seat(stage: Any, flag: Flags, starts: _Starts) -> tuple[Flags, Counts]:
    """Free slot of each start in address order; which starts find none."""
    free = stage == EMPTY
    order = np.argsort(~free, axis=1, kind="stable")
    position = (np.cumsum(flag, axis=1) - 1)[starts.row, starts.address]
    seated = position < free.sum(axis=1)[starts.row]
    slot = order[starts.row, np.minimum(position, stage.shape[1] - 1)]
    return seated, slot


def stage_probability(base: Any, plots: Any) -> Floats:
    """P2: weekly probability of leaving a stage, 2 over the mean preparation time of the base.

    A probability, not a hazard: two geometric stages then have exactly the documented mean.
    """
    afghan = base == BASE_AFGHANISTAN
    mean = np.where(afghan, plots.preparation_afghanistan, plots.preparation_elsewhere)
    return np.minimum(2.0 / mean, 1.0)


def _outcomes(
    state: State, week: int, view: Any, streams: Streams, done: Flags
) -> tuple[Flags, Counts]:
    """P3, P4: which of the plots carried out this week succeed, and deaths [r, j]."""
    plots = view.plots
    row, slot = np.nonzero(done)
    target = np.maximum(state.plot_target[row, slot], 0).astype(np.int64)
    plan = np.minimum(state.lever("contingency_planning") * plots.contingency_per_level, 1.0)
    prepared = np.concatenate([plan, np.zeros((len(plan), 2))], axis=1)[row, target]
    skill = state.plot_skill[row, slot]
    odds = plots.success * (1.0 + plots.success_from_skill * skill) * (1.0 - prepared)
    succeeds = streams.at(SUCCESS, week, row, slot) < odds
    u = streams.at(SEVERITY, week, row, slot)
    armed = np.concatenate([arms_lethality(state, view), np.ones((len(plan), 2))], axis=1)
    p_none = 1.0 - np.minimum(plots.deadly_share * armed[row, target], 1.0) * (1.0 - prepared)
    scaled = np.clip((u - p_none) / np.maximum(1.0 - p_none, 1e-12), 0.0, 1.0)
    deaths = rates.shifted_power_law(
        scaled, view.attacks.severity_exponent, plots.severity_shift, view.attacks.severity_cutoff
    )
    success, killed = np.zeros_like(done), np.zeros(done.shape, dtype=np.int64)
    success[row, slot] = succeeds
    killed[row, slot] = np.where(succeeds & (u > p_none), deaths, 0)
    return success, killed


def _count(which: Flags, index: Any, n: int) -> Counts:
    """Number of flagged slots [r, j] by index value [r, n]."""
    row, slot = np.nonzero(which)
    return tally(row, index[row, slot], None, len(which), n)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance every plot by one week and start new ones."""
    world = view.world
    n_r = state.n_replicates
    row, slot = np.nonzero(state.plot_stage != EMPTY)
    leaves = stage_probability(state.plot_base[row, slot], view.plots)
    advance = np.zeros(state.plot_stage.shape, dtype=bool)
    advance[row, slot] = streams.at(STAGES, week, row, slot) < leaves
    done = advance & (state.plot_stage == READY)
    success, killed = _outcomes(state, week, view, streams, done)
    stage = np.where(advance & (state.plot_stage == PLANNED), READY, state.plot_stage)
    stage = np.where(done, EMPTY, stage).astype(np.int8)

    failed = done & ~success
    citizen = state.plot_cohort >= 0
    people = state.plot_people
    jailed = sum_by_cohort(people * (failed & citizen), state.plot_cohort, state.detained.shape[1])
    spent = sum_by_cohort(people * (success & citizen), state.plot_cohort, state.detained.shape[1])
    inside = success & (state.plot_region >= 0)
    row, slot = np.nonzero(inside)
    region = state.plot_region[row, slot]
    region_hits = tally(row, region, None, n_r, world.n_regions)
    deaths = tally(row, region, killed[row, slot], n_r, world.n_regions)

    cleared = state.replace(
        plot_stage=stage, plot_people=np.where(done, 0, people), detained=state.detained + jailed
    )
    changed, started, refused, cost, taken = _start(cleared, week, view, streams)
    carried_out = _count(success, state.plot_target, N_STATES + 2)
    info = Info(
        started=started, carried_out=carried_out,
        failed=_count(failed, state.plot_target, N_STATES + 2), starts_refused=refused,
        attacks_by_region=region_hits, deaths_by_region=deaths,
        deaths_abroad=(killed * ~inside).sum(axis=1), operations_usd=cost,
        citizens_jailed=jailed, citizens_spent=spent,
        fighters_spent=(people * (done & ~citizen)).sum(axis=1),
        **taken,
    )  # fmt: skip
    changed = changed.replace(
        week_home_attacks=carried_out[:, :N_STATES],
        week_foreign_attacks=(success & (state.plot_target >= N_STATES)).sum(axis=1),
        week_russian_attacks=(success & (state.plot_target == TARGET_RUSSIA)).sum(axis=1),
    )
    return changed, info


def _start(
    state: State, week: int, view: Any, streams: Streams
) -> tuple[State, Counts, Counts, Counts, dict[str, Counts]]:
    """P1: seat new plots and take their people and money from where they came."""
    n_r = state.n_replicates
    flag, size = _candidates(state, week, view, streams)
    starts = _describe(state, week, view, streams, flag, size)
    seated, slot = _seat(state.plot_stage, flag, starts)
    row, people = starts.row[seated], starts.people[seated]
    at = (row, slot[seated])
    fields = {
        name: getattr(state, f"plot_{name}").copy()
        for name in ("stage", "target", "base", "cohort", "region", "people", "skill")
    }
    fields["stage"][at] = PLANNED
    for name in ("target", "base", "cohort", "region", "people", "skill"):
        fields[name][at] = getattr(starts, name)[seated]

    due = due_slots(week, state.cell_place.shape[1])
    n_due, n_m = state.cell_place[:, due].shape[1], state.radicalised.shape[1]
    address = starts.address[seated]
    cell = address < n_due
    cohort = (address >= n_due) & (address < n_due + n_m)
    away = address >= n_due + n_m
    cells, money = state.cell_fighters.copy(), state.cell_funds_usd.copy()
    cell_at = (row[cell], address[cell] * due.step + due.start)
    cells[cell_at] -= people[cell]
    price = int(view.plots.external_cost)
    money[cell_at] -= price
    radicalised, operatives = state.radicalised.copy(), state.operatives.copy()
    radicalised[row[cohort], address[cohort] - n_due] -= people[cohort]
    operatives[row[away], address[away] - n_due - n_m] -= people[away]

    n_targets = N_STATES + 2
    started = tally(row, starts.target[seated], None, n_r, n_targets)
    refused = np.bincount(starts.row[~seated], minlength=n_r)
    cost = price * np.bincount(row[cell], minlength=n_r)
    changed = state.replace(
        **{f"plot_{name}": values for name, values in fields.items()},
        cell_fighters=cells,
        cell_funds_usd=money,
        radicalised=radicalised,
        operatives=operatives,
    )
    taken = {
        "citizens_started": state.radicalised - radicalised,
        "operatives_started": state.operatives - operatives,
        "fighters_started": (state.cell_fighters - cells).sum(axis=1),
    }
    return changed, started, refused, cost, taken
