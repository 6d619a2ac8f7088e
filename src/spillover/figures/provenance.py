"""Which run a figure shows: seed, model, branch date and length, from the manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from spillover.clock import BRANCH_DATE, WEEKS_PER_YEAR, week_index


@dataclass(frozen=True)
class Provenance:
    """Which run a figure shows; every caption repeats it."""

    run: str
    seed: str
    fingerprint: str
    branch_week: int
    n_weeks: int

    @property
    def branch_years(self) -> float:
        """Years between the branch and the end of the run (0 when the run ends before it)."""
        return max(self.n_weeks - self.branch_week, 0) / WEEKS_PER_YEAR

    @property
    def has_projection(self) -> bool:
        """Whether the run goes on after the branch date."""
        return self.n_weeks > self.branch_week


def read_provenance(
    manifest: Mapping[str, Any], run: str, series: pd.DataFrame, outcomes: pd.DataFrame
) -> Provenance:
    """Seed, model fingerprint, branch week and length of a run, as far as they are recorded."""
    seed = _first(manifest, ("seed", "root_seed"))
    fingerprint = _first(manifest, ("fingerprint",))
    if isinstance(fingerprint, Mapping):
        fingerprint = fingerprint.get("id")
    n_weeks = _n_weeks(manifest, series, outcomes)
    return Provenance(
        run=str(manifest.get("name") or run),
        seed="not recorded" if seed is None else str(seed),
        fingerprint="not recorded" if fingerprint is None else str(fingerprint)[:12],
        branch_week=_branch_week(manifest),
        n_weeks=n_weeks,
    )


def _n_weeks(manifest: Mapping[str, Any], series: pd.DataFrame, outcomes: pd.DataFrame) -> int:
    recorded = _first(manifest, ("n_weeks",))
    if recorded is not None:
        return int(recorded)
    if len(series):
        return int(series["week"].max()) + 1
    last_year = max((int(p) for p in set(outcomes["period"]) if p.isdigit()), default=2021)
    # Without any series the last calendar year in the table tells the length to within a week.
    return round((last_year + 1 - 2021.62) * WEEKS_PER_YEAR)


def _branch_week(manifest: Mapping[str, Any]) -> int:
    recorded = _first(manifest, ("branch_week",))
    if recorded is not None:
        return int(recorded)
    start = _first(manifest, ("start",))
    day = start.get("date") if isinstance(start, Mapping) else start
    if day is None:
        return week_index(BRANCH_DATE)
    return week_index(type(BRANCH_DATE).fromisoformat(str(day)[:10]), where="manifest.json: start")


def _first(tree: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    """First value in a nested mapping whose key is one of ``keys``, outer levels first."""
    for key in keys:
        for level in _levels(tree):
            if level.get(key) is not None and level[key] != "":
                return level[key]
    return None


def _levels(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    waiting = [tree]
    while waiting:
        level = waiting.pop(0)
        yield level
        waiting.extend(value for value in level.values() if isinstance(value, Mapping))
