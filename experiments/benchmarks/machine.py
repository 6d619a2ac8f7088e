"""What every benchmark shares: the machine, fair timing, and the speed of its memory."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pandas as pd
import scipy

from spillover.batch.backend import model_backend
from spillover.evidence import Parameters, load_tree
from spillover.world import load_world
from spillover.world.subset import scaled

RESULTS = Path("results/benchmarks")


def describe() -> dict[str, Any]:
    """Processor, cores, memory, software and version of the model."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        names = [s for s in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in s]
        model = names[0].partition(":")[2].strip() if names else model
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "model": model_backend().version.id,
    }


def interleaved(tasks: Mapping[Any, Callable[[], None]], rounds: int) -> dict[Any, list[float]]:
    """Seconds of each task in every round.

    Rounds go through all tasks, so that a slow minute of the machine falls on each of them.
    """
    seconds: dict[Any, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            begin = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - begin)
    return seconds


def spread(values: list[float], scale: float = 1.0) -> dict[str, float]:
    """Median, lowest and highest of some times."""
    return {
        "median": median(values) * scale,
        "low": min(values) * scale,
        "high": max(values) * scale,
    }


def crowd(people: int, weeks: int) -> Parameters:
    """The documented world on the whole map with so many people in its cohorts.

    The inflow of recruits, which grows with the people here, stays inside its bounds.
    """
    tree, world = load_tree(), load_world()
    smaller, changes = scaled(world, tree.compile(1, world), people)
    highest = tree.entries["recruitment.inflow"].bounds[1]
    changes = [
        replace(change, value=min(change.value, highest))
        if change.path == "recruitment.inflow"
        else change
        for change in changes
    ]
    return tree.with_changes(changes).compile(weeks, smaller)


def copy_bandwidth(n_bytes: int) -> float:
    """Bytes per second that a copy of so many bytes reads, median of 15 copies."""
    source = np.ones(max(n_bytes // 8, 1))
    target = np.empty_like(source)
    times = []
    for _ in range(15):
        begin = time.perf_counter()
        np.copyto(target, source)
        times.append(time.perf_counter() - begin)
    return source.nbytes / median(times[3:])


def write(name: str, table: pd.DataFrame, notes: Mapping[str, Any]) -> None:
    """Table and notes of a benchmark as `NAME.csv` and `NAME.json` in results/benchmarks."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    table.to_csv(RESULTS / f"{name}.csv", index=False, float_format="%.5g")
    content = {"machine": describe(), **notes}
    (RESULTS / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n")
