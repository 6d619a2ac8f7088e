"""Pages of equal panels in rows of three: the frame that the figures of a comparison share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spillover.figures.style import caption_height, finish, new_figure, title_of, wrap

COLUMNS, PANEL_WIDTH, LABEL_WIDTH = 3, 3.2, 1.6


def panel_page(
    tables: Sequence[Any],
    draw: Callable[[Any, Axes], Any],
    *,
    height: float,
    title: str,
    subtitle: str,
    caption: str,
    columns: int = COLUMNS,
    panel_width: float = PANEL_WIDTH,
    shares_rows: bool = True,
) -> Figure | None:
    """One panel per table on one page; None without any table.

    Args:
        tables: what `draw` is called with, in reading order.
        draw: draws one table into the given axes.
        height: of one panel, inches.
        title: of the page; `subtitle` and `caption` likewise.
        columns: most panels in a row.
        panel_width: inches, its own labels included.
        shares_rows: the panels of a row have the same lines, so only the first one names them.
    """
    if not tables:
        return None
    n_columns = min(columns, len(tables))
    n_lines = -(-len(tables) // n_columns)
    width = LABEL_WIDTH + panel_width * n_columns
    figure = new_figure(width, 0.9 + n_lines * height + caption_height(caption, width))
    axes = figure.subplots(n_lines, n_columns, squeeze=False)
    for position, ax in enumerate(axes.flat):
        if position >= len(tables):
            ax.set_visible(False)
            continue
        draw(tables[position], ax)
        if position % n_columns and shares_rows:
            ax.set_yticklabels([])
    finish(figure, title, subtitle, caption)
    return figure


def scenario_title(ax: Axes, label: str, scenario: str) -> None:
    """Title of a panel of one outcome in one scenario."""
    panel_title(ax, f"{label}, {title_of(scenario).lower()}")


def about_outcomes(effects: pd.DataFrame) -> pd.DataFrame:
    """Label, unit and direction of each outcome of ``effects.csv``, by its name."""
    return effects.drop_duplicates("outcome").set_index("outcome")


def panel_title(ax: Axes, text: str) -> None:
    """Title of a panel: capitalised, broken into lines that fit."""
    text = f"{text[:1].upper()}{text[1:]}"
    ax.set_title("\n".join(wrap(text, PANEL_WIDTH, 10)), loc="left", weight="bold")
