"""Statecraft: alarm and threat, budgets, delivery of levers, repression, legitimacy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.axes import BUDGETS, LEVERS, STATES
from spillover.processes import statecraft
from spillover.streams import Streams

JOINT_PATROLS = LEVERS.index("joint_patrols")
KAZ, KGZ, TJK, TKM, UZB = range(5)


def delivered_to(
    level, target, delay=(10.0,), allowed=True, cost=(2.0,), budget=(100.0,), free=None
):
    """`deliver` for one replicate: level and target [c][v] as nested lists."""
    level = np.array([level], dtype=float)
    free = budget if free is None else free
    return statecraft.deliver(
        level,
        np.array(target, dtype=float),
        np.array(delay),
        np.broadcast_to(np.array(allowed), level.shape),
        np.array(cost),
        np.array(budget),
        np.array([free], dtype=float),
    )


def test_a_lever_grows_by_at_most_one_level_per_delay():
    got, short = delivered_to([[0.0]], [[2.0]])
    assert got[0, 0, 0] == pytest.approx(0.1)
    assert not short.any()
    level = [[0.0]]
    for _ in range(19):
        level = delivered_to(level, [[2.0]])[0][0]
    assert level[0][0] == pytest.approx(1.9)
    for _ in range(5):
        level = delivered_to(level, [[2.0]])[0][0]
    assert level[0][0] == pytest.approx(2.0)  # never above the order


def test_a_withdrawn_or_blocked_lever_decays_at_the_same_pace():
    withdrawn, _ = delivered_to([[1.0]], [[0.0]])
    assert withdrawn[0, 0, 0] == pytest.approx(0.9)
    blocked, short = delivered_to([[1.0]], [[3.0]], allowed=False)
    assert blocked[0, 0, 0] == pytest.approx(0.9)
    assert not short.any()  # it waits for a partner, not for money
    never, _ = delivered_to([[0.0]], [[3.0]], allowed=False)
    assert never[0, 0, 0] == 0.0


def test_orders_beyond_the_budget_are_cut_alike_whatever_their_delay():
    """Goals of 1 and 2 cost 2 + 10; a budget of 6 pays half: 0.5 and 1, the slow one later."""
    level = [[0.0, 0.0]]
    for week in range(60):
        got, short = delivered_to(
            level, [[1.0, 2.0]], delay=(1.0, 50.0), cost=(2.0, 5.0), budget=(6.0,)
        )
        level = got[0]
        assert short.all()
        if week == 0:
            np.testing.assert_allclose(level, [[0.5, 0.02]])
    np.testing.assert_allclose(level, [[0.5, 1.0]])


def test_growth_is_shared_in_proportion_while_money_is_tied_up():
    """Growth of 0.1 and 0.2 at a cost of 2 and 5 asks for 1.2; 0.6 is free: half of each."""
    got, short = delivered_to(
        [[1.0, 0.0]], [[3.0, 3.0]], delay=(10.0, 5.0), cost=(2.0, 5.0), free=(2.6,)
    )
    np.testing.assert_allclose(got[0, 0], [1.05, 0.1])
    assert short.all()


def test_a_shock_cuts_nothing_that_is_in_force():
    got, short = delivered_to(
        [[1.0, 0.0]], [[1.0, 3.0]], delay=(1.0, 1.0), cost=(2.0, 5.0), free=(1.0,)
    )
    np.testing.assert_allclose(got[0, 0], [1.0, 0.0])
    assert short[0, 0].tolist() == [False, True]


def test_a_later_order_takes_its_share_from_what_is_in_force():
    """One lever holds the whole budget of 2; a second of the same cost ends up with half of it."""
    level = [[1.0, 0.0]]
    first, _ = delivered_to(level, [[1.0, 1.0]], delay=(10.0, 2.0), cost=(2.0, 2.0), budget=(2.0,))
    np.testing.assert_allclose(first[0, 0], [0.9, 0.1])  # it grows into what becomes free
    level = first[0]
    for _ in range(10):
        level = delivered_to(
            level, [[1.0, 1.0]], delay=(10.0, 2.0), cost=(2.0, 2.0), budget=(2.0,)
        )[0][0]
    np.testing.assert_allclose(level, [[0.5, 0.5]])


def test_one_poor_state_does_not_slow_a_rich_one():
    got, short = delivered_to([[0.0], [0.0]], [[1.0], [1.0]], delay=(1.0,), budget=(1.0, 100.0))
    np.testing.assert_allclose(got[0, :, 0], [0.5, 1.0])
    assert short[0, :, 0].tolist() == [True, False]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    budget=st.floats(0.0, 40.0),
    weeks=st.integers(1, 60),
)
def test_delivery_never_costs_more_than_the_budget(seed, budget, weeks):
    random = np.random.default_rng(seed)
    n_c, n_v = 5, 6
    cost, delay = random.uniform(0.1, 20.0, n_v), random.uniform(1.0, 80.0, n_v)
    level, money = np.zeros((2, n_c, n_v)), np.full(n_c, budget)
    target = random.integers(0, 4, (n_c, n_v)).astype(float)
    for _ in range(weeks):
        if random.random() < 0.1:  # orders change on the way
            target = random.integers(0, 4, (n_c, n_v)).astype(float)
        allowed = random.random((2, n_c, n_v)) < 0.8
        before = level
        level, _ = statecraft.deliver(
            before, target, delay, allowed, cost, money, np.full((2, n_c), budget)
        )
        assert ((level * cost).sum(axis=2) <= budget + 1e-9).all()
        assert (np.abs(level - before) <= 1.0 / delay + 1e-12).all()
        assert (level >= 0.0).all()
        assert (level <= 3.0).all()


def test_joint_patrols_need_a_partner_in_kabul(view, start):
    """TJK engages at 0.05 and the lever needs 0.25; UZB at 0.6 has its partner."""
    allowed = statecraft.precondition(start, view)
    assert allowed.shape == (3, 5, len(LEVERS))
    assert not allowed[:, TJK, JOINT_PATROLS].any()
    assert allowed[:, UZB, JOINT_PATROLS].all()
    warm = start.engagement.copy()
    warm[:, TJK] = 0.3
    again = statecraft.precondition(start.replace(engagement=warm), view)
    assert again[:, TJK, JOINT_PATROLS].all()


def test_a_fusion_centre_needs_trust_among_the_five(view, start):
    fusion = LEVERS.index("fusion_centre")
    assert statecraft.precondition(start, view)[:, :, fusion].all()  # 0.45 against 0.35
    wary = start.replace(pair_trust=np.full((3, 10), 0.3))
    assert not statecraft.precondition(wary, view)[:, :, fusion].any()
    outposts = LEVERS.index("outposts_patrols")
    assert statecraft.precondition(wary, view)[:, :, outposts].all()


def test_tajik_joint_patrols_stay_blocked_in_a_run(lively):
    path = lively({"levers.joint_patrols.target": 2.0}, members=("TJK", "UZB"))
    assert (path.read("policy_cost", "TJK") == 0.0).all()
    assert (path.read("lever_weeks_blocked", "TJK") == 1.0).all()
    assert (path.read("policy_cost", "UZB") > 0.0).all()
    assert (path.read("lever_weeks_blocked", "UZB") == 0.0).all()


@pytest.fixture
def toy():
    """A world of two provinces and two links; province 0 borders state 2, province 1 none."""
    hops = np.full((2, 5), 3)
    hops[0, TJK] = 1
    craft = SimpleNamespace(
        alarm_frontier=1.0,
        alarm_home_attack=5.0,
        alarm_disrupted=0.5,
        alarm_next_door=0.02,
        alarm_foreign_attack=2.0,
        alarm_seizure=0.1,
        usual_seizures=np.ones(5),
        near_weight=0.2,
    )
    world = SimpleNamespace(link_state=np.array([TJK, UZB]), hops_to_state=hops)
    state = SimpleNamespace(
        week_frontier=np.array([[1, 2]]),
        week_attacks=np.array([[10, 100]]),
        week_home_attacks=np.array([[1, 0, 0, 0, 0]]),
        week_disrupted=np.array([[0, 2, 0, 0, 0]]),
        week_foreign_attacks=np.array([3]),
        week_seizures=np.array([[0, 1, 6, 0, 0]]),
    )
    return SimpleNamespace(statecraft=craft, world=world), state


def test_events_by_hand(toy):
    """Own: KAZ 5, KGZ 1, TJK 1 + 0.2 + 5 seizures too many, UZB 2; one too few costs 0.1 in KAZ,
    TKM and UZB; together 9.4; abroad 6.
    """
    view, state = toy
    own = np.array([4.9, 1.0, 1.7, -0.1, 1.9])
    expected = own + 0.2 * ((9.4 - own) / 4 + 6.0)
    np.testing.assert_allclose(statecraft.events(state, view), [expected])


def test_usual_seizures_alarm_nobody_however_they_come(view, start):
    """Four in one week and none in three are the usual one a week; the clip comes after."""
    calm = start.replace(alarm=np.full((3, 5), 1.0), shock=np.zeros((3, 5)))
    usual = np.broadcast_to(view.statecraft.usual_seizures, (3, 5))
    streams = Streams(1, range(3))
    level = {}
    for name, weekly in {"even": [usual] * 4, "uneven": [4 * usual, *[0 * usual] * 3]}.items():
        state = calm
        for week, seizures in enumerate(weekly, start=1):
            state, _ = statecraft.step(state.replace(week_seizures=seizures), week, view, streams)
        level[name] = state.alarm
    np.testing.assert_allclose(level["even"], (25 / 26) ** 4)
    np.testing.assert_allclose(level["uneven"], level["even"], atol=0.01)
    empty = calm.replace(alarm=np.zeros((3, 5)), week_seizures=0 * usual)
    after, _ = statecraft.step(empty, 1, view, streams)
    assert not after.alarm.any() and not after.threat.any()  # none at all is no less than calm


def test_alarm_threat_and_budgets_of_a_planning_week(view, start):
    usual = np.broadcast_to(view.statecraft.usual_seizures, (3, 5))
    calm = start.replace(alarm=np.full((3, 5), 0.26), shock=np.zeros((3, 5)), week_seizures=usual)
    streams = Streams(1, range(3))
    after, _ = statecraft.step(calm, 13, view, streams)
    alarm = 0.26 * 25 / 26  # a half year of smoothing, no events
    np.testing.assert_allclose(after.alarm, alarm)
    threat = 1 - np.exp(-view.statecraft.sensitivity * alarm)
    np.testing.assert_allclose(after.threat, np.tile(threat, (3, 1)))
    raw = np.array([0.5, 0.25, 0.1, 0.15]) * np.exp(np.array([1.0, 0.8, 0.1, -0.3]) * threat[TJK])
    expected = 0.8 * np.array([0.5, 0.25, 0.1, 0.15]) + 0.2 * raw / raw.sum()
    np.testing.assert_allclose(after.budget_share[0, TJK], expected)
    between, _ = statecraft.step(calm, 14, view, streams)
    np.testing.assert_array_equal(between.budget_share, calm.budget_share)


def test_budget_shares_sum_to_one_and_stay_without_threat(view, start):
    unafraid = start.replace(alarm=np.zeros((3, 5)), shock=np.zeros((3, 5)))
    quiet, _ = statecraft.step(unafraid, 0, view, Streams(1, range(3)))
    np.testing.assert_allclose(quiet.budget_share, start.budget_share)
    state = start.replace(alarm=np.full((3, 5), 50.0))
    for week in range(0, 130, 13):
        state, _ = statecraft.step(state, week, view, Streams(1, range(3)))
        np.testing.assert_allclose(state.budget_share.sum(axis=2), 1.0)
    border, engagement = BUDGETS.index("border"), BUDGETS.index("engagement")
    assert (state.budget_share[:, :, border] > 0.5).all()
    assert (state.budget_share[:, :, engagement] < 0.15).all()


@pytest.fixture
def calm(start):
    """The first state without a shock at home."""
    return start.replace(shock=np.zeros_like(start.shock))


def test_repression_stays_at_the_reference_and_follows_arrests(view, calm):
    start = calm
    per_week = view.statecraft.arrest_reference * 7 / 365.25
    same = start.replace(week_arrests=np.tile(per_week, (3, 1)))
    after, _ = statecraft.step(same, 1, view, Streams(1, range(3)))
    np.testing.assert_allclose(after.repression, start.repression)
    more = start.replace(week_arrests=np.tile(27 * per_week, (3, 1)))  # smoothed: twice
    after, _ = statecraft.step(more, 1, view, Streams(1, range(3)))
    excess = np.log((2 * per_week + 0.1) / (per_week + 0.1))
    expected = start.repression + 0.02 * 0.05 * excess
    np.testing.assert_allclose(after.repression, expected)


def test_legitimacy_reverts_and_shocks_and_repression_wear_it_down(view, calm):
    one, start = view, calm
    per_week = one.statecraft.arrest_reference * 7 / 365.25
    usual = start.replace(week_arrests=np.tile(per_week, (3, 1)))
    streams = Streams(1, range(3))
    still, _ = statecraft.step(usual, 1, one, streams)
    np.testing.assert_allclose(still.state_legitimacy, start.state_legitimacy)
    usual = usual.replace(shock=np.tile([1.0, 0.0, 0.0, 0.0, 0.0], (3, 1)))
    shaken, _ = statecraft.step(usual, 1, one, streams)
    # The state answers with force as well: 0.2 above its level, approached by 0.02 a week.
    assert shaken.repression[0, KAZ] == pytest.approx(0.5 + 0.02 * 0.2)
    goal = 1 / (1 + np.exp(-(np.log(0.55 / 0.45) - 1.0 - 0.5 * 0.02 * 0.2)))
    assert shaken.state_legitimacy[0, KAZ] == pytest.approx(0.55 + 0.02 * (goal - 0.55))
    assert shaken.state_legitimacy[0, KGZ] == pytest.approx(0.5)
    harsh, _ = statecraft.step(
        usual.replace(repression=np.minimum(usual.repression + 0.1, 1.0)), 1, one, streams
    )
    assert (harsh.state_legitimacy < shaken.state_legitimacy).all()


def test_levers_are_paid_for_what_is_delivered(view, start, ordered):
    state = ordered(start, outposts_patrols=1.0, engagement=2.0)
    _, info = statecraft.step(state, 1, view, Streams(1, range(3)))
    # Nothing is ordered, so both shrink by 1/78 and 1/13 of a level first.
    yearly = 8 * (1 - 1 / 78) + 1 * (2 - 1 / 13)
    np.testing.assert_allclose(info.cost, yearly * 7 / 365.25)


@pytest.mark.parametrize("lever", LEVERS)
def test_every_lever_costs_money_once_delivered(lively, lever):
    path = lively({f"levers.{lever}.target": 2.0})
    assert (path.read("policy_cost", "UZB") > 0.0).all()
    assert (lively().read("policy_cost") == 0.0).all()


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"drivers.domestic_shock": 1.0}, "state_legitimacy", -1),
        ({"statecraft.repression_reference_shift": 0.15}, "repression", +1),
        ({"rule.counter_terror_effort_factor": 0.2}, "counter_terror_knowledge", -1),
        ({"rule.counter_terror_effort_factor": 0.2}, "isisk_attacks", +1),
        ({"plots.success": 0.9}, "threat", +1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)


def test_states_are_the_five(view):
    assert statecraft.lever_table(view, "target").shape == (len(LEVERS), len(STATES))
    assert statecraft.lever_table(view, "delay")[LEVERS.index("outposts_patrols")] == 78
