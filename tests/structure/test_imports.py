"""Imports point down: a file uses what lies below it, and processes never know each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import networkx as nx
import pytest

# From the ground up. Within a layer a unit may use another one, but not in a circle.
LAYERS = (
    ("spillover", "axes", "clock", "errors", "rates", "streams"),
    ("evidence", "state", "slots"),
    ("world", "processes", "northern_route"),
    ("first_state", "consistency"),
    ("kernel",),
    ("outcomes",),
    ("observe", "recorder"),
    ("batch", "agents", "model", "analysis", "twin"),
    ("validation",),
    ("figures", "report", "notebook"),
    ("cli", "commands", "__main__"),
)
HEIGHT = {unit: height for height, layer in enumerate(LAYERS) for unit in layer}
# The twin is the model written a second time; what it borrowed could not be checked against it.
NOT_FOR_TWIN = {
    "state",
    "northern_route",
    "slots",
    "processes",
    "first_state",
    "kernel",
    "outcomes",
    "observe",
    "recorder",
}


def unit_of(name: str) -> str:
    """The part of the package a module belongs to; every process is a part of its own."""
    parts = name.split(".")
    if len(parts) == 1:
        return "spillover"
    if parts[1] == "processes" and len(parts) > 2:
        return f"processes.{parts[2]}"
    return parts[1]


def objection(user: str, used: str) -> str | None:
    """Why one unit may not import another, or None when it may."""
    if user == used:
        return None
    user_layer, used_layer = user.split(".")[0], used.split(".")[0]
    for unit, layer in ((user, user_layer), (used, used_layer)):
        if layer not in HEIGHT:
            return f"'{unit}' has no layer yet: give it one in LAYERS of this test"
    if user.startswith("processes.") and used_layer == "processes":
        return "a process must not import another process"
    if user_layer == "twin" and used_layer in NOT_FOR_TWIN:
        return "the twin must not share the equations it is compared with"
    if HEIGHT[used_layer] > HEIGHT[user_layer]:
        return f"'{used}' lies above '{user}'"
    return None


def is_type_checking(node: ast.AST) -> bool:
    """Whether a block runs for type checkers only, which makes no dependency at run time."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def running_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that can run, those inside functions included."""
    for child in ast.iter_child_nodes(node):
        if not is_type_checking(child):
            yield child
            yield from running_nodes(child)


def imported(module, names: set[str]) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every module of the package that a file imports."""
    package = module.name if module.path.endswith("__init__.py") else module.name.rpartition(".")[0]
    for node in running_nodes(module.tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1]
            base = ".".join([*(above if node.level else []), *filter(None, [node.module])])
            inside = [f"{base}.{alias.name}" for alias in node.names]
            # `from package import thing` imports a module, or an object of the package itself.
            found = [name if name in names else base for name in inside]
        else:
            continue
        yield from ((node.lineno, name) for name in found if name.split(".")[0] == "spillover")


@pytest.fixture(scope="module")
def uses(modules) -> list[tuple[str, str, str]]:
    """Place, user and used unit of every import inside the package."""
    names = {module.name for module in modules}
    found = [
        (f"{module.path}:{line}", unit_of(module.name), unit_of(name))
        for module in modules
        for line, name in imported(module, names)
    ]
    assert found, "no import inside the package was recognised"
    return found


def test_every_module_has_a_layer(modules):
    unknown = {unit_of(module.name) for module in modules} - set(HEIGHT)
    assert not {unit for unit in unknown if not unit.startswith("processes.")}


def test_imports_point_down(uses):
    offenders = [
        f"{place}: {reason}" for place, user, used in uses if (reason := objection(user, used))
    ]
    assert not offenders, "\n".join(offenders)


def test_units_do_not_import_in_circles(uses):
    graph = nx.DiGraph((user, used) for _, user, used in uses if user != used)
    circles = [" -> ".join([*circle, circle[0]]) for circle in nx.simple_cycles(graph)]
    assert not circles, "\n".join(circles)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("spillover", "spillover"),
        ("spillover.clock", "clock"),
        ("spillover.world.network", "world"),
        ("spillover.processes", "processes"),
        ("spillover.processes.rule", "processes.rule"),
    ],
)
def test_units_are_told_apart(name, unit):
    assert unit_of(name) == unit


@pytest.mark.parametrize(
    ("user", "used", "is_allowed"),
    [
        ("clock", "errors", True),
        ("processes.border", "world", True),
        ("processes", "processes.border", True),
        ("batch", "analysis", True),
        ("cli", "kernel", True),
        ("twin", "streams", True),
        ("processes.border", "processes.groups", False),
        ("evidence", "world", False),
        ("kernel", "observe", False),
        ("batch", "figures", False),
        ("twin", "kernel", False),
        ("twin", "first_state", False),
        ("twin", "outcomes", False),
        ("twin", "world", True),
        ("helpers", "errors", False),
        ("kernel", "helpers", False),
    ],
)
def test_rule_itself(user, used, is_allowed):
    assert (objection(user, used) is None) == is_allowed
