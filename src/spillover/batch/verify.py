"""Read a whole results folder and say what is not as it was written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spillover.batch.durable import temporary_files
from spillover.batch.leftovers import leftovers
from spillover.batch.manifest import (
    CELLS,
    MANIFEST,
    MANIFEST_COPY,
    QUANTILES,
    read_cells,
    require_manifest,
    table_damage,
)
from spillover.batch.store import (
    HINDCAST_KINDS,
    KINDS,
    chunk_path,
    missing_blocks,
    receipt_path,
    results_hash,
    sound_blocks,
    stored_blocks,
    stored_cells,
)


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be.

    ``kind`` is damaged, missing, stray (nobody knows the file) or left over (nobody needs it).
    """

    kind: str
    what: str
    why: str


def findings(results: Path) -> list[Finding]:
    """Everything that is wrong with a folder; reads every file that has a checksum.

    Raises:
        UserError: the manifest is missing or damaged.
    """
    manifest = require_manifest(results)
    found = list(_tables(results, manifest))
    if not any(finding.what == CELLS for finding in found):
        asked = manifest["config"]["replicates"]
        cells = [str(cell_id) for cell_id in read_cells(results)["cell_id"]]
        for cell_id in cells:
            found += _chunks(results, cell_id, asked)
        found += [
            Finding("stray", f"cell {cell_id}", f"{CELLS} does not know it")
            for cell_id in set(stored_cells(results)) - set(cells)
        ]
    left = leftovers(results)
    found += [Finding("left over", _name(results, path), "nobody needs it") for path in left]
    known = {*left, *temporary_files(results), *_files_of_chunks(results)}
    found += [
        Finding("stray", _name(results, path), "not a file of a finished chunk")
        for path in _files_in_folders_of_chunks(results)
        if path not in known
    ]
    has_ended = "ended" in manifest["commands"][-1]
    if not found and has_ended and manifest["results_sha256"] != results_hash(results):
        why = "the chunks are not those of which it holds the hash"
        found.append(Finding("damaged", MANIFEST, why))
    return sorted(found, key=lambda finding: (finding.kind, finding.what))


def _tables(results: Path, manifest: dict) -> Iterator[Finding]:
    """The tables beside the manifest, and its copy."""
    if "seal" in manifest:
        copy, original = results / MANIFEST_COPY, results / MANIFEST
        if not copy.is_file():
            yield Finding("missing", MANIFEST_COPY, "the copy of the manifest")
        elif copy.read_bytes() != original.read_bytes():
            yield Finding("damaged", MANIFEST_COPY, f"it is not the same as {MANIFEST}")
    has_ended = "ended" in manifest["commands"][-1] and manifest["commands"][-1].get("chunks")
    for name in (CELLS, QUANTILES):
        if not (results / name).is_file():
            if name == CELLS or has_ended:
                yield Finding("missing", name, "the manifest holds its checksum")
        elif why := table_damage(results, manifest, name):
            yield Finding("damaged", name, why)


def _chunks(results: Path, cell_id: str, asked: int) -> Iterator[Finding]:
    sound, damage = sound_blocks(results, cell_id)
    for block, why in damage.items():
        yield Finding("damaged", f"chunk {cell_id}-{block.name}", why)
    for block in missing_blocks((*sound, *damage), asked, asked):
        replicates = f"replicates {block.first} to {block.stop - 1}"
        yield Finding("missing", f"{replicates} of cell {cell_id}", f"{asked} were asked for")


def _files_of_chunks(results: Path) -> Iterator[Path]:
    for cell_id, block in stored_blocks(results):
        yield receipt_path(results, cell_id, block)
        yield from (chunk_path(results, k, cell_id, block) for k in (*HINDCAST_KINDS, *KINDS))
    yield results / MANIFEST_COPY
    yield results / QUANTILES


def _files_in_folders_of_chunks(results: Path) -> Iterator[Path]:
    for kind in (*HINDCAST_KINDS, *KINDS, "receipts"):
        yield from (path for path in (results / kind).rglob("*") if not path.is_dir())


def _name(results: Path, path: Path) -> str:
    return path.relative_to(results).as_posix()
