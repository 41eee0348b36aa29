"""Received: what came in, batch by batch, and when; an index that is only ever appended to.

Each batch lies as Parquet under a keyed hash of its content, so that the same content is never kept twice; the index
says in which order batches arrived, and which records their source has taken back since.
"""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.claims import SCHEMA, claims_of, current, empty_claims, keyed_hash
from trucewatch.problems import Problem, TrucewatchError, WrongCall
from trucewatch.reports import Received
from trucewatch.when import read_edtf

INDEX = "index.jsonl"
RECEIVED, WITHDRAWN = "received", "withdrawn"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the index: a batch received, or records that their source took back.

    `batch` names the Parquet file, `described` the source's description as it was then, `received` is the time of
    receipt (UTC), `new` counts claims not held before in this version, or the records withdrawn.
    """

    number: int
    kind: str
    source: str
    described: str
    file: str
    batch: str
    rows_read: int
    rows_refused: int
    received: str
    new: int

    def as_line(self) -> str:
        """The entry as one line of JSON, keys sorted."""
        told = {name: getattr(self, name) for name in sorted(Entry.__slots__)}
        return json.dumps(told, ensure_ascii=False, sort_keys=True)

    @classmethod
    def of_line(cls, line: str, number: int) -> Entry:
        """Read the entry that stands at a number of the index; raises ValueError for anything else."""
        told = json.loads(line)
        if not isinstance(told, dict) or set(told) != set(cls.__slots__):
            raise ValueError("is no entry")
        entry = cls(**told)
        texts = (entry.source, entry.described, entry.file, entry.batch, entry.received)
        counts = (entry.rows_read, entry.rows_refused, entry.new)
        if not all(isinstance(text, str) for text in texts) or not all(type(count) is int for count in counts):
            raise ValueError("is no entry")
        datetime.fromisoformat(entry.received)
        if entry.number != number or entry.kind not in (RECEIVED, WITHDRAWN):
            raise ValueError("is out of order")
        return entry


@dataclass(frozen=True, slots=True)
class Receipts:
    """The folder of what was received, under a mission's key."""

    folder: Path
    key: bytes

    def entries(self, as_of: str | None = None) -> tuple[Entry, ...]:
        """Return the index in order, as it stands or stood as of an entry's number or a date of receipt (EDTF, UTC).

        Raises TrucewatchError for a damaged index, WrongCall for an as-of that is neither.
        """
        path = self.folder / INDEX
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, UnicodeDecodeError) as fault:
            raise TrucewatchError(f"{path}: cannot be read ({_why(fault)}); restore it from a copy") from None
        found = []
        # Every line ends: what stands behind the last end is an entry that was cut off.
        for number, line in enumerate(lines[:-1] if lines[-1] == "" else lines, 1):
            try:
                found.append(Entry.of_line(line, number))
            except (ValueError, TypeError):
                told = f"{path}:{number}: cannot be read; the index is damaged, restore it from a copy"
                raise TrucewatchError(told) from None
        return tuple(found) if as_of is None else _until(found, as_of)

    def receive(self, received: Received, source: str, described: str, file: str, at: datetime) -> Entry:
        """Keep a batch and enter it; one that is held already is entered again and kept once."""
        claims = claims_of(received.reports, self.key)
        told = [json.dumps([p.file, p.line, p.code, p.message, p.hint], ensure_ascii=False) for p in received.problems]
        problems = "".join(f"{line}\n" for line in told)
        rows = (received.rows_read, received.rows_refused)
        batch = self._name(claims, received.problems, rows)
        if not self._is_held(batch, rows):
            write_whole(
                self._path(batch), lambda beside: claims.drop("entry").write_parquet(beside, compression="zstd")
            )
            write_whole(self._problems_path(batch), lambda beside: beside.write_text(problems, encoding="utf-8"))
        held = self.claims().select("claim_key", "version")
        new = claims.join(held, on=["claim_key", "version"], how="anti").height
        return self._enter(RECEIVED, (source, described, file), batch, rows, at, new)

    def withdraw(
        self, source: str, described: str, batches: Sequence[Received], held: pl.DataFrame, at: datetime
    ) -> Entry | None:
        """Enter as withdrawn what was `held` of a source for the days that some batches span and is not among them."""
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
        keys = gone.select("claim_key", "version")
        batch = self._name_withdrawn(keys)
        write_whole(self._path(batch), lambda beside: keys.write_parquet(beside))
        return self._enter(WITHDRAWN, (source, described, ""), batch, (0, 0), at, gone["event_key"].n_unique())

    def claims(self, as_of: str | None = None) -> pl.DataFrame:
        """Return the claims as they stand, or stood: each in the version received last, under its first entry.

        A record that came in again is told as it was told last, whatever of it there was before. Withdrawn ones are
        left out, unless they came in again later.
        """
        told = empty_claims()
        for entry in self.entries(as_of):
            batch, _ = self._open(entry)
            if entry.kind == WITHDRAWN:
                told = told.join(batch.select("claim_key"), on="claim_key", how="anti")
                continue
            numbered = batch.with_columns(pl.lit(entry.number, dtype=pl.Int64).alias("entry")).select(SCHEMA.keys())
            again = numbered.select("source", "record").drop_nulls().unique()
            gone = told.join(again, on=["source", "record"], how="semi").join(numbered, on="claim_key", how="anti")
            told = pl.concat([told.join(gone, on="claim_key", how="anti"), numbered])
        first = told.group_by("claim_key").agg(pl.col("entry").min())
        return current(told).drop("entry").join(first, on="claim_key").select(SCHEMA.keys()).sort("claim_key")

    def batches(self, as_of: str | None = None) -> list[tuple[Entry, tuple[Problem, ...]]]:
        """Return each batch received, once, with the problems of its rows."""
        entries = {entry.batch: entry for entry in self.entries(as_of) if entry.kind == RECEIVED}
        return [(entry, self._open(entry)[1]) for entry in entries.values()]

    def keep_description(self, text: bytes) -> str:
        """Keep a source's description as it is now; return the name it is kept under."""
        name = keyed_hash(self.key, "described", text.decode("utf-8", "surrogateescape"))
        if not (path := self._description_path(name)).exists():
            write_whole(path, lambda beside: beside.write_bytes(text))
        return name

    def description(self, name: str) -> Path:
        """Return where a description is kept; raises TrucewatchError where it no longer is."""
        path = self._description_path(name)
        if not path.is_file():
            raise TrucewatchError(f"{path}: is missing; restore it from a copy, or collect from its source again")
        return path

    def _description_path(self, name: str) -> Path:
        return self.folder / f"{name}.yml"

    def _path(self, batch: str) -> Path:
        return self.folder / f"{batch}.parquet"

    def _problems_path(self, batch: str) -> Path:
        return self.folder / f"{batch}.problems.jsonl"

    def _name(self, claims: pl.DataFrame, problems: Sequence[Problem], rows: tuple[int, int]) -> str:
        # What was refused belongs to a batch too; the name of the file does not.
        refused = [f"{problem.line}:{problem.code}:{problem.message}" for problem in problems]
        claimed = (*claims["claim_key"], *claims["version"])
        return keyed_hash(self.key, "batch", str(claims.height), *claimed, *refused, *map(str, rows))

    def _name_withdrawn(self, keys: pl.DataFrame) -> str:
        return keyed_hash(self.key, "withdrawn", *keys["claim_key"], *keys["version"])

    def _is_held(self, batch: str, rows: tuple[int, int]) -> bool:
        try:
            return self._name(*self._read(batch), rows) == batch
        except _UNREADABLE:
            return False

    def _read(self, batch: str) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
        lines = self._problems_path(batch).read_text(encoding="utf-8").split("\n")[:-1]
        return pl.read_parquet(self._path(batch)), tuple(Problem(*json.loads(line)) for line in lines)

    def _open(self, entry: Entry) -> tuple[pl.DataFrame, tuple[Problem, ...]]:
        """Read back what was entered; raises TrucewatchError where it is no longer that."""
        path = self._path(entry.batch)
        problems: tuple[Problem, ...]
        try:
            if entry.kind == WITHDRAWN:
                claims, problems = pl.read_parquet(path), ()
                name = self._name_withdrawn(claims)
            else:
                claims, problems = self._read(entry.batch)
                name = self._name(claims, problems, (entry.rows_read, entry.rows_refused))
        except _UNREADABLE as fault:
            why = _why(fault)
        else:
            if name == entry.batch:
                return claims, problems
            why = "it is not what was received, or the mission's key is another"
        mend = f"or collect {entry.file} again" if entry.file else "or collect the whole feed again"
        raise TrucewatchError(
            f"{path}: entry {entry.number} cannot be read back ({why}); restore it from a copy, {mend}"
        )

    def _enter(
        self, kind: str, of: tuple[str, str, str], batch: str, rows: tuple[int, int], at: datetime, new: int
    ) -> Entry:
        source, described, file = of
        number = len(self.entries()) + 1
        entry = Entry(number, kind, source, described, file, batch, *rows, f"{at:%Y-%m-%dT%H:%M:%SZ}", new)
        path = self.folder / INDEX
        line = f"{entry.as_line()}\n".encode()
        try:
            with path.open("ab+", buffering=0) as index:
                before = index.tell()
                index.seek(max(before - 1, 0))
                # Somebody's editor may have taken the end of the last line.
                line = line if index.read(1) in (b"", b"\n") else b"\n" + line
                try:
                    if index.write(line) != len(line):
                        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                    os.fsync(index.fileno())
                except BaseException:
                    # Half an entry would spoil the index.
                    index.truncate(before)
                    raise
        except OSError as fault:
            raise TrucewatchError(f"{path}: cannot be written ({fault.strerror}); {file} is not entered") from None
        return entry


def _why(fault: Exception) -> str:
    return getattr(fault, "strerror", None) or str(fault).partition("\n")[0]


_UNREADABLE = (OSError, TypeError, ValueError, pl.exceptions.PolarsError)


def _until(entries: Sequence[Entry], as_of: str) -> tuple[Entry, ...]:
    # Four digits are a year; nobody asks for entry 2017 by number and means the day after the first of that year.
    if re.fullmatch(r"\d{1,3}|\d{5,9}", as_of, re.ASCII):
        if not 1 <= int(as_of) <= len(entries):
            raise WrongCall(f"there is no entry {as_of}; the index has {len(entries)}")
        return tuple(entries[: int(as_of)])
    try:
        limit = read_edtf(as_of, "UTC").latest
    except ValueError as fault:
        raise WrongCall(f"as-of is an entry's number or a date: {fault}") from None
    return tuple(entry for entry in entries if datetime.fromisoformat(entry.received) < limit)


def write_whole(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file beside its place and rename it into it, so that it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.partial")
    try:
        try:
            write(beside)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as fault:
        raise TrucewatchError(f"{path}: cannot be written ({_why(fault)})") from None
