"""Prior distributions of parameters, as quantile functions, and joint draws from them.

A draw takes one uniform number per parameter, so that any design over the unit cube (random,
Latin hypercube, Sobol) maps to parameters through `quantile` alone. A parameter with several
dates uses the same uniform number for each of them: uncertainty about the level, not the path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from spillover.errors import UserError, nearest
from spillover.evidence.changes import Change
from spillover.evidence.reading import check_keys, check_mapping, number
from spillover.streams import Streams, purpose

if TYPE_CHECKING:
    from spillover.evidence.entries import Entry
    from spillover.evidence.tree import ParameterTree

DISTRIBUTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "uniform": ("low", "high"),
        "loguniform": ("low", "high"),
        "normal": ("mean", "sd"),
        "beta": ("a", "b"),
        "fixed": (),
    }
)
"""Known distributions and the names of their two numbers, in the order of `Prior`."""


@dataclass(frozen=True, slots=True)
class Prior:
    """One distribution: ``first`` and ``second`` are its numbers in the order of DISTRIBUTIONS.

    A fixed prior carries the ``reason`` why the number is not sampled.
    """

    distribution: str
    first: float = math.nan
    second: float = math.nan
    reason: str = ""
    low: float = -math.inf
    """Lower bound of the parameter; only a normal distribution is cut off by it."""
    high: float = math.inf
    """Upper bound of the parameter."""

    @property
    def is_fixed(self) -> bool:
        """True when the parameter is not sampled."""
        return self.distribution == "fixed"

    def quantile(self, u: float) -> float:
        """Value below which a share ``u`` (0 to 1) of the distribution lies.

        A normal distribution is truncated to the bounds of its parameter, and to six standard
        deviations so that the corners of a design over the unit cube stay finite.

        Raises:
            ValueError: u lies outside 0 to 1, or the prior is fixed.
        """
        if not 0 <= u <= 1 or self.is_fixed:
            raise ValueError(f"no quantile {u} of a {self.distribution} prior")
        if self.distribution == "uniform":
            return self.first + u * (self.second - self.first)
        if self.distribution == "loguniform":
            return float(self.first * (self.second / self.first) ** u)
        if self.distribution == "beta":
            from scipy.special import betaincinv  # scipy loads slowly and few runs draw

            # Below 1e-15 the inverse loses all digits (and is not a number for tiny u).
            return float(betaincinv(self.first, self.second, u)) if u > 1e-15 else 0.0
        return self._normal_quantile(u)

    def _normal_quantile(self, u: float) -> float:
        from scipy.special import ndtr, ndtri

        low = max((self.low - self.first) / self.second, -6.0)
        high = min((self.high - self.first) / self.second, 6.0)
        deviation = ndtri(ndtr(low) + u * (ndtr(high) - ndtr(low)))
        return self.first + self.second * min(max(float(deviation), low), high)

    def support(self) -> tuple[float, float]:
        """Least and greatest possible value."""
        if self.distribution in ("uniform", "loguniform"):
            return self.first, self.second
        return (0.0, 1.0) if self.distribution == "beta" else (self.low, self.high)

    def words(self) -> str:
        """The prior as a phrase, without unit."""
        first, second = f"{self.first:g}", f"{self.second:g}"
        return {
            "uniform": f"anything from {first} to {second}, equally likely (uniform)",
            "loguniform": f"from {first} to {second}, every factor equally likely (loguniform)",
            "normal": f"around {first} with standard deviation {second} (normal)",
            "beta": f"a share with beta weights {first} for and {second} against (beta)",
            "fixed": f"not sampled: {self.reason}",
        }[self.distribution]


def parse_prior(raw: object, bounds: tuple[float, float], *, where: str) -> Prior:
    """Read one ``prior`` mapping and check it against the bounds of its parameter.

    Raises:
        UserError: unknown distribution, missing or unknown key, numbers that make no
            distribution, or a support that leaves the bounds.
    """
    mapping = check_mapping(raw, where=where)
    kind = str(mapping.get("distribution"))
    if kind not in DISTRIBUTIONS:
        raise UserError(
            f"The distribution '{kind}' is not known.",
            where=where,
            got=kind,
            allowed=", ".join(DISTRIBUTIONS),
            next=nearest(kind, DISTRIBUTIONS),
        )
    names = DISTRIBUTIONS[kind]
    required = ["distribution", *(names or ("reason",))]
    check_keys(mapping, required=required, optional=(), where=where)
    if kind == "fixed":
        return Prior(kind, reason=str(mapping["reason"]))
    first, second = (number(mapping[name], where=f"{where}.{name}") for name in names)
    _check_shape(kind, first, second, where)
    prior = Prior(kind, first, second, low=bounds[0], high=bounds[1])
    low, high = prior.support()
    if low < bounds[0] or high > bounds[1] or (kind == "normal" and not low <= first <= high):
        raise UserError(
            "The prior reaches outside the bounds of the parameter.",
            where=where,
            got=prior.words(),
            allowed=f"within {bounds[0]:g} to {bounds[1]:g}",
            next="Narrow the prior, or widen the bounds if such values are possible.",
        )
    return prior


def _check_shape(kind: str, first: float, second: float, where: str) -> None:
    rules = {
        "uniform": (first < second, "low below high"),
        "loguniform": (0 < first < second, "0 < low < high"),
        "normal": (second > 0, "sd above 0"),
        "beta": (first > 0 and second > 0, "a and b above 0"),
    }
    holds, rule = rules[kind]
    if not holds:
        names = DISTRIBUTIONS[kind]
        raise UserError(
            f"These numbers make no {kind} distribution.",
            where=where,
            got=f"{names[0]} {first:g}, {names[1]} {second:g}",
            allowed=rule,
            next="Correct the two numbers.",
        )


def draw(tree: ParameterTree, root_seed: int, draw_index: int) -> tuple[Change, ...]:
    """Sample every uncertain parameter; the changes form the layer ``draw`` below all others.

    Each number is addressed by (root seed, draw index, path): a parameter that is added or
    removed leaves the draws of all others as they were.
    """
    streams = Streams(root_seed, [draw_index])
    point = {
        path: float(streams.uniform(purpose(f"prior:{path}"), 0, 1)[0, 0])
        for path in tree.uncertain()
    }
    return draw_unit(tree, point)


def draw_unit(tree: ParameterTree, unit_point: Mapping[str, float]) -> tuple[Change, ...]:
    """Changes for one point of the unit cube, given as path -> number in [0, 1].

    Raises:
        UserError: a path is unknown.
        ValueError: a number lies outside [0, 1].
    """
    return tuple(
        change for path, u in unit_point.items() for change in changes_at(tree.entry(path), u)
    )


def changes_at(entry: Entry, u: float) -> tuple[Change, ...]:
    """Changes that put one parameter at the quantile ``u`` of the prior of each of its dates.

    Along an axis the prior is about the reference member (`default`, or else the mean): all
    members are scaled by the same factor. A member at 0 stays at 0 under a loguniform prior, which
    is about a factor; under another prior all are shifted alike when a member is not positive.
    """
    changes = []
    for position, dated in enumerate(entry.values):
        if dated.prior is None or dated.prior.is_fixed:
            continue
        drawn = dated.prior.quantile(u)
        later = entry.values[position + 1 :]
        arguments: dict[str, Any] = {
            "path": entry.path,
            "start_week": dated.start_week,
            "end_week": later[0].start_week if later else None,
            "layer": "draw",
            "origin": "prior",
            "basis": dated.basis,
        }
        if len(set(dated.members)) == 1:
            changes.append(Change(op="set", value=drawn, **arguments))
        elif min(dated.members) > 0 or dated.prior.distribution == "loguniform":
            changes.append(Change(op="scale", value=drawn / dated.reference, **arguments))
        else:
            changes.append(Change(op="add", value=drawn - dated.reference, **arguments))
    return tuple(changes)
