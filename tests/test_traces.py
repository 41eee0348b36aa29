"""Traces: from a finding back to file and line, and why two reports are held to tell of one event, or are not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError
from trucewatch.traces import decide, trace, trace_link

RECEIVED = datetime(2026, 1, 1, tzinfo=UTC)
PRESENCE = """\
report_id,actor,what,count,count_unit,from,until,lat,lon,radius_m,seen_by,means
F1,Hezbollah,forces,40,men,2018-06-01T08:00,2018-06-01T12:00,32.55,36.20,500,a post,saw
"""


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    """Return a mission that received one sighting."""
    mission = Mission.init(tmp_path / "watch", "south-syria-2017", key=b"k" * 32, now=RECEIVED)
    (tmp_path / "presence.csv").write_text(PRESENCE, encoding="utf-8")
    mission.collect("presence", [tmp_path / "presence.csv"], now=RECEIVED)
    return mission


def test_a_finding_leads_back_to_file_and_line_from_both_sides(watch: Mission, tmp_path: Path) -> None:
    done = watch.run()
    done.publish(tmp_path / "out")
    id_ = done.findings.filter(pl.col("clause") == "C3")["finding"][0]
    for folder in (watch.folder, tmp_path / "out"):
        told = trace(folder, id_)
        assert [(link["file"], link["line"]) for link in told["chain_to_line"]] == [("presence.csv", 2)]
    with pytest.raises(TrucewatchError, match="holds no finding"):
        trace(tmp_path / "out", "nothing")
    with pytest.raises(TrucewatchError, match="is neither"):
        trace(tmp_path, id_)


def test_what_an_audience_is_told_is_traced_no_further_than_it_may_know(told: Path, tmp_path: Path) -> None:
    public = Mission.open(told).run(audience="public")
    public.publish(tmp_path / "out")
    id_ = public.findings["finding"][0]
    traced = trace(told, id_, audience="public")
    assert traced == trace(tmp_path / "out", id_)
    assert (traced["chain_to_line"], traced["lines"], traced["records"]) == ([], "", "")
    assert "wire.csv" not in repr(traced)
    # By that name the mission itself knows none.
    with pytest.raises(TrucewatchError, match="holds no finding"):
        trace(told, id_)


TWO = """\
report_id,outlet,cites,published,headline,from,until,act,side_a,side_b,who_acted,place,lat,lon,radius_m,text
A,One,,2018-06-02,,2018-06-01T08:00,2018-06-01T09:00,mortar-fire,SAA,Southern Front,,Nawa,32.88,36.04,800,
B,Two,One,2018-06-02,,2018-06-01T08:00,2018-06-01T09:00,mortar-fire,SAA,Southern Front,,Nawa,32.88,36.04,800,
C,Two,,2018-06-20,,2018-06-19T08:00,2018-06-19T09:00,mortar-fire,SAA,Southern Front,,Nawa,32.88,36.04,800,
"""


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """Return the folder of a mission that received three stories of the wire, two of them of one event."""
    mission = Mission.init(tmp_path / "told", "south-syria-2017", key=b"k" * 32, now=RECEIVED)
    (tmp_path / "wire.csv").write_text(TWO, encoding="utf-8")
    mission.collect("wire", [tmp_path / "wire.csv"], now=RECEIVED)
    return mission.folder


def test_two_reports_are_compared_by_features_that_add_up(told: Path) -> None:
    near, far = trace_link(told, "A", "B"), trace_link(told, "wire.csv:2", "C")
    assert (near["one_event"], far["one_event"]) == (True, False)
    for link in (near, far):
        assert link["log_odds"] == pytest.approx(sum(reason["log_odds"] for reason in link["reasons"]), abs=0.001)
        assert all(reason["sentence"] for reason in link["reasons"])
    assert near["log_odds"] > 0 > far["log_odds"]
    assert "the second cites the first's office" in [reason["sentence"] for reason in near["reasons"]]
    assert trace_link(told, "B", "A")["log_odds"] == near["log_odds"]


def test_a_persons_decision_outranks_the_score_and_the_later_one_stands(told: Path) -> None:
    decide(told, "A", "B", False, "duty officer", "two salvoes, by the patrol's own log")
    apart = trace_link(told, "A", "B")
    assert (apart["one_event"], apart["because"]) == (False, "a person records them as different events")
    decide(told, "A", "B", True, "duty officer", "the log was of the day before")
    assert trace_link(told, "A", "B")["one_event"] is True
    overruled = [problem for problem in Mission.open(told).run().problems if problem.code == "decision-overruled"]
    assert len(overruled) == 1
    with pytest.raises(TrucewatchError, match="role"):
        decide(told, "A", "C", True, " ", "no reason")


def test_a_decision_is_not_known_before_it_was_taken(told: Path) -> None:
    before = Mission.open(told).run().incidents.height
    decide(told, "A", "C", True, "duty officer", "the second story gives the day of printing")
    assert Mission.open(told).run().incidents.height == before - 1
    assert Mission.open(told).run(audience="public").incidents.height == before


def test_a_report_that_nobody_knows_is_told(told: Path) -> None:
    with pytest.raises(TrucewatchError, match="holds no report 'D'"):
        trace_link(told, "A", "D")
    with pytest.raises(TrucewatchError, match="one report"):
        trace_link(told, "A", "wire.csv:2")
