"""Writes ``data/drivers.csv``: run ``python -m spillover.world.build_drivers`` after a change.

With ``--check`` nothing is written; the exit status says whether the file is current.
"""

from __future__ import annotations

import csv
import io
import sys

from spillover.clock import week_start
from spillover.evidence.reading import DATA
from spillover.world.drivers import N_WEEKS, build_series

COLUMNS = ("week", "week_start", "series", "value", "rule", "basis", "sources")
DRIVERS_FILE = DATA / "drivers.csv"


def drivers_text() -> str:
    """Content that ``data/drivers.csv`` must have: one row per series and week."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for series in build_series().values():
        for week in range(N_WEEKS):
            writer.writerow(
                (
                    week,
                    week_start(week).isoformat(),
                    series.name,
                    format(series.values[week], ".8g"),
                    series.rules[week],
                    series.bases[week],
                    ";".join(series.sources[week]),
                )
            )
    return text.getvalue()


def main(arguments: list[str]) -> int:
    """Write the file, or with ``--check`` compare it; 0 if it is current afterwards."""
    text = drivers_text()
    if "--check" not in arguments:
        DRIVERS_FILE.write_text(text, encoding="utf-8", newline="")
        print(f"{DRIVERS_FILE.name}: {text.count(chr(10)) - 1} rows")
        return 0
    is_current = DRIVERS_FILE.read_text(encoding="utf-8") == text
    print("drivers.csv is current" if is_current else "drivers.csv is out of date: build it again")
    return 0 if is_current else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
