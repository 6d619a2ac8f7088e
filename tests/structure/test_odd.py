"""docs/odd.md follows the code: processes, equations, state, drivers, parameters and draws."""

from __future__ import annotations

import re
from dataclasses import fields
from math import prod

import pytest
import yaml

from spillover import kernel, streams
from spillover.axes import LEVERS
from spillover.evidence.changes import Change
from spillover.evidence.facts import load_facts
from spillover.evidence.tree import load_tree
from spillover.state import FIELDS
from spillover.world import load_world

SECTIONS = range(1, 9)
FACT_ID = re.compile(r"\b(?:A|REL|I|ST|Q|E|C|M|S|R|U)-[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*\b")
NAMES = tuple(process.NAME for process in kernel.SCHEDULE)
PARTS = ("**Idea.**", "**Accounts.**", "**Draws.**", "**Limits and thin spots.**")
SLOTS = re.compile(r"`(\w+/\w+)`\s+(\d+(?: x \d+)*)")
# Draws by slot of which only the first ones are asked for, up to the last that is in use.
FIRST_SLOTS = {
    *(f"cells/{name}" for name in (
        "losses", "exits", "captures", "place", "choice", "northern", "abroad", "target",
    )),
    *(f"plots/{name}" for name in ("targets", "regions", "stages", "success", "severity")),
    "attacks/severity", "attacks/frontier_link", "intelligence/arrests", "intelligence/detection",
    "trafficking/losses",
}  # fmt: skip
# Draws that happen only under a change of some driver or parameter.
RARE = ("drivers.syria_arrivals", "groups.northward_displacement")


def sections(text: str) -> dict[int, str]:
    """Text of the numbered `## n` sections by number."""
    parts = re.split(r"^## (\d+) .*$", text, flags=re.M)
    return {int(number): body for number, body in zip(parts[1::2], parts[2::2], strict=True)}


def submodels(section: str) -> dict[str, str]:
    """Text of the `### name` parts of a section by heading, in their order."""
    parts = re.split(r"^### (.+)$", section, flags=re.M)
    return dict(zip((name.strip() for name in parts[1::2]), parts[2::2], strict=True))


def table(text: str) -> dict[str, list[str]]:
    """Cells of every table row that starts with a name in backticks, by that name."""
    rows = {}
    for line in text.splitlines():
        if match := re.match(r"\| `(\w+)` \|", line):
            rows[match.group(1)] = [cell.strip() for cell in line.strip("| ").split("|")]
    return rows


def equation_labels(docstring: str) -> list[str]:
    """Labels such as R7 that open a line of the list of equations in a docstring."""
    listed = docstring.split("Equations (docs/odd.md", 1)[1]
    return re.findall(r"^ +([A-Z]\d+)\s", listed, flags=re.M)


@pytest.fixture(scope="module")
def text(root):
    return (root / "docs" / "odd.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def parts(text):
    return sections(text)


@pytest.fixture(scope="module")
def chapters(parts):
    return submodels(parts[7])


def test_all_elements_of_the_protocol_are_there(parts):
    assert list(parts) == list(SECTIONS)
    assert all(body.strip() for body in parts.values())


def test_submodels_stand_in_the_order_of_the_schedule(chapters):
    assert tuple(chapters) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_every_submodel_has_all_parts_in_order(name, chapters):
    places = [chapters[name].find(part) for part in PARTS]
    assert -1 not in places and places == sorted(places), name


@pytest.mark.parametrize("process", kernel.SCHEDULE, ids=NAMES)
def test_every_account_is_named(process, chapters):
    chapter = chapters[process.NAME].split("**Accounts.**")[1].split("**Draws.**")[0]
    missing = [f.name for f in fields(process.Info) if f"`{f.name}`" not in chapter]
    assert not missing, f"docs/odd.md, {process.NAME}: no {', '.join(missing)}"


def test_overview_lists_the_schedule_in_order(parts):
    listed = re.findall(r"^\| \d+ \| (\w+) \|", parts[3], flags=re.M)
    assert tuple(listed) == NAMES


@pytest.mark.parametrize("process", kernel.SCHEDULE, ids=NAMES)
def test_every_equation_of_a_docstring_is_written_out(process, chapters):
    labels = equation_labels(process.__doc__)
    assert labels, f"{process.__name__} lists no equation"
    missing = [x for x in labels if not re.search(rf"\b{x}\b", chapters[process.NAME])]
    assert not missing, f"docs/odd.md, {process.NAME}: no {', '.join(missing)}"


def test_state_table_has_every_field_and_its_axes(root, parts):
    source = (root / "src" / "spillover" / "state.py").read_text(encoding="utf-8")
    declared = dict(re.findall(r"^    (\w+): \w+  # (\[[^\]]*\])", source, flags=re.M))
    assert set(declared) == set(FIELDS), "state.py: give every field its axes in a comment"
    described = {name: cells[1] for name, cells in table(parts[2]).items()}
    assert described == declared


def test_every_driver_is_described_with_its_rule(root, parts):
    data = root / "src" / "spillover"
    entries = yaml.safe_load((data / "parameters" / "drivers.yaml").read_text(encoding="utf-8"))
    rules = yaml.safe_load((data / "data" / "driver_rules.yaml").read_text(encoding="utf-8"))
    rows = table(parts[6])
    assert list(rows) == list(entries)
    for name, cells in rows.items():
        rule, after = cells[2].split("; ")
        assert rule.startswith(rules[name]["rule"]), name
        assert after == rules[name]["after"].replace("_", " "), name


def test_readers_of_drivers_are_named(root, parts):
    folder = root / "src" / "spillover" / "processes"
    code = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in NAMES}
    for driver, cells in table(parts[6]).items():
        reading = [name for name in NAMES if re.search(rf"drivers\.{driver}\b", code[name])]
        said = cells[4].split(";")[0].split(", ")
        assert sorted(said) == (sorted(reading) or ["nobody"]), driver


def mentioned(name: str, text: str) -> bool:
    """Whether a parameter stands in a text, bare or with the index of a member (`name_c`)."""
    return re.search(rf"\b{name}(?![a-z0-9]|_[a-z]{{2}})", text) is not None


def test_every_parameter_of_a_process_is_used(text, parts, chapters):
    missing = []
    for path in load_tree().paths():
        group, name = path.split(".")[0], path.split(".")[-1]
        own = chapters.get(group, "") + parts[5]
        if group in chapters and not mentioned(name, own) and not mentioned(path, text):
            missing.append(path)
    assert not missing, f"docs/odd.md says nothing about {', '.join(missing)}"


def test_paths_that_are_written_in_full_exist(text):
    known = load_tree().paths()
    groups = {path.split(".")[0] for path in known} - {"levers"}
    written = re.findall(rf"(?<![/\w])((?:{'|'.join(sorted(groups))})(?:\.[a-z_]+)+)\b", text)
    assert written
    # A path may carry the index of a member, and a group may stand for all its entries.
    bare = {re.sub(r"_[a-z]$", "", path) for path in written}
    prefixes = {path.rsplit(".", 1)[0] for path in known}
    assert sorted(bare - set(known) - prefixes) == []


def test_every_draw_is_named_in_its_section(parts, chapters):
    for name in streams.purposes():
        owner = name.split("/")[0]
        if owner in chapters:
            assert f"`{name}`" in chapters[owner], name
        elif owner == "first_state":
            assert f"`{name}`" in parts[5], name


class CountedStreams(streams.Streams):
    """Random numbers that remember how many slots each purpose was asked for."""

    def __init__(self) -> None:
        super().__init__(1, (0,))
        self.slots: dict[str, int] = {}
        self._names = {key: name for name, key in streams.purposes().items()}

    def words(self, purpose_id, week, n_slots):
        self.slots[self._names[purpose_id]] = n_slots
        return super().words(purpose_id, week, n_slots)


def test_draws_have_the_slots_that_the_text_gives_them(parts, chapters):
    written = dict(SLOTS.findall(parts[5] + "".join(chapters.values())))
    changes = [Change(path, "add", 0.1, 0) for path in RARE]
    parameters = load_tree().with_changes(changes).compile(1, load_world())
    counted = CountedStreams()
    kernel.run(parameters, counted, 0, 1)
    assert set(counted.slots) | {"cells/place"} == set(written)  # a week may form no cell
    for name, slots in counted.slots.items():
        said = prod(map(int, written[name].split(" x ")))
        assert slots <= said if name in FIRST_SLOTS else slots == said, name


def test_table_of_levers_names_the_processes_that_read_them(root, chapters):
    folder = root / "src" / "spillover" / "processes"
    code = {name: (folder / f"{name}.py").read_text(encoding="utf-8") for name in NAMES}
    rows = table(chapters["statecraft"])
    assert list(rows) == list(LEVERS)
    for lever, cells in rows.items():
        reading = {n for n in NAMES if re.search(rf"lever\(\s*\"{lever}\"", code[n])}
        said = {name for name in NAMES if re.search(rf"\b{name}\b", cells[1])}
        assert said == reading, lever


def test_cited_facts_exist(text):
    cited = set(FACT_ID.findall(text))
    assert cited
    assert sorted(cited - set(load_facts())) == []
