"""Facts read in documents, the documents, and published models: everything citable by an id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from types import MappingProxyType

from spillover.errors import UserError, nearest
from spillover.evidence.reading import DATA, read_csv

KINDS = (
    "actor",
    "relation",
    "institution",
    "stance",
    "quantity",
    "event",
    "corridor",
    "mechanism",
    "scenario",
    "recommendation",
    "uncertainty",
)
CONFIDENCES = ("stated", "reported", "judged", "speculative")


@dataclass(frozen=True, slots=True)
class Fact:
    """One statement of one document (uncertainty rows compare several)."""

    id: str
    kind: str
    """One of KINDS."""
    subject: str
    object: str
    statement: str
    value: float | None
    value_low: float | None
    value_high: float | None
    unit: str
    period: str
    """ISO date or interval ``start/end``; empty when the text gives none."""
    place: str
    source: tuple[str, ...]
    """Keys of the documents."""
    locator: str
    confidence: str
    """One of CONFIDENCES."""
    suggested_use: str


@dataclass(frozen=True, slots=True)
class Source:
    """One document from which facts were read."""

    key: str
    authors: str
    title: str
    outlet: str
    date: str
    doi_or_url: str


@dataclass(frozen=True, slots=True)
class Paper:
    """One published model or method that a parameter cites as ``paper:<key>``."""

    key: str
    authors: str
    year: int
    title: str
    outlet: str
    doi: str


@cache
def load_facts(path: Path = DATA / "facts.csv") -> Mapping[str, Fact]:
    """All facts by id, in the order of the file.

    Raises:
        UserError: an id is given twice, or a kind, confidence or number is not valid.
    """
    facts: dict[str, Fact] = {}
    for row in read_csv(path, [field.name for field in fields(Fact)]):
        fact = _fact(row, f"{path}: {row['id']}")
        if fact.id in facts:
            raise UserError(f"The fact id {fact.id} is given twice.", where=str(path), got=fact.id)
        facts[fact.id] = fact
    return MappingProxyType(facts)


def _fact(row: Mapping[str, str], where: str) -> Fact:
    for name, allowed in (("kind", KINDS), ("confidence", CONFIDENCES)):
        if row[name] not in allowed:
            raise UserError(
                f"'{row[name]}' is no {name} of a fact.",
                where=where,
                got=row[name],
                allowed=", ".join(allowed),
                next=nearest(row[name], allowed),
            )
    numbers = {name: _optional(row[name], where) for name in ("value", "value_low", "value_high")}
    source = tuple(key.strip() for key in row["source"].split(";") if key.strip())
    texts = {field.name: row[field.name] for field in fields(Fact)}
    return Fact(**{**texts, **numbers, "source": source})  # type: ignore[arg-type]


def _optional(text: str, where: str) -> float | None:
    if not text:
        return None
    try:
        return float(text)
    except ValueError as error:
        raise UserError("A number is expected.", where=where, got=text) from error


@cache
def load_sources(path: Path = DATA / "sources.csv") -> Mapping[str, Source]:
    """The documents by key.

    Raises:
        UserError: the table is missing or lacks a column.
    """
    names = [field.name for field in fields(Source)]
    rows = read_csv(path, names)
    return MappingProxyType({row["key"]: Source(**{n: row[n] for n in names}) for row in rows})


@cache
def load_papers(path: Path = DATA / "papers.csv") -> Mapping[str, Paper]:
    """The published models by key.

    Raises:
        UserError: the table is missing or lacks a column.
    """
    papers = {}
    for row in read_csv(path, [field.name for field in fields(Paper)]):
        texts = {name: row[name] for name in ("key", "authors", "title", "outlet", "doi")}
        papers[row["key"]] = Paper(year=int(row["year"]), **texts)
    return MappingProxyType(papers)


@cache
def calibration_variables(folder: Path = DATA) -> frozenset[str]:
    """Names citable as ``calibration:<variable>``: those of the calibration tables in ``folder``.

    Tables are ``calibration*.csv`` and ``targets*.csv``; each has a column ``variable``.
    """
    tables = [*sorted(folder.glob("calibration*.csv")), *sorted(folder.glob("targets*.csv"))]
    return frozenset(row["variable"] for table in tables for row in read_csv(table, ["variable"]))


def check_sources(ids: Iterable[str], *, where: str) -> None:
    """Refuse an id that is no fact, ``paper:<key>`` or ``calibration:<variable>``.

    Raises:
        UserError: names the nearest known ids.
    """
    for cited in ids:
        prefix, found, name = cited.partition(":")
        if not found:
            known: Iterable[str] = load_facts()
            name, table = cited, "spillover/data/facts.csv"
        elif prefix == "paper":
            known, table = load_papers(), "spillover/data/papers.csv"
        elif prefix == "calibration":
            known, table = calibration_variables(), "the calibration tables in spillover/data"
        else:
            raise _unknown_prefix(cited, where)
        if name not in known:
            raise UserError(
                f"The source '{cited}' is not known.",
                where=where,
                got=cited,
                allowed=f"an id of {table}; {nearest(name, known)}",
                next="Correct the id, or add the row to that table.",
            )


def _unknown_prefix(cited: str, where: str) -> UserError:
    return UserError(
        f"The source '{cited}' has an unknown prefix.",
        where=where,
        got=cited,
        allowed="a fact id, paper:<key> or calibration:<variable>",
        next="Use one of these three forms.",
    )
