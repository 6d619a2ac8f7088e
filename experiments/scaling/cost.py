"""What large sweeps cost, from measured figures: the table of docs/scaling.md.

    python experiments/scaling/cost.py [--sweep results/quick]

Reads seconds and bytes per replicate from the manifest of a finished sweep, measures what its
weekly quantiles take, and reads what the machinery costs per chunk from
`results/scaling/empty_chunks.json`. Everything is taken to be proportional,
which the measurements support up to 100,000 chunks. Writes the table into docs/scaling.md, between
the lines that mark it, and prints it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from spillover.batch.quantiles import write_quantiles

PAGE = Path("docs/scaling.md")
BEGIN, END = "<!-- table: experiments/scaling/cost.py -->", "<!-- end of table -->"
SWEEPS = ((10_000, 50, 2), (1_000_000, 50, 64), (1_000_000, 200, 640),
          (100_000_000, 200, 6400), (100_000_000, 1000, 6400))  # fmt: skip
"""Replicates over all cells, replicates of a chunk, cores."""
FILES_OF_A_CHUNK = 4


def duration(seconds: float) -> str:
    """Seconds, minutes, hours or days in words."""
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 86_400:.3g} days"


def size(n_bytes: float) -> str:
    """Bytes in words."""
    for limit, unit in ((1e6, "kB"), (1e9, "MB"), (1e12, "GB")):
        if n_bytes < limit:
            return f"{n_bytes / limit * 1000:.3g} {unit}"
    return f"{n_bytes / 1e12:.3g} TB"


def slopes(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Cost per chunk of looking and remembering, from the largest folders that were measured."""

    def largest(task: str, files: str) -> dict[str, Any]:
        found = [row for row in rows if row["task"] == task and row["files"] == files]
        return max(found, key=lambda row: (row["chunks"], row["executor"]))

    looked, kept = largest("look", "yes"), largest("run", "no")
    smallest = min(row["supervisor_mb_at_last_chunk"] for row in rows if row["task"] == "run")
    return {
        "look": looked["seconds_find_work"] / looked["chunks"],
        "base_bytes": smallest * 2**20,
        "bytes": (kept["supervisor_mb_at_last_chunk"] - smallest) * 2**20 / kept["chunks"],
    }


def quantile_seconds(sweep: Path, replicates: int) -> float:
    """Seconds per replicate to write the weekly quantiles of a sweep again, in a copy of it."""
    with tempfile.TemporaryDirectory() as place:
        copy = Path(shutil.copytree(sweep, Path(place) / "sweep"))
        begin = time.process_time()
        write_quantiles(copy)
        return (time.process_time() - begin) / replicates


def table(per_replicate: dict[str, float], per_chunk: dict[str, float]) -> list[str]:
    """Lines of the table in Markdown."""
    head = ("replicates", "per chunk", "cores", "time", "disk", "chunks", "files",
            "chunks a second", "supervisor", "look", "quantiles")  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|" + "---:|" * len(head)]
    for replicates, block, cores in SWEEPS:
        n_chunks = replicates // block
        elapsed = per_replicate["seconds"] * replicates / cores
        cells = (
            f"{replicates:,}",
            f"{block}",
            f"{cores:,}",
            duration(elapsed),
            size(per_replicate["bytes"] * replicates),
            f"{n_chunks:,}",
            f"{n_chunks * FILES_OF_A_CHUNK:,}",
            f"{n_chunks / elapsed:.3g}",
            size(per_chunk["base_bytes"] + per_chunk["bytes"] * n_chunks),
            duration(per_chunk["look"] * n_chunks),
            duration(per_replicate["quantiles"] * replicates),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def main() -> None:
    """Compute, print and write the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sweep", type=Path, default=Path("results/quick"))
    sweep = parser.parse_args().sweep
    manifest = json.loads((sweep / "manifest.json").read_text())
    measured = json.loads(Path("results/scaling/empty_chunks.json").read_text())
    per_chunk, machine = slopes(measured["rows"]), measured["machine"]
    total = sum(command.get("replicates", 0) for command in manifest["commands"])
    per_replicate = {
        "seconds": manifest["timings"]["seconds_per_replicate"],
        "bytes": manifest["timings"]["bytes_per_replicate"],
        "quantiles": quantile_seconds(sweep, total),
    }
    lines = [
        f"From {sweep.name} (model {manifest['fingerprint']['id']}): "
        f"{per_replicate['seconds']:.2g} s, {size(per_replicate['bytes'])} and "
        f"{per_replicate['quantiles'] * 1e3:.2g} ms of quantiles per replicate. From empty "
        f"chunks: {per_chunk['look'] * 1e3:.2g} ms to look through and "
        f"{size(per_chunk['bytes'])} of memory per chunk. ({machine['processor']}, "
        f"{machine['cores']} cores, load {machine['load_before']})",
        "",
        *table(per_replicate, per_chunk),
    ]
    print("\n".join(lines))
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text("\n".join([before + BEGIN, "", *lines, "", END]) + after)


if __name__ == "__main__":
    main()
