"""Verdicts as a table, as a page and with draws of the parameters."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.errors import UserError
from spillover.validation.page import DEFINITIONS, PAGE, with_block, with_definitions
from spillover.validation.patterns import PATTERNS, judge
from spillover.validation.table import (
    COLUMNS,
    counts,
    markdown,
    pattern_words,
    short,
    verdict_table,
    with_draws,
)


@pytest.fixture(scope="module")
def verdicts(made):
    return judge(made({("taliban_revenue", "AFG"): 2_240 / (365 / 7)},
                      units={"taliban_revenue": ("USD million", "flow")}))  # fmt: skip


def test_one_row_per_number(verdicts):
    table = verdict_table(verdicts)
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == sum(len(verdict.checks) for verdict in verdicts)
    (row,) = table[table["pattern"] == "K12"].to_dict("records")
    assert (row["status"], row["target"], row["n"]) == ("pass", 2240, 41)
    assert row["median"] == pytest.approx(2240)
    assert counts(verdicts) == pattern_words(table) == "1 passed, 0 missed, 16 not covered"


def test_the_page_names_every_pattern_and_says_why(verdicts):
    text = "\n".join(markdown(verdict_table(verdicts)))
    assert all(f"| {pattern.id} |" in text for pattern in PATTERNS)
    assert "2,240 (2,016 to 2,464)" in text and "the run has no weekly values of refugees" in text
    assert "Draws inside" not in text


def test_draws_add_their_columns(made):
    draws = np.repeat([1, 2], 20)
    spread = np.concatenate([np.linspace(0.9, 1.1, 20), np.linspace(1.3, 1.5, 20)])
    drawn = judge(made({("taliban_revenue", "AFG"): 2_240 / (365 / 7)}, spread=spread,
                       draws=draws))  # fmt: skip
    table = with_draws(verdict_table(drawn), drawn)
    (row,) = table[table["pattern"] == "K12"].to_dict("records")
    assert row["share_of_draws"] == 0.5 and row["status_of_draws"] == "miss"
    assert "Draws inside" in "\n".join(markdown(table))


def test_numbers_are_short():
    shown = [short(v) for v in (1234.5, 0.1234, 12.0, None, np.nan, pd.NA, 0)]
    assert shown == ["1,234", "0.123", "12", "", "", "", "0"]


def test_blocks_of_the_page_are_exchanged_and_the_rest_stays():
    page = "before\n<!-- generated: x -->\nold\n<!-- end -->\nafter\n"
    new = with_block(page, "x", ["| a |"])
    assert new == "before\n<!-- generated: x -->\n\n| a |\n\n<!-- end -->\nafter\n"
    assert with_block(new, "x", ["| a |"]) == new
    with pytest.raises(UserError, match="lacks a generated block"):
        with_block(page, "y", [])


@pytest.mark.skipif(not PAGE.is_file(), reason="needs the documentation of a checkout")
def test_the_shipped_page_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert with_definitions(text) == text, "run python -m spillover.commands.docs"
    assert f"<!-- generated: {DEFINITIONS} -->" in text
