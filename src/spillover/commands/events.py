"""`spillover events`: what a policy averts and what it induces, counted in the same worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from rich.text import Text

from spillover.batch.durable import write_table
from spillover.commands.present import console, figure
from spillover.commands.progress import busy
from spillover.errors import UserError, nearest
from spillover.figures.style import PLACE_NAMES
from spillover.notebook.results import compare_settings, open_results
from spillover.world import load_world

FILES = {"state": "events", "place": "events_by_region"}
"""Column of the places: name of the file below ``analysis/``."""
SHOWN = 8
_NAME, _NUMBER = 62, 12


def events(folder: Path, policy: str | None, scenario: str | None, world: int | None) -> int:
    """Print averted and induced events of one policy; of all worlds, or of one.

    All policies are written to ``analysis/events.csv`` and ``events_by_region.csv``, unless one
    world is asked for.

    Raises:
        UserError: the folder lacks the baseline or another policy, or a name or world is unknown.
    """
    results = open_results(folder)
    baseline = str(compare_settings(results.manifest)["baseline"])
    with busy("counting events"):
        tables = {by: results.events(by=by, world=world) for by in FILES}
    chosen = _asked("policy", policy, [name for name in results.policies if name != baseline])
    scenarios = list(results.scenarios)
    names = [_asked("scenario", scenario, scenarios)] if scenario else scenarios
    labels = {str(name): str(label) for name, label in results.outcomes["label"].items()}
    out = console()
    for name in names:
        mine = {
            by: table[(table["scenario"] == name) & (table["policy"] == chosen)]
            for by, table in tables.items()
        }
        out.print(Text(f"\n{name} / {chosen}", "bold"))
        for line in world_lines(mine, labels) if world is not None else mean_lines(mine, labels):
            out.print(line)
    if world is None:
        paths = write_events(folder, tables)
        out.print(f"\nFiles  {', '.join(map(str, paths))}", markup=False)
    return 0


def write_events(folder: Path, tables: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write the tables of averted and induced events below ``analysis/``."""
    return [
        write_table(folder / "analysis" / f"{FILES[by]}.csv", table) for by, table in tables.items()
    ]


def mean_lines(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str]) -> list[Text]:
    """Mean events per world: by kind, then the regions in which most changes."""
    if tables["state"].empty:
        return [Text("  nothing to compare: no event, or no world under both policies yet")]
    lines = [_heading("events per world, from the year of the branch on")]
    counted = ["baseline", "policy_count", "averted", "induced"]
    for name, rows in tables["state"].groupby("outcome", sort=False):
        lines.append(_line(labels[str(name)], rows[counted].sum().to_dict()))
    places = tables["place"]
    if places.empty:
        return lines
    sums = places.groupby(["outcome", "place"], sort=False)[counted].sum()
    changed = sums.assign(size=sums["averted"] + sums["induced"]).nlargest(SHOWN, "size")
    lines.append(_heading("where most of them change, by province and region"))
    for row in changed.reset_index().to_dict("records"):
        lines.append(_line(f"{_place(row['place'])}, {labels[row['outcome']]}", row))
    return lines


def world_lines(tables: Mapping[str, pd.DataFrame], labels: Mapping[str, str]) -> list[Text]:
    """What is different in one world, year by year."""
    lines = [_heading("year, place, events of this world")]
    states, places = tables["state"], tables["place"]
    finest = pd.concat([places, states[~states["outcome"].isin(places["outcome"])]])
    is_different = (finest["averted"] > 0) | (finest["induced"] > 0)
    for row in finest[is_different].sort_values(["period", "outcome", "place"]).to_dict("records"):
        name = f"{row['period']}  {_place(row['place'])}, {labels[row['outcome']]}"
        lines.append(_line(name, row, "{:,.0f}".format))
    if len(lines) == 1:
        lines.append(Text("  the same events, in the same years and places"))
    return lines


def _place(place: str) -> str:
    """Readable name of a state, a province or a region."""
    return PLACE_NAMES.get(place) or f"{_names().get(place, place)} ({place[:2]})"


@cache
def _names() -> dict[str, str]:
    world = load_world()
    return dict(zip(world.place_ids, world.place_names, strict=True))


def _heading(text: str) -> Text:
    heads = ("baseline", "policy", "averted", "induced")
    return Text(f"{text:<{_NAME}}" + "".join(f"{head:>{_NUMBER}}" for head in heads), "bold")


def _line(name: str, row: Mapping[Any, Any], text: Callable[[float], str] = figure) -> Text:
    values = (row[column] for column in ("baseline", "policy_count", "averted", "induced"))
    return Text(
        f"  {name[: _NAME - 3]:<{_NAME - 2}}" + "".join(f"{text(v):>{_NUMBER}}" for v in values)
    )


def _asked(what: str, name: str | None, known: list[str]) -> str:
    """The name asked for, or the last one of the folder."""
    chosen = name or known[-1]
    if chosen not in known:
        raise UserError(
            f"The folder compares no {what} '{chosen}'.",
            where=f"--{what}",
            got=chosen,
            allowed=nearest(chosen, known),
            next="Choose one of these.",
        )
    return chosen
