"""Every rival account, and every coupling, changes an outcome of the whole model.

Pairs of runs with the same replicates and random numbers in the lively world of tests/processes:
once as documented and once under a file of configs/structure. Six couplings are turned as
mechanisms in spillover/data/coverage.yaml and tested in test_mechanisms.py; the others are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spillover import kernel
from spillover.batch.compose import load_layer
from spillover.batch.layers import layer_changes
from spillover.evidence import Change, load_tree
from spillover.evidence.coverage import load_register
from spillover.outcomes import OUTCOMES
from spillover.streams import Streams
from spillover.world import load_world

pytestmark = pytest.mark.slow

SEED, REPLICATES, WEEKS = 20210815, 5, 26
UP, DOWN, CHANGE = 1, -1, 0
RIVAL, COUPLING = "structure.rival.", "structure.coupling."
Sums = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Pair:
    """A structure, which outcomes must move with it and how, and what holds in both runs."""

    name: str
    moves: Mapping[str, int]
    given: Mapping[str, float] = field(default_factory=dict)


TALKS = {"levers.engagement.target": 3.0, "diplomacy.loss_per_attack": 0.0}
LESS_AID = {"drivers.external_grants": 500.0}
PAIRS = (
    Pair("self_radicalisation", {"exposed": CHANGE, "recruits": CHANGE, "arrests": CHANGE}),
    Pair("bifurcation", {"exposed": CHANGE, "recruits": CHANGE, "arrests": CHANGE}),
    Pair("engagement_buys_nothing", {"promise_kept": DOWN, "infiltrations_tried": CHANGE}, TALKS),
    Pair("static_routes", {"opiates_through": CHANGE, "opiates_seized": CHANGE}),
    Pair(
        "without_narcotics_finance",
        {"flow_tax": DOWN, "taliban_revenue": DOWN, "security_pay": DOWN},
    ),
    Pair(  # with less aid than at the reference, what the coupling takes away comes back
        "without_aid_and_returnees",
        {"legitimacy": UP, "taliban_revenue": UP, "isisk_fighters": CHANGE},
        LESS_AID,
    ),
    Pair("without_border_displacement", {"arms_stopped": UP, "opiates_through": CHANGE}),
)


def changes_of(structure: str) -> tuple[Change, ...]:
    return layer_changes(load_layer("structure", structure), "structure", 0)


@pytest.fixture(scope="module")
def sums(process_fixtures) -> Callable[..., Sums]:
    """`sums(structure, given)`: outcomes [r, ...] summed over all weeks, each run made once."""
    tree, world, found = load_tree(), load_world(), {}

    def run(structure: str, given: Mapping[str, float]) -> Sums:
        key = structure, tuple(given.items())
        if key in found:
            return found[key]
        held = {**process_fixtures.LIVELY, **given}
        set_ = [Change(path, "set", value, 0) for path, value in held.items()]
        parameters = tree.with_changes([*set_, *changes_of(structure)]).compile(WEEKS, world)
        names = {name for pair in PAIRS for name in pair.moves}
        total: dict[str, Any] = dict.fromkeys(sorted(names), 0.0)

        def watch(week: int, state: Any, info: dict[str, Any]) -> None:
            infos = SimpleNamespace(**info)
            for name in total:
                value = np.asarray(OUTCOMES[name].read(state, infos, world), dtype=np.float64)
                total[name] = total[name] + value.reshape(REPLICATES, -1).sum(axis=1)

        kernel.run(parameters, Streams(SEED, range(REPLICATES)), 0, WEEKS, watch=watch)
        found[key] = total
        return total

    return run


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_structure_changes_the_outcomes_named(pair, sums):
    before, after = sums("documented", pair.given), sums(pair.name, pair.given)
    for name, sign in pair.moves.items():
        difference = after[name] - before[name]
        assert np.isfinite(difference).all() and np.any(difference != 0), f"{name} does not react"
        assert sign == CHANGE or np.sign(difference.sum()) == sign, (name, difference)


def test_the_accounts_of_joining_differ_from_each_other(sums):
    """Three accounts, three worlds: with contact, without it, and beyond a tipping point."""
    accounts = ("documented", "self_radicalisation", "bifurcation")
    exposed = [sums(name, {})["exposed"] for name in accounts]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.any(exposed[one] != exposed[other]), (accounts[one], accounts[other])


def test_no_rival_and_no_coupling_is_left_out():
    """Each code of a rival and each coupling is turned here or as a mechanism."""
    here = [change for pair in PAIRS for change in changes_of(pair.name)]
    turned = {(change.path, change.value) for change in here}
    turned |= {(pair.move.path, pair.move.value) for pair in load_register().ablations}
    tree = load_tree()
    for path in tree.paths():
        if path.startswith((RIVAL, COUPLING)):
            entry = tree.entry(path)
            documented = entry.values[0].reference
            codes = range(int(entry.bounds[0]), int(entry.bounds[1]) + 1)
            others = {(path, float(code)) for code in codes if code != documented}
            assert others and others <= turned, path
