"""A small, made-up but realistic results folder: what the batch runner writes, without a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spillover.axes import COUNTRIES
from spillover.clock import BRANCH_DATE, START, week_index
from spillover.figures import Results, read_results
from spillover.world import load_world
from spillover.world.outlines import outlines

N_WEEKS, N_REPLICATES = 490, 40
BRANCH_WEEK = week_index(BRANCH_DATE)
SCENARIOS = ("status_quo", "benign_engagement", "cordon_sanitaire", "malign_escalation")
POLICIES = ("status_quo", "full_package")
# name: (label, unit, kind, better, states that have it)
OUTCOMES = {
    "attacks_home": ("attacks at home", "attacks", "flow", "lower", COUNTRIES[1:]),
    "frontier_attacks": ("frontier attacks", "attacks", "flow", "lower", COUNTRIES[1:]),
    "infiltrations_through": (
        "infiltrations that got through",
        "crossings",
        "flow",
        "lower",
        COUNTRIES[1:],
    ),
    "recruits": ("recruits", "persons", "flow", "lower", COUNTRIES[1:]),
    "trust": ("trust among the five", "index", "stock", "higher", COUNTRIES[1:]),
    "isisk_attacks": ("ISIS-K attacks", "attacks", "flow", "lower", ("AFG",)),
    "isisk_fighters": ("ISIS-K fighters", "fighters", "stock", "lower", ("AFG",)),
    "control": ("Taliban control", "index", "stock", "higher", ("AFG",)),
}
PLACE_OUTCOMES = {
    "isisk_attacks": ("ISIS-K attacks", "attacks", "flow", "lower", ()),
    "recruits": ("recruits", "persons", "flow", "lower", ()),
}
SCENARIO_EFFECT = {
    "status_quo": 0.0,
    "benign_engagement": -0.35,
    "cordon_sanitaire": 0.2,
    "malign_escalation": 0.8,
}
STATE_WEIGHT = {"KAZ": 0.35, "KGZ": 0.5, "TJK": 1.6, "TKM": 0.4, "UZB": 1.0, "AFG": 1.0}
WEEKLY_RATE = {
    "attacks_home": 0.004,
    "frontier_attacks": 0.05,
    "infiltrations_through": 0.5,
    "recruits": 6.0,
    "isisk_attacks": 4.0,
}


def weekly_values(name: str, state: str, scenario: str, policy: str) -> np.ndarray:
    """Values [replicate, week]; the history and each replicate's luck are shared by all cells."""
    seed = sum((name + state).encode())
    rng = np.random.default_rng(seed)
    luck = rng.lognormal(0, 0.35, (N_REPLICATES, 1))
    weeks = np.arange(N_WEEKS)
    since = np.clip((weeks - BRANCH_WEEK) / 80, 0, 1)
    effect = SCENARIO_EFFECT[scenario] - (0.3 if policy != "status_quo" else 0.0)
    change = np.exp(effect * since)
    surge = 1 + 2.5 * np.exp(-weeks / 14)
    if name in WEEKLY_RATE:
        uniform = rng.random((N_REPLICATES, N_WEEKS))
        rate = WEEKLY_RATE[name] * STATE_WEIGHT[state] * luck * change * surge
        return _poisson_quantile(uniform, rate)
    walk = np.cumsum(rng.normal(0, 0.012, (N_REPLICATES, N_WEEKS)), axis=1)
    if name == "isisk_fighters":
        return np.round(2200 * luck * change * np.exp(walk * 0.6))
    sign = -1 if OUTCOMES[name][3] == "higher" else 1
    level = 0.2 + walk * 0.8 + sign * effect * since
    return 1 / (1 + np.exp(-level))


def _poisson_quantile(uniform: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """Inverse Poisson distribution, so that a higher rate never gives a lower count."""
    term = np.exp(-rate)
    total, count = term.copy(), np.zeros_like(rate)
    for k in range(1, 120):
        count += uniform > total
        term = term * rate / k
        total = total + term
    return count


def years_of_weeks() -> np.ndarray:
    """Calendar year of each week's first day."""
    return np.array([(START + timedelta(weeks=int(w))).year for w in range(N_WEEKS)])


def outcome_table(scenario: str, policy: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Outcomes by replicate, state and period, and the weekly quantiles of one cell."""
    years = years_of_weeks()
    periods = {str(y): years == y for y in range(2021, 2031)}
    periods["since_branch"] = np.arange(N_WEEKS) >= BRANCH_WEEK
    blocks, series = [], []
    for state in COUNTRIES:
        keys = [(r, state, p) for r in range(N_REPLICATES) for p in periods]
        block = pd.DataFrame(keys, columns=["replicate", "state", "period"])
        for name, (_, _, kind, _, states) in OUTCOMES.items():
            if state not in states:
                block[name] = np.nan
                continue
            values = weekly_values(name, state, scenario, policy)
            reduce = np.sum if kind == "flow" else np.mean
            by_period = np.stack([reduce(values[:, m], axis=1) for m in periods.values()], axis=1)
            block[name] = by_period.ravel()
            quantiles = np.quantile(values, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
            weekly = pd.DataFrame(quantiles.T, columns=["q05", "q25", "q50", "q75", "q95"])
            weekly.insert(0, "week", np.arange(N_WEEKS, dtype=np.int32))
            weekly["mean"] = values.mean(axis=0)
            weekly.insert(0, "state", state)
            weekly.insert(0, "outcome", name)
            series.append(weekly)
        blocks.append(block)
    return pd.concat(blocks, ignore_index=True), pd.concat(series, ignore_index=True)


def place_table(scenario: str, policy: str) -> pd.DataFrame:
    """Place outcomes since the branch."""
    world = load_world()
    country = dict(zip(world.place_ids, map(str, world.place_country), strict=True))
    places = list(outlines())
    rng = np.random.default_rng(5)
    base = rng.lognormal(0.2, 1.1, len(places))
    factor = np.exp(SCENARIO_EFFECT[scenario] - (0.3 if policy != "status_quo" else 0.0))
    rows = []
    for replicate in range(3):
        frame = pd.DataFrame({"place": places})
        frame.insert(0, "replicate", replicate)
        frame["period"] = "since_branch"
        is_afghan = np.array([country[place] == "AFG" for place in places])
        frame["isisk_attacks"] = np.where(is_afghan, base * factor * 20, np.nan)
        frame["recruits"] = np.where(is_afghan, np.nan, base * factor * 30)
        rows.append(frame)
    return pd.concat(rows, ignore_index=True)


def write_table(path: Path, frame: pd.DataFrame, described: Mapping[str, tuple]) -> None:
    """Write Parquet with units and labels in the field metadata."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    fields = []
    for field in table.schema:
        if field.name in described:
            label, unit, kind, _, _ = described[field.name]
            meta = {"label": label, "unit": unit, "kind": kind}
            field = field.with_metadata(meta)
        fields.append(field)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.cast(pa.schema(fields)), path)


def _note(described: tuple) -> dict[str, object]:
    label, unit, kind, better, _ = described
    note = {"label": label, "unit": unit, "kind": kind, "better": better}
    return {**note, "headline": True}


def write_results(
    folder: Path,
    scenarios: tuple[str, ...] = SCENARIOS,
    policies: tuple[str, ...] = POLICIES,
    drop: tuple[str, ...] = (),
) -> Path:
    """Write a results folder; ``drop`` leaves outcomes out."""
    series, cells = [], []
    for scenario in scenarios:
        for policy in policies:
            cell = f"{len(cells):012x}"
            keys = {"cell_id": cell, "scenario": scenario, "policy": policy}
            outcomes, weekly = outcome_table(scenario, policy)
            outcomes = outcomes.drop(columns=list(drop))
            weekly = weekly[~weekly["outcome"].isin(drop)]
            place = f"cell={cell}/w00000-00039.parquet"
            write_table(folder / "outcomes" / place, outcomes.assign(**keys, draw=0), OUTCOMES)
            table = place_table(scenario, policy)
            write_table(folder / "places" / place, table.assign(**keys, draw=0), PLACE_OUTCOMES)
            series.append(weekly.assign(**keys))
            cells.append({**keys, "draw": 0})
    write_table(folder / "series" / "quantiles.parquet", pd.concat(series), {})
    write_table(folder / "cells.parquet", pd.DataFrame(cells), {})
    manifest = {
        "name": folder.name,
        "seed": 20210815,
        "fingerprint": {"id": "0123456789abcdef", "source": "s", "data": "d"},
        "frame": {"horizon": "projection", "branch_week": BRANCH_WEEK},
        "outcomes": {name: _note(meta) for name, meta in OUTCOMES.items()},
        "place_outcomes": {name: _note(meta) for name, meta in PLACE_OUTCOMES.items()},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


@pytest.fixture
def small_folder(tmp_path: Path) -> Path:
    """Two scenarios under the status quo policy and the full package."""
    return write_results(tmp_path / "small", scenarios=("status_quo", "malign_escalation"))


@pytest.fixture(scope="session")
def results(results_folder: Path) -> Results:
    """The same, read."""
    return read_results(results_folder)


@pytest.fixture(scope="session")
def results_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four scenarios, two policies, 40 replicates."""
    return write_results(tmp_path_factory.mktemp("results") / "quick")
