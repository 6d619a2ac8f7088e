"""Poppy, opium and its price; docs/odd.md, "opium" (N1 to N9)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from spillover.clock import week_start, year_of_week
from spillover.twin.arithmetic import Y, clip, p, rint, sigma, spread
from spillover.twin.signs import lever_mean

if TYPE_CHECKING:
    from spillover.twin.agents import Province
    from spillover.twin.model import TwinModel

NAME = "opium"
FIRST_YEAR = 2021
TONNE = 1000
LOWEST, HIGHEST = 20.0, 2000.0


def start(model: TwinModel) -> None:
    """Fields, stocks, income and price of August 2021."""
    par, traders, labs = model.view.opium, model.opium_traders, model.laboratories
    weights = _land(model)
    stock = rint(_stock_at_start(model))
    at_farms = rint(par.farm_share_start * _stock_at_start(model))
    areas = spread(rint(par.area_reference), weights)
    farms = spread(at_farms, weights)
    incomes = spread(rint(1e6 * par.farm_income_start), weights)
    for province, area, kg, income in zip(model.provinces, areas, farms, incomes, strict=True):
        province.poppy_ha, province.farm_stock_kg = area, kg
        province.farm_income_usd, province.season_income_usd = income, 0
    traders.stock_kg = stock - at_farms
    traders.price, traders.price_memory = float(par.price_start), 0.0
    traders.ban_belief, traders.crop_seen = 0.0, 1.0
    traders.week_sold_kg = rint(TONNE * par.demand / Y)
    labs.meth_capacity = float(par.meth_start)
    labs.week_meth_kg = rint(TONNE * labs.meth_capacity / Y)
    labs.week_hashish_kg = rint(TONNE * par.hashish_north / Y)
    model.authorities.ban_enforcement = float(par.ban_enforcement_target)
    model.authorities.ban_wear = 0.0


def step(model: TwinModel) -> None:
    """One week."""
    par, traders, authorities = model.view.opium, model.opium_traders, model.authorities
    calendar_week = (week_start(model.week).timetuple().tm_yday - 1) // 7
    price = traders.price
    helped = par.livelihoods_given + par.livelihoods_per_level * lever_mean(model, "livelihoods")
    paid = min(helped, 1.0)
    _wear(model, paid)
    ordered = par.ban_enforcement_target * (1.0 - authorities.ban_wear)
    gap = ordered - authorities.ban_enforcement
    authorities.ban_enforcement += par.enforcement_speed * gap
    fields_ha = {province: province.poppy_ha for province in model.provinces}
    model.flows["paid"] = paid
    model.flows["sown_ha"] = [0] * len(model.provinces)
    if calendar_week == rint(par.sowing_week):
        _sow(model, paid)
    _sell(model, _harvest(model, fields_ha, calendar_week))
    _believe(model, calendar_week, ordered)
    _reprice(model, price)
    _make_drugs(model)


def _land(model: TwinModel) -> list[float]:
    """w_a: share of each province in the poppy land."""
    shares: list[float] = model.view.rule.poppy_zone_share.tolist()
    urban, n = model.world.urban_index, len(model.provinces)
    rural = [model.provinces[a].population * (1.0 - float(urban[a])) for a in range(n)]
    by_zone = dict.fromkeys(range(len(shares)), 0.0)
    for province, people in zip(model.provinces, rural, strict=True):
        by_zone[province.zone] += people
    weights = [
        shares[province.zone] * people / by_zone[province.zone]
        for province, people in zip(model.provinces, rural, strict=True)
    ]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def _stock_at_start(model: TwinModel) -> float:
    """S_0 in kg: what was left at the end of 2022, less that year's crop, more what was sold."""
    par = model.view.opium
    return float(TONNE * (par.stock_2022 - par.crop_2022 + 72 / Y * par.demand))


def _wear(model: TwinModel, paid: float) -> None:
    """N1: a ban that pays nobody wears out."""
    view, authorities = model.view, model.authorities
    par = view.opium
    aid = view.drivers.external_grants / view.rule.aid_reference - 1.0
    hazard = par.ban_erosion * authorities.ban_enforcement * math.exp(-par.erosion_from_aid * aid)
    hazard *= 1.0 - par.livelihoods_relief * paid
    authorities.ban_wear += p(hazard / Y) * max(par.ban_wear_limit - authorities.ban_wear, 0.0)


def _sow(model: TwinModel, paid: float) -> None:
    """N3."""
    par, enforced = model.view.opium, model.authorities.ban_enforcement
    worth = par.sowing_from_price * _hope(model)
    most = par.land_ceiling * par.area_reference
    for province, weight in zip(model.provinces, _land(model), strict=True):
        reach = province.control * (1.0 - float(par.ban_resistance[province.zone]))
        wish = -math.log(par.land_ceiling - 1.0) + worth - par.sowing_from_ban * enforced * reach
        unpaid = 1.0 - par.livelihoods_sowing * paid
        province.poppy_ha = rint(most * weight * sigma(wish) * unpaid)
    model.flows["sown_ha"] = [province.poppy_ha for province in model.provinces]


def _hope(model: TwinModel) -> float:
    """ln(X / price_reference) of N3: today's price, drawn to the one that farmers remember."""
    par, traders = model.view.opium, model.opium_traders
    dearer = par.price_persistence * math.log(traders.price / par.price_start)
    dearer += (1.0 - par.price_persistence) * traders.price_memory
    return dearer + math.log(par.price_start / par.price_reference)


def _done(par: Any, calendar_week: int) -> float:
    """b: part of the harvest that is in when this week of the year begins."""
    weeks = max(calendar_week - par.harvest_first_week, 0)
    return float(min(weeks, par.harvest_weeks) / par.harvest_weeks)


def _crop_yield(model: TwinModel) -> float:
    """N4: kg a hectare, with a chance that is the same for a whole calendar year."""
    year, traders = year_of_week(model.week), model.opium_traders
    if traders.yield_year != year:
        draws = model.stream("opium/yield", 1, at=year - FIRST_YEAR)
        traders.yield_year, traders.yield_deviate = year, draws.normal(0)
    view = model.view
    return max(view.drivers.opium_yield + view.opium.yield_sd * traders.yield_deviate, 0.0)


def _harvest(
    model: TwinModel, fields_ha: dict[Province, int], calendar_week: int
) -> dict[Province, int]:
    """N4 and N8: kg by province; the income of the season closes with the harvest."""
    par = model.view.opium
    before, after = _done(par, calendar_week), _done(par, calendar_week + 1)
    a_hectare = _crop_yield(model)
    harvest, cut, earned = {}, [], []
    for province, area in fields_ha.items():
        kg = rint(area * a_hectare * after) - rint(area * a_hectare * before)
        cut.append(rint(area * after) - rint(area * before))
        earned.append(rint(kg * model.opium_traders.price))
        province.season_income_usd += earned[-1]
        if before < 1.0 <= after:
            province.farm_income_usd = province.season_income_usd
            province.season_income_usd = 0
        harvest[province] = kg
    model.flows |= {"harvested_ha": cut, "harvest_kg": list(harvest.values())}
    model.flows |= {"harvest_usd": earned, "crop_yield": a_hectare}
    return harvest


def _sell(model: TwinModel, harvest: dict[Province, int]) -> None:
    """N5: from farms to traders, and from traders abroad."""
    par, traders = model.view.opium, model.opium_traders
    dearer = math.log(traders.price / par.price_start)
    later = par.demand_elasticity_late - par.demand_elasticity
    wish = TONNE * par.demand / Y
    wish *= math.exp(-par.demand_elasticity * dearer - later * traders.price_memory)
    stock = sum(province.farm_stock_kg for province in model.provinces) + traders.stock_kg
    sold = min(rint(min(wish, par.release_cap * stock)), traders.stock_kg)
    bought = [rint(par.farm_sales * province.farm_stock_kg) for province in model.provinces]
    for province, kg in zip(model.provinces, bought, strict=True):
        province.farm_stock_kg += harvest[province] - kg
    traders.stock_kg += sum(bought) - sold
    model.flows |= {"to_traders_kg": bought, "sold_kg": sold}
    model.flows["sales_usd"] = rint(sold * traders.price)
    traders.week_sold_kg = sold
    traders.price_memory += (dearer - traders.price_memory) / par.demand_lag


def _believe(model: TwinModel, calendar_week: int, ordered: float) -> None:
    """N6: what traders make of the ban, and of the crop that comes to harvest."""
    par, traders = model.view.opium, model.opium_traders
    if _done(par, calendar_week) == 0.0 < _done(par, calendar_week + 1):
        area = sum(province.poppy_ha for province in model.provinces)
        traders.crop_seen = area / par.area_reference
    missing = 1.0 - min(traders.crop_seen, 1.0)
    decree = par.belief_decree + (par.belief_failed - par.belief_decree) * missing
    aim = par.belief_takeover + (decree - par.belief_takeover) * ordered
    traders.ban_belief += (aim - traders.ban_belief) / par.belief_lag


def _reprice(model: TwinModel, price: float) -> None:
    """N7: the price follows the supply that traders expect over some years."""
    par, traders = model.view.opium, model.opium_traders
    coming = TONNE * par.cover_years * par.normal_crop
    stock = sum(province.farm_stock_kg for province in model.provinces) + traders.stock_kg
    expected = max(stock + (1.0 - traders.ban_belief) * coming, TONNE)
    given_up = (par.demand_elasticity_late - par.demand_elasticity) * traders.price_memory
    scarce = math.log((_stock_at_start(model) * math.exp(-given_up) + coming) / expected)
    noise = par.price_noise * model.stream("opium/price", 1).normal(0)
    gap = par.price_from_cover * scarce - math.log(price / par.price_start)
    wanted = price * math.exp(par.price_speed * gap + noise)
    traders.price = clip(wanted, LOWEST, HIGHEST)
    model.flows["at_bound"] = traders.price != wanted


def _make_drugs(model: TwinModel) -> None:
    """N9, with the enforcement of this week."""
    par, labs = model.view.opium, model.laboratories
    enforced = model.authorities.ban_enforcement
    made = labs.meth_capacity
    growth = par.meth_growth * made * (1.0 - made / (par.meth_limit * par.meth_start))
    labs.meth_capacity += (growth - par.lab_closure * enforced * made) / Y
    labs.week_meth_kg = rint(TONNE * labs.meth_capacity / Y)
    labs.week_hashish_kg = rint(TONNE * par.hashish_north / Y)
    model.flows |= {"meth_kg": labs.week_meth_kg, "hashish_kg": labs.week_hashish_kg}


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    provinces, traders, labs = model.provinces, model.opium_traders, model.laboratories
    return {
        "poppy_ha": [province.poppy_ha for province in provinces],
        "farm_stock_kg": [province.farm_stock_kg for province in provinces],
        "trader_stock_kg": traders.stock_kg,
        "opium_price": traders.price,
        "price_memory": traders.price_memory,
        "ban_enforcement": model.authorities.ban_enforcement,
        "ban_wear": model.authorities.ban_wear,
        "ban_belief": traders.ban_belief,
        "crop_seen": traders.crop_seen,
        "meth_capacity": labs.meth_capacity,
        "farm_income_usd": [province.farm_income_usd for province in provinces],
        "season_income_usd": [province.season_income_usd for province in provinces],
        "week_opium_sold_kg": traders.week_sold_kg,
        "week_meth_kg": labs.week_meth_kg,
        "week_hashish_kg": labs.week_hashish_kg,
    }
