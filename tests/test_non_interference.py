"""Non-interference: missions that differ only above an audience give it the same bytes, in every product alike.

Groups of missions are drawn that share what an audience may know and differ in all else: in what stands in fields above
it, in whole reports above it, in rows refused, decisions taken, keys, entries, files and lines. Each is taken along the
whole route; whatever leaves it for that audience must be the same. Mistakes that are easily made are planted one by
one, and each must be found.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from trucewatch import route, views
from trucewatch.actors import write_pairs
from trucewatch.beside import beside_of, places_of
from trucewatch.claims import claims_table, keyed_hash
from trucewatch.decisions import Decision
from trucewatch.grains import Grain, grain_of
from trucewatch.incidents import corroborate
from trucewatch.levels import Level, audiences
from trucewatch.logs.casualties import CASUALTIES
from trucewatch.logs.impacts import IMPACT_SITES
from trucewatch.logs.inspections import INSPECTIONS
from trucewatch.logs.liaison import CHANNELS, NOTICES
from trucewatch.logs.lines import Line
from trucewatch.logs.patrols import ATTESTATIONS, PATROLS, WINDOWS, restrictions
from trucewatch.problems import Problem, TrucewatchError
from trucewatch.route import Assessment, RowAccount, follow_route
from trucewatch.shipped import open_agreement, open_source
from trucewatch.sitreps import figures as figures_module
from trucewatch.sitreps import map as map_module
from trucewatch.sitreps import pdf
from trucewatch.sitreps.blocks import Document
from trucewatch.sitreps.document import document_of
from trucewatch.sitreps.provenance import finding_provenance
from trucewatch.sitreps.publish import FORMATS, publish
from trucewatch.sitreps.tables import findings_csv, findings_geojson, findings_table, summary_json
from trucewatch.sources import Source
from trucewatch.traces import trace
from trucewatch.views import Declassified, view
from trucewatch.when import Span
from trucewatch.where import Gazetteer

EVERY = audiences(["government-forces", "southern-opposition"])
AUDIENCES = EVERY[:-1]  # above what is sealed there is nothing
MISSIONS = 4  # in a group, each held against every other
LAW = open_agreement("south-syria-2017")
# Fewer clauses and no second count: a pair is to be cheap.
LAW = replace(LAW, clauses=LAW.clauses[:3], readings={})
FEEDS: Mapping[str, Source] = {name: open_source(name) for name in ("complaints", "patrol", "presence", "ucdp", "wire")}
MAY = datetime(2018, 5, 1, tzinfo=UTC)


# ---- missions that differ above an audience --------------------------------------------------------------------------


@dataclass(frozen=True)
class World:
    """One mission: all that it holds, whoever may know it."""

    def __repr__(self) -> str:
        return f"<World of {self.claims.height} claims>"

    claims: pl.DataFrame
    rows: tuple[RowAccount, ...]
    sources: tuple[Source, ...]
    decisions: tuple[Decision, ...]
    declassified: tuple[Declassified, ...]
    entries: int
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked of every mission of a group alike."""

    audience: Level
    period: Span | None
    published: date | None
    grains: Mapping[str, Grain] | None


OFFICES = st.sampled_from(["SANA", "SOHR", "Enab Baladi", "Post 3", None])
SIDES = [("Government of Syria", "Southern Front"), ("Southern Front", "Government of Syria")]
PAIRS = [SIDES, SIDES[:1], [("Government of Syria", "civilians")], [("", "")]]
PLACES: list[dict[str, Any]] = [
    {"place_kind": "disc", "lon": 36.25, "lat": 32.75, "radius_m": 2000.0},
    {"place_kind": "disc", "lon": 35.9, "lat": 33.0, "radius_m": 20_000.0},
    {"place_kind": "disc", "lon": 36.2, "lat": 32.52, "radius_m": 3000.0},
    {"place_kind": "sector", "lon": 36.1, "lat": 32.8, "geometry": shapely.box(36.1, 32.8, 36.15, 32.85).wkb},
    {"place_kind": "area", "area": "suwayda"},
    {"place_kind": "area", "area": "daraa", "place_extent": "throughout"},
    {"place_kind": "area", "area": "area-of-separation"},
    {"place_kind": "country"},
    {"place_kind": "unplaced"},
]  # fmt: skip
# Fields that are marked together, and what else may stand in them where an audience may not know.
TOLD: Mapping[str, Any] = {
    "office": OFFICES,
    "cites": st.sampled_from([None, '["SANA"]', '["a resident"]']),
    "text": st.sampled_from([None, "They fired.", "Shells fell on the heron's ridge at dawn."]),
    "record": st.sampled_from([None, "r1", "r2", "r3"]),
    "place_name": st.sampled_from([None, "Nawa", "Heron ridge"]),
    "adm_1": st.sampled_from([None, "Daraa", "Quneitra"]),
    "country": st.sampled_from([None, "Syria"]),
    "pairs": st.sampled_from([write_pairs(pairs) for pairs in PAIRS]),
    "civilians_dead": st.sampled_from([None, 0, 3, 7]),
    "count_low": st.sampled_from([None, 1, 12]),
    "weapon": st.sampled_from([None, "mortar"]),
    "means": st.sampled_from(["heard", "saw", "open-source"]),
}
WHERE = ("lon", "lat", "radius_m", "geometry", "area")


@st.composite
def reports(draw: st.DrawFn, n: int) -> dict[str, Any]:
    """One report, as a row of a claims table without its names."""
    first = MAY + timedelta(days=draw(st.integers(0, 40)), hours=draw(st.integers(0, 23)))
    kind = draw(st.sampled_from(["act", "act", "act", "presence", "nothing"]))
    act = {"act": st.sampled_from(["shelling", "use-of-weapons"]), "nothing": st.just("use-of-weapons")}
    source = draw(st.sampled_from(["patrol", "wire", "wire", "ucdp", "presence"]))
    return {
        "source": source, "curated": source == "ucdp", "records_deaths": source == "ucdp", "assertion": kind,
        "act": draw(act.get(kind, st.just("presence-of-forces"))), "earliest": first, "allegation": False,
        "latest": first + timedelta(hours=draw(st.sampled_from([1, 5, 24, 72]))), "exercise": False, "facts": "{}",
        "time_extent": {"act": "within", "presence": "throughout", "nothing": "nothing"}[kind], "reliability": "B",
        "place_extent": "within", **draw(st.sampled_from(PLACES)), **{k: draw(v) for k, v in TOLD.items()},
        "number": n,
    }  # fmt: skip


def _logged() -> Iterator[Line]:
    """Rows of the mission's own sheets."""
    for sheet, told in (
        (PATROLS, {"outcome": "turned-back", "restriction": "denial", "turned_back_by": "Government of Syria"}),
        (PATROLS, {"outcome": "cancelled", "reason": "The heron nests there."}),
        (WINDOWS, {"could_observe": ("act",)}),
        (ATTESTATIONS, {"what": "act", "by": "registry"}),
        (CHANNELS, {"channel": "line", "state": "open", "says": "Heron"}),
        (NOTICES, {"channel": "line", "sender": "Government of Syria", "addressee": "mission", "subject": "query"}),
        (CASUALTIES, {"outcome": "killed", "sex": "female", "age_band": "child", "site": True, "medical": True}),
        (INSPECTIONS, {"site": "heron", "party": "syria", "outcome": "missing"}),
        (IMPACT_SITES, {"subject": "r1", "lat": 32.75, "lon": 36.25, "radius_m": 9.0, "direction": 80.0, "error": 9.0}),
    ):
        for n, (area, first, last) in enumerate((("daraa", -9, 90), ("suwayda", 3, 4), ("quneitra", 12, 30))):
            start, end = MAY + timedelta(days=first), MAY + timedelta(days=last)
            times = {"from": start, "until": end, "planned_from": start, "planned_until": end, "sent": start}
            own: dict[str, Any] = {**times, "area": area, sheet.columns[0].name: f"r-{n}", **told}
            if sheet is CHANNELS:
                own |= {"from": (start.isoformat(), end.isoformat()), "until": None}
            own |= dict.fromkeys(("happened", "verified_on", "assessed_on", "on"), (start.isoformat(), end.isoformat()))
            empty = {column.name: () if column.is_list else None for column in sheet.columns}
            yield Line(sheet.name, f"r-{n}", {**empty, **{k: v for k, v in own.items() if k in empty}, "note": None})


LOGGED = tuple(_logged())


@st.composite
def marks(draw: st.DrawFn, audience: Level) -> dict[str, Level]:
    """Levels of the fields of a report that an audience may know of."""
    names = draw(st.lists(st.sampled_from([*TOLD, "where"]), max_size=5, unique=True))
    levels = {name: draw(st.sampled_from(EVERY)) for name in names}
    if where := levels.pop("where", None):
        levels |= dict.fromkeys(WHERE, where)
    may = [level for level in EVERY if level <= audience]
    return levels | {"act": draw(st.sampled_from(may))}


@st.composite
def worlds(draw: st.DrawFn, audience: Level) -> tuple[Asked, list[World]]:
    """A group of missions that differ only above an audience, and what is asked of each."""
    shared = [draw(reports(n)) for n in range(draw(st.integers(1, 4)))]
    levels = [draw(marks(audience)) for _ in shared]
    published = draw(st.sampled_from([None, date(2018, 6, 12), date(2018, 7, 1)]))
    lowered = draw(st.booleans())
    grains = draw(st.sampled_from([None, None, {audience.word: Grain(0.5, "weeks", 1, 2, 7)}]))
    period = draw(st.sampled_from([None, Span(MAY, MAY + timedelta(days=31), "interval")]))
    grains = grains if not audience >= Level.MISSION else None
    asked = Asked(audience, period, published, grains)
    may = [level for level in EVERY if level <= audience]
    logged = draw(st.lists(st.tuples(st.sampled_from(LOGGED), st.sampled_from(may)), max_size=3))
    return asked, [draw(variants(audience, shared, levels, lowered, logged)) for _ in range(MISSIONS)]


@st.composite
def variants(
    draw: st.DrawFn,
    audience: Level,
    shared: list[dict[str, Any]],
    levels: list[dict[str, Level]],
    lowered: bool,
    logged: list[tuple[Line, Level]],
) -> World:
    """One mission of a group."""
    # To the mission its own key and entries are known.
    is_below = not audience >= Level.MISSION
    key = draw(st.binary(min_size=1, max_size=4)) if is_below else b"key"
    rows = []
    for row, marked in zip(shared, levels, strict=True):
        told = dict(row)
        above = {name for name, level in marked.items() if not level <= audience}
        if "lon" in above:
            told |= {"geometry": None, "area": None, **draw(st.sampled_from(PLACES)), "place_kind": row["place_kind"]}
            told |= {name: row[name] for name in ("place_extent",)}
        told |= {name: draw(values) for name, values in TOLD.items() if name in above}
        rows.append(_claim(told, marked, key, draw(st.integers(1, 9)) if is_below else row["number"] + 1, bool(above)))
    unknown = [level for level in EVERY if not level <= audience]
    for n in range(draw(st.integers(0, 4))):
        hidden = draw(reports(100 + n))
        hidden["source"] = draw(st.sampled_from(["complaints", hidden["source"]]))
        mark = {"act": draw(st.sampled_from(unknown)), "office": draw(st.sampled_from(EVERY))}
        rows.append(_claim(hidden, mark, key, draw(st.integers(1, 9)), True))
    other = draw(st.lists(st.tuples(st.sampled_from(LOGGED), st.sampled_from(unknown)), max_size=2))
    at = draw(st.integers(1, 9)) if is_below else 1
    lines = tuple(
        replace(line, id=f"{line.id}-{n}", level=level, number=at + n, since=at, file=f"log-{at}.csv", line=at + n)
        for n, (line, level) in enumerate([*logged, *other])
    )
    met = restrictions(lines, places_of(LAW), key)
    frame = claims_table(pl.concat([claims_table(pl.DataFrame(rows, infer_schema_length=None)), met]))
    keys = frame["claim_key"].to_list()
    decided = draw(st.lists(st.tuples(st.sampled_from(keys), st.sampled_from(keys), st.booleans()), max_size=2))
    refused = draw(st.integers(0, 3)) if is_below else 1
    problem = Problem("heron.csv", refused, "bad-date", f"'{refused}' is no date")
    accounts = tuple(RowAccount(name, (problem,) * refused, 9 * refused, refused, refused) for name in FEEDS)
    secret = tuple(
        Declassified(frozenset(keys), frozenset({"act", "office"}), level, "chief", "asked") for level in unknown
    )
    # What was decided for the audience itself is known to it, and the same in all.
    known = [row["claim_key"] for row in rows[: len(shared)]] if lowered else []
    open_ = tuple(
        Declassified(frozenset({key}), frozenset({"office"}), audience, "chief", "asked")
        for key, marked in zip(known, levels, strict=False)
        if marked.get("office", audience) <= audience
    )
    return World(
        frame if draw(st.booleans()) else frame.reverse(),
        accounts,
        tuple(FEEDS.values())
        if not is_below or draw(st.booleans())
        else tuple(FEEDS[n] for n in sorted({r["source"] for r in rows})),
        tuple(Decision(n, one, other, same) for n, (one, other, same) in enumerate(decided)) if is_below else (),
        (*open_, *(secret if draw(st.booleans()) else ())),
        draw(st.integers(10, 99)),
        lines,
    )


def _claim(
    told: Mapping[str, Any], levels: Mapping[str, Level], key: bytes, entry: int, is_partly_hidden: bool
) -> dict[str, Any]:
    row = {name: value for name, value in told.items() if name != "number"}
    number = str(told["number"])
    version = keyed_hash(key, repr(sorted(row.items(), key=str)) if is_partly_hidden else number)
    written = {name: level.word for name, level in levels.items() if level != Level.PUBLIC}
    return {
        **row, "claim_key": keyed_hash(key, "claim", number), "version": version, "entry": entry, "item": 0,
        "event_key": keyed_hash(key, "event", number), "file": f"{row['source']}-{entry}.csv", "line": 10 * entry,
        "levels": json.dumps(written, sort_keys=True),
    }  # fmt: skip


# ---- what leaves a mission for an audience ---------------------------------------------------------------------------


def released(asked: Asked, world: World, folder: Path | None = None) -> dict[str, bytes]:
    """Return every product of a mission for an audience by name, all that it prints, and what it answers.

    Without a folder the products are those that cost little: a page is laid out for some pairs only.
    """
    heard: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: heard.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        done = follow_route(
            world.claims, world.sources, world.rows, LAW, None, asked.period, asked.audience,
            decisions=world.decisions, progress=heard.append, published=asked.published,
            declassified=world.declassified, grains=asked.grains, beside=beside_of(world.lines, asked.audience, LAW),
        )  # fmt: skip
        told = {name: outlet(done) for name, outlet in OUTLETS.items()}
        if folder is not None:
            written = publish(done.figures, LAW, folder, FORMATS, ("en", "ar"))
            told |= {path.name: path.read_bytes() for path in written}
            told["listing"] = repr(sorted((p.name, p.stat().st_size) for p in folder.iterdir())).encode()
            traced = [trace(folder, id) for id in done.findings["finding"]]
            told["traces"] = repr(traced).encode()
            told["provenance"] = b"".join(map(finding_provenance, traced))
    finally:
        logging.getLogger().removeHandler(handler)
    return {**told, "log": "\n".join(heard).encode()}


# Whatever goes out; a new kind of product needs a line here, or is written by `publish`.
OUTLETS: Mapping[str, Callable[[Assessment], bytes]] = {
    "findings.csv": lambda done: findings_csv(findings_table(done.figures)),
    "findings.geojson": lambda done: findings_geojson(done.figures, LAW),
    "summary.json": lambda done: summary_json(done.figures),
    "table": lambda done: repr(done.findings.rows()).encode(),
    "claims": lambda done: repr(done.claims.rows()).encode(),
    "incidents": lambda done: repr(done.incidents.rows()).encode(),
    "printed": lambda done: repr([done, done.material.view, done.problems, done.figures]).encode(),
    "a finding that is not there": lambda done: answer(done, "no-such-finding"),
}


def viewed(asked: Asked, world: World) -> dict[str, bytes]:
    """Return what all is derived from: for mistakes that are made so early."""
    grain = grain_of(asked.audience, asked.grains)
    seen = view(world.claims, asked.audience, grain, LAW.gazetteer, LAW.timezone, asked.published, world.declassified)
    return {"claims": repr(seen.claims.rows()).encode(), "marking": seen.level.word.encode()}


def answer(where: Path | Assessment, finding: str) -> bytes:
    """Return what one is told who asks for a finding, also where there is none."""
    try:
        return repr(trace(where, finding) if isinstance(where, Path) else where.finding(finding)).encode()
    except (TrucewatchError, KeyError) as refused:
        return repr(refused).replace(str(where), "OUT").encode()


def differing(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> list[str]:
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


# ---- the property ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audience", AUDIENCES, ids=lambda level: level.word)
def test_what_an_audience_may_not_know_changes_not_one_byte_of_what_it_gets(
    audience: Level, is_long: bool, tell: Callable[[str], None], tmp_path: Path
) -> None:
    counted: Counter[str] = Counter()
    found: set[str] = set()

    # Differences are told when all groups have run: to look for the smallest one takes minutes.
    @settings(max_examples=280 if is_long else 9, phases=[Phase.generate])
    @given(worlds(audience))
    def they_are_one(group: tuple[Asked, list[World]]) -> None:
        asked, missions = group
        is_full = counted["groups"] < (30 if is_long else 1)
        told = [released(asked, world, tmp_path / str(n) if is_full else None) for n, world in enumerate(missions)]
        assert not is_full or {"sitrep.pdf", "sitrep.ar.pdf", "sitrep.docx", "findings.xlsx"} <= told[0].keys()
        for one, other in itertools.combinations(told, 2):
            found.update(differing(one, other))
            counted["pairs"] += 1
            counted["full"] += is_full
        counted["groups"] += 1
        counted["findings"] += b"\n" in told[0]["findings.csv"].strip()

    they_are_one()
    assert not found
    assert counted["pairs"] >= (1_670 if is_long else 50) and counted["full"] >= 4
    assert counted["findings"] * 2 > counted["groups"]
    tell(
        f"non-interference, {audience.word}: {counted['pairs']} pairs of missions, {counted['full']} of them with "
        "every page, gave the same bytes"
    )


# ---- mistakes, each of which must be found ---------------------------------------------------------------------------

Wrong = Callable[[Asked, World, pytest.MonkeyPatch], dict[str, bytes]]


def _row_number_as_id(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    honest = view

    def numbered(claims: pl.DataFrame, *rest: Any) -> views.View:
        found = honest(claims, *rest)
        ids = [f"{claims.height - n:032x}" for n in range(found.claims.height)]
        return replace(
            found, claims=found.claims.with_columns(pl.Series("claim_key", ids, pl.String)).sort("claim_key")
        )

    patch.setattr(route, "view", numbered)
    return released(asked, world)


def _share_verified_over_all(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    everything = corroborate(view(world.claims, Level.SEALED), LAW.gazetteer, LAW.register).incidents
    verified = everything.filter(pl.col("status") == "corroborated").height
    return {**viewed(asked, world), "cover": f"{verified / max(everything.height, 1):.0%} verified".encode()}


def _as_of_all_rows(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    patch.setattr(figures_module, "_cut_off", lambda material: str(world.claims["latest"].max()))
    return released(asked, world)


def _hottest_zone_over_all(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    zones = Counter(str(area) for area in world.claims["adm_1"])
    return {
        **released(asked, world),
        "headline": repr(min(zones.items(), key=lambda zone: (-zone[1], zone[0]))).encode(),
    }


def _padding(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    told = released(asked, world)
    return {**told, "summary.json": told["summary.json"] + b" " * (64 * world.claims.height)}


def _grade_raised_by_a_sealed_report(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    # What it takes to be counted is let through for every report, and nobody decided so.
    honest: Callable[..., views.View] = view
    counts = frozenset({"act", "office", "pairs"})
    freely = Declassified(frozenset(world.claims["claim_key"]), counts, Level.PUBLIC, "nobody", "a grade")

    def let_through(*told: Any) -> views.View:
        return honest(*told[:-1], [freely])

    patch.setattr(route, "view", let_through)
    return released(asked, world)


def _map_fitted_to_all_rows(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    honest = map_module._frame
    points = world.claims.select("lon", "lat").drop_nulls().rows()

    def fitted(plane: Any, shapes: Any) -> Any:
        near = [plane.shape(shapely.Point(lon, lat).buffer(0.5)) for lon, lat in points]
        return honest(plane, [*shapes, *near])

    patch.setattr(map_module, "_frame", fitted)
    return {"map": repr(map_module._lay_out(_figures_of(asked, world), LAW)).encode()}


def _figures_of(asked: Asked, world: World) -> Any:
    return follow_route(world.claims, world.sources, world.rows, LAW, None, asked.period, asked.audience).figures


def _metadata_of_a_pdf(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    honest = Document.name.fget  # type: ignore[attr-defined]
    patch.setattr(Document, "name", property(lambda document: f"{honest(document)}, made at entry {world.entries}"))
    return {"sitrep.pdf": pdf.render_pdf(document_of(_figures_of(asked, world), LAW))}


def _size_of_the_internal_tree(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    return {**released(asked, world), "release.json": json.dumps({"size": world.entries}).encode()}


def _rows_refused_of_all(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    def all_rows(rows: Any, seen: Any, sources: Any) -> Any:
        return tuple(sources), (), sum(r.read for r in rows), sum(r.refused for r in rows), 0

    patch.setattr(route, "_account", all_rows)
    return released(asked, world)


def _decisions_on_what_is_hidden(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    return {**released(asked, world), "notes": "\n".join(map(str, world.decisions)).encode()}


def _names_of_the_mission(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    patch.setattr(views, "_renamed", lambda rows, is_received: rows)
    return released(asked, world)


def _witnesses_counted_over_all(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    offices = world.claims["office"].n_unique()
    honest = views._without_witnesses

    def all_counted(claims: pl.DataFrame, least: int, gazetteer: Gazetteer) -> pl.DataFrame:
        return honest(claims, least - max(offices - claims["office"].n_unique(), 0), gazetteer)

    patch.setattr(views, "_without_witnesses", all_counted)
    return viewed(asked, world)


def _day_of_publication_of_all_rows(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    last = world.claims["earliest"].max()
    assert isinstance(last, datetime)
    honest = views._is_young
    patch.setattr(views, "_is_young", lambda claims, delay, day, zone: honest(claims, delay, last.date(), zone))
    return viewed(asked, world)


def _log_that_passed_no_door(asked: Asked, world: World, patch: pytest.MonkeyPatch) -> dict[str, bytes]:
    honest = follow_route
    everything = beside_of(world.lines, Level.SEALED, LAW)
    patch.setitem(globals(), "follow_route", lambda *told, **more: honest(*told, **{**more, "beside": everything}))
    return released(asked, world)


MISTAKES: Mapping[str, Wrong] = {
    "row number as id": _row_number_as_id,
    "share verified over all": _share_verified_over_all,
    "as of all rows": _as_of_all_rows,
    "hottest zone over all": _hottest_zone_over_all,
    "padding": _padding,
    "grade raised by a sealed report": _grade_raised_by_a_sealed_report,
    "map fitted to all rows": _map_fitted_to_all_rows,
    "metadata of a PDF": _metadata_of_a_pdf,
    "size of the internal tree": _size_of_the_internal_tree,
    "rows refused of all": _rows_refused_of_all,
    "decisions on what is hidden": _decisions_on_what_is_hidden,
    "names of the mission": _names_of_the_mission,
    "witnesses counted over all": _witnesses_counted_over_all,
    "day of publication of all rows": _day_of_publication_of_all_rows,
    "log that passed no door": _log_that_passed_no_door,
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_property_finds_every_mistake_that_is_planted(mistake: str, tell: Callable[[str], None]) -> None:
    tried: Counter[str] = Counter()

    @settings(max_examples=5, phases=[Phase.generate])
    @given(st.sampled_from([level for level in AUDIENCES if not level >= Level.MISSION]).flatmap(worlds))
    def it_is_refuted(group: tuple[Asked, list[World]]) -> None:
        if tried["refuted"]:
            return
        asked, missions = group
        told: list[Mapping[str, bytes]] = []
        for world in missions:
            with pytest.MonkeyPatch.context() as patch:
                told.append(MISTAKES[mistake](asked, world, patch))
            tried["pairs"] += len(told) - 1
            if differing(told[0], told[-1]):
                tried["refuted"] += 1
                return

    # Groups that are drawn in one go are much alike, and drawn to the end when it is long refuted.
    for number in range(50):
        if not tried["refuted"]:
            seed(number)(it_is_refuted)()
    assert tried["refuted"]
    tell(f"non-interference, control: '{mistake}' is refuted within {tried['pairs']} pairs")
