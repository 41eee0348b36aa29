"""Mission: a working folder, and the route from a file to a sitrep, with or without one.

A mission's folder holds `mission.yml` (which agreement), `mandate.yml` (what it may say), `mission.key` (drawn once;
keeps claim keys apart from every other mission's) and `received/`: each batch as Parquet named by a keyed hash of its
content, with an index that is only ever appended to.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.agreement.examples import Example, read_examples
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement, Reading
from trucewatch.claims import View, claims_of, view
from trucewatch.evidence import Standard
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.judgements import Outcome
from trucewatch.levels import Level, read_level
from trucewatch.problems import FileFault, Problem, TrucewatchError, WrongCall, did_you_mean
from trucewatch.received import INDEX, WITHDRAWN, Entry, Receipts
from trucewatch.reports import Received, collect
from trucewatch.simulations import Simulation, is_simulated, simulate
from trucewatch.sitreps.figures import figures
from trucewatch.sitreps.material import Figures, Material, Told
from trucewatch.sitreps.publish import check_place, is_sitrep, publish
from trucewatch.sitreps.tables import FINDINGS, findings_table, summary
from trucewatch.sources import Source, read_source
from trucewatch.texts import read_text
from trucewatch.when import Span, read_edtf

STRICT = "strict"
DEMO = "south-syria-demo"
SIMULATED = "SIMULATION"  # the file that marks a mission whose reports are invented
Progress = Callable[[str], None]


def _silent(stage: str) -> None:
    pass


# ---- what is shipped -------------------------------------------------------------------------------------------------


def shipped(kind: str) -> Path:
    """Return the folder of the shipped `agreements`, `sources` or `simulations`: a checkout's own, or the wheel's."""
    root = Path(str(files("trucewatch"))).parent / kind
    if root.is_dir() and (root.parent / "pyproject.toml").exists():
        return root
    return Path(str(files("trucewatch").joinpath("shipped", kind)))


def find_agreement(name: str | Path) -> Path:
    """Return the folder of an agreement by path, or by the id of a shipped one; raises TrucewatchError."""
    path = Path(name)
    if path.name == "agreement.yml" and path.is_file():
        return path.parent
    known = sorted(folder.name for folder in shipped("agreements").iterdir() if (folder / "agreement.yml").exists())
    # A folder that merely bears the id of a shipped agreement, such as a sitrep of it, does not stand in its way.
    if str(name) in known and not (path / "agreement.yml").is_file():
        return shipped("agreements") / str(name)
    if path.is_dir():
        return path
    hint = did_you_mean(str(name), known) or f"shipped: {', '.join(known)}"
    raise TrucewatchError(f"'{name}' is neither a folder nor a shipped agreement; {hint}")


def open_agreement(name: str | Path) -> Agreement:
    """Read an agreement by path or shipped id; raises TrucewatchError, naming the first fault, where it has any."""
    folder = find_agreement(name)
    agreement = read_agreement(folder)
    if agreement.problems:
        more = f"; {len(agreement.problems) - 1} more, see: trucewatch check {folder}" if agreement.problems[1:] else ""
        raise TrucewatchError(f"{agreement.problems[0]}{more}")
    return agreement


def open_source(name: str | Path) -> Source:
    """Read a source description by path, or by the id of a shipped one; raises TrucewatchError where it has faults."""
    path = Path(name)
    if not path.is_file():
        known = sorted(file.stem for file in shipped("sources").glob("*.yml"))
        if str(name) not in known:
            hint = did_you_mean(str(name), known) or f"shipped: {', '.join(known)}"
            raise TrucewatchError(f"'{name}' is neither a file nor a shipped source; {hint}")
        path = shipped("sources") / f"{name}.yml"
    source, problems = read_source(path)
    if source is None or problems:
        raise TrucewatchError(str(problems[0]) if problems else f"{path}: describes no source")
    return source


def _file(path: str | Path) -> Path:
    """Return the path of a file to be read; raises TrucewatchError for a name that nothing could print."""
    place = Path(path).absolute()
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in place.name):
        raise TrucewatchError(f"{place.name!a}: holds a character that is no text; give the file another name")
    return place


# ---- the route -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, repr=False)
class Assessment:
    """What came of the route: the claims in view, incidents, findings, and the figures a sitrep of them states."""

    material: Material
    figures: Figures

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
        return findings_table(self.figures)

    @property
    def problems(self) -> tuple[Problem, ...]:
        """The rows that were refused, and why."""
        return self.material.problems

    @property
    def summary(self) -> dict[str, Any]:
        """The published summary."""
        return summary(self.figures)

    def finding(self, finding_id: str) -> Finding:
        """Return one finding to look at; raises KeyError for an id that is not among them."""
        for told in self.figures.told:
            if told.id == finding_id:
                return Finding(told)
        raise KeyError(finding_id)

    def publish(self, out: str | Path) -> tuple[Path, ...]:
        """Write the sitrep and its tables into a folder; return their paths. Raises TrucewatchError."""
        return publish(self.figures, self.material.agreement, Path(out))

    def to_geopandas(self) -> Any:
        """Return the findings as a GeoDataFrame (WGS 84), places as the regions they were told as; needs geopandas."""
        from geopandas import GeoDataFrame

        from trucewatch.sitreps.tables import findings_geojson

        features = json.loads(findings_geojson(self.figures, self.material.agreement))["features"]
        return GeoDataFrame.from_features(features, crs="EPSG:4326")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, with its reasons; a notebook shows it as a card, `print` as text."""

    told: Told

    def __str__(self) -> str:
        told = self.told
        lines = [
            told.sentence,
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
        return f"<p>{escape(told.sentence)}</p><table>{body}</table>"


def assess_files(
    paths: Sequence[str | Path],
    source: str | Path,
    agreement: str | Path,
    period: str | None = None,
    reading: str | None = None,
    audience: str = "mission",
    progress: Progress = _silent,
) -> Assessment:
    """Take some files of one source through the whole route without a mission.

    `source` and `agreement` are shipped ids or paths; `period` is an EDTF interval such as 2017-05/2018-08; `reading`
    is one of the agreement's. Raises TrucewatchError for anything the user can mend.
    """
    progress("reading the agreement")
    law, feed = open_agreement(agreement), open_source(source)
    span, chosen, level = _period(period, law), _reading(reading, law), read_level(audience)
    received = _collect_all(feed, paths, law, progress)
    claims = claims_of(pl.concat([batch.reports for batch in received]))
    rows = [_Rows(feed.id, batch.problems, batch.rows_read, batch.rows_refused) for batch in received]
    return _follow_route(claims, (feed,), rows, law, chosen, span, level, progress=progress)


def _collect_all(feed: Source, paths: Sequence[str | Path], agreement: Agreement, progress: Progress) -> list[Received]:
    if not paths:
        raise WrongCall("name at least one file")
    received = []
    for path in map(_file, paths):
        progress(f"reading {path.name}")
        try:
            received.append(collect(feed, path, gazetteer=agreement.gazetteer, zone=agreement.timezone))
        except UnicodeEncodeError:
            raise FileFault(f"{path.name}: holds half a character, such as \\ud800; this is no text") from None
    return received


@dataclass(frozen=True, slots=True)
class _Rows:
    """How the rows of something received were accounted for; `withdrawn` counts records that the source took back."""

    source: str
    problems: tuple[Problem, ...] = ()
    read: int = 0
    refused: int = 0
    withdrawn: int = 0


def _account(
    rows: Sequence[_Rows], seen: View, sources: Sequence[Source]
) -> tuple[tuple[Source, ...], tuple[Problem, ...], int, int, int]:
    """Return the sources that an audience may know of, and (problems, rows read, refused, withdrawn) of their rows.

    What was wrong with a row, and how many there were, may tell what stands in it: of a source that holds anything
    above the audience only the rows are counted of which something is left.
    """
    hidden = {s.id for s in sources if any(read_level(word) > seen.audience for word in s.levels.values())}
    left = seen.claims.filter(pl.col("source").is_in(hidden)).select("source", "event_key").unique()
    open_rows = [told for told in rows if told.source not in hidden]
    return (
        tuple(source for source in sources if source.id not in hidden or source.id in left["source"]),
        tuple(problem for told in open_rows for problem in told.problems),
        sum(told.read for told in open_rows) + left.height,
        sum(told.refused for told in open_rows),
        sum(told.withdrawn for told in open_rows),
    )


def _follow_route(
    claims: pl.DataFrame,
    sources: tuple[Source, ...],
    rows: Sequence[_Rows],
    agreement: Agreement,
    reading: Reading | None,
    period: Span | None,
    audience: Level,
    standard: Standard = Standard.REASONABLE_GROUNDS,
    may_determine: bool = False,
    is_simulation: bool = False,
    progress: Progress = _silent,
) -> Assessment:
    seen = view(claims, audience)
    progress("corroborating")
    incidents = corroborate(seen, agreement.gazetteer, agreement.register)
    progress("assessing")
    findings = assess(incidents, agreement, reading, standard)
    strict = None
    if STRICT in agreement.readings and (reading is None or reading.id != STRICT):
        strict = assess(incidents, agreement, agreement.readings[STRICT], standard)
    known, problems, rows_read, rows_refused, withdrawn = _account(rows, seen, sources)
    material = Material(
        view=seen, incidents=incidents, findings=findings, strict=strict, agreement=agreement, reading=reading,
        sources=known, problems=problems, rows_read=rows_read, rows_refused=rows_refused,
        may_determine=may_determine, is_simulation=is_simulation or is_simulated(claims), withdrawn=withdrawn,
    )  # fmt: skip
    progress("counting")
    return Assessment(material, figures(material, period))


def _period(text: str | None, agreement: Agreement) -> Span | None:
    if text is None:
        return None
    try:
        return read_edtf(text, agreement.timezone)
    except ValueError as fault:
        raise WrongCall(f"the period cannot be read: {fault}") from None


def _reading(name: str | None, agreement: Agreement) -> Reading | None:
    if name is None:
        return None
    if name not in agreement.readings:
        hint = did_you_mean(name, agreement.readings) or f"it has: {', '.join(agreement.readings) or 'none'}"
        raise WrongCall(f"{agreement.id} has no reading '{name}'; {hint}")
    return agreement.readings[name]


# ---- checking an agreement -------------------------------------------------------------------------------------------


def check(path: str | Path) -> tuple[Agreement, list[Problem], int]:
    """Check an agreement and run its own worked examples; return it, its problems, and how many examples ran."""
    agreement = read_agreement(find_agreement(path))
    problems = list(agreement.problems)
    if problems:
        return agreement, problems, 0
    examples, claims, faults = read_examples(agreement)
    problems += faults
    for reading in sorted({example.reading for example in examples}):
        chosen = [example for example in examples if example.reading == reading]
        problems += _judge_examples(agreement, chosen, claims, reading)
    return agreement, sorted(problems), len(examples)


def _judge_examples(
    agreement: Agreement, examples: Sequence[Example], claims: pl.DataFrame, reading: str
) -> Iterator[Problem]:
    told = claims.filter(pl.col("event_key").is_in([example.id for example in examples]))
    incidents = corroborate(view(told, Level.SEALED), agreement.gazetteer, agreement.register)
    chosen = agreement.readings.get(reading)
    findings = pl.concat(assess(incidents, agreement, chosen, hypothetical=demand) for demand in (False, True))
    named = incidents.incidents.select("incident", "event_key")
    found = {
        (row["event_key"], row["clause"]): row for row in findings.join(named, on="incident").iter_rows(named=True)
    }
    for example in examples:
        row = found.get((example.id, example.clause))
        outcome = row["outcome"] if row else str(Outcome.UNTOUCHED)
        unknowns = {name for names in json.loads(row["settled_by"]) for name in names} if row else set()
        file = str(agreement.folder / "examples.yml")
        if outcome != example.expect:
            message = f"'{example.id}' comes to {outcome} under {example.clause}, not to {example.expect}"
            yield Problem(
                file, example.line, "example-differs", message, "one of the two is wrong: the case or the text"
            )
        elif missing := sorted(set(example.because) - unknowns):
            message = f"'{example.id}' is not undetermined because of {', '.join(missing)}"
            yield Problem(
                file, example.line, "example-differs", message, f"what is unknown: {', '.join(sorted(unknowns))}"
            )


# ---- a mission's folder ----------------------------------------------------------------------------------------------

_MANDATE = """\
# What this mission may say, and who signs it. A mission observes and records; each further word needs a mandate.
format: 1
may: [observe, record]          # add: verify, attribute, determine
standard: reasonable-grounds    # or balance-of-probabilities, clear-and-convincing
"""
_POWERS = ("observe", "record", "verify", "attribute", "determine")
_MANDATE_KEYS = ("format", "may", "standard")
_MISSION, _KEY = "mission.yml", "mission.key"
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Mandate:
    """What a mission may say: its powers and the standard of proof it applies."""

    powers: tuple[str, ...]
    standard: Standard

    @property
    def may_determine(self) -> bool:
        """Whether it may call a finding a violation in its own voice."""
        return "determine" in self.powers


@dataclass(frozen=True)
class Mission:
    """A mission's working folder."""

    folder: Path

    @classmethod
    def init(cls, folder: str | Path, agreement: str | Path, key: bytes | None = None) -> Mission:
        """Make a mission's folder for an agreement; the key is drawn here, once. Raises TrucewatchError."""
        path = Path(folder)
        law = open_agreement(agreement)
        if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
            raise TrucewatchError(f"{path}: stands already and is not empty; name a new folder")
        shipped_id = law.folder == shipped("agreements") / law.id
        named = law.id if shipped_id else str(law.folder.resolve())
        try:
            _lay_out(path, named, key or secrets.token_bytes(_KEY_BYTES))
        except OSError as fault:
            raise TrucewatchError(f"{path}: cannot be written ({fault.strerror})") from None
        return cls(path)

    @classmethod
    def open(cls, folder: str | Path) -> Mission:
        """Open a mission's folder; raises TrucewatchError where it is none."""
        path = Path(folder)
        if not (path / _MISSION).is_file():
            raise TrucewatchError(f"{path}: is no mission; make one with: trucewatch init {path} --agreement ID")
        return cls(path)

    @property
    def agreement(self) -> Agreement:
        """The agreement it watches."""
        name = self.folder / _MISSION
        text, problems = read_text(name)
        named = text.get("agreement")
        if problems or named is None or not isinstance(named.value, str) or not named.value:
            raise TrucewatchError(str(problems[0]) if problems else f"{name}:{text.line}: names no agreement")
        try:
            return open_agreement(named.value)
        except TrucewatchError as fault:
            raise TrucewatchError(f"{name}:{named.line}: {fault}") from None

    @property
    def mandate(self) -> Mandate:
        """What it may say."""
        name = self.folder / "mandate.yml"
        text, problems = read_text(name)
        standards = {standard.word: standard for standard in Standard}
        word = text.get("standard")
        powers = text.get("may")
        told = tuple(str(item.value) for item in powers.items()) if powers else ()
        for key, inner in text.entries():
            if key not in _MANDATE_KEYS:
                hint = did_you_mean(key, _MANDATE_KEYS)
                problems.append(Problem(str(name), inner.line, "unknown-key", f"a mandate has no key '{key}'", hint))
        for power in told:
            if power not in _POWERS:
                line, hint = (
                    powers.line if powers else 1,
                    did_you_mean(power, _POWERS) or f"one of {', '.join(_POWERS)}",
                )
                problems.append(Problem(str(name), line, "unknown-power", f"'{power}' is no power", hint))
        standard = standards.get(str(word.value)) if word else None
        if standard is None:
            line, hint = word.line if word else 1, f"one of {', '.join(standards)}"
            problems.append(Problem(str(name), line, "unknown-standard", "names no standard of proof", hint))
        if problems or standard is None:
            raise TrucewatchError(str(problems[0]))
        return Mandate(told, standard)

    @property
    def receipts(self) -> Receipts:
        """What it received."""
        name = self.folder / _KEY
        try:
            key = name.read_bytes()
        except OSError as fault:
            raise TrucewatchError(f"{name}: cannot be read ({fault.strerror}); restore it from a copy") from None
        if len(key) < _KEY_BYTES:
            raise TrucewatchError(f"{name}: is not the key that was drawn for this mission; restore it from a copy")
        return Receipts(self.folder / "received", key)

    def collect(
        self,
        source: str | Path,
        paths: Sequence[str | Path],
        whole: bool = False,
        now: datetime | None = None,
        progress: Progress = _silent,
    ) -> tuple[list[Entry], list[Received]]:
        """Receive some files of a source; all are read before anything is kept.

        A record that was received before and reads differently becomes a new version. With `whole` the files are all
        that the feed holds for the days they span: what was received before for those days and is gone is kept as
        withdrawn. Where rows were refused nobody can tell which records are gone, and none is withdrawn. `now` is the
        time of receipt. Raises TrucewatchError.
        """
        law, feed, receipts = self.agreement, open_source(source), self.receipts
        receipts.entries()
        batches = _collect_all(feed, paths, law, progress)
        held = receipts.claims() if whole and not any(batch.rows_refused for batch in batches) else None
        at = now or datetime.now(UTC)
        # Kept beside what was read with it, so that the sitrep can name its licence, also when made again later.
        given = Path(source) if Path(source).is_file() else shipped("sources") / f"{source}.yml"
        described = receipts.keep_description(given.read_bytes())
        made = [
            receipts.receive(batch, feed.id, described, Path(path).name, at)
            for path, batch in zip(paths, batches, strict=True)
        ]
        if held is not None and (gone := receipts.withdraw(feed.id, described, batches, held, at)):
            made.append(gone)
        return made, batches

    def run(
        self,
        as_of: str | None = None,
        period: str | None = None,
        reading: str | None = None,
        audience: str = "mission",
        progress: Progress = _silent,
    ) -> Assessment:
        """Take everything received through the route; raises TrucewatchError."""
        law, mandate, receipts = self.agreement, self.mandate, self.receipts
        chosen, span, level = _reading(reading, law), _period(period, law), read_level(audience)
        progress("opening what was received")
        entries = receipts.entries(as_of)
        # Of each source the description that it was last read by.
        described = {entry.source: entry.described for entry in entries}
        rows = [
            _Rows(entry.source, problems, entry.rows_read, entry.rows_refused)
            for entry, problems in receipts.batches(as_of)
        ]
        rows += [_Rows(entry.source, withdrawn=entry.new) for entry in entries if entry.kind == WITHDRAWN]
        sources = tuple(open_source(receipts.description(described[name])) for name in sorted(described))
        return _follow_route(
            receipts.claims(as_of), sources, rows, law, chosen, span, level, mandate.standard, mandate.may_determine,
            (self.folder / SIMULATED).exists(), progress,
        )  # fmt: skip


def _lay_out(folder: Path, agreement: str, key: bytes) -> None:
    """Write a mission's folder beside its place and rename it into it; one that is there and empty is filled."""
    place = Path(os.path.abspath(folder))
    place.parent.mkdir(parents=True, exist_ok=True)
    is_there = place.is_dir()
    with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=place if is_there else place.parent) as beside:
        made = Path(beside) / "mission"
        (made / "received").mkdir(parents=True)
        named = json.dumps(agreement, ensure_ascii=False)
        (made / _MISSION).write_text(f"format: 1\nagreement: {named}\n", encoding="utf-8")
        (made / "mandate.yml").write_text(_MANDATE, encoding="utf-8")
        handle = os.open(made / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
        (made / "received" / INDEX).touch()
        if not is_there:
            made.rename(place)
            return
        # By its last file it is known for a mission.
        for name in ("received", "mandate.yml", _KEY, _MISSION):
            (made / name).rename(place / name)


# ---- tracing ---------------------------------------------------------------------------------------------------------


def trace(folder: str | Path, finding_id: str) -> dict[str, Any]:
    """Return a finding of a mission or of a sitrep's folder, with its chain back to file and line.

    Raises TrucewatchError where the folder is neither, or holds no such finding.
    """
    path = Path(folder)
    if (path / _MISSION).is_file():
        table = Mission.open(path).run().findings
    elif path.is_dir() and is_sitrep(path):
        table = _written_findings(path)
    else:
        raise TrucewatchError(f"{path}: is neither a mission nor a sitrep of Trucewatch")
    rows = table.filter(pl.col("finding") == finding_id)
    if rows.is_empty():
        hint = did_you_mean(finding_id, table["finding"].to_list()) or "ids stand in findings.csv"
        raise TrucewatchError(f"{path}: holds no finding '{finding_id}'; {hint}, or trace in the sitrep's own folder")
    row = rows.row(0, named=True)
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
    return {**told, "tests": json.loads(row["tests"]), "chain_to_line": json.loads(row["chain_to_line"])}


def _written_findings(sitrep: Path) -> pl.DataFrame:
    path = sitrep / "findings.parquet"
    try:
        return pl.read_parquet(path).cast(pl.Schema(FINDINGS))
    except (OSError, pl.exceptions.PolarsError) as fault:
        why = str(fault).partition("\n")[0]
        raise TrucewatchError(f"{path}: cannot be read back ({why}); make the sitrep again") from None


# ---- simulation ------------------------------------------------------------------------------------------------------


def find_simulation(name: str | Path) -> Path:
    """Return the description of a simulation by path, or by the name of a shipped one; raises TrucewatchError."""
    if Path(name).is_file():
        return Path(name)
    known = sorted(file.stem for file in shipped("simulations").glob("*.yml"))
    if str(name) in known:
        return shipped("simulations") / f"{name}.yml"
    hint = did_you_mean(str(name), known) or f"shipped: {', '.join(known)}"
    raise TrucewatchError(f"'{name}' is neither a file nor a shipped simulation; {hint}")


def demo(out: str | Path, seed: int | None = None, progress: Progress = _silent) -> tuple[Assessment, tuple[Path, ...]]:
    """Grow a simulation, receive its reports in a mission of its own, and publish the sitrep; all beside `out`.

    The simulation lies in OUT-simulation, the mission in OUT-mission: the same commands lead from one to the other.
    """
    place = Path(out)
    check_place(place)
    grown_at, mission_at = (place.with_name(f"{place.name}-{name}") for name in ("simulation", "mission"))
    progress("growing a truth and reports of it")
    grown = grow(DEMO, grown_at, seed)
    _clear_demo(mission_at)
    mission = Mission.init(mission_at, grown.agreement, key=b"SIMULATION: a key that keeps nothing apart")
    (mission_at / SIMULATED).write_text("SIMULATION: nothing in this mission happened.\n", encoding="utf-8")
    for source, path in grown.feeds:
        mission.collect(source, [path], now=datetime(1970, 1, 1, tzinfo=UTC), progress=progress)
    assessment = mission.run(progress=progress)
    return assessment, assessment.publish(place)


def grow(name: str | Path, out: str | Path, seed: int | None = None) -> Simulation:
    """Grow a simulation from its description into a folder; raises TrucewatchError."""
    path = find_simulation(name)
    text, problems = read_text(path)
    named = text.get("agreement")
    if problems or named is None:
        raise TrucewatchError(str(problems[0]) if problems else f"{path}: names no agreement")
    return simulate(path, open_agreement(str(named.value)), Path(out), seed)


def _clear_demo(folder: Path) -> None:
    if folder.is_dir() and (folder / SIMULATED).exists() and (folder / "mission.yml").exists():
        shutil.rmtree(folder)
