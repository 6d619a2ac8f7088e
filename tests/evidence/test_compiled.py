"""Weekly numbers: hand-computed ramps, the order of layers, lever targets, and speed."""

from __future__ import annotations

import pickle
import time

import numpy as np
import pytest

from spillover.axes import AXES, STATES
from spillover.errors import UserError
from spillover.evidence import Change, load_tree

PATH = "border.detection"


def course(tree, *changes, path=PATH, n_weeks=12):
    """Values of one parameter, week by week."""
    parameters = tree.with_changes(changes).compile(n_weeks, None)
    values = []
    for week in range(n_weeks):
        node = parameters.at(week)
        for name in path.split("."):
            node = getattr(node, name)
        values.append(node)
    return values


def test_dates_make_steps(tree):
    assert course(tree) == [0.05] * 4 + [0.1] * 8


def test_members_come_as_arrays_in_axis_order(tree):
    guards = tree.compile(3, None).at(1).border.guards
    assert guards.dtype == np.float64
    assert guards.tolist() == [100, 100, 50, 100, 100]


def test_series_with_and_without_axis(tree):
    view = tree.compile(20, None).at(10)
    assert view.drivers.grants == pytest.approx(9.0)
    assert view.drivers.engagement.tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert isinstance(view.drivers.grants, float)


def test_a_ramp_of_set_starts_at_no_change(tree):
    # From 0.1 to 0.5 in four weeks: a quarter of the way each week.
    change = Change(PATH, "set", 0.5, 5, ramp_weeks=4)
    expected = [0.05] * 4 + [0.1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5, 0.5]
    assert course(tree, change) == pytest.approx(expected)


def test_a_ramp_crosses_a_step_of_the_baseline(tree):
    # Half of the change in week 3 on 0.05, three quarters in week 4 on 0.1.
    values = course(tree, Change(PATH, "scale", 3, 1, ramp_weeks=4))
    assert values[:6] == pytest.approx([0.05, 0.05, 0.075, 0.1, 0.25, 0.3])


def test_a_change_ends_and_the_value_returns(tree):
    values = course(tree, Change(PATH, "add", 0.2, 6, end_week=8))
    assert values == pytest.approx([0.05] * 4 + [0.1, 0.1, 0.3, 0.3, 0.1, 0.1, 0.1, 0.1])


def test_only_the_named_members_change(tree):
    change = Change("border.guards", "scale", 2, 0, members=("UZB", "TJK"))
    guards = course(tree, change, path="border.guards")[0]
    assert guards.tolist() == [100, 100, 100, 100, 200]


def test_scale_then_add_in_the_order_of_layers(tree):
    # Scenario: 0.1 * 2 + 0.1 = 0.3; policy on top: 0.3 * 0.5 + 0.2 = 0.35.
    changes = (
        Change(PATH, "add", 0.2, 0, layer="policy"),
        Change(PATH, "scale", 0.5, 0, layer="policy"),
        Change(PATH, "add", 0.1, 0, layer="scenario"),
        Change(PATH, "scale", 2, 0, layer="scenario"),
    )
    assert course(tree, *changes)[5] == pytest.approx(0.35)


def test_later_set_of_a_lower_layer_does_not_undo_a_higher_layer(tree):
    changes = (
        Change(PATH, "set", 0.4, 2, layer="user", origin="u"),
        Change(PATH, "set", 0.9, 6, layer="scenario", origin="s"),
        Change(PATH, "set", 0.2, 0, layer="draw", origin="prior"),
    )
    assert course(tree, *changes) == pytest.approx([0.2, 0.2] + [0.4] * 10)


def test_a_set_is_exact(tree):
    assert course(tree, Change(PATH, "set", 0.3, 0))[0] == 0.3


TARGET = "levers.fusion.target"


def test_lever_targets_of_policies_combine_by_maximum(tree):
    changes = (
        Change(TARGET, "set", 2, 0, layer="policy", origin="a.yaml", members=("KAZ", "TJK")),
        Change(TARGET, "set", 1, 0, layer="policy", origin="b.yaml", members=("TJK", "UZB")),
        Change(TARGET, "set", 3, 4, layer="policy", origin="b.yaml", members=("TJK",)),
    )
    for ordered in (changes, changes[::-1]):
        values = course(tree, *ordered, path=TARGET)
        assert values[0].tolist() == [2, 0, 2, 0, 1]
        assert values[4].tolist() == [2, 0, 3, 0, 1]


def test_one_policy_may_lower_its_own_lever_target(tree):
    changes = (
        Change(TARGET, "set", 2, 0, layer="policy", origin="a.yaml"),
        Change(TARGET, "set", 0, 5, layer="policy", origin="a.yaml"),
    )
    assert [v[0] for v in course(tree, *changes, path=TARGET)] == [2] * 5 + [0] * 7


def test_a_user_overrides_policies_on_a_lever_target(tree):
    changes = (
        Change(TARGET, "set", 2, 0, layer="policy", origin="a.yaml"),
        Change(TARGET, "set", 0, 0, layer="user", origin="command line"),
    )
    assert course(tree, *changes, path=TARGET)[0].tolist() == [0] * 5


def test_constant_groups_are_shared_between_weeks(tree):
    parameters = tree.compile(20, "world")
    assert parameters.at(0).levers is parameters.at(19).levers
    assert parameters.at(0).border.deep is parameters.at(19).border.deep
    assert parameters.at(3).world == "world"
    assert (parameters.n_weeks, parameters.digest) == (20, tree.digest())


def test_views_are_frozen_and_explain_themselves(tree):
    view = tree.compile(5, None).at(0)
    with pytest.raises(AttributeError, match="frozen"):
        view.border.detection = 1.0
    with pytest.raises(ValueError, match="read-only"):
        view.border.guards[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        view.drivers.engagement[0] = 1
    with pytest.raises(AttributeError, match="did you mean detection"):
        _ = view.border.detecton


@pytest.mark.parametrize("week", [-1, 5])
def test_weeks_outside_the_run_are_refused(tree, week):
    with pytest.raises(IndexError, match="outside 0 to 4"):
        tree.compile(5, None).at(week)


def test_a_run_longer_than_a_series_is_refused(tree):
    with pytest.raises(UserError, match="at least 31 weeks"):
        tree.compile(31, None)


def test_parameters_survive_pickling(tree):
    parameters = tree.compile(20, ("a", "world"))
    copy = pickle.loads(pickle.dumps(parameters))
    assert copy.digest == parameters.digest
    assert copy.at(7).drivers.grants == parameters.at(7).drivers.grants
    assert copy.at(7).border.guards.tolist() == parameters.at(7).border.guards.tolist()
    assert copy.at(7).world == ("a", "world")
    with pytest.raises(ValueError, match="read-only"):
        copy.at(7).border.guards[0] = 1


def _big_tree(folder):
    """250 parameters in 10 files, 60 of them weekly, every fifth one with an axis."""
    folder.mkdir()
    for group in range(10):
        blocks = []
        for n in range(25):
            axis = "  axis: state\n" if n % 5 == 0 else ""
            value = "{default: 0.1, TJK: 0.2}" if axis else "0.1"
            head = f"p{n}:\n  description: Number {n}.\n  unit: share\n  bounds: [0, 1]\n{axis}"
            body = f"  series: s{n % 2}\n" if n < 6 else "  values:\n    2021-08-15:\n"
            pad = "  " if n < 6 else "      "
            body += "" if n < 6 else f"{pad}value: {value}\n"
            blocks.append(f"{head}{body}{pad}basis: assumed\n{pad}derivation: Made up.\n")
        (folder / f"g{group}.yaml").write_text("".join(blocks))
    names = ["s0", "s1", *(f"s{i}:{state}" for i in (0, 1) for state in STATES)]
    rows = [f"{week},{name},{week / 1000}" for name in names for week in range(490)]
    (folder.parent / "d.csv").write_text("week,series,value\n" + "\n".join(rows) + "\n")


def _best(action, repeats):
    """Least time of several attempts: other work on the machine only ever adds."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def test_speed(tmp_path):
    from spillover.evidence.tree import _load

    _big_tree(tmp_path / "p")
    args = (tmp_path / "p", tmp_path / "d.csv")
    load_tree(*args)
    assert _best(lambda: _load.__wrapped__(*args), 3) < 0.5
    tree = load_tree(*args)
    assert len(tree.paths()) == 250
    parameters = tree.compile(490, None)
    assert sum(len(p) > 0 for p in parameters.weekly) == 60

    def all_weeks():
        for week in range(490):
            parameters.at(week)

    assert _best(all_weeks, 5) / 490 < 50e-6


def test_every_axis_can_be_used():
    assert all(len(set(members)) == len(members) > 1 for members in AXES.values())
