"""Taken over: what a mission received and decided before it had a ledger, brought under it as its own words tell it.

Its index, its Parquet files and its decisions stay as they are. Each line becomes an entry of today that carries the
line's own words and time; nothing is entered as of an earlier day.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from trucewatch.problems import Problem, TrucewatchError
from trucewatch.record.received import RECEIVED, WITHDRAWN, name_of_batch, name_of_withdrawn

INDEX, DECISIONS = "index.jsonl", "decisions.jsonl"
_LINE = (
    "batch", "described", "file", "kind", "new", "number", "received", "rows_read", "rows_refused", "source",
)  # fmt: skip
_DECISION = ("after", "at", "by", "one", "other", "reason", "same")
_UNREADABLE = (OSError, TypeError, ValueError, pl.exceptions.PolarsError)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the old index: its words, the rows it stands for, the problems of others, and a description."""

    words: dict[str, Any]
    rows: pl.DataFrame
    problems: tuple[Problem, ...]
    description: bytes


def index_lines(folder: Path, key: bytes) -> Iterator[Line]:
    """Go through the old index of `received/`; raises TrucewatchError for a line, or rows, that are damaged."""
    path = folder / INDEX
    for number, line in enumerate(_lines(path, "index"), 1):
        words = _words(path, number, line, _LINE, "index")
        if words["number"] != number or words["kind"] not in (RECEIVED, WITHDRAWN):
            raise _damaged(path, number, "index")
        yield _opened(folder, key, words)


def decision_lines(path: Path) -> list[dict[str, Any]]:
    """Return the old decisions in order; none where there is no such file."""
    if not path.exists():
        return []
    return [_words(path, at, line, _DECISION, "file") for at, line in enumerate(_lines(path, "file"), 1)]


def _lines(path: Path, what: str) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as fault:
        why = getattr(fault, "strerror", None) or str(fault)
        raise TrucewatchError(f"{path}: cannot be read ({why}); restore it from a copy") from None
    # Every line ends: what stands behind the last end is an entry that was cut off.
    return lines[:-1] if lines[-1] == "" else lines


def _words(path: Path, number: int, line: str, names: tuple[str, ...], what: str) -> dict[str, Any]:
    try:
        words = json.loads(line)
        if not isinstance(words, dict) or set(words) != set(names):
            raise ValueError("is no entry")
        datetime.fromisoformat(words.get("received") or words["at"])
    except (KeyError, TypeError, ValueError):
        raise _damaged(path, number, what) from None
    return words


def _damaged(path: Path, number: int, what: str) -> TrucewatchError:
    return TrucewatchError(f"{path}:{number}: cannot be read; the {what} is damaged, restore it from a copy")


def _opened(folder: Path, key: bytes, words: dict[str, Any]) -> Line:
    path = folder / f"{words['batch']}.parquet"
    problems: tuple[Problem, ...] = ()
    try:
        rows = pl.read_parquet(path)
        if words["kind"] == WITHDRAWN:
            name = name_of_withdrawn(key, rows)
        else:
            told = (folder / f"{words['batch']}.problems.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
            problems = tuple(Problem(*json.loads(line)) for line in told)
            name = name_of_batch(key, rows, problems, (words["rows_read"], words["rows_refused"]))
        if name != words["batch"]:
            raise ValueError("it is not what was received, or the mission's key is another")
        description = (folder / f"{words['described']}.yml").read_bytes()
    except _UNREADABLE as fault:
        why = getattr(fault, "strerror", None) or str(fault).partition("\n")[0]
        raise TrucewatchError(
            f"{path}: line {words['number']} of the index cannot be read back ({why}); restore it from a copy"
        ) from None
    return Line(words, rows, problems, description)
