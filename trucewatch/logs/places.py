"""Places: where something in a row is, by an area, or by a point and how far round it."""

from __future__ import annotations

from collections.abc import Iterator

from shapely.geometry.base import BaseGeometry

from trucewatch.logs.lines import Line
from trucewatch.problems import Problem
from trucewatch.where import Gazetteer, PlaceKind, place_shape

AREA = "an area or zone of the agreement, by its id"
MOST_RADIUS_M = 100_000.0

_POINT = ("lon", "lat", "radius_m")
_NO_AREAS = Gazetteer()


def place_faults(line: Line) -> Iterator[Problem]:
    """Go through what is wrong with the columns `area`, `lat`, `lon` and `radius_m` of a row, which has one place."""
    is_point = any(line.values[name] is not None for name in _POINT)
    if is_point == (line.values["area"] is not None):
        yield line.problem("one-way-only", "needs either an area, or lat, lon and radius_m")
    elif is_point:
        yield from point_faults(line)


def point_faults(line: Line) -> Iterator[Problem]:
    """Go through what is wrong with the columns `lat`, `lon` and `radius_m` of a row, which has a point."""
    if any(line.values[name] is None for name in _POINT):
        yield line.problem("half-a-point", "gives only some of lat, lon and radius_m")
    elif disc_of(line) is None:
        yield line.problem(
            "out-of-range", f"no place of at most {MOST_RADIUS_M:,.0f} m round a point that can be drawn"
        )


def disc_of(line: Line) -> BaseGeometry | None:
    """Return the disc that a row gives (WGS 84); None where it gives none, or one that cannot be drawn."""
    lon, lat, radius_m = (line.values[name] for name in _POINT)
    if None in (lon, lat, radius_m) or not (abs(lon) <= 180 and abs(lat) < 90 and 0 < radius_m <= MOST_RADIUS_M):
        return None
    told = {"lon": lon, "lat": lat, "radius_m": radius_m, "place_kind": PlaceKind.DISC}
    return place_shape({**told, "area": None, "geometry": None, "country": None}, _NO_AREAS)
