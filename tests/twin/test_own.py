"""With dice of its own the twin agrees with the kernel in distribution; few runs, small worlds.

Everyone draws for itself here, so agreement says that counting people, men and plots, as the
kernel does, is the same as following each of them. `make twin` does it with three hundred runs of
fifty thousand people on two maps; the runs here have other seeds and fewer of everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pytest

from spillover import kernel
from spillover.evidence import Parameters
from spillover.first_state import first_state
from spillover.streams import Streams
from spillover.twin import SCHEDULE, TwinModel
from spillover.twin.agreement import compare_samples
from spillover.twin.study import BUSY, OUTCOMES, Account, busy, sums

WEEKS, PEOPLE = 20, 5000
N_TWIN, N_KERNEL = 30, 200
SEED_TWIN, SEED_KERNEL = 31, 32
WRONG = {
    "attacks.recorded_at_takeover": ("attacks", 1.2),
    "border.infiltration": ("infiltrations", 1.15),
    "displacement.arrivals_base": ("refugee_arrivals", 1.2),
    "fragility.unrest_base": ("unrest", 0.8),
    "recruitment.arrest_hazard": ("arrests", 1.1),
    "trafficking.north_share": ("opiates_seized", 0.8),
}
"""By parameter: an outcome that it moves in proportion, and an error that must be noticed."""


def twin_weeks(parameters: Parameters, replicate: int) -> Iterator[Mapping[str, Any]]:
    """Accounts of one run of the twin."""
    model = TwinModel(parameters, SEED_TWIN, replicate, flows="own")
    for _ in range(WEEKS):
        model.step()
        yield model.accounts
    model.close()


def kernel_weeks(parameters: Parameters) -> Iterator[Mapping[str, Any]]:
    """Accounts of a batch of the kernel."""
    streams = Streams(SEED_KERNEL, range(N_KERNEL))
    state = first_state(parameters.at(0), streams)
    for week in range(WEEKS):
        state, accounts = kernel.step(state, week, parameters, streams)
        yield accounts


def twin_runs(parameters: Parameters, n: int) -> dict[str, np.ndarray]:
    """Outcomes of runs of the twin."""
    runs = [sums(twin_weeks(parameters, replicate), 1) for replicate in range(n)]
    return {name: np.concatenate([run[name] for run in runs]) for name in OUTCOMES}


@pytest.fixture(scope="module")
def kernel_runs(tree, six_places) -> dict[str, np.ndarray]:
    """Outcomes of the kernel on six places."""
    return sums(kernel_weeks(busy(tree, six_places, WEEKS, PEOPLE)), N_KERNEL)


def test_a_few_runs_do_not_differ(tree, six_places, kernel_runs):
    ours = twin_runs(busy(tree, six_places, WEEKS, PEOPLE), N_TWIN)
    found = compare_samples(ours, kernel_runs)
    assert len(found) == 13
    assert not [str(one) for one in found if one.is_refused]
    # Of thirteen 95% intervals two may miss 1 by chance; the widest is a tenth wide on each side.
    assert sum(not one.low <= 1 <= one.high for one in found) <= 2
    assert all(one.low > 0.8 and one.high < 1.25 for one in found), list(map(str, found))


def test_errors_of_a_tenth_or_a_fifth_are_noticed(tree, six_places, kernel_runs):
    """The comparison has power in every channel: six numbers of the twin are wrong at once."""
    errors = {path: factor for path, (_, factor) in WRONG.items()}
    wrong = busy(tree, six_places, WEEKS, PEOPLE, errors)
    found = {one.outcome: one for one in compare_samples(twin_runs(wrong, N_TWIN), kernel_runs)}
    for outcome, factor in WRONG.values():
        assert found[outcome].is_refused, str(found[outcome])
        assert not found[outcome].is_inside
        assert (found[outcome].ratio - 1) * (factor - 1) > 0


def test_outcomes_name_accounts_of_both_and_come_from_every_part_of_the_model(tree, six_places):
    parameters = busy(tree, six_places, 1, 1000)
    streams = Streams(1, range(3))
    state = first_state(parameters.at(0), streams)
    _, booked = kernel.step(state, 0, parameters, streams)
    model = TwinModel(parameters, 1)
    model.step()
    assert set(model.accounts) == set(booked) == {process.NAME for process in SCHEDULE}
    ours, theirs = sums([model.accounts], 1), sums([booked], 3)
    assert {name: values.shape for name, values in ours.items()} == dict.fromkeys(OUTCOMES, (1,))
    assert {name: values.shape for name, values in theirs.items()} == dict.fromkeys(OUTCOMES, (3,))


def test_an_account_is_summed_over_places_and_perhaps_for_one_good():
    seized = [[[1, 2, 3, 4], [10, 20, 30, 40]]]  # run, state, good
    assert Account("trafficking", "seized", "arms").of_week(seized, 1).tolist() == [44]
    assert Account("any", "one").of_week([3, 5], 2).tolist() == [3, 5]
    assert Account("any", "one").of_week(7, 1).tolist() == [7]


def test_the_busy_world_is_set_on_top_of_the_scaled_people(tree, six_places):
    view = busy(tree, six_places, 1, 1000).at(0)
    assert view.border.infiltration == BUSY["border.infiltration"]
    wrong = {"border.infiltration": 1.1, "displacement.arrivals_base": 0.9}
    other = busy(tree, six_places, 1, 1000, wrong).at(0)
    assert other.border.infiltration == pytest.approx(1.1 * view.border.infiltration)
    np.testing.assert_allclose(
        other.displacement.arrivals_base, 0.9 * view.displacement.arrivals_base
    )
    fewer = busy(tree, six_places, 1, 500).at(0)
    ratio = view.displacement.arrivals_base.sum() / fewer.displacement.arrivals_base.sum()
    assert ratio == pytest.approx(2)
