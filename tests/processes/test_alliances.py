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


def many_times(start, n):
    """The first world n times over, in what the process reads."""
    rows = np.zeros(n, dtype=np.int64)
    return start.replace(**{name: getattr(start, name)[rows] for name in alliances.READS})


@pytest.fixture
def plain_view(world):
    """Round numbers, so that every expected value can be checked by hand."""
    return SimpleNamespace(
        alliances=SimpleNamespace(
            trust_start=0.4,
            trust_from_exercises=0.1,
            trust_from_treaty=0.1,
            trust_quarrel=0.2,
            trust_loss_from_clash=0.3,
            trust_loss_from_stance=0.5,
            trust_loss_from_water=0.2,
            trust_from_settlement=0.1,
            pledge_base=np.array([-3.0, -4.0, -5.0, -6.0]),
            pledge_from_threat=3.0,
            pledge_from_attention=1.0,
            pledge_loss_from_quarrel=2.0,
            request_per_level=0.5,
            pledge_from_attacks=np.array([0.0, 0.0, 0.6, 0.0]),
            lean_start=np.array([0.6, 0.8, 0.8, 0.2, 0.3]),
            lean_from_threat=0.5,
        ),
        border=SimpleNamespace(csto_member=np.array([1.0, 1.0, 1.0, 0.0, 0.0])),
        statecraft=SimpleNamespace(sensitivity=np.ones(5)),
        initial=SimpleNamespace(alarm=0.1),
        structure=SimpleNamespace(
            coupling=SimpleNamespace(threat_to_moscow=1.0, water_tension=1.0)
        ),
        world=world,
        drivers=SimpleNamespace(kgz_tjk_treaty=0.0, kgz_tjk_clash=0.0),
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


def test_treaty_ends_the_quarrel_and_the_fresher_clash_counts(plain_view, start):
    plain_view.drivers.kgz_tjk_treaty = 1.0
    assert alliances.trust_target(start, plain_view)[0, KGZ_TJK] == pytest.approx(0.4 + 0.1)
    plain_view.drivers.kgz_tjk_treaty = 0.0
    shaken = start.replace(shock=np.ones((3, 5)))  # unrest in both is no clash
    assert alliances.trust_target(shaken, plain_view)[0, KGZ_TJK] == pytest.approx(0.2)
    plain_view.drivers.kgz_tjk_clash = 0.5
    assert alliances.trust_target(start, plain_view)[0, KGZ_TJK] == pytest.approx(0.2 - 0.3 * 0.5)
    fought = start.replace(clash=np.array([0.6, 0.4, 1.0]))
    target = alliances.trust_target(fought, plain_view)[:, KGZ_TJK]
    np.testing.assert_allclose(target, [0.2 - 0.3 * 0.6, 0.2 - 0.3 * 0.5, 0.0], atol=1e-12)


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
    many = many_times(start, n).replace(
        pair_trust=np.full((n, 10), 0.45),
        threat=np.full((n, 5), 0.3),
        csto_pledged=np.zeros((n, 4), dtype=bool),
        csto_delivered=np.zeros((n, 4)),
    )
    _, info = alliances.step(many, 0, view, Streams(1, range(n)))
    target = 0.25 - 0.3 * view.drivers.kgz_tjk_clash
    quarrel = 1 - (0.45 + 0.01 * (target - 0.45))  # one week towards the target of the pair
    attention = 1.0
    hazard = 1 / (1 + np.exp(-(-3.5 + 3 * 0.3 + attention - quarrel)))  # assistance
    expected = 1 - np.exp(-hazard / 52.1775)
    error = np.sqrt(expected * (1 - expected) / n)
    assert abs(info.pledged[:, 0].mean() - expected) < 4 * error


def test_delivery_follows_the_pledge_with_its_delay_and_plans_speed_it_up(view_of, start, ordered):
    pledged = np.ones((3, 4), dtype=bool)
    here = start.replace(csto_pledged=pledged)
    attention = 0.5
    view = view_of({})
    here = here.replace(russian_attention=np.full(3, attention))
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
    many = many_times(start, n).replace(
        threat=np.zeros((n, 5)),
        csto_pledged=np.ones((n, 4), dtype=bool),
        csto_delivered=np.zeros((n, 4)),
    )
    _, info = alliances.step(many, 0, view, Streams(2, range(n)))
    expected = 1 - np.exp(-1 / 104)
    error = np.sqrt(expected * (1 - expected) / (4 * n))
    assert abs(info.lapsed.mean() - expected) < 4 * error
    assert many.csto_pledged.sum(axis=1).tolist() == [4] * n


def test_requests_of_members_and_attacks_on_russia_raise_their_own_option(
    plain_view, start, ordered
):
    asked = {f"csto_{option}": [0, 0, 0, 3, 3] for option in CSTO_OPTIONS}  # not by members
    got = alliances.asked_for(ordered(start, **asked), plain_view)
    assert got.sum() == 0.0
    state = ordered(start, csto_assistance=[3, 0, 0, 0, 0], csto_entry=[3, 3, 3, 0, 0])
    state = state.replace(russian_alarm=np.full(3, 1 / 26))
    got = alliances.asked_for(state, plain_view)[0]
    np.testing.assert_allclose(got, [0.5, 0.0, 0.6 * (1 - np.exp(-1)), 1.5])


def test_a_request_multiplies_the_odds_of_its_option(plain_view):
    threat, quarrel = np.array([0.3]), np.array([0.0])
    plain = alliances.pledge_hazard(threat, quarrel, 1.0, plain_view)
    asked = alliances.pledge_hazard(threat, quarrel, 1.0, plain_view, np.log([[2.0, 1, 1, 1]]))
    odds = asked / (1 - asked) / (plain / (1 - plain))
    np.testing.assert_allclose(odds, [[2, 1, 1, 1]])


def test_states_outside_are_heard_as_they_come_closer(plain_view, start):
    threat = np.tile([0.1, 0.2, 0.3, 1.0, 1.0], (3, 1))
    lean = plain_view.alliances.lean_start
    far = start.replace(threat=threat, moscow_lean=np.tile(lean - 0.1, (3, 1)))
    np.testing.assert_allclose(alliances.heard_threat(far, plain_view), 0.2)
    near = far.replace(moscow_lean=np.tile(lean + 0.25, (3, 1)))
    np.testing.assert_allclose(alliances.heard_threat(near, plain_view), (0.6 + 0.5) / 3.5)


def test_lean_on_moscow_by_hand(plain_view):
    at_start = 1 - np.exp(-0.1)
    threat = np.array([[at_start, at_start + 0.2, 1.0, at_start, 0.0]])
    got = alliances.lean_target(threat, np.array([0.5]), plain_view)
    expected = [0.6, 0.8 + 0.5 * 0.2 * 0.5, min(0.8 + 0.25 * np.exp(-0.1), 1.0), 0.2]
    np.testing.assert_allclose(got[0, :4], expected)
    assert got[0, 4] == pytest.approx(0.3 - 0.25 * at_start)
    plain_view.structure.coupling.threat_to_moscow = 0.0
    got = alliances.lean_target(threat, np.array([0.5]), plain_view)
    np.testing.assert_allclose(got[0], plain_view.alliances.lean_start)


def test_development_raises_what_is_delivered_up_to_the_whole(view_of, start, ordered):
    pledged = start.replace(csto_pledged=np.ones((3, 4), dtype=bool))
    streams = Streams(5, range(3))
    view = view_of({"alliances.delivered_share": 0.5, "alliances.delivered_from_development": 0.2})
    plain, _ = alliances.step(pledged, 7, view, streams)
    more, _ = alliances.step(ordered(pledged, csto_development=2.0), 7, view, streams)
    np.testing.assert_allclose(more.csto_delivered, 1.4 * plain.csto_delivered)
    cap = view_of({"alliances.delivered_share": 0.9, "alliances.delivered_from_development": 0.2})
    plain, _ = alliances.step(pledged, 7, cap, streams)
    more, _ = alliances.step(ordered(pledged, csto_development=3.0), 7, cap, streams)
    np.testing.assert_allclose(more.csto_delivered, plain.csto_delivered / 0.9)


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
    target = 0.45 - 0.2 - 0.3 * fast.drivers.kgz_tjk_clash
    assert got.pair_trust[0, KGZ_TJK] == pytest.approx(0.45 + 0.2 * (target - 0.45))
    assert got.pair_trust[0, TJK_UZB] == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"drivers.russian_attention": 2.0}, "csto_delivered", +1),
        ({"drivers.russian_attention": 0.1}, "csto_delivered", -1),
        ({"levers.csto_development.target": 3.0}, "csto_delivered", +1),
        ({"alliances.lean_from_threat": 2.0, "statecraft.sensitivity": 2.0}, "moscow_lean", +1),
        ({"diplomacy.csto_response_shift": -5.0}, "csto_delivered", -1),
        ({"levers.contingency_planning.target": 2.0}, "csto_delivered", +1),
        ({"drivers.kgz_tjk_treaty": 1.0}, "cohesion", +1),
        ({"levers.joint_exercises.target": 2.0}, "cohesion", +1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)


@pytest.mark.parametrize("option", CSTO_OPTIONS)
def test_a_request_brings_more_of_its_option_and_of_no_other(view_of, start, ordered, option):
    view = view_of({"alliances.request_per_level": 1.0, "diplomacy.csto_response_shift": 3.0})
    many, streams = many_times(start, 3000), Streams(8, range(3000))
    plain = alliances.step(many, 0, view, streams)[1].pledged.sum(axis=0)
    asked = ordered(many, **{f"csto_{option}": [3, 3, 3, 0, 0]})
    more = alliances.step(asked, 0, view, streams)[1].pledged.sum(axis=0)
    o = CSTO_OPTIONS.index(option)
    assert more[o] > plain[o]
    assert np.delete(more, o).tolist() == np.delete(plain, o).tolist()
