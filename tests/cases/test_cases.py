"""Situations that an analyst can read, run and judged as tests/cases/cases.yaml says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from spillover.axes import COUNTRIES, STATES
from spillover.batch.layers import layer_changes
from spillover.evidence import load_facts, load_papers, load_tree
from spillover.observe import OUTCOMES, simulate
from spillover.world import load_world

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("cases.yaml").read_text(encoding="utf-8")
)
SEED = 4711
VERDICTS = {"higher", "lower", "same", "none", "between"}


def outcomes(case: dict[str, Any], lines: list[dict[str, Any]]):
    """Outcomes of a case's replicates after its first week of interest."""
    content = {"origin": f"case/{case['name']}", "changes": lines}
    changes = layer_changes([content], "user", 0)
    parameters = load_tree().with_changes(changes).compile(case["weeks"], load_world())
    frame = simulate(
        parameters, SEED, 0, case["replicates"], case["weeks"], case["from_week"]
    ).outcomes
    return frame[frame["period"] == "since_branch"]


def values(frame, outcome: str, state: str) -> np.ndarray:
    """Values [r] or, for each of the five, [r x 5]; sum5 adds the five up."""
    states = STATES if state in ("all5", "sum5") else (state,)
    table = frame[frame["state"].isin(states)].pivot(
        index="replicate", columns="state", values=outcome
    )
    found = table.to_numpy().sum(axis=1) if state == "sum5" else table.to_numpy().ravel()
    assert np.isfinite(found).all(), f"{outcome} has no meaning for {state}"
    return found


def check(line: dict[str, Any], there, here) -> None:
    """One expectation against the situation (there) and the world it is compared with (here)."""
    found = values(there, line["outcome"], line["state"])
    word = f"{line['outcome']} {line['state']} is {line['is']}: mean {found.mean():.4g}"
    if line["is"] == "none":
        assert (found == 0).all(), word
    elif line["is"] == "between":
        assert line["low"] <= found.mean() <= line["high"], word
    else:
        plain = values(here, line["outcome"], line["state"])
        word += f", elsewhere {plain.mean():.4g}"
        if line["is"] == "same":
            assert np.array_equal(found, plain), word
            return
        difference = (found - plain) * (1 if line["is"] == "higher" else -1)
        half = stats.sem(difference) * stats.t.ppf(0.975, len(difference) - 1)
        assert difference.mean() - half > 0, f"{word}, half width {half:.3g}"


def parameter(case: dict[str, Any]):
    """A case as a parameter; many worlds over many weeks take their time."""
    is_slow = case["weeks"] * case["replicates"] > 1200
    return pytest.param(case, id=case["name"], marks=[pytest.mark.slow] if is_slow else [])


@pytest.mark.parametrize("case", [parameter(case) for case in CASES])
def test_case(case):
    both = case.get("both") or []
    there = outcomes(case, [*both, *case["given"]])
    here = outcomes(case, [*both, *(case.get("elsewhere") or [])])
    for line in case["then"]:
        check(line, there, here)


def test_cases_are_well_formed():
    facts, papers = load_facts(), load_papers()
    assert len(CASES) >= 6
    assert len({case["name"] for case in CASES}) == len(CASES)
    for case in CASES:
        assert case["reason"].strip() and case["then"] and case["sources"]
        assert 0 <= case["from_week"] < case["weeks"] <= 490
        for source in case["sources"]:
            kind, _, key = source.partition(":")
            known = kind == "calibration" or (key in papers if kind == "paper" else kind in facts)
            assert known, f"{case['name']}: {source}"
        for line in case["then"]:
            assert line["outcome"] in OUTCOMES, f"{case['name']}: {line['outcome']}"
            assert line["state"] in (*COUNTRIES, "all5", "sum5")
            assert line["is"] in VERDICTS


def test_a_judge_can_say_no():
    """The comparison itself: it refuses a wrong sign, a difference of none and a wrong range."""
    case = {"name": "self", "weeks": 8, "from_week": 0, "replicates": 3}
    there = outcomes(case, [])
    line = {"outcome": "isisk_attacks", "state": "AFG"}
    for wrong in ({"is": "higher"}, {"is": "lower"}, {"is": "none"},
                  {"is": "between", "low": 1e6, "high": 2e6}):  # fmt: skip
        with pytest.raises(AssertionError):
            check(line | wrong, there, there)
    check(line | {"is": "same"}, there, there)
