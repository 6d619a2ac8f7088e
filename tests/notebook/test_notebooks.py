"""The notebooks under experiments/ run from top to bottom."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "experiments" / "notebooks").glob("*.py"))


# one of them simulates the whole model twice
CASES = [
    pytest.param(path, marks=[pytest.mark.slow] if path.stem == "inside_one_world" else [])
    for path in NOTEBOOKS
]


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_notebook_runs(path, folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [path.name, str(folder)])
    runpy.run_path(str(path))
    assert "full_package" in capsys.readouterr().out
