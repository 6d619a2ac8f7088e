"""A model that takes no time and reports next to nothing: only the machinery around it is left.

With the variable EMPTY_CHUNKS_FILES=no its chunks have no tables and are not written, in every
process that imports this file: what remains is handing out work and collecting receipts.
"""

from __future__ import annotations

import os
from functools import lru_cache
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pandas as pd

from spillover.batch import chunk
from spillover.batch.backend import Backend
from spillover.batch.fingerprint import Fingerprint
from spillover.batch.store import KINDS, Receipt
from spillover.evidence.tree import ParameterTree

COLUMNS = {
    "outcomes": {"replicate": "int32", "state": "str", "period": "str"},
    "places": {"replicate": "int32", "place": "str", "period": "str"},
    "series": {"outcome": "str", "state": "str", "week": "int64", "value": "f8", "count": "int64"},
}

OUTCOMES = {"attacks": SimpleNamespace(label="Attacks", unit="attacks", headline=True)}


@lru_cache(maxsize=1)
def _tables() -> SimpleNamespace:
    frames = {
        kind: pd.DataFrame({name: pd.Series(dtype=type_) for name, type_ in columns.items()})
        for kind, columns in COLUMNS.items()
    }
    frames["series"].loc[0] = ["attacks", "KAZ", 0, 0.0, 1]  # so that there is a quantile
    return SimpleNamespace(weeks=None, severities=None, **frames)


def simulate(*_: Any, **__: Any) -> SimpleNamespace:
    """Tables without a row, but for one weekly count."""
    return _tables()


def empty_backend() -> Backend:
    """The empty model."""
    tree = ParameterTree(MappingProxyType({}), MappingProxyType({}))
    version = Fingerprint("empty", "empty", "empty")
    return Backend(tree, lambda tree, n_weeks: None, simulate, OUTCOMES, {}, version)


def _not_written(results: Any, cell_id: str, block: Any, tables: Any, seconds: float) -> Receipt:
    sums = {kind: "0" * 64 for kind in KINDS}
    return Receipt(cell_id, block.first, block.stop, sums, dict.fromkeys(KINDS, 0), seconds)


if os.environ.get("EMPTY_CHUNKS_FILES") == "no":
    chunk.chunk_tables = lambda *_: {}  # type: ignore[assignment]
    chunk.write_chunk = _not_written  # type: ignore[assignment]
