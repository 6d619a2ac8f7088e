"""The results folder: where files lie, how they are written once and checked.

A file appears under its final name only when it is complete: bytes go to a temporary file in the
same folder, are flushed to the disk, and the file is renamed. The outcomes file of a chunk is
renamed last, so a chunk is done if and only if that name exists. The receipt beside the chunk
holds the checksum of each of its files.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

KINDS = ("places", "series", "outcomes")
"""Tables of every chunk in the order in which they are written; the last one marks it as done."""
HINDCAST_KINDS = ("weeks", "severities")
"""Further tables of a hindcast, written before the others."""
_CHUNK_NAME = re.compile(r"w(\d{5,})-(\d{5,})\.parquet")


@dataclass(frozen=True, order=True)
class Block:
    """Replicates ``first`` to ``stop - 1`` of a cell."""

    first: int
    stop: int

    @property
    def name(self) -> str:
        """File stem: first and last replicate, for example ``w00000-00049``."""
        return f"w{self.first:05d}-{self.stop - 1:05d}"

    def __len__(self) -> int:
        return self.stop - self.first


@dataclass(frozen=True)
class Receipt:
    """What a finished chunk left on the disk.

    ``sha256`` maps the kind of table to the checksum of its file, ``n_bytes`` to its size;
    ``seconds`` is the wall time of the chunk.
    """

    cell_id: str
    first: int
    stop: int
    sha256: Mapping[str, str]
    n_bytes: Mapping[str, int]
    seconds: float


def chunk_path(results: Path, kind: str, cell_id: str, block: Block) -> Path:
    """Final name of one table of a chunk."""
    return results / kind / f"cell={cell_id}" / f"{block.name}.parquet"


def receipt_path(results: Path, cell_id: str, block: Block) -> Path:
    """Final name of the receipt of a chunk."""
    return results / "receipts" / f"cell={cell_id}" / f"{block.name}.json"


def failure_path(results: Path, cell_id: str, block: Block) -> Path:
    """Where the failure of a chunk is described."""
    return results / "failures" / f"{cell_id}-{block.name}.json"


def write_atomic(path: Path, content: bytes) -> None:
    """Let a complete file appear under ``path``, or nothing at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.tmp-{os.getpid()}"
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; folders cannot be opened on every system."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, content: Any) -> None:
    """Write a readable JSON file atomically, keys in the order given."""
    write_atomic(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def write_chunk(
    results: Path, cell_id: str, block: Block, tables: Mapping[str, bytes], seconds: float
) -> Receipt:
    """Write the tables of a chunk and its receipt; the outcomes table comes last."""
    kinds = [kind for kind in (*HINDCAST_KINDS, *KINDS) if kind in tables]
    receipt = Receipt(
        cell_id,
        block.first,
        block.stop,
        sha256={kind: hashlib.sha256(tables[kind]).hexdigest() for kind in kinds},
        n_bytes={kind: len(tables[kind]) for kind in kinds},
        seconds=round(seconds, 3),
    )
    for kind in kinds[:-1]:
        write_atomic(chunk_path(results, kind, cell_id, block), tables[kind])
    write_json(receipt_path(results, cell_id, block), asdict(receipt))
    write_atomic(chunk_path(results, kinds[-1], cell_id, block), tables[kinds[-1]])
    failure_path(results, cell_id, block).unlink(missing_ok=True)
    return receipt


def blocks_present(results: Path, cell_id: str) -> tuple[Block, ...]:
    """Blocks whose outcomes file has its final name, in order of replicates."""
    folder = results / "outcomes" / f"cell={cell_id}"
    if not folder.is_dir():
        return ()
    matches = (_CHUNK_NAME.fullmatch(path.name) for path in folder.iterdir())
    return tuple(sorted(Block(int(m[1]), int(m[2]) + 1) for m in matches if m))


def read_receipt(results: Path, cell_id: str, block: Block) -> Receipt | None:
    """Receipt of a chunk, or None when it is missing or unreadable."""
    try:
        return Receipt(**json.loads(receipt_path(results, cell_id, block).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def chunk_damage(results: Path, cell_id: str, block: Block) -> str:
    """What is wrong with the files of a chunk; empty when every checksum agrees."""
    receipt = read_receipt(results, cell_id, block)
    if receipt is None:
        return "its receipt is missing or unreadable"
    for kind in {**dict.fromkeys(KINDS), **receipt.sha256}:
        path = chunk_path(results, kind, cell_id, block)
        try:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError:
            return f"its {kind} file is missing"
        if digest != receipt.sha256.get(kind):
            return f"its {kind} file does not match the checksum of its receipt"
    return ""


def sound_blocks(results: Path, cell_id: str) -> tuple[tuple[Block, ...], dict[Block, str]]:
    """Blocks that may be read, and the damaged ones with the reason."""
    damage = {b: chunk_damage(results, cell_id, b) for b in blocks_present(results, cell_id)}
    sound = tuple(block for block, reason in damage.items() if not reason)
    return sound, {block: reason for block, reason in damage.items() if reason}


def missing_blocks(done: tuple[Block, ...], replicates: int, block_size: int) -> list[Block]:
    """Blocks that complete replicates 0 to ``replicates - 1``.

    Gaps between finished blocks are cut at multiples of ``block_size``, so that a folder which
    was begun with another block size, or ended inside a block, is completed without overlap.
    """
    missing = []
    position = 0
    for block in [*sorted(done), Block(replicates, replicates)]:
        gap_end = min(block.first, replicates)
        while position < gap_end:
            stop = min((position // block_size + 1) * block_size, gap_end)
            missing.append(Block(position, stop))
            position = stop
        position = max(position, block.stop)
    return missing


def failures(results: Path) -> list[dict[str, Any]]:
    """Descriptions of the chunks that failed and were not made good since."""
    folder = results / "failures"
    if not folder.is_dir():
        return []
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def remove_leftovers(results: Path) -> None:
    """Delete temporary files of writers that no longer live."""
    for path in _temporary_files(results):
        if not _is_alive(int(path.name.rpartition("-")[2])):
            path.unlink(missing_ok=True)


def _temporary_files(results: Path) -> Iterator[Path]:
    return (p for p in results.rglob(".*.tmp-*") if p.name.rpartition("-")[2].isdigit())


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
