"""Figures of a results folder, drawn from its tables only.

``draw_all(folder)`` draws everything there is; each figure is also a function that takes tables and
an ``ax`` and returns the Axes. Nothing here runs the model or touches pyplot's global state.
"""

from spillover.figures.balance import (
    pareto,
    pareto_page,
    precision_bars,
    precision_page,
    synergies,
    synergy_page,
)
from spillover.figures.contrasts import contrast_forest, contrast_page, regret_map, regret_page
from spillover.figures.distribution import distribution, distribution_page
from spillover.figures.draw import draw_all
from spillover.figures.events import averted_induced, events_page
from spillover.figures.explored import boxes_page, failure_boxes, importance_bars, importance_page
from spillover.figures.fan import fan
from spillover.figures.fan_page import fan_page
from spillover.figures.flows import flow_map, flow_page, network_snapshot
from spillover.figures.forest import forest, forest_page
from spillover.figures.map_layers import MapLayer
from spillover.figures.maps import map_page, region_map
from spillover.figures.robust import (
    agreement_page,
    parallel_coordinates,
    parallel_page,
    rank_agreement,
)
from spillover.figures.statistics import paired_differences, yearly_quantiles
from spillover.figures.tables import (
    Measure,
    Provenance,
    Results,
    add_five_states,
    read_results,
)

__all__ = [
    "MapLayer",
    "Measure",
    "Provenance",
    "Results",
    "add_five_states",
    "agreement_page",
    "averted_induced",
    "boxes_page",
    "contrast_forest",
    "contrast_page",
    "distribution",
    "distribution_page",
    "draw_all",
    "events_page",
    "failure_boxes",
    "fan",
    "fan_page",
    "flow_map",
    "flow_page",
    "forest",
    "forest_page",
    "importance_bars",
    "importance_page",
    "map_page",
    "network_snapshot",
    "paired_differences",
    "parallel_coordinates",
    "parallel_page",
    "pareto",
    "pareto_page",
    "precision_bars",
    "precision_page",
    "rank_agreement",
    "read_results",
    "region_map",
    "regret_map",
    "regret_page",
    "synergies",
    "synergy_page",
    "yearly_quantiles",
]
