"""One page of patterns: what was observed, its band, and the worlds of a hindcast."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from spillover.figures.provenance import Provenance
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    caption_height,
    caption_of,
    finish,
    new_figure,
    number,
    wrap,
)
from spillover.validation.check import MISS, NOT_COVERED, PASS, Check
from spillover.validation.patterns import Verdict

_COLUMNS = 4
_PANEL_WIDTH, _PANEL_HEIGHT = 2.75, 1.15
COLOURS = {PASS: "#007A5A", MISS: "#D55E00", NOT_COVERED: "#8A8A8A"}
_BAND = "#DCE6F2"


def validation_page(
    verdicts: Sequence[Verdict], provenance: Provenance, subtitle: str = ""
) -> Figure:
    """Small multiples, one panel per number, in the order of the patterns."""
    checks = [(verdict, check) for verdict in verdicts for check in verdict.checks]
    n_rows = -(-len(checks) // _COLUMNS)
    width = _COLUMNS * _PANEL_WIDTH
    caption = _caption(provenance)
    head = 0.62 + 0.17 * len(wrap(subtitle, width, 9))
    height = n_rows * _PANEL_HEIGHT + head + caption_height(caption, width)
    figure = new_figure(width, height)
    panels = figure.subplots(n_rows, _COLUMNS, squeeze=False).ravel()
    for panel, (verdict, check) in zip(panels, checks, strict=False):
        draw_check(panel, check, f"{verdict.pattern.id}  {check.spec.title}")
    for panel in panels[len(checks) :]:
        panel.set_axis_off()
    finish(figure, "Hindcast and observed patterns", subtitle, caption, head=head)
    return figure


def draw_check(ax: Axes, check: Check, title: str) -> Axes:
    """One number: band (area), observed value (line), worlds (5 to 95%, half, median)."""
    colour = COLOURS[check.status]
    ax.set_title("\n".join(wrap(title, _PANEL_WIDTH, 7.5)[:2]), size=7.5, loc="left", color=INK)
    ax.set_ylim(0, 1)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.tick_params(labelsize=7)
    if check.status == NOT_COVERED:
        text = "\n".join(wrap(f"not covered: {check.reason}", _PANEL_WIDTH - 0.2, 7))
        ax.text(0.5, 0.5, text, size=7, color=MUTED, ha="center", va="center",
                transform=ax.transAxes)  # fmt: skip
        ax.set_xticks([])
        ax.spines["bottom"].set_visible(False)
        return ax
    ax.set_xlabel(check.spec.unit, size=7, color=MUTED, labelpad=1)
    spec = check.spec
    band = (spec.least, 1.0) if spec.least is not None else spec.band
    if band is not None:
        ax.axvspan(*band, color=_BAND, lw=0, zorder=0)
    if spec.target is not None:
        ax.axvline(spec.target, color=INK, lw=1.2, zorder=3)
    marks = _worlds(ax, check, colour)
    _limits(ax, [*marks, *(band or ()), *([spec.target] if spec.target is not None else [])])
    ax.text(1.0, 0.98, check.status, size=7, weight="bold", color=colour, ha="right", va="top",
            transform=ax.transAxes)  # fmt: skip
    return ax


def _worlds(ax: Axes, check: Check, colour: str) -> list[float]:
    """Draw the worlds; returns what must be in view."""
    if check.spec.least is not None:
        ax.plot(check.median, 0.4, "D", ms=6, color=colour, mec="white", zorder=5)
        return [0.0, 1.0]
    low, first, middle, third, high = np.quantile(check.values, [0.05, 0.25, 0.5, 0.75, 0.95])
    ax.plot([low, high], [0.4, 0.4], color=colour, lw=1.2, zorder=4)
    ax.plot([first, third], [0.4, 0.4], color=colour, lw=4, solid_capstyle="butt", zorder=4)
    ax.plot(middle, 0.4, "o", ms=5, mfc="white", mec=INK, mew=1.0, zorder=5)
    return [float(low), float(high)]


def _limits(ax: Axes, marks: Sequence[float]) -> None:
    low, high = min(marks), max(marks)
    margin = 0.08 * (high - low) or 0.1 * max(abs(high), 1.0)
    ax.set_xlim(low - margin, high + margin)
    ax.xaxis.set_major_locator(MaxNLocator(4))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v) if v else "0"))
    ax.grid(axis="x", color=GRID, lw=0.6)


def _caption(provenance: Provenance) -> str:
    return caption_of(
        provenance,
        "Line: observed. Area: band in which the median must lie. Thin line: 5 to 95% of the "
        "worlds, which must span what was observed; thick line: middle half; dot: median. Diamond: "
        "share of worlds that agree. Nothing was fitted to these numbers by hand.",
    )
