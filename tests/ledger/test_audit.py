"""The audit: every table is held to the leaves, the leaves to heads that others hold, and the rest is stated."""

from __future__ import annotations

import hashlib
from pathlib import Path

import apsw
import pytest

from tests.ledger import rfc
from tests.ledger.crashes import LOG, entry
from tests.ledger.ledgers import KEYS, MISSION, OFFICE, WITNESSES, head, made, verdict
from trucewatch.ledger.audit import Reach, Verdict, verify
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.log import Log
from trucewatch.ledger.store import Addition, Opening, Store
from trucewatch.ledger.verifier import leaf_hash


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mission.sqlite"


def found(told: Verdict) -> list[tuple[str, int, str]]:
    return [(problem.file, problem.line, problem.code) for problem in told.problems]


def behind_its_back(path: Path, statement: str, *row: object) -> None:
    raw = apsw.Connection(str(path))
    raw.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    raw.execute("PRAGMA foreign_keys = OFF").get  # noqa: B018
    raw.execute(statement, row).get  # noqa: B018
    raw.close()


# ---- how far it goes -------------------------------------------------------------------------------------------------


def test_it_says_how_many_leaves_nobody_vouches_for(path: Path) -> None:
    held = made(path, 20, [5, 12])
    root = rfc.mth([entry(number).data for number in range(1, 21)])
    assert verdict(path, held) == Verdict((), (Reach(LOG, 20, root, 12, ()),))
    assert [verdict(path, some).logs[0].tail for some in (held, held[:1], [])] == [8, 15, 20]


def test_a_head_in_the_ledger_counts_where_a_witness_cosigned_it(path: Path) -> None:
    (note,) = made(path, 9, [7])
    assert verdict(path).logs[0].witnessed == 0
    with Store.open(path) as ledger:
        ledger.add_head(LOG, 7, OFFICE.cosign(note, 1_700_000_000))
        assert verify(ledger, KEYS, {}, WITNESSES).logs[0].witnessed == 7
        # Whose cosignature it is has to be known.
        assert verify(ledger, KEYS, {}, {}).logs[0].witnessed == 0


def test_an_empty_ledger_and_an_empty_log_are_whole(path: Path) -> None:
    Store.create(path).close()
    assert verdict(path, log=LOG) == Verdict((), (Reach(LOG, 0, rfc.mth([]), 0, ()),))
    assert found(verdict(path, [MISSION.head("mission.example/internal", 0, rfc.mth([]))])) == []


def test_each_log_is_held_to_its_own_heads(path: Path) -> None:
    held = made(path, 6, [4])
    with Store.open(path) as ledger:
        ledger.append_all("release/public", [Addition("decided", b'{"kind":"decided"}')] * 3)
        tree = Log([leaf_hash(b'{"kind":"decided"}')] * 3)
        told = verify(ledger, KEYS, {LOG: held, "release/public": [head(tree, 3)]}, {})
        assert [(reach.log, reach.size, reach.witnessed) for reach in told.logs] == [
            (LOG, 6, 4), ("release/public", 3, 3)
        ]  # fmt: skip
        crossed = verify(ledger, KEYS, {LOG: [head(tree, 3)], "release/public": held}, {})
        assert found(crossed) == [(LOG, 1, "rewritten-leaves"), ("release/public", 4, "cut-short")]


def test_a_log_that_is_gone_altogether_is_missed(path: Path) -> None:
    (note,) = made(path, 6, [4])
    assert found(verdict(path, [note], log="release/parties")) == [("release/parties", 1, "cut-short")]


def test_two_histories_signed_at_one_size_are_told(path: Path) -> None:
    held = made(path, 10, [4, 8])
    other = Log(leaf_hash(entry(number, "other").data) for number in range(1, 11))
    told = verdict(path, [*held, head(other, 8)])
    assert found(told) == [(LOG, 5, "rewritten-leaves")]
    assert "of leaves 5 to 8 one or more are not what stood there" in str(told.problems[0])
    assert told.logs[0].witnessed == 4


# ---- what was erased -------------------------------------------------------------------------------------------------


def test_what_was_destroyed_is_a_gap_and_no_fault(path: Path) -> None:
    held = made(path, 8, [8])
    with Store.open(path) as ledger:
        ledger.destroy(LOG, 3)
        ledger.destroy(LOG, 5, ["parties"])
    told = verdict(path, held)
    assert told.problems == ()
    assert told.logs[0].gaps == ((3, "mission"), (3, "parties"), (3, "public"), (5, "parties"))
    assert told.logs[0].tail == 0


# ---- each column of each table ---------------------------------------------------------------------------------------

OTHER = Signer("mission.example", bytes([9] * 32))
CHANGED = {
    "leaves.log": ("UPDATE leaves SET log = 'other' WHERE number = 4", {(LOG, 4, "missing-leaf")}),
    "leaves.number": ("UPDATE leaves SET number = 40 WHERE number = 4", {(LOG, 4, "missing-leaf")}),
    "leaves.kind": ("UPDATE leaves SET kind = 'decided' WHERE number = 4", {(LOG, 4, "altered-leaf")}),
    "leaves.data": ("UPDATE leaves SET data = x'7b7d' WHERE number = 4", {(LOG, 4, "altered-leaf")}),
    "leaves.hash": ("UPDATE leaves SET hash = x'7b7d' WHERE number = 4", {(LOG, 4, "altered-leaf")}),
    "openings.log": ("UPDATE openings SET log = 'other' WHERE number = 4", {("other", 4, "orphan-opening")}),
    "openings.number": ("UPDATE openings SET number = 0 WHERE number = 4", {(LOG, 0, "orphan-opening")}),
    "openings.number, after the last": (
        "UPDATE openings SET number = 99 WHERE number = 4", {(LOG, 99, "orphan-opening")}
    ),
    "openings.audience": (
        "UPDATE openings SET audience = 'guarantors' WHERE number = 4 AND audience = 'public'",
        {(LOG, 4, "wrong-opening")},
    ),
    "openings.salt": ("UPDATE openings SET salt = x'00' WHERE number = 4", {(LOG, 4, "wrong-opening")}),
    "openings.content": ("UPDATE openings SET content = x'00' WHERE number = 4", {(LOG, 4, "wrong-opening")}),
    "heads.log": ("UPDATE heads SET log = 'other'", {("other", 1, "cut-short")}),
    "heads.size": ("UPDATE heads SET size = 5", {(LOG, 0, "bad-head")}),
    "heads.note": ("UPDATE heads SET note = replace(note, '6', '7')", {(LOG, 0, "bad-head")}),
    "another table": ("CREATE TABLE more (a)", {("mission.sqlite", 0, "foreign-schema")}),
    "another index": ("CREATE INDEX more ON keys (key)", {("mission.sqlite", 0, "foreign-schema")}),
    "another trigger": (
        "CREATE TRIGGER more AFTER INSERT ON keys BEGIN DELETE FROM keys; END",
        {("mission.sqlite", 0, "foreign-schema")},
    ),
    "another view": ("CREATE VIEW more AS SELECT * FROM keys", {("mission.sqlite", 0, "foreign-schema")}),
    "a table less": ("DROP TABLE keys", {("mission.sqlite", 0, "foreign-schema")}),
}  # fmt: skip


@pytest.mark.parametrize("where", CHANGED)
def test_a_change_of_any_column_is_found_by_itself(where: str, path: Path) -> None:
    statement, expected = CHANGED[where]
    made(path, 9, [6])
    behind_its_back(path, statement)
    assert expected <= set(found(verdict(path)))


def test_the_file_may_be_made_so_that_a_table_is_not_there(path: Path) -> None:
    made(path, 3)
    behind_its_back(path, "ALTER TABLE leaves RENAME TO leaves_before")
    codes = {code for _, _, code in found(verdict(path))}
    assert codes == {"foreign-schema", "broken-page"}


@pytest.mark.parametrize("value", ["NULL", "7", "'text'"])
@pytest.mark.parametrize("column", ["leaves.data", "leaves.hash", "openings.salt", "openings.content"])
def test_what_is_of_another_type_than_it_can_be_is_found(column: str, value: str, path: Path) -> None:
    made(path, 9)
    table, name = column.split(".")
    raw = apsw.Connection(str(path))
    raw.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    sql = raw.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).get
    lax = sql.replace(" STRICT", " " if "WITHOUT" not in sql else "").replace(", WITHOUT", " WITHOUT")
    lax = lax.replace(f"{name} BLOB NOT NULL", f"{name} BLOB")
    change = "UPDATE sqlite_schema SET sql = ? WHERE name = ?"
    raw.execute("PRAGMA writable_schema = ON").get  # noqa: B018
    raw.execute(change, (lax, table)).get  # noqa: B018
    raw.close()
    behind_its_back(path, f"UPDATE {table} SET {name} = {value} WHERE number = 4")  # noqa: S608
    raw = apsw.Connection(str(path))
    raw.execute("PRAGMA writable_schema = ON").get  # noqa: B018
    raw.execute(change, (sql, table)).get  # noqa: B018
    raw.close()
    code = "altered-leaf" if table == "leaves" else "wrong-opening"
    assert (LOG, 4, code) in found(verdict(path))


# ---- the form of a leaf ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b'{"at":"","commitments":{},"format":1,"kind":"decided"}', None),
        (b'{"kind":"decided"}', None),
        (b'{"kind": "decided"}', "not-canonical"),
        (b'{"kind":"decided","at":""}', "not-canonical"),
        (b'{"kind":"decided","kind":"decided"}', "not-canonical"),
        (b'{"kind":NaN}', "not-canonical"),
        (b"", "not-canonical"),
        (b"\xff", "not-canonical"),
        (b'{"kind":"ruled"}', "altered-leaf"),
        (b'["decided"]', "altered-leaf"),
    ],
)
def test_a_leaf_is_a_canonical_object_of_its_kind(data: bytes, code: str | None, path: Path) -> None:
    with Store.create(path) as ledger:
        ledger.append(LOG, "decided", data)
        assert found(verify(ledger, {}, {}, {})) == ([] if code is None else [(LOG, 1, code)])


@pytest.mark.parametrize("word", ["party: government", '50 % "of" them', "gardiens é", "\U0001f54a", "\uffee", ""])
def test_audiences_and_kinds_are_any_words(word: str, path: Path) -> None:
    openings = [Opening(audience, b"s" * 16, b"told") for audience in sorted({word, "public", "\U0001f54b"})]
    commitments = {one.audience: hashlib.sha256(one.salt + one.content).hexdigest() for one in openings}
    for kind, at in (("decided", "2026-01-01T00:00:00Z"), (word, '"'), ('a","b":"c', "%s")):
        data = canonical({"at": at, "commitments": commitments, "format": 1, "kind": kind})
        with Store.create(path) as ledger:
            ledger.append(LOG, kind, data, openings)
            told = verify(ledger, {}, {}, {})
        assert (told.problems, told.logs[0].gaps) == ((), ())
        behind_its_back(path, "UPDATE openings SET content = x'00' WHERE audience = ?", word)
        assert found(verdict(path)) == [(LOG, 1, "wrong-opening")]
        path.unlink()


def test_a_leaf_is_not_made_to_look_canonical_by_its_parts(path: Path) -> None:
    opening = Opening("public", b"s" * 16, b"told")
    commitment = hashlib.sha256(opening.salt + opening.content).hexdigest()
    for at, kind in (('","x":"', "decided"), ("é", "decided"), ("2026", 'decided","x":"')):
        leaf = f'{{"at":"{at}","commitments":{{"public":"{commitment}"}},"format":1,"kind":"{kind}"}}'
        with Store.create(path) as ledger:
            ledger.append(LOG, kind, leaf.encode("latin-1"), [opening])
            assert (
                {code for _, _, code in found(verify(ledger, {}, {}, {}))} <= {"not-canonical", "altered-leaf"} != set()
            )
            assert found(verify(ledger, {}, {}, {}))
        path.unlink()


# ---- heads -----------------------------------------------------------------------------------------------------------


def test_a_head_by_a_key_that_is_not_the_missions_vouches_for_nothing(path: Path) -> None:
    made(path, 6)
    tree = Log(leaf_hash(entry(number).data) for number in range(1, 7))
    for note in (head(tree, 6, OTHER), head(tree, 6).replace("6", "5", 1), "", "no note"):
        told = verdict(path, [note])
        assert found(told) == [(LOG, 0, "bad-head")]
        assert told.logs[0].witnessed == 0


def test_the_old_key_still_vouches_after_it_was_followed_by_another(path: Path) -> None:
    held = made(path, 6, [3])
    tree = Log(leaf_hash(entry(number).data) for number in range(1, 7))
    keys = {"first": MISSION.verifier, "second": OTHER.verifier}
    with Store.open(path) as ledger:
        told = verify(ledger, keys, {LOG: [*held, head(tree, 6, OTHER)]}, {})
    assert (told.problems, told.logs[0].witnessed) == ((), 6)


# ---- when much is wrong ----------------------------------------------------------------------------------------------


def test_of_very_many_faults_the_first_are_listed_and_the_heads_all_the_same(path: Path) -> None:
    held = made(path, 300, [200])
    behind_its_back(path, "UPDATE leaves SET data = x'7b7d' WHERE number > 50")
    told = found(verdict(path, held))
    assert [line for _, line, code in told if code == "altered-leaf"] == list(range(51, 151))
    assert (LOG, 1, "rewritten-leaves") in told


def test_where_the_file_cannot_be_read_the_log_ends_and_says_so(path: Path) -> None:
    held = made(path, 400, [100, 400])
    content = bytearray(path.read_bytes())
    at = content.find(entry(250).data)
    assert at > 0
    page = at // 4096 * 4096
    content[page : page + 4096] = bytes(4096)
    path.write_bytes(content)
    told = verdict(path, held)
    (reach,) = told.logs
    assert [code for _, _, code in found(told)] == ["broken-page", "cut-short", "cut-short"]
    assert 200 < told.problems[0].line <= 250
    assert (reach.size, reach.witnessed) == (told.problems[0].line - 1, 100)
