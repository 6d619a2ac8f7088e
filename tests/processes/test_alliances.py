"""Alliances: pair trust, pledges of the CSTO and their delivery, cohesion."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import CSTO_OPTIONS, STATE_PAIRS, STATES
from spillover.processes import alliances
from spillover.streams import Streams

KGZ_TJK = STATE_PAIRS.index((STATES.index("KGZ"), STATES.index("TJK")))
TJK_UZB = STATE_PAIRS.index((STATES.index("TJK"), STATES.index("UZB")))
REINFORCEMENT = CSTO_OPTIONS.index("reinforcement")


@pytest.fixture
def plain_view():
    """Round numbers, so that every expected value can be checked by hand."""
    return SimpleNamespace(
        alliances=SimpleNamespace(
            trust_start=0.4,
            trust_from_exercises=0.1,
            trust_from_treaty=0.1,
            trust_quarrel=0.2,
            trust_loss_from_clash=0.3,
            trust_loss_from_stance=0.5,
            pledge_base=np.array([-3.0, -4.0, -5.0, -6.0]),
            pledge_from_threat=3.0,
            pledge_from_attention=1.0,
            pledge_loss_from_quarrel=2.0,
        ),
        drivers=SimpleNamespace(kgz_tjk_treaty=0.0, domestic_shock=np.zeros(5)),
        diplomacy=SimpleNamespace(
            csto_response_shift=0.0, engagement_start=np.array([0.4, 0.35, 0.05, 0.6, 0.6])
        ),
    )


def test_trust_target_of_an_ordinary_pair_and_of_the_pair_that_quarrels(plain_view, start):
    target = alliances.trust_target(start, plain_view)
    assert target.shape == (3, 10)
    assert target[0, TJK_UZB] == pytest.approx(0.4)
    assert target[0, KGZ_TJK] == pytest.approx(0.4 - 0.2)


def test_exercises_build_trust_only_between_those_who_hold_them_together(
    plain_view, start, ordered
):
    levels = np.array([0.0, 2.0, 3.0, 0.0, 1.0])  # KAZ KGZ TJK TKM UZB
    target = alliances.trust_target(ordered(start, joint_exercises=levels), plain_view)
    assert target[0, TJK_UZB] == pytest.approx(0.4 + 0.1 * 1.0)
    assert target[0, KGZ_TJK] == pytest.approx(0.4 + 0.1 * 2.0 - 0.2)
    assert target[0, STATE_PAIRS.index((0, 4))] == pytest.approx(0.4)


def test_treaty_ends_the_quarrel_and_a_clash_needs_both_sides(plain_view, start):
    plain_view.drivers.kgz_tjk_treaty = 1.0
    assert alliances.trust_target(start, plain_view)[0, KGZ_TJK] == pytest.approx(0.4 + 0.1)
    plain_view.drivers.kgz_tjk_treaty = 0.0
    plain_view.drivers.domestic_shock = np.array([0.0, 0.6, 0.0, 0.0, 0.0])
    assert alliances.trust_target(start, plain_view)[0, KGZ_TJK] == pytest.approx(0.2)
    plain_view.drivers.domestic_shock = np.array([0.0, 0.6, 0.5, 0.0, 0.0])
    assert alliances.trust_target(start, plain_view)[0, KGZ_TJK] == pytest.approx(0.2 - 0.3 * 0.5)
    plain_view.drivers.domestic_shock = np.ones(5)
    assert alliances.trust_target(start, plain_view)[0, KGZ_TJK] == 0.0  # never negative


def test_stances_that_drift_apart_cost_trust(plain_view, start):
    stance = start.engagement.copy()
    stance[:, STATES.index("UZB")] = 0.8  # 0.75 from Tajikistan instead of 0.55
    target = alliances.trust_target(start.replace(engagement=stance), plain_view)
    assert target[0, TJK_UZB] == pytest.approx(0.4 - 0.5 * 0.2)
    stance[:, STATES.index("UZB")] = 0.05
    closer = alliances.trust_target(start.replace(engagement=stance), plain_view)
    assert closer[0, TJK_UZB] == pytest.approx(0.4 + 0.5 * 0.55)


def test_pledge_hazard_by_hand_and_its_limits(plain_view):
    got = alliances.pledge_hazard(np.array([0.5]), np.array([0.25]), 1.0, plain_view)
    score = 3 * 0.5 + 1 * 1.0 - 2 * 0.25  # 2
    expected = [1 / (1 + np.exp(-(base + score))) for base in (-3.0, -4.0, -5.0, -6.0)]
    np.testing.assert_allclose(got, [expected])
    plain_view.diplomacy.csto_response_shift = 5.0
    assert (alliances.pledge_hazard(np.ones(1), np.zeros(1), 2.0, plain_view) <= 1.0).all()


def test_threat_and_attention_pull_the_csto_in_and_quarrels_keep_it_out(view):
    def hazard(threat: float, quarrel: float, attention: float) -> np.ndarray:
        return alliances.pledge_hazard(np.array([threat]), np.array([quarrel]), attention, view)[0]

    assert (hazard(0.6, 0.5, 1.0) > hazard(0.3, 0.5, 1.0)).all()
    assert (hazard(0.3, 0.5, 1.0) > hazard(0.3, 0.5, 0.5)).all()
    assert (hazard(0.3, 0.8, 1.0) < hazard(0.3, 0.5, 1.0)).all()
    order = ("assistance", "reinforcement", "alignment", "entry")
    ranked = [hazard(0.3, 0.5, 1.0)[CSTO_OPTIONS.index(option)] for option in order]
    assert ranked == sorted(ranked, reverse=True)


def test_reinforcement_is_pledged_at_seven_per_cent_a_year(view):
    """At threat 0.3, attention 1 and members at peace: sigma(-4.5 + 0.9 + 1) = 0.069."""
    got = alliances.pledge_hazard(np.array([0.3]), np.array([0.0]), 1.0, view)[0, REINFORCEMENT]
    assert got == pytest.approx(0.07, abs=0.005)


def test_pledges_come_as_often_as_their_hazard_says(view, start):
    """4,000 independent weeks: a pledge a year at certainty of the logistic, 1 / 52 a week."""
    n = 4000
    rows = np.zeros(n, dtype=np.int64)
    many = start.replace(
        pair_trust=np.full((n, 10), 0.45),
        threat=np.full((n, 5), 0.3),
        engagement=start.engagement[rows],
        delivered=start.delivered[rows],
        csto_pledged=np.zeros((n, 4), dtype=bool),
        csto_delivered=np.zeros((n, 4)),
    )
    _, info = alliances.step(many, 0, view, Streams(1, range(n)))
    quarrel = 1 - (0.45 + 0.01 * (0.25 - 0.45))  # one week towards the target of the pair
    attention = view.drivers.russian_attention
    hazard = 1 / (1 + np.exp(-(-3.5 + 3 * 0.3 + attention - quarrel)))  # assistance
    expected = 1 - np.exp(-hazard / 52.1775)
    error = np.sqrt(expected * (1 - expected) / n)
    assert abs(info.pledged[:, 0].mean() - expected) < 4 * error


def test_delivery_follows_the_pledge_with_its_delay_and_plans_speed_it_up(view_of, start, ordered):
    pledged = np.ones((3, 4), dtype=bool)
    here = start.replace(csto_pledged=pledged)
    attention = 0.5
    view = view_of({"drivers.russian_attention": attention})
    streams = Streams(5, range(3))
    slow, info = alliances.step(here, 7, view, streams)
    kept = ~info.lapsed
    # Assistance: half of the pledge arrives, over 26 weeks.
    np.testing.assert_allclose(
        slow.csto_delivered[:, 0], np.where(kept[:, 0], 0.5 * attention / 26.0, 0.0)
    )
    fast, _ = alliances.step(ordered(here, contingency_planning=3.0), 7, view, streams)
    np.testing.assert_allclose(fast.csto_delivered, 1.5 * slow.csto_delivered)
    nothing, _ = alliances.step(start, 7, view, streams)
    assert nothing.csto_delivered.sum() == 0.0
    assert not info.pledged.any()  # what is pledged already is not pledged again


def test_a_pledge_lapses_after_two_years_on_average(view, start):
    n = 3000
    rows = np.zeros(n, dtype=np.int64)
    many = start.replace(
        pair_trust=start.pair_trust[rows],
        threat=np.zeros((n, 5)),
        engagement=start.engagement[rows],
        delivered=start.delivered[rows],
        csto_pledged=np.ones((n, 4), dtype=bool),
        csto_delivered=np.zeros((n, 4)),
    )
    _, info = alliances.step(many, 0, view, Streams(2, range(n)))
    expected = 1 - np.exp(-1 / 104)
    error = np.sqrt(expected * (1 - expected) / (4 * n))
    assert abs(info.lapsed.mean() - expected) < 4 * error
    assert many.csto_pledged.sum(axis=1).tolist() == [4] * n


def test_cohesion_by_hand():
    trust = np.full((2, 10), 0.6)
    together = np.full((1, 5), 0.3)
    apart = np.array([[0.0, 0.0, 0.0, 1.0, 1.0]])  # variance 0.24
    got = alliances.cohesion(trust, np.concatenate([together, apart]))
    np.testing.assert_allclose(got, [0.6, 0.6 * (1 - 0.24 / 0.25)])


def test_trust_reverts_at_its_weekly_hazard(view_of, start):
    fast = view_of({"alliances.trust_reversion": 0.2})
    begin = start.replace(pair_trust=np.full((3, 10), 0.45))
    got, _ = alliances.step(begin, 1, fast, Streams(3, range(3)))
    shock = fast.drivers.domestic_shock
    target = 0.45 - 0.2 - 0.3 * min(shock[STATES.index("KGZ")], shock[STATES.index("TJK")])
    assert got.pair_trust[0, KGZ_TJK] == pytest.approx(0.45 + 0.2 * (target - 0.45))
    assert got.pair_trust[0, TJK_UZB] == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"drivers.russian_attention": 2.0}, "csto_delivered", +1),
        ({"drivers.russian_attention": 0.1}, "csto_delivered", -1),
        ({"diplomacy.csto_response_shift": -5.0}, "csto_delivered", -1),
        ({"levers.contingency_planning.target": 2.0}, "csto_delivered", +1),
        ({"drivers.kgz_tjk_treaty": 1.0}, "cohesion", +1),
        ({"levers.joint_exercises.target": 2.0}, "cohesion", +1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)
