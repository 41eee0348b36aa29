"""Incidents: what happened once, however many told of it; and on how many independent origins that rests.

`corroborate` never sees the agreement: it cannot know what is forbidden. It links claims that may tell of one event,
never against a cannot-link, and leaves what contradicts side by side as *accounts*: the alternatives that a finding
must hold under.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import shapely

from trucewatch.actors import ANYBODY, Register, read_pairs, write_pairs
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.claims import View
from trucewatch.evidence import OWN_OBSERVATION, Assertion
from trucewatch.names import plain_name
from trucewatch.where import Gazetteer, PlaceKind, circle_round, distance_m, place_shape

# Two claims that are told more vaguely than this are not linked: what is near in a wide disc may be anything.
LINK_REACH_M = 12_000.0
LINK_TIME = timedelta(hours=36)
MOST_ACCOUNTS = 64

# The facts of an account, by the question they answer. A value of one question is chosen whole.
QUESTIONS: dict[str, tuple[str, ...]] = {
    "when": ("earliest", "latest", "time_extent"),
    "where": ("place_kind", "lon", "lat", "radius_m", "area", "country", "geometry", "place_extent"),
    "what": ("act", "weapon", "calibre_low_mm", "calibre_high_mm"),
    "count": ("count_low", "count_high", "count_unit"),
    "who": ("pairs",),
    "facts": ("facts",),
}
FACTS = tuple(name for names in QUESTIONS.values() for name in names)


FIRST_HAND = "first-hand observers"


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Two claims that looked like one event and were kept apart, and why."""

    claim_key: str
    other_key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Incidents:
    """What was established.

    `incidents` has one row for each incident (named by its smallest claim), with the lists of its claims and offices
    and the bounds of its origins; `accounts` one row for each alternative of its facts; `members` maps claim to
    incident.
    """

    incidents: pl.DataFrame
    accounts: pl.DataFrame
    members: pl.DataFrame
    near_misses: tuple[NearMiss, ...] = ()


def corroborate(view: View, gazetteer: Gazetteer | None = None, register: Register | None = None) -> Incidents:
    """Bring claims together into incidents; a function of the set of claims, not of their order.

    `gazetteer` and `register` tell which places and names are the same. Claims that assert that nothing was observed
    are coverage, and become no incident.
    """
    told = view.claims.filter(pl.col("assertion") != Assertion.NOTHING)
    units = told.with_columns(pl.concat_str("source", pl.lit("\u0000"), "event_key").alias("unit"))
    clusters, near_misses = _link(units, register or Register())
    named = (
        units.join(clusters, on="unit", how="left")
        .sort("entry", "claim_key")
        .with_columns(pl.col("claim_key").first().over("cluster").alias("incident"))
        .sort("incident", "claim_key")
    )
    accounts = _accounts(named, gazetteer or Gazetteer())
    return Incidents(
        incidents=_summarise(named).join(_sides(named, accounts), on="incident", maintain_order="left"),
        accounts=accounts,
        members=named.select("claim_key", "incident"),
        near_misses=near_misses,
    )


# ---- links -----------------------------------------------------------------------------------------------------------


def _link(units: pl.DataFrame, register: Register) -> tuple[pl.DataFrame, tuple[NearMiss, ...]]:
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


# ---- one row for each incident ---------------------------------------------------------------------------------------


def _summarise(named: pl.DataFrame) -> pl.DataFrame:
    own = pl.col("means").is_in([str(means) for means in OWN_OBSERVATION])
    rooted = named.with_columns(*_root_of(named), own.alias("own"))
    return (
        rooted.group_by("incident", maintain_order=True)
        .agg(
            pl.col("claim_key").alias("claims"),
            pl.len().cast(pl.Int64).alias("reports"),
            pl.col("source").unique().sort().alias("sources"),
            # Who of the mission saw or heard it stays out of every product; that somebody did does not.
            pl.when("own").then(pl.lit(FIRST_HAND)).otherwise("office").drop_nulls().unique().sort().alias("offices"),
            pl.col("event_key").first(),
            pl.col("assertion").first(),
            pl.col("act").first(),
            pl.col("earliest").min(),
            pl.col("latest").max(),
            pl.col("place_name").drop_nulls().first(),
            pl.col("adm_1").drop_nulls().first(),
            pl.col("country").drop_nulls().first(),
            pl.col("dead_low").max(),
            pl.col("dead_high").max(),
            pl.col("civilians_dead").max(),
            pl.col("records_deaths").any(),
            pl.col("allegation").any(),
            pl.col("exercise").any(),
            pl.col("means").unique().sort(),
            pl.col("root").drop_nulls().unique().sort().alias("roots"),
            pl.col("is_office").any().cast(pl.Int64).alias("offices_alone"),
            pl.col("possible_root").n_unique().cast(pl.Int64).alias("origins_high"),
            pl.col("is_plural").any().alias("origins_unbounded"),
            (pl.col("own") & pl.col("interest").is_null()).any().alias("first_hand"),
            (pl.col("own") & pl.col("interest").is_null() & (pl.col("means") == "recorded")).any().alias("recorded"),
            pl.struct("file", "line").sort().alias("lines"),
        )
        .with_columns(
            pl.when(pl.col("roots").list.len() > 0)
            .then(pl.col("roots").list.len().cast(pl.Int64))
            .otherwise("offices_alone")
            .alias("origins_low"),
            pl.when("origins_unbounded").then(None).otherwise("origins_high").alias("origins_high"),
        )
        .with_columns(
            pl.when(pl.col("origins_low") >= 2)
            .then(pl.lit("corroborated"))
            .otherwise(pl.lit("reported"))
            .alias("status")
        )
        .drop("offices_alone", "origins_unbounded")
        .sort("incident")
    )


def _root_of(named: pl.DataFrame) -> list[pl.Series]:
    """Return for each claim the root that must lie behind it and the root that may, after architecture section 5.

    Sources of one interest are one root. An office with no word on where it has its knowledge has none that must be
    its own: it may have it from any other, so that such offices count as one where they stand alone, and else add
    nothing. A complaint is what is to be established and no proof of itself: who complains is no root, nor is a
    circle of citations.
    """
    columns = ("incident", "means", "source", "office", "cites", "interest", "allegation")
    rows = list(named.select(columns).iter_rows(named=True))
    heard: dict[str, _Voices] = {}
    for row in rows:
        heard.setdefault(row["incident"], _Voices()).hear(row)
    roots = [_root(row, heard[row["incident"]]) for row in rows]
    return [
        pl.Series("root", [root.must for root in roots], pl.String),
        pl.Series("possible_root", [root.may for root in roots], pl.String),
        pl.Series("is_plural", [root.is_plural for root in roots], pl.Boolean),
        pl.Series("is_office", [root.is_office for root in roots], pl.Boolean),
    ]


_OWN = {str(means) for means in OWN_OBSERVATION}
_UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class _Root:
    """What lies behind a claim: the root that must (None: none that must be its own), and the one that may."""

    must: str | None
    may: str
    is_plural: bool = False
    is_office: bool = False  # somebody who tells of it without a word on where they have their knowledge


@dataclass(frozen=True, slots=True)
class _Voices:
    """Who told of one incident: who cites whom, who speaks of their own knowledge, for whom, and who complained."""

    tellers: set[str] = field(default_factory=set)
    cites: dict[str, set[str]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)
    interests: dict[str, str] = field(default_factory=dict)
    complained: set[str] = field(default_factory=set)

    def hear(self, claim: Mapping[str, Any]) -> None:
        path = _path(claim)
        self.tellers.add(path[0])
        for citing, cited in itertools.pairwise(path):
            self.cites.setdefault(citing, set()).add(cited)
        if claim["allegation"]:
            self.complained.add(path[0])
        elif claim["means"] in _OWN or (claim["cites"] and len(path) == 1):
            self.own.add(path[0])
        if claim["interest"]:
            self.interests[path[0]] = f"interest {claim['interest']}"

    def ends(self, name: str) -> set[str]:
        """Return where the citations that begin with a name come to an end; nothing where they turn in a circle."""
        ends: set[str] = set()
        seen = {name}
        waiting = [name]
        while waiting:
            name = waiting.pop()
            further = self.cites.get(name, set())
            if not further or name in self.own or name in self.complained:
                ends.add(name)
            waiting += further - seen
            seen |= further
        return ends

    def is_silent(self, end: str) -> bool:
        """Say whether somebody at the end of a chain tells of it too, and does not say on whose word."""
        return end in self.tellers and end not in self.own and end not in self.interests


def _root(claim: Mapping[str, Any], voices: _Voices) -> _Root:
    path = _path(claim)
    teller = path[0]
    is_silent = len(path) == 1 and teller not in voices.own
    ends = {teller} if claim["means"] in _OWN else voices.ends(path[-1])
    if claim["allegation"] or (ends and ends <= voices.complained):
        return _Root(None, f"complaint {teller if claim['allegation'] else min(ends)}")
    if not ends and not is_silent:
        return _Root(None, "circle")
    if claim["interest"]:
        return _Root(f"interest {claim['interest']}", f"interest {claim['interest']}")
    if is_silent:
        return _Root(None, f"root {teller}", is_office=True)
    open_ends = sorted(ends - voices.complained)
    # Where there are several, each is a root already by what others told.
    named = [end for end in open_ends if not end.startswith(_UNNAMED) and not voices.is_silent(end)]
    if named:
        root = min(voices.interests.get(end, f"root {end}") for end in named)
        return _Root(root, root)
    is_plural = any(end.startswith(_UNNAMED) and end.partition(_BEHIND)[0].endswith("s") for end in open_ends)
    return _Root(None, f"root {open_ends[0]}", is_plural, is_office=True)


_BEHIND = " behind "


def _path(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who told a claim and whom they cite, down to the last; an office that cites itself cites nobody."""
    teller = plain_name(claim["office"]) if claim["office"] else f"source {claim['source']}"
    return _path_of(teller, claim["cites"])


@lru_cache(maxsize=65536)
def _path_of(teller: str, cites: str | None) -> tuple[str, ...]:
    path = [teller]
    for name in (plain_name(str(name)) for name in json.loads(cites)) if cites else ():
        # Whoever is not named need not be the same for two who cite them.
        known = f"{name}{_BEHIND}{path[-1]}" if name.startswith(_UNNAMED) else name
        if known != path[-1]:
            path.append(known)
    return tuple(path)


def _sides(named: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Return (incident, sides, pairs): all who may have done it to whom, by any account, and by what reports say.

    Who complains says who did it; that alone lets nobody answer for it where others saw it and do not say so.
    """
    is_report = ~pl.col("allegation") | pl.col("allegation").all().over("incident")
    told = named.filter(is_report).group_by("incident").agg("pairs")
    both = told.join(accounts.group_by("incident").agg(pl.col("pairs").alias("sides")), on="incident")
    return both.select(
        "incident",
        *(
            pl.Series(name, [_together(some) for some in both[name].to_list()], pl.String)
            for name in ("sides", "pairs")
        ),
    )


def _together(told: Iterable[str | None]) -> str:
    """Return all pairs that several reports hold feasible; what is merely vaguer than another adds nothing."""
    every = sorted({pairs or ANYBODY for pairs in told})
    if len(every) == 1:
        return every[0]
    sharp = _sharpest("who", [{"pairs": pairs} for pairs in every], Gazetteer())
    return write_pairs(pair for value in sharp for pair in read_pairs(value["pairs"]))


# ---- accounts --------------------------------------------------------------------------------------------------------


def _accounts(named: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return the alternatives of each incident's facts.

    Per question, a value that is merely vaguer than another adds nothing and is left out; different values stand beside
    each other, and every combination of them is an account.
    """
    distinct = named.select("incident", *FACTS).unique(maintain_order=True)
    alone = distinct.filter(pl.len().over("incident") == 1)
    several = distinct.filter(pl.len().over("incident") > 1)
    if several.is_empty():
        return alone.sort("incident")
    rows: list[dict[str, Any]] = []
    for (incident,), group in several.group_by("incident", maintain_order=True):
        rows.extend({"incident": incident, **account} for account in _combinations(group.to_dicts(), gazetteer))
    reduced = pl.DataFrame(rows, schema=distinct.schema)
    return pl.concat([alone, reduced]).sort("incident", "earliest", "latest", "pairs", "act", nulls_last=True)


def _combinations(told: Sequence[Mapping[str, Any]], gazetteer: Gazetteer) -> list[dict[str, Any]]:
    choices: list[list[dict[str, Any]]] = []
    for question, names in QUESTIONS.items():
        values = list({tuple(row[name] for name in names): None for row in told})
        written = [dict(zip(names, value, strict=True)) for value in values]
        choices.append(_sharpest(question, written, gazetteer))
    if int(np.prod([len(choice) for choice in choices])) > MOST_ACCOUNTS:
        return [{name: row[name] for name in FACTS} for row in told]
    return [{name: value for part in parts for name, value in part.items()} for parts in itertools.product(*choices)]


def _sharpest(question: str, values: list[dict[str, Any]], gazetteer: Gazetteer) -> list[dict[str, Any]]:
    kept = []
    for index, value in enumerate(values):
        others = (other for at, other in enumerate(values) if at != index)
        # Of two that say the same in other words, the first stays.
        if not any(
            _covers(question, value, other, gazetteer)
            and (not _covers(question, other, value, gazetteer) or values.index(other) < index)
            for other in others
        ):
            kept.append(value)
    return kept


def _covers(question: str, wide: Mapping[str, Any], sharp: Mapping[str, Any], gazetteer: Gazetteer) -> bool:
    """Say whether one value of a question says no more than another: whatever fits the sharp one fits the wide one."""
    match question:
        case "when":
            return bool(
                wide["time_extent"] == sharp["time_extent"]
                and wide["earliest"] <= sharp["earliest"]
                and sharp["latest"] <= wide["latest"]
            )
        case "where":
            return _place_covers(wide, sharp, gazetteer)
        case "what":
            return (
                act_tree().covers(wide["act"], sharp["act"])
                and weapon_tree().covers(wide["weapon"] or "weapon", sharp["weapon"] or "weapon")
                and _bounds_cover(wide, sharp, "calibre_low_mm", "calibre_high_mm")
            )
        case "count":
            return wide["count_unit"] is None or (
                wide["count_unit"] == sharp["count_unit"] and _bounds_cover(wide, sharp, "count_low", "count_high")
            )
        case "who":
            return _pairs_cover(read_pairs(wide["pairs"] or ANYBODY), read_pairs(sharp["pairs"] or ANYBODY))
        case _:
            return set(json.loads(wide["facts"] or "{}").items()) <= set(json.loads(sharp["facts"] or "{}").items())


def _bounds_cover(wide: Mapping[str, Any], sharp: Mapping[str, Any], low: str, high: str) -> bool:
    floor = wide[low] is None or (sharp[low] is not None and wide[low] <= sharp[low])
    ceiling = wide[high] is None or (sharp[high] is not None and sharp[high] <= wide[high])
    return floor and ceiling


def _pairs_cover(wide: Sequence[tuple[str, str]], sharp: Sequence[tuple[str, str]]) -> bool:
    def fits(pair: tuple[str, str]) -> bool:
        return any(w[0] in ("", pair[0]) and w[1] in ("", pair[1]) for w in wide)

    return all(fits(pair) for pair in sharp)


def _place_covers(wide: Mapping[str, Any], sharp: Mapping[str, Any], gazetteer: Gazetteer) -> bool:
    if wide["place_extent"] != sharp["place_extent"]:
        return False
    if wide["place_kind"] == PlaceKind.UNPLACED:
        return True
    if sharp["place_kind"] == PlaceKind.UNPLACED:
        return False
    outer, inner = place_shape(wide, gazetteer), place_shape(sharp, gazetteer)
    return outer is not None and inner is not None and bool(shapely.covers(outer, inner))
