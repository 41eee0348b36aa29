"""Pages: values are read key by key, and each fault is told with its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from trucewatch.agreement.pages import Page
from trucewatch.problems import FileFault, Problem


def opened(folder: Path, text: str) -> tuple[Page, list[Problem]]:
    (folder / "page.yml").write_text(text, encoding="utf-8")
    page = Page(folder, timezone="Asia/Damascus")
    content = page._open("page.yml")
    page._known_keys(content, ("sources", "format", "when", "who"))
    page._format(content)
    page._span(page._get(content, "when"))
    page._references(content, "who", {"wire": None}, "actor or source")
    page._sources(content)
    return page, page.problems


def test_a_page_that_means_what_it_says_has_no_problem(tmp_path: Path) -> None:
    text = "format: 1\nwhen: 2017-07\nwho: wire\nsources: {wire: {title: Wire, published: 2017, grade: B}}\n"
    page, problems = opened(tmp_path, text)
    assert problems == [] and page.file == str(tmp_path / "page.yml")


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("format: 2\n", 1, "unknown-format"),
        ("format: 1\nwen: 2017\n", 2, "unknown-key"),
        ("format: 1\nwhen: 2017-07-32\n", 2, "not-a-date"),
        ("format: 1\nwho:\n  - wire\n  - wier\n", 4, "unknown-actor"),
        ("format: 1\nsources:\n  wire: {grade: H}\n", 3, "unknown-grade"),
        ("format: 1\nsources:\n  wire: {relays: [x]}\n", 3, "unknown-source"),
        ("format: 1\nsources: [wire]\n", 2, "not-a-map"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, line: int, code: str) -> None:
    _, problems = opened(tmp_path, text)
    assert [(problem.file, problem.line, problem.code) for problem in problems] == [
        (str(tmp_path / "page.yml"), line, code)
    ]


def test_a_page_that_is_not_there_is_a_fault_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match="cannot be read"):
        Page(tmp_path)._open("nowhere.yml")
