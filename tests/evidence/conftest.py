"""Small made-up parameter trees in temporary folders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from spillover.axes import STATES
from spillover.evidence import ParameterTree, load_tree

BORDER = """
detection:
  description: Weekly detection hazard of one attempt.
  unit: 1/week
  bounds: [0, 1]
  values:
    2021-08-15:
      value: 0.05
      prior: {distribution: loguniform, low: 0.01, high: 0.2}
      basis: assumed
      sources: [A-TJK-BORDER-HARD]
      derivation: A guess for the test.
    2021-09-12:
      value: 0.1
      basis: assumed
      derivation: Four weeks later.
guards:
  description: Guards by state.
  unit: persons
  bounds: [0, 1000]
  axis: state
  values:
    2021-08-15:
      value: {default: 100, TJK: 50}
      prior: {distribution: uniform, low: 80, high: 120}
      basis: estimated
      sources: [A-TJK-BORDER-HARD, "paper:kaplan2010"]
deep:
  shift:
    description: A shift that may be negative.
    unit: logit
    bounds: [null, null]
    values:
      2021-08-15: {value: -1, basis: assumed, derivation: Low.}
"""
LEVERS = """
fusion:
  target:
    description: Ordered level of a fusion centre.
    unit: level
    bounds: [0, 3]
    axis: state
    values:
      2021-08-15: {value: {default: 0}, basis: assumed, derivation: Nothing ordered.}
  cost:
    description: Yearly cost of one level.
    unit: relative cost/yr
    bounds: [0, 40]
    values:
      2021-08-15: {value: 3, basis: assumed, derivation: A guess.}
  delay:
    description: Weeks to full delivery.
    unit: weeks
    bounds: [1, 260]
    values:
      2021-08-15: {value: 26, basis: assumed, derivation: A guess.}
"""
DRIVERS = """
grants:
  description: Aid as a share of that of 2021.
  unit: share
  bounds: [0, 100]
  series: grants
  basis: assumed
  derivation: Made up.
engagement:
  description: Engagement by state.
  unit: index
  bounds: [0, 20]
  axis: state
  series: engagement
  basis: assumed
  derivation: Made up.
"""
N_WEEKS = 30


def drivers_text(n_weeks: int = N_WEEKS) -> str:
    """A drivers table: grants falls from 10 by 0.1 a week; engagement is week/10 + place."""
    lines = ["week,week_start,series,value,rule,basis,sources"]
    for week in range(n_weeks):
        lines.append(f"{week},x,grants,{10 - 0.1 * week},made up,assumed,")
        for place, state in enumerate(STATES):
            lines.append(f"{week},x,engagement:{state},{week / 10 + place},made up,assumed,")
    return "\n".join(lines) + "\n"


@pytest.fixture
def write_tree(tmp_path: Path) -> Callable[..., ParameterTree]:
    """Write YAML texts by file stem, and a drivers table, and load the tree."""

    def write(drivers: str | None = None, **texts: str) -> ParameterTree:
        root = tmp_path / "parameters"
        root.mkdir()
        for stem, text in texts.items():
            (root / f"{stem}.yaml").write_text(text, encoding="utf-8")
        table = tmp_path / "drivers.csv"
        table.write_text(drivers_text() if drivers is None else drivers, encoding="utf-8")
        return load_tree(root=root, drivers=table)

    return write


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> ParameterTree:
    """The standard small tree; trees never change, so one serves all tests."""
    root = tmp_path_factory.mktemp("parameters")
    for stem, text in {"border": BORDER, "levers": LEVERS, "drivers": DRIVERS}.items():
        (root / f"{stem}.yaml").write_text(text, encoding="utf-8")
    table = tmp_path_factory.mktemp("data") / "drivers.csv"
    table.write_text(drivers_text(), encoding="utf-8")
    return load_tree(root=root, drivers=table)
