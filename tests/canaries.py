"""Canaries: names that exist nowhere else, sealed where nobody reads them, and looked for in all that is written."""

from __future__ import annotations

import base64
import bz2
import html
import io
import json
import lzma
import re
import sqlite3
import tarfile
import tempfile
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import polars as pl
import pyarrow as pa
import pypdf
from pypdf.errors import PyPdfError

# Deeper than anything is packed here, and larger; so that no bomb goes off.
_DEEPEST = 6
_LARGEST = 2**28
_ENTITIES = ("&#%d;", "&#x%x;")
_SQLITE = b"SQLite format 3\0"


def found_in(folder: Path, canary: str) -> list[Path]:
    """Return the files and folders below a folder that hold a canary, or have it in their names, sorted.

    It is looked for in UTF-8 and UTF-16, composed and decomposed, with ASCII letters of any case; in base64 at any
    offset (also broken into lines), hexadecimal, percent-encoding, and the escapes of JSON, HTML and Python. Looked
    into, one inside another: zip, tar, gzip, zlib, bzip2, xz, zstd, Parquet, PDF, SQLite (with its write-ahead log).
    What is cut off is read as far as it goes. One that is encrypted, or drawn as a picture, is not found.
    """
    canaries = _Spelled(canary)
    return [
        path
        for path in sorted(folder.rglob("*"))
        if canaries.are_in(str(path.relative_to(folder)).encode())
        or (path.is_file() and any(map(canaries.are_in, _layers(path))))
    ]


class _Spelled:
    """The ways to spell a canary: those that are exact, and those in which ASCII letters may be of any case."""

    def __init__(self, canary: str) -> None:
        assert len(canary) >= 6, "a shorter canary stands in any random bytes"
        exact, folded = set[bytes](), set[bytes]()
        for text in {canary, *(unicodedata.normalize(form, canary) for form in ("NFC", "NFD"))}:
            spelled = [json.dumps(text)[1:-1], html.escape(text), quote(text), quote(text, safe=""), quote_plus(text)]
            spelled += [
                "".join(letter if letter.isascii() else form % ord(letter) for letter in text) for form in _ENTITIES
            ]
            folded |= {text.encode("unicode_escape"), *(one.encode() for one in spelled)}
            for raw in (text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be")):
                folded |= {
                    raw,
                    repr(raw)[2:-1].encode(),
                    raw.hex().encode(),
                    b"".join(b"%%%02x" % byte for byte in raw),
                }
                for before in range(3):
                    encoded = base64.b64encode(bytes(before) + raw)
                    # The letters at both ends hang on what stands beside the canary.
                    kept = encoded[(before * 8 + 5) // 6 : (before + len(raw)) * 8 // 6]
                    exact |= {kept, kept.translate(bytes.maketrans(b"+/", b"-_"))}
        self._exact, self._folded = exact, {one.lower() for one in folded}

    def are_in(self, raw: bytes) -> bool:
        """Say whether the canary stands in bytes, as they are or with the ends of lines taken out."""
        for told in (raw, raw.translate(None, b"\r\n")):
            lower = told.lower()
            if any(one in told for one in self._exact) or any(one in lower for one in self._folded):
                return True
        return False


# ---- what is packed --------------------------------------------------------------------------------------------------


def _layers(path: Path) -> Iterator[bytes]:
    """Go through the bytes of a file, and all bytes that can be unpacked from it."""
    raw = path.read_bytes()
    beside = {end: path.with_name(path.name + end) for end in ("-wal", "-journal")}
    if raw.startswith(_SQLITE):
        yield raw
        yield from _read(lambda raw: _cells(raw, {e: p.read_bytes() for e, p in beside.items() if p.exists()}), raw, 0)
    else:
        yield from _unpacked(raw, 0)


def _unpacked(raw: bytes, depth: int) -> Iterator[bytes]:
    yield raw
    if depth < _DEEPEST:
        for mark, (at, unpack) in _PACKED.items():
            if raw.startswith(mark, at):
                yield from _read(unpack, raw, depth + 1)


def _read(unpack: Callable[[bytes], Iterator[bytes]], raw: bytes, depth: int) -> Iterator[bytes]:
    """Unpack as far as it goes: what only looks packed, or is cut off, was searched as it is."""
    try:
        for inner in unpack(raw):
            yield from _unpacked(inner, depth)
    except _NOT_PACKED:
        return


_NOT_PACKED = (
    OSError, ValueError, EOFError, KeyError, RuntimeError, NotImplementedError, zlib.error, lzma.LZMAError,
    zipfile.BadZipFile, tarfile.TarError, sqlite3.Error, pl.exceptions.PolarsError, PyPdfError,
)  # fmt: skip


def _inflated(raw: bytes) -> Iterator[bytes]:
    """Unpack gzip or zlib, piece after piece."""
    while raw:
        stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
        yield stream.decompress(raw, _LARGEST)
        raw = stream.unused_data


def _of_bzip2(raw: bytes) -> Iterator[bytes]:
    yield bz2.BZ2Decompressor().decompress(raw, _LARGEST)


def _of_xz(raw: bytes) -> Iterator[bytes]:
    yield lzma.LZMADecompressor().decompress(raw, _LARGEST)


def _of_zstd(raw: bytes) -> Iterator[bytes]:
    yield pa.CompressedInputStream(pa.BufferReader(raw), "zstd").read(_LARGEST)


def _members_of_zip(raw: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        yield packed.comment
        for member in packed.infolist():
            yield member.filename.encode() + b"\n" + member.comment
            with packed.open(member) as file:
                yield file.read(_LARGEST)


def _members_of_tar(raw: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(raw)) as packed:
        for member in packed:
            yield member.name.encode()
            if file := packed.extractfile(member):
                yield file.read(_LARGEST)


def _of_parquet(raw: bytes) -> Iterator[bytes]:
    """Unpack a table, and the cells of bytes in it."""
    table = pl.read_parquet(io.BytesIO(raw))
    plain = io.BytesIO()
    table.write_ipc(plain, compression="uncompressed", compat_level=pl.CompatLevel.oldest())
    yield plain.getvalue()
    for column in table.select(pl.col(pl.Binary)):
        yield from column.drop_nulls().to_list()


def _of_pdf(raw: bytes) -> Iterator[bytes]:
    for start in re.finditer(rb"stream\r?\n", raw):
        yield from _read(_inflated, raw[start.end() :], _DEEPEST)
    document = pypdf.PdfReader(io.BytesIO(raw))
    yield repr(dict(document.metadata or {})).encode()
    for page in document.pages:
        yield page.extract_text().encode("utf-8", "replace")


def _cells(raw: bytes, beside: Mapping[str, bytes]) -> Iterator[bytes]:
    """Go through the cells of a database: long ones lie scattered over its pages."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "copy")
        for end, content in {"": raw, **beside}.items():
            copy.with_name(copy.name + end).write_bytes(content)
        database = sqlite3.connect(copy)
        try:
            database.text_factory = bytes
            tables = database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for (name,) in tables:
                quoted = name.decode().replace('"', '""')
                for row in database.execute(f'SELECT * FROM "{quoted}"'):  # noqa: S608 (the name is quoted)
                    yield from (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
        finally:
            database.close()


# By the bytes that stand at a place of each.
_PACKED: Mapping[bytes, tuple[int, Callable[[bytes], Iterator[bytes]]]] = {
    b"PK": (0, _members_of_zip),
    b"\x1f\x8b": (0, _inflated),
    b"\x78": (0, _inflated),
    b"BZh": (0, _of_bzip2),
    b"\xfd7zXZ\x00": (0, _of_xz),
    b"\x28\xb5\x2f\xfd": (0, _of_zstd),
    b"ustar": (257, _members_of_tar),
    b"PAR1": (0, _of_parquet),
    b"%PDF-": (0, _of_pdf),
    _SQLITE: (0, lambda raw: _cells(raw, {})),
}
