"""What corroborating makes of a simulation, against its key."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations import Simulation, simulate
from trucewatch.simulations.trials import Grouping, claims_in, key_of, over_seeds, score, score_simulation
from trucewatch.sources import Source, read_source
from trucewatch.views import View

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def sources() -> dict[str, Source]:
    read = {
        name: read_source(ROOT / "sources" / f"{name}.yml")[0]
        for name in ("wire", "patrol", "complaints", "acled", "ucdp")
    }
    return {name: source for name, source in read.items() if source is not None}


@pytest.fixture(scope="module")
def grown(law: Agreement, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return simulate(ROOT / "simulations" / "observation.yml", law, tmp_path_factory.mktemp("grown"), 3)


@pytest.fixture(scope="module")
def seen(grown: Simulation, law: Agreement, sources: dict[str, Source]) -> View:
    return claims_in(grown, law, sources)


@pytest.fixture(scope="module")
def key(grown: Simulation, seen: View) -> pl.DataFrame:
    return key_of(grown, seen.claims)


def test_every_claim_has_a_label_or_tells_of_several_events(key: pl.DataFrame, seen: View) -> None:
    assert key["claim_key"].to_list() == seen.claims["claim_key"].to_list()
    assert 0 < key["label"].null_count() < key.height / 10
    assert key["root"].null_count() == 0


def test_who_knows_the_key_scores_one(key: pl.DataFrame) -> None:
    members = key.select("claim_key", pl.coalesce("label", "claim_key").alias("incident"))
    bounds = (
        members.join(key, on="claim_key")
        .group_by("incident")
        .agg(pl.col("root").n_unique().alias("origins_low"))
        .with_columns(pl.col("origins_low").alias("origins_high"))
    )
    links = members.join(members, on="incident", suffix="_other").select(
        pl.col("claim_key").alias("one"), pl.col("claim_key_other").alias("other"), pl.lit(1.0).alias("probability")
    )
    numbers = score(Grouping(members, bounds, links), key).numbers()
    perfect = (
        "pairwise_f1",
        "b_cubed_precision",
        "b_cubed_recall",
        "b_cubed_f1",
        "origin_bounds_held",
        "origin_low_held",
    )
    assert {name: numbers[name] for name in perfect} == dict.fromkeys(perfect, 1.0)
    flawless = ("over_merged", "over_split", "calibration_error", "origin_bounds_width", "origin_bounds_open")
    assert {name: numbers[name] for name in flawless} == dict.fromkeys(flawless, 0.0)


def test_what_a_method_leaves_out_it_joined_with_nothing(key: pl.DataFrame) -> None:
    nothing = Grouping(pl.DataFrame(schema={"claim_key": pl.String, "incident": pl.String}))
    scores = score(nothing, key)
    assert scores.b_cubed.precision == 1.0
    assert scores.pairwise.recall == 0.0
    assert scores.over_merged is None
    assert scores.calibration is None
    assert scores.bounds is None
    assert scores.claims + scores.left_out == key.height


def test_the_product_itself_is_scored_and_finds_more_than_nothing(
    grown: Simulation, law: Agreement, sources: dict[str, Source]
) -> None:
    scores = score_simulation(grown, law, sources)
    numbers = scores.numbers()
    assert all(value >= 0 for value in numbers.values() if value is not None)
    assert (scores.b_cubed.f1 or 0) > 0.4
    assert (scores.pairwise.recall or 0) > 0.1
    assert scores.bounds is not None
    assert scores.bounds.incidents > 100


def test_scores_over_seeds_have_a_mean_and_an_interval(key: pl.DataFrame) -> None:
    alone = score(Grouping(key.select("claim_key", pl.col("claim_key").alias("incident"))), key)
    together = score(Grouping(key.select("claim_key", pl.lit("one").alias("incident"))), key)
    told = over_seeds([alone, together])
    assert told["b_cubed_precision"].low <= told["b_cubed_precision"].mean <= told["b_cubed_precision"].high
    assert told["over_merged"].seeds == 1
    assert "calibration_error" not in told


def test_a_simulation_without_roots_or_sources_cannot_be_scored(
    law: Agreement, sources: dict[str, Source], grown: Simulation, seen: View, tmp_path: Path
) -> None:
    demo = simulate(ROOT / "simulations" / "south-syria-demo.yml", law, tmp_path / "demo")
    with pytest.raises(TrucewatchError, match="'presence', and no such source"):
        claims_in(demo, law, sources)
    with pytest.raises(TrucewatchError, match="only an observation model can be scored"):
        key_of(demo, seen.claims)
    other = simulate(ROOT / "simulations" / "observation.yml", law, tmp_path / "other", 4)
    claims = seen.claims.with_columns(pl.lit("SIM-W-999999").alias("record"))
    with pytest.raises(TrucewatchError, match="is not the key of these reports"):
        key_of(other, claims)
