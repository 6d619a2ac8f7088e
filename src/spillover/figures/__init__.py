"""Figures of a results folder, drawn from its tables only.

``draw_all(folder)`` draws everything there is; each figure is also a function that takes tables and
an ``ax`` and returns the Axes. Nothing here runs the model or touches pyplot's global state.
"""

from spillover.figures.contrasts import contrast_forest, contrast_page, regret_map, regret_page
from spillover.figures.distribution import distribution, distribution_page
from spillover.figures.draw import draw_all
from spillover.figures.fan import fan
from spillover.figures.fan_page import fan_page
from spillover.figures.forest import forest, forest_page
from spillover.figures.map_layers import MapLayer
from spillover.figures.maps import map_page, region_map
from spillover.figures.statistics import paired_differences, yearly_quantiles
from spillover.figures.tables import Measure, Provenance, Results, read_results

__all__ = [
    "MapLayer",
    "Measure",
    "Provenance",
    "Results",
    "contrast_forest",
    "contrast_page",
    "distribution",
    "distribution_page",
    "draw_all",
    "fan",
    "fan_page",
    "forest",
    "forest_page",
    "map_page",
    "paired_differences",
    "read_results",
    "region_map",
    "regret_map",
    "regret_page",
    "yearly_quantiles",
]
