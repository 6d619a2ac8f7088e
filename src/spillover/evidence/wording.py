"""How numbers, parameters and sources read in a terminal of 100 columns and in tables."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from spillover.clock import week_start
from spillover.evidence.compiled import weekly_values
from spillover.evidence.entries import DatedValue, Entry
from spillover.evidence.facts import Fact, load_facts, load_papers, load_sources
from spillover.evidence.reading import DATA, read_csv
from spillover.evidence.tree import ParameterTree
from spillover.evidence.units import in_unit

WIDTH = 100
_LABEL = 12
_SHOWN_ROWS = 4  # of a calibration variable; the rest is counted


def title(text: str) -> str:
    """A heading with a rule below."""
    return f"{text}\n{'=' * min(len(text), WIDTH)}"


def section(text: str) -> str:
    """A smaller heading."""
    return f"\n{text}\n{'-' * len(text)}"


def labelled(label: str, text: str) -> str:
    """A label in the left column and text that wraps in the right one."""
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"{label:<{_LABEL}}",
        subsequent_indent=" " * _LABEL,
        break_long_words=False,
        break_on_hyphens=False,
    )


def paragraph(text: str, indent: int = 0) -> str:
    """Wrapped text."""
    blank = " " * indent
    return textwrap.fill(
        " ".join(text.split()),
        WIDTH,
        initial_indent=blank,
        subsequent_indent=blank,
        break_long_words=False,
        break_on_hyphens=False,
    )


def plain(value: float) -> str:
    """A number for reading: up to six digits, thousands separated."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def with_unit(value: float, unit: str) -> str:
    """A number with its unit; the unit 1 is not written."""
    return in_unit(plain(value), unit)


def bounds_words(entry: Entry) -> str:
    """The bounds as a phrase."""
    low, high = entry.bounds
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{plain(low)} or more"
    if math.isinf(low):
        return f"{plain(high)} or less"
    return f"{plain(low)} to {plain(high)}"


def members_words(values: Iterable[float], entry: Entry) -> str:
    """One number, or the numbers of an axis with equal ones put together."""
    numbers = tuple(values)
    if entry.axis is None or len(set(numbers)) == 1:
        every = f" for each {entry.axis.replace('_', ' ')}" if entry.axis else ""
        return with_unit(numbers[0], entry.unit) + every
    groups: dict[float, list[str]] = {}
    for member, value in zip(entry.members, numbers, strict=True):
        groups.setdefault(value, []).append(member)
    return "; ".join(
        f"{with_unit(value, entry.unit)} for {', '.join(names)}" for value, names in groups.items()
    )


def value_in_week(tree: ParameterTree, path: str, week: int) -> str:
    """Baseline value of a path in a week, in words."""
    entry = tree.entry(path)
    numbers = weekly_values(entry, tree.series.get(path), (), week + 1)[week]
    return members_words(numbers.tolist(), entry)


def dated_lines(entry: Entry, dated: DatedValue) -> list[str]:
    """Value, prior, basis and derivation from one date on."""
    since = week_start(dated.start_week)
    lines = [labelled("Value", f"{members_words(dated.members, entry)}, from {since}")]
    lines.append(labelled("Prior", dated.prior.words() if dated.prior else "none; not sampled"))
    lines.append(labelled("Basis", dated.basis))
    if dated.derivation:
        lines.append(labelled("Derivation", dated.derivation))
    return lines


def fact_lines(fact: Fact) -> list[str]:
    """Id, statement, documents, locator and confidence of a fact."""
    documents = "; ".join(_document(key) for key in fact.source)
    where = f"{documents}, {fact.locator}" if fact.locator else documents
    return [
        f"  {fact.id}",
        paragraph(fact.statement, 4),
        paragraph(f"{where} ({fact.confidence})", 4),
    ]


def _document(key: str) -> str:
    source = load_sources().get(key)
    return f"{source.authors} {source.date[:4]} [{key}]" if source else key


def source_lines(cited: str) -> list[str]:
    """What stands behind one cited id: a fact, a paper or rows of a calibration table."""
    prefix, found, name = cited.partition(":")
    if not found:
        fact = load_facts().get(cited)
        return fact_lines(fact) if fact else [f"  {cited} (not in the register)"]
    if prefix == "paper" and name in load_papers():
        paper = load_papers()[name]
        doi = f", doi {paper.doi}" if paper.doi else ""
        text = f"{paper.authors} ({paper.year}): {paper.title}. {paper.outlet}{doi}"
        return [f"  {cited}", paragraph(text, 4)]
    rows = _calibration_rows().get(name, ()) if prefix == "calibration" else ()
    lines = [f"  {cited}", *(paragraph(_row_words(row), 4) for row in rows[:_SHOWN_ROWS])]
    if len(rows) > _SHOWN_ROWS:
        lines.append(f"    and {len(rows) - _SHOWN_ROWS} more rows in the calibration tables")
    return lines


@cache
def _calibration_rows(folder: Path = DATA) -> Mapping[str, list[dict[str, str]]]:
    rows: dict[str, list[dict[str, str]]] = {}
    for pattern in ("calibration*.csv", "targets*.csv"):
        for table in sorted(folder.glob(pattern)):
            for row in read_csv(table, ["variable"]):
                rows.setdefault(row["variable"], []).append(row)
    return rows


def _row_words(row: Mapping[str, Any]) -> str:
    value = in_unit(str(row.get("value", "")), str(row.get("unit", "")))
    what = f"{row.get('entity', '')}, {row.get('date_or_year', '')}: {value}"
    return f"{what} ({row.get('source', '')}; {row.get('quality', '')})"


def facts_section(ids: Iterable[str], heading: str = "Facts behind it") -> list[str]:
    """A section with everything behind the ids, in the given order."""
    ids = tuple(dict.fromkeys(ids))
    if not ids:
        return []
    return [section(heading), *(line for cited in ids for line in source_lines(cited))]


def change_words(line: Mapping[str, Any], unit: str) -> str:
    """One line of a scenario or policy file, in words."""
    operation = next((op for op in ("set", "scale", "add") if line.get(op) is not None), "set")
    value = line.get(operation)
    amount = plain(float(value)) if isinstance(value, int | float) else str(value)
    words = {
        "set": f"set to {in_unit(amount, unit)}",
        "scale": f"times {amount}",
        "add": f"plus {in_unit(amount, unit)}",
    }[operation]
    members = line.get("members")
    words += f" for {', '.join(members)}" if members else ""
    words += f" from week {line.get('from_week') or 0}"
    if line.get("ramp_weeks"):
        words += f", in full after {line['ramp_weeks']} weeks"
    if line.get("until_week") is not None:
        words += f", until week {line['until_week']}"
    return words
