"""Chunks: simulate a block of replicates of one cell and write its tables.

Chunks of one block whose cells share a past are handed to a worker together, as a strand.
"""

from __future__ import annotations

import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from spillover.batch.backend import Backend, MakeBackend, model_backend
from spillover.batch.design import Cell, Frame, Plan
from spillover.batch.store import Block, Receipt, failure_path, write_chunk, write_json
from spillover.batch.tables import labelled_table, parquet_bytes


@dataclass(frozen=True)
class ChunkSpec:
    """All that a worker needs to know about a chunk; small, and can be pickled.

    ``batch_size`` replicates advance together; it changes the speed and no number.
    """

    results: Path
    cell: Cell
    block: Block
    frame: Frame
    fingerprint: str
    batch_size: int

    @property
    def id(self) -> str:
        """Name of the chunk in messages and failure files."""
        return f"{self.cell.id}-{self.block.name}"


@dataclass(frozen=True)
class Strand:
    """Chunks of one block of replicates whose cells share a past: what one worker is handed.

    Each chunk is written on its own; the order of ``specs`` decides how much past is shared.
    """

    specs: tuple[ChunkSpec, ...]

    @property
    def id(self) -> str:
        """First chunk and number of chunks; names a strand among those of one command."""
        return f"{self.specs[0].id}+{len(self.specs)}"


@dataclass(frozen=True)
class Underway:
    """How far the chunk that is being simulated has come: ``week`` weeks are behind it."""

    spec: ChunkSpec
    week: int


OnWeek = Callable[[Underway], None]


@dataclass(frozen=True)
class Failure:
    """Why a chunk is not there: the stage (compile, simulate, write, worker) and the message.

    ``errno`` is the number of the system's error, if it was one.
    """

    spec: ChunkSpec
    stage: str
    message: str
    details: str = ""
    errno: int | None = None


def chunk_spec(plan: Plan, cell: Cell, block: Block) -> ChunkSpec:
    """The chunk of a plan that holds one block of one cell."""
    return ChunkSpec(
        plan.results.absolute(),
        cell,
        block,
        plan.frame,
        plan.version.id,
        plan.config.engine.batch_size,
    )


def run_strand(
    strand: Strand, make_backend: MakeBackend = model_backend, on_week: OnWeek | None = None
) -> Iterator[Receipt | Failure]:
    """Simulate the chunks of a strand and write each of them as soon as it is done.

    Args:
        strand: chunks of one block in the order in which their cells share a past.
        make_backend: makes the model to run.
        on_week: called with each week that is simulated.

    Yields:
        One result per chunk, in order; an error becomes a failure file, not a crash, and the
        chunks after it start again from the first week.
    """
    left = deque(strand.specs)
    while left:
        for result in _run_until_failure(tuple(left), make_backend, on_week):
            left.popleft()
            yield result


def _run_until_failure(
    specs: tuple[ChunkSpec, ...], make_backend: MakeBackend, on_week: OnWeek | None
) -> Iterator[Receipt | Failure]:
    """Results of the first chunks; only the last of them may be a failure."""
    stage, spec = "compile", specs[0]
    try:
        begin = time.perf_counter()
        backend = _backend(make_backend)
        parameters = _compiled(specs, backend)
        stage = "simulate"
        simulated = _simulated(parameters, specs, backend, on_week)
        for spec in specs[: len(parameters)]:
            stage = "simulate"
            observed = next(simulated)
            stage = "write"
            tables = chunk_tables(spec, observed, backend)
            seconds = time.perf_counter() - begin
            yield write_chunk(spec.results, spec.cell.id, spec.block, tables, seconds)
            begin = time.perf_counter()
    except Exception as error:  # one bad chunk must not end a sweep; the failure is recorded
        message = f"{type(error).__name__}: {error}"
        number = error.errno if isinstance(error, OSError) else None
        yield record_failure(Failure(spec, stage, message, traceback.format_exc(), number))


@lru_cache(maxsize=1)
def _backend(make_backend: MakeBackend) -> Backend:
    return make_backend()


def _compiled(specs: tuple[ChunkSpec, ...], backend: Backend) -> list[Any]:
    """Parameters of the chunks up to the first one that cannot be compiled; at least of one."""
    compiled: list[Any] = []
    for spec in specs:
        try:
            tree = backend.tree.with_changes(spec.cell.changes)
            compiled.append(backend.compile(tree, spec.frame.n_weeks))
        except Exception:
            if not compiled:
                raise
            break
    return compiled


def _simulated(
    parameters: list[Any], specs: tuple[ChunkSpec, ...], backend: Backend, on_week: OnWeek | None
) -> Iterator[Any]:
    """Tables of each chunk in order, from a shared past where the model can fork."""
    frame, block, batch_size = specs[0].frame, specs[0].block, specs[0].batch_size
    batch = (frame.seed, block.first, block.stop, frame.n_weeks, frame.branch_week, batch_size)
    if backend.simulate_strand is None:
        return (backend.simulate(own, *batch) for own in parameters)

    def tell(position: int, week: int) -> None:
        if on_week is not None:
            on_week(Underway(specs[position], week))

    return backend.simulate_strand(parameters, *batch, on_week=tell)


def chunk_tables(spec: ChunkSpec, observed: Any, backend: Backend) -> dict[str, bytes]:
    """The tables of a chunk as Parquet bytes, by kind: three, and two more of a hindcast."""
    notes = {
        "cell_id": spec.cell.id,
        "first": spec.block.first,
        "stop": spec.block.stop,
        "seed": spec.frame.seed,
        "fingerprint": spec.fingerprint,
    }
    outcomes = backend.outcomes
    frames: dict[str, tuple[Any, Mapping[str, Any]]] = {
        "places": (observed.places, backend.place_outcomes),
        "series": (observed.series, {}),
        "outcomes": (observed.outcomes, outcomes),
    }
    if spec.frame.horizon == "hindcast" and observed.weeks is not None:
        frames |= {"weeks": (observed.weeks, outcomes), "severities": (observed.severities, {})}
    return {
        kind: parquet_bytes(labelled_table(frame, spec.cell.labels, registry, notes))
        for kind, (frame, registry) in frames.items()
    }


def record_failure(failure: Failure) -> Failure:
    """Describe a failed chunk in ``failures/``; the next run of the command tries it again."""
    spec = failure.spec
    content = {
        "chunk": spec.id,
        "scenario": spec.cell.scenario,
        "structure": spec.cell.structure,
        "stressor": spec.cell.stressor,
        "policy": spec.cell.policy,
        "draw": spec.cell.draw,
        "first": spec.block.first,
        "stop": spec.block.stop,
        "seed": spec.frame.seed,
        "fingerprint": spec.fingerprint,
        "stage": failure.stage,
        "message": failure.message,
        "traceback": failure.details,
    }
    with suppress(OSError):  # a full disk may be the very failure; the caller still learns of it
        write_json(failure_path(spec.results, spec.cell.id, spec.block), content)
    return failure
