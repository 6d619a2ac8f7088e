"""A reader that goes away early, such as `head`, costs neither results nor the exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from fake_model import __file__ as fake_model_file

import spillover

SOURCE = str(Path(spillover.__file__).parents[1])


def without_reader(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command whose standard output nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [sys.executable, fake_model_file, *words],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": SOURCE},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
        )
    finally:
        os.close(writing)


@pytest.mark.skipif(os.name != "posix", reason="pipes break differently elsewhere")
def test_a_run_is_completed_and_its_exit_code_is_that_of_the_results(tmp_path: Path):
    words = ("run", "results=out", "figures=false", "engine.workers=1", "engine.block_size=10")
    done = without_reader(tmp_path, *words, "replicates=10")
    assert done.returncode == 0, done.stderr
    assert set(pd.read_csv(tmp_path / "out" / "summary.csv")["n"]) == {10}
    assert "BrokenPipe" not in done.stderr
    failed = without_reader(tmp_path, *words, "replicates=20", "set.fake.fail_at=15")
    assert failed.returncode == 2  # other settings: refused as ever
    other = without_reader(
        tmp_path, *words, "results=other", "replicates=20", "set.fake.fail_at=15"
    )
    assert other.returncode == 1


@pytest.mark.skipif(os.name != "posix", reason="pipes break differently elsewhere")
def test_help_without_reader_is_no_failure(tmp_path: Path):
    done = without_reader(tmp_path, "--help")
    assert (done.returncode, done.stderr) == (0, "")
