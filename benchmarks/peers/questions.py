"""The question that every peer of `assess` gets, and the form of its answer.

An event violates a clause where it surely lies in the clause's zone: inside it, and further from its boundary than the
event's uncertainty. It is undetermined where its disc touches the zone and it does not surely lie inside. Both hold
only where the clause asks about events of that act, actor, weapon and instant.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely
from shapely.geometry.base import BaseGeometry

VIOLATION, UNDETERMINED = 1, 2
ANSWER = pl.Schema({"event": pl.Int64(), "clause": pl.Int64(), "outcome": pl.Int64()})


@dataclass(frozen=True, slots=True)
class Question:
    """Zones, clauses and events, in metres of one plane and microseconds.

    `zones` are polygons, numbered from 0. `clauses` has the columns clause, zone, start_us, end_us (exclusive), acts,
    actors and weapons (lists of small whole numbers). `events` has event, x_m, y_m, t_us, act, actor, weapon and
    allowed_m, how far the event may lie from its point.
    """

    zones: tuple[BaseGeometry, ...]
    clauses: pl.DataFrame
    events: pl.DataFrame

    def first(self, events: int) -> Question:
        """Return the same question about the first so many events."""
        return Question(self.zones, self.clauses, self.events.head(events))

    def write(self, folder: Path) -> None:
        """Write it as Parquet files into a folder."""
        wkb = pl.Series("wkb", [shapely.to_wkb(zone) for zone in self.zones], pl.Binary)
        pl.DataFrame({"wkb": wkb}).write_parquet(folder / "zones.parquet")
        self.clauses.write_parquet(folder / "clauses.parquet")
        self.events.write_parquet(folder / "events.parquet")

    @classmethod
    def read(cls, folder: Path, events: int | None = None) -> Question:
        """Read what `write` wrote: all events, or the first so many."""
        zones = pl.read_parquet(folder / "zones.parquet")["wkb"]
        return cls(
            tuple(shapely.from_wkb(wkb) for wkb in zones),
            pl.read_parquet(folder / "clauses.parquet"),
            pl.read_parquet(folder / "events.parquet", n_rows=events),
        )


class Engine(Protocol):
    """A peer that holds the question in tables of its own; `answer` works, `rows` and `totals` tell what was found."""

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found, all preparation and indexes included."""

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted: `ANSWER`, sorted."""


def kinds(question: Question) -> pl.DataFrame:
    """Return (act, actor, weapon, clause): what each clause asks about, one row for each combination."""
    asked = question.clauses.select("clause", act="acts", actor="actors", weapon="weapons")
    return asked.explode("act").explode("actor").explode("weapon").select("act", "actor", "weapon", "clause")


def masks(question: Question) -> pl.DataFrame:
    """Return (clause, zone, start_us, end_us, acts, weapons), the last two as bits: no list may hold 63 or more."""
    bits = [
        pl.col(name).list.eval(pl.lit(1) * 2 ** pl.element()).list.sum().cast(pl.Int64) for name in ("acts", "weapons")
    ]
    return question.clauses.select("clause", "zone", "start_us", "end_us", *bits)


def bound(question: Question) -> pl.DataFrame:
    """Return (actor, clause): whom each clause asks about."""
    return question.clauses.select(pl.col("actors").alias("actor"), "clause").explode("actor")


def asked(question: Question) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the kind of every event, and for [kind, row of `clauses`] whether the clause asks about it."""
    lists = question.clauses.select("acts", "actors", "weapons")
    codes = [question.events[name].to_numpy().astype(np.int64) for name in ("act", "actor", "weapon")]
    sizes = [
        1 + max(int(column.max(initial=0)), *(max(some, default=0) for some in named))
        for column, named in zip(codes, lists, strict=True)
    ]
    table = np.zeros((lists.height, *sizes), dtype=np.bool_)
    for row, sets in enumerate(lists.iter_rows()):
        table[row][np.ix_(*sets)] = True
    return np.ravel_multi_index(codes, sizes), np.ascontiguousarray(table.reshape(lists.height, -1).T)


def answered(events: npt.ArrayLike, clauses: npt.ArrayLike, outcomes: npt.ArrayLike) -> pl.DataFrame:
    """Return rows in the form of an answer, in order."""
    found = pl.DataFrame({"event": events, "clause": clauses, "outcome": outcomes})
    return found.cast(ANSWER).sort("event", "clause")


def counted(rows: pl.DataFrame) -> dict[int, int]:
    """Return how often each outcome occurs."""
    found = dict(rows["outcome"].value_counts().iter_rows())
    return {outcome: int(found.get(outcome, 0)) for outcome in (VIOLATION, UNDETERMINED)}
