"""`sensitivity` and `discover` on draws whose answer is known, and on folders without any."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from fake_model import fake_backend

from spillover.cli import main
from spillover.commands import explore


def sweep(folder: Path, *words: str) -> Path:
    """A folder of two policies in one scenario."""
    common = ["figures=false", "engine=serial", "replicates=2", f"results={folder}"]
    policies = "policy=status_quo,full_package"
    assert main(["sweep", "scenario=status_quo", policies, *common, *words], fake_backend) == 0
    return folder


class KnownResults:
    """Results of 150 draws: the package saves 3 a attacks, and is worse than nothing where a > 0.7.

    ``b`` moves the level of both policies alike and so no effect.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        luck = np.random.default_rng(8)
        drawn = pd.DataFrame(luck.random((150, 2)), columns=["border.a", "border.b"])
        effect = np.where(drawn["border.a"] > 0.7, 2.0, -3.0 * drawn["border.a"])
        keys = {"scenario": "status_quo", "draw": np.arange(1, 151), "replicate": 0}
        plain = drawn.assign(policy="status_quo", **keys)
        package = drawn.assign(policy="full_package", **keys)
        self.experiments = pd.concat([plain, package], ignore_index=True)
        level = 5.0 + 4.0 * drawn["border.b"]
        self.values = {"attacks_home": np.concatenate([level, level + effect])}
        self.cells = self.experiments[["scenario", "policy", "draw"]]
        self.scenarios, self.policies = ("status_quo",), ("status_quo", "full_package")
        known = {"label": "attacks", "unit": "attacks", "kind": "flow", "better": "lower"}
        self.manifest = {"config": {}, "outcomes": {"attacks_home": {**known, "headline": True}}}
        self.outcomes = pd.DataFrame(self.manifest["outcomes"]).T

    def to_ema(self):
        return self.experiments, self.values


@pytest.fixture
def known(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(explore, "open_results", KnownResults)
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


def test_a_policy_that_never_fails_has_no_region(known, capsys):
    results = KnownResults(known)
    results.values["attacks_home"][150:] = 0.0
    explore.open_results = lambda folder: results  # the fixture restores it
    assert main(["discover", str(known)]) == 2
    assert "too few failures" in capsys.readouterr().err
    assert not (known / "analysis" / "boxes.csv").exists()


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
