"""Outcomes of processes that the structure switches off: what is stored of them is no result.

Events of such a process are counted as zero and its levels stand where they began, so their numbers
look like findings. Where an outcome comes from is found by reading it once and watching what it
takes: an info by its process, a field of the state by the processes that write it. Levels that go
on along dated series while their process is off stay what they are, results of those series.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from types import SimpleNamespace
from typing import Any

from spillover import kernel
from spillover.evidence.changes import Change
from spillover.evidence.tree import load_tree
from spillover.outcomes import OUTCOMES
from spillover.streams import Streams
from spillover.world import load_world

SWITCH = "structure.process."
DATED = "dated series"
"""An origin that is never off."""


class _Watched:
    """Passes attributes on and notes their names."""

    def __init__(self, subject: Any) -> None:
        self._subject = subject
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.seen.add(name)
        return getattr(self._subject, name)


def processes_off(changes: Iterable[Change]) -> tuple[str, ...]:
    """Processes that are off from the first week to the last, in the order of the week."""
    last: dict[str, bool] = {}
    for change in changes:
        if change.path.startswith(SWITCH):
            is_whole = change.start_week == 0 and change.end_week is None
            last[change.path.removeprefix(SWITCH)] = is_whole and change.value == 0
    return tuple(p.NAME for p in kernel.SCHEDULE if last.get(p.NAME))


def silent_outcomes(off: Collection[str]) -> frozenset[str]:
    """Outcomes of states and of Afghanistan behind which every process is off."""
    if not off:
        return frozenset()
    return frozenset(name for name, origins in origins_of().items() if origins <= set(off))


@cache
def origins_of() -> dict[str, frozenset[str]]:
    """Processes behind every outcome; one that reads the map alone has none and is left out."""
    world = load_world()
    parameters, weeks = load_tree().compile(1, world), []
    kernel.run(parameters, Streams(0, range(1)), 0, 1, watch=lambda w, s, i: weeks.append((s, i)))
    ((state, info),) = weeks
    writers: dict[str, set[str]] = {}
    for process in kernel.SCHEDULE:
        for name in process.WRITES:
            writers.setdefault(name, set()).add(process.NAME)
        if hasattr(process, "rest"):
            for name in process.rest(state, parameters.at(0)):
                writers[name].add(DATED)
    found = {}
    for name, outcome in OUTCOMES.items():
        fields, infos = _Watched(state), _Watched(SimpleNamespace(**info))
        outcome.read(fields, infos, world)  # type: ignore[arg-type]
        origins = infos.seen | {w for f in fields.seen for w in writers.get(f, ())}
        if origins:
            found[name] = frozenset(origins)
    return found
