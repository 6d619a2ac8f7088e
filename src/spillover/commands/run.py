"""`spillover run` and `spillover sweep`: plan, compute what is missing, summarise, draw."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.text import Text

from spillover.analysis.silence import processes_off, silent_outcomes
from spillover.analysis.summary import by_region, summarise
from spillover.batch import runner
from spillover.batch.backend import Backend, MakeBackend, model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import REFERENCE, Plan, make_plan
from spillover.batch.durable import write_table
from spillover.batch.lock import only_writer
from spillover.batch.manifest import require_manifest
from spillover.batch.schema import DOCUMENTED, Config
from spillover.commands.balance import (
    elsewhere_lines,
    pillar_lines,
    write_elsewhere,
    write_pillars,
)
from spillover.commands.present import (
    closing_lines,
    console,
    off_lines,
    summary_lines,
    wrapped,
)
from spillover.commands.progress import busy, chunk_progress, duration

EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130


@dataclass(frozen=True)
class Request:
    """What the command line asked for."""

    verb: str
    overrides: tuple[str, ...]
    dry_run: bool = False
    config_dir: Path | None = None


def run(request: Request, argv: list[str], make_backend: MakeBackend | None = None) -> int:
    """Carry out a run or sweep; returns the exit code.

    Raises:
        UserError: the input is refused; nothing has been written.
    """
    make_backend = make_backend or model_backend
    composed = compose_config(request.overrides, request.config_dir)
    backend = make_backend()
    plan = make_plan(composed, backend, is_sweep=request.verb == "sweep")
    if request.dry_run:
        dry_run(plan, backend)
        return EXIT_DONE
    runner.require_fitting(plan)
    with only_writer(plan.results, argv):
        return _carry_out(plan, make_backend, argv)


def _carry_out(plan: Plan, make_backend: MakeBackend, argv: list[str]) -> int:
    """Compute what is missing of a plan, summarise and draw; returns the exit code."""
    work = runner.find_work(plan)
    out = console()
    announce(out, plan, work)
    try:
        tally = compute(plan, work, make_backend, argv)
    except KeyboardInterrupt:
        say_how_to_resume(plan, argv)
        return EXIT_INTERRUPTED
    is_drawn = _report(out, plan)
    say_failures(out, plan, tally)
    return EXIT_FAILED if tally.failures or not is_drawn else EXIT_DONE


def compute(
    plan: Plan, work: runner.Work, make_backend: MakeBackend, argv: list[str]
) -> runner.Tally:
    """Compute what is missing of a plan, with a progress bar."""
    with chunk_progress(len(work.specs)) as reporter:
        return runner.execute(plan, work, make_backend, argv, reporter, reporter.on_week)


def say_failures(out: Console, plan: Plan, tally: runner.Tally) -> None:
    """Say how many chunks failed, and what to do about it."""
    if tally.failures:
        out.print(
            f"{len(tally.failures)} chunks failed; they are described in "
            f"{plan.results}/failures, and the same command tries them again. To see one fail in "
            "this process, for example under a debugger, add engine.workers=1.",
            style="bold red",
        )


def announce(out: Console, plan: Plan, work: runner.Work) -> None:
    """Say what a plan holds, and how much of it is there already."""
    n_chunks = len(work.specs) + work.n_done
    chunks = "chunk" if n_chunks == 1 else "chunks"
    out.print(
        f"{plan.name}: {len(plan.cells)} {'cell' if len(plan.cells) == 1 else 'cells'} x "
        f"{plan.config.replicates} replicates, "
        f"{plan.frame.n_weeks} weeks ({plan.frame.horizon}), seed {plan.frame.seed}, "
        f"model {plan.version.id}",
        markup=False,
    )
    for line in standing_lines(plan):
        out.print(line, markup=False)
    out.print(
        f"{n_chunks} {chunks}: {work.n_done} there already, {len(work.specs)} to compute "
        f"-> {plan.results}",
        markup=False,
    )
    for (cell_id, block), reason in work.damaged.items():
        out.print(f"damaged, computed again: {cell_id}-{block.name}: {reason}", style="yellow")


def standing_lines(plan: Plan) -> list[str]:
    """The structure and stressor that hold in every cell, and what they switch off."""
    frame, lines = plan.frame, []
    if frame.structure != DOCUMENTED:
        lines.append(f"structure {frame.structure}")
    off = processes_off(plan.cells[0].changes)
    if off:
        lines.append(f"off: {', '.join(off)}")
    if frame.stressor != Config().stressor:
        lines.append(f"stressor {frame.stressor}")
    return [part for line in lines for part in wrapped(line)]


def dry_run(plan: Plan, backend: Backend) -> None:
    """Say what a plan would compute and what that costs; writes nothing."""
    out, work = console(), runner.find_work(plan)
    announce(out, plan, work)
    for cell in plan.cells:
        draw = f", draw {cell.draw}" if cell.draw else ""
        out.print(f"  {cell.id}  {cell.scenario} / {cell.policy}{draw}", markup=False)
    if work.specs:
        cost = runner.estimate(plan, work, backend)
        workers = min(plan.config.engine.workers, len(work.specs))
        out.print(
            f"estimate: {duration(cost.seconds / workers)} with {workers} "
            f"{'worker' if workers == 1 else 'workers'}, {megabytes(cost.n_bytes)} on the disk "
            f"({cost.basis})",
            markup=False,
        )
    else:
        out.print("estimate: nothing is left to compute")
    out.print("dry run: nothing was written")


def megabytes(n_bytes: float) -> str:
    """A size in words."""
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes < 1e9 else f"{n_bytes / 1e9:.1f} GB"


def say_how_to_resume(plan: Plan, argv: list[str]) -> None:
    """Say that an interrupted plan goes on with the same command."""
    n_done = len(runner.stored_blocks(plan.results))
    console(to_error=True).print(
        f"\nStopped. {n_done} finished chunks are in {plan.results} and stay there.\n"
        f"Resume with the same command:  {shlex.join(argv)}",
        markup=False,
    )


def _report(out: Console, plan: Plan) -> bool:
    """Write and print the summary, draw the figures; False if the figures failed."""
    off = silent_outcomes(processes_off(plan.cells[0].changes))
    summary = write_summary(plan.results, off)
    if summary.empty:
        out.print("No chunk has succeeded, so there is nothing to summarise.")
        return True
    shown = _of_plan(summary, plan)
    out.print()
    has_branch = plan.frame.has_branch
    window = "since the branch" if has_branch else f"over the whole {plan.frame.horizon}"
    for text in [*map(Text, standing_lines(plan)), *summary_lines(shown, window)]:
        out.print(text)
    registry = require_manifest(plan.results)["outcomes"]
    for text in off_lines([o for n, o in registry.items() if n in off and o["headline"]]):
        out.print(text)
    policies = [cell.policy for cell in plan.cells]
    labels = {name: outcome["label"] for name, outcome in registry.items()}
    weights = plan.config.pillar_weights.by_pillar()
    balance = pillar_lines(write_pillars(plan.results, weights, off), weights)
    for text in balance + elsewhere_lines(write_elsewhere(plan.results), labels, policies):
        out.print(text)
    drawn, problem = draw(plan.results) if plan.config.figures else ([], "")
    pending = {name: texts for cell in plan.cells for name, texts in cell.pending}
    for line in closing_lines(shown, plan.results, pending, plan.config.replicates, drawn):
        out.print(line, markup=False)
    if problem:
        out.print(
            f"The figures could not be drawn ({problem}); the tables are complete. "
            f"Try again: spillover figures {plan.results}",
            style="bold red",
        )
    return not problem


def _of_plan(summary: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    pairs = {(cell.scenario, cell.policy) for cell in plan.cells}
    chosen = [pair in pairs for pair in zip(summary["scenario"], summary["policy"], strict=True)]
    return summary[chosen]


def write_summary(results: Path, off: Collection[str] = ()) -> pd.DataFrame:
    """Write ``summary.csv`` from all finished chunks of a folder; returns the table.

    Outcomes that are ``off`` are left out: their numbers are no results.
    """
    registry = require_manifest(results)["outcomes"]
    headline = {n: outcome for n, outcome in registry.items() if outcome["headline"]}
    headline = {n: outcome for n, outcome in headline.items() if n not in off}
    pairs = runner.finished_pairs(results)

    @lru_cache(maxsize=3)  # a pair and the two that it is compared with: memory for no more
    def values_of(pair: tuple[str, str]) -> pd.DataFrame:
        rows = runner.read_outcomes(results, "since_branch", headline, pairs[pair])
        return by_region(rows, headline)

    parts = []
    for pair in pairs:
        needed = dict.fromkeys((REFERENCE, (pair[0], REFERENCE[1]), pair))
        values = pd.concat([values_of(other) for other in needed if other in pairs])
        parts.append(summarise(values, headline, REFERENCE, of=pair))
    if not parts:
        return pd.DataFrame()
    summary = pd.concat(parts, ignore_index=True)
    write_table(results / "summary.csv", summary)
    return summary


def draw(results: Path) -> tuple[list[Path], str]:
    """Draw all figures of a folder; returns their files, and the problem if it failed."""
    try:
        with busy("drawing figures"):
            from spillover.figures import draw_all

            return draw_all(results), ""
    except Exception as error:  # a figure must not cost the user the results
        return [], f"{type(error).__name__}: {error}"
