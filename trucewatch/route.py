"""Route: from files to an assessment: claims, incidents, findings, and the figures a sitrep of them states."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.acts import act_tree
from trucewatch.agreement.readings import refuse_alone
from trucewatch.agreement.terms import Agreement, Reading
from trucewatch.beside import NOTHING, Beside
from trucewatch.claims import claims_of
from trucewatch.clearances import Withheld
from trucewatch.decisions import Decision
from trucewatch.directions import with_impact_sites
from trucewatch.evidence import Standard
from trucewatch.findings import assess
from trucewatch.grains import Grain, grain_of
from trucewatch.incidents import corroborate
from trucewatch.levels import Level, read_level
from trucewatch.logs.casualties import LEAST_SOURCES
from trucewatch.logs.patrols import coverage_by_day
from trucewatch.problems import FileFault, Problem, TrucewatchError, WrongCall, did_you_mean
from trucewatch.reports import Received, collect
from trucewatch.shipped import open_agreement, open_source
from trucewatch.simulations import is_simulated
from trucewatch.sitreps.figures import figures
from trucewatch.sitreps.languages import phrase
from trucewatch.sitreps.material import Figures, Material, Told
from trucewatch.sitreps.places import windows_of
from trucewatch.sitreps.publish import DEFAULT, publish
from trucewatch.sitreps.style import Style
from trucewatch.sitreps.tables import findings_table, summary, told_in_english
from trucewatch.sources import Source
from trucewatch.subjects import findings_about
from trucewatch.views import Declassified, View, open_claims, told_alone, view
from trucewatch.when import Span, read_edtf

STRICT = "strict"
Progress = Callable[[str], None]


def silent(stage: str) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True, repr=False)
class Assessment:
    """What came of the route: the claims in view, incidents, findings, and the figures a sitrep of them states."""

    material: Material
    figures: Figures

    @cached_property
    def _told(self) -> Figures:
        """The figures as tables tell them, in the mission's own words."""
        return told_in_english(self.figures, self.material.agreement, self.material.style)

    def __repr__(self) -> str:
        """A line, so that a notebook is not flooded."""
        counts = ", ".join(f"{count} {outcome}" for outcome, count in self.figures.counts.items())
        return f"<Assessment of {self.material.agreement.id}, {self.figures.period.text}: {counts}>"

    @property
    def claims(self) -> pl.DataFrame:
        """The claims in view, one row each."""
        return self.material.view.claims

    @property
    def incidents(self) -> pl.DataFrame:
        """The incidents, one row each."""
        return self.material.incidents.incidents

    @property
    def findings(self) -> pl.DataFrame:
        """The findings of the period, told; one row each."""
        return findings_table(self._told)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The rows that were refused, and why."""
        return self.material.problems

    @property
    def summary(self) -> dict[str, Any]:
        """The published summary."""
        return summary(self._told)

    def coverage(self, acts: Sequence[str] = ()) -> pl.DataFrame:
        """What could be observed of some kinds of act (of all that the clauses speak of), by day and zone.

        A row (day, zone, act, seen) each, `seen` being none found, partly seen or not observed of what was not found.
        Raises WrongCall for what is no act.
        """
        agreement, tree = self.material.agreement, act_tree()
        for act in acts:
            if act not in tree:
                raise WrongCall(f"there is no act '{act}'; {did_you_mean(act, tree) or 'see the tree of acts'}")
        asked = list(acts) or list(dict.fromkeys(act for clause in agreement.clauses for act in clause.what.acts))
        zones = {zone: shape for zone in agreement.widest_area() if (shape := agreement.zones[zone].shape) is not None}
        period, windows = self.figures.period, windows_of(self.material)
        return coverage_by_day(windows, zones, asked, period.start, period.end, agreement.timezone)

    def finding(self, finding_id: str) -> Finding:
        """Return one finding to look at; raises KeyError for an id that is not among them."""
        for told in self._told.told:
            if told.id == finding_id:
                return Finding(told)
        raise KeyError(finding_id)

    def publish(
        self, out: str | Path, formats: Sequence[str] = DEFAULT, languages: Sequence[str] = ("en",)
    ) -> tuple[Path, ...]:
        """Write the sitrep and its tables into a folder, in some formats (html, md, pdf, docx, csv, hxl, xlsx, parquet,
        geojson, json, summary) and languages; return their paths. Raises TrucewatchError.

        None is written under the reading of one party alone: those of all stand beside each other, or none does.
        """
        if self.material.reading:
            refuse_alone(self.material.agreement, [self.material.reading.id])
        held = self.material
        return publish(self.figures, held.agreement, Path(out), formats, languages, style=held.style, told=self._told)

    def to_geopandas(self) -> Any:
        """Return the findings as a GeoDataFrame (WGS 84), places as the regions they were told as; needs geopandas."""
        from geopandas import GeoDataFrame

        from trucewatch.sitreps.tables import findings_geojson

        features = json.loads(findings_geojson(self._told, self.material.agreement))["features"]
        return GeoDataFrame.from_features(features, crs="EPSG:4326")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, with its reasons; a notebook shows it as a card, `print` as text."""

    told: Told

    def __str__(self) -> str:
        told = self.told
        lines = [
            told.sentence_and_reply,
            f"  finding {told.id}: {told.outcome} under {told.clause}",
            f"  who answers for it: {told.responsibility}",
            f"  on whose word: {told.origins}",
            *(f"  it would settle it to know {way}" for way in told.settled_by),
            *(f"  tests: {', '.join(f'{name} {answer}' for name, answer in told.tests.items())}",),
        ]
        for link in told.chain:
            teller = link["office"] or "office not named"
            lines.append(f"  {link['file']}:{link['line']}: {link['source']} {link['record'] or ''}, {teller}")
            if link["text"]:
                lines.append(f"    {link['text']}")
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from markupsafe import escape

        told = self.told
        rows = [
            ("Outcome", f"{told.outcome} under {told.clause}"),
            ("Who answers for it", told.responsibility),
            ("On whose word", told.origins),
            *(("Would settle it", way) for way in told.settled_by),
            *(
                (f"{link['file']}:{link['line']}", f"{link['office'] or ''}: {link['text'] or ''}")
                for link in told.chain
            ),
        ]
        body = "".join(f"<tr><th scope='row'>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
        return f"<p>{escape(told.sentence_and_reply)}</p><table>{body}</table>"


def assess_files(
    paths: Sequence[str | Path],
    source: str | Path,
    agreement: str | Path,
    period: str | None = None,
    reading: str | None = None,
    audience: str = "mission",
    progress: Progress = silent,
) -> Assessment:
    """Take some files of one source through the whole route without a mission.

    `source` and `agreement` are shipped ids or paths; `period` is an EDTF interval such as 2017-05/2018-08; `reading`
    is one of the agreement's. Raises TrucewatchError for anything the user can mend.
    """
    progress("reading the agreement")
    law, feed = open_agreement(agreement), open_source(source)
    span, chosen, level = read_period(period, law), read_reading(reading, law), read_audience(audience, law)
    received = collect_all(feed, paths, law, progress)
    claims = claims_of(pl.concat([batch.reports for batch in received]))
    rows = [RowAccount(feed.id, batch.problems, batch.rows_read, batch.rows_refused) for batch in received]
    return follow_route(claims, (feed,), rows, law, chosen, span, level, progress=progress)


def collect_all(feed: Source, paths: Sequence[str | Path], agreement: Agreement, progress: Progress) -> list[Received]:
    """Read some files of a source; raises WrongCall for none at all, TrucewatchError for what cannot be read."""
    if not paths:
        raise WrongCall("name at least one file")
    received = []
    for path in map(readable, paths):
        progress(f"reading {path.name}")
        try:
            received.append(collect(feed, path, gazetteer=agreement.gazetteer, zone=agreement.timezone))
        except UnicodeEncodeError:
            raise FileFault(f"{path.name}: holds half a character, such as \\ud800; this is no text") from None
    return received


@dataclass(frozen=True, slots=True)
class RowAccount:
    """How the rows of something received were accounted for; `withdrawn` counts records that the source took back."""

    source: str
    problems: tuple[Problem, ...] = ()
    read: int = 0
    refused: int = 0
    withdrawn: int = 0


def _account(
    rows: Sequence[RowAccount], seen: View, sources: Sequence[Source]
) -> tuple[tuple[Source, ...], tuple[Problem, ...], int, int, int]:
    """Return the sources that an audience may know of, and (problems, rows read, refused, withdrawn) of their rows.

    What was wrong with a row, and how many there were, may tell what stands in it: of a source that holds anything
    above the audience, and below mission level of every source, only the rows are counted of which something is left.
    """
    hidden = {s.id for s in sources if any(not read_level(word) <= seen.audience for word in s.levels.values())}
    if not seen.audience >= Level.MISSION:
        rows, hidden = (), hidden | {source.id for source in sources} | set(seen.claims["source"])
    left = seen.claims.filter(pl.col("source").is_in(hidden)).select("source", "event_key").unique()
    open_rows = [told for told in rows if told.source not in hidden]
    return (
        tuple(source for source in sources if source.id not in hidden or source.id in left["source"]),
        tuple(problem for told in open_rows for problem in told.problems),
        sum(told.read for told in open_rows) + left.height,
        sum(told.refused for told in open_rows),
        sum(told.withdrawn for told in open_rows),
    )


def follow_route(
    claims: pl.DataFrame,
    sources: tuple[Source, ...],
    rows: Sequence[RowAccount],
    agreement: Agreement,
    reading: Reading | None,
    period: Span | None,
    audience: Level,
    standard: Standard = Standard.REASONABLE_GROUNDS,
    may_determine: bool = False,
    is_simulation: bool = False,
    decisions: Sequence[Decision] = (),
    progress: Progress = silent,
    published: date | None = None,
    declassified: Sequence[Declassified] = (),
    grains: Mapping[str, Grain] | None = None,
    names_parties: bool = True,
    withheld: Sequence[Withheld] = (),
    beside: Beside = NOTHING,
    style: Style | None = None,
    casualty_sources: int = LEAST_SOURCES,
) -> Assessment:
    """Take claims through the route: what an audience may know of them, incidents, findings, figures.

    `published` is the day of publication, from which positions are held back, `declassified` are the decisions that
    let an audience know more, `grains` what the mandate says of how finely an audience is told, `names_parties` whether
    it may be told which party, `beside` what it may know of the mission's own logs, `style` what the mission calls
    things, `casualty_sources` by how many independent sources a casualty is verified. What is `withheld` is gone
    below mission level, with the reports that it rests on; raises TrucewatchError where another report tells of it too.
    """
    grain = grain_of(audience, grains)
    is_outside = not audience >= Level.MISSION
    hidden = [one for one in withheld if is_outside]
    if hidden:
        inside = corroborate(view(claims, Level.MISSION), agreement.gazetteer, agreement.register, decisions)
        _refuse_grown(inside.members, hidden)
    told = claims.filter(~pl.col("claim_key").is_in(sorted({key for one in hidden for key in one.claims})))
    seen = view(told, audience, grain, agreement.gazetteer, agreement.timezone, published, declassified)
    progress("corroborating")
    # What the mission decided of two reports may rest on what is known to the mission alone.
    decided = () if is_outside else decisions
    incidents = corroborate(seen, agreement.gazetteer, agreement.register, decided)
    progress("assessing")
    findings = _without(assess(incidents, agreement, reading, standard, beside=beside), hidden)
    strict = None
    if STRICT in agreement.readings and (reading is None or reading.id != STRICT):
        strict = _without(assess(incidents, agreement, agreement.readings[STRICT], standard, beside=beside), hidden)
    known, problems, rows_read, rows_refused, withdrawn = _account(rows, seen, sources)
    alone = partial(
        told_alone, audience=audience, grain=grain, gazetteer=agreement.gazetteer, timezone=agreement.timezone,
        declassified=declassified,
    )  # fmt: skip
    subjects = sorted({step.subject for step in beside.steps} | {site.subject for site in beside.impact_sites})
    about = findings_about(subjects, lambda: view(told, Level.MISSION).claims, alone, seen, incidents, findings)
    findings = with_impact_sites(findings, about, beside.impact_sites, incidents, seen.claims, agreement)
    material = Material(
        view=seen, incidents=incidents, findings=findings, strict=strict, agreement=agreement, reading=reading,
        sources=known, problems=(*problems, *incidents.problems), rows_read=rows_read, rows_refused=rows_refused,
        may_determine=may_determine, withdrawn=withdrawn, names_parties=names_parties, beside=beside, about=about,
        style=style or Style(), casualty_sources=casualty_sources,
        # Whoever knows of a report at all is told that it is invented.
        is_simulation=is_simulation or is_simulated(open_claims(claims, audience, declassified)),
    )  # fmt: skip
    progress("counting")
    return Assessment(material, _marked(figures(material, period), () if is_outside else withheld))


def _refuse_grown(members: pl.DataFrame, hidden: Sequence[Withheld]) -> None:
    """Refuse to tell of what is withheld by way of a report of it that came in since."""
    claims = sorted({key for one in hidden for key in one.claims})
    for one in hidden:
        incidents = members.filter(pl.col("claim_key").is_in(sorted(one.claims)))["incident"].unique()
        grown = members.filter(pl.col("incident").is_in(incidents.implode()) & ~pl.col("claim_key").is_in(claims))
        if grown.height:
            raise TrucewatchError(
                f"{one.finding} is withheld (entry {one.entry}), and {grown.height} of its reports came in since: "
                f"withhold it again, or tell of it again, with: trucewatch withhold DIR {one.finding} --by {one.by}"
            )


def _without(findings: pl.DataFrame, hidden: Sequence[Withheld]) -> pl.DataFrame:
    """Return findings without those of occasions that are withheld: such a one may rest on no report."""
    for clause, party, instant in (one.occasion for one in hidden if one.occasion):
        is_one = (
            (pl.col("subject_kind") == "occasion") & (pl.col("clause") == clause)
            & (pl.col("earliest") == datetime.fromisoformat(instant)) & pl.col("responsible").list.contains(party)
        )  # fmt: skip
        findings = findings.filter(~is_one)
    return findings


def _marked(told: Figures, withheld: Sequence[Withheld]) -> Figures:
    """Return figures in which what is withheld from everybody outside says so."""
    until = {one.finding: one.review for one in withheld}
    if not until:
        return told
    findings = (
        replace(
            one,
            sentence=phrase(
                "{sentence} Withheld from release; to be looked at again on {day}.",
                sentence=one.sentence, day=until[one.id],
            ),
        ) if one.id in until else one
        for one in told.told
    )  # fmt: skip
    return replace(told, told=tuple(findings))


def read_period(text: str | None, agreement: Agreement) -> Span | None:
    """Read a period in the time zone of an agreement; raises WrongCall."""
    if text is None:
        return None
    try:
        return read_edtf(text, agreement.timezone)
    except ValueError as fault:
        raise WrongCall(f"the period cannot be read: {fault}") from None


def read_audience(word: str, agreement: Agreement) -> Level:
    """Read an audience of an agreement: a level, or one of its parties.

    Raises TrucewatchError for what is no level, WrongCall for a party that the agreement has not.
    """
    level = read_level(word)
    if level.party_id and level.party_id not in agreement.parties:
        hint = did_you_mean(level.party_id, agreement.parties) or f"it has {', '.join(agreement.parties)}"
        raise WrongCall(f"{agreement.id} has no party '{level.party_id}'; {hint}")
    return level


def read_reading(name: str | None, agreement: Agreement) -> Reading | None:
    """Return the reading of an agreement that goes by a name; raises WrongCall."""
    if name is None:
        return None
    if name not in agreement.readings:
        hint = did_you_mean(name, agreement.readings) or f"it has: {', '.join(agreement.readings) or 'none'}"
        raise WrongCall(f"{agreement.id} has no reading '{name}'; {hint}")
    return agreement.readings[name]


def readable(path: str | Path) -> Path:
    """Return the path of a file to be read; raises TrucewatchError for a name that nothing could print."""
    place = Path(path).absolute()
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in place.name):
        raise TrucewatchError(f"{place.name!a}: holds a character that is no text; give the file another name")
    return place
