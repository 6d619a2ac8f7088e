"""The twin's draws: the quantiles of section 4 in plain Python, and dice with the same means."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from spillover import rates
from spillover.streams import Streams, purpose
from spillover.twin.arithmetic import (
    binomial_quantile,
    first_reached,
    logit,
    negative_binomial_quantile,
    p,
    poisson_quantile,
    severity_quantile,
    sigma,
    softmax,
    split,
)
from spillover.twin.draws import FreeStream, KeyedStream, OwnDraws, SharedDraws, take

UNIFORMS = np.random.Generator(np.random.Philox(5)).random(400)
N = 20_000


def test_signs_of_the_page():
    assert sigma(0.0) == 0.5
    assert sigma(-800.0) == pytest.approx(0.0)
    assert logit(sigma(1.5)) == pytest.approx(1.5)
    assert softmax([0.0, 0.0]) == [0.5, 0.5]
    assert p(0.0) == 0.0
    assert p(1.0) == pytest.approx(0.6321205588)


@pytest.mark.parametrize("expected", [0.0, 0.02, 1.7, 12.0, 29.0, 31.0, 900.0])
def test_poisson_is_the_quantile_of_the_kernel(expected):
    ours = [poisson_quantile(u, expected) for u in UNIFORMS]
    assert ours == rates.poisson(UNIFORMS, expected).tolist()


@pytest.mark.parametrize(("n", "share"), [(0, 0.5), (7, 0.0), (7, 1.0), (12, 0.3), (12, 0.7),
    (900, 0.001), (5000, 0.02), (5000, 0.98)])  # fmt: skip
def test_binomial_is_the_quantile_of_the_kernel(n, share):
    ours = [binomial_quantile(u, n, share) for u in UNIFORMS]
    assert ours == rates.binomial(UNIFORMS, n, share).tolist()


@pytest.mark.parametrize("expected", [0.0, 0.3, 8.0, 60.0])
def test_negative_binomial_is_the_quantile_of_the_kernel(expected):
    ours = [negative_binomial_quantile(u, expected, 1.4) for u in UNIFORMS]
    assert ours == rates.negative_binomial(UNIFORMS, expected, 1.4).tolist()


def test_choice_and_severity_are_those_of_the_kernel():
    weights = [0.2, 0.0, 1.5, 0.3]
    ours = [first_reached(u, weights) for u in UNIFORMS]
    assert ours == rates.choose(UNIFORMS, np.tile(weights, (len(UNIFORMS), 1))).tolist()
    deaths = [severity_quantile(u, 2.5, 3.0, 200) for u in UNIFORMS]
    assert deaths == rates.shifted_power_law(UNIFORMS, 2.5, 3.0, 200).tolist()


def test_keyed_streams_read_the_table_of_the_kernel():
    stream = SharedDraws(3, 8, Random(0)).stream("cells/intake", 17, 5)
    table = Streams(3, [8]).uniform(purpose("cells/intake"), 17, 5)[0]
    assert [stream.uniform(slot) for slot in range(5)] == table.tolist()


def test_take_removes_what_it_returns():
    crowd = list(range(10))
    taken = take(crowd, [0, 9, 4])
    assert sorted(taken) == [0, 4, 9]
    assert sorted(crowd) == [1, 2, 3, 5, 6, 7, 8]


def test_keyed_leavers_are_as_many_as_the_quantile_says():
    stream = KeyedStream([0.9], Random(1))
    crowd = list(range(100))
    left = stream.leavers(0, crowd, 0.3)
    assert len(left) == binomial_quantile(0.9, 100, 0.3)
    assert sorted(left + crowd) == list(range(100))


def test_keyed_sorting_follows_successive_binomials():
    stream = KeyedStream([0.4, 0.8], Random(1))
    shares = [0.5, 0.3, 0.2]
    sizes = [len(part) for part in stream.sort((0, 1), list(range(60)), shares)]
    whole = rates.multinomial(np.array([[0.4, 0.8]]), np.array([60]), np.array([shares]))
    assert sizes == whole[0].tolist()


def test_rounding_around_a_number_and_splitting_one():
    stream = KeyedStream([0.2, 0.8], Random(1))
    assert [stream.around(slot, 2.5) for slot in range(2)] == [2, 3]
    weights = [3.0, 0.0, 5.5, 1.5]
    assert split(17, weights) == rates.split_in_order(np.array(17), np.array(weights)).tolist()
    assert split(17, [0, 0]) == [0, 0]


def test_deaths_split_one_number_into_whether_and_how_many():
    severity = (2.5, 3.0, 200.0)
    stream = KeyedStream([0.69, 0.85], Random(1))
    assert stream.deaths(0, 0.3, severity) == 0
    assert stream.deaths(1, 0.3, severity) == severity_quantile(0.5, *severity)


def test_dice_have_the_means_of_their_distributions():
    dice = OwnDraws(Random(6)).stream("any", 0, 0)
    assert isinstance(dice, FreeStream)
    severity = (2.5, 3.0, 200.0)
    draws = {
        "hit": ([dice.is_hit(0, 0.2) for _ in range(N)], 0.2),
        "binomial": ([dice.binomial(0, 9, 0.2) for _ in range(N)], 1.8),
        "poisson": ([dice.poisson(0, 1.3) for _ in range(N)], 1.3),
        "negative binomial": ([dice.negative_binomial(0, 1.3, 2.0) for _ in range(N)], 1.3),
        "choice": ([dice.choose(0, [1.0, 3.0]) for _ in range(N)], 0.75),
        "pick": ([dice.pick(0, [0, 1]) for _ in range(N)], 0.5),
        "around": ([dice.around(0, 2.3) for _ in range(N)], 2.3),
        "normal": ([dice.normal(0) for _ in range(N)], 0.0),
        "deadly": ([dice.deaths(0, 0.4, severity) > 0 for _ in range(N)], 0.4),
        "leavers": ([len(dice.leavers(0, [1, 2, 3, 4], 0.3)) for _ in range(N)], 1.2),
        "sort": ([len(dice.sort((0,), [1, 2, 3], [0.2, 0.8])[1]) for _ in range(N)], 2.4),
    }
    for name, (values, expected) in draws.items():
        error = np.std(values) / np.sqrt(N)
        assert abs(np.mean(values) - expected) < 4 * error, name


def test_dice_of_the_negative_binomial_have_its_variance():
    dice = FreeStream(Random(2))
    values = [dice.negative_binomial(0, 3.0, 2.0) for _ in range(N)]
    assert np.var(values) == pytest.approx(3.0 + 9.0 / 2.0, rel=0.08)


def test_nothing_comes_of_nothing():
    dice = FreeStream(Random(2))
    assert dice.poisson(0, 0.0) == dice.binomial(0, 5, 0.0) == 0
    assert dice.negative_binomial(0, 0.0, 2.0) == dice.deaths(0, 0.0, (2.5, 3.0, 200.0)) == 0
    assert dice.leavers(0, [1, 2], 0.0) == []
