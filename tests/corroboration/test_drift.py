"""Drift: what a copy changed, field by field."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.actors import write_pairs
from trucewatch.claims import claims_table
from trucewatch.corroboration.drift import HEDGES, drift_of

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)
NOWHERE = dict.fromkeys(("lon", "lat", "radius_m", "place_name"))
TOLD: dict[str, Any] = {
    "act": "shelling", "earliest": NOON, "latest": NOON + timedelta(hours=1), "place_kind": "disc", "lon": 36.1,
    "lat": 32.6, "radius_m": 2000.0, "place_name": "Nawa", "pairs": write_pairs([("north", "south")]),
}  # fmt: skip


def drift(was: dict[str, Any], now: dict[str, Any]) -> list[dict[str, str | None]]:
    repeated, repeating = (
        claims_table({name: [value] for name, value in {**TOLD, **side}.items()}) for side in (was, now)
    )
    (written,) = drift_of(repeated, repeating)
    found: list[dict[str, str | None]] = json.loads(written)
    return found


@pytest.mark.parametrize(
    ("was", "now", "field", "change"),
    [
        ({}, {"act": "mortar-fire"}, "act", "sharpened"),
        ({}, {"act": "explosion"}, "act", "blurred"),
        ({}, {"act": "sniper-fire"}, "act", "changed"),
        ({"weapon": "mortar"}, {}, "weapon", "lost"),
        ({}, {"weapon": "mortar"}, "weapon", "added"),
        ({}, {"latest": NOON + timedelta(minutes=5)}, "when", "sharpened"),
        ({}, {"latest": NOON + timedelta(days=1)}, "when", "blurred"),
        ({}, {"earliest": NOON - timedelta(days=1), "latest": NOON}, "when", "changed"),
        ({}, {"place_kind": "unplaced"} | NOWHERE, "where", "lost"),
        ({"place_kind": "country"} | NOWHERE, {}, "where", "added"),
        ({}, {"radius_m": 500.0}, "where", "sharpened"),
        ({}, {"radius_m": 9000.0}, "where", "blurred"),
        ({}, {"lon": 37.0}, "where", "changed"),
        ({"count_low": 3, "count_high": 3}, {"count_low": 5, "count_high": 5}, "count", "grew"),
        ({"count_low": 3, "count_high": 3}, {"count_low": 2, "count_high": 2}, "count", "shrank"),
        ({"count_low": 3, "count_high": None}, {"count_low": 5, "count_high": None}, "count", "grew"),
        ({"count_low": 2, "count_high": 4}, {"count_low": 3, "count_high": 3}, "count", "sharpened"),
        ({"count_low": 3, "count_high": 3}, {"count_low": 2, "count_high": 4}, "count", "blurred"),
        ({"count_low": 3, "count_high": 3}, {}, "count", "lost"),
        ({"count_low": 3, "count_unit": "shells"}, {"count_low": 3, "count_unit": "salvos"}, "count", "changed"),
        ({"dead_low": 1, "dead_high": 1}, {"dead_low": 4, "dead_high": 4}, "dead", "grew"),
        ({}, {"civilians_dead": 4}, "civilians dead", "added"),
        ({}, {"pairs": write_pairs([("", "")])}, "actors", "lost"),
        ({"pairs": write_pairs([("", "south")])}, {}, "actors", "sharpened"),
        ({}, {"pairs": write_pairs([("north", "south"), ("south", "north")])}, "actors", "blurred"),
        ({}, {"pairs": write_pairs([("east", "south")])}, "actors", "changed"),
        ({"text": "Shells reportedly fell"}, {"text": "Shells fell"}, "hedge", "lost"),
        ({"text": "سقطت قذائف"}, {"text": "وبحسب الأهالي سقطت قذائف"}, "hedge", "added"),
    ],
)  # fmt: skip
def test_one_change_is_told_alone(was: dict[str, Any], now: dict[str, Any], field: str, change: str) -> None:
    (found,) = drift(was, now)
    assert (found["field"], found["change"]) == (field, change)
    assert (found["from"] is None) == (change == "added") and (found["to"] is None) == (change == "lost")
    assert found["from"] != found["to"]


def test_a_change_is_told_in_words() -> None:
    assert drift(
        {"count_low": 3, "count_unit": "shells"}, {"count_low": 5, "count_high": 5, "count_unit": "shells"}
    ) == [{"field": "count", "change": "sharpened", "from": "at least 3 shells", "to": "5 shells"}]
    (moved,) = drift({}, {"lon": 37.0})
    assert moved["from"] == "Nawa, within 2000 m of 32.6, 36.1"


@pytest.mark.parametrize("hedge", [hedge for some in HEDGES.values() for hedge in some])
def test_every_hedge_is_found(hedge: str) -> None:
    (found,) = drift({"text": f"Shells, {hedge} fell"}, {"text": "Shells fell"})
    assert found["from"] == hedge


@pytest.mark.parametrize("text", ["Shells fell in May", "The attack claimed three lives", "unsuspectedly, shells fell"])
def test_what_only_looks_like_a_hedge_is_none(text: str) -> None:
    assert drift({"text": text}, {"text": "Shells fell"}) == []


def test_another_hedge_in_another_language_is_still_one() -> None:
    assert drift({"text": "Shells reportedly fell"}, {"text": "سقطت قذائف بحسب الأهالي"}) == []


@given(st.lists(st.sampled_from(sorted(TOLD)), unique=True))
def test_what_repeats_all_changes_nothing(left_out: list[str]) -> None:
    told = dict.fromkeys((name for name in left_out if name not in ("act", "earliest", "latest")), None)
    assert drift(told, told) == []
