"""Mission: a folder that watches one agreement, and the ways from it to a sitrep and back."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import apsw
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.missions import LAW, erase, new_mission, on, products, receive, seen, verify
from trucewatch.agreement.terms import What
from trucewatch.beside import Beside
from trucewatch.evidence import Standard
from trucewatch.levels import Level
from trucewatch.logs.patrols import Window
from trucewatch.mission import Assessment, Mission, assess_files, open_agreement, shipped, versions
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.route import follow_route
from trucewatch.when import read_edtf


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    return new_mission(tmp_path / "watch")


def received(watch: Mission, *rows: str, day: int = 1, whole: bool = False) -> int:
    return receive(watch, rows, day, whole)


# ---- a mission's folder ----------------------------------------------------------------------------------------------


def test_a_mission_draws_a_key_that_only_it_can_read(tmp_path: Path) -> None:
    one = Mission.init(tmp_path / "one", "south-syria-2017")
    other = Mission.init(tmp_path / "other", "south-syria-2017")
    keys = [(mission.folder / "mission.key") for mission in (one, other)]
    assert keys[0].read_bytes() != keys[1].read_bytes()
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


def test_a_folder_that_is_in_use_is_not_made_a_mission(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(TrucewatchError):
        Mission.init(tmp_path / "mine", "south-syria-2017")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    with pytest.raises(TrucewatchError, match="is no mission"):
        Mission.open(tmp_path / "mine")


def test_the_mandate_decides_the_words_and_the_standard(watch: Mission) -> None:
    received(watch, seen("F1"))
    reported = watch.run(reading="israel").findings["sentence"].to_list()
    assert any(
        "Assessed as inconsistent with C3, if it was as reported; not confirmed" in sentence for sentence in reported
    )
    assert not any("Violation of" in sentence for sentence in reported)
    mandate = (watch.folder / "mandate.yml").read_text().replace("[observe, record]", "[observe, record, determine]")
    (watch.folder / "mandate.yml").write_text(mandate.replace("reasonable-grounds ", "clear-and-convincing "))
    watch.adopt("head of mission", "the parties agreed to it", now=on(2))
    assert (watch.mandate.may_determine, watch.mandate.standard) == (True, Standard.CLEAR_AND_CONVINCING)
    assert watch.run(reading="israel").summary["findings"]["violation"] == 0  # seen, and not recorded


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("mandate.yml", "format: 1\nmay: [obserwe]\nstandard: reasonable-grounds\n"),
        ("mandate.yml", "format: 1\nmay: [observe]\nstandard: beyond doubt\n"),
        ("mandate.yml", "\tmay: x\n"),
        ("mission.yml", "format: 1\n"),
        ("mission.yml", "agreement: [\n"),
        ("mission.key", "short"),
    ],
)
def test_a_broken_file_of_a_mission_is_told_by_name(watch: Mission, file: str, text: str) -> None:
    received(watch, seen("F1"))
    (watch.folder / file).write_text(text)
    with pytest.raises(TrucewatchError, match=file):
        watch.run()


def test_any_earlier_sitrep_can_be_made_again_to_the_byte(watch: Mission, tmp_path: Path) -> None:
    received(watch, seen("F1"), day=1)
    first = {path.name: path.read_bytes() for path in watch.run().publish(tmp_path / "first")}
    received(watch, seen("F1", count=90), seen("F2", lat=32.60), day=5)
    later = {path.name: path.read_bytes() for path in watch.run().publish(tmp_path / "later")}
    again = {path.name: path.read_bytes() for path in watch.run(as_of="2026-01-03").publish(tmp_path / "again")}
    assert again == first != later


def test_what_is_edited_and_not_adopted_runs_nothing(watch: Mission) -> None:
    received(watch, seen("F1"))
    path = watch.folder / "mandate.yml"
    path.write_text(path.read_text().replace("[observe, record]", "[observe, record, determine]"))
    said = r"its mandate is not the one adopted; if it is meant: trucewatch adopt .* --by ROLE --because REASON"
    for asked in (watch.run, lambda: received(watch, seen("F2"), day=2)):
        with pytest.raises(TrucewatchError, match=said):
            asked()
    entry = watch.adopt("head of mission", "the parties agreed to it", now=on(2))
    assert entry is not None and set(entry.content or {}) == {"mandate", "by", "because"}
    assert watch.adopt("head of mission", "again", now=on(2)) is None
    assert watch.run().material.may_determine


def test_a_sitrep_of_an_earlier_day_goes_by_the_agreement_and_mandate_of_that_day(
    watch: Mission, tmp_path: Path
) -> None:
    law = tmp_path / "law"
    shutil.copytree(shipped("agreements") / LAW, law)
    other = Mission.init(tmp_path / "other", law, key=b"k" * 32, now=on(1))
    number = receive(other, [seen("F1")])
    before = products(other, tmp_path / "before")
    text = (law / "agreement.yml").read_text("utf-8")
    (law / "agreement.yml").write_text(text.replace("reasonable", "plain"), encoding="utf-8")
    (law / "text.md").write_text("Another text.", encoding="utf-8")
    (other.folder / "mandate.yml").write_text("format: 1\nmay: [determine]\nstandard: clear-and-convincing\n")
    other.adopt("head of mission", "a new protocol", now=on(2))
    assert products(other, tmp_path / "after") != before
    assert products(other, tmp_path / "again", as_of=number) == before


def test_other_versions_than_those_at_work_are_listed(watch: Mission, monkeypatch: pytest.MonkeyPatch) -> None:
    number = received(watch, seen("F1"))
    assert watch.differences(number) == ()
    told = {**versions(), "polars": "0.0.1"}
    monkeypatch.setattr("trucewatch.record.adoptions.versions", lambda: told)
    (problem,) = watch.differences(number)
    assert problem.code == "other-version" and "polars was" in problem.message and "is 0.0.1 now" in problem.message
    # Whoever goes on enters with what; from there on nothing differs.
    later = received(watch, seen("F2"), day=2)
    assert watch.differences(later) == () and len(watch.differences(number)) == 1


def test_a_decision_is_known_from_its_entry_on(watch: Mission) -> None:
    number = received(watch, seen("F1"), seen("F2", lat=32.60))
    keys = watch.receipts().claims()["claim_key"]
    decision = watch.decide(keys[0], keys[1], True, "duty officer", "one column", now=on(2))
    assert watch.decisions() == (decision,) and watch.decisions(as_of=number) == ()
    assert watch.run().summary["incidents"] == 1 and watch.run(as_of=number).summary["incidents"] == 2
    for wrong in (
        (keys[0], keys[0], "duty officer", "one"),
        (keys[0], keys[1], " ", "one"),
        (keys[0], keys[1], "x", ""),
    ):
        with pytest.raises(WrongCall):
            watch.decide(wrong[0], wrong[1], True, wrong[2], wrong[3], now=on(3))


def test_a_declassification_holds_once_two_persons_and_legal_or_chief_have_signed(watch: Mission) -> None:
    received(watch, seen("F1"))
    (key,) = watch.receipts().claims()["claim_key"]

    def told() -> list[str | None]:
        return watch.run(audience="public", published=date(2019, 1, 1)).claims["office"].to_list()

    entry = watch.declassify([key], ["office"], "public", "analyst", "the post is closed", now=on(30))
    for number, role in enumerate(("reporting", "legal")):
        assert told() == [None]
        with watch.record() as record:
            record.enter("decided", {"what": "signed", "entries": [entry.number], "by": role}, on(31 + number))
    assert told() == ["a post"]
    with pytest.raises(TrucewatchError, match="no field"):
        watch.declassify([key], ["colour"], "public", "analyst", "to be told", now=on(40))


def test_a_party_that_the_agreement_has_not_is_a_wrong_call(watch: Mission) -> None:
    received(watch, seen("F1"))
    with pytest.raises(WrongCall, match="has no party 'goverment-forces'; did you mean 'government-forces'"):
        watch.run(audience="party: goverment-forces")
    assert watch.run(audience="party: government-forces").material.view.audience.party_id == "government-forces"


def test_what_a_feed_took_back_is_left_out_and_counted(watch: Mission) -> None:
    received(watch, seen("F1"), seen("F2", lat=32.60), day=1)
    received(watch, seen("F1"), day=2, whole=True)
    done = watch.run()
    assert set(done.findings["records"]) == {"F1"}
    assert done.summary["rows_withdrawn"] == 1


def test_the_same_file_under_another_name_changes_no_finding(watch: Mission, tmp_path: Path) -> None:
    received(watch, seen("F1"))
    shutil.copy(tmp_path / "presence.csv", tmp_path / "other.csv")
    one, other = (assess_files([tmp_path / name], "presence", "south-syria-2017").findings
                  for name in ("presence.csv", "other.csv"))  # fmt: skip
    same = [name for name in one.columns if "line" not in name]
    assert one.select(same).equals(other.select(same))


def test_a_finding_can_be_looked_at(watch: Mission) -> None:
    received(watch, seen("<b>F1</b>"))
    done = watch.run()
    finding = done.finding(done.findings["finding"][0])
    assert "presence.csv:2" in str(finding)
    page = finding._repr_html_()
    assert "<table>" in page and "<b>" not in page
    assert repr(done).startswith("<Assessment of south-syria-2017")
    with pytest.raises(KeyError):
        done.finding("nothing")


def test_findings_go_to_geopandas(watch: Mission) -> None:
    received(watch, seen("F1"))
    frame = watch.run().to_geopandas()
    assert frame.crs.to_epsg() == 4326
    assert set(frame.geometry.geom_type) == {"Polygon"}


def test_while_somebody_else_writes_nothing_is_half_entered(
    watch: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    received(watch, seen("F1"))
    monkeypatch.setattr("trucewatch.ledger.store._PATIENCE_MS", 20)
    other = apsw.Connection(str(watch.folder / "mission.sqlite"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TrucewatchError, match="another program is at work on it; try again when that has ended"):
        received(watch, seen("F2", lat=32.60), day=2)
    assert watch.run().summary["incidents"] == 1  # reading goes on meanwhile
    other.execute("ROLLBACK")
    other.close()
    assert received(watch, seen("F2", lat=32.60), day=2) == 4
    assert verify(watch).problems == ()


def test_a_clock_that_was_set_back_receives_nothing(watch: Mission) -> None:
    received(watch, seen("F1"), day=5)
    with pytest.raises(TrucewatchError, match="set the clock right, or wait until it has caught up"):
        received(watch, seen("F2", lat=32.60), day=4)
    assert watch.run().summary["incidents"] == 1 and verify(watch).problems == ()


# ---- the demo --------------------------------------------------------------------------------------------------------


def test_a_period_without_ends_is_closed_by_what_was_received(watch: Mission) -> None:
    received(watch, seen("F1"))
    assert watch.run(period="2018/..").summary["period"]["end"] == "2018-06-01T21:00:00Z"
    with pytest.raises(TrucewatchError, match="period"):
        watch.run(period="last week")


# ---- what it writes down itself --------------------------------------------------------------------------------------

PATROLS = "patrol,planned_from,planned_until,area,outcome,turned_back_by,reason,restriction,from,until,level,withdrawn"
WENT = "P-1,2018-06-01T00:00,2018-07-01T00:00,suwayda,executed,,,,2018-06-01T00:00,2018-07-01T00:00,,"
TURNED_BACK = "P-2,2018-06-02T08:00,2018-06-02T12:00,suwayda,turned-back,Government of Syria,heron rock,denial,,,{},"
WINDOWS = "window,patrol,from,until,area,could_observe,level"
ALL_MONTH = "W-1,P-1,2018-06-01T00:00,2018-07-01T00:00,suwayda,use-of-weapons,{}"


def logged(watch: Mission, sheet: str, *rows: str, day: int = 1) -> list[str]:
    """Have a mission log rows on one of its days; return the codes of what was refused."""
    path = watch.folder.parent / f"{sheet}.csv"
    path.write_text("\n".join([PATROLS if sheet == "patrols" else WINDOWS, *rows]) + "\n", encoding="utf-8")
    return [problem.code for problem in watch.log(sheet, [path], now=on(day))[1]]


def test_a_patrol_that_was_turned_back_is_an_incident_like_any_other(watch: Mission) -> None:
    received(watch, seen("F1"))
    before = watch.run()
    assert logged(watch, "patrols", TURNED_BACK.format("")) == []
    after = watch.run()
    assert dict(after.figures.acts) == {**before.figures.acts, "movement-denied": 1}
    (row,) = after.claims.filter(source="patrols").rows(named=True)
    assert (row["record"], row["file"], row["line"], row["entry"]) == ("P-2", "patrols.csv", 2, 4)
    assert after.figures.patrols == {"turned-back": 1}


def test_a_clause_on_access_judges_it(watch: Mission) -> None:
    logged(watch, "patrols", TURNED_BACK.format("").replace("suwayda", "daraa"), WENT)
    law = watch.agreement
    access = replace(law.clause("C1"), id="A1", what=What(("restriction-of-movement",)), outside_scope=())
    law = replace(law, clauses=(access,))
    (told,) = follow_route(watch.run().claims, (), (), law, None, None, Level.MISSION).figures.told
    assert (told.clause, told.act, told.outcome) == ("A1", "movement denied", "violation")
    assert told.responsible == ("Government of Syria",)


@pytest.mark.parametrize(
    ("level", "audience", "is_told"),
    [("", "mission", True), ("", "guarantors", False), ("parties", "parties", True), ("parties", "public", False)],
)
def test_a_row_is_told_to_whom_it_is_for(watch: Mission, level: str, audience: str, is_told: bool) -> None:
    logged(watch, "patrols", TURNED_BACK.format(level))
    told = watch.run(audience=audience)
    assert ("movement-denied" in told.figures.acts) is is_told
    assert bool(told.figures.patrols) is is_told
    assert ("heron rock" in repr(told.claims.rows())) is is_told


def test_what_is_made_of_the_log_is_marked_with_its_level(watch: Mission) -> None:
    logged(watch, "patrols", WENT)
    assert watch.run(period="2018-06").figures.marking == "mission"
    assert watch.run(period="2018-06", audience="guarantors").figures.marking == "public"


def test_the_log_stands_as_of_each_entry(watch: Mission) -> None:
    logged(watch, "patrols", WENT, day=1)
    logged(watch, "patrols", TURNED_BACK.format(""), day=2)
    logged(watch, "patrols", "P-2,,,,,,,,,,,yes", day=3)
    logged(watch, "patrols", TURNED_BACK.format("").replace("denial", "delay"), day=4)
    ids = [[line.id for line in watch.lines(entry)] for entry in range(1, 6)]
    assert ids == [[], ["P-1"], ["P-1", "P-2"], ["P-1"], ["P-1", "P-2"]]
    acts = [list(watch.run(as_of=entry).figures.acts) for entry in (3, 4, 5)]
    assert acts == [["movement-denied"], [], ["movement-delayed"]]
    assert [line.since for line in watch.lines()] == [2, 3]


def test_a_row_that_comes_later_changes_no_byte_of_what_was_made_before(watch: Mission, tmp_path: Path) -> None:
    received(watch, seen("F1"))
    logged(watch, "patrols", WENT)
    number = watch.lines()[-1].number
    before = products(watch, tmp_path / "before", number)
    logged(watch, "patrols", TURNED_BACK.format("public"), day=2)
    logged(watch, "windows", ALL_MONTH.format("public"), day=3)
    assert products(watch, tmp_path / "after", number) == before
    assert products(watch, tmp_path / "now") != before


def test_a_row_is_committed_to_those_alone_whom_it_is_for(watch: Mission) -> None:
    logged(watch, "patrols", TURNED_BACK.format("parties"))
    (line,) = watch.lines()
    with watch.record(is_read_only=True) as record:
        opened = {word: one.content for word, one in record.store.openings("internal", line.number).items()}
    held = {word for word, content in opened.items() if b"heron rock" in content}
    assert held == {word for word in opened if word != "public"}
    assert {word for word, content in opened.items() if b"patrols.csv" in content} == {"mission", "sealed"}
    assert opened["public"] == b""
    assert verify(watch).problems == ()


def test_rows_are_entered_all_together_or_not_at_all(watch: Mission) -> None:
    logged(watch, "patrols", WENT, day=3)
    with pytest.raises(TrucewatchError, match="nothing was entered"):
        logged(watch, "patrols", TURNED_BACK.format(""), WENT.replace("P-1", "P-3"), day=2)
    assert [line.id for line in watch.lines()] == ["P-1"]


def test_what_was_not_adopted_logs_nothing(watch: Mission) -> None:
    mandate = watch.folder / "mandate.yml"
    mandate.write_text(mandate.read_text().replace("[observe, record]", "[observe, record, verify]"))
    with pytest.raises(TrucewatchError, match="is not the one adopted"):
        logged(watch, "patrols", WENT)


def test_of_a_row_that_was_erased_nothing_is_left(watch: Mission) -> None:
    logged(watch, "patrols", WENT)
    (line,) = watch.lines()
    erase(watch, str(line.number), "chief", "by law", on(2))
    assert watch.lines() == ()
    with pytest.raises(TrucewatchError, match="was erased"):
        watch.lines(line.number)


def test_a_step_is_about_what_the_mission_has(watch: Mission) -> None:
    assert received(watch, seen("F1"))
    path = watch.folder.parent / "steps.csv"
    path.write_text("step,subject,stage,on\nS-1,F1,received,2018-06-03\nS-2,F2,received,2018-06-03\n", encoding="utf-8")
    entered, problems = watch.log("steps", [path], now=on(2))
    assert [line.id for line in entered] == ["S-1"]
    assert [(problem.line, problem.code) for problem in problems] == [(3, "unknown-subject")]


def test_coverage_comes_from_windows_and_a_zone_that_nobody_saw_stays_not_observed(watch: Mission) -> None:
    received(watch, seen("F1"))
    assert set(words_of(watch.run(period="2018-06")).values()) == {"not observed"}
    logged(watch, "patrols", WENT)
    logged(watch, "windows", ALL_MONTH.format(""), day=2)
    after = words_of(watch.run(period="2018-06"))
    assert {zone for (_, zone), word in after.items() if word == "none found"} == {"suwayda"}
    assert after["C1", "suwayda"] == "none found"
    # Whoever watched for fire says nothing of forces; and of fire only those know who may know of the window.
    assert after["C3", "suwayda"] == "not observed"
    assert set(words_of(watch.run(period="2018-06", audience="guarantors")).values()) == {"not observed"}


def words_of(done: Assessment) -> dict[tuple[str, str], str]:
    """Return what the cells say in which nothing is counted."""
    cells = {(clause, zone): cell for clause, row in done.figures.matrix.items() for zone, cell in row.items()}
    return {at: cell.word for at, cell in cells.items() if not cell.counts}


MID_MAY = datetime(2018, 5, 15, tzinfo=UTC)
SHAPES = [zone.shape for zone in open_agreement(LAW).zones.values() if zone.shape is not None]


@settings(max_examples=5)
@given(
    st.lists(
        st.builds(
            lambda shape, day, days, act: Window(MID_MAY + day, MID_MAY + day + days, shape, (act,)),
            st.sampled_from(SHAPES),
            st.integers(0, 40).map(lambda n: timedelta(days=n)),
            st.integers(1, 40).map(lambda n: timedelta(days=n)),
            st.sampled_from(["act", "use-of-weapons", "positions"]),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_coverage_changes_nothing_but_the_words_of_cells(windows: list[Window]) -> None:
    told = [watched(()), watched(tuple(windows))]
    without, with_them = (done.figures for done in told)
    assert without.counts["violation"] > 0
    assert told[0].material.findings.equals(told[1].material.findings)
    bare = [replace(figures, matrix={}, not_seen=()) for figures in (without, with_them)]
    assert bare[0] == bare[1]
    for clause, row in without.matrix.items():
        for zone, cell in row.items():
            assert with_them.matrix[clause][zone].counts == cell.counts
            if cell.counts:
                assert with_them.matrix[clause][zone] == cell


@cache
def watched(windows: tuple[Window, ...]) -> Assessment:
    law = open_agreement(LAW)
    span, beside = read_edtf("2018-05-20/2018-07-10", law.timezone), Beside(windows=windows)
    return follow_route(_sightings(), (), (), law, law.readings["israel"], span, Level.MISSION, beside=beside)


@cache
def _sightings() -> pl.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        watch = new_mission(Path(folder) / "watch")
        receive(watch, [seen("F1"), seen("F2", 32.7), seen("F3", 32.9, 5)])
        return watch.run().claims
