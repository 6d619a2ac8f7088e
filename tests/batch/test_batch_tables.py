"""Weekly quantiles from value counts, and Parquet bytes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.batch.tables import weekly_quantiles


def counts_of(values: list[float]) -> pd.DataFrame:
    frame = pd.DataFrame({"outcome": "a", "state": "TJK", "week": 3, "value": values})
    return frame.groupby(list(frame.columns)).size().rename("count").reset_index()


def test_quantiles_by_hand():
    row = weekly_quantiles(counts_of([float(v) for v in range(1, 101)])).iloc[0]
    assert row["n"] == 100 and row["mean"] == 50.5
    assert [row[f"q{q}"] for q in ("05", "25", "50", "75", "95")] == [5, 25, 50, 75, 95]


def test_zero_heavy_counts():
    row = weekly_quantiles(counts_of([0.0] * 96 + [1.0, 1.0, 2.0, 7.0])).iloc[0]
    assert row["q95"] == 0 and row["mean"] == pytest.approx(0.11)


@settings(deadline=None)  # a busy machine is no failure
@given(st.lists(st.integers(0, 9), min_size=1, max_size=60), st.integers(1, 59))
def test_blocks_add_up_to_the_inverse_distribution(values, cut):
    numbers = [float(v) for v in values]
    blocks = [counts_of(part) for part in (numbers[:cut], numbers[cut:]) if part]
    row = weekly_quantiles(pd.concat(blocks)).iloc[0]
    for name, share in (("q05", 0.05), ("q25", 0.25), ("q50", 0.5), ("q75", 0.75), ("q95", 0.95)):
        assert row[name] == np.quantile(numbers, share, method="inverted_cdf")
    assert row["mean"] == pytest.approx(np.mean(numbers))
