"""Findings: each incident, and each occasion, under each clause, in two parts: did it occur, and who answers for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from trucewatch.actors import ANYBODY, BINDING, CIVILIANS, Register, read_pairs
from trucewatch.agreement.atoms import ClauseTests, plane_of, tests_of
from trucewatch.agreement.readings import under
from trucewatch.agreement.terms import Agreement, ClauseKind, Reading
from trucewatch.assessment.ceilings import ceilings_passed
from trucewatch.assessment.concurrence import suspended, was_met
from trucewatch.assessment.dockets import Docket, docket_of
from trucewatch.assessment.duties import Matter, duties_due
from trucewatch.assessment.judgements import CAN_UNTOUCHED, Outcome, judge, outcome_of
from trucewatch.assessment.occasions import Occasion, finding_id
from trucewatch.assessment.preconditions import with_log
from trucewatch.beside import NOTHING, Beside
from trucewatch.evidence import Standard
from trucewatch.incidents import Incidents
from trucewatch.kernels.compiled import is_fast_available
from trucewatch.when import Span
from trucewatch.where import place_shape

# From so many accounts on, all clauses are asked at once, where kernels can be compiled; the findings are the same.
AT_SCALE = 100_000
_ROWS_AT_ONCE = 500_000
_PLACE = ("place_kind", "area", "country", "geometry", "lon", "lat", "radius_m")


class Responsibility(StrEnum):
    """The second part of a finding: who answers for it. It never changes the first."""

    NOT_ESTABLISHED = "not-established"
    DIRECTION_ONLY = "direction-only"  # of fire, by an impact site; it names nobody
    FROM_AREA_HELD = "from-area-held"  # from what one actor held alone that day; who fired there is not established
    ONE_OF = "one-of"
    ACTOR = "actor"
    UNIT = "unit"  # of another actor


FINDING_SCHEMA: dict[str, pl.DataType] = {
    "finding": pl.String(),  # id: hash of subject, clause and reading
    "subject_kind": pl.String(),  # incident or occasion
    "incident": pl.String(),  # null for an occasion
    "occasion": pl.String(),  # what was due or held together, in words; null for an incident
    "earliest": pl.Datetime("us", "UTC"),  # of an occasion; an incident has its own
    "latest": pl.Datetime("us", "UTC"),
    "rests_on": pl.List(pl.String()),  # incidents
    "clause": pl.String(),
    "reading": pl.String(),  # empty: every reading at once
    "outcome": pl.String(),
    "hypothetical": pl.Boolean(),
    "tests": pl.String(),  # JSON object
    "settled_by": pl.String(),  # JSON list of lists of unknowns
    "presumption": pl.Boolean(),  # whether it rests on the clause's presumption
    "responsibility": pl.String(),
    "responsible": pl.List(
        pl.String()
    ),  # actor ids; of `from-area-held` whose area it was, of `one-of` all, of `unit` it and whose
    "grounds": pl.String(),
    "standard": pl.String(),
    "proof": pl.String(),  # yes or unknown
    "share_inside": pl.Float64(),  # of a place told across a limit: how much lies inside at the widest
    "per_test": pl.Boolean(),  # too many combinations of terms: each test was judged by itself
}


def assess(
    incidents: Incidents,
    agreement: Agreement,
    reading: Reading | None = None,
    standard: Standard = Standard.REASONABLE_GROUNDS,
    hypothetical: bool = False,
    beside: Beside = NOTHING,
) -> pl.DataFrame:
    """Judge every incident and occasion under every clause; a findings table (`FINDING_SCHEMA`), by clause and subject.

    What no completion touches is not stored, unless it was alleged. `hypothetical` judges the parties' demands instead
    of the clauses in force. `beside` is what the mission wrote down itself; what its impact sites say of who answers
    for an incident is added to findings by `directions.with_impact_sites`.
    """
    agreement = under(agreement, reading)
    incidents = with_log(incidents, agreement, beside)
    clauses = agreement.hypothetical if hypothetical else agreement.clauses
    concerned = incidents
    at_once: dict[str, pl.DataFrame] = {}
    if incidents.accounts.height >= AT_SCALE and is_fast_available():
        docket = docket_of(agreement, reading, standard, hypothetical)
        concerned, at_once = judged_at_once(incidents, docket)
    plane = plane_of(agreement)

    @cache
    def alone(clause_id: str) -> tuple[Matter, pl.DataFrame]:
        """Judge everything under a clause as if no other one mattered to it."""
        clause = agreement.clause(clause_id)
        tests = tests_of(agreement, clause, reading, plane)
        matter = Matter.of(incidents, tests, reading, beside, max(standard, clause.standard or standard))
        if clause.kind is ClauseKind.DUTY:
            return matter, _of_occasions(duties_due(matter), matter)
        if clause.id in at_once:
            judged = at_once[clause.id]
        else:
            judged = judge(incidents.accounts, incidents.incidents, tests, matter.standard)
        found = _findings(judged, concerned if clause.id in at_once else incidents, matter)
        if clause.kind is ClauseKind.CEILING:
            found = pl.concat([found, _of_occasions(ceilings_passed(judged, tests), matter)])
        return matter, found

    def met(clause: str, at: Span) -> bool | None:
        return was_met(*alone(clause), spans, at)

    spans = _spans(incidents) if any(clause.concurrent_with for clause in clauses) else {}
    found = [suspended(alone(clause.id)[1], clause, met, spans) for clause in clauses]
    return pl.concat([pl.DataFrame(schema=FINDING_SCHEMA), *found]).sort(
        "clause", "incident", "occasion", nulls_last=True, maintain_order=True
    )


def _spans(incidents: Incidents) -> dict[str, Span]:
    told = incidents.incidents.select("incident", "earliest", "latest").iter_rows()
    return {incident: Span(earliest, latest, "told") for incident, earliest, latest in told}


def judged_at_once(incidents: Incidents, docket: Docket) -> tuple[Incidents, dict[str, pl.DataFrame]]:
    """Return the incidents that some clause of a docket may touch, and what `judge` says of them, by clause."""
    evidence = incidents.incidents.select("incident", "allegation", "origins_low", "first_hand", "recorded")
    accounts = incidents.accounts.join(evidence, on="incident", how="left", maintain_order="left")
    found = _asked(docket, accounts, None)
    # Of several accounts all are heard, also those that the clause does not touch: they are why it is not certain.
    several = accounts.filter(pl.len().over("incident") > 1)
    pairs = found.select("incident", "clause").unique()
    heard = several.join(pairs, on="incident", how="semi")
    again = _asked(docket, heard, np.ones(heard.height, dtype=bool)).join(pairs, on=("incident", "clause"), how="semi")
    found = pl.concat([found.join(heard, on="incident", how="anti"), again])
    told = found.join(docket.judgements.drop("clause"), on="slot", how="left").drop(
        "slot", "origins_low", "first_hand", "recorded"
    )
    by_clause = {key: group for (key,), group in told.partition_by("clause", as_dict=True, include_key=False).items()}
    nothing = told.clear().drop("clause")
    concerned = replace(
        incidents,
        incidents=incidents.incidents.join(pairs, on="incident", how="semi"),
        accounts=incidents.accounts.join(pairs, on="incident", how="semi"),
    )
    return concerned, {name: by_clause.get(number, nothing) for number, name in enumerate(docket.clauses)}


def _asked(docket: Docket, accounts: pl.DataFrame, whole: npt.NDArray[np.bool_] | None) -> pl.DataFrame:
    """Return the accounts that a docket has an answer for, once for each clause and slot."""
    parts = []
    for first in range(0, accounts.height, _ROWS_AT_ONCE):
        batch = accounts.slice(first, _ROWS_AT_ONCE)
        answers = docket.judge(batch, None if whole is None else whole[first : first + _ROWS_AT_ONCE])
        parts.append(batch[answers["row"]].with_columns(answers["clause"], answers["slot"]))
    nothing = accounts.clear().with_columns(pl.lit(0, pl.UInt16).alias("clause"), pl.lit(0, pl.UInt32).alias("slot"))
    return pl.concat([nothing, *parts])


# ---- the table -------------------------------------------------------------------------------------------------------


def _findings(judged: pl.DataFrame, incidents: Incidents, matter: Matter) -> pl.DataFrame:
    tests, reading, standard = matter.tests, matter.reading, matter.standard
    clause = tests.clause
    several = judged.filter(pl.len().over("incident") > 1)
    alone = judged.filter(pl.len().over("incident") == 1)
    columns = ("incident", "possible", "tests", "settled_by", "presumed", "proof", "allegation")
    rows = pl.concat([alone.select(columns), _joined(several, columns, judged.schema)])
    # An incident with accounts that nothing could touch was partly dropped: those completions are untouched too.
    accounts = incidents.accounts.join(judged, on="incident", how="semi")
    told = accounts.group_by("incident").len("told")
    kept = judged.group_by("incident").len("kept")
    rows = rows.join(told, on="incident").join(kept, on="incident").with_columns(
        pl.when(pl.col("told") > pl.col("kept"))
        .then(pl.col("possible") | CAN_UNTOUCHED)
        .otherwise("possible")
        .alias("possible")
    )  # fmt: skip
    outcomes = {bits: str(outcome_of(bits)) for bits in range(8)}
    rows = rows.with_columns(
        pl.col("possible").replace_strict(outcomes, return_dtype=pl.String).alias("outcome")
    ).filter((pl.col("outcome") != Outcome.UNTOUCHED) | pl.col("allegation"))
    across = rows.filter(pl.col("tests").str.json_path_match("$.where") == "unknown")
    shares = share_inside(accounts.join(across, on="incident", how="semi"), tests)
    who = incidents.incidents.select("incident", "pairs")
    rows = rows.join(who, on="incident").join(shares, on="incident", how="left").sort("incident")
    responsible = {pairs: responsibility(pairs, tests.agreement.register) for pairs in rows["pairs"].unique().to_list()}
    name = reading.id if reading else ""
    return rows.with_columns(
        pl.Series("finding", [finding_id(i, clause.id, name) for i in rows["incident"]], pl.String),
        pl.lit("incident").alias("subject_kind"),
        pl.lit(None).alias("occasion"),
        pl.lit(None).alias("earliest"),
        pl.lit(None).alias("latest"),
        pl.concat_list("incident").alias("rests_on"),
        pl.lit(clause.id).alias("clause"),
        pl.lit(name).alias("reading"),
        pl.lit(clause.is_hypothetical).alias("hypothetical"),
        pl.when(pl.col("outcome") == Outcome.UNDETERMINED)
        .then("settled_by")
        .otherwise(pl.lit("[]"))
        .alias("settled_by"),
        pl.col("presumed").alias("presumption"),
        pl.Series("responsibility", [str(responsible[p][0]) for p in rows["pairs"]], pl.String),
        pl.Series("responsible", [list(responsible[p][1]) for p in rows["pairs"]], pl.List(pl.String)),
        pl.Series("grounds", [responsible[p][2] for p in rows["pairs"]], pl.String),
        pl.lit(standard.word).alias("standard"),
        pl.when("proof").then(pl.lit("yes")).otherwise(pl.lit("unknown")).alias("proof"),
        pl.lit(tests.is_per_test).alias("per_test"),
    ).select(pl.col(column).cast(kind) for column, kind in FINDING_SCHEMA.items())


def _joined(several: pl.DataFrame, columns: Sequence[str], schema: Any) -> pl.DataFrame:
    """Join the judgements of an incident's accounts: it must hold under each of them."""
    rows: list[dict[str, Any]] = []
    for (incident,), group in several.group_by("incident", maintain_order=True):
        possible = 0
        for bits in group["possible"]:
            possible |= bits
        tests = [json.loads(told) for told in group["tests"]]
        joint = {
            name: (answers.pop() if len(answers := {told.get(name, "unknown") for told in tests}) == 1 else "unknown")
            for name in tests[0]
        }
        unknowns = {name for told in group["settled_by"] for names in json.loads(told)[:1] for name in names}
        if len({outcome_of(bits) for bits in group["possible"]}) > 1:
            unknowns.add("which report is right")
        rows.append(
            {
                "incident": incident,
                "possible": possible,
                "tests": json.dumps(joint),
                "settled_by": json.dumps([sorted(unknowns)] if unknowns else []),
                "presumed": bool(group["presumed"].any()),
                "proof": bool(group["proof"].all()),
                "allegation": bool(group["allegation"].any()),
            }
        )
    return pl.DataFrame(rows, schema={name: schema[name] for name in columns})


def _of_occasions(occasions: Sequence[Occasion], matter: Matter) -> pl.DataFrame:
    tests = matter.tests
    clause, name = tests.clause, matter.reading.id if matter.reading else ""
    rows = [
        {
            "finding": finding_id(_named(occasion), clause.id, name),
            "subject_kind": "occasion",
            "occasion": occasion.words,
            "earliest": occasion.earliest,
            "latest": occasion.latest,
            "rests_on": list(occasion.rests_on),
            "clause": clause.id,
            "reading": name,
            "outcome": str(occasion.outcome),
            "hypothetical": clause.is_hypothetical,
            "tests": json.dumps(dict(occasion.tests)),
            "settled_by": json.dumps([list(names) for names in occasion.settled_by]),
            "presumption": False,
            "responsibility": str(Responsibility.ACTOR),
            "responsible": [occasion.party],
            "grounds": occasion.grounds,
            "standard": matter.standard.word,
            "proof": "unknown" if ("proof", "unknown") in occasion.tests else "yes",
            "per_test": tests.is_per_test,
        }
        for occasion in occasions
    ]
    return pl.DataFrame(rows, schema=FINDING_SCHEMA)


def _named(occasion: Occasion) -> str:
    return "/".join(filter(None, (occasion.party, occasion.earliest.isoformat(), occasion.about)))


def responsibility(pairs: str | None, register: Register) -> tuple[Responsibility, tuple[str, ...], str]:
    """Return who answers for an act as far as the reports say, and on what grounds.

    A record that names two sides says that both took part; the order in which it names them says nothing.
    """
    told = read_pairs(pairs or ANYBODY)
    actors = tuple(dict.fromkeys(register.identify(actor) for actor, _ in told if actor))
    if not actors or any(not actor for actor, _ in told) or CIVILIANS in actors:
        return Responsibility.NOT_ESTABLISHED, (), "no report names who acted"
    if len(actors) == 1:
        alone = "the reports name this actor alone"
        whole = _whole(actors[0], register)
        return (Responsibility.UNIT, (*actors, whole), alone) if whole else (Responsibility.ACTOR, actors, alone)
    return Responsibility.ONE_OF, actors, "the reports name these as taking part; none says who acted"


def _whole(actor: str, register: Register) -> str:
    """Return whose unit an actor is at all times, if nobody denies it; of several, none."""
    wholes = {said.to for said in register.statements_of(actor) if said.kind in BINDING and not said.instants}
    contested = any(said.contested for said in register.statements_of(actor) if said.kind in BINDING)
    return wholes.pop() if len(wholes) == 1 and not contested else ""


def share_inside(accounts: pl.DataFrame, tests: ClauseTests) -> pl.DataFrame:
    """Return (incident, share_inside): how much of each place as told lies in some version of the clause's area."""
    reached = np.flatnonzero(tests.in_place.reshape(-1, len(tests.place_atoms)).any(axis=0))
    atoms = [tests.place_atoms[at] for at in reached]
    if accounts.is_empty() or not atoms or tests.outside in reached:
        return pl.DataFrame(schema={"incident": pl.String(), "share_inside": pl.Float64()})
    area = shapely.union_all(atoms)
    # Many incidents are told of one place; each place is cut once.
    places = accounts.select(_PLACE).unique(maintain_order=True)
    told = [place_shape(row, tests.agreement.gazetteer) for row in places.iter_rows(named=True)]
    drawn = np.array([tests.plane.shape(place) if place is not None else None for place in told], dtype=object)
    whole = shapely.area(drawn)
    shares = np.divide(
        shapely.area(shapely.intersection(drawn, area)), whole, out=np.zeros(len(drawn)), where=whole > 0
    )
    known = places.with_columns(pl.Series("share_inside", np.round(shares, 3)).set(pl.Series(~(whole > 0)), None))
    table = accounts.select("incident", *_PLACE).join(known, on=_PLACE, nulls_equal=True)
    return table.group_by("incident").agg(pl.col("share_inside").max())
