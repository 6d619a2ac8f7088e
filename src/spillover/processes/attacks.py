"""Attacks of ISIS-K in Afghanistan and across the northern border.

Idea: active cells attack at a rate; attacks breed attacks for some weeks (self-excitation,
paper:porter2012); how many die has a heavy tail (paper:clauset2007); when fewer cells dare, those
that do are deadlier. A cell in northern mode fires across a border link if it is not stopped
(M-ISK-CB-ATTACK); IMU and Jamaat Ansarullah do so where promises to neighbours are not kept.

Equations (docs/odd.md, "attacks"):
    A1  base rate = mu x men of local cells x opportunity; mu from the recorded attacks per week
        at takeover: mu = A0 / reported share x (1 - n) / men active at takeover
    A2  excitation M' = exp(-w)(M + (exp(w) - 1) attacks); the weekly kernel sums to 1
    A3  attacks ~ NegBin(base + n M, shape)
    A4  deadly share d = min(1, d0 (active share / active share at takeover)^-zeta); deaths follow
        a power law with shift s
    A5  frontier: each northern cell tries once per decision; allied groups ~ Poisson(rate N
        (1 - promise kept x guarantee)); stopped with the link's detection probability; deadlier
        where smuggled arms abound
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GROUPS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    LOCAL,
    NORTH,
    Counts,
    Floats,
    State,
    arms_lethality,
    by_province,
    due_slots,
    opportunity,
    tally,
)
from spillover.streams import Streams, purpose

NAME = "attacks"
READS = (
    "cell_place", "cell_fighters", "cell_mode", "cell_target", "cell_funds_usd",
    "activity", "control", "excitation", "fighters", "promise_kept", "perceived_detection",
    "link_detection", "arms_circulating",
)  # fmt: skip
WRITES = (
    "excitation", "cell_funds_usd", "week_attacks", "week_deadly", "week_frontier",
    "week_broken_promises",
)  # fmt: skip

COUNTS = purpose("attacks/counts")
SEVERITY = purpose("attacks/severity")
FRONTIER_LINK = purpose("attacks/frontier_link")
FRONTIER_STOP = purpose("attacks/frontier_stop")
ALLIED = purpose("attacks/allied")
FRONTIER_SEVERITY = purpose("attacks/frontier_severity")

LEAST_ACTIVITY = 0.01  # guards the power of the ratio when no cell attacks
MAX_SEVERITIES = 24  # attacks in one province and week whose deaths are drawn one by one
DRAWN_TOGETHER = 6  # of them are drawn even if there are fewer; changes the speed only
MAX_FRONTIER = 6  # the same on one link
FRONTIER_GROUPS = {"IMU": ("UZB", "TJK"), "JA": ("TJK",)}
"""Which allied group fires at which state (A-IMU, A-JA, REL-TAL-JA-IMU-VS-ISK)."""


@dataclass(frozen=True, slots=True)
class Info:
    """Attacks and deaths in Afghanistan [r, a]; frontier attacks and deaths by link [r, l].

    `by_deaths` counts deadly attacks in Afghanistan by the number of people killed [r, 0 .. most].
    """

    attacks: Counts
    deadly: Counts
    deaths: Counts
    by_deaths: Counts
    severities_refused: Counts
    frontier_tried: Counts
    frontier_stopped: Counts
    frontier_done: Counts
    frontier_deaths: Counts
    operations_usd: Counts


def local_share_at_takeover(cells: Any) -> float:
    """Share of cells in local mode when nothing is known about them (equation K4 with I = 0)."""
    values = np.array([0.0, 1.0, cells.value_recruit])
    return float(rates.softmax(cells.choice_sharpness * values)[1])


def attacks_per_fighter(view: Any) -> float:
    """A1: attacks per week and active fighter, mu, from the recorded attacks at takeover."""
    attacks, initial = view.attacks, view.initial
    active = initial.isisk_fighters * local_share_at_takeover(view.cells)
    true_rate = attacks.recorded_at_takeover / view.reporting.share_un
    return float(true_rate * (1.0 - attacks.branching_ratio) / active)


def decay(half_life_weeks: float) -> float:
    """A2: exp(-w) with w = ln 2 / half-life."""
    return float(np.exp(-np.log(2.0) / half_life_weeks))


def excite(memory: Floats, attacks: Counts, half_life_weeks: float) -> Floats:
    """A2: memory of attacks for next week; one attack adds 1 in total over all weeks."""
    keep = decay(half_life_weeks)
    return keep * memory + (1.0 - keep) * attacks


def deadly_share(activity: Floats, at_takeover: float, attacks: Any) -> Floats:
    """A4: share of attacks that kill [r]; rises as fewer cells dare to attack."""
    ratio = np.maximum(activity, LEAST_ACTIVITY) / at_takeover
    return np.minimum(attacks.deadly_share * ratio**-attacks.deadly_selection, 1.0)


def _kills(
    count: Counts, share: Floats, exponent: float, shift: float, cutoff: int, u: Floats
) -> tuple[Counts, Counts, Counts]:
    """A4: replicate, place and deaths of each deadly attack, one uniform per attack [r, a, i]."""
    row, place = np.nonzero(count)
    drawn = np.minimum(count[row, place], u.shape[2])
    row, place = np.repeat(row, drawn), np.repeat(place, drawn)
    i = np.arange(row.size) - np.repeat(np.cumsum(drawn) - drawn, drawn)
    chance = share[row, place] if share.ndim > 1 else share[row]
    u = u[row, place, i]
    deadly = u > 1.0 - chance
    row, place = row[deadly], place[deadly]
    scaled = 1.0 - (1.0 - u[deadly]) / chance[deadly]
    return row, place, rates.shifted_power_law(np.clip(scaled, 0.0, 1.0), exponent, shift, cutoff)


def _deaths(
    count: Counts, share: Floats, exponent: float, shift: float, cutoff: int, u: Floats
) -> tuple[Counts, Counts]:
    """A4: deadly attacks and deaths [r, a]."""
    return _by_place(count, *_kills(count, share, exponent, shift, cutoff, u))


def _by_place(count: Counts, row: Counts, place: Counts, killed: Counts) -> tuple[Counts, Counts]:
    """Deadly attacks and their deaths in the shape of the counts [r, a]."""
    return tally(row, place, None, *count.shape), tally(row, place, killed, *count.shape)


def by_deaths(row: Counts, killed: Counts, n_replicates: int, cutoff: int) -> Counts:
    """Deadly attacks by the number of people they killed [r, 0 .. cutoff]."""
    return tally(row, killed, None, n_replicates, cutoff + 1)


def _frontier_cells(state: State, week: int, view: Any, streams: Streams):
    """A5: northern cells whose turn it is: row, slot, link of each try."""
    world = view.world
    due = due_slots(week, state.cell_place.shape[1])
    ready = (
        (state.cell_mode[:, due] == NORTH)
        & (state.cell_place[:, due] >= 0)
        & (state.cell_target[:, due] >= 0)
        & (state.cell_fighters[:, due] > 0)
        & (state.cell_funds_usd[:, due] >= view.attacks.frontier_cost)
    )
    row, turn = np.nonzero(ready)
    slot = turn * due.step + due.start
    place, target = state.cell_place[row, slot], state.cell_target[row, slot]
    reach = (world.link_province == place[:, None]) & (world.link_state == target[:, None])
    avoidance = view.border.avoidance * view.structure.coupling.border_displacement
    appeal = np.exp(-avoidance * state.perceived_detection[row])
    can = reach.any(axis=1)  # a guard: a cell chooses a state only where it borders it
    u = streams.at(FRONTIER_LINK, week, row, turn)
    link = rates.choose(u[can], (reach * appeal)[can])
    return row[can], slot[can], link


def _frontier_allied(state: State, week: int, view: Any, streams: Streams) -> Counts:
    """A5: tries of IMU and Jamaat Ansarullah by link [r, l]."""
    world, attacks = view.world, view.attacks
    kept = state.promise_kept[:, world.link_province]
    restraint = 1.0 - kept * view.drivers.guarantee[world.link_state]
    mean = np.zeros((state.n_replicates, world.n_links))
    for name, targets in FRONTIER_GROUPS.items():
        aimed = np.isin(world.link_state, [STATES.index(t) for t in targets])
        links_here = np.bincount(world.link_province[aimed], minlength=world.n_provinces)
        share = aimed / np.maximum(links_here, 1)[world.link_province]
        men = state.fighters[:, GROUPS.index(name)][:, world.link_province] * share
        mean += attacks.frontier_hazard_allied / WEEKS_PER_YEAR * men * restraint
    return rates.poisson(streams.uniform(ALLIED, week, world.n_links), mean)


def _frontier(state: State, week: int, view: Any, streams: Streams):
    """A5: tries, stopped, done, deaths [r, l]; money spent by slot."""
    world, attacks = view.world, view.attacks
    n_r, n_l = state.n_replicates, world.n_links
    row, slot, link = _frontier_cells(state, week, view, streams)
    tried = tally(row, link, None, n_r, n_l)
    allied = _frontier_allied(state, week, view, streams)
    u = streams.uniform(FRONTIER_STOP, week, 2 * n_l)
    stopped = rates.binomial(u[:, :n_l], tried, state.link_detection)
    stopped_allied = rates.binomial(u[:, n_l:], allied, state.link_detection)
    done = tried + allied - stopped - stopped_allied
    u = streams.uniform(FRONTIER_SEVERITY, week, n_l * MAX_FRONTIER).reshape(n_r, n_l, -1)
    armed = arms_lethality(state, view)[:, world.link_state]
    share = np.clip(attacks.frontier_deadly_share * armed, 1e-12, 1.0)
    _, deaths = _deaths(
        np.minimum(done, MAX_FRONTIER), share, attacks.severity_exponent, attacks.severity_shift,
        attacks.severity_cutoff, u,
    )  # fmt: skip
    money = state.cell_funds_usd.copy()
    price = int(attacks.frontier_cost)
    money[row, slot] -= price
    cost = price * np.bincount(row, minlength=n_r)
    fired = allied - stopped_allied
    broken = np.stack(
        [(fired * (world.link_state == c)).sum(axis=1) for c in range(len(STATES))], axis=1
    )
    return tried + allied, stopped + stopped_allied, done, deaths, money, cost, broken


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance local and frontier attacks by one week."""
    attacks, world = view.attacks, view.world
    n_r, n_a = state.control.shape
    men = by_province(state.cell_fighters * (state.cell_mode == LOCAL), state.cell_place, n_a)
    start = view.rule.control_start[world.province_zone]
    base = (
        attacks_per_fighter(view)
        * men
        * opportunity(state.control, start, attacks.opportunity_floor)
    )
    mean = base + attacks.branching_ratio * state.excitation
    count = rates.negative_binomial(
        streams.uniform(COUNTS, week, n_a), mean, attacks.dispersion_shape
    )
    share = deadly_share(state.activity, local_share_at_takeover(view.cells), attacks)
    most = min(-(-int(count.max(initial=1)) // DRAWN_TOGETHER) * DRAWN_TOGETHER, MAX_SEVERITIES)
    u = streams.uniform(SEVERITY, week, most * n_a).reshape(n_r, most, n_a).swapaxes(1, 2)
    row, place, killed = _kills(
        count, share, attacks.severity_exponent, attacks.severity_shift,
        attacks.severity_cutoff, u,
    )  # fmt: skip
    deadly, deaths = _by_place(count, row, place, killed)
    tried, stopped, done, frontier_deaths, money, cost, broken = _frontier(
        state, week, view, streams
    )
    info = Info(
        attacks=count, deadly=deadly, deaths=deaths,
        by_deaths=by_deaths(row, killed, n_r, int(attacks.severity_cutoff)),
        severities_refused=np.maximum(count - MAX_SEVERITIES, 0).sum(axis=1)
        + np.maximum(done - MAX_FRONTIER, 0).sum(axis=1),
        frontier_tried=tried, frontier_stopped=stopped, frontier_done=done,
        frontier_deaths=frontier_deaths, operations_usd=cost,
    )  # fmt: skip
    changed = state.replace(
        excitation=excite(state.excitation, count, attacks.half_life),
        cell_funds_usd=money,
        week_attacks=count,
        week_deadly=deadly,
        week_frontier=done,
        week_broken_promises=broken,
    )
    return changed, info
