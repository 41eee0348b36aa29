"""Sentences: a finding in words, never more than was reported, with the chain behind it down to file and line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.terms import Agreement, Presumption
from trucewatch.evidence import OWN_OBSERVATION
from trucewatch.findings import Responsibility
from trucewatch.incidents import FIRST_HAND
from trucewatch.judgements import Outcome
from trucewatch.levels import Level
from trucewatch.names import plain_name
from trucewatch.occasions import COMPLETE_RECORD
from trucewatch.sitreps.material import Material, Told
from trucewatch.when import Span, tell
from trucewatch.where import PlaceKind, circle_round

_QUESTIONS = {
    "when": "when exactly it happened",
    "where": "where exactly it happened",
    "what": "what exactly was done, and with what",
    "count": "how many there were",
    "who": "who acted and against whom",
    "proof": "a further independent origin, or first-hand observation",
    "which report is right": "which of the differing reports is right",
    COMPLETE_RECORD: "that the record for this time is complete, so that silence means that it was not done",
}


def tell_findings(material: Material, found: pl.DataFrame, placed: pl.DataFrame) -> tuple[Told, ...]:
    """Tell each finding, in order of clause, time and id."""
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
    told = [
        _told(row, material, zones.get(row["incident"], ""), chains[row["incident"]], several[row["incident"]])
        for row in rows.iter_rows(named=True)
    ]
    occasions = found.filter(pl.col("subject_kind") == "occasion").iter_rows(named=True)
    told += [_told_occasion(row, material, chains) for row in occasions]
    return tuple(sorted(told, key=lambda one: (one.clause, one.earliest, one.id)))


def _told(
    row: Mapping[str, Any], material: Material, zone: str, chain: tuple[Mapping[str, Any], ...], accounts: int
) -> Told:
    agreement = material.agreement
    row = _without_position(row)
    when = tell(Span(row["earliest"], row["latest"], "told"), agreement.timezone)
    where = tell_place(row, agreement)
    settled = _ways(row, material)
    responsible = tuple(agreement.register.label(actor) for actor in row["responsible"])
    act = act_tree().label(row["act"])
    return Told(
        id=row["finding"],
        clause=row["clause"],
        outcome=row["outcome"],
        sentence=_sentence(row, material, act, when, where, accounts),
        when=when,
        where=where,
        zone=zone,
        act=act,
        civilians_dead=row["civilians_dead"],
        presumption=row["presumption"],
        responsibility=tell_responsibility(row["responsibility"], responsible, row["grounds"]),
        responsible=responsible,
        settled_by=settled,
        tests=json.loads(row["tests"]),
        share_inside=row["share_inside"],
        origins=tell_origins(
            row["origins_low"], row["origins_high"], row["reports"], material.view.audience, row["repeats"]
        ),
        reports=row["reports"],
        chain=chain,
        account=row,
        earliest=row["earliest"],
    )


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
    when = tell(Span(row["earliest"], row["latest"], "told"), agreement.timezone)
    chain = tuple(link for incident in row["rests_on"] for link in chains[incident])
    party = _party_label(row["responsible"][0], agreement)
    words = str(row["occasion"]).rstrip(".")
    if row["outcome"] == Outcome.VIOLATION:
        told_by = tell_reporters([link["office"] for link in chain], [link["source"] for link in chain])
        sentence = f"{words}, {told_by}: {when}."
    else:
        sentence = f"Due {when} from {party}: {words}. No report received shows that it was done in time."
    nowhere = dict.fromkeys(("lon", "lat", "radius_m", "area", "country", "geometry", "place_name"))
    return Told(
        id=row["finding"],
        clause=row["clause"],
        outcome=row["outcome"],
        sentence=f"{sentence} {_judged(row, material)}",
        when=when,
        where="the clause's area",
        zone="",
        act=words,
        civilians_dead=None,
        presumption=False,
        responsibility=tell_responsibility(row["responsibility"], [party], row["grounds"]),
        responsible=(party,),
        settled_by=_ways(row, material),
        tests=json.loads(row["tests"]),
        share_inside=None,
        origins=f"{len(chain)} report{'' if len(chain) == 1 else 's'}",
        reports=len(chain),
        chain=chain,
        account={**nowhere, **row, "place_kind": str(PlaceKind.UNPLACED)},
        earliest=row["earliest"],
    )


def _party_label(party: str, agreement: Agreement) -> str:
    return party.replace("-", " ") if party in agreement.parties else agreement.register.label(party)


def _sentence(row: Mapping[str, Any], material: Material, act: str, when: str, where: str, accounts: int) -> str:
    agreement = material.agreement
    sides = tell_sides(row["pairs"], agreement)
    told = f"{act[:1].upper()}{act[1:]}, {tell_reporters(row['offices'], row['sources'])}: {when}, {where}; {sides}."
    dead = row["civilians_dead"]
    harm = f" Civilian dead as reported: {dead}." if dead else ""
    differing = f" The reports differ: {accounts} versions stand side by side." if accounts > 1 else ""
    return f"{told}{harm}{differing} {_judged(row, material)}"


def _judged(row: Mapping[str, Any], material: Material) -> str:
    clause = row["clause"]
    match row["outcome"]:
        case Outcome.VIOLATION:
            if row["hypothetical"]:
                demand = material.agreement.clause(clause).demand_of
                return f"Would not meet demand {clause} of {material.agreement.register.label(demand)}."
            if material.may_determine:
                words = f"Violation of {clause}, on what was reported."
            else:
                words = f"If it was as reported, inconsistent with {clause}; reported, not confirmed."
            return words + (_presumption(row, material) if row["presumption"] else "")
        case Outcome.OUTSIDE_SCOPE:
            exceptions = material.agreement.clause(clause).outside_scope
            because = next((e.note for e in exceptions if e.note), "an exception of the agreement covers it")
            return f"Outside the scope of {clause}, if in its area and time at all: {because.rstrip('.')}."
        case Outcome.UNTOUCHED:
            return f"Alleged; {clause} does not reach it."
    ways = _ways(row, material)
    return f"Undetermined under {clause}." + (f" It would settle it to know {'; or '.join(ways)}." if ways else "")


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
        taken = f"'{umbrellas[0]}', a name for several groups, is taken for the bound side"
    elif clause.presumption is Presumption.ANYBODY:
        taken = "an actor that nobody named is taken for a bound side"
    else:
        taken = "a name that may stand for several groups is taken for the bound side"
    return f" It rests on the presumption that {taken}."


def tell_sides(pairs: str | None, agreement: Agreement) -> str:
    """Name who took part, without saying that the first named acted unless the report says so."""
    told = read_pairs(pairs or ANYBODY)
    actors = sorted({actor for actor, _ in told if actor}, key=str.casefold)
    targets = sorted({target for _, target in told if target and target not in actors}, key=str.casefold)
    if not actors:
        return f"against {', '.join(targets)}, who acted is not named" if targets else "no side is named"
    against = f" against {listed(targets)}" if targets else ""
    if len(actors) == 1:
        return f"by {actors[0]}{against}, as named in the report"
    if all(actor in {target for _, target in told} for actor in actors):
        return f"between {listed(actors)}, who acted is not said"
    return f"by {' or '.join(actors)}{against}, which of them acted is not said"


def tell_reporters(offices: Sequence[str], sources: Sequence[str]) -> str:
    """Say on whose word: "reported by X (in SOURCE)"."""
    told = list(dict.fromkeys(office for office in offices if office))
    by = listed(told[:4]) + (f" and {len(told) - 4} more" if len(told) > 4 else "") if told else "an office not named"
    return f"reported by {by} (in {', '.join(source.upper() for source in dict.fromkeys(sources))})"


def tell_origins(low: int, high: int | None, reports: int, audience: Level = Level.MISSION, repeats: int = 0) -> str:
    """Say how many independent origins lie behind some reports, of which `repeats` repeat others; below mission level
    only whether more than one does.
    """
    if audience < Level.MISSION:
        return "more than one independent origin" if low > 1 else "one origin" if low else "no independent origin"
    told = f"{reports} report{'' if reports == 1 else 's'}"
    if repeats:
        told += f", of which {repeats} {'repeats another' if repeats == 1 else 'repeat others'}"
    if high is None:
        return f"{told}, at least {low} independent origin{'' if low == 1 else 's'}, no upper bound"
    bounds = str(low) if low == high else f"{low} to {high}"
    return f"{told}, {bounds} independent origin{'' if low == high == 1 else 's'}"


def tell_responsibility(kind: str, actors: Sequence[str], grounds: str) -> str:
    """Say who answers for it, as far as it is established."""
    match kind:
        case Responsibility.ACTOR:
            return f"{actors[0]}, as reported; likelihood not assessed ({grounds})"
        case Responsibility.ONE_OF:
            return f"not established: one of {listed(actors)} ({grounds})"
    return f"not established ({grounds})"


def tell_place(row: Mapping[str, Any], agreement: Agreement) -> str:
    """Say where, with how far off it may be."""
    told = row.get("place_name") or ""
    name = f"{told}, " if told and plain_name(told) != plain_name(row.get("country") or "") else ""
    match row["place_kind"]:
        case PlaceKind.DISC:
            radius = row["radius_m"] or 0.0
            about = f"{radius / 1000:g} km" if radius >= 1000 else f"{radius:g} m"
            return f"{name}within {about} of a point"
        case PlaceKind.AREA:
            area = agreement.gazetteer.areas.get(row["area"] or "")
            return f"{name}somewhere in {area.names[0] if area and area.names else row['area'] or 'a drawn area'}"
        case PlaceKind.LINE:
            return f"{name}along a line"
        case PlaceKind.COUNTRY:
            return f"{name}somewhere in {row['country']}"
    return f"{name}place not known"


def tell_unknowns(names: Iterable[str], agreement: Agreement) -> str:
    """Say what would have to be known, for one set of unknowns."""
    return listed([_unknown(name, agreement) for name in names])


def _unknown(name: str, agreement: Agreement) -> str:
    if name in _QUESTIONS:
        return _QUESTIONS[name]
    if " or " in name:
        return listed([_unknown(part, agreement) for part in name.split(" or ")])
    kind, _, what = name.partition(":")
    if kind == "line":
        return f"where the {agreement.lines[what].label} runs"
    if kind == "zone":
        return f"where {agreement.zones[what].label} lies"
    if kind == "precondition":
        words = agreement.preconditions.get(what, {}).get("en", what.replace("-", " "))
        return f"whether {words.rstrip('.')}"
    if name.startswith("affected."):
        return f"whether {name.removeprefix('affected.').replace('-', ' ')} groups are bound"
    return f"the disputed {name.replace('-', ' ')}"


def listed(words: Iterable[str]) -> str:
    """Join words as a sentence does.

    >>> listed(["Daraa", "Quneitra", "Suwayda"])
    'Daraa, Quneitra and Suwayda'
    """
    told = list(words)
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


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
