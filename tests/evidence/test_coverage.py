"""Every row of the register of facts is used, context only or not modelled, by the rules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from spillover.errors import UserError
from spillover.evidence import load_facts, load_tree
from spillover.evidence.coverage import (
    CONTEXT,
    DIRECTIONS,
    NOT_MODELLED,
    OPEN,
    USED,
    Row,
    coverage,
    load_register,
)
from spillover.evidence.coverage_page import coverage_page
from spillover.evidence.usage import CONFIG_KINDS, config_folder, read_configs
from spillover.outcomes import OUTCOMES, PLACE_OUTCOMES

MOST_CONTEXT, MOST_NOT_MODELLED = 40, 15
SHORTEST_REASON = 12  # characters; a reason is a sentence
PLACES = {"processes", "world", "data", "outcome", *CONFIG_KINDS}


@pytest.fixture(scope="module")
def rows() -> tuple[Row, ...]:
    sources: dict[str, tuple[str, ...]] = {}
    for outcome in (*OUTCOMES.values(), *PLACE_OUTCOMES.values()):
        sources[outcome.name] = (*sources.get(outcome.name, ()), *outcome.sources)
    return coverage(load_tree(), read_configs(config_folder()), sources)


def having(rows: Iterable[Row], status: str) -> list[Row]:
    return [row for row in rows if row.status == status]


def test_every_fact_has_one_row_and_none_is_open(rows):
    assert [row.fact.id for row in rows] == list(load_facts())
    assert not [row.fact.id for row in having(rows, OPEN)], "cite them where they act"


def test_what_is_used_names_things_that_exist(rows):
    tree = load_tree()
    labels = {config.label for config in read_configs(config_folder())}
    for row in having(rows, USED):
        assert row.users
        for user in row.users:
            kind = user.partition("/")[0]
            assert user in tree.entries or user in labels or kind in PLACES, (row.fact.id, user)


def test_what_is_left_out_says_why_and_is_cited_nowhere(rows):
    for row in (*having(rows, CONTEXT), *having(rows, NOT_MODELLED)):
        assert not row.users, (row.fact.id, row.users)
        assert len(row.note) >= SHORTEST_REASON and row.note.endswith("."), row.fact.id


def test_few_rows_are_left_out(rows):
    register = load_register()
    assert len(register.context_only) <= MOST_CONTEXT
    assert len(register.not_modelled) <= MOST_NOT_MODELLED
    assert {row.fact.id for row in having(rows, NOT_MODELLED)} == set(register.not_modelled)
    for row in having(rows, CONTEXT):
        is_background = any(text in row.fact.suggested_use for text in ("background", "context"))
        assert is_background or row.fact.id in register.context_only, row.fact.id


def test_recommendations_and_mechanisms_are_no_context(rows):
    for row in rows:
        if row.fact.kind == "recommendation":
            assert row.status == USED, row.fact.id
            carried = [u for u in row.users if u.startswith(("levers.", "policy/"))]
            assert carried, f"{row.fact.id} has no lever and no policy"
        if row.fact.kind == "mechanism":
            assert row.status in (USED, NOT_MODELLED), row.fact.id
            has_pair = load_register().ablation(row.fact.id) is not None
            assert has_pair == (row.status == USED), row.fact.id


def test_every_disagreement_is_spanned_by_a_prior_a_structure_or_a_config(rows):
    tree, configs = load_tree(), read_configs(config_folder())
    spanning = {*tree.uncertain(), *(config.label for config in configs)}
    spanning |= {str(line["path"]) for config in configs for line in config.changes()}
    for row in rows:
        if row.fact.kind == "uncertainty":
            named = [u for u in row.users if u in spanning or u.startswith("structure.")]
            assert named, f"{row.fact.id}: {row.users}"


def test_the_register_names_paths_members_values_and_outcomes_of_the_model():
    tree, register = load_tree(), load_register()
    for paths, _ in register.uncertainties.values():
        assert paths and all(path in tree.entries for path in paths)
    for pair in register.ablations:
        tree.with_changes([setting.change() for setting in (*pair.given, pair.move)])
        assert pair.move not in pair.given
        for fact, shown in pair.shows.items():
            assert load_facts()[fact].kind == "mechanism"
            assert shown.outcome in OUTCOMES and shown.direction in DIRECTIONS
            is_by_state = OUTCOMES[shown.outcome].scope == "states"
            assert shown.state is None or is_by_state, (fact, shown)


def test_a_mechanism_is_cited_where_it_is_turned(rows):
    """By the parameter moved, its process, or a config that changes it."""
    users = {row.fact.id: row.users for row in rows}
    configs = read_configs(config_folder())
    for pair in load_register().ablations:
        path = pair.move.path
        group = path.split(".", maxsplit=1)[0]
        sources = load_tree().entry(path).all_sources()
        changing = {c.label for c in configs if path in [line["path"] for line in c.changes()]}
        for fact in pair.shows:
            near = {f"processes/{group}.py", *changing} & set(users[fact])
            assert fact in sources or near, f"{fact} is not among the sources of {path}"


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("context_only", "context_only: {A-NONE: A reason.}"),
        ("context_only", "context_only: {A-ISK: A reason.}\nnot_modelled: {A-ISK: A reason.}"),
        ("mechanisms", "mechanisms: [{move: {a.b: 1, a.c: 2}, shows: {M-DOMINO: threat up}}]"),
        ("mechanisms", "mechanisms: [{move: {a.b: 1}, shows: {M-DOMINO: threat}}]"),
        ("mechanisms", "mechanisms: [{move: {a.b: 1}, shows: {M-DOMINO: threat sideways}}]"),
        ("mechanisms", "mechanisms: [{move: {'a.b[': 1}, shows: {M-DOMINO: threat up}}]"),
    ],
)
def test_a_wrong_register_is_refused(tmp_path: Path, section: str, text: str):
    empty = {
        "context_only": "{}", "not_modelled": "{}", "uncertainties": "{}", "mechanisms": "[]",
    }  # fmt: skip
    lines = [f"{key}: {value}" for key, value in empty.items() if f"{key}:" not in text]
    file = tmp_path / "coverage.yaml"
    file.write_text("\n".join([*lines, text]) + "\n", encoding="utf-8")
    with pytest.raises(UserError):
        load_register(file)


def test_the_page_counts_and_shows_every_row(rows):
    page = coverage_page(rows, load_tree())
    counts = next(line for line in page.splitlines() if line.startswith("| **all**"))
    numbers = [int(cell) for cell in counts.strip("|").split("|")[1:]]
    assert numbers[0] == len(load_facts()) == sum(numbers[1:])
    for row in rows:
        shown = [line for line in page.splitlines() if line.startswith(f"| `{row.fact.id}` |")]
        assert len(shown) == 1
        assert row.note in shown[0]
    assert "(parameters.md#cells)" in page and "(odd.md#border)" in page
    assert "`threat` goes down" in page
