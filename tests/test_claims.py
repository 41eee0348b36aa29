"""Claims keep their keys whatever file they come in, and lie in the plane where their points do."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from tests.news import LATER, NOBODY, NOON, claims, report
from trucewatch.actors import write_pairs
from trucewatch.claims import (
    SCHEMA,
    by_cell,
    claim,
    claims_table,
    current,
    empty_claims,
    keyed_hash,
    projected,
)
from trucewatch.where import Plane


def keys(table: pl.DataFrame) -> set[str]:
    return set(table["claim_key"])


# ---- keys ------------------------------------------------------------------------------------------------------------


@st.composite
def files(draw: st.DrawFn) -> list[dict[str, object]]:
    """Rows of one source: some of one record, some of none, some standing twice."""
    curated = draw(st.booleans())
    told = draw(st.lists(st.tuples(st.sampled_from(["1", "2", None]), st.sampled_from("abcd")), min_size=1, max_size=8))
    tellers = {"a": 1, "b": 2, "c": 3, "d": 1}
    return [
        report(
            content, record=record, event_key=record if curated else None, curated=curated,
            tellers=[{**NOBODY, "office": f"office {n}"} for n in range(tellers[content])],
        )
        for record, content in told
    ]  # fmt: skip


@given(files(), st.data())
@settings(max_examples=40)
def test_keys_do_not_depend_on_the_file_its_lines_or_their_order(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    lines = data.draw(st.permutations(range(2, 2 + len(rows))))
    otherwise = data.draw(st.permutations(rows))
    moved = [{**row, "file": "other.csv", "line": line} for row, line in zip(otherwise, lines, strict=True)]
    here, there = claims(*rows), claims(*moved)
    assert_frame_equal(here.drop("file", "line"), there.drop("file", "line"))
    twice = claims(*rows, *moved)
    assert_frame_equal(here.drop("file", "line"), twice.drop("file", "line"))


@given(files())
@settings(max_examples=40)
def test_each_version_of_each_assertion_is_held_once(rows: list[dict[str, object]]) -> None:
    table = claims(*rows)
    distinct = {(row["record"], row["content"]): len(row["tellers"]) for row in rows}  # type: ignore[arg-type]
    assert table.height == sum(distinct.values())
    assert table.select("claim_key", "version").is_duplicated().sum() == 0
    assert table.schema == SCHEMA
    assert table["claim_key"].to_list() == sorted(table["claim_key"])


@given(files(), st.binary(min_size=1, max_size=64), st.binary(min_size=1, max_size=64))
@settings(max_examples=40)
def test_no_key_of_one_mission_is_that_of_another(rows: list[dict[str, object]], one: bytes, other: bytes) -> None:
    here, there = claims(*rows, key=one), claims(*rows, key=other)
    for column in ("claim_key", "version", "event_key"):
        assert bool(set(here[column]) & set(there[column])) == (one.ljust(64, b"\0") == other.ljust(64, b"\0"))


def test_a_record_that_is_named_as_the_content_of_another_row_stands_beside_it() -> None:
    table = claims(report("a", record="b"), report("b", record=None))
    assert table.height == 2 and table["version"].n_unique() == 2


def test_two_sources_that_number_their_records_alike_have_different_claims() -> None:
    table = claims(report(), report(source="radio"))
    assert table.height == 2 and len(keys(table)) == 2 and table["event_key"].n_unique() == 2


def test_of_a_row_that_stands_twice_the_first_is_kept() -> None:
    table = claims(report(line=9), report(line=4), report(line=6))
    assert table["line"].to_list() == [4]
    files = [report(file="b.csv"), report(file="a.csv")]
    assert [claims(*rows)["file"].to_list() for rows in (files, files[::-1])] == [["a.csv"]] * 2


def test_a_row_without_a_record_goes_by_its_content() -> None:
    one, other = claims(report("a", record=None)), claims(report("b", record=None))
    assert keys(one) & keys(other) == set()
    assert keys(claims(report("b", record=None), report("a", record=None))) == keys(one) | keys(other)


def test_a_revised_record_of_a_curated_source_is_a_new_version_of_the_same_claim() -> None:
    first = claims(report("two dead", curated=True, event_key="e7", dead_low=2), entry=1)
    revised = claims(report("three dead", curated=True, event_key="e7", dead_low=3), entry=2)
    assert keys(first) == keys(revised)
    assert first["event_key"].to_list() == revised["event_key"].to_list()
    assert first["version"].to_list() != revised["version"].to_list()
    assert current(pl.concat([revised, first]))["dead_low"].to_list() == [3]


def test_the_rows_of_one_report_are_separate_items_of_it() -> None:
    table = claims(report("shelling at nine"), report("shelling at ten"))
    assert len(keys(table)) == 2 and table["event_key"].n_unique() == 2


def test_each_teller_of_a_row_makes_a_claim_of_its_own_of_one_event() -> None:
    tellers = [
        {"office": "SANA", "cites": None, "text": "They fired."},
        {"office": "Enab Baladi", "cites": '["a resident"]', "text": "We heard it."},
    ]
    table = claims(report(tellers=tellers, curated=True, event_key="e7")).sort("item")
    assert table.select("item", "office", "cites", "text").rows() == [
        (0, "SANA", None, "They fired."),
        (1, "Enab Baladi", '["a resident"]', "We heard it."),
    ]
    assert len(keys(table)) == 2 and table["event_key"].n_unique() == table["version"].n_unique() == 1


def test_the_rows_of_one_curated_event_share_it_and_it_is_not_the_sources_own_number() -> None:
    rows = [report(content, record=content, curated=True, event_key="SYR-77") for content in "ab"]
    table = claims(*rows)
    assert len(keys(table)) == 2 and table["event_key"].n_unique() == 1
    assert "SYR-77" not in table["event_key"].to_list()


@given(files(), st.binary(max_size=64), st.integers(1, 4))
@settings(max_examples=25)
def test_a_large_table_has_the_keys_that_a_small_one_has(rows: list[dict[str, object]], key: bytes, many: int) -> None:
    here = claims(*rows, key=key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trucewatch.claims._MANY", many)
        patch.setattr("trucewatch.claims._AT_ONCE", many)
        assert_frame_equal(claims(*rows, key=key), here)


def test_one_row_may_have_several_tellers() -> None:
    table = claims(report(tellers=[{**NOBODY, "office": office} for office in ("north", "south")]))
    assert sorted(table["office"]) == ["north", "south"] and table["version"].n_unique() == 1


def test_the_entry_says_when_it_was_received() -> None:
    assert claims(report(), entry=12)["entry"].to_list() == [12]


def test_no_reports_make_no_claims() -> None:
    assert claims().equals(empty_claims()) and claims().schema == SCHEMA
    assert current(empty_claims()).is_empty()


@given(st.lists(st.text(max_size=4), max_size=4), st.lists(st.text(max_size=4), max_size=4))
@settings(max_examples=100)
def test_only_the_same_parts_have_the_same_hash(some: list[str], others: list[str]) -> None:
    assert (keyed_hash(b"k", *some) == keyed_hash(b"k", *others)) == (some == others)


def test_the_hash_is_keyed_blake2b_of_the_parts_with_their_lengths() -> None:
    content = b"".join(len(part).to_bytes(8, "big") + part for part in (b"wire", "حلب".encode()))
    assert keyed_hash(b"k", "wire", "حلب") == hashlib.blake2b(content, key=b"k", digest_size=16).hexdigest()
    assert len(keyed_hash(b"x" * 100, "a")) == 32


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.sampled_from("xyz")), max_size=9).flatmap(
    lambda rows: st.tuples(st.just(rows), st.permutations(rows))
))  # fmt: skip
@settings(max_examples=100)
def test_of_each_claim_the_version_received_last_is_current(
    orders: tuple[list[tuple[str, int, str]], Sequence[tuple[str, int, str]]],
) -> None:
    def table(rows: Sequence[tuple[str, int, str]]) -> pl.DataFrame:
        return claims_table(pl.DataFrame(rows, schema=["claim_key", "entry", "version"], orient="row"))

    found = current(table(orders[0]))
    last = {key: max((entry, version) for k, entry, version in orders[0] if k == key) for key, _, _ in orders[0]}
    assert {
        key: (entry, version) for key, entry, version in found.select("claim_key", "entry", "version").rows()
    } == last
    assert_frame_equal(found, current(table(orders[1])))
    assert_frame_equal(found, current(found))


def test_a_claims_table_is_whole_whatever_it_was_made_from() -> None:
    table = claims_table({"claim_key": ["b", "a"], "line": [1, 2], "unheard of": ["x", "y"]})
    assert table.schema == SCHEMA and table["claim_key"].to_list() == ["a", "b"]


def test_a_row_is_a_claim_for_people() -> None:
    told = claim(claims(report(pairs=write_pairs([("army", "hts")]), place_name="Daraa")).row(0, named=True))
    assert (told.source, told.record, told.line, told.place_name) == ("wire", "7", 2, "Daraa")
    assert told.pairs == (("army", "hts"),) and (told.earliest, told.latest) == (NOON, LATER)
    assert claim({**claims(report()).row(0, named=True), "pairs": None}).pairs == (("", ""),)


# ---- where they lie in the plane -------------------------------------------------------------------------------------

POINTS = st.lists(
    st.none() | st.tuples(st.floats(35, 37, allow_subnormal=False), st.floats(32, 34, allow_subnormal=False)),
    max_size=8,
)


def placed(points: Sequence[tuple[float, float] | None]) -> pl.DataFrame:
    told = [report(str(i), lon=p[0] if p else None, lat=p[1] if p else None) for i, p in enumerate(points)]
    return claims(*told)


@given(POINTS)
@settings(max_examples=40)
def test_claims_lie_where_their_points_do_in_the_plane(points: list[tuple[float, float] | None]) -> None:
    plane = Plane(36.0, 33.0)
    table = placed(points)
    laid = projected(table, plane)
    assert_frame_equal(laid.drop("x_m", "y_m"), table)
    for lon, lat, x, y in laid.select("lon", "lat", "x_m", "y_m").rows():
        if lon is None:
            assert x is None and y is None
        else:
            assert (x, y) == tuple(map(float, plane.project(lon, lat)))


@given(POINTS, st.sampled_from([500.0, 2_000.0, 50_000.0]))
@settings(max_examples=40)
def test_by_cell_neighbours_lie_together(points: list[tuple[float, float] | None], cell_m: float) -> None:
    laid = projected(placed(points), Plane(36.0, 33.0))
    ordered = by_cell(laid, cell_m)
    assert_frame_equal(ordered.sort("claim_key", "version"), laid)
    cells = [
        None if x is None else (math.floor(y / cell_m), math.floor(x / cell_m))
        for x, y in ordered.select("x_m", "y_m").rows()
    ]
    among = list(zip(cells, ordered["claim_key"], strict=True))
    assert among == sorted(among, key=lambda one: (one[0] is None, one[0] or (0, 0), one[1]))
