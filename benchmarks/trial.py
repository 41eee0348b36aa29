"""A trial: one measurement in a process of its own, on one core or two, that prints what it found as a line of JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_THREADS = ("OMP_NUM_THREADS", "POLARS_MAX_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")

# What is asked of a trial besides its name: numbers, texts and flags, as JSON has them.
Asked = dict[str, Any]


def run(what: str, asked: Asked, cores: int = 1, limit_s: float = 600.0, cold: bool = False) -> dict[str, Any] | None:
    """Run a trial and return what it found, or none where it took longer than the limit.

    `cores` is how many it may use: with one it is bound to the last of this process. `cold` keeps compiled code out of
    its disk cache. Raises RuntimeError, with what it said last, for a trial that failed, and ModuleNotFoundError where
    what it needs is not here.
    """
    free = sorted(os.sched_getaffinity(0))[-cores:]
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(cores)), "PYTHONHASHSEED": "0"}
    if cold:
        environment["NUMBA_CACHE_DIR"] = str(asked["cold_cache"])
    command = [sys.executable, "-m", "benchmarks.trial", what, json.dumps({**asked, "free": free})]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own:
        # Servers that a trial starts may run as somebody else, and pass through here.
        Path(own).chmod(0o711)
        trial = subprocess.Popen(
            command, cwd=ROOT, env=environment | {"TMPDIR": own}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, start_new_session=True,
        )  # fmt: skip
        try:
            output, complaint = trial.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            os.killpg(trial.pid, signal.SIGKILL)
            trial.communicate()
            return None
    if trial.returncode:
        last = (complaint.strip().splitlines() or ["no word"])[-1]
        if last.startswith(("ModuleNotFoundError", "ImportError")):
            raise ModuleNotFoundError(last)
        raise RuntimeError(f"{what}: {last}")
    return dict(json.loads(output.strip().splitlines()[-1]))


def _assess(asked: Asked) -> dict[str, Any]:
    """Put the question of assessing to one engine: seconds, and how often each outcome was found."""
    from benchmarks.peers.questions import Question

    folder, name, rows = Path(asked["folder"]), asked["engine"], int(asked["rows"])
    module = importlib.import_module(f"benchmarks.peers.by_{name}")
    engine = module.Engine(folder, rows) if name == "trucewatch" else module.Engine(Question.read(folder, rows))
    try:
        begun = time.perf_counter()
        found = engine.answer(asked["form"])
        told = {"seconds": time.perf_counter() - begun, "found": found}
        if name == "trucewatch":
            told["seconds"] = sum(engine.stages.values())
        if "rows_to" in asked:
            engine.rows(asked["form"]).write_parquet(asked["rows_to"])
    finally:
        getattr(engine, "close", lambda: None)()
    return told


def _stream(asked: Asked) -> dict[str, Any]:
    """Have Trucewatch judge many events, in batches."""
    from benchmarks.peers.by_trucewatch import Engine

    begun = time.perf_counter()
    engine = Engine(Path(asked["folder"]), 2_000)
    ready = time.perf_counter() - begun
    found = engine.stream(int(asked["rows"]), bool(asked.get("by_cell")), int(asked.get("threads", 1)))
    return {"seconds": sum(engine.stages.values()), "stages": engine.stages, "found": found, "ready_s": ready}


def _ours(asked: Asked) -> dict[str, Any]:
    """Have Trucewatch judge events held in memory, once."""
    from benchmarks.assess import run_ours

    how = {name: asked[name] for name in ("threads", "by_cell") if name in asked}
    return run_ours(int(asked["rows"]), Path(asked["folder"]), repeats=1, **how)


def _peak(asked: Asked) -> dict[str, Any]:
    """Have Trucewatch stream events from a file: seconds and peak memory."""
    from benchmarks.assess import peak

    return {"streamed": peak(int(asked["rows"]), Path(asked["folder"]))}


def _link(asked: Asked) -> dict[str, Any]:
    """Have Trucewatch find, score and cluster the pairs of many reports; compiled code is loaded before."""
    from dataclasses import asdict

    from benchmarks.corroborate import run_ours

    run_ours(5_000)
    return asdict(run_ours(int(asked["reports"]), asked["density"]))


def _burst(asked: Asked) -> dict[str, Any]:
    """Have Trucewatch link the reports of one town on one day."""
    from benchmarks.reports_world import burst
    from trucewatch.actors import Register
    from trucewatch.corroboration.links import link
    from trucewatch.where import Gazetteer

    claims = burst(int(asked["reports"]))
    begun = time.perf_counter()
    linked = link(claims, Register(), Gazetteer())
    return {"reports": claims.height, "seconds": time.perf_counter() - begun, "not_compared": linked.not_compared}


def _records(asked: Asked) -> dict[str, Any]:
    """Write the same reports as records for Splink, and the pairs that Trucewatch compares; returns what to ask it."""
    import polars as pl

    from benchmarks.peers.records import records_of
    from benchmarks.quality import SETTLED
    from benchmarks.reports_world import reports
    from trucewatch.actors import Register
    from trucewatch.corroboration.likeness import traits_of
    from trucewatch.corroboration.links import candidates_of
    from trucewatch.corroboration.weights import shipped_weights
    from trucewatch.where import Gazetteer

    folder, register, gazetteer, search = Path(asked["folder"]), Register(), Gazetteer(), shipped_weights().search
    claims, _ = reports(int(asked["reports"]))
    claims = claims.sort("claim_key")
    records_of(claims, register, gazetteer).write_parquet(folder / "records.parquet")
    left, right = candidates_of(claims, traits_of(claims, register, gazetteer), search)
    pl.DataFrame({"one": left, "other": right}).write_parquet(folder / "given.parquet")
    window = {"slack_m": search.slack_m, "slack_us": search.slack_us}
    settled = json.loads(SETTLED.read_text("utf-8"))["splink"]
    return {"records": str(folder / "records.parquet"), "window": window, "settled": settled}


def _splink(asked: Asked) -> dict[str, Any]:
    """Have Splink find, score and cluster the pairs of a file of records, with a model that is trained already."""
    import polars as pl

    from benchmarks.peers.splink_links import Model, Window

    records = pl.read_parquet(asked["records"])
    given = pl.read_parquet(asked["given"]) if "given" in asked else None
    settled = asked["settled"]
    model = Model(records, Window(**asked["window"]), settled["model"], given, threads=len(asked["free"]))
    begun = time.perf_counter()
    predicted = model.predict()
    scored = time.perf_counter()
    # The faster of its ways, and the only one that is done with so many: the other takes several times as long.
    clusters = model.cluster(predicted, settled["match_weight"], "connected components")
    seconds = time.perf_counter() - begun
    return {
        "seconds": seconds,
        "stages": {"pairs and scores": scored - begun, "clusters": seconds - (scored - begun)},
        "pairs": model.number_of(predicted),
        "clusters": clusters["cluster_id"].n_unique(),
    }


def _quality(asked: Asked) -> dict[str, Any]:
    """Score every method on one simulation."""
    from benchmarks.quality import METHODS, case

    grown = case(int(asked["seed"]))
    return {name: METHODS[name](grown) for name in asked["methods"]}


def _first_result(asked: Asked) -> dict[str, Any]:
    """Have one version of Trucewatch assess a file as a person would, from nothing."""
    run_it = "from trucewatch.cli import main; main()"
    wanted = ["--source", "ucdp", "--agreement", asked["agreement"], "--out", asked["out"]]
    command = [sys.executable, "-c", run_it, "assess", asked["data"], *wanted]
    environment = {**os.environ, "PYTHONPATH": asked["tree"]}
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=asked["tree"], env=environment)
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return {"seconds": time.perf_counter() - begun, "child_peak_mb": children}


TRIALS: dict[str, Callable[[Asked], dict[str, Any]]] = {
    "assess": _assess, "stream": _stream, "ours": _ours, "peak": _peak, "link": _link, "burst": _burst,
    "records": _records, "splink": _splink, "quality": _quality, "first result": _first_result,
}  # fmt: skip

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=sorted(TRIALS))
    parser.add_argument("asked", type=json.loads)
    given = parser.parse_args()
    os.sched_setaffinity(0, given.asked["free"])
    told = TRIALS[given.what](given.asked)
    sys.stdout.write(json.dumps({**told, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}) + "\n")
