"""docs/validation.md: prose with two generated blocks, what is compared and how a hindcast did.

The definitions follow from the code and are kept current like every generated table. The results
need a run; `python -m spillover.validation.page FOLDER` takes them from a validated folder.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from spillover.batch.manifest import require_manifest
from spillover.errors import UserError
from spillover.evidence.reading import PACKAGE
from spillover.validation.history import History
from spillover.validation.patterns import judge
from spillover.validation.table import definitions, markdown, pattern_words, verdict_table

PAGE = PACKAGE.parents[1] / "docs" / "validation.md"
DEFINITIONS, RESULTS = "what is compared", "results"
_WORLDS = pd.DataFrame({"draw": pd.Series(dtype=int), "replicate": pd.Series(dtype=int)})


def with_block(page: str, name: str, lines: Sequence[str]) -> str:
    """The page with the content of one generated block exchanged.

    Raises:
        UserError: the page has no such block.
    """
    pattern = re.compile(
        rf"(<!-- generated: {re.escape(name)} -->\n)(.*?)(<!-- end -->)", re.DOTALL
    )
    if not pattern.search(page):
        raise UserError(
            "The page lacks a generated block.",
            where="docs/validation.md",
            allowed=f"<!-- generated: {name} -->",
            next="Add this line and, below it, the line `<!-- end -->`.",
        )
    text = "\n".join(lines)
    return pattern.sub(lambda m: f"{m[1]}\n{text}\n\n{m[3]}", page)


def with_definitions(page: str) -> str:
    """The page with the current table of what is compared."""
    nothing = History({}, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), _WORLDS)
    return with_block(page, DEFINITIONS, definitions(verdict_table(judge(nothing))))


def results_lines(folder: Path) -> list[str]:
    """Lines about one validated folder: which run, how many patterns, the table.

    Raises:
        UserError: the folder has not been validated.
    """
    manifest = require_manifest(folder)
    file = folder / "validation.csv"
    if not file.is_file():
        raise UserError(
            "This folder has no verdicts yet.",
            where=str(file),
            next=f"Run `spillover validate {folder}` first.",
        )
    table = pd.read_csv(file, keep_default_na=True)
    table["reason"] = table["reason"].fillna("")
    return [
        f"{int(table['n'].max())} worlds, seed {manifest['seed']}, model "
        f"{manifest['fingerprint']['id']}, structure {manifest['frame']['structure']}. "
        f"Patterns: {pattern_words(table)}.",
        "",
        *markdown(table),
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Put the results of a validated folder into docs/validation.md; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if len(words) != 1:
            raise UserError("One folder is needed.", where="validation.page", got=" ".join(words))
        page = with_block(PAGE.read_text(encoding="utf-8"), RESULTS, results_lines(Path(words[0])))
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    PAGE.write_text(page, encoding="utf-8")
    print(f"written: {PAGE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
