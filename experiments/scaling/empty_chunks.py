"""How many chunks can the machinery around the model take? Runs of chunks that take no time.

    python experiments/scaling/empty_chunks.py [--chunks 1000 10000 100000] [--folder FOLDER]

For the local executor and for Dask on this machine, with files and without, it measures chunks per
second from the first to the last, what comes before and after, and the memory of the supervisor;
for a folder of finished chunks, how long it takes to find that nothing is missing, `status` and
`verify`. Every chunk is a strand of its own, the most that can be asked of a scheduler; a real
sweep hands out up to 16 together. Every measurement runs in a process of its own.

Writes `results/scaling/empty_chunks.json`, or another NAME, and keeps rows there that were not
measured again. Figures belong to the machine that is
described there, and to the disk that `--folder` lies on; ratios carry over.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from empty_model import empty_backend

from spillover.batch import runner
from spillover.batch.design import Cell, Frame, Plan
from spillover.batch.schema import Config, EngineConfig
from spillover.batch.strands import plan_strands
from spillover.commands.status import status
from spillover.commands.verify import verify

BLOCK_SIZE = 50
CHUNKS_OF_A_CELL = 100
WORKERS = 2
RESULTS = Path("results/scaling")


def make_plan(results: Path, executor: str, n_chunks: int) -> Plan:
    """A design of as many cells as it takes, each with the same number of chunks."""
    n_blocks = min(CHUNKS_OF_A_CELL, n_chunks)
    engine = EngineConfig(executor, workers=WORKERS, block_size=BLOCK_SIZE, fork=False)
    config = Config(replicates=n_blocks * BLOCK_SIZE, engine=engine)
    day = date(2026, 1, 4)
    frame = Frame("projection", 490, (day, day, day), 229, "documented", "none", "none", 1, ())
    cells = tuple(
        Cell(f"{i:012x}", "documented", "status_quo", "none", "status_quo", i, (), ())
        for i in range(n_chunks // n_blocks)
    )
    version = empty_backend().version
    return Plan("empty", "", config, frame, version, cells, results)


def timed(task: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds and result of a task."""
    begin = time.perf_counter()
    result = task()
    return time.perf_counter() - begin, result


def run(results: Path, executor: str, n_chunks: int) -> dict[str, float]:
    """Compute all chunks of a new folder."""
    plan = make_plan(results, executor, n_chunks)
    finding, work = timed(lambda: runner.find_work(plan))
    planning, strands = timed(lambda: plan_strands(work.specs, WORKERS, plan.config.engine.fork))
    moments: list[float] = []
    memory: list[float] = []

    def note(_: Any) -> None:
        moments.append(time.perf_counter())
        if len(moments) == n_chunks:
            memory.append(peak_mb())

    begin = time.perf_counter()
    tally = runner.execute(plan, work, empty_backend, ["empty"], note)
    end = time.perf_counter()
    assert len(moments) == n_chunks and not tally.failures, tally.failures[:1]
    return {
        "strands": len(strands),
        "seconds_find_work_in_an_empty_folder": finding,
        "seconds_plan_strands": planning,
        "seconds_to_first_chunk": moments[0] - begin,
        "chunks_per_second": (n_chunks - 1) / (moments[-1] - moments[0]),
        "seconds_after_last_chunk": end - moments[-1],
        "supervisor_mb_at_last_chunk": memory[0],
        "supervisor_mb_at_end": peak_mb(),
    }


def look(results: Path, executor: str, n_chunks: int) -> dict[str, float]:
    """What it takes to look through a folder of finished chunks."""
    plan = make_plan(results, executor, n_chunks)
    finding, work = timed(lambda: runner.find_work(plan))
    assert work.n_done == n_chunks and not work.specs
    hashing, _ = timed(lambda: runner.results_hash(results))
    showing, _ = timed(lambda: status(results, empty_backend))
    glancing, _ = timed(lambda: status(results, empty_backend, is_quick=True))
    verifying, code = timed(lambda: verify(results))
    assert code == 0
    return {
        "seconds_find_work": finding,
        "seconds_results_hash": hashing,
        "seconds_status": showing,
        "seconds_status_quick": glancing,
        "seconds_verify": verifying,
        "supervisor_mb_at_end": peak_mb(),
    }


def peak_mb() -> float:
    """Largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def file_system(folder: Path) -> str:
    """Kind of the file system of a folder, such as ext4; tmpfs is memory."""
    done = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def in_own_process(task: str, executor: str, n_chunks: int, results: Path, files: str) -> Any:
    """One measurement as a row."""
    command = [sys.executable, __file__, "--task", task, executor, str(n_chunks), str(results)]
    environment = {**os.environ, "EMPTY_CHUNKS_FILES": files}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    row = {"task": task, "executor": executor, "files": files, "chunks": n_chunks}
    row |= {name: float(f"{value:.4g}") for name, value in figures.items()}
    print(json.dumps(row), flush=True)
    return row


def measure(options: argparse.Namespace, place: Path) -> list[dict[str, Any]]:
    """All rows; every folder that was written is looked through and removed."""
    rows = []
    for n_chunks in options.chunks:
        for executor in options.executors:
            for files in options.files:
                results = place / f"{executor}-{n_chunks}-{files}"
                for task in ("run", "look") if files == "yes" else ("run",):
                    rows.append(in_own_process(task, executor, n_chunks, results, files))
                shutil.rmtree(results)
    return rows


def merged(before: list[dict[str, Any]], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Earlier rows, replaced where the same was measured again."""
    keys = ("task", "files", "executor", "chunks")
    by_key = {tuple(row[key] for key in keys): row for row in [*before, *rows]}
    return [by_key[key] for key in sorted(by_key)]


def main() -> None:
    """Measure everything, or one task of a process of its own."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--chunks", type=int, nargs="+", default=[1000, 10_000, 100_000])
    parser.add_argument("--executors", nargs="+", default=["local", "dask"])
    parser.add_argument("--files", nargs="+", default=["no", "yes"])
    parser.add_argument("--folder", type=Path, help="where the chunks are written meanwhile")
    parser.add_argument("--name", default="empty_chunks")
    parser.add_argument("--task", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task, executor, n_chunks, results = options.task
        figures = {"run": run, "look": look}[task](Path(results), executor, int(n_chunks))
        print(json.dumps(figures))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        disk = file_system(Path(place))
        rows = measure(options, Path(place))
    sys.path.append(str(Path(__file__).resolve().parents[1] / "benchmarks"))
    from machine import describe

    path = RESULTS / f"{options.name}.json"
    before = json.loads(path.read_text())["rows"] if path.is_file() else []
    content = {"machine": describe(), "disk": disk, "rows": merged(before, rows)}
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
