"""Averted and induced events of a results folder, from its stored counts by year."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from spillover.analysis.events import COLUMNS, PLACE_EVENTS, STATE_EVENTS, WORLD, paired_events
from spillover.batch import runner
from spillover.errors import UserError

KINDS = {"state": ("outcomes", STATE_EVENTS), "place": ("places", PLACE_EVENTS)}
"""Column of the places: the kind of stored table that has it, and the events it counts."""


def count_events(
    folder: Path,
    cells: pd.DataFrame,
    baseline: str,
    by: str,
    world: int | None,
    first_year: int,
) -> pd.DataFrame:
    """See `spillover.notebook.results.OpenResults.events`; years before `first_year` are left out.

    Raises:
        UserError: `by` is unknown, or no cell holds the world.
    """
    if by not in KINDS:
        raise UserError(
            f"Events are not counted by '{by}'.",
            where="events(by=...)",
            got=by,
            allowed=", ".join(KINDS),
            next="`state` is the default; `place` is by province and region.",
        )
    kind, names = KINDS[by]
    columns = [*WORLD, by, "period", *names]
    rows: list[tuple[str, str, object]] = [
        ("period", "!=", "since_branch"),
        ("period", ">=", str(first_year)),
    ]
    rows += [("replicate", "=", world)] if world is not None else []

    def counts(of: pd.DataFrame) -> pd.DataFrame:
        return runner.read_kind(folder, kind, columns, set(of["cell_id"]), rows)

    parts, is_there = [], False
    for scenario, mine in cells.groupby("scenario", sort=False):
        control = counts(mine[mine["policy"] == baseline])
        for policy, its in mine[mine["policy"] != baseline].groupby("policy", sort=False):
            treated = counts(its)
            is_there = is_there or (len(control) > 0 and len(treated) > 0)
            found = paired_events(control, treated, names, by)
            found.insert(0, "policy", policy)
            found.insert(0, "scenario", scenario)
            if len(found):  # an empty one would turn numbers into objects
                parts.append(found)
    if world is not None and not is_there:
        raise UserError(
            "This folder does not hold that world under two policies.",
            where="world",
            got=world,
            allowed="a replicate that was computed under the baseline and another policy",
            next="Worlds are numbered from 0; `spillover status FOLDER` says how many there are.",
        )
    if not parts:
        return pd.DataFrame(columns=["scenario", "policy", *COLUMNS])
    return pd.concat(parts, ignore_index=True)
