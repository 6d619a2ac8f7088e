"""Made-up hindcasts with known answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from spillover.axes import COUNTRIES
from spillover.clock import HORIZONS, year_of_week
from spillover.validation.history import History, make_history

N_WEEKS = HORIZONS["hindcast"]
N_WORLDS = 41
SPREAD = np.linspace(0.8, 1.2, N_WORLDS)
"""World i has this multiple of what a test asks for; the median world has it exactly."""
YEARS = np.array([year_of_week(week) for week in range(N_WEEKS)])

Weekly = Mapping[tuple[str, str], Any]
"""(outcome, state) -> value of every week, or one array [week]."""


def build(
    weekly: Weekly,
    yearly: Mapping[tuple[str, str, int], float] | None = None,
    places: Mapping[tuple[str, str, int], float] | None = None,
    severities: Mapping[int, int] | None = None,
    spread: np.ndarray = SPREAD,
    draws: np.ndarray | None = None,
    units: Mapping[str, tuple[str, str]] | None = None,
    tilt: float = 0.0,
) -> History:
    """A history whose worlds are multiples (`spread`) of the given values."""
    n, draws = len(spread), np.zeros(len(spread), dtype=int) if draws is None else draws
    worlds = pd.DataFrame({"draw": draws, "replicate": np.arange(n)})
    grid = pd.MultiIndex.from_product(
        [range(n), COUNTRIES, range(N_WEEKS)], names=["i", "state", "week"]
    )
    weeks = pd.DataFrame(index=grid).reset_index()
    # worlds also differ in their trend, else ratios of two windows would be the same in all
    lean = np.linspace(-tilt, tilt, n)[np.arange(n) * 7 % n]
    trend = 1.0 + lean[:, None] * (np.arange(N_WEEKS) / N_WEEKS - 0.25)
    for name in {name for name, _ in weekly}:
        table = np.full((n, len(COUNTRIES), N_WEEKS), np.nan)
        for (other, state), values in weekly.items():
            if other == name:
                base = np.broadcast_to(np.asarray(values, dtype=float), N_WEEKS)
                table[:, COUNTRIES.index(state)] = spread[:, None] * base * trend
        weeks[name] = table.ravel()
    weeks = weeks.merge(worlds.assign(i=range(n)), on="i").drop(columns="i")
    return make_history(
        weeks.sample(frac=1.0, random_state=1),  # the order of rows must not matter
        _long(yearly or {}, "state", worlds, spread),
        _long(places or {}, "place", worlds, spread),
        _severities(severities or {}, worlds),
        units or {},
    )


def _long(values: Mapping[tuple[str, str, int], float], key: str, worlds, spread) -> pd.DataFrame:
    rows: dict[tuple[int, str, str], dict[str, float]] = {}
    for (name, member, year), value in values.items():
        for i, factor in enumerate(spread):
            rows.setdefault((i, member, str(year)), {})[name] = value * factor
    table = pd.DataFrame(
        [{"i": i, key: m, "period": y, **row} for (i, m, y), row in rows.items()],
        columns=["i", key, "period", *dict.fromkeys(name for name, _, _ in values)],
    )
    return table.merge(worlds.assign(i=range(len(worlds))), on="i").drop(columns="i")


def _severities(counts: Mapping[int, int], worlds: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"draw": d, "replicate": r, "period": "2022", "killed": k, "n_attacks": n}
        for d, r in zip(worlds["draw"], worlds["replicate"], strict=True)
        for k, n in counts.items()
    ]
    return pd.DataFrame(rows, columns=["draw", "replicate", "period", "killed", "n_attacks"])


@pytest.fixture(scope="session")
def made() -> Callable[..., History]:
    """The function `build`."""
    return build


@pytest.fixture(scope="session")
def years() -> np.ndarray:
    """Calendar year of each week."""
    return YEARS
