"""Runs of the whole week with every state between two processes kept, shared by kernel tests."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spillover import kernel
from spillover.axes import LEVERS
from spillover.evidence import Change, Parameters, ParameterTree, draw, load_tree
from spillover.first_state import first_state
from spillover.state import FIELDS, State
from spillover.streams import Streams
from spillover.world import World, load_world

sys.path.insert(0, str(Path(__file__).parent))  # for the decorator in any_world.py


@dataclass(frozen=True)
class Week:
    """One week of a batch: the state at both ends, the infos, and the state around each process."""

    number: int
    view: Any
    before: State
    after: State
    infos: SimpleNamespace
    entering: dict[str, State]
    leaving: dict[str, State]

    def switch(self, process: str) -> int:
        """1 where a process acts in this week, 0 where the structure switches it off."""
        return int(getattr(self.view.structure.process, process))


def change(path: str, value: float, op: str = "set", start: int = 0, **more: Any) -> Change:
    """A change by a user that holds from week `start` on."""
    return Change(path=path, op=op, value=value, start_week=start, layer="user", **more)


def march(parameters: Parameters, seed: int, replicates: range, n_weeks: int) -> Iterator[Week]:
    """Every week of a run, process by process."""
    streams = Streams(seed, replicates)
    state = first_state(parameters.at(0), streams)
    for number in range(n_weeks):
        view, before, infos = parameters.at(number), state, {}
        entering, leaving = {}, {}
        for process in kernel.SCHEDULE:
            entering[process.NAME] = state
            state, infos[process.NAME] = kernel.act(process, state, number, view, streams)
            leaving[process.NAME] = state
        yield Week(number, view, before, state, SimpleNamespace(**infos), entering, leaving)


def differing(one: State, other: State) -> list[str]:
    """Names of the fields whose arrays differ in any bit of meaning: shape, type or value."""
    names = []
    for name in FIELDS:
        a, b = getattr(one, name), getattr(other, name)
        if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=a.dtype.kind == "f"):
            names.append(name)
    return names


def rows(state: State, chosen: Any) -> State:
    """Some replicates of a batch as a state of their own."""
    return State(**{f.name: getattr(state, f.name)[chosen] for f in fields(State)})


@pytest.fixture(scope="session")
def world() -> World:
    """The network of provinces, regions and links."""
    return load_world()


@pytest.fixture(scope="session")
def tree() -> ParameterTree:
    """Parameters as documented."""
    return load_tree()


@pytest.fixture(scope="session")
def compiled(tree: ParameterTree, world: World) -> Callable[..., Parameters]:
    """(changes, n_weeks) -> parameters of a run."""
    return lambda changes=(), n_weeks=60: tree.with_changes(changes).compile(n_weeks, world)


@pytest.fixture(scope="session")
def weeks() -> Callable[..., Iterator[Week]]:
    """The function `march`."""
    return march


@pytest.fixture(scope="session")
def set_to() -> Callable[..., Change]:
    """The function `change`."""
    return change


@pytest.fixture(scope="session")
def differences() -> Callable[[State, State], list[str]]:
    """The function `differing`."""
    return differing


@pytest.fixture(scope="session")
def some_rows() -> Callable[[State, Any], State]:
    """The function `rows`."""
    return rows


@pytest.fixture(scope="session")
def busy_world() -> tuple[Change, ...]:
    """Changes that make every flow of the model happen within half a year."""
    return (
        change("groups.northward_displacement", 0.02),
        change("groups.commander_defections", 3.0),
        change("groups.relocation_hazard", 2.0),
        change("groups.disengagement_hazard", 0.2),
        change("drivers.syria_arrivals", 6.0),
        change("drivers.prison_releases", 5.0),
        change("plots.start_hazard_home", 0.5),
        change("plots.start_hazard_abroad", 1.0),
        change("plots.preparation_elsewhere", 6.0),
        change("plots.preparation_afghanistan", 6.0),
        change("cells.external_base", -1.0),
        change("cells.northern_base", -1.5),
        change("cells.operations_hazard", 3.0),
        change("border.infiltration", 0.5),
        change("rule.pay_factor", 0.8),
        change("attacks.frontier_hazard_allied", 0.05),
        change("networks.closing_hazard", 2.0),
        change("fragility.hazard_open", 1),
        change("fragility.unrest_base", 1.0),
        change("fragility.clash_base", 1.0),
        change("displacement.visa_quota", 500),
        change("trade.works_factor", 10),
        change("trade.opening_weeks", 1),
        change("levers.finance_tracking.target", 3),
        change("levers.arms_control.target", 3),
    )


@pytest.fixture(scope="session")
def lasting_plots(busy_world: tuple[Change, ...]) -> tuple[Change, ...]:
    """The busy world with plots that neither end nor are found, until their table is full."""
    changes = [
        *busy_world,
        change("plots.preparation_elsewhere", 500),
        change("plots.preparation_afghanistan", 500),
        change("cells.external_base", 0),
        change("intelligence.hazard_base", 0),
        change("intelligence.hazard_capacity", 0),
    ]
    return tuple({c.path: c for c in changes}.values())


@pytest.fixture(scope="session")
def crowded_cells() -> tuple[Change, ...]:
    """Many small cells that may not grow, and many who join, until the table of cells is full."""
    return (
        change("initial.isisk_fighters", 6000),
        change("cells.cell_size", 4),
        change("cells.cell_minimum", 3),
        change("cells.cell_largest", 4),
        change("groups.commander_defections", 100),
    )


@pytest.fixture(scope="session")
def crowded_roads(busy_world: tuple[Change, ...]) -> tuple[Change, ...]:
    """Many small and slow consignments and many new networks, until both tables are full."""
    return (
        *busy_world,
        change("trafficking.consignment_size", 1),
        change("trafficking.legs_per_week", 1),
        change("networks.founding", 500),
    )


@pytest.fixture(scope="session")
def world_of(
    compiled: Callable[..., Parameters],
    busy_world: tuple[Change, ...],
    lasting_plots: tuple[Change, ...],
    crowded_cells: tuple[Change, ...],
    crowded_roads: tuple[Change, ...],
) -> Callable[[str], list[Week]]:
    """`world_of(name)`: every week of a named world, for the accounts of people and of money."""
    worlds = {
        "documented": ((), 11, 4, 52),
        "busy": (busy_world, 5, 6, 60),
        "alone": (busy_world, 8, 1, 20),
        "crowded_cells": (crowded_cells, 2, 2, 12),
        "lasting_plots": (lasting_plots, 2, 2, 40),
        "crowded_roads": (crowded_roads, 2, 2, 40),
    }
    known: dict[str, list[Week]] = {}

    def run(name: str) -> list[Week]:
        if name not in known:
            changes, seed, n_replicates, n_weeks = worlds[name]
            run_of = march(compiled(changes, n_weeks), seed, range(n_replicates), n_weeks)
            known[name] = list(run_of)
        return known[name]

    return run


@pytest.fixture(scope="session")
def drawn_world(
    tree: ParameterTree, compiled: Callable[..., Parameters], busy_world: tuple[Change, ...]
) -> Callable[[int, int, Sequence[int], bool], Iterator[Week]]:
    """`drawn_world(seed, draw, lever levels, is_busy)`: twenty weeks under a draw of the priors."""

    def run(seed: int, index: int, levels: Sequence[int], is_busy: bool) -> Iterator[Week]:
        orders = [
            change(f"levers.{lever}.target", level)
            for lever, level in zip(LEVERS, levels, strict=True)
        ]
        own = {c.path: c for c in [*(busy_world if is_busy else ()), *orders]}
        changes = [*draw(tree, seed, index), *own.values()]
        return march(compiled(changes, 20), seed, range(2), 20)

    return run


@pytest.fixture(scope="session")
def silent_flows() -> Callable[..., list[str]]:
    """`silent_flows(weeks, names)`: accounts with one of the names that stay zero in all weeks.

    A name alone asks every process that has it: a loss of cells does not stand for one of groups.
    `process.name` asks that process only.
    """

    def find(all_weeks: list[Week], names: tuple[str, ...]) -> list[str]:
        seen: dict[str, int] = {}
        for week in all_weeks:
            for process, info in vars(week.infos).items():
                for name in info.__slots__:
                    account = f"{process}.{name}"
                    if {name, account} & set(names):
                        count = int(np.count_nonzero(getattr(info, name)))
                        seen[account] = seen.get(account, 0) + count
        known = {*seen, *(account.split(".")[1] for account in seen)}
        assert known >= set(names), f"no such account: {sorted(set(names) - known)}"
        return sorted(account for account, count in seen.items() if count == 0)

    return find
