"""Incidents: a function of the set of claims, with origins that nobody can talk up and contradictions side by side."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import Actor, Register, write_pairs
from trucewatch.claims import claims_table, view
from trucewatch.incidents import FIRST_HAND, MOST_ACCOUNTS, Incidents, corroborate
from trucewatch.levels import Level

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


# ---- links -----------------------------------------------------------------------------------------------------------


def test_two_close_reports_of_one_act_are_one_incident() -> None:
    assert groups(brought_together(claim("a"), claim("b", source="patrol", lon=36.11))) == {frozenset("ab")}


@pytest.mark.parametrize(
    "other",
    [
        {"lon": 36.5},  # too far for what both say of the place
        {"earliest": NOON + timedelta(hours=2), "latest": NOON + timedelta(hours=3)},  # at another time
        {"act": "small-arms-fire"},  # another act
        {"pairs": write_pairs([("east", "west")])},  # other people
        {"radius_m": 25_000.0},  # told too vaguely to say that it was this one
        {"earliest": NOON - timedelta(days=3)},  # the same, in time
    ],
)
def test_what_may_be_another_thing_is_not_linked(other: dict[str, Any]) -> None:
    assert len(groups(brought_together(claim("a"), claim("b", source="patrol", **other)))) == 2


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
    (miss,) = found.near_misses
    assert {miss.claim_key, miss.other_key} & {"a", "b"} and "dataset" in miss.reason


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


@settings(max_examples=60)
@given(told=tellings(), random=st.randoms(use_true_random=False))
def test_the_order_in_which_reports_come_changes_nothing(told: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)
    one, other = brought_together(*told), brought_together(*shuffled)
    assert one.incidents.equals(other.incidents)
    assert one.accounts.equals(other.accounts)


@settings(max_examples=60)
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


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=6), st.integers(1, 4))
def test_an_echo_is_no_second_voice(offices: list[str], copies: int) -> None:
    told = [{"office": office, "cites": cites("root")} for office in offices]
    assert origins(*told * copies) == (1, 1)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=6))
def test_the_lower_bound_never_passes_the_upper(roots: list[str]) -> None:
    low, high = origins(*({"office": f"o{n}", "cites": cites(root)} for n, root in enumerate(roots)))
    assert high is not None and 0 < low <= high


def test_who_of_the_mission_saw_it_is_not_named() -> None:
    assert alone(claim("a", means="saw", office="patrol 7"))["offices"] == [FIRST_HAND]


# ---- accounts --------------------------------------------------------------------------------------------------------


def accounts(*told: dict[str, Any]) -> pl.DataFrame:
    return brought_together(*(claim(f"c{n}", event_key="e", item=n, **one) for n, one in enumerate(told))).accounts


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


@settings(max_examples=40)
@given(radii=st.lists(st.sampled_from([500.0, 2000.0, 9000.0]), min_size=1, max_size=4))
def test_of_places_round_one_point_the_narrowest_is_left(radii: list[float]) -> None:
    assert accounts(*({"radius_m": radius} for radius in radii))["radius_m"].to_list() == [min(radii)]
