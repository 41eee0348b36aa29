"""The commands of releases, from a draft to what was handed out, as the roles of a mission give them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.missions import run, told, watching

HEADER = "report_id,actor,what,count,count_unit,from,until,lat,lon,radius_m,seen_by,means,remarks"
ROWS = (
    "F1,Hezbollah,forces,40,men,2018-06-01T08:00,2018-06-01T12:00,32.55,36.20,500,a post,saw,",
    "F2,Hezbollah,forces,25,men,2018-06-03T08:00,2018-06-03T12:00,32.75,36.20,500,a post,saw,",
)
DRAFT = ("--kind", "monthly", "--audience", "public", "--until", "2018-06-30", "--format", "csv", "--by", "analyst")
SITREP = "public-monthly-2018-06-30"


@pytest.fixture
def watch(tmp_path: Path) -> Path:
    folder = watching(tmp_path)
    receive(folder, *ROWS)
    return folder


def receive(folder: Path, *rows: str) -> None:
    path = folder.parent / "reports.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    told("collect", folder, "presence", path)


def test_a_sitrep_goes_from_a_draft_to_a_release_and_is_made_again(watch: Path) -> None:
    assert told("draft", watch, *DRAFT).startswith(f"{SITREP}: waits for reporting to clear it\nIt lies in ")
    assert "returned to analyst by reporting: too long" in told(
        "return", watch, SITREP, "--by", "reporting", "--because", "too long"
    )
    told("draft", watch, *DRAFT)
    for role in ("reporting", "legal"):
        told("clear", watch, SITREP, "--by", role, "--comment", "fine")
    state = json.loads(told("clear", watch, SITREP, "--by", "chief", "--json"))
    assert (state["cleared_by"], state["next"], list(state["files"])) == (
        ["reporting", "legal", "chief"], None, ["findings.csv"]
    )  # fmt: skip
    listed = told("drafts", watch)
    assert f"{SITREP}: cleared by reporting, legal, chief" in listed and "cleared by legal: fine" in listed
    out = json.loads(told("release", watch, SITREP, "--by", "chief", "--on", "2018-07-02", "--json"))
    assert (out["audience"], out["name"], out["number"]) == ("public", "monthly-2018-06-30", 1)
    assert sorted(path.name for path in Path(out["folder"]).iterdir()) == [
        "findings.csv",
        "release.json",
        "verifier.py",
    ]
    assert told("again", watch, "public/monthly-2018-06-30") == "findings.csv: the same, byte for byte\n"
    # A file of what was kept that comes out otherwise is no success.
    assert json.loads(told("drafts", watch, "--json"))[0]["released"]


def test_the_drafter_is_told_what_waits(watch: Path) -> None:
    told("draft", watch, *DRAFT)
    for role in ("reporting", "legal", "chief"):
        told("clear", watch, SITREP, "--by", role)
    told("release", watch, SITREP, "--by", "chief", "--on", "2018-07-02")
    receive(watch, ROWS[0].replace("F1", "F3").replace("06-01", "06-10"))
    waits = "1 late report waits until there are 3, or until 2018-07-15"
    assert told("draft", watch, *DRAFT).endswith(f"\n{waits}.\n")
    refused = run("erratum", watch, "public/monthly-2018-06-30", "--by", "analyst")
    assert refused.exit_code == 1 and refused.stderr.endswith(f"is found otherwise now; {waits}\n")


def test_what_may_not_be_done_is_one_line_that_says_why(watch: Path) -> None:
    told("draft", watch, *DRAFT)
    for words, code, why in (
        (("clear", watch, SITREP, "--by", "legal"), 1, "waits for reporting"),
        (("release", watch, SITREP, "--by", "chief"), 1, "waits for reporting to clear it"),
        (("clear", watch, "public-monthly", "--by", "reporting"), 1, "there is no draft 'public-monthly'"),
        (("again", watch, "public/x"), 1, "nothing was released yet"),
        (("erratum", watch, "public/x", "--by", "analyst"), 1, "nothing was released yet"),
        (("sign", watch, "99", "--by", "legal"), 2, "there is no entry 99"),
        (("withhold", watch, "x", "--by", "chief", "--because", "talks"), 2, "name the day of its review"),
        (("draft", watch, *DRAFT[:1], "thematic", *DRAFT[2:]), 2, "a thematic report is about"),
    ):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (code, ""), words
        assert done.stderr.startswith("trucewatch: ") and done.stderr.count("\n") == 1 and why in done.stderr


def test_a_finding_is_withheld_and_its_review_is_called_to_mind(watch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = json.loads(told("run", watch, "--json"))
    assert done["findings"]
    finding = (watch / "sitrep" / "findings.csv").read_text("utf-8").splitlines()[1].split(",")[0]
    said = told("withhold", watch, finding, "--by", "chief", "--because", "talks", "--review", "2999-01-01")
    assert f"{finding} is withheld with 1 claim; to be looked at again on 2999-01-01" in said
    assert told("run", watch)
    with monkeypatch.context() as patch:
        patch.setattr("trucewatch.clearances.Withheld.is_due", lambda self, day: True)
        for words in (("run", watch), ("draft", watch, *DRAFT)):
            assert run(*words).stderr == (
                f"trucewatch: {finding} is withheld; it was to be looked at again on 2999-01-01\n"
            )
        # To others it is not told that something is withheld.
        assert run("run", watch, "--audience", "public", "--out", watch / "public").stderr == ""
    ended = told("withhold", watch, finding, "--by", "chief", "--because", "over", "--no-longer")
    assert f"{finding} is withheld no longer" in ended


def test_an_erratum_is_drafted_in_a_command_and_entries_are_signed_in_another(watch: Path) -> None:
    told("draft", watch, *DRAFT)
    for role in ("reporting", "legal", "chief"):
        told("clear", watch, SITREP, "--by", role)
    told("release", watch, SITREP, "--by", "chief")
    assert "is found otherwise" in run("erratum", watch, "monthly-2018-06-30", "--by", "analyst").stderr
    # So many as may be told together of days that were told.
    receive(watch, *(ROWS[0].replace("F1", f"F{n}").replace("06-01", f"06-1{n}") for n in (3, 4, 5)))
    made = told("erratum", watch, "monthly-2018-06-30", "--by", "analyst", "--json")
    assert json.loads(made)["sitrep"] == "public-erratum-monthly-2018-06-30"
    assert told("sign", watch, "3", "2", "3", "--by", "duty officer").endswith(": duty officer signs 2, 3\n")
