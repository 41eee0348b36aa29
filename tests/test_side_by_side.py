"""Side by side: a mission, a file or an agreement's own examples under each reading; and what stays out of products."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.missions import new_mission, on, receive, seen
from tests.valley import EXAMPLES, TEXT, write_valley
from trucewatch.agreement.rulings import RULED
from trucewatch.errata import RULING
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.releases import clear, draft, erratum, release, sign
from trucewatch.side_by_side import READINGS, SideBySide, side_by_side, with_readings

GED = "ucdp_ged_syria_2016_2019/ged_syria_20160101_20191130.csv.gz"


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_valley(tmp_path_factory.mktemp("law") / "valley")


@pytest.fixture(scope="module")
def valley_told(law: Path) -> SideBySide:
    return side_by_side(law)


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    """Return a mission that saw forces within 25 km of the border of Jordan."""
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("F1"), seen("F2", lat=33.4)], day=1)
    return mission


# ---- what is judged --------------------------------------------------------------------------------------------------


def test_an_agreement_is_judged_on_its_own_examples(valley_told: SideBySide) -> None:
    found = valley_told.comparisons[READINGS]
    names = {(flip.clause, valley_told.name(flip).name) for flip in found.flips}
    assert {("C1", "dawn"), ("C1", "squires-fire"), ("C2", "hills-near"), ("C3", "hundred")} <= names
    told = json.loads(json.dumps(valley_told.as_json()))
    assert [one["reading"] for one in told["comparisons"][0]["readings"]] == ["", "northern", "southern", "strict"]
    dawn = next(one for one in told["comparisons"][0]["flips"] if one["of"].startswith("dawn  2020-03-01"))
    assert dawn["outcomes"]["southern"] == "untouched"
    assert {"from": "", "to": "northern", "sets": [["start"]], "all_tried": True} in dawn["causes"]
    assert [one["says"] for one in told["demands"]] == ["would not meet demand D1 of Northern Army"] * 2


def test_the_values_of_a_contested_point_are_compared_one_point_at_a_time(law: Path) -> None:
    found = side_by_side(law, points=["strip", "affiliation:knights/south"], period="2020-04-01/2020-04-04")
    assert list(found.comparisons) == ["strip", "affiliation:knights/south"]
    (squires,) = found.comparisons["affiliation:knights/south"].flips
    assert (found.name(squires).name, squires.outcomes) == ("squires-fire", ("undetermined", "violation", "untouched"))
    assert found.comparisons["strip"].flips == ()
    assert found.period == "2020-04-01/2020-04-04"


def test_an_occasion_goes_by_its_party(tmp_path: Path) -> None:
    text = TEXT.replace("{of: south-army, to: C3, says: [news]}", "{of: north-army, to: C4, says: [news]}")
    found = side_by_side(write_valley(tmp_path / "valley", agreement=text), period="2020-03-07/2020-03-09")
    (flip,) = found.comparisons[READINGS].flips
    assert (flip.clause, flip.incident, str(found.name(flip))) == ("C4", "", "north-army  2020-03-08")


def test_a_mission_is_judged_on_what_it_received(watch: Mission) -> None:
    found = side_by_side(watch.folder)
    (inside,) = (flip for flip in found.comparisons[READINGS].flips if flip.clause == "C3")
    assert str(found.name(inside)) == "presence.csv:2  2018-06-01  presence of forces"
    assert inside.outcomes == ("undetermined", "untouched", "violation", "undetermined")
    assert [cause.words for cause in inside.causes] == ["affected.iran-backed"] * len(inside.causes)
    counted = watch.run().figures.counts
    assert found.comparisons[READINGS].totals("") == counted


def test_the_incidents_are_established_once(law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def corroborate(*told: Any) -> Any:
        calls.append(told)
        return established(*told)

    from trucewatch.incidents import corroborate as established

    monkeypatch.setattr("trucewatch.side_by_side.corroborate", corroborate)
    side_by_side(law, readings=["strict"], points=["start"])
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"readings": ["southern"]}, "beside northern or not at all"),
        ({"readings": ["strikt"]}, "did you mean 'strict'?"),
        ({"points": ["strat"]}, "did you mean 'start'?"),
        ({"source": "ucdp"}, "--incidents and --source go together"),
        ({"files": ["x.csv"]}, "--incidents and --source go together"),
        ({"period": "2020-13"}, "the period cannot be read"),
    ],
)
def test_what_cannot_be_compared_is_refused(told: dict[str, Any], says: str, law: Path) -> None:
    with pytest.raises(WrongCall) as fault:
        side_by_side(law, **told)
    assert says in str(fault.value)


def test_what_cannot_be_judged_is_refused(law: Path, watch: Mission, tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match="is a mission, and judged on what it received"):
        side_by_side(watch.folder, source="ucdp")
    bare = write_valley(tmp_path / "bare", examples="format: 1\nexamples: []\n")
    with pytest.raises(TrucewatchError, match="has no worked examples"):
        side_by_side(bare)
    wrong = write_valley(tmp_path / "wrong", examples=EXAMPLES.replace("act: shelling", "act: sheling"))
    with pytest.raises(TrucewatchError, match=r"examples\.yml:3: .*see them all with"):
        side_by_side(wrong)
    silent = write_valley(tmp_path / "silent", agreement=TEXT.partition("readings:\n")[0])
    with pytest.raises(WrongCall, match=r"has no readings; .* --term: start, area"):
        side_by_side(silent)


# ---- rulings ---------------------------------------------------------------------------------------------------------


def test_a_mission_goes_by_its_ruling_from_its_last_signature_on(watch: Mission) -> None:
    def outcome(as_of: int | None = None) -> list[str]:
        found = watch.run(as_of=as_of).findings
        return found.filter(pl.col("clause") == "C3")["outcome"].to_list()

    entry = watch.rule("affected.iran-backed", "bound", "head of mission", "the memorandum of 8 November", now=on(2))
    assert entry.kind == RULED and entry.content is not None
    assert (entry.content["term"], entry.content["rival"]) == ("affected.iran-backed", "bound")
    sign(watch, [entry.number], "legal", now=on(3))
    assert (outcome(), watch.rulings()) == (["undetermined"], ())
    last = sign(watch, [entry.number], "chief", now=on(4))
    assert outcome() == ["violation"]
    assert outcome(last - 1) == ["undetermined"]
    (ruled,) = side_by_side(watch.folder).rulings
    assert (ruled.term, ruled.rival, ruled.at) == ("affected.iran-backed", "bound", on(4))
    other = watch.rule("affected.iran-backed", "not-bound", "head of mission", "a letter of the guarantors", now=on(5))
    sign(watch, [other.number], "legal", now=on(6))
    sign(watch, [other.number], "chief", now=on(6))
    assert outcome() == []
    assert outcome(last) == ["violation"]


def test_a_sitrep_says_that_a_term_was_ruled_on(watch: Mission, tmp_path: Path) -> None:
    entry = watch.rule("area", "two", "head of mission", "a secret reason", now=on(2))
    for role in ("legal", "chief"):
        sign(watch, [entry.number], role, now=on(3))
    pages = {path.name: path.read_text("utf-8") for path in watch.run().publish(tmp_path / "out", ("md", "html"))}
    assert all("Ruling of the mission, 2026-01-03" in page for page in pages.values())
    assert not any("a secret reason" in page for page in pages.values())


def test_an_erratum_names_the_ruling_for_which_a_finding_is_another(watch: Mission) -> None:
    made = draft(watch, "monthly", "mission", date(2018, 6, 30), "analyst", formats=("html",), now=on(2))
    for role in ("reporting", "legal", "chief"):
        clear(watch, made.sitrep, role, now=on(3))
    release(watch, made.sitrep, "chief", on(3).date(), on(3))
    entry = watch.rule("affected.iran-backed", "bound", "head of mission", "a secret reason", now=on(4))
    for role in ("legal", "chief"):
        sign(watch, [entry.number], role, now=on(4))
    told = erratum(watch, "mission/monthly-2018-06-30", "analyst", now=on(5))
    page = (watch.folder / "sitreps" / told.sitrep / "sitrep.html").read_text("utf-8")
    assert str(RULING) in page and "a secret reason" not in page


def test_a_ruling_is_refused_where_nothing_is_contested(watch: Mission) -> None:
    with pytest.raises(WrongCall, match="'jordan-border-distance' is not contested"):
        watch.rule("jordan-border-distance", "twenty-five-km", "legal", "so")
    with watch.record(is_read_only=True) as record:
        assert RULED not in {entry.kind for entry in record.entries()}


# ---- what stays out of products --------------------------------------------------------------------------------------


def test_no_product_is_written_under_one_partys_reading(watch: Mission, tmp_path: Path) -> None:
    for reading in ("russia", "israel"):
        with pytest.raises(WrongCall, match="told alone it would take that side"):
            watch.run(reading=reading).publish(tmp_path / reading)
        assert not (tmp_path / reading).exists()
        with pytest.raises(WrongCall, match="told alone it would take that side"):
            draft(watch, "monthly", "public", on(40).date(), "analyst", reading=reading, now=on(40))
    assert watch.run(reading="strict").publish(tmp_path / "strict")


@pytest.mark.parametrize("audience", ["public", "parties", "party: iran-backed", "guarantors", "mission"])
def test_a_demand_is_in_no_product_and_in_no_count(watch: Mission, audience: str, tmp_path: Path) -> None:
    assert {one.demand for one in side_by_side(watch.folder).demands} == {"D-il-1", "D-il-2"}
    done = watch.run(audience=audience)
    everything = ("html", "md", "csv", "geojson", "summary", "json")
    for path in done.publish(tmp_path / "out", everything):
        data = path.read_bytes()
        assert b"D-il-" not in data and b"would not meet" not in data, path.name
    assert set(done.findings["clause"]) <= {"C1", "C2", "C3", "C4"}
    assert sum(done.figures.counts.values()) == done.findings.filter(pl.col("outcome") != "untouched").height
    assert "D-il-" not in json.dumps(done.summary) and "D-il-" not in str(done.figures.matrix)


# ---- real data -------------------------------------------------------------------------------------------------------


def test_on_real_events_the_counts_are_those_of_the_sitrep(data: Path) -> None:
    found = side_by_side("south-syria-2017", [data / GED], "ucdp", "2017-05/2018-08")
    comparison = found.comparisons[READINGS]
    assert tuple(comparison.totals("").values()) == (91, 194, 289)
    assert tuple(comparison.totals("strict").values()) == (0, 194, 380)
    assert found.demands == ()


# ---- in the mission's own sitrep -------------------------------------------------------------------------------------


def test_a_missions_sitrep_may_tell_what_flips_under_all_of_the_parties_readings(
    watch: Mission, tmp_path: Path
) -> None:
    done = with_readings(watch, watch.run())
    told = done.figures.readings
    assert told is not None and [str(name) for name in told.names] == ["nothing chosen", "Russia", "Israel"]
    group = next(group for group in told.flipped if group.clause == "C3")
    assert (group.outcomes, group.findings) == (("undetermined", "untouched", "violation"), 1)
    assert str(group.because) == "whether iran backed groups are bound"
    done.publish(tmp_path / "out", formats=("md", "html", "csv"))
    text = (tmp_path / "out" / "sitrep.md").read_text("utf-8")
    row = "| C3 | undetermined | not concerned | inconsistent | whether Iran-backed groups are bound | 1 |"
    assert row.casefold() in text.casefold().replace("iran backed", "iran-backed")
    assert "What flips" not in (watch.run().publish(tmp_path / "plain", formats=("md",))[0]).read_text("utf-8")


@pytest.mark.parametrize("audience", ["public", "parties", "guarantors", "party: government-forces"])
def test_no_other_sitrep_tells_how_anybody_reads_it(watch: Mission, audience: str) -> None:
    with pytest.raises(WrongCall, match=f"not for {audience}"):
        with_readings(watch, watch.run(audience=audience))


def test_the_days_of_the_sitrep_are_the_days_of_what_flips(watch: Mission) -> None:
    told = with_readings(watch, watch.run(period="2018-05")).figures.readings
    assert told is not None and told.flipped == ()
