"""Maps of the region: place outcomes in Afghan provinces and Central Asian regions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path as Outline

from spillover.figures.geography import (
    CONTEXT_LABELS,
    COUNTRY_LABELS,
    country_borders,
    frame_of_context,
    outline_of,
    point_km,
    window_km,
)
from spillover.figures.map_layers import (
    MapLayer,
    chosen_places,
    country_of,
    layer_of,
    layer_specs,
)
from spillover.figures.statistics import n_text
from spillover.figures.style import (
    INK,
    MUTED,
    axes_or_new,
    caption_height,
    caption_of,
    finish,
    new_figure,
    number,
    policies_of,
    scenario_ink,
    scenarios_of,
    title_of,
    wrap,
)
from spillover.figures.tables import (
    BRANCH_PERIOD,
    Results,
    reported_period,
)
from spillover.world.outlines import context_outlines, outlines

CREDITS = "Made with Natural Earth; boundaries as drawn there imply no position on any dispute."
SEA, LAND, NO_VALUE, BORDER = "#E4ECF2", "#EFEDE8", "#D9D7D2", "#FFFFFF"


def region_map(
    layers: Sequence[MapLayer], *, title: str = "", colour: str = INK, ax: Axes | None = None
) -> Axes:
    """Draw the 82 places, each in the colour of the first layer that has a value for it.

    Every place is one patch whose gid is the place id. Places without a value are grey.
    """
    ax = base_map(axes_or_new(ax, 6.0, 4.6))
    for place_id, polygons in outlines().items():
        patch = PathPatch(
            outline_of(polygons), fc=_fill(place_id, layers), ec=BORDER, lw=0.35, zorder=2
        )
        patch.set_gid(place_id)
        ax.add_artist(patch)
    if title:
        ax.set_title(title, color=colour, weight="bold", loc="left")
    return ax


@cache
def _countries() -> Outline:
    """The six countries as one path."""
    return Outline.make_compound_path(*map(outline_of, outlines().values()))


@cache
def _neighbours() -> Outline:
    """The countries around as one path."""
    return Outline.make_compound_path(*map(outline_of, context_outlines().values()))


@cache
def _borders() -> list[np.ndarray]:
    return country_borders(outlines(), country_of())


def base_map(ax: Axes, *, has_text: bool = True) -> Axes:
    """The region without its provinces: sea, neighbours and borders; names and scale as text.

    Outlines are added as artists: as patches each would be searched for its extremes, which takes
    longer than drawing, for limits that are set anyway.
    """
    left, right, bottom, top = window_km()
    # Beyond the edge of the context lies land only, so that its straight cut is painted over.
    ax.add_artist(Rectangle((left, bottom), right - left, top - bottom, fc=LAND, lw=0, zorder=0))
    ax.add_artist(PathPatch(frame_of_context(), fc=SEA, lw=0, zorder=0.5))
    ax.add_artist(PathPatch(_neighbours(), fc=LAND, ec="#CFCBC2", lw=0.5, zorder=1))
    ax.add_artist(PathPatch(frame_of_context(), fill=False, ec=LAND, lw=1.5, zorder=1.5))
    ax.add_artist(PathPatch(_countries(), fc=NO_VALUE, lw=0, zorder=1.6))
    borders = _borders()
    ax.add_collection(LineCollection(borders, colors="white", lw=2.0, zorder=3))
    ax.add_collection(LineCollection(borders, colors="#333333", lw=0.8, capstyle="round", zorder=3))
    if has_text:
        _write_names(ax)
        _draw_scale(ax, left, bottom)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    ax.set_aspect("equal")
    ax.set_axis_off()
    return ax


def map_panel(results: Results, scenario: str, ax: Axes | None = None) -> Axes | None:
    """The region in one scenario, as on its page; None without place values."""
    places = chosen_places(results)
    specs = layer_specs(results, places)
    if not specs:
        return None
    layers = [layer_of(spec, places[places["scenario"] == scenario]) for spec in specs]
    return region_map(layers, title=title_of(scenario), colour=scenario_ink(scenario), ax=ax)


def map_page(results: Results) -> Figure | None:
    """The region under the status quo policy, one map per scenario; None without place values."""
    places = chosen_places(results)
    specs = layer_specs(results, places)
    if not specs:
        return None
    scenarios = scenarios_of(set(places["scenario"]))
    n_columns = min(2, len(scenarios))
    n_rows = -(-len(scenarios) // n_columns)
    width = max(7.0, 5.2 * n_columns)
    policy = policies_of(set(places["policy"]))[0]
    caption = caption_of(
        results.provenance,
        f"Mean of {n_text(results.outcomes)} per scenario; policy: {title_of(policy)}.",
        "Grey: no value. Albers equal-area projection.",
        CREDITS,
    )
    foot = 0.85
    left, right, bottom, top = window_km()
    map_height = width / n_columns * (top - bottom) / (right - left)
    height = 0.75 + n_rows * (map_height + 0.2) + foot + caption_height(caption, width)
    figure = new_figure(width, height)
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    layers: list[MapLayer] = []
    for ax, scenario in zip(grid.flat, scenarios, strict=False):
        layers = [layer_of(spec, places[places["scenario"] == scenario]) for spec in specs]
        region_map(layers, title=title_of(scenario), colour=scenario_ink(scenario), ax=ax)
    for ax in grid.flat[len(scenarios) :]:
        ax.set_visible(False)
    period = reported_period(places, results.provenance)
    span = "mean per year since the branch" if period == BRANCH_PERIOD else period
    finish(figure, "Where it happens", f"By scenario, {span}", caption, foot=foot)
    _draw_legends(figure, layers, caption_height(caption, width) + 0.42)
    return figure


def _fill(place_id: str, layers: Sequence[MapLayer]) -> str | tuple[float, float, float, float]:
    for layer in layers:
        if place_id in layer.values:
            return layer.colour(layer.values[place_id])
    return NO_VALUE


def _write_names(ax: Axes) -> None:
    stroke = patheffects.withStroke(linewidth=2.0, foreground="white", alpha=0.85)
    halo: list[patheffects.AbstractPathEffect] = [stroke]
    for name, longitude, latitude in COUNTRY_LABELS.values():
        x, y = point_km(longitude, latitude)
        text = ax.text(x, y, name, size=6.5, weight="bold", ha="center", va="center", zorder=5)
        text.set_path_effects(halo)
    for name, (longitude, latitude) in CONTEXT_LABELS.items():
        x, y = point_km(longitude, latitude)
        ax.text(
            x, y, name, size=6.5, style="italic", color=MUTED, ha="center", va="center", zorder=4
        )


def _draw_scale(ax: Axes, left: float, bottom: float) -> None:
    x, y, length = left + 120, bottom + 130, 500
    ax.plot([x, x + length], [y, y], color=INK, lw=1.4, solid_capstyle="butt", zorder=6)
    ax.text(x + length / 2, y + 35, f"{length} km", size=6.5, ha="center", va="bottom", zorder=6)


def _draw_legends(figure: Figure, layers: Sequence[MapLayer], bottom_inches: float) -> None:
    width, height = figure.get_size_inches()
    share = 1.0 / len(layers)
    for index, layer in enumerate(layers):
        left = share * index + 0.06 * share
        bar = figure.add_axes((left, bottom_inches / height, 0.84 * share, 0.13 / height))
        mappable = ScalarMappable(layer.norm, layer.colours)
        colorbar = figure.colorbar(
            mappable, cax=bar, orientation="horizontal", spacing="uniform", ticks=layer.breaks
        )
        colorbar.ax.set_xticklabels([number(limit) if limit else "0" for limit in layer.breaks])
        colorbar.outline.set_visible(False)
        lines = wrap(layer.label, 0.84 * share * width, 8)
        bar.set_title("\n".join(lines), size=8, loc="left", pad=3)
