"""Does the twin with dice of its own agree with the kernel? Thirteen outcomes on two maps.

    python experiments/twin_agreement.py [--replicates 300] [--kernel 1500] [--jobs 2]

On six places and on all 87, with fifty thousand people in both models, every outcome of
`spillover.twin.study` is compared over a busy year: Mann-Whitney tests of all of them together at
1% (Holm), and the 95% interval of each ratio of means inside 0.95 to 1.05. Runs are kept in parts
under `results/twin/parts/`, named by the version of the model, so the same command goes on where it
was stopped. Writes `agreement.csv` and `README.md`; the exit code is 1 if an outcome fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from spillover import kernel
from spillover.batch.fingerprint import PACKAGE, data_files, hash_files
from spillover.evidence import Parameters, load_tree
from spillover.first_state import first_state
from spillover.streams import Streams
from spillover.twin import TwinModel
from spillover.twin.agreement import Agreement, compare_samples
from spillover.twin.study import OUTCOMES, PEOPLE, WEEKS, busy, sums
from spillover.world import load_world
from spillover.world.subset import SIX_PLACES, small_world

MAPS = {"six": "6 places", "all": "87 places"}
SEEDS = {"twin": 20210815, "kernel": 815}  # fixed before the first run
IN_PART = {"twin": 10, "kernel": 100}
RESULTS = Path("results/twin")
PAGE = """\
# The twin with dice of its own, beside the kernel

Written by `make twin` (`experiments/twin_agreement.py`); `agreement.csv` has more digits. Everyone
in the twin draws for itself: persons, men, cells, plots, consignments. The kernel counts. They
share no random number here, so agreement says that counting people who are alike is the same as
following each of them. It says nothing about the world.

- {twin} runs of the twin (seed {seeds[twin]}) and {kernel} of the kernel (seed {seeds[kernel]}) on
  each map; {weeks} weeks from 15 August 2021; {people:,} people in the cohorts of both models
- version of the model: {key}; the same command goes on where it was stopped, and starts anew when
  a number or a line of either model has changed
- the busy world of `spillover.twin.study`, in which rare things happen often
- an outcome passes if Mann-Whitney, with Holm over the outcomes of a map, does not refuse it at 1%
  and the 95% interval of the ratio of means (twin over kernel) lies inside 0.95 to 1.05

**{verdict}**

| map | outcome | twin | kernel | ratio | 95% interval | p | passes |
|---|---|---|---|---|---|---|---|
{lines}
"""


@dataclass(frozen=True)
class Part:
    """Some runs of one model on one map."""

    model: str
    map_name: str
    first: int
    stop: int
    weeks: int
    people: int

    def path(self, folder: Path, version: str) -> Path:
        """File of its outcomes."""
        size = f"{self.people}-people-{self.weeks}-weeks"
        runs = f"{self.first:05d}-{self.stop - 1:05d}"
        return folder / version / f"{self.model}-{self.map_name}-{size}-{runs}.csv"


def version() -> str:
    """Short hash over everything that can change a number of either model."""
    paths = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("parameters/**/*.yaml"), *data_files()]
    return hash_files(sorted(paths), PACKAGE)


@cache
def parameters(map_name: str, weeks: int, people: int) -> Parameters:
    """The busy world on a map."""
    world = load_world()
    place = small_world(world, SIX_PLACES) if map_name == "six" else world
    return busy(load_tree(), place, weeks, people)


def twin_weeks(part: Part, replicate: int) -> Iterator[Mapping[str, Any]]:
    """Accounts of a run of the twin, week by week."""
    model = TwinModel(parameters(part.map_name, part.weeks, part.people), SEEDS["twin"],
                      replicate, flows="own")  # fmt: skip
    for _ in range(part.weeks):
        model.step()
        yield model.accounts
    model.close()


def kernel_weeks(part: Part) -> Iterator[Mapping[str, Any]]:
    """Accounts of a batch of the kernel, week by week."""
    numbers = parameters(part.map_name, part.weeks, part.people)
    streams = Streams(SEEDS["kernel"], range(part.first, part.stop))
    state = first_state(numbers.at(0), streams)
    for week in range(part.weeks):
        state, accounts = kernel.step(state, week, numbers, streams)
        yield accounts


def run(part: Part, path: Path) -> Path:
    """Compute a part and keep it; a file with its final name is complete."""
    if part.model == "kernel":
        found = sums(kernel_weeks(part), part.stop - part.first)
        table = pd.DataFrame(found)
    else:
        runs = [sums(twin_weeks(part, r), 1) for r in range(part.first, part.stop)]
        table = pd.concat([pd.DataFrame(one) for one in runs])
    table.insert(0, "replicate", range(part.first, part.stop))
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    table.to_csv(unfinished, index=False)
    unfinished.replace(path)
    return path


def parts(options: argparse.Namespace) -> list[Part]:
    """All parts, the twin's first since they take longest."""
    found = []
    for model, number in (("twin", options.replicates), ("kernel", options.kernel)):
        for map_name in options.maps:
            for first in range(0, number, IN_PART[model]):
                stop = min(first + IN_PART[model], number)
                found.append(Part(model, map_name, first, stop, options.weeks, options.people))
    return found


def compute(wanted: list[Part], options: argparse.Namespace, folder: Path, key: str) -> None:
    """Run what is missing."""
    (folder / key).mkdir(parents=True, exist_ok=True)
    missing = [part for part in wanted if not part.path(folder, key).exists()]
    print(f"{len(wanted) - len(missing)} of {len(wanted)} parts are there (version {key})")
    begin = time.monotonic()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        jobs = [pool.submit(run, part, part.path(folder, key)) for part in missing]
        for n, job in enumerate(as_completed(jobs), start=1):
            minutes = (time.monotonic() - begin) / 60
            print(f"{n} of {len(jobs)} after {minutes:.1f} min: {job.result().name}", flush=True)


def compare(wanted: list[Part], map_name: str, folder: Path, key: str) -> list[dict[str, Any]]:
    """One row for each outcome on a map."""
    samples = {
        model: pd.concat(
            pd.read_csv(part.path(folder, key))
            for part in wanted
            if (part.model, part.map_name) == (model, map_name)
        )
        for model in SEEDS
    }
    twin, theirs = ({name: table[name].tolist() for name in OUTCOMES} for table in samples.values())
    rows = []
    for found in compare_samples(twin, theirs):
        means = {f"{model}_mean": table[found.outcome].mean() for model, table in samples.items()}
        rows.append({"map": map_name, **means, **asdict(found), "is_inside": found.is_inside})
    return rows


def page(table: pd.DataFrame, options: argparse.Namespace, key: str) -> str:
    """The README of the results."""
    rows = table.to_dict("records")
    lines = [
        f"| {MAPS[row['map']]} | {row['outcome']} | {row['twin_mean']:.1f} "
        f"| {row['kernel_mean']:.1f} | {row['ratio']:.3f} | {row['low']:.3f} to "
        f"{row['high']:.3f} | {row['p_value']:.3g} | {'yes' if passes(row) else 'NO'} |"
        for row in rows
    ]
    verdict = "All outcomes agree." if all(map(passes, rows)) else "NOT all outcomes agree."
    return PAGE.format(
        twin=options.replicates, kernel=options.kernel, seeds=SEEDS, weeks=options.weeks,
        people=options.people, key=key, verdict=verdict, lines="\n".join(lines),
    )  # fmt: skip


def passes(row: Mapping[str, Any]) -> bool:
    """Whether an outcome agrees."""
    return bool(row["is_inside"] and not row["is_refused"])


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--replicates", type=int, default=300, help="runs of the twin on each map")
    parser.add_argument("--kernel", type=int, default=1500, help="runs of the kernel on each map")
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--maps", nargs="+", choices=MAPS, default=list(MAPS))
    parser.add_argument("--out", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run what is missing, compare, write the table and the page."""
    options, key = options_of(arguments), version()
    folder, wanted = options.out / "parts", parts(options)
    compute(wanted, options, folder, key)
    rows = [row for name in options.maps for row in compare(wanted, name, folder, key)]
    table = pd.DataFrame(rows)
    table.to_csv(options.out / "agreement.csv", index=False, float_format="%.6g")
    (options.out / "README.md").write_text(page(table, options, key), encoding="utf-8")
    for row in rows:
        fields = {name: row[name] for name in Agreement.__dataclass_fields__}
        print(f"{row['map']}: {Agreement(**fields)}{'' if passes(row) else '  <-- FAILS'}")
    return 0 if all(map(passes, rows)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
