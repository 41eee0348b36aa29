"""Plain text is read with the line of each value; what cannot be read is told with its line, and never raises."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from trucewatch.problems import FileFault
from trucewatch.texts import Marked, parse_text, read_text

CLAUSES = """\
# the law
title: Truce
clauses:
  - text: No fire
    in: zone

  - text: >
      No tanks,
      none at all
    from: 2017-07-09
"""


def read(text: str) -> Any:
    content, problems = parse_text(text, "law.yml")
    assert problems == []
    return content.plain()


def told(text: str) -> list[str]:
    return [str(problem) for problem in parse_text(text, "law.yml")[1]]


# ---- lines -----------------------------------------------------------------------------------------------------------


def test_every_value_keeps_the_line_of_its_key() -> None:
    content, problems = parse_text(CLAUSES, "law.yml")
    clauses = content.get("clauses")
    assert problems == [] and clauses is not None and content.line == 2
    assert {key: inner.line for key, inner in content.entries()} == {"title": 2, "clauses": 3}
    assert [item.line for item in clauses.items()] == [4, 7]
    assert [{key: inner.line for key, inner in item.entries()} for item in clauses.items()] == [
        {"text": 4, "in": 5},
        {"text": 7, "from": 10},
    ]
    assert clauses.plain()[1] == {"text": "No tanks, none at all\n", "from": "2017-07-09"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_the_same_whatever_ends_them(tmp_path: Path, end: str) -> None:
    path = tmp_path / "law.yml"
    path.write_bytes(CLAUSES.replace("\n", end).encode())
    assert read_text(path) == parse_text(CLAUSES, "law.yml")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "law.yml"
    path.write_text(CLAUSES, encoding="utf-8-sig")
    assert read_text(path)[0] == parse_text("\ufeff" + CLAUSES, "law.yml")[0] == parse_text(CLAUSES, "law.yml")[0]


def test_json_is_read_with_its_lines_too() -> None:
    content, problems = parse_text('{\n  "a": [1, 2.5,\n    null], "b": {"c": true}}', "law.json")
    assert problems == [] and content.plain() == {"a": [1, 2.5, None], "b": {"c": True}}
    inner = content.get("a")
    assert inner is not None and [item.line for item in inner.items()] == [2, 2, 3]


# ---- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["no", "yes", "on", "off", "y", "N", "2017-07-09", "2017-07-09T14:20", "12:30", "1_000", "0x1F", "0o17", ".inf",
     ".nan", "-", "1e", "12 km", "٣", "1e999", "SY01", "NULLS"],
)  # fmt: skip
def test_what_only_looks_like_a_truth_a_date_or_a_number_stays_text(word: str) -> None:
    assert read(f"a: {word}" if word != "-" else "a: '-'") == {"a": word}


@pytest.mark.parametrize("code", ["057", "00", "-01", "007.50", "01e2"])
def test_what_begins_with_a_zero_is_a_code_and_stays_text(code: str) -> None:
    assert read(f"a: {code}") == {"a": code}


@pytest.mark.parametrize(
    ("written", "value"),
    [("true", True), ("True", True), ("FALSE", False), ("null", None), ("~", None), ("", None), ("'no'", "no"),
     ("'true'", "true"), ('"12"', "12"), ("'~'", "~"), ("12", 12), ("-12", -12), ("+12", 12), ("0", 0), ("0.5", 0.5),
     ("-.5", -0.5), ("12.", 12.0), ("1e3", 1000.0), ("1.5E-3", 0.0015), ("123456789012345678", 123456789012345678)],
)  # fmt: skip
def test_a_scalar_is_what_yaml_1_2_says_it_is(written: str, value: object) -> None:
    found = read(f"a: {written}")["a"]
    assert found == value and type(found) is type(value)


def test_a_number_longer_than_any_count_stays_text() -> None:
    assert read("a: " + "9" * 19) == {"a": "9" * 19}
    assert read("a: " + "9" * 10_000) == {"a": "9" * 10_000}


def test_keys_are_text_whatever_they_look_like() -> None:
    assert read("no: 1\n2017: 2\n2017-07-09: 3\n~: 4\n057: 5\ntrue: 6") == {
        "no": 1, "2017": 2, "2017-07-09": 3, "~": 4, "057": 5, "true": 6,
    }  # fmt: skip


PLAIN = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**17), 10**17),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(max_codepoint=0xFFFD, exclude_categories=["Cs"]), max_size=6),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text("abc é", min_size=1), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), PLAIN, min_size=1, max_size=4), st.integers(0, 2))
@settings(max_examples=80)
def test_what_json_writes_is_read_as_json_reads_it(content: dict[str, Any], indent: int) -> None:
    written = json.dumps(content, ensure_ascii=True, indent=indent)
    found, expected = read(written), json.loads(written)
    assert found == expected
    assert json.dumps(found) == json.dumps(expected)


@given(
    st.dictionaries(st.text("abc", min_size=1), st.lists(st.text("aZ 0-:#'\né", max_size=8), max_size=3), min_size=1)
)
@settings(max_examples=100)
def test_what_a_yaml_writer_writes_is_read_back(content: dict[str, list[str]]) -> None:
    written = yaml.safe_dump(content, allow_unicode=True)
    assert read(written) == content


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=100)
def test_a_number_is_read_to_its_last_digit(number: float) -> None:
    assert math.isclose(float(read(f"a: {number!r}")["a"]), number, rel_tol=0)


def test_one_value_counts_as_a_list_of_one_and_nothing_as_an_empty_one() -> None:
    content = parse_text("one: a\nnone:\nsome: [a, b]\nmap: {a: b}", "law.yml")[0]
    listed = {key: [item.plain() for item in inner.items()] for key, inner in content.entries()}
    assert listed == {"one": ["a"], "none": [], "some": ["a", "b"], "map": [{"a": "b"}]}
    assert [inner.is_map for _, inner in content.entries()] == [False, False, False, True]
    assert [inner.is_list for _, inner in content.entries()] == [False, False, True, False]
    text = Marked("a", 1)
    assert text.get("a") is None and list(text.entries()) == []


# ---- faults ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "law.yml:1: empty-file holds nothing"),
        ("# only a comment\n", "law.yml:1: empty-file holds nothing"),
        ("a: 1\nb: 2\na: 3", "law.yml:3: duplicate-key 'a' stands here and on line 1 (keep one)"),
        ("a:\n  b: 1\n  'b': 2", "law.yml:3: duplicate-key 'b' stands here and on line 2 (keep one)"),
        ("a: 1\n? [b]\n: 2", "law.yml:2: key-not-text a key must be a word"),
        ("a: 1\n'': 2", "law.yml:2: key-not-text a key must be a word"),
        ("a:\n\tb: 1", "law.yml:2: not-yaml .* (indent with spaces; a tab is not allowed here)"),
        ("a: 1\nb: 'x", "law.yml:2: not-yaml .* (check the indentation, colons and quotes)"),
        ("a: b: c", "law.yml:1: not-yaml .* (check the indentation, colons and quotes)"),
        ("a: 1\n---\nb: 2", "law.yml:2: not-yaml found another document (.*)"),
        ("a: 1\nb: \x07", "law.yml:2: not-yaml holds a control character (remove it)"),
        ("é: é\nü: \x00", "law.yml:2: not-yaml holds a control character (remove it)"),
        ("a: 1\nb: \ud800", "law.yml:2: not-yaml holds a control character (remove it)"),
        ("a: &x 1\nb: 2", "law.yml:1: alias-not-allowed .* (write it out, or quote the text)"),
        ("a: 1\nb: *x", "law.yml:2: alias-not-allowed .* (write it out, or quote the text)"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_would_mend_it(text: str, fault: str) -> None:
    start, _, end = fault.partition(".*")
    found = told(text)
    assert len(found) == 1
    assert found[0].startswith(start) and found[0].endswith(end)


def test_of_two_equal_keys_the_first_is_read_and_the_rest_of_the_file_stands() -> None:
    content, problems = parse_text("a: 1\nb: 2\na: 3\nc: 4", "law.yml")
    assert content.plain() == {"a": 1, "b": 2, "c": 4} and len(problems) == 1


def test_a_few_lines_that_stand_for_millions_of_values_are_refused() -> None:
    laughs = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    content, problems = parse_text("\n".join(laughs), "law.yml")
    assert content.plain() == {} and [problem.code for problem in problems] == ["alias-not-allowed"]


def test_a_text_that_holds_itself_is_refused() -> None:
    assert told("a: &a [*a]")[0].startswith("law.yml:1: alias-not-allowed")


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 20_000 + "x", "{a: " * 5_000, "[" * 900 + "]" * 900])
def test_a_text_nested_without_end_is_refused(text: str) -> None:
    assert told(text) == ["law.yml:1: not-yaml goes more than 60 levels deep (write it flatter)"]


@pytest.mark.parametrize("depth", [1, 20, 59])
def test_a_text_nested_as_deep_as_anybody_would_is_read(depth: int) -> None:
    assert read("a: " + "[" * depth + "]" * depth)["a"] is not None


PIECES = [
    "a: ", "- ", "\n", "  ", "[", "]", "{", "}", ",", "\t", "&x ", "*x ", "!!str ", "|", ">", "'", '"', "#", "? ",
    "---\n", "...\n", "%YAML 1.2\n", "\ufeff", "\x00", "\ud800", "1", "no", "\r\n", "\u2028", "<<: ", "!", "@", "`",
]  # fmt: skip


@given(
    st.one_of(
        st.text(), st.text(st.characters(categories=["Cs", "Cc", "L"])), st.lists(st.sampled_from(PIECES)).map("".join)
    )
)
@settings(max_examples=600)
def test_any_text_is_read_or_told_and_nothing_raises(text: str) -> None:
    content, problems = parse_text(text, "law.yml")
    content.plain()
    lines = len(text.splitlines()) + 1
    assert all(1 <= problem.line <= lines and problem.message for problem in problems)


# ---- files -----------------------------------------------------------------------------------------------------------


def test_a_file_goes_by_the_name_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "law.yml"
    path.write_text("a: 1\na: 2")
    assert [problem.file for problem in read_text(path)[1]] == [str(path)]
    assert [problem.file for problem in read_text(path, "the law")[1]] == ["the law"]


def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "law.yml"
    path.write_bytes("a: 1\nb: é\n".encode("latin-1"))
    with pytest.raises(FileFault, match=r"^law\.yml:2: not UTF-8 text$"):
        read_text(path, "law.yml")


def test_a_file_that_is_not_there_or_is_a_folder_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match=r"^law\.yml: cannot be read \(No such file"):
        read_text(tmp_path / "law.yml", "law.yml")
    with pytest.raises(FileFault, match="cannot be read"):
        read_text(tmp_path)


def test_a_file_far_too_large_for_a_description_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "law.yml"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(FileFault, match="larger than 64 MiB"):
        read_text(path)
