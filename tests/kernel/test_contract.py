"""What every process promises: its shape, what it reads, what it writes, what it leaves alone."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from spillover import kernel
from spillover.first_state import first_state
from spillover.processes.recruitment import BIFURCATION
from spillover.state import FIELDS, State
from spillover.streams import Streams

SRC = Path(kernel.__file__).parent
PROCESSES = {process.NAME: process for process in kernel.SCHEDULE}
NAMES = sorted(PROCESSES)
WEEK = 40  # also the turn of diplomacy and the border, which act every fourth week
PLANNING = 39  # the turn of statecraft, which plans every thirteenth week
SURVEY = 26  # the turn of reporting, which takes stock twice a year


@pytest.fixture(scope="module")
def situations(compiled, busy_world, weeks):
    """States in front of each process in two weeks of a busy world, with their streams."""
    parameters = compiled([*busy_world], 60)
    replicates = range(3)
    found = {}
    for week in weeks(parameters, 5, replicates, WEEK + 1):
        if week.number in (SURVEY, PLANNING, WEEK):
            found[week.number] = week
    return parameters, replicates, found


def advance(name, state, number, parameters, replicates):
    streams = Streams(5, replicates)
    return PROCESSES[name].step(state, number, parameters.at(number), streams)


def garbage(values):
    """Numbers of the same kind and shape that poison whatever uses them."""
    if values.dtype.kind == "f":
        return np.full_like(values, np.nan)
    if values.dtype.kind == "b":
        return ~values
    return np.full_like(values, 101 if values.dtype == np.int8 else 10**9 + 7)


class Watched(State):
    """A state that notes which of its arrays are looked at."""

    __slots__ = ()
    seen: set[str]
    written: set[str]

    def __getattribute__(self, name):
        if name in FIELDS:
            type(self).seen.add(name)
        return object.__getattribute__(self, name)

    def replace(self, **changes):
        look = object.__getattribute__
        type(self).written |= set(changes)
        return type(self)(**{n: changes.get(n, look(self, n)) for n in FIELDS})


def watched(state):
    """A fresh class per call, so that notes of two states do not mix."""
    kind = type("Watched", (Watched,), {"seen": set(), "written": set(), "__slots__": ()})
    return kind(**{name: getattr(state, name) for name in FIELDS})


# ---- shape -----------------------------------------------------------------------------------


def test_schedule_holds_every_process_once():
    files = {path.stem for path in (SRC / "processes").glob("*.py")} - {"__init__"}
    assert sorted(process.NAME for process in kernel.SCHEDULE) == sorted(files)


@pytest.mark.parametrize("name", NAMES)
def test_process_has_the_declared_shape(name):
    process = PROCESSES[name]
    assert Path(process.__file__).stem == name
    assert process is importlib.import_module(f"spillover.processes.{name}")
    assert dataclasses.is_dataclass(process.Info)
    assert process.Info.__dataclass_params__.frozen, "an info is a record"
    assert inspect.getdoc(process.Info)
    assert list(inspect.signature(process.step).parameters) == ["state", "week", "view", "streams"]


@pytest.mark.parametrize("name", NAMES)
def test_process_explains_its_equations(name):
    """Idea, then numbered equations of one letter without gaps."""
    doc = inspect.getdoc(PROCESSES[name])
    assert "Idea:" in doc and f'Equations (docs/odd.md, "{name}"):' in doc
    numbers = re.findall(r"^    ([A-Z])(\d+)  ?\S", doc, flags=re.M)
    assert len({letter for letter, _ in numbers}) == 1
    assert [int(n) for _, n in numbers] == list(range(1, len(numbers) + 1)) and len(numbers) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_reads_and_writes_are_fields_named_once(name):
    for declared in (PROCESSES[name].READS, PROCESSES[name].WRITES):
        assert set(declared) <= set(FIELDS), set(declared) - set(FIELDS)
        assert len(declared) == len(set(declared))


def test_every_field_has_a_writer_and_a_reader():
    """A stock that nobody reads is no state; one that nobody writes is a parameter."""
    written = {f for process in kernel.SCHEDULE for f in process.WRITES}
    read = {f for process in kernel.SCHEDULE for f in process.READS}
    for path in (SRC / "outcomes").glob("*.py"):
        text = path.read_text(encoding="utf-8")
        read |= set(re.findall(r"\b(?:s|state)\.(\w+)", text)) & set(FIELDS)
    assert set(FIELDS) == written
    assert set(FIELDS) == read, f"never read: {set(FIELDS) - read}"


# ---- reads and writes ------------------------------------------------------------------------


@pytest.mark.parametrize("number", [SURVEY, PLANNING, WEEK])
@pytest.mark.parametrize("name", NAMES)
def test_step_writes_only_what_it_declares(situations, differences, name, number):
    _, _, found = situations
    week = found[number]
    changed = differences(week.entering[name], week.leaving[name])
    assert set(changed) <= set(PROCESSES[name].WRITES)


@pytest.mark.parametrize("name", NAMES)
def test_step_writes_all_that_it_declares(situations, name):
    """An array that a process promises to write is handed over as a new one."""
    parameters, replicates, found = situations
    handed_over = set()
    for number, week in found.items():
        state = watched(week.entering[name])
        result, _ = advance(name, state, number, parameters, replicates)
        handed_over |= type(result).written
    assert handed_over == set(PROCESSES[name].WRITES)


@pytest.mark.parametrize("number", [SURVEY, PLANNING, WEEK])
@pytest.mark.parametrize("name", NAMES)
def test_step_uses_only_what_it_declares(situations, differences, name, number):
    """With every other array poisoned the result is the same."""
    parameters, replicates, found = situations
    process, week = PROCESSES[name], found[number]
    honest = week.entering[name]
    others = [field for field in FIELDS if field not in process.READS]
    poisoned = honest.replace(**{field: garbage(getattr(honest, field)) for field in others})
    result, info = advance(name, poisoned, number, parameters, replicates)
    changed = set(differences(result, week.leaving[name]))
    assert not changed & set(process.WRITES), "uses an array that it does not declare"
    for field in dataclasses.fields(info):
        given = getattr(week.infos, name)
        assert np.array_equal(getattr(info, field.name), getattr(given, field.name)), field.name


@pytest.mark.parametrize("name", NAMES)
def test_step_looks_at_all_that_it_declares(situations, name):
    """A declared array that is never looked at misleads whoever traces an effect."""
    parameters, replicates, found = situations
    seen = set()
    for number, week in found.items():
        state = watched(week.entering[name])
        advance(name, state, number, parameters, replicates)
        seen |= type(state).seen
    idle = set(PROCESSES[name].READS) - seen
    assert not idle, f"declared and never looked at: {sorted(idle)}"


@pytest.mark.parametrize("number", [SURVEY, PLANNING, WEEK])
@pytest.mark.parametrize("name", NAMES)
def test_step_leaves_its_input_alone(situations, differences, name, number):
    parameters, replicates, found = situations
    week = found[number]
    frozen = week.entering[name].replace(
        **{field: getattr(week.entering[name], field).copy() for field in FIELDS}
    )
    for field in FIELDS:
        getattr(frozen, field).setflags(write=False)
    result, _ = advance(name, frozen, number, parameters, replicates)
    assert not differences(result, week.leaving[name])
    assert not differences(frozen, week.entering[name])


@pytest.mark.parametrize("name", NAMES)
def test_two_worlds_do_not_meet(situations, differences, some_rows, name):
    """A process treats each replicate by itself: one row alone gives the same row."""
    parameters, _, found = situations
    week = found[WEEK]
    alone, _ = advance(name, some_rows(week.entering[name], slice(1, 2)), WEEK, parameters, [1])
    assert not differences(alone, some_rows(week.leaving[name], slice(1, 2)))


def test_slot_tables_refuse_next_to_nothing(compiled, weeks):
    """Each table refuses in fewer than one of a thousand weeks, over two years as documented."""
    n_weeks, n_worlds = 104, 20
    refused = Counter()
    for week in weeks(compiled(n_weeks=n_weeks), 3, range(n_worlds), n_weeks):
        refused["cells"] += int((week.infos.cells.slots_refused > 0).sum())
        refused["plots"] += int((week.infos.plots.starts_refused > 0).sum())
        refused["severities"] += int((week.infos.attacks.severities_refused > 0).sum())
        refused["networks"] += int((week.infos.networks.slots_refused > 0).sum())
        refused["consignments"] += int((week.infos.trafficking.refused > 0).any(axis=1).sum())
    assert max(refused.values()) < 0.001 * n_weeks * n_worlds, refused


# ---- parameters ------------------------------------------------------------------------------

WAITING: set[str] = set()
"""Drivers that are in the table before the process that will read them; changes to them do
nothing. An entry that becomes readable must leave this set."""


def dotted(node):
    """view.border.posture -> ('view', 'border', 'posture'); () for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return (node.id, *reversed(parts)) if isinstance(node, ast.Name) else ()


def chains(tree):
    """Longest attribute chains of a file that start at a name."""
    inner = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in inner:
            chain = dotted(node)
            if chain:
                yield chain


def model_files():
    single = ("first_state.py", "northern_route.py", "state.py")
    return [*sorted((SRC / "processes").glob("*.py")), *(SRC / name for name in single)]


@pytest.fixture(scope="module")
def mentions():
    """Every name after a dot in the files that read parameters."""
    words = set()
    for path in model_files():
        for chain in chains(ast.parse(path.read_text(encoding="utf-8"))):
            words.update(chain[1:])
    return words


def test_every_parameter_that_is_read_exists(tree):
    """`view.border.posture` is an entry, a group of entries, or a method of a number below one."""
    paths = set(tree.paths())
    prefixes = {".".join(p.split(".")[:n]) for p in paths for n in range(1, p.count(".") + 1)}
    groups = {path.split(".")[0] for path in paths}
    missing = []
    for path in model_files():
        for chain in chains(ast.parse(path.read_text(encoding="utf-8"))):
            name = ".".join(chain[1:])
            if chain[0] != "view" or len(chain) < 3 or chain[1] not in groups:
                continue
            parents = {name.rsplit(".", n)[0] for n in range(len(chain) - 2)}
            if not parents & paths and name not in prefixes:
                missing.append(f"{path.name}: view.{name}")
    assert not missing, missing


def test_every_parameter_is_read(tree, mentions):
    """A number that no equation uses only looks like knowledge."""
    # read by name of lever, group, process or state
    dynamic = ("levers.", "initial.zone_weight.", "structure.process.", "trade.base_trade.")
    unread = [
        path
        for path in tree.paths()
        if not path.startswith(dynamic) and path.split(".")[-1] not in mentions
    ]
    assert set(unread) == WAITING, f"differs by {set(unread) ^ WAITING}"


def test_entries_of_levers_are_the_ones_that_are_read(tree):
    text = (SRC / "processes" / "statecraft.py").read_text(encoding="utf-8")
    names = {path.split(".")[2] for path in tree.paths() if path.startswith("levers.")}
    assert names == set(re.findall(r'lever_table\(view, "(\w+)"\)', text))


def test_every_parameter_that_is_read_is_met_in_a_run(compiled, busy_world, set_to):
    """Run a quarter and note what is really looked up: the static check above can be fooled.

    A rival account of recruitment has a number that no other account looks at.
    """
    parameters = compiled(busy_world, 14)
    rival = compiled([*busy_world, set_to("structure.rival.recruitment", BIFURCATION)], 1)
    seen: set[str] = set()
    view = parameters.at(0)
    names = {path for path in (*parameters.constant, *parameters.weekly)}

    def note(group, prefix=""):
        class Noting:
            def __getattr__(self, name):
                value = getattr(group, name)
                path = f"{prefix}{name}"
                if path in names:
                    seen.add(path)
                is_group = any(n.startswith(path + ".") for n in names)
                return note(value, path + ".") if is_group else value

        return Noting()

    streams = Streams(1, range(2))
    state = first_state(note(view), streams)
    for week in range(14):
        for process in kernel.SCHEDULE:
            state, _ = kernel.act(process, state, week, note(parameters.at(week)), streams)
    assert names - seen == {"recruitment.bifurcation_steepness"} | WAITING
    kernel.act(PROCESSES["recruitment"], state, 0, note(rival.at(0)), streams)
    unmet = names - seen
    assert unmet == WAITING, f"differs by {unmet ^ WAITING}"


def test_ethnic_shares_are_read_by_rule_only():
    """Exclusion (R4) is the one use of ethnic data; nothing else may treat people by it."""
    readers = {
        path.relative_to(SRC).as_posix()
        for path in SRC.rglob("*.py")
        if "non_pashtun_share" in path.read_text(encoding="utf-8")
    }
    rule = {"processes/rule.py", "twin/rule.py"}
    assert rule <= readers
    strangers = {r for r in readers - rule if not r.startswith("world/")}
    assert not strangers
