"""Tampering: whatever is changed behind the ledger's back is found, up to the last head that somebody else holds."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from tests.ledger.crashes import LOG, entry
from tests.ledger.ledgers import MISSION, ORIGIN, head, made, verdict
from trucewatch.ledger.log import Log
from trucewatch.ledger.store import Addition, Store
from trucewatch.ledger.verifier import leaf_hash
from trucewatch.problems import TrucewatchError

SIZE, WITNESSED, EVERY, PLACES = 64, 56, 8, 50
Tell = Callable[[str], None]
Entries = list[Addition]

# What each does to the entries, at the place of the first that is then another one.
KINDS: dict[str, Callable[[Entries, int], Entries]] = {
    "alter": lambda entries, at: [*entries[: at - 1], entry(at, "forged"), *entries[at:]],
    "remove": lambda entries, at: [*entries[: at - 1], *entries[at:]],
    "insert": lambda entries, at: [*entries[: at - 1], entry(at, "backdated"), *entries[at - 1 :]],
    "reorder": lambda entries, at: [*entries[: at - 1], entries[at], entries[at - 1], *entries[at + 1 :]],
    "truncate": lambda entries, at: entries[: at - 1],
    "roll back": lambda entries, at: entries[: at - 1],
    "rewrite": lambda entries, at: [*entries[: at - 1], *(entry(n, "rewritten-leaves") for n in range(at, SIZE + 1))],
}


@pytest.fixture
def folder() -> Iterator[Path]:
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def raw(path: Path) -> apsw.Connection:
    """Open the file as somebody does who does not ask the store."""
    database = apsw.Connection(str(path))
    database.config(apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0)
    database.execute("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF").get  # noqa: B018
    return database


def by_hand(path: Path, kind: str, at: int) -> None:
    """Do it by single statements, and see to nothing else."""
    other = entry(at, "forged").data
    everything_after = "UPDATE leaves SET number = -number - ? WHERE number >= ?"
    database = raw(path)
    match kind:
        case "alter":
            database.execute("UPDATE leaves SET data = ? WHERE number = ?", (other, at))
        case "remove":
            database.execute("DELETE FROM leaves WHERE number = ?", (at,))
        case "insert":
            database.execute(everything_after, (1, at))
            database.execute("UPDATE leaves SET number = -number WHERE number < 0")
            row = (LOG, at, "received", other, leaf_hash(other))
            database.execute("INSERT INTO leaves VALUES (?, ?, ?, ?, ?)", row)
        case "reorder":
            database.execute("UPDATE leaves SET number = -1 WHERE number = ?", (at,))
            database.execute("UPDATE leaves SET number = ? WHERE number = ?", (at, at + 1))
            database.execute("UPDATE leaves SET number = ? WHERE number = -1", (at + 1,))
        case "truncate":
            database.execute("DELETE FROM leaves WHERE number >= ?", (at,))
        case "rewrite":
            rows = [(entry(n, "rewritten-leaves").data, n) for n in range(at, SIZE + 1)]
            database.executemany("UPDATE leaves SET data = ? WHERE number = ?", rows)
    database.close()


def with_hashes(path: Path, kind: str, at: int, is_signed: bool = False) -> None:
    """Do it so that numbers, hashes and openings agree; sign the ledger's own heads anew, or leave them."""
    entries = KINDS[kind]([entry(number) for number in range(1, SIZE + 1)], at)
    tree = Log(leaf_hash(one.data) for one in entries)
    database = raw(path)
    heads = database.execute("SELECT size, note FROM heads").get
    for table in ("leaves", "openings", *(["heads"] if is_signed else [])):
        database.execute(f"DELETE FROM {table}")  # noqa: S608
    for number, one in enumerate(entries, 1):
        row = (LOG, number, one.kind, one.data, leaf_hash(one.data))
        database.execute("INSERT INTO leaves VALUES (?, ?, ?, ?, ?)", row)
        opening = [(LOG, number, *opening) for opening in one.openings]
        database.executemany("INSERT INTO openings VALUES (?, ?, ?, ?, ?)", opening)
    if is_signed:
        signed = [(LOG, size, head(tree, size)) for size, _ in heads if size <= tree.size]
        database.executemany("INSERT INTO heads VALUES (?, ?, ?)", signed)
    database.close()


def with_the_key(path: Path, kind: str, at: int) -> None:
    """Do it with all that the mission itself has, its signing key too."""
    with_hashes(path, kind, at, is_signed=True)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """Return a ledger of 64 leaves that nobody changed, and its heads as a second office holds them, up to 56."""
    path = tmp_path_factory.mktemp("honest") / "mission.sqlite"
    return path, made(path, SIZE, range(EVERY, WITNESSED + 1, EVERY))


def tampered(folder: Path, honest: Path, attacker: Callable[[Path, str, int], None], kind: str, at: int) -> Path:
    path = folder / "mission.sqlite"
    path.unlink(missing_ok=True)
    if kind == "roll back":
        # An old copy is honest in itself, whoever puts it there.
        made(path, at - 1, range(EVERY, at, EVERY))
    else:
        shutil.copy(honest, path)
        attacker(path, kind, at)
    return path


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_it_is_found_up_to_the_witnessed_size_and_the_first_bad_entry_named(
    kind: str, honest: tuple[Path, list[str]], folder: Path, is_long: bool, tell: Tell
) -> None:
    original, held = honest
    places = sorted(random.Random(kind).sample(range(1, WITNESSED + 1), PLACES))
    found, missed_alone = Counter[str](), 0
    attackers = (by_hand, with_hashes, with_the_key) if is_long else (by_hand, with_the_key)
    for attacker in attackers:
        for at in places:
            path = tampered(folder, original, attacker, kind, at)
            problems, (reach,) = (told := verdict(path, held)).problems, told.logs
            agreed = (at - 1) // EVERY * EVERY
            # Named is the entry, or the first after the last head that still agrees.
            assert problems and agreed < problems[0].line <= at, (attacker.__name__, at)
            assert (reach.witnessed, reach.tail) == (agreed, reach.size - agreed)
            found[attacker.__name__] += 1
            missed_alone += attacker is with_the_key and not verdict(path).problems
    by = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in found.items())
    tell(
        f"tampering: {kind} at {PLACES} places, found: {by}; control, with the key and no head held elsewhere: "
        f"{missed_alone} missed"
    )
    assert sum(found.values()) == PLACES * len(attackers)
    # The control: a file that holds together in itself tells nothing.
    assert missed_alone == PLACES


@pytest.mark.parametrize("kind", ["alter", "remove", "insert", "truncate", "rewrite"])
def test_who_has_the_key_can_change_the_tail_and_the_tail_is_stated(
    kind: str, honest: tuple[Path, list[str]], folder: Path
) -> None:
    original, held = honest
    for at in range(WITNESSED + 1, SIZE + 1):
        told = verdict(tampered(folder, original, with_the_key, kind, at), held)
        (reach,) = told.logs
        assert (told.problems, reach.witnessed, reach.tail) == ((), WITNESSED, reach.size - WITNESSED)


def test_no_ledger_that_nobody_changed_is_found_at_fault(folder: Path, tell: Tell) -> None:
    count, leaves, tails = 1000, 0, 0
    path = folder / "mission.sqlite"
    for number in range(count):
        draw = random.Random(number)
        size = draw.randrange(14)
        heads = sorted({draw.randint(0, size) for _ in range(draw.randrange(4))})
        held = made(path, size, heads, who=f"{number} ")
        with Store.open(path) as ledger:
            for _ in range(draw.randrange(3)):
                ledger.destroy(LOG, draw.randint(1, 14), draw.choice([None, ["mission"], ["parties", "public"]]))
            if draw.random() < 0.3:
                ledger.append("release/public", "decided", b'{"kind":"decided"}')
        told = verdict(path, held)
        assert told.problems == (), number
        reach = {one.log: one for one in told.logs}.get(LOG)
        assert (reach.size, reach.witnessed) == (size, max(heads, default=0)) if reach else not size
        leaves, tails = leaves + size, tails + (reach.tail if reach else 0)
        path.unlink()
    tell(f"tampering: {count:,} honest ledgers with {leaves:,} leaves, {tails:,} of them not witnessed: 0 false alarms")


# ---- any byte --------------------------------------------------------------------------------------------------------


def readable(path: Path) -> list[object]:
    """Return all that can be read of a ledger."""
    with Store.open(path, is_read_only=True) as ledger:
        told: list[object] = [ledger.logs()]
        for log in ledger.logs():
            leaves = list(ledger.leaves(log))
            openings = [ledger.openings(log, leaf.number) for leaf in leaves]
            told += [leaves, openings, ledger.heads(log)]
        return told


def test_no_byte_of_the_file_can_be_changed_so_that_it_reads_otherwise(
    honest: tuple[Path, list[str]], folder: Path, is_long: bool, tell: Tell
) -> None:
    original, held = honest
    content, expected = original.read_bytes(), readable(original)
    path = folder / "mission.sqlite"
    verified, same, draw = 0, 0, random.Random(0)
    places = draw.sample(range(len(content)), 10_000 if is_long else 400)
    for at in places:
        changed = bytearray(content)
        changed[at] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        try:
            is_verified = not verdict(path, held).problems
            with Store.open(path, is_read_only=True) as ledger:
                is_whole = not ledger.check()
        except TrucewatchError:
            is_verified = is_whole = False
        # A byte that nothing is read from may be any.
        assert not is_whole or not is_verified or readable(path) == expected, at
        verified, same = verified + is_verified, same + (is_whole and is_verified)
    found = len(places) - verified
    tell(
        f"tampering: a bit flipped in {len(places):,} bytes: {found:,} found by verify, {verified - same:,} by check "
        f"alone, {same:,} in bytes that nothing is read from"
    )
    assert found > len(places) / 3


def test_another_missions_ledger_is_not_this_one(honest: tuple[Path, list[str]], folder: Path) -> None:
    _, held = honest
    path = folder / "mission.sqlite"
    made(path, SIZE, range(EVERY, WITNESSED + 1, EVERY), who="elsewhere ")
    assert [problem.code for problem in verdict(path, held).problems] == ["rewritten-leaves"]
    assert MISSION.name in ORIGIN
