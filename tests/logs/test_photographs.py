"""Photographs: what a camera writes into a picture goes, and the pixels stay as they are."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.logs.photographs import has_metadata, stripped
from trucewatch.problems import TrucewatchError

SECRET = b"33.1 N 36.1 E, by the heron"


def segment(marker: int, told: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(told) + 2) + told


def chunk(kind: bytes, told: bytes) -> bytes:
    return struct.pack(">I", len(told)) + kind + told + struct.pack(">I", zlib.crc32(kind + told))


JFIF = segment(0xE0, b"JFIF\x00\x01\x02\x00\x00\x48\x00\x48\x00\x00")
TABLES = segment(0xDB, b"\x00" * 65) + segment(0xC2, b"\x08\x00\x01\x00\x01\x01\x01\x11\x00")
SCAN = segment(0xC4, b"\x00" * 17) + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd3\x56"
ADOBE = segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x01")
END = b"\xff\xd9"
JPEG = b"\xff\xd8" + JFIF + TABLES + ADOBE + SCAN + SCAN + END  # two scans, as one that loads step by step has
OWN = (
    segment(0xE1, b"Exif\x00\x00" + SECRET),
    segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00" + SECRET),
    segment(0xE2, b"ICC_PROFILE\x00" + SECRET),
    segment(0xED, b"Photoshop 3.0\x00" + SECRET),
    segment(0xFE, SECRET),
    segment(0xE0, b"JFXX\x00\x10" + SECRET),
    segment(0xEE, b"Adobe" + SECRET),
    segment(0xE0, b"JFIF\x00\x01\x02\x00\x00\x48\x00\x48\x01\x09" + SECRET),
    segment(0xEF, SECRET),
)
HEAD = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\x00\x01\x02\x03"))
PNG = b"\x89PNG\r\n\x1a\n" + HEAD + chunk(b"gAMA", b"\x00\x00\xb1\x8f") + PIXELS + chunk(b"IEND", b"")
TIME = chunk(b"tIME", b"\x07\xe2\x06\x02\x0a\x00\x00")
NOTES = (chunk(b"tEXt", SECRET), chunk(b"eXIf", SECRET), chunk(b"iTXt", SECRET), TIME)


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures") / "one"


@pytest.mark.parametrize("whole", [JPEG, PNG], ids=["jpeg", "png"])
def test_a_picture_without_metadata_stays_as_it_is(picture: Path, whole: bytes) -> None:
    picture.write_bytes(whole)
    assert stripped(picture) == whole
    assert not has_metadata(picture)


@given(st.integers(0, 3), st.sets(st.sampled_from(OWN), min_size=1))
def test_what_a_camera_wrote_into_a_jpeg_goes(picture: Path, at: int, own: set[bytes]) -> None:
    parts = [b"\xff\xd8", JFIF + TABLES + ADOBE, SCAN, SCAN]
    parts.insert(at + 1, b"".join(sorted(own)))
    picture.write_bytes(b"".join(parts) + END)
    assert has_metadata(picture)
    assert stripped(picture) == JPEG


@given(st.sets(st.sampled_from(NOTES), min_size=1), st.booleans())
def test_what_was_written_into_a_png_goes(picture: Path, notes: set[bytes], is_behind: bool) -> None:
    head, rest = PNG[: 8 + len(HEAD)], PNG[8 + len(HEAD) : -12]
    told = b"".join(sorted(notes))
    picture.write_bytes(head + (b"" if is_behind else told) + rest + (told if is_behind else b"") + PNG[-12:])
    assert has_metadata(picture)
    assert stripped(picture) == PNG


@pytest.mark.parametrize("whole", [JPEG, PNG], ids=["jpeg", "png"])
def test_what_follows_the_end_goes(picture: Path, whole: bytes) -> None:
    picture.write_bytes(whole + SECRET)
    assert has_metadata(picture)
    assert stripped(picture) == whole


@given(st.sampled_from([JPEG, PNG]), st.data())
def test_a_picture_that_is_cut_off_is_refused(picture: Path, whole: bytes, data: st.DataObject) -> None:
    picture.write_bytes(whole[: data.draw(st.integers(8, len(whole) - 1))])
    with pytest.raises(TrucewatchError, match="damaged"):
        stripped(picture)


def test_a_png_that_was_altered_is_refused(picture: Path) -> None:
    picture.write_bytes(PNG.replace(b"\xb1\x8f", b"\xb1\x90"))
    with pytest.raises(TrucewatchError, match="damaged"):
        has_metadata(picture)


@pytest.mark.parametrize("whole", [b"", b"GIF89a", b"RIFF\x10\x00\x00\x00WEBP", b"\x00\x00\x00\x18ftypheic"])
def test_other_formats_are_refused_with_what_to_do(picture: Path, whole: bytes) -> None:
    picture.write_bytes(whole)
    with pytest.raises(TrucewatchError, match="neither a JPEG nor a PNG; save it as one"):
        stripped(picture)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrucewatchError, match="cannot be read"):
        stripped(tmp_path / "gone.jpg")


def test_the_pixels_of_a_real_picture_stay(picture: Path) -> None:
    real = (Path(__file__).parents[2] / "docs" / "sitrep.png").read_bytes()
    picture.write_bytes(real[:33] + NOTES[0] + real[33:])
    assert SECRET not in stripped(picture)
    assert pixels(stripped(picture)) == pixels(real) != b""


def pixels(picture: bytes) -> bytes:
    at, told = 8, b""
    while at < len(picture):
        length, kind = struct.unpack_from(">I4s", picture, at)
        told += picture[at + 8 : at + 8 + length] if kind == b"IDAT" else b""
        at += 12 + length
    return zlib.decompress(told)
