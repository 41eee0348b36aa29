"""Inspections: what inspectors found at a site where weapons are to stay, and what that says of what was promised.

An inspection has one of five outcomes. Each of the promises that a clause may make is kept, broken, or open after it:
to be refused the serial numbers leaves open whether these are the weapons that were withdrawn, and a reason that is
given for what is missing leaves open whether it is one that the text allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from trucewatch.levels import Level
from trucewatch.logs.lines import Column, Kind, Line, Rows, Sheet
from trucewatch.problems import Problem
from trucewatch.when import Span


class InspectionOutcome(StrEnum):
    """What inspectors found, or were not let see."""

    ALL_PRESENT = "all-present"
    SERIALS_REFUSED = "count-matches-serials-refused"
    MISSING_WITH_REASON = "missing-with-reason"
    MISSING = "missing"
    ACCESS_REFUSED = "access-refused"


class Promise(StrEnum):
    """What a clause may promise of a site."""

    WEAPONS_KEPT = "weapons-kept"  # what was withdrawn to it is there
    ACCESS = "access"  # inspectors are let in
    SERIAL_NUMBERS = "serial-numbers"  # and may read the serial numbers


# Whether a promise was kept; one that is not here was put to no test by such an inspection.
_KEPT: Mapping[Promise, Mapping[InspectionOutcome, bool | None]] = {
    Promise.WEAPONS_KEPT: {
        InspectionOutcome.ALL_PRESENT: True,
        InspectionOutcome.SERIALS_REFUSED: None,
        InspectionOutcome.MISSING_WITH_REASON: None,
        InspectionOutcome.MISSING: False,
        InspectionOutcome.ACCESS_REFUSED: None,
    },
    Promise.ACCESS: {
        InspectionOutcome.ALL_PRESENT: True,
        InspectionOutcome.SERIALS_REFUSED: True,
        InspectionOutcome.MISSING_WITH_REASON: True,
        InspectionOutcome.MISSING: True,
        InspectionOutcome.ACCESS_REFUSED: False,
    },
    Promise.SERIAL_NUMBERS: {
        InspectionOutcome.ALL_PRESENT: True,
        InspectionOutcome.SERIALS_REFUSED: False,
    },
}
# What would settle an open one.
OPEN_BECAUSE: Mapping[InspectionOutcome, str] = {
    InspectionOutcome.SERIALS_REFUSED: "serial numbers",
    InspectionOutcome.MISSING_WITH_REASON: "reason given",
    InspectionOutcome.ACCESS_REFUSED: "another inspection",
}


@dataclass(frozen=True, slots=True)
class SiteInspection:
    """One visit to a site of a party; `area` is an area or zone of the agreement, empty where it is not said."""

    id: str
    site: str
    area: str
    party: str
    on: Span
    outcome: InspectionOutcome
    held_to_be: int | None = None
    counted: int | None = None
    reason: str = ""
    level: Level = Level.MISSION

    def tests(self, promise: Promise) -> bool:
        """Say whether it puts a promise to the test."""
        return self.outcome in _KEPT[promise]

    def keeps(self, promise: Promise) -> bool | None:
        """Say whether a promise that it tests was kept; None: it leaves that open."""
        return _KEPT[promise][self.outcome]


def _check(line: Line, rows: Rows) -> Iterator[Problem]:
    told = line.values
    outcome, held_to_be, counted = InspectionOutcome(told["outcome"]), told["held_to_be"], told["counted"]
    if outcome is InspectionOutcome.MISSING_WITH_REASON and not told["reason"]:
        yield line.problem("missing-value", f"is {outcome}, and the reason is empty", "fill reason")
    if outcome is InspectionOutcome.MISSING and told["reason"]:
        hint = "missing-with-reason, if one was given"
        yield line.problem("reason-contradicts", "is missing without a reason, and a reason is given", hint)
    if outcome is InspectionOutcome.ACCESS_REFUSED and counted is not None:
        yield line.problem("counts-contradict", "access was refused, and yet something was counted")
    if held_to_be is None or counted is None:
        return
    is_missing = outcome in (InspectionOutcome.MISSING, InspectionOutcome.MISSING_WITH_REASON)
    if is_missing and counted >= held_to_be:
        yield line.problem("counts-contradict", f"is {outcome}, and {counted} of {held_to_be} were counted")
    if not is_missing and counted != held_to_be:
        yield line.problem(
            "counts-contradict", f"is {outcome}, and {counted} were counted where {held_to_be} are held to be",
            "the outcome, or one of the numbers",
        )  # fmt: skip


INSPECTIONS = Sheet(
    "inspections",
    "observed",
    "visits to sites where weapons are to stay, and what was found there",
    (
        Column("inspection", Kind.ID, "its own id", is_required=True),
        Column("site", Kind.ID, "the site, by the mission's own name for it", is_required=True),
        Column("area", Kind.PLACE_ID, "the area or zone of the agreement that it lies in"),
        Column("party", Kind.ACTOR, "whose site it is", is_required=True),
        Column("on", Kind.SPAN, "when", is_required=True),
        Column("held_to_be", Kind.WHOLE, "how many are to be there, by the last list"),
        Column("counted", Kind.WHOLE, "how many were counted"),
        Column("outcome", Kind.CHOICE, "what was found", is_required=True, choices=tuple(InspectionOutcome)),
        Column("reason", Kind.TEXT, "the reason given for what is missing, in the words in which it was given"),
    ),
    _check,
)
SHEETS = (INSPECTIONS,)


def inspections_of(lines: Iterable[Line]) -> tuple[SiteInspection, ...]:
    """Return the inspections among some rows that stand, in order of time."""
    found = [_inspection(line) for line in lines if line.sheet == INSPECTIONS.name]
    return tuple(sorted(found, key=lambda one: (one.on.earliest, one.id)))


def _inspection(line: Line) -> SiteInspection:
    told, on = line.values, line.span("on")
    assert on is not None  # the column is required
    return SiteInspection(
        id=line.id,
        site=told["site"],
        area=told["area"] or "",
        party=told["party"],
        on=on,
        outcome=InspectionOutcome(told["outcome"]),
        held_to_be=told["held_to_be"],
        counted=told["counted"],
        reason=told["reason"] or "",
        level=line.level,
    )
