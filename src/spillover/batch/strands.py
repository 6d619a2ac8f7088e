"""In which order, and in which pieces, the missing chunks are handed to workers.

Chunks of one block whose cells make the same changes up to some week share that past. They are
put next to one another and handed out as one strand, which simulates the past once.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

from spillover.batch.chunk import ChunkSpec, Strand
from spillover.batch.design import Cell

MOST_CELLS = 16
"""Chunks of a strand at most: a past that is computed again every 16th cell costs little, and a
worker holds the compiled parameters of so many cells only."""
MOST_REPLICATES = 200
"""A larger block is not forked: its kept worlds, about one megabyte per replicate, would need more
memory than the tables of the chunk."""
_Course = tuple[tuple[float, str], ...]
_LAST = (math.inf, "")


def plan_strands(specs: Sequence[ChunkSpec], workers: int, is_forked: bool) -> tuple[Strand, ...]:
    """Strands of all chunks, block by block.

    Whole families of cells are handed out together where there are at least two per worker. Else
    they are cut into the number of pieces that lets all workers finish first: every piece computes
    the shared past again, and without it a worker would be idle.
    """
    cells = {spec.cell.id: spec.cell for spec in specs}
    courses = {cell_id: course(cell) for cell_id, cell in cells.items()}
    families = _families(specs, courses, is_forked)
    largest = max(map(len, families), default=1)
    fewest = math.ceil(largest / MOST_CELLS)
    most = fewest if len(families) >= 2 * workers else largest
    choices = [
        tuple(piece for family in families for piece in _pieces(family, n_pieces))
        for n_pieces in range(fewest, most + 1)
    ]
    if len(choices) == 1:
        return choices[0]
    return min(choices, key=lambda strands: _finish(strands, courses, workers))


def course(cell: Cell) -> _Course:
    """Changes of a cell by week, and an end that is later than all of them.

    In the order of courses, a cell lies next to those with which it shares most weeks.
    """
    return (*sorted((change.start_week, change.semantic()) for change in cell.changes), _LAST)


def common_weeks(one: _Course, other: _Course) -> float:
    """Weeks before the first change that only one of two courses has.

    This decides which cells are put together. How much is simulated once is decided by the worker,
    which compares the compiled parameters.
    """
    pairs = zip(one, other, strict=False)
    return next((min(mine, theirs)[0] for mine, theirs in pairs if mine != theirs), math.inf)


def _families(
    specs: Sequence[ChunkSpec], courses: Mapping[str, _Course], is_forked: bool
) -> list[tuple[ChunkSpec, ...]]:
    """Chunks of one block of which neighbours share a week at least, the longest pasts adjacent."""
    families: list[list[ChunkSpec]] = []
    before: ChunkSpec | None = None
    for spec in sorted(specs, key=lambda spec: (spec.block, courses[spec.cell.id])):
        is_kin = (
            is_forked
            and before is not None
            and before.block == spec.block
            and len(spec.block) <= MOST_REPLICATES
            and common_weeks(courses[before.cell.id], courses[spec.cell.id]) > 0
        )
        if is_kin:
            families[-1].append(spec)
        else:
            families.append([spec])
        before = spec
    return [tuple(family) for family in families]


def _pieces(family: tuple[ChunkSpec, ...], n_pieces: int) -> list[Strand]:
    size = math.ceil(len(family) / n_pieces)
    return [Strand(family[start : start + size]) for start in range(0, len(family), size)]


def _finish(strands: Sequence[Strand], courses: Mapping[str, _Course], workers: int) -> float:
    """When the last worker is done if each takes the next strand, in replicate-weeks."""
    busy_until = [0.0] * workers
    for strand in strands:
        heapq.heapreplace(busy_until, busy_until[0] + _cost(strand, courses))
    return max(busy_until)


def _cost(strand: Strand, courses: Mapping[str, _Course]) -> float:
    """Replicate-weeks that a strand simulates."""
    n_weeks = strand.specs[0].frame.n_weeks
    own = [courses[spec.cell.id] for spec in strand.specs]
    shared = sum(min(common_weeks(one, other), n_weeks) for one, other in pairwise(own))
    return (n_weeks * len(own) - shared) * len(strand.specs[0].block)
