"""Stressors combine: with every scenario, with the full package and with each other."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.batch.compose import load_layer
from spillover.batch.layers import layer_changes
from spillover.batch.options import option_names
from spillover.clock import BRANCH_DATE, HORIZONS, week_index
from spillover.evidence import load_tree

BRANCH, WEEKS = week_index(BRANCH_DATE), HORIZONS["projection"]
STRESSORS = [name for name in option_names("stressor") if name != "none"]
NOT_READ = {"pakistan_border_open", "amu_darya_flow", "qosh_tepa_completion", "ukraine_war"}


def changes(layer: str, name: str) -> tuple:
    return layer_changes(load_layer(layer, name), layer, BRANCH)


@pytest.mark.parametrize("name", STRESSORS)
def test_a_stressor_changes_what_a_process_reads_and_sets_nothing(name):
    lines = changes("stressor", name)
    assert lines and all(line.op in ("scale", "add") for line in lines)
    assert not {line.path.removeprefix("drivers.") for line in lines} & NOT_READ


@pytest.mark.parametrize("scenario", option_names("scenario"))
def test_all_stressors_together_fit_every_scenario_and_the_full_package(scenario):
    base = changes("scenario", scenario) + changes("policy", "full_package")
    together = changes("stressor", "+".join(STRESSORS))
    tree = load_tree()
    plain = tree.with_changes(base).compile(WEEKS, None)
    shocked = tree.with_changes(base + together).compile(WEEKS, None)
    assert shocked.digest != plain.digest
    for path in {line.path for line in together}:
        group, name = path.split(".")
        low, high = tree.entry(path).bounds
        for week in range(0, WEEKS, 13):
            value = getattr(getattr(shocked.at(week), group), name)
            assert np.all((value >= low) & (value <= high)), (path, week)


def test_a_shock_at_home_jumps_and_declines_to_nothing():
    shocked = load_tree().with_changes(changes("stressor", "domestic_unrest"))
    view = shocked.compile(WEEKS, None)
    kazakhstan = [view.at(BRANCH + week).drivers.domestic_shock[0] for week in range(-1, 30)]
    assert kazakhstan[0] == 0 and kazakhstan[1] == pytest.approx(1.0)
    assert np.all(np.diff(kazakhstan[1:28]) < 0)
    assert kazakhstan[14] == pytest.approx(0.5) and kazakhstan[27:] == [0.0] * 4
