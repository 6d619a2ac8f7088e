"""The comparison itself: where states differ, and when samples of runs agree."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.twin.agreement import compare_samples, holm, ratio_of_means
from spillover.twin.compare import differences

RANDOM = np.random.Generator(np.random.Philox(8))


def fields(**values):
    """Arrays by name."""
    return {name: np.array(value) for name, value in values.items()}


def test_equal_states_have_no_differences():
    ours = fields(control=[0.5, 0.6], busy=[1, 2])
    assert differences(ours, fields(control=[0.5, 0.6 * (1 + 1e-12)], busy=[1, 2])) == []


def test_first_difference_of_each_field_is_named():
    ours = fields(control=[0.5, 0.6], busy=[[1, 2], [3, 4]])
    found = differences(ours, fields(control=[0.5, 0.6001], busy=[[1, 2], [3, 5]]))
    assert [(d.field, d.index) for d in found] == [("control", (1,)), ("busy", (1, 1))]
    assert str(found[1]) == "busy[1, 1]: twin 4, kernel 5"


def test_whole_numbers_must_be_equal_and_shapes_too():
    assert differences(fields(busy=[10**12]), fields(busy=[10**12 + 1]))
    assert differences(fields(busy=[1]), fields(busy=[1, 2]))
    assert differences(fields(control=[float("nan")]), fields(control=[float("nan")]))


def test_free_slots_are_left_out_but_not_slots_that_one_side_uses():
    ours = fields(cell_place=[3, -1, -1], cell_fighters=[12, 0, 0])
    assert differences(ours, fields(cell_place=[3, -1, -1], cell_fighters=[12, 7, 0])) == []
    found = differences(ours, fields(cell_place=[3, -1, 4], cell_fighters=[12, 0, 9]))
    assert {d.field for d in found} == {"cell_place", "cell_fighters"}


def test_holm_steps_down_and_stops():
    p_values = {"a": 0.001, "b": 0.004, "c": 0.03}
    assert holm(p_values, 0.01) == {"a", "b"}
    assert holm({"a": 0.004, "b": 0.004, "c": 0.5}, 0.01) == set()


def test_ratio_of_means_has_its_interval():
    theirs = RANDOM.normal(100, 10, 400)
    ratio, low, high = ratio_of_means(1.1 * theirs, theirs)
    assert ratio == pytest.approx(1.1)
    half = 1.96 * 10 / 100 * np.sqrt(2 / 400)
    assert np.log(high / ratio) == pytest.approx(half, rel=0.15)
    assert low < ratio < high
    assert ratio_of_means([0.0, 0.0], [0.0, 0.0]) == (1.0, 1.0, 1.0)
    assert np.isnan(ratio_of_means([0.0, 0.0], [1.0, 2.0])[0])


def test_samples_of_one_source_agree_and_others_do_not():
    theirs = {"same": RANDOM.poisson(80, 300), "more": RANDOM.poisson(80, 300)}
    ours = {"same": RANDOM.poisson(80, 300), "more": RANDOM.poisson(92, 300)}
    same, more = compare_samples(ours, theirs)
    assert not same.is_refused
    assert same.is_inside
    assert more.is_refused
    assert not more.is_inside
    assert str(more).startswith("more: differs")


def test_a_constant_outcome_agrees_with_itself():
    assert not compare_samples({"x": [2, 2, 2]}, {"x": [2, 2, 2]})[0].is_refused
