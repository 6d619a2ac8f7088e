"""Stressors combine: with every scenario, with the full package and with each other."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from spillover.batch.compose import load_layer
from spillover.batch.layers import layer_changes
from spillover.batch.options import option_names
from spillover.clock import BRANCH_DATE, HORIZONS, week_index
from spillover.evidence import load_tree
from spillover.evidence.usage import config_folder, read_configs

BRANCH, WEEKS = week_index(BRANCH_DATE), HORIZONS["projection"]
STRESSORS = [name for name in option_names("stressor") if name != "none"]


def changes(layer: str, name: str) -> tuple:
    return layer_changes(load_layer(layer, name), layer, BRANCH)


def value(parameters, path: str, week: int):
    """Value of a path in a week."""
    group, name = path.split(".")
    return np.asarray(getattr(getattr(parameters.at(week), group), name))


@pytest.fixture(scope="module")
def tree():
    return load_tree()


@pytest.mark.parametrize("name", STRESSORS)
def test_a_stressor_changes_what_it_names_and_sets_nothing(name, tree):
    lines = changes("stressor", name)
    assert lines and all(line.op in ("scale", "add") for line in lines)
    plain = tree.compile(WEEKS, None)
    shocked = tree.with_changes(lines).compile(WEEKS, None)
    for path in {line.path for line in lines}:
        moved = [
            np.any(value(plain, path, week) != value(shocked, path, week)) for week in range(WEEKS)
        ]
        assert any(moved[BRANCH:]), f"{name} does not move {path}"
        assert not any(moved[:BRANCH]), f"{name} moves {path} before the branch"


def test_no_stressor_waits_for_a_channel():
    files = [config for config in read_configs(config_folder()) if config.kind == "stressor"]
    assert {file.name for file in files} == {*STRESSORS, "none"}
    for file in files:
        assert file.content["pending"] == [], file.name


@pytest.fixture(scope="module")
def singles():
    """Lines of each stressor by name."""
    return {name: changes("stressor", name) for name in STRESSORS}


@pytest.fixture(scope="module")
def pairs(singles):
    """Lines of each two stressors, loaded together as a user does (a+b)."""
    found = {}
    for one, other in combinations(STRESSORS, 2):
        found[one, other] = changes("stressor", f"{one}+{other}")
        assert found[one, other] == singles[one] + singles[other], (one, other)
    return found


@pytest.mark.parametrize("scenario", option_names("scenario"))
def test_any_two_stressors_fit_every_scenario(scenario, tree, singles, pairs):
    """The world that they make together is that of neither alone, and each pair makes another."""
    base = changes("scenario", scenario)

    def world(lines):
        return tree.with_changes(base + lines).compile(1, None).digest

    alone = {world(lines) for lines in singles.values()}
    together = {world(lines) for lines in pairs.values()}
    assert len(alone) == len(singles) and len(together) == len(pairs)
    assert not together & alone


@pytest.mark.parametrize("scenario", option_names("scenario"))
def test_all_stressors_together_fit_every_scenario_and_the_full_package(scenario, tree):
    base = changes("scenario", scenario) + changes("policy", "full_package")
    together = changes("stressor", "+".join(STRESSORS))
    plain = tree.with_changes(base).compile(WEEKS, None)
    shocked = tree.with_changes(base + together).compile(WEEKS, None)
    assert shocked.digest != plain.digest
    for path in {line.path for line in together}:
        low, high = tree.entry(path).bounds
        for week in range(0, WEEKS, 13):
            found = value(shocked, path, week)
            assert np.all((found >= low) & (found <= high)), (path, week)


def test_a_shock_at_home_jumps_and_declines_to_nothing():
    shocked = load_tree().with_changes(changes("stressor", "domestic_unrest"))
    view = shocked.compile(WEEKS, None)
    kazakhstan = [view.at(BRANCH + week).drivers.domestic_shock[0] for week in range(-1, 30)]
    assert kazakhstan[0] == 0 and kazakhstan[1] == pytest.approx(1.0)
    assert np.all(np.diff(kazakhstan[1:28]) < 0)
    assert kazakhstan[14] == pytest.approx(0.5) and kazakhstan[27:] == [0.0] * 4
