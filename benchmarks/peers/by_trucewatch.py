"""Trucewatch itself, asked as its peers are: a docket of the agreement, and accounts in batches, on one thread."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from benchmarks.peers.questions import UNDETERMINED, VIOLATION, Question, answered
from benchmarks.world import World, events, fresh_docket, peer_tables, world
from trucewatch.assessment.dockets import docket_of
from trucewatch.engines.local import assess_batches

FORMS = ("grid",)
_OUTCOMES = {"violation": VIOLATION, "undetermined": UNDETERMINED}
_SEED, _OTHER_SEED = 1, 2


def write_question(folder: Path, rows: int) -> None:
    """Write the invented agreement, so many events as accounts, and the same question for peers, into a folder."""
    made = world(folder / "agreement")
    accounts = pl.concat(events(made, rows, _SEED))
    accounts.write_parquet(folder / "accounts.parquet")
    Question(*peer_tables(made, docket_of(made.agreement), accounts)).write(folder)


class Engine:
    """A world and its events; `stages` tells the seconds of the last answer apart."""

    def __init__(self, folder: Path, rows: int) -> None:
        """Read the agreement and the accounts that `write_question` wrote; compiled code comes from its disk cache."""
        self._made: World = world(folder / "agreement")
        self._accounts = pl.read_parquet(folder / "accounts.parquet", n_rows=rows)
        self.stages: dict[str, float] = {}
        self.counts(events(self._made, 2_000, _OTHER_SEED))

    def counts(self, batches: Iterable[pl.DataFrame], threads: int = 1) -> dict[str, int]:
        """Make the docket and judge batches; returns how often each outcome came. Making the batches is not timed."""
        begun = time.perf_counter()
        docket = fresh_docket(self._made)
        self.stages = {"index": time.perf_counter() - begun, "waited": 0.0}
        found = pl.concat(
            judged["outcome"].value_counts().cast({"outcome": pl.String, "count": pl.Int64})
            for judged in assess_batches(self._timed(batches), docket, threads)
        )
        self.stages["judge"] = time.perf_counter() - begun - self.stages["index"] - self.stages.pop("waited")
        return dict(found.group_by("outcome").agg(pl.col("count").sum()).sort("outcome").iter_rows())

    def stream(self, rows: int, by_cell: bool = False, threads: int = 1) -> dict[str, int]:
        """Judge so many events, drawn a batch at a time, in the memory of a few batches."""
        return self.counts(events(self._made, rows, _SEED, by_cell), threads)

    def _timed(self, batches: Iterable[pl.DataFrame]) -> Iterable[pl.DataFrame]:
        asked = time.perf_counter()
        for batch in batches:
            self.stages["waited"] += time.perf_counter() - asked
            yield batch
            asked = time.perf_counter()

    def answer(self, form: str) -> dict[int, int]:
        """Return how often each outcome was found."""
        found = self.counts([self._accounts])
        return {number: found.get(name, 0) for name, number in _OUTCOMES.items()}

    def rows(self, form: str) -> pl.DataFrame:
        """Return the rows that are counted."""
        judged = docket_of(self._made.agreement).judge(self._accounts).with_columns(pl.col("outcome").cast(pl.String))
        told = judged.filter(pl.col("outcome").is_in(list(_OUTCOMES))).with_columns(
            pl.col("outcome").replace_strict(_OUTCOMES, return_dtype=pl.Int64)
        )
        events_of = self._accounts["event"].gather(told["row"])
        return answered(events_of, told["clause"], told["outcome"])
