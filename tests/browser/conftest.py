"""`make test-browser`: the report in a headless Chromium, on a small comparison."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))

from fake_model import fake_backend

from spillover.cli import main

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@pytest.fixture(scope="session")
def chromium() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a headless Chromium; the tests are skipped where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser: none of {', '.join(NAMES)} is installed")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"]
        command = [found, *flags, "--virtual-time-budget=5000", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture(scope="session")
def compared(tmp_path_factory) -> Path:
    """A folder that `spillover compare` has written."""
    folder = tmp_path_factory.mktemp("browser") / "study"
    words = [
        "compare", "scenario=status_quo,malign_escalation",
        "policy=status_quo,full_package,border_security", "replicates=100",
        "compare.outcomes=[attacks_home]", "compare.precision.adaptive=false", "figures=false",
        "engine=serial", f"results={folder}",
    ]  # fmt: skip
    assert main(words, fake_backend) == 0
    return folder
