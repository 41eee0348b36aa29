"""Accounts: what contradicts stands side by side, and what is merely vaguer adds nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import read_pairs, write_pairs
from trucewatch.claims import claims_table
from trucewatch.corroboration.accounts import MOST_ACCOUNTS, accounts_of, pairs_together
from trucewatch.where import Gazetteer

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)
PLAIN: dict[str, Any] = {
    "version": "v", "event_key": "e", "source": "s", "assertion": "act", "act": "shelling", "earliest": NOON,
    "latest": NOON + timedelta(hours=1), "time_extent": "within", "place_kind": "disc", "lon": 36.1, "lat": 32.6,
    "radius_m": 1000.0, "place_extent": "within", "pairs": write_pairs([("north", "south")]),
}  # fmt: skip


def accounts(*told: dict[str, Any]) -> pl.DataFrame:
    """Return the accounts of one incident of which several claims tell."""
    rows = [{**PLAIN, **one, "claim_key": f"c{n}", "item": n} for n, one in enumerate(told)]
    return accounts_of(
        claims_table(pl.DataFrame(rows, infer_schema_length=None)).with_columns(incident=pl.lit("i")), Gazetteer()
    )


def test_a_merely_vaguer_report_adds_no_account() -> None:
    found = accounts({"radius_m": 500.0}, {"act": "explosion", "pairs": write_pairs([("", "")]), "radius_m": 9000.0})
    (row,) = found.iter_rows(named=True)
    assert (row["act"], row["radius_m"]) == ("shelling", 500.0)


def test_what_contradicts_stands_side_by_side() -> None:
    found = accounts({"pairs": write_pairs([("north", "south")])}, {"pairs": write_pairs([("south", "north")])})
    assert found.height == 2


def test_each_question_keeps_its_own_alternatives() -> None:
    found = accounts({"act": "mortar-fire", "lon": 36.10}, {"act": "rocket-fire", "lon": 36.20})
    assert {(row["act"], row["lon"]) for row in found.iter_rows(named=True)} == {
        (act, lon) for act in ("mortar-fire", "rocket-fire") for lon in (36.10, 36.20)
    }


def test_too_many_alternatives_are_kept_as_they_were_told() -> None:
    told = [
        {
            "act": act,
            "lon": 36.0 + n / 10,
            "count_low": n,
            "count_high": n,
            "count_unit": "x",
            "earliest": NOON + timedelta(hours=n),
            "latest": NOON + timedelta(hours=n + 1),
        }
        for n, act in enumerate(["mortar-fire", "rocket-fire", "tank-fire", "artillery-fire"])
    ]
    found = accounts(*told)
    assert found.height == len(told) < MOST_ACCOUNTS


@settings(max_examples=25)
@given(radii=st.lists(st.sampled_from([500.0, 2000.0, 9000.0]), min_size=1, max_size=4))
def test_of_places_round_one_point_the_narrowest_is_left(radii: list[float]) -> None:
    assert accounts(*({"radius_m": radius} for radius in radii))["radius_m"].to_list() == [min(radii)]


def test_all_that_reports_hold_feasible_is_told_together() -> None:
    one, other = write_pairs([("north", "south")]), write_pairs([("south", "north")])
    assert set(read_pairs(pairs_together([one, other, None]))) == {("north", "south"), ("south", "north")}
    assert pairs_together([one, one]) == one
