"""One number and its verdict, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.validation.check import (
    MISS,
    NOT_COVERED,
    PASS,
    Check,
    NotCovered,
    Spec,
    around,
    measure,
    status_of,
)


def check(values, draws=None, **spec):
    values = np.asarray(values, dtype=float)
    draws = np.zeros(len(values), dtype=int) if draws is None else np.asarray(draws)
    return Check("K0", Spec("number", "1", **spec), values, draws)


TEN = np.arange(1.0, 12.0)  # median 6, 5% quantile 1.5, 95% quantile 10.5


@pytest.mark.parametrize(
    ("spec", "status"),
    [
        ({"target": 6, "band": (5, 7)}, PASS),
        ({"target": 1.5, "band": (5, 7)}, PASS),
        ({"target": 1.4, "band": (5, 7)}, MISS),  # not spanned
        ({"target": 10.6, "band": (5, 7)}, MISS),
        ({"target": 6, "band": (6.1, 7)}, MISS),  # median below the band
        ({"target": 6, "band": (6, 6)}, PASS),
        ({"target": 6}, PASS),
        ({"target": 20}, MISS),
        ({"band": (0, 6)}, PASS),
        ({"band": (0, 5.9)}, MISS),
    ],
)
def test_a_number_passes_when_spanned_and_in_the_band(spec, status):
    assert check(TEN, **spec).status == status


def test_median_and_span_by_hand():
    assert check(TEN).median == 6
    assert check(TEN).span == pytest.approx((1.5, 10.5))
    assert around(200, 0.25) == (150, 250)


@pytest.mark.parametrize(("yes", "status"), [(8, PASS), (7, MISS), (10, PASS), (0, MISS)])
def test_a_yes_or_no_needs_its_share_of_worlds(yes, status):
    found = check([1.0] * yes + [0.0] * (10 - yes), least=0.8)
    assert found.median == yes / 10 and found.status == status


def test_nothing_is_not_covered():
    empty = check([], target=1)
    assert empty.status == NOT_COVERED and np.isnan(empty.median)
    assert np.isnan(empty.span).all() and np.isnan(empty.share_of_draws)


def test_why_says_which_side():
    assert check(TEN, target=20, band=(15, 25)).why == "median too low"
    assert check(TEN, target=2, band=(1, 3)).why == "median too high"
    assert check(TEN, band=(0, 3)).why == "median too high"
    assert "do not span" in check(TEN, target=20, band=(5, 25)).why
    assert check([0.0, 1.0], least=0.8).why == "too few worlds agree"
    assert check(TEN, target=6).why == ""


def test_share_of_draws_counts_medians_inside_the_band():
    values = [1, 2, 3, 11, 12, 13, 21, 22, 23]
    draws = [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert check(values, draws, band=(10, 22)).share_of_draws == pytest.approx(2 / 3)
    assert check([1, 1, 0, 0], [1, 1, 2, 2], least=0.5).share_of_draws == 0.5
    assert np.isnan(check(values, [4] * 9, band=(10, 22)).share_of_draws)
    assert np.isnan(check(values, draws, target=12).share_of_draws)  # no band to lie in


def test_a_pattern_is_as_good_as_its_worst_number():
    good, bad, none = check(TEN, target=6), check(TEN, target=99), check([])
    assert status_of([good, good]) == PASS
    assert status_of([good, none]) == NOT_COVERED
    assert status_of([good, none, bad]) == MISS


def test_what_cannot_be_read_is_not_covered():
    def broken():
        raise NotCovered("there is no sea")

    found = measure("K0", Spec("waves", "1"), broken, np.zeros(3, dtype=int))
    assert (found.status, found.reason) == (NOT_COVERED, "there is no sea")
    unknown = measure("K0", Spec("waves", "1"), lambda: np.full(3, np.nan), np.zeros(3, dtype=int))
    assert unknown.reason == "no world has a value"


def test_worlds_without_a_value_are_left_out_with_their_draw():
    found = measure("K0", Spec("n", "1"), lambda: np.array([1.0, np.nan, 3.0]), np.array([1, 2, 3]))
    assert found.values.tolist() == [1, 3] and found.draws.tolist() == [1, 3]
