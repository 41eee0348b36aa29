"""Reports: what was received, unaltered, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import shapely

from trucewatch.actors import ANYBODY, write_pairs
from trucewatch.evidence import Extent, read_count
from trucewatch.problems import FileFault, Problem, did_you_mean
from trucewatch.rows import Rows, read_rows
from trucewatch.sheets import Sheet, split
from trucewatch.sources import LOCAL, Placing, Source, Telling
from trucewatch.when import read_edtf
from trucewatch.where import PlaceKind, Gazetteer, read_bearing, read_grid_reference, sector

_INSTANT = pl.Datetime("us", "UTC")
TELLER = pl.Struct({"office": pl.String(), "cites": pl.String(), "text": pl.String()})

SCHEMA: dict[str, pl.DataType] = {
    "source": pl.String(),  # id of the source description
    "record": pl.String(),  # the source's own record id
    "event_key": pl.String(),  # the curated event that the record tells of
    "file": pl.String(),  # name of the file, without its folder
    "line": pl.Int64(),  # line on which the row begins, from 1
    "content": pl.String(),  # the row as it was received: a JSON object of its filled columns, sorted
    "tellers": pl.List(TELLER),  # who told it, each with whom they cite and what they said; at least one
    # From here on as in a claims table.
    "assertion": pl.String(),
    "act": pl.String(),
    "weapon": pl.String(),
    "calibre_low_mm": pl.Float64(),
    "calibre_high_mm": pl.Float64(),
    "earliest": _INSTANT,
    "latest": _INSTANT,
    "time_extent": pl.String(),
    "place_kind": pl.String(),
    "lon": pl.Float64(),
    "lat": pl.Float64(),
    "radius_m": pl.Float64(),
    "area": pl.String(),
    "country": pl.String(),
    "geometry": pl.Binary(),
    "place_extent": pl.String(),
    "place_name": pl.String(),
    "adm_1": pl.String(),
    "count_low": pl.Int64(),
    "count_high": pl.Int64(),
    "count_qualifier": pl.String(),
    "count_unit": pl.String(),
    "pairs": pl.String(),
    "dead_low": pl.Int64(),
    "dead_high": pl.Int64(),
    "civilians_dead": pl.Int64(),
    "records_deaths": pl.Boolean(),
    "means": pl.String(),
    "interest": pl.String(),
    "reliability": pl.String(),
    "curated": pl.Boolean(),
    "allegation": pl.Boolean(),
    "exercise": pl.Boolean(),
    "facts": pl.String(),
    "levels": pl.String(),
}

# A point this far outside its own country is not a matter of where the border was drawn.
_BORDER_DEGREES = 0.25
# Beyond these a number is a slip of the pen.
_MOST_COUNTED = 1e9
_MOST_METRES = 21_000_000.0
_MARK = "\x1e"
_MAYBE_EDTF = re.compile(r"[-0-9TZXYESWu?~%/.:+\[\]{},]{4,60}")
_FORM_PARTS = {"YYYY": "%Y", "Month": "%B", "MM": "%m", "DD": "%d", "hh": "%H", "mm": "%M", "ss": "%S"}


@dataclass(frozen=True)
class Received:
    """What came of reading one file: its reports, and every row that was refused, with the reasons."""

    reports: pl.DataFrame
    problems: tuple[Problem, ...]
    rows_read: int
    rows_refused: int

    @property
    def share_refused(self) -> float:
        """The share of rows that were refused, from 0 to 1."""
        return self.rows_refused / self.rows_read if self.rows_read else 0.0


def collect(source: Source, path: Path, *, gazetteer: Gazetteer, zone: str) -> Received:
    """Read a file as a source describes it; rows at fault are left out and told, the others become reports.

    `zone` is the time zone of a source whose times are local. Raises FileFault for a file that cannot be read as one of
    this source at all.
    """
    rows = read_rows(path, source.shape)
    _check_columns(source, rows.frame.columns, path.name)
    sheet = Sheet.of(source, rows.frame, gazetteer, zone if source.timezone == LOCAL else source.timezone)
    columns: dict[str, pl.Series | pl.Expr] = {
        "source": pl.lit(source.id),
        "record": sheet.field("record"),
        "event_key": sheet.field("event_key"),
        "file": pl.lit(path.name),
        "line": rows.lines,
        "content": _content(rows.frame),
        "tellers": _tellers(sheet),
        **_what(sheet),
        **_when(sheet),
        **_where(sheet),
        **_dead(sheet),
        "pairs": _pairs(sheet),
        "records_deaths": pl.lit(source.records_deaths),
        "means": sheet.field("means"),
        "interest": pl.lit(source.interest),
        "reliability": pl.lit(source.reliability),
        "curated": pl.lit(source.curated),
        "facts": _facts(sheet),
        "levels": pl.lit(json.dumps(dict(source.levels), sort_keys=True)),
    }
    table = rows.lines.to_frame().select(_as_expr(columns[name]).cast(kind).alias(name) for name, kind in SCHEMA.items())
    return _set_apart(table, rows, sheet, path.name)


def _as_expr(column: pl.Series | pl.Expr) -> pl.Expr:
    return pl.lit(column) if isinstance(column, pl.Series) else column


def _check_columns(source: Source, columns: Collection[str], name: str) -> None:
    missing = [some for some in source.needs() if not set(some) & set(columns)] if columns else []
    if missing:
        words = ", ".join(" or ".join(some) for some in missing)
        hint = next((found for some in missing if (found := did_you_mean(some[0], columns))), "")
        tail = f" ({missing[0][0]}: {hint})" if hint else ""
        raise FileFault(f"{name}: is not a file of the source '{source.id}': it has no column {words}{tail}")


def _set_apart(table: pl.DataFrame, rows: Rows, sheet: Sheet, file: str) -> Received:
    good, told = sheet.problems(file, rows.lines)
    reports = table.filter(good)
    refused_before = len(rows.problems)
    return Received(
        reports=reports,
        problems=tuple(sorted({*rows.problems, *told})),
        rows_read=table.height + refused_before,
        rows_refused=table.height - reports.height + refused_before,
    )


def _content(frame: pl.DataFrame) -> pl.Series:
    """Write each row as a JSON object of its filled columns: the same whatever else stands in the file."""
    if not frame.width:
        return pl.Series("content", [], dtype=pl.String)
    written = frame.select(pl.struct(sorted(frame.columns)).struct.json_encode()).to_series()
    # Inside a JSON string a quote never stands alone, so these patterns find empty columns only.
    return written.str.replace_all(r',"[^"\\]*":""', "").str.replace(r'^\{"[^"\\]*":"",?', "{")


def _what(sheet: Sheet) -> dict[str, pl.Series]:
    act = sheet.field("act")
    sheet.refuse_where(act.is_null() & _unfaulted(sheet), "missing-act", "says not what was done")
    low, high = _calibre(sheet)
    asked = pl.DataFrame({name: sheet.field(f"count{name}") for name in ("", "_qualifier", "_unit")})
    counted = sheet.read_rows(
        asked.rename({"": "count"}), "bad-count", {"low": pl.Int64(), "high": pl.Int64(), "qualifier": pl.String()},
        _read_counted,
    )  # fmt: skip
    return {
        "assertion": sheet.field("assertion", "act"),
        "act": act,
        "weapon": sheet.field("weapon"),
        "calibre_low_mm": low,
        "calibre_high_mm": high,
        "count_low": counted["low"],
        "count_high": counted["high"],
        "count_qualifier": counted["qualifier"],
        "count_unit": asked["_unit"],
        "exercise": sheet.truth("exercise"),
        "allegation": sheet.truth("allegation"),
    }
