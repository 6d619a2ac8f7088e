"""The eight outside powers; docs/odd.md, "powers" (X1 to X6)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.axes import GROUPS, POWERS
from spillover.twin.arithmetic import clip, mean, p
from spillover.twin.signs import lever_mean

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "powers"
SMOOTHING_WEEKS = 26
MOST_ATTENTION, MOST_SUPPORT, MOST_SANCTIONS = 2.0, 3.0, 2.0


def start(model: TwinModel) -> None:
    """Dated stances without a reaction."""
    outside = model.outside
    outside.russian_alarm = outside.distant_alarm = 0.0
    outside.pakistani_alarm = float(model.view.powers.attacks_reference)
    outside.russian_attention = _attention_goal(model, second_base=0.0)
    outside.chinese_pressure = float(model.view.drivers.chinese_pressure)
    _answer(model, surge=0.0, calm=0.0)
    usual = mean(model.view.diplomacy.engagement_start.tolist())
    _support(model, usual, bargaining=0.0)


def step(model: TwinModel) -> None:
    """One week."""
    view, outside = model.view, model.outside
    russia, pakistan = outside.week_russian_attacks, outside.week_pakistan_attacks
    outside.russian_alarm += (russia - outside.russian_alarm) / SMOOTHING_WEEKS
    outside.pakistani_alarm += (pakistan - outside.pakistani_alarm) / SMOOTHING_WEEKS
    away = outside.week_foreign_attacks - russia
    outside.distant_alarm += (away - outside.distant_alarm) / SMOOTHING_WEEKS
    goal = _attention_goal(model, model.state("KGZ").delivered["second_base"])
    lag = view.powers.attention_weeks
    outside.russian_attention += (goal - outside.russian_attention) / lag
    outside.chinese_pressure = _pressure(model)
    calm = min(view.powers.calm_from_dialogue * lever_mean(model, "south_asia_dialogue"), 1.0)
    _answer(model, _surge(model, calm), calm)
    engagement = mean([state.engagement for state in model.states])
    _support(model, engagement, lever_mean(model, "rivalry_bargaining"))


def _attention_goal(model: TwinModel, second_base: float) -> float:
    """X2: attention that Russia moves to."""
    view = model.view
    par, drivers = view.powers, view.drivers
    at_war = par.war_loss * drivers.ukraine_war * view.structure.coupling.ukraine_war
    struck = par.attention_from_attacks * p(SMOOTHING_WEEKS * model.outside.russian_alarm)
    goal = drivers.russian_attention * (1.0 - at_war) * (1.0 + struck)
    return clip(goal + par.attention_from_base * second_base, 0.0, MOST_ATTENTION)


def _at_start(model: TwinModel, name: str) -> float:
    return float(model.view.initial.group_fighters[GROUPS.index(name)])


def _pressure(model: TwinModel) -> float:
    """X3."""
    view = model.view
    grown = model.group("ETIM").strength / max(_at_start(model, "ETIM"), 1.0) - 1.0
    pressure = view.drivers.chinese_pressure + view.powers.pressure_from_strength * grown
    return clip(float(pressure), 0.0, 1.0)


def _surge(model: TwinModel, calm: float) -> float:
    """X4: s, less what dialogue calms of a rise."""
    cap = model.view.powers.surge_cap
    usual = model.view.powers.attacks_reference
    surge = clip(math.log(max(model.outside.pakistani_alarm, 1e-12) / usual), -cap, cap)
    return surge * (1.0 - calm) if surge > 0 else surge


def _answer(model: TwinModel, surge: float, calm: float) -> None:
    """X4 and X5: what Pakistan lets pass, and whom the hosts send back."""
    par, dated = model.view.powers, model.view.drivers.pakistan_border_open
    closing = clip(par.closing_from_attacks * surge, -1.0, 1.0)
    reopened = 1.0 - (1.0 - max(-closing, 0.0)) * (1.0 - calm)
    passing = dated * (1.0 - max(closing, 0.0)) + (1.0 - dated) * reopened
    model.outside.pakistan_open = float(passing)
    for host in model.hosts:
        if host.name == "pakistan":
            host.expulsion = math.exp(par.expulsion_from_attacks * surge)
        else:
            poorer = par.iran_economy ** (-par.expulsion_from_economy)
            host.expulsion = float(poorer * math.exp(par.iran_from_attacks * _struck(model)))
    model.flows["closing"] = closing


def _struck(model: TwinModel) -> float:
    """X5: how fresh the attacks further away are."""
    return p(SMOOTHING_WEEKS * model.outside.distant_alarm)


def _sanctions(model: TwinModel) -> float:
    """X5: weight of sanctions."""
    par = model.view.powers
    heavier = par.sanctions * (1.0 + par.sanctions_from_attacks * _struck(model))
    return float(min(heavier, MOST_SANCTIONS))


def _support(model: TwinModel, engagement: float, bargaining: float) -> None:
    """X6."""
    par = model.view.powers
    usual = mean(model.view.diplomacy.engagement_start.tolist())
    vacuum = max(1.0 - float(par.support[POWERS.index("united_states")]), 0.0)
    sanctions = _sanctions(model)
    relief = max(1.0 + par.support_from_relief * (1.0 - sanctions), 0.0)
    shut = par.india_from_pakistan * (1.0 - model.outside.pakistan_open)
    indian = float(par.support[POWERS.index("india")]) * (1.0 + shut)
    offers = {}
    for power in model.powers:
        offer = float(par.support[power.index])
        if power.name in ("russia", "china"):
            offer *= 1.0 + par.support_from_vacuum * vacuum
            if power.name == "china":
                offer *= max(1.0 + par.china_from_isolation * (1.0 - indian), 0.0)
        elif power.name == "india":
            offer = indian
        elif power.name in ("turkey", "azerbaijan"):
            offer *= max(1.0 + par.support_from_engagement * (engagement - usual), 0.0)
        offers[power] = offer * relief
    squares = sum(offer**2 for offer in offers.values())
    bidders = sum(offers.values()) ** 2 / max(squares, 1e-12)
    terms = 1.0 + par.support_from_bargaining * bargaining * bidders / len(POWERS)
    for power, offer in offers.items():
        power.support = min(offer * terms, MOST_SUPPORT)
    model.flows |= {"bidders": bidders, "sanctions": sanctions}


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    outside = model.outside
    return {
        "russian_attention": outside.russian_attention,
        "russian_alarm": outside.russian_alarm,
        "pakistani_alarm": outside.pakistani_alarm,
        "distant_alarm": outside.distant_alarm,
        "chinese_pressure": outside.chinese_pressure,
        "pakistan_open": outside.pakistan_open,
        "expulsion": [host.expulsion for host in model.hosts],
        "power_support": [power.support for power in model.powers],
    }
