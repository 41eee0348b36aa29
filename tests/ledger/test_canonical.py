"""Canonical bytes: one spelling for each value, and no other is read."""

from __future__ import annotations

import json
import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.ledger.canonical import Json, NotCanonical, canonical, read_canonical

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
PART = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: not 2**53 <= abs(x) < 1e21)
VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | WHOLE | PART | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_back(value: Json) -> None:
    raw = canonical(value)
    assert read_canonical(raw) == value
    assert canonical(read_canonical(raw)) == raw
    assert json.loads(raw) == value


@given(VALUES)
def test_any_other_spelling_is_refused(value: Json) -> None:
    raw = canonical(value)
    for indent, separators in ((None, None), (1, (",", ":"))):
        other = json.dumps(value, indent=indent, separators=separators, ensure_ascii=False).encode()
        if other != raw:
            with pytest.raises(NotCanonical):
                read_canonical(other)
    for other in (raw + b"\n", b" " + raw, b"\xef\xbb\xbf" + raw):
        with pytest.raises(NotCanonical):
            read_canonical(other)


# RFC 8785 section 3.2.3 and appendix B: doubles as their bits, and how they are spelled.
NUMBERS = {
    "0000000000000000": "0",
    "8000000000000000": "0",
    "0000000000000001": "5e-324",
    "8000000000000001": "-5e-324",
    "7fefffffffffffff": "1.7976931348623157e+308",
    "44b52d02c7e14af5": "9.999999999999997e+22",
    "44b52d02c7e14af6": "1e+23",
    "44b52d02c7e14af7": "1.0000000000000001e+23",
    "3eb0c6f7a0b5ed8d": "0.000001",
    "3eb0c6f7a0b5ed8c": "9.999999999999997e-7",
    "41b3de4355555553": "333333333.3333332",
    "41b3de4355555554": "333333333.33333325",
    "becbf647612f3696": "-0.0000033333333333333333",
    "43143ff3c1cb0959": "1424953923781206.2",
}


@pytest.mark.parametrize(("bits", "spelled"), NUMBERS.items())
def test_numbers_are_spelled_as_the_standard_lists_them(bits: str, spelled: str) -> None:
    number: float = struct.unpack(">d", bytes.fromhex(bits))[0]
    assert canonical(number).decode() == spelled
    assert read_canonical(spelled.encode()) == number


def test_names_are_ordered_and_texts_escaped_as_the_standard_shows() -> None:
    value: Json = {
        "\u20ac": "Euro",
        "\r": "Return",
        "\ufb33": "Dalet",
        "1": "One",
        "\U0001f600": "Face",
        "\x80": "C",
        "ö": "o",
    }
    names = list(json.loads(canonical(value)))
    assert names == ["\r", "1", "\x80", "ö", "\u20ac", "\U0001f600", "\ufb33"]
    assert canonical('\u20ac$\x0f\nA\'B"\\\\"/').decode() == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"NaN",
        b"-Infinity",
        b"Infinity",
        b"1e999",
        b"-0",
        b"1.0",
        b"01",
        b"9007199254740992",
        b"-9007199254740992",
        b"100000000000000000000",
        b"9" * 5000,
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b'{"a":1,}',
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b'"\\u0041"',
        b'"\\/"',
        b"1 2",
        b"\x00",
        '"a"'.encode("utf-16"),
        b"[" * 65 + b"]" * 65,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000,
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_what_can_be_read_in_two_ways_is_refused(raw: bytes) -> None:
    with pytest.raises(NotCanonical):
        read_canonical(raw)


def nested(depth: int) -> Json:
    value: Json = None
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        2**53,
        -(2**53),
        1e20,
        "\ud800",
        {"\udc00": 1},
        {1: 2},
        {None: 2},
        b"bytes",
        {1, 2},
        object(),
        nested(65),
        nested(5000),
    ],
    ids=lambda value: repr(type(value)),
)
def test_what_could_not_be_read_again_is_not_written(value: Json) -> None:
    with pytest.raises(NotCanonical):
        canonical(value)


def test_it_may_be_sixty_four_levels_deep() -> None:
    assert read_canonical(canonical(nested(64))) == nested(64)


@given(st.binary(max_size=60) | st.text(alphabet='{}[]",:0123456789eE+-.\\u dnultrfas\n', max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = read_canonical(raw)
    except NotCanonical:
        return
    assert canonical(value) == raw
