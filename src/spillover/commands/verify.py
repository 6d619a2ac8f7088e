"""`spillover verify`: read every file of a results folder and say what is wrong with it."""

from __future__ import annotations

import shlex
from pathlib import Path

from spillover.batch.lock import holder_of
from spillover.batch.manifest import require_manifest
from spillover.batch.store import stored_blocks
from spillover.batch.verify import findings
from spillover.commands.present import console

_ALL_AGAIN = "what mends it: the commands of this folder again, in this order"


def verify(results: Path) -> int:
    """Print what is damaged, missing, stray or left over, and the command that mends it.

    Returns:
        0 if everything is as it was written, else 1.

    Raises:
        UserError: the folder holds no results, or its manifest is damaged.
    """
    manifest = require_manifest(results)
    found = findings(results)
    out = console()
    if holder := holder_of(results):
        out.print(
            f"being written by {holder}; what it has not finished looks missing", markup=False
        )
    for finding in found:
        out.print(f"{finding.kind}: {finding.what}: {finding.why}", markup=False)
    n_chunks = len(stored_blocks(results))
    if not found:
        out.print(f"{n_chunks} chunks and the tables beside them are as they were written")
        return 0
    kinds = [finding.kind for finding in found]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    out.print(f"{n_chunks} chunks read: {counts}", markup=False)
    if set(kinds) - {"stray"}:
        commands = dict.fromkeys(shlex.join(command["argv"]) for command in manifest["commands"])
        out.print("what mends it: the same command again" if len(commands) == 1 else _ALL_AGAIN)
        for command in commands:
            out.print(f"  {command}", markup=False, soft_wrap=True)
    if "stray" in kinds:
        out.print(
            "stray files do no harm; move them away, or repeat the command of their cells "
            "(all commands stand in manifest.json)"
        )
    return 1
