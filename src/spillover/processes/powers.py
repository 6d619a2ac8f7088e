"""Outside powers: dated stances of eight powers and one simple reaction of each.

Idea: the powers mostly treat Afghanistan as an arena (A-EXTERNAL-ARENA), so what they do is dated
and enters from outside; each adds one bounded reaction. Russia attends less while it is at war
(M-UKR-WAR-CSTO) and more after attacks on itself (M-CROCUS-RUS-PARTNERSHIP); China presses on
ETIM/TIP (ST-CHN-ETIM-PRESSURE) and fills a gap that the West leaves (M-US-RETREAT-VACUUM); Pakistan
answers attacks by closing crossings and expelling people (M-TTP-PAK-CLASH); Iran expels more after
attacks beyond the region, of which it is one goal (A-ISK-EXTERNAL-OPS), and the United States make
sanctions weigh more, since the soil of Afghanistan was to serve no terrorists (I-DOHA); India comes
where Pakistan falls out (M-PAK-EROSION-INDIA), and China does more where India is kept out
(M-INDIA-ISOLATION-CHN); Azerbaijan and Turkey follow the line of the five states (ST-AZE-ENGAGE).
All reactions are neutral at the conditions of August 2021.

Equations (docs/odd.md, "powers"):
    X1  alarm += (attacks of the week - alarm) / 26, of Russia, Pakistan and those further away
    X2  Russian attention += (base (1 - war loss x war)(1 + k P(26 alarm)) + second base -
        attention) / delay
    X3  Chinese pressure = base + k (ETIM fighters / start - 1), in [0, 1]
    X4  surge = ln(alarm / that of 2021), bounded and calmed by dialogue; Pakistan open = base (1 -
        closing+) + (1 - base)(closing- or dialogue); expulsion = exp(k surge)
    X5  expulsion by Iran = economy^(-elasticity) x exp(k P(26 alarm)); sanctions = dated (1 + k
        P(26 alarm)), the alarm of those further away
    X6  support of power p = dated x own reaction x relief from sanctions x bargaining
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import GROUPS, HOSTS, POWERS, STATES
from spillover.state import Floats, State, rows
from spillover.streams import Streams

NAME = "powers"
READS = (
    "russian_attention", "russian_alarm", "pakistani_alarm", "distant_alarm",
    "week_russian_attacks", "week_pakistan_attacks", "week_foreign_attacks", "fighters",
    "engagement", "delivered",
)  # fmt: skip
WRITES = (
    "russian_attention", "russian_alarm", "pakistani_alarm", "distant_alarm", "chinese_pressure",
    "pakistan_open", "expulsion", "power_support",
)  # fmt: skip

LARGEST_ATTENTION = 2.0  # twice that of 2021; the bound of the driver
LARGEST_SUPPORT = 3.0  # three times that of 2021; keeps products of reactions bounded
LARGEST_SANCTIONS = 2.0  # twice those of 2021; the bound of the parameter
ETIM = GROUPS.index("ETIM")
RUSSIA, CHINA, INDIA, UNITED_STATES = (
    POWERS.index(name) for name in ("russia", "china", "india", "united_states")
)
FOLLOWERS = [POWERS.index(name) for name in ("turkey", "azerbaijan")]
PAKISTAN, IRAN = HOSTS.index("pakistan"), HOSTS.index("iran")
KGZ = STATES.index("KGZ")


@dataclass(frozen=True, slots=True)
class Info:
    """Effective number of bidders, how far Pakistan's answer departs from its dates, and the weight
    of sanctions [r]."""

    bidders: Floats
    closing: Floats
    sanctions: Floats


def attention_goal(alarm: Floats, base_level: Floats, view: Any) -> Floats:
    """X2, the attention that Russia's moves to [r].

    Args:
        alarm: attacks on Russia per week, smoothed [r].
        base_level: delivered level of a second base [r].
    """
    powers, drivers = view.powers, view.drivers
    at_war = powers.war_loss * drivers.ukraine_war * view.structure.coupling.ukraine_war
    struck = 1.0 + powers.attention_from_attacks * freshness(alarm)
    goal = drivers.russian_attention * (1.0 - at_war) * struck
    return np.clip(goal + powers.attention_from_base * base_level, 0.0, LARGEST_ATTENTION)


def pressure_of_china(etim: Floats, view: Any) -> Floats:
    """X3: pressure on ETIM/TIP [r] for its number of fighters [r]."""
    grown = etim / max(float(view.initial.group_fighters[ETIM]), 1.0) - 1.0
    pressure = view.drivers.chinese_pressure + view.powers.pressure_from_strength * grown
    return np.clip(pressure, 0.0, 1.0)


def pakistani_surge(alarm: Floats, calm: Floats, view: Any) -> Floats:
    """X4: log of attacks on Pakistan over those of 2021 [r], bounded; dialogue calms a rise."""
    ratio = np.maximum(alarm, 1e-12) / view.powers.attacks_reference
    cap = view.powers.surge_cap
    surge = np.clip(np.log(ratio), -cap, cap)
    return np.where(surge > 0.0, surge * (1.0 - calm), surge)


def crossings_open(surge: Floats, calm: Floats, view: Any) -> tuple[Floats, Floats]:
    """X4: open share of Pakistan's crossings and the answer to attacks [r], 1 shuts all."""
    base = view.drivers.pakistan_border_open
    closing = np.clip(view.powers.closing_from_attacks * surge, -1.0, 1.0)
    shut, eased = np.maximum(closing, 0.0), np.maximum(-closing, 0.0)
    reopened = 1.0 - (1.0 - eased) * (1.0 - calm)
    return base * (1.0 - shut) + (1.0 - base) * reopened, closing


def expulsions(surge: Floats, struck: Floats, view: Any) -> Floats:
    """X4 and X5: multiplier of the dated returns from each host [r, h].

    Args:
        surge: as `pakistani_surge` gives [r].
        struck: as `freshness` gives for attacks further away [r].
    """
    powers = view.powers
    factor = np.ones((len(surge), len(HOSTS)))
    factor[:, PAKISTAN] = np.exp(powers.expulsion_from_attacks * surge)
    poorer = powers.iran_economy ** (-powers.expulsion_from_economy)
    factor[:, IRAN] = poorer * np.exp(powers.iran_from_attacks * struck)
    return factor


def freshness(alarm: Floats) -> Floats:
    """X2 and X5: how fresh attacks are [r], 0 where none is remembered, at most 1."""
    return rates.probability(rates.HALF_YEAR * alarm)


def sanctions(struck: Floats, view: Any) -> Floats:
    """X5: weight of sanctions [r], 1 = 2021, heavier after attacks further away."""
    heavier = 1.0 + view.powers.sanctions_from_attacks * struck
    return np.minimum(view.powers.sanctions * heavier, LARGEST_SANCTIONS)


def bidders(offers: Floats) -> Floats:
    """X6: effective number of powers that offer [r]; all equal gives their number, one gives 1."""
    return offers.sum(axis=1) ** 2 / np.maximum((offers**2).sum(axis=1), 1e-12)


def support(
    pakistan_open: Floats, engagement: Floats, bargaining: Floats, sanctioned: Floats, view: Any
) -> tuple[Floats, Floats]:
    """X6: money for corridors and aid by power [r, p], 1 = 2021, and number of bidders [r].

    Args:
        pakistan_open: open share of Pakistan's crossings [r].
        engagement: mean engagement of the five with Kabul [r].
        bargaining: mean delivered level of bargaining among rivals [r].
        sanctioned: as `sanctions` gives [r].
    """
    powers = view.powers
    offers = np.tile(powers.support, (len(engagement), 1))
    missing = np.maximum(1.0 - powers.support[UNITED_STATES], 0.0)
    offers[:, [RUSSIA, CHINA]] *= 1.0 + powers.support_from_vacuum * missing
    offers[:, INDIA] *= 1.0 + powers.india_from_pakistan * (1.0 - pakistan_open)
    kept_out = 1.0 - offers[:, INDIA]
    offers[:, CHINA] *= np.maximum(1.0 + powers.china_from_isolation * kept_out, 0.0)
    closer = engagement - view.diplomacy.engagement_start.mean()
    offers[:, FOLLOWERS] *= np.maximum(1.0 + powers.support_from_engagement * closer, 0.0)[:, None]
    relief = 1.0 + powers.support_from_relief * (1.0 - sanctioned)
    offers *= np.maximum(relief, 0.0)[:, None]
    n = bidders(offers)
    terms = 1.0 + powers.support_from_bargaining * bargaining * n / len(POWERS)
    return np.minimum(offers * terms[:, None], LARGEST_SUPPORT), n


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """First levels of this process: the dated stances, without a reaction."""
    nobody = np.zeros(streams.n_replicates)
    usual = nobody + view.diplomacy.engagement_start.mean()
    opened, _ = crossings_open(nobody, nobody, view)
    return {
        "russian_attention": attention_goal(nobody, nobody, view),
        "russian_alarm": nobody.copy(),
        "pakistani_alarm": rows(streams, float(view.powers.attacks_reference)),
        "distant_alarm": nobody.copy(),
        "chinese_pressure": rows(streams, float(view.drivers.chinese_pressure)),
        "pakistan_open": opened,
        "expulsion": expulsions(nobody, nobody, view),
        "power_support": support(opened, usual, nobody, sanctions(nobody, view), view)[0],
    }


def rest(state: State, view: Any) -> dict[str, Any]:
    """Where the powers do not react: their dated stances of the week, at once; alarms stay."""
    drivers, n_r = view.drivers, state.n_replicates
    nobody = np.zeros(n_r)
    return {
        "russian_attention": attention_goal(nobody, nobody, view),
        "chinese_pressure": nobody + drivers.chinese_pressure,
        "pakistan_open": nobody + drivers.pakistan_border_open,
        "expulsion": np.ones((n_r, len(HOSTS))),
        "power_support": np.tile(view.powers.support, (n_r, 1)),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the stances of the eight powers by one week; nothing is drawn."""
    powers = view.powers
    struck = rates.smoothed(state.russian_alarm, state.week_russian_attacks)
    alarm = rates.smoothed(state.pakistani_alarm, state.week_pakistan_attacks)
    away = state.week_foreign_attacks - state.week_russian_attacks
    distant = rates.smoothed(state.distant_alarm, away)
    goal = attention_goal(struck, state.lever("second_base")[:, KGZ], view)
    attention = state.russian_attention + (goal - state.russian_attention) / powers.attention_weeks

    dialogue = state.lever("south_asia_dialogue").mean(axis=1)
    calm = np.minimum(powers.calm_from_dialogue * dialogue, 1.0)
    surge = pakistani_surge(alarm, calm, view)
    opened, closing = crossings_open(surge, calm, view)
    bargaining = state.lever("rivalry_bargaining").mean(axis=1)
    heavy = sanctions(freshness(distant), view)
    money, n = support(opened, state.engagement.mean(axis=1), bargaining, heavy, view)
    changed = state.replace(
        russian_attention=attention,
        russian_alarm=struck,
        pakistani_alarm=alarm,
        distant_alarm=distant,
        chinese_pressure=pressure_of_china(state.fighters[:, ETIM].sum(axis=1), view),
        pakistan_open=opened,
        expulsion=expulsions(surge, freshness(distant), view),
        power_support=money,
    )
    return changed, Info(bidders=n, closing=closing, sanctions=heavy)
