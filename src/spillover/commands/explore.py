"""`spillover sensitivity` and `discover`: which inputs matter, and where a policy fails."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spillover.analysis.discovery import Region
from spillover.analysis.importance import require_explore
from spillover.batch.durable import write_table
from spillover.commands.present import figure
from spillover.commands.progress import busy
from spillover.errors import UserError
from spillover.notebook.explored import MORRIS, PAWN, Search
from spillover.notebook.results import open_results

SHOWN = 8
METHODS = {
    PAWN: "PAWN index, 0 to 1",
    MORRIS: "Morris: what the effect changes by when the inputs of a process move by half of their "
    "prior, each up or down at random",
}
"""Method: how its index reads."""


def sensitivity(folder: Path, policy: str | None, outcome: str | None) -> int:
    """Rank the uncertain inputs by what they do to the effect of a policy; writes importance.csv.

    Raises:
        UserError: a package is missing, the folder has too few draws, or a name is unknown.
    """
    require_explore("spillover sensitivity")
    with busy("ranking inputs"):
        ranked = open_results(folder).sensitivity(policy, outcome)
    first = ranked.iloc[0]
    method = str(first["method"])
    print(f"What decides the effect of {first['policy']} against {first['baseline']}")
    print(f"({METHODS[method]})")
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
            print(f"  and {rest} more" + (" above the noise" if method == PAWN else ""))
    print(f"\nFiles  {write_table(folder / 'analysis' / 'importance.csv', ranked)}")
    return 0


def discover_failures(folder: Path, policy: str | None, outcome: str | None) -> int:
    """Look for the region of the inputs in which the regret of a policy matters; writes boxes.csv.

    Raises:
        UserError: a package is missing, the folder has too few draws, a name is unknown, or the
            policy fails in no scenario often enough, or nearly always.
    """
    require_explore("spillover discover")
    results = open_results(folder)
    question = results.question(policy, outcome)
    with busy("looking for regions"):
        searches = list(results.search_failures(policy, outcome))
    for search in searches:
        print(
            f"\n{search.scenario} / {search.outcome}: {question.policy} is worse than the best by "
            f"more than {figure(search.tolerance)} in {search.n_failures} of {search.n} draws"
        )
        if search.problem:
            print("  too few of one kind to look for a region")
        for region in search.regions:
            print(_sentence(region))
    _require_any(searches, question.outcomes)
    tables = [search.table for search in searches if search.regions]
    path = folder / "analysis" / "boxes.csv"
    print(f"\nFiles  {write_table(path, pd.concat(tables).assign(policy=question.policy))}")
    return 0


def _require_any(searches: list[Search], names: tuple[str, ...]) -> None:
    if any(search.regions for search in searches):
        return
    problems = [search.problem for search in searches if search.problem]
    if problems:
        raise problems[0]
    raise UserError(
        "Regret needs an outcome of which more or less is better.",
        where="--outcome",
        got=", ".join(names),
        allowed="outcomes with a direction, see docs/outcomes.md",
        next="For example --outcome recruits.",
    )


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
