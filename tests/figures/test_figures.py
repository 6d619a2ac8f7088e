"""Every figure draws, says what it shows, follows its numbers and has stable bytes."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from spillover.errors import UserError
from spillover.figures import (
    MapLayer,
    Results,
    distribution,
    distribution_page,
    draw_all,
    fan,
    fan_page,
    forest,
    forest_page,
    map_page,
    paired_differences,
    read_results,
    region_map,
    yearly_quantiles,
)
from spillover.figures.fan import CHANCE, WEEKLY, YEARLY, choose_display, fit_values
from spillover.figures.map_layers import chosen_places, layer_of, layer_specs
from spillover.figures.maps import NO_VALUE
from spillover.figures.style import house_style, new_figure, save, scenario_colour
from spillover.figures.tables import add_five_states
from spillover.world.outlines import outlines

SINCE = "since_branch"
Page = Callable[[Results, pd.DataFrame], Figure | None]
PAGES: dict[str, Page] = {
    "fan": lambda r, o: fan_page(r, o, "AFG", r.headline),
    "distribution": lambda r, o: distribution_page(r, o, r.headline),
    "scenarios": lambda r, o: forest_page(r, o, r.headline, "scenario"),
    "policies": lambda r, o: forest_page(r, o, r.headline, "policy"),
    "map": lambda r, o: map_page(r),
}


@pytest.fixture(scope="module")
def outcomes(results: Results) -> pd.DataFrame:
    return add_five_states(results.outcomes, results.measures)


@pytest.fixture(scope="module")
def pages(results: Results, outcomes: pd.DataFrame) -> dict[str, Figure]:
    drawn = {name: page(results, outcomes) for name, page in PAGES.items()}
    return {name: figure for name, figure in drawn.items() if figure is not None}


def words(figure: Figure) -> str:
    return " ".join(" ".join(text.get_text().split()) for text in figure.texts)


def series_of(results: Results, outcome: str, state: str) -> pd.DataFrame:
    series = results.series
    return series[(series["outcome"] == outcome) & (series["state"] == state)]


def places_on(ax: Axes) -> dict[str, str]:
    patches = {str(p.get_gid()): p for p in ax.patches if p.get_gid() is not None}
    return {gid: to_hex(patch.get_facecolor(), keep_alpha=False) for gid, patch in patches.items()}


@pytest.mark.parametrize("name", PAGES)
def test_captions_say_n_band_seed_and_model(name: str, pages: dict[str, Figure]) -> None:
    caption = words(pages[name])
    for part in ("n = 40", "seed 20210815", "model 0123456789ab", "not a forecast"):
        assert part in caption
    meaning = {
        "fan": "spread of single replicates",
        "distribution": "5-95% of replicates",
        "scenarios": "95% interval of that mean",
        "policies": "95% interval of that mean",
        "map": "Made with Natural Earth",
    }
    assert meaning[name] in caption


@pytest.mark.parametrize("name", ["fan", "distribution", "scenarios", "policies"])
def test_every_panel_states_its_unit(name: str, pages: dict[str, Figure], results: Results) -> None:
    units = {measure.unit for measure in results.measures.values()}
    units |= {"replicates with at least one", "% of replicates with any"}
    labelled = [ax for ax in pages[name].axes if ax.get_visible()]
    if name == "fan":
        labelled = [ax for ax in labelled if ax.get_subplotspec().is_first_col()]
    assert labelled
    for ax in labelled:
        label = ax.get_ylabel() if name == "fan" else ax.get_xlabel()
        assert any(unit in label.replace("\n", " ") for unit in units), label


def test_fan_bands_lie_on_the_quantiles(results: Results) -> None:
    series = series_of(results, "isisk_fighters", "AFG")
    ax = fan(series, results.measures["isisk_fighters"], "malign_escalation", 229)
    chosen = (series["scenario"] == "malign_escalation") & (series["policy"] == "status_quo")
    rows = series[chosen & (series["week"] >= 229)]
    outer = ax.collections[2].get_paths()[0].vertices[:, 1]
    assert outer.max() == pytest.approx(rows["q95"].max())
    assert outer.min() == pytest.approx(rows["q05"].min())
    median = [line for line in ax.lines if line.get_color() == scenario_colour("malign_escalation")]
    assert np.allclose(median[0].get_ydata(), rows["q50"])


def test_fan_has_one_row_per_outcome_and_one_column_per_scenario(
    pages: dict[str, Figure],
) -> None:
    panels = [ax for ax in pages["fan"].axes if ax.get_subplotspec() is not None]
    shape = {ax.get_subplotspec().get_gridspec().get_geometry() for ax in panels}
    assert shape == {(3, 4)}
    titles = [ax.get_title(loc="left") for ax in panels][:4]
    assert titles == [
        "Status quo",
        "Benign engagement",
        "Cordon sanitaire",
        "Malign escalation",
    ]


def test_overlay_is_the_median_of_the_other_policy(results: Results) -> None:
    series = series_of(results, "trust", "TJK")
    measure = results.measures["trust"]
    ax = fan(series, measure, "status_quo", 229, overlay="full_package")
    other = series[(series["scenario"] == "status_quo") & (series["policy"] == "full_package")]
    assert np.allclose(ax.lines[-1].get_ydata(), other[other["week"] >= 229]["q50"])
    assert ax.lines[-1].is_dashed()


@pytest.mark.parametrize(
    ("outcome", "state", "display"),
    [
        ("isisk_attacks", "AFG", WEEKLY),
        ("isisk_fighters", "AFG", WEEKLY),
        ("frontier_attacks", "TJK", YEARLY),
        ("attacks_home", "KAZ", CHANCE),
    ],
)
def test_display_follows_how_rare_an_outcome_is(
    results: Results, outcomes: pd.DataFrame, outcome: str, state: str, display: str
) -> None:
    series, measure = series_of(results, outcome, state), results.measures[outcome]
    yearly = yearly_quantiles(outcomes, outcome, state)
    assert choose_display(series, yearly, measure, 1) == display
    assert choose_display(series, yearly, measure, 2) != WEEKLY


def test_chance_bars_are_shares_of_replicates(results: Results, outcomes: pd.DataFrame) -> None:
    yearly = yearly_quantiles(outcomes, "attacks_home", "TJK")
    measure = results.measures["attacks_home"]
    ax = fan(yearly, measure, "malign_escalation", 229, display=CHANCE, end_week=490)
    rows = outcomes[
        (outcomes["scenario"] == "malign_escalation")
        & (outcomes["policy"] == "status_quo")
        & (outcomes["state"] == "TJK")
        & (outcomes["period"] == "2029")
    ]
    bars = [patch.get_height() for patch in ax.containers[0]]
    assert bars[8] == pytest.approx(100 * (rows["attacks_home"] > 0).mean())


def test_region_is_the_sum_within_each_replicate(results: Results, outcomes: pd.DataFrame) -> None:
    key = (outcomes["cell_id"] == outcomes["cell_id"].iloc[0]) & (outcomes["replicate"] == 3)
    rows = outcomes[key & (outcomes["period"] == SINCE)].set_index("state")
    republics = rows.drop(["AFG", "all5"])
    assert rows.loc["all5", "recruits"] == republics["recruits"].sum()
    assert rows.loc["all5", "trust"] == pytest.approx(republics["trust"].mean())
    assert np.isnan(rows.loc["all5", "isisk_attacks"])


def test_distribution_shows_chances_for_rare_events(
    results: Results, outcomes: pd.DataFrame
) -> None:
    rare = distribution(outcomes, results.measures["attacks_home"], "TKM", "2025")
    assert rare.get_xlabel() == "% of replicates with at least one"
    common = distribution(outcomes, results.measures["recruits"], "all5", SINCE)
    assert common.get_xlabel() == "persons, total since the branch"


def test_forest_dots_are_the_paired_means(results: Results, outcomes: pd.DataFrame) -> None:
    table = paired_differences(outcomes, "recruits", "all5", SINCE, contrast="policy")
    ax = forest(table, results.measures["recruits"], "all5")
    dots = sorted(float(line.get_xdata()[0]) for line in ax.lines if line.get_marker() == "o")
    assert dots == pytest.approx(sorted(table["mean"]))
    assert "persons" in ax.get_xlabel()
    assert "better" in ax.get_xlabel()


def test_hollow_dot_when_the_interval_contains_zero(results: Results) -> None:
    table = pd.DataFrame(
        [("a", "p", 1.0, -1.0, 3.0, 9, 10.0), ("b", "p", 1.0, 0.5, 1.5, 9, 10.0)],
        columns=["scenario", "policy", "mean", "low", "high", "n", "reference"],
    )
    ax = forest(table, results.measures["recruits"], "all5")
    faces = [line.get_markerfacecolor() for line in ax.lines if line.get_marker() == "o"]
    assert faces == ["white", scenario_colour("b")]


def test_map_draws_the_82_places_and_colours_follow_values(results: Results) -> None:
    ids = sorted(outlines())
    values = {place: float(i) for i, place in enumerate(ids[:-1])}
    layer = MapLayer(values, (0.0, 20.0, 40.0, 60.0, 81.0), "YlOrBr", "test")
    drawn = places_on(region_map([layer]))
    assert len(drawn) == 82
    assert set(drawn) == set(ids)
    assert drawn[ids[-1]] == NO_VALUE.lower()
    for place, value in values.items():
        assert drawn[place] == to_hex(layer.colour(value))
    assert drawn[ids[0]] == drawn[ids[19]] != drawn[ids[20]]
    assert len(set(drawn.values())) == 5


def test_map_layers_show_yearly_means_in_the_right_places(results: Results) -> None:
    places = chosen_places(results)
    chosen = places[places["scenario"] == "malign_escalation"]
    layers = [layer_of(spec, chosen) for spec in layer_specs(results, places)]
    assert [len(layer.values) for layer in layers] == [34, 48]
    kabul = chosen.loc[chosen["place"] == "AF-KAB", "isisk_attacks"].iloc[0]
    assert layers[0].values["AF-KAB"] == pytest.approx(kabul / (261 * 7 / 365.25))
    assert "attacks/yr" in layers[0].label
    assert "persons/yr per million people" in layers[1].label


def test_map_has_a_panel_per_scenario(pages: dict[str, Figure]) -> None:
    maps = [ax for ax in pages["map"].axes if places_on(ax)]
    assert len(maps) == 4
    assert places_on(maps[1]) != places_on(maps[3])


def test_nothing_is_left_in_pyplot(results_folder: Path, pages: dict[str, Figure]) -> None:
    assert pages
    assert plt.get_fignums() == []


def variants(results: Results) -> dict[str, Results]:
    few = ("status_quo", "malign_escalation")
    results = dataclasses.replace(
        results,
        outcomes=results.outcomes[results.outcomes["scenario"].isin(few)],
        series=results.series[results.series["scenario"].isin(few)],
        places=results.places[results.places["scenario"].isin(few)],
    )
    one = (results.outcomes["scenario"] == "malign_escalation") & (
        results.outcomes["policy"] == "status_quo"
    )
    lean = results.outcomes[one].drop(columns=["trust", "recruits"])
    nothing = results.outcomes.assign(attacks_home=0.0)
    single = results.outcomes[results.outcomes["replicate"] == 0]
    measures = {k: v for k, v in results.measures.items() if k in lean}
    return {
        "one scenario, fewer outcomes": dataclasses.replace(
            results, outcomes=lean, measures=measures
        ),
        "no places, no series": dataclasses.replace(
            results, places=pd.DataFrame(), series=pd.DataFrame()
        ),
        "an outcome that is always zero": dataclasses.replace(results, outcomes=nothing),
        "one replicate": dataclasses.replace(results, outcomes=single),
        "hindcast": dataclasses.replace(
            results,
            outcomes=results.outcomes[results.outcomes["period"].isin(["2021", "2024", "2025"])],
            series=results.series[results.series["week"] < 229],
            provenance=dataclasses.replace(results.provenance, n_weeks=229),
            places=results.places.assign(period="2025"),
        ),
    }


@pytest.mark.parametrize(
    ("name", "n_least"),
    [
        ("one scenario, fewer outcomes", 3),
        ("no places, no series", 5),
        ("an outcome that is always zero", 5),
        ("one replicate", 5),
        ("hindcast", 5),
    ],
)
def test_draws_what_there_is(results: Results, name: str, n_least: int) -> None:
    variant = variants(results)[name]
    outcomes = add_five_states(variant.outcomes, variant.measures)
    drawn = [page(variant, outcomes) for page in PAGES.values()]
    figures = [figure for figure in drawn if figure is not None]
    assert len(figures) == n_least - (name == "no places, no series")
    for figure in figures:
        figure.draw_without_rendering()


def test_policies_that_share_a_name_are_not_pooled(results_folder: Path) -> None:
    results = read_results(results_folder)
    from spillover.figures.tables import _tell_cells_apart

    twin = results.outcomes["cell_id"].replace("0" * 12, "f" * 12)
    both = pd.concat([results.outcomes, results.outcomes.assign(cell_id=twin)])
    named = _tell_cells_apart(both, both)
    assert {"status_quo [cell 000000]", "status_quo [cell ffffff]"} <= set(named["policy"])


def test_folder_without_results_is_a_user_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no results"):
        draw_all(tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UserError, match="nothing to draw"):
        draw_all(tmp_path)


def test_labels_fall_back_to_the_name(results: Results, tmp_path: Path) -> None:
    import pyarrow as pa

    from spillover.figures.tables import measure_of

    measure = measure_of(pa.field("border_crossings", pa.float64()))
    assert (measure.title, measure.unit) == ("Border crossings", "unit not given")


@pytest.mark.slow
def test_same_tables_give_the_same_bytes(small_folder: Path) -> None:
    def digests() -> dict[str, str]:
        files = draw_all(small_folder)
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    first = digests()
    assert list(first)[:4] == [
        "policy_differences.png",
        "scenario_differences.png",
        "distributions.png",
        "map.png",
    ]
    assert {f"fan_{state}.png" for state in ("all5", "AFG", "TJK")} <= set(first)
    assert digests() == first
    assert not list((small_folder / "figures").glob("*.tmp"))


def test_rare_outcome_keeps_its_row_and_an_absent_one_has_none(results: Results) -> None:
    outcomes = results.outcomes.copy()
    is_rare = (outcomes["replicate"] == 7) & (outcomes["period"] == "2028")
    outcomes["attacks_home"] = np.where(is_rare, 1.0, 0.0)
    outcomes["frontier_attacks"] = 0.0
    lean = dataclasses.replace(results, outcomes=outcomes, series=pd.DataFrame())
    figure = fan_page(lean, outcomes, "KAZ", ("attacks_home", "frontier_attacks"))
    assert figure is not None
    assert figure.axes[0].get_subplotspec().get_gridspec().nrows == 1
    assert "Attacks at home" in figure.axes[0].get_ylabel()


@pytest.mark.parametrize(("factor", "scale"), [(1.0, "linear"), (100.0, "function")])
def test_log_axis_is_for_surges_of_counts_not_for_an_index(
    results: Results, factor: float, scale: str
) -> None:
    series = series_of(results, "isisk_attacks", "AFG").copy()
    surge = np.where(series["week"] < 12, 0.9, 0.05)
    for column in ("q05", "q25", "q50", "q75", "q95"):
        series[column] = factor * surge
    ax = fan(series, results.measures["isisk_attacks"], "status_quo", 229)
    fit_values([ax], series, WEEKLY)
    assert ax.get_yscale() == scale
    assert ("log scale" in ax.get_ylabel()) == (scale == "function")


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_figures_for_print_have_the_same_bytes_each_time(kind, start, tmp_path):
    with house_style():
        files = []
        for name in ("first", "second"):
            figure = new_figure(2.0, 1.0)
            figure.text(0.1, 0.5, "some text")
            files.append(save(figure, tmp_path / f"{name}.{kind}").read_bytes())
    assert files[0] == files[1] and files[0].startswith(start)
