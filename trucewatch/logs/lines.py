"""Logs: what a mission writes down itself, as sheets: one row a fact, and of each row the one entered last stands.

A sheet is a CSV file with fixed columns of ours and times in the agreement's local time. Every sheet has, beside its
own columns, `level` (who may know of the row; the mission, unless it says so), `withdrawn` (yes: the row of this id is
taken back) and `note`. Several values in one cell are set apart by semicolons.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from trucewatch.actors import Register
from trucewatch.levels import Level, read_level
from trucewatch.problems import Problem, TrucewatchError, did_you_mean
from trucewatch.rows import Shape, read_rows
from trucewatch.when import LONG_AGO, Span, read_edtf

SUBJECT = "subject"  # what a column of ids may name beside the rows of a sheet: a report, a claim key, a finding
LEVEL, WITHDRAWN, NOTE = "level", "withdrawn", "note"

_MOST_LETTERS = 10_000
_MOST_COUNTED = 10**12
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,79}")
_CLOCK = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,13}", re.ASCII)
_NUMBER = re.compile(r"[-+]?\d{1,12}(\.\d{1,12})?", re.ASCII)
_SPAN = re.compile(r"[-0-9TZXYESWu?~%/.:+\[\]{},]{4,60}")
# What would steer a terminal, or turn the text around it; a line's end and a tab are text.
_STEERING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Kind(StrEnum):
    """What the cells of a column hold, and what becomes of them.

    TIME is a clock time (an instant in UTC); SPAN any EDTF date, as its two instants in ISO 8601 (earliest, latest);
    ACTOR becomes the id of the register, or `?name`; everything else stays as it is written, or becomes a number or a
    truth.
    """

    TEXT = "text"
    ID = "id"
    TIME = "time"
    SPAN = "span"
    WHOLE = "whole number"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes or no"
    ACTOR = "actor"
    PLACE_ID = "area"
    CLAUSE = "clause"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet.

    `of` says what an id names: the rows of a sheet, or SUBJECT. The cells of a list hold several values. One that
    `is_own` is for the mission alone, whatever the level of a row.
    """

    name: str
    kind: Kind
    says: str
    is_required: bool = False
    choices: tuple[str, ...] = ()
    of: str = ""
    is_list: bool = False
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a sheet as it was read: a value for each column of its sheet, None where a cell is empty.

    A list is a tuple. `number` is the entry that holds it (0: none yet), `since` the first one that held a row of its
    id, and `at` when it was entered; below the mission neither numbers, file nor line are told. One that `is_withdrawn`
    takes back the row of its id.
    """

    sheet: str
    id: str
    values: Mapping[str, Any]
    level: Level = Level.MISSION
    number: int = 0
    at: datetime = LONG_AGO
    file: str = ""
    line: int = 0
    is_withdrawn: bool = False
    since: int = 0

    def span(self, column: str) -> Span | None:
        """Return what a cell of kind SPAN holds; None where it is empty."""
        if not (told := self.values[column]):
            return None
        earliest, latest = map(datetime.fromisoformat, told)
        return Span(earliest, latest, "interval")

    def problem(self, code: str, message: str, hint: str = "") -> Problem:
        """Return what is wrong with the row, where it stands."""
        return Problem(self.file, self.line, code, f"{self.id}: {message}", hint)


Rows = Mapping[str, Mapping[str, Line]]  # the rows that stand: sheet -> id -> row
Check = Callable[[Line, Rows], Iterable[Problem]]


def _nothing_wrong(line: Line, rows: Rows) -> Iterable[Problem]:
    return ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: its name, the kind of entry that its rows become, and its columns, the first of which is a row's own id.

    `check` tells what is wrong with a row beside the others that stand, itself not among them; each cell is what its
    column says by then. `check_left` tells what is wrong with those that are left once a row that stood is taken back,
    or another one stands in its place.
    """

    name: str
    entry: str
    says: str
    columns: tuple[Column, ...]
    check: Check = field(default=_nothing_wrong, compare=False)
    check_left: Check = field(default=_nothing_wrong, compare=False)

    @property
    def every_column(self) -> tuple[Column, ...]:
        """Its columns, and those that every sheet has."""
        return (*self.columns, *_EVERY_SHEET)


_EVERY_SHEET = (
    Column(LEVEL, Kind.LEVEL, "who may know of the row: a level, or `party: ID`; the mission, where it is empty"),
    Column(WITHDRAWN, Kind.YES_NO, "yes: the row of this id is taken back"),
    Column(NOTE, Kind.TEXT, "anything else"),
)


# ---- reading ---------------------------------------------------------------------------------------------------------


def read_sheet(
    sheet: Sheet,
    path: Path,
    zone: str,
    known: Mapping[Kind, Collection[str]],
    register: Register | None = None,
) -> tuple[list[Line], list[Problem]]:
    """Read a file of rows, times in the local time of `zone`; rows at fault are told and left out.

    `known` are the words that cells of a kind may hold: areas, clauses, levels (any level where none are given), and
    under ID those of SUBJECT. Where a kind is not among them, any word will do. Raises FileFault for a file that cannot
    be read at all.
    """
    rows = read_rows(path, Shape())
    taken_back = [_is_taken_back(cells) for cells in rows.frame.iter_rows(named=True)]
    problems = [*rows.problems, *_of_header(sheet, rows.columns, path.name, bool(taken_back) and all(taken_back))]
    if any(problem.line == 1 for problem in problems):
        return [], sorted(problems)
    reader = _Reader(zone, known, register or Register())
    read: list[Line] = []
    for number, cells in zip(rows.lines, rows.frame.iter_rows(named=True), strict=True):
        line, faults = reader.line(sheet, cells, path.name, number)
        problems += faults
        read += [] if faults else [line]
    times = Counter(line.id for line in read)
    problems += [
        line.problem("duplicate-id", "the id stands more than once in this file", "keep one of the rows")
        for line in read
        if times[line.id] > 1
    ]
    return [line for line in read if times[line.id] == 1], sorted(problems)


def _is_taken_back(cells: Mapping[str, str]) -> bool:
    return cells.get(WITHDRAWN, "").strip().casefold() == "yes"


def _of_header(sheet: Sheet, names: Sequence[str], file: str, takes_back: bool) -> Iterator[Problem]:
    """Go through what is wrong with the columns of a file; one that only `takes_back` rows needs but their ids."""
    columns = [column.name for column in sheet.every_column]
    for name in names:
        if name not in columns:
            hint = did_you_mean(name, columns) or f"the sheet has {', '.join(columns)}"
            yield Problem(file, 1, "unknown-column", f"'{name[:60]}' is no column of the sheet '{sheet.name}'", hint)
    for column in sheet.columns:
        is_needed = column is sheet.columns[0] or (column.is_required and not takes_back)
        if is_needed and column.name not in names:
            yield Problem(file, 1, "missing-column", f"the column '{column.name}' is missing", column.says)


def read_cells(
    sheet: Sheet,
    cells: Mapping[str, str],
    place: tuple[str, int],
    zone: str,
    known: Mapping[Kind, Collection[str]],
    register: Register,
) -> tuple[Line, list[Problem]]:
    """Read one row as `read_sheet` does; `place` is the file and line in which it stands."""
    file, number = place
    problems = list(_of_header(sheet, list(cells), file, _is_taken_back(cells)))
    line, faults = _Reader(zone, known, register).line(sheet, cells, file, number)
    return line, [*(replace(problem, line=number) for problem in problems), *faults]


@dataclass(frozen=True, slots=True)
class _Reader:
    zone: str
    known: Mapping[Kind, Collection[str]]
    register: Register

    def line(self, sheet: Sheet, cells: Mapping[str, str], file: str, number: int) -> tuple[Line, list[Problem]]:
        """Read a row as (row, what is wrong with it)."""
        problems: list[Problem] = []
        values: dict[str, Any] = {}
        own_id = sheet.columns[0].name
        is_withdrawn = _is_taken_back(cells)
        for column in sheet.every_column:
            if is_withdrawn and column.name not in (own_id, NOTE):
                values[column.name] = () if column.is_list else None
                continue
            try:
                is_needed = column.is_required or column.name == own_id
                values[column.name] = self.cell(column, cells.get(column.name, "").strip(), is_needed)
            except _Refused as fault:
                code, message, *hint = fault.args
                problems.append(Problem(file, number, code, f"{column.name} {message}", *hint))
        level = read_level(values.pop(LEVEL, None) or Level.MISSION.word)
        values.pop(WITHDRAWN, None)
        name = str(values.get(own_id) or "")
        return Line(sheet.name, name, values, level, 0, LONG_AGO, file, number, is_withdrawn), problems

    def cell(self, column: Column, text: str, is_needed: bool) -> Any:
        """Return the value of a cell; raises _Refused."""
        if len(text) > _MOST_LETTERS:
            raise _Refused("field-too-long", f"holds {len(text):,} letters; at most {_MOST_LETTERS:,} are read")
        if _STEERING.search(text):
            raise _Refused("control-character", "holds a character that is no text", "remove it")
        if not text:
            if is_needed:
                raise _Refused("missing-value", "is needed", column.says)
            return () if column.is_list else None
        if column.is_list:
            parts = tuple(part.strip() for part in text.split(";"))
            return tuple(self.value(column, part) for part in dict.fromkeys(parts) if part)
        return self.value(column, text)

    def value(self, column: Column, text: str) -> Any:
        """Return what a text says in a column."""
        shown = text[:60]
        match column.kind:
            case Kind.TEXT:
                return text
            case Kind.ID:
                if not _ID.fullmatch(text):
                    raise _Refused("bad-id", f"'{shown}' is no id", "letters, digits and _ . : / - ; at most 80")
                return self.among(Kind.ID, "unknown-subject", text) if column.of == SUBJECT else text
            case Kind.TIME:
                return self.instant(text)
            case Kind.SPAN:
                return self.span(text)
            case Kind.WHOLE:
                if not _WHOLE.fullmatch(text) or int(text) > _MOST_COUNTED:
                    raise _Refused("not-a-number", f"'{shown}' is no whole number")
                return int(text)
            case Kind.NUMBER:
                if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
                    raise _Refused("not-a-number", f"'{shown}' is no number", "a decimal point, nothing between digits")
                return float(text)
            case Kind.CHOICE:
                return _one_of(column.choices, "unknown-choice", text)
            case Kind.YES_NO:
                return _one_of(("yes", "no"), "unknown-choice", text.casefold()) == "yes"
            case Kind.ACTOR:
                return self.register.identify(text)
            case Kind.PLACE_ID:
                return self.among(Kind.PLACE_ID, "unknown-area", text)
            case Kind.CLAUSE:
                return self.among(Kind.CLAUSE, "unknown-clause", text)
            case Kind.LEVEL:
                try:
                    word = read_level(text).word
                except TrucewatchError as fault:
                    raise _Refused("unknown-level", str(fault)) from None
                return self.among(Kind.LEVEL, "unknown-level", word)

    def among(self, kind: Kind, code: str, text: str) -> str:
        """Return a word that is known, or any where none are."""
        return _one_of(self.known[kind], code, text) if kind in self.known else text

    def instant(self, text: str) -> datetime:
        """Read a clock time as an instant in UTC."""
        hint = "write 2018-06-01T08:00, in local time"
        found = _CLOCK.fullmatch(text)
        if not found:
            raise _Refused("bad-time", f"'{text[:60]}' is no clock time", hint)
        try:
            span = read_edtf(f"{found[1]}T{found[2]}{found[3] or ''}", self.zone)
        except ValueError as fault:
            raise _Refused("bad-time", str(fault), hint) from None
        if (span.latest - span.earliest).total_seconds() > 60:
            raise _Refused(
                "bad-time", f"'{text}' is no one instant: the clocks are changed then", "add its offset, such as +03:00"
            )
        return span.earliest

    def span(self, text: str) -> tuple[str, str]:
        """Read a date as its earliest and latest instant."""
        hint = "write 2018-06-01, 2018-06-01T08:00, 2018-06-01/2018-06-03 or another EDTF date"
        try:
            if not _SPAN.fullmatch(text):
                raise ValueError(f"'{text[:60]}' is no date")
            span = read_edtf(text, self.zone)
        except ValueError as fault:
            raise _Refused("bad-date", str(fault), hint) from None
        return span.earliest.isoformat(), span.latest.isoformat()


class _Refused(Exception):
    """(code, message, hint): why a cell is refused."""


def _one_of(words: Collection[str], code: str, text: str) -> str:
    if text in words:
        return text
    listed = ", ".join(words if isinstance(words, tuple) else sorted(words)) if len(words) <= 12 else ""
    raise _Refused(code, f"'{text[:60]}' is not known", did_you_mean(text, words) or (listed and f"one of {listed}"))


# ---- what stands -----------------------------------------------------------------------------------------------------


class Entered(Protocol):
    """An entry of the record, as far as a row is told by it; its content is None once that was erased."""

    @property
    def number(self) -> int:
        """Its number, from 1."""

    @property
    def at(self) -> datetime:
        """When it was entered."""

    @property
    def content(self) -> Mapping[str, Any] | None:
        """What stands in it."""


def content_of(line: Line, sheet: Sheet, is_for_mission: bool) -> dict[str, Any]:
    """Return what is entered of a row of a sheet.

    Where it stood, the mission's own names of reports, claims and findings, and columns of its own are for the mission
    alone.
    """
    own = () if is_for_mission else {column.name for column in sheet.columns if column.of == SUBJECT or column.is_own}
    instants = {name: value for name, value in line.values.items() if isinstance(value, datetime)}
    plain = {name: list(value) if isinstance(value, tuple) else value for name, value in line.values.items()}
    return {
        "sheet": line.sheet,
        "id": line.id,
        "level": line.level.word,
        "values": {name: value for name, value in plain.items() if name not in instants and name not in own},
        "instants": {name: value.astimezone(UTC).isoformat() for name, value in instants.items()},
        "withdrawn": line.is_withdrawn,
        **({"file": line.file, "line": line.line} if is_for_mission else {}),
    }


def lines_of(entries: Iterable[Entered]) -> tuple[Line, ...]:
    """Return the rows that stand after some entries of the record, in the order of sheets and ids.

    The last entry of an id stands, unless it takes the row back.
    """
    last: dict[tuple[str, str], Line] = {}
    for entry in entries:
        if entry.content and "sheet" in entry.content:
            key = (entry.content["sheet"], entry.content["id"])
            last[key] = _line(entry, entry.content, last[key].since if key in last else entry.number)
    return tuple(last[key] for key in sorted(last) if not last[key].is_withdrawn)


def _line(entry: Entered, told: Mapping[str, Any], since: int) -> Line:
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in told["values"].items()}
    instants = {name: datetime.fromisoformat(text) for name, text in told["instants"].items()}
    return Line(
        told["sheet"],
        told["id"],
        {**plain, **instants},
        read_level(told["level"]),
        entry.number,
        entry.at,
        told.get("file", ""),
        told.get("line", 0),
        told["withdrawn"],
        since,
    )


def rows_of(lines: Iterable[Line]) -> Rows:
    """Return rows by sheet and id."""
    found: dict[str, dict[str, Line]] = {}
    for line in lines:
        found.setdefault(line.sheet, {})[line.id] = line
    return found


def admit(
    sheet: Sheet, read: Iterable[Line], lines: Iterable[Line], sheets: Sequence[Sheet]
) -> tuple[tuple[Line, ...], tuple[Problem, ...]]:
    """Return the rows of a sheet, as they were read, that may be entered beside those that stand, and why not others.

    Each is held against what stands once those before it are entered. What stands already as it is read is not entered
    again. `sheets` are all that there are: of a row that another one names nothing can be taken back.
    """
    standing = {name: dict(rows) for name, rows in rows_of(lines).items()}
    admitted: list[Line] = []
    problems: list[Problem] = []
    for line in read:
        own = standing.setdefault(sheet.name, {})
        stands = own.pop(line.id, None)
        if stands and not line.is_withdrawn and _is_same(line, stands):
            own[line.id] = stands
            continue
        faults = list(_faults(sheet, line, stands, standing, sheets))
        if faults:
            problems += faults
            if stands:
                own[line.id] = stands
            continue
        if line.is_withdrawn and stands:
            admitted.append(_taking_back(line, stands))
        else:
            admitted.append(line)
            own[line.id] = line
    return tuple(admitted), tuple(problems)


def _is_same(line: Line, stands: Line) -> bool:
    return line.values == stands.values and line.level == stands.level


def _taking_back(line: Line, stands: Line) -> Line:
    """Whoever was told of a row is told that it was taken back."""
    return Line(line.sheet, line.id, line.values, stands.level, 0, LONG_AGO, line.file, line.line, True)


def _faults(sheet: Sheet, line: Line, stands: Line | None, rows: Rows, sheets: Sequence[Sheet]) -> Iterator[Problem]:
    if line.is_withdrawn:
        if stands is None:
            yield line.problem("nothing-to-withdraw", f"no row of this id stands in the sheet '{sheet.name}'")
        for other in sheets:
            for naming in _naming(sheet, line.id, other, rows):
                yield line.problem(
                    "still-named", f"the row {naming} of the sheet '{other.name}' names it", "take that one back first"
                )
        if stands is not None:
            yield from (replace(problem, line=line.line, file=line.file) for problem in sheet.check_left(stands, rows))
        return
    # To those who may no longer know of it, its last version would stand for ever.
    if stands and not line.level <= stands.level:
        yield line.problem(
            "level-raised",
            f"is for {line.level.word}, and the row that stands was for {stands.level.word}",
            "take that one back, with withdrawn: yes, and give this one another id",
        )
    for column in sheet.columns:
        for id_ in _ids(line, column):
            if column.of not in ("", SUBJECT) and id_ not in rows.get(column.of, {}):
                hint = did_you_mean(id_, rows.get(column.of, {})) or f"enter it in the sheet '{column.of}' first"
                yield line.problem("unknown-row", f"{column.name} '{id_}' is no row of '{column.of}'", hint)
                return
    yield from sheet.check(line, rows)
    if stands:
        left = {**rows, sheet.name: {**rows.get(sheet.name, {}), line.id: line}}
        yield from (replace(problem, line=line.line, file=line.file) for problem in sheet.check_left(stands, left))


def _naming(sheet: Sheet, id_: str, other: Sheet, rows: Rows) -> Iterator[str]:
    """Return the rows of another sheet that name a row."""
    columns = [column for column in other.columns if column.of == sheet.name]
    for row in rows.get(other.name, {}).values():
        if any(id_ in _ids(row, column) for column in columns):
            yield row.id


def _ids(line: Line, column: Column) -> tuple[Any, ...]:
    held = line.values.get(column.name)
    return held if isinstance(held, tuple) else () if held is None else (held,)
