"""Progress where there is no terminal: plain lines with rate, time left and failures."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console

from spillover.batch.chunk import Failure, Underway
from spillover.batch.executor import Done
from spillover.batch.store import Block
from spillover.commands.progress import Reporter


def done(failed: bool = False) -> Done:
    cell = SimpleNamespace(scenario="status_quo", policy="full_package")
    spec = SimpleNamespace(id="abc-w00000-00049", cell=cell, block=Block(0, 50), results=Path())
    return Done(spec, Failure(spec, "simulate", "no luck [x]") if failed else object())


def reporter(n_chunks: int) -> tuple[Reporter, io.StringIO]:
    sink = io.StringIO()
    return Reporter(n_chunks, Console(file=sink, width=200)), sink


def test_a_line_says_how_far_and_how_fast():
    report, _ = reporter(4)
    report.begin -= 10
    report(done())
    line = report.line()
    assert line.startswith("1 of 4 chunks, ") and "replicates/s, 0 failed" in line
    assert "10 s gone" in line and "about 30 s left" in line


def test_no_time_is_left_at_the_end():
    report, _ = reporter(1)
    report(done())
    assert "left" not in report.line()


def test_failures_are_told_at_once_and_counted():
    report, sink = reporter(2)
    report(done(failed=True))
    assert "simulate: no luck [x]" in sink.getvalue()
    assert "1 failed" in report.line() and report.replicates == 0


def test_the_first_week_is_told_at_once_and_later_ones_now_and_then():
    report, sink = reporter(3)
    spec = SimpleNamespace(frame=SimpleNamespace(n_weeks=490))
    for week in (1, 90):
        report.on_week(Underway(spec, week))
    assert sink.getvalue().count("\n") == 1
    assert "0 of 3 chunks" in sink.getvalue() and "week 1 of 490" in sink.getvalue()
    assert "week 90 of 490" in report.line()


def test_lines_are_rare():
    report, sink = reporter(3)
    report(done())
    assert sink.getvalue() == ""
    report.last_line -= 60
    report(done())
    assert sink.getvalue().startswith("2 of 3 chunks")
