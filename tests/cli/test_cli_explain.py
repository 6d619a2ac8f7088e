"""`spillover explain` answers for everything that has a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from spillover.cli import main


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("levers.fusion_centre.delay", ["weeks", "Bounds"]),
        ("malign_escalation", ["Scenario malign_escalation", "Not in the model yet"]),
        ("policy/full_package", ["Policy full_package", "Recommendations"]),
        ("prevention", ["Lever: prevention", "cost"]),
        ("attacks_home", ["Outcome attacks_home", "Unit"]),
    ],
)
def test_names_are_explained(name, parts, capsys):
    assert main(["explain", name]) == 0
    text = capsys.readouterr().out
    for part in parts:
        assert part in text


def test_an_unknown_name_suggests_the_nearest(capsys):
    assert main(["explain", "malign_escalaton"]) == 2
    captured = capsys.readouterr()
    assert "malign_escalation" in captured.err and captured.out == ""


def test_own_files_are_explained_too(tmp_path: Path, capsys):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "mine.yaml").write_text(
        "name: mine\ntitle: My policy\ndescription: A test.\nrecommendations: []\n"
        "changes: [{path: levers.prevention.target, set: 2, basis: assumed}]\n"
    )
    assert main(["explain", "mine", "--config-dir", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "Policy mine: My policy" in text and "levers.prevention.target" in text
