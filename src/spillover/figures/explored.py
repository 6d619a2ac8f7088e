"""Which uncertain inputs decide, and where among them a policy fails."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spillover.figures.panels import panel_page, scenario_title
from spillover.figures.provenance import Provenance
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    axes_or_new,
    caption_of,
    name_lines,
    no_frame,
    number,
    scenario_colour,
    scenarios_of,
    title_of,
)
from spillover.figures.tables import Measure

SHOWN = 10
_FAILS, _RANGE = "#D55E00", "#DDE7EE"


def importance_bars(importance: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The inputs with the largest index, with its spread and the noise below which none counts.

    Args:
        importance: rows of one scenario and outcome of ``importance.csv``: columns scenario, input,
            index, low, high, noise, method.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax, 6.0, 3.2)
    table = importance.nlargest(SHOWN, "index")
    colour = scenario_colour(str(table["scenario"].iloc[0]))
    noise = float(table["noise"].iloc[0])
    for y, row in enumerate(table.to_dict("records")):
        alpha = 0.75 if row["index"] > noise else 0.25
        ax.barh(y, row["index"], 0.65, color=colour, alpha=alpha, lw=0)
        ax.plot([row["low"], row["high"]], [y, y], color=INK, lw=0.8)
    if noise > 0:
        ax.axvline(noise, color=MUTED, lw=1.0, ls=":")
    name_lines(ax, [_short(name) for name in table["input"]], 6.5)
    ax.set_xlim(left=0)
    ax.grid(axis="x", color=GRID, lw=0.6)
    ax.set_xlabel("PAWN index" if str(table["method"].iloc[0]) == "PAWN" else "\u03bc*")
    return ax


def importance_page(
    importance: pd.DataFrame, measures: Mapping[str, Measure], provenance: Provenance
) -> Figure | None:
    """What decides the effect of one policy, a panel per scenario and outcome; None without any."""
    if importance.empty:
        return None
    first = importance.iloc[0]
    is_pawn = str(first["method"]) == "PAWN"
    how = (
        "PAWN index: how far fixing the input moves the distribution of the effect (0 to 1), "
        "median over slices, line: all slices. Pale, left of the dots: not told from inputs "
        "without effect."
        if is_pawn
        else "\u03bc*: what the effect changes by when all inputs of the group move across half of "
        "their prior, in the unit of the outcome; line: 95% interval."
    )
    return panel_page(
        _tables(importance),
        lambda table, ax: _titled(importance_bars(table, ax=ax), table, measures),
        height=2.3,
        columns=2,
        panel_width=4.7,
        shares_rows=False,
        title=f"What decides the effect of {title_of(str(first['policy'])).lower()}",
        subtitle=f"{'Inputs' if is_pawn else 'Groups of inputs'} with the largest influence on the "
        f"difference to {title_of(str(first['baseline'])).lower()}",
        caption=caption_of(provenance, f"{int(first['n'])} draws of the uncertain inputs.", how),
    )


def failure_boxes(boxes: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """The limits of the regions in which a policy fails, on the range that was drawn.

    Args:
        boxes: rows of one scenario and outcome of ``boxes.csv``: columns method, input, low, high,
            lowest, highest, coverage, density, checked_density, checked_share_failing,
            is_confirmed.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax, 6.0, 2.6)
    names = []
    for y, row in enumerate(boxes.to_dict("records")):
        width = (row["highest"] - row["lowest"]) or 1.0
        low, high = ((row[end] - row["lowest"]) / width for end in ("low", "high"))
        low, high = max(low, 0.0), min(high, 1.0)
        ax.barh(y, 1.0, 0.6, color=_RANGE, lw=0)
        face = _FAILS if row["is_confirmed"] else "none"
        ax.barh(y, high - low, 0.6, left=low, color=face, ec=_FAILS, lw=1.0)
        text = f"{number(row['low'])} to {number(row['high'])}"
        ax.text(0.5, y - 0.36, text, size=6.5, ha="center", va="bottom")
        names.append(f"{_short(row['input'])}\n{row['method']}")
    ax.set_yticks(range(len(names)), names, size=6.5)
    ax.set_ylim(len(names) - 0.4, -0.9)
    ax.set_xticks([0.0, 1.0], ["lowest drawn", "highest drawn"])
    no_frame(ax)
    return ax


def boxes_page(
    boxes: pd.DataFrame, measures: Mapping[str, Measure], provenance: Provenance
) -> Figure | None:
    """Where one policy fails, a panel per scenario and outcome; None without any region."""
    if boxes.empty:
        return None
    most = int(boxes.groupby(["scenario", "outcome"]).size().max())
    policy = title_of(str(boxes["policy"].iloc[0])).lower()
    return panel_page(
        _tables(boxes),
        lambda table, ax: _titled(failure_boxes(table, ax=ax), table, measures),
        height=0.38 * most + 0.9,
        columns=2,
        panel_width=4.7,
        shares_rows=False,
        title=f"Where {policy} fails",
        subtitle="Regions of the uncertain inputs in which its regret matters",
        caption=caption_of(
            provenance,
            f"{int(boxes['n'].iloc[0])} draws searched by PRIM and by a shallow tree. Filled: "
            "confirmed on draws that were kept back; open: not confirmed, do not use.",
        ),
    )


def _tables(frame: pd.DataFrame) -> list[pd.DataFrame]:
    """One table per scenario, in house order, and outcome."""
    groups = {key: table for key, table in frame.groupby(["scenario", "outcome"], sort=False)}
    scenarios, outcomes = scenarios_of(frame["scenario"]), dict.fromkeys(frame["outcome"])
    return [groups[s, o] for s in scenarios for o in outcomes if (s, o) in groups]


def _short(path: str) -> str:
    """A parameter path that fits beside a panel: its last two parts."""
    return ".".join(str(path).split(".")[-2:])


def _titled(ax: Axes, table: pd.DataFrame, measures: Mapping[str, Measure]) -> None:
    first = table.iloc[0]
    scenario_title(ax, measures[first["outcome"]].label, first["scenario"])
