"""House rules that a reader can rely on: small documented pieces that know no machine."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

LONGEST_FUNCTION = 60  # lines with its docstring; the aim is 40
LONGEST_FILE = 400  # lines; the aim is 300
TEXT = {
    ".py",
    ".yaml",
    ".yml",
    ".csv",
    ".md",
    ".toml",
    ".json",
    ".geojson",
    ".txt",
    ".lock",
    ".cff",
}
PLACES = ("src", "configs", "docs", "experiments", ".ci")
# Folders that belong to a machine or a person; a web address may contain such a word.
MACHINE = re.compile(r"(?<![\w.:/~})-])/(?:home|root|work|tmp|opt|mnt|Users|usr/local)/|\b[A-Z]:\\")
# Where packages are fetched from is the business of whoever installs them.
REGISTRY = re.compile(
    r"\bpypi\b|pythonhosted|\bregistry\.[a-z-]+\.(?:org|com|io|net)\b|\b(?:index-url|find-links)\b",
    re.I,
)


def definitions(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Qualified name and node of every class, function and method, nested ones included."""
    for node in ast.iter_child_nodes(tree):
        is_named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if is_named:
            yield node.name, node
        for name, inner in definitions(node):
            yield (f"{node.name}.{name}" if is_named else name), inner


def public_definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Classes and functions of a module and methods of its classes that others may use."""
    for item in tree.body:
        if isinstance(item, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if item.name.startswith("_"):
                continue
            yield item.name, item
            if isinstance(item, ast.ClassDef):
                yield from (
                    (f"{item.name}.{method.name}", method)
                    for method in item.body
                    if isinstance(method, ast.FunctionDef) and not method.name.startswith("_")
                )


def n_lines(node: ast.AST) -> int:
    """Lines from the definition to its end."""
    return node.end_lineno - node.lineno + 1


def mentions(pattern: re.Pattern, text: str) -> Iterator[tuple[int, str]]:
    """Line number and matched text of every match."""
    for number, line in enumerate(text.splitlines(), start=1):
        if match := pattern.search(line):
            yield number, match.group()


def test_no_file_knows_a_machine_or_a_registry(root):
    files = [path for place in PLACES for path in sorted((root / place).rglob("*"))]
    files += [path for path in sorted(root.iterdir()) if path.suffix in TEXT]
    files += [root / "Makefile", root / ".ci" / "run"]
    offenders = [
        f"{path.relative_to(root)}:{line}: {found}"
        for path in files
        if path.is_file() and (path.suffix in TEXT or path.name in {"Makefile", "run"})
        for pattern in (MACHINE, REGISTRY)
        for line, found in mentions(pattern, path.read_text(encoding="utf-8"))
    ]
    assert not offenders, "\n".join(offenders)


def test_public_objects_are_documented(modules):
    offenders = [
        module.path for module in modules if module.text and not ast.get_docstring(module.tree)
    ]
    offenders += [
        f"{module.path}:{node.lineno}: {name}"
        for module in modules
        for name, node in public_definitions(module.tree)
        if not ast.get_docstring(node)
    ]
    assert not offenders, "without a docstring:\n" + "\n".join(offenders)


def test_functions_are_short(modules):
    offenders = [
        f"{module.path}:{node.lineno}: {name} has {n_lines(node)} lines"
        for module in modules
        for name, node in definitions(module.tree)
        if not isinstance(node, ast.ClassDef) and n_lines(node) > LONGEST_FUNCTION
    ]
    assert not offenders, f"more than {LONGEST_FUNCTION} lines:\n" + "\n".join(offenders)


def test_files_are_short(modules):
    lengths = {module.path: len(module.text.splitlines()) for module in modules}
    offenders = [f"{path}: {n} lines" for path, n in lengths.items() if n > LONGEST_FILE]
    assert not offenders, f"more than {LONGEST_FILE} lines:\n" + "\n".join(offenders)


@pytest.mark.parametrize(
    ("pattern", "text", "is_found"),
    [
        (MACHINE, "see " + "/home" + "/someone/model", True),
        (MACHINE, "open('" + "/tmp" + "/x')", True),
        (MACHINE, "C:" + "\\model", True),
        (MACHINE, "https://example.org/home/report.pdf", False),
        (MACHINE, "doi 10.1000/work/7", False),
        (REGISTRY, "pip install --extra-index-url somewhere", True),
        (REGISTRY, "find the links of an index", False),
        (REGISTRY, "registry" + ".example.org", True),
        (REGISTRY, "registry.items()", False),
    ],
)
def test_patterns_themselves(pattern, text, is_found):
    assert bool(pattern.search(text)) == is_found
