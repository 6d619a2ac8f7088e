"""The keys of a run's configuration with their types and allowed values.

Hydra composes the YAML files of ``configs/``; the result is merged into ``Config``, so that a
wrong key or type is found with its full name.
"""

from __future__ import annotations

import dataclasses
import math
import re
from dataclasses import dataclass, field
from datetime import date
from importlib.util import find_spec
from typing import Any

from spillover import clock
from spillover.errors import UserError, nearest

DATED_LAYERS = ("scenario", "stressor", "policy")
"""Layers whose weeks count from a start date."""
LAYERS = ("structure", *DATED_LAYERS)
"""Layers in the order of application; a structure holds from the first week of the model."""
DOCUMENTED = "documented"
"""The structure without a change: the model as its documentation says."""
EXECUTORS = ("serial", "local", "dask")
"""In this process, in worker processes of this machine, or on the workers of Dask."""


@dataclass
class StartConfig:
    """Dates (week starts) from which the weeks of each layer's changes are counted."""

    date: str = clock.BRANCH_DATE.isoformat()
    scenario: str = "${start.date}"
    stressor: str = "${start.date}"
    policy: str = "${start.date}"


@dataclass
class UncertaintyConfig:
    """Where parameter values come from: documented, drawn from the priors, or a Morris screen.

    ``draws`` counts draws of `priors` and trajectories of `morris`.
    """

    name: str = "none"
    draws: int = 1


@dataclass
class DesignConfig:
    """Scenarios and policies that a sweep crosses; null means the chosen one, ``[all]`` all."""

    scenarios: list[str] | None = None
    policies: list[str] | None = None


@dataclass
class PillarWeightsConfig:
    """How much each pillar counts in the index; only ratios matter, and only the index changes."""

    violence: float = 1.0
    extremism: float = 1.0
    drugs_and_crime: float = 1.0
    migration: float = 1.0
    water_and_economy: float = 1.0
    regional_strain: float = 1.0

    def by_pillar(self) -> dict[str, float]:
        """Weights under the names of the pillars."""
        return {key.replace("_", " "): value for key, value in vars(self).items()}


@dataclass
class PrecisionConfig:
    """When a comparison has enough worlds: looked at every ``block`` worlds from ``floor`` on.

    All key contrasts must be known to within their tolerance in ``successive`` looks. Without
    ``adaptive`` every cell gets all its replicates and the precision is only reported.
    """

    adaptive: bool = True
    block: int = 50
    floor: int = 100
    successive: int = 3


@dataclass
class CompareConfig:
    """What `compare` sets side by side; nothing here changes a simulated number.

    ``outcomes`` are the key outcomes; ``tolerance`` maps each to the difference that matters.
    """

    baseline: str = "status_quo"
    outcomes: list[str] = field(default_factory=list)
    tolerance: dict[str, str] = field(default_factory=dict)
    precision: PrecisionConfig = field(default_factory=PrecisionConfig)


@dataclass
class EngineConfig:
    """How the work is done; nothing here changes a number.

    ``executor`` says where chunks run, ``address`` names the scheduler of ``dask``; null starts a
    cluster of this machine. ``block_size`` replicates of a cell make a chunk, ``batch_size`` of
    them advance together. ``fork`` simulates the past that cells share once.
    """

    executor: str = "local"
    address: str | None = None
    workers: int = 2
    batch_size: int = 100
    block_size: int = 100
    fork: bool = True


@dataclass
class Config:
    """One executed configuration."""

    structure: str = DOCUMENTED
    scenario: str = "status_quo"
    stressor: str = "none"
    policy: str = "status_quo"
    horizon: str = "projection"
    start: StartConfig = field(default_factory=StartConfig)
    replicates: int = 100
    seed: int = 20210815
    set: dict[str, Any] = field(default_factory=dict)
    uncertainty: UncertaintyConfig = field(default_factory=UncertaintyConfig)
    design: DesignConfig = field(default_factory=DesignConfig)
    engine: EngineConfig = field(default_factory=EngineConfig)
    pillar_weights: PillarWeightsConfig = field(default_factory=PillarWeightsConfig)
    compare: CompareConfig = field(default_factory=CompareConfig)
    name: str | None = None
    question: str | None = None
    results: str | None = None
    figures: bool = True


def known_keys(schema: type = Config, prefix: str = "") -> list[str]:
    """Every full key of the schema, nested ones with dots."""
    keys = []
    for item in dataclasses.fields(schema):
        key = prefix + item.name
        keys.append(key)
        nested = getattr(item.default_factory, "__name__", "")
        if nested.endswith("Config"):
            keys += known_keys(item.default_factory, key + ".")  # type: ignore[arg-type]
    return keys


def unknown_key(key: str, where: str) -> UserError:
    """The refusal of a key that the configuration does not have."""
    return UserError(
        f"There is no configuration key '{key}'.",
        where=where,
        got=key,
        allowed=nearest(key, known_keys()),
        next="See `spillover run --help` for the keys; a model parameter is changed by "
        "set.<path>=<value>.",
    )


def check(config: Config, where: str) -> None:
    """Refuse values that no run can have; paths, dates and names are checked by the design.

    Raises:
        UserError: names the key, the value and what is allowed.
    """
    _at_least("replicates", config.replicates, 1, where)
    _at_least("seed", config.seed, 0, where)
    _executor(config.engine, where)
    _at_least("engine.workers", config.engine.workers, 1, where)
    _at_least("engine.batch_size", config.engine.batch_size, 1, where)
    _at_least("engine.block_size", config.engine.block_size, 1, where)
    for key, least in (("block", 1), ("floor", 2), ("successive", 1)):
        value = getattr(config.compare.precision, key)
        _at_least(f"compare.precision.{key}", value, least, where)
    _at_least("uncertainty.draws", config.uncertainty.draws, 1, where)
    _weights(config.pillar_weights, where)
    clock.horizon_weeks(config.horizon)
    if config.uncertainty.name not in ("none", "priors", "morris"):
        raise UserError(
            f"There is no kind of uncertainty '{config.uncertainty.name}'.",
            where="uncertainty.name",
            got=config.uncertainty.name,
            allowed="none, priors, morris",
            next="Use uncertainty=priors uncertainty.draws=20 to sample the priors.",
        )
    if config.name is not None and not re.fullmatch(r"[A-Za-z0-9_.+-]+", config.name):
        raise UserError(
            "The name of an experiment becomes a folder name and cannot be used as it is.",
            where="name",
            got=config.name,
            allowed="letters, digits and _ . + -",
            next="For example name=my_run; results=FOLDER takes any folder.",
        )


def _executor(engine: EngineConfig, where: str) -> None:
    if engine.executor not in EXECUTORS:
        raise UserError(
            f"There is no executor '{engine.executor}'.",
            where=f"engine.executor ({where})",
            got=engine.executor,
            allowed=", ".join(EXECUTORS),
            next="Use engine=local for this machine, engine=dask for several machines.",
        )
    if engine.executor != "dask" and engine.address is not None:
        raise UserError(
            "Only Dask has an address.",
            where=f"engine.address ({where})",
            got=f"{engine.address} with engine.executor={engine.executor}",
            next=f"Use engine=dask engine.address={engine.address}.",
        )
    if engine.executor == "dask" and find_spec("distributed") is None:
        raise UserError(
            "The package `distributed` is not installed, with which Dask runs chunks.",
            where=f"engine.executor ({where})",
            got="dask",
            allowed="serial and local, which need nothing more",
            next="Install it with `pip install 'spillover[dask]'`, or use engine=local.",
        )


def _weights(weights: PillarWeightsConfig, where: str) -> None:
    for key, value in vars(weights).items():
        if not 0.0 <= value < math.inf:
            raise UserError(
                "A pillar cannot have this weight.",
                where=f"pillar_weights.{key} ({where})",
                got=value,
                allowed="a number from 0; 0 leaves the pillar out of the index",
                next=f"For example pillar_weights.{key}=2.",
            )
    if not any(vars(weights).values()):
        raise UserError(
            "An index needs at least one pillar with a weight.",
            where=f"pillar_weights ({where})",
            got="0 for every pillar",
            allowed="a number above 0 for one pillar or more",
            next="For example pillar_weights.violence=1.",
        )


def _at_least(key: str, value: int, least: int, where: str) -> None:
    if value < least:
        raise UserError(
            f"'{key}' is too small.",
            where=f"{key} ({where})",
            got=value,
            allowed=f"a whole number from {least}",
            next=f"For example {key}={max(least, 100) if key == 'replicates' else least}.",
        )


def parse_date(text: object, key: str) -> date:
    """A date written as year-month-day.

    Raises:
        UserError: the text is not such a date.
    """
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise UserError(
            f"'{key}' is not a date.",
            where=key,
            got=text,
            allowed="year-month-day, a Sunday",
            next=f"For example {key}={clock.BRANCH_DATE}.",
        ) from None
