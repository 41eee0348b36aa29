"""Photographs: a picture without what its camera wrote into it.

A camera notes where, when, by which device and at times by whom a picture was taken, and that leads to whoever took it.
JPEG (ITU-T T.81, annex B) and PNG (W3C, Portable Network Graphics, third edition, 2025, section 11) are made of marked
parts; those that the pixels need are kept as they stand, every other one is left out, and so is what follows the end.
Nothing is decoded, so the picture is the same. What the pixels show, faces and skylines, is there still.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from trucewatch.problems import TrucewatchError

_JPEG, _PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
_END_OF_IMAGE, _START_OF_SCAN = 0xD9, 0xDA
# Frames and tables (C0 to CF), quantisation, lines, restarts (DB to DD), and a scan.
_NEEDED = frozenset([*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, _START_OF_SCAN]) - {0xC8}
_JFIF, _JFIF_LENGTH = b"JFIF\x00", 14  # without a small picture of the picture
_ADOBE, _ADOBE_LENGTH = b"Adobe", 12  # says how colours are written
_PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"IDAT", b"IEND")


def has_metadata(path: Path) -> bool:
    """Say whether a picture holds anything but itself; raises TrucewatchError for a file that is no JPEG or PNG."""
    return stripped(path) != _read(path)


def stripped(path: Path) -> bytes:
    """Return a picture (JPEG or PNG) without its metadata, its pixels unchanged.

    A note that it is to be shown turned goes too: turn it before. Raises TrucewatchError for a file that cannot be
    read, is neither, or is damaged.
    """
    picture = _read(path)
    try:
        if picture.startswith(_JPEG):
            return _JPEG + b"".join(_jpeg_parts(picture))
        if picture.startswith(_PNG):
            return _PNG + b"".join(_png_parts(picture))
    except (IndexError, struct.error, _Damaged):
        raise TrucewatchError(f"{path}: is damaged, or cut off; take the original again") from None
    raise TrucewatchError(f"{path}: is neither a JPEG nor a PNG; save it as one of them")


class _Damaged(Exception):
    """A picture whose parts do not follow each other as they must."""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as fault:
        raise TrucewatchError(f"{path}: cannot be read ({fault.strerror})") from None


def _jpeg_parts(picture: bytes) -> Iterator[bytes]:
    """Go through what is kept of a JPEG after its first marker."""
    at = len(_JPEG)
    while True:
        if picture[at] != 0xFF:
            raise _Damaged
        while picture[at + 1] == 0xFF:  # markers may be led by fill bytes
            at += 1
        marker = picture[at + 1]
        if marker == _END_OF_IMAGE:
            yield bytes((0xFF, marker))
            return
        (length,) = struct.unpack_from(">H", picture, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(picture):
            raise _Damaged
        if _is_needed(marker, picture[at + 4 : end]):
            yield picture[at:end]
        at = end
        if marker == _START_OF_SCAN:
            at = _scan_end(picture, end)
            yield picture[end:at]


def _is_needed(marker: int, told: bytes) -> bool:
    if marker == 0xE0:
        return told.startswith(_JFIF) and len(told) == _JFIF_LENGTH
    if marker == 0xEE:
        return told.startswith(_ADOBE) and len(told) == _ADOBE_LENGTH
    return marker in _NEEDED


def _scan_end(picture: bytes, at: int) -> int:
    """Return where the data of a scan end: at the first marker that is no restart (D0 to D7) and no stuffed zero."""
    while (at := picture.find(b"\xff", at)) >= 0:
        if picture[at + 1] and picture[at + 1] not in range(0xD0, 0xD8):
            return at
        at += 2
    raise _Damaged


def _png_parts(picture: bytes) -> Iterator[bytes]:
    """Go through what is kept of a PNG after its signature."""
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", picture, at)
        end = at + 12 + length
        (told,) = struct.unpack_from(">I", picture, end - 4)
        if zlib.crc32(picture[at + 4 : end - 4]) != told:
            raise _Damaged
        if kind in _PNG_NEEDED:
            yield picture[at:end]
        at = end
