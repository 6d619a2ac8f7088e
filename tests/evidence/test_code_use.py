"""The search for functions that read a parameter, on a made-up package and on the real one."""

from __future__ import annotations

import pytest

from spillover.evidence import load_tree
from spillover.evidence.code_use import code_users

SOURCE = """
def direct(view):
    return view.border.depth * view.border.width.sum()

def renamed(state, view):
    par, other = view.border, state.border
    return par.depth + other.width

def inner(view):
    par = view.border
    def deeper():
        return par.width
    return deeper()

def helper(x, border):
    return x * border.depth

def foreign(state, par):
    return state.border.depth + par.depth

def passes_on(view):
    return helper(1.0, view.border)

def table(view, name):
    return [getattr(getattr(view.levers, v), name) for v in ("a", "b")]

def pays(view):
    return table(view, "cost")

def waits(view):
    return table(view, name="delay")
"""
GROUPS = ("border", "levers")
# Drivers whose process does not exist yet, and what is kept for the record.
NOT_READ: set[str] = set()


@pytest.fixture
def package(tmp_path):
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "toy.py").write_text(SOURCE)
    (tmp_path / "state.py").write_text("def spending(view):\n    return view.border.width\n")
    return tmp_path


def test_every_way_to_read_a_parameter_is_seen(package):
    assert code_users("border.depth", GROUPS, package) == {
        "processes/toy.py": ["direct", "renamed", "helper"]
    }
    assert code_users("border.width", GROUPS, package) == {
        "processes/toy.py": ["direct", "inner"],
        "state.py": ["spending"],
    }


def test_a_name_handed_to_a_helper_belongs_to_the_one_who_hands_it(package):
    assert code_users("levers.a.cost", GROUPS, package) == {"processes/toy.py": ["pays"]}
    assert code_users("levers.b.delay", GROUPS, package) == {"processes/toy.py": ["waits"]}
    assert code_users("levers.a.target", GROUPS, package) == {}


def test_par_holds_the_group_of_its_process_and_any_group_in_a_shared_helper(package):
    text = "def slope(x, par):\n    return x * par.{}\n"
    (package / "processes" / "border.py").write_text(text.format("steep"))
    (package / "state.py").write_text(text.format("level"))
    assert code_users("border.steep", GROUPS, package) == {"processes/border.py": ["slope"]}
    assert code_users("water.steep", ("border", "water"), package) == {}
    assert code_users("border.level", GROUPS, package) == {"state.py": ["slope"]}


def test_a_longer_name_is_another_parameter(package):
    assert code_users("border.depths", GROUPS, package) == {}
    assert code_users("border.depth.low", GROUPS, package) == {}


def test_every_shipped_parameter_is_read_somewhere():
    tree = load_tree()
    groups = {path.split(".")[0] for path in tree.paths()}
    unread = {path for path in tree.paths() if not code_users(path, groups)}
    assert unread == NOT_READ
