"""What a parameter file must look like, and how mistakes are reported."""

from __future__ import annotations

import pytest

from spillover.errors import UserError
from spillover.evidence.units import UNITS

GOOD = """
x:
  description: Something.
  unit: 1/week
  bounds: [0, 1]
  values:
    2021-08-15:
      value: 0.05
      prior: {distribution: uniform, low: 0.01, high: 0.2}
      basis: assumed
      derivation: A guess.
"""
AXIS = GOOD.replace("bounds", "axis: state\n  bounds").replace("0.05", "{default: 0.1, UZB: 0.2}")
SERIES = """
x:
  description: Something.
  unit: share
  bounds: [0, 100]
  series: grants
  basis: assumed
  derivation: A guess.
"""


def test_a_good_entry_is_read(write_tree):
    entry = write_tree(border=GOOD).entry("border.x")
    assert (entry.unit, entry.bounds, entry.axis) == ("1/week", (0.0, 1.0), None)
    (dated,) = entry.values
    assert (dated.start_week, dated.members, dated.basis) == (0, (0.05,), "assumed")
    assert dated.prior is not None and dated.prior.support() == (0.01, 0.2)


def test_members_follow_the_axis(write_tree):
    (dated,) = write_tree(border=AXIS).entry("border.x").values
    assert dated.members == (0.1, 0.1, 0.1, 0.1, 0.2)
    assert dated.reference == 0.1


def test_dates_are_sorted_and_become_weeks(write_tree):
    later = GOOD.replace(
        "values:\n", "values:\n    2026-01-04: {value: 1, basis: assumed, derivation: d}\n"
    )
    assert [d.start_week for d in write_tree(a=later).entry("a.x").values] == [0, 229]


def test_units_have_a_meaning_each():
    assert all(meaning and meaning != unit for unit, meaning in UNITS.items())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  description: Something.\n", "", "key description must be given"),
        ("  bounds: [0, 1]\n", "", "key bounds must be given"),
        ("      basis: assumed\n", "", "key basis must be given"),
        ("description", "descripton", "did you mean description"),
        ("prior", "priors", "did you mean prior"),
        ("unit: 1/week", "unit: 1/weak", "did you mean 1/week"),
        ("unit: 1/week", "unit: furlong", "add one with its meaning"),
        ("[0, 1]", "[1, 0]", "lower bound must lie below"),
        ("[0, 1]", "[0]", "bounds are a pair"),
        ("[0, 1]", "[0, 0.01]", "outside the bounds"),
        ("value: 0.05", "value: 1.5", "outside the bounds"),
        ("value: 0.05", "value: 1e-2", "finite number"),
        ("value: 0.05", "value: .nan", "finite number"),
        ("value: 0.05", "value: true", "finite number"),
        ("high: 0.2", "high: 2", "prior reaches outside the bounds"),
        ("low: 0.01", "low: 0.5", "make no uniform distribution"),
        ("uniform", "unifrm", "did you mean uniform"),
        ("low: 0.01, ", "", "key low must be given"),
        ("      derivation: A guess.\n", "", "needs a derivation"),
        ("basis: assumed", "basis: measured", "needs sources"),
        ("basis: assumed", "basis: guessed", "measured, estimated, elicited, assumed"),
        ("derivation: A", "sources: [A-TJK-BORDER-HAR]\n      derivation: A", "A-TJK-BORDER-HARD"),
        ("derivation: A", "sources: A-AFG-LINKED\n      derivation: A", "list of texts"),
        ("2021-08-15", "2021-08-18", "2021-08-15 and 2021-08-22"),
        ("2021-08-15", "2021-08-22", "no value in the first week"),
        ("2021-08-15", "2021-08-08", "before the first week"),
        ("2021-08-15", "'2021-08-15'", "without quotes"),
        ("x:\n", "x-y:\n", "part of a parameter's path"),
        ("x:\n", "class:\n", "part of a parameter's path"),
        ("x:\n", "world:\n", "part of a parameter's path"),
        ("  unit: 1/week\n", "", "lacks its `unit`"),
        ("  unit: 1/week\n", "  unit: 1/week\n  unit: share\n", "'unit' is given twice"),
        ("  bounds", "  axis: stat\n  bounds", "did you mean state"),
        ("  bounds", "  axis: state\n  bounds", "mapping of keys"),
        ("  unit", "   unit", "not valid YAML"),
    ],
)
def test_mistakes_are_refused(write_tree, old, new, message):
    assert old in GOOD
    with pytest.raises(UserError, match=message) as caught:
        write_tree(border=GOOD.replace(old, new))
    assert "border.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("UZB: 0.2", "UZK: 0.2", "did you mean UZB"),
        ("default: 0.1, ", "", "keys KAZ, KGZ, TJK, TKM must be given"),
        ("UZB: 0.2", "UZB: 2", "outside the bounds"),
    ],
)
def test_mistakes_along_an_axis_are_refused(write_tree, old, new, message):
    with pytest.raises(UserError, match=message):
        write_tree(border=AXIS.replace(old, new))


def test_a_series_is_read(write_tree):
    tree = write_tree(drivers_group=SERIES)
    assert tree.series["drivers_group.x"].shape == (30,)
    assert tree.entry("drivers_group.x").columns == ("grants",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("series: grants", "series: grant", "did you mean grants"),
        ("series: grants", "series: grants\n  axis: state", "grants:KAZ"),
        ("[0, 100]", "[0, 5]", "leaves its bounds"),
        ("series: grants", "series: grants\n  values: {}", "'values' is not known"),
    ],
)
def test_mistakes_in_a_series_are_refused(write_tree, old, new, message):
    with pytest.raises(UserError, match=message):
        write_tree(drivers_group=SERIES.replace(old, new))


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("week,series\n0,grants\n", "lacks the column value"),
        ("week,series,value\n0,grants,1\n2,grants,1\n", "does not cover every week"),
        ("week,series,value\n0,grants,1\n0,grants,1\n", "a week twice"),
        ("week,series,value\n0,grants,many\n", "not a number"),
        ("week,series,value\n0,grants,nan\n", "not finite"),
    ],
)
def test_a_bad_drivers_table_is_refused(write_tree, table, message):
    with pytest.raises(UserError, match=message):
        write_tree(drivers=table, a=SERIES)


def test_an_empty_folder_is_refused(write_tree):
    with pytest.raises(UserError, match="No parameter files"):
        write_tree()


def test_a_path_in_two_files_is_refused(tmp_path, write_tree):
    (tmp_path / "parameters").mkdir()
    (tmp_path / "parameters" / "a").mkdir()
    (tmp_path / "parameters" / "a" / "b.yaml").write_text(GOOD)
    (tmp_path / "parameters" / "a.yaml").write_text("b:" + GOOD.replace("\n", "\n  "))
    from spillover.evidence import load_tree

    with pytest.raises(UserError, match="defined in two files"):
        load_tree(root=tmp_path / "parameters")
