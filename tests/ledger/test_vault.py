"""The vault: what an audience may see is proven, what was erased is gone, and neither tells of the other."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger import rfc
from trucewatch.ledger import vault
from trucewatch.ledger.vault import (
    Batch,
    RowProof,
    check_batch,
    erase_rows,
    open_batch,
    prove_row,
    read_batch,
    seal_batch,
    settle_batch,
    stage_batch,
    staged_batches,
)
from trucewatch.ledger.verifier import is_included, leaf_hash
from trucewatch.problems import TrucewatchError, WrongCall

NAME = "2017-07-09-patrols"
HEADER = b"trucewatch/vault/1\n"
AUDIENCES = ("mission", "party: government", "public")
# What a row may say, when somebody tries it out.
SAID = [f"{who} at {where}".encode() for who in ("a teacher", "a nurse", "a baker") for where in ("Nawa", "Inkhil")]

cells = st.one_of(st.none(), st.sampled_from(SAID), st.binary(min_size=1, max_size=40))
tables = st.lists(st.tuples(cells, cells, cells), max_size=9).map(
    lambda rows: pl.DataFrame(rows, schema=dict.fromkeys(AUDIENCES, pl.Binary), orient="row")
)


def draws(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def plaintext(container: bytes, key: bytes, name: str = NAME) -> bytes:
    """Decrypt a container of one chunk as its description says, without the vault."""
    assert container.startswith(HEADER)
    return AESGCM(key).decrypt(bytes(11) + b"\1", container[len(HEADER) :], HEADER + name.encode())


def proves(proof: RowProof, root: bytes) -> bool:
    is_opened = proof.salt is None or hashlib.sha256(proof.salt + (proof.content or b"")).digest() == proof.commitment
    return is_opened and is_included(leaf_hash(proof.commitment), proof.row, proof.size, proof.path, root)


def table(height: int = 5) -> pl.DataFrame:
    rows = [(f"row {row}: a nurse at Nawa", f"row {row}", "shelling" if row % 2 else None) for row in range(height)]
    return pl.DataFrame(rows, schema=dict.fromkeys(AUDIENCES, pl.String), orient="row")


# ---- what is proven --------------------------------------------------------------------------------------------------


@given(tables, st.integers(0, 99))
def test_a_batch_opens_to_the_rows_that_were_sealed(rows: pl.DataFrame, seed: int) -> None:
    batch = seal_batch(NAME, rows, draws(seed))
    opened = open_batch(NAME, batch.container, batch.key)
    assert opened.rows.equals(rows)
    assert (opened.rows.schema, opened.gaps) == (rows.schema, ())
    assert check_batch(NAME, batch.container, batch.key, batch.roots)
    assert tuple(batch.roots) == AUDIENCES


@given(tables, st.integers(0, 99))
def test_roots_and_container_are_as_they_are_described(rows: pl.DataFrame, seed: int) -> None:
    batch = seal_batch(NAME, rows, draws(seed))
    held = pl.read_parquet(io.BytesIO(plaintext(batch.container, batch.key)))
    assert held.columns == ["salts", "commitments", *(f"seen by {word}" for word in AUDIENCES)]
    for place, (word, root) in enumerate(batch.roots.items()):
        salts = [salt[16 * place : 16 * place + 16] for salt in held["salts"]]
        told = [cell or b"" for cell in rows[word]]
        leaves = [hashlib.sha256(salt + cell).digest() for salt, cell in zip(salts, told, strict=True)]
        assert root == rfc.mth(leaves)


@given(tables.filter(len), st.integers(0, 99))
def test_each_row_is_proven_to_each_audience_and_to_no_other(rows: pl.DataFrame, seed: int) -> None:
    batch = seal_batch(NAME, rows, draws(seed))
    for word in AUDIENCES:
        for row in range(rows.height):
            proof = prove_row(NAME, batch.container, batch.key, word, row)
            assert proof.content == (rows[word][row] or b"")
            assert [other for other in AUDIENCES if proves(proof, batch.roots[other])] == [word]
            assert not proves(proof._replace(content=b"somebody else"), batch.roots[word])
            assert not proves(proof._replace(row=row + 1), batch.roots[word])


def test_text_is_committed_to_as_utf_8() -> None:
    rows = pl.DataFrame({"public": ["شهد", None]})
    batch = seal_batch(NAME, rows, draws(1))
    assert prove_row(NAME, batch.container, batch.key, "public", 0).content == "شهد".encode()
    as_bytes = seal_batch(NAME, rows.select(pl.col("public").cast(pl.Binary)), draws(1))
    assert batch.roots == as_bytes.roots


@given(tables, st.integers(0, 99))
def test_roots_do_not_tell_how_many_rows_an_audience_sees(rows: pl.DataFrame, seed: int) -> None:
    """Under salts that nobody knows all roots over as many rows look alike; proofs have one form, seen or not."""
    unseen = rows.with_columns(pl.lit(None, dtype=pl.Binary).alias("public"))
    seen, nothing = (seal_batch(NAME, told, draws(seed)) for told in (rows, unseen))
    assert seen.roots["mission"] == nothing.roots["mission"]
    assert (seen.roots["public"] == nothing.roots["public"]) == all(cell is None for cell in rows["public"])
    for row in range(rows.height):
        one, other = (prove_row(NAME, batch.container, batch.key, "public", row) for batch in (seen, nothing))
        assert (one.size, len(one.path), len(one.salt or b"")) == (other.size, len(other.path), len(other.salt or b""))


def test_equal_rows_have_unequal_commitments() -> None:
    batch = seal_batch(NAME, pl.DataFrame(dict.fromkeys(AUDIENCES, [b"shelling"] * 50)), draws(1))
    proofs = [
        prove_row(NAME, batch.container, batch.key, word, row).commitment for word in AUDIENCES for row in range(50)
    ]
    assert len(set(proofs)) == 150


def test_another_salt_for_every_cell_is_drawn_once() -> None:
    asked: list[int] = []

    def draw(size: int) -> bytes:
        asked.append(size)
        return draws(len(asked))(size)

    seal_batch(NAME, table(5), draw)
    assert asked == [5 * 3 * 16, 32]


# ---- what is refused -------------------------------------------------------------------------------------------------


def altered(raw: bytes) -> Iterator[bytes]:
    """Give a container with a bit turned at each place, cut off at each, and with more behind it."""
    for at in range(len(raw)):
        yield raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
        yield raw[:at]
    yield raw + b"\0"
    yield raw + raw[len(HEADER) :]


def test_no_altered_container_opens(tell: Callable[[str], None]) -> None:
    batch = seal_batch(NAME, table(1), draws(1))
    tried = 0
    for container in altered(batch.container):
        tried += 1
        with pytest.raises(TrucewatchError, match=f"batch {NAME}"):
            open_batch(NAME, container, batch.key)
    tell(f"vault: {tried} altered containers, 0 opened")


def test_a_container_opens_under_its_own_name_and_key_alone() -> None:
    one, other = (seal_batch(NAME, table(), draws(seed)) for seed in (1, 2))
    for name, key in ((NAME, other.key), ("2017-07-10-patrols", one.key), (NAME, b""), (NAME, one.key[:16])):
        with pytest.raises(TrucewatchError, match="its key does not open it"):
            open_batch(name, one.container, key)


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("row", range(5))
def test_a_cell_that_whoever_has_the_key_changed_is_found(audience: str, row: int) -> None:
    """He decrypts, changes one cell, keeps its salt, and encrypts again."""
    batch = seal_batch(NAME, table(), draws(1))
    changed = table().with_columns(
        pl.when(pl.int_range(pl.len()) == row).then(pl.lit("else")).otherwise(audience).alias(audience)
    )
    same_salts = seal_batch(NAME, changed, draws(1))
    assert not check_batch(NAME, same_salts.container, same_salts.key, batch.roots)
    assert {word for word in AUDIENCES if same_salts.roots[word] != batch.roots[word]} == {audience}


def test_roots_of_other_audiences_are_not_those_of_the_batch() -> None:
    batch = seal_batch(NAME, table(), draws(1))
    fewer = {word: root for word, root in batch.roots.items() if word != "public"}
    swapped = {**batch.roots, "public": batch.roots["mission"], "mission": batch.roots["public"]}
    for roots in (fewer, swapped, {**batch.roots, "guarantors": batch.roots["public"]}, {}):
        assert not check_batch(NAME, batch.container, batch.key, roots)


@pytest.mark.parametrize("rows", [pl.DataFrame(), pl.DataFrame({"public": [1, 2]})])
def test_a_batch_has_audiences_and_their_columns_text_or_bytes(rows: pl.DataFrame) -> None:
    with pytest.raises(WrongCall, match="text or bytes"):
        seal_batch(NAME, rows, draws(1))


def test_rows_that_there_are_not_can_neither_be_proven_nor_erased() -> None:
    batch = seal_batch(NAME, table(), draws(1))
    for audience, row in (("public", 5), ("public", -1), ("parties", 0), ("salts", 0)):
        with pytest.raises(WrongCall, match=f"no row {row}"):
            prove_row(NAME, batch.container, batch.key, audience, row)
    for which, told in (([1, 5], 5), ([-1, 3], -1)):
        with pytest.raises(WrongCall, match=f"no row {told} in a batch of 5"):
            erase_rows(NAME, batch.container, batch.key, which, draws(2))


def test_too_few_random_bytes_seal_nothing() -> None:
    with pytest.raises(WrongCall, match="240 random bytes were asked for, and 239 came"):
        seal_batch(NAME, table(), lambda size: bytes(size - 1))


def test_what_is_printed_of_a_batch_holds_no_key() -> None:
    batch = seal_batch(NAME, table(), draws(1))
    assert repr(batch.key) not in repr(batch)
    assert repr(batch.container) not in repr(batch)


# ---- what is erased --------------------------------------------------------------------------------------------------


@given(tables.filter(len), st.data())
def test_after_an_erasure_all_other_rows_prove_under_the_same_roots(rows: pl.DataFrame, data: st.DataObject) -> None:
    batch = seal_batch(NAME, rows, draws(1))
    steps = data.draw(st.lists(st.sets(st.integers(0, rows.height - 1)), min_size=1, max_size=3))
    container, key = batch.container, batch.key
    for seed, which in enumerate(steps, 2):
        container, key = erase_rows(NAME, container, key, which, draws(seed))
    gaps = set[int]().union(*steps)
    opened = open_batch(NAME, container, key)
    assert opened.gaps == tuple(sorted(gaps))
    assert opened.rows.rows() == [(None,) * 3 if at in gaps else row for at, row in enumerate(rows.rows())]
    assert opened.rows.schema == rows.schema
    assert check_batch(NAME, container, key, batch.roots)
    for word in AUDIENCES:
        for row in range(rows.height):
            before, after = (prove_row(NAME, *of, word, row) for of in ((batch.container, batch.key), (container, key)))
            assert proves(after, batch.roots[word])
            assert after == (before._replace(content=None, salt=None) if row in gaps else before)


def test_a_gap_that_is_filled_with_other_words_is_found() -> None:
    batch = seal_batch(NAME, table(), draws(1))
    container, key = erase_rows(NAME, batch.container, batch.key, [2], draws(2))
    filled = open_batch(NAME, container, key).rows.with_columns(pl.all().fill_null("nothing happened"))
    again = seal_batch(NAME, filled, draws(1))
    assert not check_batch(NAME, again.container, again.key, batch.roots)


def test_what_was_erased_is_in_no_byte_that_is_kept() -> None:
    batch = seal_batch(NAME, table(300), draws(1))
    before = plaintext(batch.container, batch.key)
    held = pl.read_parquet(io.BytesIO(before))
    container, key = erase_rows(NAME, batch.container, batch.key, [77], draws(2))
    after = pl.read_parquet(io.BytesIO(plaintext(container, key)))
    salts = held["salts"][77]
    assert salts in before
    assert salts[:16] not in plaintext(container, key)
    assert b"row 77: " in written(held)
    assert b"row 77: " not in written(after)
    assert b"row 78: " in written(after)
    assert key != batch.key
    with pytest.raises(TrucewatchError):
        open_batch(NAME, batch.container, key)


def written(held: pl.DataFrame) -> bytes:
    file = io.BytesIO()
    held.write_ipc(file, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    return file.getvalue()


def tried_out(commitments: list[bytes], kept: bytes, contents: list[bytes]) -> set[bytes]:
    """Return the contents to which some commitment opens, with any 16 bytes in a row of what is kept for a salt."""
    salts = {kept[at : at + 16] for at in range(len(kept) - 15)} | {b""}
    wanted = set(commitments)
    return {said for said in contents for salt in salts if hashlib.sha256(salt + said).digest() in wanted}


def tried_out_after_erasure(said: list[bytes], row: int, seed: int) -> tuple[set[bytes], set[bytes]]:
    """Erase a row and try out what it said: with all that is kept, and (the control) with what its batch held before.

    Kept are both containers, all that the new one holds, its key, proofs of all rows, and roots.
    """
    batch = seal_batch(NAME, pl.DataFrame({"mission": said, "public": said}), draws(seed))
    container, key = erase_rows(NAME, batch.container, batch.key, [row], draws(seed + 1))
    proofs = [prove_row(NAME, container, key, word, at) for word in batch.roots for at in range(len(said))]
    erased = [proof.commitment for proof in proofs if proof.row == row]
    proven = [(proof.salt or b"") + proof.commitment + b"".join(proof.path) for proof in proofs]
    held = written(pl.read_parquet(io.BytesIO(plaintext(container, key))))
    kept = b"".join([batch.container, container, key, held, plaintext(container, key), *proven, *batch.roots.values()])
    return tried_out(erased, kept, SAID), tried_out(erased, plaintext(batch.container, batch.key), SAID)


@settings(max_examples=10)
@given(st.lists(st.sampled_from(SAID), min_size=1, max_size=4), st.integers(0, 3), st.integers(0, 2**32))
def test_nobody_finds_out_what_an_erased_row_said_by_trying(said: list[bytes], row: int, seed: int) -> None:
    assert tried_out_after_erasure(said, row % len(said), seed) == (set(), {said[row % len(said)]})


def test_of_all_that_was_erased_nothing_is_found_out(tell: Callable[[str], None]) -> None:
    tried = [tried_out_after_erasure(SAID, row, seed=row) for row in range(len(SAID))]
    after, before = (sum(map(len, found)) for found in zip(*tried, strict=True))
    assert (after, before) == (0, len(SAID))
    tell(f"vault: of {len(SAID)} erased rows {after} found out by trying all contents; with their salts {before}")


# ---- large ones, and files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [1, 7, 100, 4096])
def test_a_container_of_many_chunks_is_whole_or_refused(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vault, "_CHUNK", chunk)
    batch = seal_batch(NAME, table(), draws(1))
    size, head = chunk + 16, len(HEADER)
    parts = [batch.container[at : at + size] for at in range(head, len(batch.container), size)]
    assert len(parts) > 1 or chunk == 4096
    assert open_batch(NAME, batch.container, batch.key).rows.equals(table())
    if len(parts) > 2:
        for wrong in (parts[:-1], parts[1:], [*parts[1:2], parts[0], *parts[2:]], [*parts, parts[-1]]):
            with pytest.raises(TrucewatchError):
                open_batch(NAME, HEADER + b"".join(wrong), batch.key)


def test_a_batch_of_many_rows(is_long: bool, tell: Callable[[str], None]) -> None:
    height = 1_000_000 if is_long else 20_000
    rows = pl.select(pl.int_range(height).cast(pl.String).alias("mission")).with_columns(
        pl.when(pl.int_range(height) % 3 == 0).then("mission").alias(f"audience {number}") for number in range(5)
    )
    batch = seal_batch(NAME, rows, draws(1))
    container, key = erase_rows(NAME, batch.container, batch.key, [height // 2], draws(2))
    assert check_batch(NAME, container, key, batch.roots)
    assert proves(prove_row(NAME, container, key, "audience 4", height - 1), batch.roots["audience 4"])
    tell(f"vault: {height} rows for 6 audiences sealed, one erased, checked against the same roots")


def test_wherever_a_program_is_cut_off_the_key_that_is_kept_opens_a_file(tmp_path: Path) -> None:
    """Staged, then the key entered, then settled: cut off behind each step, settled at the next start."""
    one = seal_batch(NAME, table(), draws(1))
    stage_batch(tmp_path, NAME, one.container)
    settle_batch(tmp_path, NAME, None)
    assert list(tmp_path.iterdir()) == []

    stage_batch(tmp_path, NAME, one.container)
    settle_batch(tmp_path, NAME, one.key)
    settle_batch(tmp_path, NAME, one.key)
    assert read_batch(tmp_path, NAME) == one.container
    assert [(path.name, path.stat().st_mode & 0o077) for path in tmp_path.iterdir()] == [(f"{NAME}.sealed", 0)]

    assert staged_batches(tmp_path) == ()
    container, key = erase_rows(NAME, one.container, one.key, [0], draws(2))
    stage_batch(tmp_path, NAME, container)
    assert staged_batches(tmp_path) == (NAME,)
    settle_batch(tmp_path, NAME, one.key)
    assert staged_batches(tmp_path) == ()
    assert read_batch(tmp_path, NAME) == one.container

    (tmp_path / f"{NAME}.staged").write_bytes(container[:50])
    settle_batch(tmp_path, NAME, one.key)
    assert read_batch(tmp_path, NAME) == one.container

    stage_batch(tmp_path, NAME, container)
    settle_batch(tmp_path, NAME, key)
    assert read_batch(tmp_path, NAME) == container
    assert [path.name for path in tmp_path.iterdir()] == [f"{NAME}.sealed"]

    settle_batch(tmp_path, NAME, None)
    with pytest.raises(TrucewatchError, match="restore it from a backup"):
        read_batch(tmp_path, NAME)


def test_a_key_that_opens_neither_file_destroys_none(tmp_path: Path) -> None:
    one, other, third = (seal_batch(NAME, table(), draws(seed)) for seed in (1, 2, 3))
    stage_batch(tmp_path, NAME, one.container)
    settle_batch(tmp_path, NAME, one.key)
    stage_batch(tmp_path, NAME, other.container)
    with pytest.raises(TrucewatchError, match="its key does not open it"):
        settle_batch(tmp_path, NAME, third.key)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".sealed", ".staged"]


def test_where_nothing_can_be_written_it_is_said_in_one_line(tmp_path: Path) -> None:
    batch: Batch = seal_batch(NAME, table(), draws(1))
    with pytest.raises(TrucewatchError, match="cannot be written"):
        stage_batch(tmp_path / "missing", NAME, batch.container)


@pytest.mark.parametrize("name", ["", "../out", "a/b", ".hidden", "a b", "a.b", "شهد"])
def test_a_name_that_leads_elsewhere_names_no_batch(name: str, tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match="cannot name a batch"):
        read_batch(tmp_path, name)
