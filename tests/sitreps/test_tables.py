"""Tables: cells that no spreadsheet runs, regions that every map program reads, and lines only where they are named."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas
import jsonschema
import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.tables import (
    FINDINGS,
    findings_csv,
    findings_geojson,
    findings_json,
    findings_parquet,
    findings_table,
    summary,
    summary_json,
)
from trucewatch.where import distance_m

Tell = Callable[..., Told]
WithTold = Callable[..., Figures]
FORMATS = Path(__file__).parents[2] / "trucewatch" / "formats"
SCHEMA = FORMATS / "summary.schema.json"
DANGEROUS = "=+-@\t\r\n"
VAGUE: dict[str, Any] = {"lon": None, "lat": None, "radius_m": None}
DAY: dict[str, Any] = {
    "earliest": datetime(2018, 6, 2, 21, tzinfo=UTC),
    "latest": datetime(2018, 6, 3, 21, tzinfo=UTC),
}
SECTOR = shapely.Polygon([(36.0000049, 32.6), (36.1, 32.8), (36.2, 32.6)])  # clockwise, and finer than a metre


@pytest.fixture
def told(tell: Tell) -> tuple[Told, ...]:
    """Return findings placed in every way in which a place can be told."""
    return (
        tell("a1", "violation", **DAY),
        tell("b2", **DAY, place_kind="area", area="daraa", **VAGUE),
        tell("c3", **DAY, place_kind="country", country="Syria", **VAGUE),
        tell("d4", **DAY, place_kind="unplaced", **VAGUE),
        tell("e5", "outside_scope", **DAY, place_kind="sector", geometry=shapely.to_wkb(SECTOR), **VAGUE),
    )


@pytest.fixture
def published(told: tuple[Told, ...], with_told: WithTold) -> Figures:
    return with_told(*told)


def cells(table: pl.DataFrame) -> list[dict[str, str]]:
    """Return the rows of a findings table as a spreadsheet would take them from its CSV."""
    return list(csv.DictReader(io.StringIO(findings_csv(table).decode("utf-8"), newline="")))


def features(figures: Figures, agreement: Agreement) -> dict[str, Any]:
    """Return the features of the GeoJSON by finding."""
    collection = json.loads(findings_geojson(figures, agreement))
    return {feature["id"]: feature for feature in collection["features"]}


# ---- the table and its CSV -------------------------------------------------------------------------------------------


def test_there_is_one_row_for_each_finding_in_the_published_columns(published: Figures) -> None:
    table = findings_table(published)
    assert dict(table.schema) == FINDINGS
    assert table["finding"].to_list() == ["a1", "b2", "c3", "d4", "e5"]


def test_without_findings_the_columns_stay(with_told: WithTold) -> None:
    table = findings_table(with_told())
    assert (dict(table.schema), table.height) == (FINDINGS, 0)
    assert findings_csv(table).decode().splitlines()[0].startswith("finding,clause,outcome,sentence,earliest,")


def test_the_parquet_file_keeps_names_and_types(published: Figures, agreement: Agreement) -> None:
    read = pl.read_parquet(io.BytesIO(findings_parquet(published, agreement)))
    assert dict(read.schema) == {**FINDINGS, "geometry": pl.Binary()}
    assert read.drop("geometry").equals(findings_table(published))


def test_the_parquet_file_is_geoparquet(published: Figures, agreement: Agreement, tmp_path: Path) -> None:
    path = tmp_path / "findings.parquet"
    path.write_bytes(findings_parquet(published, agreement))
    geo = json.loads(pl.read_parquet_metadata(path)["geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    assert geo["columns"]["geometry"]["encoding"] == "WKB"
    read = geopandas.read_parquet(path)
    assert read.crs == "OGC:CRS84"
    drawn = features(published, agreement)
    for name, region in zip(read["finding"], read.geometry, strict=True):
        told = drawn[name]["geometry"]
        assert (region is None) == (told is None)
        assert told is None or region.equals(shapely.geometry.shape(told))
    assert list(read.total_bounds) == pytest.approx(geo["columns"]["geometry"]["bbox"])
    assert geo["columns"]["geometry"]["geometry_types"] == sorted(
        {region.geom_type for region in read.geometry.dropna()}
    )


def test_without_a_region_it_is_geoparquet_still(with_told: WithTold, agreement: Agreement, tmp_path: Path) -> None:
    path = tmp_path / "findings.parquet"
    path.write_bytes(findings_parquet(with_told(), agreement))
    read = geopandas.read_parquet(path)
    assert (len(read), read.geometry.name) == (0, "geometry")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(["", *DANGEROUS]), rest=st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_no_cell_of_text_begins_with_what_a_spreadsheet_would_run(
    told: tuple[Told, ...], with_told: WithTold, start: str, rest: str
) -> None:
    text = start + rest
    finding = replace(told[0], sentence=text, where=text, act=text, responsibility=text, settled_by=(text,))
    (row,) = cells(findings_table(with_told(finding)))
    runs = text.startswith(tuple(DANGEROUS))
    for column in ("sentence", "place", "act", "responsibility", "settled_by"):
        assert not row[column].startswith(tuple(DANGEROUS))
        assert row[column] == ("'" + text if runs else text)


@pytest.mark.parametrize("column", ["source", "record", "file"])
def test_what_a_report_brought_is_defused_too(tell: Tell, with_told: WithTold, column: str) -> None:
    (row,) = cells(findings_table(with_told(tell("a", report={column: "=HYPERLINK(1)"}, **DAY))))
    name = {"source": "sources", "record": "records", "file": "lines"}[column]
    assert row[name].startswith("'=HYPERLINK(1)")


def test_a_number_below_zero_stays_a_number(tell: Tell, with_told: WithTold) -> None:
    (row,) = cells(findings_table(with_told(tell("a", **DAY, lon=-71.5, lat=-33.25))))
    assert (row["lon"], row["lat"]) == ("-71.5", "-33.25")


def test_control_characters_do_not_reach_a_cell(told: tuple[Told, ...], with_told: WithTold) -> None:
    (row,) = cells(findings_table(with_told(replace(told[0], sentence="a\x00b\x1bc\x7fd"))))
    assert row["sentence"] == "a\ufffdb\ufffdc\ufffdd"


def test_the_csv_leaves_out_what_only_programs_read(published: Figures) -> None:
    table = findings_table(published)
    (row, *_) = cells(table)
    assert set(table.columns) - set(row) == {"chain_to_line", "tests"}
    assert (row["earliest"], row["lines"]) == ("2018-06-02T21:00:00Z", "events.csv:17")


def test_only_columns_named_after_lines_know_a_line(tell: Tell, with_told: WithTold) -> None:
    one, other = (
        findings_table(with_told(tell("a", report={"file": file, "line": line}, **DAY)))
        for file, line in (("events.csv", 17), ("renamed.csv", 4321))
    )
    differ = [name for name in one.columns if not one[name].equals(other[name])]
    assert differ == [name for name in one.columns if "line" in name] == ["lines", "chain_to_line"]


def test_the_chain_tells_every_report_and_no_key(published: Figures) -> None:
    chain = json.loads(findings_table(published)["chain_to_line"][0])
    assert [(link["office"], link["file"], link["line"]) for link in chain] == [("SOHR", "events.csv", 17)]
    keyed = replace(published.told[0], chain=({**published.told[0].chain[0], "claim_key": "abc"},))
    assert "claim_key" not in findings_table(replace(published, told=(keyed,)))["chain_to_line"][0]


# ---- GeoJSON ---------------------------------------------------------------------------------------------------------


def test_it_is_geojson_as_the_rfc_has_it(published: Figures, agreement: Agreement) -> None:
    collection = json.loads(findings_geojson(published, agreement))
    assert collection["type"] == "FeatureCollection"
    assert collection["marking"] == "public"
    assert "crs" not in collection
    for feature in collection["features"]:
        assert {"type", "id", "geometry", "properties"} == set(feature)
        assert feature["type"] == "Feature"
        for ring in (feature["geometry"] or {"coordinates": []})["coordinates"]:
            assert len(ring) >= 4
            assert ring[0] == ring[-1]
        if feature["geometry"]:
            assert feature["geometry"]["type"] == "Polygon"
            assert shapely.LinearRing(feature["geometry"]["coordinates"][0]).is_ccw


def test_what_is_only_an_area_or_a_country_or_nowhere_is_drawn_nowhere(
    published: Figures, agreement: Agreement
) -> None:
    found = features(published, agreement)
    assert {name for name, feature in found.items() if feature["geometry"] is None} == {"b2", "c3", "d4"}
    assert found["b2"]["properties"]["place"] == "Daraa town, within 3 km of a point"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lon=st.floats(35.5, 37.5), lat=st.floats(32, 34), radius_m=st.floats(500, 40_000))
def test_a_disc_is_a_polygon_round_all_of_it(
    tell: Tell, with_told: WithTold, agreement: Agreement, lon: float, lat: float, radius_m: float
) -> None:
    figures = with_told(tell("a", **DAY, lon=lon, lat=lat, radius_m=radius_m))
    (ring,) = features(figures, agreement)["a"]["geometry"]["coordinates"]
    away = [distance_m(lon, lat, x, y) for x, y in ring]
    assert radius_m < min(away) <= max(away) < 1.01 * radius_m + 2
    assert all(round(value, 5) == value for point in ring for value in point)


def test_a_drawn_shape_is_rounded_and_turned_the_way_the_rfc_wants(published: Figures, agreement: Agreement) -> None:
    (ring,) = features(published, agreement)["e5"]["geometry"]["coordinates"]
    assert ring[0] == ring[-1]
    assert sorted(map(tuple, ring[1:])) == [(36.0, 32.6), (36.1, 32.8), (36.2, 32.6)]


def test_properties_are_the_columns_of_the_csv(published: Figures, agreement: Agreement) -> None:
    (row, *_) = cells(findings_table(published))
    properties = features(published, agreement)["a1"]["properties"]
    assert list(properties) == list(row)
    assert (properties["earliest"], properties["latest"]) == ("2018-06-02T21:00:00Z", "2018-06-03T21:00:00Z")


@pytest.mark.parametrize(("to_mission", "decimals"), [(True, 5), (False, 2)])
def test_a_region_is_rounded_by_audience(
    published: Figures, agreement: Agreement, to_mission: bool, decimals: int
) -> None:
    (ring,) = features(replace(published, shows_leads=to_mission), agreement)["a1"]["geometry"]["coordinates"]
    assert all(round(value, decimals) == value for point in ring for value in point)
    assert any(round(value, decimals - 1) != value for point in ring for value in point)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lon=st.floats(35.5, 37.5), lat=st.floats(32, 34), radius_m=st.floats(1, 4000))
def test_a_rounded_region_is_a_region_or_is_not_drawn(
    tell: Tell, with_told: WithTold, agreement: Agreement, lon: float, lat: float, radius_m: float
) -> None:
    figures = replace(with_told(tell("a", **DAY, lon=lon, lat=lat, radius_m=radius_m)), shows_leads=False)
    told = features(figures, agreement)["a"]["geometry"]
    assert told is None or (shapely.geometry.shape(told).is_valid and shapely.geometry.shape(told).area > 0)


# ---- JSON ------------------------------------------------------------------------------------------------------------


def test_the_json_is_what_its_schema_publishes(published: Figures, agreement: Agreement) -> None:
    told = json.loads(findings_json(published, agreement))
    schema = json.loads((FORMATS / "findings.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(told, schema)
    for wrong in ({"line": 7}, {"outcome": "guilty"}, {"earliest": "2018-06-02"}, {"share_inside": 2}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**told, "findings": [{**told["findings"][0], **wrong}]}, schema)
    assert schema["$defs"]["finding"]["required"] == [*FINDINGS, "geometry"]


def test_the_json_says_what_the_other_tables_say(published: Figures, agreement: Agreement) -> None:
    told = json.loads(findings_json(published, agreement))
    drawn = features(published, agreement)
    assert told["marking"] == "public"
    for finding, row in zip(told["findings"], findings_table(published).iter_rows(named=True), strict=True):
        assert finding.pop("geometry") == drawn[row["finding"]]["geometry"]
        assert finding.pop("chain_to_line") == json.loads(row["chain_to_line"])
        assert finding.pop("tests") == json.loads(row["tests"])
        assert finding == drawn[row["finding"]]["properties"] | {name: finding[name] for name in ("earliest", "latest")}


# ---- summary ---------------------------------------------------------------------------------------------------------


def test_the_summary_is_what_its_schema_publishes(figures: Figures) -> None:
    told = json.loads(summary_json(figures))
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.validate(told, schema)
    assert list(told) == schema["required"]
    assert set(told["findings"]) == {"violation", "outside_scope", "undetermined"}
    assert set(told["findings_without_presumption"]) == {"violation", "outside_scope", "undetermined"}


def test_the_summary_says_the_figures_and_nothing_else(figures: Figures) -> None:
    told = summary(figures)
    assert told["findings"] == {"violation": 1, "outside_scope": 1, "undetermined": 2}
    assert told["period"] == {
        "start": "2018-05-31T21:00:00Z",
        "end": "2018-06-30T21:00:00Z",
        "text": "1 to 30 June 2018",
    }
    assert told["source_concentration"] == {
        "incidents": 536, "source": "SOHR", "rest_on_it_alone": 521, "cite_it": 532
    }  # fmt: skip
    assert told["origins"] == {"at_least": 1, "at_most": None}
    assert told["windows"][0]["dyads"][0] == {"dyad": "A – B", "before": 73, "after": 9}


def test_what_was_not_counted_is_null_and_not_nought(figures: Figures) -> None:
    told = summary(replace(figures, strict_counts=None, concentration=None, reading=""))
    assert [told[name] for name in ("findings_without_presumption", "source_concentration", "reading")] == [None] * 3
