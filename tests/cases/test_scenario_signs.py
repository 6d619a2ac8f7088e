"""Expected signs of scenarios: the file is well formed, the script is right, sure ones hold.

A miss of another triple is a finding, printed by tests/cases/evaluate_signs.py, not an error.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.axes import COUNTRIES
from spillover.batch.compose import load_layer
from spillover.batch.layers import layer_changes
from spillover.batch.options import option_names
from spillover.evidence import load_facts, load_tree
from spillover.observe import OUTCOMES, simulate
from spillover.world import load_world

BRANCH, WEEKS, REPLICATES = 229, 333, 12
# Argued by a cited text, and far from the noise: what must hold in a dozen worlds.
SURE = {
    ("benign_engagement", "engagement", "all5"),
    ("benign_engagement", "trust", "all5"),
    ("cordon_sanitaire", "engagement", "all5"),
    ("cordon_sanitaire", "taliban_revenue", "AFG"),
    ("cordon_sanitaire", "border_capacity_effective", "TJK"),
    ("cordon_sanitaire", "border_capacity_effective", "UZB"),
    ("malign_escalation", "isisk_fighters", "AFG"),
    ("malign_escalation", "isisk_attacks", "AFG"),
    ("malign_escalation", "allied_fighters", "AFG"),
    ("malign_escalation", "northern_fighters", "AFG"),
    ("malign_escalation", "control", "AFG"),
    ("malign_escalation", "legitimacy", "AFG"),
}


@pytest.fixture(scope="module")
def triples(signs):
    return signs.load_triples()


def key(triple):
    return triple["scenario"], triple["outcome"], triple["state"]


def test_triples_are_well_formed(triples):
    facts, scenarios = load_facts(), set(option_names("scenario"))
    assert len(triples) >= 12
    assert len({key(t) for t in triples}) == len(triples), "a triple is given twice"
    for t in triples:
        assert set(t) == {"scenario", "outcome", "state", "sign", "sources", "reading", "reason"}
        assert t["scenario"] in scenarios - {"status_quo"}, t["scenario"]
        assert t["outcome"] in OUTCOMES, t["outcome"]
        assert t["state"] in (*COUNTRIES, "all5"), t["state"]
        is_afghan = OUTCOMES[t["outcome"]].scope == "AFG"
        assert (t["state"] == "AFG") == is_afghan, f"{key(t)} has no meaning"
        assert type(t["sign"]) is int and t["sign"] in (-1, 1)
        assert t["reading"] in ("document", "ours")
        assert t["sources"] and set(t["sources"]) <= set(facts), set(t["sources"]) - set(facts)
        assert len(t["reason"]) > 20


def test_every_scenario_is_expected_to_do_something(triples):
    assert {t["scenario"] for t in triples} == set(option_names("scenario")) - {"status_quo"}
    assert {key(t) for t in triples if t["reading"] == "document"} >= SURE


def table(values_by_scenario):
    """Outcomes of one number per world in Afghanistan."""
    parts = [
        pd.DataFrame({"cell_id": name, "scenario": name, "policy": "status_quo", "draw": 0,
                      "replicate": range(len(values)), "state": "AFG", "isisk_fighters": values})
        for name, values in values_by_scenario.items()
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(
    ("shift", "expected"),
    [([3, 4, 5, 4], "holds"), ([-3, -4, -5, -4], "opposite"), ([9, -9, 9, -9], "open")],
)
def test_verdicts(signs, shift, expected):
    """Pairs are taken world by world: the worlds lie far apart, the differences do not."""
    here = np.array([100.0, 5000.0, 900.0, 20.0])
    frame = table({"status_quo": here, "malign_escalation": here + np.array(shift)})
    triple = {"scenario": "malign_escalation", "outcome": "isisk_fighters", "state": "AFG",
              "sign": 1, "reading": "ours"}  # fmt: skip
    (row,) = signs.evaluate(frame, [triple]).to_dict("records")
    assert row["verdict"] == expected
    assert row["mean"] == pytest.approx(np.mean(shift)) and row["n"] == 4
    (other,) = signs.evaluate(frame, [triple | {"scenario": "elsewhere"}]).to_dict("records")
    assert other["verdict"] == "missing"


def test_interval_of_a_hand_computed_case(signs):
    """Differences 3, 4, 5, 4: mean 4, sd 0.8165, half width 3.182 x 0.8165 / 2 = 1.299."""
    here = np.array([10.0, 20.0, 30.0, 40.0])
    frame = table({"status_quo": here, "malign_escalation": here + np.array([3, 4, 5, 4])})
    triple = {"scenario": "malign_escalation", "outcome": "isisk_fighters", "state": "AFG",
              "sign": -1, "reading": "ours"}  # fmt: skip
    (row,) = signs.evaluate(frame, [triple]).to_dict("records")
    assert row["low"] == pytest.approx(4 - 1.2992, abs=1e-3)
    assert row["high"] == pytest.approx(4 + 1.2992, abs=1e-3)
    assert row["verdict"] == "opposite"


def run_scenario(name):
    """Outcomes since the branch of a dozen worlds of one scenario under the present policy."""
    changes = layer_changes(load_layer("scenario", name), "scenario", BRANCH)
    parameters = load_tree().with_changes(changes).compile(WEEKS, load_world())
    frame = simulate(parameters, 20210815, 0, REPLICATES, WEEKS, BRANCH).outcomes
    labels = {"cell_id": name, "scenario": name, "policy": "status_quo", "draw": 0}
    return frame[frame["period"] == "since_branch"].assign(**labels)


@pytest.mark.slow
def test_sure_signs_hold(signs, triples):
    names = ("status_quo", "benign_engagement", "cordon_sanitaire", "malign_escalation")
    outcomes = pd.concat([run_scenario(name) for name in names], ignore_index=True)
    found = signs.evaluate(outcomes, triples)
    assert not (found["verdict"] == "missing").any()
    is_sure = np.array([key(row) in SURE for row in found.to_dict("records")])
    misses = found[is_sure & (found["verdict"] != "holds")]
    assert misses.empty, "\n" + misses.to_string(index=False)
