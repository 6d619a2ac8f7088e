"""How the work is cut and who does it changes no number (docs/bit_exactness.md)."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import pytest

from spillover.batch import runner
from spillover.batch.backend import model_backend
from spillover.batch.chunk import chunk_spec
from spillover.batch.compose import compose_config
from spillover.batch.design import make_plan
from spillover.batch.executor import run_chunks
from spillover.batch.schema import EngineConfig
from spillover.batch.store import Block, Receipt
from spillover.batch.strands import plan_strands

DERIVED = ("summary.csv", "series/quantiles.parquet", "cells.parquet")


def test_blocks_change_no_number(spillover, folder):
    plans = {
        "one": [("replicates=60", "engine.block_size=60")],
        "odd": [("replicates=60", "engine.block_size=7", "engine.batch_size=3")],
        "grown": [
            ("replicates=25", "engine.block_size=10"),
            ("replicates=60", "engine.block_size=16", "engine.workers=1"),
        ],
    }
    for name, commands in plans.items():
        for words in commands:
            assert spillover("run", f"results={name}", *words) == 0
    n_blocks = {name: len(runner.stored_blocks(folder / name)) for name in plans}
    assert n_blocks == {"one": 1, "odd": 9, "grown": 6}
    whole = runner.read_outcomes(folder / "one")
    for name in ("odd", "grown"):
        assert runner.read_outcomes(folder / name).equals(whole), name
        for table in DERIVED:
            ours, theirs = (folder / n / table for n in (name, "one"))
            assert ours.read_bytes() == theirs.read_bytes(), (name, table)


@pytest.mark.slow
def test_the_model_itself_is_the_same_in_another_process(tmp_path):
    """Twelve weeks of two cells and two blocks, here and in processes that load the model anew."""
    words = ("policy=status_quo,full_package", "start.date=2021-10-03", f"results={tmp_path}")
    plan = make_plan(compose_config(words), model_backend(), is_sweep=True)
    plan = replace(plan, frame=replace(plan.frame, n_weeks=12, branch_week=7))
    found = {}
    for executor in ("serial", "local", *(["dask"] if find_spec("distributed") else [])):
        here = replace(plan, results=tmp_path / executor)
        specs = [chunk_spec(here, cell, Block(i, i + 2)) for cell in plan.cells for i in (0, 2)]
        engine = EngineConfig(executor=executor, workers=2)
        strands = plan_strands(specs, engine.workers, engine.fork)
        results = [done.result for done in run_chunks(strands, engine, model_backend)]
        assert all(isinstance(result, Receipt) for result in results), results
        tables = here.results.rglob("*.parquet")
        found[executor] = {path.relative_to(here.results): path.read_bytes() for path in tables}
    assert len(found["serial"]) == 3 * 4
    assert all(tables == found["serial"] for tables in found.values())
