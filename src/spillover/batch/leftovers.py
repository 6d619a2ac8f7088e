"""What runs that failed or were killed leave in a results folder."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from spillover.batch.durable import is_being_written, temporary_files
from spillover.batch.store import (
    HINDCAST_KINDS,
    KINDS,
    Block,
    blocks_in,
    blocks_present,
    chunk_path,
    receipt_path,
    stored_cells,
)

_FAILURE_NAME = re.compile(r"(.+)-w(\d{5,})-(\d{5,})\.json")


def failures(results: Path) -> list[dict[str, Any]]:
    """Descriptions of the chunks that failed and were not made good since.

    Each has at least cell_id, chunk, first, stop, stage and message.
    """
    known = _failures(results).items()
    return [failure for _, failure in known if not _is_made_good(results, failure)]


def _failures(results: Path) -> dict[Path, dict[str, Any]]:
    described = {}
    for path in sorted((results / "failures").glob("*.json")):
        match = _FAILURE_NAME.fullmatch(path.name)
        if match is None:
            continue
        try:
            content = json.loads(path.read_bytes())
        except ValueError:
            content = {"stage": "unknown", "message": f"{path.name} cannot be read"}
        name = {"cell_id": match[1], "chunk": path.stem}
        described[path] = {**content, **name, "first": int(match[2]), "stop": int(match[3]) + 1}
    return described


def _is_made_good(results: Path, failure: dict[str, Any]) -> bool:
    """Whether finished chunks hold all replicates of a failed one."""
    position = failure["first"]
    for block in blocks_present(results, failure["cell_id"]):
        if block.first <= position:
            position = max(position, block.stop)
    return position >= failure["stop"]


def leftovers(results: Path) -> list[Path]:
    """Files that nobody needs.

    These are temporary files of writers that no longer live, files of chunks that were not
    finished or were replaced by a merged one, and failures that were made good.
    """
    left = [path for path in temporary_files(results) if not is_being_written(path)]
    path_of = {kind: partial(chunk_path, results, kind) for kind in (*HINDCAST_KINDS, *KINDS)}
    path_of["receipts"] = partial(receipt_path, results)
    done: dict[str, set[Block]] = {}
    for kind, path in path_of.items():
        for cell_id in stored_cells(results, kind):
            if cell_id not in done:
                done[cell_id] = set(blocks_present(results, cell_id))
            blocks = set(blocks_in(results / kind / f"cell={cell_id}"))
            left += [path(cell_id, block) for block in blocks - done[cell_id]]
    made_good = [p for p, failure in _failures(results).items() if _is_made_good(results, failure)]
    return sorted([*left, *made_good])


def remove_leftovers(results: Path) -> None:
    """Delete what nobody needs; only for the holder of the folder's lock."""
    for path in leftovers(results):
        path.unlink(missing_ok=True)
