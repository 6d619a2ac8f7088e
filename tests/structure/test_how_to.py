"""The how-to pages of docs/ work as they stand: their blocks are applied and run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
import yaml

from spillover.cli import main

BLOCK = re.compile(r"<!-- (new|after|before|file): (.+?) -->\n```(\w+)\n(.*?)^```$", re.M | re.S)
COMMANDS = re.compile(r"<!-- commands -->\n```\n(.*?)^```$", re.M | re.S)
COPIED = ("src/spillover", "configs", "tests/structure", "tests/kernel")
SINGLE = ("docs/odd.md", "pyproject.toml")
# Tests of docs/odd.md as a whole that hold only if the page of the process says all it should.
PAGE_OF_THE_MODEL = (
    "stand_in_the_order or lists_the_schedule or state_table or parameter_of_a or draw"
)
TOY = """
import json
from pathlib import Path
import numpy as np
import spillover
from spillover import kernel
from spillover.evidence import Change, load_tree
from spillover.first_state import first_state
from spillover.observe import simulate
from spillover.streams import Streams
from spillover.world import load_world

world, found = load_world(), {"package": str(Path(spillover.__file__).parent), "gap": 0}
for name, changes in {"on": [], "off": [Change("structure.process.markets", "set", 0, 0)]}.items():
    parameters = load_tree().with_changes(changes).compile(12, world)
    streams = Streams(1, range(4))
    first = state = first_state(parameters.at(0), streams)
    flows = np.zeros(2)
    for week in range(12):
        before = state.traders
        state, info = kernel.step(state, week, parameters, streams)
        joined, left = info["markets"].joined, info["markets"].left
        flows += joined.sum(), left.sum()
        found["gap"] += int(np.abs(state.traders - before - joined + left).sum())
    table = simulate(parameters, 1, 0, 4, 12, 6).outcomes
    table = table[table.period == "2021"].groupby("state")[["traders", "permits_given"]].sum()
    found[name] = {
        "start": first.traders.tolist(), "end": state.traders.tolist(), "joined": flows[0],
        "left": flows[1], "given": table.permits_given.to_dict(), "mean": table.traders.to_dict(),
    }
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Block:
    """One fenced block of a page: what to do with it, in which file, where, and its text."""

    kind: str
    path: str
    anchors: tuple[str, ...]
    text: str


def blocks(page: str) -> list[Block]:
    """Blocks under a comment such as `<!-- after: path :: line -->`, in their order."""
    found = []
    for kind, target, _, text in BLOCK.findall(page):
        path, *anchors = target.split(" :: ")
        found.append(Block(kind, path, tuple(anchors), text))
    return found


def apply(block: Block, root: Path) -> None:
    """Write a new file, or insert next to the first line that begins with the (last) anchor.

    More than one anchor are sought one after the other.
    """
    file = root / block.path
    if block.kind == "new":
        assert not file.exists(), f"{block.path} is there already"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, encoding="utf-8")
        return
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    at = -1
    for anchor in block.anchors:
        later = (i for i in range(at + 1, len(lines)) if lines[i].strip().startswith(anchor))
        at = next(later, -1)
        assert at >= 0, f"the page looks for a line that is not in {block.path}: {anchor}"
    assert block.anchors, f"the page does not say where in {block.path}"
    lines.insert(at + (block.kind == "after"), block.text)
    file.write_text("".join(lines), encoding="utf-8")


def run_in(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Python on the copy of the package."""
    environment = os.environ | {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def copy(root, tmp_path_factory) -> Path:
    """The package with the process of the page added step by step."""
    to = tmp_path_factory.mktemp("copy")
    for folder in COPIED:
        shutil.copytree(root / folder, to / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in SINGLE:
        (to / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(root / file, to / file)
    steps = blocks((root / "docs/how_to_add_a_process.md").read_text(encoding="utf-8"))
    assert {step.kind for step in steps} == {"new", "after", "before"}
    for step in steps:
        apply(step, to)
    return to


def test_the_new_process_runs_keeps_its_accounts_and_can_be_switched_off(copy):
    done = run_in(copy, "-c", TOY)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["package"] == str(copy / "src/spillover")
    assert found["gap"] == 0
    on, off = found["on"], found["off"]
    change = sum(map(sum, on["end"])) - sum(map(sum, on["start"]))
    assert change == on["joined"] - on["left"]
    assert min(on["joined"], on["left"]) > 0
    states = {"KAZ", "KGZ", "TJK", "TKM", "UZB"}
    assert {state for state, given in on["given"].items() if given > 0} == states
    assert sum(on["given"].values()) == on["joined"]
    assert off["end"] == off["start"] == on["start"]
    assert off["joined"] == off["left"] == sum(off["given"].values()) == 0
    assert all(off["mean"][state] == sum(row[0] for row in off["start"]) for state in states)


@pytest.mark.slow
def test_the_new_process_passes_its_own_test_and_those_of_every_process(copy):
    chosen = f"markets or {PAGE_OF_THE_MODEL}"
    done = run_in(
        copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen,
        "tests/processes/test_markets.py", "tests/structure/test_odd.py",
        "tests/kernel/test_contract.py",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
    assert int(re.search(r"(\d+) passed", done.stdout).group(1)) > 15


def test_a_page_that_is_out_of_date_says_where(tmp_path):
    (tmp_path / "a.py").write_text("one\n  two\nthree\ntwo\n")
    for block in blocks(
        "<!-- after: a.py :: three :: two -->\n```python\nlast\n```\n"
        "<!-- before: a.py :: tw -->\n```python\n  middle\n```\n"
    ):
        apply(block, tmp_path)
    assert (tmp_path / "a.py").read_text() == "one\n  middle\n  two\nthree\ntwo\nlast\n"
    with pytest.raises(AssertionError, match=r"not in a\.py: four"):
        apply(Block("after", "a.py", ("four",), ""), tmp_path)


@pytest.fixture
def policy_page(root) -> str:
    return (root / "docs/how_to_add_a_policy.md").read_text(encoding="utf-8")


@pytest.fixture
def own_configs(policy_page, tmp_path) -> Path:
    """A folder of configs that holds nothing but the file of the page."""
    (file,) = (block for block in blocks(policy_page) if block.kind == "file")
    path = tmp_path / "my_configs" / file.path
    path.parent.mkdir(parents=True)
    path.write_text(file.text, encoding="utf-8")
    return path.parents[1]


def commands(page: str, folder: Path) -> list[list[str]]:
    """Words of the commands of the page, with the folder at its place for now."""
    lines = COMMANDS.search(page).group(1).replace("my_configs", str(folder)).splitlines()
    assert all(line.startswith("spillover ") for line in lines)
    return [line.split()[1:] for line in lines]


def test_the_new_policy_is_explained(policy_page, own_configs, capsys):
    explain, _ = commands(policy_page, own_configs)
    assert explain[0] == "explain"
    assert main(explain) == 0
    said = capsys.readouterr().out
    assert "levers.surveillance_technology.target" in said and "R-ENGAGE-VERIFY" in said


@pytest.mark.slow
def test_the_new_policy_runs_and_is_compared(policy_page, own_configs, tmp_path, capsys):
    _, sweep = commands(policy_page, own_configs)
    assert sweep[0] == "sweep"
    results = tmp_path / "results"
    smaller = ("horizon=hindcast", "start.date=2024-12-29", "replicates=2", "engine=serial")
    assert main([*sweep, *smaller, "figures=false", f"results={results}"]) == 0
    assert "watch_and_talk" in capsys.readouterr().out
    cells = pd.read_parquet(results / "cells.parquet")
    assert set(cells.policy) == {"status_quo", "watch_and_talk"}


def test_the_page_of_policies_shows_the_orders_it_speaks_of(own_configs):
    content = yaml.safe_load((own_configs / "policy/watch_and_talk.yaml").read_text())
    assert [line["from_week"] for line in content["changes"]] == [0, 52]
    assert not content["pending"]
