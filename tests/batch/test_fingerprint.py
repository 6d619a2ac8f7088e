"""The fingerprint follows what can change a number, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from spillover.batch.fingerprint import PACKAGE, data_files, fingerprint, source_files

FILES = {
    "kernel.py": "def step(): ...\n",
    "processes/attacks.py": "RATE = 1\n",
    "cli.py": "print()\n",
    "figures/maps.py": "COLOUR = 'red'\n",
    "data/drivers.csv": "week,value\n0,1\n",
    "data/facts.csv": "id\nA\n",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "part"),
    [("kernel.py", "source"), ("processes/attacks.py", "source"), ("data/drivers.csv", "data")],
)
def test_model_files_count(package, name, part):
    before = fingerprint("tree", package)
    (package / name).write_text(FILES[name] + "# 2\n")
    after = fingerprint("tree", package)
    assert before.id != after.id
    changed = [
        key
        for key in ("source", "data", "parameters")
        if getattr(before, key) != getattr(after, key)
    ]
    assert changed == [part]


@pytest.mark.parametrize("name", ["cli.py", "figures/maps.py", "data/facts.csv"])
def test_presentation_and_documents_do_not_count(package, name):
    before = fingerprint("tree", package)
    (package / name).write_text("something else\n")
    assert fingerprint("tree", package) == before


def test_line_endings_do_not_count_and_renaming_does(package):
    before = fingerprint("tree", package)
    file = package / "kernel.py"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert fingerprint("tree", package) == before
    file.rename(package / "kernels.py")
    assert fingerprint("tree", package) != before


def test_the_meaning_of_the_parameters_counts():
    assert fingerprint("one").parameters != fingerprint("two").parameters


def test_the_shipped_package_is_covered():
    names = {path.relative_to(PACKAGE).as_posix() for path in source_files()}
    assert {"clock.py", "streams.py", "rates.py", "processes/attacks.py"} <= names
    assert not any(name.startswith(("batch/", "figures/", "commands/")) for name in names)
    data = {path.name for path in data_files()}
    assert {"drivers.csv", "places.csv", "links.csv"} <= data and "facts.csv" not in data
