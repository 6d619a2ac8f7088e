"""From parameters to tables of outcomes: the replicates of a block, one or several courses.

The tables are the only thing that leaves a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate, pairwise
from typing import Any

import pandas as pd

from spillover import kernel
from spillover.evidence import Parameters
from spillover.outcomes import OUTCOMES, PLACE_OUTCOMES, Outcome
from spillover.recorder import HEADLINES, Observed, Recorder
from spillover.state import State
from spillover.streams import Streams

__all__ = [
    "HEADLINES",
    "OUTCOMES",
    "PLACE_OUTCOMES",
    "Observed",
    "Outcome",
    "Recorder",
    "simulate",
    "simulate_strand",
]

OnWeek = Callable[[int], None]


@dataclass
class _Batch:
    """Replicates that advance together: their world after `week` weeks, and what was seen of it."""

    root_seed: int
    replicates: range
    branch_week: int
    n_weeks: int
    week: int = 0
    state: State | None = None
    recorder: Recorder | None = None

    def advance(self, parameters: Parameters, week: int, on_week: OnWeek | None) -> None:
        """Simulate up to, not including, a week."""
        if self.recorder is None:
            n_replicates = len(self.replicates)
            self.recorder = Recorder(parameters.world, n_replicates, self.n_weeks, self.branch_week)
        recorder = self.recorder

        def watch(now: int, state: State, info: dict[str, Any]) -> None:
            recorder.watch(now, state, info)
            if on_week is not None:
                on_week(now + 1)

        streams = Streams(self.root_seed, self.replicates)
        self.state = kernel.run(parameters, streams, self.week, week, self.state, watch)
        self.week = week

    def tables(self) -> Observed:
        """Tables of the weeks so far."""
        assert self.recorder is not None, "a batch has tables after its first week"
        return self.recorder.tables(self.replicates)

    def copy(self) -> _Batch:
        """The same world; states are never changed in place, so only the recorder is copied."""
        recorder = None if self.recorder is None else self.recorder.copy()
        return replace(self, recorder=recorder)


def simulate(
    parameters: Parameters,
    root_seed: int,
    first: int,
    stop: int,
    n_weeks: int,
    branch_week: int,
    batch_size: int = 100,
) -> Observed:
    """Run replicates first..stop-1 and return their tables.

    Args:
        parameters: compiled for at least n_weeks weeks.
        root_seed: seed of the experiment.
        first: first replicate.
        stop: replicate after the last one.
        n_weeks: length of the horizon in weeks.
        branch_week: week from which `since_branch` counts.
        batch_size: how many replicates advance together; never changes a result.
    """
    strand = simulate_strand([parameters], root_seed, first, stop, n_weeks, branch_week, batch_size)
    return next(strand)


def simulate_strand(
    parameters: Sequence[Parameters],
    root_seed: int,
    first: int,
    stop: int,
    n_weeks: int,
    branch_week: int,
    batch_size: int = 100,
    on_week: Callable[[int, int], None] | None = None,
) -> Iterator[Observed]:
    """Run the same replicates under several parameters; weeks that neighbours share run once.

    Depth first: while one course is simulated, a copy of the world is kept at each week at which
    a later one leaves it, and dropped when the last of these has left. Nothing depends on what is
    shared, so the tables are those of `simulate`. The copies are the price: about the size of a
    recorder per replicate and kept week.

    Args:
        parameters: one per course, ordered so that neighbours share long pasts.
        root_seed, first, stop, n_weeks, branch_week, batch_size: as in `simulate`.
        on_week: called after each week with the position of the course and the weeks behind it.

    Yields:
        The tables of each course, in order.
    """
    shared = [min(one.shared_weeks(two), n_weeks) for one, two in pairwise(parameters)]
    kept = [
        [
            _Batch(root_seed, range(start, min(start + batch_size, stop)), branch_week, n_weeks)
            for start in range(first, stop, batch_size)
        ]
    ]
    for position, own in enumerate(parameters):
        told = None if on_week is None else partial(on_week, position)
        forks = fork_weeks(shared[position:], kept[-1][0].week)
        levels: list[list[_Batch]] = [[] for _ in forks]
        observed = []
        for begun in kept[-1]:
            batch = begun.copy()
            for week, level in zip(forks, levels, strict=True):
                batch.advance(own, week, told)
                level.append(batch.copy())
            batch.advance(own, n_weeks, told)
            observed.append(batch.tables())
        kept += levels
        yield _merged(observed)
        while position < len(shared) and kept[-1][0].week > shared[position]:
            kept.pop()


def fork_weeks(shared: Sequence[int], start: int) -> list[int]:
    """Weeks after ``start`` at which later courses leave this one, in order.

    Args:
        shared: weeks that each course, from this one on, shares with the next.
        start: week at which this course begins.
    """
    least = accumulate(shared, min)  # a course leaves this one where the least shared past ends
    return sorted({week for week in least if week > start})


def _merged(observed: list[Observed]) -> Observed:
    """One set of tables from those of one or several batches."""
    if len(observed) == 1:
        return observed[0]
    series = pd.concat([part.series for part in observed])
    keys = ["outcome", "state", "week", "value"]
    counts = series.groupby(keys, sort=True, as_index=False).agg({"count": "sum"})
    return Observed(
        outcomes=pd.concat([part.outcomes for part in observed], ignore_index=True),
        places=pd.concat([part.places for part in observed], ignore_index=True),
        series=counts,
        weeks=_joined([part.weeks for part in observed]),
        severities=_joined([part.severities for part in observed]),
    )


def _joined(parts: list[pd.DataFrame | None]) -> pd.DataFrame | None:
    found = [part for part in parts if part is not None]
    return pd.concat(found, ignore_index=True) if found else None
