"""Outcomes of the northern route: goods seized and passed, profit, corruption, firefights.

By state or region only: no way, edge or link is an outcome.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from spillover.axes import GOODS, ROUTES
from spillover.clock import WEEKS_PER_YEAR
from spillover.outcomes.entry import Outcome, Read, regions_by_state
from spillover.state import CONSOLIDATE, EXPAND, State
from spillover.world import World
from spillover.world.routes import routes

OPIATES, METH, HASHISH, ARMS = (
    GOODS.index(good) for good in ("opiates", "meth", "hashish", "arms")
)
KG = 1000.0  # of a tonne
NORTH = ROUTES.index("north")


def _seized(good: int) -> Read:
    return lambda s, i, w: i.trafficking.seized[:, :, good]


def _through(good: int) -> Read:
    return lambda s, i, w: i.trafficking.through[:, :, good]


def _at_border(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Drugs seized in regions that touch Afghanistan [r, c] in tonnes."""
    there = infos.trafficking.seized_region_kg * routes(world).is_border_region
    return regions_by_state(there, world) / KG


def _share_of_networks(mode: int) -> Read:
    def read(state: State, infos: SimpleNamespace, world: World) -> Any:
        used = state.network_home >= 0
        decided = used & (state.network_mode == mode)
        return decided.sum(axis=1) / np.maximum(used.sum(axis=1), 1)

    return read


def _concentration(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Herfindahl index of the money of networks [r]; 0 where there is none."""
    held = state.network_capital_usd.astype(np.float64)  # free slots hold nothing
    return (held**2).sum(axis=1) / np.maximum(held.sum(axis=1), 1.0) ** 2


STATE_OUTCOMES = [
    Outcome("drugs_seized", "Drugs seized", "t", "flow", "states",
            "Afghan opiates, methamphetamine and hashish seized, opium counted as opium.", None,
            0.01, lambda s, i, w: i.trafficking.seized_raw_kg.sum(axis=2) / KG,
            ("calibration:drug_seizures_total",)),
    Outcome("drugs_seized_border_regions", "Drugs seized near the Afghan border", "t", "flow",
            "states", "Of them, in regions that touch Afghanistan.", None, 0.01, _at_border,
            ("calibration:drug_seizures_border_regions",)),
    Outcome("opiates_seized", "Opiates seized", "kg", "flow", "states",
            "Heroin equivalent of the opiates seized.", None, 1.0, _seized(OPIATES),
            ("calibration:heroin_seizures",)),
    Outcome("opiates_seized_raw", "Opiates seized, raw", "kg", "flow", "states",
            "The same with opium counted as opium.", None, 1.0,
            lambda s, i, w: i.trafficking.seized_raw_kg[:, :, OPIATES],
            ("calibration:opium_seizures", "calibration:heroin_seizures")),
    Outcome("meth_seized", "Methamphetamine seized", "kg", "flow", "states",
            "Methamphetamine from Afghanistan seized.", None, 1.0, _seized(METH),
            ("calibration:synthetic_seizures",)),
    Outcome("hashish_seized", "Hashish seized", "kg", "flow", "states",
            "Hashish from Afghanistan seized; cannabis of the region itself is not counted.", None,
            1.0, _seized(HASHISH), ("calibration:hashish_seizures",)),
    Outcome("arms_seized", "Arms for Russia seized", "pieces", "flow", "states",
            "Pieces on the way to Russia that were seized; those for the region are apart.", None,
            1.0, _seized(ARMS), ("calibration:customs_weapons_seized",)),
    Outcome("seizures", "Seizures", "events", "flow", "states",
            "Consignments from Afghanistan that were seized.", None, 1.0,
            lambda s, i, w: s.week_seizures, ("calibration:drug_seizures_total",)),
    Outcome("opiates_entered", "Opiates that enter", "kg", "flow", "states",
            "Heroin equivalent that crosses the Afghan border of the state.", "lower", 10.0,
            lambda s, i, w: i.trafficking.entered[:, :, OPIATES],
            ("M-TJK-SMUGGLING", "M-TALIBAN-WIN-DRUGS")),
    Outcome("opiates_through", "Opiates that pass", "kg", "flow", "states",
            "Heroin equivalent that passed the state and reached Russia; a kilogram counts in "
            "every state that it passes.", "lower", 10.0,
            _through(OPIATES), ("C-NORTHERN-DRUG-ROUTE", "A-TRAFFICKERS")),
    Outcome("meth_through", "Methamphetamine that passes", "kg", "flow", "states",
            "Methamphetamine that passed the state and reached Russia.", "lower", 1.0,
            _through(METH), ("calibration:synthetic_seizures",)),
    Outcome("hashish_through", "Hashish that passes", "kg", "flow", "states",
            "Hashish that passed the state and reached Russia.", "lower", 10.0,
            _through(HASHISH), ("calibration:hashish_seizures",)),
    Outcome("trafficking_profit", "Profit of traffickers", "USD/yr", "stock", "states",
            "Margin earned on ways through the state by length of the way, a half-year's pace.",
            "lower", 1e5, lambda s, i, w: s.route_profit * WEEKS_PER_YEAR,
            ("M-NORTHERN-ROUTE-CORRUPTION",)),
    Outcome("corruption", "Corruption of border and drug services", "index", "stock", "states",
            "Share of what services would find that bribes let pass.", "lower", 0.01,
            lambda s, i, w: s.corruption,
            ("M-NORTHERN-ROUTE-CORRUPTION", "M-DRUGS-STATE-CAPACITY")),
    Outcome("firefights", "Firefights with traffickers", "events", "flow", "states",
            "Firefights of patrols with traffickers on the Afghan border.", "lower", 1.0,
            lambda s, i, w: i.trafficking.firefights, ("M-WEAK-SECURITY-ARMS",)),
    Outcome("firefight_deaths", "Deaths in firefights with traffickers", "deaths", "flow",
            "states", "People killed in them.", "lower", 1.0,
            lambda s, i, w: i.trafficking.firefight_deaths, ("M-WEAK-SECURITY-ARMS",)),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("opiates_shipped_north", "Opiates shipped north", "kg", "flow", "AFG",
            "Heroin equivalent that networks took on for the northern route.", "lower", 10.0,
            lambda s, i, w: i.trafficking.shipped[:, OPIATES], ("C-NORTHERN-DRUG-ROUTE",)),
    Outcome("opiates_sold_north", "Opiates sold at the end of the northern route", "kg", "flow",
            "AFG", "Heroin equivalent that reached Russia.", "lower", 10.0,
            lambda s, i, w: i.trafficking.delivered[:, OPIATES], ("C-NORTHERN-DRUG-ROUTE",), True),
    Outcome("north_route_share", "Share of the northern route", "share", "stock", "AFG",
            "Part of Afghan opiates that takes the way through the five states.", None, 0.001,
            lambda s, i, w: s.route_share[:, NORTH],
            ("calibration:share_northern_opiates_via_tajikistan",)),
    Outcome("flow_tax", "Tax of armed groups on drug flows", "USD", "flow", "AFG",
            "Paid by networks to ISIS-K and the other groups.", "lower", 1e4,
            lambda s, i, w: i.trafficking.flow_tax_usd.sum(axis=1),
            ("M-OPIUM-FINANCES-MILITANTS", "M-DRUG-EXTREMIST-FINANCE")),
    Outcome("networks", "Trafficking networks", "networks", "stock", "AFG",
            "Networks at work on the northern route.", "lower", 1.0,
            lambda s, i, w: (s.network_home >= 0).sum(axis=1), ("A-TRAFFICKERS",)),
    Outcome("networks_expanding", "Networks that expand", "share", "stock", "AFG",
            "Share of trafficking networks that take on more than usual for their money.", "lower",
            0.01, _share_of_networks(EXPAND), ("A-TRAFFICKERS", "paper:magliocca2019")),
    Outcome("networks_consolidating", "Networks that consolidate", "share", "stock", "AFG",
            "Share of trafficking networks that take on less than usual and save.", None,
            0.01, _share_of_networks(CONSOLIDATE), ("A-TRAFFICKERS", "paper:magliocca2019")),
    Outcome("network_concentration", "Concentration of the northern trade", "share", "stock",
            "AFG", "Probability that two dollars in the hands of networks belong to the same one.",
            None, 0.001, _concentration, ("A-TRAFFICKERS", "paper:magliocca2019")),
]  # fmt: skip

REGION_OUTCOMES = [
    Outcome("seizures_kg", "Drugs seized", "kg", "flow", "regions",
            "Afghan drugs seized in the region, opium counted as opium.", None, 1.0,
            lambda s, i, w: np.asarray(i.trafficking.seized_region_kg),
            ("calibration:drug_seizures_border_regions",)),
]  # fmt: skip
