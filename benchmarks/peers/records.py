"""Claims as records to be linked: what every peer of `corroborate` gets, which is what Trucewatch compares claims by.

One record stands for each event of each source: what a dataset itself says is one event need not be found. A record's
fields are those that `trucewatch.corroboration.likeness` draws from claims, so that no peer has to spell names, read
citations or cut texts into runs of words for itself.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import polars as pl

from trucewatch.actors import Register
from trucewatch.corroboration.likeness import Traits, traits_of
from trucewatch.where import Gazetteer

# Where they stand in `Traits.codes`.
_CODES = (
    "start_us", "end_us", "act", "pairs", "count_low", "count_high", "count_unit", "dead_low", "dead_high", "name",
    "skeleton", "area", "office", "cites", "source", "text",
)  # fmt: skip
_OWN_DATASET = "tellers"
_CELL_M, _CELL_US = 24_000.0, 43_200_000_000
_CORNER_M = 6_400_000.0
_MOST_CELLS = 400


def records_of(claims: pl.DataFrame, register: Register, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return one record for each (source, event_key), in order of claim_key.

    Columns: unique_id (from 0), claim_key, unit, dataset (a curated source; "tellers" for all others), curated; x_m,
    y_m, z_m (geocentric), radius_m, null without a place; the codes of `likeness`, null where missing; `kinship`, the
    levels at which the act agrees with each act of the tree; one_side, other_side, cited (lists of ids), grams (hashes
    of runs of five words).
    """
    unit = pl.concat_str("source", pl.lit("\u0000"), "event_key").alias("unit")
    heads = claims.sort("claim_key").with_columns(unit).unique("unit", keep="first", maintain_order=True)
    traits = traits_of(heads, register, gazetteer)
    codes = pl.DataFrame(dict(zip(_CODES, traits.codes.T, strict=True))).with_columns(
        pl.when(pl.col(name) >= 0).then(name).alias(name) for name in _CODES[3:]
    )
    places = pl.DataFrame(dict(zip(("x_m", "y_m", "z_m", "radius_m"), traits.places.T, strict=True))).fill_nan(None)
    # Splink makes names of columns from it.
    named = pl.col("source").str.replace_all(r"\W", "_")
    dataset = pl.when("curated").then(named).otherwise(pl.lit(_OWN_DATASET)).alias("dataset")
    return pl.concat(
        [
            heads.select(pl.int_range(pl.len()).alias("unique_id"), "claim_key", "unit", dataset, "curated"),
            places,
            codes,
            _lists(traits),
        ],
        how="horizontal",
    )


def _lists(traits: Traits) -> pl.DataFrame:
    kinship = pl.Series(traits.acts.tolist(), dtype=pl.List(pl.UInt8))
    sides = _sets(traits.people_at, traits.people)
    pairs, cites, texts = traits.codes[:, 3], traits.codes[:, 13], traits.codes[:, 15]
    return pl.DataFrame(
        {
            "kinship": kinship.gather(traits.codes[:, 2]),
            "one_side": sides.gather(2 * pairs),
            "other_side": sides.gather(2 * pairs + 1),
            "cited": _of(_sets(traits.cited_at, traits.cited), cites),
            "grams": _of(_sets(traits.grams_at, traits.grams), texts),
        }
    )


def _of(sets: pl.Series, codes: Any) -> pl.Series:
    return sets.gather(pl.Series([code if code >= 0 else None for code in codes.tolist()], dtype=pl.Int64))


def _sets(at: Any, ids: Any) -> pl.Series:
    held = [ids[first:last].tolist() for first, last in itertools.pairwise(at)]
    return pl.Series(held, dtype=pl.List(pl.UInt64 if ids.dtype == np.uint64 else pl.Int64))


def with_cells(records: pl.DataFrame, slack_m: float, slack_us: int) -> pl.DataFrame:
    """Add `cells`: every cell of space and time that a record's disc and span touch, half the slack round them.

    Two records that may be a pair share a cell. What touches more than 400 cells lists those of a grid eight times as
    wide in `wide_cells`, as every record does, so that it meets them there; `is_wide` says so.
    """
    cells, counts = _touched(records, slack_m, slack_us, 1)
    is_wide = counts > _MOST_CELLS
    fine = _cell_lists(cells, counts, ~is_wide)
    wide_cells, wide_counts = _touched(records, slack_m, slack_us, 8)
    wide = _cell_lists(wide_cells, wide_counts, np.full(records.height, bool(is_wide.any())) & (wide_counts > 0))
    return records.with_columns(cells=fine, wide_cells=wide, is_wide=pl.Series(is_wide))


def _touched(records: pl.DataFrame, slack_m: float, slack_us: int, times: int) -> tuple[Any, Any]:
    """Return the first cell and how many on each of four axes, and how many cells in all; none without a place."""
    ranges = []
    reach = records["radius_m"].to_numpy() + slack_m / 2
    for name in ("x_m", "y_m", "z_m"):
        middle = np.nan_to_num(records[name].to_numpy()) + _CORNER_M
        off, width = np.nan_to_num(reach), _CELL_M * times
        first = ((middle - off) // width).astype(np.int64)
        ranges.append((first, ((middle + off) // width).astype(np.int64) - first + 1))
    start, end = records["start_us"].to_numpy(), records["end_us"].to_numpy()
    width_us = _CELL_US * times
    first = (start - slack_us // 2) // width_us
    ranges.append((first, (end + slack_us // 2) // width_us - first + 1))
    counts = np.prod([number for _, number in ranges], axis=0)
    return ranges, np.where(np.isnan(reach), 0, counts)


def _cell_lists(ranges: Any, counts: Any, listed: Any) -> pl.Series:
    rows = np.flatnonzero(listed & (counts > 0))
    numbers = counts[rows]
    row = np.repeat(rows, numbers)
    at = np.arange(len(row)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    cell = np.zeros(len(row), np.int64)
    for bits, (first, number) in zip((10, 10, 10, 20), ranges, strict=True):
        cell = (cell << bits) | ((first[row] + at % number[row]) & ((1 << bits) - 1))
        at //= number[row]
    found = pl.DataFrame({"row": row, "cell": cell}).group_by("row", maintain_order=True).agg("cell")
    every = pl.DataFrame({"row": np.arange(len(counts))})
    return every.join(found, on="row", how="left", maintain_order="left")["cell"]
