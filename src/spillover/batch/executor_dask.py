"""Strands on the workers of Dask: a cluster of this machine, or a scheduler at an address.

Workers write their own chunks into the results folder, which all of them share, and send back the
receipts. Nothing else crosses the network, so the scheduler sees small messages only.

A worker that dies takes the strands with it that it held. What they had finished is in the folder;
the rest is suspect and waits until everything else is done. Then suspects run one at a time: a
chunk whose worker dies while nothing else runs has killed it, and is set aside.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import platform
import queue
import time
import uuid
import warnings
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from spillover.batch import manifest as manifests
from spillover.batch.arithmetic import arithmetic
from spillover.batch.backend import MakeBackend
from spillover.batch.chunk import (
    Failure,
    OnWeek,
    Strand,
    Underway,
    record_failure,
    run_strand,
)
from spillover.batch.executor import Done, ignoring_interrupts, now_and_then, one_core_each
from spillover.batch.schema import EngineConfig
from spillover.batch.store import Receipt, chunk_damage, read_receipt
from spillover.errors import UserError

IN_FLIGHT = 3
"""Strands per thread of the workers that are with Dask at a time; the others wait here."""
CONNECT_SECONDS = 15
NO_WORKER_SECONDS = 300
"""How long to wait for a first worker, or for another one after the last has gone."""
_LOOK_SECONDS = 2.0
"""How often the number of workers is asked for."""
_MATTERS = ("model", "spillover", "numpy", "scipy", "pandas", "pyarrow", "processor", "libc")
"""What must be the same for every worker, because it can change a number or a byte of a file."""
_SETTINGS = {
    # every death of a worker is reported; by default a strand may take four workers with it
    "distributed.scheduler.allowed-failures": 0,
    "distributed.comm.timeouts.connect": f"{CONNECT_SECONDS}s",
    "distributed.worker.profile.enabled": False,
}


@dataclass(frozen=True)
class Terms:
    """What a worker must have in common with the process that supervises it."""

    results: Path
    manifest_sha256: str
    versions: tuple[tuple[str, str], ...]


def run_on_dask(
    strands: Sequence[Strand],
    engine: EngineConfig,
    make_backend: MakeBackend,
    on_week: OnWeek | None = None,
) -> Generator[Done, None, None]:
    """Run strands on the scheduler at ``engine.address``, or else on ``engine.workers`` processes.

    Args:
        strands: what is to do, in the order in which it is handed out.
        engine: where the workers are.
        make_backend: makes the model, on each worker.
        on_week: told now and then how far the chunks at work have come.

    Yields:
        One result per chunk, as strands finish.

    Raises:
        UserError: there is no scheduler or no worker, a worker has another model, other versions
            or another folder, or the scheduler has gone. Finished chunks stay in every case.
    """
    if not strands:
        return
    terms = terms_here(strands[0].specs[0].results, make_backend)
    with _connected(min(engine.workers, len(strands)), engine.address) as client:
        yield from _Supervision(client, make_backend, terms, deque(strands), on_week).results()


def terms_here(results: Path, make_backend: MakeBackend) -> Terms:
    """The terms as this process sees them; the manifest identifies the folder."""
    try:
        manifest = hashlib.sha256((results / "manifest.json").read_bytes()).hexdigest()
    except OSError:
        manifest = "not there"
    found = manifests.versions()
    found |= {"model": make_backend().version.id, **arithmetic()}
    return Terms(results, manifest, tuple((name, found[name]) for name in _MATTERS))


@lru_cache(maxsize=4)
def require_terms(terms: Terms, make_backend: MakeBackend) -> None:
    """Refuse to work for a supervisor with which this process has too little in common.

    Raises:
        UserError: the results folder is not here, or model or libraries differ.
    """
    here, place = terms_here(terms.results, make_backend), f"worker on {platform.node()}"
    if here.manifest_sha256 != terms.manifest_sha256:
        raise _refusal(
            "A worker does not see the results folder, in which it has to write.",
            got=f"{place}: no or another manifest.json in {terms.results}",
            allowed="one folder under the same path on every machine, on a shared disk",
            next="Give results=FOLDER on the shared disk, or mount it there, and repeat.",
        )
    pairs = zip(here.versions, terms.versions, strict=True)
    differing = [
        f"{name} {theirs}, here {ours}" for (name, theirs), (_, ours) in pairs if theirs != ours
    ]
    if differing:
        raise _refusal(
            "A worker would compute other bytes: its model or its libraries differ.",
            got=f"{place}: {'; '.join(differing)}",
            allowed="the same model and the versions of requirements.lock on every machine",
            next="Install the same there, start the workers again, and repeat.",
        )


def work(
    strand: Strand, make_backend: MakeBackend, terms: Terms, topic: str
) -> dict[str, Receipt | Failure]:
    """Body of a task, on a worker: compute what of a strand is not in the folder yet.

    Args:
        strand: chunks to compute.
        make_backend: makes the model, once per worker.
        terms: what has to be the same here as where the command was given.
        topic: under which events go back that say how far the chunk at work has come.

    Returns:
        One result per chunk by its id.
    """
    from distributed import get_worker

    def tell(underway: Underway) -> None:
        get_worker().log_event(topic, [underway.spec.id, underway.week])

    require_terms(terms, make_backend)
    receipts, left = split(strand)
    if left is None:
        return {**receipts}
    ids = [spec.id for spec in left.specs]
    results = run_strand(left, make_backend, now_and_then(tell))
    return {**receipts, **dict(zip(ids, results, strict=True))}


def split(strand: Strand) -> tuple[dict[str, Receipt], Strand | None]:
    """Receipts of the chunks of a strand that are done, by id, and a strand of the others."""
    receipts, left = {}, []
    for spec in strand.specs:
        place = (spec.results, spec.cell.id, spec.block)
        receipt = None if chunk_damage(*place) else read_receipt(*place)
        if receipt is None:
            left.append(spec)
        else:
            receipts[spec.id] = receipt
    return receipts, Strand(tuple(left)) if left else None


@dataclass
class _Supervision:
    """Hands strands to Dask, a few at a time, and gives out what comes back.

    ``suspects`` were on a worker when it died; ``is_alone`` says that one of them runs now.
    ``inbox`` is filled by threads of the client: a future that has ended, or an event.
    """

    client: Any
    make_backend: MakeBackend
    terms: Terms
    waiting: deque[Strand]
    on_week: OnWeek | None
    suspects: deque[Strand] = field(default_factory=deque)
    running: dict[str, tuple[Any, Strand]] = field(default_factory=dict)
    inbox: queue.SimpleQueue[Any] = field(default_factory=queue.SimpleQueue)
    is_alone: bool = False
    topic: str = field(default_factory=lambda: f"spillover-{uuid.uuid4().hex[:12]}")
    tries: Iterator[int] = field(default_factory=itertools.count)
    n_threads: int = 0
    looked: float = -_LOOK_SECONDS
    last_seen: float = field(default_factory=time.monotonic)

    def results(self) -> Iterator[Done]:
        """Run everything; one result per chunk."""
        if self.on_week is not None:
            self.client.subscribe_topic(self.topic, self.inbox.put)
        while self.waiting or self.suspects or self.running:
            self._hand_out()
            try:
                item = self.inbox.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue
            if isinstance(item, tuple):
                self._pass_on(*item[1])
            else:
                yield from self._taken(item, self.running.pop(item.key)[1])

    def _pass_on(self, chunk_id: str, week: int) -> None:
        for _, strand in self.running.values():
            for spec in strand.specs:
                if spec.id == chunk_id and self.on_week is not None:
                    self.on_week(Underway(spec, week))

    def _hand_out(self) -> None:
        self._look()
        while self.waiting and len(self.running) < IN_FLIGHT * self.n_threads:
            self._submit(self.waiting.popleft())
        if self.suspects and not self.waiting and not self.running and self.n_threads:
            self.is_alone = True
            self._submit(self.suspects.popleft())

    def _look(self) -> None:
        """Count the threads of the workers now and then.

        Raises:
            UserError: there has been no worker for a long time, or no scheduler.
        """
        now = time.monotonic()
        if now - self.looked < _LOOK_SECONDS:
            return
        self.looked = now
        try:
            self.n_threads = sum(self.client.nthreads().values())
        except (OSError, ValueError, AttributeError):  # as a closed client fails, by version
            raise _scheduler_gone() from None
        if self.n_threads:
            self.last_seen = now
        elif now - self.last_seen > NO_WORKER_SECONDS:
            raise _no_worker()

    def _submit(self, strand: Strand) -> None:
        # nothing that an earlier command left with the scheduler may have the same key
        key = f"{self.topic}-{strand.id}-{next(self.tries)}"
        future = self.client.submit(
            work, strand, self.make_backend, self.terms, self.topic, key=key, pure=False
        )
        self.running[key] = future, strand
        future.add_done_callback(self.inbox.put)

    def _taken(self, future: Any, strand: Strand) -> Iterator[Done]:
        """Results of a task that has ended in one way or another."""
        from distributed.scheduler import KilledWorker

        was_alone, self.is_alone = self.is_alone, False
        try:
            outcome = future.result()
        except KilledWorker:
            yield from self._after_death(strand, was_alone)
            return
        except UserError:
            raise
        except Exception as error:
            if future.status != "error":  # cancelled, or finished and cannot be fetched
                raise _scheduler_gone() from None
            raise _broken_worker(error) from error
        for spec in strand.specs:
            yield Done(spec, outcome[spec.id])

    def _after_death(self, strand: Strand, was_alone: bool) -> Iterator[Done]:
        receipts, left = split(strand)
        yield from (Done(spec, receipts[spec.id]) for spec in strand.specs if spec.id in receipts)
        if left is None:
            return
        if not was_alone:
            self.suspects.append(left)
            return
        culprit, *others = left.specs
        message = "The worker process died again while it computed this chunk and nothing else"
        failure = Failure(culprit, "worker", f"{message} (killed, or out of memory?)")
        yield Done(culprit, record_failure(failure))
        if others:
            self.waiting.append(Strand(tuple(others)))


@contextmanager
def _connected(workers: int, address: str | None) -> Iterator[Any]:
    """A client of the scheduler at an address, or of a cluster that ends with the client."""
    import dask
    import distributed

    one_core_each()
    for name in ("distributed", "distributed.client"):  # what matters is said by errors of ours
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with dask.config.set(_SETTINGS), ExitStack() as stack:
        if address is None:
            with ignoring_interrupts():
                cluster = distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    memory_limit=0,  # as without Dask: the system says when memory is used up
                    dashboard_address="127.0.0.1:0",  # any free port, so that nothing is in its way
                    scheduler_kwargs={"dashboard": False},
                    silence_logs=logging.CRITICAL,
                )
            address = stack.enter_context(cluster).scheduler_address
        yield stack.enter_context(_client(address))


def _client(address: str) -> Any:
    import distributed

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", distributed.versions.VersionMismatchWarning)
            return distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:  # nobody answers; not an address
        raise UserError(
            "No Dask scheduler answers at this address.",
            where="engine.address",
            got=f"{address} ({type(error).__name__}: {error})",
            allowed="the address that `dask scheduler` prints, such as tcp://host:8786",
            next="Start the scheduler, or leave engine.address out for a cluster of this machine.",
        ) from None


def _refusal(what: str, *, got: str, allowed: str = "", next: str = "") -> UserError:
    return UserError(what, where="engine.executor=dask", got=got, allowed=allowed, next=next)


def _scheduler_gone() -> UserError:
    return _refusal(
        "The connection to the Dask scheduler was lost. Finished chunks stay in the folder.",
        got="a scheduler that was stopped or killed, or a network that broke",
        next="Start scheduler and workers again; the same command computes what is missing.",
    )


def _no_worker() -> UserError:
    return _refusal(
        "No Dask worker is there. Finished chunks stay in the folder.",
        got=f"a scheduler without a worker for {NO_WORKER_SECONDS} seconds",
        allowed="at least one worker, for example `dask worker ADDRESS --nthreads 1`",
        next="Start workers; the same command computes what is missing.",
    )


def _broken_worker(error: Exception) -> UserError:
    return _refusal(
        "A Dask worker could not take up its work. Finished chunks stay in the folder.",
        got=f"{type(error).__name__}: {error}",
        allowed="workers that can import the packages that this command uses",
        next="Install the same versions for the workers, start them again, and repeat.",
    )
