"""Rules that tie several parameters together; checked before a run, never inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from spillover.errors import UserError

_ROUNDING = 1e-9

_RULES: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    (
        "cells.cell_minimum, cells.cell_size, cells.cell_largest",
        "minimum < size <= largest, else new cells dissolve at once",
        lambda v: v.cells.cell_minimum < v.cells.cell_size <= v.cells.cell_largest,
    ),
    (
        "plots.diaspora_target_home, plots.diaspora_target_russia",
        "shares that leave a rest for other countries: their sum is at most 1",
        lambda v: v.plots.diaspora_target_home + v.plots.diaspora_target_russia <= 1 + _ROUNDING,
    ),
    (
        "recruitment.contact_region, contact_state, contact_everywhere",
        "shares that sum to 1",
        lambda v: (
            abs(
                v.recruitment.contact_region
                + v.recruitment.contact_state
                + v.recruitment.contact_everywhere
                - 1.0
            )
            < 1e-6
        ),
    ),
    (
        "recruitment.path_share",
        "shares that sum to 1",
        lambda v: abs(v.recruitment.path_share.sum() - 1.0) < 1e-6,
    ),
    (
        "statecraft.budget_start",
        "shares that sum to 1",
        lambda v: abs(v.statecraft.budget_start.sum() - 1.0) < 1e-6,
    ),
)


def require_consistent(view: Any) -> None:
    """Check the parameters of one week against each other.

    Args:
        view: `Parameters.at(week)`.

    Raises:
        UserError: a rule does not hold; the message names the entries.
    """
    for paths, rule, holds in _RULES:
        if not holds(view):
            raise UserError(
                "Some parameters do not fit together.",
                where=paths,
                allowed=rule,
                next="Change them together, for example with set.PATH=VALUE.",
            )


def turning_weeks(changes: Iterable[Any], n_weeks: int) -> list[int]:
    """Weeks at which a set of changes can stop to fit: the first, and where one begins or ends.

    Args:
        changes: `ParameterTree.changes`.
        n_weeks: length of the run.
    """
    weeks = {0}
    for change in changes:
        weeks |= {change.start_week, change.start_week + change.ramp_weeks}
        if change.end_week is not None:
            weeks.add(change.end_week)
    return sorted(week for week in weeks if 0 <= week < n_weeks)
