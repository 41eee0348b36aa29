"""Whoever looks for canaries finds them, however they were written and whatever they lie in."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import sqlite3
import tarfile
import textwrap
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf.generic import DecodedStreamObject, NameObject

from tests.canaries import found_in

CANARY = "Zebulon Quistöri"


def told(text: str) -> bytes:
    return f"what the source {text} told, and then a good deal more".encode()


def repeated(text: str) -> bytes:
    """Return what any packer finds the parts of a name in before it comes to the name."""
    return b"".join(part.encode() + b", and then " for part in text.split()) * 40 + told(text)


def zipped(raw: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("inner.bin", raw)
    return file.getvalue()


def tarred(raw: bytes) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as packed:
        member = tarfile.TarInfo("inner.bin")
        member.size = len(raw)
        packed.addfile(member, io.BytesIO(raw))
    return file.getvalue()


def zstd(raw: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    packed = pa.CompressedOutputStream(sink, "zstd")
    packed.write(raw)
    packed.close()
    return sink.getvalue().to_pybytes()


def parquet(raw: bytes) -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"told": [b"nothing", raw]}).write_parquet(file, compression="zstd", statistics=False)
    return file.getvalue()


def text_parquet(raw: bytes) -> bytes:
    file = io.BytesIO()
    nested = [{"who": [raw.decode("utf-8", "replace")]}]
    pl.DataFrame({"told": nested}).write_parquet(file, compression="zstd", statistics=False)
    return file.getvalue()


def pdf(raw: bytes) -> bytes:
    document, stream = pypdf.PdfWriter(), DecodedStreamObject()
    stream.set_data(raw)
    document.add_blank_page(100, 100)[NameObject("/Contents")] = stream.flate_encode()
    file = io.BytesIO()
    document.write(file)
    return file.getvalue()


def sqlite(raw: bytes, folder: Path) -> bytes:
    """Return a database in which this cell is longer than a page, so that it lies in pieces."""
    path = folder / "made.sqlite"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA page_size = 512")
    database.execute("CREATE TABLE told (raw BLOB)")
    for before in range(0, 600, 7):
        database.execute("INSERT INTO told VALUES (?)", (b"." * before + raw,))
    database.close()
    made = path.read_bytes()
    path.unlink()
    return made


def as_is(raw: bytes) -> bytes:
    return raw


SPELLED: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: told(text),
    "upper case": lambda text: told(text.upper().replace("Ö", "ö")),
    "utf-16": lambda text: told(text).decode().encode("utf-16"),
    "utf-16-be": lambda text: b"\0" + told(text).decode().encode("utf-16-be"),
    "decomposed": lambda text: told(text.replace("ö", "o\u0308")),
    "base64": lambda text: base64.b64encode(told(text)),
    "base64 at 1": lambda text: base64.b64encode(b"." + told(text)),
    "base64 at 2": lambda text: base64.b64encode(b".." + told(text)),
    "base64 of utf-16": lambda text: base64.b64encode(told(text).decode().encode("utf-16")),
    "base64 in lines": lambda text: "\r\n".join(textwrap.wrap(base64.b64encode(told(text)).decode(), 19)).encode(),
    "url-safe base64": lambda text: base64.urlsafe_b64encode(b"\xff\xfe" + told(text)),
    "hex": lambda text: told(text).hex().encode(),
    "HEX": lambda text: told(text).hex().upper().encode(),
    "percent": lambda text: quote(told(text)).encode(),
    "percent, all of it": lambda text: b"".join(b"%%%02X" % byte for byte in told(text)),
    "json": lambda text: json.dumps(told(text).decode()).encode(),
    "bytes in a log": lambda text: repr(told(text)).encode(),
    "escapes in a log": lambda text: ascii(told(text).decode()).encode(),
    "html": lambda text: told(text).decode().encode("ascii", "xmlcharrefreplace"),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zlib": zlib.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "zip": zipped,
    "tar": tarred,
    "parquet": parquet,
    "text in parquet": text_parquet,
    "pdf": pdf,
    "two gzips": lambda raw: gzip.compress(b"before") + gzip.compress(raw),
    "gzip, cut off": lambda raw: gzip.compress(raw)[:-9],
    "zip in tar.gz": lambda raw: gzip.compress(tarred(zipped(raw))),
    "parquet in zip in zstd": lambda raw: zstd(zipped(parquet(raw))),
}


@pytest.mark.parametrize("spelled", SPELLED)
def test_a_canary_is_found_however_it_is_spelled(spelled: str, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "with").write_bytes(SPELLED[spelled](CANARY))
    (tmp_path / "without").write_bytes(SPELLED[spelled]("Zebulon Quistari"))
    assert found_in(tmp_path, CANARY) == [tmp_path / "inner" / "with"]


@pytest.mark.parametrize("packed", PACKED)
def test_a_canary_is_found_whatever_it_is_packed_into(packed: str, tmp_path: Path) -> None:
    (tmp_path / "with").write_bytes(PACKED[packed](repeated(CANARY)))
    (tmp_path / "without").write_bytes(PACKED[packed](repeated("Zebulon Quistari")))
    assert CANARY.encode() not in (tmp_path / "with").read_bytes() or packed == "tar"
    assert found_in(tmp_path, CANARY) == [tmp_path / "with"]


@pytest.mark.parametrize("packed", ["as it is", "gzip", "zip"])
def test_a_canary_is_found_in_the_cells_of_a_database(packed: str, tmp_path: Path) -> None:
    cell = {"as it is": as_is, **PACKED}[packed](told(CANARY))
    (tmp_path / "with.sqlite").write_bytes(sqlite(cell, tmp_path))
    (tmp_path / "within.gz").write_bytes(gzip.compress(sqlite(cell, tmp_path)))
    (tmp_path / "without.sqlite").write_bytes(sqlite(b"nobody", tmp_path))
    assert found_in(tmp_path, CANARY) == [tmp_path / "with.sqlite", tmp_path / "within.gz"]


def test_a_canary_is_found_in_what_a_database_has_not_taken_in_yet(tmp_path: Path) -> None:
    path = tmp_path / "open.sqlite"
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE told (raw BLOB)")
    database.execute("INSERT INTO told VALUES (?)", (gzip.compress(told(CANARY)),))
    assert found_in(tmp_path, CANARY) == [path]
    database.close()


def test_a_canary_is_found_in_names(tmp_path: Path) -> None:
    folder = tmp_path / f"of {CANARY}"
    folder.mkdir()
    packed = tmp_path / "packed.zip"
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(f"{CANARY}.txt", "")
    assert found_in(tmp_path, CANARY) == [folder, packed]


@given(canary=st.text(min_size=6, max_size=12), before=st.binary(max_size=7), after=st.binary(max_size=7))
def test_a_canary_is_found_at_any_offset_of_base64(
    canary: str, before: bytes, after: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("base64")
    (folder / "with").write_bytes(base64.b64encode(before + canary.encode() + after))
    assert found_in(folder, canary) == [folder / "with"]


BEGINNINGS = [
    b"PK\x03\x04", b"\x1f\x8b\x08", b"\x78\x9c", b"BZh9", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"PAR1",
    b"%PDF-1.7\nstream\n", b"SQLite format 3\0",
]  # fmt: skip


@given(mark=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=64))
def test_what_only_looks_packed_is_searched_as_it_is(
    rest: bytes, mark: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    (folder / "with").write_bytes(mark + rest + told(CANARY))
    (folder / "without").write_bytes(mark + rest)
    assert found_in(folder, CANARY) == [folder / "with"]
