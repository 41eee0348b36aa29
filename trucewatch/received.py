"""Received: what came in, batch by batch, and when; an index that is only ever appended to.

Each batch lies as Parquet under a keyed hash of its content, so that the same content is never kept twice; the index
says in which order batches arrived, and which records their source has taken back since.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.claims import SCHEMA, claims_of, current, empty_claims, keyed_hash
from trucewatch.problems import Problem, TrucewatchError
from trucewatch.reports import Received
from trucewatch.when import read_edtf

INDEX = "index.jsonl"
_RECEIVED, _WITHDRAWN = "received", "withdrawn"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index: a batch received, or records that their source took back.

    `batch` names the Parquet file, `received` is the time of receipt (UTC), `new` counts claims not held before in this
    version, or the records withdrawn.
    """

    number: int
    kind: str
    source: str
    file: str
    batch: str
    rows_read: int
    rows_refused: int
    received: str
    new: int
    problems: str = ""  # names the file of the rows that were refused; empty: none

    def as_line(self) -> str:
        """The entry as one line of JSON, keys sorted."""
        told = {name: getattr(self, name) for name in sorted(Entry.__slots__)}
        return json.dumps(told, ensure_ascii=False, sort_keys=True)


@dataclass(frozen=True, slots=True)
class Receipts:
    """The folder of what was received, under a mission's key."""

    folder: Path
    key: bytes

    def entries(self, as_of: str | None = None) -> tuple[Entry, ...]:
        """Return the index in order, as it stands or stood as of an entry's number or a date of receipt (EDTF, UTC).

        Raises TrucewatchError for a damaged index, or an as-of that is neither.
        """
        path = self.folder / INDEX
        found = []
        for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                found.append(Entry(**json.loads(text)))
            except (ValueError, TypeError):
                raise TrucewatchError(f"{path}:{line}: cannot be read; the index is damaged, restore it") from None
        return tuple(found) if as_of is None else _until(found, as_of)

    def receive(self, received: Received, source: str, file: str, at: datetime) -> Entry:
        """Keep a batch and enter it; one that is held already is entered again and kept once."""
        claims = claims_of(received.reports, self.key)
        batch = keyed_hash(self.key, "batch", *claims["claim_key"], *claims["version"])
        held = self.claims().select("claim_key", "version")
        new = claims.join(held, on=["claim_key", "version"], how="anti").height
        path = self._path(batch)
        if not path.exists():
            write_whole(path, lambda beside: claims.drop("entry").write_parquet(beside, compression="zstd"))
        lines = [json.dumps([p.file, p.line, p.code, p.message, p.hint], ensure_ascii=False) for p in received.problems]
        refused = keyed_hash(self.key, "refused", *lines) if lines else ""
        if refused:
            text = "".join(f"{line}\n" for line in lines)
            write_whole(self._problems_path(refused), lambda beside: beside.write_text(text, encoding="utf-8"))
        rows = (received.rows_read, received.rows_refused)
        return self._enter(_RECEIVED, source, file, batch, rows, at, new, refused)

    def withdraw(self, source: str, batches: Sequence[Received], held: pl.DataFrame, at: datetime) -> Entry | None:
        """Enter as withdrawn what was `held` of a source for the days that some batches span and is not among them."""
        claims = pl.concat([claims_of(batch.reports, self.key) for batch in batches])
        first, last = claims.select(pl.col("earliest").min(), pl.col("latest").max()).row(0)
        of_source = held.filter(pl.col("source") == source)
        gone = (
            of_source.filter((pl.col("earliest") >= first) & (pl.col("latest") <= last))
            .join(claims.select("claim_key"), on="claim_key", how="anti")
            .sort("claim_key")
        )
        if first is None or gone.is_empty():
            return None
        keys = gone.select("claim_key", "version")
        batch = keyed_hash(self.key, "withdrawn", *keys["claim_key"], *keys["version"])
        write_whole(self._path(batch), lambda beside: keys.write_parquet(beside))
        return self._enter(_WITHDRAWN, source, "", batch, (0, 0), at, gone["event_key"].n_unique())

    def claims(self, as_of: str | None = None) -> pl.DataFrame:
        """Return the claims as they stand, or stood: each in the version received last, under its first entry.

        Withdrawn ones are left out, unless they came in again later.
        """
        told = empty_claims()
        for entry in self.entries(as_of):
            batch = pl.read_parquet(self._path(entry.batch))
            if entry.kind == _WITHDRAWN:
                told = told.join(batch.select("claim_key"), on="claim_key", how="anti")
            else:
                numbered = batch.with_columns(pl.lit(entry.number, dtype=pl.Int64).alias("entry"))
                told = pl.concat([told, numbered.select(SCHEMA.keys())])
        first = told.group_by("claim_key").agg(pl.col("entry").min())
        return current(told).drop("entry").join(first, on="claim_key").select(SCHEMA.keys()).sort("claim_key")

    def account(self, as_of: str | None = None) -> tuple[tuple[Problem, ...], int, int, int]:
        """Return (problems, rows read, rows refused, records withdrawn) of all that was received, the same once."""
        entries = self.entries(as_of)
        batches = {(entry.batch, entry.problems): entry for entry in entries if entry.kind == _RECEIVED}
        problems = tuple(
            Problem(*json.loads(line))
            for refused in dict.fromkeys(entry.problems for entry in batches.values() if entry.problems)
            for line in self._problems_path(refused).read_text(encoding="utf-8").splitlines()
        )
        read = sum(entry.rows_read for entry in batches.values())
        refused = sum(entry.rows_refused for entry in batches.values())
        return problems, read, refused, sum(entry.new for entry in entries if entry.kind == _WITHDRAWN)

    def _path(self, batch: str) -> Path:
        return self.folder / f"{batch}.parquet"

    def _problems_path(self, batch: str) -> Path:
        return self.folder / f"{batch}.problems.jsonl"

    def _enter(
        self,
        kind: str,
        source: str,
        file: str,
        batch: str,
        rows: tuple[int, int],
        at: datetime,
        new: int,
        problems: str = "",
    ) -> Entry:
        number = len(self.entries()) + 1
        entry = Entry(number, kind, source, file, batch, *rows, f"{at:%Y-%m-%dT%H:%M:%SZ}", new, problems)
        with (self.folder / INDEX).open("a", encoding="utf-8", newline="\n") as index:
            index.write(entry.as_line() + "\n")
            index.flush()
            os.fsync(index.fileno())
        return entry


def _until(entries: Sequence[Entry], as_of: str) -> tuple[Entry, ...]:
    # Four digits are a year; nobody asks for entry 2017 by number and means the day after the first of that year.
    if as_of.isdigit() and len(as_of) != 4:
        if not 1 <= int(as_of) <= len(entries):
            raise TrucewatchError(f"there is no entry {as_of}; the index has {len(entries)}")
        return tuple(entries[: int(as_of)])
    try:
        limit = read_edtf(as_of, "UTC").latest
    except ValueError as fault:
        raise TrucewatchError(f"as-of is an entry's number or a date: {fault}") from None
    return tuple(entry for entry in entries if datetime.fromisoformat(entry.received) < limit)


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place and rename it into it, so that it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        write(beside)
        os.replace(beside, path)
    except OSError as fault:
        beside.unlink(missing_ok=True)
        raise TrucewatchError(f"{path}: cannot be written ({fault.strerror})") from None


def sources_of(entries: Iterable[Entry]) -> list[str]:
    """Return the ids of the sources that some entries are of, sorted."""
    return sorted({entry.source for entry in entries})
