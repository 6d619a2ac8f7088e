"""Addressed random numbers: a draw has an address, so nothing is ever consumed.

Philox4x64-10 (Salmon et al. 2011, paper:salmon2011) read as a table. The key is (hash of the
root seed, replicate); the counter is (block, span of `SPAN` weeks, purpose, 0); the word of a slot
in a week is number SPAN * slot + week % SPAN of that sequence. Policy and scenario never enter, so
two cells share every draw that both make, and a draw is the same for any batch, worker, order or
resume point.

A span exists for speed: to point the generator at an address costs as much as some hundred words,
so the words of a few weeks are read at once and kept until their weeks have passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPAN = 8
"""Weeks whose words lie side by side; part of the address, so another span gives other draws."""
BLOCK = 32
"""Slots are read in blocks, so that a slot more does not read the numbers of a span anew."""
_ONE = np.uint64(0x3FF0000000000000)  # bits of 1.0; with 52 random bits below: a number in [1, 2)
_SHIFT = 1.0 - 2.0**-53  # takes the 1 off and adds half a step: neither 0 nor 1 can come out
_REGISTRY: dict[int, str] = {}


def _hash64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def purpose(name: str) -> int:
    """Register what a stream decides and return its stable 64-bit id.

    The id is a hash of the name, so a new purpose never shifts another one.

    Raises:
        ValueError: two different names share an id.
    """
    key = _hash64(f"purpose:{name}")
    if _REGISTRY.setdefault(key, name) != name:
        raise ValueError(f"stream purposes '{name}' and '{_REGISTRY[key]}' collide; rename one")
    return key


def purposes() -> dict[str, int]:
    """All registered purposes by name."""
    return {name: key for key, name in _REGISTRY.items()}


class Streams:
    """Random numbers of a batch of replicates.

    Args:
        root_seed: any integer; names the whole experiment.
        replicates: index of each replicate [r]; rows of every draw follow this order.
    """

    def __init__(self, root_seed: int, replicates: Sequence[int]) -> None:
        self.root_seed = int(root_seed)
        self.replicates = tuple(int(r) for r in replicates)
        self._spans: dict[int, tuple[int, NDArray[np.float64]]] = {}
        self._generator = np.random.Philox(0)
        # lists: the generator reads the items of an array several times as slowly
        self._counter = [0, 0, 0, 0]
        self._key = [_hash64(f"root:{self.root_seed}"), 0]
        self._state: Any = {
            "bit_generator": "Philox",
            "state": {"counter": self._counter, "key": self._key},
            "buffer": [0, 0, 0, 0],
            "buffer_pos": 4,  # an exhausted buffer: the next read computes a fresh block
            "has_uint32": 0,
            "uinteger": 0,
        }

    @property
    def n_replicates(self) -> int:
        """Number of replicates, the length of axis [r]."""
        return len(self.replicates)

    def words(self, purpose_id: int, span: int, n_slots: int) -> NDArray[np.uint64]:
        """Raw 64-bit words [week of the span, r, slot] of one purpose."""
        out = np.empty((SPAN, len(self.replicates), n_slots), dtype=np.uint64)
        counter, key, generator = self._counter, self._key, self._generator
        counter[1], counter[2] = span, purpose_id
        for row, replicate in enumerate(self.replicates):
            key[1] = replicate
            generator.state = self._state
            out[:, row] = generator.random_raw(n_slots * SPAN).reshape(n_slots, SPAN).T
        return out

    def uniform(self, purpose_id: int, week: int, n_slots: int) -> NDArray[np.float64]:
        """Uniform numbers [r, slot] in the open interval (0, 1); not to be written to.

        Args:
            purpose_id: from `purpose`.
            week: week index, 0 or more.
            n_slots: how many entity slots to address; asking for more never changes the first.
        """
        span, position = divmod(week, SPAN)
        known, numbers = self._spans.get(purpose_id, (-1, _NOTHING))
        if known != span or numbers.shape[2] < n_slots:
            numbers = _open_interval(self.words(purpose_id, span, n_slots))
            self._spans[purpose_id] = span, numbers
        return numbers[position, :, :n_slots]

    def at(
        self, purpose_id: int, week: int, row: NDArray[np.int64], slot: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Uniform numbers of some slots only [i]: `uniform(...)[row, slot]`, read no further.

        Args:
            purpose_id: from `purpose`.
            week: week index, 0 or more.
            row: rows [i], in the order of the replicates.
            slot: their slots [i].
        """
        n_slots = -(-(int(slot.max(initial=-1)) + 1) // BLOCK) * BLOCK
        return self.uniform(purpose_id, week, n_slots)[row, slot]


_NOTHING = np.empty((SPAN, 0, 0))


def _open_interval(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The upper 52 bits k of each word as (k + 1/2) / 2^52, in the memory of the words."""
    words >>= np.uint64(12)
    words |= _ONE
    numbers = words.view(np.float64)
    numbers -= _SHIFT
    numbers.flags.writeable = False
    return numbers
