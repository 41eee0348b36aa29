#!/usr/bin/env python3
"""Verifier: whether a released file, or a whole log, is what it says; one file, for whoever has no reason to trust it.

    python verifier.py RELEASE.json [FILE...] [--head HEAD]... [--key KEY]...
    python verifier.py log FOLDER [--head HEAD]... [--key KEY]...

It needs Python 3.11 and the library `cryptography`, nothing else, and asks no network. KEY is a verifier key, or a file
with one on each line: the log's, or a witness's. HEAD is the file of a head that you kept, or that a witness published;
for a release also a request to a witness, which proves that the log goes on to its head. Each check is one line. The
exit code is 0 when every check passed, 1 when one failed, 2 for a wrong call.

A key that came with the file proves nothing of who signed: name one from elsewhere. From a named key of the log, those
that follow it by statements in the file are followed too, but never past a lost key: then name the old and the new one.
Where witnesses are named, these must have cosigned a head of the release's log, and no others count. How far that
head reaches is said: what is beyond it they do not vouch for.

Formats: Merkle trees of RFC 9162 section 2.1; C2SP signed-note, tlog-checkpoint and tlog-cosignature (Ed25519 alone),
and the request of C2SP tlog-witness.
In JSON, bytes are base64 (RFC 4648 section 4), digests of files SHA-256 in hexadecimal.

RELEASE.json, of one release in the release log of one audience:

    {"format": 1, "origin": ORIGIN, "audience": AUDIENCE,
     "keys": [VERIFIER_KEY, ...],                 the log's first, then those that came after it, then witnesses'
     "rotations": [STATEMENT, ...],               oldest first
     "leaf": BASE64,                              the leaf's data, canonical JSON:
                                                  {"format": 1, "audience", "name", "agreement", "title", "period",
                                                   "kind", "released": DATE, "files": {NAME: SHA256, ...}}
     "number": 7,                                 the entry, from 1
     "inclusion": {"size": 9, "proof": [BASE64]}, in the tree of `head`
     "head": NOTE,                                signed, at this entry or after it
     "printed_head": NOTE,                        the head printed in the sitrep: taken before its own entry
     "consistency": [BASE64],                     from `printed_head` to `head`
     "witnessed": [{"head": NOTE,                 may be left out: heads at this one or before it, signed and cosigned,
                    "consistency": [BASE64]},     and the proof from each to `head`
                   ...]}

STATEMENT of a key that follows another; `signature` is the old key's over the lines `trucewatch/rotation/v1`, from, to
and reason, each ended by a newline; null when the old key was lost, so that nobody vouches for the new one:

    {"format": 1, "from": VERIFIER_KEY, "to": VERIFIER_KEY, "reason": TEXT, "signature": BASE64 or null}

An exported log is a folder with `leaves.jsonl`, which has each leaf's data on a line as a JSON string of base64, oldest
first, and `log.json`, with every head that the log signed and what witnesses added to them:

    {"format": 1, "origin": ORIGIN, "keys": [...], "rotations": [...], "heads": [NOTE, ...]}
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import reduce
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

ED25519, COSIGNATURE = 1, 4
EMPTY_ROOT = hashlib.sha256(b"").digest()
_LARGEST = 2**53 - 1
_DEEPEST = 64
_MOST_SIGNATURES = 64
_LONGEST_NOTE = 65_536
_LAST_SECOND = 253_402_300_799  # of the year 9999


class Refused(ValueError):
    """Bytes or text that are not what they were said to be; the message says in what."""


# Merkle trees, RFC 9162 section 2.1


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf's data, 32 bytes (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node over two others, 32 bytes (RFC 9162 section 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether a leaf, by its `leaf_hash`, is number `index` (from 0) of the tree (RFC 9162 section 2.1.3.2).

    A path fits trees of several sizes: take size and root from one signed head, never the size from elsewhere.
    """
    if not 0 <= index < size or any(len(one) != 32 for one in (leaf, root, *proof)):
        return False
    at, last, found = index, size - 1, leaf
    for one in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(one, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, one)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether the new tree begins with the whole of the old one (RFC 9162 section 2.1.4.2).

    Every tree begins with the empty one, and with itself; both need no proof, and have an empty one.
    """
    if not 0 <= old_size <= new_size or any(len(one) != 32 for one in (old_root, new_root, *proof)):
        return False
    if old_size == new_size or old_size == 0:
        is_empty_right = old_size > 0 or old_root == EMPTY_ROOT
        return not proof and is_empty_right and (old_size != new_size or old_root == new_root)
    # An old tree that is a full subtree of the new one is where the proof starts, and is not told in it.
    path = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = old_size - 1, new_size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = node_hash(one, old), node_hash(one, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, one)
        at, last = at >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


# Keys, notes and heads, C2SP


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key, its owner's name, and what it signs: heads (`ED25519`) or cosignatures."""

    name: str
    kind: int
    public: bytes

    def __post_init__(self) -> None:
        if not _is_name(self.name) or self.kind not in (ED25519, COSIGNATURE) or len(self.public) != 32:
            raise Refused("a key has a name without space or plus, is of kind 1 or 4, and has 32 bytes")

    @classmethod
    def read(cls, text: str) -> VerifierKey:
        """Read `name+hash+base64`; raises Refused, also where the hash is not that of this name and key."""
        name, _, rest = text.strip("\n").partition("+")
        told, _, encoded = rest.partition("+")
        raw = _bytes(encoded, "a verifier key")
        key = cls(name, raw[0] if raw else 0, raw[1:])
        if told != key.id.hex():
            raise Refused(f"the verifier key of {name} was not copied whole: its hash is another")
        return key

    @property
    def id(self) -> bytes:
        """The key's id in a signature line: the first 4 bytes of SHA-256 over name, newline, kind and key."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def is_signed(self, message: bytes, signature: bytes) -> bool:
        """Say whether an Ed25519 signature (RFC 8032, 64 bytes) of exactly this message is by this key."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines as (key name, key id, signature), none of them checked yet (C2SP signed-note)."""

    body: str
    signatures: tuple[tuple[str, bytes, bytes], ...]

    @classmethod
    def read(cls, text: str) -> Note:
        """Split a note into its parts; raises Refused for what is none."""
        if len(text) > _LONGEST_NOTE or not _is_utf8(text) or any(c < " " and c != "\n" for c in text):
            raise Refused("a note is at most 64 KiB of UTF-8 without control characters")
        body, gap, lines = text.rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            raise Refused("a note is a text, an empty line and at least one signature line, each ended by a newline")
        signatures = []
        for line in lines[:-1].split("\n"):
            dash, name, encoded = (*line.split(" "), "", "")[:3]
            raw = _bytes(encoded, "a signature line")
            if line != f"{dash} {name} {encoded}" or dash != "—" or not _is_name(name) or len(raw) < 5:
                raise Refused("a signature line is an em dash, a name and base64")
            signatures.append((name, raw[:4], raw[4:]))
        if len(signatures) > _MOST_SIGNATURES:
            raise Refused(f"a note has at most {_MOST_SIGNATURES} signatures")
        return cls(body + "\n", tuple(signatures))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed head: the root of a log at a size, and whose signatures under it were found good.

    `signed_by` names keys as the caller did; `times` gives, for those among them that are witnesses', when they had
    seen no larger head of this log (seconds since 1970, UTC).
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()
    signed_by: tuple[str, ...] = ()
    times: Mapping[str, int] = field(default_factory=dict, hash=False)


def read_body(body: str) -> Checkpoint:
    """Read what a note says of a log, with no look at signatures (C2SP tlog-checkpoint); raises Refused."""
    *lines, rest = body.split("\n")
    if rest or len(lines) < 3 or not all(lines) or not _is_utf8(body):
        raise Refused("a head is a line each for origin, size and root, none of them empty")
    if not re.fullmatch("0|[1-9][0-9]{0,15}", lines[1]):
        raise Refused("the size of a head is a whole number")
    found = Checkpoint(lines[0], int(lines[1]), _bytes(lines[2], "the root of a head"), tuple(lines[3:]))
    if len(found.root) != 32 or found.size > _LARGEST or (found.size == 0 and found.root != EMPTY_ROOT):
        raise Refused("the root of a head has 32 bytes, and an empty log has but one root")
    return found


def read_note(text: str, keys: Mapping[str, VerifierKey]) -> Checkpoint:
    """Read a signed head. Raises Refused for a bad form, a bad signature of a known key, and no good one at all.

    Lines of keys that are not among `keys` are passed over, as the standard asks. Look into `signed_by` for whose
    signature you need: a witness's alone is enough here.
    """
    note = Note.read(text)
    head = read_body(note.body)
    known = {(key.name, key.id): (word, key) for word, key in keys.items()}
    signed_by: dict[str, int | None] = {}
    for name, id, signature in note.signatures:
        if (name, id) not in known:
            continue
        word, key = known[name, id]
        at, message = None, note.body
        if key.kind == COSIGNATURE:
            at, signature = int.from_bytes(signature[:8], "big"), signature[8:]
            message = cosigned(note.body, at)
        if not key.is_signed(message.encode(), signature) or (at or 0) >= 2**63:
            raise Refused(f"the signature of {name} does not hold: this head was changed, or never signed by that key")
        signed_by[word] = at
    if not signed_by:
        raise Refused("no known key signed this head")
    times = {word: at for word, at in signed_by.items() if at is not None}
    return Checkpoint(head.origin, head.size, head.root, head.extensions, tuple(signed_by), times)


def read_request(text: str) -> tuple[int, tuple[bytes, ...], str]:
    """Read a request to a witness (C2SP tlog-witness): the size it saw last, the proof from there, and the head's note.

    Neither the proof nor the note is checked. Raises Refused.
    """
    above, _, note = text.partition("\n\n")
    first, *lines = above.split("\n")
    found = re.fullmatch(r"old (0|[1-9][0-9]{0,15})", first)
    if not found or not note:
        raise Refused("a request to a witness is 'old' and a size, a proof, an empty line, a head")
    return int(found[1]), _hashes(lines), note


def cosigned(body: str, at: int) -> str:
    """Return what a witness signs who saw this head at that second (C2SP tlog-cosignature)."""
    return f"cosignature/v1\ntime {at}\n{body}"


# Keys that follow one another


def rotated(old: str, new: str, reason: str) -> bytes:
    """Return what the old key signs so that the new one follows it, both as verifier keys; a reason is one line."""
    if not _is_utf8(reason) or any(c < " " for c in reason):
        raise Refused("the reason why a key follows another is told on one line")
    return f"trucewatch/rotation/v1\n{old}\n{new}\n{reason}\n".encode()


def successor(statement: Any, key: VerifierKey) -> VerifierKey:
    """Return the key that follows `key` by its own signed statement; raises Refused, also for a lost key's."""
    if not _fits(statement, {"format": int, "from": str, "to": str, "reason": str}) or statement["format"] != 1:
        raise Refused("this is no statement that one key follows another")
    if statement["from"] != str(key):
        raise Refused(f"this statement is of another key than {key}")
    follows = VerifierKey.read(statement["to"])
    if (follows.name, follows.kind) != (key.name, key.kind):
        raise Refused("a key is followed by one of the same name and kind")
    signature = _bytes(statement.get("signature"), "the signature of a statement, null for a lost key,")
    if not key.is_signed(rotated(statement["from"], statement["to"], statement["reason"]), signature):
        raise Refused(f"the statement that another key follows was not signed by {key}")
    return follows


def chain(first: VerifierKey, statements: Sequence[Any]) -> tuple[VerifierKey, ...]:
    """Return the first key and those that follow it, each vouched for by the one before; what does not fit ends it."""
    keys = [first]
    for statement in statements:
        try:
            follows = successor(statement, keys[-1])
        except Refused:
            continue
        if follows not in keys:
            keys.append(follows)
    return tuple(keys)


# Reading what a stranger wrote


def read_json(raw: bytes) -> Any:
    """Read strict JSON in UTF-8.

    Raises Refused for a name told twice, NaN, infinity, a whole number beyond 2^53 - 1, half a character (a lone
    surrogate), more than 64 levels of nesting, and what is no JSON.
    """
    try:
        value = json.loads(
            raw.decode(), object_pairs_hook=_object, parse_constant=_number, parse_float=_number, parse_int=_whole
        )
    except RecursionError:
        raise Refused(f"this is nested more than {_DEEPEST} levels deep") from None
    except Refused:
        raise
    except ValueError as fault:
        raise Refused(f"this is no JSON in UTF-8: {fault}") from None
    row, depth = [value], 0
    while row:
        inside = [one.values() if isinstance(one, dict) else one for one in row if isinstance(one, dict | list)]
        if inside and depth == _DEEPEST:
            raise Refused(f"this is nested more than {_DEEPEST} levels deep")
        texts = [one for one in row if isinstance(one, str)] + [n for one in row if isinstance(one, dict) for n in one]
        if not all(map(_is_utf8, texts)):
            raise Refused("half a character (a lone surrogate) stands in a text")
        row = [one for many in inside for one in many]
        depth += 1
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("a name stands twice in one object")
    return found


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise Refused(f"{text} is no number of JSON")
    return found


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > _LARGEST:
        raise Refused("a whole number beyond 2^53 - 1 is not read the same everywhere")
    return int(text)


def _bytes(encoded: Any, what: str) -> bytes:
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError, TypeError):
        raise Refused(f"{what} is not written in base64") from None
    if base64.b64encode(raw).decode() != encoded:
        raise Refused(f"{what} is not written in base64 as it is by everyone")
    return raw


def _hashes(encoded: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(_bytes(one, "a hash") for one in encoded)


def _fits(value: Any, form: Any) -> bool:
    if isinstance(form, dict):
        return isinstance(value, dict) and all(name in value and _fits(value[name], form[name]) for name in form)
    if isinstance(form, list):
        return isinstance(value, list) and all(_fits(one, form[0]) for one in value)
    return type(value) is form


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_name(name: str) -> bool:
    return bool(name) and _is_utf8(name) and not any(c.isspace() or c < " " or c == "+" for c in name)


# The program

_RELEASE = {
    "format": int, "origin": str, "audience": str, "keys": [str], "rotations": [dict], "leaf": str, "number": int,
    "inclusion": {"size": int, "proof": [str]}, "head": str, "printed_head": str, "consistency": [str],
}  # fmt: skip
_WITNESSED = [{"head": str, "consistency": [str]}]
_LEAF = {"format": int, "audience": str, "title": str, "released": str, "files": dict}
_LOG = {"format": int, "origin": str, "keys": [str], "rotations": [dict], "heads": [str]}
_USAGE = """verifier.py RELEASE.json [FILE...] [--head HEAD]... [--key KEY]...
       verifier.py log FOLDER [--head HEAD]... [--key KEY]..."""
_EXPORTED = ("log.json", "leaves.jsonl")


class _Report:
    """What was checked, a plain line each, and how many checks failed."""

    failed = 0

    def say(self, text: str, mark: str = "note") -> None:
        # What a stranger wrote moves no cursor, turns no line round and makes no line of its own.
        plain = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(f"{mark:4}  {plain}\n".encode(encoding, "backslashreplace").decode(encoding))

    def check(self, is_good: bool, good: str, bad: str) -> bool:
        self.say(good if is_good else bad, "ok" if is_good else "BAD")
        self.failed += not is_good
        return is_good

    def end(self, what: str) -> int:
        self.say(f"{self.failed} failed" if self.failed else what, "NOT VERIFIED:" if self.failed else "VERIFIED:")
        return 1 if self.failed else 0


class _Keys:
    """Whose signatures count: the log's and the witnesses' that the caller named; where none was, those in the file."""

    def __init__(self, named: Sequence[VerifierKey], told: Mapping[str, Any], report: _Report) -> None:
        inside = [VerifierKey.read(text) for text in told["keys"]]
        logs = [key for key in named if key.kind == ED25519]
        self.wanted = [key for key in named if key.kind == COSIGNATURE]
        for known, kind, whose in ((logs, ED25519, "the log"), (self.wanted, COSIGNATURE, "a witness")):
            for key in inside:
                if key.kind == kind and not known:
                    report.say(f"no key of {whose} was named. Compare the one in the file with what you know: {key}")
        for statement in told["rotations"]:
            if statement.get("signature") is None:
                report.say(f"a key was lost, and nobody vouches for the one told to follow: {statement.get('to')}")
        trusted = [key for one in logs for key in chain(one, told["rotations"])] if logs else inside
        self.logs = {str(key): key for key in trusted if key.kind == ED25519}
        self.witnesses = {str(key): key for key in self.wanted or inside if key.kind == COSIGNATURE}

    def head(self, note: str, origin: str) -> Checkpoint:
        """Read a head that the log itself signed; raises Refused."""
        head = read_note(note, {**self.logs, **self.witnesses})
        if head.origin != origin or not self.logs.keys() & set(head.signed_by):
            raise Refused(f"this head of {head.origin} is of another log, or only witnesses signed it")
        return head


def _verify_release(
    path: Path, files: Sequence[Path], kept: Sequence[Path], named: Sequence[VerifierKey], report: _Report
) -> int:
    told = _read(path.read_bytes(), _RELEASE, "the release file")
    data = _bytes(told["leaf"], "the leaf")
    leaf = _read(data, _LEAF, "the leaf")
    proof, between = _hashes(told["inclusion"]["proof"]), _hashes(told["consistency"])
    witnessed = told.get("witnessed", [])
    if not _fits(witnessed, _WITNESSED):
        raise Refused("the release file does not tell as format 1 does what was witnessed")
    number, released = told["number"], leaf["files"]
    keys = _Keys(named, told, report)
    head, printed = keys.head(told["head"], told["origin"]), keys.head(told["printed_head"], told["origin"])
    signer = next(word for word in head.signed_by if word in keys.logs)
    report.say(f"the head of {head.origin} at {head.size} entries is signed by {signer}", "ok")
    report.check(
        told["inclusion"]["size"] == head.size
        and is_included(leaf_hash(data), number - 1, head.size, proof, head.root),
        f"the release is entry {number} of this log: {leaf['title']}, released {leaf['released']}",
        f"the release is not entry {number} under this head",
    )
    report.check(
        leaf["audience"] == told["audience"],
        f"it was released to: {leaf['audience']}",
        f"the file says that it was released to {told['audience']}, the entry says to {leaf['audience']}",
    )
    is_earlier = report.check(
        printed.size < number and is_consistent(printed.size, printed.root, head.size, head.root, between),
        f"the printed head, at {printed.size} entries, was taken before it, and the log goes on from there",
        f"the printed head, at {printed.size} entries, is no earlier head of this log",
    )
    report.say(f"in the sitrep this head must read: {printed.size} {base64.b64encode(printed.root).decode()}")
    reach = _Reach(keys, report, head, [printed] if is_earlier else [])
    for one in witnessed:
        reach.take_witnessed(keys.head(one["head"], told["origin"]), _hashes(one["consistency"]))
    reach.take_kept(kept, told["origin"])
    reach.tell(number)
    there = list(files) or [found for name in sorted(released) if (found := _beside(path.parent, name))]
    checked = sum(_verify_file(file, released, report) for file in there)
    return report.end(f"this release, and {checked} of its {len(released)} files")


@dataclass(frozen=True, slots=True)
class _Kept:
    """A head that the caller named; with a request to a witness, the size from which it goes on, and the proof."""

    path: Path
    head: Checkpoint
    old: int = -1
    proof: tuple[bytes, ...] = ()

    def leads_from(self, root: bytes) -> bool:
        """Say whether the proof leads to the head from this root at the size from which it goes on."""
        return is_consistent(self.old, root, self.head.size, self.head.root, self.proof)


class _Reach:
    """How far the log of a release is held by others: heads of it that agree with the release's own, and by whom."""

    def __init__(self, keys: _Keys, report: _Report, head: Checkpoint, earlier: Sequence[Checkpoint]) -> None:
        self.keys, self.report, self.head = keys, report, head
        # By size; every tree begins with the empty one, so that tells nothing.
        self.roots = {one.size: one.root for one in (head, *earlier) if one.size}
        self.cosigned: dict[str, int] = {}
        self.held = 0
        self._count(head, is_kept=False)

    def take_witnessed(self, seen: Checkpoint, proof: Sequence[bytes]) -> None:
        """Take a head that came with the release, and the proof from there to the release's own."""
        if self.report.check(
            seen.size > 0 and is_consistent(seen.size, seen.root, self.head.size, self.head.root, proof),
            f"the log goes on from its head at {seen.size} entries: up to there it was not rewritten",
            f"the log does not go on from its head at {seen.size} entries as the file should prove",
        ):
            self.roots[seen.size] = seen.root
            self._count(seen, is_kept=False)
        if not seen.times and not self.keys.wanted:
            self.report.check(False, "", f"no witness that the file names cosigned its head at {seen.size} entries")

    def take_kept(self, paths: Sequence[Path], origin: str) -> None:
        """Take heads that the caller kept, and requests, each of which proves the way from one head to another."""
        kept = []
        for path in paths:
            text = path.read_bytes().decode("utf-8", "replace")
            try:
                old, proof, note = read_request(text) if text.startswith("old ") else (-1, (), text)
                kept.append(_Kept(path, self.keys.head(note, origin), old, proof))
            except Refused as fault:
                self.report.check(False, "", f"{path}: {fault}")
        kept.sort(key=lambda one: one.head.size)
        self._link(kept)
        loose: dict[int, bytes] = {}
        for one in kept:
            size, root = one.head.size, one.head.root
            what = f"{one.path}: the log's head at {size} entries"
            if not size:
                self.report.say(f"{what} is that of the empty log, with which every log begins")
            elif root != (self.roots.get(size) or loose.setdefault(size, root)):
                self.report.check(False, "", f"{what} is another than one it signed elsewhere: it has two histories")
            elif size in self.roots:
                self.report.say(f"{what} is one of the log that this release stands in", "ok")
                self._count(one.head, is_kept=one.old < 0)
            else:
                self.report.say(
                    f"{what} is signed, and could not be held against this release: that takes a proof between {size} "
                    f"and {self.head.size}. Ask for a request to a witness from the smaller one on"
                )

    def _link(self, kept: Sequence[_Kept]) -> None:
        """Follow proofs from the release's own head on to later ones, then from earlier ones to these."""
        for one in kept:
            # One that starts before the release's own head could lead past it.
            if one.old >= self.head.size and one.old in self.roots and one.head.size not in self.roots:
                good = f"{one.path}: it proves that the log goes on from {one.old} to {one.head.size} entries"
                bad = f"{one.path}: it does not prove that the log goes on from {one.old} entries"
                if self.report.check(one.leads_from(self.roots[one.old]), good, bad):
                    self.roots[one.head.size] = one.head.root
        for earlier in kept:
            size, root = earlier.head.size, earlier.head.root
            for one in kept:
                if 0 < size == one.old and size not in self.roots and self.roots.get(one.head.size) == one.head.root:
                    good = f"{earlier.path}: the log goes on from this head, at {size} entries, to {one.head.size}"
                    bad = f"{earlier.path}: the log does not go on from this head, at {size} entries"
                    if self.report.check(one.leads_from(root), good, bad):
                        self.roots[size] = root

    def _count(self, head: Checkpoint, is_kept: bool) -> None:
        for word, at in head.times.items():
            name = self.keys.witnesses[word].name
            self.report.say(f"the witness {name} saw the head at {head.size} entries at {_time(at)}")
            self.cosigned[word] = max(head.size, self.cosigned.get(word, 0))
        if head.times or is_kept:
            self.held = max(head.size, self.held)

    def tell(self, number: int) -> None:
        """Say up to which entry others hold the log, and whether the release is among what they hold."""
        for key in map(str, self.keys.wanted):
            self.report.check(
                key in self.cosigned,
                f"cosigned by {key}, up to entry {self.cosigned.get(key)}",
                f"no cosignature by {key}: none of the heads here is one that it cosigned",
            )
        if not self.held:
            self.report.say("no head of this log is here that a known witness cosigned or that you kept")
            return
        among = "is among them" if number <= self.held else "came after them, and nobody else vouches for it yet"
        self.report.say(
            f"entries 1 to {self.held} stand under a head that a witness cosigned or that you kept; this release, "
            f"entry {number}, {among}"
        )


def _verify_file(path: Path, released: Mapping[str, Any], report: _Report) -> bool:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    name = next((name for name in sorted(released) if released[name] == digest), None)
    bad = "its bytes are not the released ones" if path.name in released else "no such file was released"
    return report.check(name is not None, f"{path}: its bytes are those released as {name}", f"{path}: {bad}")


def _beside(folder: Path, name: str) -> Path | None:
    """Return the file that a release names, where it lies in the folder of the release file and not elsewhere."""
    inner = PurePosixPath(name)
    if inner.is_absolute() or ".." in inner.parts or "\\" in name or ":" in name:
        return None
    try:
        return folder / inner if (folder / inner).is_file() else None
    except OSError:
        return None


def _verify_log(folder: Path, kept: Sequence[Path], named: Sequence[VerifierKey], report: _Report) -> int:
    told = _read((folder / "log.json").read_bytes(), _LOG, "log.json")
    keys = _Keys(named, told, report)
    heads: list[tuple[Checkpoint, str, bool]] = []
    notes = [(note, f"head {at} of the export", False) for at, note in enumerate(told["heads"], start=1)]
    for note, what, is_kept in (
        *notes,
        *((path.read_bytes().decode("utf-8", "replace"), str(path), True) for path in kept),
    ):
        try:
            heads.append((keys.head(note, told["origin"]), what, is_kept))
        except Refused as fault:
            report.check(False, "", f"{what}: {fault}")
    if not heads:
        report.check(False, "", "there is no head to check the entries against")
    roots, count = {head.size: b"" for head, _, _ in heads} | {0: EMPTY_ROOT}, 0
    peaks: list[tuple[int, bytes]] = []
    try:
        for count, data in enumerate(_leaves(folder), start=1):
            size, peak = 1, leaf_hash(data)
            while peaks and peaks[-1][0] == size:
                size, peak = 2 * size, node_hash(peaks.pop()[1], peak)
            peaks.append((size, peak))
            if count in roots:
                roots[count] = reduce(lambda right, left: node_hash(left[1], right), reversed(peaks[:-1]), peak)
    except Refused as fault:
        report.check(False, "", f"entry {count + 1} is the first bad one: {fault}")
    good, bad = [0], list[int]()
    for head, what, _ in sorted(heads, key=lambda one: one[0].size):
        missing = f"{what}: entries {count + 1} to {head.size} are missing, or cannot be read"
        is_good = roots[head.size] == head.root
        differ = missing if head.size > count else f"{what}: the first {head.size} entries are not those signed"
        report.check(is_good, f"{what}: the first {head.size} entries are those signed", differ)
        if head.size <= count:
            (good if is_good else bad).append(head.size)
    if bad and max(good) >= bad[0]:
        report.check(False, "", f"the log signed two histories: they part before entry {bad[0] + 1}")
    elif bad:
        report.check(False, "", _first_bad(folder, max(good) + 1, bad[0]))
    seen = max(
        (head.size for head, _, is_kept in heads if roots[head.size] == head.root and (is_kept or head.times)),
        default=0,
    )
    report.say(f"the first {seen} of {count} entries stand under a head that a witness cosigned or that you kept")
    report.say(
        f"the last {count - seen} are witnessed by nobody; the last {count - max(good)} stand under no good head"
    )
    return report.end(f"{count} entries of {told['origin']}, {seen} of them witnessed")


def _leaves(folder: Path) -> Iterator[bytes]:
    with (folder / "leaves.jsonl").open("rb") as lines:
        for line in lines:
            if not re.fullmatch(rb'"[A-Za-z0-9+/=]*"\n', line):
                raise Refused("the line is no base64 in quotes")
            yield _bytes(line[1:-2].decode(), "the line")


def _first_bad(folder: Path, first: int, last: int) -> str:
    """Say which entry is the first bad one, as closely as heads tell, and entries that should be JSON."""
    for number, data in enumerate(islice(_leaves(folder), first - 1, last), start=first):
        try:
            read_json(data)
        except Refused:
            return f"entry {number} is bad: it is no JSON"
    return (
        f"entry {first} is the first bad one"
        if first == last
        else f"the first bad one is an entry of {first} to {last}"
    )


def _read(raw: bytes, form: dict[str, Any], what: str) -> dict[str, Any]:
    value = read_json(raw)
    if not _fits(value, form) or value["format"] != 1:
        raise Refused(f"{what} is not of format 1: a part is missing or of another kind")
    return dict(value)


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC" if at <= _LAST_SECOND else f"second {at}"


def main(argv: Sequence[str] | None = None) -> int:
    """Verify what the command line names; return 0 when all of it holds, 1 when it does not, 2 for a wrong call."""
    given = list(sys.argv[1:] if argv is None else argv)
    is_log = given[:1] == ["log"]
    parser = argparse.ArgumentParser("verifier.py", usage=_USAGE)
    parser.add_argument("what", type=Path)
    parser.add_argument("--key", action="append", default=[])
    parser.add_argument("--head", dest="heads", type=Path, action="append", default=[])
    if not is_log:
        parser.add_argument("files", type=Path, nargs="*")
    try:
        asked = parser.parse_intermixed_args(given[is_log:])
        needed = [asked.what / name for name in _EXPORTED] if is_log else [asked.what]
        files = [] if is_log else asked.files
        for path in (*needed, *files, *asked.heads):
            path.open("rb").close()
        texts = [Path(word).read_text("utf-8") if Path(word).is_file() else word for word in asked.key]
        named = [VerifierKey.read(line) for text in texts for line in text.split("\n") if line]
    except SystemExit as over:
        return int(over.code or 0)
    except (OSError, ValueError) as fault:
        sys.stderr.write(f"verifier.py: {ascii(str(fault))[1:-1]}\n")
        return 2
    report = _Report()
    try:
        if is_log:
            return _verify_log(asked.what, asked.heads, named, report)
        return _verify_release(asked.what, files, asked.heads, named, report)
    except (OSError, Refused) as fault:
        report.check(False, "", str(fault))
        return report.end("")


if __name__ == "__main__":
    sys.exit(main())
