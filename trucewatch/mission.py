"""Mission: a working folder, and the route from a file to a sitrep, with or without one.

A mission's folder holds `mission.yml` (which agreement), `mandate.yml` (what it may say), `mission.key` (drawn once;
keeps claim keys apart from every other mission's), and its record: `mission.sqlite`, with `received/`, `kept/` and
`keys/` beside it. What it works with is adopted, entry by entry, and what it is run as of any entry is what it was.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch import decisions
from trucewatch.agreement.rulings import RULED, Ruling, rule_in, ruling, rulings
from trucewatch.agreement.terms import Agreement
from trucewatch.beside import SHEETS, beside_of, known_words, places_of
from trucewatch.checks import check
from trucewatch.clearances import lacks, signatures, withheld
from trucewatch.decisions import Decision, decided
from trucewatch.grains import grain_of
from trucewatch.late import Telling, Waiting, as_told, waiting
from trucewatch.ledger.vault import settle_batch, stage_batch
from trucewatch.levels import Level, read_level
from trucewatch.logs.lines import SUBJECT, Line, Sheet, admit, content_of, lines_of, read_sheet
from trucewatch.logs.patrols import restrictions
from trucewatch.logs.stages import STEPS, with_reply_due
from trucewatch.mandates import TEMPLATE as MANDATE
from trucewatch.mandates import Mandate, open_mandate
from trucewatch.problems import Problem, TrucewatchError, WrongCall, did_you_mean
from trucewatch.record.adoptions import (
    AGREEMENT,
    Adoption,
    audiences_of,
    changed,
    differences,
    lay_out,
    refuse_changed,
    standing,
    versions,
)
from trucewatch.record.entries import LEDGER, RECEIVED, Draw, Entry, Record, keep, stands_by
from trucewatch.record.received import WITHDRAWN, Arrival, Receipt, Receipts
from trucewatch.record.taken_over import DECISIONS, decision_lines, index_lines
from trucewatch.reports import Received
from trucewatch.route import (
    Assessment,
    Finding,
    Progress,
    RowAccount,
    assess_files,
    collect_all,
    follow_route,
    read_audience,
    read_period,
    read_reading,
    readable,
    silent,
)
from trucewatch.shipped import find_agreement, open_agreement, open_source, shipped
from trucewatch.talks.statements import Talks, open_talks
from trucewatch.texts import read_text
from trucewatch.views import Declassified, View, told_alone, view

__all__ = [
    "Assessment",
    "Finding",
    "Mandate",
    "Mission",
    "Progress",
    "assess_files",
    "check",
    "find_agreement",
    "is_mission",
    "open_agreement",
    "open_source",
    "shipped",
    "versions",
]

SIMULATED = "SIMULATION"  # the file that marks a mission whose reports are invented

_MISSION, _MANDATE, _KEY = "mission.yml", "mandate.yml", "mission.key"
_KEY_BYTES = 32


def is_mission(folder: Path) -> bool:
    """Say whether a folder is a mission's."""
    return (folder / _MISSION).is_file()


@dataclass(frozen=True)
class Mission:
    """A mission's working folder."""

    folder: Path

    @classmethod
    def init(
        cls,
        folder: str | Path,
        agreement: str | Path,
        key: bytes | None = None,
        now: datetime | None = None,
        draw: Draw = secrets.token_bytes,
    ) -> Mission:
        """Make a mission's folder for an agreement, and adopt it, at a time; the key is drawn here, once.

        Raises TrucewatchError.
        """
        path = Path(folder)
        law = open_agreement(agreement)
        if os.path.lexists(path) and (not path.is_dir() or any(path.iterdir())):
            raise TrucewatchError(f"{path}: stands already and is not empty; name a new folder")
        shipped_id = law.folder == shipped("agreements") / law.id
        named = law.id if shipped_id else str(law.folder.resolve())
        try:
            _lay_out(path, named, law, key or draw(_KEY_BYTES), now or datetime.now(UTC), draw)
        except OSError as fault:
            raise TrucewatchError(f"{path}: cannot be written ({fault.strerror})") from None
        return cls(path)

    @classmethod
    def open(cls, folder: str | Path) -> Mission:
        """Open a mission's folder; raises TrucewatchError where it is none."""
        path = Path(folder)
        if not is_mission(path):
            raise TrucewatchError(f"{path}: is no mission; make one with: trucewatch init {path} --agreement ID")
        return cls(path)

    @property
    def agreement(self) -> Agreement:
        """The agreement it watches, as it stands in its folder."""
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
        """What it may say, and who signs it, as it stands in its folder."""
        return open_mandate(self.folder / _MANDATE, self.agreement)

    def record(self, is_read_only: bool = False, is_gone_back: bool = False) -> Record:
        """Open its record, a context manager; what it received before it had one is taken over first.

        Raises TrucewatchError where it is damaged, or, unless `is_gone_back`, where it has gone back behind what was
        seen of it.
        """
        if not (self.folder / LEDGER).exists() and not stands_by(self.folder):
            self._take_over(datetime.now(UTC), secrets.token_bytes)
        return Record.open(self.folder, is_read_only, is_gone_back)

    # ---- what it works with ------------------------------------------------------------------------------------------

    def adopt(self, by: str, because: str, now: datetime | None = None) -> Entry | None:
        """Adopt the agreement, mandate, weights and level policy as they stand; None where nothing is new.

        `by` is the role of who decides it. Raises TrucewatchError.
        """
        if not by.strip() or not because.strip():
            raise WrongCall("what is adopted needs the role of who decides it, and a reason")
        law, _ = self.agreement, self.mandate
        with self.record() as record:
            stands = standing(self.folder, law, record.put)
            new = changed(Adoption.of(record.entries()), stands)
            if not new:
                return None
            content = {name: stands[name] for name in new}
            if AGREEMENT in new:
                content["agreement_id"] = law.id
                record.commit_to(audiences_of(law))
            return record.enter("adopted", {**content, "by": by, "because": because}, now or datetime.now(UTC))

    def differences(self, as_of: int | str | None = None) -> tuple[Problem, ...]:
        """Return in what this program differs from the one that was at work as of an entry: then bytes may differ."""
        with self.record(is_read_only=True) as record:
            number = record.number(as_of)
            return differences(Adoption.of(record.entries(number)), self._stands(self.agreement), number)

    def _stands(self, law: Agreement) -> dict[str, Any]:
        return standing(self.folder, law, lambda data: hashlib.sha256(data).hexdigest())

    def gaps(self, as_of: int | str | None = None) -> tuple[Entry, ...]:
        """Return the entries, up to one or the end of a day, by which something was erased that is missing since."""
        with self.record(is_read_only=True) as record:
            return record.entries(as_of, kinds=("erased",))

    @contextmanager
    def adopted(self, record: Record, as_of: int) -> Iterator[tuple[Agreement, Mandate]]:
        """Give the agreement, as it was ruled on, and mandate adopted by an entry; what stands must be that where the
        entry is the last.
        """
        with self._adopted(record, as_of) as (law, mandate):
            ruled = rulings(record.entries(as_of), mandate.chief, mandate.roles)
            yield rule_in(law, ruled), mandate

    @contextmanager
    def _adopted(self, record: Record, as_of: int) -> Iterator[tuple[Agreement, Mandate]]:
        law = self.agreement
        mandate, stands = open_mandate(self.folder / _MANDATE, law), self._stands(law)
        adopted = Adoption.of(record.entries(as_of))
        if as_of == record.number():
            refuse_changed(self.folder, adopted, stands)
        if not changed(adopted, {**stands, "versions": adopted.versions}):
            yield law, mandate
            return
        with tempfile.TemporaryDirectory(prefix="trucewatch-") as beside:
            then = open_agreement(lay_out(adopted, record.get, Path(beside)))
            yield then, open_mandate(Path(beside) / _MANDATE, then)

    # ---- what it received --------------------------------------------------------------------------------------------

    def receipts(self, as_of: int | str | None = None) -> Receipts:
        """Return what it received, up to an entry or the end of a day (EDTF, UTC); raises TrucewatchError.

        Where something of it has been erased since, what was known then cannot be had again, and it is refused.
        """
        with self.record(is_read_only=True) as record:
            return self.received(record, as_of)

    def received(self, record: Record, as_of: int | str | None = None) -> Receipts:
        """Return what it received, as `receipts`, from its record that is open."""
        number = record.number(as_of)
        _refuse_gaps(record, number)
        # An erasure holds from its entry on, also where it was interrupted.
        erased = [entry.content for entry in record.entries(kinds=("erased",)) if entry.content]
        gone = {one for content in erased if content["positions"] is None for one in content["entries"]}
        told = [
            Receipt.of_entry(entry.number, entry.known, entry.content)
            for entry in record.entries(kinds=("received",))
            if entry.content and "batch" in entry.content and entry.number not in gone
        ]
        keys = {receipt.sealed: record.store.key(receipt.sealed) for receipt in told}
        upto, later = ([one for one in told if (one.number <= number) is is_then] for is_then in (True, False))
        return Receipts(self.folder / RECEIVED, self._key, tuple(upto), keys, tuple(later))

    @property
    def _key(self) -> bytes:
        name = self.folder / _KEY
        try:
            key = name.read_bytes()
        except OSError as fault:
            raise TrucewatchError(f"{name}: cannot be read ({fault.strerror}); restore it from a backup") from None
        if len(key) < _KEY_BYTES:
            raise TrucewatchError(f"{name}: is not the key that was drawn for this mission; restore it from a backup")
        return key

    def collect(
        self,
        source: str | Path,
        paths: Sequence[str | Path],
        whole: bool = False,
        now: datetime | None = None,
        progress: Progress = silent,
        draw: Draw = secrets.token_bytes,
    ) -> tuple[list[Receipt], list[Received]]:
        """Receive some files of a source; all are read before anything is kept.

        A record that was received before and reads differently becomes a new version. With `whole` the files are all
        that the feed holds for the days they span: what was received before for those days and is gone is kept as
        withdrawn. Where rows were refused nobody can tell which records are gone, and none is withdrawn. `now` is the
        time of receipt. Raises TrucewatchError.
        """
        law, feed, at = self.agreement, open_source(source), now or datetime.now(UTC)
        given = Path(source) if Path(source).is_file() else shipped("sources") / f"{source}.yml"
        with self.record() as record:
            self._at_work(record, law, at)
            receipts = self.received(record)
            batches = collect_all(feed, paths, law, progress)
            held = receipts.claims() if whole and not any(batch.rows_refused for batch in batches) else None
            described = record.put(given.read_bytes())
            known = {entry.content["description"] for entry in record.entries(kinds=("adopted",))
                     if entry.content and "description" in entry.content}  # fmt: skip
            if described not in known:
                record.enter("adopted", {"source": feed.id, "description": described}, at)
            made = []
            for path, batch in zip(paths, batches, strict=True):
                arrival = receipts.receive(batch, feed.id, described, Path(path).name, draw)
                made.append(self._enter(record, arrival, at))
                receipts = _with(receipts, made[-1], arrival)
            if held is not None:
                gone = receipts.withdraw(feed.id, described, batches, held, draw)
                made += [self._enter(record, gone, at)] if gone else []
        return made, batches

    def _at_work(self, record: Record, law: Agreement, at: datetime) -> None:
        """Refuse what was not adopted, and enter with which versions of the program it goes on from here."""
        adopted, stands = Adoption.of(record.entries()), self._stands(law)
        refuse_changed(self.folder, adopted, stands)
        if new := changed(adopted, stands):
            standing(self.folder, law, record.put)
            record.enter("adopted", {name: stands[name] for name in new}, at)

    def _enter(self, record: Record, arrival: Arrival, at: datetime) -> Receipt:
        name, sealed = arrival.content["sealed"], arrival.sealed
        if sealed:
            stage_batch(self.folder / RECEIVED, name, sealed.container)
        told = {word: arrival.told_to(read_level(word)) for word in record.audiences}
        seen = {word: content for word, content in told.items() if content}
        keys = {name: sealed.key} if sealed else {}
        entry = record.enter("received", arrival.content, at, Level.MISSION, seen, keys)
        if sealed:
            settle_batch(self.folder / RECEIVED, name, sealed.key)
        return Receipt.of_entry(entry.number, entry.at, arrival.content)

    # ---- what it wrote down itself -----------------------------------------------------------------------------------

    def lines(self, as_of: int | str | None = None) -> tuple[Line, ...]:
        """Return the rows of its own sheets that stand, as of an entry or the end of a day; raises TrucewatchError."""
        with self.record(is_read_only=True) as record:
            number = record.number(as_of)
            _refuse_gaps(record, number)
            return lines_of(record.entries(number))

    def log(
        self, sheet: str, paths: Sequence[str | Path], now: datetime | None = None
    ) -> tuple[tuple[Line, ...], tuple[Problem, ...]]:
        """Enter the good rows of some files of a sheet, all in one transaction; return them, and what was wrong.

        Each becomes an entry, committed to those alone who may know what is marked with its level. A row
        whose id stands replaces that one; what stands already as it is read is not entered again. Raises
        TrucewatchError for a file that cannot be read at all, WrongCall for a sheet that there is not.
        """
        form, law, at = sheet_named(sheet), self.agreement, now or datetime.now(UTC)
        known = known_words(law, self._subjects() if any(one.of == SUBJECT for one in form.columns) else ())
        read: list[Line] = []
        problems: list[Problem] = []
        for path in map(readable, paths):
            lines, faults = read_sheet(form, path, law.timezone, known, law.register)
            read, problems = read + lines, problems + faults
        with self.record() as record:
            self._at_work(record, law, at)
            stand = lines_of(record.entries())
            if form is STEPS:
                read = with_reply_due(read, stand, self.mandate.reply_days, law.timezone)
            admitted, refused = admit(form, read, stand, SHEETS)
            entries = record.enter_all([_of_line(form, line, record.audiences) for line in admitted], at)
        numbered = zip(admitted, entries, strict=True)
        entered = tuple(replace(line, number=entry.number, at=entry.at) for line, entry in numbered)
        return entered, tuple(sorted((*problems, *refused)))

    def _subjects(self) -> frozenset[str]:
        """Return what a row may be about: the reports, claims, incidents and findings that the mission has."""
        done = self.run().material
        names = (done.view.claims["record"], done.view.claims["claim_key"], done.incidents.incidents["incident"])
        return frozenset(name for column in (*names, done.findings["finding"]) for name in column.drop_nulls())

    # ---- what persons decided ----------------------------------------------------------------------------------------

    def decisions(self, as_of: int | str | None = None) -> tuple[Decision, ...]:
        """Return what persons decided of its reports, up to an entry or the end of a day."""
        with self.record(is_read_only=True) as record:
            return decided(record.entries(as_of))

    def decide(
        self, one: str, other: str, is_same: bool, by: str, reason: str, now: datetime | None = None
    ) -> Decision:
        """Record that two claims (keys) do, or do not, tell of one event, and who decided it, by role, and why.

        It outranks what a dataset says, and an earlier decision. Raises TrucewatchError.
        """
        content = decisions.link(one, other, is_same, by, reason)
        with self.record() as record:
            return decided([record.enter("decided", content, now or datetime.now(UTC))])[0]

    def declassify(
        self,
        claims: Iterable[str],
        fields: Iterable[str],
        to: str,
        by: str,
        because: str,
        now: datetime | None = None,
    ) -> Entry:
        """Record that an audience may know some fields of some claims (keys); it holds once others have signed it.

        Raises TrucewatchError.
        """
        decision = Declassified(frozenset(claims), frozenset(fields), read_level(to), by, because)
        content = {
            "claims": sorted(decision.claims),
            "fields": sorted(decision.fields),
            "to": decision.to.word,
            "by": by,
            "because": because,
        }
        with self.record() as record:
            return record.enter("declassified", content, now or datetime.now(UTC))

    def rule(self, term: str, rival: str, by: str, because: str, now: datetime | None = None) -> Entry:
        """Record which value of a contested term the mission goes by from here on, and who ruled so, by role, and why.

        It holds once others have signed it, until a later ruling on the same term does. Raises TrucewatchError.
        """
        at = now or datetime.now(UTC)
        content = ruling(self.agreement, term, rival, by, because)
        with self.record() as record:
            self._at_work(record, self.agreement, at)
            return record.enter(RULED, content, at)

    def rulings(self, as_of: int | str | None = None) -> tuple[Ruling, ...]:
        """Return its rulings that hold, as of an entry or the end of a day, by term; raises TrucewatchError."""
        with self.record(is_read_only=True) as record:
            number = record.number(as_of)
            with self._adopted(record, number) as (_, mandate):
                return rulings(record.entries(number), mandate.chief, mandate.roles)

    def talks(self, as_of: int | str | None = None) -> Talks:
        """Return the talks around its agreement, as adopted by an entry or the end of a day; raises TrucewatchError."""
        with self.record(is_read_only=True) as record, self._adopted(record, record.number(as_of)) as (law, _):
            return open_talks(law)

    # ---- the route ---------------------------------------------------------------------------------------------------

    def view(self, as_of: int | str | None = None, audience: str = "mission") -> View:
        """Return what an audience may know of what was received; raises TrucewatchError."""
        level = read_level(audience)
        with self.record(is_read_only=True) as record:
            number = record.number(as_of)
            receipts = self.received(record, number)
            with self.adopted(record, number) as (law, mandate):
                claims = self._stood(record, receipts, law, number)
                known = _declassified(record.entries(number), mandate)
                grain = grain_of(level, mandate.grains)
                return view(claims, level, grain, law.gazetteer, law.timezone, declassified=known)

    def waiting(self, as_of: int, audience: Level, before: Sequence[Telling], now: Telling) -> Waiting:
        """Return what waits of what came in late, for an audience that got some sitreps before (see `late.waiting`)."""
        with self.record(is_read_only=True) as record:
            entries, receipts = record.entries(as_of), self.received(record, as_of)
            hidden = sorted({key for one in withheld(entries) for key in one.claims})
            with self.adopted(record, as_of) as (law, mandate):
                grain = grain_of(audience, mandate.grains)
                alone = partial(
                    told_alone, audience=audience, grain=grain, gazetteer=law.gazetteer, timezone=law.timezone,
                    declassified=_declassified(entries, mandate),
                )  # fmt: skip

                def stood(entry: int) -> pl.DataFrame:
                    return self._stood(record, receipts, law, entry).filter(~pl.col("claim_key").is_in(hidden))

                return waiting(stood, before, now, grain, law.timezone, alone)

    def run(
        self,
        as_of: int | str | None = None,
        period: str | None = None,
        reading: str | None = None,
        audience: str = "mission",
        progress: Progress = silent,
        published: date | None = None,
        withhold: bool = True,
        waits: Mapping[str, int] | None = None,
    ) -> Assessment:
        """Take everything received through the route, as of an entry or the end of a day; raises TrucewatchError.

        What was adopted, received and decided by then is what is used. `published` is the day of publication (see
        `route.follow_route`); what is withheld is told to nobody below the mission unless `withhold` is False. Claims
        in `waits` are told as they stood at the entry named, or not at all (see `late`).
        """
        with self.record(is_read_only=True) as record:
            number = record.number(as_of)
            entries, receipts = record.entries(number), self.received(record, number)
            with self.adopted(record, number) as (law, mandate):
                level = read_audience(audience, law)
                chosen, span = read_reading(reading, law), read_period(period, law)
                progress("opening what was received")
                # Of each source the description that it was last read by.
                described = {receipt.source: receipt.described for receipt in receipts.receipts}
                with _descriptions(record, described) as sources:
                    rows = [
                        RowAccount(receipt.source, problems, receipt.rows_read, receipt.rows_refused)
                        for receipt, problems in receipts.batches()
                    ]
                    rows += [
                        RowAccount(receipt.source, withdrawn=receipt.new)
                        for receipt in receipts.receipts
                        if receipt.kind == WITHDRAWN
                    ]
                    stood = partial(self._stood, record, receipts, law)
                    return follow_route(
                        as_told(stood, number, waits or {}), sources, rows, law, chosen, span, level,
                        mandate.standard, mandate.may_determine, (self.folder / SIMULATED).exists(), decided(entries),
                        progress, published, _declassified(entries, mandate), mandate.grains,
                        mandate.may_name_parties(level), withheld(entries) if withhold else (),
                        beside=beside_of(lines_of(entries), level, law), style=mandate.style,
                        casualty_sources=mandate.casualty_sources,
                    )  # fmt: skip

    def _stood(self, record: Record, receipts: Receipts, law: Agreement, entry: int) -> pl.DataFrame:
        """Return the claims as they stood as of an entry: what was received, and the restrictions that patrols met."""
        entries = [one for one in record.entries() if one.number <= entry]
        met = restrictions(lines_of(entries), places_of(law), self._key)
        return pl.concat([receipts.stood(entry), met]).sort("claim_key")

    # ---- before there was a ledger -----------------------------------------------------------------------------------

    def _take_over(self, at: datetime, draw: Draw) -> None:
        """Bring under a ledger what was received and decided without one; all of it or nothing."""
        law, _ = self.agreement, self.mandate
        lines = list(index_lines(self.folder / RECEIVED, self._key))
        ruled = decision_lines(self.folder / DECISIONS)
        receipts, arrivals = Receipts(self.folder / RECEIVED, self._key), list[tuple[Arrival, dict[str, Any]]]()
        keys: dict[str, bytes] = {}
        for line in lines:
            described = {"described": hashlib.sha256(line.description).hexdigest()}
            arrival = receipts.take_over({**line.words, **described}, line.rows, line.problems, draw)
            name = arrival.content["sealed"]
            if arrival.sealed:
                stage_batch(receipts.folder, name, arrival.sealed.container)
                settle_batch(receipts.folder, name, arrival.sealed.key)
                keys[name] = arrival.sealed.key
            arrivals.append((arrival, line.words))
            receipts = _with(receipts, Receipt.of_entry(len(arrivals), at, arrival.content), arrival)
        with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=self.folder) as beside:
            made = Path(beside)
            with _founded(made, law, self.folder / _MANDATE, at, draw, lines[0].words if lines else None) as record:
                known = {"taken_over": {"received": lines[0].words["received"]}} if lines else {}
                sources = {record.put(line.description): line.words["source"] for line in lines}
                entries: list[Any] = [
                    ("adopted", {"source": source, "description": digest, **known}, Level.MISSION, {}, {})
                    for digest, source in sources.items()
                ]
                for done, (arrival, words) in enumerate(arrivals):
                    entries += [_ruled(one) for one in ruled if one["after"] == done]
                    told = {word: arrival.told_to(read_level(word)) for word in record.audiences}
                    seen = {word: content for word, content in told.items() if content}
                    name = arrival.content["sealed"]
                    key = {name: arrival.sealed.key} if arrival.sealed else {}
                    entries.append(("received", {**arrival.content, "taken_over": words}, Level.MISSION, seen, key))
                entries += [_ruled(one) for one in ruled if one["after"] >= len(arrivals)]
                record.enter_all(entries, at)
            for name in ("kept", "keys", LEDGER):
                (made / name).rename(self.folder / name)


def sheet_named(name: str) -> Sheet:
    """Return the sheet that goes by a name; raises WrongCall."""
    found = {sheet.name: sheet for sheet in SHEETS}
    if name not in found:
        hint = did_you_mean(name, found) or f"there are: {', '.join(found)}"
        raise WrongCall(f"there is no sheet '{name}'; {hint}")
    return found[name]


def _of_line(
    sheet: Sheet, line: Line, audiences: Sequence[str]
) -> tuple[str, dict[str, Any], Level, dict[str, Any], dict[str, bytes]]:
    """Return what is entered of a row, and to whom."""
    below = [word for word in audiences if not read_level(word) >= Level.MISSION]
    told = {word: content_of(line, sheet, is_for_mission=False) for word in below if line.level <= read_level(word)}
    level = line.level if line.level >= Level.MISSION else Level.MISSION
    return sheet.entry, content_of(line, sheet, is_for_mission=True), level, told, {}


def _ruled(words: Mapping[str, Any]) -> tuple[str, dict[str, Any], Level, dict[str, Any], dict[str, bytes]]:
    content = decisions.link(words["one"], words["other"], words["same"], words["by"], words["reason"])
    taken_over = {**words, "received": words["at"]}
    return ("decided", {**content, "taken_over": taken_over}, Level.MISSION, {}, {})


def _with(receipts: Receipts, receipt: Receipt, arrival: Arrival) -> Receipts:
    keys = {receipt.sealed: arrival.sealed.key} if arrival.sealed else {}
    return replace(receipts, receipts=(*receipts.receipts, receipt), keys={**receipts.keys, **keys})


def _declassified(entries: Sequence[Entry], mandate: Mandate) -> tuple[Declassified, ...]:
    """Return the decisions that let audiences know more and that two persons, and legal or chief, have signed."""
    signed = signatures(entries)
    found = []
    for entry in entries:
        told = entry.content
        if entry.kind != "declassified" or not told:
            continue
        if not lacks(told["by"], signed.get(entry.number, ()), mandate.chief, mandate.roles):
            found.append(
                Declassified(
                    frozenset(told["claims"]),
                    frozenset(told["fields"]),
                    read_level(told["to"]),
                    told["by"],
                    told["because"],
                    entry.number,
                )
            )
    return tuple(found)


def _refuse_gaps(record: Record, as_of: int) -> None:
    """Raise TrucewatchError where what was known by an entry has been erased since."""
    for entry in record.entries(kinds=("erased",)):
        told = entry.content or {}
        needed = [number for number in told["entries"] if number <= as_of]
        if needed and entry.number > as_of:
            which = f"{len(told['positions'])} of its rows" if told["positions"] else "it"
            raise TrucewatchError(
                f"{record.folder}: as of entry {as_of} entry {needed[0]} is needed, and {which} was erased "
                f"(entry {entry.number}, {entry.at:%Y-%m-%d}); ask as of entry {entry.number} or later"
            )


@contextmanager
def _descriptions(record: Record, described: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    """Give the sources as they were described then."""
    with tempfile.TemporaryDirectory(prefix="trucewatch-") as beside:
        sources = []
        for name in sorted(described):
            path = Path(beside) / f"{name}.yml"
            path.write_bytes(record.get(described[name]))
            sources.append(open_source(path))
        yield tuple(sources)


def _founded(
    folder: Path, law: Agreement, mandate: Path, at: datetime, draw: Draw, first: Mapping[str, Any] | None = None
) -> Record:
    """Make the record of a mission in a folder; `first` is the oldest line of an index that is taken over."""
    origin = f"trucewatch-{base64.b32encode(draw(10)).decode().lower()}"
    content: dict[str, Any] = {"taken_over": {"received": first["received"]}} if first else {}
    content |= standing(mandate.parent, law, partial(keep, folder))
    return Record.create(folder, origin, draw(_KEY_BYTES), at, draw, audiences_of(law), content)


def _lay_out(folder: Path, agreement: str, law: Agreement, key: bytes, at: datetime, draw: Draw) -> None:
    """Write a mission's folder beside its place and rename it into it; one that is there and empty is filled."""
    place = Path(os.path.abspath(folder))
    place.parent.mkdir(parents=True, exist_ok=True)
    is_there = place.is_dir()
    with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=place if is_there else place.parent) as beside:
        made = Path(beside) / "mission"
        (made / RECEIVED).mkdir(parents=True)
        named = json.dumps(agreement, ensure_ascii=False)
        (made / _MISSION).write_text(f"format: 1\nagreement: {named}\n", encoding="utf-8")
        (made / _MANDATE).write_text(MANDATE, encoding="utf-8")
        handle = os.open(made / _KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
        _founded(made, law, made / _MANDATE, at, draw).close()
        if not is_there:
            made.rename(place)
            return
        # By its last file it is known for a mission.
        for path in sorted(made.iterdir(), key=lambda path: path.name == _MISSION):
            path.rename(place / path.name)
