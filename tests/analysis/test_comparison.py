"""A comparison of made-up policies whose effects are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spillover.analysis.across_scenarios import (
    agreement_table,
    factorial_table,
    regret_table,
    robustness_table,
)
from spillover.analysis.card import make_card
from spillover.analysis.comparison import Settings, compare
from spillover.analysis.precision import Rule
from spillover.analysis.tolerance import Tolerance
from spillover.errors import UserError

REGISTRY = {
    "attacks": {"label": "Attacks", "unit": "attacks", "kind": "flow", "better": "lower"},
    "talks": {"label": "Talks", "unit": "index", "kind": "stock", "better": None},
    "policy_cost": {"label": "Cost", "unit": "relative cost", "kind": "flow", "better": "lower"},
}
EFFECT = {"status_quo": 0.0, "good": -3.0, "twin": -2.9, "bad": 4.0, "idle": 0.1}
COST = {"status_quo": 0.0, "good": 10.0, "twin": 10.5, "bad": 5.0, "idle": 1.0}
SETTINGS = Settings("status_quo", {"attacks": Tolerance(0.5)}, Rule())


def worlds(n=120, scenarios=("calm", "storm"), effect=EFFECT):
    rng = np.random.default_rng(11)
    rows = []
    for s, scenario in enumerate(scenarios):
        luck = rng.poisson(20, n) + 10.0 * s
        for policy, change in effect.items():
            own = rng.normal(0.0, 0.3, n) if change else np.zeros(n)
            for outcome, values in (
                ("attacks", luck + change + own),
                ("talks", np.full(n, 0.5)),
                ("policy_cost", np.full(n, COST.get(policy, 1.0))),
            ):
                rows.append(
                    pd.DataFrame(
                        {
                            "scenario": scenario, "policy": policy, "draw": 0,
                            "replicate": np.arange(n), "region": "all5", "outcome": outcome,
                            "value": values,
                        }
                    )
                )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


@pytest.fixture(scope="module")
def found():
    return compare(worlds(), REGISTRY, SETTINGS)


def test_effects_and_verdicts(found):
    key = found.effects[found.effects["is_key"]].set_index(["scenario", "policy"])
    assert len(key) == 8 and set(key["outcome"]) == {"attacks"}
    for (_, policy), row in key.iterrows():
        assert row["low"] < EFFECT[policy] < row["high"]
        assert row["low"] < row["single_low"] < row["single_high"] < row["high"]
    words = key.loc["storm", "verdict"].to_dict()
    assert words == {
        "good": "better", "twin": "better", "bad": "harmful",
        "idle": "no difference that matters",
    }  # fmt: skip


def test_pairing_is_reported(found):
    factors = found.effects.loc[found.effects["is_key"], "variance_reduction"]
    assert factors.min() > 100  # 2 * 20 of two Poisson worlds over 0.09


def test_the_best_and_those_that_are_as_good(found):
    best = found.best[found.best["scenario"] == "calm"].set_index("policy")
    assert best.loc[["good", "twin"], "is_in_set"].all()
    assert not best.loc[["bad", "status_quo", "idle"], "is_in_set"].any()
    assert best["p_best"].idxmax() == "good" and best["p_best"].sum() == pytest.approx(1.0)


def test_costs_and_front(found):
    costs = found.costs.set_index(["scenario", "policy"])
    assert costs.loc[("calm", "good"), "cost"] == pytest.approx(10.0)
    assert costs.loc["calm", "is_on_front"].to_dict() == {
        "good": True, "twin": False, "bad": False, "idle": False,
    }  # fmt: skip


def test_tails_and_precision(found):
    tails = found.tails.set_index(["scenario", "policy"])
    gap = tails["cvar"] - tails["cvar_baseline"]
    assert gap[("calm", "status_quo")] == 0.0
    assert gap[("calm", "good")] == pytest.approx(-3.0, abs=0.5)
    precision = found.precision
    assert len(precision) == 8 and precision["is_last"].sum() == 1
    assert precision["is_met"].all() and not found.stop.is_met  # 120 worlds give one look only


def test_robustness_regret_and_agreement(found):
    table = robustness_table(found)
    assert table.groupby("policy")["metric"].nunique().eq(8).all()
    first = table[table["rank"] == 1].groupby("metric")["policy"].agg(list)
    assert first["laplace"] == ["good"] and set(first["starr"]) == {"good", "twin"}
    regrets = regret_table(found)
    assert regrets.groupby("scenario")["regret"].min().eq(0.0).all()
    agreement = agreement_table(table)
    assert len(agreement) == 64 and agreement["tau"].max() == pytest.approx(1.0)


def test_one_scenario_has_no_robustness():
    one = compare(worlds(scenarios=("calm",)), REGISTRY, SETTINGS)
    assert robustness_table(one).empty and agreement_table(robustness_table(one)).empty


def test_a_world_that_one_policy_lacks_counts_for_none():
    values = worlds()
    gone = (values["policy"] == "bad") & (values["replicate"] < 20) & (values["scenario"] == "calm")
    effects = compare(values[~gone], REGISTRY, SETTINGS).effects
    assert set(effects.loc[effects["scenario"] == "calm", "n"]) == {100}


def test_with_draws_each_draw_is_one_world():
    values = worlds(n=100)
    values = values.assign(draw=values["replicate"] % 5 + 1, replicate=values["replicate"] // 5)
    effects = compare(values, REGISTRY, SETTINGS).effects
    assert set(effects["n"]) == {5}


@pytest.mark.parametrize(
    ("values", "baseline", "message"),
    [
        (worlds(), "status_qou", "baseline is not among"),
        (worlds(effect={"status_quo": 0.0}), "status_quo", "only one policy"),
        (worlds(n=1), "status_quo", "at least two worlds"),
    ],
)
def test_what_cannot_be_compared(values, baseline, message):
    with pytest.raises(UserError, match=message):
        compare(values, REGISTRY, Settings(baseline, SETTINGS.tolerances))


def test_the_card_says_it_in_words(found):
    labels = {name: str(o["label"]) for name, o in REGISTRY.items()}
    card = make_card(found, robustness_table(found), pd.DataFrame(), labels, "study", "Who?")
    text = card.markdown
    said = {finding.heading: " ".join(finding.sentences) for finding in card.findings}
    assert text.startswith("# study\n\nWho?\n\n## Recommended") and "## Not covered" in text
    assert "good in every scenario (probability best" in said["Recommended, and by which criterion"]
    assert "good and twin cannot be told apart" in said["Indistinguishable at your tolerance"]
    assert "idle makes no difference that matters" in said["Indistinguishable at your tolerance"]
    assert "Attacks: bad in every scenario" in said["Harmful"]
    assert "good: 10 more than status_quo" in said["Cost"]
    assert "good and twin cost about the same (within a tenth): good does better in" in said["Cost"]
    assert "precision was not reached" in said["Precision"]
    assert "times fewer worlds" in said["Did pairing the worlds help?"]


def test_the_factorial_needs_all_sixteen(found):
    assert factorial_table(found).empty
    groups = ("intelligence_sharing", "border_security", "diplomatic_engagement")
    groups = (*groups, "counter_radicalisation")
    effect = {}
    for code in range(16):
        on = [g for i, g in enumerate(groups) if code >> i & 1]
        name = "+".join(on) or "status_quo"
        effect["full_package" if len(on) == 4 else name] = float(-2 * len(on))
    table = factorial_table(compare(worlds(effect=effect), REGISTRY, SETTINGS))
    calm = table[table["scenario"] == "calm"].set_index("term")
    assert len(calm) == 15
    assert calm.loc[list(groups), "mean"].to_numpy() == pytest.approx([-2.0] * 4, abs=0.1)
    assert calm.loc[calm["kind"] == "synergy", "mean"].abs().max() < 0.1
