"""What `compare` found, as figures: effects with their indifference zone, and regret."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spillover.figures.panels import about_outcomes, panel_page, panel_title
from spillover.figures.provenance import Provenance
from spillover.figures.rows import Row, height_of, label_rows, row_layout
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    axes_or_new,
    caption_of,
    no_frame,
    number,
    number_axis,
    policies_of,
    scenario_colour,
    scenarios_of,
    title_of,
)

ZONE = "#DDE7EE"
"""Colour of the indifference zone."""


def contrast_forest(
    effects: pd.DataFrame, *, rows: Sequence[Row] | None = None, ax: Axes | None = None
) -> Axes:
    """Paired differences of one outcome with simultaneous intervals and the indifference zone.

    Args:
        effects: rows of one outcome of ``effects.csv`` (`comparison.Comparison.effects`): columns
            scenario, policy, mean, low, high, tolerance, verdict, label, unit, better.
        rows: the lines of the plot; by default those of the table.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax)
    rows = rows or row_layout(zip(effects["scenario"], effects["policy"], strict=True))
    known = {(row.scenario, row.policy): row for row in rows}
    label_rows(ax, rows)
    ax.axvline(0, color=MUTED, lw=0.9, zorder=1)
    ax.grid(axis="x", color=GRID, lw=0.6)
    for record in effects.to_dict("records"):
        row = known[record["scenario"], record["policy"]]
        half = record["tolerance"]
        ax.barh(row.y, 2 * half, left=-half, height=1.0, color=ZONE, lw=0, zorder=0)
        colour = scenario_colour(row.scenario)
        ax.plot([record["low"], record["high"]], [row.y, row.y], color=colour, lw=2, zorder=2)
        is_known = record["verdict"] in ("better", "harmful", "higher", "lower")
        face = colour if is_known else "white"
        ax.plot(record["mean"], row.y, "o", ms=5.5, mfc=face, mec=colour, mew=1.4, zorder=3)
    first = effects.iloc[0]
    panel_title(ax, str(first["label"]))
    better = {"lower": "\n\u2190 better", "higher": "\nbetter \u2192"}.get(str(first["better"]), "")
    ax.set_xlabel(f"difference ({first['unit']}){better}")
    number_axis(ax.xaxis)
    return ax


def contrast_page(effects: pd.DataFrame, provenance: Provenance) -> Figure | None:
    """The key outcomes of a comparison on one page; None without any."""
    key = effects[effects["is_key"]]
    tables = [table for _, table in key.groupby("outcome", sort=False)]
    if not tables:
        return None
    rows = row_layout(zip(key["scenario"], key["policy"], strict=True))
    caption = caption_of(
        provenance,
        f"n = {int(key['n'].min())} pairs of worlds that share their random numbers. Dot: mean "
        f"difference to {title_of(str(key['baseline'].iloc[0])).lower()} since the branch; line: "
        f"interval of that mean; all {len(key)} intervals hold together with 95% "
        f"({key['method'].iloc[0]}). Shaded: smaller than what matters. Hollow: no difference that "
        "matters, or not known well enough. The intervals hold chance only, not the uncertainty of "
        "the assumptions.",
    )
    return panel_page(
        tables,
        lambda table, ax: contrast_forest(table, rows=rows, ax=ax),
        height=0.19 * height_of(rows) + 0.95,
        title="What each policy changes, and whether it matters",
        subtitle="Difference to the baseline in the same worlds, within each scenario",
        caption=caption,
    )


def regret_map(regret: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Regret of each policy (rows) in each scenario (columns), in the unit of the outcome.

    Args:
        regret: rows of one outcome of ``regret.csv``: columns policy, scenario, regret.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax)
    table = regret.pivot(index="policy", columns="scenario", values="regret")
    table = table.loc[policies_of(table.index), scenarios_of(table.columns)]
    values = table.to_numpy(float)
    largest = max(float(np.nanmax(values)), np.finfo(float).tiny)
    ax.pcolormesh(values / largest, cmap="Oranges", vmin=0.0, vmax=1.8, edgecolors="white")
    ax.invert_yaxis()
    for (i, j), value in np.ndenumerate(values):
        text = "best" if value == 0 else number(value)
        ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", size=7.5, color=INK)
    columns, lines = np.arange(len(table.columns)) + 0.5, np.arange(len(table.index)) + 0.5
    ax.set_xticks(columns, [title_of(s).replace(" ", "\n") for s in table.columns])
    ax.set_yticks(lines, [title_of(p) for p in table.index])
    no_frame(ax)
    return ax


def regret_page(
    regret: pd.DataFrame, effects: pd.DataFrame, provenance: Provenance
) -> Figure | None:
    """Regret in all key outcomes on one page; None without any."""
    if regret.empty:
        return None
    tables = [table for _, table in regret.groupby("outcome", sort=False)]
    names = about_outcomes(effects)
    caption = caption_of(
        provenance,
        "Regret: how much worse than the best policy of the same scenario, mean since the branch. "
        "Darker: more regret, relative to the largest of its panel. Scenarios carry no "
        "probability.",
    )

    def draw(table: pd.DataFrame, ax: Axes) -> None:
        regret_map(table, ax=ax)
        about = names.loc[table["outcome"].iloc[0]]
        panel_title(ax, f"{about['label']} ({about['unit']})")

    return panel_page(
        tables,
        draw,
        height=0.24 * regret["policy"].nunique() + 1.0,
        title="What choosing wrongly costs",
        subtitle="Regret by policy and scenario",
        caption=caption,
    )
