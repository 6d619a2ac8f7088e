"""Engagement with Kabul, state by state; docs/odd.md, "diplomacy" (D1 to D3)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.axes import BUDGETS
from spillover.twin.agents import Faction, State
from spillover.twin.arithmetic import clip, logit, mean, sigma
from spillover.twin.signs import lever_mean, missing_water, recognised, recognition_mean

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "diplomacy"
SIGNAL_WEEKS = 4
NEARBY_HOPS = 2
HIGHEST_LEVEL = 3


def start(model: TwinModel) -> None:
    """Engagement and trust of August 2021."""
    par = model.view.diplomacy
    for faction in model.authorities.factions:
        faction.reciprocity = float(par.reciprocity_start[faction.index])
    kept = mean(par.reciprocity_start.tolist())
    signals = 1.0 / (1.0 - par.trust_memory)
    for state in model.states:
        state.engagement = float(par.engagement_start[state.index])
        state.trust_kept, state.trust_broken = kept * signals, (1.0 - kept) * signals


def step(model: TwinModel) -> None:
    """One week."""
    par = model.view.diplomacy
    model.open_accounts(("blamed", "seen_kept", "seen_broken"), len(model.states))
    engaged = mean([state.engagement for state in model.states])
    pulls = {state: _pull(model, state, engaged) for state in model.states}
    for state, pull in pulls.items():
        blamed = sum(link.week_frontier for link in state.links) + state.week_home_attacks
        model.flows["blamed"][state.index] = blamed
        moved = state.engagement + par.engagement_reversion * (pull - state.engagement)
        state.engagement = clip(moved - par.loss_per_attack * blamed, 0.01, 0.99)
    for faction in model.authorities.factions:
        faction.reciprocity = _reciprocity(model, faction)
    for state in model.states:
        _remember(model, state)


def _pull(model: TwinModel, state: State, engaged: float) -> float:
    """D1: the level that engagement moves to."""
    view, c = model.view, state.index
    par, drivers = view.diplomacy, view.drivers
    trust = state.trust_kept / (state.trust_kept + state.trust_broken)
    budget_start = float(view.statecraft.budget_start[BUDGETS.index("engagement")])
    given = state.delivered["recognition"]
    member = float(view.intelligence.sco_member[c])
    integration = par.sco_integration + state.delivered["sco_integration"] * member
    score = (
        logit(float(par.engagement_start[c]))
        + par.engagement_from_trade * (state.trade_index - 1.0)
        + par.engagement_from_recognition * min(drivers.recognition, 1.0)
        + par.engagement_from_delisting * max(float(drivers.delisting[c]), min(given, 1.0))
        + par.engagement_from_standing * recognised(state)
        - float(par.affinity[c])
        + float(par.engagement_schedule[c])
        + par.engagement_from_peers * (engaged - par.peer_reference)
        + par.engagement_from_budget * math.log(state.budget_share["engagement"] / budget_start)
        + par.engagement_from_trust * (trust - par.trust_reference)
        + par.engagement_from_sco * min(integration, HIGHEST_LEVEL)
        + par.engagement_from_lever * state.delivered["engagement"]
        + par.engagement_from_cut * max(1.0 - _support(model, "united_states"), 0.0)
        - _water_quarrel(model, state)
    )
    return sigma(float(score))


def _water_quarrel(model: TwinModel, state: State) -> float:
    """D1: what missing water costs, as far as the canal is built and nothing is agreed."""
    view = model.view
    agreed = view.water.treaty + view.water.treaty_per_level * state.delivered["water_treaty"]
    blame = view.drivers.qosh_tepa_completion * (1.0 - min(agreed, 1.0))
    weight = view.structure.coupling.water_tension * view.diplomacy.engagement_loss_from_water
    return float(weight * missing_water(model, state) * blame)


def _support(model: TwinModel, name: str) -> float:
    """Money of an outside power, 1 = 2021."""
    return next(power.support for power in model.powers if power.name == name)


def _left_of_conditions(model: TwinModel) -> float:
    """W of D2: what conditions still earn beside the gifts of Moscow and Beijing."""
    moves = min(model.view.drivers.recognition, 1.0) + max(_support(model, "china") - 1.0, 0.0)
    return float(max(1.0 - model.view.diplomacy.conditions_loss_from_moves * moves, 0.0))


def _conditions(model: TwinModel, state: State) -> float:
    """L_c of D2."""
    joint = model.view.diplomacy.conditions_from_joint_pressure * state.delivered["joint_pressure"]
    return float(min(state.delivered["conditionality"] + joint, HIGHEST_LEVEL))


def _reciprocity(model: TwinModel, faction: Faction) -> float:
    """D2, from the new engagement."""
    par = model.view.diplomacy
    is_paid = model.view.structure.rival.bargaining == 0
    slope = getattr(par, f"reciprocity_slope_{faction.name}") if is_paid else 0.0
    rewarded = par.reciprocity_from_conditions if is_paid else 0.0
    pressing = [(_conditions(model, state), state.engagement) for state in model.states]
    stake = mean([state.trade_index for state in model.states]) - 1.0
    score = (
        logit(float(par.reciprocity_start[faction.index]))
        + slope * (mean([e for _, e in pressing]) - par.engagement_reference)
        + par.reciprocity_from_stake * stake
        + rewarded * _left_of_conditions(model) * mean([level * e for level, e in pressing])
        - par.reciprocity_loss_from_bare_pressure * mean([lev * (1.0 - e) for lev, e in pressing])
        - par.reciprocity_loss_from_sanctions * lever_mean(model, "targeted_sanctions")
        - par.reciprocity_loss_from_recognition * recognition_mean(model)
        - par.reciprocity_loss_from_rivals * (mean([x.support for x in model.powers]) - 1.0)
    )
    return sigma(float(score))


def _remember(model: TwinModel, state: State) -> None:
    """D3."""
    par = model.view.diplomacy
    shock = par.broken_promise_weight * state.week_broken_promises
    model.flows["seen_broken"][state.index] = state.week_broken_promises
    if model.week % SIGNAL_WEEKS == 0:
        c = state.index
        reach = max(NEARBY_HOPS, min(province.hops[c] for province in model.provinces))
        near = [province for province in model.provinces if province.hops[c] <= reach]
        kept = mean([province.promise_kept for province in near])
        is_kept = model.stream("diplomacy/signal", len(model.states)).is_hit(c, kept)
        model.flows["seen_kept"][state.index] = int(is_kept)
        model.flows["seen_broken"][state.index] += not is_kept
        state.trust_kept = par.trust_memory * state.trust_kept + is_kept
        state.trust_broken = par.trust_memory * state.trust_broken + (not is_kept)
    state.trust_broken += shock


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "engagement": [state.engagement for state in model.states],
        "trust_kept": [state.trust_kept for state in model.states],
        "trust_broken": [state.trust_broken for state in model.states],
        "reciprocity": [faction.reciprocity for faction in model.authorities.factions],
    }
