"""Tidy tables as Parquet bytes: labelled columns, units in the schema, same input same bytes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 100_000
INDEX_NOTES: Mapping[str, str] = {
    "cell_id": "Point of the design; see cells.parquet",
    "scenario": "Scenario",
    "policy": "Policy",
    "draw": "Draw of the uncertain parameters (0 = the documented values)",
    "replicate": "Replicate: one random world, the same in every cell",
    "state": "Country (ISO 3166 alpha-3)",
    "place": "Place of places.csv",
    "period": "Calendar year, or since_branch",
    "outcome": "Outcome",
    "week": "Week index; week 0 starts 2021-08-15",
    "value": "Weekly value, rounded to the resolution of the outcome",
    "count": "Replicates of the block with this value",
    "killed": "People killed by one attack",
    "n_attacks": "Attacks of ISIS-K in Afghanistan that killed so many",
    "unit": "Unit of the outcome, and so of mean and quantiles",
    "n": "Replicates behind the row",
    "mean": "Mean over the replicates",
    "q05": "5% quantile over the replicates",
    "q25": "25% quantile over the replicates",
    "q50": "Median over the replicates",
    "q75": "75% quantile over the replicates",
    "q95": "95% quantile over the replicates",
    "structure": "Structure: which account of the mechanisms holds",
    "stressor": "Stressor: a shock on top of the scenario",
    "horizon": "Horizon of the simulation",
    "n_weeks": "Weeks simulated",
    "branch_week": "First week of the period since_branch; 0 if there is no branch",
    "start_scenario": "Week start from which the scenario counts its weeks",
    "start_stressor": "Week start from which the stressor counts its weeks",
    "start_policy": "Week start from which the policy counts its weeks",
    "seed": "Root of all random numbers",
    "changes": "Changes of parameters by structure, scenario, stressor, policy and user, as JSON",
}
INDEX_UNITS: Mapping[str, str] = {
    **dict.fromkeys(("week", "n_weeks", "branch_week"), "week"),
    **dict.fromkeys(("n", "count"), "replicates"),
    **{"killed": "deaths", "n_attacks": "attacks"},
    **dict.fromkeys(("mean", "q05", "q25", "q50", "q75", "q95"), "see column unit"),
}


def labelled_table(
    frame: pd.DataFrame,
    labels: Mapping[str, Any],
    outcomes: Mapping[str, Any],
    notes: Mapping[str, Any],
) -> pa.Table:
    """Arrow table with the labels as leading columns and units in the field metadata.

    Args:
        frame: tidy rows; its index is dropped.
        labels: constant columns such as cell_id, scenario, policy and draw.
        outcomes: name -> object with ``unit``, ``label``, ``kind`` and ``description``.
        notes: stored as JSON under the schema metadata key ``spillover``.
    """
    arrays, fields = [], []
    for name, value in labels.items():
        arrays.append(_constant(value, len(frame)))
        fields.append(_field(name, arrays[-1].type, outcomes))
    for name in frame.columns:
        arrays.append(_array(frame[name]))
        fields.append(_field(str(name), arrays[-1].type, outcomes))
    metadata = {"spillover": json.dumps(notes, sort_keys=True)}
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields, metadata=metadata))


def _constant(value: Any, length: int) -> pa.Array:
    kind = pa.int32() if isinstance(value, int) else pa.string()
    return pa.repeat(pa.scalar(value, type=kind), length)


def _array(column: pd.Series) -> pa.Array:
    values = column.to_numpy()
    if values.dtype.kind in "biuf":
        return pa.array(values)
    return pa.array([str(value) for value in values], type=pa.string())


def _field(name: str, kind: pa.DataType, outcomes: Mapping[str, Any]) -> pa.Field:
    outcome = outcomes.get(name)
    if outcome is None:
        label = {"label": INDEX_NOTES.get(name, name)}
        unit = {"unit": INDEX_UNITS[name]} if name in INDEX_UNITS else {}
        return pa.field(name, kind, metadata={**label, **unit})
    metadata = {
        "unit": outcome.unit,
        "label": outcome.label,
        "kind": outcome.kind,
        "description": outcome.description,
    }
    return pa.field(name, kind, metadata=metadata)


def parquet_bytes(table: pa.Table) -> bytes:
    """The table as one Parquet file; no time stamps, fixed compression and row groups."""
    sink = io.BytesIO()
    write_parquet([table], table.schema, sink)
    return sink.getvalue()


def write_parquet(tables: Iterable[pa.Table], schema: pa.Schema, sink: IO[bytes]) -> None:
    """Write tables under one another as one Parquet file, never holding more than a few of them.

    The bytes depend on the rows and the schema only, not on how the rows are cut into tables.

    Args:
        tables: parts with the columns of ``schema``; their own metadata is dropped.
        schema: columns, units and notes of the file.
        sink: a file opened for writing.
    """
    texts = [field.name for field in schema if pa.types.is_string(field.type)]
    options = {"version": "2.6", "compression": "zstd", "compression_level": 3}
    with pq.ParquetWriter(sink, schema, use_dictionary=texts, **options) as writer:
        waiting = schema.empty_table()
        for table in tables:
            rows = table.replace_schema_metadata(schema.metadata)
            waiting = pa.concat_tables([waiting, rows]) if len(waiting) else rows
            while len(waiting) > ROW_GROUP:
                writer.write_table(waiting.slice(0, ROW_GROUP), ROW_GROUP)
                waiting = waiting.slice(ROW_GROUP)
        writer.write_table(waiting, ROW_GROUP)


def read_tables(
    paths: list[Path], columns: list[str] | None = None, filters: Any = None
) -> pd.DataFrame:
    """Rows of several chunk files under one another, in the order of ``paths``."""
    tables = [
        pq.ParquetFile(path).read(columns=columns)
        if filters is None
        else pq.read_table(path, columns=columns, filters=filters, partitioning=None)
        for path in paths
    ]
    return pa.concat_tables(tables).to_pandas() if tables else pd.DataFrame()


QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_SERIES_KEYS = ["outcome", "state", "week"]


def weekly_quantiles(counts: pd.DataFrame) -> pd.DataFrame:
    """Mean and quantiles by outcome, state and week from value counts of any number of blocks.

    A quantile is the smallest value that at least that share of the replicates does not exceed
    (inverse of the empirical distribution), so it is a value that occurred.

    Args:
        counts: columns outcome, state, week, value, count; rows of blocks simply add up.
    """
    keys = [*_SERIES_KEYS, "value"]
    merged = counts.groupby(keys, sort=True, observed=True)["count"].sum().reset_index()
    groups = merged.groupby(_SERIES_KEYS, sort=True, observed=True)
    cumulated = groups["count"].cumsum().to_numpy()
    total = groups["count"].transform("sum").to_numpy()
    merged["weighted"] = merged["value"] * merged["count"]
    result = merged.groupby(_SERIES_KEYS, sort=True, observed=True).agg(
        n=("count", "sum"), weighted=("weighted", "sum")
    )
    result["mean"] = result.pop("weighted") / result["n"]
    for share in QUANTILES:
        # a tolerance keeps 0.05 * 100 from being counted as a little more than 5
        reached = merged[cumulated >= share * total - 1e-9]
        first = reached.groupby(_SERIES_KEYS, sort=True, observed=True)["value"].first()
        result[f"q{round(share * 100):02d}"] = first
    return result.reset_index().astype({"n": np.int32, "week": np.int32})
