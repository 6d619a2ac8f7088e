"""Statecraft: the five states perceive threat, split budgets, deliver policies, repress.

Idea: a policy is a set of lever targets; delivering them takes time, money and, for some, a
partner (R-JOINT-PATROLS needs contact with Kabul that Tajikistan lacks: ST-TJK-NO-CONTACT-2024).
States react to what happens at home and next door (M-AFG-CRISIS-PERCEPTION), shift budgets toward
what seems to help, and repress more when they arrest more (paper:keohane2003).

Equations (docs/odd.md, "statecraft"):
    S1  alarm = smoothed weighted events at home and, at w_near, next door (seizures count against
        the usual number), at least 0; threat = 1 - exp(-sensitivity alarm)
    S2  every 13 weeks budget shares = inertia old + (1 - inertia) softmax(ln start + response
        x threat + inward x domestic shock)
    S3  delivered lever moves toward its goal by at most 1 / delay a week; the goal is its target,
        zero while its precondition fails, times the share of all goals that the programme budget
        pays; growth stops where the budget, less a part under a shock, ends; cost is paid for
        what is delivered
    S4  repression k += rate (k_ref + shock + a ln(arrests / reference) - k)
    S5  legitimacy reverts to its start, less domestic shocks, excess repression and the load of
        refugees
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import LEVERS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Flags, Floats, State
from spillover.streams import Streams
from spillover.world.cohorts import links_by_state, state_population

NAME = "statecraft"
READS = (
    "alarm", "budget_share", "delivered", "repression", "arrests_per_week",
    "state_legitimacy", "engagement", "pair_trust", "week_frontier", "week_home_attacks",
    "week_disrupted", "week_arrests", "week_attacks", "week_foreign_attacks", "refugees",
    "shock", "week_seizures",
)  # fmt: skip
WRITES = (
    "alarm", "threat", "budget_share", "delivered", "repression", "arrests_per_week",
    "state_legitimacy",
)  # fmt: skip

PLANNING_WEEKS = 13  # budgets are reviewed by the quarter
QUIET_ARRESTS = 0.1  # arrests a week added on both sides, so that none is not minus infinity
N_STATES = len(STATES)


@dataclass(frozen=True, slots=True)
class Info:
    """Relative cost of the week [r, c]; weeks blocked by cause [r, c, v]."""

    cost: Floats
    blocked_by_precondition: Flags
    blocked_by_budget: Flags


def events(state: State, view: Any) -> Floats:
    """S1: weighted events of the week as a state sees them [r, c]."""
    craft, world = view.statecraft, view.world
    frontier = links_by_state(state.week_frontier, world)
    next_door = (state.week_attacks[:, :, None] * (world.hops_to_state == 1)).sum(axis=1)
    own = (
        craft.alarm_frontier * frontier
        + craft.alarm_home_attack * state.week_home_attacks
        + craft.alarm_disrupted * state.week_disrupted
        + craft.alarm_next_door * next_door
        + craft.alarm_seizure * (state.week_seizures - craft.usual_seizures)
    )
    others = (own.sum(axis=1, keepdims=True) - own) / (N_STATES - 1)
    abroad = craft.alarm_foreign_attack * state.week_foreign_attacks[:, None]
    return own + craft.near_weight * (others + abroad)


def lever_table(view: Any, name: str) -> Floats:
    """One entry of every lever, stacked [v, ...]."""
    return np.stack([np.asarray(getattr(getattr(view.levers, v), name)) for v in LEVERS])


def precondition(state: State, view: Any) -> Flags:
    """S3: whether each lever may grow [r, c, v]: a partner in Kabul, trust among the five."""
    partner = state.engagement[:, :, None] >= lever_table(view, "precondition_engagement")
    trust = state.pair_trust.mean(axis=1)[:, None] >= lever_table(view, "precondition_trust")
    return partner & trust[:, None, :]


def deliver(
    level: Floats,
    target: Floats,
    delay: Floats,
    allowed: Flags,
    cost: Floats,
    budget: Floats,
    free: Floats,
) -> tuple[Floats, Flags]:
    """S3: next levels [r, c, v] and which lever-weeks the budget blocked.

    Args:
        level: delivered levels [r, c, v].
        target: ordered levels [c, v].
        delay: weeks from order to one full level [v].
        allowed: precondition [r, c, v]; where it fails the target is zero.
        cost: relative cost per level and year [v].
        budget: relative cost per year that goals may come to [c].
        free: the part of it that new growth may use [r, c].
    """
    goal = np.where(allowed, target, 0.0)
    funded = np.minimum(budget / np.maximum((goal * cost).sum(axis=2), 1e-12), 1.0)[:, :, None]
    goal = goal * funded
    wish = level + np.clip(goal - level, -1.0 / delay, 1.0 / delay)
    growth = np.maximum(wish - level, 0.0)
    kept = np.minimum(wish, level)
    room = free - (kept * cost).sum(axis=2)
    price = (growth * cost).sum(axis=2)
    share = np.clip(room / np.maximum(price, 1e-12), 0.0, 1.0)[:, :, None]
    is_short = (goal > 0) & (funded < 1.0) | (growth > 0) & (share < 1.0)
    return kept + growth * share, is_short


def refugee_load(state: State, view: Any) -> Floats:
    """S5: refugees beyond those of August 2021 as a share of the people of a state [r, c]."""
    more = state.refugees - view.displacement.refugees_start
    return np.maximum(more, 0.0) / state_population(view.world)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance perception, budgets, delivery, repression and legitimacy by one week."""
    craft = view.statecraft
    alarm = rates.smoothed(state.alarm, events(state, view))
    alarm = np.maximum(alarm, 0.0)
    threat = rates.probability(craft.sensitivity * alarm)
    share = state.budget_share
    if week % PLANNING_WEEKS == 0:
        response = craft.budget_response * threat[:, :, None]
        response = response + craft.budget_from_shock * state.shock[:, :, None]
        wish = rates.softmax(np.log(craft.budget_start) + response)
        share = craft.budget_inertia * share + (1.0 - craft.budget_inertia) * wish

    target = lever_table(view, "target").T
    allowed = precondition(state, view)
    cost = lever_table(view, "cost")
    budget = craft.programme_budget
    free = budget * (1.0 - craft.programme_loss_from_shock * state.shock)
    delivered, short = deliver(
        state.delivered, target, lever_table(view, "delay"), allowed, cost, budget, free
    )
    arrests = rates.smoothed(state.arrests_per_week, state.week_arrests)
    usual = craft.arrest_reference / WEEKS_PER_YEAR
    excess = np.log((arrests + QUIET_ARRESTS) / (usual + QUIET_ARRESTS))
    reference = craft.repression_start + craft.repression_reference_shift
    reference = reference + craft.repression_from_shock * state.shock
    pull = reference + craft.repression_from_arrests * excess - state.repression
    repression = np.clip(state.repression + craft.repression_reversion * pull, 0.0, 1.0)
    goal = rates.logistic(
        rates.log_odds(craft.legitimacy_start)
        - craft.legitimacy_loss_from_shock * state.shock
        - craft.legitimacy_loss_from_repression * (repression - craft.repression_start)
        - craft.legitimacy_loss_from_refugees * refugee_load(state, view)
    )
    legitimacy = state.state_legitimacy + craft.legitimacy_reversion * (
        goal - state.state_legitimacy
    )
    info = Info(
        cost=(delivered * cost).sum(axis=2) / WEEKS_PER_YEAR,
        blocked_by_precondition=(target > 0) & ~allowed,
        blocked_by_budget=short,
    )
    changed = state.replace(
        alarm=alarm,
        threat=threat,
        budget_share=share,
        delivered=delivered,
        repression=repression,
        arrests_per_week=arrests,
        state_legitimacy=legitimacy,
    )
    return changed, info
