"""Beside: what a mission wrote down itself, as far as an audience may know it, for whoever judges or tells.

Here the sheets of all logs come together (`SHEETS`), and here is their only door: `beside_of` drops every row above an
audience before anything is made of the others.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from shapely.geometry.base import BaseGeometry

from trucewatch.agreement.terms import Agreement
from trucewatch.levels import Level, audiences, most_sensitive
from trucewatch.logs import casualties, impacts, inspections, liaison, patrols, stages
from trucewatch.logs.casualties import CASUALTIES, Casualty
from trucewatch.logs.impacts import ImpactSite
from trucewatch.logs.inspections import SiteInspection
from trucewatch.logs.liaison import NOTICES, Notice, Shift, Statement
from trucewatch.logs.lines import Kind, Line, Sheet
from trucewatch.logs.patrols import Attestation, Patrol, Window, attested
from trucewatch.logs.stages import Step
from trucewatch.when import LONG_AGO, Span

SHEETS: tuple[Sheet, ...] = (
    *liaison.SHEETS, *stages.SHEETS, *patrols.SHEETS, *inspections.SHEETS, *casualties.SHEETS, *impacts.SHEETS
)  # fmt: skip
# Columns that are told to nobody outside: the mission's own names of what a row is about, and of persons.
_OWN = {NOTICES.name: ("about_finding",), CASUALTIES.name: ("incident", "identity")}


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands in a mission's own logs.

    `places` are the areas that they may name (WGS 84), by id; `level` is that of the most sensitive row.
    """

    notices: tuple[Notice, ...] = ()
    channels: tuple[Statement, ...] = ()
    shifts: tuple[Shift, ...] = ()
    steps: tuple[Step, ...] = ()
    patrols: tuple[Patrol, ...] = ()
    windows: tuple[Window, ...] = ()
    attestations: tuple[Attestation, ...] = ()
    inspections: tuple[SiteInspection, ...] = ()
    casualties: tuple[Casualty, ...] = ()
    impact_sites: tuple[ImpactSite, ...] = ()
    places: Mapping[str, BaseGeometry] = field(default_factory=dict)
    level: Level = Level.PUBLIC
    received_until: datetime = LONG_AGO  # when something was received last, by whoever knows that

    @property
    def heard_until(self) -> datetime:
        """The latest time of which anything in the logs tells as past, not as announced or due.

        But for casualties and impact sites: they never bear on whether something occurred, nor on what was due.
        """
        past = [
            *(at for one in self.notices for at in (one.sent, one.acknowledged_at, one.answered, one.done) if at),
            *(shift.latest for shift in self.shifts),
            *(window.latest for window in self.windows),
            *(attestation.latest for attestation in self.attestations),
            *(step.on.earliest for step in self.steps),
            *(inspection.on.earliest for inspection in self.inspections),
            *(patrol.out.latest for patrol in self.patrols if patrol.out),
        ]
        return max([self.received_until, *past])


NOTHING = Beside()


def beside_of(lines: Sequence[Line], audience: Level, agreement: Agreement) -> Beside:
    """Return what an audience may know of some rows: one above its level is gone before anything is made of the others.

    Below mission level nobody is told in which entry, file or line a row stands, or when it was entered; a notice does
    not name what it is about, nor a casualty its incident, for the mission's names of reports and findings are its own,
    and nobody is told an alias.
    """
    known = [line for line in lines if line.level <= audience]
    if not audience >= Level.MISSION:
        known = [replace(line, number=0, since=0, at=LONG_AGO, file="", line=0) for line in known]
        known = [
            replace(one, values={**one.values, **dict.fromkeys(own)}) if (own := _OWN.get(one.sheet)) else one
            for one in known
        ]
    places = places_of(agreement)
    return Beside(
        notices=liaison.notices_of(known),
        channels=liaison.statements_of(known),
        shifts=liaison.shifts_of(known),
        steps=stages.steps_of(known),
        patrols=patrols.patrols_of(known),
        windows=patrols.windows_of(known, places),
        attestations=patrols.attestations_of(known, places),
        inspections=inspections.inspections_of(known),
        casualties=casualties.casualties_of(known),
        impact_sites=impacts.impact_sites_of(known),
        places=places,
        level=most_sensitive(line.level for line in known),
    )


def places_of(agreement: Agreement) -> dict[str, BaseGeometry]:
    """Return what an agreement draws or knows of, by id (WGS 84); its own zones come before areas of that name."""
    drawn = {zone.id: zone.shape for zone in agreement.zones.values() if zone.shape is not None}
    return {area.id: area.geometry for area in agreement.gazetteer.areas.values()} | drawn


def known_words(agreement: Agreement, subjects: Collection[str] = ()) -> Mapping[Kind, Collection[str]]:
    """Return the words that the cells of a mission's sheets may hold (`logs.read_sheet`).

    `subjects` are what a row may be about: reports, claim keys, findings.
    """
    return {
        Kind.PLACE_ID: {*agreement.zones, *agreement.gazetteer.areas},
        Kind.CLAUSE: {clause.id for clause in (*agreement.clauses, *agreement.hypothetical)},
        Kind.LEVEL: {level.word for level in audiences(agreement.parties)},
        Kind.ID: subjects,
    }


def is_attested(beside: Beside, act: str, area: str, span: Span) -> bool:
    """Say whether the record that would hold an act (or `patrols.NOTICES`) is attested complete for an area and a time.

    `area` is the id of a zone or area; empty: wherever the agreement holds. False: nobody can tell, and that nothing of
    it is on record is no omission.
    """
    return attested(beside.attestations, act, area, span, beside.places)
