"""Which functions of the model read a parameter, found in the source text without running it.

A parameter is read as `view.<group>.<name>`, through a local name (`rec = view.recruitment`), or
through an argument that has the name of its group (`def mood(grievance, cells)`). An argument
`par` of a process holds the group of that process, in a helper shared by processes any group.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from spillover.evidence.reading import PACKAGE

_Chain = tuple[str, ...]
_ANY = "*"  # a name made while running, such as the zone weight of each group
_PARAMETERS = "par"  # the usual name of an argument that holds one group
_ARGUMENT = "?"  # before the name of an argument that carries the name


def code_users(path: str, groups: Iterable[str], package: Path = PACKAGE) -> dict[str, list[str]]:
    """Functions that read a parameter, by file.

    Args:
        path: dotted path of the parameter.
        groups: first parts of all paths; arguments with such a name hold that group.
        package: folder of the package to read.

    Returns:
        Names of functions in the order of the file, by path of the file inside the package.
    """
    parts = tuple(path.split("."))
    users: dict[str, list[str]] = {}
    for file, function, chains in _chains(package, frozenset(groups)):
        if any(_matches(parts, chain) for chain in chains):
            users.setdefault(file, []).append(function)
    return users


def _matches(parts: _Chain, chain: _Chain) -> bool:
    """Whether a chain of attributes reaches the parameter or goes beyond it (`.x.sum`)."""
    if len(chain) < len(parts):
        return False
    return all(b in (a, _ANY) for a, b in zip(parts, chain, strict=False))


def _model_files(package: Path) -> list[Path]:
    names = ("first_state.py", "kernel.py", "northern_route.py", "state.py")
    single = [package / name for name in names]
    return [*sorted((package / "processes").glob("*.py")), *(f for f in single if f.exists())]


@cache
def _chains(
    package: Path, groups: frozenset[str]
) -> tuple[tuple[str, str, frozenset[_Chain]], ...]:
    """File, function and the chains of attributes it reads from the parameters."""
    functions = [
        (file.relative_to(package).as_posix(), node)
        for file in _model_files(package)
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
    ]
    read = {node: frozenset(_read(node, groups, _owner(file, groups))) for file, node in functions}
    open_ = {
        node.name: (_arguments(node), chains)
        for node, chains in read.items()
        if any(part.startswith(_ARGUMENT) for chain in chains for part in chain)
    }
    return tuple(
        (file, node.name, read[node] | set(_named(node, open_))) for file, node in functions
    )


def _arguments(function: ast.FunctionDef) -> list[str]:
    given = function.args
    return [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]


def _owner(file: str, groups: frozenset[str]) -> str | None:
    """The group that an argument `par` holds in a file; None if nobody can know."""
    if Path(file).parent.name != "processes":
        return _ANY
    return name if (name := Path(file).stem) in groups else None


def _read(function: ast.FunctionDef, groups: frozenset[str], owner: str | None) -> Iterator[_Chain]:
    arguments = _arguments(function)
    known: dict[str, _Chain] = {name: (name,) for name in arguments if name in groups}
    if _PARAMETERS in arguments and owner is not None:
        known[_PARAMETERS] = (owner,)
    known["view"] = ()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            for name, value in _pairs(node):
                chain = _chain(value, known, arguments)
                if chain is not None:
                    known[name] = chain
    for node in ast.walk(function):
        chain = _chain(node, known, arguments) if isinstance(node, ast.expr) else None
        if chain:
            yield chain


def _pairs(node: ast.Assign) -> Iterator[tuple[str, ast.expr]]:
    """Local names and what they get; `a, b = x, y` gives two."""
    for target in node.targets:
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for one, value in zip(target.elts, node.value.elts, strict=False):
                if isinstance(one, ast.Name):
                    yield one.id, value


def _chain(node: ast.expr, known: Mapping[str, _Chain], arguments: list[str]) -> _Chain | None:
    """Attributes from the parameters on; None if the expression starts elsewhere."""
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.Attribute):
        start, last = _chain(node.value, known, arguments), node.attr
    elif isinstance(node, ast.Call) and _name(node) == "getattr":
        start, last = _chain(node.args[0], known, arguments), _dynamic(node.args[1], arguments)
    else:
        return None
    return None if start is None else (*start, last)


def _dynamic(node: ast.expr, arguments: list[str]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    is_argument = isinstance(node, ast.Name) and node.id in arguments
    return f"{_ARGUMENT}{node.id}" if isinstance(node, ast.Name) and is_argument else _ANY


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _named(
    function: ast.FunctionDef, open_: Mapping[str, tuple[list[str], frozenset[_Chain]]]
) -> Iterator[_Chain]:
    """Chains of helpers that take a name, with the names this function gives them."""
    for call in ast.walk(function):
        if not isinstance(call, ast.Call) or _name(call) not in open_:
            continue
        arguments, chains = open_[_name(call)]
        given = dict(zip(arguments, call.args, strict=False))
        given |= {word.arg: word.value for word in call.keywords if word.arg}
        names = {
            f"{_ARGUMENT}{key}": str(value.value)
            for key, value in given.items()
            if isinstance(value, ast.Constant)
        }
        yield from (tuple(names.get(part, part) for part in chain) for chain in chains)
