"""Pillars by scenario and policy, and what policies move elsewhere: files and terminal lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.text import Text

from spillover.analysis.elsewhere import MOVES, moved
from spillover.analysis.pillars import (
    PILLARS,
    history,
    mean_scores,
    pillar_scores,
    pillar_table,
    yearly,
    years_before,
)
from spillover.batch import runner
from spillover.batch.durable import write_table
from spillover.batch.manifest import read_cells, require_manifest
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
    pairs = runner.finished_pairs(results)
    if not pairs or branch >= n_weeks or not years_before(branch):
        return pd.DataFrame()
    names = [name for pillar in PILLARS.values() for name in pillar]
    first = pairs.get((REFERENCE, REFERENCE)) or [min(min(ids) for ids in pairs.values())]
    scales = history(
        runner.read_outcomes(results, list(years_before(branch)), names, first), branch, registry
    )
    parts = []
    for cell_ids in pairs.values():
        since = runner.read_outcomes(results, "since_branch", names, cell_ids)
        parts.append(
            mean_scores(pillar_scores(yearly(since, n_weeks - branch, registry), scales, registry))
        )
    scores = pd.concat(parts, ignore_index=True)
    table = pillar_table(scores, weights)
    write_table(results / "pillars.csv", table)
    return table


def write_elsewhere(results: Path, baseline: str = REFERENCE) -> pd.DataFrame:
    """Write ``elsewhere.csv``: what each policy saves and moves against the baseline policy."""
    pairs = runner.finished_pairs(results)
    names = {name for move in MOVES for name in (move.outcome, *move.elsewhere)}
    parts = []
    for scenario in dict.fromkeys(scenario for scenario, _ in pairs):
        policies = [policy for of, policy in pairs if of == scenario and policy != baseline]
        if not policies or (scenario, baseline) not in pairs:
            continue
        control = _since(results, names, pairs[scenario, baseline])
        for policy in policies:
            found = moved(_since(results, names, pairs[scenario, policy]), control)
            parts.append(found.assign(scenario=scenario, policy=policy))
    if not parts:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True)
    columns = ["scenario", "policy", *(c for c in table if c not in ("scenario", "policy"))]
    table = table[columns]
    write_table(results / "elsewhere.csv", table)
    return table


def _since(results: Path, names: Collection[str], cell_ids: Collection[str]) -> pd.DataFrame:
    return runner.read_outcomes(results, "since_branch", names, cell_ids)


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
        Text("Saved and moved elsewhere by policy, since the branch (share with its 95%)", "bold"),
        Text(f"{'scenario / policy, outcome':<62}{'saved':>10}{'moved':>10}{'share moved':>28}"),
        Text("-" * WIDTH),
    ]
    for row in table[table["policy"].isin(policies)].to_dict("records"):
        is_clear = row["net_low"] > 0 or row["net_high"] < 0
        if not is_clear and row["moved"] <= row["saved"]:
            continue
        name = f"{row['scenario']} / {row['policy']}, {labels[row['outcome']]}"
        share = _share(row)
        lines.append(
            Text(f"{name[:61]:<62}{figure(row['saved']):>10}{signed(row['moved']):>10}{share:>28}")
        )
    return lines


def _share(row: Mapping[Any, Any]) -> str:
    """The share moved with its interval, as far as it is known."""
    if pd.isna(row["share_moved"]):
        return ""
    low, high = row["share_low"], row["share_high"]
    end = "any" if np.isinf(high) else f"{high:.0%}"
    return f"{row['share_moved']:.0%} ({low:.0%} to {end})"
