"""Mission: a working folder, and the route from a file to a sitrep, with or without one.

A mission's folder holds `mission.yml` (which agreement), `mandate.yml` (what it may say), `mission.key` (drawn once;
keeps claim keys apart from every other mission's) and `received/`: each batch as Parquet named by a keyed hash of its
content, with an index that is only ever appended to.
"""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from trucewatch.agreement.terms import Agreement
from trucewatch.checks import check
from trucewatch.claims import View, view
from trucewatch.decisions import Decision, Decisions
from trucewatch.evidence import Standard
from trucewatch.levels import read_level
from trucewatch.problems import Problem, TrucewatchError, did_you_mean
from trucewatch.received import INDEX, WITHDRAWN, Entry, Receipts
from trucewatch.reports import Received
from trucewatch.route import (
    Assessment,
    Finding,
    Progress,
    RowAccount,
    assess_files,
    collect_all,
    follow_route,
    read_period,
    read_reading,
    silent,
)
from trucewatch.shipped import find_agreement, open_agreement, open_source, shipped
from trucewatch.texts import read_text

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
]

SIMULATED = "SIMULATION"  # the file that marks a mission whose reports are invented

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


def is_mission(folder: Path) -> bool:
    """Say whether a folder is a mission's."""
    return (folder / _MISSION).is_file()


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
        if not is_mission(path):
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
        progress: Progress = silent,
    ) -> tuple[list[Entry], list[Received]]:
        """Receive some files of a source; all are read before anything is kept.

        A record that was received before and reads differently becomes a new version. With `whole` the files are all
        that the feed holds for the days they span: what was received before for those days and is gone is kept as
        withdrawn. Where rows were refused nobody can tell which records are gone, and none is withdrawn. `now` is the
        time of receipt. Raises TrucewatchError.
        """
        law, feed, receipts = self.agreement, open_source(source), self.receipts
        receipts.entries()
        batches = collect_all(feed, paths, law, progress)
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

    def view(self, as_of: str | None = None, audience: str = "mission") -> View:
        """Return what an audience may know of what was received; raises TrucewatchError."""
        return view(self.receipts.claims(as_of), read_level(audience))

    @property
    def decisions(self) -> Decisions:
        """What persons decided of its reports."""
        return Decisions(self.folder / "decisions.jsonl")

    def decide(
        self, one: str, other: str, is_same: bool, by: str, reason: str, now: datetime | None = None
    ) -> Decision:
        """Record that two claims (keys) do, or do not, tell of one event, and who decided it, by role, and why.

        It outranks what a dataset says, and an earlier decision. Raises TrucewatchError.
        """
        at = f"{now or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return self.decisions.enter(one, other, is_same, by, reason, len(self.receipts.entries()), at)

    def run(
        self,
        as_of: str | None = None,
        period: str | None = None,
        reading: str | None = None,
        audience: str = "mission",
        progress: Progress = silent,
    ) -> Assessment:
        """Take everything received through the route; raises TrucewatchError."""
        law, mandate, receipts = self.agreement, self.mandate, self.receipts
        chosen, span, level = read_reading(reading, law), read_period(period, law), read_level(audience)
        progress("opening what was received")
        entries = receipts.entries(as_of)
        # Of each source the description that it was last read by.
        described = {entry.source: entry.described for entry in entries}
        rows = [
            RowAccount(entry.source, problems, entry.rows_read, entry.rows_refused)
            for entry, problems in receipts.batches(as_of)
        ]
        rows += [RowAccount(entry.source, withdrawn=entry.new) for entry in entries if entry.kind == WITHDRAWN]
        sources = tuple(open_source(receipts.description(described[name])) for name in sorted(described))
        return follow_route(
            receipts.claims(as_of), sources, rows, law, chosen, span, level, mandate.standard, mandate.may_determine,
            (self.folder / SIMULATED).exists(), self.decisions.all(len(entries)), progress,
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
