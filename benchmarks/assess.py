"""How fast Trucewatch assesses: events a second a core, index included, memory, and how far from the memory's speed.

    python -m benchmarks.assess 10000000

Everything assessed is a SIMULATION (`benchmarks/world.py`). Kernels are compiled, or read from their cache on
disk, before the clock starts.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.world import World, events, fresh_docket, world
from trucewatch.assessment.dockets import Docket, Sifter, docket_of
from trucewatch.engines.local import assess_batches, batches_of
from trucewatch.kernels.compiled import frozen, kernel
from trucewatch.kernels.sieve import Found, sift
from trucewatch.kernels.zone_grid import grid_of

_BATCHES_OUT_OF_CACHE = 4


def run_ours(rows: int, folder: Path, *, threads: int = 1, by_cell: bool = False, repeats: int = 3) -> dict[str, Any]:
    """Return medians over some runs on events held in memory: seconds of each step, events a second, what was found.

    `total_s` holds the docket, made anew each time (the agreement cut into pieces, grid and tables), and the events.
    """
    made = world(folder)
    batches = list(events(made, rows, by_cell=by_cell))
    docket = docket_of(made.agreement)
    list(assess_batches([batches[0].head(1000)], docket, 1))
    steps: list[dict[str, float]] = []
    found: Counter[str] = Counter()
    for _ in range(repeats):
        begin = time.perf_counter()
        docket = fresh_docket(made)
        built = time.perf_counter()
        outcomes = [part["outcome"].value_counts() for part in assess_batches(batches, docket, threads)]
        done = time.perf_counter()
        steps.append({"docket_s": built - begin, "events_s": done - built, "total_s": done - begin})
        found = Counter()
        for counts in outcomes:
            found.update(dict(counts.iter_rows()))
    median = {name: float(np.median([step[name] for step in steps])) for name in steps[0]}
    spread = {name.replace("_s", "_spread"): float(np.ptp([step[name] for step in steps])) for name in steps[0]}
    return {
        "rows": rows,
        "threads": threads,
        "sorted": by_cell,
        **median,
        **spread,
        "index_s": index_s(docket),
        "events_per_s": rows / median["total_s"],
        "found": dict(found),
        **limit(docket, pl.concat(batches[:_BATCHES_OUT_OF_CACHE])),
    }


def index_s(docket: Docket) -> float:
    """Return the seconds that the grid over all shapes takes, the shortest of three."""
    shapes = list({atom: None for tests in docket.tests for atom in tests.place_atoms})
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        grid_of(shapes, docket.grid.reach)
        times.append(time.perf_counter() - begin)
    return min(times)


def limit(docket: Docket, batch: pl.DataFrame) -> dict[str, float]:
    """Return the kernel's share of the speed at which a compiled pass that sums the same columns reads them.

    Both are the shortest of seven, on one thread; a batch should be larger than the caches. Columns that hold one value
    throughout are counted as they are stored.
    """
    sifter = Sifter(docket)
    docket.answered(sifter, sifter.sift(batch))
    for slot, (_, _, state) in enumerate(sifter.answers):
        sifter.slots.state[slot] = state
    rows, questions, given = docket.rows(batch, None)
    room = batch.height
    found = Found(
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.uint16),
        np.empty(room, dtype=np.int32),
        np.empty(room, dtype=np.int32),
        np.zeros(2, dtype=np.int64),
    )
    size = sum(column.nbytes for column in rows)
    columns = [frozen(column[: room // 8 * 8].view(np.uint64), np.uint64) for column in rows]
    kernel_s, pass_s = [], []
    for _ in range(7):
        found.sizes[:] = 0
        begin = time.perf_counter()
        sift.fast()(rows, questions, given, sifter.slots, found, 0, room)
        kernel_s.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        for column in columns:
            summed.fast()(column)
        pass_s.append(time.perf_counter() - begin)
    bandwidth = size / min(pass_s)
    return {
        "bytes_per_event": size / room,
        "bandwidth_gb_s": bandwidth / 1e9,
        "kernel_ns_per_event": min(kernel_s) / room * 1e9,
        "share_of_bandwidth": min(pass_s) / min(kernel_s),
    }


@kernel
def summed(column: npt.NDArray[np.uint64]) -> int:
    """Read a column."""
    total = np.uint64(0)
    for value in column:
        total += value
    return int(total)


def peak(rows: int, folder: Path, threads: int = 2) -> dict[str, float]:
    """Return seconds and peak memory of streaming events from a Parquet file, in a process of its own."""
    path = folder / "events.parquet"
    made = world(folder)
    pl.concat(list(events(made, rows))).write_parquet(path, row_group_size=100_000)
    code = f"from benchmarks.assess import stream; stream({str(folder)!r}, {str(path)!r}, {threads})"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    answer: dict[str, float] = json.loads(told)
    return answer


def stream(folder: str, path: str, threads: int) -> None:
    """Assess a Parquet file of events and print seconds and peak memory as JSON."""
    made: World = world(Path(folder))
    begin = time.perf_counter()
    parts = assess_batches(batches_of(Path(path)), docket_of(made.agreement), threads)
    pairs = sum(part.height for part in parts)
    taken = time.perf_counter() - begin
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"stream_s": taken, "pairs": pairs, "peak_mb": used}))


def main() -> None:
    """Run and print one line of JSON for each form."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("rows", type=int, nargs="?", default=10_000_000)
    asked.add_argument("--repeats", type=int, default=3)
    chosen = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for threads, by_cell in ((1, False), (1, True), (2, False)):
            told = run_ours(chosen.rows, Path(folder), threads=threads, by_cell=by_cell, repeats=chosen.repeats)
            sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.write(json.dumps(peak(chosen.rows, Path(folder))) + "\n")


if __name__ == "__main__":
    main()
