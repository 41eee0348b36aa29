"""Impacts: assessments of places where something struck: what it was, and from which direction it came.

A crater gives a bearing back to where the shot came from, with an error to either side, and what was fired gives how
far that may be: together a sector of possible origins. It bears on who answers for an incident, and never by itself
names anybody. Pictures are not kept here: a row holds the digests (SHA-256) of the sealed originals and of their copies
without metadata, which `photographs` makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from trucewatch.acts import weapon_tree
from trucewatch.levels import Level
from trucewatch.logs.lines import SUBJECT, Column, Kind, Line, Rows, Sheet
from trucewatch.logs.places import point_faults
from trucewatch.placings import sector_from
from trucewatch.problems import Problem
from trucewatch.when import Span

_DIGEST = re.compile(r"[0-9a-f]{64}")
# The bounds of columns that are numbers: from, until, what it is.
_BOUNDS = {
    "calibre_mm": (1, 1_000, "a calibre, in millimetres"),
    "crater_angle": (0, 90, "an angle of fall, in degrees from level ground"),
    "direction": (0, 360, "a bearing, in degrees from true north"),
    "error": (0.1, 180, "an error to either side, in degrees"),
    "range_from_m": (0, 1_000_000, "a range, in metres"),
    "range_to_m": (1, 1_000_000, "a range, in metres"),
}


@dataclass(frozen=True, slots=True)
class ImpactSite:
    """One assessment of a place where something struck, of a report, claim, incident or finding (`subject`).

    `direction` is the bearing back to the origin, in degrees from true north, off by `error` to either side; None where
    none was found. The origin lies between `range_from_m` and `range_to_m`; the latter is None where that is not known.
    `munition` is a weapon node, empty where it is not known.
    """

    id: str
    assessed_on: Span
    subject: str
    lon: float
    lat: float
    radius_m: float
    munition: str = ""
    calibre_mm: float | None = None
    crater_angle: float | None = None
    direction: float | None = None
    error: float | None = None
    range_from_m: float = 0.0
    range_to_m: float | None = None
    level: Level = Level.MISSION

    @property
    def bearings(self) -> tuple[float, float] | None:
        """From which bearing to which the origin lies, clockwise (0 to below 360); None: all round, or not known."""
        if self.direction is None or self.error is None or self.error >= 180:
            return None
        return (self.direction - self.error) % 360.0, (self.direction + self.error) % 360.0

    @property
    def origins(self) -> BaseGeometry | None:
        """Everywhere that it can have come from (WGS 84), wherever within its radius it struck; None: not known."""
        if self.direction is None or self.error is None or self.range_to_m is None:
            return None
        return sector_from(
            self.lon, self.lat, self.radius_m, self.direction, self.error, self.range_from_m, self.range_to_m
        )


# ---- the sheet -------------------------------------------------------------------------------------------------------


def _check(line: Line, rows: Rows) -> Iterator[Problem]:
    told = line.values
    for name, (least, most, what) in _BOUNDS.items():
        if told[name] is not None and not least <= told[name] <= most:
            yield line.problem("out-of-range", f"{name} {told[name]:g} is not {what}", f"from {least:g} to {most:g}")
            return
    point = list(point_faults(line))
    yield from point
    if (told["direction"] is None) != (told["error"] is None):
        yield line.problem("missing-value", "gives only one of direction and error", "a bearing says nothing without")
    elif told["direction"] is None and told["range_to_m"] is not None:
        yield line.problem("missing-value", "gives a range, and no direction", "fill direction and error")
    elif told["range_to_m"] is None and told["range_from_m"] is not None:
        yield line.problem("missing-value", "says from where the range is, and not how far", "fill range_to_m")
    elif told["range_to_m"] is not None and told["range_to_m"] <= (told["range_from_m"] or 0.0):
        yield line.problem("end-before-start", "range_to_m is not more than range_from_m", "were the two swapped?")
    elif not point:
        yield from _not_drawn(line)
    yield from _photograph_faults(line)


def _not_drawn(line: Line) -> Iterator[Problem]:
    try:
        _ = _impact_site(line).origins
    except ValueError as fault:
        yield line.problem("out-of-range", f"its sector cannot be drawn: {fault}")


def _photograph_faults(line: Line) -> Iterator[Problem]:
    copies, originals = line.values["photographs"], line.values["originals"]
    if any(not _DIGEST.fullmatch(digest) for digest in (*copies, *originals)):
        yield line.problem("not-a-digest", "photographs and originals hold digests", "64 of 0-9 and a-f: SHA-256")
    elif len(copies) != len(originals):
        yield line.problem(
            "photographs-differ", f"has {len(copies)} photographs of {len(originals)} originals",
            "one of each, in the same order",
        )  # fmt: skip
    elif set(copies) & set(originals):
        yield line.problem(
            "photographs-differ", "a photograph is its original, so nothing was taken out of it",
            "give the digest of the copy without metadata",
        )  # fmt: skip


IMPACT_SITES = Sheet(
    "impact-sites",
    "observed",
    "what assessments of places where something struck found",
    (
        Column("site", Kind.ID, "the assessment's own id", is_required=True),
        Column("assessed_on", Kind.SPAN, "when it was assessed", is_required=True),
        Column("subject", Kind.ID, "the report, claim, incident or finding it is of", is_required=True, of=SUBJECT),
        Column("lat", Kind.NUMBER, "where it struck, in degrees (WGS 84) ...", is_required=True),
        Column("lon", Kind.NUMBER, "... its longitude ...", is_required=True),
        Column("radius_m", Kind.NUMBER, "... and how far off that may be, in metres", is_required=True),
        Column("munition", Kind.CHOICE, "the kind of weapon it came from", choices=tuple(weapon_tree())),
        Column("calibre_mm", Kind.NUMBER, "its calibre, in millimetres"),
        Column("crater_angle", Kind.NUMBER, "the angle at which it fell, in degrees from level ground"),
        Column("direction", Kind.NUMBER, "the bearing back to where it came from, in degrees from true north"),
        Column("error", Kind.NUMBER, "by how much that may be off to either side, in degrees"),
        Column("range_from_m", Kind.NUMBER, "how far off the origin is at least, in metres"),
        Column("range_to_m", Kind.NUMBER, "and at most"),
        Column("photographs", Kind.TEXT, "SHA-256 of each photograph without its metadata", is_list=True),
        Column("originals", Kind.TEXT, "SHA-256 of the sealed original of each, in the same order", is_list=True),
    ),
    _check,
)
SHEETS = (IMPACT_SITES,)


def impact_sites_of(lines: Iterable[Line]) -> tuple[ImpactSite, ...]:
    """Return the assessments among some rows that stand, in order of time."""
    found = [_impact_site(line) for line in lines if line.sheet == IMPACT_SITES.name]
    return tuple(sorted(found, key=lambda one: (one.assessed_on.earliest, one.id)))


def _impact_site(line: Line) -> ImpactSite:
    told, assessed_on = line.values, line.span("assessed_on")
    assert assessed_on is not None  # the column is required
    return ImpactSite(
        id=line.id,
        assessed_on=assessed_on,
        subject=told["subject"],
        lon=told["lon"],
        lat=told["lat"],
        radius_m=told["radius_m"],
        munition=told["munition"] or "",
        calibre_mm=told["calibre_mm"],
        crater_angle=told["crater_angle"],
        direction=told["direction"],
        error=told["error"],
        range_from_m=told["range_from_m"] or 0.0,
        range_to_m=told["range_to_m"],
        level=line.level,
    )
