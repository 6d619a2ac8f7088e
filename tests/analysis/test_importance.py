"""Importance indices on functions whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.analysis import importance
from spillover.analysis.importance import morris, pawn, require_explore, step
from spillover.errors import UserError


def ishigami(x: np.ndarray) -> np.ndarray:
    """The test function of Ishigami and Homma (1990) on the unit cube, a = 7 and b = 0.1."""
    z = np.pi * (2 * x - 1)
    return np.sin(z[:, 0]) + 7 * np.sin(z[:, 1]) ** 2 + 0.1 * z[:, 2] ** 4 * np.sin(z[:, 0])


def test_pawn_orders_the_inputs_of_ishigami_and_leaves_a_fourth_in_the_noise():
    points = np.random.default_rng(1).random((800, 4))
    table = pawn(["first", "second", "third", "nothing"], points, ishigami(points))
    index = table.set_index("input")["index"]
    noise = table["noise"].iloc[0]
    assert index["second"] > index["first"] > noise
    assert index["nothing"] <= noise


def test_pawn_does_not_depend_on_the_unit_of_an_input():
    points = np.random.default_rng(2).random((200, 2))
    values = points[:, 0] ** 2
    plain = pawn(["a", "b"], points, values)
    other = pawn(["a", "b"], points * [1000.0, 0.1] + [5.0, -3.0], values)
    np.testing.assert_allclose(plain["index"], other["index"])


def test_too_few_draws_are_refused():
    with pytest.raises(UserError, match="too few draws"):
        pawn(["a"], np.linspace(0, 1, 15)[:, None], np.arange(15.0))


def test_morris_gives_the_slopes_of_a_linear_function():
    from SALib.sample import morris as sample

    groups = ["one", "two", "nothing"]
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    problem["groups"] = groups
    points = sample.sample(problem, 12, num_levels=importance.LEVELS, seed=3)
    table = morris(["a", "b", "c"], groups, points, 3 * points[:, 0] - points[:, 1])
    index = table.set_index("input")["index"]
    np.testing.assert_allclose(index[groups], [3 * step(), step(), 0.0], atol=1e-12)


def test_inputs_of_a_group_move_together():
    from SALib.sample import morris as sample

    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0.0, 1.0]] * 3}
    problem["groups"] = ["pair", "pair", "alone"]
    points = sample.sample(problem, 30, num_levels=importance.LEVELS, seed=4)
    table = morris(["a", "b", "c"], problem["groups"], points, points[:, 0] + points[:, 2])
    assert list(table["input"]) == ["pair", "alone"]
    np.testing.assert_allclose(table["index"], step())


def test_a_missing_package_is_named_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setattr(importance, "find_spec", lambda name: None if name == "SALib" else name)
    with pytest.raises(UserError, match=r"`SALib` is not installed") as caught:
        require_explore("spillover sensitivity")
    assert "spillover[explore]" in str(caught.value)
