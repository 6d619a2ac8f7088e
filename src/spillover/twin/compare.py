"""The twin's state as arrays under the names of docs/odd.md, section 2, and what differs.

Nothing here knows the kernel: the other side comes as a mapping from names to arrays of one
replicate. Slots that hold nothing are blank on the twin's side, so they are left out on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spillover.twin.model import SCHEDULE, TwinModel

CLOSE = 1e-9
"""Relative difference of real numbers that is rounding; whole numbers must be equal."""
TINY = 1e-12
"""Difference of real numbers near zero that is rounding."""
OCCUPIED = {
    "cell": ("cell_place", -1),
    "plot": ("plot_stage", 0),
    "network": ("network_home", -1),
    "consignment": ("consignment_network", -1),
}
"""By first word of a field with slots: the field that tells, and its value in a free slot."""


@dataclass(frozen=True)
class Difference:
    """Where two states differ first: a field, a position in it, and both values."""

    field: str
    index: tuple[int, ...]
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        """One line for a reader."""
        return f"{self.field}{list(self.index)}: twin {self.ours}, kernel {self.theirs}"


def twin_state(model: TwinModel) -> dict[str, NDArray[Any]]:
    """Every field of the twin's processes, for one replicate, by name."""
    fields: dict[str, NDArray[Any]] = {}
    for process in SCHEDULE:
        for name, values in process.fields(model).items():
            if name in fields:
                raise ValueError(f"two processes of the twin give the field '{name}'")
            fields[name] = np.asarray(values)
    return fields


def differences(
    ours: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]]
) -> list[Difference]:
    """The first difference of every field of ours that theirs does not share."""
    found = []
    for name, mine in ours.items():
        other = np.asarray(theirs[name])
        if mine.shape != other.shape:
            found.append(Difference(name, (), mine.shape, other.shape))
            continue
        if np.array_equal(mine, other):
            continue
        is_different = _differing(mine, other) & _counted(name, ours, theirs)
        if is_different.any():
            index = tuple(int(i) for i in np.argwhere(is_different)[0])
            found.append(Difference(name, index, mine[index], other[index]))
    return found


def _differing(mine: NDArray[Any], other: NDArray[Any]) -> NDArray[np.bool_]:
    is_equal = mine == other
    if mine.dtype.kind == "f" or other.dtype.kind == "f":
        with np.errstate(invalid="ignore"):  # what is unknown differs
            is_equal |= np.abs(mine - other) <= TINY + CLOSE * np.abs(other)
    return ~is_equal


def _counted(
    name: str, ours: Mapping[str, NDArray[Any]], theirs: Mapping[str, NDArray[Any]]
) -> NDArray[np.bool_]:
    """Which positions hold something; free slots of both sides are left out."""
    word = name.split("_")[0]
    if word not in OCCUPIED:
        return np.ones(ours[name].shape, dtype=bool)
    key, free = OCCUPIED[word]
    is_used = (ours[key] != free) | (np.asarray(theirs[key]) != free)
    further = ours[name].ndim - is_used.ndim  # axes of what a slot holds
    return is_used.reshape(is_used.shape + (1,) * further)
