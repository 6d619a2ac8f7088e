"""Rules that tie several parameters together; checked before a run, never inside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from spillover.errors import UserError
from spillover.northern_route import home_weight
from spillover.processes.opium import start_stock_kg

_ROUNDING = 1e-9

_RULES: tuple[tuple[str, str, Callable[[Any], bool]], ...] = (
    (
        "cells.cell_minimum, cells.cell_size, cells.cell_largest",
        "minimum < size <= largest, else new cells dissolve at once",
        lambda v: v.cells.cell_minimum < v.cells.cell_size <= v.cells.cell_largest,
    ),
    (
        "fragility.shock_shortest, fragility.shock_longest",
        "shortest <= longest",
        lambda v: v.fragility.shock_shortest <= v.fragility.shock_longest,
    ),
    (
        "information.media_weight",
        "shares of the languages, which sum to 1 in each state",
        lambda v: (
            np.abs(np.sum(list(vars(v.information.media_weight).values()), axis=0) - 1.0).max()
            < 1e-6
        ),
    ),
    (
        "interdiction.ease_flat, interdiction.ease_loss",
        "loss <= flat, else a seizure in the mountains would have a negative hazard",
        lambda v: v.interdiction.ease_loss <= v.interdiction.ease_flat,
    ),
    (
        "networks.home_weight",
        "some zone with a northern border province has weight, else no network has a home",
        lambda v: home_weight(v.world, v.networks).sum() > 0,
    ),
    (
        "networks.least_capital, networks.founding_capital, networks.working_capital",
        "least <= founding and least <= working, else new networks close at once",
        lambda v: (
            v.networks.least_capital <= v.networks.founding_capital
            and v.networks.least_capital <= v.networks.working_capital
        ),
    ),
    (
        "opium.stock_2022, opium.crop_2022, opium.demand",
        "stock of 2022 - crop of 2022 + what was sold until then > 0, the stock of August 2021",
        lambda v: start_stock_kg(v.opium) > 0,
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
    (
        "trade.diversion, trade.diversion_iran",
        "shares of what Pakistan does not let pass: their sum is at most 1",
        lambda v: v.trade.diversion + v.trade.diversion_iran <= 1 + _ROUNDING,
    ),
    (
        "trade.diversion_share",
        "weights of the states, of which one at least is above 0",
        lambda v: v.trade.diversion_share.sum() > 0,
    ),
    (
        "trade.flour_share, trade.fuel_share, trade.power_share",
        "shares that leave a rest for other goods: their sum is at most 1 in each state",
        lambda v: (
            (v.trade.flour_share + v.trade.fuel_share + v.trade.power_share).max() <= 1 + _ROUNDING
        ),
    ),
    (
        "structure.process, structure.coupling, structure.rival",
        "whole numbers: a switch is 0 or 1, a rival is the number of its account",
        lambda v: all(
            float(value).is_integer()
            for group in (v.structure.process, v.structure.coupling, v.structure.rival)
            for value in vars(group).values()
        ),
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
