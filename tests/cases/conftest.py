"""The script that compares runs with expected signs, and the lively world of tests/processes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_by_path(name: str, path: Path) -> ModuleType:
    """A module by the path of its file: tests are no package."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def signs() -> ModuleType:
    """tests/cases/evaluate_signs.py."""
    return load_by_path("evaluate_signs", Path(__file__).with_name("evaluate_signs.py"))


@pytest.fixture(scope="session")
def process_fixtures() -> ModuleType:
    """tests/processes/conftest.py: LIVELY and WATCHED."""
    path = Path(__file__).parents[1] / "processes" / "conftest.py"
    return load_by_path("process_fixtures", path)
