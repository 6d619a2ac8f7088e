"""The store: what a chunk leaves, what counts as done, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.batch.folder import require_writable
from spillover.batch.store import (
    KINDS,
    Block,
    blocks_present,
    chunk_damage,
    chunk_path,
    missing_blocks,
    receipt_path,
    remove_leftovers,
    sound_blocks,
    write_atomic,
    write_chunk,
)
from spillover.errors import UserError

TABLES = {kind: kind.encode() for kind in KINDS}
BLOCK = Block(50, 100)


def test_names_carry_first_and_last_replicate():
    path = chunk_path(Path("r"), "outcomes", "abc", Block(0, 50))
    assert path.as_posix() == "r/outcomes/cell=abc/w00000-00049.parquet"


def test_a_written_chunk_is_sound(tmp_path: Path):
    receipt = write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    assert blocks_present(tmp_path, "abc") == (BLOCK,)
    assert chunk_damage(tmp_path, "abc", BLOCK) == ""
    assert receipt.n_bytes == {"places": 6, "series": 6, "outcomes": 8}


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_file_is_named_as_damaged(tmp_path: Path, kind: str):
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    chunk_path(tmp_path, kind, "abc", BLOCK).write_bytes(b"something else")
    assert kind in chunk_damage(tmp_path, "abc", BLOCK)
    sound, damaged = sound_blocks(tmp_path, "abc")
    assert sound == () and set(damaged) == {BLOCK}


def test_a_chunk_without_receipt_is_damaged(tmp_path: Path):
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    receipt_path(tmp_path, "abc", BLOCK).write_text("{")
    assert "receipt" in chunk_damage(tmp_path, "abc", BLOCK)


def test_a_chunk_is_not_done_before_its_outcomes_file(tmp_path: Path, monkeypatch):
    real_replace = os.replace

    def replace(source: Path, target: Path) -> None:
        if "outcomes" in str(target):
            raise OSError("disk full")
        real_replace(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OSError, match="disk full"):
        write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    assert blocks_present(tmp_path, "abc") == ()
    assert list(tmp_path.rglob(".*tmp*")) == []


def test_leftovers_of_the_dead_go_and_those_of_the_living_stay(tmp_path: Path):
    dead = tmp_path / ".x.parquet.tmp-999999999"
    living = tmp_path / f".x.parquet.tmp-{os.getpid()}"
    dead.touch(), living.touch()
    remove_leftovers(tmp_path)
    assert not dead.exists() and living.exists()


def test_write_atomic_replaces_the_whole_file(tmp_path: Path):
    write_atomic(tmp_path / "a" / "b.json", b"long content")
    write_atomic(tmp_path / "a" / "b.json", b"short")
    assert [p.read_bytes() for p in (tmp_path / "a").iterdir()] == [b"short"]


def test_missing_blocks_by_hand():
    assert missing_blocks((), 120, 50) == [Block(0, 50), Block(50, 100), Block(100, 120)]
    assert missing_blocks((Block(0, 50), Block(100, 120)), 200, 50) == [
        Block(50, 100),
        Block(120, 150),
        Block(150, 200),
    ]
    assert missing_blocks((Block(0, 50),), 50, 50) == []
    assert missing_blocks((Block(0, 100),), 50, 50) == []


@settings(deadline=None)  # a busy machine is no failure
@given(
    cuts=st.lists(st.integers(0, 400), max_size=8, unique=True),
    replicates=st.integers(1, 400),
    block_size=st.integers(1, 90),
)
def test_missing_blocks_complete_without_overlap(cuts, replicates, block_size):
    cuts = sorted(cuts)
    done = tuple(Block(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False))
    missing = missing_blocks(done, replicates, block_size)
    covered = [r for block in (*done, *missing) for r in range(block.first, block.stop)]
    assert len(covered) == len(set(covered))
    assert set(range(replicates)) <= set(covered)
    assert all(len(block) <= block_size and block.stop <= replicates for block in missing)


def test_a_file_in_the_way_is_refused(tmp_path: Path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is a file"):
        require_writable(tmp_path / "notes.txt" / "results")
    require_writable(tmp_path / "new" / "deep")
    assert not (tmp_path / "new").exists()


def test_receipts_are_plain_json(tmp_path: Path):
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    content = json.loads(receipt_path(tmp_path, "abc", BLOCK).read_text())
    assert content["first"] == 50 and content["stop"] == 100
    assert set(content["sha256"]) == set(KINDS)
