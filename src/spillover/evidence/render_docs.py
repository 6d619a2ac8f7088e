"""Write the generated tables of docs/, or check that they are current.

python -m spillover.evidence.render_docs           write
python -m spillover.evidence.render_docs --check   exit 1 and name the stale ones

`python -m spillover.commands.docs` does the same and adds the tables that need the model.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from spillover.errors import UserError
from spillover.evidence.reading import PACKAGE
from spillover.evidence.scenario_tables import PAGE, fill
from spillover.evidence.tables import assumptions_table, evidence_table, parameters_table
from spillover.evidence.tree import ParameterTree, load_tree
from spillover.evidence.usage import ConfigFile, config_folder, read_configs


def render(tree: ParameterTree, configs: Sequence[ConfigFile]) -> dict[str, str]:
    """Text of each generated file by name."""
    return {
        "parameters.md": parameters_table(tree, configs),
        "evidence.md": evidence_table(tree, configs),
        "assumptions.md": assumptions_table(tree),
    }


def stale(folder: Path, texts: dict[str, str]) -> list[str]:
    """Names of the files of a folder that are missing or differ from their text."""
    return [
        name
        for name, text in texts.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def filled_pages(
    folder: Path, tree: ParameterTree, configs: Sequence[ConfigFile]
) -> dict[str, str]:
    """Text of each page of a folder that mixes prose and generated blocks, by name.

    Raises:
        UserError: the page and the config files do not fit together.
    """
    page = folder / PAGE
    return {PAGE: fill(page.read_text(encoding="utf-8"), tree, configs)} if page.is_file() else {}


def main(arguments: Sequence[str] | None = None, more: Mapping[str, str] | None = None) -> int:
    """Run from the command line; returns the exit code.

    Args:
        arguments: without the name of the program; None takes those of the process.
        more: text of further generated files by name.
    """
    parser = argparse.ArgumentParser(description="Write or check the generated tables of docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    parser.add_argument("--docs", type=Path, default=PACKAGE.parents[1] / "docs")
    options = parser.parse_args(arguments)
    try:
        tree, configs = load_tree(), read_configs(config_folder())
        texts = {
            **render(tree, configs),
            **filled_pages(options.docs, tree, configs),
            **(more or {}),
        }
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    outdated = stale(options.docs, texts)
    if options.check:
        for name in outdated:
            print(f"{options.docs / name} is stale; run python -m spillover.commands.docs")
        return 1 if outdated else 0
    options.docs.mkdir(parents=True, exist_ok=True)
    for name in outdated:
        (options.docs / name).write_text(texts[name], encoding="utf-8")
    print(f"written: {', '.join(outdated) or 'nothing, all tables were current'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
