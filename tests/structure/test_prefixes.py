"""Names: booleans say is_ or has_, and one idea has one name.

The words on the left are the ones the table of names in CONTRIBUTING.md turns down; the right side
says what to write instead.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
import yaml

INSTEAD = {
    "total": "stock (amount at a date) or flow (per week)",
    "totals": "stocks or flows",
    "numbers": "stock or flow",
    "rate": "hazard (1/week), probability (per week) or share",
    "chance": "probability",
    "pct": "share, between 0 and 1",
    "percent": "share, between 0 and 1",
    "migrant": "the UNHCR type: displaced, refugee, asylum_seeker, internally_displaced, returnee",
    "migrants": "the UNHCR type: displaced, refugee, asylum_seeker, internally_displaced, returnee",
    "exit": "border_crossing (an event) or border_point (a place)",
    "gate": "border_point",
    "incident": "attack, plot or fatalities",
    "incidents": "attacks, plots or fatalities",
    "radicalisation": "recruitment (joining), or radicalised (an attitude)",
    "radicalization": "recruitment (joining), or radicalised (an attitude)",
    "drug": "cultivation_ha, production_kg or seizure_kg",
    "drugs": "cultivation_ha, production_kg or seizure_kg",
    "catch": "seizure_kg or interdiction_probability",
    "spread": "spillover, or the name of the statistic",
    "case": "scenario, cell or run",
    "kpi": "outcome",
    "sim": "run",
    "trial": "replicate or run",
}
# `control` alone is the share of Afghanistan its rulers hold; as the other run it is a baseline.
INSTEAD_OF_PHRASE = {
    "control_run": "baseline or counterfactual",
    "control_group": "baseline or counterfactual",
    "control_cell": "baseline or counterfactual",
    "control_policy": "baseline",
    "control_scenario": "baseline",
}
# Names that are somebody else's word, each with whose.
KEPT = {
    "exit_code": "the operating system's word for how a command ended",
    "drugs_and_crime": "config key of the pillar of that name, which holds several quantities",
    "spread": "the statisticians' word for how far replicates lie apart",
    "spread_evenly": "arithmetic: to divide an amount, not an effect in another state",
}
# Switches that a user types or reads as words, where a prefix would be noise.
KEPT_BOOLEANS = {
    "dry_run": "option of the command line",
    "adaptive": "config key of the command line",
    "figures": "config key of the command line",
    "fork": "config key of the command line",
    "headline": "column of the table of outcomes",
}
PREFIXES = ("is_", "has_")


def is_public(name: str) -> bool:
    """Whether a name is meant for others."""
    return not name.startswith("_")


def fields(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Line, name and annotation of every annotated name of a module or a class body."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.Module):
            for item in node.body:
                if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
                    yield item.lineno, item.target.id, ast.unparse(item.annotation)


def callables(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Public functions of a module and public methods of its classes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.Module):
            for item in node.body:
                if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) and is_public(
                    item.name
                ):
                    yield item


def public_names(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of what others can use: modules' and classes' names, and arguments."""
    for line, name, _ in fields(tree):
        yield line, name
    for function in callables(tree):
        yield function.lineno, function.name
        arguments = function.args
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            yield argument.lineno, argument.arg
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.Module):
            for item in node.body:
                if isinstance(item, ast.Assign):
                    yield from (
                        (item.lineno, t.id) for t in item.targets if isinstance(t, ast.Name)
                    )


def words(name: str) -> list[str]:
    """The words of a snake_case or CamelCase name, in lower case."""
    spaced = "".join(f"_{c.lower()}" if c.isupper() else c for c in name)
    return (name.lower() if name.isupper() or "_" in name else spaced).strip("_").split("_")


def better_name(name: str) -> str | None:
    """What to call an idea instead, or None when the name is fine."""
    plain = "_".join(words(name))
    if plain in KEPT:
        return None
    for phrase, instead in INSTEAD_OF_PHRASE.items():
        if phrase in plain:
            return instead
    return next((INSTEAD[word] for word in words(name) if word in INSTEAD), None)


def parameter_keys(node: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Dotted path and last key of every group and entry of a parameter file."""
    if isinstance(node, dict) and "unit" not in node:
        for key, child in node.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, str(key)
            yield from parameter_keys(child, here)


def test_booleans_say_is_or_has(modules):
    offenders = []
    for module in modules:
        for line, name, annotation in fields(module.tree):
            is_boolean = annotation.split(" | ")[0] == "bool"
            if is_boolean and not name.strip("_").startswith(PREFIXES):
                offenders.append((module.path, line, name))
        for function in callables(module.tree):
            returns = ast.unparse(function.returns) if function.returns else ""
            if returns == "bool" and not function.name.startswith(PREFIXES):
                offenders.append((module.path, function.lineno, function.name))
    wrong = [f"{p}:{line}: '{name}'" for p, line, name in offenders if name not in KEPT_BOOLEANS]
    assert not wrong, "booleans start with is_ or has_:\n" + "\n".join(wrong)


def test_one_idea_has_one_name(modules):
    offenders = [
        f"{module.path}:{line}: '{name}'; write {instead}"
        for module in modules
        for line, name in public_names(module.tree)
        if is_public(name) and (instead := better_name(name))
    ]
    assert not offenders, "\n".join(offenders)


def test_parameters_use_the_names_too(root):
    files = sorted((root / "src/spillover/parameters").rglob("*.yaml"))
    assert files, "no parameter file was found"
    offenders = [
        f"{file.name}: '{path}'; write {instead}"
        for file in files
        for path, key in parameter_keys(yaml.safe_load(file.read_text(encoding="utf-8")))
        if (instead := better_name(key))
    ]
    assert not offenders, "\n".join(offenders)


@pytest.mark.parametrize(
    ("name", "is_refused"),
    [
        ("detection_rate", True),
        ("TotalFlow", True),
        ("KPI", True),
        ("N_INCIDENTS", True),
        ("control_run", True),
        ("control", False),
        ("rates", False),
        ("exit_code", False),
        ("castle", False),
        ("moderate_share", False),
    ],
)
def test_rule_itself(name, is_refused):
    assert (better_name(name) is not None) == is_refused
