"""Chance has one source: addressed numbers and inversion, never a generator that is consumed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

# Where numpy's generators may stand: the table of random words, and resampling of finished results.
ALLOWED = {
    "src/spillover/streams.py": {"np.random.Philox"},
    "src/spillover/analysis/pillars.py": {"np.random.default_rng"},
    "src/spillover/analysis/elsewhere.py": {"np.random.default_rng"},
    "src/spillover/analysis/contrasts.py": {"np.random.default_rng"},
    "src/spillover/analysis/importance.py": {"np.random.default_rng"},
}
# Matrix products round as the library likes: their order of adding depends on shape and processor.
PRODUCTS = {"dot", "vdot", "inner", "tensordot", "einsum", "linalg"}
KERNEL = ("kernel", "rates", "recorder", "observe", "first_state", "processes", "outcomes", "world")


def dotted(node: ast.AST) -> str:
    """`a.b.c` of an expression of attributes."""
    return ast.unparse(node) if isinstance(node, ast.Attribute) else ""


def generators(tree: ast.AST) -> Iterator[str]:
    """Names of numpy's random numbers that a file uses, however it imports them."""
    for node in ast.walk(tree):
        name = dotted(node)
        if name.startswith(("np.random.", "numpy.random.")) and name.count(".") == 2:
            yield name
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numpy"):
            if node.module == "numpy.random":
                yield from (f"numpy.random.{alias.name}" for alias in node.names)
            elif any(alias.name == "random" for alias in node.names):
                yield "numpy.random"
        if isinstance(node, ast.Import):
            yield from (a.name for a in node.names if a.name.startswith("numpy.random"))


def products(tree: ast.AST) -> Iterator[str]:
    """Sums of products that numpy leaves to a library of linear algebra."""
    for node in ast.walk(tree):
        name = dotted(node)
        if name.startswith("np.") and name.split(".")[1] in PRODUCTS:
            yield name


def test_no_generator_is_consumed(modules):
    offenders = [
        f"{module.path}: {name}"
        for module in modules
        for name in generators(module.tree)
        if name not in ALLOWED.get(module.path, set())
    ]
    assert not offenders, "draw with streams.uniform and invert in rates.py:\n" + "\n".join(
        offenders
    )


def test_exceptions_are_still_needed(modules):
    found = {module.path: set(generators(module.tree)) for module in modules}
    assert {path: names for path, names in found.items() if names} == ALLOWED


def test_the_kernel_adds_in_a_fixed_order(modules):
    offenders = [
        f"{module.path}: {name}"
        for module in modules
        if module.name.split(".")[1:2] and module.name.split(".")[1] in KERNEL
        for name in products(module.tree)
    ]
    assert not offenders, "use rates.weighted_sums:\n" + "\n".join(offenders)


@pytest.mark.parametrize(
    "line",
    [
        "np.random.poisson(3)",
        "x = numpy.random.default_rng(1)",
        "from numpy.random import Generator",
        "from numpy import random",
        "import numpy.random as r",
    ],
)
def test_rule_itself(line):
    assert list(generators(ast.parse(line)))
    assert not list(generators(ast.parse("streams.uniform(PURPOSE, week, 3)")))
    assert list(products(ast.parse("np.einsum('ij->i', x)")))
