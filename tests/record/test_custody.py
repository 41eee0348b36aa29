"""Custody: an identity is nowhere in a mission's folder, and is opened by several offices with a mark left before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canaries import found_in
from tests.missions import begin_period, export, new_mission, on, open_fact, receive, seal_fact, seen, verify
from trucewatch.backups import backup
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.custody import RECIPIENTS, sealed_facts

CANARY = "Canary Umm Qasim 7741"


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("F1")], day=1)
    return mission


def test_an_identity_opens_with_any_two_of_three_shares(watch: Mission) -> None:
    shares = begin_period(watch, 2, 3, on(2))
    named = seal_fact(watch, CANARY.encode(), "F1", on(2))
    for chosen in ((0, 1), (0, 2), (1, 2)):
        given = [shares[at] for at in chosen]
        assert open_fact(watch, named, given, "custodians", "a hearing", on(3)) == CANARY.encode()
    with watch.record() as record:
        assert len(record.entries(kinds=("opened",))) == 3


def test_that_it_was_tried_stands_there_even_where_it_failed(watch: Mission) -> None:
    shares = begin_period(watch, 2, 3, on(2))
    named = seal_fact(watch, CANARY.encode(), "F1", on(2))
    for given in (shares[:1], ()):
        with pytest.raises(TrucewatchError):
            open_fact(watch, named, given, "one custodian", "curiosity", on(3))
    with watch.record() as record:
        opened = [entry.content or {} for entry in record.entries(kinds=("opened",))]
    assert [(one["alias"], one["by"], one["why"]) for one in opened] == [(named, "one custodian", "curiosity")] * 2


def test_where_the_mark_cannot_be_made_nothing_is_opened(watch: Mission, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = begin_period(watch, 2, 3, on(2))
    named = seal_fact(watch, CANARY.encode(), "F1", on(2))
    with pytest.raises(TrucewatchError, match="set the clock right"):
        open_fact(watch, named, shares[:2], "custodians", "a hearing", on(1))


def test_shares_of_another_period_do_not_open_it(watch: Mission) -> None:
    first = begin_period(watch, 2, 3, on(2))
    named = seal_fact(watch, CANARY.encode(), "F1", on(2))
    second = begin_period(watch, 2, 3, on(3))
    assert open_fact(watch, seal_fact(watch, b"later", "F1", on(3)), second[:2], "x", "y", on(3)) == b"later"
    with pytest.raises(TrucewatchError):
        open_fact(watch, named, second[:2], "custodians", "a hearing", on(4))
    assert open_fact(watch, named, first[1:], "custodians", "a hearing", on(4)) == CANARY.encode()


def test_no_canary_is_found_in_the_folder_a_backup_an_export_or_what_is_remembered(
    watch: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    shares = begin_period(watch, 2, 3, on(2))
    with watch.record() as held:  # so that the write-ahead log is there to be looked into
        named = seal_fact(watch, CANARY.encode(), "F1", on(2))
        recipients = seal_fact(watch, f"{CANARY}, at the ministry".encode(), "daily-2018-06-01", on(2), RECIPIENTS)
        open_fact(watch, named, shares[:2], "custodians", "a hearing", on(3))
        assert any(path.name.endswith("-wal") for path in watch.folder.iterdir())
        assert [one["alias"] for one in sealed_facts(held.entries())] == [named, recipients]
        watch.run().publish(watch.folder / "sitrep")
        backup(watch, tmp_path / "backup.tar")
        export(watch, tmp_path / "export")
        for secret in (CANARY, *shares):
            assert found_in(tmp_path, secret) == []
    (tmp_path / "watch" / "letter.txt").write_text(CANARY)
    assert found_in(tmp_path, CANARY) == [tmp_path / "watch" / "letter.txt"]


def test_below_sealed_nobody_learns_what_was_sealed(watch: Mission) -> None:
    begin_period(watch, 2, 3, on(2))
    seal_fact(watch, CANARY.encode(), "F1", on(2))
    with watch.record() as record:
        openings = record.store.openings("internal", record.number())
    assert {word for word, opening in openings.items() if opening.content} == {"sealed"}
    assert verify(watch).problems == ()


def test_before_a_period_has_begun_it_says_what_to_do(watch: Mission) -> None:
    with pytest.raises(TrucewatchError, match="new-period --threshold K --custodians N"):
        seal_fact(watch, b"somebody", "F1", on(2))
    begin_period(watch, 2, 3, on(2))
    with pytest.raises(WrongCall, match="nothing to seal"):
        seal_fact(watch, b" \n", "F1", on(2))
    with pytest.raises(TrucewatchError, match="nothing is sealed under 'aaaa'"):
        open_fact(watch, "aaaa", (), "x", "y", on(2))
