"""Colours that stay apart, numbers that read well, style that leaves no trace."""

from __future__ import annotations

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from spillover.figures.style import (
    SCENARIO_COLOURS,
    house_style,
    number,
    policies_of,
    scenario_colour,
    scenarios_of,
)

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ.sum(axis=1)


def lab(colour: str, vision: np.ndarray) -> np.ndarray:
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(vision @ linear, 0, 1) / WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("vision", list(VISION))
def test_scenario_colours_stay_apart(vision: str) -> None:
    for (a, one), (b, two) in combinations(SCENARIO_COLOURS.items(), 2):
        distance = np.linalg.norm(lab(one, VISION[vision]) - lab(two, VISION[vision]))
        assert distance > 25, f"{a} and {b} look alike with {vision} vision"


def test_unknown_scenario_keeps_its_colour() -> None:
    assert scenario_colour("drought") == scenario_colour("drought")
    assert scenario_colour("drought") not in SCENARIO_COLOURS.values()


@pytest.mark.parametrize(
    ("value", "text"),
    [(1240.4, "1,240"), (12.5, "12.5"), (10.0, "10"), (0.0312, "0.031"), (-3.0, "\u22123")],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert number(value) == text


def test_order_is_known_names_then_the_alphabet() -> None:
    assert scenarios_of({"zebra", "malign_escalation", "status_quo", "apple"}) == [
        "status_quo",
        "malign_escalation",
        "apple",
        "zebra",
    ]
    assert policies_of({"full_package", "status_quo"}) == ["status_quo", "full_package"]


def test_house_style_ignores_and_restores_the_users_settings() -> None:
    with mpl.rc_context({"font.size": 31.0}):
        with house_style():
            assert mpl.rcParams["font.size"] < 12
        assert mpl.rcParams["font.size"] == 31.0
