"""One chunk: simulate a block of replicates of one cell and write its tables."""

from __future__ import annotations

import time
import traceback
from collections.abc import Mapping
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
class Failure:
    """Why a chunk is not there: the stage (compile, simulate, write, worker) and the message."""

    spec: ChunkSpec
    stage: str
    message: str
    details: str = ""


def chunk_spec(plan: Plan, cell: Cell, block: Block) -> ChunkSpec:
    """The chunk of a plan that holds one block of one cell."""
    return ChunkSpec(
        plan.results.resolve(),
        cell,
        block,
        plan.frame,
        plan.version.id,
        plan.config.engine.batch_size,
    )


def run_chunk(spec: ChunkSpec, make_backend: MakeBackend = model_backend) -> Receipt | Failure:
    """Simulate one chunk and write its files; an error becomes a failure file, not a crash."""
    stage = "compile"
    try:
        begin = time.perf_counter()
        backend = _backend(make_backend)
        parameters = _parameters(make_backend, spec.cell.changes, spec.frame.n_weeks)
        stage = "simulate"
        observed = backend.simulate(
            parameters,
            spec.frame.seed,
            spec.block.first,
            spec.block.stop,
            spec.frame.n_weeks,
            spec.frame.branch_week,
            batch_size=spec.batch_size,
        )
        stage = "write"
        tables = chunk_tables(spec, observed, backend)
        seconds = time.perf_counter() - begin
        return write_chunk(spec.results, spec.cell.id, spec.block, tables, seconds)
    except Exception as error:  # one bad chunk must not end a sweep; the failure is recorded
        message = f"{type(error).__name__}: {error}"
        return record_failure(Failure(spec, stage, message, traceback.format_exc()))


@lru_cache(maxsize=4)
def _backend(make_backend: MakeBackend) -> Backend:
    return make_backend()


@lru_cache(maxsize=4)
def _parameters(make_backend: MakeBackend, changes: tuple[Any, ...], n_weeks: int) -> Any:
    """Compiled parameters; neighbouring chunks of a cell share them."""
    backend = _backend(make_backend)
    return backend.compile(backend.tree.with_changes(changes), n_weeks)


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
