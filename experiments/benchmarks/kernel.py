"""Where a week goes: time of each process by batch size, and how far it is from the memory's floor.

    python experiments/benchmarks/kernel.py [--rounds 5] [--weeks 24] [--batches 1 50 100 200]

Prints microseconds per replicate and week (medians of interleaved rounds), replicate-weeks per
second of one core, and the ratio to a floor measured in the same run: every week reads and writes
the whole state once and writes the random words that it uses once, at the speed at which this
memory copies. Absolute figures belong to the machine; ratios carry over.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from typing import Any

import numpy as np
import pandas as pd
from machine import copy_bandwidth, spread, write

from spillover import kernel
from spillover.evidence import load_tree
from spillover.state import FIELDS
from spillover.streams import Streams
from spillover.world import load_world

START_WEEK = 56  # past the first transient, with cells, plots and arrests under way


class CountingStreams(Streams):
    """Streams that time and count the random words of each week."""

    seconds = 0.0
    words_used = 0

    def uniform(self, purpose_id: int, week: int, n_slots: int) -> Any:
        """As `Streams.uniform`, with a clock around it."""
        begin = time.perf_counter()
        numbers = super().uniform(purpose_id, week, n_slots)
        self.seconds += time.perf_counter() - begin
        self.words_used += n_slots
        return numbers


def one_round(parameters: Any, state: Any, batch: int, weeks: int) -> dict[str, float]:
    """Seconds by process over some weeks, of which random numbers, and the words of a week."""
    spent: dict[str, float] = defaultdict(float)
    streams = CountingStreams(1, range(batch))
    for week in range(START_WEEK, START_WEEK + weeks):
        view = parameters.at(week)
        for process in kernel.SCHEDULE:
            begin = time.perf_counter()
            state, _ = kernel.act(process, state, week, view, streams)
            spent[process.NAME] += time.perf_counter() - begin
    spent["of which random numbers"] = streams.seconds
    spent["words"] = streams.words_used / weeks
    return dict(spent)


def state_bytes(state: Any) -> int:
    """Bytes of the state of one replicate."""
    return sum(np.asarray(getattr(state, name)).nbytes for name in FIELDS) // state.n_replicates


def measure(batches: list[int], rounds: int, weeks: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Microseconds per replicate and week by batch and part, and what the floor is made of."""
    parameters = load_tree().compile(START_WEEK + weeks, load_world())
    ready = {
        batch: kernel.run(parameters, Streams(1, range(batch)), 0, START_WEEK) for batch in batches
    }
    samples: dict[tuple[int, str], list[float]] = defaultdict(list)
    for _ in range(rounds):
        for batch, state in ready.items():
            for part, value in one_round(parameters, state, batch, weeks).items():
                samples[batch, part].append(value)
    words = int(samples.pop((batches[-1], "words"))[0])
    n_bytes = state_bytes(ready[batches[-1]])
    touched = 2 * n_bytes + 8 * words
    bandwidth = copy_bandwidth(touched * batches[-1])
    rows = [
        {"batch": b, "part": p, **spread(s, 1e6 / weeks / b)}
        for (b, p), s in samples.items()
        if p != "words"
    ]
    floor = {
        "state_bytes_per_replicate": n_bytes,
        "random_words_per_replicate_week": words,
        "bytes_touched_per_replicate_week": touched,
        "copy_gb_per_second": round(bandwidth / 1e9, 2),
        "floor_us_per_replicate_week": round(touched / bandwidth * 1e6, 2),
    }
    return pd.DataFrame(rows), floor


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--weeks", type=int, default=24)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 50, 100, 200])
    options = parser.parse_args()
    table, floor = measure(options.batches, options.rounds, options.weeks)
    wide = table.pivot(index="part", columns="batch", values="median")
    names = [process.NAME for process in kernel.SCHEDULE]
    week = wide.loc[names].sum()
    order = wide.loc[names].sort_values(options.batches[-1], ascending=False).index
    shown = wide.loc[[*order, "of which random numbers"]]
    shown.loc["whole week"] = week
    print("microseconds per replicate and week (median), by batch size")
    print(shown.round(1).to_string())
    rate, ratio = 1e6 / week, week / floor["floor_us_per_replicate_week"]
    print("replicate-weeks per second and core:", rate.round(0).to_dict())
    print("times the floor of the memory:", ratio.round(1).to_dict())
    print(", ".join(f"{key} {value}" for key, value in floor.items()))
    notes = {
        "question": "Where does a week go, and how far is it from the floor of the memory?",
        "rounds": options.rounds,
        "weeks": options.weeks,
        **floor,
        "replicate_weeks_per_second": rate.round(1).to_dict(),
        "times_the_floor": ratio.round(1).to_dict(),
    }
    write("kernel", table, notes)


if __name__ == "__main__":
    main()
