"""Reports are the rows of a file, each once: read as its source says, or refused and told."""

from __future__ import annotations

import csv
import io
import json
import re
import textwrap
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from trucewatch.actors import read_pairs, write_pairs
from trucewatch.claims import SCHEMA as CLAIM
from trucewatch.problems import FileFault
from trucewatch.reports import SCHEMA, Received, collect
from trucewatch.sources import Source, read_source
from trucewatch.where import Area, Gazetteer

ROOT = Path(__file__).parents[1]
DAMASCUS = "Asia/Damascus"
SYRIA = Gazetteer(
    areas={
        "daraa": Area("daraa", "adm1", "SY", ("Daraa",), "SY12", shapely.box(35.7, 32.3, 36.6, 33.2)),
        "idlib": Area("idlib", "adm1", "SY", ("Idlib",), "SY07", shapely.box(36.0, 35.2, 37.2, 36.3)),
        "zone": Area("zone", "named-area", "", ("The Zone",), "", shapely.box(35.8, 32.6, 36.2, 32.9)),
    },
    countries={"SY": ("Syria",)},
)


def shipped(name: str) -> Source:
    source, problems = read_source(ROOT / "sources" / f"{name}.yml")
    assert source is not None, problems
    return source


def written(folder: Path, text: str) -> Source:
    path = folder / "own.yml"
    path.write_text(text, encoding="utf-8")
    source, problems = read_source(path)
    assert source is not None, problems
    return source


def own(folder: Path, more: str) -> Source:
    """Return a source of bare dates that says a little more."""
    least = "format: 1\nid: own\ntitle: Own\nlicence: CC0\nwhat: {act: {always: shelling}}\nwhen: {from: day}\n"
    return written(folder, f"{least}told: {{means: {{always: open-source}}}}\n{textwrap.dedent(more)}")


def received(folder: Path, source: Source, content: str, name: str = "file.csv", zone: str = DAMASCUS) -> Received:
    path = folder / name
    path.write_text(content, encoding="utf-8", newline="")
    return collect(source, path, gazetteer=SYRIA, zone=zone)


def told(found: Received) -> list[str]:
    return [str(problem) for problem in found.problems]


def table(rows: list[dict[str, Any]]) -> str:
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return lines.getvalue()


EVENT = {
    "id": "7", "type_of_violence": "1", "side_a": "Government of Syria", "side_b": "Syrian insurgents",
    "source_article": '"SOHR,2017-07-09,Shells, ""many""; dead"', "source_office": "SOHR", "source_headline": "Shells",
    "source_original": "SOHR", "where_prec": "1", "where_coordinates": "Nawa town", "adm_1": "Daraa Governorate",
    "latitude": "32.889", "longitude": "36.041", "country": "Syria", "date_start": "2017-07-09",
    "date_end": "2017-07-09", "deaths_civilians": "0", "low": "1", "high": "3",
}  # fmt: skip


def event(folder: Path, **changed: str) -> dict[str, Any]:
    found = received(folder, shipped("ucdp"), table([{**EVENT, **changed}]))
    assert told(found) == []
    return found.reports.row(0, named=True)


def test_a_report_has_the_columns_of_a_claim_from_the_assertion_on() -> None:
    later = list(CLAIM)[list(CLAIM).index("assertion") :]
    shared = [name for name in later if name not in ("office", "cites", "text")]
    assert list(SCHEMA)[-len(shared) :] == shared
    assert {name: SCHEMA[name] for name in shared} == {name: CLAIM[name] for name in shared}


def test_an_event_of_ucdp(tmp_path: Path) -> None:
    row = event(tmp_path)
    assert {name: row[name] for name in ("source", "record", "event_key", "file", "line")} == {
        "source": "ucdp", "record": "7", "event_key": "7", "file": "file.csv", "line": 2,
    }  # fmt: skip
    assert (row["assertion"], row["act"], row["means"], row["reliability"]) == (
        "act",
        "use-of-weapons",
        "open-source",
        "B",
    )
    assert row["curated"] and row["records_deaths"] and not row["exercise"] and not row["allegation"]
    assert row["earliest"] == datetime(2017, 7, 8, 21, tzinfo=UTC)
    assert row["latest"] == datetime(2017, 7, 9, 21, tzinfo=UTC)
    assert (row["time_extent"], row["place_extent"]) == ("within", "within")
    assert (row["place_kind"], row["radius_m"], row["place_name"]) == ("disc", 3000, "Nawa town")
    assert (row["dead_low"], row["dead_high"], row["civilians_dead"]) == (1, 3, 0)
    assert row["tellers"] == [{"office": "SOHR", "cites": '["SOHR"]', "text": 'Shells, ""many""; dead'}]
    assert json.loads(row["content"])["where_coordinates"] == "Nawa town" and row["levels"] == "{}"


@pytest.mark.parametrize(
    ("precision", "kind", "area"),
    [("1", "disc", None), ("2", "disc", None), ("3", "area", "daraa"), ("5", "area", "daraa"), ("6", "country", None)],
)
def test_the_place_is_as_wide_as_its_precision(tmp_path: Path, precision: str, kind: str, area: str | None) -> None:
    row = event(tmp_path, where_prec=precision)
    assert (row["place_kind"], row["area"], row["adm_1"]) == (kind, area, "Daraa Governorate")


def test_a_province_of_the_same_name_in_another_country_is_not_ours(tmp_path: Path) -> None:
    row = event(tmp_path, where_prec="4", country="Elsewhere")
    assert (row["place_kind"], row["area"], row["country"]) == ("country", None, "Elsewhere")


@pytest.mark.parametrize(
    ("kind", "civilians", "pairs"),
    [
        ("1", "0", {("G", "R"), ("R", "G")}),
        ("2", "2", {("G", "R"), ("R", "G"), ("G", "civilians"), ("R", "civilians")}),
        ("3", "2", {("G", "civilians")}),
    ],
)
def test_who_may_have_done_it_to_whom(tmp_path: Path, kind: str, civilians: str, pairs: set[tuple[str, str]]) -> None:
    row = event(tmp_path, type_of_violence=kind, deaths_civilians=civilians, side_a="G", side_b="R")
    assert set(read_pairs(row["pairs"])) == pairs


@pytest.mark.parametrize(
    ("articles", "offices", "original", "tellers"),
    [
        ('"A,2018-01-01,1; 2, 3";"B, C,2018-01-02,"";4"', "", "", [("A", None, "1; 2, 3"), ("B, C", None, '"";4')]),
        ('"A,2018-01-01,x";"B,2018-01-01,y"', "", "C", [("A", '["C"]', "x"), ("B", '["C"]', "y")]),
        ('"A,2018-01-01,x";"B,2018-01-01,y"', "", "C; D", [("A", '["C"]', "x"), ("B", '["D"]', "y")]),
        ('"A,2018-01-01,x";"B,2018-01-01,y"', "", "C, D, E", [("A", None, "x"), ("B", None, "y")]),
        ('Reuters 1989-05-17 "REBELS, AND MORE', "", "army", [("Reuters", '["army"]', "REBELS, AND MORE")]),
        ("BBC, 1996-04-17, Guard killed", "", "", [("BBC", None, "Guard killed")]),
        ("AFP 5 Jun 1997 Two dead", "", "", [("AFP", None, "Two dead")]),
        ("no article at all", "A;B", "", [("A", None, "head"), ("B", None, "head")]),
        ("no article at all", "", "", [(None, None, "head")]),
        ("", "", "", [(None, None, "head")]),
        ('stray;"A,2018-01-01,x"', "", "", [(None, None, "stray"), ("A", None, "x")]),
    ],
)  # fmt: skip
def test_each_article_has_its_teller(
    tmp_path: Path, articles: str, offices: str, original: str, tellers: list[tuple[str | None, str | None, str]]
) -> None:
    row = event(
        tmp_path, source_article=articles, source_office=offices, source_original=original, source_headline="head"
    )
    assert [(t["office"], t["cites"], t["text"]) for t in row["tellers"]] == tellers


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"latitude": "91"}, "out-of-range latitude 91"),
        ({"longitude": "inf"}, "not-a-number longitude 'inf'"),
        ({"latitude": "36.041", "longitude": "32.889"}, "swapped-coordinates"),
        ({"date_start": "2017-02-30"}, "bad-date '2017-02-30' is no date"),
        ({"date_start": "20177-07-09"}, "bad-date '20177-07-09' is no date"),
        ({"date_start": ""}, "missing-value it is not said when"),
        ({"date_start": "a" * 200_000}, "bad-date"),
        ({"date_end": "2017-07-08"}, "end-before-start ends (2017-07-08) before it starts"),
        ({"type_of_violence": "4"}, "unknown-word act: '4' is not known"),
        ({"type_of_violence": ""}, "missing-value it is not said what was done"),
        ({"low": "-1"}, "negative-count dead_low cannot be -1"),
        ({"high": "2.5"}, "not-a-number dead_high '2.5' is no whole number"),
        ({"deaths_civilians": "some"}, "not-a-number civilians_dead 'some' is no number"),
        ({"source_headline": "x" * 1_000_001}, "field-too-long"),
    ],
)
def test_a_row_at_fault_is_told_and_the_others_are_read(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    rows = [EVENT, {**EVENT, **changed}, {**EVENT, "id": "8"}]
    found = received(tmp_path, shipped("ucdp"), table(rows))
    assert found.reports["record"].to_list() == ["7", "8"] and found.reports["line"].to_list() == [2, 4]
    assert len(told(found)) == 1 and told(found)[0].startswith(f"file.csv:3: {message}")
    assert (found.rows_read, found.rows_refused) == (3, 1) and found.share_refused == pytest.approx(1 / 3)


def test_a_long_field_and_another_country_are_no_fault(tmp_path: Path) -> None:
    assert len(event(tmp_path, where_coordinates="x" * 100_000)["place_name"]) == 100_000
    assert event(tmp_path, country="Norway", latitude="36", longitude="32")["place_kind"] == "disc"


def test_an_estimate_whose_low_is_above_its_high_is_the_range_between(tmp_path: Path) -> None:
    row = event(tmp_path, low="9", high="4")
    assert (row["dead_low"], row["dead_high"]) == (4, 9)


def test_a_day_begins_where_the_clocks_skip_midnight(tmp_path: Path) -> None:
    row = event(tmp_path, date_start="2017-03-31 00:00:00.000", date_end="2017-03-31 00:00:00.000")
    assert row["earliest"] == datetime(2017, 3, 30, 22, tzinfo=UTC)
    assert row["latest"] == datetime(2017, 3, 31, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2\n", "file.csv: is not a file of the source 'ucdp': it has no column id, "),
        (table([EVENT]).replace("latitude", "latitudee"), "it has no column latitude (latitude: did you mean "),
        (table([EVENT]).replace(",", ";"), "it has no column"),
    ],
)  # fmt: skip
def test_a_file_of_another_source_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(FileFault, match=re.escape(message)):
        received(tmp_path, shipped("ucdp"), content)


def test_a_header_alone_gives_no_reports(tmp_path: Path) -> None:
    found = received(tmp_path, shipped("ucdp"), table([EVENT]).split("\n")[0] + "\n")
    assert found.reports.schema == pl.Schema(SCHEMA) and found.rows_read == 0 and found.share_refused == 0


def test_content_is_the_row_and_nothing_else(tmp_path: Path) -> None:
    odd = {**EVENT, "where_coordinates": 'a "b",":"" \\ ,"":""', "adm_1": "", "side_b": "\t"}
    one = received(tmp_path, shipped("ucdp"), table([odd])).reports["content"][0]
    backward = dict(reversed(list(odd.items())))
    two = received(tmp_path, shipped("ucdp"), "\n" + table([EVENT, backward]), "other.csv").reports["content"][1]
    assert two == one
    assert json.loads(one) == {name: text for name, text in odd.items() if text}


CELL = st.sampled_from(
    ["", "x", "1", "-1", "91", "2017-07-09", "2017-02-30", "nan", "Syria", "Daraa", 'q"', "a\nb", ";"]
)
CHANGES = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(list(EVENT)), CELL), max_size=8)


@settings(max_examples=40)
@given(changes=CHANGES, cut=st.none() | st.integers(0, 3000), quote=st.none() | st.integers(300, 3000))
def test_every_row_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[int, str, str]],
    cut: int | None,
    quote: int | None,
) -> None:
    rows = [{**EVENT, "id": str(i)} for i in range(6)]
    for i, column, cell in changes:
        rows[i] = {**rows[i], column: cell}
    content = table(rows)
    whole = cut is None and quote is None
    content = content if quote is None else content[:quote] + '"' + content[quote:]
    content = content if cut is None else content[:cut]
    try:
        found = received(tmp_path_factory.mktemp("rows"), shipped("ucdp"), content)
    except FileFault:
        assert not whole
        return
    assert found.rows_read == found.reports.height + found.rows_refused
    assert len({problem.line for problem in found.problems}) == found.rows_refused
    assert not {problem.line for problem in found.problems} & set(found.reports["line"])
    assert found.rows_read == 6 or not whole


@settings(max_examples=25)
@given(changes=CHANGES, quote=st.none() | st.integers(300, 3000), block_bytes=st.integers(200, 2000))
def test_a_file_comes_to_the_same_in_blocks_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, str, str]], quote: int | None, block_bytes: int
) -> None:
    rows = [{**EVENT, "id": str(i)} for i in range(6)]
    for i, column, cell in changes:
        rows[i] = {**rows[i], column: cell}
    content = table(rows)
    content = content if quote is None else content[:quote] + '"' + content[quote:]
    path = tmp_path_factory.mktemp("rows") / "file.csv"
    path.write_text(content, encoding="utf-8", newline="")
    whole, pieced = (
        collect(shipped("ucdp"), path, gazetteer=SYRIA, zone=DAMASCUS, block_bytes=size)
        for size in (2**20, block_bytes)
    )
    assert_frame_equal(whole.reports, pieced.reports)
    assert whole.problems == pieced.problems
    assert (whole.rows_read, whole.rows_refused) == (pieced.rows_read, pieced.rows_refused)


NAMES = st.sampled_from(["A", "B", "a,b", 'the "Z"', "é", "", "حلب", "A\\"])


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["fight", "raid", "both"]), NAMES, NAMES), min_size=1, max_size=8))
def test_pairs_are_what_every_rule_says_in_their_one_form(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("pairs")
    source = own(folder, """
        who:
          - {when: {kind: [fight, both]}, between: [a, b]}
          - {when: {kind: [raid, both]}, by: [a, {always: C}], on: b}
    """)  # fmt: skip
    feed = table([{"day": "2017-07-09", "kind": kind, "a": a, "b": b} for kind, a, b in rows])
    found = received(folder, source, feed).reports["pairs"]
    for (kind, a, b), pairs in zip(rows, found, strict=True):
        fight = {(a, b), (b, a)} if kind != "raid" else set()
        raid = {(a, b), ("C", b)} if kind != "fight" else set()
        assert pairs == write_pairs(fight | raid)


@settings(max_examples=80)
@given(st.data())
def test_content_holds_the_filled_columns_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("content")
    name = st.sampled_from(["a", "ab", 'q"x', "s\\", "é", ",", "{", '","', ":"])
    names = data.draw(st.lists(name, unique=True, max_size=4))
    cell = st.sampled_from(["", "", "x", '"', "\\", ',"a":""', '"a":"",', "\n", "é", "{", "}", '":""'])
    row = st.fixed_dictionaries({"day": st.just("2017-07-09"), **dict.fromkeys(names, cell)})
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    found = received(folder, own(folder, ""), table(rows)).reports["content"]
    for content, row_told in zip(found, rows, strict=True):
        # A column whose name JSON has to write otherwise stays, filled or not.
        kept = {name: cell for name, cell in row_told.items() if cell or set(name) & set('"\\')}
        assert content == json.dumps(kept, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def test_a_report_has_the_grade_that_its_source_had_then(tmp_path: Path) -> None:
    source = own(tmp_path, """
        reliability:
          - {from: 2017, grade: C, because: new}
          - {from: 2017-07-09, grade: B, because: it held up}
    """)  # fmt: skip
    days = ("2016-12-31", "2017-07-07", "2017-07-10", "2017-07-08/2017-07-12")
    found = received(tmp_path, source, table([{"day": day} for day in days]), zone="UTC")
    assert found.reports["reliability"].to_list() == ["F", "C", "B", "B"]


@settings(max_examples=10)
@given(order=st.permutations(range(6)))
def test_the_order_of_rows_changes_nothing_but_lines(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    rows = [
        EVENT,
        {**EVENT, "id": "8", "where_prec": "4", "type_of_violence": "3"},
        {**EVENT, "id": "9", "latitude": "91"},
        {**EVENT, "id": "10", "source_article": '"A,2018-01-01,x";"B,2018-01-01,y"'},
        {**EVENT, "id": "11", "date_start": "2017-07", "date_end": ""},
        {**EVENT, "id": "12", "type_of_violence": "9"},
    ]
    folder = tmp_path_factory.mktemp("rows")
    one = received(folder, shipped("ucdp"), table(rows))
    other = received(folder, shipped("ucdp"), table([rows[i] for i in order]))
    assert one.reports.drop("line").sort("record").equals(other.reports.drop("line").sort("record"))
    assert sorted((p.code, p.message) for p in one.problems) == sorted((p.code, p.message) for p in other.problems)


BATTLE = {
    "event_id_cnty": "SYR1", "event_date": "09 July 2017", "time_precision": "1", "event_type": "Battles",
    "sub_event_type": "Armed clash", "actor1": "A", "actor2": "B", "country": "Syria", "admin1": "Daraa",
    "location": "Nawa", "latitude": "32.889", "longitude": "36.041", "geo_precision": "1",
    "source": "SOHR; Reuters", "notes": "They fought.", "fatalities": "2",
}  # fmt: skip


def test_an_export_of_acled(tmp_path: Path) -> None:
    rows = [
        BATTLE,
        {**BATTLE, "event_date": "2017-07-09", "time_precision": "2", "geo_precision": "3"},
        {
            **BATTLE,
            "time_precision": "3",
            "event_type": "Explosions/Remote violence",
            "sub_event_type": "Air/drone strike",
        },
        {**BATTLE, "sub_event_type": "Armed clsh"},
    ]
    found = received(tmp_path, shipped("acled"), table(rows))
    one, two, three = found.reports.rows(named=True)
    assert (one["act"], one["event_key"], one["dead_low"], one["radius_m"]) == ("clash", "SYR1", 2, 5000)
    assert [(t["office"], t["text"]) for t in one["tellers"]] == [
        ("SOHR", "They fought."),
        ("Reuters", "They fought."),
    ]
    assert set(read_pairs(one["pairs"])) == {("A", "B"), ("B", "A")}
    assert two["earliest"] == datetime(2017, 7, 2, 21, tzinfo=UTC) and two["area"] == "daraa"
    assert two["latest"] == datetime(2017, 7, 15, 21, tzinfo=UTC)
    assert (three["act"], read_pairs(three["pairs"])) == ("air-strike", (("A", "B"),))
    assert three["earliest"] == datetime(2017, 6, 30, 21, tzinfo=UTC)
    assert three["latest"] == datetime(2017, 7, 31, 21, tzinfo=UTC)
    assert told(found) == ["file.csv:5: unknown-word act: 'Armed clsh' is not known (did you mean 'armed clash'?)"]


PATROL = {
    "report_id": "P1-3", "patrol": "Patrol 1", "position_lat": "32.70", "position_lon": "36.10", "position_grid": "",
    "bearing": "45", "bearing_reference": "grid", "range_from_m": "3000", "range_to_m": "5000", "means": "heard",
    "count": "12", "count_qualifier": "at least", "count_unit": "explosions", "observation": "undetermined explosion",
    "description": "outgoing", "calibre_mm": "82 or 120", "from": "2018-06-23T09:10", "to": "2018-06-23T09:25",
    "exercise": "no", "area": "", "actor": "", "remarks": "",
}  # fmt: skip


def test_a_patrol_heard_something(tmp_path: Path) -> None:
    found = received(tmp_path, shipped("patrol"), table([PATROL]))
    assert told(found) == []
    row = found.reports.row(0, named=True)
    assert (row["assertion"], row["act"], row["means"], row["place_kind"]) == ("act", "explosion", "heard", "sector")
    assert (row["count_low"], row["count_high"], row["count_qualifier"], row["count_unit"]) == (
        12,
        None,
        "at-least",
        "explosions",
    )
    assert (row["calibre_low_mm"], row["calibre_high_mm"], row["weapon"]) == (82, 120, None)
    assert row["earliest"] == datetime(2018, 6, 23, 6, 10, tzinfo=UTC)
    assert row["latest"] == datetime(2018, 6, 23, 6, 26, tzinfo=UTC)
    assert row["tellers"] == [{"office": "Patrol 1", "cites": None, "text": "undetermined explosion; outgoing"}]
    levels = json.loads(row["levels"])
    assert {levels[name] for name in ("geometry", "lon", "lat", "radius_m", "text", "office")} == {"mission"}


def test_a_patrol_observed_nothing(tmp_path: Path) -> None:
    nothing = {**PATROL, "observation": "Nothing observed", "bearing": "", "count": "", "count_qualifier": "",
               "count_unit": "", "from": "2018-06-23 09:00", "to": "2018-06-23 14:20"}  # fmt: skip
    found = received(tmp_path, shipped("patrol"), table([nothing, {**nothing, "area": "The Zone"}]))
    assert told(found) == []
    around, zone = found.reports.rows(named=True)
    assert (around["assertion"], around["time_extent"], around["place_extent"]) == (
        "nothing",
        "nothing",
        "throughout",
    )
    assert (around["place_kind"], around["radius_m"]) == ("disc", 5000)
    assert (zone["place_kind"], zone["area"]) == ("area", "zone")
    assert around["count_low"] is None and around["act"] == "use-of-weapons"


def test_an_impact_is_where_one_stands(tmp_path: Path) -> None:
    impact = {**PATROL, "means": "impact site", "bearing": "", "range_from_m": "", "range_to_m": "",
              "observation": "mortar", "count_qualifier": "uncountable", "count": ""}  # fmt: skip
    row = received(tmp_path, shipped("patrol"), table([impact])).reports.row(0, named=True)
    assert (row["means"], row["act"], row["place_kind"], row["radius_m"]) == (
        "impact-site",
        "mortar-fire",
        "disc",
        100,
    )
    assert (row["count_low"], row["count_high"]) == (1, None)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"means": "smelt"}, "unknown-word means: 'smelt' is not known"),
        ({"count": "-3"}, "bad-count count: a count cannot be -3"),
        ({"count": "many"}, "bad-count count: 'many' is no count"),
        ({"count_qualifier": "roughly"}, "unknown-word count_qualifier: 'roughly'"),
        ({"calibre_mm": "big"}, "bad-calibre calibre_mm: 'big' is no calibre"),
        ({"exercise": "perhaps"}, "unknown-word exercise: 'perhaps'"),
        ({"bearing": "361"}, "bad-bearing a bearing of 361 degrees"),
        ({"area": "The Zonne"}, "unknown-area area: 'The Zonne' is no area that is held (did you mean 'The Zone'?)"),
        ({"from": "2018-06-23T25:10"}, "bad-date '2018-06-23T25:10' is no date"),
        ({"to": "2018-06-23T09:00"}, "end-before-start"),
    ],
)
def test_a_slip_on_the_form_is_told(tmp_path: Path, changed: dict[str, str], message: str) -> None:
    found = received(tmp_path, shipped("patrol"), table([{**PATROL, **changed}]))
    assert found.reports.height == 0 and found.rows_refused == 1
    assert told(found)[0].startswith(f"file.csv:2: {message}")


def test_columns_that_a_patrol_never_uses_may_be_left_out(tmp_path: Path) -> None:
    few = {
        name: PATROL[name] for name in ("from", "means", "observation", "position_lon", "position_lat", "range_to_m")
    }
    row = received(tmp_path, shipped("patrol"), table([few])).reports.row(0, named=True)
    assert (row["place_kind"], row["record"], row["tellers"][0]["office"]) == ("disc", None, None)


def test_the_presence_of_a_force(tmp_path: Path) -> None:
    seen = {"report_id": "1", "actor": "Hizbullah", "what": "weapons", "weapon": "tank", "count": "3",
            "count_qualifier": "about", "count_unit": "tanks", "from": "2018-05-01", "until": "2018-05-03",
            "time_extent": "", "lat": "32.7", "lon": "36.1", "seen_by": "Patrol 2", "means": "saw",
            "remarks": "dug in"}  # fmt: skip
    within = {**seen, "time_extent": "within", "what": "forces", "lat": "", "lon": ""}
    found = received(tmp_path, shipped("presence"), table([seen, within]))
    assert told(found) == []
    row, other = found.reports.rows(named=True)
    assert (row["assertion"], row["act"], row["weapon"], row["time_extent"]) == (
        "presence",
        "presence-of-weapons",
        "tank",
        "throughout",
    )
    assert read_pairs(row["pairs"]) == (("Hizbullah", ""),) and (row["count_low"], row["count_high"]) == (2, 4)
    assert row["tellers"][0] == {"office": "Patrol 2", "cites": None, "text": "weapons; tank; dug in"}
    assert (other["time_extent"], other["act"], other["place_kind"]) == ("within", "presence-of-forces", "unplaced")


OWN = """format: 1
id: own
title: Own
licence: CC0
what: {act: {always: shelling}, allegation: alleged}
when: {from: day, written: [DD/MM/YYYY hh:mm, DD-Month-YY]}
told: {means: {always: told-by-party}, by: who, chain: {column: chain, between: "<"}}
facts: {was_notified: notified, was_armed: armed}
"""


def test_facts_chains_and_allegations(tmp_path: Path) -> None:
    rows = [
        {"day": "09/07/2017 14:20", "who": "O", "chain": "B < A < officials", "notified": "Yes", "armed": "unknown",
         "alleged": "yes"},
        {"day": "2017-07~", "who": "", "chain": "", "notified": "", "armed": "", "alleged": ""},
        {"day": "2017-07-09/..", "who": "O", "chain": "A", "notified": "no", "armed": "maybe", "alleged": ""},
    ]  # fmt: skip
    found = received(tmp_path, written(tmp_path, OWN.replace(", DD-Month-YY", "")), table(rows), zone="UTC")
    one, two = found.reports.rows(named=True)
    assert one["tellers"] == [{"office": "O", "cites": '["B","A","officials"]', "text": None}]
    assert json.loads(one["facts"]) == {"was_armed": None, "was_notified": True} and one["allegation"]
    assert one["earliest"] == datetime(2017, 7, 9, 14, 20, tzinfo=UTC)
    assert two["facts"] is None and not two["allegation"] and two["tellers"][0]["cites"] is None
    assert two["earliest"] < datetime(2017, 7, 1, tzinfo=UTC) < datetime(2017, 8, 1, tzinfo=UTC) < two["latest"]
    assert told(found) == ["file.csv:4: unknown-word was_armed: 'maybe' is not known (yes, no or unknown)"]


def test_the_examples_of_the_documentation_hold(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "source-format.md").read_text("utf-8")
    blocks = re.findall(r"^```(\w+) (\S+)\n(.*?)^```$", text, re.M | re.S)
    files = {(kind, name): content for kind, name, content in blocks}
    strikes = received(
        tmp_path, written(tmp_path, files["yaml", "strikes.yml"]), files["csv", "strikes.csv"], "strikes.csv"
    )
    assert told(strikes) == files["text", "strikes.csv"].splitlines()
    town, province = strikes.reports.rows(named=True)
    assert [t["office"] for t in town["tellers"]] == ["Dr A.", "White Helmets"] and town["act"] == "air-strike"
    assert (province["place_kind"], province["area"]) == ("area", "daraa")
    assert province["latest"] == datetime(2017, 7, 11, 21, tzinfo=UTC)
    trenches = received(
        tmp_path,
        written(tmp_path, files["yaml", "trenches.yml"]),
        files["json", "trenches.geojson"],
        "trenches.geojson",
    )
    line, point = trenches.reports.rows(named=True)
    assert told(trenches) == [] and [line["place_kind"], point["place_kind"]] == ["line", "disc"]
    assert shapely.from_wkb(line["geometry"]).geom_type == "LineString" and line["record"] == "t1"


def test_every_code_is_in_the_documentation() -> None:
    text = (ROOT / "docs" / "source-format.md").read_text("utf-8")
    modules = ("rows", "sources", "sheets", "placings", "reports", "texts")
    code = "".join((ROOT / "trucewatch" / f"{name}.py").read_text("utf-8") for name in modules)
    used = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)"', code)) - {"utf-8", "open-source"}
    listed = set(re.findall(r"^\| `([a-z]+(?:-[a-z]+)+)` \|", text, re.M))
    assert used == listed


def agreement(found: pl.DataFrame, raw: pl.DataFrame) -> tuple[float, float]:
    """Return the shares of rows whose tellers are as many, and the same, as the publisher says."""
    counted = raw["number_of_sources"].cast(pl.Int64)
    offices = found["tellers"].list.eval(pl.element().struct.field("office")).list.join(";")
    known = counted > 0
    many = (found["tellers"].list.len() == counted).filter(known).mean()
    same = (offices.str.replace_all(" ", "") == raw["source_office"].str.replace_all(" ", "")).filter(known).mean()
    assert isinstance(many, float) and isinstance(same, float)
    return many, same


def test_every_row_of_the_syrian_events_is_read(data: Path) -> None:
    path = next((data / "ucdp_ged_syria_2016_2019").glob("*.csv.gz"))
    source = shipped("ucdp")
    began = time.perf_counter()
    found = collect(source, path, gazetteer=SYRIA, zone=DAMASCUS)
    took = time.perf_counter() - began
    assert (found.rows_read, found.rows_refused, found.problems) == (16_566, 0, ())
    assert took < 5  # 0.5 s on two quiet cores
    assert found.reports.schema == pl.Schema(SCHEMA)
    assert found.reports["record"].n_unique() == 16_566
    assert found.reports["place_kind"].is_in(["disc", "area", "country"]).all()
    assert agreement(found.reports, pl.read_csv(path, infer_schema=False)) == (1.0, 1.0)
    never_null = ("content", "tellers", "act", "earliest", "latest", "pairs", "means", "levels")
    assert found.reports.select(never_null).null_count().sum_horizontal()[0] == 0


def test_every_row_of_the_world_sample_is_read(data: Path) -> None:
    path = data / "ucdp_ged_global_sample_v23" / "ged231_sample1000.csv.gz"
    found = collect(shipped("ucdp"), path, gazetteer=SYRIA, zone="UTC")
    assert (found.rows_read, found.rows_refused) == (1000, 0)
    held = found.reports.filter(pl.col("place_kind") == "area")
    assert held["country"].unique().to_list() == ["Syria"]
    assert agreement(found.reports, pl.read_csv(path, infer_schema=False)) == (1.0, 1.0)


@pytest.mark.parametrize("name", ["events.csv", "eventsT.csv", "events1.csv"])
def test_events_of_gdelt_are_read_in_every_width(data: Path, name: str) -> None:
    found = collect(shipped("gdelt"), data / "gdelt_samples" / name, gazetteer=SYRIA, zone=DAMASCUS)
    assert (found.rows_read, found.rows_refused) == (100, 0)
    assert found.reports["line"].to_list() == list(range(1, 101))
    assert found.reports["record"].n_unique() == 100 and found.reports["event_key"].null_count() == 100
    days = (found.reports["latest"] - found.reports["earliest"]).dt.total_hours()
    assert days.unique().to_list() == [24]
    offices = found.reports["tellers"].list.first().struct.field("office")
    assert offices.null_count() == (40 if name == "events1.csv" else 0)
    assert not offices.drop_nulls().str.contains("/").any()


@pytest.mark.parametrize(
    ("name", "message"), [("mentions.csv", "GDELT mentions"), ("mentionsT.csv", "mentions"), ("gkg.csv.gz", "GKG")]
)
def test_what_gdelt_publishes_beside_events_is_refused_by_name(data: Path, name: str, message: str) -> None:
    with pytest.raises(FileFault, match=f"^{re.escape(name)}: looks like .*{message}"):
        collect(shipped("gdelt"), data / "gdelt_samples" / name, gazetteer=SYRIA, zone="UTC")
