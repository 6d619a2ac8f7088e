"""The week on one page: the order of processes, one step, one run.

A run is a pure function of (parameters, seed, replicates). All replicates of a batch advance
together on the first axis of every array, and none of them ever sees another.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from spillover.evidence import Parameters
from spillover.first_state import first_state
from spillover.processes import (
    alliances,
    attacks,
    border,
    cells,
    diplomacy,
    groups,
    intelligence,
    plots,
    recruitment,
    reporting,
    rule,
    statecraft,
)
from spillover.state import State
from spillover.streams import Streams

SCHEDULE: tuple[ModuleType, ...] = (
    rule,
    groups,
    cells,
    recruitment,
    intelligence,
    plots,
    attacks,
    border,
    diplomacy,
    alliances,
    statecraft,
    reporting,
)
"""The processes of a week in order, as in docs/odd.md. Drivers come first: they are the dated
entries that `Parameters.at(week)` looks up."""

Watch = Callable[[int, State, dict[str, Any]], None]


def step(
    state: State, week: int, parameters: Parameters, streams: Streams
) -> tuple[State, dict[str, Any]]:
    """Advance every replicate by one week.

    Returns:
        The next state and, by process name, what was worth observing.
    """
    view = parameters.at(week)
    info: dict[str, Any] = {}
    for process in SCHEDULE:
        state, info[process.NAME] = process.step(state, week, view, streams)
    return state, info


def run(
    parameters: Parameters,
    streams: Streams,
    first_week: int,
    last_week: int,
    state: State | None = None,
    watch: Watch | None = None,
) -> State:
    """Advance from first_week up to, not including, last_week.

    Args:
        parameters: compiled for at least last_week weeks.
        streams: keyed random numbers of the batch.
        first_week: week index of the first step.
        last_week: week index after the last step.
        state: where to start; None builds the first state of August 2021.
        watch: called after each week with (week, state, info).
    """
    if state is None:
        state = first_state(parameters.at(0), streams)
    for week in range(first_week, last_week):
        state, info = step(state, week, parameters, streams)
        if watch is not None:
            watch(week, state, info)
    return state
