"""Record: it only grows, it never goes back unseen, and a leaf tells nobody whether there was anything for them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.ledger.canonical import canonical, read_canonical
from trucewatch.ledger.heads import accepts_rotation
from trucewatch.ledger.verifier import chain, is_included, leaf_hash, read_note
from trucewatch.levels import Level, audiences, read_level
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import INTERNAL, KINDS, LEDGER, PADDED, Record, release_log

BEGAN = datetime(2026, 1, 1, 9, tzinfo=UTC)
AUDIENCES = audiences(("north", "south"))


def create(folder: Path, **content: Any) -> Record:
    folder.mkdir(parents=True)
    return Record.create(folder, f"trucewatch-{os.urandom(6).hex()}", b"s" * 32, BEGAN, os.urandom, AUDIENCES, content)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a record with five entries, the first of which is its own."""
    with create(tmp_path / "watch") as record:
        for day in range(1, 5):
            record.enter("decided", {"what": f"day {day}"}, BEGAN + timedelta(days=day))
    return tmp_path / "watch"


# ---- entries ---------------------------------------------------------------------------------------------------------


def test_what_is_entered_is_read_back_in_order(folder: Path) -> None:
    with Record.open(folder) as record:
        entries = record.entries()
        assert [entry.number for entry in entries] == [1, 2, 3, 4, 5]
        assert [entry.content for entry in entries[1:]] == [{"what": f"day {day}"} for day in range(1, 5)]
        assert [entry.at for entry in entries] == [BEGAN + timedelta(days=day) for day in range(5)]
        assert record.entries(kinds=("adopted",)) == entries[:1]
        assert record.entries(kinds=("received",)) == ()


def test_as_of_takes_a_number_or_a_day_and_four_digits_are_a_year(folder: Path) -> None:
    with Record.open(folder) as record:
        asked = (3, "3", "2026-01-03", "2026", "2026-01", None)
        assert [record.number(one) for one in asked] == [3, 3, 3, 5, 5, 5]
        for wrong in ("0", "6", "2025", "yesterday", 6):
            with pytest.raises(WrongCall):
                record.entries(wrong)


def test_a_kind_that_there_is_not_is_a_wrong_call(folder: Path) -> None:
    with Record.open(folder) as record, pytest.raises(WrongCall, match="no kind of entry"):
        record.enter("guessed", {}, BEGAN + timedelta(days=9))


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(level=st.sampled_from(AUDIENCES), kind=st.sampled_from(KINDS), text=st.text(max_size=9))
def test_a_leaf_commits_each_audience_to_what_it_may_see(
    level: Level, kind: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with create(tmp_path_factory.mktemp("leaf") / "watch") as record:
        number = record.enter(kind, {"text": text}, BEGAN, level, {"public": {"text": "told"}}).number
        leaf = next(record.store.leaves(INTERNAL, number))
        told = read_canonical(leaf.data)
        assert isinstance(told, dict) and isinstance(told["commitments"], dict)
        assert (told["format"], told["kind"], told["at"]) == (1, kind, "2026-01-01T09:00:00Z")
        openings = record.store.openings(INTERNAL, number)
        assert set(openings) == set(told["commitments"]) == {audience.word for audience in AUDIENCES}
        assert len({opening.salt for opening in openings.values()}) == len(AUDIENCES)
        for word, opening in openings.items():
            assert hashlib.sha256(opening.salt + opening.content).hexdigest() == told["commitments"][word]
            seen = {"text": text} if level <= read_level(word) else {"text": "told"} if word == "public" else None
            assert opening.content == (canonical(seen) if seen and kind != PADDED else b"") or kind == PADDED


def test_all_leaves_are_of_one_length_for_their_kind_whatever_they_hold(folder: Path) -> None:
    with Record.open(folder) as record:
        at = BEGAN + timedelta(days=9)
        numbers = [
            record.enter("decided", {"n": "x" * size}, at, level).number for size in (0, 900) for level in AUDIENCES
        ]
        leaves = [leaf.data for leaf in record.store.leaves(INTERNAL, numbers[0])]
        assert len({len(leaf) for leaf in leaves}) == 1 and len(set(leaves)) == len(leaves)


def test_a_clock_that_was_set_back_enters_nothing(folder: Path) -> None:
    with Record.open(folder) as record:
        record.enter("decided", {}, BEGAN + timedelta(days=4))
        with pytest.raises(TrucewatchError, match=r"this clock says 2026-01-05T08:59:59Z.*set the clock right"):
            record.enter("decided", {}, BEGAN + timedelta(days=4, seconds=-1))
        assert record.number() == 6


def test_several_things_are_entered_together_or_not_at_all(folder: Path) -> None:
    at = BEGAN + timedelta(days=9)
    with Record.open(folder) as record:
        good: Any = ("decided", {"n": 1}, Level.MISSION, {}, {})
        keyed: Any = ("decided", {"n": 2}, Level.MISSION, {}, {"a name that stands twice": b"key"})
        with pytest.raises(TrucewatchError):
            record.enter_all([good, keyed, keyed], at)
        assert record.number() == 5
        assert [entry.number for entry in record.enter_all([good] * 3, at)] == [6, 7, 8]


def test_an_entry_that_was_changed_is_not_read(folder: Path) -> None:
    with sqlite3.connect(folder / LEDGER) as raw:
        raw.execute("UPDATE openings SET content = ? WHERE number = 3", (canonical({"what": "another day"}),))
    raw.close()
    with Record.open(folder) as record, pytest.raises(TrucewatchError, match=r"entry 3 is not .*ledger verify"):
        record.entries()


# ---- kept files ------------------------------------------------------------------------------------------------------


def test_a_kept_file_comes_back_or_is_refused(folder: Path) -> None:
    with Record.open(folder) as record:
        digest = record.put(b"agreement: x")
        assert record.put(b"agreement: x") == digest == hashlib.sha256(b"agreement: x").hexdigest()
        assert record.get(digest) == b"agreement: x"
        (folder / "kept" / digest).write_bytes(b"agreement: y")
        with pytest.raises(TrucewatchError, match="is not what was kept"):
            record.get(digest)
        assert record.put(b"agreement: x") == digest and record.get(digest) == b"agreement: x"
        with pytest.raises(TrucewatchError, match="cannot be read"):
            record.get("0" * 64)


# ---- heads and keys --------------------------------------------------------------------------------------------------


def test_a_head_stands_for_all_entries_up_to_it(folder: Path) -> None:
    with Record.open(folder) as record:
        (key,) = record.keys
        head = read_note(record.head(), {"log": key})
        assert (head.origin, head.size) == (record.origin, 5)
        tree = record.store.tree(INTERNAL)
        for leaf in record.store.leaves(INTERNAL):
            proof = tree.inclusion(leaf.number - 1)
            assert is_included(leaf_hash(leaf.data), leaf.number - 1, 5, proof, head.root)
        assert read_note(record.head(size=3), {"log": key}).root == tree.root(3)


def test_each_audience_has_a_release_log_that_counts_nobody_elses(folder: Path) -> None:
    with Record.open(folder) as record:
        leaf = canonical({"format": 1, "kind": "daily"})
        assert [record.log_release(word, leaf) for word in ("public", "party: north", "public")] == [1, 1, 2]
        origins = [record.origin_of(release_log(word)) for word in ("public", "party: north")]
        assert origins == [f"{record.origin}/release/public", f"{record.origin}/release/party-north"]
        assert read_note(record.head(release_log("public")), {"log": record.keys[0]}).size == 2


def test_keys_follow_one_another_and_a_lost_one_vouches_for_none(folder: Path) -> None:
    at = BEGAN + timedelta(days=9)
    with Record.open(folder) as record:
        record.rotate("chief", "yearly", at)
        first, second = record.keys
        (statement,) = record.rotations
        assert accepts_rotation(dict(statement), first) == second
        assert read_note(record.head(), {"log": second}).size == 6
    (folder / "keys" / "ledger.seed").unlink()
    with Record.open(folder) as record:
        with pytest.raises(TrucewatchError, match="--lost"):
            record.head()
        record.rotate("chief", "the office burnt", at, is_lost=True)
        assert chain(first, [dict(one) for one in record.rotations]) == (first, second)
        assert len(record.keys) == 3 and read_note(record.head(), {"log": record.keys[-1]}).size == 7


@pytest.mark.parametrize("is_entered", [True, False])
def test_a_rotation_that_was_interrupted_ends_on_either_side(folder: Path, is_entered: bool) -> None:
    before = (folder / "keys" / "ledger.seed").read_bytes()
    with Record.open(folder) as record:
        if is_entered:
            record.rotate("chief", "yearly", BEGAN + timedelta(days=9))
            after = (folder / "keys" / "ledger.seed").read_bytes()
            (folder / "keys" / "ledger.seed").write_bytes(before)
            (folder / "keys" / "ledger.seed.next").write_bytes(after)
        else:
            (folder / "keys" / "ledger.seed.next").write_bytes(b"n" * 32)
    with Record.open(folder) as record:
        assert record.signer.verifier == record.keys[-1]
        assert not (folder / "keys" / "ledger.seed.next").exists()


def test_only_its_owner_can_read_the_seed(folder: Path) -> None:
    assert (folder / "keys" / "ledger.seed").stat().st_mode & 0o077 == 0


# ---- never back ------------------------------------------------------------------------------------------------------


def test_whoever_saw_more_refuses_less(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    with Record.open(folder) as record:
        record.enter("decided", {"what": "later"}, BEGAN + timedelta(days=9))
    with pytest.raises(TrucewatchError, match=r"ends at entry 5, and 6 entries .* seen here before; restore a newer"):
        Record.open(tmp_path / "old")


def test_another_history_of_the_same_length_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "other")
    for place, what in ((folder, "this"), (tmp_path / "other", "that")):
        with Record.open(place, is_gone_back=True) as record:
            if what == "this":
                record.enter("decided", {"what": what}, BEGAN + timedelta(days=9))
            else:
                with pytest.raises(TrucewatchError, match="were seen here before"):
                    record.enter("decided", {"what": what}, BEGAN + timedelta(days=9))
    with pytest.raises(TrucewatchError, match="has another history"):
        Record.open(tmp_path / "other")


def test_to_go_on_from_an_old_backup_leaves_a_mark(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    with Record.open(folder) as record:
        record.enter("decided", {"what": "lost"}, BEGAN + timedelta(days=9))
        lost = record.remembered()
    assert lost is not None
    with Record.open(tmp_path / "old", is_gone_back=True) as record:
        entry = record.go_on("chief", "the laptop was lost", BEGAN + timedelta(days=10))
        assert entry.kind == "audited" and (entry.content or {})["seen"] == {"size": 6, "root": lost.root.hex()}
    with Record.open(tmp_path / "old") as record:
        assert record.number() == 6


def test_where_nothing_can_be_remembered_it_says_what_to_name(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRUCEWATCH_STATE", str(tmp_path / "file"))
    with pytest.raises(TrucewatchError, match="TRUCEWATCH_STATE"):
        Record.open(folder)


def test_heads_are_remembered_where_the_user_keeps_state(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRUCEWATCH_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "home"))
    Record.open(folder).close()
    (path,) = (tmp_path / "home" / "trucewatch" / "heads").iterdir()
    assert path.read_text("utf-8").split("\n")[1] == "5"


def test_a_record_is_written_by_one_at_a_time_and_read_by_all(folder: Path) -> None:
    with Record.open(folder) as one, Record.open(folder) as other, Record.open(folder, is_read_only=True) as reader:
        at = BEGAN + timedelta(days=9)
        assert [one.enter("decided", {}, at).number, other.enter("decided", {}, at).number] == [6, 7]
        assert len(reader.entries()) == len(one.entries()) == 7
        with pytest.raises(TrucewatchError):
            reader.enter("decided", {}, at)


def test_a_ledger_that_is_gone_is_not_made_anew(folder: Path) -> None:
    (folder / LEDGER).unlink()
    with pytest.raises(TrucewatchError, match="restore it from a backup"):
        Record.open(folder)
    assert not (folder / LEDGER).exists()


def test_a_release_log_never_goes_back_either(folder: Path, tmp_path: Path) -> None:
    with Record.open(folder) as record:
        record.log_release("public", canonical({"kind": "daily"}))
    shutil.copytree(folder, tmp_path / "old")
    with Record.open(folder) as record:
        record.log_release("public", canonical({"kind": "weekly"}))
    with pytest.raises(TrucewatchError, match="its log release/public ends at entry 1, and 2 entries of it were seen"):
        Record.open(tmp_path / "old")
