"""SIMULATION: a world of any number of reports, as a claims table, and the true event of each: for speed alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import polars as pl

from trucewatch.actors import write_pairs
from trucewatch.claims import claims_table

Density = Literal["constant-rate", "growing"]

_TOWNS = 300
_DAYS_PER_MILLION = 730.0
_HOUR_US = 3_600_000_000
_START_US = 1_483_228_800_000_000  # 2017-01-01
_ACTS = ("shelling", "mortar-fire", "artillery-fire", "air-strike", "clash", "small-arms-fire", "use-of-weapons")
_OFFICES = 40
_SOURCES = ("SIM A", "SIM B", "SIM wire", "SIM patrol")


def reports(number: int, seed: int = 7, density: Density = "constant-rate") -> tuple[pl.DataFrame, np.ndarray]:
    """Return (claims, true event of each): about 2.5 reports an event, by two datasets, a wire and patrols.

    `constant-rate` keeps the number of reports a day, so that more reports take more time; `growing` keeps two years.
    Each report blurs place and time by its own radius and span; a fifth copies another and cites its office.
    """
    dice = np.random.default_rng(seed)
    events = max(1, int(number / 2.5))
    days = _DAYS_PER_MILLION * (number / 1e6 if density == "constant-rate" else 1.0)
    weight = dice.dirichlet(np.full(_TOWNS, 0.5))
    town = dice.choice(_TOWNS, events, p=weight)
    centre = dice.uniform(0, 1, (_TOWNS, 2)) * [6.5, 5.0] + [35.7, 32.3]
    spread = np.where(dice.random(events) < 0.3, 0.6, 0.05)
    true_lon, true_lat = (centre[town, axis] + dice.normal(0, spread) for axis in (0, 1))
    true_time = (dice.uniform(0, days * 24, events) * _HOUR_US).astype(np.int64)
    true_act = dice.integers(0, len(_ACTS) - 1, events)
    sides = dice.integers(0, 8, events)
    event = np.sort(dice.integers(0, events, number))
    is_new = np.append(True, event[1:] != event[:-1])
    nth = np.arange(number) - np.maximum.accumulate(np.where(is_new, np.arange(number), 0))
    # The first two of an event are by the two datasets, once each; what is more, by wire and patrols.
    source = np.where(nth < 2, nth, 2 + dice.integers(0, 2, number))
    radius = np.choose(source, [5000.0, 2000.0, 3000.0, 1000.0]) * np.where(dice.random(number) < 0.05, 5.0, 1.0)
    angle, off = dice.uniform(0, 2 * np.pi, number), radius * 0.8 * np.sqrt(dice.random(number))
    lat = true_lat[event] + off * np.sin(angle) / 111_000
    lon = true_lon[event] + off * np.cos(angle) / 93_000
    day = true_time[event] // (24 * _HOUR_US) * 24 * _HOUR_US
    by_day = source < 2
    late = (dice.uniform(-0.5, 0.5, number) * _HOUR_US).astype(np.int64)
    begin = _START_US + np.where(by_day, day, true_time[event] + late)
    length = np.where(by_day, 24, 2) * _HOUR_US
    act = np.where(dice.random(number) < 0.2, len(_ACTS) - 1, true_act[event])
    office = dice.integers(0, _OFFICES, number)
    cited = np.roll(office, 1)
    copies = (dice.random(number) < 0.2) & ~is_new
    pairs = np.array(
        [write_pairs([(f"SIM side {n}", f"SIM side {n + 8}")]) for n in range(8)] + [write_pairs([("", "")])]
    )
    key = dice.permutation(number)
    claims = pl.DataFrame({
        "claim_key": pl.Series(key).cast(pl.String).str.zfill(9), "source": _named(_SOURCES, source),
        "curated": by_day, "assertion": "act", "act": _named(_ACTS, act), "place_kind": "disc", "lon": lon, "lat": lat,
        "radius_m": radius, "earliest": pl.Series(begin).cast(pl.Datetime("us", "UTC")),
        "latest": pl.Series(begin + length).cast(pl.Datetime("us", "UTC")),
        "place_name": _named([f"SIM-{n}" for n in range(_TOWNS)], town[event]),
        "pairs": _named(pairs.tolist(), np.where(dice.random(number) < 0.2, 8, sides[event])),
        "office": _named([f"SIM office {n}" for n in range(_OFFICES)], office),
        "cites": _named([f'["SIM office {n}"]' for n in range(_OFFICES)] + [None], np.where(copies, cited, _OFFICES)),
    }).with_columns(
        pl.format("SIMULATION-{}", "claim_key").alias("record"), pl.col("claim_key").alias("event_key"),
        text=pl.lit(None, pl.String),
    )  # fmt: skip
    order = np.argsort(key)
    return claims_table(claims), event[order]


def burst(number: int, seed: int = 7) -> pl.DataFrame:
    """Return reports of one town on one day: about 2.5 an event, as `reports` tells them."""
    claims, _ = reports(number, seed)
    dice = np.random.default_rng(seed)
    minutes = dice.integers(0, 24 * 60, number)
    begin = pl.Series(_START_US + minutes * (_HOUR_US // 60)).cast(pl.Datetime("us", "UTC"))
    return claims.with_columns(
        earliest=begin, latest=begin.dt.offset_by("1h"), curated=pl.lit(False),
        lon=36.1 + pl.Series(dice.integers(-20, 20, number)) / 1000,
        lat=32.6 + pl.Series(dice.integers(-20, 20, number)) / 1000,
        radius_m=pl.lit(1000.0),
    )  # fmt: skip


def _named(names: Sequence[str | None], codes: np.ndarray) -> pl.Series:
    return pl.Series(names, dtype=pl.String).gather(codes)
