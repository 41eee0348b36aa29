"""Releases: what was cleared is what goes out, and whoever gets it can check that; what is above them is not in it."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from tests.canaries import found_in
from trucewatch import releases
from trucewatch.clearances import Clearance, clearances
from trucewatch.errata import NEW_REPORT
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.verifier import main as verify
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record import proofs
from trucewatch.record.entries import INTERNAL, Record, release_log
from trucewatch.record.proofs import export
from trucewatch.record.witnesses import cosign, request, request_release, take
from trucewatch.releases import (
    RELEASE_FILE,
    Release,
    again,
    clear,
    draft,
    erratum,
    release,
    send_back,
    sign,
    tell_again,
    withhold,
)
from trucewatch.shipped import open_agreement, shipped

HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)
START = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL, DAY = date(2018, 6, 30), date(2018, 7, 2)
CHAIN = ("reporting", "legal", "chief")
FORMATS, PAGE = ("csv",), ("html", "csv")
PARTY, OFFICE = Signer("the-party", b"p" * 32), Signer("second-office", b"o" * 32)
READY, RELEASED = "public-monthly-2018-06-30", "public/monthly-2018-06-30"


def seen(id_: str, day: str = "2018-06-01", lat: float = 32.55, count: int = 40) -> str:
    return f"{id_},Hezbollah,forces,{count},,men,{day}T08:00,{day}T12:00,{lat},36.20,500,a post,saw,,,,,,"


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def found(folder: Path) -> Mission:
    """Return a new mission of which every key is drawn from one seed."""
    return Mission.init(folder, "south-syria-2017", key=b"k" * 32, now=START, draw=random.Random(1).randbytes)


@pytest.fixture(scope="module", autouse=True)
def law() -> Iterator[None]:
    """Read the text of the shipped agreement once, and not for each step of each mission."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trucewatch.mission.open_agreement", cache(open_agreement))
        yield


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with missions to start from: `received` some reports, `ready` to release a sitrep of them."""
    folder = tmp_path_factory.mktemp("templates")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUCEWATCH_STATE", str(folder / "state"))
        mission = found(folder / "received")
        receive(mission, seen("F1"), seen("F2", "2018-06-03", lat=32.75), day=1)
        shutil.copytree(folder / "received", folder / "ready")
        cleared(ready := Mission.open(folder / "ready"), drafted(ready).sitrep)
    return folder


@pytest.fixture
def watch(tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch) -> Mission:
    """Return a mission that received two reports."""
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "state"))
    return Mission.open(shutil.copytree(templates / "received", tmp_path / "watch"))


@pytest.fixture
def ready(tmp_path: Path, templates: Path, monkeypatch: pytest.MonkeyPatch) -> Mission:
    """Return one whose sitrep `READY` all have cleared."""
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "state"))
    return Mission.open(shutil.copytree(templates / "ready", tmp_path / "watch"))


def receive(watch: Mission, *rows: str, day: int, source: str | Path = "presence") -> None:
    path = watch.folder.parent / "presence.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    watch.collect(source, [path], now=at(day))


def mandate(watch: Mission, was: str, now: str, day: int = 1) -> None:
    path = watch.folder / "mandate.yml"
    assert was in path.read_text()
    path.write_text(path.read_text().replace(was, now))
    watch.adopt("chief", "a new mandate", at(day))


def drafted(watch: Mission, audience: str = "public", day: int = 2, formats: tuple[str, ...] = FORMATS) -> Clearance:
    return draft(watch, "monthly", audience, UNTIL, "analyst", formats=formats, now=at(day))


def cleared(watch: Mission, sitrep: str, day: int = 2) -> Clearance:
    for role in CHAIN:
        state = clear(watch, sitrep, role, now=at(day))
    return state


def handed_out(watch: Mission, audience: str = "public", day: int = 2, formats: tuple[str, ...] = FORMATS) -> Release:
    sitrep = drafted(watch, audience, day, formats).sitrep
    cleared(watch, sitrep, day)
    return release(watch, sitrep, "chief", DAY, at(day))


# ---- a release -------------------------------------------------------------------------------------------------------


def test_a_stranger_with_the_sitrep_and_the_release_file_alone_can_check_both(watch: Mission, tmp_path: Path) -> None:
    out = handed_out(watch, formats=("pdf",))
    alone = tmp_path / "stranger"
    alone.mkdir()
    for name in ("release.json", "verifier.py", "sitrep.pdf"):
        shutil.copy(out.folder / name, alone / name)
    asked = [sys.executable, "-I", "verifier.py", "release.json", "sitrep.pdf"]

    def check() -> subprocess.CompletedProcess[str]:
        return subprocess.run(asked, cwd=alone, env={}, capture_output=True, text=True, check=False)

    told = check()
    assert (told.returncode, told.stderr) == (0, "")
    assert "VERIFIED" in told.stdout and "released 2018-07-02" in told.stdout
    with (alone / "sitrep.pdf").open("ab") as pdf:
        pdf.write(b"\n")
    assert check().returncode == 1


def test_the_head_in_a_sitrep_is_that_of_the_log_before_its_own_entry(watch: Mission) -> None:
    first, second = handed_out(watch, day=2, formats=PAGE), handed_out(watch, day=3, formats=PAGE)
    told = [json.loads((one.folder / "release.json").read_text()) for one in (first, second)]
    assert [one["printed_head"].split("\n")[1] for one in told] == ["0", "1"]
    assert [one["head"].split("\n")[1] for one in told] == ["1", "2"]
    for one, file in zip((first, second), told, strict=True):
        page = (one.folder / "sitrep.html").read_text("utf-8")
        assert file["printed_head"].split("\n")[2] in page
        assert verify([str(one.folder / "release.json")]) == 0
    assert (first.name, second.name) == ("monthly-2018-06-30", "monthly-2018-06-30-2")


def test_what_was_cleared_is_what_goes_out_and_is_kept(ready: Mission) -> None:
    with ready.record(is_read_only=True) as record:
        state = clearances(record.entries())[READY]
    out = release(ready, READY, "chief", DAY, at(2))
    went = {path.name: path.read_bytes() for path in out.folder.iterdir()}
    assert went.keys() == {*state.files, "release.json", "verifier.py"}
    with ready.record(is_read_only=True) as record:
        assert all(record.get(digest) == went[name] for name, digest in state.files.items())
        assert record.store.size(release_log("public")) == 1
        [entry] = record.entries(kinds=("released",))
    assert entry.content and entry.content["files"] == state.files and "trucewatch" in entry.content["versions"]


def test_a_file_that_was_changed_is_refused_by_name(watch: Mission) -> None:
    sitrep = drafted(watch).sitrep
    file = watch.folder / "sitreps" / sitrep / "findings.csv"
    cleared_bytes = file.read_bytes()
    for role in (*CHAIN, "release"):
        file.write_text("none")
        with pytest.raises(TrucewatchError, match=r"findings\.csv: was changed"):
            release(watch, sitrep, "chief", DAY, at(2)) if role == "release" else clear(watch, sitrep, role, now=at(2))
        file.unlink()
        with pytest.raises(TrucewatchError, match=r"findings\.csv: is missing"):
            release(watch, sitrep, "chief", DAY, at(2)) if role == "release" else clear(watch, sitrep, role, now=at(2))
        file.write_bytes(cleared_bytes)
        if role != "release":
            clear(watch, sitrep, role, now=at(2))
    assert release(watch, sitrep, "chief", DAY, at(2)).number == 1


def test_a_docx_is_edited_until_it_is_cleared_and_frozen_then(watch: Mission) -> None:
    docx = pytest.importorskip("docx")
    sitrep = drafted(watch, formats=("html", "docx", "csv")).sitrep
    path = watch.folder / "sitreps" / sitrep / "sitrep.docx"
    document = docx.Document(path)
    document.add_paragraph("Seen again on the ridge.")
    document.core_properties.author = "Canary Nightingale"
    document.save(path)
    state = clear(watch, sitrep, "reporting", now=at(2))
    # The page would still say the old words.
    assert state.files.keys() == {"sitrep.docx", "findings.csv"}
    assert b"Nightingale" not in path.read_bytes()
    assert "Seen again on the ridge." in [paragraph.text for paragraph in docx.Document(path).paragraphs]
    document = docx.Document(path)
    document.add_paragraph("And again.")
    frozen = path.read_bytes()
    document.save(path)
    with pytest.raises(TrucewatchError, match=r"sitrep\.docx: was changed"):
        clear(watch, sitrep, "legal", now=at(2))
    path.write_bytes(frozen)
    for role in CHAIN[1:]:
        clear(watch, sitrep, role, now=at(2))
    out = release(watch, sitrep, "chief", DAY, at(2))
    told = again(watch, "public/monthly-2018-06-30")
    assert (told.edited, told.same, told.differing) == (("sitrep.docx",), ("findings.csv",), ())
    assert (out.folder / "sitrep.docx").read_bytes() == frozen


def test_a_release_that_was_interrupted_is_finished_as_if_nothing_had_been(
    ready: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(*_: object) -> int:
        raise OSError("the power went")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power"):
        patch.setattr(Record, "log_release", cut)
        release(ready, READY, "chief", DAY, at(2))
    assert not (ready.folder / "releases").exists()
    out = release(ready, READY, "chief", DAY, at(3))
    whole = {path.name: path.read_bytes() for path in out.folder.iterdir()}
    # Cut off once more, after it was logged; others have gone out since.
    shutil.rmtree(out.folder)
    handed_out(ready, day=4)
    assert release(ready, READY, "chief", now=at(5)).number == out.number == 1
    assert {path.name: path.read_bytes() for path in out.folder.iterdir()} == whole
    with pytest.raises(TrucewatchError, match="is released"):
        release(ready, READY, "chief", now=at(5))


def witness(watch: Mission, by: Signer, day: int, audience: str | None = "public") -> str:
    """Have somebody cosign the release log of an audience, or the internal log, and the mission take the answer."""
    log = release_log(audience) if audience else INTERNAL
    with watch.record() as record:
        text = request_release(record, audience) if audience else request(record, watch.mandate.witness, at(day))
        state = watch.folder.parent / f"{by.name}.json"
        note = cosign(text, by, state, at(day), record.keys[0]).note
        take(record, note, at(day), (by.cosigner,), log)
    return note


def told_by(folder: Path, *words: str) -> tuple[int, str]:
    """Return what the verifier of a release folder says of it."""
    asked = [sys.executable, "-I", "verifier.py", "release.json", *words]
    done = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


def test_the_next_release_bears_what_others_cosigned_of_its_log(watch: Mission) -> None:
    first = handed_out(watch, day=2)
    note = witness(watch, PARTY, 3)
    witness(watch, OFFICE, 3, None)
    second, other = handed_out(watch, day=4), handed_out(watch, "parties", 4)
    assert (first.number, second.number) == (1, 2)  # of the same bytes
    by = ("--key", str(PARTY.cosigner))
    code, told = told_by(first.folder, *by)
    assert code == 1 and f"BAD   no cosignature by {PARTY.cosigner}" in told
    (first.folder.parent / "kept").write_text(note, encoding="utf-8")
    code, told = told_by(first.folder, *by, "--head", "../kept")
    assert code == 0 and "this release, entry 1, is among them" in told
    code, told = told_by(second.folder, *by)
    assert code == 0 and f"ok    cosigned by {PARTY.cosigner}, up to entry 1" in told
    assert "the log goes on from its head at 1 entries" in told and "entry 2, came after them" in told
    # Of another audience's log, and of the internal one, it says nothing.
    assert "witnessed" not in json.loads((other.folder / "release.json").read_text("utf-8"))
    assert found_in(second.folder, OFFICE.name) == found_in(other.folder, PARTY.name) == []


def test_what_was_cosigned_later_changes_no_release_that_is_finished_then(watch: Mission) -> None:
    first = handed_out(watch, day=2)
    witness(watch, PARTY, 3)
    second = handed_out(watch, day=4)

    def made_again() -> list[dict[str, bytes]]:
        made = []
        for out in (first, second):
            shutil.rmtree(out.folder)
            release(watch, f"public-{out.name}", "chief", now=at(9))
            made.append({path.name: path.read_bytes() for path in out.folder.iterdir()})
        return made

    before = made_again()
    witness(watch, PARTY, 5)  # at two entries, both of which are out
    assert made_again() == before
    # A head that was cosigned before the second went out, and only comes in now, is one that it can bear.
    with watch.record() as record:
        note = OFFICE.cosign(record.head("release/public", 1), int(at(3).timestamp()))
        take(record, note, at(6), (OFFICE.cosigner,), "release/public")
    after = made_again()
    assert after[0] == before[0]
    assert [name for name in after[1] if after[1][name] != before[1][name]] == ["release.json"]
    assert all(told_by(out.folder)[0] == 0 for out in (first, second))


def test_a_head_that_was_changed_where_it_is_kept_goes_out_with_no_release(watch: Mission) -> None:
    handed_out(watch, day=2)
    note = witness(watch, PARTY, 3)
    with sqlite3.connect(watch.folder / "mission.sqlite") as raw:
        raw.execute("UPDATE heads SET note = ? WHERE log = 'release/public'", (note.replace("\n1\n", "\n2\n"),))
    raw.close()
    with pytest.raises(TrucewatchError, match=r"the head kept at 1: .* trucewatch ledger verify"):
        handed_out(watch, day=4)


def gone_out(folder: Path, is_other: bool, patch: pytest.MonkeyPatch, formats: tuple[str, ...]) -> dict[str, object]:
    """Return all that goes out to the public, and to whoever witnesses its log, of one of two missions.

    They have the same keys, and differ above the public: the other holds what is secret, and its internal log and its
    own releases are witnessed.
    """
    patch.setenv("TRUCEWATCH_STATE", str(folder / "state"))
    mission = found(folder / "watch")
    told: dict[str, object] = {}
    if is_other:
        source = (shipped("sources") / "presence.yml").read_text("utf-8").replace("id: presence", "id: secret")
        secret = folder / "secret.yml"
        secret.write_text(source.replace("\nlevels:\n", "\nlevels:\n  act: mission\n"), encoding="utf-8")
        receive(mission, seen("S1", lat=32.56), seen("S2", "2018-06-09"), day=0, source=secret)
        receive(mission, seen("S3", lat=32.56), day=0, source=secret)
        handed_out(mission, "mission", day=1)
        witness(mission, OFFICE, 1, "mission")
        witness(mission, OFFICE, 1, None)
    receive(mission, seen("F1"), seen("F2", "2018-06-03", lat=32.75), day=1)
    outs = [handed_out(mission, day=3, formats=formats)]
    witness(mission, PARTY, 4)
    if is_other:
        witness(mission, OFFICE, 4, None)
    outs.append(handed_out(mission, day=5, formats=formats))
    with mission.record(is_read_only=True) as record:
        assert ("release/mission" in record.store.logs()) is is_other
        told |= {"request": request_release(record, "public"), "head": record.head("release/public")}
        told["export"] = [path.read_bytes() for path in export(record, folder / "export", "release/public")]
    for out in outs:
        told[out.name] = [
            (path.name, path.stat().st_mtime, path.read_bytes() if path.is_file() else b"")
            for path in (out.folder, *sorted(out.folder.iterdir()))
        ]
    assert ["witnessed" in json.loads((out.folder / RELEASE_FILE).read_text("utf-8")) for out in outs] == [False, True]
    return told


def test_a_release_log_grows_by_what_its_audience_got_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two missions that differ above an audience: the same folders, log, head and request for it."""
    one, other = (gone_out(tmp_path / name, name == "other", monkeypatch, PAGE) for name in ("one", "other"))
    assert one == other


def test_what_tells_a_witness_of_the_internal_log_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mistakes that are easily made, planted: the size of the internal log in a head, and everybody's witnesses."""
    honest_head, honest_keys = Record.head, proofs.witness_keys

    def with_size(record: Record, log: str = INTERNAL, size: int | None = None) -> str:
        tree = record.store.tree(log)
        size = tree.size if size is None else size
        return record.signer.head(record.origin_of(log), size, tree.root(size), [f"{record.number()}"])

    with monkeypatch.context() as patch:
        patch.setattr(Record, "head", with_size)
        one, other = (gone_out(tmp_path / name, name == "2", patch, FORMATS) for name in ("1", "2"))
    assert {name for name in one if one[name] != other[name]} == set(one)
    assert Record.head is honest_head
    with monkeypatch.context() as patch:
        patch.setattr(proofs, "witness_keys", lambda entries, log=None: honest_keys(entries))
        one, other = (gone_out(tmp_path / name, name == "4", patch, FORMATS) for name in ("3", "4"))
    assert {name for name in one if one[name] != other[name]} == {"export"}


# ---- who may do what -------------------------------------------------------------------------------------------------


def test_nothing_goes_out_before_the_whole_chain_stands(watch: Mission) -> None:
    sitrep = drafted(watch).sitrep
    for role in CHAIN:
        with pytest.raises(TrucewatchError, match=f"waits for {role} to clear it"):
            release(watch, sitrep, "chief", DAY)
        clear(watch, sitrep, role, now=at(2))
    with pytest.raises(TrucewatchError, match="chief releases, and not legal"):
        release(watch, sitrep, "legal", DAY)
    with pytest.raises(WrongCall, match="cannot be released on 2018-06-29"):
        release(watch, sitrep, "chief", date(2018, 6, 29), at(2))
    assert release(watch, sitrep, "chief", DAY, at(2)).number == 1


def test_who_clears_does_not_draft_and_what_was_returned_is_drafted_anew(watch: Mission) -> None:
    with pytest.raises(TrucewatchError, match="legal clears sitreps"):
        draft(watch, "daily", "public", UNTIL, "legal")
    sitrep = drafted(watch).sitrep
    clear(watch, sitrep, "reporting", "reads well", at(2))
    with pytest.raises(TrucewatchError, match="has to be returned"):
        drafted(watch)
    send_back(watch, sitrep, "legal", "names a person", at(2))
    with pytest.raises(TrucewatchError, match="returned to analyst by legal: names a person"):
        clear(watch, sitrep, "legal")
    anew = drafted(watch)
    assert (anew.sitrep, anew.next_role) == (sitrep, "reporting")
    assert [(step.what, step.said) for step in anew.steps][:3] == [
        ("drafted", ""), ("cleared", "reads well"), ("returned", "names a person")
    ]  # fmt: skip


def test_what_one_person_may_not_decide_is_not_drafted_for_one_alone(watch: Mission) -> None:
    mandate(watch, "[reporting, legal, chief]", "[chief]")
    with pytest.raises(TrucewatchError, match=r"who answers for a finding, and a second person has to sign"):
        drafted(watch, "mission")
    mandate(watch, "[chief]", "[deputy, chief]")
    assert drafted(watch, "mission").chain == ("deputy", "chief")
    mandate(watch, "standard:", "roles: {deputy: {under: analyst}}\nstandard:", 2)
    with pytest.raises(TrucewatchError, match="nor under them"):
        draft(watch, "weekly", "mission", date(2018, 6, 7), "analyst", formats=FORMATS)


def test_entries_are_signed_by_others_than_who_made_them(watch: Mission) -> None:
    entry = watch.declassify(["0" * 16], ["place_name"], "public", "analyst", "known to all", at(2))
    with pytest.raises(TrucewatchError, match="analyst's own"):
        sign(watch, [entry.number], "analyst")
    with pytest.raises(WrongCall, match="there is no entry 99"):
        sign(watch, [99], "legal")
    assert sign(watch, [entry.number], "legal", now=at(2)) == entry.number + 1


@pytest.mark.parametrize(
    ("kind", "audience", "topic", "why"),
    [
        ("weekly", "sealed", "", "custodians"),
        ("weekly", "party: nobody", "", "has no party 'nobody'"),
        ("weekly", "everybody", "", "is not a level"),
        ("thematic", "public", "", "name it"),
        ("thematic", "public", "../../x", "is no topic"),
        ("yearly", "public", "", "is no kind of sitrep"),
    ],
)
def test_what_cannot_be_drafted_is_refused_in_a_line(
    watch: Mission, kind: str, audience: str, topic: str, why: str
) -> None:
    with pytest.raises(TrucewatchError, match=why):
        draft(watch, kind, audience, UNTIL, "analyst", topic)
    assert not (watch.folder / "sitreps").exists()


def test_an_audience_of_one_party_has_a_folder_and_a_log_of_its_own(watch: Mission) -> None:
    out = handed_out(watch, "party: government-forces")
    assert out.folder == watch.folder / "releases" / "party-government-forces" / "monthly-2018-06-30"
    with watch.record(is_read_only=True) as record:
        assert record.store.logs() == ("internal", "release/party: government-forces")
    assert verify([str(out.folder / "release.json")]) == 0


# ---- made again, and corrected ---------------------------------------------------------------------------------------


def test_a_release_is_made_again_from_the_record_whatever_came_since(
    ready: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(ready, READY, "chief", DAY, at(2))
    receive(ready, seen("F3", lat=32.6), day=4)
    mandate(ready, "[observe, record]", "[observe, record, attribute]", 4)
    told = again(ready, RELEASED, tmp_path / "out")
    assert (told.same, told.differing, told.versions) == (("findings.csv",), (), ())
    assert (tmp_path / "out" / "findings.csv").is_file()
    monkeypatch.setattr(releases, "versions", lambda: {"trucewatch": "99"})
    other = again(ready, "monthly-2018-06-30")
    assert ("trucewatch", "99") in {(what, now) for what, _, now in other.versions}
    assert other.differing == ()
    with pytest.raises(TrucewatchError, match=f"did you mean '{RELEASED}'"):
        again(ready, "public/monthly-2018-06-31")


def test_what_comes_out_otherwise_is_named(ready: Mission, monkeypatch: pytest.MonkeyPatch) -> None:
    release(ready, READY, "chief", DAY, at(2))
    monkeypatch.setattr("trucewatch.sitreps.sentences.tell_origins", lambda *_: "one word")
    assert again(ready, RELEASED).differing != ()


def test_an_erratum_names_what_changed_and_the_next_sitrep_corrects_it_once(watch: Mission) -> None:
    handed_out(watch, "mission", formats=PAGE)
    with pytest.raises(TrucewatchError, match="nothing that monthly-2018-06-30 told mission is found otherwise"):
        erratum(watch, "mission/monthly-2018-06-30", "analyst", now=at(3))
    receive(watch, seen("F3", "2018-06-10", lat=33.1), day=4)
    errata = erratum(watch, "mission/monthly-2018-06-30", "analyst", now=at(5))
    page = (watch.folder / "sitreps" / errata.sitrep / "sitrep.html").read_text("utf-8")
    assert "10 June 2018" in page and str(NEW_REPORT) in page and "1 June 2018, 08:00" not in page
    cleared(watch, errata.sitrep, 5)
    out = release(watch, errata.sitrep, "chief", DAY, at(5))
    assert out.name == "erratum-monthly-2018-06-30" and verify([str(out.folder / "release.json")]) == 0
    # It has been said; it is not said again.
    with pytest.raises(TrucewatchError, match="nothing"):
        erratum(watch, "mission/monthly-2018-06-30", "analyst", now=at(6))
    july = draft(watch, "monthly", "mission", date(2018, 7, 31), "analyst", formats=PAGE, now=at(6))
    assert "No earlier report is corrected." in (watch.folder / "sitreps" / july.sitrep / "sitrep.html").read_text()
    receive(watch, seen("F4", "2018-06-12", lat=33.1), day=7)
    august = draft(watch, "monthly", "mission", date(2018, 8, 31), "analyst", formats=PAGE, now=at(8))
    page = (watch.folder / "sitreps" / august.sitrep / "sitrep.html").read_text("utf-8")
    assert "12 June 2018" in page and "10 June 2018" not in page


# ---- withheld --------------------------------------------------------------------------------------------------------


def of_day(watch: Mission, day: str, audience: str = "mission", as_of: int | None = None) -> list[str]:
    """Return the ids of the findings that are told of a day of June."""
    told = watch.run(as_of, audience=audience, published=DAY).figures.told
    return [one.id for one in told if one.when.startswith(f"{day} June")]


def test_what_is_withheld_is_told_to_nobody_outside_and_stays_as_it_was(watch: Mission) -> None:
    before = {told.id: told for told in watch.run().figures.told}
    kept, hidden = of_day(watch, "3", "public"), of_day(watch, "1")[0]
    assert of_day(watch, "1", "public")
    told = withhold(watch, hidden, "chief", "talks in July", date(2026, 9, 1), at(3))
    assert len(told.claims) == 1
    assert of_day(watch, "1", "public") == [] and of_day(watch, "3", "public") == kept
    now = {told.id: told for told in watch.run().figures.told}
    assert now.keys() == before.keys()
    assert {id for id in now if now[id] != before[id]} == {hidden}
    assert (
        now[hidden].sentence
        == f"{before[hidden].sentence} Withheld from release; to be looked at again on 1 September 2026."
    )
    assert now[hidden].outcome == before[hidden].outcome
    # As known before, it was told; and it is again once that is decided.
    assert of_day(watch, "1", "public", told.entry - 1)
    tell_again(watch, hidden, "chief", "the talks are over", at(4))
    assert of_day(watch, "1", "public")


def test_only_the_last_of_the_chain_withholds_with_a_reason_and_a_day(watch: Mission) -> None:
    hidden = of_day(watch, "1")[0]
    with pytest.raises(TrucewatchError, match="chief withholds"):
        withhold(watch, hidden, "legal", "talks", date(2026, 9, 1), at(3))
    with pytest.raises(WrongCall, match="the reason"):
        withhold(watch, hidden, "chief", " ", date(2026, 9, 1), at(3))
    with pytest.raises(WrongCall, match="has passed"):
        withhold(watch, hidden, "chief", "talks", date(2026, 1, 4), at(3))
    with pytest.raises(TrucewatchError, match="holds no finding"):
        withhold(watch, "0" * 16, "chief", "talks", date(2026, 9, 1), at(3))
    with pytest.raises(TrucewatchError, match="is not withheld"):
        tell_again(watch, hidden, "chief", "over", at(3))
    withhold(watch, hidden, "chief", "talks", date(2026, 1, 9), at(3))
    assert [len(releases.reviews_due(watch, at(day))) for day in (8, 9)] == [0, 1]


def test_a_later_report_does_not_tell_what_is_withheld_by_another_way(watch: Mission) -> None:
    hidden = of_day(watch, "1")[0]
    withhold(watch, hidden, "chief", "talks", date(2026, 9, 1), at(3))
    receive(watch, seen("F9", count=44), day=4)
    with pytest.raises(TrucewatchError, match=f"{hidden} is withheld .* 1 of its reports came in since"):
        drafted(watch, day=5)
    with pytest.raises(TrucewatchError, match=f"{hidden} is withheld"):
        watch.run(audience="guarantors")
    withhold(watch, hidden, "chief", "talks", date(2026, 9, 1), at(5))
    assert drafted(watch, day=6).next_role == "reporting"


def test_what_was_withheld_after_drafting_does_not_go_out(ready: Mission) -> None:
    withhold(ready, of_day(ready, "1")[0], "chief", "talks", date(2026, 9, 1), at(3))
    with pytest.raises(TrucewatchError, match="was withheld since"):
        release(ready, READY, "chief", DAY, at(3))


def test_an_erratum_says_nothing_of_what_is_withheld(ready: Mission) -> None:
    release(ready, READY, "chief", DAY, at(2))
    withhold(ready, of_day(ready, "1")[0], "chief", "talks", date(2026, 9, 1), at(3))
    with pytest.raises(TrucewatchError, match="nothing that"):
        erratum(ready, RELEASED, "analyst", now=at(4))


def test_an_omission_is_withheld_by_what_was_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A duty that nobody reported done rests on no report."""
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "state"))
    watch = Mission.init(tmp_path / "watch", "minsk-2015", key=b"k" * 32, now=START)
    receive(watch, seen("F1", "2015-02-15"), seen("F2", "2015-03-20"), day=1)

    def told() -> set[str]:
        return {told.id for told in watch.run(audience="public", published=DAY).figures.told}

    hidden = next(told.id for told in watch.run().figures.told if told.clause == "M2-done")
    before = told()
    assert withhold(watch, hidden, "chief", "talks", date(2026, 9, 1), at(3)).claims == frozenset()
    assert told() == before - {hidden} != before
