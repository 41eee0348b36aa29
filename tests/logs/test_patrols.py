"""Patrols: what became of them, what they could see, and how what restricted them becomes a claim of the mission's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.acts import act_tree
from trucewatch.claims import SCHEMA
from trucewatch.evidence import Means
from trucewatch.levels import Level
from trucewatch.logs.lines import Kind, Line, Sheet, admit, read_sheet
from trucewatch.logs.patrols import (
    ATTESTATIONS,
    CAMERAS,
    NOTICES,
    PATROLS,
    RESTRICTIONS,
    SHEETS,
    SOURCE,
    WINDOWS,
    Attestation,
    PatrolOutcome,
    Seen,
    Window,
    attestations_of,
    attested,
    coverage,
    coverage_by_day,
    patrols_of,
    restrictions,
    windows_of,
)
from trucewatch.when import Span
from trucewatch.where import Gazetteer, place_shape

NOON = datetime(2018, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEST, EAST = shapely.box(36.0, 32.0, 36.5, 33.0), shapely.box(36.5, 32.0, 37.0, 33.0)
ALL = shapely.union_all([WEST, EAST])
PLACES = {"west": WEST, "east": EAST, "all": ALL}

PATROL = "patrol,planned_from,planned_until,area,outcome,turned_back_by,reason,restriction,from,until,level"
WINDOW = "window,patrol,from,until,area,lat,lon,radius_m,could_observe"
OUT = "P-1,2018-06-01T08:00,2018-06-01T12:00,west,executed,,,,2018-06-01T08:10,2018-06-01T11:50,"
CANCELLED = "P-2,2018-06-01T08:00,2018-06-01T12:00,west,cancelled,,,,,,"
PLANNED = "P-3,2018-06-01T08:00,2018-06-01T12:00,west,,,,,,,"


def take(
    tmp_path: Path, sheet: Sheet, header: str, *rows: str, beside: Sequence[Line] = ()
) -> tuple[list[Line], list[str]]:
    """Return the rows that may be entered beside others, and the (line, code) of what is wrong with the rest."""
    path = tmp_path / f"{sheet.name}.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    read, problems = read_sheet(sheet, path, "UTC", {Kind.PLACE_ID: set(PLACES) | {"undrawn"}})
    admitted, refused = admit(sheet, read, beside, SHEETS)
    return list(admitted), [f"{problem.line} {problem.code}" for problem in sorted((*problems, *refused))]


@pytest.fixture
def patrols(tmp_path: Path) -> list[Line]:
    lines, problems = take(tmp_path, PATROLS, PATROL, OUT, CANCELLED, PLANNED)
    assert problems == []
    return lines


# ---- the sheets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("P,2018-06-01T12:00,2018-06-01T08:00,west,,,,,,,", "end-before-start"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,executed,,,,2018-06-01T11:00,2018-06-01T09:00,", "end-before-start"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,wset,,,,,,,", "unknown-area"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,done,,,,,,", "unknown-choice"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,executed,,,,,,", "missing-value"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,curtailed,,,,2018-06-01T08:00,,", "missing-value"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,cancelled,,,,2018-06-01T08:00,2018-06-01T09:00,", "not-carried-out"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,,,,denial,,,", "not-carried-out"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,turned-back,the army,,,,,", "missing-value"),
        ("P,2018-06-01T08:00,2018-06-01T12:00,west,turned-back,the army,,refusal,,,", "unknown-choice"),
    ],
)
def test_a_patrol_that_cannot_have_been_is_refused(tmp_path: Path, row: str, code: str) -> None:
    lines, problems = take(tmp_path, PATROLS, PATROL, OUT, row)
    assert [line.id for line in lines] == ["P-1"]
    assert set(problems) == {f"3 {code}"}


def test_a_patrol_that_was_restricted_and_yet_went_is_one(tmp_path: Path) -> None:
    planned, out = "2018-06-01T08:00,2018-06-01T12:00", "2018-06-01T09:30,2018-06-01T12:00"
    row = f"P,{planned},west,executed,the army,a checkpoint,delay,{out},"
    (line,), problems = take(tmp_path, PATROLS, PATROL, row)
    assert problems == []
    (patrol,) = patrols_of([line])
    assert (patrol.outcome, patrol.turned_back_by, patrol.restriction) == (PatrolOutcome.EXECUTED, "?the army", "delay")
    assert patrol.out == Span(datetime(2018, 6, 1, 9, 30, tzinfo=UTC), NOON, "interval")


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:51,west,,,,use-of-weapons", "window-outside-patrol"),
        ("W,P-1,2018-06-01T08:00,2018-06-01T11:00,west,,,,use-of-weapons", "window-outside-patrol"),
        ("W,P-2,2018-06-01T09:00,2018-06-01T11:00,west,,,,use-of-weapons", "window-outside-patrol"),
        ("W,P-3,2018-06-01T09:00,2018-06-01T11:00,west,,,,use-of-weapons", "window-outside-patrol"),
        ("W,P-9,2018-06-01T09:00,2018-06-01T11:00,west,,,,use-of-weapons", "unknown-row"),
        ("W,P-1,2018-06-01T11:00,2018-06-01T09:00,west,,,,use-of-weapons", "end-before-start"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,north,,,,use-of-weapons", "unknown-area"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,west,,,,use-of-weapon", "unknown-choice"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,west,,,,", "missing-value"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,,,,,use-of-weapons", "one-way-only"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,west,32.5,36.1,500,use-of-weapons", "one-way-only"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,,32.5,36.1,,use-of-weapons", "half-a-point"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,,95,36.1,500,use-of-weapons", "out-of-range"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,,32.5,36.1,0,use-of-weapons", "out-of-range"),
        ("W,P-1,2018-06-01T09:00,2018-06-01T11:00,,32.5,179.99,50000,use-of-weapons", "out-of-range"),
    ],
)
def test_a_window_through_which_nobody_can_have_looked_is_refused(
    tmp_path: Path, patrols: list[Line], row: str, code: str
) -> None:
    good = "W-1,P-1,2018-06-01T09:00,2018-06-01T11:00,,32.5,36.1,3000,use-of-weapons; presence-of-forces"
    lines, problems = take(tmp_path, WINDOWS, WINDOW, good, row, beside=patrols)
    assert [line.id for line in lines] == ["W-1"]
    assert problems == [f"3 {code}"]


def test_a_patrol_with_a_window_is_not_cancelled_nor_cut_shorter_than_it(tmp_path: Path, patrols: list[Line]) -> None:
    row = "W-1,P-1,2018-06-01T09:00,2018-06-01T11:00,west,,,,use-of-weapons"
    (window,), _ = take(tmp_path, WINDOWS, WINDOW, row, beside=patrols)
    for changed in (
        CANCELLED.replace("P-2", "P-1"),
        OUT.replace("T11:50", "T10:00").replace("executed", "curtailed"),
    ):
        assert take(tmp_path, PATROLS, PATROL, changed, beside=[*patrols, window]) == ([], ["2 window-outside-patrol"])
    longer = OUT.replace("T11:50", "T11:55")
    assert len(take(tmp_path, PATROLS, PATROL, longer, beside=[*patrols, window])[0]) == 1


def test_cameras_and_posts_have_windows_too(tmp_path: Path) -> None:
    cameras, _ = take(
        tmp_path,
        CAMERAS,
        "uptime,camera,from,until,lat,lon,radius_m,could_observe",
        "U-1,C-1,2018-06-01T00:00,2018-06-02T00:00,32.5,36.25,2000,use-of-weapons",
    )
    posts, _ = take(tmp_path, WINDOWS, WINDOW, "W-1,,2018-06-01T00:00,2018-06-02T00:00,undrawn,,,,act")
    camera, post = windows_of([*cameras, *posts], PLACES)
    assert camera.acts == ("use-of-weapons",)
    assert camera.place is not None
    assert camera.place.contains(shapely.Point(36.25, 32.5))
    assert not camera.place.contains(shapely.Point(36.35, 32.5))
    assert post.place is None


# ---- coverage --------------------------------------------------------------------------------------------------------


def window(place: Any = ALL, first: datetime = NOON, hours: float = 4, *acts: str) -> Window:
    return Window(first, first + hours * HOUR, place, acts or ("use-of-weapons",))


def seen(*windows: Window, act: str = "use-of-weapons") -> Seen:
    return coverage(windows, (act,), ALL, NOON, NOON + 4 * HOUR)


def test_none_found_is_said_only_of_a_zone_watched_all_over_and_all_the_time() -> None:
    assert seen() is Seen.NOT_OBSERVED
    assert seen(window()) is Seen.NONE_FOUND
    assert seen(window(), act="mortar-fire") is Seen.NONE_FOUND
    assert seen(window(WEST), window(EAST)) is Seen.NONE_FOUND
    assert seen(window(WEST)) is Seen.PARTLY_SEEN
    assert seen(window(ALL, NOON, 3)) is Seen.PARTLY_SEEN
    assert seen(window(WEST, NOON, 2), window(EAST, NOON + 2 * HOUR, 2)) is Seen.PARTLY_SEEN
    assert seen(window(ALL, NOON, 4, "mortar-fire")) is Seen.PARTLY_SEEN
    assert seen(window(ALL, NOON, 4, "presence-of-forces")) is Seen.NOT_OBSERVED
    assert seen(window(ALL, NOON + 4 * HOUR, 4)) is Seen.NOT_OBSERVED
    assert seen(window(None)) is Seen.NOT_OBSERVED
    assert seen(window(shapely.box(37.0, 32.0, 38.0, 33.0))) is Seen.NOT_OBSERVED


def test_a_patrol_that_was_turned_back_saw_nothing() -> None:
    assert seen(*windows_of([], PLACES)) is Seen.NOT_OBSERVED


WINDOWS_ = st.builds(
    window,
    st.sampled_from([WEST, EAST, ALL]),
    st.integers(-2, 5).map(lambda hour: NOON + hour * HOUR),
    st.integers(1, 5),
    st.sampled_from(["use-of-weapons", "shelling", "firing", "presence-of-forces"]),
)


def minute_by_minute(windows: Sequence[Window], act: str) -> Seen:
    """An independent reference: look at each half of the zone in each half hour."""
    tree = act_tree()
    asked = [(half, NOON + n * HOUR / 2) for half in (WEST, EAST) for n in range(8)]

    def watched(half: Any, at: datetime, is_whole: bool) -> bool:
        return any(
            one.place.contains(half.centroid)
            and one.earliest <= at < one.latest
            and any(tree.covers(a, act) or (not is_whole and tree.covers(act, a)) for a in one.acts)
            for one in windows
            if one.place is not None
        )

    if all(watched(half, at, True) for half, at in asked):
        return Seen.NONE_FOUND
    return Seen.PARTLY_SEEN if any(watched(half, at, False) for half, at in asked) else Seen.NOT_OBSERVED


@settings(max_examples=60)
@given(st.lists(WINDOWS_, max_size=6), st.sampled_from(["use-of-weapons", "shelling", "mortar-fire", "explosion"]))
def test_coverage_is_what_one_finds_who_looks_everywhere_every_half_hour(windows: list[Window], act: str) -> None:
    assert seen(*windows, act=act) is minute_by_minute(windows, act)


RANK = [Seen.NOT_OBSERVED, Seen.PARTLY_SEEN, Seen.NONE_FOUND]


@settings(max_examples=40)
@given(st.lists(WINDOWS_, max_size=4), WINDOWS_)
def test_another_window_never_makes_less_seen(windows: list[Window], another: Window) -> None:
    assert RANK.index(seen(*windows, another)) >= RANK.index(seen(*windows))


def test_coverage_is_told_by_day_zone_and_act() -> None:
    midnight = datetime(2018, 5, 31, 21, tzinfo=UTC)  # in Damascus
    windows = [window(WEST, midnight, 24), window(EAST, midnight + 30 * HOUR, 2)]
    told = coverage_by_day(
        windows, {"west": WEST, "east": EAST}, ["use-of-weapons"], midnight, midnight + 48 * HOUR, "Asia/Damascus"
    )
    assert told.rows() == [
        (date(2018, 6, 1), "west", "use-of-weapons", "none found"),
        (date(2018, 6, 1), "east", "use-of-weapons", "not observed"),
        (date(2018, 6, 2), "west", "use-of-weapons", "not observed"),
        (date(2018, 6, 2), "east", "use-of-weapons", "partly seen"),
    ]


def test_a_day_of_which_a_part_lies_in_the_period_counts_with_that_part() -> None:
    told = coverage_by_day([window(ALL, NOON, 2)], {"all": ALL}, ["firing"], NOON, NOON + 2 * HOUR, "UTC")
    assert told.rows() == [(date(2018, 6, 1), "all", "firing", "none found")]


# ---- attestations ----------------------------------------------------------------------------------------------------


def attest(what: str, area: str, first: datetime = NOON, hours: float = 4) -> Attestation:
    return Attestation(what, area, PLACES.get(area), first, first + hours * HOUR, "records officer")


FOUR_HOURS = Span(NOON, NOON + 4 * HOUR, "interval")


@pytest.mark.parametrize(
    ("what", "area", "attestations", "is_yes"),
    [
        ("shelling", "west", [], False),
        ("shelling", "west", [attest("shelling", "west")], True),
        ("mortar-fire", "west", [attest("shelling", "west")], True),
        ("use-of-weapons", "west", [attest("shelling", "west")], False),
        ("shelling", "west", [attest("shelling", "east")], False),
        ("shelling", "west", [attest("shelling", "all")], True),
        ("shelling", "all", [attest("shelling", "west")], False),
        ("shelling", "all", [attest("shelling", "west"), attest("shelling", "east")], True),
        ("shelling", "west", [attest("shelling", "")], True),
        ("shelling", "", [attest("shelling", "all")], False),
        ("shelling", "", [attest("shelling", "")], True),
        ("shelling", "undrawn", [attest("shelling", "undrawn")], True),
        ("shelling", "undrawn", [attest("shelling", "all")], False),
        ("shelling", "west", [attest("shelling", "west", NOON, 3)], False),
        ("shelling", "west", [attest("shelling", "west", NOON, 2), attest("act", "", NOON + 2 * HOUR, 2)], True),
        ("shelling", "west", [attest("shelling", "west", NOON, 2), attest("act", "", NOON + 3 * HOUR, 2)], False),
        (NOTICES, "", [attest("act", "")], False),
        (NOTICES, "", [attest(NOTICES, "")], True),
        ("act", "", [attest(NOTICES, "")], False),
    ],
)  # fmt: skip
def test_a_record_is_complete_only_where_somebody_attests_all_of_it(
    what: str, area: str, attestations: list[Attestation], is_yes: bool
) -> None:
    assert attested(attestations, what, area, FOUR_HOURS, PLACES) is is_yes


def test_of_an_instant_it_is_attested_where_it_lies_in_what_is_attested() -> None:
    instant = Span(NOON, NOON, "second")
    assert attested([attest("shelling", "west")], "shelling", "west", instant, PLACES)
    assert not attested([attest("shelling", "west", NOON + HOUR)], "shelling", "west", instant, PLACES)


def test_an_attestation_is_read_from_its_row(tmp_path: Path) -> None:
    header = "attestation,what,area,from,until,by"
    good = "A-1,notices,,2018-06-01T00:00,2018-07-01T00:00,records officer"
    lines, problems = take(
        tmp_path,
        ATTESTATIONS,
        header,
        good,
        "A-2,notice,,2018-06-01T00:00,2018-07-01T00:00,records officer",
        "A-3,shelling,west,2018-07-01T00:00,2018-06-01T00:00,records officer",
        "A-4,shelling,west,2018-06-01T00:00,2018-07-01T00:00,",
    )
    assert problems == ["3 unknown-choice", "4 end-before-start", "5 missing-value"]
    (one,) = attestations_of(lines, PLACES)
    assert (one.what, one.area, one.by) == (NOTICES, "", "records officer")


# ---- restrictions ----------------------------------------------------------------------------------------------------


def restricted(tmp_path: Path, *kinds: str, level: str = "") -> pl.DataFrame:
    rows = [
        f"Q-{n},2018-06-01T08:00,2018-06-01T12:00,west,turned-back,the army,for your safety,{kind},,,{level}"
        for n, kind in enumerate(kinds)
    ]
    lines, problems = take(tmp_path, PATROLS, PATROL, OUT, *rows)
    assert problems == []
    return restrictions(lines, PLACES, b"key")


def test_what_restricted_a_patrol_is_an_act_in_its_four_kinds(tmp_path: Path) -> None:
    claims = restricted(tmp_path, *RESTRICTIONS)
    assert claims.schema == pl.Schema(SCHEMA)
    assert sorted(claims["act"]) == sorted(RESTRICTIONS.values())
    assert all(act_tree().covers("restriction-of-movement", act) for act in claims["act"])
    assert claims["claim_key"].n_unique() == 4


def test_the_claim_says_what_the_row_says_and_no_more(tmp_path: Path) -> None:
    (row,) = restricted(tmp_path, "denial").rows(named=True)
    assert (row["source"], row["record"], row["file"], row["line"]) == (SOURCE, "Q-0", "patrols.csv", 3)
    assert (row["earliest"], row["latest"]) == (datetime(2018, 6, 1, 8, tzinfo=UTC), NOON)
    assert (row["time_extent"], row["place_extent"]) == ("within", "within")
    assert (row["text"], row["pairs"], row["means"]) == ("for your safety", '[["the army", ""]]', Means.SAW)
    assert row["interest"] is None
    shape = place_shape(row, Gazetteer())
    assert shape is not None
    assert shape.equals(WEST)


def test_the_claim_is_for_whoever_the_row_is_for(tmp_path: Path) -> None:
    (row,) = restricted(tmp_path, "denial", level="parties").rows(named=True)
    told = json.loads(row["levels"])
    assert set(told.values()) == {"parties"}
    assert {"act", "earliest", "latest", "geometry", "pairs", "text", "record"} <= told.keys()
    (public,) = restricted(tmp_path, "denial", level="public").rows(named=True)
    assert public["levels"] == "{}"


def test_a_revised_row_is_the_same_claim_in_another_version(tmp_path: Path) -> None:
    (was,) = restricted(tmp_path, "denial").rows(named=True)
    (now,) = restricted(tmp_path, "delay").rows(named=True)
    assert was["claim_key"] == now["claim_key"]
    assert was["version"] != now["version"]


def test_patrols_that_nothing_restricted_claim_nothing(patrols: list[Line]) -> None:
    assert restrictions(patrols, PLACES, b"key").is_empty()


def test_where_nothing_draws_its_area_the_restriction_is_not_placed(tmp_path: Path) -> None:
    row = "P,2018-06-01T08:00,2018-06-01T12:00,undrawn,turned-back,,,other,,,"
    lines, _ = take(tmp_path, PATROLS, PATROL, row)
    (claim,) = restrictions(lines, PLACES, b"key").rows(named=True)
    assert (claim["place_kind"], claim["geometry"], claim["pairs"]) == ("unplaced", None, '[["", ""]]')


def test_a_line_knows_its_level(tmp_path: Path) -> None:
    (line,), _ = take(tmp_path, PATROLS, PATROL, OUT + "parties")
    assert patrols_of([line])[0].level == Level.PARTIES
