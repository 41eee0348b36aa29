"""Rows: what stands in a file, row by row, as text, each with the line it begins on."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.kernels.compiled import is_fast_available
from trucewatch.kernels.objects import json_lines
from trucewatch.problems import FileFault, Problem

MOST_FIELD_BYTES = 1_000_000
BLOCK_BYTES = 48 * 2**20
_MOST_FILE_BYTES = 8 * 2**30
_MOST_BROKEN = 1_000
_CHUNK = 32 * 2**20
_BEGINNING = 2**20
# A stretch whose marks are looked at together: small enough to stay in the cache.
_STRETCH = 2**17
_ODD_STRETCH = 2**16
# From this many rows on writing them is worth compiled code.
_MANY = 20_000

Positions = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Taken = TypeVar("Taken")


class Form(StrEnum):
    """The forms of file that are read; each may also be packed with gzip."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"  # an array of objects, or one object on each line
    GEOJSON = "geojson"


@dataclass(frozen=True, slots=True)
class LooksLike:
    """A kind of file that is easily taken for another, known by its columns or their number, and what it is."""

    columns: tuple[str, ...]
    width: int
    what: str


@dataclass(frozen=True, slots=True)
class Shape:
    """How a file is laid out.

    `columns` names the columns of a file without a header, one list for each width that occurs; empty: the first line
    names them. `rows_under` is the key of a JSON object under which the rows stand. `not_these` are refused by name.
    """

    form: Form = Form.CSV
    separator: str = ","
    quotes: bool = True
    columns: tuple[tuple[str, ...], ...] = ()
    rows_under: str = ""
    not_these: tuple[LooksLike, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows that could be taken apart: `frame` holds text only ("" where empty), `lines` the line each begins on.

    `problems` has one entry for each row that could not. Of a large file `frame` may hold only the columns that were
    asked for; then `names` has all of them, and `written` the rows as `content` writes them.
    """

    frame: pl.DataFrame
    lines: pl.Series
    problems: tuple[Problem, ...] = ()
    written: pl.Series | None = None
    names: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """The columns of the file."""
        return list(self.names) or self.frame.columns

    def content(self) -> pl.Series:
        """Write each row as a JSON object of its filled columns: the same whatever else stands in the file."""
        return _as_json(self.frame) if self.written is None else self.written


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where each record of a delimited text begins, where its line ends, which line it begins on, and its columns."""

    starts: Positions
    ends: Positions
    lines: Positions
    widths: Positions
    even: Flags  # its quotes pair as they should, so that a plain reader reads it right
    broken: tuple[int, ...] = ()  # lines that belong to no record

    def where(self, chosen: Flags) -> _Layout:
        """Return some of the records, without what is broken."""
        return _Layout(
            self.starts[chosen], self.ends[chosen], self.lines[chosen], self.widths[chosen], self.even[chosen]
        )

    @classmethod
    def of(cls, parts: list[_Layout]) -> _Layout:
        """Return several layouts as one."""
        return cls(
            np.concatenate([part.starts for part in parts]),
            np.concatenate([part.ends for part in parts]),
            np.concatenate([part.lines for part in parts]),
            np.concatenate([part.widths for part in parts]),
            np.concatenate([part.even for part in parts]),
            tuple(line for part in parts for line in part.broken),
        )


def read_rows(path: Path, shape: Shape, block_bytes: int = BLOCK_BYTES) -> Rows:
    """Read every row of a file as text.

    Raises FileFault for a file that is missing, empty, truncated, not UTF-8, or not of this shape.
    """
    blocks = take_rows(path, shape, lambda rows: rows, block_bytes)
    problems = sorted(problem for block in blocks for problem in block.problems)
    frame, lines = (pl.concat([block.frame for block in blocks]), pl.concat([block.lines for block in blocks]))
    return Rows(frame, lines, tuple(problems))


def take_rows(
    path: Path,
    shape: Shape,
    take: Callable[[Rows], Taken],
    block_bytes: int = BLOCK_BYTES,
    threads: int = 2,
    wanted: Collection[str] = (),
) -> list[Taken]:
    """Take a file through a function, some rows at a time, and return what came of each part in the file's order.

    A part is about `block_bytes` of whole records; a file of more than one is read on several threads, so the function
    must look at nothing but its rows. Where only some columns are `wanted`, the others may be left out. There is always
    one part, and every part has the same columns. Raises FileFault as `read_rows` does; what is wrong with the file as
    a whole is told before what the function raises.
    """
    raw = _read_bytes(path)
    if shape.form in (Form.JSON, Form.GEOJSON):
        return [take(_read_json(raw.decode("utf-8"), path.name, shape))]
    blocks = _Blocks(raw, path.name, shape, block_bytes, frozenset(wanted)).read()
    first, second = next(blocks), next(blocks, None)
    if second is None:
        return [take(first())]
    taken: list[Taken] = []
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque([pool.submit(_taken, take, first), pool.submit(_taken, take, second)])
        for block in blocks:
            waiting.append(pool.submit(_taken, take, block))
            # No more is read ahead than keeps every thread busy.
            while len(waiting) > threads + 1:
                taken.append(_answer(waiting.popleft(), blocks))
        return taken + [_answer(part, blocks) for part in waiting]


def _taken(take: Callable[[Rows], Taken], block: Callable[[], Rows]) -> Taken:
    return take(block())


def _answer(part: Future[Taken], blocks: Iterator[Callable[[], Rows]]) -> Taken:
    try:
        return part.result()
    except FileFault:
        deque(blocks, maxlen=0)
        raise


def read_header(path: Path, shape: Shape) -> list[str]:
    """Return the names of a file's columns; where it has no header, those that a row as wide as its first would have.

    Raises FileFault as `read_rows` does.
    """
    raw = _read_beginning(path)
    is_json = raw.lstrip()[:1] in (b"[", b"{")
    if shape.form in (Form.JSON, Form.GEOJSON):
        return read_rows(path, shape).frame.columns if is_json else []
    first = [] if is_json else _split_line(raw.partition(b"\n")[0], shape)
    if shape.columns:
        return next((list(names) for names in shape.columns if len(names) == len(first)), [""] * len(first))
    return _header_names(first)


def _read_beginning(path: Path) -> bytes:
    """Read enough of a text to hold its first line; one that looks like no text is read whole, so that it is told."""
    try:
        with path.open("rb") as plain:
            is_packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            beginning = gzip.GzipFile(fileobj=plain).read(_BEGINNING) if is_packed else plain.read(_BEGINNING)
        return _as_text(beginning[: beginning.rfind(b"\n") + 1] or beginning, path.name)
    except (OSError, EOFError, zlib.error, FileFault):
        return _read_bytes(path)


def _read_bytes(path: Path) -> bytes:
    name = path.name
    try:
        if path.is_dir():
            raise FileFault(f"{name}: is a folder, not a file")
        raw = path.read_bytes()
    except OSError as fault:
        raise FileFault(f"{name}: cannot be read ({fault.strerror})") from None
    if raw.startswith(b"\x1f\x8b"):
        raw = _unpack(raw, name)
    elif path.suffix == ".gz" and raw:
        raise FileFault(f"{name}: is not packed with gzip, though its name says so")
    return _as_text(raw, name)


def _unpack(raw: bytes, name: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        with gzip.open(io.BytesIO(raw)) as packed:
            while part := packed.read(_CHUNK):
                parts.append(part)
                size += len(part)
                if size > _MOST_FILE_BYTES:
                    raise FileFault(f"{name}: unpacks to more than {_MOST_FILE_BYTES // 2**30} GiB")
    except EOFError:
        raise FileFault(f"{name}: is truncated: the packed file ends too soon; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error) as fault:
        raise FileFault(f"{name}: cannot be unpacked ({fault}); fetch it again") from None
    return b"".join(parts)


def _as_text(raw: bytes, name: str) -> bytes:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileFault(f"{name}: not UTF-8 text but UTF-16; save it as UTF-8")
    if raw.startswith(b"PK\x03\x04"):
        raise FileFault(f"{name}: is a zip archive or a workbook; unpack it, or save the sheet as CSV")
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    if not raw or raw.isspace():
        raise FileFault(f"{name}: is empty")
    if (at := raw.find(b"\0")) >= 0:
        raise FileFault(f"{name}:{_line_at(raw, at)}: holds a NUL byte; this is no text")
    if not raw.isascii():
        try:
            raw.decode("utf-8")
        except UnicodeDecodeError as fault:
            raise FileFault(f"{name}:{_line_at(raw, fault.start)}: not UTF-8 text; save it as UTF-8") from None
    return raw if b"\n" in raw else raw.replace(b"\r", b"\n")


def _line_at(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


@dataclass(slots=True)
class _Blocks:
    """A delimited text while it is read block by block, and what is known of it so far."""

    raw: bytes
    name: str
    shape: Shape
    block_bytes: int
    wanted: frozenset[str] = frozenset()
    at: int = 0
    line: int = 1
    broken: int = 0

    def read(self) -> Iterator[Callable[[], Rows]]:
        """Go through the blocks: for each a function that takes its records apart."""
        layout = self._lay_out()
        while not (len(layout.starts) or layout.broken) and self.at < len(self.raw):
            layout = self._lay_out()
        header, names = self._names_by_width(layout)
        layout = layout if header is None else _without_first(layout)
        widths, any_fits = np.zeros(0, dtype=np.int64), False
        while True:
            widths = np.concatenate((widths, layout.widths)) if not any_fits else widths
            any_fits = any_fits or bool(np.isin(layout.widths, list(names)).any())
            if self.at >= len(self.raw) and len(widths) and not any_fits:
                _refuse_others([""] * int(np.bincount(widths).argmax()), self.shape, self.name)
                raise FileFault(f"{self.name}: {_wrong_throughout(widths, list(names), self.raw, self.shape)}")
            yield partial(_take_apart, self.raw, self.name, layout, names, self.shape, self.wanted)
            if self.at >= len(self.raw):
                return
            layout = self._lay_out()

    def _names_by_width(self, layout: _Layout) -> tuple[list[str] | None, dict[int, tuple[str, ...]]]:
        """Return the header, if there is one, and the names of the columns for each number of columns."""
        if self.shape.columns:
            return None, {len(names): names for names in self.shape.columns}
        # A first line whose quotes do not pair is no header.
        if not len(layout.starts) or (layout.broken and layout.broken[0] < layout.lines[0]):
            raise FileFault(f"{self.name}:1: the header cannot be read: its quotes do not pair")
        line = self.raw[layout.starts[0] : layout.ends[0]].removesuffix(b"\r")
        header = _header_names(_split_line(line, self.shape))
        _check_header(self.raw, int(layout.ends[0]), line, header, self.name)
        _refuse_others(header, self.shape, self.name)
        return header, {len(header): tuple(header)}

    def _lay_out(self) -> _Layout:
        """Find the records of the next block."""
        parts: list[_Layout] = []
        begin = self.at
        while self.at < len(self.raw) and (not parts or self.at - begin < self.block_bytes):
            part = self._lay_out_even()
            parts.append(self._lay_out_slowly() if part is None else part)
        return _Layout.of(parts)

    def _lay_out_even(self) -> _Layout | None:
        """Find records by their marks: a line or column ends where an even number of quotes came before.

        Stops before the first record whose quotes do not pair as they should; None where that is the next one.
        """
        stop = min(self.at + min(_STRETCH, self.block_bytes), len(self.raw))
        if not self.shape.quotes and stop < len(self.raw):
            stop = (self.raw.find(b"\n", stop) + 1) or len(self.raw)
        text = np.frombuffer(self.raw, np.uint8, stop - self.at, self.at)
        separator = ord(self.shape.separator)
        is_mark = (text == 10) | (text == separator)
        marks = np.flatnonzero(is_mark | (text == 34) if self.shape.quotes else is_mark)
        kinds = text[marks]
        separates, line_ends = kinds == separator, np.flatnonzero(kinds == 10)
        ending, limit, is_open = np.arange(len(line_ends)), len(text), False
        if self.shape.quotes:
            quotes = np.flatnonzero(kinds == 34)
            # Only whether it is odd counts, and that survives where eight bits run over.
            outside = np.cumsum(kinds == 34, dtype=np.uint8) & 1 == 0
            separates &= outside
            limit = self._first_odd(text, marks[quotes], ~outside[quotes])
            ending = np.flatnonzero(outside[line_ends] & (marks[line_ends] < limit))
            is_open = len(outside) > 0 and not outside[-1]
        ends = marks[line_ends[ending]]
        columns = np.cumsum(separates, dtype=np.int64)
        before = columns[line_ends[ending]]
        lines = self.line + ending + 1
        if stop == len(self.raw) and limit == len(text) and not is_open and not self.raw.endswith(b"\n"):
            ends, lines = np.append(ends, len(text)), np.append(lines, self.line + len(line_ends))
            before = np.append(before, columns[-1] if len(columns) else 0)
        if not len(ends):
            return None
        layout = _Layout(
            starts=np.concatenate(([0], ends[:-1] + 1)) + self.at,
            ends=ends + self.at,
            lines=np.concatenate(([self.line], lines[:-1])),
            widths=np.diff(before, prepend=0) + 1,
            even=np.ones(len(ends), dtype=np.bool_),
        )
        self.at, self.line = min(self.at + int(ends[-1]) + 1, len(self.raw)), int(lines[-1])
        return _without_blanks(self.raw, layout)

    def _first_odd(self, text: npt.NDArray[np.uint8], quotes: Positions, opens: Flags) -> int:
        """Return where the first quote stands that opens no field's beginning or closes no field's end.

        A doubled quote is both. Where there is none, all of the text is even.
        """
        separator = ord(self.shape.separator)
        ahead = text[np.maximum(quotes - 1, 0)]
        behind = text[np.minimum(quotes + 1, len(text) - 1)]
        after = text[np.minimum(quotes + 2, len(text) - 1)]
        begins = (quotes == 0) | (ahead == 10) | (ahead == 34) | (ahead == separator)
        is_end = self.at + quotes >= len(self.raw) - 1
        returns = (behind == 13) & ((after == 10) | (self.at + quotes >= len(self.raw) - 2))
        ends = is_end | (behind == 10) | (behind == 34) | (behind == separator) | returns
        odd = np.flatnonzero(~np.where(opens, begins, ends))
        return int(quotes[odd[0]]) if len(odd) else len(text)

    def _lay_out_slowly(self) -> _Layout:
        """Find the next records of a text with stray quotes, where a quote counts only at the beginning of a field."""
        raw, separator = self.raw, re.escape(self.shape.separator.encode())
        one = rb'(?:"(?:[^"]|"")*+"|(?!")[^%s\n]*+)' % separator
        record = re.compile(rb"%s(?:%s%s)*+(?=\r?\n|\r?\Z)" % (one, separator, one))
        stop = self.at + min(_ODD_STRETCH, self.block_bytes)
        found: list[tuple[int, int, int, int]] = []
        broken: list[int] = []
        while self.at < min(stop, len(raw)):
            match = record.match(raw, self.at)
            end = match.end() if match else raw.find(b"\n", self.at)
            end = len(raw) if end < 0 else end
            if match is None:
                broken.append(self.line)
            else:
                found.append((self.at, end, self.line, len(_split_line(raw[self.at : end], self.shape))))
            next_line = raw.find(b"\n", end)
            following = next_line + 1 if next_line >= 0 else len(raw)
            self.line += raw.count(b"\n", self.at, following)
            self.at = following
        self.broken += len(broken)
        if self.broken > _MOST_BROKEN:
            raise FileFault(
                f"{self.name}: quotes do not pair on more than {_MOST_BROKEN} lines; this is not its format"
            )
        starts, ends, lines, widths = np.array(found, dtype=np.int64).reshape(-1, 4).T
        odd = np.zeros(len(found), dtype=np.bool_)
        return _without_blanks(raw, _Layout(starts, ends, lines, widths, odd, tuple(broken)))


def _without_first(layout: _Layout) -> _Layout:
    return replace(layout.where(np.arange(len(layout.starts)) > 0), broken=layout.broken)


def _without_blanks(raw: bytes, layout: _Layout) -> _Layout:
    """Return the records without lines that hold no row."""
    lengths = layout.ends - layout.starts
    blank = lengths == 0
    # Only short lines are worth a look.
    for i in np.flatnonzero((lengths < 64) & (layout.widths == 1) & ~blank):
        blank[i] = not raw[layout.starts[i] : layout.ends[i]].strip()
    return replace(layout.where(~blank), broken=layout.broken) if blank.any() else layout


def _split_line(line: bytes, shape: Shape) -> list[str]:
    """Split one record; a quote counts only where it opens a field that another one ends.

    A return at the end of a field goes, as a plain reader has it.
    """
    text = line.decode("utf-8")
    if not shape.quotes or '"' not in text:
        return [part.removesuffix("\r") for part in text.split(shape.separator)]
    separator = re.escape(shape.separator)
    one = re.compile(rf'(?:"((?:[^"]|"")*+)"|([^{separator}]*+))({separator}|\r?\Z)')
    fields: list[str] = []
    at = 0
    while found := one.match(text, at):
        fields.append(found[2].removesuffix("\r") if found[1] is None else found[1].replace('""', '"'))
        at = found.end()
        if found[3] != shape.separator:
            break
    return fields


def _header_names(names: Iterable[str]) -> list[str]:
    return [" ".join(name.split()) or f"column {i}" for i, name in enumerate(names, 1)]


def _check_header(raw: bytes, end: int, first: bytes, header: list[str], name: str) -> None:
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise FileFault(f"{name}:1: the header names '{twice[0]}' twice; rename or remove one of the two columns")
    again = raw.find(b"\n" + first, end)
    while again >= 0:
        after = raw[again + 1 + len(first) : again + 3 + len(first)]
        if not after or after[:1] in (b"\n", b"\r"):
            line = _line_at(raw, again + 1)
            raise FileFault(f"{name}:{line}: the header stands here again; two files were joined, or it was doubled")
        again = raw.find(b"\n" + first, again + 1)


def _refuse_others(columns: list[str], shape: Shape, name: str) -> None:
    for other in shape.not_these:
        if other.width == len(columns) or (other.columns and set(other.columns) <= set(columns)):
            raise FileFault(f"{name}: looks like {other.what}")


def _wrong_throughout(widths: Positions, expected: list[int], raw: bytes, shape: Shape) -> str:
    values, counts = np.unique(widths, return_counts=True)
    most = int(values[np.argmax(counts)])
    line = raw[: raw.find(b"\n")]
    other = next((s for s in "\t;,|" if s != shape.separator and line.count(s.encode()) + 1 in expected), "")
    hint = f"; it looks separated by {other!r}" if other else ""
    return f"{_wrong_width(most, expected)}, in every row{hint}"


def _wrong_width(width: int, expected: list[int]) -> str:
    wanted = " or ".join(str(number) for number in sorted(expected))
    return f"{width} column{'' if width == 1 else 's'} where {wanted} belong"


def _take_apart(
    raw: bytes, name: str, layout: _Layout, names: dict[int, tuple[str, ...]], shape: Shape, wanted: frozenset[str]
) -> Rows:
    """Read records into columns, and tell of those that are none."""
    fits = np.isin(layout.widths, list(names))
    problems = [
        Problem(name, int(line), "wrong-number-of-columns", _wrong_width(int(width), list(names)))
        for line, width in zip(layout.lines[~fits], layout.widths[~fits], strict=True)
    ]
    problems += [
        Problem(name, line, "quotes-do-not-pair", "a quoted field does not end as it should") for line in layout.broken
    ]
    kept = layout.where(fits)
    lines = pl.Series("line", kept.lines, dtype=pl.Int64)
    long = bool((kept.ends - kept.starts > MOST_FIELD_BYTES).any())
    if wanted and len(names) == 1 and len(lines) >= _MANY and is_fast_available() and not long and kept.even.all():
        every = next(iter(names.values()))
        frame = _read_plainly(raw, kept, every, shape, [column for column in every if column in wanted])
        if frame.height == len(lines):
            return Rows(frame, lines, tuple(sorted(problems)), _lines_written(raw, kept, every, shape), every)
    frame = _columns(raw, kept, names, shape)
    return _without_long_fields(frame, lines, problems, name, long)


def _columns(raw: bytes, layout: _Layout, names: dict[int, tuple[str, ...]], shape: Shape) -> pl.DataFrame:
    """Read records into columns; where they differ in width, a column that a record lacks is empty."""
    every = list(dict.fromkeys(column for width in sorted(names, reverse=True) for column in names[width]))
    frames = [pl.DataFrame(schema=dict.fromkeys(every, pl.String))]
    orders = [np.zeros(0, dtype=np.int64)]
    for width in names:
        for even in (True, False):
            chosen = (layout.widths == width) & (layout.even == even)
            if chosen.any():
                frame = _columns_of(raw, layout.where(chosen), names[width], shape)
                missing = [pl.lit("").alias(column) for column in every if column not in frame.columns]
                frames.append(frame.with_columns(missing).select(every) if missing else frame.select(every))
                orders.append(np.flatnonzero(chosen))
    if len(frames) == 2:
        return frames[1]
    return pl.concat(frames)[np.argsort(np.concatenate(orders), kind="stable")]


def _columns_of(raw: bytes, layout: _Layout, names: tuple[str, ...], shape: Shape) -> pl.DataFrame:
    """Read records that are alike, in width and in whether a plain reader reads them right."""
    if layout.even[0]:
        frame = _read_plainly(raw, layout, names, shape, names)
        if frame.height == len(layout.starts):
            return frame
    schema = dict.fromkeys(names, pl.String)
    spans = zip(layout.starts.tolist(), layout.ends.tolist(), strict=True)
    return pl.DataFrame([_split_line(raw[a:b], shape) for a, b in spans], schema=schema, orient="row")


def _read_plainly(
    raw: bytes, layout: _Layout, names: tuple[str, ...], shape: Shape, wanted: Sequence[str]
) -> pl.DataFrame:
    """Read some columns of records whose quotes pair; where it does not find as many records, it is not to be used."""
    return pl.read_csv(
        _join(raw, layout.starts, layout.ends),
        has_header=False,
        schema=dict.fromkeys(names, pl.String),
        columns=[names.index(column) for column in wanted],
        separator=shape.separator,
        quote_char='"' if shape.quotes else None,
    ).fill_null("")


def _join(raw: bytes, starts: Positions, ends: Positions) -> bytes:
    """Return some records of a text, each with a line's end; those that lie together are copied in one piece."""
    apart = np.flatnonzero(starts[1:] - ends[:-1] > 2)
    firsts, lasts = np.concatenate(([0], apart + 1)), np.append(apart, len(ends) - 1)
    runs = zip(starts[firsts].tolist(), ends[lasts].tolist(), strict=True)
    whole = memoryview(raw)
    return b"\n".join([*(whole[a:b] for a, b in runs), b""])


def _without_long_fields(
    frame: pl.DataFrame, lines: pl.Series, problems: list[Problem], name: str, any_long: bool
) -> Rows:
    if any_long:
        longest = frame.select(pl.max_horizontal(pl.all().str.len_bytes()).alias("bytes"))["bytes"]
        too_long = longest > MOST_FIELD_BYTES
        problems += [
            Problem(name, line, "field-too-long", f"a field of {size:,} bytes; at most {MOST_FIELD_BYTES:,} are read")
            for line, size in zip(lines.filter(too_long), longest.filter(too_long), strict=True)
        ]
        frame, lines = frame.filter(~too_long), lines.filter(~too_long)
    return Rows(frame, lines, tuple(sorted(problems)))


def _lines_written(raw: bytes, layout: _Layout, names: tuple[str, ...], shape: Shape) -> pl.Series:
    """Write records as `_as_json` does their frame, from the bytes of the file."""
    pieces = json_lines(raw, layout.starts, layout.ends, names, shape.separator, shape.quotes)
    # No line of JSON holds a control character: read with one between the columns, each is one text.
    schema = {"content": pl.String}
    read = partial(pl.read_csv, has_header=False, schema=schema, separator="\x01", quote_char=None)
    return pl.concat([read(piece) for piece in pieces])["content"]


def _as_json(frame: pl.DataFrame) -> pl.Series:
    """Write each row as a JSON object of its filled columns: the same whatever else stands in the file."""
    if not frame.width:
        return pl.Series("content", [], dtype=pl.String)
    is_empty = frame.select(pl.all() == "")
    never, always = (is_empty.select(how).row(0, named=True) for how in (~pl.all().any(), pl.all().all()))
    # A column that is empty throughout costs nothing; one whose name JSON writes otherwise stays in any case.
    plain = {name for name in frame.columns if json.dumps(name, ensure_ascii=False) == f'"{name}"'}
    names = [name for name in sorted(frame.columns) if not (always[name] and name in plain)]
    if not names:
        return pl.repeat("{}", frame.height, dtype=pl.String, eager=True)
    written = frame.select(pl.struct(names).struct.json_encode().alias("content"))
    # Inside a JSON string a quote never stands alone, so these find empty columns only.
    content = pl.col("content")
    for name in names[1:]:
        if name in plain and not never[name]:
            content = content.str.replace(f',"{name}":""', "", literal=True)
    leading = f'{{"{names[0]}":""'
    if names[0] in plain and not never[names[0]]:
        rest = pl.col("content").str.slice(len(leading)).str.strip_prefix(",")
        written = written.with_columns(content)
        content = pl.when(pl.col("content").str.starts_with(leading)).then("{" + rest).otherwise("content")
    return written.select(content.alias("content")).to_series()


def _read_json(text: str, name: str, shape: Shape) -> Rows:
    under = "features" if shape.form is Form.GEOJSON else shape.rows_under
    problems: list[Problem] = []
    rows: list[dict[str, str]] = []
    lines: list[int] = []
    for line, found in _json_rows(text, name, under, shape.form):
        if isinstance(found, Problem):
            problems.append(found)
        elif not isinstance(found, dict):
            problems.append(Problem(name, line, "not-a-record", "a row must be an object: names and values"))
        else:
            rows.append(_flatten_feature(found) if shape.form is Form.GEOJSON else dict(_flatten(found, "")))
            lines.append(line)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    frame = pl.DataFrame(
        {column: [row.get(column, "") for row in rows] for column in columns}, schema=dict.fromkeys(columns, pl.String)
    )
    return _without_long_fields(frame, pl.Series("line", lines, dtype=pl.Int64), problems, name, bool(columns))


# Numbers stay as they were written; what JSON does not allow (NaN) becomes text that no number is read from.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)
_BLANK = re.compile(r"[ \t\r\n]*")


def _json_rows(text: str, name: str, under: str, form: Form) -> Iterator[tuple[int, Any]]:
    """Go through the rows of a JSON text with the line that each begins on."""
    at = _skip(text, 0)
    try:
        if text[at] == "{" and not under:
            yield from _json_lines(text, name)
            return
        if text[at] == "{":
            at = _find_rows(text, at, name, under, form)
        if text[at : at + 1] != "[":
            raise FileFault(f"{name}: is no {form.name} list of rows; it begins with {text[at : at + 20]!r}")
        yield from _json_items(text, at)
    except json.JSONDecodeError as fault:
        raise FileFault(f"{name}:{fault.lineno}: is not JSON: {fault.msg.lower()}; is it cut short?") from None
    except RecursionError:
        raise FileFault(f"{name}: is nested too deeply to be a list of rows") from None


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _json_lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    any_read = False
    for line, written in enumerate(text.split("\n"), 1):
        if written.strip():
            try:
                yield line, _DECODER.decode(written)
                any_read = True
            except json.JSONDecodeError as fault:
                if not any_read:
                    raise FileFault(
                        f"{name}:{line}: is neither a JSON array nor one object a line: {fault.msg.lower()}"
                    ) from None
                yield line, Problem(name, line, "not-json", f"this line is not JSON: {fault.msg.lower()}")


def _find_rows(text: str, at: int, name: str, under: str, form: Form) -> int:
    """Return where the value of the key begins that holds the rows; look at what else the object says of itself."""
    rows_at = -1
    seen: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while text[at : at + 1] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _expect(text, at, ":")
        if key == under:
            rows_at = at
        value, at = _DECODER.raw_decode(text, at)
        seen[key] = value if key != under else None
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    _expect(text, at, "}")
    if form is Form.GEOJSON and seen.get("type") != "FeatureCollection":
        raise FileFault(f"{name}: is no GeoJSON feature collection")
    crs = json.dumps(seen.get("crs") or "CRS84")
    if form is Form.GEOJSON and not re.search(r"CRS84|4326", crs):
        raise FileFault(f"{name}: its coordinates are not WGS 84 longitude and latitude; export it as such")
    if rows_at < 0:
        raise FileFault(f"{name}: has no '{under}', under which the rows should stand")
    return rows_at


def _json_items(text: str, at: int) -> Iterator[tuple[int, Any]]:
    line, counted = 1, 0
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        line += text.count("\n", counted, at)
        counted = at
        item, at = _DECODER.raw_decode(text, at)
        yield line, item
        at = _skip(text, at)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, at)


def _expect(text: str, at: int, mark: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] != mark:
        raise json.JSONDecodeError(f"Expecting '{mark}'", text, at)
    return _skip(text, at + 1)


def _flatten(content: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    """Go through the values of a nested object as (name, text), names joined by dots."""
    for key, value in content.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _as_cell(value)


def _as_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _flatten_feature(feature: dict[str, Any]) -> dict[str, str]:
    """Return the properties of a feature, and its geometry as `geometry.lon`, `geometry.lat` or `geometry.shape`."""
    properties, geometry = feature.get("properties"), feature.get("geometry")
    row = dict(_flatten(properties, "")) if isinstance(properties, dict) else {}
    row["feature.id"] = _as_cell(feature.get("id"))
    row["geometry.lon"] = row["geometry.lat"] = row["geometry.shape"] = ""
    if isinstance(geometry, dict):
        place = geometry.get("coordinates")
        if geometry.get("type") == "Point" and isinstance(place, list) and len(place) >= 2:
            row["geometry.lon"], row["geometry.lat"] = _as_cell(place[0]), _as_cell(place[1])
        else:
            row["geometry.shape"] = _shape_text(geometry)
    return row


def _shape_text(geometry: dict[str, Any]) -> str:
    def numbers(value: Any) -> Any:
        if isinstance(value, list):
            return [numbers(inner) for inner in value]
        try:
            return float(value)
        except (TypeError, ValueError):
            return value

    return json.dumps({"coordinates": numbers(geometry.get("coordinates")), "type": geometry.get("type")})
