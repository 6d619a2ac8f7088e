"""The 2^k design: Yates' effects of a made-up truth, and of a published example."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from spillover.analysis.factorial import factorial_effects

ON = np.array(list(product([False, True], repeat=3)))


def test_main_effects_and_one_synergy_are_found():
    a, b, c = ON.T.astype(float)
    truth = 10.0 + 4.0 * a - 2.0 * b + 6.0 * a * c
    values = truth[:, None] + np.arange(20.0)  # worlds shift every combination alike
    table = factorial_effects(values, ON, ["a", "b", "c"]).set_index("term")
    # 6ac is a main effect of 3 for either factor, and an interaction of 3
    known = {"a": 7.0, "b": -2.0, "c": 3.0, "a:b": 0.0, "a:c": 3.0, "b:c": 0.0, "a:b:c": 0.0}
    assert table["mean"].to_dict() == pytest.approx(known)
    assert table["high"].to_numpy() == pytest.approx(table["low"].to_numpy())
    assert table.loc["a:c", "kind"] == "synergy" and table.loc["a:b:c", "order"] == 3


def test_pilot_plant_of_box_hunter_and_hunter():
    # temperature, concentration, catalyst; yields of Box, Hunter and Hunter (1978), table 10.1
    yields = {
        (0, 0, 0): 60, (1, 0, 0): 72, (0, 1, 0): 54, (1, 1, 0): 68,
        (0, 0, 1): 52, (1, 0, 1): 83, (0, 1, 1): 45, (1, 1, 1): 80,
    }  # fmt: skip
    values = np.array([[float(yields[tuple(map(int, row))])] * 2 for row in ON])
    found = factorial_effects(values, ON, ["T", "C", "K"]).set_index("term")["mean"]
    known = {"T": 23.0, "C": -5.0, "K": 1.5, "T:C": 1.5, "T:K": 10.0, "C:K": 0.0, "T:C:K": 0.5}
    assert found.to_dict() == pytest.approx(known)


def test_an_incomplete_design_is_refused():
    with pytest.raises(ValueError, match="no full design"):
        factorial_effects(np.zeros((7, 5)), ON[:7], ["a", "b", "c"])
