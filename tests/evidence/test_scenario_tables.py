"""The generated blocks of docs/scenarios.md."""

from __future__ import annotations

import pytest

from spillover.errors import UserError
from spillover.evidence.reading import PACKAGE
from spillover.evidence.render_docs import filled_pages, stale
from spillover.evidence.scenario_tables import PAGE, blocks, fill
from spillover.evidence.tree import load_tree
from spillover.evidence.usage import ConfigFile, config_folder, read_configs

DOCS = PACKAGE.parents[1] / "docs"
SCENARIO = ConfigFile(
    "scenario",
    "dry",
    {
        "description": "A dry\n  world.",
        "sources": ["S-AGENCY"],
        "changes": [
            {
                "path": "border.posture",
                "add": -0.25,
                "from_week": 4,
                "ramp_weeks": 22,
                "until_week": 104,
                "members": ["TJK", "UZB"],
                "sources": ["R-IBM"],
                "note": "One | two.",
            },
            {"path": "groups.tolerance_shift", "set": 1.5},
            {"path": "drivers.opium_yield", "scale": 2.0, "from_week": 26},
        ],
        "pending": [{"line": "Rain", "needs": "water", "effect": "None.", "sources": ["R-IBM"]}],
    },
)
POLICY = ConfigFile(
    "policy",
    "guard",
    {
        "title": "Guard",
        "recommendations": ["R-IBM"],
        "changes": [
            {"path": "levers.biometrics.target", "set": 2, "from_week": 8, "members": ["TJK"]}
        ],
        "pending": [{"line": "Rain", "needs": "water", "effect": "None.", "sources": ["R-IBM"]}],
    },
)
STRESSOR = ConfigFile("stressor", "flood", {**SCENARIO.content, "title": "Flood"})
CONFIGS = (SCENARIO, STRESSOR, ConfigFile("stressor", "none", {}), POLICY)


@pytest.fixture(scope="module")
def tree():
    return load_tree()


@pytest.fixture(scope="module")
def contents(tree):
    return blocks(tree, CONFIGS)


def page(names) -> str:
    """A page with one empty block for each name."""
    parts = [f"Before.\n\n<!-- generated: {name} -->\n<!-- end -->\n" for name in names]
    return "\n".join([*parts, "After.\n"])


def test_every_line_of_a_scenario_has_one_row(contents):
    header, _, *rows = contents["changes of scenario/dry"].splitlines()
    assert header.startswith("| What | Change | When | Members |")
    shift, level, factor = rows
    assert "`border.posture` | \u22120.25 | w4, in full by w26, to w104 | TJK UZB |" in shift
    assert "One \\| two. | R-IBM |" in shift
    assert "`groups.tolerance_shift` | set to 1.5 logit | w0 |" in level
    assert "`drivers.opium_yield` | \u00d72 | w26 |" in factor


def test_orders_of_a_policy_name_lever_level_week_and_states(contents):
    assert "| Guard `guard` | biometrics 2 (w8, TJK) | R-IBM |" in contents["policies"]


def test_stressors_share_their_tables_and_the_reference_has_no_row(contents):
    _, _, *rows = contents["stressors"].splitlines()
    assert rows == ["| Flood `flood` | A dry world. | S-AGENCY |"]
    _, _, *lines = contents["changes of stressors"].splitlines()
    assert len(lines) == 3 and all(line.startswith("| `flood` | ") for line in lines)
    header, _, row = contents["pending of stressors"].splitlines()
    assert header.endswith("| Stressors |") and row.endswith("| `flood` |")


def test_a_policy_that_waits_says_so(tree):
    waiting = ConfigFile("policy", "wait", {**POLICY.content, "changes": []})
    idle = ConfigFile("policy", "idle", {"title": "Idle"})
    text = blocks(tree, (waiting, idle))["policies"]
    assert "| Guard `wait` | none; all of it waits | R-IBM |" in text
    assert "| Idle `idle` | none | none |" in text


def test_levers_stand_with_the_numbers_of_the_tree(tree, contents):
    rows = {row.split("`")[1]: row for row in contents["levers"].splitlines()[2:]}
    cost = tree.entry("levers.joint_patrols.cost").at(0)
    low, high = cost.prior.support()
    assert f"| {cost.members[0]:g} ({low:g} to {high:g}) |" in rows["joint_patrols"]
    needed = tree.entry("levers.joint_patrols.precondition_engagement").at(0).members[0]
    assert f"engagement with Kabul {needed:g} (" in rows["joint_patrols"]
    assert rows["prevention"].endswith("| none |")


def test_pending_lines_are_listed_once_with_their_policies(tree):
    other = ConfigFile("policy", "watch", POLICY.content)
    text = blocks(tree, (POLICY, other))["pending of policies"]
    assert text.count("| Rain |") == 1
    assert "`guard`, `watch`" in text


def test_prose_stays_and_filling_twice_changes_nothing(tree, contents):
    once = fill(page(contents), tree, CONFIGS)
    assert once.count("Before.") == len(contents) and once.endswith("After.\n")
    assert all(text in once for text in contents.values())
    assert fill(once, tree, CONFIGS) == once


def test_a_block_that_nothing_fills_is_refused(tree, contents):
    with pytest.raises(UserError, match="summary of scenario/dry") as caught:
        fill(page([*contents, "summary of scenario/dri"]), tree, CONFIGS)
    assert caught.value.got == "summary of scenario/dri"


def test_a_scenario_without_its_blocks_is_refused(tree, contents):
    names = [name for name in contents if name != "changes of scenario/dry"]
    with pytest.raises(UserError, match="changes of scenario/dry"):
        fill(page(names), tree, CONFIGS)


def test_the_shipped_page_is_current(tree):
    texts = filled_pages(DOCS, tree, read_configs(config_folder()))
    assert list(texts) == [PAGE]
    assert not stale(DOCS, texts), "run make docs"
