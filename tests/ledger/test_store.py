"""The store: what is acknowledged stays, in order and unchanged; what is destroyed is gone from the file."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from random import Random

import apsw
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.ledger import rfc
from tests.ledger.crashes import entry
from trucewatch.ledger import store
from trucewatch.ledger.store import Addition, Leaf, Opening, Store
from trucewatch.ledger.verifier import leaf_hash
from trucewatch.problems import TrucewatchError, WrongCall


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mission.sqlite"


@pytest.fixture
def ledger(path: Path) -> Iterator[Store]:
    with Store.create(path) as made:
        yield made


def behind_its_back(path: Path, *statements: str) -> None:
    """Change the file as somebody does who does not ask the store."""
    raw = apsw.Connection(str(path))
    for statement in statements:
        raw.execute(statement)
    raw.close()


def codes(ledger: Store) -> list[tuple[int, str]]:
    return [(problem.line, problem.code) for problem in ledger.check()]


# ---- adding and reading ----------------------------------------------------------------------------------------------


def test_leaves_are_numbered_from_one_in_each_log_and_read_back_as_they_were(ledger: Store) -> None:
    assert [ledger.append("internal", *entry(1)), ledger.append("internal", *entry(2))] == [1, 2]
    assert ledger.append("release/public", *entry(3)) == 1
    assert ledger.logs() == ("internal", "release/public")
    assert [ledger.size(log) for log in (*ledger.logs(), "release/parties")] == [2, 1, 0]
    data = entry(2).data
    assert list(ledger.leaves("internal", first=2)) == [Leaf(2, "received", data, leaf_hash(data))]
    assert list(ledger.openings("internal", 2).values()) == entry(2).openings
    assert ledger.openings("internal", 3) == {}


def test_many_leaves_are_entered_at_once_or_not_at_all(ledger: Store) -> None:
    assert ledger.append_all("internal", [entry(number) for number in range(1, 9)]) == range(1, 9)
    assert ledger.append_all("internal", ()) == range(9, 9)

    def broken() -> Iterator[Addition]:
        yield entry(9)
        raise RuntimeError("the old index ends here")

    with pytest.raises(RuntimeError):
        ledger.append_all("internal", broken())
    assert ledger.append("internal", *entry(9)) == 9
    assert [leaf.data for leaf in ledger.leaves("internal")] == [entry(number).data for number in range(1, 10)]
    assert ledger.check() == ()


def test_an_audience_named_twice_or_a_key_that_is_there_is_refused_with_the_leaf(ledger: Store) -> None:
    opening = Opening("public", b"s" * 16, b"told")
    with pytest.raises(TrucewatchError):
        ledger.append("internal", "decided", b"{}", (opening, opening))
    ledger.append("internal", "received", b"{}", (), {"batch": b"k" * 32})
    with pytest.raises(TrucewatchError):
        ledger.append("internal", "received", b"{}", (), {"batch": b"another"})
    assert (ledger.size("internal"), ledger.key("batch"), ledger.key("none")) == (1, b"k" * 32, None)


def test_the_tree_is_that_of_the_standard_and_grows_with_what_others_add(ledger: Store, path: Path) -> None:
    with Store.open(path) as other:
        for number in range(1, 20):
            (ledger if number % 3 else other).append("internal", *entry(number))
            expected = rfc.mth([entry(n).data for n in range(1, number + 1)])
            assert ledger.tree("internal").root() == expected
        assert other.tree("internal").root() == expected
        assert other.tree("internal") is other.tree("internal")


def test_a_head_is_kept_once_and_only_of_leaves_that_are_there(ledger: Store) -> None:
    ledger.append_all("internal", [entry(1), entry(2)])
    for size, note in ((2, "later"), (1, "own"), (1, "cosigned"), (1, "own")):
        ledger.add_head("internal", size, note)
    assert ledger.heads("internal") == ((1, "cosigned"), (1, "own"), (2, "later"))
    with pytest.raises(WrongCall, match="2 leaves"):
        ledger.add_head("internal", 3, "from elsewhere")


def test_numbers_go_on_after_the_ledger_was_closed_whatever_the_clock_says(path: Path) -> None:
    # The store asks no clock: an entry that says it is older than the one before is numbered after it.
    times = ["2026-03-01", "2026-02-01", "2031-01-01", "1999-01-01"]
    for number, at in enumerate(times, 1):
        with Store.create(path) if number == 1 else Store.open(path) as ledger:
            assert ledger.append("internal", "decided", f'{{"at":"{at}","kind":"decided"}}'.encode()) == number
    with Store.open(path) as ledger:
        assert all(at in leaf.data.decode() for at, leaf in zip(times, ledger.leaves("internal"), strict=True))


def test_a_log_read_in_bulk_is_read_as_of_one_moment(ledger: Store, path: Path) -> None:
    ledger.append_all("internal", [entry(1), entry(2)])
    with Store.open(path) as other, ledger.reading("internal") as (leaves, openings):
        with pytest.raises(WrongCall, match="as of one moment"):
            ledger.append("internal", *entry(3))
        other.append("internal", *entry(3))
        assert [number for number, *_ in leaves] == [1, 2]
        assert [(number, audience) for number, audience, *_ in openings] == [
            (number, one.audience) for number in (1, 2) for one in entry(number).openings
        ]
        assert ledger.size("internal") == 2
    assert ledger.size("internal") == 3
    with ledger.reading("internal", first=3) as (leaves, openings):
        assert ([number for number, *_ in leaves], {number for number, *_ in openings}) == ([3], {3})


# ---- what it is set to, and what it refuses --------------------------------------------------------------------------


def test_what_the_promises_rest_on_is_set_at_every_open(ledger: Store, path: Path) -> None:
    with Store.open(path) as opened:
        for one in (ledger._database, opened._database):
            one.set_authorizer(None)
            found = {name: one.pragma(name) for name in ("journal_mode", *store._PRAGMAS)}
            assert found == {"journal_mode": "wal", **store._PRAGMAS}
            assert found["synchronous"] == 2
            with pytest.raises(apsw.SQLError, match="may not be"):
                one.execute("PRAGMA writable_schema = ON; DELETE FROM sqlite_schema")


def test_a_setting_that_does_not_hold_is_no_ledger_to_write_to(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store.create(path).close()
    monkeypatch.setitem(store._PRAGMAS, "user_version", 3)
    monkeypatch.setitem(store._PRAGMAS, "freelist_count", 3)
    with pytest.raises(TrucewatchError, match="freelist_count at 0, and not at 3"):
        Store.open(path)


def test_an_older_sqlite_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(TrucewatchError, match=r"install apsw 3\.51\.3"):
        Store.create(path)
    assert not path.exists()


REFUSED = [
    "UPDATE leaves SET data = x'00'",
    "DELETE FROM leaves",
    "UPDATE heads SET size = 1",
    "DELETE FROM heads",
    "UPDATE openings SET content = x'00'",
    "DELETE FROM openings",
    "UPDATE keys SET key = x'00'",
    "DELETE FROM keys",
    "DROP TABLE leaves",
    "DROP TRIGGER leaves_follow_one_another",
    "ALTER TABLE leaves ADD COLUMN more",
    "CREATE TABLE more (a)",
    "CREATE TEMP TRIGGER t BEFORE INSERT ON keys BEGIN DELETE FROM keys; END",
    "CREATE INDEX more ON leaves (kind)",
    "CREATE VIEW more AS SELECT * FROM leaves",
    "ATTACH ':memory:' AS other",
    "PRAGMA synchronous = OFF",
    "PRAGMA writable_schema = ON",
    "VACUUM",
    "REINDEX",
    "ANALYZE",
    "REPLACE INTO leaves VALUES ('internal', 1, 'decided', x'00', x'00')",
    "INSERT INTO leaves VALUES ('internal', 7, 'decided', x'00', x'00')",
    "INSERT INTO openings VALUES ('internal', 7, 'public', x'00', x'00')",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_the_store_itself_cannot_change_what_was_entered(statement: str, ledger: Store) -> None:
    ledger.append_all("internal", [entry(4), entry(2)])
    ledger.add_head("internal", 2, "head")
    before = contents(ledger)
    with pytest.raises((apsw.AuthError, apsw.ConstraintError)):
        ledger._database.execute(statement)
    assert contents(ledger) == before
    # Not even after something was rightly destroyed.
    ledger.destroy("internal", 2)
    with pytest.raises((apsw.AuthError, apsw.ConstraintError)):
        ledger._database.execute(statement)


def contents(ledger: Store) -> list[object]:
    openings = [ledger.openings("internal", number) for number in (1, 2)]
    return [*ledger.leaves("internal"), *ledger.heads("internal"), *openings, ledger.key("batch 4")]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no mission's ledger"),
        (b"SQLite format 3\0" + bytes(200), "damaged"),
        (b"received,again\n" * 100, "damaged"),
    ],
    ids=["empty", "cut-off", "text"],
)
def test_a_file_that_is_no_ledger_is_refused_and_left_alone(content: bytes, why: str, path: Path) -> None:
    path.write_bytes(content)
    for is_read_only in (False, True):
        with pytest.raises(TrucewatchError, match=why):
            Store.open(path, is_read_only)
    assert len(path.read_bytes()) >= len(content)
    with pytest.raises(TrucewatchError, match="cannot be made"):
        Store.create(path)


def test_where_there_is_none_it_is_said(path: Path) -> None:
    with pytest.raises(TrucewatchError, match="is not there"):
        Store.open(path)
    with pytest.raises(TrucewatchError, match="cannot be made"):
        Store.create(path / "deeper" / "mission.sqlite")


def test_a_ledger_of_a_later_program_is_refused(path: Path) -> None:
    Store.create(path).close()
    behind_its_back(path, "PRAGMA user_version = 2")
    with pytest.raises(TrucewatchError, match="format 2, not 1"):
        Store.open(path)


def test_nobody_else_may_read_the_file(ledger: Store, path: Path) -> None:
    ledger.append("internal", *entry(1))
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_who_opens_it_to_read_writes_nothing(path: Path) -> None:
    with Store.create(path) as ledger:
        ledger.append("internal", *entry(1))
    before = path.read_bytes()
    with Store.open(path, is_read_only=True) as reader:
        assert (reader.size("internal"), reader.check()) == (1, ())
        with pytest.raises(TrucewatchError, match="may not be written"):
            reader.append("internal", *entry(2))
    assert path.read_bytes() == before


# ---- destroying ------------------------------------------------------------------------------------------------------


def test_what_is_destroyed_leaves_the_leaf_and_everything_else(ledger: Store) -> None:
    ledger.append_all("internal", [entry(number) for number in range(1, 6)])
    root = ledger.tree("internal").root()
    ledger.destroy("internal", 2, audiences=["parties"])
    ledger.destroy("internal", 3)
    ledger.destroy("internal", key_name="batch 4")
    ledger.destroy("internal", 3)
    assert [sorted(ledger.openings("internal", number)) for number in (1, 2, 3)] == [
        ["mission", "parties", "public"], ["mission", "public"], []
    ]  # fmt: skip
    assert ledger.key("batch 4") is None
    assert [leaf.data for leaf in ledger.leaves("internal")] == [entry(number).data for number in range(1, 6)]
    assert (ledger.tree("internal").root(), ledger.check()) == (root, ())


def test_keys_are_listed_by_name_as_long_as_they_are_kept(ledger: Store) -> None:
    assert ledger.key_names() == ()
    ledger.append("internal", *entry(1)[:3], {"b": b"2" * 32, "a": b"1" * 32})
    assert ledger.key_names() == ("a", "b")
    ledger.destroy("internal", key_name="a")
    assert ledger.key_names() == ("b",)


def test_a_key_gives_way_to_another(ledger: Store, path: Path) -> None:
    old, new = b"the old key, 32 bytes long......", b"the new key, 32 bytes long......"
    ledger.append("internal", "received", b"{}", (), {"batch": old})
    ledger.destroy("internal", key_name="batch", replacement_key=new)
    assert ledger.key("batch") == new
    assert old not in everything(path)


def everything(path: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(path.parent.iterdir()))


@given(
    sizes=st.lists(st.integers(0, 6000), min_size=2, max_size=40),
    seed=st.randoms(use_true_random=False),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_destroyed_is_in_no_byte_of_any_file(
    sizes: list[int], seed: Random, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("destroyed") / "mission.sqlite"
    order = list(range(1, len(sizes) + 1))
    seed.shuffle(order)
    with Store.create(path) as ledger:
        for number, size in enumerate(sizes, 1):
            log = "internal" if number % 3 else "release/public"
            content = canary(number) * (1 + size // 16)
            ledger.append(
                log, "received", b"{}", (Opening("mission", canary(number), content),), {f"{number}": canary(number)}
            )
        assert all(canary(number) in everything(path) for number in order)
        for place, number in enumerate(order):
            log = "internal" if number % 3 else "release/public"
            ledger.destroy(log, number - number // 3 if number % 3 else number // 3, key_name=f"{number}")
            left = everything(path)
            assert [gone for gone in order[: place + 1] if canary(gone) in left] == []
        assert ledger.check() == ()


def canary(number: int) -> bytes:
    return b"canary %07d;)" % number


def test_while_somebody_reads_nothing_can_be_said_to_be_destroyed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE_MS", 20)
    with Store.create(path) as ledger, Store.open(path, is_read_only=True) as reader:
        ledger.append("internal", "received", b"{}", (Opening("mission", b"s" * 16, canary(1)),))
        with reader.reading("internal") as (leaves, _):
            assert next(leaves)[0] == 1
            with pytest.raises(TrucewatchError, match="not destroyed yet: another program"):
                ledger.destroy("internal", 1)
        ledger.destroy("internal", 1)
        assert canary(1) not in everything(path)


# ---- checking and copying --------------------------------------------------------------------------------------------


def test_what_is_wrong_is_named_with_its_number(ledger: Store, path: Path) -> None:
    ledger.append_all("internal", [entry(number) for number in range(1, 10)])
    assert ledger.check() == ()
    behind_its_back(path, "PRAGMA foreign_keys = OFF", "DELETE FROM leaves WHERE number IN (3, 4, 7)")
    behind_its_back(path, "UPDATE leaves SET data = x'7b7d' WHERE number = 5")
    behind_its_back(path, "UPDATE leaves SET hash = x'7b7d' WHERE number = 6")
    found = codes(ledger)
    assert found[:4] == [(3, "missing-leaf"), (5, "altered-leaf"), (6, "altered-leaf"), (7, "missing-leaf")]
    assert set(found[4:]) == {(3, "orphan-opening"), (4, "orphan-opening"), (7, "orphan-opening")}
    assert "leaves 3 to 4 are missing" in str(ledger.check()[0])


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (a)",
        "CREATE INDEX more ON leaves (kind)",
        "CREATE VIEW more AS SELECT * FROM keys",
        "CREATE TRIGGER more AFTER INSERT ON leaves BEGIN DELETE FROM keys; END",
        "ALTER TABLE leaves ADD COLUMN more TEXT",
        "DROP TRIGGER leaves_follow_one_another",
        "DROP TABLE keys",
        "ANALYZE",
    ],
)
def test_what_the_program_never_made_is_found_and_nothing_written_beside_it(statement: str, path: Path) -> None:
    with Store.create(path) as ledger:
        ledger.append("internal", *entry(1))
    behind_its_back(path, statement)
    with Store.open(path, is_read_only=True) as reader:
        assert {code for _, code in codes(reader)} == {"foreign-schema"}
    with pytest.raises(TrucewatchError, match="never made"):
        Store.open(path)


def test_a_copy_is_the_whole_ledger_in_one_file(ledger: Store, path: Path, tmp_path: Path) -> None:
    ledger.append_all("internal", [entry(number) for number in range(1, 6)])
    ledger.add_head("internal", 5, "head")
    copy = tmp_path / "copy" / "mission.sqlite"
    copy.parent.mkdir()
    ledger.backup(copy)
    assert [file.name for file in copy.parent.iterdir()] == ["mission.sqlite"]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    ledger.append("internal", *entry(6))
    with Store.open(copy) as restored:
        assert (restored.size("internal"), restored.heads("internal"), restored.check()) == (5, ((5, "head"),), ())
        assert restored.append("internal", *entry(6)) == 6
        assert restored.tree("internal").root() == ledger.tree("internal").root()
    with pytest.raises(TrucewatchError, match="is there already"):
        ledger.backup(copy)
    with pytest.raises(TrucewatchError):
        ledger.backup(tmp_path / "no" / "folder")
