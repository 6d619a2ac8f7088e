"""Draws every figure that a results folder has tables for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from spillover.axes import COUNTRIES
from spillover.figures.balance import pareto_page, precision_page, synergy_page
from spillover.figures.contrasts import contrast_page, regret_page
from spillover.figures.distribution import distribution_page
from spillover.figures.events import events_page
from spillover.figures.explored import boxes_page, importance_page
from spillover.figures.fan_page import fan_page
from spillover.figures.flows import flow_page
from spillover.figures.forest import forest_page
from spillover.figures.maps import map_page
from spillover.figures.robust import agreement_page, parallel_page
from spillover.figures.style import house_style, save
from spillover.figures.tables import FIVE_STATES, Results, add_five_states, read_results


def draw_all(
    results_dir: Path, on_figure: Callable[[Path], None] | None = None, kind: str = "png"
) -> list[Path]:
    """Draw all figures of a results folder into its ``figures`` folder.

    Figures without data (no other policy, no place table, ...) are left out. The same tables give
    the same bytes. ``on_figure`` is called with each file as it is finished; ``kind`` is the format
    (png, svg or pdf).

    Returns:
        The files written, in reading order.

    Raises:
        UserError: the folder holds no manifest or no finished chunk.
    """
    results = read_results(Path(results_dir))
    written = []
    with house_style():
        for name, figure in _pages(results):
            if figure is None:
                continue
            written.append(save(figure, results.folder / "figures" / f"{name}.{kind}"))
            if on_figure is not None:
                on_figure(written[-1])
    return written


def _pages(results: Results) -> Iterator[tuple[str, Figure | None]]:
    yield from comparison_pages(results)
    names = results.headline
    outcomes = add_five_states(results.outcomes, results.measures)
    yield "policy_differences", forest_page(results, outcomes, names, "policy")
    yield "scenario_differences", forest_page(results, outcomes, names, "scenario")
    yield "distributions", distribution_page(results, outcomes, names)
    yield "map", map_page(results)
    yield "flows", flow_page(results, results.outcomes)
    for state in (FIVE_STATES, *COUNTRIES):
        yield f"fan_{state}", fan_page(results, outcomes, state, names)


def comparison_pages(results: Results) -> Iterator[tuple[str, Figure | None]]:
    """Figures of the tables that analyses have left in ``analysis/``; none without them."""
    about, measures = results.provenance, results.measures
    effects = _analysis(results, "effects")
    if len(effects):
        effects["better"] = effects["better"].fillna("")
        regret = _analysis(results, "regret")
        yield "policy_effects", contrast_page(effects, about)
        yield "policy_regret", regret_page(regret, effects, about)
        yield "policy_parallel", parallel_page(regret, effects, about)
        yield "criteria", agreement_page(_analysis(results, "agreement"), effects, about)
        yield "costs", pareto_page(_analysis(results, "costs"), effects, about)
        yield "synergies", synergy_page(_analysis(results, "factorial"), effects, about)
        yield "precision", precision_page(_analysis(results, "precision"), effects, about)
    events = _analysis(results, "events")
    yield "events_by_year", events_page(events, measures, about)
    yield "events_by_state", events_page(events, measures, about, by="place")
    yield "importance", importance_page(_analysis(results, "importance"), measures, about)
    yield "failure_regions", boxes_page(_analysis(results, "boxes"), measures, about)


def _analysis(results: Results, name: str) -> pd.DataFrame:
    """A table of ``analysis/``; empty where there is none."""
    path = results.folder / "analysis" / f"{name}.csv"
    if not path.is_file():
        return pd.DataFrame()
    return pd.read_csv(path, keep_default_na=False, na_values=["", "nan"])
