"""Every recommendation of the documents is taken up by a policy, and every policy says what acts.

The register holds 82 recommendations (rows of kind recommendation, ids R-...).
"""

from __future__ import annotations

import pytest

from spillover.evidence import load_facts
from spillover.evidence.changes import is_lever_target
from spillover.evidence.usage import ConfigFile, config_folder, read_configs

REFERENCE = "status_quo"
WAITS = "All of it waits"
POLICIES = [config for config in read_configs(config_folder()) if config.kind == "policy"]
each_policy = pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)


def recommendations(policy: ConfigFile) -> set[str]:
    """Ids that a policy claims to follow."""
    return set(policy.content["recommendations"])


def of_lines(policy: ConfigFile) -> set[str]:
    """Ids behind the lines of a policy, those that act and those that wait."""
    lines = [*policy.changes(), *policy.content["pending"]]
    return {source for line in lines for source in line["sources"]}


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
def test_a_policy_acts_or_says_that_all_of_it_waits(policy):
    says_so = WAITS in " ".join(policy.content["description"].split())
    if policy.name == REFERENCE:
        assert not policy.changes() and not policy.content["pending"]
    elif policy.changes():
        assert not says_so
    else:
        assert says_so and policy.content["pending"]


@each_policy
def test_a_policy_orders_levers_and_nothing_else(policy):
    for line in policy.changes():
        assert is_lever_target(line["path"]) and line["set"] in (1, 2, 3), line


@each_policy
def test_every_recommendation_is_behind_a_line(policy):
    """The full package is cited for its architecture as a whole as well."""
    whole = {"R-MULTILATERAL-COOP", "R-MULTILEVEL-ARCHITECTURE", "R-ISLAMIC-SPECIALISTS"}
    loose = recommendations(policy) - of_lines(policy)
    assert loose <= (whole if policy.name == "full_package" else set()), sorted(loose)


def test_a_single_measure_is_the_same_as_in_the_full_package():
    by_name = {policy.name: policy for policy in POLICIES}
    full = {line["path"]: line for line in by_name["full_package"].changes()}
    singles = {}
    for policy in POLICIES:
        if policy.content["title"].endswith(" alone"):
            (line,) = policy.changes()
            singles[line["path"]] = line
    assert singles.keys() == full.keys()
    for path, line in singles.items():
        for key in ("set", "from_week", "ramp_weeks", "until_week", "members"):
            assert line[key] == full[path][key], (path, key)
