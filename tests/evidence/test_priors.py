"""Quantiles against closed forms, and draws that are keyed by what they decide."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spillover.errors import UserError
from spillover.evidence import Prior, draw, draw_unit

PRIORS = [
    Prior("uniform", 2, 6, low=0, high=10),
    Prior("loguniform", 0.01, 1, low=0, high=10),
    Prior("normal", 1, 2, low=0, high=10),
    Prior("normal", 1, 2),
    Prior("beta", 2, 5, low=0, high=1),
]


def test_quantiles_by_hand():
    assert Prior("uniform", 2, 6).quantile(0.25) == 3
    assert Prior("loguniform", 0.01, 1).quantile(0.5) == pytest.approx(0.1)
    assert Prior("normal", 1, 2).quantile(0.975) == pytest.approx(1 + 2 * 1.959964, abs=1e-5)
    # A half normal: the median of |z| is the 0.75 quantile of z.
    assert Prior("normal", 0, 1, low=0).quantile(0.5) == pytest.approx(0.674490, abs=1e-5)
    # Beta(1, 2) has distribution function 1 - (1 - x)^2.
    assert Prior("beta", 1, 2).quantile(0.75) == pytest.approx(0.5)


@pytest.mark.parametrize("prior", PRIORS, ids=lambda p: p.distribution)
@given(u=st.floats(0, 1), v=st.floats(0, 1))
def test_quantiles_rise_and_stay_in_the_support(prior, u, v):
    low, high = prior.support()
    assert low <= prior.quantile(min(u, v)) <= prior.quantile(max(u, v)) <= high
    assert math.isfinite(prior.quantile(u))


def test_no_quantile_outside_the_unit_interval_or_of_a_fixed_prior():
    with pytest.raises(ValueError, match="no quantile"):
        PRIORS[0].quantile(1.01)
    with pytest.raises(ValueError, match="no quantile"):
        Prior("fixed", reason="a definition").quantile(0.5)


def test_only_priors_that_are_not_fixed_are_uncertain(tree):
    assert tree.uncertain() == ("border.detection", "border.guards")


def test_a_draw_is_a_function_of_seed_index_and_path(tree):
    assert draw(tree, 7, 3) == draw(tree, 7, 3)
    values = {draw(tree, seed, index)[0].value for seed in (7, 8) for index in (0, 1, 2)}
    assert len(values) == 6
    assert all(change.layer == "draw" for change in draw(tree, 7, 3))


def test_a_further_parameter_moves_no_other_draw(tree):
    one = replace(tree, entries={"border.guards": tree.entry("border.guards")})
    (alone,) = draw(one, 7, 3)
    assert alone in draw(tree, 7, 3)


def test_a_draw_holds_until_the_next_date(tree):
    (change,) = draw_unit(tree, {"border.detection": 0.5})
    assert (change.op, change.start_week, change.end_week) == ("set", 0, 4)
    assert change.value == pytest.approx(math.sqrt(0.01 * 0.2))
    parameters = tree.with_changes([change]).compile(8, None)
    assert parameters.at(3).border.detection == pytest.approx(math.sqrt(0.002))
    assert parameters.at(4).border.detection == 0.1


def test_along_an_axis_the_members_keep_their_proportions(tree):
    (change,) = draw_unit(tree, {"border.guards": 1.0})
    assert (change.op, change.value) == ("scale", pytest.approx(1.2))
    guards = tree.with_changes([change]).compile(1, None).at(0).border.guards
    assert guards.tolist() == pytest.approx([120, 120, 60, 120, 120])


@pytest.mark.parametrize(
    ("value", "op", "amount"),
    [("{default: 100}", "set", 120), ("{default: 100, TJK: 0}", "add", 20)],
)
def test_equal_members_are_set_and_zeros_are_shifted(write_tree, value, op, amount):
    text = """
x:
  description: Guards.
  unit: persons
  bounds: [0, 1000]
  axis: state
  values:
    2021-08-15:
      value: VALUE
      prior: {distribution: uniform, low: 80, high: 120}
      basis: assumed
      derivation: Made up.
"""
    tree = write_tree(a=text.replace("VALUE", value))
    (change,) = draw_unit(tree, {"a.x": 1.0})
    assert (change.op, change.value) == (op, pytest.approx(amount))


LOGUNIFORM = """
x:
  description: Guards.
  unit: persons
  bounds: [-1000, 10000]
  axis: state
  values:
    2021-08-15:
      value: {KAZ: VALUE, KGZ: 0, TJK: 550, TKM: 0, UZB: 3060}
      prior: {distribution: loguniform, low: 361, high: 1444}
      basis: assumed
      derivation: Made up.
"""


@pytest.mark.parametrize(("u", "factor"), [(0.0, 0.5), (0.5, 1.0), (1.0, 2.0)])
def test_a_loguniform_prior_multiplies_and_leaves_zeros(write_tree, u, factor):
    """Mean of the members 722, prior half to twice of it: nobody enters where nobody did."""
    tree = write_tree(a=LOGUNIFORM.replace("VALUE", "0"))
    (change,) = draw_unit(tree, {"a.x": u})
    assert (change.op, change.value) == ("scale", pytest.approx(factor))
    drawn = tree.with_changes([change]).compile(1, None).at(0).a.x
    assert drawn.tolist() == pytest.approx([0, 0, 550 * factor, 0, 3060 * factor])


def test_a_loguniform_prior_needs_members_that_it_can_multiply(write_tree):
    with pytest.raises(UserError, match="multiplies") as caught:
        write_tree(a=LOGUNIFORM.replace("VALUE", "-1"))
    assert "uniform prior" in str(caught.value)


def test_draws_follow_the_prior(tree):
    n_draws = 2000
    drawn = [math.log(draw(tree, 1, index)[0].value) for index in range(n_draws)]
    low, high = math.log(0.01), math.log(0.2)
    # Mean of a uniform within four standard errors.
    error = (high - low) / math.sqrt(12 * n_draws)
    assert abs(np.mean(drawn) - (low + high) / 2) < 4 * error
