"""A simulation written down."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from trucewatch.agreement.parse import read_agreement
from trucewatch.agreement.terms import Agreement
from trucewatch.problems import TrucewatchError
from trucewatch.simulations.feeds import simulate

ROOT = Path(__file__).parents[2]
SPEC: dict[str, Any] = {
    "format": 1, "simulation": "small", "agreement": "south-syria-2017", "seed": 3, "period": "2017-07",
    "truth": {
        "seen": {"number": 2, "act": "presence-of-forces", "by": ["hezbollah"], "in": "daraa", "days": "2..3",
                 "told_by": {"presence": 1}},
        "unseen": {"number": 3, "act": "clash", "by": ["is"], "on": ["southern-front"], "in": "daraa", "minutes": 30},
    },
    "feeds": {"presence": {"tellers": ["SIM Patrol 1"], "sightings": 2, "within": 0, "radius_m": 100, "late_hours": 1}},
}  # fmt: skip


@pytest.fixture(scope="module")
def law() -> Agreement:
    return read_agreement(ROOT / "agreements" / "south-syria-2017")


def test_the_key_says_of_each_row_which_truth_it_tells(law: Agreement, tmp_path: Path) -> None:
    simulation = simulate(SPEC, law, tmp_path / "out")
    assert [(feed, path.name) for feed, path in simulation.feeds] == [("presence", "SIMULATION_reports_presence.csv")]
    key = json.loads(simulation.key_path.read_text("utf-8"))
    with simulation.feeds[0][1].open(encoding="utf-8", newline="") as file:
        records = [row["report_id"] for row in csv.DictReader(file)]
    assert [entry["record"] for entry in key["reports"]] == records == [f"SIM-F-{n:04d}" for n in range(1, 5)]
    assert (simulation.counts["incidents"], simulation.counts["rows"], len(key["never_told"])) == (5, 4, 3)
    assert {entry["truth"] for entry in key["reports"]}.isdisjoint(key["never_told"])
    assert (key["seed"], key["period"]) == (3, ["2017-06-30T21:00:00Z", "2017-07-31T21:00:00Z"])


def test_what_lies_beside_it_in_the_folder_is_left_alone(law: Agreement, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    simulate(SPEC, law, tmp_path)
    simulate(SPEC, law, tmp_path, seed=4)
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"


def test_a_seed_below_zero_is_refused(law: Agreement, tmp_path: Path) -> None:
    with pytest.raises(TrucewatchError, match="seed -1 is below zero"):
        simulate(SPEC, law, tmp_path, seed=-1)
