"""Equations A1 to A5 of attacks in Afghanistan and across the border, worked out by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from spillover.axes import GROUPS, STATES
from spillover.processes import attacks
from spillover.state import LOCAL, NORTH, due_slots, opportunity
from spillover.streams import Streams

G = {name: index for index, name in enumerate(GROUPS)}
C = {name: index for index, name in enumerate(STATES)}
WEEKS_PER_YEAR = 365.25 / 7
CHOICE = SimpleNamespace(choice_sharpness=3.0, value_recruit=0.3)


def a_week(state, view, week: int = 1, seed: int = 1):
    return attacks.step(state, week, view, Streams(seed, range(state.n_replicates)))


def without_allies(start):
    return start.replace(fighters=np.zeros_like(start.fighters))


def northern(start, province: int, target: int):
    """Every cell sits in one province and means to strike one state."""
    shape = start.cell_place.shape
    return without_allies(start).replace(
        cell_place=np.full(shape, province), cell_fighters=np.full(shape, 12),
        cell_mode=np.full(shape, NORTH, dtype=np.int8),
        cell_target=np.full(shape, target, dtype=np.int8),
        cell_funds_usd=np.full(shape, 5000),
    )  # fmt: skip


def test_local_share_when_nothing_is_known():
    total = 1 + math.exp(3) + math.exp(0.9)
    assert attacks.local_share_at_takeover(CHOICE) == pytest.approx(math.exp(3) / total)


def test_rate_per_fighter_gives_the_recorded_attacks():
    view = SimpleNamespace(
        attacks=SimpleNamespace(recorded_at_takeover=6.0, branching_ratio=0.25),
        initial=SimpleNamespace(isisk_fighters=1500.0),
        reporting=SimpleNamespace(share_un=0.75),
        cells=SimpleNamespace(choice_sharpness=0.0, value_recruit=0.0),
    )
    # 8 true attacks, three quarters of them spontaneous, by a third of 1,500 men.
    assert attacks.attacks_per_fighter(view) == pytest.approx(6.0 / 500)


def test_memory_halves_in_its_half_life():
    assert attacks.decay(1.0) == pytest.approx(0.5)
    assert attacks.decay(4.0) ** 4 == pytest.approx(0.5)
    moved = attacks.excite(np.array([4.0, 0.0]), np.array([0, 6]), 1.0)
    assert moved == pytest.approx([2.0, 3.0])


@pytest.mark.parametrize("half_life", [0.2, 1.0, 2.0, 6.0])
def test_one_attack_weighs_one_over_all_weeks(half_life):
    memory = attacks.excite(np.zeros(1), np.array([1]), half_life)
    total = 0.0
    for _ in range(400):
        total += memory[0]
        memory = attacks.excite(memory, np.array([0]), half_life)
    assert total == pytest.approx(1.0)


def test_opportunity_is_one_at_the_start_and_rises_as_control_falls():
    control = np.array([0.85, 1.0, 0.0, 0.6])
    # (0.3 + 1 - control) / (0.3 + 1 - 0.85)
    assert opportunity(control, np.full(4, 0.85), 0.3) == pytest.approx(
        [1.0, 0.3 / 0.45, 1.3 / 0.45, 0.7 / 0.45]
    )


def test_fewer_attackers_are_deadlier():
    par = SimpleNamespace(deadly_share=0.1, deadly_selection=0.5)
    share = attacks.deadly_share(np.array([0.8, 0.2, 0.0, 3.2]), 0.8, par)
    # The floor of one per cent keeps the share of a hidden network finite.
    assert share == pytest.approx([0.1, 0.2, 0.1 * math.sqrt(80), 0.05])
    par.deadly_selection = 2.0
    assert attacks.deadly_share(np.array([0.0]), 0.8, par).tolist() == [1.0]


def test_deaths_by_hand():
    """The upper part of each uniform kills; its place in that part says how many."""
    count, share = np.array([[2, 0]]), np.array([0.5])
    u = np.array([[[0.4, 0.9999999], [0.9, 0.9]]])
    deadly, deaths = attacks._deaths(count, share, 2.0, 0.0, 10, u)
    assert deadly.tolist() == [[1, 0]]
    assert deaths.tolist() == [[10, 0]]
    # k^-2 up to 2: P(1) = 0.8, so rank 0.79 gives one death and rank 0.81 two.
    u = np.array([[[0.5 + 0.79 / 2, 0.5 + 0.81 / 2], [0.9, 0.9]]])
    deadly, deaths = attacks._deaths(count, share, 2.0, 0.0, 2, u)
    assert deadly.tolist() == [[2, 0]]
    assert deaths.tolist() == [[3, 0]]


def test_deadly_attacks_are_counted_by_their_deaths():
    counted = attacks.by_deaths(np.array([0, 0, 1, 0]), np.array([1, 3, 2, 1]), 3, 4)
    assert counted.tolist() == [[0, 2, 0, 1, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0]]


def test_attacks_by_deaths_add_up_to_attacks_and_deaths(view, start):
    _, info = a_week(start.replace(excitation=np.full(start.excitation.shape, 5.0)), view)
    size = np.arange(info.by_deaths.shape[1])
    assert info.by_deaths.shape == (3, 251)  # up to the severity cutoff
    assert (info.by_deaths.sum(axis=1) == info.deadly.sum(axis=1)).all()
    assert (info.by_deaths @ size == info.deaths.sum(axis=1)).all() and info.deaths.any()


def test_local_attacks_have_the_mean_of_their_equation(view_of, start):
    view = view_of({"attacks.branching_ratio": 0.5, "attacks.dispersion_shape": 100.0})
    shape = start.cell_place.shape
    state = without_allies(start).replace(
        cell_place=np.zeros(shape, dtype=np.int64), cell_fighters=np.full(shape, 12),
        cell_mode=np.full(shape, LOCAL, dtype=np.int8),
        excitation=np.full(start.excitation.shape, 2.0), control=np.full((3, 34), 0.4),
    )  # fmt: skip
    local = math.exp(3) / (1 + math.exp(3) + math.exp(0.9))
    mu = 5.5 / 0.75 * 0.5 / (1850 * local)
    mean = mu * 12 * 512 * (1.3 - 0.4) / (1.3 - 0.6) + 0.5 * 2.0
    drawn = np.array([a_week(state, view, week)[0].week_attacks for week in range(60)])
    n = 60 * 3
    assert abs(drawn[:, :, 0].mean() - mean) < 4 * math.sqrt((mean + mean**2 / 100) / n)
    # Provinces without cells live on excitation alone.
    assert abs(drawn[:, :, 1:].mean() - 1.0) < 4 * math.sqrt(1.01 / (33 * n))


def test_hidden_cells_do_not_attack(view, start):
    state = without_allies(start).replace(
        cell_mode=np.zeros_like(start.cell_mode), excitation=np.zeros_like(start.excitation)
    )
    after, info = a_week(state, view)
    assert after.week_attacks.sum() == info.deaths.sum() == info.frontier_tried.sum() == 0
    assert after.excitation.sum() == 0.0


def test_attacks_beyond_the_severity_slots_are_counted(view, start):
    state = start.replace(excitation=np.full(start.excitation.shape, 400.0))
    after, info = a_week(state, view)
    beyond = np.maximum(after.week_attacks - attacks.MAX_SEVERITIES, 0).sum(axis=1)
    assert (info.severities_refused == beyond).all()
    assert beyond.min() > 0
    assert after.week_deadly.max() <= attacks.MAX_SEVERITIES
    assert (info.deadly == after.week_deadly).all()


def test_due_northern_cells_try_once_and_pay(view_of, start, world):
    view = view_of({"attacks.frontier_cost": 1000.0})
    link = int(np.flatnonzero(world.link_state == C["UZB"])[0])
    state = northern(start, int(world.link_province[link]), C["UZB"])
    funds = state.cell_funds_usd.copy()
    funds[:, :100] = 999
    due = due_slots(1, 512)
    ready = np.zeros(512, dtype=bool)
    ready[due] = True
    ready[:100] = False
    after, info = a_week(state.replace(cell_funds_usd=funds), view)
    assert (info.frontier_tried.sum(axis=1) == ready.sum()).all()
    right = (world.link_state == C["UZB"]) & (world.link_province == world.link_province[link])
    assert info.frontier_tried[:, ~right].sum() == 0
    assert (after.cell_funds_usd == funds - 1000 * ready).all()
    assert (info.operations_usd == 1000 * ready.sum()).all()
    assert after.week_broken_promises.sum() == 0


def test_a_cell_that_lost_its_border_does_not_strike(view, start, world):
    inland = int(np.flatnonzero(world.hops_to_state.min(axis=1) == 3)[0])
    after, info = a_week(northern(start, inland, C["UZB"]), view)
    assert info.frontier_tried.sum() == info.operations_usd.sum() == 0
    assert (after.cell_funds_usd == 5000).all()


def test_cells_prefer_the_link_that_seems_less_watched(view_of, start, world):
    view = view_of({"border.avoidance": 4.0})
    pairs = np.stack([world.link_province, world.link_state], axis=1)
    kinds, n = np.unique(pairs, axis=0, return_counts=True)
    assert n.max() > 1, "no province has two links into the same state"
    province, target = kinds[n.argmax()]
    links = np.flatnonzero((pairs == (province, target)).all(axis=1))
    seen = np.zeros_like(start.perceived_detection)
    seen[:, links[0]] = 0.5
    state = northern(start, int(province), int(target)).replace(perceived_detection=seen)
    tried = sum(a_week(state, view, week)[1].frontier_tried.sum(axis=0) for week in range(8))
    p = math.exp(-2.0) / (math.exp(-2.0) + len(links) - 1)
    total = tried.sum()
    assert abs(tried[links[0]] - total * p) < 4 * math.sqrt(total * p * (1 - p))


def test_detection_stops_attempts(view_of, start, world):
    view = view_of({})
    link = int(np.flatnonzero(world.link_state == C["TJK"])[0])
    state = northern(start, int(world.link_province[link]), C["TJK"])
    for level, done in ((0.0, 128), (1.0, 0)):
        after, info = a_week(state.replace(link_detection=np.full((3, 13), level)), view)
        assert (after.week_frontier.sum(axis=1) == done).all()
        assert (info.frontier_stopped.sum(axis=1) == 128 - done).all()
    after, info = a_week(state.replace(link_detection=np.full((3, 13), 0.3)), view)
    n = 3 * 128
    assert abs(info.frontier_stopped.sum() - 0.3 * n) < 4 * math.sqrt(n * 0.21)
    assert (info.frontier_tried - info.frontier_stopped == after.week_frontier).all()


def test_allied_groups_strike_where_promises_are_broken(view_of, start, world):
    view = view_of({"attacks.frontier_hazard_allied": 0.5, "drivers.guarantee": 0.6})
    men = np.zeros_like(start.fighters)
    men[:, G["IMU"]], men[:, G["JA"]], men[:, G["TTP"]] = 300, 100, 9000
    state = start.replace(fighters=men, promise_kept=np.full((3, 34), 0.5))
    state = state.replace(cell_mode=np.zeros_like(start.cell_mode))
    tried, done, broken, n = np.zeros(13), np.zeros(13), np.zeros(5), 60
    for week in range(n):
        after, info = a_week(state, view, week)
        tried += info.frontier_tried.sum(axis=0)
        done += after.week_frontier.sum(axis=0)
        broken += after.week_broken_promises.sum(axis=0)
    # The men of a province split over its links into the states that their group fires at.
    shares = np.zeros(13)
    for group, targets in ((300, {"UZB", "TJK"}), (100, {"TJK"})):
        aimed = [link for link in range(13) if STATES[world.link_state[link]] in targets]
        for link in aimed:
            here = [
                other for other in aimed if world.link_province[other] == world.link_province[link]
            ]
            shares[link] += group / len(here)
    weekly = 0.5 / WEEKS_PER_YEAR * (1 - 0.5 * 0.6)
    for name in STATES:
        own = world.link_state == C[name]
        mean = 3 * n * shares[own].sum() * weekly
        assert abs(tried[own].sum() - mean) <= 4 * math.sqrt(mean), name
        # A promise is broken by what gets through, not by what the guards stop.
        assert broken[C[name]] == done[own].sum()
    assert done.sum() < tried.sum()
    kept = state.replace(promise_kept=np.ones((3, 34)))
    guarded = view_of({"attacks.frontier_hazard_allied": 0.5, "drivers.guarantee": 1.0})
    assert sum(a_week(kept, guarded, w)[1].frontier_tried.sum() for w in range(8)) == 0


def test_frontier_deaths_need_a_deadly_share(view_of, start, world):
    link = int(np.flatnonzero(world.link_state == C["UZB"])[0])
    state = northern(start, int(world.link_province[link]), C["UZB"])
    state = state.replace(link_detection=np.zeros((3, 13)))
    harmless, deadly = (view_of({"attacks.frontier_deadly_share": s}) for s in (0.0, 1.0))
    assert a_week(state, harmless)[1].frontier_deaths.sum() == 0
    assert (a_week(state, deadly)[1].frontier_deaths.sum(axis=1) > 0).all()
