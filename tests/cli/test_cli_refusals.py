"""Bad input: one clear message, exit code 2, no traceback, and nothing written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from fake_model import fake_backend

from spillover.cli import main

POSTURE = "set.border.posture"

REFUSED = [
    (["run", "scenario=benign_engagment"], ["no scenario", "benign_engagement"]),
    (["run", "policy=full_pakage"], ["no policy", "full_package"]),
    (["run", "policy=full_package+border"], ["no policy 'border'", "border_security"]),
    (["run", "stressor=flood"], ["no stressor", "none"]),
    (["sweep", "experiment=quik"], ["no experiment", "quick"]),
    (["sweep", "design.scenarios=[status_quo,gloom]"], ["no scenario 'gloom'"]),
    (["run", "set.border.detection_per_patroll=0.1"], ["border.detection_per_patrol?"]),
    (["run", "set=3"], ["needs the path"]),
    (["run", "replicate=10"], ["no configuration key 'replicate'", "replicates"]),
    (["run", "start.dat=2026-01-04"], ["no configuration key 'start.dat'", "start.date"]),
    (["run", "engine.worker=3"], ["'engine.worker'", "engine.workers"]),
    (["run", "set.border.detection_per_patrol='0.1 1/month'"], ["1/month", "1/week"]),
    (["run", "start.date=2026-01-07"], ["inside a week", "2026-01-04", "2026-01-11"]),
    (["run", "start.date=2026-01-07"], ["where:   start.date\n"]),
    (["run", "start.policy=2026-01-07"], ["where:   start.policy\n"]),
    (["run", "start.date=2031-01-05"], ["after the projection has ended", "2030-12-29"]),
    (["run", "start.date=2031-01-05"], ["where:   start.date\n", "For example start.date="]),
    (["run", "start.date=2031-01-08"], ["after the projection has ended", "got:     2031-01-08"]),
    (["run", "start.stressor=2031-01-08"], ["The stressor starts after", "start.stressor\n"]),
    (
        ["run", "horizon=hindcast", "policy=full_package", "start.policy=2026-02-04"],
        ["'full_package' starts after the hindcast", "where:   start.policy\n"],
    ),
    (["run", "start.date=2020-01-05"], ["before the first week"]),
    (["run", "start.date=soon"], ["'start.date' is not a date", "soon", "start.date=2026"]),
    (["run", "set.border.detection_per_patrol=1.5"], ["outside its bounds", "0 to 1"]),
    (["run", f"{POSTURE}=high"], ["A number is needed", "border.posture", "high"]),
    (["run", f"{POSTURE}=high"], ["a number from 0 to 3 [1/week]", "next:", "explain border.post"]),
    (["run", f"{POSTURE}.TJK=high"], ["from 0 to 3", f"Write {POSTURE}.TJK=NUMBER"]),
    (["run", "set.border.detection_per_patrol='. 1/week'"], ["a number from 0 to 1", "next:"]),
    (["run", f"{POSTURE}=true"], ["A number is needed"]),
    (["run", f"{POSTURE}=nan"], ["A number is needed"]),
    (["run", f"{POSTURE}.RUS=2"], ["RUS"]),
    (["run", "replicates=0"], ["'replicates' is too small", "from 1"]),
    (["run", "replicates=-5"], ["'replicates' is too small"]),
    (["run", "replicates=many"], ["wrong kind", "a whole number", "many"]),
    (["run", "replicates=2.5"], ["wrong kind", "2.5"]),
    (["run", "seed=-1"], ["'seed' is too small"]),
    (["run", "engine.block_size=0"], ["engine.block_size"]),
    (["run", "figures=perhaps"], ["wrong kind", "true or false"]),
    (["run", "horizon=century"], ["no horizon", "hindcast, projection"]),
    (
        ["run", "horizon=hindcast", "scenario=malign_escalation"],
        ["starts after the hindcast has ended"],
    ),
    (["run", "horizon=hindcast", "policy=full_package"], ["after the hindcast", "start.policy"]),
    (["run", "uncertainty.name=guess"], ["kind of uncertainty", "none, priors"]),
    (["run", "scenario=status_quo,malign_escalation"], ["one scenario", "spillover sweep"]),
    (["run", "scenario.title=new"], ["not changed on the command line"]),
    (["run", "replicates=10,20"], ["several values"]),
    (["run", "+extra=1"], ["neither added nor removed"]),
    (["run", "~policy"], ["neither added nor removed"]),
    (["run", "hello"], ["cannot be read", "KEY=VALUE"]),
    (["run", "replicates=[1"], ["cannot be read"]),
    (["run", "name=a/b"], ["folder name", "next:    For example name=my_run"]),
    (["run", "--dry"], ["--dry"]),
    (["run", "--config-dir", "nowhere"], ["does not exist", "nowhere"]),
    (["run", "results=taken.txt/x"], ["is a file"]),
    (["run", "results=" + "x" * 300], ["Results cannot be written", "name is too long"]),
    (["run", "results=."], ["not a results folder of spillover", "taken.txt"]),
    (["rum"], ["no command 'rum'", "where:   command line", "Did you mean run? See `spill"]),
    (["foo"], ["where:   command line", "next:    See `spillover --help`."]),
    (["status", "."], ["no results here"]),
    (["figures", "nowhere"], ["no results here"]),
    (["status"], ["folder"]),
]


@pytest.mark.parametrize(("words", "parts"), REFUSED, ids=lambda v: " ".join(v)[:50])
def test_refused(words, parts, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("taken.txt").write_text("mine")
    assert main(words, fake_backend) == 2
    captured = capsys.readouterr()
    for part in parts:
        assert part in captured.err
    assert "Traceback" not in captured.err and captured.out == ""
    assert os.listdir(tmp_path) == ["taken.txt"]


def write_scenario(folder: Path, name: str, text: str) -> None:
    (folder / "scenario").mkdir(exist_ok=True)
    (folder / "scenario" / f"{name}.yaml").write_text(text)


OWN_SCENARIOS = [
    ("changes: [{path: border.postur, set: 2}]", ["border.postur", "border.posture"]),
    ("changes: [{path: border.posture, sett: 2}]", ["'sett'", "set"]),
    ("changes: [{path: border.posture}]", ["exactly one of set, scale, add"]),
    ("changes: [{path: border.posture, set: 1, scale: 2}]", ["exactly one of set, scale, add"]),
    (
        "changes: [{path: border.posture, set: two}]",
        ["A number is needed", "change 1", "next:", "for example set: 2"],
    ),
    ("changes: [{path: border.posture, set: 2, from_week: x}]", ["whole number of weeks"]),
    ("changes: [{path: border.posture, set: 9}]", ["outside its bounds", "scenario/own.yaml"]),
    ("changes: 3", ["is a list of changes"]),
    ("changes: [{path: border.posture, set: 2, members: TJK}]", ["[TJK]"]),
    ("title2: ${nowhere}", ["cannot be", "nowhere"]),
    ("change: []", ["no key 'change'", "changes"]),
]


@pytest.mark.parametrize(("text", "parts"), OWN_SCENARIOS, ids=lambda v: str(v)[:60])
def test_mistakes_in_own_files_are_named(text, parts, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_scenario(tmp_path, "own", f"name: own\ntitle: Own\n{text}\n")
    assert main(["run", "scenario=own", "--config-dir", str(tmp_path)], fake_backend) == 2
    message = capsys.readouterr().err
    for part in parts:
        assert part in message
    assert os.listdir(tmp_path) == ["scenario"]


def test_a_broken_yaml_file_is_no_traceback(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_scenario(tmp_path, "own", "name: [own\n")
    assert main(["run", "scenario=own", "--config-dir", str(tmp_path)], fake_backend) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_an_own_file_may_not_hide_one_of_the_package(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_scenario(tmp_path, "status_quo", "name: status_quo\n")
    assert main(["run", "--config-dir", str(tmp_path)], fake_backend) == 2
    assert "same name" in capsys.readouterr().err


def test_two_policies_that_set_the_same_parameter_are_refused(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    for name, value in (("one", 1), ("two", 2)):
        text = f"name: {name}\nchanges: [{{path: border.posture, set: {value}}}]\n"
        (tmp_path / "policy" / f"{name}.yaml").write_text(text)
    words = ["run", "policy=one+two", "--config-dir", str(tmp_path)]
    assert main(words, fake_backend) == 2
    message = capsys.readouterr().err
    assert "policy/one.yaml" in message and "policy/two.yaml" in message


UNFIT = [
    ["run", "set.cells.cell_largest=11"],
    ["run", "--dry-run", "set.cells.cell_largest=11"],
    ["sweep", "design.policies=[status_quo,full_package]", "set.cells.cell_largest=11"],
    ["run", "scenario=own", "--config-dir", ".", "start.date=2021-08-15"],
]


@pytest.mark.parametrize("words", UNFIT, ids=" ".join)
def test_values_that_do_not_fit_together_are_refused_for_every_cell(
    words, tmp_path: Path, monkeypatch, capsys
):
    """By the real model, which compiles each cell of a design before the first of them runs."""
    monkeypatch.chdir(tmp_path)
    write_scenario(
        tmp_path, "own", "name: own\ntitle: Own\nchanges: [{path: cells.cell_largest, set: 11}]\n"
    )
    assert main(words) == 2
    message = capsys.readouterr().err
    assert "cells.cell_minimum, cells.cell_size, cells.cell_largest" in message
    assert "Traceback" not in message
    assert os.listdir(tmp_path) == ["scenario"]
