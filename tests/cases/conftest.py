"""The script that compares runs with expected signs, as a module."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def signs() -> ModuleType:
    """tests/cases/evaluate_signs.py, loaded by its path: tests are no package."""
    path = Path(__file__).with_name("evaluate_signs.py")
    spec = importlib.util.spec_from_file_location("evaluate_signs", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
