"""Which inputs decide, and where a policy fails, from the draws of a results folder."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from spillover.analysis.best import oriented
from spillover.analysis.comparison import require_baseline
from spillover.analysis.discovery import Region, boxes_table, discover, failures
from spillover.analysis.importance import group_of, morris, pawn, require_explore
from spillover.analysis.robustness import regret
from spillover.analysis.tolerance import Tolerance, read_tolerances
from spillover.errors import UserError, nearest

if TYPE_CHECKING:
    from spillover.notebook.results import OpenResults

LEAST_DRAWS = 20
DEFAULT_TOLERANCE = "5 %"
"""What matters of an outcome for which the folder has no tolerance."""
PAWN, MORRIS = "PAWN", "Morris"
KEYS = ["scenario", "policy", "draw", "replicate"]
"""Columns that tell worlds apart; every other one of `experiments` is an input."""


@dataclass(frozen=True)
class Question:
    """What is asked of the draws: a policy against the baseline, in some outcomes."""

    policy: str
    baseline: str
    outcomes: tuple[str, ...]


@dataclass(frozen=True)
class Draws:
    """One outcome of one scenario over the draws of the parameters.

    ``inputs`` [draw, parameter path]; ``means`` [draw, policy], mean over the replicates in the
    unit of the outcome.
    """

    scenario: str
    outcome: str
    better: str
    inputs: pd.DataFrame
    means: pd.DataFrame


@dataclass(frozen=True)
class Search:
    """What the search for regions of failure found in one outcome of one scenario.

    ``tolerance`` in the unit of the outcome is what matters; ``regions`` is empty and ``problem``
    says why where there is nothing to search.
    """

    scenario: str
    outcome: str
    tolerance: float
    n_failures: int
    n: int
    regions: tuple[Region, ...] = ()
    problem: UserError | None = None

    @property
    def table(self) -> pd.DataFrame:
        """One row per limit of a region."""
        return boxes_table(self.regions).assign(scenario=self.scenario, outcome=self.outcome)


def ask(
    results: OpenResults,
    policy: str | None,
    outcome: str | None,
    settings: dict[str, object],
    may_be_baseline: bool,
) -> Question:
    """Policy, baseline and outcomes that were asked for.

    Args:
        results: the folder.
        policy: None for the last one.
        outcome: None for the key outcomes of the comparison, as far as they are headlines.
        settings: those of the comparison (`spillover.notebook.results.compare_settings`).
        may_be_baseline: whether the policy may be the baseline itself.

    Raises:
        UserError: a name is not in the folder, or there is nothing beside the baseline.
    """
    known = [str(name) for name, row in results.outcomes.iterrows() if row["headline"]]
    own = list(settings["outcomes"])  # type: ignore[call-overload]
    names = [outcome] if outcome else [name for name in own if name in known] or known
    policies, baseline = list(results.policies), str(settings["baseline"])
    require_baseline(baseline, policies)
    others = [name for name in policies if name != baseline]
    chosen = policy or others[-1]
    usable = policies if may_be_baseline else others
    for asked, allowed, option in ((chosen, usable, "--policy"), (names[0], known, "--outcome")):
        if asked not in allowed:
            raise UserError(
                f"The folder holds no {option[2:]} '{asked}' to look at.",
                where=option,
                got=asked,
                allowed=nearest(asked, allowed),
                next="Choose one of these.",
            )
    return Question(chosen, baseline, tuple(names))


def importance(results: OpenResults, question: Question) -> pd.DataFrame:
    """What decides the effect of a policy, by scenario and outcome, most important first.

    Returns:
        Columns of `spillover.analysis.importance.pawn` (or `morris`, of a folder of a screen),
        method, scenario, outcome, policy, baseline.

    Raises:
        UserError: a package is missing, or the folder has too few draws.
    """
    require_explore("sensitivity")
    method = MORRIS if sampled_by(results) == "morris" else PAWN
    parts = []
    for draws in read_draws(results, question.outcomes):
        values = draws.means[question.policy] - draws.means[question.baseline]
        table = _rank(method, draws.inputs, values.to_numpy(float))
        parts.append(table.assign(method=method, scenario=draws.scenario, outcome=draws.outcome))
    ranked = pd.concat(parts, ignore_index=True)
    ranked = ranked.assign(policy=question.policy, baseline=question.baseline)
    by, is_ascending = ["scenario", "outcome", "index"], [True, True, False]
    return ranked.sort_values(by, ascending=is_ascending, kind="stable", ignore_index=True)


def search_failures(
    results: OpenResults, question: Question, tolerances: dict[str, str]
) -> Iterator[Search]:
    """Look for the regions of the inputs in which a policy fails, outcome by outcome.

    A policy fails in a draw where it is worse than the best of the folder by more than the
    tolerance. Outcomes without a direction are left out.

    Args:
        results: a folder with draws from the priors.
        question: the policy and the outcomes.
        tolerances: outcome -> what matters, as in `compare.tolerance`.

    Raises:
        UserError: a package is missing, the folder has too few draws, or they are of a screen.
    """
    require_explore("discover")
    _require_random(results)
    known = _tolerances(results, question.outcomes, tolerances)
    for draws in read_draws(results, question.outcomes):
        if not draws.better:
            continue
        around = known[draws.outcome].around(float(draws.means[question.baseline].mean()))
        lost = regret(oriented(draws.means.to_numpy(float).T, draws.better))
        is_failure = failures(lost[draws.means.columns.get_loc(question.policy)], around)
        about = (draws.scenario, draws.outcome, around, int(is_failure.sum()), len(is_failure))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # deprecations inside the libraries
                yield Search(*about, regions=tuple(discover(draws.inputs, is_failure)))
        except UserError as problem:
            yield Search(*about, problem=problem)


def read_draws(results: OpenResults, names: Sequence[str]) -> Iterator[Draws]:
    """Outcomes by draw, scenario by scenario.

    Raises:
        UserError: the folder has fewer than twenty draws of the parameters.
    """
    n_draws = int(results.cells.loc[results.cells["draw"] > 0, "draw"].nunique())
    if n_draws < LEAST_DRAWS:
        raise UserError(
            "This folder has too few draws of the uncertain parameters.",
            where=str(results.folder),
            got=f"{n_draws} draws",
            allowed=f"{LEAST_DRAWS} or more; some 200 for a clear answer",
            next="Make one: spillover sweep experiment=exploration.",
        )
    experiments, outcomes = results.experiments()
    paths = [name for name in experiments if name not in KEYS]
    if not paths:
        raise UserError(
            "No parameter of this folder was drawn.",
            where=str(results.folder),
            got="draws that change nothing",
            allowed="a model whose parameters have priors",
            next="Make one: spillover sweep experiment=exploration.",
        )
    better = results.outcomes["better"]
    for scenario in results.scenarios:
        mine = (experiments["scenario"] == scenario).to_numpy()
        part = experiments[mine]
        inputs = part.groupby("draw", sort=True)[paths].first()
        for name in names:
            rows = part[KEYS].assign(value=outcomes[name][mine])
            means = rows.pivot_table(index="draw", columns="policy", values="value").dropna()
            yield Draws(scenario, name, str(better[name] or ""), inputs.loc[means.index], means)


def sampled_by(results: OpenResults) -> str:
    """How the parameters of a folder were drawn: ``priors`` or ``morris``."""
    return str(results.manifest["config"].get("uncertainty", {}).get("name", "priors"))


def _rank(method: str, inputs: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    """Importance of the inputs [draw, path]; a screen uses its complete trajectories only."""
    paths = list(map(str, inputs))
    points = inputs.to_numpy(float)
    if method == PAWN:
        return pawn(paths, points, values)
    groups = [group_of(path) for path in paths]
    size = len(set(groups)) + 1
    trajectory = (inputs.index.to_numpy() - 1) // size
    number, count = np.unique(trajectory, return_counts=True)
    is_whole = np.isin(trajectory, number[count == size])
    return morris(paths, groups, points[is_whole], values[is_whole])


def _require_random(results: OpenResults) -> None:
    """Refuse the draws of a screen, which fill the priors too unevenly to look for regions."""
    if sampled_by(results) == "morris":
        raise UserError(
            "Regions of failure are searched among draws from the priors.",
            where=str(results.folder),
            got="the trajectories of a Morris screen",
            allowed="a folder with uncertainty=priors",
            next="Make one: spillover sweep experiment=exploration.",
        )


def _tolerances(
    results: OpenResults, names: Sequence[str], known: dict[str, str]
) -> dict[str, Tolerance]:
    texts = {name: known.get(name, DEFAULT_TOLERANCE) for name in names}
    return read_tolerances(texts, tuple(names), results.manifest["outcomes"])
