"""The seal: no name is read without the custodians, and none without a mark that stays."""

from __future__ import annotations

import dataclasses
import hmac
import itertools
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from shamir_mnemonic import EncryptedMasterSecret, Share, split_ems
from shamir_mnemonic.wordlist import WORDLIST

from tests.canaries import found_in
from trucewatch.ledger import seal as seal_module
from trucewatch.ledger.canonical import Json, canonical, read_canonical
from trucewatch.ledger.seal import BUCKETS, About, alias, combine, new_period, open_sealed, open_with, seal
from trucewatch.ledger.store import Store
from trucewatch.problems import TrucewatchError, WrongCall

ABOUT = About("south-west-syria", "2017-07", "aaaq-eaye-auda-ocaj")
CANARY = "Quistöri Zebulonskaya"
NAME = CANARY.encode()


def draws(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


PERIOD = new_period(3, 5, draws(7))
LATER = new_period(3, 5, draws(8))


# ---- identities ----------------------------------------------------------------------------------------------------


@given(st.binary(max_size=BUCKETS[-1] - 2))
def test_what_is_sealed_opens_to_itself(identity: bytes) -> None:
    private = combine(PERIOD.shares[:3])
    assert open_sealed(private, seal(PERIOD.public, identity, ABOUT), ABOUT) == identity


def opened_by_the_standard(private: bytes, sealed: bytes, info: bytes) -> bytes:
    """Open as RFC 9180 says (sections 4.1, 5.1 and 5.2; base mode, suite 0x0020, 0x0001, 0x0002), from its parts."""

    def extract(suite: bytes, salt: bytes, label: bytes, secret: bytes) -> bytes:
        return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + secret, "sha256")

    def expand(suite: bytes, key: bytes, label: bytes, context: bytes, size: int) -> bytes:
        # 32 bytes or fewer: the first block of HKDF-Expand.
        told = size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + context
        return hmac.digest(key, told + b"\1", "sha256")[:size]

    own, kem, suite = X25519PrivateKey.from_private_bytes(private), b"KEM\0\x20", b"HPKE\0\x20\0\1\0\2"
    encapsulated, ciphertext = sealed[:32], sealed[32:]
    agreed = own.exchange(X25519PublicKey.from_public_bytes(encapsulated))
    both = encapsulated + own.public_key().public_bytes_raw()
    shared = expand(kem, extract(kem, b"", b"eae_prk", agreed), b"shared_secret", both, 32)
    context = b"\0" + extract(suite, b"", b"psk_id_hash", b"") + extract(suite, b"", b"info_hash", info)
    secret = extract(suite, shared, b"secret", b"")
    key, nonce = expand(suite, secret, b"key", context, 32), expand(suite, secret, b"base_nonce", context, 12)
    return AESGCM(key).decrypt(nonce, ciphertext, b"")


@given(st.binary(max_size=300))
def test_it_is_sealed_as_the_standard_says_and_as_it_is_described(identity: bytes) -> None:
    sealed = seal(PERIOD.public, identity, ABOUT)
    info = b'trucewatch/seal/1\n{"alias":"%s","origin":"south-west-syria","period":"2017-07"}' % ABOUT.alias.encode()
    plain = opened_by_the_standard(combine(PERIOD.shares[:3]), sealed.removeprefix(b"\1"), info)
    assert plain == len(identity).to_bytes(2, "big") + identity + bytes(len(plain) - 2 - len(identity))


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 1021, 1022, 1023, 4093, 4094])
def test_its_length_tells_only_a_bucket(size: int) -> None:
    bucket = next(bucket for bucket in BUCKETS if size + 2 <= bucket)
    # Format, encapsulated key, plaintext, tag.
    assert len(seal(PERIOD.public, b"n" * size, ABOUT)) == 1 + 32 + bucket + 16


def test_one_that_is_too_long_is_refused() -> None:
    with pytest.raises(WrongCall, match="4094 bytes at most; this one has 4095"):
        seal(PERIOD.public, bytes(4095), ABOUT)


def test_the_same_identity_is_never_sealed_to_the_same_bytes() -> None:
    assert len({seal(PERIOD.public, NAME, ABOUT) for _ in range(100)}) == 100


@pytest.mark.parametrize(
    "other",
    [
        About("north-west-syria", "2017-07", ABOUT.alias),
        About("south-west-syria", "2017-08", ABOUT.alias),
        About("south-west-syria", "2017-07", "bbbb-eaye-auda-ocaj"),
        About("south-west-syria", "", f"2017-07{ABOUT.alias}"),
    ],
)
def test_it_opens_for_its_own_mission_period_and_alias_alone(other: About) -> None:
    private = combine(PERIOD.shares[:3])
    with pytest.raises(TrucewatchError, match="does not open"):
        open_sealed(private, seal(PERIOD.public, NAME, ABOUT), other)


def test_no_altered_one_opens_nor_one_of_another_key(tell: Callable[[str], None]) -> None:
    private, sealed = combine(PERIOD.shares[:3]), seal(PERIOD.public, NAME, ABOUT)
    turned = [
        sealed[:at] + bytes([sealed[at] ^ bit]) + sealed[at + 1 :] for at in range(len(sealed)) for bit in (1, 128)
    ]
    cut = [sealed[:at] for at in range(len(sealed))]
    for wrong in (*turned, *cut, sealed + b"\0", seal(LATER.public, NAME, ABOUT)):
        with pytest.raises(TrucewatchError, match="does not open"):
            open_sealed(private, wrong, ABOUT)
    assert open_sealed(private, sealed, ABOUT) == NAME
    tell(f"seal: {len(turned) + len(cut) + 2} altered identities, 0 opened")


def test_a_key_that_is_none_opens_nothing() -> None:
    sealed = seal(PERIOD.public, NAME, ABOUT)
    for private in (b"", PERIOD.public, bytes(31)):
        with pytest.raises(TrucewatchError, match="does not open"):
            open_sealed(private, sealed, ABOUT)


# ---- aliases -------------------------------------------------------------------------------------------------------


def test_an_alias_is_drawn_and_nothing_else() -> None:
    drawn = [alias(draws(seed)) for seed in range(1000)]
    assert len(set(drawn)) == 1000
    assert drawn == [alias(draws(seed)) for seed in range(1000)]
    assert sorted(drawn) != drawn
    assert {len(one) for one in drawn} == {19}


# ---- shares --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("threshold", "custodians"), [(2, 2), (2, 3), (3, 5), (5, 5), (4, 7)])
def test_any_k_of_n_open_and_fewer_do_not(threshold: int, custodians: int, tell: Callable[[str], None]) -> None:
    period = new_period(threshold, custodians, draws(threshold))
    sealed = seal(period.public, NAME, ABOUT)
    opened = refused = 0
    for some in itertools.combinations(period.shares, threshold):
        assert open_sealed(combine(some[::-1]), sealed, ABOUT) == NAME
        opened += 1
    for count in range(threshold):
        for few in itertools.combinations(period.shares, count):
            with pytest.raises(TrucewatchError):
                combine(few)
            refused += 1
    tell(f"seal: {threshold} of {custodians}: {opened} sets opened, {refused} smaller ones refused")


def test_a_share_that_is_there_twice_counts_once_and_more_than_are_needed_are_not_taken() -> None:
    one, two, three, four, _ = PERIOD.shares
    with pytest.raises(TrucewatchError, match="3 shares of different custodians open this; 2 of 3 given differ"):
        combine([one, two, one])
    with pytest.raises(TrucewatchError, match="4 of 4 given differ"):
        combine([one, two, three, four])
    with pytest.raises(TrucewatchError, match="no share was given"):
        combine([])


def test_a_share_is_read_in_any_case_and_with_any_spaces() -> None:
    untidy = [f"  {share.upper().replace(' ', '   ')} " for share in PERIOD.shares]
    assert combine(untidy[:3]) == combine(PERIOD.shares[2:])


@pytest.mark.parametrize("at", range(33))
def test_one_word_misspelt_is_refused(at: int) -> None:
    words = PERIOD.shares[0].split()
    assert len(words) == 33
    other = [word for word in random.Random(at).sample(WORDLIST, 8) if word != words[at]]
    for word in (*other, "", "ceasefire"):
        wrong = " ".join([*words[:at], word, *words[at + 1 :]])
        with pytest.raises(TrucewatchError, match="share 2 has a misspelt, missing or misplaced word"):
            combine([PERIOD.shares[1], wrong, PERIOD.shares[2]])


@pytest.mark.parametrize("at", range(32))
def test_two_words_that_changed_places_are_refused(at: int) -> None:
    words = PERIOD.shares[0].split()
    assert words[at] != words[at + 1]
    words[at : at + 2] = words[at + 1], words[at]
    with pytest.raises(TrucewatchError, match="share 1 has"):
        combine([" ".join(words), *PERIOD.shares[1:3]])


@given(st.text())
def test_no_text_is_taken_for_a_share(text: str) -> None:
    with pytest.raises(TrucewatchError, match="share 1 has"):
        combine([text, *PERIOD.shares[:2]])


@pytest.mark.parametrize("of_later", [1, 2])
def test_shares_of_two_periods_do_not_mix(of_later: int) -> None:
    with pytest.raises(TrucewatchError, match="are not of one period"):
        combine([*LATER.shares[:of_later], *PERIOD.shares[of_later:3]])


@pytest.mark.parametrize("of_later", [1, 2])
def test_shares_of_two_periods_do_not_mix_where_their_numbers_happen_to_be_equal(of_later: int) -> None:
    """One in 32,768 pairs of periods has one identifier; then the digest in the shares tells them apart."""
    now, later = (shares_under(4711, secret) for secret in (bytes(32), b"\1" * 32))
    assert combine(now[:3]) == bytes(32)
    with pytest.raises(TrucewatchError, match="do not belong together"):
        combine([*later[:of_later], *now[of_later:3]])


def shares_under(identifier: int, secret: bytes) -> list[str]:
    encrypted = EncryptedMasterSecret.from_master_secret(secret, b"", identifier, True, 1)
    return [share.mnemonic() for share in split_ems(1, [(3, 5)], encrypted)[0]]


@pytest.mark.parametrize(("threshold", "custodians"), [(1, 1), (1, 3), (0, 3), (4, 3), (2, 17)])
def test_a_single_custodian_never_opens(threshold: int, custodians: int) -> None:
    with pytest.raises(WrongCall, match=f"{threshold} of {custodians} cannot be"):
        new_period(threshold, custodians, draws(1))


def test_a_period_has_the_key_that_was_drawn_and_its_shares_hang_on_nothing_that_was() -> None:
    again = new_period(3, 5, draws(7))
    assert again.public == PERIOD.public
    assert combine(again.shares[:3]) == combine(PERIOD.shares[:3]) == draws(7)(32)
    assert not set(again.shares) & set(PERIOD.shares)
    with pytest.raises(ValueError, match="32 bytes"):
        new_period(3, 5, lambda size: bytes(size - 1))


def test_what_is_printed_of_a_period_or_a_refusal_holds_no_share() -> None:
    said = [repr(PERIOD), str(PERIOD)]
    for shares in (["word " * 33], [PERIOD.shares[0]], [PERIOD.shares[0].replace(" ", " x", 1)], [*PERIOD.shares]):
        with pytest.raises(TrucewatchError) as refusal:
            combine(shares)
        said.append(str(refusal.value))
        assert refusal.value.__cause__ is None
    # The first words of a share are the same for all custodians of a period: they say which period it is.
    secret = {word for share in PERIOD.shares for word in share.split()[4:] if len(word) > 5}
    assert not [word for word in secret if any(word in told.split() for told in said)]


@pytest.mark.parametrize("needed", [2, 3, 4])
def test_shares_that_claim_that_fewer_are_needed_give_no_key(needed: int) -> None:
    """Whoever writes a lower number into k - 1 shares, with a good checksum, fails at the digest within them."""
    period = new_period(needed + 1, 5, draws(needed))
    for few in itertools.combinations(period.shares, needed):
        read = [dataclasses.replace(Share.from_mnemonic(share), member_threshold=needed) for share in few]
        with pytest.raises(TrucewatchError, match="do not belong together"):
            combine([share.mnemonic() for share in read])


# ---- opening -------------------------------------------------------------------------------------------------------


def marks(store: Store) -> list[Json]:
    return [read_canonical(leaf.data) for leaf in store.leaves("internal")]


def logs_into(store: Store) -> Callable[[dict[str, Json]], int]:
    return lambda content: store.append("internal", "opened", canonical({"kind": "opened", **content}))


def test_an_opening_stands_in_the_ledger_before_shares_are_combined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed, stood = seal(PERIOD.public, NAME, ABOUT), list[int]()
    with Store.create(tmp_path / "mission.sqlite") as store:

        def combined(shares: Sequence[str]) -> bytes:
            with Store.open(tmp_path / "mission.sqlite", is_read_only=True) as reader:
                stood.append(reader.size("internal"))
            return combine(shares)

        monkeypatch.setattr(seal_module, "combine", combined)
        opened = open_with(logs_into(store), PERIOD.shares[:3], sealed, ABOUT, "a threat to the source", "legal")
        (mark,) = marks(store)
    assert (opened, stood) == (NAME, [1])
    assert isinstance(mark, dict)
    assert {name: mark[name] for name in ("origin", "period", "alias", "why", "by")} == {
        "origin": "south-west-syria",
        "period": "2017-07",
        "alias": ABOUT.alias,
        "why": "a threat to the source",
        "by": "legal",
    }


def test_whatever_fails_after_the_mark_leaves_it(tmp_path: Path) -> None:
    sealed = seal(PERIOD.public, NAME, ABOUT)
    failing: list[tuple[Sequence[str], bytes]] = [
        (PERIOD.shares[:2], sealed),
        (["not a share"], sealed),
        (LATER.shares[:3], sealed),
        (PERIOD.shares[:3], sealed[:-1]),
    ]
    with Store.create(tmp_path / "mission.sqlite") as store:
        for number, (shares, what) in enumerate(failing, 1):
            with pytest.raises(TrucewatchError):
                open_with(logs_into(store), shares, what, ABOUT, "a threat to the source", "legal")
            assert store.size("internal") == number


def test_where_the_ledger_refuses_the_mark_nothing_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    combined = list[object]()
    monkeypatch.setattr(seal_module, "combine", combined.append)
    sealed = seal(PERIOD.public, NAME, ABOUT)
    Store.create(tmp_path / "mission.sqlite").close()
    with Store.open(tmp_path / "mission.sqlite", is_read_only=True) as store, pytest.raises(TrucewatchError):
        open_with(logs_into(store), PERIOD.shares[:3], sealed, ABOUT, "a threat to the source", "legal")
    assert combined == []


@pytest.mark.parametrize(("why", "by"), [("", "legal"), ("a threat", " ")])
def test_an_opening_has_a_reason_and_a_name(why: str, by: str) -> None:
    logged = list[dict[str, Json]]()
    with pytest.raises(WrongCall, match="give both"):
        open_with(logged.append, PERIOD.shares[:3], seal(PERIOD.public, NAME, ABOUT), ABOUT, why, by)
    assert logged == []


def held_ceremony(folder: Path, how: str) -> list[str]:
    """Run the program beside this file in a folder, with its temporary files; return the files with the canary in."""
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with (folder / "printed.txt").open("wb") as printed:
        program = [sys.executable, str(Path(__file__).with_name("ceremony.py")), how]
        ended = subprocess.run(
            program, cwd=folder, env=environment, input=NAME, stdout=printed, stderr=subprocess.STDOUT, check=False
        )
    assert ended.returncode == -signal.SIGKILL, (folder / "printed.txt").read_text("utf-8")
    return [path.name for path in found_in(folder, CANARY)]


def test_who_is_killed_between_mark_and_opening_leaves_the_mark(tmp_path: Path) -> None:
    assert held_ceremony(tmp_path, "cut-off") == []
    with Store.open(tmp_path / "mission.sqlite") as store:
        assert [leaf.kind for leaf in store.leaves("internal")] == ["received", "opened"]
        mark = marks(store)[1]
        assert isinstance(mark, dict)
        assert (mark["why"], mark["by"]) == ("a threat to the source", "legal")
        assert store.check() == ()


# ---- canaries --------------------------------------------------------------------------------------------------------


def test_no_canary_is_found_in_anything_that_is_written(tmp_path: Path, tell: Callable[[str], None]) -> None:
    assert held_ceremony(tmp_path, "whole") == []
    files = {path.name for path in tmp_path.iterdir() if path.stat().st_size}
    expected = {"mission.sqlite", "mission.sqlite-wal", "backup.sqlite", "run.log", "printed.txt", "leaves.jsonl"}
    assert {*expected, "batch.staged"} < files
    tell(f"seal: 0 canaries in {len(files)} files: database, write-ahead log, backup, logs, temporary files, export")


@pytest.mark.parametrize(
    ("how", "where"),
    [("leak-ledger", {"mission.sqlite", "backup.sqlite"}), ("leak-log", {"run.log"}), ("leak-batch", {"scratch"})],
)
def test_a_canary_that_is_let_out_is_found(how: str, where: set[str], tmp_path: Path) -> None:
    found = held_ceremony(tmp_path, how)
    assert where <= {"scratch" if name.startswith("tmp") else name for name in found}
