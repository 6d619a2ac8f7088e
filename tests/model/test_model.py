"""The Mesa front door gives the numbers of the kernel and behaves as Mesa people expect."""

from __future__ import annotations

import mesa
import pandas as pd
import pytest

from spillover.agents import (
    CellAgent,
    CorridorAgent,
    GroupAgent,
    NetworkAgent,
    PowerAgent,
    StateAgent,
)
from spillover.axes import CORRIDORS, GROUPS, POWERS, STATES
from spillover.batch.backend import model_backend
from spillover.errors import UserError
from spillover.model import SpilloverModel
from spillover.observe import simulate
from spillover.state import NETWORK_MODES

BRANCH = "2021-12-05"  # week 16, so that a short run has a branch in it


def stepped(n_weeks: int, **arguments: object) -> SpilloverModel:
    model = SpilloverModel(start=BRANCH, seed=7, **arguments)  # type: ignore[arg-type]
    for _ in range(n_weeks):
        model.step()
    return model


@pytest.mark.slow
def test_same_seed_and_replicate_give_the_numbers_of_the_kernel_to_the_bit() -> None:
    model = SpilloverModel(
        scenario="malign_escalation", policy="full_package", replicate=2, start=BRANCH, seed=7
    )
    while model.running:
        model.step()
    frame, backend = model.plan.frame, model_backend()
    tree = backend.tree.with_changes(model.plan.cells[0].changes)
    parameters = backend.compile(tree, frame.n_weeks)
    whole = simulate(parameters, 7, 0, 3, frame.n_weeks, frame.branch_week, 3)
    ours = model.observed()
    for name in ("outcomes", "places"):
        theirs = getattr(whole, name)
        theirs = theirs[theirs.replicate == 2].reset_index(drop=True)
        pd.testing.assert_frame_equal(getattr(ours, name), theirs, check_exact=True)


def test_agents_are_views_on_the_state() -> None:
    model = stepped(3)
    kinds = model.agents_by_type
    assert len(kinds[StateAgent]) == len(STATES)
    assert len(kinds[GroupAgent]) == len(GROUPS)
    assert len(kinds[CellAgent]) == int((model.state.cell_place[0] >= 0).sum())
    assert len(kinds[NetworkAgent]) == int((model.state.network_home[0] >= 0).sum()) > 0
    money = sum(agent.capital_usd for agent in kinds[NetworkAgent])
    assert money == int(model.state.network_capital_usd[0].sum())
    loads = sum(agent.consignments for agent in kinds[NetworkAgent])
    assert loads == int((model.state.consignment_network[0] >= 0).sum())
    assert {agent.mode for agent in kinds[NetworkAgent]} <= set(NETWORK_MODES)
    assert [agent.name for agent in kinds[CorridorAgent]] == list(CORRIDORS)
    built = [agent.progress for agent in kinds[CorridorAgent]]
    assert built == model.state.corridor_progress[0].tolist()
    assert [agent.support for agent in kinds[PowerAgent]] == model.state.power_support[0].tolist()
    assert len(kinds[PowerAgent]) == len(POWERS)
    men = sum(agent.fighters for agent in kinds[CellAgent])
    assert men == int(model.state.cell_fighters[0].sum())
    tajikistan = next(agent for agent in kinds[StateAgent] if agent.code == "TJK")
    assert tajikistan.engagement == model.state.engagement[0, STATES.index("TJK")]
    assert set(tajikistan.levers.values()) == {0.0}


def test_agents_follow_the_week_and_cells_come_and_go() -> None:
    model = stepped(1)
    uzbekistan = next(a for a in model.agents_by_type[StateAgent] if a.code == "UZB")
    before, cells = uzbekistan.engagement, set(model.cells)
    for _ in range(25):
        model.step()
    assert uzbekistan.engagement != before
    assert set(model.cells) != cells
    assert {cell.mode for cell in model.cells.values()} > {"local", "recruit"}


def test_collecting_data_does_not_change_the_run() -> None:
    watched, plain = stepped(8), stepped(8)
    watched.datacollector.get_model_vars_dataframe()
    assert (watched.state.cell_fighters == plain.state.cell_fighters).all()


def test_replicates_and_seeds_differ() -> None:
    first = stepped(6).state.cell_fighters
    assert (first != stepped(6, replicate=1).state.cell_fighters).any()
    other = SpilloverModel(start=BRANCH, seed=8)
    for _ in range(6):
        other.step()
    assert (first != other.state.cell_fighters).any()


def test_batch_run_of_mesa_works() -> None:
    rows = mesa.batch_run(
        SpilloverModel,
        {"scenario": ["status_quo", "malign_escalation"], "replicate": [0, 1], "start": BRANCH},
        max_steps=20,
        display_progress=False,
    )
    table = pd.DataFrame(rows)
    assert len(table) == 4
    assert set(table.scenario) == {"status_quo", "malign_escalation"}
    assert (table.isisk_fighters_AFG > 0).all()
    malign = table[table.scenario == "malign_escalation"]
    assert malign.isisk_fighters_AFG.nunique() == 2, "replicates must differ"


def test_an_unknown_scenario_is_a_clear_error() -> None:
    with pytest.raises(UserError, match="malign_escalation"):
        SpilloverModel(scenario="malign_escalaton")


def test_a_structure_holds_from_the_first_week() -> None:
    silent, documented = stepped(3, structure="without_attacks"), stepped(3)
    assert not silent.state.week_attacks.any() and documented.state.week_attacks.any()
