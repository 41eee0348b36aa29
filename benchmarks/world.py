"""SIMULATION: an invented agreement of 40 winding zones, 6 lines and 200 clauses, and invented events by the million.

The agreement is written as the text that people write and read as any agreement is: what is measured is the product.
Half of the events lie round towns in the south, where most zones are, and half anywhere; they are known within 50 m to
18 km, over two years. The same seed gives the same world and the same events.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.actors import write_pairs
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.agreement import atoms
from trucewatch.agreement.atoms import plane_of
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.dockets import Docket, docket_of
from trucewatch.where import Plane

ZONES, LINES, CLAUSES, PARTIES, ACTORS = 40, 6, 200, 6, 200
SOUTH, WHOLE = (35.5, 32.2, 37.5, 34.0), (35.5, 32.2, 42.5, 37.3)  # west, south, east, north
DAYS = 730
_BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
_WIDTHS_M = (15_000, 20_000, 10_000)
_TOWNS = 60
_ALLOWED_M = (50, 200, 500, 1000, 2500, 5000, 15000)
_ALLOWED_SHARES = (0.2, 0.25, 0.2, 0.15, 0.1, 0.08, 0.02)
AT_ONCE = 500_000
ACTS = [node for node in act_tree() if act_tree().leaves[node] == {node}][:25]
WEAPONS = [node for node in weapon_tree() if weapon_tree().leaves[node] == {node}]


@dataclass(frozen=True)
class World:
    """An invented agreement and the plane in which it is measured."""

    agreement: Agreement
    plane: Plane
    pairs: tuple[str, ...]  # of each actor, as accounts write who it was


def world(folder: Path, seed: int = 7) -> World:
    """Write the invented agreement into a folder and read it back."""
    draw = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    features = [_feature(f"zone-{n}", "Polygon", [_ring(draw, n)]) for n in range(ZONES)]
    features += [_feature(f"line-{n}", "LineString", _path(draw)) for n in range(LINES)]
    drawn = {"type": "FeatureCollection", "features": features}
    (folder / "zones.geojson").write_text(json.dumps(drawn), encoding="utf-8")
    actors = "".join(f"  actor-{n}: {{names: [SIMULATION {n}]}}\n" for n in range(ACTORS))
    (folder / "actors.yml").write_text(f"format: 1\nactors:\n{actors}", encoding="utf-8")
    (folder / "agreement.yml").write_text(_law(draw), encoding="utf-8")
    agreement = read_agreement(folder)
    assert not agreement.problems, agreement.problems
    return World(agreement, plane_of(agreement), tuple(write_pairs([(f"actor-{n}", "")]) for n in range(ACTORS)))


def fresh_docket(made: World) -> Docket:
    """Make the docket as if the agreement had just been read: nothing drawn or cut before is used again."""
    for drawn_before in (atoms._projected, atoms._strip, atoms._arrange):
        drawn_before.cache_clear()
    return docket_of(made.agreement)


def _feature(name: str, kind: str, coordinates: Any) -> dict[str, Any]:
    told = {"names": [f"SIMULATION {name}"], "kind": "named-area" if kind == "Polygon" else "line"}
    return {"type": "Feature", "id": name, "properties": told, "geometry": {"type": kind, "coordinates": coordinates}}


def _ring(draw: np.random.Generator, number: int) -> list[list[float]]:
    corners = int(np.exp(draw.uniform(np.log(50), np.log(5000))))
    is_southern = number < 0.7 * ZONES
    west, south, east, north = SOUTH if is_southern else WHOLE
    lon, lat = draw.uniform(west + 0.1, east - 0.1), draw.uniform(south + 0.1, north - 0.1)
    radius = draw.uniform(0.05, 0.45) if is_southern else draw.uniform(0.2, 0.8)
    round_ = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    away = np.ones(corners)
    for wave in range(2, min(corners // 3, 60)):
        away += draw.normal(0, 0.22 / wave) * np.cos(wave * round_ + draw.uniform(0, 2 * np.pi))
    away = np.maximum(away, 0.25) * radius * (1 + draw.normal(0, 0.004, corners))
    ring = np.column_stack((lon + 1.18 * away * np.cos(round_), lat + away * np.sin(round_))).round(7)
    return [*ring.tolist(), ring[0].tolist()]


def _path(draw: np.random.Generator) -> list[list[float]]:
    along = np.linspace(0, 1, int(draw.integers(100, 1500)))
    (west, east), (south, north) = draw.uniform(35.6, 37.4, 2), draw.uniform(32.3, 35.5, 2)
    lon, lat = west + (east - west) * along, south + (north - south) * along
    for wave in range(1, 30):
        lon = lon + draw.normal(0, 0.05 / wave) * np.sin(2 * np.pi * wave * along + draw.uniform(0, 6))
        lat = lat + draw.normal(0, 0.05 / wave) * np.cos(2 * np.pi * wave * along + draw.uniform(0, 6))
    return np.column_stack((lon, lat)).round(7).tolist()  # type: ignore[no-any-return]


def _law(draw: np.random.Generator) -> str:
    parties = "".join(
        f"  party-{p}: {{actors: [{', '.join(f'actor-{n}' for n in range(p, ACTORS, PARTIES))}]}}\n"
        for p in range(PARTIES)
    )
    zones = "".join(f"  zone-{n}: {{area: zones.geojson#zone-{n}}}\n" for n in range(ZONES))
    lines = "".join(f"  line-{n}: {{line: zones.geojson#line-{n}}}\n" for n in range(LINES))
    clauses = "".join(_clause(draw, n) for n in range(CLAUSES))
    return f"""format: 1
agreement: simulated
title: {{en: SIMULATION of an agreement}}
timezone: UTC
bound:
{parties}zones:
{zones}lines:
{lines}clauses:
{clauses}"""


def _clause(draw: np.random.Generator, number: int) -> str:
    place = number % (ZONES + LINES)
    first = int(draw.integers(0, 500))
    last = min(first + int(draw.integers(30, 300)), DAYS)
    acts = draw.choice(ACTS, int(draw.integers(3, 15)), replace=False)
    bound = draw.choice(PARTIES, int(draw.integers(1, 5)), replace=False)
    if place < ZONES:
        where = f"in: zone-{place}"
    else:
        where = f"within: {{of: line-{place - ZONES}, m: {_WIDTHS_M[place % len(_WIDTHS_M)]}}}"
    arms = f", weapons: [{', '.join(WEAPONS[:8])}]" if number % 3 == 0 else ""
    start, end = (f"{_BEGIN + timedelta(days=day):%Y-%m-%d}" for day in (first, last - 1))
    return f"""  C{number}:
    text: {{en: SIMULATION}}
    forbids: {{acts: [{", ".join(acts)}], {where}, from: {start}, until: {end}{arms}}}
    bound: [{", ".join(f"party-{p}" for p in sorted(bound))}]
"""


# ---- events ----------------------------------------------------------------------------------------------------------


def events(made: World, rows: int, seed: int = 1, by_cell: bool = False) -> Iterator[pl.DataFrame]:
    """Yield so many events as batches of accounts, projected; each batch sorted by cells of 2 km if `by_cell`.

    SIMULATION. What is the same in all of them and unknown is left out.
    """
    towns = np.random.default_rng([seed, 0])
    west, south, east, north = SOUTH
    centres = np.column_stack((towns.uniform(west, east, _TOWNS), towns.uniform(south, north, _TOWNS)))
    spread, weight = towns.uniform(0.02, 0.12, _TOWNS), towns.dirichlet(np.ones(_TOWNS))
    for first in range(0, rows, AT_ONCE):
        draw = np.random.default_rng([seed, 1 + first])
        here = min(AT_ONCE, rows - first)
        of_town = draw.choice(_TOWNS, here, p=weight)
        around = centres[of_town] + draw.normal(0, 1, (here, 2)) * spread[of_town, None]
        anywhere = np.column_stack((draw.uniform(WHOLE[0], WHOLE[2], here), draw.uniform(WHOLE[1], WHOLE[3], here)))
        points = np.where(draw.random(here)[:, None] < 0.5, np.clip(around, SOUTH[:2], SOUTH[2:]), anywhere)
        batch = _accounts(made, draw, points, first)
        if by_cell:
            cell = (pl.col("x_m") / 2000).floor(), (pl.col("y_m") / 2000).floor()
            batch = batch.sort(cell[1], cell[0], maintain_order=True)
        yield batch


def _accounts(made: World, draw: np.random.Generator, points: npt.NDArray[np.float64], first: int) -> pl.DataFrame:
    rows = len(points)
    x_m, y_m = made.plane.project(points[:, 0], points[:, 1])
    minute = draw.integers(0, DAYS * 24 * 60, rows)
    earliest = pl.Series(
        np.datetime64("2025-01-01", "us") + minute * np.timedelta64(60_000_000, "us")
    ).dt.replace_time_zone("UTC")
    radius = draw.choice(_ALLOWED_M, rows, p=_ALLOWED_SHARES) * draw.uniform(0.8, 1.2, rows)
    return pl.DataFrame(
        {
            "event": np.arange(first, first + rows),
            "earliest": earliest,
            "latest": earliest,
            "lon": points[:, 0],
            "lat": points[:, 1],
            "radius_m": radius,
            "x_m": x_m,
            "y_m": y_m,
            "act": _named(ACTS, draw.integers(0, len(ACTS), rows)),
            "weapon": _named(WEAPONS, draw.integers(0, len(WEAPONS), rows)),
            "pairs": _named(made.pairs, draw.zipf(1.5, rows) % ACTORS),
            "origins_low": pl.Series(np.ones(rows, dtype=np.int8)),
        }
    )


def _named(names: Any, codes: npt.NDArray[np.int64]) -> pl.Series:
    return pl.Series(names, dtype=pl.Enum(list(names))).gather(codes)


# ---- for peers -------------------------------------------------------------------------------------------------------


def peer_tables(made: World, docket: Docket, batch: pl.DataFrame) -> tuple[tuple[Any, ...], pl.DataFrame, pl.DataFrame]:
    """Return (zones, clauses, events) as plainly as any engine can take them.

    Zones are polygons in metres, numbered from 0. Clauses have clause (its number on the docket), zone, start_us,
    end_us (exclusive), acts, actors, weapons (lists of numbers). Events have event, x_m, y_m, t_us, act, actor, weapon,
    allowed_m. An event violates a clause that asks about its act, actor, weapon and instant where it lies in the zone
    and further than `allowed_m` from its boundary; it is undetermined where the zone is no further than `allowed_m`
    from its point and it is no violation.
    """
    shapes: dict[Any, int] = {}
    rows = []
    for number, asked in enumerate(docket.tests):
        clause, rule = asked.clause, asked.clause.what
        (inside,) = np.flatnonzero(asked.in_place.reshape(-1, len(asked.place_atoms)).any(axis=0))
        parties = [int(name.removeprefix("party-")) for name in clause.who]
        start, end = asked.timeline.cuts_us
        rows.append(
            {
                "clause": number,
                "zone": shapes.setdefault(asked.place_atoms[inside], len(shapes)),
                "start_us": int(start),
                "end_us": int(end),
                "acts": [ACTS.index(act) for act in rule.acts],
                "actors": [n for n in range(ACTORS) if n % PARTIES in parties],
                "weapons": [n for n in range(len(WEAPONS)) if not rule.weapons or WEAPONS[n] in rule.weapons],
            }
        )
    allowed = asked.plane.allowed_m(*(batch[name].to_numpy() for name in ("x_m", "y_m", "radius_m")))
    told = batch.select(
        "event",
        "x_m",
        "y_m",
        pl.col("earliest").dt.epoch("us").alias("t_us"),
        *(pl.col(name).to_physical().cast(pl.Int64).alias(other) for name, other in
          (("act", "act"), ("pairs", "actor"), ("weapon", "weapon"))),
        pl.Series("allowed_m", allowed),
    )  # fmt: skip
    return tuple(shapes), pl.DataFrame(rows), told
