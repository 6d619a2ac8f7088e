"""How often the statistics of `compare` are right, by simulation with a known truth.

    python experiments/statistics/error_rates.py            # about two minutes on one core
    python experiments/statistics/error_rates.py --quick    # a tenth of the repetitions

Writes results/statistics/error_rates.csv; docs/statistics.md explains the rows.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from spillover.analysis.best import not_worse_than_best, probability_best
from spillover.analysis.contrasts import simultaneous_intervals, student
from spillover.analysis.precision import Rule, stopping
from spillover.analysis.tails import wilson

OUTPUT = Path("results/statistics/error_rates.csv")
REPETITIONS = 1000
NOMINAL = 0.95
Sampler = Callable[[np.random.Generator, int, int], np.ndarray]


def normal(rng: np.random.Generator, contrasts: int, n: int) -> np.ndarray:
    """Paired differences that share half of their variance, mean zero [contrast, world]."""
    return rng.normal(size=n) + rng.normal(size=(contrasts, n))


def skewed(rng: np.random.Generator, contrasts: int, n: int) -> np.ndarray:
    """Differences of rare counts: a common gamma world, Poisson events averted, mean zero."""
    rate = rng.gamma(2.0, 0.25, size=n)
    return rng.poisson(rate, size=(contrasts, n)) - 0.5


SAMPLERS: dict[str, Sampler] = {"normal": normal, "rare counts": skewed}


def coverage(repetitions: int) -> Iterator[dict[str, object]]:
    """Share of families of intervals in which every one holds the truth, which is zero."""
    for name, sample in SAMPLERS.items():
        for contrasts in (6, 28, 140):
            for n in (100, 200, 400):
                rng = np.random.default_rng([contrasts, n])
                together = alone = 0
                for _ in range(repetitions):
                    values = sample(rng, contrasts, n)
                    found = simultaneous_intervals(values)
                    together += bool((found.low <= 0).all() and (found.high >= 0).all())
                    error = values.std(axis=1, ddof=1) / np.sqrt(n)
                    limit = student(n, 1) * error
                    alone += bool((np.abs(values.mean(axis=1)) <= limit).all())
                what = f"{contrasts} contrasts, {n} worlds, {name}"
                yield row("simultaneous intervals", what, together, repetitions, NOMINAL)
                yield row("unadjusted intervals", what, alone, repetitions, NOMINAL)


def best_policies(repetitions: int) -> Iterator[dict[str, object]]:
    """How often P(best) is right where it says so, and how often the set holds the true best."""
    rng = np.random.default_rng(7)
    said: list[float] = []
    was: list[bool] = []
    kept = 0
    for _ in range(repetitions):
        truth = rng.normal(0.0, 0.15, size=6)
        values = truth[:, None] + normal(rng, 6, 100)
        chances = probability_best(values, "higher")
        said += chances.tolist()
        was += (np.arange(6) == truth.argmax()).tolist()
        kept += bool(not_worse_than_best(values, 0.0, "higher").is_in_set[truth.argmax()])
    yield row("best set holds the best", "6 policies, 100 worlds", kept, repetitions, NOMINAL)
    known, right = np.array(said), np.array(was)
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        chosen = (known >= low) & (known < high)
        what = f"P(best) said {low:g} to {min(high, 1.0):g}"
        mean = float(known[chosen].mean())
        yield row("P(best) is right", what, int(right[chosen].sum()), int(chosen.sum()), mean)


def stopped(repetitions: int) -> Iterator[dict[str, object]]:
    """Coverage of all intervals at the moment at which the precision rule stops."""
    for name, sample in SAMPLERS.items():
        rng = np.random.default_rng(9)
        covered = 0
        for _ in range(repetitions):
            values = sample(rng, 12, 1500)
            target = 3.1 * values.std() / np.sqrt(500)  # reached near 500 worlds
            end = stopping(values, np.full(12, target), Rule()).n
            found = simultaneous_intervals(values[:, :end])
            covered += bool((found.low <= 0).all() and (found.high >= 0).all())
        yield row("intervals at the stop", f"12 contrasts, {name}", covered, repetitions, NOMINAL)


def shares(repetitions: int) -> Iterator[dict[str, object]]:
    """Coverage of Wilson's interval of a share."""
    for truth in (0.02, 0.1, 0.5):
        rng = np.random.default_rng(5)
        counts = rng.binomial(100, truth, size=repetitions)
        inside = [low <= truth <= high for low, high in (wilson(k, 100) for k in counts)]
        yield row(
            "Wilson's interval", f"share {truth:g}, 100 worlds", sum(inside), repetitions, NOMINAL
        )


def row(check: str, what: str, right: int, of: int, nominal: float) -> dict[str, object]:
    """One line of the table with the simulation error of its rate."""
    low, high = wilson(right, of)
    return {
        "check": check, "case": what, "nominal": round(nominal, 3), "rate": round(right / of, 3),
        "rate_low": round(low, 3), "rate_high": round(high, 3), "n": of,
    }  # fmt: skip


def table(repetitions: int) -> pd.DataFrame:
    """All checks."""
    checks = (coverage, best_policies, stopped, shares)
    return pd.DataFrame([line for check in checks for line in check(repetitions)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the repetitions")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args()
    found = table(REPETITIONS // 10 if options.quick else REPETITIONS)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    found.to_csv(options.output, index=False)
    print(found.to_string(index=False))


if __name__ == "__main__":
    main()
