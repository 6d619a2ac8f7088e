"""Draws every figure that a results folder has tables for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from spillover.axes import COUNTRIES
from spillover.figures.contrasts import contrast_page, regret_page
from spillover.figures.distribution import distribution_page
from spillover.figures.fan_page import fan_page
from spillover.figures.forest import forest_page
from spillover.figures.maps import map_page
from spillover.figures.style import house_style, save
from spillover.figures.tables import FIVE_STATES, Results, add_five_states, read_results


def draw_all(results_dir: Path, on_figure: Callable[[Path], None] | None = None) -> list[Path]:
    """Draw all figures of a results folder into its ``figures`` folder.

    Figures without data (no other policy, no place table, ...) are left out. The same tables give
    the same bytes. ``on_figure`` is called with each file as it is finished.

    Returns:
        The PNG files written, in reading order.

    Raises:
        UserError: the folder holds no manifest or no finished chunk.
    """
    results = read_results(Path(results_dir))
    written = []
    with house_style():
        for name, figure in _pages(results):
            if figure is None:
                continue
            written.append(save(figure, results.folder / "figures" / f"{name}.png"))
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
    for state in (FIVE_STATES, *COUNTRIES):
        yield f"fan_{state}", fan_page(results, outcomes, state, names)


def comparison_pages(results: Results) -> Iterator[tuple[str, Figure | None]]:
    """Figures of the tables that `compare` has left in ``analysis/``; none without them."""
    folder = results.folder / "analysis"
    if not (folder / "effects.csv").is_file():
        return
    effects = pd.read_csv(folder / "effects.csv", keep_default_na=False, na_values=["", "nan"])
    effects["better"] = effects["better"].fillna("")
    yield "policy_effects", contrast_page(effects, results.provenance)
    if (folder / "regret.csv").is_file():
        regret = pd.read_csv(folder / "regret.csv")
        yield "policy_regret", regret_page(regret, effects, results.provenance)
