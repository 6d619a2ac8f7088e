"""The register of facts and the ids that may be cited."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from spillover.errors import UserError
from spillover.evidence.facts import (
    KINDS,
    check_sources,
    load_facts,
    load_papers,
    load_sources,
)

HEADER = (
    "id,kind,subject,object,statement,value,value_low,value_high,unit,period,place,source,"
    "locator,confidence,suggested_use\n"
)


def test_the_whole_register_is_there():
    facts = load_facts()
    assert len(facts) == 695
    kinds = Counter(fact.kind for fact in facts.values())
    assert set(kinds) == set(KINDS)
    assert kinds["mechanism"] == 140 and kinds["recommendation"] == 82


def test_every_fact_names_documents_that_exist_and_says_something():
    sources = load_sources()
    for fact in load_facts().values():
        assert fact.statement and fact.source
        assert set(fact.source) <= set(sources), fact.id


def test_numbers_are_read_and_ordered():
    fighters = load_facts()["Q-ISK-FIGHTERS"]
    assert (fighters.value_low, fighters.value, fighters.value_high) == (4000, 5000, 6000)
    for fact in load_facts().values():
        if fact.value_low is not None and fact.value_high is not None:
            assert fact.value_low <= fact.value_high, fact.id


def test_papers_have_unique_keys_with_a_year():
    papers = load_papers()
    assert {"kaplan2010", "clauset2007", "epstein2002", "salmon2011"} <= set(papers)
    assert all(1990 < paper.year < 2030 and paper.title for paper in papers.values())


def write(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "facts.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    return path


GOOD = "A-X,actor,AFG,,Text.,,,,,,,weitz2021,here,stated,use"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([GOOD, GOOD], "given twice"),
        ([GOOD.replace("actor", "aktor")], "did you mean actor"),
        ([GOOD.replace("stated", "sure")], "stated, reported, judged, speculative"),
        ([GOOD.replace("Text.,,", "Text.,many,")], "many"),
    ],
)
def test_a_bad_register_is_refused(tmp_path, rows, message):
    with pytest.raises(UserError, match=message):
        load_facts(write(tmp_path, *rows))


def test_the_three_forms_of_a_source():
    check_sources(
        ["A-TJK-BORDER-HARD", "paper:kaplan2010", "calibration:isisk_attacks_un"], where=""
    )


@pytest.mark.parametrize(
    ("cited", "message"),
    [
        ("A-TJK-BORDER-HAR", "did you mean A-TJK-BORDER-HARD"),
        ("paper:kaplan2001", "did you mean .*kaplan2010"),
        ("calibration:isisk_attacks_u", "did you mean isisk_attacks_un"),
        ("book:kaplan", "a fact id, paper:<key> or calibration:<variable>"),
    ],
)
def test_an_unknown_source_is_refused_with_the_nearest(cited, message):
    with pytest.raises(UserError, match=message) as caught:
        check_sources([cited], where="border.yaml: detection")
    assert "border.yaml: detection" in str(caught.value)
