"""Patterns of violence and diplomacy: K1 to K4, K9, K13 to K15 and K17."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import kendalltau

from spillover.axes import STATES
from spillover.validation.check import Check, NotCovered, Spec, Values, measure
from spillover.validation.history import History
from spillover.validation.targets import added, observed

AFGHANISTAN = ("AFG",)
UN, CLAIMED, DEATHS = "isisk_attacks_un", "isisk_claimed_attacks", "isisk_deaths"
STRENGTH = "isisk_strength_reported"
JUDGED = "band judged here"


def attacks(history: History, start: str, end: str, name: str = UN) -> Values:
    """Attacks in a window [world]."""
    return history.value(name, "attacks", AFGHANISTAN, start, end)


def _counted(
    pattern: str,
    history: History,
    title: str,
    name: str,
    *windows: tuple[str, str],
    band: tuple[float, float] | None = None,
) -> Check:
    """Attacks in windows that follow one another, against the rows of the same windows."""
    target, source = added(observed(name, "Afghanistan", *window) for window in windows)
    spec = Spec(title, "attacks", target, band, source=source)

    def read() -> Values:
        return attacks(history, windows[0][0], windows[-1][1], name)

    return measure(pattern, spec, read, history.draws)


def surge(history: History) -> list[Check]:
    """K1: attacks that the United Nations recorded in the first months."""

    def provinces() -> Values:
        table = history.at_places(UN, 2021)
        return (table.to_numpy() > 0).sum(axis=1).astype(np.float64)

    takeover = observed(UN, "Afghanistan", "2021-08-19", "2021-12-31")
    spread_out = Spec("Provinces with one, 2021", "provinces", 16, source=takeover.label)
    windows = (
        ("15 to 31 August 2021", ("2021-08-15", "2021-08-31")),
        ("September 2021", ("2021-09-01", "2021-09-30")),
        ("October 2021", ("2021-10-01", "2021-10-31")),
    )
    return [
        _counted(
            *("K1", history, "19 August to 31 December 2021", UN, ("2021-08-19", "2021-12-31")),
            band=(110, 200),
        ),
        *(_counted("K1", history, title, UN, window) for title, window in windows),
        measure("K1", spread_out, provinces, history.draws),
    ]


def decline(history: History) -> list[Check]:
    """K2: attacks two autumns later, and the decline of attacks per day."""
    first, last = ("2021-08-19", "2021-12-31"), ("2023-08-01", "2023-11-07")
    rows = [observed(UN, "Afghanistan", *window) for window in (first, last)]
    days = [(row.end - row.start).days + 1 for row in rows]
    before, after = (row.number / n for row, n in zip(rows, days, strict=True))
    spec = Spec(
        "Decline of attacks per day, autumn 2021 to autumn 2023", "share", 1 - after / before,
        (0.80, 0.95), source="; ".join(row.label for row in rows),
    )  # fmt: skip

    def read() -> Values:
        start = np.maximum(attacks(history, *first), 1.0)
        return 1.0 - attacks(history, *last) / days[1] / (start / days[0])

    return [
        _counted("K2", history, "1 August to 7 November 2022", UN, ("2022-08-01", "2022-11-07")),
        _counted("K2", history, "1 August to 7 November 2023", UN, last),
        measure("K2", spec, read, history.draws),
    ]


def lethality(history: History) -> list[Check]:
    """K3: deaths per recorded attack are higher in 2023 than in the autumn of 2021."""

    def per_attack(start: str, end: str) -> Values:
        count = attacks(history, start, end)
        deaths = history.value(DEATHS, "deaths", AFGHANISTAN, start, end)
        return np.divide(deaths, count, out=np.full_like(deaths, np.nan), where=count > 0)

    def read() -> Values:
        before = per_attack("2021-09-01", "2021-12-31")
        after = per_attack("2023-01-01", "2023-12-31")
        known = np.isfinite(before) & np.isfinite(after)
        return np.where(known, after > before, np.nan)

    title = "Deaths per attack higher in 2023 than in September to December 2021"
    spec = Spec(title, "share of worlds", least=0.8, source=f"direction only; {JUDGED}")
    return [measure("K3", spec, read, history.draws)]


def strength(history: History) -> list[Check]:
    """K4: what reports would have said about the strength of ISIS-K."""
    june = observed("group_strength", "ISIS-K", "2021-06-01", "2021-06-30")
    first = observed("group_strength", "ISIS-K", "2021-08-01", "2021-08-31")
    early = observed("group_strength", "ISIS-K", "2022-02-01", "2022-02-28")
    late = observed("group_strength", "ISIS-K", "2023-07-01", "2023-07-31")
    windows = (
        (
            *("Strength in August 2021", "2021-08-15", "2021-08-31"),
            (first.low, june.high), f"{first.label}; {june.label}",
        ),
        (
            *("Strength in February 2022", "2022-02-01", "2022-02-28"),
            (early.low, early.high), early.label,
        ),
        (
            *("Strength in July 2023, with families", "2023-07-01", "2023-07-31"),
            (late.low, late.high), late.label,
        ),
    )  # fmt: skip

    def reader(start: str, end: str) -> Callable[[], Values]:
        return lambda: history.value(STRENGTH, "fighters", AFGHANISTAN, start, end)

    return [
        measure(
            "K4",
            Spec(title, "fighters", band=(float(band[0] or 0), float(band[1] or 0)), source=source),
            reader(start, end),
            history.draws,
        )
        for title, start, end, band, source in windows
    ]


def quiet_at_home(history: History) -> list[Check]:
    """K9: no mass-casualty attack inside the five; rockets at the frontier, and nobody dies."""
    inside = [
        observed("terror_attacks_inside", "Central Asia (5)", f"{year}-01-01", f"{year}-12-31")
        for year in (2021, 2023)
    ]
    fired = ("Uzbekistan: Surxondaryo", "2022-04-18"), ("Tajikistan: Khatlon", "2022-05-07")
    rockets, source = added(
        observed("cross_border_rocket_attack", place, day, day)
        for place, day in (*fired, ("Uzbekistan: Surxondaryo", "2022-07-05"))
    )

    def worst() -> Values:
        years = [history.year("deaths_home", year) for year in (2021, 2022, 2023)]
        return np.fmax.reduce(np.fmax.reduce(years, axis=0), axis=1)

    def frontier() -> Values:
        return history.value("frontier_attacks", "attacks", STATES, "2022-01-01", "2022-12-31")

    def deaths() -> Values:
        return history.year("frontier_deaths", 2022).sum(axis=1)

    at_home = Spec(
        "Deaths in attacks at home, worst state and year of 2021 to 2023", "deaths", 0, (0, 9),
        source="; ".join(row.label for row in inside) + "; ten deaths would be a mass-casualty one",
    )  # fmt: skip
    return [
        measure("K9", at_home, worst, history.draws),
        measure(
            "K9",
            Spec("Frontier attacks in 2022", "attacks", rockets, (1, 6), source=source),
            frontier,
            history.draws,
        ),
        measure(
            "K9",
            Spec("Deaths in frontier attacks in 2022", "deaths", 0, (0, 0), source=source),
            deaths,
            history.draws,
        ),
    ]


ORDER = {"UZB": 4, "TKM": 4, "KAZ": 3, "KGZ": 2, "TJK": 1}
"""Engagement with Kabul as the documents rank it; Uzbekistan and Turkmenistan share a place."""


def engagement(history: History) -> list[Check]:
    """K13: the order of engagement in 2023."""
    ranks = [ORDER[state] for state in STATES]
    source = "A-UZB-MOST-COOPERATIVE and the stances of the documents"

    def agreement() -> Values:
        return np.array([kendalltau(row, ranks)[0] for row in history.year("engagement", 2023)])

    def is_last() -> Values:
        values = history.year("engagement", 2023)
        tajik = values[:, [STATES.index("TJK")]]
        others = np.delete(values, STATES.index("TJK"), axis=1)
        known = np.isfinite(values).all(axis=1)
        return np.where(known, (tajik < others).all(axis=1), np.nan)

    order = Spec("Kendall tau of 2023 against UZB, TKM > KAZ > KGZ > TJK", "1", band=(0.6, 1.0),
                 source=source)  # fmt: skip
    last = Spec("Tajikistan last in 2023", "share of worlds", least=0.5, source=source)
    return [
        measure("K13", order, agreement, history.draws),
        measure("K13", last, is_last, history.draws),
    ]


def disrupted(history: History) -> list[Check]:
    """K14: plots found in time in Kazakhstan, per year."""
    row = observed("terrorist_acts_prevented", "Kazakhstan", "2023-01-01", "2023-09-30")
    spec = Spec(
        "Plots disrupted in Kazakhstan a year, 2022 and 2023", "plots", row.number, (1, 5),
        source=row.label,
    )  # fmt: skip

    def read() -> Values:
        found = history.value("plots_disrupted", "plots", ("KAZ",), "2022-01-01", "2023-12-31")
        return found / 2

    return [measure("K14", spec, read, history.draws)]


def heavy_tail(history: History) -> list[Check]:
    """K15: the share of deaths in the deadliest tenth of the deadly attacks of 2021 to 2023."""
    spec = Spec(
        "Share of deaths in the deadliest 10% of deadly attacks, 2021 to 2023", "share",
        band=(0.45, 0.85), source=f"paper:clauset2007; {JUDGED}, weak",
    )  # fmt: skip

    def read() -> Values:
        rows = history.severities
        if rows.empty:
            raise NotCovered("the run does not say how many attacks killed how many")
        rows = rows[rows["period"].isin(["2021", "2022", "2023"])]
        worlds = dict(list(rows.groupby(["draw", "replicate"])))
        return np.array(
            [
                tail_share(worlds[key]["killed"].to_numpy(), worlds[key]["n_attacks"].to_numpy())
                if key in worlds
                else np.nan
                for key in zip(history.worlds["draw"], history.worlds["replicate"], strict=True)
            ]
        )

    return [measure("K15", spec, read, history.draws)]


def tail_share(killed: Values, n_attacks: Values, tenth: float = 0.1) -> float:
    """Share of all deaths in the deadliest tenth of attacks; a part of a size class counts so."""
    order = np.argsort(-killed)
    killed, n_attacks = killed[order].astype(np.float64), n_attacks[order].astype(np.float64)
    wanted = tenth * n_attacks.sum()
    before = np.cumsum(n_attacks) - n_attacks
    taken = np.clip(wanted - before, 0.0, n_attacks)
    return float((taken * killed).sum() / (n_attacks * killed).sum())


def two_definitions(history: History) -> list[Check]:
    """K17: one series of attacks behind two counts of them."""
    recorded = (
        ("Recorded, 19 August to 31 December 2021", [("2021-08-19", "2021-12-31")]),
        (
            "Recorded, January to 13 November 2022",
            [("2022-01-01", "2022-05-21"), ("2022-05-22", "2022-08-16"),
             ("2022-08-17", "2022-11-13")],
        ),
        (
            "Recorded, 14 November 2022 to July 2023",
            [("2022-11-14", "2023-01-31"), ("2023-02-01", "2023-05-20"),
             ("2023-05-21", "2023-07-31")],
        ),
        ("Recorded, 1 August to 7 November 2023", [("2023-08-01", "2023-11-07")]),
    )  # fmt: skip
    claimed = ("2023-01-01", "2023-10-31")
    return [
        *(_counted("K17", history, title, UN, *windows) for title, windows in recorded),
        _counted("K17", history, "Claimed, January to October 2023", CLAIMED, claimed),
    ]
