"""Where chunks run: in this process, in worker processes under a supervisor, or with Dask.

All are handed strands and yield one result per chunk, in the order in which chunks finish. The
supervisor knows which chunks each worker still owes, so a worker that dies (killed, out of memory)
costs only the chunk it was at: the worker is replaced and the unfinished chunks of its strand are
tried once more. The first of them is the suspect; after its second death it is set aside.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess

from spillover.batch.backend import MakeBackend
from spillover.batch.chunk import (
    ChunkSpec,
    Failure,
    OnWeek,
    Strand,
    Underway,
    record_failure,
    run_strand,
)
from spillover.batch.schema import EngineConfig
from spillover.batch.store import Receipt

DEATHS_ALLOWED = 1
"""A chunk is tried again after this many deaths of its worker."""
_TELL_EVERY_SECONDS = 2.0
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class Done:
    """A finished chunk: its receipt, or its failure."""

    spec: ChunkSpec
    result: Receipt | Failure


@dataclass
class _Worker:
    process: SpawnProcess
    connection: Connection
    owed: deque[ChunkSpec] = field(default_factory=deque)
    """Chunks of its strand that have no result yet, in order."""


def run_chunks(
    strands: Sequence[Strand],
    engine: EngineConfig,
    make_backend: MakeBackend,
    on_week: OnWeek | None = None,
) -> Generator[Done, None, None]:
    """Run every chunk where the engine says; the one place where an executor is chosen.

    Args:
        strands: what is to do, in the order in which it is handed out.
        engine: executor and workers; one worker or one strand needs no process of its own.
        make_backend: makes the model, in each process.
        on_week: told now and then how far the chunks at work have come.
    """
    if engine.executor == "dask":
        from spillover.batch.executor_dask import run_on_dask  # imports what is not always there

        return run_on_dask(strands, engine, make_backend, on_week)
    if engine.executor == "serial" or engine.workers == 1 or len(strands) < 2:
        return _run_here(strands, make_backend, on_week)
    return _run_workers(strands, min(engine.workers, len(strands)), make_backend, on_week)


def _run_here(
    strands: Iterable[Strand], make_backend: MakeBackend, on_week: OnWeek | None
) -> Generator[Done, None, None]:
    tell = None if on_week is None else now_and_then(on_week)
    for strand in strands:
        results = run_strand(strand, make_backend, tell)
        for spec, result in zip(strand.specs, results, strict=True):
            yield Done(spec, result)


def _run_workers(
    strands: Sequence[Strand], n_workers: int, make_backend: MakeBackend, on_week: OnWeek | None
) -> Generator[Done, None, None]:
    one_core_each()
    context = multiprocessing.get_context("spawn")
    queue = deque(strands)
    deaths: dict[str, int] = {}
    workers = [_start_worker(context, make_backend) for _ in range(n_workers)]
    try:
        while queue or any(worker.owed for worker in workers):
            for worker in workers:
                if not worker.owed and queue:
                    _hand_over(worker, queue.popleft())
            for position, worker in _ready(workers):
                result = _receive(worker)
                if isinstance(result, Underway):
                    if on_week is not None:
                        on_week(result)
                    continue
                spec = worker.owed.popleft()
                if result is None:
                    _stop(worker)
                    workers[position] = _start_worker(context, make_backend)
                    result = _after_death(spec, worker.owed, deaths, queue)
                if result is not None:
                    yield Done(spec, result)
    finally:
        for worker in workers:
            _stop(worker)


def one_core_each() -> None:
    """Let the processes that are started from now on use one thread inside numpy."""
    for variable in _ONE_THREAD:
        os.environ.setdefault(variable, "1")


def _start_worker(context: SpawnContext, make_backend: MakeBackend) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make_backend), daemon=True)
    with ignoring_interrupts():
        process.start()
    theirs.close()  # so that the death of the worker closes the pipe
    return _Worker(process, ours)


@contextmanager
def ignoring_interrupts() -> Iterator[None]:
    """A process started here inherits that Ctrl-C is ignored, from its first instruction on."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _hand_over(worker: _Worker, strand: Strand) -> None:
    worker.owed.extend(strand.specs)
    with suppress(OSError):  # if the worker is dead, `_receive` finds out
        worker.connection.send(strand)


def _ready(workers: Sequence[_Worker]) -> list[tuple[int, _Worker]]:
    """Workers that sent something or died; waits for the first of them."""
    busy = {worker.connection: i for i, worker in enumerate(workers) if worker.owed}
    return [(busy[c], workers[busy[c]]) for c in wait(list(busy)) if isinstance(c, Connection)]


def _receive(worker: _Worker) -> Receipt | Failure | Underway | None:
    """What a worker says about its first unfinished chunk, or None when it has died."""
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        return None


def _after_death(
    suspect: ChunkSpec, others: Iterable[ChunkSpec], deaths: dict[str, int], queue: deque[Strand]
) -> Failure | None:
    """Put the unfinished chunks of a dead worker back, without a suspect of two deaths."""
    deaths[suspect.id] = deaths.get(suspect.id, 0) + 1
    is_allowed = deaths[suspect.id] <= DEATHS_ALLOWED
    again = (suspect, *others) if is_allowed else tuple(others)
    if again:
        queue.append(Strand(again))
    if is_allowed:
        return None
    message = f"The worker process died {deaths[suspect.id]} times while it computed this chunk"
    return record_failure(Failure(suspect, "worker", f"{message} (killed, or out of memory?)"))


def _stop(worker: _Worker) -> None:
    """End a worker; it may be in the middle of a chunk, whose files only appear when complete."""
    worker.connection.close()
    worker.process.terminate()
    worker.process.join()


def _serve(connection: Connection, make_backend: MakeBackend) -> None:
    """Body of a worker: compute the strands it is sent until the supervisor hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's business
    threading.Thread(target=_end_with_supervisor, daemon=True).start()
    tell = now_and_then(connection.send)
    while True:
        try:
            for result in run_strand(connection.recv(), make_backend, tell):
                connection.send(result)
        except (EOFError, OSError):
            return


def _end_with_supervisor() -> None:
    """A worker must not write on when its supervisor was killed: the next run may have begun."""
    supervisor = multiprocessing.parent_process()
    if supervisor is not None:
        supervisor.join()
        os._exit(1)


def now_and_then(on_week: OnWeek) -> OnWeek:
    """Pass on a word every other second; the first one at once."""
    last = -_TELL_EVERY_SECONDS

    def tell(underway: Underway) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _TELL_EVERY_SECONDS:
            last = now
            on_week(underway)

    return tell
