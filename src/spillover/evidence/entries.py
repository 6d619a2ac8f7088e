"""One parameter: its meaning, unit, bounds and dated values, and how it is read from YAML."""

from __future__ import annotations

import keyword
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from spillover.axes import AXES
from spillover.clock import START, week_index, week_start
from spillover.errors import UserError, nearest
from spillover.evidence.changes import BASES, Change
from spillover.evidence.facts import check_sources
from spillover.evidence.priors import Prior, parse_prior
from spillover.evidence.reading import check_keys, check_mapping, number, texts
from spillover.evidence.units import check_unit


@dataclass(frozen=True, slots=True)
class DatedValue:
    """The value of a parameter from one week on."""

    start_week: int
    members: tuple[float, ...]
    """One number per member of the axis, in its order; a single number without an axis."""
    reference: float
    """What the prior is about: the `default` of the mapping, or the mean of the members."""
    prior: Prior | None
    basis: str
    sources: tuple[str, ...]
    derivation: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One parameter of the tree: either dated values, or the name of a weekly series."""

    path: str
    description: str
    unit: str
    bounds: tuple[float, float]
    """Least and greatest possible value, both allowed; an open end is infinite."""
    axis: str | None
    values: tuple[DatedValue, ...]
    """In order of date, the first at week 0; empty for a series."""
    series: str | None = None
    basis: str = ""
    """Basis, sources and derivation of a series; dated values carry their own."""
    sources: tuple[str, ...] = ()
    derivation: str = ""

    @property
    def members(self) -> tuple[str, ...]:
        """Members of the axis in order; empty without an axis."""
        return AXES[self.axis] if self.axis else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in the drivers table that a series reads, in axis order."""
        if self.series is None:
            return ()
        if self.axis is None:
            return (self.series,)
        return tuple(f"{self.series}:{member}" for member in self.members)

    def at(self, week: int) -> DatedValue:
        """Dated value in force in a week (not for a series)."""
        return [dated for dated in self.values if dated.start_week <= week][-1]

    def before(self, change: Change) -> tuple[float, ...]:
        """Baseline values of the members that a change touches, at its start (no series)."""
        values = self.at(change.start_week).members
        if change.members is None:
            return values
        return tuple(values[self.members.index(member)] for member in change.members)

    def all_sources(self) -> tuple[str, ...]:
        """Every id cited by the entry, in order, once each."""
        cited = [*self.sources, *(s for dated in self.values for s in dated.sources)]
        return tuple(dict.fromkeys(cited))


def parse_entry(path: str, raw: Mapping[Any, Any], *, where: str) -> Entry:
    """Read and check one entry.

    Raises:
        UserError: anything that is not as the form demands; says what and where.
    """
    is_series = "series" in raw
    common = ["description", "unit", "bounds"]
    required = [*common, "series", "basis"] if is_series else [*common, "values"]
    optional = ["axis", "sources", "derivation"] if is_series else ["axis"]
    check_keys(raw, required=required, optional=optional, where=where)
    axis = _axis(raw.get("axis"), where)
    bounds = _bounds(raw["bounds"], where=f"{where}.bounds")
    entry: dict[str, Any] = {
        "path": path,
        "description": _text(raw["description"], where=f"{where}.description"),
        "unit": check_unit(raw["unit"], where=f"{where}.unit"),
        "bounds": bounds,
        "axis": axis,
    }
    if is_series:
        series = _text(raw["series"], where=f"{where}.series")
        basis, sources, derivation = _basis(raw, where)
        return Entry(
            **entry, values=(), series=series, basis=basis, sources=sources, derivation=derivation
        )
    return Entry(**entry, values=_values(raw["values"], axis, bounds, where=f"{where}.values"))


def check_name(name: object, *, where: str) -> str:
    """Return one component of a path if it can be a Python attribute.

    Raises:
        UserError: it cannot, or it is reserved.
    """
    good = isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)
    if not good or str(name).startswith("_") or name != str(name).lower() or name == "world":
        raise UserError(
            f"'{name}' cannot be part of a parameter's path.",
            where=where,
            got=name,
            allowed="lower case letters, digits and underscores; not `world`, no Python keyword",
            next="Rename it.",
        )
    return str(name)


def _axis(raw: object, where: str) -> str | None:
    if raw is not None and raw not in AXES:
        raise UserError(
            f"There is no axis '{raw}'.",
            where=f"{where}.axis",
            got=raw,
            allowed=", ".join(AXES),
            next=nearest(str(raw), AXES),
        )
    return raw  # type: ignore[return-value]


def _text(raw: object, *, where: str) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise UserError("A text is expected here.", where=where, got=repr(raw), next="Write one.")
    return " ".join(raw.split())


def _bounds(raw: object, *, where: str) -> tuple[float, float]:
    if not isinstance(raw, list) or len(raw) != 2:
        raise UserError(
            "The bounds are a pair.",
            where=where,
            got=repr(raw),
            allowed="[low, high]; null for an open end",
            next="Write for example [0, 1] or [0, null].",
        )
    low = -math.inf if raw[0] is None else number(raw[0], where=where)
    high = math.inf if raw[1] is None else number(raw[1], where=where)
    if low >= high:
        raise UserError(
            "The lower bound must lie below the upper bound.",
            where=where,
            got=f"[{low:g}, {high:g}]",
            allowed="[low, high] with low < high",
            next="Swap or correct the two numbers.",
        )
    return low, high


def _values(
    raw: object, axis: str | None, bounds: tuple[float, float], *, where: str
) -> tuple[DatedValue, ...]:
    dated = []
    for day, mapping in check_mapping(raw, where=where).items():
        here = f"{where}.{day}"
        if type(day) is not date:
            raise UserError(
                "A value is keyed by the date from which it holds.",
                where=where,
                got=repr(day),
                allowed="a date that starts a week, such as 2021-08-15, without quotes",
                next=f"For a number that never changes use {START}.",
            )
        week = week_index(day, where=here)
        dated.append(_dated_value(check_mapping(mapping, where=here), week, axis, bounds, here))
    dated.sort(key=lambda value: value.start_week)
    if dated[0].start_week != 0:
        raise UserError(
            "The parameter has no value in the first week of the model.",
            where=where,
            got=f"first date {week_start(dated[0].start_week)}",
            allowed=f"first date {START}",
            next=f"Add a value for {START}.",
        )
    return tuple(dated)


def _dated_value(
    raw: Mapping[Any, Any], week: int, axis: str | None, bounds: tuple[float, float], where: str
) -> DatedValue:
    check_keys(
        raw,
        required=["value", "basis"],
        optional=["prior", "sources", "derivation"],
        where=where,
    )
    members, reference = _members(raw["value"], axis, where=f"{where}.value")
    for value in members:
        if not bounds[0] <= value <= bounds[1]:
            raise UserError(
                "The value lies outside the bounds.",
                where=f"{where}.value",
                got=f"{value:g}",
                allowed=f"{bounds[0]:g} to {bounds[1]:g}",
                next="Correct the value, or widen the bounds if such values are possible.",
            )
    prior = raw.get("prior")
    parsed = None if prior is None else parse_prior(prior, bounds, where=f"{where}.prior")
    if parsed is not None and parsed.distribution == "loguniform":
        _check_factor(members, reference, where)
    basis, sources, derivation = _basis(raw, where)
    return DatedValue(week, members, reference, parsed, basis, sources, derivation)


def _check_factor(members: tuple[float, ...], reference: float, where: str) -> None:
    """A loguniform prior multiplies the members, so none is negative and one is above 0."""
    if min(members) >= 0 and reference > 0:
        return
    raise UserError(
        "A loguniform prior multiplies all members, which these values do not allow.",
        where=where,
        got=", ".join(f"{value:g}" for value in members),
        allowed="no member below 0, and the reference (`default`, or the mean) above 0",
        next="Use a uniform prior, which shifts the members, or correct the values.",
    )


def _members(raw: object, axis: str | None, *, where: str) -> tuple[tuple[float, ...], float]:
    if axis is None:
        value = number(raw, where=where)
        return (value,), value
    names = AXES[axis]
    mapping = check_mapping(raw, where=where)
    default = mapping.get("default")
    required = names if "default" not in mapping else ()
    check_keys(mapping, required=required, optional=["default", *names], where=where)
    members = tuple(number(mapping.get(n, default), where=f"{where}.{n}") for n in names)
    mean = math.fsum(members) / len(members)  # the built-in sum rounds by Python version
    return members, mean if default is None else float(default)


def _basis(raw: Mapping[Any, Any], where: str) -> tuple[str, tuple[str, ...], str]:
    basis = raw["basis"]
    sources = texts(raw.get("sources"), where=f"{where}.sources")
    derivation = " ".join(str(raw.get("derivation") or "").split())
    if basis not in BASES:
        raise UserError(
            f"The basis '{basis}' is not known.",
            where=f"{where}.basis",
            got=basis,
            allowed=", ".join(BASES),
            next=nearest(str(basis), BASES),
        )
    if basis == "assumed" and not derivation:
        raise UserError(
            "An assumed number needs a derivation.",
            where=where,
            allowed="derivation: why this number and not another",
            next="Add one; a frank guess with its reasoning is fine.",
        )
    if basis != "assumed" and not sources:
        raise UserError(
            f"A number that is {basis} needs sources.",
            where=where,
            allowed="sources: [fact ids, calibration:<variable> or paper:<key>]",
            next="Cite what it was read from, or call it assumed and derive it.",
        )
    check_sources(sources, where=f"{where}.sources")
    return basis, sources, derivation
