"""The full package is its four groups together, and nothing else but the conclusion's words.

What waited for a channel acts now: each of those recommendations stands behind a lever.
"""

from __future__ import annotations

from typing import Any

import pytest

from spillover.evidence import load_facts
from spillover.evidence.usage import ConfigFile, config_folder, read_configs

GROUPS = (
    "intelligence_sharing",
    "border_security",
    "diplomatic_engagement",
    "counter_radicalisation",
)
OF_THE_CONCLUSION = {
    "R-DOMESTIC-LEVEL",
    "R-ISLAMIC-SPECIALISTS",
    "R-OVERCOME-DISTRUST",
    "R-MULTILATERAL-COOP",
    "R-MULTILEVEL-ARCHITECTURE",
}
"""Recommendations that the conclusion adds to those of the four groups."""
ONCE_WAITED = {
    "R-INTEL-SCOPE": "finance_tracking",  # extremist finance
    "R-IBM": "outposts_patrols",  # seizures and corruption
    "R-OUTPOSTS-PATROLS": "outposts_patrols",  # arms at the border
    "R-TRADE-CONNECTIVITY": "trade_facilitation",  # trade without recognition
    "R-CONTAINMENT-MEASURES": "contingency_planning",  # places for people in flight
    "R-OVERCOME-DISTRUST": "dispute_settlement",  # disputes among the five
}
"""Lever that carries each recommendation of the package that needed another channel than security;
tests/cases/directions.yaml says what each of them moves."""


@pytest.fixture(scope="module")
def policies() -> dict[str, ConfigFile]:
    return {c.name: c for c in read_configs(config_folder()) if c.kind == "policy"}


def orders(policy: ConfigFile) -> dict[tuple[str, tuple[str, ...] | None], dict[str, Any]]:
    """What the policy orders, by path and members; notes are prose and may differ."""
    found = {}
    for line in policy.changes():
        members = line.get("members")
        key = (str(line["path"]), None if members is None else tuple(sorted(members)))
        assert key not in found, f"{policy.label} orders {key} twice"
        dropped = ("path", "members", "note", "sources")
        found[key] = {k: v for k, v in line.items() if k not in dropped}
        found[key]["sources"] = sorted(line.get("sources") or ())
    return found


def test_the_full_package_orders_what_its_groups_and_the_conclusion_order(policies):
    """Levers, members, levels, weeks and sources; no lever stands in two groups."""
    together: dict[Any, Any] = {}
    for name in GROUPS:
        group = orders(policies[name])
        assert group
        assert not together.keys() & group.keys(), f"{name} repeats a lever of another group"
        together |= group
    full = orders(policies["full_package"])
    assert {key: order for key, order in full.items() if key in together} == together
    for key in full.keys() - together.keys():  # what the conclusion adds rests on it alone
        cited = {s for s in full[key]["sources"] if s.startswith("R-")}
        assert cited and cited <= OF_THE_CONCLUSION, key


def test_the_full_package_takes_up_their_recommendations_and_those_of_the_conclusion(policies):
    listed = list(policies["full_package"].content["recommendations"])
    assert len(listed) == len(set(listed))
    of_groups = {r for name in GROUPS for r in policies[name].content["recommendations"]}
    assert set(listed) == of_groups | OF_THE_CONCLUSION
    assert not of_groups & OF_THE_CONCLUSION


def test_what_the_conclusion_adds_stands_in_the_conclusion():
    facts = load_facts()
    assert {facts[r].locator for r in OF_THE_CONCLUSION} == {"Conclusion"}


@pytest.mark.parametrize("recommendation", ONCE_WAITED)
def test_what_once_waited_for_a_channel_is_ordered(policies, recommendation):
    path = f"levers.{ONCE_WAITED[recommendation]}.target"
    for name in ("full_package", *GROUPS):
        policy = policies[name]
        if recommendation in policy.content["recommendations"]:
            cited = [line for line in policy.changes() if recommendation in line["sources"]]
            assert path in {line["path"] for line in cited}, (name, recommendation)
    assert recommendation in policies["full_package"].content["recommendations"]
