"""The week on one page: the order of processes, one step, one run.

A run is a pure function of (parameters, seed, replicates). All replicates of a batch advance
together on the first axis of every array, and none of them ever sees another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from types import ModuleType
from typing import Any

import numpy as np

from spillover.evidence import Parameters
from spillover.first_state import first_state
from spillover.processes import (
    alliances,
    arms,
    attacks,
    border,
    cells,
    diplomacy,
    displacement,
    fragility,
    groups,
    information,
    intelligence,
    interdiction,
    networks,
    opium,
    plots,
    powers,
    recruitment,
    reporting,
    rule,
    statecraft,
    trade,
    trafficking,
    water,
)
from spillover.state import State
from spillover.streams import Streams

SCHEDULE: tuple[ModuleType, ...] = (
    powers,
    water,
    rule,
    opium,
    arms,
    groups,
    cells,
    information,
    recruitment,
    intelligence,
    plots,
    attacks,
    border,
    interdiction,
    networks,
    trafficking,
    displacement,
    trade,
    diplomacy,
    alliances,
    statecraft,
    fragility,
    reporting,
)
"""The processes of a week in order, as in docs/odd.md. Drivers come first: they are the dated
entries that `Parameters.at(week)` looks up."""

EVENT = "week_"
"""Fields of the state that begin so hold the events of one week and are written anew each week."""
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
        state, info[process.NAME] = act(process, state, week, view, streams)
    return state, info


def act(
    process: ModuleType, state: State, week: int, view: Any, streams: Streams
) -> tuple[State, Any]:
    """One process in one week, or its silence where the structure switches it off."""
    after, info = process.step(state, week, view, streams)
    if getattr(view.structure.process, process.NAME):
        return after, info
    return silent(process, state, view, info)


def silent(process: ModuleType, state: State, view: Any, info: Any) -> tuple[State, Any]:
    """What a process leaves that does not act: levels at rest, no events, no information.

    Levels stay as they were, but those that follow dated series go on along them: a process that
    has such levels says so in `rest(state, view)`. The step is computed for the shapes of its info
    and thrown away; draws are addressed, so no other draw moves.

    Args:
        process: the process that is switched off.
        state: the state in front of it.
        view: parameters of the week.
        info: what it would have said; counts become 0, levels unknown (NaN).
    """
    dated = process.rest(state, view) if hasattr(process, "rest") else {}
    events = [name for name in process.WRITES if name.startswith(EVENT)]
    nothing = {name: np.zeros_like(getattr(state, name)) for name in events}
    unsaid = {field.name: unknown(getattr(info, field.name)) for field in fields(info)}
    return state.replace(**dated, **nothing), type(info)(**unsaid)


def unknown(values: Any) -> Any:
    """Zeros for counts and flags, NaN for levels, in the shape of the values."""
    values = np.asarray(values)
    return np.full_like(values, np.nan if values.dtype.kind == "f" else 0)


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
