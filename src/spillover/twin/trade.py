"""Trade with Afghanistan and corridors through it; docs/odd.md, "trade" (Y1 to Y10)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.axes import CARGO_MARKETS
from spillover.twin.arithmetic import Y, clip, mean, p

if TYPE_CHECKING:
    from spillover.twin.agents import Province, State
    from spillover.twin.model import TwinModel
    from spillover.twin.surroundings import Corridor

NAME = "trade"
NOISE_WEEKS = 52
"""Weeks that share one draw of the noise of trade."""
READY = 0.99
FASTEST = 1.5
OUTLETS = ("north_south", "east_west")


def start(model: TwinModel) -> None:
    """Trade and corridors of August 2021."""
    view, outside = model.view, model.outside
    delays = model.stream("trade/delay", len(model.corridors), at=0)
    for corridor in model.corridors:
        corridor.progress = float(view.trade.start_progress[corridor.index])
        corridor.delay_deviate = delays.normal(corridor.index)
    outside.pakistan_open = 1.0
    for state in model.states:
        usual = float(view.diplomacy.engagement_start[state.index])
        pull = _pull(model, state, usual, float(view.trade.cost[state.index]), 1.0, 0.0)
        state.trade_usd_m = sum(_parts(model, state, pull, 0.0).values())
        state.trade_index = _index(model, state)
    outside.afghan_trade_usd_m = _afghan_trade(model)
    start_control = {province: _start_control(model, province) for province in model.provinces}
    weights = {y: _weight(model, y, start_control, eased=0.0) for y in model.corridors}
    _earn(model, _cargo(model, weights))


def step(model: TwinModel) -> None:
    """One week."""
    _build(model)
    control = {province: province.control for province in model.provinces}
    plain, chosen = {}, {}
    for y in model.corridors:
        eased = _mean_lever(y.states, "trade_facilitation")
        plain[y] = _weight(model, y, control, eased)
        around = 0.0 if y.is_through_russia else _mean_lever(y.states, "route_diversification")
        chosen[y] = plain[y] * math.exp(model.view.trade.diversification * around)
    _earn(model, _cargo(model, chosen))
    _trade(model)
    outlets = [_russian_share(model, state, plain) for state in model.states]
    model.flows["russian_share"] = outlets
    model.flows["is_open"] = [y.is_open for y in model.corridors]


# ---- trade -----------------------------------------------------------------------------------


def _base(model: TwinModel, state: State) -> float:
    """T0: trade of a year with the incomes of 2020."""
    return float(getattr(model.view.trade.base_trade, state.code.lower()))


def _pull(
    model: TwinModel, state: State, engaged: float, cost: float, noise: float, sanctions: float
) -> float:
    """Y1."""
    view, c = model.view, state.index
    par, income = view.trade, view.drivers.national_income
    usual = float(view.diplomacy.engagement_start[c])
    incomes = float(income[0]) ** par.income_elasticity_afghan
    incomes *= float(income[1 + c]) ** par.income_elasticity_state
    contact = (1.0 + par.engagement_effect * engaged) / (1.0 + par.engagement_effect * usual)
    left = max(1.0 - par.loss_per_sanction * sanctions, 0.0)
    return float(incomes * contact * math.exp(-par.cost_elasticity * cost) * noise * left)


def _parts(model: TwinModel, state: State, pull: float, lines: float) -> dict[str, float]:
    """Y2: what the year's trade would be, by part."""
    par, base, c = model.view.trade, _base(model, state), state.index
    paid = par.staple_price ** (1.0 - par.staple_price_elasticity)
    afghan = float(model.view.drivers.national_income[0]) ** par.income_elasticity_afghan
    flour, fuel = float(par.flour_share[c]), float(par.fuel_share[c])
    power = float(par.power_share[c])
    return {
        "flour": base * flour * pull * paid,
        "fuel": base * fuel * pull * paid,
        "power": base * power * afghan * (1.0 + lines) * (1.0 - float(par.power_cut[c])),
        "other": base * (1.0 - flour - fuel - power) * pull,
    }


def _cost(model: TwinModel, state: State) -> float:
    """k of Y1."""
    view, par, c = model.view, model.view.trade, state.index
    held = mean([province.control for province in model.provinces])
    usual = mean([_start_control(model, province) for province in model.provinces])
    member = float(view.intelligence.sco_member[c])
    afghan = [y for y in model.corridors if y.is_afghan and state in y.states]
    now = sum(float(par.capacity[y.index]) for y in afghan if y.is_open)
    first = sum(float(par.capacity[y.index]) for y in afghan if _was_open(model, y))
    grown = (par.connection_scale + now) / (par.connection_scale + first)
    return float(
        float(par.cost[c])
        + par.cost_from_insecurity * (1.0 - held / usual)
        - par.cost_per_facilitation * state.delivered["trade_facilitation"]
        - par.cost_per_integration * state.delivered["sco_integration"] * member
        - par.cost_gain * math.log(grown)
    )


def _was_open(model: TwinModel, corridor: Corridor) -> bool:
    """Whether the corridor is in use with the works of the start."""
    progress = model.view.trade.start_progress
    if progress[corridor.index] < 1.0:
        return False
    return not corridor.needs or any(progress[y.index] >= 1.0 for y in corridor.needs)


def _trade(model: TwinModel) -> None:
    """Y1 to Y5 of the week."""
    par, outside = model.view.trade, model.outside
    draws = model.stream("trade/noise", len(model.states))
    lost = par.pakistan_trade * (1.0 - outside.pakistan_open)
    shares = par.diversion_share.tolist()
    traded: dict[str, list[float]] = {}
    for state in model.states:
        if model.week % NOISE_WEEKS == 0:
            state.trade_noise = draws.normal(state.index)
        noise = math.exp(par.noise * state.trade_noise - par.noise**2 / 2)
        sanctions = state.delivered["targeted_sanctions"]
        pull = _pull(model, state, state.engagement, _cost(model, state), noise, sanctions)
        gains = [
            float(par.power_gain[y.index])
            for y in model.corridors
            if y.is_power_line and y.is_open and state in y.states
        ]
        parts = _parts(model, state, pull, sum(gains))
        parts["diverted"] = par.diversion * lost * shares[state.index] / sum(shares)
        wanted = sum(parts.values())
        state.trade_usd_m += (wanted - state.trade_usd_m) / par.adjustment_weeks
        state.trade_index = _index(model, state)
        for name, value in parts.items():
            part = value * state.trade_usd_m / max(wanted, 1e-12)
            traded.setdefault(f"{name}_usd_m", []).append(part)
    outside.afghan_trade_usd_m = _afghan_trade(model)
    price = par.flour_price * par.staple_price
    sold = zip(model.states, par.export_share.tolist(), strict=True)
    model.flows |= traded
    model.flows["lost_pakistan_usd_m"] = lost
    model.flows["flour_kt"] = [1000 * flour / price for flour in traded["flour_usd_m"]]
    model.flows["exports_usd_m"] = [state.trade_usd_m * share for state, share in sold]


def _index(model: TwinModel, state: State) -> float:
    """Y4: trade relative to 2022."""
    reference = float(model.view.trade.index_reference[state.index])
    return state.trade_usd_m / (_base(model, state) * reference)


def _afghan_trade(model: TwinModel) -> float:
    """Y5."""
    par, passing = model.view.trade, model.outside.pakistan_open
    south = par.pakistan_trade * passing
    south += par.diversion_iran * par.pakistan_trade * (1.0 - passing)
    north = sum(state.trade_usd_m for state in model.states)
    return float(model.view.drivers.partner_trade + south + north)


# ---- corridors -------------------------------------------------------------------------------


def _start_control(model: TwinModel, province: Province) -> float:
    return float(model.view.rule.control_start[province.zone])


def _mean_lever(states: list[State], name: str) -> float:
    return mean([state.delivered[name] for state in states]) if states else 0.0


def _backing(model: TwinModel, corridor: Corridor) -> float:
    """B_y of Y6: levels that the five put behind a corridor."""
    par, backing = model.view.trade, 0.0
    for state in model.states:
        level = state.delivered["corridor_investment"]
        more = par.kabul_backing_per_level * max(level - 1.0, 0.0)
        pooled = min(float(par.kabul_backing[state.index]) + more, 1.0)
        if corridor.is_kabul:
            backing += pooled * level
        elif state in corridor.promoters:
            backing += (1.0 - pooled) * level
            if not corridor.is_through_russia:
                backing += par.planning * state.delivered["route_diversification"]
    return backing


def _money(model: TwinModel, corridor: Corridor, iranian: float) -> float:
    """money_y of Y6, from how much further the Iranian line has come."""
    par = model.view.trade
    abroad = sum(corridor.backers[power.name] * (power.support - 1.0) for power in model.powers)
    invested = par.works_per_investment * _backing(model, corridor)
    pushed = float(par.works_from_iran[corridor.index]) * iranian
    return max(1.0 + par.works_from_powers * abroad + invested + pushed, 0.0)


def _safety(model: TwinModel, corridor: Corridor) -> float:
    """safety_y of Y6."""
    if not corridor.is_afghan:
        return 1.0
    view, on_it = model.view, corridor.provinces
    par, will = view.trade, view.diplomacy.reciprocity_start
    held = mean([province.control for province in on_it])
    usual = mean([_start_control(model, province) for province in on_it])
    gained = []
    for province in on_it:
        kabul = float(view.rule.kabul_faction_share[province.zone])
        kept = _start_control(model, province)
        kept *= float(will[0]) * (1.0 - kabul) + float(will[1]) * kabul
        gained.append(province.promise_kept - kept)
    pace = (held / usual) ** par.works_from_control
    pace *= 1.0 + par.works_from_promise * mean(gained)
    pace *= max(1.0 - par.works_loss_per_attack * _attacks(corridor), 0.0)
    return clip(float(pace), 0.0, FASTEST)


def _attacks(corridor: Corridor) -> int:
    """Attacks of the week on the provinces of a corridor."""
    return sum(
        province.week_attacks + province.week_armed_attacks for province in corridor.provinces
    )


def _build(model: TwinModel) -> None:
    """Y6 and Y7: works, opening, sabotage."""
    par, n_y = model.view.trade, len(model.corridors)
    draws = model.stream("trade/works", 2 * n_y)
    accounts: dict[str, list[float]] = {"works": [], "opening": [], "damage": []}
    rival = next(corridor for corridor in model.corridors if corridor.name == "HERAT-MAZAR")
    iranian = rival.progress - float(par.start_progress[rival.index])
    for corridor in model.corridors:
        y, before = corridor.index, corridor.progress
        delay = par.delay * math.exp(par.delay_sd * corridor.delay_deviate)
        pace = float(par.pace[y]) * float(par.works_factor[y]) / (Y * delay)
        pace *= _money(model, corridor, iranian) * _safety(model, corridor)
        pace *= model.week >= float(par.works_begin[y])
        reached = before + max(min(before + pace, READY) - before, 0.0)
        works, opening, damage = reached - before, 0.0, 0.0
        if reached >= READY and draws.is_hit(y, p(1.0 / par.opening_weeks)):
            opening = 1.0 - reached
        hazard = par.sabotage_per_attack * par.sabotage_factor * _attacks(corridor)
        if draws.is_hit(n_y + y, p(hazard)):
            damage = min(par.sabotage_loss, reached + opening)
        corridor.progress = reached + opening - damage
        for name, value in (("works", works), ("opening", opening), ("damage", damage)):
            accounts[name].append(value)
    model.flows |= accounts


def _weight(
    model: TwinModel, corridor: Corridor, control: dict[Province, float], eased: float
) -> float:
    """v_y of Y8."""
    if not corridor.is_open:
        return 0.0
    par = model.view.trade
    score = par.cargo_per_facilitation * eased - par.cargo_cost * corridor.length_km / 1000
    if corridor.is_afghan:
        held = mean([control[province] for province in corridor.provinces])
        score -= par.cargo_cost_insecurity * (1.0 - held)
    if corridor.is_through_russia:
        score -= par.russian_route_cost
    passing = model.outside.pakistan_open if corridor.is_pakistani else 1.0
    return float(par.capacity[corridor.index]) * math.exp(score) * passing


def _cargo(model: TwinModel, weights: dict[Corridor, float]) -> dict[Corridor, float]:
    """Y8: million t a year on each corridor."""
    par = model.view.trade
    share, cargo = {}, {}
    for corridor, weight in weights.items():
        share[corridor] = cargo[corridor] = 0.0
        if corridor.market:
            k = CARGO_MARKETS.index(corridor.market)
            rivals = [w for other, w in weights.items() if other.market == corridor.market]
            share[corridor] = weight / (sum(rivals) + float(par.outside_weight[k]))
            wanted = share[corridor] * float(par.transit_demand[k])
            cargo[corridor] = min(wanted, float(par.capacity[corridor.index]))
    model.flows["cargo_share"], model.flows["cargo_mt"] = list(share.values()), list(cargo.values())
    return cargo


def _earn(model: TwinModel, cargo: dict[Corridor, float]) -> None:
    """Y9."""
    par = model.view.trade
    earned = [0.0] * (1 + len(model.states))
    for corridor, tonnes in cargo.items():
        for country, kilometres in enumerate(corridor.country_km):
            earned[country] += par.fee * tonnes * kilometres
        earned[0] += float(par.line_fee[corridor.index]) * corridor.is_open
    model.outside.transit_usd_m = earned[0]
    for state in model.states:
        state.transit_usd_m = earned[1 + state.index]


def _russian_share(model: TwinModel, state: State, weights: dict[Corridor, float]) -> float:
    """Y10."""
    par, through, around = model.view.trade, 0.0, 0.0
    for corridor, weight in weights.items():
        if corridor.market not in OUTLETS:
            continue
        access = 1.0 if state in corridor.states else par.neighbour_access
        if corridor.is_through_russia:
            through += weight * access
        else:
            around += weight * access
    around *= math.exp(par.diversification * state.delivered["route_diversification"])
    return float(through / max(through + around, 1e-12))


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    states, outside = model.states, model.outside
    return {
        "trade_usd_m": [state.trade_usd_m for state in states],
        "afghan_trade_usd_m": outside.afghan_trade_usd_m,
        "corridor_progress": [corridor.progress for corridor in model.corridors],
        "transit_usd_m": [outside.transit_usd_m, *(state.transit_usd_m for state in states)],
        "trade_index": [state.trade_index for state in states],
    }
