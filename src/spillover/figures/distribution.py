"""Distributions over replicates since the branch: ridgelines, or chances for rare events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from scipy import stats

from spillover.axes import COUNTRIES
from spillover.clock import week_start
from spillover.figures.rows import Row, height_of, label_rows, row_layout
from spillover.figures.statistics import is_zero_heavy, n_text, wilson_interval
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
    place_of,
    scenario_colour,
    wrap,
)
from spillover.figures.tables import (
    BRANCH_PERIOD,
    FIVE_STATES,
    Measure,
    Results,
    reported_period,
)

_COLUMNS = 3
_PANEL_WIDTH, _LABEL_WIDTH = 3.3, 1.6
_SKEW = 12.0  # highest over usual value from which a log1p axis reads better
_MOST_BARS = 20  # counts that spread further are drawn as a density


def distribution(
    outcomes: pd.DataFrame,
    measure: Measure,
    state: str,
    period: str,
    *,
    rows: Sequence[Row] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Distribution over replicates of one outcome in one period, one row per scenario and policy.

    Ridge: density or, for few distinct counts, bars. Dot: median; thick line: 25-75%; thin line:
    5-95%. When most medians are zero the panel shows the share of replicates with any event and
    its 95% Wilson interval.
    """
    ax = axes_or_new(ax)
    samples = _samples(outcomes, measure.name, state, period)
    rows = rows if rows is not None else row_layout(samples)
    label_rows(ax, rows)
    lines = wrap(panel_title(measure, state), _PANEL_WIDTH, 10)
    ax.set_title("\n".join(lines), loc="left", weight="bold")
    ax.grid(axis="x", color=GRID, lw=0.6)
    if is_rare(samples, measure):
        _chances(ax, rows, samples)
        ax.set_xlabel("% of replicates with at least one")
        return ax
    is_log = _format_values(ax, samples)
    for row in rows:
        if (row.scenario, row.policy) in samples:
            _ridge(ax, row, samples[row.scenario, row.policy], is_log)
    span = {BRANCH_PERIOD: ("total" if measure.is_flow else "mean") + " since the branch"}
    ax.set_xlabel(f"{measure.unit}, {span.get(period, period)}" + (" [log scale]" * is_log))
    return ax


def distribution_page(
    results: Results, outcomes: pd.DataFrame, names: Sequence[str]
) -> Figure | None:
    """Every headline outcome, summed over the five states or for Afghanistan, on one page."""
    period = reported_period(outcomes, results.provenance)
    panels = panels_with_data(outcomes, names, period)
    if not panels:
        return None
    cells = set(zip(outcomes["scenario"], outcomes["policy"], strict=True))
    rows = row_layout(cells)
    n_columns = min(_COLUMNS, len(panels))
    n_rows = -(-len(panels) // n_columns)
    width = _LABEL_WIDTH + _PANEL_WIDTH * n_columns
    has_chances = any(
        is_rare(_samples(outcomes, name, state, period), results.measures[name])
        for name, state in panels
    )
    caption = _caption(results, has_chances)
    panel_height = 0.75 + (0.27 if len(rows) <= 14 else 0.22) * height_of(rows)
    figure = new_figure(width, 0.9 + panel_height * n_rows + caption_height(caption, width))
    grid = figure.subplots(n_rows, n_columns, squeeze=False)
    for ax, (name, state) in zip(grid.flat, panels, strict=False):
        distribution(outcomes, results.measures[name], state, period, rows=rows, ax=ax)
    for ax in grid.flat[len(panels) :]:
        ax.set_visible(False)
    for ax in grid[:, 1:].flat:
        ax.tick_params(axis="y", labelleft=False)
    subtitle = "Spread over replicates by scenario and policy" + _span_text(results, period)
    finish(figure, "How far outcomes could range", subtitle, caption)
    return figure


def is_rare(samples: Mapping[tuple[str, str], np.ndarray], measure: Measure) -> bool:
    """Whether an outcome is so rare that chances say more than a distribution."""
    medians = np.array([np.median(values) for values in samples.values()])
    return measure.is_flow and is_zero_heavy(medians)


def panel_title(measure: Measure, state: str) -> str:
    """Outcome and place; a label that names the place already is enough."""
    place = place_of(state)
    return measure.title if place in measure.title else f"{measure.title}, {place}"


def panels_with_data(
    outcomes: pd.DataFrame, names: Sequence[str], period: str
) -> list[tuple[str, str]]:
    """(outcome, state) pairs worth a panel: the five states together, then Afghanistan.

    Without rows of the five states together, each state that has values gets its own panel.
    """
    chosen = outcomes[outcomes["period"] == period]
    together = [FIVE_STATES] if (chosen["state"] == FIVE_STATES).any() else list(COUNTRIES[1:])
    return [
        (name, state)
        for state in [*together, COUNTRIES[0]]
        for name in names
        if name in chosen and chosen.loc[chosen["state"] == state, name].notna().any()
    ]


def _samples(
    outcomes: pd.DataFrame, name: str, state: str, period: str
) -> dict[tuple[str, str], np.ndarray]:
    chosen = outcomes[(outcomes["state"] == state) & (outcomes["period"] == period)]
    groups = chosen.dropna(subset=[name]).groupby(["scenario", "policy"], sort=True)[name]
    return {(str(s), str(p)): values.to_numpy(dtype=float) for (s, p), values in groups}


def _chances(ax: Axes, rows: Sequence[Row], samples: dict[tuple[str, str], np.ndarray]) -> None:
    for row in rows:
        values = samples.get((row.scenario, row.policy))
        if values is None:
            continue
        hits = int(np.sum(values > 0))
        low, high = wilson_interval(hits, values.size)
        colour = scenario_colour(row.scenario)
        ax.barh(row.y, 100 * hits / values.size, 0.55, color=colour, alpha=0.45, lw=0, zorder=2)
        ax.plot([100 * low, 100 * high], [row.y, row.y], color=colour, lw=1.6, zorder=3)
        text = f"mean {number(float(values.mean()))}"
        ax.text(100 * high + 2, row.y, text, size=7, va="center", color=MUTED)
    ax.set_xlim(0, 118)
    ax.set_xticks([0, 25, 50, 75, 100])


def _format_values(ax: Axes, samples: dict[tuple[str, str], np.ndarray]) -> bool:
    """Set the value axis; returns whether it is log1p."""
    pooled = np.concatenate(list(samples.values()))
    low, usual, high = np.quantile(pooled, [0.0, 0.5, 1.0])
    is_log = bool(low >= 0 and high > _SKEW * max(usual, 1.0))
    margin = 0.1 * (high - low) or 0.5
    if is_log:
        ax.set_xscale("function", functions=(_log1p, np.expm1))
        ticks = [0.0, *(b * 10.0**p for p in range(7) for b in (1, 3) if b * 10.0**p <= high)]
        ax.set_xticks(ticks if len(ticks) <= 7 else [0.0, *ticks[1::2]])
        ax.set_xlim(0, high * 1.1)
    else:
        is_count = bool(np.all(pooled == np.round(pooled)))
        # Bars of small counts are centred on zero and need half a bar more.
        half_bar = 0.6 if is_count and high < 30 else 0.0
        starts_at_zero = 0 <= low < 0.35 * high
        left = -max(0.2 * margin, half_bar) if starts_at_zero else low - margin
        ax.set_xlim(left, high + margin)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=is_count))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: number(v) if v else "0"))
    return is_log


def _log1p(values: np.ndarray) -> np.ndarray:
    return np.log1p(np.maximum(values, 0))


def _ridge(ax: Axes, row: Row, values: np.ndarray, is_log: bool) -> None:
    colour = scenario_colour(row.scenario)
    baseline = row.y + 0.22
    x, height = _shape(values, is_log)
    top = baseline - 0.6 * height / max(height.max(), 1e-12)
    ax.fill_between(x, baseline, top, color=colour, alpha=0.35, lw=0, zorder=2)
    ax.plot(x, top, color=colour, lw=0.9, zorder=3)
    q05, q25, q50, q75, q95 = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95])
    y = baseline + 0.1
    ax.plot([q05, q95], [y, y], color=colour, lw=1.0, zorder=4)
    ax.plot([q25, q75], [y, y], color=colour, lw=3.0, solid_capstyle="butt", zorder=4)
    ax.plot(q50, y, "o", ms=4.2, mfc="white", mec=INK, mew=1.0, zorder=5)


def _shape(values: np.ndarray, is_log: bool) -> tuple[np.ndarray, np.ndarray]:
    """Outline of a distribution: kernel density, or bars for counts that lie close together."""
    distinct = np.unique(values)
    is_counts = bool(np.all(values == np.round(values)))
    if distinct.size == 1 or (is_counts and distinct[-1] - distinct[0] <= _MOST_BARS):
        centres = np.arange(distinct[0], distinct[-1] + 1) if is_counts else distinct
        half = 0.4 if is_counts else max(abs(float(distinct[0])) * 0.01, 1e-3)
        share = np.array([float(np.mean(values == c)) for c in centres])
        x = np.stack([centres - half, centres - half, centres + half, centres + half], axis=1)
        height = np.stack([0 * share, share, share, 0 * share], axis=1)
        return x.ravel(), height.ravel()
    scaled = _log1p(values) if is_log else values
    density = stats.gaussian_kde(scaled, bw_method=0.35 if values.size < 60 else "scott")
    reach = 0.08 * (scaled.max() - scaled.min())
    low = scaled.min() - reach
    # Amounts and indices that are never negative get no density below zero.
    low = max(low, 0.0) if values.min() >= 0 else low
    grid = np.linspace(low, scaled.max() + reach, 160)
    return (np.expm1(grid) if is_log else grid), density(grid)


def _span_text(results: Results, period: str) -> str:
    if period != BRANCH_PERIOD:
        return f", {period}"
    first = week_start(results.provenance.branch_week)
    last = week_start(results.provenance.n_weeks - 1)
    return f", {first.day} {first:%b %Y} to end of {last.year}"


def _caption(results: Results, has_chances: bool) -> str:
    rare = (
        "Where most medians are zero, bars show the share of replicates with at least one event, "
        "lines its 95% interval."
    )
    return caption_of(
        results.provenance,
        f"{n_text(results.outcomes)} per scenario and policy.",
        "Shapes show single replicates (possible worlds). Dot: median; thick line: middle half "
        "(25-75%); thin line: 5-95% of replicates.",
        *([rare] if has_chances else []),
        "Five states: sum within each replicate; mean for indices and shares.",
    )
