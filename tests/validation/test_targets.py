"""Rows of the table of targets."""

from __future__ import annotations

from datetime import date

import pytest

from spillover.errors import UserError
from spillover.validation.targets import added, observed, rows


def test_a_row_is_found_by_variable_entity_and_window():
    row = observed("isisk_attacks_un", "Afghanistan", "2021-08-19", "2021-12-31")
    assert (row.number, row.unit, row.quality) == (152, "events", "official")
    assert row.label == "isisk_attacks_un, Afghanistan, 2021-08-19 to 2021-12-31 (official)"


def test_a_row_that_is_not_there_is_an_error():
    with pytest.raises(UserError, match="exactly one row"):
        observed("isisk_attacks_un", "Afghanistan", "2021-08-19", "2021-12-30")


def test_an_interval_has_no_single_value():
    row = observed("group_strength", "ISIS-K", "2023-07-01", "2023-07-31")
    assert (row.low, row.high) == (4000, 6000)
    with pytest.raises(UserError, match="no single value"):
        assert row.number


def test_rows_are_added_up():
    windows = [("2022-01-01", "2022-05-21"), ("2022-05-22", "2022-08-16")]
    number, label = added(observed("isisk_attacks_un", "Afghanistan", *w) for w in windows)
    assert number == 82 + 48 and label.count(";") == 1


def test_nothing_observed_after_2023_stands_in_the_table():
    assert max(row.start for row in rows()) < date(2024, 1, 1)
