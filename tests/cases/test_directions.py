"""Every lever and every driver moves its nearest outcome as tests/cases/directions.yaml says.

Pairs of the same world, with and without one change. Cases that share what is `given` share the
world without the change; expectations of one handle share the world with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from scipy import stats

from spillover import kernel
from spillover.axes import GROUPS, LEVERS, STATES, ZONES
from spillover.evidence import Change, load_facts, load_papers, load_tree
from spillover.observe import OUTCOMES
from spillover.streams import Streams
from spillover.world import load_world

CASES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("directions.yaml").read_text(encoding="utf-8")
)
SEED = 20210815
DEFAULTS: Mapping[str, Any] = {"given": {}, "members": None, "first_week": 0, "weeks": 16,
                               "replicates": 8}  # fmt: skip
NOISE = 1e-9  # of the value without the change: what rounding of sums may move
ETIM = GROUPS.index("ETIM")


def share_north_east(state, infos, world):
    """Share of ETIM/TIP that stands in the north-east, at the Chinese and the Tajik border [r]."""
    men = state.fighters[:, ETIM].astype(float)
    near = men * (world.province_zone == ZONES.index("north_east"))
    return near.sum(axis=1) / np.maximum(men.sum(axis=1), 1.0)


QUANTITIES: Mapping[str, Callable[..., Any]] = {
    "afghan_grievance": lambda s, i, w: s.afghan_grievance.mean(axis=1),
    "corridor_works": lambda s, i, w: s.corridor_progress.sum(axis=1),
    "effort": lambda s, i, w: s.effort,
    "etim_north_east": share_north_east,
    "state_legitimacy": lambda s, i, w: s.state_legitimacy,
}
"""What no outcome of the registry shows; others of the kind are in tests/processes/conftest.py."""
BACKFIRES = {
    ("levers.engagement.target", "frontier_attacks"),
    ("recruitment.arrest_hazard", "repression"),
    ("statecraft.repression_reference_shift", "exposed"),
    ("groups.auxiliary_use", "fighters_imu"),
    ("drivers.chinese_pressure", "etim_north_east"),
    ("levers.outposts_patrols.target", "infiltrations_tried"),
    ("levers.recognition.target", "haven_imu"),
    ("levers.targeted_sanctions.target", "trade_with_afghanistan"),
    ("levers.csto_entry.target", "afghan_grievance"),
    ("levers.online_monitoring.target", "closed_share"),
    ("levers.trade_facilitation.target", "legitimacy"),
}
"""What the documents say comes with a measure though nobody orders it for that."""


def full(case: Mapping[str, Any]) -> dict[str, Any]:
    return dict(DEFAULTS) | dict(case)


def changes_of(lines: Mapping[str, Mapping[str, float]], members=None) -> list[Change]:
    """Changes from week 0: `{path: {operation: value}}`."""
    found = []
    for path, line in lines.items():
        ((operation, value),) = line.items()
        found.append(Change(path, operation, value, 0, members=members))
    return found


class Worlds:
    """Runs of the lively world, each of them once."""

    def __init__(self, module: Any) -> None:
        self.tree, self.world = load_tree(), load_world()
        self.lively = {path: {"set": value} for path, value in module.LIVELY.items()}
        self.lively |= {
            f"levers.{lever}.precondition_{of}": {"set": 0.0}
            for lever in LEVERS
            for of in ("engagement", "trust")
        }
        self.reads = {name: outcome.read for name, outcome in OUTCOMES.items()}
        self.reads |= module.WATCHED | dict(QUANTITIES)
        self.known: dict[str, dict[str, Any]] = {}

    def names(self, case: dict[str, Any]) -> set[str]:
        """Outcomes that cases of the same length ask for, so that one run serves them all."""
        keys = ("first_week", "weeks", "replicates")
        alike = [c for c in map(full, CASES) if all(c[key] == case[key] for key in keys)]
        return {line["outcome"] for c in alike for line in c["expect"]}

    def run(self, case: dict[str, Any], is_changed: bool) -> dict[str, Any]:
        """Mean over the weeks of each outcome [r] or [r, c], with or without the change."""
        lively = {k: v for k, v in self.lively.items() if "set" not in case["given"].get(k, {})}
        changes = changes_of(lively) + changes_of(case["given"])
        if is_changed:
            changes += changes_of({case["handle"]: case["change"]}, _members(case))
        first, last = case["first_week"], case["first_week"] + case["weeks"]
        parameters = self.tree.with_changes(changes).compile(last, self.world)
        key = f"{parameters.digest} {first} {last} {case['replicates']}"
        if key not in self.known:
            names = sorted(self.names(case))
            sums: dict[str, Any] = dict.fromkeys(names, 0.0)

            def watch(week, state, info):
                infos = SimpleNamespace(**info)
                for name in names:
                    sums[name] = sums[name] + self.reads[name](state, infos, self.world)

            kernel.run(parameters, Streams(SEED, range(case["replicates"])), first, last,
                       watch=watch)  # fmt: skip
            self.known[key] = {name: np.asarray(v) / case["weeks"] for name, v in sums.items()}
        return self.known[key]


def _members(case: dict[str, Any]) -> tuple[str, ...] | None:
    return None if case["members"] is None else tuple(case["members"])


def value(means: dict[str, Any], line: dict[str, Any]) -> np.ndarray:
    """What a line speaks of in each replicate [r]; states without a meaning are left out."""
    found = np.asarray(means[line["outcome"]], dtype=float)
    if found.ndim == 1:
        return found
    if "state" in line:
        return found[:, STATES.index(line["state"])]
    return np.nansum(found, axis=1)


def check(line: dict[str, Any], here: np.ndarray, there: np.ndarray) -> None:
    """The change moves the outcome the way that the line says, by more than noise."""
    difference = line["sign"] * (there - here)
    noise = NOISE * max(float(np.abs(here).mean()), 1e-12)
    word = f"{line['outcome']}: {line['sign'] * difference.mean():+.4g} on {here.mean():.4g}"
    assert np.isfinite(difference).all(), word
    if line.get("judged", "each") == "each":
        assert (difference > noise).all(), f"{word}, {(difference > noise).mean():.0%} of pairs"
        return
    half = stats.sem(difference) * stats.t.ppf(0.975, len(difference) - 1)
    assert difference.mean() - half > noise, f"{word}, half width {half:.3g}"


@pytest.fixture(scope="module")
def worlds(process_fixtures) -> Worlds:
    return Worlds(process_fixtures)


def lines():
    """One parameter per expectation."""
    for case in map(full, CASES):
        for line in case["expect"]:
            where = "".join(
                f"-{word}" for word in (line.get("state"), *(case["members"] or ())) if word
            )
            name = f"{case['handle'].removesuffix('.target')}-{line['outcome']}{where}"
            yield pytest.param(
                case, line, id=f"{name}{'-backfires' * line.get('backfires', False)}"
            )


@pytest.mark.parametrize(("case", "line"), list(lines()))
def test_direction(worlds, case, line):
    here, there = worlds.run(case, False), worlds.run(case, True)
    check(line, value(here, line), value(there, line))


def test_every_lever_and_every_driver_has_a_direction():
    drivers = {path for path in load_tree().entries if path.startswith("drivers.")}
    levers = {f"levers.{lever}.target" for lever in LEVERS}
    asked = {case["handle"] for case in CASES}
    assert levers | drivers <= asked, sorted((levers | drivers) - asked)


def test_every_backfire_of_the_documents_is_asked_for():
    found = {
        (case["handle"], line["outcome"])
        for case in CASES
        for line in case["expect"]
        if line.get("backfires")
    }
    assert found >= BACKFIRES, BACKFIRES - found


def test_cases_are_well_formed(worlds):
    facts, papers = load_facts(), load_papers()
    assert not QUANTITIES.keys() & OUTCOMES.keys()
    seen = set()
    for case in map(full, CASES):
        known = {"handle", "change", "given", "members", "first_week", "weeks", "replicates",
                 "expect"}  # fmt: skip
        assert set(case) == known, case["handle"]
        assert len(case["change"]) == 1 and case["expect"]
        for line in case["expect"]:
            names = {"outcome", "state", "sign", "why", "sources", "judged", "backfires"}
            assert set(line) <= names and {"outcome", "sign", "why", "sources"} <= set(line)
            assert line["sign"] in (-1, 1) and line.get("judged", "each") in ("each", "mean")
            assert line["outcome"] in worlds.reads and line["why"].strip() and line["sources"]
            assert line.get("state", "KAZ") in STATES
            for source in line["sources"]:
                kind, _, key = source.partition(":")
                is_known = kind == "calibration" or (key in papers if key else kind in facts)
                assert is_known, f"{case['handle']}: {source}"
            key = (case["handle"], _members(case), line["outcome"], line.get("state"))
            assert (key, repr(case["given"])) not in seen, key
            seen.add((key, repr(case["given"])))


def test_a_judge_can_say_no():
    """It refuses the wrong sign, no difference at all, rounding, and a difference of chance."""
    here = np.array([10.0, 20.0, 30.0, 40.0])
    for judged in ("each", "mean"):
        line = {"outcome": "self", "sign": 1, "judged": judged}
        for there in (
            here,
            here - 1.0,
            here * (1.0 + 1e-12),
            here + np.array([9.0, -9.0, 9.0, -8.0]),
        ):
            with pytest.raises(AssertionError):
                check(line, here, there)
        check(line, here, here + np.array([1.0, 1.1, 0.9, 1.0]))
    with pytest.raises(AssertionError):
        check({"outcome": "self", "sign": 1}, here, here + np.array([5.0, 5.0, 5.0, 0.0]))
