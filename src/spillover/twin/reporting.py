"""What the world writes down; docs/odd.md, "reporting" (O1 and O2)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spillover.twin.model import TwinModel

NAME = "reporting"
SURVEY_WEEKS = 26
WRITERS = ("attacks_un", "attacks_claimed", "attacks_monitored")


def start(model: TwinModel) -> None:
    """Strengths are known at the start."""
    _survey(model)


def _survey(model: TwinModel) -> None:
    model.isisk.surveyed = model.isisk.men()
    for group in model.groups:
        group.surveyed = group.strength


def step(model: TwinModel) -> None:
    """One week; nothing in the model reads what is written down."""
    if model.week % SURVEY_WEEKS == 0:
        _survey(model)
    par, n_a = model.view.reporting, len(model.provinces)
    counts = model.stream("reporting/counts", 3 * n_a)
    noise = model.stream("reporting/strength", 1 + len(model.groups), model.week // SURVEY_WEEKS)
    claimed = min(par.share_un * par.claims_ratio, 1.0)
    written: dict[str, list[int]] = {name: [] for name in WRITERS}
    for province in model.provinces:
        a, attacks = province.index, province.week_attacks
        seen = (
            counts.binomial(a, attacks, par.share_un),
            counts.binomial(n_a + a, attacks, claimed),
            counts.binomial(2 * n_a + a, province.week_deadly, par.share_monitor),
        )
        for name, count in zip(WRITERS, seen, strict=True):
            written[name].append(count)
    sd = par.strength_log_sd
    factors = [
        math.exp(sd * noise.normal(slot) - sd * sd / 2) for slot in range(1 + len(model.groups))
    ]
    model.flows |= written
    model.flows["strength_isisk"] = model.isisk.surveyed * factors[0] * par.family_factor
    model.flows["strength_groups"] = [
        group.surveyed * factor for group, factor in zip(model.groups, factors[1:], strict=True)
    ]


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2."""
    return {"surveyed": [model.isisk.surveyed, *(group.surveyed for group in model.groups)]}
