"""Duties: what a party owed by a day, in every period, to a question or at a site, and whether it is known to be done.

An omission is a violation only where the record that would hold the act is attested complete for the whole time in
which it could have been done. Else that nothing was reported leaves it undetermined, whoever finds that likely.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from trucewatch.actors import ANYBODY, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.atoms import ClauseTests
from trucewatch.agreement.terms import Answer, Inspection, Moment, Notification, Quota, Reading
from trucewatch.assessment.judgements import Outcome, place_masks
from trucewatch.assessment.occasions import COMPLETE_RECORD, Occasion
from trucewatch.assessment.preconditions import Deeds
from trucewatch.beside import Beside, is_attested
from trucewatch.evidence import Standard, proof_holds
from trucewatch.incidents import Incidents
from trucewatch.logs.inspections import OPEN_BECAUSE, InspectionOutcome
from trucewatch.logs.liaison import answered_within, order_notified
from trucewatch.logs.patrols import NOTICES
from trucewatch.when import FAR_AHEAD, LONG_AGO, Span, local_day, midnight

ORDER = "order"  # the unknown of a duty to tell of an order: whether there was one
NOT_REPORTED = "whose duty it is; no report says that it was done in time"
NOT_DONE = "whose duty it is; the record is attested complete, and does not hold it"
NOT_ANSWERED = "to whom it was put; no answer in time stands in the log"
NOT_TOLD = "who acted; no notice of an order stands in the log"
FOUND: Mapping[InspectionOutcome, str] = {
    InspectionOutcome.SERIALS_REFUSED: "whose site was inspected; the count matched, the serial numbers were refused",
    InspectionOutcome.MISSING_WITH_REASON: "whose site was inspected; something was missing, and a reason given",
    InspectionOutcome.MISSING: "whose site was inspected; something was missing, and no reason given",
    InspectionOutcome.ACCESS_REFUSED: "whose site was to be inspected; access was refused",
}
_MOST_PERIODS = 10_000


@dataclass(frozen=True, slots=True)
class Matter:
    """What a duty is judged on: incidents, logs, and until when anything was heard."""

    incidents: Incidents
    tests: ClauseTests
    reading: Reading | None
    beside: Beside
    standard: Standard
    heard_until: datetime

    @classmethod
    def of(
        cls, incidents: Incidents, tests: ClauseTests, reading: Reading | None, beside: Beside, standard: Standard
    ) -> Matter:
        """Return what a clause is judged on; where nothing was received nothing was heard, ever."""
        last = incidents.incidents["latest"].max()
        heard = max(last if isinstance(last, datetime) else LONG_AGO, beside.heard_until)
        return cls(incidents, tests, reading, beside, standard, heard)


def duties_due(matter: Matter) -> list[Occasion]:
    """Return what became due under a clause, by every value of its times, before what was received ends.

    A duty that was done under each value is met, and nothing is said of it. One that has no due time is never late.
    """
    match matter.tests.clause.owed:
        case None:
            return list(_acts_due(matter))
        case Answer() as answer:
            return list(_answers_due(matter, answer))
        case Quota() as quota:
            return list(_quotas_due(matter, quota))
        case Notification(within):
            return list(_notifications_due(matter, within)) if within else []
        case Inspection() as inspection:
            return list(_inspected(matter, inspection))


def owing(tests: ClauseTests) -> tuple[str, ...]:
    """Return the parties and actors whose duty a clause states."""
    clause = tests.clause
    return tuple(one for one in clause.who or tuple(tests.agreement.parties) if one not in clause.reserved_by)


def _words(tests: ClauseTests) -> str:
    return tests.clause.says.get("en", tests.clause.id)


# ---- an act by a day -------------------------------------------------------------------------------------------------


def _acts_due(matter: Matter) -> Iterator[Occasion]:
    tests = matter.tests
    start = tests.clause.start
    dues = tests.agreement.moments(start, matter.reading)
    spans = [span for span in dues if span is not None]
    if len(spans) < len(dues) or any(span.latest > matter.heard_until for span in spans):
        return
    for party in owing(tests):
        done = done_by(party, matter.incidents, tests)
        if all(_in_time(done, span) for span in spans):
            continue
        due = Span(min(s.earliest for s in spans), max(s.latest for s in spans), "interval")
        is_open = bool(start.term) and any(_in_time(done, span) for span in spans)
        is_omitted = not is_open and not maybe_done(party, matter, due) and is_recorded(matter, due.latest)
        yield Occasion(
            party=party,
            words=_words(tests),
            earliest=due.earliest,
            latest=due.latest,
            outcome=Outcome.VIOLATION if is_omitted else Outcome.UNDETERMINED,
            tests=(("when", "yes"), ("what", "yes" if is_omitted else "unknown"), ("bound", "yes")),
            settled_by=() if is_omitted else ((COMPLETE_RECORD, *((start.term,) if is_open else ())),),
            grounds=NOT_DONE if is_omitted else NOT_REPORTED,
            rests_on=tuple(sorted(name for name, _ in done)),
        )


def done_by(
    party: str, incidents: Incidents, tests: ClauseTests, acts: tuple[str, ...] = ()
) -> list[tuple[str, datetime]]:
    """Return (incident, by when it was done) of the acts that a party surely did in a clause's area: those that it asks
    for, if no other.
    """
    told = _told(incidents, tests, is_sure=True, acts=acts)
    return [
        (incident, latest)
        for incident, earliest, latest, pairs in told.select("incident", "earliest", "latest", "pairs").iter_rows()
        if is_surely_by(party, pairs, earliest, latest, tests)
    ]


def _told(incidents: Incidents, tests: ClauseTests, is_sure: bool, acts: tuple[str, ...] = ()) -> pl.DataFrame:
    """Return the accounts of acts (those that the clause asks for, if no other) in its area: those that surely are, or
    all that may be.
    """
    tree, acts = act_tree(), acts or tests.clause.what.acts
    relates = tree.covers if is_sure else tree.on_one_chain
    told_of = incidents.accounts["act"].unique().to_list()
    asked = [act for act in told_of if any(relates(node, act) for node in acts)]
    told = incidents.accounts.filter(pl.col("act").is_in(asked))
    inside = tests.in_place.reshape(-1, len(tests.place_atoms))
    reached = np.flatnonzero(inside.all(axis=0) if is_sure else inside.any(axis=0))
    bits = np.uint64(sum(1 << int(at) for at in reached))
    masks = place_masks(told, tests)
    return told.filter(pl.Series((masks & ~bits == 0) & (masks != 0) if is_sure else masks & bits != 0))


def maybe_done(party: str, matter: Matter, due: Span) -> bool:
    """Say whether a report may tell of the act, though it does not surely: by somebody, sometime, somewhere near it."""
    told = _told(matter.incidents, matter.tests, is_sure=False).filter(pl.col("earliest") < due.latest)
    return any(_may_be_by(party, pairs, matter.tests) for pairs in told["pairs"])


def _in_time(done: Iterable[tuple[str, datetime]], due: Span) -> bool:
    # Due on a day: done on that day is in time.
    return any(by <= due.latest for _, by in done)


def is_recorded(matter: Matter, until: datetime, since: datetime | None = None) -> bool:
    """Say whether the record that would hold the acts is attested complete: since the agreement is in force, if not
    since another instant.
    """
    agreement = matter.tests.agreement
    begins = since or min(agreement.in_force_from(), default=None)
    if begins is None:
        return False
    span = Span(min(begins, until), until, "interval")
    return all(
        is_attested(matter.beside, act, area, span)
        for act in matter.tests.clause.what.acts
        for area in areas_of(matter.tests)
    )


def areas_of(tests: ClauseTests) -> tuple[str, ...]:
    """Return the zones that some version of a clause's area is made of; one that is empty: wherever it holds."""
    ground = tests.clause.ground
    if not ground.term:
        return ground.zones or ("",)
    rivals = [rival.value for rival in tests.agreement.terms[ground.term].rivals]
    return tuple(dict.fromkeys(str(zone) for value in rivals if isinstance(value, tuple) for zone in value))


def is_surely_by(party: str, pairs: str | None, earliest: datetime, latest: datetime, tests: ClauseTests) -> bool:
    """Say whether everybody who may have acted surely belongs to a party then."""
    register = tests.agreement.register
    theirs = tests.agreement.standing_for(party)
    actors = {register.identify(actor) for actor, _ in read_pairs(pairs or ANYBODY)}
    return bool(actors) and all(
        actor in theirs
        or all(register.surely_belongs(member, set(theirs), earliest, latest) for member in register.stands_for(actor))
        for actor in actors
    )


def _may_be_by(party: str, pairs: str | None, tests: ClauseTests) -> bool:
    """Say whether a party may have acted: any name but that of another party alone leaves it open."""
    register = tests.agreement.register
    others: set[str] = set()
    for other in tests.agreement.parties:
        others |= tests.agreement.standing_for(other) if other != party else set()
    others -= tests.agreement.standing_for(party)
    return any(register.identify(actor) not in others for actor, _ in read_pairs(pairs or ANYBODY))


# ---- an answer -------------------------------------------------------------------------------------------------------


def _answers_due(matter: Matter, answer: Answer) -> Iterator[Occasion]:
    tests = matter.tests
    for party in owing(tests):
        for notice in matter.beside.notices:
            due = Span(notice.sent, notice.sent + answer.within, "interval")
            in_force = _in_force(matter, Span(notice.sent, notice.sent, "instant"))
            if notice.subject not in answer.about or notice.addressee not in tests.agreement.standing_for(party):
                continue
            if in_force is False or due.latest > matter.heard_until:
                continue
            is_complete = is_attested(matter.beside, NOTICES, "", due)
            shown = answered_within(notice, answer.within, matter.heard_until, is_complete)
            if shown.holds:
                continue
            open_terms = _terms(tests) if in_force is None else ()
            is_omitted = shown.holds is False and in_force is True
            record = () if shown.holds is False else (COMPLETE_RECORD,)
            yield Occasion(
                party=party,
                words=_words(tests),
                earliest=due.earliest,
                latest=due.latest,
                outcome=Outcome.VIOLATION if is_omitted else Outcome.UNDETERMINED,
                tests=(("when", "yes" if in_force else "unknown"), ("what", _no(shown.word)), ("bound", "yes")),
                settled_by=() if is_omitted else ((*record, *open_terms),),
                grounds=NOT_ANSWERED,
                about=f"notice {notice.id}",
            )


def _no(word: str) -> str:
    """Turn the answer to "was it done?" into that to "was it omitted?"."""
    return {"yes": "no", "no": "yes"}.get(word, word)


def _in_force(matter: Matter, at: Span) -> bool | None:
    """Say whether a clause holds at a time, by every value of its beginning and end; None: not by every one."""
    agreement, clause = matter.tests.agreement, matter.tests.clause
    answers: set[bool] = set()
    until = _end(at)
    for begins, ends in itertools.product(
        agreement.moments(clause.start, matter.reading), agreement.moments(clause.end, matter.reading)
    ):
        if begins is None and clause.start.term:
            answers.add(False)  # never
            continue
        # A plain day is not in dispute: a clause begins with it, and takes the last one in.
        first = (LONG_AGO, LONG_AGO) if begins is None else _ends(begins, begins.earliest, clause.start)
        last = (FAR_AHEAD, FAR_AHEAD) if ends is None else _ends(ends, ends.latest, clause.end)
        answers.add(first[1] <= at.earliest and until <= last[0])
        answers.add(first[0] < until and at.earliest < last[1])
    return answers.pop() if len(answers) == 1 else None


def _end(one: Span | _Done) -> datetime:
    """Return when a time is over; an instant has a length too."""
    return max(one.latest, one.earliest + timedelta.resolution)


def _ends(span: Span, plain: datetime, moment: Moment) -> tuple[datetime, datetime]:
    return (span.earliest, span.latest) if moment.term else (plain, plain)


def _terms(tests: ClauseTests) -> tuple[str, ...]:
    moments: tuple[Moment, ...] = (tests.clause.start, tests.clause.end)
    return tuple(dict.fromkeys(moment.term for moment in moments if moment.term))


# ---- a number in every period ----------------------------------------------------------------------------------------


def _quotas_due(matter: Matter, quota: Quota) -> Iterator[Occasion]:
    tests = matter.tests
    counts = {party: _Count.of(party, matter) for party in owing(tests)}
    for period in _periods(matter, quota):
        in_force = _in_force(matter, period)
        if in_force is False:
            continue
        for party, count in counts.items():
            low, high, sure = count.within(period)
            if low >= quota.at_least:
                continue
            is_short = high < quota.at_least and is_recorded(matter, period.latest, since=period.earliest)
            is_violation = is_short and in_force is True
            unknown = (() if is_short else (COMPLETE_RECORD,)) + (_terms(tests) if in_force is None else ())
            yield Occasion(
                party=party,
                words=_words(tests),
                earliest=period.earliest,
                latest=period.latest,
                outcome=Outcome.VIOLATION if is_violation else Outcome.UNDETERMINED,
                tests=(
                    ("when", "yes" if in_force else "unknown"),
                    ("count", "yes" if is_short else "unknown"),
                    ("bound", "yes"),
                ),
                settled_by=() if is_violation else (unknown,),
                grounds=NOT_DONE if is_short else NOT_REPORTED,
                rests_on=sure,
                about=f"until {period.latest.isoformat()}",
            )


@dataclass(frozen=True, slots=True)
class _Done:
    """How often an incident tells that an act was done, at least and at most, by any of its accounts."""

    incident: str
    earliest: datetime
    latest: datetime
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Count:
    """What a party surely did of what is asked, and what it may have done; a report counts once, or as often as it says
    in the clause's unit.
    """

    sure: tuple[_Done, ...]
    maybe: tuple[_Done, ...]

    @classmethod
    def of(cls, party: str, matter: Matter) -> _Count:
        """Go through the incidents once, for all periods."""
        incidents, tests = matter.incidents, matter.tests
        told = incidents.accounts.group_by("incident").len("accounts")
        sure = [
            _done(incident, rows, tests)
            for incident, rows in _by_incident(_told(incidents, tests, is_sure=True).join(told, on="incident"))
            # Where the reports differ, each of them must tell of it.
            if len(rows) == rows[0]["accounts"]
            and all(is_surely_by(party, row["pairs"], row["earliest"], row["latest"], tests) for row in rows)
        ]
        maybe = [
            _done(incident, rows, tests)
            for incident, rows in _by_incident(_told(incidents, tests, is_sure=False))
            if any(_may_be_by(party, row["pairs"], tests) for row in rows)
        ]
        return cls(tuple(sure), tuple(maybe))

    def within(self, period: Span) -> tuple[float, float, tuple[str, ...]]:
        """Return how often surely in a period, how often at most, and by which incidents surely."""
        sure = [
            done
            for done in self.sure
            if period.earliest <= done.earliest < period.latest and done.latest <= period.latest
        ]
        maybe = (done for done in self.maybe if done.earliest < period.latest and period.earliest < _end(done))
        return sum(done.low for done in sure), sum(done.high for done in maybe), tuple(done.incident for done in sure)


def _by_incident(told: pl.DataFrame) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    for incident, rows in itertools.groupby(told.sort("incident").iter_rows(named=True), key=itemgetter("incident")):
        yield incident, list(rows)


def _done(incident: str, rows: Sequence[Mapping[str, Any]], tests: ClauseTests) -> _Done:
    low = min(_counted(row["count_low"], row["count_unit"], tests, 1) for row in rows)
    high = max(
        _counted(row["count_high"], row["count_unit"], tests, 1 if row["count_low"] is None else math.inf)
        for row in rows
    )
    return _Done(
        incident, min(row["earliest"] for row in rows), max(row["latest"] for row in rows), low, max(low, high)
    )


def _periods(matter: Matter, quota: Quota) -> Iterator[Span]:
    """Go through the periods that are over: of whole local days, from the first day on which the clause may begin."""
    agreement, clause = matter.tests.agreement, matter.tests.clause
    starts = [span.earliest for span in agreement.moments(clause.start, matter.reading) if span is not None]
    if not starts:
        return
    day = local_day(min(starts), agreement.timezone)
    for _ in range(_MOST_PERIODS):
        following = day + quota.every
        period = Span(midnight(day, agreement.timezone), midnight(following, agreement.timezone), "interval")
        if period.latest > matter.heard_until:
            return
        yield period
        day = following


def _counted(number: int | None, unit: str | None, tests: ClauseTests, otherwise: float) -> float:
    if unit is not None and tests.clause.what.unit and unit != tests.clause.what.unit:
        return 1
    return otherwise if number is None else number


# ---- word of an order ------------------------------------------------------------------------------------------------


def _notifications_due(matter: Matter, within: timedelta) -> Iterator[Occasion]:
    """Go through the acts of which a side was to tell that its leadership ordered them, and is not known to have.

    That there was an order is known only by such a notice, so silence is never more than undetermined.
    """
    tests = matter.tests
    told = _told(matter.incidents, tests, is_sure=True)
    deeds = Deeds.of(matter.incidents, tests.agreement, matter.beside)
    for row in told.iter_rows(named=True):
        due = Span(row["earliest"] + within, row["latest"] + within, "interval")
        in_force = _in_force(matter, Span(row["earliest"], row["latest"], "interval"))
        if in_force is False or due.latest > matter.heard_until:
            continue
        for party in owing(tests):
            if not is_surely_by(party, row["pairs"], row["earliest"], row["latest"], tests):
                continue
            deed = deeds.deed(row, tests.agreement.standing_for(party))
            in_time = [notice for notice in matter.beside.notices if notice.sent <= due.latest]
            if order_notified(in_time, deed).holds:
                continue
            yield Occasion(
                party=party,
                words=_words(tests),
                earliest=due.earliest,
                latest=due.latest,
                outcome=Outcome.UNDETERMINED,
                tests=(("when", "yes" if in_force else "unknown"), ("what", "unknown"), ("bound", "yes")),
                settled_by=((ORDER, COMPLETE_RECORD, *(_terms(tests) if in_force is None else ())),),
                grounds=NOT_TOLD,
                rests_on=(row["incident"],),
                about=f"incident {row['incident']}",
            )


# ---- a site ----------------------------------------------------------------------------------------------------------


def _inspected(matter: Matter, inspection: Inspection) -> Iterator[Occasion]:
    tests, promise = matter.tests, inspection.promise
    has_proof = proof_holds(matter.standard, 1, 1, first_hand=True, recorded=False)
    zones = areas_of(tests)
    for party in owing(tests):
        theirs = tests.agreement.standing_for(party)
        for visit in matter.beside.inspections:
            if visit.party not in theirs or not visit.tests(promise) or (kept := visit.keeps(promise)):
                continue
            in_force = _in_force(matter, visit.on)
            is_inside = zones == ("",) or (visit.area in zones or (None if not visit.area else False))
            if in_force is False or is_inside is False:
                continue
            unknowns = (
                *((OPEN_BECAUSE[visit.outcome],) if kept is None else ()),
                *(_terms(tests) if in_force is None else ()),
                *(("where",) if is_inside is None else ()),
                *(() if has_proof else ("proof",)),
            )
            yield Occasion(
                party=party,
                words=_words(tests),
                earliest=visit.on.earliest,
                latest=visit.on.latest,
                outcome=Outcome.UNDETERMINED if unknowns else Outcome.VIOLATION,
                tests=(
                    ("when", "yes" if in_force else "unknown"),
                    ("where", "yes" if is_inside else "unknown"),
                    ("what", "unknown" if kept is None else "yes"),
                    ("bound", "yes"),
                    ("proof", "yes" if has_proof else "unknown"),
                ),
                settled_by=(unknowns,) if unknowns else (),
                grounds=FOUND[visit.outcome],
                about=f"inspection {visit.id}",
            )
