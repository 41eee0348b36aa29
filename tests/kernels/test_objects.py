"""Objects: what the kernel writes is what json does with the fields that csv reads, compiled or plain."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trucewatch.kernels import objects
from trucewatch.kernels.compiled import Kernel
from trucewatch.kernels.objects import json_lines

CELL = st.text(st.sampled_from('ab",;\\/\n\t\x01\x08\x0c\x1f\x7fé حلب\U0001f54a'), max_size=12)
NAME = st.sampled_from(["act", "b", "é", 'a "name"', "back\\slash", "Z", "z"])
TABLE = st.lists(NAME, min_size=1, max_size=4, unique=True).flatmap(
    lambda names: st.tuples(
        st.just(names), st.lists(st.lists(CELL, min_size=len(names), max_size=len(names)), min_size=1, max_size=6)
    )
)
AWKWARD = (["z", "act"], [['"', ""], ["", ""], ["\\", 'say ""'], ["\n", "a,b"], ["\x1f\x7f", "حلب"]])


def written(rows: list[list[str]], separator: str = ",", returns: bool = False) -> tuple[bytes, list[int], list[int]]:
    """Write rows as CSV; return the text and where each record begins and ends, without the line's end."""
    raw, starts, ends = b"", [], []
    for row in rows:
        line = io.StringIO()
        csv.writer(line, delimiter=separator, lineterminator="").writerow(row)
        starts.append(len(raw))
        raw += line.getvalue().encode() + (b"\r" if returns else b"")
        ends.append(len(raw))
        raw += b"\n"
    return raw, starts, ends


def lines(names: list[str], rows: list[list[str]], separator: str = ",", returns: bool = False) -> list[str]:
    raw, *spans = written(rows, separator, returns)
    starts, ends = (np.array(places, dtype=np.int64) for places in spans)
    return b"".join(json_lines(raw, starts, ends, names, separator, True)).decode().split("\n")[:-1]


def known(names: list[str], row: list[str]) -> str:
    filled = {name: cell for name, cell in zip(names, row, strict=True) if cell}
    return json.dumps(filled, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@given(TABLE, st.sampled_from(",;\t"), st.booleans())
@example(AWKWARD, ",", True)
@settings(max_examples=200)
def test_a_line_is_the_filled_columns_as_json(
    table: tuple[list[str], list[list[str]]], separator: str, returns: bool
) -> None:
    names, rows = table
    assert lines(names, rows, separator, returns) == [known(names, row) for row in rows]


def test_a_return_ends_no_field() -> None:
    raw = b"one\r,two\r"
    (line,) = json_lines(raw, np.array([0]), np.array([len(raw)]), ["b", "a"], ",", False)
    assert json.loads(line) == {"a": "two", "b": "one"}


def test_where_quotes_mean_nothing_they_stay() -> None:
    raw = b'"one""\ttwo"'
    (line,) = json_lines(raw, np.array([0]), np.array([len(raw)]), ["b", "a"], "\t", False)
    assert json.loads(line) == {"a": 'two"', "b": '"one""'}


def test_what_has_no_room_comes_in_the_next_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    names, rows = AWKWARD
    whole = lines(names, rows * 20)
    monkeypatch.setattr(objects, "_PIECE", 1)
    raw, *spans = written(rows * 20)
    starts, ends = (np.array(places, dtype=np.int64) for places in spans)
    pieces = list(json_lines(raw, starts, ends, names, ",", True))
    assert len(pieces) > 20 and b"".join(pieces).decode().split("\n")[:-1] == whole


def test_the_plain_form_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    names, rows = AWKWARD
    monkeypatch.setattr(Kernel, "fast", lambda self: self.plain)
    assert lines(names, rows) == [known(names, row) for row in rows]
