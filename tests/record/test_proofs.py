"""Proofs: whoever changed anything is found, and one entry or row is shown to somebody without showing another."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.canaries import found_in
from tests.missions import erase, export, fsck, new_mission, on, prove, receive, seen, take, verify
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.log import Log
from trucewatch.ledger.store import Store
from trucewatch.ledger.verifier import VerifierKey, is_included, leaf_hash, read_note
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import INTERNAL, LEDGER, release_log
from trucewatch.record.proofs import named
from trucewatch.record.proofs import verify as verify_record


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("F1"), seen("F2", lat=32.60), seen("F3", lat=95)], day=1)
    receive(mission, [seen("F1", count=90)], day=2)
    return mission


def behind(mission: Mission, statement: str, *values: Any) -> None:
    """Change the ledger's file without the program."""
    raw = sqlite3.connect(mission.folder / LEDGER)
    raw.execute(statement, values)
    raw.commit()
    raw.close()


# ---- the whole record ------------------------------------------------------------------------------------------------


def test_an_honest_record_has_nothing_wrong_with_it(watch: Mission) -> None:
    found = verify(watch)
    assert (found.problems, found.erased, found.lost_keys) == ((), (), ())
    (log,) = found.logs
    assert (log.size, log.witnessed, log.tail) == (4, 0, 4)


def test_a_head_that_somebody_holds_vouches_for_all_up_to_it(watch: Mission) -> None:
    with watch.record() as record:
        note = record.head(size=3)
    (log,) = verify(watch, [note]).logs
    assert (log.witnessed, log.tail) == (3, 1)


DAMAGES: dict[str, Callable[[Mission], object]] = {
    "altered-batch": lambda m: next((m.folder / "received").glob("*.sealed")).write_bytes(b"junk"),
    "kept-file": lambda m: next((m.folder / "kept").iterdir()).write_bytes(b"junk"),
    "other-seed": lambda m: (m.folder / "keys" / "ledger.seed").write_bytes(b"x" * 32),
    "batch-without-key": lambda m: behind(m, "DELETE FROM keys"),
    "unstated-gap": lambda m: behind(m, "DELETE FROM openings WHERE number = 3"),
    "orphan-key": lambda m: behind(m, "INSERT INTO keys VALUES ('0123456789abcdef', randomblob(32))"),
}


@pytest.mark.parametrize("code", DAMAGES)
def test_what_lies_beside_the_ledger_is_held_to_it(watch: Mission, code: str) -> None:
    DAMAGES[code](watch)
    assert code in {problem.code for problem in verify(watch).problems}


# What is done to each table, and what is said of it. A head that nobody cosigned is the mission's own word, made again
# at any time: to lack one is no fault.
TABLES: dict[str, dict[str, str]] = {
    "leaves": {
        "DELETE FROM leaves WHERE number = 4": "orphan-opening",
        "UPDATE leaves SET kind = 'decided' WHERE number = 3": "altered-leaf",
        "INSERT INTO leaves SELECT log, 6, kind, data, hash FROM leaves WHERE number = 5": "unstated-gap",
    },
    "openings": {
        "DELETE FROM openings WHERE number = 2": "unstated-gap",
        "UPDATE openings SET salt = zeroblob(16) WHERE number = 3": "wrong-opening",
        "INSERT INTO openings SELECT log, 99, audience, salt, content FROM openings LIMIT 1": "orphan-opening",
    },
    "heads": {
        "DELETE FROM heads": "missing-head",
        "UPDATE heads SET size = size - 1": "bad-head",
        "INSERT INTO heads VALUES ('internal', 2, 'a letter')": "bad-head",
    },
    "keys": {
        "DELETE FROM keys": "batch-without-key",
        "UPDATE keys SET key = zeroblob(32)": "altered-batch",
        "INSERT INTO keys SELECT name || 'x', key FROM keys LIMIT 1": "orphan-key",
    },
}


@pytest.fixture
def cosigned(watch: Mission) -> Mission:
    """Return a mission of which a second office cosigned a head, at 4 of its 5 entries."""
    office = Signer("office.example", b"o" * 32)
    with watch.record() as record:
        note = office.cosign(record.head(), 1_800_000_000)
    take(watch, note, on(3), (office.cosigner,))
    return watch


def test_every_table_of_the_file_is_gone_through(cosigned: Mission) -> None:
    with sqlite3.connect(cosigned.folder / LEDGER) as raw:
        tables = {name for (name,) in raw.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    raw.close()
    assert tables == TABLES.keys()
    read: set[str | None] = set()

    def heed(action: int, table: str | None, *_: object) -> int:
        read.update({table} if action == apsw.SQLITE_READ else ())
        return apsw.SQLITE_OK

    with cosigned.record(is_read_only=True) as record:
        record.store._database.set_authorizer(heed)
        assert verify_record(record).problems == ()
    assert tables <= read


@pytest.mark.parametrize("statement", [statement for one in TABLES.values() for statement in one])
def test_what_is_taken_from_a_table_or_changed_or_put_into_it_is_found(cosigned: Mission, statement: str) -> None:
    assert verify(cosigned).problems == ()
    behind(cosigned, statement)
    code = next(one[statement] for one in TABLES.values() if statement in one)
    assert code in {problem.code for problem in verify(cosigned).problems}


def test_a_key_is_needed_whether_a_batch_is_staged_or_settled_and_until_it_is_erased(watch: Mission) -> None:
    [sealed, *_] = (watch.folder / "received").glob("*.sealed")
    shutil.copy(sealed, sealed.with_suffix(".staged"))
    assert verify(watch).problems == ()
    erase(watch, "entry:4", "chief", "order of the court", on(3))
    erase(watch, "F2", "chief", "order of the court", on(3))
    assert verify(watch).problems == ()


def test_a_key_that_came_with_an_entry_meanwhile_is_none_too_many(
    watch: Mission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else enters a batch, or erases one, between the reading of keys and that of entries."""
    honest = Store.key_names
    meanwhile: Iterator[Callable[[], object]] = iter((
        lambda: receive(watch, [seen("F7")], day=3),
        lambda: erase(watch, "entry:4", "chief", "an order", on(3)),
    ))  # fmt: skip

    def overtaken(store: Store) -> tuple[str, ...]:
        names = honest(store)
        next(meanwhile)()
        return names

    monkeypatch.setattr(Store, "key_names", overtaken)
    for _ in range(2):
        assert verify(watch).problems == ()


def test_a_table_of_keys_that_cannot_be_read_is_told(watch: Mission) -> None:
    behind(watch, "ALTER TABLE keys RENAME TO keys_before")
    assert {"broken-page", "foreign-schema", "altered-batch"} <= {problem.code for problem in verify(watch).problems}


def test_the_first_bad_entry_is_named(watch: Mission) -> None:
    behind(watch, "UPDATE openings SET content = ? WHERE number = 3 AND audience = 'sealed'", canonical({"a": 1}))
    found = verify(watch)
    assert found.problems[0].line == 3 and found.problems[0].file == INTERNAL


def test_whoever_rewrites_it_with_the_servers_own_key_is_found_by_a_head_held_elsewhere(watch: Mission) -> None:
    with watch.record() as record:
        note, seed = record.head(), record.signer.seed
        origin = record.origin
    leaves = sqlite3.connect(watch.folder / LEDGER)
    data = leaves.execute("SELECT data FROM leaves WHERE number = 3").fetchone()[0]
    leaves.close()
    told = json.loads(data)
    told["at"] = "2026-01-01T00:00:01Z"
    forged = canonical(told)
    behind(watch, "UPDATE leaves SET data = ?, hash = ? WHERE number = 3", forged, leaf_hash(forged))
    with sqlite3.connect(watch.folder / LEDGER) as raw:
        hashes = [one for (one,) in raw.execute("SELECT hash FROM leaves ORDER BY number")]
    raw.close()
    assert Signer(origin, seed).head(origin, 4, Log(hashes).root())  # whoever holds the key can sign that too
    found = verify(watch, [note])
    assert ("rewritten-leaves", 1) in {(problem.code, problem.line) for problem in found.problems}


def test_a_copy_that_went_back_is_told_as_that_and_verified_all_the_same(watch: Mission, tmp_path: Path) -> None:
    shutil.copytree(watch.folder, tmp_path / "old")
    receive(watch, [seen("F4")], day=3)
    found = verify(Mission.open(tmp_path / "old"))
    assert [problem.code for problem in found.problems] == ["gone-back"] and found.logs[0].size == 4


def test_a_head_of_another_mission_vouches_for_nothing(watch: Mission, tmp_path: Path) -> None:
    with new_mission(tmp_path / "other").record() as record:
        note = record.head()
    found = verify(watch, [note, "no head at all"])
    assert [problem.code for problem in found.problems] == ["foreign-head", "foreign-head"]


def test_a_key_that_followed_a_lost_one_is_told(watch: Mission) -> None:
    with watch.record() as record:
        entry = record.rotate("chief", "the office burnt", on(3), is_lost=True)
    assert [one.number for one in verify(watch).lost_keys] == [entry.number]


def test_an_export_names_the_witnesses_of_its_own_log_alone(cosigned: Mission, tmp_path: Path) -> None:
    with cosigned.record() as record:
        record.log_release("public", canonical({"format": 1, "kind": "daily"}))
    export(cosigned, tmp_path / "public", release_log("public"))
    export(cosigned, tmp_path / "internal")
    assert found_in(tmp_path / "public", "office.example") == []
    assert found_in(tmp_path / "internal", "office.example") != []


def test_stray_batches_are_found(watch: Mission) -> None:
    assert fsck(watch) == ()
    (watch.folder / "received" / "stray.sealed").write_bytes(b"x")
    assert [problem.code for problem in fsck(watch)] == ["stray-batch"]


# ---- one entry, or one row -------------------------------------------------------------------------------------------


def holds(proof: dict[str, Any]) -> bool:
    """Say whether a proof holds, by nothing but the verifier's own words."""
    key = VerifierKey.read(proof["keys"][-1])
    head = read_note(proof["head"], {"log": key})
    leaf, way = base64.b64decode(proof["leaf"]), [base64.b64decode(one) for one in proof["inclusion"]["proof"]]
    good = is_included(leaf_hash(leaf), proof["entry"] - 1, proof["inclusion"]["size"], way, head.root)
    opening = proof["opening"]
    content = canonical(opening["content"]) if opening["content"] is not None else b""
    commitment = json.loads(leaf)["commitments"][opening["audience"]]
    good = good and hashlib.sha256(base64.b64decode(opening["salt"]) + content).hexdigest() == commitment
    for word, level in proof.get("row", {"levels": {}})["levels"].items():
        told = opening["content"]
        root = (told.get("roots") or told["rows"])[word]
        salted = base64.b64decode(level["salt"]) + (level["content"] or "").encode()
        committed = hashlib.sha256(salted).digest()
        way = [base64.b64decode(one) for one in level["proof"]]
        place = (proof["row"]["position"], level["size"])
        good = good and is_included(leaf_hash(committed), *place, way, bytes.fromhex(root))
    return good


def test_an_entry_is_proven_to_whoever_may_see_it(watch: Mission) -> None:
    for number in range(1, 5):
        proof = prove(watch, str(number))
        assert holds(proof) and proof["opening"]["content"] is not None
    proof["opening"]["content"]["file"] = "another.csv"
    assert not holds(proof)
    assert prove(watch, "1", "public")["opening"]["content"] is None
    assert holds(prove(watch, "1", "public"))


@pytest.mark.parametrize("audience", ["public", "parties", "mission", "sealed"])
def test_a_row_is_proven_at_the_levels_that_an_audience_may_know(watch: Mission, audience: str) -> None:
    proof = prove(watch, "F2", audience)
    assert proof["entry"] == 3
    if audience in ("mission", "sealed"):
        assert holds(proof)
        assert '"record":"F2"' in proof["row"]["levels"]["mission"]["content"]
        changed = json.loads(json.dumps(proof))
        changed["row"]["levels"]["mission"]["content"] = "{}"
        assert not holds(changed)
    else:
        # In quotes, for these two letters may stand in any base64.
        written = json.dumps(proof)
        assert not any(name in written for name in ('"F2"', "F2\\")) and "mission" not in proof["row"]["levels"]


def test_what_there_is_not_is_not_proven(watch: Mission) -> None:
    for name in ("F9", "99", "entry:99"):
        with pytest.raises(TrucewatchError):
            prove(watch, name)


def test_a_name_is_an_entry_or_a_record_or_said_to_be_one() -> None:
    assert [named(name) for name in ("12", "F1", "entry:12", "record:12")] == [
        (12, "12"), (None, "F1"), (12, ""), (None, "12")
    ]  # fmt: skip


def test_a_record_that_is_numbered_like_an_entry_has_to_be_named_as_one(watch: Mission) -> None:
    receive(watch, [seen("3")], day=3)
    with pytest.raises(WrongCall, match="entry:3 or record:3"):
        prove(watch, "3")
    assert prove(watch, "entry:3")["entry"] == 3 and prove(watch, "record:3")["entry"] == 5


# ---- a copy for others -----------------------------------------------------------------------------------------------


def test_a_stranger_verifies_an_exported_log_alone(watch: Mission, tmp_path: Path) -> None:
    out = tmp_path / "export"
    export(watch, out)
    command = [sys.executable, "-I", str(out / "verifier.py"), "log", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    lines = (out / "leaves.jsonl").read_text("utf-8").splitlines(keepends=True)
    (out / "leaves.jsonl").write_text("".join([lines[1], lines[0], *lines[2:]]), encoding="utf-8")
    assert subprocess.run(command, capture_output=True, check=False, cwd=tmp_path).returncode == 1


def test_an_export_opens_nothing_and_overwrites_nothing(watch: Mission, tmp_path: Path) -> None:
    export(watch, tmp_path / "export")
    export(watch, tmp_path / "export")
    assert found_in(tmp_path / "export", "presence") == []
    lines = (tmp_path / "export" / "leaves.jsonl").read_text("utf-8").splitlines()
    leaves = [json.loads(base64.b64decode(json.loads(line))) for line in lines]
    assert {name for leaf in leaves for name in leaf} == {"format", "kind", "at", "commitments"}
    (tmp_path / "export" / "letter.txt").write_text("mine")
    with pytest.raises(TrucewatchError, match="holds other files"):
        export(watch, tmp_path / "export")
    with pytest.raises(WrongCall, match="there is no log"):
        export(watch, tmp_path / "other", "release/public")
