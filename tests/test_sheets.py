"""What a description says of a column is what is read from it; what cannot be read refuses its row."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from trucewatch.sheets import Sheet, split
from trucewatch.sources import read_source
from trucewatch.where import Gazetteer

SMALL = """format: 1
id: small
title: A small feed
licence: CC0
what: {act: {always: shelling}}
when: {from: day}
told: {means: {always: open-source}}
"""


def sheet(folder: Path, written: str, **columns: list[str]) -> Sheet:
    path = folder / "small.yml"
    path.write_text(SMALL + written, encoding="utf-8")
    source, problems = read_source(path)
    assert source is not None, problems
    return Sheet.of(source, pl.DataFrame(columns), Gazetteer(), "UTC")


def told(of: Sheet) -> list[str]:
    return [str(p) for p in of.problems("f.csv", pl.Series(range(2, 2 + of.height)))]


def record(folder: Path, written: str, **columns: list[str]) -> list[str | None]:
    found = sheet(folder, f"record: {written}\n", **columns)
    values = found.field("record").to_list()
    assert told(found) == []
    return values


def test_a_column_is_trimmed_and_empty_where_nothing_stands(tmp_path: Path) -> None:
    assert record(tmp_path, "a", a=[" x ", "", "  "]) == ["x", None, None]
    assert record(tmp_path, "missing", a=["x"]) == [None]


def test_of_several_columns_the_first_that_is_filled_counts(tmp_path: Path) -> None:
    assert record(tmp_path, "[a, b]", a=["x", ""], b=["y", "z"]) == ["x", "z"]
    assert record(tmp_path, "{column: [old, a], empty: none}", a=["x", ""]) == ["x", "none"]


def test_constants_and_columns_put_together(tmp_path: Path) -> None:
    assert record(tmp_path, "{always: 5}", a=["x", "y"]) == ["5", "5"]
    assert record(tmp_path, "{join: [a, b], with: '-'}", a=["x", "", ""], b=["1", "2", ""]) == ["x-1", "2", None]


@pytest.mark.parametrize(
    ("take", "taken"),
    [("first", ["a", "a", None]), ("last", ["c", "a", None]), ("2", ["b", None, None]), ("-2", ["b", None, None])],
)
def test_one_part_of_a_cell(tmp_path: Path, take: str, taken: list[str | None]) -> None:
    assert record(tmp_path, f"{{column: a, between: ',', take: {take}}}", a=["a, b ,c", "a", ""]) == taken


def test_the_host_of_an_address(tmp_path: Path) -> None:
    addresses = ["https://www.Reuters.com/a?b", "http://u:p@news.example:80/x", "BBC Monitoring"]
    assert record(tmp_path, "{column: a, take: host}", a=addresses) == [
        "reuters.com",
        "news.example",
        "BBC Monitoring",
    ]


def test_words_are_looked_up_whatever_their_case(tmp_path: Path) -> None:
    words = "words: {Big gun: gun, 1: one}"
    assert record(tmp_path, f"{{column: a, {words}}}", a=["big  GUN", "1.0", ""]) == ["gun", "one", None]
    assert record(tmp_path, f"{{column: a, {words}, otherwise: keep}}", a=["X"]) == ["X"]
    assert record(tmp_path, f"{{column: a, {words}, otherwise: other}}", a=["X"]) == ["other"]


def test_a_word_in_no_table_refuses_its_rows(tmp_path: Path) -> None:
    found = sheet(tmp_path, "record: {column: a, words: {gun: x}}\n", a=["gun", "gum", "gum"])
    assert found.field("record").to_list() == ["x", None, None]
    assert told(found) == [
        "f.csv:3: unknown-word record: 'gum' is not known (did you mean 'gun'?)",
        "f.csv:4: unknown-word record: 'gum' is not known (did you mean 'gun'?)",
    ]
    assert found.good().to_list() == [True, False, False]


def test_a_crosswalk_reads_the_words_of_a_feed(tmp_path: Path) -> None:
    acled = "{column: a, crosswalk: acled, words: {Own word: mortar-fire}}"
    assert record(tmp_path, acled, a=["Air/drone strike", "own word"]) == ["air-strike", "mortar-fire"]
    assert record(tmp_path, "{column: a, crosswalk: cameo}", a=["1951", "190", "99"]) == [
        "air-strike",
        "use-of-weapons",
        "act",
    ]
    found = sheet(tmp_path, "record: {column: a, crosswalk: cameo}\n", a=["abc"])
    assert found.field("record").to_list() == [None] and len(told(found)) == 1


def test_a_field_holds_only_the_words_that_it_may(tmp_path: Path) -> None:
    found = sheet(tmp_path, "where: {extent: a}\n", a=["Throughout", "", "all over"])
    assert found.field("place_extent", "within").to_list() == ["throughout", "within", "within"]
    assert told(found) == ["f.csv:4: unknown-word place_extent: 'all over' is not known"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("{a: 1}", [True, True, False, False]),
        ("{a: [1, X]}", [True, True, True, False]),
        ("{a: {not: 1}}", [False, False, True, True]),
        ("{a: {filled: true}}", [True, True, True, False]),
        ("{a: {filled: false}}", [False, False, False, True]),
        ("{a: {above: 0}}", [True, True, False, False]),
        ("{a: {above: 1}}", [False, False, False, False]),
        ("{a: x, b: 2}", [False, False, True, False]),
    ],
)
def test_conditions(tmp_path: Path, condition: str, holds: list[bool]) -> None:
    found = sheet(tmp_path, f"who: {{by: a, when: {condition}}}\n", a=["1", "1.0", "x", ""], b=["2"] * 4)
    assert found.holds(found.source.pairings[0].when).to_list() == holds
    assert found.holds(()).to_list() == [True] * 4


def test_numbers_in_bounds(tmp_path: Path) -> None:
    found = sheet(tmp_path, "", day=[""])
    text = pl.Series(["1.5", "", "x", "nan", "inf", "1e999", "11"]).replace("", None)
    found.height = len(text)
    assert found.number(text, "range", 0, 10).to_list() == [1.5, None, None, None, None, None, None]
    assert told(found) == [
        "f.csv:4: not-a-number range 'x' is no number",
        "f.csv:5: not-a-number range 'nan' is no number",
        "f.csv:6: not-a-number range 'inf' is no number",
        "f.csv:7: not-a-number range '1e999' is no number",
        "f.csv:8: out-of-range range 11 is not between 0 and 10",
    ]


def test_a_long_or_broken_text_is_told_in_one_short_line(tmp_path: Path) -> None:
    found = sheet(tmp_path, "where: {extent: a}\n", a=["x\n" * 500])
    found.field("place_extent")
    assert "\n" not in told(found)[0] and len(told(found)[0]) < 160


def test_what_is_needed_is_told_once(tmp_path: Path) -> None:
    found = sheet(tmp_path, "who: {by: {column: a, words: {x: y}}}\n", a=["?", "x"], day=["", ""])
    found.value(found.source.pairings[0].by[0])
    found.needed("from", "no day")
    assert [p.split()[1] for p in told(found)] == ["unknown-word", "missing-value"]
    assert found.good().to_list() == [False, False]


def test_splitting_at_several_marks() -> None:
    frame = pl.DataFrame({"a": ["x; y/z", "x", None]})
    assert frame.select(split(pl.col("a"), [";", "/"])).to_series().to_list() == [["x", "y", "z"], ["x"], None]
    assert frame.select(split(pl.col("a"), [])).to_series().to_list() == [["x; y/z"], ["x"], None]
