"""Patrols: where a mission went, who kept it from going, and what it could therefore see.

A patrol that is planned is executed, curtailed, turned back or cancelled. While it was out it had *windows*: times in
which it could have observed some kinds of act over an area; a camera has them while it runs. Coverage is derived from
windows, and from reports that nothing was observed, which are windows too: nobody types it. A denial of access is a
restriction of the monitors' freedom of movement, in the four kinds of the act tree, and so a claim of the mission's own
that clauses of access judge like any other.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.actors import write_pairs
from trucewatch.acts import act_tree
from trucewatch.claims import SCHEMA, claims_of, empty_claims
from trucewatch.evidence import Assertion, Extent, Means, Reliability
from trucewatch.levels import Level
from trucewatch.logs.lines import Column, Kind, Line, Rows, Sheet
from trucewatch.logs.places import AREA, disc_of, place_faults
from trucewatch.problems import Problem
from trucewatch.reports import SCHEMA as REPORTS
from trucewatch.when import Span, local_day, midnight
from trucewatch.where import SLIVER_M2, Gazetteer, PlaceKind, place_shape

SOURCE = "patrols"  # of claims that are made of the log of patrols
NOTICES = "notices"  # what an attestation may be of beside acts: the log of notices

# As SLIVER_M2, in square degrees.
_SLIVER_DEGREES2 = SLIVER_M2 / 1.1e5**2


class PatrolOutcome(StrEnum):
    """What became of a patrol that was planned."""

    EXECUTED = "executed"
    CURTAILED = "curtailed"
    TURNED_BACK = "turned-back"
    CANCELLED = "cancelled"


# The four kinds of restriction, and the acts that they are.
RESTRICTIONS: Mapping[str, str] = {
    "denial": "movement-denied",
    "delay": "movement-delayed",
    "conditional": "movement-conditional",
    "other": "movement-otherwise-impeded",
}


class Seen(StrEnum):
    """What it means that nothing was found somewhere: whether somebody could have seen it."""

    NONE_FOUND = "none found"
    PARTLY_SEEN = "partly seen"
    NOT_OBSERVED = "not observed"


@dataclass(frozen=True, slots=True)
class Patrol:
    """A patrol: when it was planned and when it was out (None: not, or not told yet), where, and what became of it.

    `turned_back_by` is an actor id; `restriction` one of RESTRICTIONS.
    """

    id: str
    planned: Span
    out: Span | None
    area: str
    outcome: PatrolOutcome | None
    turned_back_by: str | None
    reason: str | None
    restriction: str | None
    level: Level


@dataclass(frozen=True, slots=True)
class Window:
    """A time [earliest, latest) in which somebody could have observed some acts all over a place (WGS 84).

    `place` is None where nothing draws it. Who watched for some weapons only says nothing of others: `weapon`.
    """

    earliest: datetime
    latest: datetime
    place: BaseGeometry | None
    acts: tuple[str, ...]
    weapon: str | None = None


@dataclass(frozen=True, slots=True)
class Attestation:
    """A role's word that the record which would hold an act, or notices, is complete for an area and a time."""

    what: str
    area: str
    place: BaseGeometry | None
    earliest: datetime
    latest: datetime
    by: str


# ---- sheets ----------------------------------------------------------------------------------------------------------


def _of_patrol(line: Line, rows: Rows) -> Iterator[Problem]:
    told = line.values
    yield from _backward(line, "planned_from", "planned_until")
    yield from _backward(line, "from", "until")
    outcome, was_out = told["outcome"], told["from"] is not None
    if was_out != (told["until"] is not None):
        yield line.problem("missing-value", "says only one of from and until", "give both, or neither")
    if outcome in (PatrolOutcome.EXECUTED, PatrolOutcome.CURTAILED) and not was_out:
        yield line.problem("missing-value", f"is {outcome}, and does not say from when until when")
    if was_out and outcome in (None, PatrolOutcome.CANCELLED):
        word = outcome or "only planned"
        yield line.problem("not-carried-out", f"is {word}, and says when it was out", "give another outcome")
    if told["restriction"] and outcome is None:
        yield line.problem("not-carried-out", "is only planned, and says how it was restricted", "give its outcome")
    if told["turned_back_by"] and not told["restriction"]:
        hint = f"one of {', '.join(RESTRICTIONS)}"
        yield line.problem("missing-value", "names who turned it back, and not the kind of restriction", hint)
    for window in rows.get(WINDOWS.name, {}).values():
        if window.values["patrol"] == line.id and (why := _outside(window, line)):
            hint = "take the window back, or change it, first"
            yield line.problem("window-outside-patrol", f"its window {window.id} {why}", hint)


def _of_window(line: Line, rows: Rows) -> Iterator[Problem]:
    yield from _of_watch(line, rows)
    patrol = rows.get(PATROLS.name, {}).get(line.values["patrol"] or "")
    if patrol and (why := _outside(line, patrol)):
        yield line.problem("window-outside-patrol", why, f"the patrol is {patrol.id}")


def _outside(window: Line, patrol: Line) -> str:
    """Return why a window cannot be one of a patrol; empty where it can."""
    told, out = window.values, patrol.values
    if out["from"] is None or out["until"] is None:
        return f"is of a patrol that is {out['outcome'] or 'only planned'}, and was not out"
    if told["from"] < out["from"] or out["until"] < told["until"]:
        return "is outside the time in which the patrol was out"
    return ""


def _of_watch(line: Line, rows: Rows) -> Iterator[Problem]:
    yield from _backward(line, "from", "until")
    yield from place_faults(line)


def _of_attestation(line: Line, rows: Rows) -> Iterator[Problem]:
    yield from _backward(line, "from", "until")


def _backward(line: Line, first: str, last: str) -> Iterator[Problem]:
    start, end = line.values[first], line.values[last]
    if start is not None and end is not None and end <= start:
        yield line.problem("end-before-start", f"{last} is not after {first}", "look whether the two were swapped")


_WATCHED = (
    Column("from", Kind.TIME, "since when", is_required=True),
    Column("until", Kind.TIME, "until when", is_required=True),
    Column("area", Kind.PLACE_ID, f"what could be seen, all of it: {AREA}"),
    Column("lat", Kind.NUMBER, "or a point, in degrees (WGS 84) ..."),
    Column("lon", Kind.NUMBER, "... its longitude ..."),
    Column("radius_m", Kind.NUMBER, "... and how far could be seen from it, in metres"),
    Column(
        "could_observe",
        Kind.CHOICE,
        "kinds of act that would have been noticed, such as use-of-weapons",
        is_required=True,
        choices=tuple(act_tree()),
        is_list=True,
    ),
)
PATROLS = Sheet(
    "patrols",
    "observed",
    "patrols as planned, and what became of them",
    (
        Column("patrol", Kind.ID, "the patrol's own id", is_required=True),
        Column("planned_from", Kind.TIME, "when it was to go", is_required=True),
        Column("planned_until", Kind.TIME, "when it was to be back", is_required=True),
        Column("area", Kind.PLACE_ID, f"where it was to go: {AREA}", is_required=True),
        Column("outcome", Kind.CHOICE, "what became of it; empty while planned", choices=tuple(PatrolOutcome)),
        Column("turned_back_by", Kind.ACTOR, "who restricted it"),
        Column("reason", Kind.TEXT, "the reason given, in the words in which it was given"),
        Column("restriction", Kind.CHOICE, "how its movement was restricted", choices=tuple(RESTRICTIONS)),
        Column("from", Kind.TIME, "when it went"),
        Column("until", Kind.TIME, "when it was back"),
    ),
    _of_patrol,
)
WINDOWS = Sheet(
    "windows",
    "observed",
    "when and where a patrol or a post could have observed what",
    (
        Column("window", Kind.ID, "the window's own id", is_required=True),
        Column("patrol", Kind.ID, "the patrol it is of; empty for a post", of="patrols"),
        *_WATCHED,
    ),
    _of_window,
)
CAMERAS = Sheet(
    "cameras",
    "observed",
    "when a camera ran, and what it could have observed where",
    (
        Column("uptime", Kind.ID, "this time's own id", is_required=True),
        Column("camera", Kind.ID, "which camera", is_required=True),
        *_WATCHED,
    ),
    _of_watch,
)
ATTESTATIONS = Sheet(
    "attestations",
    "ruled",
    "that the record which would hold an act is complete",
    (
        Column("attestation", Kind.ID, "the attestation's own id", is_required=True),
        Column(
            "what",
            Kind.CHOICE,
            "the kind of act, or notices",
            is_required=True,
            choices=(*act_tree(), NOTICES),
        ),
        Column("area", Kind.PLACE_ID, f"for where: {AREA}; empty: wherever the agreement holds"),
        Column("from", Kind.TIME, "since when it is complete", is_required=True),
        Column("until", Kind.TIME, "until when", is_required=True),
        Column("by", Kind.TEXT, "the role that attests it, never a person's name", is_required=True),
    ),
    _of_attestation,
)
SHEETS = (PATROLS, WINDOWS, CAMERAS, ATTESTATIONS)


# ---- from rows -------------------------------------------------------------------------------------------------------


def patrols_of(lines: Iterable[Line]) -> tuple[Patrol, ...]:
    """Return the patrols that stand in some rows."""
    return tuple(
        Patrol(
            line.id,
            Span(told["planned_from"], told["planned_until"], "interval"),
            Span(told["from"], told["until"], "interval") if told["from"] else None,
            told["area"],
            PatrolOutcome(told["outcome"]) if told["outcome"] else None,
            told["turned_back_by"],
            told["reason"],
            told["restriction"],
            line.level,
        )
        for line in lines
        if line.sheet == PATROLS.name and (told := line.values)
    )


def windows_of(lines: Iterable[Line], places: Mapping[str, BaseGeometry]) -> tuple[Window, ...]:
    """Return the windows of patrols, posts and cameras that stand in some rows; `places` are areas by id (WGS 84)."""
    return tuple(
        Window(told["from"], told["until"], _place(told["area"], line, places), told["could_observe"])
        for line in lines
        if line.sheet in (WINDOWS.name, CAMERAS.name) and (told := line.values)
    )


def _place(area: str | None, line: Line, places: Mapping[str, BaseGeometry]) -> BaseGeometry | None:
    return disc_of(line) if area is None else places.get(area)


def attestations_of(lines: Iterable[Line], places: Mapping[str, BaseGeometry]) -> tuple[Attestation, ...]:
    """Return the attestations that stand in some rows; `places` are areas by id (WGS 84)."""
    return tuple(
        Attestation(
            told["what"], told["area"] or "", places.get(told["area"] or ""), told["from"], told["until"], told["by"]
        )
        for line in lines
        if line.sheet == ATTESTATIONS.name and (told := line.values)
    )


def quiet_windows(claims: pl.DataFrame, gazetteer: Gazetteer) -> tuple[Window, ...]:
    """Return the windows of claims that nothing of a kind was observed, all over their place and time."""
    quiet = claims.filter(
        (pl.col("assertion") == Assertion.NOTHING)
        & (pl.col("place_extent") == Extent.THROUGHOUT)
        & (pl.col("time_extent") != Extent.WITHIN)
    )
    return tuple(
        Window(row["earliest"], row["latest"], place_shape(row, gazetteer), (row["act"],), row["weapon"])
        for row in quiet.sort("earliest", "claim_key").iter_rows(named=True)
    )


def restrictions(lines: Iterable[Line], places: Mapping[str, BaseGeometry], key: bytes) -> pl.DataFrame:
    """Return a claims table of the restrictions of movement that patrols met, under the keys of a mission.

    Each is the mission's own observation, of the level of its row, once within the time that the patrol was out, or was
    to be, and somewhere in its area.
    """
    found = [line for line in lines if line.sheet == PATROLS.name and line.values["restriction"]]
    if not found:
        return empty_claims()
    reports = pl.DataFrame([_report(line, places) for line in found], schema=REPORTS, orient="row")
    since = {line.id: line.since for line in found}
    entries = pl.col("record").replace_strict(since, return_dtype=SCHEMA["entry"])
    return claims_of(reports, key).with_columns(entries.alias("entry"))


def _report(line: Line, places: Mapping[str, BaseGeometry]) -> dict[str, object]:
    told = line.values
    place = places.get(told["area"])
    content = {name: str(value) for name, value in told.items() if value not in (None, ())}
    row: dict[str, object] = dict.fromkeys(REPORTS) | {
        "source": SOURCE,
        "record": line.id,
        "file": line.file,
        "line": line.line,
        "content": json.dumps(content, ensure_ascii=False, sort_keys=True),
        "tellers": [{"office": None, "cites": None, "text": told["reason"]}],
        "assertion": Assertion.ACT,
        "act": RESTRICTIONS[told["restriction"]],
        "earliest": told["from"] or told["planned_from"],
        "latest": told["until"] or told["planned_until"],
        "time_extent": Extent.WITHIN,
        "place_kind": PlaceKind.UNPLACED if place is None else PlaceKind.AREA,
        "geometry": shapely.to_wkb(place) if place is not None else None,
        "place_extent": Extent.WITHIN,
        "pairs": write_pairs([((told["turned_back_by"] or "").removeprefix("?"), "")]),
        "records_deaths": False,
        "means": Means.SAW,
        "reliability": Reliability.B,  # as the mission's own patrols elsewhere
        "curated": False,
        "allegation": False,
        "exercise": False,
        "facts": "{}",
    }
    hidden = {} if line.level == Level.PUBLIC else dict.fromkeys(_TOLD, line.level.word)
    return {**row, "levels": json.dumps(hidden, sort_keys=True)}


# Whatever a claim says, and not what makes it a claim of its source.
_TOLD = sorted(
    SCHEMA.keys()
    - {"claim_key", "version", "event_key", "source", "item", "entry", "assertion", "levels", "file", "line"}
)


# ---- coverage --------------------------------------------------------------------------------------------------------


def coverage(
    windows: Iterable[Window], acts: Iterable[str], zone: BaseGeometry, start: datetime, end: datetime
) -> Seen:
    """Say what it means that no such act was found in a zone (WGS 84) in [start, end).

    NONE_FOUND where at every instant windows in which each kind of act would have been noticed cover the whole zone,
    PARTLY_SEEN where only some of it was watched, for some of the acts or some of the time, else NOT_OBSERVED.
    """
    tree, asked = act_tree(), tuple(acts)
    seen = [
        window
        for window in windows
        if window.earliest < end
        and window.latest > start
        and window.place is not None
        and any(tree.on_one_chain(one, act) for one in window.acts for act in asked)
        and _overlap(window.place, zone)
    ]
    if not seen:
        return Seen.NOT_OBSERVED
    for act in asked:
        # Whoever saw no shelling, or no tanks, says nothing of other fire.
        views = [one for one in seen if one.weapon is None and any(tree.covers(node, act) for node in one.acts)]
        for at, until in _stretches(views, start, end):
            if not _covers([one.place for one in views if one.earliest <= at and until <= one.latest], zone):
                return Seen.PARTLY_SEEN
    return Seen.NONE_FOUND


def coverage_by_day(
    windows: Sequence[Window],
    zones: Mapping[str, BaseGeometry],
    acts: Sequence[str],
    start: datetime,
    end: datetime,
    timezone: str,
) -> pl.DataFrame:
    """Return (day, zone, act, seen): what could be seen on each local day of [start, end) in each zone, act by act.

    A day of which only a part lies in the period counts with that part.
    """
    rows = []
    for day, first, last in _days(start, end, timezone):
        that_day = [window for window in windows if window.earliest < last and window.latest > first]
        rows += [
            {"day": day, "zone": zone, "act": act, "seen": str(coverage(that_day, (act,), shape, first, last))}
            for zone, shape in zones.items()
            for act in acts
        ]
    return pl.DataFrame(rows, schema={"day": pl.Date, "zone": pl.String, "act": pl.String, "seen": pl.String})


def _days(start: datetime, end: datetime, timezone: str) -> Iterator[tuple[date, datetime, datetime]]:
    day = local_day(start, timezone)
    while (first := midnight(day, timezone)) < end:
        following = day + timedelta(days=1)
        yield day, max(start, first), min(end, midnight(following, timezone))
        day = following


def attested(
    attestations: Iterable[Attestation], what: str, area: str, span: Span, places: Mapping[str, BaseGeometry]
) -> bool:
    """Say whether the record that would hold an act (or NOTICES) is attested complete for all of an area and a time.

    `area` is an id of `places`; empty: wherever the agreement holds, which only an attestation without an area covers.
    """
    tree, zone = act_tree(), places.get(area)
    held = [
        one
        for one in attestations
        if one.what == what or (one.what in tree and what in tree and tree.covers(one.what, what))
    ]
    for at, until in _stretches(held, span.earliest, span.latest):
        now = [one for one in held if one.earliest <= at and until <= one.latest]
        if not any(one.area in ("", area) for one in now) and not _covers([one.place for one in now], zone):
            return False
    return True


def _overlap(place: BaseGeometry, zone: BaseGeometry) -> bool:
    # Areas that share a border only touch.
    return bool(place.intersection(zone).area > min(_SLIVER_DEGREES2, place.area / 2))


def _stretches(
    views: Iterable[Window | Attestation], start: datetime, end: datetime
) -> Iterable[tuple[datetime, datetime]]:
    """Return the stretches of a time, between which some view begins or ends; an instant is one stretch."""
    edges = (edge for view in views for edge in (view.earliest, view.latest))
    return list(itertools.pairwise(sorted({start, end, *(min(max(edge, start), end) for edge in edges)}))) or [
        (start, end)
    ]


def _covers(places: Iterable[BaseGeometry | None], zone: BaseGeometry | None) -> bool:
    """Say whether some places together cover a zone; what nobody drew covers nothing, and is never covered."""
    drawn = [place for place in places if place is not None]
    # Where two of them overlap, their union may leave out a hair along the edge of the zone.
    return bool(drawn) and zone is not None and bool(zone.difference(shapely.union_all(drawn)).area <= _SLIVER_DEGREES2)
