"""A process that the structure switches off is silent; the others go on with their work."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from spillover import kernel
from spillover.axes import STATES
from spillover.errors import UserError
from spillover.state import FIELDS

PROCESSES = {process.NAME: process for process in kernel.SCHEDULE}
N_WEEKS = 60


def written_by_others(name: str) -> set[str]:
    return {f for p in kernel.SCHEDULE if name != p.NAME for f in p.WRITES}


@pytest.fixture(scope="module")
def without(compiled, weeks, set_to, busy_world):
    """`without(name)`: weeks of the busy world with one process switched off."""

    def run(name: str):
        switch = set_to(f"structure.process.{name}", 0)
        return weeks(compiled([*busy_world, switch], N_WEEKS), 5, range(2), N_WEEKS)

    return run


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_that_is_off_changes_nothing_and_says_nothing(name, without):
    process, n_weeks, first = PROCESSES[name], 0, None
    own = set(process.WRITES) - written_by_others(name)
    for week in without(name):
        n_weeks += 1
        first = first or week.before
        if week.number % 10 not in (0, 9):  # some processes take turns; looking costs time
            continue
        for field in FIELDS:
            values = getattr(week.after, field)
            assert values.dtype.kind != "f" or np.isfinite(values).all(), field
            if field in process.WRITES and field.startswith("week_"):
                assert not values.any(), field
            elif field in own - set(at_rest(process, week)):
                assert np.array_equal(values, getattr(first, field)), field
        allowed = events(process, week.leaving[name]) | at_rest(process, week)
        assert week.entering[name].replace(**allowed) == Same(week.leaving[name])
        for field in dataclasses.fields(getattr(week.infos, name)):
            said = getattr(getattr(week.infos, name), field.name)
            assert np.isnan(said).all() if said.dtype.kind == "f" else not said.any(), field.name
    assert n_weeks == N_WEEKS


def events(process, state):
    return {f: getattr(state, f) for f in process.WRITES if f.startswith("week_")}


def at_rest(process, week):
    """Levels that follow dated series while a process is off."""
    rest = getattr(process, "rest", lambda state, view: {})
    return rest(week.entering[process.NAME], week.view)


class Same:
    """Equal to a state whose arrays are equal."""

    def __init__(self, state):
        self.state = state

    def __eq__(self, other):
        return all(np.array_equal(getattr(self.state, f), getattr(other, f)) for f in FIELDS)


@pytest.mark.parametrize("name", PROCESSES)
def test_on_means_as_if_there_were_no_switch(name, compiled, weeks, set_to, differences):
    plain = compiled([], 3)
    on = compiled([set_to(f"structure.process.{name}", 1)], 3)
    for one, other in zip(weeks(plain, 2, range(2), 3), weeks(on, 2, range(2), 3), strict=True):
        assert not differences(one.after, other.after)


RESTING = [name for name, process in PROCESSES.items() if hasattr(process, "rest")]


def test_the_processes_with_dated_levels_have_a_rest():
    assert RESTING == ["powers", "trade", "fragility"]


@pytest.mark.parametrize("name", RESTING)
def test_a_rest_is_made_of_levels_that_the_process_writes(name, weeks, compiled):
    process = PROCESSES[name]
    week = next(iter(weeks(compiled([], 2), 5, range(2), 2)))
    state = week.entering[name]
    for field, values in process.rest(state, week.view).items():
        assert field in process.WRITES and not field.startswith("week_"), field
        assert values.dtype == getattr(state, field).dtype, field
        assert values.shape == getattr(state, field).shape, field


def test_history_goes_on_without_a_process(compiled, weeks, set_to):
    """Off, the war, trade after the takeover and the end of the clash of 2021 still come."""
    off = [set_to(f"structure.process.{name}", 0) for name in RESTING]
    week = list(weeks(compiled(off, N_WEEKS), 5, range(2), N_WEEKS))
    first, early, last = week[0].after, week[40].after, week[-1].after
    assert (first.russian_attention == 1).all() and (last.russian_attention < 0.8).all()
    assert (first.trade_index < 0.95).all() and (last.trade_index > 0.9).all()
    kgz = STATES.index("KGZ")
    assert (first.shock[:, kgz] > 0.1).all() and (early.shock[:, kgz] < 0.03).all()
    assert (last.shock[:, kgz] > 0.4).all()  # the clash of September 2022


def test_the_others_are_at_work(without, weeks, compiled, busy_world):
    """Switching attacks off leaves no attack, and recruits and plots go on."""
    counts = dict.fromkeys(("attacks", "recruits", "started"), 0)
    for week in without("attacks"):
        counts["attacks"] += week.infos.attacks.attacks.sum()
        counts["recruits"] += week.infos.recruitment.recruits.sum()
        counts["started"] += week.infos.plots.started.sum()
    assert counts["attacks"] == 0 and counts["recruits"] > 0 and counts["started"] > 0


def test_a_process_may_be_switched_on_again(compiled, weeks, set_to):
    """Silence ends with its last week: attacks come back in week 6."""
    off = set_to("structure.process.attacks", 0, end_week=6)
    counts = [w.infos.attacks.attacks.sum() for w in weeks(compiled([off], 12), 5, range(4), 12)]
    assert not any(counts[:6]) and sum(counts[6:]) > 0


@pytest.mark.parametrize(
    "path", ["structure.process.water", "structure.coupling.relocation", "structure.rival.routes"]
)
def test_a_switch_half_on_is_refused(path, compiled, set_to):
    from spillover.consistency import require_consistent

    require_consistent(compiled([set_to(path, 1)], 4).at(0))
    with pytest.raises(UserError, match="do not fit together") as caught:
        require_consistent(compiled([set_to(path, 0.5)], 4).at(0))
    assert "structure" in str(caught.value)
