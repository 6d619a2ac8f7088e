"""Means over many replicates against closed forms, within four standard errors.

Where a process moves in whole weeks the closed form is that of the weekly chain; its distance from
the continuous form that documents the process is checked apart.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from spillover.first_state import first_state
from spillover.processes import attacks, cells, plots, rule
from spillover.state import BASE_HOME, EMPTY, HIDE, LOCAL, PLANNED
from spillover.streams import Streams, purpose

SEED = 1906


@pytest.fixture
def begin(compiled, set_to):
    """(number of replicates, {path: value}) -> view of week 0, streams, first state."""

    def build(n_replicates: int, values: dict[str, float] | None = None):
        changes = [set_to(path, value) for path, value in (values or {}).items()]
        view = compiled(changes, n_weeks=1).at(0)
        streams = Streams(SEED, range(n_replicates))
        return view, streams, first_state(view, streams)

    return build


def assert_mean(sample: np.ndarray, expected: float) -> None:
    """Independent replicates: the mean lies within four standard errors of what is expected."""
    error = sample.std(ddof=1) / math.sqrt(sample.size)
    assert error > 0
    assert abs(sample.mean() - expected) < 4 * error, f"{sample.mean()} against {expected}"


def all_local(state, view):
    """Every cell attacks, and no allied group does; control as at the start."""
    return state.replace(
        cell_mode=np.full_like(state.cell_mode, LOCAL), fighters=np.zeros_like(state.fighters)
    )


def takeover_rate(view, men: float) -> float:
    """True attacks per week of so many local men, all generations included."""
    local = math.exp(3) / (1 + math.exp(3) + math.exp(0.9))
    true_rate = view.attacks.recorded_at_takeover / view.reporting.share_un
    return true_rate * men / (view.initial.isisk_fighters * local)


@pytest.mark.parametrize("branching", [0.0, 0.6])
def test_self_excitation_starts_and_stays_at_its_stationary_mean(begin, branching):
    """Mean mu / (1 - n) in every week, so the rate at takeover does not depend on n."""
    view, streams, state = begin(60, {"attacks.branching_ratio": branching})
    state = all_local(state, view)
    rate = takeover_rate(view, state.cell_fighters.sum(axis=1).mean())
    n_cells = np.stack([np.bincount(row[row >= 0], minlength=34) for row in state.cell_place])
    state = state.replace(excitation=rate * n_cells / n_cells.sum(axis=1, keepdims=True))
    weekly = []
    for week in range(60):
        state, _ = attacks.step(state, week, view, streams)
        weekly.append(state.week_attacks.sum(axis=1))
    weekly = np.array(weekly)
    assert_mean(weekly[:5].mean(axis=0), rate)
    assert_mean(weekly.mean(axis=0), rate)


def test_excitation_from_nothing_grows_as_its_geometric_law(begin):
    """E[M_t] = M* (1 - (k + (1 - k) n)^t) with k = exp(-w): week 0 is low by 1 - n."""
    n, k = 0.6, 0.5 ** (1 / 2)
    view, streams, state = begin(80, {"attacks.branching_ratio": n, "attacks.half_life": 2.0})
    state = all_local(state, view)
    state = state.replace(excitation=np.zeros_like(state.excitation))
    rate = takeover_rate(view, state.cell_fighters.sum(axis=1).mean())
    for week in range(12):
        state, _ = attacks.step(state, week, view, streams)
        if week in (0, 2, 5, 11):
            expected = rate * (1 - n + n * (1 - (k + (1 - k) * n) ** week))
            assert_mean(state.week_attacks.sum(axis=1), expected)


def test_severity_has_the_mean_of_its_tail(begin):
    view, streams, state = begin(60, {"attacks.deadly_share": 0.35})
    state = all_local(state, view)
    weight = [(k + 3.0) ** -2.45 for k in range(1, 251)]
    per_deadly = sum(k * w for k, w in enumerate(weight, 1)) / sum(weight)
    assert per_deadly == pytest.approx(6.7, abs=0.1)  # model check, section 2
    deaths, deadly, count = [], [], []
    for week in range(40):
        _, info = attacks.step(state, week, view, streams)
        deaths.append(info.deaths.sum(axis=1))
        deadly.append(info.deadly.sum(axis=1))
        count.append(info.attacks.sum(axis=1))
    deaths, deadly, count = (np.sum(part, axis=0) for part in (deaths, deadly, count))
    assert_mean(deadly - 0.35 * count, 0.0)
    assert_mean(deaths - per_deadly * deadly, 0.0)


def planned_everywhere(state):
    """Every slot holds a fresh plot at home, and nobody starts another."""
    shape = state.plot_stage.shape
    return state.replace(
        plot_stage=np.full(shape, PLANNED, dtype=np.int8),
        plot_base=np.full(shape, BASE_HOME, dtype=np.int8),
        plot_target=np.zeros(shape, dtype=np.int8), plot_region=np.zeros(shape, dtype=np.int64),
        plot_cohort=np.zeros(shape, dtype=np.int64), plot_people=np.full(shape, 4),
        plot_skill=np.zeros(shape), cell_mode=np.full_like(state.cell_mode, HIDE),
        radicalised=np.zeros_like(state.radicalised), operatives=np.zeros_like(state.operatives),
    )  # fmt: skip


def live_through(view, streams, state, hazard: float = 0.0):
    """Weeks until each plot is carried out [plot]; a plot that was found stays infinite."""
    state = planned_everywhere(state)
    lived = np.full(state.plot_stage.shape, np.inf)
    finds = purpose("test/finds")
    week = 0
    while (state.plot_stage != EMPTY).any():
        week += 1
        u = streams.uniform(finds, week, state.plot_stage.shape[1])
        found = (state.plot_stage != EMPTY) & (u < 1 - math.exp(-hazard))
        state = state.replace(plot_stage=np.where(found, EMPTY, state.plot_stage).astype(np.int8))
        before = state.plot_stage != EMPTY
        state, _ = plots.step(state, week, view, streams)
        lived[before & (state.plot_stage == EMPTY)] = week
    return lived.ravel()


@pytest.fixture(scope="module")
def preparation(compiled):
    """Weeks of preparation of some 3,800 plots outside Afghanistan."""
    view, streams = compiled((), n_weeks=1).at(0), Streams(SEED, range(40))
    return live_through(view, streams, first_state(view, streams))


def test_preparation_takes_two_equal_stages(preparation):
    """Two geometric stages of 19.5 weeks: the mean of Gamma(2, 19.5), and nearly its shape."""
    n = preparation.size
    assert abs(preparation.mean() - 39.0) < 4 * preparation.std() / math.sqrt(n)
    assert preparation.min() >= 2
    chain = stats.nbinom(2, 2 / 39, loc=2)
    for week in (5, 10, 20, 39, 60, 109):
        p = chain.cdf(week)
        assert p == pytest.approx(stats.gamma(2, scale=19.5).cdf(week), abs=0.01), week
        share = (preparation <= week).mean()
        assert abs(share - p) < 4 * math.sqrt(p * (1 - p) / n), week


def test_preparation_has_its_documented_range(preparation):
    low, high = np.quantile(preparation, [0.025, 0.975])
    law = stats.gamma(2, scale=19.5)
    assert law.interval(0.95) == pytest.approx((4.7, 108.6), abs=0.05)
    n = preparation.size
    for level, value in ((0.025, low), (0.975, high)):
        error = math.sqrt(level * (1 - level) / n) / law.pdf(law.ppf(level))
        assert abs(value - law.ppf(level)) < 1.0 + 4 * error  # the chain counts whole weeks


@pytest.mark.parametrize(("hazard", "documented"), [(0.01, 0.70), (0.04, 0.32), (0.16, 0.06)])
def test_share_of_plots_never_found(begin, hazard, documented):
    """(1 + h m / 2)^-2 in continuous time; the chain looks before a stage can end."""
    closed = (1 + hazard * 39 / 2) ** -2
    assert closed == pytest.approx(documented, abs=0.005)
    stage = 2 / 39
    stay = math.exp(-hazard)
    chain = (stay * stage / (1 - stay * (1 - stage))) ** 2
    assert chain == pytest.approx(closed, abs=0.015)
    view, streams, state = begin(12)
    missed = np.isfinite(live_through(view, streams, state, hazard))
    assert abs(missed.mean() - chain) < 4 * math.sqrt(chain * (1 - chain) / missed.size)


def test_knowledge_approaches_its_ceiling(compiled):
    """dI/dt = a (1 - I) - d I has I = a / (a + d) (1 - exp(-(a + d) t))."""
    par = compiled((), n_weeks=1).at(0).cells
    effort = np.array([1.0, 0.5, 0.1])
    gain = par.knowledge_gain * effort
    loss = par.knowledge_decay / (365.25 / 7)
    known = np.zeros(3)
    for week in range(1, 301):
        known = known + cells.knowledge_change(known, 99, effort, np.zeros(3, dtype=int), par)
        chain = gain / (gain + loss) * (1 - (1 - gain - loss) ** week)
        assert known == pytest.approx(chain, rel=1e-9)
        smooth = gain / (gain + loss) * -np.expm1(-(gain + loss) * week)
        assert known == pytest.approx(smooth, rel=0.02)
    # Model check: at full effort the authorities end near 0.93 and no attack is needed for that.
    assert known[0] == pytest.approx(0.93, abs=0.01)


def test_freed_prisoners_rejoin_with_their_lag(begin):
    view, streams, state = begin(30, {"cells.release_lag": 4.0})
    for week in range(6):
        state, _ = cells.step(state, week, view, streams)
    n, p = 30 * 1000, math.exp(-6 / 4)
    assert abs(state.release_pool.sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))


def test_loyalty_reverts_to_its_pull_with_bounded_spread(begin):
    """First-order autoregression: mean l* + (l - l*)(1 - a)^t, sd s sqrt((1 - b^t) / (1 - b))."""
    view, streams, state = begin(40, {"rule.loyalty_from_pay": 0.0, "rule.loyalty_noise": 0.02})
    a, sd = view.rule.loyalty_reversion, view.rule.loyalty_noise
    pull = view.rule.loyalty_start[view.world.province_zone]
    state = state.replace(loyalty=np.full_like(state.loyalty, 0.9))
    for week in range(1, 101):
        state, _ = rule.step(state, week - 1, view, streams)
        if week in (1, 10, 30, 100):
            away = state.loyalty - (pull + (0.9 - pull) * (1 - a) ** week)
            b = (1 - a) ** 2
            spread = sd * math.sqrt((1 - b**week) / (1 - b))
            n = away.size
            assert abs(away.mean()) < 4 * spread / math.sqrt(n)
            assert away.std() == pytest.approx(spread, rel=4 / math.sqrt(2 * n))


def test_treasury_settles_at_its_reserve(begin):
    """With steady revenue R the treasury ends at the reserve of so many weeks, and spends R."""
    view, streams, state = begin(2, {"rule.control_gain": 0.0, "rule.reserve_weeks": 6.0})
    state = state.replace(treasury_usd=np.zeros(2, dtype=np.int64))
    quiet = np.zeros_like(state.week_attacks)
    for week in range(200):
        state, info = rule.step(state.replace(week_attacks=quiet), week, view, streams)
    assert state.treasury_usd == pytest.approx(6.0 * info.revenue_usd, abs=10)
    assert info.spending_usd == pytest.approx(info.revenue_usd, abs=3)
