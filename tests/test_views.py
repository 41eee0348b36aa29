"""Views: an audience learns nothing above its level, and below mission level nothing finer than its grain."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.news import LATER, NOBODY, claims, report
from trucewatch.actors import write_pairs
from trucewatch.claims import SCHEMA, claims_table, empty_claims
from trucewatch.grains import Grain, grain_of
from trucewatch.levels import Level, audiences, most_sensitive
from trucewatch.problems import TrucewatchError
from trucewatch.reports import SCHEMA as REPORT_SCHEMA
from trucewatch.shipped import open_agreement
from trucewatch.sources import LEVELLED
from trucewatch.views import Declassified, View, open_claims, view
from trucewatch.when import midnight

LAW = open_agreement("south-syria-2017")
GOVERNMENT, OPPOSITION = (Level.party(party) for party in ("government-forces", "southern-opposition"))
EVERY = audiences(["government-forces", "southern-opposition"])
BELOW = [audience for audience in EVERY if not audience >= Level.MISSION]
LEVELS = st.sampled_from(EVERY)
# Without these a claim asserts nothing.
INDISPENSABLE = ("act", "earliest", "latest")
# Below mission level these are gone, or widened.
COARSE = {*("record", "file", "line", "place_name", "adm_1", "entry", "item", "time_extent", "place_extent")}
PLACING = {"place_kind", "lon", "lat", "radius_m", "area", "country", "geometry"}
KINDS = st.sampled_from(["disc", "sector", "line", "area", "country", "unplaced"])
FIELD_LEVELS = st.dictionaries(st.sampled_from([n for n in LEVELLED if n not in INDISPENSABLE]), LEVELS, max_size=12)


def told_by(office: str | None, **said: object) -> dict[str, object]:
    """Return a report of one office, a record of its own."""
    name = f"{office}: {sorted(said.items(), key=str)}"
    return report(name, record=name, tellers=[{**NOBODY, "office": office}], **said)


def seen(table: pl.DataFrame, audience: Level = Level.PUBLIC, **rest: Any) -> pl.DataFrame:
    """Return the claims in the view of an audience, on the areas and clocks of south-west Syria."""
    return view(table, audience, gazetteer=LAW.gazetteer, timezone=LAW.timezone, **rest).claims


# ---- by level --------------------------------------------------------------------------------------------------------


def canary(field: str, bird: str) -> Any:
    """Return a value of a field that occurs nowhere else."""
    number = 70_000 + list(SCHEMA).index(field) + (500 if bird == "wren" else 0)
    kind = SCHEMA[field]
    if kind == pl.String():
        return f"{bird} {field}"
    if kind == pl.Binary():
        return shapely.Point(number / 7e5, number / 7e5).buffer(0.1).wkb
    if kind == pl.Boolean():
        return bird == "wren"
    return number / 7e3 if kind == pl.Float64() else number


def birdhouse(kind: str, levels: dict[str, Level], bird: str = "robin", **fixed: Any) -> pl.DataFrame:
    """Return one claim with a canary in every field that may have a level."""
    written = json.dumps({field: level.word for field, level in levels.items()})
    row = {field: canary(field, bird) for field in LEVELLED if field not in INDISPENSABLE}
    told = {"place_kind": kind, "pairs": write_pairs([(f"{bird} pairs", "")]), **fixed}
    whole = report(f"all of a {bird}", **{**row, **told}, event_key=row["record"], levels=written)
    whole["tellers"] = [{name: whole.get(name) for name in ("office", "cites", "text")}]
    return claims({name: value for name, value in whole.items() if name in REPORT_SCHEMA})


def sung(table: pl.DataFrame) -> str:
    """Return everything that a table holds, as one text."""
    return " ".join(value.hex() if isinstance(value, bytes) else str(value) for row in table.rows() for value in row)


@given(KINDS, FIELD_LEVELS, LEVELS)
@settings(max_examples=25)
def test_no_value_of_a_field_above_an_audience_occurs_anywhere_in_its_view(
    kind: str, levels: dict[str, Level], audience: Level
) -> None:
    left = view(birdhouse(kind, levels), audience).claims
    heard = sung(left)
    for field, level in levels.items():
        value = canary(field, "robin")
        if level <= audience or field in ("place_kind", "records_deaths", "curated", "allegation", "exercise"):
            continue
        assert (value.hex() if isinstance(value, bytes) else str(value)) not in heard, field
        assert left[field].null_count() == 1


@given(KINDS, FIELD_LEVELS, LEVELS)
@settings(max_examples=25)
def test_two_worlds_that_differ_above_an_audience_only_are_one_to_it(
    kind: str, levels: dict[str, Level], audience: Level
) -> None:
    here, other = birdhouse(kind, levels), birdhouse(kind, levels, "wren")
    above = [field for field, level in levels.items() if not level <= audience]
    there = here.with_columns(*(pl.Series(field, other[field], SCHEMA[field]) for field in above))
    assert_frame_equal(view(here, audience).claims, view(there, audience).claims)
    assert view(here, audience).level == view(there, audience).level


@given(KINDS, FIELD_LEVELS, LEVELS, st.sampled_from([Level.MISSION, Level.SEALED]))
@settings(max_examples=25)
def test_a_lower_audience_learns_no_more_from_the_missions_own_view(
    kind: str, levels: dict[str, Level], low: Level, high: Level
) -> None:
    table = birdhouse(kind, levels)
    if low <= high:
        through = view(view(table, high).claims, low)
        assert_frame_equal(through.claims, view(table, low).claims)
        assert through.level == view(table, low).level


@given(KINDS, FIELD_LEVELS, LEVELS)
@settings(max_examples=30)
def test_what_an_audience_may_know_it_is_told(kind: str, levels: dict[str, Level], audience: Level) -> None:
    # A place is told whole or not at all: a test below.
    table = birdhouse(kind, levels)
    found = view(table, audience)
    # Where something is gone the claim goes by what is left of it.
    keys = {"claim_key", "version", "event_key"}
    if audience >= Level.MISSION:
        skipped = keys if any(not level <= audience for level in levels.values()) else set()
        told = set(levels)
    else:
        skipped, told = keys | COARSE | {"earliest", "latest"}, set(levels) - (COARSE - {"record"} - {"adm_1"})
        told -= {"lon", "lat", "radius_m"} - ({"time_extent", "place_extent"} & set(levels))
        told |= {"time_extent", "place_extent"} & set(levels)
        if not levels.get("text", Level.PUBLIC) <= audience:
            # Whose words are hidden may be a copy: whom they cite counts for nothing.
            skipped, told = skipped | {"cites"}, told - {"cites"}
    for field in set(SCHEMA) - PLACING - skipped - {"levels"}:
        if levels.get(field, Level.PUBLIC) <= audience:
            assert found.claims[field].to_list() == table[field].to_list(), field
    assert found.audience == audience
    assert found.level == most_sensitive(levels[name] for name in told if levels[name] <= audience)


@pytest.mark.parametrize("field", INDISPENSABLE)
def test_a_claim_of_which_the_act_or_time_is_above_an_audience_does_not_exist_for_it(field: str) -> None:
    complaint = report(levels=json.dumps({field: "mission", "text": "parties"}), record="1", source="complaints")
    table = claims(complaint, report())
    assert view(table, Level.GUARANTORS).claims["source"].to_list() == ["wire"]
    assert view(table, Level.GUARANTORS).level == Level.PUBLIC
    assert view(table, Level.MISSION).claims.height == 2
    assert view(table, Level.MISSION).level == Level.MISSION


def test_what_is_marked_for_one_party_another_and_the_guarantors_do_not_know() -> None:
    table = claims(report(levels=json.dumps({"act": GOVERNMENT.word})))
    knowing = [audience for audience in EVERY if view(table, audience).claims.height]
    assert knowing == [GOVERNMENT, Level.MISSION, Level.SEALED]


SECTOR = shapely.box(36, 33, 37, 34).wkb
DISC = {"place_kind": "disc", "lon": 36.5, "lat": 33.5, "radius_m": 5000.0}


@pytest.mark.parametrize(
    ("place", "above", "left"),
    [
        (DISC, ["place_name"], DISC),
        # A disc without its radius would be a point, more exact than anybody said.
        (DISC | {"country": "Syria"}, ["radius_m"], {"place_kind": "country", "country": "Syria"}),
        (DISC | {"country": "Syria"}, ["lon"], {"place_kind": "country", "country": "Syria"}),
        (DISC | {"area": "daraa", "country": "Syria"}, ["lat"],
         {"place_kind": "area", "area": "daraa", "country": "Syria"}),
        (DISC, ["lon", "lat", "radius_m"], {"place_kind": "unplaced"}),
        (DISC | {"country": "Syria"}, ["lon", "country"], {"place_kind": "unplaced"}),
        # From a sector one sees where its observer stood.
        (DISC | {"place_kind": "sector", "geometry": SECTOR}, ["geometry"], {"place_kind": "unplaced"}),
        (DISC | {"place_kind": "sector", "geometry": SECTOR, "area": "daraa"}, ["lon", "lat"],
         {"place_kind": "area", "area": "daraa"}),
        ({"place_kind": "line", "geometry": SECTOR, "country": "Syria"}, ["geometry"],
         {"place_kind": "country", "country": "Syria"}),
        ({"place_kind": "area", "geometry": SECTOR}, ["area"], {"place_kind": "area", "geometry": SECTOR}),
        ({"place_kind": "area", "geometry": SECTOR}, ["geometry"], {"place_kind": "unplaced"}),
        ({"place_kind": "area", "area": "daraa", "country": "Syria"}, ["area"],
         {"place_kind": "country", "country": "Syria"}),
        ({"place_kind": "country", "country": "Syria"}, ["country"], {"place_kind": "unplaced"}),
        ({"place_kind": "country", "country": "Syria"}, ["lon"], {"place_kind": "country", "country": "Syria"}),
        ({"place_kind": "unplaced"}, ["area"], {"place_kind": "unplaced"}),
        (DISC | {"country": "Syria"}, ["place_kind"], {"place_kind": "country", "country": "Syria"}),
    ],
)  # fmt: skip
def test_a_place_of_which_a_part_is_above_an_audience_falls_back_to_what_is_left(
    place: dict[str, Any], above: list[str], left: dict[str, Any]
) -> None:
    table = claims(report(**place, levels=json.dumps(dict.fromkeys(above, "sealed"))))
    columns = ("place_kind", "lon", "lat", "radius_m", "area", "country", "geometry")
    found = view(table, Level.MISSION).claims.select(columns).row(0, named=True)
    assert found == {**dict.fromkeys(columns), **left}
    assert view(table, Level.SEALED).claims.select(columns).row(0, named=True) == {**dict.fromkeys(columns), **place}


def test_claims_of_different_levels_stand_in_one_order_however_they_came() -> None:
    rows = [report(f"c{n}", record=str(n), levels=levels) for n, levels in enumerate(['{"text": "sealed"}', "{}"] * 3)]
    table = claims(*rows)
    assert view(table.reverse(), Level.MISSION).claims.equals(view(table, Level.MISSION).claims)
    named = view(table, Level.MISSION).claims["claim_key"].to_list()
    assert named == sorted(set(named)) and len(named) == len(rows)
    assert set(named) & set(table["claim_key"]) == set(claims(*rows[1::2])["claim_key"])


def test_a_claim_whose_levels_say_nothing_is_public() -> None:
    table = claims(report(levels=None, text="said"))
    assert view(table, Level.MISSION).claims.equals(table)
    assert view(table, Level.PUBLIC).claims.height == 1


def test_a_level_that_nobody_knows_is_not_taken_for_public() -> None:
    with pytest.raises(TrucewatchError, match="'secret' is not a level"):
        view(claims(report(levels='{"text": "secret"}')), Level.SEALED)


def test_of_nothing_there_is_nothing_to_be_seen() -> None:
    for audience in EVERY:
        found = view(empty_claims(), audience)
        assert found.claims.is_empty() and found.claims.schema == SCHEMA and found.level == Level.PUBLIC


def test_a_view_that_is_printed_tells_of_itself_alone() -> None:
    found = view(claims(report(place_name="heron ridge", levels='{"act": "mission"}'), report("b")), Level.PUBLIC)
    assert repr(found) == "<View of public: 1 claims, marked public>"


# ---- names below mission level ---------------------------------------------------------------------------------------

ROWS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", None]), st.booleans()), max_size=8)


@given(ROWS, st.permutations(range(8)), st.sampled_from(BELOW))
@settings(max_examples=30)
def test_no_name_order_or_number_of_another_mission_shows_below_mission_level(
    rows: list[tuple[str, str | None, bool]], order: list[int], audience: Level
) -> None:
    """The same reports, under another key, entry, file and order, and with other ids, have the same names."""
    here, there = [], []
    for n, (act, record, is_curated) in enumerate(rows):
        said: dict[str, Any] = {"act": {"a": "shelling", "b": "burst", "c": "clash"}[act], "curated": is_curated}
        source = "book" if is_curated else "wire"
        event = record if is_curated else None
        here.append(report(f"row {n}", record=record, source=source, event_key=event, **said))
        other = {
            "record": record and f"x{record}",
            "file": "other.csv",
            "line": 90 - n,
            "event_key": event and "e" + event,
        }
        there.append(report(f"row {(7 * n + 3) % 8}", source=source, **{**said, **other}))
    there = [there[n] for n in order if n < len(there)]
    one = seen(claims(*here, key=b"one", entry=3), audience)
    two = seen(claims(*there, key=b"two", entry=8), audience)
    assert_frame_equal(one, two)
    assert one.height == len(rows) and one["claim_key"].is_unique().all()
    raw = claims(*here, key=b"one", entry=3)
    for column in ("claim_key", "version", "event_key"):
        assert not set(one[column]) & set(raw[column])
    assert set(one["entry"]) <= {0} and set(one["item"]) <= {0}


def test_items_of_one_report_and_rows_of_one_event_stay_together() -> None:
    items = [report("a", record="r1"), report("b", record="r1", act="clash"), report("c", record="r2")]
    rows = [report(c, record=c, source="book", curated=True, event_key=c[0]) for c in ("e1", "e2", "f1")]
    found = seen(claims(*items, *rows))
    wire, book = (found.filter(pl.col("source") == source) for source in ("wire", "book"))
    assert sorted(wire.group_by("record").len()["len"]) == [1, 2] and not {"r1", "r2"} & set(wire["record"])
    assert sorted(book.group_by("event_key").len()["len"]) == [1, 2] and book["record"].null_count() == 3


@pytest.mark.parametrize("audience", BELOW)
def test_nothing_below_mission_level_leads_back_to_a_record_its_words_or_a_point(audience: Level) -> None:
    told = {"place_name": "heron", "text": "heron", "lon": 36.25, "lat": 32.75, "radius_m": 317.0, "place_kind": "disc"}
    rows = [
        report(
            f"heron {office}",
            record="heron",
            file="heron",
            line=317_000,
            **told,
            tellers=[{**NOBODY, "office": office}],
        )
        for office in ("One", "Two")
    ]
    heard = sung(seen(claims(*rows), audience))
    assert not [secret for secret in ("heron", "317", "36.25", "32.75") if secret in heard]
    assert "daraa" in heard and "One" in heard


# ---- positions come late ---------------------------------------------------------------------------------------------


@given(
    st.sampled_from(["presence-of-forces", "weapons-in-storage", "force-movement", "shelling"]), st.booleans(),
    st.integers(-3, 30), st.integers(0, 23), st.sampled_from(BELOW), st.integers(0, 20),
)  # fmt: skip
@settings(max_examples=25)
def test_no_position_younger_than_the_delay_is_told(
    act: str, is_presence: bool, age_days: int, hour: int, audience: Level, delay_days: int
) -> None:
    published = date(2018, 7, 1)
    last = midnight(published - timedelta(days=age_days), LAW.timezone) + timedelta(hours=hour)
    first = last - timedelta(hours=1)
    assertion = "presence" if is_presence else "act"
    table = claims(report(act=act, assertion=assertion, earliest=first, latest=last))
    grain = Grain("zones", "days", 1, 1, delay_days)
    found = seen(table, audience, grain=grain, published=published)
    is_young = last > midnight(published - timedelta(days=delay_days), LAW.timezone)
    is_position = is_presence or act != "shelling"
    assert found.is_empty() == (is_position and is_young and delay_days > 0)
    assert seen(table, Level.MISSION, published=published).height == 1


def test_without_a_day_of_publication_it_is_the_last_one_on_which_anything_in_view_began() -> None:
    seen_on, days = datetime(2018, 6, 1, 6, tzinfo=UTC), [timedelta(days=n) for n in (13, 15)]
    sighting = report(act="presence-of-forces", assertion="presence", earliest=seen_on, latest=seen_on + days[0] / 156)
    for later, number in zip(days, (1, 2), strict=True):
        shelling = report("fire", record="8", earliest=seen_on + later, latest=seen_on + later)
        assert seen(claims(sighting, shelling)).height == number
        # What the audience may not know of makes nothing older.
        hidden = report("late", record="9", earliest=seen_on + 90 * later, latest=LATER, levels='{"act": "mission"}')
        assert seen(claims(sighting, shelling, hidden)).height == number


# ---- single witnesses ------------------------------------------------------------------------------------------------

DARAA = {"place_kind": "disc", "lon": 36.25, "lat": 32.75, "radius_m": 2000.0, "country": "Syria"}
SUWAYDA = {"place_kind": "area", "area": "suwayda", "adm_1": "As Suwayda"}
BOTH = {"place_kind": "area", "geometry": shapely.box(36.2, 32.6, 36.6, 32.9).wkb}


def test_an_area_of_which_one_witness_told_is_told_as_its_country() -> None:
    lone = seen(claims(told_by("SOHR", **DARAA), told_by("sohr ", **DARAA)))
    assert lone.select("place_kind", "area", "country").unique().rows() == [("country", None, "Syria")]
    two = seen(claims(told_by("SOHR", **DARAA), told_by("SANA", **DARAA)))
    assert two.select("place_kind", "area").unique().rows() == [("area", "daraa")]
    # What an audience may not know of makes no second witness.
    hidden = told_by("SANA", **DARAA, levels='{"act": "mission"}')
    assert seen(claims(told_by("SOHR", **DARAA), hidden))["place_kind"].to_list() == ["country"]


def test_where_offices_are_not_told_sources_are_counted() -> None:
    levels = '{"office": "mission"}'
    rows = [told_by(office, **DARAA, levels=levels) for office in ("SOHR", "SANA")]
    assert set(seen(claims(*rows))["place_kind"]) == {"country"}
    assert set(seen(claims(*rows, told_by("X", **DARAA, source="radio", levels=levels)))["place_kind"]) == {"area"}


def test_the_missions_own_observers_are_no_witness_to_be_hidden() -> None:
    patrol = told_by("Patrol 3", **DARAA, source="patrol", means="heard", levels='{"office": "mission"}')
    assert seen(claims(patrol))["area"].to_list() == ["daraa"]
    # Another's own observation is: who has an interest is a party's, or its ally's.
    ally = told_by("Post 3", **DARAA, means="heard", interest="party")
    assert seen(claims(ally))["area"].to_list() == [None]


def test_the_sources_own_name_of_a_lone_witnesss_area_is_gone_with_it() -> None:
    found = seen(claims(told_by("SOHR", **SUWAYDA)))
    assert found.select("place_kind", "area", "country", "adm_1").row(0) == ("country", None, "Syria", None)


def test_to_hide_one_witness_may_leave_another_alone() -> None:
    # Two tell of Daraa, one of them of a place that reaches into As Suwayda, of which nobody else tells.
    found = seen(claims(told_by("SOHR", **DARAA), told_by("SANA", **BOTH)))
    assert set(found["place_kind"]) == {"country"}
    found = seen(claims(told_by("SOHR", **DARAA), told_by("SANA", **BOTH), told_by("Enab Baladi", **DARAA)))
    assert sorted(found["place_kind"]) == ["area", "area", "country"]


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.sampled_from([0, 1, 2])), max_size=7), st.integers(1, 3))
@settings(max_examples=30)
def test_of_every_area_that_is_told_enough_have_told(rows: list[tuple[str, int]], least: int) -> None:
    places = (DARAA, SUWAYDA, BOTH)
    table = claims(*(told_by(office, **places[place], line=n) for n, (office, place) in enumerate(rows)))
    found = seen(table, grain=Grain("zones", "days", least, 1, 0))
    assert found.height == table.height
    for area in ("daraa", "suwayda"):
        touching = found.filter(
            (pl.col("area") == area)
            | pl.col("geometry").is_not_null()
            | (pl.col("adm_1") == LAW.gazetteer.areas[area].names[0])
        )
        assert touching.is_empty() or touching["office"].n_unique() >= least


# ---- declassified ----------------------------------------------------------------------------------------------------


def decided(table: pl.DataFrame, to: Level, *fields: str) -> Declassified:
    keys = frozenset(table["claim_key"])
    return Declassified(keys, frozenset(fields), to, "chief", "the parties asked for it", 12)


@given(LEVELS, LEVELS, LEVELS)
@settings(max_examples=25)
def test_a_decision_lets_its_audience_know_and_nobody_else(level: Level, to: Level, audience: Level) -> None:
    table = claims(report(levels=json.dumps({"act": level.word})), report("b", record="8"))
    first = table.filter(pl.col("levels") != "{}")
    decision = decided(first, to, "act")
    found = view(table, audience, declassified=[decision])
    assert found.claims.height == (2 if level <= audience or to <= audience else 1)
    assert found.claims.height == 1 or found.level == (level if level <= audience else to)
    # It is the same world as one in which that was the level from the start, but for its own audience's name for it.
    if not level <= audience and to <= audience:
        lowered = table.with_columns(pl.lit(json.dumps({"act": to.word})).alias("levels"))
        assert_frame_equal(found.claims.drop("levels"), view(lowered, audience).claims.drop("levels"))


def test_a_decision_about_one_field_tells_no_other() -> None:
    table = claims(told_by("SOHR", levels=json.dumps({"act": "sealed", "office": "sealed"})))
    decision = decided(table, Level.PUBLIC, "act")
    found = seen(table, declassified=[decision])
    assert found.select("act", "office").row(0) == ("shelling", None)
    assert seen(table, declassified=[decision, decided(table, Level.PARTIES, "office")]).equals(found)
    assert seen(table, Level.PARTIES, declassified=[decided(table, Level.PARTIES, "office"), decision])["office"][0]


def test_what_is_declassified_is_still_told_no_finer_than_the_grain() -> None:
    levels = json.dumps(dict.fromkeys(("lon", "lat", "radius_m"), "sealed"))
    table = claims(*(told_by(office, **DARAA, levels=levels) for office in ("SOHR", "SANA")))
    assert set(seen(table)["place_kind"]) == {"country"}
    found = seen(table, declassified=[decided(table, Level.PUBLIC, "lon", "lat", "radius_m")])
    assert set(found["area"]) == {"daraa"} and found["lon"].null_count() == 2


@pytest.mark.parametrize(
    ("keys", "fields", "by", "because", "why"),
    [
        (["k"], ["colour"], "chief", "asked", "no field 'colour'"),
        (["k"], ["claim_key"], "chief", "asked", "no field 'claim_key'"),
        ([], ["act"], "chief", "asked", "name the claims"),
        (["k"], [], "chief", "asked", "name the claims"),
        (["k"], ["act"], " ", "asked", "the role"),
        (["k"], ["act"], "chief", "", "and why"),
    ],
)
def test_a_decision_about_nothing_or_by_nobody_is_refused(
    keys: list[str], fields: list[str], by: str, because: str, why: str
) -> None:
    with pytest.raises(TrucewatchError, match=why):
        Declassified(frozenset(keys), frozenset(fields), Level.PUBLIC, by, because)


def test_who_knows_of_a_report_may_be_told_that_it_is_invented() -> None:
    table = claims(report(record="SIM-1", levels='{"record": "mission"}'), report("b", levels='{"act": "mission"}'))
    assert open_claims(table, Level.PUBLIC)["record"].to_list() == ["SIM-1"]
    assert open_claims(table, Level.MISSION).height == 2
    hidden = table.filter(pl.col("levels").str.contains("act"))
    assert open_claims(table, Level.PUBLIC, [decided(hidden, Level.PUBLIC, "act")]).height == 2


def test_a_view_says_how_finely_it_tells() -> None:
    assert view(empty_claims(), GOVERNMENT).grain == grain_of(GOVERNMENT)
    assert View(claims_table({"claim_key": ["a"]}), Level.MISSION, Level.PUBLIC).grain == Grain()
