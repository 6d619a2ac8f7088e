"""Changes: what is refused, and that trees never change."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spillover.errors import UserError
from spillover.evidence import Change, load_tree

SET = Change("border.detection", "set", 0.5, 4, origin="a.yaml")
GUARDS = Change("border.guards", "scale", 2, 0, members=("TJK", "UZB"), origin="a.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replace(SET, path="border.detecton"), "did you mean border.detection"),
        (replace(SET, op="multiply"), "set, scale, add"),
        (replace(SET, layer="polcy"), "did you mean policy"),
        (replace(SET, basis="sure"), "measured, estimated"),
        (replace(SET, value=1.5), "outside its bounds"),
        (replace(SET, value=float("nan")), "must be finite"),
        (replace(SET, op="scale", value=30), "which gives 3 1/week"),
        (replace(SET, op="add", value=-0.2), "outside its bounds"),
        (replace(SET, start_week=-1), "out of order"),
        (replace(SET, ramp_weeks=-1), "out of order"),
        (replace(SET, end_week=4), "out of order"),
        (replace(SET, members=("TJK",)), "has no axis"),
        (replace(GUARDS, members=("TJ",)), "did you mean TJK"),
        (replace(GUARDS, members=("TJK", "TJK")), "once each"),
        (replace(GUARDS, members=()), "at least one"),
        (replace(GUARDS, value=30), "gives 1500 persons"),
    ],
)
def test_a_bad_change_is_refused(tree, change, message):
    with pytest.raises(UserError, match=message) as caught:
        tree.with_changes([change])
    assert "a.yaml" in str(caught.value)


def test_ramps_drivers_and_draws_may_run_into_the_bounds(tree):
    scale = replace(SET, op="scale", value=30)
    driver = Change("drivers.grants", "scale", 30, 0)
    changes = [replace(scale, ramp_weeks=4), replace(scale, layer="draw"), driver]
    changed = tree.with_changes(changes).compile(20, None)
    assert changed.at(19).border.detection == 1.0
    assert changed.at(0).drivers.grants == 100.0


def test_two_sets_of_one_week_name_both_files(tree):
    other = replace(SET, value=0.6, origin="b.yaml", layer="policy")
    with pytest.raises(UserError, match="is set twice") as caught:
        tree.with_changes([SET]).with_changes([other])
    assert "a.yaml and b.yaml" in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        replace(SET, value=0.6, origin="b.yaml", start_week=5),
        replace(SET, value=0.6, origin="b.yaml", op="add"),
        replace(SET, value=0.6, origin="prior", layer="draw"),
        replace(SET, value=0.6, origin="command line", layer="user"),
        SET,
    ],
)
def test_sets_that_do_not_conflict(tree, other):
    assert len(tree.with_changes([SET, other]).changes) == 2


def test_members_conflict_only_where_they_overlap(tree):
    one = Change("border.guards", "set", 10, 0, members=("TJK",), origin="a.yaml")
    tree.with_changes([one, replace(one, members=("UZB",), value=20, origin="b.yaml")])
    with pytest.raises(UserError, match="is set twice"):
        tree.with_changes([one, replace(one, members=None, value=20, origin="b.yaml")])


OPS = st.sampled_from([("set", 0.0, 1.0), ("scale", 0.0, 2.0), ("add", -0.05, 0.5)])


@st.composite
def change_lists(draw):
    """Lists of valid changes of one parameter; each from its own week, so sets never clash."""
    changes = []
    for week in draw(st.lists(st.integers(0, 25), unique=True, max_size=5)):
        op, low, high = draw(OPS)
        value = draw(st.floats(low, high))
        end = draw(st.none() | st.integers(week + 1, 40))
        ramp = draw(st.integers(1, 10))
        layer = draw(st.sampled_from(("draw", "scenario", "stressor", "policy", "user")))
        changes.append(Change("border.detection", op, value, week, ramp, end, layer=layer))
    return changes


@given(changes=change_lists())
def test_the_baseline_never_changes(tree, changes):
    digest, before = tree.digest(), tree.compile(30, None)
    changed = tree.with_changes(changes)
    changed.compile(30, None)
    assert tree.changes == () and tree.digest() == digest
    assert (changed.digest() == digest) == (not changes)
    after = tree.compile(30, None)
    assert [after.at(w).border.detection for w in range(30)] == [
        before.at(w).border.detection for w in range(30)
    ]


@given(changes=change_lists(), data=st.data())
def test_the_order_in_a_file_decides_nothing(tree, changes, data):
    shuffled = data.draw(st.permutations(changes))
    one, other = tree.with_changes(changes), tree.with_changes(shuffled)
    assert one.digest() == other.digest()
    pairs = zip(_course(one), _course(other), strict=True)
    assert all(a == b for a, b in pairs)


@given(changes=change_lists())
def test_values_stay_inside_the_bounds(tree, changes):
    assert all(0 <= value <= 1 for value in _course(tree.with_changes(changes)))


def _course(tree):
    parameters = tree.compile(30, None)
    return [parameters.at(week).border.detection for week in range(30)]


def test_digest_ignores_words_and_sees_numbers(write_tree, tmp_path):
    text = "x: {description: A, unit: share, bounds: [0, 1], values: {2021-08-15: {value: 0.5, "
    text += "basis: assumed, derivation: Why}}}\n"
    from spillover.evidence import load_tree

    digests = []
    for n, variant in enumerate((text, text.replace("Why", "Since"), text.replace("0.5", "0.6"))):
        (tmp_path / str(n)).mkdir()
        (tmp_path / str(n) / "a.yaml").write_text(variant)
        digests.append(load_tree(root=tmp_path / str(n)).digest())
    assert digests[0] == digests[1] != digests[2]


def test_digest_of_changes_ignores_notes_and_order(tree):
    noted = replace(SET, note="hello", origin="z.yaml", sources=("A-AFG-LINKED",))
    assert tree.with_changes([SET]).digest() == tree.with_changes([noted]).digest()
    assert (
        tree.with_changes([SET, GUARDS]).digest()
        == tree.with_changes([GUARDS]).with_changes([SET]).digest()
    )


def test_digest_sees_the_series(write_tree, tmp_path):
    from spillover.evidence import load_tree

    text = "x: {description: A, unit: share, bounds: [0, 9], series: s, basis: assumed, "
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "a.yaml").write_text(text + "derivation: Why}\n")
    digests = set()
    for value in (1, 2):
        table = tmp_path / f"{value}.csv"
        table.write_text(f"week,series,value\n0,s,{value}\n")
        digests.add(load_tree(root=tmp_path / "p", drivers=table).digest())
    assert len(digests) == 2


def test_a_tree_survives_pickling(tree):
    changed = tree.with_changes([SET])
    copy = pickle.loads(pickle.dumps(changed))
    assert copy.digest() == changed.digest() and copy.paths() == tree.paths()
    assert not copy.series["drivers.grants"].flags.writeable


def test_loading_twice_gives_the_same_object():
    from spillover.evidence import load_tree
    from spillover.evidence.reading import PARAMETERS

    assert load_tree() is load_tree(root=PARAMETERS)


def test_unknown_path_names_the_nearest(tree):
    with pytest.raises(UserError, match=r"did you mean border\.guards"):
        tree.entry("border.guard")


def test_a_message_about_a_number_without_dimension_gives_no_unit(tmp_path):
    text = (
        "{description: A, unit: %s, bounds: [0, 5], "
        "values: {2021-08-15: {value: 2, basis: assumed, derivation: Mine.}}}"
    )
    (tmp_path / "g.yaml").write_text(f"x: {text % '1'}\ny: {text % 'persons'}\n")
    tree = load_tree(tmp_path)
    with pytest.raises(UserError) as refused:
        tree.with_changes([Change("g.x", "set", 7, 0)])
    assert "which gives 7\n" in f"{refused.value}\n" and "gives 7 1" not in str(refused.value)
    assert "0 to 5\n" in f"{refused.value}\n" and "0 to 5 1" not in str(refused.value)
    with pytest.raises(UserError, match="which gives 7 persons"):
        tree.with_changes([Change("g.y", "set", 7, 0)])
