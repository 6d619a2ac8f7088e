"""The summary on the terminal: lines of at most 110 columns and what must be said with them."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.text import Text

from spillover.commands.pipes import mute

WIDTH = 110
LARGEST_LONG_DESIGN = 8
"""Designs with more cells are shown as a matrix of changes."""
MILLION = 1e6
_REGION = {"all5": "five states", "AFG": "Afghanistan"}
_NAME, _NUMBER, _RANGE, _CHANGE = 39, 9, 21, 10
_OUTCOME = 66  # width of the outcome names where they share a line with numbers


class PipeConsole(Console):
    """A console that falls silent when the reader of its pipe, such as `head`, has gone.

    The files are the results; losing the reader neither stops the work nor makes it a failure.
    """

    def on_broken_pipe(self) -> None:
        """Called by rich in place of the error; rich itself would end the process here."""
        self.quiet = True
        mute(self.file)


def console(to_error: bool = False) -> Console:
    """Console for reports: as wide as the terminal, 110 columns where there is none."""
    width = None if Console(stderr=to_error).is_terminal else WIDTH
    return PipeConsole(stderr=to_error, highlight=False, soft_wrap=True, width=width)


def summary_lines(summary: pd.DataFrame, window: str = "since the branch") -> list[Text]:
    """Lines that show a summary: of one cell, of a small design, or of a large one.

    ``window`` says in words over which weeks the numbers are taken.
    """
    n_cells = len(summary[["scenario", "policy"]].drop_duplicates())
    if n_cells == 1:
        return _one_cell(summary, window)
    return _long(summary, window) if n_cells <= LARGEST_LONG_DESIGN else _matrix(summary)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]


def _title(row: Mapping[str, Any]) -> str:
    how = {"sum of states": ", sum", "mean of states": ", mean"}.get(row["aggregation"], "")
    return f"{row['label']} [{row['unit']}], {_REGION[row['region']]}{how}"


def _line(name: str, width: int, cells: Iterable[tuple[str, int]], style: str = "") -> Text:
    """A name, cut to its width, and right-aligned cells."""
    short = name if len(name) <= width else name[: width - 3] + "..."
    line = f"{short:<{width}}" + "".join(f"{text:>{size}}" for text, size in cells)
    return Text(line.rstrip(), style)


def _header(name: str, width: int, cells: Iterable[tuple[str, int]]) -> list[Text]:
    return [_line(name, width, cells, "bold"), Text("-" * WIDTH)]


def _one_cell(summary: pd.DataFrame, window: str) -> list[Text]:
    names = ("mean", "5%", "median", "95%")
    header = [*((name, _NUMBER) for name in names), ("none", 8)]
    lines = _header(window, _OUTCOME, header)
    for row in _records(summary):
        numbers = [(figure(row[key]), _NUMBER) for key in ("mean", "q05", "q50", "q95")]
        lines.append(_line(_title(row), _OUTCOME, [*numbers, (f"{row['share_zero']:.0%}", 8)]))
    return lines


def _by_outcome(summary: pd.DataFrame) -> Iterable[pd.DataFrame]:
    return (rows for _, rows in summary.groupby(["region", "outcome"], sort=False))


def _long(summary: pd.DataFrame, window: str) -> list[Text]:
    header = [
        *(("mean", _NUMBER), ("5 to 95%", _RANGE)),
        *(("change", _CHANGE), ("95% interval", _RANGE), ("policy", _CHANGE)),
    ]
    lines = _header(f"{window}, by scenario / policy", _NAME, header)
    for rows in _by_outcome(summary):
        records = _records(rows)
        lines.append(Text(_title(records[0]), "bold"))
        for row in records:
            cells = [
                (figure(row["mean"]), _NUMBER),
                (f"{figure(row['q05'])} to {figure(row['q95'])}", _RANGE),
                *_change_cells(row),
            ]
            lines.append(_line(f"  {row['scenario']} / {row['policy']}", _NAME, cells))
        lines.append(Text())
    return lines[:-1]


def _change_cells(row: Mapping[str, Any]) -> list[tuple[str, int]]:
    if pd.isna(row["difference"]):
        interval = ""
    else:
        interval = f"{signed(row['difference_low'])} to {signed(row['difference_high'])}"
    return [
        (_change(row, "difference"), _CHANGE),
        (interval, _RANGE),
        (_change(row, "policy_difference"), _CHANGE),
    ]


def _change(row: Mapping[str, Any], column: str) -> str:
    """Mean change with a mark; empty where there is nothing to compare with."""
    if pd.isna(row[column]):
        return ""
    return signed(row[column]) + ("*" if is_clear(row, column) else " ")


def _matrix(summary: pd.DataFrame) -> list[Text]:
    """Policies by scenarios: what a policy changes in its scenario, what a scenario changes."""
    scenarios = list(dict.fromkeys(summary["scenario"]))
    name = min(_NAME, 26)
    size = max(14, (WIDTH - name) // len(scenarios))
    header = [(scenario, size) for scenario in scenarios]
    lines = _header("(mean), or change", name, header)
    for rows in _by_outcome(summary):
        lines.append(Text(_title(_records(rows)[0]), "bold"))
        for policy, of_policy in rows.groupby("policy", sort=False):
            found = {row["scenario"]: row for row in _records(of_policy)}
            cells = [(_matrix_cell(found.get(scenario)), size) for scenario in scenarios]
            lines.append(_line(f"  {policy}", name, cells))
        lines.append(Text())
    return lines[:-1]


def _matrix_cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    changed = _change(row, "policy_difference") or _change(row, "difference")
    return changed or f"({figure(row['mean'])}) "


def is_clear(row: Mapping[str, Any], column: str = "difference") -> bool:
    """True if the interval of a difference excludes zero."""
    return bool(row[f"{column}_low"] > 0 or row[f"{column}_high"] < 0)


def figure(value: float) -> str:
    """A number with three significant digits and at most three decimals, thousands separated.

    From a million on it is given in millions (M).
    """
    if not math.isfinite(value):
        return "unknown" if math.isnan(value) else ("-inf" if value < 0 else "inf")
    if value == 0:
        return "0"
    if abs(value) >= MILLION:
        return f"{figure(value / MILLION)} M"
    digits = 2 - math.floor(math.log10(abs(value)))
    if digits > 5:  # below 0.001, where three decimals show nothing
        return f"{value:.0e}"
    return f"{round(value, min(digits, 3)):,.{min(max(digits, 0), 3)}f}"


def signed(value: float) -> str:
    """The same with its sign."""
    return f"+{figure(value)}" if value > 0 else figure(value)


def closing_lines(
    summary: pd.DataFrame,
    results: Path,
    pending: Mapping[str, Sequence[str]],
    replicates: int,
    drawn: Sequence[Path],
) -> list[str]:
    """What must be said with a table: bands, worlds, what is missing, files, next commands."""
    counts = sorted(set(summary["n"]))
    n_worlds = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    lines = [
        "",
        f"{n_worlds} worlds per cell. Ranges hold 90% of the worlds; they are not intervals of the "
        "mean.",
        *_about_changes(summary),
        *_about_pending(pending),
        "Model output under assumed trajectories: good for comparison, not a forecast.",
        f"Files  {results}/summary.csv, outcomes/, places/, series/quantiles.parquet",
        *([f"       {len(drawn)} figures in {results}/figures"] if drawn else []),
        f"Next   spillover status {results}",
        f"       spillover explain {summary['scenario'].iloc[-1]}",
        f"       the same command with replicates={2 * replicates} adds worlds to this folder",
    ]
    return [part for line in lines for part in wrapped(line)]


def _about_changes(summary: pd.DataFrame) -> list[str]:
    has_changes = summary[["difference", "policy_difference"]].notna().any(axis=None)
    if has_changes and summary["reference"].notna().any():
        reference = summary["reference"].dropna().iloc[0]
        return [
            f"Changes are against {reference} (scenario / policy) in the same worlds, with the 95% "
            "interval of the mean change. What a policy changes is against status_quo in its own "
            "scenario. * marks 95% intervals without zero, each taken by itself.",
        ]
    if summary["scenario"].nunique() > 1:
        return ["No changes are shown: status_quo / status_quo is not among the cells."]
    return []


def _about_pending(pending: Mapping[str, Sequence[str]]) -> list[str]:
    named = {name: texts for name, texts in pending.items() if texts}
    if not named:
        return []
    lines = ["Asked for, but not yet part of the model (spillover explain NAME tells more):"]
    return lines + [f"  {name}: {'; '.join(texts)}." for name, texts in named.items()]


def off_lines(outcomes: Iterable[Mapping[str, Any]]) -> list[Text]:
    """One line for each outcome whose process is off, where a number would be no result."""
    return [_line(f"{o['label']} [{o['unit']}]", _OUTCOME, [("off", _NUMBER)]) for o in outcomes]


def wrapped(line: str) -> list[str]:
    """A line in parts of at most 110 columns."""
    indent = "    " if line.startswith("  ") else ""
    return textwrap.wrap(line, WIDTH, subsequent_indent=indent, break_long_words=False) or [""]
