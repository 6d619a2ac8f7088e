"""What a hindcast replicate costs, by batch size, and how much less than in the twin of agents.

    python experiments/benchmarks/replicate.py [--rounds 3] [--batches 1 50 100 200 400 800]

A replicate is all that a worker computes: 229 weeks of the default world, recording and tables
included. Every batch size runs in a process of its own, so that its peak memory is its own. The
twin, in which everyone draws for itself, runs some weeks of the same world with 5,000, 50,000 and
500,000 people; the kernel runs the same weeks in between. Neither time holds the first state: of so
few weeks it would be a tenth, of a hindcast it is a hundredth.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from typing import Any

import pandas as pd
from machine import crowd, interleaved, spread, write

from spillover import kernel
from spillover.clock import HORIZONS
from spillover.evidence import load_tree
from spillover.first_state import first_state
from spillover.observe import simulate
from spillover.streams import Streams
from spillover.twin import TwinModel
from spillover.world import load_world

TWIN_WEEKS = 16


def hindcast(batch: int, rounds: int, pipe: Any) -> None:
    """Send the seconds of each round for a batch of replicates, and the peak memory in bytes."""
    weeks = HORIZONS["hindcast"]
    parameters = load_tree().compile(weeks, load_world())
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        simulate(parameters, 1, 0, batch, weeks, weeks, batch_size=batch)
        seconds.append(time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pipe.send((seconds, peak))


def by_batch(batches: list[int], rounds: int) -> pd.DataFrame:
    """Milliseconds per replicate and megabytes by batch size."""
    context = multiprocessing.get_context("spawn")
    rows = []
    for batch in batches:
        ours, theirs = context.Pipe()
        process = context.Process(target=hindcast, args=(batch, rounds, theirs))
        process.start()
        seconds, peak = ours.recv()
        process.join()
        rows.append({"batch": batch, **spread(seconds, 1e3 / batch), "peak_mb": peak / 2**20})
    table = pd.DataFrame(rows)
    alone = table["peak_mb"].iloc[0]
    table["mb_per_replicate"] = (table["peak_mb"] - alone) / (table["batch"] - 1).clip(lower=1)
    return table


def beside_twin(people: int, rounds: int, batch: int) -> dict[str, float]:
    """Milliseconds per replicate-week of twin and kernel on 87 places with so many people."""
    parameters = crowd(people, TWIN_WEEKS)
    twins = [TwinModel(parameters, 1, replicate=r, flows="own") for r in range(rounds)]
    begun = first_state(parameters.at(0), Streams(1, range(batch)))

    def twin() -> None:
        model = twins.pop()
        for _ in range(TWIN_WEEKS):
            model.step()

    def ours() -> None:
        kernel.run(parameters, Streams(1, range(batch)), 0, TWIN_WEEKS, begun)

    times = interleaved({"twin": twin, "kernel": ours}, rounds)
    slow = spread(times["twin"], 1e3 / TWIN_WEEKS)["median"]
    fast = spread(times["kernel"], 1e3 / TWIN_WEEKS / batch)["median"]
    return {"people": people, "twin_ms": slow, "kernel_ms": fast, "ratio": slow / fast}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 50, 100, 200, 400, 800])
    parser.add_argument("--people", type=int, nargs="+", default=[5_000, 50_000, 500_000])
    options = parser.parse_args()
    table = by_batch(options.batches, options.rounds)
    best = table.loc[table["median"].idxmin()]
    print("milliseconds of one core per hindcast replicate, whole model, by batch size")
    print(table.round(2).to_string(index=False))
    print(f"best: {best['median']:.1f} ms at batch {best['batch']:.0f}")
    twins = [beside_twin(n, options.rounds, int(best["batch"])) for n in options.people]
    print("\ntwin of agents and kernel on 87 places, per replicate-week")
    print(pd.DataFrame(twins).round(3).to_string(index=False))
    notes = {
        "question": "What does a hindcast replicate cost, and how much less than in the twin?",
        "rounds": options.rounds,
        "best_batch": int(best["batch"]),
        "best_ms_per_replicate": round(float(best["median"]), 2),
        "twin": [{key: round(value, 4) for key, value in row.items()} for row in twins],
    }
    write("replicate", table, notes)


if __name__ == "__main__":
    main()
