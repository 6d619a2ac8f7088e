"""Diplomacy between the five states and the Taliban: engagement, reciprocity, trust.

Idea: a state's engagement is anchored in its interest and moves with trade, recognition by
others, what it has seen kept, and attacks; Tajikistan holds a reserve for its kin (ST-TJK-CRITICAL,
ST-UZB-PRAGMATIC-2021, M-GUARANTEES-OPEN-CONTACTS). What engagement buys is disputed
(M-ENGAGE-DETER-TERROR against M-ENGAGE-INSUFFICIENT), so the slope of reciprocity has a prior
that includes failure, one for each faction. When the West pays less the region has more reason to
turn to itself (M-WEST-CUT-INTEGRATION); where outside powers compete Kabul can play them off
(M-COMPETITION-TAL-HEDGING), and what Moscow and Beijing give it need not earn from the five
(M-EXTERNAL-MOVES-COMPLICATE). Trust is a Beta record of promises seen to be kept.

Equations (docs/odd.md, "diplomacy"):
    D1  e += rate (sigma(logit e0 + trade + recognition + standing - affinity + peers + trust
        + budget + SCO + schedule + lever + Western cut - water) - e) - loss x blamed attacks, in
        [0.01, 0.99]
    D2  reciprocity of faction f = sigma(b_f + slope_f (e_mean - e_ref) + stake + conditions e
        x (1 - moves of powers) - pressure without reward - sanctions - recognition given - rivals)
    D3  every 4 weeks a state sees a promise kept with the mean probability of nearby provinces;
        Beta counts with forgetting; a frontier attack by an ally counts as several failures
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import BUDGETS, POWERS, STATES
from spillover.state import Counts, Floats, State, recognised, water_agreement
from spillover.streams import Streams, purpose
from spillover.world.cohorts import links_by_state
from spillover.world.river import load_river

NAME = "diplomacy"
READS = (
    "engagement", "trust_kept", "trust_broken", "promise_kept", "delivered", "week_frontier",
    "week_home_attacks", "week_broken_promises", "budget_share", "trade_index", "water_deficit",
    "power_support",
)  # fmt: skip
WRITES = ("engagement", "trust_kept", "trust_broken", "reciprocity")

SIGNAL = purpose("diplomacy/signal")
HIGHEST_LEVEL = 3.0  # of a lever; what scenario and policy ask of the SCO does not add beyond it
ENGAGEMENT_RANGE = (0.01, 0.99)  # some contact is always left, and some reserve
SIGNAL_WEEKS = 4  # a state takes stock monthly; weekly signals would make trust too sure
NEARBY_HOPS = 2  # a state watches provinces at most two links away
N_STATES = len(STATES)
ENGAGEMENT = BUDGETS.index("engagement")
CHINA, UNITED_STATES = (POWERS.index(name) for name in ("china", "united_states"))


@dataclass(frozen=True, slots=True)
class Info:
    """Attacks blamed on Afghan soil, promises seen kept and broken [r, c]."""

    blamed: Counts
    seen_kept: Counts
    seen_broken: Counts


def blamed_attacks(state: State, view: Any) -> Counts:
    """Attacks that a state blames on Afghan soil this week [r, c]."""
    return links_by_state(state.week_frontier, view.world) + state.week_home_attacks


def water_quarrel(state: State, view: Any) -> Floats:
    """D1: log odds of engagement lost to water that is missing downstream [r, c].

    A state blames Kabul as far as the canal is built and nothing is agreed (M-KOSHTEPA-TENSION).
    """
    missing = rates.weighted_sums(state.water_deficit, load_river(view.world).state_weight)
    agreed = water_agreement(state.lever("water_treaty"), view)
    blame = view.drivers.qosh_tepa_completion * (1.0 - agreed)
    weight = view.structure.coupling.water_tension * view.diplomacy.engagement_loss_from_water
    return weight * missing * blame


def formal_standing(level: Floats, view: Any) -> Floats:
    """D1, log odds of engagement from formal acts [r, c].

    The first level of recognition grants what the dated delistings have granted already.
    """
    dip = view.diplomacy
    act = np.maximum(view.drivers.delisting, np.minimum(level, 1.0))
    return dip.engagement_from_delisting * act + dip.engagement_from_standing * recognised(level)


def engagement_target(state: State, view: Any) -> Floats:
    """D1, the level that engagement reverts to [r, c]."""
    dip, drivers = view.diplomacy, view.drivers
    score = (
        rates.log_odds(dip.engagement_start)
        + dip.engagement_from_trade * (state.trade_index - 1.0)
        + dip.engagement_from_recognition * min(drivers.recognition, 1.0)
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
    member = view.intelligence.sco_member
    integration = dip.sco_integration + state.lever("sco_integration") * member
    integrates = dip.engagement_from_sco * np.minimum(integration, HIGHEST_LEVEL)
    standing = formal_standing(state.lever("recognition"), view)
    lever = dip.engagement_from_lever * state.lever("engagement")
    cut = np.maximum(1.0 - state.power_support[:, UNITED_STATES, None], 0.0)
    alone = dip.engagement_from_cut * cut
    moved = peers + attention + verified + integrates + standing + lever + alone
    return rates.logistic(score + moved - water_quarrel(state, view))


def unpaid(state: State, view: Any) -> Floats:
    """D2, log odds of reciprocity that sanctions and gifts cost [r].

    Gifts are recognition without a price, and rival powers that offer more than in 2021.
    """
    dip = view.diplomacy
    sanctions = state.lever("targeted_sanctions").mean(axis=1)
    given = recognised(state.lever("recognition")).mean(axis=1)
    return (
        dip.reciprocity_loss_from_sanctions * sanctions
        + dip.reciprocity_loss_from_recognition * given
        + dip.reciprocity_loss_from_rivals * (state.power_support.mean(axis=1) - 1.0)
    )


def weight_of_conditions(state: State, view: Any) -> Floats:
    """D2: what conditions of the five still earn [r], 1 while Moscow and Beijing give nothing."""
    moves = min(view.drivers.recognition, 1.0)
    moves = moves + np.maximum(state.power_support[:, CHINA] - 1.0, 0.0)
    return np.maximum(1.0 - view.diplomacy.conditions_loss_from_moves * moves, 0.0)


def conditions_set(state: State, view: Any) -> Floats:
    """D2: level of conditions on Kabul [r, c], own ones and those of joint pressure."""
    joint = view.diplomacy.conditions_from_joint_pressure * state.lever("joint_pressure")
    return np.minimum(state.lever("conditionality") + joint, HIGHEST_LEVEL)


def reciprocity(
    engagement: Floats,
    conditions: Floats,
    trade_index: Floats,
    view: Any,
    loss: Floats | float = 0.0,
    weight: Floats | float = 1.0,
) -> Floats:
    """D2: what engagement earns from each faction [r, f], less a loss in log odds [r].

    `weight` [r] is what is left of the reward of conditions.

    Under the rival account that engagement buys nothing, neither its level nor conditions on it
    earn anything; pressure without it still costs.
    """
    dip = view.diplomacy
    earns = float(view.structure.rival.bargaining == 0)
    mean = engagement.mean(axis=1)
    rewarded = (conditions * engagement).mean(axis=1)
    bare = (conditions * (1.0 - engagement)).mean(axis=1)
    stake = dip.reciprocity_from_stake * (trade_index.mean(axis=1) - 1.0)
    shared = (
        stake
        + earns * dip.reciprocity_from_conditions * weight * rewarded
        - dip.reciprocity_loss_from_bare_pressure * bare
        - loss
    )
    slope = earns * np.array([dip.reciprocity_slope_kandahar, dip.reciprocity_slope_kabul])
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
    loss, weight = unpaid(state, view), weight_of_conditions(state, view)
    asked = conditions_set(state, view)
    changed = state.replace(
        engagement=engagement,
        reciprocity=reciprocity(engagement, asked, state.trade_index, view, loss, weight),
        trust_kept=forget * state.trust_kept + kept,
        trust_broken=forget * state.trust_broken + broken + shock,
    )
    return changed, Info(events, kept, broken + state.week_broken_promises)
