"""Alliances: trust among the five, the four options of the CSTO, the SCO and the CIS.

Idea: the CSTO pledges more easily than it delivers (I-CSTO-PLEDGE-NO-FORCES, I-CSTO-NO-COMBAT);
threat pulls it in (M-THREAT-CSTO-INFLUENCE), quarrels among members and the war in Ukraine keep it
out (M-CSTO-CLASH-COHESION, M-UKR-WAR-CSTO). Its four options in a malign turn are separate
choices: assistance, reinforcement, alignment with the Taliban against ISIS-K, entry. The SCO and
the CIS act through information links and dated programmes (processes/intelligence.py).

Equations (docs/odd.md, "alliances"):
    L1  pair trust += rate (T0 + exercises + settlement + treaty - clash - water - stances drifting
        apart - T)
    L2  pledge of option k per year = sigma(b_k + b1 threat + b2 attention - b3 quarrel + shift
        + requests + attacks on Russia); a pledge lapses with its own hazard
    L3  delivered_k += (pledged_k share_k (1 + development) attention - delivered_k) / delay
    L4  cohesion = mean pair trust x (1 - variance of engagement / 0.25)
    L5  lean on Moscow += rate (lean_0 + k (threat - threat_0) attention - lean); outside the CSTO
        it makes a state heard in L2 and lets it share in the help
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import CSTO_OPTIONS, STATE_PAIRS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import (
    PAIR_FIRST,
    PAIR_SECOND,
    Flags,
    Floats,
    State,
    csto_weight,
    lesser,
)
from spillover.streams import Streams, purpose
from spillover.world.river import load_river

NAME = "alliances"
READS = (
    "pair_trust", "csto_pledged", "csto_delivered", "threat", "engagement", "delivered",
    "moscow_lean", "russian_attention", "russian_alarm", "clash", "water_deficit",
)  # fmt: skip
WRITES = ("pair_trust", "csto_pledged", "csto_delivered", "moscow_lean")

PLEDGE = purpose("alliances/pledge")
LAPSE = purpose("alliances/lapse")
KGZ_TJK = STATE_PAIRS.index((STATES.index("KGZ"), STATES.index("TJK")))
LARGEST_VARIANCE = 0.25  # of numbers in [0, 1]


@dataclass(frozen=True, slots=True)
class Info:
    """Pledges made and lapsed [r, o], cohesion of the five [r]."""

    pledged: Flags
    lapsed: Flags
    cohesion: Floats


def water_dispute(state: State, view: Any) -> Floats:
    """L1: trust lost by pairs on the Amu Darya that miss water, less what they settle [r, s]."""
    alliances = view.alliances
    missing = rates.weighted_sums(state.water_deficit, load_river(view.world).state_weight)
    work = lesser(state.lever("dispute_settlement"))
    weight = view.structure.coupling.water_tension * alliances.trust_loss_from_water
    return weight * lesser(missing) - alliances.trust_from_settlement * work


def trust_target(state: State, view: Any) -> Floats:
    """L1, the level that pair trust reverts to [r, s]."""
    alliances, drivers = view.alliances, view.drivers
    drill = lesser(state.lever("joint_exercises"))
    target = alliances.trust_start + alliances.trust_from_exercises * drill
    target = target - water_dispute(state, view)
    clash = np.maximum(state.clash, drivers.kgz_tjk_clash)
    apart = np.abs(state.engagement[:, PAIR_FIRST] - state.engagement[:, PAIR_SECOND])
    start = view.diplomacy.engagement_start
    apart_at_start = np.abs(start[PAIR_FIRST] - start[PAIR_SECOND])
    target = target - alliances.trust_loss_from_stance * (apart - apart_at_start)
    special = np.zeros_like(target)
    special[:, KGZ_TJK] = (
        alliances.trust_from_treaty * drivers.kgz_tjk_treaty
        - alliances.trust_quarrel * (1.0 - drivers.kgz_tjk_treaty)
        - alliances.trust_loss_from_clash * clash
    )
    return np.clip(target + special, 0.0, 1.0)


def asked_for(state: State, view: Any) -> Floats:
    """L2: log odds that requests of members and attacks on Russia add to each option [r, o]."""
    alliances = view.alliances
    member = view.border.csto_member > 0
    requests = (  # in the order of CSTO_OPTIONS
        state.lever("csto_assistance"),
        state.lever("csto_reinforcement"),
        state.lever("csto_alignment"),
        state.lever("csto_entry"),
    )
    asked = np.stack([level[:, member].mean(axis=1) for level in requests], axis=1)
    struck = rates.probability(rates.HALF_YEAR * state.russian_alarm)[:, None]
    return alliances.request_per_level * asked + alliances.pledge_from_attacks * struck


def heard_threat(state: State, view: Any) -> Floats:
    """L2: mean threat of those whom the CSTO hears [r], members and states that lean on Moscow."""
    weight = csto_weight(state, view)
    return (weight * state.threat).sum(axis=1) / weight.sum(axis=1)


def lean_target(threat: Floats, attention: Floats, view: Any) -> Floats:
    """L5, the reliance on Moscow that a state moves to [r, c]."""
    craft, alliances = view.statecraft, view.alliances
    more = threat - rates.probability(craft.sensitivity * view.initial.alarm)
    pull = alliances.lean_from_threat * view.structure.coupling.threat_to_moscow
    return np.clip(alliances.lean_start + pull * more * attention[:, None], 0.0, 1.0)


def pledge_hazard(
    threat: Floats,
    quarrel: Floats,
    attention: Floats | float,
    view: Any,
    asked: Floats | float = 0.0,
) -> Floats:
    """L2: yearly hazard of pledging each option [r, o]; `asked` are further log odds [r, o]."""
    alliances = view.alliances
    score = (
        alliances.pledge_from_threat * threat
        + alliances.pledge_from_attention * attention
        - alliances.pledge_loss_from_quarrel * quarrel
        + view.diplomacy.csto_response_shift
    )
    return rates.logistic(alliances.pledge_base + score[:, None] + asked)


def cohesion(pair_trust: Floats, engagement: Floats) -> Floats:
    """L4: one number for how far the five pull together [r]."""
    return pair_trust.mean(axis=1) * (1.0 - engagement.var(axis=1) / LARGEST_VARIANCE)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance trust among the five and the options of the CSTO by one week."""
    alliances = view.alliances
    pair_trust = state.pair_trust + alliances.trust_reversion * (
        trust_target(state, view) - state.pair_trust
    )
    member = view.border.csto_member > 0
    threat = heard_threat(state, view)
    quarrel = 1.0 - pair_trust[:, KGZ_TJK]
    attention = state.russian_attention
    asked = asked_for(state, view)
    hazard = pledge_hazard(threat, quarrel, attention, view, asked) / WEEKS_PER_YEAR
    u = streams.uniform(PLEDGE, week, len(CSTO_OPTIONS))
    made = (u < rates.probability(hazard)) & ~state.csto_pledged
    u = streams.uniform(LAPSE, week, len(CSTO_OPTIONS))
    lapse = rates.probability(1.0 / alliances.pledge_weeks)
    lapsed = (u < lapse) & state.csto_pledged
    pledged = (state.csto_pledged | made) & ~lapsed
    strength = alliances.delivered_from_development * state.lever("csto_development")
    share = alliances.delivered_share * (1.0 + strength[:, member].mean(axis=1))[:, None]
    goal = pledged * np.minimum(share, 1.0) * attention[:, None]
    ready = 1.0 + alliances.delivery_from_contingency * np.minimum(
        state.lever("contingency_planning")[:, member].mean(axis=1), 1.0
    )
    pace = np.minimum(ready[:, None] / alliances.delivery_weeks, 1.0)
    delivered = state.csto_delivered + pace * (goal - state.csto_delivered)
    pull = lean_target(state.threat, attention, view) - state.moscow_lean
    changed = state.replace(
        pair_trust=pair_trust,
        csto_pledged=pledged,
        csto_delivered=delivered,
        moscow_lean=state.moscow_lean + alliances.lean_reversion * pull,
    )
    return changed, Info(made, lapsed, cohesion(pair_trust, state.engagement))
