"""Start population of each place: harmonised place figures scaled back to 2021."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spillover.axes import COUNTRIES
from spillover.rates import spread_evenly
from spillover.world.rows import calibration_value

COUNTRY_NAMES = {
    "AFG": "Afghanistan",
    "KAZ": "Kazakhstan",
    "KGZ": "Kyrgyzstan",
    "TJK": "Tajikistan",
    "TKM": "Turkmenistan",
    "UZB": "Uzbekistan",
}


def national_population(year: int) -> dict[str, int]:
    """Mid-year persons by country code (World Bank series in ``calibration_drivers.csv``).

    Raises:
        UserError: the series has no value for this year (it covers 2015 to 2024).
    """
    return {
        code: round(calibration_value("population", COUNTRY_NAMES[code], str(year)))
        for code in COUNTRIES
    }


def population_2021(places: Sequence[dict[str, str]]) -> NDArray[np.int64]:
    """Persons per place [p] at the start of the model.

    The World Bank figure is for the middle of 2021, six weeks before the start; the growth of
    those weeks (about 0.3% in Afghanistan, offset by the flight of August 2021) is left out so
    that the national totals equal the published ones. External nodes keep their 2023 totals.
    """
    weights = np.array([float(row["pop_2024_harmonised"]) for row in places])
    country = np.array([row["country"] for row in places])
    population = np.round(weights).astype(np.int64)
    for code, total in national_population(2021).items():
        of_country = np.flatnonzero(country == code)
        population[of_country] = spread_evenly(np.array(total), weights[of_country])
    return population
