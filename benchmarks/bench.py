"""The benchmarks: Trucewatch and its peers side by side, in turns, in ratios.

    make bench            under 20 minutes on two cores
    make bench QUICK=1    under 3 minutes: smaller, to see that all of it runs; its figures are not for quoting

Every measurement has a process of its own. Engines take turns, and each round begins with another one. What was found
goes to benchmarks/results.json and, as tables, into benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.ledger import Size as Entries
from benchmarks.tables import told, write_tables
from benchmarks.trial import ROOT, run

RESULTS = ROOT / "benchmarks" / "results.json"
PEERS = ("shapely", "geopandas", "duckdb", "sedonadb", "postgis")
# What was assessed before this measurement was first made: the commit that "no slower than before" speaks of.
BEFORE = "88eaaec"
_GED = "ucdp_ged_syria_2016_2019/ged_syria_20160101_20191130.csv.gz"
_PACKAGES = (
    "numpy", "polars", "pyarrow", "shapely", "numba", "geopandas", "duckdb", "duckdb-extension-spatial", "sedonadb",
    "splink", "psycopg", "apsw",
)  # fmt: skip

_OF_OURS = (
    "docket_s", "events_s", "total_s", "index_s", "events_per_s", "bytes_per_event", "bandwidth_gb_s",
    "kernel_ns_per_event", "share_of_bandwidth",
)  # fmt: skip

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured, and for how long a peer may take."""

    rounds: int
    ours: tuple[int, ...]  # events, the last is the one that counts
    peers: int  # the most events that a peer is asked about
    peer_s: float  # so long may one measurement of a peer take
    same: int  # events compared row by row
    probe: int  # events on which the forms of a peer's query are tried
    reports: tuple[int, ...]
    splink: int
    growing: tuple[int, ...]
    seeds: int
    collect: int
    first_result: int
    ledger: Entries


FULL = Size(
    rounds=3, ours=(1_000_000, 3_000_000, 10_000_000), peers=1_000_000, peer_s=10.0, same=20_000, probe=10_000,
    reports=(100_000, 300_000, 1_000_000, 3_000_000), splink=300_000, growing=(100_000, 300_000, 1_000_000),
    seeds=20, collect=1_000_000, first_result=5,
    ledger=Entries(rounds=21, appends=500, entries=1_000_000, verifies=5),
)  # fmt: skip
QUICK = Size(
    rounds=1, ours=(300_000, 1_000_000), peers=100_000, peer_s=3.0, same=3_000, probe=2_000, reports=(30_000, 100_000),
    splink=30_000, growing=(), seeds=2, collect=100_000, first_result=2,
    ledger=Entries(rounds=3, appends=200, entries=20_000, verifies=2),
)  # fmt: skip


def in_turns(engines: Sequence[Callable[[], Found | None]], rounds: int) -> list[list[Found]]:
    """Run every engine once a round, each round beginning with the next; returns what each found, round by round."""
    found: list[list[Found]] = [[] for _ in engines]
    for number in range(rounds):
        for step in range(len(engines)):
            at = (step + number) % len(engines)
            once = engines[at]()
            if once is not None:
                found[at].append(once)
    return found


def spread(values: Sequence[float]) -> Found:
    """Return the median, the least and the most."""
    return {"median": float(np.median(values)), "min": float(min(values)), "max": float(max(values))}


def exponent(sizes: Sequence[float], seconds: Sequence[float]) -> float:
    """Return p of the best fit seconds = c * size ** p, in logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


# ---- assess ----------------------------------------------------------------------------------------------------------


def assess(size: Size, folder: Path, say: Callable[[str], None]) -> Found:
    """Assess: the same findings from everybody, then events a second, on one core."""
    from benchmarks.peers.by_trucewatch import write_question

    rows = max(size.peers, size.same)
    write_question(folder, rows)
    (folder / "ours").mkdir()
    ours = _ours(folder, size.ours[-1])
    mine = _assess(folder, "trucewatch", "grid", size.same, rows_to=folder / "trucewatch.parquet")
    peers: dict[str, Found] = {}
    for name in PEERS:
        peers[name] = _settle_form(name, size, folder)
        if "absent" not in peers[name]:
            peers[name] |= _compare(folder, name, peers[name]["form"], size)
        say(f"assess: {name}: {peers[name].get('form', peers[name].get('absent'))}")
    here = [name for name in PEERS if "rows" in peers[name]]
    turns = [ours, *(_timed(folder, name, peers[name], size) for name in here)]
    rounds = in_turns(turns, size.rounds)
    rates = [one["events_per_s"] for one in rounds[0]]
    for name, found in zip(here, rounds[1:], strict=True):
        if found:
            theirs = [peers[name]["rows"] / one["seconds"] for one in found]
            peers[name]["events_per_s"] = spread(theirs)
            peers[name]["ratio"] = spread([mine / other for mine, other in zip(rates, theirs, strict=False)])
    say("assess: rounds done")
    smaller = [_ours(folder, number)() for number in size.ours[:-1]]
    seconds = [*(one["total_s"] for one in smaller if one), float(np.median([one["total_s"] for one in rounds[0]]))]
    by_cell, threads = (
        _ours(folder, size.ours[-1], by_cell=True)(),
        _ours(folder, size.ours[-1], threads=2)(),
    )
    return {
        "events": size.ours[-1],
        "compared": size.same,
        "found": mine and mine["found"],
        "ours": {name: spread([one[name] for one in rounds[0]]) for name in _OF_OURS},
        "ours_found": rounds[0][0]["found"],
        "by_cell": by_cell,
        "two_threads": threads,
        "exponent": exponent(size.ours, seconds),
        "memory": run("peak", {"folder": str(folder / "ours"), "rows": size.ours[-1]}, cores=2),
        "cold": _cold(folder) if size.rounds > 1 else None,
        "peers": peers,
    }  # fmt: skip


def _cold(folder: Path) -> Found | None:
    """Time the first answer where nothing was compiled before."""
    asked = {"folder": str(folder), "rows": 10_000, "cold_cache": str(folder / "cold")}
    return run("stream", asked, cold=True)


def _ours(folder: Path, rows: int, **how: Any) -> Callable[[], Found | None]:
    asked = {"folder": str(folder / "ours"), "rows": rows, **how}
    return lambda: run("ours", asked, cores=int(how.get("threads", 1)))


def _assess(
    folder: Path, name: str, form: str, rows: int, limit_s: float = 600.0, rows_to: Path | None = None
) -> Found | None:
    asked = {"folder": str(folder), "engine": name, "form": form, "rows": rows}
    return run("assess", asked | ({"rows_to": str(rows_to)} if rows_to else {}), limit_s=limit_s)


def _settle_form(name: str, size: Size, folder: Path) -> Found:
    """Try the forms of a peer's query and take the fastest; its size is what it then does in the time that it has."""
    try:
        forms = importlib.import_module(f"benchmarks.peers.by_{name}").FORMS
        probed = {form: _assess(folder, name, form, size.probe, limit_s=60.0 + size.peer_s) for form in forms}
    except (ImportError, RuntimeError) as fault:
        return {"absent": str(fault)}
    done = {form: round(found["seconds"], 3) for form, found in probed.items() if found}
    if not done:
        return {"absent": f"no form did {size.probe:,} events in a minute"}
    form = min(done, key=lambda one: done[one])
    fits = size.probe * size.peer_s / done[form]
    rows = max(step for step in _steps(size) if step <= max(fits, size.probe))
    return {"form": form, "probed_s": {form: done.get(form) for form in forms}, "rows": rows}


def _steps(size: Size) -> list[int]:
    steps = [int(digit * 10**power) for power in range(3, 8) for digit in (1, 2, 5)]
    return [step for step in steps if size.probe <= step <= size.peers]


def _compare(folder: Path, name: str, form: str, size: Size) -> Found:
    """Compare a peer's rows with ours, and say how many differ, either way."""
    path = folder / f"{name}.parquet"
    if _assess(folder, name, form, size.same, rows_to=path) is None:
        return {"differ": None}
    theirs, mine = pl.read_parquet(path), pl.read_parquet(folder / "trucewatch.parquet")
    keys = ["event", "clause", "outcome"]
    return {"differ": theirs.join(mine, on=keys, how="anti").height + mine.join(theirs, on=keys, how="anti").height}


def _timed(folder: Path, name: str, peer: Found, size: Size) -> Callable[[], Found | None]:
    return lambda: _assess(folder, name, peer["form"], peer["rows"], limit_s=60.0 + 20 * size.peer_s)


# ---- corroborate -----------------------------------------------------------------------------------------------------


def corroborate(size: Size, folder: Path, say: Callable[[str], None]) -> Found:
    """Corroborate: candidates, scores and clusters, against Splink with its own exact blocking and with our pairs."""
    found: Found = {}
    grown = [
        run("link", {"reports": number, "density": "constant-rate"}, cores=2)
        for number in size.reports
        if number != size.splink
    ]
    found["growing"] = [run("link", {"reports": number, "density": "growing"}, cores=2) for number in size.growing]
    say("corroborate: sizes done")
    turns: list[Callable[[], Found | None]] = [
        lambda: run("link", {"reports": size.splink, "density": "constant-rate"}, cores=2)
    ]
    try:
        asked = run("records", {"reports": size.splink, "folder": str(folder)}, cores=2) or {}
        turns += [
            lambda: run("splink", asked, cores=2, limit_s=300.0),
            lambda: run("splink", asked | {"given": str(folder / "given.parquet")}, cores=2, limit_s=300.0),
        ]
    except ImportError as fault:
        found["absent"] = str(fault)
    rounds = in_turns(turns, size.rounds)
    ours = [one["whole_s"] for one in rounds[0]]
    found["ours"] = rounds[0][0] | {"whole_s": spread(ours)}
    for name, theirs in zip(("own blocking", "our pairs"), rounds[1:], strict=False):
        if theirs:
            took = [one["seconds"] for one in theirs]
            found[name] = theirs[0] | {
                "seconds": spread(took),
                "ratio": spread([other / mine for mine, other in zip(ours, took, strict=False)]),
            }
    steady = sorted(
        [*((one["reports"], one["whole_s"]) for one in grown if one), (size.splink, float(np.median(ours)))]
    )
    found["sizes"] = sorted([one for one in [*grown, rounds[0][0]] if one], key=lambda one: one["reports"])
    found["exponent"] = exponent(*zip(*steady, strict=True))
    found["burst"] = run("burst", {"reports": 100_000 if size.rounds > 1 else 10_000}, cores=2)
    return found


def quality(size: Size, folder: Path, say: Callable[[str], None]) -> Found:
    """Quality: every method on the held-back seeds, with intervals."""
    from benchmarks.quality import HELD_BACK, METHODS
    from trucewatch.scores import estimate

    absent = {}
    methods = list(METHODS)
    try:
        importlib.import_module("splink")
    except ImportError as fault:
        absent["Splink 5"] = str(fault)
        methods.remove("Splink 5")

    def once(seed: int) -> Found:
        return run("quality", {"seed": seed, "methods": methods}) or {}

    seeds = list(HELD_BACK)[: size.seeds]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        scored = list(pool.map(once, seeds))
    names = dict.fromkeys(score for one in scored for method in methods for score in one[method])
    estimates: Found = {}
    for method in methods:
        means = {score: estimate([one[method].get(score) for one in scored]) for score in names}
        estimates[method] = {
            score: {"mean": mean.mean, "low": mean.low, "high": mean.high} for score, mean in means.items() if mean
        }
    settled = json.loads((ROOT / "benchmarks" / "peers" / "settled.json").read_text("utf-8"))
    settled["splink"].pop("model", None)
    return {"seeds": seeds, "scores": estimates, "absent": absent, "settled": settled}


# ---- collect, and the first result -----------------------------------------------------------------------------------


def collect(size: Size, folder: Path, say: Callable[[str], None]) -> Found:
    """Collect: an invented export against Polars' bare scan of it."""
    from benchmarks.collect import run as collect_in_turns

    pairs = collect_in_turns(size.collect, max(size.rounds, 1))
    return {
        "rows": size.collect,
        "pairs": pairs,
        "share": spread([1 / pair["ratio"] for pair in pairs]),
        "rows_a_second": spread([pair["rows_a_second"] for pair in pairs]),
    }


def first_result(size: Size, folder: Path, say: Callable[[str], None]) -> Found:
    """The first result on real data, against the commit before, from command to situation report."""
    named = os.environ.get("TRUCEWATCH_DATA")
    data = Path(named or "nowhere") / _GED
    if not data.is_file():
        return {"absent": "the real data are not here: name their folder in TRUCEWATCH_DATA"}
    tree = folder / "before"
    added = subprocess.run(
        ["git", "worktree", "add", "--detach", tree, BEFORE], cwd=ROOT, capture_output=True, check=False
    )
    if added.returncode:
        return {"absent": f"commit {BEFORE} is not in this clone"}
    try:
        asked = {"data": str(data.resolve()), "agreement": "south-syria-2017", "out": str(folder / "out")}
        now, before = in_turns(
            [
                lambda: run("first result", asked | {"tree": str(ROOT)}, cores=2),
                lambda: run("first result", asked | {"tree": str(tree)}, cores=2),
            ],
            size.first_result,
        )
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", tree], cwd=ROOT, capture_output=True, check=True)
    return {
        "now_s": spread([one["seconds"] for one in now]),
        "before_s": spread([one["seconds"] for one in before]),
        "ratio": spread([one["seconds"] / other["seconds"] for one, other in zip(now, before, strict=True)]),
    }


def ledger(size: Size, folder: Path, say: Callable[[str], None]) -> Found:
    """The ledger: durable appends beside bare SQLite, and verification beside plain hashing, in turns."""
    from benchmarks.ledger import appends, verification

    rates, checked = appends(size.ledger, folder), verification(size.ledger, folder)
    ours = rates["ours"]
    turns = zip(checked["verify_s"], checked["hashing_s"], strict=True)
    return {
        "appends": {name: spread(rate) for name, rate in rates.items()},
        "shares": {
            name: spread([mine / other for mine, other in zip(ours, rate, strict=True)])
            for name, rate in rates.items()
            if name != "ours"
        },
        "entries": checked["entries"],
        "file_mb": checked["file_mb"],
        "verify_s": spread(checked["verify_s"]),
        "hashing_s": spread(checked["hashing_s"]),
        "ratio": spread([mine / other for mine, other in turns]),
    }


# ---- all of it -------------------------------------------------------------------------------------------------------

PARTS: dict[str, Callable[[Size, Path, Callable[[str], None]], Found]] = {
    "assess": assess, "corroborate": corroborate, "quality": quality, "collect": collect, "first result": first_result,
    "ledger": ledger,
}  # fmt: skip


def machine() -> Found:
    """Describe the machine: what it is, not which one."""
    cpu = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "")
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "not here"
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": cpu,
        "memory_gb": round(memory / 2**20),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "versions": versions,
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text("utf-8").splitlines() if Path(path).is_file() else []


def main() -> None:
    """Measure what is asked for and write results and tables."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("parts", nargs="*", choices=[*PARTS, []], help="what to measure; default: all of it")
    asked.add_argument("--quick", action="store_true", help="small sizes, one round; tables are printed, not kept")
    chosen = asked.parse_args()
    size = QUICK if chosen.quick else FULL
    begun = time.perf_counter()

    def say(what: str) -> None:
        sys.stderr.write(f"{time.perf_counter() - begun:5.0f} s  {what}\n")

    kept = json.loads(RESULTS.read_text("utf-8")) if RESULTS.is_file() and chosen.parts and not chosen.quick else {}
    results: Found = kept | {"machine": machine()}
    for name in chosen.parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            results[name] = PARTS[name](size, Path(folder), say)
        say(f"{name}: done")
        results["took_s"] = kept.get("took_s", 0) if chosen.parts else round(time.perf_counter() - begun)
        if not chosen.quick:
            RESULTS.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
    if chosen.quick:
        sys.stdout.write(told(results) + "\n")
    else:
        write_tables(ROOT / "benchmarks" / "README.md", results)


if __name__ == "__main__":
    main()
