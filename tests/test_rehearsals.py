"""Rehearsals: the demo, and what comes of simulated reports against what is true."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trucewatch.mission import assess_files
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.rehearsals import demo, grow, score


def test_the_demo_says_simulation_everywhere_and_is_the_same_each_time(tmp_path: Path) -> None:
    first, written = demo(tmp_path / "out")
    bytes_ = {path.name: path.read_bytes() for path in written}
    _, written = demo(tmp_path / "out")
    assert {path.name: path.read_bytes() for path in written} == bytes_
    assert first.summary["simulation"] is True
    assert b"SIMULATION" in bytes_["sitrep.html"] and b"SIMULATION" in bytes_["sitrep.md"]
    assert json.loads(bytes_["summary.json"])["rows_refused"] == 0


def test_the_demo_comes_in_the_formats_and_languages_that_are_asked_for(tmp_path: Path) -> None:
    _, written = demo(tmp_path / "out", formats=("md", "json"), languages=("en", "ar"))
    assert [path.name for path in written] == ["sitrep.md", "sitrep.ar.md", "findings.json"]
    assert all("SIMULATION" in path.read_text("utf-8") or "محاكاة" in path.read_text("utf-8") for path in written[:2])


def test_simulated_reports_make_a_simulation_of_whatever_is_made_of_them(tmp_path: Path) -> None:
    demo(tmp_path / "out")
    path = tmp_path / "out-simulation" / "SIMULATION_reports_presence.csv"
    assert assess_files([path], "presence", "south-syria-2017").summary["simulation"] is True


def test_the_demo_replaces_nothing_that_it_did_not_make(tmp_path: Path) -> None:
    (tmp_path / "out-mission").mkdir()
    (tmp_path / "out-mission" / "letter.txt").write_text("mine")
    with pytest.raises(TrucewatchError):
        demo(tmp_path / "out")
    assert (tmp_path / "out-mission" / "letter.txt").read_text() == "mine"


def test_a_fresh_seed_is_scored_against_its_own_key_and_always_alike() -> None:
    scores, over_all = score(seeds=2, first_seed=301)
    assert [one.numbers() for one in scores] == [one.numbers() for one in score(seeds=2, first_seed=301)[0]]
    assert scores[0].numbers() != scores[1].numbers()
    for name in ("b_cubed_f1", "pairwise_f1", "calibration_error", "origin_bounds_held"):
        found = over_all[name]
        each = [one.numbers()[name] for one in scores]
        assert min(filter(None, each)) <= found.mean <= max(filter(None, each))


def test_real_events_can_be_the_truth(tmp_path: Path, data: Path) -> None:
    ged = sorted((data / "ucdp_ged_global_sample_v23").glob("*.csv*"))
    grown = grow("observation", tmp_path / "out", seed=3, events=ged)
    truths = json.loads(grown.key_path.read_text("utf-8"))
    assert truths["reports"] and all("SIM" in entry["record"] for entry in truths["reports"])


def test_nothing_is_scored_on_no_seed() -> None:
    with pytest.raises(WrongCall, match="at least one"):
        score(seeds=0)
