"""The commands of the mission's own logs, as a duty officer gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.missions import run, told, watching

PATROLS = "patrol,planned_from,planned_until,area,outcome,from,until"
WINDOWS = "window,patrol,from,until,area,could_observe"
WENT = "P-1,2018-06-01T00:00,2018-06-02T00:00,suwayda,executed,2018-06-01T00:00,2018-06-02T00:00"
BACKWARD = "P-2,2018-06-02T08:00,2018-06-02T06:00,suwayda,,,"
ALL_DAY = "W-1,P-1,2018-06-01T00:00,2018-06-02T00:00,suwayda,use-of-weapons"


def written(folder: Path, *rows: str) -> Path:
    path = folder / "sheet.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    return watching(tmp_path)


def test_good_rows_are_entered_and_the_others_told_with_file_and_line(watch: Path, tmp_path: Path) -> None:
    done = run("log", watch, "patrols", written(tmp_path, PATROLS, WENT, BACKWARD))
    assert done.exit_code == 1
    assert done.stdout == "patrols: 1 row entered, 1 refused\n"
    assert done.stderr.startswith("sheet.csv:3: end-before-start P-2: ")


def test_the_same_file_again_enters_nothing(watch: Path, tmp_path: Path) -> None:
    assert told("log", watch, "patrols", written(tmp_path, PATROLS, WENT)) == "patrols: 1 row entered, 0 refused\n"
    assert told("log", watch, "patrols", written(tmp_path, PATROLS, WENT)) == "patrols: 0 rows entered, 0 refused\n"


def test_a_program_is_told_as_json(watch: Path, tmp_path: Path) -> None:
    done = run("log", watch, "patrols", written(tmp_path, PATROLS, WENT, BACKWARD), "--json")
    answer = json.loads(done.stdout)
    assert answer["entered"] == [{"id": "P-1", "entry": 2, "withdrawn": False}]
    assert [(one["line"], one["code"]) for one in answer["problems"]] == [(3, "end-before-start")]
    sheets = {sheet["sheet"]: sheet for sheet in json.loads(told("log", watch, "--json"))}
    assert sheets["patrols"]["rows"] == 1
    assert sheets["patrols"]["columns"][0]["name"] == "patrol"


def test_the_rows_of_a_sheet_are_listed_with_their_entries(watch: Path, tmp_path: Path) -> None:
    told("log", watch, "patrols", written(tmp_path, PATROLS, WENT))
    assert told("log", watch, "patrols") == "P-1: entry 2, for mission, sheet.csv:2\n"
    assert told("log", watch, "patrols", "--as-of", "1") == ""
    (row,) = json.loads(told("log", watch, "patrols", "--json"))
    assert (row["id"], row["values"]["outcome"]) == ("P-1", "executed")
    assert row["values"]["from"] == "2018-05-31T21:00:00+00:00"


def test_every_sheet_is_listed_with_its_columns_and_rows_as_of_an_entry(watch: Path, tmp_path: Path) -> None:
    told("log", watch, "patrols", written(tmp_path, PATROLS, WENT))
    listing = told("log", watch)
    assert "patrols: patrols as planned, and what became of them; 1 row\n    patrol*, planned_from*, " in listing
    assert "windows: when and where a patrol or a post could have observed what; 0 rows\n" in listing
    assert "patrols: patrols as planned, and what became of them; 0 rows\n" in told("log", watch, "--as-of", "1")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("patrol", "x.csv"), "there is no sheet 'patrol'; did you mean 'patrols'?"),
        (("patrols", "x.csv", "--as-of", "1"), "rows are entered now"),
    ],
)
def test_a_wrong_call_says_so(watch: Path, words: tuple[str, ...], says: str) -> None:
    done = run("log", watch, *words)
    assert done.exit_code == 2
    assert says in done.stderr


def test_what_could_be_seen_is_told_by_day_zone_and_act(watch: Path, tmp_path: Path) -> None:
    told("log", watch, "patrols", written(tmp_path, PATROLS, WENT))
    told("log", watch, "windows", written(tmp_path, WINDOWS, ALL_DAY))
    asked = ("coverage", watch, "--period", "2018-06-01/2018-06-02", "--act", "shelling")
    lines = told(*asked).splitlines()
    assert "2018-06-01  suwayda  shelling: none found" in lines
    assert "2018-06-02  suwayda  shelling: not observed" in lines
    assert "2018-06-01  daraa  shelling: not observed" in lines
    # The window is the mission's own; a guarantor is told of none.
    assert "none found" not in told(*asked, "--audience", "guarantors")
    rows = json.loads(told(*asked, "--json"))
    assert {"day": "2018-06-01", "zone": "suwayda", "act": "shelling", "seen": "none found"} in rows
    refused = run("coverage", watch, "--period", "2018-06-01", "--act", "shellings")
    assert (refused.exit_code, "did you mean 'shelling'?" in refused.stderr) == (2, True)
