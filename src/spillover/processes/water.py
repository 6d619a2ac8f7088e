"""Water of the Amu Darya: flow, the Qosh Tepa canal, storage, who goes short downstream.

Idea: a river fed by snow and ice passes Tajik and Afghan users, then the head of a new Afghan canal
(C-KOSH-TEPA) that takes what its fields need and loses part of it, then a chain of oases in
Turkmenistan and Uzbekistan that share what is left by position and by custom. No rule binds Kabul
(M-NO-CONVENTION, ST-TAL-WATER), and whether the loss is up to 15 per cent is read from one text
(Q-KOSHTEPA-FLOW, U-KOSHTEPA-15, U-WATER-SINGLE-SOURCE), so the size of the canal is a wide prior.
All volumes are whole cubic metres.

Equations (docs/odd.md, "water"):
    W1  anomaly x = m x + s sqrt(1 - m^2) z; inflow = mean flow x season x exp(x - s^2 / 2)
    W2  users above the canal draw first
    W3  treaty t = handle + kept x (what downstream states agreed on), at most 1
    W4  head withdrawal = min(capacity, completion x developed x demand x season x repair), cut to a
        share of the river where the treaty holds; delivered = (1 - loss) x withdrawal
    W5  below the canal supply = min(demand, river + store); the store keeps the rest up to its
        capacity, what spills flows out
    W6  supply is shared by position (upstream first) and in proportion to demand
    W7  deficit of a region moves to the week's shortage, faster in the irrigation season
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from spillover import rates
from spillover.clock import WEEKS_PER_YEAR
from spillover.state import Counts, Floats, State, river_index, rows, water_agreement
from spillover.streams import Streams, purpose
from spillover.world import World
from spillover.world.river import load_river

NAME = "water"
READS = ("river_anomaly", "reservoir_m3", "water_deficit", "delivered", "promise_kept")
WRITES = ("river_anomaly", "reservoir_m3", "water_deficit")

START = purpose("water/start")
FLOW = purpose("water/flow")
CANAL_PROVINCES = ("AF-BAL", "AF-JOW")  # where the canal runs and a treaty on it is kept or not
M3_PER_KM3 = 1e9  # cubic metres in a cubic kilometre
SECONDS_PER_WEEK = 604_800  # seconds in a week
WEEKLY = M3_PER_KM3 / WEEKS_PER_YEAR  # km3 a year -> m3 a week


@dataclass(frozen=True, slots=True)
class Info:
    """Water of the week in m3 [r], by region [r, q]; what the canal and farms lose.

    inflow = afghan_use + canal_withdrawal + delivered + change of the store + outflow, and
    canal_withdrawal = canal_irrigation + canal_lost.
    """

    inflow_m3: Counts
    afghan_use_m3: Counts
    canal_withdrawal_m3: Counts
    canal_irrigation_m3: Counts
    canal_lost_m3: Counts
    delivered_m3: Counts  # [r, q]
    demanded_m3: Counts  # [q]
    outflow_m3: Counts
    farm_loss: Floats  # [r, q] share of farm income lost
    treaty: Floats  # [r] share of the treaty in force


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """A river of any year, an ordinary store for August and no deficit yet."""
    u = streams.uniform(START, 0, 1)[:, 0]
    return {
        "river_anomaly": view.water.flow_log_sd * rates.normal(u),
        "reservoir_m3": rows(streams, np.int64(round(view.water.storage_start * M3_PER_KM3))),
        "water_deficit": rows(streams, np.zeros(view.world.n_regions)),
    }


@cache
def _canal_provinces(world: World) -> Counts:
    """Indices of the provinces of the canal that are on the map."""
    known = [p for p in CANAL_PROVINCES if p in world.province_ids]
    return np.array([world.province_index(p) for p in known], dtype=np.int64)


def next_anomaly(anomaly: Floats, water: Any, u: Floats) -> Floats:
    """W1: log deviation of the river from its season [r]."""
    step_sd = water.flow_log_sd * np.sqrt(1.0 - water.flow_memory**2)
    return water.flow_memory * anomaly + step_sd * rates.normal(u)


def developed(completion: float, water: Any) -> float:
    """W4: share of the command area that is farmed; rises with the canal after phase one."""
    since = max(completion - water.phase_one, 0.0) / (1.0 - water.phase_one)
    return water.developed + (1.0 - water.developed) * since


def treaty_in_force(state: State, view: Any) -> Floats:
    """W3: share of a full treaty that binds the canal [r]; Kabul keeps it like other promises."""
    river = load_river(view.world)
    by_lever = water_agreement(state.lever("water_treaty"), view) - view.water.treaty
    agreed = (by_lever * river.state_share).sum(axis=1)
    places = _canal_provinces(view.world)
    kept = state.promise_kept[:, places].mean(axis=1) if places.size else np.zeros(len(agreed))
    return np.minimum(view.water.treaty + kept * agreed, 1.0)


def head_withdrawal(inflow: Floats, treaty: Floats, completion: float, season: float, water: Any
                    ) -> tuple[Floats, Floats]:  # fmt: skip
    """W4: what the canal takes at its head, m3 a week [r], and the share lost on the way [r]."""
    loss = water.canal_loss * (1.0 - water.treaty_repair * treaty)
    need = completion * developed(completion, water) * water.canal_demand * WEEKLY * season
    need = need * (1.0 - water.canal_loss) / (1.0 - loss)
    wish = np.minimum(need, water.canal_capacity * SECONDS_PER_WEEK)
    capped = np.minimum(wish, water.treaty_share * inflow)
    return wish + treaty * (capped - wish), loss


def share_supply(supply: Counts, demand: Counts, priority: float) -> Counts:
    """W6: water of each region [r, n] in whole m3; the parts sum to the supply [r].

    Args:
        supply: m3 for all of them [r], at most the sum of demand.
        demand: m3 of each region in the order of the water [n].
        priority: share that goes by position; the rest is proportional to demand.
    """
    before = np.cumsum(demand) - demand
    first = np.clip(supply[:, None] - before, 0, demand)
    even = demand * (supply / max(int(demand.sum()), 1))[:, None]
    heaped = np.rint(np.cumsum(priority * first + (1.0 - priority) * even, axis=1))
    return np.diff(heaped, axis=1, prepend=0.0).astype(np.int64)


def next_deficit(deficit: Floats, shortage: Floats, season: float, weeks: float) -> Floats:
    """W7: smoothed share of demand unmet; a week counts by its share in irrigation."""
    return deficit + min(season / weeks, 1.0) * (shortage - deficit)


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance the river by one week, from the mountains to the delta."""
    water, drivers, river = view.water, view.drivers, load_river(view.world)
    season, above = drivers.irrigation_season, river.is_above_canal
    anomaly = next_anomaly(state.river_anomaly, water, streams.uniform(FLOW, week, 1)[:, 0])
    inflow = _whole(water.flow * WEEKLY * river_index(drivers.amu_darya_flow, anomaly, view))
    demand = _whole(water.demand_factor * WEEKLY * season * river.demand_km3)

    upper = np.append(demand[above], _whole(water.afghan_use * WEEKLY * season))
    drawn = np.minimum(upper.sum(), inflow)
    high = share_supply(drawn, upper, 0.0)
    treaty = treaty_in_force(state, view)
    head, loss = head_withdrawal(
        inflow.astype(np.float64), treaty, drivers.qosh_tepa_completion, season, water
    )
    withdrawal = np.minimum(_whole(head), inflow - drawn)
    lost = _whole(loss * withdrawal)

    at_hand = inflow - drawn - withdrawal + state.reservoir_m3
    supply = np.minimum(demand[~above].sum(), at_hand)
    store = np.minimum(at_hand - supply, _whole(water.storage_capacity * M3_PER_KM3))
    low = share_supply(supply, demand[~above], water.priority)

    given = np.concatenate([high[:, :-1], low], axis=1)  # the table lists regions above first
    shortage = 1.0 - given / np.maximum(demand, 1)
    deficit = state.water_deficit.copy()
    deficit[:, river.region] = np.clip(
        next_deficit(deficit[:, river.region], shortage, season, water.smoothing), 0.0, 1.0
    )
    delivered = np.zeros(deficit.shape, dtype=np.int64)
    delivered[:, river.region] = given
    demanded = np.zeros(deficit.shape[1], dtype=np.int64)
    demanded[river.region] = demand
    info = Info(
        inflow_m3=inflow, afghan_use_m3=high[:, -1], canal_withdrawal_m3=withdrawal,
        canal_irrigation_m3=withdrawal - lost, canal_lost_m3=lost, delivered_m3=delivered,
        demanded_m3=demanded, outflow_m3=at_hand - supply - store,
        farm_loss=water.farm_elasticity * deficit, treaty=treaty,
    )  # fmt: skip
    return state.replace(river_anomaly=anomaly, reservoir_m3=store, water_deficit=deficit), info


def _whole(volume: Any) -> Counts:
    """Volume in whole m3."""
    return np.rint(volume).astype(np.int64)
