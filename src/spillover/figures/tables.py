"""Reads a results folder into the few tables that the figures draw from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from spillover.analysis.summary import is_summed
from spillover.axes import STATES
from spillover.batch.store import chunk_path, stored_blocks
from spillover.errors import UserError
from spillover.figures.provenance import Provenance, read_provenance

BRANCH_PERIOD = "since_branch"
FIVE_STATES = "all5"
KEYS = (
    "cell_id",
    "scenario",
    "policy",
    "stressor",
    "draw",
    "replicate",
    "state",
    "place",
    "period",
)
_TEXT_KEYS = ("cell_id", "scenario", "policy", "stressor", "state", "place", "period", "outcome")


@dataclass(frozen=True)
class Measure:
    """What a column means: its label, unit and whether it is a stock or a flow."""

    name: str
    label: str
    unit: str
    kind: str = ""  # "stock", "flow" or "" when the table does not say
    better: str = ""  # "lower", "higher" or ""
    headline: bool | None = None  # None when the manifest does not say

    @property
    def is_flow(self) -> bool:
        """Whether weekly values add up to the value of a period."""
        return self.kind == "flow"

    @property
    def is_additive(self) -> bool:
        """Whether several states are added up (flows, numbers of things) or averaged (shares)."""
        return is_summed(self.kind, self.unit)

    @property
    def title(self) -> str:
        """Label with a capital letter."""
        return self.label[:1].upper() + self.label[1:]

    def unit_per(self, span: str) -> str:
        """Unit of the value of one ``span`` ("week", "yr"): flows get ``/span``, stocks do not."""
        return f"{self.unit}/{span}" if self.is_flow and "/" not in self.unit else self.unit


@dataclass(frozen=True)
class Results:
    """Tables of one results folder.

    ``outcomes``: one row per cell, draw, replicate, state and period; ``places``: the mean over
    replicates per scenario, policy, place and period; ``series``: weekly quantiles in long form.
    """

    folder: Path
    provenance: Provenance
    outcomes: pd.DataFrame
    places: pd.DataFrame
    series: pd.DataFrame
    measures: Mapping[str, Measure]
    place_measures: Mapping[str, Measure]

    @property
    def headline(self) -> tuple[str, ...]:
        """Headline outcomes in table order; without any mark those with a series, or all."""
        marked = tuple(name for name, measure in self.measures.items() if measure.headline)
        if marked:
            return marked
        in_series = set(self.series["outcome"]) if len(self.series) else set(self.measures)
        return tuple(name for name in self.measures if name in in_series)


def read_results(folder: Path) -> Results:
    """Read what a results folder holds; absent tables come back empty.

    Raises:
        UserError: the folder holds no manifest or no outcome table.
    """
    folder = Path(folder)
    manifest_file = folder / "manifest.json"
    if not manifest_file.is_file():
        raise UserError(
            "This folder holds no results.",
            where=str(folder),
            got="no manifest.json",
            allowed="a folder that `spillover run` or `spillover sweep` has written",
            next="Give the folder below results/ that carries the name of your run.",
        )
    manifest = json.loads(manifest_file.read_text(encoding="utf-8"))
    outcomes, measures = _read_tables(folder, "outcomes")
    if outcomes.empty:
        raise UserError(
            "This run has no finished chunk yet, so there is nothing to draw.",
            where=str(folder / "outcomes"),
            got="no row",
            allowed="at least one outcome file",
            next="Repeat the command that made this folder: it goes on where it stopped.",
        )
    places, place_measures = _read_tables(folder, "places", mean_of_replicates=True)
    quantiles = folder / "series" / "quantiles.parquet"
    series = _frame(pq.ParquetFile(quantiles).read()) if quantiles.is_file() else pd.DataFrame()
    outcomes, places, series = (_tell_cells_apart(t, outcomes) for t in (outcomes, places, series))
    measures = _with_notes(measures, manifest.get("outcomes"))
    place_measures = _with_notes(place_measures, manifest.get("place_outcomes"))
    provenance = read_provenance(manifest, folder.resolve().name, series, outcomes)
    return Results(folder, provenance, outcomes, places, series, measures, place_measures)


def _read_tables(
    folder: Path, kind: str, mean_of_replicates: bool = False
) -> tuple[pd.DataFrame, dict[str, Measure]]:
    frames: list[pd.DataFrame] = []
    measures: dict[str, Measure] = {}
    for cell_id, block in stored_blocks(folder):
        table = pq.ParquetFile(chunk_path(folder, kind, cell_id, block)).read()
        for field in table.schema:
            if field.name not in KEYS and field.name not in measures:
                measures[field.name] = measure_of(field)
        frames.append(_frame(table))
    if not frames:
        return pd.DataFrame(), {}
    table_all = pd.concat(frames, ignore_index=True)
    if "draw" not in table_all:
        table_all["draw"] = 0
    if mean_of_replicates:
        keys = ["cell_id", "scenario", "policy", "place", "period"]
        table_all = table_all.groupby(keys, sort=True)[list(measures)].mean().reset_index()
    return table_all, measures


def _tell_cells_apart(table: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Give cells that share scenario, policy and draw (but not, say, the start) names of their own.

    Without this, two designs in one folder would be pooled silently.
    """
    if table.empty:
        return table
    cells = outcomes[["cell_id", "scenario", "policy", "draw"]].drop_duplicates()
    twins = cells[cells.duplicated(["scenario", "policy", "draw"], keep=False)]["cell_id"]
    is_twin = table["cell_id"].isin(set(twins))
    renamed = table["policy"] + " [cell " + table["cell_id"].str[:6] + "]"
    return table.assign(policy=table["policy"].where(~is_twin, renamed))


def _frame(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    for name in _TEXT_KEYS:
        if name in frame:
            frame[name] = frame[name].astype(str)
    return frame


def measure_of(field: pa.Field) -> Measure:
    """Measure described by the metadata of a column; its name stands in for a missing label."""
    found = {key.decode(): value.decode() for key, value in (field.metadata or {}).items()}
    better = found.get("better", "")
    return Measure(
        name=field.name,
        label=found.get("label") or field.name.replace("_", " "),
        unit=found.get("unit") or "unit not given",
        kind=found.get("kind", ""),
        better=better if better in ("lower", "higher") else "",
    )


def _with_notes(
    measures: dict[str, Measure], registry: Mapping[str, Any] | None
) -> dict[str, Measure]:
    """Add which direction is better and what is a headline, which only the manifest says."""
    completed = {}
    for name, measure in measures.items():
        note = (registry or {}).get(name, {})
        completed[name] = replace(
            measure,
            kind=measure.kind or note.get("kind") or "",
            better=measure.better or note.get("better") or "",
            headline=note.get("headline"),
        )
    return completed


def add_five_states(outcomes: pd.DataFrame, measures: Mapping[str, Measure]) -> pd.DataFrame:
    """Append rows ``state == "all5"``: sum (index, share: mean) over the five republics.

    The sum is taken within a replicate, so its quantiles are those of the region. An outcome that
    no republic has stays NaN.
    """
    republics = outcomes[outcomes["state"].isin(STATES)]
    if republics.empty:
        return outcomes
    keys = [key for key in KEYS if key in outcomes and key not in ("state", "place")]
    groups = republics.groupby(keys, sort=True)
    columns = {
        name: groups[name].sum(min_count=1) if measure.is_additive else groups[name].mean()
        for name, measure in measures.items()
        if name in republics
    }
    total = pd.DataFrame(columns).reset_index()
    total["state"] = FIVE_STATES
    return pd.concat([outcomes, total[list(outcomes.columns)]], ignore_index=True)


def reported_period(outcomes: pd.DataFrame, provenance: Provenance) -> str:
    """Period that summaries use: since the branch, or the last full year of a hindcast."""
    periods = set(outcomes["period"])
    if BRANCH_PERIOD in periods and provenance.has_projection:
        return BRANCH_PERIOD
    years = sorted(p for p in periods if p.isdigit())
    return years[-1] if years else sorted(periods)[0]
