"""Links: which claims are held to tell of one event, in what order, and which were kept apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import shapely

from trucewatch.actors import ANYBODY, Register, read_pairs
from trucewatch.acts import act_tree
from trucewatch.where import circle_round, distance_m

# Two claims that are told more vaguely than this are not linked: what is near in a wide disc may be anything.
LINK_REACH_M = 12_000.0
LINK_TIME = timedelta(hours=36)


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Two claims that looked like one event and were kept apart, and why."""

    claim_key: str
    other_key: str
    reason: str


def link(units: pl.DataFrame, register: Register) -> tuple[pl.DataFrame, tuple[NearMiss, ...]]:
    """Return (unit -> cluster, near misses): must-linked units joined by the links that no cannot-link forbids."""
    heads = units.sort("claim_key").unique("unit", keep="first", maintain_order=True)
    names = heads["unit"].to_list()
    parent = list(range(len(names)))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    # What a cluster already holds of each curated source, and of each report: a second one may not join it.
    holds: list[dict[str, str]] = [{} for _ in names]
    columns = ("curated", "source", "event_key", "record", "claim_key")
    for index, (curated, source, event, record, _) in enumerate(heads.select(columns).iter_rows()):
        if curated:
            holds[index][source] = event
        elif record is not None:
            holds[index][f"{source}\u0000{record}"] = event
    keys = heads["claim_key"].to_list()
    near_misses: list[NearMiss] = []
    for one, other in _candidates(heads, register):
        first, second = root(one), root(other)
        if first == second:
            continue
        clash = next((s for s, e in holds[first].items() if holds[second].get(s, e) != e), None)
        if clash is not None:
            reason = f"{clash.split(chr(0))[0]} records them as different events"
            near_misses.append(NearMiss(keys[one], keys[other], reason))
            continue
        parent[second] = first
        holds[first].update(holds[second])
    clusters = pl.DataFrame({"unit": names, "cluster": [root(i) for i in range(len(names))]},
                            schema={"unit": pl.String, "cluster": pl.Int64})  # fmt: skip
    return clusters, tuple(near_misses)


def _candidates(heads: pl.DataFrame, register: Register) -> list[tuple[int, int]]:
    """Return index pairs of units that may tell of one event, closest first, ties by their keys."""
    close = (
        _with_reach(heads)
        .with_row_index("at")
        .filter(
            pl.col("lon").is_not_null()
            & pl.col("lat").is_not_null()
            & (pl.col("radius_m") <= LINK_REACH_M)
            & (pl.col("latest") - pl.col("earliest") <= LINK_TIME)
        )
        .select("at", "lon", "lat", "radius_m", "earliest", "latest", "act", "pairs", "source", "curated", "claim_key")
    )
    # Within one curated source nothing links, so a lone one has no candidates.
    if close.filter(~pl.col("curated")).is_empty() and close["source"].n_unique() < 2:
        return []
    lat, lon = close["lat"].to_numpy(), close["lon"].to_numpy()
    reach = 2 * LINK_REACH_M / 111_000.0
    wide = reach / np.maximum(np.cos(np.radians(lat)), 0.05)
    boxes = shapely.box(lon - wide / 2, lat - reach / 2, lon + wide / 2, lat + reach / 2)
    left, right = shapely.STRtree(boxes).query(boxes)
    keep = left < right
    left, right = left[keep], right[keep]
    start, end = close["earliest"].to_numpy(), close["latest"].to_numpy()
    keep = (start[left] < end[right]) & (start[right] < end[left])
    left, right = left[keep], right[keep]
    rows = close.to_dicts()
    found: list[tuple[float, str, str, int, int]] = []
    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        gap = _closeness(rows[one], rows[other], register)
        if gap is not None:
            low, high = sorted((rows[one]["claim_key"], rows[other]["claim_key"]))
            found.append((gap, low, high, int(rows[one]["at"]), int(rows[other]["at"])))
    return [(one, other) for _, _, _, one, other in sorted(found)]


def _with_reach(heads: pl.DataFrame) -> pl.DataFrame:
    """Give every sector, line and drawn area the circle that lies round it, for the search alone."""
    rows = heads.select("geometry", "lon", "lat", "radius_m").iter_rows()
    circles = [circle_round(geometry) if geometry is not None else told for geometry, *told in rows]
    columns = list(zip(*circles, strict=True)) if circles else [(), (), ()]
    return heads.with_columns(
        pl.Series(name, column, pl.Float64) for name, column in zip(("lon", "lat", "radius_m"), columns, strict=True)
    )


def _closeness(one: Mapping[str, Any], other: Mapping[str, Any], register: Register) -> float | None:
    """Return how near two claims are as a share of what their radii allow, or None where they tell of different
    things.
    """
    if one["curated"] and other["curated"] and one["source"] == other["source"]:
        return None
    allowed = one["radius_m"] + other["radius_m"]
    if allowed > LINK_REACH_M or not act_tree().on_one_chain(one["act"], other["act"]):
        return None
    apart = distance_m(one["lon"], one["lat"], other["lon"], other["lat"])
    if apart > allowed or not _may_be_same_people(one["pairs"], other["pairs"], register):
        return None
    return round(apart / max(float(allowed), 1.0), 6)


def _may_be_same_people(one: str | None, other: str | None, register: Register) -> bool:
    mine, yours = (_people(pairs or ANYBODY, register) for pairs in (one, other))
    return not mine or not yours or bool(mine & yours)


def _people(pairs: str, register: Register) -> set[str]:
    named = {name for pair in read_pairs(pairs) for name in pair if name}
    ids = {register.identify(part) for name in named for part in (name, *name.split(", "))}
    return ids | {member for actor in ids for member in register.stands_for(actor)}
