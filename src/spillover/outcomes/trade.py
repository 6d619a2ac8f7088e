"""Outcomes of trade with Afghanistan and of the corridors through it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from spillover.axes import CARGO_MARKETS, CORRIDORS
from spillover.outcomes.entry import Outcome, Read
from spillover.rates import weighted_sums
from spillover.state import State
from spillover.world import World
from spillover.world.transport import transport


def _open(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Corridors in use on the soil of each state or promoted by it [r, c]."""
    routes = transport(world)
    return weighted_sums(infos.trade.is_open, routes.touches_state | routes.promoters)


def _afghan_open(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Corridors in use that touch Afghanistan [r]."""
    return (infos.trade.is_open * transport(world).is_afghan).sum(axis=1)


def _cargo(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Transit cargo on corridors that cross each state [r, c]."""
    return weighted_sums(infos.trade.cargo_mt, transport(world).touches_state)


def _afghan_cargo(state: State, infos: SimpleNamespace, world: World) -> Any:
    """Cargo on corridors that cross Afghanistan [r]."""
    return (infos.trade.cargo_mt * transport(world).is_afghan).sum(axis=1)


def _cargo_of(market: int) -> Read:
    """Transit cargo of one direction on corridors that cross each state [r, c]."""

    def read(state: State, infos: SimpleNamespace, world: World) -> Any:
        routes = transport(world)
        cargo = infos.trade.cargo_mt * routes.market[:, market]
        return weighted_sums(cargo, routes.touches_state)

    return read


def _progress(corridor: int) -> Read:
    return lambda s, i, w: s.corridor_progress[:, corridor]


DIRECTIONS = ("between north and south", "between east and west", "to and from Afghanistan")
"""Of the markets of cargo."""

STATE_OUTCOMES = [
    Outcome("trade_with_afghanistan", "Trade with Afghanistan", "USD million/yr", "stock", "states",
            "Pace of trade in both directions.", None, 1.0, lambda s, i, w: s.trade_usd_m,
            ("calibration:trade_turnover_with_afghanistan", "Q-KAZUZB-TRADE-2025"), True),
    Outcome("exports_to_afghanistan", "Exports to Afghanistan", "USD million/yr", "stock", "states",
            "Of it, what the state sells.", "higher", 1.0,
            lambda s, i, w: i.trade.exports_usd_m, ("calibration:exports_to_afghanistan",)),
    Outcome("power_exports", "Electricity sold to Afghanistan", "USD million/yr", "stock",
            "states", "Part of trade.", None, 1.0, lambda s, i, w: i.trade.power_usd_m,
            ("C-POWER-UZB", "C-POWER-TKM")),
    Outcome("flour_exports", "Flour sold to Afghanistan", "1000 t/yr", "stock", "states",
            "Flour and grain in tonnes of flour.", None, 1.0, lambda s, i, w: i.trade.flour_kt,
            ("calibration:flour_exports_to_afghanistan", "M-INSTABILITY-GRAIN")),
    Outcome("diverted_trade", "Trade taken over from Pakistan", "USD million/yr", "stock", "states",
            "Trade that turned north because Pakistan's crossings are shut.", None, 1.0,
            lambda s, i, w: i.trade.diverted_usd_m, ("ST-PAK-HOSTILE",)),
    Outcome("transit_income", "Transit income", "USD million/yr", "stock", "states",
            "Fees for cargo that crosses the state.", "higher", 1.0,
            lambda s, i, w: s.transit_usd_m[:, 1:], ("Q-KAZ-EXTRA-TRANSIT", "M-LAPIS-DIVERTS-UZB")),
    Outcome("transit_cargo", "Transit cargo", "million t/yr", "stock", "states",
            "Cargo on corridors that cross the state.", None, 0.1, _cargo,
            ("Q-KABUL-CORRIDOR-CARGO",)),
    *(
        Outcome(f"transit_cargo_{market}", f"Transit cargo {way}", "million t/yr", "stock",
                "states", f"Of it, cargo {way}.", None, 0.1, _cargo_of(k),
                ("Q-KABUL-CORRIDOR-CARGO",))
        for k, (market, way) in enumerate(zip(CARGO_MARKETS, DIRECTIONS, strict=True))
    ),
    Outcome("corridors_open", "Corridors in use", "corridors", "stock", "states",
            "Corridors in use that cross the state or that it promotes.", "higher", 0.1, _open,
            ("C-NORTH-SOUTH-PLANS",)),
    Outcome("russian_route_share", "Dependence on routes through Russia", "share", "stock",
            "states", "Share of the outlets to the world that run through Russia.", "lower", 0.01,
            lambda s, i, w: i.trade.russian_share, ("U-CORRIDOR-RUSSIA", "R-IVA-DIVERSIFY")),
]  # fmt: skip

AFGHAN_OUTCOMES = [
    Outcome("afghan_trade", "Foreign trade of Afghanistan", "USD million/yr", "stock", "AFG",
            "Pace of trade that pays customs, all partners.", None, 10.0,
            lambda s, i, w: s.afghan_trade_usd_m, ("calibration:taliban_revenue_customs",)),
    Outcome("afghan_transit_income", "Transit income of Afghanistan", "USD million/yr", "stock",
            "AFG", "Fees for cargo, power and gas that cross the country.", "higher", 1.0,
            lambda s, i, w: s.transit_usd_m[:, 0], ("calibration:tapi_capacity", "C-TAPI")),
    Outcome("afghan_transit_cargo", "Cargo on Afghan corridors", "million t/yr", "stock", "AFG",
            "Cargo on corridors that touch the country.", None, 0.1, _afghan_cargo,
            ("Q-KABUL-CORRIDOR-CARGO",)),
    Outcome("afghan_corridors_open", "Corridors of Afghanistan in use", "corridors", "stock", "AFG",
            "Corridors, lines and pipes in use that touch the country.", "higher", 0.1,
            _afghan_open, ("C-NORTH-SOUTH-PLANS",), True),
    *(
        Outcome(f"works_{name.lower().replace('-', '_')}", f"Works on {name}", "share", "stock",
                "AFG", f"Share of the works on corridor {name} that is done, 1 = in use.", None,
                0.01, _progress(y), ("C-NORTH-SOUTH-PLANS",))
        for y, name in enumerate(CORRIDORS)
    ),
    Outcome("trade_lost_pakistan", "Trade that Pakistan does not let pass", "USD million/yr",
            "stock", "AFG", "Trade held up at shut crossings.", "lower", 1.0,
            lambda s, i, w: i.trade.lost_pakistan_usd_m, ("ST-PAK-HOSTILE",)),
]  # fmt: skip
