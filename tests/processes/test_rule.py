"""Equations R1 to R11 of Afghan rule against numbers worked out by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import CSTO_OPTIONS
from spillover.processes import rule
from spillover.state import food_need
from spillover.streams import Streams

WEEKS_PER_YEAR = 365.25 / 7


def made_up(grants: float = 4000.0, coupled: float = 1.0) -> SimpleNamespace:
    """Three provinces in two zones, with round numbers."""
    return SimpleNamespace(
        world=SimpleNamespace(
            province_zone=np.array([0, 1, 1]),
            province_people=np.array([600, 300, 100]),
        ),
        rule=SimpleNamespace(
            poppy_zone_share=np.array([0.2, 0.8]), income_from_aid=0.25, income_from_trade=0.2,
            income_from_opium=0.16, income_floor=0.3, aid_reference=4000.0,
            trade_reference=8000.0, opium_reference=400.0, control_reference=0.8,
            collection_efficiency=0.5, customs_tariff=0.15, domestic_revenue=800.0,
            opium_levy=0.05, mine_revenue=160.0, aid_per_level=100.0,
            transit_levy=0.3,
        ),
        drivers=SimpleNamespace(external_grants=grants),
        structure=SimpleNamespace(
            coupling=SimpleNamespace(aid_and_returnees=coupled, narcotics_finance=coupled)
        ),
    )  # fmt: skip


def of_one(trade: float = 8000.0, farms: float = 400.0, aid: float = 0.0, **more: object) -> object:
    """One replicate: USD million of trade and of the last opium harvest, levels of aid."""
    return SimpleNamespace(
        afghan_trade_usd_m=np.array([trade]),
        farm_income_usd=np.array([[0, int(farms * 250_000), int(farms * 750_000)]]),
        lever=lambda name: np.array([[aid, 0.0]]) if name == "humanitarian_aid" else None,
        **more,
    )


def test_income_is_one_at_the_references():
    assert rule.income_index(of_one(), made_up()).tolist() == [[1.0, 1.0, 1.0]]


def test_income_follows_aid_trade_and_opium():
    # Half the aid costs 0.125, double trade gains 0.2; the opium of a zone counts by its share.
    rich = of_one(trade=16000.0, farms=800.0)
    income = rule.income_index(rich, made_up(grants=2000.0))
    assert income == pytest.approx(np.array([[1.115, 1.235, 1.235]]))
    # Two levels of aid make up for 200 of grants that are missing.
    helped = rule.income_index(of_one(aid=2.0), made_up(grants=3800.0))
    assert helped == pytest.approx(np.ones((1, 3)))
    ruin = rule.income_index(of_one(), made_up(grants=-9e4))
    assert ruin.tolist() == [[0.3, 0.3, 0.3]]
    # Uncoupled, aid costs nothing.
    assert rule.income_index(of_one(), made_up(-9e4, 0.0)).tolist() == [[1.0, 1.0, 1.0]]


def test_returnees_weigh_by_the_people_of_their_province():
    state = SimpleNamespace(week_returnees=np.array([[3, 0, 1]]))
    burden = rule.returnee_burden(state, made_up())
    assert burden == pytest.approx(WEEKS_PER_YEAR * np.array([[3 / 600, 0.0, 1 / 100]]))
    assert rule.returnee_burden(state, made_up(coupled=0.0)).sum() == 0.0


def test_hardship_is_the_mean_of_jobs_and_food():
    assert rule.hardship(0.2, 0.6, 0.25) == pytest.approx(0.5)


def test_revenue_by_account():
    view = made_up()
    state = SimpleNamespace(
        control=np.array([[0.8, 0.8, 0.8], [0.2, 0.4, 0.6]]),
        afghan_trade_usd_m=np.array([8000.0, 7600.0]),
        transit_usd_m=np.array([[0.0, 9.0], [200.0, 9.0]]),
        farm_income_usd=np.array([[4 * 10**8, 0, 0], [0, 10**8, 3 * 10**8]]),
    )
    flows = rule.revenue(state, view, np.array([[0.5, 1.0, 1.5]] * 2))
    week = 1e6 / WEEKS_PER_YEAR
    # Dues of transit make up for the trade that the second lacks.
    # Collected: 0.5 at reference control, 0.25 at half of it; the levy does not depend on it.
    yearly = [(600.0, 300.0), (400.0, 200.0), (20.0, 20.0), (80.0, 40.0)]
    for flow, expected in zip(flows, yearly, strict=True):
        assert flow.tolist() == [round(e * week) for e in expected]
    assert rule.revenue(state, made_up(coupled=0.0), np.ones((2, 3)))[2].tolist() == [0, 0]


def budget(**changes: float) -> SimpleNamespace:
    base = {"reserve_weeks": 9.0, "security_share": 0.4, "pay_factor": 1.0}
    return SimpleNamespace(**{**base, **changes})


def test_spending_by_hand():
    available = np.array([10_000, 0])
    assert [p.tolist() for p in rule.spending(available, budget())] == [[400, 0], [600, 0], [0, 0]]
    # What was promised but is not paid is diverted, not lost.
    parts = rule.spending(available, budget(pay_factor=0.25))
    assert [int(p[0]) for p in parts] == [100, 600, 300]
    # Paid above promise: never more than there is.
    parts = rule.spending(available, budget(pay_factor=9.0))
    assert [int(p[0]) for p in parts] == [1000, 0, 0]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("factor", [0.0, 0.5, 0.9, 1.3])
def test_no_account_is_negative_at_any_allowed_share(share, factor):
    available = np.arange(0, 400)
    setting = budget(reserve_weeks=0.0, security_share=share, pay_factor=factor)
    parts = rule.spending(available, setting)
    assert (np.sum(parts, axis=0) == available).all()
    assert all((part >= 0).all() for part in parts)


def test_effort_by_hand():
    par = SimpleNamespace(
        counter_terror_effort_factor=0.8, effort_from_pay=0.5, loyalty_reference=0.6,
        effort_loss_from_split=0.4, faction_split=0.5,
    )  # fmt: skip
    pay, loyalty = np.array([1.0, 0.25, 0.0, 100.0]), np.array([0.6, 0.3, 0.6, 0.9])
    # 0.8 x sqrt(pay) x loyalty / 0.6 x 0.8 x 1.5, kept within 0 and 2.
    level = rule.effort(par, pay, loyalty, np.full(4, 0.5))
    assert level == pytest.approx([0.96, 0.24, 0.0, 2.0])


def test_control_gains_and_losses():
    change = rule.control_change(
        np.array([0.5, 0.9, 0.5]), np.array([0.8, 0.8, 0.0]), np.array([0.0, 0.0, 100.0]),
        gain=0.015, loss=0.003, ceiling=np.array([0.9, 0.9, 0.9]),
    )  # fmt: skip
    assert change == pytest.approx([0.0048, 0.0, -0.5 * (1 - math.exp(-0.3))])


def test_control_settles_where_gain_meets_loss():
    """Model check: at 2.5 attacks a week, gain 0.015 and loss 0.003, control ends near 2/3."""
    control, one = np.array([0.2]), np.ones(1)
    for _ in range(2000):
        control = control + rule.control_change(control, one, 2.5 * one, 0.015, 0.003, one)
    assert control[0] == pytest.approx(0.015 / (0.015 + 1 - math.exp(-0.0075)), rel=1e-9)
    assert control[0] == pytest.approx(0.67, abs=0.01)


def test_control_never_leaves_its_range():
    control = np.linspace(0, 1, 50)
    for attacks in (0.0, 3.0, 1e6):
        moved = control + rule.control_change(
            control, np.ones(50), np.full(50, attacks), 0.015, 0.003, np.ones(50)
        )
        assert ((moved >= 0) & (moved <= 1)).all()


def test_inclusion_is_pressed_by_engaged_states_that_set_conditions():
    engagement, conditions = np.array([[0.5, 1.0], [0.5, 1.0]]), np.array([[2.0, 1.0], [0.0, 0.0]])
    none, full = np.array([0.0, 0.0]), np.array([1.0, 0.0])
    assert rule.inclusion(0.15, 0.1, engagement, conditions, none) == pytest.approx([0.25, 0.15])
    # Alignment of Russia with the Taliban takes the force out of it.
    assert rule.inclusion(0.15, 0.1, engagement, conditions, full) == pytest.approx([0.15, 0.15])
    assert rule.inclusion(0.95, 0.1, engagement, conditions, none)[0] == 1.0


def test_promises_mix_the_will_of_both_factions_and_need_capacity():
    will = np.array([[0.2, 0.6]])  # Kandahar, Kabul
    kept = rule.promise_kept(
        will, np.array([0.0, 1.0, 0.5]), np.array([0.5]), np.array([[0.8, 0.8, 0.8]])
    )
    assert kept == pytest.approx(np.array([[0.08, 0.24, 0.16]]))
    rich = rule.promise_kept(will, np.array([0.5]), np.array([5.0]), np.array([[0.9]]))
    assert rich == pytest.approx(np.array([[0.4]]))


def test_a_split_breaks_promises(view_of, start):
    whole, split = (
        rule.step(start, 0, view_of({"rule.faction_split": level}), Streams(1, range(3)))[0]
        for level in (0.0, 0.5)
    )
    # A split also costs loyalty and so a trace of control.
    assert split.promise_kept == pytest.approx(0.75 * whole.promise_kept, rel=1e-4)
    assert (split.effort < whole.effort).all()


def test_step_books_the_treasury_and_reports_pay(view, start):
    after, info = rule.step(start, 0, view, Streams(1, range(3)))
    change = after.treasury_usd - start.treasury_usd
    assert (change == info.revenue_usd - info.spending_usd).all()
    total = (start.treasury_usd + info.revenue_usd) / (1 + view.rule.reserve_weeks)
    assert info.spending_usd == pytest.approx(total, abs=1)
    weekly_cost = view.rule.security_cost * 1e6 / WEEKS_PER_YEAR
    assert info.pay == pytest.approx(info.security_usd / weekly_cost)
    expected = np.minimum(info.pay[:, None], 1.0) * after.loyalty
    zone = view.world.province_zone
    room = view.rule.control_ceiling[zone] - start.control
    assert after.control - start.control == pytest.approx(
        view.rule.control_gain * expected * room, abs=1e-12
    )


def test_a_quiet_world_keeps_its_legitimacy(view_of, start):
    """R8 counts deviations only: at the references, without returns, nothing moves."""
    view = view_of(
        {
            "drivers.external_grants": 1000.0, "rule.aid_reference": 1000.0,
            "rule.trade_reference": 1000.0, "rule.opium_reference": 500.0,
            "rule.control_gain": 0.0,
        }
    )  # fmt: skip
    crops = np.zeros((3, 34), dtype=np.int64)
    crops[:, 14] = 500_000_000
    start = start.replace(
        farm_income_usd=crops, afghan_trade_usd_m=np.full(3, 1000.0),
        week_returnees=np.zeros_like(start.week_returnees),
        trade_index=np.ones_like(start.trade_index),
    )  # fmt: skip
    after, _ = rule.step(start, 0, view, Streams(1, range(3)))
    assert after.legitimacy == pytest.approx(start.legitimacy, abs=1e-12)
    poorer = view_of({"drivers.external_grants": 1000.0, "rule.aid_reference": 2000.0})
    worse, _ = rule.step(start, 0, poorer, Streams(1, range(3)))
    assert (worse.legitimacy < start.legitimacy).all()


def test_inclusion_wins_over_those_who_were_left_out(view_of, start, world):
    plain, wider = (
        rule.step(start, 0, view_of({"rule.inclusion": share}), Streams(1, range(3)))[0]
        for share in (0.15, 0.6)
    )
    outside = world.non_pashtun_share > 0
    assert outside.any()
    for name in ("legitimacy", "loyalty"):
        gain = getattr(wider, name) - getattr(plain, name)
        assert (gain[:, outside] > 0).all()
        assert (gain[:, ~outside] == 0).all()


def test_troops_from_abroad_cost_legitimacy_at_the_border_only(view, start, world):
    entered = start.csto_delivered.copy()
    entered[:, CSTO_OPTIONS.index("entry")] = 1.0
    plain, _ = rule.step(start, 0, view, Streams(1, range(3)))
    other, _ = rule.step(start.replace(csto_delivered=entered), 0, view, Streams(1, range(3)))
    at_border = world.hops_to_state.min(axis=1) == 1
    lower = other.legitimacy < plain.legitimacy
    assert lower[:, at_border].all()
    assert (other.legitimacy[:, ~at_border] == plain.legitimacy[:, ~at_border]).all()


def test_grievance_is_need_times_missing_acceptance(view, start):
    after, info = rule.step(start, 0, view, Streams(1, range(3)))
    burden = rule.returnee_burden(start, view)
    jobless = view.drivers.unemployment + view.rule.unemployment_from_returnees * burden
    need = (jobless + food_need(view.drivers.food_need, start, view)[:, None]) / 2
    assert after.afghan_grievance == pytest.approx(need * (1 - after.legitimacy))
    share = view.world.non_pashtun_share * (1 - view.rule.inclusion)
    assert info.exclusion == pytest.approx(np.broadcast_to(share, info.exclusion.shape))


def test_will_follows_what_engagement_earns(view, start):
    state = start.replace(
        faction_will=np.array([[0.2, 0.5]] * 3), reciprocity=np.array([[0.7, 0.5]] * 3)
    )
    after, _ = rule.step(state, 0, view, Streams(1, range(3)))
    assert after.faction_will == pytest.approx(np.array([[0.21, 0.5]] * 3))
