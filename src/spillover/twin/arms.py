"""Arms from depots to the north, by pieces; docs/odd.md, "arms" (M1 to M5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.twin.arithmetic import Y, mean, p, rint, spread
from spillover.twin.signs import lethality, weak

if TYPE_CHECKING:
    from spillover.twin.agents import Link, State
    from spillover.twin.draws import Stream
    from spillover.twin.model import TwinModel

NAME = "arms"


def start(model: TwinModel) -> None:
    """Depots by population, and a market that keeps itself."""
    par, provinces = model.view.arms, model.provinces
    depots = spread(rint(par.depots_start), [province.population for province in provinces])
    for province, pieces in zip(provinces, depots, strict=True):
        province.arms_depots = pieces
    model.arms_market.stock = rint(par.depots_start * par.leak_hazard / par.sale_hazard)
    model.arms_market.week_north = 0
    for state in model.states:
        state.arms_circulating = rint(par.circulating_start[state.index])


def step(model: TwinModel) -> None:
    """One week."""
    market, n_a = model.arms_market, len(model.provinces)
    model.flows["lethality"] = [lethality(model, state) for state in model.states]
    draws = model.stream("arms/stocks", n_a + 2 * len(model.states))
    leaked = _leak(model, draws)
    own = {state: _own_supply(model, draws, state) for state in model.states}
    gone = {state: _withdrawn(model, draws, state) for state in model.states}
    through = _sell(model)
    _pass_on(model, through)
    for state in model.states:
        state.arms_circulating += own[state] - gone[state]
    market.stock += sum(leaked)
    model.flows["leaked"] = leaked
    model.flows |= {"own_supply": list(own.values()), "withdrawn": list(gone.values())}


def _with_kabul(model: TwinModel) -> float:
    """K of M1 and M2: mean arms control, counting states that Kabul works with."""
    least = model.view.arms.custody_engagement
    return mean(
        [
            state.delivered["arms_control"] if state.engagement >= least else 0.0
            for state in model.states
        ]
    )


def _leak(model: TwinModel, draws: Stream) -> list[int]:
    """M1: pieces that leave the depots of each province."""
    par, rule = model.view.arms, model.view.rule
    custody = min(par.custody_per_level * _with_kabul(model), 1.0)
    split = 1.0 + par.leak_from_split * rule.faction_split
    leaked = []
    for province in model.provinces:
        disloyal = float(rule.loyalty_start[province.zone]) - province.loyalty
        hazard = par.leak_hazard * weak(model, province) * split * (1.0 - custody) / Y
        hazard *= math.exp(par.leak_from_disloyalty * disloyal)
        hazard += par.loss_per_attack * (province.week_attacks + province.week_armed_attacks)
        pieces = draws.around(province.index, province.arms_depots * p(hazard))
        pieces = min(pieces, province.arms_depots)
        province.arms_depots -= pieces
        leaked.append(pieces)
    return leaked


def _own_supply(model: TwinModel, draws: Stream, state: State) -> int:
    """M4: what a state's own stocks give; alone it keeps the start."""
    par = model.view.arms
    kept = rint(par.circulating_start[state.index])
    slot = len(model.provinces) + state.index
    return draws.around(slot, p(par.withdrawal_hazard / Y) * kept)


def _withdrawn(model: TwinModel, draws: Stream, state: State) -> int:
    """M4: what goes out of use in a state."""
    par = model.view.arms
    more = 1.0 + par.withdrawal_per_level * state.delivered["arms_control"]
    slot = len(model.provinces) + len(model.states) + state.index
    pieces = draws.around(slot, state.arms_circulating * p(par.withdrawal_hazard * more / Y))
    return min(pieces, state.arms_circulating)


def _link_shares(model: TwinModel) -> list[float]:
    """M3: where those go who sell at the border."""
    view = model.view
    avoid = view.structure.coupling.border_displacement * view.border.avoidance
    into = dict.fromkeys(model.regions, 0)
    for link in model.links:
        into[link.region] += 1

    def weight(link: Link) -> float:
        people = link.region.population / into[link.region]
        return float(people * math.exp(-avoid * link.perceived_detection))

    weights = [weight(link) for link in model.links]
    return [one / sum(weights) for one in weights]


def _sell(model: TwinModel) -> dict[State, int]:
    """M2, M3: sales of the market; what comes through to each state."""
    par, market, n_l = model.view.arms, model.arms_market, len(model.links)
    draws = model.stream("arms/market", n_l + 3)
    stops = model.stream("arms/border", n_l + len(model.states) ** 2)
    sold = min(draws.around(0, market.stock * p(par.sale_hazard / Y)), market.stock)
    buyback = min(par.buyback_per_level * _with_kabul(model), 1.0)
    bought = draws.binomial(1, sold, buyback)
    rest = sold - bought
    open_ = mean([weak(model, province) for province in model.provinces if province.is_at_border])
    north = rest * min(par.north_share * open_, 1.0)
    market.stock -= sold
    through, tries = dict.fromkeys(model.states, 0), dict.fromkeys(model.states, 0)
    for link, share in zip(model.links, _link_shares(model), strict=True):
        tried = min(draws.poisson(2 + link.index, north * par.local_share * share), rest)
        rest -= tried
        stopped = stops.binomial(link.index, tried, link.detection)
        tries[link.state] += tried
        through[link.state] += tried - stopped
    offered = draws.poisson(2 + n_l, north * (1.0 - par.local_share))
    market.week_north = min(offered, rest)
    model.flows |= {"bought_back": bought, "offered": market.week_north}
    model.flows["sold_elsewhere"] = rest - market.week_north
    model.flows["tried"] = list(tries.values())
    model.flows["stopped"] = [tries[state] - through[state] for state in model.states]
    return through


def _pass_on(model: TwinModel, through: dict[State, int]) -> None:
    """M4: some of what came through goes on to neighbours, in the order of the states."""
    par, n_l, n_c = model.view.arms, len(model.links), len(model.states)
    draws = model.stream("arms/border", n_l + n_c**2)
    received = dict.fromkeys(model.states, 0)
    passed_on = dict.fromkeys(model.states, 0)
    for state, pieces in through.items():
        left = pieces
        for other in sorted(state.neighbours, key=lambda neighbour: neighbour.index):
            expected = par.onward_share * pieces / len(state.neighbours)
            passed = min(draws.poisson(n_l + n_c * state.index + other.index, expected), left)
            left -= passed
            received[other] += passed
        passed_on[state] = pieces - left
        state.arms_circulating += left
    for state, pieces in received.items():
        state.arms_circulating += pieces
    model.flows |= {"passed_on": list(passed_on.values()), "received": list(received.values())}


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "arms_depots": [province.arms_depots for province in model.provinces],
        "arms_market": model.arms_market.stock,
        "arms_circulating": [state.arms_circulating for state in model.states],
        "week_arms_north": model.arms_market.week_north,
    }
