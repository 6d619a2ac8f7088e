"""The kernel beside the twin: the only place where the two meet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spillover import kernel
from spillover.axes import LEVERS
from spillover.batch.backend import model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import make_plan
from spillover.clock import week_start
from spillover.evidence import Change, Parameters, ParameterTree, load_tree
from spillover.first_state import first_state
from spillover.state import State
from spillover.streams import Streams
from spillover.twin import SCHEDULE, TwinModel, twin_state
from spillover.twin.compare import Difference, differences
from spillover.world import World, load_world
from spillover.world.subset import (
    SIX_PLACES,
    SIX_PLACES_WITHOUT_RUSSIA,
    scaled,
    small_world,
)

PEOPLE = 50_000


@dataclass(frozen=True)
class Mismatch:
    """The first week and process after which twin and kernel differ, and in what."""

    week: int
    process: str
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        """All fields that differ."""
        return f"week {self.week}, after {self.process}: " + "; ".join(map(str, self.differences))


def change(path: str, value: float, op: str = "set", start: int = 0) -> Change:
    """A change by a user from week `start` on."""
    return Change(path=path, op=op, value=value, start_week=start, layer="user")


LIVELY = {
    "groups.northward_displacement": 0.02,
    "groups.commander_defections": 3.0,
    "groups.relocation_hazard": 2.0,
    "groups.disengagement_hazard": 0.2,
    "drivers.syria_arrivals": 6.0,
    "drivers.prison_releases": 5.0,
    "plots.start_hazard_home": 0.5,
    "plots.start_hazard_abroad": 1.0,
    "plots.preparation_elsewhere": 6.0,
    "plots.preparation_afghanistan": 6.0,
    "cells.external_base": -1.0,
    "cells.northern_base": -1.5,
    "cells.operations_hazard": 3.0,
    "border.infiltration": 0.5,
    "rule.pay_factor": 0.8,
    "attacks.frontier_hazard_allied": 0.05,
    "diplomacy.csto_response_shift": 3.0,
}
"""What is rare happens often."""
CROWDED = {
    "initial.isisk_fighters": 6000,
    "cells.cell_size": 4,
    "cells.cell_minimum": 3,
    "cells.cell_largest": 4,
    "groups.commander_defections": 100,
}
"""No cell is free, so men wait and cells swell."""

COUPLINGS = (
    "narcotics_finance",
    "aid_and_returnees",
    "auxiliaries",
    "engagement_target",
    "relocation",
    "water_tension",
    "border_displacement",
    "threat_to_moscow",
    "ukraine_war",
)


def ordered(level: float) -> dict[str, float]:
    """Every lever ordered at one level, with the money to deliver it."""
    targets = {f"levers.{lever}.target": level for lever in LEVERS}
    return {**targets, "statecraft.programme_budget": 1000.0}


def kernel_fields(state: State, names: Iterable[str], row: int = 0) -> dict[str, NDArray[Any]]:
    """Fields of one replicate of the kernel."""
    return {name: getattr(state, name)[row] for name in names}


UNKEPT = {"by_deaths"}
"""Accounts that the twin does not keep: a histogram of what `deaths` counts."""


def account_differences(ours: Mapping[str, Any], info: Any, row: int = 0) -> list[Difference]:
    """Where the accounts of a week differ; every account of the kernel must be there."""
    mine, theirs = {}, {}
    for field in fields(info):
        if field.name not in UNKEPT:
            mine[field.name] = np.asarray(ours[field.name])
            kernels = np.asarray(getattr(info, field.name))
            theirs[field.name] = kernels[row] if kernels.ndim > mine[field.name].ndim else kernels
    return differences(mine, theirs)


Surround = Callable[[TwinModel, State], None]


def channel_differences(module: ModuleType, twin: TwinModel, state: State, info: Any) -> list[str]:
    """Fields, and accounts unless there is no info yet, of one process of the twin that differ."""
    ours = {name: np.asarray(values) for name, values in module.fields(twin).items()}
    found = differences(ours, kernel_fields(state, ours))
    if info is not None:
        found += account_differences(twin.flows, info)
    return [str(difference) for difference in found]


def channels_beside(
    parameters: Parameters,
    n_weeks: int,
    seed: int,
    modules: Sequence[ModuleType],
    surround: Surround,
) -> Iterator[tuple[str, list[str], TwinModel]]:
    """Some processes of the twin beside the whole kernel: where, what differs, and the twin.

    `surround` gives the twin, before each of its processes, what others have written.
    """
    streams = Streams(seed, [0])
    state = first_state(parameters.at(0), streams)
    twins = {module.NAME: module for module in modules}
    twin = TwinModel(parameters, seed, processes=list(twins))
    for name, module in twins.items():
        yield f"first state of {name}", channel_differences(module, twin, state, None), twin
    for week in range(n_weeks):
        twin.begin_week()
        for process in kernel.SCHEDULE:
            module = twins.get(process.NAME)
            if module:
                surround(twin, state)
                module.step(twin)
            state, info = process.step(state, week, parameters.at(week), streams)
            if module:
                found = channel_differences(module, twin, state, info)
                yield f"week {week}, {process.NAME}", found, twin
        twin.end_week()


@pytest.fixture(scope="session")
def beside() -> Callable[..., Iterator[tuple[str, list[str], TwinModel]]]:
    """(parameters, n_weeks, seed, modules, surround) -> weeks of `channels_beside`."""
    return channels_beside


def first_mismatch(
    parameters: Parameters, n_weeks: int, seed: int, replicate: int = 0
) -> Mismatch | None:
    """Run both side by side and compare state and accounts after every process."""
    streams = Streams(seed, [replicate])
    state = first_state(parameters.at(0), streams)
    twin = TwinModel(parameters, seed, replicate, flows="shared")
    twins = {process.NAME: process for process in SCHEDULE}

    def compare(week: int, name: str, info: Any = None) -> Mismatch | None:
        ours = twin_state(twin)
        found = differences(ours, kernel_fields(state, ours))
        if info is not None:
            found += account_differences(twin.accounts[name], info)
        return Mismatch(week, name, tuple(found)) if found else None

    if found := compare(-1, "the first state"):
        return found
    for week in range(n_weeks):
        twin.begin_week()
        for process in kernel.SCHEDULE:
            state, info = process.step(state, week, parameters.at(week), streams)
            twin.act(twins[process.NAME])
            if found := compare(week, process.NAME, info):
                return found
        twin.end_week()
    return None


@pytest.fixture(scope="session")
def tree() -> ParameterTree:
    """Parameters as documented."""
    return load_tree()


@pytest.fixture(scope="session")
def full_map() -> World:
    """All 87 places."""
    return load_world()


@pytest.fixture(scope="session")
def small_map(full_map: World) -> World:
    """Five provinces and nine regions of all five states, on which every channel is at work."""
    return small_world(full_map)


@pytest.fixture(scope="session")
def six_places(full_map: World) -> World:
    """Two provinces and four regions, with a way to Russia."""
    return small_world(full_map, SIX_PLACES)


@pytest.fixture(scope="session")
def six_without_russia(full_map: World) -> World:
    """Three provinces and three regions, without a way to Russia and without a canal."""
    return small_world(full_map, SIX_PLACES_WITHOUT_RUSSIA)


@pytest.fixture(scope="session")
def compiled(tree: ParameterTree) -> Callable[..., Parameters]:
    """(world, {path: value}, n_weeks, people, changes) -> parameters for so many on that map."""

    def build(
        world: World,
        values: Mapping[str, float],
        n_weeks: int,
        people: int = PEOPLE,
        more: Iterable[Change] = (),
    ) -> Parameters:
        smaller, changes = scaled(world, tree.compile(1, world), people)
        own = [change(path, value) for path, value in values.items()]
        again = {change.path for change in [*changes, *own]}
        kept = [
            change
            for change in more
            if change.layer != "user" or change.op == "scale" or change.path not in again
        ]
        return tree.with_changes([*changes, *kept, *own]).compile(n_weeks, smaller)

    return build


@pytest.fixture(scope="session")
def mismatch() -> Callable[..., Mismatch | None]:
    """The function `first_mismatch`."""
    return first_mismatch


@pytest.fixture(scope="session")
def worlds() -> dict[str, dict[str, float]]:
    """Changes of named worlds."""
    return {
        "documented": {},
        "lively": LIVELY,
        "crowded": LIVELY | CROWDED,
        "ordered": LIVELY | ordered(2),
        "tipping": LIVELY | {"structure.rival.recruitment": 2, "structure.rival.bargaining": 1},
        "uncoupled": LIVELY | {f"structure.coupling.{name}": 0 for name in COUPLINGS},
    }


@pytest.fixture(scope="session")
def composed() -> Callable[..., tuple[Change, ...]]:
    """Words of the command line -> the changes of that run, in force from the first week."""

    def changes(*words: str) -> tuple[Change, ...]:
        config = compose_config([*words, "horizon=hindcast", f"start.date={week_start(0)}"])
        return tuple(make_plan(config, model_backend(), is_sweep=False).cells[0].changes)

    return changes


@pytest.fixture(scope="session")
def package(composed: Callable[..., tuple[Change, ...]]) -> tuple[Change, ...]:
    """The changes of the policy full_package."""
    return composed("policy=full_package")
