"""Trade of the five states with Afghanistan, and corridors of transit and power through it.

Idea: trade follows the incomes on both sides, contact with Kabul and what it costs to cross
(M-GUARANTEES-OPEN-CONTACTS, M-INSTABILITY-GRAIN); flour, fuel and power
make most of it (C-POWER-UZB, C-POWER-TKM). When Pakistan shuts its crossings a part of what it
carried turns north (ST-PAK-HOSTILE). A corridor is works that need money, guards and promises that
are kept (M-CORRIDORS-NEED-SECURITY, M-TAKEOVER-HALTS-ROADMAP), and once it is open it takes cargo
from the others (M-LAPIS-DIVERTS-UZB, M-IRAN-DIVERTS, M-FIVE-NATIONS-DILUTES, M-TORGHUNDI-NAIBABAD,
M-HERAT-MAZAR-UNDERMINES-LAPIS). Routes to the south
can replace those through Russia or lengthen them (U-CORRIDOR-RUSSIA).

Equations (docs/odd.md, "trade"):
    Y1  pull = A^eA Y_c^eY (1 + b e) / (1 + b e_0) exp(-theta cost) noise (1 - sanctions)
    Y2  flour, fuel = T0 share pull price^(1 - eta); power = T0 share A^eA (1 + lines) (1 - cut);
        other = T0 share pull
    Y3  diverted = d lost share_c, lost = trade through Pakistan (1 - open)
    Y4  T += (sum of parts - T) / weeks of adjustment; index = T / (T0 x level of 2022)
    Y5  Afghan trade = partners + Pakistan x open + part of lost by Iran + sum over c of T
    Y6  works = pace / delay x money x safety, up to 0.99; then opened with a weekly probability
    Y7  sabotage takes a share of the works with a probability that grows with attacks on the route
    Y8  cargo share = weight / (sum of weights of the market + outside), weight = open capacity
        exp(-cost of the route)
    Y9  transit = cargo x kilometres in a country x fee, and fixed fees of lines
    Y10 dependence on Russia = share of weights of outlets that run through it
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from spillover import rates
from spillover.axes import CARGO_MARKETS, CORRIDORS, STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.rates import weighted_sums
from spillover.state import Flags, Floats, State, rows
from spillover.streams import Streams, purpose
from spillover.world.transport import Transport, transport

NAME = "trade"
READS = (
    "trade_usd_m", "corridor_progress", "engagement", "control", "promise_kept", "delivered",
    "pakistan_open", "power_support", "week_attacks", "week_armed_attacks",
)  # fmt: skip
WRITES = (
    "trade_usd_m", "afghan_trade_usd_m", "corridor_progress", "transit_usd_m", "trade_index",
)  # fmt: skip

NOISE = purpose("trade/noise")
DELAY = purpose("trade/delay")
WORKS = purpose("trade/works")
YEAR = 52  # weeks that share one draw of the noise of trade
READY = 0.99  # works done; the rest is testing and the act of opening
OPEN = 1.0  # progress of a corridor in use
MOST_SAFETY = 1.5  # works go at most half faster than planned for reasons of safety
N_STATES = len(STATES)
IRANIAN = CORRIDORS.index("HERAT-MAZAR")  # draws cargo of the north to Iran (M-IRAN-DIVERTS)
OUTLETS = [CARGO_MARKETS.index(name) for name in ("north_south", "east_west")]


@dataclass(frozen=True, slots=True)
class Info:
    """Trade in USD million a year [r, c] by part; works, cargo and openness of corridors [r, y]."""

    flour_usd_m: Floats
    fuel_usd_m: Floats
    power_usd_m: Floats
    other_usd_m: Floats
    diverted_usd_m: Floats  # from crossings of Pakistan
    exports_usd_m: Floats  # of the state to Afghanistan
    flour_kt: Floats  # 1,000 t a year
    lost_pakistan_usd_m: Floats  # [r] trade that cannot pass
    works: Floats  # progress made
    opening: Floats  # progress by being opened
    damage: Floats  # progress lost to sabotage
    is_open: Flags
    cargo_mt: Floats  # million t a year
    cargo_share: Floats  # of its market
    russian_share: Floats  # [r, c] of outlets, by weight


_KEPT: WeakKeyDictionary[Streams, dict[tuple[int, int], Floats]] = WeakKeyDictionary()


def lasting(streams: Streams, purpose_id: int, week: int, n: int) -> Floats:
    """Normal draws [r, n] that many weeks share, worked out once for a batch and kept.

    They follow from the address alone, so a batch that has not kept them draws the same.
    """
    kept = _KEPT.setdefault(streams, {})
    if (purpose_id, week) not in kept:
        normals = rates.normal(streams.uniform(purpose_id, week, n))
        normals.setflags(write=False)
        kept[purpose_id, week] = normals
    return kept[purpose_id, week]


def base_trade(view: Any) -> Floats:
    """T0 [c]: trade of a year with the incomes of 2020, USD million."""
    return np.array([getattr(view.trade.base_trade, state.lower()) for state in STATES])


def pull(view: Any, engaged: Any, cost: Any, noise: Any, sanctions: Any) -> Floats:
    """Y1: trade relative to the base year, power lines left out [r, c]."""
    par, income = view.trade, view.drivers.national_income
    start = view.diplomacy.engagement_start
    contact = (1.0 + par.engagement_effect * engaged) / (1.0 + par.engagement_effect * start)
    incomes = income[0] ** par.income_elasticity_afghan * income[1:] ** par.income_elasticity_state
    left = np.maximum(1.0 - par.loss_per_sanction * sanctions, 0.0)
    return incomes * contact * np.exp(-par.cost_elasticity * cost) * noise * left


def parts(view: Any, drawn: Any, lines: Any) -> tuple[Floats, Floats, Floats, Floats]:
    """Y2: flour, fuel, power and other goods in USD million a year [r, c]."""
    par, base = view.trade, base_trade(view)
    price = par.staple_price ** (1.0 - par.staple_price_elasticity)
    paid = view.drivers.national_income[0] ** par.income_elasticity_afghan
    remainder = 1.0 - par.flour_share - par.fuel_share - par.power_share
    power = base * par.power_share * paid * (1.0 + lines) * (1.0 - par.power_cut)
    return (
        base * par.flour_share * drawn * price,
        base * par.fuel_share * drawn * price,
        power + np.zeros_like(drawn),
        base * remainder * drawn,
    )


def crossing_cost(state: State, view: Any, gain: Floats) -> Floats:
    """Cost of trade with Afghanistan above that of 2022 in log units [r, c]."""
    par, member = view.trade, view.intelligence.sco_member
    start = view.rule.control_start[view.world.province_zone].mean()
    unsafe = 1.0 - state.control.mean(axis=1, keepdims=True) / start
    return (
        par.cost
        + par.cost_from_insecurity * unsafe
        - par.cost_per_facilitation * state.lever("trade_facilitation")
        - par.cost_per_integration * state.lever("sco_integration") * member
        - gain
    )


def pakistan(view: Any, is_open: Floats) -> tuple[Floats, Floats]:
    """Y3: trade that Pakistan does not let pass [r], and what of it turns north [r, c]."""
    par = view.trade
    lost = par.pakistan_trade * (1.0 - is_open)
    share = par.diversion_share / par.diversion_share.sum()
    return lost, par.diversion * lost[:, None] * share


def afghan_trade(view: Any, traded: Floats, is_open: Floats) -> Floats:
    """Y5: all trade of Afghanistan in USD million a year [r]."""
    par = view.trade
    south = par.pakistan_trade * (is_open + par.diversion_iran * (1.0 - is_open))
    return view.drivers.partner_trade + south + traded.sum(axis=1)


def dated_trade(view: Any) -> Floats:
    """Trade of the five at the incomes and costs of a date [c], USD million a year.

    Contact as at the start, no noise, sanctions, new corridors or diversion.
    """
    one = np.ones((1, N_STATES))
    drawn = pull(view, view.diplomacy.engagement_start, view.trade.cost, one, 0.0)
    return np.sum(parts(view, drawn, 0.0), axis=0)[0]


def afghan_trade_at_start(view: Any) -> float:
    """All trade of Afghanistan in the week of the takeover, USD million a year."""
    return float(afghan_trade(view, dated_trade(view)[None, :], np.ones(1))[0])


def index(view: Any, traded: Floats) -> Floats:
    """Y4: trade relative to the incomes and costs of 2022 [r, c]."""
    return traded / (base_trade(view) * view.trade.index_reference)


# ---- corridors -------------------------------------------------------------------------------


def in_use(progress: Floats, routes: Transport) -> Flags:
    """Open corridors [r, y]: works ended, and one of those they need is open too."""
    built = progress >= OPEN
    needed = routes.needs.any(axis=1)
    return built & (~needed | (weighted_sums(built, routes.needs.T) > 0))


def backing(state: State, view: Any, routes: Transport) -> Floats:
    """Y6: levels of money and planning that the five put behind each corridor [r, y].

    From the second level on, more of a state's money goes into the shared Kabul Corridor.
    """
    par, level = view.trade, state.lever("corridor_investment")
    pooled = par.kabul_backing + par.kabul_backing_per_level * np.maximum(level - 1.0, 0.0)
    pooled = np.minimum(pooled, 1.0)
    shared = (pooled * level).sum(axis=1, keepdims=True)
    planned = par.planning * state.lever("route_diversification")
    own = weighted_sums((1.0 - pooled) * level, routes.promoters.T)
    around = weighted_sums(planned, routes.promoters.T) * ~routes.is_through_russia
    return np.where(routes.is_kabul, shared, own + around)


def money(state: State, view: Any, routes: Transport) -> Floats:
    """Y6: finance of works relative to 2021 [r, y]: powers, the five, push of the Iranian line."""
    par = view.trade
    powers = par.works_from_powers * weighted_sums(state.power_support - 1.0, routes.backers.T)
    invested = par.works_per_investment * backing(state, view, routes)
    rival = state.corridor_progress[:, IRANIAN, None] - par.start_progress[IRANIAN]
    return np.maximum(1.0 + powers + invested + par.works_from_iran * rival, 0.0)


def safety(state: State, view: Any, routes: Transport, attacks: Floats) -> Floats:
    """Y6: pace of works by control, promises and attacks on the route, 1 in August 2021 [r, y]."""
    par, rule, zone = view.trade, view.rule, view.world.province_zone
    start = rule.control_start[zone]
    will = view.diplomacy.reciprocity_start
    kabul = rule.kabul_faction_share[zone]
    kept = (will[0] * (1.0 - kabul) + will[1] * kabul) * start
    share = routes.province_share
    held = weighted_sums(state.control, share.T) / np.where(routes.is_afghan, share @ start, 1.0)
    promise = par.works_from_promise * weighted_sums(state.promise_kept - kept, share.T)
    calm = np.maximum(1.0 - par.works_loss_per_attack * attacks, 0.0)
    pace = np.clip(held**par.works_from_control * (1.0 + promise) * calm, 0.0, MOST_SAFETY)
    return np.where(routes.is_afghan, pace, 1.0)


def works(progress: Floats, pace: Floats) -> Floats:
    """Y6: progress made this week, up to READY; nothing on a corridor in use [r, y]."""
    return np.maximum(np.minimum(progress + pace, READY) - progress, 0.0)


def build(
    state: State, week: int, view: Any, streams: Streams, routes: Transport
) -> tuple[Floats, Floats, Floats]:
    """Y6 and Y7: progress made, progress by opening, progress lost to sabotage [r, y]."""
    par, n_y = view.trade, len(routes.length_km)
    attacks = weighted_sums(state.week_attacks + state.week_armed_attacks, routes.on_route.T)
    delay = par.delay * np.exp(par.delay_sd * lasting(streams, DELAY, 0, n_y))
    begun = week >= par.works_begin
    speed = begun * par.pace * par.works_factor / (WEEKS_PER_YEAR * delay)
    pace = speed * money(state, view, routes) * safety(state, view, routes, attacks)
    made = works(state.corridor_progress, pace)
    reached = state.corridor_progress + made
    u = streams.uniform(WORKS, week, 2 * n_y)
    opens = (reached >= READY) & (u[:, :n_y] < rates.probability(1.0 / par.opening_weeks))
    opening = np.where(opens, OPEN - reached, 0.0)
    reached = reached + opening
    hazard = par.sabotage_per_attack * par.sabotage_factor * attacks
    hit = u[:, n_y:] < rates.probability(hazard)
    return made, opening, np.where(hit, np.minimum(par.sabotage_loss, reached), 0.0)


def attraction(state: State, view: Any, routes: Transport) -> Floats:
    """Y8: weight of each corridor if it is open, before policy on Russian routes [r, y]."""
    par = view.trade
    touched = routes.touches_state / np.maximum(routes.touches_state.sum(axis=1), 1.0)[:, None]
    eased = par.cargo_per_facilitation * weighted_sums(state.lever("trade_facilitation"), touched.T)
    unsafe = (1.0 - weighted_sums(state.control, routes.province_share.T)) * routes.is_afghan
    fixed = par.cargo_cost * routes.length_km / 1000 + par.russian_route_cost * (
        routes.is_through_russia
    )
    weight = par.capacity * np.exp(eased - par.cargo_cost_insecurity * unsafe - fixed)
    return weight * np.where(routes.is_pakistani, state.pakistan_open[:, None], 1.0)


def diversified(state: State, view: Any, routes: Transport) -> Floats:
    """Y8: factor of routes that avoid Russia by the levers of the states on them [r, y]."""
    touched = routes.touches_state / np.maximum(routes.touches_state.sum(axis=1), 1.0)[:, None]
    lever = weighted_sums(state.lever("route_diversification"), touched.T)
    return np.exp(view.trade.diversification * lever * ~routes.is_through_russia)


def cargo(weight: Floats, view: Any, routes: Transport) -> tuple[Floats, Floats]:
    """Y8: share of its market and million t a year of each corridor [r, y]."""
    par, market = view.trade, routes.market.astype(np.float64)
    whole = weighted_sums(weight, market) + par.outside_weight
    share = weight * weighted_sums(1.0 / whole, market.T)
    carried = np.minimum(share * (market @ par.transit_demand), par.capacity)
    return share, carried


def transit(carried: Floats, is_open: Flags, view: Any, routes: Transport) -> Floats:
    """Y9: USD million a year for Afghanistan and each state [r, 1 + c]."""
    earned = view.trade.fee * weighted_sums(carried, routes.country_km)
    earned[:, 0] += (is_open * view.trade.line_fee).sum(axis=1)
    return earned


def russian_share(weight: Floats, state: State, view: Any, routes: Transport) -> Floats:
    """Y10: share of the outlets of each state that run through Russia [r, c]."""
    par = view.trade
    access = routes.touches_state + par.neighbour_access * ~routes.touches_state
    outlet = weight * routes.market[:, OUTLETS].any(axis=1)
    through = weighted_sums(outlet * routes.is_through_russia, access)
    around = weighted_sums(outlet * ~routes.is_through_russia, access)
    around = around * np.exp(par.diversification * state.lever("route_diversification"))
    return through / np.maximum(through + around, 1e-12)


def connected(is_open: Flags, view: Any, routes: Transport) -> tuple[Floats, Floats]:
    """Gain of each state from corridors opened since 2021: in cost, in power lines [r, c]."""
    par = view.trade
    capacity = par.capacity * routes.is_afghan
    first = weighted_sums(
        in_use(par.start_progress[None, :], routes) * capacity, routes.touches_state
    )
    now = weighted_sums(is_open * capacity, routes.touches_state)
    gain = par.cost_gain * np.log((par.connection_scale + now) / (par.connection_scale + first))
    lines = weighted_sums(is_open * routes.is_line * par.power_gain, routes.touches_state)
    return gain, lines


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """Trade of the week of the takeover, corridors as they stood, transit of those in use."""
    routes, par = transport(view.world), view.trade
    traded = rows(streams, dated_trade(view))
    progress = rows(streams, par.start_progress)
    is_open = in_use(progress, routes)
    control = view.rule.control_start[view.world.province_zone]
    unsafe = (1.0 - routes.province_share @ control) * routes.is_afghan
    fixed = par.cargo_cost * routes.length_km / 1000 + par.cargo_cost_insecurity * unsafe
    fixed = fixed + par.russian_route_cost * routes.is_through_russia
    _, carried = cargo(is_open * (par.capacity * np.exp(-fixed)), view, routes)
    return {
        "trade_usd_m": traded,
        "afghan_trade_usd_m": rows(streams, afghan_trade_at_start(view)),
        "corridor_progress": progress,
        "transit_usd_m": transit(carried, is_open, view, routes),
        "trade_index": index(view, traded),
    }


def rest(state: State, view: Any) -> dict[str, Any]:
    """Where trade does not answer: that of dated incomes and costs; works and transit stay."""
    traded = np.tile(dated_trade(view), (state.n_replicates, 1))
    return {
        "trade_usd_m": traded,
        "afghan_trade_usd_m": afghan_trade(view, traded, state.pakistan_open),
        "trade_index": index(view, traded),
    }


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance works, cargo and trade by one week."""
    par, routes = view.trade, transport(view.world)
    made, opening, damage = build(state, week, view, streams, routes)
    progress = state.corridor_progress + made + opening - damage
    is_open = in_use(progress, routes)
    plain = attraction(state, view, routes) * is_open
    share, carried = cargo(plain * diversified(state, view, routes), view, routes)

    gain, lines = connected(is_open, view, routes)
    z = lasting(streams, NOISE, week - week % YEAR, N_STATES)
    drawn = pull(
        view,
        state.engagement,
        crossing_cost(state, view, gain),
        np.exp(par.noise * z - 0.5 * par.noise**2),
        state.lever("targeted_sanctions"),
    )
    lost, diverted = pakistan(view, state.pakistan_open)
    aim = (*parts(view, drawn, lines), diverted)
    wanted = np.sum(aim, axis=0)
    traded = state.trade_usd_m + (wanted - state.trade_usd_m) / par.adjustment_weeks
    flour, fuel, power, other, turned = (
        part * (traded / np.maximum(wanted, 1e-12)) for part in aim
    )
    info = Info(
        flour_usd_m=flour,
        fuel_usd_m=fuel,
        power_usd_m=power,
        other_usd_m=other,
        diverted_usd_m=turned,
        exports_usd_m=traded * par.export_share,
        flour_kt=flour * 1000 / (par.flour_price * par.staple_price),
        lost_pakistan_usd_m=lost,
        works=made,
        opening=opening,
        damage=damage,
        is_open=is_open,
        cargo_mt=carried,
        cargo_share=share,
        russian_share=russian_share(plain, state, view, routes),
    )
    changed = state.replace(
        trade_usd_m=traded,
        afghan_trade_usd_m=afghan_trade(view, traded, state.pakistan_open),
        corridor_progress=progress,
        transit_usd_m=transit(carried, is_open, view, routes),
        trade_index=index(view, traded),
    )
    return changed, info
