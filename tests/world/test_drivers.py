"""Weekly drivers: the table is current, complete, inside its bounds, and follows its rules."""

from __future__ import annotations

import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import yaml

from spillover.axes import COUNTRIES, STATES
from spillover.clock import HORIZONS, START, week_start
from spillover.errors import UserError
from spillover.evidence.facts import load_facts
from spillover.evidence.reading import DATA, PARAMETERS, read_csv, read_yaml
from spillover.world.build_drivers import DRIVERS_FILE, drivers_text, main
from spillover.world.drivers import BASES, build_series
from spillover.world.returns import BRANCH_WEEK
from spillover.world.rows import calibration_value, fact_value

SINGLE = {
    "external_grants", "return_hazard_pakistan", "return_hazard_iran",
    "departures_pakistan", "departures_iran", "opium_yield", "partner_trade",
    "russian_attention", "csto_programme", "cis_programme", "pakistan_border_open",
    "qosh_tepa_completion", "amu_darya_flow", "irrigation_season", "kgz_tjk_clash",
    "recognition", "diaspora_stress", "kgz_tjk_treaty",
    "syria_arrivals", "prison_releases", "chinese_pressure", "ukraine_war", "food_need",
    "unemployment",
}  # fmt: skip
BY_STATE = {
    "delisting", "guarantee", "remittance_dependence",
    "domestic_shock",
}  # fmt: skip
COLUMNS = SINGLE | {f"{name}:{state}" for name in BY_STATE for state in STATES}
COLUMNS |= {f"national_income:{country}" for country in COUNTRIES}
ROWS = read_csv(DRIVERS_FILE, ("week", "week_start", "series", "value", "rule", "basis", "sources"))
N_WEEKS = HORIZONS["projection"]
ENTRIES = read_yaml(PARAMETERS / "drivers.yaml")


@pytest.fixture(scope="module")
def values() -> dict[str, np.ndarray]:
    """Weekly values [w] by column of the file on disk."""
    by_column: dict[str, list[float]] = {}
    for row in ROWS:
        by_column.setdefault(row["series"], []).append(float(row["value"]))
    return {name: np.array(column) for name, column in by_column.items()}


def week(day: str) -> int:
    """Week that a date lies in."""
    return (date.fromisoformat(day) - START).days // 7


def test_file_is_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert DRIVERS_FILE.read_text(encoding="utf-8") == drivers_text()
    assert main(["--check"]) == 0
    stale = tmp_path / "drivers.csv"
    stale.write_text("week\n", encoding="utf-8")
    monkeypatch.setattr("spillover.world.build_drivers.DRIVERS_FILE", stale)
    assert main(["--check"]) == 1
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_every_series_has_every_week_once_and_in_order() -> None:
    assert {row["series"] for row in ROWS} == COLUMNS
    assert len(ROWS) == N_WEEKS * len(COLUMNS)
    for i, row in enumerate(ROWS):
        assert int(row["week"]) == i % N_WEEKS
        assert row["week_start"] == week_start(i % N_WEEKS).isoformat()
        assert row["series"] == ROWS[i - i % N_WEEKS]["series"]


def test_every_series_has_one_parameter_entry_and_its_axis() -> None:
    axes = dict.fromkeys(SINGLE) | dict.fromkeys(BY_STATE, "state") | {"national_income": "country"}
    assert set(ENTRIES) == set(axes)
    for name, entry in ENTRIES.items():
        assert entry["series"] == name
        assert entry.get("axis") == axes[name]


def test_values_lie_within_the_bounds_of_their_entry(values: dict[str, np.ndarray]) -> None:
    for column, weekly in values.items():
        low, high = ENTRIES[column.split(":")[0]]["bounds"]
        assert np.isfinite(weekly).all(), column
        assert weekly.min() >= low, column
        assert weekly.max() <= high, column


def test_every_source_exists_and_only_assumptions_go_without() -> None:
    variables = {
        row["variable"]
        for table in ("calibration_drivers.csv", "targets.csv")
        for row in read_csv(DATA / table, ("variable",))
    }
    known = set(load_facts()) | {f"calibration:{name}" for name in variables}
    cited = {
        (row["basis"], source)
        for row in ROWS
        for source in (row["sources"].split(";") if row["sources"] else [""])
    }
    for basis, source in cited:
        assert basis in BASES
        assert source in known or (source == "" and basis == "assumed"), (basis, source)
    for name, entry in ENTRIES.items():
        assert entry["sources"], name
        assert set(entry["sources"]) <= known, name
        assert entry["derivation"], name


def test_after_the_branch_date_nothing_counts_as_measured_except_plans() -> None:
    late = {(r["rule"], r["basis"]) for r in ROWS if int(r["week"]) >= BRANCH_WEEK}
    assert all(
        basis == "assumed" for rule, basis in late if rule in ("hold", "last_year", "mean_pace")
    )
    assert {rule for rule, _ in late} == {
        "hold", "last_year", "mean_pace", "linear", "seasonal",
    }  # fmt: skip


def test_grants_follow_the_rows_and_fall_with_the_us_stop(values: dict[str, np.ndarray]) -> None:
    grants = values["external_grants"]
    for year, billion in (("2022", 4.65), ("2023", 3.52), ("2024", 2.9)):
        assert grants[week(f"{year}-07-01")] == pytest.approx(1000 * billion)
    full_stop = 2900 - 735.7
    assert grants[week("2025-02-15")] == pytest.approx((2900 + full_stop) / 2)
    assert np.allclose(grants[week("2025-06-01") :], full_stop)


def test_steps_begin_with_the_week_after_their_date(values: dict[str, np.ndarray]) -> None:
    """24 February 2022 is a Thursday, so the week of 27 February is the first at war."""
    war = values["ukraine_war"]
    assert week_start(week("2022-02-27")) == date(2022, 2, 27)
    assert (war[: week("2022-02-27")] == 0).all()
    assert (war[week("2022-02-27") :] == 1).all()
    assert np.flatnonzero(np.diff(values["kgz_tjk_treaty"])) + 1 == week("2025-03-16")
    assert np.flatnonzero(np.diff(values["recognition"])) + 1 == week("2025-07-06")


def test_attention_without_the_war_is_that_of_2021(values: dict[str, np.ndarray]) -> None:
    assert (values["russian_attention"] == 1).all()


def test_canal_and_irrigation(values: dict[str, np.ndarray]) -> None:
    canal = values["qosh_tepa_completion"]
    assert (np.diff(canal) >= 0).all()
    assert canal[week("2022-02-20")] == 0
    assert canal[week("2023-10-15")] == pytest.approx(0.38, abs=0.005)
    assert canal[week("2028-07-02")] == 1
    season = values["irrigation_season"]
    assert season[: 7 * 52].mean() == pytest.approx(1.0, abs=0.01)
    assert season[week("2029-07-15")] == pytest.approx(2.1, abs=0.02)
    assert season[week("2029-01-14")] == pytest.approx(0.3, abs=0.02)


def test_river_has_mean_one_and_a_summer_peak(values: dict[str, np.ndarray]) -> None:
    flow = values["amu_darya_flow"]
    assert flow[: 7 * 52].mean() == pytest.approx(1.0, abs=0.01)
    months = np.array([week_start(w).month for w in range(N_WEEKS)])
    summer, winter = np.isin(months, (6, 7, 8)), np.isin(months, (12, 1, 2))
    assert 4.5 < flow[summer].mean() / flow[winter].mean() < 6.0


def test_customs_of_1401_are_possible_with_a_tariff_of_15_per_cent(
    values: dict[str, np.ndarray],
) -> None:
    span = values["partner_trade"][week("2022-03-27") : week("2023-03-19") + 1]
    revenue = 0.15 * (span.mean() + 1800 + 1700) / 1000  # with the five states and Pakistan
    assert revenue == pytest.approx(1.28, abs=0.03)


def test_pakistan_border_repeats_the_last_year(values: dict[str, np.ndarray]) -> None:
    border = values["pakistan_border_open"]
    assert border[week("2025-10-12")] == pytest.approx(0.1)
    assert border[week("2025-10-05")] == 1
    assert border[week("2025-03-01")] == pytest.approx(0.6)
    future = border[BRANCH_WEEK:]
    assert np.array_equal(future, np.resize(border[BRANCH_WEEK - 52 : BRANCH_WEEK], len(future)))


def test_programmes_reach_full_delivery_at_the_end_of_their_terms(
    values: dict[str, np.ndarray],
) -> None:
    for name, half in (("csto_programme", "2028-01-02"), ("cis_programme", "2027-11-14")):
        programme = values[name]
        assert (np.diff(programme) >= 0).all()
        assert programme[week("2025-12-28")] == 0
        assert programme[week(half)] == pytest.approx(0.5, abs=0.01)
        assert programme[-1] > 0.99


def test_shocks_peak_in_their_week_and_fade_in_26(values: dict[str, np.ndarray]) -> None:
    kazakh = values["domestic_shock:KAZ"]
    peak = week("2022-01-02")
    assert kazakh.argmax() == peak
    assert kazakh[peak + 13] == pytest.approx(0.5)
    assert (kazakh[peak + 26 :] == 0).all()
    assert values["domestic_shock:UZB"].argmax() == week("2022-07-03")
    clash = values["kgz_tjk_clash"]
    assert clash.argmax() == week("2022-09-11") and clash.max() == pytest.approx(0.6)
    assert 0.1 < clash[0] < 0.2
    for state in ("KGZ", "TJK", "TKM"):
        assert (values[f"domestic_shock:{state}"] == 0).all()


def test_stances_are_ordered_as_the_texts_order_them(values: dict[str, np.ndarray]) -> None:
    def at(name: str, day: str) -> list[float]:
        return [values[f"{name}:{state}"][week(day)] for state in STATES]

    kaz, kgz, tjk, tkm, uzb = at("guarantee", "2023-07-02")
    assert uzb == tkm > kaz > kgz > tjk
    assert at("delisting", "2021-09-05") == [0, 0, 0, 0.5, 0.5]
    assert at("delisting", "2024-02-04") == [1, 0.5, 0, 1, 1]
    assert at("delisting", "2024-12-01") == [1, 1, 0, 1, 1]


def test_remittances_follow_the_rows(values: dict[str, np.ndarray]) -> None:
    at = {state: values[f"remittance_dependence:{state}"][week("2022-07-03")] for state in STATES}
    assert at["TJK"] == pytest.approx(0.51, abs=0.001)
    assert at["KGZ"] == pytest.approx(0.31, abs=0.001)
    assert at["UZB"] == pytest.approx(0.21, abs=0.001)
    assert at["KAZ"] == at["TKM"] == 0


def test_rows_and_facts_are_looked_up_or_refused() -> None:
    assert calibration_value("external_grants", "Afghanistan", "2024") == 2.9
    assert fact_value("Q-HUMANITARIAN-NEED") == 29_000_000
    with pytest.raises(UserError, match="exactly one row"):
        calibration_value("external_grants", "Afghanistan", "2019")
    with pytest.raises(UserError, match="external_grants"):
        calibration_value("external_grant", "Afghanistan", "2024")
    with pytest.raises(UserError, match="no number"):
        calibration_value("qosh_tepa_start", "Qosh Tepa canal", "2022-03")
    with pytest.raises(UserError, match="Q-HUMANITARIAN-NEED"):
        fact_value("Q-HUMANITARIAN-NED")
    with pytest.raises(UserError, match="states no number"):
        fact_value("ST-TKM-FRIENDLY")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rule": "spline"}, "spline"),
        ({"after": "forever"}, "forever"),
        ({"anchors": [{"date": date(2022, 1, 1), "basis": "assumed"}]}, "first week"),
        ({"anchors": [{"date": START, "basis": "guessed"}]}, "guessed"),
        ({"anchors": [{"date": START, "basis": "assumed", "valu": 1}]}, "valu"),
        ({"anchors": 2 * [{"date": START, "basis": "assumed"}]}, "order of date"),
        ({"anchors": [{"date": 2021, "basis": "assumed"}]}, "full date"),
        ({"axis": "state", "members": {"KAS": []}}, "KAZ"),
        ({"rule": "seasonal"}, "months"),
        ({"rule": "flow"}, "origin"),
        ({"times": "nothing"}, "nothing"),
    ],
)
def test_broken_rules_are_refused(tmp_path: Path, change: dict, message: str) -> None:
    good = {
        "rule": "step",
        "after": "hold",
        "derivation": "x",
        "anchors": [{"date": START, "plus": 1, "basis": "assumed"}],
    }
    path = tmp_path / "driver_rules.yaml"
    path.write_text(yaml.safe_dump({"thing": good}), encoding="utf-8")
    assert build_series(path)["thing"].values.tolist() == [1.0] * N_WEEKS
    path.write_text(yaml.safe_dump({"thing": good | change}), encoding="utf-8")
    with pytest.raises(UserError, match=message):
        build_series(path)


def test_a_line_between_measured_anchors_is_an_estimate(tmp_path: Path) -> None:
    path = tmp_path / "driver_rules.yaml"
    anchors = [
        {"date": START, "plus": 0, "basis": "measured", "sources": ["A"]},
        {"date": date(2022, 8, 14), "plus": 52, "basis": "measured", "sources": ["B"]},
    ]
    rules = {"rule": "linear", "after": "hold", "derivation": "x", "anchors": anchors}
    path.write_text(yaml.safe_dump({"thing": rules}), encoding="utf-8")
    series = build_series(path)["thing"]
    assert series.values[13] == pytest.approx(13.0)
    assert (series.bases[13], series.sources[13]) == ("estimated", ("A", "B"))
    assert (series.bases[60], series.sources[60]) == ("measured", ("B",))
    assert math.isclose(series.values[-1], 52.0)
    assert (series.rules[-1], series.bases[-1]) == ("hold", "assumed")
