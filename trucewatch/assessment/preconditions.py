"""Preconditions: what the liaison log shows of the facts on which an exception rests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import shapely

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.agreement.terms import Agreement, Asked, LogTest
from trucewatch.assessment.occasions import finding_id
from trucewatch.beside import Beside, is_attested
from trucewatch.incidents import Incidents
from trucewatch.logs.liaison import Deed, Shown, attack_told, attempt_failed, notice_given, order_notified
from trucewatch.logs.patrols import NOTICES
from trucewatch.when import Span
from trucewatch.where import place_shape


@dataclass(frozen=True)
class Deeds:
    """Incidents as acts that a notice may be of, in the words of the log."""

    agreement: Agreement
    beside: Beside
    names: Mapping[str, frozenset[str]]  # incident -> those of its names that some notice uses

    @classmethod
    def of(cls, incidents: Incidents, agreement: Agreement, beside: Beside) -> Deeds:
        """Return the incidents under the names that notices give them: their own, or those of their reports, claims
        and findings.
        """
        named = {notice.about_finding for notice in beside.notices} - {""}
        found: dict[str, set[str]] = {}
        if named:
            keys = incidents.members.filter(pl.col("claim_key").is_in(named)).select("incident", "claim_key")
            records = incidents.incidents.select("incident", "records").explode("records")
            records = records.filter(pl.col("records").is_in(named))
            for incident, name in (*keys.iter_rows(), *records.iter_rows()):
                found.setdefault(incident, set()).add(name)
            for incident in incidents.incidents["incident"].to_list() if named - set().union(*found.values()) else ():
                found.setdefault(incident, set()).update(_own_names(incident, agreement) & named)
        return cls(agreement, beside, {incident: frozenset(names) for incident, names in found.items()})

    def deed(self, row: Mapping[str, Any], by: frozenset[str]) -> Deed:
        """Return what an account tells of, taken as an act of one side."""
        place = place_shape(row, self.agreement.gazetteer)
        named = {notice.about_area for notice in self.beside.notices} - {""}
        areas = {area: shape for area in named if (shape := self.beside.places.get(area)) is not None}
        inside, touches = frozenset[str](), frozenset(named)
        if place is not None:
            inside = frozenset(area for area, shape in areas.items() if shapely.covers(shape, place))
            touches = frozenset(area for area, shape in areas.items() if shapely.intersects(shape, place))
            touches |= named - areas.keys()  # what nobody drew may lie anywhere
        when = Span(row["earliest"], row["latest"], "told")
        return Deed(when, by, self.names.get(row["incident"], frozenset()), inside, touches)


def _own_names(incident: str, agreement: Agreement) -> set[str]:
    readings = ("", *agreement.readings)
    clauses = (*agreement.clauses, *agreement.hypothetical)
    return {incident, *(finding_id(incident, clause.id, reading) for clause in clauses for reading in readings)}


def with_log(incidents: Incidents, agreement: Agreement, beside: Beside) -> Incidents:
    """Add to each account what the liaison log shows of the preconditions that ask for it.

    A report and the log that contradict each other leave a precondition unknown, and so does an act that several sides
    may have done, of which the log shows different things.
    """
    if not agreement.log_tests or not (beside.notices or beside.channels) or incidents.accounts.is_empty():
        return incidents
    deeds = Deeds.of(incidents, agreement, beside)
    facts = [json.dumps(_facts(row, deeds), sort_keys=True) for row in incidents.accounts.iter_rows(named=True)]
    return replace(incidents, accounts=incidents.accounts.with_columns(pl.Series("facts", facts, pl.String)))


def _facts(row: Mapping[str, Any], deeds: Deeds) -> dict[str, bool | None]:
    told: dict[str, bool | None] = json.loads(row["facts"]) if row["facts"] else {}
    sides = [deeds.deed(row, side) for side in _sides(row, deeds.agreement)]
    for name, test in deeds.agreement.log_tests.items():
        answers = {_asked_of(test, deed, deeds.agreement, deeds.beside).holds for deed in sides}
        shown = answers.pop() if len(answers) == 1 else None
        if shown is not None:
            told[name] = shown if told.get(name) in (shown, None) else None
    return told


def _asked_of(test: LogTest, deed: Deed, agreement: Agreement, beside: Beside) -> Shown:
    match test.asked:
        case Asked.NOTICE:
            is_complete = _is_logged(deed, agreement, beside)
            return notice_given(beside.notices, deed, test.lead, is_complete, test.about)
        case Asked.ATTEMPT:
            is_complete = _is_logged(deed, agreement, beside)
            return attempt_failed(beside.notices, beside.channels, test.channel, deed, is_complete)
        case Asked.ATTACK:
            return attack_told(beside.notices, deed)
        case Asked.ORDER:
            return order_notified(beside.notices, deed)


def _is_logged(deed: Deed, agreement: Agreement, beside: Beside) -> bool:
    """Say whether the log is attested complete from when the agreement is in force until a deed was over."""
    begins = min(agreement.in_force_from(), default=None)
    if begins is None:
        return False
    return is_attested(beside, NOTICES, "", Span(min(begins, deed.when.earliest), deed.when.latest, "interval"))


def _sides(row: Mapping[str, Any], agreement: Agreement) -> list[frozenset[str]]:
    """Return, for everybody who may have acted, all ids under which its side may send a notice."""
    register = agreement.register
    actors = {register.identify(actor) for actor, _ in read_pairs(row["pairs"] or ANYBODY)}
    if any(not actor or actor.startswith("?") for actor in actors):
        actors = (actors - {""}).union(*(party.actors for party in agreement.parties.values()))
    return [_side(actor, row, agreement) for actor in sorted(actors)]


def _side(actor: str, row: Mapping[str, Any], agreement: Agreement) -> frozenset[str]:
    found = {actor}
    for party in agreement.parties:
        theirs = agreement.standing_for(party)
        if actor in theirs or agreement.register.surely_belongs(actor, set(theirs), row["earliest"], row["latest"]):
            found |= theirs
    return frozenset(found)
