"""Border: patrols, detection, the choice of a link, learning, reallocation, journeys."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import CSTO_OPTIONS, GROUPS
from spillover.processes import border
from spillover.streams import Streams

KAZ, KGZ, TJK, TKM, UZB = range(5)
IMU, JA, ETIM = (GROUPS.index(g) for g in ("IMU", "JA", "ETIM"))


def by_owner(values, world):
    return [values[world.link_state == c] for c in (TJK, TKM, UZB)]


def test_patrols_of_august_2021_are_the_density_of_each_state(view, start):
    got = border.patrols(start, view)
    tajik, turkmen, uzbek = by_owner(got[0], view.world)
    np.testing.assert_allclose(tajik, 0.8)
    np.testing.assert_allclose(turkmen, 0.9)
    np.testing.assert_allclose(uzbek, 1.8)


def test_patrols_by_hand(view_of, start, ordered):
    """Outposts and the CSTO add up, money works with exponent 1/2, CIS and posture multiply."""
    view = view_of(
        {"drivers.csto_programme": 0.5, "drivers.cis_programme": 1.0, "border.posture": 1.2}
    )
    budget = start.budget_share.copy()
    budget[:, :, 0] = 0.72  # of 0.5
    csto = np.zeros((3, 4))
    csto[:, CSTO_OPTIONS.index("assistance")] = 0.4
    csto[:, CSTO_OPTIONS.index("reinforcement")] = 0.2
    state = ordered(start.replace(budget_share=budget, csto_delivered=csto), outposts_patrols=2.0)
    tajik, turkmen, _ = by_owner(border.patrols(state, view)[0], view.world)
    common = 1.2 * np.sqrt(0.72 / 0.5) * (1 + 0.1)
    csto_gain = 0.3 * 0.4 + 0.5 * 0.2 + 0.3 * 0.5
    np.testing.assert_allclose(tajik, 0.8 * common * (1 + 0.3 * 2 + csto_gain))
    half = 1.2 * np.sqrt(0.72 / 0.5) * (1 + 0.1 * 0.5)  # takes half of the CIS programme
    np.testing.assert_allclose(turkmen, 0.9 * half * (1 + 0.3 * 2))  # no member of the CSTO


def test_threat_pays_for_more_patrols(view, start):
    """Half more at full threat, on top of what the alarm of August 2021 (0.05) already pays."""
    alarmed = border.patrols(start.replace(threat=np.full((3, 5), 0.42)), view)
    calm = border.patrols(start.replace(threat=np.zeros((3, 5))), view)
    at_start = 1 - np.exp(-0.05 * np.array([2.5, 2.5, 4, 2, 3]))
    paid = (1 + 0.5 * at_start)[view.world.link_state]
    now = border.patrols(start, view)
    np.testing.assert_allclose(alarmed, now * np.sqrt((1 + 0.5 * 0.42) / paid))
    np.testing.assert_allclose(calm, now / np.sqrt(paid))


def test_patrols_follow_their_shares(view, start):
    share = start.patrol_share.copy()
    first, second = np.flatnonzero(view.world.link_state == TKM)[:2]
    share[:, first] += 0.1
    share[:, second] -= 0.1
    got = border.patrols(start.replace(patrol_share=share), view)[0]
    n = (view.world.link_state == TKM).sum()
    assert got[first] == pytest.approx(0.9 * (1 / n + 0.1) * n)
    assert got.sum() == pytest.approx(border.patrols(start, view)[0].sum())


@pytest.fixture
def toy():
    """Two links: an easy Tajik one and a hard Uzbek one, both from province 0."""
    return SimpleNamespace(
        border=SimpleNamespace(
            detection_per_patrol=0.3,
            detection_per_sensor=0.2,
            detection_per_joint_patrol=0.1,
            avoidance=2.0,
            terrain_offset=0.5,
        ),
        world=SimpleNamespace(
            link_difficulty=np.array([0.0, 1.0]),
            link_state=np.array([TJK, UZB]),
            link_province=np.array([0, 0]),
        ),
    )


def test_detection_hazard_by_hand(toy):
    one, bribed = np.ones((1, 2)), np.array([[0.0, 0.0, 0.4, 0.0, 0.5]])
    got = border.detection_hazard(2 * one, 3 * one, 0.5 * one, bribed, toy)
    easy = (0.3 * 2 + 0.2 * 3) / 0.5 * 0.6 + 0.05
    hard = (0.3 * 2) / 1.5 * 0.5 + 0.05  # sensors see nothing in the mountains
    np.testing.assert_allclose(got, [[easy, hard]])
    nobody = np.zeros((1, 2))
    np.testing.assert_array_equal(
        border.detection_hazard(nobody, nobody, nobody, bribed, toy), nobody
    )


def test_papers_are_seen_better_with_biometrics_up_to_two_levels(view, start, ordered):
    for level, expected in ((0.0, 0.1), (1.0, 0.3), (2.0, 0.5), (3.0, 0.5)):
        got = border.official_detection(ordered(start, biometrics=level), view)
        np.testing.assert_allclose(got, expected)


def test_men_choose_the_link_where_they_expect_to_pass(toy):
    men = np.array([[30]])
    np.testing.assert_allclose(
        border.split_over_links(men, np.array([[0.4, 0.4]]), toy), [[15.0, 15.0]]
    )
    got = border.split_over_links(men, np.array([[0.0, 0.5]]), toy)  # odds e to 1
    np.testing.assert_allclose(got, [[30 * np.e / (1 + np.e), 30 / (1 + np.e)]])
    toy.border.avoidance = 0.0
    np.testing.assert_allclose(
        border.split_over_links(men, np.array([[0.0, 0.9]]), toy), [[15.0, 15.0]]
    )


def test_men_are_split_within_their_own_province(view, start):
    men = np.arange(34)[None, :] * 10
    got = border.split_over_links(men, start.perceived_detection[:1], view)
    for province in set(view.world.link_province.tolist()):
        here = view.world.link_province == province
        assert got[0, here].sum() == pytest.approx(10 * province)


def test_learning_by_hand_and_its_limits():
    belief, truth = np.array([[0.2]]), np.array([[0.6]])
    two = border.learn(belief, truth, np.array([[2]]), 0.25)
    assert two[0, 0] == pytest.approx(0.2 + (1 - 0.75**2) * 0.4)
    assert border.learn(belief, truth, np.array([[0]]), 0.25)[0, 0] == 0.2
    assert border.learn(belief, truth, np.array([[500]]), 0.25)[0, 0] == pytest.approx(0.6)
    assert border.learn(belief, truth, np.array([[1]]), 1.0)[0, 0] == pytest.approx(0.6)


def test_patrols_move_slowly_to_where_trouble_was(view, start):
    """Turkmenistan alone: trouble e^2 - 1 on one link makes its odds e^(0.5 * 2) to 1."""
    owner = view.world.link_state
    mine = np.flatnonzero(owner == TKM)
    memory = np.zeros((3, 13))
    memory[:, mine[0]] = np.e**2 - 1
    got = border.reallocate(start.patrol_share, memory, owner, view.border)
    n = len(mine)
    wish = np.e / (np.e + n - 1)
    assert got[0, mine[0]] == pytest.approx(0.8 / n + 0.2 * wish)
    assert got[0, mine[1]] == pytest.approx(0.8 / n + 0.2 / (np.e + n - 1))
    others = owner != TKM
    np.testing.assert_allclose(got[:, others], start.patrol_share[:, others])


def test_patrol_shares_of_a_state_always_sum_to_one(view, start):
    random, owner = np.random.default_rng(1), view.world.link_state
    share = start.patrol_share
    for _ in range(60):
        share = border.reallocate(share, random.gamma(0.3, 20.0, (3, 13)), owner, view.border)
        for c in (TJK, TKM, UZB):
            np.testing.assert_allclose(share[:, owner == c].sum(axis=1), 1.0)
        assert (share > 0).all()


def test_patrols_are_reviewed_every_fourth_week(view, start):
    trouble = start.replace(trouble_memory=np.tile(np.arange(13.0), (3, 1)))
    streams = Streams(1, range(3))
    assert (border.step(trouble, 4, view, streams)[0].patrol_share != start.patrol_share).any()
    between, _ = border.step(trouble, 5, view, streams)
    np.testing.assert_array_equal(between.patrol_share, start.patrol_share)


def test_trouble_is_remembered_and_fades(view_of, start):
    view = view_of({"border.infiltration": 0.0})
    frontier = np.zeros((3, 13), dtype=np.int64)
    frontier[:, 4] = 2
    state = start.replace(trouble_memory=np.full((3, 13), 10.0), week_frontier=frontier)
    after, info = border.step(state, 1, view, Streams(1, range(3)))
    expected = np.full((3, 13), 9.0)
    expected[:, 4] += 2
    np.testing.assert_allclose(after.trouble_memory, expected)
    assert info.tried.sum() == 0


def test_infiltration_comes_as_often_as_men_and_crossings_say(view_of, start):
    """Allied tries of a week over 400 replicates: men x hazard x cover x promises broken."""
    view = view_of({"border.infiltration": 0.5, "drivers.guarantee": 0.5})
    n, world = 400, view.world
    rows = np.zeros(n, dtype=np.int64)
    names = [name for name in border.READS if name != "delivered"]
    many = start.replace(
        **{name: getattr(start, name)[rows] for name in names},
        delivered=start.delivered[rows],
        link_detection=start.link_detection[rows],
    )
    _, info = border.step(many, 0, view, Streams(3, range(n)))
    uzbek_only = np.flatnonzero(
        [world.link_state[world.link_province == p].tolist() == [TKM] for p in range(34)]
    )
    assert uzbek_only.size  # provinces with one link: no choice to model
    links = np.isin(world.link_province, uzbek_only)
    expected = 0.5 * 7 / 365.25 * (1 + 0.3 * 0.8)  # per man
    promised = 1 - start.promise_kept[0, world.link_province[links]] * 0.5
    expected = expected * promised
    got = info.allied_tried[:, :, links]
    for i, g in enumerate((IMU, JA, ETIM)):  # each group by itself
        own = (expected * many.fighters[0, g, world.link_province[links]]).sum()
        assert own > 0
        assert abs(got[:, i].sum() / n - own) < 4 * np.sqrt(own / n)


def test_no_more_men_cross_than_there_are(view_of, start):
    view = view_of({"border.infiltration": 1.0, "border.cover_from_traffic": 5.0})
    few = start.replace(fighters=np.minimum(start.fighters, 2), unassigned=np.array([0, 1, 30]))
    for week in range(8):
        after, info = border.step(few, week, view, Streams(7, range(3)))
        assert (after.fighters >= 0).all()
        assert (after.unassigned >= 0).all()
        assert (info.isisk_tried.sum(axis=1) <= few.unassigned).all()
        np.testing.assert_array_equal(info.tried, info.stopped + info.through)
        assert info.allied_tried.shape == (3, 3, 13)
        np.testing.assert_array_equal(info.tried, info.isisk_tried + info.allied_tried.sum(axis=1))
        for i, g in enumerate((IMU, JA, ETIM)):
            gone = (few.fighters - after.fighters)[:, g].sum(axis=1)
            np.testing.assert_array_equal(gone, info.allied_tried[:, i].sum(axis=1))


def test_stops_and_journeys_book_people_once(view_of, start):
    view = view_of({"border.infiltration": 1.0})
    state = start.replace(travellers=np.full((3, 53), 5))
    after, info = border.step(state, 0, view, Streams(7, range(3)))
    arrived = info.journeys - info.journeys_stopped
    np.testing.assert_array_equal(after.travellers, 5 - info.journeys)
    np.testing.assert_array_equal(
        after.unassigned,
        state.unassigned - info.isisk_tried.sum(axis=1) + arrived.sum(axis=1),
    )
    np.testing.assert_array_equal(
        (after.radicalised - state.radicalised).sum(axis=1), info.through.sum(axis=1)
    )
    np.testing.assert_array_equal(after.detained - state.detained, info.journeys_stopped)
    assert info.journeys.sum() > 0
    assert info.journeys_stopped.sum() > 0


def test_travellers_set_out_after_six_weeks_on_average(view, start):
    state = start.replace(travellers=np.full((3, 53), 4_000))
    _, info = border.step(state, 1, view, Streams(2, range(3)))
    probability = 1 - np.exp(-1 / 6)
    error = np.sqrt(probability * (1 - probability) / (159 * 4_000))
    assert abs(info.journeys.mean() / 4_000 - probability) < 4 * error


def test_certain_detection_stops_everyone_on_the_green_border(view_of, start):
    view = view_of(
        {
            "border.infiltration": 1.0,
            "border.detection_per_patrol": 5.0,
            "border.posture": 5.0,
            "border.crossings_open": 0.0,
        }
    )
    start = start.replace(corruption=np.zeros_like(start.corruption))
    _, info = border.step(start, 0, view, Streams(7, range(3)))
    assert info.tried.sum() > 10
    assert info.through.sum() == 0


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"levers.outposts_patrols.target": 2.0}, "border_capacity_effective", +1),
        ({"levers.surveillance_technology.target": 2.0}, "border_capacity_effective", +1),
        ({"levers.joint_patrols.target": 2.0}, "border_capacity_effective", +1),
        ({"levers.outposts_patrols.target": 2.0}, "infiltrations_through", -1),
        ({"levers.biometrics.target": 2.0}, "infiltrations_through", -1),
        ({"levers.biometrics.target": 2.0}, "journeys_stopped", +1),
        ({"border.posture": 2.0}, "infiltrations_through", -1),
        ({"border.crossings_open": 0.0}, "infiltrations_tried", -1),
        ({"drivers.csto_programme": 1.0}, "border_capacity_effective", +1),
        ({"drivers.cis_programme": 1.0}, "border_capacity_effective", +1),
        ({"interdiction.corruption_start": 0.9}, "border_capacity_effective", -1),
        ({"groups.northward_displacement": 0.05}, "infiltrations_tried", +1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    def read(path):
        values = path.means[outcome]
        return values if values.ndim == 1 else np.nansum(values, axis=1)

    moves(read(lively()), read(lively(values)), sign)


def test_csto_programme_reaches_members_only(lively):
    before, after = lively(), lively({"drivers.csto_programme": 1.0})
    name = "border_capacity_effective"
    assert (after.read(name, "TJK") > before.read(name, "TJK") + 0.01).all()
    # Others feel it through shifted trouble at most.
    assert np.abs(after.read(name, "UZB") - before.read(name, "UZB")).max() < 0.01


def test_corruption_of_the_week_blinds_the_border(view, start):
    """Bribes of drug traffickers let others pass too: detection reads the state, not the start."""
    bribed = start.replace(corruption=np.full((3, 5), 0.9))
    before, _ = border.step(start, 1, view, Streams(7, range(3)))
    after, _ = border.step(bribed, 1, view, Streams(7, range(3)))
    honest = 1.0 - start.corruption[:, view.world.link_state]
    np.testing.assert_allclose(
        np.log1p(-after.link_detection) * honest / 0.1, np.log1p(-before.link_detection)
    )


def test_patrols_are_kept_for_the_drug_services(view, start):
    after, info = border.step(start, 1, view, Streams(7, range(3)))
    np.testing.assert_array_equal(after.link_patrols, info.patrols)
    np.testing.assert_allclose(start.link_patrols, info.patrols)


def test_without_the_coupling_nobody_minds_detection(view, view_of, start):
    """Where reaction is switched off, fear of one link sends nobody to another."""
    numb = view_of({"structure.coupling.border_displacement": 0})
    feared = start.perceived_detection.copy()
    feared[:, 0] = 1.0
    scared = start.replace(perceived_detection=feared)
    even = start.replace(perceived_detection=np.full_like(feared, 0.3))
    one = border.step(scared, 1, numb, Streams(7, range(3)))[1].tried
    two = border.step(even, 1, numb, Streams(7, range(3)))[1].tried
    np.testing.assert_array_equal(one, two)
