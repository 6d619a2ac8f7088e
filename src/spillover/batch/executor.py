"""Where chunks run: in this process, or in worker processes under a supervisor.

Both yield one result per chunk, in the order in which chunks finish. The supervisor knows which
chunk each worker holds, so a worker that dies (killed, out of memory) costs only its own chunk:
the worker is replaced, the chunk is tried once more, and after its second death it is set aside.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess

from spillover.batch.backend import MakeBackend
from spillover.batch.chunk import ChunkSpec, Failure, record_failure, run_chunk
from spillover.batch.store import Receipt

DEATHS_ALLOWED = 1
"""A chunk is tried again after this many deaths of its worker."""
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
    spec: ChunkSpec | None = None


def run_chunks(
    specs: Sequence[ChunkSpec], workers: int, make_backend: MakeBackend
) -> Iterator[Done]:
    """Run every chunk, with ``workers`` processes when there is more than one to do."""
    if workers == 1 or len(specs) < 2:
        return _run_here(specs, make_backend)
    return _run_workers(specs, min(workers, len(specs)), make_backend)


def _run_here(specs: Iterable[ChunkSpec], make_backend: MakeBackend) -> Iterator[Done]:
    for spec in specs:
        yield Done(spec, run_chunk(spec, make_backend))


def _run_workers(
    specs: Sequence[ChunkSpec], n_workers: int, make_backend: MakeBackend
) -> Iterator[Done]:
    for variable in _ONE_THREAD:  # inherited by the workers: one core each
        os.environ.setdefault(variable, "1")
    context = multiprocessing.get_context("spawn")
    queue = deque(specs)
    deaths: dict[str, int] = {}
    workers = [_start_worker(context, make_backend) for _ in range(n_workers)]
    try:
        while queue or any(worker.spec for worker in workers):
            for worker in workers:
                if worker.spec is None and queue:
                    _hand_over(worker, queue.popleft())
            for position, worker in _ready(workers):
                spec, result = worker.spec, _receive(worker)
                worker.spec = None
                if result is None:
                    _stop(worker)
                    workers[position] = _start_worker(context, make_backend)
                    result = _after_death(spec, deaths, queue) if spec else None
                if spec is not None and result is not None:
                    yield Done(spec, result)
    finally:
        for worker in workers:
            _stop(worker)


def _start_worker(context: SpawnContext, make_backend: MakeBackend) -> _Worker:
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, make_backend), daemon=True)
    with _ignoring_interrupts():
        process.start()
    theirs.close()  # so that the death of the worker closes the pipe
    return _Worker(process, ours)


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """A process started here inherits that Ctrl-C is ignored, from its first instruction on."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what signals do
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _hand_over(worker: _Worker, spec: ChunkSpec) -> None:
    worker.spec = spec
    with suppress(OSError):  # if the worker is dead, `_receive` finds out
        worker.connection.send(spec)


def _ready(workers: Sequence[_Worker]) -> list[tuple[int, _Worker]]:
    """Workers that sent something or died; waits for the first of them."""
    busy = {worker.connection: i for i, worker in enumerate(workers) if worker.spec}
    return [(busy[c], workers[busy[c]]) for c in wait(list(busy)) if isinstance(c, Connection)]


def _receive(worker: _Worker) -> Receipt | Failure | None:
    """The result of a worker, or None when it has died."""
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        return None


def _after_death(
    spec: ChunkSpec, deaths: dict[str, int], queue: deque[ChunkSpec]
) -> Failure | None:
    deaths[spec.id] = deaths.get(spec.id, 0) + 1
    if deaths[spec.id] <= DEATHS_ALLOWED:
        queue.append(spec)
        return None
    message = f"The worker process died {deaths[spec.id]} times while it computed this chunk"
    return record_failure(Failure(spec, "worker", f"{message} (killed, or out of memory?)"))


def _stop(worker: _Worker) -> None:
    """End a worker; it may be in the middle of a chunk, whose files only appear when complete."""
    worker.connection.close()
    worker.process.terminate()
    worker.process.join()


def _serve(connection: Connection, make_backend: MakeBackend) -> None:
    """Body of a worker: compute the chunks it is sent until the supervisor hangs up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's business
    while True:
        try:
            connection.send(run_chunk(connection.recv(), make_backend))
        except (EOFError, OSError):
            return
