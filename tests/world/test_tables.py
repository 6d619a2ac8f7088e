"""The copied tables: which rows may serve as targets, and nothing held out among them."""

from __future__ import annotations

from spillover.axes import COUNTRIES
from spillover.evidence.reading import DATA, read_csv

TARGETS = read_csv(DATA / "targets.csv", ("variable", "state", "prior_only", "start", "end"))
DRIVERS = read_csv(DATA / "calibration_drivers.csv", ("variable", "role", "start", "end"))


def test_targets_are_windows_of_the_six_countries_inside_the_model() -> None:
    regional = {"CA5"}  # counts published for the five republics together
    assert {row["state"] for row in TARGETS} == set(COUNTRIES) | regional
    for row in TARGETS:
        assert row["prior_only"] == str(int(row["start"] < "2021-08-15")), row
    assert sum(row["prior_only"] == "0" for row in TARGETS) > 100


def test_no_target_of_the_held_out_years() -> None:
    for row in TARGETS:
        assert row["start"] < "2024-01-01", row
        two_calendar_years = row["variable"] == "taliban_revenue_total_usd"  # "c.2023-24"
        assert row["end"] < "2024-07-01" or two_calendar_years, row


def test_roles_of_the_driver_table() -> None:
    assert {row["role"] for row in DRIVERS} == {"driver", "initial"}
    held_as_targets = {row["variable"] for row in TARGETS} - {
        # refugees in Iran and Pakistan are given, in the six countries they are outcomes
        "afghan_refugees",
        "afghan_asylum_seekers",
        "afghan_refugees_returned_from",
        "afghan_new_arrivals_flow",
        "afghan_others_in_need_of_protection",
    }
    assert not held_as_targets & {row["variable"] for row in DRIVERS}
