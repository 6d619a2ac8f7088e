"""The generated documentation tables."""

from __future__ import annotations

import pytest

from spillover.evidence import load_facts
from spillover.evidence.render_docs import main, render, stale
from spillover.evidence.usage import ConfigFile, fact_users

CONFIG = ConfigFile(
    "policy",
    "p",
    {
        "sources": ["U-CA-SOLIDARITY"],
        "recommendations": ["R-FUSION-CENTRE"],
        "changes": [{"path": "border.guards", "scale": 2, "sources": ["R-IBM"]}],
        "pending": [{"line": "x", "sources": ["R-CURRICULA"]}],
    },
)


@pytest.fixture
def texts(tree):
    return render(tree, [CONFIG])


def test_every_parameter_has_one_row(tree, texts):
    for path in tree.paths():
        assert texts["parameters.md"].count(f"| `{path}` |") == 1
    (row,) = (r for r in texts["parameters.md"].splitlines() if r.startswith("| `border.guards`"))
    assert "policy/p" in row and "50 persons for TJK" in row and "0 to 1,000" in row


def test_tables_are_well_formed(texts):
    for text in texts.values():
        table_width = None
        for line in text.splitlines():
            if not line.startswith("|"):
                table_width = None
                continue
            width = line.replace("\\|", "").count("|")
            assert table_width in (None, width), line
            table_width = width


def test_assumptions_hold_only_assumed_values_with_their_reason(texts):
    text = texts["assumptions.md"]
    assert "A guess for the test." in text and "Four weeks later." in text
    assert "`border.guards`" not in text
    assert "8 of 9 values are assumed" in text


def test_facts_are_listed_once_used_or_not(tree, texts):
    used, unused = texts["evidence.md"].split("## Facts that nothing cites")
    users = fact_users(tree, [CONFIG])
    for name in load_facts():
        assert (f"| `{name}` |" in used) == bool(users[name]), name
        assert (f"| `{name}` |" in unused) == (not users[name]), name


def test_users_of_facts_come_from_everywhere_in_a_config(tree):
    users = fact_users(tree, [CONFIG])
    for name in ("U-CA-SOLIDARITY", "R-FUSION-CENTRE", "R-IBM", "R-CURRICULA"):
        assert "policy/p" in users[name]
    assert "border.detection" in users["A-TJK-BORDER-HARD"]


def test_stale_files_are_named(tmp_path, texts):
    assert stale(tmp_path, texts) == list(texts)
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "evidence.md").write_text("old", encoding="utf-8")
    assert stale(tmp_path, texts) == ["evidence.md"]


def test_the_command_writes_and_checks(tmp_path, capsys):
    folder = ["--docs", str(tmp_path)]
    assert main(["--check", *folder]) == 1
    assert "stale" in capsys.readouterr().out
    assert main(folder) == 0
    assert main(["--check", *folder]) == 0
