"""The commands of readings, as an analyst types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.missions import new_mission, receive, run, seen, told
from tests.valley import write_valley


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_valley(tmp_path_factory.mktemp("law") / "valley")


@pytest.fixture(scope="module")
def printed(law: Path) -> list[str]:
    return told("readings", law).splitlines()


def test_what_flips_is_told_with_each_outcome_and_the_choice(printed: list[str]) -> None:
    assert printed[0] == "valley, by readings:"
    at = printed.index("      squires-fire  2020-04-01  shelling")
    assert printed[at - 3 : at] == [
        "  C1: 1 finding",
        "    undetermined: no choice, strict; violation: northern; untouched: southern",
        "    because of affiliation:knights/south",
    ]
    at = printed.index("      dawn-in-the-east  2020-03-01  shelling")
    assert printed[at - 2 : at] == [
        "    southern to strict: area and start",
        "    no choice to southern, northern to southern: area, or start",
    ]


def test_the_counts_stand_by_clause_and_reading(printed: list[str]) -> None:
    rows = [line.split() for line in printed[1:6]]
    assert rows[0] == ["C1", "violation", "outside", "scope", "undetermined"]
    assert [row[:-3] for row in rows[1:]] == [["no", "choice"], ["northern"], ["southern"], ["strict"]]


def test_demands_come_last_and_are_no_clauses(printed: list[str]) -> None:
    at = printed.index("Demands are no clauses: judged for the mission alone, in no count and no report.")
    assert printed[at + 1 :] == [
        "  hills-near  2020-04-04  presence of forces: would not meet demand D1 of Northern Army",
        "  hills-far  2020-04-05  presence of forces: would not meet demand D1 of Northern Army",
    ]
    assert not any("D1" in line for line in printed[:at])


def test_a_program_gets_the_same(law: Path) -> None:
    found = json.loads(told("readings", law, "--term", "strip", "--json"))
    assert (found["agreement"], found["simulation"], found["rulings"]) == ("valley", False, [])
    (by_strip,) = found["comparisons"]
    assert by_strip["of"] == "strip"
    assert by_strip["counts"]["C2"] == {name: {"violation": 0, "outside_scope": 0, "undetermined": number}
                                        for name, number in (("", 2), ("near", 1), ("far", 2))}  # fmt: skip


def test_a_wrong_call_is_told_in_one_line(law: Path, tmp_path: Path) -> None:
    for words, says in (
        (("--reading", "northern"), "told beside southern or not at all"),
        (("--term", "strat"), "did you mean 'start'?"),
        (("--source", "ucdp"), "go together"),
    ):
        done = run("readings", law, *words)
        assert (done.exit_code, done.stdout) == (2, "") and says in done.stderr
    assert run("readings", tmp_path / "nowhere").exit_code == 1


def test_a_mission_rules_and_its_readings_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "state"))
    mission = new_mission(tmp_path / "watch")
    entry = receive(mission, [seen("F1")]) + 1
    ruled = ("rule", mission.folder, "area", "two", "--by", "head of mission", "--because", "the maps")
    assert told(*ruled) == (
        f"entry {entry}: area is two, once it is signed: trucewatch sign {mission.folder} {entry} --by ROLE\n"
    )
    for role in ("legal", "chief"):
        told("sign", mission.folder, f"{entry}", "--by", role)
    assert told("readings", mission.folder).startswith(
        f"Ruled by the mission: area is two (entry {entry}, head of mission: the maps)\n"
    )
    done = run("rule", mission.folder, "jordan-border-distance", "x", "--by", "legal", "--because", "so")
    assert done.exit_code == 2 and "is not contested in south-syria-2017" in done.stderr
    assert run("run", mission.folder, "--reading", "israel").exit_code == 2
