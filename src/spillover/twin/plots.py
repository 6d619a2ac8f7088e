"""Plots, one by one; docs/odd.md, "plots" (P1 to P4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from spillover.twin.agents import (
    ABROAD,
    AFGHANISTAN,
    BASES,
    DETAINED,
    DIASPORA,
    ELSEWHERE,
    EXTERNAL,
    HOME,
    MEMBER,
    PLANNED,
    READY,
    RUSSIA,
    Cell,
    Cohort,
    Person,
    Plot,
    Region,
    State,
)
from spillover.twin.arithmetic import Y, p
from spillover.twin.cells import target_code
from spillover.twin.recruitment import Reference
from spillover.twin.signs import due_slots, lethality

if TYPE_CHECKING:
    from spillover.twin.draws import Stream
    from spillover.twin.model import TwinModel

NAME = "plots"
BY_TARGET = ("started", "carried_out", "failed")
BY_COHORT = ("citizens_started", "citizens_jailed", "citizens_spent")
ONE = ("starts_refused", "deaths_abroad", "operations_usd", "fighters_started", "fighters_spent")
STAGE_CODES = {PLANNED: 1, READY: 2}


@dataclass
class Candidate:
    """Somebody who starts a plot: a cell, members of a cohort, or operatives of a state."""

    address: int
    source: Cell | Cohort | State
    people: int


def start(model: TwinModel) -> None:
    """Home plots that are open in August 2021; their people are nobody of the cohorts."""
    view, reference = model.view, Reference(model)
    par, intel, n_q = view.plots, view.intelligence, len(model.regions)
    onward = min(2.0 / par.preparation_elsewhere, 1.0)
    draws = model.stream("first_state/plots", 2 * n_q)
    numbers = []
    for region in model.regions:
        c = region.state.index
        starts = par.start_hazard_home / Y * reference.members[region.index]
        busy = float(intel.false_leads[c]) / Y * intel.file_weeks
        free = 1.0 / (1.0 + busy / float(intel.desks[c]))
        found = intel.hazard_base + intel.hazard_capacity * free
        planned = starts / (found + onward)
        numbers.append((planned, planned * onward / (found + onward)))
    slot = 0
    for row, stage in enumerate((PLANNED, READY)):
        for region in model.regions:
            for _ in range(draws.poisson(row * n_q + region.index, numbers[region.index][row])):
                if slot < len(model.plots):
                    _open_at_start(model, slot, region, stage)
                slot += 1


def _open_at_start(model: TwinModel, slot: int, region: Region, stage: str) -> None:
    plot = Plot(model, slot, HOME, region.state)
    plot.stage, plot.region, plot.cohort = stage, region, model.cohorts[region.index]
    plot.persons = [
        Person(model, 0, plot.cohort, "plotter")
        for _ in range(int(model.view.plots.people_per_plot))
    ]
    model.plots[slot] = plot


def step(model: TwinModel) -> None:
    """One week."""
    for state in model.states:
        state.week_home_attacks = 0
    for region in model.regions:
        region.attacks = region.deaths = 0
    model.outside.week_foreign_attacks = model.outside.week_russian_attacks = 0
    model.open_accounts(BY_TARGET, len(model.states) + 2)
    model.open_accounts(BY_COHORT, len(model.cohorts))
    model.open_accounts(("operatives_started",), len(model.states))
    model.flows |= dict.fromkeys(ONE, 0)
    _advance(model)
    model.flows["attacks_by_region"] = [region.attacks for region in model.regions]
    model.flows["deaths_by_region"] = [region.deaths for region in model.regions]
    _start(model)


def _advance(model: TwinModel) -> None:
    """P2."""
    par, n = model.view.plots, len(model.plots)
    stages = model.stream("plots/stages", n)
    for plot in [plot for plot in model.plots if plot is not None]:
        weeks = (
            par.preparation_afghanistan if plot.base == AFGHANISTAN else par.preparation_elsewhere
        )
        if stages.is_hit(plot.index, min(2.0 / weeks, 1.0)):
            if plot.stage == READY:
                _carry_out(model, plot)
            plot.stage = READY


def _carry_out(model: TwinModel, plot: Plot) -> None:
    """P3 and P4: a plot succeeds or fails, and is over."""
    view, target = model.view, plot.target
    par, n = view.plots, len(model.plots)
    prepared, armed = 0.0, 1.0
    if isinstance(target, State):
        armed = lethality(model, target)
        planning = target.delivered["contingency_planning"]
        prepared = min(par.contingency_per_level * planning, 1.0)
    success = par.success * (1.0 + par.success_from_skill * plot.skill) * (1.0 - prepared)
    severity = (view.attacks.severity_exponent, par.severity_shift, view.attacks.severity_cutoff)
    deadly = min(par.deadly_share * armed, 1.0) * (1.0 - prepared)
    if model.stream("plots/success", n).is_hit(plot.index, success):
        deaths = model.stream("plots/severity", n).deaths(plot.index, deadly, severity)
        _count_attack(model, plot, deaths)
        _book_end(model, plot, "carried_out", "citizens_spent")
        for person in plot.persons:
            person.remove()
    else:
        _book_end(model, plot, "failed", "citizens_jailed")
        if plot.cohort is not None:
            for person in plot.persons:
                plot.cohort.admit(person, DETAINED)
    model.plots[plot.index] = None
    plot.remove()


def _book_end(model: TwinModel, plot: Plot, end: str, citizens: str) -> None:
    """The end of a plot and of its people, for the accounts."""
    model.flows[end][target_code(plot.target)] += 1
    if plot.cohort is not None:
        model.flows[citizens][plot.cohort.index] += plot.size
    else:
        model.flows["fighters_spent"] += plot.size


def _count_attack(model: TwinModel, plot: Plot, deaths: int) -> None:
    if isinstance(plot.target, State):
        plot.target.week_home_attacks += 1
    else:
        model.outside.week_foreign_attacks += 1
        model.outside.week_russian_attacks += plot.target == RUSSIA
    if plot.region is not None:
        plot.region.attacks += 1
        plot.region.deaths += deaths
    else:
        model.flows["deaths_abroad"] += deaths


def _start(model: TwinModel) -> None:
    """P1: candidates take free slots in the order of their addresses."""
    n_due = len(due_slots(model.week, len(model.isisk.cells)))
    n = n_due + len(model.cohorts) + len(model.states)
    targets, regions = model.stream("plots/targets", n), model.stream("plots/regions", n)
    candidates = _candidates(model, n_due)
    free = [slot for slot, plot in enumerate(model.plots) if plot is None]
    model.flows["starts_refused"] = max(len(candidates) - len(free), 0)
    for candidate, slot in zip(candidates, free, strict=False):
        address, source = candidate.address, candidate.source
        if isinstance(source, Cell):
            plot = _of_cell(model, slot, source, candidate.people)
        elif isinstance(source, Cohort) and source.region is not None:
            plot = Plot(model, slot, HOME, source.state)
            plot.cohort, plot.region = source, source.region
            plot.persons = _turn(model, source.people[MEMBER], candidate.people)
        else:
            plot = _of_emigrants(model, slot, candidate, targets)
        state = plot.target
        if plot.region is None and isinstance(state, State) and state.regions:
            weights = [region.population for region in state.regions]
            plot.region = state.regions[regions.choose(address, weights)]
        model.plots[slot] = plot
        _book_start(model, plot)


def _book_start(model: TwinModel, plot: Plot) -> None:
    """The start of a plot, for the accounts."""
    model.flows["started"][target_code(plot.target)] += 1
    if plot.cohort is None:
        model.flows["fighters_started"] += plot.size
        model.flows["operations_usd"] += int(model.view.plots.external_cost)
    elif plot.base == ABROAD:
        model.flows["operatives_started"][plot.cohort.state.index] += plot.size
    else:
        model.flows["citizens_started"][plot.cohort.index] += plot.size


def _of_cell(model: TwinModel, slot: int, cell: Cell, men: int) -> Plot:
    assert cell.target is not None  # a cell in mode external has one
    plot = Plot(model, slot, AFGHANISTAN, cell.target)
    plot.skill, plot.men = cell.skill, men
    cell.fighters -= men
    cell.funds_usd -= int(model.view.plots.external_cost)
    return plot


def _of_emigrants(model: TwinModel, slot: int, candidate: Candidate, targets: Stream) -> Plot:
    """A plot of a diaspora cell or of operatives."""
    par, source = model.view.plots, candidate.source
    home, russia = par.diaspora_target_home, par.diaspora_target_russia
    kind = targets.choose(candidate.address, [home, russia, 1.0 - (home + russia)])
    if isinstance(source, Cohort):
        base, cohort, crowd = DIASPORA, source, source.people[MEMBER]
    else:
        assert isinstance(source, State)
        base, cohort, crowd = ABROAD, source.diaspora, source.operatives
    plot = Plot(model, slot, base, (cohort.state, RUSSIA, ELSEWHERE)[kind])
    plot.cohort = cohort
    plot.persons = _turn(model, crowd, candidate.people)
    return plot


def _candidates(model: TwinModel, n_due: int) -> list[Candidate]:
    """P1: who starts a plot this week, by address."""
    view = model.view
    par, found = view.plots, []
    for address, slot in enumerate(due_slots(model.week, len(model.isisk.cells))):
        cell = model.isisk.cells[slot]
        if cell is not None and cell.mode == EXTERNAL and cell.funds_usd >= par.external_cost:
            spare = cell.fighters - int(view.cells.cell_minimum)
            if spare > 0:
                found.append(Candidate(address, cell, min(spare, int(par.people_per_plot))))
    draws = model.stream("plots/starts", len(model.cohorts) + len(model.states))
    pools: list[tuple[Cohort | State, int]] = [(m, m.count(MEMBER)) for m in model.cohorts]
    pools += [(state, len(state.operatives)) for state in model.states]
    for position, (source, stock) in enumerate(pools):
        is_home = isinstance(source, Cohort) and source.region is not None
        hazard = par.start_hazard_home if is_home else par.start_hazard_abroad
        if draws.is_hit(position, p(hazard / Y * stock)) and stock > 0:
            people = min(stock, int(par.people_per_plot))
            found.append(Candidate(n_due + position, source, people))
    return found


def _turn(model: TwinModel, crowd: list[Person], n: int) -> list[Person]:
    """Some of a crowd turn to a plot; who they are is drawn here."""
    persons = []
    for _ in range(n):
        position = model.random.randrange(len(crowd))
        crowd[position], crowd[-1] = crowd[-1], crowd[position]
        person = crowd.pop()
        person.condition = "plotter"
        persons.append(person)
    return persons


def fields(model: TwinModel) -> dict[str, Any]:
    """The state of this process under the names of section 2; empty slots are blank."""
    plots = model.plots
    return {
        "plot_stage": [0 if x is None else STAGE_CODES[x.stage] for x in plots],
        "plot_target": [0 if x is None else target_code(x.target) for x in plots],
        "plot_base": [0 if x is None else BASES.index(x.base) for x in plots],
        "plot_cohort": [0 if x is None else x.cohort.index if x.cohort else -1 for x in plots],
        "plot_region": [0 if x is None else x.region.index if x.region else -1 for x in plots],
        "plot_people": [0 if x is None else x.size for x in plots],
        "plot_skill": [0.0 if x is None else x.skill for x in plots],
        "week_home_attacks": [state.week_home_attacks for state in model.states],
        "week_foreign_attacks": model.outside.week_foreign_attacks,
        "week_russian_attacks": model.outside.week_russian_attacks,
    }
