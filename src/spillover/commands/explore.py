"""`spillover sensitivity` and `discover`: which inputs matter, and where a policy fails."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spillover.analysis.discovery import Region
from spillover.analysis.importance import require_explore
from spillover.analysis.tails import wilson
from spillover.batch.durable import write_table
from spillover.commands.present import figure
from spillover.commands.progress import busy
from spillover.errors import UserError
from spillover.notebook.explored import MORRIS, PAWN
from spillover.notebook.results import open_results

SHOWN = 8
METHODS = {
    PAWN: "PAWN index, 0 to 1 (smallest and largest over the slices)",
    MORRIS: "Morris: change of the effect when the inputs of a process move by half of their\n"
    "prior, each up or down at random (95% interval). Chance in few worlds moves it as well.",
}
"""Method: how its index reads."""
_NO_REGION = """\
No region: more draws (uncertainty.draws=200), a smaller tolerance (compare.tolerance) or another
--policy may show one; --policy with the baseline asks where doing nothing new fails."""


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
    print(f"{METHODS[method]}")
    for (scenario, name), table in ranked.groupby(["scenario", "outcome"], sort=False):
        noise = float(table["noise"].iloc[0])
        above = table[table["index"] > noise]
        limit = f", noise up to {noise:.2f}" if method == PAWN else ""
        print(f"\n{scenario} / {name}: {int(table['n'].iloc[0])} draws{limit}")
        for row in above.head(SHOWN).to_dict("records"):
            spread = f" ({figure(row['low'])} to {figure(row['high'])})"
            print(f"  {figure(row['index']):>8}{spread:<22} {row['input']}")
        rest = len(above) - SHOWN
        if above.empty:
            print("  no input can be told from one without effect; more draws may")
        elif rest > 0:
            print(f"  and {rest} more" + (" above the noise" if method == PAWN else ""))
    print(f"\nFiles  {write_table(folder / 'analysis' / 'importance.csv', ranked)}")
    return 0


def discover_failures(folder: Path, policy: str | None, outcome: str | None) -> int:
    """Look for the region of the inputs in which the regret of a policy matters; writes boxes.csv.

    A policy that fails too seldom, or nearly always, has no region; the share is the finding then.

    Raises:
        UserError: a package is missing, the folder has too few draws, a name is unknown, or no
            outcome has a direction.
    """
    require_explore("spillover discover")
    results = open_results(folder)
    question = results.question(policy, outcome, may_be_baseline=True)
    with busy("looking for regions"):
        searches = list(results.search_failures(policy, outcome))
    if not searches:
        raise UserError(
            "Regret needs an outcome of which more or less is better.",
            where="--outcome",
            got=", ".join(question.outcomes),
            allowed="outcomes with a direction, see docs/outcomes.md",
            next="For example --outcome recruits.",
        )
    for search in searches:
        low, high = wilson(search.n_failures, search.n)
        print(
            f"\n{search.scenario} / {search.outcome}: {question.policy} is worse than the best by "
            f"more than {figure(search.tolerance)}\n  in {search.n_failures} of {search.n} draws "
            f"({low:.0%} to {high:.0%})"
        )
        if search.problem:
            print("  too few of one kind to look for a region")
        for region in search.regions:
            print(_sentence(region))
    tables = [search.table for search in searches if search.regions]
    found = pd.concat(tables).assign(policy=question.policy) if tables else pd.DataFrame()
    path = write_table(folder / "analysis" / "boxes.csv", found)
    print(f"\nFiles  {path}" if tables else f"\n{_NO_REGION}")
    return 0


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
