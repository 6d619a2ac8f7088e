"""Every recommendation of the documents is taken up by a policy and acts through a lever.

The register holds 82 recommendations (rows of kind recommendation, ids R-...). Every lever can be
ordered alone.
"""

from __future__ import annotations

import pytest

from spillover.axes import LEVERS
from spillover.evidence import load_facts
from spillover.evidence.changes import is_lever_target
from spillover.evidence.usage import ConfigFile, config_folder, read_configs

REFERENCE = "status_quo"
FULL_LEVEL = {"recognition"}
"""Levers that are ordered alone at the full level: level 1 is the standing that Kabul has."""
NOT_RECOMMENDED = {
    "water_treaty", "refugee_reception", "arms_control", "livelihoods", "anti_corruption",
}  # fmt: skip
"""Levers that no document asks for; the register says so (facts U-GAP-...)."""
WHOLE = {
    "R-MULTILATERAL-COOP", "R-MULTILEVEL-ARCHITECTURE", "R-ISLAMIC-SPECIALISTS",
    "R-DOMESTIC-LEVEL",
}  # fmt: skip
"""Recommendations behind the full package as a whole, besides the lines of its parts: work at home
is its border control and prevention; jobs at home stand in the policy resilience alone."""
POLICIES = [config for config in read_configs(config_folder()) if config.kind == "policy"]
each_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)


def recommendations(policy: ConfigFile) -> set[str]:
    """Ids that a policy claims to follow."""
    return set(policy.content["recommendations"])


def of_lines(policy: ConfigFile) -> set[str]:
    """Ids behind the lines of a policy."""
    return {source for line in policy.changes() for source in line["sources"]}


def alone() -> dict[str, list[ConfigFile]]:
    """Policies that order one lever and nothing else, by lever."""
    found: dict[str, list[ConfigFile]] = {lever: [] for lever in LEVERS}
    for policy in POLICIES:
        if len(policy.changes()) == 1:
            (line,) = policy.changes()
            found[line["path"].split(".")[1]].append(policy)
    return found


@pytest.fixture(scope="module")
def known() -> set[str]:
    return {id for id, fact in load_facts().items() if fact.kind == "recommendation"}


def test_every_recommendation_is_cited_by_a_policy(known):
    assert len(known) == 82
    missing = known - set().union(*map(recommendations, POLICIES))
    assert not missing, sorted(missing)


@each_policy
def test_no_policy_cites_an_unknown_recommendation(policy, known):
    unknown = recommendations(policy) - known
    assert not unknown, sorted(unknown)


@each_policy
def test_a_policy_acts_and_nothing_of_it_waits(policy):
    assert policy.content["pending"] == []
    assert bool(policy.changes()) == (policy.name != REFERENCE)


@each_policy
def test_a_policy_orders_levers_and_nothing_else(policy):
    for line in policy.changes():
        assert is_lever_target(line["path"]) and line["set"] in (1, 2, 3), line


@each_policy
def test_every_recommendation_is_behind_a_lever(policy):
    loose = recommendations(policy) - of_lines(policy)
    assert loose <= (WHOLE if policy.name == "full_package" else set()), sorted(loose)


def test_every_recommendation_acts_through_a_lever(known):
    """Those of the whole package too, but for its architecture, which is all levers together."""
    acting = set().union(*map(of_lines, POLICIES))
    assert known - acting == {"R-MULTILATERAL-COOP", "R-MULTILEVEL-ARCHITECTURE"}


@pytest.mark.parametrize("lever", LEVERS)
def test_every_lever_is_ordered_alone_by_one_policy(lever):
    (policy,) = alone()[lever]
    (line,) = policy.changes()
    is_option_of_a_power = policy.name.startswith("weitz2021_")
    assert policy.content["title"].split(" (not ")[0].endswith(" alone") != is_option_of_a_power
    assert line["set"] == (2 if is_option_of_a_power else 3 if lever in FULL_LEVEL else 1)


def test_what_no_document_recommends_is_named_so():
    for lever, (policy,) in alone().items():
        description = " ".join(policy.content["description"].split())
        is_ours = lever in NOT_RECOMMENDED
        assert is_ours == (not recommendations(policy)), lever
        assert is_ours == policy.content["title"].endswith("(not recommended by any document)")
        assert is_ours == ("No document recommends it" in description), lever
        assert not is_ours or any(id.startswith("U-GAP-") for id in policy.content["sources"])


def test_a_single_measure_is_the_same_as_in_the_full_package():
    by_name = {policy.name: policy for policy in POLICIES}
    full = {line["path"].split(".")[1]: line for line in by_name["full_package"].changes()}
    singles = {lever: policy.changes()[0] for lever, (policy,) in alone().items()}
    assert len(full) == 17
    for lever, line in full.items():
        for key in ("set", "from_week", "ramp_weeks", "until_week", "members"):
            assert singles[lever][key] == line[key], (lever, key)
