"""Pages of a comparison: they name their run, leave out what says nothing, and never vary."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pandas as pd
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from test_contrasts import EFFECTS, PROVENANCE, REGRET
from test_golden import (
    AGREEMENT,
    BOXES,
    COSTS,
    EVENTS,
    FACTORIAL,
    IMPORTANCE,
    PRECISION,
    STATES,
)

from spillover import figures
from spillover.figures.style import house_style, svg_of
from spillover.figures.tables import Measure

MEASURES = {"attacks_home": Measure("attacks_home", "attacks at home", "attacks", "flow", "lower")}
ABOUT = {"outcome": "attacks_home", "scenario": "status_quo", "policy": "full_package"}
KNOWN = EFFECTS.assign(outcome="attacks_home")
OUTCOME = {"outcome": "attacks_home"}
TWO = pd.concat([REGRET.assign(outcome=name) for name in ("attacks_home", "other")])
BOTH = pd.concat([KNOWN, KNOWN.assign(outcome="other", label="others")])


def page_of(name: str):
    """One page from small tables."""
    boxes = BOXES.assign(**ABOUT, n=100)
    importance = IMPORTANCE.assign(**ABOUT, baseline="status_quo", n=150)
    events = EVENTS.assign(**ABOUT, n=40)
    costs = COSTS.assign(scenario="status_quo", **OUTCOME)
    return {
        "agreement": lambda: figures.agreement_page(AGREEMENT.assign(**OUTCOME), KNOWN, PROVENANCE),
        "parallel": lambda: figures.parallel_page(TWO, BOTH, PROVENANCE),
        "pareto": lambda: figures.pareto_page(costs, KNOWN, PROVENANCE),
        "synergies": lambda: figures.synergy_page(FACTORIAL.assign(**OUTCOME), KNOWN, PROVENANCE),
        "precision": lambda: figures.precision_page(PRECISION.assign(**OUTCOME), KNOWN, PROVENANCE),
        "events": lambda: figures.events_page(events, MEASURES, PROVENANCE),
        "importance": lambda: figures.importance_page(importance, MEASURES, PROVENANCE),
        "boxes": lambda: figures.boxes_page(boxes, MEASURES, PROVENANCE),
    }[name]


PAGES = (
    *("agreement", "parallel", "pareto", "synergies", "precision", "events", "importance"),
    "boxes",
)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_its_run_and_has_the_same_bytes(name):
    with house_style():
        first, second = (svg_of(page_of(name)()) for _ in range(2))
    assert first == second
    text = " ".join(" ".join(re.findall(r">([^<]+)<", first.decode())).split())
    assert "Run study, seed 1, model abc" in text and "not a forecast" in text


def test_pages_that_would_say_nothing_are_left_out():
    one = KNOWN[KNOWN["policy"] == "full_package"]
    empty = pd.DataFrame()
    assert figures.agreement_page(AGREEMENT.assign(**OUTCOME), one, PROVENANCE) is None
    costs = COSTS[COSTS["policy"] == "full_package"].assign(scenario="status_quo", **OUTCOME)
    assert figures.pareto_page(costs, one, PROVENANCE) is None
    assert figures.parallel_page(REGRET, KNOWN, PROVENANCE) is None  # one outcome is no line
    assert figures.synergy_page(empty, KNOWN, PROVENANCE) is None
    assert figures.precision_page(empty, KNOWN, PROVENANCE) is None
    assert figures.events_page(empty, MEASURES, PROVENANCE) is None
    assert figures.importance_page(empty, MEASURES, PROVENANCE) is None
    assert figures.boxes_page(empty, MEASURES, PROVENANCE) is None


def test_a_flow_is_as_wide_as_its_share_of_the_largest():
    ax = figures.flow_map({"TJK": 100.0, "UZB": 50.0, "KAZ": 0.0})
    widths = {round(p.get_linewidth(), 3) for p in ax.patches if p.get_zorder() == 6}
    assert widths == {6.0, 3.0}  # nothing is drawn for nothing
    assert {"TJK 100", "UZB 50", "KAZ 0"} <= {t.get_text() for t in ax.texts}


def test_induced_events_lie_below_the_line():
    ax = figures.averted_induced(EVENTS, by="place")
    heights = [bar.get_height() for bar in ax.patches]
    assert min(heights[:5]) > 0 > max(heights[5:])
    assert [t.get_text() for t in ax.get_xticklabels()] == sorted(STATES)
