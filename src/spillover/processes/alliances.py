"""Alliances: trust among the five, the four options of the CSTO, the SCO and the CIS.

Idea: the CSTO pledges more easily than it delivers (I-CSTO-PLEDGE-NO-FORCES, I-CSTO-NO-COMBAT);
threat pulls it in (M-THREAT-CSTO-INFLUENCE), quarrels among members and the war in Ukraine keep it
out (M-CSTO-CLASH-COHESION, M-UKR-WAR-CSTO). Its four options in a malign turn are separate
choices: assistance, reinforcement, alignment with the Taliban against ISIS-K, entry. The SCO and
the CIS act through information links and dated programmes (processes/intelligence.py).

Equations (docs/odd.md, "alliances"):
    L1  pair trust += rate (T0 + exercises + treaty - clash - stances drifting apart - T)
    L2  pledge of option k per year = sigma(b_k + b1 threat + b2 attention - b3 quarrel + shift);
        a pledge lapses with its own hazard
    L3  delivered_k += (pledged_k share_k attention - delivered_k) / delay
    L4  cohesion = mean pair trust x (1 - variance of engagement / 0.25)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import CSTO_OPTIONS, STATE_PAIRS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Flags, Floats, State
from spillover.streams import Streams, purpose

NAME = "alliances"
READS = ("pair_trust", "csto_pledged", "csto_delivered", "threat", "engagement", "delivered")
WRITES = ("pair_trust", "csto_pledged", "csto_delivered")

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


def trust_target(state: State, view: Any) -> Floats:
    """L1, the level that pair trust reverts to [r, s]."""
    alliances, drivers = view.alliances, view.drivers
    drill = state.lever("joint_exercises")
    shared = np.stack([np.minimum(drill[:, i], drill[:, j]) for i, j in STATE_PAIRS], axis=1)
    target = alliances.trust_start + alliances.trust_from_exercises * shared
    clash = min(drivers.domestic_shock[STATES.index(s)] for s in ("KGZ", "TJK"))
    apart = np.stack(
        [np.abs(state.engagement[:, i] - state.engagement[:, j]) for i, j in STATE_PAIRS], axis=1
    )
    start = view.diplomacy.engagement_start
    apart_at_start = np.array([abs(start[i] - start[j]) for i, j in STATE_PAIRS])
    target = target - alliances.trust_loss_from_stance * (apart - apart_at_start)
    special = np.zeros(len(STATE_PAIRS))
    special[KGZ_TJK] = (
        alliances.trust_from_treaty * drivers.kgz_tjk_treaty
        - alliances.trust_quarrel * (1.0 - drivers.kgz_tjk_treaty)
        - alliances.trust_loss_from_clash * clash
    )
    return np.clip(target + special, 0.0, 1.0)


def pledge_hazard(threat: Floats, quarrel: Floats, attention: float, view: Any) -> Floats:
    """L2: yearly hazard of pledging each option [r, o]."""
    alliances = view.alliances
    score = (
        alliances.pledge_from_threat * threat
        + alliances.pledge_from_attention * attention
        - alliances.pledge_loss_from_quarrel * quarrel
        + view.diplomacy.csto_response_shift
    )
    return rates.logistic(alliances.pledge_base + score[:, None])


def cohesion(pair_trust: Floats, engagement: Floats) -> Floats:
    """L4: one number for how far the five pull together [r]."""
    return pair_trust.mean(axis=1) * (1.0 - engagement.var(axis=1) / LARGEST_VARIANCE)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance trust among the five and the options of the CSTO by one week."""
    alliances, drivers = view.alliances, view.drivers
    pair_trust = state.pair_trust + alliances.trust_reversion * (
        trust_target(state, view) - state.pair_trust
    )
    member = view.border.csto_member > 0
    threat = state.threat[:, member].mean(axis=1)
    quarrel = 1.0 - pair_trust[:, KGZ_TJK]
    attention = drivers.russian_attention
    hazard = pledge_hazard(threat, quarrel, attention, view) / WEEKS_PER_YEAR
    u = streams.uniform(PLEDGE, week, len(CSTO_OPTIONS))
    made = (u < rates.probability(hazard)) & ~state.csto_pledged
    u = streams.uniform(LAPSE, week, len(CSTO_OPTIONS))
    lapse = rates.probability(1.0 / alliances.pledge_weeks)
    lapsed = (u < lapse) & state.csto_pledged
    pledged = (state.csto_pledged | made) & ~lapsed
    goal = pledged * alliances.delivered_share * attention
    ready = 1.0 + alliances.delivery_from_contingency * np.minimum(
        state.lever("contingency_planning")[:, member].mean(axis=1), 1.0
    )
    pace = np.minimum(ready[:, None] / alliances.delivery_weeks, 1.0)
    delivered = state.csto_delivered + pace * (goal - state.csto_delivered)
    changed = state.replace(pair_trust=pair_trust, csto_pledged=pledged, csto_delivered=delivered)
    return changed, Info(made, lapsed, cohesion(pair_trust, state.engagement))
