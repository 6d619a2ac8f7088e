"""Where the twin's random numbers come from: the keyed table of the kernel, or dice of its own.

A process asks for a stream by the name of its purpose and says with every draw which slot of the
stream decides. With `SharedDraws` that slot holds the same uniform number as in the kernel, so the
same rule must give the same count; which persons make up the count is the twin's own affair. With
`OwnDraws` slots mean nothing: every person, man and plot throws for itself, and a count is what
comes of it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import Any, Protocol, TypeVar

from spillover import rates
from spillover.streams import Streams, purpose
from spillover.twin.arithmetic import (
    binomial_quantile,
    first_reached,
    negative_binomial_quantile,
    poisson_quantile,
    severity_quantile,
)

T = TypeVar("T")


class Stream(Protocol):
    """Draws of one purpose in one week; every draw names the slot that decides."""

    def uniform(self, slot: int) -> float:
        """A number between 0 and 1."""

    def is_hit(self, slot: int, probability: float) -> bool:
        """Whether something of this probability happens."""

    def binomial(self, slot: int, n: int, probability: float) -> int:
        """How many of n that all have this probability."""

    def poisson(self, slot: int, expected: float) -> int:
        """A Poisson count."""

    def negative_binomial(self, slot: int, expected: float, shape: float) -> int:
        """A count with variance mean + mean^2 / shape."""

    def choose(self, slot: int, weights: Sequence[float]) -> int:
        """Position of one option, drawn by weight."""

    def pick(self, slot: int, options: Sequence[T]) -> T:
        """One of equally likely options."""

    def around(self, slot: int, x: float) -> int:
        """Rnd(x): a whole number next to x that has x as its mean."""

    def normal(self, slot: int) -> float:
        """A standard normal number."""

    def deaths(self, slot: int, deadly: float, severity: tuple[float, float, float]) -> int:
        """Deaths of an attack that kills with probability `deadly`; severity is (a, s, K)."""

    def leavers(self, slot: int, crowd: list[T], probability: float) -> list[T]:
        """Take those out of a crowd who leave it, each with this probability; return them."""

    def sort(self, slots: Sequence[int], crowd: list[T], shares: Sequence[float]) -> list[list[T]]:
        """Sort a crowd into options by shares; one slot for each option but the last."""


def take(crowd: list[T], positions: Sequence[int]) -> list[T]:
    """Remove these positions of a crowd; the last one fills the gap each time."""
    taken = []
    for position in sorted(positions, reverse=True):
        taken.append(crowd[position])
        crowd[position] = crowd[-1]
        crowd.pop()
    return taken


class KeyedStream:
    """Draws by inversion at the uniforms that the kernel reads too."""

    def __init__(self, uniforms: Sequence[float], random: Random) -> None:
        self._uniforms, self._random = uniforms, random

    def uniform(self, slot: int) -> float:
        """The number in the slot."""
        return self._uniforms[slot]

    def is_hit(self, slot: int, probability: float) -> bool:
        """Whether the number lies below the probability."""
        return self._uniforms[slot] < probability

    def binomial(self, slot: int, n: int, probability: float) -> int:
        """The quantile of the binomial distribution."""
        return binomial_quantile(self._uniforms[slot], n, probability)

    def poisson(self, slot: int, expected: float) -> int:
        """The quantile of the Poisson distribution."""
        return poisson_quantile(self._uniforms[slot], expected)

    def negative_binomial(self, slot: int, expected: float, shape: float) -> int:
        """The quantile of the negative binomial distribution."""
        return negative_binomial_quantile(self._uniforms[slot], expected, shape)

    def choose(self, slot: int, weights: Sequence[float]) -> int:
        """The first option whose cumulative weight reaches the number."""
        return first_reached(self._uniforms[slot], weights)

    def pick(self, slot: int, options: Sequence[T]) -> T:
        """Option number floor(u n)."""
        return options[min(int(self._uniforms[slot] * len(options)), len(options) - 1)]

    def around(self, slot: int, x: float) -> int:
        """floor(x + u)."""
        return math.floor(x + self._uniforms[slot])

    def normal(self, slot: int) -> float:
        """The normal quantile."""
        return float(rates.normal(self._uniforms[slot]))

    def deaths(self, slot: int, deadly: float, severity: tuple[float, float, float]) -> int:
        """None below 1 - deadly, else the severity at what is left of the number."""
        above = self._uniforms[slot] - (1.0 - deadly)
        return severity_quantile(above / deadly, *severity) if above > 0 else 0

    def leavers(self, slot: int, crowd: list[T], probability: float) -> list[T]:
        """As many as the kernel counts; who they are is drawn here."""
        n = self.binomial(slot, len(crowd), probability)
        return take(crowd, self._random.sample(range(len(crowd)), n))

    def sort(self, slots: Sequence[int], crowd: list[T], shares: Sequence[float]) -> list[list[T]]:
        """Successive binomials give the sizes; who goes where is drawn here."""
        left = list(crowd)
        self._random.shuffle(left)
        sorted_: list[list[T]] = []
        for option, slot in enumerate(slots):
            n = self.binomial(slot, len(left), shares[option] / sum(shares[option:]))
            sorted_.append([left.pop() for _ in range(n)])
        return [*sorted_, left]


class FreeStream:
    """Draws of everyone for itself from the twin's own generator."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def uniform(self, slot: int) -> float:
        """A fresh number."""
        return self._random.random()

    def is_hit(self, slot: int, probability: float) -> bool:
        """One throw."""
        return self._random.random() < probability

    def binomial(self, slot: int, n: int, probability: float) -> int:
        """One throw for each of n."""
        if probability <= 0:
            return 0
        throw = self._random.random
        return sum([throw() < probability for _ in range(n)])

    def poisson(self, slot: int, expected: float) -> int:
        """Arrivals within one unit of time, with exponential waiting between them."""
        if expected <= 0:
            return 0
        count, time = 0, self._random.expovariate(expected)
        while time < 1:
            count += 1
            time += self._random.expovariate(expected)
        return count

    def negative_binomial(self, slot: int, expected: float, shape: float) -> int:
        """Poisson arrivals whose expected number is a Gamma variable."""
        if expected <= 0:
            return 0
        return self.poisson(slot, self._random.gammavariate(shape, expected / shape))

    def choose(self, slot: int, weights: Sequence[float]) -> int:
        """One throw over the weights."""
        return self._random.choices(range(len(weights)), weights)[0]

    def pick(self, slot: int, options: Sequence[T]) -> T:
        """One of them."""
        return self._random.choice(options)

    def around(self, slot: int, x: float) -> int:
        """The whole part, and one more with the probability of the rest."""
        return math.floor(x) + (self._random.random() < x - math.floor(x))

    def normal(self, slot: int) -> float:
        """A standard normal number."""
        return self._random.gauss(0.0, 1.0)

    def deaths(self, slot: int, deadly: float, severity: tuple[float, float, float]) -> int:
        """One throw for deadliness, another one for the deaths."""
        if self._random.random() >= deadly:
            return 0
        return severity_quantile(self._random.random(), *severity)

    def leavers(self, slot: int, crowd: list[T], probability: float) -> list[T]:
        """Everyone throws."""
        if probability <= 0:
            return []
        throw = self._random.random
        return take(crowd, [i for i in range(len(crowd)) if throw() < probability])

    def sort(self, slots: Sequence[int], crowd: list[T], shares: Sequence[float]) -> list[list[T]]:
        """Everyone chooses."""
        sorted_: list[list[T]] = [[] for _ in shares]
        for one in crowd:
            sorted_[self.choose(0, shares)].append(one)
        return sorted_


class SharedDraws:
    """Streams that read the table of the kernel for one seed and replicate."""

    def __init__(self, seed: int, replicate: int, random: Random) -> None:
        self._table, self._random = Streams(seed, [replicate]), random

    def stream(self, name: str, week: int, n_slots: int) -> Stream:
        """The stream of a purpose in a week."""
        uniforms: Any = self._table.uniform(purpose(name), week, n_slots)[0].tolist()
        return KeyedStream(uniforms, self._random)


class OwnDraws:
    """Streams that only throw dice."""

    def __init__(self, random: Random) -> None:
        self._stream = FreeStream(random)

    def stream(self, name: str, week: int, n_slots: int) -> Stream:
        """The same dice for every purpose."""
        return self._stream
