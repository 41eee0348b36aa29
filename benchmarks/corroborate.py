"""Corroborate: how fast claims are encoded, paired, scored and brought together, and what the join finds."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass

import numpy as np
import polars as pl

from benchmarks.reports_world import Density, reports
from trucewatch.actors import Register
from trucewatch.corroboration.likeness import traits_of
from trucewatch.corroboration.links import candidates_of, link
from trucewatch.corroboration.weights import shipped_weights
from trucewatch.where import Gazetteer


@dataclass(frozen=True, slots=True)
class Run:
    """One run over `reports`: seconds of each stage, pairs, recall of true pairs before scoring, and peak memory."""

    reports: int
    encode_s: float
    candidates_s: float
    whole_s: float
    pairs: int
    kept: int
    recall: float
    not_compared: int
    peak_mb: float


def run_ours(number: int, density: Density = "constant-rate", seed: int = 7) -> Run:
    """Run over a world of so many reports; `whole_s` is all of link(), from claims to the table of links."""
    claims, event = reports(number, seed, density)
    register, gazetteer, search = Register(), Gazetteer(), shipped_weights().search
    begun = time.perf_counter()
    traits = traits_of(claims, register, gazetteer)
    encoded = time.perf_counter()
    left, right = candidates_of(claims, traits, search)
    paired = time.perf_counter()
    linked = link(claims, register, gazetteer)
    done = time.perf_counter()
    return Run(
        number, encoded - begun, paired - encoded, done - paired, len(left), linked.links.height,
        _recall(claims, event, left, right), linked.not_compared,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )  # fmt: skip


def _recall(claims: pl.DataFrame, event: np.ndarray, left: np.ndarray, right: np.ndarray) -> float:
    """Return the share of pairs of one event, of which no dataset says that they are two, that were met."""
    told = pl.DataFrame({"event": event, "dataset": claims["source"].set(~claims["curated"], None)})
    rows = told.with_row_index("row")
    true = rows.join(rows, on="event", suffix="_other").filter(pl.col("row") < pl.col("row_other"))
    true = true.filter((pl.col("dataset") != pl.col("dataset_other")).fill_null(True))
    return float((event[left] == event[right]).sum()) / max(true.height, 1)
