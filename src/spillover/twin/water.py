"""The Amu Darya from the mountains to the delta; docs/odd.md, "water" (W1 to W7)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spillover.twin.arithmetic import Y, clip, mean, rint
from spillover.world.river import load_river

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel
    from spillover.twin.surroundings import Oasis

NAME = "water"
WEEKLY = 1e9 / Y
"""Q: km3 a year in m3 a week."""
SECONDS_A_WEEK = 604_800
CANAL_PROVINCES = ("AF-BAL", "AF-JOW")


def start(model: TwinModel) -> None:
    """A river of any year, the store of August, nobody short of water."""
    par = model.view.water
    model.river.anomaly = par.flow_log_sd * model.stream("water/start", 1, at=0).normal(0)
    model.river.reservoir_m3 = rint(1e9 * par.storage_start)
    for region in model.regions:
        region.water_deficit = 0.0


def step(model: TwinModel) -> None:
    """One week."""
    view, river = model.view, model.river
    par, season = view.water, view.drivers.irrigation_season
    inflow = _inflow(model)
    wants = {o: rint(WEEKLY * par.demand_factor * season * o.demand_km3) for o in river.oases}
    above = [oasis for oasis in river.oases if oasis.is_above_canal]
    below = [oasis for oasis in river.oases if not oasis.is_above_canal]
    upper = [*(wants[oasis] for oasis in above), rint(WEEKLY * par.afghan_use * season)]
    drawn = min(sum(upper), inflow)
    *high, own = _share(drawn, upper, 0.0)
    treaty = _treaty(model)
    withdrawal, lost = _canal(model, inflow, drawn, treaty)

    at_hand = inflow - drawn - withdrawal + river.reservoir_m3
    lower = [wants[oasis] for oasis in below]
    supply = min(sum(lower), at_hand)
    river.reservoir_m3 = min(at_hand - supply, rint(1e9 * par.storage_capacity))
    low = _share(supply, lower, par.priority)
    given = dict(zip([*above, *below], [*high, *low], strict=True))
    for oasis in river.oases:
        _run_short(model, oasis, 1.0 - given[oasis] / max(wants[oasis], 1))
    model.flows |= {
        "inflow_m3": inflow,
        "afghan_use_m3": own,
        "canal_withdrawal_m3": withdrawal,
        "canal_irrigation_m3": withdrawal - lost,
        "canal_lost_m3": lost,
        "outflow_m3": at_hand - supply - river.reservoir_m3,
        "delivered_m3": _by_region(model, given),
        "demanded_m3": _by_region(model, wants),
        "farm_loss": [par.farm_elasticity * region.water_deficit for region in model.regions],
        "treaty": treaty,
    }


def _inflow(model: TwinModel) -> int:
    """W1."""
    par, river = model.view.water, model.river
    chance = par.flow_log_sd * math.sqrt(1.0 - par.flow_memory**2)
    river.anomaly = par.flow_memory * river.anomaly
    river.anomaly += chance * model.stream("water/flow", 1).normal(0)
    level = model.view.drivers.amu_darya_flow * math.exp(river.anomaly - par.flow_log_sd**2 / 2)
    return rint(WEEKLY * par.flow * level)


def _treaty(model: TwinModel) -> float:
    """W3: part of a full treaty that binds the canal."""
    par = model.view.water
    canal = [province for province in model.provinces if province.id in CANAL_PROVINCES]
    kept = mean([province.promise_kept for province in canal]) if canal else 0.0
    shares = load_river(model.world).state_share
    more = 0.0
    for state in model.states:
        agreed = min(par.treaty + par.treaty_per_level * state.delivered["water_treaty"], 1.0)
        more += float(shares[state.index]) * (agreed - par.treaty)
    return float(min(par.treaty + kept * more, 1.0))


def _canal(model: TwinModel, inflow: int, drawn: int, treaty: float) -> tuple[int, int]:
    """W4: what the canal takes, and what of it is lost on the way."""
    par, drivers = model.view.water, model.view.drivers
    completion = drivers.qosh_tepa_completion
    grown = max(completion - par.phase_one, 0.0) / (1.0 - par.phase_one)
    developed = par.developed + (1.0 - par.developed) * grown
    loss = par.canal_loss * (1.0 - par.treaty_repair * treaty)
    need = WEEKLY * completion * developed * par.canal_demand * drivers.irrigation_season
    need *= (1.0 - par.canal_loss) / (1.0 - loss)
    wish = min(need, SECONDS_A_WEEK * par.canal_capacity)
    wish += treaty * (min(wish, par.treaty_share * inflow) - wish)
    withdrawal = min(rint(wish), inflow - drawn)
    return withdrawal, rint(loss * withdrawal)


def _share(supply: int, demand: Sequence[int], priority: float) -> list[int]:
    """W6: water of each user in order; the parts sum to the supply."""
    before, heap, given, parts = 0, 0.0, 0, []
    for wanted in demand:
        first = clip(supply - before, 0, wanted)
        even = supply * wanted / max(sum(demand), 1)
        heap += priority * first + (1.0 - priority) * even
        parts.append(rint(heap) - given)
        given, before = rint(heap), before + wanted
    return parts


def _run_short(model: TwinModel, oasis: Oasis, shortage: float) -> None:
    """W7."""
    region = oasis.region
    pace = min(model.view.drivers.irrigation_season / model.view.water.smoothing, 1.0)
    deficit = region.water_deficit + pace * (shortage - region.water_deficit)
    region.water_deficit = clip(deficit, 0.0, 1.0)


def _by_region(model: TwinModel, volumes: dict[Oasis, int]) -> list[int]:
    """m3 of every region, also of those off the river."""
    found = {oasis.region: volume for oasis, volume in volumes.items()}
    return [found.get(region, 0) for region in model.regions]


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {
        "river_anomaly": model.river.anomaly,
        "reservoir_m3": model.river.reservoir_m3,
        "water_deficit": [region.water_deficit for region in model.regions],
    }
