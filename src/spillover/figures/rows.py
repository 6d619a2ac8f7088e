"""Rows of scenario and policy that distributions and difference plots share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from spillover.figures.statistics import STATUS_QUO
from spillover.figures.style import (
    INK,
    policies_of,
    scenario_ink,
    scenarios_of,
    title_of,
)

_GAP = 0.35  # blank space between two scenarios, in rows


@dataclass(frozen=True)
class Row:
    """One line of a plot: a cell, or a heading when ``policy`` is empty. ``y`` grows downwards."""

    y: float
    scenario: str
    policy: str
    label: str

    @property
    def is_heading(self) -> bool:
        """Whether the row only names the scenario of the rows below it."""
        return not self.policy


def row_layout(cells: Iterable[tuple[str, str]]) -> tuple[Row, ...]:
    """Rows for (scenario, policy) pairs in house order, with a heading when policies vary."""
    pairs = set(cells)
    has_headings = len({policy for _, policy in pairs}) > 1
    rows: list[Row] = []
    y = 0.0
    for scenario in scenarios_of({s for s, _ in pairs}):
        if has_headings:
            rows.append(Row(y, scenario, "", _scenario_label(scenario)))
            y += 0.9
        for policy in policies_of({p for s, p in pairs if s == scenario}):
            label = _policy_label(policy) if has_headings else title_of(scenario)
            rows.append(Row(y, scenario, policy, label))
            y += 1
        y += _GAP if has_headings else 0
    return tuple(rows)


# Scenario and policy share the name status quo; where both are listed each says which it is.
def _policy_label(policy: str) -> str:
    return "Status quo policy" if policy == STATUS_QUO else title_of(policy)


def _scenario_label(scenario: str) -> str:
    return "Status quo scenario" if scenario == STATUS_QUO else title_of(scenario)


def height_of(rows: Sequence[Row]) -> float:
    """Rows from the top edge to the bottom edge, for the height of a figure."""
    return rows[-1].y + 1.4 if rows else 1.0


def label_rows(ax: Axes, rows: Sequence[Row], *, show: bool = True) -> None:
    """Fix the vertical axis to the rows and name them; ``show=False`` leaves the names out."""
    ax.set_ylim(rows[-1].y + 0.55, rows[0].y - 0.85)
    ax.set_yticks([row.y for row in rows])
    labels = ax.set_yticklabels([row.label if show else "" for row in rows])
    for label, row in zip(labels, rows, strict=True):
        is_named_by_scenario = row.is_heading or all(not other.is_heading for other in rows)
        label.set_color(scenario_ink(row.scenario) if is_named_by_scenario else INK)
        label.set_fontweight("bold" if is_named_by_scenario else "normal")
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
