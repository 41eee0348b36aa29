"""Material: what a sitrep is made from, and the forms of what it states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import polars as pl

from trucewatch.agreement.terms import Agreement, Reading
from trucewatch.assessment.judgements import Outcome
from trucewatch.beside import NOTHING, Beside
from trucewatch.incidents import Incidents
from trucewatch.levels import Level
from trucewatch.logs.casualties import LEAST_SOURCES, AgeBand, Harm, Sex
from trucewatch.logs.liaison import OpenMatter, Statement, Times
from trucewatch.logs.stages import Proceeding
from trucewatch.problems import Problem
from trucewatch.sitreps.languages import sentences
from trucewatch.sitreps.style import Style
from trucewatch.sources import Source
from trucewatch.views import View

# The outcomes that are counted, in this order, and where those count that lie in no one area.
COUNTED = (str(Outcome.VIOLATION), str(Outcome.OUTSIDE_SCOPE), str(Outcome.UNDETERMINED))
ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Material:
    """What a sitrep is made from: the view, what was established and found, and what was received and refused.

    `strict` holds the findings under the reading `strict` where the agreement has one, for the second count of page
    one.
    """

    view: View
    incidents: Incidents
    findings: pl.DataFrame
    strict: pl.DataFrame | None
    agreement: Agreement
    reading: Reading | None
    sources: tuple[Source, ...]
    problems: tuple[Problem, ...]
    rows_read: int
    rows_refused: int
    may_determine: bool = False
    names_parties: bool = True  # whether the mandate lets this audience be told which party
    is_simulation: bool = False
    withdrawn: int = 0  # records that their source took back
    style: Style = field(default_factory=Style)  # what the mission calls things
    beside: Beside = NOTHING  # what the mission wrote down itself
    about: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # subject of a step or a site -> findings
    casualty_sources: int = LEAST_SOURCES  # by how many independent ones a casualty is verified


@dataclass(frozen=True, slots=True)
class Period:
    """The time a sitrep speaks of, [start, end), and the one of the same length before it."""

    start: datetime
    end: datetime
    text: str

    @property
    def before(self) -> tuple[datetime, datetime]:
        """The period of the same length that ends where this one starts."""
        return self.start - (self.end - self.start), self.start


@dataclass(frozen=True, slots=True)
class Concentration:
    """How far the incidents of a period rest on one source: `alone` of `incidents` name no other, `cite` name it at
    all.
    """

    incidents: int
    office: str
    alone: int
    cite: int


@dataclass(frozen=True, slots=True)
class Window:
    """Lethal incidents in the days before and after an instant of coming into force, in all and by dyad."""

    date: str
    before_text: str
    after_text: str
    before: int
    after: int
    dyads: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the matrix of clauses and areas; `word` is counts, none found, partly seen or not observed."""

    word: str
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AreaRow:
    """Findings with a place that lies in an area, this period and the one before (None: outside what was received)."""

    zone: str
    label: str
    now: Mapping[str, int]
    before: Mapping[str, int] | None


@dataclass(frozen=True, slots=True)
class Told:
    """One finding as it is told: the sentence, and the chain down to file and line."""

    id: str
    clause: str
    outcome: str
    sentence: str
    when: str
    where: str
    zone: str
    act: str
    civilians_dead: int | None
    presumption: bool
    responsibility: str
    responsible: tuple[str, ...]
    settled_by: tuple[str, ...]
    tests: Mapping[str, str]
    share_inside: float | None
    origins: str
    reports: int
    chain: tuple[Mapping[str, Any], ...]
    account: Mapping[str, Any]
    earliest: datetime
    proceeding: Proceeding | None = None
    reply: str = ""  # what the party replied, or that it may; told wherever the sentence is, and of equal rank

    @property
    def sentence_and_reply(self) -> str:
        """The sentence, and what the party replied to it."""
        return sentences(self.sentence, self.reply)


@dataclass(frozen=True, slots=True)
class LiaisonLog:
    """What the liaison log says of a period: statements on channels, how many notices were sent in it, how long they
    took to be acknowledged and answered, and what is open at its end; the times are as known then.
    """

    channels: tuple[Statement, ...]
    sent: int
    to_acknowledge: Times
    to_answer: Times
    open: tuple[OpenMatter, ...]


@dataclass(frozen=True, slots=True)
class Casualties:
    """Persons of one status, as far as groups of them are told apart.

    `harms` has for each harm that is told how many suffered it, `groups` for it how many of each sex and age band, and
    `left` how many of it stand in no group that is told; under no harm are those of no harm that is told. `causes` has
    the same by cause (empty: not known), those under none that is told in `no_cause`.
    """

    number: int
    harms: Mapping[Harm, int]
    groups: Mapping[Harm, Mapping[tuple[Sex, AgeBand], int]]
    left: Mapping[Harm | None, int]
    causes: Mapping[str, int]
    no_cause: int


@dataclass(frozen=True, slots=True)
class CasualtyLog:
    """What the mission's own record of casualties says of a period: those of whom it happened in it.

    `verified_later` are those of whom it happened before, and that were verified in it; `linked` are those of the
    period that are linked to something else on record (None: not for this audience). `least` is by how many independent
    sources one is verified.
    """

    verified: Casualties
    reported: Casualties
    verified_later: int
    linked: int | None
    least: int


@dataclass(frozen=True, slots=True)
class Stand:
    """How somebody is said to stand to something, in words; `level` is that of what it rests on.

    `clause` is empty where it is about no clause. `hedges` and `quotes` are words of the reports; `told` says on whose
    word each report tells it, from the teller to the root, and in what voice.
    """

    who: str
    stance: str
    topic: str
    clause: str
    when: str
    hedges: tuple[str, ...]
    quotes: tuple[str, ...]
    told: tuple[str, ...]
    level: Level


@dataclass(frozen=True, slots=True)
class Flipped:
    """Findings of one clause that come out alike under each reading, but not the same under all, and why."""

    clause: str
    outcomes: tuple[str, ...]
    because: str
    findings: int


@dataclass(frozen=True, slots=True)
class Readings:
    """What comes out otherwise where nothing contested is chosen (the first), and under the readings of all parties.

    `names` are whose they are; `flipped` stands by clause, the most findings first.
    """

    names: tuple[str, ...]
    flipped: tuple[Flipped, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """A finding of an earlier report that is told otherwise now (`now` empty: it is no longer made), and why."""

    finding: str
    was: str
    now: str
    why: str


@dataclass(frozen=True, slots=True)
class Figures:
    """A sitrep's content; its texts are phrases (`languages`), which are English as they stand."""

    title: str
    marking: str
    period: Period
    cut_off: str
    reading: str
    assessment: tuple[str, ...]
    civilian_harm: Mapping[str, int]
    areas: tuple[AreaRow, ...]
    not_seen: tuple[str, ...]
    concentration: Concentration | None
    counts: Mapping[str, int]
    strict_counts: Mapping[str, int] | None
    presumed: int
    by_month: Mapping[str, int]
    windows: tuple[Window, ...]
    matrix: Mapping[str, Mapping[str, Cell]]
    zones: tuple[tuple[str, str], ...]
    told: tuple[Told, ...]
    rows_read: int
    rows_refused: int
    claims: int
    incidents: int
    incidents_in_period: int
    origins_low: int
    origins_high: int | None
    problems: tuple[Problem, ...]
    sources: tuple[Source, ...]
    is_simulation: bool
    withdrawn: int
    shows_leads: bool  # what would settle an open case is for the mission's own planning, and never leaves it
    acts: Mapping[str, int] = field(default_factory=dict)  # incidents of the period by act node
    liaison: LiaisonLog | None = None  # None: there is none
    casualties: CasualtyLog | None = None  # None: there is none
    patrols: Mapping[str, int] = field(default_factory=dict)  # planned in the period, by outcome (empty: not told yet)
    positions: tuple[Stand, ...] = ()  # of the parties and others
    readings: Readings | None = None  # None: not asked for
    inspections: Mapping[str, int] = field(default_factory=dict)  # of storage sites in the period, by outcome
    audience: str = ""  # for whom it is made, by the word of its level (empty: for whoever may know what it holds)
    may_determine: bool = False  # whether the mandate lets the mission call a finding a violation
    names_parties: bool = True  # whether it lets this audience be told which party
    corrections: tuple[Correction, ...] = ()  # of what this audience was told before

    @property
    def reader(self) -> str:
        """The audience by which names are chosen, by the word of its level."""
        return self.audience or self.marking
