"""Equations O1 and O2: what is written down about a week."""

from __future__ import annotations

import math

import numpy as np
import pytest

from spillover.processes import reporting
from spillover.state import isisk_fighters
from spillover.streams import Streams


def observed(state, view, week: int = 0, n: int = 3):
    after, info = reporting.step(state, week, view, Streams(1, range(n)))
    assert (after.week_attacks == state.week_attacks).all()
    return info


def test_strength_by_hand():
    men = np.array([1000, 0])
    # The middle of a lognormal with mean 1 is exp(-sd^2 / 2).
    assert reporting.strength(men, np.full(2, 0.5), 0.4, 1.6) == pytest.approx(
        [1600 * math.exp(-0.08), 0.0]
    )
    assert reporting.strength(men, np.full(2, 0.9), 0.0, 1.0).tolist() == [1000.0, 0.0]


def test_each_source_sees_its_share(view_of, start):
    view = view_of(
        {
            "reporting.share_un": 0.8, "reporting.claims_ratio": 0.5,
            "reporting.share_monitor": 0.3,
        }
    )  # fmt: skip
    attacks, deadly = np.full((3, 34), 100), np.full((3, 34), 50)
    info = observed(start.replace(week_attacks=attacks, week_deadly=deadly), view)
    cases = (
        (info.attacks_un, 10_200, 0.8),
        (info.attacks_claimed, 10_200, 0.4),
        (info.attacks_monitored, 5_100, 0.3),
    )
    for seen, n, p in cases:
        assert abs(seen.sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))
    # The three look at the same attacks but not with the same eyes.
    assert abs(np.corrcoef(info.attacks_un.ravel(), info.attacks_claimed.ravel())[0, 1]) < 0.4


def test_claims_never_exceed_attacks(view_of, start):
    view = view_of({"reporting.share_un": 0.95, "reporting.claims_ratio": 1.5})
    attacks = np.full((3, 34), 7)
    info = observed(start.replace(week_attacks=attacks), view)
    assert (info.attacks_claimed == 7).all()


def test_quiet_weeks_leave_no_trace(view, start):
    info = observed(start, view)
    assert info.attacks_un.sum() == info.attacks_claimed.sum() == info.attacks_monitored.sum() == 0


def test_estimates_keep_their_error_for_half_a_year(view, start):
    first, same, later = (observed(start, view, week) for week in (0, 25, 26))
    assert (first.strength_isisk == same.strength_isisk).all()
    assert (first.strength_groups == same.strength_groups).all()
    assert (first.strength_isisk != later.strength_isisk).all()
    n_groups = first.strength_groups.shape[1]
    noise = first.strength_groups / start.fighters.sum(axis=2)
    assert np.unique(noise).size == 3 * n_groups


def test_men_are_counted_at_the_start_of_a_half_year(view_of, start):
    exact = view_of({"reporting.strength_log_sd": 0.0, "reporting.family_factor": 1.0})
    streams = Streams(1, range(3))
    counted, info = reporting.step(start, 26, exact, streams)
    assert (info.strength_isisk == isisk_fighters(start)).all()
    assert (info.strength_groups == start.fighters.sum(axis=2)).all()
    grown = counted.replace(fighters=2 * start.fighters, unassigned=start.unassigned + 500)
    late, info = reporting.step(grown, 51, exact, streams)
    assert (info.strength_isisk == isisk_fighters(start)).all()
    assert (info.strength_groups == start.fighters.sum(axis=2)).all()
    _, info = reporting.step(late, 52, exact, streams)
    assert (info.strength_isisk == isisk_fighters(start) + 500).all()
    assert (info.strength_groups == 2 * start.fighters.sum(axis=2)).all()


def test_families_count_for_isisk_only(view_of, start):
    plain = observed(start, view_of({"reporting.family_factor": 1.0}))
    wide = observed(start, view_of({"reporting.family_factor": 1.6}))
    assert wide.strength_isisk == pytest.approx(1.6 * plain.strength_isisk)
    assert (wide.strength_groups == plain.strength_groups).all()


def test_estimates_are_right_on_average(view, start):
    estimates = np.concatenate(
        [observed(start, view, 26 * half).strength_groups for half in range(60)]
    )
    noise = estimates / start.fighters.sum(axis=2).mean(axis=0)
    error = math.sqrt((math.exp(view.reporting.strength_log_sd**2) - 1) / noise.size)
    assert abs(noise.mean() - 1) < 4 * error
