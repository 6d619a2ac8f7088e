"""Paired differences with 95% intervals: what a scenario or a policy changes, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from spillover.figures.distribution import panel_title, panels_with_data
from spillover.figures.rows import Row, height_of, label_rows, row_layout
from spillover.figures.statistics import paired_differences
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    axes_or_new,
    caption_height,
    caption_of,
    finish,
    new_figure,
    number,
    scenario_colour,
    wrap,
)
from spillover.figures.tables import BRANCH_PERIOD, Measure, Results, reported_period

_COLUMNS = 3
_PANEL_WIDTH, _LABEL_WIDTH = 3.3, 1.6
_TITLES = {
    "scenario": (
        "What each scenario changes",
        "Scenario minus status quo scenario; policy: status quo",
    ),
    "policy": ("What each policy changes", "Policy minus status quo policy, within each scenario"),
}


def forest(
    differences: pd.DataFrame,
    measure: Measure,
    state: str,
    *,
    period: str = BRANCH_PERIOD,
    rows: Sequence[Row] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Mean paired differences (dots) with 95% intervals (lines), one row per scenario and policy.

    ``differences``: columns ``scenario, policy, mean, low, high, reference`` in the unit of the
    outcome (`paired_differences`). Hollow dots: the interval contains zero. The percentage is the
    difference over the mean of the reference.
    """
    ax = axes_or_new(ax)
    cells = list(zip(differences["scenario"], differences["policy"], strict=True))
    rows = rows if rows is not None else row_layout(cells)
    places = {(row.scenario, row.policy): row for row in rows}
    label_rows(ax, rows)
    ax.axvline(0, color=MUTED, lw=0.9, zorder=1)
    ax.grid(axis="x", color=GRID, lw=0.6)
    _fit_values(ax, differences)
    for record in differences.itertuples(index=False):
        row = places.get((str(record.scenario), str(record.policy)))
        if row is not None:
            _dot(ax, row, record)
    title = wrap(panel_title(measure, state), _PANEL_WIDTH, 10)
    ax.set_title("\n".join(title), loc="left", weight="bold")
    kind = "total" if measure.is_flow else "mean"
    span = f"{kind} since the branch" if period == BRANCH_PERIOD else period
    label = f"difference ({measure.unit}, {span})"
    better = {"lower": "\n\u2190 better", "higher": "\nbetter \u2192"}
    ax.set_xlabel(label + better.get(measure.better, ""))
    return ax


def forest_page(
    results: Results, outcomes: pd.DataFrame, names: Sequence[str], contrast: str
) -> Figure | None:
    """All headline outcomes on one page, or None when there is nothing to compare.

    ``contrast``: "scenario" or "policy" (see `paired_differences`).
    """
    period = reported_period(outcomes, results.provenance)
    tables = {}
    for name, state in panels_with_data(outcomes, names, period):
        table = paired_differences(outcomes, name, state, period, contrast=contrast)
        if len(table):
            tables[name, state] = table
    if not tables:
        return None
    cells = {
        (str(s), str(p))
        for table in tables.values()
        for s, p in zip(table["scenario"], table["policy"], strict=True)
    }
    rows = row_layout(cells)
    n_columns = min(_COLUMNS, len(tables))
    n_rows = -(-len(tables) // n_columns)
    width = _LABEL_WIDTH + _PANEL_WIDTH * n_columns
    caption = _caption(results, outcomes, tables.values())
    panel_height = 1.0 + (0.24 if len(rows) <= 14 else 0.19) * height_of(rows)
    figure = new_figure(width, 0.9 + panel_height * n_rows + caption_height(caption, width))
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax, ((name, state), table) in zip(grid.flat, tables.items(), strict=False):
        forest(table, results.measures[name], state, period=period, rows=rows, ax=ax)
    for ax in grid.flat[len(tables) :]:
        ax.set_visible(False)
    for ax in grid[:, 1:].flat:
        ax.tick_params(axis="y", labelleft=False)
    title, subtitle = _TITLES[contrast]
    finish(figure, title, f"{subtitle}; mean over paired replicates", caption)
    return figure


def _dot(ax: Axes, row: Row, record: Any) -> None:
    colour = scenario_colour(row.scenario)
    has_interval = np.isfinite(record.low)
    if has_interval:
        ax.plot([record.low, record.high], [row.y, row.y], color=colour, lw=1.8, zorder=2)
    is_clear = record.low > 0 or record.high < 0
    face = colour if is_clear else "white"
    ax.plot(record.mean, row.y, "o", ms=5.5, mfc=face, mec=colour, mew=1.4, zorder=3)
    text = number(record.mean)
    if record.reference > 0:
        text = f"{100 * record.mean / record.reference:+.0f}%".replace("-", "\u2212")
    ax.annotate(
        text,
        (1.0, row.y),
        xycoords=("axes fraction", "data"),
        size=7,
        color=INK,
        va="center",
        ha="right",
    )


def _fit_values(ax: Axes, differences: pd.DataFrame) -> None:
    values = differences[["mean", "low", "high"]].to_numpy(dtype=float)
    values = values[np.isfinite(values)]  # one pair alone has an infinite interval
    low, high = min(0.0, float(values.min())), max(0.0, float(values.max()))
    span = (high - low) or 1.0
    # The right fifth is kept for the percentages.
    ax.set_xlim(low - 0.06 * span, high + 0.28 * span)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v) if v else "0"))


def _caption(results: Results, outcomes: pd.DataFrame, tables: Iterable[pd.DataFrame]) -> str:
    sizes = [int(n) for table in tables for n in table["n"]]
    n = f"n = {min(sizes)}" if min(sizes) == max(sizes) else f"n = {min(sizes)} to {max(sizes)}"
    pairs = "parameter draws" if outcomes["draw"].nunique() > 1 else "pairs of replicates"
    return caption_of(
        results.provenance,
        f"{n} {pairs} that share their random numbers.",
        "Dot: mean difference; line: 95% interval of that mean (t, not adjusted for the number of "
        "comparisons); hollow: the interval contains zero.",
        "Percentages relate to the mean of the reference.",
        "The interval is Monte Carlo error only: it does not hold the uncertainty of the "
        "assumptions.",
        "Five states: sum within each replicate; mean for indices and shares.",
    )
