"""The tables of a hindcast as arrays by world, and values of any window of days."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from spillover.axes import COUNTRIES, STATES
from spillover.batch.manifest import read_cells, require_manifest
from spillover.batch.runner import read_kind
from spillover.clock import START
from spillover.errors import UserError
from spillover.validation.check import NotCovered, Values

REFERENCE = "status_quo"
_WORLD = ["draw", "replicate"]
_KEYS = ("cell_id", "scenario", "policy", *_WORLD, "state", "week")
WEEKLY = (
    *("isisk_attacks_un", "isisk_claimed_attacks", "isisk_deaths", "isisk_strength_reported"),
    *("frontier_attacks", "plots_disrupted", "poppy_area", "farm_income", "opium_price"),
    *("drugs_seized", "drugs_seized_border_regions", "refugees", "taliban_revenue"),
    *("trade_with_afghanistan", "exports_to_afghanistan"),
)
"""Outcomes that patterns read week by week."""
FACTORS: Mapping[tuple[str, str], float] = MappingProxyType(
    {("USD", "USD million"): 1e-6, ("USD/yr", "USD million"): 1e-6, ("kg", "t"): 1e-3}
)
"""What a number in the first unit is multiplied by to be one in the second."""
_NEXT = "Run `spillover validate` without a folder, or `spillover run horizon=hindcast name=NAME`."


@dataclass(frozen=True)
class History:
    """Worlds of one hindcast, sorted by draw and replicate.

    `weekly` holds arrays [world, country, week] by outcome; `yearly` and `places` the tables by
    calendar year; `severities` counts deadly attacks by the number of people killed. `units` holds
    unit and kind (flow or stock) by outcome.
    """

    weekly: Mapping[str, Values]
    yearly: pd.DataFrame
    places: pd.DataFrame
    severities: pd.DataFrame
    worlds: pd.DataFrame
    units: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def draws(self) -> NDArray[np.int64]:
        """Parameter draw of each world."""
        return self.worlds["draw"].to_numpy(np.int64)

    def value(self, name: str, unit: str, states: Iterable[str], start: str, end: str) -> Values:
        """An outcome in a window of days, summed over states [world].

        A flow is the sum over the window, a stock the mean; a week counts by its days inside.

        Raises:
            NotCovered: the run has no such outcome, or one in a unit that is not known.
        """
        if name not in self.weekly:
            raise NotCovered(f"the run has no weekly values of {name}")
        given = self.units.get(name, (unit, "flow"))
        factor = 1.0 if given[0] == unit else FACTORS.get((given[0], unit))
        if factor is None:
            raise NotCovered(f"{name} is given in {given[0]}, not in {unit}")
        chosen = self.weekly[name][:, [COUNTRIES.index(state) for state in states]]
        weekly = chosen.sum(axis=1, dtype=np.float64)
        if np.isnan(weekly).all():
            raise NotCovered(f"{name} is not modelled in this run")
        days = date.fromisoformat(start), date.fromisoformat(end)
        weights = week_shares(*days, weekly.shape[1])
        inside = weights > 0  # what lies outside may be unknown
        weights = weights[inside] if given[1] == "flow" else weights[inside] / weights.sum()
        return factor * (weekly[:, inside] @ weights)

    def year(self, name: str, year: int, states: Sequence[str] = STATES) -> Values:
        """Value of a calendar year by world and state [world, state]."""
        if name not in self.yearly:
            raise NotCovered(f"the run has no outcome {name}")
        rows = self.yearly[self.yearly["period"] == str(year)]
        table = rows.pivot_table(index=_WORLD, columns="state", values=name, dropna=False)
        return self._aligned(table).reindex(columns=list(states)).to_numpy(np.float64)

    def at_places(self, name: str, year: int) -> pd.DataFrame:
        """Value of a calendar year, one row per world and one column per place that has one."""
        if name not in self.places:
            raise NotCovered(f"the run has no outcome {name} by place")
        rows = self.places[self.places["period"] == str(year)].dropna(subset=[name])
        if rows.empty:
            raise NotCovered(f"no place has a value of {name}")
        return self._aligned(rows.pivot_table(index=_WORLD, columns="place", values=name))

    def _aligned(self, table: pd.DataFrame) -> pd.DataFrame:
        return table.reindex(pd.MultiIndex.from_frame(self.worlds))


@cache
def week_shares(start: date, end: date, n_weeks: int) -> Values:
    """Share of each week's seven days that lies in a window, both ends included [week]."""
    first = np.array([(START + timedelta(weeks=w)).toordinal() for w in range(n_weeks)])
    begins = np.maximum(first, start.toordinal())
    ends = np.minimum(first + 7, end.toordinal() + 1)
    shares = np.maximum(ends - begins, 0) / 7.0
    if not shares.any():
        raise NotCovered(f"the run does not reach the window {start} to {end}")
    return shares


def read_history(results: Path) -> History:
    """The worlds of the reference (status quo scenario and policy) of a hindcast folder.

    Raises:
        UserError: the folder holds no hindcast of the reference.
    """
    manifest = require_manifest(results)
    weeks = read_kind(results, "weeks", [*_KEYS, *WEEKLY])
    horizon = manifest["frame"]["horizon"]
    if weeks.empty and horizon == "hindcast":
        raise UserError(
            "No world of this hindcast is finished.",
            where=str(results),
            got="no weekly values",
            next=f"See `spillover status {results}`, and repeat the command that made the folder.",
        )
    if weeks.empty:
        raise UserError(
            "Observations can only be compared with a hindcast.",
            where=str(results),
            got=f"horizon {horizon}",
            allowed="a folder with weekly values, as horizon=hindcast writes",
            next=_NEXT,
        )
    cells = read_cells(results)
    chosen = cells[(cells["scenario"] == REFERENCE) & (cells["policy"] == REFERENCE)]
    ids = set(chosen["cell_id"])
    kinds = [weeks, *(read_kind(results, kind) for kind in ("outcomes", "places", "severities"))]
    tables = [table[table["cell_id"].isin(ids)] for table in kinds]
    if tables[0].empty:
        raise UserError(
            "The folder has no hindcast without scenario and policy.",
            where=str(results),
            got=", ".join(sorted(set(cells["scenario"] + " / " + cells["policy"]))),
            allowed=f"{REFERENCE} / {REFERENCE}",
            next=_NEXT,
        )
    about = {name: (o["unit"], o["kind"]) for name, o in manifest["outcomes"].items()}
    return make_history(tables[0], tables[1], tables[2], tables[3], about)


def make_history(
    weeks: pd.DataFrame,
    yearly: pd.DataFrame,
    places: pd.DataFrame,
    severities: pd.DataFrame,
    units: Mapping[str, tuple[str, str]],
) -> History:
    """A history from the four tables of a folder.

    Args:
        weeks: draw, replicate, state, week and one column per outcome.
        yearly: draw, replicate, state, period and outcomes.
        places: draw, replicate, place, period and outcomes.
        severities: draw, replicate, period, killed, n_attacks.
        units: unit and kind by outcome.
    """
    order = {state: i for i, state in enumerate(COUNTRIES)}
    sorted_weeks = weeks.assign(_state=weeks["state"].map(order))
    sorted_weeks = sorted_weeks.sort_values([*_WORLD, "_state", "week"], kind="stable")
    worlds = sorted_weeks[_WORLD].drop_duplicates().reset_index(drop=True)
    shape = (len(worlds), len(COUNTRIES), -1)
    keys = {*_KEYS, "_state"}
    weekly = {
        str(name): sorted_weeks[name].to_numpy().reshape(shape)
        for name in sorted_weeks.columns
        if name not in keys
    }
    return History(weekly, yearly, places, severities, worlds, units)
