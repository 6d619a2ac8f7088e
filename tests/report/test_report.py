"""The report is one file that refers to nothing outside itself."""

from __future__ import annotations

import shutil
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from spillover.cli import main
from spillover.report import build
from spillover.report.build import MOST_BYTES, build_report, inline

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """What a browser would see: elements with their attributes, text, and balance of the tags."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def raw(compared: Path) -> str:
    return (compared / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(raw: str) -> Page:
    return Page(raw)


def test_every_element_is_closed_and_the_file_is_small(page: Page, raw: str):
    assert page.open == [] and len(raw.encode()) < MOST_BYTES


def test_ids_are_unique_and_references_resolve(page: Page, raw: str):
    ids = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("href", "xlink:href", "src"):
            target = attributes.get(name)
            assert target is None or (target.startswith("#") and target[1:] in ids), target
    for part in raw.split("url(#")[1:]:
        assert part[: part.index(")")] in ids


def test_nothing_is_fetched(page: Page, raw: str):
    assert not {"link", "img", "iframe", "object", "embed", "base"} & {t for t, _ in page.elements}
    assert "@import" not in raw
    outside = [
        a for _, a in page.elements for k, v in a.items() if "http" in str(v) and "xmlns" not in k
    ]
    assert outside == []


def test_it_can_be_read_by_everybody(page: Page):
    assert page.all("html")[0]["lang"] == "en" and page.all("title")
    assert "width=device-width" in page.all("meta")[1]["content"]
    assert all(a.get("scope") for a in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(a.get("aria-label") for a in page.all("figure"))
    assert len(page.all("svg")) == len(page.all("figure")) >= 5


def test_the_card_comes_before_tables_and_says_what_the_tables_say(page: Page, compared: Path):
    effects = pd.read_csv(compared / "analysis" / "effects.csv")
    worst = effects[effects["is_key"]]["mean"].max()
    assert f"+{worst:.3g} attacks" in page.text
    text = page.text
    assert text.index("Decision card") < text.index("Harmful") < text.index("Not covered")
    assert text.index("Not covered") < text.index("Effects against the baseline")
    assert "spillover compare" in text and "20210815" in text


def test_words_of_the_user_are_text(page: Page):
    assert "<script>alert(1)</script>" in page.text
    assert len(page.all("script")) == 1


def test_figures_keep_their_references_apart():
    svg = '<?xml?><svg width="3pt" height="2pt" viewBox="0 0 3 2"><path id="a"/>'
    svg += '<use xlink:href="#a"/>'
    svg += '<g clip-path="url(#a)"/></svg>'
    found = str(inline(svg, "one"))
    assert found.startswith('<svg viewBox="0 0 3 2">')
    assert 'id="one-a"' in found and '"#one-a"' in found and "url(#one-a)" in found


def test_a_folder_without_a_comparison_is_told_how_to_get_one(compared, tmp_path, capsys):
    copy = tmp_path / "copy"
    shutil.copytree(compared, copy)
    shutil.rmtree(copy / "analysis")
    assert main(["report", str(copy)]) == 2
    assert "no comparison yet" in capsys.readouterr().err


def test_the_same_tables_give_the_same_bytes(compared: Path, raw: str, capsys):
    assert main(["report", str(compared)]) == 0
    assert "report.html" in capsys.readouterr().out
    assert (compared / "report.html").read_text(encoding="utf-8") == raw


def test_what_does_not_fit_is_left_out_and_named(compared, raw, monkeypatch):
    monkeypatch.setattr(build, "MOST_BYTES", len(raw.encode()) - 1000)
    smaller = build_report(compared).decode()
    assert len(smaller.encode()) <= build.MOST_BYTES
    assert "these are only there: figures/events_by_state.png" in smaller
    assert "Decision card" in smaller and "Effects against the baseline" in smaller


def test_the_effects_stay_longest(compared, monkeypatch):
    monkeypatch.setattr(build, "MOST_BYTES", 40_000)
    smallest = build_report(compared).decode()
    assert len(smallest.encode()) <= 40_000 and "analysis/robustness.csv" in smallest
    assert 'aria-label="What each policy changes, and whether it matters"' in smallest
    assert 'id="table-effects"' in smallest and 'id="table-tails"' not in smallest


def test_every_figure_and_table_has_its_place_in_the_order():
    files = [f"figures/{name}.png" for name in build.FIGURES]
    files += [f"analysis/{name}.csv" for name in build.TABLES]
    assert sorted(files) == sorted(build.NEEDED)
