"""The shipped parameters, a first state, and paired runs for tests of direction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spillover import kernel
from spillover.axes import GROUPS, LEVERS, STATES
from spillover.evidence import Change, ParameterTree, load_tree
from spillover.first_state import first_state
from spillover.observe import OUTCOMES
from spillover.state import BASE_AFGHANISTAN, EMPTY, State
from spillover.streams import Streams
from spillover.world import World, load_world
from spillover.world.cohorts import by_state

SEED = 20210815
REPLICATES, WEEKS = 24, 32

# A livelier world: what is rare happens often, and what is ordered comes at once, so that a few
# replicates of some months show the sign of an effect.
LIVELY: Mapping[str, float] = {
    "border.infiltration": 1.0,
    "border.official_share": 0.5,
    "cells.northern_base": -3.0,
    "cells.external_base": -3.0,
    "plots.start_hazard_home": 0.3,
    "plots.start_hazard_abroad": 0.2,
    "recruitment.inflow": 1000.0,
    "recruitment.sentence_weeks": 20.0,
    "information.propaganda_reversion": 0.5,
    "information.closing_pace": 1.0,
    "information.closed_per_level": 0.5,
    "statecraft.programme_budget": 1000.0,
    "statecraft.repression_reversion": 0.2,
    "statecraft.legitimacy_reversion": 0.2,
    "diplomacy.engagement_reversion": 0.2,
    "diplomacy.csto_response_shift": 3.0,
    "alliances.trust_reversion": 0.2,
    "intelligence.closed_channel_loss": 1.0,
    "intelligence.fusion_gain": 1.0,
    **{f"levers.{lever}.delay": 1.0 for lever in LEVERS},
}

# Outcomes of the model, and below them flows and levels nearer to a lever than any outcome is.
NEAREST = (
    "attacks_home", "frontier_attacks", "plots_started", "plots_disrupted", "infiltrations_tried",
    "infiltrations_through", "recruits", "recruits_travelling", "exposed", "radicalised",
    "arrests", "engagement", "trust", "threat", "border_capacity_effective", "service_capacity",
    "repression", "cohesion", "csto_delivered", "policy_cost", "lever_weeks_blocked",
    "isisk_attacks", "external_attacks", "counter_terror_knowledge", "moscow_lean",
    "russian_attention", "pakistan_open", "expulsion_pakistan", "expulsion_iran", "support_china",
    "support_india", "support_azerbaijan", "online_reach", "online_reach_abroad", "closed_share",
    "propaganda_russian",
)  # fmt: skip
WATCHED: Mapping[str, Callable[[State, SimpleNamespace, World], Any]] = {
    "newly_exposed": lambda s, i, w: by_state(i.recruitment.newly_exposed, w),
    "newly_exposed_diaspora": lambda s, i, w: i.recruitment.newly_exposed[:, w.n_regions :],
    "relapses": lambda s, i, w: by_state(
        i.recruitment.freed_to_exposed + i.recruitment.treatment_failed, w
    ),
    "treated": lambda s, i, w: by_state(s.treated, w),
    "link": lambda s, i, w: i.intelligence.mean_link,
    "open_plots": lambda s, i, w: (s.plot_stage != EMPTY).sum(axis=1),
    "open_afghan_plots": lambda s, i, w: (
        (s.plot_stage != EMPTY) & (s.plot_base == BASE_AFGHANISTAN)
    ).sum(axis=1),
    "plots_refused": lambda s, i, w: i.plots.starts_refused,
    "found": lambda s, i, w: (
        i.intelligence.disrupted.sum(axis=1) + i.intelligence.disrupted_elsewhere
    ),
    "files": lambda s, i, w: s.busy,
    "journeys_stopped": lambda s, i, w: i.border.journeys_stopped,
    "stopped": lambda s, i, w: i.border.stopped.sum(axis=1),
    "tried": lambda s, i, w: i.border.tried.sum(axis=1),
    "reciprocity": lambda s, i, w: s.reciprocity,
    "exclusion": lambda s, i, w: i.rule.exclusion.mean(axis=1),
    "state_legitimacy": lambda s, i, w: s.state_legitimacy,
    "haven_etim": lambda s, i, w: s.haven[:, GROUPS.index("ETIM")],
    "haven_imu": lambda s, i, w: s.haven[:, GROUPS.index("IMU")],
    "haven_ja": lambda s, i, w: s.haven[:, GROUPS.index("JA")],
}


@dataclass(frozen=True)
class Path:
    """Weekly means of one run by name: [r] for Afghanistan or a sum, [r, c] for the states."""

    means: Mapping[str, NDArray[np.float64]]

    def read(self, name: str, state: str | None = None) -> NDArray[np.float64]:
        """Weekly mean of each replicate [r]; of one state, or summed over the five."""
        values = self.means[name]
        if values.ndim == 1:
            return values
        return values[:, STATES.index(state)] if state else values.sum(axis=1)


@pytest.fixture(scope="session")
def tree() -> ParameterTree:
    return load_tree()


@pytest.fixture(scope="session")
def world() -> World:
    return load_world()


@pytest.fixture(scope="session")
def view(tree: ParameterTree, world: World) -> Any:
    """Parameters of week 0."""
    return tree.compile(1, world).at(0)


@pytest.fixture(scope="session")
def changed(tree: ParameterTree) -> Callable[..., ParameterTree]:
    """The shipped tree with some paths set from week 0: `changed({path: value})`."""

    def build(values: Mapping[str, float], members: tuple[str, ...] | None = None) -> ParameterTree:
        def one(path: str, value: float) -> Change:
            axis = tree.entry(path).axis
            return Change(path, "set", value, 0, members=members if axis == "state" else None)

        return tree.with_changes([one(path, value) for path, value in values.items()])

    return build


@pytest.fixture(scope="session")
def view_of(changed: Callable[..., ParameterTree], world: World) -> Callable[..., Any]:
    """Parameters of week 0 with some paths set: `view_of({path: value})`."""
    return lambda values: changed(values).compile(1, world).at(0)


@pytest.fixture
def start(view: Any) -> State:
    """The first state of three replicates."""
    return first_state(view, Streams(SEED, range(3)))


@pytest.fixture
def ordered() -> Callable[..., State]:
    """`ordered(state, lever=level)`: the state with levers delivered, level a number or [c]."""

    def order(state: State, **levels: Any) -> State:
        delivered = state.delivered.copy()
        for lever, level in levels.items():
            delivered[:, :, LEVERS.index(lever)] = level
        return state.replace(delivered=delivered)

    return order


@pytest.fixture(scope="session")
def lively(tree: ParameterTree, world: World) -> Callable[..., Path]:
    """Run the lively world with some paths set: `lively({path: value}, members=("TJK",))`.

    The same replicates and streams every time, so that two runs are paired.
    """
    known: dict[str, Path] = {}

    def run(
        values: Mapping[str, float] | None = None, members: tuple[str, ...] | None = None
    ) -> Path:
        changes = [
            Change(path, "set", value, 0)
            for path, value in LIVELY.items()
            if path not in (values or {})
        ]
        changes += [
            Change(path, "set", value, 0, members=members) for path, value in (values or {}).items()
        ]
        parameters = tree.with_changes(changes).compile(WEEKS, world)
        if parameters.digest not in known:
            known[parameters.digest] = Path(_means(parameters, world))
        return known[parameters.digest]

    return run


def _means(parameters: Any, world: World) -> dict[str, NDArray[np.float64]]:
    reads = {name: OUTCOMES[name].read for name in NEAREST} | dict(WATCHED)
    sums: dict[str, Any] = dict.fromkeys(reads, 0.0)

    def watch(week: int, state: State, info: dict[str, Any]) -> None:
        infos = SimpleNamespace(**info)
        for name, read in reads.items():
            sums[name] = sums[name] + read(state, infos, world)

    kernel.run(parameters, Streams(SEED, range(REPLICATES)), 0, WEEKS, watch=watch)
    return {name: np.asarray(value, dtype=np.float64) / WEEKS for name, value in sums.items()}


@pytest.fixture(scope="session")
def moves() -> Callable[..., None]:
    """`moves(before, after, sign)`: the paired mean differs from zero by two standard errors."""

    def check(before: NDArray[Any], after: NDArray[Any], sign: int) -> None:
        difference = sign * (np.asarray(after) - np.asarray(before))
        error = difference.std(ddof=1) / np.sqrt(difference.size)
        assert difference.mean() > 0.0, f"wrong direction: {sign * difference.mean():.4g}"
        assert difference.mean() > 2.0 * error, f"{difference.mean():.4g} +- {error:.4g}"

    return check


FLOWS = {"week_opium_sold_kg": 110_000, "week_meth_kg": 7_700, "week_hashish_kg": 1_400,
         "week_arms_north": 20}  # fmt: skip


@pytest.fixture(scope="session")
def northern(changed: Callable[..., ParameterTree], world: World) -> Callable[..., Any]:
    """Run the northern route alone, other processes standing still.

    `northern({path: value}, weeks=40, week_arms_north=0)` returns the sums of the infos by process
    name, and the last state as `last`. Same replicates and streams every time.
    """
    known: dict[Any, SimpleNamespace] = {}

    def run(
        values: Mapping[str, float] | None = None, weeks: int = 40,
        members: tuple[str, ...] | None = None, levers: Mapping[str, float] | None = None,
        **fields: int,
    ) -> SimpleNamespace:  # fmt: skip
        key = repr((values, weeks, members, levers, fields))
        if key not in known:
            parameters = changed(values or {}, members).compile(weeks, world)
            streams = Streams(SEED, range(40))
            state = first_state(parameters.at(0), streams)
            n_r = state.n_replicates
            state = state.replace(
                **{name: np.full(n_r, value) for name, value in (FLOWS | fields).items()}
            )
            delivered = state.delivered.copy()
            for lever, level in (levers or {}).items():
                delivered[:, :, LEVERS.index(lever)] = level
            state = state.replace(delivered=delivered)
            known[key] = _route_weeks(parameters, state, weeks, streams)
        return known[key]

    return run


def _route_weeks(parameters: Any, state: State, weeks: int, streams: Streams) -> SimpleNamespace:
    steps = [p for p in kernel.SCHEDULE if p.NAME in ("interdiction", "networks", "trafficking")]
    sums: dict[str, dict[str, Any]] = {process.NAME: {} for process in steps}
    seizures = 0
    for week in range(weeks):
        for process in steps:
            state, info = process.step(state, week, parameters.at(week), streams)
            for name in info.__slots__:
                total = sums[process.NAME]
                total[name] = total.get(name, 0) + getattr(info, name)
        seizures = seizures + state.week_seizures
    parts = {name: SimpleNamespace(**values) for name, values in sums.items()}
    return SimpleNamespace(**parts, seizures=seizures, last=state)
