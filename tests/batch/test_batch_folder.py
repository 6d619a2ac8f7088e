"""Which folders are taken for results, and what a folder says about itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from spillover.batch import folder as folders
from spillover.batch.checkout import checkout_state
from spillover.batch.fingerprint import PACKAGE

RUN = ("run", "results=out", "replicates=5")
STRANGE_MANIFESTS = ["{}", "[1, 2]", "null", '"text"', "not JSON", "", b"\xff\xfe\x00", "{'a': 1}"]
NOT_OURS = "not a results folder of spillover"


def content(folder: Path) -> dict[Path, bytes | None]:
    return {p: p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "out" / "manifest.json").read_text())


@pytest.mark.parametrize("text", STRANGE_MANIFESTS, ids=repr)
def test_a_strange_manifest_is_refused_by_every_command(text, spillover, folder, capsys):
    (folder / "out").mkdir()
    raw = text if isinstance(text, bytes) else text.encode()
    (folder / "out" / "manifest.json").write_bytes(raw)
    before = content(folder)
    for words in (RUN, (*RUN, "--dry-run"), ("status", "out"), ("figures", "out")):
        assert spillover(*words) == 2
        captured = capsys.readouterr()
        assert NOT_OURS in captured.err and "manifest.json" in captured.err
        assert captured.out == ""
    assert content(folder) == before


@pytest.mark.parametrize(
    "key", ["fingerprint", "frame", "versions", "config", "outcomes", "commands", "name"]
)
def test_a_manifest_without_one_of_our_keys_is_refused(key, spillover, folder, capsys):
    assert spillover(*RUN) == 0
    manifest = manifest_of(folder)
    del manifest[key]
    (folder / "out" / "manifest.json").write_text(json.dumps(manifest))
    before = content(folder)
    capsys.readouterr()
    for words in (RUN, ("status", "out"), ("figures", "out")):
        assert spillover(*words) == 2
        message = capsys.readouterr().err
        assert NOT_OURS in message and f"a file without {key}" in message
    assert content(folder) == before


@pytest.mark.parametrize("name", ["summary.csv", "docs/index.md", ".hidden", "cells.parquet"])
@pytest.mark.parametrize("words", [RUN, (*RUN, "--dry-run")], ids=["run", "dry run"])
def test_a_folder_with_other_files_is_left_alone(name, words, spillover, folder, capsys):
    file = folder / "out" / name
    file.parent.mkdir(parents=True)
    file.write_text("mine")
    before = content(folder)
    assert spillover(*words) == 2
    captured = capsys.readouterr()
    assert NOT_OURS in captured.err and Path(name).parts[0] in captured.err
    assert captured.out == "" and content(folder) == before


def test_an_empty_folder_and_leftovers_of_a_first_start_are_fine(spillover, folder):
    (folder / "out").mkdir()
    assert spillover(*RUN) == 0
    (folder / "begun").mkdir()
    # process ids end at 2**22, so no living process has this one
    (folder / "begun" / ".manifest.json.tmp-99999999").write_text("{")
    assert spillover("run", "results=begun", "replicates=5") == 0
    assert not list((folder / "begun").glob(".*"))


def test_an_unwritable_folder_is_refused_before_the_header(spillover, folder, capsys, monkeypatch):
    real_file = folders.tempfile.TemporaryFile

    def refuse(*args, **kwargs):
        raise OSError(2, "No such file or directory", str(folder))

    monkeypatch.setattr(folders.tempfile, "TemporaryFile", refuse)
    assert spillover("run", "results=a/b/out") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "[Errno" not in captured.err
    assert "Results cannot be written: the system lets nobody make a folder" in captured.err
    assert list(folder.iterdir()) == []
    monkeypatch.setattr(folders.tempfile, "TemporaryFile", real_file)
    assert spillover("run", "results=a/b/out", "replicates=5") == 0


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder that takes no files")
def test_a_special_folder_is_refused_in_plain_words(spillover, capsys):
    assert spillover("run", "results=/proc/spillover_results/out") == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "[Errno" not in captured.err
    assert "Results cannot be written" in captured.err


def test_a_hindcast_without_branch_is_not_headed_since_the_branch(spillover, folder, capsys):
    assert spillover(*RUN, "horizon=hindcast") == 0
    text = capsys.readouterr().out
    assert "over the whole hindcast" in text and "since the branch" not in text
    assert manifest_of(folder)["since_branch_is_whole_run"] is True


@pytest.mark.parametrize(
    "words",
    [(), ("horizon=hindcast", "start.policy=2022-01-02"), ("start.date=2021-08-15",)],
    ids=" ".join,
)
def test_a_run_with_a_branch_is_headed_so(words, spillover, folder, capsys):
    assert spillover(*RUN, *words) == 0
    text = capsys.readouterr().out
    assert "since the branch" in text and "over the whole" not in text
    assert manifest_of(folder)["since_branch_is_whole_run"] is False


def test_weekly_quantiles_carry_units_and_labels(spillover, folder):
    assert spillover(*RUN) == 0
    table = pq.read_table(folder / "out" / "series" / "quantiles.parquet", partitioning=None)
    assert set(zip(*(table[c].to_pylist() for c in ("outcome", "unit")), strict=True)) == {
        ("attacks_home", "attacks")
    }
    notes = {field.name: field.metadata for field in table.schema}
    assert all(note[b"label"].decode() != name for name, note in notes.items())
    assert notes["q95"][b"unit"] == notes["mean"][b"unit"] == b"see column unit"
    assert notes["week"][b"unit"] == b"week" and notes["n"][b"unit"] == b"replicates"
    about = json.loads(table.schema.metadata[b"spillover"])
    assert about["labels"]["attacks_home"] == "Attacks at home"
    assert about["units"]["attacks_home"] == "attacks"


def test_the_table_of_cells_has_labels_and_units_of_own_values(spillover, folder):
    words = ("set.border.posture.TJK=2", "set.border.detection_per_patrol=0.2")
    assert spillover(*RUN, *words) == 0
    schema = pq.read_schema(folder / "out" / "cells.parquet")
    labels = {field.name: field.metadata[b"label"].decode() for field in schema}
    assert all(label != name for name, label in labels.items())
    assert labels["set:border.posture.TJK"] == "set border.posture for TJK"
    assert labels["set:border.detection_per_patrol"] == "set border.detection_per_patrol"
    assert schema.field("set:border.posture.TJK").metadata[b"unit"] == b"1/week"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    done = subprocess.run(
        ["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The package folder in a small checkout with one commit."""
    if shutil.which("git") is None:
        pytest.skip("needs git")
    package = tmp_path / "repository" / "src" / "spillover"
    package.mkdir(parents=True)
    (package / "model.py").write_text("x = 1\n")
    top = package.parents[1]
    git(top, "init", "-q")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "first")
    return package


def test_commit_and_dirt_of_a_checkout(checkout: Path):
    top = checkout.parents[1]
    commit = git(top, "rev-parse", "HEAD")
    (top / "results").mkdir()
    (top / "results" / "summary.csv").write_text("not source\n")
    assert checkout_state(checkout) == {"commit": commit, "dirty": False}
    (checkout / "new.py").write_text("y = 2\n")
    assert checkout_state(checkout) == {"commit": commit, "dirty": True}


def test_an_installed_package_inside_a_stranger_s_checkout_has_no_commit(checkout: Path):
    installed = checkout.parents[1] / "venv" / "site-packages" / "spillover"
    installed.mkdir(parents=True)
    assert checkout_state(installed) is None
    assert checkout_state(checkout.parents[2] / "nowhere" / "src" / "spillover") is None


def test_the_manifest_names_commit_and_mesa(spillover, folder):
    assert spillover(*RUN) == 0
    manifest = manifest_of(folder)
    assert "mesa" in manifest["versions"]
    is_checkout = (PACKAGE.parents[1] / ".git").exists() and shutil.which("git") is not None
    assert (manifest["git"] is not None) == is_checkout


def test_folders_of_results_are_read_again(spillover, folder):
    """The checks above do not refuse what the runner itself has written."""
    assert spillover(*RUN) == 0
    assert spillover("run", "results=out", "replicates=8") == 0
    assert set(pd.read_csv(folder / "out" / "summary.csv")["n"]) == {8}
