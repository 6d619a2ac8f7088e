"""Carry out a plan: find what is missing, compute it, and derive the weekly quantiles."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from spillover.batch import manifest as manifests
from spillover.batch.backend import Backend, MakeBackend
from spillover.batch.chunk import ChunkSpec, Failure, chunk_spec, chunk_tables
from spillover.batch.design import Plan
from spillover.batch.executor import Done, run_chunks
from spillover.batch.folder import (
    problem_of,
    require_no_strangers,
    require_writable,
    unwritable,
)
from spillover.batch.store import (
    Block,
    Receipt,
    blocks_present,
    chunk_path,
    missing_blocks,
    read_receipt,
    remove_leftovers,
    sound_blocks,
    write_atomic,
)
from spillover.batch.tables import labelled_table, parquet_bytes, read_tables, weekly_quantiles

QUANTILES_FILE = "series/quantiles.parquet"


@dataclass(frozen=True)
class Work:
    """What of a plan is still to do.

    ``n_done`` chunks are there and sound; ``damaged`` maps (cell, block) of those that are
    computed again to what is wrong with them.
    """

    specs: tuple[ChunkSpec, ...]
    n_done: int
    damaged: Mapping[tuple[str, Block], str]

    @property
    def replicates(self) -> int:
        """Replicates still to simulate, over all cells."""
        return sum(len(spec.block) for spec in self.specs)


@dataclass
class Tally:
    """How an execution went; seconds are wall time."""

    receipts: list[Receipt] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    seconds: float = 0.0


def find_work(plan: Plan) -> Work:
    """Compare a plan with the results folder; reads, checks and writes nothing.

    Raises:
        UserError: the folder cannot be written, holds other files, or belongs to another model
            or other settings.
    """
    require_writable(plan.results)
    manifest = manifests.read_manifest(plan.results)
    if manifest is None:
        require_no_strangers(plan.results)
    manifests.require_same(plan, manifest)
    specs: list[ChunkSpec] = []
    damaged: dict[tuple[str, Block], str] = {}
    n_done = 0
    for cell in plan.cells:
        sound, damage = sound_blocks(plan.results, cell.id)
        n_done += sum(block.first < plan.config.replicates for block in sound)
        damaged |= {(cell.id, block): why for block, why in damage.items()}
        missing = missing_blocks(sound, plan.config.replicates, plan.config.engine.block_size)
        specs += [chunk_spec(plan, cell, block) for block in missing]
    return Work(tuple(specs), n_done, damaged)


def execute(
    plan: Plan,
    work: Work,
    make_backend: MakeBackend,
    argv: list[str],
    on_done: Callable[[Done], None],
) -> Tally:
    """Compute the missing chunks of a plan and bring manifest and quantiles up to date.

    An interruption (Ctrl-C) leaves every finished chunk; the same command completes the rest.
    """
    try:
        manifest = manifests.begin(plan, make_backend(), argv)
        remove_leftovers(plan.results)
        _remove_damaged(work, plan.results)
    except OSError as error:
        raise unwritable(plan.results, problem_of(error)) from None
    tally = Tally()
    begin = time.perf_counter()
    for done in run_chunks(work.specs, plan.config.engine.workers, make_backend):
        if isinstance(done.result, Failure):
            tally.failures.append(done.result)
        else:
            tally.receipts.append(done.result)
        on_done(done)
    tally.seconds = time.perf_counter() - begin
    is_current = manifest["results_sha256"] == results_hash(plan.results)
    if not (is_current and (plan.results / QUANTILES_FILE).is_file()):
        write_quantiles(plan.results)
    manifests.finish(plan.results, manifest, _news(plan, tally, manifest["timings"]))
    return tally


def _remove_damaged(work: Work, results: Path) -> None:
    """Take the outcomes file of a damaged chunk away, so that nobody reads it meanwhile."""
    for cell_id, block in work.damaged:
        chunk_path(results, "outcomes", cell_id, block).unlink(missing_ok=True)


def _news(plan: Plan, tally: Tally, timings: dict[str, float]) -> dict[str, object]:
    replicates = sum(receipt.stop - receipt.first for receipt in tally.receipts)
    if replicates:
        busy = sum(receipt.seconds for receipt in tally.receipts)
        size = sum(sum(receipt.n_bytes.values()) for receipt in tally.receipts)
        timings = {
            "seconds_per_replicate": round(busy / replicates, 4),
            "bytes_per_replicate": round(size / replicates),
        }
    command = {
        "chunks": len(tally.receipts),
        "failed": len(tally.failures),
        "replicates": replicates,
        "seconds": round(tally.seconds, 2),
    }
    return {"timings": timings, "results_sha256": results_hash(plan.results), "command": command}


def results_hash(results: Path) -> str:
    """One hash over the checksums of all chunk files: equal results have equal hashes."""
    lines = []
    for cell_id, block in stored_blocks(results):
        receipt = read_receipt(results, cell_id, block)
        sums = sorted(receipt.sha256.items()) if receipt else "no receipt"
        lines.append(f"{cell_id} {block.name} {sums}\n")
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def stored_blocks(results: Path) -> list[tuple[str, Block]]:
    """Finished chunks of all cells of a folder, by cell and first replicate."""
    cells = sorted((results / "outcomes").glob("cell=*"))
    ids = [folder.name.removeprefix("cell=") for folder in cells]
    return [(cell_id, block) for cell_id in ids for block in blocks_present(results, cell_id)]


def write_quantiles(results: Path) -> None:
    """Write ``series/quantiles.parquet`` from the value counts of all finished chunks."""
    frames = []
    registry = manifests.require_manifest(results)["outcomes"]
    units = {name: outcome["unit"] for name, outcome in registry.items()}
    cells = manifests.read_cells(results)
    for cell in cells.to_dict("records"):
        blocks = blocks_present(results, cell["cell_id"])
        paths = [chunk_path(results, "series", cell["cell_id"], block) for block in blocks]
        if not paths:
            continue
        counts = read_tables(paths, columns=["outcome", "state", "week", "value", "count"])
        quantiles = weekly_quantiles(counts)
        for position, name in enumerate(("cell_id", "scenario", "policy", "draw")):
            quantiles.insert(position, name, cell[name])
        unit = quantiles["outcome"].map(units).fillna("")
        position = list(quantiles.columns).index("outcome") + 1
        quantiles.insert(position, "unit", unit)
        frames.append(quantiles)
    if frames:
        labels = {name: outcome["label"] for name, outcome in registry.items()}
        notes = {"rows": "by week", "labels": labels, "units": units}
        table = labelled_table(pd.concat(frames, ignore_index=True), {}, {}, notes)
        write_atomic(results / QUANTILES_FILE, parquet_bytes(table))


def read_outcomes(results: Path, period: str | None = None) -> pd.DataFrame:
    """Outcome rows of all finished chunks of a folder, of one period or of all.

    Columns: cell_id, scenario, policy, draw, replicate, state, period, then the outcomes.
    """
    paths = [chunk_path(results, "outcomes", cell, block) for cell, block in stored_blocks(results)]
    return read_tables(paths, filters=None if period is None else [("period", "=", period)])


def read_kind(results: Path, kind: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """Rows of one kind of table of all finished chunks of a folder.

    Args:
        results: the folder.
        kind: one of `store.KINDS` or `store.HINDCAST_KINDS`; empty where a folder has none.
        columns: which columns, as far as they are there; None for all.
    """
    paths = [chunk_path(results, kind, cell, block) for cell, block in stored_blocks(results)]
    paths = [path for path in paths if path.is_file()]
    if columns is None or not paths:
        return read_tables(paths)
    there = set(pq.read_schema(paths[0]).names)
    return read_tables(paths, columns=[name for name in columns if name in there])


def cell_order(results: Path) -> dict[str, int]:
    """Position of each cell in the design, for tables in the order of the question."""
    ids = manifests.read_cells(results)["cell_id"]
    return {cell_id: position for position, cell_id in enumerate(ids)}


@dataclass(frozen=True)
class Estimate:
    """Expected cost of the work; seconds of one worker, and bytes on the disk."""

    seconds: float
    n_bytes: float
    basis: str


def estimate(plan: Plan, work: Work, backend: Backend) -> Estimate:
    """Time and disk from the last run of the folder, or else from a pilot that writes nothing."""
    manifest = manifests.read_manifest(plan.results)
    timings = manifest["timings"] if manifest else {}
    if timings:
        seconds, size = timings["seconds_per_replicate"], timings["bytes_per_replicate"]
        basis = "timings of the last run of this folder"
    else:
        seconds, size, basis = _pilot(plan, backend)
    return Estimate(seconds * work.replicates, size * work.replicates, basis)


PILOT_WEEKS = 60


def _pilot(plan: Plan, backend: Backend) -> tuple[float, float, str]:
    """Seconds and bytes per replicate from a small batch over the first weeks."""
    engine = plan.config.engine
    n_replicates = min(engine.batch_size, engine.block_size, plan.config.replicates)
    n_weeks = min(PILOT_WEEKS, plan.frame.n_weeks)
    cell = plan.cells[0]
    tree = backend.tree.with_changes(cell.changes)
    parameters = backend.compile(tree, plan.frame.n_weeks)
    begin = time.perf_counter()
    observed = backend.simulate(
        parameters, plan.frame.seed, 0, n_replicates, n_weeks, n_weeks // 2, batch_size=n_replicates
    )
    seconds = time.perf_counter() - begin
    spec = chunk_spec(plan, cell, Block(0, n_replicates))
    size = sum(len(content) for content in chunk_tables(spec, observed, backend).values())
    share = n_weeks / plan.frame.n_weeks
    basis = f"a pilot of {n_replicates} replicates over {n_weeks} weeks"
    return seconds / share / n_replicates, size / share / n_replicates, basis
