"""Arms: depots, leaks to the market, pieces that go north, pieces in the five states.

Idea: the arms left in August 2021 lie in depots of many provinces (M-ARMS-DEPOTS, A-SIX-GROUPS);
they leak to a market where control is weak, commanders are disloyal or factions split
(M-WEAK-SECURITY-ARMS, A-TAL-FRAGMENTED). Most are sold elsewhere, a small share goes north
(M-ARMS-SMUGGLING, U-GAP-ARMS-DATA): one part is offered to trafficking networks for the way to
Russia, the rest is sold in the states at the border. Smuggled arms make attacks deadlier.

Equations (docs/odd.md, "arms"):
    M1  leak of a depot: hazard x weak control x exp(k (loyalty at start - loyalty))
        x (1 + split) x (1 - custody) / Y + loss per attack; custody by the states that Kabul
        works with
    M2  market: sold with a yearly hazard, less what is bought back; a share, more where the
        border provinces are weakly held, goes north
    M3  of these a share is tried over the links, by people on the other side and
        exp(-avoidance x perceived detection), and stopped with the link's detection; the rest is
        offered to networks
    M4  a share of what arrives goes on to neighbours; pieces in a state come from there and from
        its own stocks and leave with a yearly hazard, faster under arms control
    M5  deadliness of attacks = (pieces / pieces at start)^a        [state.arms_lethality]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.axes import STATES
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Floats, State, arms_lethality, opportunity, rows
from spillover.streams import Streams, purpose
from spillover.world.cohorts import links_by_state

NAME = "arms"
READS = (
    "arms_depots", "arms_market", "arms_circulating", "control", "loyalty", "week_attacks",
    "week_armed_attacks", "perceived_detection", "link_detection", "delivered", "engagement",
)  # fmt: skip
WRITES = ("arms_depots", "arms_market", "arms_circulating", "week_arms_north")

STOCKS = purpose("arms/stocks")
MARKET = purpose("arms/market")
BORDER = purpose("arms/border")
N_STATES = len(STATES)


@dataclass(frozen=True, slots=True)
class Info:
    """Flows of pieces: by province [r, a], of Afghanistan [r], by state [r, c]."""

    leaked: Counts  # [r, a] depots -> market
    bought_back: Counts  # [r] market -> destroyed
    sold_elsewhere: Counts  # [r] market -> other countries and buyers
    offered: Counts  # [r] market -> trafficking networks
    tried: Counts  # [r, c] market -> on the way into a state
    stopped: Counts  # [r, c] of them seized at the border
    passed_on: Counts  # [r, c] of those through, sold on to neighbours
    received: Counts  # [r, c] the same, by the state that receives
    own_supply: Counts  # [r, c] from a state's own stocks
    withdrawn: Counts  # [r, c] seized at home, handed in, lost or out of use
    lethality: Floats  # [r, c] M5

    @property
    def through(self) -> Counts:
        """Pieces from Afghanistan that are sold in a state [r, c]."""
        return self.tried - self.stopped - self.passed_on + self.received


def level_with_kabul(state: State, view: Any) -> Floats:
    """M1, M2: mean level of arms control on Afghan soil [r]; a state without a partner adds 0."""
    has_partner = state.engagement >= view.arms.custody_engagement
    level: Floats = (state.lever("arms_control") * has_partner).mean(axis=1)
    return level


def custody(state: State, view: Any) -> Floats:
    """M1: share of leaks that arms control prevents [r]."""
    return np.minimum(view.arms.custody_per_level * level_with_kabul(state, view), 1.0)


def leak_hazard(state: State, view: Any) -> Floats:
    """M1: weekly hazard that a piece leaves the depots of a province [r, a]."""
    arms, rule, zone = view.arms, view.rule, view.world.province_zone
    weak = opportunity(state.control, rule.control_start[zone], view.attacks.opportunity_floor)
    faithless = np.exp(arms.leak_from_disloyalty * (rule.loyalty_start[zone] - state.loyalty))
    split = 1.0 + arms.leak_from_split * rule.faction_split
    yearly = arms.leak_hazard * weak * faithless * split * (1.0 - custody(state, view))[:, None]
    attacks = state.week_attacks + state.week_armed_attacks
    return yearly / WEEKS_PER_YEAR + arms.loss_per_attack * attacks


def north_share(state: State, view: Any) -> Floats:
    """M2: share of what is sold that goes north [r]; more where the border is weakly held."""
    world = view.world
    start = view.rule.control_start[world.province_zone]
    weak = opportunity(state.control, start, view.attacks.opportunity_floor)
    there = weak[:, world.border_province].mean(axis=1)
    return np.minimum(view.arms.north_share * there, 1.0)


def link_shares(perceived: Floats, view: Any) -> Floats:
    """M3: share of each link in the arms for the five states [r, l]."""
    world = view.world
    people = world.population[world.n_provinces + world.link_region].astype(np.float64)
    buyers = people / np.bincount(world.link_region)[world.link_region]
    reaction = view.structure.coupling.border_displacement * view.border.avoidance
    weight = buyers * np.exp(-reaction * perceived)
    return weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)


def at_most(parts: Counts, whole: Counts) -> Counts:
    """Parts [r, n] cut in their order so that they sum to no more than the whole [r]."""
    over = np.cumsum(parts, axis=1) - whole[:, None]
    return np.maximum(parts - np.maximum(over, 0), 0)


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """First levels: captured arms by population, the market at its stationary stock."""
    arms, world = view.arms, view.world
    people = world.province_people.astype(np.float64)
    captured = np.array(round(arms.depots_start))
    market = round(arms.depots_start * arms.leak_hazard / arms.sale_hazard)
    return {
        "arms_depots": rows(streams, rates.spread_evenly(captured, np.maximum(people, 1.0))),
        "arms_market": rows(streams, np.int64(market)),
        "arms_circulating": rows(streams, np.rint(arms.circulating_start).astype(np.int64)),
        "week_arms_north": rows(streams, np.int64(0)),
    }


def _market(state: State, week: int, view: Any, streams: Streams) -> tuple[Counts, ...]:
    """M2, M3: bought back, sold elsewhere, offered to networks [r]; tried by link [r, l]."""
    arms = view.arms
    u = streams.uniform(MARKET, week, 2 + view.world.n_links + 1)
    selling = rates.probability(arms.sale_hazard / WEEKS_PER_YEAR)
    sold = np.minimum(rates.rounded(u[:, 0], state.arms_market * selling), state.arms_market)
    level = level_with_kabul(state, view)
    bought = rates.binomial(u[:, 1], sold, np.minimum(arms.buyback_per_level * level, 1.0))
    north = (sold - bought) * north_share(state, view)
    shares = arms.local_share * link_shares(state.perceived_detection, view)
    shares = np.concatenate([shares, np.full((len(north), 1), 1.0 - arms.local_share)], axis=1)
    parts = at_most(rates.poisson(u[:, 2:], north[:, None] * shares), sold - bought)
    return bought, sold - bought - parts.sum(axis=1), parts[:, -1], parts[:, :-1]


def _onward(u: Floats, view: Any, through: Counts) -> tuple[Counts, Counts]:
    """M4: pieces passed on by a state, and received by its neighbours [r, c]."""
    beside = view.world.state_neighbours.astype(np.float64)
    beside /= np.maximum(beside.sum(axis=1, keepdims=True), 1.0)
    mean = view.arms.onward_share * through[:, :, None] * beside
    drawn = rates.poisson(u.reshape(-1, N_STATES), mean.reshape(-1, N_STATES))
    parts = at_most(drawn, through.ravel())
    parts = parts.reshape(-1, N_STATES, N_STATES)
    return parts.sum(axis=2), parts.sum(axis=1)


def _stocks(state: State, view: Any, u: Floats) -> tuple[Counts, Counts]:
    """M4: supply from a state's own stocks, which alone would keep the start, and withdrawal."""
    arms = view.arms
    usual = rates.probability(arms.withdrawal_hazard / WEEKS_PER_YEAR)
    own = rates.rounded(u[:, :N_STATES], usual * np.rint(arms.circulating_start))
    control = 1.0 + arms.withdrawal_per_level * state.lever("arms_control")
    leaving = rates.probability(arms.withdrawal_hazard * control / WEEKS_PER_YEAR)
    gone = rates.rounded(u[:, N_STATES:], state.arms_circulating * leaving)
    return own, np.minimum(gone, state.arms_circulating)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance depots, market, smuggling and circulating arms by one week."""
    world = view.world
    n_a, n_l = world.n_provinces, world.n_links
    u = streams.uniform(STOCKS, week, n_a + 2 * N_STATES)
    leaking = state.arms_depots * rates.probability(leak_hazard(state, view))
    leaked = rates.rounded(u[:, :n_a], leaking)
    leaked = np.minimum(leaked, state.arms_depots)
    own, withdrawn = _stocks(state, view, u[:, n_a:])
    bought, elsewhere, offered, by_link = _market(state, week, view, streams)
    u = streams.uniform(BORDER, week, n_l + N_STATES * N_STATES)
    caught = rates.binomial(u[:, :n_l], by_link, state.link_detection)
    stopped = links_by_state(caught, world)
    tried = links_by_state(by_link, world)
    passed, received = _onward(u[:, n_l:], view, tried - stopped)
    info = Info(
        leaked=leaked, bought_back=bought, sold_elsewhere=elsewhere, offered=offered,
        tried=tried, stopped=stopped, passed_on=passed, received=received,
        own_supply=own, withdrawn=withdrawn, lethality=arms_lethality(state, view),
    )  # fmt: skip
    changed = state.replace(
        arms_depots=state.arms_depots - leaked,
        arms_market=state.arms_market
        + leaked.sum(axis=1)
        - bought
        - elsewhere
        - offered
        - tried.sum(axis=1),
        arms_circulating=state.arms_circulating + info.through + own - withdrawn,
        week_arms_north=offered,
    )
    return changed, info
