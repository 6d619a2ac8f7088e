"""The decision card: what a comparison says, in words and before any table.

Every sentence is made from the tables; the card adds no judgement of its own. Recommended means
first under a named criterion, never overall.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from spillover.analysis.across_scenarios import METRIC_WORDS
from spillover.analysis.comparison import Comparison
from spillover.analysis.contrasts import FEWEST_FOR_BOOTSTRAP
from spillover.analysis.cost import equal_cost_pairs

MOST_NAMED = 4
"""Scenarios or policies that a sentence names before it counts the rest."""
LEAST_MOVED = 0.1
"""Share of what is saved from which on a move stands on the card; displacement.csv has all."""
NOT_COVERED = (
    "The intervals hold chance inside a scenario. They do not hold the uncertainty of parameters "
    "(repeat with uncertainty=priors uncertainty.draws=50) nor that of the model's structure.",
    "Scenarios carry no probability: criteria across scenarios weigh them by rule, not by belief.",
    "Costs are relative and assumed; they are no budget. What a policy costs in legitimacy or law "
    "is not counted.",
    "Levels are model output under assumed trajectories: read differences, not forecasts.",
)


@dataclass(frozen=True)
class Finding:
    """A heading with its sentences."""

    heading: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """Title, question, findings in the order in which they are to be read, and what is missing."""

    title: str
    question: str
    findings: tuple[Finding, ...]
    not_covered: tuple[str, ...] = NOT_COVERED

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @property
    def markdown(self) -> str:
        """The card as Markdown."""
        parts = [f"# {self.title}", self.question]
        for finding in (*self.findings, Finding("Not covered", self.not_covered)):
            parts += [f"## {finding.heading}", "\n".join(f"- {s}" for s in finding.sentences)]
        return "\n\n".join(part for part in parts if part) + "\n"


def make_card(
    comparison: Comparison,
    robustness: pd.DataFrame,
    elsewhere: pd.DataFrame,
    labels: Mapping[str, str],
    title: str,
    question: str,
) -> Card:
    """The card of a comparison.

    Args:
        comparison: the tables.
        robustness: as `robustness_table` returns it; empty for a single scenario.
        elsewhere: what policies save and move (``elsewhere.csv``).
        labels: outcome -> label, of all outcomes of the model.
        title: name of the study.
        question: what it asks.
    """
    effects = comparison.effects[comparison.effects["is_key"]]
    findings = (
        Finding(
            "Recommended, and by which criterion", _recommended(comparison, robustness, labels)
        ),
        Finding("Indistinguishable at your tolerance", _alike(comparison, effects)),
        Finding("Harmful", _by_verdict(effects, "harmful", "No policy is clearly harmful.")),
        Finding(
            "Not known well enough",
            _by_verdict(effects, "not known well enough", "Every key contrast has a verdict."),
        ),
        Finding("Cost", _cost(comparison)),
        Finding("What moves elsewhere", _elsewhere(elsewhere, labels)),
        Finding("Precision", _precision(comparison, labels)),
        Finding("Did pairing the worlds help?", _pairing(effects)),
    )
    return Card(title, question, findings)


def _recommended(
    comparison: Comparison, robustness: pd.DataFrame, label: Mapping[str, str]
) -> tuple[str, ...]:
    sentences = []
    best = comparison.best
    for outcome, rows in best.groupby("outcome", sort=False):
        tops = rows.loc[rows.groupby("scenario", sort=False)["p_best"].idxmax()]
        winners = []
        for policy, of in tops.groupby("policy", sort=False):
            low, high = of["p_best"].min(), of["p_best"].max()
            chance = f"{low:.2f}" if f"{low:.2f}" == f"{high:.2f}" else f"{low:.2f} to {high:.2f}"
            where = _where(of["scenario"], tops["scenario"])
            winners.append(f"{policy} in {where} (probability best {chance})")
        of_outcome = robustness[robustness["outcome"] == outcome] if len(robustness) else robustness
        across = f" {_criteria(of_outcome)}" if len(of_outcome) else ""
        sentences.append(f"{label[str(outcome)]}: {'; '.join(winners)}.{across}")
    return tuple(sentences) or ("No key outcome has a better direction.",)


def _criteria(rows: pd.DataFrame) -> str:
    """Who is first under which criterion across the scenarios."""
    flat = rows.groupby("metric")["rank"].transform("max") == 1
    first = rows[(rows["rank"] == 1) & ~flat]
    if first.empty:
        return "Across the scenarios no criterion tells the policies apart."
    n_metrics = first["metric"].nunique()
    by_policy = {
        str(policy): list(of["metric"]) for policy, of in first.groupby("policy", sort=False)
    }
    texts = []
    most = max(map(len, by_policy.values()))
    for policy, metrics in sorted(by_policy.items(), key=lambda item: -len(item[1])):
        if most == n_metrics > len(metrics):
            words = _names(METRIC_WORDS[m] for m in metrics)
            texts.append(f"{policy} shares the first place under {words}")
        elif len(metrics) == n_metrics:
            texts.append(f"{policy} is first under all {n_metrics} criteria that tell them apart")
        else:
            texts.append(f"{policy} under {_names(METRIC_WORDS[m] for m in metrics)}")
    return f"Across the scenarios: {'; '.join(texts)}."


def _alike(comparison: Comparison, effects: pd.DataFrame) -> tuple[str, ...]:
    sentences = []
    for label, rows in comparison.best.groupby("label", sort=False):
        sets: dict[tuple[str, ...], list[str]] = {}
        zone = _range(rows["tolerance"].min(), rows["tolerance"].max())
        for scenario, of in rows.groupby("scenario", sort=False):
            members = tuple(of.loc[of["is_in_set"], "policy"])
            sets.setdefault(members, []).append(str(scenario))
        for members, scenarios in sets.items():
            if len(members) > 1:
                sentences.append(
                    f"{label}: {_names(members)} cannot be told apart at {zone} "
                    f"{rows['unit'].iloc[0]} in {_where(scenarios, rows['scenario'])}."
                )
    same = effects[effects["verdict"] == "no difference that matters"]
    for name, rows in same.groupby("policy", sort=False):
        parts = [
            f"{str(what).lower()} ({_where(of['scenario'], effects['scenario'])})"
            for what, of in rows.groupby("label", sort=False)
        ]
        sentences.append(
            f"{name} makes no difference that matters against {rows['baseline'].iloc[0]} in: "
            f"{'; '.join(parts)}."
        )
    return tuple(sentences) or ("Nothing: every policy differs from the best in every outcome.",)


def _by_verdict(effects: pd.DataFrame, verdict: str, otherwise: str) -> tuple[str, ...]:
    rows = effects[effects["verdict"] == verdict]
    sentences = []
    for (policy, label, unit), of in rows.groupby(["policy", "label", "unit"], sort=False):
        widest = of.iloc[int(of["mean"].abs().argmax())]
        where = _where(of["scenario"], effects["scenario"])
        sentences.append(
            f"{label}: {policy} in {where}; at most {_signed(widest['mean'])} {unit} "
            f"({_signed(widest['low'])} to {_signed(widest['high'])}) in "
            f"{widest['scenario']}."
        )
    return tuple(sentences) or (otherwise,)


def _cost(comparison: Comparison) -> tuple[str, ...]:
    costs = comparison.costs
    if costs.empty:
        return ("No cost is recorded for these policies.",)
    sentences = []
    for policy, rows in costs.groupby("policy", sort=False):
        low, high = rows["cost"].min(), rows["cost"].max()
        front = rows[rows["is_on_front"]]
        share = f"{len(front)} of {len(rows)} pairs of scenario and outcome"
        amount = _figure(low) if _figure(low) == _figure(high) else _range(low, high)
        sentences.append(
            f"{policy}: {amount} more than {comparison.settings.baseline} (relative cost since the "
            f"branch); nothing cheaper does better in {share}."
        )
    return (*sentences, *_equal_cost(comparison))


def _equal_cost(comparison: Comparison) -> list[str]:
    """Who does better of two policies that cost about the same."""
    costs = comparison.costs
    mean = costs.groupby("policy", sort=False)["cost"].mean()
    sign = costs["outcome"].map(lambda name: -1.0 if comparison.better(name) == "lower" else 1.0)
    benefit = costs.assign(benefit=sign * costs["effect"]).pivot(
        index=["scenario", "outcome"], columns="policy", values="benefit"
    )
    sentences = []
    for i, j in equal_cost_pairs(mean.to_numpy(float)):
        first, second = str(mean.index[i]), str(mean.index[j])
        wins = int((benefit[first] > benefit[second]).sum())
        sentences.append(
            f"{first} and {second} cost about the same (within a tenth): {first} does better in "
            f"{wins} of {len(benefit)} pairs of scenario and outcome."
        )
    return sentences


def _elsewhere(table: pd.DataFrame, label: Mapping[str, str]) -> tuple[str, ...]:
    if table.empty:
        return ("Nothing was compared.",)
    moved = table[(table["moved"] > 0) & (table["share_low"] >= LEAST_MOVED)]
    sentences = []
    for (policy, outcome, how), rows in moved.groupby(["policy", "outcome", "how"], sort=False):
        top = rows.iloc[int(rows["share_moved"].argmax())]
        sentences.append(
            f"{policy}, {label[str(outcome)].lower()}: of {_figure(top['saved'])} saved, "
            f"{_figure(top['moved'])} turn up again ({how}), at most in {top['scenario']}: "
            f"{top['share_moved']:.0%} ({top['share_low']:.0%} to {_share(top['share_high'])})."
        )
    return tuple(sentences) or ("No move is clearly above a tenth of what is saved.",)


def _precision(comparison: Comparison, label: Mapping[str, str]) -> tuple[str, ...]:
    table = comparison.precision
    last = table[table["is_last"]].iloc[0]
    name = f"{label[last['outcome']].lower()}, {last['policy']} in {last['scenario']}"
    known = f"{_figure(last['half_width'])} against {_figure(last['target'])} {last['unit']}"
    met = int(table["is_met"].sum())
    first = f"{met} of {len(table)} key contrasts are known to within the tolerance"
    sentences = [f"{first}, from {int(last['n'])} worlds."]
    if comparison.stop.is_met:
        sentences.append(f"The last contrast to converge was {name} (half-width {known}).")
    else:
        sentences.append(
            f"The wanted precision was not reached. The widest contrast is {name} (half-width "
            f"{known}); it needs some {int(table['n_needed'].max()):,} worlds."
        )
    if last["n"] < FEWEST_FOR_BOOTSTRAP:
        sentences.append(
            f"With fewer than {FEWEST_FOR_BOOTSTRAP} worlds the intervals of rare counts are too "
            "narrow when there are many contrasts (docs/statistics.md): read them as a first look."
        )
    return tuple(sentences)


def _pairing(effects: pd.DataFrame) -> tuple[str, ...]:
    sentences = []
    for label, rows in effects.groupby("label", sort=False):
        factors = rows["variance_reduction"].dropna()
        if factors.empty:
            continue
        low, high = factors.min(), factors.max()
        sentences.append(
            f"{label}: {_range(low, high)} times fewer worlds than without shared random numbers."
        )
    return tuple(sentences) or ("No key contrast varies.",)


def _names(names: Iterable[Any]) -> str:
    known: Sequence[str] = list(dict.fromkeys(map(str, names)))
    if len(known) > MOST_NAMED:
        return f"{', '.join(known[:MOST_NAMED])} and {len(known) - MOST_NAMED} more"
    return known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"


def _where(scenarios: Iterable[Any], every: Iterable[Any]) -> str:
    """Names of scenarios, or that it is all of them."""
    known, total = set(scenarios), set(every)
    return "every scenario" if known == total and len(total) > 1 else _names(scenarios)


def _range(low: float, high: float) -> str:
    first, last = _figure(low), _figure(high)
    return first if first == last else f"{first} to {last}"


def _share(value: float) -> str:
    return "any share" if value == float("inf") else f"{value:.0%}"


def _figure(value: float) -> str:
    """Three significant digits, thousands separated."""
    if abs(value) >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _signed(value: float) -> str:
    return f"+{_figure(value)}" if value > 0 else _figure(value).replace("-", "\u2212")
