"""Received: nothing is lost, nothing is kept twice, and any earlier state can be had again."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.canaries import found_in
from trucewatch.claims import claims_of
from trucewatch.ledger.vault import settle_batch, stage_batch
from trucewatch.levels import Level, read_level
from trucewatch.mission import open_source
from trucewatch.problems import TrucewatchError
from trucewatch.record.received import Arrival, Receipt, Receipts, layered
from trucewatch.reports import Received, collect
from trucewatch.where import Gazetteer

START = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = (
    "event_id_cnty,event_date,time_precision,event_type,sub_event_type,actor1,actor2,civilian_targeting,country,admin1,"
    "location,latitude,longitude,geo_precision,source,notes,fatalities"
)


def row(id_: str, day: str = "2017-08-01", dead: int = 1, lat: str = "32.62") -> str:
    return (
        f"{id_},{day},1,Explosions/Remote violence,Shelling/artillery/missile attack,North,South,,Syria,Daraa,Nawa,"
        f"{lat},36.10,1,Outlet A; Outlet B,a note,{dead}"
    )


def feed(folder: Path, *rows: str, name: str = "feed.csv") -> Received:
    path = folder / name
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return collect(open_source("acled"), path, gazetteer=Gazetteer(), zone="UTC")


class Desk:
    """What was received, day by day, as a mission enters it."""

    def __init__(self, folder: Path, key: bytes = b"k" * 32) -> None:
        folder.mkdir()
        self.receipts = Receipts(folder, key)

    def take(self, received: Received, name: str = "feed.csv") -> int:
        return self.enter(self.receipts.receive(received, "acled", "0" * 64, name, os.urandom)).new

    def withdraw(self, received: Received, held: pl.DataFrame) -> Receipt | None:
        arrival = self.receipts.withdraw("acled", "0" * 64, [received], held, os.urandom)
        return self.enter(arrival) if arrival else None

    def enter(self, arrival: Arrival) -> Receipt:
        number = len(self.receipts.receipts) + 1
        receipt = Receipt.of_entry(number, START + timedelta(days=number), arrival.content)
        keys = {}
        if arrival.sealed:
            stage_batch(self.receipts.folder, receipt.sealed, arrival.sealed.container)
            settle_batch(self.receipts.folder, receipt.sealed, arrival.sealed.key)
            keys = {receipt.sealed: arrival.sealed.key}
        self.receipts = replace(
            self.receipts, receipts=(*self.receipts.receipts, receipt), keys={**self.receipts.keys, **keys}, _opened={}
        )
        return receipt

    def as_of(self, number: int) -> Receipts:
        told = self.receipts.receipts
        return replace(self.receipts, receipts=told[:number], later=told[number:], _opened={})

    def dead(self, as_of: int | None = None) -> dict[str, int]:
        told = self.receipts if as_of is None else self.as_of(as_of)
        return dict(told.claims().unique("record").select("record", "dead_low").sort("record").iter_rows())

    @property
    def files(self) -> list[Path]:
        return sorted(self.receipts.folder.iterdir())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "received")


def test_a_record_that_comes_again_changed_is_told_as_it_was_told_last(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1", dead=1), row("SYR2", dead=2)))
    new = desk.take(feed(tmp_path, row("SYR1", dead=5), row("SYR2", dead=2)))
    assert new == 2  # the two tellers of the revised record
    assert desk.dead() == {"SYR1": 5, "SYR2": 2}
    assert desk.dead(as_of=1) == {"SYR1": 1, "SYR2": 2}
    assert set(desk.receipts.claims()["entry"]) == {1}  # a revision gives no new first receipt


def test_what_is_held_already_is_entered_again_and_kept_once(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    files, before = desk.files, desk.receipts.claims()
    assert desk.take(feed(tmp_path, row("SYR1"), name="another name.csv"), "another name.csv") == 0
    assert desk.files == files
    assert desk.receipts.claims().drop("file").equals(before.drop("file"))
    one, other = desk.receipts.receipts
    assert (one.sealed, one.roots) == (other.sealed, other.roots)


def test_a_record_put_back_as_it_was_reads_as_it_did(desk: Desk, tmp_path: Path) -> None:
    for dead in (1, 5, 1):
        desk.take(feed(tmp_path, row("SYR1", dead=dead)))
    assert [desk.dead(as_of=n) for n in (1, 2, 3)] == [{"SYR1": 1}, {"SYR1": 5}, {"SYR1": 1}]


def test_what_a_feed_took_back_is_kept_as_withdrawn_and_may_come_again(desk: Desk, tmp_path: Path) -> None:
    first = feed(tmp_path, row("SYR1"), row("SYR2"), row("SYR3", day="2019-01-01"))
    desk.take(first)
    second, held = feed(tmp_path, row("SYR1")), desk.receipts.claims()
    desk.take(second)
    gone = desk.withdraw(second, held)
    assert gone is not None and (gone.kind, gone.new) == ("withdrawn", 1)
    assert set(desk.dead()) == {"SYR1", "SYR3"}  # another day is none of its business
    assert set(desk.dead(as_of=1)) == {"SYR1", "SYR2", "SYR3"}
    desk.take(first)
    assert set(desk.dead()) == {"SYR1", "SYR2", "SYR3"}


def test_refused_rows_are_kept_with_the_batch_they_came_in(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    desk.take(feed(tmp_path, row("SYR1"), row("SYR2", lat="91")))
    ((_, none), (receipt, problems)) = desk.receipts.batches()
    assert none == () and (receipt.rows_read, receipt.rows_refused) == (2, 1)
    assert [(problem.file, problem.line) for problem in problems] == [("feed.csv", 3)]
    assert [p for _, p in desk.as_of(1).batches()] == [()]


def test_names_of_batches_tell_nothing_and_differ_between_missions(tmp_path: Path) -> None:
    received, names = feed(tmp_path, row("SYR1")), []
    for number, key in enumerate((b"k" * 32, b"l" * 32)):
        desk = Desk(tmp_path / f"received{number}", key)
        desk.take(received)
        names += [path.stem for path in desk.files]
    assert len(set(names)) == 2
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)


def test_no_word_of_a_row_stands_in_a_file(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1"), row("SYR2", lat="91")))
    (path,) = desk.files
    assert found_in(tmp_path, "Outlet A") == [tmp_path / "feed.csv"]
    assert path.suffix == ".sealed" and path.stat().st_mode & 0o077 == 0


def test_a_batch_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    desk.files[0].unlink()
    with pytest.raises(TrucewatchError, match=r"entry 1 cannot be read back .*or collect feed\.csv again"):
        desk.as_of(1).claims()


@settings(max_examples=12, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(st.dictionaries(st.sampled_from("ABC"), st.integers(0, 3), min_size=1), min_size=1, max_size=4))
def test_whatever_comes_the_last_word_on_each_record_stands(
    steps: list[dict[str, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("desk")
    desk = Desk(folder / "received")
    last: dict[str, int] = {}
    for step in steps:
        desk.take(feed(folder, *(row(id_, dead=dead) for id_, dead in step.items())))
        last |= step
        assert desk.dead() == dict(sorted(last.items()))
    claims = desk.receipts.claims()
    assert claims["claim_key"].is_unique().all() and claims.height == 2 * len(last)
    kept = pl.concat(desk.receipts.rows(receipt).claims for receipt in desk.receipts.receipts)
    assert {(r, d) for r, d in kept.select("record", "dead_low").iter_rows()} == {
        item for step in steps for item in step.items()
    }


def offices(desk: Desk) -> list[tuple[str, str, int]]:
    """Return (record, office, dead) of each claim that stands."""
    claims = desk.receipts.claims().select("record", "office", "dead_low")
    return sorted((str(record), str(office), int(dead)) for record, office, dead in claims.iter_rows())


def test_a_record_that_names_fewer_tellers_now_leaves_none_of_the_old_ones_behind(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1", dead=1), row("SYR2", dead=2)))
    desk.take(feed(tmp_path, row("SYR1", dead=3).replace("Outlet A; Outlet B", "Outlet C")))
    assert offices(desk) == [("SYR1", "Outlet C", 3), ("SYR2", "Outlet A", 2), ("SYR2", "Outlet B", 2)]
    assert desk.dead(as_of=1) == {"SYR1": 1, "SYR2": 2}
    desk.take(feed(tmp_path, row("SYR1", dead=1)))
    assert offices(desk)[:2] == [("SYR1", "Outlet A", 1), ("SYR1", "Outlet B", 1)]


def test_of_one_record_that_stands_twice_and_differs_neither_is_lost(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1", dead=1), row("SYR1", dead=5), row("SYR2", dead=2)))
    assert {dead for record, _, dead in offices(desk) if record == "SYR1"} == {1, 5}
    claims = desk.receipts.claims()
    assert claims["claim_key"].is_unique().all() and claims["event_key"].n_unique() == 2
    desk.take(feed(tmp_path, row("SYR1", dead=5)))
    assert desk.dead() == {"SYR1": 5, "SYR2": 2} and desk.receipts.claims().height == 4


def test_a_record_that_reads_differently_now_is_not_withdrawn(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1", dead=1), row("SYR2", dead=2)))
    again = feed(tmp_path, row("SYR1", dead=3).replace("Outlet A; Outlet B", "Outlet A"), row("SYR2", dead=2))
    held = desk.receipts.claims()
    desk.take(again)
    assert desk.withdraw(again, held) is None


def test_a_lost_batch_is_kept_again_when_its_file_comes_again(desk: Desk, tmp_path: Path) -> None:
    received = feed(tmp_path, row("SYR1"), row("SYR2", lat="91"))
    desk.take(received)
    before = desk.receipts.claims()
    desk.files[0].write_bytes(b"junk")
    with pytest.raises(TrucewatchError, match="entry 1 cannot be read back"):
        desk.as_of(1).claims()
    desk.receipts = desk.as_of(1)  # as another program opens it
    assert desk.take(received) == 0
    # Entry 1 is read from where its content came again: it is the same by its keyed name.
    assert desk.as_of(1).claims().equals(before) and desk.receipts.claims().equals(before)


def test_under_another_key_nothing_is_taken_for_what_was_received(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    with pytest.raises(TrucewatchError, match="the mission's key is another"):
        replace(desk.receipts, key=b"x" * 32, _opened={}).claims()


def test_letters_that_end_a_line_elsewhere_end_none_here(desk: Desk, tmp_path: Path) -> None:
    name = "a\u2028b\x85c.csv"
    desk.take(feed(tmp_path, row("SYR1"), row("SYR\u2028", lat="9\u20281"), name=name), name)
    assert [receipt.file for receipt in desk.receipts.receipts] == [name]
    ((_, (problem,)),) = desk.as_of(1).batches()
    assert problem.file == name


# ---- level by level --------------------------------------------------------------------------------------------------

FIELDS = ("place_name", "lon", "lat", "office", "text", "act", "latest", "pairs")
WORDS = ("public", "parties", "party: north", "party: south", "guarantors", "mission", "sealed")


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(levels=st.lists(st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(WORDS)), min_size=1, max_size=4))
def test_a_batch_reads_back_whatever_its_levels_and_no_level_tells_of_another(
    levels: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("levels")
    reports = feed(folder, *(row(f"SYR{n}") for n in range(len(levels)))).reports
    marked = pl.Series("levels", [json.dumps(one, sort_keys=True) for one in levels])
    claims = claims_of(reports.sort("record").with_columns(marked), b"k" * 32)
    columns = layered(claims)
    for word in columns.columns:
        for line, told in zip(columns[word], claims["levels"], strict=True):
            for name in json.loads(line or "{}"):
                marking = json.loads(told).get(name)
                assert marking is None or read_level(marking) <= read_level(word)
    for line, told in zip(columns["public"] if "public" in columns.columns else [], claims["levels"], strict=False):
        # Who may not know what was done, or when, knows nothing of the row; and a key is nobody's below the mission.
        assert not set(json.loads(line or "{}")) & {"claim_key", "record", "file", "line"}
        is_known = all(json.loads(told).get(name, "public") == "public" for name in ("act", "latest"))
        assert (line is not None) == is_known
    desk = Desk(folder / "received")
    desk.take(Received(reports.sort("record").with_columns(marked), (), len(levels), 0))
    assert desk.receipts.claims().drop("entry").equals(claims.drop("entry").sort("claim_key"))


def test_an_audience_is_committed_to_what_it_may_see_and_no_more(desk: Desk, tmp_path: Path) -> None:
    reports = feed(tmp_path, row("SYR1")).reports.with_columns(levels=pl.lit('{"office": "party: north"}'))
    arrival = desk.receipts.receive(Received(reports, (), 1, 0), "acled", "0" * 64, "feed.csv", os.urandom)
    roots = arrival.content["roots"]
    assert list(roots) == ["public", "party: north", "mission"]
    assert arrival.told_to(Level.party("south")) == {"rows": {"public": roots["public"]}}
    assert set((arrival.told_to(Level.party("north")) or {})["rows"]) == {"public", "party: north"}
