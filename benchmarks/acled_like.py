"""Invented event rows laid out as an ACLED export, of any number, for measurements: SIMULATION throughout.

A file has the 31 columns of ACLED's exports since 2023 and about 550 bytes a row. Every `event_id_cnty` and every note
says SIMULATION; places are numbered villages, actors numbered groups, and no person is named. Notes hold commas, quotes
and line breaks as real ones do; about one row in a thousand is broken in one of the ways that real files are.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

COLUMNS = (
    *("event_id_cnty", "event_date", "year", "time_precision", "disorder_type", "event_type", "sub_event_type"),
    *("actor1", "assoc_actor_1", "inter1", "actor2", "assoc_actor_2", "inter2", "interaction", "civilian_targeting"),
    *("iso", "region", "country", "admin1", "admin2", "admin3", "location", "latitude", "longitude", "geo_precision"),
    *("source", "source_scale", "notes", "fatalities", "tags", "timestamp"),
)
_AT_ONCE = 100_000
_BROKEN_SHARE = 0.001
_PLACES, _GROUPS, _OUTLETS, _SENTENCES = 6_000, 400, 250, 3_000
_PROVINCES = ("Daraa", "Quneitra", "As-Sweida", "Rural Damascus", "Homs", "Hama", "Idleb", "Aleppo")
# Event type, sub-event type, disorder type, and how often.
_KINDS = (
    ("Explosions/Remote violence", "Shelling/artillery/missile attack", "Political violence", 0.34),
    ("Explosions/Remote violence", "Air/drone strike", "Political violence", 0.18),
    ("Explosions/Remote violence", "Remote explosive/landmine/IED", "Political violence", 0.10),
    ("Battles", "Armed clash", "Political violence", 0.18),
    ("Violence against civilians", "Attack", "Political violence", 0.08),
    ("Violence against civilians", "Abduction/forced disappearance", "Political violence", 0.03),
    ("Protests", "Peaceful protest", "Demonstrations", 0.05),
    ("Strategic developments", "Looting/property destruction", "Strategic developments", 0.04),
)
_SAID = (
    "as residents, who asked not to be named, said",
    'in what the outlet called a "limited exchange of fire"',
    "with no independent confirmation, so far",
    "and the line was quiet again before nightfall",
    "near the old mill, the school and the eastern road",
    'after a warning of "any further move" the day before',
    "though the number of rounds, and their calibre, was not given",
    "for the third time that week, by the same account",
)
_BROKEN = ("one column too many", "cut short", "no such day", "no such place", "no such word", "fewer than none")


def write(path: Path, rows: int, seed: int = 0) -> None:
    """Write a CSV of so many invented rows; the same rows and seed give the same bytes."""
    draw = np.random.default_rng(seed)
    pools = _pools(draw)
    with path.open("wb") as file:
        file.write((",".join(COLUMNS) + "\n").encode())
        for first in range(0, rows, _AT_ONCE):
            file.write(_lines(draw, pools, first, min(_AT_ONCE, rows - first)).encode())


def _pools(draw: np.random.Generator) -> dict[str, Any]:
    """Draw what rows are put together from: places with their points, groups, outlets and sentences."""
    shots, words = draw.integers(2, 60, _SENTENCES), draw.choice(_SAID, _SENTENCES)
    return {
        "location": np.array([f"Village {n}" for n in range(_PLACES)]),
        "admin1": draw.choice(_PROVINCES, _PLACES),
        "latitude": np.round(draw.uniform(33.6, 36.0, _PLACES), 4),
        "longitude": np.round(draw.uniform(36.9, 40.5, _PLACES), 4),
        "group": np.array([f"SIMULATION: Group {n}" for n in range(_GROUPS)]),
        "outlet": np.array([f"SIMULATION Outlet {n}" for n in range(_OUTLETS)]),
        "sentence": np.array([f"About {n} rounds were heard {how}." for n, how in zip(shots, words, strict=True)]),
    }


def _skewed(draw: np.random.Generator, of: int, number: int) -> Any:
    """Draw indices of which the small ones come often, as a few groups and outlets fill most of a real file."""
    return np.minimum((of * draw.random(number) ** 3).astype(np.int64), of - 1)


def _lines(draw: np.random.Generator, pools: dict[str, Any], first: int, number: int) -> str:
    frame = _frame(draw, pools, first, number)
    broken = np.where(draw.random(number) < _BROKEN_SHARE, draw.integers(0, len(_BROKEN), number), -1)
    frame = frame.with_columns(pl.Series("broken", [_BROKEN[i] if i >= 0 else "" for i in broken]))
    wrong = {
        "event_date": ("no such day", "31 February 2019"),
        "latitude": ("no such place", "132.5"),
        "sub_event_type": ("no such word", "Stone throwing contest"),
        "fatalities": ("fewer than none", "-3"),
    }
    frame = frame.with_columns(
        pl.when(pl.col("broken") == how).then(pl.lit(text)).otherwise(name).alias(name)
        for name, (how, text) in wrong.items()
    )
    cells = frame.select("broken", *map(_quoted, COLUMNS))
    line = pl.concat_str(COLUMNS, separator=",")
    short = pl.concat_str(COLUMNS[:20], separator=",")
    how = pl.col("broken")
    written = pl.when(how == _BROKEN[0]).then(line + ",surplus").when(how == _BROKEN[1]).then(short).otherwise(line)
    return "\n".join(cells.select(written.alias("line"))["line"].to_list()) + "\n"


def _quoted(name: str) -> pl.Expr:
    """Quote the cells that need it (RFC 4180)."""
    cell = pl.col(name)
    quoted = pl.format('"{}"', cell.str.replace_all('"', '""', literal=True))
    return pl.when(cell.str.contains(r'[",\n]')).then(quoted).otherwise(cell).alias(name)


def _frame(draw: np.random.Generator, pools: dict[str, Any], first: int, number: int) -> pl.DataFrame:
    """Draw the cells of some rows, all as text."""
    kind = draw.choice(len(_KINDS), number, p=[share for *_, share in _KINDS])
    place = _skewed(draw, _PLACES, number)
    days = np.datetime64("2017-01-01") + draw.integers(0, 2_900, number)
    groups = [pools["group"][_skewed(draw, _GROUPS, number)] for _ in range(4)]
    outlets = [pools["outlet"][_skewed(draw, _OUTLETS, number)] for _ in range(3)]
    told_by = draw.choice([1, 2, 3], number, p=[0.72, 0.22, 0.06])
    sentences = [pools["sentence"][draw.integers(0, _SENTENCES, number)] for _ in range(2)]
    codes = draw.integers(1, 9, (2, number))
    has_other = draw.random(number) < 0.7
    drawn = pl.DataFrame(
        {
            "n": np.arange(first, first + number),
            "day": days.astype("datetime64[D]"),
            "time": draw.choice([1, 2, 3], number, p=[0.88, 0.1, 0.02]),
            "event_type": np.array([row[0] for row in _KINDS])[kind],
            "sub_event_type": np.array([row[1] for row in _KINDS])[kind],
            "disorder_type": np.array([row[2] for row in _KINDS])[kind],
            "actor1": groups[0], "assoc_actor_1": np.where(draw.random(number) < 0.3, groups[2], ""),
            "actor2": np.where(has_other, groups[1], ""),
            "assoc_actor_2": np.where(draw.random(number) < 0.3, groups[3], ""),
            "inter1": codes[0], "inter2": codes[1],
            "location": pools["location"][place], "admin1": pools["admin1"][place],
            "latitude": pools["latitude"][place], "longitude": pools["longitude"][place],
            "geo": draw.choice([1, 2, 3], number, p=[0.7, 0.27, 0.03]),
            "o1": outlets[0], "o2": outlets[1], "o3": outlets[2], "told_by": told_by,
            "s1": sentences[0], "s2": sentences[1],
            "fatalities": draw.poisson(0.4, number),
            "stamp": draw.integers(1_600_000_000, 1_740_000_000, number),
            "breaks": draw.random(number) < 0.05,
        }
    )  # fmt: skip
    told = pl.col("told_by")
    outlet = pl.when(told == 1).then("o1").when(told == 2).then(pl.format("{}; {}", "o1", "o2"))
    written_day = pl.col("day").dt.strftime("%d %B %Y")
    notes = pl.format(
        "SIMULATION. On {}, fighting of the kind '{}' was reported in {}. {}{}{}",
        written_day, "sub_event_type", "location", "s1",
        pl.when("breaks").then(pl.lit("\n\n")).otherwise(pl.lit(" ")), "s2",
    )  # fmt: skip
    cells = {
        "event_id_cnty": pl.format("SIMULATION{}", "n"),
        "event_date": written_day,
        "year": pl.col("day").dt.year(),
        "time_precision": pl.col("time"),
        "interaction": pl.format("{}{}", "inter1", "inter2"),
        "civilian_targeting": pl.when(pl.col("event_type") == "Violence against civilians")
        .then(pl.lit("Civilian targeting"))
        .otherwise(pl.lit("")),
        "iso": pl.lit("760"), "region": pl.lit("Middle East"), "country": pl.lit("Syria"),
        "admin2": pl.format("{} district", "admin1"), "admin3": pl.lit(""),
        "geo_precision": pl.col("geo"),
        "source": outlet.otherwise(pl.format("{}; {}; {}", "o1", "o2", "o3")),
        "source_scale": pl.when(told == 1).then(pl.lit("Subnational")).otherwise(pl.lit("Subnational-National")),
        "notes": notes,
        "tags": pl.lit(""),
        "timestamp": pl.col("stamp"),
    }  # fmt: skip
    return drawn.select(cells.get(name, pl.col(name)).cast(pl.String).alias(name) for name in COLUMNS)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("path", type=Path)
    asked.add_argument("rows", type=int)
    asked.add_argument("--seed", type=int, default=0)
    given = asked.parse_args()
    write(given.path, given.rows, given.seed)
