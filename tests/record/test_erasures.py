"""Erasures: what went is nowhere any more, a stated gap is left, and everything else proves as before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.canaries import found_in
from tests.missions import erase, new_mission, on, products, prove, receive, seen, verify
from tests.record.test_proofs import holds
from trucewatch.ledger.vault import stage_batch
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import INTERNAL

BY, WHY = "data protection officer", "an order of the court"


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    """Return a mission with three sightings (entry 3), then one of them again and another (entry 4)."""
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("F1"), seen("F2", lat=32.60), seen("F3", lat=32.65)], day=1)
    receive(mission, [seen("F1", count=90), seen("F4", lat=32.70)], day=2)
    return mission


def records(mission: Mission) -> set[str]:
    return set(mission.receipts().claims()["record"])


def test_a_row_goes_and_all_others_prove_as_before(watch: Mission) -> None:
    before = {name: prove(watch, name) for name in ("F2", "F3", "F4")}
    (done,) = erase(watch, "F2", BY, WHY, on(3))
    assert (done.entries, done.positions) == ((3,), (before["F2"]["row"]["position"],))
    assert records(watch) == {"F1", "F3", "F4"}
    for name in ("F3", "F4"):
        after = prove(watch, name)
        assert holds(after) and after["row"] == before[name]["row"] and after["leaf"] == before[name]["leaf"]
    with pytest.raises(TrucewatchError, match="neither an entry nor a record"):
        prove(watch, "F2")
    found = verify(watch)
    assert found.problems == () and [entry.number for entry in found.erased] == [5]


def test_every_version_of_a_record_goes(watch: Mission) -> None:
    assert [(one.entries, len(one.positions or ())) for one in erase(watch, "F1", BY, WHY, on(3))] == [
        ((3,), 1),
        ((4,), 1),
    ]
    assert records(watch) == {"F2", "F3", "F4"}
    assert verify(watch).problems == ()


def test_what_says_that_it_went_names_nothing_of_it(watch: Mission) -> None:
    (done,) = erase(watch, "F2", BY, WHY, on(3))
    assert done.entry.content == {"entries": [3], "positions": list(done.positions or ()), "by": BY, "because": WHY}


def test_nothing_of_it_is_found_anywhere_in_the_folder(tmp_path: Path) -> None:
    mission = new_mission(tmp_path / "watch")
    receive(mission, [seen("CANARY-7781"), seen("F2", lat=32.60)], day=1)
    with mission.record() as record:
        receipt = mission.received(record).receipts[0]
        key = record.store.key(receipt.sealed)
        salts = {opening.salt for opening in record.store.openings(INTERNAL, 3).values()}
    old = (mission.folder / "received" / f"{receipt.sealed}.sealed").read_bytes()
    assert key is not None
    erase(mission, "CANARY-7781", BY, WHY, on(2))
    files = [path for path in mission.folder.rglob("*") if path.is_file()]
    assert found_in(mission.folder, "CANARY-7781") == []
    # Nor the key under which the old file could be opened, wherever a copy of that is.
    assert not any(
        key in path.read_bytes() or (old[:64] == path.read_bytes()[:64] and old == path.read_bytes()) for path in files
    )
    assert any(salt in path.read_bytes() for path in files for salt in salts)  # those of what was not erased stay


def test_an_entry_goes_with_all_that_opened_it(watch: Mission) -> None:
    one, other = watch.receipts().claims()["claim_key"][:2]
    decision = watch.decide(one, other, True, "duty officer", "CANARY-5512 told us", now=on(3))
    number = decision.entry
    (done,) = erase(watch, str(number), BY, WHY, on(4))
    assert (done.entries, done.positions) == ((number,), None)
    assert watch.decisions() == () and found_in(watch.folder, "CANARY-5512") == []
    assert prove(watch, str(number))["opening"] is None
    assert verify(watch).problems == ()


def test_a_batch_that_came_in_twice_goes_at_once(watch: Mission) -> None:
    receive(watch, [seen("F1", count=90), seen("F4", lat=32.70)], day=3)
    (done,) = erase(watch, "entry:4", BY, WHY, on(4))
    assert done.entries == (4, 5)
    assert records(watch) == {"F1", "F2", "F3"}
    assert len(list((watch.folder / "received").iterdir())) == 1
    assert verify(watch).problems == ()


def test_a_sitrep_that_needed_it_is_refused_and_one_that_did_not_is_made(watch: Mission, tmp_path: Path) -> None:
    first = products(watch, tmp_path / "first", as_of=3)
    erase(watch, "F4", BY, WHY, on(3))
    assert products(watch, tmp_path / "again", as_of=3) == first  # F4 came later
    with pytest.raises(
        TrucewatchError, match=r"as of entry 4 entry 4 is needed, and 1 of its rows was erased \(entry 5"
    ):
        watch.run(as_of=4)
    assert watch.run(as_of=5).claims.height == 3
    assert [entry.number for entry in watch.gaps()] == [5] and watch.gaps(as_of=4) == ()


def test_what_the_mission_did_itself_stays(watch: Mission) -> None:
    for number in ("1", "2"):
        with pytest.raises(WrongCall, match="what the mission itself did"):
            erase(watch, number, BY, WHY, on(3))
    with pytest.raises(TrucewatchError, match="neither an entry nor a record"):
        erase(watch, "F9", BY, WHY, on(3))
    with pytest.raises(WrongCall, match="the role"):
        erase(watch, "F2", " ", WHY, on(3))
    assert records(watch) == {"F1", "F2", "F3", "F4"}


def test_what_was_erased_and_comes_again_is_a_new_receipt(watch: Mission) -> None:
    erase(watch, "F4", BY, WHY, on(3))
    number = receive(watch, [seen("F1", count=90), seen("F4", lat=32.70)], day=4)
    assert records(watch) == {"F1", "F2", "F3", "F4"} and number == 6
    assert len({receipt.sealed for receipt in watch.receipts().receipts}) == 3
    assert verify(watch).problems == ()


@pytest.mark.parametrize("is_destroyed", [True, False])
def test_an_erasure_that_was_interrupted_leaves_a_batch_that_opens(watch: Mission, is_destroyed: bool) -> None:
    with watch.record() as record:
        receipt = watch.received(record).receipts[0]
        name, folder = receipt.sealed, watch.folder / "received"
        before = (folder / f"{name}.sealed").read_bytes()
    erase(watch, "F2", BY, WHY, on(3))
    after = (folder / f"{name}.sealed").read_bytes()
    if is_destroyed:  # the key was replaced, and the file not yet
        (folder / f"{name}.sealed").write_bytes(before)
        stage_batch(folder, name, after)
    else:
        stage_batch(folder, name, b"half a file")
    watch.record().close()
    assert [path.suffix for path in sorted(folder.iterdir())] == [".sealed", ".sealed"]
    assert records(watch) == {"F1", "F3", "F4"} and verify(watch).problems == ()
