"""Reporting: what the United Nations, the group itself and monitors would have written down.

Idea: data are not the world. The United Nations record a share of attacks, claims are a thinning
of the same attacks, one monitor counts deadly ones only, and strength estimates are noisy and from
2023 on include families. Calibration and validation compare these
numbers with data, never the true state. Nothing else in the model reads them.

Equations (docs/odd.md, "reporting"):
    O1  recorded ~ Bin(attacks, share_UN); claimed ~ Bin(attacks, share_UN x claims ratio);
        monitored ~ Bin(deadly attacks, share_monitor)
    O2  estimate = fighters at the start of the half-year x lognormal noise x (family factor once
        the definition changes); one figure for half a year
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from spillover import rates
from spillover.state import Counts, Floats, State, isisk_fighters
from spillover.streams import Streams, purpose

NAME = "reporting"
READS = ("surveyed", "week_attacks", "week_deadly", "cell_fighters", "unassigned", "fighters")
WRITES = ("surveyed",)

COUNTS = purpose("reporting/counts")
STRENGTH = purpose("reporting/strength")
REPORT_WEEKS = 26  # estimates are published twice a year


@dataclass(frozen=True, slots=True)
class Info:
    """Attacks as recorded, claimed, monitored [r, a]; strength estimates [r], [r, g]."""

    attacks_un: Counts
    attacks_claimed: Counts
    attacks_monitored: Counts
    strength_isisk: Floats
    strength_groups: Floats


def strength(fighters: Counts, noise_u: Floats, log_sd: float, families: float) -> Floats:
    """O2: published estimate of a number of fighters."""
    return fighters * rates.lognormal(noise_u, log_sd) * families


def step(state: State, week: int, view: Any, streams: Streams) -> tuple[State, Info]:
    """Observe the week; of the state only the survey of strengths is renewed."""
    reporting = view.reporting
    if week % REPORT_WEEKS == 0:
        others = state.fighters.sum(axis=2)
        men = np.concatenate([isisk_fighters(state)[:, None], others], axis=1)
        state = state.replace(surveyed=men)
    n_r, n_a = state.week_attacks.shape
    u = streams.uniform(COUNTS, week, 3 * n_a).reshape(n_r, 3, n_a)
    n_g = state.fighters.shape[1]
    v = streams.uniform(STRENGTH, week // REPORT_WEEKS, 1 + n_g)
    claimed = np.minimum(reporting.share_un * reporting.claims_ratio, 1.0)
    return state, Info(
        attacks_un=rates.binomial(u[:, 0], state.week_attacks, reporting.share_un),
        attacks_claimed=rates.binomial(u[:, 1], state.week_attacks, claimed),
        attacks_monitored=rates.binomial(u[:, 2], state.week_deadly, reporting.share_monitor),
        strength_isisk=strength(
            state.surveyed[:, 0], v[:, 0], reporting.strength_log_sd, reporting.family_factor
        ),
        strength_groups=strength(state.surveyed[:, 1:], v[:, 1:], reporting.strength_log_sd, 1.0),
    )
