"""Missions for tests: one that watches the agreement of 2017 and received sightings of forces, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trucewatch.mission import Mission

LAW = "south-syria-2017"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)


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
