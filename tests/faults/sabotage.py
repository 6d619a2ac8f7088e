"""Faults to inject into a process, and protections to take out of it.

A process under test calls `inject` before it begins. Its workers import this module, with
`backend`, before they begin, and find the same wishes in the environment.
"""

from __future__ import annotations

import errno
import importlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

WISHES = "SPILLOVER_TEST_FAULTS"
"""Environment variable with words such as ``die_at=12 clock=7 without=seal``."""
CHANGES = ("replace", "unlink", "fsync")
"""Calls of `os` that change a disk, or make a change last."""
YEARS = 3600 * 24 * 365.25


def backend() -> Any:
    """The made-up model, in a process where the wishes have come true."""
    import fake_model

    return fake_model.fake_backend()


_injected: set[str] = set()


def inject(wishes: str) -> None:
    """Make each wish come true in this process, once."""
    for wish in wishes.split():
        if wish not in _injected:
            _injected.add(wish)
            name, _, value = wish.partition("=")
            _WISHES[name](value)


def _poison(where: str) -> None:
    """Whoever computes a replicate of the cell without (0) or with (1) the policy dies."""
    import fake_model

    healthy = fake_model.fake_simulate
    replicate, has_policy = map(int, where.split(","))

    def simulate(parameters: Any, seed: int, first: int, stop: int, *more: Any) -> Any:
        if first <= replicate < stop and bool(parameters.effect) == bool(has_policy):
            os.kill(os.getpid(), signal.SIGKILL)
        return healthy(parameters, seed, first, stop, *more)

    fake_model.fake_simulate = simulate


def _full_disk(n_writes: str) -> None:
    """From some write on, the disk is full."""
    _refuse_after(int(n_writes), errno.ENOSPC, ("fsync",))


def _read_only(n_writes: str) -> None:
    """From some change on, the disk cannot be changed any more."""
    _refuse_after(int(n_writes), errno.EROFS, ("fsync", "replace", "unlink"))


def _refuse_after(n: int, code: int, changes: tuple[str, ...]) -> None:
    left = [n]

    def limited(change: Callable[..., Any]) -> Callable[..., Any]:
        def refuse(*args: Any, **keys: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(code, os.strerror(code))
            return change(*args, **keys)

        return refuse

    for name in changes:
        setattr(os, name, limited(getattr(os, name)))


def _clock(seed: str) -> None:
    """The clock on the wall jumps back and forth by years each time somebody looks."""
    jumps = random.Random(seed)
    real = time.time

    def jumping() -> float:
        return real() + jumps.uniform(-20, 20) * YEARS

    class Datetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=jumps.uniform(-4000, 4000))

    time.time = jumping
    time.time_ns = lambda: int(jumping() * 1e9)
    for name in ("manifest", "lock"):
        importlib.import_module(f"spillover.batch.{name}").datetime = Datetime  # type: ignore[attr-defined]


def _no_locks(_: str) -> None:
    """The disk knows no file locks."""
    import fcntl

    def flock(*_: Any) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    fcntl.flock = flock


def _die_at(n: str) -> None:
    """The power goes at the n-th change of the disk, and what was not flushed is lost."""
    cut = _PowerCut(int(n))
    for name in CHANGES:
        setattr(os, name, cut.counted(getattr(os, name)))


def _count_changes(file: str) -> None:
    """Write how often the process has changed the disk so far, as `_die_at` counts."""
    count = [0]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **keys: Any) -> Any:
            result = change(*args, **keys)  # one that fails changes nothing
            count[0] += 1
            Path(file).write_text(str(count[0]))
            return result

        return counting

    for name in CHANGES:
        setattr(os, name, counted(getattr(os, name)))


class _PowerCut:
    """Counts changes of the disk; knows which renamed files were flushed before."""

    def __init__(self, n: int) -> None:
        self.left, self.flushed, self.unsafe = n, set[int](), list[str]()

    def counted(self, change: Callable[..., Any]) -> Callable[..., Any]:
        def count(*args: Any, **keys: Any) -> Any:
            self.before(change.__name__, args)
            result = change(*args, **keys)
            self.tick()
            return result

        return count

    def before(self, name: str, args: tuple[Any, ...]) -> None:
        if name == "fsync":
            self.flushed.add(os.fstat(args[0]).st_ino)
        elif name == "replace" and os.stat(args[0]).st_ino not in self.flushed:
            self.unsafe.append(str(args[1]))

    def tick(self) -> None:
        self.left -= 1
        if self.left <= 0:
            for path in self.unsafe:
                if os.path.exists(path):
                    os.truncate(path, os.path.getsize(path) // 2)
            os.kill(os.getpid(), signal.SIGKILL)


def _without(protection: str) -> None:
    for name, value in removed(protection).items():
        module, _, attribute = name.rpartition(".")
        setattr(importlib.import_module(module), attribute, value)


_WISHES: dict[str, Callable[[str], None]] = {
    "poison": _poison,
    "full_disk": _full_disk,
    "read_only": _read_only,
    "clock": _clock,
    "no_locks": _no_locks,
    "die_at": _die_at,
    "count_changes": _count_changes,
    "without": _without,
}


def removed(protection: str) -> dict[str, Any]:
    """What to put in place of which object, by full name, to be without a protection."""
    batch = "spillover.batch"
    return {
        "rename": {f"{batch}.{m}.atomic_file": _written_in_place for m in ("durable", "compact")},
        "flush": {f"{batch}.durable.os": _OsWithoutFlush()},
        "order": {f"{batch}.chunk.write_chunk": _written_outcomes_first},
        "checksum": {f"{batch}.store.chunk_damage": lambda *_: ""},
        "seal": {f"{batch}.{m}.is_sealed": lambda _: True for m in ("store", "manifest")},
        "retry": {f"{batch}.executor.DEATHS_ALLOWED": 0},
        "quarantine": {f"{batch}.executor.DEATHS_ALLOWED": 3},
        "watch": {f"{batch}.executor._end_with_supervisor": lambda: None},
        "signal": {f"{batch}.executor.ignoring_interrupts": _anyhow, **_default_signals()},
        "lock": {"spillover.commands.run.only_writer": _unlocked},
        "replacement": {f"{batch}.store.blocks_present": _all_blocks},
        "new_before_old": {f"{batch}.compact.write_receipt": _old_removed_first},
        "clean_up": {f"{batch}.runner.remove_leftovers": lambda _: None},
        "monotonic": {f"{batch}.chunk.time": _WallClock()},
        "stop_on_full_disk": {f"{batch}.runner.DISK_ERRORS": frozenset()},
    }[protection]


@contextmanager
def _written_in_place(path: Path) -> Iterator[IO[bytes]]:
    """A file that has its name from the first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "wb", buffering=0) as file:
        yield _InHalves(file)  # type: ignore[misc]


class _InHalves:
    """Writes with a change of the disk in the middle of each write."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.name = file, file.name

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, content: bytes) -> int:
        half = len(content) // 2
        self.file.write(content[:half])
        os.fsync(self.file.fileno())
        return half + self.file.write(content[half:])


class _OsWithoutFlush:
    """The module `os`, with nothing behind `fsync`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def fsync(self, _: int) -> None: ...


class _WallClock:
    """The module `time` for somebody who measures with the clock on the wall."""

    @staticmethod
    def perf_counter() -> float:
        return time.time()


def _written_outcomes_first(
    results: Path, cell_id: str, block: Any, tables: dict[str, bytes], seconds: float
) -> Any:
    from spillover.batch import store

    path = store.chunk_path(results, "outcomes", cell_id, block)
    store.write_atomic(path, tables["outcomes"])
    return store.write_chunk(results, cell_id, block, tables, seconds)


def _all_blocks(results: Path, cell_id: str) -> tuple[Any, ...]:
    from spillover.batch import store

    return tuple(store.named_blocks(results, cell_id))


def _old_removed_first(results: Path, receipt: Any) -> None:
    from spillover.batch import store

    for part in receipt.computed:
        store.remove_chunk(results, receipt.cell_id, store.Block(part.first, part.stop))
    store.write_receipt(results, receipt)


@contextmanager
def _unlocked(results: Path, argv: list[str]) -> Iterator[None]:
    from spillover.batch.folder import prepare_folder

    prepare_folder(results)
    yield


@contextmanager
def _anyhow() -> Iterator[None]:
    yield


def _default_signals() -> dict[str, Any]:
    class Signals:
        SIGINT, SIG_IGN = signal.SIGINT, signal.default_int_handler
        signal = staticmethod(signal.signal)

    return {"spillover.batch.executor.signal": Signals}


inject(os.environ.get(WISHES, ""))  # in the workers of a process under test
