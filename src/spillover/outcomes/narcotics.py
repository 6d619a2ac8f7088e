"""Outcomes of the narcotics channel at its source: poppy, opium, prices, meth."""

from __future__ import annotations

from spillover.axes import ROUTES
from spillover.outcomes.entry import Outcome, Read


def _sold_by(route: int) -> Read:
    return lambda s, i, w: i.opium.sold_kg * s.route_share[:, route]


AFGHAN_OUTCOMES = [
    Outcome("poppy_area", "Poppy harvested", "ha", "flow", "AFG",
            "Area of poppy that came to harvest.", "lower", 1000.0,
            lambda s, i, w: i.opium.harvested_ha.sum(axis=1),
            ("calibration:opium_cultivation_area", "U-OPIUM-RESUME")),
    Outcome("poppy_sown", "Poppy sown", "ha", "stock", "AFG",
            "Area sown for the coming harvest, or that of the last one until autumn.", "lower",
            1000.0, lambda s, i, w: s.poppy_ha.sum(axis=1),
            ("calibration:opium_cultivation_area", "U-OPIUM-RESUME"), True),
    Outcome("opium_harvest", "Opium harvested", "kg", "flow", "AFG",
            "Dry opium that was harvested.", "lower", 1000.0,
            lambda s, i, w: i.opium.harvest_kg.sum(axis=1),
            ("calibration:opium_production_potential",)),
    Outcome("farm_income", "Farm income from opium", "USD", "flow", "AFG",
            "Value of the harvest at the prices of its weeks.", None, 1e6,
            lambda s, i, w: i.opium.harvest_usd.sum(axis=1),
            ("calibration:opium_farmers_income", "Q-OPIUM-INCOME-LOSS", "M-BAN-INCOME-LOSS")),
    Outcome("opium_price", "Farm-gate price of opium", "USD/kg", "stock", "AFG",
            "Price of dry opium at the farm gate.", None, 1.0,
            lambda s, i, w: s.opium_price, ("calibration:opium_farmgate_price_dry",)),
    Outcome("opium_price_at_bound", "Weeks with the opium price at its bound", "weeks", "flow",
            "AFG", "Weeks in which the price was held at the limits of the model.", None, 1.0,
            lambda s, i, w: i.opium.at_bound, ("U-OPIUM-NO-QUANTITY",)),
    Outcome("opium_stock", "Opium in stock", "kg", "stock", "AFG",
            "Opium at farms and traders.", None, 1e6,
            lambda s, i, w: s.farm_stock_kg.sum(axis=1) + s.trader_stock_kg,
            ("calibration:opiate_stocks",)),
    Outcome("opium_sold", "Opium sold from stocks", "kg", "flow", "AFG",
            "Opium that left the stocks for all routes, raw or to be refined.", "lower", 1000.0,
            lambda s, i, w: i.opium.sold_kg, ("U-OPIUM-NO-QUANTITY",)),
    *(
        Outcome(f"opium_{route}", f"Opium that goes {route}", "kg", "flow", "AFG",
                f"Of it, what takes the ways to the {route}.", "lower", 1000.0, _sold_by(number),
                ("C-NORTHERN-DRUG-ROUTE", "U-OPIUM-NO-QUANTITY"))
        for number, route in enumerate(ROUTES)
    ),
    Outcome("opium_sales", "Value of opium sold from stocks", "USD", "flow", "AFG",
            "What traders were paid at farm-gate prices; not farm income.", None, 1e6,
            lambda s, i, w: i.opium.sales_usd, ("calibration:opiate_economy_gross_output",)),
    Outcome("meth_output", "Meth made", "kg", "flow", "AFG",
            "Methamphetamine made for all routes.", "lower", 1000.0,
            lambda s, i, w: i.opium.meth_kg, ("A-TRAFFICKERS",)),
    Outcome("ban_enforcement", "Enforcement of the poppy ban", "index", "stock", "AFG",
            "0 none, 1 as in the sowing of late 2022.", None, 0.01,
            lambda s, i, w: s.ban_enforcement, ("E-TAL-OPIUM-RESTRICT",)),
    Outcome("ban_belief", "Belief in a lasting ban", "probability", "stock", "AFG",
            "How far traders expect the ban to last.", None, 0.01,
            lambda s, i, w: s.ban_belief, ("M-BAN-REBOUND",)),
]  # fmt: skip

PROVINCE_OUTCOMES = [
    Outcome("poppy_ha", "Poppy sown", "ha", "stock", "provinces",
            "Area sown; the split within a zone follows rural people and is no measurement.",
            "lower", 10.0, lambda s, i, w: s.poppy_ha,
            ("calibration:opium_cultivation_share",)),
]  # fmt: skip
