"""Release: what lies above an audience is in no product made for it, and changes not one byte of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from trucewatch.cli import main
from trucewatch.leads import leads_of
from trucewatch.mission import Mission, assess_files
from trucewatch.sitreps.sentences import tell_unknowns
from trucewatch.traces import trace

PATROL = """\
report_id,patrol,position_lat,position_lon,bearing,bearing_reference,range_from_m,range_to_m,means,count,count_unit,\
observation,from,to,actor,target,area,remarks
{one}-1,{one} patrol,{lat}1,{lon}1,90,true,1000,3000,heard,12,explosions,undetermined explosion,2017-08-01T10:00,\
2017-08-01T10:20,Government of Syria,Southern Front,daraa,{one} ridge
{one}-2,{two} patrol,{lat}2,{lon}2,45,true,1000,2000,saw,3,bursts,burst,2017-08-02T05:00,2017-08-02T05:10,,,,{two} hill
{two}-3,{one} patrol,{lat}3,{lon}3,,,,,impact site,1,explosions,undetermined explosion,2017-08-02T05:00,\
2017-08-02T05:10,Government of Syria,civilians,,{two} crater
{two}-4,{two} patrol,,,,,,,saw,,,nothing observed,2017-08-03T00:00,2017-08-04T00:00,,,quneitra,{one} quiet
"""
REFUSED = """\
{one}-5,{one} patrol,{one}.5,{lon}4,90,true,1000,3000,heard,12,explosions,undetermined explosion,2017-08-01T10:00,\
2017-08-01T10:20,,,,{two} slip
"""
PRESENCE = """\
report_id,actor,what,from,means,lat,lon,radius_m,seen_by,remarks
{two}-6,Hezbollah,forces,2018-06-01T08:00,saw,{lat}5,{lon}5,{metres},{one} post,{two} dug in
"""
COMPLAINTS = """\
complaint_id,complainant,accused,alleged_act,from,means,target,area,text
{one}-7,{two} side,{one} brigade,shelling,2017-08-05T08:00,,civilians,daraa,{one} grievance
"""
HERON = {"one": "heron", "two": "plover", "lat": "32.7183", "lon": "36.1472", "metres": "317"}
CRANE = {"one": "crane", "two": "dunlin", "lat": "32.6946", "lon": "36.2268", "metres": "422"}
BELOW = ("public", "parties", "party: government-forces", "party: southern-opposition", "guarantors")
RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)


def watch(folder: Path, birds: dict[str, str], key: bytes, refused: bool = False, complaints: bool = True) -> Mission:
    """Return a mission that received reports full of birds."""
    folder.mkdir(parents=True)
    mission = Mission.init(folder / "watch", "south-syria-2017", key=key, now=RECEIVED)
    feeds = {"patrol": PATROL + (REFUSED if refused else ""), "presence": PRESENCE}
    for source, text in {**feeds, **({"complaints": COMPLAINTS} if complaints else {})}.items():
        path = folder / f"{source}.csv"
        path.write_text(text.format(**birds), encoding="utf-8")
        mission.collect(source, [path], now=RECEIVED)
    return mission


def everything(folder: Path) -> str:
    """Return all that the products of a folder hold, as one text, shapes as their numbers."""
    told = []
    for path in sorted(folder.iterdir()):
        if path.suffix == ".parquet":
            told += [str(value) for row in pl.read_parquet(path).rows() for value in row]
        else:
            told.append(path.read_text("utf-8"))
    return "\n".join(told)


@pytest.fixture(scope="module")
def heron(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    return watch(tmp_path_factory.mktemp("heron") / "m", HERON, b"h" * 32, refused=True)


@pytest.fixture(scope="module")
def crane(tmp_path_factory: pytest.TempPathFactory) -> Mission:
    return watch(tmp_path_factory.mktemp("crane") / "m", CRANE, b"c" * 32, complaints=False)


@pytest.mark.parametrize("audience", BELOW)
def test_no_bird_sings_below_the_mission(heron: Mission, tmp_path: Path, audience: str) -> None:
    done = heron.run(audience=audience)
    done.publish(tmp_path / "out")
    assert done.findings.height >= 3
    text = everything(tmp_path / "out")
    numbers = (HERON["lat"][:-1], HERON["lon"][:-1], HERON["metres"])
    for secret in ("heron", "plover", *numbers, "It would settle it", "Complaints of the parties", "complaints.csv"):
        assert secret not in text, secret
    assert json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["rows_refused"] == 0
    for id_ in done.findings["finding"]:
        assert not re.search("heron|plover", json.dumps(trace(tmp_path / "out", id_)))


@pytest.fixture(scope="module")
def asked(heron: Mission) -> tuple[set[str], set[str]]:
    """Return what the mission would find out: the kinds of fact, and each lead whole."""
    found = leads_of(heron.run(), most=100)
    known = [lead.facts for lead in (*found.single, *found.together)]
    kinds = {str(tell_unknowns([fact.unknown], heron.agreement)) for facts in known for fact in facts}
    assert {"who acted and against whom", "whether iran backed groups are bound"} <= kinds
    return kinds, {found.words(facts) for facts in known}


@pytest.mark.parametrize("audience", BELOW)
def test_no_lead_is_in_any_product_below_the_mission(
    heron: Mission, asked: tuple[set[str], set[str]], tmp_path: Path, audience: str
) -> None:
    formats = ("html", "md", "csv", "hxl", "json", "geojson", "summary")
    heron.run(audience=audience).publish(tmp_path / "out", formats=formats)
    text = everything(tmp_path / "out").replace("settled_by", "").replace("+settled", "")
    for words in (*asked[0], *asked[1], "settle", "open cases", "leads"):
        assert words not in text, words
    for feature in json.loads((tmp_path / "out" / "findings.geojson").read_text("utf-8"))["features"]:
        assert not feature["properties"].get("settled_by")


def test_the_missions_own_sitrep_tells_of_what_kind_the_facts_are(
    heron: Mission, asked: tuple[set[str], set[str]], tmp_path: Path
) -> None:
    heron.run().publish(tmp_path / "own")
    own = everything(tmp_path / "own")
    assert all(words in own for words in asked[0])
    assert not any(words in own for words in asked[1] if "(" in words)


@pytest.mark.parametrize("audience", BELOW)
def test_no_place_is_finer_than_what_the_audience_may_know(heron: Mission, tmp_path: Path, audience: str) -> None:
    done = heron.run(audience=audience)
    done.publish(tmp_path / "out")
    placed = done.findings.select("lon", "lat", "radius_m", "share_inside")
    assert placed.select("lon", "lat", "radius_m").null_count().row(0) == (placed.height,) * 3
    collection = json.loads((tmp_path / "out" / "findings.geojson").read_text("utf-8"))
    assert {feature["geometry"] is None for feature in collection["features"]} == {True}
    assert "0 incidents drawn" in (tmp_path / "out" / "sitrep.html").read_text("utf-8")


@pytest.mark.parametrize("audience", BELOW)
def test_two_missions_that_differ_only_above_an_audience_give_it_the_same_bytes(
    heron: Mission, crane: Mission, tmp_path: Path, audience: str
) -> None:
    products = []
    for name, mission in (("heron", heron), ("crane", crane)):
        written = mission.run(audience=audience).publish(tmp_path / name)
        products.append({path.name: path.read_bytes() for path in written})
    assert products[0] == products[1]


@pytest.mark.parametrize("audience", BELOW)
def test_what_the_command_answers_is_the_same_too(
    heron: Mission, crane: Mission, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audience: str
) -> None:
    answers = []
    for mission in (heron, crane):
        monkeypatch.chdir(mission.folder.parent)
        out = f"out-{re.sub('[^a-z]', '-', audience)}"
        asked = [
            *(["run", "watch", "--audience", audience, "--out", out, *more] for more in ([], ["--json"])),
            ["trace", out, "no-such-finding"],
        ]
        done = [CliRunner().invoke(main, words) for words in asked]
        answers.append([(one.exit_code, one.stdout, one.stderr) for one in done])
        assert [one.exit_code for one in done] == [0, 0, 1]
        assert not re.search("heron|plover|crane|dunlin", repr(answers[-1]))
    assert answers[0] == answers[1]


def test_to_the_mission_they_differ(heron: Mission, crane: Mission, tmp_path: Path) -> None:
    for mission, bird in ((heron, "heron"), (crane, "crane")):
        done = mission.run()
        assert done.summary["marking"] == "mission"
        done.publish(tmp_path / bird)
        assert f"{bird} ridge" in everything(tmp_path / bird)
    assert (heron.run().summary["rows_refused"], crane.run().summary["rows_refused"]) == (1, 0)


def test_without_a_mission_no_number_of_a_record_can_be_guessed_from_an_id(tmp_path: Path) -> None:
    ids = []
    for name, birds in (("one", HERON), ("two", CRANE)):
        (tmp_path / name).mkdir()
        path = tmp_path / name / "patrol.csv"
        path.write_text(PATROL.format(**birds), encoding="utf-8")
        ids.append(assess_files([path], "patrol", "south-syria-2017", audience="public").findings["finding"].to_list())
    assert ids[0] == ids[1] and len(set(ids[0])) == len(ids[0])


def test_names_of_kept_files_tell_nothing(heron: Mission) -> None:
    names = [path.name for path in (heron.folder / "received").iterdir() if path.name != "index.jsonl"]
    assert names
    assert all(re.fullmatch(r"[0-9a-f]{32}\.sealed", name) for name in names)
