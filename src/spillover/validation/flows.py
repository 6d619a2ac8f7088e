"""Patterns of opium, seizures, refugees, trade and revenue: K5 to K8, K10 to K12 and K16."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spillover.axes import STATES
from spillover.validation.check import Check, NotCovered, Spec, Values, around, measure
from spillover.validation.history import History
from spillover.validation.security import AFGHANISTAN, JUDGED
from spillover.validation.targets import Observed, added, observed

_COUNTRY = {
    "KAZ": "Kazakhstan",
    "KGZ": "Kyrgyzstan",
    "TJK": "Tajikistan",
    "TKM": "Turkmenistan",
    "UZB": "Uzbekistan",
}
SEIZED, SEIZED_AT_BORDER = "drugs_seized", "drugs_seized_border_regions"
BORDER_PLACE = "TJ-KT"
"""Khatlon, where most is seized."""


def _yearly(variable: str, entity: str, year: int) -> Observed:
    return observed(variable, entity, f"{year}-01-01", f"{year}-12-31")


def poppy(history: History) -> list[Check]:
    """K5: the area of the exempt harvest and of the first one under the ban."""
    bands = {2022: (190_000.0, 275_000.0), 2023: (8_000.0, 16_000.0)}

    def reader(year: int) -> Callable[[], Values]:
        return lambda: history.value(
            "poppy_area", "ha", AFGHANISTAN, f"{year}-01-01", f"{year}-12-31"
        )

    checks = []
    for year, band in bands.items():
        row = _yearly("opium_cultivation_area", "Afghanistan", year)
        spec = Spec(f"Poppy harvested in {year}", "ha", row.number, band, source=row.label)
        checks.append(measure("K5", spec, reader(year), history.draws))
    return checks


def farm_income(history: History) -> list[Check]:
    """K6: farm income peaks before the ban bites and collapses after; the price multiplies."""
    incomes = {2022: (1_000.0, 1_750.0), 2023: (70.0, 180.0)}
    prices = {2022: (150.0, 270.0), 2023: (280.0, 520.0)}

    def income(year: int) -> Callable[[], Values]:
        window = f"{year}-01-01", f"{year}-12-31"
        return lambda: history.value("farm_income", "USD million", AFGHANISTAN, *window)

    def price(year: int) -> Callable[[], Values]:
        window = f"{year}-04-01", f"{year}-07-31"
        return lambda: history.value("opium_price", "USD/kg", AFGHANISTAN, *window)

    checks = []
    for year, band in incomes.items():
        row = _yearly("opium_farmers_income", "Afghanistan", year)
        spec = Spec(f"Farm income in {year}", "USD million", row.number, band, source=row.label)
        checks.append(measure("K6", spec, income(year), history.draws))
    for year, band in prices.items():
        row = _yearly("opium_farmgate_price_dry", "Afghanistan", year)
        title = f"Farm-gate price at harvest, April to July {year}"
        spec = Spec(title, "USD/kg", row.number, band, source=row.label)
        checks.append(measure("K6", spec, price(year), history.draws))
    return checks


def seizures(history: History) -> list[Check]:
    """K7: seizures in Tajikistan rise through the year of the ban."""
    whole = _yearly("drug_seizures_total", "Tajikistan", 2021)
    half = observed("drug_seizures_total", "Tajikistan", "2021-01-01", "2021-06-30")
    days = (139, 184)  # of the second half of 2021, those the model has; and all of them

    def seized(start: str, end: str) -> Values:
        return history.value(SEIZED, "t", ("TJK",), start, end)

    def in_year(year: int) -> Callable[[], Values]:
        return lambda: seized(f"{year}-01-01", f"{year}-12-31")

    def autumn() -> Values:
        return seized("2021-08-15", "2021-12-31") * days[1] / days[0]

    def ratio() -> Values:
        before, after = in_year(2022)(), in_year(2023)()
        return np.divide(after, before, out=np.full_like(after, np.nan), where=before > 0)

    late = (whole.number - half.number) / 1e3
    specs = [
        (
            Spec(
                "Seizures in Tajikistan, second half of 2021", "t", late, around(late, 0.25),
                source=f"{whole.label} less {half.label}; scaled from 15 August on",
            ),
            autumn,
        )
    ]  # fmt: skip
    tonnes = {}
    for year in (2022, 2023):
        row = _yearly("drug_seizures_total", "Tajikistan", year)
        tonnes[year] = row.number / 1e3
        title = f"Seizures in Tajikistan, {year}"
        band = around(tonnes[year], 0.25)
        specs.append((Spec(title, "t", tonnes[year], band, source=row.label), in_year(year)))
    rise = tonnes[2023] / tonnes[2022]
    spec = Spec("Seizures of 2023 over those of 2022", "1", rise, (1.0, rise * 1.25), source=JUDGED)
    specs.append((spec, ratio))
    return [measure("K7", spec, read, history.draws) for spec, read in specs]


def at_the_border(history: History) -> list[Check]:
    """K8: over half of Tajik seizures in regions on the Afghan border, most in Khatlon."""
    part = _yearly("drug_seizures_border_regions", "Tajikistan", 2023)
    whole = _yearly("drug_seizures_total", "Tajikistan", 2023)

    def share() -> Values:
        year = ("TJK",), "2023-01-01", "2023-12-31"
        seized = history.value(SEIZED, "t", *year)
        border = history.value(SEIZED_AT_BORDER, "t", *year)
        return np.divide(border, seized, out=np.full_like(seized, np.nan), where=seized > 0)

    def is_first() -> Values:
        table = history.at_places("seizures_kg", 2023)
        tajik = table[[place for place in table if str(place).startswith("TJ-")]]
        if BORDER_PLACE not in tajik:
            raise NotCovered(f"the run has no seizures in {BORDER_PLACE}")
        return np.asarray(tajik.idxmax(axis=1) == BORDER_PLACE, dtype=np.float64)

    source = f"{part.label} (more than); {whole.label}"
    return [
        measure(
            "K8",
            Spec("Share of seizures in border regions, 2023", "share", band=(0.5, 1.0),
                 source=source),
            share,
            history.draws,
        ),
        measure(
            "K8",
            Spec("Khatlon first among Tajik regions, 2023", "share of worlds", least=0.5,
                 source=source),
            is_first,
            history.draws,
        ),
    ]  # fmt: skip


def refugees(history: History) -> list[Check]:
    """K10: a jump in 2021, mostly in Uzbekistan and Tajikistan, and no growth after it."""

    def at_end(states: tuple[str, ...], year: int) -> Callable[[], Values]:
        return lambda: history.value(
            "refugees", "persons", states, f"{year}-12-01", f"{year}-12-31"
        )

    def rows(states: tuple[str, ...], year: int) -> tuple[float, str]:
        return added(_yearly("afghan_refugees", _COUNTRY[state], year) for state in states)

    def growth() -> Values:
        return at_end(STATES, 2023)() / np.maximum(at_end(STATES, 2021)(), 1.0)

    five, source = rows(STATES, 2021)
    specs = [
        (
            Spec("Refugees in the five states, end of 2021", "persons", five, (18_600, 30_000),
                 source=f"{source}; {JUDGED}: below 30,000, and as far below on the log scale"),
            at_end(STATES, 2021),
        )
    ]  # fmt: skip
    for state in ("UZB", "TJK"):
        for year in (2021, 2022):
            number, label = rows((state,), year)
            title = f"Refugees in {_COUNTRY[state]}, end of {year}"
            specs.append((Spec(title, "persons", number, source=label), at_end((state,), year)))
    spec = Spec("End of 2023 over end of 2021, five states", "1", band=(0.6, 1.1),
                source=f"{JUDGED}; without the re-registration in Turkmenistan")  # fmt: skip
    specs.append((spec, growth))
    return [measure("K10", spec, read, history.draws) for spec, read in specs]


def trade(history: History) -> list[Check]:
    """K11: Uzbek trade holds through the takeover and is nearly all exports."""
    name = "trade_turnover_with_afghanistan"
    half = 181 / 365.25  # of a year

    def pace(name: str, year: int) -> Values:
        window = ("UZB",), f"{year}-01-01", f"{year}-06-30"
        return history.value(name, "USD million/yr", *window)

    def turnover(year: int) -> Callable[[], Values]:
        return lambda: half * pace("trade_with_afghanistan", year)

    def exports() -> Values:
        return pace("exports_to_afghanistan", 2023) / pace("trade_with_afghanistan", 2023)

    checks = []
    for year in (2022, 2023):
        row = observed(name, "Uzbekistan", f"{year}-01-01", f"{year}-06-30")
        title = f"Uzbek trade with Afghanistan, first half of {year}"
        spec = Spec(title, "USD million", row.number, around(row.number, 0.15), source=row.label)
        checks.append(measure("K11", spec, turnover(year), history.draws))
    title = "Share of exports in it, first half of 2023"
    spec = Spec(title, "share", band=(0.97, 1.0), source=row.label)
    return [*checks, measure("K11", spec, exports, history.draws)]


def revenue(history: History) -> list[Check]:
    """K12: revenue of the authorities in the solar year 1401."""
    row = observed("taliban_revenue_total_usd", "Afghanistan", "2022-03-21", "2023-03-20")
    million = row.number * 1e3
    spec = Spec(
        "Revenue of the authorities, 21 March 2022 to 20 March 2023", "USD million", million,
        around(million, 0.10), source=row.label,
    )  # fmt: skip

    def read() -> Values:
        window = AFGHANISTAN, "2022-03-21", "2023-03-20"
        return history.value("taliban_revenue", "USD million", *window)

    return [measure("K12", spec, read, history.draws)]
