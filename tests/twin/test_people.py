"""Persons of the twin are somewhere, once, and every change of their number has a name."""

from __future__ import annotations

from collections import Counter

import mesa
import pytest

from spillover.twin import TwinModel
from spillover.twin.agents import CONDITIONS, MEMBER, SUSCEPTIBLE, Person

WEEKS = 15


def places(model: TwinModel) -> Counter[Person]:
    """How often each person is in some crowd."""
    found: Counter[Person] = Counter()
    for cohort in model.cohorts:
        for condition in CONDITIONS:
            found.update(cohort.people[condition])
    for state in model.states:
        found.update(state.operatives)
    for plot in model.plots:
        found.update(plot.persons if plot else [])
    return found


@pytest.fixture(scope="module", params=["shared", "own"])
def model(request, worlds, small_map, compiled):
    parameters = compiled(small_map, worlds["lively"], WEEKS, people=3000)
    run = TwinModel(parameters, 2, flows=request.param)
    for _ in range(WEEKS):
        run.step()
        found = places(run)
        assert set(found.values()) == {1}, "somebody is in two places"
        assert set(found) == set(run.agents_by_type[Person]), "somebody is nowhere"
    return run


def test_a_person_knows_its_cohort_and_condition(model):
    for cohort in model.cohorts:
        for condition in CONDITIONS:
            for person in cohort.people[condition]:
                assert (person.cohort, person.condition) == (cohort, condition)
    for state in model.states:
        assert {person.condition for person in state.operatives} <= {"operative"}
        assert {person.cohort.state for person in state.operatives} <= {state}


def test_slots_and_indices_fit(model):
    for slot, cell in enumerate(model.isisk.cells):
        assert cell is None or (cell.index == slot and cell.fighters > 0)
    for slot, plot in enumerate(model.plots):
        assert plot is None or (plot.index == slot and plot.size > 0)


def test_something_happens(model):
    assert any(plot and plot.men for plot in model.plots), "no plot of a cell"
    assert any(plot and plot.persons for plot in model.plots), "no plot of persons"
    assert any(state.operatives for state in model.states)
    assert sum(cohort.count(MEMBER) for cohort in model.cohorts) > 0
    assert sum(province.week_attacks for province in model.provinces) > 0


def test_own_draws_follow_the_seed(worlds, small_map, compiled):
    parameters = compiled(small_map, worlds["lively"], 4, people=1000)

    def susceptible(seed: int) -> list[int]:
        run = TwinModel(parameters, seed, flows="own")
        for _ in range(4):
            run.step()
        return [cohort.count(SUSCEPTIBLE) for cohort in run.cohorts]

    assert susceptible(1) == susceptible(1)
    assert susceptible(1) != susceptible(2)


def test_a_process_that_does_not_run_keeps_its_state(worlds, small_map, compiled):
    parameters = compiled(small_map, worlds["lively"], 6, people=1000)
    run = TwinModel(parameters, 1, processes=["groups", "cells"])
    control = [province.control for province in run.provinces]
    men = run.isisk.men()
    for _ in range(6):
        run.step()
    assert [province.control for province in run.provinces] == control
    assert run.isisk.men() != men


def test_flows_are_shared_or_own(small_map, compiled):
    with pytest.raises(ValueError, match="shared, own"):
        TwinModel(compiled(small_map, {}, 1, people=1000), 1, flows="other")


def test_a_closed_model_is_let_go(small_map, compiled):
    parameters = compiled(small_map, {}, 1, people=1000)
    run = TwinModel(parameters, 1)
    assert isinstance(run, mesa.Model)
    run.close()
    assert len(run.agents) == 0
