"""Places: a whole disc in a whole zone, and the difference between none found and not observed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_table
from trucewatch.logs.patrols import quiet_windows
from trucewatch.sitreps.places import coverage, zones_of

Claim = Callable[..., dict[str, Any]]
ZONES = ("daraa", "quneitra", "suwayda", "area-of-separation")
START, END = datetime(2018, 6, 1, tzinfo=UTC), datetime(2018, 6, 11, tzinfo=UTC)
HOURS = 240


def table(*rows: dict[str, Any]) -> pl.DataFrame:
    """Return a table of accounts: claims that know their incident."""
    claims = claims_table({name: [row[name] for row in rows] for name in rows[0]})
    return claims.with_columns(pl.col("record").alias("incident"))


def placed(agreement: Agreement, *rows: dict[str, Any]) -> list[tuple[str, str]]:
    return [(str(incident), str(zone)) for incident, zone in zones_of(table(*rows), agreement, ZONES).iter_rows()]


# ---- zones -----------------------------------------------------------------------------------------------------------


def test_a_disc_wholly_inside_lies_in_its_zone(claim: Claim, agreement: Agreement) -> None:
    assert placed(agreement, claim("i")) == [("i", "daraa")]


def test_a_disc_across_a_limit_lies_in_no_zone(claim: Claim, agreement: Agreement) -> None:
    shape = agreement.zones["daraa"].shape
    assert shape is not None
    edge = shape.boundary.interpolate(0.3, normalized=True)
    assert placed(agreement, claim("i", lon=edge.x, lat=edge.y, radius_m=3000.0)) == []


@settings(max_examples=40)
@given(lon=st.floats(35.6, 37.6), lat=st.floats(32.1, 33.4), radius_m=st.floats(100, 30_000))
def test_a_place_told_more_vaguely_never_lies_in_more_zones(
    claim: Claim, agreement: Agreement, lon: float, lat: float, radius_m: float
) -> None:
    at: dict[str, Any] = {"lon": lon, "lat": lat}
    rows = [claim("sharp", **at, radius_m=radius_m), claim("vague", **at, radius_m=radius_m * 2)]
    found = placed(agreement, *rows)
    zones = {name: {zone for incident, zone in found if incident == name} for name in ("sharp", "vague")}
    assert zones["vague"] <= zones["sharp"]
    holding = {
        zone
        for zone in ZONES
        if (shape := agreement.zones[zone].shape) is not None and shape.contains(shapely.Point(lon, lat))
    }
    assert zones["sharp"] <= holding


def test_every_account_must_lie_in_it(claim: Claim, agreement: Agreement) -> None:
    one, other = claim("a", record="i"), claim("b", record="i", lon=36.7, lat=32.7)
    assert placed(agreement, one) == [("i", "daraa")]
    assert placed(agreement, other) == [("i", "suwayda")]
    assert placed(agreement, one, other) == []
    assert placed(agreement, one, {**other, "lon": 36.12, "lat": 32.63}) == [("i", "daraa")]


def test_an_area_lies_in_its_own_zone_and_in_the_one_that_it_is_part_of(claim: Claim, agreement: Agreement) -> None:
    vague: dict[str, Any] = {"lon": None, "lat": None, "radius_m": None}
    rows = [claim(name, place_kind="area", area=name, **vague) for name in ("daraa", "area-of-separation")]
    found = placed(agreement, *rows)
    assert ("daraa", "daraa") in found
    assert ("area-of-separation", "area-of-separation") in found
    assert not {("daraa", "quneitra"), ("quneitra", "area-of-separation")} & set(found)


@pytest.mark.parametrize("kind", ["country", "unplaced"])
def test_what_is_in_a_country_or_nowhere_is_in_no_zone(claim: Claim, agreement: Agreement, kind: str) -> None:
    assert placed(agreement, claim("i", place_kind=kind, lon=None, lat=None, radius_m=None)) == []


def test_a_line_lies_in_the_zone_that_it_runs_through(claim: Claim, agreement: Agreement) -> None:
    def along(*points: tuple[float, float]) -> dict[str, Any]:
        road = shapely.to_wkb(shapely.LineString(points))
        return claim("i", place_kind="line", geometry=road, lon=None, lat=None, radius_m=None)

    assert placed(agreement, along((36.1, 32.62), (36.15, 32.7))) == [("i", "daraa")]
    assert placed(agreement, along((36.1, 32.62), (36.7, 32.7))) == []


def test_nothing_told_or_nothing_drawn_places_nothing(claim: Claim, agreement: Agreement) -> None:
    assert zones_of(table(claim("i")).clear(), agreement, ZONES).is_empty()
    assert zones_of(table(claim("i")), agreement, ()).is_empty()


# ---- coverage --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def watch(claim: Claim) -> Callable[..., dict[str, Any]]:
    """Return the maker of a report that no use of weapons was seen anywhere in Daraa in the whole of the period."""

    def make(name: str = "w", **told: Any) -> dict[str, Any]:
        seen = {
            "assertion": "nothing", "act": "use-of-weapons", "earliest": START, "latest": END, "time_extent":
            "throughout", "place_extent": "throughout", "place_kind": "area", "area": "daraa", "lon": None,
            "lat": None, "radius_m": None, "pairs": None,
        }  # fmt: skip
        return claim(name, **{**seen, **told})

    return make


def seen_in_daraa(agreement: Agreement, *rows: dict[str, Any], clause: str = "C1", zone: str = "daraa") -> str:
    windows = quiet_windows(table(*rows), agreement.gazetteer)
    return coverage(windows, agreement, agreement.clause(clause), zone, START, END)


def test_the_whole_zone_watched_for_the_whole_time_is_none_found(watch: Claim, agreement: Agreement) -> None:
    assert seen_in_daraa(agreement, watch()) == "none found"
    assert seen_in_daraa(agreement, watch(earliest=START - timedelta(1), latest=END + timedelta(1))) == "none found"


@pytest.mark.parametrize(
    "told",
    [
        {"latest": END - timedelta(minutes=1)},
        {"earliest": START + timedelta(minutes=1)},
        {"act": "shelling"},  # says nothing of other fire
        {"weapon": "tank"},  # says nothing of other weapons
        {"place_kind": "disc", "area": None, "lon": 36.1, "lat": 32.62, "radius_m": 3000.0},
    ],
)
def test_a_part_watched_is_partly_seen(watch: Claim, agreement: Agreement, told: dict[str, Any]) -> None:
    assert seen_in_daraa(agreement, watch(**told)) == "partly seen"


@pytest.mark.parametrize(
    "told",
    [
        {"assertion": "act"},  # a report of fire is no report of calm
        {"place_extent": "within"},  # somewhere in Daraa, perhaps a single window
        {"area": "suwayda"},  # shares a border with Daraa only
        {"earliest": END, "latest": END + timedelta(9)},
        {"earliest": START - timedelta(9), "latest": START},
        {"act": "presence-of-forces"},  # not what the clause forbids
        {"place_kind": "unplaced", "area": None},
    ],
)
def test_what_watched_something_else_observed_nothing_of_it(
    watch: Claim, agreement: Agreement, told: dict[str, Any]
) -> None:
    assert seen_in_daraa(agreement, watch(**told)) == "not observed"


def test_what_is_no_zone_was_not_observed(watch: Claim, agreement: Agreement) -> None:
    assert seen_in_daraa(agreement, watch(), zone="elsewhere") == "not observed"
    assert seen_in_daraa(agreement, watch(), zone="quneitra") == "not observed"


def test_a_clause_of_presence_is_not_watched_by_who_watched_for_fire(watch: Claim, agreement: Agreement) -> None:
    assert seen_in_daraa(agreement, watch(), clause="C3") == "not observed"
    views = [watch(act, act=act) for act in agreement.clause("C3").what.acts]
    assert seen_in_daraa(agreement, *views, clause="C3") == "none found"


@settings(max_examples=30)
@given(cuts=st.lists(st.integers(1, HOURS - 1), max_size=5, unique=True), missing=st.integers(0, 5))
def test_one_watch_in_contiguous_pieces_is_the_same_watch(
    watch: Claim, agreement: Agreement, cuts: list[int], missing: int
) -> None:
    edges = [START + timedelta(hours=hour) for hour in sorted([0, *cuts, HOURS])]
    pieces = [watch(f"w{n}", earliest=one, latest=other) for n, (one, other) in enumerate(pairwise(edges))]
    assert seen_in_daraa(agreement, *pieces) == "none found"
    if left := [piece for n, piece in enumerate(pieces) if n != missing % len(pieces)]:
        assert seen_in_daraa(agreement, *left) == "partly seen"


def test_one_zone_in_two_halves_is_the_same_zone_when_both_are_watched_at_once(
    watch: Claim, agreement: Agreement
) -> None:
    shape = agreement.zones["daraa"].shape
    assert shape is not None
    west, south, east, north = shape.bounds
    middle = (west + east) / 2
    halves = [
        shapely.to_wkb(shape.intersection(shapely.box(*box)))
        for box in ((west, south, middle, north), (middle, south, east, north))
    ]
    noon = START + timedelta(days=5)
    views = [watch(f"w{n}", area=None, geometry=half) for n, half in enumerate(halves)]
    assert seen_in_daraa(agreement, *views) == "none found"
    assert seen_in_daraa(agreement, views[0]) == "partly seen"
    in_turn = [{**views[0], "latest": noon}, {**views[1], "earliest": noon}]
    assert seen_in_daraa(agreement, *in_turn) == "partly seen"
