"""`spillover report`: one HTML file of what a comparison found."""

from __future__ import annotations

from pathlib import Path

from spillover.batch.durable import write_atomic
from spillover.batch.manifest import require_manifest
from spillover.commands.progress import busy


def report(results: Path) -> int:
    """Write ``report.html`` of a results folder and print where it is.

    Raises:
        UserError: the folder holds no results, or no comparison.
    """
    path = write_report(results)
    print(f"{path} ({path.stat().st_size / 1e3:,.0f} kB)")
    return 0


def write_report(results: Path) -> Path:
    """Write the report; returns its file."""
    require_manifest(results)
    with busy("writing the report"):
        from spillover.report.build import build_report

        path = results / "report.html"
        write_atomic(path, build_report(results))
    return path
