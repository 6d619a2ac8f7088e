"""Robustness metrics on a decision table that can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau

from spillover.analysis.robustness import METRICS, rank_agreement, ranks, regret, starr

TABLE = np.array([[5.0, 5.0, 5.0, 5.0], [0.0, 10.0, 6.0, 8.0], [4.0, 4.0, 12.0, 0.0]])
"""Three policies in four scenarios, larger is better; best by scenario: 5, 10, 12, 8."""

BY_HAND = {
    "maximin": [5.0, 0.0, 0.0],
    "minimax_regret": [7.0, 6.0, 8.0],
    "regret_p90": [6.4, 5.7, 7.4],  # linear between the two largest of four
    "laplace": [5.0, 6.0, 5.0],
    "hurwicz": [5.0, 5.0, 6.0],
    "mean_variance": [5.0, 6.0 - np.sqrt(14.0), 5.0 - np.sqrt(19.0)],
    "cvar": [5.0, 3.0, 2.0],  # mean of the two worst
}


def test_regret():
    assert regret(TABLE).tolist() == [[0, 5, 7, 3], [5, 0, 6, 0], [1, 6, 0, 8]]


@pytest.mark.parametrize("name", METRICS)
def test_metric_by_hand(name):
    metric, _ = METRICS[name]
    assert metric(TABLE) == pytest.approx(BY_HAND[name])


def test_starr_counts_scenarios_that_reach_their_threshold():
    assert starr(TABLE, np.array([4.0, 5.0, 6.0, 8.0])).tolist() == [0.5, 0.75, 0.5]


def test_criteria_disagree():
    first = {name: int(np.argmin(ranks(m(TABLE), more))) for name, (m, more) in METRICS.items()}
    assert (first["maximin"], first["laplace"], first["hurwicz"]) == (0, 1, 2)


def test_ties_share_the_better_rank():
    assert ranks(np.array([3.0, 5.0, 5.0])).tolist() == [3, 1, 1]
    assert ranks(np.array([3.0, 5.0, 5.0]), is_more_better=False).tolist() == [1, 2, 2]


def test_agreement_is_kendalls_and_unknown_without_an_order():
    metrics = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0], [1.0, 1.0, 1.0, 1.0]])
    found = rank_agreement(metrics)
    assert found[0, 1] == pytest.approx(kendalltau(metrics[0], metrics[1]).statistic)
    assert found[0, 0] == found[1, 1] == 1.0
    assert np.isnan(found[2]).all() and np.isnan(found[:, 2]).all()
