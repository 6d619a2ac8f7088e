"""Twins of opium, arms and displacement alone: the kernel goes on beside them.

What a channel reads comes from the kernel every week, so a difference lies in the channel itself.
Beside the state its accounts are compared too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from spillover import kernel, rates
from spillover.axes import LEVERS
from spillover.evidence import Change, Parameters, ParameterTree
from spillover.first_state import first_state
from spillover.state import State
from spillover.streams import Streams
from spillover.twin import arms, displacement, opium
from spillover.twin.arithmetic import spread
from spillover.twin.model import TwinModel
from spillover.world.subset import SMALL_MAP, small_world

Weeks = Iterator[tuple[str, list[str], TwinModel]]

OUT = (opium, arms, displacement)
FLEEING = {
    "arms.local_share": 0.6,
    "arms.north_share": 0.3,
    "arms.onward_share": 0.5,
    "displacement.attack_avoidance": 0.2,
    "displacement.families_per_fighter": 3,
    "displacement.flight_factor": 6,
    "displacement.flight_per_attack": 0.002,
    "displacement.onward_refugees": 1,
    "displacement.openness_loss_from_load": 40,
    "drivers.syria_arrivals": 6,
    "opium.livelihoods_given": 0.3,
    "opium.price_noise": 0.2,
    "opium.yield_sd": 15,
    "rule.faction_split": 0.5,
}
"""Many on the move, arms that pass from state to state, harvests that vary."""
ENTERING = {
    "displacement.arrivals_base": 60,
    "displacement.deportation": 20,
    "displacement.takeover_flight": 8,
    "displacement.visa_quota": 3,
}
"""By how much the few who enter the five states are multiplied."""


def surround(twin: TwinModel, state: State) -> None:
    """Give the twin what opium, arms and displacement read of others."""

    def put(agents: list[Any], attribute: str, values: Any) -> None:
        for agent, value in zip(agents, values[0].tolist(), strict=True):
            setattr(agent, attribute, value)

    for name in ("control", "loyalty", "week_attacks", "week_armed_attacks"):
        put(twin.provinces, name, getattr(state, name))
    put(twin.links, "detection", state.link_detection)
    put(twin.links, "perceived_detection", state.perceived_detection)
    put(twin.states, "engagement", state.engagement)
    put(twin.states, "threat", state.threat)
    put(twin.hosts, "expulsion", state.expulsion)
    for agent, levels in zip(twin.states, state.delivered[0].tolist(), strict=True):
        agent.delivered = dict(zip(LEVERS, levels, strict=True))


def channel(module: ModuleType) -> Any:
    """The kernel's process of the same name."""
    return next(process for process in kernel.SCHEDULE if process.NAME == module.NAME)


@pytest.fixture(scope="module")
def leaving(beside) -> Callable[..., Weeks]:
    """(parameters, n_weeks, seed) -> these three processes beside the kernel."""
    return partial(beside, modules=OUT, surround=surround)


def assert_equal(weeks: Weeks) -> None:
    """No field and no account differs in any week."""
    for where, found, _ in weeks:
        assert not found, f"{where}: {found}"


def moved_off(tree: ParameterTree) -> list[Change]:
    """Every number of these processes a twelfth off its place, or off zero."""
    changes = []
    for path, entry in tree.entries.items():
        if path.split(".")[0] not in {module.NAME for module in OUT}:
            continue
        low, high = entry.bounds
        for position, value in enumerate(entry.values[0].members):
            up = value * 13 / 12 if value else max(low, 0.1)
            number = min(max(up if up <= high else value * 11 / 12, low), high)
            members = (entry.members[position],) if entry.axis else None
            changes.append(Change(path, "set", number, start_week=0, members=members, layer="user"))
    return changes


@pytest.fixture(scope="module")
def fleeing(worlds, compiled) -> Callable[..., Parameters]:
    """(world, n_weeks, people, changes) -> parameters under which these three channels are busy."""

    def build(world, n_weeks, people=20_000, more=()):
        many = [
            Change(path, "scale", factor, start_week=0, layer="user")
            for path, factor in ENTERING.items()
        ]
        values = worlds["ordered"] | FLEEING
        return compiled(world, values, n_weeks, people=people, more=[*many, *more])

    return build


def test_those_who_leave_with_a_full_package(leaving, package, worlds, small_map, compiled):
    parameters = compiled(small_map, worlds["lively"], 60, people=5000, more=package)
    assert_equal(leaving(parameters, 60, 4))


def test_those_who_leave_are_many(leaving, fleeing, small_map):
    """Two harvests, and every account of the three channels is moved at least once."""
    names = [f.name for module in OUT for f in fields(channel(module).Info)]
    seen = dict.fromkeys(names, False)
    run = leaving(fleeing(small_map, 104), 104, 5)
    for where, found, twin in run:
        assert not found, f"{where}: {found}"
        for name in names:
            seen[name] |= bool(np.any(np.asarray(twin.flows.get(name, 0))))
    assert [name for name, happened in seen.items() if not happened] == ["at_bound"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["documented", "lively", "uncoupled"])
def test_those_who_leave_on_the_whole_map(leaving, name, worlds, full_map, compiled):
    assert_equal(leaving(compiled(full_map, worlds[name], 60), 60, 5))


@pytest.mark.slow
def test_many_leave_on_the_whole_map(leaving, fleeing, full_map):
    assert_equal(leaving(fleeing(full_map, 60, people=50_000), 60, 5))


@pytest.mark.slow
def test_those_who_leave_until_2030(leaving, fleeing, small_map):
    """All sowings and harvests, bans that wear out, hosts that run empty."""
    assert_equal(leaving(fleeing(small_map, 490, people=3000), 490, 2))


def test_a_price_at_its_bound(leaving, worlds, small_map, compiled):
    values = worlds["lively"] | {"opium.price_start": 25, "opium.price_noise": 0.5}
    seen = False
    run = leaving(compiled(small_map, values, 20, people=1000), 20, 1)
    for where, found, twin in run:
        assert not found, f"{where}: {found}"
        seen |= bool(twin.flows.get("at_bound"))
    assert seen


@pytest.mark.parametrize("missing", [("AF-PAN",), ("TJ-GB", "TJ-KT"), ("KG-O",)])
def test_those_who_leave_on_maps_without_a_province_or_a_state(leaving, missing, fleeing, full_map):
    places = [place for place in SMALL_MAP if place not in missing]
    parameters = fleeing(small_world(full_map, places), 12, people=3000)
    assert_equal(leaving(parameters, 12, 6))


@pytest.mark.parametrize("seed", [1, 2])
def test_those_who_leave_with_every_number_moved(leaving, seed, tree, small_map, compiled):
    """What is neutral as documented acts here, so no term can be missing without notice."""
    changes = moved_off(tree)
    assert len(changes) > 120
    kept = {path: value for path, value in FLEEING.items() if path.startswith(("rule", "drivers"))}
    parameters = compiled(small_map, kept, 60, people=20_000, more=changes)
    assert_equal(leaving(parameters, 60, seed))


@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        (opium, "LOWEST", 400.0),
        (opium, "FIRST_YEAR", 2020),
        (opium, "_done", lambda par, calendar_week: float(calendar_week > 15)),
        (arms, "_link_shares", lambda model: [1 / len(model.links)] * len(model.links)),
        (arms, "weak", lambda model, province: 1.0),
        (displacement, "TO_ONE_STATE", 200),
        (displacement, "food_need", lambda model: 0.6),
        (displacement, "_near", lambda model, host: [1.0] * len(model.provinces)),
    ],
)
def test_a_wrong_rule_of_those_who_leave_is_found(
    leaving, process, name, value, fleeing, small_map, monkeypatch
):
    monkeypatch.setattr(process, name, value)
    parameters = fleeing(small_map, 40, people=5000)
    run = leaving(parameters, 40, 7)
    first = next((where for where, found, _ in run if found), "nowhere")
    assert process.NAME in first


@pytest.mark.slow
def test_own_draws_of_those_who_leave_have_the_same_means(fleeing, small_map):
    """Within a wide band of chance; a year has one yield in both."""
    n_twin, n_kernel, weeks = 40, 400, 48
    parameters = fleeing(small_map, weeks, people=3000)
    names = ("opium_price", "farm_income_usd", "arms_circulating", "refugees", "displaced")
    ours: dict[str, list[float]] = {name: [] for name in names}
    for replicate in range(n_twin):
        twin = TwinModel(parameters, 3, replicate, "own", [module.NAME for module in OUT])
        start = first_state(parameters.at(0), Streams(1, [0]))
        surround(twin, start)
        for _ in range(weeks):
            twin.step()
        values = {name: v for module in OUT for name, v in module.fields(twin).items()}
        for name in names:
            ours[name].append(float(np.sum(values[name])))
        twin.close()
    streams = Streams(2, range(n_kernel))
    state = first_state(parameters.at(0), streams)
    state = state.replace(
        **{
            name: np.repeat(getattr(start, name), n_kernel, axis=0)
            for name in ("week_attacks", "week_armed_attacks")
        }
    )
    for week in range(weeks):
        for module in OUT:
            state, _ = channel(module).step(state, week, parameters.at(week), streams)
    for name in names:
        theirs = getattr(state, name).reshape(n_kernel, -1).sum(axis=1)
        error = np.sqrt(np.var(ours[name]) / n_twin + theirs.var() / n_kernel)
        assert abs(np.mean(ours[name]) - theirs.mean()) < 4 * error, name
        assert 0.6 < np.std(ours[name]) / theirs.std() < 1.6, name


@pytest.mark.parametrize("n", [0, 7, 177_000, 425_000_000])
def test_spreading_to_the_unit_breaks_no_tie_by_rounding(n):
    weights = [5 / 7, 2 / 21, 1 / 21, 1 / 7, 0.0]
    assert spread(n, weights) == rates.spread_evenly(np.array(n), np.array(weights)).tolist()
    assert sum(spread(n, weights)) == n
