"""Witnesses: a second office cosigns what only went on, at fixed times, and cannot count what came in."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.canaries import found_in
from tests.missions import BEGAN, export, new_mission, request, take, verify
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.heads import Signer
from trucewatch.ledger.verifier import VerifierKey, read_body, read_note
from trucewatch.mission import Mission
from trucewatch.problems import TrucewatchError, WrongCall
from trucewatch.record import witnesses
from trucewatch.record.entries import PADDED, Entry, release_log
from trucewatch.record.proofs import witness_keys
from trucewatch.record.witnesses import cosign, office

OFFICE = Signer("second-office", b"o" * 32)
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


@pytest.fixture
def watch(tmp_path: Path) -> Mission:
    mission = new_mission(tmp_path / "watch")
    return told_to(mission, 'witness: {times: ["06:00", "18:00"], pad_to: 16}')


def told_to(mission: Mission, witness: str) -> Mission:
    """Have a mission adopt when its log is to be witnessed."""
    path = mission.folder / "mandate.yml"
    kept = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("witness:")]
    path.write_text("\n".join([*kept, witness]) + "\n", encoding="utf-8")
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
        mission = told_to(new_mission(tmp_path_factory.mktemp("padded") / "watch"), "witness: {pad_to: 32}")
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
        with pytest.raises(TrucewatchError, match="no request that a witness can answer"):
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
    with pytest.raises(TrucewatchError, match="is not of this mission's record"):
        take(watch, never, NOON, (OFFICE.cosigner,))
    with pytest.raises(TrucewatchError, match="no cosigned head"):
        take(watch, "a letter", NOON)


def test_who_says_nothing_is_witnessed_twice_a_day_and_who_wants_it_whenever_asked(tmp_path: Path) -> None:
    usual = new_mission(tmp_path / "usual")
    assert size(request(usual, NOON)) == size(request(usual, NOON + timedelta(hours=5))) == 64
    assert size(request(usual, NOON + timedelta(hours=6))) == 128
    free = told_to(new_mission(tmp_path / "free"), "witness: {times: [], pad_to: 1}")
    sizes = [size(request(free, NOON + timedelta(minutes=minute))) for minute in range(3)]
    assert sizes[1:] == [sizes[0] + 1, sizes[0] + 2]


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


# ---- release logs ----------------------------------------------------------------------------------------------------

PARTY = Signer("the-party", b"p" * 32)
PUBLIC = release_log("public")


def hand_out(mission: Mission, times: int, audience: str = "public") -> None:
    with mission.record() as record:
        for at in range(record.store.size(release_log(audience)), record.store.size(release_log(audience)) + times):
            record.log_release(audience, canonical({"format": 1, "kind": "daily", "title": f"{audience} {at + 1}"}))


def request_release(mission: Mission, audience: str = "public", seen: int | None = None) -> str:
    with mission.record(is_read_only=True) as record:
        return witnesses.request_release(record, audience, seen)


def take_release(mission: Mission, note: str, at: datetime, *keys: VerifierKey, audience: str = "public") -> Entry:
    with mission.record() as record:
        return witnesses.take(record, note, at, keys, release_log(audience))


def test_a_party_witnesses_the_log_of_what_it_got_as_it_stands_at_any_time(watch: Mission, tmp_path: Path) -> None:
    with pytest.raises(TrucewatchError, match="nothing was released to public"):
        request_release(watch)
    hand_out(watch, 3)
    text = request_release(watch)
    assert text.startswith("old 0\n\n") and size(text) == 3
    done = cosign(text, PARTY, tmp_path / "party.json", NOON, log_key(watch))
    with pytest.raises(TrucewatchError, match="name its key with --key"):
        take_release(watch, done.note, NOON)
    entry = take_release(watch, done.note, NOON, PARTY.cosigner)
    assert entry.kind == "witnessed" and entry.content and (entry.content["log"], entry.content["size"]) == (PUBLIC, 3)
    logs = {log.log: log for log in verify(watch).logs}
    assert (logs[PUBLIC].witnessed, logs[PUBLIC].tail) == (3, 0)
    assert logs["internal"].witnessed == 0
    # The next request goes on from there, whoever else witnesses whatever else.
    hand_out(watch, 2)
    again = cosign(request_release(watch), PARTY, tmp_path / "party.json", NOON)
    assert take_release(watch, again.note, NOON).number == entry.number + 1
    assert request(watch, NOON).startswith("old 0\n")


def test_nobody_learns_from_an_entry_below_the_mission_that_a_log_is_witnessed(watch: Mission, tmp_path: Path) -> None:
    hand_out(watch, 1)
    done = cosign(request_release(watch), PARTY, tmp_path / "party.json", NOON, log_key(watch))
    number = take_release(watch, done.note, NOON, PARTY.cosigner).number
    with watch.record(is_read_only=True) as record:
        openings = record.store.openings("internal", number)
    assert {word for word, one in openings.items() if one.content} == {"mission", "sealed"}


def test_a_request_for_a_release_log_is_made_of_that_log_alone(watch: Mission, tmp_path: Path) -> None:
    hand_out(watch, 5)
    before = request_release(watch)
    decide(watch, NOON, 3)
    request(watch, NOON)
    hand_out(watch, 2, "parties")
    done = cosign(request_release(watch, "parties"), PARTY, tmp_path / "party.json", NOON, log_key(watch))
    take_release(watch, done.note, NOON, PARTY.cosigner, audience="parties")
    with watch.record(is_read_only=True) as record:
        entries = record.number()
    assert request_release(watch) == before
    with watch.record(is_read_only=True) as record:
        assert record.number() == entries  # to ask enters nothing, and needs no right to write


def test_a_witness_holds_several_logs_in_one_state(watch: Mission, tmp_path: Path) -> None:
    state, key = tmp_path / "state.json", log_key(watch)
    hand_out(watch, 2)
    hand_out(watch, 5, "party: government-forces")
    party = "party: government-forces"
    texts = [request_release(watch), request_release(watch, party), request(watch, NOON)]
    for text in texts:
        with pytest.raises(WrongCall, match="--log-key"):
            cosign(text, OFFICE, state, NOON)
        assert cosign(text, OFFICE, state, NOON, key).is_first
    hand_out(watch, 1)
    assert cosign(request_release(watch, seen=2), OFFICE, state, NOON).head.size == 3
    hand_out(watch, 1, party)
    assert cosign(request_release(watch, party, seen=5), OFFICE, state, NOON).head.size == 6
    with pytest.raises(TrucewatchError, match="goes back to 2 entries; 3 were cosigned here"):
        cosign(texts[0], OFFICE, state, NOON)


def test_what_was_cosigned_is_taken_for_its_own_log_alone(watch: Mission, tmp_path: Path) -> None:
    hand_out(watch, 4)
    hand_out(watch, 4, "parties")
    done = cosign(request_release(watch), PARTY, tmp_path / "state.json", NOON, log_key(watch))
    with pytest.raises(TrucewatchError, match="no head of this mission's log release/parties"):
        take_release(watch, done.note, NOON, PARTY.cosigner, audience="parties")
    with pytest.raises(TrucewatchError, match="no head of this mission's record"):
        take(watch, done.note, NOON, (PARTY.cosigner,))
    with watch.record() as record:
        never = PARTY.cosign(record.signer.head(record.origin_of(PUBLIC), 2, b"r" * 32), int(NOON.timestamp()))
        later = PARTY.cosign(record.signer.head(record.origin_of(PUBLIC), 9, b"r" * 32), int(NOON.timestamp()))
    for note in (never, later):
        with pytest.raises(TrucewatchError, match="is not of this mission's log release/public"):
            take_release(watch, note, NOON, PARTY.cosigner)
    # Who witnesses one log is no witness of another by that.
    take_release(watch, done.note, NOON, PARTY.cosigner)
    other = cosign(request_release(watch, "parties"), PARTY, tmp_path / "state.json", NOON, log_key(watch))
    with pytest.raises(TrucewatchError, match="--key"):
        take_release(watch, other.note, NOON, audience="parties")


def test_of_a_cosigned_head_nothing_is_kept_but_what_was_checked(watch: Mission, tmp_path: Path) -> None:
    hand_out(watch, 1)
    done = cosign(request_release(watch), PARTY, tmp_path / "state.json", NOON, log_key(watch))
    take_release(watch, OFFICE.cosign(done.note, int(NOON.timestamp())), NOON, PARTY.cosigner)
    with watch.record(is_read_only=True) as record:
        assert record.store.heads(PUBLIC) == ((1, done.note),)
    export(watch, tmp_path / "export", PUBLIC)
    assert found_in(tmp_path / "export", OFFICE.name) == []


def test_of_each_witness_the_newest_head_before_a_release_goes_with_it(watch: Mission, tmp_path: Path) -> None:
    def cosigned(by: Signer, hours: int) -> None:
        at, state = NOON + timedelta(hours=hours), tmp_path / f"{by.name}.json"
        seen = read_body(json.loads(state.read_text())[name]["head"].partition("\n\n")[0] + "\n").size if hours else 0
        done = cosign(request_release(watch, seen=seen), by, state, at, None if hours else log_key(watch))
        take_release(watch, done.note, at, by.cosigner)

    def told(below: int) -> list[tuple[int, tuple[str, ...]]]:
        with watch.record(is_read_only=True) as record:
            found = witnesses.held(record, PUBLIC, below)
            for one in found:
                head = read_note(one.note, {str(key): key for key in (*record.keys, *one.by)})
                assert (head.size, head.root) == (one.size, record.store.tree(PUBLIC).root(one.size))
                assert set(head.signed_by) == {str(record.keys[-1]), *map(str, one.by)}
            return [(one.size, tuple(sorted(key.name for key in one.by))) for one in found]

    with watch.record(is_read_only=True) as record:
        name = record.origin_of(PUBLIC)
    hand_out(watch, 2)
    cosigned(PARTY, 0)
    cosigned(OFFICE, 0)
    hand_out(watch, 1)
    cosigned(PARTY, 1)
    both = (OFFICE.name, PARTY.name)
    assert [told(below) for below in (1, 2, 3, 4)] == [[], [], [(2, both)], [(2, both[:1]), (3, both[1:])]]
    cosigned(OFFICE, 2)
    assert told(4) == [(3, both)]
    # They are signed by the key that signs now, so that whoever was told of that one alone can read them.
    with watch.record() as record:
        record.rotate("chief", "yearly", NOON + timedelta(days=1))
    assert told(4) == [(3, both)]
