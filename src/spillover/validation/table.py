"""Verdicts as a table: one row per number, for a CSV file, a page and the terminal."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from spillover.evidence.tables import markdown_table
from spillover.validation.check import MISS, NOT_COVERED, PASS, Check
from spillover.validation.patterns import Verdict

COLUMNS = (
    *("pattern", "title", "number", "unit", "target", "band_low", "band_high", "least_share"),
    *("n", "q05", "median", "q95", "status", "pattern_status", "reason"),
    *("share_of_draws", "status_of_draws", "pattern_status_of_draws", "source"),
)


def verdict_table(verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """One row per number of each pattern.

    `median` is the share of worlds that say yes where `least_share` is given. The columns of draws
    are empty until `with_draws` fills them.
    """
    rows = [_row(verdict, check) for verdict in verdicts for check in verdict.checks]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def with_draws(table: pd.DataFrame, drawn: Sequence[Verdict]) -> pd.DataFrame:
    """The table with what many draws of the parameters gave for the same numbers.

    `share_of_draws` is the share of draws whose own median lies inside the band; the two verdicts
    are those of all worlds of all draws together.
    """
    checks = [(verdict, check) for verdict in drawn for check in verdict.checks]
    return table.assign(
        share_of_draws=[check.share_of_draws for _, check in checks],
        status_of_draws=[check.status for _, check in checks],
        pattern_status_of_draws=[verdict.status for verdict, _ in checks],
    )


def _row(verdict: Verdict, check: Check) -> dict[str, object]:
    spec, (low, high) = check.spec, check.span
    band = spec.band or (None, None)
    is_share = spec.least is not None
    return {
        "pattern": verdict.pattern.id,
        "title": verdict.pattern.title,
        "number": spec.title,
        "unit": spec.unit,
        "target": spec.target,
        "band_low": band[0],
        "band_high": band[1],
        "least_share": spec.least,
        "n": len(check.values),
        "q05": None if is_share else low,
        "median": check.median,
        "q95": None if is_share else high,
        "status": check.status,
        "pattern_status": verdict.status,
        "reason": check.why,
        "source": spec.source,
    }


_WORDS = {PASS: "passed", MISS: "missed", NOT_COVERED: "not covered"}


def counts(verdicts: Sequence[Verdict]) -> str:
    """How many patterns passed, were missed and are not covered, in words."""
    found = [verdict.status for verdict in verdicts]
    return ", ".join(f"{found.count(status)} {words}" for status, words in _WORDS.items())


def pattern_words(table: pd.DataFrame, column: str = "pattern_status") -> str:
    """The same from a table of verdicts."""
    found = table.drop_duplicates("pattern")[column]
    return ", ".join(f"{int((found == s).sum())} {words}" for s, words in _WORDS.items())


def short(value: object) -> str:
    """A number with three significant digits, thousands separated; empty when there is none."""
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return ""
    number = float(value)  # type: ignore[arg-type]
    if abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def wanted(row: dict[str, object]) -> str:
    """What a row asks for, in words."""
    if not pd.isna(row["least_share"]):  # type: ignore[call-overload]
        return f"in at least {short(row['least_share'])}"
    parts = [short(row["target"])] if short(row["target"]) else []
    if short(row["band_low"]) and short(row["band_high"]):
        parts.append(f"({short(row['band_low'])} to {short(row['band_high'])})")
    return " ".join(parts)


def markdown(table: pd.DataFrame) -> list[str]:
    """Lines of the table of a run for a page; the column of draws only where there are draws."""
    has_draws = bool(table["share_of_draws"].notna().any())
    header = ["Pattern", "Number", "Observed (band)", "Model median (5 to 95%)", "Verdict", "Why"]
    rows = []
    for row in table.to_dict("records"):
        cells = {str(key): value for key, value in row.items()}
        rows.append(
            [
                str(cells["pattern"]),
                f"{cells['number']} [{cells['unit']}]",
                wanted(cells),
                _model(cells),
                str(cells["status"]),
                str(cells["reason"]),
                *([short(cells["share_of_draws"]), _draws(cells)] if has_draws else []),
            ]
        )
    more = ["Draws inside", "Verdict on all draws"] if has_draws else []
    return markdown_table([*header, *more], rows)


def _draws(row: dict[str, object]) -> str:
    return "" if pd.isna(row["status_of_draws"]) else str(row["status_of_draws"])  # type: ignore[call-overload]


def _model(row: dict[str, object]) -> str:
    if row["status"] == NOT_COVERED:
        return ""
    middle = short(row["median"])
    span = f" ({short(row['q05'])} to {short(row['q95'])})" if short(row["q05"]) else ""
    return middle + span


def definitions(table: pd.DataFrame) -> list[str]:
    """Lines of a table of what is compared and where it comes from, without a run."""
    header = ["Pattern", "What", "Number", "Observed (band)", "Source"]
    rows, before = [], ""
    for row in table.to_dict("records"):
        cells = {str(key): value for key, value in row.items()}
        title = str(cells["title"]) if cells["pattern"] != before else ""
        before = str(cells["pattern"])
        rows.append(
            [before, title, f"{cells['number']} [{cells['unit']}]", wanted(cells),
             str(cells["source"])]
        )  # fmt: skip
    return markdown_table(header, rows)
