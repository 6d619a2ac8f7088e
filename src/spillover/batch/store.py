"""The results folder: where files lie, how they are written once and checked.

A file appears under its final name only when it is complete (see `durable`). The outcomes file of
a chunk appears last, so a chunk is done if and only if that name exists. The receipt beside the
chunk holds the checksum of each of its files, and carries a seal over itself. Where the replicates
of two finished chunks overlap, the one that begins first counts, the longer of two that begin
together; so a chunk that is merged from others replaces them in the moment it is done.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from spillover.batch.durable import (
    file_sha256,
    is_sealed,
    sealed,
    write_atomic,
    write_json,
)

KINDS = ("places", "series", "outcomes")
"""Tables of every chunk in the order in which they are written; the last one marks it as done."""
HINDCAST_KINDS = ("weeks", "severities")
"""Further tables of a hindcast, written before the others."""
_CHUNK_NAME = re.compile(r"w(\d{5,})-(\d{5,})\.(?:parquet|json)")


@dataclass(frozen=True, order=True)
class Block:
    """Replicates ``first`` to ``stop - 1`` of a cell."""

    first: int
    stop: int

    @property
    def name(self) -> str:
        """File stem: first and last replicate, for example ``w00000-00099``."""
        return f"w{self.first:05d}-{self.stop - 1:05d}"

    def __len__(self) -> int:
        return self.stop - self.first


@dataclass(frozen=True)
class Part:
    """A chunk as it was computed: its replicates and the checksums its files had."""

    first: int
    stop: int
    sha256: Mapping[str, str]


@dataclass(frozen=True)
class Receipt:
    """What a finished chunk left on the disk.

    ``sha256`` maps the kind of table to the checksum of its file, ``n_bytes`` to its size;
    ``seconds`` is the time it took to compute. A chunk that was merged from others names them in
    ``parts``.
    """

    cell_id: str
    first: int
    stop: int
    sha256: Mapping[str, str]
    n_bytes: Mapping[str, int]
    seconds: float
    parts: tuple[Part, ...] = ()

    @property
    def computed(self) -> tuple[Part, ...]:
        """The chunks that were computed: its parts, or itself."""
        return self.parts or (Part(self.first, self.stop, self.sha256),)


def chunk_path(results: Path, kind: str, cell_id: str, block: Block) -> Path:
    """Final name of one table of a chunk."""
    return results / kind / f"cell={cell_id}" / f"{block.name}.parquet"


def receipt_path(results: Path, cell_id: str, block: Block) -> Path:
    """Final name of the receipt of a chunk."""
    return results / "receipts" / f"cell={cell_id}" / f"{block.name}.json"


def failure_path(results: Path, cell_id: str, block: Block) -> Path:
    """Where the failure of a chunk is described."""
    return results / "failures" / f"{cell_id}-{block.name}.json"


def write_receipt(results: Path, receipt: Receipt) -> None:
    """Write the receipt of a chunk with its seal."""
    path = receipt_path(results, receipt.cell_id, Block(receipt.first, receipt.stop))
    write_json(path, sealed(asdict(receipt)))


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
    write_receipt(results, receipt)
    write_atomic(chunk_path(results, kinds[-1], cell_id, block), tables[kinds[-1]])
    failure_path(results, cell_id, block).unlink(missing_ok=True)
    return receipt


def remove_chunk(results: Path, cell_id: str, block: Block) -> None:
    """Delete the files of a chunk; first the one that marks it as done."""
    for kind in reversed((*HINDCAST_KINDS, *KINDS)):
        chunk_path(results, kind, cell_id, block).unlink(missing_ok=True)
    receipt_path(results, cell_id, block).unlink(missing_ok=True)


def named_blocks(results: Path, cell_id: str, kind: str = "outcomes") -> list[Block]:
    """Blocks that have a file of a kind, by first replicate and the longest first."""
    return sorted(
        blocks_in(results / kind / f"cell={cell_id}"), key=lambda block: (block.first, -block.stop)
    )


def blocks_in(folder: Path) -> Iterator[Block]:
    """Blocks that the files of a folder are named after."""
    if folder.is_dir():
        for match in map(_CHUNK_NAME.fullmatch, os.listdir(folder)):
            if match:
                yield Block(int(match[1]), int(match[2]) + 1)


def blocks_present(results: Path, cell_id: str) -> tuple[Block, ...]:
    """Finished blocks in order of replicates; those that others have replaced do not count."""
    present: list[Block] = []
    for block in named_blocks(results, cell_id):
        if not present or block.first >= present[-1].stop:
            present.append(block)
    return tuple(present)


def stored_blocks(results: Path) -> list[tuple[str, Block]]:
    """Finished chunks of all cells of a folder, by cell and first replicate."""
    ids = stored_cells(results)
    return [(cell_id, block) for cell_id in ids for block in blocks_present(results, cell_id)]


def stored_cells(results: Path, kind: str = "outcomes") -> list[str]:
    """Cells that have a folder of a kind, in the order of their names."""
    folders = sorted((results / kind).glob("cell=*"))
    return [folder.name.removeprefix("cell=") for folder in folders]


def read_receipt(results: Path, cell_id: str, block: Block) -> Receipt | None:
    """Receipt of a chunk, or None when it is missing, unreadable or has changed."""
    try:
        content = json.loads(receipt_path(results, cell_id, block).read_bytes())
        if "seal" in content and not is_sealed(content):
            return None
        content.pop("seal", None)
        parts = tuple(Part(**part) for part in content.pop("parts", ()))
        receipt = Receipt(**content, parts=parts)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
    is_its_own = (receipt.cell_id, Block(receipt.first, receipt.stop)) == (cell_id, block)
    return receipt if is_its_own else None


def chunk_damage(results: Path, cell_id: str, block: Block) -> str:
    """What is wrong with the files of a chunk; empty when every checksum agrees."""
    receipt = read_receipt(results, cell_id, block)
    if receipt is None:
        return "its receipt is missing or damaged"
    for kind in {**dict.fromkeys(KINDS), **receipt.sha256}:
        try:
            digest = file_sha256(chunk_path(results, kind, cell_id, block))
        except FileNotFoundError:
            return f"its {kind} file is missing"
        except OSError as error:
            return f"its {kind} file cannot be read: {error.strerror}"
        if digest != receipt.sha256.get(kind):
            return f"its {kind} file does not match the checksum of its receipt"
    return ""


def sound_blocks(results: Path, cell_id: str) -> tuple[tuple[Block, ...], dict[Block, str]]:
    """Blocks that may be read, and the damaged ones with the reason.

    Where a damaged chunk was merged from others that are still there, those may be read.
    """
    sound: list[Block] = []
    damage: dict[Block, str] = {}
    for block in named_blocks(results, cell_id):
        if sound and block.stop <= sound[-1].stop:
            continue  # replaced by the one that holds its replicates
        if sound and block.first < sound[-1].stop:
            damage[block] = f"its replicates overlap with those of {sound[-1].name}"
        elif reason := chunk_damage(results, cell_id, block):
            damage[block] = reason
        else:
            sound.append(block)
    return tuple(sound), damage


def results_hash(results: Path) -> str:
    """One hash over the checksums of all chunks as they were computed.

    Equal results have equal hashes, also after chunks were merged, as long as they were computed
    in blocks of the same size.
    """
    lines = []
    for cell_id, block in stored_blocks(results):
        receipt = read_receipt(results, cell_id, block)
        if receipt is None:
            lines.append(f"{cell_id} {block.name} no receipt\n")
            continue
        for part in receipt.computed:
            name = Block(part.first, part.stop).name
            lines.append(f"{cell_id} {name} {sorted(part.sha256.items())}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


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
