"""Every test here runs the small made-up model of `fake_model.py` in its own folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # worker processes import the model by name

from fake_model import fake_backend

import spillover as package
from spillover.cli import main

FAKE_MODEL = Path(__file__).with_name("fake_model.py")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def spillover(folder: Path) -> Callable[..., int]:
    """Run one command in this process, without figures; returns its exit code."""

    def call(*words: str) -> int:
        verb, *rest = words
        is_run = verb in ("run", "sweep")
        return main([verb, *rest, *(["figures=false"] if is_run else [])], fake_backend)

    return call


@pytest.fixture
def start_process(folder: Path) -> Callable[..., subprocess.Popen[str]]:
    """Start the command line with the made-up model as a process of its own."""

    def start(*words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(FAKE_MODEL), *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start
