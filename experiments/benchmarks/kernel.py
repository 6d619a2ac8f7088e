"""Where a week goes: time of each process by batch size, in interleaved rounds.

    python experiments/benchmarks/kernel.py [--rounds 5] [--weeks 26]

Prints microseconds per replicate and week (median and spread over rounds), replicate-weeks per
second, and the time of the random numbers as a share, against one baseline in the same run: the
time to copy the state once, the least a week must touch. Writes `results/benchmarks/kernel.csv`
and `machine.json` beside it. Absolute figures belong to the machine; ratios carry over.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd

from spillover import kernel
from spillover.evidence import load_tree
from spillover.state import FIELDS
from spillover.streams import Streams
from spillover.world import load_world

START_WEEK = 60  # past the first transient, with cells, plots and arrests under way
RESULTS = Path("results/benchmarks")


def prepare(parameters: Any, batch: int) -> tuple[Any, Streams]:
    """State and streams of a batch at the start week."""
    streams = Streams(1, range(batch))
    return kernel.run(parameters, streams, 0, START_WEEK), streams


def one_round(parameters: Any, state: Any, streams: Streams, weeks: int) -> dict[str, float]:
    """Seconds by process over some weeks, and of one copy of the state per week."""
    spent: dict[str, float] = defaultdict(float)
    for week in range(START_WEEK, START_WEEK + weeks):
        view = parameters.at(week)
        for process in kernel.SCHEDULE:
            begin = time.perf_counter()
            state, _ = process.step(state, week, view, streams)
            spent[process.NAME] += time.perf_counter() - begin
        begin = time.perf_counter()
        for name in FIELDS:
            getattr(state, name).copy()
        spent["copy of the state"] += time.perf_counter() - begin
    return dict(spent)


def measure(batches: list[int], rounds: int, weeks: int) -> pd.DataFrame:
    """Microseconds per replicate and week by batch and part; rounds are interleaved."""
    parameters = load_tree().compile(START_WEEK + weeks, load_world())
    ready = {batch: prepare(parameters, batch) for batch in batches}
    samples: dict[tuple[int, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        for batch, (state, streams) in ready.items():
            for part, seconds in one_round(parameters, state, streams, weeks).items():
                samples[batch, part].append(seconds / weeks / batch * 1e6)
    rows = [
        {"batch": b, "part": p, "median_us": median(s), "low_us": min(s), "high_us": max(s)}
        for (b, p), s in samples.items()
    ]
    return pd.DataFrame(rows)


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 10, 50, 100])
    options = parser.parse_args()
    table = measure(options.batches, options.rounds, options.weeks)
    wide = table.pivot(index="part", columns="batch", values="median_us").round(1)
    order = [*(p.NAME for p in kernel.SCHEDULE), "copy of the state"]
    wide = wide.loc[order]
    week = wide.iloc[:-1].sum()
    wide.loc["whole week"] = week
    wide.loc["whole week / copy"] = (week / wide.loc["copy of the state"]).round(1)
    print("microseconds per replicate and week (median), by batch size")
    print(wide.to_string())
    print("replicate-weeks per second and core:", (1e6 / week).round(0).to_dict())
    RESULTS.mkdir(parents=True, exist_ok=True)
    table.to_csv(RESULTS / "kernel.csv", index=False)
    machine = {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "rounds": options.rounds,
        "weeks": options.weeks,
    }
    (RESULTS / "machine.json").write_text(json.dumps(machine, indent=2) + "\n")


if __name__ == "__main__":
    main()
