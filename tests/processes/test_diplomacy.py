"""Diplomacy: engagement, what it earns from each faction, and trust."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import POWERS
from spillover.processes import diplomacy
from spillover.streams import Streams

KAZ, KGZ, TJK, TKM, UZB = range(5)


def sigma(x):
    return 1 / (1 + np.exp(-np.asarray(x, dtype=float)))


def log_odds(p):
    return np.log(np.asarray(p) / (1 - np.asarray(p)))


@pytest.fixture
def plain_view(world):
    """Round numbers and drivers at their neutral values."""
    return SimpleNamespace(
        diplomacy=SimpleNamespace(
            engagement_start=np.array([0.5, 0.5, 0.1, 0.6, 0.6]),
            engagement_from_trade=0.4,
            engagement_from_recognition=0.25,
            engagement_from_delisting=0.3,
            engagement_from_peers=0.3,
            engagement_from_lever=0.4,
            engagement_from_cut=0.2,
            engagement_from_budget=0.2,
            engagement_from_trust=0.5,
            trust_reference=0.4,
            engagement_from_sco=0.2,
            engagement_loss_from_water=2.0,
            sco_integration=0.0,
            engagement_from_standing=0.2,
            conditions_from_joint_pressure=0.5,
            reciprocity_loss_from_sanctions=0.2,
            reciprocity_loss_from_recognition=0.1,
            reciprocity_loss_from_rivals=0.3,
            conditions_loss_from_moves=0.5,
            peer_reference=0.46,
            affinity=np.zeros(5),
            engagement_schedule=np.zeros(5),
            reciprocity_start=np.array([0.5, 0.25]),
            reciprocity_slope_kandahar=1.0,
            reciprocity_slope_kabul=2.0,
            engagement_reference=0.4,
            reciprocity_from_stake=0.2,
            reciprocity_from_conditions=0.4,
            reciprocity_loss_from_bare_pressure=0.3,
        ),
        drivers=SimpleNamespace(recognition=0.0, delisting=np.zeros(5), qosh_tepa_completion=0.0),
        statecraft=SimpleNamespace(budget_start=np.array([0.5, 0.25, 0.1, 0.15])),
        intelligence=SimpleNamespace(sco_member=np.array([1.0, 1.0, 1.0, 0.0, 1.0])),
        structure=SimpleNamespace(
            rival=SimpleNamespace(bargaining=0.0), coupling=SimpleNamespace(water_tension=1.0)
        ),
        water=SimpleNamespace(treaty=0.0, treaty_per_level=0.3),
        world=world,
    )


@pytest.fixture
def level(start, plain_view):
    """A state at the reference engagement and trade of the plain view."""
    return start.replace(
        engagement=np.tile([0.5, 0.5, 0.1, 0.6, 0.6], (3, 1)), trade_index=np.ones((3, 5))
    )


def test_engagement_is_anchored_in_its_start(level, plain_view):
    got = diplomacy.engagement_target(level, plain_view)
    np.testing.assert_allclose(got, level.engagement)


def test_engagement_target_by_hand(level, plain_view, ordered):
    """Every term at once for Kazakhstan, whose log odds start at zero."""
    dip, drivers = plain_view.diplomacy, plain_view.drivers
    drivers.recognition = 3.0  # counted once
    drivers.delisting = np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    dip.affinity = np.array([0.2, 0.0, 0.0, 0.0, 0.0])
    dip.engagement_schedule = np.array([-0.1, 0.0, 0.0, 0.0, 0.0])
    budget = level.budget_share.copy()
    budget[:, KAZ, 3] = 0.30
    dip.sco_integration = 1.0
    kept = np.tile([9.0, 6.0, 6.0, 6.0, 6.0], (3, 1))  # of 15: 0.6 and 0.4
    state = level.replace(
        budget_share=budget,
        engagement=np.full((3, 5), 0.66),
        trust_kept=kept,
        trust_broken=15.0 - kept,
        trade_index=np.tile([1.5, 1.0, 1.0, 1.0, 1.0], (3, 1)),
    )
    state = ordered(state, engagement=np.array([2.0, 0.0, 0.0, 0.0, 0.0]))
    got = diplomacy.engagement_target(state, plain_view)
    peers = 0.3 * (0.66 - 0.46)
    score = 0.4 * 0.5 + 0.25 + 0.3 - 0.2 - 0.1 + 0.2 * np.log(2) + peers + 0.4 * 2
    score += 0.5 * (0.6 - 0.4) + 0.2
    np.testing.assert_allclose(got[:, KAZ], sigma(score))
    np.testing.assert_allclose(got[:, TJK], sigma(log_odds(0.1) + 0.25 + peers + 0.2))


def offering(state, **levels):
    """The state with money of outside powers at other levels than 1."""
    money = np.ones_like(state.power_support)
    for name, level in levels.items():
        money[:, POWERS.index(name)] = level
    return state.replace(power_support=money)


def test_a_western_cut_draws_the_region_together_and_more_money_does_not_part_it(level, plain_view):
    base = log_odds(diplomacy.engagement_target(level, plain_view))
    for left, gain in ((1.0, 0.0), (0.25, 0.2 * 0.75), (0.0, 0.2), (2.0, 0.0)):
        less = offering(level, united_states=left)
        got = log_odds(diplomacy.engagement_target(less, plain_view)) - base
        np.testing.assert_allclose(got, gain, atol=1e-12)


def test_rivals_for_kabul_cost_and_fewer_of_them_help(level, plain_view):
    more = offering(level, india=3.0, china=3.0)  # mean 1.5
    np.testing.assert_allclose(diplomacy.unpaid(more, plain_view), 0.3 * 0.5)
    less = offering(level, united_states=0.0)
    np.testing.assert_allclose(diplomacy.unpaid(less, plain_view), -0.3 / 8)


def test_gifts_of_moscow_and_beijing_take_from_what_conditions_earn(level, plain_view):
    np.testing.assert_allclose(diplomacy.weight_of_conditions(level, plain_view), 1.0)
    paid = offering(level, china=1.4)
    np.testing.assert_allclose(diplomacy.weight_of_conditions(paid, plain_view), 1 - 0.5 * 0.4)
    poor = offering(level, china=0.4)
    np.testing.assert_allclose(diplomacy.weight_of_conditions(poor, plain_view), 1.0)
    plain_view.drivers.recognition = 3.0  # counted once
    np.testing.assert_allclose(diplomacy.weight_of_conditions(level, plain_view), 0.5)
    assert (diplomacy.weight_of_conditions(offering(level, china=3.0), plain_view) == 0.0).all()
    one = np.ones((3, 5))
    half = diplomacy.reciprocity(one, one, one, plain_view, weight=np.full(3, 0.5))
    full = diplomacy.reciprocity(one, one, one, plain_view)
    np.testing.assert_allclose(log_odds(full) - log_odds(half), 0.4 * 0.5)


def test_reciprocity_by_hand(plain_view):
    """Mean engagement 0.5, one state in five sets conditions of 1 at engagement 1."""
    engagement = np.array([[1.0, 0.25, 0.25, 0.5, 0.5]])
    conditions = np.array([[1.0, 0.0, 0.0, 0.0, 0.0]])
    got = diplomacy.reciprocity(engagement, conditions, np.full((1, 5), 1.5), plain_view)
    shared = 0.2 * 0.5 + 0.4 * 0.2
    expected = [sigma(0.0 + 1.0 * 0.1 + shared), sigma(log_odds(0.25) + 2.0 * 0.1 + shared)]
    np.testing.assert_allclose(got, [expected])


def test_formal_acts_count_once_and_recognition_beyond_them_more(plain_view):
    plain_view.drivers.delisting = np.array([1.0, 0.5, 0.0, 0.0, 0.0])
    level = np.array([[1.0, 1.0, 1.0, 0.4, 3.0]])
    got = diplomacy.formal_standing(level, plain_view)
    np.testing.assert_allclose(got, [[0.3, 0.3, 0.3, 0.3 * 0.4, 0.3 + 0.2 * 2]])


def test_the_sco_draws_in_through_its_members_up_to_its_highest_level(level, plain_view, ordered):
    base = log_odds(diplomacy.engagement_target(level, plain_view))
    asked = ordered(level, sco_integration=2.0)
    gain = log_odds(diplomacy.engagement_target(asked, plain_view)) - base
    np.testing.assert_allclose(gain[0], [0.4, 0.4, 0.4, 0.0, 0.4], atol=1e-12)
    plain_view.diplomacy.sco_integration = 2.0  # 4 together
    gain = log_odds(diplomacy.engagement_target(asked, plain_view)) - base
    np.testing.assert_allclose(gain[0], [0.6, 0.6, 0.6, 0.4, 0.6], atol=1e-12)


def test_joint_pressure_counts_as_conditions_and_sanctions_cost(level, plain_view, ordered):
    state = ordered(
        level, conditionality=1.0, joint_pressure=[0, 1, 3, 3, 3], targeted_sanctions=3.0,
        recognition=[3, 3, 3, 3, 0],
    )  # fmt: skip
    got = diplomacy.conditions_set(state, plain_view)
    np.testing.assert_allclose(got[0], [1.0, 1.5, 2.5, 2.5, 2.5])
    most = ordered(level, conditionality=3.0, joint_pressure=3.0)
    assert (diplomacy.conditions_set(most, plain_view) == 3.0).all()
    # Sanctions at 3 in all five, recognition two levels beyond delisting in four of them.
    np.testing.assert_allclose(diplomacy.unpaid(state, plain_view), 0.2 * 3 + 0.1 * 2 * 0.8)


def test_under_the_rival_account_engagement_buys_nothing(plain_view):
    low, high, index = np.full((1, 5), 0.1), np.full((1, 5), 0.9), np.ones((1, 5))
    none, some = np.zeros((1, 5)), np.ones((1, 5))
    plain_view.structure.rival.bargaining = 1.0
    for engagement in (low, high):
        got = diplomacy.reciprocity(engagement, none, index, plain_view)
        np.testing.assert_allclose(got, [[0.5, 0.25]])
        pressed = diplomacy.reciprocity(engagement, some, index, plain_view)
        assert (pressed < got).all()


def test_pressure_without_reward_backfires_and_with_reward_earns(plain_view):
    conditions = np.ones((1, 5))
    for engagement, sign in ((0.9, +1), (0.1, -1)):
        level = np.full((1, 5), engagement)
        bare = diplomacy.reciprocity(level, np.zeros((1, 5)), np.ones((1, 5)), plain_view)
        pressed = diplomacy.reciprocity(level, conditions, np.ones((1, 5)), plain_view)
        assert (sign * (pressed - bare) > 0).all()
    # Indifferent where 0.4 e = 0.3 (1 - e).
    level = np.full((1, 5), 3 / 7)
    np.testing.assert_allclose(
        diplomacy.reciprocity(level, conditions, np.ones((1, 5)), plain_view),
        diplomacy.reciprocity(level, np.zeros((1, 5)), np.ones((1, 5)), plain_view),
    )


def test_reciprocity_at_the_reference_is_the_starting_one_and_may_fall(plain_view):
    reference = np.full((1, 5), 0.4)
    none = np.zeros((1, 5))
    np.testing.assert_allclose(
        diplomacy.reciprocity(reference, none, np.ones((1, 5)), plain_view), [[0.5, 0.25]]
    )
    plain_view.diplomacy.reciprocity_slope_kandahar = -1.0  # engagement that fails
    plain_view.diplomacy.reciprocity_slope_kabul = 0.0
    more = diplomacy.reciprocity(np.full((1, 5), 0.9), none, np.ones((1, 5)), plain_view)
    assert more[0, 0] < 0.5
    assert more[0, 1] == pytest.approx(0.25)


def test_promises_are_seen_in_provinces_up_to_two_links_away():
    kept = np.array([[0.2, 0.4, 0.9]])
    hops = np.array([[1, 4], [2, 3], [3, 3]])  # the second state has nobody nearer than 3
    np.testing.assert_allclose(diplomacy.promise_near(kept, hops), [[0.3, 0.65]])


def test_attacks_are_blamed_where_they_land(view, start):
    frontier = np.zeros((3, 13), dtype=np.int64)
    frontier[1, view.world.link_ids.index("AF-BAL/UZ-SU")] = 2
    home = np.zeros((3, 5), dtype=np.int64)
    home[1] = [1, 0, 0, 0, 1]
    state = start.replace(week_frontier=frontier, week_home_attacks=home)
    expected = [[0] * 5, [1, 0, 0, 0, 3], [0] * 5]
    assert diplomacy.blamed_attacks(state, view).tolist() == expected


def test_engagement_reverts_and_drops_with_blamed_attacks(view, start):
    home = np.zeros((3, 5), dtype=np.int64)
    home[1, UZB], home[2] = 2, 100
    state = start.replace(week_home_attacks=home, engagement=np.full((3, 5), 0.5))
    target = diplomacy.engagement_target(state, view)
    after, info = diplomacy.step(state, 1, view, Streams(1, range(3)))
    np.testing.assert_allclose(after.engagement[0], 0.5 + 0.02 * (target[0] - 0.5))
    drop = after.engagement[0, UZB] - after.engagement[1, UZB]
    assert drop == pytest.approx(0.05 * 2)
    assert (after.engagement[2] == 0.01).all()  # never quite broken off
    assert info.blamed[1, UZB] == 2


def test_trust_signals_come_every_four_weeks_at_the_probability_of_a_kept_promise(view, start):
    n = 2000
    rows = np.zeros(n, dtype=np.int64)
    many = start.replace(
        **{
            name: getattr(start, name)[rows]
            for name in (
                "engagement", "trust_kept", "trust_broken", "delivered", "week_frontier",
                "week_home_attacks", "week_broken_promises", "budget_share", "trade_index",
                "water_deficit", "power_support",
            )
        },
        promise_kept=np.full((n, 34), 0.3),
    )  # fmt: skip
    after, info = diplomacy.step(many, 4, view, Streams(9, range(n)))
    error = np.sqrt(0.3 * 0.7 / (5 * n))
    assert abs(info.seen_kept.mean() - 0.3) < 4 * error
    assert (info.seen_kept + info.seen_broken == 1).all()
    np.testing.assert_allclose(after.trust_kept, 0.96 * many.trust_kept + info.seen_kept)
    np.testing.assert_allclose(after.trust_broken, 0.96 * many.trust_broken + info.seen_broken)
    between, info = diplomacy.step(many, 5, view, Streams(9, range(n)))
    assert info.seen_kept.sum() == info.seen_broken.sum() == 0
    np.testing.assert_array_equal(between.trust_kept, many.trust_kept)


def test_a_broken_promise_counts_as_six_failures(view, start):
    broken = np.zeros((3, 5), dtype=np.int64)
    broken[0, UZB] = 1
    after, info = diplomacy.step(
        start.replace(week_broken_promises=broken), 1, view, Streams(1, range(3))
    )
    assert after.trust_broken[0, UZB] == pytest.approx(start.trust_broken[0, UZB] + 6)
    assert after.trust_broken[1, UZB] == pytest.approx(start.trust_broken[1, UZB])
    assert info.seen_broken[0, UZB] == 1


def test_constant_drivers_lead_engagement_to_its_fixed_point(view_of, start):
    """300 weeks at a reversion of 0.2: what is left of the start is 0.8^300."""
    view = view_of(
        {
            "diplomacy.engagement_reversion": 0.2,
            "diplomacy.engagement_from_peers": 0.0,
            "diplomacy.engagement_from_trust": 0.0,
        }
    )
    state = start
    for week in range(300):
        state, _ = diplomacy.step(state, week, view, Streams(1, range(3)))
    drivers, dip = view.drivers, view.diplomacy
    score = (
        log_odds(dip.engagement_start)
        + 0.4 * (start.trade_index[0] - 1)
        + 0.25 * min(drivers.recognition, 1.0)
        + 0.3 * drivers.delisting
        - np.array([0, 0, 0.3, 0, 0])
    )
    np.testing.assert_allclose(state.engagement, np.tile(sigma(score), (3, 1)), rtol=1e-6)


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"trade.cost": -1.0}, "engagement", +1),
        ({"drivers.recognition": 1.0}, "engagement", +1),
        ({"drivers.delisting": 1.0}, "engagement", +1),
        ({"diplomacy.sco_integration": 1.0}, "engagement", +1),
        ({"levers.sco_integration.target": 3.0}, "engagement", +1),
        ({"levers.recognition.target": 3.0}, "engagement", +1),
        ({"levers.targeted_sanctions.target": 3.0}, "reciprocity", -1),
        ({"levers.targeted_sanctions.target": 3.0}, "haven_imu", -1),
        ({"levers.joint_pressure.target": 3.0}, "haven_imu", -1),
        ({"diplomacy.engagement_schedule": -2.0}, "engagement", -1),
        ({"levers.engagement.target": 2.0}, "engagement", +1),
        ({"levers.engagement.target": 2.0}, "reciprocity", +1),
        ({"drivers.guarantee": 1.0, "cells.northern_from_guarantee": 3.0}, "frontier_attacks", +1),
        ({"diplomacy.engagement_schedule": 3.0, "drivers.guarantee": 1.0}, "frontier_attacks", +1),
        ({"powers.support": 2.0}, "reciprocity", -1),
        ({"powers.support": 0.2}, "engagement", +1),
        ({"levers.conditionality.target": 2.0}, "exclusion", -1),
        ({"levers.conditionality.target": 2.0}, "haven_imu", -1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)
