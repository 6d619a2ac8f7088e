"""Figures of a comparison say what its tables say."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex

from spillover.figures import contrast_forest, contrast_page, regret_map, regret_page
from spillover.figures.contrasts import ZONE
from spillover.figures.provenance import Provenance
from spillover.figures.style import house_style, svg_of

PROVENANCE = Provenance("study", "1", "abc", 230, 490)
EFFECTS = pd.DataFrame(
    [
        {"scenario": s, "policy": p, "baseline": "status_quo", "outcome": "attacks",
         "label": "attacks at home", "unit": "attacks", "better": "lower", "mean": mean,
         "low": mean - 0.4, "high": mean + 0.4, "tolerance": 0.5, "verdict": verdict,
         "is_key": True, "n": 100, "method": "Bonferroni-t"}
        for s in ("status_quo", "malign_escalation")
        for p, mean, verdict in (
            ("full_package", -2.0, "better"), ("border_security", 0.0, "no difference that matters")
        )
    ]
)  # fmt: skip
REGRET = pd.DataFrame(
    [("attacks", p, s, r) for s in ("status_quo", "malign_escalation")
     for p, r in (("full_package", 0.0), ("border_security", 2.0), ("status_quo", 2.5))],
    columns=["outcome", "policy", "scenario", "regret"],
)  # fmt: skip


def test_forest_shades_the_zone_and_leaves_open_what_does_not_matter():
    ax = contrast_forest(EFFECTS)
    zones = [bar for bar in ax.patches if to_hex(bar.get_facecolor()).upper() == ZONE]
    assert [(bar.get_x(), bar.get_width()) for bar in zones] == [(-0.5, 1.0)] * 4
    dots = [line for line in ax.lines if line.get_marker() == "o"]
    hollow = {tuple(d.get_xdata()) for d in dots if d.get_markerfacecolor() == "white"}
    assert len(dots) == 4 and hollow == {(0.0,)}
    lines = [tuple(x.get_xdata()) for x in ax.lines if len(x.get_xdata()) == 2]
    assert (-2.4, -1.6) in lines
    assert "better" in ax.get_xlabel() and "attacks" in ax.get_xlabel()


def test_regret_names_the_best_and_the_amounts():
    ax = regret_map(REGRET)
    texts = [t.get_text() for t in ax.texts]
    assert texts.count("best") == 2 and texts.count("2.5") == 2
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "Status quo", "Border security", "Full package",
    ]  # fmt: skip


@pytest.mark.parametrize("page", ["effects", "regret"])
def test_pages_carry_their_run_and_the_same_bytes(page):
    def draw():
        with house_style():
            if page == "effects":
                return svg_of(contrast_page(EFFECTS, PROVENANCE))
            return svg_of(regret_page(REGRET, EFFECTS, PROVENANCE))

    first = draw()
    assert first == draw()
    assert b"Run" in first and b"study, seed 1" in first and b"data:image" not in first


def test_nothing_to_compare_is_no_page():
    assert contrast_page(EFFECTS.assign(is_key=False), PROVENANCE) is None
    assert regret_page(REGRET[:0], EFFECTS, PROVENANCE) is None
