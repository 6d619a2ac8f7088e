"""Flow maps, and the network of one world in one week, on the packaged outlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from spillover.axes import STATES
from spillover.figures.geography import point_km
from spillover.figures.maps import CREDITS, base_map
from spillover.figures.statistics import n_text
from spillover.figures.style import (
    INK,
    axes_or_new,
    caption_height,
    caption_of,
    finish,
    new_figure,
    number,
    policies_of,
    scenario_colour,
    scenario_ink,
    scenarios_of,
    title_of,
    wrap,
)
from spillover.figures.tables import Results, reported_period
from spillover.world import load_world

_WIDEST = 6.0  # points, of the arrow of the largest flow
# Longitude and latitude of the ends of the arrows, and of two corners of the map.
ENDS = {
    "KAZ": (69.5, 44.6),
    "KGZ": (75.3, 41.6),
    "TJK": (71.2, 39.2),
    "TKM": (58.6, 39.0),
    "UZB": (64.0, 41.8),
}
_AFGHAN = {
    "KAZ": (67.6, 35.9),
    "KGZ": (69.6, 35.4),
    "TJK": (68.8, 35.7),
    "TKM": (63.6, 35.0),
    "UZB": (66.2, 35.7),
}
_WINDOW = ((53.5, 31.5), (80.5, 46.3))
_ISISK, _NETWORKS, _FRONTIER = "#882255", "#0072B2", "#5F5F5F"


@dataclass(frozen=True)
class Flow:
    """An outcome of the five states that crosses their Afghan border, northward or southward."""

    outcome: str
    title: str
    is_northward: bool = True


FLOWS = (
    Flow("infiltrations_through", "Militants who get through"),
    Flow("opiates_entered", "Opiates that enter"),
    Flow("arrivals", "People in flight who are let in"),
    Flow("exports_to_afghanistan", "Exports to Afghanistan", is_northward=False),
)


def flow_map(
    amounts: Mapping[str, float],
    *,
    is_northward: bool = True,
    largest: float | None = None,
    colour: str = INK,
    ax: Axes | None = None,
) -> Axes:
    """Arrows between Afghanistan and the five states, as wide as what flows, with its amount.

    Args:
        amounts: state code -> amount.
        is_northward: whether it leaves Afghanistan.
        largest: amount of the widest arrow; by default the largest one.
        colour: of the arrows.
        ax: where to draw; by default on a new figure.
    """
    ax = _southern_map(ax)
    top = largest or max(amounts.values(), default=0.0)
    halo: list[patheffects.AbstractPathEffect] = [
        patheffects.withStroke(linewidth=2.5, foreground="white")
    ]
    for state, amount in amounts.items():
        there, here = point_km(*ENDS[state]), point_km(*_AFGHAN[state])
        x, y = there
        text = ax.text(x, y + 35, f"{state} {number(amount)}", size=7.5, ha="center", zorder=7)
        text.set_path_effects(halo)
        if not amount > 0 or not top > 0:
            continue
        ends = (here, there) if is_northward else (there, here)
        width = max(_WIDEST * amount / top, 0.6)
        arrow = FancyArrowPatch(
            *ends,
            arrowstyle="-|>",
            mutation_scale=6 + 1.6 * width,
            lw=width,
            color=colour,
            alpha=0.75,
            shrinkA=0,
            shrinkB=0,
            zorder=6,
        )
        ax.add_artist(arrow)
    return ax


def _southern_map(ax: Axes | None) -> Axes:
    """The region without the north of Kazakhstan, where little crosses the Afghan border."""
    ax = base_map(axes_or_new(ax, 6.0, 4.6), has_text=False)
    (left, bottom), (right, top) = (point_km(*corner) for corner in _WINDOW)
    ax.set_xlim(left, right)
    ax.set_ylim(bottom, top)
    return ax


def flow_page(results: Results, outcomes: pd.DataFrame) -> Figure | None:
    """Mean flows under the status quo policy, a row per scenario; None without any of them."""
    flows = [flow for flow in FLOWS if flow.outcome in results.measures]
    if not flows:
        return None
    period = reported_period(outcomes, results.provenance)
    policy = policies_of(set(outcomes["policy"]))[0]
    chosen = outcomes[
        (outcomes["period"] == period)
        & (outcomes["policy"] == policy)
        & outcomes["state"].isin(STATES)
    ]
    names = [flow.outcome for flow in flows]
    means = chosen.groupby(["scenario", "state"])[names].mean()
    scenarios = scenarios_of(set(chosen["scenario"]))
    width, height = 3.4 * len(flows), 2.9
    caption = _flow_caption(results, flows, policy, period)
    figure = new_figure(width, 0.9 + height * len(scenarios) + caption_height(caption, width))
    grid = figure.subplots(len(scenarios), len(flows), squeeze=False)
    for row, scenario in enumerate(scenarios):
        for column, flow in enumerate(flows):
            ax = grid[row, column]
            amounts = {str(s): float(v) for s, v in means[flow.outcome][scenario].items()}
            most = float(means[flow.outcome].max())
            flow_map(
                amounts,
                is_northward=flow.is_northward,
                largest=most,
                colour=scenario_colour(scenario),
                ax=ax,
            )
            title = f"{flow.title}, {title_of(scenario).lower()}"
            ax.set_title(
                "\n".join(wrap(title, 3.4, 9)),
                size=8.5,
                weight="bold",
                loc="left",
                color=scenario_ink(scenario),
            )
    finish(figure, "What crosses the Afghan border", "By scenario and state", caption)
    return figure


def _flow_caption(results: Results, flows: list[Flow], policy: str, period: str) -> str:
    units = "; ".join(f"{flow.title} ({results.measures[flow.outcome].unit})" for flow in flows)
    span = "since the branch" if period == "since_branch" else f"of {period}"
    return caption_of(
        results.provenance,
        f"Mean of {n_text(results.outcomes)} {span} (flows added up, paces averaged); policy: "
        f"{title_of(policy)}. Arrows as wide as the amount. {units}.",
        CREDITS,
    )


def network_snapshot(
    fighters: Mapping[str, float],
    networks: Mapping[str, float],
    detection: Mapping[str, float],
    *,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Who is where in one week of one world: ISIS-K, trafficking networks, and the frontier.

    Args:
        fighters: province id -> ISIS-K fighters; area of a circle.
        networks: province id -> trafficking networks at home there; area of a square.
        detection: northern link id (``AF-BDS/TJ-GB``) -> chance that one attempt to cross is
            stopped; width of a line.
        title: above the map.
        ax: where to draw; by default on a new figure.
    """
    ax, world = _southern_map(ax), load_world()
    where = {
        place: point_km(float(x), float(y))
        for place, x, y in zip(world.place_ids, world.longitude, world.latitude, strict=True)
    }
    for link, share in detection.items():
        x, y = np.transpose([where[place] for place in link.split("/")])
        ax.plot(x, y, color=_FRONTIER, lw=0.4 + 3.0 * share, alpha=0.8, zorder=4)
    for amounts, marker, colour, name in (
        (fighters, "o", _ISISK, "ISIS-K fighters"),
        (networks, "s", _NETWORKS, "trafficking networks"),
    ):
        shown = {place: amount for place, amount in amounts.items() if amount > 0}
        if not shown:
            continue
        most = max(shown.values())
        x, y = np.transpose([where[place] for place in shown])
        size = [140.0 * amount / most for amount in shown.values()]
        label = f"{name} (largest: {number(most)})"
        ax.scatter(x, y, size, marker=marker, color=colour, alpha=0.55, lw=0, zorder=5, label=label)
    ax.plot([], [], color=_FRONTIER, lw=2, label="frontier: thicker, better guarded")
    ax.legend(loc="upper left", fontsize=6.5, frameon=True, framealpha=0.85, edgecolor="none")
    if title:
        ax.set_title(title, weight="bold", loc="left")
    return ax
