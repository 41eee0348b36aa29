"""Sentences: a finding in words, never more than was reported, with the chain behind it down to file and line.

They are phrases, which can be told in other languages (`languages`); as strings they are English.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import polars as pl

from trucewatch.actors import ANYBODY, Register, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement, Presumption
from trucewatch.assessment.concurrence import CLAUSE
from trucewatch.assessment.duties import FOUND, NOT_ANSWERED, NOT_DONE, NOT_REPORTED, NOT_TOLD, ORDER
from trucewatch.assessment.judgements import Outcome
from trucewatch.assessment.occasions import COMPLETE_RECORD
from trucewatch.directions import FROM, HELD
from trucewatch.evidence import OWN_OBSERVATION
from trucewatch.findings import Responsibility
from trucewatch.incidents import FIRST_HAND
from trucewatch.levels import Level
from trucewatch.logs.inspections import OPEN_BECAUSE, InspectionOutcome
from trucewatch.names import plain_name
from trucewatch.sitreps.disclosure import without_area
from trucewatch.sitreps.languages import (
    actor_name,
    in_english,
    joined,
    line_name,
    listed,
    name,
    party_name,
    phrase,
    phrases,
    sentences,
    when,
    zone_name,
)
from trucewatch.sitreps.material import Material, Told
from trucewatch.when import Span
from trucewatch.where import PlaceKind, circle_round

_QUESTIONS = {
    "when": phrase("when exactly it happened"),
    "where": phrase("where exactly it happened"),
    "what": phrase("what exactly was done, and with what"),
    "count": phrase("how many there were"),
    "who": phrase("who acted and against whom"),
    "proof": phrase("a further independent origin, or first-hand observation"),
    "which report is right": phrase("which of the differing reports is right"),
    COMPLETE_RECORD: phrase("that the record for this time is complete, so that silence means that it was not done"),
    ORDER: phrase("whether the leadership gave an order"),
    OPEN_BECAUSE[InspectionOutcome.SERIALS_REFUSED]: phrase("the serial numbers of what was counted"),
    OPEN_BECAUSE[InspectionOutcome.MISSING_WITH_REASON]: phrase(
        "whether the reason given for what is missing is one that the text allows"
    ),
    OPEN_BECAUSE[InspectionOutcome.ACCESS_REFUSED]: phrase("what another inspection finds, with access"),
}
# What is said of a duty that is not known to be done, by the grounds of its finding.
_SHOWN = {
    NOT_REPORTED: phrase("No report received shows that it was done in time."),
    NOT_DONE: phrase("The record is attested complete, and does not hold it."),
    NOT_ANSWERED: phrase("No answer in time stands in the log."),
    NOT_TOLD: phrase("No notice of an order stands in the log."),
    FOUND[InspectionOutcome.SERIALS_REFUSED]: phrase("The count matched; the serial numbers were refused."),
    FOUND[InspectionOutcome.MISSING_WITH_REASON]: phrase("Something was missing, and a reason given."),
    FOUND[InspectionOutcome.MISSING]: phrase("Something was missing, and no reason given."),
    FOUND[InspectionOutcome.ACCESS_REFUSED]: phrase("Access was refused."),
}
# What other modules put into words, none of which has parts.
_SAID_ELSEWHERE = phrases(
    phrase("no report names who acted"),
    phrase("the reports name this actor alone"),
    phrase("the reports name these as taking part; none says who acted"),
    phrase("whose duty it is; no report says that it was done in time"),
    phrase("whose duty it is; the record is attested complete, and does not hold it"),
    phrase("to whom it was put; no answer in time stands in the log"),
    phrase("who acted; no notice of an order stands in the log"),
    phrase("whose site was inspected; the count matched, the serial numbers were refused"),
    phrase("whose site was inspected; something was missing, and a reason given"),
    phrase("whose site was inspected; something was missing, and no reason given"),
    phrase("whose site was to be inspected; access was refused"),
    phrase("the reports name this party at each place"),
    phrase("first-hand observers"),
    phrase("in all"),
    phrase("men"),
    phrase("tanks"),
    phrase("guns"),
    phrase("explosions"),
    phrase("bursts"),
    phrase("incidents"),
    phrase("complaints"),
)
_HELD = re.compile(r"At least ([\d,]+) (.+) at (\d+) places at one time, where at most ([\d,]+) are allowed")
_FIRED = re.compile(rf"{re.escape(FROM)}(\d+ to \d+ degrees(?: and \d+ to \d+ degrees)*)({re.escape(HELD)})?")
_UNNAMED = phrase("the mandate does not let the mission name parties")


def said_elsewhere(text: str) -> str:
    """Return a wording of another module as a phrase; any other text as it is."""
    return _SAID_ELSEWHERE.get(text, text)


def tell_findings(
    material: Material, found: pl.DataFrame, placed: pl.DataFrame, few: Set[str] = frozenset()
) -> tuple[Told, ...]:
    """Tell each finding, in order of clause, time and id; the `few` incidents that are told without their area so."""
    if found.is_empty():
        return ()
    zones = dict(placed.group_by("incident", maintain_order=True).agg(pl.col("zone").first()).iter_rows())
    chains = _chains(material, found)
    incidents = material.incidents.incidents.drop("act", "earliest", "latest", "pairs", "country")
    first = material.incidents.accounts.unique("incident", keep="first", maintain_order=True).drop("pairs")
    sides = material.incidents.incidents.select("incident", pl.col("sides").alias("pairs"))
    several = dict(material.incidents.accounts.group_by("incident").len().iter_rows())
    of_incidents = found.filter(pl.col("subject_kind") == "incident").drop("earliest", "latest")
    rows = of_incidents.join(first, on="incident").join(sides, on="incident").join(incidents, on="incident")
    gazetteer = material.agreement.gazetteer
    told = [
        _told(row, material, zones.get(row["incident"], ""), chains[row["incident"]], several[row["incident"]])
        for row in (without_area(r, gazetteer) if r["incident"] in few else r for r in rows.iter_rows(named=True))
    ]
    occasions = found.filter(pl.col("subject_kind") == "occasion").iter_rows(named=True)
    told += [_told_occasion(row, material, chains) for row in occasions]
    return tuple(sorted(told, key=lambda one: (one.clause, one.earliest, one.id)))


def _told(
    row: Mapping[str, Any], material: Material, zone: str, chain: tuple[Mapping[str, Any], ...], accounts: int
) -> Told:
    agreement = material.agreement
    row = _without_position(row)
    if not material.names_parties:
        row = {**row, "pairs": None, "sides": None, "responsible": []}
    told_when = when(Span(row["earliest"], row["latest"], "told"), agreement.timezone)
    where = tell_place(row, agreement)
    settled = _ways(row, material)
    responsible = tuple(actor_name(actor, agreement) for actor in row["responsible"])
    act = act_tree().label(row["act"])
    return Told(
        id=row["finding"],
        clause=row["clause"],
        outcome=row["outcome"],
        sentence=_sentence(row, material, told_when, where, accounts),
        when=told_when,
        where=where,
        zone=zone,
        act=name("act", row["act"], act),
        civilians_dead=row["civilians_dead"],
        presumption=row["presumption"],
        responsibility=_responsibility(row, responsible, material),
        responsible=responsible,
        settled_by=settled,
        tests=json.loads(row["tests"]),
        share_inside=row["share_inside"],
        origins=tell_origins(
            row["origins_low"], row["origins_high"], row["reports"], material.view.audience, row["repeats"]
        ),
        reports=row["reports"],
        chain=_told_chain(chain, material),
        account=row,
        earliest=row["earliest"],
    )


def _responsibility(row: Mapping[str, Any], responsible: Sequence[str], material: Material) -> str:
    if not material.names_parties:
        return phrase("not told: {why}", why=_UNNAMED)
    return tell_responsibility(row["responsibility"], responsible, row["grounds"])


def _told_chain(chain: tuple[Mapping[str, Any], ...], material: Material) -> tuple[Mapping[str, Any], ...]:
    # What leads back to a record is the mission's own.
    return chain if material.view.audience >= Level.MISSION else ()


def _without_position(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Draw the disc round a sector instead of the sector, whose point is where the observer stood."""
    if row["place_kind"] != PlaceKind.SECTOR or not isinstance(row["geometry"], bytes):
        return row
    lon, lat, radius_m = circle_round(row["geometry"])
    about_m = math.ceil(radius_m / 100) * 100.0
    disc = {"place_kind": str(PlaceKind.DISC), "lon": round(lon, 3), "lat": round(lat, 3), "radius_m": about_m + 100.0}
    return {**row, **disc, "geometry": None}


def _told_occasion(
    row: Mapping[str, Any], material: Material, chains: Mapping[str, tuple[Mapping[str, Any], ...]]
) -> Told:
    agreement = material.agreement
    told_when = when(Span(row["earliest"], row["latest"], "told"), agreement.timezone)
    chain = tuple(link for incident in row["rests_on"] for link in chains[incident])
    if material.names_parties:
        party = party_name(row["responsible"][0], agreement)
    else:
        row = {**row, "responsible": []}
        party = phrase("the party whose duty it is")
    words = _occasion_words(row, agreement)
    if (shown := _SHOWN.get(row["grounds"])) and row["grounds"] in FOUND.values():
        at_site = phrase("At a site of {party}, inspected {when}: {duty}.", party=party, when=told_when, duty=words)
        sentence = sentences(at_site, shown)
    elif shown:
        due = phrase("Due {when} from {party}: {duty}.", when=told_when, party=party, duty=words)
        sentence = sentences(due, shown)
    else:
        told_by = tell_reporters([link["office"] for link in chain], [link["source"] for link in chain])
        sentence = phrase("{occasion}, {reporters}: {when}.", occasion=words, reporters=told_by, when=told_when)
    nowhere = dict.fromkeys(("lon", "lat", "radius_m", "area", "country", "geometry", "place_name"))
    return Told(
        id=row["finding"],
        clause=row["clause"],
        outcome=row["outcome"],
        sentence=sentences(sentence, _judged(row, material)),
        when=told_when,
        where=phrase("the clause's area"),
        zone="",
        act=words,
        civilians_dead=None,
        presumption=False,
        responsibility=_responsibility(row, [party], material),
        responsible=(party,) if material.names_parties else (),
        settled_by=_ways(row, material),
        tests=json.loads(row["tests"]),
        share_inside=None,
        origins=_reports(len(chain)),
        reports=len(chain),
        chain=_told_chain(chain, material),
        account={**nowhere, **row, "place_kind": str(PlaceKind.UNPLACED)},
        earliest=row["earliest"],
    )


def _occasion_words(row: Mapping[str, Any], agreement: Agreement) -> str:
    """Return the words of an occasion: a duty's are those of its clause, a ceiling's are read back."""
    words = str(row["occasion"]).rstrip(".")
    held = _HELD.fullmatch(words)
    if held is None:
        return name("duty", row["clause"], words)
    low, unit, places, most = held.groups()
    return phrase(
        "At least {low} {unit} at {places} places at one time, where at most {most} are allowed",
        low=low, unit=said_elsewhere(unit), places=places, most=most,
    )  # fmt: skip


def _reports(number: int) -> str:
    return phrase("{count} report", "{count} reports", count=number)


def _sentence(row: Mapping[str, Any], material: Material, told_when: str, where: str, accounts: int) -> str:
    act = act_tree().label(row["act"])
    told = phrase(
        "{act}, {reporters}: {when}, {where}; {sides}.",
        act=name("act", row["act"], f"{act[:1].upper()}{act[1:]}"),
        reporters=tell_reporters(row["offices"], row["sources"]),
        when=told_when,
        where=where,
        sides=tell_sides(row["pairs"], material.agreement)
        if material.names_parties
        else phrase("who took part is not told"),
    )
    dead = row["civilians_dead"]
    harm = phrase("Civilian dead as reported: {number}.", number=str(dead)) if dead else ""
    differing = (
        phrase(
            "The reports differ: {count} version stands side by side.",
            "The reports differ: {count} versions stand side by side.",
            count=accounts,
        )
        if accounts > 1
        else ""
    )
    return sentences(told, harm, differing, _judged(row, material))


def _judged(row: Mapping[str, Any], material: Material) -> str:
    agreement, clause = material.agreement, row["clause"]
    match row["outcome"]:
        case Outcome.VIOLATION:
            if row["hypothetical"]:
                demander = actor_name(agreement.clause(clause).demand_of, agreement)
                return phrase("Would not meet demand {clause} of {actor}.", clause=clause, actor=demander)
            if row["grounds"] in _SHOWN:
                words = (
                    phrase("Violation of {clause}, by the mission’s own record.", clause=clause)
                    if material.may_determine
                    else phrase("Assessed as inconsistent with {clause}, by the mission’s own record.", clause=clause)
                )
            elif material.may_determine:
                words = phrase("Violation of {clause}, on what was reported.", clause=clause)
            else:
                words = phrase(
                    "Assessed as inconsistent with {clause}, if it was as reported; not confirmed.", clause=clause
                )
            return sentences(words, _presumption(row, material) if row["presumption"] else "")
        case Outcome.OUTSIDE_SCOPE if json.loads(row["tests"]).get("concurrent") == "no":
            return phrase("Not owed under {clause}: what was to be done at the same time was not.", clause=clause)
        case Outcome.OUTSIDE_SCOPE:
            exceptions = agreement.clause(clause).outside_scope
            covered = phrase("an exception of the agreement covers it")
            note = next((e.note for e in exceptions if e.note), "").rstrip(".")
            return phrase(
                "Outside the scope of {clause}, if in its area and time at all: {because}.",
                clause=clause, because=in_english(note, covered) if note else covered,
            )  # fmt: skip
        case Outcome.UNTOUCHED:
            return phrase("Alleged; {clause} does not reach it.", clause=clause)
    ways = _ways(row, material)
    undetermined = phrase("Undetermined under {clause}.", clause=clause)
    settled = phrase("It would settle it to know {ways}.", ways=joined(ways, "; or ")) if ways else ""
    return sentences(undetermined, settled)


def _ways(row: Mapping[str, Any], material: Material) -> tuple[str, ...]:
    """Return what would settle a finding, each way in words; nothing below mission level, which leads never leave."""
    if material.view.audience < Level.MISSION:
        return ()
    return tuple(tell_unknowns(names, material.agreement) for names in json.loads(row["settled_by"]))


def _presumption(row: Mapping[str, Any], material: Material) -> str:
    agreement = material.agreement
    names = {name for pair in read_pairs(row["pairs"] or ANYBODY) for name in pair}
    umbrellas = sorted(n for n in names if n and agreement.register.is_umbrella(agreement.register.identify(n)))
    clause = agreement.clause(row["clause"])
    if umbrellas:
        return phrase(
            "It rests on the presumption that '{umbrella}', a name for several groups, is taken for the bound side.",
            umbrella=as_named(umbrellas[0], agreement.register),
        )
    if clause.presumption is Presumption.ANYBODY:
        return phrase("It rests on the presumption that an actor that nobody named is taken for a bound side.")
    return phrase(
        "It rests on the presumption that a name that may stand for several groups is taken for the bound side."
    )


def as_named(told: str, register: Register) -> str:
    """Return a name that a report uses: its own words, which another language may know the actor's own name for."""
    id = register.identify(told)
    return name("named", id, told) if plain_name(register.label(id)) == plain_name(told) else told


def assessed(counts: Mapping[str, int], may_determine: bool) -> str:
    """Say how some findings came out, in the words that the mandate allows."""
    violations = counts["violation"]
    rest = {"outside": counts["outside_scope"], "open": counts["undetermined"]}
    if may_determine or not violations:
        return phrase(
            "Judged clause by clause, {count} finding of violation rests on what was reported, {outside} are outside "
            "the scope of the agreement, and {open} cannot be determined on what is known.",
            "Judged clause by clause, {count} findings of violation rest on what was reported, {outside} are outside "
            "the scope of the agreement, and {open} cannot be determined on what is known.",
            count=violations,
            **rest,
        )
    return phrase(
        "Judged clause by clause, {count} finding is assessed as inconsistent with a clause, as reported and not "
        "confirmed, {outside} are outside the scope of the agreement, and {open} cannot be determined on what is "
        "known.",
        "Judged clause by clause, {count} findings are assessed as inconsistent with a clause, each as reported and "
        "none confirmed, {outside} are outside the scope of the agreement, and {open} cannot be determined on what is "
        "known.",
        count=violations,
        **rest,
    )


def tell_sides(pairs: str | None, agreement: Agreement) -> str:
    """Name who took part, without saying that the first named acted unless the report says so."""
    told = read_pairs(pairs or ANYBODY)
    actors = sorted({actor for actor, _ in told if actor}, key=str.casefold)
    targets = sorted({target for _, target in told if target and target not in actors}, key=str.casefold)
    acted = [as_named(actor, agreement.register) for actor in actors]
    against = [as_named(target, agreement.register) for target in targets]
    if not actors:
        if not targets:
            return phrase("no side is named")
        return phrase("against {targets}, who acted is not named", targets=joined(against, ", "))
    if len(actors) == 1:
        if targets:
            return phrase(
                "by {actor} against {targets}, as named in the report", actor=acted[0], targets=listed(against)
            )
        return phrase("by {actor}, as named in the report", actor=acted[0])
    if all(actor in {target for _, target in told} for actor in actors):
        return phrase("between {actors}, who acted is not said", actors=listed(acted))
    either = joined(acted, " or ")
    if targets:
        return phrase(
            "by {actors} against {targets}, which of them acted is not said", actors=either, targets=listed(against)
        )
    return phrase("by {actors}, which of them acted is not said", actors=either)


def tell_reporters(offices: Sequence[str], sources: Sequence[str]) -> str:
    """Say on whose word: "reported by X (in SOURCE)"."""
    told = [said_elsewhere(office) for office in dict.fromkeys(office for office in offices if office)]
    by: str = listed(told[:4]) if told else phrase("an office not named")
    if len(told) > 4:
        by = phrase("{offices} and {count} more", "{offices} and {count} more", offices=by, count=len(told) - 4)
    names = joined((source.upper() for source in dict.fromkeys(sources)), ", ")
    return phrase("reported by {offices} (in {sources})", offices=by, sources=names)


def tell_origins(low: int, high: int | None, reports: int, audience: Level = Level.MISSION, repeats: int = 0) -> str:
    """Say how many independent origins lie behind some reports, of which `repeats` repeat others; below mission level
    only whether more than one does.
    """
    if audience < Level.MISSION:
        if low > 1:
            return phrase("more than one independent origin")
        return phrase("one origin") if low else phrase("no independent origin")
    told = _reports(reports)
    if repeats:
        told = phrase(
            "{reports}, of which {count} repeats another", "{reports}, of which {count} repeat others",
            reports=told, count=repeats,
        )  # fmt: skip
    if high is None:
        return phrase(
            "{reports}, at least {count} independent origin, no upper bound",
            "{reports}, at least {count} independent origins, no upper bound",
            reports=told,
            count=low,
        )
    if low == high:
        return phrase(
            "{reports}, {count} independent origin", "{reports}, {count} independent origins", reports=told, count=low
        )
    return phrase("{reports}, {low} to {high} independent origins", reports=told, low=low, high=high)


def tell_responsibility(kind: str, actors: Sequence[str], grounds: str) -> str:
    """Say who answers for it, as far as it is established."""
    because = _tell_direction(grounds) or said_elsewhere(grounds)
    match kind:
        case Responsibility.ACTOR:
            return phrase("{actor}, as reported; likelihood not assessed ({grounds})", actor=actors[0], grounds=because)
        case Responsibility.UNIT:
            return phrase(
                "{unit}, a unit of {actor}, as reported; likelihood not assessed ({grounds})",
                unit=actors[0], actor=actors[1], grounds=because,
            )  # fmt: skip
        case Responsibility.ONE_OF:
            return phrase("not established: one of {actors} ({grounds})", actors=listed(actors), grounds=because)
        case Responsibility.FROM_AREA_HELD:
            return phrase(
                "not established: from the area held by {actor} that day; likelihood not assessed ({grounds})",
                actor=actors[0], grounds=because,
            )  # fmt: skip
        case Responsibility.DIRECTION_ONLY:
            return phrase(
                "not established: direction of fire only; likelihood not assessed ({grounds})", grounds=because
            )
    return phrase("not established ({grounds})", grounds=because)


def _tell_direction(grounds: str) -> str:
    """Return what impact sites say of a direction, read back; empty for other grounds."""
    fired = _FIRED.fullmatch(grounds)
    if fired is None:
        return ""
    bearings = re.findall(r"(\d+) to (\d+)", fired[1])
    between = listed([phrase("{low} to {high} degrees", low=low, high=high) for low, high in bearings])
    told = phrase("by impact-site assessment it was fired from {bearings}, from true north", bearings=between)
    if not fired[2]:
        return told
    return phrase("{direction}; all of where it can have come from was held by this actor alone", direction=told)


def tell_place(row: Mapping[str, Any], agreement: Agreement) -> str:
    """Say where, with how far off it may be."""
    told = row.get("place_name") or ""
    known = told if told and plain_name(told) != plain_name(row.get("country") or "") else ""
    return joined(filter(None, (known, _how_far(row, agreement))), ", ")


def _how_far(row: Mapping[str, Any], agreement: Agreement) -> str:
    match row["place_kind"]:
        case PlaceKind.DISC:
            radius = row["radius_m"] or 0.0
            if radius >= 1000:
                return phrase("within {number} km of a point", number=f"{radius / 1000:g}")
            return phrase("within {number} m of a point", number=f"{radius:g}")
        case PlaceKind.AREA:
            area = agreement.gazetteer.areas.get(row["area"] or "")
            if area and area.names:
                return phrase("somewhere in {area}", area=name("area", area.id, area.names[0]))
            return phrase("somewhere in {area}", area=row["area"] or phrase("a drawn area"))
        case PlaceKind.LINE:
            return phrase("along a line")
        case PlaceKind.COUNTRY:
            iso = agreement.gazetteer.country(row["country"])
            country = name("country", iso, row["country"]) if iso else str(row["country"])
            return phrase("somewhere in {area}", area=country)
    return phrase("place not known")


def tell_unknowns(names: Iterable[str], agreement: Agreement) -> str:
    """Say what would have to be known, for one set of unknowns."""
    return listed([_unknown(name, agreement) for name in names])


def _unknown(unknown: str, agreement: Agreement) -> str:
    if unknown in _QUESTIONS:
        return _QUESTIONS[unknown]
    if " or " in unknown:
        return listed([_unknown(part, agreement) for part in unknown.split(" or ")])
    if unknown.startswith(CLAUSE):
        return phrase("whether {clause} was met at that time", clause=unknown.removeprefix(CLAUSE))
    kind, _, what = unknown.partition(":")
    if kind == "line":
        return phrase("where the {line} runs", line=line_name(what, agreement))
    if kind == "zone":
        return phrase("where {zone} lies", zone=zone_name(what, agreement))
    if kind == "precondition":
        words = agreement.preconditions.get(what, {}).get("en", what.replace("-", " ")).rstrip(".")
        return phrase("whether {precondition}", precondition=name("precondition", what, words))
    if unknown.startswith("affected."):
        party = unknown.removeprefix("affected.")
        return phrase("whether {party} groups are bound", party=name("affected", party, party.replace("-", " ")))
    return phrase("the disputed {term}", term=name("term", unknown, unknown.replace("-", " ")))


def _chains(material: Material, found: pl.DataFrame) -> dict[str, tuple[Mapping[str, Any], ...]]:
    about = found.select("rests_on").explode("rests_on").drop_nulls().unique()
    wanted = material.incidents.members.join(about, left_on="incident", right_on="rests_on", how="semi")
    columns = ("source", "record", "file", "line", "office", "cites", "means", "reliability", "text")
    rows = wanted.join(material.view.claims.select("claim_key", *columns), on="claim_key").sort(
        "incident", "source", "record", "claim_key"
    )
    chains: dict[str, list[Mapping[str, Any]]] = {}
    repeats = _repeats(material, rows)
    own = [str(means) for means in OWN_OBSERVATION]
    for row in rows.iter_rows(named=True):
        office = FIRST_HAND if row["means"] in own else row["office"]
        link = {name: row[name] for name in ("claim_key", *columns)}
        chains.setdefault(row["incident"], []).append({**link, "office": office, **repeats.get(row["claim_key"], {})})
    return {incident: tuple(chain) for incident, chain in chains.items()}


def _repeats(material: Material, rows: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """Return, for each claim that repeats others, which by file and line, how, and what it changed.

    Nothing below mission level: who has it from whom is for the mission's own judgement.
    """
    if material.view.audience < Level.MISSION:
        return {}
    repeated = rows.select(pl.col("claim_key").alias("of"), "source", "file", "line")
    echoes = material.incidents.echoes.join(repeated, on="of", maintain_order="left")
    found: dict[str, dict[str, Any]] = {}
    for echo in echoes.iter_rows(named=True):
        told = {name: echo[name] for name in ("how", "source", "file", "line", "share", "run")}
        told |= {"share": round(echo["share"], 3), "drift": json.loads(echo["drift"])}
        found.setdefault(echo["claim_key"], {"repeats": []})["repeats"].append(told)
    return found
