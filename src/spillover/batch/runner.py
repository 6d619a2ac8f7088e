"""Carry out a plan: find what is missing, compute it, and derive the weekly quantiles."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from spillover.batch import manifest as manifests
from spillover.batch.backend import Backend, MakeBackend
from spillover.batch.chunk import ChunkSpec, Failure, OnWeek, chunk_spec, chunk_tables
from spillover.batch.design import Plan
from spillover.batch.executor import Done, run_chunks
from spillover.batch.folder import (
    problem_of,
    require_no_strangers,
    require_writable,
    unwritable,
)
from spillover.batch.leftovers import remove_leftovers
from spillover.batch.quantiles import write_quantiles
from spillover.batch.store import (
    Block,
    Receipt,
    blocks_present,
    chunk_path,
    missing_blocks,
    results_hash,
    sound_blocks,
    stored_blocks,
)
from spillover.batch.strands import plan_strands
from spillover.batch.tables import read_tables

QUANTILES_FILE = manifests.QUANTILES
OUTCOME_KEYS = ("cell_id", "scenario", "policy", "draw", "replicate", "state", "period")
"""Leading columns of every table of outcomes."""
DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
"""What will not pass while a sweep runs, and hits every chunk in the same way."""


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


def require_fitting(plan: Plan) -> None:
    """Refuse a results folder into which a plan cannot write; reads and writes nothing.

    Raises:
        UserError: the folder cannot be written, holds other files, or belongs to another model
            or other settings.
    """
    require_writable(plan.results)
    manifest = manifests.read_manifest(plan.results)
    if manifest is None:
        require_no_strangers(plan.results)
    manifests.require_same(plan, manifest)


def find_work(plan: Plan) -> Work:
    """Compare a plan with the results folder, reading every file; writes nothing.

    Raises:
        UserError: see `require_fitting`.
    """
    require_fitting(plan)
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
    on_week: OnWeek | None = None,
) -> Tally:
    """Compute the missing chunks of a plan and bring manifest and quantiles up to date.

    An interruption (Ctrl-C) leaves every finished chunk; the same command completes the rest.

    Raises:
        UserError: the folder cannot be written from the start.
        OSError: a disk that is full, or has become read-only, ends the sweep at the first chunk
            that cannot be written.
    """
    try:
        manifest = manifests.begin(plan, make_backend(), argv)
        _remove_damaged(work, plan.results)
        remove_leftovers(plan.results)
    except OSError as error:
        raise unwritable(plan.results, problem_of(error)) from None
    tally = Tally()
    begin = time.perf_counter()
    engine = plan.config.engine
    strands = plan_strands(work.specs, engine.workers, engine.fork)
    with closing(run_chunks(strands, engine, make_backend, on_week)) as finished:
        for done in finished:
            on_done(done)
            if isinstance(done.result, Failure):
                _stop_if_disk_refuses(done.result)
                tally.failures.append(done.result)
            else:
                tally.receipts.append(done.result)
    tally.seconds = time.perf_counter() - begin
    remove_leftovers(plan.results)  # of workers that died on the way
    is_current = manifest["results_sha256"] == results_hash(plan.results)
    if not is_current or manifests.table_damage(plan.results, manifest, QUANTILES_FILE):
        write_quantiles(plan.results)
    manifests.finish(plan.results, manifest, _news(plan, tally, manifest["timings"]))
    return tally


def _stop_if_disk_refuses(failure: Failure) -> None:
    """End a sweep whose results cannot be written: every further chunk would fail in the same way.

    Raises:
        OSError: the disk is full or read-only, or a quota is used up.
    """
    if failure.stage == "write" and failure.errno in DISK_ERRORS:
        raise OSError(failure.errno, os.strerror(failure.errno), str(failure.spec.results))


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


def read_outcomes(
    results: Path,
    period: str | Sequence[str] | None = None,
    names: Collection[str] | None = None,
    cell_ids: Collection[str] | None = None,
) -> pd.DataFrame:
    """Outcome rows of all finished chunks of a folder, or of a part of them.

    Args:
        results: the folder.
        period: one or several periods, or None for all.
        names: which outcomes, as far as they are there; None for all.
        cell_ids: which cells; None for all.

    Returns:
        Columns cell_id, scenario, policy, draw, replicate, state, period, then the outcomes.
    """
    periods = [period] if isinstance(period, str) else period
    filters = None if periods is None else [("period", "in", list(periods))]
    columns = None if names is None else {*OUTCOME_KEYS, *names}
    return read_kind(results, "outcomes", columns, cell_ids, filters)


def finished_pairs(results: Path) -> dict[tuple[str, str], list[str]]:
    """Cells with finished chunks by scenario and policy, in the order of the design."""
    pairs: dict[tuple[str, str], list[str]] = {}
    for cell in manifests.read_cells(results).to_dict("records"):
        if blocks_present(results, cell["cell_id"]):
            pairs.setdefault((cell["scenario"], cell["policy"]), []).append(cell["cell_id"])
    return pairs


def read_kind(
    results: Path,
    kind: str,
    columns: Collection[str] | None = None,
    cell_ids: Collection[str] | None = None,
    filters: Sequence[tuple[str, str, Any]] | None = None,
) -> pd.DataFrame:
    """Rows of one kind of table of the finished chunks of a folder.

    Args:
        results: the folder.
        kind: one of `store.KINDS` or `store.HINDCAST_KINDS`; empty where a folder has none.
        columns: which columns, as far as they are there; None for all.
        cell_ids: which cells; None for all.
        filters: (column, comparison, value) that rows must meet.
    """
    chosen = [part for part in stored_blocks(results) if cell_ids is None or part[0] in cell_ids]
    paths = [chunk_path(results, kind, cell, block) for cell, block in chosen]
    paths = [path for path in paths if path.is_file()]
    if columns is None or not paths:
        return read_tables(paths, filters=filters)
    there = pq.read_schema(paths[0]).names
    return read_tables(paths, [name for name in there if name in columns], filters)


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
