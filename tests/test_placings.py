"""A row is placed as its description says and no finer than it allows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely

from trucewatch.placings import place
from trucewatch.sheets import Sheet
from trucewatch.sources import read_source
from trucewatch.where import Area, Gazetteer, distance_m

SYRIA = Gazetteer(
    areas={
        "daraa": Area("daraa", "adm1", "SY", ("Daraa", "Dar'a"), "SY12", shapely.box(35.7, 32.3, 36.6, 33.2)),
        "aleppo": Area("aleppo", "adm1", "SY", ("Aleppo",), "SY02", shapely.box(36.0, 35.6, 38.3, 36.8)),
        "buffer": Area("buffer", "named-area", "", ("The buffer",), "", shapely.box(35.8, 32.9, 35.9, 33.1)),
    },
    countries={"SY": ("Syria",), "JO": ("Jordan",)},
)
SMALL = """format: 1
id: small
title: A small feed
licence: CC0
what: {act: {always: shelling}}
when: {from: day}
told: {means: {always: open-source}}
where:
"""


def placed(folder: Path, where: str, **columns: list[str]) -> tuple[list[dict[str, Any]], list[str]]:
    path = folder / "small.yml"
    path.write_text(SMALL + "\n".join("  " + line for line in where.splitlines()), encoding="utf-8")
    source, problems = read_source(path)
    assert source is not None, problems
    sheet = Sheet.of(source, pl.DataFrame(columns), SYRIA, "UTC")
    rows = pl.DataFrame(place(sheet)).rows(named=True)
    lines = pl.Series(range(2, 2 + sheet.height))
    return rows, [str(p).removeprefix("f.csv:") for p in sheet.problems("f.csv", lines)]


POINT = "lon: x\nlat: y\n"
BY_PRECISION = f"""{POINT}country: land
adm_1: province
placing:
  - {{when: {{how: 1}}, as: disc, radius_m: 3000}}
  - {{when: {{how: [2, 3]}}, as: area, named: province}}
  - {{as: country}}
"""


def test_the_first_way_that_fits_is_taken(tmp_path: Path) -> None:
    rows, told = placed(
        tmp_path, BY_PRECISION,
        how=["1", "1", "2", "2", "3", "1", "1"],
        x=["36.1", "", "36.1", "36.1", "36.1", "", "36.1"], y=["32.6", "", "32.6", "32.6", "32.6", "", "32.6"],
        land=["Syria", "Syria", "Syria", "Jordan", "Syria", "", ""],
        province=["Daraa", "Daraa", "Dar`a Governorate", "Daraa", "Nowhere", "Daraa", "Daraa"],
    )  # fmt: skip
    assert told == []
    assert [row["place_kind"] for row in rows] == [
        "disc",
        "country",
        "area",
        "country",
        "country",
        "unplaced",
        "disc",
    ]
    assert [row["area"] for row in rows] == [None, None, "daraa", None, None, None, None]
    assert rows[0]["radius_m"] == 3000 and (rows[0]["lon"], rows[0]["lat"]) == (36.1, 32.6)
    # A point that stands for an area is nobody's position.
    assert rows[2]["lon"] is rows[2]["lat"] is rows[2]["radius_m"] is None
    assert [row["adm_1"] for row in rows][3] == "Daraa" and rows[3]["country"] == "Jordan"


@pytest.mark.parametrize(
    ("x", "y", "told"),
    [
        ("36.1", "91", "2: out-of-range latitude 91 is not between -90 and 90"),
        ("181", "32", "2: out-of-range longitude 181 is not between -180 and 180"),
        ("nan", "32", "2: not-a-number longitude 'nan' is no number"),
        ("36,1", "32", "2: not-a-number longitude '36,1' is no number"),
        ("", "32", "2: half-a-point of longitude and latitude only one is given"),
    ],
)
def test_a_point_that_is_none_refuses_its_row(tmp_path: Path, x: str, y: str, told: str) -> None:
    _, problems = placed(tmp_path, POINT, x=[x, "36.1"], y=[y, "32.6"])
    assert problems == [told]


def test_only_a_point_that_is_at_home_the_other_way_round_is_swapped(tmp_path: Path) -> None:
    land = ["Syria", "Syria", "Syria", "Jordan", "Norway", ""]
    x, y = ["32.6", "36.1", "10", "32.6", "32.6", "32.6"], ["36.1", "32.6", "10", "36.1", "36.1", "36.1"]
    _, problems = placed(tmp_path, POINT + "country: land\n", x=x, y=y, land=land)
    assert problems == [
        "2: swapped-coordinates 36.1 N, 32.6 E is outside the row's own country"
        " (longitude and latitude look swapped: the other way round it is inside)"
    ]


def test_a_point_near_the_border_is_not_called_swapped(tmp_path: Path) -> None:
    # 36.1 N 35.9 E lies a little west of the Aleppo box, and (35.9 N, 36.1 E) inside it.
    rows, problems = placed(tmp_path, POINT + "country: land\n", x=["35.9"], y=["36.1"], land=["Syria"])
    assert problems == [] and len(rows) == 1


def test_a_named_area_may_lie_in_any_country_where_the_row_names_none(tmp_path: Path) -> None:
    rows, problems = placed(tmp_path, "area: a\nplacing: {as: area}\n", a=["The Buffer", "daraa", "", "Darra"])
    assert [(row["place_kind"], row["area"]) for row in rows[:3]] == [
        ("area", "buffer"),
        ("area", "daraa"),
        ("unplaced", None),
    ]
    assert problems == ["5: unknown-area area: 'Darra' is no area that is held (did you mean 'Daraa'?)"]


def test_a_named_area_stays_beside_a_disc(tmp_path: Path) -> None:
    where = POINT + "area: a\nplacing: {as: disc, radius_m: r}\n"
    (row,), problems = placed(tmp_path, where, x=["36.1"], y=["32.6"], a=["daraa"], r=["50"])
    assert problems == [] and (row["place_kind"], row["area"], row["radius_m"]) == ("disc", "daraa", 50)


SECTOR = """grid: grid
lon: x
lat: y
placing:
  - as: sector
    bearing: bearing
    unit: {column: unit, empty: degrees}
    reference: north
    error_deg: {column: error, empty: 10}
    declination_deg: declination
    nearest_m: {column: near, empty: 0}
    furthest_m: far
  - {as: disc, radius_m: far}
"""
NONE = {"grid": "", "x": "36.1", "y": "32.6", "bearing": "90", "unit": "", "north": "true", "error": "",
        "declination": "", "near": "", "far": "2000"}  # fmt: skip


def seen(folder: Path, **given: str) -> tuple[dict[str, Any], list[str]]:
    rows, problems = placed(folder, SECTOR, **{name: [given.get(name, value)] for name, value in NONE.items()})
    return rows[0], problems


def test_a_bearing_makes_a_sector(tmp_path: Path) -> None:
    row, problems = seen(tmp_path)
    assert problems == [] and row["place_kind"] == "sector" and (row["lon"], row["lat"]) == (36.1, 32.6)
    shape = shapely.from_wkb(row["geometry"])
    assert shape.contains(shapely.Point(36.115, 32.6)) and not shape.contains(shapely.Point(36.085, 32.6))
    assert row["radius_m"] is None
    turned, _ = seen(tmp_path, north="magnetic", declination="5", bearing="1600", unit="mils")
    assert shapely.from_wkb(turned["geometry"]).centroid.y < shape.centroid.y


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"bearing": "400"}, "not between 0 and 360"),
        ({"bearing": "7000"}, "out-of-range bearing 7000"),
        ({"bearing": "east"}, "bearing 'east' is no number"),
        ({"north": ""}, "not said from which north"),
        ({"north": "polar"}, "'polar' is no north"),
        ({"north": "magnetic"}, "needs the declination"),
        ({"unit": "grads"}, "'grads' is no unit"),
        ({"far": ""}, "without a range"),
        ({"near": "3000"}, "range from 3000 m to 2000 m is empty"),
    ],
)
def test_a_bearing_that_cannot_be_read_refuses_its_row(tmp_path: Path, given: dict[str, str], told: str) -> None:
    _, problems = seen(tmp_path, **given)
    assert told in problems[0]


def test_without_a_bearing_the_range_makes_a_disc(tmp_path: Path) -> None:
    row, problems = seen(tmp_path, bearing="", north="")
    assert problems == [] and (row["place_kind"], row["radius_m"]) == ("disc", 2000)


def test_a_grid_square_widens_what_is_drawn_from_it(tmp_path: Path) -> None:
    row, problems = seen(tmp_path, x="", y="", grid="37S BT 2810 1410", bearing="", north="")
    assert problems == [] and row["radius_m"] == pytest.approx(2000 + 5 * 2**0.5, abs=0.1)
    near, _ = seen(tmp_path, x=str(row["lon"]), y=str(row["lat"]))
    wide, _ = seen(tmp_path, x="", y="", grid="37S BT 28 14")
    corner = wide["lon"], wide["lat"]
    assert 0 < distance_m(*corner, row["lon"], row["lat"]) < 1000
    assert shapely.from_wkb(wide["geometry"]).contains(shapely.from_wkb(near["geometry"]))
    _, problems = seen(tmp_path, x="", y="", grid="nowhere")
    assert problems[0].startswith("2: bad-grid-reference 'nowhere' is neither")


def test_an_area_or_line_that_the_row_draws(tmp_path: Path) -> None:
    shapes = [
        "POLYGON ((36 32, 37 32, 37 33, 36 32))",
        '{"type": "LineString", "coordinates": [[36, 32], [37, 33]]}',
        "",
        "POINT (1 2)",
        "rubbish",
        "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",
        "LINESTRING (0 0, 200 0)",
    ]
    rows, problems = placed(tmp_path, "placing: {as: drawn, shape: s}\n", s=shapes)
    assert [row["place_kind"] for row in rows[:3]] == ["area", "line", "unplaced"]
    assert shapely.from_wkb(rows[0]["geometry"]).area == 0.5
    assert [problem.split()[:2] for problem in problems] == [[f"{line}:", "bad-shape"] for line in (5, 6, 7, 8)]
