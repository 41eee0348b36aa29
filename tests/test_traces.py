"""Traces: from a finding back to file and line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError
from trucewatch.traces import trace

PRESENCE = """\
report_id,actor,what,count,count_unit,from,until,lat,lon,radius_m,seen_by,means
F1,Hezbollah,forces,40,men,2018-06-01T08:00,2018-06-01T12:00,32.55,36.20,500,a post,saw
"""


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    """Return a mission that received one sighting."""
    mission = Mission.init(tmp_path / "watch", "south-syria-2017", key=b"k" * 32)
    (tmp_path / "presence.csv").write_text(PRESENCE, encoding="utf-8")
    mission.collect("presence", [tmp_path / "presence.csv"], now=datetime(2026, 1, 1, tzinfo=UTC))
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
