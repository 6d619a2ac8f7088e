"""What the command line shows: help, version, summary."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from fake_model import fake_backend

import spillover
from spillover.batch.options import GROUPS, option_names
from spillover.batch.schema import known_keys
from spillover.cli import VERBS, main
from spillover.commands.present import figure, signed
from spillover.commands.progress import duration

SOURCE = str(Path(spillover.__file__).parents[1])


def test_help_lists_every_verb(capsys):
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"\n  {verb} " in text for verb in VERBS)
    assert "results/NAME" in text and "experiment=quick" in text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples(verb, capsys):
    assert main([verb, "--help"]) == 0
    text = capsys.readouterr().out
    assert "example" in text and f"spillover {verb}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_help_of_sweep_names_groups_options_and_keys(capsys):
    main(["sweep", "--help"])
    text = capsys.readouterr().out
    for group in GROUPS:
        assert group in text
        for option in option_names(group):
            assert option in text
    for key in known_keys():
        assert key.rpartition(".")[2] in text


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"spillover {spillover.__version__}\n"


def test_help_imports_nothing_heavy_and_is_fast():
    code = (
        "import sys; from spillover.cli import main; main(['run', '--help']); "
        "heavy = {'numpy', 'pandas', 'hydra', 'pyarrow', 'rich', 'yaml', 'matplotlib'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": SOURCE}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - begin < 2  # 0.1 s on an idle machine


def run(tmp_path: Path, monkeypatch, capsys, *words: str) -> str:
    monkeypatch.chdir(tmp_path)
    assert main([*words, "figures=false", "engine.workers=1"], fake_backend) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("run", "replicates=20"),
        ("sweep", "experiment=quick", "replicates=10"),
        ("sweep", "experiment=policy_groups", "replicates=5"),
    ],
    ids=lambda words: words[1],
)
def test_summaries_fit_110_columns_and_say_what_they_are(words, tmp_path, monkeypatch, capsys):
    text = run(tmp_path, monkeypatch, capsys, *words)
    assert max(map(len, text.splitlines())) <= 110
    assert "Attacks at home [attacks], five states, sum" in text
    assert "ISIS-K fighters [fighters], Afghanistan" in text
    assert "Arrests" not in text  # not a headline outcome
    assert "not a forecast" in text and "worlds per cell" in text
    assert "not yet part of the model" in text and "scenario/status_quo" in text
    assert "summary.csv" in text and "spillover status results/" in text


def test_changes_are_paired_with_the_reference(tmp_path, monkeypatch, capsys):
    text = run(tmp_path, monkeypatch, capsys, "sweep", "experiment=quick", "replicates=10")
    (line,) = [
        line for line in text.splitlines() if line.startswith("  status_quo / full_package")
    ][:1]
    # the made-up model adds one attack per change and state, the same in every world
    change = line.split()[-5]
    assert change.startswith("+") and change.endswith("*")
    assert line.split()[-4] == line.split()[-2] == change.rstrip("*")


def test_numbers_have_at_most_three_digits():
    shown = [figure(v) for v in (0, 0.5, 12.345, 1234.5, 1234567, -0.01234, 0.0012, 1.2e-6)]
    assert shown == ["0", "0.500", "12.3", "1,230", "1,230,000", "-0.012", "0.001", "1e-06"]
    assert (signed(2), signed(-2), signed(0)) == ("+2.00", "-2.00", "0")
    assert [duration(s) for s in (5, 600, 7200)] == ["5 s", "10 min", "2.0 h"]
