"""Twins of the channels alone: the kernel goes on beside them and is their only surroundings.

What a channel reads comes from the kernel every week, so a difference lies in the channel itself.
Beside the state its accounts are compared too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from spillover.axes import LEVERS
from spillover.evidence import Change, ParameterTree
from spillover.state import State
from spillover.twin import (
    fragility,
    information,
    interdiction,
    networks,
    powers,
    trade,
    trafficking,
    water,
)
from spillover.twin.agents import Cell
from spillover.twin.model import TwinModel
from spillover.world.subset import SMALL_MAP, small_world

Weeks = Iterator[tuple[str, list[str], TwinModel]]

# ---- powers, water, information, trade, fragility -----------------------------------------------

AROUND = (powers, water, information, trade, fragility)
STORMY = {
    "fragility.hazard_open": 1,
    "fragility.unrest_base": 1.5,
    "fragility.clash_base": 2,
    "fragility.shock_shortest": 3,
    "fragility.shock_longest": 9,
    "groups.attack_hazard": 0.01,
    "plots.start_hazard_home": 5,
    "powers.closing_from_attacks": 0.5,
    "powers.support_from_bargaining": 0.5,
    "drivers.pakistan_border_open": 0.6,
    "trade.opening_weeks": 4,
    "trade.russian_route_cost": 0.4,
    "trade.sabotage_per_attack": 0.02,
    "trade.start_progress": 0.97,
    "trade.works_begin": 0,
    "trade.works_factor": 8,
    "water.demand_factor": 2.5,
    "water.flow": 30,
    "water.treaty_per_level": 0.4,
    "drivers.qosh_tepa_completion": 0.8,
}
"""Unrest, clashes, corridors that open and are damaged, a short river, shut crossings."""
BY_STATE = {
    "engagement": "engagement", "state_legitimacy": "legitimacy", "repression": "repression",
    "corruption": "corruption", "refugees": "refugees", "week_home_attacks": "week_home_attacks",
}  # fmt: skip
BY_PROVINCE = ("promise_kept", "control", "week_attacks", "week_armed_attacks")
OUTSIDE = ("week_russian_attacks", "week_pakistan_attacks", "week_foreign_attacks")


def surround(twin: TwinModel, state: State) -> None:
    """Give the twin what its five channels read of others."""

    def values(name: str) -> Any:
        return getattr(state, name)[0].tolist()

    for name in OUTSIDE:
        setattr(twin.outside, name, values(name))
    for name, attribute in BY_STATE.items():
        for agent, value in zip(twin.states, values(name), strict=True):
            setattr(agent, attribute, value)
    for agent, levels in zip(twin.states, values("delivered"), strict=True):
        agent.delivered = dict(zip(LEVERS, levels, strict=True))
    for name in BY_PROVINCE:
        for province, value in zip(twin.provinces, values(name), strict=True):
            setattr(province, name, value)
    for group, fighters in zip(twin.groups, values("fighters"), strict=True):
        group.fighters = fighters
    twin.isisk.week_flow_tax_usd = values("week_flow_tax_usd")[0]
    twin.isisk.cells = [Cell(twin, 0, twin.provinces[0], sum(values("cell_fighters")))]


@pytest.fixture(scope="module")
def weeks_beside(beside) -> Callable[..., Weeks]:
    """(parameters, n_weeks, seed) -> these five channels beside the kernel."""
    return partial(beside, modules=AROUND, surround=surround)


def assert_equal(weeks: Weeks) -> None:
    """No field and no account differs in any week."""
    for where, found, _ in weeks:
        assert not found, f"{where}: {found}"


@pytest.fixture(scope="module")
def stormy(worlds) -> dict[str, float]:
    """Changes under which everything of these channels happens, with all levers ordered."""
    return worlds["ordered"] | STORMY


def test_channels_around_with_a_full_package(weeks_beside, package, worlds, small_map, compiled):
    parameters = compiled(small_map, worlds["documented"], 52, people=5000, more=package)
    assert_equal(weeks_beside(parameters, 52, seed=4))


def test_channels_around_in_a_storm_that_blows(weeks_beside, stormy, small_map, compiled):
    names = ("started", "clashes", "opening", "damage", "closing", "farm_loss", "taken_down")
    seen = dict.fromkeys(names, False)
    for where, found, twin in weeks_beside(compiled(small_map, stormy, 60, 5000), 60, seed=7):
        assert not found, f"{where}: {found}"
        for name in names:
            seen[name] |= bool(np.any(np.asarray(twin.flows.get(name, 0))))
    assert all(seen.values()), seen


@pytest.mark.slow
@pytest.mark.parametrize("name", ["documented", "lively", "uncoupled"])
def test_channels_around_on_the_whole_map(weeks_beside, name, worlds, full_map, compiled):
    assert_equal(weeks_beside(compiled(full_map, worlds[name], 60), 60, seed=5))


@pytest.mark.slow
def test_channels_around_in_a_storm_over_the_whole_map(weeks_beside, stormy, full_map, compiled):
    assert_equal(weeks_beside(compiled(full_map, stormy, 60), 60, seed=5))


@pytest.mark.slow
def test_channels_around_beyond_the_dates_of_works(weeks_beside, worlds, small_map, compiled):
    """After week 229 all works have begun, plans go on and shocks are chance."""
    assert_equal(
        weeks_beside(compiled(small_map, worlds["ordered"], 250, people=3000), 250, seed=2)
    )


@pytest.mark.parametrize("missing", [("AF-BAL",), ("TJ-GB", "TJ-KT"), ("KG-O",)])
def test_channels_around_on_maps_without_canal_upper_river_or_state(
    weeks_beside, missing, stormy, full_map, compiled
):
    places = [place for place in SMALL_MAP if place not in missing]
    assert_equal(
        weeks_beside(compiled(small_world(full_map, places), stormy, 12, people=3000), 12, seed=6)
    )


def moved_off(tree: ParameterTree, groups: set[str]) -> list[Change]:
    """Every number of these groups a twelfth off its place, or off zero."""
    changes = []
    for path, entry in tree.entries.items():
        if path.split(".")[0] not in groups:
            continue
        low, high = entry.bounds
        for position, value in enumerate(entry.values[0].members):
            up = value * 13 / 12 if value else max(low, 0.1)
            number = up if low <= up <= high else value * 11 / 12
            members = (entry.members[position],) if entry.axis else None
            number = min(max(number, low), high)
            changes.append(Change(path, "set", number, start_week=0, members=members, layer="user"))
    return changes


def test_channels_around_with_every_number_moved(weeks_beside, tree, stormy, small_map, compiled):
    """What is neutral as documented acts here, so no term can be missing without notice."""
    changes = moved_off(tree, {process.NAME for process in AROUND})
    assert len(changes) > 350
    kept = {path: value for path, value in stormy.items() if not path.startswith("trade.")}
    assert_equal(weeks_beside(compiled(small_map, kept, 30, people=3000, more=changes), 30, seed=1))


@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        (powers, "SMOOTHING_WEEKS", 13),
        (powers, "MOST_SUPPORT", 1.0),
        (water, "CANAL_PROVINCES", ("AF-TAK",)),
        (information, "_told", lambda model, language: 0.0),
        (trade, "NOISE_WEEKS", 8),
        (trade, "READY", 0.98),
        (trade, "OUTLETS", ("north_south",)),
        (fragility, "PAIR", ("KGZ", "UZB")),
        (fragility, "_fade", lambda strength, weeks: (strength, max(weeks - 1, 0))),
    ],
)
def test_a_wrong_rule_of_the_channels_around_is_found(
    weeks_beside, process, name, value, stormy, small_map, compiled, monkeypatch
):
    monkeypatch.setattr(process, name, value)
    weeks = weeks_beside(compiled(small_map, stormy, 24, people=3000), 24, seed=7)
    first = next((where for where, found, _ in weeks if found), "nowhere")
    assert process.NAME in first


def test_lasting_deviates_of_trade_last_when_everyone_draws_for_itself(small_map, compiled):
    parameters = compiled(small_map, {}, 54, people=1000)
    twin = TwinModel(parameters, 3, flows="own", processes=["trade"])
    delays = [corridor.delay_deviate for corridor in twin.corridors]
    noises = []
    for _ in range(54):
        twin.step()
        noises.append([state.trade_noise for state in twin.states])
    assert [corridor.delay_deviate for corridor in twin.corridors] == delays
    assert len(set(delays)) == len(delays)
    assert all(noise == noises[0] for noise in noises[:52])
    assert noises[52] == noises[53] != noises[0]


# ---- interdiction, networks, trafficking --------------------------------------------------------

NORTHERN = (interdiction, networks, trafficking)
LOSSY = {
    "interdiction.interception": 0.45,
    "interdiction.hits_prior": 0.01,
    "interdiction.learning": 0.6,
    "interdiction.corruption_speed": 0.2,
    "networks.networks_start": 70.9,
    "networks.own_learning": 1.0,
    "networks.pooling": 0.5,
    "networks.founding": 500.0,
    "networks.closing_hazard": 5.0,
    "networks.running_cost": 12_345.6,
    "networks.founding_capital": 99_999.9,
    "networks.working_capital": 333_333.7,
    "networks.route_response": 40.0,
    "trafficking.firefight_base": 0.3,
    "trafficking.firefight_per_patrol": 0.9,
    "trafficking.flow_tax": 0.8,
    "trafficking.memory": 0.9,
    "trafficking.opium_share": 0.4,
}
"""Many losses, so that services and networks have much to learn; networks come and go."""
ROADS = {
    "documented": {},
    "lossy": LOSSY,
    "nobody learns": LOSSY | {"structure.rival.routes": 1},
    "full roads": {
        "trafficking.legs_per_week": 1,
        "trafficking.consignment_size": 1,
        "trafficking.consignment_log_sd": 0.0,
        "trafficking.north_share": 0.4,
    },
    "one week north": {"trafficking.legs_per_week": 14, "trafficking.consignment_log_sd": 2.0},
}
HAPPENS = {
    "documented": ("seizures", "sent", "flow_tax_usd", "consolidate", "shift", "expand"),
    "lossy": ("founded", "closed", "slots_refused", "firefights", "firefight_deaths", "double"),
    "nobody learns": ("founded", "seizures"),
    "full roads": ("refused",),
    "one week north": ("delivered",),
}
"""What must be seen in a run, so that it proves something."""


def surround_route(twin: TwinModel, state: State) -> None:
    """Give the twin what the northern route reads of others."""

    def values(name: str) -> Any:
        return getattr(state, name)[0].tolist()

    for link, patrols in zip(twin.links, values("link_patrols"), strict=True):
        link.patrols = patrols
    for agent, levels in zip(twin.states, values("delivered"), strict=True):
        agent.delivered = dict(zip(LEVERS, levels, strict=True))
    for agent, arms in zip(twin.states, values("arms_circulating"), strict=True):
        agent.arms_circulating = arms
    for group, fighters in zip(twin.groups, values("fighters"), strict=True):
        group.fighters = fighters
    cells = zip(values("cell_place"), values("cell_fighters"), strict=True)
    twin.isisk.cells = [
        Cell(twin, slot, twin.provinces[place], fighters)
        for slot, (place, fighters) in enumerate(cells)
        if place >= 0
    ]
    twin.opium_traders.price = values("opium_price")
    twin.opium_traders.week_sold_kg = values("week_opium_sold_kg")
    twin.laboratories.week_meth_kg = values("week_meth_kg")
    twin.laboratories.week_hashish_kg = values("week_hashish_kg")
    twin.arms_market.week_north = values("week_arms_north")


def assert_well_formed(twin: TwinModel) -> None:
    """Slots and owners fit, and whoever is gone is gone."""
    route = twin.route
    for slots, crowd in ((route.networks, route.at_work()), (route.consignments, None)):
        assert all(agent is None or agent.index == slot for slot, agent in enumerate(slots))
        crowd = route.on_the_way() if crowd is None else crowd
        if crowd:
            assert set(crowd) == set(twin.agents_by_type[type(crowd[0])])
    for load in route.on_the_way():
        assert route.networks[load.network.index] is load.network
        assert load.amount > 0
        assert 0 <= load.leg < len(load.way.edges)


@pytest.fixture(scope="module")
def route_beside(beside) -> Callable[..., Weeks]:
    """(parameters, n_weeks, seed) -> the three processes of the route beside the kernel."""
    return partial(beside, modules=NORTHERN, surround=surround_route)


def assert_route_equal(weeks: Weeks) -> set[str]:
    """No field and no account differs in any week; return the accounts that were not all zero."""
    seen = set()
    for where, found, twin in weeks:
        assert not found, f"{where}: {found}"
        if where.split(", ")[-1] != NORTHERN[-1].NAME:
            continue  # the week of the route is not over
        assert_well_formed(twin)
        seen |= {name for name, values in twin.flows.items() if np.any(values)}
        seen |= {network.mode for network in twin.route.at_work()}
        if any(state.week_seizures for state in twin.states):
            seen.add("seizures")
        owners = [edge for edge in twin.route.losses if edge]
        if sum(state.week_seizures for state in twin.states) > len(owners):
            seen.add("double")  # a network lost two consignments in a week
    return seen


@pytest.mark.parametrize("name", ROADS)
def test_northern_route(route_beside, name, small_map, compiled):
    seen = assert_route_equal(
        route_beside(compiled(small_map, ROADS[name], 52, people=1000), 52, seed=5)
    )
    assert set(HAPPENS[name]) <= seen


def test_without_networks_nothing_goes_north(route_beside, small_map, compiled):
    """Goods stop for twenty weeks, all idle networks close, and then nobody is there."""
    none_left = {"networks.least_capital": 10_000_000, "networks.founding": 0.0}
    supply = ("trafficking.north_share", "trafficking.meth_north_share", "opium.hashish_north",
              "arms.north_share")  # fmt: skip
    stop = [Change(path, "set", 0.0, start_week=0, end_week=20, layer="user") for path in supply]
    parameters = compiled(small_map, none_left, 24, people=2000, more=stop)
    assert {"closed", "refused"} <= assert_route_equal(route_beside(parameters, 24, seed=5))


def test_northern_route_with_a_full_package(route_beside, package, small_map, compiled):
    parameters = compiled(small_map, LOSSY, 52, people=2000, more=package)
    assert {"frozen_usd", "tax_frozen_usd"} <= assert_route_equal(
        route_beside(parameters, 52, seed=3)
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["documented", "lively", "ordered", "uncoupled"])
def test_northern_route_on_the_whole_map(route_beside, name, package, worlds, full_map, compiled):
    values = worlds[name] | ({} if name == "documented" else LOSSY)
    more = package if name == "documented" else ()
    assert_route_equal(route_beside(compiled(full_map, values, 60, more=more), 60, seed=11))


@pytest.mark.parametrize("missing", [("AF-TAK",), ("TJ-GB", "TJ-KT"), ("UZ-SU",), ("TM-L",)])
def test_northern_route_on_other_maps(route_beside, missing, full_map, compiled):
    places = [place for place in SMALL_MAP if place not in missing]
    assert_route_equal(
        route_beside(compiled(small_world(full_map, places), LOSSY, 14, people=1000), 14, seed=6)
    )


def test_northern_route_with_every_number_moved(route_beside, tree, small_map, compiled):
    """What is neutral as documented acts here, so no term can be missing without notice."""
    changes = moved_off(tree, {process.NAME for process in NORTHERN})
    assert len(changes) > 90
    levers = ("anti_corruption", "finance_tracking", "surveillance_technology", "joint_patrols")
    ordered = {f"levers.{name}.target": 1 for name in levers}
    assert_route_equal(
        route_beside(compiled(small_map, ordered, 40, people=2000, more=changes), 40, seed=1)
    )


@pytest.mark.parametrize(
    ("process", "name", "value"),
    [
        (interdiction, "REALLOCATION_WEEKS", 8),
        (interdiction, "SEASON_WEEKS", 26),
        (networks, "home_weight", lambda model, province: float(province.is_at_border)),
        (networks, "loss_probability", lambda way, risk: sum(risk[e.index] for e in way.edges)),
        (networks, "_usual_money", lambda model: 13.0),
        (trafficking, "SMOOTHING_WEEKS", 13),
        (trafficking, "_reach", lambda model, network: network.capital_usd + 1),
        (trafficking, "MOST_PATROLS", 0.5),
        (trafficking, "MOST_SENT", {"opiates": 32, "meth": 16, "hashish": 8, "arms": 8}),
        (trafficking, "lever_mean", lambda model, name: 0.0),
    ],
)
def test_a_wrong_rule_of_the_northern_route_is_found(
    route_beside, process, name, value, package, small_map, compiled, monkeypatch
):
    monkeypatch.setattr(process, name, value)
    parameters = compiled(small_map, LOSSY, 20, people=1000, more=package)
    weeks = route_beside(parameters, 20, 7)
    first = next((where for where, found, _ in weeks if found), "nowhere")
    assert first.endswith(f" {process.NAME}")
