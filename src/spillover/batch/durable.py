"""Files that are there whole or not at all, and that notice when they change.

Bytes go to a temporary file in the same folder, are flushed to the disk, and the file is renamed;
then the folder is flushed, so that the name is durable too. A JSON file may carry a seal.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pandas as pd


@contextmanager
def atomic_file(path: Path) -> Iterator[IO[bytes]]:
    """A file to write that appears under ``path`` when it is complete and on the disk, or never.

    Raises:
        OSError: of the system (disk full, not permitted); the temporary file is gone then.
    """
    _make_folder(path.parent)
    temporary = path.parent / f".{path.name}.tmp-{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):  # the first error is the one to tell
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def write_atomic(path: Path, content: bytes) -> None:
    """Let a complete file appear under ``path``, or nothing at all."""
    with atomic_file(path) as file:
        file.write(content)


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each of them durable."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, on systems that can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # folders cannot be opened on every system
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def write_json(path: Path, content: Any) -> None:
    """Write a readable JSON file atomically, keys in the order given."""
    write_atomic(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write a table as CSV; one without rows leaves no file, nor one of an earlier run.

    Returns:
        The path.
    """
    if table.empty:
        path.unlink(missing_ok=True)
    else:
        write_atomic(path, table.to_csv(index=False, float_format="%.8g").encode())
    return path


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a JSON file with a last key, the checksum of all others."""
    unsealed = {key: value for key, value in content.items() if key != "seal"}
    text = json.dumps(unsealed, sort_keys=True)
    return {**unsealed, "seal": hashlib.sha256(text.encode()).hexdigest()}


def is_sealed(content: Mapping[str, Any]) -> bool:
    """Whether nothing has changed since the content was sealed."""
    return content.get("seal") == sealed(content)["seal"]


def file_sha256(path: Path) -> str:
    """Checksum of a file of any size."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def temporary_files(folder: Path) -> Iterator[Path]:
    """Files below a folder that are being written, or were when their writer died."""
    return (p for p in folder.rglob(".*.tmp-*") if p.name.rpartition("-")[2].isdigit())


def is_being_written(temporary: Path) -> bool:
    """Whether the writer of a temporary file lives, as far as this machine knows."""
    return is_alive(int(temporary.name.rpartition("-")[2]))


def is_alive(process_id: int) -> bool:
    """Whether a process of this machine runs; a dead one that nobody has buried does not."""
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):  # a system that does not tell
        return True
    return state != "Z"
