"""Every fault: clear words, nothing lost, and in the end the bytes of an undisturbed run."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from lab import Lab
from scenarios import NEED_A_DISK, SCENARIOS

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks into /proc, and counts on its signals"
)


def test_fault(name: str, fault_run: int, make_lab: Callable[..., Lab], no_disk: str) -> None:
    if name in NEED_A_DISK and no_disk:
        pytest.skip(f"{no_disk}; full_disk and turned_read_only stand in, where calls fail")
    SCENARIOS[name](make_lab(f"{name} {fault_run}"))
