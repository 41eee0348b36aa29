"""Received: nothing is lost, nothing is kept twice, and any earlier state can be had again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trucewatch.mission import open_source
from trucewatch.problems import TrucewatchError
from trucewatch.received import INDEX, Receipts
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
    """A folder of receipts, and the clock on its wall."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / INDEX).touch()
        self.receipts = Receipts(folder, b"k" * 32)
        self.described = self.receipts.keep_description(b"format: 1\n")
        self.now = START

    def take(self, received: Received, name: str = "feed.csv") -> int:
        self.now += timedelta(days=1)
        return self.receipts.receive(received, "acled", self.described, name, self.now).new

    def dead(self, as_of: str | None = None) -> dict[str, int]:
        claims = self.receipts.claims(as_of).unique("record")
        return dict(claims.select("record", "dead_low").sort("record").iter_rows())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "received")


def test_a_record_that_comes_again_changed_is_told_as_it_was_told_last(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1", dead=1), row("SYR2", dead=2)))
    new = desk.take(feed(tmp_path, row("SYR1", dead=5), row("SYR2", dead=2)))
    assert new == 2  # the two tellers of the revised record
    assert desk.dead() == {"SYR1": 5, "SYR2": 2}
    assert desk.dead(as_of="1") == {"SYR1": 1, "SYR2": 2}
    assert set(desk.receipts.claims()["entry"]) == {1}  # a revision gives no new first receipt


def test_what_is_held_already_is_entered_again_and_kept_once(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    files = sorted(desk.receipts.folder.glob("*.parquet"))
    before = desk.receipts.claims()
    assert desk.take(feed(tmp_path, row("SYR1"), name="another name.csv"), "another name.csv") == 0
    assert sorted(desk.receipts.folder.glob("*.parquet")) == files
    assert desk.receipts.claims().drop("file").equals(before.drop("file"))
    assert len(desk.receipts.entries()) == 2


def test_a_record_put_back_as_it_was_reads_as_it_did(desk: Desk, tmp_path: Path) -> None:
    for dead in (1, 5, 1):
        desk.take(feed(tmp_path, row("SYR1", dead=dead)))
    assert [desk.dead(as_of=str(n)) for n in (1, 2, 3)] == [{"SYR1": 1}, {"SYR1": 5}, {"SYR1": 1}]


def test_what_a_feed_took_back_is_kept_as_withdrawn_and_may_come_again(desk: Desk, tmp_path: Path) -> None:
    first = feed(tmp_path, row("SYR1"), row("SYR2"), row("SYR3", day="2019-01-01"))
    desk.take(first)
    second = feed(tmp_path, row("SYR1"))
    held = desk.receipts.claims()
    desk.take(second)
    entry = desk.receipts.withdraw("acled", desk.described, [second], held, desk.now)
    assert entry is not None and (entry.kind, entry.new) == ("withdrawn", 1)
    assert set(desk.dead()) == {"SYR1", "SYR3"}  # another day is none of its business
    assert set(desk.dead(as_of="1")) == {"SYR1", "SYR2", "SYR3"}
    desk.take(first)
    assert set(desk.dead()) == {"SYR1", "SYR2", "SYR3"}


def test_refused_rows_are_kept_with_the_batch_they_came_in(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    desk.take(feed(tmp_path, row("SYR1"), row("SYR2", lat="91")))
    ((_, none), (entry, problems)) = desk.receipts.batches()
    assert none == () and (entry.rows_read, entry.rows_refused) == (2, 1)
    assert [(problem.file, problem.line) for problem in problems] == [("feed.csv", 3)]
    assert [p for _, p in desk.receipts.batches(as_of="1")] == [()]


def test_names_of_batches_tell_nothing_and_differ_between_missions(tmp_path: Path) -> None:
    received = feed(tmp_path, row("SYR1"))
    names = []
    for number, key in enumerate((b"k" * 32, b"l" * 32)):
        folder = tmp_path / f"received{number}"
        folder.mkdir()
        (folder / INDEX).touch()
        receipts = Receipts(folder, key)
        names.append(receipts.receive(received, "acled", receipts.keep_description(b"x"), "feed.csv", START).batch)
    assert names[0] != names[1]
    assert all(len(name) == 32 and int(name, 16) >= 0 for name in names)


def test_as_of_takes_an_entry_or_a_day(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    desk.take(feed(tmp_path, row("SYR2")))
    assert [entry.number for entry in desk.receipts.entries(as_of="2026-01-02")] == [1]
    assert [entry.number for entry in desk.receipts.entries(as_of="2026")] == [1, 2]
    for wrong in ("0", "3", "yesterday"):
        with pytest.raises(TrucewatchError):
            desk.receipts.entries(as_of=wrong)


@pytest.mark.parametrize("damage", ["{", "[]", '{"number": 1}', "null"])
def test_a_damaged_index_is_told_with_its_line(desk: Desk, tmp_path: Path, damage: str) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    with (desk.receipts.folder / INDEX).open("a", encoding="utf-8") as index:
        index.write(damage + "\n")
    with pytest.raises(TrucewatchError, match=r"index\.jsonl:2: cannot be read"):
        desk.receipts.entries()


def test_a_batch_that_is_gone_is_told(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    (batch,) = desk.receipts.folder.glob("*.parquet")
    batch.unlink()
    with pytest.raises(TrucewatchError, match=batch.stem):
        desk.receipts.claims()


def test_the_index_only_grows(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    before = (desk.receipts.folder / INDEX).read_bytes()
    desk.take(feed(tmp_path, row("SYR2")))
    after = (desk.receipts.folder / INDEX).read_bytes()
    assert after.startswith(before) and json.loads(after[len(before) :])["number"] == 2


@settings(max_examples=20, suppress_health_check=list(HealthCheck))
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
    kept = pl.concat(pl.read_parquet(path) for path in desk.receipts.folder.glob("*.parquet"))
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
    assert desk.dead(as_of="1") == {"SYR1": 1, "SYR2": 2}
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
    assert desk.receipts.withdraw("acled", desk.described, [again], held, desk.now) is None


def test_a_lost_batch_is_kept_again_when_its_file_comes_again(desk: Desk, tmp_path: Path) -> None:
    received = feed(tmp_path, row("SYR1"), row("SYR2", lat="91"))
    desk.take(received)
    before = desk.receipts.claims()
    for path in desk.receipts.folder.glob("*.p*"):
        path.write_bytes(b"junk")
    with pytest.raises(TrucewatchError, match=r"entry 1 cannot be read back .*or collect feed\.csv again"):
        desk.receipts.claims()
    assert desk.take(received) == 0
    assert desk.receipts.claims().equals(before)


def test_under_another_key_nothing_is_taken_for_what_was_received(desk: Desk, tmp_path: Path) -> None:
    desk.take(feed(tmp_path, row("SYR1")))
    with pytest.raises(TrucewatchError, match="the mission's key is another"):
        Receipts(desk.receipts.folder, b"x" * 32).claims()


def test_entries_that_were_moved_about_are_a_damaged_index(desk: Desk, tmp_path: Path) -> None:
    for id_ in ("SYR1", "SYR2"):
        desk.take(feed(tmp_path, row(id_)))
    index = desk.receipts.folder / INDEX
    one, other = index.read_text("utf-8").splitlines(keepends=True)
    for text in (other + one, one + one, other):
        index.write_text(text, encoding="utf-8")
        with pytest.raises(TrucewatchError, match="the index is damaged"):
            desk.receipts.entries()


def test_letters_that_end_a_line_elsewhere_end_none_here(desk: Desk, tmp_path: Path) -> None:
    name = "a\u2028b\x85c.csv"
    desk.take(feed(tmp_path, row("SYR1"), row("SYR\u2028", lat="9\u20281"), name=name), name)
    assert [entry.file for entry in desk.receipts.entries()] == [name]
    ((_, (problem,)),) = desk.receipts.batches()
    assert problem.file == name
