"""Collect against Polars' bare scan of the same invented export: how many times as long it takes.

The bare scan is `pl.scan_csv(path, infer_schema=False).collect()`: every column, as text, nothing else. Collect reads
the same file to claims: rows at fault set apart and told, keys drawn, claims projected into the plane of an agreement
and sorted by cell. The two take turns, each in a process of its own with two threads, and what is compared is the time
from the first byte read to the last row in place; that includes what collect loads on its way.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
AGREEMENT, SOURCE = "south-syria-2017", "acled"


def run(rows: int, repeats: int) -> list[dict[str, Any]]:
    """Return one row for each pair of runs: seconds of both, their ratio, rows a second, stages and peak memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "acled_like.csv"
        _in_process("write", path, rows)
        # Once before: the file comes into memory, and compiled code onto the disk.
        _in_process("scan", path)
        _in_process("collect", path)
        return [_pair(path, rows) for _ in range(repeats)]


def _pair(path: Path, rows: int) -> dict[str, Any]:
    scan, collected = _in_process("scan", path), _in_process("collect", path)
    took = sum(collected["stages"].values())
    return {
        "rows": rows,
        "file_mb": round(path.stat().st_size / 1e6),
        "scan_s": scan["seconds"],
        "collect_s": round(took, 3),
        "ratio": round(took / scan["seconds"], 2),
        "scan_cpu_s": scan["cpu_s"],
        "collect_cpu_s": collected["cpu_s"],
        "rows_a_second": round(rows / took),
        "stages_s": collected["stages"],
        "claims": collected["claims"],
        "refused": collected["refused"],
        "scan_peak_mb": scan["peak_mb"],
        "peak_mb": collected["peak_mb"],
    }


def _in_process(what: str, path: Path, rows: int = 0) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.collect", "--one", what, "--path", path, "--rows", str(rows)],
        check=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "POLARS_MAX_THREADS": "2"},
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _one(what: str, path: Path, rows: int) -> dict[str, Any]:
    if what == "write":
        from benchmarks.acled_like import write

        write(path, rows)
        return {}
    told = _scan(path) if what == "scan" else _collect(path)
    return {**told, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _scan(path: Path) -> dict[str, Any]:
    import polars as pl

    before, begun = time.process_time(), time.perf_counter()
    # Without this the scan stops at the first row that has a column too many.
    frame = pl.scan_csv(path, infer_schema=False, truncate_ragged_lines=True).collect()
    return {"seconds": round(time.perf_counter() - begun, 3), "cpu_s": _cpu_since(before), "rows": frame.height}


def _cpu_since(before: float) -> float:
    """Return the seconds that all threads worked: what is left to compare where others use the machine too."""
    return round(time.process_time() - before, 3)


def _collect(path: Path) -> dict[str, Any]:
    from trucewatch.claims import by_cell, claims_of, projected
    from trucewatch.reports import collect
    from trucewatch.shipped import open_agreement, open_source
    from trucewatch.where import Plane

    law, source = open_agreement(AGREEMENT), open_source(SOURCE)
    plane = Plane.over(area.geometry for area in law.gazetteer.areas.values())
    stages: dict[str, float] = {}
    before, begun = time.process_time(), time.perf_counter()

    def passed(stage: str) -> None:
        nonlocal begun
        now = time.perf_counter()
        stages[stage], begun = round(now - begun, 3), now

    received = collect(source, path, gazetteer=law.gazetteer, zone=law.timezone)
    passed("collect")
    claims = claims_of(received.reports)
    passed("claims_of")
    laid = projected(claims, plane)
    passed("projected")
    by_cell(laid)
    passed("by_cell")
    return {"stages": stages, "cpu_s": _cpu_since(before), "claims": claims.height, "refused": received.rows_refused}


def _tell(pairs: list[dict[str, Any]]) -> None:
    for pair in pairs:
        sys.stdout.write(json.dumps(pair) + "\n")
    ratios = sorted(pair["ratio"] for pair in pairs)
    sys.stdout.write(
        f"{pairs[0]['rows']:,} rows: {median(ratios):.2f} times the bare scan "
        f"(from {ratios[0]:.2f} to {ratios[-1]:.2f}), "
        f"{median(pair['rows_a_second'] for pair in pairs):,.0f} rows a second, "
        f"at most {max(pair['peak_mb'] for pair in pairs):,} MB\n"
    )


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--repeats", type=int, default=5)
    asked.add_argument("--one", choices=("write", "scan", "collect"), help=argparse.SUPPRESS)
    asked.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        sys.stdout.write(json.dumps(_one(given.one, given.path, given.rows)))
    else:
        _tell(run(given.rows, given.repeats))
