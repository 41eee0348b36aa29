"""The command of leads, as a mission's planner types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.missions import new_mission, receive, run, seen, told


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    mission = new_mission(tmp_path_factory.mktemp("leads") / "watch")
    receive(mission, [seen("F1"), seen("F2", lat=32.60), seen("F3", lat=33.4)])
    return mission.folder


def test_leads_stand_with_the_findings_that_each_would_settle_by_clause(watch: Path) -> None:
    lines = told("leads", watch).splitlines()
    assert lines[0] == "Mission only. 1 June 2018: 8 findings are undetermined."
    at = lines.index("  to know where the line of contact runs")
    assert lines[at - 1 : at + 2] == ["One fact would do:", lines[at], "    would settle 3 findings under C2"]
    at = lines.index("Several facts are needed together:")
    assert lines[at + 1 : at + 3] == [
        "  to know whether iran backed groups are bound and where the Golan line runs",
        "    would settle 3 findings under C4; of 2 more a part of it would do",
    ]
    assert lines[-1].endswith("; 0 left")
    assert any("greedy" in line for line in lines)


def test_as_many_are_told_as_are_asked_for(watch: Path) -> None:
    found = json.loads(told("leads", watch, "--top", "1", "--json"))
    assert [len(found[kind]) for kind in ("single", "together", "greedy_order")] == [1, 1, 1]
    assert found["undetermined"] == {"C2": 3, "C3": 2, "C4": 3}
    assert found["greedy_order"][0]["left"] == 5
    assert run("leads", watch, "--top", "0").exit_code == 2


def test_where_nothing_is_open_nothing_is_asked_for(watch: Path) -> None:
    assert told("leads", watch, "--period", "2018-07").splitlines() == [
        "Mission only. 1 to 31 July 2018: 0 findings are undetermined."
    ]


def test_there_is_no_audience_to_choose(watch: Path) -> None:
    done = run("leads", watch, "--audience", "public")
    assert done.exit_code == 2 and "--audience" in done.stderr
    assert run("leads", watch.parent).exit_code == 1
