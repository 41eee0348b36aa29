"""Beside: what an audience may know of a mission's own logs, through the one door that there is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.beside import NOTHING, SHEETS, Beside, beside_of, is_attested, known_words, places_of
from trucewatch.levels import Level, audiences
from trucewatch.logs.casualties import CASUALTIES
from trucewatch.logs.impacts import IMPACT_SITES
from trucewatch.logs.lines import Kind, Line
from trucewatch.logs.patrols import ATTESTATIONS, NOTICES, PATROLS, WINDOWS
from trucewatch.shipped import open_agreement
from trucewatch.when import Span

LAW = open_agreement("south-syria-2017")
EVERY = audiences(LAW.parties)
FIRST, LAST = datetime(2018, 6, 1, tzinfo=UTC), datetime(2018, 6, 2, tzinfo=UTC)
DAY = Span(FIRST, LAST, "interval")


def line(sheet: Any, id_: str, level: Level, **values: Any) -> Line:
    empty = {column.name: () if column.is_list else None for column in sheet.columns}
    return Line(sheet.name, id_, {**empty, "note": None, **values}, level, number=7, file="log.csv", line=3, since=5)


def patrol(id_: str, level: Level = Level.MISSION) -> Line:
    return line(PATROLS, id_, level, patrol=id_, planned_from=FIRST, planned_until=LAST, area="daraa")


def window(id_: str, level: Level = Level.MISSION, area: str = "daraa") -> Line:
    told = {"from": FIRST, "until": LAST, "area": area, "could_observe": ("use-of-weapons",)}
    return line(WINDOWS, id_, level, window=id_, **told)


def attestation(id_: str, level: Level = Level.MISSION, what: str = "withdrawal-done", area: str = "daraa") -> Line:
    told = {"from": FIRST, "until": LAST, "what": what, "area": area, "by": "records officer"}
    return line(ATTESTATIONS, id_, level, attestation=id_, **told)


SPAN = (FIRST.isoformat(), LAST.isoformat())


def casualty(id_: str, level: Level = Level.MISSION) -> Line:
    told = {"casualty": id_, "happened": SPAN, "outcome": "killed", "sex": "male", "age_band": "child", "area": "daraa"}
    return line(CASUALTIES, id_, level, incident="R-1", identity="aaaq-eaye-auda-ocaj", **told)


def impact_site(id_: str, level: Level = Level.MISSION) -> Line:
    told = {"site": id_, "assessed_on": SPAN, "subject": "R-1", "lat": 32.6, "lon": 36.1, "radius_m": 10.0}
    return line(IMPACT_SITES, id_, level, direction=90.0, error=5.0, **told)


LINES = st.builds(
    lambda make, n, level: make(f"x-{n}", level),
    st.sampled_from([patrol, window, attestation, casualty, impact_site]),
    st.integers(0, 5),
    st.sampled_from(EVERY),
)


@given(st.lists(LINES, max_size=8), st.lists(LINES, max_size=8), st.sampled_from(EVERY))
def test_what_is_above_an_audience_leaves_no_trace(shared: list[Line], hidden: list[Line], audience: Level) -> None:
    above = [one for one in hidden if not one.level <= audience]
    assert beside_of([*shared, *above], audience, LAW) == beside_of(shared, audience, LAW)


@given(st.lists(LINES, max_size=8), st.sampled_from(EVERY))
def test_everybody_knows_what_is_theirs_and_the_log_is_marked_with_it(lines: list[Line], audience: Level) -> None:
    beside = beside_of(lines, audience, LAW)
    known = [one for one in lines if one.level <= audience]
    told = beside.patrols, beside.windows, beside.attestations, beside.casualties, beside.impact_sites
    assert sum(map(len, told)) == len(known)
    assert all(one.level <= beside.level for one in known)
    assert beside.level <= audience or not known


@given(st.lists(LINES, max_size=4), st.integers(1, 99))
def test_below_the_mission_entries_files_and_lines_are_not_told(lines: list[Line], number: int) -> None:
    moved = [replace(one, number=number, since=number, file=f"{number}.csv", line=number, at=FIRST) for one in lines]
    for audience in EVERY:
        if not audience >= Level.MISSION:
            assert beside_of(lines, audience, LAW) == beside_of(moved, audience, LAW)


@pytest.mark.parametrize("audience", EVERY)
def test_who_a_casualty_is_and_what_it_is_of_is_for_the_mission_alone(audience: Level) -> None:
    (told,) = beside_of([casualty("k", Level.PUBLIC)], audience, LAW).casualties
    is_mission = audience >= Level.MISSION
    assert (bool(told.identity), bool(told.incident)) == (is_mission, is_mission)


def test_casualties_and_impact_sites_say_nothing_of_how_far_the_record_reaches() -> None:
    beside = beside_of([casualty("k"), impact_site("x")], Level.MISSION, LAW)
    assert beside.casualties and beside.impact_sites
    assert beside.heard_until == NOTHING.heard_until


def test_nothing_is_beside_where_nothing_was_written_down() -> None:
    assert Beside() == NOTHING
    assert replace(beside_of([], Level.MISSION, LAW), places={}) == NOTHING


def test_the_areas_of_a_window_are_those_of_the_agreement() -> None:
    (seen,) = beside_of([window("w")], Level.MISSION, LAW).windows
    assert seen.place is not None
    assert LAW.zones["daraa"].shape is not None
    assert seen.place.equals(LAW.zones["daraa"].shape)
    assert set(places_of(LAW)) <= set(known_words(LAW)[Kind.PLACE_ID])


@pytest.mark.parametrize(
    ("act", "area", "lines", "is_yes"),
    [
        ("withdrawal-done", "daraa", [attestation("a")], True),
        ("withdrawal-done", "daraa", [attestation("a", area="suwayda")], False),
        ("withdrawal-done", "daraa", [attestation("a", what=NOTICES)], False),
        ("withdrawal-done", "daraa", [window("w", area="daraa")], False),
        ("withdrawal-done", "daraa", [], False),
    ],
)
def test_only_an_attestation_makes_a_record_complete(act: str, area: str, lines: list[Line], is_yes: bool) -> None:
    assert is_attested(beside_of(lines, Level.MISSION, LAW), act, area, DAY) is is_yes


def test_nobody_goes_by_an_attestation_above_them() -> None:
    lines = [attestation("a", Level.GUARANTORS)]
    assert is_attested(beside_of(lines, Level.GUARANTORS, LAW), "withdrawal-done", "daraa", DAY)
    assert not is_attested(beside_of(lines, Level.PARTIES, LAW), "withdrawal-done", "daraa", DAY)


def test_sheets_have_names_of_their_own_and_say_what_they_hold() -> None:
    names = [sheet.name for sheet in SHEETS]
    assert len(set(names)) == len(names)
    for sheet in SHEETS:
        columns = [column.name for column in sheet.every_column]
        assert len(set(columns)) == len(columns), sheet.name
        assert sheet.columns[0].kind is Kind.ID and sheet.columns[0].is_required, sheet.name
        assert sheet.entry in ("liaised", "observed", "ruled"), sheet.name
        assert sheet.says and all(column.says for column in sheet.columns), sheet.name
        for column in sheet.columns:
            assert column.of in ("", "subject", *names), (sheet.name, column.name)
            assert bool(column.choices) is (column.kind is Kind.CHOICE), (sheet.name, column.name)
