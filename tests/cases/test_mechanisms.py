"""Every mechanism of the documents, and a sample of the other facts, acts when it is turned.

Pairs of runs with the same replicates and random numbers in the lively world of tests/processes:
once as given and once with one parameter moved (spillover/data/coverage.yaml).
"""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spillover import kernel
from spillover.axes import AXES, LEVERS, STATES
from spillover.evidence import Change, ParameterTree, load_tree
from spillover.evidence.coverage import (
    DIRECTIONS,
    USED,
    Ablation,
    Setting,
    coverage,
    load_register,
)
from spillover.evidence.usage import config_folder, read_configs
from spillover.outcomes import OUTCOMES
from spillover.streams import Streams
from spillover.world import World, load_world

pytestmark = pytest.mark.slow

SEED, REPLICATES, WEEKS = 20210815, 30, 26
SAMPLE = 40
KEY = "coverage"  # of the sample; another word gives another sample
PATHS_TRIED = 4  # parameters of one fact; one that acts is enough
REGISTER = load_register()
AHEAD: Mapping[str, float] = {
    **{f"levers.{lever}.target": 1.0 for lever in LEVERS},
    "diplomacy.loss_per_attack": 0.0,
    "fragility.hazard_open": 1.0,
    "drivers.ukraine_war": 1.0,
    "levers.recognition.target": 3.0,
    "drivers.recognition": 1.0,
    "initial.group_funds": 20.0,
    "powers.support": 0.7,
    "drivers.cis_programme": 1.0,
    "drivers.csto_programme": 1.0,
    "drivers.qosh_tepa_completion": 1.0,
    "drivers.syria_arrivals": 5.0,
    "drivers.prison_releases": 100.0,
    "drivers.pakistan_border_open": 0.5,
    "drivers.amu_darya_flow": 0.1,
    "opium.ban_enforcement_target": 0.5,
    "opium.farm_income_start": 100.0,
    "trade.pace": 5.0,
    "trade.delay": 0.5,
    "trade.works_begin": 0.0,
}
"""What comes later or by policy: levers, dated drivers, a ban, empty coffers, open corridors."""


class _Differs(Exception):
    """Two paths are no longer the same."""


@cache
def lively() -> Mapping[str, float]:
    """The settings under which rare things are frequent."""
    path = Path(__file__).parents[1] / "processes" / "conftest.py"
    spec = importlib.util.spec_from_file_location("lively_world", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return dict(module.LIVELY)


@cache
def stage() -> tuple[ParameterTree, World]:
    return load_tree(), load_world()


def compiled(settings: Iterable[Setting]) -> Any:
    tree, world = stage()
    ordered = list(settings)
    named = {setting.path for setting in ordered}
    changes = [Change(p, "set", v, 0) for p, v in lively().items() if p not in named]
    return tree.with_changes([*changes, *(s.change() for s in ordered)]).compile(WEEKS, world)


def read(name: str, state: Any, info: dict[str, Any]) -> np.ndarray:
    value = OUTCOMES[name].read(state, SimpleNamespace(**info), stage()[1])
    return np.nan_to_num(np.asarray(value, dtype=np.float64))


def streams() -> Streams:
    return Streams(SEED, range(REPLICATES))


@cache
def needed(given: tuple[Setting, ...]) -> tuple[str, ...]:
    """Outcomes that pairs with these conditions read."""
    pairs = [pair for pair in REGISTER.ablations if pair.given == given]
    return tuple(dict.fromkeys(s.outcome for pair in pairs for s in pair.shows.values()))


@cache
def base(given: tuple[Setting, ...]) -> dict[str, np.ndarray]:
    return sums(given, needed(given))


def sums(settings: Iterable[Setting], names: Iterable[str]) -> dict[str, np.ndarray]:
    total: dict[str, Any] = dict.fromkeys(names, 0.0)

    def watch(week: int, state: Any, info: dict[str, Any]) -> None:
        for name in total:
            total[name] = total[name] + read(name, state, info)

    kernel.run(compiled(settings), streams(), 0, WEEKS, watch=watch)
    return total


@pytest.mark.parametrize("pair", REGISTER.ablations, ids=lambda pair: pair.move.words())
def test_a_mechanism_moves_its_outcome_in_the_direction_said(pair: Ablation):
    moved = {(pair.move.path, pair.move.members)}
    kept = [s for s in pair.given if (s.path, s.members) not in moved]
    shown = list(dict.fromkeys(s.outcome for s in pair.shows.values()))
    before, after = base(pair.given), sums([*kept, pair.move], shown)
    for fact, what in pair.shows.items():
        difference = after[what.outcome] - before[what.outcome]
        if what.state is not None:
            difference = difference[:, STATES.index(what.state)]
        size, sign = difference.sum(), DIRECTIONS[what.direction]
        assert np.any(difference != 0.0), f"{fact}: {what.outcome} does not react"
        assert sign == 0 or np.sign(size) == sign, f"{fact}: {what.words()}, got {size:+.4g}"


def sampled() -> list[tuple[str, tuple[str, ...]]]:
    """Facts other than mechanisms that parameters cite, with those parameters, by a keyed draw."""
    tree = stage()[0]
    rows = coverage(tree, read_configs(config_folder()), {})
    cited = {
        row.fact.id: tuple(user for user in row.users if user in tree.entries)
        for row in rows
        if row.status == USED and row.fact.kind != "mechanism"
    }
    order = sorted(cited, key=lambda fact: hashlib.sha256(f"{KEY}/{fact}".encode()).digest())
    return [(fact, cited[fact]) for fact in order if cited[fact]][:SAMPLE]


SAMPLED = sampled()


def far_value(path: str) -> float:
    """The end of the prior that is further away, or a value well off where there is none."""
    entry = stage()[0].entry(path)
    low, high = (float(bound) for bound in entry.bounds)
    if path.startswith("levers.") and path.endswith(".target"):
        return high
    dated = entry.values[0] if entry.values else None
    if dated is not None and dated.prior is not None and not dated.prior.is_fixed:
        ends = [float(dated.prior.quantile(share)) for share in (0.001, 0.999)]
        return max(ends, key=lambda end: abs(end - dated.reference))
    here = dated.reference if dated is not None else float(np.mean(stage()[0].series[path]))
    here = AHEAD.get(path, here)
    if entry.unit in ("switch", "code") or (dated is None and path in AHEAD):
        return low if here != low else high
    there = here * 2.0 + (0.0 if here else 0.5)
    if there > high:
        there = here / 2.0 if here > low else high
    return float(np.clip(there, low, high))


def moved_settings(path: str) -> list[Setting]:
    """The far value, for every second member of an axis: shares would not see all of them move."""
    held = {**lively(), **AHEAD}
    kept = [Setting(name, value, None) for name, value in AHEAD.items() if name != path]
    axis = stage()[0].entry(path).axis
    if axis is None:
        return [*kept, Setting(path, far_value(path), None)]
    if path in held:
        kept.append(Setting(path, held[path], AXES[axis][1::2]))
    return [*kept, Setting(path, far_value(path), AXES[axis][::2])]


@cache
def track() -> list[dict[str, np.ndarray]]:
    """Every outcome in every week."""
    weeks: list[dict[str, np.ndarray]] = []

    def watch(week: int, state: Any, info: dict[str, Any]) -> None:
        weeks.append({name: read(name, state, info) for name in OUTCOMES})

    given = [Setting(name, value, None) for name, value in AHEAD.items()]
    kernel.run(compiled(given), streams(), 0, WEEKS, watch=watch)
    return weeks


def acts(path: str) -> bool:
    """Whether an outcome differs in some week once the parameter stands at its far value."""
    before = track()

    def watch(week: int, state: Any, info: dict[str, Any]) -> None:
        for name in OUTCOMES:
            if not np.array_equal(before[week][name], read(name, state, info)):
                raise _Differs

    try:
        kernel.run(compiled(moved_settings(path)), streams(), 0, WEEKS, watch=watch)
    except _Differs:
        return True
    return False


@pytest.mark.parametrize(("fact", "paths"), SAMPLED, ids=[fact for fact, _ in SAMPLED])
def test_a_parameter_behind_a_sampled_fact_acts(fact: str, paths: tuple[str, ...]):
    assert any(acts(path) for path in paths[:PATHS_TRIED]), f"{fact}: {paths[:PATHS_TRIED]}"
