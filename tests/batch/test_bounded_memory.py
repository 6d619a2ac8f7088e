"""Memory follows the size of a chunk, not the number of replicates."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_model import fake_backend

from spillover.batch import quantiles, runner
from spillover.batch.compose import compose_config
from spillover.batch.design import make_plan
from spillover.batch.tables import labelled_table, parquet_bytes, weekly_quantiles

N_BLOCKS, N_ROWS = 40, 600


@pytest.fixture
def series_files(tmp_path) -> list[Path]:
    """Counts of three outcomes in many chunks that repeat the same few hundred values."""
    paths = []
    for block in range(N_BLOCKS):
        luck = np.random.default_rng(block)
        frame = pd.DataFrame(
            {
                "outcome": luck.choice(["arrests", "attacks", "threat"], N_ROWS),
                "state": luck.choice(["KAZ", "TJK"], N_ROWS),
                "week": luck.integers(0, 5, N_ROWS).astype(np.int32),
                "value": luck.integers(0, 20, N_ROWS).astype(float),
            }
        )
        counts = frame.groupby([*frame.columns]).size().rename("count").reset_index()
        paths.append(tmp_path / f"{block}.parquet")
        table = labelled_table(counts.astype({"count": np.int32}), {}, {}, {})
        paths[-1].write_bytes(parquet_bytes(table))
    return paths


def test_counts_are_added_up_before_many_rows_wait(series_files, monkeypatch):
    whole = pd.concat([pd.read_parquet(path) for path in series_files])
    most = 700
    seen: list[int] = []
    real = quantiles._added_up

    def added_up(counts):
        seen.append(sum(map(len, counts)))
        return real(counts)

    monkeypatch.setattr(quantiles, "_added_up", added_up)
    monkeypatch.setattr(quantiles, "ROWS_AT_ONCE", most)
    counts = quantiles.merged_counts(series_files, ["attacks"])
    n_distinct = 2 * 5 * 20
    assert len(seen) > 2 and max(seen) < most + 2 * n_distinct < len(whole)
    assert len(counts) <= most
    expected = weekly_quantiles(whole[whole["outcome"] == "attacks"])
    pd.testing.assert_frame_equal(weekly_quantiles(counts), expected)


def test_only_the_outcomes_asked_for_are_read(series_files):
    counts = quantiles.merged_counts(series_files, ["arrests", "threat"])
    assert set(counts["outcome"]) == {"arrests", "threat"}
    assert quantiles.merged_counts(series_files, ["nothing like it"]).empty


def test_quantiles_do_not_depend_on_how_much_is_read_at_once(spillover, folder, monkeypatch):
    files = []
    for name, rows in (("a", quantiles.ROWS_AT_ONCE), ("b", 3)):
        monkeypatch.setattr(quantiles, "ROWS_AT_ONCE", rows)
        words = ("replicates=30", "engine.block_size=5", "engine.workers=1")
        assert spillover("run", f"results={name}", *words) == 0
        files.append((folder / name / "series" / "quantiles.parquet").read_bytes())
    assert files[0] == files[1]


def peak_of(replicates: int) -> int:
    """Most bytes of Python and numpy at once while a cell of many blocks is computed."""
    words = [f"results=out{replicates}", f"replicates={replicates}", "engine.block_size=10"]
    composed = compose_config([*words, "engine.batch_size=5", "engine.workers=1"])
    plan = make_plan(composed, fake_backend(), is_sweep=False)
    work = runner.find_work(plan)
    tracemalloc.start()
    runner.execute(plan, work, fake_backend, ["spillover"], lambda done: None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_ten_times_the_replicates_take_the_memory_of_a_chunk(folder):
    few = peak_of(20)  # two chunks; the first run also loads libraries
    few, many = min(few, peak_of(21)), peak_of(200)
    assert many < 1.5 * few
