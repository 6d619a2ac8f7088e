"""`spillover compare` from the command line, with the made-up model."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from fake_model import fake_backend

from spillover.cli import main

KEYS = ["compare.outcomes=[attacks_home]", "figures=false", "engine=serial"]
POLICIES = "policy=status_quo,full_package,border_security"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*words):
    return main([*words, *KEYS], fake_backend)


def test_a_comparison_ends_with_card_and_tables(capsys):
    code = call(
        "compare", "scenario=status_quo,malign_escalation", POLICIES, "replicates=100", "name=c",
        "compare.precision.adaptive=false",
    )  # fmt: skip
    out = capsys.readouterr().out
    assert code == 0
    assert out.index("Decision card") < out.index("Harmful") < out.index("95% together")
    folder = Path("results/c/analysis")
    effects = pd.read_csv(folder / "effects.csv")
    key = effects[effects["is_key"]]
    # each change of a policy adds one attack in each of five states
    one, two = (key.loc[key["policy"] == p, "mean"] for p in ("border_security", "full_package"))
    assert set(key["n"]) == {100} and two.min() > one.max() > 0
    assert set(key["verdict"]) == {"harmful"}
    card = json.loads((folder / "card.json").read_text())
    assert any("full_package" in s for f in card["findings"] for s in f["sentences"])
    assert (folder / "card.md").read_text().startswith("# c")
    assert not (folder / "factorial.csv").exists()


def test_precision_ends_the_sweep_early_and_typing_it_again_changes_nothing():
    words = ["compare", POLICIES, "replicates=900", "name=a"]
    assert call(*words) == 0  # effects without spread: the earliest stop
    first = (Path("results/a/analysis/effects.csv")).read_bytes()
    assert set(pd.read_csv("results/a/analysis/effects.csv")["n"]) == {200}
    assert call(*words) == 0
    assert Path("results/a/analysis/effects.csv").read_bytes() == first


def test_a_cap_before_the_precision_is_an_exit_code():
    assert call("compare", POLICIES, "replicates=100", "name=short") == 1


def test_more_worlds_in_the_folder_do_not_change_the_comparison():
    assert call("sweep", POLICIES, "replicates=300", "name=more") == 0
    assert call("compare", POLICIES, "replicates=900", "name=more") == 0
    assert set(pd.read_csv("results/more/analysis/effects.csv")["n"]) == {200}


def test_multirun_lands_in_the_same_folder():
    assert call("run", "-m", POLICIES, "replicates=4", "name=m") == 0
    assert call("sweep", POLICIES, "replicates=4", "name=m") == 0
    assert len(pd.read_parquet("results/m/cells.parquet")) == 3


def test_failed_chunks_leave_the_rest_usable(capsys):
    words = ["compare", POLICIES, "replicates=150", "name=f", "engine.block_size=50"]
    assert call(*words, "set.fake.fail_at=120", "compare.precision.adaptive=false") == 1
    assert "failed" in capsys.readouterr().out
    assert set(pd.read_csv("results/f/analysis/effects.csv")["n"]) == {100}


def test_dry_run_writes_nothing():
    assert call("compare", POLICIES, "--dry-run") == 0
    assert not Path("results").exists()


REFUSED = [
    (["policy=full_package,border_security"], ["baseline is not among", "compare.baseline"]),
    (["policy=status_quo"], ["only one policy"]),
    ([POLICIES, "compare.outcomes=[attacks_hom]"], ["no outcome 'attacks_hom'", "attacks_home"]),
    ([POLICIES, "compare.outcomes=[]"], ["at least one key outcome"]),
    ([POLICIES, "compare.tolerance.attacks_home=2 persons"], ["2 persons", "'attacks'"]),
    ([POLICIES, "compare.tolerance.wine=2 litres"], ["no outcome 'wine'"]),
    ([POLICIES, "replicates=99"], ["too few replicates", "100 or more"]),
    ([POLICIES, "compare.precision.block=0"], ["compare.precision.block"]),
    ([POLICIES, "compare.basline=x"], ["compare.baseline"]),
    (["policy=status_quo,full_package@soon"], ["variant", "@soon"]),
]


@pytest.mark.parametrize(("words", "parts"), REFUSED, ids=lambda v: " ".join(v)[:60])
def test_refused(words, parts, capsys, folder):
    keys = [] if any(w.startswith("compare.outcomes") for w in words) else KEYS[:1]
    assert main(["compare", *words, *keys], fake_backend) == 2
    err = capsys.readouterr().err
    for part in parts:
        assert part in err
    assert list(folder.iterdir()) == []
