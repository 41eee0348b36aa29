"""Objects: the records of a delimited text written as JSON objects (RFC 8259) of their filled columns, one a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trucewatch.kernels.compiled import frozen, kernel

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Positions = npt.NDArray[np.uint64]

_PIECE = 8 * 2**20
# At most so many bytes does JSON make of one.
_WIDEST = 6
# Compiled code looks up no place from the end where a position cannot be negative.
_0, _1, _2, _3, _4, _6 = (np.uint64(number) for number in (0, 1, 2, 3, 4, 6))
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
# What follows the backslash for each byte; 0: the byte stands as it is.
_ESCAPES = np.zeros(256, dtype=np.uint8)
_ESCAPES[:32] = ord("u")
for _byte, _letter in zip(b'\b\t\n\f\r"\\', b'btnfr"\\', strict=True):
    _ESCAPES[_byte] = _letter


def json_lines(
    raw: bytes, starts: Places, ends: Places, names: Sequence[str], separator: str, quotes: bool
) -> Iterator[bytes]:
    """Write each record as a line: a JSON object of its filled columns, sorted by name; some lines at a time.

    A record lies from its start to its end in the text, without the line's end, has one field for each name, and its
    quotes pair: a field is quoted as RFC 4180 has it, or not at all. Nothing but what is escaped stands in a line, so
    no line holds another's end.
    """
    order = sorted(range(len(names)), key=names.__getitem__)
    leads = [f"{json.dumps(names[i], ensure_ascii=False)}:".encode() + b'"' for i in order]
    longest = int((ends - starts).max(initial=0))
    lead_ends = np.cumsum([0, *map(len, leads)])
    overhead = int(lead_ends[-1]) + 2 * len(names) + 3
    piece = np.empty(max(_PIECE, _WIDEST * longest + overhead), dtype=np.uint8)
    done, fast = 0, write_objects.fast()
    while done < len(starts):
        until, size = fast(
            frozen(np.frombuffer(raw, np.uint8), np.uint8),
            frozen(starts, np.uint64),
            frozen(ends, np.uint64),
            done,
            ord(separator),
            34 if quotes else -1,
            frozen(order, np.int64),
            frozen(np.frombuffer(b"".join(leads), np.uint8), np.uint8),
            frozen(lead_ends, np.uint64),
            np.uint64(overhead),
            frozen(_ESCAPES, np.uint8),
            piece,
        )
        yield piece[:size].tobytes()
        done = until


@kernel
def write_objects(
    raw: Bytes, starts: Positions, ends: Positions, first: int, separator: int, quote: int,
    order: Places, leads: Bytes, lead_ends: Positions, overhead: np.uint64, escapes: Bytes,
    piece: Bytes,
) -> tuple[int, np.uint64]:  # fmt: skip
    """Write records from the first on, until there is no room; return the next record and how much was written."""
    width, room = len(order), np.uint64(len(piece))
    begins, stops = np.empty(width, dtype=np.uint64), np.empty(width, dtype=np.uint64)
    size = _0
    for row in range(first, len(starts)):
        at, end = starts[row], ends[row]
        if size + _6 * (end - at) + overhead > room:
            return row, size
        for i in range(width):
            is_quoted = at < end and raw[at] == quote
            stop = at + _1 if is_quoted else at
            begins[i] = stop
            if is_quoted:
                # A quote in a quoted field is doubled; what is left of it is sorted out when it is written.
                while stop < end and (raw[stop] != quote or (stop + _1 < end and raw[stop + _1] == quote)):
                    stop += _2 if raw[stop] == quote else _1
                stops[i] = stop
                at = stop + _2
            else:
                while stop < end and raw[stop] != separator:
                    stop += _1
                at = stop + _1
                stops[i] = stop - _1 if stop > begins[i] and raw[stop - _1] == 13 else stop
        piece[size] = 123
        size += _1
        any_written = False
        for place in range(width):
            i = order[place]
            at, stop = begins[i], stops[i]
            if at >= stop:
                continue
            if any_written:
                piece[size] = 44
                size += _1
            any_written = True
            lead, lead_end = lead_ends[place], lead_ends[place + 1]
            while lead < lead_end:
                piece[size] = leads[lead]
                size += _1
                lead += _1
            is_quoted = at > _0 and raw[at - _1] == quote
            while at < stop:
                byte = raw[at]
                escape = escapes[byte]
                if escape == 0:
                    piece[size] = byte
                    size += _1
                else:
                    piece[size], piece[size + _1] = 92, escape
                    size += _2
                    if escape == 117:
                        piece[size], piece[size + _1] = 48, 48
                        piece[size + _2], piece[size + _3] = _DIGITS[byte >> 4], _DIGITS[byte & 15]
                        size += _4
                    if is_quoted and byte == quote:
                        at += _1
                at += _1
            piece[size] = 34
            size += _1
        piece[size], piece[size + _1] = 125, 10
        size += _2
    return len(starts), size
