"""Addressed random numbers: a draw has an address, so nothing is ever consumed.

Philox4x64-10 (Salmon et al. 2011, paper:salmon2011) read as a table. The key is (hash of the
root seed, replicate); the counter is (block, week, purpose, 0); an entity's slot is its position
in the block. Policy and scenario never enter, so two cells share every draw that both make, and a
draw is the same for any batch, worker, order or resume point.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

_UNIT = 2.0**-52  # 52 bits and a half step: neither 0 nor 1 can come out
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
        self._root_key = _hash64(f"root:{self.root_seed}")
        self._generator = np.random.Philox(0)
        self._counter = np.zeros(4, dtype=np.uint64)
        self._key = np.array([self._root_key, 0], dtype=np.uint64)
        self._state: Any = {
            "bit_generator": "Philox",
            "state": {"counter": self._counter, "key": self._key},
            "buffer": np.zeros(4, dtype=np.uint64),
            "buffer_pos": 4,  # an exhausted buffer: the next read computes a fresh block
            "has_uint32": 0,
            "uinteger": 0,
        }

    @property
    def n_replicates(self) -> int:
        """Number of replicates, the length of axis [r]."""
        return len(self.replicates)

    def words(self, purpose_id: int, week: int, n_slots: int) -> NDArray[np.uint64]:
        """Raw 64-bit words [r, slot] of one purpose in one week."""
        out = np.empty((len(self.replicates), n_slots), dtype=np.uint64)
        counter, key, generator = self._counter, self._key, self._generator
        for row, replicate in enumerate(self.replicates):
            counter[0], counter[1], counter[2], counter[3] = 0, week, purpose_id, 0
            key[1] = replicate
            generator.state = self._state
            out[row] = generator.random_raw(n_slots)
        return out

    def uniform(self, purpose_id: int, week: int, n_slots: int) -> NDArray[np.float64]:
        """Uniform numbers [r, slot] in the open interval (0, 1).

        Args:
            purpose_id: from `purpose`.
            week: week index, 0 or more.
            n_slots: how many entity slots to address; asking for more never changes the first.
        """
        words = self.words(purpose_id, week, n_slots)
        return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * _UNIT
