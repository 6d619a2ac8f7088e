"""The store: what a chunk leaves, what counts as done, and what is refused."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spillover.batch.durable import is_alive, is_sealed, sealed, write_atomic
from spillover.batch.folder import require_writable
from spillover.batch.leftovers import failures, leftovers, remove_leftovers
from spillover.batch.store import (
    KINDS,
    Block,
    blocks_present,
    chunk_damage,
    chunk_path,
    failure_path,
    missing_blocks,
    read_receipt,
    receipt_path,
    remove_chunk,
    results_hash,
    sound_blocks,
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


def test_a_process_that_ended_is_dead_even_if_nobody_has_buried_it():
    if not os.path.isdir("/proc/self"):
        pytest.skip("needs a system that tells the states of processes")
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    child.stdout.read()  # it closes this when it ends
    deadline = time.monotonic() + 60
    while is_alive(child.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(child.pid, 0)  # the system still knows it
    assert not is_alive(child.pid) and is_alive(os.getpid())
    child.wait()


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


def test_a_change_of_a_sealed_content_is_seen():
    content = sealed({"seconds": 1.5, "names": ["a", "é"]})
    assert is_sealed(content) and is_sealed(json.loads(json.dumps(content)))
    assert not is_sealed({**content, "seconds": 1.6}) and not is_sealed({"seconds": 1.5})


@pytest.mark.parametrize(
    ("old", "new"), [('"seconds": 1.5', '"seconds": 2.5'), ('"stop": 100', '"stop": 101')]
)
def test_a_receipt_that_was_changed_counts_for_nothing(tmp_path: Path, old: str, new: str):
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    path = receipt_path(tmp_path, "abc", BLOCK)
    path.write_text(path.read_text().replace(old, new))
    assert read_receipt(tmp_path, "abc", BLOCK) is None
    assert "receipt" in chunk_damage(tmp_path, "abc", BLOCK)


def test_the_receipt_of_another_chunk_counts_for_nothing(tmp_path: Path):
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    write_chunk(tmp_path, "abc", Block(0, 50), TABLES, 1.5)
    receipt_path(tmp_path, "abc", Block(0, 50)).replace(receipt_path(tmp_path, "abc", BLOCK))
    assert "receipt" in chunk_damage(tmp_path, "abc", BLOCK)


def test_a_longer_chunk_replaces_those_it_holds(tmp_path: Path):
    parts, whole = (Block(0, 50), BLOCK), Block(0, 100)
    for block in (*parts, whole):
        write_chunk(tmp_path, "abc", block, TABLES, 1.5)
    assert blocks_present(tmp_path, "abc") == (whole,)
    assert sound_blocks(tmp_path, "abc") == ((whole,), {})
    assert len(leftovers(tmp_path)) == 2 * (len(KINDS) + 1)
    remove_leftovers(tmp_path)
    assert leftovers(tmp_path) == [] and chunk_damage(tmp_path, "abc", whole) == ""


def test_parts_are_read_where_the_chunk_merged_from_them_is_damaged(tmp_path: Path):
    parts, whole = (Block(0, 50), BLOCK), Block(0, 100)
    for block in (*parts, whole):
        write_chunk(tmp_path, "abc", block, TABLES, 1.5)
    chunk_path(tmp_path, "series", "abc", whole).unlink()
    sound, damage = sound_blocks(tmp_path, "abc")
    assert sound == parts and "series file is missing" in damage[whole]


def test_no_replicate_counts_twice_where_chunks_overlap(tmp_path: Path):
    for block in (Block(0, 60), Block(50, 100), Block(100, 120)):
        write_chunk(tmp_path, "abc", block, TABLES, 1.5)
    assert blocks_present(tmp_path, "abc") == (Block(0, 60), Block(100, 120))
    sound, damage = sound_blocks(tmp_path, "abc")
    assert sound == (Block(0, 60), Block(100, 120)) and "overlap" in damage[Block(50, 100)]


def test_the_hash_of_results_sees_checksums_and_replicates(tmp_path: Path):
    seen = [results_hash(tmp_path)]
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    seen.append(results_hash(tmp_path))
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 99.0)  # another time, the same results
    assert results_hash(tmp_path) == seen[-1]
    write_chunk(tmp_path, "abc", BLOCK, {**TABLES, "places": b"other"}, 1.5)
    seen.append(results_hash(tmp_path))
    remove_chunk(tmp_path, "abc", BLOCK)
    write_chunk(tmp_path, "abc", Block(0, 50), TABLES, 1.5)
    seen.append(results_hash(tmp_path))
    assert len(set(seen)) == 4


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_file_that_cannot_be_made_durable_does_not_appear(tmp_path: Path, monkeypatch, call):
    (tmp_path / "there").mkdir()

    def fail(*args: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="Input/output error"):
        write_atomic(tmp_path / "there" / "x.json", b"content")
    assert list((tmp_path / "there").iterdir()) == []


@pytest.mark.parametrize(("code", "is_told"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_folders_that_cannot_be_flushed_are_told_from_disks_that_fail(
    tmp_path: Path, monkeypatch, code: int, is_told: bool
):
    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{descriptor}"):
            raise OSError(code, os.strerror(code))
        real_fsync(descriptor)

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("needs the kinds of open files")
    monkeypatch.setattr(os, "fsync", fsync)
    if is_told:
        with pytest.raises(OSError, match=os.strerror(code)):
            write_atomic(tmp_path / "x.json", b"content")
    else:
        write_atomic(tmp_path / "x.json", b"content")
        assert (tmp_path / "x.json").read_bytes() == b"content"


def test_new_folders_are_flushed_into_those_above_them(tmp_path: Path, monkeypatch):
    flushed, real_fsync = set(), os.fsync

    def fsync(descriptor: int) -> None:
        flushed.add(os.fstat(descriptor).st_ino)
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "a" / "b" / "x", b"content")
    folders = (tmp_path, tmp_path / "a", tmp_path / "a" / "b")
    assert {folder.stat().st_ino for folder in folders} <= flushed


def test_failures_are_made_good_by_any_chunks_that_hold_their_replicates(tmp_path: Path):
    path = failure_path(tmp_path, "abc", Block(40, 60))
    path.parent.mkdir()
    path.write_text("not JSON")
    write_chunk(tmp_path, "abc", Block(0, 50), TABLES, 1.5)
    (failure,) = failures(tmp_path)
    assert (failure["cell_id"], failure["first"], failure["stop"]) == ("abc", 40, 60)
    assert "cannot be read" in failure["message"]
    write_chunk(tmp_path, "abc", BLOCK, TABLES, 1.5)
    assert failures(tmp_path) == [] and leftovers(tmp_path) == [path]
