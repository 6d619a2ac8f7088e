"""The map, the start population and the weekly drivers that come from outside the model."""

from spillover.world.border_points import BorderPoint
from spillover.world.corridors import Corridor
from spillover.world.network import World, load_world

__all__ = ["BorderPoint", "Corridor", "World", "load_world"]
