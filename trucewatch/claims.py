"""Claims: one assertion in one report, by one teller, in one table.

A claims table has one row for each assertion and teller. Most say that an act took place; others that a force or
weapons were present, or that *nothing* was observed for a time. `SCHEMA` is its form; `Claim` is one row, for people.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.kernels.compiled import is_fast_available
from trucewatch.kernels.digests import hex_digests
from trucewatch.where import Plane

# `assess` without a mission has no key of its own; its keys only need to be stable.
OPEN_KEY = b"trucewatch: no mission"
# From this many rows on their hashes are worth compiled code; so many at once stay in the cache.
_MANY = 50_000
_AT_ONCE = 4_000

_INSTANT = pl.Datetime("us", "UTC")

SCHEMA: dict[str, pl.DataType] = {
    "claim_key": pl.String(),  # keyed hash of (source, record or content, item)
    "version": pl.String(),  # keyed hash of the content
    "event_key": pl.String(),  # keyed hash of the event that the claim tells of; claims of one record share it
    "source": pl.String(),  # id of the source description
    "record": pl.String(),  # the source's own record id
    "item": pl.Int32(),  # which assertion of the record, from 0
    "file": pl.String(),  # name of the file, without its folder
    "line": pl.Int64(),  # line of the file, from 1
    "entry": pl.Int64(),  # when it was received: number of the entry, 0 outside a mission
    "assertion": pl.String(),  # Assertion
    "act": pl.String(),  # node of the act tree
    "weapon": pl.String(),  # node of the weapon tree; null: not said
    "calibre_low_mm": pl.Float64(),
    "calibre_high_mm": pl.Float64(),
    "earliest": _INSTANT,
    "latest": _INSTANT,  # exclusive
    "time_extent": pl.String(),  # Extent
    "place_kind": pl.String(),  # PlaceKind
    "lon": pl.Float64(),  # degrees, WGS 84
    "lat": pl.Float64(),
    "radius_m": pl.Float64(),
    "area": pl.String(),  # id in the gazetteer
    "country": pl.String(),  # as the source names it
    "geometry": pl.Binary(),  # WKB, WGS 84, of a sector, line or drawn area
    "place_extent": pl.String(),  # Extent
    "place_name": pl.String(),
    "adm_1": pl.String(),  # the source's own; never narrows a disc
    "count_low": pl.Int64(),
    "count_high": pl.Int64(),  # null: no upper bound
    "count_qualifier": pl.String(),
    "count_unit": pl.String(),
    "pairs": pl.String(),  # feasible (actor, target) pairs, as `write_pairs` writes them
    "dead_low": pl.Int64(),
    "dead_high": pl.Int64(),
    "civilians_dead": pl.Int64(),
    "records_deaths": pl.Boolean(),  # the source exists to record deaths
    "means": pl.String(),  # Means
    "office": pl.String(),  # who told it, as the record names them
    "cites": pl.String(),  # chain of attribution from the office to the root, a JSON list; null: not stated
    "interest": pl.String(),  # whose ally the source is
    "reliability": pl.String(),  # A-F, of the source
    "curated": pl.Boolean(),  # different event_keys of this source are different incidents
    "allegation": pl.Boolean(),  # a party's complaint: always gets an answer
    "exercise": pl.Boolean(),  # live-fire exercise, flagged and still counted
    "facts": pl.String(),  # named preconditions and their truth, a JSON object
    "text": pl.String(),  # what the record says, in its words
    "levels": pl.String(),  # level of each field above public, a JSON object
}


@dataclass(frozen=True, slots=True)
class Claim:
    """One row of a claims table, for people: the fields that an explanation needs."""

    claim_key: str
    source: str
    record: str | None
    file: str
    line: int
    act: str
    earliest: datetime
    latest: datetime
    place_name: str | None
    pairs: tuple[tuple[str, str], ...]
    means: str
    office: str | None
    text: str | None


def keyed_hash(key: bytes, *parts: str) -> str:
    """Return 32 hex digits: BLAKE2b (RFC 7693) of the parts, keyed, each part length-prefixed."""
    framed = b"".join([len(raw).to_bytes(8, "big") + raw for raw in map(str.encode, parts)])
    return hashlib.blake2b(framed, key=key[:64], digest_size=16).hexdigest()


def keyed_hashes(key: bytes, *parts: pl.Series) -> pl.Series:
    """Return the keyed hash of each row's parts, as `keyed_hash` does of one."""
    rows = pl.DataFrame([part.alias(str(i)) for i, part in enumerate(parts)])
    if rows.height < _MANY or not is_fast_available() or not key:
        return pl.Series([keyed_hash(key, *row) for row in rows.rows()], dtype=pl.String)
    slices = [rows.slice(at, _AT_ONCE) for at in range(0, rows.height, _AT_ONCE)]
    with ThreadPoolExecutor(2) as pool:
        return pl.concat(pool.map(partial(_digests, key[:64]), slices))


def _digests(key: bytes, rows: pl.DataFrame) -> pl.Series:
    lengths = rows.select(pl.all().str.len_bytes().cast(pl.Int64)).to_numpy()
    text = rows.select(pl.concat_str(pl.all()).str.join("")).item()
    lines = hex_digests(key, text.encode(), np.ascontiguousarray(lengths)).decode()
    return pl.Series([lines.removesuffix("\n")]).str.split("\n").explode()


def empty_claims() -> pl.DataFrame:
    """Return a claims table without rows."""
    return pl.DataFrame(schema=SCHEMA)


def claims_table(columns: Mapping[str, Any] | pl.DataFrame) -> pl.DataFrame:
    """Return a claims table, in order of (claim_key, version), from some of its columns; the others are null."""
    frame = columns if isinstance(columns, pl.DataFrame) else pl.DataFrame(columns)
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in SCHEMA.items() if name not in frame.columns]
    shaped = frame.with_columns(missing).select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
    return shaped.sort("claim_key", "version")


def claims_of(reports: pl.DataFrame, key: bytes = OPEN_KEY, entry: int = 0) -> pl.DataFrame:
    """Return what some reports assert: one claim for each assertion and teller, under the keys of a mission.

    `key` draws the claim keys, `entry` says when the reports were received. The same content gives the same rows
    whatever its file's name, line or order; of a row that stands twice, the smaller line is kept.
    """
    versions = keyed_hashes(key, reports["source"], reports["content"]).alias("version")
    versioned = _with_constants(reports).with_columns(versions)
    numbered = _numbered(_without_twins(versioned))
    rows = numbered.select(
        "source",
        "version",
        "row",
        "tellers",
        pl.col("record").replace("", None).fill_null(pl.col("content")).alias("name"),
    )
    told = (
        rows.with_row_index("at")
        .with_columns(pl.int_ranges(pl.col("tellers").list.len(), dtype=pl.Int32).alias("item"))
        .explode("tellers", "item")
        .unnest("tellers")
    )
    places = told.select(pl.format("{}.{}", "row", "item")).to_series()
    keys = keyed_hashes(key, told["source"], told["name"], places).alias("claim_key")
    order = _order(keys, told["version"])
    told = told.hstack([keys]).select("at", "claim_key", "item", "office", "cites", "text")[order]
    kept = [name for name in SCHEMA if name not in (*told.columns, "event_key", "entry")]
    events = _event_keys(key, numbered)
    claims = numbered.select(*kept, events)[told["at"]]
    whole = claims.hstack(told.drop("at")).with_columns(pl.lit(entry, dtype=pl.Int64).alias("entry"))
    return whole.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())


def _beginnings(hashes: pl.Series) -> pl.Series:
    """Return the first half of each hash as a number: quicker to sort and compare, and in the same order."""
    return hashes.str.head(16).str.decode("hex").bin.reinterpret(dtype=pl.UInt64, endianness="big")


def _order(keys: pl.Series, versions: pl.Series) -> pl.Series:
    """Return the places of the rows in order of key and version."""
    numbers = _beginnings(keys)
    order = numbers.arg_sort()
    in_order = numbers.gather(order)
    if not (in_order == in_order.shift(1)).any():
        return order
    both = pl.DataFrame({"key": keys, "version": versions}).with_row_index("at")
    return both.sort("key", "version")["at"]


def _with_constants(frame: pl.DataFrame) -> pl.DataFrame:
    """Hold a column that says the same throughout as one value: whatever sorts the table does not move it then."""
    plain = [column for column in frame if not column.dtype.is_nested()]
    same = {column.name: column.first() for column in plain if column.eq_missing(column.first()).all()}
    return frame.with_columns(pl.lit(value, dtype=frame.schema[name]).alias(name) for name, value in same.items())


def _without_twins(reports: pl.DataFrame) -> pl.DataFrame:
    """Keep, of a row that stands twice, the one on the smaller line."""
    if not _beginnings(reports["version"]).is_duplicated().any():
        return reports
    twins = reports["version"].is_duplicated()
    first = (
        reports.filter(twins)
        .sort("line", "file")
        .unique(["source", "record", "content"], keep="first", maintain_order=True)
    )
    return pl.concat([reports.filter(~twins), first])


def _numbered(reports: pl.DataFrame) -> pl.DataFrame:
    """Number the rows of one record, from 0, in the order of their content.

    Rows of one report are separate items of it. Those of one curated record differ, and nobody can tell which is the
    later: they stand side by side, as of one event.
    """
    again = (reports["record"].is_duplicated() & reports["record"].is_not_null()).fill_null(False)
    if not again.any():
        return reports.with_columns(pl.lit(0, dtype=pl.Int32).alias("row"))
    alone = reports.filter(~again).with_columns(pl.lit(0, dtype=pl.Int32).alias("row"))
    rank = pl.col("content").rank("ordinal").over("source", "record") - 1
    return pl.concat([alone, reports.filter(again).with_columns(rank.cast(pl.Int32).alias("row"))])


def _event_keys(key: bytes, reports: pl.DataFrame) -> pl.Series:
    """Return the event that each row tells of: the source's own, where it is curated; else the row is its own event."""
    curated = pl.col("curated") & pl.col("event_key").is_not_null() & (pl.col("event_key") != "")
    told = reports.with_row_index("at").filter(curated).select("at", "source", "event_key")
    events = keyed_hashes(key, told["source"], pl.repeat("event", told.height, eager=True), told["event_key"])
    return (
        reports["version"].scatter(told["at"], events).alias("event_key")
        if told.height
        else reports["version"].alias("event_key")
    )


def projected(claims: pl.DataFrame, plane: Plane) -> pl.DataFrame:
    """Return claims with `x_m` and `y_m`, metres in the plane of an agreement; null where there is no point.

    For what has passed `view`: the plane says which agreement it is, and no claim carries it.
    """
    has_point = claims["lon"].is_not_null() & claims["lat"].is_not_null()
    # Most places are told of again and again.
    points = claims.select("lon", "lat").filter(has_point).unique(maintain_order=True)
    x, y = plane.project(points["lon"].to_numpy(), points["lat"].to_numpy())
    known = points.with_columns(pl.Series("x_m", x), pl.Series("y_m", y))
    laid = claims.select("lon", "lat").join(known, on=["lon", "lat"], how="left", maintain_order="left")
    return claims.hstack(laid.select("x_m", "y_m"))


def by_cell(claims: pl.DataFrame, cell_m: float = 2_000.0) -> pl.DataFrame:
    """Sort projected claims by the square of the plane they lie in, then by key, so that neighbours lie together.

    The squares, `cell_m` metres wide, stand in rows from south to north, each from west to east; claims without a
    point come last.
    """
    row, column = ((pl.col(name) / cell_m).floor() for name in ("y_m", "x_m"))
    # What comes sorted by key stays so within a square, and no key need be looked at again.
    by_key = [] if claims["claim_key"].is_sorted() else ["claim_key", "version"]
    squares = claims.select(row.alias("row"), column.alias("column"), *by_key)
    order = squares.with_row_index("at").sort("row", "column", *by_key, nulls_last=True, maintain_order=True)["at"]
    return claims[order]


def current(claims: pl.DataFrame) -> pl.DataFrame:
    """Keep, of each claim, the version received last: a revised record replaces what it said before."""
    ordered = claims.sort("claim_key", "entry", "version")
    return ordered.unique("claim_key", keep="last", maintain_order=True)


def claim(row: Mapping[str, Any]) -> Claim:
    """Return one row of a claims table as a Claim."""
    fields = {name: row[name] for name in Claim.__slots__ if name != "pairs"}
    return Claim(**fields, pairs=read_pairs(row["pairs"] or ANYBODY))
