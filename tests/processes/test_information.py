"""Information: propaganda by language, what reaches a cohort, messaging, closed channels."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.axes import LANGUAGES, STATES
from spillover.processes import information
from spillover.streams import Streams

TJK, UZB = STATES.index("TJK"), STATES.index("UZB")
RUSSIAN = LANGUAGES.index("russian")


def week(state, view):
    return information.step(state, 0, view, Streams(1, range(len(state.control))))


def test_conditions_of_2021_move_nothing(view, start):
    men = np.zeros_like(start.cell_fighters)
    men[:, 0] = int(view.initial.isisk_fighters)
    quiet = start.replace(
        cell_fighters=men,
        week_foreign_attacks=np.zeros(3, dtype=np.int64),
        week_home_attacks=np.zeros((3, 5), dtype=np.int64),
    )
    after, info = week(quiet, view)
    np.testing.assert_allclose(after.propaganda, 1.0)
    np.testing.assert_allclose(after.online_reach, 1.0)
    assert after.closed_share.sum() == info.messaging.sum() == info.taken_down.sum() == 0


def test_weights_sum_to_one_and_emigrants_hear_more_russian(view_of):
    view = view_of({"information.russian_abroad": 0.25})
    home = information.media_weights(view)
    abroad = information.weights_abroad(home, view)
    np.testing.assert_allclose(home.sum(axis=1), 1.0)
    np.testing.assert_allclose(abroad.sum(axis=1), 1.0)
    np.testing.assert_allclose(abroad[:, RUSSIAN], 0.75 * home[:, RUSSIAN] + 0.25)
    others = [i for i in range(len(LANGUAGES)) if i != RUSSIAN]
    np.testing.assert_allclose(abroad[:, others], 0.75 * home[:, others])


def test_attacks_are_told_where_they_are_understood():
    weights = np.array([[0.8, 0.2, 0.0], [0.25, 0.25, 0.5]])
    home = np.array([[1, 0], [0, 2], [0, 0]])
    got = information.told(np.array([0, 0, 3]), home, weights)
    np.testing.assert_allclose(got, [[1, 0.25, 0], [1, 1, 2], [3, 3, 3]])


def test_output_follows_factor_attacks_and_money(view_of, start):
    view = view_of(
        {
            "information.propaganda_factor": 2.0, "information.propaganda_per_attack": 0.5,
            "information.propaganda_reversion": 0.05, "information.funds_exponent": 0.0,
        }
    )  # fmt: skip
    quiet, _ = week(start, view)
    np.testing.assert_allclose(quiet.propaganda, 1 + 0.05 * (2 - 1))
    loud, _ = week(start.replace(week_foreign_attacks=np.full(3, 2)), view)
    np.testing.assert_allclose(loud.propaganda, 1 + 0.05 * (2 * (1 + 0.5 * 2) - 1))
    home = np.zeros((3, 5), dtype=np.int64)
    home[:, UZB] = 1
    weights = information.media_weights(view)[UZB]
    heard, _ = week(start.replace(week_home_attacks=home), view)
    np.testing.assert_allclose(
        heard.propaganda[0], 1 + 0.05 * (2 * (1 + 0.5 * weights / weights.max()) - 1)
    )


def test_money_of_isisk_by_hand(view_of):
    view = view_of(
        {
            "initial.isisk_fighters": 2000.0, "cells.income": 50.0,
            "information.funds_exponent": 0.5, "information.funds_cap": 4.0,
        }
    )  # fmt: skip
    got = information.funding(np.array([0.0, 25_000.0, 100_000.0, 225_000.0, 9e9]), view)
    np.testing.assert_allclose(got, [0.5, 0.5, 1.0, 1.5, 2.0])


def test_messaging_speaks_one_language_first():
    weights = np.array([[0.6, 0.3, 0.1]])
    for level, share in ((0.0, 0.6), (1.0, 0.6), (1.5, 0.8), (2.0, 1.0), (3.0, 1.0)):
        assert information.covered(np.array([[level]]), weights) == pytest.approx(share)


def test_messaging_takes_its_share_per_level_and_never_more_than_all(view_of):
    weights = np.array([[0.6, 0.3, 0.1]])
    view = view_of({"information.messaging_per_level": 0.1})
    got = [information.messaging(np.array([[x]]), weights, view).item() for x in (0, 1, 2, 3)]
    np.testing.assert_allclose(got, [0.0, 0.06, 0.2, 0.3])
    strong = view_of({"information.messaging_per_level": 0.9})
    assert information.messaging(np.array([[3.0]]), weights, strong) == pytest.approx(1.0)


def test_reach_of_a_cohort_by_hand(view_of, start, ordered, world):
    view = view_of(
        {
            "information.propaganda_reversion": 0.0, "information.messaging_per_level": 0.1,
            "information.monitoring_per_level": 0.1, "information.messaging_abroad": 0.5,
            "information.russian_abroad": 0.5,
        }
    )  # fmt: skip
    loud = start.replace(propaganda=np.tile([3.0, 1.0, 1.0], (3, 1)))  # Tajik channels only
    state = ordered(loud, counter_messaging=2.0, online_monitoring=[0, 0, 3, 0, 0])
    after, info = week(state, view)
    home = information.media_weights(view)[TJK]
    heard = 1 + 2 * home[0]
    here = world.region_state == TJK
    np.testing.assert_allclose(after.online_reach[:, :48][:, here], heard * 0.8 * 0.7)
    away = 1 + 2 * 0.5 * home[0]
    np.testing.assert_allclose(after.online_reach[:, 48 + TJK], away * (1 - 0.2 * 0.5) * 0.7)
    np.testing.assert_allclose(info.messaging[:, TJK], 0.2)
    np.testing.assert_allclose(info.taken_down[0], [0, 0, 0.3, 0, 0])
    full, _ = week(ordered(loud, counter_messaging=3.0), view)
    np.testing.assert_allclose(full.online_reach[:, 48 + TJK], away * (1 - 0.3))


def test_messaging_and_monitoring_at_full_strength_silence(view_of, start, ordered):
    view = view_of({"information.monitoring_per_level": 1.0})
    after, _ = week(ordered(start, online_monitoring=1.0), view)
    assert after.online_reach.sum() == 0.0


def test_talk_moves_to_closed_channels_and_back(view_of, start, ordered):
    view = view_of({"information.closed_per_level": 0.2, "information.closing_pace": 0.25})
    watched, _ = week(ordered(start, online_monitoring=[0, 0, 1, 0, 3]), view)
    np.testing.assert_allclose(watched.closed_share[0], [0, 0, 0.05, 0, 0.15])
    later, _ = week(start.replace(closed_share=np.full((3, 5), 0.4)), view)
    np.testing.assert_allclose(later.closed_share, 0.3)
    all_of_it, _ = week(
        ordered(start, online_monitoring=3.0),
        view_of({"information.closed_per_level": 1.0, "information.closing_pace": 1.0}),
    )
    np.testing.assert_allclose(all_of_it.closed_share, 1.0)


@pytest.mark.parametrize(
    ("values", "outcome", "sign"),
    [
        ({"information.propaganda_factor": 2.0}, "online_reach", +1),
        ({"information.propaganda_factor": 2.0}, "exposed", +1),
        ({"information.propaganda_factor": 2.0}, "recruits", +1),
        ({"information.propaganda_per_attack": 5.0}, "online_reach", +1),
        ({"cells.recruitment": 15.0}, "propaganda_russian", +1),
        ({"levers.counter_messaging.target": 2.0}, "newly_exposed", -1),
        ({"levers.online_monitoring.target": 2.0}, "newly_exposed", -1),
        ({"levers.online_monitoring.target": 2.0}, "closed_share", +1),
        ({"levers.counter_messaging.target": 3.0}, "online_reach_abroad", -1),
    ],
)
def test_direction(lively, moves, values, outcome, sign):
    moves(lively().read(outcome), lively(values).read(outcome), sign)


def test_channels_of_one_language_reach_its_listeners_most(view_of, start, world):
    loud = start.replace(propaganda=np.tile([1.0, 2.0, 1.0], (3, 1)))  # Uzbek channels
    after, _ = week(loud, view_of({"information.propaganda_reversion": 0.0}))
    by_state = [after.online_reach[0, :48][world.region_state == c].mean() for c in range(5)]
    assert int(np.argmax(by_state)) == UZB
    assert min(by_state) > 1.0


def test_the_first_output_is_the_factor_and_reaches_by_weight(view_of):
    first = information.start(view_of({"information.propaganda_factor": 0.5}), Streams(1, range(2)))
    np.testing.assert_allclose(first["propaganda"], 0.5)
    np.testing.assert_allclose(first["online_reach"], 0.5)
    silent = information.start(view_of({"information.propaganda_factor": 0.0}), Streams(1, [0]))
    assert silent["online_reach"].sum() == 0
