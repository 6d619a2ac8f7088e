"""Cells that share a past simulate it once: which weeks they share, and that no bit changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fake_model import fake_backend

from spillover import observe
from spillover.batch.backend import model_backend
from spillover.batch.chunk import (
    ChunkSpec,
    Failure,
    Strand,
    Underway,
    chunk_spec,
    run_strand,
)
from spillover.batch.compose import compose_config
from spillover.batch.design import Cell, Frame, make_plan
from spillover.batch.executor import run_chunks
from spillover.batch.schema import EngineConfig
from spillover.batch.store import Block, chunk_path
from spillover.batch.strands import (
    MOST_CELLS,
    MOST_REPLICATES,
    common_weeks,
    course,
    plan_strands,
)
from spillover.clock import week_start
from spillover.evidence import Change, load_tree
from spillover.evidence.compiled import Group

N_WEEKS = 40
LEVER = "levers.biometrics.target"
SHIPPED = ("scenario=status_quo,malign_escalation", "policy=full_package")


def change(path: str, op: str, value: float, start: int, **more: Any) -> Change:
    return Change(path, op, value, start, **more)


COURSES: dict[str, tuple[Change, ...]] = {
    "nothing": (),
    "set": (change("border.posture", "set", 2.0, 20),),
    "set later": (change("border.posture", "set", 2.0, 30),),
    "ramp": (change("border.posture", "set", 2.0, 20, ramp_weeks=10),),
    "longer ramp": (change("border.posture", "set", 2.0, 20, ramp_weeks=15),),
    "until": (change("border.posture", "set", 2.0, 20, end_week=30),),
    "no effect": (change("border.posture", "scale", 1.0, 10),),
    "of a member": (change("border.posture", "add", 1.0, 25, members=("TJK",)),),
    "of a series": (change("drivers.amu_darya_flow", "scale", 0.5, 20, ramp_weeks=4),),
    "after the end": (change("border.posture", "set", 2.0, N_WEEKS),),
    "from the start": (change("border.detection_per_patrol", "set", 0.1, 0, layer="user"),),
    # of the sets of a lever by several files the highest counts
    "lever": (change(LEVER, "set", 0.5, 10, layer="policy", origin="a"),),
    "lever raised": (
        change(LEVER, "set", 0.5, 10, layer="policy", origin="a"),
        change(LEVER, "set", 0.9, 30, layer="policy", origin="b"),
    ),
    "lever not raised": (
        change(LEVER, "set", 0.5, 10, layer="policy", origin="a"),
        change(LEVER, "set", 0.3, 30, layer="policy", origin="b"),
    ),
}


def leaves(group: Any) -> dict[str, bytes]:
    """Bytes of every number of one week's view by path."""
    found: dict[str, bytes] = {}
    for name, value in vars(group).items():
        if isinstance(value, Group):
            found |= {f"{name}.{inner}": number for inner, number in leaves(value).items()}
        elif name != "world":
            found[name] = np.asarray(value, dtype=np.float64).tobytes()
    return found


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    tree = load_tree()
    return {
        name: tree.with_changes(changes).compile(N_WEEKS, None) for name, changes in COURSES.items()
    }


def test_shared_weeks_are_those_with_the_same_numbers(compiled):
    views = {n: [leaves(p.at(week)) for week in range(N_WEEKS)] for n, p in compiled.items()}
    for one, two in combinations(compiled, 2):
        differing = [w for w in range(N_WEEKS) if views[one][w] != views[two][w]]
        expected = differing[0] if differing else N_WEEKS
        assert compiled[one].shared_weeks(compiled[two]) == expected, (one, two)
        assert compiled[two].shared_weeks(compiled[one]) == expected, (two, one)


@pytest.mark.parametrize(
    ("one", "two", "weeks"),
    [
        ("nothing", "set", 20),
        ("nothing", "ramp", 21),  # a ramp begins with nothing
        ("ramp", "longer ramp", 21),
        ("set", "until", 30),
        ("set", "set later", 20),
        ("nothing", "no effect", N_WEEKS),
        ("nothing", "after the end", N_WEEKS),
        ("nothing", "from the start", 0),
        ("lever", "lever raised", 30),
        ("lever", "lever not raised", N_WEEKS),
    ],
)
def test_a_shared_past_ends_where_the_numbers_part(one, two, weeks, compiled):
    assert compiled[one].shared_weeks(compiled[two]) == weeks


def test_another_world_shares_nothing(compiled):
    same = compiled["nothing"]
    assert same.shared_weeks(replace(same, world="another")) == 0


def test_worlds_are_kept_where_a_later_course_leaves():
    assert observe.fork_weeks([], 0) == []
    assert observe.fork_weeks([229, 229], 0) == [229]
    assert observe.fork_weeks([229, 229], 229) == []
    # the next two leave at 300 and 250; the one after 400 begins on another course
    assert observe.fork_weeks([300, 250, 400], 0) == [250, 300]
    assert observe.fork_weeks([300, 0, 400], 0) == [300]


@pytest.fixture(scope="module")
def shipped_specs(tmp_path_factory) -> tuple[ChunkSpec, ...]:
    """Short chunks of the real model: a policy begun early and late, in two scenarios."""
    specs: list[ChunkSpec] = []
    results = tmp_path_factory.mktemp("plan")
    for start in ("2021-10-17", "2021-11-14"):
        words = [f"start.policy={start}", "start.scenario=2021-10-31", "start.stressor=2021-10-31"]
        composed = compose_config([*SHIPPED, *words, f"results={results}"])
        plan = make_plan(composed, model_backend(), is_sweep=True)
        frame = replace(plan.frame, n_weeks=18, branch_week=9)
        plan = replace(plan, frame=frame)
        specs += [chunk_spec(plan, cell, Block(3, 6)) for cell in plan.cells]
    return tuple(replace(spec, batch_size=2) for spec in specs)


def written(strands: Sequence[Strand], results: Path, make_backend=model_backend) -> dict:
    """Hashes of the files that the chunks of strands leave in a folder."""
    for strand in strands:
        own = Strand(tuple(replace(spec, results=results) for spec in strand.specs))
        problems = [r for r in run_strand(own, make_backend) if isinstance(r, Failure)]
        assert not problems, problems
    return {
        path.relative_to(results): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(results.rglob("*.parquet"))
    }


def test_forked_and_unforked_runs_of_the_model_are_the_same_bytes(
    shipped_specs, tmp_path, monkeypatch
):
    weeks: list[int] = []
    real_step = observe.kernel.step

    def step(state, week, parameters, streams):
        weeks.append(week)
        return real_step(state, week, parameters, streams)

    monkeypatch.setattr(observe.kernel, "step", step)
    alone = written([Strand((spec,)) for spec in shipped_specs], tmp_path / "alone")
    n_alone = len(weeks)
    strands = plan_strands(shipped_specs, 1, is_forked=True)
    assert len(strands) == 1
    forked = written(strands, tmp_path / "forked")
    assert len(forked) == 3 * len({spec.cell.id for spec in shipped_specs})
    assert forked == alone
    assert len(weeks) - n_alone < 0.75 * n_alone


def test_the_order_of_a_strand_changes_no_byte(shipped_specs, tmp_path):
    few = shipped_specs[:3]
    ahead = written([Strand(few)], tmp_path / "ahead")
    assert written([Strand(few[::-1])], tmp_path / "back") == ahead


def cell_of(name: str, changes: tuple[Change, ...]) -> Cell:
    return Cell(name, "documented", "status_quo", "none", name, 0, changes, ())


FRAME = Frame(
    horizon="projection",
    n_weeks=100,
    starts=(week_start(60),) * 3,
    branch_week=60,
    structure="documented",
    stressor="none",
    uncertainty="none",
    seed=1,
    overrides=(),
)


def made_up(
    n_cells: int, *, start: int = 60, blocks: Sequence[Block] = (Block(0, 10),)
) -> list[ChunkSpec]:
    """Chunks of cells that differ from a week on, and of one without changes."""
    cells = [cell_of("nothing", ())]
    for i in range(1, n_cells):
        cells.append(cell_of(f"c{i}", (change("border.posture", "set", i, start),)))
    return [
        ChunkSpec(Path("nowhere"), cell, block, FRAME, "model", 50)
        for cell in cells
        for block in blocks
    ]


def sizes(strands: Sequence[Strand]) -> list[int]:
    return [len(strand.specs) for strand in strands]


def test_cells_of_one_block_are_put_together():
    specs = made_up(8, blocks=[Block(10 * i, 10 * i + 10) for i in range(4)])
    strands = plan_strands(specs, 2, is_forked=True)
    assert sizes(strands) == [8] * 4
    assert all(len({spec.block for spec in strand.specs}) == 1 for strand in strands)
    assert sorted(s.id for strand in strands for s in strand.specs) == sorted(s.id for s in specs)
    assert len({strand.id for strand in strands}) == 4


def test_without_forking_every_chunk_is_its_own_strand():
    assert sizes(plan_strands(made_up(8), 2, is_forked=False)) == [1] * 8


def test_families_are_cut_where_a_worker_would_be_idle():
    cut = {n: sizes(plan_strands(made_up(8), n, is_forked=True)) for n in (1, 2, 4, 99)}
    assert cut == {1: [8], 2: [4, 4], 4: [2] * 4, 99: [1] * 8}
    # with a short past of its own each piece costs little; two workers then share three blocks
    blocks = [Block(10 * i, 10 * i + 10) for i in range(3)]
    assert sizes(plan_strands(made_up(8, blocks=blocks), 2, is_forked=True)) == [4] * 6


def test_large_families_are_cut_and_large_blocks_left_alone():
    assert max(sizes(plan_strands(made_up(40), 1, is_forked=True))) <= MOST_CELLS
    large = made_up(8, blocks=[Block(0, MOST_REPLICATES + 1)])
    assert sizes(plan_strands(large, 1, is_forked=True)) == [1] * 8


def test_cells_that_differ_from_the_first_week_are_apart():
    assert sizes(plan_strands(made_up(5, start=0), 1, is_forked=True)) == [1] * 5


def test_nothing_to_do_makes_no_strand():
    assert plan_strands([], 2, is_forked=True) == ()


def test_a_course_lies_next_to_those_with_which_it_shares_most():
    early, late = (change("border.posture", "set", 2.0, week) for week in (20, 40))
    cells = [cell_of("early", (early,)), cell_of("late", (late,)), cell_of("both", (early, late))]
    courses = {cell.id: course(cell) for cell in [*cells, cell_of("nothing", ())]}
    ordered = sorted(courses, key=courses.__getitem__)
    assert ordered == ["both", "early", "late", "nothing"]
    shared = [common_weeks(courses[a], courses[b]) for a, b in pairwise(ordered)]
    assert shared == [40, 20, 40]


@pytest.fixture
def fake_specs(tmp_path) -> list[ChunkSpec]:
    composed = compose_config(["experiment=quick", f"results={tmp_path}"])
    plan = make_plan(composed, fake_backend(), is_sweep=True)
    return [chunk_spec(plan, cell, Block(0, 10)) for cell in plan.cells]


def troubled(spec: ChunkSpec, kind: str) -> ChunkSpec:
    trouble = change(f"fake.{kind}", "set", 3.0, 0, layer="user")
    return replace(spec, cell=replace(spec.cell, changes=(trouble,)))


def there(specs: Sequence[ChunkSpec]) -> list[bool]:
    paths = [chunk_path(spec.results, "outcomes", spec.cell.id, spec.block) for spec in specs]
    return [path.is_file() for path in paths]


def test_a_failed_chunk_costs_only_itself(fake_specs):
    fake_specs[2] = troubled(fake_specs[2], "fail_at")
    results = list(run_strand(Strand(tuple(fake_specs)), fake_backend))
    assert [isinstance(result, Failure) for result in results] == [i == 2 for i in range(8)]
    assert there(fake_specs) == [i != 2 for i in range(8)]


def test_a_chunk_that_does_not_compile_costs_only_itself(fake_specs):
    broken = replace(fake_specs[3].cell, changes=(change("no.such.path", "set", 1.0, 0),))
    fake_specs[3] = replace(fake_specs[3], cell=broken)
    results = list(run_strand(Strand(tuple(fake_specs)), fake_backend))
    failed = {i: r.stage for i, r in enumerate(results) if isinstance(r, Failure)}
    assert failed == {3: "compile"} and there(fake_specs) == [i != 3 for i in range(8)]


def test_the_chunk_at_work_is_the_suspect_of_a_death(fake_specs):
    """The chunks before it are kept, those after it are done by the next worker."""
    fake_specs[2] = troubled(fake_specs[2], "die_at")
    strands = [Strand(tuple(fake_specs[:5])), Strand(tuple(fake_specs[5:]))]
    told: list[Underway] = []
    engine = EngineConfig(workers=2)
    done = list(run_chunks(strands, engine, fake_backend, told.append))
    failed = [d.spec.id for d in done if isinstance(d.result, Failure)]
    assert failed == [fake_specs[2].id] and len(done) == 8
    assert there(fake_specs) == [i != 2 for i in range(8)]
    assert told and told[0].spec.id in {spec.id for spec in fake_specs}


def test_the_switch_changes_no_byte_of_a_folder(spillover, folder):
    for name, is_forked in (("forked", "true"), ("alone", "false")):
        words = ("replicates=10", "engine.workers=1", f"engine.fork={is_forked}")
        assert spillover("sweep", "experiment=quick", f"results={name}", *words) == 0
    files = {
        name: {p.relative_to(folder / name): p.read_bytes() for p in folder.glob(f"{name}/**/*.p*")}
        for name in ("forked", "alone")
    }
    assert files["forked"] == files["alone"] and len(files["alone"]) > 24
