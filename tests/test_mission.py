"""Mission: a folder that watches one agreement, and the ways from it to a sitrep and back."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trucewatch.evidence import Standard
from trucewatch.mission import (
    Mission,
    assess_files,
)
from trucewatch.problems import TrucewatchError

HEADER = (
    "report_id,actor,what,count,count_qualifier,count_unit,from,until,lat,lon,radius_m,seen_by,means,"
    "weapon,calibre_mm,time_extent,grid,area,remarks"
)


def seen(id_: str, lat: float = 32.55, count: int = 40) -> str:
    return f"{id_},Hezbollah,forces,{count},,men,2018-06-01T08:00,2018-06-01T12:00,{lat},36.20,500,a post,saw,,,,,,"


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    return Mission.init(tmp_path / "watch", "south-syria-2017", key=b"k" * 32)


def received(watch: Mission, *rows: str, day: int = 1, whole: bool = False) -> None:
    path = watch.folder.parent / "presence.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    watch.collect("presence", [path], whole=whole, now=datetime(2026, 1, day, tzinfo=UTC))


# ---- a mission's folder ----------------------------------------------------------------------------------------------


def test_a_mission_draws_a_key_that_only_it_can_read(tmp_path: Path) -> None:
    one = Mission.init(tmp_path / "one", "south-syria-2017")
    other = Mission.init(tmp_path / "other", "south-syria-2017")
    keys = [(mission.folder / "mission.key") for mission in (one, other)]
    assert keys[0].read_bytes() != keys[1].read_bytes()
    assert all(key.stat().st_mode & 0o077 == 0 for key in keys)


def test_a_folder_that_is_in_use_is_not_made_a_mission(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(TrucewatchError):
        Mission.init(tmp_path / "mine", "south-syria-2017")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]
    with pytest.raises(TrucewatchError, match="is no mission"):
        Mission.open(tmp_path / "mine")


def test_the_mandate_decides_the_words_and_the_standard(watch: Mission) -> None:
    received(watch, seen("F1"))
    reported = watch.run(reading="israel").findings["sentence"].to_list()
    assert any("inconsistent with C3; reported, not confirmed" in sentence for sentence in reported)
    assert not any("Violation of" in sentence for sentence in reported)
    mandate = (watch.folder / "mandate.yml").read_text().replace("[observe, record]", "[observe, record, determine]")
    (watch.folder / "mandate.yml").write_text(mandate.replace("reasonable-grounds ", "clear-and-convincing "))
    assert (watch.mandate.may_determine, watch.mandate.standard) == (True, Standard.CLEAR_AND_CONVINCING)
    assert watch.run(reading="israel").summary["findings"]["violation"] == 0  # seen, and not recorded


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("mandate.yml", "format: 1\nmay: [obserwe]\nstandard: reasonable-grounds\n"),
        ("mandate.yml", "format: 1\nmay: [observe]\nstandard: beyond doubt\n"),
        ("mandate.yml", "\tmay: x\n"),
        ("mission.yml", "format: 1\n"),
        ("mission.yml", "agreement: [\n"),
        ("mission.key", "short"),
    ],
)
def test_a_broken_file_of_a_mission_is_told_by_name(watch: Mission, file: str, text: str) -> None:
    received(watch, seen("F1"))
    (watch.folder / file).write_text(text)
    with pytest.raises(TrucewatchError, match=file):
        watch.run()


def test_any_earlier_sitrep_can_be_made_again_to_the_byte(watch: Mission, tmp_path: Path) -> None:
    received(watch, seen("F1"), day=1)
    first = {path.name: path.read_bytes() for path in watch.run().publish(tmp_path / "first")}
    received(watch, seen("F1", count=90), seen("F2", lat=32.60), day=5)
    later = {path.name: path.read_bytes() for path in watch.run().publish(tmp_path / "later")}
    again = {path.name: path.read_bytes() for path in watch.run(as_of="2026-01-03").publish(tmp_path / "again")}
    assert again == first != later


def test_what_a_feed_took_back_is_left_out_and_counted(watch: Mission) -> None:
    received(watch, seen("F1"), seen("F2", lat=32.60), day=1)
    received(watch, seen("F1"), day=2, whole=True)
    done = watch.run()
    assert set(done.findings["records"]) == {"F1"}
    assert done.summary["rows_withdrawn"] == 1


def test_the_same_file_under_another_name_changes_no_finding(watch: Mission, tmp_path: Path) -> None:
    received(watch, seen("F1"))
    shutil.copy(tmp_path / "presence.csv", tmp_path / "other.csv")
    one, other = (assess_files([tmp_path / name], "presence", "south-syria-2017").findings
                  for name in ("presence.csv", "other.csv"))  # fmt: skip
    same = [name for name in one.columns if "line" not in name]
    assert one.select(same).equals(other.select(same))


def test_a_finding_can_be_looked_at(watch: Mission) -> None:
    received(watch, seen("<b>F1</b>"))
    done = watch.run()
    finding = done.finding(done.findings["finding"][0])
    assert "presence.csv:2" in str(finding)
    page = finding._repr_html_()
    assert "<table>" in page and "<b>" not in page
    assert repr(done).startswith("<Assessment of south-syria-2017")
    with pytest.raises(KeyError):
        done.finding("nothing")


def test_findings_go_to_geopandas(watch: Mission) -> None:
    received(watch, seen("F1"))
    frame = watch.run().to_geopandas()
    assert frame.crs.to_epsg() == 4326
    assert set(frame.geometry.geom_type) == {"Polygon"}


# ---- the demo --------------------------------------------------------------------------------------------------------


def test_a_period_without_ends_is_closed_by_what_was_received(watch: Mission) -> None:
    received(watch, seen("F1"))
    assert watch.run(period="2018/..").summary["period"]["end"] == "2018-06-01T21:00:00Z"
    with pytest.raises(TrucewatchError, match="period"):
        watch.run(period="last week")
