"""Merge the chunks of each cell into one per run of replicates: fewer files, the same rows.

The merged chunk is written beside the old ones and counts from the moment its outcomes file has
its name (see `store`); only then the old files go. A kill in between leaves the old chunks, or the
merged one with leftovers that nobody reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from spillover.batch.durable import atomic_file, file_sha256
from spillover.batch.leftovers import remove_leftovers
from spillover.batch.store import (
    KINDS,
    Block,
    Receipt,
    chunk_path,
    read_receipt,
    remove_chunk,
    sound_blocks,
    stored_cells,
    write_receipt,
)
from spillover.batch.tables import write_parquet
from spillover.errors import UserError


@dataclass(frozen=True)
class Merge:
    """Neighbouring chunks of a cell that become one."""

    cell_id: str
    blocks: tuple[Block, ...]

    @property
    def block(self) -> Block:
        """The block of the merged chunk."""
        return Block(self.blocks[0].first, self.blocks[-1].stop)


def find_merges(results: Path) -> list[Merge]:
    """What compaction will do with a folder, after reading and checking every file.

    Raises:
        UserError: a chunk is damaged; nothing is merged before it is made good.
    """
    merges, damaged = [], []
    for cell_id in stored_cells(results):
        sound, damage = sound_blocks(results, cell_id)
        damaged += [f"{cell_id}-{block.name}: {why}" for block, why in damage.items()]
        merges += [Merge(cell_id, run) for run in _runs(sound) if len(run) > 1]
    if damaged:
        more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
        raise UserError(
            "Damaged chunks cannot be merged.",
            where=str(results),
            got=damaged[0] + more,
            allowed="a folder whose finished chunks are sound",
            next=f"See `spillover verify {results}`: it says which command mends the folder.",
        )
    return merges


def _runs(blocks: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """Blocks without gaps between their replicates, taken together."""
    run: list[Block] = []
    for block in blocks:
        if run and block.first != run[-1].stop:
            yield tuple(run)
            run = []
        run.append(block)
    if run:
        yield tuple(run)


def merge(results: Path, merging: Merge) -> Receipt:
    """Write the merged chunk, then remove those it replaces; returns its receipt.

    Raises:
        OSError: the disk refuses; the old chunks are there and count.
    """
    receipts = [_receipt(results, merging.cell_id, block) for block in merging.blocks]
    kinds = [kind for kind in receipts[0].sha256 if kind != KINDS[-1]]
    files = {}
    for kind in kinds:
        files[kind] = chunk_path(results, kind, merging.cell_id, merging.block)
        with atomic_file(files[kind]) as file:
            _write_rows(results, kind, merging, file)
    with atomic_file(chunk_path(results, KINDS[-1], merging.cell_id, merging.block)) as file:
        _write_rows(results, KINDS[-1], merging, file)
        file.flush()
        files[KINDS[-1]] = Path(file.name)  # under its temporary name until the receipt is there
        receipt = Receipt(
            merging.cell_id,
            merging.block.first,
            merging.block.stop,
            sha256={kind: file_sha256(path) for kind, path in files.items()},
            n_bytes={kind: path.stat().st_size for kind, path in files.items()},
            seconds=round(sum(receipt.seconds for receipt in receipts), 3),
            parts=tuple(part for receipt in receipts for part in receipt.computed),
        )
        write_receipt(results, receipt)
    for block in merging.blocks:
        remove_chunk(results, merging.cell_id, block)
    return receipt


def _receipt(results: Path, cell_id: str, block: Block) -> Receipt:
    receipt = read_receipt(results, cell_id, block)
    if receipt is None:  # it was there when the merge was planned
        raise FileNotFoundError(f"The receipt of {cell_id}-{block.name} has gone.")
    return receipt


def _write_rows(results: Path, kind: str, merging: Merge, file: IO[bytes]) -> None:
    """Rows of all blocks in order, with the notes of the first about the whole."""
    paths = [chunk_path(results, kind, merging.cell_id, block) for block in merging.blocks]
    schema = pq.read_schema(paths[0])
    notes = json.loads(schema.metadata[b"spillover"])
    notes |= {"first": merging.block.first, "stop": merging.block.stop}
    metadata = {"spillover": json.dumps(notes, sort_keys=True)}
    tables = (_rows(path, schema) for path in paths)
    write_parquet(tables, schema.with_metadata(metadata), file)


def _rows(path: Path, schema: pa.Schema) -> pa.Table:
    table = pq.ParquetFile(path).read()
    if not table.schema.equals(schema):
        raise ValueError(f"{path} has other columns than the chunks before it.")
    return table


def compact(results: Path) -> Iterator[Receipt]:
    """Merge what can be merged; only for the holder of the folder's lock.

    Yields:
        The receipt of each merged chunk.

    Raises:
        UserError: a chunk is damaged; nothing was merged.
    """
    merges = find_merges(results)
    remove_leftovers(results)
    for merging in merges:
        yield merge(results, merging)
