"""`spillover validate`: a hindcast against the patterns that were observed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console

from spillover.batch import runner
from spillover.batch.backend import MakeBackend, model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import make_plan
from spillover.batch.durable import write_atomic, write_table
from spillover.batch.folder import problem_of, unwritable
from spillover.batch.lock import only_writer
from spillover.batch.manifest import read_manifest, require_manifest
from spillover.commands.present import WIDTH, console
from spillover.commands.progress import busy, chunk_progress
from spillover.errors import UserError
from spillover.validation.check import MISS, NOT_COVERED, PASS
from spillover.validation.experiment import MORE
from spillover.validation.history import History, read_history
from spillover.validation.patterns import Verdict, judge
from spillover.validation.table import (
    counts,
    markdown,
    pattern_words,
    short,
    verdict_table,
    wanted,
    with_draws,
)

DEFAULT_FOLDER = Path("results/validation")
DEFAULT_REPLICATES = 40
DRAW_REPLICATES = 10
"""Worlds of each draw of the priors: enough for a median, few enough for many draws."""
EXPERIMENT, PRIORS = "-patrols", "-priors"
_NAME = 48  # width of the names of numbers
_STYLE = {PASS: "green", MISS: "bold red", NOT_COVERED: "dim"}


@dataclass(frozen=True)
class Request:
    """What the command line asked for; without a folder the hindcast is run."""

    folder: Path | None = None
    replicates: int = DEFAULT_REPLICATES
    priors: int = 0
    results: Path = DEFAULT_FOLDER


def request_of(
    folder: Path | None, replicates: int | None, priors: int, results: Path | None
) -> Request:
    """The request of a command line.

    Raises:
        UserError: a folder is given together with what only a new hindcast takes.
    """
    given = {"--replicates": replicates, "--results": results}
    clashing = [name for name, value in given.items() if folder is not None and value is not None]
    if clashing:
        raise UserError(
            f"{' and '.join(clashing)} belong to a hindcast that is run; a folder is only read.",
            where="command line",
            got=str(folder),
            next="Leave the folder out to run a hindcast, or the options to read one.",
        )
    n_worlds = DEFAULT_REPLICATES if replicates is None else replicates
    return Request(folder, n_worlds, priors, results or DEFAULT_FOLDER)


def validate(request: Request, argv: list[str], make_backend: MakeBackend | None = None) -> int:
    """Compare a hindcast with the patterns; returns the exit code.

    Raises:
        UserError: the input is refused, or the folder holds no hindcast.
    """
    _check(request)
    make = make_backend or model_backend
    folder = request.folder or request.results
    failed = 0
    if request.folder is None:
        words = [f"replicates={request.replicates}"]
        failed += _hindcast(folder, words, argv, make)
        failed += _hindcast(_beside(folder, EXPERIMENT), [*words, MORE], argv, make)
    if request.priors:
        words = [f"replicates={DRAW_REPLICATES}", "uncertainty=priors"]
        words += [f"uncertainty.draws={request.priors}"]
        failed += _hindcast(_beside(folder, PRIORS), words, argv, make)
    if failed and not runner.stored_blocks(folder):
        console(to_error=True).print(f"No world finished; see {folder}/failures.", style="bold red")
        return 1
    verdicts, table = _verdicts(folder)
    _write(folder, verdicts, table)
    out = console()
    _print(out, verdicts, table, folder)
    if failed:
        out.print(f"{failed} chunks failed; the same command tries them again.", style="bold red")
    return 1 if failed else 0


def _check(request: Request) -> None:
    for name, value, least in (
        ("--replicates", request.replicates, 2),
        ("--priors", request.priors, 0),
    ):
        if value < least:
            raise UserError(
                f"'{name}' is too small.",
                where="command line",
                got=value,
                allowed=f"a whole number from {least}",
            )
    if request.priors == 1:
        raise UserError(
            "One draw has no share of draws.",
            where="--priors",
            got=1,
            allowed="0 (none), or 2 and more",
            next="For example --priors 50.",
        )


def _beside(folder: Path, suffix: str) -> Path:
    return folder.with_name(folder.name + suffix)


def _hindcast(folder: Path, words: list[str], argv: list[str], make: MakeBackend) -> int:
    """Run what is missing of a hindcast; returns the number of chunks that failed."""
    fixed = ["horizon=hindcast", f"results={folder}", f"name={folder.name}", "figures=false"]
    plan = make_plan(compose_config([*fixed, *words]), make(), is_sweep=False)
    runner.require_fitting(plan)
    with only_writer(plan.results, argv):
        work = runner.find_work(plan)
        console(to_error=True).print(
            f"{folder}: {len(plan.cells)} x {plan.config.replicates} worlds, "
            f"{len(work.specs)} chunks to compute",
            markup=False,
        )
        with chunk_progress(len(work.specs)) as reporter:
            return len(runner.execute(plan, work, make, argv, reporter).failures)


def _verdicts(folder: Path) -> tuple[list[Verdict], pd.DataFrame]:
    """Verdicts on a folder; the share of draws comes from the folder with draws beside it."""
    with busy("comparing with what was observed"):
        history = read_history(folder)
        verdicts = judge(history, _read_beside(folder, EXPERIMENT))
        table = verdict_table(verdicts)
        drawn = history if len(np.unique(history.draws)) > 1 else _read_beside(folder, PRIORS)
        if drawn is not None:
            table = with_draws(table, judge(drawn))
    return verdicts, table


def _read_beside(folder: Path, suffix: str) -> History | None:
    """A folder of the same model beside this one, or None."""
    other = _beside(folder, suffix)
    manifest = read_manifest(other)
    if manifest is None:
        return None
    is_same = manifest["fingerprint"]["id"] == require_manifest(folder)["fingerprint"]["id"]
    return read_history(other) if is_same else None


def _write(folder: Path, verdicts: list[Verdict], table: pd.DataFrame) -> None:
    from spillover.figures.provenance import read_provenance
    from spillover.figures.style import house_style, save
    from spillover.figures.validation_page import validation_page

    page = "\n".join(markdown(table)) + "\n"
    provenance = read_provenance(require_manifest(folder), folder.name, pd.DataFrame(), _YEARS)
    try:
        write_table(folder / "validation.csv", table)
        write_atomic(folder / "validation.md", page.encode())
        with house_style():
            figure = validation_page(verdicts, provenance, f"Patterns: {counts(verdicts)}")
            save(figure, folder / "figures" / "validation.png")
    except OSError as error:
        raise unwritable(folder, problem_of(error)) from None


_YEARS = pd.DataFrame({"period": ["2025"]})


def _print(out: Console, verdicts: list[Verdict], table: pd.DataFrame, folder: Path) -> None:
    has_draws = bool(table["share_of_draws"].notna().any())
    head = f"{'observed (band)':>28}{'median':>9}{'5 to 95%':>19}"
    out.print(f"{'':<{_NAME}}{head}{'draws' if has_draws else '':>6}".rstrip(), style="bold")
    for verdict in verdicts:
        head = f"{verdict.pattern.id:<4} {verdict.pattern.title}"
        out.print(f"{head:<{WIDTH - 14}}{verdict.status:>14}", style=_STYLE[verdict.status])
        for row in table[table["pattern"] == verdict.pattern.id].to_dict("records"):
            out.print(_line({str(k): v for k, v in row.items()}, has_draws), markup=False)
    out.print()
    out.print(f"Patterns: {counts(verdicts)}. A miss is a finding about the model, not an error.")
    if has_draws:
        words = pattern_words(table, "pattern_status_of_draws")
        out.print(f"All worlds of all draws of the priors together: {words}.")
    out.print("Model output under stated assumptions; nothing is fitted to these numbers here.")
    out.print(f"Files  {folder}/validation.csv, validation.md, figures/validation.png")


def _line(row: dict[str, object], has_draws: bool) -> str:
    name = _cut(f"  {row['number']}", _NAME)
    if row["status"] == NOT_COVERED:
        return f"{name:<{_NAME}}  {_cut(str(row['reason']), WIDTH - _NAME - 2)}"
    span = f"{short(row['q05'])} to {short(row['q95'])}" if short(row["q05"]) else ""
    drawn = f"{short(row['share_of_draws']):>6}" if has_draws else ""
    text = f"{wanted(row):>28}{short(row['median']):>9}{span:>19}{drawn}"
    return f"{name:<{_NAME}}{text}"


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 3] + "..."
