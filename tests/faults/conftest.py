"""Each fault happens several times, at moments that a fixed seed decides; a log counts them."""

from __future__ import annotations

import os
import platform
import random
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))  # the made-up model
sys.path.insert(0, str(Path(__file__).parent))

from lab import SWEEP, Lab, no_small_disk_because
from scenarios import SCENARIOS, START_WORKERS, WITHOUT_CHANCE


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each fault so many times, apart from those that can happen in one way only."""
    if "fault_run" not in metafunc.fixturenames:
        return
    runs = metafunc.config.getoption("--fault-runs")
    cases = [
        pytest.param(name, run, marks=pytest.mark.slow if name in START_WORKERS else ())
        for name in SCENARIOS
        for run in range(1 if name in WITHOUT_CHANCE else runs)
    ]
    metafunc.parametrize(("name", "fault_run"), cases)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a sweep to which nothing happens."""
    lab = Lab(tmp_path_factory.mktemp("undisturbed"), Path(), random.Random(0))
    code, text = lab.here(*SWEEP)
    assert code == 0, text
    return lab.out


@pytest.fixture(scope="session")
def no_disk(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Why there can be no small disk, or nothing."""
    return no_small_disk_because(tmp_path_factory.mktemp("probe"))


@pytest.fixture
def make_lab(tmp_path_factory: pytest.TempPathFactory, undisturbed: Path) -> Callable[..., Lab]:
    """Make a folder for a scenario; the seed of its moments is printed when it fails."""
    labs = []

    def make(seed: str, without: str = "") -> Lab:
        print(f"seed {seed!r}")
        folder = tmp_path_factory.mktemp("fault")
        labs.append(Lab(folder, undisturbed, random.Random(seed), without))
        return labs[-1]

    yield make
    for lab in labs:
        lab.clean()


_reports: dict[str, list[pytest.TestReport]] = defaultdict(list)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    is_result = report.when == "call" or report.outcome != "passed"
    if is_result and "faults/" in report.nodeid:
        parts = report.nodeid.rpartition("[")[2].rstrip("]").split("-")
        (name,) = [part for part in parts if not part.isdigit()]
        is_about_protection = "test_protections" in report.nodeid
        _reports[f"without {name}" if is_about_protection else name].append(report)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the log: machine, and for each fault how often, how it ended, and how long it took."""
    file = session.config.getoption("--fault-log")
    if not file:
        return
    lines = [
        f"machine: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}",
        f"{'fault':<28}  times passed failed skipped  median s  longest s",
    ]
    for name, reports in _reports.items():
        outcomes = [report.outcome for report in reports]
        passed, failed, skipped = (outcomes.count(o) for o in ("passed", "failed", "skipped"))
        seconds = sorted(report.duration for report in reports)
        lines.append(
            f"{name:<28} {len(reports):>6} {passed:>6} {failed:>6} {skipped:>7} "
            f"{seconds[len(seconds) // 2]:>9.1f} {seconds[-1]:>10.1f}"
        )
        reasons = {str(r.longrepr[2]) for r in reports if isinstance(r.longrepr, tuple)}
        lines += [f"  skipped because: {reason}" for reason in sorted(reasons)]
    Path(file).write_text("\n".join(lines) + "\n", encoding="utf-8")
