"""The style sheet: what the mission calls a party and a place stands in every product, and its words for one audience
at no other.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl
import pypdf
import pytest

from tests.missions import new_mission, on, receive, seen
from trucewatch.drafts import Order, make, period_of
from trucewatch.errata import account, corrections
from trucewatch.mission import Mission
from trucewatch.sitreps.publish import FORMATS, products
from trucewatch.sitreps.style import Style

# So long after the others that positions of June are no longer held back.
LATE = "L1,Hezbollah,forces,40,,men,2018-07-20T08:00,2018-07-20T12:00,32.55,36.20,500,a post,saw,,,,,,"
AUDIENCES = ("public", "parties", "guarantors", "mission")
PARTY = {"public": "Heronfolk", "parties": "Plovermen", "guarantors": "Lapwingers", "mission": "Dunlinside"}
PLACE = {"public": "Heronshire", "parties": "Ploverdale", "guarantors": "Lapwingmoor", "mission": "Dunlinfield"}
ARABIC = {"party": "البلشونيون", "place": "البلشونية"}
TABLES = products([name for name in FORMATS if name not in ("html", "md", "pdf", "docx", "summary")])


def wordings(words: Mapping[str, str], arabic: str) -> str:
    return "[" + ", ".join(f"{{audiences: [{who}], en: {word}, ar: {arabic}}}" for who, word in words.items()) + "]"


def told_otherwise(audience: str) -> list[str]:
    return [words[other] for words in (PARTY, PLACE) for other in words if other != audience]


SHEET = f"""style:
  mission: {{en: Joint Centre}}
  actors: {{hezbollah: {wordings(PARTY, ARABIC["party"])}, iran-backed: Ibisbacked}}
  places: {{daraa: {wordings(PLACE, ARABIC["place"])}, golan-line: Ibisline}}
  columns: [finding, place, responsibility, sentence]
"""


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mission]:
    """Return a mission that may name parties, and calls one of them and a zone otherwise to each audience."""
    folder = tmp_path_factory.mktemp("style")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRUCEWATCH_STATE", str(folder / "state"))
        watch = new_mission(folder / "watch")
        path = watch.folder / "mandate.yml"
        text = path.read_text(encoding="utf-8").replace("may: [observe, record]", "may: [observe, record, attribute]")
        path.write_text(text + SHEET, encoding="utf-8")
        watch.adopt("head of mission", "names were agreed", now=on(1))
        receive(watch, [seen("F1"), LATE])
        yield watch


def text_of(path: Path) -> str:
    """Return all that a product tells a reader."""
    match path.suffix:
        case ".pdf":
            return "".join(page.extract_text() for page in pypdf.PdfReader(path).pages)
        case ".docx" | ".xlsx":
            with zipfile.ZipFile(path) as parts:
                return "".join(parts.read(name).decode() for name in parts.namelist() if name.endswith(".xml"))
        case ".parquet":
            return pl.read_parquet(path).drop("geometry").write_csv()
    return path.read_text(encoding="utf-8")


def holding(told: Mapping[str, str], *words: str) -> set[str]:
    """Return the names of the products that hold any of some words."""
    return {name for name, text in told.items() if any(word in text for word in words)}


@pytest.mark.parametrize("audience", AUDIENCES)
def test_in_a_run_each_product_has_the_names_for_its_audience(watch: Mission, tmp_path: Path, audience: str) -> None:
    formats = FORMATS if audience in ("public", "mission") else ("html", "csv", "json", "summary")
    told = {path.name: text_of(path) for path in watch.run(audience=audience).publish(tmp_path / "out", formats)}
    # A summary has no room for who answers; zones stand in the tables by their ids.
    assert holding(told, PARTY[audience]) == told.keys() - {"summary.json"}
    assert holding(told, PLACE[audience]) == told.keys() - set(TABLES)
    assert holding(told, *told_otherwise(audience)) == set()
    assert holding(told, "Hezbollah, as reported") == set()


def test_in_arabic_they_have_their_arabic_names(watch: Mission, tmp_path: Path) -> None:
    paths = watch.run(audience="public").publish(tmp_path / "out", ("html", "md", "docx"), ["ar"])
    told = {path.name: text_of(path) for path in paths}
    assert len(told) == 3
    assert holding(told, ARABIC["party"]) == holding(told, ARABIC["place"]) == told.keys()
    assert holding(told, *PARTY.values(), *PLACE.values()) == set()


def test_in_a_draft_as_in_a_run(watch: Mission, tmp_path: Path) -> None:
    until = date(2018, 6, 7)
    with watch.record(is_read_only=True) as record:
        as_of = record.number()
    period = period_of("weekly", until, watch.mandate)
    made = make(watch, Order("weekly", "mission", until, period, as_of=as_of), tmp_path / "draft")
    told = {path.name: text_of(path) for path in made.paths}
    assert told.keys() == set(products(FORMATS))
    assert holding(told, PARTY["mission"]) == told.keys() - {"summary.json"}
    assert holding(told, PLACE["mission"]) == told.keys() - set(TABLES)
    assert holding(told, *told_otherwise("mission"), "Hezbollah, as reported") == set()
    # What a later report is held against knows the sentence as it went out.
    done = watch.run(as_of=as_of, period=period, published=until)
    assert made.account["told"].to_list() == done.findings["sentence"].to_list()


def test_in_frames_and_cards_as_in_a_run(watch: Mission) -> None:
    done = watch.run()
    for told in (done.findings.write_csv(), str(done.finding(done.findings["finding"][0])), str(done.to_geopandas())):
        assert "Hezbollah, as reported" not in told
    assert PARTY["mission"] in str(done.finding(done.findings["finding"][0]))
    assert PLACE["mission"] in done.summary["assessment"][0]


def test_ids_and_what_a_report_says_keep_their_words(watch: Mission) -> None:
    found = watch.run().findings
    assert set(found["zone"]) == {"daraa"}
    assert all("by Hezbollah, as named in the report" in sentence for sentence in found["sentence"])


def test_a_line_and_a_party_are_named_in_what_would_settle_a_case(watch: Mission) -> None:
    settled = watch.run().findings["settled_by"].to_list()
    assert any("where the Ibisline runs" in way for way in settled)
    assert any("whether Ibisbacked groups are bound" in way for way in settled)


def test_to_call_something_otherwise_corrects_nothing_and_what_was_told_keeps_its_names(watch: Mission) -> None:
    told = watch.run()
    now = replace(told.material, style=Style())
    assert corrections(account(told.material, told.figures), now, told.figures)[0] == ()
    found, _ = corrections(account(told.material, told.figures), now, replace(told.figures, told=()))
    assert any("where the Ibisline runs" in one.was for one in found)
