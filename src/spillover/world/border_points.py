"""Border points (posts, bridges, railways, ferries, passes) and their dated states."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from spillover.clock import START
from spillover.errors import UserError
from spillover.evidence.reading import DATA, read_csv

STATUSES = ("open", "restricted", "closed")


@dataclass(frozen=True)
class BorderPoint:
    """One place where a border can be passed."""

    id: str
    name: str
    place_a: int  # index on the axis [p]
    place_b: int
    mode: str  # road, rail, bridge, ferry
    longitude: float
    latitude: float
    from_weeks: tuple[int, ...]  # first week of each state, the first one is 0
    states: tuple[str, ...]  # members of STATUSES, one per entry of from_weeks

    def status(self, week: int) -> str:
        """State in a week: open, restricted (some days or goods only) or closed."""
        return self.states[bisect_right(self.from_weeks, week) - 1]


def load_border_points(place_ids: Sequence[str]) -> tuple[BorderPoint, ...]:
    """Rows of ``data/crossings.csv`` with the dated states of ``data/crossing_status.csv``.

    A state that changes inside a week holds from the next week start on.

    Raises:
        UserError: a crossing has no state for week 0, or a state is unknown.
    """
    dated: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in read_csv(DATA / "crossing_status.csv", ("crossing_id", "from_date", "status")):
        if row["status"] not in STATUSES:
            raise UserError(
                f"The crossing {row['crossing_id']} has an unknown state.",
                where=f"data/crossing_status.csv, {row['crossing_id']}, {row['from_date']}",
                got=row["status"],
                allowed=", ".join(STATUSES),
                next="Use one of the three states.",
            )
        dated[row["crossing_id"]].append((week_from(row["from_date"]), row["status"]))
    return tuple(_point(row, place_ids, sorted(dated[row["id"]])) for row in _rows())


def week_from(day: str) -> int:
    """First model week that starts on or after an ISO date (never below 0)."""
    return max(0, -((START - date.fromisoformat(day)).days // 7))


def _rows() -> list[dict[str, str]]:
    return read_csv(DATA / "crossings.csv", ("id", "place_a", "place_b"))


def _point(
    row: dict[str, str], place_ids: Sequence[str], dated: list[tuple[int, str]]
) -> BorderPoint:
    if not dated or dated[0][0] != 0:
        raise UserError(
            f"The crossing {row['id']} has no state at the start of the model.",
            where="data/crossing_status.csv",
            got=dated,
            allowed=f"a first state dated {START} or earlier",
            next=f"Add a row for {row['id']} from {START}.",
        )
    return BorderPoint(
        id=row["id"],
        name=row["name"],
        place_a=place_ids.index(row["place_a"]),
        place_b=place_ids.index(row["place_b"]),
        mode=row["mode"],
        longitude=float(row["lon"]),
        latitude=float(row["lat"]),
        from_weeks=tuple(week for week, _ in dated),
        states=tuple(status for _, status in dated),
    )
