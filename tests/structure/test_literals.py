"""Numbers that decide results stand in parameters, not in the functions of the processes.

A literal inside a function is either harmless (PLAIN), or it stands in ALLOWED with a reason, or
it is moved: to a parameter, or to a named constant of the module with a comment that explains it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

PLAIN = {0, 1, 2, -1, 0.5, 1e-12, 1000}  # 1000: per thousand
FOLDER = "src/spillover/processes/"


@dataclass(frozen=True)
class Allowed:
    """A piece of a line of a process file in which literals may stand."""

    file: str
    piece: str
    reason: str


_ROWS = "number of rows or columns of random numbers, or the row of one draw"
ALLOWED = (
    Allowed("cells.py", "streams.uniform(INTAKE, week, 6)", _ROWS),
    Allowed("cells.py", "u[:, 3]", _ROWS),
    Allowed("cells.py", "u[:, 4]", _ROWS),
    Allowed("cells.py", "u[:, 5]", _ROWS),
    Allowed("cells.py", "streams.uniform(STRAYS, week, 3)", _ROWS),
    Allowed("networks.py", "3 * n_due), 3", _ROWS),
    Allowed("plots.py", "(row.size, 3)", "number of kinds of base, the columns of `away`"),
    Allowed("recruitment.py", "10 * n_m).reshape(n_r, 10, n_m)", _ROWS),
    Allowed("recruitment.py", "leave(3,", _ROWS),
    Allowed("recruitment.py", "leave(4,", _ROWS),
    Allowed("recruitment.py", "leave(5,", _ROWS),
    Allowed("recruitment.py", "u[:, 6]", _ROWS),
    Allowed("recruitment.py", "u[:, 7]", _ROWS),
    Allowed("recruitment.py", "leave(8,", _ROWS),
    Allowed("recruitment.py", "u[:, 9]", _ROWS),
    Allowed("recruitment.py", ", 1e-9)", "guard against division by zero members"),
    Allowed("recruitment.py", ", 1e-6)", "guard: a chance of joining is never zero"),
    Allowed("reporting.py", "3 * n_a).reshape(n_r, 3, n_a)", _ROWS),
)


@dataclass(frozen=True)
class Literal:
    """A numeric literal that is not plain."""

    value: float
    line: int
    column: int


def literals(tree: ast.AST) -> Iterator[Literal]:
    """Numeric literals of a tree that are not plain, in any order."""
    for node in ast.walk(tree):
        is_number = isinstance(node, ast.Constant) and type(node.value) in (int, float, complex)
        if is_number and node.value not in PLAIN:
            yield Literal(node.value, node.lineno, node.col_offset)


def inside_functions(tree: ast.Module) -> Iterator[Literal]:
    """Literals in the functions and classes of a module, defaults included."""
    for item in tree.body:
        if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from literals(item)
        elif not isinstance(item, ast.Assign | ast.AnnAssign):
            yield from (found for found in literals(item))
        else:  # a function without a name is one all the same
            for node in ast.walk(item):
                if isinstance(node, ast.Lambda):
                    yield from literals(node)


def unexplained_constants(tree: ast.Module, lines: list[str]) -> Iterator[Literal]:
    """Literals of module constants without a comment beside or above, or text below."""
    for item, following in zip(tree.body, [*tree.body[1:], None], strict=True):
        if not isinstance(item, ast.Assign | ast.AnnAssign):
            continue
        beside = any("#" in line for line in lines[item.lineno - 1 : item.end_lineno])
        above = item.lineno > 1 and lines[item.lineno - 2].lstrip().startswith("#")
        below = (
            isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
            and isinstance(following.value.value, str)
        )
        if not (beside or above or below):
            yield from literals(item)


def covers(entry: Allowed, line: str, column: int) -> bool:
    """Whether the column of a line lies in a piece that an entry allows."""
    at = line.find(entry.piece)
    while at >= 0:
        if at <= column < at + len(entry.piece):
            return True
        at = line.find(entry.piece, at + 1)
    return False


def offenders(path: str, text: str, allowed: tuple[Allowed, ...] = ALLOWED) -> list[str]:
    """`file:line value: source` of every literal in a function that nothing allows."""
    lines = text.splitlines()
    mine = [entry for entry in allowed if FOLDER + entry.file == path]
    return [
        f"{path}:{found.line} {found.value}: {lines[found.line - 1].strip()}"
        for found in sorted(inside_functions(ast.parse(text)), key=lambda f: (f.line, f.column))
        if not any(covers(entry, lines[found.line - 1], found.column) for entry in mine)
    ]


@pytest.fixture(scope="module")
def processes(modules):
    found = [module for module in modules if module.path.startswith(FOLDER)]
    assert len(found) > 5
    return found


def test_no_number_hides_in_a_process(processes):
    found = [line for module in processes for line in offenders(module.path, module.text)]
    assert not found, "move these to a parameter, or allow them with a reason:\n" + "\n".join(found)


def test_constants_of_a_process_say_what_they_are(processes):
    found = [
        f"{module.path}:{literal.line} {literal.value}"
        for module in processes
        for literal in unexplained_constants(module.tree, module.text.splitlines())
    ]
    assert not found, "add a comment that says why:\n" + "\n".join(found)


def test_nothing_is_allowed_that_is_not_there(processes):
    """An entry whose number has gone must go, or it would allow the next one unseen."""
    by_path = {module.path: module for module in processes}
    for entry in ALLOWED:
        assert entry.reason
        module = by_path[FOLDER + entry.file]
        lines = module.text.splitlines()
        assert any(
            covers(entry, lines[found.line - 1], found.column)
            for found in inside_functions(module.tree)
        ), f"{entry.file}: {entry.piece}"


def test_the_check_sees_weights_defaults_and_lambdas_but_not_constants():
    text = "\n".join(
        [
            "LIMIT = 7",
            "def f(x, y=0.3):",
            "    return 0.4 * x + 2 * y - 1 + x[:, 3] + 0.5 * 1000",
            "g = lambda x: x * 9",
        ]
    )
    path = FOLDER + "made_up.py"
    shown = [line.split(": ")[0] for line in offenders(path, text)]
    assert shown == [f"{path}:2 0.3", f"{path}:3 0.4", f"{path}:3 3", f"{path}:4 9"]
    one = (Allowed("made_up.py", "x[:, 3]", "a row"),)
    assert len(offenders(path, text, one)) == 3
    assert [found.value for found in unexplained_constants(ast.parse(text), text.splitlines())] == [
        7,
        9,
    ]
