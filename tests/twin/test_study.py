"""The script behind `make twin`: it goes on where it was, writes its table and says what failed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

from spillover.twin.study import OUTCOMES

SCRIPT = Path(__file__).parents[2] / "experiments" / "twin_agreement.py"


@pytest.fixture(scope="module")
def script():
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("twin_agreement", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["twin_agreement"] = module  # its records look their module up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["twin_agreement"]


@pytest.fixture
def few(script, tmp_path, monkeypatch):
    """A short command line; parts are computed here instead of in other processes."""

    class Here:
        def __init__(self, *_, **__): ...
        def __enter__(self):
            return self

        def __exit__(self, *_): ...
        def submit(self, function, *values):
            return Done(function(*values))

    class Done:
        def __init__(self, value):
            self.result = lambda: value

    monkeypatch.setattr(script, "ProcessPoolExecutor", Here)
    monkeypatch.setattr(script, "as_completed", lambda jobs: jobs)
    monkeypatch.setitem(script.IN_PART, "twin", 2)
    size = ["--weeks", "3", "--people", "1000", "--maps", "six"]
    return ["--replicates", "4", "--kernel", "6", *size, "--out", str(tmp_path)]


def test_a_second_command_computes_nothing_and_says_the_same(script, few, tmp_path, capsys):
    code = script.main(few)
    table = pd.read_csv(tmp_path / "agreement.csv")
    page = (tmp_path / "README.md").read_text()
    assert table["outcome"].tolist() == list(OUTCOMES)
    assert code == 1  # four runs resolve nothing
    assert "NOT all outcomes agree" in page
    assert page.count("| 6 places |") == len(OUTCOMES)
    assert "0 of 3 parts are there" in capsys.readouterr().out

    kept = sorted(tmp_path.glob("parts/*/*.csv"))
    assert len(kept) == 3
    times = [path.stat().st_mtime_ns for path in kept]
    kept[0].unlink()
    assert script.main(few) == 1
    assert "2 of 3 parts are there" in capsys.readouterr().out
    assert [path.stat().st_mtime_ns for path in kept[1:]] == times[1:]
    assert (tmp_path / "README.md").read_text() == page
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "agreement.csv"), table)


def test_parts_hold_every_run_once(script):
    options = script.options_of(["--replicates", "25", "--kernel", "130"])
    for map_name in script.MAPS:
        for model, number in (("twin", 25), ("kernel", 130)):
            own = [p for p in script.parts(options) if (p.map_name, p.model) == (map_name, model)]
            runs = [r for part in own for r in range(part.first, part.stop)]
            assert runs == list(range(number))


@pytest.mark.parametrize(
    ("is_inside", "is_refused", "passing"),
    [(True, False, True), (False, False, False), (True, True, False)],
)
def test_an_outcome_passes_only_by_both_rules(is_inside, is_refused, passing, script):
    assert script.passes({"is_inside": is_inside, "is_refused": is_refused}) == passing
