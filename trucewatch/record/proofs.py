"""Proofs: whether a mission's record still is what it was, and what shows of one entry or row that it stands there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from trucewatch.ledger.audit import Reach
from trucewatch.ledger.audit import verify as audit
from trucewatch.ledger.vault import check_batch, open_batch, prove_row, read_batch
from trucewatch.ledger.verifier import Refused, VerifierKey, read_body
from trucewatch.levels import read_level
from trucewatch.problems import Problem, TrucewatchError, WrongCall
from trucewatch.record.adoptions import AGREEMENT, LEVELS, MANDATE, WEIGHTS
from trucewatch.record.entries import INTERNAL, RECEIVED, Entry, Record
from trucewatch.record.received import Receipts
from trucewatch.texts import write_whole

EXPORTED: Final = ("leaves.jsonl", "log.json", "verifier.py")
_RESTORE: Final = "restore the mission from a backup"
_SIGNED: Final = {"signature": "there was no rotation"}


@dataclass(frozen=True, slots=True)
class Verified:
    """What is wrong with a record, in order, how far each log reaches, and what was lawfully taken from it.

    `erased` are the entries that say what was erased; `lost_keys` those by which a key followed one that was lost, so
    that nobody vouches for it.
    """

    problems: tuple[Problem, ...]
    logs: tuple[Reach, ...]
    erased: tuple[Entry, ...]
    lost_keys: tuple[Entry, ...]


def verify(record: Record, notes: Sequence[str] = (), witnesses: Sequence[VerifierKey] = ()) -> Verified:
    """Verify every table of the ledger, every batch against its roots and key, and every file that is kept.

    `notes` are heads that others hold, of any of its logs; `witnesses` keys of those who cosign, besides those that the
    record itself names. The head that this client saw last counts as held: open the record with `is_gone_back`.
    """
    problems: list[Problem] = []
    try:
        record.remember()
    except TrucewatchError as fault:
        problems.append(Problem(INTERNAL, 0, "gone-back", str(fault), _RESTORE))
    names: tuple[str, ...] = ()
    try:
        # Before the entries: what is entered meanwhile has its key in one transaction with it.
        names = record.store.key_names()
    except TrucewatchError as fault:
        problems.append(Problem(record.store.path.name, 0, "broken-page", str(fault), _RESTORE))
    try:
        entries, keys = record.entries(), record.keys
    except TrucewatchError:
        # Which entry that is comes out below.
        entries, keys = (), (record.first_key,)
    heads: dict[str, list[str]] = {}
    logs = {record.origin_of(log): log for log in (INTERNAL, *record.store.logs())}
    for place, note in enumerate(notes, 1):
        try:
            origin = read_body(note.partition("\n\n")[0] + "\n").origin
            heads.setdefault(logs[origin], []).append(note)
        except (Refused, KeyError):
            message = f"head {place} of those held elsewhere is of none of its logs"
            problems.append(Problem(INTERNAL, 0, "foreign-head", message, "name a head of this mission"))
    known = {str(key): key for key in (*witnesses, *witness_keys(entries))}
    verdict = audit(record.store, {str(key): key for key in keys}, heads, known)
    problems += verdict.problems
    if entries:
        problems += [*_beside(record, entries, verdict.logs), *_in_no_leaf(record, entries, names)]
    erased = tuple(entry for entry in entries if entry.kind == "erased")
    lost = tuple(entry for entry in entries if not (entry.content or {}).get("rotation", _SIGNED)["signature"])
    return Verified(tuple(problems), verdict.logs, erased, lost)


def _beside(record: Record, entries: Sequence[Entry], logs: Iterable[Reach]) -> list[Problem]:
    """Return what is wrong with what lies beside the ledger, or is missing in it and no entry says why."""
    problems: list[Problem] = []

    def report(number: int, code: str, message: str) -> None:
        problems.append(Problem(INTERNAL, number, code, message, _RESTORE))

    erased: dict[int, set[int] | None] = {}
    for entry in entries:
        if entry.kind == "erased" and entry.content:
            for number in entry.content["entries"]:
                before, places = erased.get(number, set()), entry.content["positions"]
                erased[number] = None if places is None or before is None else {*before, *places}
    gone = {number for log in logs if log.log == INTERNAL for number, _ in log.gaps}
    for number in sorted(number for number in gone if erased.get(number, set()) is not None):
        report(number, "unstated-gap", f"what opens entry {number} is gone, and no entry says that it was erased")
    for entry in entries:
        content = entry.content or {}
        if entry.kind == "received" and "batch" in content:
            _of_batch(record, entry.number, content, erased.get(entry.number) or set(), report)
        for digest in _adopted_files(content) if entry.kind == "adopted" else ():
            try:
                record.get(digest)
            except TrucewatchError as fault:
                report(entry.number, "kept-file", str(fault))
    try:
        if record.signer.verifier != record.keys[-1]:
            report(0, "other-seed", "the seed that is kept is not that of the key that signs")
    except TrucewatchError as fault:
        report(0, "other-seed", str(fault))
    return problems


def _in_no_leaf(record: Record, entries: Sequence[Entry], names: Iterable[str]) -> Iterator[Problem]:
    """Go through the keys that no entry needs, and the cosigned heads that are missing: no leaf vouches for either."""
    needed = {entry.content["sealed"] for entry in entries if entry.content and "batch" in entry.content}
    for name in names:
        # What was erased while this was read took its key with it.
        if name not in needed and record.store.key(name) is not None:
            message = f"there is a key of {name!r}, and no entry needs it"
            yield Problem(record.store.path.name, 0, "orphan-key", message, "find out who put it there")
    kept: dict[str, set[int]] = {}
    for entry in entries:
        for content in witnessed([entry]):
            log, size = content.get("log", INTERNAL), content["size"]
            if log not in kept:
                kept[log] = {size for size, _ in record.store.heads(log)}
            if size not in kept[log]:
                message = f"the head of {log} at {size} that was cosigned is gone"
                yield Problem(INTERNAL, entry.number, "missing-head", message, _RESTORE)


def _of_batch(
    record: Record,
    number: int,
    content: Mapping[str, Any],
    erased: Set[int],
    report: Callable[[int, str, str], None],
) -> None:
    name = content["sealed"]
    try:
        key = record.store.key(name)
        if key is None:
            report(number, "batch-without-key", f"the key of batch {name} is gone, and no entry says why")
            return
        container = read_batch(record.folder / RECEIVED, name)
        roots = {word: bytes.fromhex(root) for word, root in content["roots"].items()}
        is_committed = check_batch(name, container, key, roots)
        unstated = sorted({*open_batch(name, container, key).gaps} - erased)
    except (TrucewatchError, OSError, ValueError) as fault:
        report(number, "altered-batch", f"it cannot be read: {fault}")
        return
    if not is_committed:
        report(number, "altered-batch", f"batch {name} is not what was committed to")
    elif unstated:
        report(
            number, "unstated-gap", f"row {unstated[0]} of batch {name} is gone, and no entry says that it was erased"
        )


def _adopted_files(content: Mapping[str, Any]) -> list[str]:
    parts = [content.get(part, {}) for part in (AGREEMENT, MANDATE, WEIGHTS, LEVELS)]
    digests = {digest for part in parts for digest in part.values()}
    return sorted(digests | ({content["description"]} if "description" in content else set()))


def witnessed(entries: Iterable[Entry], log: str | None = None) -> list[Mapping[str, Any]]:
    """Return what the record says of each head, of one log or of all, that somebody cosigned, oldest first."""
    told = [entry.content for entry in entries if entry.kind == "witnessed" and entry.content]
    # At first there were witnesses of the internal log alone, and no entry named it.
    return [content for content in told if log in (None, content.get("log", INTERNAL))]


def witness_keys(entries: Iterable[Entry], log: str | None = None) -> tuple[VerifierKey, ...]:
    """Return the keys of those who cosigned heads, of one log or of all, as the record itself names them."""
    return tuple(map(VerifierKey.read, dict.fromkeys(content["witness"] for content in witnessed(entries, log))))


# ---- one entry, or one row -------------------------------------------------------------------------------------------


def prove(record: Record, receipts: Receipts, name: str, audience: str = "mission") -> dict[str, Any]:
    """Return what shows to an audience that an entry (by number) or a row (by record, or claim key) is in the record.

    For an entry: its leaf, the way from it to a signed head (RFC 9162), and what opens its commitment to the audience.
    For a row also, at each level that the audience may know, its text with its salt and the way to the batch's root,
    which the entry's content names. Raises TrucewatchError.
    """
    level = read_level(audience)
    number, sealed, row = _find(record, receipts, name)
    leaf = next(record.store.leaves(INTERNAL, number, number))
    tree = record.store.tree(INTERNAL)
    told: dict[str, Any] = {
        "format": 1,
        "origin": record.origin,
        "keys": [str(key) for key in record.keys],
        "entry": number,
        "leaf": _base64(leaf.data),
        "inclusion": {"size": tree.size, "proof": [_base64(one) for one in tree.inclusion(number - 1)]},
        "head": record.head(),
        "opening": None,
    }
    opening = record.store.openings(INTERNAL, number).get(level.word)
    if opening:
        content = json.loads(opening.content) if opening.content else None
        told["opening"] = {"audience": level.word, "salt": _base64(opening.salt), "content": content}
    if sealed:
        roots = (record.entries()[number - 1].content or {})["roots"]
        told["row"] = _row(record, sealed, row, [word for word in roots if read_level(word) <= level], roots)
    return told


def _row(record: Record, sealed: str, row: int, words: Sequence[str], roots: Mapping[str, str]) -> dict[str, Any]:
    container, key = read_batch(record.folder / RECEIVED, sealed), record.store.key(sealed)
    if key is None:
        raise TrucewatchError(f"batch {sealed}: its key is gone; {_RESTORE}")
    levels = {}
    for word in words:
        proof = prove_row(sealed, container, key, word, row)
        levels[word] = {
            "content": proof.content.decode() if proof.content is not None else None,
            "salt": _base64(proof.salt) if proof.salt else None,
            "commitment": proof.commitment.hex(),
            "size": proof.size,
            "proof": [_base64(one) for one in proof.path],
            "root": roots[word],
        }
    return {"batch": sealed, "position": row, "levels": levels}


def _find(record: Record, receipts: Receipts, name: str) -> tuple[int, str, int]:
    """Return (entry, sealed batch, row) of what goes by a name; for an entry as a whole the batch is empty."""
    entry, record_id = named(name)
    size = record.number()
    is_entry = entry is not None and 1 <= entry <= size
    rows = receipts.find(record_id) if record_id else {}
    if is_entry and rows:
        raise WrongCall(f"'{name}' is an entry, and a record too; write entry:{name} or record:{name}")
    if is_entry and entry is not None:
        return entry, "", 0
    for receipt in receipts.receipts:
        if receipt.sealed in rows:
            return receipt.number, receipt.sealed, rows[receipt.sealed][0]
    raise TrucewatchError(f"{record.folder}: has neither an entry nor a record '{name}'; it has {size} entries")


def named(name: str) -> tuple[int | None, str]:
    """Return the number of an entry and the id of a record that a name may stand for; a prefix leaves but one."""
    kind, mark, rest = name.partition(":")
    if mark and kind == "entry" and rest.isdecimal():
        return int(rest), ""
    if mark and kind == "record":
        return None, rest
    return (int(name) if name.isdecimal() and len(name) < 10 else None), name


# ---- a copy for others -----------------------------------------------------------------------------------------------


def export(record: Record, out: Path, log: str = INTERNAL) -> tuple[Path, ...]:
    """Write the leaves of a log and its heads into a folder, with the program that verifies them alone.

    Leaves hold commitments; nothing opens them there. Raises TrucewatchError where the folder holds anything else.
    """
    if out.exists() and (not out.is_dir() or {path.name for path in out.iterdir()} - set(EXPORTED)):
        raise TrucewatchError(f"{out}: holds other files; name a new folder")
    if log not in record.store.logs():
        raise WrongCall(f"there is no log '{log}'; there are: {', '.join(record.store.logs())}")
    lines = "".join(f"{json.dumps(_base64(leaf.data))}\n" for leaf in record.store.leaves(log))
    about = {
        "format": 1,
        "origin": record.origin_of(log),
        "keys": [str(key) for key in (record.keys[0], *witness_keys(record.entries(), log))],
        "rotations": list(record.rotations),
        "heads": [*(note for _, note in record.store.heads(log)), record.head(log)],
    }
    out.mkdir(parents=True, exist_ok=True)
    verifier = (files("trucewatch") / "ledger" / "verifier.py").read_bytes()
    written = {"leaves.jsonl": lines.encode(), "log.json": f"{json.dumps(about, indent=1)}\n".encode()}
    for name, data in {**written, "verifier.py": verifier}.items():
        write_whole(out / name, lambda beside, data=data: beside.write_bytes(data))  # type: ignore[misc]
    return tuple(out / name for name in EXPORTED)


def fsck(record: Record) -> tuple[Problem, ...]:
    """Return what is wrong with the files of a record by themselves: pages, schema, numbers, hashes, stray batches."""
    problems = list(record.store.check())
    for path in sorted((record.folder / RECEIVED).glob("*.sealed")):
        if record.store.key(path.stem) is None:
            message = f"{path.name} has no key, and no entry can need it"
            problems.append(Problem(RECEIVED, 0, "stray-batch", message, "remove the file"))
    return tuple(problems)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
