"""Every config file composes and names only parameters that exist; choices arrive in the plan."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from fake_model import fake_backend

from spillover.batch.compose import compose_config, load_layer
from spillover.batch.design import make_plan
from spillover.batch.layers import layer_changes
from spillover.batch.options import GROUPS, config_root, option_names
from spillover.batch.schema import LAYERS
from spillover.clock import week_index
from spillover.evidence.tree import load_tree

FILES = [(group, name) for group in GROUPS for name in option_names(group)]
BRANCH = week_index(date(2026, 1, 4))


def plan(*overrides: str, is_sweep: bool = True):
    return make_plan(compose_config(overrides), fake_backend(), is_sweep)


def test_every_folder_of_configs_is_a_known_group():
    folders = {path.name for path in config_root().iterdir() if path.is_dir()}
    assert folders == set(GROUPS)


@pytest.mark.parametrize(("group", "name"), FILES)
def test_every_config_composes(group, name):
    composed = compose_config([f"{group}={name}"])
    assert composed.choices[group] == name
    assert len(plan(f"{group}={name}").cells) >= 1


@pytest.mark.parametrize("layer", LAYERS)
def test_every_change_fits_the_shipped_parameters(layer):
    for name in option_names(layer):
        changes = layer_changes(load_layer(layer, name), layer, BRANCH)
        load_tree().with_changes(changes)


@pytest.mark.parametrize("name", option_names("experiment"))
def test_every_experiment_states_its_question(name):
    composed = compose_config([f"experiment={name}"])
    assert composed.config.name == name
    question = composed.config.question or ""
    assert "?" in question and len(question.split()) > 30


def test_designs_of_the_experiments():
    few = "uncertainty.draws=2"  # a cell takes a tenth of a second
    names = option_names("experiment")
    sizes = {name: len(plan(f"experiment={name}", few).cells) for name in names}
    assert sizes["exploration"] == 8
    assert sizes["quick"] == 8 and sizes["scenario_sweep"] == 4 and sizes["policy_groups"] == 24
    assert sizes["factorial"] == 16
    assert plan("experiment=quick").config.seed == 20210815
    assert plan("experiment=quick", "replicates=7").config.replicates == 7


def test_command_line_choices_go_before_the_design():
    found = plan("experiment=quick", "policy=border_security")
    assert {cell.policy for cell in found.cells} == {"border_security"} and len(found.cells) == 4


def test_globs_and_lists_expand_with_the_reference_first():
    found = plan("scenario=status_quo,malign_escalation", "policy=glob(*)")
    assert len(found.cells) == 2 * len(option_names("policy"))
    assert found.cells[0].policy == "status_quo"


def test_two_policies_are_combined():
    found = plan("policy=border_security+diplomatic_engagement", is_sweep=False)
    origins = {change.origin for change in found.cells[0].changes}
    assert origins == {
        "configs/policy/border_security.yaml",
        "configs/policy/diplomatic_engagement.yaml",
    }


def test_weeks_count_from_the_start_of_each_layer():
    found = plan("policy=border_security", "start.policy=2027-01-03", is_sweep=False)
    line = load_layer("policy", "border_security")[0]["changes"][0]
    start = week_index(date(2027, 1, 3)) + line["from_week"]
    assert found.cells[0].changes[0].start_week == start
    assert found.frame.branch_week == BRANCH


def test_start_date_moves_all_layers():
    frame = plan("start.date=2025-01-05").frame
    assert set(frame.starts) == {date(2025, 1, 5)}
    assert frame.branch_week == week_index(date(2025, 1, 5))


def test_a_hindcast_without_changes_reports_its_whole_course():
    frame = plan("horizon=hindcast").frame
    assert (frame.n_weeks, frame.branch_week) == (229, 0)


def test_a_hindcast_takes_a_policy_that_starts_inside_it():
    found = plan("horizon=hindcast", "policy=full_package", "start.policy=2022-01-02")
    assert found.frame.branch_week == week_index(date(2022, 1, 2))


def test_own_values_come_last_and_hold_in_every_week():
    change = plan("policy=full_package", "set.border.posture.TJK=2").cells[0].changes[-1]
    assert (change.path, change.members, change.value) == ("border.posture", ("TJK",), 2.0)
    assert (change.layer, change.start_week) == ("user", 0)
    both = plan("set.border.posture={TJK: 2, UZB: 3}").cells[0].changes
    assert [change.members for change in both] == [("TJK",), ("UZB",)]


def test_a_value_may_carry_the_unit_of_its_parameter():
    (change,) = plan("set.border.detection_per_patrol='0.2 1/week'").cells[0].changes
    assert change.value == 0.2


def test_own_configs_are_found(tmp_path: Path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text(
        "# @package _global_\nname: mine\nreplicates: 3\nset: {border: {posture: 2}}\n"
    )
    composed = compose_config(["experiment=mine"], tmp_path)
    found = make_plan(composed, fake_backend(), is_sweep=True)
    assert found.name == "mine" and found.config.replicates == 3
    assert found.cells[0].changes[0].path == "border.posture"


def test_cell_ids_follow_what_decides_the_numbers():
    base = plan().cells[0].id
    same = ("replicates=7", "engine.workers=1", "engine.batch_size=3", "results=elsewhere")
    assert {plan(word).cells[0].id for word in same} == {base}
    other = (
        *("seed=7", "policy=full_package", "set.border.posture=2"),
        *("start.date=2025-01-05", "horizon=hindcast"),
    )
    assert len({plan(word).cells[0].id for word in other} | {base}) == 6


def test_a_question_of_its_own_gets_a_folder_of_its_own():
    assert plan(is_sweep=False).results == Path("results/status_quo-status_quo")
    names = {plan(word, is_sweep=False).name for word in ("seed=7", "seed=8", "horizon=hindcast")}
    assert len(names) == 3 and "status_quo-status_quo" not in names
    assert plan("experiment=quick").results == Path("results/quick")
    assert plan("name=mine").results == Path("results/mine")
    assert plan("results=/tmp/else").results == Path("/tmp/else")
