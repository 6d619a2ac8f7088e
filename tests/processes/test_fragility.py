"""Fragility: mobilisation, tension, unrest, Kyrgyz-Tajik clashes, shocks and what they touch."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import BUDGETS, STATE_PAIRS
from spillover.first_state import first_state
from spillover.processes import alliances, fragility, statecraft
from spillover.streams import Streams

KAZ, KGZ, TJK, TKM, UZB = range(5)
KGZ_TJK = STATE_PAIRS.index((KGZ, TJK))
TKM_UZB = STATE_PAIRS.index((TKM, UZB))
YEAR = 365.25 / 7
OPEN = {"fragility.hazard_open": 1.0}
QUIET = {"drivers.kgz_tjk_clash": 0.0}


@pytest.fixture(scope="module")
def many(world, tree):
    """Two thousand worlds at the start, nothing dated under way."""
    return first_state(tree.compile(1, world).at(0), Streams(4, range(2000)))


def stepped(state, view, week=0, seed=2):
    return fragility.step(state, week, view, Streams(seed, range(state.n_replicates)))


# ---- mobilisation and tension ------------------------------------------------------------------


def test_tension_is_one_under_the_conditions_of_august_2021(view, start):
    np.testing.assert_allclose(fragility.tension_target(start, view), 1.0, atol=1e-9)


def test_tension_by_hand(view_of, start, ordered, world):
    view = view_of({"drivers.diaspora_stress": 0.333})
    state = start.replace(
        state_legitimacy=start.state_legitimacy - 0.1,
        repression=start.repression + 0.2,
        corruption=start.corruption + 0.3,
        mobilisation=start.mobilisation + 0.1,
        water_deficit=np.full_like(start.water_deficit, 0.05),
    )
    state = ordered(state, resilience=2.0)
    shared = 4 * 0.1 + 1 * 0.2 + 1 * 0.3 + 1 * 0.1 - 0.15 * 2
    families = 1.5 * 0.2 * view.drivers.remittance_dependence
    water = 2 * 0.05 * np.array([0, 0, 1, 1, 1])
    got = np.log(fragility.tension_target(state, view)[0])
    np.testing.assert_allclose(got, shared + families + water, atol=1e-9)
    silent = view_of({"drivers.diaspora_stress": 0.333, "structure.coupling.water_tension": 0.0})
    got = np.log(fragility.tension_target(state, silent)[0])
    np.testing.assert_allclose(got, shared + families, atol=1e-9)


def test_refugees_count_by_per_cent_of_the_people(view, start):
    people = fragility.state_population(view.world)
    more = start.refugees + np.rint(0.02 * people).astype(np.int64)
    got = np.log(fragility.tension_target(start.replace(refugees=more), view)[0])
    np.testing.assert_allclose(got, 0.1 * 2.0, rtol=1e-4)


def test_tension_has_a_cap(view, start):
    got = fragility.tension_target(start.replace(corruption=start.corruption + 100.0), view)
    np.testing.assert_allclose(got, 10.0)


def test_mobilisation_target_by_hand(view, start, ordered):
    state = start.replace(
        state_legitimacy=start.state_legitimacy - 0.1, repression=start.repression + 0.2
    )
    got = fragility.mobilisation_target(ordered(state, prevention=3.0), view)[0]
    start_level = np.array([0.15, 0.35, 0.2, 0.03, 0.2])
    score = np.log(start_level / (1 - start_level)) + np.array([0.1, 0.5, 0.1, 0.1, 0.1])
    score = score + 2 * 0.1 + 0.5 * 0.2 - 0.1 * 3
    np.testing.assert_allclose(got, 1 / (1 + np.exp(-score)))


def test_both_move_at_their_pace(view_of, start):
    view = view_of({"fragility.tension_reversion": 0.5, "fragility.mobilisation_reversion": 0.25})
    tense = start.replace(tension=np.full((3, 5), 3.0), mobilisation=np.full((3, 5), 0.5))
    after, _ = stepped(tense, view)
    np.testing.assert_allclose(
        after.tension, 3.0 + 0.5 * (fragility.tension_target(tense, view) - 3.0)
    )
    goal = fragility.mobilisation_target(tense, view)
    np.testing.assert_allclose(after.mobilisation, 0.5 + 0.25 * (goal - 0.5))


# ---- unrest ------------------------------------------------------------------------------------


def test_nothing_breaks_out_before_the_branch(tree, world, many):
    compiled = tree.compile(240, world)
    assert compiled.at(228).fragility.hazard_open == 0.0
    assert compiled.at(229).fragility.hazard_open == 1.0
    after, info = stepped(many.replace(tension=np.full((2000, 5), 10.0)), compiled.at(228))
    assert not info.started.any() and not info.clashes.any()
    assert not after.unrest.any() and not after.clash.any()


def test_unrest_starts_as_often_as_its_hazard_says(view_of, many):
    view = view_of(OPEN | {"fragility.unrest_base": 2.0, "fragility.tension_reversion": 0.0})
    tense = many.replace(tension=np.full((2000, 5), 3.0))
    _, info = stepped(tense, view)
    yearly = 2.0 * 3.0 * np.array([1, 1.5, 1, 0.3, 1])
    np.testing.assert_allclose(info.unrest_hazard[0], yearly)
    expected = 1 - np.exp(-yearly / YEAR)
    error = np.sqrt(expected * (1 - expected) / 2000)
    assert (np.abs(info.started.mean(axis=0) - expected) < 4 * error).all()


def test_strength_and_length_of_unrest(view_of, many):
    view = view_of(OPEN | {"fragility.unrest_base": 5.0, "fragility.tension_reversion": 0.0})
    after, info = stepped(many.replace(tension=np.full((2000, 5), 10.0)), view)
    assert info.started.sum() > 3000
    strength, weeks = info.strength[info.started], info.weeks[info.started]
    assert 0.2 <= strength.min() < 0.21 and 0.99 < strength.max() <= 1.0
    assert strength.mean() == pytest.approx(0.6, abs=0.02)
    assert weeks.min() == 13 and weeks.max() == 52
    assert weeks.mean() == pytest.approx(32.5, abs=0.8)
    np.testing.assert_array_equal(after.unrest, info.strength)
    np.testing.assert_array_equal(after.unrest_weeks, info.weeks)
    assert not info.strength[~info.started].any()


def test_unrest_fades_in_a_straight_line_and_keeps_new_unrest_out(view_of, start):
    view = view_of(OPEN | {"fragility.unrest_base": 5.0, "fragility.unrest_weight": 10.0})
    state = start.replace(
        unrest=np.full((3, 5), 0.8), unrest_weeks=np.full((3, 5), 4), tension=np.full((3, 5), 10.0)
    )
    strengths = []
    for week in range(3):
        state, info = stepped(state, view, week)
        assert not info.started.any()
        strengths.append(state.unrest[0, KAZ])
    np.testing.assert_allclose(strengths, [0.6, 0.4, 0.2])
    end, _ = stepped(state, view_of({}), 3)
    assert not end.unrest.any() and not end.unrest_weeks.any()


# ---- clashes -----------------------------------------------------------------------------------


def test_clash_hazard_by_hand(view_of, start, ordered):
    view = view_of({"drivers.irrigation_season": 1.2, "drivers.amu_darya_flow": 1.0})
    state = start.replace(river_anomaly=np.full(3, 0.5 * view.water.flow_log_sd**2))
    got = fragility.clash_hazard(state, view)
    np.testing.assert_allclose(got, 0.4 * np.exp(1 * 0.2))
    settled = ordered(state, dispute_settlement=np.array([3.0, 2.0, 1.0, 3.0, 3.0]))
    np.testing.assert_allclose(fragility.clash_hazard(settled, view), 0.8 * got)
    treaty = view_of(
        {"drivers.irrigation_season": 1.2, "drivers.amu_darya_flow": 1.0,
         "drivers.kgz_tjk_treaty": 1.0}
    )  # fmt: skip
    np.testing.assert_allclose(fragility.clash_hazard(state, treaty), 0.2 * got)
    silent = view_of(
        {"drivers.irrigation_season": 1.2, "drivers.amu_darya_flow": 1.0,
         "structure.coupling.water_tension": 0.0}
    )  # fmt: skip
    np.testing.assert_allclose(fragility.clash_hazard(state, silent), 0.4)


def test_a_dry_year_raises_it_and_a_dry_riverbed_is_bounded(view, start):
    usual = fragility.clash_hazard(start.replace(river_anomaly=np.zeros(3)), view)
    dry = fragility.clash_hazard(start.replace(river_anomaly=np.full(3, -0.3)), view)
    none = fragility.clash_hazard(start.replace(river_anomaly=np.full(3, -50.0)), view)
    assert (dry > usual).all() and (none <= view.fragility.clash_base * np.exp(2.0) + 1e-9).all()


def test_terrorism_never_starts_a_clash(view_of, many):
    """Negative control: attacks, threat, tension and distrust leave clashes alone."""
    view = view_of(OPEN | {"fragility.clash_base": 5.0})
    wild = many.replace(
        week_home_attacks=many.week_home_attacks + 20,
        week_frontier=many.week_frontier + 20,
        week_attacks=many.week_attacks + 50,
        week_disrupted=many.week_disrupted + 20,
        threat=np.ones_like(many.threat),
        alarm=many.alarm + 50.0,
        tension=np.full_like(many.tension, 10.0),
        repression=np.ones_like(many.repression),
        radicalised=many.radicalised * 100,
        mobilisation=np.full_like(many.mobilisation, 0.99),
        engagement=np.full_like(many.engagement, 0.01),
        pair_trust=np.zeros_like(many.pair_trust),
    )
    _, calm_info = stepped(many, view)
    _, wild_info = stepped(wild, view)
    assert calm_info.clashes.any()
    np.testing.assert_array_equal(calm_info.clashes, wild_info.clashes)
    np.testing.assert_array_equal(calm_info.clash_hazard, wild_info.clash_hazard)
    reads = set(fragility.READS)
    assert not reads & {"threat", "alarm", "week_attacks", "week_home_attacks", "week_frontier"}


def test_clashes_come_as_often_as_their_hazard_says(view_of, many):
    view = view_of(OPEN | {"fragility.clash_base": 5.0})
    after, info = stepped(many, view)
    expected = 1 - np.exp(-info.clash_hazard / YEAR)
    error = np.sqrt((expected * (1 - expected)).mean() / 2000)
    assert abs(info.clashes.mean() - expected.mean()) < 4 * error
    np.testing.assert_allclose(after.clash[info.clashes], 0.6)
    weeks = after.clash_weeks[info.clashes]
    assert weeks.min() >= 13 and weeks.max() <= 52
    again, twice = stepped(after, view, 1)
    assert not (twice.clashes & info.clashes).any()
    np.testing.assert_allclose(again.clash[info.clashes], 0.6 * (weeks - 1) / weeks)


# ---- shocks ------------------------------------------------------------------------------------


def test_the_strongest_shock_counts_and_a_clash_hits_the_pair(view_of):
    view = view_of({"drivers.domestic_shock": 0.3, "drivers.kgz_tjk_clash": 0.2})
    unrest = np.array([[0.5, 0.0, 0.1, 0.0, 0.9]])
    got = fragility.combined_shock(unrest, np.array([0.6]), view)
    np.testing.assert_allclose(got, [[0.5, 0.6, 0.6, 0.3, 0.9]])
    np.testing.assert_allclose(unrest, [[0.5, 0.0, 0.1, 0.0, 0.9]])  # left alone
    dated = view_of({"drivers.domestic_shock": 0.0, "drivers.kgz_tjk_clash": 0.4})
    np.testing.assert_allclose(
        fragility.combined_shock(np.zeros((1, 5)), np.zeros(1), dated), [[0, 0.4, 0.4, 0, 0]]
    )


def test_history_is_the_dated_series(tree, world, start):
    compiled = tree.compile(229, world)
    state, seen = start, []
    for week in range(120):
        state, _ = stepped(state, compiled.at(week), week)
        seen.append(state.shock[0])
    seen = np.array(seen)
    assert seen[:, KAZ].max() == pytest.approx(1.0)
    assert seen[:, TJK].max() == pytest.approx(seen[:, KGZ].max()) == pytest.approx(0.6)
    assert seen[:, UZB].max() == pytest.approx(0.4) and not seen[:, TKM].any()


def test_a_shock_turns_budgets_and_programmes_inward(view, start, ordered):
    shaken = start.replace(shock=np.ones((3, 5)))
    calm, _ = statecraft.step(start.replace(shock=np.zeros((3, 5))), 13, view, Streams(1, range(3)))
    inward, _ = statecraft.step(shaken, 13, view, Streams(1, range(3)))
    border, police = BUDGETS.index("border"), BUDGETS.index("intelligence")
    assert (inward.budget_share[:, :, border] < calm.budget_share[:, :, border]).all()
    assert (inward.budget_share[:, :, police] > calm.budget_share[:, :, police]).all()
    np.testing.assert_allclose(inward.budget_share.sum(axis=2), 1.0)


def test_a_shock_ties_up_the_programme_budget(view_of, start):
    view = view_of({"levers.prevention.target": 3.0, "levers.prevention.delay": 1.0,
                    "statecraft.programme_budget": 1.0})  # fmt: skip
    calm, _ = statecraft.step(start.replace(shock=np.zeros((3, 5))), 1, view, Streams(1, range(3)))
    shaken, _ = statecraft.step(start.replace(shock=np.ones((3, 5))), 1, view, Streams(1, range(3)))
    np.testing.assert_allclose(shaken.lever("prevention"), 0.7 * calm.lever("prevention"))
    assert (calm.lever("prevention") > 0).all()


def test_a_clash_costs_the_pair_trust_and_unrest_in_both_does_not(view_of, start):
    view = view_of(QUIET)
    calm = start.replace(clash=np.zeros(3), shock=np.ones((3, 5)))
    fight = start.replace(clash=np.full(3, 0.5))
    lost = alliances.trust_target(calm, view) - alliances.trust_target(fight, view)
    assert lost[0, KGZ_TJK] == pytest.approx(0.3 * 0.5)
    assert np.delete(lost[0], KGZ_TJK).tolist() == [0.0] * 9


def test_missing_water_and_settlement_move_trust(view_of, start, ordered):
    view = view_of(QUIET)
    dry = start.replace(water_deficit=np.full_like(start.water_deficit, 0.2))
    change = (alliances.trust_target(dry, view) - alliances.trust_target(start, view))[0]
    assert change[TKM_UZB] == pytest.approx(-0.3 * 0.2)
    assert change[STATE_PAIRS.index((KAZ, UZB))] == 0.0 and change[KGZ_TJK] == 0.0
    talks = ordered(start, dispute_settlement=np.array([0.0, 1.0, 2.0, 3.0, 3.0]))
    gain = (alliances.trust_target(talks, view) - alliances.trust_target(start, view))[0]
    assert gain[KGZ_TJK] == pytest.approx(0.05)
    assert gain[TKM_UZB] == pytest.approx(0.15)
    silent = view_of(QUIET | {"structure.coupling.water_tension": 0.0})
    np.testing.assert_array_equal(
        alliances.trust_target(dry, silent), alliances.trust_target(start, silent)
    )


# ---- directions --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def years(changed, world, tree):
    """`years(values)`: unrest by state and clashes over a year with hazards open, per world."""
    some = first_state(tree.compile(1, world).at(0), Streams(4, range(500)))
    loud = OPEN | {"fragility.unrest_base": 0.8, "fragility.clash_base": 2.0}
    known = {}

    def run(values, **fields):
        key = (tuple(sorted(values.items())), tuple(fields))
        if key not in known:
            view = changed(loud | values).compile(1, world).at(0)
            state = some.replace(
                **{
                    name: np.broadcast_to(v, getattr(some, name).shape)
                    for name, v in fields.items()
                }
            )
            unrest, clashes, strength = 0.0, 0.0, 0.0
            for week in range(52):
                state, info = stepped(state, view, week)
                unrest, clashes = unrest + info.started.sum(axis=1), clashes + info.clashes
                strength = strength + state.shock.sum(axis=1)
            known[key] = {"unrest": unrest, "clashes": clashes, "shock": strength}
        return known[key]

    return run


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"fragility.unrest_base": 1.6}, "unrest", +1),
        ({"fragility.unrest_weight": 2.0}, "unrest", +1),
        ({"fragility.unrest_least": 0.6}, "shock", +1),
        ({"fragility.shock_shortest": 40.0}, "shock", +1),
        ({"fragility.shock_longest": 100.0}, "shock", +1),
        ({"fragility.clash_strength": 1.0}, "shock", +1),
        ({"fragility.clash_base": 4.0}, "clashes", +1),
        (
            {"fragility.mobilisation_growth": 5.0, "fragility.mobilisation_reversion": 0.5},
            "unrest",
            1,
        ),
        ({"drivers.diaspora_stress": 1.0}, "unrest", +1),
        ({"drivers.kgz_tjk_treaty": 1.0}, "clashes", -1),
    ],
)
def test_direction(years, moves, values, outcome, sign):
    moves(years({})[outcome], years(values)[outcome], sign)


@pytest.mark.parametrize(
    ("path", "low", "high", "field", "level"),
    [
        ("fragility.tension_from_legitimacy", 0.0, 8.0, "state_legitimacy", 0.2),
        ("fragility.tension_from_repression", -1.0, 3.0, "repression", 0.9),
        ("fragility.tension_from_corruption", 0.0, 2.0, "corruption", 0.9),
        ("fragility.tension_from_water", 0.0, 4.0, "water_deficit", 0.5),
        ("fragility.tension_from_refugees", 0.0, 0.2, "refugees", 800_000),
        ("fragility.tension_from_mobilisation", 0.0, 2.0, "mobilisation", 0.9),
    ],
)
def test_each_condition_raises_unrest_by_its_parameter(years, moves, path, low, high, field, level):
    quick = {"fragility.mobilisation_reversion": 0.0}
    weak = years(quick | {path: low}, **{field: level})
    strong = years(quick | {path: high}, **{field: level})
    moves(weak["unrest"], strong["unrest"], +1)


def test_at_rest_only_dated_shocks_are_left(view_of, start):
    view = view_of({"drivers.domestic_shock": 0.1, "drivers.kgz_tjk_clash": 0.3})
    burning = start.replace(
        unrest=start.unrest + 0.9, unrest_weeks=start.unrest_weeks + 5,
        clash=start.clash + 0.8, clash_weeks=start.clash_weeks + 5,
    )  # fmt: skip
    rest = fragility.rest(burning, view)
    np.testing.assert_allclose(rest["shock"], np.tile([0.1, 0.3, 0.3, 0.1, 0.1], (3, 1)))
    for name in ("unrest", "unrest_weeks", "clash", "clash_weeks"):
        kept = getattr(burning, name)
        assert not rest[name].any() and rest[name].dtype == kept.dtype, name
        assert rest[name].shape == kept.shape, name
