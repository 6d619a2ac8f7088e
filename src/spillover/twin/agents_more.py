"""More agents of the twin: who trades, carries and hosts; docs/odd.md, section 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spillover.twin.agents import Agent, Province

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel


class OpiumTraders(Agent):
    """Those who buy opium from farmers, hold it and sell it abroad, as one."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.stock_kg = self.week_sold_kg = 0
        self.price = self.price_memory = 0.0
        self.ban_belief = self.crop_seen = 0.0
        self.yield_year = -1  # calendar year whose chance of the yield is known
        self.yield_deviate = 0.0


class Laboratories(Agent):
    """Those who make methamphetamine and hashish, as one."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.meth_capacity = 0.0
        self.week_meth_kg = self.week_hashish_kg = 0


class ArmsMarket(Agent):
    """The arms market of Afghanistan."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.stock = self.week_north = 0


class Host(Agent):
    """A country that hosts Afghans and sends them back."""

    def __init__(self, model: TwinModel, index: int, name: str) -> None:
        super().__init__(model, index)
        touching = {"pakistan": model.world.pakistan_provinces, "iran": model.world.iran_provinces}
        self.name = name
        self.borders: list[Province] = [
            province for province in model.provinces if touching[name][province.index]
        ]
        self.afghans = 0
        self.expulsion = 1.0  # factor on the dated returns
