"""Every pattern on made-up tables of known answer: it passes there, and misses when bent."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from spillover.axes import STATES
from spillover.validation import experiment, flows, security
from spillover.validation.check import MISS, NOT_COVERED, PASS, status_of
from spillover.validation.experiment import displaced_share
from spillover.validation.history import week_shares
from spillover.validation.patterns import PATTERNS, judge
from spillover.validation.security import tail_share

N_WEEKS = 229


def over(start: str, end: str, amount: float) -> np.ndarray:
    """A weekly flow that adds up to an amount in a window and is nothing outside [week]."""
    shares = week_shares(date.fromisoformat(start), date.fromisoformat(end), N_WEEKS)
    return amount * shares / (shares**2).sum()


def attacks_as_recorded() -> np.ndarray:
    """Weekly attacks that give every recorded window its number to within a few."""
    rate = np.zeros(N_WEEKS)
    windows = [
        ("2021-08-15", "2021-08-31", 13), ("2021-09-01", "2021-09-30", 38),
        ("2021-10-01", "2021-10-31", 48), ("2021-11-01", "2021-12-31", 56),
        ("2022-01-01", "2022-05-21", 82), ("2022-05-22", "2022-07-31", 45),
        ("2022-08-01", "2022-08-16", 3),
        ("2022-08-17", "2022-11-13", 28), ("2022-11-14", "2023-01-31", 8),
        ("2023-02-01", "2023-05-20", 11), ("2023-05-21", "2023-07-31", 5),
        ("2023-08-01", "2023-11-07", 8), ("2023-11-08", "2025-12-31", 40),
    ]  # fmt: skip
    for start, end, number in windows:
        days = (date.fromisoformat(end) - date.fromisoformat(start)).days + 1
        shares = week_shares(date.fromisoformat(start), date.fromisoformat(end), N_WEEKS)
        rate += shares * number / days * 7
    return rate


def stepwise(*steps: tuple[str, float]) -> np.ndarray:
    """A level that holds from each date on."""
    values = np.zeros(N_WEEKS)
    for start, level in steps:
        week = max(0, (date.fromisoformat(start) - date(2021, 8, 15)).days // 7)
        values[week:] = level
    return values


ATTACKS = attacks_as_recorded()
STRENGTH = stepwise(("2021-08-15", 1800), ("2022-01-01", 3500), ("2023-01-01", 5000))


@pytest.fixture(scope="module")
def good(made):
    """A hindcast that agrees with everything but the experiment."""
    deaths = ATTACKS * np.where(np.arange(N_WEEKS) < 70, 1.5, 2.5)
    weekly = {
        ("isisk_attacks_un", "AFG"): ATTACKS,
        ("isisk_claimed_attacks", "AFG"): ATTACKS * 0.72,
        ("isisk_deaths", "AFG"): deaths,
        ("isisk_strength_reported", "AFG"): STRENGTH,
        ("poppy_area", "AFG"): over("2022-04-01", "2022-06-30", 233_000)
        + over("2023-04-01", "2023-06-30", 10_800),
        ("farm_income", "AFG"): over("2022-04-01", "2022-06-30", 1.36e9)
        + over("2023-04-01", "2023-06-30", 1.1e8),
        ("opium_price", "AFG"): stepwise(("2022-01-01", 203), ("2023-01-01", 408)),
        ("taliban_revenue", "AFG"): 2_240 / (365 / 7),
        ("drugs_seized", "TJK"): stepwise(
            ("2021-08-15", 2.39 / 184 * 7), ("2022-01-01", 4.99 / 365 * 7),
            ("2023-01-01", 5.28 / 365 * 7),
        ),
        ("drugs_seized_border_regions", "TJK"): 2.9 / 365 * 7,
        ("trade_with_afghanistan", "UZB"): 369 / 181 * 365.25,
        ("exports_to_afghanistan", "UZB"): 369 / 181 * 365.25 * 0.985,
        ("refugees", "UZB"): 13_030,
        ("refugees", "TJK"): stepwise(("2021-08-15", 10_700), ("2022-06-01", 8_600)),
        ("refugees", "KAZ"): 400, ("refugees", "KGZ"): 213, ("refugees", "TKM"): 10,
        ("plots_disrupted", "KAZ"): 2 / (365.25 / 7),
        ("frontier_attacks", "UZB"): 2 / (365 / 7), ("frontier_attacks", "TJK"): 1 / (365 / 7),
        ("frontier_attacks", "KAZ"): 0, ("frontier_attacks", "KGZ"): 0,
        ("frontier_attacks", "TKM"): 0,
    }  # fmt: skip
    order = {"UZB": 0.6, "TKM": 0.6, "KAZ": 0.4, "KGZ": 0.35, "TJK": 0.05}
    yearly = {("engagement", state, 2023): value for state, value in order.items()}
    for state in STATES:
        for year in (2021, 2022, 2023):
            yearly[("deaths_home", state, year)] = 0.0
        yearly[("frontier_deaths", state, 2022)] = 0.0
    places = {("isisk_attacks_un", f"AF-{i}", 2021): float(i < 16) for i in range(34)}
    places |= {("seizures_kg", "TJ-KT", 2023): 2_000.0, ("seizures_kg", "TJ-GB", 2023): 500.0}
    units = {
        **{name: ("attacks", "flow") for name in ("isisk_attacks_un", "isisk_claimed_attacks",
                                                  "frontier_attacks")},
        "isisk_deaths": ("deaths", "flow"), "isisk_strength_reported": ("fighters", "stock"),
        "poppy_area": ("ha", "flow"), "farm_income": ("USD", "flow"),
        "opium_price": ("USD/kg", "stock"), "taliban_revenue": ("USD million", "flow"),
        "drugs_seized": ("t", "flow"), "drugs_seized_border_regions": ("t", "flow"),
        "trade_with_afghanistan": ("USD million/yr", "stock"),
        "exports_to_afghanistan": ("USD million/yr", "stock"),
        "refugees": ("persons", "stock"), "plots_disrupted": ("plots", "flow"),
    }  # fmt: skip
    severities = {1: 60, 2: 20, 5: 10, 20: 8, 60: 2}
    return made(weekly, yearly, places, severities, units=units, tilt=0.3)


@pytest.mark.parametrize("pattern", [p for p in PATTERNS if p.read], ids=lambda p: p.id)
def test_a_hindcast_that_agrees_passes(good, pattern):
    checks = pattern.checks(good, None)
    said = [(c.spec.title, c.spec.target, c.median, c.span, c.why) for c in checks if c.why]
    assert status_of(checks) == PASS, said


def bent(history, name, factor):
    weekly = {**history.weekly, name: history.weekly[name] * factor}
    return type(history)(weekly, history.yearly, history.places, history.severities,
                         history.worlds, history.units)  # fmt: skip


@pytest.mark.parametrize(
    ("read", "name", "factor"),
    [
        (security.surge, "isisk_attacks_un", 0.5),
        (security.decline, "isisk_attacks_un", np.where(np.arange(N_WEEKS) > 100, 4.0, 1.0)),
        (security.lethality, "isisk_deaths", np.where(np.arange(N_WEEKS) > 70, 0.5, 1.0)),
        (security.strength, "isisk_strength_reported", 0.5),
        (security.quiet_at_home, "frontier_attacks", 4.0),
        (security.disrupted, "plots_disrupted", 0.2),
        (security.two_definitions, "isisk_claimed_attacks", 2.0),
        (flows.poppy, "poppy_area", 2.0),
        (flows.farm_income, "farm_income", 0.5),
        (flows.farm_income, "opium_price", 0.4),
        (flows.seizures, "drugs_seized", 0.5),
        (flows.at_the_border, "drugs_seized_border_regions", 0.5),
        (flows.refugees, "refugees", 1.5),
        (flows.trade, "trade_with_afghanistan", 1.3),
        (flows.trade, "exports_to_afghanistan", 0.9),
        (flows.revenue, "taliban_revenue", 1.3),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_bent_hindcast_misses(good, read, name, factor):
    assert status_of(read(bent(good, name, factor))) == MISS


def test_every_pattern_says_when_it_is_not_covered(made):
    verdicts = judge(made({("unrelated", "AFG"): 1.0}))
    assert [verdict.status for verdict in verdicts] == [NOT_COVERED] * len(PATTERNS)
    assert all(check.reason for verdict in verdicts for check in verdict.checks)
    assert [pattern.id for pattern in PATTERNS] == [f"K{i}" for i in range(1, 18)]


def test_every_number_has_a_source_and_a_demand(good):
    for verdict in judge(good):
        for check in verdict.checks:
            spec = check.spec
            assert spec.source and spec.title, verdict.pattern.id
            assert spec.target is not None or spec.band or spec.least, spec.title
            if spec.band and spec.target is not None:
                assert spec.band[0] <= spec.target <= spec.band[1], spec.title


def test_engagement_in_another_order_misses(made):
    order = {"UZB": 0.1, "TKM": 0.2, "KAZ": 0.3, "KGZ": 0.4, "TJK": 0.5}
    yearly = {("engagement", state, 2023): value for state, value in order.items()}
    tau, last = security.engagement(made({("x", "AFG"): 0}, yearly))
    assert tau.median < -0.9 and last.median == 0 and tau.status == last.status == MISS


def test_a_mass_casualty_attack_at_home_misses(made):
    yearly = {("deaths_home", "KAZ", year): 0.0 for year in (2021, 2022, 2023)}
    yearly[("deaths_home", "KAZ", 2022)] = 30.0
    yearly |= {("deaths_home", "UZB", year): 0.0 for year in (2021, 2022, 2023)}
    assert security.quiet_at_home(made({("x", "AFG"): 0}, yearly))[0].status == MISS


def test_tail_share_by_hand():
    """Ten attacks, 28 deaths: the deadliest one made 10 of them."""
    killed, n_attacks = np.array([1, 3, 10]), np.array([3, 6, 1])
    assert tail_share(killed, n_attacks) == pytest.approx(10 / 31)
    # A fifth of them: the one, and one of those that killed three.
    assert tail_share(killed, n_attacks, 0.2) == pytest.approx(13 / 31)
    assert tail_share(np.array([2]), np.array([10])) == pytest.approx(0.1)


def test_displaced_share_by_hand():
    here, elsewhere = (np.array([10.0]), np.array([6.0])), (np.array([5.0]), np.array([8.0]))
    assert displaced_share(here, elsewhere) == pytest.approx([0.75])
    assert np.isnan(displaced_share(elsewhere, here)).all()  # nothing was lost


def flows_of(made, tajik: float, others: float, sold: float, spread=None):
    yearly = {}
    for year in experiment.MEASURED:
        yearly |= {("opiates_entered", s, year): others / 2 for s in ("UZB", "TKM")}
        yearly |= {("opiates_entered", s, year): 0.0 for s in ("KAZ", "KGZ")}
        yearly[("opiates_entered", "TJK", year)] = tajik
        yearly[("opiates_sold_north", "AFG", year)] = sold
    return made({("x", "AFG"): 0}, yearly, spread=np.linspace(0.8, 1.2, 5))


def test_more_patrols_that_move_the_flow_pass(made):
    before, after = flows_of(made, 100, 100, 190), flows_of(made, 60, 136, 180)
    checks = experiment.displacement(before, after)
    assert status_of(checks) == PASS
    by_hand = [np.log(180 / 190) / np.log(2), np.log(0.6) / np.log(2), 36 / 40]
    assert [check.median for check in checks] == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("tajik", "others", "sold"),
    [(60, 100, 150), (100, 100, 190), (20, 180, 190), (60, 136, 100)],
    ids=["stopped, not moved", "no answer", "more than moved", "half stopped"],
)
def test_other_answers_to_patrols_miss(made, tajik, others, sold):
    before = flows_of(made, 100, 100, 190)
    assert status_of(experiment.displacement(before, flows_of(made, tajik, others, sold))) != PASS


def test_the_experiment_needs_its_runs(made):
    checks = experiment.displacement(flows_of(made, 100, 100, 190), None)
    assert status_of(checks) == NOT_COVERED
    assert all("doubled patrols" in check.reason for check in checks)
