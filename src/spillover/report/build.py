"""`report.html`: card, figures, tables and provenance of a comparison in one file.

The file refers to nothing outside itself: styles, the script that sorts tables, and figures as
inline SVG are part of it, so that it can be mailed, printed and opened without a network.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from spillover.errors import UserError
from spillover.figures.draw import comparison_pages
from spillover.figures.style import house_style, number, svg_of, title_of
from spillover.figures.tables import read_results

MOST_BYTES = 1_000_000
"""A report that can be mailed."""
FIGURES = {
    "policy_effects": "What each policy changes, and whether it matters",
    "policy_regret": "What choosing wrongly costs",
    "policy_parallel": "Which policy is never far from the best?",
    "criteria": "Do the criteria agree?",
    "costs": "What an effect costs",
    "synergies": "Do the recommendations add up?",
    "precision": "Is every effect known well enough?",
    "events_by_year": "What happens only with, and only without the policy, by year",
    "events_by_state": "The same by state",
    "importance": "Which uncertain inputs decide",
    "failure_regions": "Where the policy fails",
}
TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "effects": (
        "Effects against the baseline, intervals that hold together with 95%",
        (
            *("scenario", "policy", "label", "unit", "mean", "low", "high", "tolerance"),
            *("verdict", "n", "variance_reduction"),
        ),
    ),
    "best": (
        "Which policy is best, and which are as good at the tolerance",
        ("scenario", "label", "policy", "p_best", "share_best", "gap", "gap_high", "is_in_set"),
    ),
    "tails": (
        "Worst twentieth of the worlds, and how often the baseline's 95% point is passed",
        (
            *("scenario", "policy", "label", "unit", "cvar", "cvar_baseline", "threshold"),
            *("p_beyond", "p_low", "p_high"),
        ),
    ),
    "robustness": (
        "Eight criteria across the scenarios (larger is better, but for regrets)",
        ("outcome", "policy", "metric", "value", "rank"),
    ),
    "costs": (
        "Additional cost beside each effect, and who is on the front",
        (
            "scenario",
            "policy",
            "outcome",
            "cost",
            "effect",
            "unit",
            "per_cost",
            "per_cost_low",
            "per_cost_high",
            "is_on_front",
        ),
    ),
    "displacement": (
        "What is saved and what turns up elsewhere",
        ("scenario", "policy", "outcome", "how", "saved", "moved", "share_moved", "net"),
    ),
    "factorial": (
        "Main effects and synergies of the four groups",
        ("scenario", "outcome", "term", "kind", "mean", "low", "high", "unit"),
    ),
    "boxes": (
        "Regions of the uncertain inputs in which the policy fails",
        (
            *("scenario", "policy", "outcome", "method", "input", "low", "high", "coverage"),
            *("density", "checked_density", "checked_share_failing", "is_confirmed"),
        ),
    ),
    "precision": (
        "Precision of every key contrast",
        ("scenario", "policy", "outcome", "n", "half_width", "target", "is_met", "n_needed"),
    ),
}
"""Tables of ``analysis/`` in the order of the report: caption and columns."""
HEADS = {
    "label": "outcome", "low": "from", "high": "to", "p_best": "probability best",
    "share_best": "share of worlds", "gap_high": "gap at most", "is_in_set": "as good as the best",
    "variance_reduction": "fewer worlds by pairing", "cvar": "mean of the worst",
    "cvar_baseline": "same, baseline", "p_beyond": "share beyond", "p_low": "share from",
    "p_high": "share to", "per_cost": "effect per cost", "per_cost_low": "per cost from",
    "per_cost_high": "per cost to", "is_on_front": "on the front",
    "share_moved": "share moved", "half_width": "half-width", "is_met": "met",
    "checked_density": "density, kept back", "checked_share_failing": "all, kept back",
    "is_confirmed": "confirmed", "n_needed": "worlds needed", "n": "worlds",
}  # fmt: skip


NEEDED = (
    *("figures/policy_effects.png", "analysis/effects.csv", "figures/policy_regret.png"),
    *("analysis/best.csv", "figures/failure_regions.png", "analysis/boxes.csv"),
    *("figures/policy_parallel.png", "analysis/costs.csv", "figures/importance.png"),
    *("figures/events_by_year.png", "analysis/displacement.csv", "figures/synergies.png"),
    *("analysis/factorial.csv", "analysis/tails.csv", "figures/precision.png"),
    *("figures/costs.png", "analysis/precision.csv", "figures/criteria.png"),
    *("analysis/robustness.csv", "figures/events_by_state.png"),
)
"""Figures and tables from the most to the least needed, for a page that must stay small."""
_DIGITS = re.compile(r"(\d\.\d\d)\d+")


@dataclass(frozen=True)
class Cell:
    """A cell of a table: its text, and for a number what it is sorted by."""

    text: str
    key: str
    is_number: bool


@dataclass(frozen=True)
class Table:
    """A table of the report."""

    name: str
    caption: str
    heads: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Drawing:
    """A figure of the report as inline SVG."""

    name: str
    title: str
    svg: Markup


def build_report(folder: Path) -> bytes:
    """The report of a results folder as HTML.

    Raises:
        UserError: the folder holds no results, or no comparison.
    """
    results = read_results(folder)
    card_file = folder / "analysis" / "card.json"
    if not card_file.is_file():
        raise UserError(
            "This folder holds no comparison yet, so there is nothing to report.",
            where=str(folder / "analysis"),
            got="no card.json",
            allowed="a folder that `spillover compare` has written",
            next="Repeat the command that made the folder with `compare` in place of its verb; "
            "what is simulated stays.",
        )
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    environment = Environment(
        loader=PackageLoader("spillover", "report/templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = {
        "card": json.loads(card_file.read_text(encoding="utf-8")),
        "drawings": list(_drawings(results)),
        "facts": _facts(manifest),
        "command": shlex.join(manifest["commands"][-1]["argv"]),
    }
    return render(environment, parts, list(_tables(folder / "analysis")))


def render(environment: Environment, parts: Mapping[str, Any], tables: list[Table]) -> bytes:
    """The page with as much as fits; what is left out, least needed first, is named on it."""
    left_out: list[str] = []
    drawings = list(parts["drawings"])
    template = environment.get_template("page.html.j2")
    while True:
        shown = {**parts, "drawings": drawings, "tables": tables, "left_out": left_out}
        page = template.render(**shown).encode()
        if len(page) <= MOST_BYTES or not (tables or drawings):
            return page
        there = [f"figures/{d.name}.png" for d in drawings]
        there += [f"analysis/{t.name}.csv" for t in tables]
        least = max(there, key=NEEDED.index)
        left_out.append(least)
        drawings = [d for d in drawings if f"figures/{d.name}.png" != least]
        tables = [t for t in tables if f"analysis/{t.name}.csv" != least]


def _drawings(results: Any) -> Iterator[Drawing]:
    with house_style():
        for name, figure in comparison_pages(results):
            if figure is not None:
                yield Drawing(name, FIGURES[name], inline(svg_of(figure).decode(), name))


def inline(svg: str, prefix: str) -> Markup:
    """An SVG for the inside of a page: no prologue, and ids that no other figure has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    named = set(re.findall(r"""(?:url\(|href=")#([^")]+)""", svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in named else "", svg)
    svg = re.sub(r'\bid="', f'id="{prefix}-', svg)
    svg = re.sub(r'(xlink:href|href)="#', rf'\1="#{prefix}-', svg)
    svg = re.sub(r"url\(#", f"url(#{prefix}-", svg)
    # a hundredth of a point is finer than any eye
    svg = re.sub(r'(?<==")[^"]*(?=")', lambda m: _DIGITS.sub(r"\1", m[0]), svg)
    # the page decides about the size; the box keeps the proportions
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    return Markup(svg)  # made by ourselves from escaped text


def _tables(folder: Path) -> Iterator[Table]:
    for name, (caption, columns) in TABLES.items():
        path = folder / f"{name}.csv"
        if not path.is_file():
            continue
        frame = pd.read_csv(path, keep_default_na=False, na_values=["", "nan"])
        if "is_key" in frame:
            frame = frame[frame["is_key"]]
        known = [column for column in columns if column in frame]
        rows = tuple(
            tuple(_cell(row[column], column) for column in known)
            for row in frame[known].to_dict("records")
        )
        yield Table(name, caption, tuple(HEADS.get(c, c.replace("_", " ")) for c in known), rows)


def _cell(value: Any, column: str) -> Cell:
    if isinstance(value, str):
        is_name = column in ("scenario", "policy", "metric", "outcome", "term")
        return Cell(title_of(value) if is_name else value, value, False)
    if isinstance(value, bool) or str(value) in ("True", "False"):
        return Cell("yes" if value else "no", str(int(value)), False)
    if value is None or math.isnan(value):
        return Cell("", "-1e308", True)
    return Cell(number(float(value)), repr(float(value)), True)


def _facts(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    frame, print_ = manifest["frame"], manifest["fingerprint"]
    versions = ", ".join(f"{k} {v}" for k, v in manifest["versions"].items())
    parts = ", ".join(f"{part} {print_[part]}" for part in ("source", "data", "parameters"))
    return [
        ("Model", f"{print_['id']} ({parts})"),
        ("Seed", str(manifest["seed"])),
        ("Horizon", f"{frame['horizon']}, policies from {frame['start']['policy']}"),
        ("Structure and stressor", f"{frame['structure']}, {frame['stressor']}"),
        ("Results", f"SHA-256 {manifest['results_sha256']}"),
        ("Code", f"commit {manifest['git'].get('commit') or 'not recorded'}"),
        ("Versions", versions),
    ]
