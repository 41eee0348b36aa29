"""Places: an area or a point in a row, never both, and never one that cannot be drawn."""

from __future__ import annotations

import pyproj
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.logs.lines import Line
from trucewatch.logs.places import MOST_RADIUS_M, disc_of, place_faults, point_faults


def row(area: str | None = None, **point: float | None) -> Line:
    return Line("any", "r-1", {"area": area, "lat": None, "lon": None, "radius_m": None, **point})


def codes(line: Line) -> list[str]:
    return [problem.code for problem in place_faults(line)]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (row(), "one-way-only"),
        (row("daraa", lat=32.6, lon=36.1, radius_m=100.0), "one-way-only"),
        (row("daraa", lat=32.6), "one-way-only"),
        (row(lat=32.6, lon=36.1), "half-a-point"),
        (row(radius_m=5.0), "half-a-point"),
        (row(lat=32.6, lon=361.0, radius_m=5.0), "out-of-range"),
        (row(lat=91.0, lon=36.1, radius_m=5.0), "out-of-range"),
        (row(lat=32.6, lon=36.1, radius_m=0.0), "out-of-range"),
        (row(lat=32.6, lon=36.1, radius_m=MOST_RADIUS_M + 1), "out-of-range"),
        (row(lat=32.6, lon=179.9999, radius_m=500.0), "out-of-range"),
    ],
)
def test_a_row_has_one_place_that_can_be_drawn(line: Line, code: str) -> None:
    assert codes(line) == [code]


def test_an_area_needs_no_point_and_a_point_no_area() -> None:
    assert codes(row("daraa")) == codes(row(lat=32.6, lon=36.1, radius_m=100.0)) == []
    assert disc_of(row("daraa")) is None
    assert [problem.code for problem in point_faults(row("daraa"))] == ["half-a-point"]


@given(st.floats(-80, 80), st.floats(-170, 170), st.floats(1, MOST_RADIUS_M), st.floats(0, 360), st.floats(0, 1))
def test_a_disc_holds_all_that_is_no_further_than_its_radius(
    lat: float, lon: float, radius_m: float, bearing: float, share: float
) -> None:
    disc = disc_of(row(lat=lat, lon=lon, radius_m=radius_m))
    assert disc is not None
    east, north, _ = pyproj.Geod(ellps="WGS84").fwd(lon, lat, bearing, radius_m * share)
    assert disc.buffer(1e-9).covers(shapely.Point(east, north))
