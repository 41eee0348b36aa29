"""Missions for tests: one that watches the agreement of 2017 and received sightings of forces, day by day.

What stands in its record is done here as the commands do it: the record is opened, and closed when it is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any

from click.testing import CliRunner, Result

from trucewatch.cli import main
from trucewatch.ledger.verifier import VerifierKey
from trucewatch.mission import Mission
from trucewatch.problems import Problem
from trucewatch.record import custody, erasures, proofs, witnesses
from trucewatch.record.entries import INTERNAL, Draw, Entry

LAW = "south-syria-2017"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)


def run(*words: str | Path, given: str = "") -> Result:
    """Give a command as somebody at a terminal would, and what it reads."""
    return CliRunner().invoke(main, [str(word) for word in words], input=given)


def told(*words: str | Path) -> str:
    """Give a command that does what it is asked and has nothing to complain of; return what it prints."""
    done = run(*words)
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def watching(folder: Path) -> Path:
    """Make a mission by its command, in a folder of its own; return it."""
    told("init", folder / "watch", "--agreement", LAW)
    return folder / "watch"


def on(day: int) -> datetime:
    """Return a day of the mission, counted from 1."""
    return BEGAN + timedelta(days=day - 1)


def seen(id_: str, lat: float = 32.55, count: int = 40) -> str:
    """Return the row of a sighting."""
    return f"{id_},Hezbollah,forces,{count},,men,2018-06-01T08:00,2018-06-01T12:00,{lat},36.20,500,a post,saw,,,,,,"


def new_mission(folder: Path) -> Mission:
    """Make a mission on its first day."""
    return Mission.init(folder, LAW, key=b"k" * 32, now=BEGAN)


def receive(
    mission: Mission, rows: Sequence[str], day: int = 1, whole: bool = False, name: str = "presence.csv"
) -> int:
    """Have a mission receive sightings on one of its days; return the number of the last entry."""
    path = mission.folder.parent / "presence.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    receipts, _ = mission.collect("presence", [path], whole=whole, now=on(day))
    return receipts[-1].number


def products(mission: Mission, out: Path, as_of: int | None = None) -> dict[str, bytes]:
    """Return the files of a mission's sitrep, by name."""
    return {path.name: path.read_bytes() for path in mission.run(as_of=as_of).publish(out)}


def verify(mission: Mission, notes: Sequence[str] = (), witnesses: Sequence[VerifierKey] = ()) -> proofs.Verified:
    """Verify a mission's record, whatever is wrong with it."""
    with mission.record(is_read_only=True, is_gone_back=True) as record:
        return proofs.verify(record, notes, witnesses)


def fsck(mission: Mission) -> tuple[Problem, ...]:
    """Check the files of a mission's record."""
    with mission.record(is_read_only=True, is_gone_back=True) as record:
        return proofs.fsck(record)


def prove(mission: Mission, name: str, audience: str = "mission") -> dict[str, Any]:
    """Prove an entry or a row of a mission."""
    with mission.record(is_read_only=True) as record:
        return proofs.prove(record, mission.received(record), name, audience)


def export(mission: Mission, out: Path, log: str = INTERNAL) -> tuple[Path, ...]:
    """Export a log of a mission."""
    with mission.record(is_read_only=True) as record:
        return proofs.export(record, out, log)


def request(mission: Mission, at: datetime, seen: int | None = None) -> str:
    """Ask a second office to cosign, as the mission's mandate says."""
    with mission.record() as record:
        return witnesses.request(record, mission.mandate.witness, at, seen)


def take(mission: Mission, note: str, at: datetime, keys: tuple[VerifierKey, ...] = ()) -> Entry:
    """Keep what a second office cosigned."""
    with mission.record() as record:
        return witnesses.take(record, note, at, keys)


def erase(
    mission: Mission, what: str, by: str, because: str, at: datetime, draw: Draw = token_bytes
) -> tuple[erasures.Erased, ...]:
    """Erase an entry or a record of a mission."""
    with mission.record() as record:
        return erasures.erase(record, mission.received(record), what, by, because, at, draw)


def begin_period(mission: Mission, threshold: int, custodians: int, at: datetime) -> tuple[str, ...]:
    """Begin a period of a mission."""
    with mission.record() as record:
        return custody.begin_period(record, threshold, custodians, at)


def seal_fact(mission: Mission, fact: bytes, about: str, at: datetime, what: str = custody.IDENTITY) -> str:
    """Seal an identity, or recipients, of a mission."""
    with mission.record() as record:
        return custody.seal_fact(record, fact, about, at, what)


def open_fact(mission: Mission, named: str, shares: Sequence[str], by: str, because: str, at: datetime) -> bytes:
    """Open what a mission sealed."""
    with mission.record() as record:
        return custody.open_fact(record, named, shares, by, because, at)
