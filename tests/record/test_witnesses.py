"""Witnesses: a second office cosigns what only went on, at fixed times, and cannot count what came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.missions import BEGAN, new_mission, request, take, verify
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.verifier import VerifierKey, read_body, read_note
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record.entries import PADDED
from trucewatch.record.proofs import witness_keys
from trucewatch.record.witnesses import cosign, office

OFFICE = Signer("second-office", b"o" * 32)
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = new_mission(tmp_path / "watch")
    with (mission.folder / "mandate.yml").open("a", encoding="utf-8") as mandate:
        mandate.write('witness: {times: ["06:00", "18:00"], pad_to: 16}\n')
    mission.adopt("head of mission", "a second office witnesses", now=BEGAN)
    return mission


def decide(mission: Mission, at: datetime, times: int = 1) -> None:
    with mission.record() as record:
        for _ in range(times):
            record.enter("decided", {"what": "something"}, at)


def log_key(mission: Mission) -> VerifierKey:
    with mission.record() as record:
        return record.keys[-1]


def size(text: str) -> int:
    return read_body(text.partition("\n\n")[2].partition("\n\n")[0] + "\n").size


def test_between_two_times_there_is_one_head_and_what_came_in_cannot_be_counted(watch: Mission) -> None:
    first = request(watch, NOON)
    assert size(first) == 16
    decide(watch, NOON + timedelta(hours=1), times=3)
    assert request(watch, NOON + timedelta(hours=5)) == first
    assert size(request(watch, NOON + timedelta(hours=6))) == 32
    assert size(request(watch, NOON + timedelta(hours=18))) == 48  # nothing at all came in
    with watch.record() as record:
        assert len(record.entries(kinds=(PADDED,))) == 48 - 5
        assert {entry.content for entry in record.entries(kinds=(PADDED,))} == {None}


@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(came=st.integers(0, 15), other=st.integers(0, 15))
def test_a_witness_sees_the_same_sizes_whatever_came_in(
    came: int, other: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    sizes = []
    for number in (came, other):
        mission = new_mission(tmp_path_factory.mktemp("padded") / "watch")
        text = (mission.folder / "mandate.yml").read_text()
        (mission.folder / "mandate.yml").write_text(f"{text}witness: {{pad_to: 32}}\n")
        mission.adopt("head of mission", "a second office witnesses", now=BEGAN)
        decide(mission, BEGAN, number)
        sizes.append((size(request(mission, NOON)), size(request(mission, NOON + timedelta(days=1)))))
    assert sizes[0] == sizes[1] == (32, 64)


def test_what_was_cosigned_is_kept_and_vouches_for_the_record(watch: Mission, tmp_path: Path) -> None:
    done = cosign(request(watch, NOON), OFFICE, tmp_path / "state.json", NOON, log_key(watch))
    assert done.is_first and done.head.size == 16
    with pytest.raises(TrucewatchError, match="name its key with --key"):
        take(watch, done.note, NOON)
    entry = take(watch, done.note, NOON, (OFFICE.cosigner,))
    assert (entry.content or {})["size"] == 16
    with watch.record() as record:
        assert witness_keys(record.entries()) == (OFFICE.cosigner,)
    (log,) = verify(watch).logs
    assert (log.witnessed, log.tail) == (16, 1)
    # From then on the office is known, and its next request goes on from there.
    later = NOON + timedelta(days=1)
    text = request(watch, later)
    assert text.startswith("old 16\n") and size(text) == 32
    again = cosign(text, OFFICE, tmp_path / "state.json", later)
    assert not again.is_first
    assert take(watch, again.note, later).number == 33
    assert verify(watch, [again.note]).logs[0].witnessed == 32


def test_an_office_never_goes_back_nor_to_another_history(watch: Mission, tmp_path: Path) -> None:
    state, key = tmp_path / "state.json", log_key(watch)
    first = request(watch, NOON)
    cosign(first, OFFICE, state, NOON, key)
    second = request(watch, NOON + timedelta(days=1), seen=16)
    cosign(second, OFFICE, state, NOON + timedelta(days=1))
    kept = state.read_bytes()
    with pytest.raises(TrucewatchError, match="goes back to 16 entries; 32 were cosigned here"):
        cosign(first, OFFICE, state, NOON)
    with pytest.raises(TrucewatchError, match="ask for --from 32"):
        cosign(request(watch, NOON + timedelta(days=2), seen=16), OFFICE, state, NOON)
    forged = request(watch, NOON + timedelta(days=2), seen=32)
    with watch.record() as record:
        other = record.signer.head(record.origin, 64, b"r" * 32)
    with pytest.raises(TrucewatchError, match="does not go on from 32 as cosigned here"):
        cosign(forged.partition("\n\n")[0] + "\n\n" + other, OFFICE, state, NOON)
    assert state.read_bytes() == kept


def test_an_office_cosigns_for_nobody_it_was_not_told_of(watch: Mission, tmp_path: Path) -> None:
    text, state = request(watch, NOON), tmp_path / "state.json"
    with pytest.raises(WrongCall, match="--log-key"):
        cosign(text, OFFICE, state, NOON)
    with pytest.raises(TrucewatchError, match="is not signed by"):
        cosign(text, OFFICE, state, NOON, Signer(log_key(watch).name, b"x" * 32).verifier)
    for wrong in ("", "old x\n\nnote", "old 1\nnot base64!\n\nnote", text.partition("\n\n")[2]):
        with pytest.raises(TrucewatchError, match="no request to a witness"):
            cosign(wrong, OFFICE, state, NOON, log_key(watch))
    assert not state.exists()
    state.write_text("{")
    with pytest.raises(TrucewatchError, match="restore it from a copy"):
        cosign(text, OFFICE, state, NOON, log_key(watch))


def test_a_head_of_somebody_elses_log_is_not_kept(watch: Mission, tmp_path: Path) -> None:
    other = new_mission(tmp_path / "other")
    done = cosign(request(other, NOON), OFFICE, tmp_path / "state.json", NOON, log_key(other))
    with pytest.raises(TrucewatchError):
        take(watch, done.note, NOON, (OFFICE.cosigner,))
    with watch.record() as record:
        never = OFFICE.cosign(record.signer.head(record.origin, 2, b"r" * 32), int(NOON.timestamp()))
    with pytest.raises(TrucewatchError, match="is not of this record"):
        take(watch, never, NOON, (OFFICE.cosigner,))
    with pytest.raises(TrucewatchError, match="no cosigned head"):
        take(watch, "a letter", NOON)


def test_an_office_draws_its_key_once(tmp_path: Path) -> None:
    one = office("second-office", tmp_path / "office.seed")
    assert office("second-office", tmp_path / "office.seed") == one
    assert (tmp_path / "office.seed").stat().st_mode & 0o077 == 0
    with pytest.raises(TrucewatchError, match="is no key of an office"):
        office("second office", tmp_path / "office.seed")


def test_a_key_that_followed_another_goes_on_where_the_office_is_told_of_it(watch: Mission, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    cosign(request(watch, NOON), OFFICE, state, NOON, log_key(watch))
    with watch.record() as record:
        record.rotate("chief", "yearly", NOON)
    later = NOON + timedelta(days=1)
    text = request(watch, later, seen=16)
    with pytest.raises(TrucewatchError, match="is not signed by"):
        cosign(text, OFFICE, state, later)
    done = cosign(text, OFFICE, state, later, log_key(watch))
    assert read_note(done.note, {"log": log_key(watch)}).size == 32
