"""`spillover compare`: a resumable sweep, then its policies side by side and a decision card."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from spillover.analysis.across_scenarios import (
    agreement_table,
    factorial_table,
    regret_table,
    robustness_table,
)
from spillover.analysis.card import Card, make_card
from spillover.analysis.comparison import COST, Comparison, Settings, compare, require_baseline
from spillover.analysis.precision import Rule, earliest
from spillover.analysis.silence import processes_off, silent_outcomes
from spillover.analysis.summary import by_region
from spillover.analysis.tolerance import read_tolerances
from spillover.batch import runner
from spillover.batch.backend import Backend, MakeBackend, model_backend
from spillover.batch.compose import TOLERANCE, compose_config
from spillover.batch.design import Plan, make_plan
from spillover.batch.durable import write_atomic, write_json, write_table
from spillover.batch.lock import only_writer
from spillover.batch.manifest import require_manifest
from spillover.batch.schema import Config
from spillover.commands.balance import write_elsewhere, write_pillars
from spillover.commands.events import FILES, write_events
from spillover.commands.present import WIDTH, console, figure, signed, wrapped
from spillover.commands.progress import busy
from spillover.commands.report import write_report
from spillover.commands.run import (
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Request,
    announce,
    compute,
    draw,
    dry_run,
    say_failures,
    say_how_to_resume,
    write_summary,
)
from spillover.errors import UserError
from spillover.notebook.results import open_results

ANALYSIS = "analysis"
_NAME = 46


@dataclass(frozen=True)
class Study:
    """A plan with what is compared in it; ``is_adaptive`` says that precision ends the sweep."""

    plan: Plan
    settings: Settings
    is_adaptive: bool


def compare_policies(
    request: Request, argv: list[str], make_backend: MakeBackend | None = None
) -> int:
    """Sweep, compare and report; returns the exit code.

    1 says that chunks failed, figures failed, or an adaptive comparison ended at its cap before
    the wanted precision was reached.

    Raises:
        UserError: the input is refused; nothing has been written.
    """
    make_backend = make_backend or model_backend
    composed = compose_config(request.overrides, request.config_dir)
    backend = make_backend()
    plan = make_plan(composed, backend, is_sweep=True)
    typed = tuple(text.partition("=")[0] for text in composed.overrides)
    study = make_study(plan, backend, typed)
    if request.dry_run:
        dry_run(study.plan, backend)
        return EXIT_DONE
    runner.require_fitting(study.plan)
    with only_writer(study.plan.results, argv):
        return _carry_out(study, make_backend, argv)


def make_study(plan: Plan, backend: Backend, typed: tuple[str, ...] = ()) -> Study:
    """What a plan compares; ``typed`` are the keys that the command line names.

    Raises:
        UserError: the baseline is not among the policies, an outcome is unknown, a tolerance is
            missing or has the wrong unit, or there are fewer replicates than the floor.
    """
    config = plan.config
    require_baseline(config.compare.baseline, list(dict.fromkeys(c.policy for c in plan.cells)))
    registry = {
        outcome.name: {"unit": outcome.unit, "better": outcome.better}
        for outcome in backend.outcomes.values()
    }
    off = silent_outcomes(processes_off(plan.cells[0].changes))
    names = tuple(name for name in config.compare.outcomes if name not in off)
    if not names:
        raise UserError(
            "A comparison needs at least one key outcome.",
            where="compare.outcomes",
            got=list(config.compare.outcomes),
            allowed="names from docs/outcomes.md whose process is not switched off",
            next="For example compare.outcomes=[attacks_home,recruits].",
        )
    own = tuple(key.removeprefix(TOLERANCE) for key in typed if key.startswith(TOLERANCE))
    tolerances = read_tolerances(config.compare.tolerance, names, registry, own)
    precision = config.compare.precision
    rule = Rule(precision.block, precision.floor, precision.successive)
    has_draws = max(cell.draw for cell in plan.cells) > 1
    if not has_draws:
        _require_floor(config, rule)
    settings = Settings(config.compare.baseline, tolerances, rule)
    return Study(plan, settings, precision.adaptive and not has_draws)


def _require_floor(config: Config, rule: Rule) -> None:
    if config.replicates < rule.floor:
        raise UserError(
            "There are too few replicates for verdicts.",
            where="replicates",
            got=config.replicates,
            allowed=f"{rule.floor} or more (compare.precision.floor)",
            next=f"Use replicates={rule.floor}, or `spillover sweep` for a first look.",
        )


def rounds(study: Study) -> Iterator[int]:
    """Replicates after each round; only the last one if precision does not end the sweep."""
    cap, rule = study.plan.config.replicates, study.settings.rule
    n = min(earliest(rule), cap) if study.is_adaptive else cap
    yield n
    while n < cap:
        n = min(n + rule.block, cap)
        yield n


def _carry_out(study: Study, make_backend: MakeBackend, argv: list[str]) -> int:
    out = console()
    plan = study.plan
    for n_replicates in rounds(study):
        plan = replace(study.plan, config=replace(study.plan.config, replicates=n_replicates))
        work = runner.find_work(plan)
        announce(out, plan, work)
        try:
            tally = compute(plan, work, make_backend, argv)
        except KeyboardInterrupt:
            say_how_to_resume(plan, argv)
            return EXIT_INTERRUPTED
        found = read_comparison(plan.results, study.settings, n_replicates)
        if tally.failures or found.stop.is_met:
            break
    is_drawn = _report(out, plan, found)
    say_failures(out, plan, tally)
    is_precise = found.stop.is_met or not study.is_adaptive
    is_done = is_precise and is_drawn and not tally.failures
    return EXIT_DONE if is_done else EXIT_FAILED


def read_comparison(results: Path, settings: Settings, n_replicates: int) -> Comparison:
    """Compare the policies of a folder in its first worlds.

    Raises:
        UserError: the folder lacks the baseline, or policies share fewer than two worlds.
    """
    registry = require_manifest(results)["outcomes"]
    wanted = {
        name: outcome
        for name, outcome in registry.items()
        if outcome["headline"] or name == COST or name in settings.tolerances
    }
    rows = runner.read_outcomes(results, "since_branch", wanted)
    rows = rows[rows["replicate"] < n_replicates]
    values = by_region(rows, wanted)
    place = {pair: rank for rank, pair in enumerate(runner.finished_pairs(results))}
    order = [place[pair] for pair in zip(values["scenario"], values["policy"], strict=True)]
    values = values.assign(order=order).sort_values("order", kind="stable")
    return compare(values, wanted, settings)


def _report(out: Console, plan: Plan, found: Comparison) -> bool:
    """Write and print tables and card, draw the figures; False if the figures failed."""
    off = silent_outcomes(processes_off(plan.cells[0].changes))
    with busy("comparing policies"):
        write_summary(plan.results, off)
        write_pillars(plan.results, plan.config.pillar_weights.by_pillar(), off)
        card = write_analysis(plan, found)
    out.print()
    for line in [*card_lines(card), *table_lines(found)]:
        out.print(line)
    drawn, problem = draw(plan.results) if plan.config.figures else ([], "")
    path = write_report(plan.results)
    out.print(f"\nFiles  {path}: card, figures and tables to mail and to print", markup=False)
    out.print(f"       {plan.results}/analysis: card.md, effects.csv and the other tables")
    if drawn:
        out.print(f"       {len(drawn)} figures in {plan.results}/figures")
    if problem:
        out.print(f"The figures could not be drawn ({problem}).", style="bold red")
    return not problem


def write_analysis(plan: Plan, found: Comparison) -> Card:
    """Write every table and the card below ``analysis/``; returns the card."""
    robustness = robustness_table(found)
    elsewhere = write_elsewhere(plan.results, found.settings.baseline)
    registry = require_manifest(plan.results)["outcomes"]
    labels = {name: str(outcome["label"]) for name, outcome in registry.items()}
    card = make_card(found, robustness, elsewhere, labels, plan.name, plan.question)
    tables = {
        "effects": found.effects,
        "best": found.best,
        "tails": found.tails,
        "precision": found.precision,
        "costs": found.costs,
        "robustness": robustness,
        "regret": regret_table(found),
        "agreement": agreement_table(robustness),
        "factorial": factorial_table(found),
        "displacement": elsewhere,
    }
    results = open_results(plan.results)
    write_events(plan.results, {by: results.events(found.settings.baseline, by) for by in FILES})
    folder = plan.results / ANALYSIS
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)
    write_json(folder / "card.json", card.as_dict())
    write_atomic(folder / "card.md", card.markdown.encode())
    return card


def card_lines(card: Card) -> list[Text]:
    """The card for the terminal."""
    lines = [Text(f"Decision card: {card.title}", "bold")]
    for finding in card.findings:
        lines += [Text(), Text(finding.heading, "bold")]
        for sentence in finding.sentences:
            lines += [Text(part) for part in wrapped(f"  {sentence}")]
    lines += [Text(), Text("Not covered", "bold")]
    lines += [Text(part) for sentence in card.not_covered for part in wrapped(f"  {sentence}")]
    return lines


def table_lines(found: Comparison) -> list[Text]:
    """Key effects with their simultaneous intervals and verdicts, by outcome."""
    effects = found.effects[found.effects["is_key"]]
    head = f"{'since the branch, by scenario / policy':<{_NAME}}{'effect':>10}{'95% together':>22}"
    lines = [Text(), Text(f"{head}  verdict", "bold"), Text("-" * WIDTH)]
    for (label, unit), rows in effects.groupby(["label", "unit"], sort=False):
        low, high = figure(rows["tolerance"].min()), figure(rows["tolerance"].max())
        zone = low if low == high else f"{low} to {high}"
        lines.append(Text(f"{label} [{unit}], matters from {zone} on", "bold"))
        for row in rows.to_dict("records"):
            name = f"  {row['scenario']} / {row['policy']}"[:_NAME]
            interval = f"{signed(row['low'])} to {signed(row['high'])}"
            lines.append(
                Text(f"{name:<{_NAME}}{signed(row['mean']):>10}{interval:>22}  {row['verdict']}")
            )
    return lines
