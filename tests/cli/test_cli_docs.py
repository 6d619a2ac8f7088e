"""`python -m spillover.commands.docs`: the table of outcomes among the generated tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from spillover.commands.docs import main, outcomes_table
from spillover.outcomes import OUTCOMES, PLACE_OUTCOMES

DOCS = Path(__file__).resolve().parents[2] / "docs"
ALL = [*OUTCOMES.values(), *PLACE_OUTCOMES.values()]


def test_every_outcome_has_one_row_with_all_it_says():
    rows = [line for line in outcomes_table(ALL).splitlines() if line.startswith(("| `", "| **"))]
    assert len(rows) == len(ALL)
    for outcome in ALL:
        name = f"**`{outcome.name}`**" if outcome.headline else f"`{outcome.name}`"
        start = [name, outcome.label, outcome.unit, outcome.kind, outcome.scope]
        (row,) = (row for row in rows if row.startswith("| " + " | ".join(start) + " |"))
        assert outcome.description in row
        assert all(source in row for source in outcome.sources)
        assert f"| {outcome.better or ''} |" in row


def test_the_shipped_tables_are_current(capsys):
    assert main(["--check", "--docs", str(DOCS)]) == 0, capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "old"])
def test_a_missing_or_old_table_is_named(tmp_path, capsys, content):
    folder = ["--docs", str(tmp_path)]
    assert main(folder) == 0
    table = tmp_path / "outcomes.md"
    if content is None:
        table.unlink()
    else:
        table.write_text(content, encoding="utf-8")
    assert main(["--check", *folder]) == 1
    said = capsys.readouterr().out
    assert "outcomes.md is stale" in said and "parameters.md is stale" not in said
