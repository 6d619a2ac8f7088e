"""Reading of YAML and CSV files, with errors that name the file and the key."""

from __future__ import annotations

import csv
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from spillover.errors import UserError, nearest

PACKAGE = Path(__file__).resolve().parents[1]
PARAMETERS = PACKAGE / "parameters"
DATA = PACKAGE / "data"

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser is ten times faster


class _Loader(_BASE):
    """The safe loader, which in addition refuses a key that is given twice."""


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Hashable, Any]:
    result: dict[Hashable, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in result:
            raise UserError(
                f"The key '{key}' is given twice in one mapping.",
                where=f"{key_node.start_mark.name}, line {key_node.start_mark.line + 1}",
                got=key,
                allowed="each key once",
                next="Remove or rename one of the two.",
            )
        result[key] = loader.construct_object(value_node, deep=True)
    return result


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """Content of a YAML file (dates become ``datetime.date``).

    Raises:
        UserError: the file is missing, is not YAML, or gives a key twice.
    """
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, Loader=_Loader)
    except OSError as error:
        raise UserError(
            f"The file cannot be read: {error.strerror}.", where=str(path), next="Check the path."
        ) from error
    except yaml.YAMLError as error:
        raise UserError(
            "The file is not valid YAML.",
            where=str(path),
            got=" ".join(str(error).split()),
            next="Mind the indentation, and quote text that contains ': ' or starts with a sign.",
        ) from error


def read_csv(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a CSV file with at least these columns.

    Raises:
        UserError: the file is missing or lacks a column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            rows = list(reader)
    except OSError as error:
        raise UserError(
            f"The table cannot be read: {error.strerror}.", where=str(path), next="Check the path."
        ) from error
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise UserError(
            f"The table lacks the column{'s' * (len(missing) > 1)} {', '.join(missing)}.",
            where=str(path),
            got=", ".join(reader.fieldnames or ()),
            next="Add the columns; their order is free.",
        )
    return rows


def check_keys(
    raw: Mapping[Any, Any], *, required: Iterable[str], optional: Iterable[str], where: str
) -> None:
    """Refuse missing and unknown keys of a mapping.

    Raises:
        UserError: names the keys and the nearest known ones.
    """
    required = list(required)
    known = [*required, *optional]
    for key in raw:
        if key not in known:
            raise UserError(
                f"The key '{key}' is not known here.",
                where=where,
                got=key,
                allowed=", ".join(known),
                next=f"Remove it or correct it: {nearest(str(key), known)}",
            )
    missing = [key for key in required if key not in raw]
    if missing:
        raise UserError(
            f"The key{'s' * (len(missing) > 1)} {', '.join(missing)} must be given.",
            where=where,
            got=", ".join(str(key) for key in raw) or "nothing",
            allowed=", ".join(known),
            next="Add the missing key.",
        )


def check_mapping(raw: object, *, where: str) -> Mapping[Any, Any]:
    """Return ``raw`` if it is a mapping that is not empty.

    Raises:
        UserError: it is something else.
    """
    if not isinstance(raw, Mapping) or not raw:
        raise UserError(
            "A mapping of keys to values is expected here.",
            where=where,
            got=repr(raw),
            allowed="`key: value` lines, indented below this key",
            next="See any file in spillover/parameters for the form.",
        )
    return raw


def number(raw: object, *, where: str) -> float:
    """Return ``raw`` as a finite float.

    Raises:
        UserError: it is not a finite number (YAML reads 1e6 as text; write 1.0e+6 or 1000000).
    """
    finite = isinstance(raw, int | float) and not isinstance(raw, bool)
    if not finite or raw != raw or raw in (float("inf"), float("-inf")):
        raise UserError(
            "A finite number is expected here.",
            where=where,
            got=repr(raw),
            next="Write digits; for powers of ten use the form 1.0e+6, not 1e6.",
        )
    return float(raw)  # type: ignore[arg-type]


def texts(raw: object, *, where: str) -> tuple[str, ...]:
    """Return ``raw`` as a tuple of texts; nothing gives the empty tuple.

    Raises:
        UserError: it is not a list of texts.
    """
    if raw is None:
        return ()
    if not isinstance(raw, list | tuple) or not all(isinstance(item, str) for item in raw):
        raise UserError(
            "A list of texts is expected here.",
            where=where,
            got=repr(raw),
            allowed="[ID-ONE, ID-TWO]",
            next="Put the ids in square brackets, separated by commas.",
        )
    return tuple(raw)
