"""The package as text and syntax trees, read once for all structure tests."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"


@dataclass(frozen=True)
class Module:
    """One Python file of the package: its dotted name, path from the root, text and tree."""

    name: str
    path: str
    text: str
    tree: ast.Module


def read_module(path: Path) -> Module:
    """Parse one file under src/; a package gets the name of its folder."""
    parts = path.relative_to(SRC).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    text = path.read_text(encoding="utf-8")
    return Module(name, path.relative_to(ROOT).as_posix(), text, ast.parse(text))


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def modules() -> tuple[Module, ...]:
    """Every Python file of the package."""
    found = tuple(read_module(path) for path in sorted((SRC / "spillover").rglob("*.py")))
    assert found, f"no Python file below {SRC}: the structure tests would check nothing"
    return found
