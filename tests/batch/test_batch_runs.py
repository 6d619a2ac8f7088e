"""Whole runs with the made-up model: the same bytes whatever the route, and resuming."""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from spillover.batch import chunk, runner
from spillover.batch.store import Block, Receipt

RUN = ("run", "results=out", "engine.block_size=50")


def chunks(folder: Path) -> dict[str, bytes]:
    """Bytes of the chunk files of a results folder by relative name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for kind in ("outcomes", "places", "series")
        for path in sorted((folder / kind).rglob("w*.parquet"))
    }


def test_same_seed_gives_the_same_bytes(spillover, folder):
    for name in ("a", "b"):
        words = ("run", f"results={name}", "replicates=60", "engine.block_size=50", "seed=7")
        assert spillover(*words) == 0
    assert chunks(folder / "a") == chunks(folder / "b")
    assert len(chunks(folder / "a")) == 6
    for derived in ("cells.parquet", "series/quantiles.parquet", "summary.csv"):
        assert (folder / "a" / derived).read_bytes() == (folder / "b" / derived).read_bytes()
    hashes = [json.loads((folder / n / "manifest.json").read_text()) for n in ("a", "b")]
    assert hashes[0]["results_sha256"] == hashes[1]["results_sha256"]


def test_another_seed_gives_other_numbers(spillover, folder):
    spillover("run", "results=a", "replicates=10", "seed=7")
    spillover("run", "results=b", "replicates=10", "seed=8")
    a, b = (pd.read_csv(folder / name / "summary.csv") for name in ("a", "b"))
    assert not a["mean"].equals(b["mean"])


def test_batch_size_and_workers_change_no_byte(spillover, folder):
    spillover("run", "results=a", "replicates=100", "engine.batch_size=7", "engine.workers=1")
    spillover("run", "results=b", "replicates=100", "engine.batch_size=50", "engine.workers=2")
    assert chunks(folder / "a") == chunks(folder / "b")


def test_the_first_fifty_of_a_hundred_are_the_fifty(spillover, folder):
    spillover("run", "results=a", "replicates=50", "engine.block_size=50")
    spillover("run", "results=b", "replicates=100", "engine.block_size=50")
    few, many = chunks(folder / "a"), chunks(folder / "b")
    assert len(few) == 3 and len(many) == 6
    assert few.items() <= many.items()


def test_more_replicates_are_appended_and_nothing_is_rewritten(spillover, folder):
    spillover(*RUN, "replicates=50")
    before = {p: p.stat().st_mtime_ns for p in (folder / "out").rglob("w*.parquet")}
    spillover(*RUN, "replicates=80")
    after = {p: p.stat().st_mtime_ns for p in (folder / "out").rglob("w*.parquet")}
    assert len(after) == 6 and before.items() <= after.items()
    assert set(pd.read_csv(folder / "out" / "summary.csv")["n"]) == {80}
    quantiles = pq.read_table(folder / "out" / "series" / "quantiles.parquet").to_pandas()
    assert set(quantiles["n"]) == {80}


def test_quantiles_are_brought_up_to_date_after_an_interruption(spillover, folder, monkeypatch):
    spillover(*RUN, "replicates=50")
    with monkeypatch.context() as patch:
        patch.setattr(runner, "write_quantiles", interrupt)
        assert spillover(*RUN, "replicates=80") == 130
    assert spillover(*RUN, "replicates=80") == 0
    quantiles = pq.read_table(folder / "out" / "series" / "quantiles.parquet").to_pandas()
    assert set(quantiles["n"]) == {80}


def interrupt(results: Path) -> None:
    raise KeyboardInterrupt


def test_a_repeated_command_computes_nothing(spillover, folder, capsys):
    spillover(*RUN, "replicates=50")
    spillover(*RUN, "replicates=50")
    assert "1 there already, 0 to compute" in capsys.readouterr().out


@pytest.mark.slow
def test_resume_after_kill_9(start_process, spillover, folder):
    words = ("replicates=60", "engine.block_size=10", "engine.workers=1", "set.fake.sleep=0.3")
    process = start_process(*RUN, *words, "figures=false")
    deadline = time.monotonic() + 60
    while len(list((folder / "out" / "outcomes").rglob("w*.parquet"))) < 2:
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    process.kill()
    process.communicate()
    survived = chunks(folder / "out")
    assert 6 <= len(survived) < 18
    assert spillover("status", "out") == 1
    assert spillover(*RUN, *words) == 0
    assert spillover("status", "out") == 0
    resumed = chunks(folder / "out")
    assert len(resumed) == 18 and survived.items() <= resumed.items()
    assert spillover("run", "results=fresh", *words) == 0
    assert resumed == chunks(folder / "fresh")


@pytest.mark.slow
def test_ctrl_c_leaves_a_folder_that_resumes(start_process, spillover, folder):
    words = ("replicates=60", "engine.block_size=5", "set.fake.sleep=0.3")
    process = start_process(*RUN, *words, "figures=false")
    while not list((folder / "out" / "outcomes").rglob("w*.parquet")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Resume with the same command" in errors and "Traceback" not in errors
    assert spillover(*RUN, *words) == 0
    assert spillover("status", "out") == 0


def test_a_damaged_chunk_is_named_and_computed_again(spillover, folder, capsys):
    spillover(*RUN, "replicates=100")
    sound = chunks(folder / "out")
    victim = next((folder / "out" / "places").rglob("w00050*.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    assert spillover("status", "out") == 1
    capsys.readouterr()
    assert spillover(*RUN, "replicates=100") == 0
    assert "w00050-00099: its places file does not match" in capsys.readouterr().out
    assert chunks(folder / "out") == sound


def test_another_model_is_refused_and_nothing_changes(spillover, folder, capsys, monkeypatch):
    spillover(*RUN, "replicates=10")
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    monkeypatch.setenv("FAKE_MODEL_VERSION", "second")
    assert spillover(*RUN, "replicates=20") == 2
    message = capsys.readouterr().err
    assert "another version of the model" in message and "different: source" in message
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == before


def test_another_seed_in_the_same_folder_is_refused(spillover, folder, capsys):
    spillover(*RUN, "replicates=10", "seed=1")
    assert spillover(*RUN, "replicates=10", "seed=2") == 2
    assert "seed: folder 1, now 2" in capsys.readouterr().err


def test_a_failing_chunk_is_recorded_and_the_rest_goes_on(spillover, folder, capsys):
    words = ("replicates=30", "engine.block_size=10", "set.fake.fail_at=15")
    assert spillover(*RUN, *words) == 1
    (file,) = (folder / "out" / "failures").iterdir()
    failure = json.loads(file.read_text())
    assert failure["stage"] == "simulate" and failure["seed"] == 20210815
    assert (failure["first"], failure["stop"]) == (10, 20)
    assert "replicate 15 went wrong" in failure["message"]
    assert "fake_simulate" in failure["traceback"]
    assert set(pd.read_csv(folder / "out" / "summary.csv")["n"]) == {20}
    assert "1 chunks failed" in capsys.readouterr().out
    assert spillover("status", "out") == 1


def test_a_chunk_that_kills_its_worker_twice_is_set_aside(spillover, folder):
    words = ("replicates=60", "engine.block_size=10", "set.fake.die_at=25")
    assert spillover(*RUN, *words) == 1
    (file,) = (folder / "out" / "failures").iterdir()
    failure = json.loads(file.read_text())
    assert failure["stage"] == "worker" and "died 2 times" in failure["message"]
    assert len(chunks(folder / "out")) == 15


def test_a_worker_that_dies_once_costs_nothing(spillover, folder, monkeypatch):
    monkeypatch.setenv("FAKE_MODEL_FLAG", str(folder / "died"))
    words = ("replicates=60", "engine.block_size=10", "set.fake.die_once_at=25")
    assert spillover(*RUN, *words) == 0
    assert (folder / "died").exists()
    assert len(chunks(folder / "out")) == 18


def test_success_clears_an_earlier_failure(spillover, folder):
    spillover(*RUN, "replicates=20", "engine.block_size=10")
    failures = folder / "out" / "failures"
    failures.mkdir()
    cell = next((folder / "out" / "outcomes").iterdir()).name.removeprefix("cell=")
    (failures / f"{cell}-w00020-00029.json").write_text(
        json.dumps({"chunk": f"{cell}-w00020-00029", "first": 20, "stop": 30}).replace(
            "}", ', "stage": "simulate", "message": "earlier"}'
        )
    )
    assert spillover(*RUN, "replicates=30", "engine.block_size=10") == 0
    assert list(failures.iterdir()) == []


def test_dry_run_writes_nothing(spillover, folder, capsys):
    assert spillover("sweep", "experiment=quick", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "8 cells x 100 replicates" in out and "8 chunks: 0 there already" in out
    assert "estimate:" in out and "MB on the disk" in out and "nothing was written" in out
    assert os.listdir(folder) == []


def test_dry_run_counts_what_is_there(spillover, folder, capsys):
    spillover(*RUN, "replicates=100")
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    capsys.readouterr()
    assert spillover(*RUN, "replicates=200", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "4 chunks: 2 there already, 2 to compute" in out and "timings of the last run" in out
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


def test_tables_carry_labels_units_and_no_index(spillover, folder):
    spillover(*RUN, "replicates=10", "policy=full_package")
    path = next((folder / "out" / "outcomes").rglob("*.parquet"))
    schema = pq.read_schema(path)
    assert schema.names[:7] == [
        *("cell_id", "scenario", "policy", "draw", "replicate", "state", "period")
    ]
    assert schema.field("attacks_home").metadata[b"unit"] == b"attacks"
    assert schema.field("attacks_home").metadata[b"label"] == b"Attacks at home"
    assert b"pandas" not in schema.metadata
    table = pq.ParquetFile(path).read().to_pandas()
    assert set(table["policy"]) == {"full_package"} and set(table["draw"]) == {0}
    assert len(table) == 10 * 6 * 11
    assert json.loads(schema.metadata[b"spillover"])["stop"] == 10


def test_manifest_says_how_to_do_it_again(spillover, folder):
    spillover(*RUN, "replicates=10", "seed=3", "set.border.posture=2")
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert manifest["seed"] == 3 and manifest["config"]["replicates"] == 10
    assert manifest["frame"]["set"] == {"border.posture": "2"}
    assert {"numpy", "pyarrow", "spillover", "python"} <= set(manifest["versions"])
    assert manifest["commands"][0]["argv"][:3] == ["spillover", "run", "results=out"]
    assert manifest["fingerprint"]["id"] and len(manifest["results_sha256"]) == 64


def test_cells_table_holds_every_cell_of_the_folder(spillover, folder):
    spillover("sweep", "results=out", "replicates=5", "design.policies=[status_quo]")
    spillover("sweep", "results=out", "replicates=5", "design.policies=[full_package]")
    cells = pq.read_table(folder / "out" / "cells.parquet").to_pandas()
    assert list(cells["policy"]) == ["status_quo", "full_package"]
    assert cells["cell_id"].is_unique
    assert set(pd.read_csv(folder / "out" / "summary.csv")["policy"]) == set(cells["policy"])


def test_priors_make_one_cell_per_draw(spillover, folder):
    words = ("uncertainty=priors", "uncertainty.draws=3", "replicates=5")
    assert spillover("sweep", "results=out", *words) == 0
    cells = pq.read_table(folder / "out" / "cells.parquet").to_pandas()
    assert list(cells["draw"]) == [1, 2, 3]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs the names of open files")
def test_a_full_disk_fails_the_chunk_and_nothing_is_half_written(
    spillover, folder, monkeypatch, capsys
):
    assert spillover(*RUN, "replicates=10") == 0
    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        if "places" in os.readlink(f"/proc/self/fd/{descriptor}"):
            raise OSError(errno.ENOSPC, "No space left on device")
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert spillover(*RUN, "replicates=20", "engine.workers=1") == 1
    assert "No space left" in capsys.readouterr().err
    assert len(chunks(folder / "out")) == 3 and not list(folder.rglob(".*tmp*"))
    monkeypatch.setattr(os, "fsync", real_fsync)
    assert spillover(*RUN, "replicates=20") == 0
    assert len(chunks(folder / "out")) == 6


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_disk_that_refuses_ends_the_sweep_at_once(number, spillover, folder, monkeypatch, capsys):
    tried: list[str] = []

    def refuse(results: Path, cell_id: str, *rest: object) -> None:
        tried.append(cell_id)
        raise OSError(number, os.strerror(number))

    words = (*RUN, "replicates=40", "engine.block_size=10", "engine.workers=1")
    with monkeypatch.context() as patch:
        patch.setattr(chunk, "write_chunk", refuse)
        assert spillover(*words) == 1
    errors = capsys.readouterr().err
    assert len(tried) == 1 and errors.count("next:") == 1
    assert os.strerror(number) in errors and "repeat the" in errors and "Traceback" not in errors
    assert spillover(*words) == 0
    assert len(chunks(folder / "out")) == 12


def test_other_errors_of_writing_fail_their_chunk_only(spillover, folder, monkeypatch):
    real_write = chunk.write_chunk

    def write(results: Path, cell_id: str, block: Block, *rest: object) -> Receipt:
        if block.first == 10:
            raise OSError(errno.EIO, "Input/output error")
        return real_write(results, cell_id, block, *rest)

    monkeypatch.setattr(chunk, "write_chunk", write)
    words = ("replicates=30", "engine.block_size=10", "engine.workers=1")
    assert spillover(*RUN, *words) == 1
    assert len(chunks(folder / "out")) == 6
