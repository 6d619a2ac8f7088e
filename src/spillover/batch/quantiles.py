"""Weekly quantiles of a folder from the value counts of its chunks, however many there are.

Chunks are read one after another and, in a large cell, a few outcomes at a time. Memory holds the
distinct values of these outcomes in one cell, which hardly grow with the replicates once most
values have occurred.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spillover.batch import manifest as manifests
from spillover.batch.durable import atomic_file
from spillover.batch.store import blocks_present, chunk_path
from spillover.batch.tables import labelled_table, weekly_quantiles, write_parquet

_COUNT_KEYS = ["outcome", "state", "week", "value"]
ROWS_AT_ONCE = 500_000
"""Rows of counts that are read before they are added up; with quantiles some 200 megabytes."""


def write_quantiles(results: Path) -> None:
    """Write ``series/quantiles.parquet`` from the value counts of all finished chunks."""
    registry = manifests.require_manifest(results)["outcomes"]
    tables = _tables(results, registry)
    first = next(tables, None)
    if first is None:
        return

    def every() -> Iterator[pa.Table]:
        yield first
        yield from tables

    with atomic_file(results / manifests.QUANTILES) as file:
        write_parquet(every(), first.schema, file)


def _tables(results: Path, registry: Mapping[str, Mapping[str, Any]]) -> Iterator[pa.Table]:
    """Labelled quantiles by cell and then by outcome, one or more tables per cell."""
    units = {name: outcome["unit"] for name, outcome in registry.items()}
    labels = {name: outcome["label"] for name, outcome in registry.items()}
    notes = {"rows": "by week", "labels": labels, "units": units}
    headlines = sorted(name for name, outcome in registry.items() if outcome["headline"])
    for cell in manifests.read_cells(results).to_dict("records"):
        blocks = blocks_present(results, cell["cell_id"])
        paths = [chunk_path(results, "series", cell["cell_id"], block) for block in blocks]
        n_rows = sum(pq.read_metadata(path).num_rows for path in paths)
        size = max(1, len(headlines) * ROWS_AT_ONCE // max(n_rows, 1))
        for start in range(0, len(headlines) if n_rows else 0, size):
            counts = merged_counts(paths, headlines[start : start + size])
            if counts.empty:
                continue
            quantiles = weekly_quantiles(counts)
            for position, name in enumerate(("cell_id", "scenario", "policy", "draw")):
                quantiles.insert(position, name, cell[name])
            position = list(quantiles.columns).index("outcome") + 1
            quantiles.insert(position, "unit", quantiles["outcome"].map(units))
            yield labelled_table(quantiles, {}, {}, notes)


def merged_counts(paths: Sequence[Path], outcomes: Sequence[str]) -> pd.DataFrame:
    """Value counts of some outcomes from many chunks, added up whenever many rows wait.

    Args:
        paths: series files of chunks, whose rows are sorted by outcome.
        outcomes: names in alphabetical order.

    Returns:
        Columns outcome, state, week, value and count; rows of equal keys still add up.
    """
    waiting: list[pa.Table] = []
    n_waiting, most = 0, ROWS_AT_ONCE
    for path in paths:
        waiting.append(_counts_of(path, outcomes))
        n_waiting += len(waiting[-1])
        if n_waiting > most:
            waiting = [_added_up(waiting)]
            n_waiting = len(waiting[0])
            most = max(ROWS_AT_ONCE, 2 * n_waiting)
    return pa.concat_tables(waiting).to_pandas()


def _counts_of(path: Path, outcomes: Sequence[str]) -> pa.Table:
    """Rows of some outcomes of one chunk; reads only the row groups that hold them."""
    with pq.ParquetFile(path) as file:
        position = file.schema_arrow.names.index("outcome")
        statistics = [
            file.metadata.row_group(group).column(position).statistics
            for group in range(file.num_row_groups)
        ]
        groups = [
            group
            for group, found in enumerate(statistics)
            if found is None or (found.min <= outcomes[-1] and outcomes[0] <= found.max)
        ]
        rows = file.read_row_groups(groups, columns=[*_COUNT_KEYS, "count"], use_threads=False)
    return rows.filter(pc.field("outcome").isin(outcomes))


def _added_up(counts: Sequence[pa.Table]) -> pa.Table:
    rows = pa.concat_tables(counts)
    sums = rows.group_by(_COUNT_KEYS, use_threads=False).aggregate([("count", "sum")])
    return sums.rename_columns([*_COUNT_KEYS, "count"]).cast(rows.schema)
