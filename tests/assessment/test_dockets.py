"""Dockets, against the clauses asked one by one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.actors import ANYBODY, write_pairs
from trucewatch.acts import act_tree, weapon_tree
from trucewatch.agreement.atoms import ClauseTests, plane_of
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement, ClauseKind
from trucewatch.assessment.dockets import Docket, docket_of
from trucewatch.assessment.judgements import judge, place_masks
from trucewatch.corroboration.accounts import FACTS
from trucewatch.evidence import Standard
from trucewatch.kernels.compiled import is_fast_available
from trucewatch.problems import TrucewatchError
from trucewatch.where import sector

SHIPPED = Path(__file__).parents[2] / "agreements"
AGREEMENTS = sorted(folder.name for folder in SHIPPED.iterdir() if (folder / "agreement.yml").is_file())
DATES = pl.Datetime("us", "UTC")


@cache
def agreement_of(name: str) -> Agreement:
    return read_agreement(SHIPPED / name)


@cache
def docket(name: str, reading: str | None, standard: Standard, hypothetical: bool = False) -> Docket:
    agreement = agreement_of(name)
    chosen = agreement.readings[reading] if reading else None
    return docket_of(agreement, chosen, standard, hypothetical, fast=is_fast_available())


def random_accounts(agreement: Agreement, number: int, seed: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Accounts and their evidence: at and round what the agreement draws, at and round every instant it names."""
    draw = np.random.default_rng(seed)
    shapes = [zone.shape for zone in agreement.zones.values()] + [line.shape for line in agreement.lines.values()]
    shapes = [shape for shape in shapes if shape is not None]
    corners = shapely.get_coordinates(shapes) if shapes else np.array([[36.0, 32.0]])
    lon, lat = (corners[draw.integers(len(corners), size=number)] + draw.choice([0, 0.01, 0.3], (number, 1))).T
    instants = [
        instant
        for clause in (*agreement.clauses, *agreement.hypothetical)
        for moment in (clause.start, clause.end)
        for span in agreement.moments(moment)
        if span
        for instant in (span.earliest, span.latest)
    ] or [datetime(2017, 1, 1, tzinfo=UTC)]
    begins = [
        instants[at] + timedelta(minutes=int(late))
        for at, late in zip(
            draw.integers(len(instants), size=number),
            draw.choice([0, -1, 1, 60, -1440, 1440, 9000, -9000, 200_000], number),
            strict=True,
        )
    ]
    lasts = [timedelta(minutes=int(minutes)) for minutes in draw.choice([0, 1, 60, 1440, 20_000], number)]
    names = [actor.label for actor in agreement.register.actors.values()]
    names += ["", "civilians", "a stranger", "another stranger", ", ".join(names[:2])]
    sides = [
        write_pairs([(names[a], names[b]) for a, b in draw.integers(len(names), size=(int(draw.integers(1, 3)), 2))])
        for _ in range(30)
    ]
    known = [None, *(json.dumps(dict.fromkeys(agreement.preconditions, truth)) for truth in (True, False))]

    def some(values: Any, kind: Any, shares: list[float] | None = None) -> pl.Series:
        return pl.Series([values[at] for at in draw.choice(len(values), number, p=shares)], dtype=kind)

    accounts = pl.DataFrame(
        {
            "incident": [f"i{at:05d}" for at in range(number)],
            "earliest": pl.Series(begins, dtype=DATES),
            "latest": pl.Series([begin + last for begin, last in zip(begins, lasts, strict=True)], dtype=DATES),
            "time_extent": some(["within", "throughout"], pl.String, [0.8, 0.2]),
            "place_kind": some(["disc", "area", "country", "unplaced"], pl.String, [0.88, 0.04, 0.04, 0.04]),
            "lon": lon,
            "lat": np.clip(lat, -90, 90),
            "radius_m": draw.choice([0.0, 50, 1000, 5000, 15_000, 30_000, 3e5, 2e6], number),
            "area": some([*agreement.gazetteer.areas, None], pl.String),
            "country": some([*agreement.gazetteer.countries, "FR", None, None], pl.String),
            "geometry": pl.Series([None] * number, dtype=pl.Binary),
            "place_extent": some(["within", "throughout"], pl.String, [0.8, 0.2]),
            "act": some(list(act_tree()), pl.String),
            "weapon": some([*weapon_tree(), None], pl.String),
            "calibre_low_mm": some([None, 60.0, 100.0, 155.0], pl.Float64),
            "calibre_high_mm": some([None, None, 160.0], pl.Float64),
            "count_low": some([None, 0, 5, 80, 7000], pl.Int64),
            "count_high": some([None, 7000, 9000], pl.Int64),
            "count_unit": some([None, "men", "tanks", "guns", "explosions"], pl.String),
            "pairs": some(sides, pl.String),
            "facts": some(known, pl.String),
        }
    ).select("incident", *FACTS)
    evidence = pl.DataFrame(
        {
            "incident": accounts["incident"],
            "allegation": draw.random(number) < 0.05,
            "origins_low": draw.integers(0, 4, number),
            "first_hand": draw.random(number) < 0.1,
            "recorded": draw.random(number) < 0.05,
        }
    )
    return accounts, evidence


ANSWER = ["incident", "possible", "tests", "settled_by", "presumed", "proof"]


def answers(asked: Docket, batch: pl.DataFrame) -> pl.DataFrame:
    found = asked.judge(batch)
    told = found.join(asked.judgements.rename({"clause": "id"}), on="slot", how="left", maintain_order="left")
    return told.with_columns(batch["incident"].gather(found["row"]))


def check(asked: Docket, accounts: pl.DataFrame, evidence: pl.DataFrame) -> int:
    """Compare with the clauses asked one by one; return how many answers there were."""
    mine = answers(asked, accounts.join(evidence, on="incident", maintain_order="left"))
    assert mine["row"].is_sorted()
    assert (mine["id"] == pl.Series(asked.clauses).gather(mine["clause"])).all()
    for number, tests in enumerate(asked.tests):
        one = judge(accounts, evidence, tests, asked.standards[number])
        theirs = mine.filter(pl.col("clause") == number)
        touched = one.filter((pl.col("possible") != 1) | pl.col("allegation"))
        if tests.clause.kind is ClauseKind.CEILING:
            # What passes no ceiling by itself may do so with others, and is kept.
            assert touched.join(theirs, on="incident", how="anti").is_empty()
            touched = one.join(theirs, on="incident", how="semi")
        assert touched.select(ANSWER).sort("incident").equals(theirs.select(ANSWER).sort("incident"))
    return mine.height


@pytest.mark.parametrize("name", AGREEMENTS)
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), standard=st.sampled_from(list(Standard)), which=st.integers(0, 20))
def test_all_clauses_at_once_say_what_each_says_alone(name: str, seed: int, standard: Standard, which: int) -> None:
    agreement = agreement_of(name)
    readings = [None, *agreement.readings]
    asked = docket(name, readings[which % len(readings)], standard)
    check(asked, *random_accounts(agreement, 300, seed))


def test_demands_are_asked_in_the_same_way() -> None:
    with_demands = [name for name in AGREEMENTS if agreement_of(name).hypothetical]
    for name in with_demands:
        asked = docket(name, None, Standard.REASONABLE_GROUNDS, hypothetical=True)
        assert check(asked, *random_accounts(agreement_of(name), 300, 4)) > 0


def test_the_size_of_a_batch_and_who_came_before_change_nothing() -> None:
    agreement = agreement_of("donbas-2020")
    accounts, evidence = random_accounts(agreement, 400, 11)
    batch = accounts.join(evidence, on="incident", maintain_order="left")
    together = answers(docket_of(agreement, fast=is_fast_available()), batch)
    apart = docket_of(agreement, fast=is_fast_available())
    parts = [answers(apart, batch.slice(first, 70)) for first in range(0, batch.height, 70)]
    assert pl.concat(parts).drop("row").equals(together.drop("row"))


def test_plain_and_compiled_say_the_same() -> None:
    agreement = agreement_of("donbas-2020")
    accounts, evidence = random_accounts(agreement, 150, 12)
    batch = accounts.join(evidence, on="incident", maintain_order="left")
    plain, fast = (answers(docket_of(agreement, fast=is_fast), batch) for is_fast in (False, True))
    assert plain.equals(fast) and plain.height > 50


def test_columns_that_say_nothing_may_be_left_out_and_points_may_be_projected_already() -> None:
    agreement = agreement_of("donbas-2020")
    accounts, evidence = random_accounts(agreement, 300, 13)
    silent = ["calibre_low_mm", "calibre_high_mm", "weapon", "area", "country", "geometry", "facts", "time_extent"]
    accounts = accounts.with_columns(pl.lit(None, accounts.schema[name]).alias(name) for name in silent)
    accounts = accounts.with_columns(pl.lit("disc").alias("place_kind"))
    batch = accounts.join(evidence, on="incident", maintain_order="left")
    x, y = plane_of(agreement).project(batch["lon"].to_numpy(), batch["lat"].to_numpy())
    asked = docket("donbas-2020", None, Standard.REASONABLE_GROUNDS)
    short = batch.drop(*silent, "place_kind").with_columns(pl.Series("x_m", x), pl.Series("y_m", y))
    coded = short.with_columns(pl.col(name).cast(pl.Enum(short[name].unique().sort())) for name in ("act", "pairs"))
    assert answers(asked, coded).select(ANSWER).equals(answers(asked, batch).select(ANSWER))


def test_a_disc_that_just_touches_a_border_and_a_place_off_the_plane_are_looked_at_exactly() -> None:
    agreement = agreement_of("south-syria-2017")
    asked = docket("south-syria-2017", None, Standard.REASONABLE_GROUNDS)
    plane = plane_of(agreement)
    accounts, evidence = random_accounts(agreement, 200, 14)
    edge = asked.tests[0].place_atoms[0].boundary
    x, y = plane.project(accounts["lon"].to_numpy(), accounts["lat"].to_numpy())
    touching = np.asarray(shapely.distance(edge, shapely.points(x, y)))
    for _ in range(30):  # so wide that it just touches, the plane's stretch allowed for
        short = np.asarray(shapely.distance(edge, shapely.points(x, y))) - plane.allowed_m(x, y, touching)
        touching = touching + short
    far = pl.Series("lon", np.where(np.arange(200) % 9 == 0, -100.0, accounts["lon"].to_numpy()))
    told = accounts.with_columns(pl.Series("radius_m", touching), far, pl.lit("disc").alias("place_kind"))
    check(asked, told, evidence)


def seen_from_afar(accounts: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Sectors instead of discs, from slivers of a few metres to such as span several areas."""
    draw = np.random.default_rng(seed)
    drawn = [
        sector(lon, lat, float(draw.uniform(0, 360)), float(draw.choice([0.01, 3, 40])), 0.0, float(furthest)).wkb
        for lon, lat, furthest in zip(
            accounts["lon"], accounts["lat"], draw.choice([40, 2_000, 60_000], accounts.height), strict=True
        )
    ]
    return accounts.with_columns(pl.lit("sector").alias("place_kind"), pl.Series("geometry", drawn, dtype=pl.Binary))


@pytest.mark.parametrize("name", ["donbas-2020", "south-syria-2017"])
def test_sectors_and_drawn_places_are_placed_as_exactly_as_discs(name: str) -> None:
    accounts, evidence = random_accounts(agreement_of(name), 250, 19)
    asked = docket(name, None, Standard.REASONABLE_GROUNDS)
    assert check(asked, seen_from_afar(accounts, 19), evidence) > 0


def test_a_sector_whose_circle_lies_in_one_piece_of_an_area_needs_no_geometry(monkeypatch: pytest.MonkeyPatch) -> None:
    agreement = agreement_of("south-syria-2017")
    accounts, _ = random_accounts(agreement, 100, 20)
    told = seen_from_afar(accounts.with_columns(pl.lit(None, pl.String).alias("country")), 20)
    asked = docket_of(agreement, fast=is_fast_available())
    exact = asked.masks(told)
    looked_at: list[int] = []

    def counted(places: pl.DataFrame, tests: ClauseTests) -> Any:
        looked_at.append(places.height)
        return place_masks(places, tests)

    monkeypatch.setattr("trucewatch.assessment.dockets.place_masks", counted)
    assert np.array_equal(asked.masks(told), exact)
    assert 0 < sum(looked_at) < exact.size / 2


def test_of_what_is_to_be_told_whole_every_clause_that_speaks_of_it_is_told() -> None:
    agreement = agreement_of("south-syria-2017")
    asked = docket("south-syria-2017", None, Standard.REASONABLE_GROUNDS)
    accounts, evidence = random_accounts(agreement, 200, 15)
    batch = accounts.join(evidence, on="incident", maintain_order="left")
    found = asked.judge(batch, np.ones(batch.height, dtype=bool))
    for number, tests in enumerate(asked.tests):
        one = judge(accounts, evidence, tests, asked.standards[number])
        rows = found.filter(pl.col("clause") == number)["row"]
        assert sorted(batch["incident"].gather(rows)) == sorted(one["incident"])


def test_an_unheard_of_name_and_nobody_named_are_asked_about_too() -> None:
    asked = docket("donbas-2020", None, Standard.REASONABLE_GROUNDS)
    accounts, evidence = random_accounts(agreement_of("donbas-2020"), 60, 16)
    pairs = [write_pairs([("a stranger", "")]), write_pairs([("one more", "")]), ANYBODY, None]
    told = accounts.with_columns(pl.Series("pairs", pairs * 15, pl.String))
    check(asked, told, evidence)


def test_a_zone_drawn_alone_and_the_world_without_it_are_measured_as_one() -> None:
    grid = docket("south-syria-2017", None, Standard.REASONABLE_GROUNDS).grid
    shared = [number for number, times in enumerate(np.bincount(grid.boundary)) if times > 1]
    assert shared, "one of its clauses is about one zone alone"
    for number in shared:
        assert sorted(grid.is_round[grid.boundary == number].tolist()) == [0, 1]


def test_an_agreement_without_clauses_and_a_batch_without_rows_have_no_answers() -> None:
    asked = docket("donbas-2020", None, Standard.REASONABLE_GROUNDS)
    accounts, evidence = random_accounts(agreement_of("donbas-2020"), 5, 17)
    batch = accounts.join(evidence, on="incident", maintain_order="left")
    assert asked.judge(batch.clear()).is_empty()
    assert Docket([], Standard.REASONABLE_GROUNDS, 1_000.0, False).judge(batch).is_empty()


def test_more_kinds_of_accounts_than_can_be_told_apart_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trucewatch.assessment.dockets._MOST_CODES", 3)
    agreement = agreement_of("donbas-2020")
    accounts, evidence = random_accounts(agreement, 60, 18)
    asked = docket_of(agreement, fast=False, reach_m=500.0)
    with pytest.raises(
        TrucewatchError, match="more than 3 distinct values of act: judge these accounts in several parts"
    ):
        asked.judge(accounts.join(evidence, on="incident", maintain_order="left"))
