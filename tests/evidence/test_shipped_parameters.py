"""The parameters, facts and configs that the package ships."""

from __future__ import annotations

import re

from spillover.clock import HORIZONS
from spillover.evidence import draw, explain, load_tree
from spillover.evidence.facts import calibration_variables, check_sources
from spillover.evidence.reading import DATA, PACKAGE
from spillover.evidence.render_docs import render, stale
from spillover.evidence.usage import config_folder, read_configs

# Words that lean on a neighbouring entry, or on work that a reader cannot see.
LEANING = re.compile(r"\b(?:as above|the check|of the design)\b", re.I)


def test_every_entry_is_valid_and_compiles_for_every_horizon():
    tree = load_tree()  # reading checks unit, bounds, basis, sources and dates of every entry
    for n_weeks in HORIZONS.values():
        assert tree.compile(n_weeks, None).n_weeks == n_weeks


def test_every_cited_id_exists():
    assert calibration_variables(DATA)  # otherwise nothing could be cited from it
    tree = load_tree()
    for path in tree.paths():
        check_sources(tree.entry(path).all_sources(), where=path)


def test_every_id_cited_by_a_config_exists():
    configs = read_configs(config_folder())
    assert {config.kind for config in configs} == {"structure", "scenario", "stressor", "policy"}
    for config in configs:
        check_sources(config.cited(), where=config.label)


def test_every_sampled_parameter_can_be_drawn_and_applied():
    tree = load_tree()
    assert tree.uncertain()
    for index in range(20):
        tree.with_changes(draw(tree, 1, index)).compile(HORIZONS["projection"], None)


def test_every_parameter_and_config_can_be_explained_within_100_columns():
    tree = load_tree()
    names = [*tree.paths(), *(config.label for config in read_configs(config_folder()))]
    for name in names:
        widths = {len(line): line for line in explain(name, tree=tree).splitlines()}
        assert max(widths) <= 100, widths[max(widths)]


def test_the_generated_tables_are_current():
    texts = render(load_tree(), read_configs(config_folder()))
    outdated = stale(PACKAGE.parents[1] / "docs", texts)
    assert not outdated, "run python -m spillover.evidence.render_docs"


def test_every_description_and_derivation_stands_on_its_own():
    tree = load_tree()
    found = {}
    for path in tree.paths():
        entry = tree.entry(path)
        texts = [entry.description, entry.derivation, *(d.derivation for d in entry.values)]
        for text in texts:
            if match := LEANING.search(" ".join(str(text or "").split())):
                found[path] = match.group()
    assert not found
    assert LEANING.search("Without it the series drifts in the check.")
    assert not LEANING.search("Papers are read at the checkpoint.")
