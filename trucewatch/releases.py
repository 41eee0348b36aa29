"""Releases: a sitrep drafted, cleared by one role after the other, and handed out; what was, anyone can check.

A draft lies in `DIR/sitreps/ID`, with the head that its audience's release log had then printed in it. What is released
lies in `DIR/releases/AUDIENCE/NAME`, beside `release.json` and the program that verifies both (`ledger/verifier.py`).
That folder, its names and times included, is made of the released bytes and of that audience's own log alone.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.agreement.readings import refuse_alone
from trucewatch.assessment.judgements import Outcome
from trucewatch.clearances import (
    CLEARED,
    DECIDED,
    DRAFTED,
    RELEASED,
    RETURNED,
    SIGNED,
    WITHHELD,
    WITHHELD_NO_LONGER,
    Clearance,
    Withheld,
    clearances,
    lacks,
    withheld,
)
from trucewatch.drafts import THEMATIC, Made, Order, make, overtaken, period_of, released
from trucewatch.editions import taken_in
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.verifier import read_body
from trucewatch.levels import Level, read_level
from trucewatch.mission import Mandate, Mission, versions
from trucewatch.problems import TrucewatchError, WrongCall, did_you_mean
from trucewatch.record.entries import Entry, Record, release_log
from trucewatch.record.witnesses import held
from trucewatch.route import Progress, read_reading, silent
from trucewatch.sitreps.document import ERRATUM
from trucewatch.sitreps.publish import FORMATS
from trucewatch.texts import write_whole

DRAFTS, RELEASES = "sitreps", "releases"
RELEASE_FILE, VERIFIER = "release.json", "verifier.py"
RESPONSIBILITY, DETERMINATION = "who answers for a finding", "that a clause was violated"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_IN_WORDS = re.compile(r"sitrep((?:\.\w+)?)\.(?:html|md|pdf)")
_EDITABLE = re.compile(r"sitrep((?:\.\w+)?)\.docx")


@dataclass(frozen=True, slots=True)
class Release:
    """A sitrep as it was handed out: to which audience, its name there and number in its log, and where it lies."""

    audience: str
    name: str
    number: int
    folder: Path
    entry: int


@dataclass(frozen=True, slots=True)
class Again:
    """A released sitrep made again: its files by whether they came out as released.

    `edited` were edited on their way out: their bytes are kept and nobody can make them. `versions` are (what, then,
    now) of all that differs in what made them.
    """

    same: tuple[str, ...]
    differing: tuple[str, ...]
    edited: tuple[str, ...]
    versions: tuple[tuple[str, str, str], ...]


# ---- drafting --------------------------------------------------------------------------------------------------------


def draft(
    mission: Mission,
    kind: str,
    audience: str,
    until: date,
    by: str,
    topic: str = "",
    languages: Sequence[str] = ("en",),
    reading: str | None = None,
    formats: Sequence[str] = FORMATS,
    now: datetime | None = None,
    progress: Progress = silent,
) -> Clearance:
    """Make a sitrep of the days that end with `until`, in some formats, and enter that it was drafted.

    `by` is the drafter's role; `topic` is what a thematic report is about (a clause, or a node of the act tree), or the
    finding of a flash report. Raises TrucewatchError.
    """
    law, mandate = mission.agreement, mission.mandate
    level = read_level(audience)
    if level.party_id and level.party_id not in law.parties:
        hint = did_you_mean(level.party_id, law.parties) or f"it has {', '.join(law.parties)}"
        raise WrongCall(f"{law.id} has no party '{level.party_id}'; {hint}")
    if level is Level.SEALED:
        raise WrongCall("nothing is released to the custodians of what is sealed")
    if kind == THEMATIC and not topic:
        raise WrongCall("a thematic report is about a clause or an act; name it")
    if topic and not _NAME.fullmatch(topic):
        raise WrongCall(f"'{topic}' is no topic; name a clause, an act or a finding by its id")
    chosen = read_reading(reading, law)
    refuse_alone(law, [chosen.id] if chosen else ())
    period = period_of(kind, until, mandate)
    name = chosen.id if chosen else ""
    order = Order(kind, level.word, until, period, topic, tuple(languages), tuple(formats), name)
    return _draft(mission, order, mandate, law.id, by, now, progress)


def erratum(
    mission: Mission, name: str, by: str, now: datetime | None = None, progress: Progress = silent
) -> Clearance:
    """Draft an erratum to a release: each finding of it that is found otherwise now, and why, as its audience may know.

    It is cleared and released as a sitrep is. Raises TrucewatchError, also where nothing of it has changed.
    """
    with mission.record(is_read_only=True) as record:
        was = _find(record, name)
    order = replace(Order.of(was.draft), kind=ERRATUM, topic=str(was.draft["name"]))
    return _draft(mission, order, mission.mandate, str(was.draft["agreement"]), by, now, progress)


def _draft(
    mission: Mission, asked: Order, mandate: Mandate, agreement: str, by: str, now: datetime | None, progress: Progress
) -> Clearance:
    _said(by, "the role of who drafts it")
    if by in mandate.clearance:
        raise TrucewatchError(f"{by} clears sitreps, and nobody clears a draft of their own: draft as another role")
    with mission.record() as record:
        entries = record.entries()
        name = _free_name(asked, released(entries))
        sitrep = f"{_slug(asked.audience)}-{name}"
        if (known := clearances(entries).get(sitrep)) and (why := known.refuses_draft()):
            raise TrucewatchError(f"{why}: trucewatch return {mission.folder} {sitrep} --by ROLE --because REASON")
        head = record.head(release_log(asked.audience))
    order = replace(asked, as_of=len(entries), log_head=head)
    place = mission.folder / DRAFTS
    place.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=place) as beside:
        made = make(mission, order, Path(beside) / "made", progress)
        states, parties = _states(made)
        if states and (why := lacks(by, mandate.clearance, mandate.chief, mandate.roles, parties)):
            raise TrucewatchError(
                f"mandate.yml: it says {' and '.join(states)}, and {why}; name whom in its `clearance`"
            )
        if (place / sitrep).exists():
            (place / sitrep).rename(Path(beside) / "replaced")
        (Path(beside) / "made").rename(place / sitrep)
    drafts = {path.name: (place / sitrep / path.name).read_bytes() for path in made.paths}
    with mission.record() as record:
        for file, data in drafts.items():
            if _EDITABLE.fullmatch(file):
                record.put(data)
        content = {
            **order.content(),
            "what": DRAFTED,
            "sitrep": sitrep,
            "name": name,
            "by": by,
            "clearance": list(mandate.clearance),
            "title": str(made.figures.title),
            "told_period": str(made.figures.period.text),
            "agreement": agreement,
            "states": list(states),
            "files": {file: _digest(data) for file, data in drafts.items()},
            "versions": dict(versions()),
            "account": record.put(_parquet(made.account)),
            "late": made.late.content(),
            "corrected": {earlier: record.put(_parquet(table)) for earlier, table in made.corrected.items()},
        }
        return _enter(record, DECIDED, content, now)


def _states(made: Made) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what a sitrep says that one person may not decide, and the parties that it concerns."""
    told = made.figures.told
    parties = sorted({party for one in told for party in one.responsible})
    is_determined = made.figures.may_determine and any(one.outcome == Outcome.VIOLATION for one in told)
    states = [RESPONSIBILITY] if parties else []
    return (*states, DETERMINATION) if is_determined else tuple(states), tuple(parties)


def _free_name(order: Order, out: Iterable[Clearance]) -> str:
    """Return a name that none of what went out to an audience has: the second of a name gets a 2."""
    taken = {state.draft["name"] for state in out if state.draft["audience"] == order.audience}
    names = (order.name if number == 1 else f"{order.name}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in names if name not in taken)


def reviews_due(mission: Mission, now: datetime | None = None) -> tuple[Withheld, ...]:
    """Return what is withheld and should have been looked at again before today."""
    with mission.record(is_read_only=True) as record:
        return tuple(one for one in withheld(record.entries()) if one.is_due(_at(now).date()))


# ---- clearing --------------------------------------------------------------------------------------------------------


def clear(mission: Mission, sitrep: str, by: str, comment: str = "", now: datetime | None = None) -> Clearance:
    """Enter that a role clears a draft as its files now are; what was edited is taken in by the first who clears.

    Where a DOCX was edited, the other forms of that language would still say the old words, and do not go out with it.
    Raises TrucewatchError where it is not that role's turn, and where a file was changed that may not be.
    """
    with mission.record() as record:
        state = _state(record, sitrep)
        if why := state.refuses(by):
            raise TrucewatchError(why)
        known = dict(state.files)
        if not state.cleared_by:
            known = _with_edited(mission.folder / DRAFTS / sitrep, known, record)
        _hold(mission.folder / DRAFTS / sitrep, known)
        content = {
            "what": CLEARED, "sitrep": sitrep, "draft": state.entry, "by": by, "comment": comment, "files": known,
        }  # fmt: skip
        return _enter(record, DECIDED, content, now)


def send_back(mission: Mission, sitrep: str, by: str, because: str, now: datetime | None = None) -> Clearance:
    """Enter that a role of the chain sends a draft back to its drafter; it is cleared from the start again."""
    _said(because, "the reason")
    with mission.record() as record:
        state = _state(record, sitrep)
        if why := state.refuses_return(by):
            raise TrucewatchError(why)
        content = {"what": RETURNED, "sitrep": sitrep, "draft": state.entry, "by": by, "because": because}
        return _enter(record, DECIDED, content, now)


def sign(mission: Mission, numbers: Collection[int], by: str, because: str = "", now: datetime | None = None) -> int:
    """Enter that a role signs entries of the record, many at once; return the number of that entry.

    Raises TrucewatchError for an entry that there is not, and for one's own.
    """
    _said(by, "the role of who signs")
    with mission.record() as record:
        entries = {entry.number: entry for entry in record.entries()}
        for number in numbers:
            if number not in entries:
                raise WrongCall(f"there is no entry {number}; the record has {len(entries)}")
            if (entries[number].content or {}).get("by") == by:
                raise TrucewatchError(f"entry {number} is {by}'s own, and nobody signs what they entered")
        content: dict[str, Any] = {"what": SIGNED, "entries": sorted(set(numbers)), "by": by, "because": because}
        return record.enter(DECIDED, content, _at(now)).number


def _with_edited(folder: Path, files: Mapping[str, str], record: Record) -> dict[str, str]:
    """Return the files of a draft with each DOCX as it was edited, and without the forms that no longer agree with it.

    What goes out is written over what the editor left.
    """
    told = dict(files)
    for name in files:
        language = _EDITABLE.fullmatch(name)
        if language is None or (edited := _read(folder / name)) is None or _digest(edited) == files[name]:
            continue
        clean = taken_in(edited, record.get(files[name]), name)
        write_whole(folder / name, partial(_write, data=clean))
        told[name] = _digest(clean)
        for other in files:
            if (form := _IN_WORDS.fullmatch(other)) and form[1] == language[1]:
                del told[other]
    return told


def _hold(folder: Path, files: Mapping[str, str]) -> None:
    """Refuse a draft of which a file is not what was drafted, or cleared; raises TrucewatchError with its name."""
    for name, digest in files.items():
        data = _read(folder / name)
        if data is None or _digest(data) != digest:
            what = "is missing" if data is None else "was changed"
            raise TrucewatchError(
                f"{folder / name}: {what} since it was drafted or cleared; return it, and draft it anew"
            )


# ---- handing out -----------------------------------------------------------------------------------------------------


def release(mission: Mission, sitrep: str, by: str, on: date | None = None, now: datetime | None = None) -> Release:
    """Hand out a sitrep that the whole chain cleared: keep its bytes, log them, and make the folder that goes out.

    `on` is the day of release (today, unless told otherwise). One that was interrupted is finished by releasing again.
    Raises TrucewatchError where the chain does not stand, a cleared file was changed, or since it was drafted a finding
    has been withheld, or another sitrep went out after reports had come in between.
    """
    with mission.record() as record:
        state = _state(record, sitrep)
        if state.released is None or _folder(mission, state).exists():
            if why := state.refuses_release(by):
                raise TrucewatchError(why)
            state = _released(mission, record, state, by, on or _at(now).date(), now)
        return _hand_out(mission, record, state)


def _released(mission: Mission, record: Record, state: Clearance, by: str, on: date, now: datetime | None) -> Clearance:
    """Keep and enter what is about to go out; from then on it is released."""
    drafts, order = mission.folder / DRAFTS / state.sitrep, Order.of(state.draft)
    _hold(drafts, state.files)
    if on < order.until:
        raise WrongCall(f"{state.sitrep} tells of days until {order.until}, and cannot be released on {on}")
    for one in withheld(record.entries()):
        if one.entry > state.entry and not order.level >= Level.MISSION:
            raise TrucewatchError(
                f"{one.finding} was withheld since {state.sitrep} was drafted; return it, and draft it anew"
            )
    if why := overtaken(mission, record, state):
        raise TrucewatchError(f"{why}; return it, and draft it anew")
    for name in state.files:
        record.put((drafts / name).read_bytes())
    leaf = {
        "format": 1,
        "audience": order.audience,
        # No two of an audience have it, so that what goes out twice with the same bytes is two entries.
        "name": state.draft["name"],
        "agreement": state.draft["agreement"],
        "title": state.draft["title"],
        "period": state.draft["told_period"],
        "kind": order.kind,
        "released": f"{on}",
        "files": dict(state.files),
    }
    content = {
        "sitrep": state.sitrep,
        "draft": state.entry,
        "by": by,
        "audience": order.audience,
        "name": state.draft["name"],
        "on": f"{on}",
        "leaf": canonical(leaf).decode(),
        "files": dict(state.files),
        "versions": dict(versions()),
    }
    return _enter(record, RELEASED, content, now)


def _hand_out(mission: Mission, record: Record, state: Clearance) -> Release:
    """Log what was released, unless it is, and make its folder; both as if nothing had come in between."""
    entry = record.entries(state.released)[-1]
    told = entry.content or {}
    log, leaf, folder = release_log(told["audience"]), told["leaf"].encode(), _folder(mission, state)
    logged = (one.number for one in record.store.leaves(log) if one.data == leaf)
    number = next(logged, 0) or record.log_release(told["audience"], leaf)
    made = {name: record.get(digest) for name, digest in told["files"].items()}
    made[VERIFIER] = files("trucewatch.ledger").joinpath(VERIFIER).read_bytes()
    made[RELEASE_FILE] = _release_file(record, told["audience"], leaf, number, state.draft["log_head"])
    at = datetime.combine(date.fromisoformat(told["on"]), time(), UTC).timestamp()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".trucewatch-", dir=folder.parent) as beside:
            place = Path(beside) / folder.name
            place.mkdir()
            for name, data in made.items():
                (place / name).write_bytes(data)
                (place / name).chmod(0o644)
                os.utime(place / name, (at, at))
            os.utime(place, (at, at))
            place.rename(folder)
    except OSError as fault:
        again = f"trucewatch release {mission.folder} {state.sitrep} --by {told['by']}"
        raise TrucewatchError(f"{folder}: cannot be written ({fault.strerror}); finish it with: {again}") from None
    return Release(told["audience"], told["name"], number, folder, entry.number)


def _release_file(record: Record, audience: str, leaf: bytes, number: int, printed: str) -> bytes:
    """Return `release.json`, in the form of `ledger/verifier.py`, under the head of the log at this release.

    Nobody can have cosigned that head before it went out. So it bears the newest head before it of each witness: what
    was cosigned by then and is kept, and nothing that a later release has to tell.
    """
    log = release_log(audience)
    tree, told = record.store.tree(log), read_body(printed.partition("\n\n")[0] + "\n")
    witnessed = held(record, log, number)
    witnesses = sorted({str(key) for one in witnessed for key in one.by})
    form: dict[str, Any] = {
        "format": 1,
        "origin": record.origin_of(log),
        "audience": audience,
        "keys": [*map(str, record.keys), *witnesses],
        "rotations": list(record.rotations),
        "leaf": _base64(leaf),
        "number": number,
        "inclusion": {"size": number, "proof": [_base64(one) for one in tree.inclusion(number - 1, number)]},
        "head": record.head(log, number),
        "printed_head": printed,
        "consistency": [_base64(one) for one in tree.consistency(told.size, number)],
    }
    if witnessed:
        form["witnessed"] = [
            {"head": one.note, "consistency": [_base64(hash_) for hash_ in tree.consistency(one.size, number)]}
            for one in witnessed
        ]
    return (json.dumps(form, ensure_ascii=False, indent=1) + "\n").encode()


# ---- made again ------------------------------------------------------------------------------------------------------


def again(mission: Mission, name: str, out: Path | None = None, progress: Progress = silent) -> Again:
    """Make a released sitrep again from what is recorded, and hold it against what went out.

    `out` is a folder for what is made; none is kept unless it is named. Raises TrucewatchError where the release is not
    known, or what it rested on has been erased.
    """
    with mission.record(is_read_only=True) as record:
        state = _find(record, name)
    with tempfile.TemporaryDirectory(prefix="trucewatch-") as beside:
        made = make(mission, Order.of(state.draft), out or Path(beside) / "again", progress=progress)
        digests = {path.name: _digest(path.read_bytes()) for path in made.paths}
    edited = {name for name, digest in state.files.items() if state.draft["files"].get(name) != digest}
    rest = sorted(state.files.keys() - edited)
    now = dict(versions())
    then = dict(state.draft["versions"])
    return Again(
        same=tuple(name for name in rest if digests.get(name) == state.files[name]),
        differing=tuple(name for name in rest if digests.get(name) != state.files[name]),
        edited=tuple(sorted(edited)),
        versions=tuple(
            (what, then.get(what, "none"), now.get(what, "none"))
            for what in sorted(then.keys() | now.keys())
            if then.get(what) != now.get(what)
        ),
    )


# ---- withholding -----------------------------------------------------------------------------------------------------


def withhold(
    mission: Mission, finding: str, by: str, because: str, review: date, now: datetime | None = None
) -> Withheld:
    """Enter that a finding of the mission is told to nobody below it, from here on and until decided otherwise.

    With it go the reports that it rests on, so that nothing else tells of it. The mission goes on to see it, marked.
    Raises TrucewatchError unless `by` is the role that clears last.
    """
    _chief(mission, by)
    _said(because, "the reason")
    if review <= _at(now).date():
        raise WrongCall(f"{review} has passed; name the day on which it is to be looked at again")
    material = mission.run().material
    rows = material.findings.filter(pl.col("finding") == finding)
    if rows.is_empty():
        raise TrucewatchError(
            f"{mission.folder}: holds no finding '{finding}'; ids stand in findings.csv of the mission's own sitrep"
        )
    row = rows.row(0, named=True)
    members = material.incidents.members
    claims = members.filter(pl.col("incident").is_in(row["rests_on"] or []))["claim_key"].sort()
    is_occasion = row["subject_kind"] == "occasion"
    content = {
        "what": WITHHELD,
        "finding": finding,
        "claims": claims.to_list(),
        "occasion": [row["clause"], row["responsible"][0], row["earliest"].isoformat()] if is_occasion else None,
        "by": by,
        "because": because,
        "review": f"{review}",
    }
    with mission.record() as record:
        record.enter(DECIDED, content, _at(now))
        return next(one for one in withheld(record.entries()) if one.finding == finding)


def tell_again(mission: Mission, finding: str, by: str, because: str, now: datetime | None = None) -> int:
    """Enter that a finding is withheld no longer; return the number of that entry. Raises TrucewatchError."""
    _chief(mission, by)
    _said(because, "the reason")
    with mission.record() as record:
        known = [one.finding for one in withheld(record.entries())]
        if finding not in known:
            raise TrucewatchError(f"{finding} is not withheld; {did_you_mean(finding, known) or 'nothing was entered'}")
        content = {"what": WITHHELD_NO_LONGER, "finding": finding, "by": by, "because": because}
        return record.enter(DECIDED, content, _at(now)).number


def _chief(mission: Mission, by: str) -> None:
    if by != (chief := mission.mandate.chief):
        raise TrucewatchError(f"{chief} withholds findings, and not {by}")


# ---- the record ------------------------------------------------------------------------------------------------------


def _state(record: Record, sitrep: str) -> Clearance:
    states = clearances(record.entries())
    if sitrep not in states:
        hint = did_you_mean(sitrep, states) or (f"there are: {', '.join(states)}" if states else "none was drafted yet")
        raise TrucewatchError(f"there is no draft '{sitrep}'; {hint}")
    return states[sitrep]


def _find(record: Record, name: str) -> Clearance:
    """Return the release that goes by AUDIENCE/NAME, by its sitrep's id, or by its name where one alone has it."""
    out = released(record.entries())
    names = {f"{_slug(state.draft['audience'])}/{state.draft['name']}": state for state in out}
    plain = name.strip("/")
    found = [state for path, state in names.items() if plain in (path, state.sitrep, path.partition("/")[2])]
    if len(found) != 1:
        hint = did_you_mean(plain, names) or (f"there are: {', '.join(names)}" if names else "nothing was released yet")
        raise TrucewatchError(f"'{name}' is {'several releases' if found else 'no release'}; {hint}")
    return found[0]


def _enter(record: Record, kind: str, content: Mapping[str, Any], now: datetime | None) -> Clearance:
    """Enter a step of a sitrep; return what has come of it. Raises TrucewatchError where somebody was quicker."""
    entry: Entry = record.enter(kind, content, _at(now))
    state = _state(record, str(content["sitrep"]))
    if state.steps[-1].entry != entry.number:
        raise TrucewatchError(f"{state.sitrep}: somebody was quicker, and entry {entry.number} counts for nothing")
    return state


def _folder(mission: Mission, state: Clearance) -> Path:
    return mission.folder / RELEASES / _slug(state.draft["audience"]) / str(state.draft["name"])


def _slug(audience: str) -> str:
    return audience.replace(": ", "-")


def _at(now: datetime | None) -> datetime:
    return now or datetime.now(UTC)


def _said(text: str, what: str) -> None:
    if not text.strip():
        raise WrongCall(f"say {what}")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else None


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _parquet(table: pl.DataFrame) -> bytes:
    packed = io.BytesIO()
    table.write_parquet(packed, compression="zstd", statistics=False)
    return packed.getvalue()
