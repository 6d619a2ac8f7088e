"""Notebooks are tried on a small comparison of the made-up model."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from fake_model import fake_backend

from spillover.cli import main


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    """A folder that `spillover compare` has written."""
    folder = tmp_path_factory.mktemp("notebook") / "study"
    words = [
        "compare", "scenario=status_quo,malign_escalation",
        "policy=status_quo,full_package,border_security", "replicates=100",
        "compare.outcomes=[attacks_home]", "compare.precision.adaptive=false", "figures=false",
        "engine=serial", f"results={folder}",
    ]  # fmt: skip
    assert main(words, fake_backend) == 0
    return folder
