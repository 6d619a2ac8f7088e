"""`spillover validate`: refusals, and one small hindcast of the model from end to end."""

from __future__ import annotations

import pandas as pd
import pytest
from fake_model import fake_backend

from spillover.cli import main
from spillover.validation.page import results_lines


def refusal(capsys, *words: str) -> str:
    assert main(list(words), fake_backend) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_folder_that_is_no_results_folder_is_refused(folder, capsys):
    assert "no results here" in refusal(capsys, "validate", "nowhere")


def test_a_projection_is_refused(folder, capsys):
    assert main(["run", "results=out", "replicates=3", "figures=false"], fake_backend) == 0
    capsys.readouterr()
    message = refusal(capsys, "validate", "out")
    assert "only be compared with a hindcast" in message and "horizon=hindcast" in message


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--replicates", "1"), "'--replicates' is too small"),
        (("--replicates", "0"), "'--replicates' is too small"),
        (("--priors", "-1"), "'--priors' is too small"),
        (("--priors", "1"), "One draw has no share"),
        (("out", "--replicates", "5"), "a folder is only read"),
        (("out", "--results", "there"), "a folder is only read"),
        (("--replicates", "many"), "cannot be read"),
        (("one", "two"), "cannot be read"),
    ],
)
def test_bad_words_are_refused_and_nothing_is_written(words, said, folder, capsys):
    assert said in refusal(capsys, "validate", *words)
    assert list(folder.iterdir()) == []


@pytest.mark.slow
def test_a_small_hindcast_is_judged_and_read_again(folder, capsys):
    assert main(["validate", "--replicates", "2", "--results", "v"]) == 0
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 110
    assert all(f"\nK{i} " in f"\n{said}" for i in range(1, 18)) and "not an error" in said
    table = pd.read_csv(folder / "v" / "validation.csv")
    assert set(table["pattern"]) == {f"K{i}" for i in range(1, 18)}
    assert (table.loc[table["status"] != "not covered", "n"] > 0).all()
    assert (folder / "v" / "figures" / "validation.png").stat().st_size > 10_000
    assert (folder / "v-patrols" / "manifest.json").is_file()
    assert "2 worlds, seed 20210815" in results_lines(folder / "v")[0]
    assert main(["validate", "v"]) == 0
    pd.testing.assert_frame_equal(pd.read_csv(folder / "v" / "validation.csv"), table)


@pytest.mark.slow
def test_a_hindcast_keeps_the_weeks_and_severities_that_add_up_to_its_years(folder):
    words = ["run", "horizon=hindcast", "results=h", "replicates=2", "figures=false"]
    assert main([*words, "engine.workers=1"]) == 0
    kinds = {kind: pd.read_parquet(folder / "h" / kind) for kind in ("weeks", "outcomes")}
    afghan = {kind: table[table["state"] == "AFG"] for kind, table in kinds.items()}
    attacks = afghan["weeks"].groupby("replicate")["isisk_attacks_un"].sum()
    yearly = afghan["outcomes"][afghan["outcomes"]["period"] != "since_branch"]
    assert attacks.tolist() == yearly.groupby("replicate")["isisk_attacks_un"].sum().tolist()
    sizes = pd.read_parquet(folder / "h" / "severities")
    deaths = (sizes["killed"] * sizes["n_attacks"]).groupby(sizes["replicate"]).sum()
    assert deaths.tolist() == yearly.groupby("replicate")["isisk_deaths"].sum().tolist()
    assert main(["status", "h"]) == 0
