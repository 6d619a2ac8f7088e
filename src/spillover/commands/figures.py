"""`spillover figures`: draw the figures of a results folder again."""

from __future__ import annotations

from pathlib import Path

from spillover.batch.manifest import require_manifest
from spillover.commands.progress import busy


def redraw(results: Path) -> int:
    """Draw all figures from the stored tables and print their files.

    Raises:
        UserError: the folder holds no results.
    """
    require_manifest(results)
    with busy("drawing figures"):
        from spillover.figures import draw_all

        files = draw_all(results)
    for file in files:
        print(file)
    return 0
