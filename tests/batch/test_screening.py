"""A Morris screen of the model: every draw fits, and one process moves at a time."""

from __future__ import annotations

from itertools import pairwise

import pytest

from spillover.analysis.importance import group_of
from spillover.batch.backend import model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import make_plan
from spillover.errors import UserError

BACKEND = model_backend()


def values_of(seed: int = 20210815) -> list[dict[tuple[str, int], float]]:
    """What each draw of one trajectory sets, by path and week."""
    words = ["uncertainty=morris", "uncertainty.draws=1", f"seed={seed}"]
    cells = make_plan(compose_config(words), BACKEND, is_sweep=True).cells
    assert [cell.draw for cell in cells] == list(range(1, len(cells) + 1))
    return [{(c.path, c.start_week): c.value for c in cell.changes} for cell in cells]


def test_one_process_moves_at_a_time_and_each_moves_once():
    draws = values_of()
    moved = []
    for before, after in pairwise(draws):
        changed = {path for (path, week) in before if before[path, week] != after[path, week]}
        groups = {group_of(path) for path in changed}
        assert len(groups) == 1
        mine = {path for path, _ in before if group_of(path) in groups}
        assert changed == mine  # all its parameters
        moved += groups
    uncertain = {group_of(path) for path in BACKEND.tree.uncertain()}
    assert sorted(moved) == sorted(uncertain) and len(draws) == len(uncertain) + 1


def test_values_lie_at_the_middles_of_the_four_quarters():
    path = "recruitment.inflow"
    prior = BACKEND.tree.entry(path).values[0].prior
    levels = {prior.quantile(u) for u in (0.125, 0.375, 0.625, 0.875)}
    assert {draw[path, 0] for draw in values_of()} <= levels


def test_the_seed_decides_the_trajectories():
    assert values_of() == values_of()
    assert values_of() != values_of(seed=1)


def test_a_screen_without_its_package_is_refused(monkeypatch):
    monkeypatch.setattr("spillover.analysis.importance.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"spillover\[explore\]"):
        values_of()
