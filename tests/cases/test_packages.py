"""The full package is its four groups together, and nothing else but the conclusion's words."""

from __future__ import annotations

from collections.abc import Mapping
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


def pending(policy: ConfigFile) -> dict[str, Mapping[str, Any]]:
    return {str(line["line"]): line for line in policy.content["pending"]}


def test_the_full_package_orders_what_its_groups_order(policies):
    """Levers, members, levels, weeks and sources; no lever stands in two groups."""
    together: dict[Any, Any] = {}
    for name in GROUPS:
        group = orders(policies[name])
        assert group
        assert not together.keys() & group.keys(), f"{name} repeats a lever of another group"
        together |= group
    assert orders(policies["full_package"]) == together


def test_the_full_package_takes_up_their_recommendations_and_those_of_the_conclusion(policies):
    listed = list(policies["full_package"].content["recommendations"])
    assert len(listed) == len(set(listed))
    of_groups = {r for name in GROUPS for r in policies[name].content["recommendations"]}
    assert set(listed) == of_groups | OF_THE_CONCLUSION
    assert not of_groups & OF_THE_CONCLUSION


def test_what_the_conclusion_adds_stands_in_the_conclusion():
    facts = load_facts()
    assert {facts[r].locator for r in OF_THE_CONCLUSION} == {"Conclusion"}


def test_what_waits_in_a_group_waits_in_the_full_package(policies):
    full = pending(policies["full_package"])
    for name in GROUPS:
        for line, content in pending(policies[name]).items():
            assert full[line] == content
