"""Trust among the five and the options of the CSTO; docs/odd.md, "alliances" (L1 to L4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spillover.axes import CSTO_OPTIONS
from spillover.twin.agents import Pair, State
from spillover.twin.arithmetic import Y, clip, mean, p, sigma
from spillover.twin.signs import csto_weight, missing_water

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "alliances"
QUARREL = ("KGZ", "TJK")
LARGEST_VARIANCE = 0.25  # of numbers between 0 and 1


def start(model: TwinModel) -> None:
    """Trust of August 2021; nothing pledged."""
    par = model.view.alliances
    for pair in model.pairs:
        less = par.trust_quarrel if _is_quarrel(pair) else 0.0
        pair.trust = clip(par.trust_start - less, 0.0, 1.0)
    for state in model.states:
        state.moscow_lean = float(par.lean_start[state.index])
    model.csto.pledged = dict.fromkeys(CSTO_OPTIONS, False)
    model.csto.delivered = dict.fromkeys(CSTO_OPTIONS, 0.0)


def _is_quarrel(pair: Pair) -> bool:
    return (pair.one.code, pair.other.code) == QUARREL


def step(model: TwinModel) -> None:
    """One week."""
    par = model.view.alliances
    for pair in model.pairs:
        pair.trust += par.trust_reversion * (_target(model, pair) - pair.trust)
    member = model.view.border.csto_member
    members = [state for state in model.states if member[state.index] > 0]
    model.flows |= {"pledged": [], "lapsed": [], "cohesion": _cohesion(model)}
    _pledge(model, members)
    _deliver(model, members)
    for state in model.states:
        _lean(model, state)


def _cohesion(model: TwinModel) -> float:
    """L4: how far the five pull together, for the accounts."""
    stances = [state.engagement for state in model.states]
    apart = mean([(stance - mean(stances)) ** 2 for stance in stances])
    return mean([pair.trust for pair in model.pairs]) * (1.0 - apart / LARGEST_VARIANCE)


def _target(model: TwinModel, pair: Pair) -> float:
    """L1."""
    view, one, other = model.view, pair.one, pair.other
    par, drivers, engaged = view.alliances, view.drivers, view.diplomacy.engagement_start
    drills = min(one.delivered["joint_exercises"], other.delivered["joint_exercises"])
    apart = abs(one.engagement - other.engagement)
    at_start = abs(float(engaged[one.index]) - float(engaged[other.index]))
    level = par.trust_start + par.trust_from_exercises * drills
    level -= par.trust_loss_from_stance * (apart - at_start)
    level -= _water_dispute(model, pair)
    if _is_quarrel(pair):
        level += (
            par.trust_from_treaty * drivers.kgz_tjk_treaty
            - par.trust_quarrel * (1.0 - drivers.kgz_tjk_treaty)
            - par.trust_loss_from_clash * max(model.outside.clash, drivers.kgz_tjk_clash)
        )
    return clip(level, 0.0, 1.0)


def _water_dispute(model: TwinModel, pair: Pair) -> float:
    """L1: trust lost where both miss water, less what they settle together."""
    par, one, other = model.view.alliances, pair.one, pair.other
    shared = min(missing_water(model, one), missing_water(model, other))
    work = min(one.delivered["dispute_settlement"], other.delivered["dispute_settlement"])
    weight = model.view.structure.coupling.water_tension * par.trust_loss_from_water
    return float(weight * shared - par.trust_from_settlement * work)


def _lean(model: TwinModel, state: State) -> None:
    """L5: reliance on Moscow."""
    view, c = model.view, state.index
    par = view.alliances
    at_start = p(float(view.statecraft.sensitivity[c]) * view.initial.alarm)
    pull = par.lean_from_threat * view.structure.coupling.threat_to_moscow
    more = pull * (state.threat - at_start) * model.outside.russian_attention
    goal = clip(float(par.lean_start[c]) + more, 0.0, 1.0)
    state.moscow_lean += par.lean_reversion * (goal - state.moscow_lean)


def _pledge(model: TwinModel, members: list[State]) -> None:
    """L2."""
    view, csto = model.view, model.csto
    par, n = view.alliances, len(CSTO_OPTIONS)
    trust = next(pair.trust for pair in model.pairs if _is_quarrel(pair))
    weights = [csto_weight(model, state) for state in model.states]
    heard = sum(w * state.threat for w, state in zip(weights, model.states, strict=True))
    score = (
        par.pledge_from_threat * heard / sum(weights)
        + par.pledge_from_attention * model.outside.russian_attention
        - par.pledge_loss_from_quarrel * (1.0 - trust)
        + view.diplomacy.csto_response_shift
    )
    pledging, lapsing = model.stream("alliances/pledge", n), model.stream("alliances/lapse", n)
    for o, option in enumerate(CSTO_OPTIONS):
        asked = mean([state.delivered[f"csto_{option}"] for state in members])
        struck = float(par.pledge_from_attacks[o]) * p(26 * model.outside.russian_alarm)
        base = float(par.pledge_base[o]) + par.request_per_level * asked + struck
        hazard = sigma(base + score) / Y
        is_lapsed = lapsing.is_hit(o, p(1.0 / par.pledge_weeks))
        is_made = pledging.is_hit(o, p(hazard))
        model.flows["pledged"].append(is_made and not csto.pledged[option])
        model.flows["lapsed"].append(is_lapsed and csto.pledged[option])
        csto.pledged[option] = not is_lapsed if csto.pledged[option] else is_made


def _deliver(model: TwinModel, members: list[State]) -> None:
    """L3."""
    view, csto = model.view, model.csto
    par = view.alliances
    developed = mean([state.delivered["csto_development"] for state in members])
    stronger = par.delivered_from_development * developed
    plans = min(mean([state.delivered["contingency_planning"] for state in members]), 1.0)
    for o, option in enumerate(CSTO_OPTIONS):
        share = min(float(par.delivered_share[o]) * (1.0 + stronger), 1.0)
        goal = share * model.outside.russian_attention if csto.pledged[option] else 0.0
        weeks = float(par.delivery_weeks[o])
        pace = min((1.0 + par.delivery_from_contingency * plans) / weeks, 1.0)
        csto.delivered[option] += pace * (goal - csto.delivered[option])


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "pair_trust": [pair.trust for pair in model.pairs],
        "csto_pledged": list(model.csto.pledged.values()),
        "csto_delivered": list(model.csto.delivered.values()),
        "moscow_lean": [state.moscow_lean for state in model.states],
    }
