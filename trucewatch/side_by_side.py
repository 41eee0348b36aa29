"""Side by side: a mission's incidents, those of some files, or an agreement's own examples, under each reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.agreement.examples import read_examples
from trucewatch.agreement.readings import chosen_readings, contested_points, each_value
from trucewatch.agreement.rulings import Ruling
from trucewatch.agreement.terms import Agreement
from trucewatch.beside import NOTHING, Beside
from trucewatch.evidence import Standard
from trucewatch.incidents import Incidents, corroborate
from trucewatch.levels import Level
from trucewatch.mission import Mission, is_mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.readings import Comparison, Demanded, Flip, compare, demanded
from trucewatch.route import Assessment, Progress, assess_files, read_period, silent
from trucewatch.shipped import open_agreement
from trucewatch.sitreps.flips import flips_of
from trucewatch.views import view
from trucewatch.when import local_day

READINGS = "readings"


@dataclass(frozen=True, slots=True)
class Named:
    """What a person calls an incident: where it is told, its first day in local time, the act and the place."""

    name: str
    day: str
    act: str
    place: str

    def __str__(self) -> str:
        return "  ".join(filter(None, (self.name, self.day, self.act.replace("-", " "), self.place)))


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Comparisons by what is compared: `readings`, or a contested point; for the mission's own eyes.

    `named` has the incidents by key, `period` the days asked for, as they were written.
    """

    agreement: Agreement
    comparisons: Mapping[str, Comparison]
    demands: tuple[Demanded, ...]
    rulings: tuple[Ruling, ...]
    named: Mapping[str, Named]
    period: str
    is_simulation: bool

    def name(self, flip: Flip) -> Named:
        """Return what a person calls what a finding is about."""
        if flip.incident:
            return self.named[flip.incident]
        party, _, _ = flip.subject.partition(" ")
        known = self.agreement.parties.get(party)
        label = (known.labels.get("en") if known else None) or self.agreement.register.label(party)
        return Named(label, _day(flip.earliest, self.agreement), "", "")

    def as_json(self) -> dict[str, Any]:
        """Return it for a program."""
        return {
            "agreement": self.agreement.id,
            "period": self.period or None,
            "simulation": self.is_simulation,
            "rulings": [
                {"entry": one.entry, "term": one.term, "rival": one.rival, "by": one.by, "because": one.because}
                for one in self.rulings
            ],
            "comparisons": [self._as_json(of, found) for of, found in self.comparisons.items()],
            "demands": [
                {"demand": one.demand, "party": one.party, "incident": str(self.named[one.incident]), "says": one.words}
                for one in self.demands
            ],
        }

    def _as_json(self, of: str, found: Comparison) -> dict[str, Any]:
        names = [reading.id for reading in found.readings]
        return {
            "of": of,
            "readings": [{"reading": reading.id, "by": reading.by} for reading in found.readings],
            "counts": found.counts,
            "flips": [
                {
                    "clause": flip.clause,
                    "of": str(self.name(flip)),
                    "outcomes": dict(zip(names, flip.outcomes, strict=True)),
                    "causes": [
                        {"from": one.one, "to": one.other, "sets": one.sets, "all_tried": one.is_whole}
                        for one in flip.causes
                    ],
                }
                for flip in found.flips
            ],
        }


def side_by_side(
    path: str | Path,
    files: Sequence[str | Path] = (),
    source: str | Path | None = None,
    period: str | None = None,
    readings: Sequence[str] = (),
    points: Sequence[str] = (),
    progress: Progress = silent,
) -> SideBySide:
    """Judge the incidents of a mission, or of some files of one source, or the worked examples of an agreement.

    `path` is a mission's folder, or a shipped agreement's id or a folder. `readings` are some of the agreement's, all
    if none is named; with `points` the values of each contested point are compared instead, one point at a time. The
    incidents are established once. Raises TrucewatchError.
    """
    if is_mission(Path(path)):
        if files or source:
            raise WrongCall(f"{path} is a mission, and judged on what it received; leave out --incidents and --source")
        mission = Mission.open(path)
        done = mission.run(period=period, progress=progress)
        return _compared(
            _Told.of(done), readings, points, period, progress, mission.mandate.standard, mission.rulings()
        )
    if bool(files) != bool(source):
        raise WrongCall("--incidents and --source go together: the file, and how it is read")
    if source:
        done = assess_files(files, source, path, period, progress=progress)
        return _compared(_Told.of(done), readings, points, period, progress)
    return _compared(_examples(open_agreement(path)), readings, points, period, progress)


def with_readings(mission: Mission, done: Assessment, as_of: int | str | None = None) -> Assessment:
    """Return an assessment of a mission, as of an entry, whose sitrep tells what flips between the parties' readings.

    Raises WrongCall for one that is for anybody but the mission, and where no party has a reading.
    """
    with mission.record(is_read_only=True) as record, mission.adopted(record, record.number(as_of)) as (_, mandate):
        flips = flips_of(done.material, done.figures.period, mandate.standard)
    return replace(done, figures=replace(done.figures, readings=flips))


@dataclass(frozen=True, slots=True)
class _Told:
    """What is judged, and by which law."""

    agreement: Agreement
    incidents: Incidents
    beside: Beside = NOTHING
    is_simulation: bool = False

    @classmethod
    def of(cls, done: Assessment) -> _Told:
        material = done.material
        return cls(material.agreement, material.incidents, material.beside, material.is_simulation)


def _examples(agreement: Agreement) -> _Told:
    """Return what the worked examples tell, together; those with logs of their own stand alone, and are left out."""
    examples, claims, problems = read_examples(agreement)
    if problems:
        raise TrucewatchError(f"{problems[0]}; see them all with: trucewatch check {agreement.folder}")
    examples = [example for example in examples if not example.is_alone]
    claims = claims.filter(pl.col("event_key").is_in([example.id for example in examples]))
    if not examples:
        raise TrucewatchError(f"{agreement.folder}: has no worked examples; name a file with --incidents and --source")
    return _Told(agreement, corroborate(view(claims, Level.MISSION), agreement.gazetteer, agreement.register))


def _compared(
    told: _Told,
    readings: Sequence[str],
    points: Sequence[str],
    period: str | None,
    progress: Progress,
    standard: Standard = Standard.REASONABLE_GROUNDS,
    ruled: tuple[Ruling, ...] = (),
) -> SideBySide:
    law = told.agreement
    span = read_period(period, law)
    during = (span.earliest, span.latest) if span else None
    asked = {point: each_value(law, point) for point in points}
    if readings or not points:
        asked = {READINGS: chosen_readings(law, readings), **asked}
    if not any(asked.values()):
        known = ", ".join(contested_points(law)) or "nothing"
        raise WrongCall(f"{law.id} has no readings; what is contested can be compared by --term: {known}")
    found = {}
    for of, some in asked.items():
        progress(f"comparing {of}")
        found[of] = compare(told.incidents, law, some, standard, told.beside, during)
    demands = demanded(told.incidents, law, Level.MISSION, standard, during)
    return SideBySide(law, found, demands, ruled, _named(told), period or "", told.is_simulation)


def _named(told: _Told) -> dict[str, Named]:
    columns = ("incident", "event_key", "lines", "earliest", "act", "place_name")
    found = {}
    for row in told.incidents.incidents.select(columns).iter_rows(named=True):
        first = row["lines"][0]
        # An example stands in no line of a file of reports.
        name = f"{first['file']}:{first['line']}" if first["line"] else row["event_key"]
        found[row["incident"]] = Named(name, _day(row["earliest"], told.agreement), row["act"], row["place_name"] or "")
    return found


def _day(instant: datetime, agreement: Agreement) -> str:
    return local_day(instant, agreement.timezone).isoformat()
