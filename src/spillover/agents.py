"""Agents for Mesa: views on the arrays of the kernel, which moves all of them at once.

Agents own nothing: an attribute of an agent is a look into the state of the current week. None of
them shows the way of a consignment or of a network: what they show is no finer than a province.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mesa

from spillover.axes import CORRIDORS, CSTO_OPTIONS, FACTIONS, GROUPS, LEVERS, POWERS, STATES
from spillover.state import MODES, NETWORK_MODES

if TYPE_CHECKING:
    from spillover.model import SpilloverModel


class _View(mesa.Agent):
    """An agent that reads its attributes from one place of the model's arrays."""

    model: SpilloverModel

    def _at(self, name: str, *place: int) -> Any:
        return getattr(self.model.state, name)[(0, *place)]

    def step(self) -> None:
        """Do nothing: the kernel moves all agents at once."""


class StateAgent(_View):
    """One of the five states."""

    def __init__(self, model: SpilloverModel, code: str) -> None:
        super().__init__(model)
        self.code, self.index = code, STATES.index(code)

    @property
    def engagement(self) -> float:
        """Engagement with Kabul, 0 to 1."""
        return float(self._at("engagement", self.index))

    @property
    def threat(self) -> float:
        """Threat perceived, 0 to 1."""
        return float(self._at("threat", self.index))

    @property
    def repression(self) -> float:
        """Repression, 0 to 1."""
        return float(self._at("repression", self.index))

    @property
    def levers(self) -> dict[str, float]:
        """Delivered level of every lever."""
        return dict(zip(LEVERS, self._at("delivered", self.index).tolist(), strict=True))


class FactionAgent(_View):
    """The Kandahar or the Kabul faction of the Taliban."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name, self.index = name, FACTIONS.index(name)

    @property
    def will(self) -> float:
        """Will to keep promises given to neighbours, 0 to 1."""
        return float(self._at("faction_will", self.index))

    @property
    def reciprocity(self) -> float:
        """What engagement earns from this faction, 0 to 1."""
        return float(self._at("reciprocity", self.index))


class GroupAgent(_View):
    """An armed group other than ISIS-K."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name, self.index = name, GROUPS.index(name)

    @property
    def fighters(self) -> int:
        """Fighters in Afghanistan."""
        return int(self._at("fighters", self.index).sum())

    @property
    def haven(self) -> float:
        """Tolerance by the authorities, 0 to 1."""
        return float(self._at("haven", self.index))

    @property
    def funds_usd(self) -> int:
        """Money of the group in USD."""
        return int(self._at("group_funds_usd", self.index))


class CellAgent(_View):
    """A cell of ISIS-K in its slot; it exists while the slot is in use."""

    def __init__(self, model: SpilloverModel, slot: int) -> None:
        super().__init__(model)
        self.slot = slot

    @property
    def province(self) -> str:
        """Province id."""
        return self.model.parameters.world.place_ids[int(self._at("cell_place", self.slot))]

    @property
    def fighters(self) -> int:
        """Men in the cell."""
        return int(self._at("cell_fighters", self.slot))

    @property
    def mode(self) -> str:
        """What the cell does: hide, local, recruit, north or external."""
        return MODES[int(self._at("cell_mode", self.slot))]

    @property
    def funds_usd(self) -> int:
        """Money of the cell in USD."""
        return int(self._at("cell_funds_usd", self.slot))


class OrganisationAgent(_View):
    """The CSTO, the SCO or the CIS."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name = name

    @property
    def delivered(self) -> dict[str, float]:
        """What the organisation delivers: CSTO options, or the share of a programme."""
        if self.name == "CSTO":
            return dict(zip(CSTO_OPTIONS, self._at("csto_delivered").tolist(), strict=True))
        view = self.model.parameters.at(min(self.model.week, self.model.n_weeks - 1))
        if self.name == "SCO":
            return {
                "integration": float(view.diplomacy.sco_integration),
                "coordination": float(view.diplomacy.sco_coordination),
            }
        return {"programme": float(view.drivers.cis_programme)}


class NetworkAgent(_View):
    """A trafficking network in its slot; it exists while the slot is in use."""

    def __init__(self, model: SpilloverModel, slot: int) -> None:
        super().__init__(model)
        self.slot = slot

    @property
    def home(self) -> str:
        """Province id."""
        return self.model.parameters.world.place_ids[int(self._at("network_home", self.slot))]

    @property
    def capital_usd(self) -> int:
        """Money of the network in USD."""
        return int(self._at("network_capital_usd", self.slot))

    @property
    def mode(self) -> str:
        """What it decided at its last turn: consolidate, shift or expand."""
        return NETWORK_MODES[int(self._at("network_mode", self.slot))]

    @property
    def consignments(self) -> int:
        """Consignments of the network that are on the way."""
        return int((self._at("consignment_network") == self.slot).sum())

    @property
    def believed_risk(self) -> float:
        """Mean chance of loss on one leg that the network believes in."""
        return float(self._at("network_risk", self.slot).mean())


class CorridorAgent(_View):
    """A corridor of trade, transit or power."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name, self.index = name, CORRIDORS.index(name)

    @property
    def progress(self) -> float:
        """Share of works done, 1 = open."""
        return float(self._at("corridor_progress", self.index))

    @property
    def is_open(self) -> bool:
        """Whether the works are done."""
        return self.progress >= 1.0


class PowerAgent(_View):
    """An outside power."""

    def __init__(self, model: SpilloverModel, name: str) -> None:
        super().__init__(model)
        self.name, self.index = name, POWERS.index(name)

    @property
    def support(self) -> float:
        """Money for corridors and aid, 1 = 2021."""
        return float(self._at("power_support", self.index))
