"""What a policy saves and what it moves, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.analysis.elsewhere import MOVES, Move, moved
from spillover.axes import COUNTRIES
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
        for name, where in move.elsewhere.items():
            assert OUTCOMES[name].scope == where


def test_saved_in_one_state_and_moved_to_another():
    found = moved(
        worlds({"TJK": 4.0, "TKM": 5.0}, other=1.0),
        worlds({"TJK": 10.0, "TKM": 1.0}),
        (Move("drugs", {"abroad": "AFG"}, "elsewhere"),),
    ).iloc[0]
    assert (found["saved"], found["moved"], found["net"]) == (6.0, 5.0, -1.0)
    assert found["share_moved"] == pytest.approx(5 / 6)
    assert (found["net_low"], found["net_high"]) == (-1.0, -1.0)  # all pairs alike


def test_nothing_saved_has_no_share():
    same = worlds({"TJK": 4.0})
    found = moved(same, same, (Move("drugs", {}, "elsewhere"),)).iloc[0]
    assert found["saved"] == 0.0 and np.isnan(found["share_moved"])


def test_an_outcome_that_was_not_stored_is_left_out():
    assert moved(worlds({}), worlds({}), (Move("tea", {}, "elsewhere"),)).empty
