"""The page of patterns: one panel per number, its verdict in words and colour."""

from __future__ import annotations

import numpy as np
import pytest

from spillover.figures.provenance import Provenance
from spillover.figures.style import house_style, new_figure, save
from spillover.figures.validation_page import COLOURS, draw_check, validation_page
from spillover.validation.check import MISS, NOT_COVERED, PASS, Check, Spec
from spillover.validation.patterns import PATTERNS, Verdict

TEN = np.arange(1.0, 12.0)
FROM = Provenance("made", "7", "abc", 0, 229)


def check(values=TEN, reason="", **spec) -> Check:
    values = np.asarray(values, dtype=float)
    return Check("K1", Spec("A number", "attacks", **spec), values, np.zeros(len(values)), reason)


CHECKS = {
    PASS: check(target=6, band=(5, 7)),
    MISS: check([1.0, 0.0, 0.0], least=0.8),
    NOT_COVERED: check([], reason="nothing was counted", target=6),
}


@pytest.mark.parametrize("status", CHECKS)
def test_a_panel_says_its_verdict(status):
    ax = draw_check(new_figure(3, 2).subplots(), CHECKS[status], "K1  A number")
    said = {text.get_text().replace("\n", " "): text.get_color() for text in ax.texts}
    words = status if status != NOT_COVERED else "not covered: nothing was counted"
    assert words in said
    if status != NOT_COVERED:
        assert said[words] == COLOURS[status]


def test_what_was_observed_and_the_band_are_in_view():
    ax = draw_check(new_figure(3, 2).subplots(), check(target=40, band=(30, 50)), "")
    low, high = ax.get_xlim()
    assert low < 1.5 and high > 50


def test_the_page_has_a_panel_per_number_and_the_same_bytes_again(tmp_path):
    verdicts = [Verdict(PATTERNS[0], list(CHECKS.values())), Verdict(PATTERNS[1], [CHECKS[MISS]])]
    with house_style():
        figure = validation_page(verdicts, FROM, "Patterns")
        titles = [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]
        first = save(figure, tmp_path / "a.png").read_bytes()
        again = save(validation_page(verdicts, FROM, "Patterns"), tmp_path / "b.png").read_bytes()
    assert len(titles) == 4 and titles[3].startswith("K2")
    assert first == again
