"""Tolerances carry a unit, and a wrong one is refused."""

from __future__ import annotations

import pytest

from spillover.analysis.tolerance import Tolerance, read_tolerance, read_tolerances
from spillover.batch.compose import compose_config
from spillover.errors import UserError
from spillover.outcomes import OUTCOMES

REGISTRY = {"attacks_home": {"unit": "attacks"}, "recruits": {"unit": "persons"}}


@pytest.mark.parametrize(
    ("text", "mean", "zone"),
    [
        ("0.2 attacks", 1e6, 0.2),
        ("5 %", 40.0, 2.0),
        ("5%", -40.0, 2.0),
        ("0.2 attacks or 5 %", 2.0, 0.2),
        ("0.2 attacks or 5 %", 40.0, 2.0),
    ],
)
def test_zone(text, mean, zone):
    assert read_tolerance(text, "attacks_home", "attacks").around(mean) == pytest.approx(zone)


@pytest.mark.parametrize(
    "text", ["0.2 persons", "0.2", "a few attacks", "-1 attacks", "0 %", "inf attacks", ""]
)
def test_wrong_units_and_amounts_are_refused(text):
    with pytest.raises(UserError) as refused:
        read_tolerance(text, "attacks_home", "attacks")
    assert "compare.tolerance.attacks_home" in str(refused.value)
    assert "'attacks'" in str(refused.value)


def test_units_with_several_words():
    found = read_tolerance("20 USD million/yr or 1 %", "trade", "USD million/yr")
    assert found == Tolerance(20.0, 0.01)


def test_every_key_outcome_needs_a_known_name_and_a_tolerance():
    assert set(read_tolerances({"recruits": "5 %"}, ("recruits",), REGISTRY)) == {"recruits"}
    with pytest.raises(UserError, match="no outcome 'recruit'"):
        read_tolerances({}, ("recruit",), REGISTRY)
    with pytest.raises(UserError, match="no outcome 'recrits'"):
        read_tolerances({"recruits": "5 %"}, ("recruits",), REGISTRY, typed=("recrits",))
    with pytest.raises(UserError, match="needs a tolerance"):
        read_tolerances({"recruits": "5 %"}, ("attacks_home",), REGISTRY)


def test_every_shipped_tolerance_is_of_an_outcome_in_its_unit():
    config = compose_config([]).config.compare
    registry = {name: {"unit": outcome.unit} for name, outcome in OUTCOMES.items()}
    names = tuple(config.tolerance)
    assert set(read_tolerances(config.tolerance, names, registry)) == set(config.outcomes)
