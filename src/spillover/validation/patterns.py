"""The patterns in order, and the verdict of a hindcast on each of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from spillover.validation import experiment, flows, security
from spillover.validation.check import Check, status_of
from spillover.validation.history import History


@dataclass(frozen=True)
class Pattern:
    """Something observed that the model should reproduce.

    `read` takes the hindcast; the one experiment takes the hindcast and the runs with doubled
    patrols, or None where they were not run.
    """

    id: str
    title: str
    read: Callable[[History], list[Check]] | None = None
    compare: Callable[[History, History | None], list[Check]] | None = None

    def checks(self, history: History, patrolled: History | None) -> list[Check]:
        """Every number of the pattern."""
        if self.read is not None:
            return self.read(history)
        assert self.compare is not None
        return self.compare(history, patrolled)


PATTERNS = (
    Pattern("K1", "ISIS-K attacks surge after the takeover", security.surge),
    Pattern("K2", "and decline by 80 to 95% in two years", security.decline),
    Pattern("K3", "while each attack becomes deadlier", security.lethality),
    Pattern("K4", "and published strengths rise", security.strength),
    Pattern("K5", "Poppy collapses one season after an exempt harvest", flows.poppy),
    Pattern("K6", "Farm income peaks, then crashes; the price multiplies", flows.farm_income),
    Pattern("K7", "Tajik seizures rise through the year of the ban", flows.seizures),
    Pattern("K8", "Most is seized near the Afghan border", flows.at_the_border),
    Pattern("K9", "Quiet at home, rockets at the frontier", security.quiet_at_home),
    Pattern("K10", "Refugees jump in 2021, then stagnate", flows.refugees),
    Pattern("K11", "Uzbek trade holds and is nearly all exports", flows.trade),
    Pattern("K12", "The authorities' revenue recovers without donors", flows.revenue),
    Pattern(
        "K13", "Uzbekistan and Turkmenistan engage most, Tajikistan least", security.engagement
    ),
    Pattern("K14", "A few plots a year are disrupted in Kazakhstan", security.disrupted),
    Pattern("K15", "A few attacks make most deaths", security.heavy_tail),
    Pattern("K16", "Patrols move the flow more than they stop it", compare=experiment.displacement),
    Pattern("K17", "One series of attacks fits two counts of it", security.two_definitions),
)


@dataclass(frozen=True)
class Verdict:
    """A pattern with its numbers."""

    pattern: Pattern
    checks: list[Check]

    @property
    def status(self) -> str:
        """Pass, miss or not covered."""
        return status_of(self.checks)


def judge(history: History, patrolled: History | None = None) -> list[Verdict]:
    """Verdict of a hindcast on every pattern."""
    return [Verdict(pattern, pattern.checks(history, patrolled)) for pattern in PATTERNS]
