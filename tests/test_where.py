"""Places against geodesics: what is called inside or outside is so on the ellipsoid."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import mgrs
import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.parse import read_agreement
from trucewatch.where import (
    PLANE_REACH_M,
    Area,
    Floats,
    Gazetteer,
    PlaceKind,
    Plane,
    circle,
    destination,
    distance_m,
    place_shape,
    read_bearing,
    read_grid_reference,
    sector,
    stretch,
)

GEOD = pyproj.Geod(ellps="WGS84")
ROOT = Path(__file__).parents[1]
# Longitude and latitude within some 1,000 km of the Golan.
AROUND = st.tuples(st.floats(27.0, 45.0), st.floats(25.0, 41.0))
# Anywhere that people fight; and anywhere at all.
INHABITED = st.tuples(st.floats(-170.0, 170.0), st.floats(-55.0, 65.0))
ANYWHERE = st.tuples(st.floats(-180.0, 180.0), st.floats(-90.0, 90.0))
BEARINGS = st.floats(0.0, 360.0)
# A metre, in degrees of latitude, rounded up.
METRE = 1e-5


def away(point: tuple[float, float], others: Any) -> Floats:
    """Return the geodesic distances of one point from others."""
    lons, lats = np.asarray(others, dtype=np.float64).reshape(-1, 2).T
    there = GEOD.inv(np.full(len(lons), point[0]), np.full(len(lats), point[1]), lons, lats)[2]
    return np.asarray(there, dtype=np.float64)


def geodesic_gap(point: tuple[float, float], shape: BaseGeometry) -> float:
    """Return how far a point is from a shape, by looking at its edges ever more closely; 0 inside."""
    if shapely.contains_xy(shape, *point):
        return 0.0
    ring = shapely.get_coordinates(shapely.segmentize(shape.boundary, 0.02))
    gaps = away(point, ring)
    nearest = np.argsort(gaps)[:4]
    edges = [ring[max(at - 1, 0) : at + 2] for at in nearest]
    closer = [away(point, shapely.get_coordinates(shapely.segmentize(shapely.LineString(e), 1e-5))) for e in edges]
    return float(min(np.concatenate(closer)))


@st.composite
def polygons(draw: st.DrawFn) -> BaseGeometry:
    corners = draw(st.lists(AROUND, min_size=3, max_size=6))
    shape = shapely.convex_hull(shapely.MultiPoint(corners))
    if draw(st.booleans()):
        shape = shapely.affinity.scale(shape, 0.05, 0.05)
    assume(shape.geom_type == "Polygon" and shape.area > 1e-4)
    return shape


# ---- the plane -------------------------------------------------------------------------------------------------------


@given(ANYWHERE, BEARINGS, BEARINGS, st.floats(0, 1_500_000), st.floats(0, 1_500_000))
@settings(max_examples=120)
def test_the_plane_lengthens_a_distance_by_no_more_than_its_stretch(
    centre: tuple[float, float], bearing: float, other_bearing: float, distance: float, other_distance: float
) -> None:
    one, other = destination(*centre, bearing, distance), destination(*centre, other_bearing, other_distance)
    x, y = Plane(*centre).project([one[0], other[0]], [one[1], other[1]])
    drawn = math.hypot(x[0] - x[1], y[0] - y[1])
    true = float(away(one, other)[0])
    assert true - 0.01 <= drawn <= true * stretch(max(distance, other_distance)) + 0.01
    assert math.isclose(math.hypot(x[0], y[0]), distance, abs_tol=0.01)


def test_the_stretch_begins_at_nothing_and_grows() -> None:
    values = [stretch(1000.0 * km) for km in range(0, 3000, 50)]
    assert values[0] == 1.0 and values == sorted(values)
    # Snyder, table 30, gives 1.0114 for 15 degrees and 1.0472 for 30 on a sphere.
    assert [round(stretch(math.radians(degrees) * 6_356_752.3), 4) for degrees in (15, 30)] == [1.0115, 1.0472]


@given(polygons(), AROUND, st.floats(0.0, 0.3), st.booleans())
@settings(max_examples=60)
def test_a_disc_is_never_wrongly_outside_and_wrongly_near_by_no_more_than_the_stretch(
    shape: BaseGeometry, point: tuple[float, float], spare: float, beyond: bool
) -> None:
    plane = Plane.over([shape])
    gap = geodesic_gap(point, shape)
    centre_away = float(away(point, (plane.lon, plane.lat))[0])
    # The edges of a shape are drawn true to a metre, the reference looks at them every metre.
    reaching = (gap + 2.0) * (1 + spare)
    falling_short = max((gap - 2.0) / stretch(centre_away + gap) * (1 - spare), 0.0)
    lon, lat = np.array([point[0]] * 2), np.array([point[1]] * 2)
    touched = plane.discs_touch(lon, lat, np.array([reaching, falling_short]), plane.shape(shape))
    assert touched[0]
    # Beyond the plane's reach only the distance from its centre decides, and says "may touch" when in doubt.
    assert not touched[1] or gap <= 4.0 or centre_away > PLANE_REACH_M


@given(ANYWHERE, ANYWHERE, st.floats(1.0, 100_000.0))
@settings(max_examples=100)
def test_a_disc_that_reaches_a_zone_from_anywhere_on_earth_is_never_outside(
    centre: tuple[float, float], point: tuple[float, float], zone_m: float
) -> None:
    zone = shapely.Point(0, 0).buffer(zone_m, quad_segs=64)
    plane = Plane(*centre)
    gap = max(float(away(centre, point)[0]) - zone_m, 0.0)
    reaching = plane.discs_touch(np.array([point[0]]), np.array([point[1]]), np.array([gap * 1.01 + 10.0]), zone)
    assert reaching[0]
    # Nor does it reach from the far side of the earth.
    short = plane.discs_touch(np.array([point[0]]), np.array([point[1]]), np.array([gap * 0.9 - 100.0]), zone)
    assert not short[0] or gap <= 100.0


@pytest.mark.parametrize("radius", [0.0, 500.0, 200_000.0, 5e6, 2.1e7])
def test_a_disc_inside_a_zone_that_the_antimeridian_cuts_is_never_called_outside(radius: float) -> None:
    zone = shapely.MultiPolygon([shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)])
    plane = Plane.over([zone])
    lon, lat = np.array([179.5, -179.5, 180.0, -180.0]), np.full(4, -17.0)
    assert plane.discs_touch(lon, lat, np.full(4, radius), plane.shape(zone)).all()


def test_a_disc_wider_than_the_plane_reaches_is_not_measured_in_it() -> None:
    plane = Plane(0.0, 0.0)
    zone = plane.shape(shapely.box(178.9, -0.1, 179.1, 0.1))
    point = (0.0, 13.4)
    reaching = np.array([distance_m(*point, 179.0, 0.0)])
    assert plane.discs_touch(np.array([point[0]]), np.array([point[1]]), reaching, zone).all()


@pytest.mark.parametrize("pole", [-90.0, 90.0])
def test_a_disc_at_a_pole_is_outside_a_zone_that_is_not(pole: float) -> None:
    plane = Plane(36.0, 33.0)
    zone = plane.shape(shapely.box(35, 32, 37, 34))
    lon, lat = np.array([0.0, 120.0]), np.full(2, pole)
    assert not plane.discs_touch(lon, lat, np.full(2, 1000.0), zone).any()
    assert plane.discs_touch(lon, lat, np.full(2, 1.5e7), zone).all()


def test_nothing_touches_an_empty_zone_and_no_disc_touches_anything() -> None:
    plane, nothing = Plane(36.0, 33.0), np.array([])
    assert not plane.discs_touch(np.array([36.0]), np.array([33.0]), np.array([1e6]), shapely.Polygon()).any()
    assert len(plane.discs_touch(nothing, nothing, nothing, shapely.box(0, 0, 1, 1))) == 0


def test_a_plane_lies_over_the_middle_of_what_is_drawn() -> None:
    plane = Plane.over([shapely.box(35.71, 32.0, 36.0, 33.0), shapely.Polygon(), shapely.box(36.9, 33.0, 37.0, 34.04)])
    assert (plane.lon, plane.lat) == (36.4, 33.0)
    assert (Plane.over([]).lon, Plane.over([]).lat) == (0.0, 0.0)


@given(polygons())
@settings(max_examples=30)
def test_what_is_brought_into_the_plane_and_back_is_what_it_was(shape: BaseGeometry) -> None:
    plane = Plane.over([shape])
    back = plane.unproject(plane.shape(shape))
    assert shapely.hausdorff_distance(back, shape) < METRE
    assert shapely.symmetric_difference(back.buffer(0), shape).area < METRE * shape.length


@given(polygons())
@settings(max_examples=10)
def test_an_edge_that_is_straight_in_degrees_is_true_within_a_metre_in_the_plane(shape: BaseGeometry) -> None:
    plane = Plane.over([shape])
    fine = shapely.get_coordinates(shapely.segmentize(shape.boundary, 0.01))
    x, y = plane.project(fine[:, 0], fine[:, 1])
    assert float(shapely.distance(plane.shape(shape).boundary, shapely.points(x, y)).max()) < 1.0


# ---- distances and bearings ------------------------------------------------------------------------------------------


@given(INHABITED, BEARINGS, st.floats(1.0, 5_000_000.0))
@settings(max_examples=100)
def test_one_arrives_as_far_away_as_one_has_gone(start: tuple[float, float], bearing: float, metres: float) -> None:
    assert math.isclose(distance_m(*start, *destination(*start, bearing, metres)), metres, abs_tol=1e-3)


def test_known_distances() -> None:
    # A minute of latitude at 45 degrees is 1,852.2 m; a degree along the equator 111,319.5 m (WGS 84).
    assert math.isclose(distance_m(36, 44 + 119 / 120, 36, 45 + 1 / 120), 1852.2, abs_tol=0.1)
    assert math.isclose(distance_m(36, 0, 37, 0), 111_319.5, abs_tol=0.1)


@given(INHABITED, BEARINGS, st.sampled_from(["degrees", "mils"]), st.floats(-30, 30))
@settings(max_examples=100)
def test_a_bearing_is_turned_by_the_declination_east_of_north(
    place: tuple[float, float], bearing: float, unit: str, declination: float
) -> None:
    value = bearing if unit == "degrees" else bearing * 6400 / 360
    true = read_bearing(value, unit, "true", None, *place)
    magnetic = read_bearing(value, unit, "magnetic", declination, *place)
    assert 0 <= true < 360 and 0 <= magnetic < 360
    assert math.isclose(math.cos(math.radians(true - bearing)), 1.0, abs_tol=1e-12)
    assert math.isclose(math.cos(math.radians(magnetic - true - declination)), 1.0, abs_tol=1e-12)


@given(INHABITED, BEARINGS)
@settings(max_examples=100)
def test_who_follows_a_grid_bearing_moves_along_the_grid(place: tuple[float, float], bearing: float) -> None:
    lon, lat = place
    assume(abs(lon - 6 * round(lon / 6)) > 1e-6)
    true = read_bearing(bearing, "degrees", "grid", None, lon, lat)
    zone = math.floor(lon / 6) + 31
    grid = pyproj.Transformer.from_crs(4326, (32700 if lat < 0 else 32600) + zone, always_xy=True)
    there = destination(lon, lat, true, 10.0)
    (east, further_east), (north, further_north) = grid.transform([lon, there[0]], [lat, there[1]])
    moved = math.degrees(math.atan2(further_east - east, further_north - north))
    assert abs((moved - bearing + 180) % 360 - 180) < 0.001
    # The closed formula for a sphere; on the ellipsoid it is off by less than a hundredth of a degree.
    off_meridian = math.radians(lon - (zone * 6 - 183))
    convergence = math.degrees(math.atan(math.tan(off_meridian) * math.sin(math.radians(lat))))
    assert abs((true - bearing - convergence + 180) % 360 - 180) < 0.01


@pytest.mark.parametrize("lon", [-180.0, 180.0, 179.999])
def test_a_grid_bearing_is_read_at_the_end_of_the_last_zone(lon: float) -> None:
    assert 0 <= read_bearing(90, "degrees", "grid", None, lon, 10.0) < 360


@pytest.mark.parametrize(
    ("value", "unit", "reference", "declination", "why"),
    [
        (361, "degrees", "true", None, "is not between 0 and 360"),
        (-1, "degrees", "true", None, "is not between 0 and 360"),
        (6401, "mils", "true", None, "is not between 0 and 6400"),
        (math.nan, "degrees", "true", None, "is not between 0 and 360"),
        (math.inf, "mils", "true", None, "is not between 0 and 6400"),
        (90, "gon", "true", None, "'gon' is no unit of bearing; degrees or mils"),
        (90, "degrees", "magnetic", None, "a magnetic bearing needs the declination"),
        (90, "degrees", "polar star", None, "polar star"),
    ],
)
def test_a_bearing_that_cannot_be_is_refused(
    value: float, unit: str, reference: str, declination: float | None, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        read_bearing(value, unit, reference, declination, 36.0, 33.0)


# ---- sectors and discs -----------------------------------------------------------------------------------------------


@st.composite
def sectors(draw: st.DrawFn) -> tuple[tuple[float, float], float, float, float, float]:
    furthest = draw(st.floats(100.0, 60_000.0))
    nearest = draw(st.one_of(st.just(0.0), st.floats(0.01, 0.95))) * furthest
    return draw(INHABITED), draw(BEARINGS), draw(st.floats(0.5, 180.0)), nearest, furthest


@given(sectors(), st.one_of(st.sampled_from([-1.0, 1.0]), st.floats(-1, 1)), st.floats(0, 1))
@example(((36.0, 33.0), 45.0, math.nextafter(180, 0), 0.0, 30_000.0), 0.5, 0.5)
@settings(max_examples=200)
def test_a_sector_holds_all_that_lies_within_its_bearing_and_range(
    seen: tuple[tuple[float, float], float, float, float, float], turned: float, share: float
) -> None:
    place, bearing, error, nearest, furthest = seen
    shape = sector(*place, bearing, error, nearest, furthest)
    assert shape.is_valid and shape.area > 0
    there = destination(*place, bearing + turned * error, nearest + share * (furthest - nearest))
    assert shapely.dwithin(shape, shapely.Point(there), METRE)


@given(sectors(), st.floats(0.01, 0.5), st.sampled_from(["further", "nearer", "left", "right"]), st.floats(-1, 1))
@settings(max_examples=200)
def test_a_sector_leaves_out_what_lies_a_hundredth_beyond(
    seen: tuple[tuple[float, float], float, float, float, float], by: float, where: str, across: float
) -> None:
    place, bearing, error, nearest, furthest = seen
    shape = sector(*place, bearing, error, nearest, furthest)
    if where in ("further", "nearer"):
        assume(where == "further" or nearest > 0)
        metres = furthest * (1 + by) if where == "further" else nearest * (1 - by)
        there = destination(*place, bearing + across * error, metres)
    else:
        off = error + max(error * by, 0.2)
        assume(off < 180)
        there = destination(*place, bearing + (off if where == "right" else -off), (nearest + furthest) / 2)
    assert not shapely.intersects(shape, shapely.Point(there))


@pytest.mark.parametrize(
    ("error", "nearest", "furthest", "why"),
    [
        (5, 5000, 5000, "a range from 5000 m to 5000 m is empty"),
        (5, 5000, 1000, "is empty"),
        (5, -1, 1000, "is empty"),
        (5, 0, math.nan, "is empty"),
        (0, 0, 1000, "cannot be off by 0 degrees"),
        (181, 0, 1000, "cannot be off by 181 degrees"),
        (math.nan, 0, 1000, "cannot be off by nan degrees"),
        (5, 0, 2.1e7, "too far to be drawn"),
    ],
)
def test_a_sector_that_cannot_be_is_refused(error: float, nearest: float, furthest: float, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        sector(36.0, 33.0, 45.0, error, nearest, furthest)


@given(INHABITED, st.floats(1.0, 1_500_000.0), BEARINGS)
@settings(max_examples=200)
def test_a_circle_lies_round_its_disc_by_less_than_6_in_1000(
    place: tuple[float, float], radius: float, bearing: float
) -> None:
    assume(radius < 100_000 or (abs(place[0]) < 120 and abs(place[1]) < 60))
    drawn = circle(*place, radius)
    assert shapely.covers(drawn, shapely.Point(destination(*place, bearing, radius)))
    assert shapely.covers(drawn, shapely.Point(place))
    assert not shapely.intersects(drawn, shapely.Point(destination(*place, bearing, radius * 1.006 + 0.01)))


def test_a_point_is_drawn_as_a_disc_of_a_metre() -> None:
    corners = shapely.get_coordinates(circle(36.0, 33.0, 0.0))
    assert np.allclose(away((36.0, 33.0), corners), 1.005, atol=1e-6)


@given(ANYWHERE, st.floats(1.0, 2.1e7), BEARINGS, st.floats(1.01, 3.0))
@settings(max_examples=300)
def test_a_disc_that_degrees_cannot_draw_is_not_drawn_at_all(
    place: tuple[float, float], radius: float, bearing: float, factor: float
) -> None:
    row = {"place_kind": "disc", "lon": place[0], "lat": place[1], "radius_m": radius, "geometry": None, "area": None,
           "country": None}  # fmt: skip
    drawn = place_shape(row, Gazetteer())
    if drawn is None:
        return
    there = destination(*place, bearing, radius * factor)
    assume(radius * factor < 19e6)
    assert shapely.covers(drawn, shapely.Point(place))
    assert not shapely.intersects(drawn, shapely.Point(there))


@pytest.mark.parametrize(
    ("lon", "lat", "radius"),
    [(179.9, -17.0, 50_000.0), (-180.0, 0.0, 10.0), (36.0, 89.9, 50_000.0), (36.0, -89.0, 120_000.0), (0.0, 90.0, 1.0),
     (36.0, 33.0, 2.1e7)],
)  # fmt: skip
def test_a_place_across_the_antimeridian_or_a_pole_is_refused_and_not_misdrawn(
    lon: float, lat: float, radius: float
) -> None:
    with pytest.raises(ValueError, match=r"cannot be drawn in degrees|too far to be drawn"):
        circle(lon, lat, radius)
    with pytest.raises(ValueError, match=r"cannot be drawn in degrees|too far to be drawn"):
        sector(lon, lat, 45.0, 180.0, 0.0, radius)


# ---- grid references -------------------------------------------------------------------------------------------------


@given(st.tuples(st.floats(-179.9, 179.9), st.floats(-79.9, 83.9)), st.integers(0, 5), st.booleans())
@settings(max_examples=100)
def test_the_disc_of_an_mgrs_square_holds_its_four_corners_and_no_more(
    place: tuple[float, float], digits: int, spaced: bool
) -> None:
    text = mgrs.MGRS().toMGRS(place[1], place[0], MGRSPrecision=digits)
    zone, band, square = int(text[: -3 - 2 * digits] or 0), text[-3 - 2 * digits], text[-2 - 2 * digits :]
    # The square, worked out from the point in the zone and band that the reference names.
    code = (32700 if band < "N" else 32600) + zone
    utm = pyproj.Transformer.from_crs(4326, code, always_xy=True)
    size = 10.0 ** (5 - digits)
    corner = np.floor(np.array(utm.transform(*place)) / size) * size
    # A point on the edge of a square belongs to either; rounding decides.
    assume(np.all(np.abs(np.array(utm.transform(*place)) - corner - size / 2) < size / 2 - 0.01))
    (west, south), (east, north) = corner, corner + size
    corners = [utm.transform(x, y, direction="INVERSE") for x in (west, east) for y in (south, north)]
    apart = f" {zone} {band.lower()} {square[:2]} {square[2 : 2 + digits]} {square[2 + digits :]} "
    written = apart if spaced else text
    lon, lat, radius = read_grid_reference(written)
    assert math.isclose(float(away((lon, lat), corners).max()), radius, rel_tol=1e-6, abs_tol=1e-3)
    middle = utm.transform(west + size / 2, south + size / 2, direction="INVERSE")
    assert float(away((lon, lat), middle)[0]) < 0.01
    assert float(away((lon, lat), place)[0]) <= radius + 0.01
    assert math.isclose(radius, size * math.sqrt(0.5), rel_tol=0.002)


@given(st.tuples(st.floats(-179.9, 179.9), st.floats(-79.9, 83.9)), st.sampled_from(["{} {}", "{}{}"]))
@settings(max_examples=150)
def test_a_utm_point_reads_back_north_and_south_of_the_equator(place: tuple[float, float], form: str) -> None:
    lon, lat = place
    assume(abs(lon - 6 * round(lon / 6)) > 1e-6 and abs(lat) > 1e-6)
    zone = math.floor(lon / 6) + 31
    band = "CDEFGHJKLMNPQRSTUVWXX"[math.floor((lat + 80) / 8)]
    utm = pyproj.Transformer.from_crs(4326, (32700 if lat < 0 else 32600) + zone, always_xy=True)
    easting, northing = utm.transform(lon, lat)
    assume(northing >= 100_000)
    read = read_grid_reference(f"{form.format(zone, band)} {easting:.1f} {northing:.1f}")
    assert float(away(place, read[:2])[0]) < 0.2 and read[2] == 1.0


def test_a_letter_that_was_meant_for_the_hemisphere_is_not_taken_for_a_band() -> None:
    with pytest.raises(
        ValueError, match=r"is not in the latitude band N \(0 to 8 degrees\); the letter names the band"
    ):
        read_grid_reference("36 N 740000 3610000")
    assert read_grid_reference("36 S 740000 3610000")[1] > 0


@pytest.mark.parametrize(
    "text",
    ["", "36", "36SYA1", "36SYA123456789012", "36IYA1234", "36SIA1234", "36SAA1234", "36SYW9999", "00SYA1234",
     "61SYA1234", "0 S 740000 3610000", "61 S 740000 3610000", "36 S 74000 3610000", "Daraa", "36.1, 32.6",
     "٣٦SYA1234"],
)  # fmt: skip
def test_what_is_no_grid_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"MGRS square|UTM zone"):
        read_grid_reference(text)


@given(st.one_of(st.text(max_size=12), st.from_regex(r"[0-9]{1,2} ?[A-Z] ?[A-Z]{2} ?([0-9]{2}){0,5}", fullmatch=True)))
@settings(max_examples=200)
def test_any_text_is_a_grid_reference_or_a_value_error(text: str) -> None:
    try:
        lon, lat, radius = read_grid_reference(text)
    except ValueError:
        return
    assert -180 <= lon <= 180 and -90 <= lat <= 90 and 0 < radius < 72_000


# ---- the gazetteer ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def syria() -> Gazetteer:
    return read_agreement(ROOT / "agreements" / "south-syria-2017").gazetteer


@pytest.mark.parametrize(
    ("area", "spellings"),
    [
        ("daraa", ["Daraa", "Dar'a", "DAR`A", "Deraa governorate", "درعا", "محافظة درعا", "SY12"]),
        ("quneitra", ["Al-Qunaytirah", "al qunaytirah", "Quneitra Governorate", "القنيطرة", "القنيطره", "sy14"]),
        ("suwayda", ["As-Suwayda", "As Suwaydā’", "Sweida", "السويداء", "محافظة السويداء"]),
        ("idlib", ["Idlib", "Idleb", "إدلب", "ادلب"]),
        ("rif-dimashq", ["Rif Dimashq", "Rural Damascus", "ريف دمشق", "محافظة ريف دمشق"]),
        ("damascus", ["Damascus", "Dimashq", "دمشق"]),
        ("area-of-separation", ["UNDOF", "area of separation"]),
        (None, ["", "Jordan-Syria border", "Jordan", "Nowhere", "—", "governorate", None]),
    ],
)
def test_an_area_is_found_by_any_of_its_spellings(syria: Gazetteer, area: str | None, spellings: list[str]) -> None:
    assert [syria.find(name) for name in spellings] == [area] * len(spellings)


def test_every_area_is_found_by_each_of_its_own_names(syria: Gazetteer) -> None:
    for area in syria.areas.values():
        names = [name for name in (area.id, area.pcode, *area.names) if name]
        assert {syria.find(name) for name in names} == {None if area.kind == "line" else area.id}


def test_a_country_is_its_provinces_together(syria: Gazetteer) -> None:
    assert {syria.country(name) for name in ("SY", "Syrian Arab Republic", "سوريا", "Сирия", "סוריה")} == {"SY"}
    assert {syria.country(name) for name in ("Syrians", "JO", "", None)} == {None}
    whole = syria.country_shape("SY")
    assert whole is not None and syria.country_shape("JO") is None
    for area in syria.areas.values():
        if area.kind == "adm1":
            assert shapely.difference(area.geometry, whole).area < 1e-9


# ---- places as a claims table holds them -----------------------------------------------------------------------------

SQUARE = shapely.box(36, 33, 37, 34)
HELD = Gazetteer(
    {
        "west": Area("west", "adm1", "XX", ("West",), "XX1", shapely.box(35, 33, 36, 34)),
        "east": Area("east", "adm1", "XX", ("East",), "XX2", SQUARE),
        "valley": Area("valley", "named-area", "XX", ("Valley",), "", shapely.box(30, 30, 31, 31)),
    },
    {"XX": ("Exland",)},
)


def shape_of(**place: object) -> BaseGeometry | None:
    columns = ("place_kind", "lon", "lat", "radius_m", "geometry", "area", "country")
    return place_shape({**dict.fromkeys(columns), **place}, HELD)


def test_a_place_is_drawn_as_what_it_is() -> None:
    disc = shape_of(place_kind="disc", lon=36.0, lat=33.0, radius_m=5000.0)
    assert disc is not None and disc.equals(circle(36.0, 33.0, 5000.0))
    for kind in (PlaceKind.SECTOR, PlaceKind.LINE, PlaceKind.AREA):
        assert shapely.equals(shape_of(place_kind=kind.value, geometry=SQUARE.wkb), SQUARE)
    assert shapely.equals(shape_of(place_kind="area", area="east"), SQUARE)
    assert shapely.equals(shape_of(place_kind="country", country="Exland"), shapely.box(35, 33, 37, 34))


@pytest.mark.parametrize(
    "place",
    [
        {"place_kind": "unplaced"},
        {"place_kind": "area", "area": "south"},
        {"place_kind": "area"},
        {"place_kind": "country", "country": "Elsewhere"},
        {"place_kind": "country"},
        {"place_kind": "disc", "lon": 36.0},
        {"place_kind": "sector", "lon": 36.0, "lat": 33.0},
        {"place_kind": None},
    ],
)
def test_nothing_is_drawn_for_a_place_that_is_not_held(place: dict[str, object]) -> None:
    assert shape_of(**place) is None
