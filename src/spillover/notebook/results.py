"""A results folder as an object: choose cells, compare policies, plot, hand over to other tools."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from spillover.analysis.comparison import COST, Settings, compare, require_baseline
from spillover.analysis.summary import REGIONS, by_region
from spillover.analysis.tolerance import read_tolerances
from spillover.batch import runner
from spillover.batch.compose import compose_config
from spillover.batch.manifest import read_cells, require_manifest
from spillover.clock import week_start
from spillover.errors import UserError, nearest
from spillover.notebook.compared import Compared, Robustness
from spillover.notebook.events import count_events
from spillover.notebook.explored import KEYS, Question, Search, ask, importance, search_failures
from spillover.notebook.plots import Plots

if TYPE_CHECKING:
    import xarray

Names = str | Sequence[str] | None


def open_results(folder: str | Path) -> OpenResults:
    """Open a folder that `spillover run`, `sweep` or `compare` has written.

    Only the manifest and the list of cells are read; tables are read when they are asked for.

    >>> r = open_results("results/quick")
    >>> r.sel(scenario="status_quo").compare().plot.forest("attacks_home")

    Raises:
        UserError: the folder holds no results.
    """
    path = Path(folder)
    manifest = require_manifest(path)
    cells = read_cells(path)
    present = {cell for ids in runner.finished_pairs(path).values() for cell in ids}
    return OpenResults(path, manifest, cells[cells["cell_id"].isin(present)])


@dataclass(frozen=True)
class OpenResults:
    """A results folder, or the part of it that `sel` has chosen; it never changes."""

    folder: Path
    manifest: dict[str, Any]
    cells: pd.DataFrame

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Scenarios that are chosen, in the order of the design."""
        return tuple(dict.fromkeys(self.cells["scenario"]))

    @property
    def policies(self) -> tuple[str, ...]:
        """Policies that are chosen, in the order of the design."""
        return tuple(dict.fromkeys(self.cells["policy"]))

    @property
    def outcomes(self) -> pd.DataFrame:
        """Outcomes that there are: label, unit, kind, better, whether headline."""
        columns = ["label", "unit", "kind", "better", "headline"]
        return pd.DataFrame(self.manifest["outcomes"]).T[columns].rename_axis("outcome")

    def sel(self, scenario: Names = None, policy: Names = None) -> OpenResults:
        """A part of the folder.

        Args:
            scenario: a name or a list of names; None for all.
            policy: the same.

        Raises:
            UserError: a name is not in the folder.
        """
        cells = self.cells
        for column, asked in (("scenario", scenario), ("policy", policy)):
            if asked is None:
                continue
            names = [asked] if isinstance(asked, str) else list(asked)
            known = list(dict.fromkeys(self.cells[column]))
            for name in names:
                if name not in known:
                    raise UserError(
                        f"The folder holds no {column} '{name}'.",
                        where=f"sel({column}=...)",
                        got=name,
                        allowed=nearest(name, known),
                        next=f"`.{'scenarios' if column == 'scenario' else 'policies'}` lists "
                        "them.",
                    )
            cells = cells[cells[column].isin(names)]
        return replace(self, cells=cells)

    @cached_property
    def worlds(self) -> pd.DataFrame:
        """One row per cell, replicate, region and outcome, since the branch.

        Columns cell_id, scenario, policy, draw, replicate, region (``all5`` or ``AFG``), outcome,
        value in the unit of the outcome.
        """
        registry = self._registry
        ids = list(self.cells["cell_id"])
        rows = runner.read_outcomes(self.folder, "since_branch", registry, ids)
        values = by_region(rows, registry)
        order = {cell: place for place, cell in enumerate(ids)}
        rank = values["cell_id"].map(order)
        return values.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank")

    @property
    def _registry(self) -> dict[str, Any]:
        known = self.manifest["outcomes"]
        return {name: o for name, o in known.items() if o["headline"] or name == COST}

    def to_pandas(self) -> pd.DataFrame:
        """One row per world and region, one column per headline outcome."""
        index = [*KEYS, "region"]
        return self.worlds.pivot_table(
            index=index, columns="outcome", values="value", observed=True, sort=False
        )

    def to_xarray(self) -> xarray.Dataset:
        """The same as a labelled array; needs the package xarray.

        Raises:
            UserError: xarray is not installed.
        """
        try:
            import xarray  # noqa: F401
        except ImportError:
            raise UserError(
                "The package `xarray` is not installed.",
                where="to_xarray()",
                got="no xarray",
                allowed="to_pandas(), which needs nothing more",
                next="Install it with `pip install xarray`.",
            ) from None
        data = self.to_pandas().to_xarray()
        for name, outcome in self._registry.items():
            if name in data:
                data[name].attrs = {"units": outcome["unit"], "long_name": outcome["label"]}
        return data

    def to_ema(self) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        """Experiments and outcomes in the form of the EMA Workbench, a row per world.

        The Workbench calls one setting of all uncertainties a scenario and leaves a column of that
        name out of its analyses; so ``scenario`` numbers the worlds (draw and replicate), and the
        scenario of this model is the column ``scenario_name``. Otherwise as `experiments`, without
        draw and replicate.
        """
        experiments, outcomes = self.experiments()
        world = experiments.groupby(["draw", "replicate"], sort=True).ngroup()
        named = experiments.rename(columns={"scenario": "scenario_name"})
        named = named.drop(columns=["draw", "replicate"]).assign(model="spillover", scenario=world)
        return named, outcomes

    def experiments(self) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
        """Inputs and outcomes, a row per world.

        Outcomes are those of the five states together, or of Afghanistan where only it has them.
        Columns of the inputs: scenario, policy, draw, replicate, and every parameter that a draw of
        the priors has changed, under its path (as a value, a factor or a shift).
        """
        chosen = self.worlds
        rank = chosen["region"].map({region: place for place, region in enumerate(REGIONS)})
        first = rank.groupby(chosen["outcome"]).transform("min")
        wide = chosen[rank == first].pivot_table(
            index=["cell_id", *KEYS], columns="outcome", values="value", observed=True, sort=False
        )
        experiments = wide.index.to_frame(index=False)
        experiments = experiments.join(_drawn(self.cells), on="cell_id").drop(columns="cell_id")
        return experiments, {str(name): wide[name].to_numpy(float) for name in wide}

    def compare(
        self,
        baseline: str | None = None,
        outcomes: Sequence[str] | None = None,
        tolerance: dict[str, str] | None = None,
    ) -> Compared:
        """Policies side by side, as `spillover compare` sets them.

        Args:
            baseline: the policy to compare with; by default that of the folder.
            outcomes: key outcomes; by default those of the folder.
            tolerance: outcome -> what matters, such as ``{"recruits": "10 %"}``; the others keep
                their tolerance.

        Raises:
            UserError: see `spillover.analysis.comparison.compare`.
        """
        own = compare_settings(self.manifest)
        names = tuple(outcomes or [n for n in own["outcomes"] if n in self._registry])
        texts = {**own["tolerance"], **(tolerance or {})}
        tolerances = read_tolerances(texts, names, self._registry)
        settings = Settings(baseline or own["baseline"], tolerances)
        return Compared(compare(self.worlds, self._registry, settings), self.folder, self.manifest)

    def robustness(self, baseline: str | None = None) -> Robustness:
        """Eight criteria across the scenarios, with regret and how far the criteria agree."""
        return Robustness(self.compare(baseline))

    def events(
        self, baseline: str | None = None, by: str = "state", world: int | None = None
    ) -> pd.DataFrame:
        """Events that each policy averts and induces against the baseline, in the same worlds.

        Args:
            baseline: the policy to compare with; by default that of the folder.
            by: ``state``, or ``place`` for provinces and regions (fewer kinds of events).
            world: one replicate; None for all worlds.

        Returns:
            Columns scenario, policy, outcome, place, period (calendar year), baseline, policy_count
            (mean count per world), averted, induced (mean per world), share_averting,
            share_inducing (share of worlds with any), n (worlds); years from that of the branch.

        Raises:
            UserError: the baseline is not among the policies, or `by` or `world` is unknown.
        """
        chosen = baseline or str(compare_settings(self.manifest)["baseline"])
        require_baseline(chosen, list(self.policies))
        branch = week_start(int(self.manifest["frame"]["branch_week"]))
        return count_events(self.folder, self.cells, chosen, by, world, branch.year)

    def question(
        self,
        policy: str | None = None,
        outcome: str | None = None,
        may_be_baseline: bool = False,
    ) -> Question:
        """What `sensitivity` and `discover` ask by default.

        Raises:
            UserError: a name is not in the folder.
        """
        settings = dict(compare_settings(self.manifest))
        return ask(self, policy, outcome, settings, may_be_baseline)

    def sensitivity(self, policy: str | None = None, outcome: str | None = None) -> pd.DataFrame:
        """Uncertain inputs by what they do to the effect of a policy, as `spillover sensitivity`.

        Args:
            policy: by default the last one of the folder.
            outcome: by default the key outcomes of the comparison.

        Raises:
            UserError: a package is missing, the folder has too few draws, or a name is unknown.
        """
        return importance(self, self.question(policy, outcome))

    def search_failures(
        self, policy: str | None = None, outcome: str | None = None
    ) -> Iterator[Search]:
        """What `discover` finds, with what there was to search, outcome by outcome."""
        tolerances = dict(compare_settings(self.manifest)["tolerance"])
        question = self.question(policy, outcome, may_be_baseline=True)
        return search_failures(self, question, tolerances)

    def discover(self, policy: str | None = None, outcome: str | None = None) -> pd.DataFrame:
        """Regions of the uncertain inputs in which a policy fails, a row per limit.

        Args:
            policy: by default the last one of the folder.
            outcome: by default the key outcomes of the comparison.

        Returns:
            Columns method, input, low, high, quasi_p, lowest, highest, coverage, density, mass, n,
            share_failing, checked, checked_density, checked_low, checked_high,
            checked_share_failing, is_confirmed, scenario, outcome; empty where there are too few
            failures.

        Raises:
            UserError: a package is missing, the folder has too few draws, or a name is unknown.
        """
        found = [s.table for s in self.search_failures(policy, outcome) if s.regions]
        return pd.concat(found, ignore_index=True) if found else pd.DataFrame()

    @property
    def plot(self) -> Plots:
        """Figures: ``plot.distribution("recruits")``, ``plot.fan("attacks_home")``."""
        pairs = set(zip(self.cells["scenario"], self.cells["policy"], strict=True))
        return Plots(self.folder, frozenset(pairs))

    def _repr_html_(self) -> str:
        facts = {
            "folder": str(self.folder),
            "scenarios": ", ".join(self.scenarios),
            "policies": ", ".join(self.policies),
            "replicates": str(self.manifest["config"]["replicates"]),
            "seed": str(self.manifest["seed"]),
            "model": str(self.manifest["fingerprint"]["id"]),
        }
        rows = "".join(
            f"<tr><th style='text-align:left'>{key}</th><td>{html.escape(text)}</td></tr>"
            for key, text in facts.items()
        )
        return f"<table>{rows}</table>"


def compare_settings(manifest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Baseline, outcomes and tolerances of a folder; those of the configs where it has none."""
    own = manifest["config"].get("compare")
    return vars(compose_config([]).config.compare) if own is None else own


def _drawn(cells: pd.DataFrame) -> pd.DataFrame:
    """Values that draws have set [cell id, parameter path]; the first date stands for the others.

    The table of cells has a column ``operation:path@week`` for each value of a draw or the user;
    one that is the same in all draws is no input.
    """
    values = {}
    for column in cells.columns[cells.columns.str.contains(":")]:
        path = str(column).partition(":")[2].partition("@")[0]
        if path not in values and cells[column].nunique() > 1:
            values[path] = cells[column].to_numpy(float)
    return pd.DataFrame(values, index=cells["cell_id"])
