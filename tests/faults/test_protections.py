"""Each protection is needed: without it, the scenario that it is for notices."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from lab import Lab
from scenarios import SCENARIOS

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="looks into /proc, and counts on its signals"
)

NEEDED_FOR = {
    "rename": ("power_cut", "does not match the checksum|its manifest is damaged"),
    "flush": ("power_cut", "does not match the checksum|its manifest is damaged"),
    "order": ("power_cut", "its receipt is missing|file is missing"),
    "clean_up": ("power_cut", "not as in an undisturbed run"),
    "checksum": ("flipped_bit", "as they were written"),
    "seal": ("flipped_manifest", "it is not the same as manifest.json"),
    "retry": ("killed_worker", "died 1 times"),
    "quarantine": ("poison", "died 4 times"),
    "watch": ("orphans", "outlive their supervisor"),
    "signal": ("interrupted", "Traceback"),
    "lock": ("two_sweeps", r"exit codes \[0, 0\]"),
    "stop_on_full_disk": ("full_disk", "every chunk fails with the same error"),
    "monotonic": ("changed_clock", '"seconds": '),
    "replacement": ("killed_compaction", "rows are lost or count twice"),
    "new_before_old": ("killed_compaction", "rows are lost or count twice"),
}
"""Protection: scenario that it is for, and what that says without it."""
MOMENTS = 30
"""At one of so many moments it is noticed; most protections are missed at the first or second."""


@pytest.mark.slow
@pytest.mark.parametrize("protection", NEEDED_FOR)
def test_without_a_protection_its_scenario_notices(
    protection: str, make_lab: Callable[..., Lab]
) -> None:
    name, words = NEEDED_FOR[protection]
    with pytest.raises(AssertionError, match=words):
        for moment in range(MOMENTS):
            SCENARIOS[name](make_lab(f"{name} {moment}", without=protection))
