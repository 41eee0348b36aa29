"""Tables: a sitrep's findings as data, for programs and spreadsheets. Only columns with `line` in their name know a
line.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.terms import Agreement
from trucewatch.sitreps.languages import ENGLISH, language_of, told_in
from trucewatch.sitreps.material import Figures, Told
from trucewatch.sitreps.style import Style
from trucewatch.where import PlaceKind, place_shape

FORMAT = 1
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"  # no program that reads text wants to see one
INSTANT = "%Y-%m-%dT%H:%M:%SZ"
# A spreadsheet would run a cell that begins with one of these.
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

FINDINGS: dict[str, pl.DataType] = {
    "finding": pl.String(),
    "clause": pl.String(),
    "outcome": pl.String(),
    "sentence": pl.String(),
    "earliest": pl.Datetime("us", "UTC"),
    "latest": pl.Datetime("us", "UTC"),
    "place": pl.String(),
    "zone": pl.String(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "radius_m": pl.Float64(),
    "share_inside": pl.Float64(),
    "act": pl.String(),
    "civilians_dead": pl.Int64(),
    "rests_on_presumption": pl.Boolean(),
    "responsibility": pl.String(),
    "settled_by": pl.String(),
    "origins": pl.String(),
    "reports": pl.Int64(),
    "sources": pl.String(),
    "records": pl.String(),
    "tests": pl.String(),
    "marking": pl.String(),
    "lines": pl.String(),
    "chain_to_line": pl.String(),
}
FOR_PROGRAMS = ("tests", "chain_to_line")  # JSON, which nobody reads in a cell


def told_in_english(figures: Figures, agreement: Agreement, style: Style) -> Figures:
    """Return figures as the tables tell them: in English, with everything called what the mission's style sheet calls
    it to their reader.
    """
    told: Figures = told_in(figures, language_of(ENGLISH, agreement, style, figures.reader))
    return told


def findings_table(figures: Figures) -> pl.DataFrame:
    """Return the findings of a sitrep, one row each, by clause, time and id; `chain_to_line` is the chain as JSON."""
    rows = [_row(told, figures.marking) for told in figures.told]
    return pl.DataFrame(rows, schema=FINDINGS)


def _row(told: Told, marking: str) -> dict[str, Any]:
    account = told.account
    chain = [{name: value for name, value in link.items() if name != "claim_key"} for link in told.chain]
    return {
        "finding": told.id,
        "clause": told.clause,
        "outcome": told.outcome,
        "sentence": told.sentence_and_reply,
        "earliest": account["earliest"],
        "latest": account["latest"],
        "place": told.where,
        "zone": told.zone,
        "lon": account["lon"],
        "lat": account["lat"],
        "radius_m": account["radius_m"],
        "share_inside": told.share_inside,
        "act": told.act,
        "civilians_dead": told.civilians_dead,
        "rests_on_presumption": told.presumption,
        "responsibility": told.responsibility,
        "settled_by": " | ".join(told.settled_by),
        "origins": told.origins,
        "reports": told.reports,
        "sources": ", ".join(sorted({link["source"] for link in told.chain})),
        "records": ", ".join(sorted({link["record"] for link in told.chain if link["record"]})),
        "tests": json.dumps(told.tests),
        "marking": marking,
        "lines": ", ".join(dict.fromkeys(f"{link['file']}:{link['line']}" for link in told.chain)),
        "chain_to_line": json.dumps(chain, ensure_ascii=False),
    }


def findings_csv(table: pl.DataFrame) -> bytes:
    """Return a findings table as CSV (UTF-8); text that a spreadsheet would run is led by an apostrophe."""
    return defused(table.drop(FOR_PROGRAMS)).write_csv(datetime_format=INSTANT).encode()


def defused(table: pl.DataFrame) -> pl.DataFrame:
    """Return a table in which a spreadsheet runs no cell: text that it would run is led by an apostrophe."""
    text = [name for name, kind in table.schema.items() if kind == pl.String]
    readable = table.with_columns(pl.col(text).str.replace_all(_CONTROL, "\ufffd"))
    return readable.with_columns(
        pl.when(pl.any_horizontal(pl.col(name).str.starts_with(start) for start in _STARTS_FORMULA))
        .then(pl.concat_str(pl.lit("'"), name))
        .otherwise(name)
        .alias(name)
        for name in text
    )


# ---- with regions ----------------------------------------------------------------------------------------------------


def findings_geojson(figures: Figures, agreement: Agreement) -> bytes:
    """Return the findings as GeoJSON (RFC 7946): the region a place was told as, never a pin; null where none is
    drawn.
    """
    table = findings_table(figures).drop(FOR_PROGRAMS)
    features = [
        f'{{"type":"Feature","id":"{row["finding"]}","geometry":{_geometry(region)},"properties":{_written(row)}}}'
        for row, region in zip(table.iter_rows(named=True), _regions(figures, agreement), strict=True)
    ]
    listed = ",\n".join(features)
    return f'{{"type":"FeatureCollection","marking":"{figures.marking}","features":[\n{listed}\n]}}\n'.encode()


def findings_parquet(figures: Figures, agreement: Agreement) -> bytes:
    """Return the findings table as GeoParquet 1.1 (WKB, OGC:CRS84): the columns of FINDINGS, and `geometry` as in the
    GeoJSON.
    """
    regions = _regions(figures, agreement)
    written = pl.Series("geometry", [None if region is None else region.wkb for region in regions], pl.Binary())
    kinds = sorted({region.geom_type for region in regions if region is not None})
    about: dict[str, Any] = {"encoding": "WKB", "geometry_types": kinds, "orientation": "counterclockwise"}
    bounds = [region.bounds for region in regions if region is not None]
    if bounds:
        west, south, east, north = zip(*bounds, strict=True)
        about["bbox"] = [min(west), min(south), max(east), max(north)]
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": about}}
    file = io.BytesIO()
    findings_table(figures).with_columns(written).write_parquet(
        file, compression="zstd", statistics=False, metadata={"geo": json.dumps(geo)}
    )
    return file.getvalue()


def findings_json(figures: Figures, agreement: Agreement) -> bytes:
    """Return the findings as JSON (`formats/findings.schema.json`), each with its tests, its chain and its region."""
    findings = []
    for row, region in zip(findings_table(figures).iter_rows(named=True), _regions(figures, agreement), strict=True):
        parsed = {name: json.loads(row[name]) for name in FOR_PROGRAMS}
        findings.append(_written({**row, **parsed, "geometry": json.loads(_geometry(region))}))
    head = _written({
        "format": FORMAT, "made_by": "trucewatch", "agreement": str(figures.title), "marking": figures.marking,
        "simulation": figures.is_simulation,
    })  # fmt: skip
    listed = ",\n".join(findings)
    return f'{head[:-1]}, "findings": [\n{listed}\n]}}\n'.encode()


def _written(row: Mapping[str, Any]) -> str:
    told = {name: f"{value:{INSTANT}}" if isinstance(value, datetime) else value for name, value in row.items()}
    return json.dumps(told, ensure_ascii=False)


def _geometry(region: BaseGeometry | None) -> str:
    return "null" if region is None else shapely.to_geojson(region)


def _regions(figures: Figures, agreement: Agreement) -> list[BaseGeometry | None]:
    """Return the region of each finding, no finer than its audience reads it; None where none is drawn."""
    # To a metre for the mission, to a kilometre for everybody else.
    decimals = 5 if figures.shows_leads else 2
    drawn: dict[bytes, BaseGeometry | None] = {}
    regions = []
    for told in figures.told:
        shape = place_shape(told.account, agreement.gazetteer) if _is_drawn(told.account) else None
        key = b"" if shape is None else shape.wkb
        if shape is not None and key not in drawn:
            rounded = shapely.transform(shapely.orient_polygons(shape), lambda xy: xy.round(decimals))
            drawn[key] = rounded if rounded.is_valid else _mended(rounded)
        regions.append(drawn.get(key))
    return regions


def _mended(shape: BaseGeometry) -> BaseGeometry | None:
    """Return what is left of a shape whose edges fell together when it was rounded; None where nothing is."""
    parts = [part for part in shapely.get_parts(shapely.make_valid(shape)) if part.area > 0]
    return shapely.orient_polygons(shapely.union_all(parts)) if parts else None


def _is_drawn(account: Mapping[str, Any]) -> bool:
    # A governorate or a country drawn for each of its incidents would show where it lies, not where they do.
    return account["place_kind"] in (PlaceKind.DISC, PlaceKind.SECTOR, PlaceKind.LINE)


def summary(figures: Figures) -> dict[str, Any]:
    """Return the figures of a sitrep as its published summary (`formats/summary.schema.json`)."""
    concentration = figures.concentration
    return {
        "format": FORMAT,
        "made_by": "trucewatch",
        "agreement": figures.title,
        "marking": figures.marking,
        "simulation": figures.is_simulation,
        "reading": figures.reading or None,
        "period": {
            "start": f"{figures.period.start:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{figures.period.end:%Y-%m-%dT%H:%M:%SZ}",
            "text": figures.period.text,
        },
        "cut_off": figures.cut_off,
        "rows_read": figures.rows_read,
        "rows_refused": figures.rows_refused,
        "rows_withdrawn": figures.withdrawn,
        "claims": figures.claims,
        "incidents": figures.incidents,
        "incidents_in_period": figures.incidents_in_period,
        # How many there are is for the mission; of a single finding others learn whether it is more than one.
        "origins": {"at_least": figures.origins_low, "at_most": figures.origins_high} if figures.shows_leads else None,
        "findings": dict(figures.counts),
        "findings_without_presumption": dict(figures.strict_counts) if figures.strict_counts else None,
        "violations_resting_on_presumption": figures.presumed,
        "source_concentration": {
            "incidents": concentration.incidents,
            "source": concentration.office,
            "rest_on_it_alone": concentration.alone,
            "cite_it": concentration.cite,
        }
        if concentration
        else None,
        "civilian_harm": dict(figures.civilian_harm),
        "lethal_incidents_by_month": dict(figures.by_month),
        "windows": [
            {
                "in_force": window.date,
                "before": {"days": window.before_text, "incidents": window.before},
                "after": {"days": window.after_text, "incidents": window.after},
                "dyads": [{"dyad": name, "before": b, "after": a} for name, b, a in window.dyads],
            }
            for window in figures.windows
        ],
        "assessment": list(figures.assessment),
    }


def summary_json(figures: Figures) -> bytes:
    """Return the summary as JSON text, keys in their published order."""
    return (json.dumps(summary(figures), ensure_ascii=False, indent=2) + "\n").encode()
