"""The commands of the liaison officer: what is open, what a shift hands over, how far each allegation has come."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.missions import run, told, watching
from trucewatch.mission import Mission

SHEETS = {
    "channels": "statement,channel,state,from,until,says\nS1,centre,open,2017-08-23,,the mission\n",
    "notices": (
        "notice,channel,sender,addressee,subject,sent,acknowledged,answered,promised,due\n"
        "N1,centre,mission,side A,query,2018-06-02T12:00,,2018-06-02T18:00,to look into it,2018-06-03T12:00\n"
        "N2,centre,mission,side B,query,2018-06-02T22:00,2018-06-02T22:30,,,\n"
    ),
    "handovers": "handover,shift_from,shift_until\nH1,2018-06-02T08:00,2018-06-02T20:00\n",
    "steps": (
        "step,subject,stage,result,why,on,complainant_answered\n"
        "P1,C1,received,,,2018-06-02,\nP2,C1,closed,unfounded,nobody was there,2018-06-09,yes\n"
        "P3,C2,received,,,2018-06-05,\n"
    ),
}
COMPLAINTS = (
    "complaint_id,complainant,accused,alleged_act,from,until,area\n"
    "C1,Southern Front,Government of Syria,mortar fire,2018-06-02 10:00,2018-06-02 11:00,Daraa\n"
    "C2,Southern Front,Government of Syria,mortar fire,2018-06-05 10:00,2018-06-05 11:00,Daraa\n"
)


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    folder = watching(tmp_path)
    (tmp_path / "complaints.csv").write_text(COMPLAINTS, encoding="utf-8")
    told("collect", folder, "complaints", tmp_path / "complaints.csv")
    for sheet, text in SHEETS.items():
        (tmp_path / f"{sheet}.csv").write_text(text, encoding="utf-8")
        told("log", folder, sheet, tmp_path / f"{sheet}.csv")
    return folder


def test_the_log_and_the_stages_are_told(watch: Path) -> None:
    lines = told("liaison", watch, "--at", "2018-06-04T08:00").splitlines()
    assert lines == [
        "centre: open since 23 August 2017, says the mission",
        "to acknowledge: 2 notices, 0 open so far; a quarter within 0.5 h, half within 0.5 h, "
        "three quarters within 6.0 h",
        "to answer: 2 notices, 1 open so far; a quarter within 6.0 h, half within 6.0 h",
        "N1: query, sent 2 June 2018, 12:00; waits for promise (to look into it, due 3 June 2018, 12:00, overdue)",
        "N2: query, sent 2 June 2018, 22:00; waits for answer",
    ]
    shift = told("liaison", watch, "--shift", "H1").splitlines()
    assert shift[-2:] == [
        "sent in the shift: N1; settled by it: none",
        "N1: query, sent 2 June 2018, 12:00; waits for promise (to look into it, due 3 June 2018, 12:00)",
    ]
    answer = json.loads(told("liaison", watch, "--shift", "H1", "--json"))
    assert answer["open"] == [{"notice": "N1", "waits_for": ["promise"], "overdue": False}]
    assert answer["times"]["to answer"] == {
        "notices": 1,
        "open": 0,
        "hours": {"lower": 6.0, "median": 6.0, "upper": 6.0},
    }
    assert told("stages", watch).splitlines() == [
        "C1: closed; unfounded (nobody was there)",
        "C2: received; pending",
        "1 unfounded, 1 pending; on 1 of 2 there is no ruling",
    ]
    assert told("stages", watch, "C1").splitlines()[1:] == ["  2 June 2018: received", "  9 June 2018: closed"]
    [one] = json.loads(told("stages", watch, "C1", "--json"))
    assert (one["stage"], one["result"], one["complainant_answered"]) == ("closed", "unfounded", True)
    # As of an entry before the steps there is none.
    assert told("stages", watch, "--as-of", "4") == ""
    for wrong in (
        ("liaison", watch),
        ("liaison", watch, "--at", "noon"),
        ("liaison", watch, "--shift", "H2"),
        ("stages", watch, "C9"),
    ):
        assert run(*wrong).exit_code == 2


def test_a_party_has_the_days_of_the_mandate_to_reply_where_nothing_else_is_said(watch: Path, tmp_path: Path) -> None:
    mandate = watch / "mandate.yml"
    mandate.write_text(mandate.read_text("utf-8") + "reply_days: 7\n", encoding="utf-8")
    told("adopt", watch, "--by", "chief", "--because", "seven days are usual")
    steps = tmp_path / "put.csv"
    steps.write_text(
        "step,subject,stage,result,why,on,party\n"
        "P4,C2,under-inquiry,,,2018-06-06,\nP5,C2,verified,established,two craters,2018-06-08,\n"
        "P6,C2,put-to-party,,,2018-06-10,Government of Syria\n",
        encoding="utf-8",
    )
    assert told("log", watch, "steps", steps).splitlines()[-1] == "steps: 3 rows entered, 0 refused"
    (line,) = (line for line in Mission.open(watch).lines() if line.id == "P6")
    # Summer in Damascus: its days begin three hours before those of UTC.
    assert line.values["reply_due"] == ("2018-06-16T21:00:00+00:00", "2018-06-17T21:00:00+00:00")
    mandate.write_text(mandate.read_text("utf-8").replace("reply_days: 7", "reply_days: 3"), encoding="utf-8")
    told("adopt", watch, "--by", "chief", "--because", "three will do")
    assert told("log", watch, "steps", steps).splitlines()[-1] == "steps: 0 rows entered, 0 refused"
    sent = tmp_path / "sent.csv"
    sent.write_text("step,subject,stage,on\nP7,C2,before-joint-body,2018-06-14\n", encoding="utf-8")
    assert "reply-not-due" in run("log", watch, "steps", sent).output
