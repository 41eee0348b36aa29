"""Crashes: whatever stops the program or the machine, and whenever: what was acknowledged is there, and whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

import apsw
import pytest

from tests.ledger.crashes import APPENDS, LOG, Operation, busy_checkpoints, cuts, entry, fate, heeded, recorded
from trucewatch.ledger import store
from trucewatch.ledger.store import Store
from trucewatch.problems import TrucewatchError

ROOT = Path(__file__).parents[2]
WEAK = {"synchronous NORMAL": ("wal", 1), "journal off": ("off", 2)}
Tell = Callable[[str], None]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder in memory where there is one: what a disk does is emulated, and thousands of disks are made."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def fates(folder: Path, seeds: int, step: int = 1, journal: str = "wal", synchronous: int = 2) -> Counter[str]:
    """Count what becomes of the ledger of one session, cut at its every operation."""
    path = folder / "mission.sqlite"
    found: Counter[str] = Counter()
    for how, files, receipts in cuts(recorded(path, journal, synchronous), seeds, step):
        for file in folder.iterdir():
            file.unlink()
        for name, content in files.items():
            Path(name).write_bytes(content)
        found[f"{how}: {fate(path, receipts)}"] += 1
    return found


def told(found: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in sorted(found.items()))


def real(*asked: object) -> list[dict[str, Any]]:
    """Run a process of its own; return what it says, line by line."""
    run = [sys.executable, "-m", "tests.ledger.crashes", *map(str, asked)]
    done = subprocess.run(run, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


# ---- killed, and cut off ---------------------------------------------------------------------------------------------


def test_nothing_acknowledged_is_lost_wherever_the_session_is_cut(folder: Path, is_long: bool, tell: Tell) -> None:
    found = fates(folder, seeds=20 if is_long else 2)
    tell(f"crash: {APPENDS} appends cut at every write, sync and truncate, emulated: {told(found)}")
    assert set(found) == {"kill -9: kept", "power cut: kept"}
    assert found["kill -9: kept"] > 500


@pytest.mark.parametrize("how", WEAK)
def test_the_control_loses_or_the_test_above_is_void(how: str, folder: Path, is_long: bool, tell: Tell) -> None:
    journal, synchronous = WEAK[how]
    found = fates(folder, 1, 1 if is_long else 4, journal, synchronous)
    tell(f"crash: control, {how}: {told(found)}")
    assert sum(count for what, count in found.items() if what.startswith("power cut") and "kept" not in what) > 10
    if journal == "off":
        assert found["kill -9: corrupt"] > 10


def test_nothing_acknowledged_is_lost_by_real_kills(folder: Path, is_long: bool, tell: Tell) -> None:
    operations = [one for one in recorded(folder / "mission.sqlite") if one.kind != "receipt"]
    points = range(1, len(operations) + 1, 1 if is_long else 9)
    real("kill", folder, *points)
    found = Counter(
        fate(folder / f"{point}.sqlite", (folder / f"{point}.receipts").read_text("utf-8").split("\n")[:-1])
        for point in points
    )
    tell(f"crash: killed for real (SIGKILL) at {len(points)} of {len(operations)} operations: {dict(found)}")
    assert found == {"kept": len(points)}


# ---- a disk that is full, or fails -----------------------------------------------------------------------------------


def go_on(path: Path, fault: type[apsw.Error], at: int, length: int) -> tuple[list[int], int]:
    """Append on a disk on which some operations fail; return the numbers given, and how many were refused."""
    count, refused = 0, 0
    numbers: list[int] = []

    def heed(operation: Operation) -> None:
        nonlocal count
        count += operation.kind in ("write", "sync", "truncate")
        if at <= count < at + length:
            raise fault("as told")

    with busy_checkpoints(), heeded(heed):
        ledger = None
        for _ in range(12):
            try:
                ledger = ledger or Store.open(path)
                numbers.append(ledger.append(LOG, *entry(len(numbers) + 1)))
            except TrucewatchError as told:
                assert str(told).startswith(f"{path}: the disk ")
                refused += 1
        with suppress(TrucewatchError):
            if ledger:
                ledger.close()
    return numbers, refused


@pytest.mark.parametrize("fault", [apsw.FullError, apsw.IOError], ids=["full", "failing"])
def test_a_disk_that_fails_is_a_refusal_and_the_ledger_goes_on(
    fault: type[apsw.Error], folder: Path, is_long: bool, tell: Tell
) -> None:
    path = folder / "mission.sqlite"
    given, refusals, points = 0, 0, 0
    for length in (1, 25):
        for at in range(1, 220, 1 if is_long else 7):
            Store.create(path).close()
            numbers, refused = go_on(path, fault, at, length)
            # No gap, and none given twice.
            assert numbers == list(range(1, len(numbers) + 1))
            assert fate(path, ["made", *map(str, numbers)]) == "kept"
            given, refusals, points = given + len(numbers), refusals + refused, points + 1
            for file in folder.iterdir():
                file.unlink()
    tell(f"crash: disk {fault.__name__} from {points} points on: {given:,} entered, {refusals} refused, 0 half")
    assert refusals > points / 2


def test_a_disk_that_is_really_full_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "mission.sqlite"
    Store.create(path).close()
    *entered, refused = real("full", path)
    assert refused["refused"].startswith(f"{path}: the disk ")
    assert len(entered) > 3
    assert fate(path, ["made", str(entered[-1]["number"])]) == "kept"


# ---- no right to write -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["file", "folder"])
def test_where_nothing_may_be_written_it_says_so_and_can_be_read(what: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, path = Path(name), Path(name) / "mission.sqlite"
        with Store.create(path) as ledger:
            ledger.append(LOG, *entry(1))
        before = path.read_bytes()
        os.chmod(path, 0o444)
        os.chmod(folder, 0o777 if what == "file" else 0o555)
        refused, read = real("barred", path)
        os.chmod(folder, 0o755)
        assert "may not be written" in refused["refused"]
        assert read == {"size": 1, "faults": 0}
        assert path.read_bytes() == before


# ---- two at once -----------------------------------------------------------------------------------------------------


def test_two_processes_write_and_each_entry_is_there_once(tmp_path: Path, is_long: bool, tell: Tell) -> None:
    path, count = tmp_path / "mission.sqlite", 1000 if is_long else 60
    Store.create(path).close()
    with ThreadPoolExecutor() as both:
        told = both.map(lambda who: real("write", path, who, count), ("a", "b"))
        receipts = sorted((receipt for line in told for receipt in line), key=itemgetter("number"))
    with Store.open(path) as ledger:
        assert ledger.check() == ()
        leaves = {leaf.number: leaf.data for leaf in ledger.leaves(LOG)}
    assert [one["number"] for one in receipts] == list(leaves) == list(range(1, 2 * count + 1))
    assert all(leaves[one["number"]] == entry(one["mine"], one["who"]).data for one in receipts)
    turns = sum(one["who"] != next_["who"] for one, next_ in pairwise(receipts))
    tell(f"crash: two processes entered {len(receipts):,} and took turns {turns} times: none lost, none twice")


def test_who_writes_second_is_refused_and_nothing_is_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_PATIENCE_MS", 20)
    path = tmp_path / "mission.sqlite"
    with Store.create(path) as ledger:
        other = apsw.Connection(str(path))
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TrucewatchError, match="another program is at work"):
            ledger.append(LOG, *entry(1))
        other.execute("ROLLBACK")
        other.close()
        assert ledger.append(LOG, *entry(1)) == 1
        assert ledger.check() == ()
