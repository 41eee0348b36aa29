"""Audit: whether a ledger still is what it was, by heads that others hold, table by table.

A file that was changed together with its hashes and its own signed heads holds together in itself. Only a head that
somebody else holds tells: what it was signed over cannot be changed, and what came after it nobody vouches for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, islice
from operator import attrgetter, itemgetter
from typing import Final

import apsw

from trucewatch.ledger.canonical import Json, NotCanonical, canonical, read_canonical
from trucewatch.ledger.log import Log
from trucewatch.ledger.store import RESTORE, Leaf, LeafRow, OpeningRow, Store, leaf_faults, orphan
from trucewatch.ledger.verifier import Checkpoint, Refused, VerifierKey, leaf_hash, read_note
from trucewatch.problems import Problem, TrucewatchError

# Of more faults in the leaves of one log the rest is not listed.
_LISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a log goes, and how far others vouch for it.

    `root` is that over all `size` leaves as they stand. `witnessed` is the largest size at which a head that others
    hold agrees with what stands here, while no smaller one disagrees. `gaps` are the commitments that nothing opens
    any more, as (number, audience): each should have been destroyed by an entry that says so.
    """

    log: str
    size: int
    root: bytes
    witnessed: int
    gaps: tuple[tuple[int, str], ...]

    @property
    def tail(self) -> int:
        """How many of the last leaves nobody vouches for: they could be others tomorrow."""
        return self.size - self.witnessed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is wrong, in order of logs and leaves, and how far each log reaches.

    The `file` of a problem is a log, and its `line` the first leaf that may be bad; or the file of the ledger, and 0.
    """

    problems: tuple[Problem, ...]
    logs: tuple[Reach, ...]


def verify(
    store: Store,
    keys: Mapping[str, VerifierKey],
    heads: Mapping[str, Sequence[str]],
    witnesses: Mapping[str, VerifierKey],
) -> Verdict:
    """Verify leaves, openings and heads of a ledger: every table but the keys, of which it cannot tell what needs them.

    `keys` are the ledger's own, old and new, under words of the caller's; `heads` the signed notes that others hold, by
    log; `witnesses` the keys of those whose cosignature under a head in the ledger counts like a head that they hold.
    Leaves are canonical (RFC 8785) objects whose "kind" is theirs; whose "commitments", if there are any, are by
    audience the SHA-256 over salt and content of what opens them. What no table shows (unused pages, an index beside
    its table) is for `Store.check`.
    """
    problems = [*store.foreign()]
    reaches = []
    try:
        for log in sorted({*store.logs(), *heads}):
            audit = _Audit(log, {**keys, **witnesses}, frozenset(witnesses))
            reaches.append(audit.verify(store, heads.get(log, ())))
            problems += audit.problems
    except TrucewatchError as fault:
        problems.append(Problem(store.path.name, 0, "broken-page", str(fault), RESTORE))
    return Verdict(tuple(sorted(problems)), tuple(reaches))


class _Audit:
    """The audit of one log."""

    def __init__(self, log: str, keys: Mapping[str, VerifierKey], witnesses: frozenset[str]) -> None:
        self.log, self.keys, self.witnesses = log, keys, witnesses
        self.problems: list[Problem] = []
        self.gaps: list[tuple[int, str]] = []
        self.tree = Log()
        self.audiences: list[str] = []
        self.form = ""

    def verify(self, store: Store, held: Sequence[str]) -> Reach:
        own: list[Checkpoint] = []
        witnessed: list[Checkpoint] = []
        with store.reading(self.log, _FIRST) as (leaves, openings):
            self._read_leaves(leaves, openings)
            for size, note in store.heads(self.log):
                head = self._read_head(note, f"the head kept at {size}")
                if head and head.size != size:
                    message = f"the head kept at {size} is of {head.size}"
                    self.problems.append(Problem(self.log, 0, "bad-head", message, RESTORE))
                elif head:
                    (witnessed if self.witnesses.intersection(head.signed_by) else own).append(head)
        for place, note in enumerate(held, 1):
            if head := self._read_head(note, f"head {place} of those held elsewhere"):
                witnessed.append(head)
        self._hold_to(own, "the mission's own key")
        agreed = self._hold_to(witnessed, "others")
        return Reach(self.log, self.tree.size, self.tree.root(), agreed, tuple(self.gaps))

    # ---- leaves, and what opens them ---------------------------------------------------------------------------------

    def _read_leaves(self, leaves: Iterator[LeafRow], openings: Iterator[OpeningRow]) -> None:
        """Hold each leaf to its number, hash and form; where the file cannot be read any more the log ends."""
        expected, hashes = 1, []
        try:
            opening = next(openings, _NO_MORE)
            for number, kind, data, hash_ in leaves:
                mine = []
                while opening[0] <= number:
                    mine.append(opening)
                    opening = next(openings, _NO_MORE)
                try:
                    found = leaf_hash(data)
                    if number != expected or found != hash_ or not self._is_as_made(number, kind, data, mine):
                        self._look(expected, Leaf(number, kind, data, hash_), mine)
                except (AttributeError, TypeError, ValueError):
                    found = _hash(data)
                    self._look(expected, Leaf(number, kind, data, hash_), mine)
                hashes.append(found)
                expected = number + 1
            while opening is not _NO_MORE:
                self._list([orphan(self.log, *opening[:2])])
                opening = next(openings, _NO_MORE)
        except (apsw.Error, TypeError, UnicodeDecodeError) as fault:
            message = f"from leaf {expected} on it cannot be read: {fault}"
            self._list([Problem(self.log, expected, "broken-page", message, RESTORE)])
        self.tree.extend(hashes)

    def _is_as_made(self, number: int, kind: str, data: bytes, openings: Sequence[OpeningRow]) -> bool:
        """Say whether a leaf is, byte for byte, what is made from all that opens it.

        Then it is canonical, and each opens its commitment; no leaf with a gap is. Nearly all leaves are, and most have
        the audiences of the one before: so this is quick, and what is not so is looked into.
        """
        if not openings or openings[0][0] != number:
            return False
        audiences = [*map(_AUDIENCE, openings)]
        if audiences != self.audiences:
            self.audiences, self.form = audiences, _form(audiences)
        hexes = [sha256(salt + content).hexdigest() for _, _, salt, content in openings]
        text = data.decode()
        at = text[7 : text.find('"', 7)]
        # Such words stand in canonical JSON as they are.
        is_plain = kind.isalpha() and at.isprintable() and "\\" not in at
        return is_plain and self.form % (at, *hexes, kind) == text

    def _look(self, expected: int, leaf: Leaf, openings: Sequence[OpeningRow]) -> None:
        """Find out in what a leaf is not plainly as it was made: a fault, or a commitment that nothing opens."""
        mine = [row for row in openings if row[0] == leaf.number]
        self._list(orphan(self.log, *row[:2]) for row in openings if row[0] != leaf.number)
        faults = leaf_faults(self.log, expected, leaf)
        self._list(faults or self._faults_of_form(leaf, mine))

    def _faults_of_form(self, leaf: Leaf, openings: Sequence[OpeningRow]) -> Iterator[Problem]:
        try:
            told = read_canonical(leaf.data)
        except NotCanonical as fault:
            yield Problem(self.log, leaf.number, "not-canonical", f"leaf {leaf.number}: {fault}", RESTORE)
            return
        if not isinstance(told, dict) or told.get("kind") != leaf.kind:
            message = f"leaf {leaf.number} is not of the kind {leaf.kind!r} by its own words"
            yield Problem(self.log, leaf.number, "altered-leaf", message, RESTORE)
            return
        commitments = told.get("commitments")
        commitments = commitments if isinstance(commitments, dict) else {}
        for _, audience, salt, content in openings:
            if not _is_opening(commitments.pop(audience, None), salt, content):
                message = f"what is kept for {audience!r} does not open leaf {leaf.number}"
                yield Problem(self.log, leaf.number, "wrong-opening", message, RESTORE)
        self.gaps += [(leaf.number, audience) for audience in commitments]

    def _list(self, problems: Iterable[Problem]) -> None:
        self.problems += islice(problems, max(0, _LISTED - len(self.problems)))

    # ---- heads -------------------------------------------------------------------------------------------------------

    def _read_head(self, note: str, what: str) -> Checkpoint | None:
        try:
            return read_note(note, self.keys)
        except Refused as fault:
            self.problems.append(
                Problem(self.log, 0, "bad-head", f"{what}: {fault}", "see whose it is, and by what key")
            )
            return None

    def _hold_to(self, heads: Sequence[Checkpoint], whose: str) -> int:
        """Hold the leaves to signed heads; return the size up to which all of these agree with them."""
        agreed = 0
        for size, alike in groupby(sorted(heads, key=attrgetter("size")), attrgetter("size")):
            if size > self.tree.size:
                message = f"the log ends at {self.tree.size}, and {whose} signed a head at {size}"
                self.problems.append(Problem(self.log, self.tree.size + 1, "cut-short", message, RESTORE))
                return agreed
            if any(head.root != self.tree.root(size) for head in alike):
                which = f"leaf {size} is" if size == agreed + 1 else f"of leaves {agreed + 1} to {size} one or more are"
                message = f"{which} not what stood there when {whose} signed the head at {size}"
                self.problems.append(Problem(self.log, agreed + 1, "rewritten-leaves", message, RESTORE))
                return agreed
            agreed = size
        return agreed


# Also what is numbered as no leaf can be.
_FIRST: Final = -(2**63)
# Stands behind the last opening, and opens no leaf.
_NO_MORE: Final[OpeningRow] = (2**63, "", b"", b"")
_AUDIENCE: Final = itemgetter(1)
_MARK: Final = "\ue000"


def _form(audiences: Sequence[str]) -> str:
    """Return the canonical leaf with commitments to some audiences, a %s for each word or hash that differs."""
    leaf: Json = {"at": _MARK, "commitments": dict.fromkeys(audiences, _MARK), "format": 1, "kind": _MARK}
    return canonical(leaf).decode().replace("%", "%%").replace(_MARK, "%s")


def _hash(data: object) -> bytes:
    return leaf_hash(data) if isinstance(data, bytes) else bytes(32)


def _is_opening(commitment: Json, salt: object, content: object) -> bool:
    if not isinstance(salt, bytes) or not isinstance(content, bytes):
        return False
    return commitment == sha256(salt + content).hexdigest()
