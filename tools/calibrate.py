"""Calibrate: the figures that `simulations/observation.yml` takes from real data, measured again.

Give the folder that holds the data (as TRUCEWATCH_DATA names it); the figures come out as a table, each with the file
that it is measured in.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

GED = "ucdp_ged_syria_2016_2019/ged_syria_20160101_20191130.csv.gz"
GED_SAMPLE = "ucdp_ged_global_sample_v23/ged231_sample1000.csv.gz"
MENTIONS = {"English": "gdelt_samples/mentions.csv", "translated": "gdelt_samples/mentionsT.csv"}
EVENTS = {"English": "gdelt_samples/events.csv", "translated": "gdelt_samples/eventsT.csv"}
OSCE = "osce_smm_summaries/osce_smm_daily_counts_2020_2021.csv"

# Words of headlines by which an act is known; the first that is found decides.
ACTS = {
    "mine or device": "landmine|mine expl|ied|explosive device|bomb expl|booby|car bomb",
    "air strike": "air ?strike|aerial|warplane|raid|barrel|helicopter|jets",
    "shelling": "shell|mortar|artillery|rocket|missile|bombard",
    "clash": "clash|fight|battle|attack|offensive",
    "sniper or small arms": "sniper|gunfire|shot|shooting",
}

Figure = tuple[str, str, str]


def main() -> int:
    """Print every figure; a refusal is one line and exit code 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?", default=os.environ.get("TRUCEWATCH_DATA"))
    folder = parser.parse_args().data
    if folder is None or not Path(folder).is_dir():
        sys.stderr.write("calibrate: name the folder of the data, or set TRUCEWATCH_DATA\n")
        return 1
    for what, figure, file in figures(Path(folder)):
        print(f"{what:<72} {figure:<44} {file}")
    return 0


def figures(folder: Path) -> Iterator[Figure]:
    """Measure every figure: what it is, the figure as it is written in the model, and its file."""
    for name in (GED, GED_SAMPLE):
        yield from ((what, figure, name) for what, figure in curated(folder / name))
    yield from ((what, figure, GED) for what, figure in dense(folder / GED))
    for feed, name in MENTIONS.items():
        yield from ((f"{what}, {feed}", figure, name) for what, figure in mentioned(folder / name))
    for feed, name in EVENTS.items():
        yield from ((f"{what}, {feed}", figure, name) for what, figure in coded(folder / name))
    yield from ((what, figure, OSCE) for what, figure in counted(folder / OSCE))


def curated(path: Path) -> Iterator[tuple[str, str]]:
    """Measure what curators know of an event: sources, precision, dead, delay."""
    rows = _text(path)
    for column, what in (
        ("number_of_sources", "articles of an event"),
        ("where_prec", "where_prec"),
        ("date_prec", "date_prec"),
        ("type_of_violence", "type of violence"),
    ):
        yield what, _shares(rows[column])
    best, low, high = (rows[name].cast(pl.Float64) for name in ("best", "low", "high"))
    yield "low, best and high differ", _percent(((low < best) | (high > best)).mean())
    yield "best, quartiles", ", ".join(f"{best.quantile(at, 'linear'):g}" for at in (0.25, 0.5, 0.75))
    yield "civilian dead", _percent((rows["deaths_civilians"].cast(pl.Float64) > 0).mean())
    yield "side B is 'Syrian insurgents'", _percent((rows["side_b"] == "Syrian insurgents").mean())
    sole = rows.filter(pl.col("number_of_sources") == "1").select(
        _day("source_date").alias("told"), _day("date_start").alias("day")
    )
    late = (sole["told"] - sole["day"]).dt.total_days().drop_nulls()
    for label, least, most in (("0", 0, 0), ("1", 1, 1), ("2 to 5", 2, 5), ("more", 6, 10_000), ("fewer", -10_000, -1)):
        yield f"days from event to its only article: {label}", _percent(late.is_between(least, most).mean())


def dense(path: Path) -> Iterator[tuple[str, str]]:
    """Measure how dense events lie, who tells of most, and which acts headlines name."""
    rows = _text(path).with_columns(
        pl.col("latitude", "longitude").cast(pl.Float64), pl.col("date_start").str.slice(0, 10).alias("day")
    )
    for km in (5, 10):
        yield f"another event within {km} km on the same day", _percent(_near(rows, km))
    same = rows.group_by("day", "latitude", "longitude").len()
    together = same.filter(pl.col("len") > 1)["len"].sum()
    yield "another at the same point on the same day", _percent(together / rows.height)
    yield "most at one point on one day", str(same["len"].max())
    by_place = rows["where_coordinates"].value_counts(sort=True)["count"]
    yield "named places", f"{len(by_place):,}"
    yield "events of the busiest tenth of places", _percent(by_place.head(len(by_place) // 10).sum() / rows.height)
    yield "places with one event", _percent((by_place == 1).mean())
    points = rows.filter(pl.col("where_prec") == "1").group_by("where_coordinates", "adm_1")
    often = points.agg(pl.struct("latitude", "longitude").n_unique().alias("points"), pl.len())
    often = often.filter(pl.col("len") > 3)
    yield "points of a place named more than three times (mean)", f"{float(often['points'].to_numpy().mean()):.3f}"
    offices = rows["source_office"].str.split(";").explode().str.strip_chars().drop_nulls()
    yield "articles of the one monitor that most rest on", _percent((offices == "SOHR").mean())
    headlines = rows["source_headline"].fill_null("").str.to_lowercase()
    named = pl.coalesce(pl.when(headlines.str.contains(words)).then(pl.lit(act)) for act, words in ACTS.items())
    known = pl.select(named.alias("act"))["act"].drop_nulls()
    yield "headlines that name an act", _percent(len(known) / rows.height)
    yield "acts in headlines", _shares(known)


def mentioned(path: Path) -> Iterator[tuple[str, str]]:
    """Measure how long after its first an event is mentioned, and how sure the machine was."""
    rows = _bare(path)
    seen, first = (rows.to_series(at).str.to_datetime("%Y%m%d%H%M%S") for at in (2, 1))
    hours = (seen - first).dt.total_minutes() / 60
    yield (
        "mention after the first, hours: quartiles",
        ", ".join(f"{hours.quantile(q, 'linear'):.1f}" for q in (0.25, 0.5, 0.75)),
    )
    yield "mention after the first, hours: 90 % within", f"{hours.quantile(0.9, 'linear'):.1f}"
    yield "confidence below 50", _percent((rows.to_series(11).cast(pl.Int64) < 50).mean())


def coded(path: Path) -> Iterator[tuple[str, str]]:
    """Measure what a machine that codes news leaves out."""
    rows = _bare(path)
    yield "first actor missing", _percent((rows.to_series(6).fill_null("") == "").mean())
    yield "second actor missing", _percent((rows.to_series(16).fill_null("") == "").mean())
    yield "placed no finer than a country", _percent(rows.to_series(51).is_in(["0", "1"]).mean())


def counted(path: Path) -> Iterator[tuple[str, str]]:
    """Measure how many ceasefire violations monitors count in one region on one day."""
    numbers = _text(path)["ceasefire_violations"].cast(pl.Float64, strict=False).drop_nulls()
    yield (
        "violations counted in a region and day: quartiles",
        ", ".join(f"{numbers.quantile(at, 'linear'):g}" for at in (0.25, 0.5, 0.75)),
    )


def _near(rows: pl.DataFrame, km: float) -> float:
    """Return the share of rows that have another of the same day within some kilometres."""
    found = 0
    for _, day in rows.group_by("day"):
        lat, lon = (np.radians(day[name].to_numpy()) for name in ("latitude", "longitude"))
        north = (lat[:, None] - lat) * 6371
        east = (lon[:, None] - lon) * np.cos((lat[:, None] + lat) / 2) * 6371
        found += int(((north**2 + east**2 <= km**2).sum(axis=1) > 1).sum())
    return found / rows.height


def _text(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema=False)


def _bare(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, separator="\t", has_header=False, infer_schema=False, quote_char=None)


def _day(column: str) -> pl.Expr:
    return pl.col(column).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def _shares(values: pl.Series) -> str:
    counts = values.alias("value").value_counts(sort=True).head(6)
    return ", ".join(f"{value}: {_percent(count / len(values))}" for value, count in counts.iter_rows())


def _percent(share: object) -> str:
    return f"{100 * float(str(share)):.1f} %"


if __name__ == "__main__":
    sys.exit(main())
