"""`verify`, `compact` and `status`, and the lock of a folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spillover.batch import lock, runner
from spillover.batch.lock import holder_of, only_writer
from spillover.batch.store import KINDS
from spillover.errors import UserError

SWEEP = ("sweep", "results=out", "engine.workers=1", "engine.block_size=10")
POLICIES = "design.policies=[status_quo,full_package]"
NOBODY = 99_999_999  # process ids end at 2**22


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "out" / "manifest.json").read_text())


def tables(folder: Path) -> dict[str, str]:
    return {k: runner.read_kind(folder / "out", k).to_csv(index=False) for k in KINDS}


@pytest.fixture
def swept(spillover, folder, capsys) -> Path:
    """A folder with two cells of thirty replicates in three chunks each."""
    assert spillover(*SWEEP, "replicates=30", POLICIES) == 0
    capsys.readouterr()
    return folder / "out"


def test_a_sound_folder_is_said_to_be_sound(swept, spillover, capsys):
    before = {p: p.stat().st_mtime_ns for p in swept.rglob("*")}
    assert spillover("verify", "out") == 0
    assert "6 chunks and the tables beside them are as they were written" in capsys.readouterr().out
    assert {p: p.stat().st_mtime_ns for p in swept.rglob("*")} == before


def _unlink_outcomes(out: Path) -> None:
    next((out / "outcomes").rglob("w00010*")).unlink()


def _stray(out: Path) -> None:
    (out / "places" / "notes.txt").write_text("mine")


def _leftover(out: Path) -> None:
    (out / "series" / f".x.parquet.tmp-{NOBODY}").touch()


def _other_cell(out: Path) -> None:
    (out / "outcomes" / "cell=unknown").mkdir()


@pytest.mark.parametrize(
    ("disturb", "found"),
    [
        (_unlink_outcomes, ["missing: replicates 10 to 19 of cell", "left over: receipts/cell="]),
        (lambda out: next((out / "series").rglob("w*")).unlink(), ["series file is missing"]),
        (lambda out: (out / "cells.parquet").write_bytes(b"x"), ["damaged: cells.parquet"]),
        (lambda out: (out / "cells.parquet").unlink(), ["missing: cells.parquet"]),
        (lambda out: (out / "series/quantiles.parquet").unlink(), ["missing: series/quantiles"]),
        (lambda out: (out / "receipts/manifest.json").unlink(), ["missing: receipts/manifest"]),
        (_stray, ["stray: places/notes.txt"]),
        (_leftover, ["left over: series/.x.parquet.tmp"]),
        (_other_cell, ["stray: cell unknown"]),
    ],
)
def test_what_is_wrong_is_named_with_what_mends_it(swept, spillover, capsys, disturb, found):
    disturb(swept)
    assert spillover("verify", "out") == 1
    text = capsys.readouterr().out
    assert all(words in text for words in found), text
    if "stray" in found[0]:
        return
    assert "spillover sweep results=out" in text and POLICIES in text
    assert spillover(*SWEEP, "replicates=30", POLICIES) == 0
    assert spillover("verify", "out") == 0


def test_chunks_that_went_without_a_trace_are_missed(swept, spillover, capsys):
    for path in swept.rglob("w00020*"):
        path.unlink()
    assert spillover("verify", "out") == 1
    assert capsys.readouterr().out.count("missing: replicates 20 to 29") == 2


def test_all_commands_of_a_folder_mend_it(swept, spillover, capsys):
    assert spillover(*SWEEP, "replicates=30", "design.policies=[border_security]") == 0
    next((swept / "places").rglob("w00000*")).write_bytes(b"x")
    capsys.readouterr()
    assert spillover("verify", "out") == 1
    text = capsys.readouterr().out
    assert POLICIES in text and "[border_security]" in text


def test_compaction_keeps_rows_hash_and_sense(swept, spillover, folder, capsys):
    rows, manifest = tables(folder), manifest_of(folder)
    quantiles = (swept / "series/quantiles.parquet").read_bytes()
    assert spillover("compact", "out") == 0
    assert "6 chunks became 2" in capsys.readouterr().out
    assert len(list(swept.rglob("w*.parquet"))) == 2 * len(KINDS)
    assert tables(folder) == rows and spillover("verify", "out") == 0
    assert manifest_of(folder) == manifest
    assert spillover(*SWEEP, "replicates=30", POLICIES) == 0
    assert "2 there already, 0 to compute" in capsys.readouterr().out
    assert manifest_of(folder)["results_sha256"] == manifest["results_sha256"]
    assert (swept / "series/quantiles.parquet").read_bytes() == quantiles


def test_a_merged_chunk_is_the_chunk_of_a_larger_block(swept, spillover, folder):
    """Rows by replicate have the very bytes that one block of all replicates would have."""
    spillover("compact", "out")
    whole = ("sweep", "results=whole", "engine.workers=1", "engine.block_size=30", POLICIES)
    assert spillover(*whole, "replicates=30") == 0
    for kind in ("outcomes", "places"):
        for path in (swept / kind).rglob("w*"):
            other = folder / "whole" / path.relative_to(swept)
            assert path.name == "w00000-00029.parquet" and path.read_bytes() == other.read_bytes()
    notes = json.loads(pq.read_schema(path).metadata[b"spillover"])
    assert (notes["first"], notes["stop"]) == (0, 30)


def test_compaction_again_does_nothing_and_goes_on_after_more_replicates(swept, spillover, folder):
    def files() -> dict[str, bytes]:
        return {p.name + p.parts[-3]: p.read_bytes() for p in sorted(swept.rglob("w*.parquet"))}

    assert spillover("compact", "out") == 0
    once = files()
    assert spillover("compact", "out") == 0 and files() == once
    assert spillover(*SWEEP, "replicates=45", POLICIES) == 0
    assert spillover("compact", "out") == 0
    in_steps, in_hash = files(), manifest_of(folder)["results_sha256"]
    spillover("sweep", "results=b", *SWEEP[2:], "replicates=30", POLICIES)
    assert spillover("sweep", "results=b", *SWEEP[2:], "replicates=45", POLICIES) == 0
    (folder / "b").rename(folder / "at_once"), swept.rename(folder / "steps")
    (folder / "at_once").rename(swept)
    assert spillover("compact", "out") == 0
    assert files() == in_steps and manifest_of(folder)["results_sha256"] == in_hash


def test_gaps_are_not_merged_over(swept, spillover, capsys):
    for path in swept.rglob("w00010*"):
        path.unlink()
    assert spillover("compact", "out") == 0
    assert "nothing to merge" in capsys.readouterr().out


def test_damaged_chunks_are_not_merged(swept, spillover, capsys):
    victim = next((swept / "series").rglob("w00010*"))
    victim.write_bytes(b"x")
    before = sorted(swept.rglob("*"))
    assert spillover("compact", "out") == 2
    error = capsys.readouterr().err
    assert "w00010-00019: its series file does not match" in error and "verify" in error
    assert sorted(swept.rglob("*")) == before


def test_status_says_who_writes_and_what_is_left_over(swept, spillover, capsys):
    _leftover(swept)
    assert spillover("status", "out") == 0
    assert "left over by a run that did not finish: 1 file" in capsys.readouterr().out
    with only_writer(swept, ["spillover", "sweep", "results=out"]):
        assert spillover("status", "out", "--quick") == 0
        text = capsys.readouterr().out
        assert f"being written by process {os.getpid()}" in text and "sweep results=out" in text


@pytest.mark.parametrize("name", ["cells.parquet", "series/quantiles.parquet"])
def test_damaged_tables_are_told_in_plain_words(swept, spillover, capsys, name):
    table = swept / name
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    assert spillover("status", "out") in (1, 2)
    captured = capsys.readouterr()
    assert Path(name).name in captured.out + captured.err
    assert spillover(*SWEEP, "replicates=30", POLICIES) == 0
    assert spillover("status", "out") == 0


def test_quick_status_reads_no_chunk(swept, spillover, capsys):
    next((swept / "places").rglob("w*")).write_bytes(b"x")
    assert spillover("status", "out", "--quick") == 0
    assert "not read" in capsys.readouterr().out
    assert spillover("status", "out") == 1


def test_a_second_writer_is_told_who_is_there(swept, spillover, folder, capsys):
    with only_writer(swept, ["spillover", "sweep"]):
        for words in ((*SWEEP, "replicates=30"), ("compact", "out")):
            assert spillover(*words) == 2
            error = capsys.readouterr().err
            assert "Another command is writing into this folder" in error
            assert f"process {os.getpid()} on" in error and f"kill -INT {os.getpid()}" in error
        assert spillover("sweep", "results=elsewhere", "replicates=3") == 0
        assert spillover(*SWEEP, "replicates=30", "--dry-run") == 0
    assert spillover(*SWEEP, "replicates=30") == 0
    assert not list(folder.rglob(".lock"))


def test_the_lock_is_let_go_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), only_writer(tmp_path, ["x"]):
        raise ZeroDivisionError
    assert holder_of(tmp_path) is None and list(tmp_path.iterdir()) == []


@pytest.fixture
def no_locks(monkeypatch):
    def flock(*args: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(lock.fcntl, "flock", flock)


def _claim(folder: Path, **holder: object) -> None:
    me = {"pid": NOBODY, "host": lock.socket.gethostname(), "begun": "once", "command": "sweep"}
    (folder / ".lock").write_text(json.dumps(me | holder))


def test_without_locks_the_file_of_a_dead_process_is_taken_over(tmp_path, no_locks):
    _claim(tmp_path)
    assert holder_of(tmp_path) is None
    with only_writer(tmp_path, ["again"]):
        assert holder_of(tmp_path).pid == os.getpid()
    assert not (tmp_path / ".lock").exists()


@pytest.mark.parametrize("holder", [{"pid": os.getpid()}, {"host": "another-machine"}])
def test_without_locks_others_are_respected_and_the_way_out_is_told(tmp_path, no_locks, holder):
    _claim(tmp_path, **holder)
    with pytest.raises(UserError, match=r"knows no locks: .* remove .*\.lock"):
        only_writer(tmp_path, ["again"]).__enter__()
    assert holder_of(tmp_path) is not None and (tmp_path / ".lock").exists()


def test_with_locks_the_file_of_any_dead_process_is_no_obstacle(tmp_path):
    _claim(tmp_path, host="another-machine")
    assert holder_of(tmp_path) is None
    with only_writer(tmp_path, ["again"]):
        assert holder_of(tmp_path).pid == os.getpid()
