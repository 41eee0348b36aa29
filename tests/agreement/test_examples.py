"""Examples: an agreement's worked cases are its tests; a case that does not come out is told with its line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from trucewatch.agreement.examples import read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.mission import check
from trucewatch.where import PlaceKind

ROOT = Path(__file__).parents[2]
AGREEMENTS = sorted(folder.parent for folder in (ROOT / "agreements").glob("*/agreement.yml"))
SHELLING = """\
format: 1
examples:
  - id: one
    clause: C1
    when: 2017-07-09T06:00/2017-07-09T08:00
    where: {point: [36.10, 32.62], radius_m: 500}
    act: shelling
    actor: Government of Syria
    target: Southern Front
    expect: undetermined
    because: [start]
"""
LINE = 3  # of the example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the agreement of south-west Syria, with one example of its own."""
    copy = tmp_path / "south"
    shutil.copytree(ROOT / "agreements" / "south-syria-2017", copy)
    (copy / "examples.yml").write_text(SHELLING)
    return copy


def told(folder: Path, old: str = "", new: str = "") -> list[str]:
    """Return what a check says of the example with some of its words replaced."""
    assert old in SHELLING
    (folder / "examples.yml").write_text(SHELLING.replace(old, new, 1) if old else SHELLING)
    _, problems, _ = check(folder)
    assert all(problem.file == str(folder / "examples.yml") for problem in problems)
    return [str(problem).removeprefix(f"{folder / 'examples.yml'}:") for problem in problems]


# ---- what is shipped -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", AGREEMENTS, ids=lambda path: path.name)
def test_every_shipped_example_comes_out(path: Path) -> None:
    _, problems, ran = check(path)
    assert problems == []
    assert ran >= 5


@pytest.mark.parametrize("path", AGREEMENTS, ids=lambda path: path.name)
def test_each_example_stands_at_the_line_it_names(path: Path) -> None:
    lines = (path / "examples.yml").read_text(encoding="utf-8").splitlines()
    examples, claims, _ = read_examples(read_agreement(path))
    for example in examples:
        assert example.id in lines[example.line - 1]
    told = set(claims["event_key"])
    assert told <= {example.id for example in examples}
    assert {example.id for example in examples if not example.party} <= told


# ---- what does not come out ------------------------------------------------------------------------------------------


def test_an_example_that_comes_out_is_not_mentioned(folder: Path) -> None:
    assert told(folder) == []
    assert check(folder)[2] == 1


@pytest.mark.parametrize("expected", ["violation", "outside_scope", "untouched"])
def test_a_wrong_expectation_is_told_with_its_line(folder: Path, expected: str) -> None:
    assert told(folder, "expect: undetermined", f"expect: {expected}") == [
        f"{LINE}: example-differs 'one' comes to undetermined under C1, not to {expected} "
        "(one of the two is wrong: the case or the text)"
    ]


def test_a_wrong_because_is_told_with_what_is_unknown(folder: Path) -> None:
    assert told(folder, "because: [start]", "because: [start, end, area]") == [
        f"{LINE}: example-differs 'one' is not undetermined because of area, end (what is unknown: start)"
    ]


def test_a_change_of_the_text_shows_in_the_example(folder: Path) -> None:
    text = (folder / "agreement.yml").read_text(encoding="utf-8")
    noon = 'noon: {at: "2017-07-09T12:00"'
    assert noon in text
    (folder / "agreement.yml").write_text(text.replace(noon, 'noon: {at: "2017-07-09T01:00"'), encoding="utf-8")
    (problem,) = told(folder)
    assert problem.startswith(f"{LINE}: example-differs 'one' comes to violation under C1, not to undetermined")


def test_an_example_is_judged_under_its_own_reading(folder: Path) -> None:
    in_russian = "expect: untouched\n    reading: russia\n"
    assert told(folder, "expect: undetermined\n    because: [start]\n", in_russian) == []


# ---- what cannot be read ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("id: one", "name: one", "no key is called 'name' here"),
        ("    act: shelling\n", "", "'act' is missing"),
        ("    when: 2017-07-09T06:00/2017-07-09T08:00\n", "", "'when' is missing"),
        ("    expect: undetermined\n", "", "'expect' is missing"),
        ("clause: C1", "clause: C9", "no clause is called 'C9'"),
        ("undetermined", "undecided", "'undecided' is no outcome; did you mean 'undetermined'?"),
        ("act: shelling", "act: sheling", "no act is called 'sheling'; did you mean 'shelling'?"),
        ("act: shelling", "act: shelling\n    weapon: tonk", "no weapon is called 'tonk'; did you mean 'tank'?"),
        ("expect:", "reading: rusia\n    expect:", "no reading is called 'rusia'; did you mean 'russia'?"),
        ("point: [36.10, 32.62], radius_m: 500", "area: dara", "no area is called 'dara'; did you mean 'daraa'?"),
        ("{point: [36.10, 32.62], radius_m: 500}", "Daraa", "'where' needs point and radius_m, area, country"),
        ("act: shelling", "act: shelling\n    extent: always", "'always' is not a valid Extent"),
        ("2017-07-09T06:00/2017-07-09T08:00", "last week", "last week"),
        ("[36.10, 32.62]", "[east, north]", "could not convert string to float"),
    ],
)
def test_an_example_that_cannot_be_read_is_told_and_not_run(folder: Path, old: str, new: str, words: str) -> None:
    (problem,) = told(folder, old, new)
    assert problem.startswith(f"{LINE}: example-unreadable ")
    assert words in problem
    assert check(folder)[2] == 0


def test_a_line_that_is_no_example_is_told(folder: Path) -> None:
    (folder / "examples.yml").write_text(SHELLING + "  - a mere word\n")
    _, problems, ran = check(folder)
    assert [(problem.line, problem.code) for problem in problems] == [(12, "example-unreadable")]
    assert ran == 1


def test_two_examples_of_one_name_are_told(folder: Path) -> None:
    (folder / "examples.yml").write_text(SHELLING + SHELLING.partition("examples:\n")[2])
    _, problems, ran = check(folder)
    assert [(problem.line, problem.code) for problem in problems] == [(12, "duplicate-key")]
    assert ran == 1


def test_without_a_file_there_are_no_examples(folder: Path) -> None:
    (folder / "examples.yml").unlink()
    assert check(folder)[1:] == ([], 0)


# ---- what is told ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("{point: [36.10, 32.62], radius_m: 500}", PlaceKind.DISC),
        ("{area: daraa}", PlaceKind.AREA),
        ("{country: Syria}", PlaceKind.COUNTRY),
        ("{sector: {from: [36.1, 32.6], bearing: 90, error: 5, range_m: [500, 900]}}", PlaceKind.SECTOR),
        ("{unplaced: true}", PlaceKind.UNPLACED),
    ],
)
def test_a_place_can_be_told_in_each_way(folder: Path, where: str, kind: PlaceKind) -> None:
    text = SHELLING.replace("{point: [36.10, 32.62], radius_m: 500}", where)
    (folder / "examples.yml").write_text(text)
    _, claims, problems = read_examples(read_agreement(folder))
    assert (claims["place_kind"].to_list(), problems) == ([kind], [])


@pytest.mark.parametrize(
    ("extra", "pairs"),
    [
        ("", {("A", "B")}),
        ("both_ways: true", {("A", "B"), ("B", "A")}),
        (
            "both_ways: true\n    civilians_dead: 2",
            {("A", "B"), ("B", "A"), ("A", "civilians"), ("B", "civilians")},
        ),
    ],
)
def test_who_did_it_to_whom(folder: Path, extra: str, pairs: set[tuple[str, str]]) -> None:
    text = SHELLING.replace("Government of Syria", "A").replace("Southern Front", f"B\n    {extra}")
    (folder / "examples.yml").write_text(text)
    _, claims, _ = read_examples(read_agreement(folder))
    assert {tuple(pair) for pair in json.loads(claims["pairs"][0])} == pairs


def test_as_many_roots_lie_behind_it_as_it_says(folder: Path) -> None:
    found = {}
    for origins in (0, 1, 3):
        (folder / "examples.yml").write_text(SHELLING.replace("expect:", f"origins: {origins}\n    expect:"))
        _, claims, _ = read_examples(read_agreement(folder))
        found[origins] = sorted(cited for cites in claims["cites"] for cited in json.loads(cites))
    assert found == {0: ["outlet 0", "outlet 1"], 1: ["origin 0"], 3: ["origin 0", "origin 1", "origin 2"]}
