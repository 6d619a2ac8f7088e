"""`sensitivity` and `discover` on draws whose answer is known, and on folders without any."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from fake_model import fake_backend

from spillover.analysis.importance import trajectories
from spillover.cli import main
from spillover.commands import explore
from spillover.notebook.results import OpenResults

POLICIES = ("status_quo", "full_package")


def sweep(folder: Path, *words: str) -> Path:
    """A folder of two policies in one scenario."""
    common = ["figures=false", "engine=serial", "replicates=2", f"results={folder}"]
    policies = "policy=status_quo,full_package"
    assert main(["sweep", "scenario=status_quo", policies, *common, *words], fake_backend) == 0
    return folder


class KnownResults(OpenResults):
    """Results of 150 draws: the package saves 3 a attacks, and is worse than nothing where a > 0.7.

    ``b`` moves the level of both policies alike and so no effect.
    """

    def experiments(self):
        luck = np.random.default_rng(8)
        drawn = pd.DataFrame(luck.random((150, 2)), columns=["border.a", "border.b"])
        effect = np.where(drawn["border.a"] > 0.7, 2.0, -3.0 * drawn["border.a"])
        return self.over(drawn, 5.0 + 4.0 * drawn["border.b"], effect)

    def over(self, drawn: pd.DataFrame, level: pd.Series, effect: np.ndarray):
        """Experiments and outcomes of both policies from the level and what the package adds."""
        keys = {"scenario": "status_quo", "draw": np.arange(1, len(drawn) + 1), "replicate": 0}
        experiments = [drawn.assign(policy=name, **keys) for name in POLICIES]
        values = np.concatenate([level, level + effect])
        return pd.concat(experiments, ignore_index=True), {"attacks_home": values}


class HarmlessResults(KnownResults):
    """The same, but the package brings every attack to an end."""

    def over(self, drawn, level, effect):
        return super().over(drawn, level, -level)


class ScreenedResults(KnownResults):
    """A Morris screen in which one input of the border decides."""

    def experiments(self):
        paths = ["border.a", "border.b", "water.c"]
        points = trajectories(paths, 10, 4)
        drawn = pd.DataFrame(points, columns=paths)
        effect = -2.0 * drawn["border.a"].to_numpy()
        return self.over(drawn, 5.0 + drawn["water.c"], effect)


def opened(kind: type[KnownResults], draws: str = "priors"):
    """Stands in for `open_results`."""
    known = {"label": "attacks", "unit": "attacks", "kind": "flow", "better": "lower"}
    manifest = {
        "config": {"uncertainty": {"name": draws}},
        "outcomes": {"attacks_home": {**known, "headline": True}},
    }
    rows = [("status_quo", policy, draw) for policy in POLICIES for draw in range(1, 31)]
    cells = pd.DataFrame(rows, columns=["scenario", "policy", "draw"])
    return lambda folder: kind(folder, manifest, cells)


@pytest.fixture
def known(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(explore, "open_results", opened(KnownResults))
    return tmp_path


def test_sensitivity_finds_the_input_that_decides_and_only_that(known, capsys):
    assert main(["sensitivity", str(known)]) == 0
    text = capsys.readouterr().out
    assert "150 draws" in text and "full_package against status_quo" in text
    assert "border.a" in text and "border.b" not in text
    table = pd.read_csv(known / "analysis" / "importance.csv")
    assert list(table["input"]) == ["border.a", "border.b"]


def test_discover_finds_where_the_package_fails(known, capsys):
    assert main(["discover", str(known)]) == 0
    text = capsys.readouterr().out
    assert ": confirmed" in text
    boxes = pd.read_csv(known / "analysis" / "boxes.csv")
    assert set(boxes["method"]) == {"PRIM", "tree"} and set(boxes["input"]) == {"border.a"}
    assert boxes["low"].to_numpy() == pytest.approx(0.7, abs=0.05)


def test_a_policy_that_never_fails_has_no_region(known, monkeypatch, capsys):
    monkeypatch.setattr(explore, "open_results", opened(HarmlessResults))
    (known / "analysis").mkdir()
    (known / "analysis" / "boxes.csv").write_text("of an earlier command")
    assert main(["discover", str(known)]) == 0
    text = capsys.readouterr().out
    assert "in 0 of 150 draws (0% to" in text and "No region" in text
    assert not (known / "analysis" / "boxes.csv").exists()


def test_a_screen_ranks_processes_in_the_unit_of_the_outcome(known, monkeypatch, capsys):
    monkeypatch.setattr(explore, "open_results", opened(ScreenedResults, "morris"))
    assert main(["sensitivity", str(known)]) == 0
    assert "move by half of their" in capsys.readouterr().out
    table = pd.read_csv(known / "analysis" / "importance.csv").set_index("input")
    assert list(table.index) == ["border", "water"] and set(table["method"]) == {"Morris"}
    assert table.loc["border", "index"] == pytest.approx(1.0)  # 2 times half the cube
    assert table.loc["water", "index"] == pytest.approx(0.0, abs=1e-9)


def test_regions_are_not_searched_among_the_points_of_a_screen(known, monkeypatch, capsys):
    monkeypatch.setattr(explore, "open_results", opened(ScreenedResults, "morris"))
    assert main(["discover", str(known)]) == 2
    assert "Morris screen" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["sensitivity", "discover"])
def test_a_folder_without_draws_is_refused_with_the_way_to_make_one(verb, tmp_path, capsys):
    folder = sweep(tmp_path / "plain")
    capsys.readouterr()
    assert main([verb, str(folder), "--outcome", "attacks_home"]) == 2
    text = capsys.readouterr().err
    assert "too few draws" in text and "experiment=exploration" in text


def test_draws_that_change_nothing_are_refused(tmp_path, capsys):
    folder = sweep(tmp_path / "drawn", "uncertainty=priors", "uncertainty.draws=24")
    assert main(["sensitivity", str(folder), "--outcome", "attacks_home"]) == 2
    assert "No parameter of this folder was drawn" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--policy", "--outcome"])
def test_an_unknown_name_is_refused(option, known, capsys):
    assert main(["sensitivity", str(known), option, "attacks_hom"]) == 2
    assert option in capsys.readouterr().err


def test_where_doing_nothing_fails_can_be_asked(known, capsys):
    assert main(["discover", str(known), "--policy", "status_quo"]) == 0
    boxes = pd.read_csv(known / "analysis" / "boxes.csv")
    assert set(boxes["policy"]) == {"status_quo"} and set(boxes["input"]) == {"border.a"}
    assert boxes["high"].max() == pytest.approx(0.7, abs=0.06)
    assert main(["sensitivity", str(known), "--policy", "status_quo"]) == 2  # no effect on itself
