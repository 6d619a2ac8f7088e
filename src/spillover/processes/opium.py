"""Opium and other drugs at the source: ban, sowing, harvest, stocks, price, other products.

Idea: farmers sow by price and by how far the ban reaches them; the decree spared the crop in the
ground, so the collapse came a year later (E-TAL-OPIUM-RESTRICT, M-OPIUM-REDUCTION-2021). Stocks of
several years part what is harvested from what is sold; the price follows the supply that traders
expect, not the week's trade, and the stocks that they want follow what buyers take. A ban that pays
nobody wears out (M-LIVELIHOOD-BLOCKS-ERADICATION, M-CRISIS-OPIUM-REBOUND), but not all of it; the
first one did not last either (M-BAN-EFFECT, M-BAN-REBOUND). Farmers weigh poppy against what else
they could do (paper:latek2010) and do not trust a price that departs from the one they remember.
Meth and hashish need no poppy land.

Equations (docs/odd.md, "opium"):
    N1  wear += (1 - exp(-erosion E aid term (1 - relief paid) / Y)) (limit - wear)
    N2  enforcement E += speed (ordered (1 - wear) - E)
    N3  sown = ceiling sigma(logit(1 / m) + k_p ln(X / P_ref) - k_E E C (1 - res)) (1 - left paid);
        expected price X between the week's price and the remembered one
    N4  harvest = area x yield, in equal parts over the weeks of the harvest
    N5  farms -> traders -> sold = min(demand (P / P0)^-(short and lagged elasticity), cap S)
    N6  belief in a lasting ban follows decree and failed crops
    N7  ln P += speed (gamma ln(wanted supply / expected supply) - ln(P / P0)) + noise
    N8  farm income = value at the week's price of the last whole harvest
    N9  meth capacity += (g M (1 - M / K) - closures E M) / Y; hashish for the north is steady
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from spillover import rates
from spillover.clock import START, WEEKS_PER_YEAR, week_start
from spillover.state import Counts, Flags, Floats, State, rows
from spillover.streams import Streams, purpose

NAME = "opium"
READS = (
    "control", "delivered", "poppy_ha", "farm_stock_kg", "trader_stock_kg", "opium_price",
    "price_memory", "ban_enforcement", "ban_wear", "ban_belief", "crop_seen", "meth_capacity",
    "farm_income_usd", "season_income_usd",
)  # fmt: skip
WRITES = (
    "poppy_ha", "farm_stock_kg", "trader_stock_kg", "opium_price", "price_memory",
    "ban_enforcement", "ban_wear", "ban_belief", "crop_seen", "meth_capacity", "farm_income_usd",
    "season_income_usd", "week_opium_sold_kg", "week_meth_kg", "week_hashish_kg",
)  # fmt: skip

PRICE = purpose("opium/price")
YIELD = purpose("opium/yield")
PRICE_RANGE = (20.0, 2000.0)  # USD/kg; outside it the form of N7 says nothing, and it is counted
KG = 1000.0  # kilograms in a tonne
USD_MILLION = 1e6  # US dollars in a million
DAYS = 7  # of a week
YEARS_TO_2022 = 72 / WEEKS_PER_YEAR  # from week 0 to the end of 2022, where the stock is known


@dataclass(frozen=True, slots=True)
class Info:
    """Land [r, a] in ha, opium [r, a] or [r] in kg and money in USD by account; yield [r] in kg/ha;
    share of poppy land whose farmers are paid [r]; whether the price lies at its bound [r]."""

    sown_ha: Counts
    harvested_ha: Counts
    harvest_kg: Counts
    harvest_usd: Counts
    to_traders_kg: Counts
    sold_kg: Counts
    sales_usd: Counts
    meth_kg: Counts
    hashish_kg: Counts
    crop_yield: Floats
    paid: Floats
    at_bound: Flags


@cache
def week_of_year(week: int) -> tuple[int, int]:
    """Years since 2021 and the week of the year, 0 to 52, counted from 1 January."""
    day = week_start(week)
    return day.year - START.year, (day.timetuple().tm_yday - 1) // DAYS


def land_weights(view: Any) -> Floats:
    """Share of each province in the poppy land [a]: of its zone, then by rural people."""
    world = view.world
    n_a, zone = world.n_provinces, world.province_zone
    rural = world.population[:n_a] * (1.0 - world.urban_index[:n_a])
    within = rural / np.bincount(zone, weights=rural)[zone]
    weight = view.rule.poppy_zone_share[zone] * within
    return weight / weight.sum()


def start_stock_kg(par: Any) -> float:
    """Opium in stock in August 2021: that of end-2022 less the crop, plus what was sold between."""
    return float(par.stock_2022 - par.crop_2022 + YEARS_TO_2022 * par.demand) * KG


def wear(worn: Floats, enforcement: Floats, paid: Floats, aid: float, par: Any) -> Floats:
    """N1: share of the ordered ban that has worn out [r]; aid is grants relative to 2022."""
    hazard = par.ban_erosion * enforcement * np.exp(-par.erosion_from_aid * (aid - 1.0))
    hazard = hazard * (1.0 - par.livelihoods_relief * paid) / WEEKS_PER_YEAR
    return worn + rates.probability(hazard) * np.maximum(par.ban_wear_limit - worn, 0.0)


def expected_price(price: Floats, memory: Floats, par: Any) -> Floats:
    """N3: price at which farmers expect to sell [r]: the week's, drawn to the one they remember."""
    kept = par.price_persistence
    return par.price_start * np.exp(kept * np.log(price / par.price_start) + (1.0 - kept) * memory)


def sowing_share(price: Floats, ban: Floats, paid: Floats, par: Any) -> Floats:
    """N3: share of the land that may carry poppy which is sown [r, a]; ban is E C (1 - res)."""
    odds = rates.log_odds(1.0 / par.land_ceiling)
    odds = odds + par.sowing_from_price * np.log(price / par.price_reference)
    share = rates.logistic(odds[:, None] - par.sowing_from_ban * ban)
    return share * (1.0 - par.livelihoods_sowing * paid)[:, None]


def harvest_window(week_now: int, par: Any) -> tuple[float, float]:
    """N4: share of the harvest that is in before and after this week of the year."""
    first, length = par.harvest_first_week, par.harvest_weeks
    before = min(max(week_now - first, 0.0), length) / length
    after = min(max(week_now - first + 1.0, 0.0), length) / length
    return before, after


def wanted_kg(price: Floats, memory: Floats, par: Any) -> Floats:
    """N5: demand of the week [r] at the price and at the prices that buyers remember."""
    loss = par.demand_elasticity * np.log(price / par.price_start)
    return par.demand * KG / WEEKS_PER_YEAR * np.exp(-loss) * buyers_left(memory, par)


def buyers_left(memory: Floats, par: Any) -> Floats:
    """N5: demand that is left after the prices that buyers remember [r], 1 at the start price."""
    return np.exp(-(par.demand_elasticity_late - par.demand_elasticity) * memory)


def belief_target(decreed: Floats, seen: Floats, par: Any) -> Floats:
    """N6: belief [r] that news supports; decreed 0 to 1, seen is the last crop over the normal."""
    failed = 1.0 - np.minimum(seen, 1.0)
    under_decree = par.belief_decree + (par.belief_failed - par.belief_decree) * failed
    return par.belief_takeover + (under_decree - par.belief_takeover) * decreed


def wanted_price(stock_kg: Floats, belief: Floats, memory: Floats, par: Any) -> Floats:
    """N7: price that traders aim at [r]: by the supply they expect, and the stocks they want."""
    crops = par.cover_years * par.normal_crop * KG
    wanted = start_stock_kg(par) * buyers_left(memory, par) + crops
    expected = np.maximum(stock_kg + (1.0 - belief) * crops, KG)  # never nothing at all
    return par.price_start * (wanted / expected) ** par.price_from_cover


def next_price(price: Floats, wanted: Floats, z: Floats, par: Any) -> Floats:
    """N7: price of next week [r] before its bounds."""
    return price * np.exp(par.price_speed * np.log(wanted / price) + par.price_noise * z)


def meth_change(capacity: Floats, enforcement: Floats, par: Any) -> Floats:
    """N9: change of the capacity [r] in a week, tonnes a year."""
    limit = par.meth_limit * par.meth_start
    growth = par.meth_growth * capacity * (1.0 - capacity / limit)
    return (growth - par.lab_closure * enforcement * capacity) / WEEKS_PER_YEAR


def crop_yield(week: int, view: Any, streams: Streams) -> Floats:
    """N4: yield of the year [r] in kg/ha; one deviate a year, whatever the week."""
    year, _ = week_of_year(week)
    z = rates.normal(streams.uniform(YIELD, year, 1)[:, 0])
    return np.maximum(view.drivers.opium_yield + view.opium.yield_sd * z, 0.0)


def whole(values: Floats) -> Counts:
    """Nearest whole numbers."""
    return np.rint(values).astype(np.int64)


def start(view: Any, streams: Streams) -> dict[str, Any]:
    """First levels: the crop of 2021 is in, nobody believes in a ban yet."""
    par, weights = view.opium, land_weights(view)

    def over_provinces(amount: float) -> Counts:
        return rates.spread_evenly(np.array(round(amount)), weights)

    stock = start_stock_kg(par)
    at_farms = round(par.farm_share_start * stock)
    weekly = KG / WEEKS_PER_YEAR
    return {
        "poppy_ha": rows(streams, over_provinces(par.area_reference)),
        "farm_stock_kg": rows(streams, over_provinces(at_farms)),
        "trader_stock_kg": rows(streams, np.int64(round(stock) - at_farms)),
        "opium_price": rows(streams, par.price_start),
        "price_memory": rows(streams, 0.0),
        "ban_enforcement": rows(streams, par.ban_enforcement_target),
        "ban_wear": rows(streams, 0.0),
        "ban_belief": rows(streams, 0.0),
        "crop_seen": rows(streams, 1.0),
        "meth_capacity": rows(streams, par.meth_start),
        "farm_income_usd": rows(streams, over_provinces(par.farm_income_start * USD_MILLION)),
        "season_income_usd": rows(streams, np.zeros(view.world.n_provinces, dtype=np.int64)),
        "week_opium_sold_kg": rows(streams, np.int64(round(par.demand * weekly))),
        "week_meth_kg": rows(streams, np.int64(round(par.meth_start * weekly))),
        "week_hashish_kg": rows(streams, np.int64(round(par.hashish_north * weekly))),
    }


def _ban(state: State, view: Any) -> tuple[Floats, Floats, Floats]:
    """N1, N2: paid share, wear and enforcement [r]."""
    par = view.opium
    level = state.lever("livelihoods").mean(axis=1)
    paid = np.minimum(par.livelihoods_given + par.livelihoods_per_level * level, 1.0)
    aid = view.drivers.external_grants / view.rule.aid_reference
    worn = wear(state.ban_wear, state.ban_enforcement, paid, aid, par)
    ordered = par.ban_enforcement_target * (1.0 - worn)
    enforcement = state.ban_enforcement + par.enforcement_speed * (ordered - state.ban_enforcement)
    return paid, worn, enforcement


def _sowing(state: State, view: Any, enforcement: Floats, paid: Floats) -> Counts:
    """N3: ha that farmers would sow if this were the week [r, a]."""
    par, world = view.opium, view.world
    reach = state.control * (1.0 - par.ban_resistance[world.province_zone])
    price = expected_price(state.opium_price, state.price_memory, par)
    share = sowing_share(price, enforcement[:, None] * reach, paid, par)
    return whole(share * (par.land_ceiling * par.area_reference * land_weights(view)))


def _harvest(state: State, view: Any, window: tuple[float, float], per_ha: Floats) -> Any:
    """N4: ha, kg and USD of the week's harvest [r, a]; parts of a season sum to the whole."""
    before, after = window
    land = state.poppy_ha.astype(np.float64)
    crop = land * per_ha[:, None]
    ha = whole(land * after) - whole(land * before)
    harvest = whole(crop * after) - whole(crop * before)
    return ha, harvest, whole(harvest * state.opium_price[:, None])


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Advance ban, land, stocks, price and products by one week."""
    par = view.opium
    _, now = week_of_year(week)
    paid, worn, enforcement = _ban(state, view)
    wish = _sowing(state, view, enforcement, paid)
    is_sowing = now == round(par.sowing_week)
    window = harvest_window(now, par)
    per_ha = crop_yield(week, view, streams)
    ha, harvest, value = _harvest(state, view, window, per_ha)

    season = state.season_income_usd + value
    is_over = window[0] < 1.0 <= window[1]
    seen = state.poppy_ha.sum(axis=1) / par.area_reference
    begins = window[0] == 0.0 < window[1]

    to_traders = np.minimum(whole(par.farm_sales * state.farm_stock_kg), state.farm_stock_kg)
    stock = state.farm_stock_kg.sum(axis=1) + state.trader_stock_kg
    wanted = wanted_kg(state.opium_price, state.price_memory, par)
    sold = np.minimum(whole(np.minimum(wanted, par.release_cap * stock)), state.trader_stock_kg)
    farm = state.farm_stock_kg + harvest - to_traders
    trader = state.trader_stock_kg + to_traders.sum(axis=1) - sold

    crop = seen if begins else state.crop_seen
    target = belief_target(par.ban_enforcement_target * (1.0 - worn), crop, par)
    belief = state.ban_belief + (target - state.ban_belief) / par.belief_lag
    z = rates.normal(streams.uniform(PRICE, week, 1)[:, 0])
    gap = np.log(state.opium_price / par.price_start) - state.price_memory
    memory = state.price_memory + gap / par.demand_lag
    aim = wanted_price(farm.sum(axis=1) + trader, belief, memory, par)
    price = next_price(state.opium_price, aim, z, par)
    bounded = np.clip(price, *PRICE_RANGE)

    capacity = state.meth_capacity + meth_change(state.meth_capacity, enforcement, par)
    meth = whole(capacity * (KG / WEEKS_PER_YEAR))
    hashish = rows(streams, whole(np.array(par.hashish_north * KG / WEEKS_PER_YEAR)))
    info = Info(
        sown_ha=wish if is_sowing else np.zeros_like(wish),
        harvested_ha=ha, harvest_kg=harvest, harvest_usd=value, to_traders_kg=to_traders,
        sold_kg=sold, sales_usd=whole(sold * state.opium_price), meth_kg=meth,
        hashish_kg=hashish, crop_yield=per_ha, paid=paid, at_bound=bounded != price,
    )  # fmt: skip
    changed = state.replace(
        poppy_ha=wish if is_sowing else state.poppy_ha,
        farm_stock_kg=farm,
        trader_stock_kg=trader,
        opium_price=bounded,
        price_memory=memory,
        ban_enforcement=enforcement,
        ban_wear=worn,
        ban_belief=belief,
        crop_seen=crop,
        meth_capacity=capacity,
        farm_income_usd=season if is_over else state.farm_income_usd,
        season_income_usd=np.zeros_like(season) if is_over else season,
        week_opium_sold_kg=sold,
        week_meth_kg=meth,
        week_hashish_kg=hashish,
    )
    return changed, info
