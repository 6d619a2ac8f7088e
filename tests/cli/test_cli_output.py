"""What the command line shows: help, version, summary."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from fake_model import fake_backend

import spillover
from spillover.analysis.pillars import PILLARS
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
    assert "summary.csv" in text and "spillover status results/" in text


def test_the_structure_is_named_and_what_it_switches_off(tmp_path, monkeypatch, capsys):
    words = ("run", "structure=static_routes+without_diplomacy", "stressor=aid_collapse")
    text = run(tmp_path, monkeypatch, capsys, *words, "replicates=3", "results=here")
    header, _, summary = text.partition("since the branch")
    for line in ("structure static_routes+without_diplomacy", "off: diplomacy"):
        assert header.count(line) == 2  # before the run, and again above the summary
    assert header.count("stressor aid_collapse") == 2
    (shown,) = [line for line in summary.splitlines() if line.startswith("Engagement with Kabul")]
    assert shown.split()[-1] == "off" and "0" not in shown
    table = pd.read_csv(tmp_path / "here" / "summary.csv")
    assert "engagement" not in set(table["outcome"]) and "attacks_home" in set(table["outcome"])
    assert main(["status", "here"], fake_backend) == 0
    assert "structure static_routes+without_diplomacy, stressor" in capsys.readouterr().out


def test_the_documented_structure_is_not_repeated(tmp_path, monkeypatch, capsys):
    text = run(tmp_path, monkeypatch, capsys, "run", "replicates=3")
    assert "structure" not in text and "stressor" not in text and "off" not in text.split()


def test_weights_of_pillars_change_the_index_and_not_the_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(PILLARS, "extremism", ("arrests",))  # the made-up model has few outcomes
    same = ("run", "replicates=3", "results=here")
    plain = run(tmp_path, monkeypatch, capsys, *same)
    before = pd.read_csv(tmp_path / "here" / "pillars.csv")
    text = run(tmp_path, monkeypatch, capsys, *same, "pillar_weights={violence: 3}")
    after = pd.read_csv(tmp_path / "here" / "pillars.csv")
    assert "1 there already, 0 to compute" in text
    assert "Weights of the index" not in plain
    assert "Weights of the index as asked for: violence 3" in text
    changed = [name for name in before if not before[name].equals(after[name])]
    assert set(changed) == {"index", "index_arithmetic"}


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("pillar_weights.violnce=2", ["pillar_weights.violnce", "did you mean"]),
        ("pillar_weights={violnce: 2}", ["pillar_weights.violnce", "did you mean"]),
        ("pillar_weights.violence=-1", ["pillar_weights.violence", "a number from 0"]),
        ("pillar_weights.violence=much", ["pillar_weights.violence", "a number"]),
        (
            "pillar_weights={violence: 0, extremism: 0, drugs_and_crime: 0, migration: 0, "
            "water_and_economy: 0, regional_strain: 0}",
            ["at least one pillar"],
        ),
    ],
)
def test_weights_that_cannot_be_are_refused(word, parts, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", word], fake_backend) == 2
    error = capsys.readouterr().err
    assert all(part in error for part in parts), error
    assert not list(tmp_path.iterdir())


def test_what_is_asked_for_and_not_modelled_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "own" / "scenario").mkdir(parents=True)
    (tmp_path / "own" / "scenario" / "flood.yaml").write_text(
        "name: flood\nsources: []\nchanges: []\npending:\n  - {line: A flood, needs: rain}\n"
    )
    words = ("run", "scenario=flood", "replicates=3", "--config-dir", "own")
    text = run(tmp_path, monkeypatch, capsys, *words)
    assert "not yet part of the model" in text and "scenario/flood: A flood (needs rain)" in text


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
    assert shown == ["0", "0.500", "12.3", "1,230", "1.23 M", "-0.012", "0.001", "1e-06"]
    assert (signed(2), signed(-2), signed(0)) == ("+2.00", "-2.00", "0")
    assert [duration(s) for s in (5, 600, 7200)] == ["5 s", "10 min", "2.0 h"]
