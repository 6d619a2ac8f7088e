"""Layers of a map: which place outcome is shown where, in which unit, classes and colours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap

from spillover.axes import STATES
from spillover.figures.style import policies_of
from spillover.figures.tables import BRANCH_PERIOD, Measure, Results, reported_period
from spillover.world import load_world

_NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)
_MILLION = 1e6


@dataclass(frozen=True)
class MapLayer:
    """Values by place id in one colour scale, with the text of its legend."""

    values: Mapping[str, float]
    breaks: tuple[float, ...]
    palette: str
    label: str

    @property
    def colours(self) -> Colormap:
        """One colour per class, pale to dark."""
        shades = colormaps[self.palette](np.linspace(0.16, 0.97, len(self.breaks) - 1))
        return ListedColormap(shades)

    @property
    def norm(self) -> BoundaryNorm:
        """Value -> class."""
        return BoundaryNorm(self.breaks, len(self.breaks) - 1)

    def colour(self, value: float) -> tuple[float, float, float, float]:
        """RGBA of a value; values beyond the last break get the darkest class."""
        inside = min(max(value, self.breaks[0]), np.nextafter(self.breaks[-1], -np.inf))
        return self.colours(self.norm(inside))


@dataclass(frozen=True)
class LayerSpec:
    """How a place outcome becomes a layer: which places, which divisor, which classes."""

    measure: Measure
    countries: tuple[str, ...]
    palette: str
    years: float  # 1 when the value is not a total over several years
    is_per_million: bool
    breaks: tuple[float, ...] = ()


def chosen_places(results: Results) -> pd.DataFrame:
    """Mean place outcomes of the reported period under the status quo policy, by scenario."""
    places = results.places
    if places.empty:
        return places
    period = reported_period(places, results.provenance)
    base = policies_of(set(places["policy"]))[0]
    places = places[(places["period"] == period) & (places["policy"] == base)]
    # Several draws of the uncertain parameters weigh the same.
    names = list(results.place_measures)
    return places.groupby(["scenario", "policy", "place", "period"])[names].mean().reset_index()


def layer_specs(results: Results, places: pd.DataFrame) -> list[LayerSpec]:
    """Attacks in Afghanistan and recruits (else whatever varies) in Central Asia."""
    if places.empty:
        return []
    years = results.provenance.branch_years if set(places["period"]) == {BRANCH_PERIOD} else 1.0
    specs = []
    wishes = (
        (("AFG",), ("isisk_attacks", "attack"), "YlOrBr", False),
        (STATES, ("recruits", "recruit", "frontier"), "BuPu", True),
    )
    for countries, words, palette, is_per_million in wishes:
        measure = _first_measure(results.place_measures, places, countries, words)
        if measure is None:
            continue
        span = years if measure.is_flow else 1.0
        scaled = is_per_million and measure.unit.split("/")[0] in ("persons", "people", "recruits")
        spec = LayerSpec(measure, countries, palette, span, scaled)
        values = np.array(list(_values(spec, places, by_scenario=True).values()))
        specs.append(LayerSpec(measure, countries, palette, span, scaled, nice_breaks(values)))
    return specs


def _first_measure(
    measures: Mapping[str, Measure],
    places: pd.DataFrame,
    countries: tuple[str, ...],
    words: Sequence[str],
) -> Measure | None:
    inside = places["place"].map(country_of()).isin(countries)
    usable = [name for name in measures if (places.loc[inside, name].fillna(0) != 0).any()]
    for word in words:
        for name in usable:
            if word in name:
                return measures[name]
    return measures[usable[0]] if usable else None


def country_of() -> dict[str, str]:
    """Country code by place id."""
    world = load_world()
    return dict(zip(world.place_ids, map(str, world.place_country), strict=True))


def _values(
    spec: LayerSpec, places: pd.DataFrame, *, by_scenario: bool = False
) -> dict[object, float]:
    """Value per place (or per scenario and place) in the unit of the legend."""
    world = load_world()
    population = dict(zip(world.place_ids, world.population, strict=True))
    country = country_of()
    found: dict[object, float] = {}
    for scenario, place, value in zip(
        places["scenario"], places["place"], places[spec.measure.name], strict=True
    ):
        if country.get(place) not in spec.countries or not np.isfinite(value):
            continue
        scale = _MILLION / population[place] if spec.is_per_million else 1.0
        key = (scenario, place) if by_scenario else place
        found[key] = float(value) / spec.years * scale
    return found


def layer_of(spec: LayerSpec, places: pd.DataFrame) -> MapLayer:
    """Layer of one scenario; ``places`` are its rows of `chosen_places`."""
    values = {str(place): value for place, value in _values(spec, places).items()}
    unit = spec.measure.unit_per("yr") if spec.years != 1.0 else spec.measure.unit
    unit += " per million people" if spec.is_per_million else ""
    where = "Afghan provinces" if spec.countries == ("AFG",) else "Central Asian regions"
    label = f"{spec.measure.title} ({unit}), {where}"
    return MapLayer(values, spec.breaks, spec.palette, label)


def nice_breaks(values: np.ndarray, n_classes: int = 6) -> tuple[float, ...]:
    """Class limits at rounded quantiles of the positive values, from zero to the maximum."""
    positive = values[np.isfinite(values) & (values > 0)]
    if positive.size == 0:
        return (0.0, 1.0)
    shares = np.linspace(0, 1, n_classes + 1)[1:-1]
    inner = {_round_nice(float(q)) for q in np.quantile(positive, shares)}
    top = _round_nice(float(positive.max()), up=True)
    return (0.0, *sorted(limit for limit in inner if 0 < limit < top), top)


def _round_nice(value: float, *, up: bool = False) -> float:
    power = 10.0 ** np.floor(np.log10(value))
    steps = np.array([*_NICE, 10.0]) * power
    if up:
        return float(f"{steps[steps >= value * (1 - 1e-9)][0]:.3g}")
    return float(f"{steps[np.argmin(np.abs(steps - value))]:.3g}")
