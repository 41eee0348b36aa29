"""The store: a mission's ledger in one SQLite file; what is acknowledged is on the disk, and leaves are never changed.

Leaves and heads are only ever added. What opens a leaf's commitments, and the keys of what lies encrypted beside the
ledger, can be destroyed, and then leave no trace in the file. SQLite is opened through APSW with a write-ahead log and
full synchronisation: a number is returned only after COMMIT, which is after the disk has said that it holds the entry.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import starmap
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Final, NamedTuple, Self

import apsw

from trucewatch.ledger.log import Log
from trucewatch.ledger.verifier import leaf_hash
from trucewatch.problems import Problem, TrucewatchError, WrongCall

FORMAT: Final = 1
# What to do about a ledger that is not as it was.
RESTORE: Final = "restore the ledger from a backup"

# Openings are the larger part, and lie in the order of their arrival: a page is filled before the next is begun.
_SCHEMA: Final = """
CREATE TABLE leaves (
    log TEXT NOT NULL, number INTEGER NOT NULL, kind TEXT NOT NULL, data BLOB NOT NULL, hash BLOB NOT NULL,
    PRIMARY KEY (log, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE openings (
    log TEXT NOT NULL, number INTEGER NOT NULL, audience TEXT NOT NULL, salt BLOB NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (log, number, audience), FOREIGN KEY (log, number) REFERENCES leaves (log, number)
) STRICT;
CREATE TABLE heads (
    log TEXT NOT NULL, size INTEGER NOT NULL, note TEXT NOT NULL, PRIMARY KEY (log, size, note)
) STRICT, WITHOUT ROWID;
CREATE TABLE keys (name TEXT NOT NULL PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TRIGGER leaves_follow_one_another BEFORE INSERT ON leaves
WHEN NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM leaves WHERE log = NEW.log)
BEGIN SELECT raise(ABORT, 'a leaf follows the last one of its log'); END;
"""
_ERASABLE: Final = ("openings", "keys")
_TABLES: Final = ("leaves", "heads", *_ERASABLE)

# A write-ahead log loses nothing and is safe with two writers since SQLite 3.51.3.
_SQLITE: Final = (3, 51, 3)
_JOURNAL = "wal"
_PRAGMAS: dict[str, int] = {
    "synchronous": 2,  # FULL
    "secure_delete": 1,
    "trusted_schema": 0,
    "foreign_keys": 1,
    "cell_size_check": 1,
    "temp_store": 2,  # in memory: nothing of the ledger goes into temporary files
    "cache_size": -32768,  # KiB: what is verified is read by its index, and no page of it twice
}
_CONFIG: dict[int, int] = {
    apsw.SQLITE_DBCONFIG_DEFENSIVE: 1,  # nobody writes into the schema past SQL, or does without a journal
    apsw.SQLITE_DBCONFIG_ENABLE_QPSG: 1,  # a statement is planned once, and not again for each name of a log
}
_PATIENCE_MS = 5000
# Pages in the write-ahead log after which they are taken into the file.
_PAGES = 4000

_READING: Final = (apsw.SQLITE_READ, apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE, apsw.SQLITE_TRANSACTION)
_FUNCTIONS: Final = ("coalesce", "max", "min")

_WHY: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((apsw.BusyError, apsw.LockedError), "another program is at work on it; try again when that has ended"),
    ((apsw.FullError,), "the disk is full; make room and try again"),
    ((apsw.ReadOnlyError, apsw.CantOpenError, apsw.PermissionsError, apsw.AuthError),
     "it may not be written, or its folder may not; see who owns them"),
    ((apsw.CorruptError, apsw.NotADBError, apsw.FormatError, UnicodeDecodeError),
     "it is damaged; restore it from a backup"),
    ((apsw.IOError,), "the disk fails; look after it, and try again"),
)  # fmt: skip


_NO_KEYS: Final[Mapping[str, bytes]] = MappingProxyType({})


class Leaf(NamedTuple):
    """One leaf of a log: its number (from 1), its kind, its canonical bytes and their leaf hash (RFC 9162, 2.1.1)."""

    number: int
    kind: str
    data: bytes
    hash: bytes


class Opening(NamedTuple):
    """What opens a leaf's commitment to one audience: SHA-256(salt || content) is the commitment."""

    audience: str
    salt: bytes
    content: bytes


LeafRow = tuple[int, str, bytes, bytes]
OpeningRow = tuple[int, str, bytes, bytes]


class Addition(NamedTuple):
    """A leaf to be, with what opens it and the keys (by name) of what lies encrypted beside the ledger."""

    kind: str
    data: bytes
    openings: Sequence[Opening] = ()
    keys: Mapping[str, bytes] = _NO_KEYS


class Store:
    """The ledger's file, open; a context manager.

    Every fault of disk, file or rights is a TrucewatchError, after which nothing of what was being written is there.
    Another process may write to the same file; whoever comes second waits for a few seconds and is then refused.
    """

    def __init__(self, path: Path, database: apsw.Connection) -> None:
        """Take over an open database; use `create` or `open`."""
        self.path = path
        self._database = database
        self._trees: dict[str, Log] = {}
        self._is_destroying = False
        self._pages = 0
        database.set_authorizer(self._authorize)
        database.set_wal_hook(self._count_pages)

    @classmethod
    def create(cls, path: Path) -> Store:
        """Make an empty ledger; raises TrucewatchError where there is a file already."""
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as fault:
            raise TrucewatchError(f"{path}: cannot be made ({fault.strerror})") from None
        try:
            with _told(path):
                database = _connect(path)
                with database:
                    database.execute(_SCHEMA)
                    database.pragma("user_version", FORMAT)
        except BaseException:
            for name in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                name.unlink(missing_ok=True)
            raise
        return cls(path, database)

    @classmethod
    def open(cls, path: Path, is_read_only: bool = False) -> Store:
        """Open a ledger; raises TrucewatchError for a file that is none, or of a later format.

        One that holds more or less than this program makes can be opened to be read and verified, never to be written.
        """
        if not path.is_file():
            raise TrucewatchError(f"{path}: is not there; restore it from a backup")
        with _told(path):
            database = _connect_to_read(path) if is_read_only else _connect(path)
            version = database.pragma("user_version")
        store = cls(path, database)
        try:
            if version != FORMAT:
                what = "is no mission's ledger" if not version else "was made by another version of this program"
                raise TrucewatchError(f"{path}: {what} (format {version}, not {FORMAT})")
            if not is_read_only and store._foreign():
                told = "holds what this program never made; verify it before anything is written"
                raise TrucewatchError(f"{path}: {told}")
        except TrucewatchError:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close the file; what stood in the write-ahead log goes into it."""
        with _told(self.path):
            self._database.close()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self.close()

    # ---- adding ------------------------------------------------------------------------------------------------------

    def append(
        self,
        log: str,
        kind: str,
        data: bytes,
        openings: Sequence[Opening] = (),
        keys: Mapping[str, bytes] = _NO_KEYS,
    ) -> int:
        """Add a leaf with what opens it, durably; return its number, from 1.

        `data` is a canonical object whose "kind" is `kind`: the audit holds the one to the other.
        """
        return self.append_all(log, (Addition(kind, data, openings, keys),))[0]

    def append_all(self, log: str, additions: Iterable[Addition]) -> range:
        """Add leaves in one transaction, all or none; return their numbers."""
        with self._writing() as database:
            first = number = (database.execute(_SIZE, (log,)).get or 0) + 1
            for kind, data, openings, keys in additions:
                row = (log, number, kind, data, leaf_hash(data))
                database.execute("INSERT INTO leaves VALUES (?, ?, ?, ?, ?)", row)
                opening = [(log, number, *one) for one in openings]
                database.executemany("INSERT INTO openings VALUES (?, ?, ?, ?, ?)", opening)
                if keys:
                    database.executemany("INSERT INTO keys VALUES (?, ?)", keys.items())
                number += 1
        return range(first, number)

    def add_head(self, log: str, size: int, note: str) -> None:
        """Keep a signed or cosigned head; one that is kept already is kept once."""
        if not 0 <= size <= self.size(log):
            raise WrongCall(f"a head at {size} is not of the log {log!r}, which has {self.size(log)} leaves")
        with self._writing():
            self._database.execute("INSERT INTO heads VALUES (?, ?, ?) ON CONFLICT DO NOTHING", (log, size, note))

    # ---- reading -----------------------------------------------------------------------------------------------------

    def logs(self) -> tuple[str, ...]:
        """Return the names of the logs of which anything is kept, sorted."""
        return tuple(sorted({name for table in ("leaves", "openings", "heads") for name in self._names(table)}))

    def size(self, log: str) -> int:
        """Return the number of the last leaf of a log, 0 without one."""
        with _told(self.path):
            return self._database.execute(_SIZE, (log,)).get or 0

    def leaves(self, log: str, first: int = 1, last: int | None = None) -> Iterator[Leaf]:
        """Go through the leaves of a log in order, from a number to a number (both in)."""
        chosen = "SELECT number, kind, data, hash FROM leaves WHERE log = ? AND number BETWEEN ? AND ? ORDER BY number"
        with _told(self.path):
            rows = self._database.execute(chosen, (log, first, _LAST if last is None else last))
            yield from starmap(Leaf, rows)

    def openings(self, log: str, number: int) -> dict[str, Opening]:
        """Return what opens a leaf's commitments, by audience, as far as it was not destroyed."""
        chosen = "SELECT audience, salt, content FROM openings WHERE log = ? AND number = ? ORDER BY audience"
        with _told(self.path):
            return {one.audience: one for one in starmap(Opening, self._database.execute(chosen, (log, number)))}

    def tree(self, log: str) -> Log:
        """Return the Merkle tree over the leaves of a log as they stand; it is kept, and grows with the log."""
        tree = self._trees.setdefault(log, Log())
        hashes = "SELECT hash FROM leaves WHERE log = ? AND number > ? ORDER BY number"
        try:
            with _told(self.path):
                tree.extend(hash_ for (hash_,) in self._database.execute(hashes, (log, tree.size)))
        except (TypeError, ValueError):
            raise TrucewatchError(f"{self.path}: the hash of a leaf is none; restore it from a backup") from None
        return tree

    def heads(self, log: str) -> tuple[tuple[int, str], ...]:
        """Return the heads kept of a log: at what size, and the signed note; smallest first."""
        chosen = "SELECT size, note FROM heads WHERE log = ? ORDER BY size, note"
        with _told(self.path):
            return tuple(self._database.execute(chosen, (log,)))

    def key(self, name: str) -> bytes | None:
        """Return the key of what lies encrypted beside the ledger; None where it was destroyed, or never was."""
        with _told(self.path):
            found: bytes | None = self._database.execute("SELECT key FROM keys WHERE name = ?", (name,)).get
        return found

    def key_names(self) -> tuple[str, ...]:
        """Return the names under which keys are kept, sorted."""
        with _told(self.path):
            return tuple(name for (name,) in self._database.execute("SELECT name FROM keys ORDER BY name"))

    @contextmanager
    def reading(self, log: str, first: int = 1) -> Iterator[tuple[Iterator[LeafRow], Iterator[OpeningRow]]]:
        """Read a log from a number on, in bulk, as of one moment: leaves, and beside them what opens them, in order.

        Rows are (number, kind, data, hash) and (number, audience, salt, content). What others write meanwhile is not
        seen, also not by what else is read from this store until then; and nothing is entered through it.
        """
        leaves = "SELECT number, kind, data, hash FROM leaves WHERE log = ? AND number >= ? ORDER BY number"
        openings = "SELECT number, audience, salt, content FROM openings WHERE log = ? AND number >= ? "
        openings += "ORDER BY number, audience"
        with _told(self.path):
            self._database.execute("BEGIN")
            rows = [self._database.execute(rows, (log, first)) for rows in (leaves, openings)]
            try:
                yield rows[0], rows[1]
            finally:
                for cursor in rows:
                    cursor.close(force=True)
                with suppress(apsw.Error):
                    self._database.execute("ROLLBACK")

    # ---- destroying, checking, copying -------------------------------------------------------------------------------

    def destroy(
        self,
        log: str,
        number: int | None = None,
        audiences: Sequence[str] | None = None,
        key_name: str | None = None,
        replacement_key: bytes | None = None,
    ) -> None:
        """Destroy what opens a leaf (to some audiences, or to all), and a key, or put another in its place.

        What was destroyed is overwritten in the file, and the write-ahead log is emptied. Done twice it is done once:
        where somebody else is reading, and the write-ahead log cannot be emptied, it is refused and to be done again.
        What the file system or the disk keep of overwritten blocks is beyond the store.
        """
        chosen = list(self.openings(log, number)) if number is not None and audiences is None else audiences or ()
        with self._writing():
            self._is_destroying = True
            try:
                gone = [(log, number, audience) for audience in chosen]
                where = "DELETE FROM openings WHERE log = ? AND number = ? AND audience = ?"
                self._database.executemany(where, gone, can_cache=False)
                if replacement_key is not None:
                    changed = (replacement_key, key_name)
                    self._database.execute("UPDATE keys SET key = ? WHERE name = ?", changed, can_cache=False)
                else:
                    self._database.execute("DELETE FROM keys WHERE name = ?", (key_name,), can_cache=False)
            finally:
                self._is_destroying = False
        with _told(self.path, "in the write-ahead log it is not destroyed yet: "):
            self._database.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)

    def check(self) -> tuple[Problem, ...]:
        """Return what is wrong with the file by itself: pages, schema, numbers, hashes, openings without a leaf.

        This needs no key and finds accidents. Whoever changed leaf and hash together is found by `audit.verify`.
        """
        with _told(self.path):
            lines = [line for (line,) in self._database.execute("PRAGMA integrity_check") if line != "ok"]
        told = (f"does not hold together: {line}" for line in lines)
        found = [Problem(self.path.name, 0, "broken-page", message, RESTORE) for message in told]
        found += self.foreign()
        if found:
            return tuple(found)
        for log in self.logs():
            number = 0
            for leaf in self.leaves(log):
                found += leaf_faults(log, number + 1, leaf)
                number = leaf.number
        orphans = "SELECT log, number, audience FROM openings AS opened WHERE NOT EXISTS (SELECT 1 FROM leaves "
        orphans += "WHERE leaves.log = opened.log AND leaves.number = opened.number) ORDER BY log, number, audience"
        with _told(self.path):
            found += [orphan(*row) for row in self._database.execute(orphans)]
        return tuple(found)

    def foreign(self) -> Iterator[Problem]:
        """Go through the tables, indexes, views and triggers that are not as this program makes them."""
        for name in self._foreign():
            message = f"{name!r} is not as this program makes it"
            yield Problem(self.path.name, 0, "foreign-schema", message, "find out who changed the file")

    def backup(self, path: Path) -> None:
        """Copy the whole ledger, as it stands, into a new file; raises TrucewatchError where there is one."""
        if path.exists():
            raise TrucewatchError(f"{path}: is there already; name a new file")
        beside = path.with_name(f".{path.name}.partial")
        try:
            # Keys stand in it: it is nobody else's to read.
            os.close(os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600))
            with _told(path):
                copy = apsw.Connection(str(beside))
                try:
                    with copy.backup("main", self._database, "main") as copying:
                        copying.step()
                    # One file, whole: a copy has nothing beside it.
                    copy.pragma("journal_mode", "delete")
                finally:
                    copy.close()
            os.replace(beside, path)
        except OSError as fault:
            raise TrucewatchError(f"{path}: cannot be written ({fault.strerror})") from None
        finally:
            beside.unlink(missing_ok=True)

    # ---- within ------------------------------------------------------------------------------------------------------

    def _authorize(self, action: int, one: str | None, two: str | None, schema: str | None, via: str | None) -> int:
        allowed = (
            action in _READING
            or (action == apsw.SQLITE_FUNCTION and two in _FUNCTIONS)
            or (action == apsw.SQLITE_INSERT and one in _TABLES)
            or (action in (apsw.SQLITE_DELETE, apsw.SQLITE_UPDATE) and one in _ERASABLE and self._is_destroying)
            or (action == apsw.SQLITE_PRAGMA and one == "integrity_check")
        )
        return apsw.SQLITE_OK if allowed else apsw.SQLITE_DENY

    @contextmanager
    def _writing(self) -> Iterator[apsw.Connection]:
        database = self._database
        if database.in_transaction:
            raise WrongCall("nothing is entered while the same store is read as of one moment")
        with _told(self.path):
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("COMMIT")
            except BaseException:
                # SQLite may have taken it back already.
                with suppress(apsw.Error):
                    database.execute("ROLLBACK")
                raise
        # What was entered stands, whether or not it can be taken from the write-ahead log into the file just now.
        if self._pages >= _PAGES:
            with suppress(apsw.Error):
                self._database.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _count_pages(self, database: apsw.Connection, name: str, pages: int) -> int:
        self._pages = pages
        return apsw.SQLITE_OK

    def _names(self, table: str) -> list[str]:
        with _told(self.path):
            return [name for (name,) in self._database.execute(_NAMES[table])]

    def _foreign(self) -> list[str]:
        with _told(self.path):
            found = set(self._database.execute(_OBJECTS))
        return sorted({str(name) for _, name, _, _ in found ^ _ours()})


_LAST: Final = 2**63 - 1
_SIZE: Final = "SELECT max(number) FROM leaves WHERE log = ?"
_OBJECTS: Final = "SELECT type, name, tbl_name, sql FROM sqlite_schema"
# From one name to the next by the index: no log is read through.
_NAMES: Final = {
    table: f"""
    WITH RECURSIVE name (log) AS (
        SELECT min(log) FROM {table} UNION ALL
        SELECT (SELECT min(log) FROM {table} WHERE log > name.log) FROM name WHERE name.log IS NOT NULL
    ) SELECT log FROM name WHERE log IS NOT NULL"""  # noqa: S608 (names of our own tables)
    for table in ("leaves", "openings", "heads")
}


def leaf_faults(log: str, expected: int, leaf: Leaf) -> list[Problem]:
    """Return what is wrong with a leaf that should have a number, and whose hash should be that of its data."""
    found = []
    if leaf.number != expected:
        which = f"leaf {expected} is" if leaf.number == expected + 1 else f"leaves {expected} to {leaf.number - 1} are"
        found.append(Problem(log, expected, "missing-leaf", f"{which} missing", RESTORE))
    # In a damaged file anything may stand anywhere.
    data: object = leaf.data
    if not isinstance(data, bytes) or leaf_hash(data) != leaf.hash:
        message = f"leaf {leaf.number} is not what was entered: its hash is another"
        found.append(Problem(log, leaf.number, "altered-leaf", message, RESTORE))
    return found


def orphan(log: str, number: int, audience: str) -> Problem:
    """Return the problem of an opening that opens no leaf."""
    message = f"what opens leaf {number} to {audience!r} has no such leaf"
    return Problem(log, number, "orphan-opening", message, RESTORE)


@cache
def _ours() -> frozenset[tuple[str, str, str, str | None]]:
    empty = apsw.Connection(":memory:")
    empty.execute(_SCHEMA)
    return frozenset(empty.execute(_OBJECTS))


def _connect(path: Path) -> apsw.Connection:
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        # SQLite opens what it may not write to be read, and says nothing.
        if database.readonly("main"):
            raise apsw.ReadOnlyError
        _harden(database)
        if (journal := database.pragma("journal_mode", _JOURNAL)) != _JOURNAL:
            raise TrucewatchError(f"{path}: SQLite keeps a journal of the kind {journal} there; use another disk")
    except BaseException:
        database.close()
        raise
    return database


def _connect_to_read(path: Path) -> apsw.Connection:
    # SQLite keeps files beside a database that it reads. Where it can make none nobody else is writing either.
    log = Path(f"{path}-wal")
    is_still = not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)
    name = f"{path.absolute().as_uri()}?{'immutable=1' if is_still else 'mode=ro'}"
    database = apsw.Connection(name, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
    try:
        _harden(database)
    except BaseException:
        database.close()
        raise
    return database


def _harden(database: apsw.Connection) -> None:
    """Set what the promises of the store rest on, and see that it is set."""
    version = apsw.sqlite_lib_version()
    if tuple(map(int, version.split("."))) < _SQLITE:
        raise TrucewatchError(f"SQLite {version} can damage what two programs write; install apsw 3.51.3 or later")
    database.set_busy_timeout(_PATIENCE_MS)
    for option, value in _CONFIG.items():
        database.config(option, value)
    for name, value in _PRAGMAS.items():
        database.pragma(name, value)
        if (found := database.pragma(name)) != value:
            raise TrucewatchError(f"SQLite holds {name} at {found}, and not at {value}; install apsw 3.51.3 or later")


@contextmanager
def _told(path: Path, what: str = "") -> Iterator[None]:
    """Tell a fault of SQLite as what can be done about it."""
    try:
        yield
    except (apsw.Error, UnicodeDecodeError) as fault:
        why = next((why for kinds, why in _WHY if isinstance(fault, kinds)), str(fault))
        raise TrucewatchError(f"{path}: {what}{why}") from fault
