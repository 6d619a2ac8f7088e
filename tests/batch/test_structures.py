"""The config group `structure`: which account of the mechanisms holds, from the first week on."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import yaml
from fake_model import fake_backend

from spillover import kernel
from spillover.batch.compose import compose_config, load_layer
from spillover.batch.design import make_plan
from spillover.batch.layers import layer_changes
from spillover.batch.options import config_root, option_names
from spillover.clock import BRANCH_DATE, week_index
from spillover.errors import UserError
from spillover.evidence.tree import load_tree
from spillover.evidence.usage import CONFIG_KINDS

NAMES = option_names("structure")
RIVALS = {"self_radicalisation", "bifurcation", "engagement_buys_nothing", "static_routes"}


def plan(*overrides: str):
    return make_plan(compose_config(overrides), fake_backend(), is_sweep=False)


def file(name: str) -> dict:
    return yaml.safe_load((config_root() / "structure" / f"{name}.yaml").read_text())


def switches(kind: str) -> set[str]:
    return {p.split(".")[2] for p in load_tree().paths() if p.startswith(f"structure.{kind}.")}


def test_there_is_a_structure_for_every_switch_and_rival():
    processes = {process.NAME for process in kernel.SCHEDULE}
    assert switches("process") == processes
    ablations = {f"without_{name}" for name in processes | switches("coupling")}
    assert set(NAMES) == {"documented", "no_couplings"} | RIVALS | ablations


@pytest.mark.parametrize("name", NAMES)
def test_a_structure_says_what_it_is_and_fits_the_tree(name):
    content = file(name)
    assert content["name"] == name and content["title"] and len(content["description"]) > 30
    changes = layer_changes(load_layer("structure", name), "structure", 0)
    assert bool(changes) == (name != "documented")
    tree = load_tree().with_changes(changes)
    documented, here = load_tree().compile(2, None), tree.compile(2, None)
    for change in changes:
        assert change.op == "set" and change.start_week == 0 and change.end_week is None
        assert change.path.startswith("structure.")
        assert documented.constant[change.path] != here.constant[change.path] == change.value


def test_the_ablations_switch_off_what_their_name_says():
    for name in NAMES:
        if name.startswith("without_"):
            (line,) = file(name)["changes"]
            assert line["path"].rpartition(".")[2] == name.removeprefix("without_")
            assert line["set"] == 0
    couplings = {line["path"].split(".")[2] for line in file("no_couplings")["changes"]}
    assert couplings == switches("coupling")


def test_only_structures_change_the_structure():
    for kind in CONFIG_KINDS:
        for path in (config_root() / kind).glob("*.yaml"):
            lines = yaml.safe_load(path.read_text()).get("changes") or ()
            found = {str(line["path"]).startswith("structure.") for line in lines}
            assert found <= {kind == "structure"}, path


def test_a_structure_holds_from_the_first_week_whatever_the_start_date():
    found = plan("structure=static_routes", "policy=border_security", "start.date=2026-01-04")
    first, *others = found.cells[0].changes
    assert (first.layer, first.path, first.start_week) == ("structure", "structure.rival.routes", 0)
    assert min(change.start_week for change in others) >= week_index(BRANCH_DATE)
    assert found.frame.structure == "static_routes" and found.frame.has_branch


def test_two_structures_are_combined():
    found = plan("structure=static_routes+without_water")
    assert {change.path for change in found.cells[0].changes} == {
        "structure.rival.routes",
        "structure.process.water",
    }
    with pytest.raises(UserError, match="set twice"):
        plan("structure=self_radicalisation+bifurcation")


def test_a_hindcast_takes_a_structure_without_a_start_date():
    found = plan("horizon=hindcast", "structure=without_water")
    assert found.frame.branch_week == 0 and not found.frame.has_branch
    assert len(found.cells[0].changes) == 1


def test_a_structure_has_its_own_cells_and_folder():
    base, other = plan(), plan("structure=without_water")
    assert base.cells[0].id != other.cells[0].id
    assert base.results != other.results and base.name == "status_quo-status_quo"
    again = plan("structure=documented")
    assert (again.cells[0].id, again.results) == (base.cells[0].id, base.results)


def test_one_structure_at_a_time_and_only_known_ones():
    with pytest.raises(UserError, match="One structure at a time"):
        plan("structure=static_routes,bifurcation")
    with pytest.raises(UserError, match="no structure 'static_route'"):
        plan("structure=static_route")
    with pytest.raises(UserError, match="content of a structure file"):
        plan("structure.title=mine")


@pytest.mark.parametrize(
    ("layer", "path", "said"),
    [
        ("structure", "border.posture", "begin with structure"),
        ("policy", "structure.coupling.relocation", "do not begin with structure"),
    ],
)
def test_files_keep_to_their_own_parameters(layer, path, said, tmp_path: Path):
    (tmp_path / layer).mkdir()
    (tmp_path / layer / "mine.yaml").write_text(
        f"name: mine\nsources: []\nchanges:\n  - {{path: {path}, set: 0}}\n"
    )
    with pytest.raises(UserError) as caught:
        make_plan(compose_config([f"{layer}=mine"], tmp_path), fake_backend(), is_sweep=False)
    assert said in str(caught.value)


def test_folder_and_tables_name_the_structure(spillover, folder, capsys):
    words = ("run", "results=out", "replicates=4")
    assert spillover(*words, "structure=static_routes") == 0
    manifest = json.loads((folder / "out" / "manifest.json").read_text())
    assert manifest["frame"]["structure"] == "static_routes"
    cells = pd.read_parquet(folder / "out" / "cells.parquet")
    assert list(cells["structure"]) == ["static_routes"]
    capsys.readouterr()
    assert spillover(*words) == 2
    assert "structure: folder static_routes, now documented" in capsys.readouterr().err
