"""Simulations, from the spec to the feeds as they are read: what every seed must keep."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.actors import CIVILIANS, read_pairs
from trucewatch.acts import act_tree
from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.claims import claims_of
from trucewatch.evidence import Assertion, Extent
from trucewatch.levels import Level
from trucewatch.logs.patrols import quiet_windows
from trucewatch.reports import Received, collect
from trucewatch.simulations import Simulation, is_simulated, simulate
from trucewatch.sitreps.places import coverage
from trucewatch.sources import Source, read_source
from trucewatch.views import view
from trucewatch.where import distance_m, place_shape

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "simulations" / "south-syria-demo.yml"
NOTHING_TRUE = ("lie", "printed-lie", "rumour")


@cache
def agreement() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


@cache
def source(name: str) -> Source:
    found, problems = read_source(ROOT / "sources" / f"{name}.yml")
    assert found is not None, problems
    return found


@dataclass(frozen=True)
class Run:
    """One simulation, read back through the product's own door."""

    simulation: Simulation
    truths: Mapping[str, Mapping[str, str]]
    key: Mapping[str, Mapping[str, Any]]
    received: Mapping[str, Received]

    def rows(self, *how: str) -> Iterator[tuple[dict[str, Any], Mapping[str, Any]]]:
        """Go through the reports that came about in some way, each with its entry in the key."""
        for received in self.received.values():
            for row in received.reports.iter_rows(named=True):
                entry = self.key[row["record"]]
                if entry["how"] in how:
                    yield row, entry

    @property
    def reports(self) -> pl.DataFrame:
        return pl.concat([received.reports for received in self.received.values()])


def run(out: Path, seed: int | None = None) -> Run:
    simulation = simulate(DEMO, agreement(), out, seed)
    law = agreement()
    with simulation.truth_path.open(encoding="utf-8", newline="") as file:
        truths = {row["id"]: row for row in csv.DictReader(file)}
    return Run(
        simulation,
        truths,
        {entry["record"]: entry for entry in json.loads(simulation.key_path.read_text("utf-8"))["reports"]},
        {
            name: collect(source(name), path, gazetteer=law.gazetteer, zone=law.timezone)
            for name, path in simulation.feeds
        },
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return run(tmp_path_factory.mktemp("demo"))


def time_of(truth: Mapping[str, str]) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(truth["instant"]), datetime.fromisoformat(truth["until"])


def point_of(truth: Mapping[str, str]) -> shapely.Point:
    return shapely.Point(float(truth["lon"]), float(truth["lat"]))


def holds_place(row: Mapping[str, Any], truth: Mapping[str, str]) -> bool:
    if row["place_kind"] == "disc":
        off_m = distance_m(row["lon"], row["lat"], point_of(truth).x, point_of(truth).y)
        return off_m <= float(row["radius_m"])
    shape = place_shape(row, agreement().gazetteer)
    return shape is not None and bool(shapely.covers(shape, point_of(truth)))


def overlaps(row: Mapping[str, Any], truth: Mapping[str, str]) -> bool:
    start, end = time_of(truth)
    return bool(start < row["latest"] and end > row["earliest"])


def holds_time(row: Mapping[str, Any], truth: Mapping[str, str]) -> bool:
    start, end = time_of(truth)
    if row["assertion"] == Assertion.ACT:
        return bool(row["earliest"] <= start and end <= row["latest"])
    if row["time_extent"] == Extent.THROUGHOUT:
        return bool(start <= row["earliest"] and row["latest"] <= end)
    return overlaps(row, truth)


def names_them(row: Mapping[str, Any], truth: Mapping[str, str]) -> bool:
    """Say whether some pair that a row allows is the true one, through whatever spelling or umbrella."""
    register = agreement().register

    def is_told(name: str, true: str) -> bool:
        told = register.identify(name)
        return not name or true == told or true in register.stands_for(told)

    return any(
        is_told(actor, truth["actor"]) and is_told(target, truth["target"])
        for actor, target in read_pairs(row["pairs"])
    )


@settings(max_examples=12)
@given(st.integers(min_value=0, max_value=2**63))
def test_whatever_the_seed_what_is_told_of_a_truth_holds_it_and_lies_hold_none(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        told = run(Path(folder), seed)
    assert [problem for received in told.received.values() for problem in received.problems] == []
    assert sum(received.reports.height for received in told.received.values()) == len(told.key)
    for row, entry in told.rows("told", "copied"):
        truth = told.truths[entry["truth"]]
        assert holds_place(row, truth), entry
        assert holds_time(row, truth), entry
        assert act_tree().covers(row["act"], truth["act"]), entry
        assert names_them(row, truth), entry
    for row, entry in told.rows("quiet", *NOTHING_TRUE):
        assert entry["truth"] is None
        alike = (t for t in told.truths.values() if act_tree().on_one_chain(row["act"], t["act"]))
        assert [t["id"] for t in alike if overlaps(row, t) and holds_place(row, t)] == [], entry


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(tmp_path: Path) -> None:
    def written(name: str, seed: int) -> dict[str, bytes]:
        simulate(DEMO, agreement(), tmp_path / name, seed)
        return {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}

    once, again, other = written("once", 7), written("again", 7), written("other", 8)
    assert once == again
    assert once.keys() == other.keys()
    assert [name for name in once if once[name] == other[name]] == []


def test_everything_is_marked(demo: Run) -> None:
    simulation = demo.simulation
    paths = [path for _, path in simulation.feeds]
    paths += [simulation.truth_path, simulation.key_path, simulation.readme_path]
    assert sorted(simulation.truth_path.parent.iterdir()) == sorted(paths)
    assert all(path.name.startswith("SIMULATION") for path in paths)
    assert simulation.readme_path.read_text("utf-8").startswith("SIMULATION. None of this happened.")
    assert json.loads(simulation.key_path.read_text("utf-8"))["marking"].startswith("SIMULATION")
    for path in (*(path for _, path in simulation.feeds), simulation.truth_path):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                marked = row.get("remarks") or row.get("text") or row.get("marking") or ""
                assert marked.startswith("SIMULATION"), row
                assert any(cell.startswith("SIM-") for cell in row.values()), row
                assert row.get("headline", "SIMULATION").startswith("SIMULATION"), row


def test_a_single_row_of_a_simulation_is_known_for_one(demo: Run) -> None:
    assert is_simulated(demo.reports)
    assert is_simulated(claims_of(demo.reports).tail(1))
    real = demo.reports.with_columns(pl.lit("2017-1").alias("record"), pl.lit("patrol.csv").alias("file"))
    assert not is_simulated(real)
    assert is_simulated(pl.concat([real, demo.reports.head(1)]))


def test_the_demo_has_what_there_is_to_show(demo: Run) -> None:
    counts = demo.simulation.counts
    assert 100 <= counts["incidents"] <= 140
    assert 250 <= counts["rows"] <= 350
    assert min(counts.values()) > 0, counts
    truths = demo.truths.values()
    assert {"sy-government", "southern-front", "hezbollah", "is", ""} <= {t["actor"] for t in truths}
    assert {"is", "nusra-hts", CIVILIANS} <= {t["target"] for t in truths}
    assert any(int(t["civilians_dead"]) for t in truths)
    assert min(t["instant"] for t in truths) < "2017-07-08" < max(t["instant"] for t in truths)
    kinds = demo.reports["place_kind"].unique().to_list()
    assert {"disc", "sector", "area"} <= set(kinds)
    assert demo.reports.filter("allegation").height == demo.received["complaints"].reports.height
    arabic = demo.reports.filter(pl.col("pairs").str.contains(r"\p{Arabic}"))
    assert arabic.height > 0


def test_copies_say_whom_they_copy_and_some_change_a_number(demo: Run) -> None:
    with dict(demo.simulation.feeds)["wire"].open(encoding="utf-8", newline="") as file:
        stories = {row["report_id"]: row for row in csv.DictReader(file)}
    copies = [entry for entry in demo.key.values() if entry["how"] == "copied"]
    for entry in copies:
        cited = stories[entry["record"]]["cites"].split(" < ")[0]
        of_one = [e for e in demo.key.values() if e["source"] == "wire" and e["truth"] == entry["truth"]]
        assert cited in {stories[e["record"]]["outlet"] for e in of_one}, entry
    assert any(change.startswith("civilians_dead") for entry in copies for change in entry["changes"])


def test_what_was_watched_is_calm_and_what_was_not_is_no_better_than_partly_seen(demo: Run) -> None:
    law = agreement()
    claims = view(claims_of(demo.reports), Level.MISSION).claims
    start, end = claims["earliest"].min(), claims["latest"].max()
    assert isinstance(start, datetime)
    assert isinstance(end, datetime)
    windows = quiet_windows(claims, law.gazetteer)
    told = {
        zone: coverage(windows, law, law.clause("C1"), zone, start, end) for zone in ("area-of-separation", "suwayda")
    }
    assert told == {"area-of-separation": "none found", "suwayda": "partly seen"}


def test_no_complaint_is_left_below_mission_level(demo: Run) -> None:
    public = view(claims_of(demo.reports), Level.PUBLIC).claims
    assert set(public["source"]) == {"patrol", "presence", "wire"}
    assert public.filter("allegation").is_empty()
