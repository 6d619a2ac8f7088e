"""Agents around Afghanistan and the five: powers, the river, media, corridors; section 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spillover.axes import CARGO_MARKETS, POWERS, STATES
from spillover.twin.agents import Agent, Province, Region, State
from spillover.world.river import load_river
from spillover.world.transport import transport

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel


class Power(Agent):
    """An outside power with its money for corridors and projects."""

    def __init__(self, model: TwinModel, index: int, name: str) -> None:
        super().__init__(model, index)
        self.name = name
        self.support = 1.0


class Oasis(Agent):
    """Users of the river in one region, in the order in which the water reaches them."""

    def __init__(self, model: TwinModel, index: int, region: Region) -> None:
        super().__init__(model, index)
        river = load_river(model.world)
        self.region = region
        self.is_above_canal = bool(river.is_above_canal[index])
        self.demand_km3 = float(river.demand_km3[index])


class AmuDarya(Agent):
    """The river with its store and its users."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        self.anomaly = 0.0
        self.reservoir_m3 = 0
        regions = load_river(model.world).region.tolist()
        self.oases = [Oasis(model, n, model.regions[q]) for n, q in enumerate(regions)]


class Medium(Agent):
    """Propaganda in one language."""

    def __init__(self, model: TwinModel, index: int, language: str) -> None:
        super().__init__(model, index)
        self.language = language
        self.output = 1.0  # 1 = 2021


class Corridor(Agent):
    """A corridor of trade, transit or power."""

    def __init__(self, model: TwinModel, index: int, name: str) -> None:
        super().__init__(model, index)
        routes = transport(model.world)
        self.name = name
        self.length_km = float(routes.length_km[index])
        self.country_km: list[float] = routes.country_km[index].tolist()  # Afghanistan, the five
        self.provinces: list[Province] = [
            province for province in model.provinces if routes.on_route[index, province.index]
        ]
        self.is_afghan = bool(routes.is_afghan[index])
        self.is_pakistani = bool(routes.is_pakistani[index])
        self.is_through_russia = bool(routes.is_through_russia[index])
        self.is_power_line = bool(routes.is_line[index])
        self.is_kabul = bool(routes.is_kabul[index])
        self.states: list[State] = _states(model, routes.touches_state[index].tolist())
        self.promoters: list[State] = _states(model, routes.promoters[index].tolist())
        markets = zip(CARGO_MARKETS, routes.market[index], strict=True)
        self.market = next((name for name, competes in markets if competes), None)
        self.backers = dict(zip(POWERS, routes.backers[index].tolist(), strict=True))
        self.needs: list[Corridor] = []
        self.progress = 0.0
        self.delay_deviate = 0.0  # one normal number for all weeks

    @property
    def is_open(self) -> bool:
        """Whether its works have ended, and those of one that it needs."""
        built = self.progress >= 1.0
        return built and (not self.needs or any(y.progress >= 1.0 for y in self.needs))


def _states(model: TwinModel, chosen: list[bool]) -> list[State]:
    return [model.states[c] for c in range(len(STATES)) if chosen[c]]


def corridors(model: TwinModel, names: tuple[str, ...]) -> list[Corridor]:
    """All corridors, each knowing the ones of which it needs one."""
    found = [Corridor(model, y, name) for y, name in enumerate(names)]
    needs = transport(model.world).needs
    for corridor in found:
        corridor.needs = [other for other in found if needs[corridor.index, other.index]]
    return found
