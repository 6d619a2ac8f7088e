"""One writer per results folder.

The writer holds a lock on the file `.lock` of the folder, which also says who it is. The system
lets go of the lock when the process ends, in whatever way, so a killed run blocks nobody. Some
disks know no locks. There the file alone is the lock: a writer that was killed on this machine is
recognised by its process id and replaced; after a kill on another machine a person removes the
file, as the refusal says.
"""

from __future__ import annotations

import errno
import json
import os
import shlex
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from spillover.batch.durable import is_alive
from spillover.batch.folder import LOCK_NAME, prepare_folder, problem_of, unwritable
from spillover.errors import UserError

try:
    import fcntl
except ImportError:  # a system without file locks
    fcntl = None  # type: ignore[assignment]

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL})
_TRIES, _PAUSE_SECONDS = 5, 0.1  # a killed writer may need a moment to be gone


@dataclass(frozen=True)
class Holder:
    """Who writes into a folder; ``begun`` is for people only, nothing depends on it."""

    pid: int
    host: str
    begun: str
    command: str

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} since {self.begun}: {self.command}"


@contextmanager
def only_writer(results: Path, argv: Sequence[str]) -> Iterator[None]:
    """Make the folder if need be, and be its only writer until the end of the block.

    Raises:
        UserError: the folder cannot be written, or another process writes into it.
    """
    prepare_folder(results)
    path = results / LOCK_NAME
    try:
        descriptor = _acquired(path)
    except OSError as error:
        raise unwritable(results, problem_of(error)) from None
    now = datetime.now(UTC).isoformat(timespec="seconds")
    me = Holder(os.getpid(), socket.gethostname(), now, shlex.join(argv))
    try:
        with suppress(OSError):  # on a full disk the lock holds all the same, without a name
            os.ftruncate(descriptor, 0)
            os.write(descriptor, json.dumps(asdict(me)).encode())
        yield
    finally:
        with suppress(OSError):
            path.unlink()
        os.close(descriptor)


def holder_of(results: Path) -> Holder | None:
    """The process that writes into a folder now, or None."""
    path = results / LOCK_NAME
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        is_free = _try_lock(descriptor, is_shared=True)
    finally:
        os.close(descriptor)
    holder = _read(path)
    if is_free is None:
        is_free = holder is not None and _is_gone(holder)
    return None if is_free else holder or Holder(0, "a machine", "an unknown time", "not said")


def _acquired(path: Path) -> int:
    """Descriptor of the lock file, locked by this process.

    Raises:
        UserError: somebody else holds it.
        OSError: the file cannot be made.
    """
    for _ in range(_TRIES):
        is_new = not path.exists()
        try:
            descriptor = os.open(path, os.O_RDWR | (os.O_CREAT | os.O_EXCL if is_new else 0), 0o666)
        except (FileExistsError, FileNotFoundError):
            continue  # made or removed by another one this very moment
        is_ours = _try_lock(descriptor)
        if is_ours is None:
            return _acquired_without_locks(path, descriptor, is_new)
        if is_ours and _is_in_place(descriptor, path):
            return descriptor
        os.close(descriptor)
        time.sleep(_PAUSE_SECONDS)
    raise _refusal(path, holder_of(path.parent))


def _try_lock(descriptor: int, is_shared: bool = False) -> bool | None:
    """Whether the file could be locked; None where the disk knows no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


def _is_in_place(descriptor: int, path: Path) -> bool:
    """Whether the locked file still has its name: the last holder takes the name away."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _acquired_without_locks(path: Path, descriptor: int, is_new: bool) -> int:
    """The file that this process made is its lock; one of a dead process is taken over."""
    if is_new:
        return descriptor
    holder = _read(path)
    if holder is not None and _is_gone(holder):
        return descriptor
    os.close(descriptor)
    raise _refusal(path, holder, is_name_only=True)


def _is_gone(holder: Holder) -> bool:
    return holder.host == socket.gethostname() and not is_alive(holder.pid)


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _refusal(path: Path, holder: Holder | None, is_name_only: bool = False) -> UserError:
    advice = "Wait until it has ended, or use another folder with results=FOLDER."
    if holder and holder.pid and holder.host == socket.gethostname():
        advice += f" To stop it, so that it can be resumed: kill -INT {holder.pid}"
    if is_name_only:
        advice += (
            f" This disk knows no locks: if the process has ended, remove {path} and try again."
        )
    return UserError(
        "Another command is writing into this folder.",
        where=str(path.parent),
        got=str(holder) if holder else "a process that has not said its name",
        allowed="one writer per folder",
        next=advice,
    )
