"""Vault: batches of many rows, encrypted beside the log, of which the log holds one root for each audience.

A batch is a table with a column for each audience (an opaque word): row by row the bytes, or the text, of what that
audience may see; null where it may see nothing. Each cell has a salt of its own. SHA-256(salt || bytes) is its
commitment, and the root of an audience is that of the Merkle tree (RFC 9162 section 2.1) whose leaves are the
commitments of its column, in order. A null is committed to as no bytes under its own salt, so that neither a root nor a
proof tells how many rows an audience sees. Nothing lies in a batch that no root covers.

A row can be erased. Its bytes and salts go, its commitments stay as a stated gap, and all other rows prove as before.
As nothing that is kept gives the salts, nobody can try out what the row may have said. That a gap was meant to be one
is for the log to tell: whoever has the key can make one that no root shows.

Container, format 1: the line `trucewatch/vault/1`, then chunks of 2^30 bytes of plaintext (the last may be
shorter), each AES-256-GCM with its tag behind it. The associated data are that line and the batch's name in UTF-8. The
nonce is the chunk's number from 0 (11 bytes, big-endian) and a byte that is 1 for the last chunk, else 0 (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015): a key encrypts one container, once. The plaintext is a
Parquet file, a row for each row, without statistics:

    salts           binary    16 bytes for each audience, in the order of columns; null where the row was erased
    commitments     binary    32 bytes for each audience, likewise; null where the row was not erased
    seen by WORD    binary or string, one column for each audience
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from trucewatch.ledger.log import Log
from trucewatch.ledger.verifier import leaf_hash
from trucewatch.problems import TrucewatchError, WrongCall

_HEADER: Final = b"trucewatch/vault/1\n"
_CHUNK = 2**30
_KEY, _SALT, _COMMITMENT, _TAG = 32, 16, 32, 16
_OWN: Final = ("salts", "commitments")
_SEEN_BY: Final = "seen by "


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it was sealed: its encrypted container, the key that opens that (32 bytes), and audience -> root."""

    key: bytes = field(repr=False)
    container: bytes = field(repr=False)
    roots: Mapping[str, bytes]


class Opened(NamedTuple):
    """A batch as it was opened: the table that was sealed, null in all columns of an erased row, and which those are.

    `gaps` are indexes of rows, from 0, ascending.
    """

    rows: pl.DataFrame
    gaps: tuple[int, ...]


class RowProof(NamedTuple):
    """That one row stands under an audience's root.

    `commitment` is SHA-256(salt || content), and `leaf_hash(commitment)` is proven to be leaf `row` of `size` by
    `path` (`verifier.is_included`). Of an erased row there is neither salt nor content, only that something
    stood there.
    """

    content: bytes | None
    salt: bytes | None
    commitment: bytes
    row: int
    size: int
    path: tuple[bytes, ...]


# ---- a batch ---------------------------------------------------------------------------------------------------------


def seal_batch(name: str, rows: pl.DataFrame, draw: Callable[[int], bytes]) -> Batch:
    """Commit to a table of what each audience may see, and encrypt it under its name and a key of its own.

    `rows` has a String or Binary column for each audience. `draw(n)` gives n bytes that nobody can guess.
    """
    if not rows.width or any(kind not in (pl.String, pl.Binary) for kind in rows.dtypes):
        raise WrongCall("a batch has a column of text or bytes for each audience, and at least one")
    width = _SALT * rows.width
    salts = _drawn(draw, width * rows.height)
    held = pl.DataFrame(
        {
            "salts": pl.Series([salts[at : at + width] for at in range(0, len(salts), width)], dtype=pl.Binary),
            "commitments": pl.Series([None] * rows.height, dtype=pl.Binary),
        }
    ).hstack(rows.rename(lambda word: _SEEN_BY + word))
    key = _drawn(draw, _KEY)
    return Batch(key, _encrypted(name, held, key), _roots(held))


def open_batch(name: str, container: bytes, key: bytes) -> Opened:
    """Decrypt a batch; raises TrucewatchError where it is another's, was altered, or the key is another."""
    held = _decrypted(name, container, key)
    gaps = held["commitments"].is_not_null().arg_true()
    return Opened(held.drop(_OWN).rename(lambda column: column.removeprefix(_SEEN_BY)), tuple(gaps))


def check_batch(name: str, container: bytes, key: bytes, roots: Mapping[str, bytes]) -> bool:
    """Say whether a batch is what was committed to: all its rows and gaps, for these audiences and no others.

    Raises TrucewatchError where it cannot be opened.
    """
    return _roots(_decrypted(name, container, key)) == dict(roots)


def erase_rows(
    name: str, container: bytes, key: bytes, which: Iterable[int], draw: Callable[[int], bytes]
) -> tuple[bytes, bytes]:
    """Return a container without some rows (indexes from 0) and without their salts, and its new key.

    The rows are gone when the old container's key is destroyed. To erase what is erased changes nothing.
    """
    held = _decrypted(name, container, key)
    chosen = sorted(set(which))
    if chosen and not 0 <= chosen[0] <= chosen[-1] < held.height:
        raise WrongCall(f"there is no row {chosen[-1] if chosen[0] >= 0 else chosen[0]} in a batch of {held.height}")
    erased = held[chosen]
    committed = zip(*(_commitments(erased, place) for place in range(_width(held))), strict=True)
    gaps = pl.DataFrame(
        {"at": chosen, "gap": [b"".join(row) for row in committed]}, schema={"at": pl.UInt32, "gap": pl.Binary}
    )
    left = (
        held.with_row_index("at")
        .join(gaps, on="at", how="left", maintain_order="left")
        .select(
            pl.when(pl.col("gap").is_null()).then(pl.col("salts")),
            pl.coalesce("gap", "commitments").alias("commitments"),
            *(pl.when(pl.col("gap").is_null()).then(pl.col(column)) for column in held.columns[len(_OWN) :]),
        )
    )
    new_key = _drawn(draw, _KEY)
    return _encrypted(name, left, new_key), new_key


def prove_row(name: str, container: bytes, key: bytes, audience: str, row: int) -> RowProof:
    """Prove what an audience may see of a row (index from 0), or that it may see nothing of it."""
    held = _decrypted(name, container, key)
    column = _SEEN_BY + audience
    if column not in held.columns or not 0 <= row < held.height:
        raise WrongCall(f"there is no row {row} for {audience!r} in the batch {name}, which has {held.height} rows")
    place = held.get_column_index(column) - len(_OWN)
    committed = _commitments(held, place)
    salts, content = held["salts"][row], held[column].cast(pl.Binary)[row]
    path = Log(map(leaf_hash, committed)).inclusion(row)
    if salts is None:
        return RowProof(None, None, committed[row], row, held.height, path)
    return RowProof(content or b"", salts[_SALT * place :][:_SALT], committed[row], row, held.height, path)


# ---- its file --------------------------------------------------------------------------------------------------------


def stage_batch(folder: Path, name: str, container: bytes) -> None:
    """Put a container durably beside the one that stands, if any; raises TrucewatchError, and then it is not there.

    Then its key is entered where keys are kept, and `settle_batch` called: so there is at every moment a file that the
    key which is kept opens, wherever the program is cut off.
    """
    path = _path(folder, name, _STAGED)
    try:
        with open(path, "wb", opener=_private) as file:
            file.write(container)
            file.flush()
            os.fsync(file.fileno())
        _sync(folder)
    except OSError as fault:
        path.unlink(missing_ok=True)
        raise TrucewatchError(f"{path}: cannot be written ({fault.strerror}); make room, or see who owns it") from None


def settle_batch(folder: Path, name: str, key: bytes | None) -> None:
    """Leave of a batch the one file that its key opens, and without a key none; done twice it is done once.

    Raises TrucewatchError where the key opens neither, and then changes nothing.
    """
    path, staged = _path(folder, name), _path(folder, name, _STAGED)
    try:
        if key is None:
            staged.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        elif staged.exists():
            if _opens(name, staged.read_bytes(), key):
                os.replace(staged, path)
            else:
                open_batch(name, read_batch(folder, name), key)
                staged.unlink()
        _sync(folder)
    except OSError as fault:
        raise TrucewatchError(f"{path}: cannot be written ({fault.strerror}); see who owns it") from None


def staged_batches(folder: Path) -> tuple[str, ...]:
    """Return the names of the batches that a program which was cut off left to be settled, sorted."""
    return tuple(sorted(path.stem for path in folder.glob(f"*{_STAGED}")))


def read_batch(folder: Path, name: str) -> bytes:
    """Return the container that stands under a name; raises TrucewatchError where there is none."""
    path = _path(folder, name)
    try:
        return path.read_bytes()
    except OSError as fault:
        raise TrucewatchError(f"{path}: cannot be read ({fault.strerror}); restore it from a backup") from None


_SEALED, _STAGED = ".sealed", ".staged"


def _path(folder: Path, name: str, suffix: str = _SEALED) -> Path:
    if not re.fullmatch(r"\w[\w-]*", name, re.ASCII):
        raise WrongCall(f"{name!r} cannot name a batch: letters, digits, _ and - can")
    return folder / f"{name}{suffix}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _sync(folder: Path) -> None:
    """Have the folder itself on the disk, where folders can be opened."""
    if hasattr(os, "O_DIRECTORY"):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


# ---- commitments -----------------------------------------------------------------------------------------------------


def _width(held: pl.DataFrame) -> int:
    return held.width - len(_OWN)


def _commitments(held: pl.DataFrame, place: int) -> list[bytes]:
    """Return the commitments of the column of one audience, by its place among them."""
    salt = slice(_SALT * place, _SALT * (place + 1))
    kept = slice(_COMMITMENT * place, _COMMITMENT * (place + 1))
    cells = held.to_series(len(_OWN) + place).cast(pl.Binary).to_list()
    sha256 = hashlib.sha256
    return [
        sha256(salts[salt] + (cell or b"")).digest() if gap is None else gap[kept]
        for salts, gap, cell in zip(held["salts"].to_list(), held["commitments"].to_list(), cells, strict=True)
    ]


def _roots(held: pl.DataFrame) -> dict[str, bytes]:
    words = (column.removeprefix(_SEEN_BY) for column in held.columns[len(_OWN) :])
    return {word: Log(map(leaf_hash, _commitments(held, place))).root() for place, word in enumerate(words)}


def _drawn(draw: Callable[[int], bytes], size: int) -> bytes:
    drawn = draw(size)
    if len(drawn) != size:
        raise WrongCall(f"{size} random bytes were asked for, and {len(drawn)} came")
    return drawn


# ---- encryption ------------------------------------------------------------------------------------------------------


def _encrypted(name: str, held: pl.DataFrame, key: bytes) -> bytes:
    file = io.BytesIO()
    held.write_parquet(file, compression="zstd", statistics=False)
    plain = file.getbuffer()
    cipher, data = AESGCM(key), _HEADER + name.encode()
    count = max(1, -(-len(plain) // _CHUNK))
    chunks = (plain[at * _CHUNK : (at + 1) * _CHUNK] for at in range(count))
    return _HEADER + b"".join(cipher.encrypt(_nonce(at, count), chunk, data) for at, chunk in enumerate(chunks))


def _decrypted(name: str, container: bytes, key: bytes) -> pl.DataFrame:
    if not container.startswith(_HEADER):
        raise TrucewatchError(f"batch {name}: is no sealed batch of format 1; restore it from a backup")
    try:
        return pl.read_parquet(io.BytesIO(b"".join(_chunks(name, memoryview(container)[len(_HEADER) :], key))))
    except (InvalidTag, ValueError):
        told = "its key does not open it, or it was altered; restore it from a backup"
        raise TrucewatchError(f"batch {name}: {told}") from None


def _chunks(name: str, sealed: memoryview, key: bytes) -> Iterator[bytes]:
    cipher, data = AESGCM(key), _HEADER + name.encode()
    size = _CHUNK + _TAG
    count = max(1, -(-len(sealed) // size))
    for at in range(count):
        yield cipher.decrypt(_nonce(at, count), sealed[at * size : (at + 1) * size], data)


def _nonce(at: int, count: int) -> bytes:
    return at.to_bytes(11, "big") + bytes([at == count - 1])


def _opens(name: str, container: bytes, key: bytes) -> bool:
    try:
        open_batch(name, container, key)
    except TrucewatchError:
        return False
    return True
