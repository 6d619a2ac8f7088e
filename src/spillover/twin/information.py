"""Propaganda and what of it reaches people; docs/odd.md, "information" (F1 to F5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spillover.axes import LANGUAGES
from spillover.twin.arithmetic import clip

if TYPE_CHECKING:
    from spillover.twin.agents import State
    from spillover.twin.model import TwinModel

NAME = "information"


def start(model: TwinModel) -> None:
    """Output at its factor, nobody who answers it, open channels."""
    for medium in model.media:
        medium.output = float(model.view.information.propaganda_factor[medium.index])
    for cohort in model.cohorts:
        cohort.online_reach = _heard(model, _weights(model, cohort.state, cohort.region is None))
    for state in model.states:
        state.closed_share = 0.0


def step(model: TwinModel) -> None:
    """One week."""
    par = model.view.information
    for medium in model.media:
        goal = float(par.propaganda_factor[medium.index])
        goal *= 1.0 + par.propaganda_per_attack * _told(model, medium.index)
        goal *= _money(model)
        medium.output += par.propaganda_reversion * (goal - medium.output)
    removed = {
        state: min(par.monitoring_per_level * state.delivered["online_monitoring"], 1.0)
        for state in model.states
    }
    for cohort in model.cohorts:
        is_abroad = cohort.region is None
        weights = _weights(model, cohort.state, is_abroad)
        message = _message(model, cohort.state, weights, is_abroad)
        left = (1.0 - message) * (1.0 - removed[cohort.state])
        cohort.online_reach = _heard(model, weights) * left
    for state in model.states:
        goal = min(par.closed_per_level * state.delivered["online_monitoring"], 1.0)
        state.closed_share += par.closing_pace * (goal - state.closed_share)
    model.flows["messaging"] = [
        _message(model, state, _weights(model, state, False), False) for state in model.states
    ]
    model.flows["taken_down"] = list(removed.values())


def _weights(model: TwinModel, state: State, is_abroad: bool) -> list[float]:
    """F2: w of residents, v of emigrants."""
    par = model.view.information
    weights = [float(getattr(par.media_weight, name)[state.index]) for name in LANGUAGES]
    shares = [weight / sum(weights) for weight in weights]
    if not is_abroad:
        return shares
    more = par.russian_abroad
    return [
        (1.0 - more) * share + more * (language == "russian")
        for language, share in zip(LANGUAGES, shares, strict=True)
    ]


def _heard(model: TwinModel, weights: list[float]) -> float:
    return sum(w * medium.output for w, medium in zip(weights, model.media, strict=True))


def _told(model: TwinModel, language: int) -> float:
    """F1: attacks of the week that are told in a language."""
    told = float(model.outside.week_foreign_attacks)
    for state in model.states:
        weights = _weights(model, state, False)
        told += state.week_home_attacks * weights[language] / max(weights)
    return told


def _money(model: TwinModel) -> float:
    """F1: output by income."""
    view = model.view
    par, usual = view.information, view.cells.income * view.initial.isisk_fighters
    income = view.cells.income * model.isisk.in_cells() + model.isisk.week_flow_tax_usd
    ratio = clip(income / max(usual, 1.0), 1.0 / par.funds_cap, par.funds_cap)
    return float(ratio**par.funds_exponent)


def _message(model: TwinModel, state: State, weights: list[float], is_abroad: bool) -> float:
    """F3: part of what is heard that counter-messaging takes away."""
    par, level = model.view.information, state.delivered["counter_messaging"]
    main = max(weights)
    covered = main + (1.0 - main) * clip(level - 1.0, 0.0, 1.0)
    message = min(par.messaging_per_level * level * covered, 1.0)
    if is_abroad:
        far = par.messaging_abroad
        message *= far + (1.0 - far) * clip(level - 2.0, 0.0, 1.0)
    return float(message)


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "propaganda": [medium.output for medium in model.media],
        "online_reach": [cohort.online_reach for cohort in model.cohorts],
        "closed_share": [state.closed_share for state in model.states],
    }
