"""On one machine: batches of accounts, one after another, in a few threads and bounded memory."""

from __future__ import annotations

import itertools
import queue
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import polars as pl

from trucewatch.assessment.dockets import Docket, Sifted, Sifter
from trucewatch.problems import TrucewatchError

BATCH_ROWS = 500_000


def assess_batches(batches: Iterable[pl.DataFrame], docket: Docket, threads: int = 2) -> Iterator[pl.DataFrame]:
    """Yield for each batch what `Docket.judge` says of it, in the order of the batches.

    At most one batch more than there are threads is held at a time. The number of threads and the size of the batches
    change nothing in what comes out; rows count from 0 in each batch.
    """
    if threads < 2:
        sifter = Sifter(docket)
        for batch in batches:
            yield docket.answered(sifter, sifter.sift(batch))
        return
    free: queue.SimpleQueue[Sifter] = queue.SimpleQueue()
    for _ in range(threads):
        free.put(Sifter(docket))

    def sift(batch: pl.DataFrame) -> tuple[Sifter, Sifted]:
        sifter = free.get()
        try:
            return sifter, sifter.sift(batch)
        finally:
            free.put(sifter)

    waiting: deque[Future[tuple[Sifter, Sifted]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        coming = iter(batches)
        for batch in itertools.islice(coming, threads + 1):
            waiting.append(pool.submit(sift, batch))
        while waiting:
            yield docket.answered(*waiting.popleft().result())
            waiting.extend(pool.submit(sift, batch) for batch in itertools.islice(coming, 1))


def batches_of(path: Path, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS) -> Iterator[pl.DataFrame]:
    """Yield a Parquet file's rows in batches of so many, in their order; only the row groups at hand are read.

    Raises TrucewatchError for what is no Parquet file.
    """
    try:
        scanned = pl.scan_parquet(path)
        chosen = scanned.select(columns) if columns is not None else scanned
        total = int(scanned.select(pl.len()).collect().item())
        for first in range(0, total, rows):
            yield chosen.slice(first, rows).collect()
    except (OSError, pl.exceptions.PolarsError) as fault:
        raise TrucewatchError(f"{path} cannot be read as a Parquet table of accounts: {fault}") from None
