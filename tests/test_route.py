"""The route, from a file to a sitrep: on real data against the public record, and on a tiny mission to the byte."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely

from trucewatch.mission import Assessment, Mission, assess_files
from trucewatch.problems import FileFault, TrucewatchError, WrongCall
from trucewatch.route import read_audience
from trucewatch.shipped import open_agreement

GED = "ucdp_ged_syria_2016_2019/ged_syria_20160101_20191130.csv.gz"
MONTHS = {
    "2017-05": 45, "2017-06": 87, "2017-07": 27, "2017-08": 31, "2017-09": 31, "2017-10": 28, "2017-11": 23,
    "2017-12": 16, "2018-01": 14, "2018-02": 19, "2018-03": 19, "2018-04": 25, "2018-05": 20, "2018-06": 77,
    "2018-07": 54, "2018-08": 20,
}  # fmt: skip


@pytest.fixture(scope="module")
def real(data: Path) -> Assessment:
    return assess_files([data / GED], "ucdp", "south-syria-2017", period="2017-05/2018-08")


@pytest.fixture(scope="module")
def rows(data: Path) -> Mapping[str, Mapping[str, str]]:
    with gzip.open(data / GED, "rt", encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def whole(data: Path) -> pl.DataFrame:
    return assess_files([data / GED], "ucdp", "south-syria-2017").findings


# ---- the real file ---------------------------------------------------------------------------------------------------


def test_every_row_is_accounted_for(real: Assessment) -> None:
    assert (real.summary["rows_read"], real.summary["rows_refused"]) == (16566, 0)
    assert real.incidents.height == 16566


def test_the_monthly_series_is_that_of_the_public_record(real: Assessment) -> None:
    assert real.summary["lethal_incidents_by_month"] == MONTHS
    assert sum(MONTHS.values()) == 536


def test_the_days_before_and_after_are_counted_by_dyad(real: Assessment) -> None:
    (window,) = real.summary["windows"]
    assert (window["before"]["days"], window["after"]["days"]) == ("9 June to 8 July 2017", "9 July to 7 August 2017")
    assert (window["before"]["incidents"], window["after"]["incidents"]) == (83, 15)
    first = window["dyads"][0]
    assert first == {"dyad": "Government of Syria – Syrian insurgents", "before": 73, "after": 9}
    assert sum(dyad["before"] for dyad in window["dyads"]) == 83


def test_nearly_all_of_it_rests_on_one_source(real: Assessment) -> None:
    told = real.summary["source_concentration"]
    assert told == {"incidents": 536, "source": "SOHR", "rest_on_it_alone": 521, "cite_it": 532}


def test_the_three_rows_that_the_case_names_are_undetermined(whole: pl.DataFrame) -> None:
    for record in ("259726", "259618", "257923"):
        assert whole.filter(pl.col("records") == record)["outcome"].to_list() == ["undetermined"]


def test_government_and_is_without_civilian_dead_is_outside_scope_and_with_them_open(
    whole: pl.DataFrame, rows: Mapping[str, Mapping[str, str]]
) -> None:
    seen = {"outside_scope": 0, "undetermined": 0}
    for record, outcome in whole.select("records", "outcome").iter_rows():
        row = rows[record]
        if row["dyad_name"] == "Government of Syria - IS":
            assert outcome == ("undetermined" if int(row["deaths_civilians"]) else "outside_scope"), record
            seen[outcome] += 1
    assert min(seen.values()) > 0


def test_what_is_does_to_civilians_touches_no_clause(
    whole: pl.DataFrame, rows: Mapping[str, Mapping[str, str]]
) -> None:
    found = set(whole["records"])
    one_sided = {id_ for id_, row in rows.items() if row["side_a"] == "IS" and row["type_of_violence"] == "3"}
    assert one_sided and not one_sided & found


def test_a_place_that_cannot_be_told_is_undetermined_where_some_placing_would_make_it_one(whole: pl.DataFrame) -> None:
    unplaced = whole.filter(pl.col("place").str.ends_with("somewhere in Syria"))
    assert unplaced.height > 0
    assert set(unplaced["outcome"]) <= {"undetermined", "outside_scope"}


def test_a_violation_is_reported_by_somebody_and_names_the_presumption(whole: pl.DataFrame) -> None:
    found = whole.filter(pl.col("outcome") == "violation")
    assert found.height > 0
    for sentence in found["sentence"]:
        assert "reported by" in sentence
        assert "confirmed" not in sentence.replace("not confirmed", "")
        assert "It rests on the presumption that 'Syrian insurgents'" in sentence
    assert found["rests_on_presumption"].all()


def test_the_strict_reading_leaves_them_undetermined(data: Path, whole: pl.DataFrame) -> None:
    strict = assess_files([data / GED], "ucdp", "south-syria-2017", reading="strict").findings
    presumed = set(whole.filter(pl.col("rests_on_presumption") & (pl.col("outcome") == "violation"))["records"])
    assert set(strict.filter(pl.col("records").is_in(list(presumed)))["outcome"]) == {"undetermined"}
    assert strict.filter(pl.col("outcome") == "violation").is_empty()


def test_no_side_is_made_to_answer_because_a_dataset_lists_it_first(
    real: Assessment, rows: Mapping[str, Mapping[str, str]]
) -> None:
    checked = 0
    for told in real.figures.told:
        row = rows[told.chain[0]["record"]]
        if row["type_of_violence"] in ("1", "2"):
            assert told.responsibility.startswith("not established: one of"), told.sentence
            checked += 1
    assert checked > 100


def test_the_present_form_of_the_dataset_is_read_too(data: Path) -> None:
    sample = assess_files([data / "ucdp_ged_global_sample_v23/ged231_sample1000.csv.gz"], "ucdp", "south-syria-2017")
    assert (sample.summary["rows_read"], sample.summary["rows_refused"]) == (1000, 0)
    # What happened in other countries touches nothing here, however vaguely it was placed.
    assert set(sample.findings["place"].str.contains("Syria|Nawa|point")) == {True}


@pytest.mark.parametrize("name", ["events.csv", "eventsT.csv", "events1.csv"])
def test_gdelt_events_are_read_in_every_width(data: Path, name: str) -> None:
    done = assess_files([data / "gdelt_samples" / name], "gdelt", "south-syria-2017")
    assert done.summary["rows_read"] == 100
    assert done.summary["findings"]["violation"] == 0


@pytest.mark.parametrize("name", ["mentions.csv", "mentionsT.csv", "gkg.csv.gz"])
def test_gdelt_tables_that_hold_no_events_are_refused(data: Path, name: str) -> None:
    with pytest.raises(FileFault, match="looks like"):
        assess_files([data / "gdelt_samples" / name], "gdelt", "south-syria-2017")


# ---- the same again, and in another order ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def some_rows(data: Path) -> list[str]:
    with gzip.open(data / GED, "rt", encoding="utf-8", newline="") as file:
        header, *lines = (f"{line}\n" for line in file.read().split("\n") if line)
    south = [line for line in lines if "Daraa Governorate" in line or "Quneitra Governorate" in line]
    south = [line for line in south if line.count(",") >= header.count(",") and line.count('"') % 2 == 0]
    return [header, *south]


def _products(rows: list[str], folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    (folder / "rows.csv").write_text("".join(rows), encoding="utf-8", newline="")
    written = assess_files([folder / "rows.csv"], "ucdp", "south-syria-2017").publish(folder / "out")
    return {path.name: path.read_bytes() for path in written}


def test_two_runs_give_the_same_bytes(some_rows: list[str], tmp_path: Path) -> None:
    assert _products(some_rows, tmp_path / "one") == _products(some_rows, tmp_path / "two")


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_rows_changes_no_key_and_no_outcome(some_rows: list[str], tmp_path: Path, seed: int) -> None:
    header, *lines = some_rows
    random.Random(seed).shuffle(lines)
    straight, shuffled = _products(some_rows, tmp_path / "one"), _products([header, *lines], tmp_path / "two")
    assert straight["summary.json"] == shuffled["summary.json"]
    assert straight["sitrep.md"] == shuffled["sitrep.md"]
    one, two = (pl.read_parquet(tmp_path / name / "out" / "findings.parquet") for name in ("one", "two"))
    same = [name for name in one.columns if "line" not in name]
    assert one.select(same).equals(two.select(same))
    assert not one.equals(two)


# ---- a tiny mission --------------------------------------------------------------------------------------------------

PATROL = """\
report_id,patrol,position_lat,position_lon,bearing,bearing_unit,bearing_reference,bearing_error,range_from_m,range_to_m,\
means,count,count_qualifier,count_unit,observation,from,to,actor,target,remarks
P1,first patrol,32.70,36.10,90,degrees,true,10,1000,3000,heard,12,at least,explosions,undetermined explosion,\
2017-08-01T10:00,2017-08-01T10:20,Government of Syria,Southern Front,from the ridge
P2,second patrol,32.70,36.16,270,degrees,true,10,2000,4000,saw,,uncountable,bursts,burst,2017-09-01T05:00,\
2017-09-01T05:10,,,no names were heard
"""
PRESENCE = """\
report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means
F1,Hezbollah,forces,40,about,men,2018-06-01T08:00,2018-06-01T12:00,32.55,36.20,500,an outpost,saw
F2,Hezbollah,forces,40,about,men,2018-06-01T08:00,2018-06-01T12:00,33.10,36.20,500,an outpost,saw
"""
OWN = """\
format: 1
id: clinic
title: A clinic's list
licence: theirs
reliability: C
curated: true
file: {form: csv}
recognise: {columns: [n, day]}
record: n
event_key: n
what: {act: {always: shelling}}
when: {from: day, until: day}
where: {lon: lon, lat: lat, placing: [{as: disc, radius_m: 400}]}
who: [{by: {always: Government of Syria}, on: {always: civilians}}]
told: {means: {always: told-by-interlocutor}, by: {always: a clinic}}
"""
CLINIC = "n,day,lon,lat\n1,2017-10-01,36.10,32.62\n2,2017-10-01,36.10,91\n"


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = Mission.init(tmp_path / "watch", "south-syria-2017", key=b"k" * 32)
    for name, text in (("patrol.csv", PATROL), ("presence.csv", PRESENCE), ("clinic.csv", CLINIC), ("clinic.yml", OWN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    mission.collect("patrol", [tmp_path / "patrol.csv"])
    mission.collect("presence", [tmp_path / "presence.csv"])
    mission.collect(tmp_path / "clinic.yml", [tmp_path / "clinic.csv"])
    return mission


def _outcomes(done: Assessment) -> dict[tuple[str, str], str]:
    return {(row["clause"], row["records"]): row["outcome"] for row in done.findings.iter_rows(named=True)}


def test_a_mission_goes_from_its_own_forms_to_findings(watch: Mission) -> None:
    assert _outcomes(watch.run()) == {
        ("C1", "P1"): "violation",  # named on both sides, wholly in Daraa, after any start and before any end
        ("C1", "P2"): "undetermined",  # nobody is named
        ("C1", "1"): "violation",  # whoever is hit, the actor is bound
        ("C2", "F1"): "undetermined",  # how far from the line of contact nobody can tell
        ("C2", "F2"): "undetermined",
        ("C3", "F1"): "undetermined",  # within 25 km of the border, and whether they are bound is contested
        ("C4", "F1"): "undetermined",  # the line was never published
        ("C4", "F2"): "undetermined",
    }


def test_a_reading_decides_what_is_contested(watch: Mission) -> None:
    assert _outcomes(watch.run(reading="israel"))["C3", "F1"] == "violation"
    assert ("C3", "F1") not in _outcomes(watch.run(reading="russia"))


def test_the_row_that_was_refused_is_told_with_its_line(watch: Mission) -> None:
    done = watch.run()
    (problem,) = done.problems
    assert (problem.file, problem.line) == ("clinic.csv", 3)
    assert (done.summary["rows_read"], done.summary["rows_refused"]) == (6, 1)


def _written(path: Path) -> str:
    """Return all that a product tells, as text; a shape as its corners."""
    if path.suffix != ".parquet":
        return path.read_text(encoding="utf-8")
    table = pl.read_parquet(path)
    shapes = [str(shapely.from_wkb(shape)) for shape in table["geometry"]]
    return "\n".join([table.drop("geometry").write_csv(), *shapes])


def test_where_observers_stood_and_who_they_were_is_in_no_product(watch: Mission, tmp_path: Path) -> None:
    written = watch.run().publish(tmp_path / "out")
    for path in written:
        text = _written(path)
        for secret in ("first patrol", "second patrol", "an outpost", "36.16"):
            assert secret not in text, (path.name, secret)


def test_the_public_sees_nothing_that_only_the_mission_may_know(watch: Mission, tmp_path: Path) -> None:
    written = watch.run(audience="public").publish(tmp_path / "out")
    told: dict[str, Any] = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert told["marking"] == "public"
    for path in written:
        text = _written(path)
        for secret in ("from the ridge", "no names were heard", "It would settle it"):
            assert secret not in text, (path.name, secret)


# ---- to the byte -----------------------------------------------------------------------------------------------------

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize("name", ["summary.json", "findings.csv"])
def test_the_tiny_mission_comes_to_what_is_written_down(watch: Mission, tmp_path: Path, name: str) -> None:
    """After a change that is meant, `TRUCEWATCH_WRITE_GOLDEN=1 pytest tests/test_route.py` writes it down again."""
    watch.run().publish(tmp_path / "out")
    made = (tmp_path / "out" / name).read_bytes()
    if os.environ.get("TRUCEWATCH_WRITE_GOLDEN") == "1":
        (GOLDEN / name).write_bytes(made)
    assert made.decode("utf-8") == (GOLDEN / name).read_bytes().decode("utf-8")


def test_an_audience_is_a_level_or_a_party_of_the_agreement() -> None:
    law = open_agreement("south-syria-2017")
    assert read_audience("party: southern-opposition", law).party_id == "southern-opposition"
    assert read_audience("Guarantors", law).word == "guarantors"
    with pytest.raises(WrongCall, match="has no party 'israeli-forces'; it has government-forces"):
        read_audience("party: israeli-forces", law)
    with pytest.raises(TrucewatchError, match="is not a level"):
        read_audience("nobody", law)
