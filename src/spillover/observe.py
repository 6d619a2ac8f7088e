"""From weekly states and infos to tables of outcomes.

A recorder watches a batch, sums flows and averages stocks over calendar years and since the
branch, and counts weekly values of headline outcomes, so that memory does not grow with weekly
paths. A hindcast also keeps the weekly values of outcomes that are compared with data, and how many
attacks killed how many. Its tables are the only thing that leaves a run.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spillover import kernel
from spillover.axes import COUNTRIES
from spillover.clock import HORIZONS, year_of_week
from spillover.evidence import Parameters
from spillover.outcomes import COMPARED, OUTCOMES, PLACE_OUTCOMES, Outcome
from spillover.state import State
from spillover.streams import Streams
from spillover.world import World

__all__ = ["OUTCOMES", "PLACE_OUTCOMES", "Observed", "Outcome", "Recorder", "simulate"]

SINCE_BRANCH = "since_branch"
HEADLINES = tuple(outcome for outcome in OUTCOMES.values() if outcome.headline)


@dataclass(frozen=True)
class Observed:
    """Tables of one block of replicates; columns as in docs/outcomes.md.

    `outcomes`: replicate, state, period, one column per outcome (NaN where it has no meaning).
    `places`: replicate, place, period, one column per place outcome.
    `series`: outcome, state, week, value, count over the replicates of the block.
    `weeks`: replicate, state, week, one column per outcome that is compared with data.
    `severities`: replicate, period, killed, n_attacks: deadly attacks in Afghanistan by deaths.

    The last two are None in a run that is longer than a hindcast.
    """

    outcomes: pd.DataFrame
    places: pd.DataFrame
    series: pd.DataFrame
    weeks: pd.DataFrame | None = None
    severities: pd.DataFrame | None = None


def periods(n_weeks: int, branch_week: int) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Names of the periods and, by week, the index of its year; the last name is since_branch.

    A run that ends before the branch has no `since_branch`.
    """
    years = np.array([year_of_week(week) for week in range(n_weeks)])
    names = [str(year) for year in range(years[0], years[-1] + 1)]
    if branch_week < n_weeks:
        names.append(SINCE_BRANCH)
    return tuple(names), years - years[0]


class Recorder:
    """Watches a batch of replicates; pass `watch` to `kernel.run`."""

    def __init__(self, world: World, n_replicates: int, n_weeks: int, branch_week: int) -> None:
        self.world = world
        self.branch_week = branch_week
        self.period_names, self.year = periods(n_weeks, branch_week)
        n_periods, n_places = len(self.period_names), world.n_provinces + world.n_regions
        shape = (n_replicates, len(COUNTRIES), n_periods, len(OUTCOMES))
        self.sums = np.zeros(shape)
        self.place_sums = np.zeros((n_replicates, n_places, n_periods, len(PLACE_OUTCOMES)))
        self.weeks = np.zeros(n_periods)
        self.paths = np.full((len(HEADLINES), n_replicates, len(COUNTRIES), n_weeks), np.nan)
        self.is_hindcast = n_weeks <= HORIZONS["hindcast"]
        kept = (n_replicates, len(COUNTRIES), n_weeks, len(COMPARED)) if self.is_hindcast else (0,)
        self.compared = np.full(kept, np.nan, dtype=np.float32)
        self.severities: list[Any] = [0] * (int(self.year[-1]) + 1)

    def watch(self, week: int, state: State, info: dict[str, Any]) -> None:
        """Add one week."""
        infos = SimpleNamespace(**info)
        values = self._state_values(state, infos)
        places = self._place_values(state, infos)
        which = [int(self.year[week])]
        if week >= self.branch_week:
            which.append(len(self.period_names) - 1)
        for period in which:
            self.sums[:, :, period] += values
            self.place_sums[:, :, period] += places
            self.weeks[period] += 1
        for i, outcome in enumerate(HEADLINES):
            self.paths[i, :, :, week] = values[:, :, _COLUMN[outcome.name]]
        if self.is_hindcast:
            self.compared[:, :, week] = values[:, :, _COMPARED]
            year = int(self.year[week])
            self.severities[year] = self.severities[year] + infos.attacks.by_deaths

    def _state_values(self, state: State, infos: SimpleNamespace) -> NDArray[np.float64]:
        """This week's outcomes [r, country, outcome]."""
        values = np.full((state.n_replicates, len(COUNTRIES), len(OUTCOMES)), np.nan)
        for i, outcome in enumerate(OUTCOMES.values()):
            read = outcome.read(state, infos, self.world)
            if outcome.scope == "AFG":
                values[:, 0, i] = read
            else:
                values[:, 1:, i] = read
        return values

    def _place_values(self, state: State, infos: SimpleNamespace) -> NDArray[np.float64]:
        """This week's place outcomes [r, place, outcome]."""
        n_provinces = self.world.n_provinces
        shape = (state.n_replicates, n_provinces + self.world.n_regions, len(PLACE_OUTCOMES))
        values = np.full(shape, np.nan)
        for i, outcome in enumerate(PLACE_OUTCOMES.values()):
            part = slice(n_provinces) if outcome.scope == "provinces" else slice(n_provinces, None)
            values[:, part, i] = outcome.read(state, infos, self.world)
        return values

    def tables(self, replicates: range) -> Observed:
        """Tables of what was watched; rows sorted by replicate, state or place, period."""
        stock = np.array([o.kind == "stock" for o in OUTCOMES.values()])
        place_stock = np.array([o.kind == "stock" for o in PLACE_OUTCOMES.values()])
        weeks = self.weeks[:, None]
        values = np.where(stock, self.sums / weeks, self.sums)
        places = np.where(place_stock, self.place_sums / weeks, self.place_sums)
        ids = self.world.place_ids[: places.shape[1]]
        return Observed(
            outcomes=self._frame(replicates, "state", COUNTRIES, values, tuple(OUTCOMES)),
            places=self._frame(
                replicates, "place", ids, places.astype(np.float32), tuple(PLACE_OUTCOMES)
            ),
            series=self._series(),
            weeks=self._weeks(replicates) if self.is_hindcast else None,
            severities=self._severities(replicates) if self.is_hindcast else None,
        )

    def _frame(
        self,
        replicates: range,
        key: str,
        members: tuple[str, ...],
        values: NDArray[Any],
        columns: tuple[str, ...],
    ) -> pd.DataFrame:
        """Long table of values [r, member, period, outcome]."""
        n_r, n_m, n_p, n_o = values.shape
        index = {
            "replicate": np.repeat(np.asarray(replicates, dtype=np.int32), n_m * n_p),
            key: np.tile(np.repeat(np.asarray(members, dtype=object), n_p), n_r),
            "period": np.tile(np.asarray(self.period_names, dtype=object), n_r * n_m),
        }
        flat = values.reshape(-1, n_o)
        return pd.DataFrame(index | {name: flat[:, i] for i, name in enumerate(columns)})

    def _weeks(self, replicates: range) -> pd.DataFrame:
        """Weekly values of the outcomes that are compared with data."""
        n_r, n_c, n_w, _ = self.compared.shape
        index = {
            "replicate": np.repeat(np.asarray(replicates, dtype=np.int32), n_c * n_w),
            "state": np.tile(np.repeat(np.asarray(COUNTRIES, dtype=object), n_w), n_r),
            "week": np.tile(np.arange(n_w, dtype=np.int32), n_r * n_c),
        }
        flat = self.compared.reshape(n_r * n_c * n_w, -1)
        return pd.DataFrame(index | {name: flat[:, i] for i, name in enumerate(COMPARED)})

    def _severities(self, replicates: range) -> pd.DataFrame:
        """Deadly attacks by the number of people killed, one row per number that occurred."""
        ids, years = np.asarray(replicates, dtype=np.int32), self.period_names
        parts = []
        for year, counts in zip(years, self.severities, strict=False):  # `since_branch` has none
            counts = np.atleast_2d(counts)
            row, killed = np.nonzero(counts)
            parts.append(
                pd.DataFrame(
                    {
                        "replicate": ids[row],
                        "period": np.full(len(row), year, dtype=object),
                        "killed": killed.astype(np.int32),
                        "n_attacks": counts[row, killed].astype(np.int32),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    def _series(self) -> pd.DataFrame:
        """How many replicates had which value, by headline outcome, country and week."""
        parts = []
        for outcome, path in zip(HEADLINES, self.paths, strict=True):
            for c, country in enumerate(COUNTRIES):
                is_known = ~np.isnan(path[:, c])  # a process that is switched off says nothing
                if not is_known.any():
                    continue
                steps = np.rint(path[:, c][is_known] / outcome.resolution).astype(np.int64)
                pairs, count = np.unique(
                    np.stack([np.nonzero(is_known)[1], steps]), axis=1, return_counts=True
                )
                parts.append(
                    pd.DataFrame(
                        {
                            "outcome": outcome.name,
                            "state": country,
                            "week": pairs[0].astype(np.int32),
                            "value": np.round(pairs[1] * outcome.resolution, 6),
                            "count": count.astype(np.int32),
                        }
                    )
                )
        return pd.concat(parts, ignore_index=True)


_COLUMN = {name: i for i, name in enumerate(OUTCOMES)}
_COMPARED = [_COLUMN[name] for name in COMPARED]


def simulate(
    parameters: Parameters,
    root_seed: int,
    first: int,
    stop: int,
    n_weeks: int,
    branch_week: int,
    batch_size: int = 50,
) -> Observed:
    """Run replicates first..stop-1 and return their tables.

    Args:
        parameters: compiled for at least n_weeks weeks.
        root_seed: seed of the experiment.
        first: first replicate.
        stop: replicate after the last one.
        n_weeks: length of the horizon in weeks.
        branch_week: week from which `since_branch` counts.
        batch_size: how many replicates advance together; never changes a result.
    """
    observed = []
    for start in range(first, stop, batch_size):
        block = range(start, min(start + batch_size, stop))
        recorder = Recorder(parameters.world, len(block), n_weeks, branch_week)
        kernel.run(parameters, Streams(root_seed, block), 0, n_weeks, watch=recorder.watch)
        observed.append(recorder.tables(block))
    series = pd.concat([part.series for part in observed])
    keys = ["outcome", "state", "week", "value"]
    counts = series.groupby(keys, sort=True, as_index=False).agg({"count": "sum"})
    return Observed(
        outcomes=pd.concat([part.outcomes for part in observed], ignore_index=True),
        places=pd.concat([part.places for part in observed], ignore_index=True),
        series=counts,
        weeks=_joined([part.weeks for part in observed]),
        severities=_joined([part.severities for part in observed]),
    )


def _joined(parts: list[pd.DataFrame | None]) -> pd.DataFrame | None:
    found = [part for part in parts if part is not None]
    return pd.concat(found, ignore_index=True) if found else None
