"""Across scenarios: which criteria agree about the policies, and each policy over all outcomes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spillover.figures.panels import (
    LABEL_WIDTH,
    PANEL_WIDTH,
    about_outcomes,
    panel_page,
    panel_title,
)
from spillover.figures.provenance import Provenance
from spillover.figures.style import (
    GRID,
    INK,
    MUTED,
    axes_or_new,
    caption_height,
    caption_of,
    finish,
    new_figure,
    no_frame,
    number,
    policies_of,
    policy_styles,
    title_of,
    wrap,
)

SHORT = {
    "maximin": "maximin",
    "minimax_regret": "minimax regret",
    "regret_p90": "90% regret",
    "laplace": "Laplace",
    "hurwicz": "Hurwicz",
    "mean_variance": "mean-variance",
    "starr": "Starr",
    "cvar": "CVaR",
}
"""Criterion: its name on an axis."""


def rank_agreement(agreement: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Kendall's tau-b between the rankings of two criteria: 1 the same order, -1 the reverse.

    Args:
        agreement: rows of one outcome of ``agreement.csv``: columns metric_a, metric_b, tau.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax)
    names = list(dict.fromkeys(agreement["metric_a"]))
    table = agreement.pivot(index="metric_a", columns="metric_b", values="tau").loc[names, names]
    values = table.to_numpy(float)
    ax.pcolormesh(np.nan_to_num(values), cmap="PuOr_r", vmin=-2.0, vmax=2.0, edgecolors="white")
    ax.invert_yaxis()
    for (i, j), value in np.ndenumerate(values):
        text = number(round(value, 1)) if np.isfinite(value) else "tie"
        ax.text(j + 0.5, i + 0.5, text, ha="center", va="center", size=7, color=INK)
    middles = np.arange(len(names)) + 0.5
    ax.set_xticks(middles, [SHORT.get(n, n) for n in names], rotation=45, ha="right", size=7.5)
    ax.set_yticks(middles, [SHORT.get(n, n) for n in names], size=7.5)
    no_frame(ax)
    return ax


def agreement_page(
    agreement: pd.DataFrame, effects: pd.DataFrame, provenance: Provenance
) -> Figure | None:
    """Agreement of the criteria in all key outcomes on one page.

    None with one policy beside the baseline.
    """
    if agreement.empty or effects["policy"].nunique() < 2:
        return None
    labels = about_outcomes(effects)["label"]

    def draw(table: pd.DataFrame, ax: Axes) -> None:
        rank_agreement(table, ax=ax)
        panel_title(ax, str(labels.loc[table["outcome"].iloc[0]]))

    return panel_page(
        [table for _, table in agreement.groupby("outcome", sort=False)],
        draw,
        height=2.9,
        title="Do the criteria agree?",
        subtitle="Rank agreement of eight robustness criteria over the policies",
        caption=caption_of(
            provenance,
            "Kendall's tau-b between the rankings that two criteria give the policies: 1 the same "
            "order, \u22121 the reverse; tie: a criterion that ranks all alike. Where criteria "
            "disagree, the recommendation depends on the attitude to risk.",
        ),
    )


def parallel_coordinates(
    regret: pd.DataFrame, labels: Mapping[str, str], *, ax: Axes | None = None
) -> Axes:
    """Largest regret over the scenarios of each policy, one axis per key outcome.

    Each axis runs from no regret (top) to the largest of any policy (bottom, with its amount), so a
    line that stays at the top is a policy that is never far from the best.

    Args:
        regret: ``regret.csv``: columns outcome, policy, scenario, regret.
        labels: outcome -> text below its axis.
        ax: where to draw; by default on a new figure.
    """
    ax = axes_or_new(ax, 8.0, 4.0)
    worst = regret.pivot_table(
        index="policy", columns="outcome", values="regret", aggfunc="max", sort=False
    )
    worst = worst.loc[policies_of(worst.index)]
    largest = worst.max().to_numpy(float)
    heights = -worst.to_numpy(float) / np.where(largest > 0, largest, 1.0)
    places, styles = np.arange(worst.shape[1]), policy_styles(worst.index)
    for place, most in enumerate(largest):
        ax.axvline(place, color=GRID, lw=1.2, zorder=0)
        ax.text(place, -1.06, number(most), ha="center", va="top", size=7.5, color=MUTED)
    for policy, line in zip(worst.index, heights, strict=True):
        ax.plot(places, line, lw=1.8, ms=5, label=title_of(policy), **styles[policy])
    names = ["\n".join(wrap(labels[name], 1.2, 8)) for name in worst.columns]
    ax.set_xticks(places, names)
    ax.set_yticks([0.0, -1.0], ["no regret", "largest\nregret"])
    ax.set_xlim(-0.3, places[-1] + 0.3)
    ax.set_ylim(-1.16, 0.06)
    no_frame(ax)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def parallel_page(
    regret: pd.DataFrame, effects: pd.DataFrame, provenance: Provenance
) -> Figure | None:
    """All policies over all key outcomes; None with less than two outcomes or three policies."""
    if regret.empty or regret["outcome"].nunique() < 2 or regret["policy"].nunique() < 3:
        return None
    about = about_outcomes(effects)
    labels = {str(n): f"{row['label']} ({row['unit']})" for n, row in about.iterrows()}
    width = LABEL_WIDTH + 3 * PANEL_WIDTH
    caption = caption_of(
        provenance,
        "Largest regret over the scenarios, mean since the branch. Every axis from no regret (top) "
        "to the largest of any policy (number below, in the unit of the outcome).",
    )
    figure = new_figure(width, 4.4 + caption_height(caption, width))
    parallel_coordinates(regret, labels, ax=figure.subplots())
    finish(figure, "Which policy is never far from the best?", "By key outcome", caption)
    return figure
