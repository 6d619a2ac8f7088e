"""What a policy saves and what it moves, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.analysis.elsewhere import MOVES, Move, moved, share_interval
from spillover.axes import COUNTRIES
from spillover.commands.balance import elsewhere_lines
from spillover.outcomes import OUTCOMES


def worlds(values, other=0.0, replicates=3):
    """Worlds in which `drugs` has the given value by state, `abroad` one in Afghanistan."""
    return pd.DataFrame(
        [
            {"draw": 0, "replicate": r, "state": state, "drugs": values.get(state, 0.0),
             "abroad": other if state == "AFG" else np.nan}
            for r in range(replicates)
            for state in COUNTRIES
        ]
    )  # fmt: skip


def test_every_outcome_that_may_move_exists():
    named = {move.outcome for move in MOVES} | {n for move in MOVES for n in move.elsewhere}
    assert named <= set(OUTCOMES)
    for move in MOVES:
        for name, where in {move.outcome: move.where, **move.elsewhere}.items():
            assert OUTCOMES[name].scope == where
            assert OUTCOMES[name].kind == OUTCOMES[move.outcome].kind
    assert len({move.outcome for move in MOVES}) == len(MOVES)


def test_saved_in_one_state_and_moved_to_another():
    found = moved(
        worlds({"TJK": 4.0, "TKM": 5.0}, other=1.0),
        worlds({"TJK": 10.0, "TKM": 1.0}),
        (Move("drugs", {"abroad": "AFG"}, "elsewhere"),),
    ).iloc[0]
    assert (found["saved"], found["moved"], found["net"]) == (6.0, 5.0, -1.0)
    assert found["share_moved"] == pytest.approx(5 / 6)
    assert (found["net_low"], found["net_high"]) == (-1.0, -1.0)  # all pairs alike
    assert (found["share_low"], found["share_high"]) == pytest.approx((5 / 6, 5 / 6))


def test_an_outcome_of_afghanistan_moves_to_another_one():
    move = Move("abroad", {"drugs": "AFG"}, "elsewhere", "AFG")
    here, there = worlds({"AFG": 1.0}, other=9.0), worlds({"AFG": 4.0}, other=4.0)
    found = moved(there, here, (move,)).iloc[0]
    assert (found["saved"], found["moved"], found["net"]) == (5.0, 3.0, -2.0)


def test_the_interval_of_the_share_covers_it_as_often_as_it_says():
    """Normal changes of -4 and +1 in two places, sd 2 and correlated, 40 pairs: a quarter moves."""
    rng, n_tables, covered = np.random.default_rng(3), 200, 0
    for _ in range(n_tables):
        common = rng.normal(size=(40, 1))
        change = np.array([-4.0, 1.0]) + 2.0 * (0.6 * common + 0.8 * rng.normal(size=(40, 2)))
        low, high = share_interval(change)
        covered += low <= 0.25 <= high
    assert 0.90 < covered / n_tables < 0.99  # four standard errors of 0.95 are 0.06


def test_a_share_of_next_to_nothing_is_not_known():
    rare = np.zeros((30, 2))
    rare[0] = [-1.0, 1.0]  # one pair in thirty: a third of the resamples leave it out
    assert share_interval(rare) == (0.0, np.inf)
    assert share_interval(rare[:1]) == (0.0, np.inf)
    assert share_interval(np.array([[-1.0, 0.5]] * 3)) == (0.5, 0.5)


def test_a_draw_of_the_parameters_counts_as_one_pair():
    alike = [worlds({"TJK": value, "TKM": 9.0 - value}) for value in (4.0, 6.0)]
    treated = pd.concat([frame.assign(draw=d) for d, frame in enumerate(alike)])
    same = pd.concat([worlds({"TJK": 9.0}).assign(draw=d) for d in range(2)])
    found = moved(treated, same, (Move("drugs", {}, "elsewhere"),)).iloc[0]
    assert (found["saved"], found["moved"]) == (4.0, 4.0)
    one = moved(alike[0], worlds({"TJK": 9.0}), (Move("drugs", {}, "elsewhere"),)).iloc[0]
    assert (one["saved"], one["moved"]) == (5.0, 5.0)


def test_the_terminal_line_shows_share_and_interval():
    row = {"scenario": "a", "policy": "b", "outcome": "drugs", "saved": 6.0, "moved": 5.0,
           "net_low": -2.0, "net_high": -1.0, "share_moved": 0.83, "share_low": 0.5}  # fmt: skip
    for high, words in ((0.9, "83% (50% to 90%)"), (np.inf, "83% (50% to any)")):
        table = pd.DataFrame([row | {"share_high": high}])
        assert elsewhere_lines(table, {"drugs": "Drugs"}, ["b"])[-1].plain.endswith(words)


def test_nothing_saved_has_no_share():
    same = worlds({"TJK": 4.0})
    found = moved(same, same, (Move("drugs", {}, "elsewhere"),)).iloc[0]
    assert found["saved"] == 0.0
    assert found[["share_moved", "share_low", "share_high"]].isna().all()


def test_an_outcome_that_was_not_stored_is_left_out():
    assert moved(worlds({}), worlds({}), (Move("tea", {}, "elsewhere"),)).empty
