"""`spillover status`: what of a results folder is done, failed or damaged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rich.table import Table

from spillover.batch.backend import MakeBackend, model_backend
from spillover.batch.manifest import read_cells, require_manifest
from spillover.batch.schema import Config
from spillover.batch.store import failures, sound_blocks
from spillover.commands.present import console


def status(results: Path, make_backend: MakeBackend | None = None) -> int:
    """Print the state of a results folder; every file is compared with its checksum.

    Returns:
        0 if every cell of the folder has as many replicates as were last asked for, else 1.

    Raises:
        UserError: the folder holds no results.
    """
    manifest = require_manifest(results)
    out = console()
    asked = manifest["config"]["replicates"]
    failed = failures(results)
    table = Table("cell", "scenario", "policy", "draw", "replicates", "failed", "damaged")
    is_complete = True
    problems: list[str] = []
    for cell in read_cells(results).to_dict("records"):
        sound, damage = sound_blocks(results, cell["cell_id"])
        n_done = sum(len(block) for block in sound)
        n_failed = sum(f["stop"] - f["first"] for f in failed if _is_of(f, cell["cell_id"]))
        is_complete &= n_done >= asked and not damage and not n_failed
        names = (cell["cell_id"], cell["scenario"], cell["policy"], str(cell["draw"]))
        table.add_row(*names, f"{n_done} of {asked}", str(n_failed), str(len(damage)))
        problems += [f"damaged: {cell['cell_id']}-{b.name}: {why}" for b, why in damage.items()]
    problems += [f"failed: {f['chunk']}, {f['stage']}: {f['message']}" for f in failed]
    frame = manifest["frame"]
    held = "".join(
        f", {layer} {frame[layer]}"
        for layer in ("structure", "stressor")
        if frame.get(layer, getattr(Config(), layer)) != getattr(Config(), layer)
    )
    out.print(f"{manifest['name']} in {results}{held}", markup=False)
    out.print(table)
    for line in [*problems, _model_line(manifest, make_backend or model_backend)]:
        out.print(line, markup=False)
    if not is_complete:
        command = " ".join(manifest["commands"][-1]["argv"])
        out.print(f"incomplete; the same command completes it:  {command}", markup=False)
    return 0 if is_complete else 1


def _is_of(failure: dict[str, Any], cell_id: str) -> bool:
    return str(failure["chunk"]).startswith(f"{cell_id}-")


def _model_line(manifest: dict[str, Any], make_backend: MakeBackend) -> str:
    made_by = manifest["fingerprint"]["id"]
    installed = make_backend().version.id
    if made_by == installed:
        return f"made by model {made_by}, which is the one installed here"
    return (
        f"made by model {made_by}; installed is {installed}, which can read this folder "
        "but not add to it"
    )
