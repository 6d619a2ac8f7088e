"""What the runner needs of a model, as plain functions; tests hand in a small made-up one.

A backend is named by a function that makes it, because functions reach another process by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spillover.batch.fingerprint import Fingerprint, fingerprint


@dataclass(frozen=True)
class Backend:
    """The functions of a model: its parameters, its simulation and the outcomes it reports."""

    tree: Any
    """Parameter tree without changes."""
    compile: Callable[[Any, int], Any]
    """(tree, n_weeks) -> parameters of a run; refuses what does not fit together."""
    simulate: Callable[..., Any]
    """As `spillover.observe.simulate`."""
    outcomes: Mapping[str, Any]
    """Name -> outcome by country."""
    place_outcomes: Mapping[str, Any]
    """Name -> outcome by place."""
    version: Fingerprint
    """Of everything that can change a number."""
    simulate_strand: Callable[..., Iterator[Any]] | None = None
    """As `spillover.observe.simulate_strand`; None simulates every cell from the first week."""


MakeBackend = Callable[[], Backend]


def model_backend() -> Backend:
    """The simulation model of this package."""
    from spillover import observe
    from spillover.consistency import require_consistent, turning_weeks
    from spillover.evidence.tree import load_tree
    from spillover.world import load_world

    def compiled(tree: Any, n_weeks: int) -> Any:
        parameters = tree.compile(n_weeks, load_world())
        for week in turning_weeks(tree.changes, n_weeks):
            require_consistent(parameters.at(week))
        return parameters

    tree = load_tree()
    return Backend(
        tree=tree,
        compile=compiled,
        simulate=observe.simulate,
        simulate_strand=observe.simulate_strand,
        outcomes=observe.OUTCOMES,
        place_outcomes=observe.PLACE_OUTCOMES,
        version=fingerprint(tree.digest()),
    )
