"""How the cost grows: with replicates, weeks, places and links, people, and workers.

    python experiments/benchmarks/growth.py [--rounds 3]

Each growth is measured at a few sizes in interleaved rounds and told as the exponent of the best
power law: 1 is linear, 0 is no growth. Two workers are compared with one on the same chunks.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from machine import crowd, interleaved, spread, write

from spillover import kernel
from spillover.cli import main as spillover
from spillover.evidence import load_tree
from spillover.streams import Streams
from spillover.world import load_world
from spillover.world.subset import SIX_PLACES, SMALL_MAP, small_world

BATCH, WEEKS = 100, 24


def run(parameters: Any, batch: int, weeks: int) -> None:
    """A run of a batch."""
    kernel.run(parameters, Streams(1, range(batch)), 0, weeks)


def maps() -> dict[int, Any]:
    """Parameters by number of places plus links, from six places to the whole map."""
    whole = load_world()
    inner = [p for p, is_outside in zip(whole.place_ids, whole.is_external, strict=True)
             if not is_outside]  # fmt: skip
    half = [p for i, p in enumerate(inner) if i % 2 == 0 or p in SMALL_MAP]
    worlds = [small_world(whole, SIX_PLACES), small_world(whole, SMALL_MAP),
              small_world(whole, half), whole]  # fmt: skip
    return {
        len(world.place_ids) + world.n_links: load_tree().compile(WEEKS, world) for world in worlds
    }


def sizes() -> dict[str, dict[int, Callable[[], None]]]:
    """By kind of growth: what to run at each size."""
    long = load_tree().compile(8 * WEEKS, load_world())
    people = (5_000, 50_000, 500_000, 5_000_000)
    crowds = {n: crowd(n, WEEKS) for n in people}
    return {
        "replicates": {n: partial(run, long, n, WEEKS) for n in (50, 100, 200, 400)},
        "weeks": {n: partial(run, long, BATCH, n) for n in (24, 48, 96, 192)},
        "places and links": {n: partial(run, p, BATCH, WEEKS) for n, p in maps().items()},
        "people": {n: partial(run, p, BATCH, WEEKS) for n, p in crowds.items()},
    }


def exponent(n: list[int], seconds: list[float]) -> float:
    """Slope of log time over log size."""
    return float(np.polyfit(np.log(n), np.log(seconds), 1)[0])


def sweep(workers: int) -> None:
    """A hindcast of 400 replicates with so many workers, start and summary included."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "sweep"
        words = [
            "run", "horizon=hindcast", "replicates=400", "engine.block_size=100",
            "engine.batch_size=100", f"engine.workers={workers}", "figures=false",
            f"results={results}",
        ]  # fmt: skip
        code = spillover(words)
        if code:
            raise RuntimeError(f"the sweep of the benchmark ended with exit code {code}")


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    rows, exponents = [], {}
    for kind, tasks in sizes().items():
        times = interleaved(tasks, options.rounds)
        medians = [spread(times[n])["median"] for n in tasks]
        exponents[kind] = round(exponent(list(tasks), medians), 3)
        rows += [{"growth": kind, "size": n, **spread(times[n])} for n in tasks]
        print(f"time ~ ({kind})^{exponents[kind]:.2f}")
    times = interleaved({n: partial(sweep, n) for n in (1, 2)}, options.rounds)
    rows += [{"growth": "workers", "size": n, **spread(times[n])} for n in (1, 2)]
    gain = spread(times[1])["median"] / spread(times[2])["median"]
    print(f"two workers are {gain:.2f} times as fast as one")
    notes = {
        "question": "How does the cost grow?",
        "rounds": options.rounds,
        "exponents": exponents,
        "two_workers_over_one": round(gain, 3),
    }
    write("growth", pd.DataFrame(rows), notes)


if __name__ == "__main__":
    main()
