"""Addressed random numbers against Philox written out here and against a fresh generator."""

from __future__ import annotations

from hashlib import blake2b
from itertools import product

import numpy as np
import pytest

from spillover import streams as source
from spillover.streams import SPAN, Streams, purpose, purposes

MASK = 2**64 - 1
MULTIPLIERS = (0xD2E7470EE14C6C93, 0xCA5A826395121157)
WEYL = (0x9E3779B97F4A7C15, 0xBB67AE8584CAA73B)


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x64 with ten rounds in whole numbers, from its publication."""
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = MULTIPLIERS[0] * x[0], MULTIPLIERS[1] * x[2]
        x = [(b >> 64) ^ x[1] ^ k[0], b & MASK, (a >> 64) ^ x[3] ^ k[1], a & MASK]
        k = [(k[i] + WEYL[i]) & MASK for i in (0, 1)]
    return x


def hash64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        (
            [0] * 4,
            [0] * 2,
            "16554d9eca36314c db20fe9d672d0fdc d7e772cee186176b 7e68b68aec7ba23b",
        ),
        (
            [MASK] * 4,
            [MASK] * 2,
            "87b092c3013fe90b 438c3c67be8d0224 9cc7d7c69cd777b6 a09caebf594f0ba0",
        ),
    ],
)
def test_the_yardstick_gives_the_published_words(counter, key, words):
    assert philox(counter, key) == [int(word, 16) for word in words.split()]


def test_words_are_philox_of_their_address():
    """Key (root, replicate), counter (block, span, purpose, 0); the first block is number 1.

    Word number SPAN * slot + week of the span belongs to that slot in that week.
    """
    name, seed, span, n_slots = "test/address", 20210815, 2, 3
    root, which = hash64(f"root:{seed}"), hash64(f"purpose:{name}")
    assert purpose(name) == which
    words = Streams(seed, [0, 5]).words(which, span, n_slots)
    assert words.shape == (SPAN, 2, n_slots)
    for row, replicate in enumerate((0, 5)):
        n_blocks = -(-SPAN * n_slots // 4)
        blocks = [philox([1 + b, span, which, 0], [root, replicate]) for b in range(n_blocks)]
        sequence = [word for block in blocks for word in block]
        for week, slot in product(range(SPAN), range(n_slots)):
            assert words[week, row, slot] == sequence[SPAN * slot + week]


def test_words_are_those_of_a_fresh_generator():
    which = purpose("test/address")
    key = np.array([hash64("root:-3"), 41], dtype=np.uint64)
    counter = np.array([0, 200, which, 0], dtype=np.uint64)
    fresh = np.random.Philox(key=key, counter=counter).random_raw(9 * SPAN)
    assert (Streams(-3, [41]).words(which, 200, 9)[:, 0].T.ravel() == fresh).all()


def test_uniform_is_the_middle_of_its_cell():
    which = purpose("test/uniform")
    for week in (4, SPAN - 1, SPAN, 7 * SPAN + 3):
        word = int(Streams(3, [8]).words(which, week // SPAN, 2)[week % SPAN, 0, 1])
        u = Streams(3, [8]).uniform(which, week, 2)[0, 1]
        assert u == ((word >> 12) + 0.5) / 2**52


def test_uniform_numbers_lie_inside_the_open_interval(monkeypatch):
    ends = np.array([0, 1, MASK - 1, MASK], dtype=np.uint64)
    words = np.tile(ends, (SPAN, 1, 1))
    monkeypatch.setattr(Streams, "words", lambda self, *address: words)
    u = Streams(0, [0]).uniform(0, 0, 4)
    assert (u > 0).all()
    assert (u < 1).all()


def test_more_slots_never_change_the_first():
    which, streams = purpose("test/prefix"), Streams(1, range(3))
    many = streams.uniform(which, 9, 533)
    for n in (1, 2, 3, 4, 5, 100, 532):
        assert (streams.uniform(which, 9, n) == many[:, :n]).all()
        assert (Streams(1, range(3)).uniform(which, 9, n) == many[:, :n]).all()
    few = Streams(1, range(3))
    assert (few.uniform(which, 9, 2) == many[:, :2]).all()
    assert (few.uniform(which, 9, 533) == many).all()


def test_rows_follow_the_replicates_in_any_order():
    which = purpose("test/rows")
    whole = Streams(1, range(6)).uniform(which, 2, 7)
    mixed = Streams(1, [4, 0, 5, 4]).uniform(which, 2, 7)
    assert (mixed == whole[[4, 0, 5, 4]]).all()
    assert Streams(1, [4, 0]).n_replicates == 2


def test_nothing_is_consumed():
    """A draw is the same whatever was drawn before it, in any order of weeks."""
    a, b = purpose("test/a"), purpose("test/b")
    streams = Streams(7, [0, 1])
    first = streams.uniform(a, 3, 5)
    kept = first.copy()
    streams.uniform(b, 3, 50)
    for week in (4, 3 + SPAN, 0, 10 * SPAN):
        streams.uniform(a, week, 1)
    assert (first == kept).all()
    assert (streams.uniform(a, 3, 5) == kept).all()


def test_numbers_cannot_be_written_to():
    """They are shared by all who ask for the same draw."""
    numbers = Streams(7, [0, 1]).uniform(purpose("test/a"), 3, 5)
    with pytest.raises(ValueError, match="read-only"):
        numbers[:] = 0.0


def test_every_part_of_the_address_matters():
    names = ("test/a", "test/b")
    rows = {
        tuple(Streams(seed, [replicate]).uniform(purpose(name), week, 4)[0].tolist())
        for seed, replicate, name, week in product((1, 2), (0, 1), names, (0, 1))
    }
    assert len(rows) == 16


def test_purposes_keep_their_ids_and_are_listed():
    assert purpose("test/a") == purpose("test/a")
    assert purposes()["test/a"] == hash64("purpose:test/a")
    assert len(set(purposes().values())) == len(purposes())


def test_purposes_that_collide_are_refused(monkeypatch):
    monkeypatch.setattr(source, "_REGISTRY", {hash64("purpose:test/new"): "test/old"})
    with pytest.raises(ValueError, match=r"'test/new' and 'test/old' collide"):
        purpose("test/new")


def test_numbers_are_uniform_and_unrelated():
    """Moments within four standard errors; no correlation across purpose, week, slot, replicate."""
    streams = Streams(11, range(40))
    u = np.stack([streams.uniform(purpose("test/a"), week, 100) for week in range(10)])
    n = u.size
    assert abs(u.mean() - 1 / 2) < 4 * np.sqrt(1 / 12 / n)
    assert abs((u**2).mean() - 1 / 3) < 4 * np.sqrt(4 / 45 / n)
    other = np.stack([streams.uniform(purpose("test/b"), week, 100) for week in range(10)])
    z, w = u - 0.5, other - 0.5
    pairs = [(z, w), (z[1:], z[:-1]), (z[:, 1:], z[:, :-1]), (z[:, :, 1:], z[:, :, :-1])]
    for left, right in pairs:
        assert abs((left * right).mean() * 12) < 4 / np.sqrt(left.size)


def test_numbers_of_some_slots_are_those_of_all():
    which = purpose("test/some")
    row, slot = np.array([0, 2, 1, 2]), np.array([5, 40, 0, 3])
    every = Streams(1, range(3)).uniform(which, 9, 100)
    assert (Streams(1, range(3)).at(which, 9, row, slot) == every[row, slot]).all()
    assert Streams(1, range(3)).at(which, 9, row[:0], slot[:0]).size == 0
