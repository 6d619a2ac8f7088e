"""`spillover explain` answers for everything that has a name."""

from __future__ import annotations

from pathlib import Path

import pytest

from spillover.cli import main

KINDS = ("parameter", "lever", "structure", "scenario", "stressor", "policy", "outcome", "fact id")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("levers.fusion_centre.delay", ["weeks", "Bounds"]),
        ("malign_escalation", ["Scenario malign_escalation", "weeks count from the start date"]),
        (
            "without_rule",
            [
                "Structure without_rule",
                "weeks count from 2021-08-15, the first week of the model",
                "without it: 1 switch (baseline, 2021-08-15)",
            ],
        ),
        ("documented", ["Structure documented", "weeks count from 2021-08-15"]),
        ("aid_collapse", ["Stressor aid_collapse", "(baseline, 2026-01-04)"]),
        ("M-KOSHTEPA-TENSION", ["Fact M-KOSHTEPA-TENSION (mechanism)", "Used by"]),
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
    assert all(kind in captured.err for kind in KINDS)


def test_help_names_every_kind_and_its_examples_work(capsys):
    assert main(["explain", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(kind in text for kind in KINDS)
    head = "  spillover explain "
    examples = [line.removeprefix(head) for line in text.splitlines() if line.startswith(head)]
    assert len(examples) > 5
    for name in examples:
        assert main(["explain", name]) == 0, name


def test_own_files_are_explained_too(tmp_path: Path, capsys):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "mine.yaml").write_text(
        "name: mine\ntitle: My policy\ndescription: A test.\nrecommendations: []\n"
        "changes: [{path: levers.prevention.target, set: 2, basis: assumed}]\n"
    )
    assert main(["explain", "mine", "--config-dir", str(tmp_path)]) == 0
    text = capsys.readouterr().out
    assert "Policy mine: My policy" in text and "levers.prevention.target" in text
