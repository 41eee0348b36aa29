"""Grains: what is told more coarsely is widened and never moved, and the same place always in the same way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trucewatch.claims import claims_table
from trucewatch.evidence import Extent
from trucewatch.grains import Grain, default_grains, grain_of, read_grain, widen_places, widen_times, widen_to_country
from trucewatch.levels import Level, audiences
from trucewatch.problems import TrucewatchError
from trucewatch.shipped import open_agreement
from trucewatch.when import FAR_AHEAD, LONG_AGO, midnight, time_zone
from trucewatch.where import SLIVER_M2, Gazetteer, circle, place_shape, sector

ZONE = "Asia/Damascus"
SYRIA = open_agreement("south-syria-2017").gazetteer
INSTANTS = st.datetimes(datetime(2016, 1, 1), datetime(2019, 12, 31)).map(lambda at: at.replace(tzinfo=UTC))
# All of the south-west and what lies round it.
LON, LAT = st.floats(34.5, 38.5), st.floats(31.5, 34.5)


def claims(**told: Any) -> pl.DataFrame:
    return claims_table({"claim_key": ["c"], "place_extent": ["within"], **{n: [v] for n, v in told.items()}})


# ---- how finely ------------------------------------------------------------------------------------------------------


def test_below_mission_everybody_is_told_whole_zones_and_days_two_weeks_late() -> None:
    for audience in audiences(["government"]):
        grain = grain_of(audience)
        if audience >= Level.MISSION:
            assert grain == Grain()
        else:
            assert (grain.place, grain.time, grain.delay_days) == ("zones", "days", 14)
            assert grain.least_tellers > 1 and grain.least_count > 1 and grain.late_days == 30


def test_a_mandate_may_say_otherwise_for_an_audience_and_for_one_party() -> None:
    weeks, own = read_grain({"time": "weeks"}, grain_of(Level.PUBLIC)), Grain("zones", "months", 3, 5, 30)
    grains = {"public": weeks, "party: government": own}
    assert grain_of(Level.PUBLIC, grains) == weeks and weeks.place == "zones"
    assert grain_of(Level.party("government"), grains) == own
    assert grain_of(Level.party("opposition"), grains) == default_grains()["party"]


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"plcae": "zones"}, "did you mean 'place'"),
        ({"place": "village"}, "place: 'village' is no grain"),
        ({"place": 0}, "is no grain"),
        ({"place": True}, "is no grain"),
        ({"time": "minutes"}, "one of exact, hours, days"),
        ({"delay_days": -1}, "a whole one from 0"),
        ({"least_count": "3"}, "a whole one from 0"),
        ({"late_days": True}, "late_days: 'True' is no number"),
    ],
)
def test_what_is_no_grain_is_refused_in_one_line(told: dict[str, Any], why: str) -> None:
    with pytest.raises(TrucewatchError, match=why):
        read_grain(told)


# ---- time ------------------------------------------------------------------------------------------------------------


def is_edge(at: datetime, time: str) -> bool:
    day = at.astimezone(time_zone(ZONE)).date()
    if time == "hours":
        return at == at.replace(minute=0, second=0, microsecond=0)
    begins = {"days": True, "weeks": day.weekday() == 0, "months": day.day == 1}[time]
    return bool(begins and midnight(day, ZONE) == at)


@given(
    INSTANTS, st.timedeltas(timedelta(0), timedelta(days=70)), st.sampled_from(["hours", "days", "weeks", "months"]),
    st.sampled_from(list(Extent)),
)  # fmt: skip
@settings(max_examples=200)
def test_a_time_is_widened_to_whole_ones_and_what_filled_it_fills_no_more_than_it_did(
    first: datetime, length: timedelta, time: str, extent: Extent
) -> None:
    last = first + length
    told = widen_times(claims(earliest=first, latest=last, time_extent=str(extent)), time, ZONE).row(0, named=True)
    assert is_edge(told["earliest"], time) and is_edge(told["latest"], time)
    if told["time_extent"] == Extent.WITHIN:
        assert told["earliest"] <= first and last <= told["latest"]
    else:
        assert told["time_extent"] == extent and first <= told["earliest"] < told["latest"] <= last


@given(INSTANTS, st.sampled_from(["days", "weeks", "months"]))
@settings(max_examples=100)
def test_no_shorter_span_of_whole_ones_would_do(at: datetime, time: str) -> None:
    frame = claims(earliest=at, latest=at + timedelta(minutes=1), time_extent="within")
    told = widen_times(frame, time, ZONE).row(0, named=True)
    most = {"days": 2, "weeks": 14, "months": 62}[time]
    assert told["latest"] - told["earliest"] <= timedelta(days=most, hours=1)
    again = widen_times(widen_times(frame, time, ZONE), time, ZONE)
    assert again.row(0, named=True) == told


def test_an_open_end_stays_open_and_exact_stays_exact() -> None:
    frame = claims(earliest=LONG_AGO, latest=FAR_AHEAD, time_extent="throughout")
    assert widen_times(frame, "days", ZONE).equals(frame)
    exact = claims(earliest=datetime(2018, 6, 1, 4, 5, tzinfo=UTC), latest=FAR_AHEAD, time_extent="within")
    assert widen_times(exact, "exact", ZONE).equals(exact)


# ---- place -----------------------------------------------------------------------------------------------------------


@st.composite
def places(draw: st.DrawFn) -> dict[str, Any]:
    """A disc, a sector, a line, an area, a country or nothing, in and round the south-west of Syria."""
    lon, lat = draw(LON), draw(LAT)
    kind = draw(st.sampled_from(["disc", "disc", "sector", "line", "area", "drawn", "country", "unplaced"]))
    country = draw(st.sampled_from([None, "Syria", "Jordan"]))
    told: dict[str, Any] = {"place_kind": "area" if kind == "drawn" else kind, "country": country}
    match kind:
        case "disc":
            return {**told, "lon": lon, "lat": lat, "radius_m": draw(st.floats(0, 60_000))}
        case "sector":
            shape = sector(lon, lat, draw(st.floats(0, 360)), 10.0, 1000.0, draw(st.floats(1500, 20_000)))
            return {**told, "lon": lon, "lat": lat, "geometry": shape.wkb}
        case "line":
            return {
                **told,
                "geometry": shapely.LineString([(lon, lat), (lon + draw(st.floats(0.01, 2)), draw(LAT))]).wkb,
            }
        case "area":
            return {**told, "area": draw(st.sampled_from([a.id for a in SYRIA.areas.values() if a.kind != "line"]))}
        case "drawn":
            return {**told, "geometry": circle(lon, lat, draw(st.floats(100, 30_000))).wkb}
        case "country":
            return {**told, "country": draw(st.sampled_from(["Syria", "Jordan"]))}
    return told


GRAINS = st.sampled_from(["zones", 0.25, 1.0])


def holds(told: dict[str, Any], place: dict[str, Any]) -> bool:
    """Say whether the place that is told holds the one that was stated: all of it, but for a drawn border's breadth."""
    if told["place_kind"] == "unplaced":
        return True
    stated = place_shape({**dict.fromkeys(told), **place}, SYRIA)
    shown = place_shape(told, SYRIA)
    if stated is None or (shown is None and told["place_kind"] == "country"):
        return bool(told["place_kind"] == "country")
    assert shown is not None
    left = stated.difference(shown)
    return bool(left.area <= 2 * SLIVER_M2 / 1.1e5**2) and (stated.area > 0 or bool(left.length <= 2e-5))


@given(places(), GRAINS)
@settings(max_examples=150)
def test_a_place_is_widened_and_never_moved(place: dict[str, Any], grain: str | float) -> None:
    wide = widen_places(claims(**place), grain, SYRIA)
    told = wide.row(0, named=True)
    assert holds(told, place)
    assert (told["lon"], told["lat"], told["radius_m"]) == (None, None, None)
    assert told["place_kind"] in ("area", "country", "unplaced")
    in_country = widen_to_country(wide, SYRIA).row(0, named=True)
    assert in_country["place_kind"] in ("country", "unplaced") and in_country["geometry"] is None
    assert place["place_kind"] == "country" or holds(in_country, place)


@given(places(), st.lists(places(), max_size=4), GRAINS)
@settings(max_examples=60)
def test_how_a_place_is_told_hangs_on_nothing_else_that_was_reported(
    place: dict[str, Any], others: list[dict[str, Any]], grain: str | float
) -> None:
    alone = widen_places(claims(**place), grain, SYRIA)
    among = widen_places(pl.concat([*(claims(**other) for other in others), claims(**place)]), grain, SYRIA)
    assert among.tail(1).equals(alone)


@given(LON, LAT, st.floats(0, 30_000), st.floats(0, 360), st.floats(0, 1))
@settings(max_examples=60)
def test_all_places_that_touch_the_same_regions_are_told_alike(
    lon: float, lat: float, radius_m: float, bearing: float, share: float
) -> None:
    one, other = (
        widen_places(claims(place_kind="disc", lon=x, lat=lat, radius_m=radius), "zones", SYRIA)
        for x, radius in ((lon, radius_m), (lon + share / 1000, radius_m / 2))
    )
    assume(one["regions"].to_list() == other["regions"].to_list() and one["regions"].list.len()[0])
    assert one.equals(other)


def test_a_town_is_told_as_its_governorate_and_a_wide_place_as_all_that_it_may_touch() -> None:
    inside = claims(place_kind="disc", lon=36.25, lat=32.75, radius_m=2000.0)
    assert widen_places(inside, "zones", SYRIA).select("place_kind", "area", "regions").row(0) == (
        "area", "daraa", ["daraa"],
    )  # fmt: skip
    # In Quneitra, a kilometre from its border.
    near = widen_places(claims(place_kind="disc", lon=35.9, lat=33.0, radius_m=20_000.0), "zones", SYRIA)
    regions = near["regions"].to_list()[0]
    assert {"daraa", "quneitra"} <= set(regions) and near["area"].to_list() == [None]
    # Across the border into Jordan: a cell of the grid stands for what no area of the gazetteer covers.
    border = widen_places(claims(place_kind="disc", lon=36.2, lat=32.52, radius_m=3000.0), "zones", SYRIA)
    assert border["regions"].to_list() == [["daraa", "36:32"]]


def test_what_was_watched_throughout_is_told_of_whole_regions_inside_it_alone() -> None:
    whole = claims(place_kind="area", area="quneitra", place_extent="throughout")
    assert widen_places(whole, "zones", SYRIA).select("area", "place_extent").row(0) == ("quneitra", "throughout")
    part = claims(place_kind="area", area="area-of-separation", place_extent="throughout")
    told = widen_places(part, "zones", SYRIA)
    assert told["place_extent"].to_list() == ["within"] and "quneitra" in told["regions"].to_list()[0]
    around = SYRIA.areas["quneitra"].geometry.buffer(0.02)
    wide = claims(place_kind="area", geometry=around.wkb, place_extent="throughout")
    assert widen_places(wide, "zones", SYRIA).select("area", "place_extent").row(0) == ("quneitra", "throughout")


def test_without_a_gazetteer_a_place_is_its_country_or_nowhere() -> None:
    disc = {"place_kind": "disc", "lon": 37.6, "lat": 48.0, "radius_m": 1000.0}
    for country, kind in (("Ukraine", "country"), (None, "unplaced")):
        told = widen_places(claims(**disc, country=country), "zones", Gazetteer())
        assert told.select("place_kind", "area", "geometry", "country").row(0) == (kind, None, None, country)
    # A disc in Iraq that is said to lie in Syria cannot be told to lie there.
    far = claims(place_kind="disc", lon=44.4, lat=33.3, radius_m=1000.0, country="Syria")
    assert widen_places(far, "zones", SYRIA)["place_kind"].to_list() == ["unplaced"]


def test_the_sources_own_name_of_an_area_becomes_the_gazetteers() -> None:
    names = ["Dar'a", "Daraa governorate, near the well", None]
    frame = claims_table({"claim_key": ["a", "b", "c"], "place_kind": ["unplaced"] * 3, "adm_1": names})
    assert widen_places(frame, "zones", SYRIA)["adm_1"].to_list() == ["Daraa", None, None]
