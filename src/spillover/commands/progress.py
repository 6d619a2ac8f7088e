"""Progress of long work: a bar on a terminal, plain lines elsewhere; both on standard error."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from spillover.batch.chunk import Failure, Underway
from spillover.batch.executor import Done
from spillover.commands.present import PipeConsole

LINE_EVERY_SECONDS = 10.0
"""Plain lines come at most this often, and at the end."""


@dataclass
class Reporter:
    """Counts finished chunks and says how fast it goes; call it with each finished chunk."""

    n_chunks: int
    console: Console
    bar: Progress | None = None
    begin: float = field(default_factory=time.perf_counter)
    n_done: int = 0
    n_failed: int = 0
    replicates: int = 0
    last_line: float = field(default_factory=time.perf_counter)
    n_words: int = 0
    where: str = ""

    def on_week(self, underway: Underway) -> None:
        """Tell how far a chunk has come; the first word comes at once."""
        self.where = f"week {underway.week} of {underway.spec.frame.n_weeks}"
        self.n_words += 1
        self._show(is_due=self.n_words == 1)

    def __call__(self, done: Done) -> None:
        """Count one finished chunk and refresh what is shown."""
        self.n_done += 1
        if isinstance(done.result, Failure):
            self.n_failed += 1
            self.console.print(
                f"failed: {done.spec.id} ({done.spec.cell.scenario} / {done.spec.cell.policy}), "
                f"{done.result.stage}: {done.result.message}",
                style="red",
                markup=False,
                highlight=False,
            )
        else:
            self.replicates += len(done.spec.block)
        self._show()

    def _show(self, is_due: bool = False) -> None:
        if self.bar is not None:
            self.bar.update(self.bar.task_ids[0], completed=self.n_done, note=self.speed())
        elif is_due or time.perf_counter() - self.last_line > LINE_EVERY_SECONDS:
            self.last_line = time.perf_counter()
            self.console.print(self.line(), markup=False, highlight=False, soft_wrap=True)

    def speed(self) -> str:
        """Speed, failures and the chunk at work in words."""
        elapsed = max(time.perf_counter() - self.begin, 1e-9)
        text = f"{self.replicates / elapsed:.3g} replicates/s, {self.n_failed} failed"
        is_at_work = self.where and self.n_done < self.n_chunks
        return f"{text}, {self.where}" if is_at_work else text

    def line(self) -> str:
        """One plain line of progress."""
        elapsed = time.perf_counter() - self.begin
        text = f"{self.n_done} of {self.n_chunks} chunks, {self.speed()}, {duration(elapsed)} gone"
        if not 0 < self.n_done < self.n_chunks:
            return text
        left = elapsed / self.n_done * (self.n_chunks - self.n_done)
        return f"{text}, about {duration(left)} left"


def duration(seconds: float) -> str:
    """Seconds, minutes or hours in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


@contextmanager
def chunk_progress(n_chunks: int) -> Iterator[Reporter]:
    """Show the progress of a run; yields the function to call with each finished chunk."""
    console = PipeConsole(stderr=True)
    if not console.is_terminal:
        reporter = Reporter(n_chunks, console)
        yield reporter
        if n_chunks:
            console.print(reporter.line(), markup=False, highlight=False, soft_wrap=True)
        return
    columns = (
        TextColumn("simulating"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        bar.add_task("chunks", total=n_chunks, note="starting")
        yield Reporter(n_chunks, bar.console, bar)


@contextmanager
def busy(text: str) -> Iterator[None]:
    """Show that something takes a while whose length is not known."""
    console = PipeConsole(stderr=True)
    if not console.is_terminal:
        console.print(f"{text} ...", markup=False)
        yield
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console
    ) as bar:
        bar.add_task(text, total=None)
        yield
