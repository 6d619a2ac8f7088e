"""What a notebook gets from a results folder is what the files say."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import spillover
from spillover import open_results
from spillover.batch.backend import model_backend
from spillover.batch.compose import compose_config
from spillover.batch.design import make_plan
from spillover.batch.manifest import cell_rows
from spillover.errors import UserError
from spillover.notebook.results import _drawn


@pytest.fixture
def results(folder):
    return open_results(folder)


def test_opening_reads_no_table(folder, monkeypatch):
    def refuse(*_):
        raise AssertionError("a table was read")

    monkeypatch.setattr("spillover.batch.runner.read_outcomes", refuse)
    opened = open_results(str(folder))
    assert opened.scenarios == ("status_quo", "malign_escalation")
    assert opened.policies == ("status_quo", "full_package", "border_security")
    assert "study" in opened._repr_html_()


def test_choosing_cells(results):
    part = results.sel(scenario="status_quo", policy=["status_quo", "full_package"])
    assert part.scenarios == ("status_quo",) and len(part.cells) == 2
    assert set(part.worlds["policy"]) == {"status_quo", "full_package"}
    assert len(results.cells) == 6
    with pytest.raises(UserError, match="no policy 'ful_package'"):
        results.sel(policy="ful_package")


def test_worlds_are_the_sums_of_the_files(results, folder):
    rows = pd.concat(map(pd.read_parquet, sorted((folder / "outcomes").rglob("*.parquet"))))
    since = rows[(rows["period"] == "since_branch") & (rows["state"] != "AFG")]
    known = since.groupby(["scenario", "policy"], observed=True)["attacks_home"].sum() / 100
    found = results.to_pandas()["attacks_home"].xs("all5", level="region")
    found = found.groupby(["scenario", "policy"]).mean()
    assert found.to_dict() == pytest.approx({k: v for k, v in known.items() if v})


def test_comparison_equals_the_files_of_the_command(results, folder):
    stored = pd.read_csv(folder / "analysis" / "effects.csv")
    stored = stored[stored["is_key"]].reset_index(drop=True)
    table = results.compare().table
    assert table["mean"].to_numpy() == pytest.approx(stored["mean"].to_numpy())
    assert list(table["verdict"]) == list(stored["verdict"])
    card = (folder / "analysis" / "card.md").read_text()
    assert results.compare().card.markdown == card
    assert "<table" in results.compare()._repr_html_()


def test_another_tolerance_gives_another_verdict(results):
    wide = results.compare(tolerance={"attacks_home": "1000 attacks"}).table
    assert set(wide["verdict"]) == {"no difference that matters"}
    with pytest.raises(UserError, match="unit of its outcome"):
        results.compare(tolerance={"attacks_home": "5 persons"})
    with pytest.raises(UserError, match="baseline is not among"):
        results.compare(baseline="prevention")


def test_robustness(results):
    robust = results.robustness()
    assert robust.table["metric"].nunique() == 8 and len(robust.agreement) == 64
    assert "maximin" in robust._repr_html_()


def test_plots_return_their_axes(results):
    compared = results.compare()
    ax = compared.plot.forest("attacks_home")
    assert "attacks" in ax.get_xlabel()
    assert results.robustness().plot.regret().texts
    assert results.plot.distribution("attacks_home").get_ylim()
    for call in (compared.plot.forest, results.plot.distribution):
        with pytest.raises(UserError):
            call("wine")


def test_tables_for_the_ema_workbench(results):
    experiments, outcomes = results.to_ema()
    assert len(experiments) == 600 and set(outcomes) == {
        "attacks_home", "engagement", "isisk_fighters",
    }  # fmt: skip
    assert {"scenario", "scenario_name", "policy", "model"} <= set(experiments)
    chosen = (experiments["policy"] == "status_quo") & (
        experiments["scenario_name"] == "status_quo"
    )
    assert outcomes["attacks_home"][chosen].mean() == pytest.approx(
        results.sel("status_quo", "status_quo").to_pandas()["attacks_home"].mean()
    )
    assert all(np.isfinite(values).all() for values in outcomes.values())


def test_xarray_is_optional(results, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(UserError, match="xarray"):
        results.to_xarray()


def test_no_folder_and_no_name():
    with pytest.raises(UserError, match="no results here"):
        open_results("nowhere")
    with pytest.raises(AttributeError, match="open_result"):
        spillover.open_result  # noqa: B018


def test_inputs_are_the_values_that_the_priors_drew():
    backend = model_backend()
    words = ["uncertainty=priors", "uncertainty.draws=3", "set.border.infiltration=0.5"]
    plan = make_plan(compose_config(words), backend, is_sweep=True)
    inputs = _drawn(cell_rows(plan.cells, plan))
    uncertain = set(backend.tree.uncertain())
    assert set(inputs) == uncertain - {"border.infiltration"}  # the user's word is the same in all
    assert list(inputs.index) == [cell.id for cell in plan.cells] and inputs.notna().all().all()
    first = {c.path: c.value for c in reversed(plan.cells[1].changes) if c.layer == "draw"}
    assert inputs.iloc[1]["recruitment.inflow"] == first["recruitment.inflow"]


def test_the_workbench_can_read_experiments_and_outcomes(results, monkeypatch):
    from ema_workbench.analysis import feature_scoring

    drawn = pd.DataFrame({"border.a": np.arange(6.0)}, index=results.cells["cell_id"])
    monkeypatch.setattr("spillover.notebook.results._drawn", lambda cells: drawn)
    experiments, outcomes = results.to_ema()
    assert experiments.groupby("scenario")["border.a"].nunique().max() == 6  # a world in each cell
    scores = feature_scoring.get_feature_scores_all(experiments, outcomes)
    assert {"border.a", "scenario_name", "policy"} <= set(scores.index)
    assert set(scores) == set(outcomes) and np.isfinite(scores.to_numpy()).all()
