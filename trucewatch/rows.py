"""Rows: what stands in a file, row by row, as text, each with the line it begins on."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from trucewatch.problems import FileFault, Problem

MOST_FIELD_BYTES = 1_000_000
_MOST_FILE_BYTES = 8 * 2**30
_MOST_BROKEN = 1_000
_CHUNK = 32 * 2**20
_BEGINNING = 2**20

Positions = npt.NDArray[np.int64]


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

    `problems` has one entry for each row that could not.
    """

    frame: pl.DataFrame
    lines: pl.Series
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class _Layout:
    """Where each record of a delimited text begins and ends (bytes), and how many columns it has."""

    starts: Positions
    ends: Positions
    widths: Positions
    even: bool  # quotes pair as they should, so that a plain reader reads it right
    broken: list[int] = field(default_factory=list)  # where a line begins that belongs to no record


def read_rows(path: Path, shape: Shape) -> Rows:
    """Read every row of a file as text.

    Raises FileFault for a file that is missing, empty, truncated, not UTF-8, or not of this shape.
    """
    raw = _read_bytes(path)
    if shape.form in (Form.JSON, Form.GEOJSON):
        return _read_json(raw.decode("utf-8"), path.name, shape)
    return _read_delimited(raw, path.name, shape)


def read_header(path: Path, shape: Shape) -> list[str]:
    """Return the names of a file's columns; where it has no header, those that a row as wide as its first would have.

    Raises FileFault as `read_rows` does.
    """
    raw = _read_beginning(path)
    is_json = raw.lstrip()[:1] in (b"[", b"{")
    if shape.form in (Form.JSON, Form.GEOJSON):
        return read_rows(path, shape).frame.columns if is_json else []
    first = [] if is_json else _split_line(raw[: raw.find(b"\n") if b"\n" in raw else len(raw)], shape)
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
    if not raw.strip():
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


def _read_delimited(raw: bytes, name: str, shape: Shape) -> Rows:
    layout = _lay_out(raw, shape)
    if not layout.even:
        layout = _lay_out_slowly(raw, name, shape)
    first, names = _names_by_width(raw, name, layout, shape)
    starts, ends, widths = layout.starts[first:], layout.ends[first:], layout.widths[first:]
    fits = np.isin(widths, list(names))
    if len(widths) and not fits.any():
        _refuse_others([""] * int(np.bincount(widths).argmax()), shape, name)
        raise FileFault(f"{name}: {_wrong_throughout(widths, list(names), raw, shape)}")
    lines = np.searchsorted(np.flatnonzero(np.frombuffer(raw, np.uint8) == 10), starts) + 1
    problems = [
        Problem(name, int(line), "wrong-number-of-columns", _wrong_width(int(width), list(names)))
        for line, width in zip(lines[~fits], widths[~fits], strict=True)
    ]
    problems += [
        Problem(name, _line_at(raw, at), "quotes-do-not-pair", "a quoted field does not end as it should")
        for at in layout.broken
    ]
    kept = _Layout(starts[fits], ends[fits], widths[fits], layout.even)
    frame = _take_apart(raw, kept, names, shape)
    long = bool((kept.ends - kept.starts > MOST_FIELD_BYTES).any())
    return _without_long_fields(frame, pl.Series("line", lines[fits], dtype=pl.Int64), problems, name, long)


def _names_by_width(raw: bytes, name: str, layout: _Layout, shape: Shape) -> tuple[int, dict[int, tuple[str, ...]]]:
    """Return which record is the first row, and the names of the columns for each number of columns."""
    if shape.columns:
        return 0, {len(names): names for names in shape.columns}
    # A first line whose quotes do not pair is no header.
    if not len(layout.starts) or (layout.broken and layout.broken[0] < layout.starts[0]):
        raise FileFault(f"{name}:1: the header cannot be read: its quotes do not pair")
    line = raw[layout.starts[0] : layout.ends[0]]
    header = _header_names(_split_line(line, shape))
    _check_header(raw, int(layout.ends[0]), line, header, name)
    _refuse_others(header, shape, name)
    return 1, {len(header): tuple(header)}


def _lay_out(raw: bytes, shape: Shape) -> _Layout:
    """Find the records in one pass over the bytes: a line or column ends where an even number of quotes came before."""
    text = np.frombuffer(raw, np.uint8)
    separator = ord(shape.separator)
    ends_found: list[Positions] = []
    before_found: list[Positions] = []
    quotes_before = columns_before = 0
    even = True
    for at in range(0, len(text), _CHUNK):
        chunk = text[at : at + _CHUNK]
        line_ends, columns = np.flatnonzero(chunk == 10), np.flatnonzero(chunk == separator)
        if shape.quotes:
            quotes = np.flatnonzero(chunk == 34)
            even = even and _quotes_are_even(text, quotes + at, quotes_before, separator)
            line_ends = line_ends[(np.searchsorted(quotes, line_ends) + quotes_before) % 2 == 0]
            columns = columns[(np.searchsorted(quotes, columns) + quotes_before) % 2 == 0]
            quotes_before += len(quotes)
        ends_found.append(line_ends + at)
        before_found.append(np.searchsorted(columns, line_ends) + columns_before)
        columns_before += len(columns)
    ends, before = np.concatenate(ends_found), np.concatenate(before_found)
    if not raw.endswith(b"\n"):
        ends, before = np.append(ends, len(raw)), np.append(before, columns_before)
    starts = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)
    return _without_blanks(text, starts, ends, np.diff(before, prepend=0) + 1, even and quotes_before % 2 == 0)


def _quotes_are_even(text: npt.NDArray[np.uint8], quotes: Positions, before: int, separator: int) -> bool:
    """Say whether every opening quote begins a field and every closing one ends it; a doubled quote is both."""
    turns = (np.arange(len(quotes)) + before) % 2
    opening, closing = quotes[turns == 0], quotes[turns == 1]
    ahead = text[np.maximum(opening - 1, 0)]
    behind = text[np.minimum(closing + 1, len(text) - 1)]
    begins = (opening == 0) | np.isin(ahead, (10, 34, separator))
    ends = (closing == len(text) - 1) | np.isin(behind, (10, 13, 34, separator))
    return bool(begins.all() and ends.all())


def _without_blanks(
    text: npt.NDArray[np.uint8], starts: Positions, ends: Positions, widths: Positions, even: bool
) -> _Layout:
    lengths = ends - starts
    returns = (lengths > 0) & (text[np.maximum(ends - 1, 0)] == 13)
    ends = ends - returns
    # A line of blanks holds no row; only short lines are worth a look.
    blank = ends == starts
    for i in np.flatnonzero((lengths < 64) & (widths == 1) & ~blank):
        blank[i] = not text[starts[i] : ends[i]].tobytes().strip()
    return _Layout(starts[~blank], ends[~blank], widths[~blank], even)


def _lay_out_slowly(raw: bytes, name: str, shape: Shape) -> _Layout:
    """Find the records of a text with stray quotes, where a quote counts only at the beginning of a field."""
    separator = re.escape(shape.separator.encode())
    one = rb'(?:"(?:[^"]|"")*+"|(?!")[^%s\n]*+)' % separator
    record = re.compile(rb"%s(?:%s%s)*+(?=\r?\n|\r?\Z)" % (one, separator, one))
    starts: list[int] = []
    ends: list[int] = []
    broken: list[int] = []
    at = 0
    while at < len(raw):
        found = record.match(raw, at)
        stop = found.end() if found else raw.find(b"\n", at)
        stop = len(raw) if stop < 0 else stop
        if found is None:
            broken.append(at)
            if len(broken) > _MOST_BROKEN:
                raise FileFault(f"{name}: quotes do not pair on more than {_MOST_BROKEN} lines; this is not its format")
        elif raw[at:stop].strip():
            starts.append(at)
            ends.append(stop)
        next_line = raw.find(b"\n", stop)
        at = next_line + 1 if next_line >= 0 else len(raw)
    widths = [len(_split_line(raw[a:b], shape)) for a, b in zip(starts, ends, strict=True)]
    as_array = [np.array(numbers, dtype=np.int64) for numbers in (starts, ends, widths)]
    ends_array = as_array[1] - np.array([raw[b - 1 : b] == b"\r" for b in ends], dtype=np.int64)
    return _Layout(as_array[0], ends_array, as_array[2], False, broken)


def _split_line(line: bytes, shape: Shape) -> list[str]:
    """Split one record; a quote counts only where it opens a field that another one ends."""
    text = line.decode("utf-8").removesuffix("\r")
    if not shape.quotes or '"' not in text:
        return text.split(shape.separator)
    separator = re.escape(shape.separator)
    one = re.compile(rf'(?:"((?:[^"]|"")*+)"|([^{separator}]*+))({separator}|\Z)')
    fields: list[str] = []
    at = 0
    while found := one.match(text, at):
        fields.append(found[2] if found[1] is None else found[1].replace('""', '"'))
        at = found.end()
        if not found[3]:
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


def _take_apart(raw: bytes, layout: _Layout, names: dict[int, tuple[str, ...]], shape: Shape) -> pl.DataFrame:
    """Read records into columns; where they differ in width, a column that a record lacks is empty."""
    every = list(dict.fromkeys(column for width in sorted(names, reverse=True) for column in names[width]))
    frames = [pl.DataFrame(schema=dict.fromkeys(every, pl.String))]
    orders = [np.zeros(0, dtype=np.int64)]
    for width in names:
        chosen = np.flatnonzero(layout.widths == width)
        if len(chosen):
            part = _Layout(layout.starts[chosen], layout.ends[chosen], layout.widths[chosen], layout.even)
            frame = _take_even_apart(raw, part, names[width], shape)
            missing = [pl.lit("").alias(column) for column in every if column not in frame.columns]
            frames.append(frame.with_columns(missing).select(every))
            orders.append(chosen)
    frame = pl.concat(frames)
    return frame if len(frames) <= 2 else frame[np.argsort(np.concatenate(orders), kind="stable")]


def _take_even_apart(raw: bytes, layout: _Layout, names: tuple[str, ...], shape: Shape) -> pl.DataFrame:
    schema = dict.fromkeys(names, pl.String)
    if layout.even:
        frame = pl.read_csv(
            _join(raw, layout.starts, layout.ends),
            has_header=False,
            schema=schema,
            separator=shape.separator,
            quote_char='"' if shape.quotes else None,
        )
        if frame.height == len(layout.starts):
            return frame.fill_null("")
    spans = zip(layout.starts.tolist(), layout.ends.tolist(), strict=True)
    return pl.DataFrame([_split_line(raw[a:b], shape) for a, b in spans], schema=schema, orient="row")


def _join(raw: bytes, starts: Positions, ends: Positions) -> bytes:
    # Mostly nothing has to be left out between the first and the last row: no copy in pieces then.
    gaps = starts[1:] - ends[:-1]
    if (gaps <= 2).all():
        return raw[starts[0] : ends[-1]] + b"\n"
    return b"\n".join(raw[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)) + b"\n"


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
