"""Witnesses: others hold the heads of a log, so that none is ever taken back.

A second office of the organisation witnesses the internal log. At fixed times of the mandate that log is filled up to a
multiple of entries, so that the office cannot count what came in. Parties, guarantors and the public witness the
release log of their audience, which they know entry by entry: that goes out as it stands, at any time.

A head goes out as a request of C2SP tlog-witness: the size that the witness saw last, the proof that the log only went
on from there (RFC 9162), and the signed head. The witness answers with that head, cosigned (C2SP tlog-cosignature), and
refuses one that goes back or does not follow from the last.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from trucewatch.ledger.canonical import Json
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.verifier import (
    EMPTY_ROOT,
    Checkpoint,
    Note,
    Refused,
    VerifierKey,
    is_consistent,
    read_note,
    read_request,
)
from trucewatch.levels import Level
from trucewatch.mandates import Witnessing
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import INTERNAL, PADDED, Entry, Record, release_log, write_secret
from trucewatch.record.proofs import witness_keys, witnessed
from trucewatch.texts import write_whole


def request(record: Record, witnessing: Witnessing, at: datetime, seen: int | None = None) -> str:
    """Return what the second office is to cosign: one padded head for each of the mandate's times, whenever asked.

    `seen` is the size at which that office cosigned last; taken to be the last one that was brought back. Raises
    TrucewatchError.
    """
    padded = record.entries(kinds=(PADDED,))
    if padded and _slot(padded[-1].at, witnessing.times) == _slot(at, witnessing.times):
        size = padded[-1].number
    else:
        size = (record.number() // witnessing.pad_to + 1) * witnessing.pad_to
        record.enter_all([(PADDED, {}, Level.MISSION, {}, {})] * (size - record.number()), at)
    head = next((note for at_size, note in record.store.heads(INTERNAL) if at_size == size), None)
    if head is None:
        head = record.head(size=size)
        record.store.add_head(INTERNAL, size, head)
    return _request(record, INTERNAL, size, head, seen)


def request_release(record: Record, audience: str, seen: int | None = None) -> str:
    """Return what a witness of the release log of an audience is to cosign: that log as it stands, and nothing else.

    `audience` is its word, `seen` as in `request`. Raises TrucewatchError where nothing was released to that audience.
    """
    log = release_log(audience)
    size = record.store.size(log)
    if not size:
        raise TrucewatchError(f"{record.folder}: nothing was released to {audience}, so there is no head to witness")
    return _request(record, log, size, record.head(log), seen)


def _request(record: Record, log: str, size: int, head: str, seen: int | None) -> str:
    told = witnessed(record.entries(), log)
    old = max((one["size"] for one in told), default=0) if seen is None else seen
    if not 0 <= old <= size:
        raise WrongCall(f"a witness cannot have seen {old} entries; this head has {size}")
    proof = record.store.tree(log).consistency(old, size)
    lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in proof)
    return f"old {old}\n{lines}\n{head}"


def _slot(at: datetime, times: tuple[time, ...]) -> datetime:
    """Return the last of some times of day (UTC) at or before a moment; without any, the moment itself."""
    moment = at.astimezone(UTC).replace(microsecond=0)
    days = (moment.date(), moment.date() - timedelta(days=1))
    slots = [datetime.combine(day, one, UTC) for day in days for one in times]
    return max((slot for slot in slots if slot <= moment), default=moment)


def take(record: Record, note: str, at: datetime, keys: tuple[VerifierKey, ...] = (), log: str = INTERNAL) -> Entry:
    """Keep a head of a log that a witness cosigned, and enter that it did; raises TrucewatchError for any other head.

    `keys` are those of witnesses that have not cosigned this log before. Of the note nothing is kept but the head and
    the signatures that were checked.
    """
    witnesses = {str(key): key for key in (*witness_keys(record.entries(), log), *keys)}
    own = {str(key): key for key in record.keys}
    try:
        head = read_note(note, {**own, **witnesses})
    except Refused as fault:
        raise TrucewatchError(f"this is no cosigned head: {fault}") from None
    signed = [word for word in head.times if word in witnesses]
    if not own.keys() & set(head.signed_by) or head.origin != record.origin_of(log):
        raise TrucewatchError(f"this is no head of this mission's {_named(log)}")
    if not signed:
        raise TrucewatchError("no witness that is known cosigned this head; name its key with --key")
    tree = record.store.tree(log)
    if head.size > tree.size or tree.root(head.size) != head.root:
        raise TrucewatchError(
            f"the head at {head.size} that was cosigned is not of this mission's {_named(log)}; see: "
            f"trucewatch ledger verify {record.folder}"
        )
    lines = "".join(line for _, line in _signatures(note, {**own, **witnesses}))
    record.store.add_head(log, head.size, f"{Note.read(note).body}\n{lines}")
    content: dict[str, Json] = {
        "log": log,
        "witness": signed[-1],
        "size": head.size,
        "root": head.root.hex(),
        "time": head.times[signed[-1]],
    }
    return record.enter("witnessed", content, at)


def _named(log: str) -> str:
    return "record" if log == INTERNAL else f"log {log}"


def _signatures(note: str, keys: Mapping[str, VerifierKey]) -> Iterator[tuple[str, str]]:
    """Go through the signature lines of a note that are of some keys, each with the word for its key."""
    words = {(key.name, key.id): word for word, key in keys.items()}
    for name, id, signature in Note.read(note).signatures:
        if (name, id) in words:
            yield words[name, id], f"— {name} {base64.b64encode(id + signature).decode()}\n"


# ---- what others hold ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """A head of a log at a size, signed and cosigned, and the keys of those who cosigned it."""

    size: int
    note: str
    by: tuple[VerifierKey, ...]


def held(record: Record, log: str, below: int) -> tuple[Held, ...]:
    """Return, of each witness of a log, the newest head smaller than a size that it cosigned; smallest first.

    They are made of that log and of what was cosigned alone; the key that signs now signs them anew. Raises
    TrucewatchError for a kept head that is not of this log.
    """
    own = {str(key): key for key in record.keys}
    witnesses = {str(key): key for key in witness_keys(record.entries(), log)}
    newest: dict[str, tuple[int, int, str]] = {}
    for size, note in record.store.heads(log):
        if size >= below:
            continue
        try:
            head = read_note(note, {**own, **witnesses})
            if (head.origin, head.size, head.root) != (record.origin_of(log), size, record.store.tree(log).root(size)):
                raise Refused(f"is not of this mission's {_named(log)}")
        except Refused as fault:
            raise TrucewatchError(
                f"the head kept at {size}: {fault}; see: trucewatch ledger verify {record.folder}"
            ) from None
        for word, line in _signatures(note, witnesses):
            newest[word] = max(newest.get(word, (0, 0, "")), (size, head.times[word], line))
    found = []
    for size in sorted({size for size, _, _ in newest.values()}):
        signed = {word: line for word, (at, _, line) in sorted(newest.items()) if at == size}
        note = record.head(log, size) + "".join(signed.values())
        found.append(Held(size, note, tuple(witnesses[word] for word in signed)))
    return tuple(found)


# ---- the second office -----------------------------------------------------------------------------------------------


def office(name: str, seed: Path) -> Signer:
    """Return the office that signs with the seed in a file; without a file one is drawn. Raises TrucewatchError."""
    if not seed.exists():
        write_secret(seed, secrets.token_bytes(32))
    try:
        return Signer(name, seed.read_bytes())
    except (OSError, ValueError) as fault:
        raise TrucewatchError(f"{seed}: is no key of an office called '{name}': {fault}") from None


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A head with the office's cosignature, the log's key that it was held to, and whether that was seen first now."""

    note: str
    head: Checkpoint
    log_key: VerifierKey
    is_first: bool


def cosign(text: str, office: Signer, state: Path, at: datetime, log_key: VerifierKey | None = None) -> Cosigned:
    """Cosign the head of a request for the second office, which keeps in `state` what it cosigned last of each log.

    The first head of a log is held to `log_key`, or to the key that it names itself. Raises TrucewatchError for a head
    that goes back, or that does not follow from the last one, and for a request that cannot be read.
    """
    try:
        old, proof, note = read_request(text)
    except Refused as fault:
        raise TrucewatchError(f"this is no request that a witness can answer: {fault}") from None
    kept = _state(state)
    origin = note.partition("\n")[0]
    before: dict[str, Any] | None = kept.get(origin)
    if log_key is None and before is None:
        raise WrongCall(f"{origin} was never seen here; name its key with --log-key, as its mission told it to you")
    key = log_key or VerifierKey.read(str((before or {})["key"]))
    try:
        head = read_note(note, {str(key): key})
        last = read_note(before["head"], {before["key"]: VerifierKey.read(before["key"])}) if before else None
    except Refused as fault:
        raise TrucewatchError(f"the head of {origin} is not signed by {key.name}: {fault}") from None
    size, root = (last.size, last.root) if last else (0, EMPTY_ROOT)
    if head.size < size:
        raise TrucewatchError(f"{origin} goes back to {head.size} entries; {size} were cosigned here. Tell the mission")
    if old != size:
        raise TrucewatchError(
            f"this request goes on from {old} entries; {size} were cosigned here: ask for --from {size}"
        )
    if not is_consistent(size, root, head.size, head.root, proof):
        raise TrucewatchError(f"{origin} at {head.size} does not go on from {size} as cosigned here. Tell the mission")
    # What is promised is kept before it is said.
    kept[origin] = {"key": str(key), "head": note}
    state.parent.mkdir(parents=True, exist_ok=True)
    write_whole(state, lambda beside: beside.write_text(f"{json.dumps(kept, indent=1)}\n", encoding="utf-8"))
    return Cosigned(office.cosign(note, int(at.timestamp())), head, key, before is None)


def _state(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise TrucewatchError(
            f"{path}: cannot be read; restore it from a copy, and cosign nothing until then"
        ) from None
    return dict(kept)
