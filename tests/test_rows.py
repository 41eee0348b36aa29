"""Every row of a file is read with the line it begins on, or told; a file that is none is refused whole."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.problems import FileFault
from trucewatch.rows import MOST_FIELD_BYTES, Form, LooksLike, Rows, Shape, read_header, read_rows, take_rows

CSV = Shape()


def read(folder: Path, content: str | bytes, shape: Shape = CSV, name: str = "file.csv") -> Rows:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_rows(path, shape)


def fault(folder: Path, content: str | bytes, shape: Shape = CSV, name: str = "file.csv") -> str:
    with pytest.raises(FileFault) as caught:
        read(folder, content, shape, name)
    told = str(caught.value)
    assert told.startswith(name) and "\n" not in told
    return told


def test_lines_are_counted_from_one_and_a_quoted_newline_breaks_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\n1,"two\nlines"\n\n3,"say ""no"""\n')
    assert rows.frame.rows() == [("1", "two\nlines"), ("3", 'say "no"')]
    assert rows.lines.to_list() == [2, 5]


@pytest.mark.parametrize(
    "content", ["a,b\n1,x\n2,y\n", "a,b\r\n1,x\r\n2,y", "\ufeffa,b\n1,x\n2,y\n", "a,b\r1,x\r2,y\r"]
)
def test_marks_and_line_ends_of_other_systems_are_read(tmp_path: Path, content: str) -> None:
    rows = read(tmp_path, content)
    assert rows.frame.to_dict(as_series=False) == {"a": ["1", "2"], "b": ["x", "y"]}
    assert rows.lines.to_list() == [2, 3]


def test_a_packed_file_reads_as_the_file_itself(tmp_path: Path) -> None:
    packed = read(tmp_path, gzip.compress(b"a,b\n1,x\n"), name="file.csv.gz")
    assert packed.frame.rows() == [("1", "x")]


def test_a_quoted_empty_cell_is_an_empty_cell(tmp_path: Path) -> None:
    assert read(tmp_path, 'a,b\n"",1\n,2\n').frame["a"].to_list() == ["", ""]


def test_a_header_alone_has_no_rows(tmp_path: Path) -> None:
    rows = read(tmp_path, "a,b\n")
    assert rows.frame.columns == ["a", "b"] and rows.frame.height == 0 and not rows.problems


def test_ragged_rows_are_refused_and_the_others_keep_their_lines(tmp_path: Path) -> None:
    rows = read(tmp_path, "a,b\n1,x\n2\n3,y\n4,z,z\n")
    assert rows.frame["a"].to_list() == ["1", "3"]
    assert rows.lines.to_list() == [2, 4]
    assert [str(p) for p in rows.problems] == [
        "file.csv:3: wrong-number-of-columns 1 column where 2 belong",
        "file.csv:5: wrong-number-of-columns 3 columns where 2 belong",
    ]


def test_a_quote_inside_an_unquoted_field_is_text(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\n5" gun,x\n"6"" gun",y\n')
    assert rows.frame.rows() == [('5" gun', "x"), ('6" gun', "y")]
    assert not rows.problems


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\n1,"open\n2,x\n3,"y\nz"\n')
    assert rows.frame.rows() == [("2", "x"), ("3", "y\nz")]
    assert rows.lines.to_list() == [3, 4]
    assert [(p.line, p.code) for p in rows.problems] == [(2, "quotes-do-not-pair")]


def test_a_long_field_is_read_and_one_over_the_limit_refused(tmp_path: Path) -> None:
    content = f"a,b\n1,{'x' * 100_000}\n2,{'x' * (MOST_FIELD_BYTES + 1)}\n3,y\n"
    rows = read(tmp_path, content)
    assert rows.frame["a"].to_list() == ["1", "3"]
    assert [(p.line, p.code) for p in rows.problems] == [(3, "field-too-long")]


def test_rows_without_a_header_are_known_by_their_width(tmp_path: Path) -> None:
    shape = Shape(Form.TSV, "\t", False, (("id", "day", "url"), ("id", "day")))
    rows = read(tmp_path, 'a\t1\t"u\nb\t2\nc\t3\tv\n', shape)
    assert rows.frame.rows() == [("a", "1", '"u'), ("b", "2", ""), ("c", "3", "v")]
    assert rows.lines.to_list() == [1, 2, 3]


def test_a_file_of_another_kind_is_refused_by_its_name(tmp_path: Path) -> None:
    shape = Shape(Form.TSV, "\t", False, (("id", "day"),), not_these=(LooksLike((), 3, "mentions"),))
    assert fault(tmp_path, "a\t1\tx\n", shape) == "file.csv: looks like mentions"
    by_column = Shape(not_these=(LooksLike(("mention",), 0, "mentions"),))
    assert "mentions" in fault(tmp_path, "id,mention\n1,2\n", by_column)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is empty"),
        ("\ufeff \n\n", "is empty"),
        (b"\x1f\x8b\x08\x00", "cut|truncated"),
        (gzip.compress(b"a,b\n" * 9999, mtime=0)[:-20], "truncated"),
        (b"\x1f\x8b\x08\x00garbage that is no deflate stream", "cannot be unpacked|truncated"),
        (b"a,b\n1,\xe9t\xe9\n", "file.csv:2: not UTF-8"),
        ("a,b\n1,x\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,x\n2,\0\n", "file.csv:3: holds a NUL"),
        (b"PK\x03\x04rest", "workbook"),
        ("a,b,a\n1,2,3\n", "'a' twice"),
        ("a,b\n1,2\na,b\n3,4\n", "file.csv:3: the header stands here again"),
        ("a;b;c\n1,2\n3,4\n", "2 columns where 1 belong, in every row"),
        ('"a,b\n1,2\n', "header"),
    ],
)
def test_a_file_at_fault_is_told_in_one_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    import re

    assert re.search(told, fault(tmp_path, content))


def test_a_file_that_is_not_there_or_not_what_its_name_says(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name, told in (("folder", "folder"), ("missing.csv", "cannot be read")):
        with pytest.raises(FileFault, match=told):
            read_rows(tmp_path / name, CSV)
    assert "not packed" in fault(tmp_path, "a,b\n1,2\n", name="file.csv.gz")


def test_json_is_read_as_an_array_as_lines_or_under_a_key(tmp_path: Path) -> None:
    json_form = Shape(Form.JSON)
    array = read(tmp_path, '[{"a": 1.50, "b": {"c": null, "d": true}},\n\n {"a": "x", "e": [1, 2]}]', json_form)
    assert array.frame.rows(named=True) == [
        {"a": "1.50", "b.c": "", "b.d": "true", "e": ""},
        {"a": "x", "b.c": "", "b.d": "", "e": '["1", "2"]'},
    ]
    assert array.lines.to_list() == [1, 3]
    lines = read(tmp_path, '{"a": 1}\n\n{"a": 2\n{"a": NaN}\n[1]\n', json_form)
    assert lines.frame["a"].to_list() == ["1", "NaN"] and lines.lines.to_list() == [1, 4]
    assert [(p.line, p.code) for p in lines.problems] == [(3, "not-json"), (5, "not-a-record")]
    under = read(tmp_path, '{"count": 1, "data": [\n{"a": 1}\n], "more": {}}', Shape(Form.JSON, rows_under="data"))
    assert under.frame["a"].to_list() == ["1"] and under.lines.to_list() == [2]


def test_geojson_gives_points_and_shapes(tmp_path: Path) -> None:
    content = """{"type": "FeatureCollection", "features": [
      {"type": "Feature", "id": 7, "properties": {"n": "x"},
       "geometry": {"type": "Point", "coordinates": [36.1, 32.6, 9]}},
      {"type": "Feature", "properties": null, "geometry": {"type": "LineString", "coordinates": [[1, 2], [3, 4]]}},
      {"type": "Feature", "properties": {"n": "y"}, "geometry": null}]}"""
    rows = read(tmp_path, content, Shape(Form.GEOJSON)).frame
    assert rows["geometry.lon"].to_list() == ["36.1", "", ""] and rows["feature.id"].to_list() == ["7", "", ""]
    assert rows["geometry.shape"][1] == '{"coordinates": [[1.0, 2.0], [3.0, 4.0]], "type": "LineString"}'


@pytest.mark.parametrize(
    ("form", "content", "told"),
    [
        (Form.JSON, '[{"a": 1},', "not JSON"),
        (Form.JSON, '[{"a": 1} {"a": 2}]', "not JSON"),
        (Form.JSON, "a,b\n1,2\n", "no JSON list"),
        (Form.JSON, "{not json", "neither a JSON array nor one object"),
        (Form.JSON, "[" * 100_000, "nested too deeply"),
        (Form.GEOJSON, '{"type": "Topology", "features": []}', "no GeoJSON"),
        (Form.GEOJSON, '{"type": "FeatureCollection"}', "has no 'features'"),
        (Form.GEOJSON, '{"type": "FeatureCollection", "crs": {"name": "EPSG:3857"}, "features": []}', "WGS 84"),
    ],
)
def test_json_that_is_none_is_told(tmp_path: Path, form: Form, content: str, told: str) -> None:
    assert told in fault(tmp_path, content, Shape(form))


def test_the_header_is_read_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('a,"b,c"\n1\n')
    assert read_header(path, CSV) == ["a", "b,c"]
    assert read_header(path, Shape(Form.JSON)) == []
    assert read_header(path, Shape(columns=(("x", "y"), ("x",)))) == ["x", "y"]
    path.write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 999_999))
    assert read_header(path, CSV) == ["a", "b"]
    path.write_bytes(gzip.compress(b"a,b\n", mtime=0)[:-9])
    with pytest.raises(FileFault, match="truncated"):
        read_header(path, CSV)
    path.write_text('[{"a": 1}]')
    assert read_header(path, Shape(Form.JSON)) == ["a"] and read_header(path, CSV) == []


CELLS = st.text(st.sampled_from('ab ,"\n\té'), max_size=6)


@given(
    table=st.lists(st.lists(CELLS, min_size=2, max_size=2), min_size=1, max_size=6),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], ends: str
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator=ends, quoting=csv.QUOTE_ALL)
    writer.writerows([["first", "second"], *table])
    rows = read(tmp_path_factory.mktemp("rows"), written.getvalue())
    assert [list(row) for row in rows.frame.rows()] == table
    reader = csv.reader(io.StringIO(written.getvalue(), newline="\n"))
    starts, before = [], 0
    for _ in reader:
        starts.append(before + 1)
        before = reader.line_num
    assert rows.lines.to_list() == starts[1:]


@given(content=st.binary(max_size=120))
def test_whatever_the_bytes_a_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    for shape in (CSV, Shape(Form.JSON), Shape(Form.GEOJSON)):
        try:
            rows = read(tmp_path_factory.mktemp("rows"), content, shape)
        except FileFault as told:
            assert str(told).startswith("file.csv")
        else:
            assert rows.frame.height == len(rows.lines)


def test_real_rows_with_newlines_inside_keep_their_lines(data: Path) -> None:
    path = next((data / "ucdp_ged_syria_2016_2019").glob("*.csv.gz"))
    rows = read_rows(path, CSV)
    text = gzip.decompress(path.read_bytes()).decode().split("\n")
    assert rows.frame.height == 16_566 and len(text) > 16_568
    starts = [text[line - 1].split(",", 1)[0] for line in rows.lines]
    assert starts == rows.frame["id"].to_list()


# ---- a large file is read in blocks ----------------------------------------------------------------------------------

CELL = st.one_of(
    st.sampled_from(["", "1", "x,y", 'say "no"', "two\nlines", "\r\n", '"', '5" gun', "حلب", " "]),
    st.text('ab",\n\r ', max_size=5),
)
QUOTED = CELL.map(lambda cell: '"' + cell.replace('"', '""') + '"')
ROW = st.one_of(
    st.tuples(CELL, QUOTED).map(",".join),
    st.tuples(QUOTED, QUOTED).map(",".join),
    st.lists(st.one_of(CELL, QUOTED), min_size=1, max_size=3).map(",".join),
)


@st.composite
def awkward_files(draw: st.DrawFn) -> str:
    """Rows with quotes, commas and line breaks in them, some broken, with the line ends of either system."""
    line_end = draw(st.sampled_from(["\n", "\r\n"]))
    rows = ["a,b", *draw(st.lists(ROW, max_size=8))]
    return line_end.join(rows) + draw(st.sampled_from(["", line_end]))


@given(awkward_files(), st.integers(1, 60))
@settings(max_examples=200)
def test_a_file_reads_the_same_in_blocks_of_any_size(
    tmp_path_factory: pytest.TempPathFactory, content: str, block_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "file.csv"
    path.write_bytes(content.encode())
    assert outcome(path, block_bytes) == outcome(path, 2**20)


def outcome(path: Path, block_bytes: int) -> object:
    try:
        rows = read_rows(path, CSV, block_bytes)
    except FileFault as refused:
        return str(refused)
    return rows.frame.rows(), rows.lines.to_list(), rows.problems


@given(awkward_files(), st.sampled_from([{"a"}, {"b"}, {"a", "b"}]), st.integers(20, 200))
@settings(max_examples=200)
def test_a_large_file_reads_as_a_small_one_does(
    tmp_path_factory: pytest.TempPathFactory, content: str, wanted: set[str], block_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("large") / "file.csv"
    path.write_bytes(content.encode())
    small = told(path, wanted, block_bytes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trucewatch.rows._MANY", 1)
        assert told(path, wanted, block_bytes) == small


def told(path: Path, wanted: set[str], block_bytes: int) -> object:
    try:
        parts = take_rows(path, CSV, lambda rows: rows, block_bytes, wanted=wanted)
    except FileFault as refused:
        return str(refused)
    return [
        (
            rows.columns,
            rows.frame.select(sorted(wanted)).rows(),
            rows.content().to_list(),
            rows.lines.to_list(),
            rows.problems,
        )
        for rows in parts
    ]


@given(st.lists(st.lists(st.text('ab",\n ', max_size=5), min_size=2, max_size=2), min_size=30, max_size=40))
@settings(max_examples=30)
def test_what_a_writer_of_csv_wrote_is_read_back_from_blocks(
    tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]
) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *cells])
    path = tmp_path_factory.mktemp("blocks") / "file.csv"
    path.write_text(written.getvalue(), encoding="utf-8")
    parts = take_rows(path, CSV, lambda rows: rows, block_bytes=50)
    assert len(parts) > 1
    assert [list(row) for part in parts for row in part.frame.rows()] == cells


@pytest.mark.parametrize("block_bytes", [1, 9, 2**20])
def test_what_is_wrong_with_the_file_is_told_before_what_is_wrong_with_its_columns(
    tmp_path: Path, block_bytes: int
) -> None:
    def refuse(rows: Rows) -> None:
        raise FileFault("file.csv: is of another source")

    (tmp_path / "file.csv").write_text("a,b\n1\n2\n3\n")
    with pytest.raises(FileFault, match="1 column where 2 belong, in every row"):
        take_rows(tmp_path / "file.csv", CSV, refuse, block_bytes)
    (tmp_path / "file.csv").write_text("a,b\n1\n2\n3\n4,5\n")
    with pytest.raises(FileFault, match="is of another source"):
        take_rows(tmp_path / "file.csv", CSV, refuse, block_bytes)


@pytest.mark.parametrize("block_bytes", [64, 2**20])
def test_a_file_of_another_form_is_refused_in_whatever_blocks(tmp_path: Path, block_bytes: int) -> None:
    (tmp_path / "file.csv").write_text("a,b\n" + '1,"open\n' * 1_100)
    with pytest.raises(FileFault, match="quotes do not pair on more than 1000 lines"):
        read_rows(tmp_path / "file.csv", CSV, block_bytes)
