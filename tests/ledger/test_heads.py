"""Heads, cosignatures and keys: in the published form, and refused as soon as a byte differs."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.ledger.canonical import Json, canonical, read_canonical
from trucewatch.ledger.heads import Signer, accepts_rotation, rotation
from trucewatch.ledger.log import Log
from trucewatch.ledger.verifier import EMPTY_ROOT, Note, Refused, VerifierKey, chain, leaf_hash, read_note, rotated

ORIGIN = "mission.example/internal"
LOG, NEXT, THIRD = (Signer(ORIGIN, bytes([seed]) * 32) for seed in (1, 2, 3))
OFFICE, OTHER = Signer("office.example/second", b"\x11" * 32), Signer("witness.example/w1", b"\x12" * 32)
TREE = Log(leaf_hash(b"%d" % number) for number in range(9))
KEYS = {"log": LOG.verifier, "office": OFFICE.cosigner, "other": OTHER.cosigner}
HEAD = LOG.head(ORIGIN, 9, TREE.root(), ("first extension", "second: ü"))
COSIGNED = OTHER.cosign(OFFICE.cosign(HEAD, 1_679_315_147), 0)


def test_a_head_says_what_was_signed_and_by_whom() -> None:
    head = read_note(COSIGNED, KEYS)
    assert (head.origin, head.size, head.root) == (ORIGIN, 9, TREE.root())
    assert head.extensions == ("first extension", "second: ü")
    assert head.signed_by == ("log", "office", "other")
    assert head.times == {"office": 1_679_315_147, "other": 0}


# The example of golang.org/x/mod/sumdb/note, whose notes these are.
GO_SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_LINE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="


def test_keys_and_signatures_are_those_of_the_go_implementation() -> None:
    signer = Signer("PeterNeumann", GO_SEED)
    assert str(signer.verifier) == GO_KEY
    assert VerifierKey.read(GO_KEY) == signer.verifier
    assert base64.b64encode(signer.verifier.id + signer.sign(GO_TEXT.encode())).decode() == GO_LINE
    note = Note.read(f"{GO_TEXT}\n— PeterNeumann {GO_LINE}\n")
    assert note == Note(GO_TEXT, (("PeterNeumann", signer.verifier.id, signer.sign(GO_TEXT.encode())),))
    assert signer.verifier.is_signed(note.body.encode(), note.signatures[0][2])


def test_the_keys_of_others_are_read() -> None:
    """A log's and a witness's, from the tests of transparency-dev/formats and of the Go implementation."""
    witness = VerifierKey.read("remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2")
    assert (witness.name, witness.kind) == ("remora.n621.de", 4)
    assert VerifierKey.read("EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop").kind == 1


# The example of C2SP tlog-cosignature.
PUBLISHED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

"""
PUBLISHED += "— example.com/behind-the-sofa "
PUBLISHED += "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
PUBLISHED += "— witness.example.com/w1 "
PUBLISHED += (
    "jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
)


def test_the_published_example_is_a_note_of_this_form() -> None:
    """Its keys are not published, so that nothing of it can be verified; its second line was cosigned at 1679315147."""
    note = Note.read(PUBLISHED)
    assert [name for name, _, _ in note.signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert [len(signature) for _, _, signature in note.signatures] == [64, 72]
    assert int.from_bytes(note.signatures[1][2][:8], "big") == 1_679_315_147
    with pytest.raises(Refused, match="no known key"):
        read_note(PUBLISHED, KEYS)


def test_what_is_signed_is_the_text_and_for_a_witness_the_time_before_it() -> None:
    body, lines = HEAD.split("\n\n")[0] + "\n", COSIGNED.split("\n\n")[1].splitlines()
    signed = base64.b64encode(LOG.verifier.id + LOG.sign(body.encode())).decode()
    assert f"{body}\n— {ORIGIN} {signed}\n" == HEAD
    seen = f"cosignature/v1\ntime 1679315147\n{body}".encode()
    raw = OFFICE.cosigner.id + (1_679_315_147).to_bytes(8, "big") + OFFICE.sign(seen)
    assert lines[1] == f"— office.example/second {base64.b64encode(raw).decode()}"


def test_no_byte_of_a_head_can_be_changed(is_long: bool, tell: Callable[[str], None]) -> None:
    draw, raw, tried = random.Random(3), HEAD.encode(), 0
    for at in range(len(raw)):
        for other in range(256) if is_long else {raw[at] ^ 1, raw[at] ^ 0x20, 10, 32, 43, *draw.sample(range(256), 8)}:
            if other != raw[at]:
                tried += 1
                text = (raw[:at] + bytes([other]) + raw[at + 1 :]).decode("utf-8", "surrogateescape")
                with pytest.raises(Refused):
                    read_note(text, KEYS)
        for cut in (raw[:at], raw[:at] + raw[at + 1 :], raw[:at] + b"0" + raw[at:], raw[:at] + b"\n" + raw[at:]):
            tried += 1
            with pytest.raises(Refused):
                read_note(cut.decode("utf-8", "surrogateescape"), KEYS)
    tell(f"heads: {tried} changed heads, 0 accepted")


def test_a_changed_cosigned_head_is_refused_or_says_the_same_with_fewer_names() -> None:
    """A line whose name or key id is unknown is passed over, as the standard asks; nothing signed may differ."""
    honest, raw = read_note(COSIGNED, KEYS), COSIGNED.encode()
    accepted = 0
    for at in range(len(raw)):
        try:
            head = read_note((raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]).decode("utf-8", "replace"), KEYS)
        except Refused:
            continue
        accepted += 1
        assert (head.origin, head.size, head.root) == (honest.origin, honest.size, honest.root)
        assert len(head.signed_by) == 2
        assert all(honest.times[name] == at for name, at in head.times.items())
    assert accepted > 0


def test_a_cosignature_is_none_of_a_log_and_none_of_another_time() -> None:
    line = HEAD.split("\n\n")[1]
    as_log = Signer(OFFICE.name, OFFICE.seed)
    with pytest.raises(Refused, match="no known key"):
        read_note(OFFICE.cosign(HEAD, 5).replace(line, ""), {"office": as_log.verifier})
    raw = base64.b64decode(OFFICE.cosign(HEAD, 5).split(" ")[-1])
    later = base64.b64encode(raw[:4] + (6).to_bytes(8, "big") + raw[12:]).decode()
    with pytest.raises(Refused, match="does not hold"):
        read_note(f"{HEAD}— {OFFICE.name} {later}\n", KEYS)


def test_a_known_key_that_did_not_sign_spoils_the_note() -> None:
    forged = base64.b64encode(OFFICE.cosigner.id + bytes(72)).decode()
    with pytest.raises(Refused, match="does not hold"):
        read_note(f"{HEAD}— {OFFICE.name} {forged}\n", KEYS)
    assert read_note(f"{HEAD}— {OFFICE.name} {forged}\n", {"log": LOG.verifier}).signed_by == ("log",)


@pytest.mark.parametrize("size", ["09", "00", "+9", "-9", "9 ", "٩", "0x9", "", "9" * 16, "9" * 5000, "9.0", "1e1"])
def test_a_size_is_written_in_one_way_even_where_it_is_signed(size: str) -> None:
    body = f"{ORIGIN}\n{size}\n{base64.b64encode(TREE.root()).decode()}\n"
    line = base64.b64encode(LOG.verifier.id + LOG.sign(body.encode())).decode()
    with pytest.raises(Refused, match="head"):
        read_note(f"{body}\n— {ORIGIN} {line}\n", KEYS)


def test_a_witness_cannot_have_seen_it_after_the_end_of_time() -> None:
    body, at = HEAD.split("\n\n")[0] + "\n", 2**63
    raw = OFFICE.cosigner.id + at.to_bytes(8, "big") + OFFICE.sign(f"cosignature/v1\ntime {at}\n{body}".encode())
    with pytest.raises(Refused, match="does not hold"):
        read_note(f"{HEAD}— {OFFICE.name} {base64.b64encode(raw).decode()}\n", KEYS)


def test_two_keys_of_one_name_are_told_apart() -> None:
    both = NEXT.head(ORIGIN, 9, TREE.root()) + LOG.head(ORIGIN, 9, TREE.root()).split("\n\n")[1]
    assert read_note(both, {"old": LOG.verifier, "new": NEXT.verifier}).signed_by == ("new", "old")
    assert read_note(both, {"old": LOG.verifier}).signed_by == ("old",)


@pytest.mark.parametrize(
    "ask",
    [
        lambda: LOG.head("", 1, TREE.root()),
        lambda: LOG.head("two\nlines", 1, TREE.root()),
        lambda: LOG.head("tab\there", 1, TREE.root()),
        lambda: LOG.head(ORIGIN, -1, TREE.root()),
        lambda: LOG.head(ORIGIN, 2**53, TREE.root()),
        lambda: LOG.head(ORIGIN, 0, TREE.root()),
        lambda: LOG.head(ORIGIN, 1, b"short"),
        lambda: LOG.head(ORIGIN, 1, TREE.root(), ("",)),
        lambda: LOG.head(ORIGIN, 1, TREE.root(), ("two\nlines",)),
        lambda: LOG.head(ORIGIN, 1, TREE.root(), ("x" * 70_000,)),
        lambda: LOG.head("half \ud800", 1, TREE.root()),
        lambda: OFFICE.cosign(HEAD, -1),
        lambda: OFFICE.cosign(HEAD, 2**63),
        lambda: OFFICE.cosign("no note\n", 1),
        lambda: OFFICE.cosign("no head\n\n" + HEAD.split("\n\n")[1], 1),
        lambda: Signer("a name", bytes(32)),
        lambda: Signer("a+b", bytes(32)),
        lambda: Signer("", bytes(32)),
        lambda: Signer(ORIGIN, bytes(31)),
    ],
)
def test_nothing_is_signed_that_could_not_be_read(ask: Callable[[], object]) -> None:
    with pytest.raises(Refused):
        ask()


def test_an_empty_log_has_a_head() -> None:
    head = read_note(LOG.head(ORIGIN, 0, Log().root()), KEYS)
    assert (head.size, head.root) == (0, EMPTY_ROOT)


def test_a_seed_is_not_shown() -> None:
    assert "seed" not in repr(LOG)
    assert repr(LOG.seed) not in repr(LOG)


@pytest.mark.parametrize("at", range(len(str(LOG.verifier))))
def test_no_letter_of_a_verifier_key_can_be_changed(at: int) -> None:
    text = str(LOG.verifier)
    for other in "A0a+/=é \n":
        changed = text[:at] + other + text[at + 1 :]
        if changed != text:
            with pytest.raises(Refused):
                VerifierKey.read(changed)


@given(st.text(max_size=80))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    for given_text in (text, f"{ORIGIN}+{text}", f"{ORIGIN}+{LOG.verifier.id.hex()}+{text}"):
        with pytest.raises(Refused):
            VerifierKey.read(given_text)


PIECES = st.lists(
    st.sampled_from(
        ["\n", "\n\n", "— ", " ", "0", "9", ORIGIN, "office.example/second", HEAD, COSIGNED, "AAAA", "é", "\ud800"]
    )
    | st.text(max_size=6),
    max_size=12,
).map("".join)


@given(PIECES)
def test_any_text_is_a_note_or_refused(text: str) -> None:
    try:
        head = read_note(text, KEYS)
    except Refused:
        return
    assert (head.origin, head.size, head.root) == (ORIGIN, 9, TREE.root())


def test_a_note_has_up_to_sixty_four_signatures() -> None:
    line = HEAD.split("\n\n")[1].replace(ORIGIN, "someone.else")
    assert read_note(HEAD + line * 63, KEYS).signed_by == ("log",)
    with pytest.raises(Refused, match="64 signatures"):
        read_note(HEAD + line * 64, KEYS)


# One key after another


def test_a_key_is_followed_by_the_one_it_vouched_for() -> None:
    first, second = rotation(LOG, NEXT.verifier, "yearly"), rotation(NEXT, THIRD.verifier, "a laptop was replaced")
    assert read_canonical(canonical(first)) == first
    assert accepts_rotation(first, LOG.verifier) == NEXT.verifier
    assert chain(LOG.verifier, [first, second]) == (LOG.verifier, NEXT.verifier, THIRD.verifier)
    assert chain(NEXT.verifier, [first, second]) == (NEXT.verifier, THIRD.verifier)
    assert chain(LOG.verifier, [second, first]) == (LOG.verifier, NEXT.verifier)
    assert chain(OTHER.verifier, [first, second]) == (OTHER.verifier,)


def test_nobody_vouches_for_the_key_after_a_lost_one() -> None:
    lost = rotation(None, NEXT.verifier, "the custodian's safe burnt", lost=LOG.verifier)
    assert lost["signature"] is None
    assert accepts_rotation(lost, LOG.verifier) is None
    assert chain(LOG.verifier, [lost, rotation(NEXT, THIRD.verifier, "yearly")]) == (LOG.verifier,)


def test_no_word_of_a_statement_can_be_changed() -> None:
    honest = rotation(LOG, NEXT.verifier, "yearly")
    thief = rotation(Signer(ORIGIN, b"\x09" * 32), THIRD.verifier, "yearly")
    changes = [{name: thief[name]} for name in ("to", "signature")] + [
        {"format": 2},
        {"format": True},
        {"reason": "weekly"},
    ]
    changes += [
        {"from": str(NEXT.verifier)},
        {"signature": None},
        {"signature": ""},
        {"signature": 5},
        {"reason": None},
    ]
    changes += [{"to": str(LOG.cosigner)}, {"to": "nobody"}, {"reason": "yearly\n"}, {"reason": "half \ud800"}]
    for change in changes:
        assert accepts_rotation({**honest, **change}, LOG.verifier) is None
    for name in honest:
        assert accepts_rotation({key: value for key, value in honest.items() if key != name}, LOG.verifier) is None
    nonsense: Json
    for nonsense in (None, [], "rotation", 7, {}):
        assert accepts_rotation(nonsense, LOG.verifier) is None


@pytest.mark.parametrize(("before", "after"), [(NEXT, THIRD.verifier), (LOG, OFFICE.verifier), (LOG, NEXT.cosigner)])
def test_a_key_speaks_for_itself_and_for_one_of_its_name_alone(before: Signer, after: VerifierKey) -> None:
    old, new = str(before.verifier), str(after)
    signature = base64.b64encode(LOG.sign(rotated(old, new, "why"))).decode()
    statement: Json = {"format": 1, "from": old, "to": new, "reason": "why", "signature": signature}
    assert accepts_rotation(statement, LOG.verifier) is None


def test_a_statement_is_made_of_a_key_and_another_of_its_name() -> None:
    for old, new, lost in (
        (LOG, LOG.verifier, None),
        (LOG, OFFICE.verifier, None),
        (LOG, NEXT.cosigner, None),
        (LOG, NEXT.verifier, LOG.verifier),
        (None, NEXT.verifier, None),
    ):
        with pytest.raises(Refused):
            rotation(old, new, "why", lost)
    with pytest.raises(Refused, match="one line"):
        rotation(LOG, NEXT.verifier, "two\nlines")
