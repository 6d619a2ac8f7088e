"""Displacement: flight, destinations, hosts, entry, refusal, openness, and where people are."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from spillover.clock import WEEKS_PER_YEAR
from spillover.first_state import first_state
from spillover.processes import border, displacement, rule, statecraft
from spillover.state import food_need
from spillover.streams import Streams
from spillover.world.cohorts import state_population
from spillover.world.distances import province_distance_km

KAZ, KGZ, TJK, TKM, UZB = range(5)
PAKISTAN, IRAN = range(2)
N_WORLDS = 24
WHERE = (
    "residents", "displaced", "returnees", "afghans_abroad", "refugees", "afghans_elsewhere",
)  # fmt: skip
QUIET = {"displacement.takeover_flight": 0.0}
SEALED = {"displacement.irregular_entry": 0.0}


def people(state):
    """Afghans wherever they are [r]."""
    stocks = [getattr(state, name) for name in WHERE]
    return sum(s if s.ndim == 1 else s.sum(axis=1) for s in stocks)


@pytest.fixture
def a_year(view_of, ordered):
    """Means over half a year of displacement alone: `a_year({path: value}, lever=level)`."""

    def run(values=None, weeks=26, change=None, **levels):
        view = view_of({**QUIET, **(values or {})})
        streams = Streams(7, range(N_WORLDS))
        state = ordered(first_state(view, streams), **levels)
        state = change(state) if change else state
        sums = {}
        for week in range(weeks):
            state, info = displacement.step(state, week, view, streams)
            for name in info.__slots__:
                sums[name] = sums.get(name, 0) + getattr(info, name)
        return state, {name: value / weeks for name, value in sums.items()}

    return run


# ---- first state -----------------------------------------------------------------------------


def test_everyone_of_2021_is_somewhere(view, start):
    n_a = view.world.n_provinces
    at_home = start.residents + start.displaced + start.returnees
    np.testing.assert_array_equal(at_home[0], view.world.population[:n_a])
    assert start.displaced[0].sum() == pytest.approx(3_290_000, rel=0.01)
    np.testing.assert_array_equal(start.refugees[0], [408, 219, 8500, 14, 13])
    np.testing.assert_array_equal(start.afghans_abroad[0], [1_480_000, 2_750_000])


def test_returnees_start_at_their_stationary_stock(view, start):
    """The returns of a week make up for those who settle: p of the stock is the weekly flow."""
    hazards = np.array([view.drivers.return_hazard_pakistan, view.drivers.return_hazard_iran])
    weekly = (view.displacement.abroad_start * (1 - np.exp(-hazards))).sum()
    assert weekly == pytest.approx(23_400 + 116, rel=0.01)  # the counts of that week
    settling = 1 - np.exp(-1 / WEEKS_PER_YEAR)
    assert start.returnees[0].sum() * settling == pytest.approx(weekly, rel=1e-3)
    assert start.week_returnees[0].sum() == pytest.approx(weekly, abs=1)


# ---- equations -------------------------------------------------------------------------------


def test_flight_hazard_by_hand(view_of, start, world):
    """Base 0.002, hunger 0.02 x (0.8 - 0.6), split 0.02 x 0.5 where both are as strong; attacks."""
    view = view_of({"drivers.food_need": 0.8, "rule.faction_split": 0.5})
    attacks = np.zeros((3, 34), dtype=np.int64)
    attacks[:, 4], attacks[:, 5] = 3, 2
    state = start.replace(week_attacks=attacks, week_armed_attacks=attacks * 2)
    got = displacement.flight_hazard(state, view)
    kabul = view.rule.kabul_faction_share[world.province_zone]
    yearly = 0.002 + 0.02 * 0.2 + 0.02 * 0.5 * 4 * kabul * (1 - kabul)
    np.testing.assert_allclose(
        got[0], yearly / WEEKS_PER_YEAR + 0.00002 * 3 * attacks[0], rtol=1e-12
    )


def test_peace_and_the_want_of_the_start_leave_the_base(view, start):
    got = displacement.flight_hazard(start, view)
    np.testing.assert_allclose(got, 0.002 / WEEKS_PER_YEAR)
    np.testing.assert_allclose(displacement.push_north(got, view), 1.0)


def test_nobody_flees_where_the_factor_is_zero(view_of, start):
    view = view_of({"displacement.flight_factor": 0.0})
    _, info = displacement.step(start, 3, view, Streams(1, range(3)))
    assert info.fled.sum() == 0
    assert (info.push == 0).all()


def test_help_from_the_five_lowers_need(view, start, ordered):
    """0.004 per level and state: two levels of five states take 0.04 of the need."""
    helped = ordered(start, humanitarian_aid=2.0)
    need = view.drivers.food_need
    np.testing.assert_allclose(food_need(need, helped, view), need - 0.04)
    np.testing.assert_allclose(food_need(need, start, view), need)


def test_distances_between_provinces(world):
    km = province_distance_km(world)
    kabul, herat = world.province_index("AF-KAB"), world.province_index("AF-HER")
    assert km[kabul, herat] == pytest.approx(640, rel=0.05)  # Kabul to Herat as the crow flies
    np.testing.assert_allclose(km, km.T)
    assert (np.diag(km) > 0).all()
    assert km[kabul, kabul] == pytest.approx(np.sqrt(4461 / np.pi), rel=0.1)  # its area in km2


def test_people_in_flight_stay_near_and_avoid_attacks(view, start, world):
    fled = np.zeros((3, 34), dtype=np.int64)
    here = world.province_index("AF-HER")
    fled[:, here] = 10_000
    calm = displacement.destinations(fled, np.zeros((3, 34)), view)
    km = province_distance_km(world)[here]
    pull = world.population[:34] / (km + 10)
    np.testing.assert_allclose(calm[0], 10_000 * pull / pull.sum())
    attacks = np.zeros((3, 34))
    attacks[:, 3] = 5
    wary = displacement.destinations(fled, attacks, view)
    assert wary[0, 3] == pytest.approx(calm[0, 3] * np.exp(-0.1 * 5))


def test_catchments_by_hand(view, world):
    """A province at the border counts in full, each link further half as much."""
    got = displacement.catchment(view)
    np.testing.assert_allclose(got.sum(axis=1), 1.0)
    weight = world.population[:34] * 0.5 ** (world.hops_to_state[:, TJK] - 1)
    np.testing.assert_allclose(got[TJK], weight / weight.sum())


def test_push_grows_with_the_root_of_flight(view, start):
    hazard = np.full((3, 34), 4 * 0.002 / WEEKS_PER_YEAR)
    np.testing.assert_allclose(displacement.push_north(hazard, view), 2.0)


def test_tries_by_hand(view, start, ordered):
    """TJK: 630 / 0.1 a year, twice pushed, and one in a thousand returnees by its share."""
    returnees = np.zeros((3, 34), dtype=np.int64)
    returnees[:, 0] = 500_000
    state = start.replace(returnees=returnees, engagement=np.full((3, 5), 0.5))
    got = displacement.tries_mean(state, np.full((3, 5), 2.0), view)
    demand = np.array([77 / 0.2, 110 / 0.2, 6300, 3 / 0.02, 32 / 0.05])
    expected = (2 * demand + 500 * demand / demand.sum()) / WEEKS_PER_YEAR
    np.testing.assert_allclose(got[0], expected)
    asked = displacement.tries_mean(ordered(state, conditionality=2.0), np.full((3, 5), 2.0), view)
    np.testing.assert_allclose(asked[0], expected * (1 - 0.05 * 0.5 * 2))


def test_openness_of_august_2021_is_its_own_target(view, start):
    np.testing.assert_allclose(displacement.openness_target(start, view), start.openness)


def test_openness_target_by_hand(view_of, start, ordered, world):
    view = view_of({"displacement.admission": 0.5})
    calm = 1 - np.exp(-view.statecraft.sensitivity * view.initial.alarm)
    state = start.replace(
        engagement=start.engagement + 0.1, threat=np.tile(calm + 0.2, (3, 1)),
        refugees=start.refugees + 10_000,
    )  # fmt: skip
    state = ordered(state, refugee_reception=1.0, contingency_planning=2.0)
    mood = 0.5 * 0.1 - 2 * 0.2 - 50 * 10_000 / state_population(world)
    expected = view.displacement.openness_start * 0.5 * (1 + 1.0 + 0.2 * 2) * np.exp(mood)
    np.testing.assert_allclose(displacement.openness_target(state, view)[0], expected)
    wide = view_of({"displacement.admission": 100.0})
    assert (displacement.openness_target(start, wide) == 1.0).all()


def test_openness_moves_a_twentieth_a_week(view_of, start):
    view = view_of({"displacement.admission": 0.0})
    after, _ = displacement.step(start, 0, view, Streams(1, range(3)))
    np.testing.assert_allclose(after.openness, 0.95 * start.openness)


# ---- a week ----------------------------------------------------------------------------------


@pytest.mark.parametrize("week", [0, 1, 60])
def test_every_person_is_booked_once(view_of, start, week):
    view = view_of({"drivers.syria_arrivals": 4.0, "displacement.visa_quota": 900.0})
    returns = np.full((3, 2), 3.0)
    before = start.replace(expulsion=returns, week_attacks=start.week_attacks + 1)
    after, i = displacement.step(before, week, view, Streams(2, range(3)))

    def gain(name):
        return getattr(after, name) - getattr(before, name)

    np.testing.assert_array_equal(people(after) - people(before), i.families.sum(axis=1))
    np.testing.assert_array_equal(
        gain("residents"),
        i.settled + i.returnees_settled - i.fled - i.departures_by_province
        - i.arrivals_by_province - i.stranded_by_province,
    )  # fmt: skip
    np.testing.assert_array_equal(
        gain("displaced"), i.sheltered + i.families + i.stranded_at_border - i.settled
    )
    np.testing.assert_array_equal(
        gain("returnees"), i.returns_by_province + i.deported_by_province - i.returnees_settled
    )
    np.testing.assert_array_equal(gain("afghans_abroad"), i.departures - i.returns)
    np.testing.assert_array_equal(gain("refugees"), i.arrivals - i.moved_on - i.deported)
    for whole, parts in (
        ("fled", "sheltered"), ("departures", "departures_by_province"),
        ("returns", "returns_by_province"), ("arrivals", "arrivals_by_province"),
        ("deported", "deported_by_province"), ("stranded", "stranded_by_province"),
        ("stranded", "stranded_at_border"),
    ):  # fmt: skip
        pair = [getattr(i, name).sum(axis=1) for name in (whole, parts)]
        np.testing.assert_array_equal(*pair)
    np.testing.assert_array_equal(i.tries, i.arrivals + i.refused)
    np.testing.assert_array_equal(after.week_arrivals, i.arrivals)
    np.testing.assert_array_equal(after.week_returnees, i.returns_by_province)
    for name in i.__slots__:
        assert (getattr(i, name) >= 0).all(), name


def test_no_host_sends_back_more_than_live_there(view, start):
    few = start.replace(
        afghans_abroad=np.array([[5, 0], [100, 7], [0, 10**6]]), expulsion=np.full((3, 2), 50.0)
    )
    after, info = displacement.step(few, 0, view, Streams(1, range(3)))
    assert (info.returns <= few.afghans_abroad).all()
    hazard = np.array([view.drivers.return_hazard_pakistan, view.drivers.return_hazard_iran])
    mean = few.afghans_abroad * (1 - np.exp(-50 * hazard))
    assert (np.abs(info.returns - mean) < 1).all()
    assert info.returns[2, IRAN] > 300_000  # 50 x 0.0085 a week
    sure = few.replace(expulsion=np.full((3, 2), 1e9))
    _, info = displacement.step(sure, 0, view, Streams(1, range(3)))
    np.testing.assert_array_equal(info.returns, few.afghans_abroad)
    assert (after.afghans_abroad >= 0).all()


def test_an_empty_country_stays_empty_and_nothing_is_negative(view_of, start):
    view = view_of({"displacement.flight_base": 0.5, "drivers.departures_iran": 1e6})
    nobody = np.zeros_like(start.residents)
    few = nobody + 9
    for residents in (nobody, few):
        state = start.replace(residents=residents, displaced=few, returnees=nobody)
        after, _ = displacement.step(state, 0, view, Streams(1, range(3)))
        for name in WHERE:
            assert (getattr(after, name) >= 0).all(), name


def test_closed_states_refuse_everyone(view_of, start):
    view = view_of({**QUIET, **SEALED})
    shut = start.replace(openness=np.zeros((3, 5)))
    _, info = displacement.step(shut, 0, view, Streams(3, range(3)))
    assert info.arrivals.sum() == 0
    assert info.refused.sum() > 100
    wide = start.replace(openness=np.ones((3, 5)))
    _, info = displacement.step(wide, 0, view, Streams(3, range(3)))
    assert info.refused.sum() == 0
    assert info.arrivals.sum() > 100


def test_a_quota_lets_in_those_who_come(view_of, start):
    """520 visas a year are ten a week, but never more than there are people who ask."""
    view = view_of({**QUIET, **SEALED, "displacement.visa_quota": 10 * WEEKS_PER_YEAR})
    shut = start.replace(openness=np.zeros((3, 5)))
    _, info = displacement.step(shut, 0, view, Streams(3, range(3)))
    np.testing.assert_array_equal(info.arrivals, np.minimum(info.tries, 10))


def test_some_of_those_turned_away_enter_all_the_same(view_of, start):
    """All at 1; a share of the refused at 0.3; they are arrivals and nobody's refusals."""
    shut = start.replace(openness=np.zeros((3, 5)))
    view = view_of({**QUIET, "displacement.irregular_entry": 1.0})
    _, info = displacement.step(shut, 0, view, Streams(3, range(3)))
    np.testing.assert_array_equal(info.irregular, info.tries)
    np.testing.assert_array_equal(info.arrivals, info.tries)
    view = view_of(
        {**QUIET, "displacement.irregular_entry": 0.3, "displacement.arrivals_base": 1e4}
    )
    _, info = displacement.step(shut, 0, view, Streams(3, range(3)))
    assert info.irregular.sum() / info.tries.sum() == pytest.approx(0.3, rel=0.02)
    np.testing.assert_array_equal(info.arrivals, info.irregular)
    wide = start.replace(openness=np.ones((3, 5)))
    assert displacement.step(wide, 0, view, Streams(3, range(3)))[1].irregular.sum() == 0


def test_half_of_those_turned_back_stay_at_the_border_that_turned_them_back(view_of, start, world):
    shut = start.replace(openness=np.zeros((3, 5)))
    quiet = {**QUIET, **SEALED, "displacement.arrivals_base": 2e3}
    _, info = displacement.step(shut, 0, view_of(quiet), Streams(3, range(3)))
    assert info.stranded[:, [TJK, TKM, UZB]].sum() / info.refused[:, [TJK, TKM, UZB]].sum() == (
        pytest.approx(0.5, rel=0.02)
    )
    assert info.stranded[:, [KAZ, KGZ]].sum() == 0 < info.refused[:, [KAZ, KGZ]].sum()
    away = ~world.border_province[: world.n_provinces]
    assert info.stranded_at_border[:, away].sum() == 0 < info.stranded_by_province[:, away].sum()
    tajik = np.zeros((3, 5))
    tajik[:, [TKM, UZB]] = 1.0  # only Tajikistan is shut
    _, info = displacement.step(start.replace(openness=tajik), 0, view_of(quiet),
                                Streams(3, range(3)))  # fmt: skip
    assert info.stranded_at_border[:, world.hops_to_state[:, TJK] > 1].sum() == 0
    nobody = view_of({**quiet, "displacement.stranded_share": 0.0})
    assert displacement.step(shut, 0, nobody, Streams(3, range(3)))[1].stranded.sum() == 0


def test_those_who_wait_at_the_border_have_no_work_there(view_of, start):
    """A tenth more of the people displaced, 0.3 of them jobless; half of hardship is that."""
    view = view_of(
        {"rule.unemployment_from_displaced": 0.3, "rule.hardship_from_unemployment": 0.5}
    )
    people_of = view.world.population[: view.world.n_provinces]
    crowd = start.replace(displaced=start.displaced + np.rint(0.1 * people_of).astype(np.int64))
    usual, _ = rule.step(start, 0, view, Streams(1, range(3)))
    more, _ = rule.step(crowd, 0, view, Streams(1, range(3)))
    gained = (more.afghan_grievance - usual.afghan_grievance) / (1 - usual.legitimacy)
    np.testing.assert_allclose(gained, 0.5 * 0.3 * 0.1, rtol=1e-4)
    np.testing.assert_allclose(rule.displaced_change(start, view), 0.0, atol=1e-5)
    apart = view_of({"structure.coupling.aid_and_returnees": 0.0})
    assert (rule.displaced_change(crowd, apart) == 0.0).all()


def test_takeover_flight_lasts_four_weeks(tree, world):
    parameters = tree.compile(6, world)
    flight = [parameters.at(week).displacement.takeover_flight for week in range(6)]
    assert [f.sum() > 0 for f in flight] == [True] * 4 + [False] * 2
    assert 4 * flight[0][UZB] == pytest.approx(12_250, rel=0.01)


def test_arrivals_have_the_mean_of_their_equation(view_of, start):
    """Over 400 worlds: base x push x openness / openness at start, and a twentieth of the rest."""
    view = view_of(QUIET)
    n = 400
    many = type(start)(
        **{f: np.repeat(getattr(start, f)[:1], n, axis=0) for f in start.__dataclass_fields__}
    )
    many = many.replace(returnees=np.zeros((n, 34), dtype=np.int64), openness=many.openness / 2)
    _, info = displacement.step(many, 0, view, Streams(5, range(n)))
    let_in = view.displacement.openness_start / 2
    asked = view.displacement.arrivals_base / view.displacement.openness_start / WEEKS_PER_YEAR
    mean = asked * (let_in + 0.05 * (1 - let_in))
    assert (np.abs(info.arrivals.mean(axis=0) - mean) < 4 * np.sqrt(mean / n) + 1e-9).all()


def test_refugees_leave_with_their_hazards(view_of, start):
    view = view_of({"displacement.onward_refugees": 0.3, "displacement.deportation": 0.1})
    crowd = start.replace(refugees=np.full((3, 5), 400_000))
    _, info = displacement.step(crowd, 0, view, Streams(5, range(3)))
    gone = (info.moved_on + info.deported) / 400_000
    np.testing.assert_allclose(gone, 1 - np.exp(-0.4 / WEEKS_PER_YEAR), rtol=0.1)
    np.testing.assert_allclose(info.deported.mean() / (gone.mean() * 400_000), 0.25, rtol=0.05)


def test_families_come_with_fighters_to_the_north(view_of, start, world):
    view = view_of({"drivers.syria_arrivals": 4.0})
    _, info = displacement.step(start, 0, view, Streams(5, range(3)))
    np.testing.assert_array_equal(info.families.sum(axis=1), 6)  # 1.5 for each of four
    assert info.families[:, world.province_zone >= 2].sum() == 0


# ---- directions ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "levels", "flow", "sign"),
    [
        ({"displacement.arrivals_base": 900.0}, {}, "arrivals", +1),
        ({"displacement.onward_hazard": 0.02}, {}, "tries", +1),
        ({"displacement.onward_hazard": 0.02}, {}, "arrivals", +1),
        ({"displacement.flight_factor": 4.0}, {}, "arrivals", +1),
        ({"displacement.flight_factor": 4.0}, {}, "fled", +1),
        ({"drivers.food_need": 0.9}, {}, "fled", +1),
        ({"drivers.food_need": 0.9}, {}, "refused", +1),
        ({"rule.faction_split": 0.8}, {}, "fled", +1),
        ({"displacement.admission": 0.1}, {}, "arrivals", -1),
        ({"displacement.admission": 0.1}, {}, "refused", +1),
        ({"displacement.openness_start": 0.02}, {}, "refused", +1),
        ({"displacement.visa_quota": 2000.0}, {}, "refused", -1),
        ({"displacement.deportation": 0.5}, {}, "deported", +1),
        ({"displacement.onward_refugees": 0.5}, {}, "moved_on", +1),
        ({"displacement.displaced_settling": 0.2}, {}, "settled", +1),
        ({"displacement.returnee_settling": 3.0}, {}, "returnees_settled", +1),
        ({"displacement.displaced_start": 0.2}, {}, "settled", +1),
        ({"displacement.refugees_start": 50_000.0}, {}, "moved_on", +1),
        ({"displacement.takeover_flight": 900.0}, {}, "arrivals", +1),
        ({"drivers.departures_iran": 60_000.0}, {}, "departures", +1),
        ({"drivers.departures_pakistan": 60_000.0}, {}, "departures", +1),
        ({"drivers.return_hazard_iran": 0.03}, {}, "returns", +1),
        ({"drivers.return_hazard_pakistan": 0.03}, {}, "returns", +1),
        ({"displacement.irregular_entry": 0.3}, {}, "irregular", +1),
        ({"displacement.irregular_entry": 0.3}, {}, "arrivals", +1),
        ({"displacement.irregular_entry": 0.3}, {}, "refused", -1),
        ({"displacement.stranded_share": 0.9}, {}, "stranded_at_border", +1),
        ({"displacement.admission": 0.1}, {}, "stranded_at_border", +1),
        ({"drivers.syria_arrivals": 5.0}, {}, "families", +1),
        ({}, {"refugee_reception": 2.0}, "arrivals", +1),
        ({}, {"refugee_reception": 2.0}, "refused", -1),
        ({}, {"contingency_planning": 3.0}, "arrivals", +1),
        ({}, {"conditionality": 3.0}, "tries", -1),
    ],
)
def test_direction(a_year, moves, values, levels, flow, sign):
    before, after = a_year()[1][flow], a_year(values, **levels)[1][flow]
    moves(before.sum(axis=1), after.sum(axis=1), sign)


def noisy(state, attacks=0, armed=0):
    return state.replace(
        week_attacks=state.week_attacks + attacks,
        week_armed_attacks=state.week_armed_attacks + armed,
    )


@pytest.mark.parametrize("kind", ["attacks", "armed"])
def test_attacks_drive_people_out(a_year, moves, kind):
    before, after = a_year()[1], a_year(change=partial(noisy, **{kind: 4}))[1]
    for flow in ("fled", "arrivals"):
        moves(before[flow].sum(axis=1), after[flow].sum(axis=1), +1)


@pytest.mark.parametrize(
    ("path", "value", "field", "sign"),
    [
        ("displacement.openness_from_engagement", 2.0, "engagement", +1),
        ("displacement.openness_loss_from_threat", 6.0, "threat", -1),
        ("displacement.openness_loss_from_load", 900.0, "refugees", -1),
    ],
)
def test_what_moves_openness(a_year, path, value, field, sign):
    """More engagement, threat or refugees move openness, the more the parameter says."""

    def more(state):
        level = getattr(state, field)
        return state.replace(**{field: level + (5_000 if field == "refugees" else 0.3)})

    usual = a_year(change=more)[0].openness
    strong = a_year({path: value}, change=more)[0].openness
    none = a_year({path: 0.0}, change=more)[0].openness
    assert (sign * (strong - usual) > 0).all()
    assert (sign * (usual - none) > 0).all()


def test_openness_follows_orders_faster_with_a_higher_reversion(a_year):
    slow = a_year({"displacement.admission": 0.0})[0].openness
    fast = a_year({"displacement.admission": 0.0, "displacement.openness_reversion": 0.5})[0]
    assert (fast.openness < slow).all()


def test_expulsion_multiplies_the_hazard_of_return(a_year):
    """In one week returns double; over half a year fewer are left, so they less than double."""

    def double(state):
        return state.replace(expulsion=np.full((N_WORLDS, 2), 2.0))

    usual, twice = a_year(weeks=1)[1]["returns"], a_year(weeks=1, change=double)[1]["returns"]
    np.testing.assert_allclose(twice[:, IRAN], 2 * usual[:, IRAN], rtol=0.01)
    usual, twice = (
        a_year()[1]["returns"].sum(axis=1),
        a_year(change=double)[1]["returns"].sum(axis=1),
    )
    assert (twice < 1.95 * usual).all()
    assert (twice > 1.5 * usual).all()


def test_half_as_many_abroad_send_half_as_many_home(a_year):
    usual = a_year(weeks=1)[1]["returns"][:, IRAN]
    half = a_year(weeks=1, change=lambda s: s.replace(afghans_abroad=s.afghans_abroad // 2))
    np.testing.assert_allclose(half[1]["returns"][:, IRAN], usual / 2, rtol=1e-3)


def test_flows_to_and_from_a_host_keep_to_its_border(a_year, world):
    touching = world.pakistan_provinces | world.iran_provinces
    for flow in ("returns_by_province", "departures_by_province"):
        usual = a_year()[1][flow][:, touching].sum()
        near = a_year({"displacement.near_host": 20.0})[1][flow][:, touching].sum()
        assert near > 1.1 * usual, flow


def test_flight_north_starts_nearer_where_distance_weighs_more(a_year, world):
    border = world.border_province
    values = {"displacement.takeover_flight": 900.0}
    usual = a_year(values)[1]["arrivals_by_province"]
    near = a_year({**values, "displacement.catchment_decay": 0.05})[1]["arrivals_by_province"]
    assert near[:, border].sum() / near.sum() > usual[:, border].sum() / usual.sum() + 0.1


@pytest.mark.parametrize(
    ("path", "value", "sign"),
    [
        ("displacement.need_reference", 0.1, +1),
        ("displacement.flight_from_need", 0.5, +1),
        ("displacement.flight_from_split", 0.5, +1),
        ("displacement.flight_per_attack", 0.001, +1),
        ("displacement.flight_base", 0.05, +1),
    ],
)
def test_what_flight_answers(a_year, moves, path, value, sign):
    trouble = {"drivers.food_need": 0.7, "rule.faction_split": 0.5}
    noise = partial(noisy, attacks=1)
    before = a_year(trouble, change=noise)[1]["fled"].sum(axis=1)
    moves(before, a_year({**trouble, path: value}, change=noise)[1]["fled"].sum(axis=1), sign)


def test_a_steeper_push_brings_more_north(a_year, moves):
    trouble = {"drivers.food_need": 0.9}
    before = a_year(trouble)[1]["tries"].sum(axis=1)
    after = a_year({**trouble, "displacement.push_exponent": 1.5})[1]["tries"].sum(axis=1)
    moves(before, after, +1)


def test_restraint_works_where_conditions_are_set(a_year, moves):
    before = a_year(conditionality=3.0)[1]["tries"].sum(axis=1)
    strong = {"displacement.restraint_from_conditions": 0.5}
    moves(before, a_year(strong, conditionality=3.0)[1]["tries"].sum(axis=1), -1)
    np.testing.assert_array_equal(a_year(strong)[1]["tries"], a_year()[1]["tries"])


@pytest.mark.parametrize(
    ("path", "lever"),
    [("reception_per_level", "refugee_reception"), ("places_per_plan", "contingency_planning")],
)
def test_effect_of_a_level(a_year, path, lever):
    before = a_year(**{lever: 2.0})[0].openness
    assert (a_year({f"displacement.{path}": 2.0}, **{lever: 2.0})[0].openness > before).all()


def test_people_shun_attacked_provinces_and_go_further_with_a_larger_offset(a_year, world):
    def hit(state):
        attacks = state.week_attacks.copy()
        attacks[:, 0] = 4
        return state.replace(week_attacks=attacks)

    near = a_year(change=hit)[1]["sheltered"]
    wary = a_year({"displacement.attack_avoidance": 2.0}, change=hit)[1]["sheltered"]
    assert (wary[:, 0] < near[:, 0]).all()
    assert not np.array_equal(
        a_year({"displacement.destination_offset": 900.0})[1]["sheltered"], a_year()[1]["sheltered"]
    )


def test_families_follow_their_parameter(a_year):
    some = {"drivers.syria_arrivals": 4.0}
    double = a_year({**some, "displacement.families_per_fighter": 3.0})[1]["families"].sum()
    assert double == 2 * a_year(some)[1]["families"].sum()


def test_hosts_start_with_those_who_live_there(view_of):
    view = view_of({"displacement.abroad_start": 1000.0})
    state = first_state(view, Streams(1, range(2)))
    assert (state.afghans_abroad == 1000).all()


# ---- what reads it ---------------------------------------------------------------------------


def test_returns_burden_the_province_that_they_come_to(view, start):
    home = np.zeros((3, 34), dtype=np.int64)
    home[:, 6] = 1_000
    state = start.replace(week_returnees=home)
    burden = rule.returnee_burden(state, view)
    assert burden[0, 6] == pytest.approx(1_000 * WEEKS_PER_YEAR / view.world.population[6])
    assert burden.sum() == pytest.approx(3 * burden[0, 6])
    none = start.replace(week_returnees=np.zeros_like(home))
    hit, calm = (rule.step(s, 1, view, Streams(1, range(3)))[0] for s in (state, none))
    np.testing.assert_array_equal(
        hit.afghan_grievance > calm.afghan_grievance, np.arange(34)[None] == [[6]] * 3
    )
    assert (hit.legitimacy[:, 6] < calm.legitimacy[:, 6]).all()


def test_without_the_coupling_aid_and_returns_are_silent(view_of, start):
    """Grievance and legitimacy are the same for any grants and any returns."""
    found = []
    for grants, people in ((500.0, 0), (9000.0, 90_000)):
        view = view_of(
            {"structure.coupling.aid_and_returnees": 0.0, "drivers.external_grants": grants}
        )
        state = start.replace(week_returnees=np.full((3, 34), people))
        after, info = rule.step(state, 1, view, Streams(1, range(3)))
        found.append((after.afghan_grievance, after.legitimacy, info.income))
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_help_from_the_five_adds_to_grants(view, start, ordered):
    """20 million a year per level and state: level 2 in all five adds 200."""
    helped = rule.grants(ordered(start, humanitarian_aid=2.0), view)
    np.testing.assert_allclose(helped, view.drivers.external_grants + 200.0)
    plain, aided = (
        rule.step(s, 1, view, Streams(1, range(3)))[0]
        for s in (start, ordered(start, humanitarian_aid=2.0))
    )
    assert (aided.afghan_grievance < plain.afghan_grievance).all()


@pytest.mark.parametrize("path", ["rule.aid_per_level", "rule.need_relief_per_level"])
def test_effect_of_help(view_of, start, ordered, path):
    helped = ordered(start, humanitarian_aid=2.0)
    some, none = (
        rule.step(helped, 1, v, Streams(1, range(3)))[0] for v in (view_of({}), view_of({path: 0}))
    )
    assert (some.afghan_grievance < none.afghan_grievance).all()


def test_a_crowd_covers_infiltrators(view_of, start, moves):
    view = view_of({"border.infiltration": 1.0})
    many = np.tile([[0, 0, 20_000, 20_000, 20_000]], (3, 1))

    def tried(state, v=view):
        return sum(
            border.step(state, week, v, Streams(4, range(3)))[1].tried.sum() for week in range(12)
        )

    crowd = start.replace(week_arrivals=many)
    assert tried(crowd) > 1.2 * tried(start)
    deaf = view_of({"border.infiltration": 1.0, "border.cover_from_arrivals": 0.0})
    assert tried(crowd, deaf) == tried(start, deaf)


def test_refugees_beyond_those_of_the_start_weigh_on_the_state(view, start, world):
    assert (statecraft.refugee_load(start, view) == 0).all()
    state = start.replace(refugees=start.refugees + 100_000)
    load = statecraft.refugee_load(state, view)
    np.testing.assert_allclose(load[0], 100_000 / state_population(world))
    worse, usual = (statecraft.step(s, 1, view, Streams(1, range(3)))[0] for s in (state, start))
    assert (worse.state_legitimacy < usual.state_legitimacy).all()
