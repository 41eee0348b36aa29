"""An observation model, from the spec to the files and the key."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.reports import Received, collect
from trucewatch.simulations import Simulation, is_simulated, simulate
from trucewatch.sources import read_source

ROOT = Path(__file__).parents[2]
SPEC = ROOT / "simulations" / "observation.yml"
DEMO = ROOT / "simulations" / "south-syria-demo.yml"


@pytest.fixture(scope="module")
def grown(law: Agreement, tmp_path_factory: pytest.TempPathFactory) -> Simulation:
    return simulate(SPEC, law, tmp_path_factory.mktemp("grown"), 7)


@pytest.fixture(scope="module")
def key(grown: Simulation) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(grown.key_path.read_text("utf-8"))
    return written


@pytest.fixture(scope="module")
def received(grown: Simulation, law: Agreement) -> dict[str, Received]:
    found = {}
    for feed, path in grown.feeds:
        source, _ = read_source(ROOT / "sources" / f"{feed}.yml")
        assert source is not None
        found[feed] = collect(source, path, gazetteer=law.gazetteer, zone=law.timezone)
    return found


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_same_seed_gives_the_same_bytes(law: Agreement, grown: Simulation, tmp_path: Path) -> None:
    again, other = simulate(SPEC, law, tmp_path / "again", 7), simulate(SPEC, law, tmp_path / "other", 8)
    for path in grown.key_path.parent.iterdir():
        assert (again.key_path.parent / path.name).read_bytes() == path.read_bytes()
        assert (other.key_path.parent / path.name).read_bytes() != path.read_bytes()


def test_every_row_is_received_and_has_as_many_tellers_as_its_key_has_items(
    key: dict[str, Any], received: dict[str, Received]
) -> None:
    items = {(entry["source"], entry["record"]): len(entry["items"]) for entry in key["reports"]}
    assert [problem for one in received.values() for problem in one.problems] == []
    told = {
        (row["source"], row["record"]): len(row["tellers"])
        for one in received.values()
        for row in one.reports.iter_rows(named=True)
    }
    assert told == items
    assert 1_500 <= len(items) <= 4_000


def test_everything_is_marked(grown: Simulation, received: dict[str, Received]) -> None:
    for _, path in grown.feeds:
        for row in rows(path):
            cells = list(row.values())
            assert any("SIMULATION" in cell for cell in cells), row
            assert cells[0].startswith("SIM-"), row
    assert all(path.name.startswith("SIMULATION") for path in grown.key_path.parent.iterdir())
    assert all(is_simulated(one.reports) for one in received.values())


def test_every_outlet_monitor_and_dataset_office_is_invented(received: dict[str, Received]) -> None:
    offices = {
        teller["office"]
        for feed in ("wire", "patrol", "acled", "ucdp")
        for tellers in received[feed].reports["tellers"].to_list()
        for teller in tellers
    }
    assert len(offices) > 8
    assert [office for office in offices if "SIM" not in office and "سيم" not in office] == []


def test_the_key_counts_the_independent_roots_of_each_event(grown: Simulation, key: dict[str, Any]) -> None:
    roots: dict[str, set[str]] = {}
    for entry in key["reports"]:
        for item in entry["items"]:
            for event in item["tells_of"]:
                roots.setdefault(event, set()).add(item["root"])
    assert key["origins"] == {event: len(some) for event, some in sorted(roots.items())}
    assert {row["id"]: int(row["origins"]) for row in rows(grown.truth_path)}.items() >= {
        event: number for event, number in key["origins"].items() if event.startswith("SIM-T-")
    }.items()


def test_one_lie_has_one_root_and_tells_of_no_truth(key: dict[str, Any]) -> None:
    lies = {event: number for event, number in key["origins"].items() if event.startswith("SIM-L-")}
    assert len(lies) > 10
    assert set(lies.values()) == {1}
    for entry in key["reports"]:
        is_lie = entry["items"][0]["tells_of"][0] in lies
        assert (entry["truth"] == "") == is_lie


def test_a_copy_has_the_root_of_what_it_copied_whomever_it_names(grown: Simulation, key: dict[str, Any]) -> None:
    stories = {row["report_id"]: row for row in rows(dict(grown.feeds)["wire"])}
    hidden = [
        entry
        for entry in key["reports"]
        if entry["source"] == "wire"
        and entry["how"] not in ("told", "coded")
        and entry["items"][0]["root"] not in stories[entry["record"]]["cites"]
    ]
    told = {
        (event, item["root"])
        for entry in key["reports"]
        if entry["how"] == "told"
        for item in entry["items"]
        for event in item["tells_of"]
    }
    assert len(hidden) > 50
    for entry in hidden:
        assert {(event, entry["items"][0]["root"]) for event in entry["items"][0]["tells_of"]} <= told


def test_the_hard_cases_are_all_there(grown: Simulation, key: dict[str, Any]) -> None:
    hows = Counter(entry["how"] for entry in key["reports"])
    assert min(hows[how] for how in ("told", "verbatim", "abridged", "paraphrased", "translated", "coded")) > 30
    changes = Counter(change.split()[0] for entry in key["reports"] for change in entry["changes"])
    assert min(changes[change] for change in ("dead", "count", "place", "hour", "actor", "merged", "split")) > 0
    several = [entry for entry in key["reports"] if len(entry["items"][0]["tells_of"]) > 1]
    assert several
    stories = rows(dict(grown.feeds)["wire"])
    assert any(row["cites"].startswith("unnamed") for row in stories)
    assert any(not row["cites"] for row in stories)
    assert any(not row["lon"] and row["place"] for row in stories)
    assert any(not row["lon"] and not row["place"] for row in stories)
    assert any(not row["text"] for row in stories)
    assert any(not row["side_a"] for row in stories)


def test_real_events_are_told_of_as_simulated(law: Agreement, tmp_path: Path) -> None:
    header = (
        "id,type_of_violence,side_a,side_b,source_article,source_office,source_headline,source_original,where_prec,"
        "where_coordinates,adm_1,latitude,longitude,country,date_start,date_end,deaths_civilians,low,high"
    )
    lines = [
        f'{n},1,Government of Syria,Some Unheard-of Band,"""Real Paper,2016-01-01,Real words""",Real Paper,'
        f"Real words,Real Paper,1,Nawa town,Daraa Governorate,{32.8 + n / 1000},36.04,Syria,"
        f"2016-01-{n:02},2016-01-{n:02},0,1,3"
        for n in range(1, 31)
    ]
    (tmp_path / "ged.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    source, _ = read_source(ROOT / "sources" / "ucdp.yml")
    assert source is not None
    events = collect(source, tmp_path / "ged.csv", gazetteer=law.gazetteer, zone=law.timezone).reports
    made = simulate(SPEC, law, tmp_path / "out", 1, events=events)
    assert made.counts["incidents"] == 30
    written = "".join(path.read_text("utf-8") for path in made.key_path.parent.iterdir())
    assert "Real Paper" not in written
    assert "Real words" not in written
    assert "Some Unheard-of Band" in written
    with pytest.raises(TrucewatchError, match="only an observation model takes real events"):
        simulate(DEMO, law, tmp_path / "demo", events=events)


def test_a_seed_below_zero_is_refused(law: Agreement, tmp_path: Path) -> None:
    with pytest.raises(TrucewatchError, match="below zero"):
        simulate(SPEC, law, tmp_path, -1)
