"""Received: what came in, batch by batch, and the claims that stand once it is all told.

A batch is sealed (`ledger.vault`): row by row what a claim says, as a line of JSON for each level that any of it is
marked with. So whoever may know a level can be shown what a row says at it, and a row can be erased. The same content
is kept once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from trucewatch.claims import SCHEMA, claims_of, current, empty_claims, keyed_hash
from trucewatch.ledger.vault import Batch, open_batch, read_batch, seal_batch
from trucewatch.levels import Level, most_sensitive, read_level
from trucewatch.problems import Problem, TrucewatchError
from trucewatch.reports import Received

RECEIVED, WITHDRAWN = "received", "withdrawn"

# What is the mission's own of a row, and no audience's below it.
_OWN = ("claim_key", "version", "event_key", "source", "record", "item", "file", "line", "levels")
_TOLD = tuple(name for name in SCHEMA if name not in (*_OWN, "entry"))
# Without these nothing is asserted: whoever may not know one of them knows nothing of the row.
_INDISPENSABLE = ("act", "earliest", "latest")
_PROBLEM = "problem"
_INSTANTS = tuple(name for name, kind in SCHEMA.items() if isinstance(kind, pl.Datetime))
_INSTANT_FORM = "%Y-%m-%dT%H:%M:%S%.f%:z"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A batch received, or records that their source took back, as it was entered.

    `number` is that of the entry, `described` the source's description as it was then (SHA-256), `batch` names the
    content by a keyed hash and `sealed` the file that holds it, `roots` commit to its rows, by level. `received` is the
    time of receipt (UTC), `new` counts claims not held before in this version, or the records withdrawn.
    """

    number: int
    kind: str
    source: str
    described: str
    file: str
    batch: str
    sealed: str
    roots: Mapping[str, str]
    rows_read: int
    rows_refused: int
    received: str
    new: int

    @classmethod
    def of_entry(cls, number: int, at: datetime, content: Mapping[str, Any]) -> Receipt:
        """Return the receipt that an entry of the record holds."""
        told = {name: content[name] for name in cls.__slots__ if name not in ("number", "received")}
        return cls(number=number, received=f"{at:%Y-%m-%dT%H:%M:%SZ}", **told)

    def as_line(self) -> str:
        """The receipt as one line of JSON, keys sorted."""
        told = {name: getattr(self, name) for name in sorted(Receipt.__slots__) if name not in ("sealed", "roots")}
        return json.dumps(told, ensure_ascii=False, sort_keys=True)


class Arrival(NamedTuple):
    """A batch that is about to be entered: what its entry says, and its sealed rows unless these are held already."""

    content: Mapping[str, Any]
    sealed: Batch | None

    def told_to(self, audience: Level) -> Mapping[str, Any] | None:
        """Return what an audience below the mission is committed to: the roots of what it may see of the rows."""
        roots = {word: root for word, root in self.content["roots"].items() if read_level(word) <= audience}
        return {"rows": roots} if roots else None


class Rows(NamedTuple):
    """A batch that was opened: its claims (without `entry`), at which rows they stand, problems, and erased rows."""

    claims: pl.DataFrame
    positions: pl.Series
    problems: tuple[Problem, ...]
    gaps: tuple[int, ...]


@dataclass(frozen=True)
class Receipts:
    """What was received, in order, under a mission's key.

    `keys` open the sealed batches, by name, as far as they are kept. `later` is what was received since: where a batch
    is lost and the same content came again, it is read from there.
    """

    folder: Path
    key: bytes
    receipts: tuple[Receipt, ...] = ()
    keys: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)
    later: tuple[Receipt, ...] = ()
    _opened: dict[str, Rows] = field(default_factory=dict, repr=False, compare=False)
    _lost: set[str] = field(default_factory=set, repr=False, compare=False)

    # ---- receiving ---------------------------------------------------------------------------------------------------

    def receive(
        self, received: Received, source: str, described: str, file: str, draw: Callable[[int], bytes]
    ) -> Arrival:
        """Return a file's reports as a batch to be entered, with the problems of its refused rows."""
        claims = claims_of(received.reports, self.key)
        batch = name_of_batch(self.key, claims, received.problems, (received.rows_read, received.rows_refused))
        self._find_again(batch, claims, received.problems)
        held = self.claims().select("claim_key", "version")
        told = {
            "kind": RECEIVED,
            "source": source,
            "described": described,
            "file": file,
            "rows_read": received.rows_read,
            "rows_refused": received.rows_refused,
            "new": claims.join(held, on=["claim_key", "version"], how="anti").height,
        }
        return self._arrival(batch, told, lambda: layered(claims, received.problems), draw)

    def withdraw(
        self,
        source: str,
        described: str,
        batches: Sequence[Received],
        held: pl.DataFrame,
        draw: Callable[[int], bytes],
    ) -> Arrival | None:
        """Return as withdrawn what was `held` of a source for the days that some batches span and is not among them."""
        claims = pl.concat([claims_of(batch.reports, self.key) for batch in batches])
        first, last = claims.select(pl.col("earliest").min(), pl.col("latest").max()).row(0)
        of_source = held.filter(pl.col("source") == source)
        gone = (
            of_source.filter((pl.col("earliest") >= first) & (pl.col("latest") <= last))
            .join(claims.select("claim_key"), on="claim_key", how="anti")
            # Of a record that still stands in the feed nothing is withdrawn: it reads differently.
            .join(claims.select("record").drop_nulls(), on="record", how="anti")
            .sort("claim_key")
        )
        if first is None or gone.is_empty():
            return None
        told = {"kind": WITHDRAWN, "source": source, "described": described, "file": "", "rows_read": 0}
        told |= {"rows_refused": 0, "new": gone["event_key"].n_unique()}
        keys = gone.select("claim_key", "version")
        return self._arrival(name_of_withdrawn(self.key, keys), told, lambda: _withdrawn(keys), draw)

    def _arrival(
        self,
        batch: str,
        told: Mapping[str, Any],
        rows: Callable[[], pl.DataFrame],
        draw: Callable[[int], bytes],
    ) -> Arrival:
        known = [receipt for receipt in (*self.receipts, *self.later) if receipt.batch == batch]
        for before in reversed(known):
            if self._is_whole(before):
                return Arrival({**told, "batch": batch, "sealed": before.sealed, "roots": before.roots}, None)
        # What was lost or erased and comes again is sealed anew, under salts of its own.
        again = len({receipt.sealed for receipt in known})
        name = f"{batch}-{again + 1}" if again else batch
        sealed = seal_batch(name, rows(), draw)
        roots = {word: root.hex() for word, root in sealed.roots.items()}
        return Arrival({**told, "batch": batch, "sealed": name, "roots": roots}, sealed)

    def _find_again(self, batch: str, claims: pl.DataFrame, problems: Sequence[Problem]) -> None:
        """Take what comes again for a batch of the same content that cannot be read back any more."""
        for receipt in self.receipts:
            if receipt.batch == batch:
                try:
                    self._open(receipt.sealed, receipt)
                except _UNREADABLE:
                    places = pl.Series(range(claims.height), dtype=pl.UInt32)
                    self._opened[receipt.sealed] = Rows(claims.drop("entry"), places, tuple(problems), ())
                    self._lost.add(receipt.sealed)

    def take_over(
        self, words: Mapping[str, Any], rows: pl.DataFrame, problems: Sequence[Problem], draw: Callable[[int], bytes]
    ) -> Arrival:
        """Return what was received, or withdrawn, before there was a ledger, as a batch to be entered."""
        told = {
            name: words[name] for name in ("kind", "source", "described", "file", "rows_read", "rows_refused", "new")
        }
        if words["kind"] == WITHDRAWN:
            return self._arrival(words["batch"], told, lambda: _withdrawn(rows), draw)
        claims = rows.with_columns(pl.lit(0, dtype=SCHEMA["entry"]).alias("entry")).select(SCHEMA.keys())
        return self._arrival(words["batch"], told, lambda: layered(claims, problems), draw)

    # ---- reading -----------------------------------------------------------------------------------------------------

    def claims(self) -> pl.DataFrame:
        """Return the claims as they stand, or stood: each in the version received last, under its first entry.

        A record that came in again is told as it was told last, whatever of it there was before. Withdrawn ones are
        left out, unless they came in again later. Raises TrucewatchError for a batch that cannot be read back.
        """
        told = empty_claims()
        for receipt in self.receipts:
            rows = self.rows(receipt)
            if receipt.kind == WITHDRAWN:
                told = told.join(rows.claims.select("claim_key"), on="claim_key", how="anti")
                continue
            numbered = rows.claims.with_columns(pl.lit(receipt.number, dtype=pl.Int64).alias("entry"))
            numbered = numbered.select(SCHEMA.keys())
            again = numbered.select("source", "record").drop_nulls().unique()
            gone = told.join(again, on=["source", "record"], how="semi").join(numbered, on="claim_key", how="anti")
            told = pl.concat([told.join(gone, on="claim_key", how="anti"), numbered])
        first = told.group_by("claim_key").agg(pl.col("entry").min())
        return current(told).drop("entry").join(first, on="claim_key").select(SCHEMA.keys()).sort("claim_key")

    def stood(self, entry: int) -> pl.DataFrame:
        """Return the claims as they stood as of an entry; one after the last is as good as the last."""
        then = tuple(receipt for receipt in self.receipts if receipt.number <= entry)
        return replace(self, receipts=then).claims()

    def batches(self) -> list[tuple[Receipt, tuple[Problem, ...]]]:
        """Return each batch received, once, with the problems of its rows."""
        entries = {receipt.batch: receipt for receipt in self.receipts if receipt.kind == RECEIVED}
        return [(receipt, self.rows(receipt).problems) for receipt in entries.values()]

    def find(self, name: str) -> dict[str, tuple[int, ...]]:
        """Return where a record stands, by its source's own id or a claim's key: sealed batch -> rows, from 0."""
        found = {}
        for receipt in self.receipts:
            if receipt.kind == RECEIVED and receipt.sealed not in found:
                rows = self.rows(receipt)
                at = rows.claims.select(((pl.col("record") == name) | (pl.col("claim_key") == name)).fill_null(False))
                found[receipt.sealed] = tuple(rows.positions.filter(at.to_series()))
        return {sealed: places for sealed, places in found.items() if places}

    def rows(self, receipt: Receipt) -> Rows:
        """Return what a receipt holds, read back; raises TrucewatchError where it is no longer that."""
        spare = [one.sealed for one in (*self.receipts, *self.later) if one.batch == receipt.batch]
        why = ""
        for sealed in dict.fromkeys((receipt.sealed, *spare)):
            try:
                rows = self._open(sealed, receipt)
            except _UNREADABLE as fault:
                why = why or str(fault).partition("\n")[0]
            else:
                if rows.gaps or _name_of(self.key, receipt, rows) == receipt.batch:
                    return rows
                why = why or f"batch {sealed}: it is not what was received, or the mission's key is another"
        mend = f"collect {receipt.file} again" if receipt.file else "collect the whole feed again"
        raise TrucewatchError(f"entry {receipt.number} cannot be read back ({why}), or {mend}")

    def _open(self, sealed: str, receipt: Receipt) -> Rows:
        if sealed not in self._opened:
            key = self.keys.get(sealed)
            if key is None:
                raise TrucewatchError(f"batch {sealed}: its key is gone; restore the mission from a backup")
            opened = open_batch(sealed, read_batch(self.folder, sealed), key)
            self._opened[sealed] = _unlayered(opened.rows, opened.gaps, receipt.kind)
        return self._opened[sealed]

    def _is_whole(self, receipt: Receipt) -> bool:
        if receipt.sealed in self._lost:
            return False
        try:
            rows = self._open(receipt.sealed, receipt)
        except _UNREADABLE:
            return False
        return not rows.gaps and _name_of(self.key, receipt, rows) == receipt.batch


_UNREADABLE = (TrucewatchError, OSError, TypeError, ValueError, pl.exceptions.PolarsError)


# ---- rows, level by level --------------------------------------------------------------------------------------------


def layered(claims: pl.DataFrame, problems: Sequence[Problem] = ()) -> pl.DataFrame:
    """Return what claims say, a column for each level: a line of JSON with the fields of that level, or null.

    Whoever may know a level may be shown that column, and learns from it nothing of the others. The mission's own
    column also tells which claim it is; after the claims it has the problems of refused rows.
    """
    plain = claims.with_columns(pl.col("geometry").bin.encode("hex"))
    filled = {name for name in plain.columns if plain[name].null_count() < plain.height}
    parts = []
    for (levels,), rows in plain.with_row_index("at").group_by("levels"):
        columns = [
            pl.struct(name for name in names if name in filled).struct.json_encode().alias(word)
            for word, names in _layers(str(levels or "")).items()
            if filled.intersection(names)
        ]
        parts.append(rows.select("at", *columns))
    told = [json.dumps([p.file, p.line, p.code, p.message, p.hint], ensure_ascii=False) for p in problems]
    own = pl.struct(pl.Series(_PROBLEM, told, dtype=pl.String)).struct.json_encode().alias(Level.MISSION.word)
    whole = pl.concat([*parts, pl.select(own)], how="diagonal") if parts else pl.select(own)
    ordered = whole.sort("at", nulls_last=True, maintain_order=True).drop("at") if parts else whole
    words = sorted(ordered.columns, key=_height)
    return ordered.select(words)


def _height(word: str) -> tuple[int, str]:
    return read_level(word).height, word


def _layers(levels: str) -> dict[str, list[str]]:
    """Return the fields of a claim by the level that each is marked with; `levels` is as in a claims table."""
    marked = {name: read_level(word) for name, word in json.loads(levels or "{}").items()}
    floor = most_sensitive(marked.get(name, Level.PUBLIC) for name in _INDISPENSABLE)
    layers = {most_sensitive((floor, Level.MISSION)).word: list(_OWN)}
    for name in _TOLD:
        level = most_sensitive((floor, marked.get(name, Level.PUBLIC)))
        layers.setdefault(level.word, []).append(name)
    return layers


def _withdrawn(keys: pl.DataFrame) -> pl.DataFrame:
    return keys.select(pl.struct("claim_key", "version").struct.json_encode().alias(Level.MISSION.word))


def _unlayered(rows: pl.DataFrame, gaps: tuple[int, ...], kind: str) -> Rows:
    """Read back what `layered` wrote, or the keys of what was withdrawn."""
    held = rows.with_row_index("at")
    if gaps:
        held = held.filter(~pl.col("at").is_in(gaps))
    if kind == WITHDRAWN:
        keys = _decoded(held[Level.MISSION.word], ("claim_key", "version"))
        return Rows(keys, held["at"], (), gaps)
    own = pl.DataFrame(schema={name: SCHEMA[name] for name in _OWN} | {_PROBLEM: pl.String()})
    for word in (Level.MISSION.word, Level.SEALED.word):
        if word in held.columns:
            found = _decoded(held[word], (*_OWN, _PROBLEM))
            own = found if own.is_empty() else own.select(pl.coalesce(name, found[name]) for name in own.columns)
    is_problem = own[_PROBLEM].is_not_null()
    problems = tuple(Problem(*json.loads(line)) for line in own[_PROBLEM].drop_nulls())
    own, held = own.filter(~is_problem).drop(_PROBLEM), held.filter(~is_problem)
    patterns = [_layers(levels) for levels in own["levels"].fill_null("").unique(maintain_order=True)]
    told: dict[str, pl.Series] = {}
    for word in held.columns[1:]:
        names = [name for name in _TOLD if any(name in layers.get(word, ()) for layers in patterns)]
        found = _decoded(held[word], names) if names else pl.DataFrame()
        for name in names:
            before = told.get(name)
            told[name] = found[name] if before is None else pl.select(pl.coalesce(before, found[name])).to_series()
    missing = [pl.lit(None, dtype=SCHEMA[name]).alias(name) for name in _TOLD if name not in told]
    claims = own.with_columns(*told.values()).with_columns(missing)
    return Rows(claims.select(name for name in SCHEMA if name != "entry"), held["at"], problems, gaps)


def _decoded(lines: pl.Series, names: Sequence[str]) -> pl.DataFrame:
    """Return some fields of lines of JSON; what a line does not name is null."""
    as_text = (*_INSTANTS, "geometry", _PROBLEM)
    form = pl.Struct({name: pl.String() if name in as_text else SCHEMA[name] for name in names})
    decoded = lines.fill_null("{}").str.json_decode(form).struct.unnest()
    instants = [
        pl.col(name).str.to_datetime(_INSTANT_FORM, time_unit="us", time_zone="UTC")
        for name in _INSTANTS
        if name in names
    ]
    shapes = [pl.col("geometry").str.decode("hex")] if "geometry" in names else []
    return decoded.with_columns(*instants, *shapes)


# ---- names -----------------------------------------------------------------------------------------------------------


def _name_of(key: bytes, receipt: Receipt, rows: Rows) -> str:
    if receipt.kind == WITHDRAWN:
        return name_of_withdrawn(key, rows.claims)
    return name_of_batch(key, rows.claims, rows.problems, (receipt.rows_read, receipt.rows_refused))


def name_of_batch(key: bytes, claims: pl.DataFrame, problems: Sequence[Problem], rows: tuple[int, int]) -> str:
    """Return the keyed hash that names a batch: of its claims, and of (rows read, refused) and their problems."""
    # What was refused belongs to a batch too; the name of the file does not.
    refused = [f"{problem.line}:{problem.code}:{problem.message}" for problem in problems]
    claimed = (*claims["claim_key"], *claims["version"])
    return keyed_hash(key, "batch", str(claims.height), *claimed, *refused, *map(str, rows))


def name_of_withdrawn(key: bytes, keys: pl.DataFrame) -> str:
    """Return the keyed hash by which withdrawn claims, in order of their keys, are named."""
    return keyed_hash(key, "withdrawn", *keys["claim_key"], *keys["version"])
