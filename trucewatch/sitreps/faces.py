"""Faces: the typefaces that a printed sitrep is set in, and which characters they can draw.

FiraGO (SIL Open Font License) has Latin, Cyrillic, Greek, Arabic and Hebrew letters of one design. It comes with the
program, so that a page looks the same wherever it is made; a face that happens to be installed is never taken.
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache

from pymupdf_fonts import myfont

from trucewatch.sitreps.languages import seen

FAMILY = "FiraGO"
_REGULAR, _BOLD = "figo", "figbo"
_UNKNOWN = "?"


@cache
def faces() -> dict[str, bytes]:
    """Return the font files by their names: regular and bold."""
    return {f"{name}.ttf": myfont(name) for name in (_REGULAR, _BOLD)}


def drawn(text: str) -> str:
    """Return a text of which every character can be drawn; one that cannot is named by its number.

    >>> drawn("shelling \\U0001f4a5 near Nawa")
    'shelling [U+1F4A5] near Nawa'
    """
    known = _drawable()
    return "".join(c if ord(c) in known else _named(c) for c in seen(text))


def _named(character: str) -> str:
    if unicodedata.category(character) == "Zs":
        return " "
    return _UNKNOWN if character == "\ufffd" else f"[U+{ord(character):04X}]"


@cache
def _drawable() -> frozenset[int]:
    held = [_characters(font) for font in faces().values()]
    return frozenset.intersection(*held) | {ord("\n")}


def _characters(font: bytes) -> frozenset[int]:
    """Return the code points that a font has glyphs for, by its `cmap` table (ISO/IEC 14496-22, 5.2.1), formats 4 and
    12.
    """
    tables = {
        font[at : at + 4]: struct.unpack_from(">II", font, at + 8) for at in range(12, 12 + 16 * _u16(font, 4), 16)
    }
    start, _ = tables[b"cmap"]
    found: set[int] = set()
    for at in range(start + 4, start + 4 + 8 * _u16(font, start + 2), 8):
        platform, encoding, offset = struct.unpack_from(">HHI", font, at)
        if (platform, encoding) not in ((0, 3), (0, 4), (3, 1), (3, 10)):
            continue
        table = start + offset
        if _u16(font, table) == 4:
            found |= _segments(font, table)
        elif _u16(font, table) == 12:
            groups = (struct.unpack_from(">III", font, table + 16 + 12 * n) for n in range(_u32(font, table + 12)))
            found |= {code for first, last, _ in groups for code in range(first, last + 1)}
    return frozenset(found)


def _segments(font: bytes, table: int) -> set[int]:
    """Return the code points of a `cmap` table of format 4 that do not stand for the missing glyph."""
    twice = _u16(font, table + 6)
    ends, starts = table + 14, table + 16 + twice
    found = set()
    for at in range(0, twice, 2):
        first, last, delta = _u16(font, starts + at), _u16(font, ends + at), _u16(font, starts + twice + at)
        place = starts + 2 * twice + at
        skip = _u16(font, place)
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = _u16(font, place + skip + 2 * (code - first)) if skip else code
            if (glyph + delta) % 65536 if not skip or glyph else 0:
                found.add(code)
    return found


def _u16(font: bytes, at: int) -> int:
    return int.from_bytes(font[at : at + 2], "big")


def _u32(font: bytes, at: int) -> int:
    return int.from_bytes(font[at : at + 4], "big")
