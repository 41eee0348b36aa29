"""Witnesses: a second office of the organisation holds the heads of the internal log, so that none is ever taken back.

At fixed times of the mandate the log is filled up to a multiple of entries, so that a witness cannot count what came
in, and its head goes out as a request of C2SP tlog-witness: the size that the witness saw last, the proof that the log
only went on from there (RFC 9162), and the signed head. The witness answers with that head, cosigned
(C2SP tlog-cosignature), and refuses one that goes back or does not follow from the last.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from trucewatch.ledger.canonical import Json
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.verifier import EMPTY_ROOT, Checkpoint, Refused, VerifierKey, is_consistent, read_note
from trucewatch.levels import Level
from trucewatch.mandates import Witnessing
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import INTERNAL, PADDED, Entry, Record, write_secret
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
    last = max((entry.content["size"] for entry in record.entries(kinds=("witnessed",)) if entry.content), default=0)
    old = last if seen is None else seen
    if old > size:
        raise WrongCall(f"the second office cannot have seen {old} entries; this head has {size}")
    head = next((note for at_size, note in record.store.heads(INTERNAL) if at_size == size), None)
    if head is None:
        head = record.head(size=size)
        record.store.add_head(INTERNAL, size, head)
    proof = record.store.tree(INTERNAL).consistency(old, size)
    lines = "".join(f"{base64.b64encode(one).decode()}\n" for one in proof)
    return f"old {old}\n{lines}\n{head}"


def _slot(at: datetime, times: tuple[time, ...]) -> datetime:
    """Return the last of some times of day (UTC) at or before a moment; without any, the moment itself."""
    moment = at.astimezone(UTC).replace(microsecond=0)
    days = (moment.date(), moment.date() - timedelta(days=1))
    slots = [datetime.combine(day, one, UTC) for day in days for one in times]
    return max((slot for slot in slots if slot <= moment), default=moment)


def take(record: Record, note: str, at: datetime, keys: tuple[VerifierKey, ...] = ()) -> Entry:
    """Keep a head that a second office cosigned, and enter that it did; raises TrucewatchError for any other head.

    `keys` are those of offices that have not cosigned before.
    """
    told = [entry.content for entry in record.entries(kinds=("witnessed",)) if entry.content]
    offices = {str(key): key for key in (*map(VerifierKey.read, (one["witness"] for one in told)), *keys)}
    own = {str(key): key for key in record.keys}
    try:
        head = read_note(note, {**own, **offices})
    except Refused as fault:
        raise TrucewatchError(f"this is no cosigned head: {fault}") from None
    signed = [word for word in head.times if word in offices]
    if not own.keys() & set(head.signed_by) or head.origin != record.origin:
        raise TrucewatchError("this is no head of this mission's record")
    if not signed:
        raise TrucewatchError("no office that is known cosigned this head; name its key with --key")
    tree = record.store.tree(INTERNAL)
    if head.size > tree.size or tree.root(head.size) != head.root:
        raise TrucewatchError(
            f"the head at {head.size} that was cosigned is not of this record; see: "
            f"trucewatch ledger verify {record.folder}"
        )
    record.store.add_head(INTERNAL, head.size, note)
    return _witnessed(record, signed[-1], head, at)


def _witnessed(record: Record, office: str, head: Checkpoint, at: datetime) -> Entry:
    content: dict[str, Json] = {
        "witness": office,
        "size": head.size,
        "root": head.root.hex(),
        "time": head.times[office],
    }
    return record.enter("witnessed", content, at)


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
    old, proof, note = _read_request(text)
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


def _read_request(text: str) -> tuple[int, tuple[bytes, ...], str]:
    above, _, note = text.partition("\n\n")
    first, *lines = above.split("\n")
    found = re.fullmatch(r"old (0|[1-9][0-9]{0,15})", first)
    try:
        proof = tuple(base64.b64decode(line, validate=True) for line in lines)
    except ValueError:
        found = None
    if not found or not note:
        raise TrucewatchError("this is no request to a witness: 'old' and a size, a proof, an empty line, a head")
    return int(found[1]), proof, note


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
