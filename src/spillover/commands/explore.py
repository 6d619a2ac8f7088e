"""`spillover sensitivity` and `discover`: which inputs matter, and where a policy fails."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from spillover.analysis.best import oriented
from spillover.analysis.comparison import require_baseline
from spillover.analysis.discovery import Region, boxes_table, discover, failures
from spillover.analysis.importance import group_of, morris, pawn, require_explore
from spillover.analysis.robustness import regret
from spillover.analysis.tolerance import Tolerance, read_tolerances
from spillover.batch.durable import write_table
from spillover.commands.present import figure
from spillover.commands.progress import busy
from spillover.errors import UserError, nearest
from spillover.notebook.results import KEYS, OpenResults, compare_settings, open_results

LEAST_DRAWS = 20
DEFAULT_TOLERANCE = "5 %"
"""What matters of an outcome for which the folder has no tolerance."""
SHOWN = 8
PAWN, MORRIS = "PAWN", "Morris"
METHODS = {
    PAWN: "PAWN index, 0 to 1",
    MORRIS: "Morris: what the effect changes by when a process moves by half of its prior",
}
"""Method: how its index reads."""


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


def sensitivity(folder: Path, policy: str | None, outcome: str | None) -> int:
    """Rank the uncertain inputs by what they do to the effect of a policy; writes importance.csv.

    Raises:
        UserError: a package is missing, the folder has too few draws, or a name is unknown.
    """
    require_explore("spillover sensitivity")
    results, chosen, names, baseline = _asked(folder, policy, outcome)
    method = MORRIS if sampled_by(results) == "morris" else PAWN
    parts = []
    with busy("ranking inputs"):
        for draws in read_draws(results, names):
            values = (draws.means[chosen] - draws.means[baseline]).to_numpy(float)
            table = _rank(method, draws.inputs, values)
            parts.append(
                table.assign(method=method, scenario=draws.scenario, outcome=draws.outcome)
            )
    ranked = pd.concat(parts).sort_values(
        ["scenario", "outcome", "index"], ascending=[True, True, False], kind="stable"
    )
    path = write_table(
        folder / "analysis" / "importance.csv", ranked.assign(policy=chosen, baseline=baseline)
    )
    print(f"What decides the effect of {chosen} against {baseline} ({METHODS[method]})")
    for (scenario, name), table in ranked.groupby(["scenario", "outcome"], sort=False):
        noise = float(table["noise"].iloc[0])
        above = table[table["index"] > noise]
        limit = f", noise up to {noise:.2f}" if method == PAWN else ""
        print(f"\n{scenario} / {name}: {int(table['n'].iloc[0])} draws{limit}")
        for row in above.head(SHOWN).to_dict("records"):
            print(f"  {figure(row['index']):>8}  {row['input']}")
        rest = len(above) - SHOWN
        if above.empty:
            print("  no input can be told from one without effect; more draws may")
        elif rest > 0:
            print(f"  and {rest} more above the noise")
    print(f"\nFiles  {path}")
    return 0


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


def discover_failures(folder: Path, policy: str | None, outcome: str | None) -> int:
    """Look for the region of the inputs in which the regret of a policy matters; writes boxes.csv.

    Raises:
        UserError: a package is missing, the folder has too few draws, a name is unknown, or the
            policy fails in no scenario often enough, or nearly always.
    """
    require_explore("spillover discover")
    results, chosen, names, baseline = _asked(folder, policy, outcome)
    _require_random(results)
    tolerances = _tolerances(results, names)
    parts, problems = [], []
    for draws in read_draws(results, names):
        if not draws.better:
            continue
        around = tolerances[draws.outcome].around(float(draws.means[baseline].mean()))
        lost = regret(oriented(draws.means.to_numpy(float).T, draws.better))
        is_failure = failures(lost[draws.means.columns.get_loc(chosen)], around)
        where = f"{draws.scenario} / {draws.outcome}"
        share = f"{int(is_failure.sum())} of {len(is_failure)} draws"
        print(
            f"\n{where}: {chosen} is worse than the best by more than {figure(around)} in {share}"
        )
        try:
            with busy("looking for regions"), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # deprecations inside the libraries
                regions = discover(draws.inputs, is_failure)
        except UserError as error:
            problems.append(error)
            print("  too few of one kind to look for a region")
            continue
        for region in regions:
            print(_sentence(region))
        table = boxes_table(regions)
        parts.append(table.assign(scenario=draws.scenario, outcome=draws.outcome, policy=chosen))
    if not parts:
        raise problems[0] if problems else _no_direction(names)
    path = write_table(folder / "analysis" / "boxes.csv", pd.concat(parts))
    print(f"\nFiles  {path}")
    return 0


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


def _no_direction(names: list[str]) -> UserError:
    return UserError(
        "Regret needs an outcome of which more or less is better.",
        where="--outcome",
        got=", ".join(names),
        allowed="outcomes with a direction, see docs/outcomes.md",
        next="For example --outcome recruits.",
    )


def read_draws(results: OpenResults, names: list[str]) -> Iterator[Draws]:
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
    experiments, outcomes = results.to_ema()
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


def _asked(
    folder: Path, policy: str | None, outcome: str | None
) -> tuple[OpenResults, str, list[str], str]:
    """Results, policy, outcomes and baseline that were asked for.

    Raises:
        UserError: a name is not in the folder, or there is nothing beside the baseline.
    """
    results = open_results(folder)
    own = compare_settings(results.manifest)
    known = [name for name, row in results.outcomes.iterrows() if row["headline"]]
    names = [outcome] if outcome else [name for name in own["outcomes"] if name in known]
    policies = list(results.policies)
    baseline = str(own["baseline"])
    require_baseline(baseline, policies)
    others = [name for name in policies if name != baseline]
    chosen = policy or others[-1]
    for asked, allowed, option in ((chosen, others, "--policy"), (names[0], known, "--outcome")):
        if asked not in allowed:
            raise UserError(
                f"The folder holds no {option[2:]} '{asked}' to look at.",
                where=option,
                got=asked,
                allowed=nearest(asked, list(map(str, allowed))),
                next="Choose one of these.",
            )
    return results, chosen, names, baseline


def _tolerances(results: OpenResults, names: list[str]) -> dict[str, Tolerance]:
    known = compare_settings(results.manifest)["tolerance"]
    texts = {name: known.get(name, DEFAULT_TOLERANCE) for name in names}
    return read_tolerances(texts, tuple(names), results.manifest["outcomes"])


def _sentence(region: Region) -> str:
    """One region in words, with its check."""
    if region.limits.empty:
        return f"  {region.method}: no region found"
    limits = "; ".join(
        f"{row['input']} from {figure(row['low'])} to {figure(row['high'])}"
        for row in region.limits.to_dict("records")
    )
    verdict = "confirmed" if region.is_confirmed else "NOT confirmed"
    kept = (
        f"{region.checked_density:.0%} of the {region.checked} draws inside fail, "
        f"{region.checked_share_failing:.0%} of all"
        if region.checked
        else "none lies inside"
    )
    return (
        f"  {region.method}: {limits}\n"
        f"    holds {region.coverage:.0%} of the failures at a density of {region.density:.0%}; "
        f"on draws kept back: {kept}: {verdict}"
    )
