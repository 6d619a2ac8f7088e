"""Compare a results folder with the signs that the documents lead one to expect.

    python tests/cases/evaluate_signs.py results/quick

reads the outcomes of a sweep that holds the scenarios under the policy status_quo, and prints one
line per triple of tests/cases/scenario_signs.yaml: the mean of scenario minus status_quo over
pairs of the same world, its 95% interval, and the verdict. `holds` and `opposite` need the whole
interval on one side of zero; `open` means that chance could explain the difference, `missing`
that the run does not hold the scenario or the outcome.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from spillover.analysis.summary import by_region, mean_interval, pair
from spillover.batch.runner import read_outcomes
from spillover.observe import OUTCOMES

SIGNS = Path(__file__).with_name("scenario_signs.yaml")
REFERENCE = "status_quo"
PERIOD = "since_branch"


def load_triples(path: Path = SIGNS) -> list[dict[str, Any]]:
    """Expected signs, one mapping per triple of scenario, outcome and state."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def evaluate(outcomes: pd.DataFrame, triples: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per triple: mean paired difference, its 95% interval, number of pairs, verdict.

    Args:
        outcomes: rows per scenario, policy, draw, replicate and state since the branch, one
            column per outcome; other policies than the reference are left out.
        triples: as `load_triples` returns.
    """
    present = outcomes[outcomes["policy"] == REFERENCE]
    registry = {name: {"kind": o.kind, "unit": o.unit} for name, o in OUTCOMES.items()}
    single = [_of_one_state(present, t["outcome"], t["state"]) for t in triples]
    values = pd.concat([by_region(present, registry), *single], ignore_index=True)
    values = values.drop_duplicates(["cell_id", "replicate", "draw", "outcome", "region"])
    cells = dict(list(values.groupby(["scenario", "outcome", "region"])))
    rows = [_judge(triple, cells) for triple in triples]
    return pd.DataFrame(rows)


def _of_one_state(outcomes: pd.DataFrame, name: str, state: str) -> pd.DataFrame:
    """Values of one outcome in one republic, in the form of `by_region`; all5 and AFG are there."""
    rows = outcomes[outcomes["state"] == state]
    labels = rows[["cell_id", "scenario", "policy", "draw", "replicate"]]
    return labels.assign(region=state, outcome=name, value=rows[name])


def _judge(triple: dict[str, Any], cells: dict[Any, pd.DataFrame]) -> dict[str, Any]:
    """The row of one triple."""
    key = (triple["outcome"], triple["state"])
    treated = cells.get((triple["scenario"], *key))
    baseline = cells.get((REFERENCE, *key))
    row = {name: triple[name] for name in ("scenario", "outcome", "state", "sign", "reading")}
    if treated is None or baseline is None:
        return row | {"n": 0, "verdict": "missing"}
    there, here = pair(treated, baseline)
    difference = there - here
    low, high = mean_interval(difference)
    if low > 0 or high < 0:
        verdict = "holds" if (low > 0) == (triple["sign"] > 0) else "opposite"
    else:
        verdict = "open"
    found = {"mean": float(difference.mean()), "low": low, "high": high, "base": here.mean()}
    return row | found | {"n": len(difference), "verdict": verdict}


def main(arguments: list[str]) -> int:
    """Print the table for a results folder."""
    if len(arguments) != 1:
        print("Usage: python tests/cases/evaluate_signs.py RESULTS_FOLDER", file=sys.stderr)
        return 2
    table = evaluate(read_outcomes(Path(arguments[0]), PERIOD), load_triples())
    with pd.option_context("display.width", 160, "display.max_rows", None):
        print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}"))
    print()
    print(table.groupby(["reading", "verdict"]).size().to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
