"""Pillars by scenario and policy, and what policies move elsewhere: files and terminal lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pandas as pd
from rich.text import Text

from spillover.analysis.elsewhere import moved
from spillover.analysis.pillars import (
    PILLARS,
    history,
    pillar_scores,
    pillar_table,
    yearly,
    years_before,
)
from spillover.batch import runner
from spillover.batch.manifest import read_cells, require_manifest
from spillover.batch.store import write_atomic
from spillover.commands.present import WIDTH, figure, signed

REFERENCE = "status_quo"
_NAME, _CELL = 39, 10
_SHORT = {
    "violence": "violence",
    "extremism": "extremism",
    "drugs and crime": "drugs",
    "migration": "migration",
    "water and economy": "water",
    "regional strain": "strain",
}


def write_pillars(
    results: Path, weights: Mapping[str, float] | None = None, off: Collection[str] = ()
) -> pd.DataFrame:
    """Write ``pillars.csv`` of a folder; empty where there is no past to compare with.

    ``weights`` are those of the pillars in the index, 1 where one is not named; outcomes that are
    ``off`` are no part of a pillar.
    """
    registry, cell = require_manifest(results)["outcomes"], read_cells(results).iloc[0]
    branch, n_weeks = int(cell["branch_week"]), int(cell["n_weeks"])
    registry = {name: outcome for name, outcome in registry.items() if name not in off}
    outcomes = runner.read_outcomes(results)
    if outcomes.empty or branch >= n_weeks or not years_before(branch):
        return pd.DataFrame()
    first = outcomes["cell_id"].iloc[0]
    reference = outcomes[(outcomes["scenario"] == REFERENCE) & (outcomes["policy"] == REFERENCE)]
    past = reference if len(reference) else outcomes[outcomes["cell_id"] == first]
    scales = history(past, branch, registry)
    since = outcomes[outcomes["period"] == "since_branch"]
    scores = pillar_scores(yearly(since, n_weeks - branch, registry), scales, registry)
    order = runner.cell_order(results)
    scores = scores.sort_values("cell_id", key=lambda ids: ids.map(order), kind="stable")
    table = pillar_table(scores, weights)
    write_atomic(results / "pillars.csv", table.to_csv(index=False, float_format="%.6g").encode())
    return table


def write_elsewhere(results: Path) -> pd.DataFrame:
    """Write ``elsewhere.csv``: what each policy saves and moves against the status quo policy."""
    outcomes = runner.read_outcomes(results, "since_branch")
    if outcomes.empty:
        return pd.DataFrame()
    order = runner.cell_order(results)
    outcomes = outcomes.sort_values("cell_id", key=lambda ids: ids.map(order), kind="stable")
    parts = []
    for scenario, of_scenario in outcomes.groupby("scenario", sort=False, observed=True):
        cells = dict(list(of_scenario.groupby("policy", sort=False, observed=True)))
        baseline = cells.pop(REFERENCE, None)
        for policy, treated in cells.items():
            if baseline is not None:
                found = moved(treated, baseline)
                parts.append(found.assign(scenario=scenario, policy=policy))
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    columns = ["scenario", "policy", *(c for c in table if c not in ("scenario", "policy"))]
    table = table[columns]
    write_atomic(results / "elsewhere.csv", table.to_csv(index=False, float_format="%.6g").encode())
    return table


def pillar_lines(table: pd.DataFrame, weights: Mapping[str, float] | None = None) -> list[Text]:
    """The pillars of the five states together, one line per scenario and policy."""
    if table.empty:
        return []
    names = [name for name in PILLARS if name in table]
    head = [_SHORT[name] for name in names] + ["index", "by weights"]
    sizes = [_CELL] * len(names) + [_CELL - 2, 13]
    lines = [
        Text(),
        Text(
            "Pillars of the five states (0.5 = 2022 and 2023 before the branch, higher = worse)",
            "bold",
        ),
        Text(
            f"{'scenario / policy':<{_NAME}}"
            + "".join(f"{h:>{n}}" for h, n in zip(head, sizes, strict=True))
        ),
        Text("-" * WIDTH),
    ]
    for row in table[table["state"] == "all5"].to_dict("records"):
        cells = [f"{row[name]:.2f}" for name in names] + [f"{row['index']:.2f}"]
        cells.append(f"{row['index_low']:.2f} to {row['index_high']:.2f}")
        label = f"{row['scenario']} / {row['policy']}"
        text = "".join(f"{c:>{n}}" for c, n in zip(cells, sizes, strict=True))
        lines.append(Text(f"{label:<{_NAME}}{text}"))
    lines.append(
        Text("The index never ranks policies by itself: read the pillars. By state: pillars.csv")
    )
    if weights and len(set(weights.values())) > 1:
        words = ", ".join(f"{_SHORT[name]} {weights[name]:g}" for name in names)
        lines.append(Text(f"Weights of the index as asked for: {words}"))
    return lines


def elsewhere_lines(
    table: pd.DataFrame, labels: dict[str, str], policies: Sequence[str]
) -> list[Text]:
    """What each policy saves and what it moves, for outcomes that clearly change."""
    if table.empty:
        return []
    lines = [
        Text(),
        Text("Saved and moved elsewhere by policy, five states, since the branch", "bold"),
        Text(f"{'scenario / policy, outcome':<72}{'saved':>10}{'moved':>10}{'share moved':>14}"),
        Text("-" * WIDTH),
    ]
    for row in table[table["policy"].isin(policies)].to_dict("records"):
        is_clear = row["net_low"] > 0 or row["net_high"] < 0
        if not is_clear and row["moved"] <= row["saved"]:
            continue
        name = f"{row['scenario']} / {row['policy']}, {labels[row['outcome']]}"
        share = "" if pd.isna(row["share_moved"]) else f"{row['share_moved']:.0%}"
        lines.append(
            Text(f"{name[:71]:<72}{figure(row['saved']):>10}{signed(row['moved']):>10}{share:>14}")
        )
    return lines
