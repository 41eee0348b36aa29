"""The ledger: durable appends beside bare SQLite, and verification beside plain hashing, in turns, in ratios.

    python -m benchmarks.ledger            a million entries: some minutes, and 4 GB of disk
    python -m benchmarks.ledger --quick    smaller, to see that all of it runs; its figures are not for quoting

An entry is what a mission enters: a leaf of half a kilobyte, and one kilobyte that the mission is told of it; committed
to for six audiences, of which two are told. Bare SQLite commits it as one row, or all that is kept of it as one row.
A table goes to standard error, JSON to standard output.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
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


FULL = Size(rounds=21, appends=500, entries=1_000_000, verifies=3)
QUICK = Size(rounds=5, appends=200, entries=20_000, verifies=3)


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
    found: Found = {name: spread([size.appends / one for one in took]) for name, took in seconds.items()}
    ours = seconds.pop("ours")
    for name, took in seconds.items():
        found[f"share of {name}"] = spread([other / mine for mine, other in zip(ours, took, strict=True)])
    return found


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
        return {
            "entries": size.entries,
            "file_mb": round((folder / "verified.sqlite").stat().st_size / 1e6),
            "verify_s": spread(ours),
            "hashing_s": spread(plain),
            "times as long as hashing": spread([mine / other for mine, other in zip(ours, plain, strict=True)]),
        }


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


def spread(values: list[float]) -> Found:
    """Return the median, the least and the most."""
    return {"median": median(values), "min": min(values), "max": max(values)}


def told(found: Found) -> str:
    """Return what was measured as a table, with what was to be reached."""
    appended, verified = found["appends"], found["verification"]

    def line(what: str, of: Found, form: str, asked: str = "") -> str:
        low, middle, high = (form.format(of[name]) for name in ("min", "median", "max"))
        return f"| {what} | {middle} ({low}-{high}) | {asked} |"

    lines = [
        "| what | median (least-most) | at least |",
        "|---|---|---|",
        *(
            line(f"durable appends a second, {name}", appended[name], "{:,.0f}")
            for name in appended
            if "of" not in name
        ),
        line("share of bare SQLite that commits the entry", appended["share of bare, the entry"], "{:.0%}", "60 %"),
        line("share of bare SQLite that commits as many bytes", appended["share of bare, all its bytes"], "{:.0%}"),
        line(f"verify {verified['entries']:,} entries, seconds", verified["verify_s"], "{:.2f}"),
        line("the same bytes in a plain hashing loop, seconds", verified["hashing_s"], "{:.2f}"),
        line("times as long", verified["times as long as hashing"], "{:.2f}", "3 or less"),
    ]
    return "\n".join(lines)


def measure(size: Size, folder: Path) -> Found:
    """Measure all of it."""
    return {"appends": appends(size, folder), "verification": verification(size, folder)}


def main() -> None:
    """Measure, and tell it as a table and as JSON."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="small sizes")
    with tempfile.TemporaryDirectory() as folder:
        found = measure(QUICK if asked.parse_args().quick else FULL, Path(folder))
    sys.stderr.write(told(found) + "\n")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
