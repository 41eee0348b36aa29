"""How well claims are brought together: Trucewatch and its peers on simulations whose truth is known.

The peers are settled on the training seeds, with their labels: `python -m benchmarks.quality` does it again and writes
benchmarks/peers/settled.json. Trucewatch's weights are fitted on the same seeds without labels. All are then scored on
the held-back seeds, which nothing was chosen on.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from benchmarks.peers.meltt_rule import Windows, integrate
from benchmarks.peers.records import records_of
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.corroboration.weights import shipped_weights
from trucewatch.simulations.observation import read_observation
from trucewatch.simulations.observers import observe
from trucewatch.simulations.trials import Grouping, claims_in, corroborated, key_of, score
from trucewatch.sources import Source, read_source
from trucewatch.views import View

ROOT = Path(__file__).resolve().parents[1]
SETTLED = Path(__file__).with_name("peers") / "settled.json"
TRAINING, HELD_BACK = range(1001, 1011), range(1, 21)
_SPEC = ROOT / "simulations" / "observation.yml"
_DAYS, _KM = (0, 1, 2, 3), (1.0, 2.0, 5.0, 10.0, 15.0, 25.0, 50.0)
_BITS = tuple(range(-24, 32, 2))
_WELL = 4


@dataclass(frozen=True, slots=True)
class Case:
    """One simulation as the product reads it, the key to it, and its claims as records for the peers."""

    view: View
    key: pl.DataFrame
    records: pl.DataFrame

    def scores(self, clusters: pl.DataFrame) -> dict[str, float | None]:
        """Score clusters (unique_id, cluster_id) of records."""
        return score(self._grouping(clusters), self.key).numbers()

    def f1(self, clusters: pl.DataFrame) -> float:
        """Return the B-cubed F1 of clusters of records."""
        return score(self._grouping(clusters), self.key).b_cubed.f1 or 0.0

    def _grouping(self, clusters: pl.DataFrame) -> Grouping:
        unit = pl.concat_str("source", pl.lit("\u0000"), "event_key").alias("unit")
        named = self.records.select("unit", "unique_id").join(clusters, on="unique_id")
        claims = self.view.claims.select("claim_key", unit).join(named, on="unit")
        return Grouping(claims.select("claim_key", pl.col("cluster_id").cast(pl.String).alias("incident")))


@cache
def _ground() -> tuple[Agreement, dict[str, Source]]:
    spec = yaml.safe_load(_SPEC.read_text("utf-8"))
    sources = (read_source(path)[0] for path in sorted((ROOT / "sources").glob("*.yml")))
    return read_agreement(ROOT / "agreements" / spec["agreement"]), {source.id: source for source in sources if source}


def case(seed: int) -> Case:
    """Grow the simulation of a seed and read it."""
    agreement, sources = _ground()
    spec = yaml.safe_load(_SPEC.read_text("utf-8")) | {"seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        simulation = observe(read_observation(spec, agreement), agreement, Path(folder))
        seen = claims_in(simulation, agreement, sources)
        key = key_of(simulation, seen.claims)
    return Case(seen, key, records_of(seen.claims, agreement.register, agreement.gazetteer))


def ours(case: Case) -> dict[str, float | None]:
    """Score what Trucewatch makes of a case."""
    return score(corroborated(case.view, _ground()[0]), case.key).numbers()


def meltt_rule(case: Case) -> dict[str, float | None]:
    """Score what meltt's rule makes of a case, as it was settled."""
    return case.scores(integrate(case.records, Windows(**_settled()["meltt rule"]["windows"])))


def splink(case: Case) -> dict[str, float | None]:
    """Score what Splink makes of a case, as it was settled."""
    from benchmarks.peers.splink_links import Model

    settled = _settled()["splink"]
    model = Model(case.records, _window(), settled["model"])
    return case.scores(model.cluster(model.predict(), settled["match_weight"], settled["clustering"]))


METHODS: dict[str, Callable[[Case], dict[str, float | None]]] = {
    "Trucewatch": ours, "Splink 5": splink, "meltt rule": meltt_rule,
}  # fmt: skip


def _settled() -> Any:
    return json.loads(SETTLED.read_text("utf-8"))


def _window() -> Any:
    from benchmarks.peers.splink_links import Window

    search = shipped_weights().search
    return Window(search.slack_m, search.slack_us)


# ---- settling the peers ----------------------------------------------------------------------------------------------


def settle(seeds: Iterable[int]) -> dict[str, Any]:
    """Choose each peer's configuration: what scores best on these seeds, by mean B-cubed F1."""
    cases = [case(seed) for seed in seeds]
    return {"meltt rule": _settle_meltt(cases), "splink": _settle_splink(cases)}


def _settle_meltt(cases: list[Case]) -> dict[str, Any]:
    tried = {
        windows: sum(case.f1(integrate(case.records, windows)) for case in cases) / len(cases)
        for windows in itertools.starmap(Windows, itertools.product(_DAYS, _KM, (False, True), (False, True)))
    }
    best = max(tried, key=lambda windows: tried[windows])
    return {"windows": asdict(best), "f1_on_training_seeds": round(tried[best], 4), "tried": len(tried)}


def _settle_splink(cases: list[Case]) -> dict[str, Any]:
    from benchmarks.peers.splink_links import Model

    together = _side_by_side(cases)
    tried: list[tuple[float, str, str, int]] = []
    models = {}
    for u in ("random pairs", "near pairs"):
        models[u] = Model(together, _window()).train(u)
        told = [Model(case.records, _window(), models[u]) for case in cases]
        predicted = [model.predict() for model in told]
        links = [model.links(pairs) for model, pairs in zip(told, predicted, strict=True)]

        def mean(found: Iterable[pl.DataFrame]) -> float:
            return sum(case.f1(clusters) for case, clusters in zip(cases, found, strict=True)) / len(cases)

        joined = [
            (mean(_components(case.records, of_case, bits) for case, of_case in zip(cases, links, strict=True)), bits)
            for bits in _BITS
        ]
        tried += [(f1, u, "connected components", bits) for f1, bits in joined]
        # Splink's other way of clustering takes minutes for all of them: it is tried where joining alone does well.
        for _, bits in sorted(joined)[-_WELL:]:
            found = (m.cluster(pairs, bits, "single best links") for m, pairs in zip(told, predicted, strict=True))
            tried.append((mean(found), u, "single best links", bits))
    f1, u, how, bits = max(tried)
    best = {
        f"u from {u}, {how}": round(max(row[0] for row in tried if row[1:3] == (u, how)), 4) for _, u, how, _ in tried
    }
    return {"u": u, "clustering": how, "match_weight": bits, "f1_on_training_seeds": round(f1, 4), "best_of_each": best,
            "model": models[u]}  # fmt: skip


def _components(records: pl.DataFrame, links: pl.DataFrame, bits: float) -> pl.DataFrame:
    """Return the connected components of links of so many bits or more, as Splink would."""
    parent = list(range(records.height))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for one, other in links.filter(pl.col("match_weight") >= bits).select("one", "other").iter_rows():
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    return records.select("unique_id").with_columns(
        cluster_id=pl.Series([root(node) for node in range(records.height)])
    )


def _side_by_side(cases: list[Case]) -> pl.DataFrame:
    """Return the records of several simulations, years apart, so that none is near one of another."""
    claims = [
        case.view.claims.with_columns(
            pl.col("earliest", "latest").dt.offset_by(f"{4 * number}y"),
            pl.concat_str(pl.lit(f"{number} "), pl.col("event_key")).alias("event_key"),
            pl.concat_str(pl.lit(f"{number} "), pl.col("claim_key")).alias("claim_key"),
        )
        for number, case in enumerate(cases)
    ]
    agreement = _ground()[0]
    return records_of(pl.concat(claims), agreement.register, agreement.gazetteer)


if __name__ == "__main__":
    asked = argparse.ArgumentParser(description="Settle the peers on the training seeds.")
    asked.add_argument("--seeds", type=int, default=len(TRAINING), help="how many of the training seeds")
    SETTLED.write_text(
        json.dumps(settle(TRAINING[: asked.parse_args().seeds]), indent=1, sort_keys=True) + "\n", "utf-8"
    )
