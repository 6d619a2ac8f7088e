"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    faults = parser.getgroup("faults")
    faults.addoption(
        "--fault-runs", type=int, default=3, help="how often each fault happens, at other moments"
    )
    faults.addoption("--fault-log", default=None, help="file for counts and durations of faults")
