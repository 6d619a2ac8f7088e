"""The agents of the northern route; docs/odd.md, sections "interdiction" to "trafficking".

Edges and ways are geography and come from `spillover.world.routes`; networks and consignments live
in slots, and their index is their slot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from spillover.axes import GOODS, ROUTES
from spillover.twin.agents import Agent, Link, Province
from spillover.world.routes import (
    AFGHAN_BORDER,
    INTERNAL,
    INTERNATIONAL,
    INTO_RUSSIA,
    Routes,
    routes,
)

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

N_NETWORK_SLOTS, N_CONSIGNMENT_SLOTS = 80, 256
CONSOLIDATE, SHIFT, EXPAND = NETWORK_MODES = ("consolidate", "shift", "expand")
OPIATES, METH, HASHISH, ARMS = GOODS
WEIGHT_OF_KIND = {
    AFGHAN_BORDER: "weight_border",
    INTERNATIONAL: "weight_international",
    INTERNAL: "weight_internal",
}
"""Parameter by kind of edge; nobody of the five searches the last edge."""


class Edge(Agent):
    """From one place to the next, in one direction, guarded by a state."""

    def __init__(self, model: TwinModel, index: int, routes_: Routes) -> None:
        super().__init__(model, index)
        link = int(routes_.edge_link[index])
        self.state = model.states[routes_.edge_state[index]]
        self.region = model.regions[routes_.edge_region[index]]
        self.link: Link | None = model.links[link] if link >= 0 else None
        self.difficulty = float(routes_.edge_difficulty[index])
        self.is_guarded = int(routes_.edge_kind[index]) != INTO_RUSSIA
        self.kind_weight = WEIGHT_OF_KIND.get(int(routes_.edge_kind[index]))
        self.patrol = 1.0
        self.hits = self.arrivals = 0.0  # remembered
        self.hazard = 0.0


class Way(Agent):
    """A way from an Afghan border province to Russia."""

    def __init__(self, model: TwinModel, index: int, routes_: Routes, edges: list[Edge]) -> None:
        super().__init__(model, index)
        legs = int(routes_.way_legs[index])
        self.edges = [edges[e] for e in routes_.way_edges[index, :legs]]
        self.start = model.provinces[routes_.way_start[index]]
        self.entry = model.states[routes_.way_entry[index]]
        self.km = float(routes_.way_km[index])
        self.hard_km = float(routes_.way_hard_km[index])
        self.state_share = [float(share) for share in routes_.way_state_share[index]]
        self.states = [
            state for state in model.states if any(edge.state is state for edge in self.edges)
        ]
        link = int(routes_.way_link[index])
        shares = routes_.province_share
        self.provinces_from = {
            home: [p for p in model.provinces if shares[home.index, link, p.index] > 0]
            for home in model.provinces
        }
        """Provinces on the cheapest way from a home to the start, both included."""


class TraffickingNetwork(Agent):
    """People who buy in a border province and carry north."""

    def __init__(
        self,
        model: TwinModel,
        slot: int,
        home: Province,
        way: Way,
        capital_usd: int,
        risk: list[float],
    ) -> None:
        super().__init__(model, slot)
        self.home, self.way, self.capital_usd = home, way, capital_usd
        self.risk = list(risk)
        self.mode = SHIFT

    def carried(self) -> int:
        """How many consignments of it are on the way."""
        return sum(load.network is self for load in self.model.route.on_the_way())


class Consignment(Agent):
    """What a network has on the way."""

    def __init__(
        self, model: TwinModel, slot: int, network: TraffickingNetwork, good: str, amount: int
    ) -> None:
        super().__init__(model, slot)
        self.network, self.good, self.amount = network, good, amount
        self.way, self.leg = network.way, 0


class NorthernRoute(Agent):
    """Edges, ways, and who is at work on them."""

    def __init__(self, model: TwinModel) -> None:
        super().__init__(model, 0)
        geography = routes(model.world)
        self.edges = [Edge(model, e, geography) for e in range(geography.n_edges)]
        self.ways = [Way(model, w, geography, self.edges) for w in range(geography.n_ways)]
        self.networks: list[TraffickingNetwork | None] = [None] * N_NETWORK_SLOTS
        self.consignments: list[Consignment | None] = [None] * N_CONSIGNMENT_SLOTS
        self.losses: list[Edge | None] = [None] * N_NETWORK_SLOTS
        """By slot of a network: the edge on which it lost something last week."""
        self.share = dict.fromkeys(ROUTES, 0.0)  # of the opiates that leave Afghanistan

    def at_work(self) -> list[TraffickingNetwork]:
        """Networks that exist, in the order of their slots."""
        return [network for network in self.networks if network is not None]

    def on_the_way(self) -> list[Consignment]:
        """Consignments that exist, in the order of their slots."""
        return [load for load in self.consignments if load is not None]
