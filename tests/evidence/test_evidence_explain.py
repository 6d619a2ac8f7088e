"""Answers to "what is this?" read well and hold what they must."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
import yaml

from spillover.errors import UserError
from spillover.evidence import explain, load_facts
from spillover.evidence.wording import change_words

POLICY = {
    "name": "fusion_now",
    "title": "A centre now",
    "description": "Orders a fusion centre and halves the guards.",
    "sources": ["U-CA-SOLIDARITY"],
    "recommendations": ["R-FUSION-CENTRE"],
    "changes": [
        {
            "path": "levers.fusion.target",
            "set": 1,
            "from_week": 13,
            "ramp_weeks": 26,
            "until_week": 104,
            "members": ["KAZ", "UZB"],
            "sources": ["R-FUSION-CENTRE"],
            "note": "Two states start.",
        },
        {"path": "border.guards", "scale": 0.5, "from_week": 0},
        {"path": "drivers.grants", "add": 2, "from_week": 0},
    ],
    "pending": [
        {"line": "Opium ban", "needs": "narcotics", "effect": "Less opium.", "sources": []}
    ],
}


@pytest.fixture(scope="module")
def configs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("configs")
    (folder / "policy").mkdir()
    (folder / "scenario").mkdir()
    (folder / "policy" / "fusion_now.yaml").write_text(yaml.safe_dump(POLICY))
    (folder / "scenario" / "fusion.yaml").write_text(
        "name: fusion\ntitle: Same name as a lever\ndescription: Nothing.\nchanges: []\n"
    )
    return folder


@pytest.fixture
def ask(tree, configs):
    outcomes = {
        "attacks": SimpleNamespace(
            name="attacks",
            label="Attacks",
            unit="attacks",
            kind="flow",
            description="Attacks carried out.",
            better="lower",
            headline=True,
            resolution=1.0,
            sources=("Q-ISK-FIGHTERS",),
        )
    }
    return lambda subject: explain(subject, tree=tree, configs=configs, outcomes=outcomes)


def test_a_parameter(ask):
    text = ask("border.detection")
    fact = load_facts()["A-TJK-BORDER-HARD"]
    for part in (
        "Weekly detection hazard of one attempt.",
        "0.05 1/week, from 2021-08-15",
        "0.1 1/week, from 2021-09-12",
        "0 to 1",
        "from 0.01 to 0.2, every factor equally likely (loguniform)",
        "A guess for the test.",
        "no file of configs/",
        fact.locator,
        f"({fact.confidence})",
    ):
        assert part in text
    assert fact.statement in " ".join(text.split())


def test_an_axis_and_its_users(ask):
    text = ask("border.guards")
    assert "100 persons for KAZ, KGZ, TKM, UZB; 50 persons for TJK" in text
    assert "policy/fusion_now: times 0.5 from week 0" in text
    assert "Terror queues" in text


def test_a_series(ask):
    text = ask("drivers.grants")
    assert "weekly series 'grants'" in text and "7.1 to 10" in text
    assert "2021-08-15: 10 share" in text


@pytest.mark.parametrize("as_mapping", [True, False])
def test_a_policy(ask, as_mapping):
    text = ask(POLICY if as_mapping else "fusion_now")
    for part in (
        "Policy fusion_now: A centre now",
        "set to 1 level for KAZ, UZB from week 13, in full after 26 weeks, until week 104",
        "without it: 0 level for each state",
        "cost 3 relative cost/yr; delay 26 weeks",
        "times 0.5 from week 0",
        "plus 2 share from week 0",
        "Two states start.",
        "Recommendations taken up",
        "R-FUSION-CENTRE",
        "Opium ban (needs narcotics)",
        "U-CA-SOLIDARITY",
    ):
        assert part in text


def test_a_name_of_two_things_gives_both_and_a_kind_picks_one(ask):
    assert "Lever: fusion" in ask("fusion") and "Scenario fusion" in ask("fusion")
    assert "Scenario fusion" not in ask("lever/fusion")
    assert "Lever: fusion" not in ask("scenario/fusion")


def test_a_lever(ask):
    text = ask("levers.fusion")
    for part in (
        "cost: 3 relative cost/yr",
        "delay: 26 weeks",
        "policy/fusion_now: set to 1 level",
    ):
        assert part in text


def test_an_outcome(ask):
    text = ask("attacks")
    for part in ("Outcome attacks: Attacks", "flow (a sum", "lower", "Q-ISK-FIGHTERS"):
        assert part in text


def test_a_fact_names_its_users(ask):
    assert "border.detection" in ask("A-TJK-BORDER-HARD")
    assert "policy/fusion_now" in ask("U-CA-SOLIDARITY")
    assert "5,000 / 4,000 / 6,000" in ask("Q-ISK-FIGHTERS")


def test_a_group_lists_its_parameters(ask):
    text = ask("border")
    assert "border.guards" in text and "border.deep.shift" in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("border.guard", "did you mean border.guards"),
        ("policy/fusion_new", "did you mean fusion_now"),
        ("A-TJK-BORDER-HAR", "did you mean A-TJK-BORDER-HARD"),
        ("attack", "did you mean attacks"),
    ],
)
def test_an_unknown_name_suggests_the_nearest(ask, name, message):
    with pytest.raises(UserError, match=message):
        ask(name)


def test_a_file_that_changes_an_unknown_parameter_is_named(ask):
    with pytest.raises(UserError, match=r"did you mean border\.guards") as caught:
        ask({"name": "mine", "changes": [{"path": "border.guard", "set": 1}]})
    assert "scenario/mine" in str(caught.value)


def test_every_answer_fits_100_columns(ask, tree):
    for subject in (*tree.paths(), "fusion_now", "fusion", "attacks", "border"):
        assert max(len(line) for line in ask(subject).splitlines()) <= 100


def test_a_parameter_names_the_functions_that_read_it():
    """Through a local name, an argument named after its group, and a name made while running."""
    text = explain("cells.choice_sharpness")
    used = text[text.index("Used by") : text.index("Changed by")]
    assert "processes/attacks.py: local_share_at_takeover" in used
    assert "processes/cells.py: home_shares" in used
    assert "processes/statecraft.py: precondition" in explain(
        "levers.fusion_centre.precondition_trust"
    )
    assert "first_state.py: group_places" in explain("initial.zone_weight.ja")


def test_a_parameter_that_nothing_reads_says_so(ask):
    text = ask("border.guards")  # made up for these tests
    used = text[text.index("Used by") : text.index("Changed by")]
    assert "no function of the model" in used


def test_the_unit_1_is_not_written():
    text = explain("attacks.branching_ratio")
    assert "Unit        plain number without dimension" in text
    assert re.search(r"^Value +[\d.]+, from 2021-08-15$", text, re.M)
    line = {"set": 7, "from_week": 3}
    assert change_words(line, "1") == "set to 7 from week 3"
    assert change_words(line, "persons") == "set to 7 persons from week 3"
    assert change_words({"add": 7}, "1") == "plus 7 from week 0"
    outcome = SimpleNamespace(
        name="pay", label="Pay", unit="1", kind="stock", description="Pay.", better=None,
        headline=False, resolution=0.01, sources=(),
    )  # fmt: skip
    assert "Unit        plain number without dimension" in explain(outcome)
