"""Where: a place as it is known, never snapped to a village; three-valued inside, outside, cannot tell.

Distances are worked out in an azimuthal equidistant plane (WGS 84) laid on the area an agreement speaks of. In it a
distance d between two points no further than D from the centre reads between d and d * stretch(D), with
stretch(D) = c / sin c for c = D / R (Snyder, Map Projections: A Working Manual, USGS PP 1395, 1987, p. 196). R is the
polar semi-axis, the radius of the ellipsoid where it is curved most (at the equator, where the product of its principal
radii is its square), so that the bound holds everywhere. Every test allows for that stretch: what is called inside or
outside is so on the ellipsoid too.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyproj
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.names import plain_name

EARTH_RADIUS_M = 6_356_752.3
# Beyond this from the centre nothing is measured in the plane; the distance from the centre alone decides.
PLANE_REACH_M = 1_500_000.0
# Two areas that overlap by less than this only touch: drawn boundaries are no finer.
SLIVER_M2 = 10_000.0
_LEAST_RADIUS_M = 1.0
_EDGE_DEGREES = 0.05
# The sides of a sector are drawn in pieces no longer than this, so that they keep to the geodesic within a metre.
_SIDE_M = 5_000.0
_LEAP_DEGREES = 30.0
# A bearing that may be off by more than this says nothing of direction.
_ALL_ROUND_DEGREES = 179.9
_MOST_DRAWN_M = 2_000_000.0

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


class PlaceKind(StrEnum):
    """The forms in which a claim can say where."""

    DISC = "disc"  # a point with a radius
    SECTOR = "sector"  # seen or heard from a position, along a bearing, at a range
    AREA = "area"  # a named area of the gazetteer, or a polygon
    LINE = "line"  # along a line
    COUNTRY = "country"  # somewhere in a country
    UNPLACED = "unplaced"  # no placing at all


@dataclass(frozen=True, slots=True)
class Area:
    """A drawn area or line: id, kind (`adm1`, `named-area`, `line`), ISO country, spellings, WGS 84 geometry."""

    id: str
    kind: str
    country: str
    names: tuple[str, ...]
    pcode: str
    geometry: BaseGeometry


@dataclass(frozen=True)
class Gazetteer:
    """The areas at hand, found by id, P-code or any spelling; `countries` maps ISO codes to spellings."""

    areas: Mapping[str, Area] = field(default_factory=dict)
    countries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def _by_name(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for area in self.areas.values():
            if area.kind != "line":
                for name in (area.id, area.pcode, *area.names):
                    if name:
                        found.setdefault(plain_name(name), area.id)
        return found

    @cached_property
    def _country_names(self) -> dict[str, str]:
        return {plain_name(name): iso for iso, names in self.countries.items() for name in (iso, *names) if name}

    def find(self, name: str | None) -> str | None:
        """Return the id of the area that goes by a name, or None."""
        return self._by_name.get(plain_name(name)) if name else None

    def country(self, name: str | None) -> str | None:
        """Return the ISO code of a country that the gazetteer holds, or None."""
        return self._country_names.get(plain_name(name)) if name else None

    def country_shape(self, iso: str) -> BaseGeometry | None:
        """Return a country as the union of its first-level areas held here, or None."""
        parts = [a.geometry for a in self.areas.values() if a.country == iso and a.kind == "adm1"]
        return shapely.union_all(parts) if parts else None


def stretch(distance_m: float) -> float:
    """Return by how much the plane can lengthen a distance at most, this far from its centre (1 = not at all)."""
    angle = distance_m / EARTH_RADIUS_M
    return 1.0 if angle == 0 else angle / math.sin(min(angle, 3.0))


@lru_cache(maxsize=64)
def _projection(lon: float, lat: float) -> pyproj.Transformer:
    # To make one takes as long as to project ten thousand points.
    return pyproj.Transformer.from_crs(
        "EPSG:4326", f"+proj=aeqd +lon_0={lon!r} +lat_0={lat!r} +datum=WGS84 +units=m", always_xy=True
    )


class Plane:
    """An azimuthal equidistant plane in metres round a centre (degrees)."""

    def __init__(self, lon: float, lat: float) -> None:
        """Lay the plane; raises pyproj's ProjError for a centre that is no place."""
        self.lon, self.lat = lon, lat
        self._to = _projection(lon, lat)

    def __eq__(self, other: object) -> bool:
        """Say whether another plane is laid on the same centre."""
        return isinstance(other, Plane) and (self.lon, self.lat) == (other.lon, other.lat)

    def __hash__(self) -> int:
        """Go by the centre."""
        return hash((self.lon, self.lat))

    @classmethod
    def over(cls, shapes: Iterable[BaseGeometry]) -> Plane:
        """Lay a plane over some WGS 84 shapes, centred on their bounds rounded to a tenth of a degree."""
        held = [shape for shape in shapes if not shape.is_empty]
        if not held:
            return cls(0.0, 0.0)
        west, south, east, north = shapely.total_bounds(np.array(held, dtype=object))
        return cls(round(float(west + east) / 2, 1), round(float(south + north) / 2, 1))

    def project(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Project degrees to metres; shape kept."""
        x, y = self._to.transform(np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64))
        return np.asarray(x), np.asarray(y)

    def shape(self, geometry: BaseGeometry) -> BaseGeometry:
        """Project a WGS 84 geometry; long edges are cut so that they stay true within a metre."""
        dense = shapely.segmentize(geometry, _EDGE_DEGREES)
        projected: BaseGeometry = shapely.transform(dense, lambda xy: np.column_stack(self.project(xy[:, 0], xy[:, 1])))
        return projected

    def unproject(self, geometry: BaseGeometry) -> BaseGeometry:
        """Bring a geometry of the plane back to WGS 84 degrees."""

        def back(xy: Floats) -> Floats:
            lon, lat = self._to.transform(xy[:, 0], xy[:, 1], direction="INVERSE")
            return np.column_stack((lon, lat))

        degrees: BaseGeometry = shapely.transform(geometry, back)
        return degrees

    def allowed_m(self, x: Floats, y: Floats, radius_m: Floats) -> Floats:
        """Return how far in the plane a shape may lie from the centres of discs that touch it: its stretch allowed for.

        A disc is taken to be a metre wide at least. Not for what lies further out than the plane reaches.
        """
        angle = np.clip(np.hypot(x, y) + radius_m, 1.0, 2 * PLANE_REACH_M) / EARTH_RADIUS_M
        allowed: Floats = np.maximum(radius_m, _LEAST_RADIUS_M) * (angle / np.sin(angle))
        return allowed

    def discs_touch(self, lon: Floats, lat: Floats, radius_m: Floats, shape: BaseGeometry) -> Flags:
        """Say for each disc whether some of it may lie in a projected shape, the plane's stretch allowed for."""
        touched = np.zeros(len(lon), dtype=bool)
        if shape.is_empty or not len(lon):
            return touched
        x, y = self.project(lon, lat)
        away = np.hypot(x, y)
        reach = float(shapely.hausdorff_distance(shapely.Point(0, 0), shape)) if shape.area < 1e14 else math.inf
        # A disc wider than that is measured from the centre too: it may reach where the plane is torn.
        near = (away <= PLANE_REACH_M) & (radius_m <= PLANE_REACH_M)
        far = ~near & (away - radius_m <= reach)
        touched[far] = True
        allowed = self.allowed_m(x[near], y[near], radius_m[near])
        shapely.prepare(shape)
        # The stubs want one distance for all; shapely takes one for each.
        touched[near] = shapely.dwithin(shape, shapely.points(x[near], y[near]), allowed)  # type: ignore[call-overload]
        return touched


def destination(lon: float, lat: float, bearing_deg: float, distance_m: float) -> tuple[float, float]:
    """Return where one arrives on the ellipsoid (WGS 84 geodesic; Karney 2013)."""
    east, north, _ = pyproj.Geod(ellps="WGS84").fwd(lon, lat, bearing_deg, distance_m)
    return float(east), float(north)


def distance_m(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the geodesic distance of two points in metres."""
    return float(pyproj.Geod(ellps="WGS84").inv(lon, lat, other_lon, other_lat)[2])


def sector(
    lon: float, lat: float, bearing_deg: float, bearing_error_deg: float, nearest_m: float, furthest_m: float
) -> BaseGeometry:
    """Return what an observer's bearing and range cover, as a WGS 84 polygon.

    `bearing_deg` is true, clockwise from north; the sector opens by `bearing_error_deg` to either side.
    Raises ValueError for a range that is empty, an error that is no angle, or a sector that reaches a pole, the
    antimeridian or beyond 2,000 km, where it cannot be drawn in degrees.
    """
    if not 0 <= nearest_m < furthest_m:
        raise ValueError(f"a range from {nearest_m:g} m to {furthest_m:g} m is empty")
    if not 0 < bearing_error_deg <= 180:
        raise ValueError(f"a bearing cannot be off by {bearing_error_deg:g} degrees")
    steps = np.linspace(-bearing_error_deg, bearing_error_deg, max(3, int(bearing_error_deg // 2) * 2 + 3))
    # The chord of an arc runs inside it; a slightly longer radius makes the polygon cover the whole sector.
    outer_m = 1.0001 * furthest_m / math.cos(math.radians(float(steps[1] - steps[0]) / 2))
    outer = _reach(lon, lat, bearing_deg + steps, outer_m)
    inner = _reach(lon, lat, bearing_deg + steps[::-1], nearest_m)
    if bearing_error_deg > _ALL_ROUND_DEGREES:
        return _drawn(outer, [inner] if nearest_m else [])
    along = np.linspace(outer_m, nearest_m, math.ceil((outer_m - nearest_m) / _SIDE_M) + 1)
    back = _reach(lon, lat, bearing_deg + bearing_error_deg, along[1:-1])
    forth = _reach(lon, lat, bearing_deg - bearing_error_deg, along[-2:0:-1])
    return _drawn(np.concatenate((outer, back, inner if nearest_m else inner[:1], forth)))


def _reach(lon: float, lat: float, bearings_deg: npt.ArrayLike, distances_m: npt.ArrayLike) -> Floats:
    """Return where one arrives from one point at each bearing and distance, as rows of longitude and latitude.

    Raises ValueError for more than 2,000 km: what is drawn in degrees is no longer true there.
    """
    if np.max(distances_m, initial=0.0) > 1.01 * _MOST_DRAWN_M:
        raise ValueError(f"it reaches further than {_MOST_DRAWN_M / 1000:,.0f} km, too far to be drawn")
    bearing, distance = np.broadcast_arrays(
        np.asarray(bearings_deg, dtype=np.float64), np.asarray(distances_m, dtype=np.float64)
    )
    east, north, _ = pyproj.Geod(ellps="WGS84").fwd(
        np.full(bearing.shape, lon), np.full(bearing.shape, lat), bearing, distance
    )
    return np.column_stack((east, north))


def _drawn(ring: Floats, holes: Sequence[Floats] = ()) -> BaseGeometry:
    """Return a polygon; raises ValueError where its ring goes round a pole or across the antimeridian."""
    # Either way longitude leaps from one vertex to the next, as it does close beside a pole, where degrees draw badly.
    if np.abs(np.diff(ring[:, 0], append=ring[:1, 0])).max() > _LEAP_DEGREES:
        raise ValueError("it reaches a pole or across the antimeridian, and cannot be drawn in degrees")
    return shapely.Polygon(ring, holes)


class Reference(StrEnum):
    """From which north a bearing was taken."""

    TRUE = "true"
    GRID = "grid"
    MAGNETIC = "magnetic"


def read_bearing(
    value: float, unit: str, reference: str, declination_deg: float | None, lon: float, lat: float
) -> float:
    """Return a bearing as degrees from true north.

    `unit` is `degrees` or `mils` (6,400 to the circle); a magnetic bearing needs the declination (east positive), a
    grid bearing is turned by the convergence of the UTM zone. Raises ValueError for anything else.
    """
    if unit not in ("degrees", "mils"):
        raise ValueError(f"'{unit}' is no unit of bearing; degrees or mils")
    full = 6400.0 if unit == "mils" else 360.0
    if not (math.isfinite(value) and 0 <= value <= full):
        raise ValueError(f"a bearing of {value:g} {unit} is not between 0 and {full:g}")
    degrees = value * 360.0 / full
    match Reference(reference):
        case Reference.TRUE:
            turned = degrees
        case Reference.MAGNETIC:
            if declination_deg is None:
                raise ValueError("a magnetic bearing needs the declination of the place and year")
            turned = degrees + declination_deg
        case Reference.GRID:
            zone = int((lon + 180) % 360 // 6) + 1
            turned = degrees + float(_utm(zone, lat < 0).get_factors(lon, lat).meridian_convergence)
    # A hair below nothing rounds up to the full circle, which is nothing again.
    return turned % 360.0 % 360.0


def _utm(zone: int, south: bool) -> pyproj.Proj:
    return pyproj.Proj(f"+proj=utm +zone={zone} +datum=WGS84{' +south' if south else ''}")


_BANDS = "CDEFGHJKLMNPQRSTUVWX"  # of latitude, 8 degrees each from 80 south; the last is one of 12
_BAND_SLACK_DEGREES = 0.1
_UTM = re.compile(rf"(\d{{1,2}})\s*([{_BANDS}])\s+(\d{{6}}(?:\.\d+)?)\s+(\d{{6,7}}(?:\.\d+)?)", re.ASCII | re.I)
_MGRS = re.compile(rf"\d{{1,2}}[{_BANDS}][A-HJ-NP-Z]{{2}}(\d{{0,10}})", re.ASCII | re.IGNORECASE)


def read_grid_reference(text: str) -> tuple[float, float, float]:
    """Read an MGRS square or a UTM point as (lon, lat, radius in metres).

    An MGRS reference names a square: its centre and the distance to its furthest corner come back, so that the disc
    holds it. A UTM point is taken to one metre. Raises ValueError for anything else.
    """
    if found := _UTM.fullmatch(text.strip()):
        return _read_utm(int(found[1]), found[2].upper(), float(found[3]), float(found[4]))
    compact = "".join(text.split())
    square = _MGRS.fullmatch(compact)
    if not square or len(square[1]) % 2:
        examples = "36SYA1234 or 36 S 740000 3610000"
        raise ValueError(f"'{text}' is neither an MGRS square nor a UTM point, such as {examples}")
    import mgrs

    size_m = 10.0 ** (5 - len(square[1]) // 2)
    try:
        with warnings.catch_warnings():
            # A square at the edge of its latitude band is one the library only warns of.
            warnings.simplefilter("ignore", RuntimeWarning)
            # Since 1.6 the library gives the centre of the square.
            zone, hemisphere, easting, northing = mgrs.MGRS().MGRSToUTM(compact.upper())
    except (mgrs.core.MGRSError, RuntimeError) as fault:
        raise ValueError(f"'{text}' is no MGRS square: {fault}") from None
    # A metre of the grid is not quite a metre of the ground, so the corners are measured there.
    east, north = (np.array([0, -1, -1, 1, 1]) * size_m / 2, np.array([0, -1, 1, -1, 1]) * size_m / 2)
    lons, lats = _utm(int(zone), hemisphere == "S")(easting + east, northing + north, inverse=True)
    lon, lat = float(lons[0]), float(lats[0])
    return lon, lat, max(distance_m(lon, lat, lons[corner], lats[corner]) for corner in range(1, 5))


def _read_utm(zone: int, band: str, easting: float, northing: float) -> tuple[float, float, float]:
    if not 1 <= zone <= 60:
        raise ValueError(f"there is no UTM zone {zone}")
    lon, lat = _utm(zone, band < "N")(easting, northing, inverse=True)
    southern = -80 + 8 * _BANDS.index(band)
    northern = 84 if band == "X" else southern + 8
    # Many write N and S for the hemispheres; read as bands they lie elsewhere, and nobody could tell.
    if not southern - _BAND_SLACK_DEGREES <= lat <= northern + _BAND_SLACK_DEGREES:
        raise ValueError(
            f"a northing of {northing:.0f} m is not in the latitude band {band} ({southern} to {northern} degrees); "
            "the letter names the band, not the hemisphere"
        )
    return float(lon), float(lat), 1.0


@lru_cache(maxsize=65536)
def circle(lon: float, lat: float, radius_m: float) -> BaseGeometry:
    """Return a disc on the ellipsoid as a WGS 84 polygon that lies round it, by at most 0.5 % of the radius.

    Raises ValueError where it reaches a pole, across the antimeridian or beyond 2,000 km: degrees cannot draw it there.
    """
    # The chords of 6 degrees lie 0.14 % inside; the rest allows for their being straight in degrees, not on the ground.
    return _drawn(_reach(lon, lat, np.arange(0.0, 360.0, 6.0), 1.005 * max(radius_m, _LEAST_RADIUS_M)))


def circle_round(geometry: bytes) -> tuple[float, float, float]:
    """Return (lon, lat, radius in metres) of a disc that holds a WKB shape: its middle, and how far its corners lie."""
    shape = shapely.from_wkb(geometry)
    middle = shape.centroid
    corners = shapely.get_coordinates(shape)
    return middle.x, middle.y, max(distance_m(middle.x, middle.y, x, y) for x, y in corners)


def place_shape(place: Mapping[str, object], gazetteer: Gazetteer) -> BaseGeometry | None:
    """Return the WGS 84 shape of a place as a claims table holds it; None where nothing is or can be drawn for it."""
    kind, geometry, area = place["place_kind"], place["geometry"], place["area"]
    if isinstance(geometry, bytes):
        return shapely.from_wkb(geometry)
    if kind == PlaceKind.DISC and isinstance(place["lon"], float) and isinstance(place["lat"], float):
        radius = place["radius_m"]
        try:
            return circle(place["lon"], place["lat"], radius if isinstance(radius, float) else 0.0)
        except ValueError:
            return None
    if kind == PlaceKind.AREA and isinstance(area, str) and area in gazetteer.areas:
        return gazetteer.areas[area].geometry
    country = place["country"]
    if kind == PlaceKind.COUNTRY and isinstance(country, str) and (iso := gazetteer.country(country)):
        return gazetteer.country_shape(iso)
    return None
