"""`spillover figures`: draw the figures of a results folder again."""

from __future__ import annotations

from pathlib import Path

from spillover.batch.manifest import require_manifest
from spillover.commands.progress import busy
from spillover.errors import UserError


def redraw(results: Path, kind: str = "png") -> int:
    """Draw all figures from the stored tables, as png, svg or pdf, and print their files.

    Raises:
        UserError: the folder holds no results, or the format is unknown.
    """
    require_manifest(results)
    from spillover.figures.style import FORMATS

    if kind not in FORMATS:
        raise UserError(
            f"Figures are not written as '{kind}'.",
            where="--format",
            got=kind,
            allowed=", ".join(FORMATS),
            next="svg and pdf are made of lines and text, for print.",
        )
    with busy("drawing figures"):
        from spillover.figures import draw_all

        files = draw_all(results, kind=kind)
    for file in files:
        print(file)
    return 0
