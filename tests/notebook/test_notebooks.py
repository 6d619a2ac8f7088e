"""The notebooks under experiments/ run from top to bottom."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "experiments" / "notebooks").glob("*.py"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook_runs(path, folder, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [path.name, str(folder)])
    runpy.run_path(str(path))
    assert "full_package" in capsys.readouterr().out
