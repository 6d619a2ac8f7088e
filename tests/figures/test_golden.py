"""Every figure function beside a picture that somebody has looked at.

A picture may differ by a little (fonts are drawn by another build of a library), not by a line or a
label. After a change that is meant, write them again and look at each one of them:

    python tests/figures/test_golden.py
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.image import imread, imsave
from matplotlib.testing.compare import compare_images

from spillover import figures
from spillover.axes import STATES
from spillover.figures import Results, add_five_states, read_results
from spillover.figures.fan_page import fan_panel
from spillover.figures.maps import map_panel
from spillover.figures.style import house_style

sys.path.insert(0, str(Path(__file__).parent))

from test_contrasts import EFFECTS, REGRET

FOLDER = Path(__file__).parent / "golden"
DPI, TOLERANCE = 60, 6.0
"""Resolution of the pictures, and the largest root mean square of the difference (0 to 255)."""
METRICS = ("maximin", "minimax_regret", "laplace", "starr")
TAU = [[1, 0.8, 0.4, None], [0.8, 1, 0.6, None], [0.4, 0.6, 1, None], [None] * 4]
AGREEMENT = pd.DataFrame(
    [{"metric_a": a, "metric_b": b, "tau": TAU[i][j]}
     for i, a in enumerate(METRICS) for j, b in enumerate(METRICS)]
)  # fmt: skip
COSTS = pd.DataFrame(
    [("border_security", 240, 230, 250, -4.0, -5.0, -3.0, True),
     ("intelligence_sharing", 300, 290, 310, -2.0, -3.5, -0.5, False),
     ("full_package", 680, 660, 700, -9.0, -10.5, -7.5, True)],
    columns=["policy", "cost", "cost_low", "cost_high", "effect", "low", "high", "is_on_front"],
).assign(unit="persons")  # fmt: skip
FACTORIAL = pd.DataFrame(
    [("border_security", -4.0, -5.0, -3.0), ("intelligence_sharing", -1.0, -2.2, 0.2),
     ("border_security:intelligence_sharing", 0.8, 0.1, 1.5)],
    columns=["term", "mean", "low", "high"],
).assign(unit="persons", scenario="malign_escalation")  # fmt: skip
PRECISION = pd.DataFrame(
    [("status_quo", "full_package", 0.4, 0.5), ("malign_escalation", "full_package", 0.9, 0.5)],
    columns=["scenario", "policy", "half_width", "target"],
)
EVENTS = pd.DataFrame(
    [(place, str(2026 + i), 0.2 * i + 0.1 * j, 0.05 * i)
     for i in range(5) for j, place in enumerate(STATES)],
    columns=["place", "period", "averted", "induced"],
)  # fmt: skip
IMPORTANCE = pd.DataFrame(
    [("recruitment.contact", 0.42, 0.3, 0.6), ("cells.growth", 0.3, 0.2, 0.45),
     ("water.deficit", 0.1, 0.05, 0.2)],
    columns=["input", "index", "low", "high"],
).assign(noise=0.21, scenario="status_quo", method="PAWN")  # fmt: skip
BOXES = pd.DataFrame(
    [("PRIM", "recruitment.contact", 0.7, 1.0, 0.0, 1.0, True),
     ("tree", "cells.growth", 0.2, 0.5, 0.1, 0.9, False)],
    columns=["method", "input", "low", "high", "lowest", "highest", "is_confirmed"],
)  # fmt: skip
LINKS = {"AF-BDS/TJ-GB": 0.25, "AF-KDZ/TJ-KT": 0.6, "AF-HER/TM-A": 0.4}


def drawings(results: Results) -> dict[str, Callable[[], Axes | None]]:
    """Name of each picture and how it is drawn."""
    with_five = add_five_states(results.outcomes, results.measures)
    recruits = results.measures["recruits"]
    paired = figures.paired_differences(
        with_five, "recruits", "all5", "since_branch", contrast="policy"
    )
    return {
        "contrast_forest": lambda: figures.contrast_forest(EFFECTS),
        "regret_map": lambda: figures.regret_map(REGRET),
        "rank_agreement": lambda: figures.rank_agreement(AGREEMENT),
        "parallel_coordinates": lambda: figures.parallel_coordinates(
            pd.concat([REGRET, REGRET.assign(outcome="recruits", regret=REGRET["regret"] ** 2)]),
            {"attacks": "attacks at home", "recruits": "recruits (persons)"},
        ),
        "pareto": lambda: figures.pareto(COSTS),
        "synergies": lambda: figures.synergies(FACTORIAL),
        "precision_bars": lambda: figures.precision_bars(PRECISION),
        "events_by_year": lambda: figures.averted_induced(EVENTS),
        "events_by_state": lambda: figures.averted_induced(EVENTS, by="place"),
        "importance_bars": lambda: figures.importance_bars(IMPORTANCE),
        "failure_boxes": lambda: figures.failure_boxes(BOXES),
        "flow_map": lambda: figures.flow_map({"TJK": 19700, "UZB": 1400, "TKM": 7300, "KAZ": 0}),
        "network_snapshot": lambda: figures.network_snapshot(
            {"AF-KNR": 850, "AF-NAN": 300}, {"AF-BDS": 11, "AF-KDZ": 4}, LINKS, title="World 1"
        ),
        "distribution": lambda: figures.distribution(with_five, recruits, "all5", "since_branch"),
        "forest": lambda: figures.forest(paired, recruits, "all5"),
        "fan": lambda: fan_panel(results, "recruits", "TJK", "malign_escalation"),
        "fan_of_rare_events": lambda: fan_panel(results, "attacks_home", "KAZ", "status_quo"),
        "region_map": lambda: map_panel(results, "malign_escalation"),
    }


NAMES = sorted(path.stem for path in FOLDER.glob("*.png"))


def save(axes: Axes, path: Path) -> None:
    """One picture, small and without metadata."""
    axes.figure.savefig(path, dpi=DPI, bbox_inches="tight", metadata={"Software": None})


def test_every_drawing_has_a_picture_and_every_picture_a_drawing(results):
    assert sorted(drawings(results)) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_the_one_that_was_looked_at(name, results, tmp_path):
    drawn = tmp_path / f"{name}.png"
    with house_style():
        save(drawings(results)[name](), drawn)
    difference = compare_images(str(FOLDER / f"{name}.png"), str(drawn), tol=TOLERANCE)
    assert difference is None, difference


def test_a_missing_label_is_noticed(tmp_path):
    picture = imread(FOLDER / "pareto.png").copy()
    height, width = picture.shape[:2]
    picture[int(0.9 * height) :, int(0.3 * width) : int(0.8 * width)] = 1.0  # the axis label
    other = tmp_path / "other.png"
    imsave(other, picture)
    assert compare_images(str(FOLDER / "pareto.png"), str(other), tol=TOLERANCE) is not None


def main() -> None:
    """Write every picture again."""
    from conftest import write_results

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, house_style():
        results = read_results(write_results(Path(folder) / "quick"))
        for name, draw in drawings(results).items():
            save(draw(), FOLDER / f"{name}.png")
            print(FOLDER / f"{name}.png")


if __name__ == "__main__":
    main()
