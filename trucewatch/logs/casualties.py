"""Casualties: civilians killed or injured, one row a person, and by what it was verified.

A casualty is *verified* once it has a day of verification and as many kinds of source that do not rest on one another
as the mission's standard asks for; two is the least that a standard may ask. Until then it is *reported, being followed
up*. When it happened and when it was verified are two dates. What is told apart, sex and two bands of age, is what the
United Nations ask of whoever counts the dead of a conflict (OHCHR, metadata of SDG indicator 16.1.2, 2018: sex as man,
woman or unknown; an adult has 18 years or more, a child fewer; OHCHR, Guidance on Casualty Recording, HR/PUB/19/1,
2019). No column holds a name: a person goes by the alias under which the name was sealed (`ledger.seal.alias`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from trucewatch.acts import act_tree
from trucewatch.levels import Level
from trucewatch.logs.lines import SUBJECT, Column, Kind, Line, Rows, Sheet
from trucewatch.logs.places import AREA, place_faults
from trucewatch.problems import Problem
from trucewatch.when import Span

# The fewest independent sources that a mission's standard may ask for, and the most that there can be.
LEAST_SOURCES, MOST_SOURCES = 2, 4
EXPLOSIVE_REMNANT = "explosive-remnant"  # no act of anybody that day: what was left behind by one

_ALIAS = re.compile(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}")
_VIOLENCE = "violence"


class Harm(StrEnum):
    """What became of a person."""

    KILLED = "killed"
    INJURED = "injured"


class Sex(StrEnum):
    """The sex of a person, as far as it is known."""

    FEMALE = "female"
    MALE = "male"
    NOT_KNOWN = "not-known"


class AgeBand(StrEnum):
    """Whether a person had 18 years or more, as far as it is known."""

    ADULT = "adult"
    CHILD = "child"
    NOT_KNOWN = "not-known"


class Status(StrEnum):
    """How far a casualty is established."""

    VERIFIED = "verified"
    REPORTED = "reported"  # and being followed up


class VerifiedBy(StrEnum):
    """The kinds of source that a casualty can be verified by."""

    SITE = "site"
    MEDICAL = "medical"
    FAMILY = "family"
    AUTHORITY = "authority"


# Acts that harm people, as narrow as it is known; and what harms them without an act.
CAUSES = (*(act for act in act_tree() if act_tree().covers(_VIOLENCE, act)), EXPLOSIVE_REMNANT)


@dataclass(frozen=True, slots=True)
class Casualty:
    """One civilian killed or injured.

    `sources` are the kinds that speak of it, `not_independent` those among them that rest on one another. `incident` is
    what it is linked to as the mission calls it, and `identity` the alias of a sealed name; both may be empty.
    """

    id: str
    happened: Span
    verified_on: Span | None
    harm: Harm
    sex: Sex
    age_band: AgeBand
    cause: str = ""
    incident: str = ""
    sources: frozenset[VerifiedBy] = frozenset()
    not_independent: frozenset[VerifiedBy] = frozenset()
    identity: str = ""
    level: Level = Level.MISSION

    @property
    def independent(self) -> int:
        """How many independent sources it has: those that rest on one another count as one."""
        together = self.sources & self.not_independent
        return len(self.sources - together) + bool(together)

    def status(self, least: int = LEAST_SOURCES) -> Status:
        """Return its status by a standard that asks for so many independent sources."""
        is_verified = self.verified_on is not None and self.independent >= least
        return Status.VERIFIED if is_verified else Status.REPORTED


# ---- the sheet -------------------------------------------------------------------------------------------------------


def _check(line: Line, rows: Rows) -> Iterator[Problem]:
    yield from place_faults(line)
    if line.values["identity"] and not _ALIAS.fullmatch(line.values["identity"]):
        # What stands there may be a name, and is not repeated.
        hint = "seal the name, and write the alias: trucewatch seal DIR identity --about ROW"
        yield line.problem("not-an-alias", "identity holds something else than an alias", hint)
    casualty = _casualty(line)
    beside = casualty.not_independent - casualty.sources
    if beside or len(casualty.not_independent) == 1:
        why = f"names {', '.join(sorted(beside))}, which does not speak of it" if beside else "names one source alone"
        yield line.problem("not-a-source", f"not_independent {why}", "two or more of those that are yes")
    if casualty.verified_on is None:
        return
    if casualty.verified_on.latest <= casualty.happened.earliest:
        yield line.problem("out-of-order", "was verified before it happened", "look at the days")
    if casualty.independent < LEAST_SOURCES:
        yield line.problem(
            "too-few-sources", f"is verified by {casualty.independent} independent of {', '.join(VerifiedBy)}",
            f"leave verified_on empty until there are {LEAST_SOURCES} at least",
        )  # fmt: skip


CASUALTIES = Sheet(
    "casualties",
    "observed",
    "civilians killed or injured, one row a person, and by what it was verified",
    (
        Column("casualty", Kind.ID, "the row's own id, never made from a name", is_required=True),
        Column("happened", Kind.SPAN, "when the person was killed or injured", is_required=True),
        Column("verified_on", Kind.SPAN, "when the mission verified it; empty until then"),
        Column("outcome", Kind.CHOICE, "what became of the person", is_required=True, choices=tuple(Harm)),
        Column("sex", Kind.CHOICE, "female, male or not-known", is_required=True, choices=tuple(Sex)),
        Column(
            "age_band", Kind.CHOICE, "adult (18 or more), child, or not-known", is_required=True, choices=tuple(AgeBand)
        ),
        Column("cause", Kind.CHOICE, "the kind of act it came of, or explosive-remnant", choices=CAUSES),
        Column("area", Kind.PLACE_ID, f"where: {AREA}"),
        Column("lat", Kind.NUMBER, "or a point, in degrees (WGS 84) ..."),
        Column("lon", Kind.NUMBER, "... its longitude ..."),
        Column("radius_m", Kind.NUMBER, "... and how far off it may be, in metres"),
        Column("incident", Kind.ID, "the report, claim, incident or finding it is linked to", of=SUBJECT),
        Column("site", Kind.YES_NO, "whether a visit of the mission to the site speaks of it"),
        Column("medical", Kind.YES_NO, "whether a medical record does"),
        Column("family", Kind.YES_NO, "whether the family, or a witness close to it, does"),
        Column("authority", Kind.YES_NO, "whether an authority does"),
        Column(
            "not_independent",
            Kind.CHOICE,
            "which of these rest on one another; together they count as one",
            choices=tuple(VerifiedBy),
            is_list=True,
        ),
        Column("identity", Kind.TEXT, "the alias under which the name is sealed, never the name", is_own=True),
    ),
    _check,
)
SHEETS = (CASUALTIES,)


def casualties_of(lines: Iterable[Line]) -> tuple[Casualty, ...]:
    """Return the casualties among some rows that stand, in order of time."""
    found = [_casualty(line) for line in lines if line.sheet == CASUALTIES.name]
    return tuple(sorted(found, key=lambda one: (one.happened.earliest, one.id)))


def _casualty(line: Line) -> Casualty:
    told, happened = line.values, line.span("happened")
    assert happened is not None  # the column is required
    return Casualty(
        id=line.id,
        happened=happened,
        verified_on=line.span("verified_on"),
        harm=Harm(told["outcome"]),
        sex=Sex(told["sex"]),
        age_band=AgeBand(told["age_band"]),
        cause=told["cause"] or "",
        incident=told["incident"] or "",
        sources=frozenset(kind for kind in VerifiedBy if told[kind]),
        not_independent=frozenset(map(VerifiedBy, told["not_independent"])),
        identity=told["identity"] or "",
        level=line.level,
    )
