"""Record: what a mission received, adopted and decided, entry by entry, in one ledger that only grows.

An entry's leaf holds nothing but its kind, its time and, for each audience, a commitment to what that audience may see
of it, each under a salt of its own; what opens them stands beside the log and can be destroyed. Below the mission
nobody learns from a leaf whether there was anything for them to see.

    DIR/mission.sqlite      the ledger
    DIR/received/*.sealed   batches, encrypted, under their commitments
    DIR/kept/               adopted and released files, by SHA-256
    DIR/keys/ledger.seed    the seed of the key that signs heads
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trucewatch.ledger.canonical import Json, canonical
from trucewatch.ledger.heads import Signer, rotation
from trucewatch.ledger.store import Addition, Opening, Store
from trucewatch.ledger.vault import settle_batch
from trucewatch.ledger.verifier import Checkpoint, VerifierKey, leaf_hash, read_body
from trucewatch.levels import Level, read_level
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.texts import write_whole
from trucewatch.when import read_edtf

LEDGER, KEPT, KEYS, RECEIVED = "mission.sqlite", "kept", "keys", "received"
INTERNAL = "internal"
PADDED = "padded"
KINDS = (
    "received", "adopted", "decided", "liaised", "talked", "observed", "ruled", "declassified", "released", "erased",
    "opened", "witnessed", "audited", PADDED,
)  # fmt: skip
# What the mission did itself stays; what it was told, and what was said of it, may have to go.
ERASABLE = ("received", "decided", "liaised", "talked", "observed", "ruled", "declassified")

Draw = Callable[[int], bytes]
Content = Mapping[str, Json]

_SEED, _NEXT_SEED = "ledger.seed", "ledger.seed.next"
_SEED_BYTES, _SALT_BYTES = 32, 16
_FORM = "%Y-%m-%dT%H:%M:%SZ"
_NOTHING: Mapping[str, Content] = {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the record; its content is None where it was erased, or is filler.

    `at` is when it was entered (UTC, whole seconds), never before the entry in front of it.
    """

    number: int
    kind: str
    at: datetime
    content: Mapping[str, Any] | None

    @property
    def known(self) -> datetime:
        """When the mission knew of it: for what was received before there was a ledger, the old index's own word."""
        taken_over = (self.content or {}).get("taken_over")
        return datetime.fromisoformat(taken_over["received"]) if taken_over else self.at


class Record:
    """A mission's record, open; a context manager.

    Whoever opened it once remembers its head (in TRUCEWATCH_STATE, or in the user's state folder) and refuses one that
    has gone back or is of another history.
    """

    def __init__(self, folder: Path, store: Store, draw: Draw) -> None:
        """Take over an open ledger; use `create` or `open`."""
        self.folder = folder
        self.store = store
        self._draw = draw
        self._entries: list[Entry] = []
        self._audiences: tuple[str, ...] = ()
        self._own: Mapping[str, Any] | None = None

    @classmethod
    def create(
        cls,
        folder: Path,
        origin: str,
        key: bytes,
        now: datetime,
        draw: Draw,
        audiences: Sequence[Level] = (),
        content: Content | None = None,
    ) -> Record:
        """Make a mission's record: entry 1 adopts its name, its key (a seed of 32 bytes) and its audiences, and more.

        `origin` names its logs to whoever sees a head: without space or plus, and telling nothing. `content` is what is
        adopted beside. Raises TrucewatchError where there is a record already.
        """
        signer = Signer(origin, key)
        write_secret(folder / KEYS / _SEED, key)
        record = cls(folder, Store.create(folder / LEDGER), draw)
        try:
            record._audiences = tuple(level.word for level in audiences) or _CHAIN
            adopted = {"origin": origin, "key": str(signer.verifier), **(content or {})}
            record.enter("adopted", adopted, now)
        except BaseException:
            record.close()
            raise
        return record

    @classmethod
    def open(
        cls, folder: Path, is_read_only: bool = False, is_gone_back: bool = False, draw: Draw = os.urandom
    ) -> Record:
        """Open a mission's record; raises TrucewatchError where it has gone back behind the head last seen.

        With `is_gone_back` that is what the caller knows of and is about to account for, by `go_on`.
        """
        record = cls(folder, Store.open(folder / LEDGER, is_read_only), draw)
        try:
            record._settle_rotation()
            if not is_read_only:
                record._settle_batches()
            if not is_gone_back:
                record.remember()
        except BaseException:
            record.close()
            raise
        return record

    def close(self) -> None:
        """Close the ledger."""
        self.store.close()

    def __enter__(self) -> Self:
        """Return the record itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the ledger."""
        self.close()

    # ---- entries -----------------------------------------------------------------------------------------------------

    def enter(
        self,
        kind: str,
        content: Content,
        at: datetime,
        level: Level = Level.MISSION,
        told: Mapping[str, Content] = _NOTHING,
        keys: Mapping[str, bytes] | None = None,
    ) -> Entry:
        """Enter something, durably, and return it with its number.

        Audiences that may know what is marked `level` are committed to `content`; others to what `told` has for them
        (by the audience's word), or to nothing. `keys` are those of what lies encrypted beside. Raises TrucewatchError
        where the clock has been set back behind the last entry.
        """
        return self.enter_all([(kind, content, level, told, keys or {})], at)[0]

    def enter_all(
        self,
        entries: Sequence[tuple[str, Content, Level, Mapping[str, Content], Mapping[str, bytes]]],
        at: datetime,
    ) -> tuple[Entry, ...]:
        """Enter several things in one transaction, all or none, each as (kind, content, level, told, keys)."""
        moment = at.astimezone(UTC).replace(microsecond=0)
        additions = [self._addition(*entry, moment) for entry in entries]

        def in_time() -> Iterator[Addition]:
            # Within the transaction, so that nobody can enter anything in between.
            size = self.store.size(INTERNAL)
            last = _at(next(self.store.leaves(INTERNAL, size)).data) if size else moment
            if moment < last:
                raise TrucewatchError(
                    f"{self.folder}: this clock says {moment:{_FORM}}, and the last entry is of {last:{_FORM}}; "
                    "nothing was entered: set the clock right, or wait until it has caught up"
                )
            yield from additions

        numbers = self.store.append_all(INTERNAL, in_time())
        self.remember()
        return tuple(
            Entry(number, kind, moment, content if kind != PADDED else None)
            for number, (kind, content, *_) in zip(numbers, entries, strict=True)
        )

    def entries(self, as_of: int | str | None = None, kinds: Collection[str] = ()) -> tuple[Entry, ...]:
        """Return the entries up to a number or the end of a day (EDTF, UTC), in order; of some kinds, or of all.

        Raises TrucewatchError for an entry that is not what was entered, WrongCall for an as-of that is neither.
        """
        self._read()
        last = self.number(as_of)
        return tuple(entry for entry in self._entries[:last] if not kinds or entry.kind in kinds)

    def number(self, as_of: int | str | None = None) -> int:
        """Return the number of the last entry as of a number or the end of a day; raises WrongCall for neither."""
        self._read()
        size = len(self._entries)
        if as_of is None:
            return size
        # Four digits are a year; nobody asks for entry 2017 by number and means the day after the first of that year.
        if isinstance(as_of, int) or re.fullmatch(r"\d{1,3}|\d{5,9}", as_of, re.ASCII):
            if not 1 <= int(as_of) <= size:
                raise WrongCall(f"there is no entry {as_of}; the record has {size}")
            return int(as_of)
        try:
            limit = read_edtf(as_of, "UTC").latest
        except ValueError as fault:
            raise WrongCall(f"as-of is an entry's number or a date: {fault}") from None
        later = (entry.number for entry in self._entries if entry.known >= limit)
        if not (number := next(later, size + 1) - 1):
            began = self._entries[0].known
            raise WrongCall(f"there is nothing as of {as_of}: this record begins on {began:%Y-%m-%d}")
        return number

    @property
    def audiences(self) -> tuple[str, ...]:
        """The words of the audiences that entries commit to, as of the last entry."""
        if not self._audiences:
            last = next(self.store.leaves(INTERNAL, max(1, self.store.size(INTERNAL))), None)
            self._audiences = tuple(json.loads(last.data)["commitments"]) if last else _CHAIN
        return self._audiences

    def commit_to(self, audiences: Sequence[Level]) -> None:
        """Have entries from here on commit to other audiences: those of an agreement that is about to be adopted."""
        self._audiences = tuple(level.word for level in audiences)

    def _addition(
        self,
        kind: str,
        content: Content,
        level: Level,
        told: Mapping[str, Content],
        keys: Mapping[str, bytes],
        at: datetime,
    ) -> Addition:
        if kind not in KINDS:
            raise WrongCall(f"'{kind}' is no kind of entry; there are: {', '.join(KINDS)}")
        whole = canonical(content) if kind != PADDED else b""
        openings = []
        for word in self.audiences:
            seen = whole if level <= read_level(word) else canonical(told[word]) if word in told else b""
            openings.append(Opening(word, self._draw(_SALT_BYTES), seen))
        commitments: Json = {one.audience: hashlib.sha256(one.salt + one.content).hexdigest() for one in openings}
        leaf = canonical({"format": 1, "kind": kind, "at": f"{at:{_FORM}}", "commitments": commitments})
        return Addition(kind, leaf, openings, keys)

    def _read(self) -> None:
        """Read what was entered since it was last read."""
        if len(self._entries) == self.store.size(INTERNAL):
            return
        sealed = Level.SEALED.word
        with self.store.reading(INTERNAL, len(self._entries) + 1) as (leaves, openings):
            opened = {number: (salt, content) for number, audience, salt, content in openings if audience == sealed}
            for number, kind, data, hash_ in leaves:
                leaf = json.loads(data)
                content = None
                is_good = number == len(self._entries) + 1 and leaf_hash(data) == hash_ and leaf["kind"] == kind
                if number in opened:
                    salt, raw = opened[number]
                    is_good = is_good and hashlib.sha256(salt + raw).hexdigest() == leaf["commitments"][sealed]
                    content = json.loads(raw) if raw else None
                if not is_good:
                    raise TrucewatchError(
                        f"{self.store.path}: entry {number} is not what was entered; see: "
                        f"trucewatch ledger verify {self.folder}"
                    )
                self._entries.append(Entry(number, kind, _at(data), content))

    # ---- what lies beside the ledger ---------------------------------------------------------------------------------

    def put(self, data: bytes) -> str:
        """Keep the bytes of a file; return their SHA-256, in hexadecimal, under which `get` finds them."""
        return keep(self.folder, data)

    def get(self, digest: str) -> bytes:
        """Return kept bytes; raises TrucewatchError where they are gone or others."""
        path = self.folder / KEPT / digest
        try:
            data = path.read_bytes()
        except OSError as fault:
            raise TrucewatchError(f"{path}: cannot be read ({fault.strerror}); restore it from a backup") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise TrucewatchError(f"{path}: is not what was kept; restore it from a backup")
        return data

    # ---- heads and keys ----------------------------------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """The name of the internal log."""
        return str(self._first["origin"])

    def origin_of(self, log: str) -> str:
        """Return the name of a log to whoever sees a head of it."""
        return self.origin if log == INTERNAL else f"{self.origin}/{log.replace(': ', '-')}"

    @property
    def signer(self) -> Signer:
        """Who signs heads; raises TrucewatchError where the seed is gone."""
        path = self.folder / KEYS / _SEED
        try:
            return Signer(self.origin, path.read_bytes())
        except (OSError, ValueError):
            raise TrucewatchError(
                f"{path}: is no seed of a key; restore it from a backup, or where it is lost for good: "
                f"trucewatch ledger rotate {self.folder} --lost --by ROLE --because REASON"
            ) from None

    @property
    def rotations(self) -> tuple[Mapping[str, Any], ...]:
        """The statements by which one key of the record followed another, oldest first."""
        adopted = self.entries(kinds=("adopted",))
        return tuple(entry.content["rotation"] for entry in adopted if entry.content and "rotation" in entry.content)

    @property
    def first_key(self) -> VerifierKey:
        """The key with which the record began."""
        return VerifierKey.read(str(self._first["key"]))

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys that have signed heads of this record, oldest first; the last one signs now."""
        return (self.first_key, *(VerifierKey.read(one["to"]) for one in self.rotations))

    def head(self, log: str = INTERNAL, size: int | None = None) -> str:
        """Return the signed head (C2SP tlog-checkpoint) of a log, as it stands or at a size."""
        tree = self.store.tree(log)
        size = tree.size if size is None else size
        return self.signer.head(self.origin_of(log), size, tree.root(size))

    def rotate(self, by: str, because: str, at: datetime, is_lost: bool = False) -> Entry:
        """Have another key sign heads from here on; the old one vouches for it, unless it `is_lost`."""
        seed = self._draw(_SEED_BYTES)
        new = Signer(self.origin, seed).verifier
        old = self.keys[-1]
        statement = rotation(None, new, because, lost=old) if is_lost else rotation(self.signer, new, because)
        write_secret(self.folder / KEYS / _NEXT_SEED, seed)
        entry = self.enter("adopted", {"rotation": statement, "by": by, "because": because}, at)
        self._settle_rotation()
        return entry

    def _settle_rotation(self) -> None:
        """Put the seed of the key that was entered last in its place, wherever it was interrupted."""
        following = self.folder / KEYS / _NEXT_SEED
        if following.exists():
            is_entered = Signer(self.origin, following.read_bytes()).verifier == self.keys[-1]
            if is_entered:
                os.replace(following, self.folder / KEYS / _SEED)
            else:
                following.unlink()

    def _settle_batches(self) -> None:
        """Leave of each batch the one file that its key opens, wherever putting it there was interrupted."""
        folder = self.folder / RECEIVED
        for staged in sorted(folder.glob("*.staged")):
            settle_batch(folder, staged.stem, self.store.key(staged.stem))

    def log_release(self, audience: str, leaf: bytes) -> int:
        """Add a leaf (canonical JSON with a "kind") to the release log of an audience; return its number there."""
        number = self.store.append(release_log(audience), str(json.loads(leaf)["kind"]), leaf)
        self.remember()
        return number

    @property
    def _first(self) -> Mapping[str, Any]:
        # By itself, so that a record of which a later entry is damaged can still be verified.
        if self._own is None:
            opening = self.store.openings(INTERNAL, 1).get(Level.SEALED.word)
            try:
                self._own = dict(json.loads(opening.content)) if opening else None
            except ValueError:
                self._own = None
        if self._own is None or not {"origin", "key"} <= set(self._own):
            raise TrucewatchError(f"{self.store.path}: entry 1 cannot be read; restore it from a backup")
        return self._own

    # ---- never back --------------------------------------------------------------------------------------------------

    def remembered(self, log: str = INTERNAL) -> Checkpoint | None:
        """Return the head of a log that this client saw last."""
        try:
            return read_body(_memory(self.origin_of(log)).read_text("utf-8"))
        except (OSError, ValueError):
            return None

    def go_on(self, by: str, because: str, at: datetime) -> Entry:
        """Go on from a record that has gone back behind what was seen of it, and enter that this is known."""
        seen = self.remembered()
        told: Json = {"size": seen.size, "root": seen.root.hex()} if seen else None
        for log in self._logs:
            _memory(self.origin_of(log)).unlink(missing_ok=True)
        return self.enter("audited", {"what": "gone back", "seen": told, "by": by, "because": because}, at)

    def remember(self) -> None:
        """Hold each log to the head that was seen last, then remember it as it stands; raises TrucewatchError."""
        for log in self._logs:
            tree, seen = self.store.tree(log), self.remembered(log)
            if seen and (seen.size > tree.size or tree.root(seen.size) != seen.root):
                what = f"ends at entry {tree.size}" if seen.size > tree.size else "has another history"
                of_what = "" if log == INTERNAL else f"its log {log} "
                mend = f"trucewatch ledger go-on {self.folder} --by ROLE --because REASON"
                raise TrucewatchError(
                    f"{self.folder}: {of_what}{what}, and {seen.size} entries of it were seen here before; restore a "
                    f"newer backup, or where there is none: {mend}"
                )
            if not seen or seen.size < tree.size:
                origin = self.origin_of(log)
                body = f"{origin}\n{tree.size}\n{base64.b64encode(tree.root()).decode()}\n"
                _keep_in_memory(_memory(origin), body)

    @property
    def _logs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((INTERNAL, *self.store.logs())))


_CHAIN = tuple(level.word for level in (Level.PUBLIC, Level.PARTIES, Level.GUARANTORS, Level.MISSION, Level.SEALED))


def keep(folder: Path, data: bytes) -> str:
    """Keep the bytes of a file in a mission's folder; return their SHA-256, in hexadecimal."""
    digest = hashlib.sha256(data).hexdigest()
    path = folder / KEPT / digest
    if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
        path.parent.mkdir(exist_ok=True)
        write_whole(path, lambda beside: beside.write_bytes(data))
    return digest


def stands_by(folder: Path) -> bool:
    """Say whether a folder has held a record: then one that is missing was lost, and is not made anew."""
    return (folder / KEYS / _SEED).exists()


def release_log(audience: str) -> str:
    """Return the name of the release log of an audience, by its word."""
    return f"release/{audience}"


def _at(leaf: bytes) -> datetime:
    return datetime.fromisoformat(json.loads(leaf)["at"])


def _memory(origin: str) -> Path:
    """Return the file in which this client remembers the last head of a log."""
    own = os.environ.get("TRUCEWATCH_STATE")
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = Path(own) if own else home / "trucewatch"
    return folder / "heads" / hashlib.sha256(origin.encode()).hexdigest()[:32]


def _keep_in_memory(path: Path, body: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise TrucewatchError(
            f"{path.parent}: cannot be made ({fault.strerror}); name another folder in TRUCEWATCH_STATE"
        ) from None
    write_whole(path, lambda beside: beside.write_text(body, encoding="utf-8"))


def write_secret(path: Path, secret: bytes) -> None:
    """Write a file that only its owner can read; one that is there is replaced."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    beside = path.with_name(f".{path.name}.partial")
    with suppress(FileNotFoundError):
        beside.unlink()
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)
