"""From a configuration to a plan: the cells of the design and what identifies each of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from spillover import clock
from spillover.analysis.importance import trajectories
from spillover.batch.backend import Backend
from spillover.batch.compose import Composed, expand_names, load_layer
from spillover.batch.fingerprint import Fingerprint, short_hash
from spillover.batch.layers import layer_changes, user_changes
from spillover.batch.schema import DATED_LAYERS, DOCUMENTED, LAYERS, Config, parse_date
from spillover.errors import UserError
from spillover.evidence.changes import Change
from spillover.evidence.priors import draw, draw_unit

REFERENCE = ("status_quo", "status_quo")
"""Scenario and policy against which effects are measured."""


@dataclass(frozen=True)
class Cell:
    """One point of the design: which changes are made to the parameters of the model.

    ``id`` is the hash of everything that decides its numbers; ``pending`` lists, by file, the
    lines that no process carries out yet.
    """

    id: str
    structure: str
    scenario: str
    stressor: str
    policy: str
    draw: int
    changes: tuple[Change, ...]
    pending: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def labels(self) -> dict[str, Any]:
        """Columns by which every table tells the cells apart."""
        return {
            "cell_id": self.id,
            "scenario": self.scenario,
            "policy": self.policy,
            "draw": self.draw,
        }


@dataclass(frozen=True)
class Frame:
    """What all cells of one results folder share, so that its rows can be compared.

    ``starts`` are the dates of scenario, stressor and policy; ``branch_week`` is the first week
    of the period `since_branch`; ``overrides`` are the user's parameter values.
    """

    horizon: str
    n_weeks: int
    starts: tuple[date, date, date]
    branch_week: int
    structure: str
    stressor: str
    uncertainty: str
    seed: int
    overrides: tuple[tuple[str, str], ...]

    @property
    def has_branch(self) -> bool:
        """False if no start date lies inside the horizon, as in a plain hindcast."""
        return min(self.starts) < clock.week_start(self.n_weeks)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for the manifest."""
        return {
            "horizon": self.horizon,
            "start": dict(zip(DATED_LAYERS, map(str, self.starts), strict=True)),
            "branch_week": self.branch_week,
            "structure": self.structure,
            "stressor": self.stressor,
            "uncertainty": self.uncertainty,
            "seed": self.seed,
            "set": dict(self.overrides),
        }


@dataclass(frozen=True)
class Plan:
    """Everything that is to be computed, and where it goes."""

    name: str
    question: str
    config: Config
    frame: Frame
    version: Fingerprint
    cells: tuple[Cell, ...]
    results: Path


def make_plan(composed: Composed, backend: Backend, is_sweep: bool) -> Plan:
    """Expand a configuration into cells and check each of them against the model.

    Raises:
        UserError: unknown names or parameters, values out of bounds, dates outside the horizon
            or inside a week, or a hindcast with changes that start after it.
    """
    config = composed.config
    scenarios, policies = _names(composed, is_sweep)
    contents = {
        (layer, name): load_layer(layer, name, composed.config_dir)
        for layer, names in zip(
            LAYERS, ([config.structure], scenarios, [config.stressor], policies), strict=True
        )
        for name in names
    }
    keys = {layer: _start_key(layer, composed) for layer in DATED_LAYERS}
    starts = _start_dates(config, keys)
    frame = _frame(config, starts, keys, contents)
    users = user_changes(config.set, backend.tree)
    version = backend.version
    draws = _draws(config, backend.tree)
    cells = tuple(
        _cell(frame, scenario, policy, index, drawn, contents, users, backend, version)
        for scenario in scenarios
        for policy in policies
        for index, drawn in draws.items()
    )
    name = _run_name(composed, frame, is_sweep)
    results = Path(config.results) if config.results else Path("results") / name
    return Plan(name, config.question or "", config, frame, version, cells, results)


def _names(composed: Composed, is_sweep: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Scenarios and policies; what the command line names goes before the design's lists."""
    result = []
    lists = (composed.config.design.scenarios, composed.config.design.policies)
    for layer, designed in zip(("scenario", "policy"), lists, strict=True):
        asked = composed.asked.get(layer)
        if not is_sweep and asked and len(asked) > 1:
            raise UserError(
                f"`run` simulates one {layer}; {len(asked)} were given.",
                where=layer,
                got=", ".join(asked),
                next="Use `spillover sweep` with the same overrides.",
            )
        names = asked or (tuple(designed) if is_sweep and designed else (composed.choices[layer],))
        result.append(expand_names(layer, names, composed.config_dir))
    for layer in ("structure", "stressor"):
        if len(composed.asked.get(layer, ("",))) > 1:
            raise UserError(
                f"One {layer} at a time, because a results folder has one.",
                where=layer,
                got=", ".join(composed.asked[layer]),
                allowed=f"one {layer}, or a+b to combine two",
                next="Run the command once per value; the worlds are the same in each folder.",
            )
    return result[0], result[1]


def _start_key(layer: str, composed: Composed) -> str:
    """The key under which the start date of a layer was given, for messages."""
    start = composed.config.start
    typed = {text.partition("=")[0] for text in composed.overrides}
    is_given = "start.date" in typed or start.date != Config().start.date
    own = f"start.{layer}"
    is_inherited = getattr(start, layer) == start.date and own not in typed
    return "start.date" if is_given and is_inherited else own


def _start_dates(config: Config, keys: Mapping[str, str]) -> tuple[date, date, date]:
    texts = (config.start.scenario, config.start.stressor, config.start.policy)
    first, second, third = (
        parse_date(text, keys[layer]) for layer, text in zip(DATED_LAYERS, texts, strict=True)
    )
    parse_date(config.start.date, "start.date")
    return first, second, third


def _frame(
    config: Config,
    starts: tuple[date, date, date],
    keys: Mapping[str, str],
    contents: Mapping[tuple[str, str], list[dict[str, Any]]],
) -> Frame:
    n_weeks = clock.horizon_weeks(config.horizon)
    days = dict(zip(DATED_LAYERS, starts, strict=True))
    # first the horizon, then the day of the week: the nearest Sunday would be refused as well
    for (layer, name), files in contents.items():
        if layer in days and any(file.get("changes") for file in files):
            _require_inside(f"The {layer} '{name}'", keys[layer], days[layer], config.horizon)
    if config.horizon == "projection":
        for layer, day in days.items():
            subject = "The branch" if keys[layer] == "start.date" else f"The {layer}"
            _require_inside(subject, keys[layer], day, config.horizon)
    # a hindcast without changes has no branch: its whole course is reported
    branch = min(clock.week_index(day, where=keys[layer]) for layer, day in days.items())
    return Frame(
        horizon=config.horizon,
        n_weeks=n_weeks,
        starts=starts,
        branch_week=branch if branch < n_weeks else 0,
        structure=config.structure,
        stressor=config.stressor,
        uncertainty=config.uncertainty.name,
        seed=config.seed,
        overrides=tuple(sorted((key, str(value)) for key, value in config.set.items())),
    )


def _require_inside(subject: str, key: str, day: date, horizon: str) -> None:
    n_weeks = clock.horizon_weeks(horizon)
    last = clock.week_start(n_weeks - 1)
    if day >= clock.week_start(n_weeks):
        raise UserError(
            f"{subject} starts after the {horizon} has ended.",
            where=key,
            got=day,
            allowed=f"{clock.START} to {last}, a Sunday",
            next=f"For example {key}={clock.week_start(n_weeks // 2)}.",
        )


def _draws(config: Config, tree: Any) -> dict[int, tuple[Change, ...]]:
    """Changes of the parameters by draw; 0 is the documented values, others count from 1."""
    number, seed = config.uncertainty.draws, config.seed
    if config.uncertainty.name == "none":
        return {0: ()}
    if config.uncertainty.name == "priors":
        return {index: draw(tree, seed, index) for index in range(1, number + 1)}
    paths = list(tree.uncertain())
    points = trajectories(paths, number, seed).tolist()
    named = (dict(zip(paths, point, strict=True)) for point in points)
    return {index: draw_unit(tree, point) for index, point in enumerate(named, 1)}


def _cell(
    frame: Frame,
    scenario: str,
    policy: str,
    index: int,
    drawn: tuple[Change, ...],
    contents: Mapping[tuple[str, str], list[dict[str, Any]]],
    users: tuple[Change, ...],
    backend: Backend,
    version: Fingerprint,
) -> Cell:
    names = (frame.structure, scenario, frame.stressor, policy)
    weeks = (
        0,
        *(clock.week_index(day) for day in frame.starts),
    )  # a structure holds from the start
    changes = drawn
    pending: list[tuple[str, tuple[str, ...]]] = []
    for layer, name, week in zip(LAYERS, names, weeks, strict=True):
        files = contents[layer, name]
        changes += layer_changes(files, layer, week)
        lines = [pending_text(line) for file in files for line in file.get("pending") or ()]
        pending.append((f"{layer}/{name}", tuple(lines)))
    changes += users
    # refuses unknown paths, values out of bounds, and values that do not fit together
    backend.compile(backend.tree.with_changes(changes), frame.n_weeks)
    cell = Cell("", *names, index, changes, tuple(pending))
    return replace(cell, id=cell_id(cell, frame, version))


def pending_text(line: Any) -> str:
    """A scenario line that waits for a process, in one sentence."""
    if not isinstance(line, Mapping):
        return str(line)
    needs = f" (needs {line['needs']})" if line.get("needs") else ""
    return f"{line.get('line', '')}{needs}"


def cell_id(cell: Cell, frame: Frame, version: Fingerprint) -> str:
    """First 12 hex digits of a hash over all that decides the numbers of a cell."""
    content = {
        "model": version.as_dict(),
        "names": [cell.structure, cell.scenario, cell.stressor, cell.policy, cell.draw],
        "changes": [change.semantic() for change in cell.changes],
        "weeks": [frame.n_weeks, frame.branch_week],
        "seed": frame.seed,
    }
    return short_hash(json.dumps(content, sort_keys=True).encode())


def _run_name(composed: Composed, frame: Frame, is_sweep: bool) -> str:
    """Folder name: that of the experiment, or one made of the choices.

    A run that differs from the defaults in seed, dates, overrides and the like gets a short
    hash, so that two questions never meet in one folder unasked.
    """
    if composed.config.name:
        return composed.config.name
    experiment = composed.choices.get("experiment")
    if experiment and experiment != "None":
        return experiment
    choice = f"{composed.choices['scenario']}-{composed.choices['policy']}"
    name = "sweep" if is_sweep else choice
    default = Config()
    own = {**frame.as_dict(), "draws": composed.config.uncertainty.draws}
    is_default = (
        not frame.overrides
        and frame.seed == default.seed
        and frame.horizon == default.horizon
        and frame.structure == DOCUMENTED
        and frame.stressor == default.stressor
        and frame.uncertainty == "none"
        and set(frame.starts) == {clock.BRANCH_DATE}
    )
    suffix = short_hash(json.dumps(own, sort_keys=True).encode())[:6]
    return name if is_default else f"{name}-{suffix}"
