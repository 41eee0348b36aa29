"""Incidents: a function of the set of claims, with origins that nobody can talk up and contradictions side by side."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from trucewatch.actors import Actor, Register, read_pairs, write_pairs
from trucewatch.claims import claims_table
from trucewatch.incidents import FIRST_HAND, Incidents, corroborate
from trucewatch.levels import Level
from trucewatch.views import View, view

NOON = datetime(2020, 3, 1, 12, tzinfo=UTC)


def claim(key: str, **told: Any) -> dict[str, Any]:
    return {
        "claim_key": key, "version": key, "event_key": key, "source": "wire", "record": key, "item": 0, "entry": 0,
        "file": "f.csv", "line": 1, "assertion": "act", "act": "shelling", "earliest": NOON,
        "latest": NOON + timedelta(hours=1), "time_extent": "within", "place_kind": "disc", "lon": 36.1, "lat": 32.6,
        "radius_m": 2000.0, "place_extent": "within", "pairs": write_pairs([("north", "south")]),
        "means": "open-source", "office": "outlet", "cites": None, "interest": None, "curated": False,
        "allegation": False, "records_deaths": False, "exercise": False, "levels": "{}", **told,
    }  # fmt: skip


def brought_together(*claims: dict[str, Any], register: Register | None = None) -> Incidents:
    names = dict.fromkeys(name for row in claims for name in row)
    table = claims_table({name: [row.get(name) for row in claims] for name in names})
    return corroborate(view(table, Level.SEALED), register=register)


def groups(found: Incidents) -> set[frozenset[str]]:
    return {frozenset(claims) for claims in found.incidents["claims"].to_list()}


def alone(*claims: dict[str, Any]) -> dict[str, Any]:
    (row,) = brought_together(*claims).incidents.iter_rows(named=True)
    return row


LATER = {"earliest": NOON + timedelta(hours=5), "latest": NOON + timedelta(hours=6)}
UNNAMED = {"pairs": write_pairs([("", "")])}

# ---- links -----------------------------------------------------------------------------------------------------------


def test_two_close_reports_of_one_act_are_one_incident() -> None:
    assert groups(brought_together(claim("a"), claim("b", source="patrol", lon=36.11))) == {frozenset("ab")}


@pytest.mark.parametrize(
    "other",
    [
        {"lon": 36.5},  # too far for what both say of the place
        {"earliest": NOON + timedelta(days=1), "latest": NOON + timedelta(hours=25)},  # at another time
        {"act": "small-arms-fire", **LATER},  # another act, later
        {"pairs": write_pairs([("east", "west")]), **LATER},  # other people, later
        {"radius_m": 25_000.0, "lon": 36.2, **UNNAMED, **LATER},  # told too vaguely to say that it was this one
        {"earliest": NOON - timedelta(days=3), "radius_m": 25_000.0, "act": "use-of-weapons", **UNNAMED},  # in time
    ],
)
def test_what_may_be_another_thing_is_not_linked(other: dict[str, Any]) -> None:
    assert len(groups(brought_together(claim("a"), claim("b", source="patrol", **{"lon": 36.115, **other})))) == 2


def test_a_vaguer_word_for_the_act_still_links() -> None:
    assert len(groups(brought_together(claim("a"), claim("b", source="patrol", act="explosion")))) == 1


def test_an_umbrella_may_be_its_member() -> None:
    register = Register(
        {"north": Actor("north", ("north",)), "all": Actor("all", ("all of them",), members=("north",))}
    )
    other = claim("b", source="patrol", pairs=write_pairs([("all of them", "south")]))
    assert len(groups(brought_together(claim("a"), other, register=register))) == 1


def test_claims_of_one_record_are_one_incident_however_they_differ() -> None:
    far = claim("b", event_key="a", item=1, lon=40.0)
    assert groups(brought_together(claim("a"), far)) == {frozenset("ab")}


def test_events_that_a_dataset_keeps_apart_are_never_joined_not_even_by_a_third() -> None:
    curated = {"source": "dataset", "curated": True}
    found = brought_together(claim("a", **curated), claim("b", **curated), claim("c", source="patrol"))
    together = groups(found)
    assert not any({"a", "b"} <= group for group in together)
    assert len(together) == 2
    (miss,) = found.links.filter(~pl.col("taken")).iter_rows(named=True)
    assert {miss["one"], miss["other"]} & {"a", "b"} and miss["reason"] == "dataset records them as different events"


def test_separate_items_of_one_report_are_never_joined() -> None:
    assert len(groups(brought_together(claim("a", record="r"), claim("b", record="r")))) == 2


PLACES = st.floats(36.0, 36.06)
SOURCES = st.sampled_from(["dataset", "wire", "patrol", "party"])


@st.composite
def tellings(draw: st.DrawFn) -> list[dict[str, Any]]:
    number = draw(st.integers(2, 8))
    told = []
    for n in range(number):
        source = draw(SOURCES)
        told.append(
            claim(
                f"k{n}",
                source=source,
                curated=source == "dataset",
                lon=round(draw(PLACES), 4),
                act=draw(st.sampled_from(["shelling", "explosion", "mortar-fire"])),
                entry=draw(st.integers(0, 2)),
                event_key=f"k{draw(st.integers(0, n))}",
                office=draw(st.sampled_from(["one", "two"])),
            )
        )
    return told


@settings(max_examples=40)
@given(told=tellings(), random=st.randoms(use_true_random=False))
def test_the_order_in_which_reports_come_changes_nothing(told: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)
    one, other = brought_together(*told), brought_together(*shuffled)
    assert one.incidents.equals(other.incidents)
    assert one.accounts.equals(other.accounts)


@settings(max_examples=40)
@given(told=tellings())
def test_must_links_hold_and_cannot_links_are_never_broken(told: list[dict[str, Any]]) -> None:
    incident_of = {key: n for n, group in enumerate(groups(brought_together(*told))) for key in group}
    for one, other in itertools.combinations(told, 2):
        if one["source"] == other["source"]:
            is_one = incident_of[one["claim_key"]] == incident_of[other["claim_key"]]
            if one["event_key"] == other["event_key"]:
                assert is_one
            elif one["source"] == "dataset":
                assert not is_one


def test_a_later_report_renames_no_incident() -> None:
    first = brought_together(claim("m", entry=1))
    later = brought_together(claim("m", entry=1), claim("a", entry=2, source="patrol"))
    assert first.incidents["incident"].to_list() == later.incidents["incident"].to_list() == ["m"]


def test_nothing_observed_is_no_incident() -> None:
    assert brought_together(claim("a", assertion="nothing")).incidents.is_empty()


# ---- origins ---------------------------------------------------------------------------------------------------------


def origins(*told: dict[str, Any]) -> tuple[int, int | None]:
    rows = [claim(f"c{n}", event_key="e", item=n, **one) for n, one in enumerate(told)]
    row = alone(*rows)
    return row["origins_low"], row["origins_high"]


def cites(*chain: str) -> str:
    return json.dumps(list(chain))


@pytest.mark.parametrize(
    ("told", "bounds"),
    [
        ([{"office": "one"}], (1, 1)),
        ([{"office": "one"}, {"office": "two"}, {"office": "three"}], (1, 3)),
        ([{"office": "one", "cites": cites("root")}, {"office": "two", "cites": cites("root")}], (1, 1)),
        ([{"office": "one", "cites": cites("root")}, {"office": "two", "cites": cites("other")}], (2, 2)),
        ([{"office": "one", "cites": cites("one")}], (1, 1)),  # its own reporting, stated
        ([{"office": "one", "cites": cites("one")}, {"office": "one"}], (1, 1)),
        ([{"office": "patrol 1", "means": "heard"}, {"office": "patrol 2", "means": "saw"}], (2, 2)),
        ([{"office": "patrol 1", "means": "heard"}, {"office": "one"}], (1, 2)),
        ([{"office": "one", "cites": cites("two")}, {"office": "two", "cites": cites("one")}], (0, 1)),
        ([{"office": "one", "cites": cites("unnamed officials")}], (1, None)),
        ([{"office": "one", "cites": cites("unnamed official")}], (1, 1)),
        ([{"office": "one", "interest": "ally"}, {"office": "two", "interest": "ally"}], (1, 1)),
        ([{"office": "north", "allegation": True}], (0, 1)),
        ([{"office": "north", "allegation": True}, {"office": "one", "cites": cites("north")}], (0, 1)),
        ([{"office": "north", "allegation": True}, {"office": "patrol 1", "means": "saw"}], (1, 2)),
    ],
)
def test_origins_are_bounded_by_what_must_and_what_may_lie_behind(
    told: list[dict[str, Any]], bounds: tuple[int, int | None]
) -> None:
    assert origins(*told) == bounds


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=6), st.integers(1, 4))
def test_an_echo_is_no_second_voice(offices: list[str], copies: int) -> None:
    told = [{"office": office, "cites": cites("root")} for office in offices]
    assert origins(*told * copies) == (1, 1)


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=6))
def test_the_lower_bound_never_passes_the_upper(roots: list[str]) -> None:
    low, high = origins(*({"office": f"o{n}", "cites": cites(root)} for n, root in enumerate(roots)))
    assert high is not None and 0 < low <= high


def test_who_of_the_mission_saw_it_is_not_named() -> None:
    assert alone(claim("a", means="saw", office="patrol 7"))["offices"] == [FIRST_HAND]


# ---- links, as a function of the set of claims -----------------------------------------------------------------------


@st.composite
def worlds(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Claims of two datasets and of loose reports with several items, some hours and kilometres apart."""
    rows = []
    for n in range(draw(st.integers(1, 8))):
        source, event = draw(st.sampled_from(["one", "two", "loose"])), draw(st.integers(1, 3))
        is_curated = source != "loose"
        rows.append(
            claim(
                f"{draw(st.integers(0, 99)):02d}{n}",
                source=source,
                curated=is_curated,
                event_key=f"{source} {event}" if is_curated else f"{source} {n}",
                record=f"{event}",
                entry=draw(st.integers(1, 3)),
                lon=36.1 + draw(st.integers(0, 2)) / 100,
                radius_m=draw(st.sampled_from([500.0, 2000.0, 15000.0])),
                earliest=NOON - timedelta(hours=draw(st.integers(0, 2))),
                act=draw(st.sampled_from(["shelling", "use-of-weapons", "clash"])),
                pairs=draw(st.sampled_from([write_pairs([("", "")]), write_pairs([("north", "south")])])),
            )
        )
    return rows


def as_they_came(rows: Sequence[dict[str, Any]]) -> Incidents:
    """Bring claims together from a view in which they stand in the order given."""
    names = dict.fromkeys(name for row in rows for name in row)
    table = claims_table({name: [row.get(name) for row in rows] for name in names})
    place = {key: at for at, key in enumerate(table["claim_key"])}
    return corroborate(View(table[[place[row["claim_key"]] for row in rows]], Level.SEALED, Level.PUBLIC))


@settings(max_examples=20)
@given(worlds().flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_an_unsorted_view_changes_nothing(orders: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    one, other = as_they_came(orders[0]), as_they_came(orders[1])
    assert_frame_equal(one.incidents, other.incidents)
    assert_frame_equal(one.accounts, other.accounts)
    assert_frame_equal(one.members, other.members)
    assert_frame_equal(one.links, other.links)


@settings(max_examples=20)
@given(worlds())
def test_when_claims_came_in_names_an_incident_and_changes_no_link(rows: list[dict[str, Any]]) -> None:
    by_and_by = as_they_came(rows)
    assert groups(as_they_came([{**row, "entry": 0} for row in rows])) == groups(by_and_by)
    came = {row["claim_key"]: (row["entry"], row["claim_key"]) for row in rows}
    for name, keys in by_and_by.members.group_by("incident").agg("claim_key").iter_rows():
        assert name == min(keys, key=lambda key: came[key])


@settings(max_examples=20)
@given(worlds())
def test_what_came_in_later_renames_nothing(rows: list[dict[str, Any]]) -> None:
    now = dict(as_they_came(rows).members.iter_rows())
    for entry in (1, 2):
        before = [row for row in rows if row["entry"] <= entry]
        then = dict(as_they_came(before).members.iter_rows()) if before else {}
        for incident in set(now.values()):
            known = {then[claim] for claim, name in now.items() if name == incident and claim in then}
            # One that is torn apart names its other part anew; whatever stays whole keeps a name that it had.
            if known and all(now[claim] == incident for claim, name in then.items() if name in known):
                assert incident in known


@settings(max_examples=20)
@given(worlds())
def test_neither_events_of_a_dataset_nor_items_of_a_report_are_joined_by_way_of_others(
    rows: list[dict[str, Any]],
) -> None:
    found = as_they_came(rows)
    incident_of = dict(found.members.iter_rows())
    for one, other in itertools.combinations(rows, 2):
        is_one = incident_of[one["claim_key"]] == incident_of[other["claim_key"]]
        if one["source"] == other["source"]:
            if one["event_key"] == other["event_key"]:
                assert is_one
            elif one["curated"] or one["record"] == other["record"]:
                assert not is_one
    for one, other, taken, reason in found.links.select("one", "other", "taken", "reason").iter_rows():
        assert taken == (incident_of[one] == incident_of[other]) == (not reason)


# ---- origins behind chains -------------------------------------------------------------------------------------------

SAW = {"office": "patrol", "means": "saw"}


@pytest.mark.parametrize(
    ("told", "bounds"),
    [
        pytest.param([("A", ["root"]), ("B", ["A", "root"])], (1, 1), id="a chain is read to its end"),
        pytest.param([("A", ["root"]), ("B", ["A"])], (1, 1), id="and on, where its end cites somebody"),
        pytest.param([("A", ["root"]), ("B", ["A"]), ("C", ["B"])], (1, 1), id="over two others"),
        pytest.param([("patrol", None, "saw"), ("A", ["patrol"])], (1, 1), id="who cites an eyewitness adds none"),
        pytest.param([("C", None), ("A", ["C"])], (1, 1), id="who cites an office that is there"),
        pytest.param([("B", None), ("A", ["A"]), ("C", ["B"])], (1, 2), id="which may have it from a third"),
        pytest.param([("A", ["B"]), ("B", ["C"]), ("C", ["A"])], (0, 1), id="a wider circle"),
        pytest.param([("A", ["B"]), ("B", ["A"]), ("C", ["A"])], (0, 1), id="who cites a circle"),
        pytest.param([("A", ["B"]), ("B", ["A"]), ("patrol", None, "saw")], (1, 2), id="a circle and an eyewitness"),
        pytest.param([("A", ["B"]), ("B", ["A", "root"])], (1, 1), id="a circle with a way out"),
        pytest.param([("A", ["unnamed official"]), ("B", ["unnamed official"])], (1, 2), id="perhaps two officials"),
        pytest.param([("A", ["unnamed officials"]), ("B", ["A"])], (1, None), id="officials, cited on"),
        pytest.param([("A", ["unnamed official"]), ("B", ["A"])], (1, 1), id="one official, cited on"),
        pytest.param([("A", ["SOHR"]), ("B", ["sohr"])], (1, 1), id="one root in two spellings"),
        pytest.param([(None, None)], (1, 1), id="nobody named"),
    ],
)
def test_whoever_repeats_another_is_no_further_origin(
    told: list[tuple[Any, ...]], bounds: tuple[int, int | None]
) -> None:
    rows = [
        {"office": office, "cites": cites(*chain) if chain else None, "means": (*means, "open-source")[0]}
        for office, chain, *means in told
    ]
    assert origins(*rows) == bounds
    assert origins(*rows, *rows) == bounds


def test_whoever_cites_an_ally_has_it_from_the_ally() -> None:
    assert origins({"office": "A", "interest": "ally"}, {"office": "B", "cites": cites("A")}) == (1, 1)
    assert origins({"office": "A", "interest": "ally"}, SAW) == (2, 2)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABCD"),
            st.lists(st.sampled_from(["A", "B", "C", "root", "unnamed officials"]), max_size=2),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_repetition_is_not_corroboration(told: list[tuple[str, list[str]]]) -> None:
    rows = [{"office": office, "cites": cites(*chain) if chain else None} for office, chain in told]
    low, high = origins(*rows)
    assert high is None or 0 <= low <= high
    relayed = origins(*rows, {"office": "echo", "cites": cites(told[0][0])})
    assert relayed[0] <= max(low, 1) and (high is None or relayed[1] in (high, None))
    assert origins(*rows, SAW)[0] >= max(low, 1)


# ---- who -------------------------------------------------------------------------------------------------------------


def sides(*told: dict[str, Any]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    row = alone(*(claim(f"c{n}", event_key="e", item=n, **one) for n, one in enumerate(told)))
    return set(read_pairs(row["sides"])), set(read_pairs(row["pairs"]))


def test_of_two_reports_that_name_different_actors_neither_is_chosen() -> None:
    one, other = ("north", "civilians"), ("south", "civilians")
    for first, second in ((one, other), (other, one)):
        told, reported = sides({"pairs": write_pairs([first])}, {"pairs": write_pairs([second])})
        assert told == reported == {one, other}


def test_who_names_nobody_takes_nothing_from_who_does() -> None:
    told, reported = sides({"pairs": None}, {"pairs": write_pairs([("north", "civilians")])})
    assert told == reported == {("north", "civilians")}


def test_a_complaint_alone_lets_nobody_answer_for_what_others_saw() -> None:
    complaint = {"pairs": write_pairs([("north", "south")]), "allegation": True, "office": "south"}
    told, reported = sides(complaint, {**SAW, "pairs": None})
    assert (told, reported) == ({("north", "south")}, {("", "")})
    assert sides(complaint) == ({("north", "south")}, {("north", "south")})
