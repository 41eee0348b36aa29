"""The ledger: durable appends beside bare SQLite, and verification beside plain hashing, in turns, in ratios.

An entry is what a mission enters: a leaf of half a kilobyte, and one kilobyte that the mission is told of it; committed
to for six audiences, of which two are told. Bare SQLite commits it as one row, or all that is kept of it as one row.
A million entries take some minutes, and 4 GB of disk.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import apsw

from trucewatch.ledger.audit import verify
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.store import Addition, Opening, Store

LOG = "internal"
AUDIENCES = {"guarantors": 0, "mission": 1000, "parties": 0, "party: government": 0, "public": 0, "sealed": 1000}
Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How many rounds of how many appends; how many entries are verified, and how often."""

    rounds: int
    appends: int
    entries: int
    verifies: int


def entries(seed: int) -> Iterator[Addition]:
    """Go through entries without end."""
    draw = random.Random(seed)
    while True:
        content = draw.randbytes(500).hex().encode()
        openings = [Opening(word, draw.randbytes(16), content[:size]) for word, size in AUDIENCES.items()]
        hexes = {one.audience: hashlib.sha256(one.salt + one.content).hexdigest() for one in openings}
        leaf = canonical({"at": "2026-01-01T00:00:00Z", "commitments": hexes, "format": 1, "kind": "received"})
        yield Addition("received", leaf, openings)


def bare(path: Path, table: str) -> apsw.Connection:
    """Open a database of one table with nothing set but a write-ahead log and full synchronisation."""
    database = apsw.Connection(str(path))
    database.pragma("journal_mode", "wal")
    database.pragma("synchronous", "full")
    database.execute(table)
    return database


def appends(size: Size, folder: Path) -> Found:
    """Append entries one by one, each durable, and commit single rows to bare SQLite."""
    store = Store.create(folder / "mission.sqlite")
    one = bare(folder / "one.sqlite", "CREATE TABLE entries (number INTEGER PRIMARY KEY, content BLOB)")
    same = bare(folder / "same.sqlite", "CREATE TABLE entries (number INTEGER PRIMARY KEY, content BLOB)")
    drawn = entries(0)
    seconds: dict[str, list[float]] = {"ours": [], "bare, the entry": [], "bare, all its bytes": []}
    for number in range(size.rounds):
        these = list(islice(drawn, size.appends))
        short = [(entry.data + entry.openings[1].content,) for entry in these]
        long = [(entry.data + b"".join(part.salt + part.content for part in entry.openings),) for entry in these]
        turns: list[tuple[str, Callable[[], None]]] = [
            ("ours", lambda these=these: [store.append(LOG, *entry) for entry in these]),  # type: ignore[misc]
            ("bare, the entry", lambda rows=short: insert(one, rows)),  # type: ignore[misc]
            ("bare, all its bytes", lambda rows=long: insert(same, rows)),  # type: ignore[misc]
        ]
        for step in range(len(turns)):
            name, turn = turns[(step + number) % len(turns)]
            seconds[name].append(timed(turn))
    store.close()
    return {name: [size.appends / one for one in took] for name, took in seconds.items()}


def insert(database: apsw.Connection, rows: list[tuple[bytes]]) -> None:
    """Commit rows one by one."""
    for row in rows:
        database.execute("INSERT INTO entries (content) VALUES (?)", row)


def verification(size: Size, folder: Path) -> Found:
    """Verify a ledger, and hash the bytes of its leaves and openings in a plain loop."""
    drawn = entries(1)
    with Store.create(folder / "verified.sqlite") as store:
        left = size.entries
        while left:
            left -= len(store.append_all(LOG, islice(drawn, min(left, 10_000))))
        ours, plain = [], []
        for _ in range(size.verifies):
            ours.append(timed(lambda: sound(store, size.entries)))
            plain.append(hashing(store))
        megabytes = round((folder / "verified.sqlite").stat().st_size / 1e6)
        return {"entries": size.entries, "file_mb": megabytes, "verify_s": ours, "hashing_s": plain}


def sound(store: Store, entries: int) -> None:
    """Verify; raises ValueError where something is found, or left out."""
    verdict = verify(store, {}, {}, {})
    if verdict.problems or verdict.logs[0].size != entries or verdict.logs[0].gaps:
        raise ValueError(str(verdict.problems[:3]))


def hashing(store: Store) -> float:
    """Return the seconds that SHA-256 takes over all leaves and openings, read into memory before."""
    seconds = 0.0
    with store.reading(LOG) as (leaves, openings):
        while some := [row[2] for row in islice(leaves, 10_000)]:
            some += [row[2] + row[3] for row in islice(openings, len(some) * len(AUDIENCES))]
            seconds += timed(lambda some=some: [hashlib.sha256(one).digest() for one in some])  # type: ignore[misc]
    return seconds


def timed(turn: Callable[[], object]) -> float:
    """Return the seconds that something takes."""
    begun = time.perf_counter()
    turn()
    return time.perf_counter() - begun
