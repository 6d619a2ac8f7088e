"""Which uncertain inputs matter: a Morris screen and the PAWN index, both through SALib.

Both take points [point, input] and the outcome of each point [point]. Inputs may be given in any
unit: only their order counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pandas as pd

from spillover.analysis.summary import CONFIDENCE
from spillover.errors import UserError

LEVELS = 4
"""Levels per input of a Morris design (Morris 1991; p = 4 as in Campolongo and others 2007)."""
SLICES = 8
"""Slices of an input in the PAWN index, fewer where points are few."""
LEAST_PER_SLICE = 10
"""Points in a slice, so that its distribution function is more than noise."""
LEAST_DUMMIES = 20
"""Inputs without any effect, drawn beside the real ones, that show the noise of the index. There
are at least as many as real inputs: the largest of fewer would let some pass by chance."""
SEED = 20210815


def require_explore(where: str, packages: Sequence[str] = ("SALib", "ema_workbench")) -> None:
    """Refuse an analysis whose optional packages are not installed.

    Raises:
        UserError: one of the packages is missing.
    """
    for package in packages:
        if find_spec(package) is None:
            raise UserError(
                f"The package `{package}` is not installed, which this needs.",
                where=where,
                got=f"no {package}",
                allowed="compare, report, figures and uncertainty=priors, which need nothing more",
                next="Install it with `pip install 'spillover[explore]'`.",
            )


def group_of(path: str) -> str:
    """Parameters whose paths begin alike are of one process and move together in a screen."""
    return path.partition(".")[0]


def trajectories(paths: Sequence[str], number: int, seed: int) -> np.ndarray:
    """Points [point, path] of a Morris screen in the unit cube, trajectory after trajectory.

    From one point of a trajectory to the next all paths of one group move by half of the cube, each
    up or down at random. The levels are the middles of four equal slices, so that no point lies at
    the end of a prior, where many would be out of reach.

    Args:
        paths: inputs; those of one `group_of` move together.
        number: of trajectories, each with one point more than there are groups.
        seed: of the trajectories.

    Raises:
        UserError: SALib is not installed.
    """
    require_explore("uncertainty=morris", ("SALib",))
    if not paths:
        return np.empty((number, 0))
    from SALib.sample import morris as salib

    problem = {**_problem(paths), "groups": [group_of(path) for path in paths]}
    levels = salib.sample(problem, number, num_levels=LEVELS, seed=seed)
    return np.asarray(((LEVELS - 1) * levels + 0.5) / LEVELS)


def _problem(names: Sequence[str]) -> dict[str, object]:
    """Inputs in the unit cube, as SALib describes them."""
    return {"num_vars": len(names), "names": list(names), "bounds": [[0.0, 1.0]] * len(names)}


def morris(
    names: Sequence[str], groups: Sequence[str], points: np.ndarray, values: np.ndarray
) -> pd.DataFrame:
    """Mean absolute elementary effect of each group of inputs (Campolongo and others 2007).

    Args:
        names: inputs, as many as columns of ``points``.
        groups: the group of each input; the inputs of a group move together.
        points: [trajectory x (groups + 1), input], trajectories one after the other.
        values: outcome of each point.

    Returns:
        Columns input (the group), index (mu*, in the unit of the outcome: what the outcome changes
        by when the group makes one step of `trajectories`), low, high (95%), noise (0), n.
    """
    from SALib.analyze import morris as salib

    distinct = list(dict.fromkeys(groups))
    found = salib.analyze(
        {**_problem(names), "groups": list(groups)},
        ordered_unit(points),
        values,
        num_levels=LEVELS,
        conf_level=CONFIDENCE,
        seed=SEED,
    )
    index = np.asarray(found["mu_star"], dtype=float)
    half = np.asarray(found["mu_star_conf"], dtype=float)
    order = [str(name) for name in found["names"]]
    table = pd.DataFrame(
        {"input": order, "index": index, "low": index - half, "high": index + half}
    )
    # SALib divides an effect by the step, of which its unit has two thirds
    table[["index", "low", "high"]] *= step()
    table = table.assign(low=table["low"].clip(lower=0.0), noise=0.0, n=len(points))
    return table.set_index("input").loc[distinct].reset_index()


def step() -> float:
    """How far a Morris step moves an input, as a share of its range."""
    return LEVELS / (2.0 * (LEVELS - 1))


def pawn(names: Sequence[str], points: np.ndarray, values: np.ndarray) -> pd.DataFrame:
    """PAWN index: how far fixing an input moves the distribution of the outcome.

    The index of an input is the median over its slices of the Kolmogorov-Smirnov distance between
    the outcome in the slice and over all points (Pianosi and Wagener 2018). Inputs that do nothing
    have an index above 0 as well; ``noise`` is the largest of as many dummies as inputs, and an
    input below it cannot be told from one without effect.

    Args:
        names: inputs, as many as columns of ``points``.
        points: [point, input], drawn at random.
        values: outcome of each point.

    Returns:
        Columns input, index (0 to 1), low and high (smallest and largest distance over the
        slices), noise, n.

    Raises:
        UserError: there are fewer points than two slices need.
    """
    from SALib.analyze import pawn as salib

    n = len(values)
    slices = min(SLICES, n // LEAST_PER_SLICE)
    if slices < 2:
        raise UserError(
            "There are too few draws of the parameters for a PAWN index.",
            where="the draws of the folder",
            got=f"{n} draws",
            allowed=f"{2 * LEAST_PER_SLICE} or more; some 200 for a clear order",
            next="Repeat the sweep with uncertainty.draws=200; finished draws stay.",
        )
    n_dummies = max(LEAST_DUMMIES, len(names))
    dummies = np.random.default_rng(SEED).random((n, n_dummies))
    everything = np.hstack([ordered_unit(points), dummies])
    labels = [*names, *(f"dummy {i}" for i in range(n_dummies))]
    found = salib.analyze(_problem(labels), everything, values, S=slices, seed=SEED)
    median = np.asarray(found["median"], dtype=float)
    n_inputs = len(names)
    return pd.DataFrame(
        {
            "input": list(names),
            "index": median[:n_inputs],
            "low": np.asarray(found["minimum"], dtype=float)[:n_inputs],
            "high": np.asarray(found["maximum"], dtype=float)[:n_inputs],
            "noise": float(median[n_inputs:].max()),
            "n": n,
        }
    )


def ordered_unit(points: np.ndarray) -> np.ndarray:
    """Columns [point, input] scaled to 0 to 1; a constant column stays at 0."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - low) / np.where(high > low, high - low, 1.0)
