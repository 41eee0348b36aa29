"""Ceilings: what a party held at several places at one time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import write_pairs
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.assessment.judgements import Outcome
from trucewatch.claims import claims_table
from trucewatch.findings import assess
from trucewatch.incidents import corroborate
from trucewatch.levels import Level
from trucewatch.views import view

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)
TEXT = """
format: 1
agreement: limits
title: {en: An agreement on limits}
timezone: UTC
bound:
  north: {actors: [north-army]}
  south: {actors: [south-army]}
zones:
  strip: {area: zones.geojson#strip}
terms:
  due:
    rivals:
      early: {at: "2020-03-03"}
      late: {at: "2020-03-10"}
clauses:
  tanks:
    text: {en: The north holds at most ten tanks in the strip.}
    ceiling: {who: [north], weapons: [tank], unit: tanks, at_most: 10, in: strip, from: 2020-01-01}
  begin:
    text: {en: The north begins to withdraw.}
    duty: {acts: [withdrawal-begun], who: [north], by: $due}
  never-late:
    text: {en: The south gives notice.}
    duty: {acts: [notice-given], who: [south]}
"""


@pytest.fixture(scope="module")
def agreement(tmp_path_factory: pytest.TempPathFactory) -> Agreement:
    folder: Path = tmp_path_factory.mktemp("limits")
    (folder / "agreement.yml").write_text(TEXT)
    (folder / "actors.yml").write_text(
        "format: 1\nactors:\n  north-army: {names: [the north]}\n  south-army: {names: [the south]}\n"
    )
    (folder / "zones.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "strip", "properties": {}, "geometry": '
        '{"type": "Polygon", "coordinates": [[[10, 50], [11, 50], [11, 51], [10, 51], [10, 50]]]}}]}'
    )
    read = read_agreement(folder)
    assert not read.problems
    return read


def report(name: str, **told: Any) -> dict[str, Any]:
    return {
        "claim_key": name, "version": name, "event_key": name, "source": "s", "record": name, "entry": 0, "item": 0,
        "assertion": "presence", "act": "presence-of-weapons", "weapon": "tank", "earliest": NOON,
        "latest": NOON + timedelta(hours=2), "time_extent": "throughout", "place_kind": "disc", "lon": 10.5,
        "lat": 50.5, "radius_m": 500.0, "place_extent": "within", "count_low": 6, "count_high": 6,
        "count_unit": "tanks",
        "pairs": write_pairs([("the north", "")]), "means": "saw", "office": "post one", "curated": True,
        "allegation": False, "records_deaths": False, "exercise": False, "levels": "{}", **told,
    }  # fmt: skip


def judge(agreement: Agreement, *reports: dict[str, Any]) -> pl.DataFrame:
    columns = {name: [row[name] for row in reports] for name in reports[0]}
    found = assess(corroborate(view(claims_table(columns), Level.SEALED)), agreement)
    return found.filter(pl.col("subject_kind") == "occasion")


def test_two_places_at_one_time_pass_a_ceiling_that_neither_passes_alone(agreement: Agreement) -> None:
    found = judge(agreement, report("a"), report("b", lon=10.7, earliest=NOON + timedelta(hours=1)))
    (row,) = found.filter(pl.col("clause") == "tanks").iter_rows(named=True)
    assert row["outcome"] == Outcome.VIOLATION
    assert (row["earliest"], row["latest"]) == (NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    assert row["rests_on"] == ["a", "b"]
    assert row["responsible"] == ["north"]
    assert row["occasion"] == "At least 12 tanks at 2 places at one time, where at most 10 are allowed"  # read back


@pytest.mark.parametrize(
    "other",
    [
        {"earliest": NOON + timedelta(hours=2), "latest": NOON + timedelta(hours=3)},  # later: may be the same tanks
        {"lon": 10.5005},  # the same place: may be the same tanks
        {"lon": 12.0},  # outside the strip
        {"lon": 11.0},  # across its edge: cannot be told
        {"time_extent": "within"},  # once in those hours, perhaps not at one time
        {"pairs": write_pairs([("the south", "")])},  # another's
        {"pairs": write_pairs([("somebody", "")])},  # nobody knows whose
        {"count_unit": "men"},
        {"count_low": None},
        {"weapon": "mortar"},
    ],
)
def test_what_may_be_the_same_or_not_count_is_not_added(agreement: Agreement, other: dict[str, Any]) -> None:
    found = judge(agreement, report("a"), report("b", **{"lon": 10.7, **other}))
    assert found.filter(pl.col("clause") == "tanks").is_empty()


@settings(max_examples=25)
@given(counts=st.lists(st.integers(1, 10), min_size=1, max_size=5))
def test_a_ceiling_is_passed_together_exactly_when_the_least_numbers_sum_above_it(
    agreement: Agreement, counts: list[int]
) -> None:
    reports = [report(f"r{n}", lon=10.1 + n / 6, count_low=c, count_high=c) for n, c in enumerate(counts)]
    found = judge(agreement, *reports).filter(pl.col("clause") == "tanks")
    assert (found.height == 1) == (sum(counts) > 10)
