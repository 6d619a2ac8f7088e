"""What must not happen: where the cause is taken away, the effect is zero, to the last person.

Every control runs the whole week of the model, and every one has a counterpart in which the cause
is there and the effect too, so that a zero is not the silence of a broken process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spillover import kernel
from spillover.axes import GROUPS, STATES
from spillover.clock import HORIZONS
from spillover.evidence import Change, load_tree
from spillover.observe import OUTCOMES
from spillover.processes import interdiction
from spillover.state import BASE_AFGHANISTAN, BASE_HOME, EMPTY
from spillover.streams import Streams
from spillover.world import load_world
from spillover.world.routes import routes

SEED, REPLICATES, WEEKS = 4711, 4, 60
TKM = STATES.index("TKM")
NO_FIGHTERS: Mapping[str, Any] = {
    "initial.isisk_fighters": 12.0,
    "cells.cell_size": 40.0,  # twelve men do not make a cell
    "initial.release_pool": 0.0,
    "cells.recruitment": 0.0,
    "cells.returnee_recruitment": 0.0,
    "initial.group_fighters": 0.0,
    "drivers.syria_arrivals": 0.0,
    "groups.madrassa_hazard": 0.0,
    "recruitment.path_share": (0.001, ("travel",)),  # and next to nobody travels to make one
}
"""Nobody under arms in Afghanistan but the authorities; a dozen men without a cell remain."""
NO_DRUGS: Mapping[str, Any] = {"structure.process.opium": 0, "arms.depots_start": 0.0}
"""Nothing is grown, made or sold for the routes, and no arms wait that networks could carry."""
NO_FLIGHT: Mapping[str, Any] = {
    "displacement.arrivals_base": 0.0,
    "displacement.takeover_flight": 0.0,
    "displacement.onward_hazard": 0.0,
}
HOME_PLOTS: Mapping[str, Any] = {"plots.start_hazard_home": 0.3, "recruitment.inflow": 1000.0}
"""Home cells that plot often, so that some succeed within a year."""
Read = Callable[[Any, SimpleNamespace, Any], Any]


def history(
    values: Mapping[str, Any], reads: Mapping[str, Read | None], weeks: int = WEEKS,
    first_week: int = 0, replicates: int = REPLICATES,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Weekly values [week, r, ...] of a world with some paths set; None reads the outcome named.

    A pair of values is a path set for some members of its axis only.
    """
    world = load_world()
    changes = [
        Change(path, "set", value[0], 0, members=value[1])
        if isinstance(value, tuple)
        else Change(path, "set", value, 0)
        for path, value in values.items()
    ]
    parameters = load_tree().with_changes(changes).compile(first_week + weeks, world)
    kept: dict[str, list[Any]] = {name: [] for name in reads}

    def watch(week: int, state: Any, info: dict[str, Any]) -> None:
        infos = SimpleNamespace(**info)
        for name, read in reads.items():
            found = (read or OUTCOMES[name].read)(state, infos, world)
            kept[name].append(np.asarray(found).copy())

    streams = Streams(SEED, range(replicates))
    kernel.run(parameters, streams, first_week, first_week + weeks, watch=watch)
    return {name: np.stack(rows) for name, rows in kept.items()}


def outcomes(*names: str) -> dict[str, Read | None]:
    return dict.fromkeys(names)


def afghan_plots(state, infos, world):
    """Open plots that people in Afghanistan prepare, against whomever [r]."""
    return ((state.plot_stage != EMPTY) & (state.plot_base == BASE_AFGHANISTAN)).sum(axis=1)


def home_plots(state, infos, world):
    """Open plots of home cells [r]."""
    return ((state.plot_stage != EMPTY) & (state.plot_base == BASE_HOME)).sum(axis=1)


@pytest.mark.parametrize("opened", [None, "plots.start_hazard_home", "border.infiltration"])
def test_no_attack_inside_turkmenistan_out_of_nothing(opened):
    """No recruits, nobody who crosses and nobody who plots: Turkmenistan is quiet in every week.

    With one of the three sources open it is not.
    """
    sources = {
        "plots.start_hazard_home": 0.5,
        "border.infiltration": 1.0,
    }
    nothing = {
        "plots.start_hazard_home": 0.0,
        "plots.start_hazard_abroad": 0.0,
        "border.infiltration": 0.0,
        "initial.cell_funds": 0.0,
        "cells.income": 0.0,
        "trafficking.flow_tax": 0.0,
        "recruitment.inflow": 1.0,
        "recruitment.join_hazard": 0.001,
    }
    if opened:
        nothing |= {opened: sources[opened]}
    if opened == "plots.start_hazard_home":  # plots need people, people need recruits
        nothing |= {"recruitment.inflow": 5000.0, "recruitment.join_hazard": 2.0}
    quiet = ("attacks_home", "deaths_home", "plots_started", "plots_disrupted")
    found = history(nothing, outcomes(*quiet, "infiltrations_through", "recruits"))
    at_home = {name: found[name][:, :, TKM] for name in found}
    for name in (*quiet, "recruits") if opened != "plots.start_hazard_home" else ():
        assert not at_home[name].any(), name
    assert at_home["infiltrations_through"].any() == (opened == "border.infiltration")
    assert at_home["plots_started"].any() == (opened == "plots.start_hazard_home")


def clash_histories(weeks: int, replicates: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Clashes and attacks with hazard open from the start, with and without armed groups."""
    reads = {
        "clashes": lambda s, i, w: i.fragility.clashes,
        "clash": lambda s, i, w: s.clash,
        **outcomes("isisk_attacks", "threat", "tension"),
    }
    open_ = {"fragility.hazard_open": 1.0, "fragility.clash_base": 3.0}
    there = history(open_, reads, weeks, replicates=replicates)
    without = history(open_ | NO_FIGHTERS, reads, weeks, replicates=replicates)
    return there, without


def is_same_war(there: dict[str, Any], without: dict[str, Any]) -> None:
    assert there["clashes"].any()
    for name in ("clashes", "clash"):
        assert np.array_equal(there[name], without[name]), name
    assert there["isisk_attacks"].any() and not without["isisk_attacks"].any()
    assert not np.array_equal(there["threat"], without["threat"])
    assert not np.array_equal(there["tension"], without["tension"])


def test_terrorism_causes_no_clash_between_states():
    """Week by week and bit by bit: armed groups move threat and tension, and no clash."""
    is_same_war(*clash_histories(WEEKS, 6))


@pytest.mark.slow
def test_terrorism_causes_no_clash_between_states_until_2030():
    is_same_war(*clash_histories(HORIZONS["projection"], 3))


def test_nothing_comes_from_a_quiet_afghanistan_behind_closed_borders():
    """No fighters, no drugs, no flight, no open crossing: what happens is home-grown."""
    closed = {"border.crossings_open": 0.0}
    quiet = NO_FIGHTERS | NO_DRUGS | NO_FLIGHT | HOME_PLOTS | closed
    none = (
        "frontier_attacks", "frontier_deaths", "infiltrations_tried", "infiltrations_through",
        "seizures", "drugs_seized", "arms_seized", "opiates_entered", "firefights", "arrivals",
        "refused", "arms_through", "arms_stopped", "isisk_attacks",
        "attacks_on_pakistan", "flow_tax",
    )  # fmt: skip
    reads = outcomes(*none, "attacks_home") | {
        "afghan_plots": afghan_plots,
        "home_plots": home_plots,
    }
    found = history(quiet, reads)
    for name in none:
        assert not found[name].any(), name
    assert not found["afghan_plots"].any()
    assert found["home_plots"].any() and found["attacks_home"].any()

    idle = quiet | {"plots.start_hazard_home": 0.0, "plots.start_hazard_abroad": 0.0}
    assert not history(idle, outcomes("attacks_home"))["attacks_home"].any()

    usual = history({}, reads)
    for name in set(none) - {"frontier_deaths", "firefights", "arms_seized"}:
        assert usual[name].any(), f"{name} is zero in the usual world as well"


def test_without_drugs_nothing_is_seized_or_earned_and_corruption_falls_to_its_base():
    fast = {"interdiction.corruption_speed": 0.2, "trafficking.memory": 0.8}
    reads = outcomes("seizures", "drugs_seized", "opiates_entered", "flow_tax",
                     "trafficking_profit", "corruption")  # fmt: skip
    clean = history(fast | NO_DRUGS, reads, weeks=140, replicates=2)
    usual = history(fast, reads, weeks=140, replicates=2)
    for name in ("seizures", "drugs_seized", "opiates_entered", "flow_tax"):
        assert not clean[name].any() and usual[name].any(), name
    profit = clean["trafficking_profit"]
    assert (np.diff(profit, axis=0) <= 0.0).all()
    assert (profit[-1].sum(axis=1) < 0.01 * profit[0].sum(axis=1)).all()

    world = load_world()
    view = load_tree().compile(1, world).at(0)
    par, earned = view.interdiction, interdiction.reference_profit(routes(world), view)
    base = interdiction.corruption_target(np.zeros(len(STATES)), np.zeros(len(STATES)), earned, par)
    corruption = clean["corruption"]
    assert (np.diff(corruption, axis=0) < 0.0).all()
    assert corruption[-1] == pytest.approx(np.broadcast_to(base, corruption[-1].shape), rel=0.05)
    assert (usual["corruption"][-1] > corruption[-1]).all()


def test_a_canal_that_is_not_built_adds_no_deficit():
    """In a dry summer, bit by bit the same however thirsty the land on the canal would be."""
    dry = {"drivers.amu_darya_flow": 0.4, "fragility.hazard_open": 0.0}
    shut = dry | {"drivers.qosh_tepa_completion": 0.0}
    where = {"first_week": 40, "weeks": 16}
    reads = outcomes("canal_withdrawal", "canal_irrigation", "water_deficit", "engagement")
    plain = history(shut, reads, **where)
    thirsty = history(shut | {"water.canal_loss": 0.6, "water.developed": 1.0}, reads, **where)
    built = history(dry | {"drivers.qosh_tepa_completion": 1.0}, reads, **where)
    for name in ("canal_withdrawal", "canal_irrigation"):
        assert not plain[name].any() and not thirsty[name].any() and built[name].any(), name
    for name in ("water_deficit", "engagement"):
        assert np.array_equal(plain[name], thirsty[name]), name
    assert plain["water_deficit"].any()
    assert (built["water_deficit"][-1].sum(axis=1) > plain["water_deficit"][-1].sum(axis=1)).all()


def test_without_arms_in_depots_none_go_north():
    reads = outcomes("arms_depots", "arms_leaked", "arms_north", "arms_through", "arms_stopped",
                     "arms_seized")  # fmt: skip
    empty, usual = history({"arms.depots_start": 0.0}, reads), history({}, reads)
    for name in reads:
        assert not empty[name].any(), name
    for name in set(reads) - {"arms_seized"}:
        assert usual[name].any(), name


def test_without_fighters_there_are_none():
    """The controls above rest on it: nobody is left who could join, cross or strike."""
    found = history(
        NO_FIGHTERS,
        {
            "groups": lambda s, i, w: s.fighters.sum(axis=2),
            "cells": lambda s, i, w: s.cell_fighters.sum(axis=1),
        },
    )
    assert found["groups"].shape[2] == len(GROUPS)
    assert not found["groups"].any() and not found["cells"].any()
