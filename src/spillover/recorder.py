"""What is kept of the weeks of a batch, and the tables that are made of it.

A recorder watches a batch, sums flows and averages stocks over calendar years and since the
branch, and keeps weekly values of headline outcomes until they are counted. A hindcast also keeps
the weekly values of outcomes that are compared with data, and how many attacks killed how many.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spillover.axes import COUNTRIES, STATES
from spillover.clock import HORIZONS, year_of_week
from spillover.outcomes import COMPARED, OUTCOMES, PLACE_OUTCOMES, Outcome
from spillover.state import State
from spillover.world import World

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


class _Record:
    """What is kept of the outcomes of one scope, whose members [m] are states, provinces, ...

    Axes: [o] outcome, [h] outcome that is followed week by week, [p] period, [w] week.
    """

    def __init__(
        self,
        outcomes: Sequence[Outcome],
        followed: Collection[str],
        shape: tuple[int, int],
        n_periods: int,
        n_weeks: int,
    ) -> None:
        """Keep sums and paths; ``shape`` is (replicates, members)."""
        self.outcomes = outcomes
        self.followed = [i for i, outcome in enumerate(outcomes) if outcome.name in followed]
        self.now = np.empty((len(outcomes), *shape))  # [o, r, m] of the week, always written anew
        self.sums = np.zeros((n_periods, *self.now.shape))  # [p, o, r, m]
        self.paths = np.full((n_weeks, len(self.followed), *shape), np.nan)  # [w, h, r, m]

    def add(
        self, week: int, which: Sequence[int], state: State, infos: SimpleNamespace, world: World
    ) -> None:
        """Read one week and add it to its periods."""
        n_members = self.now.shape[-1]
        for values, outcome in zip(self.now, self.outcomes, strict=True):
            values[...] = np.reshape(outcome.read(state, infos, world), (-1, n_members))
        for period in which:
            self.sums[period] += self.now
        if self.followed:
            self.paths[week] = self.now[self.followed]

    def copy(self) -> _Record:
        """A record that goes on from here on its own."""
        other = copy(self)
        other.sums, other.paths = self.sums.copy(), self.paths.copy()
        return other

    def by_period(self, i: int, weeks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sums of a flow, or means of a stock, over the weeks of each period [r, m, p]."""
        sums = np.moveaxis(self.sums[:, i], 0, -1)
        return sums / weeks if self.outcomes[i].kind == "stock" else sums


class Recorder:
    """Watches a batch of replicates; pass `watch` to `kernel.run`."""

    def __init__(self, world: World, n_replicates: int, n_weeks: int, branch_week: int) -> None:
        self.world = world
        self.n_replicates, self.n_weeks, self.branch_week = n_replicates, n_weeks, branch_week
        self.period_names, self.year = periods(n_weeks, branch_week)
        self.weeks = np.zeros(len(self.period_names))
        self.is_hindcast = n_weeks <= HORIZONS["hindcast"]
        self.severities: list[Any] = [0] * (int(self.year[-1]) + 1)
        followed = {outcome.name for outcome in HEADLINES}
        followed.update(COMPARED if self.is_hindcast else ())
        members = {"AFG": 1, "states": len(STATES)}
        places = {"provinces": world.n_provinces, "regions": world.n_regions}
        self.records = {
            scope: _Record(
                [o for o in registry.values() if o.scope == scope],
                followed if registry is OUTCOMES else (),
                (n_replicates, n_members),
                len(self.weeks),
                n_weeks,
            )
            for registry, scopes in ((OUTCOMES, members), (PLACE_OUTCOMES, places))
            for scope, n_members in scopes.items()
        }

    def copy(self) -> Recorder:
        """A recorder that goes on from here on its own."""
        other = copy(self)
        other.weeks = self.weeks.copy()
        other.severities = list(self.severities)  # its members are never changed in place
        other.records = {scope: record.copy() for scope, record in self.records.items()}
        return other

    def watch(self, week: int, state: State, info: dict[str, Any]) -> None:
        """Add one week."""
        infos = SimpleNamespace(**info)
        year = int(self.year[week])
        which = [year]
        if week >= self.branch_week:
            which.append(len(self.period_names) - 1)
        self.weeks[which] += 1
        for record in self.records.values():
            record.add(week, which, state, infos, self.world)
        if self.is_hindcast:
            self.severities[year] = self.severities[year] + infos.attacks.by_deaths

    def path(self, name: str) -> NDArray[np.float64]:
        """Weekly values [w, r, m] of a headline outcome, of the five states or of Afghanistan.

        A hindcast also follows the outcomes that are compared with data.
        """
        record = self.records[OUTCOMES[name].scope]
        names = [record.outcomes[i].name for i in record.followed]
        return record.paths[:, names.index(name)]

    def tables(self, replicates: range) -> Observed:
        """Tables of what was watched; rows sorted by replicate, state or place, period."""
        n_places = self.world.n_provinces + self.world.n_regions
        places = self.world.place_ids[:n_places]
        return Observed(
            outcomes=self._frame(replicates, "state", COUNTRIES, OUTCOMES, np.float64),
            places=self._frame(replicates, "place", places, PLACE_OUTCOMES, np.float32),
            series=self._series(),
            weeks=self._weeks(replicates) if self.is_hindcast else None,
            severities=self._severities(replicates) if self.is_hindcast else None,
        )

    def _frame(
        self,
        replicates: range,
        key: str,
        members: Sequence[str],
        registry: Mapping[str, Outcome],
        kind: type,
    ) -> pd.DataFrame:
        """Long table by replicate, member and period, one column per outcome of a registry."""
        columns = {}
        for record in self.records.values():
            for i, outcome in enumerate(record.outcomes):
                if registry.get(outcome.name) is outcome:
                    values = record.by_period(i, self.weeks)
                    columns[outcome.name] = _among(members, outcome.scope, values, kind)
        index = _index(replicates, key, members, "period", self.period_names)
        return pd.DataFrame(index | {name: columns[name] for name in registry})

    def _weeks(self, replicates: range) -> pd.DataFrame:
        """Weekly values of the outcomes that are compared with data."""
        index = _index(replicates, "state", COUNTRIES, "week", range(self.n_weeks))
        paths = {name: np.moveaxis(self.path(name), 0, -1) for name in COMPARED}
        return pd.DataFrame(
            index
            | {
                name: _among(COUNTRIES, OUTCOMES[name].scope, path, np.float32)
                for name, path in paths.items()
            }
        )

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
        """How many replicates had which value, by headline outcome, country and week, sorted."""
        parts = []
        for outcome in sorted(HEADLINES, key=lambda outcome: outcome.name):
            path = self.path(outcome.name)
            countries = COUNTRIES[:1] if outcome.scope == "AFG" else STATES
            for country, m in sorted(zip(countries, range(path.shape[-1]), strict=True)):
                week, steps, count = _counted(path[:, :, m], outcome.resolution)
                values = {
                    "outcome": outcome.name,
                    "state": country,
                    "week": week.astype(np.int32),
                    "value": np.round(steps * outcome.resolution, 6),
                    "count": count.astype(np.int32),
                }
                parts.append(pd.DataFrame(values))
        return pd.concat(parts, ignore_index=True)


def _index(
    replicates: range, key: str, members: Sequence[str], last: str, labels: Sequence[Any]
) -> dict[str, NDArray[Any]]:
    """Leading columns of a long table by replicate, member and period or week."""
    n_r, n_m, n_l = len(replicates), len(members), len(labels)
    kind = np.int32 if isinstance(labels, range) else object
    return {
        "replicate": np.repeat(np.asarray(replicates, dtype=np.int32), n_m * n_l),
        key: np.tile(np.repeat(np.asarray(members, dtype=object), n_l), n_r),
        last: np.tile(np.asarray(labels, dtype=kind), n_r * n_m),
    }


def _among(
    members: Sequence[str], scope: str, values: NDArray[np.float64], kind: type
) -> NDArray[Any]:
    """Values [r, m, x] of one scope as a column over all members; NaN where it says nothing."""
    n_replicates, n_own, n_last = values.shape
    column: NDArray[Any] = np.full((n_replicates, len(members), n_last), np.nan, dtype=kind)
    is_first = scope in ("AFG", "provinces")  # Afghanistan comes before the states
    own = slice(n_own) if is_first else slice(len(members) - n_own, None)
    column[:, own] = values
    return column.ravel()


def _counted(
    path: NDArray[np.float64], resolution: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Weeks, values in steps of the resolution, and how many replicates had them, of [w, r]."""
    week, _ = is_known = np.nonzero(~np.isnan(path))  # a process that is off says nothing
    steps = np.rint(path[is_known] / resolution).astype(np.int64)
    least, most = (steps.min(), steps.max()) if len(steps) else (0, 0)
    keys, count = np.unique(week * (most - least + 1) + (steps - least), return_counts=True)
    week, above = np.divmod(keys, most - least + 1)
    return week, above + least, count
