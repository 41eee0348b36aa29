"""Figures: everything a sitrep states, counted once, before anything is drawn or written.

Incidents are counted by the day on which they can have begun. What a source's own first-level area says is used for
trends alone; a finding's place is never narrowed by it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from trucewatch.actors import ANYBODY, Register, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement, Clause
from trucewatch.assessment.judgements import Outcome
from trucewatch.evidence import Assertion
from trucewatch.levels import Level, most_sensitive
from trucewatch.names import plain_name
from trucewatch.sitreps.casualties import casualties_of
from trucewatch.sitreps.disclosure import told_as_empty, too_few
from trucewatch.sitreps.languages import joined, line_name, listed, name, phrase, when, zone_name
from trucewatch.sitreps.material import (
    COUNTED,
    ELSEWHERE,
    AreaRow,
    Cell,
    Concentration,
    Figures,
    Material,
    Period,
    Stand,
    Window,
)
from trucewatch.sitreps.places import coverage, windows_of, zones_of
from trucewatch.sitreps.positions import positions_of
from trucewatch.sitreps.responses import liaison_of, with_replies
from trucewatch.sitreps.sentences import as_named, assessed, said_elsewhere, tell_findings
from trucewatch.when import FAR_AHEAD, LONG_AGO, Span, local_day, midnight, time_zone

WINDOW_DAYS = 30


def figures(material: Material, period: Span | None = None) -> Figures:
    """Count everything a sitrep states about a period (None: from the first to the last day received)."""
    agreement = material.agreement
    span = _period(material, period)
    inside = _begun(material.incidents.incidents, span.start, span.end)
    answered = _in_period(material.findings, inside, span.start, span.end)
    # Allegations that a clause does not reach are answered, and counted nowhere.
    found = answered.filter(pl.col("outcome") != Outcome.UNTOUCHED)
    zones = tuple((zone, zone_name(zone, agreement)) for zone in _area_columns(agreement))
    everywhere, least = _zone_of(material), material.view.grain.least_count
    before = _in_period(material.findings, _begun(material.incidents.incidents, *span.before), *span.before)
    few = too_few(answered, everywhere, least) | too_few(before, everywhere, least)
    placed = everywhere.filter(~pl.col("incident").is_in(few))
    lethal = _lethal(material, span)
    strict = None if material.strict is None else _in_period(material.strict, inside, span.start, span.end)
    concentration = _concentration(lethal if lethal.height else inside, material)
    counts = _counts(found)
    harm = _civilian_harm(inside, found)
    matrix = _matrix(material, found, everywhere, placed, zones, span)
    positions = positions_of(material, span)
    return Figures(
        title=name("agreement", agreement.id, agreement.title.get("en", agreement.id)),
        marking=_marking(material, positions).word,
        period=span,
        cut_off=_cut_off(material),
        reading=material.reading.id if material.reading else "",
        assessment=_assessment(material, span, counts, lethal, concentration, harm),
        civilian_harm=harm,
        areas=_areas(material, span, found, placed, zones),
        not_seen=(*_not_seen(material, agreement, matrix), *_not_compared(material)),
        concentration=concentration,
        counts=counts,
        strict_counts=_counts(strict) if strict is not None else None,
        presumed=found.filter(pl.col("presumption") & (pl.col("outcome") == Outcome.VIOLATION)).height,
        by_month=_by_month(lethal, material, span),
        windows=_windows(material),
        matrix=matrix,
        zones=zones,
        told=with_replies(tell_findings(material, answered, placed, few), material, span),
        rows_read=material.rows_read,
        rows_refused=material.rows_refused,
        claims=material.view.claims.height,
        incidents=material.incidents.incidents.height,
        incidents_in_period=inside.height,
        origins_low=_origins(material)[0],
        origins_high=_origins(material)[1],
        problems=material.problems,
        sources=material.sources,
        is_simulation=material.is_simulation,
        withdrawn=material.withdrawn,
        shows_leads=material.view.audience >= Level.MISSION,
        acts=dict(sorted(inside.group_by("act").len().iter_rows())),
        liaison=liaison_of(material, span),
        casualties=casualties_of(material, span),
        patrols=_patrols(material, span),
        positions=positions,
        inspections=_inspections(material, span),
        audience=material.view.audience.word,
        may_determine=material.may_determine,
        names_parties=material.names_parties,
    )


def _marking(material: Material, positions: Sequence[Stand]) -> Level:
    """Return who may have it: whoever may know all that it rests on; and where it says what would settle an open case,
    which is for the mission's own planning, the mission.
    """
    held = most_sensitive((material.view.level, material.beside.level, *(one.level for one in positions)))
    return most_sensitive((held, Level.MISSION)) if material.view.audience >= Level.MISSION else held


def _patrols(material: Material, span: Period) -> dict[str, int]:
    """Count the patrols that were planned to go in a period, by what became of them."""
    planned = [patrol for patrol in material.beside.patrols if span.start <= patrol.planned.earliest < span.end]
    return dict(sorted(Counter(str(patrol.outcome or "") for patrol in planned).items()))


def _inspections(material: Material, span: Period) -> dict[str, int]:
    """Count the inspections of a period by what was found."""
    made = [visit for visit in material.beside.inspections if span.start <= visit.on.earliest < span.end]
    return dict(sorted(Counter(str(visit.outcome) for visit in made).items()))


# ---- periods and selections ------------------------------------------------------------------------------------------


def _period(material: Material, span: Span | None) -> Period:
    """Return the period asked for; where an end of it is open, up to what was received, in whole days."""
    zone = material.agreement.timezone
    first, last = material.view.claims.select(pl.col("earliest").min(), pl.col("latest").max()).row(0)
    start, end = (span.earliest, span.latest) if span else (LONG_AGO, FAR_AHEAD)
    if start <= LONG_AGO:
        start = midnight(local_day(min(first or _EPOCH, end - _DAY), zone), zone)
    if end >= FAR_AHEAD:
        day = local_day(max((last or _EPOCH) - timedelta(microseconds=1), start), zone)
        end = midnight(day + _DAY, zone)
    told = when(Span(start, end, "interval"), zone)
    return Period(start, end, told if first or span else phrase("nothing received"))


_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _begun(incidents: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    return incidents.filter((pl.col("earliest") >= start) & (pl.col("earliest") < end))


def _in_period(findings: pl.DataFrame, incidents: pl.DataFrame, start: datetime, end: datetime) -> pl.DataFrame:
    """Return the findings about some incidents, and about occasions that fell into [start, end)."""
    stated = findings.filter(~pl.col("hypothetical"))
    fell = (pl.col("subject_kind") == "occasion") & (pl.col("earliest") >= start) & (pl.col("earliest") < end)
    return stated.filter(fell | pl.col("incident").is_in(incidents["incident"].implode()).fill_null(False))


def _area_columns(agreement: Agreement) -> tuple[str, ...]:
    """Return the zones that stand at the head of the tables: those a clause reaches, and the named ones inside them."""
    widest = agreement.widest_area()
    return (*widest, *(z.id for z in agreement.zones.values() if z.part_of in widest))


def _lethal(material: Material, period: Period) -> pl.DataFrame:
    """Return the incidents of a period, from sources that record deaths, in the agreement's widest area by their own
    adm_1.
    """
    recorded = _begun(material.incidents.incidents, period.start, period.end).filter("records_deaths")
    return recorded.filter(pl.col("adm_1").is_in(_own_names(material, recorded)))


def _own_names(material: Material, incidents: pl.DataFrame) -> list[str]:
    gazetteer, widest = material.agreement.gazetteer, set(_drawn_ids(material.agreement))
    names = incidents["adm_1"].drop_nulls().unique().to_list()
    return [name for name in names if gazetteer.find(name) in widest]


def _drawn_ids(agreement: Agreement) -> list[str]:
    """Return the gazetteer's ids of the areas that the agreement's widest area is made of."""
    drawn = {area.geometry.wkb: area.id for area in agreement.gazetteer.areas.values()}
    shapes = [agreement.zones[zone].shape for zone in agreement.widest_area()]
    return [drawn[shape.wkb] for shape in shapes if shape is not None and shape.wkb in drawn]


# ---- counts ----------------------------------------------------------------------------------------------------------


def _counts(findings: pl.DataFrame) -> dict[str, int]:
    told = dict(findings.group_by("outcome").len().iter_rows())
    return {outcome: int(told.get(outcome, 0)) for outcome in COUNTED}


def _by_month(lethal: pl.DataFrame, material: Material, period: Period) -> dict[str, int]:
    zone = material.agreement.timezone
    local = lethal["earliest"].dt.convert_time_zone(zone).dt.strftime("%Y-%m")
    counted = dict(local.value_counts().iter_rows())
    known = _recorded(material)
    if known[0] is None or not counted:
        return {}
    first = max(period.start, known[0]).astimezone(time_zone(zone))
    last = (min(period.end, known[1]) - timedelta(microseconds=1)).astimezone(time_zone(zone))
    months = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    names = [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in months]
    return {name: int(counted.get(name, 0)) for name in sorted({*names, *counted})}


def _recorded(material: Material) -> tuple[Any, Any]:
    """Return the first and the last instant that sources speak of which record deaths; None where none does."""
    told = material.view.claims.filter("records_deaths").select(pl.col("earliest").min(), pl.col("latest").max())
    return told.row(0)


def _windows(material: Material) -> tuple[Window, ...]:
    zone = material.agreement.timezone
    days = sorted({local_day(instant, zone) for instant in material.agreement.in_force_from()})
    found = []
    everything = Period(
        datetime.min.replace(tzinfo=time_zone("UTC")), datetime.max.replace(tzinfo=time_zone("UTC")), ""
    )
    lethal = _lethal(material, everything)
    known = _recorded(material)
    for day in days:
        cut = midnight(day, zone)
        start = midnight(day - timedelta(days=WINDOW_DAYS), zone)
        end = midnight(day + timedelta(days=WINDOW_DAYS), zone)
        if known[0] is None or start < known[0] or end > known[1]:
            continue
        before, after = _begun(lethal, start, cut), _begun(lethal, cut, end)
        dyads, later = (_dyads(each, material) for each in (before, after))
        names = sorted({*dyads, *later})
        ranked = sorted(names, key=lambda name: (-dyads.get(name, 0) - later.get(name, 0), name))
        found.append(
            Window(
                date=when(Span(cut, midnight(day + timedelta(days=1), zone), "day"), zone),
                before_text=when(Span(start, cut, "interval"), zone),
                after_text=when(Span(cut, end, "interval"), zone),
                before=before.height,
                after=after.height,
                dyads=tuple((name, dyads.get(name, 0), later.get(name, 0)) for name in ranked),
            )
        )
    return tuple(found)


def _dyads(incidents: pl.DataFrame, material: Material) -> dict[str, int]:
    if not material.names_parties:
        return {}
    counted: dict[str, int] = {}
    for pairs, number in incidents.group_by("pairs").len().iter_rows():
        told = dyad(pairs, material.agreement.register)
        counted[told] = counted.get(told, 0) + int(number)
    return counted


def dyad(pairs: str | None, register: Register) -> str:
    """Name the sides of a set of feasible pairs, in no order that could be read as blame."""
    told = read_pairs(pairs or ANYBODY)
    actors = sorted({actor for actor, _ in told if actor}, key=str.casefold)
    targets = {target for _, target in told}
    if not actors:
        return phrase("sides not named")
    acted = [as_named(actor, register) for actor in actors]
    if len(actors) == 1:
        against = [as_named(target, register) for target in sorted(targets - {"", actors[0]})]
        return (
            phrase("{actor} against {targets}", actor=acted[0], targets=joined(against, ", ")) if against else acted[0]
        )
    return joined(acted, " – ")


def _concentration(incidents: pl.DataFrame, material: Material) -> Concentration | None:
    """Return the office on which most incidents rest alone, of the incidents given."""
    named = incidents.select("incident", "offices").explode("offices").drop_nulls().with_columns(
        pl.col("offices").map_elements(plain_name, return_dtype=pl.String).alias("plain")
    )  # fmt: skip
    if named.is_empty():
        return None
    each = named.group_by("incident").agg(pl.col("plain").n_unique().alias("number"), pl.col("plain").first())
    alone = each.filter(pl.col("number") == 1).group_by("plain").len().sort(["len", "plain"], descending=[True, False])
    cite = named.unique(["incident", "plain"]).group_by("plain").len().sort(["len", "plain"], descending=[True, False])
    plain = str((alone if alone.height else cite)["plain"][0])
    label = named.filter(pl.col("plain") == plain)["offices"].sort()[0]
    return Concentration(
        incidents=incidents.height,
        office=said_elsewhere(str(label)),
        alone=int(alone.filter(pl.col("plain") == plain)["len"].sum()),
        cite=int(cite.filter(pl.col("plain") == plain)["len"].sum()),
    )


def _civilian_harm(inside: pl.DataFrame, findings: pl.DataFrame) -> dict[str, int]:
    """Return civilian dead as reported in the incidents that some finding is about, whatever the finding says."""
    touched = inside.join(findings.select("incident").unique(), on="incident", how="semi")
    harmed = touched.filter(pl.col("civilians_dead") > 0)
    return {"incidents": harmed.height, "civilians_dead": int(harmed["civilians_dead"].sum() or 0)}


def _origins(material: Material) -> tuple[int, int | None]:
    incidents = material.incidents.incidents
    if incidents.is_empty():
        return 0, 0
    offices = incidents.select("offices").explode("offices").drop_nulls()["offices"].unique().to_list()
    high = len({plain_name(str(office)) for office in offices})
    # Over all incidents: the roots that must be distinct, or the one that offices without a word of theirs come to.
    roots = incidents.select("roots").explode("roots").drop_nulls()["roots"].n_unique()
    low = roots or int((incidents["origins_low"] > 0).any())
    return low, None if incidents["origins_high"].null_count() else max(high, low)


# ---- areas and the matrix --------------------------------------------------------------------------------------------


def _zone_of(material: Material) -> pl.DataFrame:
    """Return (incident, zone): the zones in which the whole of an incident's place lies, as it was told."""
    judged = material.incidents.accounts.join(material.findings.select("incident"), on="incident", how="semi")
    return zones_of(judged, material.agreement, _area_columns(material.agreement))


def _areas(
    material: Material,
    period: Period,
    found: pl.DataFrame,
    placed: pl.DataFrame,
    zones: Sequence[tuple[str, str]],
) -> tuple[AreaRow, ...]:
    start, end = period.before
    earlier = _in_period(material.findings, _begun(material.incidents.incidents, start, end), start, end)
    first = material.view.claims["earliest"].min()
    is_held = isinstance(first, datetime) and first <= start
    rows = []
    elsewhere = phrase("cannot be placed in one area")
    if material.view.grain.least_count > 1:
        elsewhere = phrase("cannot be placed in one area, or are too few to be told by area")
    for zone, label in (*zones, (ELSEWHERE, elsewhere)):
        now = _counts(_of_zone(found, placed, zone, zones))
        before = _counts(_of_zone(earlier, placed, zone, zones)) if is_held else None
        rows.append(AreaRow(zone, label, now, before))
    return tuple(rows)


def _of_zone(findings: pl.DataFrame, placed: pl.DataFrame, zone: str, zones: Sequence[tuple[str, str]]) -> pl.DataFrame:
    if zone == ELSEWHERE:
        return findings.join(placed.select("incident").unique(), on="incident", how="anti")
    return findings.join(placed.filter(pl.col("zone") == zone).select("incident"), on="incident", how="semi")


def _matrix(
    material: Material,
    found: pl.DataFrame,
    everywhere: pl.DataFrame,
    placed: pl.DataFrame,
    zones: Sequence[tuple[str, str]],
    period: Period,
) -> dict[str, dict[str, Cell]]:
    """Return a cell for each clause and zone: of the incidents that are told as `placed`, of all those `everywhere`."""
    table: dict[str, dict[str, Cell]] = {}
    windows = windows_of(material)
    for clause in material.agreement.clauses:
        of_clause = found.filter(pl.col("clause") == clause.id)
        row = {}
        for zone, _ in (*zones, (ELSEWHERE, "")):
            counts = _counts(_of_zone(of_clause, placed, zone, zones))
            if any(counts.values()):
                row[zone] = Cell("counts", counts)
            else:
                seen = coverage(windows, material.agreement, clause, zone, period.start, period.end)
                is_empty = not any(_counts(_of_zone(of_clause, everywhere, zone, zones)).values())
                row[zone] = Cell(seen if is_empty else told_as_empty(seen))
        table[clause.id] = row
    return table


def _not_seen(material: Material, agreement: Agreement, matrix: Mapping[str, Mapping[str, Cell]]) -> tuple[str, ...]:
    """Return what nobody could see, as sentences: what the sources hold nothing about."""
    claims = material.view.claims
    said: list[str] = []
    if not material.beside.windows and claims.filter(pl.col("assertion") == Assertion.NOTHING).is_empty():
        said.append(
            phrase(
                "No source received says when and where nothing was observed, so an area without reports is not a calm "
                "one."
            )
        )
    untested = [clause.id for clause in agreement.clauses if not _is_tested(clause, claims)]
    if said == []:
        said += _unwatched(material, matrix)
    if untested:
        said.append(
            phrase(
                "Nothing received bears on {clauses}: the sources hold no reports of forces or weapons in place, or of "
                "steps taken.",
                clauses=listed(untested),
            )
        )
    hidden = [line_name(line.id, agreement) for line in agreement.lines.values() if line.shape is None]
    if hidden:
        said.append(phrase("Never published, so nothing can be measured from it: {lines}.", lines=listed(hidden)))
    if claims.filter("records_deaths").height and claims.filter(~pl.col("records_deaths")).is_empty():
        said.append(phrase("The sources record deaths only; fire that killed nobody is not in them."))
    return tuple(said)


def _not_compared(material: Material) -> tuple[str, ...]:
    if not material.incidents.not_compared:
        return ()
    return (
        phrase(
            "{count} pair of reports of one neighbourhood and time was not compared: each was compared with those "
            "nearest to it in time",
            "{count} pairs of reports of one neighbourhood and time were not compared: each was compared with those "
            "nearest to it in time",
            count=material.incidents.not_compared,
        ),
    )


def _unwatched(material: Material, matrix: Mapping[str, Mapping[str, Cell]]) -> list[str]:
    """Return for each clause the zones that nobody is known to have watched for such acts, as sentences."""
    agreement = material.agreement
    told: dict[tuple[str, ...], list[str]] = {}
    for clause, row in matrix.items():
        unseen = tuple(zone for zone, cell in row.items() if cell.word == "not observed" and zone in agreement.zones)
        if unseen:
            told.setdefault(unseen, []).append(clause)
    return [
        phrase(
            "Nobody is known to have watched {zones} with a view to {clauses}.",
            zones=listed(zone_name(zone, agreement) for zone in unseen),
            clauses=listed(clauses),
        )
        for unseen, clauses in told.items()
    ]


def _is_tested(clause: Clause, claims: pl.DataFrame) -> bool:
    acts = claims["act"].unique().drop_nulls().to_list()
    return any(act_tree().on_one_chain(act, node) for act in acts for node in clause.what.acts)


# ---- sentences -------------------------------------------------------------------------------------------------------


def _cut_off(material: Material) -> str:
    last = material.view.claims["latest"].max()
    if not isinstance(last, datetime):
        return phrase("nothing received")
    zone = material.agreement.timezone
    day = local_day(last - timedelta(microseconds=1), zone)
    return when(Span(midnight(day, zone), midnight(day + _DAY, zone), "day"), zone)


def _assessment(
    material: Material,
    period: Period,
    counts: Mapping[str, int],
    lethal: pl.DataFrame,
    concentration: Concentration | None,
    harm: Mapping[str, int],
) -> tuple[str, str, str]:
    agreement = material.agreement
    area = listed(zone_name(zone, agreement) for zone in agreement.widest_area())
    if material.view.claims.is_empty():
        first = phrase("Nothing was received that could be assessed.")
    elif lethal.height:
        first = phrase(
            "{period}: sources recorded {count} lethal incident in {area}.",
            "{period}: sources recorded {count} lethal incidents in {area}.",
            period=period.text,
            count=lethal.height,
            area=area,
        )
    else:
        first = phrase(
            "{period}: {count} finding on clauses in {area}.",
            "{period}: {count} findings on clauses in {area}.",
            period=period.text,
            count=sum(counts.values()),
            area=area or phrase("the area"),
        )
    return first, assessed(counts, material.may_determine), _third(concentration, harm)


def _third(concentration: Concentration | None, harm: Mapping[str, int]) -> str:
    harmed = (
        phrase("{count} incident with civilian dead", "{count} incidents with civilian dead", count=harm["incidents"])
        if harm["incidents"]
        else phrase("no civilian dead")
    )
    if concentration is None:
        return phrase("The reports behind these findings tell of {harm}.", harm=harmed)
    return phrase(
        "{alone} of {incidents} incidents rest on {office} alone; the reports behind these findings tell of {harm}.",
        alone=concentration.alone,
        incidents=concentration.incidents,
        office=concentration.office,
        harm=harmed,
    )
