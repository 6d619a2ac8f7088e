"""The manifest of a results folder: what was asked, by which model, with which seeds and versions.

A folder belongs to one frame (dates, horizon, overrides, seed) and one model. Scenarios, policies
and replicates may be added to it; anything else is refused, and nothing is overwritten. The
manifest carries a seal over itself and the checksums of the tables beside it, and has a copy among
the receipts.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import spillover
from spillover.batch.arithmetic import arithmetic
from spillover.batch.backend import Backend
from spillover.batch.checkout import checkout_state
from spillover.batch.design import Cell, Plan
from spillover.batch.durable import file_sha256, is_sealed, sealed, write_atomic, write_json
from spillover.batch.tables import labelled_table, parquet_bytes
from spillover.errors import UserError

FORMAT = 2
"""Version of the layout of a results folder."""
MANIFEST, MANIFEST_COPY = "manifest.json", "receipts/manifest.json"
CELLS, QUANTILES = "cells.parquet", "series/quantiles.parquet"
_LIBRARIES = ("numpy", "scipy", "pandas", "pyarrow", "hydra-core", "matplotlib", "mesa")
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "fingerprint": ("id", "source", "data", "parameters"),
    "frame": ("horizon", "seed"),
    "versions": ("spillover",),
    "config": ("replicates",),
    "outcomes": (),
}
"""What must be in a manifest to be read as one of ours: mappings with their keys."""


def read_manifest(results: Path) -> dict[str, Any] | None:
    """Manifest of a folder, or None when it has none.

    Raises:
        UserError: the file is there and cannot be read, or is not one of ours.
    """
    path = results / MANIFEST
    if not os.path.isfile(path):
        return None
    try:
        manifest = json.loads(path.read_bytes())
    except OSError as error:
        raise _not_ours(path, f"a file that cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise _not_ours(path, f"a file that is not JSON: {error}") from None
    lacking = _lacking(manifest)
    if lacking:
        raise _not_ours(path, f"a file without {', '.join(lacking[:4])}")
    if "seal" in manifest and not is_sealed(manifest):
        raise _not_ours(path, "a file that was changed after it was written")
    return manifest


def _not_ours(path: Path, problem: str) -> UserError:
    copy = path.parent / MANIFEST_COPY
    is_mended_by_copy = path.name == copy.name and path != copy and _is_sound(copy)
    return UserError(
        "This is not a results folder of spillover, or its manifest is damaged.",
        where=str(path),
        got=problem,
        allowed="the manifest.json that `spillover run` or `spillover sweep` has written",
        next=f"Its copy is sound:  cp {shlex.quote(str(copy))} {shlex.quote(str(path))}"
        if is_mended_by_copy
        else "Choose another folder; if this one was made by spillover, restore its manifest.",
    )


def _is_sound(path: Path) -> bool:
    try:
        content = json.loads(path.read_bytes())
        return isinstance(content, dict) and is_sealed(content) and not _lacking(content)
    except (OSError, ValueError):
        return False


def _write(results: Path, manifest: Mapping[str, Any]) -> None:
    for name in (MANIFEST, MANIFEST_COPY):
        write_json(results / name, sealed(manifest))


def table_damage(results: Path, manifest: Mapping[str, Any], name: str) -> str:
    """What is wrong with a table whose checksum stands in the manifest; empty if nothing is.

    The manifests of older versions hold no such checksums; their tables are taken as they are.
    """
    try:
        digest = file_sha256(results / name)
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    recorded = manifest.get("tables_sha256", {name: digest})
    return "" if digest == recorded.get(name) else "it does not match the checksum in the manifest"


def _lacking(manifest: Any) -> list[str]:
    """Keys that every manifest of ours has and this one has not."""
    if not isinstance(manifest, dict):
        return ["keys"]
    lacking = [] if isinstance(manifest.get("name"), str) else ["name"]
    commands = manifest.get("commands")
    records = commands if isinstance(commands, list) else []
    if not records or not all(isinstance(record, dict) and "argv" in record for record in records):
        lacking.append("commands")
    for key, parts in _NEEDED.items():
        value = manifest.get(key)
        if not isinstance(value, dict):
            lacking.append(key)
        else:
            lacking += [f"{key}.{part}" for part in parts if part not in value]
    return lacking


def require_manifest(results: Path) -> dict[str, Any]:
    """Manifest of a folder that should hold results.

    Raises:
        UserError: there is none, or it is not one of ours.
    """
    manifest = read_manifest(results)
    if manifest is None:
        raise UserError(
            "There are no results here.",
            where=str(results),
            allowed="a folder that `spillover run` or `spillover sweep` has written",
            next="Give such a folder, for example results/quick.",
        )
    return manifest


def require_same(plan: Plan, manifest: Mapping[str, Any] | None) -> None:
    """Refuse a folder that holds another model's results, or another frame's.

    Raises:
        UserError: says what differs, both values and what to do.
    """
    if manifest is None:
        return
    ours, theirs = plan.version.as_dict(), manifest["fingerprint"]
    if ours != theirs:
        parts = [part for part in ("source", "data", "parameters") if ours[part] != theirs[part]]
        raise UserError(
            "The results folder was made by another version of the model; the two do not mix.",
            where=str(plan.results),
            got=f"folder {theirs['id']}, this model {ours['id']} (different: {', '.join(parts)})",
            allowed="results of one model per folder",
            next="Start a new folder with results=FOLDER, or go back to the version of the "
            f"folder (spillover {manifest['versions']['spillover']}).",
        )
    frame, before = plan.frame.as_dict(), manifest["frame"]
    differing = [key for key in frame if frame[key] != before.get(key)]
    if differing:
        raise UserError(
            "The results folder was begun with other settings, and its rows are compared.",
            where=str(plan.results),
            got="; ".join(f"{k}: folder {before.get(k)}, now {frame[k]}" for k in differing),
            allowed="the same settings; more scenarios, policies and replicates may be added",
            next="Start a new folder with results=FOLDER.",
        )


def begin(plan: Plan, backend: Backend, argv: list[str]) -> dict[str, Any]:
    """Write the manifest and the table of cells before the first chunk; returns the manifest."""
    earlier = read_manifest(plan.results) or {}
    config = dataclasses.asdict(plan.config)
    cells = _cells_bytes(plan, backend.tree, earlier)
    command = {"argv": argv, "begun": _now(), "config": config}
    manifest = {
        "format": FORMAT,
        "name": plan.name,
        "question": plan.question or earlier.get("question", ""),
        "fingerprint": plan.version.as_dict(),
        "frame": plan.frame.as_dict(),
        # without a branch inside the horizon, the period `since_branch` is the whole run
        "since_branch_is_whole_run": not plan.frame.has_branch,
        "seed": plan.frame.seed,
        "versions": versions(),
        "git": checkout_state(),
        "host": {"system": platform.platform(), **arithmetic()},
        "config": config,
        "pending": {**earlier.get("pending", {}), **dict(p for c in plan.cells for p in c.pending)},
        "outcomes": _registry(backend.outcomes),
        "place_outcomes": _registry(backend.place_outcomes),
        "commands": [*earlier.get("commands", []), command],
        "timings": earlier.get("timings", {}),
        "results_sha256": earlier.get("results_sha256", ""),
        "tables_sha256": {
            **earlier.get("tables_sha256", {}),
            CELLS: hashlib.sha256(cells).hexdigest(),
        },
    }
    _write(plan.results, manifest)
    write_atomic(plan.results / CELLS, cells)
    return manifest


def finish(results: Path, manifest: dict[str, Any], news: Mapping[str, Any]) -> None:
    """Add what is known at the end (timings, counts, hash of all results) to the manifest."""
    command = {**manifest["commands"][-1], "ended": _now(), **news.get("command", {})}
    manifest["commands"] = [*manifest["commands"][:-1], command]
    manifest.update({key: value for key, value in news.items() if key != "command"})
    if (results / QUANTILES).is_file():
        manifest["tables_sha256"][QUANTILES] = file_sha256(results / QUANTILES)
    _write(results, manifest)


def versions() -> dict[str, str]:
    """Versions of the package, of Python and of the libraries that touch numbers or files."""
    found = {"spillover": spillover.__version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def _registry(outcomes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    keys = ("label", "unit", "kind", "description", "better", "headline")
    return {name: {key: getattr(o, key, None) for key in keys} for name, o in outcomes.items()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def cell_rows(cells: tuple[Cell, ...], plan: Plan) -> pd.DataFrame:
    """One row per cell: names, dates, its changes as JSON, and each sampled or own value."""
    rows = []
    for cell in cells:
        row: dict[str, Any] = {
            **cell.labels,
            "structure": cell.structure,
            "stressor": cell.stressor,
            "horizon": plan.frame.horizon,
            "n_weeks": plan.frame.n_weeks,
            "branch_week": plan.frame.branch_week,
            "start_scenario": str(plan.frame.starts[0]),
            "start_stressor": str(plan.frame.starts[1]),
            "start_policy": str(plan.frame.starts[2]),
            "seed": plan.frame.seed,
            "changes": json.dumps([_change(c) for c in cell.changes if c.layer != "draw"]),
        }
        for change in cell.changes:
            if change.layer in ("draw", "user"):
                members = "." + "+".join(change.members) if change.members else ""
                week = f"@{change.start_week}" if change.start_week else ""
                row[f"{change.op}:{change.path}{members}{week}"] = float(change.value)
        rows.append(row)
    return pd.DataFrame(rows)


def _change(change: Any) -> dict[str, Any]:
    keys = ("path", "op", "value", "start_week", "ramp_weeks", "end_week", "members", "layer")
    return {**{key: getattr(change, key) for key in keys}, "origin": change.origin}


def _cells_bytes(plan: Plan, tree: Any, earlier: Mapping[str, Any]) -> bytes:
    """The table of cells with those of a plan; cells that are there stay as they are.

    A damaged table is begun again: commands whose cells it loses stand in the manifest.
    """
    frame = cell_rows(plan.cells, plan)
    if earlier and not table_damage(plan.results, earlier, CELLS):
        before = read_cells(plan.results)
        new = frame[~frame["cell_id"].isin(before["cell_id"])]
        frame = pd.concat([before, new], ignore_index=True)
    values = {str(name): _value_note(str(name), tree) for name in frame.columns if ":" in name}
    return parquet_bytes(labelled_table(frame, {}, values, {"format": FORMAT}))


@dataclasses.dataclass(frozen=True)
class _ValueNote:
    label: str
    unit: str
    kind: str = "parameter"
    description: str = ""


def _value_note(column: str, tree: Any) -> _ValueNote:
    """Label and unit of a column such as ``set:border.posture.TJK@12``, from its parameter."""
    operation, _, subject = column.partition(":")
    subject, _, week = subject.partition("@")
    path = subject if subject in tree.paths() else subject.rpartition(".")[0]
    members = subject.removeprefix(path).removeprefix(".").replace("+", ", ")
    label = f"{operation} {path}" + (f" for {members}" if members else "")
    label += f" from week {week}" if week else ""
    if path not in tree.paths():
        return _ValueNote(label, "unknown")
    entry = tree.entry(path)
    unit = "1" if operation == "scale" else entry.unit
    return _ValueNote(label, unit, description=entry.description)


def read_cells(results: Path) -> pd.DataFrame:
    """The cells of a results folder, one row each.

    Raises:
        UserError: the table is missing or damaged.
    """
    try:
        return pq.read_table(results / CELLS, partitioning=None).to_pandas()
    except (OSError, pa.ArrowException) as error:
        raise UserError(
            "The table of cells cannot be read.",
            where=str(results / CELLS),
            got=str(error).splitlines()[0],
            allowed="the file as a run has written it",
            next=f"See `spillover verify {results}`: it says which command mends the folder.",
        ) from None
