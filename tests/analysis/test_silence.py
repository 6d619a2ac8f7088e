"""Which outcomes are no results because the processes behind them are off."""

from __future__ import annotations

import pytest

from spillover import kernel
from spillover.analysis.silence import DATED, origins_of, processes_off, silent_outcomes
from spillover.evidence.changes import Change
from spillover.outcomes import OUTCOMES

PROCESSES = {process.NAME for process in kernel.SCHEDULE}


def switch(name: str, value: float = 0, start: int = 0, end: int | None = None) -> Change:
    return Change(f"structure.process.{name}", "set", value, start, end_week=end)


def test_every_outcome_comes_from_processes():
    origins = origins_of()
    assert set(origins) == set(OUTCOMES)
    assert all(found <= PROCESSES | {DATED} for found in origins.values())


@pytest.mark.parametrize(
    ("off", "silent", "alive"),
    [
        # a level of the state, an info, and flows of others
        (["water"], {"water_deficit", "farm_loss", "canal_withdrawal"}, {"unrest_weeks"}),
        (["reporting"], {"isisk_attacks_un"}, {"isisk_attacks"}),
        # others still kill and capture fighters
        (["cells"], {"counter_terror_knowledge"}, {"isisk_fighters"}),
        # levels that go on along dated series
        (["powers"], set(), {"russian_attention", "pakistan_open"}),
        ([], set(), set(OUTCOMES)),
    ],
)  # fmt: skip
def test_outcomes_are_silent_with_all_processes_behind_them(off, silent, alive):
    found = silent_outcomes(off)
    assert silent <= found and not alive & found


def test_all_is_silent_when_all_is_off_but_dated_levels():
    assert set(OUTCOMES) - silent_outcomes(PROCESSES) == {
        name for name, found in origins_of().items() if DATED in found
    }


def test_a_process_is_off_if_it_is_off_in_every_week():
    assert processes_off([switch("water"), switch("arms")]) == ("water", "arms")
    assert processes_off([switch("arms", start=3), switch("water", end=9)]) == ()
    assert processes_off([switch("arms"), switch("arms", 1)]) == ()
    assert processes_off([Change("border.posture", "set", 0.0, 0)]) == ()
