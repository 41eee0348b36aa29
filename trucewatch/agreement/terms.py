"""Terms: what an agreement consists of once it is read: parties, contested terms, zones, clauses, exceptions.

A clause of any kind comes down to the same question: was a forbidden act done by a bound party inside an area and a
period, and does an exception cover it? A withdrawal forbids presence, a ceiling forbids presence above a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from shapely.geometry.base import BaseGeometry

from trucewatch.actors import Register
from trucewatch.evidence import Standard
from trucewatch.logs.inspections import Promise
from trucewatch.logs.liaison import Subject
from trucewatch.problems import Problem
from trucewatch.when import Span
from trucewatch.where import Gazetteer

Words = Mapping[str, str]  # a sentence by language code


class ClauseKind(StrEnum):
    """What a clause does."""

    BAN = "ban"
    WITHDRAWAL = "withdrawal"
    CEILING = "ceiling"
    DUTY = "duty"


class Presumption(StrEnum):
    """Who is taken for a bound party where the report leaves it open; every finding that rests on it says so."""

    NONE = "none"
    UMBRELLA = "bound-unless-outside-group-named"  # an umbrella name is taken for the bound side it may stand for
    ANYBODY = "bound-unless-shown-otherwise"  # an unnamed actor too


class TermKind(StrEnum):
    """What the rival values of a term are."""

    INSTANT = "instant"
    ZONES = "zones"
    DISTANCE = "distance"
    BOUND = "bound"


@dataclass(frozen=True, slots=True)
class Rival:
    """One of the values that compete for a term, and on whose word.

    `value` is by the term's kind a Span (None: never), zone ids, a (least, most) pair of metres, or a truth.
    """

    id: str
    value: Span | tuple[str, ...] | tuple[float, float] | bool | None
    says: tuple[str, ...] = ()
    date: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """A contested or agreed term: its rivals, and for a distance the line it is measured from and whom it concerns."""

    id: str
    kind: TermKind
    rivals: tuple[Rival, ...]
    line: str = ""
    subject: str = ""
    ruling: str = ""  # the rival that a recorded ruling chose; empty: none


@dataclass(frozen=True, slots=True)
class Party:
    """Whose acts the clauses reach: actor ids, and whether that is agreed, inferred, or contested."""

    id: str
    actors: tuple[str, ...]
    is_contested: bool
    basis: str
    says: tuple[str, ...]
    labels: Words = field(default_factory=dict)  # what the text calls it, by language


@dataclass(frozen=True, slots=True)
class Zone:
    """An area that the agreement names; `shape` is None where it was never published. WGS 84."""

    id: str
    label: str
    shape: BaseGeometry | None
    status: str
    says: tuple[str, ...]
    part_of: str = ""
    labels: Words = field(default_factory=dict)  # what the text calls it, by language


@dataclass(frozen=True, slots=True)
class Line:
    """A line that distances are measured from; `shape` is None where it was never published. WGS 84."""

    id: str
    label: str
    shape: BaseGeometry | None
    note: str = ""
    labels: Words = field(default_factory=dict)  # what the text calls it, by language


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in a clause: a term or a plain value (None: never, or always), and an offset from it."""

    term: str = ""
    value: Span | None = None
    offset: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Ground:
    """The area of a clause: one or more zones, a term of zones, or what lies within a distance of a line.

    Everything empty means everywhere.
    """

    term: str = ""
    zones: tuple[str, ...] = ()
    line: str = ""
    distance_m: float = 0.0
    distance_term: str = ""
    inside: str = ""  # a zone that a distance is confined to: one side of a line


@dataclass(frozen=True, slots=True)
class What:
    """The acts of a clause: act nodes, and where they matter weapon nodes, calibres in mm, and the unit counted."""

    acts: tuple[str, ...]
    weapons: tuple[str, ...] = ()
    calibre_at_least_mm: float | None = None
    calibre_below_mm: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True)
class ScopeException:
    """What is outside the scope of a clause: targets, actors and acts must all fit, and every precondition hold."""

    id: str
    targets: tuple[str, ...]
    actors: tuple[str, ...]
    acts: tuple[str, ...]
    preconditions: tuple[str, ...]
    basis: str
    note: str
    says: tuple[str, ...]
    reserved_by: tuple[str, ...] = ()  # parties whose acts it does not cover, under the reading that is applied


class Asked(StrEnum):
    """What a precondition asks of the liaison log."""

    NOTICE = "notice"  # whether the side that acted gave notice of it so long before
    ATTEMPT = "attempt"  # whether it had tried a channel first, to no avail
    ATTACK = "attack"  # whether it answers an attack
    ORDER = "order"  # whether the leadership of its side notified that it gave the order


@dataclass(frozen=True, slots=True)
class LogTest:
    """What a precondition asks of the liaison log: of a notice how long before (`lead`) and on what, of an attempt over
    which channel.
    """

    asked: Asked
    lead: timedelta = timedelta(0)
    about: tuple[Subject, ...] = ()
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """That a notice on one of some subjects is answered within a time."""

    about: tuple[Subject, ...]
    within: timedelta


@dataclass(frozen=True, slots=True)
class Quota:
    """That something is done a number of times in every period, the first of which begins with the clause."""

    at_least: int
    every: timedelta


@dataclass(frozen=True, slots=True)
class Notification:
    """That the other side or the mission is told of an order for an act, within a time (None: by when is not said)."""

    within: timedelta | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """That inspectors find at a site what was promised."""

    promise: Promise


Duty = Answer | Quota | Notification | Inspection  # beside these: an act that is done by a day


@dataclass(frozen=True, slots=True)
class Clause:
    """One obligation.

    `owed` is None for a duty that an act fulfils by `start`. What it obliges to is owed as far as the clauses are met
    that it is `concurrent_with`.
    """

    id: str
    kind: ClauseKind
    says: Words
    sources: tuple[str, ...]
    what: What
    who: tuple[str, ...]  # party or actor ids whose acts it reaches; empty: every bound party
    ground: Ground
    start: Moment
    end: Moment
    at_most: int | None
    outside_scope: tuple[ScopeException, ...]
    presumption: Presumption
    standard: Standard | None
    demand_of: str  # the party whose demand this is; empty: a clause in force
    line_number: int
    reserved_by: tuple[str, ...] = ()  # parties whose acts it does not reach, under the reading that is applied
    owed: Duty | None = None
    concurrent_with: tuple[str, ...] = ()  # clauses

    @property
    def is_hypothetical(self) -> bool:
        """Whether it is a party's demand, judged for the mission only and never called a violation."""
        return bool(self.demand_of)


@dataclass(frozen=True, slots=True)
class AffiliationChoice:
    """That what is said of one actor's affiliation to another, and contested, holds or does not; and on whose word."""

    of: str
    to: str
    holds: bool
    says: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Reservation:
    """That a clause does not reach a party's acts, or that an exception (`E1`, by its place) does not cover them."""

    of: str
    clause: str
    exception: str = ""
    says: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """A coherent choice among contested terms, affiliations and reservations; `by` is the actor whose reading it is, or
    `ours`.
    """

    id: str
    by: str
    choices: Mapping[str, str]
    presumption: Presumption | None
    says: tuple[str, ...]
    affiliations: tuple[AffiliationChoice, ...] = ()
    reservations: tuple[Reservation, ...] = ()


@dataclass(frozen=True, slots=True)
class TextSource:
    """A source that the text of the agreement rests on."""

    id: str
    title: str
    published: str
    grade: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement as it stands in its folder."""

    id: str
    title: Words
    text: str  # public or confidential
    timezone: str
    folder: Path
    guarantors: tuple[str, ...] = ()
    parties: Mapping[str, Party] = field(default_factory=dict)
    terms: Mapping[str, Term] = field(default_factory=dict)
    zones: Mapping[str, Zone] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)
    clauses: tuple[Clause, ...] = ()
    hypothetical: tuple[Clause, ...] = ()
    readings: Mapping[str, Reading] = field(default_factory=dict)
    sources: Mapping[str, TextSource] = field(default_factory=dict)
    preconditions: Mapping[str, Words] = field(default_factory=dict)
    log_tests: Mapping[str, LogTest] = field(default_factory=dict)  # of preconditions, by id
    definitions: Mapping[str, Words] = field(default_factory=dict)
    in_force: tuple[Moment, ...] = ()
    register: Register = field(default_factory=Register)
    gazetteer: Gazetteer = field(default_factory=Gazetteer)
    boundaries: tuple[Mapping[str, str], ...] = ()  # what each file of areas and lines says of its own source
    problems: tuple[Problem, ...] = ()

    def clause(self, clause_id: str) -> Clause:
        """Return a clause by id; raises KeyError."""
        return next(c for c in (*self.clauses, *self.hypothetical) if c.id == clause_id)

    def parties_of(self, clause: Clause) -> tuple[str, ...]:
        """Return the ids of the parties whose acts a clause reaches: those it names, or all; none that reserved it."""
        named = [who for who in clause.who if who in self.parties] if clause.who else list(self.parties)
        return tuple(party for party in named if party not in clause.reserved_by)

    def standing_for(self, who: str) -> frozenset[str]:
        """Return every actor that a party, or an actor, stands for."""
        named = self.parties.get(who)
        actors = named.actors if named else (who,)
        return frozenset(actors).union(*(self.register.stands_for(actor) for actor in actors))

    def rivals(self, term_id: str, reading: Reading | None) -> tuple[Rival, ...]:
        """Return the values of a term that are still open: all, or the one a reading or a ruling chose."""
        term = self.terms[term_id]
        chosen = (reading.choices.get(term_id) if reading else None) or term.ruling
        return tuple(rival for rival in term.rivals if rival.id == chosen) or term.rivals

    def moments(self, moment: Moment, reading: Reading | None = None) -> tuple[Span | None, ...]:
        """Return every value that a moment may have, offset applied; None stands for "never"."""
        if not moment.term:
            return (_shifted(moment.value, moment.offset),)
        spans = (rival.value for rival in self.rivals(moment.term, reading))
        return tuple(_shifted(span, moment.offset) for span in spans if span is None or isinstance(span, Span))

    def widest_area(self) -> tuple[str, ...]:
        """Return the ids of every zone that some reading of some clause reaches, in the order of the text."""
        reached: set[str] = set()
        for clause in self.clauses:
            reached.update(clause.ground.zones)
            if clause.ground.term:
                for rival in self.terms[clause.ground.term].rivals:
                    if isinstance(rival.value, tuple):
                        reached.update(zone for zone in rival.value if isinstance(zone, str))
        return tuple(zone for zone in self.zones if zone in reached)

    def in_force_from(self) -> tuple[datetime, ...]:
        """Return each instant at which some value has the agreement come into force, earliest first."""
        instants = {span.earliest for moment in self.in_force for span in self.moments(moment) if span}
        return tuple(sorted(instants))


def _shifted(span: Span | None, offset: timedelta) -> Span | None:
    return Span(span.earliest + offset, span.latest + offset, span.precision) if span else None
