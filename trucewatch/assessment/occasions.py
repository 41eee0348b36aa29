"""Occasions: what a party owed at a due time, or held together at one moment; judged from many incidents, or from none.

An omission is a violation only where the record that would hold the act is attested complete for that time. No such
attestation can be recorded yet, so a duty of which nothing was reported stays undetermined, and says so.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.atoms import ClauseTests
from trucewatch.agreement.terms import Reading
from trucewatch.assessment.judgements import Outcome
from trucewatch.evidence import Extent
from trucewatch.incidents import Incidents
from trucewatch.when import Span
from trucewatch.where import place_shape

COMPLETE_RECORD = "record"  # the unknown of an omission: whether the record would hold the act, had it been done
_TESTS_OF_PLACE = ("when", "where", "what", "bound", "scope", "proof")


@dataclass(frozen=True, slots=True)
class Occasion:
    """What is judged of a party at one time, and from which incidents."""

    party: str  # party or actor id
    words: str
    earliest: datetime
    latest: datetime
    outcome: Outcome
    tests: tuple[tuple[str, str], ...]
    settled_by: tuple[tuple[str, ...], ...]
    grounds: str
    rests_on: tuple[str, ...]


# ---- duties ----------------------------------------------------------------------------------------------------------


def duties_due(incidents: Incidents, tests: ClauseTests, reading: Reading | None) -> list[Occasion]:
    """Return the duties of a clause that fell due, by every value of their due time, before what was received ends.

    A duty that was done in time under each value is met, and nothing is said of it. One that has no due time is never
    late.
    """
    agreement, clause = tests.agreement, tests.clause
    dues = agreement.moments(clause.start, reading)
    last = incidents.incidents["latest"].max()
    if not isinstance(last, datetime) or any(span is None or span.latest > last for span in dues):
        return []
    spans = [span for span in dues if span is not None]
    found = []
    for party in clause.who or tuple(agreement.parties):
        if party in clause.reserved_by:
            continue
        done = _done_by(party, incidents, tests)
        if all(_in_time(done, span) for span in spans):
            continue
        due = Span(min(s.earliest for s in spans), max(s.latest for s in spans), "interval")
        open_terms = (clause.start.term,) if clause.start.term and any(_in_time(done, span) for span in spans) else ()
        found.append(
            Occasion(
                party=party,
                words=clause.says.get("en", clause.id),
                earliest=due.earliest,
                latest=due.latest,
                outcome=Outcome.UNDETERMINED,
                tests=(("when", "yes"), ("what", "unknown"), ("bound", "yes")),
                settled_by=((COMPLETE_RECORD, *open_terms),),
                grounds="whose duty it is; no report says that it was done in time",
                rests_on=tuple(sorted(name for name, _ in done)),
            )
        )
    return found


def _done_by(party: str, incidents: Incidents, tests: ClauseTests) -> list[tuple[str, datetime]]:
    """Return (incident, by when it was done) of the acts that a duty asks for and a party surely did."""
    asked = [act for act in incidents.accounts["act"].unique().to_list() if _is_asked(act, tests)]
    told = incidents.accounts.filter(pl.col("act").is_in(asked))
    return [
        (incident, latest)
        for incident, earliest, latest, pairs in told.select("incident", "earliest", "latest", "pairs").iter_rows()
        if _is_surely_by(party, pairs, earliest, latest, tests)
    ]


def _is_asked(act: str, tests: ClauseTests) -> bool:
    return any(act_tree().covers(node, act) for node in tests.clause.what.acts)


def _in_time(done: Iterable[tuple[str, datetime]], due: Span) -> bool:
    # Due on a day: done on that day is in time.
    return any(by <= due.latest for _, by in done)


def _is_surely_by(party: str, pairs: str | None, earliest: datetime, latest: datetime, tests: ClauseTests) -> bool:
    register = tests.agreement.register
    named = tests.agreement.parties.get(party)
    theirs: set[str] = set()
    for actor in named.actors if named else (party,):
        theirs |= {actor} | register.stands_for(actor)
    actors = {register.identify(actor) for actor, _ in read_pairs(pairs or ANYBODY)}
    return bool(actors) and all(
        actor in theirs
        or all(register.surely_belongs(member, theirs, earliest, latest) for member in register.stands_for(actor))
        for actor in actors
    )


# ---- ceilings --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Holding:
    """What one incident says was held, where it surely counts against the ceiling for all of its time."""

    incident: str
    earliest: datetime
    latest: datetime
    low: int
    place: BaseGeometry


def ceilings_passed(judged: pl.DataFrame, tests: ClauseTests) -> list[Occasion]:
    """Return the stretches of time in which reports of different places together pass a ceiling that none passes alone.

    Only what surely counts is added: held by the clause's one party, throughout the time told, wholly inside, at places
    that do not overlap, each at the least number told.
    """
    clause = tests.clause
    at_most = clause.at_most
    parties = clause.who or tuple(tests.agreement.parties)
    if at_most is None or len(parties) != 1:
        return []
    held = [
        holding
        for row in judged.filter(pl.len().over("incident") == 1).iter_rows(named=True)
        if (holding := _holding(row, tests)) is not None and holding.low <= at_most
    ]
    instants = sorted({edge for holding in held for edge in (holding.earliest, holding.latest)})
    passed: list[tuple[datetime, datetime, tuple[_Holding, ...]]] = []
    for start, end in itertools.pairwise(instants):
        together = _apart(holding for holding in held if holding.earliest <= start and end <= holding.latest)
        if sum(holding.low for holding in together) <= at_most:
            continue
        if passed and passed[-1][1] == start and passed[-1][2] == together:
            passed[-1] = (passed[-1][0], end, together)
        else:
            passed.append((start, end, together))
    unit = clause.what.unit or "in all"
    return [
        Occasion(
            party=parties[0],
            words=f"At least {sum(h.low for h in together):,} {unit} at {len(together)} places at one time, "
            f"where at most {at_most:,} are allowed",
            earliest=start,
            latest=end,
            outcome=Outcome.VIOLATION,
            tests=tuple((name, "yes") for name in (*_TESTS_OF_PLACE, "count")),
            settled_by=(),
            grounds="the reports name this party at each place",
            rests_on=tuple(sorted(h.incident for h in together)),
        )
        for start, end, together in passed
    ]


def _holding(row: Mapping[str, Any], tests: ClauseTests) -> _Holding | None:
    answers = json.loads(row["tests"])
    if row["time_extent"] != Extent.THROUGHOUT or row["count_low"] is None:
        return None
    if any(answers.get(name) != "yes" for name in _TESTS_OF_PLACE):
        return None
    if row["count_unit"] is not None and tests.clause.what.unit and row["count_unit"] != tests.clause.what.unit:
        return None
    place = place_shape(row, tests.agreement.gazetteer)
    if place is None or row["latest"] - row["earliest"] < timedelta(0):
        return None
    return _Holding(row["incident"], row["earliest"], row["latest"], row["count_low"], place)


def _apart(held: Iterable[_Holding]) -> tuple[_Holding, ...]:
    """Keep, largest first, what lies where nothing kept so far does: two reports of one place may tell of one thing."""
    kept: list[_Holding] = []
    for holding in sorted(held, key=lambda h: (-h.low, h.incident)):
        if not any(shapely.intersects(holding.place, other.place) for other in kept):
            kept.append(holding)
    return tuple(kept)
