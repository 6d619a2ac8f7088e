"""Averted and induced events against counts whose answer can be read off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.analysis.events import paired_events


def worlds(counts: list[tuple[int, str, str, float]]) -> pd.DataFrame:
    """Rows of one draw from (replicate, state, period, attacks)."""
    frame = pd.DataFrame(counts, columns=["replicate", "state", "period", "attacks"])
    return frame.assign(draw=0)


CONTROL = worlds([(0, "TJK", "2027", 3), (1, "TJK", "2027", 1), (0, "UZB", "2027", 0)])
TREATED = worlds([(0, "TJK", "2027", 1), (1, "TJK", "2027", 2), (0, "UZB", "2027", 0)])


def test_a_fall_in_one_world_does_not_hide_a_rise_in_another():
    table = paired_events(CONTROL, TREATED, ["attacks"])
    assert list(table["place"]) == ["TJK"]  # nothing ever happened in the other
    row = table.iloc[0]
    assert (row["baseline"], row["policy_count"]) == (2.0, 1.5)
    assert (row["averted"], row["induced"]) == (1.0, 0.5)
    assert (row["share_averting"], row["share_inducing"], row["n"]) == (0.5, 0.5, 2)


def test_averted_less_induced_is_the_paired_effect():
    luck = np.random.default_rng(3)
    keys = [(r, s, p) for r in range(30) for s in ("KAZ", "TJK") for p in ("2026", "2027")]
    before, after = (worlds([(*key, luck.poisson(2)) for key in keys]) for _ in range(2))
    table = paired_events(before, after, ["attacks"])
    effect = (after["attacks"] - before["attacks"]).mean() * 4  # two places, two years
    assert (table["induced"] - table["averted"]).sum() == pytest.approx(effect)
    assert (table["averted"] > 0).all() and (table["induced"] > 0).all()


def test_worlds_of_one_table_only_and_missing_outcomes_are_left_out():
    one = TREATED[TREATED["replicate"] == 0]
    table = paired_events(CONTROL, one, ["attacks", "plots"])
    assert set(table["outcome"]) == {"attacks"} and table["n"].max() == 1
    assert table.loc[0, "averted"] == 2.0


def test_a_place_that_does_not_report_an_outcome_is_unknown_not_zero():
    blank = CONTROL.assign(attacks=np.nan)
    assert paired_events(blank, TREATED, ["attacks"]).empty
