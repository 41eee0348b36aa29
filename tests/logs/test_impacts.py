"""Impacts: a bearing with its error, the sector it opens, and digests of pictures instead of pictures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.logs.impacts import IMPACT_SITES, ImpactSite, impact_sites_of
from trucewatch.logs.lines import Kind, Line, admit, read_sheet
from trucewatch.problems import Problem
from trucewatch.when import Span

KNOWN = {Kind.ID: {"R-1"}}
COPY, ORIGINAL = "a1" * 32, "b2" * 32
WHOLE = {
    "site": "X-1", "assessed_on": "2018-06-03", "subject": "R-1", "lat": "32.89", "lon": "36.04", "radius_m": "10",
    "munition": "mortar", "calibre_mm": "120", "crater_angle": "62", "direction": "115", "error": "10",
    "range_from_m": "2000", "range_to_m": "7000", "photographs": COPY, "originals": ORIGINAL,
}  # fmt: skip
DAY = Span(datetime(2018, 6, 3, tzinfo=UTC), datetime(2018, 6, 4, tzinfo=UTC), "day")
SITE = ImpactSite("X", DAY, "R-1", 36.04, 32.89, 10.0, direction=115.0, error=10.0, range_to_m=7000.0)


def entered(tmp_path: Path, **cells: str) -> tuple[tuple[Line, ...], list[Problem]]:
    row = {**WHOLE, **cells}
    path = tmp_path / "impact-sites.csv"
    path.write_text(",".join(row) + "\n" + ",".join(row.values()) + "\n", encoding="utf-8")
    read, problems = read_sheet(IMPACT_SITES, path, "Asia/Damascus", KNOWN)
    lines, refused = admit(IMPACT_SITES, read, (), [IMPACT_SITES])
    return lines, [*problems, *refused]


def assessed(tmp_path: Path, **cells: str) -> ImpactSite:
    lines, problems = entered(tmp_path, **cells)
    assert problems == []
    [found] = impact_sites_of(lines)
    return found


def test_a_row_is_what_it_says(tmp_path: Path) -> None:
    told = assessed(tmp_path)
    assert (told.subject, told.munition, told.calibre_mm, told.crater_angle) == ("R-1", "mortar", 120.0, 62.0)
    assert (told.direction, told.error, told.range_from_m, told.range_to_m) == (115.0, 10.0, 2000.0, 7000.0)
    assert told.assessed_on.earliest == datetime(2018, 6, 2, 21, tzinfo=UTC)
    assert told.bearings == (105.0, 125.0)


def test_a_site_may_tell_of_the_munition_alone(tmp_path: Path) -> None:
    told = assessed(tmp_path, direction="", error="", range_from_m="", range_to_m="", photographs="", originals="")
    assert (told.bearings, told.origins) == (None, None)


def test_a_direction_without_a_range_is_no_area(tmp_path: Path) -> None:
    told = assessed(tmp_path, range_from_m="", range_to_m="")
    assert told.bearings is not None
    assert told.origins is None


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"subject": "R-9"}, "unknown-subject"),
        ({"subject": ""}, "missing-value"),
        ({"lat": ""}, "missing-value"),
        ({"lat": "95"}, "out-of-range"),
        ({"radius_m": "0"}, "out-of-range"),
        ({"munition": "trebuchet"}, "unknown-choice"),
        ({"calibre_mm": "0"}, "out-of-range"),
        ({"crater_angle": "91"}, "out-of-range"),
        ({"direction": "361"}, "out-of-range"),
        ({"direction": "-1"}, "out-of-range"),
        ({"direction": "north"}, "not-a-number"),
        ({"error": "0"}, "out-of-range"),
        ({"error": "181"}, "out-of-range"),
        ({"error": ""}, "missing-value"),
        ({"direction": ""}, "missing-value"),
        ({"direction": "", "error": ""}, "missing-value"),
        ({"range_to_m": ""}, "missing-value"),
        ({"range_to_m": "2000"}, "end-before-start"),
        ({"range_to_m": "-5"}, "out-of-range"),
        ({"lon": "179.95", "direction": "90"}, "out-of-range"),
        ({"error": "0.1", "radius_m": "10000"}, "out-of-range"),
        ({"photographs": "crater.jpg"}, "not-a-digest"),
        ({"originals": ORIGINAL.upper()}, "not-a-digest"),
        ({"originals": ""}, "photographs-differ"),
        ({"photographs": f"{COPY};{'c3' * 32}"}, "photographs-differ"),
        ({"photographs": ORIGINAL}, "photographs-differ"),
    ],
)
def test_an_assessment_that_cannot_be_is_refused_with_its_line(
    tmp_path: Path, cells: dict[str, str], code: str
) -> None:
    lines, problems = entered(tmp_path, **cells)
    assert lines == ()
    assert [(problem.file, problem.line, problem.code) for problem in problems] == [("impact-sites.csv", 2, code)]


@pytest.mark.parametrize(
    ("direction", "error", "bearings"),
    [(5.0, 10.0, (355.0, 15.0)), (350.0, 10.0, (340.0, 0.0)), (360.0, 5.0, (355.0, 5.0)), (0.0, 180.0, None)],
)
def test_bearings_go_round_north(direction: float, error: float, bearings: tuple[float, float] | None) -> None:
    assert replace(SITE, direction=direction, error=error).bearings == bearings


@settings(max_examples=60)
@given(
    st.floats(0, 360), st.floats(1, 80), st.floats(0, 5_000), st.floats(10, 9_000), st.floats(1, 500),
    st.tuples(st.floats(0, 360), st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1)),
)  # fmt: skip
def test_wherever_it_struck_and_came_from_within_what_is_known_lies_in_the_sector(
    direction: float,
    error: float,
    nearest_m: float,
    more_m: float,
    radius_m: float,
    truth: tuple[float, float, float, float],
) -> None:
    site = replace(
        SITE, direction=direction, error=error, range_from_m=nearest_m, range_to_m=nearest_m + more_m, radius_m=radius_m
    )
    aside, off, turned, far = truth
    earth = pyproj.Geod(ellps="WGS84")
    struck = earth.fwd(SITE.lon, SITE.lat, aside, radius_m * off)
    origin = earth.fwd(struck[0], struck[1], direction + error * turned, nearest_m + more_m * far)
    assert site.origins is not None
    assert site.origins.buffer(1e-7).covers(shapely.Point(origin[0], origin[1]))


def test_they_come_in_order_of_time(tmp_path: Path) -> None:
    later = entered(tmp_path, site="A", assessed_on="2018-06-04")[0][0]
    earlier = entered(tmp_path, site="B")[0][0]
    assert [told.id for told in impact_sites_of([later, earlier])] == ["B", "A"]
