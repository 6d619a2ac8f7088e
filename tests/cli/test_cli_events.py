"""`spillover events` on a small comparison of the made-up model."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from fake_model import fake_backend

from spillover.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Two policies in two scenarios, three worlds."""
    folder = tmp_path_factory.mktemp("events") / "study"
    words = ["sweep", "scenario=status_quo,malign_escalation", "policy=status_quo,full_package"]
    words += ["replicates=3", "figures=false", "engine=serial", f"results={folder}"]
    assert main(words, fake_backend) == 0
    return folder


def test_events_are_counted_for_every_scenario_and_written(folder, capsys):
    assert main(["events", str(folder)]) == 0
    text = capsys.readouterr().out
    assert "status_quo / full_package" in text and "malign_escalation / full_package" in text
    assert "averted" in text and "induced" in text
    table = pd.read_csv(folder / "analysis" / "events.csv")
    assert set(table["scenario"]) == {"status_quo", "malign_escalation"}
    assert (table["n"] == 3).all() and table["period"].min() >= 2026
    balance = table["induced"] - table["averted"]
    assert balance.tolist() == pytest.approx((table["policy_count"] - table["baseline"]).tolist())


def test_one_world_is_printed_and_writes_nothing(folder, tmp_path, capsys):
    before = (folder / "analysis" / "events.csv").read_bytes()
    assert main(["events", str(folder), "--scenario", "malign_escalation", "--world", "1"]) == 0
    text = capsys.readouterr().out
    assert "events of this world" in text and "status_quo / full_package" not in text
    assert (folder / "analysis" / "events.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("option", "value"), [("--policy", "full_pakage"), ("--scenario", "malign"), ("--world", "99")]
)
def test_what_is_not_there_is_refused(folder, option, value, capsys):
    assert main(["events", str(folder), option, value]) == 2
    text = capsys.readouterr().err
    assert option.removeprefix("--") in text and value in text


def test_a_folder_without_another_policy_is_refused(tmp_path, capsys):
    folder = tmp_path / "alone"
    words = ["run", "replicates=2", "figures=false", "engine=serial", f"results={folder}"]
    assert main(words, fake_backend) == 0
    capsys.readouterr()
    assert main(["events", str(folder)]) == 2
    assert "policy" in capsys.readouterr().err


def test_figures_are_drawn_in_the_format_asked_for(folder, capsys):
    assert main(["figures", str(folder), "--format", "svg"]) == 0
    written = [Path(line) for line in capsys.readouterr().out.split()]
    assert {path.suffix for path in written} == {".svg"}
    assert folder / "figures" / "events_by_year.svg" in written
    assert main(["figures", str(folder), "--format", "gif"]) == 2
    assert "png, svg, pdf" in capsys.readouterr().err


def test_a_scenario_without_its_baseline_is_left_out_and_said(folder, tmp_path, capsys):
    part = tmp_path / "part"
    shutil.copytree(folder, part)
    cells = pd.read_parquet(part / "cells.parquet").set_index(["scenario", "policy"])["cell_id"]
    shutil.rmtree(part / "outcomes" / f"cell={cells['status_quo', 'status_quo']}")
    assert main(["events", str(part)]) == 0
    text = capsys.readouterr().out
    assert text.count("nothing to compare") == 1
    table = pd.read_csv(part / "analysis" / "events.csv")
    assert set(table["scenario"]) == {"malign_escalation"}
