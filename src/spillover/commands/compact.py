"""`spillover compact`: merge the chunks of each cell of a results folder."""

from __future__ import annotations

from pathlib import Path

from spillover.batch.compact import compact as merged_chunks
from spillover.batch.lock import only_writer
from spillover.batch.manifest import require_manifest
from spillover.commands.present import console


def compact(results: Path, argv: list[str]) -> int:
    """Merge the chunks of a folder and say how many files are left; returns the exit code.

    Raises:
        UserError: the folder holds no results, is being written, or has damaged chunks.
    """
    require_manifest(results)
    out = console()
    with only_writer(results, argv):
        n_merged = n_chunks = 0
        for receipt in merged_chunks(results):
            n_merged += len(receipt.computed)
            n_chunks += 1
            out.print(
                f"cell {receipt.cell_id}: replicates {receipt.first} to {receipt.stop - 1}, "
                f"{sum(receipt.n_bytes.values()) / 1e6:.1f} MB",
                markup=False,
            )
    if n_chunks:
        out.print(f"{n_merged} chunks became {n_chunks}; rows and results hash are the same")
    else:
        out.print("nothing to merge: each cell has one chunk per run of replicates")
    return 0
