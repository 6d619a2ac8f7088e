"""Turns the rules of ``data/driver_rules.yaml`` into weekly series.

A series has anchors (a date, a number, a basis, sources) and a rule that fills the weeks:

* ``step``: the number of the latest anchor; a date inside a week counts from the next week;
* ``linear``: straight lines between anchors, level before the first and after the last;
* ``constant``: one number for all weeks;
* ``seasonal``: a number times a profile of twelve months, and times another series if named;
* ``flow``: the hazard of coming back that reconciled counts give, or with ``direction: out`` the
  count of those who leave (see ``returns.py``).

From the branch date on the status quo is ``hold`` (the last value stays), ``last_year`` (the
last 52 weeks repeat), ``mean_pace`` (departures only: the mean of the last three years before
it) or ``plan`` (the anchors go on).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.axes import AXES
from spillover.clock import HORIZONS, START, week_start
from spillover.errors import UserError, nearest
from spillover.evidence.reading import DATA, check_keys, check_mapping, number, read_yaml, texts
from spillover.world.border_points import week_from
from spillover.world.returns import (
    BRANCH_WEEK,
    ORIGINS,
    WEEKS_REPEATED,
    departures_windows,
    reconcile_returns,
    weekly_departures,
    weekly_hazards,
    window_of_week,
)
from spillover.world.rows import calibration_value, fact_value

Floats = NDArray[np.float64]
N_WEEKS = HORIZONS["projection"]
RULES = ("step", "linear", "constant", "seasonal", "flow")
AFTER = ("hold", "last_year", "mean_pace", "plan")
DIRECTIONS = ("back", "out")
BASES = ("measured", "estimated", "elicited", "assumed")  # from the firmest to the weakest
_MONTH_MIDDLES = (np.arange(12) + 0.5) / 12
_KEYS = ("rule", "after", "derivation")
_OPTIONAL = ("axis", "anchors", "members", "months", "times", "origin", "direction")


@dataclass(frozen=True)
class Anchor:
    """A number that holds at a date, with what is behind it."""

    day: date
    value: float
    basis: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class WeeklySeries:
    """One column group member of the drivers table; all tuples have one entry per week [w]."""

    name: str  # "russian_attention" or "delisting:KAZ"
    values: Floats
    rules: tuple[str, ...]
    bases: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]


def build_series(path: Path = DATA / "driver_rules.yaml") -> dict[str, WeeklySeries]:
    """All series of the rules file by column name, for the weeks of the longest horizon.

    Raises:
        UserError: the file breaks the form, or a row or fact it names does not exist.
    """
    built: dict[str, WeeklySeries] = {}
    for name, raw in check_mapping(read_yaml(path), where=str(path)).items():
        where = f"{path.name}: {name}"
        rules = check_mapping(raw, where=where)
        _check_form(rules, built, where)
        for column, anchors in _columns(name, rules, where):
            built[column] = _series(column, rules, anchors, built, where)
    return built


def _check_form(rules: Mapping[str, Any], built: Mapping[str, object], where: str) -> None:
    """Refuse what the rule cannot work with, before any number is read."""
    by_rule = {"seasonal": ("anchors", "months"), "flow": ("origin",)}
    needed = by_rule.get(rules.get("rule", ""), ())
    without_axis = () if "axis" in rules else ("members",)
    optional = [key for key in _OPTIONAL if key not in (*needed, *without_axis)]
    check_keys(rules, required=(*_KEYS, *needed), optional=optional, where=where)
    _check_choice(rules["rule"], RULES, f"{where}.rule")
    _check_choice(rules["after"], AFTER, f"{where}.after")
    _check_choice(rules.get("axis", "state"), tuple(AXES), f"{where}.axis")
    _check_choice(rules.get("origin", ORIGINS[0]), ORIGINS, f"{where}.origin")
    _check_choice(rules.get("direction", DIRECTIONS[0]), DIRECTIONS, f"{where}.direction")
    if "times" in rules:  # a series can only build on one that stands above it
        _check_choice(rules["times"], tuple(built), f"{where}.times")
    for member in rules.get("members", ()):
        _check_choice(member, AXES[rules["axis"]], f"{where}.members")


def _columns(name: str, rules: Mapping[str, Any], where: str) -> list[tuple[str, list[Anchor]]]:
    """Column names with their anchors; one column per member if the series has an axis."""
    if "axis" not in rules:
        return [(name, _anchors(rules.get("anchors", ()), where))]
    by_member = rules.get("members", {})
    columns = []
    for member in AXES[rules["axis"]]:
        raw = by_member.get(member, rules.get("anchors"))
        if raw is None:
            raise UserError(
                f"The series '{name}' says nothing about {member}.",
                where=where,
                allowed="`members:` with every member, or `anchors:` for the others",
                next=f"Add anchors for {member}.",
            )
        columns.append((f"{name}:{member}", _anchors(raw, f"{where}.{member}")))
    return columns


def _anchors(raw: Sequence[Mapping[str, Any]], where: str) -> list[Anchor]:
    anchors = [_anchor(item, f"{where}, anchor {i + 1}") for i, item in enumerate(raw)]
    if any(a.day >= b.day for a, b in pairwise(anchors)):
        raise UserError("Anchors must be in order of date.", where=where, next="Sort them.")
    return anchors


def _anchor(raw: Mapping[str, Any], where: str) -> Anchor:
    """Read ``plus`` + sum of ``terms`` and collect the sources of the terms."""
    check_keys(
        raw, required=("date", "basis"), optional=("plus", "terms", "sources", "note"), where=where
    )
    _check_choice(raw["basis"], BASES, f"{where}.basis")
    if type(raw["date"]) is not date:
        raise UserError(
            "An anchor needs a full date.",
            where=where,
            got=repr(raw["date"]),
            allowed="YYYY-MM-DD",
            next="Write the first day of the week, month or year that is meant.",
        )
    value = number(raw.get("plus", 0.0), where=f"{where}.plus")
    sources = list(texts(raw.get("sources"), where=f"{where}.sources"))
    for term in raw.get("terms", ()):
        value += _term(term, where)
        sources += _term_sources(term)
    return Anchor(raw["date"], value, raw["basis"], tuple(dict.fromkeys(sources)))


def _term(raw: Mapping[str, Any], where: str) -> float:
    """Factor times a row or fact, over another row if named."""
    optional = ("variable", "entity", "when", "column", "fact", "factor", "over")
    check_keys(raw, required=(), optional=optional, where=f"{where}.terms")
    if "fact" in raw:
        value = fact_value(raw["fact"])
    else:
        value = calibration_value(
            raw["variable"], raw["entity"], str(raw["when"]), raw.get("column", "value")
        )
    divisor = _term(raw["over"], where) if "over" in raw else 1.0
    return float(raw.get("factor", 1.0)) * value / divisor


def _term_sources(raw: Mapping[str, Any]) -> list[str]:
    own = raw["fact"] if "fact" in raw else f"calibration:{raw['variable']}"
    return [own, *(_term_sources(raw["over"]) if "over" in raw else [])]


def _series(
    column: str,
    rules: Mapping[str, Any],
    anchors: list[Anchor],
    built: Mapping[str, WeeklySeries],
    where: str,
) -> WeeklySeries:
    if rules["rule"] == "flow":
        return _flow(column, rules["origin"], rules.get("direction") == "out")
    if not anchors or week_from(anchors[0].day.isoformat()) != 0:
        raise UserError(
            f"The series '{column}' has no number for the first week.",
            where=where,
            allowed=f"a first anchor at {START} or earlier",
            next="Add one; basis assumed if no source gives it.",
        )
    values = _fill(rules, anchors, built, where)
    used = [_governing(rules["rule"], anchors, week) for week in range(N_WEEKS)]
    bases = [_weakest(group) for group in used]
    sources = [tuple(dict.fromkeys(s for a in group for s in a.sources)) for group in used]
    if "times" in rules:
        other = built[rules["times"]].sources
        sources = [tuple(dict.fromkeys(own + other[w])) for w, own in enumerate(sources)]
    labels = [str(rules["rule"])] * N_WEEKS
    if rules["after"] != "plan":
        _status_quo(rules["after"], values, bases, labels, sources)
    return WeeklySeries(column, values, tuple(labels), tuple(bases), tuple(sources))


def _fill(
    rules: Mapping[str, Any],
    anchors: list[Anchor],
    built: Mapping[str, WeeklySeries],
    where: str,
) -> Floats:
    """Values [w] of the rule, before the status quo is applied."""
    weeks = np.arange(N_WEEKS)
    levels = np.array([anchor.value for anchor in anchors])
    if rules["rule"] in ("constant", "seasonal") and len(anchors) != 1:
        raise UserError(
            f"The rule '{rules['rule']}' takes one anchor.", where=where, got=len(anchors)
        )
    if rules["rule"] == "linear":
        days = np.array([(anchor.day - START).days for anchor in anchors], dtype=float)
        return np.interp(7.0 * weeks, days, levels)
    first_weeks = np.array([week_from(anchor.day.isoformat()) for anchor in anchors])
    values = levels[np.searchsorted(first_weeks, weeks, side="right") - 1]
    if rules["rule"] == "seasonal":
        values = values * _profile(rules["months"])
        if "times" in rules:
            values = values * built[rules["times"]].values
    return values


def _profile(months: Sequence[float]) -> Floats:
    """Month values at mid-month, straight lines between them round the year, [w]."""
    if len(months) != 12:
        raise UserError("A seasonal profile has twelve months.", got=len(months))
    shares = [(week_start(week).timetuple().tm_yday - 1) / 365.25 for week in range(N_WEEKS)]
    return np.interp(shares, _MONTH_MIDDLES, months, period=1.0)


def _governing(rule: str, anchors: list[Anchor], week: int) -> list[Anchor]:
    """Anchors that fix the value of a week: the latest, for a line also the next."""
    day = week_start(week).isoformat()
    if rule != "linear":
        return [[a for a in anchors if week_from(a.day.isoformat()) <= week][-1]]
    past = [a for a in anchors if a.day.isoformat() <= day][-1:]
    coming = [a for a in anchors if a.day.isoformat() > day][:1]
    return past + coming


def _weakest(anchors: Sequence[Anchor]) -> str:
    """Weakest basis; a value read off a line between two anchors is at best an estimate."""
    firmest = "estimated" if len(anchors) > 1 else "measured"
    return max((firmest, *(anchor.basis for anchor in anchors)), key=BASES.index)


def _status_quo(
    after: str,
    values: Floats,
    bases: list[str],
    labels: list[str],
    sources: list[tuple[str, ...]],
) -> None:
    """Continue the lists in place from the branch week on."""
    for week in range(BRANCH_WEEK, N_WEEKS):
        model_week = BRANCH_WEEK - 1 if after == "hold" else week - WEEKS_REPEATED
        values[week] = values[model_week]
        sources[week] = sources[model_week]
        bases[week] = "assumed"
        labels[week] = after


def _flow(column: str, origin: str, is_out: bool) -> WeeklySeries:
    windows = departures_windows() if is_out else reconcile_returns()
    used = [window_of_week(windows, origin, week) for week in range(N_WEEKS)]
    after = N_WEEKS - BRANCH_WEEK
    return WeeklySeries(
        name=column,
        values=(weekly_departures if is_out else weekly_hazards)(N_WEEKS)[origin],
        rules=("flow",) * BRANCH_WEEK + ("mean_pace" if is_out else "last_year",) * after,
        bases=tuple(w.basis for w in used[:BRANCH_WEEK]) + ("assumed",) * after,
        sources=tuple(tuple(f"calibration:{v}" for v in w.variables) for w in used),
    )


def _check_choice(value: object, allowed: Sequence[str], where: str) -> None:
    if value not in allowed:
        raise UserError(
            f"'{value}' is not known here.",
            where=where,
            got=value,
            allowed=", ".join(allowed),
            next=nearest(str(value), allowed),
        )
