"""Pages of fan charts: one row per outcome, one column per scenario."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spillover.clock import week_start
from spillover.figures.fan import (
    CHANCE,
    SMOOTHING_WEEKS,
    WEEKLY,
    YEARLY,
    choose_display,
    fan,
    fit_values,
)
from spillover.figures.statistics import SAMPLE_WORLDS, n_text, sample_worlds, yearly_quantiles
from spillover.figures.style import (
    HISTORY_BACKGROUND,
    INK,
    MUTED,
    caption_of,
    finish,
    new_figure,
    place_of,
    policies_of,
    scenario_ink,
    scenarios_of,
    title_of,
    wrap,
)
from spillover.figures.tables import Measure, Provenance, Results, add_five_states

_COLUMN_WIDTH, _ROW_HEIGHT = 2.75, 1.55
_WIDE = 10.0  # inches from which the legend fits on one line


def fan_page(
    results: Results, outcomes: pd.DataFrame, state: str, names: Sequence[str]
) -> Figure | None:
    """All outcomes of one state (or of the five states together), or None when it has none.

    ``outcomes`` may carry the rows of the five states added (`add_five_states`).
    """
    rows = _page_rows(results, outcomes, state, names)
    if not rows:
        return None
    samples = {m.name: sample_worlds(outcomes, m.name, state) for m, _, _ in rows}
    scenarios = scenarios_of(set(results.outcomes["scenario"]))
    base, overlay = compared_policies(results.outcomes)
    width = max(7.5, 0.7 + _COLUMN_WIDTH * len(scenarios))
    caption = _caption(results, rows)
    height = 1.75 + _ROW_HEIGHT * len(rows) + 0.14 * len(wrap(caption, width, 7.5))
    figure = new_figure(width, height)
    grid = figure.subplots(len(rows), len(scenarios), squeeze=False, sharex=True, sharey="row")
    for row, (measure, display, table) in enumerate(rows):
        for column, scenario in enumerate(scenarios):
            ax = fan(
                table,
                measure,
                scenario,
                results.provenance.branch_week,
                display=display,
                policy=base,
                overlay=overlay,
                end_week=results.provenance.n_weeks,
                samples=samples[measure.name],
                ax=grid[row, column],
            )
            _dress_panel(ax, row, column, scenario, is_last=row == len(rows) - 1)
        fit_values(grid[row], table, display)
    place = place_of(state)
    figure.align_ylabels(grid[:, 0])
    subtitle = f"Policy: {title_of(base)}, by scenario"
    subtitle += f"; dashed: {title_of(overlay)}" if overlay else ""
    title = f"{place[:1].upper() + place[1:]}: outcomes over time"
    finish(figure, title, subtitle, caption, foot=0.3 if width > _WIDE else 0.5)
    _legend(figure, caption, results.provenance, overlay, rows)
    return figure


def fan_panel(
    results: Results, outcome: str, state: str, scenario: str, ax: Axes | None = None
) -> Axes | None:
    """One outcome of one state in one scenario, as on its page; None where it has no value."""
    outcomes = add_five_states(results.outcomes, results.measures)
    rows = _page_rows(results, outcomes, state, [outcome])
    if not rows:
        return None
    measure, display, table = rows[0]
    base, overlay = compared_policies(results.outcomes)
    branch, end = results.provenance.branch_week, results.provenance.n_weeks
    axes = fan(
        table,
        measure,
        scenario,
        branch,
        display=display,
        policy=base,
        overlay=overlay,
        end_week=end,
        samples=sample_worlds(outcomes, outcome, state),
        ax=ax,
    )
    fit_values([axes], table, display)
    return axes


def compared_policies(outcomes: pd.DataFrame) -> tuple[str, str | None]:
    """Policy of the bands (status quo where there is one) and the one whose median is dashed."""
    policies = policies_of(set(outcomes["policy"]))
    base = policies[0]
    others = [p for p in policies if p != base]
    if not others:
        return base, None
    return base, "full_package" if "full_package" in others else others[0]


def _page_rows(
    results: Results, outcomes: pd.DataFrame, state: str, names: Sequence[str]
) -> list[tuple[Measure, str, pd.DataFrame]]:
    n_draws = outcomes["draw"].nunique()
    rows = []
    for name in names:
        series = results.series
        if len(series):
            series = series[(series["outcome"] == name) & (series["state"] == state)]
            series = series.dropna(subset=["q50"])
        yearly = yearly_quantiles(outcomes, name, state)
        if series.empty and yearly.empty:
            continue
        measure = results.measures[name]
        display = choose_display(series, yearly, measure, n_draws)
        table = series if display == WEEKLY else yearly
        # A rare outcome may have a 95% quantile of zero; only one that never happens is left out.
        if np.any(table["mean"] != 0):
            rows.append((measure, display, table))
    return rows


def _dress_panel(ax: Axes, row: int, column: int, scenario: str, *, is_last: bool) -> None:
    if row == 0:
        ax.set_title(title_of(scenario), color=scenario_ink(scenario), weight="bold", loc="left")
    if column:
        ax.set_ylabel("")
        ax.tick_params(axis="y", labelleft=False)
    if is_last:
        ax.set_xlabel("year")
    ax.label_outer()


def _legend(
    figure: Figure,
    caption: str,
    provenance: Provenance,
    overlay: str | None,
    rows: Sequence[tuple[Measure, str, pd.DataFrame]],
) -> None:
    shown = {display for _, display, _ in rows}
    handles: list[Patch | Line2D] = []
    if shown - {CHANCE}:
        handles += [
            Line2D([], [], color=INK, lw=1.6, label="median"),
            Patch(color=INK, alpha=0.45, lw=0, label="middle half of replicates (25-75%)"),
            Patch(color=INK, alpha=0.18, lw=0, label="5-95% of replicates"),
        ]
    if overlay:
        label = f"{title_of(overlay)}: median (share, for bars)"
        label = label if CHANCE in shown else f"{title_of(overlay)}: median"
        handles.append(Line2D([], [], color=INK, lw=1.2, ls=(0, (4, 2)), label=label))
    handles.append(Patch(facecolor=HISTORY_BACKGROUND, edgecolor="#C9C7C0", label="hindcast"))
    if provenance.has_projection:
        day = week_start(provenance.branch_week)
        label = f"branch: {day.day} {day:%b %Y}"
        handles.append(Line2D([], [], color=MUTED, lw=0.9, ls=":", label=label))
    width, height = figure.get_size_inches()
    lines = len(wrap(caption, width, 7.5))
    figure.legend(
        handles=handles,
        loc="lower center",
        bbox_to_anchor=(0.5, (0.17 + 0.135 * lines) / height),
        ncols=len(handles) if width > _WIDE else 3,
    )


def _caption(
    results: Results,
    rows: Sequence[tuple[Measure, str, pd.DataFrame]],
) -> str:
    shown = {display for _, display, _ in rows}
    has_branch = results.provenance.has_projection
    sentences = [f"{n_text(results.outcomes)} per scenario and policy."]
    if shown - {CHANCE}:
        sentences.append(
            "Bands are the spread of single replicates (possible worlds), not the uncertainty of "
            f"a mean. Thin lines: worlds 0 to {SAMPLE_WORLDS - 1}, by calendar year."
        )
    if WEEKLY in shown and any(m.is_flow for m, d, _ in rows if d == WEEKLY):
        sentences.append(
            f"Weekly counts: every line is smoothed by a {SMOOTHING_WEEKS}-week moving average"
            + (", separately before and after the branch." if has_branch else ".")
        )
    if YEARLY in shown:
        sentences.append("Steps are values of calendar years; 2021 counts 20 weeks only.")
    if CHANCE in shown:
        sentences.append(
            "Bars, for rare events: share of replicates with at least one in the calendar year "
            "(2021: 20 weeks)."
        )
    return caption_of(results.provenance, *sentences)
