"""`spillover status`: what of a results folder is done, failed, damaged or left over."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from rich.table import Table

from spillover.batch.backend import MakeBackend, model_backend
from spillover.batch.leftovers import failures, leftovers
from spillover.batch.lock import holder_of
from spillover.batch.manifest import (
    CELLS,
    QUANTILES,
    read_cells,
    require_manifest,
    table_damage,
)
from spillover.batch.schema import Config
from spillover.batch.store import blocks_present, sound_blocks
from spillover.commands.present import console


def status(
    results: Path, make_backend: MakeBackend | None = None, *, is_quick: bool = False
) -> int:
    """Print the state of a results folder.

    Args:
        results: the folder.
        make_backend: makes the model with which the folder is compared.
        is_quick: believe the names of the files; else each is compared with its checksum.

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
    tables = [name for name in (CELLS, QUANTILES) if (results / name).is_file() and not is_quick]
    damage_of = {name: table_damage(results, manifest, name) for name in tables}
    problems = [f"damaged: {name}: {why}" for name, why in damage_of.items() if why]
    is_complete = not problems
    for cell in read_cells(results).to_dict("records"):
        cell_id = cell["cell_id"]
        done = blocks_present(results, cell_id)
        sound, damage = (done, {}) if is_quick else sound_blocks(results, cell_id)
        n_done = sum(len(block) for block in sound)
        n_failed = sum(f["stop"] - f["first"] for f in failed if f["cell_id"] == cell_id)
        is_complete &= n_done >= asked and not damage and not n_failed
        names = (cell_id, cell["scenario"], cell["policy"], str(cell["draw"]))
        n_damaged = "not read" if is_quick else str(len(damage))
        table.add_row(*names, f"{n_done} of {asked}", str(n_failed), n_damaged)
        problems += [f"damaged: {cell_id}-{b.name}: {why}" for b, why in damage.items()]
    problems += [f"failed: {f['chunk']}, {f['stage']}: {f['message']}" for f in failed]
    out.print(f"{manifest['name']} in {results}{_held(manifest)}", markup=False)
    out.print(table)
    model = _model_line(manifest, make_backend or model_backend)
    for line in [*problems, *_folder_lines(results), model]:
        out.print(line, markup=False)
    if not is_complete:
        command = shlex.join(manifest["commands"][-1]["argv"])
        out.print(f"incomplete; the same command completes it:  {command}", markup=False)
    return 0 if is_complete else 1


def _held(manifest: dict[str, Any]) -> str:
    """The structure and stressor of all cells, if they are not the usual ones."""
    frame, usual = manifest["frame"], Config()
    return "".join(
        f", {layer} {frame[layer]}"
        for layer in ("structure", "stressor")
        if frame.get(layer, getattr(usual, layer)) != getattr(usual, layer)
    )


def _folder_lines(results: Path) -> list[str]:
    """Who writes into the folder now, and what killed runs have left."""
    if holder := holder_of(results):
        return [f"being written by {holder}"]
    if left := leftovers(results):
        files = "1 file" if len(left) == 1 else f"{len(left)} files"
        return [f"left over by a run that did not finish: {files}; the next run removes them"]
    return []


def _model_line(manifest: dict[str, Any], make_backend: MakeBackend) -> str:
    made_by = manifest["fingerprint"]["id"]
    installed = make_backend().version.id
    if made_by == installed:
        return f"made by model {made_by}, which is the one installed here"
    return (
        f"made by model {made_by}; installed is {installed}, which can read this folder "
        "but not add to it"
    )
