"""Fan charts: an outcome of one state over time in one scenario.

It is shown by week; by calendar year when the usual weekly count is below two; and as the chance
of any event per year when the yearly medians are zero as well, because a band around zero tells
nobody how likely a rare event is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter, YearLocator, date2num
from matplotlib.ticker import FuncFormatter, MaxNLocator

from spillover.clock import week_start
from spillover.figures.statistics import STATUS_QUO, is_zero_heavy
from spillover.figures.style import (
    GRID,
    HISTORY,
    HISTORY_BACKGROUND,
    INK,
    MUTED,
    axes_or_new,
    number,
    scenario_colour,
    wrap,
)
from spillover.figures.tables import Measure

WEEKLY, YEARLY, CHANCE = "weekly", "yearly", "chance"
SMOOTHING_WEEKS = 13
_COLUMN_WIDTH, _ROW_HEIGHT = 2.75, 1.55
# Beyond this ratio of the highest band to the usual one, a linear axis hides the usual values.
_LOG_RATIO = 8.0
_LEAST_WEEKLY = 2.0
# log1p bends nothing below about ten, so that an index stays on a linear axis.
_LEAST_LOG = 10.0


def fan(
    series: pd.DataFrame,
    measure: Measure,
    scenario: str,
    branch_week: int,
    *,
    display: str = WEEKLY,
    policy: str = STATUS_QUO,
    overlay: str | None = None,
    end_week: int | None = None,
    samples: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one outcome of one state in one scenario.

    ``series``: rows of one outcome and state with columns ``scenario, policy, week, q05, q25, q50,
    q75, q95, mean`` (and ``any_share`` for the chance display); ``week`` is the first week of the
    year in the yearly displays. ``overlay`` is a second policy whose median is dashed. ``samples``
    are yearly values of single worlds (`sample_worlds`), thin lines; chances have none.
    """
    ax = axes_or_new(ax)
    end = end_week if end_week is not None else int(series["week"].max()) + 1
    rows = _of(series, scenario, policy)
    other = _of(series, scenario, overlay) if overlay else series.iloc[:0]
    colour = scenario_colour(scenario)
    _mark_history(ax, branch_week, end)
    if display == CHANCE:
        _draw_chance(ax, rows, other, branch_week, end, colour)
    else:
        _draw_bands(ax, rows, branch_week, end, colour, display, measure)
        if samples is not None:
            _draw_samples(ax, _of(samples, scenario, policy), end, display, measure)
        _draw_overlay(ax, other, branch_week, end, display, measure)
    ax.set_ylabel(axis_label(measure, display))
    _format_time(ax, end)
    return ax


def axis_label(measure: Measure, display: str) -> str:
    """Label of the value axis with its unit, in lines of at most 24 letters."""
    unit = {
        WEEKLY: measure.unit_per("week"),
        YEARLY: measure.unit_per("yr"),
        CHANCE: "% of replicates with any in the year",
    }[display]
    return "\n".join([*wrap(measure.title, 2.0, 9), *wrap(f"({unit})", 2.0, 9)])


def choose_display(
    series: pd.DataFrame, yearly: pd.DataFrame, measure: Measure, n_draws: int
) -> str:
    """Weekly, yearly or chance (see the module docstring).

    Weekly quantiles exist per draw of the uncertain parameters and cannot be pooled, so a run with
    several draws is shown by year.
    """
    has_week, has_year = len(series) > 0, len(yearly) > 0
    # Medians of 0, 1, 0, 1, ... are as little use as zeros.
    is_jumpy = has_week and measure.is_flow and float(series["q50"].median()) < _LEAST_WEEKLY
    if has_week and n_draws == 1 and not is_jumpy:
        return WEEKLY
    if not has_year or (has_week and n_draws == 1 and not measure.is_flow):
        return WEEKLY
    return CHANCE if is_zero_heavy(yearly["q50"]) and measure.is_flow else YEARLY


def _of(series: pd.DataFrame, scenario: str, policy: str) -> pd.DataFrame:
    chosen = (series["scenario"] == scenario) & (series["policy"] == policy)
    return series[chosen].sort_values("week")


def _days(weeks: Sequence[int] | np.ndarray) -> np.ndarray:
    return np.array([date2num(week_start(int(week))) for week in weeks])


def _mark_history(ax: Axes, branch_week: int, end: int) -> None:
    left, branch, right = _days([0, branch_week, end])
    ax.axvspan(left, min(branch, right), color=HISTORY_BACKGROUND, lw=0, zorder=0)
    if end > branch_week:
        ax.axvline(branch, color=MUTED, lw=0.9, ls=":", zorder=1)


def _parts(rows: pd.DataFrame, branch_week: int, display: str) -> list[tuple[pd.DataFrame, bool]]:
    """History and projection; the two share the branch week so that the lines meet there."""
    weeks = rows["week"]
    last = weeks <= branch_week if display == WEEKLY else weeks < branch_week
    return [(rows[last], True), (rows[weeks >= branch_week], False)]


def _smooth(values: np.ndarray, measure: Measure, display: str) -> np.ndarray:
    """Centred moving average of weekly flows, with a shorter window at both ends."""
    if display != WEEKLY or not measure.is_flow:
        return values
    ones = np.ones(SMOOTHING_WEEKS)
    weight = np.convolve(np.ones_like(values), ones)
    half = SMOOTHING_WEEKS // 2
    total = np.convolve(values, ones)
    return (total / weight)[half : half + values.size]


def _draw_bands(
    ax: Axes,
    rows: pd.DataFrame,
    branch_week: int,
    end: int,
    colour: str,
    display: str,
    measure: Measure,
) -> None:
    for part, is_history in _parts(rows, branch_week, display):
        if part.empty:
            continue
        stop = min(branch_week, end) if is_history else end
        x, line = _curve(part, stop, display, measure)
        tint = HISTORY if is_history else colour
        step: Literal["post"] | None = None if display == WEEKLY else "post"
        bands = (("q05", "q95", 0.18), ("q25", "q75", 0.30))
        for low, high, alpha in bands:
            ax.fill_between(
                x, line(low), line(high), step=step, color=tint, alpha=alpha, lw=0, zorder=2
            )
        _line(ax, x, line("q50"), display, color=tint, lw=1.6)


def _draw_samples(
    ax: Axes, samples: pd.DataFrame, end: int, display: str, measure: Measure
) -> None:
    """Single worlds by year; among weekly values their means per week."""
    for _, world in samples.groupby("replicate", sort=True):
        world = world.sort_values("week")
        edges = np.append(world["week"].to_numpy(), end)
        values = world["value"].to_numpy(float)
        if display == WEEKLY and measure.is_flow:
            values = values / np.diff(edges)
        ax.step(
            _days(edges),
            np.append(values, values[-1]),
            where="post",
            color=INK,
            lw=0.5,
            alpha=0.45,
            zorder=2.5,
        )


def _curve(
    part: pd.DataFrame, stop: int, display: str, measure: Measure
) -> tuple[np.ndarray, Callable[[str], np.ndarray]]:
    """x values and a function column -> y values; a yearly step goes on to the end of its year."""
    weeks = part["week"].to_numpy()
    is_weekly = display == WEEKLY
    x = _days(weeks if is_weekly else np.append(weeks, max(stop, weeks[-1] + 1)))

    def line(column: str) -> np.ndarray:
        values = _smooth(part[column].to_numpy(dtype=float), measure, display)
        return values if is_weekly else np.append(values, values[-1])

    return x, line


def _line(ax: Axes, x: np.ndarray, y: np.ndarray, display: str, **style: Any) -> None:
    drawstyle = "default" if display == WEEKLY else "steps-post"
    ax.plot(x, y, drawstyle=drawstyle, zorder=3, solid_capstyle="butt", **style)


def _draw_overlay(
    ax: Axes, rows: pd.DataFrame, branch_week: int, end: int, display: str, measure: Measure
) -> None:
    future = rows[rows["week"] >= branch_week]
    if len(future):
        x, line = _curve(future, end, display, measure)
        _line(ax, x, line("q50"), display, color=INK, lw=1.2, ls=(0, (4, 2)))


def _draw_chance(
    ax: Axes, rows: pd.DataFrame, other: pd.DataFrame, branch_week: int, end: int, colour: str
) -> None:
    edges = _days(np.append(rows["week"], end))
    tints = [HISTORY if week < branch_week else colour for week in rows["week"]]
    width = np.diff(edges)
    heights = 100 * rows["any_share"].to_numpy(dtype=float)
    ax.bar(
        edges[:-1] + 0.1 * width,
        heights,
        0.8 * width,
        align="edge",
        color=tints,
        alpha=0.65,
        lw=0,
        zorder=2,
    )
    future = other[other["week"] >= branch_week]
    if len(future):
        x = _days(np.append(future["week"], end))
        y = 100 * future["any_share"].to_numpy(dtype=float)
        _line(ax, x, np.append(y, y[-1]), CHANCE, color=INK, lw=1.2, ls=(0, (4, 2)))


def _format_time(ax: Axes, end: int) -> None:
    left, right = _days([0, end])
    ax.set_xlim(left, right)
    ax.xaxis.set_major_locator(YearLocator(2 if end > 300 else 1))
    ax.xaxis.set_major_formatter(DateFormatter("%Y"))
    ax.xaxis.set_minor_locator(YearLocator(1))
    ax.grid(axis="y", color=GRID, lw=0.6)


def fit_values(panels: Sequence[Axes], table: pd.DataFrame, display: str) -> None:
    """Common value axis of a row: from zero, log1p when a surge would flatten everything else."""
    ax = panels[0]
    formatter = FuncFormatter(lambda value, _: number(value) if value else "0")
    if display == CHANCE:
        top = 100 * float(table["any_share"].max())
        ax.set_ylim(0, min(100.0, max(10.0, 1.15 * top)))
        ax.yaxis.set_major_locator(MaxNLocator(4))
        return
    low, high = float(table["q05"].min()), float(table["q95"].max())
    usual = float(table["q95"].median())
    is_surge = low >= 0 and usual > 0 and high > _LOG_RATIO * usual
    if is_surge and high > _LEAST_LOG:
        for panel in panels:
            panel.set_yscale("function", functions=(_log1p, np.expm1))
        ticks = [t for t in _log_ticks(high)]
        ax.set_yticks(ticks)
        ax.set_ylim(0, high * 1.1)
        ax.set_ylabel(ax.get_ylabel() + "\n[log scale]")
    else:
        ax.yaxis.set_major_locator(MaxNLocator(4))
        # A stock far from zero (an index at 0.8) may use the whole panel.
        ax.set_ylim(0 if low >= 0 and low < 0.6 * high else None, None)
    ax.yaxis.set_major_formatter(formatter)


def _log1p(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(values, 0))


def _log_ticks(high: float) -> list[float]:
    ticks = [0.0, *(base * 10.0**power for power in range(7) for base in (1, 3))]
    ticks = [tick for tick in ticks if tick <= high * 1.1]
    return ticks if len(ticks) <= 6 else [0.0, *ticks[1::2]]
