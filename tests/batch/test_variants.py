"""Variants of a policy: later, or without a state."""

from __future__ import annotations

import pytest
from fake_model import fake_backend

from spillover.batch.compose import compose_config, load_layer
from spillover.batch.design import make_plan
from spillover.batch.variants import option_of, vary
from spillover.errors import UserError

FILE = {
    "name": "p",
    "changes": [
        {"path": "a", "set": 1, "from_week": 13, "until_week": 20, "members": None},
        {"path": "b", "set": 1, "members": ["UZB"]},
    ],
}


def test_a_name_without_its_variants():
    assert option_of("full_package@104@without_UZB+prevention") == "full_package"


def test_a_later_start_shifts_both_ends():
    first, second = vary(FILE, ["104"], "policy")["changes"]
    assert (first["from_week"], first["until_week"]) == (117, 124)
    assert second["from_week"] == 104 and "until_week" not in second


def test_without_a_state_it_orders_nothing():
    (only,) = vary(FILE, ["without_UZB"], "policy")["changes"]
    assert only["path"] == "a" and only["members"] == ["KAZ", "KGZ", "TJK", "TKM"]
    assert FILE["changes"][0]["members"] is None


def test_the_file_itself_is_unchanged_without_variants():
    assert vary(FILE, [], "policy") == FILE


@pytest.mark.parametrize("word", ["soon", "-4", "without_RUS", "without_", ""])
def test_unknown_variants_are_refused(word):
    with pytest.raises(UserError, match="variant"):
        vary(FILE, [word], "policy")


def test_scenarios_have_no_variants():
    with pytest.raises(UserError, match="variant"):
        load_layer("scenario", "malign_escalation@104")


def test_the_study_who_moves_first_has_six_different_policies():
    composed = compose_config(["experiment=who_moves_first"])
    plan = make_plan(composed, fake_backend(), is_sweep=True)
    changes = {cell.policy: cell.changes for cell in plan.cells if cell.scenario == "status_quo"}
    assert len(changes) == len(set(changes.values())) == 6
    early, late = changes["full_package"], changes["full_package@104"]
    assert {b.start_week - a.start_week for a, b in zip(early, late, strict=True)} == {104}


def test_the_command_line_takes_variants():
    composed = compose_config(["policy=status_quo,full_package@104"])
    assert composed.asked["policy"] == ("status_quo", "full_package@104")
