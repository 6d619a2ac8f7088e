"""Diplomacy between the five states and the Taliban: engagement, reciprocity, trust.

Idea: a state's engagement is anchored in its interest and moves with trade, recognition by
others, what it has seen kept, and attacks; Tajikistan holds a reserve for its kin (ST-TJK-CRITICAL,
ST-UZB-PRAGMATIC-2021, M-GUARANTEES-OPEN-CONTACTS). What engagement buys is disputed
(M-ENGAGE-DETER-TERROR against M-ENGAGE-INSUFFICIENT), so the slope of reciprocity has a prior
that includes failure, one for each faction. Trust is a Beta record of promises seen to be kept.

Equations (docs/odd.md, "diplomacy"):
    D1  e += rate (sigma(logit e0 + trade + recognition + delisting - affinity + peers + trust
        + budget + SCO + schedule + lever) - e) - loss x blamed attacks, kept in [0.01, 0.99]
    D2  reciprocity of faction f = sigma(b_f + slope_f (e_mean - e_ref) + stake + conditions e
        - pressure without reward)
    D3  every 4 weeks a state sees a promise kept with the mean probability of nearby provinces;
        Beta counts with forgetting; a frontier attack by an ally counts as several failures
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import BUDGETS, STATES
from spillover.state import Counts, Floats, State
from spillover.streams import Streams, purpose

NAME = "diplomacy"
READS = (
    "engagement", "trust_kept", "trust_broken", "promise_kept", "delivered", "week_frontier",
    "week_home_attacks", "week_broken_promises", "budget_share",
)  # fmt: skip
WRITES = ("engagement", "trust_kept", "trust_broken", "reciprocity")

SIGNAL = purpose("diplomacy/signal")
INTEGRATION = 1.0  # mode of the SCO in which it draws Afghanistan in
ENGAGEMENT_RANGE = (0.01, 0.99)  # some contact is always left, and some reserve
SIGNAL_WEEKS = 4  # a state takes stock monthly; weekly signals would make trust too sure
NEARBY_HOPS = 2  # a state watches provinces at most two links away
N_STATES = len(STATES)
ENGAGEMENT = BUDGETS.index("engagement")


@dataclass(frozen=True, slots=True)
class Info:
    """Attacks blamed on Afghan soil, promises seen kept and broken [r, c]."""

    blamed: Counts
    seen_kept: Counts
    seen_broken: Counts


def blamed_attacks(state: State, view: Any) -> Counts:
    """Attacks that a state blames on Afghan soil this week [r, c]."""
    owner = view.world.link_state
    frontier = [state.week_frontier[:, owner == c].sum(axis=1) for c in range(N_STATES)]
    return np.stack(frontier, axis=1) + state.week_home_attacks


def engagement_target(state: State, view: Any) -> Floats:
    """D1, the level that engagement reverts to [r, c]."""
    dip, drivers = view.diplomacy, view.drivers
    score = (
        rates.log_odds(dip.engagement_start)
        + dip.engagement_from_trade * (drivers.trade_index - 1.0)
        + dip.engagement_from_recognition * min(drivers.recognition, 1.0)
        + dip.engagement_from_delisting * drivers.delisting
        - dip.affinity
        + dip.engagement_schedule
    )
    share = state.budget_share[:, :, ENGAGEMENT] / view.statecraft.budget_start[ENGAGEMENT]
    attention = dip.engagement_from_budget * np.log(share)
    record = state.trust_kept / (state.trust_kept + state.trust_broken)
    verified = dip.engagement_from_trust * (record - dip.trust_reference)
    peers = dip.engagement_from_peers * (
        state.engagement.mean(axis=1, keepdims=True) - dip.peer_reference
    )
    integrates = dip.engagement_from_sco * (dip.sco_mode == INTEGRATION)
    lever = dip.engagement_from_lever * state.lever("engagement")
    return rates.logistic(score + peers + attention + verified + integrates + lever)


def reciprocity(engagement: Floats, conditions: Floats, view: Any) -> Floats:
    """D2: what engagement earns from each faction [r, f]."""
    dip = view.diplomacy
    mean = engagement.mean(axis=1)
    rewarded = (conditions * engagement).mean(axis=1)
    bare = (conditions * (1.0 - engagement)).mean(axis=1)
    stake = dip.reciprocity_from_stake * (view.drivers.trade_index.mean() - 1.0)
    shared = (
        stake
        + dip.reciprocity_from_conditions * rewarded
        - dip.reciprocity_loss_from_bare_pressure * bare
    )
    slope = np.array([dip.reciprocity_slope_kandahar, dip.reciprocity_slope_kabul])
    gained = slope * (mean[:, None] - dip.engagement_reference)
    return rates.logistic(rates.log_odds(dip.reciprocity_start) + gained + shared[:, None])


def promise_near(kept: Floats, hops: Counts) -> Floats:
    """Mean probability that a promise is kept in provinces near each state [r, c]."""
    near = hops <= np.maximum(hops.min(axis=0), NEARBY_HOPS)
    weight = near / near.sum(axis=0)
    return (kept[:, :, None] * weight).sum(axis=1)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance engagement, reciprocity and trust by one week."""
    dip = view.diplomacy
    events = blamed_attacks(state, view)
    pull = engagement_target(state, view) - state.engagement
    moved = state.engagement + dip.engagement_reversion * pull - dip.loss_per_attack * events
    engagement = np.clip(moved, *ENGAGEMENT_RANGE)

    kept = np.zeros_like(events)
    broken = np.zeros_like(events)
    forget = 1.0
    if week % SIGNAL_WEEKS == 0:
        chance = promise_near(state.promise_kept, view.world.hops_to_state)
        u = streams.uniform(SIGNAL, week, N_STATES)
        kept = (u < chance).astype(np.int64)
        broken = 1 - kept
        forget = dip.trust_memory
    shock = dip.broken_promise_weight * state.week_broken_promises
    changed = state.replace(
        engagement=engagement,
        reciprocity=reciprocity(engagement, state.lever("conditionality"), view),
        trust_kept=forget * state.trust_kept + kept,
        trust_broken=forget * state.trust_broken + broken + shock,
    )
    return changed, Info(events, kept, broken + state.week_broken_promises)
