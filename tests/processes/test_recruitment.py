"""Recruitment: hardship, exposure, the two keys, paths, arrests, prison and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from spillover import kernel
from spillover.evidence import Change
from spillover.first_state import first_state
from spillover.processes import recruitment
from spillover.streams import Streams

KAZ, KGZ, TJK, TKM, UZB = range(5)
WEEKS_PER_YEAR = 365.25 / 7
STOCKS = ("susceptible", "exposed", "radicalised", "detained", "treated")


def test_hardship_of_a_diaspora_by_hand(view, start):
    """0.4 unemployment + 0.3 remittances x stress + 0.1 (1 - income); water is missed at home."""
    got = recruitment.cohort_hardship(
        start.replace(water_deficit=np.full_like(start.water_deficit, 0.3)), view
    )
    assert got.shape == (3, 53)
    got, remit = got[0], view.drivers.remittance_dependence
    stress = 0.133  # that of 2021: their own stress acts on exposure instead
    tajik = 0.4 * 0.11 + 0.3 * remit[TJK] * stress + 0.1 * (1 - 0.09)
    kazakh = 0.4 * 0.05 + 0.3 * remit[KAZ] * stress
    assert got[48 + TJK] == pytest.approx(tajik)
    assert got[48 + KAZ] == pytest.approx(kazakh)


def test_resilience_takes_a_share_of_hardship_at_home(view, start, ordered):
    base = recruitment.cohort_hardship(start, view)
    eased = recruitment.cohort_hardship(ordered(start, resilience=[0, 0, 3, 0, 0]), view)
    share = np.where(view.world.region_state == TJK, 1 - 0.04 * 3, 1.0)
    np.testing.assert_allclose(eased[:, :48], base[:, :48] * share)
    np.testing.assert_array_equal(eased[:, 48:], base[:, 48:])


def test_regions_share_the_hardship_of_their_state_by_people(view_of, world, start):
    """The rule that spreads it must not change it: the mean over people is the national value."""
    view = view_of({"drivers.diaspora_stress": 0.5, "recruitment.diaspora_stress_reference": 0.5})
    level = start.replace(trade_index=np.ones_like(start.trade_index))
    got = recruitment.cohort_hardship(level, view)[0]
    people = world.population[34:82].astype(float)
    for c in range(5):
        own = world.region_state == c
        assert np.average(got[:48][own], weights=people[own]) == pytest.approx(got[48 + c])
        order = np.argsort(world.urban_index[34:82][own])
        assert (np.diff(got[:48][own][order]) <= 1e-12).all()  # less urban, more hardship


def test_openness_by_hand():
    grievance = np.array([0.06, 0.11, 0.0, 5.0])
    got = recruitment.openness(grievance, 8.0, 0.06, 10.0)
    np.testing.assert_allclose(got, [1.0, np.exp(0.4), np.exp(-0.48), 10.0])
    flat = recruitment.openness(grievance, 0.0, 0.06, 10.0)
    np.testing.assert_array_equal(flat, np.ones(4))


def test_saturating_contact():
    contact = np.array([0.0, 1.0, 0.5, 1e9])
    got = recruitment.saturating(contact, 2.0)
    np.testing.assert_allclose(got, [0.0, 1.0, 2 / 3, 2.0])


def test_exposure_hazard_balances_the_inflow_of_recruits(view):
    """E (q + delta + arrest) = S h, recruits = q E: with 0.2, 0.4, 0.3 it takes 405 exposures."""
    people = recruitment.start_susceptible(view.world, view.recruitment).astype(float)
    hazard = recruitment.exposure_hazard(view.world, view.recruitment)
    yearly = (people * hazard).sum() * WEEKS_PER_YEAR
    assert yearly == pytest.approx(90 * (0.2 + 0.4 + 0.3) / 0.2)
    # A Tajik in Russia is ten times as inclined as one at home, 235 / 46 times a Kazakh there.
    assert hazard[48 + TJK] / hazard[:48][view.world.region_state == TJK][0] == pytest.approx(10)
    assert hazard[48 + TJK] / hazard[48 + KAZ] == pytest.approx(235 / 46)


def test_start_population_by_hand(view, world):
    got = recruitment.start_susceptible(view.world, view.recruitment)
    tashkent = world.region_index("UZ-TK")
    share = 0.41
    assert got[tashkent] == round(world.population[34 + tashkent] * share)
    assert got[48:].tolist() == [150_000, 800_000, 1_100_000, 60_000, 2_000_000]


def test_reference_members_sum_to_their_balance(view_of):
    """90 recruits, 0.4 of them into cells everywhere, leave with hazard 0.3 + 0.3."""
    view = view_of({"recruitment.path_external_diaspora": 0.0})
    assert recruitment.reference_members(view.world, view.recruitment).sum() == pytest.approx(
        90 * 0.4 / 0.6, rel=1e-3
    )


def test_second_key_is_one_at_the_reference_and_has_a_floor(view):
    reference = recruitment.reference_members(view.world, view.recruitment)
    at_reference = recruitment.contact_key(reference[None, :], reference, view)
    np.testing.assert_allclose(at_reference, 1.0)
    nobody = recruitment.contact_key(np.zeros((1, 53)), reference, view)
    np.testing.assert_allclose(nobody, 0.2)
    crowd = recruitment.contact_key(reference[None, :] * 1e9, reference, view)
    np.testing.assert_allclose(crowd, 0.2 + 0.8 * 2.0)


def test_second_key_pools_region_state_and_everyone(view, world):
    """Twice the reference in one Uzbek region: 0.5 there, 0.3 in the state, 0.2 everywhere."""
    reference = recruitment.reference_members(view.world, view.recruitment)
    region = int(np.flatnonzero(world.region_state == UZB)[0])
    members = reference.copy()
    members[region] *= 2
    extra = reference[region]
    uzbek = np.concatenate([world.region_state, np.arange(5)]) == UZB
    everyone = 1 + extra / reference.sum()
    state = 1 + extra / reference[uzbek].sum()
    got = recruitment.contact_key(members[None, :], reference, view)[0]

    def key(own, mine):
        pooled = 0.5 * own + 0.3 * mine + 0.2 * everyone
        return 0.2 + 0.8 * 2 * pooled / (pooled + 1)

    assert got[region] == pytest.approx(key(2.0, state))
    assert got[48 + UZB] == pytest.approx(key(1.0, state))
    assert got[48 + TJK] == pytest.approx(key(1.0, 1.0))


def test_paths_by_hand(view):
    """Tajik detection 0.25 above the reference acts on the 0.4 who go by land: 0.2 of log odds.

    The reference, 0.185, is the detection of August 2021 on the links of the mean state.

    Emigrants are not held by that border and go external.
    """
    owner = view.world.region_state
    detection = np.full(53, 0.185)
    detection[np.append(owner, range(5)) == TJK] = 0.435
    got = recruitment.path_shares(detection, np.arange(53), view)
    tajik = np.array([0.4 * np.exp(-0.2), 0.4, 0.2])
    away = np.array([0.4, 0.4, 0.2 * np.e])
    np.testing.assert_allclose(got[:48][owner == TJK], [tajik / tajik.sum()] * 5)
    n = (owner == UZB).sum()
    np.testing.assert_allclose(got[:48][owner == UZB], [[0.4, 0.4, 0.2]] * n)
    np.testing.assert_allclose(got[48:], np.broadcast_to(away / away.sum(), (5, 3)))


def test_reference_members_of_the_diaspora_follow_its_own_paths(view):
    """0.4 : 0.4 : 0.2 e makes 0.297 of its recruits join cells; they leave with hazard 0.6."""
    people = recruitment.start_susceptible(view.world, view.recruitment).astype(float)
    weight = people * recruitment.exposure_hazard(view.world, view.recruitment)
    recruits = 90 * weight[48:].sum() / weight.sum()
    share = 0.4 / (0.4 + 0.4 + 0.2 * np.e)
    got = recruitment.reference_members(view.world, view.recruitment)[48:].sum()
    assert got == pytest.approx(recruits * share / 0.6, rel=0.02)


@pytest.fixture(scope="module")
def plain_reference(tree, world):
    """2021 without what works on recruitment from outside: no backlash, plots or infiltration."""
    values = {
        "recruitment.backlash": 0.0,
        "recruitment.grievance_slope": 0.0,
        "recruitment.diaspora_stress_effect": 0.0,
        "recruitment.prevention_efficacy": 0.0,
        "information.propaganda_per_attack": 0.0,
        "recruitment.relapse_after_prison": 0.0,
        "recruitment.relapse_after_rehabilitation": 0.0,
        "recruitment.path_external_diaspora": 0.0,
        "border.infiltration": 0.0,
        "plots.start_hazard_home": 0.0,
        "plots.start_hazard_abroad": 0.0,
        # A larger inflow narrows the error and takes the lumps out of the second key.
        "recruitment.inflow": 2000.0,
    }
    changes = [Change(path, "set", value, 0) for path, value in values.items()]
    return tree.with_changes(changes).compile(26, world)


def test_recruits_at_reference_conditions_equal_the_inflow(plain_reference):
    n, weeks, recruits = 10, 26, []

    def watch(week, state, info):
        recruits.append(info["recruitment"].recruits.sum(axis=1))

    kernel.run(plain_reference, Streams(5, range(n)), 0, weeks, watch=watch)
    yearly = np.sum(recruits, axis=0) * WEEKS_PER_YEAR / weeks
    error = yearly.std(ddof=1) / np.sqrt(n)
    assert error < 40  # 2 per cent: the test would see a factor that is left out
    assert abs(yearly.mean() - 2000) < 4 * error


def test_stocks_are_stationary_at_reference_conditions(plain_reference):
    streams = Streams(6, range(10))
    begin = first_state(plain_reference.at(0), streams)
    end = kernel.run(plain_reference, streams, 0, 26, state=begin)
    for name, tolerance in (("exposed", 0.04), ("radicalised", 0.06), ("detained", 0.03)):
        before, after = (getattr(s, name).sum(axis=1).mean() for s in (begin, end))
        assert after / before == pytest.approx(1.0, abs=tolerance), name
    shift = end.busy.sum(axis=1).mean() - begin.busy.sum(axis=1).mean()
    assert abs(shift) < 4 * np.sqrt(2 * begin.busy.sum(axis=1).mean() / 10)


def test_exposure_of_the_first_week_is_the_normalised_one(view, world):
    """All that is part of 2021 must cancel: newly exposed people equal the balance of C3."""
    n = 200
    streams = Streams(8, range(n))
    begin = first_state(view, streams)
    infos = [recruitment.step(begin, at, view, streams)[1] for at in range(8)]
    yearly = sum(i.newly_exposed.sum(axis=1) for i in infos) * WEEKS_PER_YEAR / len(infos)
    error = yearly.std(ddof=1) / np.sqrt(n)
    assert error < 5  # about 1 per cent
    assert abs(yearly.mean() - 405) < 4 * error


def week(state, view, seed=2, at=3):
    return recruitment.step(state, at, view, Streams(seed, range(state.n_replicates)))


@pytest.fixture
def crowd(start):
    """Many people in every condition, so that one week shows its hazards."""
    stocks = {name: np.full((3, 53), 20_000) for name in ("exposed", "radicalised", "detained")}
    return start.replace(treated=np.full((3, 53), 20_000), operatives=np.full((3, 5), 20_000),
                         **stocks)  # fmt: skip


def close(got, n, probability):
    assert abs(got - n * probability) < 4 * np.sqrt(n * probability * (1 - probability))


def test_hazards_of_a_week(crowd, view):
    after, info = week(crowd, view)
    n = 3 * 53 * 20_000

    def p(yearly):
        return 1 - np.exp(-yearly / WEEKS_PER_YEAR)

    close(info.arrested_exposed.sum(), n, p(0.3))
    close(info.arrested_members.sum(), n, p(0.3))
    close(info.disengaged.sum(), n - info.arrested_members.sum(), p(0.3))
    left = n - info.arrested_exposed.sum() - info.recruits.sum()
    close(info.calmed.sum(), left, p(0.4))
    # Members are far above the reference, so contact is at its cap: 0.2 + 0.8 x 2.
    close(info.recruits.sum(), n - info.arrested_exposed.sum(), p(0.2 * 1.8))
    close(info.freed.sum(), n, 1 - np.exp(-1 / 208))
    close(info.freed_to_treatment.sum(), info.freed.sum(), 0.1)
    untreated = info.freed.sum() - info.freed_to_treatment.sum()
    close(info.freed_to_exposed.sum(), untreated, 0.15)
    close(info.treatment_ended.sum(), n, 1 - np.exp(-1 / 52))
    close(info.treatment_failed.sum(), info.treatment_ended.sum(), 0.1)
    close(info.retired.sum(), 3 * 5 * 20_000, p(0.3))
    true = info.arrested_exposed.sum() + info.arrested_members.sum()
    assert abs(info.false_arrests.sum() - 3 * true) < 4 * np.sqrt(3 * true)  # precision 1 / 4
    assert info.arrests.sum() == true + info.false_arrests.sum()
    np.testing.assert_array_equal(after.week_arrests, info.arrests)


def test_people_are_neither_made_nor_lost(crowd, view):
    after, info = week(crowd, view)

    def people(state):
        here = sum(getattr(state, name).sum(axis=1) for name in STOCKS)
        return here + state.travellers.sum(axis=1) + state.operatives.sum(axis=1)

    np.testing.assert_array_equal(people(after), people(crowd))
    np.testing.assert_array_equal(info.recruits, info.recruits_by_path.sum(axis=2))


def test_arrests_follow_the_capacity_of_services(crowd, view):
    strong = crowd.replace(service_capacity=np.tile([2.0, 1.0, 1.0, 1.0, 0.0], (3, 1)))
    _, info = week(strong, view)
    owner = np.concatenate([view.world.region_state, np.arange(5)])
    n = 3 * (owner == KAZ).sum() * 20_000
    close(info.arrested_exposed[:, owner == KAZ].sum(), n, 1 - np.exp(-0.6 / WEEKS_PER_YEAR))
    assert info.arrested_exposed[:, owner == UZB].sum() == 0
    assert info.arrests[:, UZB].sum() == 0


def test_rehabilitation_places_take_a_fifth_more_per_level(crowd, view, ordered):
    for level, share in ((1.0, 0.3), (2.0, 0.5)):
        _, info = week(ordered(crowd, rehabilitation=level), view)
        close(info.freed_to_treatment.sum(), info.freed.sum(), share)


def exposed_in(state, view, **kwargs):
    _, info = week(state, view, **kwargs)
    owner = np.concatenate([view.world.region_state, np.arange(5)])
    return np.array([info.newly_exposed[:, owner == c].sum() for c in range(5)])


@pytest.fixture
def online_only(view_of):
    """Exposure online alone, frequent enough to count: members do not matter."""
    return view_of(
        {
            "recruitment.contact_share": 0.0,
            "recruitment.inflow": 5000.0,
            "recruitment.diaspora_multiplier": 100.0,
        }
    )


def ratio_is(got, before, expected):
    """Two Poisson counts in the ratio expected; coupled draws only narrow the difference."""
    error = np.sqrt(got.sum() + expected**2 * before.sum())
    assert abs(got.sum() - expected * before.sum()) < 4 * error


def many_times(state, n):
    rows = np.zeros(n, dtype=np.int64)
    names = {*recruitment.READS, *recruitment.WRITES, "control"}
    return state.replace(**{name: getattr(state, name)[rows] for name in names})


def test_prevention_reach_and_repression_scale_exposure(start, online_only, ordered):
    state = many_times(start, 120)
    before = exposed_in(state, online_only)
    # A tenth of the young per level, a quarter of their exposure: 3 levels take 0.075.
    ratio_is(exposed_in(ordered(state, prevention=3.0), online_only), before, 1 - 0.075)
    loud = state.replace(online_reach=np.full((120, 53), 2.0))
    ratio_is(exposed_in(loud, online_only), before, 2.0)
    mild = state.replace(repression=np.full((120, 5), 0.3))  # at the threshold: no backlash
    harsh = state.replace(repression=np.full((120, 5), 0.8))
    ratio_is(exposed_in(harsh, online_only), exposed_in(mild, online_only), 1 + 0.7 * 0.5)
    idle = state.replace(repression=np.zeros((120, 5)))
    np.testing.assert_array_equal(exposed_in(idle, online_only), exposed_in(mild, online_only))


def test_contact_feeds_exposure_and_saturates(start, view_of):
    view = view_of({"recruitment.contact_share": 0.6, "recruitment.inflow": 5000.0})
    state = many_times(start, 120)
    reference = recruitment.reference_members(view.world, view.recruitment)
    members = np.tile(np.rint(reference).astype(np.int64), (120, 1))
    nobody = exposed_in(state.replace(radicalised=np.zeros((120, 53), dtype=np.int64)), view)
    many = exposed_in(state.replace(radicalised=3 * members), view)
    share = 3 * members.sum(axis=1)[0] / reference.sum()
    met = 2 * share / (share + 1)  # 1 at the reference, at most 2
    ratio_is(many, nobody, 1 + 0.6 * met / 0.4)


def test_no_hazard_no_change(start, view_of):
    view = view_of(
        {
            "recruitment.inflow": 1.0,
            "recruitment.diaspora_multiplier": 0.1,
            "recruitment.arrest_hazard": 0.0,
            "recruitment.exposed_disengagement_hazard": 0.0,
            "recruitment.contact_share": 0.0,
        }
    )
    silent = start.replace(
        online_reach=np.zeros((3, 53)),
        exposed=np.zeros((3, 53), dtype=np.int64),
        detained=np.zeros((3, 53), dtype=np.int64),
    )
    _, info = week(silent, view)
    assert info.newly_exposed.sum() == 0
    assert info.recruits.sum() == info.arrests.sum() == info.freed.sum() == 0


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"levers.prevention.target": 2.0}, "newly_exposed", -1),
        ({"levers.rehabilitation.target": 2.0}, "treated", +1),
        ({"levers.rehabilitation.target": 2.0}, "relapses", -1),
        ({"statecraft.repression_reference_shift": 0.15}, "newly_exposed", +1),
        ({"drivers.diaspora_stress": 1.0}, "newly_exposed_diaspora", +1),
        ({"drivers.amu_darya_flow": 0.1}, "newly_exposed", +1),
        ({"drivers.domestic_shock": 1.0}, "newly_exposed", +1),
        ({"recruitment.arrest_hazard": 0.8}, "arrests", +1),
        ({"border.posture": 4.0}, "recruits_travelling", -1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)
