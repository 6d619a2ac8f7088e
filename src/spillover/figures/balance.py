"""What an effect costs, how policies add up, and how well each effect is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spillover.figures.panels import about_outcomes, panel_page, panel_title, scenario_title
from spillover.figures.provenance import Provenance
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    axes_or_new,
    caption_of,
    name_lines,
    number_axis,
    policies_of,
    policy_styles,
    scenario_colour,
    scenarios_of,
    title_of,
)

_MET, _SHORT_OF = "#007A5A", "#D55E00"


def pareto(costs: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Additional cost of each policy against its effect, with the front of what nothing beats.

    Args:
        costs: rows of one scenario and outcome of ``costs.csv``: columns policy, cost, cost_low,
            cost_high, effect, low, high, unit, is_on_front.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax)
    ax.axhline(0, color=MUTED, lw=0.9, zorder=1)
    ax.axvline(0, color=MUTED, lw=0.9, zorder=1)
    ax.plot(0, 0, "+", color=INK, ms=8, mew=1.5, label="baseline", zorder=3)
    styles = policy_styles(["status_quo", *costs["policy"]])
    table = costs.set_index("policy").loc[policies_of(costs["policy"])]
    for policy, row in table.iterrows():
        style = styles[str(policy)]
        colour = style["color"]
        ax.plot([row["cost_low"], row["cost_high"]], [row["effect"]] * 2, color=colour, lw=1)
        ax.plot([row["cost"]] * 2, [row["low"], row["high"]], color=colour, lw=1)
        face = colour if row["is_on_front"] else "white"
        label = title_of(str(policy))
        ax.plot(
            row["cost"], row["effect"], style["marker"], ms=6, mfc=face, mec=colour, label=label
        )
    front = table[table["is_on_front"].astype(bool)].sort_values("cost")
    x, y = np.append(0.0, front["cost"]), np.append(0.0, front["effect"])
    ax.plot(x, y, color=MUTED, lw=0.9, ls=(0, (4, 2)), zorder=0)
    ax.set_xlabel("additional cost (relative cost)")
    ax.set_ylabel(f"effect ({table['unit'].iloc[0]})")
    number_axis(ax.xaxis)
    number_axis(ax.yaxis)
    ax.grid(color=GRID, lw=0.6)
    return ax


def pareto_page(
    costs: pd.DataFrame, effects: pd.DataFrame, provenance: Provenance
) -> Figure | None:
    """Cost and effect of every policy, a panel per scenario and key outcome.

    None without costs, or with one policy beside the baseline.
    """
    if costs.empty or costs["policy"].nunique() < 2:
        return None
    labels = about_outcomes(effects)["label"]
    groups = {key: table for key, table in costs.groupby(["scenario", "outcome"], sort=False)}
    scenarios = scenarios_of(costs["scenario"])
    outcomes = list(dict.fromkeys(costs["outcome"]))
    tables = [groups[s, o] for o in outcomes for s in scenarios if (s, o) in groups]

    def draw(table: pd.DataFrame, ax: Axes) -> None:
        pareto(table, ax=ax)
        first = table.iloc[0]
        scenario_title(ax, str(labels.loc[first["outcome"]]), first["scenario"])

    figure = panel_page(
        tables,
        draw,
        height=2.4,
        columns=min(4, len(scenarios)),
        shares_rows=False,
        title="What an effect costs",
        subtitle="Additional cost and effect against the baseline, since the branch",
        caption=caption_of(
            provenance,
            "Filled: on the Pareto front, no other policy is cheaper and better (dashed, from the "
            "baseline at the cross). Lines: 95% interval of the mean cost, simultaneous 95% "
            "interval of the mean effect. Cost is relative, not money.",
        ),
    )
    if figure is not None:
        handles, names = figure.axes[0].get_legend_handles_labels()
        figure.axes[0].legend(handles, names, fontsize=6.5, loc="best")
    return figure


def synergies(factorial: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Main effects and interactions of the groups of recommendations with their intervals.

    Args:
        factorial: rows of one scenario and outcome of ``factorial.csv``: columns term, kind, mean,
            low, high, unit, scenario.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax, 5.0, 4.5)
    colour = scenario_colour(str(factorial["scenario"].iloc[0]))
    ax.axvline(0, color=MUTED, lw=0.9, zorder=1)
    ax.grid(axis="x", color=GRID, lw=0.6)
    for y, row in enumerate(factorial.to_dict("records")):
        ax.plot([row["low"], row["high"]], [y, y], color=colour, lw=2, zorder=2)
        is_clear = row["low"] > 0 or row["high"] < 0
        face = colour if is_clear else "white"
        ax.plot(row["mean"], y, "o", ms=5, mfc=face, mec=colour, mew=1.3, zorder=3)
    names = [title_of(term.replace(":", " and ")) for term in factorial["term"]]
    name_lines(ax, names, 7)
    ax.set_xlabel(f"effect ({factorial['unit'].iloc[0]})")
    number_axis(ax.xaxis)
    return ax


def synergy_page(
    factorial: pd.DataFrame, effects: pd.DataFrame, provenance: Provenance
) -> Figure | None:
    """Main effects and synergies in every scenario and key outcome; None without a factorial."""
    if factorial.empty:
        return None
    labels = about_outcomes(effects)["label"]

    def draw(table: pd.DataFrame, ax: Axes) -> None:
        synergies(table, ax=ax)
        first = table.iloc[0]
        scenario_title(ax, str(labels.loc[first["outcome"]]), first["scenario"])

    return panel_page(
        [table for _, table in factorial.groupby(["scenario", "outcome"], sort=False)],
        draw,
        height=0.17 * factorial["term"].nunique() + 0.9,
        title="Do the recommendations add up?",
        subtitle="Main effects of the four groups and their interactions",
        caption=caption_of(
            provenance,
            "A main effect is the mean change when a group is added; an interaction, how much more "
            "or less two groups do together. Lines: simultaneous 95% intervals; hollow: cannot be "
            "told from none.",
        ),
    )


def precision_bars(precision: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Half-width of the interval of each contrast over its target; 1 or less is precise enough.

    Args:
        precision: rows of one outcome of ``precision.csv``: columns scenario, policy, half_width,
            target.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax)
    ratio = (precision["half_width"] / precision["target"]).to_numpy(float)
    y = np.arange(len(ratio))
    colours = [_MET if value <= 1.0 else _SHORT_OF for value in ratio]
    ax.barh(y, ratio, 0.65, color=colours, alpha=0.75, lw=0)
    ax.axvline(1.0, color=INK, lw=0.9)
    pairs = zip(precision["scenario"], precision["policy"], strict=True)
    names = [f"{title_of(p)}, {title_of(s).lower()}" for s, p in pairs]
    name_lines(ax, names, 6.5)
    ax.set_xlabel("half-width / target")
    number_axis(ax.xaxis)
    ax.set_xlim(0, max(1.2, 1.05 * float(np.nanmax(ratio))))
    return ax


def precision_page(
    precision: pd.DataFrame, effects: pd.DataFrame, provenance: Provenance
) -> Figure | None:
    """Precision of every key contrast; None without any."""
    if precision.empty:
        return None
    labels = about_outcomes(effects)["label"]
    tables = [table for _, table in precision.groupby("outcome", sort=False)]

    def draw(table: pd.DataFrame, ax: Axes) -> None:
        precision_bars(table, ax=ax)
        panel_title(ax, str(labels.loc[table["outcome"].iloc[0]]))

    return panel_page(
        tables,
        draw,
        height=0.13 * max(map(len, tables)) + 0.9,
        title="Is every effect known well enough?",
        subtitle="Half-width of the 95% interval of each key contrast over its target",
        caption=caption_of(
            provenance,
            "Left of the line: within the target (the tolerance, or the relative precision asked "
            "for). A ratio of 2 needs about four times the worlds.",
        ),
    )
