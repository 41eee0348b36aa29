"""The verifier as a stranger has it: one file, a release or an exported log, and nobody to ask."""

from __future__ import annotations

import ast
import base64
import copy
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from trucewatch.ledger import verifier
from trucewatch.ledger.canonical import canonical
from trucewatch.ledger.heads import Signer, rotation
from trucewatch.ledger.log import Log
from trucewatch.ledger.verifier import leaf_hash, main

ORIGIN = "mission.example/release/public"
LOG, NEXT, STRANGER = (Signer(ORIGIN, bytes([seed]) * 32) for seed in (1, 2, 3))
WITNESS, OTHER = Signer("witness.example/w1", b"\x11" * 32), Signer("witness.example/w2", b"\x12" * 32)
FILES = {
    "sitrep.pdf": b"%PDF-1.7 seven findings",
    "sitrep.md": b"# Seven findings\n",
    "tables/findings.csv": b"id\n1\n",
}
AT = 1_700_000_000


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def leaf_of(files: dict[str, bytes], title: str = "Daily report") -> bytes:
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return canonical({
        "format": 1, "audience": "public", "agreement": "an-agreement", "title": title, "period": "2025-03-01",
        "kind": "daily", "released": "2025-03-02", "files": digests,
    })  # fmt: skip


def released(number: int = 7, size: int = 9, signer: Signer = LOG) -> dict[str, Any]:
    """Return the release file of entry `number` in a log of `size` entries."""
    leaves = [leaf_of({}, f"Report {at}") for at in range(1, size + 1)]
    leaves[number - 1] = leaf_of(FILES)
    log = Log(map(leaf_hash, leaves))
    return {
        "format": 1,
        "origin": ORIGIN,
        "audience": "public",
        "keys": [str(LOG.verifier), str(WITNESS.cosigner)],
        "rotations": [],
        "leaf": b64(leaves[number - 1]),
        "number": number,
        "inclusion": {"size": size, "proof": [b64(one) for one in log.inclusion(number - 1)]},
        "head": WITNESS.cosign(signer.head(ORIGIN, size, log.root()), AT),
        "printed_head": LOG.head(ORIGIN, number - 1, log.root(number - 1)),
        "consistency": [b64(one) for one in log.consistency(number - 1)],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a release folder: the release file and the files."""
    for name, data in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    write(tmp_path, released())
    return tmp_path


def write(folder: Path, told: object) -> Path:
    (folder / "release.json").write_text(json.dumps(told, indent=1))
    return folder / "release.json"


def verified(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str]:
    code = main([str(word) for word in argv])
    return code, capsys.readouterr().out


def test_a_release_is_verified_with_a_key_from_elsewhere(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = verified(capsys, folder / "release.json", folder / "sitrep.pdf", "--key", LOG.verifier)
    assert code == 0
    assert out.splitlines() == [
        f"note  no key of a witness was named. Compare the one in the file with what you know: {WITNESS.cosigner}",
        f"ok    the head of {ORIGIN} at 9 entries is signed by {LOG.verifier}",
        "ok    the release is entry 7 of this log: Daily report, released 2025-03-02",
        "ok    it was released to: public",
        "ok    the printed head, at 6 entries, was taken before it, and the log goes on from there",
        f"note  in the sitrep this head must read: 6 {released()['printed_head'].splitlines()[2]}",
        "note  the witness witness.example/w1 saw the head at 9 entries at 2023-11-14 22:13:20 UTC",
        "note  entries 1 to 9 stand under a head that a witness cosigned or that you kept; this release, entry 7, is "
        "among them",
        f"ok    {folder / 'sitrep.pdf'}: its bytes are those released as sitrep.pdf",
        "VERIFIED:  this release, and 1 of its 3 files",
    ]


def test_without_a_key_it_says_whose_word_it_takes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = verified(capsys, folder / "release.json")
    assert code == 0
    assert f"no key of the log was named. Compare the one in the file with what you know: {LOG.verifier}" in out
    assert "VERIFIED:  this release, and 3 of its 3 files" in out


def test_files_that_are_not_there_are_not_said_to_be_checked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sitrep.pdf").unlink()
    shutil.rmtree(folder / "tables")
    code, out = verified(capsys, folder / "release.json")
    assert (code, out.splitlines()[-1]) == (0, "VERIFIED:  this release, and 1 of its 3 files")


def test_a_renamed_file_is_still_what_was_released(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "sitrep.pdf").rename(folder / "from a friend.pdf")
    code, out = verified(capsys, folder / "release.json", folder / "from a friend.pdf")
    assert code == 0
    assert "from a friend.pdf: its bytes are those released as sitrep.pdf" in out


@pytest.mark.parametrize(("name", "said"), [("sitrep.pdf", "not the released ones"), ("extra.pdf", "no such file")])
def test_other_bytes_are_told(folder: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    (folder / name).write_bytes(FILES["sitrep.pdf"] + b" ")
    code, out = verified(capsys, folder / "release.json", folder / "sitrep.md", folder / name)
    assert code == 1
    assert f"BAD   {folder / name}:" in out and said in out
    assert out.splitlines()[-1] == "NOT VERIFIED:  1 failed"


def test_the_first_release_and_the_newest_are_verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, size in ((1, 1), (1, 9), (9, 9), (2, 2), (64, 65)):
        code, out = verified(capsys, write(folder, released(number, size)), "--key", LOG.verifier)
        assert code == 0, out


def test_a_release_of_someone_else_is_refused_under_the_named_key(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = released(signer=STRANGER) | {"keys": [str(STRANGER.verifier)]}
    code, out = verified(capsys, write(folder, told), "--key", LOG.verifier)
    assert code == 1
    assert "no known key signed this head" in out


def test_a_named_witness_must_have_cosigned(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys = folder / "keys.txt"
    keys.write_text(f"{LOG.verifier}\n{WITNESS.cosigner}\n")
    code, out = verified(capsys, folder / "release.json", "--key", keys)
    assert code == 0
    assert f"ok    cosigned by {WITNESS.cosigner}, up to entry 9" in out
    assert "no key of" not in out
    code, out = verified(capsys, folder / "release.json", "--key", keys, "--key", OTHER.cosigner)
    assert code == 1
    assert f"BAD   no cosignature by {OTHER.cosigner}" in out


def test_a_head_that_only_a_witness_signed_is_none_of_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = released()
    lines = told["head"].split("\n")
    told["head"] = "\n".join(lines[:4] + lines[5:])
    code, out = verified(capsys, write(folder, told), "--key", LOG.verifier)
    assert code == 1
    assert "only witnesses signed it" in out


def test_a_key_is_followed_from_the_one_that_was_given(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = released(signer=NEXT) | {"rotations": [rotation(LOG, NEXT.verifier, "yearly")]}
    path = write(folder, told)
    assert verified(capsys, path, "--key", LOG.verifier)[0] == 0
    told["rotations"][0]["signature"] = b64(STRANGER.sign(b"not this"))
    assert verified(capsys, write(folder, told), "--key", LOG.verifier)[0] == 1


def test_after_a_lost_key_the_new_one_must_be_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = released(signer=NEXT) | {"rotations": [rotation(None, NEXT.verifier, "lost at sea", lost=LOG.verifier)]}
    path = write(folder, told)
    code, out = verified(capsys, path, "--key", LOG.verifier)
    assert code == 1
    assert f"a key was lost, and nobody vouches for the one told to follow: {NEXT.verifier}" in out
    assert verified(capsys, path, "--key", LOG.verifier, "--key", NEXT.verifier)[0] == 0


def test_what_a_stranger_wrote_makes_no_line_and_moves_no_cursor(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "Report\nVERIFIED: all\x1b[2J\u202eright to left \U0001f600"
    told = released(1, 1)
    leaf = leaf_of({"\x1b[31m.pdf": b"red"}, title)
    log = Log([leaf_hash(leaf)])
    told |= {"leaf": b64(leaf), "head": LOG.head(ORIGIN, 1, log.root())}
    (folder / "\x1b[31m.pdf").write_bytes(b"red")
    code, out = verified(capsys, write(folder, told))
    assert code == 0
    assert "Report\\u000aVERIFIED: all\\u001b[2J\\u202eright to left \U0001f600" in out
    assert all(line[:4] in ("ok  ", "note", "VERI") for line in out.splitlines())
    assert all(c.isprintable() for c in out.replace("\n", ""))


@pytest.mark.parametrize(
    "name", ["/etc/hostname", "../secret.txt", "a/../../secret.txt", "C:\\secret", "\x00", "x" * 5000]
)
def test_a_release_file_opens_nothing_outside_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (folder / "inner").mkdir()
    (folder / "secret.txt").write_bytes(b"secret")
    told, leaf = released(1, 1), leaf_of({name: b"secret"})
    told |= {"leaf": b64(leaf), "head": LOG.head(ORIGIN, 1, Log([leaf_hash(leaf)]).root())}
    code, out = verified(capsys, write(folder / "inner", told))
    assert (code, out.splitlines()[-1]) == (0, "VERIFIED:  this release, and 0 of its 1 files")


def test_it_runs_alone_with_the_pdf_and_the_release_file(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    alone = tmp_path_factory.mktemp("alone")
    for path in (Path(verifier.__file__), folder / "release.json", folder / "sitrep.pdf"):
        shutil.copy(path, alone)
    call = [sys.executable, "-I", "verifier.py", "release.json", "sitrep.pdf", "--key", str(LOG.verifier)]
    ran = subprocess.run(call, cwd=alone, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == "VERIFIED:  this release, and 1 of its 3 files"
    (alone / "sitrep.pdf").write_bytes(b"other")
    ran = subprocess.run(call, cwd=alone, capture_output=True, text=True, encoding="utf-8", check=False)
    assert ran.returncode == 1


def test_a_terminal_without_these_letters_gets_their_numbers(folder: Path) -> None:
    leaf = leaf_of({}, "تقرير")
    told = released(1, 1) | {"leaf": b64(leaf), "head": LOG.head(ORIGIN, 1, Log([leaf_hash(leaf)]).root())}
    call = [sys.executable, verifier.__file__, str(write(folder, told))]
    ran = subprocess.run(call, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "ascii"}, check=False)
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert b"entry 1 of this log: \\u062a\\u0642\\u0631\\u064a\\u0631," in ran.stdout


def test_it_stands_alone() -> None:
    tree = ast.parse(Path(verifier.__file__).read_text("utf-8"))
    packages = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names = packages | {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.split(".")[0] for name in names} <= {"cryptography", *sys.stdlib_module_names}


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["no such file.json"],
        ["log"],
        ["log", "no such folder"],
        ["release.json", "no such file.pdf"],
        ["release.json", "tables"],
        ["release.json", "--key", "no key"],
        ["release.json", "--key", "sitrep.pdf"],
        ["release.json", "--key", "x" * 5000],
        ["release.json", "--unknown"],
        ["release.json", "--head", "no such head"],
    ],
)
def test_a_wrong_call_is_told(
    folder: Path, argv: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    assert main(argv) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "verifier.py" in said.err


def test_help_shows_how_it_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(capsys, "--help")[0] == 0


# Whoever forges a release


def changed(value: Any) -> Iterator[Any]:
    """Give a JSON value with each of its parts changed, removed, doubled or of another kind."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield {key: other for key, other in value.items() if key != name}
            for other in changed(one):
                yield {**value, name: other}
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield value[: at + 1] + value[at:]
            for other in changed(one):
                yield [*value[:at], other, *value[at + 1 :]]
        if len(value) > 1 and value[::-1] != value:
            yield value[::-1]
        yield None
    elif isinstance(value, int):
        yield from (value + 1, value - 1, -value, 0, 2**53 - 1, 2**70, value + 0.5, str(value), None, True)
    elif isinstance(value, str):
        places = range(len(value)) if len(value) < 90 else range(0, len(value), 3)
        for at in places:
            yield value[:at] + ("A" if value[at] != "A" else "B") + value[at + 1 :]
        yield from (value[:-1], value + "A", value + "\n", value.swapcase(), "", None, 5, [value])


# What names nothing that was signed: without a key named these are the file's own word, and with one they are not used.
UNSIGNED = ("keys",)


def test_no_field_of_a_release_file_can_be_changed(
    folder: Path, capsys: pytest.CaptureFixture[str], tell: Callable[[str], None]
) -> None:
    honest, tried = released(), 0
    path, key = folder / "release.json", str(LOG.verifier)
    whole = honest["head"].rindex("— ")
    for name in honest:
        if name in (*UNSIGNED, "rotations"):
            continue
        for other in [{key: one for key, one in honest.items() if key != name}] + [
            {**honest, name: one} for one in changed(honest[name])
        ]:
            if (
                name == "head"
                and isinstance(other.get("head"), str)
                and other["head"][:whole] == honest["head"][:whole]
            ):
                continue  # the witness's own line, which is no word of the log's
            tried += 1
            write(folder, other)
            assert main([str(path), str(folder / "sitrep.pdf"), "--key", key]) == 1, (name, other[name])
            assert capsys.readouterr().out.splitlines()[-1].startswith("NOT VERIFIED:")
    tell(f"verifier: {tried} changed release files, 0 accepted")


def test_a_name_that_stands_twice_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = json.dumps(released()).replace('"number":', '"number": 6, "number":')
    (folder / "release.json").write_text(twice)
    code, out = verified(capsys, folder / "release.json", "--key", LOG.verifier)
    assert code == 1
    assert "a name stands twice" in out


def test_changed_keys_of_a_file_add_no_trust(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for keys in changed(released()["keys"]):
        code, out = verified(capsys, write(folder, released() | {"keys": keys}), "--key", LOG.verifier)
        assert code in (0, 1)
        assert code == 1 or f"signed by {LOG.verifier}" in out


def test_the_entry_of_another_release_does_not_serve(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    honest = released()
    for number, size in ((6, 9), (7, 10), (8, 9), (1, 1)):
        other = released(number, size)
        for name in ("number", "inclusion", "head", "printed_head", "consistency"):
            if other[name] != honest[name]:
                code, _ = verified(capsys, write(folder, {**honest, name: other[name]}), "--key", LOG.verifier)
                assert code == 1, (number, size, name)


def test_a_later_printed_head_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = released()
    leaves = [leaf_of({}, f"Report {at}") for at in range(1, 10)]
    leaves[6] = leaf_of(FILES)
    log = Log(map(leaf_hash, leaves))
    told |= {"printed_head": LOG.head(ORIGIN, 7, log.root(7)), "consistency": [b64(one) for one in log.consistency(7)]}
    code, out = verified(capsys, write(folder, told), "--key", LOG.verifier)
    assert code == 1
    assert "is no earlier head of this log" in out


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(released())), inner, max_size=5),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@example(raw=b"[" * 200_000)
@example(raw=b'{"a":' * 200_000)
@example(raw=b"9" * 10_000)
@example(raw=b"")
def test_any_bytes_are_no_release(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "release.json").write_bytes(raw)
    assert main([str(tmp_path / "release.json")]) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(list(released())), min_size=1, max_size=3),
    values=st.lists(JSON, min_size=3, max_size=3),
)
def test_any_parts_are_verified_or_not(tmp_path: Path, names: list[str], values: list[object]) -> None:
    told = released() | dict(zip(names, values, strict=False))
    write(tmp_path, told)
    assert main([str(tmp_path / "release.json"), "--key", str(LOG.verifier)]) in (0, 1)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0), other=st.binary(max_size=3), cut=st.integers(0, 5))
def test_a_damaged_release_file_is_refused_or_says_the_same(tmp_path: Path, at: int, other: bytes, cut: int) -> None:
    raw = json.dumps(released()).encode()
    at %= len(raw)
    path = tmp_path / "release.json"
    path.write_bytes(raw[:at] + other + raw[at + cut :])
    if main([str(path), "--key", str(LOG.verifier)]) == 0:
        told = json.loads(path.read_bytes())
        assert {name: told[name] for name in ("leaf", "number", "inclusion", "origin", "audience", "consistency")} == {
            name: one
            for name, one in released().items()
            if name in told and name not in ("format", "keys", "rotations", "head", "printed_head")
        }


# What others hold of the log of a release


def log_of(size: int, number: int = 7, fork: int = 10**9) -> Log:
    """Return a log in which entry `number` is the release; from entry `fork` on it is another than `released` has."""
    leaves = [leaf_of({}, f"Report {at}" if at < fork else f"Another {at}") for at in range(1, size + 1)]
    if number < fork and number <= size:
        leaves[number - 1] = leaf_of(FILES)
    return Log(map(leaf_hash, leaves))


def witnessed(number: int = 7, heads: tuple[tuple[Signer, int], ...] = ((WITNESS, 3), (OTHER, 5))) -> dict[str, Any]:
    """Return the release file of the newest entry of a log, with heads before it that witnesses cosigned."""
    log = log_of(number, number)
    return released(number, number) | {
        "head": LOG.head(ORIGIN, number, log.root()),
        "keys": [str(LOG.verifier), str(WITNESS.cosigner), str(OTHER.cosigner)],
        "witnessed": [
            {
                "head": by.cosign(LOG.head(ORIGIN, size, log.root(size)), AT),
                "consistency": [b64(one) for one in log.consistency(size)],
            }
            for by, size in heads
        ],
    }


def request(old: int, log: Log) -> str:
    """Return a request to a witness: from `old` entries to the whole of a log."""
    proof = "".join(f"{b64(one)}\n" for one in log.consistency(old))
    return f"old {old}\n{proof}\n{LOG.head(ORIGIN, log.size, log.root())}"


def kept(folder: Path, *notes: str) -> list[object]:
    """Return how files of heads are named to the verifier."""
    words: list[object] = []
    for at, note in enumerate(notes, 1):
        (folder / f"head-{at}").write_text(note, encoding="utf-8")
        words += ["--head", folder / f"head-{at}"]
    return words


def test_a_release_says_up_to_which_entry_others_hold_its_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = verified(capsys, write(folder, witnessed()), folder / "sitrep.pdf", "--key", LOG.verifier)
    assert code == 0
    assert out.splitlines()[7:12] == [
        "ok    the log goes on from its head at 3 entries: up to there it was not rewritten",
        "note  the witness witness.example/w1 saw the head at 3 entries at 2023-11-14 22:13:20 UTC",
        "ok    the log goes on from its head at 5 entries: up to there it was not rewritten",
        "note  the witness witness.example/w2 saw the head at 5 entries at 2023-11-14 22:13:20 UTC",
        "note  entries 1 to 5 stand under a head that a witness cosigned or that you kept; this release, entry 7, came "
        "after them, and nobody else vouches for it yet",
    ]


def test_a_release_of_which_a_named_witness_cosigned_no_head_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, third = write(folder, witnessed()), Signer("witness.example/w3", b"\x13" * 32)
    code, out = verified(capsys, path, "--key", WITNESS.cosigner)
    assert code == 0 and f"ok    cosigned by {WITNESS.cosigner}, up to entry 3" in out
    code, out = verified(capsys, path, "--key", third.cosigner)
    assert code == 1
    assert f"BAD   no cosignature by {third.cosigner}: none of the heads here is one that it cosigned" in out
    assert "note  no head of this log is here that a known witness cosigned or that you kept" in out
    # Its word can be brought from elsewhere.
    note = third.cosign(LOG.head(ORIGIN, 7, log_of(7).root()), AT)
    code, out = verified(capsys, path, "--key", third.cosigner, *kept(folder, note))
    assert code == 0 and f"ok    cosigned by {third.cosigner}, up to entry 7" in out
    assert "this release, entry 7, is among them" in out


def test_no_field_of_what_was_witnessed_can_be_changed(
    folder: Path, capsys: pytest.CaptureFixture[str], tell: Callable[[str], None]
) -> None:
    honest, tried = witnessed(), 0
    named = ["--key", str(LOG.verifier), "--key", str(WITNESS.cosigner), "--key", str(OTHER.cosigner)]
    heads = {one["head"] for one in honest["witnessed"]}
    for other in changed(honest["witnessed"]):
        is_same = isinstance(other, list) and all(one in honest["witnessed"] for one in other)
        if is_same and {one["head"] for one in other} == heads:
            continue  # in another order, or twice
        tried += 1
        path = write(folder, honest | {"witnessed": other})
        assert main([str(path), str(folder / "sitrep.pdf"), *named]) == 1, other
        assert capsys.readouterr().out.splitlines()[-1].startswith("NOT VERIFIED:")
    # Left out, it is no worse than a release that nobody witnessed, and says what it is.
    for less in ({name: one for name, one in honest.items() if name != "witnessed"}, honest | {"witnessed": []}):
        code, out = verified(capsys, write(folder, less), "--key", LOG.verifier)
        assert code == 0 and "no head of this log is here" in out
    tell(f"verifier: {tried} changed cosigned heads of a release, 0 accepted")


def test_a_head_of_another_history_or_another_log_does_not_go_with_a_release(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fork, log = log_of(9, fork=3), log_of(7)
    later = log_of(9)
    for note, proof, said in (
        (LOG.head(ORIGIN, 5, fork.root(5)), log.consistency(5), "does not go on from its head at 5"),
        (LOG.head(ORIGIN, 5, fork.root(5)), fork.consistency(5, 7), "does not go on from its head at 5"),
        (LOG.head(ORIGIN, 9, later.root()), later.consistency(7), "does not go on from its head at 9"),
        (LOG.head(ORIGIN, 0, Log().root()), [], "does not go on from its head at 0"),
        (LOG.head("mission.example/release/parties", 5, log.root(5)), log.consistency(5), "is of another log"),
        (STRANGER.head(ORIGIN, 5, log.root(5)), log.consistency(5), "only witnesses signed it"),
    ):
        one = {"head": WITNESS.cosign(note, AT), "consistency": [b64(hash_) for hash_ in proof]}
        code, out = verified(capsys, write(folder, witnessed() | {"witnessed": [one]}), "--key", LOG.verifier)
        assert code == 1 and said in out, said
    unsigned = {"head": LOG.head(ORIGIN, 5, log.root(5)), "consistency": [b64(one) for one in log.consistency(5)]}
    code, out = verified(capsys, write(folder, witnessed() | {"witnessed": [unsigned]}), "--key", LOG.verifier)
    assert code == 1 and "no witness that the file names cosigned its head at 5" in out


@pytest.mark.parametrize("size", [3, 5, 6, 7])
def test_a_head_that_the_reader_kept_at_a_size_that_is_proven_is_one_of_the_log_or_of_another(
    folder: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    path, key = write(folder, witnessed()), LOG.verifier
    code, out = verified(capsys, path, "--key", key, *kept(folder, LOG.head(ORIGIN, size, log_of(size).root())))
    assert code == 0 and f"head at {size} entries is one of the log that this release stands in" in out
    held = max(size, 5)
    assert f"entries 1 to {held} stand under" in out and ("is among them" in out) is (size == 7)
    other = log_of(size, fork=2).root()
    code, out = verified(capsys, path, "--key", key, *kept(folder, LOG.head(ORIGIN, size, other)))
    assert code == 1 and "it has two histories" in out


def test_a_head_that_takes_a_proof_is_not_said_to_be_bad(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(folder, witnessed())
    for size in (1, 4, 20):
        note = WITNESS.cosign(LOG.head(ORIGIN, size, log_of(max(size, 7)).root(size)), AT)
        code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, note))
        assert code == 0
        assert f"is signed, and could not be held against this release: that takes a proof between {size} and 7" in out
        assert "entries 1 to 5 stand under" in out
    code, out = verified(capsys, path, *kept(folder, WITNESS.cosign(LOG.head(ORIGIN, 0, Log().root()), AT)))
    assert code == 0 and "that of the empty log, with which every log begins" in out
    assert "entries 1 to 5 stand under" in out
    # Two that nothing links to the release still tell of each other.
    notes = [LOG.head(ORIGIN, 20, log_of(20, fork=fork).root()) for fork in (12, 15)]
    code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, *notes))
    assert code == 1 and "it has two histories" in out


def test_a_later_head_is_reached_by_the_request_that_led_to_it(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, log = write(folder, witnessed()), log_of(20)
    note = WITNESS.cosign(LOG.head(ORIGIN, 20, log.root()), AT)
    named = ("--key", LOG.verifier, "--key", WITNESS.cosigner)
    for notes in ((request(7, log), note), (note, request(7, log)), (request(7, log_of(12)), request(12, log), note)):
        code, out = verified(capsys, path, *named, *kept(folder, *notes))
        assert code == 0, out
        assert f"ok    cosigned by {WITNESS.cosigner}, up to entry 20" in out and "entry 7, is among them" in out
    # To ask is not to hold.
    code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, request(7, log)))
    assert code == 0 and "entries 1 to 5 stand under" in out


def test_an_earlier_head_is_reached_by_a_request_from_it_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, mine = write(folder, witnessed()), LOG.head(ORIGIN, 4, log_of(7).root(4))
    for notes in ((mine, request(4, log_of(7))), (mine, request(4, log_of(20)), request(7, log_of(20)))):
        code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, *notes))
        assert code == 0, out
        assert "the log goes on from this head, at 4 entries" in out
        assert "head at 4 entries is one of the log" in out
    forked = LOG.head(ORIGIN, 4, log_of(7, fork=2).root(4))
    code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, forked, request(4, log_of(7))))
    assert code == 1 and "the log does not go on from this head, at 4 entries" in out


def test_a_proof_that_passes_a_release_by_is_none_of_its_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A log that left the release out goes on from every head before it."""
    without, path = log_of(20, fork=7), write(folder, witnessed())
    note = WITNESS.cosign(LOG.head(ORIGIN, 20, without.root()), AT)
    for old in (0, 3, 5, 6):
        code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, request(old, without), note))
        assert code == 0 and "could not be held against this release" in out, old
        assert "came after them" in out
    code, out = verified(capsys, path, "--key", LOG.verifier, *kept(folder, request(7, without), note))
    assert code == 1 and "it does not prove that the log goes on from 7 entries" in out


@pytest.mark.parametrize(
    "note", ["", "a letter", "old 7\n\n", "old x\n\nnote\n", "old 7\nnot base64!\n\nnote\n", "\xff"]
)
def test_what_is_no_head_is_told(folder: Path, capsys: pytest.CaptureFixture[str], note: str) -> None:
    path = write(folder, witnessed())
    code, out = verified(capsys, path, *kept(folder, note))
    assert code == 1 and f"BAD   {folder / 'head-1'}: " in out
    for by, origin in ((STRANGER, ORIGIN), (LOG, "mission.example/internal")):
        code, out = verified(capsys, path, *kept(folder, by.head(origin, 7, log_of(7).root())))
        assert code == 1 and f"BAD   {folder / 'head-1'}: " in out


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.integers(1, 40), min_size=3, max_size=3, unique=True), fork=st.integers(1, 40))
def test_heads_and_proofs_of_one_log_agree_and_those_of_another_never_do(
    tmp_path: Path, numbers: list[int], fork: int
) -> None:
    early, number, late = sorted(numbers)
    write(tmp_path, witnessed(number, heads=((WITNESS, early),)))

    def check(*notes: str) -> int:
        words = [str(word) for word in kept(tmp_path, *notes)]
        return main(
            [str(tmp_path / "release.json"), "--key", str(LOG.verifier), "--key", str(WITNESS.cosigner), *words]
        )

    one, other = log_of(late, number), log_of(late, number, fork)
    assert check(request(number, one), LOG.head(ORIGIN, late, one.root())) == 0
    is_other = fork <= number
    assert check(request(number, other), LOG.head(ORIGIN, late, other.root())) == int(is_other)
    assert check(LOG.head(ORIGIN, early, other.root(early))) == int(fork <= early)


# An exported log

ENTRIES = [canonical({"format": 1, "kind": "received", "number": number}) for number in range(1, 41)]
ENTRY_HASHES = [leaf_hash(data) for data in ENTRIES]


def export(folder: Path, leaves: list[bytes], heads: list[str], told: dict[str, Any] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "leaves.jsonl").write_text("".join(f'"{b64(leaf)}"\n' for leaf in leaves))
    log = {"format": 1, "origin": ORIGIN, "keys": [str(LOG.verifier), str(WITNESS.cosigner)], "rotations": []}
    (folder / "log.json").write_text(json.dumps({**log, "heads": heads, **(told or {})}))
    return folder


def head_at(size: int, signer: Signer = LOG, is_witnessed: bool = False, hashes: list[bytes] = ENTRY_HASHES) -> str:
    note = signer.head(ORIGIN, size, Log(hashes[:size]).root())
    return WITNESS.cosign(note, AT + size) if is_witnessed else note


HEADS = [head_at(0), head_at(10, is_witnessed=True), head_at(20, is_witnessed=True), head_at(33)]


def test_an_exported_log_is_verified_and_its_tail_stated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = verified(capsys, "log", export(tmp_path / "out", ENTRIES, HEADS), "--key", LOG.verifier)
    assert code == 0
    assert out.splitlines() == [
        f"note  no key of a witness was named. Compare the one in the file with what you know: {WITNESS.cosigner}",
        *(
            f"ok    head {at} of the export: the first {size} entries are those signed"
            for at, size in ((1, 0), (2, 10), (3, 20), (4, 33))
        ),
        "note  the first 20 of 40 entries stand under a head that a witness cosigned or that you kept",
        "note  the last 20 are witnessed by nobody; the last 7 stand under no good head",
        f"VERIFIED:  40 entries of {ORIGIN}, 20 of them witnessed",
    ]


def test_a_head_that_one_kept_counts_as_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, kept = export(tmp_path / "out", ENTRIES, []), tmp_path / "kept.txt"
    kept.write_text(head_at(37))
    code, out = verified(capsys, "log", folder, "--head", kept, "--key", LOG.verifier)
    assert (code, out.splitlines()[-1]) == (0, f"VERIFIED:  40 entries of {ORIGIN}, 37 of them witnessed")


def test_only_a_witness_that_was_named_counts_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = export(tmp_path / "out", ENTRIES, HEADS)
    code, out = verified(capsys, "log", folder, "--key", LOG.verifier, "--key", OTHER.cosigner)
    assert (code, out.splitlines()[-1]) == (0, f"VERIFIED:  40 entries of {ORIGIN}, 0 of them witnessed")


def tampered(kind: str, at: int) -> list[bytes]:
    """Return the entries with one kind of harm done at index `at`."""
    leaves = list(ENTRIES)
    match kind:
        case "altered":
            leaves[at] = canonical({"format": 1, "kind": "received", "number": 4711})
        case "damaged":
            leaves[at] = leaves[at][:-1]
        case "removed":
            del leaves[at]
        case "inserted":
            leaves.insert(at, canonical({"format": 1, "kind": "decided"}))
        case "reordered":
            leaves[at], leaves[at + 1] = leaves[at + 1], leaves[at]
        case _:
            del leaves[at:]
    return leaves


@pytest.mark.parametrize("kind", ["altered", "damaged", "removed", "inserted", "reordered", "truncated"])
def test_what_was_done_to_signed_entries_is_found(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = [head_at(size) for size in range(1, 41)]
    for at in range(39):
        leaves = tampered(kind, at)
        code, out = verified(capsys, "log", export(tmp_path / "out", leaves, every), "--key", LOG.verifier)
        assert code == 1
        named = {"damaged": f"entry {at + 1} is bad: it is no JSON", "truncated": f"entries {at + 1} to 40 are missing"}
        assert named.get(kind, f"entry {at + 1} is the first bad one") in out
        # With few heads, as close as they tell; and nothing where nobody ever signed.
        code, out = verified(capsys, "log", export(tmp_path / "out", leaves, HEADS), "--key", LOG.verifier)
        assert code == int(at < 33)
        if at < 33 and kind not in ("damaged", "truncated"):
            first, last = next((a + 1, b) for a, b in ((0, 10), (10, 20), (20, 33)) if at < b)
            assert f"the first bad one is an entry of {first} to {last}" in out


def test_a_history_written_again_with_the_same_key_is_found_by_a_kept_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaves = tampered("altered", 4)
    again = [head_at(size, hashes=[leaf_hash(data) for data in leaves]) for size in (10, 20, 40)]
    folder, kept = export(tmp_path / "out", leaves, again), tmp_path / "kept.txt"
    assert verified(capsys, "log", folder, "--key", LOG.verifier)[0] == 0
    kept.write_text(HEADS[2])
    code, out = verified(capsys, "log", folder, "--head", kept, "--key", LOG.verifier)
    assert code == 1
    assert f"BAD   {kept}: the first 20 entries are not those signed" in out
    assert "the log signed two histories" in out


def test_a_log_that_was_set_back_is_found_by_a_kept_head(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, kept = export(tmp_path / "out", ENTRIES[:20], HEADS[:3]), tmp_path / "kept.txt"
    kept.write_text(HEADS[3])
    code, out = verified(capsys, "log", folder, "--head", kept, "--key", LOG.verifier)
    assert code == 1
    assert "entries 21 to 33 are missing, or cannot be read" in out


@pytest.mark.parametrize("line", ["", "AAAA", '"AAAA', '"AA=="AA"', "7", '"\\u0041AAA"', '"AAB="', "\ud800"])
def test_a_line_that_is_no_entry_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    folder = export(tmp_path / "out", ENTRIES, HEADS)
    lines = (folder / "leaves.jsonl").read_bytes().splitlines(keepends=True)
    lines[12] = line.encode("utf-8", "surrogatepass") + b"\n"
    (folder / "leaves.jsonl").write_bytes(b"".join(lines))
    code, out = verified(capsys, "log", folder, "--key", LOG.verifier)
    assert code == 1
    assert "entry 13 is the first bad one" in out
    assert "ok    head 2 of the export: the first 10 entries are those signed" in out


def test_a_log_without_a_head_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verified(capsys, "log", export(tmp_path / "out", ENTRIES, []))[0] == 1
    stolen = [head_at(40, STRANGER), LOG.head("another.example/log", 40, Log(ENTRY_HASHES).root())]
    code, out = verified(capsys, "log", export(tmp_path / "out", ENTRIES, stolen), "--key", LOG.verifier)
    assert code == 1
    assert "head 1 of the export: no known key signed this head" in out
    assert "head 2 of the export: this head of another.example/log is of another log" in out


def test_no_field_of_the_description_of_a_log_can_be_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = export(tmp_path / "out", ENTRIES, HEADS)
    honest = json.loads((folder / "log.json").read_text())
    for name in honest:
        others: list[object] = [None, 5, [5], {}]
        for other in others:
            told = copy.deepcopy(honest)
            told[name] = other
            (folder / "log.json").write_text(json.dumps(told))
            assert verified(capsys, "log", folder)[0] == 1


def test_a_head_of_random_bytes_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, kept = export(tmp_path / "out", ENTRIES, HEADS), tmp_path / "kept.txt"
    draw = random.Random(4)
    for _ in range(20):
        kept.write_bytes(draw.randbytes(200))
        code, out = verified(capsys, "log", folder, "--head", kept, "--key", LOG.verifier)
        assert code == 1
        assert f"BAD   {kept}:" in out
