"""The bits of a few small runs, fixed in `digest.json`: does this machine compute the same?

    python tests/kernel/test_digest.py             writes digest.json again, and says what changed
    python tests/kernel/test_digest.py --compare   compares, whatever numpy and processor are here

Bits are promised for one numpy, scipy and C library and one kind of processor
(docs/bit_exactness.md). Where others have other bits, the test is skipped and says what differs.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy

from spillover.batch.arithmetic import arithmetic
from spillover.batch.compose import load_layer
from spillover.batch.layers import layer_changes
from spillover.evidence import load_tree
from spillover.kernel import run
from spillover.observe import Recorder
from spillover.state import FIELDS
from spillover.streams import Streams
from spillover.world import load_world

FILE = Path(__file__).with_name("digest.json")
SEED, REPLICATES, WEEKS, BRANCH = 20210815, 3, 60, 20
POLICIES = ("status_quo", "full_package")


def environment() -> dict[str, str]:
    """What decides the last bit of a number beside the model."""
    return {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        **arithmetic(),
    }


def array_bytes(values: np.ndarray) -> Iterator[bytes]:
    """Type, shape and content of an array, the same on every machine; all NaN are one."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values)
    little = np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"))
    yield f"{little.dtype.str} {little.shape}\n".encode()
    yield little.tobytes()


def table_bytes(table: pd.DataFrame) -> Iterator[bytes]:
    """Names and content of the columns of a table, in order."""
    for name in table.columns:
        yield f"{name}\n".encode()
        values = table[name].to_numpy()
        if values.dtype.kind in "OTU":
            yield "\n".join(map(str, values)).encode()
        else:
            yield from array_bytes(values)


def short(parts: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()[:16]


def digests() -> dict[str, dict[str, str]]:
    """By policy: the digest of every field of the last state and of every table."""
    found = {}
    for policy in POLICIES:
        changes = layer_changes(load_layer("policy", policy), "policy", BRANCH)
        parameters = load_tree().with_changes(changes).compile(WEEKS, load_world())
        recorder = Recorder(parameters.world, REPLICATES, WEEKS, BRANCH)
        state = run(parameters, Streams(SEED, range(REPLICATES)), 0, WEEKS, watch=recorder.watch)
        observed = recorder.tables(range(REPLICATES))
        parts = {f"state.{name}": short(array_bytes(getattr(state, name))) for name in FIELDS}
        for name in ("outcomes", "places", "series"):
            parts[f"table.{name}"] = short(table_bytes(getattr(observed, name)))
        found[policy] = parts
    return found


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Parts that differ, as policy/part."""
    return [
        f"{policy}/{part}"
        for policy in sorted({*before, *now})
        for part in sorted({*before.get(policy, {}), *now.get(policy, {})})
        if before.get(policy, {}).get(part) != now.get(policy, {}).get(part)
    ]


def test_the_bits_are_those_on_file():
    kept, here = json.loads(FILE.read_text()), environment()
    wrong = changed(kept["digests"], digests())
    there = kept["environment"]
    other = [
        f"{key} {here[key]} here, {there[key]} on file" for key in here if here[key] != there[key]
    ]
    if wrong and other:
        pytest.skip(f"{len(wrong)} parts have other bits, where bits are not promised: {other}")
    assert not wrong, (
        f"{len(wrong)} parts have other bits, among them {wrong[:5]}. If the model was meant to "
        "change: python tests/kernel/test_digest.py, and say in CHANGELOG.md what changes."
    )


def test_one_bit_is_noticed():
    values = np.array([[1.0, np.nan], [2.0, 3.0]])
    before = short(array_bytes(values))
    assert short(array_bytes(values.T.copy().T)) == before  # layout in memory is not content
    assert short(array_bytes(np.array([[1.0, -np.nan], [2.0, 3.0]]))) == before
    values[0, 0] = np.nextafter(1.0, 2.0)
    assert short(array_bytes(values)) != before
    assert short(array_bytes(values.reshape(4))) != short(array_bytes(values))
    assert short(array_bytes(np.array([0.0]))) != short(array_bytes(np.array([-0.0])))


def main(words: list[str]) -> int:
    """Compare with the file, or write it again."""
    kept = json.loads(FILE.read_text()) if FILE.is_file() else {"digests": {}}
    now = digests()
    differing = changed(kept["digests"], now)
    total = sum(map(len, now.values()))
    print(f"{environment()}: {len(differing)} of {total} parts differ from {FILE.name}")
    for name in differing:
        print(f"  {name}")
    if words != ["--compare"]:
        content = {"environment": environment(), "digests": now}
        FILE.write_text(json.dumps(content, indent=1) + "\n")
        print(f"{FILE.name} is written")
        return 0
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
