"""Sheets: rows are read strictly, held against those that stand, entered, and read back from the record."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trucewatch.actors import Actor, Register
from trucewatch.ledger.canonical import canonical
from trucewatch.levels import Level
from trucewatch.logs.lines import (
    SUBJECT,
    Column,
    Kind,
    Line,
    Sheet,
    admit,
    content_of,
    lines_of,
    read_sheet,
    rows_of,
)
from trucewatch.problems import FileFault, Problem

AT = datetime(2026, 1, 1, tzinfo=UTC)
POSTS = Sheet(
    "posts",
    "observed",
    "posts, for these tests",
    (
        Column("post", Kind.ID, "its own id", is_required=True),
        Column("since", Kind.TIME, "since when"),
        Column("day", Kind.SPAN, "the day"),
        Column("men", Kind.WHOLE, "how many"),
        Column("lat", Kind.NUMBER, "degrees"),
        Column("state", Kind.CHOICE, "its state", choices=("open", "closed")),
        Column("manned", Kind.YES_NO, "whether somebody is there"),
        Column("by", Kind.ACTOR, "whose"),
        Column("area", Kind.PLACE_ID, "where"),
        Column("clause", Kind.CLAUSE, "under which clause"),
        Column("about", Kind.ID, "what it is about", of=SUBJECT),
        Column("sees", Kind.CHOICE, "what it sees", choices=("shelling", "firing"), is_list=True),
    ),
)
SHIFTS = Sheet(
    "shifts",
    "liaised",
    "shifts of posts, for these tests",
    (
        Column("shift", Kind.ID, "its own id", is_required=True),
        Column("post", Kind.ID, "the post", is_required=True, of="posts"),
    ),
)
SHEETS = (POSTS, SHIFTS)
KNOWN = {
    Kind.PLACE_ID: {"daraa", "suwayda"},
    Kind.CLAUSE: {"C1"},
    Kind.ID: {"r-1"},
    Kind.LEVEL: {"public", "parties", "mission", "party: opposition"},
}
REGISTER = Register({"army": Actor("army", ("Syrian Arab Army", "الجيش السوري"))})


@dataclass(frozen=True)
class Entered:
    number: int
    at: datetime
    content: dict[str, Any] | None


def read(tmp_path: Path, text: str | bytes, sheet: Sheet = POSTS) -> tuple[list[Line], list[Problem]]:
    path = tmp_path / "posts.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_sheet(sheet, path, "Asia/Damascus", KNOWN, REGISTER)


def entered(*lines: Line) -> list[Entered]:
    """Have rows written to the record and read back as it does, one entry each."""
    return [
        Entered(number, AT, json.loads(canonical(content_of(line, POSTS, is_for_mission=True))))
        for number, line in enumerate(lines, 1)
    ]


def post(id_: str, level: Level = Level.MISSION, **values: Any) -> Line:
    empty = {column.name: () if column.is_list else None for column in POSTS.columns}
    return Line("posts", id_, {**empty, "post": id_, "note": None, **values}, level, file="p.csv", line=2)


def shift(id_: str, of: str) -> Line:
    return Line("shifts", id_, {"shift": id_, "post": of, "note": None}, file="s.csv", line=2)


def taken_back(line: Line) -> Line:
    return replace(line, is_withdrawn=True)


# ---- reading ---------------------------------------------------------------------------------------------------------


def test_each_kind_of_cell_becomes_what_it_says(tmp_path: Path) -> None:
    lines, problems = read(
        tmp_path,
        "post,since,day,men,lat,state,manned,by,area,clause,about,sees,level,note\n"
        "p-1,2018-06-01 08:00,2018-06-01/2018-06-02,40,32.5,open,Yes,الجيش السوري,daraa,C1,r-1,shelling; firing,"
        "party: opposition,quiet\n"
        "p-2,,,,,,,Someone Else,,,,,,\n",
    )
    assert problems == []
    first, second = lines
    # Damascus keeps summer time, three hours ahead, in June.
    assert first.values == {
        "post": "p-1",
        "since": datetime(2018, 6, 1, 5, tzinfo=UTC),
        "day": ("2018-05-31T21:00:00+00:00", "2018-06-02T21:00:00+00:00"),
        "men": 40,
        "lat": 32.5,
        "state": "open",
        "manned": True,
        "by": "army",
        "area": "daraa",
        "clause": "C1",
        "about": "r-1",
        "sees": ("shelling", "firing"),
        "note": "quiet",
    }
    assert first.level == Level.party("opposition")
    assert (first.id, first.file, first.line) == ("p-1", "posts.csv", 2)
    days = first.span("day")
    assert days is not None
    assert days.earliest == datetime(2018, 5, 31, 21, tzinfo=UTC)
    assert second.span("day") is None
    assert second.values["by"] == "?Someone Else"
    assert second.values["sees"] == ()
    assert second.level == Level.MISSION
    assert set(second.values) == set(first.values)


@pytest.mark.parametrize(
    ("column", "cell", "code", "says"),
    [
        ("post", "", "missing-value", "its own id"),
        ("post", "p 1", "bad-id", "is no id"),
        ("post", "=cmd()", "bad-id", "is no id"),
        ("post", "p" * 81, "bad-id", "is no id"),
        ("since", "2018-06-01", "bad-time", "write 2018-06-01T08:00"),
        ("since", "2018-02-30T08:00", "bad-time", "is no date"),
        ("since", "yesterday", "bad-time", "is no clock time"),
        ("since", "2018-03-30T00:30", "bad-time", "the clocks are changed"),  # skipped in Damascus
        ("since", "2018-10-25T23:30", "bad-time", "the clocks are changed"),  # comes twice
        ("day", "2018-06-02/2018-06-01", "bad-date", "ends before it starts"),
        ("day", "x" * 5000, "bad-date", "is no date"),
        ("men", "-1", "not-a-number", "is no whole number"),
        ("men", "1.5", "not-a-number", "is no whole number"),
        ("men", "٤٠", "not-a-number", "is no whole number"),
        ("men", "9999999999999", "not-a-number", "is no whole number"),
        ("lat", "nan", "not-a-number", "is no number"),
        ("lat", "1e5", "not-a-number", "is no number"),
        ("state", "opened", "unknown-choice", "did you mean 'open'?"),
        ("state", "ajar", "unknown-choice", "one of open, closed"),
        ("manned", "perhaps", "unknown-choice", "one of yes, no"),
        ("area", "dara", "unknown-area", "did you mean 'daraa'?"),
        ("clause", "C9", "unknown-clause", "one of C1"),
        ("about", "r-9", "unknown-subject", "did you mean 'r-1'?"),
        ("sees", "shelling; fire", "unknown-choice", "'fire' is not known"),
        ("level", "secret", "unknown-level", "is not a level"),
        ("level", "sealed", "unknown-level", "is not known"),
        ("note", "steers\x1b[2Ja terminal", "control-character", "is no text"),
        ("note", "turned \u202eround", "control-character", "is no text"),
        ("note", "x" * 10_001, "field-too-long", "10,001 letters"),
    ],
)
def test_a_cell_at_fault_is_refused_with_file_and_line_and_the_other_rows_go_on(
    tmp_path: Path, column: str, cell: str, code: str, says: str
) -> None:
    other = "men" if column == "post" else column
    bad = (cell, "1") if column == "post" else ("p-2", cell)
    lines, problems = read(tmp_path, f'post,{other}\np-1,\n"{bad[0]}","{bad[1]}"\n')
    assert [line.id for line in lines] == ["p-1"]
    (problem,) = problems
    assert (problem.file, problem.line, problem.code) == ("posts.csv", 3, code)
    assert says in str(problem)


def test_where_a_kind_of_word_is_not_known_any_word_will_do(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("post,area,about,level\np-1,anywhere,anything,sealed\n", encoding="utf-8")
    lines, problems = read_sheet(POSTS, path, "UTC", {})
    assert problems == []
    assert (lines[0].values["area"], lines[0].values["about"], lines[0].level) == ("anywhere", "anything", Level.SEALED)


def test_an_hour_that_comes_twice_is_read_with_its_offset(tmp_path: Path) -> None:
    lines, problems = read(tmp_path, "post,since\np-1,2018-10-25T23:30+03:00\n")
    assert problems == []
    assert lines[0].values["since"] == datetime(2018, 10, 25, 20, 30, tzinfo=UTC)


def test_lines_are_counted_as_they_stand_in_the_file(tmp_path: Path) -> None:
    lines, problems = read(tmp_path, 'post,note,men\np-1,"two\nlines",1\np-2,,many\np-3,,3\n')
    assert [(line.id, line.line) for line in lines] == [("p-1", 2), ("p-3", 5)]
    assert [(problem.line, problem.code) for problem in problems] == [(4, "not-a-number")]


@pytest.mark.parametrize(
    ("header", "code", "says"),
    [
        ("post,name_of_victim", "unknown-column", "the sheet has post, since"),
        ("post,sinse", "unknown-column", "did you mean 'since'?"),
        ("since,men", "missing-column", "'post' is missing"),
    ],
)
def test_a_header_at_fault_refuses_the_file(tmp_path: Path, header: str, code: str, says: str) -> None:
    lines, problems = read(tmp_path, f"{header}\np-1,x\n")
    assert lines == []
    (problem,) = problems
    assert (problem.line, problem.code) == (1, code)
    assert says in str(problem)


@pytest.mark.parametrize(
    "raw", [b"", b"post\n\xff\xfe\n", b"PK\x03\x04", b"post\np\x00\n", b"post,post\np,q\n", b"\xff\xfep\x00"]
)
def test_what_is_no_text_at_all_is_refused_whole(tmp_path: Path, raw: bytes) -> None:
    with pytest.raises(FileFault, match=r"posts\.csv"):
        read(tmp_path, raw)


def test_an_id_that_stands_twice_in_a_file_stands_nowhere(tmp_path: Path) -> None:
    lines, problems = read(tmp_path, "post,men\np-1,1\np-2,2\np-1,3\n")
    assert [line.id for line in lines] == ["p-2"]
    assert [(problem.line, problem.code) for problem in problems] == [(2, "duplicate-id"), (4, "duplicate-id")]


def test_to_take_a_row_back_needs_its_id_alone(tmp_path: Path) -> None:
    lines, problems = read(tmp_path, "shift,post,withdrawn\ns-1,,yes\ns-2,p-1,no\n", SHIFTS)
    assert problems == []
    assert [(line.id, line.is_withdrawn) for line in lines] == [("s-1", True), ("s-2", False)]
    assert [line.id for line in read(tmp_path, "shift,withdrawn\ns-1,yes\n", SHIFTS)[0]] == ["s-1"]
    _, problems = read(tmp_path, "shift,withdrawn\ns-1,yes\ns-2,no\n", SHIFTS)
    assert [(problem.line, problem.code) for problem in problems] == [(1, "missing-column")]


@given(st.text(max_size=60))
def test_nothing_in_a_cell_stops_the_reading(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("cells") / "posts.csv"
    cell = '"' + text.replace('"', '""') + '"'
    for column in POSTS.columns[1:]:
        path.write_bytes(f"post,{column.name}\np-1,{cell}\n".encode("utf-8", "surrogatepass"))
        try:
            lines, problems = read_sheet(POSTS, path, "Asia/Damascus", KNOWN, REGISTER)
        except FileFault:
            continue
        assert bool(lines) != bool(problems)


# ---- what may be entered ---------------------------------------------------------------------------------------------


def test_a_row_replaces_that_of_its_id_and_the_same_row_is_entered_once() -> None:
    stands = lines_of(entered(post("p-1", men=1)))
    assert admit(POSTS, [post("p-1", men=1)], stands, SHEETS) == ((), ())
    changed = post("p-1", men=2)
    assert admit(POSTS, [changed], stands, SHEETS) == ((changed,), ())


def test_a_row_names_one_that_stands() -> None:
    stands = lines_of(entered(post("p-1")))
    admitted, problems = admit(SHIFTS, [shift("s-1", "p-1"), shift("s-2", "p-2")], stands, SHEETS)
    assert [line.id for line in admitted] == ["s-1"]
    assert [(problem.file, problem.line, problem.code) for problem in problems] == [("s.csv", 2, "unknown-row")]
    assert "did you mean 'p-1'?" in str(problems[0])


def test_what_another_row_names_is_not_taken_back_before_it() -> None:
    stands = lines_of(entered(post("p-1"), shift("s-1", "p-1")))
    admitted, problems = admit(POSTS, [taken_back(post("p-1"))], stands, SHEETS)
    assert (admitted, [problem.code for problem in problems]) == ((), ["still-named"])
    one = lines_of([*entered(post("p-1"), shift("s-1", "p-1"), taken_back(shift("s-1", "p-1")))])
    assert [line.id for line in one] == ["p-1"]
    assert len(admit(POSTS, [taken_back(post("p-1"))], one, SHEETS)[0]) == 1


def test_nothing_is_taken_back_that_does_not_stand() -> None:
    gone = lines_of(entered(post("p-1"), taken_back(post("p-1"))))
    assert gone == ()
    _, problems = admit(POSTS, [taken_back(post("p-1"))], gone, SHEETS)
    assert [problem.code for problem in problems] == ["nothing-to-withdraw"]


def test_whoever_was_told_of_a_row_is_told_that_it_was_taken_back() -> None:
    stands = lines_of(entered(post("p-1", Level.PARTIES)))
    (back,), _ = admit(POSTS, [taken_back(post("p-1"))], stands, SHEETS)
    assert back.level == Level.PARTIES


@pytest.mark.parametrize(
    ("was", "now", "is_good"),
    [
        (Level.MISSION, Level.PUBLIC, True),
        (Level.PARTIES, Level.PARTIES, True),
        (Level.PARTIES, Level.MISSION, False),
        (Level.party("a"), Level.party("b"), False),
    ],
)
def test_a_row_is_never_for_fewer_than_the_one_it_replaces(was: Level, now: Level, is_good: bool) -> None:
    stands = lines_of(entered(post("p-1", was, men=1)))
    admitted, problems = admit(POSTS, [post("p-1", now, men=2)], stands, SHEETS)
    assert bool(admitted) is is_good
    assert [problem.code for problem in problems] == ([] if is_good else ["level-raised"])


def test_a_sheet_looks_at_a_row_beside_the_others_that_stand() -> None:
    def one_open(line: Line, rows: Any) -> list[Problem]:
        others = [row.id for row in rows.get("posts", {}).values() if row.values["state"] == "open"]
        return [line.problem("two-open", f"is open beside {others}")] if line.values["state"] and others else []

    sheet = replace(POSTS, check=one_open)
    stands = lines_of(entered(post("p-1", state="open")))
    # Its own former self is not among the others; one refused row is not among them either.
    lines = [post("p-1", state="open", men=2), post("p-2", state="open"), post("p-3")]
    admitted, problems = admit(sheet, lines, stands, (sheet,))
    assert [line.id for line in admitted] == ["p-1", "p-3"]
    assert [problem.message for problem in problems] == ["p-2: is open beside ['p-1']"]


# ---- what stands -----------------------------------------------------------------------------------------------------

CELLS = {
    "since": st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    "men": st.none() | st.integers(0, 10**12),
    "lat": st.none() | st.floats(-90, 90, allow_nan=False),
    "manned": st.none() | st.booleans(),
    "by": st.none() | st.text(min_size=1, max_size=9),
    "sees": st.lists(st.sampled_from(["shelling", "firing"]), unique=True).map(tuple),
    "note": st.none() | st.text(min_size=1, max_size=9),
}
ROWS = st.builds(
    lambda id_, level, values, gone: replace(post(id_, level, **values), is_withdrawn=gone),
    st.sampled_from(["p-1", "p-2", "p-3"]),
    st.sampled_from([Level.PUBLIC, Level.party("a"), Level.MISSION]),
    st.fixed_dictionaries(CELLS),
    st.booleans(),
)


@given(st.lists(ROWS, max_size=8))
def test_what_stands_is_of_each_id_what_was_entered_last_and_reads_as_it_was(rows: list[Line]) -> None:
    last = {row.id: (number, row) for number, row in enumerate(rows, 1)}
    first: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        first.setdefault(row.id, number)
    expected = [
        replace(row, number=number, at=AT, since=first[id_])
        for id_, (number, row) in sorted(last.items())
        if not row.is_withdrawn
    ]
    assert list(lines_of(entered(*rows))) == expected
    assert [row.id for row in rows_of(expected).get("posts", {}).values()] == [row.id for row in expected]


def test_entries_of_other_things_and_erased_ones_are_passed_over() -> None:
    others = [Entered(1, AT, {"what": "link"}), Entered(2, AT, None), *entered(post("p-1"))]
    assert [line.id for line in lines_of(others)] == ["p-1"]


def test_where_a_row_stood_and_what_the_mission_calls_its_subject_are_for_the_mission_alone() -> None:
    about = Column("about", Kind.ID, "the report that it is about", of=SUBJECT)
    sheet = replace(POSTS, columns=(*POSTS.columns, about))
    line = post("p-1", Level.PUBLIC, about="r-7")
    whole, told = (content_of(line, sheet, is_for_mission=one) for one in (True, False))
    assert whole.keys() - told.keys() == {"file", "line"}
    assert whole["values"].keys() - told["values"].keys() == {"about"}
    assert "r-7" not in json.dumps(told)
