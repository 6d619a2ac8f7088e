"""Services and the plots they find, plot by plot; docs/odd.md, "intelligence" (I1 to I6)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.agents import (
    ABROAD,
    AFGHANISTAN,
    DETAINED,
    DIASPORA,
    HOME,
    MEMBER,
    Pair,
    Plot,
    State,
)
from spillover.twin.arithmetic import Y, mean, p
from spillover.twin.signs import cis_share, csto_weight, money

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "intelligence"
HIGHEST_LEVEL = 3
ONE = ("disrupted_elsewhere", "fighters_captured", "fighters_escaped")


def start(model: TwinModel) -> None:
    """Files that are open in August 2021."""
    par = model.view.intelligence
    draws = model.stream("first_state/files", len(model.states))
    for state in model.states:
        state.busy = draws.poisson(
            state.index, float(par.false_leads[state.index]) / Y * par.file_weeks
        )
        state.service_capacity = 1.0


def step(model: TwinModel) -> None:
    """One week."""
    par = model.view.intelligence
    model.open_accounts(("citizens_arrested", "citizens_escaped"), len(model.cohorts))
    model.open_accounts(("operatives_escaped", "false_leads", "files_closed"), len(model.states))
    model.flows |= dict.fromkeys(ONE, 0)
    free = {}
    for state in model.states:
        state.service_capacity = _capacity(model, state)
        free[state] = state.service_capacity / (1.0 + state.busy / float(par.desks[state.index]))
        state.week_disrupted = 0
    links = {pair: _link(model, pair) for pair in model.pairs}
    detection = model.stream("intelligence/detection", len(model.plots))
    arrests = model.stream("intelligence/arrests", len(model.plots))
    for plot in [plot for plot in model.plots if plot is not None]:
        if detection.is_hit(plot.index, p(_hazard(model, plot, free, links))):
            _break_up(model, plot, arrests)
    leads = model.stream("intelligence/leads", 2 * len(model.states))
    noise = 1.0 + par.false_leads_from_links * mean(list(links.values()))
    for state in model.states:
        new = leads.poisson(state.index, float(par.false_leads[state.index]) / Y * noise)
        slot = len(model.states) + state.index
        closed = leads.binomial(slot, state.busy, p(1.0 / par.file_weeks))
        state.busy += new + state.week_disrupted - closed
        model.flows["false_leads"][state.index] = new
        model.flows["files_closed"][state.index] = closed
    model.flows["disrupted"] = [state.week_disrupted for state in model.states]
    model.flows["mean_link"] = mean(list(links.values()))


def _capacity(model: TwinModel, state: State) -> float:
    """I1."""
    par, csto = model.view.intelligence, model.csto.delivered
    help_ = (csto["assistance"] + csto["reinforcement"]) * csto_weight(model, state)
    base = state.delivered["second_base"] if state.code == "KGZ" else 0.0
    return float(
        money(model, state, "intelligence") ** par.capacity_exponent
        * (1.0 + par.capacity_from_exercises * state.delivered["joint_exercises"])
        * (1.0 + par.capacity_from_cis * cis_share(model, state))
        * (1.0 + par.capacity_from_csto * help_ + par.capacity_from_base * base)
        * (1.0 - par.capacity_loss_from_shock * state.shock)
    )


def _link(model: TwinModel, pair: Pair) -> float:
    """I3."""
    par = model.view.intelligence
    one, other = pair.one, pair.other
    shared = min(one.delivered["intelligence_sharing"], other.delivered["intelligence_sharing"])
    fused = min(one.delivered["fusion_centre"], other.delivered["fusion_centre"], 1.0)
    strength = par.link_base + par.link_from_sharing * shared + par.fusion_link * fused
    both = float(par.sco_member[one.index]) * float(par.sco_member[other.index])
    ordered = min(one.delivered["sco_coordination"], other.delivered["sco_coordination"])
    level = min(model.view.diplomacy.sco_coordination + ordered, HIGHEST_LEVEL)
    return float(min(pair.trust, strength + par.link_from_sco * level * both))


def _touches(model: TwinModel, plot: Plot) -> dict[State, float]:
    """I4: how much of a plot touches each state."""
    par = model.view.intelligence
    touches = {}
    for state in model.states:
        touch = 0.0
        if state is plot.target:
            touch += 1.0 if plot.base == HOME else par.touch_target_abroad
        if plot.base == AFGHANISTAN:
            touch += par.touch_border * float(par.borders_afghanistan[state.index])
        if plot.base in (ABROAD, DIASPORA) and plot.cohort and plot.cohort.state is state:
            touch = max(touch, par.touch_origin)
        touches[state] = min(touch, 1.0)
    return touches


def _hazard(
    model: TwinModel, plot: Plot, free: dict[State, float], links: dict[Pair, float]
) -> float:
    """I4: hazard that a plot is found this week."""
    par = model.view.intelligence
    origin = plot.cohort.state if plot.cohort else None
    happens = plot.target if isinstance(plot.target, State) else origin
    beside = happens.neighbours if happens else []
    touches = _touches(model, plot)
    seen, pieces = {}, {}
    for state, touch in touches.items():
        blind = par.closed_channel_loss * state.closed_share
        sight = (par.hazard_base + par.hazard_capacity * free[state]) * (1.0 - blind)
        piece = max(touch, par.touch_neighbour if state in beside else 0.0)
        seen[state], pieces[state] = touch * sight, piece * sight
    together = sum(
        link * math.sqrt(pieces[pair.one] * pieces[pair.other]) for pair, link in links.items()
    )
    corruption = mean([state.corruption for state in model.states])
    lost = par.leak * mean(list(links.values())) * corruption
    host = 0.0
    if plot.base == AFGHANISTAN:
        host = par.hazard_afghanistan * model.authorities.knowledge
    elif plot.base in (ABROAD, DIASPORA):
        watch = origin.delivered["diaspora_watch"] if origin else 0.0
        host = par.hazard_abroad * (1.0 + par.abroad_from_watch * watch)
    alone = sum(seen.values())
    return float((alone + par.fusion_gain * together) * (1.0 - lost) + host)


def _break_up(model: TwinModel, plot: Plot, arrests: Any) -> None:
    """I5: a plot that was found ends; some of its people are arrested, the others go back."""
    share = model.view.intelligence.arrest_share
    if plot.cohort is None:
        caught = arrests.binomial(plot.index, plot.men, share)
        model.isisk.unassigned += plot.men - caught
        model.flows["fighters_captured"] += caught
        model.flows["fighters_escaped"] += plot.men - caught
    else:
        taken = arrests.leavers(plot.index, plot.persons, share)
        for person in taken:
            plot.cohort.admit(person, DETAINED)
        model.flows["citizens_arrested"][plot.cohort.index] += len(taken)
        escaped = "operatives_escaped" if plot.base == ABROAD else "citizens_escaped"
        owner = plot.cohort.state.index if plot.base == ABROAD else plot.cohort.index
        model.flows[escaped][owner] += len(plot.persons)
        for person in plot.persons:
            if plot.base == ABROAD:
                person.condition = "operative"
                plot.cohort.state.operatives.append(person)
            else:
                plot.cohort.admit(person, MEMBER)
    if isinstance(plot.target, State):
        plot.target.week_disrupted += 1
    else:
        model.flows["disrupted_elsewhere"] += 1
    model.plots[plot.index] = None
    plot.remove()


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "busy": [state.busy for state in model.states],
        "service_capacity": [state.service_capacity for state in model.states],
        "week_disrupted": [state.week_disrupted for state in model.states],
    }
