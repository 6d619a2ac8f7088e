"""Averted and induced events: by year and by state, beside each other in the same worlds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from spillover.figures.panels import panel_page, scenario_title
from spillover.figures.provenance import Provenance
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    axes_or_new,
    caption_of,
    number,
    place_of,
    policies_of,
    scenarios_of,
    title_of,
)
from spillover.figures.tables import Measure

AVERTED, INDUCED = "#2F6690", "#E69F00"
"""Neither is good or bad by itself: an averted seizure is no success."""
SHOWN = ("attacks_home", "frontier_attacks", "infiltrations_through", "seizures", "arrivals")
"""Events on the page, as far as the table has them."""


def averted_induced(events: pd.DataFrame, *, by: str = "period", ax: Axes | None = None) -> Axes:
    """Mean averted (up) and induced (down) events per world, and their balance.

    Args:
        events: rows of one scenario, policy and outcome of ``events.csv``: columns place, period,
            averted, induced.
        by: ``period`` for a timeline, ``place`` for the places.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax)
    sums = events.groupby(by, sort=True)[["averted", "induced"]].sum()
    x = np.arange(len(sums))
    ax.bar(x, sums["averted"], 0.7, color=AVERTED, lw=0, label="averted")
    ax.bar(x, -sums["induced"], 0.7, color=INDUCED, lw=0, label="induced")
    balance = (sums["averted"] - sums["induced"]).to_numpy(float)
    ax.plot(x, balance, "o", ms=3.5, mfc="white", mec=INK, mew=1.0, label="balance")
    ax.axhline(0, color=MUTED, lw=0.9)
    names = [f"\u2019{n[-2:]}" if by == "period" else n for n in map(str, sums.index)]
    ax.set_xticks(x, names, size=7.5)
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="y", color=GRID, lw=0.6)
    ax.yaxis.set_major_locator(MaxNLocator(4))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: number(abs(v)) if v else "0"))
    return ax


def events_page(
    events: pd.DataFrame,
    measures: Mapping[str, Measure],
    provenance: Provenance,
    *,
    by: str = "period",
) -> Figure | None:
    """The last policy of the house order in every scenario, a row per kind of event.

    None without any event.
    """
    if events.empty:
        return None
    policy = policies_of(events["policy"])[-1]
    mine = events[events["policy"] == policy]
    names = [name for name in SHOWN if name in set(mine["outcome"])]
    scenarios = scenarios_of(mine["scenario"])
    groups = {key: table for key, table in mine.groupby(["outcome", "scenario"], sort=False)}
    tables = [groups.get((name, s), mine.iloc[:0]) for name in names for s in scenarios]
    n_worlds = int(mine["n"].max())

    def draw(table: pd.DataFrame, ax: Axes) -> None:
        if table.empty:
            ax.set_axis_off()
            return
        averted_induced(table, by=by, ax=ax)
        first = table.iloc[0]
        scenario_title(ax, measures[first["outcome"]].label, first["scenario"])

    places = ", ".join(f"{code} {place_of(code)}" for code in sorted(set(mine["place"])))
    how = "by year of the simulation" if by == "period" else f"by state ({places})"
    figure = panel_page(
        tables,
        draw,
        height=1.75,
        columns=min(4, len(scenarios)),
        shares_rows=False,
        title=f"What {title_of(policy).lower()} averts and what it induces",
        subtitle=f"Events per world {how}, beside the baseline in the same worlds",
        caption=caption_of(
            provenance,
            f"Mean of {n_worlds} worlds. Up: events that happen only under the baseline; down: "
            "only under the policy; dot: the difference. Counted by place and year of each world: "
            "an event that only moves within its year counts as kept.",
        ),
    )
    if figure is not None:
        figure.axes[0].legend(fontsize=6.5, loc="best")
    return figure
