"""The closed list of units that a parameter may have, each with its meaning in one line."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from spillover.errors import UserError, nearest

UNITS: Mapping[str, str] = MappingProxyType(
    {
        # numbers without dimension
        "1": "plain number without dimension",
        "share": "part of a whole, 0 to 1",
        "index": "made-up scale whose ends the description names",
        "probability": "chance of one event, 0 to 1",
        "logit": "natural logarithm of the odds of a probability",
        "log units": "difference of natural logarithms",
        "level": "step of a policy lever, 0 (none) to 3 (full)",
        "count": "whole number of things",
        "switch": "0 (off) or 1 (on)",
        "code": "one of the alternatives that the description numbers",
        "elasticity": "percent change of one quantity per percent change of another",
        "events": "number of events",
        "attacks": "number of attacks",
        "plots": "number of plots under way",
        "cells": "number of cells of an armed group",
        # people
        "persons": "number of people",
        "fighters": "number of armed members of a group",
        "deaths": "number of people killed",
        "households": "number of households",
        "fighters/cell": "fighters in one cell",
        "fighters/attack": "fighters who take part in one attack",
        "deaths/attack": "people killed by one attack",
        "persons/attack": "people affected by one attack",
        "persons/death": "people affected per person killed",
        # time
        "weeks": "length of time in weeks",
        "years": "length of time in years",
        "week of year": "week counted from 1 January, 0 to 52",
        "1/week": "hazard or decay per week",
        "1/yr": "hazard, growth or decay per year",
        "share/week": "part of a whole moved in one week",
        "share/yr": "part of a whole moved in one year",
        "index/week": "change of an index in one week",
        "level/week": "change of a lever level in one week",
        "log units/week": "change of a natural logarithm in one week",
        # flows of people and events
        "persons/week": "people who move or change state in one week",
        "persons/yr": "people who move or change state in one year",
        "fighters/week": "fighters who move or change state in one week",
        "fighters/yr": "fighters who move or change state in one year",
        "attacks/week": "attacks in one week",
        "attacks/yr": "attacks in one year",
        "plots/week": "plots started in one week",
        "plots/yr": "plots started in one year",
        "events/week": "events in one week",
        "events/yr": "events in one year",
        "deaths/week": "people killed in one week",
        "deaths/yr": "people killed in one year",
        # per head and per capacity
        "1/(1000 fighters week)": "events per thousand fighters and week",
        "1/(fighter week)": "events per fighter and week",
        "1/(person week)": "events per person and week",
        "1/(cell week)": "events per cell and week",
        "1/(attack week)": "events per attack of recent weeks and week",
        "1/fighter": "per fighter",
        "1/person": "per person",
        "1/attack": "per attack",
        "1/death": "per person killed",
        "1/km": "per kilometre",
        "1/level": "per lever level",
        "1/(1000 persons)": "per thousand people",
        "1/(million persons)": "per million people",
        "1/(million persons week)": "per million people and week",
        "fighters/(million persons)": "fighters per million people",
        "persons/km": "people (often guards) per kilometre of border",
        "cases/(million persons)": "open cases an agency can hold per million people",
        # length and area
        "km": "kilometres",
        "ha": "hectares",
        "km2": "square kilometres",
        # money
        "USD": "United States dollars, current prices",
        "USD million": "million United States dollars, current prices",
        "USD/week": "United States dollars in one week",
        "USD/yr": "United States dollars in one year",
        "USD million/week": "million United States dollars in one week",
        "USD million/yr": "million United States dollars in one year",
        "USD/person": "United States dollars per person",
        "USD/(person yr)": "United States dollars per person and year",
        "USD/(person week)": "United States dollars per person and week",
        "USD/(fighter week)": "United States dollars per fighter and week",
        "USD/attack": "United States dollars per attack",
        "USD/kg": "United States dollars per kilogram",
        "USD/t": "United States dollars per metric tonne",
        "USD/(t km)": "United States dollars per metric tonne and kilometre",
        "1/(USD million)": "per million United States dollars",
        "relative cost/yr": "cost of a lever in one year, relative to the others",
        # goods and water
        "kg": "kilograms",
        "kg/week": "kilograms in one week",
        "kg/yr": "kilograms in one year",
        "kg/ha": "kilograms per hectare and harvest",
        "t": "metric tonnes",
        "t/yr": "metric tonnes in one year",
        "million t/yr": "million metric tonnes in one year",
        "weapons": "number of small arms",
        "km3": "cubic kilometres of water",
        "km3/yr": "cubic kilometres of water in one year",
        "km3/week": "cubic kilometres of water in one week",
        "m3/s": "cubic metres of water per second",
    }
)


def in_unit(text: str, unit: str) -> str:
    """A number, already text, with its unit; the unit 1 and an empty one are not written."""
    return text if unit in ("", "1") else f"{text} {unit}"


def unit_words(unit: str) -> str:
    """A unit with its meaning; the unit 1 by its meaning alone."""
    return UNITS[unit] if unit == "1" else f"{unit} ({UNITS[unit]})"


def check_unit(unit: object, *, where: str) -> str:
    """Return the unit if it is in the list.

    Raises:
        UserError: the unit is unknown; the nearest ones are named.
    """
    text = str(unit)  # YAML reads the unit `1` as a number
    if text not in UNITS:
        raise UserError(
            f"The unit '{text}' is not in the list of units.",
            where=where,
            got=text,
            allowed=nearest(text, UNITS),
            next="Use a listed unit, or add one with its meaning to spillover/evidence/units.py.",
        )
    return text
