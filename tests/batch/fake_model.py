"""A small made-up model with the interface of the real one, for tests of everything around it.

Its numbers are a pure function of (seed, replicate, number of changes). The parameters under
`fake.` make a chunk slow, wrong or deadly, so that a test can ask for it through `set.`.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import numpy as np
import pandas as pd
import yaml

from spillover import clock
from spillover.axes import AXES, COUNTRIES
from spillover.batch.backend import Backend
from spillover.batch.fingerprint import Fingerprint
from spillover.batch.options import config_root
from spillover.evidence.entries import parse_entry
from spillover.evidence.tree import ParameterTree


@dataclass(frozen=True)
class FakeOutcome:
    name: str
    label: str
    unit: str
    kind: str
    headline: bool = True
    description: str = "Made up."
    better: str = "lower"
    resolution: float = 1.0
    sources: tuple[str, ...] = ()


OUTCOMES = {
    o.name: o
    for o in (
        FakeOutcome("attacks_home", "Attacks at home", "attacks", "flow"),
        FakeOutcome("engagement", "Engagement with Kabul", "index", "stock"),
        FakeOutcome("isisk_fighters", "ISIS-K fighters", "fighters", "stock"),
        FakeOutcome("arrests", "Arrests", "count", "flow", headline=False),
    )
}
PLACE_OUTCOMES = {"attacks": FakeOutcome("attacks", "Attacks", "attacks", "flow")}
TROUBLE = ("sleep", "fail_at", "die_at", "die_once_at")


def _entry(path: str, low: float, high: float, value: float, axis: str | None) -> object:
    dated = {"value": value, "basis": "assumed", "derivation": "Made up."}
    if axis:
        dated["value"] = {"default": value}
    raw = {
        "description": "Made up.",
        "unit": "1/week",
        "bounds": [low, high],
        "values": {clock.START: dated},
    }
    return parse_entry(path, {**raw, "axis": axis} if axis else raw, where=path)


def _changed_paths() -> dict[str, str | None]:
    """Paths that the shipped files of every layer change, with the axis they need."""
    paths: dict[str, str | None] = {}
    for layer in ("structure", "scenario", "stressor", "policy"):
        for file in (config_root() / layer).glob("*.yaml"):
            for line in yaml.safe_load(file.read_text())["changes"] or ():
                axis = paths.get(line["path"])
                if members := set(line.get("members") or ()):
                    axis = next(a for a, known in AXES.items() if members <= set(known))
                is_lever = line["path"].startswith("levers.")  # a variant may leave a state out
                paths[line["path"]] = axis or ("state" if is_lever else None)
    return paths


@lru_cache(maxsize=1)
def fake_tree() -> ParameterTree:
    entries = {path: _entry(path, -1e9, 1e9, 1.0, axis) for path, axis in _changed_paths().items()}
    entries["border.detection_per_patrol"] = _entry("border.detection_per_patrol", 0, 1, 0.05, None)
    entries["border.posture"] = _entry("border.posture", 0, 3, 1, "state")
    for name in TROUBLE:
        entries[f"fake.{name}"] = _entry(f"fake.{name}", -1, 1e6, -1, None)
    return ParameterTree(MappingProxyType(dict(sorted(entries.items()))), MappingProxyType({}))


def _trouble(parameters: SimpleNamespace, first: int, stop: int) -> None:
    values = parameters.trouble
    if values["sleep"] > 0:
        time.sleep(values["sleep"])
    if first <= values["fail_at"] < stop:
        raise ArithmeticError(f"replicate {values['fail_at']:.0f} went wrong")
    if first <= values["die_at"] < stop:
        os.kill(os.getpid(), signal.SIGKILL)
    if first <= values["die_once_at"] < stop:
        flag = Path(os.environ["FAKE_MODEL_FLAG"])
        if not flag.exists():
            flag.touch()
            os.kill(os.getpid(), signal.SIGKILL)


def fake_compile(tree: ParameterTree, n_weeks: int) -> SimpleNamespace:
    trouble = dict.fromkeys(TROUBLE, -1.0)
    effect = 0.0
    for change in tree.changes:
        if change.path.startswith("fake."):
            trouble[change.path.removeprefix("fake.")] = change.value
        else:
            effect += 1.0
    return SimpleNamespace(n_weeks=n_weeks, effect=effect, trouble=trouble)


def fake_simulate(
    parameters: SimpleNamespace,
    root_seed: int,
    first: int,
    stop: int,
    n_weeks: int,
    branch_week: int,
    batch_size: int = 50,
) -> SimpleNamespace:
    assert first < stop and 0 <= branch_week < n_weeks and batch_size > 0
    _trouble(parameters, first, stop)
    years = sorted({clock.year_of_week(week) for week in range(n_weeks)})
    periods = [*map(str, years), "since_branch"]
    outcomes, places, series = [], [], []
    for batch in range(first, stop, batch_size):
        for replicate in range(batch, min(batch + batch_size, stop)):
            luck = np.random.default_rng([root_seed, replicate])
            for state in COUNTRIES:
                is_afghan = state == "AFG"
                for period in periods:
                    attacks = luck.poisson(3) + parameters.effect
                    outcomes.append(
                        {
                            "replicate": replicate,
                            "state": state,
                            "period": period,
                            "attacks_home": np.nan if is_afghan else attacks,
                            "engagement": np.nan if is_afghan else luck.random(),
                            "isisk_fighters": luck.integers(900, 1100) if is_afghan else np.nan,
                            "arrests": float(luck.poisson(1)),
                        }
                    )
            places += [(replicate, "AFG-KAB", period, luck.random()) for period in periods]
            series += [("attacks_home", "TJK", week, luck.poisson(1)) for week in (0, n_weeks - 1)]
    table = pd.DataFrame(outcomes).astype({"replicate": np.int32})
    counts = pd.DataFrame(series, columns=["outcome", "state", "week", "value"])
    counts = counts.groupby([*counts.columns], sort=True).size().rename("count").reset_index()
    return SimpleNamespace(
        outcomes=table,
        places=pd.DataFrame(places, columns=["replicate", "place", "period", "attacks"]).astype(
            {"replicate": np.int32, "attacks": np.float32}
        ),
        series=counts.astype({"value": float, "count": np.int64}),
        weeks=None,
        severities=None,
    )


def fake_simulate_strand(
    parameters: Sequence[SimpleNamespace], *batch: int, on_week: Callable[[int, int], None]
) -> Iterator[SimpleNamespace]:
    """The same model, whose cells have no past to share; says when it begins a course."""
    for position, own in enumerate(parameters):
        on_week(position, 0)
        yield fake_simulate(own, *batch)


def fake_backend() -> Backend:
    tree = fake_tree()
    source = os.environ.get("FAKE_MODEL_VERSION", "first")
    version = Fingerprint(source, "data", tree.digest()[:12])
    return Backend(
        tree,
        fake_compile,
        fake_simulate,
        OUTCOMES,
        PLACE_OUTCOMES,
        version,
        simulate_strand=fake_simulate_strand,
    )


if __name__ == "__main__":  # a process that a test can kill
    import sys

    from spillover.cli import main

    sys.path.insert(0, str(Path(__file__).parent))
    from fake_model import fake_backend as importable_backend

    sys.exit(main(sys.argv[1:], importable_backend))
