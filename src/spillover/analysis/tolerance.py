"""How large a difference must be to matter: the indifference zone of each outcome.

A tolerance is a judgement of the user and is written with its unit, ``0.2 attacks``, or as a share
of the mean under the baseline, ``5 %``, or as the larger of both, ``0.2 attacks or 5 %``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spillover.errors import UserError, nearest

_NUMBER = re.compile(r"\s*([0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?)\s*(.*?)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Tolerance:
    """The larger of an amount in the unit of the outcome and a share of the baseline's mean."""

    amount: float = 0.0
    share: float = 0.0

    def around(self, baseline_mean: float) -> float:
        """Half-width of the indifference zone, in the unit of the outcome."""
        return max(self.amount, self.share * abs(baseline_mean))


def read_tolerance(text: str, outcome: str, unit: str) -> Tolerance:
    """A tolerance from its text.

    Args:
        text: ``NUMBER UNIT``, ``NUMBER %`` or both, joined by ``or``.
        outcome: name of the outcome, for messages.
        unit: unit of the outcome.

    Raises:
        UserError: the text cannot be read, is not above zero, or has another unit.
    """
    amount = share = 0.0
    for part in str(text).split(" or "):
        match = _NUMBER.fullmatch(part)
        if match is None or not 0.0 < float(match.group(1)) < math.inf:
            raise _refused("This tolerance cannot be read.", text, outcome, unit)
        number, given = float(match.group(1)), match.group(2)
        if given == "%":
            share = number / 100.0
        elif given == unit:
            amount = number
        else:
            raise _refused("A tolerance has the unit of its outcome.", text, outcome, unit)
    return Tolerance(amount, share)


def read_tolerances(
    texts: Mapping[str, str],
    outcomes: tuple[str, ...],
    registry: Mapping[str, Mapping[str, Any]],
    typed: tuple[str, ...] = (),
) -> dict[str, Tolerance]:
    """Tolerance of each outcome that is compared.

    Args:
        texts: outcome -> its tolerance as text.
        outcomes: the outcomes that are compared.
        registry: outcome -> mapping with ``unit``.
        typed: names whose tolerance the user has typed, which must exist as well.

    Raises:
        UserError: an outcome is unknown or has no tolerance, or a text is refused.
    """
    for name in (*outcomes, *typed):
        if name not in registry:
            raise UserError(
                f"There is no outcome '{name}'.",
                where="compare.outcomes" if name in outcomes else "compare.tolerance",
                got=name,
                allowed=nearest(name, list(registry)),
                next="docs/outcomes.md lists the outcomes.",
            )
    for name in outcomes:
        if name not in texts:
            raise _refused(
                "A compared outcome needs a tolerance.", "nothing", name, registry[name]["unit"]
            )
    return {name: read_tolerance(texts[name], name, registry[name]["unit"]) for name in outcomes}


def _refused(message: str, text: str, outcome: str, unit: str) -> UserError:
    return UserError(
        message,
        where=f"compare.tolerance.{outcome}",
        got=text,
        allowed=f"a number above 0 with the unit '{unit}', a percentage, or both joined by 'or'",
        next=f"For example 'compare.tolerance.{outcome}=5 %'.",
    )
