"""Crashes: a VFS that heeds every operation on files, a disk that can be cut off at each, and a session to be cut.

SQLite decides nothing by what will come after. So one session is recorded, and for each of its operations what would
then be in the files is made again: after kill -9 all that was written; after a power cut what was synced and, by a coin
for each sector, what was not. That kill -9 leaves just that, real ones show. As a program this is the real processes:

    python -m tests.ledger.crashes kill FOLDER POINT...    the session, killed by its own hand at these operations
    python -m tests.ledger.crashes write FILE WHO COUNT    entries, beside others who do so too
    python -m tests.ledger.crashes full FILE               entries, until files may grow no more
    python -m tests.ledger.crashes barred FILE             an entry, by somebody with no rights
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import apsw

from tests.ledger import rfc
from trucewatch.ledger import store
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.store import Addition, Opening, Store
from trucewatch.problems import TrucewatchError

LOG = "internal"
APPENDS = 40
DESTROYED = 5
SECTOR = 512
AUDIENCES = ("mission", "parties", "public")


# ---- what happens on a disk ------------------------------------------------------------------------------------------


class Operation(NamedTuple):
    """Something that a file was asked for: write, sync, truncate, delete; or a receipt that the session was given."""

    kind: str
    file: str
    at: int = 0
    data: bytes = b""


class Cut(NamedTuple):
    """An end of a session: how it came, what is in the files, and the receipts given until then."""

    how: str
    files: dict[str, bytes]
    receipts: list[str]


Heed = Callable[[Operation], None]


class _File(apsw.VFSFile):
    def __init__(self, heed: Heed, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        self.heed = heed
        self.name = name.filename() if isinstance(name, apsw.URIFilename) else name or ""
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self.heed(Operation("write", self.name, offset, bytes(data)))
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self.heed(Operation("sync", self.name))
        super().xSync(flags)

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self.heed(Operation("truncate", self.name, size))
        super().xTruncate(size)


class _Vfs(apsw.VFS):
    def __init__(self, heed: Heed) -> None:
        self.heed = heed
        super().__init__("heeding", "unix", makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _File:  # noqa: N802
        return _File(self.heed, name, flags)

    def xDelete(self, name: str, is_synced: bool) -> None:  # noqa: N802
        self.heed(Operation("delete", name))
        super().xDelete(name, is_synced)


@contextmanager
def heeded(heed: Heed) -> Iterator[None]:
    """Have every operation of SQLite in this process told before it is done; raising prevents it."""
    vfs = _Vfs(heed)
    try:
        yield
    finally:
        vfs.unregister()


class Disk:
    """What is in files, as far as it is on the disk, and what was written since."""

    def __init__(self) -> None:
        self.synced: dict[str, bytes | None] = {}
        self.pending: dict[str, list[Operation]] = {}

    def heed(self, operation: Operation) -> None:
        """Take an operation in; a sync makes what was asked before it last."""
        name = operation.file
        pending = self.pending.setdefault(name, [])
        if operation.kind == "sync":
            # SQLite syncs the folder with a new journal or write-ahead log, and with it every deletion before.
            is_new = self.synced.get(name) is None and name.endswith(("-wal", "-journal"))
            self._settle(name)
            for other in self.pending:
                if is_new and self._is_deleted(other):
                    self._settle(other)
        else:
            # A name is taken anew only where its deletion is known.
            if operation.kind == "write" and self._is_deleted(name):
                self._settle(name)
            pending.append(operation)

    def _is_deleted(self, name: str) -> bool:
        return any(one.kind == "delete" for one in self.pending[name])

    def _settle(self, name: str) -> None:
        self.synced[name] = self._after(name, None)
        self.pending[name].clear()

    def after_kill(self) -> dict[str, bytes]:
        """Return all files when the process is gone, and the machine is not."""
        return self._files(None)

    def after_power_cut(self, seed: int) -> dict[str, bytes]:
        """Return all files when the machine was cut off: of what was not synced each sector is there or not."""
        return self._files(random.Random(seed))

    def _files(self, coin: random.Random | None) -> dict[str, bytes]:
        found = {name: self._after(name, coin) for name in sorted({*self.synced, *self.pending})}
        return {name: content for name, content in found.items() if content is not None}

    def _after(self, name: str, coin: random.Random | None) -> bytes | None:
        content = self.synced.get(name)
        for kind, _, at, data in self.pending[name]:
            if kind == "write":
                grown = bytearray(content or b"")
                for start, end in _sectors(at, len(data)):
                    if coin is None or coin.random() < 0.5:
                        grown += bytes(max(0, end - len(grown)))
                        grown[start:end] = data[start - at : end - at]
                        content = bytes(grown)
            elif coin is None or coin.random() < 0.5:
                content = None if kind == "delete" else (content or b"")[:at]
        return content


def _sectors(at: int, length: int) -> Iterator[tuple[int, int]]:
    edges = [at, *range((at // SECTOR + 1) * SECTOR, at + length, SECTOR), at + length]
    return pairwise(edges)


def cuts(operations: Sequence[Operation], seeds: int, step: int = 1) -> Iterator[Cut]:
    """Go through the ends that a recorded session may come to: at each operation killed, and cut off for each seed."""
    disk, receipts = Disk(), list[str]()
    for point, operation in enumerate(operations):
        if operation.kind == "receipt":
            receipts.append(operation.file)
            continue
        is_cut = point % step == 0
        if is_cut:
            yield Cut("kill -9", disk.after_kill(), receipts)
        if operation.kind != "sync":
            disk.heed(operation)
        # What is being written when the power goes is there in part, and what is being synced is not synced.
        for seed in range(seeds if is_cut else 0):
            yield Cut("power cut", disk.after_power_cut(point * 1000 + seed), receipts)
        if operation.kind == "sync":
            disk.heed(operation)


# ---- a session, and what must be there after it ----------------------------------------------------------------------


@cache
def entry(number: int, who: str = "") -> Addition:
    """Return what is entered under a number: always the same."""
    draw = random.Random(f"{who}{number}")
    openings = [Opening(audience, draw.randbytes(16), draw.randbytes(draw.randrange(700))) for audience in AUDIENCES]
    hexes = {one.audience: hashlib.sha256(one.salt + one.content).hexdigest() for one in openings}
    data = canonical({"at": "2026-01-01T00:00:00Z", "commitments": hexes, "format": 1, "kind": "received"})
    keys = {f"batch {number}{who}": draw.randbytes(32)} if number % 4 == 0 else {}
    return Addition("received", data, openings, keys)


def session(path: Path, receipt: Callable[[str], object]) -> None:
    """Make a ledger, append 40 entries, take heads, destroy what opens one; close and open it twice between."""
    ledger = Store.create(path)
    receipt("made")
    for number in range(1, APPENDS + 1):
        ledger.append(LOG, *entry(number))
        receipt(f"{number}")
        if number % 9 == 0:
            ledger.add_head(LOG, number, f"head at {number}")
            receipt(f"head at {number}")
        if number % 15 == 0:
            ledger.close()
            ledger = Store.open(path)
        if number == 25:
            ledger.destroy(LOG, DESTROYED)
            receipt("destroyed")
    ledger.close()


@contextmanager
def busy_checkpoints(journal: str = "wal", synchronous: int = 2) -> Iterator[None]:
    """Have the write-ahead log taken into the file every few pages, so that this is cut too; or weaken what is set."""
    before = store._JOURNAL, dict(store._PRAGMAS), dict(store._CONFIG), store._PAGES
    store._PAGES = 6
    store._JOURNAL = journal
    store._CONFIG[apsw.SQLITE_DBCONFIG_DEFENSIVE] = int(journal == "wal")
    store._PRAGMAS["synchronous"] = synchronous
    try:
        yield
    finally:
        store._JOURNAL = before[0]
        store._PRAGMAS |= before[1]
        store._CONFIG |= before[2]
        store._PAGES = before[3]


def recorded(path: Path, journal: str = "wal", synchronous: int = 2) -> list[Operation]:
    """Return all operations and receipts of a session, in order."""
    operations: list[Operation] = []
    with busy_checkpoints(journal, synchronous), heeded(operations.append):
        session(path, lambda told: operations.append(Operation("receipt", told)))
    return operations


def fate(path: Path, receipts: list[str]) -> str:
    """Open a ledger after a cut; say whether what was acknowledged is all kept, or lost, or the file is corrupt."""
    if "made" not in receipts and _is_unmade(path):
        return "kept"
    acknowledged = [int(told) for told in receipts if told.isdigit()]
    try:
        with Store.open(path) as ledger:
            if ledger.check() or not _is_whole(ledger):
                return "corrupt"
            size = ledger.size(LOG)
            is_there = {one for one in receipts if one.startswith("head")} <= {note for _, note in ledger.heads(LOG)}
            is_gone = "destroyed" not in receipts or not ledger.openings(LOG, DESTROYED)
            if size < max(acknowledged, default=0) or not is_there or not is_gone:
                return "lost"
            # The ledger goes on where it ended.
            return "kept" if ledger.append(LOG, *entry(size + 1)) == size + 1 else "corrupt"
    except TrucewatchError:
        return "corrupt"


def _is_unmade(path: Path) -> bool:
    try:
        Store.open(path).close()
    except TrucewatchError:
        return True
    return False


def _is_whole(ledger: Store) -> bool:
    """Say whether each entry is as it was entered, with all that belongs to it, and the root is theirs."""
    expected = [entry(number) for number in range(1, ledger.size(LOG) + 1)]
    for leaf, one in zip(ledger.leaves(LOG), expected, strict=True):
        opened = ledger.openings(LOG, leaf.number)
        is_opened = list(opened.values()) == one.openings or (leaf.number == DESTROYED and not opened)
        if leaf.data != one.data or not is_opened or any(ledger.key(name) != key for name, key in one.keys.items()):
            return False
    return ledger.tree(LOG).root() == _root(len(expected))


@cache
def _root(size: int) -> bytes:
    return rfc.mth([entry(number).data for number in range(1, size + 1)])


# ---- real processes --------------------------------------------------------------------------------------------------


def _killed(folder: Path, at: int) -> None:
    """Run the session in a child that kills itself at an operation, and write down what was acknowledged."""
    path, told = folder / f"{at}.sqlite", folder / f"{at}.receipts"
    child = os.fork()
    if child == 0:
        count = 0

        def heed(operation: Operation) -> None:
            nonlocal count
            count += 1
            if count == at:
                os.kill(os.getpid(), signal.SIGKILL)

        with told.open("ab", buffering=0) as receipts, busy_checkpoints(), heeded(heed):
            session(path, lambda receipt: os.write(receipts.fileno(), f"{receipt}\n".encode()))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        raise SystemExit(f"the session ended by itself before operation {at}")


def _say(**told: object) -> None:
    sys.stdout.write(f"{json.dumps(told)}\n")
    sys.stdout.flush()


def _write(path: Path, who: str, count: int) -> None:
    with Store.open(path) as ledger:
        for number in range(1, count + 1):
            _say(who=who, mine=number, number=ledger.append(LOG, *entry(number, who)))
            time.sleep(0.0005)


def _fill(path: Path) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))
    ledger = Store.open(path)
    try:
        for number in range(1, 100):
            _say(number=ledger.append(LOG, *entry(number)))
    except TrucewatchError as fault:
        _say(refused=str(fault))


def _be_barred(path: Path) -> None:
    # Rights do not bind the superuser.
    if os.geteuid() == 0:
        os.setuid(65534)
    try:
        Store.open(path)
    except TrucewatchError as fault:
        _say(refused=str(fault))
    with Store.open(path, is_read_only=True) as reader:
        _say(size=reader.size(LOG), faults=len(reader.check()))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["kill", folder, *points]:
            for point in points:
                _killed(Path(folder), int(point))
        case ["write", path, who, count]:
            _write(Path(path), who, int(count))
        case ["full", path]:
            _fill(Path(path))
        case ["barred", path]:
            _be_barred(Path(path))
